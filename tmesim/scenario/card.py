"""The card of a scenario: what a notebook shows of it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Protocol

from tmesim import cards
from tmesim.scenario import courses
from tmesim.scenario.overlay import Overlay
from tmesim.scenario.parts import Arm, Time, TissueBox


class Shown(Protocol):
    """What the card tells of a scenario."""

    @property
    def name(self) -> str: ...
    @property
    def question(self) -> str: ...
    @property
    def host(self) -> str: ...
    @property
    def tissue(self) -> TissueBox: ...
    @property
    def time(self) -> Time: ...
    @property
    def replicates(self) -> int: ...
    @property
    def seed(self) -> int: ...
    @property
    def arms(self) -> Mapping[str, Arm]: ...
    @property
    def reference(self) -> str: ...
    @property
    def endpoints(self) -> tuple[str, ...]: ...
    @property
    def overlay(self) -> Overlay: ...


def scenario_card(scenario: Shown) -> str:
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
    overlay = scenario.overlay
    changes = [f"{path} = {value}" for path, value in overlay.set.items()]
    changes += [f"without {rule}" for rule in (*overlay.off, *overlay.drop)]
    changes += [f"with the {kind} {', '.join(entries)}" for kind, entries in overlay.add.items()]
    if changes:
        rows["changes"] = "; ".join(changes)
    arms = [
        (
            name + (" (reference)" if name == scenario.reference and len(scenario.arms) > 1 else ""),
            given(arm, scenario.time),
        )
        for name, arm in scenario.arms.items()
    ]
    return cards.card(
        scenario.name, f"scenario, {scenario.host}", scenario.question, cards.table(("arm", "is given"), arms),
        cards.facts(rows),
    )  # fmt: skip


def given(arm: Arm, time: Time) -> str:
    """The doses, numbers and rules in which an arm differs, and how much of that fits into the run."""
    texts = [
        f"{d.label} from day {d.start_h / 24:g}"
        + (f", {d.times} times every {d.every_h / 24:g} d" if d.times > 1 else ", once")
        + courses.fitting(d, time)
        for d in arm.therapies
    ]
    texts += [f"{path} = {value}" for path, value in arm.start_set.items()]
    since = f" from day {arm.from_h / 24:g}" if arm.from_h else ""
    if arm.overlay and not courses.changes(arm, time):
        since = f" (never: {courses.ending(arm.from_h, time)})"
    texts += [f"{path} = {value}{since}" for path, value in arm.set.items()]
    texts += [f"without {rule}{since}" for rule in arm.off]
    return "; ".join(texts) or "nothing"
