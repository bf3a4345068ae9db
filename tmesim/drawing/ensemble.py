"""An ensemble as a figure: for each conclusion the effects over parameter sets, and in what share each outcome comes
out."""

from __future__ import annotations

from itertools import groupby
from typing import TYPE_CHECKING

import numpy as np

from tmesim.conclusions import OUTCOMES, VERDICTS
from tmesim.drawing.drawing import Drawing
from tmesim.drawing.files import literal
from tmesim.drawing.palette import FAINT, FRAME, GRID, INK, LESS, MORE, REFERENCE_COLOR, WITHIN
from tmesim.drawing.sheet import LABEL, SMALL, TITLE, Sheet, fold, head_height
from tmesim.text import line
from tmesim.wording import capital, words

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from tmesim.ensemble.study import Result, Said

LEFT, NAMES, STRIP, GAP, BAR, NOTES, ROW, GROUP, FOOT = 30, 620, 620, 40, 400, 560, 66, 56, 66  # pixels
COLORS = {"less": LESS, "same": FRAME, "more": MORE}
"""Of the outcomes; about the same is gray."""
TICKS = (0.125, 0.25, 0.5, 0.8, 1.25, 2, 4, 8)
FARTHEST = 8.0
"""A ratio beyond this, or below one over it, is drawn at the end of the scale."""
DOTS, GOLDEN = 0.55, 0.618034


def draw_ensemble(result: Result) -> Drawing:
    """Conclusions by scenario, in the order of their file."""
    width = 2 * LEFT + NAMES + STRIP + GAP + BAR + GAP + NOTES
    percent = f"{100 * result.known.margin:.0f} %"
    title = "Which conclusions hold in other parameter sets"
    about = (
        f"{told_sets(result)} Each dot is the mean of {result.pairs} pairs of a set, as a ratio on the last day; the "
        f"dark bar spans half of the sets once chance is taken off; the diamond is the catalogue's own numbers "
        f"({result.own_pairs} pairs, 95 % interval). Band: about the same (± {percent}). On the right, the share of "
        f"sets in which each outcome comes out: bar, with chance taken off; below it, as counted. {result.date}."
    )
    groups = [(name, list(rows)) for name, rows in groupby(result.rows, key=lambda row: row.conclusion.scenario)]
    top = head_height(title, about, width - 2 * LEFT) + 16
    sheet = Sheet(width, top + len(groups) * GROUP + len(result.rows) * ROW + FOOT)
    sheet.head(LEFT, title, about, width - 2 * LEFT)
    far = reach(result)
    at = LEFT + NAMES + STRIP + GAP
    for outcome, told in zip(OUTCOMES, ("less", "about the same", "more"), strict=True):
        sheet.box(at, top + 22, 16, 16, COLORS[outcome])
        sheet.text(at + 24, top + 20, told, SMALL, FAINT)
        at += 90 if outcome == "less" else 170
    below = top
    for name, rows in groups:
        sheet.text(LEFT, below + 14, f"{capital(words(line(name)))}, {rows[0].host}, day {rows[0].day:g}", TITLE,
                   weight="bold")  # fmt: skip
        below += GROUP
        for row in rows:
            draw_row(sheet, row, far, result, below)
            below += ROW
    scale(sheet, far, below)
    told = "; ".join(
        f"{row.conclusion.says(row.shares.outcome)} in {100 * row.shares.share:.0f} %" for row in result.rows
        if row.shares.outcome
    )  # fmt: skip
    return Drawing(literal(sheet.figure), title, f"{title}. {told}.")


def told_sets(result: Result) -> str:
    """How many sets of which host there are."""
    each = [f"{count} parameter sets of the {host}" for host, count in result.sets.items()]
    return f"{' and '.join(each)} that are not ruled out by untreated tumors."


def reach(result: Result) -> float:
    """The end of the scale, as a logarithm."""
    ends = [np.abs(row.shares.means).max(initial=0.0) for row in result.rows]
    return float(np.log(np.clip(np.exp(max(ends, default=0.0)) * 1.1, 1.6, FARTHEST * 1.05)))


def draw_row(sheet: Sheet, row: Said, far: float, result: Result, y: float) -> None:
    """A conclusion: its words, the effects over sets, the shares of its outcomes, and whether it holds."""
    each, shares, middle = row.conclusion, row.shares, y + ROW / 2
    sheet.box(LEFT, y, sheet.width - 2 * LEFT, 1, GRID)
    said = each.says(shares.outcome) if shares.outcome else f"{each.who}, {each.endpoint.noun}: not defined"
    sheet.text(LEFT, middle, fold(capital(said), NAMES - 20, LABEL, most=2), LABEL, vertical="center")
    axes = sheet.axes(LEFT + NAMES, y + 3, STRIP, ROW - 5)
    axes.set(xlim=(-far, far), ylim=(-1, 1), xticks=[], yticks=[])
    for spine in axes.spines.values():
        spine.set_visible(False)
    axes.axvspan(*result.known.bounds, color=WITHIN, lw=0)
    axes.axvline(0, color=REFERENCE_COLOR, lw=0.8)
    draw_effects(axes, row, far)
    if not shares.outcome:
        return
    x = LEFT + NAMES + STRIP + GAP
    at = float(x)
    for outcome, share in zip(OUTCOMES, shares.shares, strict=True):
        sheet.box(at, y + 12, BAR * share, 22, COLORS[outcome])
        at += BAR * share
    counted = ", ".join(f"{count} {'about the same' if outcome == 'same' else outcome}"
                        for outcome, count in zip(OUTCOMES, shares.counts, strict=True) if count)  # fmt: skip
    sheet.text(x, y + 38, f"counted: {counted}", SMALL, FAINT)
    notes = x + BAR + GAP
    told = f"{100 * shares.share:.0f} % [{100 * shares.low:.0f}, {100 * shares.high:.0f}]"
    sheet.text(notes, y + 10, f"{told}   {VERDICTS[shares.verdict]}", LABEL,
               weight="bold" if shares.verdict == "yes" else "normal")  # fmt: skip
    if row.own_outcome not in ("", shares.outcome):
        other = {"less": "less", "same": "about the same", "more": "more"}[row.own_outcome]
        sheet.text(notes, y + 36, f"with the catalogue's own numbers: {other}", SMALL, FAINT)


def draw_effects(axes: Axes, row: Said, far: float) -> None:
    """Dots of the sets above, the middle half with chance taken off and the catalogue's own numbers below."""
    low, high = (np.log(end) for end in (1 / FARTHEST, FARTHEST))
    means = np.clip(row.shares.means, max(low, -far * 0.98), min(high, far * 0.98))
    heights = 0.35 + DOTS * (((np.arange(len(means)) * GOLDEN) % 1) - 0.5)
    axes.scatter(means, heights, s=13, color=REFERENCE_COLOR, lw=0, alpha=0.6, zorder=3)
    if len(means):
        ends = np.clip(np.quantile(row.shares.settled, (0.25, 0.5, 0.75)), -far, far)
        axes.plot(ends[[0, 2]], [-0.3, -0.3], color=INK, lw=3.2, solid_capstyle="butt", zorder=4)
        axes.plot([ends[1]] * 2, [-0.5, -0.1], color=INK, lw=1.4, zorder=4)
    if np.isfinite(row.own_low):
        axes.plot(np.clip([row.own_low, row.own_high], -far, far), [-0.72] * 2, color=FRAME, lw=1.4, zorder=4)
    if np.isfinite(row.own):
        axes.plot([np.clip(row.own, -far, far)], [-0.72], marker="D", ms=4.5, mfc="white", mec=INK, mew=0.9, zorder=5)


def scale(sheet: Sheet, far: float, y: float) -> None:
    """The scale of ratios below the last row."""
    axes = sheet.axes(LEFT + NAMES, y, STRIP, 4)
    axes.set(xlim=(-far, far), yticks=[])
    axes.spines["left"].set_visible(False)
    ticks = [tick for tick in (*TICKS, 1.0) if abs(np.log(tick)) < far]
    axes.set_xticks(np.log(ticks), [f"{tick:g}" for tick in ticks])
    axes.set_xlabel("ratio to what it is compared with", fontsize=SMALL, color=FAINT, labelpad=1)
