"""The waves of a calibration on the disk: designs, ledgers and what each wave says; ended early, it goes on.

`asked.json` which calibration this is · `wave_1.csv` … the designs · `checkpoints/wave_1` … the ledgers, kept so that
more waves can follow · `rows.csv` what each job gave · `ensemble.csv` · `targets.csv` · `calibration.yaml` the result,
with its date and the hash of the model · `figures/targets.png`. Each wave leaves a whole result.

After the last wave the members of the ensemble are simulated on seeds that no wave had (`members.csv`), and those that
miss a target then are marked as not fitting. Another host may be asked what it gives with those that fit
(`transfer_HOST.csv`): it is no part of the fit.
"""

from __future__ import annotations

import hashlib
import json
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from tmesim.calibration.emulator import require_sklearn
from tmesim.calibration.jobs import Tissues
from tmesim.calibration.parameters import factors, settings
from tmesim.calibration.proof import model
from tmesim.calibration.result import write_result, write_transfer
from tmesim.calibration.study import Outcome, Question, checked, outcome
from tmesim.scenario import Scenario
from tmesim.storage import write
from tmesim.storage.tables import csv_bytes, read_columns
from tmesim.sweeps.finishing import finish, replicate_by_replicate
from tmesim.sweeps.folder import Folder, Words
from tmesim.sweeps.jobs import Done
from tmesim.sweeps.ledger import Ledger
from tmesim.trial.execution import processors
from tmesim.trial.signals import signals_interrupt

WORDS = Words(
    "a calibration", "this calibration", "another calibration", "no calibration", ", or adds --waves"
)  # fmt: skip
TRANSFERRED = 20
"""Members that are simulated in another host, at most."""


@dataclass(frozen=True)
class Calibration:
    """What is to be done.

    scenario : untreated, its reference is measured; its replicates are those of each point
    points : of each wave; waves : how many
    checks : replicates of each member, on seeds of their own; 0: members are not simulated
    transfer : another host's section, in which members that fit are simulated too
    simulator : makes what does a job from what the points set; by default `Tissues`, a toy in tests
    """

    question: Question
    scenario: Scenario
    points: int
    waves: int
    checks: int = 0
    transfer: Scenario | None = None
    simulator: Callable[[Scenario, Sequence[dict[str, str]], tuple[str, ...]], Any] = Tissues

    @property
    def identity(self) -> str:
        """Which calibration it is; more waves of it are the same, and so is what follows them."""
        said = [self.scenario.said(), repr(self.question), self.points, self.scenario.replicates]
        return hashlib.sha256(json.dumps(said, sort_keys=True, default=str).encode()).hexdigest()


def calibrate(
    asked: Calibration, out: Path, workers: int | None = None, budget_s: float | None = None,
    resume: bool = False, quiet: bool = False,
) -> Outcome:  # fmt: skip
    """Carry the waves out, and say what they say.

    budget_s : wall time after which no job is begun, s
    Interrupted when that is spent, or it was told to stop, before the last wave; what the waves before it said is in
    `out`. InputError where `out` holds something else, or a part of this without `resume`.
    """
    require_sklearn()
    until = None if budget_s is None else time.time() + budget_s
    place = Place(out, asked)
    with signals_interrupt():
        try:
            place.claim(resume)
            return _carry_out(asked, place, processors() if workers is None else workers, until, quiet)
        finally:
            place.release()


def _carry_out(asked: Calibration, place: Place, workers: int, until: float | None, quiet: bool) -> Outcome:
    question, crew = asked.question, Crew(asked, place, workers, until, quiet)
    points, found = np.empty((0, len(question.parameters))), None
    values = np.empty((0, len(question.targets), asked.scenario.replicates))
    for wave in range(1, asked.waves + 1):
        name = f"wave_{wave}"
        design = place.design(name)
        if design is None:
            found = outcome(question, points, values) if wave > 1 and found is None else found
            fresh = question.design(asked.points) if found is None else found.next_design(
                asked.points, question.seed + wave
            )  # fmt: skip
            design = place.keep_design(name, fresh)
        stage = Stage(name, f"wave {wave} of {asked.waves}", asked.scenario, design, range(asked.scenario.replicates))
        points, values = np.concatenate([points, design]), np.concatenate([values, crew.simulate(stage)])
        found = None
        if place.design(f"wave_{wave + 1}") is None or wave == asked.waves:
            found = outcome(question, points, values)
            place.keep(found, wave, points, values)
    assert found is not None
    return _check(asked, place, crew, found, points, values) if asked.checks else found


def _check(
    asked: Calibration, place: Place, crew: Crew, found: Outcome, points: np.ndarray, values: np.ndarray
) -> Outcome:
    """Simulate the members of the ensemble on seeds that no wave had, then those that fit in the other host."""
    seen = range(asked.scenario.replicates)
    checks = range(seen.stop, seen.stop + asked.checks)
    name = f"members_{asked.waves}"  # the members are other ones after another wave
    members = place.keep_design(name, found.ensemble)
    found = checked(found, crew.simulate(Stage(name, "the members", asked.scenario, members, checks)))
    place.keep(found, asked.waves, points, values)
    if asked.transfer is not None:
        chosen = members[found.fits][:TRANSFERRED]
        host = asked.transfer.host
        stage = Stage(f"transfer_{host}_{asked.waves}", f"members in {host}", asked.transfer, chosen, checks)
        place.keep_transfer(asked.transfer, crew.simulate(stage))
    return found


class Stage(NamedTuple):
    """Points that are simulated on some replicates of a scenario. name : of its files; told : in words"""

    name: str
    told: str
    scenario: Scenario
    design: np.ndarray
    replicates: range


@dataclass(frozen=True)
class Crew:
    """Who does the jobs of a calibration, and until when (time in s)."""

    asked: Calibration
    place: Place
    workers: int
    until: float | None
    quiet: bool

    def simulate(self, stage: Stage) -> np.ndarray:
        """(points, targets, replicates): what the jobs of a stage give, of which those that are left are done now.

        All points of the first replicate are done first. Interrupted when it was stopped before the last.
        """
        design, replicates = stage.design, stage.replicates
        values = np.full((len(design), len(self.asked.question.targets), len(replicates)), np.nan)
        for one in self._done(stage):
            row = one.tables[stage.scenario.reference][0, 1:]
            values[one.job.point, :, one.job.replicate - replicates.start] = row
        return values

    def _done(self, stage: Stage) -> list[Done]:
        asked = self.asked
        free, measures = asked.question.parameters, asked.question.measures
        task = asked.simulator(stage.scenario, [settings(free, point) for point in stage.design], measures)
        return finish(
            self.place.ledger_of(stage), replicate_by_replicate(len(stage.design), stage.replicates), task,
            asked.simulator is Tissues, self.workers, self.until, self.quiet, f" in {stage.told}",
        )  # fmt: skip


class Place(Folder):
    """The directory of a calibration. `claim` it before anything is written."""

    def __init__(self, path: Path, asked: Calibration) -> None:
        super().__init__(path, WORDS, asked.identity, model(asked.scenario.host))
        self.asked = asked

    def ledger_of(self, stage: Stage) -> Ledger:
        """What came of the jobs of a stage; lines of another design are not taken."""
        return self.ledger(stage.name, hashlib.sha256(np.ascontiguousarray(stage.design).tobytes()).hexdigest())

    def design(self, name: str) -> np.ndarray | None:
        """Points of a stage in the unit cube; None where there are none yet."""
        path = self.path / f"{name}.csv"
        if not path.is_file():
            return None
        columns = read_columns(path.read_bytes(), set(), str(path))
        return np.stack([columns[f"u.{p.name}"] for p in self.asked.question.parameters], -1)

    def keep_design(self, name: str, points: np.ndarray) -> np.ndarray:
        """Write the points of a stage; returns them as they are read again."""
        free = self.asked.question.parameters
        names = ["point", *(f"u.{p.name}" for p in free), *(f"factor.{p.name}" for p in free)]
        rows = np.column_stack([np.arange(len(points)), points, factors(free, points)]).tolist()
        write(self.path / f"{name}.csv", csv_bytes(names, ([int(row[0]), *row[1:]] for row in rows)))
        found = self.design(name)
        assert found is not None
        return found

    def keep(self, found: Outcome, wave: int, points: np.ndarray, values: np.ndarray) -> None:
        """Write what the waves so far say."""
        write_result(self.path, found, self.asked.scenario, wave, self.model, points, values)

    def keep_transfer(self, scenario: Scenario, values: np.ndarray) -> None:
        """Write what members give in another host. values : (members, targets, replicates)"""
        write_transfer(self.path, self.asked.question, scenario, values)
