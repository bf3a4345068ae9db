"""The frames of a movie: a run's arms side by side at one moment, with a clock and the doses, in palette indices. An
arm with organs beside its tissue is a row: the tissue, then its organs at the same scale.

Only the letters need a font, so the same run gives the same frames.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING

import numpy as np

from tmesim.catalogue import organ_named
from tmesim.drawing import scale_bar
from tmesim.drawing.films import one_code, read, read_beside
from tmesim.drawing.letters import text_width, write_text
from tmesim.drawing.palette import BEHIND, FAINT, GRID, INK, Palette, arm_colors
from tmesim.drawing.pixel_keys import LINE, Key, in_lines, paint_keys
from tmesim.drawing.raster import Inks, Scene, paint
from tmesim.drawing.shots import representative, window_around
from tmesim.frames import MAPS
from tmesim.section import TUMOR
from tmesim.wording import compact, words

if TYPE_CHECKING:
    from tmesim.result import Result
    from tmesim.scenario import Arm

MARGIN, GAP, HEAD, NAME, TRACK = 20, 16, 62, 30, 44  # pixels
LABEL = 18  # pixels of the name of an organ
WIDEST, HIGHEST, LARGEST = 1240, 480, 10  # panels together, one panel, a site; pixels
AREA = 490_000  # of all panels, pixels: the size of the file follows it
LEVELS = 12  # of oxygen


class MovieFrames:
    """The frames of one replicate. `hours` are those of the frames; `frame(i)` is one as (height, width) indices."""

    def __init__(self, result: Result, replicate: int | None = None) -> None:
        self.result, self.scenario = result, result.scenario
        self.replicate = representative(result) if replicate is None else result.known_replicate(replicate)
        self.arms = result.arms
        self.films = {arm: read(result, arm, self.replicate) for arm in self.arms}
        self.beside = {arm: read_beside(result, arm, self.replicate) for arm in self.arms}
        self.places = tuple(dict.fromkeys(place for films in self.beside.values() for place in films))
        film = self.films[self.arms[0]]
        self.hours = film["hour"].tolist()
        self.types = one_code(self.every)
        self.spacing = float(film["spacing_um"])
        if not self.places or any(self.scenario.start_of(arm).has_primary for arm in self.arms):
            self._crop()
        self._scale()
        self._choose_colors()
        self._lay_out()

    @property
    def every(self) -> list[dict[str, np.ndarray]]:
        """The films of all panels."""
        return [*self.films.values(), *(film for films in self.beside.values() for film in films.values())]

    def _scale(self) -> None:
        """How the panels of an arm are arranged, and how large a site is in all of them."""
        maps = [self.films[self.arms[0]]["tissue"]]
        maps += [next(each[place] for each in self.beside.values() if place in each)["tissue"] for place in self.places]
        few = len(self.arms) <= 3
        self.columns = 1 if self.places else len(self.arms) if few else -(-len(self.arms) // 2)
        across = sum(each.shape[2] for each in maps) * self.columns
        self.stride = -(-across // WIDEST)  # of sites, where there are too many to show
        shapes = [each[0, :: self.stride, :: self.stride].shape for each in maps]
        fits = math.isqrt(AREA // (len(self.arms) * sum(ny * nx for ny, nx in shapes)))
        most = WIDEST // (sum(nx for _, nx in shapes) * self.columns), HIGHEST // max(map(max, shapes))
        self.zoom = max(1, min(*most, LARGEST, fits))
        self.panel, *panels = [(ny * self.zoom, nx * self.zoom) for ny, nx in shapes]
        self.panels = dict(zip(self.places, panels, strict=True))

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
        return [f"{words(d.use)} {d.amount}".strip() for d in now]

    def has_dose(self, i: int) -> bool:
        """Whether any arm is given something between frame i and the next."""
        return any(self.doses(arm, i) for arm in self.arms)

    def clock(self, i: int) -> str:
        """The time of frame i, with as many digits as tell the frames apart."""
        digits = 1 if all(hour % 2.4 < 1e-6 or hour % 12 == 0 for hour in self.hours) else 2
        return f"day {self.hours[i] / 24:.{digits}f}"

    # Painting

    def _choose_colors(self) -> None:
        """The palette, and the indices of all that is painted."""
        palette = self.palette = Palette(["white"])
        codes = {int(c) for film in self.every for m in ("tissue", "leukocyte") for c in np.unique(film[m])}
        known = self.scenario.catalogue.cells
        self.shown = {name for i, name in enumerate(self.types) if i + 1 in codes and name in known}
        self.inks = Inks(palette, self.types, self.scenario.catalogue, self.shown)
        self.white = self.inks.white
        self.ink, self.faint, self.rail = palette.ramp(INK), palette.ramp(FAINT), palette.index(GRID)
        shades = palette.levels(BEHIND, LEVELS)
        high = max(float(np.quantile(film["oxygen"], 0.995)) for film in self.every) or 1.0
        levels = np.clip(np.arange(256) / high * LEVELS, 0, LEVELS - 1).astype(int)
        self.oxygen_high = high * float(self.films[self.arms[0]]["oxygen_step"])
        supplied = "oxygen" in self.scenario.catalogue.fields
        self.behind = shades[levels] if supplied else np.full(256, self.white, np.uint8)
        self.arm_inks = {arm: palette.ramp(color) for arm, color in arm_colors(self.scenario).items()}
        self.badges = {arm: palette.ramp("white", color) for arm, color in arm_colors(self.scenario).items()}

    def _lay_out(self) -> None:
        """Sizes, and the sheet with what stays the same in all frames."""
        self.row = self.panel[1] + sum(GAP + wide for _, wide in self.panels.values())
        self.head = NAME + LABEL * bool(self.places)
        self.width = 2 * MARGIN + self.columns * self.row + (self.columns - 1) * GAP
        self.width = max(self.width, 460)
        rows = -(-len(self.arms) // self.columns)
        self.below = max(high for high, _ in (self.panel, *self.panels.values())) + 18  # from a panel to its rail
        self.block = self.head + self.below - 18 + TRACK
        keys = in_lines(self._keys(), MARGIN, self.width - MARGIN)
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
            head = top - self.head
            mark = sheet[head + 8 : head + 20, left : left + 12]
            mark[:] = self.arm_inks[arm][-1]
            room = self.row - 18 - text_width("00000 tumor cells", 11) * (not self.places)
            size = next((s for s in (14, 13, 12, 11) if text_width(words(arm), s, bold=True) <= room), 11)
            write_text(sheet, left + 18, head + 6, words(arm), size, self.ink, bold=True, most=room)
            for place, x, (high, wide) in self._panels_of(arm, left):
                sheet[top - 1 : top + high + 1, x - 1 : x + wide + 1] = self.faint[3]
                if self.places:
                    room = wide - text_width("0000", 11)
                    write_text(sheet, x, top - LABEL + 2, self._site(arm, place), 11, self.ink, most=room)
            rail = top + self.below
            sheet[rail : rail + 4, left : left + self.row] = self.rail
        paint_keys(sheet, keys, HEAD + rows * self.block, self.width - MARGIN, self.ink, int(self.faint[3]))

    def _site(self, arm: str, place: str | None) -> str:
        """What a panel is of: its organ, and whose tissue that has where it is not its own."""
        start = self.scenario.start_of(arm)
        soil = start.organ if place is None else start.organs[place].organ
        own = organ_named(place or soil).label
        return own if place in (None, soil) else f"{own}, tissue of {organ_named(soil).label}"

    def corner(self, k: int) -> tuple[int, int]:
        """Top and left of the panel of the k-th arm."""
        row, column = divmod(k, self.columns)
        return HEAD + row * self.block + self.head, MARGIN + column * (self.row + GAP)

    def _panels_of(self, arm: str, left: int) -> Iterator[tuple[str | None, int, tuple[int, int]]]:
        """The panels of an arm: its tissue (None) and its organs, with left and size. left : of the first"""
        yield None, left, self.panel
        left += self.panel[1] + GAP
        for place, size in self.panels.items():
            if place in self.beside[arm]:
                yield place, left, size
            left += size[1] + GAP

    def _keys(self) -> list[Key]:
        """Keys of what occurs in some frame."""
        cells, inks = self.scenario.catalogue.cells, self.inks
        keys = [
            Key("disc" if cells[name].layer == "leukocyte" else "square", cells[name].label, (int(inks.body[i + 1]),))
            for i, name in enumerate(self.types)
            if name in self.shown
        ]
        for level, text in ((2, "vessel with blood flow"), (1, "vessel without flow")):
            if any((film["vessel"] == level).any() for film in self.every):
                keys.append(Key("tube", text, (inks.wall[level == 2], inks.lumen[level == 2])))
        if "oxygen" in self.scenario.catalogue.fields:
            shades = tuple(dict.fromkeys(self.behind.tolist()))
            keys.append(Key("ramp", f"oxygen 0 to {self.oxygen_high:.0f} mmHg", shades))
        return keys

    def frame(self, i: int) -> np.ndarray:
        """Frame i: palette indices, uint8 (height, width)."""
        image = self.sheet.copy()
        tumor = 1 + self.types.index("tumor") if "tumor" in self.types else 255
        write_text(image, MARGIN, 14, self.clock(i), 28, self.ink, bold=True)
        for k, arm in enumerate(self.arms):
            top, left = self.corner(k)
            for place, x, (high, wide) in self._panels_of(arm, left):
                panel = image[top : top + high, x : x + wide]
                film = self.films[arm] if place is None else self.beside[arm][place]
                panel[:] = self._painted(film, i)
                count = int(np.count_nonzero(film["tissue"][i] == tumor))
                told = compact(count) if place else f"{compact(count)} tumor cell{'s' * (count != 1)}"
                above = LABEL - 2 if self.places else NAME - 8
                write_text(image, x + wide, top - above, told, 11, self.faint, right=True)
            if k == 0:
                high, wide = self.panel
                panel = image[top : top + high, left : left + wide]
                scale_bar.in_pixels(panel, self.spacing * self.stride / self.zoom, self.white, self.ink)
            for n, text in enumerate(self.doses(arm, i)):
                self._badge(image, top + 8 + 26 * n, left + 8, text, arm)
            self._track(image, top + self.below, left, arm, i)
        return image

    def _painted(self, film: Mapping[str, np.ndarray], i: int) -> np.ndarray:
        """The panel of a film in frame i, painted as the tissue pictures are."""
        step = self.stride
        tissue, leukocyte, vessel, links, oxygen, bodies = (film[name][i, ::step, ::step] for name in MAPS)
        links = links if step == 1 else np.zeros_like(links)  # to neighbors that are not shown
        scene = Scene(tissue, leukocyte, vessel, links, self.types, bodies if step == 1 else None)
        return paint(scene, self.behind[oxygen], self.inks, self.zoom)

    def _track(self, image: np.ndarray, top: int, left: int, arm: str, i: int) -> None:
        """A rail from the first to the last hour, filled up to now; a triangle at each dose, filled once given."""
        wide, end = self.row, self.hours[-1] or 1.0
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


def dose_hours(arm: Arm, end: float) -> list[float]:
    """Hours of the doses that an arm gets before the end."""
    return sorted({hour for course in arm.therapies for hour in course.hours() if hour < end})
