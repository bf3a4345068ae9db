"""The tissue that is simulated: a scenario, smaller and shorter, with one treated arm beside its reference."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from tmesim import units
from tmesim.observables import observables_of
from tmesim.reading import InputError, Problem, suggestion
from tmesim.scenario import Scenario, load

SMALLER = {"tissue.size": ["750 µm", "750 µm"], "start.tumor.radius": "150 µm", "time.record_every": "24 h",
           "time.snapshots": []}  # fmt: skip
DAYS = {"mouse": 14.0, "human": 42.0}
"""Of each species, on its own clock."""
ENDPOINT = "tumor_burden"


def section_of(source: str, arm: str | None, replicates: int, seed: int | None, said: Mapping[str, Any]) -> Scenario:
    """A scenario made small. Treatments begin earlier, by as much as it is shorter.

    arm : the treated one, by default the first; said : settings instead of the small ones
    InputError with what is wrong with the scenario, the arm or the settings.
    """
    whole = load(source, observables=observables_of)
    treated = [name for name in whole.arms if name != whole.reference]
    if arm is not None and arm not in treated:
        told = "is the reference" if arm == whole.reference else f"there is no arm '{arm}'.{suggestion(arm, treated)}"
        raise InputError([Problem(told, "--arm")])
    arms = [whole.reference, *([arm] if arm is not None else treated[:1])]
    days = min(whole.time.days, DAYS[whole.species])
    given: dict[str, Any] = {**SMALLER, "time.days": days, "endpoints": [ENDPOINT]}
    for name in arms:
        for index, dose in enumerate(whole.arm(name).therapies):
            start = round(dose.start_h * days / whole.time.days / whole.time.step_h) * whole.time.step_h
            given[f"arms.{name}.therapies.{index}.start"] = units.show(start, "h")
    return load(whole, arms=arms, set={**given, **said}, seed=seed, replicates=replicates, observables=observables_of)
