"""The card of a scenario: what a notebook shows of it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tmesim import cards
from tmesim.scenario import courses

if TYPE_CHECKING:
    from tmesim.scenario import Scenario
    from tmesim.scenario.parts import Arm


def scenario_card(scenario: Scenario) -> str:
    """Name, host, question, tissue, days, replicates, and the arms with what each is given."""
    ny, nx = scenario.tissue.shape
    high, wide = scenario.tissue.size_um
    n = scenario.replicates
    rows = {
        "tissue": f"{wide / 1000:g} × {high / 1000:g} mm ({nx} × {ny} sites of {scenario.tissue.spacing:g} µm)",
        "time": f"{scenario.time.days:g} days in steps of {scenario.time.step_h:g} h; "
        f"snapshots at day {', '.join(f'{hour / 24:g}' for hour in scenario.time.snapshots_h) or '–'}",
        "replicates": f"{n}, from seed {scenario.seed}",
        "endpoints": ", ".join(scenario.endpoints),
    }
    changes = [f"{path} = {value}" for path, value in scenario.set.items()]
    changes += [f"without {rule}" for rule in (*scenario.off, *scenario.drop)]
    changes += [f"with the {kind} {', '.join(entries)}" for kind, entries in scenario.add.items()]
    if changes:
        rows["changes"] = "; ".join(changes)
    arms = [
        (name + (" (reference)" if name == scenario.reference and len(scenario.arms) > 1 else ""), given(arm, scenario))
        for name, arm in scenario.arms.items()
    ]
    return cards.card(
        scenario.name, f"scenario, {scenario.host}", scenario.question, cards.table(("arm", "is given"), arms),
        cards.facts(rows),
    )  # fmt: skip


def given(arm: Arm, scenario: Scenario) -> str:
    """The doses, numbers and rules in which an arm differs, and how much of that fits into the run."""
    texts = [
        f"{d.use} {d.dose:g} {d.unit} from day {d.start_h / 24:g}"
        + (f", {d.times} times every {d.every_h / 24:g} d" if d.times > 1 else ", once")
        + courses.fitting(d, scenario.time)
        for d in arm.therapies
    ]
    texts += [f"{path} = {value}" for path, value in arm.start_set.items()]
    since = f" from day {arm.from_h / 24:g}" if arm.from_h else ""
    if arm.overlay and not courses.changes(arm, scenario.time):
        since = f" (never: {courses.ending(arm.from_h, scenario.time)})"
    texts += [f"{path} = {value}{since}" for path, value in arm.set.items()]
    texts += [f"without {rule}{since}" for rule in arm.off]
    return "; ".join(texts) or "nothing"
