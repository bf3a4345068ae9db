"""What an ensemble is asked, and what its jobs say. No files, and no simulation."""

from __future__ import annotations

import hashlib
import json
import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from tmesim.calibration.members import Members
from tmesim.conclusions import OUTCOMES, Conclusion, Conclusions
from tmesim.ensemble.designs import Design
from tmesim.ensemble.shares import Shares, shares_of
from tmesim.fingerprint import fingerprint
from tmesim.reading import InputError, Problem
from tmesim.statistics import interval
from tmesim.sweeps.jobs import Done, Job, Task
from tmesim.sweeps.plan import scenario_with

APART = 1000
"""Pairs that a set can have: replicates are numbered through, so that no two sets share a seed."""
OWN = 8
"""Pairs of the catalogue's own numbers, which stand beside the sets."""


@dataclass(frozen=True)
class Point:
    """A place in the ledger. design : which; set : of parameters, from 1 on, 0 being the catalogue's own numbers"""

    design: int
    set: int


@dataclass(frozen=True)
class Ensemble:
    """What is to be done. members : by host of a design; sets, pairs : how many of them are simulated

    simulator : makes what does a job of a design from its scenario and what the sets set; a toy in tests
    """

    designs: tuple[Design, ...]
    members: Mapping[str, Members]
    known: Conclusions
    sets: int
    pairs: int
    simulator: Callable[[Any, Sequence[Any]], Any] = Task

    @property
    def points(self) -> tuple[Point, ...]:
        """All that there can be, so that a number means the same however many are asked for."""
        return tuple(
            Point(d, k) for d, design in enumerate(self.designs)
            for k in range(1 + len(self.members[design.host].settings))
        )  # fmt: skip

    def settings(self, design: Design) -> list[Any]:
        """What each set sets; the first one nothing."""
        return [{}, *self.members[design.host].settings]

    def sets_of(self, design: Design) -> int:
        """How many are simulated in a design."""
        return min(self.sets, len(self.members[design.host].settings))

    def jobs(self) -> Iterator[Job]:
        """The first pair of all sets before the second of any, so that what a budget ends has seen them all."""
        for pair in range(max(self.pairs, OWN)):
            for number, point in enumerate(self.points):
                if pair < (self.pairs if point.set else OWN) and point.set <= self.sets_of(self.designs[point.design]):
                    yield Job(number, pair)

    @property
    def identity(self) -> str:
        """Which ensemble it is; more sets and pairs of it are the same."""
        said = [[each.scenario.said(), self.settings(each)] for each in self.designs]
        return hashlib.sha256(json.dumps(said, sort_keys=True, default=str).encode()).hexdigest()

    @property
    def model(self) -> dict[str, dict[str, str]]:
        """Hashes of what a result of today stands for, by host."""
        return {host: fingerprint(host) for host in sorted({each.host for each in self.designs})}

    def check(self) -> None:
        """InputError with every set that is no scenario of its design."""
        found: dict[Problem, list[int]] = {}
        for design in self.designs:
            for k, said in enumerate(self.settings(design)[1 : 1 + self.sets_of(design)], 1):
                try:
                    scenario_with(design.scenario, said)
                except InputError as error:
                    for problem in error.problems:
                        found.setdefault(problem, []).append(k)
        if found:
            raise InputError([
                Problem(f"{problem.message} (in {len(sets)} parameter set{'s' * (len(sets) > 1)}, first {sets[0]})",
                        problem.path, "--from") for problem, sets in found.items()
            ])  # fmt: skip


@dataclass(frozen=True)
class Pair:
    """A pair of a set, 0 being the catalogue's own: values on the last day, and their log ratio."""

    set: int
    pair: int
    value: float
    against: float
    log_ratio: float


@dataclass(frozen=True)
class Said:
    """What sets say of a conclusion. shares : of the sets. own, own_low, own_high : mean log ratio of the catalogue's
    own numbers with its interval; own_outcome : what that makes, "" where it is not defined"""

    conclusion: Conclusion
    host: str
    day: float
    pairs: tuple[Pair, ...]
    shares: Shares
    own: float
    own_low: float
    own_high: float
    own_outcome: str


@dataclass(frozen=True)
class Result:
    """What an ensemble says. room : by host, sets whose untreated tumor came to the edge of the patch, and in which
    it was gone"""

    date: str
    rows: tuple[Said, ...]
    designs: tuple[Design, ...]
    members: Mapping[str, Members]
    model: Mapping[str, Mapping[str, str]]
    known: Conclusions
    sets: Mapping[str, int]
    pairs: int
    own_pairs: int
    room: Mapping[str, Mapping[str, int]]


def result_of(asked: Ensemble, done: Sequence[Done], date: str) -> Result:
    """What the jobs of an ensemble say. done : all of them"""
    rows, room = list[Said](), dict[str, dict[str, int]]()
    for d, design in enumerate(asked.designs):
        mine = [(point.set, one) for one in done if (point := asked.points[one.job.point]).design == d]
        rows += [_said(design, each, mine, asked) for each in design.conclusions]
        told = room.setdefault(design.host, {"at_the_edge": 0, "gone": 0})
        for k in range(1, 1 + asked.sets_of(design)):
            tumors = [one for of, one in mine if of == k]
            told["at_the_edge"] += any(design.value(one, design.untreated, "edge_contact") > 0 for one in tumors)
            told["gone"] += any(design.value(one, design.untreated, "region_fraction") == 0 for one in tumors)
    sets = {each.host: asked.sets_of(each) for each in asked.designs}
    model = asked.model
    return Result(date, tuple(rows), asked.designs, asked.members, model, asked.known, sets, asked.pairs, OWN, room)


def _said(design: Design, conclusion: Conclusion, mine: Sequence[tuple[int, Done]], asked: Ensemble) -> Said:
    arm, against = design.arms(conclusion)
    name = conclusion.endpoint.name
    pairs = tuple(
        Pair(k, one.job.replicate, design.value(one, arm, name), design.value(one, against, name),
             design.log_ratio(one, conclusion)) for k, one in mine
    )  # fmt: skip
    table = np.full((asked.sets_of(design), asked.pairs), math.nan)
    for each in pairs:
        if each.set:
            table[each.set - 1, each.pair] = each.log_ratio
    own = np.array([each.log_ratio for each in pairs if not each.set])
    mean, low, high = interval(own[np.isfinite(own)])
    counts = asked.known.counts(np.array([mean]))
    outcome = OUTCOMES[int(counts.argmax())] if counts.any() else ""
    return Said(conclusion, design.host, design.scenario.time.days, pairs, shares_of(table, asked.known), mean, low,
                high, outcome)  # fmt: skip
