"""Paired differences: for each endpoint and arm a dot a replicate, the mean with its interval, and the numbers.

Each endpoint has its own scale, with zero at the same place, so that a large change of one does not flatten the others.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from tmesim.figures.style import (
    FAINT,
    GRID,
    INK,
    LABEL,
    REFERENCE_COLOR,
    SMALL,
    Sheet,
    arm_colors,
    fold,
    head_height,
    literal,
    save,
    spelled_out,
    unit_words,
)  # fmt: skip
from tmesim.figures.trajectories import sentence
from tmesim.notices import untreated
from tmesim.observables import observables_of
from tmesim.statistics import change, compact, words
from tmesim.text import line, shortened

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    from tmesim.result import Result
    from tmesim.statistics import Comparison

NAMES, STRIP, LINE, HEADING, AXIS, LEFT = 350, 470, 42, 34, 56, 30  # pixels
COLUMNS = (("reference", 130), ("arm", 120), ("difference [95 % interval]", 350), ("change [95 % interval]", 310),
           ("p", 84))  # fmt: skip


def draw_effects(result: Result, path: Path, endpoints: Sequence[str] | None = None) -> Path | None:
    """The comparison as a picture; nothing to draw without a second arm."""
    figure = effects_figure(result, endpoints)
    return None if figure is None else save(figure, path)


def effects_figure(result: Result, endpoints: Sequence[str] | None = None) -> Figure | None:
    """As `draw_effects`, but not yet a file."""
    rows = [c for c in result.comparisons if endpoints is None or c.endpoint in endpoints]
    if not rows:
        return None
    scenario, reference = result.scenario, words(result.reference)
    known = observables_of(scenario.catalogue, scenario.catalogue.therapies)
    colors = arm_colors(scenario)
    arms = [arm for arm in result.arms if arm != result.reference]
    numbers = LEFT + NAMES + STRIP + 46
    width = numbers + sum(w for _, w in COLUMNS) + 10
    room = width - 2 * LEFT
    title = f"Effects: {words(scenario.name)}"
    about = f"{scenario.question} Values on day {scenario.time.days:g}, {scenario.host}. {how_to_read(result)}"
    top = head_height(title, about, room) + 46
    block = HEADING + len(arms) * LINE + AXIS
    drawn = list(dict.fromkeys(c.endpoint for c in rows))
    notes = spelled_out([known[name].label for name in drawn] + [words(arm) for arm in result.arms])
    notes = fold(f"{notes}.", room, SMALL) if notes else ""
    sheet = Sheet(width, top + len(drawn) * block + 20 * len(notes.splitlines()) + 12)
    sheet.head(LEFT, title, about, room)
    middle = LEFT + NAMES + STRIP / 2
    sheet.text(middle, top - 26, f"difference from {shortened(reference, 22)}", SMALL + 0.5, FAINT, align="center")
    sheet.text(middle - STRIP / 2, top - 26, "◂ less", SMALL + 0.5, FAINT)
    sheet.text(middle + STRIP / 2, top - 26, "more ▸", SMALL + 0.5, FAINT, align="right")
    x = numbers
    for name, across in COLUMNS:
        sheet.text(x, top - 26, shortened(reference, 12) if name == "reference" else name, SMALL + 0.5, FAINT)
        x += across
    for i, endpoint in enumerate(drawn):
        mine = [c for c in rows if c.endpoint == endpoint]
        y = top + i * block
        sheet.text(LEFT, y + 2, shortened(sentence(line(known[endpoint].label)), 110), LABEL + 1, weight="bold")
        sheet.box(LEFT, y - 6, width - 2 * LEFT, 1, GRID)
        axes = sheet.axes(LEFT + NAMES, y + HEADING, STRIP, len(arms) * LINE)
        draw_strip(axes, result, mine, colors)
        axes.set_xlabel(unit_words(known[endpoint].unit), fontsize=SMALL, color=FAINT, labelpad=1)
        for j, c in enumerate(mine):
            row = y + HEADING + (j + 0.5) * LINE
            sheet.box(LEFT + 4, row - 8, 16, 16, colors[c.arm])
            pairs = f" ({c.of} pairs)" if c.n < c.replicates else ""
            name = shortened(words(c.arm), 29 - len(pairs)) + pairs
            sheet.text(LEFT + 30, row, name, LABEL, vertical="center_baseline")
            if untreated(result, c.arm):
                told = f"nothing was given before the end of the run on day {scenario.time.days:g}"
                sheet.text(numbers, row, told, LABEL, FAINT, vertical="center_baseline")
            else:
                write_numbers(sheet, numbers, row, c)
    sheet.text(LEFT, top + len(drawn) * block, notes, SMALL, FAINT)
    return literal(sheet.figure)


def how_to_read(result: Result) -> str:
    n = result.replicates
    if n == 1:
        return "n = 1 pair, which can give no interval. Diamond: the difference."
    shared = "all history and chance until the treatment makes a difference"
    if not result.scenario.one_start:
        shared = "a seed, though not all arms a history: some begin with another tissue"
    return (
        f"n = {n} pairs: replicates that share {shared}. "
        "Dots: pairs. Diamond and bar: their mean and its 95 % interval (Student), bold where it excludes 0. "
        "p: exact test by exchange of signs, not adjusted for the number of rows."
    )


def draw_strip(axes: Axes, result: Result, rows: list[Comparison], colors: dict[str, str]) -> None:
    """One endpoint: arms from top to bottom on a scale that is symmetric about zero; dots above the interval."""
    reach = 0.0
    for j, c in enumerate(rows):
        if untreated(result, c.arm):
            axes.text(0, j, "  not given", fontsize=SMALL, color=FAINT, va="center")
            continue
        d = result.endpoint(c.endpoint, c.arm) - result.endpoint(c.endpoint, c.reference)
        d = d[np.isfinite(d)]
        spread = ((np.arange(d.size) * 0.618) % 1 - 0.5) * 0.16  # the same jitter each time
        axes.scatter(d, j - 0.24 + spread, s=15, c=colors[c.arm], alpha=0.6, linewidths=0, zorder=3)
        if math.isfinite(c.low):
            axes.plot([c.low, c.high], [j + 0.16] * 2, color=INK, lw=1.8, solid_capstyle="butt", zorder=4)
        if math.isfinite(c.difference):
            axes.plot([c.difference], [j + 0.16], marker="D", ms=5.5, mfc=colors[c.arm], mec=INK, mew=0.8, zorder=5)
        else:
            axes.text(0, j, "  not defined", fontsize=SMALL, color=FAINT, va="center")
        reach = max([reach, *np.abs(d), *(abs(v) for v in (c.low, c.high) if math.isfinite(v))])
    reach = reach or 1.0
    axes.axvline(0, color=REFERENCE_COLOR, lw=1.0, zorder=2)
    axes.set(xlim=(-1.06 * reach, 1.06 * reach), ylim=(len(rows) - 0.5, -0.5), yticks=[])
    axes.spines["left"].set_visible(False)
    axes.locator_params(axis="x", nbins=5)
    axes.grid(axis="x", color=GRID, lw=0.6)
    axes.set_axisbelow(True)


def write_numbers(sheet: Sheet, left: float, y: float, c: Comparison) -> None:
    bounds = f" [{compact(c.low)}, {compact(c.high)}]" if math.isfinite(c.low) else ""
    texts = [compact(c.reference_mean), compact(c.mean), compact(c.difference) + bounds, change(c), p_value(c.p)]
    clear = math.isfinite(c.low) and (c.low > 0 or c.high < 0)
    for text, (title, width) in zip(texts, COLUMNS, strict=True):
        weight = "bold" if clear and title.startswith("difference") else "normal"
        sheet.text(left, y, text.replace("-", "−"), LABEL, vertical="center_baseline", weight=weight)
        left += width


def p_value(p: float) -> str:
    if math.isnan(p):
        return "–"
    return f"{p:.3f}" if p >= 0.001 else "<0.001"
