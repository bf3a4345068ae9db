"""What happens inside of a worker process: it simulates cases, tells the parent of them, and ends with the parent.

The channel (queue of news and stop flag) reaches a worker once, when it starts. `work` without a channel is a case in
a worker of somebody else's executor.
"""

from __future__ import annotations

import multiprocessing
import os
import signal
import threading
from dataclasses import dataclass
from multiprocessing.connection import wait
from types import FrameType
from typing import Any

from tmesim.trial.case import Case, Outcome
from tmesim.trial.news import Watch
from tmesim.trial.replicate import simulate

TERMINATED = 128 + signal.SIGTERM
"""Exit code of a worker that was told to end, and saved where it was."""


@dataclass
class Started:
    """The news that a process has begun with a replicate."""

    replicate: int
    process: int


_channel: tuple[Any, Any] | None = None
_busy = False
_told_to_end = threading.Event()


def start(news: Any, halt: Any) -> None:
    """Make this process a worker."""
    global _channel
    os.environ["NUMBA_NUM_THREADS"] = "1"  # before numba is imported: the processes are the parallelism
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C reaches the whole group; the parent decides
    signal.signal(signal.SIGTERM, _end)
    threading.Thread(target=end_with_parent, daemon=True).start()
    news.cancel_join_thread()
    _channel = news, halt


def work(case: Case, folder: str, checkpoint_s: float) -> Outcome | None:
    """Simulate a case; `folder` and `checkpoint_s` (s) as in `simulate`. None when stopped."""
    global _busy
    if _channel is None:
        return simulate(case, folder=folder, checkpoint_s=checkpoint_s)
    news, halt = _channel
    _busy = True
    news.put(Started(case.replicate, os.getpid()))
    try:
        watch = Watch(news.put, lambda: halt.is_set() or _told_to_end.is_set())
        return simulate(case, watch, folder, checkpoint_s)
    finally:
        _busy = False
        if _told_to_end.is_set():
            os._exit(TERMINATED)


def _end(number: int, frame: FrameType | None) -> None:
    """TERM comes from a scheduler, or from the pool when another worker died: save, then end."""
    if not _busy:
        os._exit(TERMINATED)
    _told_to_end.set()


def end_with_parent() -> None:
    """A worker whose parent was killed would work for nobody, beside the workers of a run that is resumed."""
    parent = multiprocessing.parent_process()
    if parent is not None:
        wait([parent.sentinel])
        os._exit(1)
