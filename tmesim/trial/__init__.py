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
from tmesim.statistics import COLUMNS, FIXED, STOPPED, compare_arms
from tmesim.storage import DiskFull, sweep, write
from tmesim.storage.checksums import CAUSES
from tmesim.storage.tables import csv_bytes
from tmesim.tables import FIRST
from tmesim.text import say
from tmesim.trial.case import Case
from tmesim.trial.compiling import is_cold, warm
from tmesim.trial.directory import RunDirectory
from tmesim.trial.display import Display, display_for
from tmesim.trial.execution import Execution, processors
from tmesim.trial.pool import WorkerDied, is_daemon, run_cases
from tmesim.trial.replicate import reported
from tmesim.trial.signals import Interrupted, signals_interrupt
from tmesim.trial.store import Finished

if TYPE_CHECKING:
    from tmesim.scenario import Scenario
    from tmesim.scenario.options import Options
    from tmesim.trial.stopping import Stopping

__all__ = ["Execution", "Interrupted", "WorkerDied", "prepare", "run"]


def prepare(source: Scenario | str | Path | Mapping[str, Any], **options: Unpack[Options]) -> Scenario:
    """The scenario that a run with these options simulates; InputError when it cannot."""
    return load(source, **options, observables=observables_of)


def run(scenario: Scenario, out: str | Path | None, execution: Execution, stopping: Stopping | None = None) -> Result:
    """Simulate every arm of a scenario that was prepared on every replicate.

    out : the run directory; without it the files live as long as the result. A run there that has fewer replicates gets
        the others; one that is complete is read.
    stopping : what decides how many replicates there are, instead of the scenario
    """
    keep = TemporaryDirectory(prefix="tmesim-") if out is None else None
    identities = getattr(execution.engine, "identities", None)
    directory = RunDirectory(Path(keep.name if keep else str(out)), scenario, identities, stopping)
    with signals_interrupt():
        try:
            if directory.claim(execution.resume):
                result = Result(directory.path, directory.scenario)
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
    engine = execution.engine
    compiling = 0.0
    first = _cases(directory.scenario, engine, 0, directory.scenario.replicates)
    with display_for(execution.quiet, len(first), first[0].work) as display:
        if execution.executor is None and (engine is None or hasattr(engine, "identities")) and is_cold():
            display.say("compiling the kernels, once; this takes about a minute")
            compiling = warm(1 if is_daemon() else processors(), display.say)
        replicates = _simulated(first, directory, execution, display)
        if directory.stopping is not None:
            replicates = _until(directory.stopping, replicates, directory, execution, display)
    if twins := alike(replicates):
        names = "; ".join(", ".join(map(str, group)) for group in twins)
        say(f"replicates {names} gave the same numbers: chance has no part in them here", to_errors=True)
    write_tables(directory.path, directory.scenario, replicates, STOPPED if directory.is_stopped else FIXED)
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
    return Result(directory.path, directory.scenario)


def _cases(scenario: Scenario, engine: Any, begin: int, end: int) -> list[Case]:
    return [Case(scenario, r, replicate_seed(scenario.seed, r), engine) for r in range(begin, end)]


def _simulated(
    cases: Sequence[Case], directory: RunDirectory, execution: Execution, display: Display
) -> list[Finished]:
    store, workers = directory.store, execution.processes
    earlier = cases[0].replicate
    return run_cases(cases, store, workers, display, execution.executor, execution.checkpoint_s, earlier)


def _until(
    stopping: Stopping, replicates: list[Finished], directory: RunDirectory, execution: Execution, display: Display
) -> list[Finished]:
    """The replicates with those that are added until there are enough: one at a time, or as many as there are workers
    (or half of what is still expected, since workers take seconds to start)."""
    scenario = directory.scenario
    enough = scenario.replicates
    while True:
        ends = ends_of(scenario, replicates[:enough])
        met, told = stopping.found(ends, scenario.reference)
        if met or enough >= stopping.most:
            break
        if enough == len(replicates):
            expected = stopping.expected(enough, ends, scenario.reference)
            display.say(f"{enough} replicates: {told}; until {stopping.text}, which takes about {expected} in all")
            half = (expected - enough) // 2 if execution.processes > 1 else 0
            more = min(stopping.most, enough + max(execution.processes, half))
            display.expect(more)
            cases = _cases(scenario, execution.engine, enough, more)
            replicates = [*replicates, *_simulated(cases, directory, execution, display)]
        enough += 1
    display.say(f"{enough} replicates: {told}; {'enough' if met else 'the most that were asked for'}")
    directory.enough(enough, met, told)
    directory.store.drop(enough)
    return replicates[:enough]


def ends_of(scenario: Scenario, replicates: Sequence[Finished]) -> dict[str, dict[str, np.ndarray]]:
    """Arm → endpoint → its value at the end of each replicate, (replicates,)."""
    columns = ("hour", *reported(scenario))
    at = {name: columns.index(name) for name in scenario.endpoints}
    lasts = {arm: np.array([r.tables[arm][-1] for r in replicates]) for arm in scenario.arms}
    return {arm: {name: rows[:, i] for name, i in at.items()} for arm, rows in lasts.items()}


def write_tables(path: Path, scenario: Scenario, replicates: Sequence[Finished], kind: str = FIXED) -> None:
    """`timeseries.csv`, `endpoints.csv` (at the end of the run), `comparison.csv` with intervals of a kind, and
    `causes.csv`."""
    columns = ("hour", *reported(scenario))
    rows = [
        [arm, finished.replicate, row[0] / 24, *row[1:]]
        for arm in scenario.arms
        for finished in replicates
        for row in finished.tables[arm]
    ]
    write(path / "timeseries.csv", csv_bytes(("arm", "replicate", "day", *columns[1:]), rows))

    ends = ends_of(scenario, replicates)
    rows = [
        [arm, r.replicate, *(ends[arm][name][i] for name in scenario.endpoints)]
        for arm in scenario.arms
        for i, r in enumerate(replicates)
    ]
    write(path / "endpoints.csv", csv_bytes(("arm", "replicate", *scenario.endpoints), rows))

    comparisons = compare_arms(scenario.endpoints, ends, scenario.reference, kind=kind)
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
