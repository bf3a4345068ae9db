"""Targets as a figure: for each the published interval as a band, and an untreated run's replicates as dots on it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from matplotlib.ticker import MaxNLocator

from tmesim.drawing.drawing import Drawing
from tmesim.drawing.files import literal
from tmesim.drawing.labels import unit_words
from tmesim.drawing.palette import FAINT, GRID, INK, MET, MISSED, REFERENCE_COLOR, WITHIN
from tmesim.drawing.sheet import LABEL, SMALL, Sheet, fold, head_height
from tmesim.targets import Found, found_in
from tmesim.text import line
from tmesim.wording import capital, compact, words

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from tmesim.result import Result

LEFT, NAMES, STRIP, NUMBERS, SOURCE, ROW = 30, 430, 430, 330, 800, 86  # pixels
VERDICTS = {"met": "met", "below": "missed: too low", "above": "missed: too high", "": "no interval found"}


def draw_targets(result: Result) -> Drawing:
    """The untreated reference arm of a run beside the targets of its host."""
    rows = found_in(result)
    scenario, width = result.scenario, 2 * LEFT + NAMES + STRIP + NUMBERS + SOURCE
    title = f"Untreated targets: {words(scenario.name)}"
    held = [row for row in rows if row.verdict]
    about = (
        f"{capital(scenario.host)}, day {scenario.time.days:g}, n = {result.replicates} replicates. Band: the "
        "published interval, open where it has no end. Dots: replicates; bar: their median. "
        f"{sum(row.verdict == 'met' for row in held)} of {len(held)} targets with an interval are met."
    )
    top = head_height(title, about, width - 2 * LEFT) + 16
    sheet = Sheet(width, top + len(rows) * ROW + 16)
    sheet.head(LEFT, title, about, width - 2 * LEFT)
    for i, row in enumerate(rows):
        draw_row(sheet, row, top + i * ROW)
    told = "; ".join(f"{row.target.label}: {VERDICTS[row.verdict]}" for row in held)
    return Drawing(literal(sheet.figure), title, f"{title}. {told}.")


def draw_row(sheet: Sheet, row: Found, y: float) -> None:
    """A target: name and unit, its strip, the numbers and the verdict, where the interval is from."""
    target, middle = row.target, y + ROW / 2 - 8
    sheet.box(LEFT, y - 6, sheet.width - 2 * LEFT, 1, GRID)
    sheet.text(LEFT, middle - 18, capital(target.label), LABEL, weight="bold")
    sheet.text(LEFT, middle + 4, unit_words(target.unit), SMALL, FAINT)
    draw_strip(sheet.axes(LEFT + NAMES, y + 4, STRIP - 40, ROW - 44), row)
    x = LEFT + NAMES + STRIP
    known = row.values[np.isfinite(row.values)]
    given = compact(float(np.median(known))) if known.size else "–"
    ends = [compact(end) if end is not None else "" for end in (target.low, target.high)]
    between = {(True, True): f"{ends[0]} to {ends[1]}", (True, False): f"at least {ends[0]}",
               (False, True): f"at most {ends[1]}"}  # fmt: skip
    interval = between.get((bool(ends[0]), bool(ends[1])), "–")
    sheet.text(x, middle - 18, f"{given}  against  {interval}", LABEL)
    color = {"met": MET, "": FAINT}.get(row.verdict, MISSED)
    sheet.text(x, middle + 4, VERDICTS[row.verdict], SMALL, color, weight="bold" if row.verdict else "normal")
    source = line(target.source) + (f" [{target.checked}]" if target.source else "")
    sheet.text(x + NUMBERS, middle - 20, fold(source, SOURCE, SMALL, most=3), SMALL, FAINT)


def draw_strip(axes: Axes, row: Found) -> None:
    """The band of the interval and the dots of the replicates, on a scale that holds both."""
    target, known = row.target, row.values[np.isfinite(row.values)]
    ends = [end for end in (target.low, target.high) if end is not None]
    high = 1.12 * max([*known.tolist(), *ends, 1e-9])
    axes.set(xlim=(0.0, high), ylim=(-1, 1), yticks=[])
    axes.spines["left"].set_visible(False)
    if ends:
        axes.axvspan(target.low or 0.0, high if target.high is None else target.high, color=WITHIN, lw=0)
    spread = np.linspace(-0.45, 0.45, known.size) if known.size > 1 else np.zeros(known.size)
    axes.scatter(known, spread, s=13, color=REFERENCE_COLOR, lw=0, alpha=0.75, zorder=3)
    if known.size:
        axes.plot([np.median(known)] * 2, [-0.8, 0.8], color=INK, lw=1.6, zorder=4)
    axes.xaxis.set_major_locator(MaxNLocator(4))
