"""Jobs through one `concurrent.futures.Executor` seam: in this process, in local processes, or wherever an executor
leads. A job whose worker died is tried once more, from its last checkpoint.
"""

from __future__ import annotations

import multiprocessing
import os
import queue
import signal
import sys
import threading
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, Executor, Future, ProcessPoolExecutor, wait
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager
from types import FrameType
from typing import Any

from tmesim.trial.replicate import Job, Outcome, Progress, Watch, simulate

ATTEMPTS = 2
POLL_S = 0.1


class Interrupted(KeyboardInterrupt):
    """The user stopped the run; finished replicates and the checkpoints of the others are kept."""


class WorkerDied(RuntimeError):
    """A worker process ended without a word, twice."""


class Monitor:
    """What the parent does with news; a display overrides it."""

    def progress(self, progress: Progress) -> None: ...

    def finished(self, outcome: Outcome) -> None: ...

    def retried(self, replicates: Sequence[int]) -> None: ...


def run_jobs(jobs: Sequence[Job], workers: int, monitor: Monitor, executor: Executor | None = None) -> list[Outcome]:
    """Run every job and return the outcomes in the order of the jobs."""
    with stop_on_signal() as stop:
        if executor is not None:
            outcomes = _drive(jobs, lambda: (executor, None), monitor, stop, lambda: None)
        elif min(workers, len(jobs)) <= 1:
            outcomes = _inline(jobs, monitor, stop)
        else:
            outcomes = _local(jobs, min(workers, len(jobs)), monitor, stop)
    if stop.is_set() and len(outcomes) < len(jobs):
        raise Interrupted(f"stopped with {len(outcomes)} of {len(jobs)} replicates finished; --resume goes on")
    return [outcomes[job.replicate] for job in jobs]


@contextmanager
def stop_on_signal() -> Iterator[threading.Event]:
    """An event that the first Ctrl-C (or a scheduler's TERM) sets; the second Ctrl-C raises at once."""
    stop = threading.Event()

    def handle(number: int, frame: FrameType | None) -> None:
        if stop.is_set():
            raise KeyboardInterrupt
        stop.set()

    if threading.current_thread() is not threading.main_thread():
        yield stop
        return
    before = {number: signal.signal(number, handle) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield stop
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def _inline(jobs: Sequence[Job], monitor: Monitor, stop: threading.Event) -> dict[int, Outcome]:
    outcomes: dict[int, Outcome] = {}
    for job in jobs:
        outcome = simulate(job, Watch(monitor.progress, stop.is_set))
        if outcome is None:
            break
        outcomes[job.replicate] = outcome
        monitor.finished(outcome)
    return outcomes


# Local processes. The channel (queue and stop flag) reaches a worker once, when it starts.

_channel: tuple[Any, Any] | None = None


def _start_worker(news: Any, halt: Any) -> None:
    global _channel
    os.environ["NUMBA_NUM_THREADS"] = "1"  # before numba is imported: the processes are the parallelism
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C reaches the whole group; the parent decides
    news.cancel_join_thread()
    _channel = news, halt


def _work(job: Job) -> Outcome | None:
    if _channel is None:
        return simulate(job)
    news, halt = _channel
    news.put(Progress(job.replicate, 0, 0.0, ()))
    return simulate(job, Watch(news.put, halt.is_set))


def _local(jobs: Sequence[Job], workers: int, monitor: Monitor, stop: threading.Event) -> dict[int, Outcome]:
    context = multiprocessing.get_context("spawn")
    halt = context.Event()

    def make() -> tuple[Executor, Any]:
        news = context.Queue()  # one for each pool: a worker that died may hold the lock of the old one
        return ProcessPoolExecutor(workers, context, _start_worker, (news, halt)), news

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
        started: set[int] = set()
        waiting: dict[Future[Outcome | None], Job] = {}
        lost = False
        try:
            try:
                with unimportable_main():
                    for job in jobs:
                        if job.replicate not in outcomes:
                            waiting[pool.submit(_work, job)] = job
            except BrokenProcessPool:
                lost = True
            while waiting and not lost:
                done, _ = wait(waiting, timeout=POLL_S, return_when=FIRST_COMPLETED)
                for progress in _drain(news):
                    started.add(progress.replicate)
                    monitor.progress(progress)
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
        suspects = sorted((started or {job.replicate for job in jobs}) - outcomes.keys())
        broken.update(suspects)
        if worst := [replicate for replicate in suspects if broken[replicate] >= ATTEMPTS]:
            raise WorkerDied(
                f"a worker process died twice while it ran replicate {', '.join(map(str, worst))}; "
                "was the memory full? Finished replicates are kept: --resume goes on."
            )
        monitor.retried(suspects)


def _drain(news: Any) -> Iterator[Progress]:
    while news is not None:
        try:
            yield news.get_nowait()
        except queue.Empty:
            return


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
