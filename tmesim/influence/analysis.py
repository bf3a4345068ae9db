"""A sensitivity analysis as it is asked for."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np

from tmesim.influence.groups import Group, groups_of
from tmesim.influence.ranges import Range, range_of
from tmesim.influence.strength import Numbers
from tmesim.scenario import Scenario
from tmesim.sweeps.jobs import Done, Task

STAGES = ("groups", "numbers", "shares")
LEAST = 1.0
"""A tumor that is gone counts as so many cells, so that its logarithm is there."""


@dataclass(frozen=True)
class Analysis:
    """What is to be done.

    scenario : its reference and at most one treated arm; its first endpoint is the outcome, its replicates are those
        of each point
    trajectories : of the groups; numbers : most that are looked at one by one; together : that are varied together, in
        so many points
    simulator : makes what does a job from what the points set; by default `Task`, a toy in tests
    """

    scenario: Scenario
    trajectories: int = 8
    numbers: int = 100
    together: int = 16
    points: int = 128
    simulator: Callable[[Scenario, Sequence[Mapping[str, Any]]], Any] = Task

    @property
    def identity(self) -> str:
        """Which analysis it is."""
        said = [self.scenario.said(), self.trajectories, self.numbers, self.together, self.points]
        return hashlib.sha256(json.dumps(said, sort_keys=True, default=str).encode()).hexdigest()

    @property
    def outcomes(self) -> tuple[str, ...]:
        """The untreated outcome, and the effect of the treated arm where there is one."""
        return ("untreated", "effect")[: len(self.scenario.arms)]

    @cached_property
    def groups(self) -> tuple[Group, ...]:
        return groups_of(self.scenario)

    @cached_property
    def catalogue(self) -> Numbers:
        return Numbers.of(self.scenario)

    @cached_property
    def ranges(self) -> dict[str, Range]:
        """Of each number that can matter, by path."""
        return {path: range_of(self.catalogue, path) for group in self.groups for path in group.paths}

    def outcome(self, done: Done) -> list[float]:
        """Logarithm of the reference's endpoint, and of the ratio of treated over reference."""
        reference = self.scenario.reference
        logs = {arm: float(np.log(max(float(done.tables[arm][-1, 1]), LEAST))) for arm in self.scenario.arms}
        return [logs[reference], *(logs[arm] - logs[reference] for arm in logs if arm != reference)]

    def jobs(self) -> dict[str, int]:
        """How many jobs each stage takes, at most."""
        points = self.trajectories * (len(self.groups) + 1), 1 + 2 * self.numbers, self.points
        return {stage: count * self.scenario.replicates for stage, count in zip(STAGES, points, strict=True)}
