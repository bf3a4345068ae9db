"""A trial: every arm of a scenario on every replicate, and what follows from it.

`run` is what the command line and `tmesim.run` (in `trial/python.py`) call: replicates through the pool, then tables,
comparison, figures, report, and last the marker that the directory is complete.
"""

from __future__ import annotations

import time
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any, Unpack

import numpy as np

from tmesim.observables import observables_of
from tmesim.scenario import load, replicate_seed
from tmesim.shown import Result
from tmesim.statistics import COLUMNS, compare_arms
from tmesim.storage import DiskFull, sweep, write
from tmesim.storage.checksums import CAUSES
from tmesim.storage.tables import csv_bytes
from tmesim.tables import FIRST
from tmesim.text import say
from tmesim.trial.case import Case
from tmesim.trial.compiling import is_cold, warm
from tmesim.trial.directory import RunDirectory
from tmesim.trial.display import display_for
from tmesim.trial.execution import Execution, processors
from tmesim.trial.pool import WorkerDied, is_daemon, run_cases
from tmesim.trial.replicate import reported
from tmesim.trial.signals import Interrupted, signals_interrupt
from tmesim.trial.store import Finished

if TYPE_CHECKING:
    from tmesim.scenario import Scenario
    from tmesim.scenario.options import Options

__all__ = ["Execution", "Interrupted", "WorkerDied", "prepare", "run"]


def prepare(source: Scenario | str | Path | Mapping[str, Any], **options: Unpack[Options]) -> Scenario:
    """The scenario that a run with these options simulates; InputError when it cannot."""
    return load(source, **options, observables=observables_of)


def run(scenario: Scenario, out: str | Path | None, execution: Execution) -> Result:
    """Simulate every arm of a scenario that was prepared on every replicate.

    out : the run directory; without it the files live as long as the result. A run there that has fewer replicates gets
        the others; one that is complete is read.
    """
    keep = TemporaryDirectory(prefix="tmesim-") if out is None else None
    identities = getattr(execution.engine, "identities", None)
    directory = RunDirectory(Path(keep.name if keep else str(out)), scenario, identities)
    with signals_interrupt():
        try:
            if directory.claim(execution.resume):
                result = Result(directory.path, scenario)
                if execution.figures and not (directory.path / "report.html").is_file():
                    draw(result)
                return result
            result = _simulate(directory, execution)
            result._keep = keep
            if execution.figures:
                draw(result)
            directory.complete()
            return result
        except DiskFull as error:
            raise DiskFull(f"{error}. What was written is whole: --resume resumes the run once there is room") from None
        finally:
            directory.release()


def _simulate(directory: RunDirectory, execution: Execution) -> Result:
    start = time.perf_counter()
    scenario, engine = directory.scenario, execution.engine
    seeds = [replicate_seed(scenario.seed, r) for r in range(scenario.replicates)]
    cases = [Case(scenario, r, seed, engine) for r, seed in enumerate(seeds)]
    compiling = 0.0
    with display_for(execution.quiet, len(cases), cases[0].work) as display:
        if execution.executor is None and (engine is None or hasattr(engine, "identities")) and is_cold():
            display.say("compiling the kernels, once; this takes about a minute")
            compiling = warm(1 if is_daemon() else processors(), display.say)
        replicates = run_cases(
            cases, directory.store, execution.processes, display, execution.executor, execution.checkpoint_s
        )
    if twins := alike(replicates):
        names = "; ".join(", ".join(map(str, group)) for group in twins)
        say(f"replicates {names} gave the same numbers: chance has no part in them here", to_errors=True)
    write_tables(directory.path, scenario, replicates)
    directory.computed(replicates)
    directory.write_provenance(
        {
            "workers": execution.processes,
            "wall_s": round(time.perf_counter() - start, 3),
            "replicate_s": [round(r.seconds, 3) for r in replicates],
            "compile_s": round(compiling + max(r.compile_seconds for r in replicates), 3),
            "identical_replicates": twins,
        }
    )
    return Result(directory.path, scenario)


def write_tables(path: Path, scenario: Scenario, replicates: Sequence[Finished]) -> None:
    """`timeseries.csv`, `endpoints.csv` (values at the end of the run), `comparison.csv` and `causes.csv`."""
    columns = ("hour", *reported(scenario))
    rows = [
        [arm, finished.replicate, row[0] / 24, *row[1:]]
        for arm in scenario.arms
        for finished in replicates
        for row in finished.tables[arm]
    ]
    write(path / "timeseries.csv", csv_bytes(("arm", "replicate", "day", *columns[1:]), rows))

    at = [columns.index(name) for name in scenario.endpoints]
    ends = {arm: np.array([r.tables[arm][-1, at] for r in replicates]) for arm in scenario.arms}
    rows = [[arm, r.replicate, *ends[arm][i]] for arm in scenario.arms for i, r in enumerate(replicates)]
    write(path / "endpoints.csv", csv_bytes(("arm", "replicate", *scenario.endpoints), rows))

    values = {arm: dict(zip(scenario.endpoints, ends[arm].T, strict=True)) for arm in scenario.arms}
    comparisons = compare_arms(scenario.endpoints, values, scenario.reference)
    write(path / "comparison.csv", csv_bytes(COLUMNS, [[getattr(c, f) for f in COLUMNS] for c in comparisons]))

    rows = [
        [arm, finished.replicate, float(hour) / 24, *entry, float(count)]
        for arm in scenario.arms
        for finished in replicates
        for hour, *entry, count in finished.causes[arm].tolist()
    ]
    write(path / CAUSES, csv_bytes(FIRST[CAUSES], rows))


def alike(replicates: Iterable[Finished]) -> list[list[int]]:
    """Groups of replicates with the same tables. Without anything that happens by chance that is as it should be, so it
    is told and no error; but intervals and p values over such replicates mean nothing."""
    groups: dict[bytes, list[int]] = {}
    for each in replicates:
        groups.setdefault(b"".join(table.tobytes() for table in each.tables.values()), []).append(each.replicate)
    return [group for group in groups.values() if len(group) > 1]


def draw(result: Result) -> None:
    """The figures, the movie and the report of a run, from its files alone."""
    from tmesim.drawing.panels import draw_panels
    from tmesim.report import write_report

    draw_panels(result)
    write_report(result)
    sweep(result.path)
