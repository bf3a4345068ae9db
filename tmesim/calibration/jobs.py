"""A job of a calibration: a replicate at a point, and what its untreated tissues give for each target."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np

from tmesim.recorder import Recorder
from tmesim.scenario import replicate_seed
from tmesim.scenario.schedule import Calendar, Moments
from tmesim.section import Section
from tmesim.sweeps.jobs import Done, Job
from tmesim.sweeps.plan import scenario_with
from tmesim.targets.measures import MEASURES, Untreated
from tmesim.trial.case import Case
from tmesim.trial.news import Watch
from tmesim.trial.replicate import Simulation, calendar_for, reported

if TYPE_CHECKING:
    from tmesim.body import Body
    from tmesim.scenario import Scenario
    from tmesim.trial.branches import Segment

READ = ("tumor_radius", "tumor_burden", "tumor_births", "tumor_oxygen", "hypoxic_fraction", "necrotic_fraction")
"""The observables from which targets are read."""


@dataclass(frozen=True)
class Tissues:
    """What the jobs of a wave have in common.

    scenario : untreated; its reference is measured, and its other arms are the hosts beside it
    settings : what each point sets, by path; measures : of the targets
    """

    scenario: Scenario
    settings: Sequence[Mapping[str, Any]]
    measures: tuple[str, ...]

    def __call__(self, job: Job, stopped: Callable[[], bool] = lambda: False) -> Done | None:
        """Simulate a job and measure it; None when it was stopped."""
        start = time.perf_counter()
        scenario = scenario_with(self.scenario, self.settings[job.point])
        case = Case(scenario, job.replicate, replicate_seed(scenario.seed, job.replicate), None)
        seen = Measured(case)
        if not seen.run(Watch(stopped=stopped)):
            return None
        arm = scenario.reference
        untreated = Untreated(seen, arm, 0)  # type: ignore[arg-type]
        row = [scenario.time.days, *(MEASURES[name](untreated) for name in self.measures)]
        return Done(job, {arm: np.array([row], float)}, time.perf_counter() - start)


@dataclass
class Measured(Simulation):
    """A replicate with its rows and last sections in memory: as much of a run's result as `Untreated` asks for."""

    sections: dict[str, Section] = field(default_factory=dict)

    def __post_init__(self) -> None:
        nothing = Moments()
        self.calendar = Calendar(calendar_for(self.case.scenario).rows, nothing, nothing)

    def recorder(self, body: Body) -> Recorder:
        """Take down what targets are read from."""
        known = reported(self.case.scenario)
        return Recorder({name: known[name] for name in READ}, self.calendar)

    def _snapshot(self, body: Body, segment: Segment) -> None:
        if body.step_index == self.case.scenario.time.steps:
            self.sections |= dict.fromkeys(segment.arms, Section.of(body.tissue))

    # As a result

    @property
    def scenario(self) -> Scenario:
        return self.case.scenario

    def last_snapshot_day(self) -> float:
        return self.scenario.time.days

    def snapshot(self, day: float, arm: str, replicate: int) -> Section:
        return self.sections[arm]

    def series(self, name: str, arm: str) -> tuple[np.ndarray, np.ndarray]:
        """Days, and (1, days) of an observable."""
        table = self.tables[arm]
        return table[:, 0] / 24, table[:, 1 + READ.index(name)][None]
