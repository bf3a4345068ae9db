"""Targets as a figure: a run's course beside what was published, then each target with its interval and verdict."""

from __future__ import annotations

from itertools import groupby
from typing import TYPE_CHECKING

import numpy as np
from matplotlib.ticker import MaxNLocator

from tmesim.drawing.drawing import Drawing
from tmesim.drawing.files import literal
from tmesim.drawing.labels import unit_words
from tmesim.drawing.palette import FAINT, GRID, INK, MET, MISSED, REFERENCE_COLOR, WITHIN
from tmesim.drawing.sheet import LABEL, SMALL, TITLE, Sheet, fold, head_height
from tmesim.targets import Course, Found, courses_in, found_in
from tmesim.text import line
from tmesim.wording import capital, compact, words

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from tmesim.result import Result

LEFT, NAMES, STRIP, NUMBERS, SOURCE, ROW, GROUP = 30, 560, 400, 390, 800, 74, 58  # pixels
ACROSS, CHART, CHART_GAP, CHART_HEAD, CHART_FOOT = 3, 250, 96, 40, 70  # of the courses, pixels
VERDICTS = {"met": "met", "below": "missed: too low", "above": "missed: too high", "": "no interval found"}
ALONG = {"day": "day", "radius": "radius of the section, µm"}


def draw_targets(result: Result) -> Drawing:
    """The untreated reference arm of a run beside the targets of its host."""
    rows, courses = found_in(result), courses_in(result)
    scenario, width = result.scenario, 2 * LEFT + NAMES + STRIP + NUMBERS + SOURCE
    title = f"Untreated targets: {words(scenario.name)}"
    held = [row for row in rows if row.verdict]
    about = (
        f"{capital(scenario.host)}, day {scenario.time.days:g}, n = {result.replicates} replicates. Band: the "
        "published interval, open where it has no end. Dots: replicates; bar: their median. Lines: replicates along "
        f"the run. {sum(row.verdict == 'met' for row in held)} of {len(held)} targets with an interval are met."
    )
    groups = [(name, list(those)) for name, those in groupby(rows, key=lambda row: row.target.group)]
    top = head_height(title, about, width - 2 * LEFT) + 16
    chart = CHART_HEAD + CHART + CHART_FOOT
    below = top + chart * -(-len(courses) // ACROSS)
    sheet = Sheet(width, below + len(groups) * GROUP + len(rows) * ROW + 16)
    sheet.head(LEFT, title, about, width - 2 * LEFT)
    wide = (width - 2 * LEFT + CHART_GAP) / ACROSS
    for i, course in enumerate(courses):
        draw_course(sheet, course, LEFT + CHART_GAP / 2 + i % ACROSS * wide, top + i // ACROSS * chart,
                    wide - 1.5 * CHART_GAP)  # fmt: skip
    for name, those in groups:
        sheet.text(LEFT, below + 16, capital(name), TITLE, weight="bold")
        below += GROUP
        for row in those:
            draw_row(sheet, row, below)
            below += ROW
    told = "; ".join(f"{row.target.label}: {VERDICTS[row.verdict]}" for row in held)
    return Drawing(literal(sheet.figure), title, f"{title}. {told}.")


def draw_course(sheet: Sheet, course: Course, x: float, y: float, width: float) -> None:
    """A line for each replicate over the band of what was published."""
    sheet.text(x, y, f"{capital(course.label)}, {unit_words(course.unit)}", LABEL, weight="bold")
    axes = sheet.axes(x, y + CHART_HEAD, width, CHART)
    known = course.y[np.isfinite(course.y)]
    top = 1.12 * max([*known.tolist(), 1e-9])
    if course.band is not None:
        along, low, high = course.band
        top = max(top, min(1.12 * float(np.where(np.isfinite(high), high, low * 1.3).max()), 2.5 * top))
        axes.fill_between(along, low, np.minimum(high, top), color=WITHIN, lw=0)
    for one, values in zip(course.x, course.y, strict=True):
        axes.plot(one, values, color=REFERENCE_COLOR, lw=1.0, alpha=0.8)
    axes.set_ylim(min(0.0, *known.tolist()) if known.size else 0.0, top)
    axes.set_xlabel(ALONG[course.along], fontsize=SMALL, color=INK, labelpad=2)
    axes.xaxis.set_major_locator(MaxNLocator(5))
    axes.yaxis.set_major_locator(MaxNLocator(4))


def draw_row(sheet: Sheet, row: Found, y: float) -> None:
    """A target: name and unit, its strip, the numbers and the verdict, where the interval is from."""
    target, middle = row.target, y + ROW / 2 - 6
    sheet.box(LEFT, y - 5, sheet.width - 2 * LEFT, 1, GRID)
    sheet.text(LEFT, middle - 18, capital(target.label), LABEL, weight="bold")
    sheet.text(LEFT, middle + 4, unit_words(target.unit), SMALL, FAINT)
    draw_strip(sheet.axes(LEFT + NAMES, y + 2, STRIP - 40, ROW - 38), row)
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
    sheet.text(x + NUMBERS, middle - 22, fold(source, SOURCE, SMALL, most=3), SMALL, FAINT)


def draw_strip(axes: Axes, row: Found) -> None:
    """The band of the interval and the dots of the replicates, on a scale that holds both."""
    target, known = row.target, row.values[np.isfinite(row.values)]
    ends = [end for end in (target.low, target.high) if end is not None]
    high = 1.12 * max([*known.tolist(), *ends, 1e-9])
    low = min([0.0, *(1.12 * known).tolist()])
    axes.set(xlim=(low, high), ylim=(-1, 1), yticks=[])
    axes.spines["left"].set_visible(False)
    if ends:
        begin = 0.0 if target.low is None else target.low
        axes.axvspan(begin, high if target.high is None else target.high, color=WITHIN, lw=0)
    spread = np.linspace(-0.45, 0.45, known.size) if known.size > 1 else np.zeros(known.size)
    axes.scatter(known, spread, s=13, color=REFERENCE_COLOR, lw=0, alpha=0.75, zorder=3)
    if known.size:
        axes.plot([np.median(known)] * 2, [-0.8, 0.8], color=INK, lw=1.6, zorder=4)
    axes.xaxis.set_major_locator(MaxNLocator(4))
