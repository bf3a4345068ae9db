"""The stages of a sensitivity analysis on the disk: ended early, it goes on; each stage leaves a whole result.

`asked.json` which analysis this is · `checkpoints/groups`, `numbers`, `shares` the ledgers · `groups.csv`,
`numbers.csv`, `shares.csv` what each stage says · `points.csv` the points of the last stage with their outcomes ·
`sensitivity.yaml` the result, with its date and the hash of the model · `figures/`. What a stage looks at follows from
the one before, so nothing of it is kept but its ledger.
"""

from __future__ import annotations

import hashlib
import json
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from tmesim.calibration.emulator import require_sklearn
from tmesim.influence.analysis import STAGES, Analysis
from tmesim.influence.currency import model
from tmesim.influence.findings import Findings
from tmesim.influence.result import write_result
from tmesim.influence.study import effects, foremost, promising, shares, swings
from tmesim.sweeps.designs import trajectories
from tmesim.sweeps.finishing import finish, replicate_by_replicate
from tmesim.sweeps.folder import Folder, Words
from tmesim.sweeps.jobs import Task
from tmesim.sweeps.ledger import Ledger
from tmesim.trial.execution import processors
from tmesim.trial.signals import signals_interrupt

WORDS = Words("a sensitivity analysis", "this analysis", "another analysis", "no sensitivity analysis")
LOW, HIGH = 0.5, 2.0
"""Of the factor of a group."""


def analyze(
    asked: Analysis, out: Path, workers: int | None = None, budget_s: float | None = None, resume: bool = False,
    quiet: bool = False,
) -> Findings:  # fmt: skip
    """Carry the stages out, and say what they say.

    budget_s : wall time after which no job is begun, s
    Interrupted when that is spent, or it was told to stop, before the end; what the stages before it said is in `out`.
    InputError where `out` holds something else, or a part of this without `resume`.
    """
    require_sklearn()
    until = None if budget_s is None else time.time() + budget_s
    place = Place(out, asked)
    with signals_interrupt():
        try:
            place.claim(resume)
            return _Run(asked, place, processors() if workers is None else workers, until, quiet).carry_out()
        finally:
            place.release()


@dataclass(frozen=True)
class _Run:
    """An analysis at work."""

    asked: Analysis
    place: Place
    workers: int
    until: float | None
    quiet: bool

    def carry_out(self) -> Findings:
        asked, numbers, seed = self.asked, self.asked.catalogue, self.asked.scenario.seed
        x = trajectories(len(asked.groups), asked.trajectories, seed)
        names = [group.name for group in asked.groups]
        factors = [{name: factor(u) for name, u in zip(names, row, strict=True)} for row in x]
        values = self._simulate("groups", [numbers.of_factors(asked.groups, each) for each in factors])
        found = Findings(asked.outcomes, asked.groups, effects(x, values), self.place.seconds)
        chosen = promising(asked.groups, found.effects, asked.ranges, asked.numbers)
        if not chosen:
            return self._keep(found)
        self._keep_before("numbers", found)
        ends = [{each.path: end} for each in chosen for end in (each.low, each.high)]
        values = self._simulate("numbers", [{}, *(numbers.of_values(each) for each in ends)])
        moved = swings(values)
        found = found.with_numbers(chosen, moved, self.place.seconds)
        together = [chosen[i] for i in foremost(moved, asked.together)]
        if len(together) < 2:
            return self._keep(found)
        self._keep_before("shares", found)
        points = _spread(len(together), asked.points, seed)
        settings = [
            numbers.of_values({each.path: each.at(u) for each, u in zip(together, row, strict=True)}) for row in points
        ]
        values = self._simulate("shares", settings)
        told = [shares(points, values[:, :, k], [each.side for each in together], seed)
                for k in range(len(asked.outcomes))]  # fmt: skip
        return self._keep(found.with_shares(together, told, points, values, self.place.seconds))

    def _keep(self, found: Findings) -> Findings:
        write_result(self.place.path, found, self.asked, self.place.model, self.place.begun)
        return found

    def _keep_before(self, stage: str, found: Findings) -> None:
        """Keep what there is, unless that was done before the next stage was begun."""
        if not self.place.has_begun(stage):
            self._keep(found)

    def _simulate(self, stage: str, settings: Sequence[Mapping[str, Any]]) -> np.ndarray:
        """(points, replicates, outcomes), once the jobs that are left are done: first those of the first replicate."""
        asked, replicates = self.asked, self.asked.scenario.replicates
        where = f" in stage {STAGES.index(stage) + 1} of {len(STAGES)} ({stage})"
        done = finish(
            self.place.ledger_of(stage, settings), replicate_by_replicate(len(settings), range(replicates)),
            asked.simulator(asked.scenario, settings), asked.simulator is Task, self.workers, self.until, self.quiet,
            where,
        )  # fmt: skip
        values = np.full((len(settings), replicates, len(asked.outcomes)), np.nan)
        for one in done:
            values[one.job.point, one.job.replicate] = asked.outcome(one)
            self.place.seconds += one.seconds
        return values


def factor(u: float) -> float:
    """The factor of a group at a share of the way from low to high, by equal ratios."""
    return float(LOW * (HIGH / LOW) ** u)


def _spread(numbers: int, points: int, seed: int) -> np.ndarray:
    """(points, numbers): scrambled Sobol' points in the unit cube."""
    from scipy.stats import qmc

    return qmc.Sobol(numbers, seed=seed).random(1 << (points - 1).bit_length())[:points]


class Place(Folder):
    """The directory of an analysis. `claim` it before anything is written. seconds : of all jobs that are done"""

    def __init__(self, path: Path, asked: Analysis) -> None:
        super().__init__(path, WORDS, asked.identity, model(asked.scenario.host))
        self.seconds = 0.0

    def ledger_of(self, stage: str, settings: Sequence[Mapping[str, Any]]) -> Ledger:
        """What came of the jobs of a stage; lines of other points are not taken."""
        return self.ledger(stage, hashlib.sha256(json.dumps(settings, sort_keys=True).encode()).hexdigest())

    def has_begun(self, stage: str) -> bool:
        """Whether jobs of a stage were taken up, which is after all before it was written."""
        return (self.path / "checkpoints" / stage).exists()
