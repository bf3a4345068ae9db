"""Cases through one `concurrent.futures.Executor` seam: in this process, in local processes, or wherever an executor
leads. Outcomes return through it, and this process alone puts them into the store. A case whose worker died is tried
once more, from its last checkpoint; the other workers save and resume.
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
from tmesim.trial.case import Case, Outcome
from tmesim.trial.news import Notice, Progress, Watch
from tmesim.trial.replicate import CHECKPOINT_S, simulate
from tmesim.trial.scratch import Scratch
from tmesim.trial.signals import Interrupted, ctrl_c_waits, stop_on_signal
from tmesim.trial.store import Finished, Store

ATTEMPTS = 2
POLL_S = 0.1


class WorkerDied(RuntimeError):
    """A worker process ended without a word, twice."""


class Monitor:
    """What the parent does with news; a display overrides it."""

    def progress(self, progress: Progress) -> None: ...

    def finished(self, finished: Finished) -> None: ...

    def retried(self, replicates: Sequence[int]) -> None: ...

    def noticed(self, notice: Notice) -> None: ...

    def repeated(self, replicate: int, why: str) -> None: ...

    def hear(self, news: Progress | Notice) -> None:
        if isinstance(news, Notice):
            self.noticed(news)
        else:
            self.progress(news)


def run_cases(
    cases: Sequence[Case],
    store: Store,
    workers: int,
    monitor: Monitor,
    executor: Executor | None = None,
    checkpoint_s: float = CHECKPOINT_S,
    earlier: int = 0,
) -> list[Finished]:
    """Simulate every case that is not in the store yet; returns all of them, in their order.

    A worker of a `multiprocessing.Pool` may have no processes of its own: there the cases run one after the other.
    checkpoint_s : wall time between checkpoints of a case, s
    earlier : replicates of the run that were finished by calls before
    """
    crew = Crew(store, monitor, checkpoint_s)
    with stop_on_signal() as stop:
        left = crew.look_back(cases)
        if executor is not None and left:
            crew.drive(left, lambda: (executor, None), stop, lambda: None)
        elif min(workers, len(left)) <= 1 or is_daemon():
            crew.inline(left, stop)
        else:
            crew.local(left, min(workers, len(left)), stop)
    if stop.is_set() and len(crew.finished) < len(cases):
        done = f"{earlier + len(crew.finished)} of {earlier + len(cases)} replicates finished"
        raise Interrupted(f"stopped with {done}; --resume resumes the run")
    return [crew.finished[case.replicate] for case in cases]


def is_daemon() -> bool:
    """Whether this process may have no children."""
    return bool(multiprocessing.current_process().daemon)


class Crew:
    """Who simulates the cases of a run, and what has come back so far."""

    def __init__(self, store: Store, monitor: Monitor, checkpoint_s: float) -> None:
        self.store = store
        self.monitor = monitor
        self.checkpoint_s = checkpoint_s
        store.checkpoints.mkdir(parents=True, exist_ok=True)
        self.folder = str(store.checkpoints.absolute())  # a worker may have another working directory
        self.finished: dict[int, Finished] = {}

    def look_back(self, cases: Sequence[Case]) -> list[Case]:
        """Take what was finished before; returns the others. What is kept and cannot be believed is told."""
        left = []
        for case in cases:
            if finished := self.store.finished(case):
                self._note(finished)
                continue
            left.append(case)
            scratch = Scratch(case, self.store.checkpoints)
            if why := self.store.trouble(case) or scratch.trouble():
                self.monitor.repeated(case.replicate, why)
        return left

    def take(self, case: Case, outcome: Outcome) -> None:
        """Put an outcome into the store; then nothing else is needed of the case."""
        self._note(self.store.take(case, outcome))
        Scratch(case, self.store.checkpoints).clear()

    def _note(self, finished: Finished) -> None:
        self.finished[finished.replicate] = finished
        self.monitor.finished(finished)

    def inline(self, cases: Sequence[Case], stop: threading.Event) -> None:
        """One case after the other, in this process."""
        for case in cases:
            outcome = simulate(case, Watch(self.monitor.hear, stop.is_set), self.folder, self.checkpoint_s)
            if outcome is None:
                break
            self.take(case, outcome)

    def local(self, cases: Sequence[Case], workers: int, stop: threading.Event) -> None:
        """In processes of this machine."""
        context = multiprocessing.get_context("spawn")
        halt = context.Event()

        def make() -> tuple[Executor, Any]:
            news = context.Queue()  # one for each pool: a worker that died may hold the lock of the old one
            return ProcessPoolExecutor(workers, context, worker.start, (news, halt)), news

        self.drive(cases, make, stop, halt.set)

    def drive(
        self,
        cases: Sequence[Case],
        make: Callable[[], tuple[Executor, Any]],
        stop: threading.Event,
        halt: Callable[[], None],
    ) -> None:
        """Submit, listen, collect; make a new pool when one broke."""
        broken: Counter[int] = Counter()
        while True:
            pool, news = make()
            team = Team()
            waiting: dict[Future[Outcome | None], Case] = {}
            lost = False
            try:
                try:
                    with unimportable_main(), ctrl_c_waits():
                        for case in cases:
                            if case.replicate not in self.finished:
                                waiting[pool.submit(worker.work, case, self.folder, self.checkpoint_s)] = case
                except BrokenProcessPool:
                    lost = True
                while waiting and not lost:
                    done, _ = wait(waiting, timeout=POLL_S, return_when=FIRST_COMPLETED)
                    for message in team.listen(news):
                        self.monitor.hear(message)
                    if stop.is_set():
                        halt()
                        for future in waiting:
                            future.cancel()
                    while done:
                        lost |= self._collect(done.pop(), waiting)
            except BaseException:
                halt()  # the others save where they are
                raise
            finally:
                if news is not None:  # the pool is ours
                    pool.shutdown(wait=True, cancel_futures=True)  # workers of a broken pool are gone after this
            if not lost or stop.is_set():
                return
            team.listen(news)
            suspects = sorted((team.died_with() or {case.replicate for case in cases}) - self.finished.keys())
            broken.update(suspects)
            if worst := [replicate for replicate in suspects if broken[replicate] >= ATTEMPTS]:
                raise WorkerDied(
                    f"a worker process died twice while it ran replicate {', '.join(map(str, worst))}; "
                    "was the memory full? Finished replicates are kept: --resume resumes the run."
                )
            self.monitor.retried(suspects)

    def _collect(self, future: Future[Outcome | None], waiting: dict[Future[Outcome | None], Case]) -> bool:
        """Take what a worker returned; returns whether it died instead."""
        case = waiting.pop(future)
        if future.cancelled():
            return False
        try:
            outcome = future.result()
        except BrokenProcessPool:
            return True
        if outcome is not None:
            self.take(case, outcome)
        return False


class Team:
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
