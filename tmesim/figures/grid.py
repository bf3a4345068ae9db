"""The frame of tissue pictures: snapshots of arms × days on a sheet where each site is a whole number of pixels.

Days before the arms part stand once, in a column of their own, instead of once for each arm.
"""

from __future__ import annotations

import textwrap
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from matplotlib.colors import Normalize
from matplotlib.lines import Line2D

from tmesim.figures.painting import text_width
from tmesim.figures.style import INK, LABEL, SMALL, TITLE, Sheet, arm_colors, fold, head_height, legend_on
from tmesim.section import TUMOR
from tmesim.statistics import words
from tmesim.text import line, printable, shortened

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    from tmesim.result import Result
    from tmesim.section import Section

PANEL, SMALLER = 500, 400  # pixels a side, about: of up to three columns, and of more
GAP, MARGIN = 14, 26
BAR, ENTRY, LINE = 270, 300, 25  # widths of the color bar and of a legend entry, height of a legend line; pixels
NARROWEST = 1100
LONGEST_KEY, KEY_LETTER = 480, 10  # pixels of a label in the legend, and of a letter in it
LETTER = 15  # pixels along the name of an arm
RIM_UM, SPARED = 150, 0.85  # of tissue around the tumor that is shown, and the share of the patch from which on all is
SLOT = 310  # pixels a side that words need; a panel of a slender tissue has fewer


class Shots:
    """The snapshots that a picture shows: arms × days of one replicate (default: every arm, at most four days)."""

    def __init__(
        self, result: Result, replicate: int | None, days: Sequence[float] | None = None,
        arms: Sequence[str] | None = None,
    ) -> None:  # fmt: skip
        self.result = result
        self.replicate = representative(result) if replicate is None else replicate
        self.days = spread(result.snapshot_days, 4) if days is None else list(days)
        self.arms = result.arms if arms is None else tuple(arms)
        self.at: dict[tuple[str, float], Section] = {
            (arm, day): result.snapshot(day, arm, self.replicate) for arm in self.arms for day in self.days
        }
        first = next(iter(self.at.values()))
        self.spacing, self.patch = first.spacing_um, first.shape
        window = self.window()
        self.at = {key: shot.cropped(window) for key, shot in self.at.items()}
        self.shape = (window[0].stop - window[0].start, window[1].stop - window[1].start)

    def window(self) -> tuple[slice, slice]:
        """The rows and columns around all tumor cells shown."""
        found = []
        for shot in self.at.values():
            found += [np.stack(shot.sites(name)) for name in TUMOR]
        return window_around(np.concatenate(found, 1), self.patch, self.spacing)

    def types(self) -> set[str]:
        """Cell types that occur."""
        return {name for shot in self.at.values() for name in shot.types if shot.count(name)}

    def limits(self, field: str) -> tuple[float, float]:
        """One color scale for all panels: from 0 to what 99.5 % of the sites stay below."""
        values = np.concatenate([shot.maps[f"field.{field}"].ravel() for shot in self.at.values()])
        return 0.0, float(np.quantile(values, 0.995)) or 1.0

    def together(self) -> list[float]:
        """The days up to which all arms look the same, if there are arms that part later."""
        alike: list[float] = []
        for day in self.days:
            first, *others = (self.at[arm, day] for arm in self.arms)
            if not all(same(first, other) for other in others):
                break
            alike.append(day)
        return alike if len(self.arms) > 1 and len(alike) < len(self.days) else []


class Grid:
    """Panels, title, legend and color bar around shots.

    bar : color map, limits and unit, or None. narrow : no wider than the panels, for a phone.
    """

    def __init__(self, shots: Shots, title: str, handles: Sequence[Line2D],
                 bar: tuple[Any, tuple[float, float], str] | None, narrow: bool = False) -> None:  # fmt: skip
        self.shots = shots
        self.ny, self.nx = shots.shape
        together = shots.together()
        self.before = together[-len(shots.arms) :]  # as many as there are rows
        self.later = [day for day in shots.days if day not in together]
        columns = len(self.later) + bool(self.before)
        self.zoom = max(1, round((PANEL if columns <= 3 else SMALLER) / max(self.nx, self.ny)))
        self.w, self.h = self.nx * self.zoom, self.ny * self.zoom
        self.wide, self.high = max(self.w, SLOT), max(self.h, SLOT // 2)  # slots; words stand beside a slender panel
        self.names = {arm: name_lines(words(arm), self.high) for arm in shots.arms}
        self.side = 20 + 24 * max(text.count("\n") + 1 for text in self.names.values())
        self.left = MARGIN + (0 if self.before else self.side)
        self.right_block = self.left + (self.wide + GAP + self.side if self.before else 0)
        width = max(self.right_block + len(self.later) * (self.wide + GAP) - GAP + MARGIN, 0 if narrow else NARROWEST)
        scenario, n = shots.result.scenario, shots.result.replicates
        which = f"shown is replicate {shots.replicate}, whose final tumor burden is nearest to the median"
        whole = millimeters(shots.patch, shots.spacing)
        part = (
            "" if shots.shape == shots.patch else f"{millimeters(shots.shape, shots.spacing)} mm around the tumor, of "
        )
        about = f"{part}{whole} mm, {scenario.host} · "
        about += f"n = {n} replicates; {which}" if n > 1 else "n = 1 replicate"
        self.top = head_height(f"{title}: {words(scenario.name)}", about, width - 2 * MARGIN) + 36
        bottom = self.top + len(shots.arms) * (self.high + GAP)
        room = (len(shots.arms) - len(self.before)) * (self.high + GAP) if self.before else 0
        tall = len(handles) * LINE + (84 if bar else 0) + 10
        free = tall <= room  # for the legend, below the days that all arms share
        if free or narrow:
            under = self.top + len(self.before) * (self.high + GAP) + 10 if free else bottom + 10
            self.sheet = Sheet(width, bottom + 10 if free else under + tall + 16)
            self._legend(handles, self.left, under, 1, self.wide if free else width - self.left - MARGIN)
            at = (self.left + 6, under + len(handles) * LINE + 18)
        else:
            beside = BAR + MARGIN if bar else 0
            entry = max(ENTRY, *(40 + min(text_width(str(key.get_label()), 18), LONGEST_KEY) for key in handles))
            columns = max(1, min(len(handles), (width - self.left - beside - MARGIN) // entry))
            self.sheet = Sheet(width, bottom + 14 + max(-(-len(handles) // columns) * LINE, 66 if bar else 0) + 24)
            self._legend(handles, self.left, bottom + 14, columns, width - self.left - beside - MARGIN)
            at = (width - MARGIN - BAR, bottom + 14)
        if bar:
            self._color_bar(at[0], at[1], *bar)
        self.sheet.head(MARGIN, f"{title}: {words(scenario.name)}", about, width - 2 * MARGIN)

    @property
    def figure(self) -> Figure:
        return self.sheet.figure

    def _legend(self, handles: Sequence[Line2D], left: float, top: float, columns: int, room: float) -> None:
        most = int(min(room / columns - 40, LONGEST_KEY) / KEY_LETTER)
        legend_on(
            self.figure, list(handles), most, loc="upper left", ncols=columns, fontsize=LABEL, frameon=False,
            borderaxespad=0, bbox_to_anchor=((left - 4) / self.sheet.width, 1 - top / self.sheet.height),
            handletextpad=0.5, columnspacing=1.4, labelspacing=0.4, labelcolor=INK,
        )  # fmt: skip

    def _color_bar(self, left: float, top: float, color_map: Any, limits: tuple[float, float], unit: str) -> None:
        from matplotlib.cm import ScalarMappable

        axes = self.sheet.axes(left, top + 26, min(BAR, self.sheet.width - left - MARGIN), 14)
        bar = self.figure.colorbar(
            ScalarMappable(Normalize(*limits), color_map), cax=axes, orientation="horizontal", extend="max"
        )
        bar.ax.tick_params(labelsize=SMALL, colors=INK, length=2.5, width=0.6)
        bar.outline.set_linewidth(0.5)
        self.sheet.text(left, top, shortened(line(unit), 28), LABEL)

    def panels(self) -> Iterator[tuple[Axes, Section]]:
        """The days before the arms part from top to bottom, then an arm a row, a day a column; whoever iterates draws
        into the axes."""
        shots, colors = self.shots, arm_colors(self.shots.result.scenario)
        if self.before:
            self.sheet.text(self.left, self.top - 24, "the same in all arms", TITLE, weight="bold")
        for i, day in enumerate(self.before):
            axes = self.sheet.axes(self.left, self.top + i * (self.high + GAP), self.w, self.h)
            yield axes, shots.at[shots.arms[0], day]
            corner(axes, f"day {day:g}", "left", weight="bold")
            self._finish(axes, scaled=i == len(self.before) - 1)
        for i, arm in enumerate(shots.arms):
            top = self.top + i * (self.high + GAP)
            if len(shots.arms) > 1:
                self.sheet.box(self.right_block - 10, top, 5, self.high, colors[arm])
            self.sheet.text(self.right_block - 15, top + self.high / 2, self.names[arm], TITLE, align="right",
                            vertical="center", rotation=90, weight="bold")  # fmt: skip
            for j, day in enumerate(self.later):
                left = self.right_block + j * (self.wide + GAP)
                if i == 0:
                    self.sheet.text(left, self.top - 24, f"day {day:g}", TITLE, weight="bold")
                axes = self.sheet.axes(left, top, self.w, self.h)
                yield axes, shots.at[arm, day]
                self._finish(axes, scaled=not self.before and i == len(shots.arms) - 1 and j == 0)

    def _finish(self, axes: Axes, scaled: bool) -> None:
        for spine in axes.spines.values():
            spine.set_visible(True)
        axes.set(xticks=[], yticks=[], xlim=(-0.5, self.nx - 0.5), ylim=(self.ny - 0.5, -0.5))
        if scaled:
            scale_bar(axes, self.shots.spacing, self.nx, self.ny)

    def show(self, axes: Axes, image: np.ndarray, **options: Any) -> None:
        axes.imshow(image, extent=(-0.5, self.nx - 0.5, self.ny - 0.5, -0.5), interpolation="nearest", **options)

    def save(self, path: Path) -> Path:
        return self.sheet.save(path)


def window_around(tumor: np.ndarray, patch: tuple[int, int], spacing: float) -> tuple[slice, slice]:
    """Rows and columns that hold all sites of a tumor (2, n) and a rim; the patch where that would spare little."""
    whole = slice(0, patch[0]), slice(0, patch[1])
    if not tumor.size:
        return whole
    rim = round(RIM_UM / spacing)
    low = [max(0, int(v) - rim) for v in tumor.min(1)]
    high = [min(n, int(v) + rim + 1) for v, n in zip(tumor.max(1), patch, strict=True)]
    if max(b - a for a, b in zip(low, high, strict=True)) > SPARED * max(patch):
        return whole
    return slice(low[0], high[0]), slice(low[1], high[1])


def millimeters(shape: tuple[int, int], spacing: float) -> str:
    return f"{shape[1] * spacing / 1000:.3g} × {shape[0] * spacing / 1000:.3g}"


def same(one: Section, other: Section) -> bool:
    """Whether two snapshots draw the same picture."""
    cells = all(np.array_equal(one.cells[name], other.cells[name]) for name in ("type", "y", "x"))
    return cells and np.array_equal(one.maps["vessels.perfused"], other.maps["vessels.perfused"])


def representative(result: Result) -> int:
    """The replicate whose final tumor burdens lie nearest to the medians of the arms (in relative terms)."""
    distance = np.zeros(result.replicates)
    for arm in result.arms:
        final = result.series("tumor_burden", arm)[1][:, -1]
        distance += np.abs(np.log1p(final) - np.median(np.log1p(final)))
    return int(np.argmin(distance))


def spread(days: Sequence[float], most: int) -> list[float]:
    """At most so many of the days, the first and the last among them, evenly between."""
    if len(days) <= most:
        return list(days)
    return [days[round(i)] for i in np.linspace(0, len(days) - 1, most)]


def name_lines(name: str, room: float) -> str:
    """A name in at most three lines of so many pixels."""
    return "\n".join(textwrap.wrap(name, max(6, int(room / LETTER)), max_lines=3, placeholder=" …"))


def corner(axes: Axes, text: str, side: str, weight: str = "normal") -> None:
    """Words in an upper corner of a panel, on a ground that keeps them readable; beside it where it is slender."""
    box = {"facecolor": "white", "alpha": 0.86, "edgecolor": "none", "pad": 1.8}
    size = TITLE if weight == "bold" else SMALL
    x, y, align = (0.013, 0.987, "left") if side == "left" else (0.987, 0.987, "right")
    if axes.bbox.width < SLOT - 10:
        x, y, align = 1 + 8 / axes.bbox.width, 1 - (40 / axes.bbox.height if side == "right" else 0), "left"
        text = fold(text, SLOT - axes.bbox.width, size)
    axes.text(x, y, printable(text, keep="\n"), parse_math=False, transform=axes.transAxes, ha=align, va="top",
              fontsize=size, color=INK, bbox=box, zorder=6, fontweight=weight)  # fmt: skip


def scale_bar(axes: Axes, spacing: float, nx: int, ny: int) -> None:
    """A bar of a round length in the lower left corner; below a panel that is low."""
    from matplotlib.patches import Rectangle

    length = next(um for um in (2000, 1000, 500, 200, 100, 50) if um / spacing < nx / 3 or um == 50)
    long, pixel = length / spacing, ny / axes.bbox.height
    wide = max(long, 72 * pixel)  # of the letters
    x, y = nx * 0.03, ny - nx * 0.03 - 0.5
    if axes.bbox.height < SLOT // 2:
        y = ny + 40 * pixel
    ground = (x - 7 * pixel, y - 32 * pixel), wide + 14 * pixel, 39 * pixel
    axes.add_patch(Rectangle(*ground, color="white", lw=0, alpha=0.88, zorder=6, clip_on=False))
    axes.add_patch(Rectangle((x, y - 6 * pixel), long, 6 * pixel, color="black", lw=0, zorder=7, clip_on=False))
    axes.text(x + wide / 2, y - 10 * pixel, f"{length} µm", ha="center", va="bottom", fontsize=SMALL, color="black",
              zorder=7)  # fmt: skip
