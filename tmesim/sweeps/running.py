"""Carry a plan out: the jobs that are left, then tables, figures, and last the marker that all is there."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from tmesim.storage import DiskFull
from tmesim.storage.tables import csv_bytes
from tmesim.sweeps.analysis import COLUMNS, INTERACTION, interaction_rows, sensitivity_rows
from tmesim.sweeps.crew import do
from tmesim.sweeps.directory import TABLES, SweepDirectory
from tmesim.sweeps.display import Display, display_for, duration
from tmesim.sweeps.jobs import Done, Job, Task
from tmesim.sweeps.plan import Plan
from tmesim.sweeps.sweep import Sweep
from tmesim.sweeps.tables import Values, points_csv, summary_csv, sweep_csv
from tmesim.trial.compiling import is_cold, warm
from tmesim.trial.execution import processors
from tmesim.trial.pool import is_daemon
from tmesim.trial.signals import Interrupted, signals_interrupt


@dataclass(frozen=True)
class Execution:
    """How a sweep is carried out. Nothing of it changes a bit of the results.

    workers : processes on this machine, from 1 on; None: as many as there are processors for this process
    resume : whether one that was ended early goes on; otherwise its directory is refused
    budget_s : wall time after which no job is begun, s
    figures : whether figures are drawn
    quiet : whether nothing is said on the way
    engine : stands in for `Body` in tests
    """

    workers: int | None = None
    resume: bool = False
    budget_s: float | None = None
    figures: bool = True
    quiet: bool = False
    engine: Any = None

    @property
    def processes(self) -> int:
        """How many workers there are."""
        return self.workers if self.workers is not None else processors()


def carry_out(plan: Plan, out: str | Path | None, execution: Execution) -> Sweep:
    """Do what a plan asks for; a sweep that is complete in `out` is read.

    out : the directory; without it the files live as long as the result
    Interrupted when it was told to stop, or its budget was spent, before the last job.
    """
    keep = TemporaryDirectory(prefix="tmesim-") if out is None else None
    directory = SweepDirectory(Path(keep.name if keep else str(out)), plan)
    with signals_interrupt():
        try:
            if directory.claim(execution.resume):
                return Sweep(directory.path, plan)
            _simulate(directory, execution)
            done = directory.ledger.read()
            values = Values.of(plan, done)
            directory.write_tables(tables_of(values), sum(one.seconds for one in done))
            if execution.figures:
                draw(values, directory.path)
            directory.complete()
            return Sweep(directory.path, plan, keep)
        except DiskFull as error:
            raise DiskFull(f"{error}. What was written is whole: --resume goes on once there is room") from None
        finally:
            directory.release()


def _simulate(directory: SweepDirectory, execution: Execution) -> None:
    """Do the jobs that are left: all points of the first replicate, then all of the second, so that what a budget ends
    has looked everywhere."""
    plan, ledger = directory.plan, directory.ledger
    done = ledger.open()
    order = itertools.product(range(plan.scenario.replicates), range(len(plan.points)))
    jobs = [job for replicate, point in order if (job := Job(point, replicate)) not in done]
    with display_for(execution.quiet, len(jobs) + len(done), len(done)) as display:
        if jobs and execution.engine is None and is_cold():
            display.say("compiling the kernels, once; this takes about a minute")
            warm(1 if is_daemon() else processors(), display.say)
        task, take = Task.of(plan, execution.engine), _taking(directory, display)
        stopped = do(jobs, task, take, execution.processes, execution.budget_s)
    if left := display.jobs - display.count:
        why = "stopped" if stopped else "the budget is spent"
        about = f", about {duration(display.left())} more" if display.left() else ""
        done_so_far = f"{display.count} of {display.jobs} jobs done, {left} left{about}"
        raise Interrupted(f"{why} with {done_so_far}; --resume goes on")


def _taking(directory: SweepDirectory, display: Display) -> Callable[[Done], None]:
    """What is done with each job as it comes."""

    def take(done: Done) -> None:
        directory.ledger.add(done)
        display.took(done)

    return take


def tables_of(values: Values) -> dict[str, bytes]:
    """Every table of a sweep, by the name of its file; those of which there is nothing to say are left out."""
    tables = dict(zip(TABLES, (points_csv(values.plan), sweep_csv(values), summary_csv(values)), strict=True))
    doses = [key.name for key in values.plan.keys]
    more = {
        "sensitivity.csv": (COLUMNS, list(sensitivity_rows(values))),
        "interaction.csv": ((*doses, *INTERACTION), list(interaction_rows(values))),
    }
    return tables | {name: csv_bytes(columns, rows) for name, (columns, rows) in more.items() if rows}


def draw(values: Values, folder: Path) -> None:
    """The figures that suit a plan, as files."""
    from tmesim.sweeps.plots import figures

    for name, drawing in figures(values).items():
        drawing.save(folder / "figures" / f"{name}.png")
