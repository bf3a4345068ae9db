"""What groups of rules contribute, as a figure: the groups of each treated arm ranked, each a bar with its interval."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
from matplotlib.ticker import MaxNLocator

from tmesim.drawing.drawing import Drawing
from tmesim.drawing.files import literal
from tmesim.drawing.labels import spelled_out, unit_words
from tmesim.drawing.palette import FAINT, GRID, INK, REFERENCE_COLOR, arm_colors, paler
from tmesim.drawing.sheet import LABEL, SMALL, TITLE, Sheet, fold, head_height
from tmesim.statistics import interval
from tmesim.text import shortened
from tmesim.wording import capital, compact, words

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from tmesim.ablation import Ablation, Contribution

LEFT, NAMES, STRIP, NUMBERS, ROW, HEADING, AXIS = 30, 560, 480, 400, 30, 62, 66  # pixels
MOST = 14
"""Groups that are drawn; those that change nothing are told below."""


def draw_ablation(ablation: Ablation, endpoint: str | None = None) -> Drawing:
    """The groups of rules by what they contribute to the effect of each treated arm.

    endpoint : by default the first of the scenario
    """
    result, endpoint = ablation.result, endpoint or ablation.endpoints[0]
    known, n = result.known(endpoint), result.replicates
    ranked = {arm: ablation.ranked(endpoint, arm) for arm in ablation.arms}
    shown = {arm: [each for each in every if each.spread[0] != 0][:MOST] for arm, every in ranked.items()}
    width = 2 * LEFT + NAMES + STRIP + NUMBERS
    room = width - 2 * LEFT
    title = f"What each mechanism contributes: {words(result.scenario.name)}"
    about = (
        f"Effect on {known.label} ({unit_words(known.unit)}) on day {result.scenario.time.days:g}, n = {n} pairs. Each "
        "group of rules is switched off from the first dose on, in the arm and in the reference. Bar: the effect with "
        "the group less the effect without it, which is what the group contributes; line: 95 % interval (Student), "
        "bold where it leaves out 0. Groups interact, so bars need not add up to the effect."
    )
    top = head_height(title, about, room) + 20
    heights = {arm: HEADING + ROW * (1 + len(some)) + AXIS for arm, some in shown.items()}
    none = {arm: [each.group for each in every if each.spread[0] == 0] for arm, every in ranked.items()}
    texts = [
        f"{capital(words(arm))}: {len(some)} of {len(ranked[arm])} groups change nothing"
        + (f" ({', '.join(map(words, some))})." if some else ".")
        for arm, some in none.items()
    ]
    texts.append(spelled_out([*(each.label for some in shown.values() for each in some), *map(words, ablation.arms)]))
    notes = "\n".join(fold(text, room, SMALL) for text in texts if text)
    height = top + sum(heights.values())
    sheet = Sheet(width, height + 20 * len(notes.splitlines()) + 20)
    sheet.head(LEFT, title, about, room)
    colors, y = arm_colors(result.scenario), top
    for arm, some in shown.items():
        draw_arm(sheet, words(arm), some, ranked[arm][0], colors[arm], unit_words(known.unit), y)
        y += heights[arm]
    sheet.text(LEFT, height, notes, SMALL, FAINT)
    return Drawing(literal(sheet.figure), title, f"{title}. {' '.join(ablation.sentences)}")


def draw_arm(
    sheet: Sheet, name: str, rows: Sequence[Contribution], whole: Contribution, color: str, unit: str, y: float
) -> None:
    """The whole effect, then a row for each group."""
    sheet.box(LEFT, y - 6, sheet.width - 2 * LEFT, 1, GRID)
    sheet.box(LEFT, y + 8, 6, 22, color)
    sheet.text(LEFT + 16, y + 6, shortened(capital(name), 60), TITLE, weight="bold")
    sheet.text(LEFT + NAMES + STRIP + 30, y + 12, "contribution [95 % interval]", SMALL + 0.5, FAINT)
    effect = interval(whole.effect[~np.isnan(whole.effect)])
    lines = [("the whole effect", effect, effect[1] > 0 or effect[2] < 0)]
    lines += [(each.label, each.spread, each.sure) for each in rows]
    axes = sheet.axes(LEFT + NAMES, y + HEADING - 20, STRIP, ROW * len(lines))
    on_axes(axes, [spread for _, spread, _ in lines], color, unit)
    for i, (text, (mean, low, high), strong) in enumerate(lines):
        middle = y + HEADING - 20 + (i + 0.5) * ROW
        weight = "bold" if strong else "normal"
        bounds = f" [{compact(low)}, {compact(high)}]" if math.isfinite(low) else ""
        sheet.text(LEFT + NAMES - 16, middle, shortened(capital(text), 72), LABEL, align="right",
                   vertical="center_baseline", weight="bold" if i == 0 else "normal")  # fmt: skip
        sheet.text(LEFT + NAMES + STRIP + 30, middle, f"{compact(mean)}{bounds}".replace("-", "−"), LABEL,
                   vertical="center_baseline", weight=weight)  # fmt: skip


def on_axes(axes: Axes, spreads: Sequence[tuple[float, float, float]], color: str, unit: str) -> None:
    """Bars from 0 with their intervals, from top to bottom, the first one in the color of references."""
    for i, (mean, low, high) in enumerate(spreads):
        axes.barh(i + 0.5, mean, 0.62, color=REFERENCE_COLOR if i == 0 else paler(color, 0.2), zorder=2)
        if math.isfinite(low):
            axes.plot([low, high], [i + 0.5] * 2, color=INK, lw=1.4, solid_capstyle="butt", zorder=4)
    axes.set(ylim=(len(spreads), 0), yticks=[])
    axes.spines["left"].set_visible(False)
    axes.axvline(0, color=REFERENCE_COLOR, lw=1.0, zorder=3)
    axes.set_xlabel(unit, fontsize=SMALL, color=FAINT, labelpad=1)
    axes.xaxis.set_major_locator(MaxNLocator(6))
    axes.grid(axis="x", color=GRID, lw=0.6)
    axes.set_axisbelow(True)
