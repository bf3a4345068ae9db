"""An ensemble on the disk: what was asked, the ledger of its jobs, and what came out; ended early, it goes on.

`asked.json` which ensemble this is, when it was begun, and by which model · `checkpoints/jobs` the ledger, kept so
that more sets or pairs can follow · `pairs.csv`, `conclusions.csv`, `figures/conclusions.png`, and last
`ensemble.yaml`: the result, once all jobs are done.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tmesim.ensemble.result import write_result
from tmesim.ensemble.study import APART, Ensemble, Point, Result, result_of
from tmesim.sweeps.finishing import finish
from tmesim.sweeps.folder import Folder, Words
from tmesim.sweeps.jobs import Done, Job, Task
from tmesim.trial.execution import processors
from tmesim.trial.signals import signals_interrupt

WORDS = Words("an ensemble", "this ensemble", "another ensemble", "no ensemble", ", or adds --sets or --pairs")


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
    model = {f"{part} of {host}": each for host, parts in asked.model.items() for part, each in parts.items()}
    place = Folder(out, WORDS, asked.identity, model)
    with signals_interrupt():
        try:
            place.claim(resume)
            done = _simulate(asked, place, processors() if workers is None else workers, until, quiet)
            result = result_of(asked, done, place.begun)
            write_result(out, result)
            return result
        finally:
            place.release()


def _simulate(asked: Ensemble, place: Folder, workers: int, until: float | None, quiet: bool) -> list[Done]:
    tasks = tuple(asked.simulator(each.scenario, asked.settings(each)) for each in asked.designs)
    sections = Sections(asked.points, tasks)
    return finish(
        place.ledger("jobs"), asked.jobs(), sections, asked.simulator is Task, workers, until, quiet
    )  # fmt: skip
