"""Runs side by side as a figure: for each endpoint the means with their intervals by run, the differences from the
first run in numbers, and the curves of the runs over each other, an arm a panel."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from tmesim.drawing.curves import Curve
from tmesim.drawing.drawing import Drawing
from tmesim.drawing.files import literal
from tmesim.drawing.labels import spelled_out, unit_words
from tmesim.drawing.palette import ARM_COLORS, FAINT, GRID, INK, REFERENCE_COLOR
from tmesim.drawing.sheet import LABEL, SMALL, Sheet, fold, head_height
from tmesim.drawing.strip import BAR, DOTS, GOLDEN, JITTER
from tmesim.drawing.trajectories import draw_curve, finish
from tmesim.statistics import CONFIDENCE, interval
from tmesim.text import line, shortened
from tmesim.wording import capital, change, compact, words

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from tmesim.runs import Row, Side

LEFT, NAMES, STRIP, NUMBERS, CURVE, GAP, LINE = 30, 300, 340, 480, 300, 70, 42  # pixels
HEADING, AXIS, LEAST, HOW = 40, 62, 190, 305
MOST = 3
"""Arms whose curves have room."""


def draw_runs(sides: Sequence[Side], rows: Sequence[Row]) -> Drawing:
    """Runs side by side. rows : as `runs.rows_of` makes them"""
    colors = colors_of(sides)
    arms = list(range(len(sides[0].arms)))
    shown = arms[:MOST]
    width = LEFT + NAMES + STRIP + 40 + NUMBERS + len(shown) * (CURVE + GAP) + 10
    room = width - 2 * LEFT
    endpoints = list(dict.fromkeys(row.endpoint for row in rows))
    title = f"Runs side by side: {', '.join(side.name for side in sides)}"
    counts = ", ".join(f"{side.name} {side.result.replicates}" for side in sides)
    about = (
        f"Values on day {rows[0].day:g}; replicates: {counts}. Dots: replicates. Diamond and bar: their mean and its "
        f"{100 * CONFIDENCE:g} % interval. Differences are from {sides[0].name}, in pairs where seeds and tissue are "
        "shared, so that they can be surer than the bars look. Curves: medians, with the middle half and "
        "thin lines for replicates; dashed where a run is the first one in every number."
    )
    labels = {name: _known(sides, name) for name in endpoints}
    notes = spelled_out([*(label for label, _ in labels.values()), *(words(a) for side in sides for a in side.arms)])
    notes = fold(f"{notes}.", room, SMALL) if notes else ""
    top = head_height(title, about, room) + 50
    height = HEADING + max(LEAST, LINE * len(arms) * len(sides)) + AXIS
    sheet = Sheet(width, top + height * len(endpoints) + 20 * len(notes.splitlines()) + 12)
    sheet.head(LEFT, title, about, room)
    _headings(sheet, sides, shown, top - 28)
    for i, endpoint in enumerate(endpoints):
        y = top + i * height
        label, unit = labels[endpoint]
        sheet.box(LEFT, y - 6, width - 2 * LEFT, 1, GRID)
        sheet.text(LEFT, y + 2, shortened(capital(line(label)), 110), LABEL + 1, weight="bold")
        mine = {(row.run, row.first_arm): row for row in rows if row.endpoint == endpoint}
        _means(sheet, sides, endpoint, unit, rows[0].day, mine, colors, y + HEADING)
        for j in shown:
            x = LEFT + NAMES + STRIP + 40 + NUMBERS + j * (CURVE + GAP) + GAP
            axes = sheet.axes(x, y + HEADING, CURVE - 10, height - HEADING - AXIS)
            _curves(axes, sides, endpoint, j, colors, last=i == len(endpoints) - 1)
    sheet.text(LEFT, top + height * len(endpoints), notes, SMALL, FAINT)
    told = [f"{row.endpoint} {words(row.arm)} in {row.run}: {compact(row.difference)} ({row.how})" for row in rows]
    return Drawing(literal(sheet.figure), title, f"{title}, differences from {sides[0].name}. {'; '.join(told)}.")


def colors_of(sides: Sequence[Side]) -> dict[str, str]:
    """The first run is gray, each other has a color of its own."""
    others = {side.name: ARM_COLORS[i % len(ARM_COLORS)] for i, side in enumerate(sides[1:])}
    return {sides[0].name: REFERENCE_COLOR} | others


def _known(sides: Sequence[Side], endpoint: str) -> tuple[str, str]:
    for side in sides:
        if endpoint in side.result.observables:
            known = side.result.known(endpoint)
            return known.label, known.unit
    return endpoint, ""


def _headings(sheet: Sheet, sides: Sequence[Side], shown: Sequence[int], y: float) -> None:
    sheet.text(LEFT + NAMES + STRIP + 40, y, f"difference from {shortened(sides[0].name, 24)}", SMALL + 0.5, FAINT)
    for j in shown:
        x = LEFT + NAMES + STRIP + 40 + NUMBERS + j * (CURVE + GAP) + GAP
        names = dict.fromkeys(words(side.arms[j]) for side in sides)
        sheet.text(x, y, shortened(", ".join(names), 34), SMALL + 0.5, FAINT)


def _means(
    sheet: Sheet, sides: Sequence[Side], endpoint: str, unit: str, day: float, rows: dict[tuple[str, str], Row],
    colors: dict[str, str], y: float,
) -> None:  # fmt: skip
    """A line for each arm and run: its dots, mean and interval, and what differs from the first run in numbers."""
    entries = [(side, j) for j in range(len(sides[0].arms)) for side in sides]
    axes = sheet.axes(LEFT + NAMES, y, STRIP, LINE * len(entries))
    for i, (side, j) in enumerate(entries):
        middle, arm, color = y + (i + 0.5) * LINE, side.arms[j], colors[side.name]
        sheet.box(LEFT + 4, middle - 8, 16, 16, color)
        name = f"{words(arm)}, {side.name}" if len(sides[0].arms) > 1 or arm != sides[0].arms[j] else side.name
        sheet.text(LEFT + 30, middle, shortened(name, 30), LABEL, vertical="center_baseline")
        values = np.empty(0)
        if endpoint in side.result.observables and arm in side.result.arms:
            values = side.result.at_day(endpoint, arm, day)
            values = values[np.isfinite(values)]
        _line(axes, i, values, color, side.result.intervals)
        row = rows.get((side.name, sides[0].arms[j])) if side is not sides[0] else None
        if row is not None:
            _numbers(sheet, row, LEFT + NAMES + STRIP + 40, middle)
    axes.set(ylim=(len(entries), 0), yticks=[])
    axes.spines["left"].set_visible(False)
    axes.locator_params(axis="x", nbins=5)
    axes.grid(axis="x", color=GRID, lw=0.6)
    axes.set_axisbelow(True)
    axes.set_xlabel(unit_words(unit), fontsize=SMALL, color=FAINT, labelpad=1)


def _line(axes: Axes, at: int, values: np.ndarray, color: str, kind: str) -> None:
    if not values.size:
        axes.text(0.02, at + 0.5, "not recorded", transform=axes.get_yaxis_transform(), fontsize=SMALL, color=FAINT,
                  va="center")  # fmt: skip
        return
    jitter = (np.arange(values.size) * GOLDEN) % 1 - 0.5
    axes.scatter(values, at + DOTS + JITTER * jitter, s=15, c=color, alpha=0.6, linewidths=0, zorder=3)
    mean, low, high = interval(values, kind=kind)
    if math.isfinite(low):
        axes.plot([low, high], [at + BAR] * 2, color=INK, lw=1.8, solid_capstyle="butt", zorder=4)
    axes.plot([mean], [at + BAR], marker="D", ms=5.5, mfc=color, mec=INK, mew=0.8, zorder=5)


def _numbers(sheet: Sheet, row: Row, x: float, y: float) -> None:
    if row.how == "not compared":
        sheet.text(x, y, shortened(f"not compared: {row.why}", 52), SMALL, FAINT, vertical="center_baseline")
        return
    bounds = f" [{compact(row.low)}, {compact(row.high)}]" if math.isfinite(row.low) else ""
    text = f"{compact(row.difference)}{bounds}, {change(row, bounds=False)}".replace("-", "−")
    weight = "bold" if row.low > 0 or row.high < 0 else "normal"
    sheet.text(x, y, text, LABEL, vertical="center_baseline", weight=weight)
    how = f"{row.n} pairs" if row.how == "paired" else f"unpaired: {row.why}"
    sheet.text(x + HOW, y, shortened(how, 28), SMALL, FAINT, vertical="center_baseline")


def _curves(axes: Axes, sides: Sequence[Side], endpoint: str, j: int, colors: dict[str, str], last: bool) -> None:
    """The runs over each other, the first one below."""
    first, first_values = sides[0], np.empty(0)
    if endpoint in first.result.observables and first.arms[j] in first.result.arms:
        first_values = first.result.series(endpoint, first.arms[j])[1]
    longest = max(sides, key=lambda side: side.result.scenario.time.days).result.scenario
    for side in sides:
        if endpoint in side.result.observables and side.arms[j] in side.result.arms:
            days, values = side.result.series(endpoint, side.arms[j])
            same = side is not first and np.array_equal(values, first_values, equal_nan=True)
            draw_curve(axes, Curve.of(side.arms[j], days, values, same), colors[side.name])
    finish(axes, longest, last_row=last)
