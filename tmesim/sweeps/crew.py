"""Jobs through processes of this machine, or one after the other in this one.

No more jobs are handed out than there are workers for them, so memory does not grow with their number, and a budget
ends what has not begun. A job whose worker died is tried again.
"""

from __future__ import annotations

import math
import multiprocessing
import os
import signal
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, wait
from concurrent.futures.process import BrokenProcessPool
from itertools import islice
from typing import Any

from tmesim.sweeps.jobs import Done, Job, Task
from tmesim.trial.pool import POLL_S, WorkerDied, is_daemon, unimportable_main
from tmesim.trial.signals import ctrl_c_waits, stop_on_signal
from tmesim.trial.worker import end_with_parent

ATTEMPTS = 3
AHEAD = 1
"""Jobs that wait with the workers, so that none is idle."""

_task: Task | None = None
_halt: Any = None
_until = math.inf


def do(
    jobs: Iterable[Job],
    task: Task,
    take: Callable[[Done], None],
    workers: int = 1,
    budget_s: float | None = None,
) -> bool:
    """Do jobs in their order and hand what came of each to `take`, in this process; whether it was told to stop.

    budget_s : wall time after which no job is begun, s
    """
    until = math.inf if budget_s is None else time.time() + budget_s
    with stop_on_signal() as stop:
        if workers <= 1 or is_daemon():
            _inline(jobs, task, take, stop, until)
        else:
            _local(list(jobs), task, take, workers, stop, until)
    return stop.is_set()


def _inline(
    jobs: Iterable[Job], task: Task, take: Callable[[Done], None], stop: threading.Event, until: float
) -> None:
    for job in jobs:
        if stop.is_set() or time.time() >= until or (done := task(job, stop.is_set)) is None:
            return
        take(done)


def _local(
    jobs: list[Job], task: Task, take: Callable[[Done], None], workers: int, stop: threading.Event, until: float
) -> None:
    """In processes; a new pool when one broke."""
    died: Counter[Job] = Counter()
    done: set[Job] = set()
    while True:
        lost = _round((job for job in jobs if job not in done), task, take, done, workers, stop, until)
        if not lost or stop.is_set():
            return
        died.update(lost)
        if worst := [job for job in lost if died[job] >= ATTEMPTS]:
            where = ", ".join(f"point {job.point}, replicate {job.replicate}" for job in worst)
            raise WorkerDied(
                f"a worker process died {ATTEMPTS} times while these were at work: {where}; was the memory full? "
                "What is done is kept: --resume goes on."
            )


def _round(
    jobs: Iterator[Job], task: Task, take: Callable[[Done], None], done: set[Job], workers: int,
    stop: threading.Event, until: float,
) -> list[Job]:  # fmt: skip
    """Hand out jobs until there are none left or a worker died; returns those that were out then."""
    context = multiprocessing.get_context("spawn")
    halt = context.Event()
    pool = ProcessPoolExecutor(workers, context, start, (task, halt, until))
    out: dict[Future[Done | None], Job] = {}

    def hand_out() -> None:
        if not stop.is_set() and time.time() < until:
            for job in islice(jobs, workers + AHEAD - len(out)):
                out[pool.submit(work, job)] = job

    try:
        with unimportable_main(), ctrl_c_waits():
            hand_out()
        while out:
            finished, _ = wait(out, timeout=POLL_S, return_when=FIRST_COMPLETED)
            if stop.is_set():
                halt.set()
            for future in finished:
                if (result := future.result()) is not None:
                    done.add(result.job)
                    take(result)
                del out[future]
            hand_out()
        return []
    except BrokenProcessPool:
        return [job for job in out.values() if job not in done]
    except BaseException:
        halt.set()
        raise
    finally:
        pool.shutdown(wait=True, cancel_futures=True)


def start(task: Task, halt: Any, until: float) -> None:
    """Make this process a worker. until : seconds since the epoch, from which on it begins no job"""
    global _task, _halt, _until
    os.environ["NUMBA_NUM_THREADS"] = "1"  # before numba is imported: the processes are the parallelism
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C reaches the whole group; the parent decides
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    threading.Thread(target=end_with_parent, daemon=True).start()
    _task, _halt, _until = task, halt, until


def work(job: Job) -> Done | None:
    """Do a job in a worker; None when it was stopped, or came too late."""
    assert _task is not None
    return None if time.time() >= _until or _halt.is_set() else _task(job, _halt.is_set)
