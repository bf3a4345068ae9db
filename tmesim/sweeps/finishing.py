"""The jobs of a sweep or a study that are left, done and kept one by one."""

from __future__ import annotations

import time
from collections.abc import Iterable
from typing import Any

from tmesim.sweeps.crew import do
from tmesim.sweeps.display import display_for, duration
from tmesim.sweeps.jobs import Done, Job
from tmesim.sweeps.ledger import Ledger
from tmesim.trial.compiling import is_cold, warm
from tmesim.trial.execution import processors
from tmesim.trial.pool import is_daemon
from tmesim.trial.signals import Interrupted


def finish(
    ledger: Ledger, wanted: Iterable[Job], task: Any, simulates: bool, workers: int, until: float | None, quiet: bool,
    where: str = "",
) -> list[Done]:  # fmt: skip
    """All that was wanted and was done, in the order of points and replicates, once the jobs that are left are done.

    wanted : in the order in which they are done        task : does a job, in a process of its own
    simulates : whether it needs the kernels; a toy in tests does not
    until : the time (s) after which no job is begun        where : said of a part that was stopped, as " in wave 1"
    Interrupted when that time came, or it was told to stop, before the last job; what was done is in the ledger.
    """
    wanted = list(wanted)
    try:
        before = ledger.open()
        jobs = [job for job in wanted if job not in before]
        with display_for(quiet, len(wanted), len(wanted) - len(jobs)) as display:
            if jobs and simulates and is_cold():
                display.say("compiling the kernels, once; this takes about a minute")
                warm(1 if is_daemon() else processors(), display.say)

            def take(done: Done) -> None:
                ledger.add(done)
                display.took(done)

            stopped = do(jobs, task, take, workers, None if until is None else until - time.time())
        if left := display.jobs - display.count:
            why = "stopped" if stopped else "the budget is spent"
            about = f", about {duration(display.left())} more" if display.left() else ""
            raise Interrupted(
                f"{why}{where} with {display.count} of {display.jobs} jobs done, {left} left{about}; --resume goes on"
            )
        chosen = set(wanted)
        return [done for done in ledger.read() if done.job in chosen]
    finally:
        ledger.close()


def replicate_by_replicate(points: int, replicates: Iterable[int]) -> Iterable[Job]:
    """All points of the first replicate, then all of the second: what a budget ends has looked everywhere."""
    return (Job(point, replicate) for replicate in replicates for point in range(points))
