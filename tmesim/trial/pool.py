"""Jobs through one `concurrent.futures.Executor` seam: in this process, in local processes, or wherever an executor
leads. A job whose worker died is tried once more, from its last checkpoint; the other workers save and go on.
"""

from __future__ import annotations

import multiprocessing
import queue
import signal
import sys
import threading
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, Executor, Future, ProcessPoolExecutor, wait
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager
from multiprocessing.process import BaseProcess
from typing import Any

from tmesim.trial import worker
from tmesim.trial.job import Job, Notice, Outcome, Progress, Watch
from tmesim.trial.replicate import finished, simulate, trouble
from tmesim.trial.signals import Interrupted, ctrl_c_waits, stop_on_signal

ATTEMPTS = 2
POLL_S = 0.1


class WorkerDied(RuntimeError):
    """A worker process ended without a word, twice."""


class Monitor:
    """What the parent does with news; a display overrides it."""

    def progress(self, progress: Progress) -> None: ...

    def finished(self, outcome: Outcome) -> None: ...

    def retried(self, replicates: Sequence[int]) -> None: ...

    def noticed(self, notice: Notice) -> None: ...

    def hear(self, news: Progress | Notice) -> None:
        if isinstance(news, Notice):
            self.noticed(news)
        else:
            self.progress(news)
    def repeated(self, replicate: int, why: str) -> None: ...


def run_jobs(jobs: Sequence[Job], workers: int, monitor: Monitor, executor: Executor | None = None) -> list[Outcome]:
    """Run every job that is not finished yet and return the outcomes in the order of the jobs.

    A worker of a `multiprocessing.Pool` may have no processes of its own: there the jobs run one after the other.
    """
    with stop_on_signal() as stop:
        outcomes = _kept(jobs, monitor)
        left = [job for job in jobs if job.replicate not in outcomes]
        if executor is not None and left:
            outcomes |= _drive(left, lambda: (executor, None), monitor, stop, lambda: None)
        elif min(workers, len(left)) <= 1 or is_daemon():
            outcomes |= _inline(left, monitor, stop)
        else:
            outcomes |= _local(left, min(workers, len(left)), monitor, stop)
    if stop.is_set() and len(outcomes) < len(jobs):
        raise Interrupted(f"stopped with {len(outcomes)} of {len(jobs)} replicates finished; --resume goes on")
    return [outcomes[job.replicate] for job in jobs]


def is_daemon() -> bool:
    """Whether this process may have no children."""
    return bool(multiprocessing.current_process().daemon)


def _kept(jobs: Sequence[Job], monitor: Monitor) -> dict[int, Outcome]:
    """What was finished before; what is kept and cannot be believed is told."""
    outcomes: dict[int, Outcome] = {}
    for job in jobs:
        if why := trouble(job):
            monitor.repeated(job.replicate, why)
        elif outcome := finished(job):
            outcomes[job.replicate] = outcome
            monitor.finished(outcome)
    return outcomes


def _inline(jobs: Sequence[Job], monitor: Monitor, stop: threading.Event) -> dict[int, Outcome]:
    outcomes: dict[int, Outcome] = {}
    for job in jobs:
        outcome = simulate(job, Watch(monitor.hear, stop.is_set))
        if outcome is None:
            break
        outcomes[job.replicate] = outcome
        monitor.finished(outcome)
    return outcomes


def _local(jobs: Sequence[Job], workers: int, monitor: Monitor, stop: threading.Event) -> dict[int, Outcome]:
    context = multiprocessing.get_context("spawn")
    halt = context.Event()

    def make() -> tuple[Executor, Any]:
        news = context.Queue()  # one for each pool: a worker that died may hold the lock of the old one
        return ProcessPoolExecutor(workers, context, worker.start, (news, halt)), news

    return _drive(jobs, make, monitor, stop, halt.set)


def _drive(
    jobs: Sequence[Job],
    make: Callable[[], tuple[Executor, Any]],
    monitor: Monitor,
    stop: threading.Event,
    halt: Callable[[], None],
) -> dict[int, Outcome]:
    """Submit, listen, collect; make a new pool when one broke."""
    outcomes: dict[int, Outcome] = {}
    broken: Counter[int] = Counter()
    while True:
        pool, news = make()
        crew = Crew()
        waiting: dict[Future[Outcome | None], Job] = {}
        lost = False
        try:
            try:
                with unimportable_main(), ctrl_c_waits():
                    for job in jobs:
                        if job.replicate not in outcomes:
                            waiting[pool.submit(worker.work, job)] = job
            except BrokenProcessPool:
                lost = True
            while waiting and not lost:
                done, _ = wait(waiting, timeout=POLL_S, return_when=FIRST_COMPLETED)
                for message in crew.listen(news):
                    monitor.hear(message)
                if stop.is_set():
                    halt()
                    for future in waiting:
                        future.cancel()
                for future in done:
                    job = waiting.pop(future)
                    if future.cancelled():
                        continue
                    try:
                        outcome = future.result()
                    except BrokenProcessPool:
                        lost = True
                        continue
                    if outcome is not None:
                        outcomes[job.replicate] = outcome
                        monitor.finished(outcome)
        except BaseException:
            halt()  # the others save where they are
            raise
        finally:
            if news is not None:  # the pool is ours
                pool.shutdown(wait=True, cancel_futures=True)  # workers of a broken pool are gone after this
        if not lost or stop.is_set():
            return outcomes
        crew.listen(news)
        suspects = sorted((crew.died_with() or {job.replicate for job in jobs}) - outcomes.keys())
        broken.update(suspects)
        if worst := [replicate for replicate in suspects if broken[replicate] >= ATTEMPTS]:
            raise WorkerDied(
                f"a worker process died twice while it ran replicate {', '.join(map(str, worst))}; "
                "was the memory full? Finished replicates are kept: --resume goes on."
            )
        monitor.retried(suspects)


class Crew:
    """The workers of a pool: which replicate each had begun with last, and how each ended."""

    def __init__(self) -> None:
        self.others = set(multiprocessing.active_children())
        self.processes: dict[int | None, BaseProcess] = {}
        self.at: dict[int, int] = {}

    def listen(self, news: Any) -> list[Progress | Notice]:
        """Take down who is at what; returns the rest of the news."""
        self.processes |= {p.pid: p for p in multiprocessing.active_children() if p not in self.others}
        progress: list[Progress | Notice] = []
        while news is not None:
            try:
                message = news.get_nowait()
            except queue.Empty:
                break
            if isinstance(message, worker.Started):
                self.at[message.process] = message.replicate
            else:
                progress.append(message)
        return progress

    def died_with(self) -> set[int]:
        """The replicates of those that ended by themselves; of all when that cannot be told."""
        codes = {pid: process.exitcode for pid, process in self.processes.items()}
        told = (None, 0, worker.TERMINATED, -signal.SIGTERM)
        return {replicate for pid, replicate in self.at.items() if codes.get(pid) not in told} or set(self.at.values())


@contextmanager
def unimportable_main() -> Iterator[None]:
    """Hide the user's main module from processes that start now.

    Spawned workers import it otherwise: a script without an `if __name__ == "__main__"` guard would run itself again
    in each, and one that comes from standard input could not start any. Jobs need nothing from it.
    """
    main = sys.modules["__main__"]
    missing = object()
    kept = {name: getattr(main, name, missing) for name in ("__spec__", "__file__")}
    try:
        main.__spec__ = None
        if kept["__file__"] is not missing:
            del main.__file__
        yield
    finally:
        for name, value in kept.items():
            if value is not missing:
                setattr(main, name, value)
