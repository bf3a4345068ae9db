"""Why arms differ as a figure: from the reference's tumor cells to an arm's, a step for each cause, and the births and
losses of each day."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np
from matplotlib.ticker import MaxNLocator

from tmesim.drawing.drawing import Drawing
from tmesim.drawing.files import literal
from tmesim.drawing.labels import spelled_out
from tmesim.drawing.palette import FAINT, GRID, INK, REFERENCE_COLOR, arm_colors, paler
from tmesim.drawing.sheet import LABEL, SMALL, TITLE, Sheet, fold, head_height
from tmesim.notices import untreated
from tmesim.statistics import interval
from tmesim.text import shortened
from tmesim.why import GAIN, HELD, LOSS, TUMOR, Term, Why, label
from tmesim.wording import capital, compact, words

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from tmesim.result import Result

LEFT, NAMES, STEPS, NUMBERS, ROW, HEADING, AXIS = 30, 400, 560, 330, 34, 66, 64  # pixels
PANEL, HIGH, ACROSS, BETWEEN, ABOVE, BELOW = 340, 190, 3, 84, 44, 62  # pixels of the curves
MOST_STEPS, MOST_CURVES = 7, 6


@dataclass(frozen=True)
class Step:
    """A row of a waterfall: from `begin` to `end` cells, with an interval of the end where there is one.

    whole : it is a number of cells, not a step between two
    """

    name: str
    begin: float
    end: float
    low: float = math.nan
    high: float = math.nan
    whole: bool = False

    @property
    def sure(self) -> bool:
        """Whether the interval of the step leaves out 0."""
        return self.low > self.begin or self.high < self.begin

    @property
    def told(self) -> str:
        """Its number, with its interval."""
        if self.whole:
            return compact(self.end)
        low, high = (compact(bound - self.begin) for bound in (self.low, self.high))
        bounds = "" if math.isnan(self.low) else f" [{low}, {high}]"
        return f"{'+' * (self.end > self.begin)}{compact(self.end - self.begin)}{bounds}".replace("-", "−")


def draw_why(result: Result) -> Drawing:
    """A waterfall for each arm that was given something, and curves of the causes; of one arm alone its own balance."""
    why = Why(result)
    others = [arm for arm in result.arms if arm != result.reference and not untreated(result, arm)]
    blocks = {arm: between_arms(why, arm) for arm in others} or {result.reference: within_arm(why, result.reference)}
    scenario, n, colors = result.scenario, result.replicates, arm_colors(result.scenario)
    width = 2 * LEFT + NAMES + STEPS + NUMBERS
    room = width - 2 * LEFT
    title = f"Why: {words(scenario.name)}"
    lines = f"Lines: 95 % interval ({result.intervals}, paired), bold numbers where it leaves out 0. "
    about = (
        f"Tumor cells on day {scenario.time.days:g}, {scenario.host}, n = {n} replicate{'s' * (n > 1)}. Each bar is "
        "what one cause of births or losses adds to the tumor or takes from it; together they are the difference. "
        f"{lines * (n > 1)}"
        "Below: events a day in each arm, means of the replicates."
    )
    curves = shown_curves(why)
    top = head_height(title, about, room) + 20
    heights = {arm: HEADING + ROW * len(steps) + AXIS for arm, steps in blocks.items()}
    chart = ABOVE + HIGH + BELOW
    height = top + sum(heights.values()) + chart * -(-len(curves) // ACROSS)
    notes = spelled_out([*(step.name for steps in blocks.values() for step in steps), *map(words, result.arms)])
    notes = fold(f"{notes}.", room, SMALL) if notes else ""
    sheet = Sheet(width, height + 20 * len(notes.splitlines()) + 20)
    sheet.head(LEFT, title, about, room)
    y = top
    for arm, steps in blocks.items():
        draw_block(sheet, words(arm), steps, colors[arm], y)
        y += heights[arm]
    for i, (way, cause) in enumerate(curves):
        x = LEFT + 60 + i % ACROSS * (PANEL + BETWEEN)
        draw_curve(sheet, why, way, cause, colors, x, y + i // ACROSS * chart)
    sheet.text(LEFT, height, notes, SMALL, FAINT)
    return Drawing(literal(sheet.figure), title, f"{title}. {' '.join(why.sentences)}")


def between_arms(why: Why, arm: str) -> list[Step]:
    """The steps from the reference's cells to those of an arm, the largest first."""
    *terms, now = why.terms(arm)
    terms = [term for term in terms if term.way != HELD and term.effects.any()]
    reference = float((now.values - now.effects).mean())
    against = words(why.result.reference)
    last = Step(f"cells: {words(arm)}", 0, now.spread[0], whole=True)
    return [*waterfall(why, terms, f"cells: {against}", reference), last]


def within_arm(why: Why, arm: str) -> list[Step]:
    """The steps from an arm's cells at the start to those at the end."""
    terms = [term for term in why.terms(arm, since=0.0) if term.way in (GAIN, LOSS)]
    begun = [term for term in terms if term.cause == "start"]
    first = float(sum(term.spread[0] for term in begun))
    steps = [
        replace(t, effects=t.values if t.way == GAIN else -t.values)
        for t in terms
        if t.cause != "start"
    ]
    last = first + sum(term.effect[0] for term in steps)
    return [*waterfall(why, steps, "cells at the start", first), Step("cells at the end", 0, last, whole=True)]


def waterfall(why: Why, terms: list[Term], name: str, first: float) -> list[Step]:
    """Steps of terms from a first number on, those beyond MOST_STEPS together."""
    ordered = sorted(terms, key=lambda term: -abs(term.effect[0]))
    most = MOST_STEPS if len(ordered) > MOST_STEPS + 1 else len(ordered)  # one more takes no more room by its name
    few, rest = ordered[:most], ordered[most:]
    steps, at = [Step(name, 0, first, whole=True)], first
    named = [(label(why.result, term.cause, term.way), term.effects) for term in few]
    if rest:
        named.append((f"{len(rest)} smaller causes", np.sum([term.effects for term in rest], axis=0)))
    for text, effects in named:
        mean, low, high = interval(effects, kind=why.result.intervals)
        steps.append(Step(text, at, at + mean, at + low, at + high))
        at += mean
    return steps


def draw_block(sheet: Sheet, name: str, steps: list[Step], color: str, y: float) -> None:
    """A waterfall with names on its left and numbers on its right."""
    sheet.box(LEFT, y - 6, sheet.width - 2 * LEFT, 1, GRID)
    sheet.box(LEFT, y + 8, 6, 22, color)
    sheet.text(LEFT + 16, y + 6, shortened(capital(name), 60), TITLE, weight="bold")
    sheet.text(LEFT + NAMES + STEPS + 30, y + 12, "tumor cells [95 % interval]", SMALL + 0.5, FAINT)
    axes = sheet.axes(LEFT + NAMES, y + HEADING - 20, STEPS, ROW * len(steps))
    on_axes(axes, steps, color)
    for i, step in enumerate(steps):
        middle = y + HEADING - 20 + (i + 0.5) * ROW
        weight = "bold" if step.whole or step.sure else "normal"
        shown = shortened(capital(step.name), 52)
        sheet.text(LEFT + NAMES - 16, middle, shown, LABEL, align="right", vertical="center_baseline",
                   weight="bold" if step.whole else "normal")  # fmt: skip
        sheet.text(LEFT + NAMES + STEPS + 30, middle, step.told, LABEL, vertical="center_baseline", weight=weight)


def on_axes(axes: Axes, steps: list[Step], color: str) -> None:
    """The bars of a waterfall from top to bottom, each one unit high, with a thin line from each to the next."""
    for i, step in enumerate(steps):
        begin, width = min(step.begin, step.end), abs(step.end - step.begin)
        paint: Any = color if step.whole or step.end < step.begin else paler(color, 0.5)
        axes.barh(i + 0.5, width, 0.62, begin, color=REFERENCE_COLOR if i == 0 else paint, zorder=2)
        if not math.isnan(step.low):
            axes.plot([step.low, step.high], [i + 0.5] * 2, color=INK, lw=1.4, solid_capstyle="butt", zorder=4)
        if i + 1 < len(steps):
            axes.plot([step.end] * 2, [i + 0.5, i + 1.5], color=FAINT, lw=0.6, zorder=1)
    axes.set(ylim=(len(steps), 0), yticks=[])
    low, high = axes.get_xlim()
    axes.set_xlim(min(0.0, low), high)
    axes.spines["left"].set_visible(False)
    axes.axvline(0, color=FAINT, lw=0.8, zorder=1)
    axes.set_xlabel("tumor cells", fontsize=SMALL, color=FAINT, labelpad=1)
    axes.xaxis.set_major_locator(MaxNLocator(6))
    axes.grid(axis="x", color=GRID, lw=0.6)
    axes.set_axisbelow(True)


def shown_curves(why: Why) -> list[tuple[str, str]]:
    """The causes that are drawn over time: births, births that found no room, then the largest losses."""
    sizes: dict[tuple[str, str], float] = {}
    for arm in why.result.arms:
        for term in why.terms(arm, TUMOR, 0.0):
            if term.way in (GAIN, LOSS, HELD) and term.cause not in ("start", "by_hand"):
                key = term.way, term.cause
                sizes[key] = max(sizes.get(key, 0.0), term.spread[0])
    ordered = sorted(sizes, key=lambda key: ((GAIN, HELD, LOSS).index(key[0]), -sizes[key]))
    return [key for key in ordered if sizes[key] > 0][:MOST_CURVES]


def draw_curve(
    sheet: Sheet, why: Why, way: str, cause: str, colors: dict[str, str], x: float, y: float
) -> None:  # fmt: skip
    """Events a day of one cause in all arms."""
    name = "births that found no room" if way == HELD else label(why.result, cause, way)
    sheet.text(x - 40, y + 6, fold(capital(name), PANEL + BETWEEN - 10, LABEL + 1, most=1), LABEL, weight="bold")
    axes = sheet.axes(x, y + ABOVE, PANEL, HIGH)
    for arm in why.result.arms:
        days, rates = why.per_day(arm, way, cause)
        mean = rates.mean(0)
        axes.step(np.append(days[0], days[1:]), np.append(mean[:1], mean), where="pre", color=colors[arm], lw=1.8)
    axes.set_xlim(0, why.days[-1])
    axes.set_ylim(0, max(axes.get_ylim()[1], 1e-9))
    axes.set_xlabel("day", fontsize=SMALL, color=INK, labelpad=2)
    axes.yaxis.set_major_locator(MaxNLocator(4))
    axes.xaxis.set_major_locator(MaxNLocator(6, integer=why.days[-1] >= 3))
    axes.grid(axis="y", color=GRID, lw=0.6)
    axes.set_axisbelow(True)
