"""Carry a plan out: the jobs that are left, then tables, figures, and last the marker that all is there."""

from __future__ import annotations

import time
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from tmesim.storage import DiskFull
from tmesim.storage.tables import csv_bytes
from tmesim.sweeps.analysis import COLUMNS, INTERACTION, interaction_rows, sensitivity_rows
from tmesim.sweeps.directory import TABLES, SweepDirectory
from tmesim.sweeps.finishing import finish, replicate_by_replicate
from tmesim.sweeps.jobs import Task
from tmesim.sweeps.plan import Plan
from tmesim.sweeps.sweep import Sweep
from tmesim.sweeps.tables import Values, points_csv, summary_csv, sweep_csv
from tmesim.trial.execution import processors
from tmesim.trial.signals import signals_interrupt


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
            scenario, until = plan.scenario, None
            if execution.budget_s is not None:
                until = time.time() + execution.budget_s
            jobs = replicate_by_replicate(len(plan.points), range(scenario.replicates))
            done = finish(
                directory.ledger, jobs, Task.of(plan, execution.engine), execution.engine is None, execution.processes,
                until, execution.quiet,
            )  # fmt: skip
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
