"""Observables over time as a figure: small multiples, an observable a panel."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
from matplotlib.lines import Line2D
from matplotlib.patches import Patch
from matplotlib.ticker import MaxNLocator, MultipleLocator

from tmesim.drawing.curves import BAND, Curve, chosen, curves_of, doses, is_logarithmic, partly
from tmesim.drawing.drawing import Drawing
from tmesim.drawing.files import literal
from tmesim.drawing.labels import spelled_out, unit_words
from tmesim.drawing.palette import BAND as BAND_COLOR
from tmesim.drawing.palette import DOSE, FAINT, GRID, INK, THIN, arm_colors
from tmesim.drawing.sheet import LABEL, SMALL, Sheet, fold, head_height, legend_on
from tmesim.observables import observables_of
from tmesim.wording import capital, words

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from tmesim.result import Result
    from tmesim.scenario import Scenario

WIDTH, HEIGHT, COLUMNS = 440, 240, 3  # pixels of a panel; panels in a row


def draw_trajectories(
    result: Result, observables: Sequence[str] | None = None, arms: Sequence[str] | None = None
) -> Drawing:
    """Small multiples over time, an observable a panel; by default the endpoints and the usual ones."""
    names, arms = list(observables or chosen(result)), tuple(arms or result.arms)
    scenario, n = result.scenario, result.replicates
    known = observables_of(scenario.catalogue, scenario.catalogue.therapies, scenario.places)
    colors, given = arm_colors(scenario), {arm: days for arm, days in doses(scenario).items() if arm in arms}
    columns = min(COLUMNS, len(names))
    rows = -(-len(names) // columns)
    left, across = 92, WIDTH + 100
    width = max(left + columns * across - 44, 900)
    room = width - left - 20
    heads = [fold(capital(known[name].label), across - 30, LABEL + 0.5, most=3) for name in names]
    title_lines = max(head.count("\n") + 1 for head in heads)
    marks = 22 * title_lines + 24 + 10 * len(given) + 6  # room above the axes for title, unit and doses of each arm
    down = HEIGHT + marks + 58
    about = f"{scenario.question} {scenario.host.capitalize()}, n = {n} replicate{'s' * (n > 1)}"
    about += "; thick lines are medians." if n > 1 else "."
    title = f"Over time: {words(scenario.name)}"
    keys = legend(result, arms, colors, bool(given))
    widest = 58 + 10.6 * max(len(str(key.get_label())) for key in keys)
    per_line = len(keys) if sum(58 + 10.6 * len(str(key.get_label())) for key in keys) < room else int(room // widest)
    per_line = max(1, per_line)
    top = head_height(title, about, room) + 12 + 25 * -(-len(keys) // per_line) + 22
    notes = spelled_out(heads + [words(arm) for arm in arms])
    notes = fold(f"{notes}.", room, SMALL) if notes else ""
    sheet = Sheet(width, top + rows * down + (14 + 20 * len(notes.splitlines()) if notes else 0))
    for i, (name, head) in enumerate(zip(names, heads, strict=True)):
        x, y = left + (i % columns) * across, top + (i // columns) * down
        axes = sheet.axes(x, y + marks, WIDTH, HEIGHT)
        sheet.text(x, y - 4, head, LABEL + 0.5, weight="bold")
        draw_panel(axes, result, name, arms, colors)
        logarithmic = finish(axes, scenario, last_row=i + columns >= len(names))
        unit = (
            unit_words(known[name].unit) + (", logarithmic scale" if logarithmic else "") + partly(result, name, arms)
        )
        axes.set_ylabel(unit, fontsize=SMALL, color=FAINT, rotation=0, ha="left", va="top")
        axes.yaxis.set_label_coords(x / sheet.width, 1 - (y + 22 * title_lines) / sheet.height,
                                    sheet.figure.transFigure)  # fmt: skip
        mark_doses(axes, given, colors)
    legend_on(
        sheet.figure, keys, loc="upper left", fontsize=LABEL, frameon=False, borderaxespad=0, ncols=per_line,
        bbox_to_anchor=((left - 6) / sheet.width, 1 - (head_height(title, about, room) + 12) / sheet.height),
        columnspacing=1.6, handletextpad=0.6, labelcolor=INK,
    )  # fmt: skip
    sheet.head(left, title, about, room)
    sheet.text(left, top + rows * down + 4, notes, SMALL, FAINT)
    labels = ", ".join(known[name].label for name in names)
    return Drawing(literal(sheet.figure), title, f"Curves of {labels} over {scenario.time.days:g} days.")


def legend(result: Result, arms: Sequence[str], colors: dict[str, str], given: bool) -> list[Line2D | Patch]:
    """Keys in the order in which the arms are drawn and told."""
    n = result.replicates
    keys: list[Line2D | Patch] = [Line2D([], [], color=colors[arm], lw=2.2, label=words(arm)) for arm in arms]
    if n >= BAND:
        keys.append(Patch(facecolor=BAND_COLOR, label=f"middle half of the {n} replicates"))
    if n > 1:
        keys.append(Line2D([], [], color=THIN, lw=0.8, label="one replicate"))
    if given:
        keys.append(Line2D([], [], ls="", marker="v", color=DOSE, ms=5, label="dose"))
    return keys


def draw_panel(axes: Axes, result: Result, name: str, arms: Sequence[str], colors: dict[str, str]) -> None:
    """All arms; one that is not the reference from where it parts from it."""
    drawn = curves_of(result, name, arms)
    if not any(curve.when.size for curve in drawn):
        axes.text(0.5, 0.5, "not defined in this run", transform=axes.transAxes, ha="center", va="center",
                  fontsize=LABEL, color=FAINT)  # fmt: skip
    for curve in drawn:
        draw_curve(axes, curve, colors[curve.arm])


def draw_curve(axes: Axes, curve: Curve, color: str) -> None:
    """Times at which every replicate is NaN stay empty, a single one is a dot."""
    if not curve.when.size:
        return
    if curve.has_lines:
        axes.plot(curve.days, curve.each.T, color=color, lw=0.6, alpha=0.45, zorder=2)
    if curve.has_band:
        axes.fill_between(curve.when, curve.low, curve.high, color=color, alpha=0.2, lw=0, zorder=1)
    style, single = (0, (3, 3)) if curve.alike else "-", curve.when.size == 1
    axes.plot(curve.when, curve.middle, color=color, lw=2.0, ls=style, marker="o" if single else "", ms=4,
              clip_on=not single, zorder=3)  # fmt: skip


def finish(axes: Axes, scenario: Scenario, last_row: bool) -> bool:
    """Scales and grid; whether the values span so much, and are all positive, that the scale is logarithmic."""
    days = scenario.time.days
    axes.set_xlim(0, days)
    low, high = axes.dataLim.y0, axes.dataLim.y1
    logarithmic = bool(axes.lines) and is_logarithmic(low, high)
    if logarithmic:
        axes.set_yscale("log")
        axes.yaxis.set_major_formatter(lambda value, _: f"{value:g}")
        axes.minorticks_off()
    else:
        axes.yaxis.set_major_locator(MaxNLocator(5, steps=[1, 2, 2.5, 5, 10]))
        if low >= 0:
            axes.set_ylim(0, axes.get_ylim()[1] if np.isfinite(high) and high > 0 else 1)
        else:
            axes.axhline(0, color=FAINT, lw=0.8, zorder=1.5)
    axes.grid(axis="y", color=GRID, lw=0.6, zorder=0)
    axes.set_axisbelow(True)
    few = MultipleLocator(weeks(days)) if 14 <= days <= 70 else MaxNLocator(7, steps=[1, 2, 5, 10], integer=days >= 3)
    axes.xaxis.set_major_locator(few)
    if last_row:
        axes.set_xlabel("day", fontsize=LABEL, color=INK)
    return logarithmic


def weeks(days: float) -> int:
    """Days between marks, in whole weeks, if possible such that the last day has one."""
    return 7 if days <= 35 else next((step for step in (14, 21) if days % step == 0), 14)


def mark_doses(axes: Axes, given: dict[str, list[float]], colors: dict[str, str]) -> None:
    """A small triangle for each dose above the axes, a line of them for each treated arm, and a pale line below."""
    for day in sorted({day for days in given.values() for day in days}):
        axes.axvline(day, color=GRID, lw=0.8, ls=(0, (4, 3)), zorder=0.5)
    for i, (arm, days) in enumerate(given.items()):
        height = 1 + (8 + 10 * (len(given) - 1 - i)) / HEIGHT
        axes.plot(days, [height] * len(days), ls="", marker="v", ms=4, mfc=colors[arm], mec="none", clip_on=False,
                  transform=axes.get_xaxis_transform())  # fmt: skip
