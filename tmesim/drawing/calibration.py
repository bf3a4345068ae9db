"""A calibration as a figure: values of each parameter that are not ruled out, and each target beside what they give."""

from __future__ import annotations

from itertools import groupby
from typing import TYPE_CHECKING

import numpy as np

from tmesim.drawing.drawing import Drawing
from tmesim.drawing.files import literal
from tmesim.drawing.palette import FAINT, GRID, INK, REFERENCE_COLOR, WITHIN
from tmesim.drawing.sheet import LABEL, SMALL, TITLE, Sheet, head_height
from tmesim.drawing.targets import GROUP, LEFT, NAMES, NUMBERS, ROW, SOURCE, STRIP, draw_row
from tmesim.targets import Found
from tmesim.text import line
from tmesim.wording import capital, compact

if TYPE_CHECKING:
    from tmesim.calibration.parameters import Parameter
    from tmesim.calibration.study import Outcome
    from tmesim.scenario import Scenario


def draw_calibration(outcome: Outcome, scenario: Scenario) -> Drawing:
    """The parameters with their priors, then the targets by group."""
    width = 2 * LEFT + NAMES + STRIP + NUMBERS + SOURCE
    question = outcome.question
    title = f"Calibration on untreated tumors: {scenario.host}"
    seen = [target for target in question.targets if target.measure in outcome.given]
    met = sum(outcome.is_met(target) for target in seen)
    members = "by the emulators" if outcome.simulated is None else (
        f"as simulated on fresh seeds, of which {int(outcome.fits.sum())} fit"
    )  # fmt: skip
    about = (
        f"{outcome.points} points simulated, {scenario.time.days:g} days, n = {scenario.replicates} replicates each. "
        f"Not ruled out: {compact(100 * outcome.match.region.volume)} % of the prior. Dots: the "
        f"{len(outcome.ensemble)} members of the ensemble {members}; bar: their median; diamond: what is proposed "
        f"to the catalogue. Band: the published interval, or the prior of a parameter. "
        f"{met} of {len(seen)} targets are met."
    )
    groups = [(name, list(those)) for name, those in groupby(seen, key=lambda target: target.group)]
    top = head_height(title, about, width - 2 * LEFT) + 16
    height = top + (1 + len(groups)) * GROUP + (len(seen) + len(question.parameters)) * ROW + 16
    sheet = Sheet(width, height)
    sheet.head(LEFT, title, about, width - 2 * LEFT)
    sheet.text(LEFT, top + 16, "Parameters, as factors on the catalogue", TITLE, weight="bold")
    below = top + GROUP
    for k, parameter in enumerate(question.parameters):
        draw_parameter(sheet, parameter, outcome, k, below)
        below += ROW
    for name, those in groups:
        held = " (held out of the fit, and predicted)" if name == question.held_out else ""
        sheet.text(LEFT, below + 16, capital(name) + held, TITLE, weight="bold")
        below += GROUP
        for target in those:
            draw_row(sheet, Found(target, outcome.given[target.measure]), below)
            sheet.text(LEFT + 200, below + ROW / 2 - 2, told(outcome, target.measure), SMALL, FAINT)
            below += ROW
    words = "; ".join(f"{t.label}: {outcome.role(t.measure)}, {'met' if outcome.is_met(t) else 'missed'}" for t in seen)
    return Drawing(literal(sheet.figure), title, f"{title}. {words}.")


def told(outcome: Outcome, measure: str) -> str:
    """What became of a target, and the error of its emulator at points that it was not shown."""
    each = outcome.held[measure]
    error = each.emulator.error
    size = f"×{compact(float(np.exp(error)))}" if each.aim.log else compact(error)
    return f"{outcome.role(measure)}; emulator errs by {size}"


def draw_parameter(sheet: Sheet, parameter: Parameter, outcome: Outcome, k: int, y: float) -> None:
    """A parameter: its prior as a band, the ensemble, and whether it stays free."""
    middle, u = y + ROW / 2 - 6, outcome.ensemble[:, k]
    sheet.box(LEFT, y - 5, sheet.width - 2 * LEFT, 1, GRID)
    sheet.text(LEFT, middle - 18, capital(line(parameter.label)), LABEL, weight="bold")
    axes = sheet.axes(LEFT + NAMES, y + 2, STRIP - 40, ROW - 38)
    axes.set(xlim=(-0.04, 1.04), ylim=(-1, 1), yticks=[])
    axes.spines["left"].set_visible(False)
    axes.axvspan(0, 1, color=WITHIN, lw=0)
    axes.scatter(u, np.linspace(-0.45, 0.45, len(u)) if len(u) > 1 else [0], s=13, color=REFERENCE_COLOR, lw=0,
                 alpha=0.75, zorder=3)  # fmt: skip
    axes.plot([np.median(u)] * 2, [-0.8, 0.8], color=INK, lw=1.6, zorder=4)
    ticks = [0.0, 0.5, 1.0]
    axes.set_xticks(ticks, [f"×{compact(parameter.factor(at))}" for at in ticks])
    x = LEFT + NAMES + STRIP
    low, high = (compact(parameter.factor(float(np.quantile(u, q)))) for q in (0.05, 0.95))
    proposed = float(outcome.proposed[k])
    axes.plot([proposed], [0], marker="D", ms=7, mfc="white", mec=INK, mew=1.4, zorder=5)
    span = f"×{low} to ×{high}, proposed ×{compact(parameter.factor(proposed))}"
    sheet.text(x, middle - 18, span, LABEL)
    says = "stays free: keeps its prior" if parameter.name in outcome.free else "narrowed by untreated tumors"
    sheet.text(x, middle + 4, says, SMALL, FAINT)
