"""A job is a replicate at a point: all arms of the point's scenario, under the seed that this replicate has at every
point. What comes back is a row of endpoints for each arm and day, and nothing else is kept.

`Task` is what a worker needs for any job of a sweep; it is sent to each worker once.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from tmesim.recorder import Recorder
from tmesim.scenario import replicate_seed
from tmesim.scenario.schedule import Calendar, Moments, step_at
from tmesim.sweeps.plan import scenario_with
from tmesim.trial.case import Case
from tmesim.trial.news import Watch
from tmesim.trial.replicate import Simulation, reported

if TYPE_CHECKING:
    from tmesim.body import Body
    from tmesim.scenario import Scenario
    from tmesim.sweeps.plan import Plan


class Job(NamedTuple):
    """A replicate at a point."""

    point: int
    replicate: int


@dataclass(frozen=True)
class Done:
    """What came of a job: (days, 1 + endpoints) for each arm, the day first; and seconds of wall time."""

    job: Job
    tables: Mapping[str, np.ndarray]
    seconds: float


@dataclass(frozen=True)
class Task:
    """What the jobs of a sweep have in common.

    scenario : what the points change
    settings : what each point sets, by path
    days : on which endpoints are taken down; none: at the end of the point's scenario
    engine : stands in for `Body` in tests
    """

    scenario: Scenario
    settings: Sequence[Mapping[str, Any]]
    days: tuple[float, ...] = ()
    engine: Any = None

    @classmethod
    def of(cls, plan: Plan, engine: Any = None) -> Task:
        """The task of a plan."""
        return cls(plan.scenario, [plan.settings(point) for point in range(len(plan.points))], plan.days, engine)

    def __call__(self, job: Job, stopped: Callable[[], bool] = lambda: False) -> Done | None:
        """Simulate a job; None when it was stopped."""
        start = time.perf_counter()
        scenario = scenario_with(self.scenario, self.settings[job.point])
        case = Case(scenario, job.replicate, replicate_seed(scenario.seed, job.replicate), self.engine)
        measurement = Measurement(case, days=self.days)
        if not measurement.run(Watch(stopped=stopped)):
            return None
        tables = {arm: measurement.tables[arm] for arm in scenario.arms}
        for table in tables.values():
            table[:, 0] /= 24
        return Done(job, tables, time.perf_counter() - start)


@dataclass
class Measurement(Simulation):
    """A replicate of which the endpoints are taken down on some days, without snapshots, frames and checkpoints."""

    days: Sequence[float] = field(default=())

    def __post_init__(self) -> None:
        time_ = self.case.scenario.time
        steps = [step_at(day * 24, time_.step_h) for day in self.days] or [time_.steps]
        self.calendar = Calendar(Moments(frozenset(steps), step_h=time_.step_h), Moments(), Moments(), Moments())

    def recorder(self, body: Body) -> Recorder:
        """Take down the endpoints alone."""
        known, wanted = reported(self.case.scenario), self.case.scenario.endpoints
        return Recorder({name: known[name] for name in wanted}, self.calendar)
