"""The frame of tissue pictures: snapshots of arms × days on a sheet where each site is a whole number of pixels.

Days before the arms part stand once, in a column of their own, instead of once for each arm.
"""

from __future__ import annotations

import textwrap
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from matplotlib.colors import Normalize
from matplotlib.lines import Line2D

from tmesim.drawing import scale_bar
from tmesim.drawing.letters import text_width
from tmesim.drawing.palette import INK, arm_colors
from tmesim.drawing.sheet import LABEL, SMALL, TITLE, Sheet, fold, head_height, legend_on
from tmesim.drawing.shots import Shots
from tmesim.text import line, printable, shortened
from tmesim.wording import words

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    from tmesim.section import Section

PANEL, SMALLER = 500, 400  # pixels a side, about: of up to three columns, and of more
GAP, MARGIN = 14, 26
BAR, ENTRY, LINE = 270, 300, 25  # widths of the color bar and of a legend entry, height of a legend line; pixels
NARROWEST = 1100
LONGEST_KEY, KEY_LETTER = 480, 10  # pixels of a label in the legend, and of a letter in it
LETTER = 15  # pixels along the name of an arm
SLOT = 310  # pixels a side that words need; a panel of a slender tissue has fewer


class Grid:
    """Panels, title, legend and color bar around shots.

    bar : color map, limits and unit, or None. narrow : no wider than the panels, for a phone.
    """

    def __init__(self, shots: Shots, title: str, handles: Sequence[Line2D],
                 bar: tuple[Any, tuple[float, float], str] | None, narrow: bool = False) -> None:  # fmt: skip
        self.shots = shots
        self.title = f"{title}: {words(shots.result.scenario.name)}"
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
        self.top = head_height(self.title, about, width - 2 * MARGIN) + 36
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
        self.sheet.head(MARGIN, self.title, about, width - 2 * MARGIN)

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
            scale_bar.on_axes(axes, self.shots.spacing, self.nx, self.ny, below=self.h < SLOT // 2)

    def show(self, axes: Axes, image: np.ndarray) -> None:
        show(axes, image, (self.ny, self.nx))


def show(axes: Axes, image: np.ndarray, shape: tuple[int, int]) -> Any:
    """Put a picture of (ny, nx) sites on axes whose unit is a site, and which are as many pixels wide as it is."""
    ny, nx = shape
    return axes.imshow(image, extent=(-0.5, nx - 0.5, ny - 0.5, -0.5), interpolation="nearest")


def millimeters(shape: tuple[int, int], spacing: float) -> str:
    return f"{shape[1] * spacing / 1000:.3g} × {shape[0] * spacing / 1000:.3g}"


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
