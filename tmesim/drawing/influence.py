"""What an answer hangs on, as figures: groups, numbers one by one, and the shares of the variance."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from matplotlib.patches import Patch

from tmesim.drawing.drawing import Drawing
from tmesim.drawing.files import literal
from tmesim.drawing.palette import BAND, BOTH, FAINT, GRID, INK, REFERENCE_COLOR, SENSITIVE
from tmesim.drawing.sheet import LABEL, SMALL, TITLE, Sheet, fold, head_height, legend_on
from tmesim.drawing.tornado import LINE, MOST, Bar, Panel, Tornado, draw_tornado
from tmesim.text import shortened
from tmesim.wording import capital, words

if TYPE_CHECKING:
    from tmesim.influence.findings import Findings
    from tmesim.influence.groups import Group
    from tmesim.influence.study import Shares
    from tmesim.scenario import Scenario

PARTS = {
    "assumed": ("assumed numbers", SENSITIVE[0]),
    "both": ("both together", BOTH),
    "sourced": ("cited numbers", SENSITIVE[1]),
    "unseen": ("numbers, beside the emulator", BAND),
    "chance": ("chance", GRID),
}
"""The parts of a variance, with what they are called and their colors."""
LEFT, NAMES, WIDTH, GAP, BAR = 30, 470, 360, 60, 44  # pixels
LETTERS = 44
"""Of the name of a group that find room."""
ERRORS = 1.96
"""Standard errors to each side of an interval."""


def drawings(found: Findings, scenario: Scenario) -> dict[str, Drawing]:
    """The figures of the stages that are done, by the names of their files."""
    made = {"groups": draw_groups(found, scenario)}
    if found.swings is not None:
        made["numbers"] = draw_numbers(found, scenario)
    if found.is_complete and any(each is not None for each in found.shares):
        made["shares"] = draw_shares(found, scenario)
    return made


def draw_groups(found: Findings, scenario: Scenario) -> Drawing:
    """Elementary effects of the groups that do more than chance; of all where none does."""
    effects = found.effects
    idle = len(found.groups) - int(effects.matters.any(1).sum())
    order = [int(i) for i in np.argsort(-effects.score, kind="stable") if idle == len(found.groups) or effects.score[i]]
    shown = order[:MOST]
    panels = [
        Panel(heading(outcome, scenario), "change of the logarithm, from half to twice", {
            found.groups[i].name: [
                Bar(0, effects.size[i, k], effects.low[i, k], effects.high[i, k]),
                Bar(1, effects.mean[i, k], np.nan, np.nan, mark=True),
            ] for i in shown
        })
        for k, outcome in enumerate(found.outcomes)
    ]  # fmt: skip
    chance = " and ".join(f"{np.sqrt(2 / np.pi) * each:.2g}" for each in effects.chance)
    about = (
        f"{about_of(scenario)} Each of {len(found.groups)} groups of rules or numbers is made half to twice as strong "
        "along trajectories (Morris). Bars: mean size of the change over that range, with its interval; diamonds: mean "
        f"change, to the right where more makes more. Chance alone would give bars of {chance}; {idle} groups do not "
        f"do more. Drawn: the {len(shown)} that do most."
    )
    keys = {found.groups[i].name: called(found.groups[i]) for i in shown}
    series = [("mean size of the change", False), ("mean change", True)]
    return draw_tornado(Tornado(panels, keys, series), f"What it hangs on, by group: {words(scenario.name)}", about)


def draw_numbers(found: Findings, scenario: Scenario) -> Drawing:
    """What each number does at its ends, of those that do most."""
    swings = found.swings
    assert swings is not None
    shown = sorted(range(len(found.chosen)), key=lambda i: -swings.score[i])[:MOST]
    panels = [
        Panel(heading(outcome, scenario), "change of the logarithm", {
            found.chosen[i].path: [
                Bar(series, of[i, k], of[i, k] - ERRORS * swings.error[k], of[i, k] + ERRORS * swings.error[k])
                for series, of in enumerate((swings.low, swings.high))
            ] for i in shown
        })
        for k, outcome in enumerate(found.outcomes)
    ]  # fmt: skip
    given = sum(each.given for each in found.chosen)
    ranges = "Ranges are those of their entries" if given == len(found.chosen) else (
        f"{given} of the ranges are those of their entries, the others half and twice"
    )  # fmt: skip
    about = (
        f"{about_of(scenario)} Each of {len(found.chosen)} numbers of the groups that matter alone at its low and at "
        f"its high end, less the model as it is on the same seeds. {ranges}. Lines: 95 % intervals, with one error for "
        f"all. Drawn: the {len(shown)} that do most."
    )
    keys = {found.chosen[i].path: told(found.chosen[i].path) for i in shown}
    series = [("at its low end", False), ("at its high end", False)]
    return draw_tornado(Tornado(panels, keys, series), f"What it hangs on, by number: {words(scenario.name)}", about)


def draw_shares(found: Findings, scenario: Scenario) -> Drawing:
    """The parts of the variance of each outcome, then the indices of each number."""
    title = f"How far assumed numbers decide: {words(scenario.name)}"
    numbers, points = len(found.together), len(found.points) if found.points is not None else 0
    foretold = " and ".join(f"{max(0.0, each.known):.0%}" for each in found.shares if each is not None)
    about = (
        f"{about_of(scenario)} {numbers} numbers varied together over their plausible ranges, {points} points. Bars on "
        "top: the variance of the outcome when these numbers are drawn and one tissue is simulated. Below: Sobol' "
        "indices of each number, on an emulator that foretells " + foretold + " of the variance among points that it "
        "was not shown; dark: alone (first order), light: with all others (total)."
    )
    width = LEFT + NAMES + len(found.outcomes) * (WIDTH + GAP)
    head = head_height(title, about, width - 2 * LEFT)
    top = head + 46
    below = top + len(found.outcomes) * BAR + 70
    sheet = Sheet(width, below + LINE * numbers + 80)
    sheet.head(LEFT, title, about, width - 2 * LEFT)
    handles = [Patch(facecolor=color, edgecolor=FAINT, lw=0.3, label=label) for label, color in PARTS.values()]
    legend_on(
        sheet.figure, handles, loc="upper left", fontsize=SMALL, frameon=False, borderaxespad=0, ncols=len(handles),
        bbox_to_anchor=((LEFT - 6) / sheet.width, 1 - (head + 8) / sheet.height), columnspacing=1.4, labelcolor=INK,
    )  # fmt: skip
    for k, (outcome, each) in enumerate(zip(found.outcomes, found.shares, strict=True)):
        _parts(sheet, heading(outcome, scenario), each, top + k * BAR, width)
    first = next(each for each in found.shares if each is not None)
    order = np.argsort(-first.total.value, kind="stable")
    for j, i in enumerate(order):
        number = found.together[i]
        side = "cited" if number.side == "sourced" else "assumed"
        name = f"{shortened(told(number.path), 54)} · {side}"
        sheet.text(LEFT + NAMES - 14, below + 30 + (j + 0.5) * LINE, name, LABEL, align="right",
                   vertical="center_baseline")  # fmt: skip
    for k, (outcome, each) in enumerate(zip(found.outcomes, found.shares, strict=True)):
        left = LEFT + NAMES + k * (WIDTH + GAP)
        sheet.text(left, below - 6, fold(heading(outcome, scenario), WIDTH + 20, LABEL, most=1), LABEL, weight="bold")
        axes = sheet.axes(left, below + 30, WIDTH, LINE * numbers)
        axes.set(xlim=(0, 1), ylim=(numbers, 0), yticks=[])
        axes.grid(axis="x", color=GRID, lw=0.6)
        axes.set_axisbelow(True)
        axes.set_xlabel("share of what the numbers do", fontsize=SMALL, color=FAINT)
        for j, i in enumerate(order if each is not None else ()):
            assert each is not None
            color = PARTS[found.together[i].side][1]
            axes.barh(j + 0.5, max(0.0, each.total.value[i]), height=0.66, color=color, alpha=0.4, lw=0)
            axes.barh(j + 0.5, max(0.0, each.first.value[i]), height=0.66, color=color, lw=0)
    said = "; ".join(
        f"{heading(outcome, scenario)}: " + ", ".join(f"{PARTS[p][0]} {share:.0%}" for p, share in each.parts.items())
        for outcome, each in zip(found.outcomes, found.shares, strict=True) if each is not None
    )  # fmt: skip
    return Drawing(literal(sheet.figure), title, f"{title}. {said}.")


def _parts(sheet: Sheet, name: str, each: Shares | None, y: float, width: float) -> None:
    """A bar of the parts of a variance, with their shares in it."""
    sheet.text(LEFT + NAMES - 14, y + BAR / 2 - 2, name, LABEL, align="right", weight="bold",
               vertical="center_baseline")  # fmt: skip
    axes = sheet.axes(LEFT + NAMES, y, width - LEFT - NAMES - GAP, BAR - 8)
    axes.set(xlim=(0, 1), ylim=(0, 1), xticks=[], yticks=[])
    for spine in axes.spines.values():
        spine.set_visible(False)
    if each is None:
        axes.text(0, 0.5, "too few points, or the same everywhere", fontsize=SMALL, color=FAINT, va="center")
        return
    at = 0.0
    for part, (_, color) in PARTS.items():
        share = each.parts[part]
        axes.barh(0.5, share, left=at, height=1, color=color, lw=0.4, edgecolor=REFERENCE_COLOR)
        if share >= 0.04:
            dark = part in ("assumed", "sourced")
            axes.text(at + share / 2, 0.48, f"{share:.0%}", fontsize=TITLE - 2, ha="center", va="center",
                      color="white" if dark else INK)  # fmt: skip
        at += share


def heading(outcome: str, scenario: Scenario) -> str:
    """An outcome in words."""
    if outcome == "untreated":
        return f"{capital(words(scenario.reference))}: log {words(scenario.endpoints[0])}"
    treated = next(arm for arm in scenario.arms if arm != scenario.reference)
    return f"{capital(words(treated))}: log ratio to {words(scenario.reference)}"


def about_of(scenario: Scenario) -> str:
    """What was simulated."""
    ny, nx = scenario.tissue.shape
    side = scenario.tissue.spacing
    return (
        f"{scenario.host.capitalize()}, day {scenario.time.days:g}, {nx * side:g} × {ny * side:g} µm, n = "
        f"{scenario.replicates} replicates with the same luck at all points."
    )


def called(group: Group) -> str:
    """A group by its label, or by its name where that is too long."""
    return capital(group.label) if len(group.label) <= LETTERS else capital(words(group.name))


def told(path: str) -> str:
    """A number by where it stands, without what all have in common."""
    kind, _, rest = path.partition(".")
    if kind == "rules":
        return ": ".join(rest.replace("_", " ").rsplit(".", 1))
    if kind == "cells":
        return rest.replace(".behaviors.", ": ").replace("_", " ")
    name, _, rest = rest.partition(".")
    return f"{words(name)}: {rest.replace('_', ' ')}" if rest else path
