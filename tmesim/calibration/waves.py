"""The waves of a calibration on the disk: designs, ledgers and what each wave says; ended early, it goes on.

`asked.json` which calibration this is · `wave_1.csv` … the designs · `checkpoints/wave_1` … the ledgers, kept so that
more waves can follow · `rows.csv` what each job gave · `ensemble.csv` · `targets.csv` · `calibration.yaml` the result,
with its date and the hash of the model · `figures/targets.png`. Each wave leaves a whole result.
"""

from __future__ import annotations

import hashlib
import itertools
import json
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from importlib import resources
from pathlib import Path
from typing import IO, Any

import numpy as np

from tmesim.calibration.emulator import require_sklearn
from tmesim.calibration.jobs import Tissues
from tmesim.calibration.parameters import factors, settings
from tmesim.calibration.result import stale, write_result
from tmesim.calibration.study import Outcome, Question, outcome
from tmesim.reading import InputError, Problem
from tmesim.scenario import Scenario
from tmesim.storage import write
from tmesim.storage.checksums import read_sealed, sealed
from tmesim.storage.tables import csv_bytes, read_columns
from tmesim.sweeps import currency
from tmesim.sweeps.crew import do
from tmesim.sweeps.display import display_for, duration
from tmesim.sweeps.jobs import Done, Job
from tmesim.sweeps.ledger import Ledger
from tmesim.trial.compiling import is_cold, warm
from tmesim.trial.execution import processors
from tmesim.trial.locks import lock
from tmesim.trial.pool import is_daemon
from tmesim.trial.signals import Interrupted, signals_interrupt

ASKED = "asked.json"
SOURCES = ("targets/targets.yaml", "targets/measures.py", "calibration/parameters.yaml", "calibration/jobs.py")
"""Beside the model, what a result of the jobs hangs on."""


def model(host: str) -> dict[str, str]:
    """What a result of today stands for: hashes of catalogue, engine, and of targets and parameters."""
    root = resources.files("tmesim")
    data = b"\0".join(root.joinpath(*name.split("/")).read_bytes() for name in SOURCES)
    return currency.model(host) | {"targets": hashlib.sha256(data).hexdigest()}


@dataclass(frozen=True)
class Calibration:
    """What is to be done.

    scenario : untreated, its reference is measured; its replicates are those of each point
    points : of each wave; waves : how many
    simulator : makes what does a job from what the points set; by default `Tissues`, a toy in tests
    """

    question: Question
    scenario: Scenario
    points: int
    waves: int
    simulator: Callable[[Scenario, Sequence[dict[str, str]], tuple[str, ...]], Any] = Tissues

    @property
    def identity(self) -> str:
        """Which calibration it is; more waves of it are the same."""
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
    question = asked.question
    points, found = np.empty((0, len(question.parameters))), None
    values = np.empty((0, len(question.targets), asked.scenario.replicates))
    for wave in range(1, asked.waves + 1):
        design = place.design(wave)
        if design is None:
            found = outcome(question, points, values) if wave > 1 and found is None else found
            fresh = question.design(asked.points) if found is None else found.next_design(
                asked.points, question.seed + wave
            )  # fmt: skip
            design = place.keep_design(wave, fresh)
        done = _simulate(asked, place, wave, design, workers, until, quiet)
        fresh_values = np.full((len(design), *values.shape[1:]), np.nan)
        for one in done:
            fresh_values[one.job.point, :, one.job.replicate] = one.tables[asked.scenario.reference][0, 1:]
        points, values = np.concatenate([points, design]), np.concatenate([values, fresh_values])
        found = None
        if place.design(wave + 1) is None or wave == asked.waves:
            found = outcome(question, points, values)
            place.keep(found, wave, points, values)
    assert found is not None
    return found


def _simulate(
    asked: Calibration, place: Place, wave: int, design: np.ndarray, workers: int, until: float | None, quiet: bool
) -> list[Done]:
    """The jobs of a wave that are left, all points of the first replicate first."""
    ledger = place.ledger(wave, design)
    try:
        done = ledger.open()
        order = itertools.product(range(asked.scenario.replicates), range(len(design)))
        jobs = [job for replicate, point in order if (job := Job(point, replicate)) not in done]
        task = asked.simulator(
            asked.scenario, [settings(asked.question.parameters, point) for point in design], asked.question.measures
        )
        with display_for(quiet, len(jobs) + len(done), len(done)) as display:
            if jobs and asked.simulator is Tissues and is_cold():
                display.say("compiling the kernels, once; this takes about a minute")
                warm(1 if is_daemon() else processors(), display.say)

            def take(one: Done) -> None:
                ledger.add(one)
                display.took(one)

            left_s = None if until is None else until - time.time()
            stopped = do(jobs, task, take, workers, left_s)
            if left := display.jobs - display.count:
                why = "stopped" if stopped else "the budget is spent"
                about = f", about {duration(display.left())} more for it" if display.left() else ""
                raise Interrupted(
                    f"{why} in wave {wave} of {asked.waves} with {display.count} of {display.jobs} jobs done, {left} "
                    f"left{about}; --resume goes on"
                )
        return ledger.read()
    finally:
        ledger.close()


class Place:
    """The directory of a calibration. `claim` it before anything is written."""

    def __init__(self, path: Path, asked: Calibration) -> None:
        self.path, self.asked = path, asked
        self.model = model(asked.scenario.host)
        self.begun = datetime.now(UTC).date().isoformat()
        self._lock: IO[str] | None = None

    def claim(self, resume: bool) -> None:
        """InputError where it may not be used."""
        if self.path.exists() and not self.path.is_dir():
            raise self._refusal("is a file; expected the directory of a calibration")
        if (self.path / ASKED).is_file():
            old = read_sealed(self.path / ASKED)
            if old.get("calibration") != self.asked.identity:
                raise self._refusal("holds another calibration; choose another --out")
            if changed := stale(old, self.model):
                raise self._refusal(f"holds this calibration, which {changed}; choose another --out")
            self.begun = old["date"]
            if not resume:
                raise self._refusal("holds this calibration, or a part of it; --resume goes on, or adds --waves")
        elif self.path.is_dir() and any(self.path.iterdir()):
            raise self._refusal("is not empty and holds no calibration; choose another --out")
        (self.path / "checkpoints").mkdir(parents=True, exist_ok=True)
        try:
            self._lock = lock(self.path / "checkpoints" / "lock")
        except BlockingIOError:
            raise self._refusal("is being written by another process") from None
        said = {"calibration": self.asked.identity, "date": self.begun, "model": self.model}
        write(self.path / ASKED, sealed(said))

    def release(self) -> None:
        """Let another process have it."""
        if self._lock is not None:
            self._lock.close()
            self._lock = None

    def ledger(self, wave: int, design: np.ndarray) -> Ledger:
        """What came of the jobs of a wave; lines of another design are not taken."""
        which = hashlib.sha256(np.ascontiguousarray(design).tobytes()).hexdigest()
        return Ledger(self.path / "checkpoints" / f"wave_{wave}", f"{self.asked.identity} {self.model} {which}")

    def design(self, wave: int) -> np.ndarray | None:
        """Points of a wave in the unit cube; None where there are none yet."""
        path = self.path / f"wave_{wave}.csv"
        if not path.is_file():
            return None
        columns = read_columns(path.read_bytes(), set(), str(path))
        return np.stack([columns[f"u.{p.name}"] for p in self.asked.question.parameters], -1)

    def keep_design(self, wave: int, points: np.ndarray) -> np.ndarray:
        """Write the points of a wave; returns them as they are read again."""
        free = self.asked.question.parameters
        names = ["point", *(f"u.{p.name}" for p in free), *(f"factor.{p.name}" for p in free)]
        rows = np.column_stack([np.arange(len(points)), points, factors(free, points)]).tolist()
        write(self.path / f"wave_{wave}.csv", csv_bytes(names, ([int(row[0]), *row[1:]] for row in rows)))
        found = self.design(wave)
        assert found is not None
        return found

    def keep(self, found: Outcome, wave: int, points: np.ndarray, values: np.ndarray) -> None:
        """Write what the waves so far say."""
        write_result(self.path, found, self.asked.scenario, wave, self.model, points, values)

    def _refusal(self, message: str) -> InputError:
        return InputError([Problem(message, file=str(self.path))])
