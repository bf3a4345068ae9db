"""A trial: every arm of a scenario on every replicate, and what follows from it.

`run` is what the command line and `tmesim.run` (in `trial/python.py`) call: replicates through the pool, then tables,
comparison, figures, report, and last the marker that the directory is complete.
"""

from __future__ import annotations

import time
from collections.abc import Iterable, Mapping, Sequence
from concurrent.futures import Executor
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any

import numpy as np

from tmesim.arguments import whole
from tmesim.observables import observables_of
from tmesim.scenario import load, replicate_seed
from tmesim.shown import Result
from tmesim.statistics import COLUMNS, compare_arms
from tmesim.storage import DiskFull, sweep, write
from tmesim.storage.tables import csv_bytes
from tmesim.text import say
from tmesim.trial.compiling import is_cold, warm
from tmesim.trial.directory import RunDirectory
from tmesim.trial.display import display_for
from tmesim.trial.job import CHECKPOINT_S, Job, Outcome
from tmesim.trial.pool import WorkerDied, is_daemon, run_jobs
from tmesim.trial.replicate import reported
from tmesim.trial.signals import Interrupted, signals_interrupt

if TYPE_CHECKING:
    from tmesim.scenario import Scenario

__all__ = ["Interrupted", "WorkerDied", "prepare", "run"]


def prepare(
    source: Scenario | str | Path | Mapping[str, Any],
    *,
    seed: int | None = None,
    replicates: int | None = None,
    days: float | None = None,
    arms: Sequence[str] | None = None,
    set: Mapping[str, Any] | None = None,
) -> Scenario:
    """The scenario that a run with these options simulates; InputError when it cannot."""
    return load(source, seed=seed, replicates=replicates, days=days, arms=arms, set=set, observables=observables_of)


def run(
    source: Scenario | str | Path | Mapping[str, Any],
    *,
    out: str | Path | None = None,
    seed: int | None = None,
    replicates: int | None = None,
    days: float | None = None,
    arms: Sequence[str] | None = None,
    set: Mapping[str, Any] | None = None,
    workers: int | None = None,
    resume: bool = False,
    figures: bool = True,
    quiet: bool = False,
    checkpoint_every: float = CHECKPOINT_S,
    executor: Executor | None = None,
    engine: Any = None,
) -> Result:
    """Simulate every arm of a scenario on every replicate; arguments as in `tmesim.run`.

    out : the run directory; without it the files live as long as the result.
    replicates : more than a run in `out` has are added to it.
    engine : what makes the tissue of a replicate; `Tissue` by default.
    """
    workers = processors() if workers is None else whole(workers, "workers", 1)
    scenario = prepare(source, seed=seed, replicates=replicates, days=days, arms=arms, set=set)
    keep = TemporaryDirectory(prefix="tmesim-") if out is None else None
    directory = RunDirectory(Path(keep.name if keep else str(out)), scenario, getattr(engine, "identities", None))
    with signals_interrupt():
        try:
            if directory.claim(resume):
                result = Result(directory.path, scenario)
                if figures and not (directory.path / "report.html").is_file():
                    draw(result)
                return result
            jobs = [
                Job(scenario, r, replicate_seed(scenario.seed, r), str(directory.path), engine, checkpoint_every)
                for r in range(scenario.replicates)
            ]
            result = _simulate(directory, jobs, workers, executor, quiet)
            result._keep = keep
            if figures:
                draw(result)
            directory.complete()
            return result
        except DiskFull as error:
            raise DiskFull(f"{error}. What was written is whole: --resume goes on once there is room") from None
        finally:
            directory.release()


def _simulate(
    directory: RunDirectory, jobs: Sequence[Job], workers: int, executor: Executor | None, quiet: bool
) -> Result:
    start = time.perf_counter()
    scenario = directory.scenario
    compiling = 0.0
    with display_for(quiet, len(jobs), jobs[0].work) as display:
        engine = jobs[0].engine
        if executor is None and (engine is None or hasattr(engine, "identities")) and is_cold():
            display.say("compiling the kernels, once; this takes about a minute")
            compiling = warm(1 if is_daemon() else processors(), display.say)
        outcomes = run_jobs(jobs, workers, display, executor)
    if twins := alike(outcomes):
        names = "; ".join(", ".join(map(str, group)) for group in twins)
        say(f"replicates {names} gave the same numbers: chance has no part in them here", to_errors=True)
    write_tables(directory.path, scenario, outcomes)
    directory.computed(outcomes)
    directory.write_provenance(
        {
            "workers": workers,
            "wall_s": round(time.perf_counter() - start, 3),
            "replicate_s": [round(o.seconds, 3) for o in outcomes],
            "compile_s": round(compiling + max(o.compile_seconds for o in outcomes), 3),
            "identical_replicates": twins,
        }
    )
    return Result(directory.path, scenario)


def write_tables(path: Path, scenario: Scenario, outcomes: Iterable[Outcome]) -> None:
    """`timeseries.csv`, `endpoints.csv` (values at the end of the run) and `comparison.csv`."""
    outcomes = list(outcomes)
    columns = ("hour", *reported(scenario))
    rows = [
        [arm, outcome.replicate, row[0] / 24, *row[1:]]
        for arm in scenario.arms
        for outcome in outcomes
        for row in outcome.tables[arm]
    ]
    write(path / "timeseries.csv", csv_bytes(("arm", "replicate", "day", *columns[1:]), rows))

    at = [columns.index(name) for name in scenario.endpoints]
    ends = {arm: np.array([o.tables[arm][-1, at] for o in outcomes]) for arm in scenario.arms}
    rows = [[arm, o.replicate, *ends[arm][i]] for arm in scenario.arms for i, o in enumerate(outcomes)]
    write(path / "endpoints.csv", csv_bytes(("arm", "replicate", *scenario.endpoints), rows))

    values = {arm: dict(zip(scenario.endpoints, ends[arm].T, strict=True)) for arm in scenario.arms}
    comparisons = compare_arms(scenario.endpoints, values, scenario.reference)
    write(path / "comparison.csv", csv_bytes(COLUMNS, [[getattr(c, f) for f in COLUMNS] for c in comparisons]))


def alike(outcomes: Iterable[Outcome]) -> list[list[int]]:
    """Groups of replicates with the same tables. Without anything that happens by chance that is as it should be, so it
    is told and no error; but intervals and p values over such replicates mean nothing."""
    groups: dict[bytes, list[int]] = {}
    for outcome in outcomes:
        groups.setdefault(b"".join(table.tobytes() for table in outcome.tables.values()), []).append(outcome.replicate)
    return [group for group in groups.values() if len(group) > 1]


def draw(result: Result) -> None:
    """The figures, the movie and the report of a run, from its files alone."""
    from tmesim.drawing.panels import draw_panels
    from tmesim.report import write_report

    draw_panels(result)
    write_report(result)
    sweep(result.path)


def processors() -> int:
    import os

    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
