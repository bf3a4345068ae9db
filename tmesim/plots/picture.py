"""A picture that a notebook shows and a script saves, without pyplot and its global state."""

from __future__ import annotations

import base64
import io
import struct
from html import escape
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tmesim.figures.style import unknown_letters_are_boxes
from tmesim.storage import write
from tmesim.text import line

if TYPE_CHECKING:
    from matplotlib.figure import Figure

SCREEN_DPI = 100
"""Pixels of a drawing that a screen shows as an inch; what has more of them is shown sharper, not larger."""


class Picture:
    """A PNG with the width at which a notebook shows it."""

    def __init__(self, png: bytes, width: int | None = None, alt: str = "") -> None:
        self._png = png
        self.width = width
        self.alt = alt

    @property
    def png(self) -> bytes:
        """The file's bytes, as `ipywidgets.Image` takes them."""
        return self._png

    @property
    def size(self) -> tuple[int, int]:
        """Width and height, pixels of the file."""
        wide, high = struct.unpack(">II", self.png[16:24])
        return wide, high

    def save(self, path: str | Path) -> Path:
        """Write it as a PNG file."""
        path = Path(path)
        if path.suffix.lower() != ".png":
            raise ValueError(f"a picture is saved as a .png file, but '{path.name}' was asked for")
        write(path, self.png)
        return path

    def _repr_png_(self) -> bytes | tuple[bytes, dict[str, Any]]:
        return self.png if self.width is None else (self.png, {"width": self.width})

    def __repr__(self) -> str:
        wide, high = self.size
        return f"<{type(self).__name__} of {wide} × {high} pixels; save(path) writes it>"


class Drawing(Picture):
    """A picture that is still a matplotlib figure: change `figure`, and the next look shows it."""

    def __init__(self, figure: Figure, alt: str = "") -> None:
        super().__init__(b"", round(figure.get_figwidth() * SCREEN_DPI), alt)
        self.figure = figure

    @property
    def png(self) -> bytes:
        out = io.BytesIO()
        # The least compression: a slider waits for it. A file is twice as large as it could be.
        with unknown_letters_are_boxes():
            self.figure.savefig(out, format="png", metadata={"Software": None}, pil_kwargs={"compress_level": 1})
        return out.getvalue()

    @property
    def axes(self) -> list[Any]:
        """The axes of the figure."""
        return self.figure.axes

    def save(self, path: str | Path) -> Path:
        """Write it in a format of matplotlib, by the ending: .png, .pdf, .svg …"""
        path = Path(path)
        known = self.figure.canvas.get_supported_filetypes()
        ending = path.suffix.lower().removeprefix(".")
        if ending not in known:
            raise ValueError(f"a drawing is saved as {', '.join(known)}, but '{path.name}' was asked for")
        out = io.BytesIO()
        with unknown_letters_are_boxes():
            self.figure.savefig(out, format=ending)
        write(path, out.getvalue())
        return path


class Film:
    """A GIF that a notebook plays."""

    def __init__(self, gif: bytes, alt: str = "") -> None:
        self.gif = gif
        self.alt = alt

    def save(self, path: str | Path) -> Path:
        """Write it as a GIF file (`Result.movie` writes MP4 too)."""
        path = Path(path)
        if path.suffix.lower() != ".gif":
            raise ValueError(f"this movie is saved as a .gif file, but '{path.name}' was asked for")
        write(path, self.gif)
        return path

    def _repr_html_(self) -> str:
        data = base64.b64encode(self.gif).decode()
        return f'<img src="data:image/gif;base64,{data}" alt="{escape(line(self.alt))}" style="max-width: 100%">'

    def __repr__(self) -> str:
        return f"<Film of {len(self.gif) / 1e6:.1f} MB; save(path) writes it>"
