"""Predictions as a figure: what the model gives beside what was published, and beside what was predicted of it."""

from __future__ import annotations

import math
from collections.abc import Sequence
from itertools import groupby
from typing import TYPE_CHECKING

from matplotlib.ticker import FuncFormatter, MaxNLocator

from tmesim.drawing.drawing import Drawing
from tmesim.drawing.files import literal
from tmesim.drawing.palette import ARM_COLORS, FAINT, GRID, INK, MET, MISSED, REFERENCE_COLOR, WITHIN
from tmesim.drawing.sheet import LABEL, SMALL, TITLE, Sheet, fold, head_height
from tmesim.text import line
from tmesim.wording import capital, compact, words

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from tmesim.predictions.rows import Row

LEFT, NAMES, STRIP, NUMBERS, SOURCE, ROW, GROUP = 30, 660, 520, 430, 640, 92, 58  # pixels
OURS = ARM_COLORS[1]
COLORS = {"hit": MET, "miss": MISSED, "inconclusive": FAINT}
WIDEST = 3.0
"""A scale goes no farther, on the side of increases, than this relative change, unless the model's value does."""


def draw_predictions(rows: Sequence[Row], about: str) -> Drawing:
    """A row for each prediction, by group."""
    width = 2 * LEFT + NAMES + STRIP + NUMBERS + SOURCE
    title = "Predictions beside what was published"
    counts = ", ".join(f"{sum(row.verdict == verdict for row in rows)} {verdict}" for verdict in COLORS)
    about = (
        f"{about}. Band: what the publication lets expect, open where it has no end. Blue line: our prediction. Dot "
        "and bar: the model, with its 95 % interval over pairs. Relative changes; of combinations the share beyond "
        f"independence. {counts}."
    )
    groups = [(name, list(those)) for name, those in groupby(rows, key=lambda row: row.group)]
    y = head_height(title, about, width - 2 * LEFT) + 16
    sheet = Sheet(width, y + len(groups) * GROUP + len(rows) * ROW + 16)
    sheet.head(LEFT, title, about, width - 2 * LEFT)
    for name, those in groups:
        sheet.text(LEFT, y + 16, capital(name), TITLE, weight="bold")
        y += GROUP
        for row in those:
            _draw_row(sheet, row, y)
            y += ROW
    told = "; ".join(f"{row.label}: {row.verdict}" for row in rows)
    return Drawing(literal(sheet.figure), title, f"{title}. {told}.")


def _draw_row(sheet: Sheet, row: Row, y: float) -> None:
    middle = y + ROW / 2 - 6
    sheet.box(LEFT, y - 5, sheet.width - 2 * LEFT, 1, GRID)
    sheet.text(LEFT, middle - 32, fold(capital(line(row.label)), NAMES - 24, LABEL, most=2), LABEL, weight="bold")
    sheet.text(LEFT, middle + 20, f"{words(row.host)}, day {row.day:g}, n = {row.pairs} pairs", SMALL, FAINT)
    _draw_strip(sheet.axes(LEFT + NAMES, y + 2, STRIP - 50, ROW - 38), row)
    x = LEFT + NAMES + STRIP
    sheet.text(x, middle - 20, interval_told(row.value, row.low, row.high), LABEL)
    sheet.text(x, middle + 2, row.verdict, SMALL, COLORS[row.verdict], weight="bold")
    sheet.text(x + 136, middle + 2, f"our prediction: {row.ours}", SMALL, OURS)
    source = f"{span_told(row.published_low, row.published_high)}: {line(row.source)} [{row.checked}]."
    note = f" {capital(row.note)}." if row.note else ""
    sheet.text(x + NUMBERS, middle - 22, fold(source + note, SOURCE, SMALL, most=3), SMALL, FAINT)


def _draw_strip(axes: Axes, row: Row) -> None:
    """The published band, the line of what was predicted, and the model, on a scale that holds them."""
    ends = [row.published_low, row.published_high, row.our_low, row.our_high, row.value, row.low, row.high, 0.0]
    known = [end for end in ends if math.isfinite(end)]
    most = max(WIDEST, row.value if math.isfinite(row.value) else 0.0)
    low, high = min(known), min(max(known), most)
    room = max(0.15 * (high - low), 0.02)
    left, right = low - room, high + room
    axes.set(xlim=(left, right), ylim=(-1, 1), yticks=[])
    axes.spines["left"].set_visible(False)
    axes.axvspan(row.published_low if math.isfinite(row.published_low) else left,
                 row.published_high if math.isfinite(row.published_high) else right, color=WITHIN, lw=0)  # fmt: skip
    axes.axvline(0, color=FAINT, lw=0.7, zorder=2)
    mine = [row.our_low if math.isfinite(row.our_low) else left, row.our_high if math.isfinite(row.our_high) else right]
    axes.plot(mine, [-0.62, -0.62], color=OURS, lw=2.2, solid_capstyle="butt", zorder=3)
    if math.isfinite(row.low):
        axes.plot([row.low, row.high], [0.25, 0.25], color=INK, lw=1.6, zorder=4)
    if math.isfinite(row.value):
        axes.plot([row.value], [0.25], "o", color=REFERENCE_COLOR, ms=4.5, zorder=5)
    axes.xaxis.set_major_locator(MaxNLocator(4))
    axes.xaxis.set_major_formatter(FuncFormatter(lambda at, _: percent(at)))


def percent(value: float) -> str:
    """A relative change, or a share, in %."""
    if math.isnan(value):
        return "–"
    told = compact(round(100 * value, 6))
    return f"+{told} %" if value > 0 else f"{told.replace('-', '−')} %"


def interval_told(value: float, low: float, high: float) -> str:
    """A value with its interval, where it has one."""
    between = f" [{percent(low)}, {percent(high)}]" if math.isfinite(low) and math.isfinite(high) else ""
    return f"{percent(value)}{between}"


def span_told(low: float, high: float) -> str:
    """An interval, or the side that it is."""
    if math.isfinite(low) and math.isfinite(high):
        return f"{percent(low)} to {percent(high)}"
    return f"at most {percent(high)}" if math.isfinite(high) else f"at least {percent(low)}"
