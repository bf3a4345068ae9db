"""Paired differences: for each endpoint and arm a dot a replicate, the mean with its interval, and the numbers.

Each endpoint has its own scale, with zero at the same place, so that a large change of one does not flatten the others.
"""

from __future__ import annotations

import math
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from tmesim.figures.style import FAINT, GRID, LABEL, REFERENCE_COLOR, SMALL, Sheet, arm_colors
from tmesim.figures.trajectories import sentence
from tmesim.observables import observables_of
from tmesim.statistics import change, compact, words

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from tmesim.result import Result
    from tmesim.statistics import Comparison

STRIP = 470  # pixels wide
NAMES = 390
COLUMNS = (
    ("reference", 160),
    ("arm", 180),
    ("difference [95 % interval]", 350),
    ("change [95 % interval]", 290),
    ("p", 70),
)


def draw_effects(result: Result, path: Path) -> Path | None:
    """The comparison as a picture; nothing to draw without a second arm."""
    rows = result.comparisons
    if not rows:
        return None
    known = observables_of(result.scenario.catalogue, result.scenario.catalogue.therapies)
    colors = arm_colors(result.scenario)
    arms = [arm for arm in result.arms if arm != result.reference]
    line, gap, left, top = 34, 40, 40, 150 if len(arms) == 1 else 180
    block = len(arms) * line + gap
    endpoints = list(dict.fromkeys(c.endpoint for c in rows))
    numbers = left + NAMES + STRIP + 50
    sheet = Sheet(numbers + sum(w for _, w in COLUMNS) + 10, top + len(endpoints) * block + 50)
    x = numbers
    heads = {"reference": words(result.reference), "arm": words(arms[0]) if len(arms) == 1 else "arm"}
    for title, width in COLUMNS:
        sheet.text(x, top - 34, heads.get(title, title), SMALL + 0.5, FAINT)
        x += width
    for i, endpoint in enumerate(endpoints):
        mine = [c for c in rows if c.endpoint == endpoint]
        y = top + i * block
        sheet.text(left, y + len(arms) * line / 2, sentence(known[endpoint].label), LABEL + 1, vertical="center",
                   weight="bold")  # fmt: skip
        sheet.text(left, y + len(arms) * line / 2 + 13, known[endpoint].unit, SMALL, FAINT)
        axes = sheet.axes(left + NAMES, y, STRIP, len(arms) * line)
        draw_strip(axes, result, mine, colors)
        for j, c in enumerate(mine):
            write_numbers(sheet, numbers, y + (j + 0.5) * line, c)
    sheet.text(left, 20, f"Effects: {words(result.scenario.name)}", 14, weight="bold")
    n = f"n = {result.replicates} pairs: replicates that share all history and luck up to the first difference"
    sheet.text(left, 52, f"{result.scenario.question} {n}.", LABEL, color=FAINT)
    sheet.text(left, 74, f"Values at day {result.scenario.time.days:g}. Dots: replicates. Bar: mean and 95 % interval "
               f"(Student). p: exchange of signs.", LABEL, color=FAINT)  # fmt: skip
    sheet.text(left + NAMES + STRIP / 2, top - 34, f"difference from {words(result.reference)}", SMALL + 0.5, FAINT,
               align="center")  # fmt: skip
    if len(arms) > 1:
        legend(sheet, left, 100, {arm: colors[arm] for arm in arms})
    return sheet.save(path)


def draw_strip(axes: Axes, result: Result, rows: list[Comparison], colors: dict[str, str]) -> None:
    """One endpoint: arms from top to bottom on a scale that is symmetric about zero."""
    reach = 0.0
    for j, c in enumerate(rows):
        d = result.endpoint(c.endpoint, c.arm) - result.endpoint(c.endpoint, c.reference)
        d = d[np.isfinite(d)]
        spread = ((np.arange(d.size) * 0.618) % 1 - 0.5) * 0.5  # the same jitter each time
        axes.scatter(d, j + spread, s=15, c=colors[c.arm], alpha=0.55, linewidths=0, zorder=3)
        if math.isfinite(c.low):
            axes.plot([c.low, c.high], [j, j], color="black", lw=1.6, solid_capstyle="butt", zorder=4)
        if math.isfinite(c.difference):
            axes.plot([c.difference], [j], marker="D", ms=5, mfc=colors[c.arm], mec="black", mew=0.8, zorder=5)
        reach = max([reach, *np.abs(d), *(abs(v) for v in (c.low, c.high) if math.isfinite(v))])
    reach = reach or 1.0
    axes.axvline(0, color=REFERENCE_COLOR, lw=0.9, zorder=2)
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
        sheet.text(left, y, text.replace("-", "−"), LABEL, vertical="center", weight=weight)
        left += width


def p_value(p: float) -> str:
    if math.isnan(p):
        return "–"
    return f"{p:.3f}" if p >= 0.001 else "<0.001"


def legend(sheet: Sheet, left: float, top: float, colors: dict[str, str]) -> None:
    from matplotlib.lines import Line2D

    handles = [
        Line2D([], [], ls="", marker="D", ms=5, mfc=c, mec="black", mew=0.8, label=words(a)) for a, c in colors.items()
    ]
    sheet.figure.legend(
        handles=handles, loc="upper left", bbox_to_anchor=((left - 6) / sheet.width, 1 - top / sheet.height), ncols=6,
        fontsize=LABEL, frameon=False, borderaxespad=0,
    )  # fmt: skip
