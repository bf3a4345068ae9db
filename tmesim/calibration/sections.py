"""The untreated tissues that are simulated for a host: sections small enough for hundreds of jobs."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from tmesim.calibration.matching import STRENGTH
from tmesim.calibration.parameters import parameters
from tmesim.calibration.study import Question
from tmesim.catalogue.hosts import hosts
from tmesim.observables import observables_of
from tmesim.reading import InputError, Problem
from tmesim.scenario import Scenario, load
from tmesim.targets import Target, targets_of

OF_SPECIES: Mapping[str, Mapping[str, Any]] = {
    "mouse": {
        "tissue.size": ["1050 µm", "1050 µm"], "start.tumor.radius": "135 µm", "time.days": 28,
    },
    "human": {
        "tissue.size": ["900 µm", "900 µm"], "start.tumor.radius": "150 µm", "time.days": 42,
        "start.densities.adipocyte": "120 /mm²",
    },
}  # fmt: skip
"""Smaller, on its own clock, and with fewer fat cells where they are larger, as in the scenario `chemotherapy`.

In mice as long as the treated scenarios: within two weeks T cells have hardly come, so nothing shows how they kill.
"""
NONE = "none"
SCENARIO = "without_ctl"
"""Untreated, in an intact host and in one without cytotoxic T cells."""


def section_of(host: str, replicates: int, seed: int, said: Mapping[str, Any]) -> Scenario:
    """The scenario `without_ctl` in a host, smaller and with one snapshot at its end; without its second arm where no
    target of the species needs it. said : settings instead of those

    InputError with what is wrong with the host or the settings.
    """
    known = hosts()
    species = known[host].species if host in known else "mouse"  # of an unknown one `load` says so
    own = OF_SPECIES[species]
    both = any(target.measure == "growth_without_ctl" and _has_interval(target) for target in targets_of(species))
    given = {
        **own, "host": host, "endpoints": ["tumor_burden"], "time.record_every": "24 h", "time.snapshots": [], **said,
    }  # fmt: skip
    arms = None if both else "untreated"
    return load(SCENARIO, set=given, seed=seed, replicates=replicates, arms=arms, observables=observables_of)


def question_of(scenario: Scenario, hold_out: str) -> Question:
    """The parameters of the package and the targets of the host that have an interval.

    hold_out : a group of them, or "none"; InputError for another
    """
    targets = tuple(target for target in targets_of(scenario.species) if _has_interval(target))
    groups = list(dict.fromkeys(target.group for target in targets))
    if hold_out not in (*groups, NONE):
        known = ", ".join(f"'{group}'" for group in (*groups, NONE))
        raise InputError([Problem(f"there is no group '{hold_out}'; there are {known}", "--hold-out")])
    return Question(parameters(scenario.species), targets, "" if hold_out == NONE else hold_out, scenario.seed)


def _has_interval(target: Target) -> bool:
    """Whether it can be missed, and it is known how far its source was looked up."""
    return (target.low is not None or target.high is not None) and target.checked in STRENGTH
