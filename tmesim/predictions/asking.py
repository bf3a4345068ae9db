"""What predictions ask of the model: points, each some arms of an ask in a host, and the jobs that simulate them.

A job is a replicate of all arms of a point; all points share the seeds of their replicates, so that arms of different
points are paired as those of one are. Arms of an ask are split over several points, so that an interruption
loses minutes.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from tmesim.observables import observables_of
from tmesim.predictions.entries import MAIN, Predictions, therapies_of
from tmesim.reading import InputError, Problem
from tmesim.scenario import Scenario, load, replicate_seed
from tmesim.scenario.crossing import JOINT
from tmesim.sweeps.jobs import Done, Job, Measurement
from tmesim.trial.case import Case
from tmesim.trial.news import Watch

MOST_ARMS = 12
"""Of a point."""


@dataclass(frozen=True)
class Point:
    """Some arms of an ask in a host. factor : of the number that the ask varies, "" where it varies none"""

    ask: str
    host: str
    factor: str
    arms: tuple[str, ...]


@dataclass(frozen=True)
class Asked:
    """What is simulated for some predictions.

    names : of them; said : settings on top of those of all asks; pairs, seed : of the replicates
    scenarios : of each ask, in the first host that is asked, with all of its arms
    """

    predictions: Predictions
    names: tuple[str, ...]
    points: tuple[Point, ...]
    scenarios: Mapping[str, Scenario]
    said: Mapping[str, Any]
    pairs: int
    seed: int
    engine: Any = None

    @property
    def asks(self) -> list[tuple[str, str]]:
        """Each ask with its hosts, once."""
        return list(dict.fromkeys((point.ask, point.host) for point in self.points))

    def observables(self, ask: str) -> tuple[str, ...]:
        """What is read in an ask."""
        entries = (self.predictions.predictions[name] for name in self.names)
        read = [e.quantity.observable for e in entries if ask in (e.ask, getattr(e.quantity, "null", None))]
        return tuple(dict.fromkeys((MAIN, *read)))

    def days(self, ask: str) -> tuple[float, ...]:
        """On which it is read in an ask: not after the end of a run that was made shorter, and at the end."""
        end = self.scenarios[ask].time.days
        entries = (self.predictions.predictions[name] for name in self.names)
        days = [d for e in entries if ask in (e.ask, getattr(e.quantity, "null", None)) for d in e.quantity.days()]
        return tuple(sorted({end, *(min(day, end) for day in days)}))

    def scenario_at(self, point: Point) -> Scenario:
        """What is simulated at a point; InputError where that is no scenario."""
        return scenario_of(self.predictions, point, self.observables(point.ask), self.said, self.seed)


def asked_of(
    predictions: Predictions, names: Sequence[str], only: Sequence[str], pairs: int, seed: int, said: Mapping[str, Any]
) -> Asked:
    """What some predictions ask; of all of them all arms of all hosts, so that crossings are whole.

    names : of predictions or of their groups, none: all        only : hosts, none: all
    InputError with names that there are not, and with what is wrong with the settings.
    """
    chosen, problems = _chosen(predictions, names, only)
    if problems:
        raise InputError(problems)
    whole = not names
    needed = dict.fromkeys(asked for name in chosen for asked in predictions.asked_by(name))
    if whole:
        every = ((ask, host) for ask, entry in predictions.asks.items() for host in entry.hosts)
        needed |= dict.fromkeys((ask, host) for ask, host in every if not only or host in only)
    scenarios: dict[str, Scenario] = {}
    points: list[Point] = []
    for ask, host in needed:
        factors = next(iter(predictions.asks[ask].vary.values()), [""])
        if ask not in scenarios:
            scenarios[ask] = scenario_of(predictions, Point(ask, host, factors[0], ()), (MAIN,), said, seed)
        arms = _arms(predictions, chosen, ask, host, scenarios[ask], whole)
        points += [Point(ask, host, factor, part) for factor in factors for part in split(arms)]
    return Asked(predictions, tuple(chosen), tuple(points), scenarios, said, pairs, seed)


def _chosen(predictions: Predictions, names: Sequence[str], only: Sequence[str]) -> tuple[list[str], list[Problem]]:
    """Names of predictions, and what there is none of."""
    groups = {entry.group for entry in predictions.predictions.values()}
    problems = [
        Problem(f"there is no prediction '{name}', nor a group of that name; `tmesim predict --list` has them", "NAME")
        for name in names if name not in groups and name not in predictions.predictions
    ]  # fmt: skip
    of_hosts = sorted({host for ask in predictions.asks.values() for host in ask.hosts})
    problems += [
        Problem(f"nothing is asked of '{host}'; expected some of {', '.join(of_hosts)}", "--host")
        for host in only if host not in of_hosts
    ]  # fmt: skip
    chosen = [
        name for name, entry in predictions.predictions.items()
        if (not names or name in names or entry.group in names) and (not only or entry.host in only)
    ]  # fmt: skip
    if not chosen and not problems:
        problems.append(Problem("none of these predictions is asked of these hosts", "--host"))
    return chosen, problems


def _arms(
    predictions: Predictions, chosen: Sequence[str], ask: str, host: str, scenario: Scenario, whole: bool
) -> list[str]:
    """The arms of an ask that are simulated in a host, in the order of the scenario."""
    if whole:
        return list(scenario.arms)
    wanted = {scenario.reference}
    for name in chosen:
        if (ask, host) in predictions.asked_by(name):
            wanted |= set(predictions.predictions[name].quantity.arms().values())
    return [arm for arm in scenario.arms if arm in wanted]


def split(arms: Sequence[str], most: int = MOST_ARMS) -> Iterator[tuple[str, ...]]:
    """Arms in as few parts as there must be, of nearly the same size."""
    parts = -(-len(arms) // most)
    return (tuple(part) for part in np.array_split(np.array(arms, object), parts))


def scenario_of(
    predictions: Predictions, point: Point, observables: Sequence[str], said: Mapping[str, Any], seed: int
) -> Scenario:
    """The scenario of a point; all arms where the point names none."""
    ask = predictions.asks[point.ask]
    varied = {path: point.factor for path in ask.vary}
    given = {"host": point.host, **ask.set, **varied, "endpoints": list(observables), "time.snapshots": [], **said}
    return load(ask.scenario, set=given, seed=seed, arms=list(point.arms) or None, observables=observables_of)


def own_reference(arm: str, reference: str) -> str:
    """The arm that differs from another in its first choice alone, where arms are crossed; else the reference."""
    first, joint, _ = reference.partition(JOINT)
    _, crossed, rest = arm.partition(JOINT)
    return f"{first}{JOINT}{rest}" if joint and crossed else reference


@dataclass(frozen=True)
class Task:
    """What a worker needs for any job. asked : without scenarios, which each job reads anew"""

    asked: Asked
    days: Mapping[str, tuple[float, ...]] = field(default_factory=dict)

    @classmethod
    def of(cls, asked: Asked) -> Task:
        """The task of what is asked."""
        return cls(asked, {ask: asked.days(ask) for ask, _ in asked.asks})

    def __call__(self, job: Job, stopped: Callable[[], bool] = lambda: False) -> Done | None:
        """Simulate a job; None when it was stopped."""
        start = time.perf_counter()
        point = self.asked.points[job.point]
        scenario = self.asked.scenario_at(point)
        case = Case(scenario, job.replicate, replicate_seed(scenario.seed, job.replicate), self.asked.engine)
        measurement = Measurement(case, days=self.days[point.ask])
        if not measurement.run(Watch(stopped=stopped)):
            return None
        tables = {arm: measurement.tables[arm] for arm in point.arms}
        for table in tables.values():
            table[:, 0] /= 24
        return Done(job, tables, time.perf_counter() - start)


def units_of(asked: Asked) -> dict[str, str]:
    """The unit of each observable that is read."""
    found: dict[str, str] = {}
    for ask, scenario in asked.scenarios.items():
        known = observables_of(scenario.catalogue, therapies_of(scenario))
        found |= {name: known[name].unit for name in asked.observables(ask)}
    return found
