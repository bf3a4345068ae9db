"""Something at each pair of values of two keys: color, number, and a mark where its interval leaves out what no effect
would give."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from matplotlib.colors import TwoSlopeNorm, to_rgb

from tmesim.drawing.drawing import Drawing
from tmesim.drawing.files import literal
from tmesim.drawing.palette import FAINT, INK
from tmesim.drawing.sheet import LABEL, SMALL, Sheet, fold, head_height
from tmesim.wording import capital, compact

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.image import AxesImage

CELL, LOW, LEFT, GAP, DOWN, BAR = 150, 54, 120, 170, 170, 14
"""Pixels: width and height of a cell, room left of the maps, between them, below them, width of a color bar."""
COLORS = "PuOr_r"
"""Orange above, purple below, white where there is no effect."""
MOST_WIDE, INTERVALS = 760, 140
"""Pixels of a map, and of a cell from which on its interval is written into it."""


DECADE = np.log(10.0)
"""A ratio that is farther than ten times from no effect has the color of ten times."""


@dataclass(frozen=True)
class HeatMap:
    """value, low, high : (values of the first key, of the second). null : the value of no effect. ratio : whether the
    colors are those of logarithms"""

    title: str
    unit: str
    value: np.ndarray
    low: np.ndarray
    high: np.ndarray
    null: float = 0.0
    ratio: bool = False

    @property
    def clear(self) -> np.ndarray:
        """Where the interval leaves out no effect."""
        return (self.low > self.null) | (self.high < self.null)


@dataclass(frozen=True)
class Axis:
    """A key along a side of the maps."""

    label: str
    values: Sequence[str]


def draw_maps(maps: Sequence[HeatMap], down: Axis, across: Axis, title: str, about: str) -> Drawing:
    """The maps side by side, two in a row."""
    wide = min(MOST_WIDE, CELL * len(across.values))
    wide, high = max(wide, 260), max(LOW * len(down.values), 150)
    columns = min(2, len(maps))
    width = max(LEFT + columns * (wide + GAP) - GAP + 110, 960)
    room = width - 60
    head = head_height(title, about, room)
    rows = -(-len(maps) // columns)
    sheet = Sheet(width, head + 14 + rows * (high + DOWN))
    sheet.head(36, title, about, room)
    for i, one in enumerate(maps):
        x, y = LEFT + (i % columns) * (wide + GAP), head + 14 + (i // columns) * (high + DOWN)
        heading = fold(capital(one.title), wide + 120, LABEL + 0.5, most=2)
        left = x - LEFT + 36 if i % columns == 0 else x - 84
        sheet.text(left, y, heading, LABEL + 0.5, weight="bold")
        sheet.text(left, y + 50, f"↑ {down.label}", LABEL)
        axes = sheet.axes(x, y + 80, wide, high)
        image = draw_map(axes, one, wide / len(across.values), down, across)
        bar = sheet.axes(x + wide + 14, y + 80, BAR, high)
        sheet.figure.colorbar(image, cax=bar).outline.set_linewidth(0.5)
        ends = np.unique([*image.get_clim(), np.log(one.null) if one.ratio else one.null])
        shown = np.exp(ends) if one.ratio else ends
        bar.set_yticks(ends, [compact(float(value)).replace("-", "−") for value in shown])
        bar.tick_params(labelsize=SMALL, length=2)
        bar.set_title(fold(one.unit, 100, SMALL, most=1), fontsize=SMALL, color=FAINT, pad=6)
    told = "; ".join(f"{one.title}: {compact(float(np.nanmin(one.value)))} to {compact(float(np.nanmax(one.value)))}"
                     for one in maps if np.isfinite(one.value).any())  # fmt: skip
    return Drawing(literal(sheet.figure), title, f"{title}. {told}.")


def draw_map(axes: Axes, one: HeatMap, cell: float, down: Axis, across: Axis) -> AxesImage:
    """One map: a white cell with a dash where nothing is defined, a dot where the interval leaves out no effect."""
    center = np.log(one.null) if one.ratio else one.null
    with np.errstate(divide="ignore", invalid="ignore"):
        shade = np.log(one.value) if one.ratio else one.value
    far = float(np.nanmax(np.abs(shade - center))) if np.isfinite(shade).any() else 1.0
    far = min(far, DECADE) if one.ratio else far
    norm = TwoSlopeNorm(center, center - (far or 1.0), center + (far or 1.0))
    image = axes.imshow(np.ma.masked_invalid(shade), cmap=COLORS, norm=norm, aspect="auto", origin="lower")
    for spine in axes.spines.values():
        spine.set(visible=True, linewidth=0.5)
    size = SMALL if cell > 80 else SMALL - 1
    for i, j in np.ndindex(one.value.shape):
        if not np.isfinite(one.value[i, j]):
            axes.text(j, i, "–", fontsize=size, color=FAINT, ha="center", va="center")
            continue
        color = INK if sum(to_rgb(image.cmap(norm(shade[i, j])))) > 1.35 else "white"
        mark = "● " if one.clear[i, j] else ""
        text = mark + compact(float(one.value[i, j])).replace("-", "−")
        bounds = ""
        if cell >= INTERVALS and np.isfinite(one.low[i, j]):
            bounds = f"[{compact(float(one.low[i, j]))}, {compact(float(one.high[i, j]))}]".replace("-", "−")
            axes.text(j, i - 0.22, bounds, fontsize=SMALL - 0.5, color=color, ha="center", va="center")
        weight = "bold" if one.clear[i, j] else "normal"
        y = i + (0.2 if bounds else 0)
        axes.text(j, y, text, fontsize=size, color=color, ha="center", va="center", weight=weight)
    axes.set_xticks(range(len(across.values)), across.values, fontsize=SMALL)
    axes.set_yticks(range(len(down.values)), down.values, fontsize=SMALL)
    axes.tick_params(length=0)
    axes.set_xlabel(across.label, fontsize=LABEL, color=INK)
    return image
