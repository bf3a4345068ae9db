"""Predictions on the disk: what was asked, the ledger of its jobs, and the result; ended early, it goes on.

`asked.json` which it is · `checkpoints/ledger` what each job gave · `predictions.csv` a row each · `effects.csv` the
effect of every arm on the tumor · `predictions.yaml` the result, with its date and the hashes of the model ·
`figures/predictions.png`.
"""

from __future__ import annotations

import hashlib
import json
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from tmesim.fingerprint import fingerprint
from tmesim.predictions.asking import Asked, Task, units_of
from tmesim.predictions.entries import packaged_bytes
from tmesim.predictions.quantities import Values
from tmesim.predictions.result import write_result
from tmesim.sweeps.finishing import finish, replicate_by_replicate
from tmesim.sweeps.folder import Folder, Words
from tmesim.sweeps.jobs import Done
from tmesim.trial.execution import processors
from tmesim.trial.signals import signals_interrupt

WORDS = Words("predictions", "these predictions", "other predictions, or other settings of them", "no predictions")


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
    until = None if budget_s is None else time.time() + budget_s
    place = Folder(out, WORDS, identity(asked), model(asked))
    with signals_interrupt():
        try:
            place.claim(resume)
            done = _simulate(asked, place, processors() if workers is None else workers, until, quiet, task)
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
    asked: Asked, place: Folder, workers: int, until: float | None, quiet: bool,
    task: Callable[[Asked], Any],
) -> list[Done]:  # fmt: skip
    """The jobs that are left, all points of the first pair first."""
    jobs = replicate_by_replicate(len(asked.points), range(asked.pairs))
    return finish(place.ledger("jobs"), jobs, task(asked), task is Task.of, workers, until, quiet)
