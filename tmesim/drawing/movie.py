"""The movie of a run: its arms side by side over time, cells over oxygen, with a clock and the doses.

A GIF holds exactly the colors that are painted, without dithering, and the same run gives the same bytes. An MP4 needs
the optional package imageio-ffmpeg.
"""

from __future__ import annotations

import base64
import io
from functools import cached_property
from html import escape
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

import numpy as np
from PIL import Image

from tmesim.drawing.files import ending_of
from tmesim.drawing.movie_frames import MovieFrames
from tmesim.storage import write
from tmesim.text import line
from tmesim.wording import words

if TYPE_CHECKING:
    from tmesim.result import Result

MOVIES = ("gif", "mp4", "webp")
"""Formats of a movie, which are the endings of its files too."""

FRAME_MS, DOSE_MS, FIRST_MS, LAST_MS = 150, 400, 800, 2500
TICK_MS = 50
"""Of an MP4, whose frames all last as long."""


def has_frames(result: Result) -> bool:
    """Whether a run kept what a movie is made of."""
    return (result.path / "frames" / result.reference).is_dir()


class Movie:
    """The movie of one replicate, by default that of the pictures: it plays in a notebook, and `save` writes it."""

    def __init__(self, result: Result, replicate: int | None = None) -> None:
        self.frames = MovieFrames(result, replicate)
        scenario = result.scenario
        arms = ", ".join(words(arm) for arm in result.arms)
        self.title = f"Movie: {words(scenario.name)}"
        span = f"from day 0 to day {scenario.time.days:g}"
        self.alt = f"Movie of the tissue {span}, the arms side by side: {arms}"
        if self.frames.places:
            self.alt = f"Movie of the tissue and of the organs beside it {span}, a row for each arm: {arms}"

    def durations(self) -> list[int]:
        """Milliseconds that each frame stays; frames of doses longer, the last longest."""
        count = len(self.frames.hours)
        usual = [DOSE_MS if self.frames.has_dose(i) else FRAME_MS for i in range(count)]
        usual[0] = max(usual[0], FIRST_MS)
        return [*usual[: count - 1], LAST_MS]

    @cached_property
    def gif(self) -> bytes:
        """The movie as a GIF."""
        first, *others = self._images()
        out = io.BytesIO()
        first.save(
            out, "GIF", save_all=True, append_images=others, duration=self.durations(), loop=0, optimize=False,
            disposal=1,
        )  # fmt: skip
        return out.getvalue()

    def still(self, i: int = -1) -> bytes:
        """One frame as PNG."""
        out = io.BytesIO()
        self._image(range(len(self.frames.hours))[i]).save(out, "PNG", optimize=True)
        return out.getvalue()

    def data(self, format: str = "gif") -> bytes:
        """The movie as a file of one of the MOVIES: gif, mp4 or webp."""
        return {"gif": lambda: self.gif, "mp4": self._mp4, "webp": self._webp}[format]()

    def save(self, path: str | Path) -> Path:
        """Write it as a .gif, .webp or, with the package imageio-ffmpeg, .mp4 file; ValueError for another ending."""
        path = Path(path)
        write(path, self.data(ending_of(path, MOVIES, "a movie")))
        return path

    def _repr_html_(self) -> str:
        data = base64.b64encode(self.gif).decode()
        return f'<img src="data:image/gif;base64,{data}" alt="{escape(line(self.alt))}" style="max-width: 100%">'

    def __repr__(self) -> str:
        endings = ", ".join(f".{each}" for each in MOVIES)
        return f"<Movie “{self.title}” of {len(self.frames.hours)} frames; save(path) writes it as {endings}>"

    def _image(self, i: int) -> Image.Image:
        image = Image.fromarray(self.frames.frame(i))
        image.putpalette(self.frames.palette.rgb.tobytes())
        return image

    def _images(self) -> list[Image.Image]:
        return [self._image(i) for i in range(len(self.frames.hours))]

    def _webp(self) -> bytes:
        first, *others = (image.convert("RGB") for image in self._images())
        out = io.BytesIO()
        first.save(
            out, "WEBP", save_all=True, append_images=others, duration=self.durations(), loop=0, lossless=True,
            quality=20, method=0,
        )  # fmt: skip
        return out.getvalue()

    def _mp4(self) -> bytes:
        try:
            import imageio_ffmpeg
        except ImportError:
            raise ModuleNotFoundError(
                "an MP4 needs the package imageio-ffmpeg, which is not installed: pip install imageio-ffmpeg "
                "(a movie that ends with .gif needs nothing)"
            ) from None
        high, wide = self.frames.height, self.frames.width
        image = np.full((high + high % 2, wide + wide % 2, 3), 255, np.uint8)  # even, as its codec demands
        rgb = self.frames.palette.rgb
        with TemporaryDirectory() as folder:
            file = Path(folder) / "movie.mp4"
            writer = imageio_ffmpeg.write_frames(
                str(file), (image.shape[1], image.shape[0]), fps=1000 / TICK_MS, macro_block_size=2
            )
            writer.send(None)
            for i, stays in enumerate(self.durations()):
                image[:high, :wide] = rgb[self.frames.frame(i)]
                for _ in range(max(1, round(stays / TICK_MS))):
                    writer.send(image)
            writer.close()
            return file.read_bytes()
