"""An ensemble on the disk: what was asked, the ledger of its jobs, and what came out; ended early, it goes on.

`asked.json` which ensemble this is, when it was begun, and by which model · `checkpoints/jobs` the ledger, kept so
that more sets or pairs can follow · `pairs.csv`, `conclusions.csv`, `figures/conclusions.png`, and last
`ensemble.yaml`: the result, once all jobs are done.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import IO, Any

from tmesim.ensemble.result import write_result
from tmesim.ensemble.study import APART, Ensemble, Point, Result, result_of
from tmesim.reading import InputError, Problem
from tmesim.storage import write
from tmesim.storage.checksums import read_sealed, sealed
from tmesim.sweeps.crew import do
from tmesim.sweeps.display import display_for, duration
from tmesim.sweeps.jobs import Done, Job, Task
from tmesim.sweeps.ledger import Ledger
from tmesim.trial.compiling import is_cold, warm
from tmesim.trial.execution import processors
from tmesim.trial.locks import lock
from tmesim.trial.pool import is_daemon
from tmesim.trial.signals import Interrupted, signals_interrupt

ASKED = "asked.json"


@dataclass(frozen=True)
class Sections:
    """What does a job of any design, made once for each worker."""

    points: tuple[Point, ...]
    tasks: tuple[Any, ...]

    def __call__(self, job: Job, stopped: Callable[[], bool] = lambda: False) -> Done | None:
        """Simulate a job; None when it was stopped."""
        point = self.points[job.point]
        done = self.tasks[point.design](Job(point.set, point.set * APART + job.replicate), stopped)
        return None if done is None else Done(job, done.tables, done.seconds)


def carry_out(
    asked: Ensemble, out: Path, workers: int | None = None, budget_s: float | None = None, resume: bool = False,
    quiet: bool = False,
) -> Result:  # fmt: skip
    """Do the jobs that are left and write what they say.

    budget_s : wall time after which no job is begun, s
    Interrupted when that is spent, or it was told to stop, before the last job. InputError where `out` holds something
    else, or a part of this without `resume`.
    """
    until = None if budget_s is None else time.time() + budget_s
    asked.check()
    place = Place(out, asked)
    with signals_interrupt():
        try:
            place.claim(resume)
            done = _simulate(asked, place, processors() if workers is None else workers, until, quiet)
            result = result_of(asked, done, place.begun)
            write_result(out, result)
            return result
        finally:
            place.release()


def _simulate(asked: Ensemble, place: Place, workers: int, until: float | None, quiet: bool) -> list[Done]:
    ledger, wanted = place.ledger, list(asked.jobs())
    try:
        before = ledger.open()
        jobs = [job for job in wanted if job not in before]
        tasks = tuple(asked.simulator(each.scenario, asked.settings(each)) for each in asked.designs)
        sections: Any = Sections(asked.points, tasks)
        with display_for(quiet, len(wanted), len(wanted) - len(jobs)) as display:
            if jobs and asked.simulator is Task and is_cold():
                display.say("compiling the kernels, once; this takes about a minute")
                warm(1 if is_daemon() else processors(), display.say)

            def take(one: Done) -> None:
                ledger.add(one)
                display.took(one)

            left_s = None if until is None else until - time.time()
            stopped = do(jobs, sections, take, workers, left_s)
            if left := display.jobs - display.count:
                why = "stopped" if stopped else "the budget is spent"
                about = f", about {duration(display.left())} more" if display.left() else ""
                raise Interrupted(
                    f"{why} with {display.count} of {display.jobs} jobs done, {left} left{about}; --resume goes on"
                )
        return [done for done in ledger.read() if done.job in set(wanted)]
    finally:
        ledger.close()


class Place:
    """The directory of an ensemble. `claim` it before anything is written."""

    def __init__(self, path: Path, asked: Ensemble) -> None:
        self.path = path
        self.identity, self.model = asked.identity, asked.model
        self.begun = datetime.now(UTC).date().isoformat()
        self.ledger = Ledger(path / "checkpoints" / "jobs", f"{self.identity} {self.model}")
        self._lock: IO[str] | None = None

    def claim(self, resume: bool) -> None:
        """InputError where it may not be used."""
        if self.path.exists() and not self.path.is_dir():
            raise self._refusal("is a file; expected the directory of an ensemble")
        if (self.path / ASKED).is_file():
            old = read_sealed(self.path / ASKED)
            if old.get("ensemble") != self.identity:
                raise self._refusal("holds another ensemble, or something else; choose another --out")
            if old["model"] != self.model:
                raise self._refusal(f"holds this ensemble by the model of {old['date']}, which is another one; "
                                    "choose another --out")  # fmt: skip
            self.begun = old["date"]
            if not resume:
                raise self._refusal("holds this ensemble, or a part of it; --resume goes on, or adds --sets or --pairs")
        elif self.path.is_dir() and any(self.path.iterdir()):
            raise self._refusal("is not empty and holds no ensemble; choose another --out")
        (self.path / "checkpoints").mkdir(parents=True, exist_ok=True)
        try:
            self._lock = lock(self.path / "checkpoints" / "lock")
        except BlockingIOError:
            raise self._refusal("is being written by another process") from None
        write(self.path / ASKED, sealed({"ensemble": self.identity, "date": self.begun, "model": self.model}))

    def release(self) -> None:
        """Let another process have it."""
        if self._lock is not None:
            self._lock.close()
            self._lock = None

    def _refusal(self, message: str) -> InputError:
        return InputError([Problem(message, file=str(self.path))])
