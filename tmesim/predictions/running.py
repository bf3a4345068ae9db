"""Predictions on the disk: what was asked, the ledger of its jobs, and the result; ended early, it goes on.

`asked.json` which it is · `checkpoints/ledger` what each job gave · `predictions.csv` a row each · `effects.csv` the
effect of every arm on the tumor · `predictions.yaml` the result, with its date and the hashes of the model ·
`figures/predictions.png`.
"""

from __future__ import annotations

import hashlib
import itertools
import json
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import IO, Any

import numpy as np

from tmesim.fingerprint import fingerprint
from tmesim.predictions.asking import Asked, Task, units_of
from tmesim.predictions.entries import packaged_bytes
from tmesim.predictions.quantities import Values
from tmesim.predictions.result import stale, write_result
from tmesim.reading import InputError, Problem
from tmesim.storage import write
from tmesim.storage.checksums import read_sealed, sealed
from tmesim.sweeps.crew import do
from tmesim.sweeps.display import Display, display_for, duration
from tmesim.sweeps.jobs import Done, Job
from tmesim.sweeps.ledger import Ledger
from tmesim.trial.compiling import is_cold, warm
from tmesim.trial.execution import processors
from tmesim.trial.identity import computing_versions
from tmesim.trial.locks import lock
from tmesim.trial.pool import is_daemon
from tmesim.trial.signals import Interrupted, signals_interrupt

ASKED = "asked.json"


def model(asked: Asked) -> dict[str, str]:
    """What a result of today stands for: hashes of the sources, of the catalogue of each host, and of the file."""
    found = {"predictions": hashlib.sha256(packaged_bytes()).hexdigest()}
    for host in dict.fromkeys(point.host for point in asked.points):
        of_host = fingerprint(host)
        found |= {"engine": of_host["engine"], f"catalogue of {host}": of_host["catalogue"]}
    return found


def identity(asked: Asked) -> str:
    """Which predictions it is, of which scenarios, with which settings."""
    said = [
        packaged_bytes().decode(), [asked.names, asked.points, dict(asked.said), asked.pairs, asked.seed],
        {ask: scenario.content() for ask, scenario in asked.scenarios.items()},
    ]  # fmt: skip
    return hashlib.sha256(json.dumps(said, sort_keys=True, default=vars).encode()).hexdigest()


def predict(
    asked: Asked, out: Path, workers: int | None = None, budget_s: float | None = None, resume: bool = False,
    quiet: bool = False, task: Callable[[Asked], Any] = Task.of,
) -> Path:  # fmt: skip
    """Simulate what is asked, and write what comes of it; returns the directory.

    budget_s : wall time after which no job is begun, s        task : makes what does a job; a toy in tests
    Interrupted when that is spent, or it was told to stop, before the last job. InputError where `out` holds something
    else, or a part of this without `resume`.
    """
    place = Place(out, asked)
    with signals_interrupt():
        try:
            place.claim(resume)
            done = _simulate(asked, place, processors() if workers is None else workers, budget_s, quiet, task)
            write_result(out, asked, values_of(asked, done), place.model, place.begun)
            return out
        finally:
            place.release()


def values_of(asked: Asked, done: list[Done]) -> Values:
    """What the jobs gave, by ask, host, factor and arm."""
    tables: dict[tuple[str, str, str], dict[str, np.ndarray]] = {}
    days = {ask: asked.days(ask) for ask, _ in asked.asks}
    observables = {ask: asked.observables(ask) for ask, _ in asked.asks}
    for point in asked.points:
        of_arms = tables.setdefault((point.ask, point.host, point.factor), {})
        for arm in point.arms:
            of_arms[arm] = np.full((asked.pairs, len(days[point.ask]), len(observables[point.ask])), np.nan)
    for one in done:
        point = asked.points[one.job.point]
        for arm, table in one.tables.items():
            tables[point.ask, point.host, point.factor][arm][one.job.replicate] = table[:, 1:]
    ends = {ask: asked.scenarios[ask].time.days for ask in days}
    return Values(tables, days, observables, units_of(asked), ends)


def _simulate(
    asked: Asked, place: Place, workers: int, budget_s: float | None, quiet: bool,
    task: Callable[[Asked], Any],
) -> list[Done]:  # fmt: skip
    """The jobs that are left, all points of the first pair first."""
    ledger = place.ledger()
    try:
        done = ledger.open()
        order = itertools.product(range(asked.pairs), range(len(asked.points)))
        jobs = [job for replicate, point in order if (job := Job(point, replicate)) not in done]
        with display_for(quiet, len(jobs) + len(done), len(done)) as display:
            if jobs and task is Task.of and is_cold():
                display.say("compiling the kernels, once; this takes about a minute")
                warm(1 if is_daemon() else processors(), display.say)
            stopped = do(jobs, task(asked), _taking(ledger, display), workers, budget_s)
            if left := display.jobs - display.count:
                why = "stopped" if stopped else "the budget is spent"
                about = f", about {duration(display.left())} more" if display.left() else ""
                raise Interrupted(
                    f"{why} with {display.count} of {display.jobs} jobs done, {left} left{about}; --resume goes on"
                )
        return ledger.read()
    finally:
        ledger.close()


def _taking(ledger: Ledger, display: Display) -> Callable[[Done], None]:
    def take(one: Done) -> None:
        ledger.add(one)
        display.took(one)

    return take


class Place:
    """The directory of some predictions. `claim` it before anything is written."""

    def __init__(self, path: Path, asked: Asked) -> None:
        self.path, self.model, self.identity = path, model(asked), identity(asked)
        self.begun = datetime.now(UTC).date().isoformat()
        self._lock: IO[str] | None = None

    def claim(self, resume: bool) -> None:
        """InputError where it may not be used."""
        if self.path.exists() and not self.path.is_dir():
            raise self._refusal("is a file; expected the directory of predictions")
        if (self.path / ASKED).is_file():
            old = read_sealed(self.path / ASKED)
            if old.get("asked") != self.identity:
                raise self._refusal("holds other predictions, or other settings of them; choose another --out")
            if changed := stale(old, self.model):
                raise self._refusal(f"holds these predictions, but {changed}; choose another --out")
            self.begun = old["date"]
            if not resume:
                raise self._refusal("holds these predictions, or a part of them; --resume goes on")
        elif self.path.is_dir() and any(self.path.iterdir()):
            raise self._refusal("is not empty and holds no predictions; choose another --out")
        (self.path / "checkpoints").mkdir(parents=True, exist_ok=True)
        try:
            self._lock = lock(self.path / "checkpoints" / "lock")
        except BlockingIOError:
            raise self._refusal("is being written by another process") from None
        write(self.path / ASKED, sealed({"asked": self.identity, "date": self.begun, "model": self.model}))

    def release(self) -> None:
        """Let another process have it."""
        if self._lock is not None:
            self._lock.close()
            self._lock = None

    def ledger(self) -> Ledger:
        """What came of the jobs; lines of other predictions or of another model are not taken."""
        versions = sorted(computing_versions().items())  # they decide the last bits
        return Ledger(self.path / "checkpoints" / "ledger", f"{self.identity} {self.model} {versions}")

    def _refusal(self, message: str) -> InputError:
        return InputError([Problem(message, file=str(self.path))])
