"""The movie of a run: its arms side by side over time, cells over oxygen, with a clock and the doses.

Frames are arrays of palette indices, painted site by site; only the letters need a font. So a GIF holds exactly these
colors, without dithering, and the same run gives the same bytes. An MP4 needs the optional package imageio-ffmpeg.
"""

from __future__ import annotations

import io
import math
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from PIL import Image

from tmesim.figures.grid import representative, window_around
from tmesim.figures.painting import Colors, disc, enlarged, stamp, text_width, write_text
from tmesim.figures.style import CASING, FAINT, GRID, INK, PERFUSED, arm_colors
from tmesim.figures.tissue import BEHIND
from tmesim.frames import MAPS
from tmesim.section import TUMOR
from tmesim.statistics import compact, words
from tmesim.storage import write
from tmesim.text import line

if TYPE_CHECKING:
    from tmesim.result import Result
    from tmesim.scenario import Arm

SUFFIXES = (".gif", ".mp4")
MARGIN, GAP, HEAD, NAME, TRACK, LINE = 20, 16, 62, 30, 44, 24  # pixels
WIDEST, HIGHEST, LARGEST = 1240, 480, 10  # panels together, one panel, a site; pixels
AREA = 490_000  # of all panels, pixels: the size of the file follows it
LEVELS = 12  # of oxygen
FRAME_MS, DOSE_MS, FIRST_MS, LAST_MS = 150, 400, 800, 2500
LINKS = ((0, 1), (-1, 1), (-1, 0), (-1, -1))  # E, NE, N, NW as (dy, dx); the other four bits mirror them


def has_frames(result: Result) -> bool:
    return (result.path / "frames" / result.reference).is_dir()


def draw_movie(result: Result, path: Path, replicate: int | None = None) -> Path:
    """Write the movie as `.gif` or `.mp4`; the replicate shown is that of the pictures unless one is given."""
    suffix = path.suffix.lower()
    if suffix not in SUFFIXES:
        raise ValueError(f"a movie is a {' or a '.join(SUFFIXES)} file, but '{path.name}' was asked for")
    movie = Movie(result, replicate)
    write(path, movie.gif() if suffix == ".gif" else movie.mp4())
    return path


class Movie:
    """The frames of one replicate. `hours` are those of the frames; `frame(i)` is one as (height, width) indices."""

    def __init__(self, result: Result, replicate: int | None = None) -> None:
        self.result, self.scenario = result, result.scenario
        self.replicate = representative(result) if replicate is None else replicate
        self.arms = result.arms
        self.films = {arm: self._read(arm) for arm in self.arms}
        film = self.films[self.arms[0]]
        self.hours = film["hour"].tolist()
        self.types = [str(name) for name in film["types"]]
        self.spacing = float(film["spacing_um"])
        self._crop()
        film = self.films[self.arms[0]]
        self.columns = len(self.arms) if len(self.arms) <= 3 else -(-len(self.arms) // 2)
        self.stride = -(-film["tissue"].shape[2] * self.columns // WIDEST)  # of sites, where there are too many to show
        ny, nx = film["tissue"][0, :: self.stride, :: self.stride].shape
        fits = math.isqrt(AREA // (len(self.arms) * ny * nx))
        self.zoom = max(1, min(WIDEST // (nx * self.columns), HIGHEST // max(ny, nx), LARGEST, fits))
        self.panel = (ny * self.zoom, nx * self.zoom)
        self._paint()

    def _read(self, arm: str) -> dict[str, np.ndarray]:
        name = f"frames/{arm}/replicate_{self.replicate:03d}.npz"
        if not self.result.files.holds(name):
            raise FileNotFoundError(f"this run kept no frames for a movie: {self.result.path / name} is missing")
        return self.result.arrays(name, (*MAPS, "hour", "types", "spacing_um"))

    def _crop(self) -> None:
        """Leave out what lies far from the tumor, as in the pictures."""
        codes = [1 + i for i, name in enumerate(self.types) if name in TUMOR]
        held = np.logical_or.reduce([np.isin(film["tissue"], codes).any(0) for film in self.films.values()])
        rows, columns = window_around(np.stack(np.nonzero(held)), held.shape, self.spacing)
        self.films = {
            arm: {name: maps[:, rows, columns] if maps.ndim == 3 else maps for name, maps in film.items()}
            for arm, film in self.films.items()
        }

    # Time

    def doses(self, arm: str, i: int) -> list[str]:
        """What is given in an arm between frame i and the next, in words; nothing at the end."""
        until = self.hours[min(i + 1, len(self.hours) - 1)]
        courses = self.scenario.arms[arm].therapies
        now = [d for d in courses if any(self.hours[i] <= hour < until for hour in d.hours())]
        return [f"{words(d.use)} {d.dose:g} {d.unit}" for d in now]

    def clock(self, i: int) -> str:
        """The time of frame i, with as many digits as tell the frames apart."""
        digits = 1 if all(hour % 2.4 < 1e-6 or hour % 12 == 0 for hour in self.hours) else 2
        return f"day {self.hours[i] / 24:.{digits}f}"

    def durations(self) -> list[int]:
        """Milliseconds that each frame stays; frames of doses longer, the last longest."""
        last = len(self.hours) - 1
        usual = [DOSE_MS if any(self.doses(a, i) for a in self.arms) else FRAME_MS for i in range(last + 1)]
        usual[0] = max(usual[0], FIRST_MS)
        return [*usual[:last], LAST_MS]

    # Files

    def gif(self) -> bytes:
        palette = np.array(self.colors.rgb, np.uint8).tobytes()
        frames = []
        for i in range(len(self.hours)):
            frames.append(Image.fromarray(self.frame(i)))
            frames[-1].putpalette(palette)
        out = io.BytesIO()
        frames[0].save(
            out, "GIF", save_all=True, append_images=frames[1:], duration=self.durations(), loop=0, optimize=False,
            disposal=1,
        )  # fmt: skip
        return out.getvalue()

    def still(self, i: int = -1) -> bytes:
        """One frame as PNG."""
        image = Image.fromarray(self.frame(range(len(self.hours))[i]))
        image.putpalette(np.array(self.colors.rgb, np.uint8).tobytes())
        out = io.BytesIO()
        image.save(out, "PNG", optimize=True)
        return out.getvalue()

    def mp4(self) -> bytes:
        try:
            import imageio_ffmpeg
        except ImportError:
            raise ModuleNotFoundError(
                "an MP4 needs the package imageio-ffmpeg, which is not installed: pip install imageio-ffmpeg "
                "(a movie that ends with .gif needs nothing)"
            ) from None
        from tempfile import TemporaryDirectory

        rgb, tick = np.array(self.colors.rgb, np.uint8), 50
        even = (self.height + self.height % 2, self.width + self.width % 2)  # as its codec demands
        with TemporaryDirectory() as folder:
            file = Path(folder) / "movie.mp4"
            writer = imageio_ffmpeg.write_frames(str(file), (even[1], even[0]), fps=1000 / tick, macro_block_size=2)
            writer.send(None)
            for i, stays in enumerate(self.durations()):
                image = np.full((*even, 3), 255, np.uint8)
                image[: self.height, : self.width] = rgb[self.frame(i)]
                for _ in range(max(1, round(stays / tick))):
                    writer.send(image)
            writer.close()
            return file.read_bytes()

    # Painting

    def _paint(self) -> None:
        """Colors, sizes and what stays the same in all frames."""
        colors = self.colors = Colors()
        self.white = colors.index("white")
        self.ink, self.faint = colors.ramp(INK), colors.ramp(FAINT)
        cells = self.scenario.catalogue.cells
        self.cell_colors = np.array([0, *(colors.index(cells[name].color) for name in self.types)], np.uint8)
        self.perfused, self.closed, self.rail = (colors.index(c) for c in (PERFUSED, CASING, GRID))
        shades = [colors.index(BEHIND(i / (LEVELS - 1))[:3]) for i in range(LEVELS)]
        high = max(float(np.quantile(film["oxygen"], 0.995)) for film in self.films.values()) or 1.0
        levels = np.clip(np.arange(256) / high * LEVELS, 0, LEVELS - 1).astype(int)
        self.oxygen_high = high * float(self.films[self.arms[0]]["oxygen_step"])
        supplied = "oxygen" in self.scenario.catalogue.fields
        self.behind = np.array(shades, np.uint8)[levels] if supplied else np.full(256, self.white, np.uint8)
        self.arm_inks = {arm: colors.ramp(color) for arm, color in arm_colors(self.scenario).items()}
        self.badges = {arm: colors.ramp("white", color) for arm, color in arm_colors(self.scenario).items()}

        high_panel, wide_panel = self.panel
        self.width = 2 * MARGIN + self.columns * wide_panel + (self.columns - 1) * GAP
        self.width = max(self.width, 460)
        rows = -(-len(self.arms) // self.columns)
        self.block = NAME + high_panel + TRACK
        keys = self._legend_rows()
        self.height = HEAD + rows * self.block + len(keys) * LINE + MARGIN
        sheet = self.sheet = np.full((self.height, self.width), self.white, np.uint8)
        n = self.result.replicates
        about = f"replicate {self.replicate}; n = {n} replicates" if n > 1 else "n = 1 replicate"
        room = self.width - 2 * MARGIN - 20 - max(text_width(self.clock(i), 28, True) for i in (0, -1))
        name = words(self.scenario.name)
        write_text(sheet, self.width - MARGIN, 16, name, 15, self.ink, bold=True, right=True, most=room)
        write_text(sheet, self.width - MARGIN, 37, about, 12, self.faint, right=True)
        for k, arm in enumerate(self.arms):
            top, left = self.corner(k)
            mark = sheet[top - NAME + 8 : top - NAME + 20, left : left + 12]
            mark[:] = self.arm_inks[arm][-1]
            room = wide_panel - 18 - text_width("00000 tumor cells", 11)
            size = next((s for s in (14, 13, 12, 11) if text_width(words(arm), s, bold=True) <= room), 11)
            write_text(sheet, left + 18, top - NAME + 6, words(arm), size, self.ink, bold=True, most=room)
            sheet[top - 1 : top + high_panel + 1, left - 1 : left + wide_panel + 1] = self.faint[3]
            rail = top + high_panel + 18
            sheet[rail : rail + 4, left : left + wide_panel] = self.rail
        top = HEAD + rows * self.block
        for r, row in enumerate(keys):
            for left, kind, text, color in row:
                self._key(top + r * LINE, left, kind, color)
                indent = 76 if kind == "ramp" else 18
                room = self.width - MARGIN - left - indent
                write_text(sheet, left + indent, top + r * LINE, text, 12, self.ink, most=room)

    def corner(self, k: int) -> tuple[int, int]:
        """Top and left of the panel of the k-th arm."""
        wide = self.panel[1]
        row, column = divmod(k, self.columns)
        return HEAD + row * self.block + NAME, MARGIN + column * (wide + GAP)

    def _legend_rows(self) -> list[list[tuple[int, str, str, int]]]:
        """Keys in lines: (left, kind, text, color)."""
        cells = self.scenario.catalogue.cells
        seen = {int(c) for film in self.films.values() for m in ("tissue", "leukocyte") for c in np.unique(film[m])}
        keys = [
            ("disc" if cells[name].layer == "leukocyte" else "square", cells[name].label, int(self.cell_colors[i + 1]))
            for i, name in enumerate(self.types)
            if i + 1 in seen
        ]
        for level, text, color in (
            (2, "vessel with blood flow", self.perfused),
            (1, "vessel without flow", self.closed),
        ):
            if any((film["vessel"] == level).any() for film in self.films.values()):
                keys.append(("line", text, color))
        if "oxygen" in self.scenario.catalogue.fields:
            keys.append(("ramp", f"oxygen 0 to {self.oxygen_high:.0f} mmHg", 0))
        rows: list[list[tuple[int, str, str, int]]] = [[]]
        left = MARGIN
        for kind, text, color in keys:
            wide = text_width(line(text), 12) + (76 if kind == "ramp" else 18)
            if left + wide > self.width - MARGIN and rows[-1]:
                rows.append([])
                left = MARGIN
            rows[-1].append((left, kind, text, color))
            left += wide + 18
        return rows

    def _key(self, top: int, left: int, kind: str, color: int) -> None:
        box = self.sheet[top + 2 : top + 14, left : left + 12]
        if kind == "ramp":
            steps = np.unique(self.behind, return_index=True)[1]
            strip = np.repeat(self.behind[np.sort(steps)], 5)
            self.sheet[top + 1 : top + 15, left : left + len(strip) + 2] = self.faint[3]
            self.sheet[top + 2 : top + 14, left + 1 : left + 1 + len(strip)] = strip
        elif kind == "line":
            box[5:7] = color
            box[3:9, 3:9][disc(6)] = color
        elif kind == "disc":
            box[disc(12)] = color
        else:
            box[:] = color

    def frame(self, i: int) -> np.ndarray:
        """Frame i: palette indices, uint8 (height, width)."""
        image = self.sheet.copy()
        high, wide = self.panel
        write_text(image, MARGIN, 14, self.clock(i), 28, self.ink, bold=True)
        for k, arm in enumerate(self.arms):
            top, left = self.corner(k)
            image[top : top + high, left : left + wide] = self._tissue(arm, i)
            tumor = 1 + self.types.index("tumor") if "tumor" in self.types else 255
            count = int(np.count_nonzero(self.films[arm]["tissue"][i] == tumor))
            write_text(
                image,
                left + wide,
                top - NAME + 8,
                f"{compact(count)} tumor cell{'s' * (count != 1)}",
                11,
                self.faint,
                right=True,
            )
            if k == 0:
                self._scale_bar(image, top, left)
            for n, text in enumerate(self.doses(arm, i)):
                self._badge(image, top + 8 + 26 * n, left + 8, text, arm)
            self._track(image, top + high + 18, left, arm, i)
        return image

    def _tissue(self, arm: str, i: int) -> np.ndarray:
        """The panel of an arm in frame i, in the order of the tissue pictures: oxygen, cells, vessels, leukocytes."""
        film, zoom, step = self.films[arm], self.zoom, self.stride
        tissue, leukocyte, vessel, links, oxygen = (
            film[name][i, ::step, ::step] for name in ("tissue", "leukocyte", "vessel", "links", "oxygen")
        )
        panel = enlarged(self.behind[oxygen], zoom)
        stamp(panel, self.cell_colors[tissue], tissue > 0, np.ones((zoom, zoom), bool))
        dot = disc(max(2, round(zoom * 0.8)) if zoom > 2 else zoom)
        for flow, color in ((1, self.closed), (2, self.perfused)):
            stamp(panel, np.full_like(tissue, color), (vessel == flow) & (links == 0), dot)
            if step == 1:
                self._links(panel, links, vessel, flow, color)
        stamp(panel, self.cell_colors[leukocyte], leukocyte > 0, disc(zoom))
        return panel

    def _links(self, panel: np.ndarray, links: np.ndarray, vessel: np.ndarray, flow: int, color: int) -> None:
        """Lines between the centers of linked segments; one carries flow when both its ends do."""
        zoom, middle, nx = self.zoom, self.zoom // 2, links.shape[1]
        for bit, (dy, dx) in enumerate(LINKS):
            y, x = np.nonzero(links & (1 << bit))
            inside = (y + dy >= 0) & (x + dx >= 0) & (x + dx < nx)
            y, x = y[inside], x[inside]
            chosen = np.minimum(vessel[y, x], vessel[y + dy, x + dx]) == flow
            y, x = y[chosen] * zoom + middle, x[chosen] * zoom + middle
            for t in range(zoom + 1):
                panel[y + dy * t, x + dx * t] = color
                if flow == 2 and zoom > 2:
                    panel[y + dy * t, x + dx * t - 1] = color

    def _track(self, image: np.ndarray, top: int, left: int, arm: str, i: int) -> None:
        """A rail from the first to the last hour, filled up to now; a triangle at each dose, filled once given."""
        wide, end = self.panel[1], self.hours[-1] or 1.0
        ink = self.arm_inks[arm]
        now = round(self.hours[i] / end * wide)
        image[top : top + 4, left : left + now] = ink[-1]
        for hour in dose_hours(self.scenario.arms[arm], end):
            x = left + round(hour / end * (wide - 1))
            given = hour < (self.hours[i + 1] if i + 1 < len(self.hours) else np.inf)
            for row in range(8):
                reach = (7 - row) * 5 // 7
                image[top - 11 + row, max(0, x - reach) : x + reach + 1] = ink[-1] if given else ink[3]

    def _badge(self, image: np.ndarray, top: int, left: int, text: str, arm: str) -> None:
        ramp = self.badges[arm]
        wide = min(text_width(text, 12, bold=True), self.panel[1] - 34)
        image[top : top + 22, left : left + wide + 16] = ramp[0]
        write_text(image, left + 8, top + 4, text, 12, ramp, bold=True, most=wide)

    def _scale_bar(self, image: np.ndarray, top: int, left: int) -> None:
        pixel = self.spacing * self.stride / self.zoom
        length = next((um for um in (1000, 500, 200, 100, 50) if um / pixel < self.panel[1] / 3), 50)
        wide, bottom = round(length / pixel), top + self.panel[0] - 8
        label = f"{length} µm"
        image[bottom - 23 : bottom + 3, left + 5 : left + 11 + max(wide, text_width(label, 11))] = self.white
        write_text(image, left + 8, bottom - 21, label, 11, self.ink)
        image[bottom - 4 : bottom, left + 8 : left + 8 + wide] = self.ink[-1]


def dose_hours(arm: Arm, end: float) -> list[float]:
    """Hours of the doses that an arm gets before the end."""
    return sorted({hour for course in arm.therapies for hour in course.hours() if hour < end})
