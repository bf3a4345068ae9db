"""Many keys by how much an answer hangs on each: bars with their intervals, the longest on top."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from matplotlib.lines import Line2D
from matplotlib.patches import Patch
from matplotlib.ticker import MaxNLocator

from tmesim.drawing.drawing import Drawing
from tmesim.drawing.files import literal
from tmesim.drawing.palette import FAINT, GRID, INK, REFERENCE_COLOR, SENSITIVE
from tmesim.drawing.sheet import LABEL, SMALL, Sheet, fold, head_height, legend_on
from tmesim.text import shortened
from tmesim.wording import capital, compact

if TYPE_CHECKING:
    from matplotlib.axes import Axes

NAMES, WIDTH, LINE, GAP, LEFT = 430, 400, 40, 40, 30  # pixels
MOST = 24
"""Keys that are drawn; the others are counted in a note."""
APART = 4
"""From how many times the second longest on a bar is cut off, so that the others can be seen."""


@dataclass(frozen=True)
class Bar:
    """A bar or, with mark, a diamond. series : which of the measures or values it shows, from 0 on"""

    series: int
    value: float
    low: float
    high: float
    mark: bool = False
    text: str = ""


@dataclass(frozen=True)
class Panel:
    """An answer. bars : of each key"""

    heading: str
    unit: str
    bars: dict[str, Sequence[Bar]]

    def reach(self, key: str) -> float:
        """How long the longest bar of a key is."""
        return max((abs(bar.value) for bar in self.bars[key] if math.isfinite(bar.value) and not bar.mark), default=0.0)


@dataclass(frozen=True)
class Tornado:
    """keys : with what they are called. series : what the colors mean, with whether they are marks"""

    panels: Sequence[Panel]
    keys: dict[str, str]
    series: Sequence[tuple[str, bool]]


def draw_tornado(tornado: Tornado, title: str, about: str) -> Drawing:
    """Panels side by side, three in a row, keys in the order of the first panel."""
    first = tornado.panels[0]
    order = sorted(tornado.keys, key=first.reach, reverse=True)[:MOST]
    columns = min(3, len(tornado.panels))
    rows = -(-len(tornado.panels) // columns)
    width = max(LEFT + NAMES + columns * (WIDTH + GAP) + 10, 960)
    room = width - 2 * LEFT
    head = head_height(title, about, room) - (0 if tornado.series else 30)
    high = LINE * len(order)
    down = high + 120
    sheet = Sheet(width, head + 40 + rows * down + (26 if len(order) < len(tornado.keys) else 0))
    sheet.head(LEFT, title, about, room)
    keys = [
        Line2D([], [], ls="", marker="D", ms=5, mfc="white", mec=INK, label=name)
        if mark else Patch(facecolor=SENSITIVE[i % len(SENSITIVE)], label=name)
        for i, (name, mark) in enumerate(tornado.series)
    ]  # fmt: skip
    if keys:
        legend_on(
            sheet.figure, keys, loc="upper left", fontsize=LABEL, frameon=False, borderaxespad=0, ncols=len(keys),
            bbox_to_anchor=((LEFT - 6) / sheet.width, 1 - (head + 6) / sheet.height), columnspacing=1.6, labelcolor=INK,
        )  # fmt: skip
    for i, panel in enumerate(tornado.panels):
        x, y = LEFT + NAMES + (i % columns) * (WIDTH + GAP), head + 44 + (i // columns) * down
        sheet.text(x, y, fold(capital(panel.heading), WIDTH + 20, LABEL, most=2), LABEL, weight="bold")
        axes = sheet.axes(x, y + 48, WIDTH, high)
        draw_bars(axes, panel, order)
        axes.set_xlabel(panel.unit, fontsize=SMALL, color=FAINT)
        if i % columns == 0:
            for j, key in enumerate(order):
                name = shortened(tornado.keys[key], 54)
                sheet.text(x - 14, y + 48 + (j + 0.5) * LINE, name, LABEL, align="right", vertical="center_baseline")
    if (more := len(tornado.keys) - len(order)) > 0:
        sheet.text(LEFT, sheet.height - 26, f"{more} more keys have shorter bars.", SMALL, FAINT)
    told = ", ".join(f"{tornado.keys[key]} {compact(first.reach(key))}" for key in order[:5])
    return Drawing(literal(sheet.figure), title, f"{title}. Longest first: {told}.")


def draw_bars(axes: Axes, panel: Panel, order: Sequence[str]) -> None:
    """The bars of a panel from top to bottom, those of one key below one another within its line."""
    signed, far, most = False, 0.0, _most(panel, order)
    cut: list[tuple[float, float]] = []
    for j, key in enumerate(order):
        bars = [bar for bar in panel.bars[key] if math.isfinite(bar.value)]
        solid = [bar for bar in bars if not bar.mark]
        for bar in bars:
            place = solid.index(bar) if not bar.mark else (len(solid) - 1) / 2
            thick = 0.66 / max(1, len(solid))
            y = j + 0.17 + thick * (place + 0.5)
            is_cut = abs(bar.value) > most
            if not is_cut:
                far = max([far, abs(bar.value), *(abs(b) for b in (bar.low, bar.high) if math.isfinite(b))])
            signed |= bar.value < 0
            if bar.mark:
                axes.plot([bar.value], [y], marker="D", ms=5, mfc="white", mec=INK, mew=0.9, zorder=5)
                continue
            axes.barh(y, bar.value, height=0.9 * thick, color=SENSITIVE[bar.series % len(SENSITIVE)], lw=0, zorder=2)
            if is_cut:
                cut.append((bar.value, y))
                continue
            if math.isfinite(bar.low):
                axes.plot([bar.low, bar.high], [y, y], color=INK, lw=1.1, solid_capstyle="butt", zorder=4)
            if bar.text:
                right = bar.value >= 0
                end = np.nanmax([bar.value, bar.high]) if right else np.nanmin([bar.value, bar.low])
                axes.annotate(bar.text, (end, y), (4 if right else -4, 0), textcoords="offset points", va="center",
                              ha="left" if right else "right", fontsize=SMALL - 0.5, color=FAINT)  # fmt: skip
    far = 1.25 * far or 1.0
    axes.set(xlim=(-far if signed else 0, far), ylim=(len(order), 0), yticks=[])
    for value, y in cut:
        right = value > 0
        axes.annotate(f"{compact(value)} ▸" if right else f"◂ {compact(value)}", (far if right else -far, y),
                      (-4 if right else 4, 0), textcoords="offset points", va="center",
                      ha="right" if right else "left", fontsize=SMALL - 0.5, color="white", zorder=5)  # fmt: skip
    axes.axvline(0, color=REFERENCE_COLOR, lw=1.0, zorder=3)
    axes.spines["left"].set_visible(False)
    axes.xaxis.set_major_locator(MaxNLocator(5, steps=[1, 2, 2.5, 5, 10]))
    axes.grid(axis="x", color=GRID, lw=0.6)
    axes.set_axisbelow(True)


def _most(panel: Panel, order: Sequence[str]) -> float:
    """How long a bar may be before it is cut off: no end, unless one key has by far the longest."""
    longest = sorted((panel.reach(key) for key in order), reverse=True)
    return longest[1] * APART if len(longest) > 2 and 0 < longest[1] * APART < longest[0] else math.inf
