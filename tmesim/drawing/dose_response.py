"""How endpoints answer to one number: values of each arm beside paired differences, on a numeric axis."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from matplotlib.lines import Line2D
from matplotlib.ticker import MaxNLocator

from tmesim.drawing.curves import is_logarithmic
from tmesim.drawing.drawing import Drawing
from tmesim.drawing.files import literal
from tmesim.drawing.palette import FAINT, GRID, INK, REFERENCE_COLOR
from tmesim.drawing.scales import Scale
from tmesim.drawing.sheet import LABEL, SMALL, Sheet, fold, head_height, legend_on
from tmesim.statistics import interval
from tmesim.wording import capital, compact, words

if TYPE_CHECKING:
    from matplotlib.axes import Axes

WIDTH, HEIGHT, LEFT, GAP, DOWN = 520, 230, 96, 110, 108  # pixels
DODGE = 0.012
"""How far arms stand beside one another, as a share of the axis."""


@dataclass(frozen=True)
class Row:
    """An endpoint. values, differences : by arm, (points, replicates). against : what the differences are from"""

    label: str
    unit: str
    values: Mapping[str, np.ndarray]
    differences: Mapping[str, np.ndarray]
    against: str


@dataclass(frozen=True)
class Response:
    """What is shown. numbers : of each point, in the unit of the key; or names : its texts"""

    key: str
    unit: str
    numbers: Sequence[float]
    names: Sequence[str]
    logarithmic: bool
    rows: Sequence[Row]
    colors: Mapping[str, str]


def draw_response(response: Response, title: str, about: str) -> Drawing:
    """Two panels for each endpoint: the arms, and their paired differences."""
    columns = 2 if any(row.differences for row in response.rows) else 1
    width = max(LEFT + columns * (WIDTH + GAP) - GAP + 40, 900)
    room = width - LEFT - 20
    names = [words(arm) for arm in response.colors]
    per_line = max(1, int(room // (70 + 10.6 * max(map(len, names)))))
    top = head_height(title, about, room) + 14 + 25 * -(-len(names) // per_line) + 16
    sheet = Sheet(width, top + len(response.rows) * (HEIGHT + DOWN) + 14)
    sheet.head(LEFT - 60, title, about, room)
    keys = [Line2D([], [], color=color, marker="o", ms=5, lw=1.8, label=name)
            for name, color in zip(names, response.colors.values(), strict=True)]  # fmt: skip
    legend_on(
        sheet.figure, keys, loc="upper left", fontsize=LABEL, frameon=False, borderaxespad=0, ncols=per_line,
        bbox_to_anchor=((LEFT - 66) / sheet.width, 1 - (head_height(title, about, room) + 10) / sheet.height),
        columnspacing=1.6, handletextpad=0.6, labelcolor=INK,
    )  # fmt: skip
    told = []
    for i, row in enumerate(response.rows):
        y = top + i * (HEIGHT + DOWN)
        panels = [(row.values, capital(row.label), row.unit)]
        if row.differences:
            panels.append((row.differences, f"difference from {row.against}", row.unit))
        for j, (values, heading, unit) in enumerate(panels):
            x = LEFT + j * (WIDTH + GAP)
            sheet.text(x - 60, y, fold(heading, WIDTH + 60, LABEL + 0.5, most=1), LABEL + 0.5, weight="bold")
            sheet.text(x - 60, y + 22, unit, SMALL, FAINT)
            axes = sheet.axes(x, y + 48, WIDTH, HEIGHT - 10)
            draw_panel(axes, response, values, is_difference=j == 1)
            axes.set_xlabel(label(response), fontsize=LABEL, color=INK)
        told.append(f"{row.label}: " + ", ".join(
            f"{words(arm)} {compact(float(np.nanmean(each[0])))} to {compact(float(np.nanmean(each[-1])))}"
            for arm, each in row.values.items() if np.isfinite(each[[0, -1]]).any(1).all()))  # fmt: skip
    return Drawing(literal(sheet.figure), title, f"{title}, by {label(response)}. {'; '.join(told)}.")


def label(response: Response) -> str:
    """The key with its unit."""
    scale = ", logarithmic scale" if scale_of(response).logarithmic else ""
    unit = {"": "", "×": "times what the scenario says"}.get(response.unit, response.unit)
    return f"{response.key} ({unit}{scale})" if unit else f"{response.key}{scale}"


def scale_of(response: Response) -> Scale:
    """Where the points stand."""
    if response.names:
        return Scale.of(range(len(response.names)))
    return Scale.of(response.numbers, response.logarithmic)


def draw_panel(axes: Axes, response: Response, values: Mapping[str, np.ndarray], is_difference: bool) -> None:
    """Means with their intervals, and a dot a replicate."""
    scale = scale_of(response)
    span = np.ptp(scale.places) or 1.0
    for a, (arm, each) in enumerate(values.items()):
        color = response.colors[arm]
        x = scale.places + (a - (len(values) - 1) / 2) * DODGE * span
        known = [point[np.isfinite(point)] for point in each]
        bars = np.array([interval(point) for point in known])
        for at, point in zip(x, known, strict=True):
            axes.plot(np.full(point.size, at), point, ls="", marker="o", ms=2.6, mfc=color, mec="none", alpha=0.35)
        order = np.argsort(x)
        style = "" if response.names else "-"
        axes.plot(x[order], bars[order, 0], color=color, lw=1.6, ls=style, marker="o", ms=5, zorder=3)
        for at, (_, low, high) in zip(x, bars, strict=True):
            if np.isfinite(low):
                axes.plot([at, at], [low, high], color=color, lw=1.6, solid_capstyle="butt", zorder=3)
    if response.names:
        axes.set_xticks(range(len(response.names)), list(response.names))
        axes.set_xlim(-0.5, len(response.names) - 0.5)
    else:
        scale.on(axes)
        axes.set_xlim(scale.places.min() - 0.05 * span, scale.places.max() + 0.05 * span)
    low, high = axes.dataLim.y0, axes.dataLim.y1
    if is_difference:
        axes.axhline(0, color=REFERENCE_COLOR, lw=1.0, zorder=1.5)
    elif is_logarithmic(low, high):
        axes.set_yscale("log")
        axes.yaxis.set_major_formatter(lambda value, _: f"{value:g}")
        axes.minorticks_off()
    elif low >= 0:
        axes.set_ylim(0, axes.get_ylim()[1] if high > 0 else 1)
    if axes.get_yscale() == "linear":
        axes.yaxis.set_major_locator(MaxNLocator(5, steps=[1, 2, 2.5, 5, 10]))
    axes.grid(axis="y", color=GRID, lw=0.6, zorder=0)
    axes.set_axisbelow(True)
