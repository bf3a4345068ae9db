"""Untreated tumors beside what was measured: for each target its published interval, and what a run gives."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib import resources
from typing import TYPE_CHECKING, Any

import numpy as np

from tmesim.targets.measures import MEASURES, Untreated

if TYPE_CHECKING:
    from tmesim.result import Result


@dataclass(frozen=True)
class Target:
    """A number of untreated tumors in a host.

    measure : its name in `measures.MEASURES`; unit as there
    low, high : the published interval; None where it is open, both where none was found
    source : where it was published; checked : "page", "abstract" or "memory", how far it was looked up
    """

    measure: str
    label: str
    unit: str
    low: float | None = None
    high: float | None = None
    source: str = ""
    checked: str = ""

    def verdict(self, values: np.ndarray) -> str:
        """Whether the median of some replicates lies within the interval: "met", "below", "above", or "" without one.

        values : of the replicates; NaN where one has no such number, and "" if all are
        """
        known = values[np.isfinite(values)]
        if known.size == 0 or (self.low is None and self.high is None):
            return ""
        middle = float(np.median(known))
        if self.low is not None and middle < self.low:
            return "below"
        return "above" if self.high is not None and middle > self.high else "met"


@dataclass(frozen=True)
class Found:
    """A target and what the replicates of an untreated arm give, (replicates,)."""

    target: Target
    values: np.ndarray

    @property
    def verdict(self) -> str:
        """As `Target.verdict`."""
        return self.target.verdict(self.values)


@cache
def targets_of(host: str) -> tuple[Target, ...]:
    """The targets of a host ("mouse", "human"), in the order of the file."""
    import yaml

    text = resources.files("tmesim.targets").joinpath("targets.yaml").read_text(encoding="utf-8")
    entries: Mapping[str, Any] = yaml.load(text, yaml.CSafeLoader)
    return tuple(
        Target(measure, entry["label"], entry["unit"], **entry["hosts"][host])
        for measure, entry in entries.items()
        if host in entry["hosts"]
    )


def found_in(result: Result, arm: str | None = None) -> tuple[Found, ...]:
    """Each target of the run's host beside what an untreated arm of it gives.

    arm : by default the reference; ValueError for one that is treated. KeyError when the run kept no snapshot
    """
    arm = result.reference if arm is None else arm
    if result.scenario.arm(arm).therapies:
        raise ValueError(f"arm: targets are of untreated tumors, and {arm} is treated")
    seen = [Untreated(result, arm, replicate) for replicate in range(result.replicates)]
    return tuple(
        Found(target, np.array([MEASURES[target.measure](each) for each in seen], float))
        for target in targets_of(result.scenario.host)
    )
