"""Seeding and outgrowth as a figure: for each organ what came, what is alone or asleep, and what grew, over days."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING

import numpy as np
from matplotlib.lines import Line2D
from matplotlib.patches import Patch
from matplotlib.ticker import FixedLocator, MaxNLocator, MultipleLocator

from tmesim.catalogue import organ_named
from tmesim.destinations import Destination, spreads
from tmesim.drawing.curves import alike
from tmesim.drawing.drawing import Drawing
from tmesim.drawing.files import literal
from tmesim.drawing.palette import BAND, FAINT, GRID, INK, arm_colors
from tmesim.drawing.sheet import LABEL, SMALL, Sheet, head_height, legend_on
from tmesim.drawing.trajectories import weeks
from tmesim.statistics import CONFIDENCE, interval
from tmesim.wording import capital, words

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from tmesim.result import Result

MEASURES: Mapping[str, str] = {
    "arrivals": "cells that came", "lone_cells": "cells outside of lesions", "dormant": "of these, asleep",
    "lesions": "lesions", "n_tumor": "tumor cells",
}  # fmt: skip
"""What is drawn of each organ, by the names of its observables."""
WIDE, HIGH, BETWEEN, NAMES, LEFT, GAP = 250, 120, 66, 164, 26, 34
"""Pixels: of a panel, between panels in a row, of names on the left, around all, between rows."""
NARROW = 2
"""Panels in a row of the figure for a phone."""


def draw_seeding(result: Result, arms: Sequence[str] | None = None, narrow: bool = False) -> Drawing:
    """A row for each organ, a column for each of MEASURES. narrow : two panels in a row, for a phone"""
    scenario, n = result.scenario, result.replicates
    found = {each.arm: each for each in spreads(result) if arms is None or each.arm in arms}
    if not found:
        raise ValueError("nothing to draw of these arms: in none of them tumor cells come to an organ")
    places: dict[str, dict[str, Destination]] = {}
    for spread in found.values():
        for each in spread.destinations:
            places.setdefault(each.place, {})[spread.arm] = each
    names = [name for name in MEASURES if name != "dormant" or sleep_is_known(result, places)]
    columns = NARROW if narrow else len(names)
    left = LEFT if narrow else LEFT + NAMES
    width = left + columns * (WIDE + BETWEEN) + 10
    room = width - 2 * LEFT
    title = f"Seeding and outgrowth: {words(scenario.name)}"
    about = (
        f"{capital(scenario.host)}, n = {n} replicate{'s' * (n > 1)}. Counts over days in the sampled patch of each "
        + ("organ; a line is the mean of the replicates." if n > 1 else "organ.")
    )
    colors = arm_colors(scenario)
    keys: list[Line2D | Patch] = [Line2D([], [], color=colors[arm], lw=2.2, label=words(arm)) for arm in found]
    if n > 1:
        keys.append(Patch(facecolor=BAND, label=f"{100 * CONFIDENCE:g} % interval of the mean"))
    per_line = max(1, min(len(keys), int(room // (60 + 10.6 * max(len(str(key.get_label())) for key in keys)))))
    top = head_height(title, about, room) + 12 + 27 * -(-len(keys) // per_line) + 18
    lines = -(-len(names) // columns)
    head = 34 if narrow else 0
    block = HIGH + GAP + (40 if narrow else 0)
    down = head + lines * block + (14 if narrow else 0)
    first = 0 if narrow else 30
    sheet = Sheet(width, round(top + first + len(places) * down + 34))
    sheet.head(LEFT, title, about, room)
    legend_on(
        sheet.figure, keys, loc="upper left", fontsize=LABEL, frameon=False, borderaxespad=0, ncols=per_line,
        bbox_to_anchor=((LEFT - 6) / sheet.width, 1 - (head_height(title, about, room) + 12) / sheet.height),
        columnspacing=1.6, handletextpad=0.6, labelcolor=INK,
    )  # fmt: skip
    patches = {each.patches for mine in places.values() for each in mine.values()}
    ends = {name: highest(result, name, places.values()) for name in names} if len(patches) == 1 else {}
    for row, (place, mine) in enumerate(places.items()):
        y = top + first + row * down
        label = capital(organ_named(place).label)
        sheet.text(LEFT, y + (0 if narrow else HIGH / 2 - 12), label, LABEL + 1.5, weight="bold")
        for i, name in enumerate(names):
            x = left + i % columns * (WIDE + BETWEEN) + 46
            above = y + head + i // columns * block + (26 if narrow else 0)
            if narrow or row == 0:
                sheet.text(x - 40, above - 28, capital(MEASURES[name]), LABEL, weight="normal" if narrow else "bold")
            axes = sheet.axes(x, above, WIDE, HIGH)
            for arm, each in mine.items():
                base = mine.get(result.reference) if arm != result.reference else None
                over = None if base is None else result.series(base.prefix + name, result.reference)[1]
                draw_arm(axes, *result.series(each.prefix + name, arm), over, colors[arm])
            end = ends[name] if ends else highest(result, name, [mine])
            finish(axes, scenario.time.days, end, last=row == len(places) - 1 and i // columns == lines - 1)
    told = "; ".join(organ_named(place).label for place in places)
    return Drawing(literal(sheet.figure), title, f"Curves over {scenario.time.days:g} days of "
                   f"{', '.join(MEASURES[name] for name in names)}, a row for each organ: {told}.")  # fmt: skip


def sleep_is_known(result: Result, places: Mapping[str, Mapping[str, Destination]]) -> bool:
    """Whether some cell of some organ may sleep."""
    return any(
        each.prefix + "dormant" in result.observables
        and np.isfinite(result.series(f"{each.prefix}dormant", arm)[1]).any()
        for mine in places.values()
        for arm, each in mine.items()
    )


def bands(values: np.ndarray) -> np.ndarray:
    """Mean over replicates and its interval at each time, (3, times); the interval begins at 0 where it would be less,
    as counts do. values : (replicates, times)"""
    rows = np.array([interval(column[np.isfinite(column)]) for column in values.T]).T
    return np.stack([rows[0], np.maximum(rows[1], 0.0), rows[2]])


def highest(result: Result, name: str, places: Iterable[Mapping[str, Destination]]) -> float:
    """Where the scale of an observable ends, for some organs in all arms that are drawn."""
    tops = [
        float(np.nanmax(values, initial=0.0))
        for mine in places
        for arm, each in mine.items()
        for values in [bands(result.series(each.prefix + name, arm)[1])]
    ]
    return 1.08 * max(tops, default=0.0)


def draw_arm(axes: Axes, days: np.ndarray, values: np.ndarray, over: np.ndarray | None, color: str) -> None:
    """The mean of an arm and its interval; dashed where it is at all times what it is drawn over.

    values, over : (replicates, times)
    """
    mean, low, high = bands(values)
    same = over is not None and alike(values, over)
    if np.isfinite(low).any() and not same:
        axes.fill_between(days, low, high, color=color, alpha=0.18, lw=0, zorder=1)
    axes.plot(days, mean, color=color, lw=2.0, ls=(0, (3, 3)) if same else "-", zorder=3 if same else 2)


def finish(axes: Axes, days: float, end: float, last: bool) -> None:
    """Scales and grid."""
    axes.set(xlim=(0, days), ylim=(0, end or 1.0))
    axes.yaxis.set_major_locator(MaxNLocator(3, steps=[1, 2, 5, 10], integer=end > 1.5) if end else FixedLocator([0]))
    if not end:
        axes.text(0.5, 0.5, "none", transform=axes.transAxes, ha="center", va="center", fontsize=SMALL, color=FAINT)
    axes.xaxis.set_major_locator(
        MultipleLocator(weeks(days)) if 14 <= days <= 70 else MaxNLocator(4, integer=days >= 3)
    )
    axes.grid(axis="y", color=GRID, lw=0.6, zorder=0)
    axes.set_axisbelow(True)
    if last:
        axes.set_xlabel("day", fontsize=SMALL, color=FAINT, labelpad=1)
