"""Ctrl-C, and the TERM of a scheduler: what a run does when it is told to stop."""

from __future__ import annotations

import os
import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType

AGAIN_S = 0.01
"""Wall time after which a signal that came where nothing can be raised is sent again, s."""


class Interrupted(KeyboardInterrupt):
    """The user stopped the run; finished replicates and the checkpoints of the others are kept."""


@contextmanager
def stop_on_signal() -> Iterator[threading.Event]:
    """An event that the first Ctrl-C (or a scheduler's TERM) sets; the second Ctrl-C raises at once."""
    stop = threading.Event()

    def handle(number: int, frame: FrameType | None) -> None:
        if stop.is_set():
            raise KeyboardInterrupt
        stop.set()

    with handled_by(handle, signal.SIGINT, signal.SIGTERM):
        yield stop


@contextmanager
def signals_interrupt() -> Iterator[None]:
    """Let Ctrl-C and TERM end at once what happens before and after the cases."""

    def handle(number: int, frame: FrameType | None) -> None:
        raise Interrupted("stopped; --resume resumes the run")

    with handled_by(handle, signal.SIGINT, signal.SIGTERM):
        yield


@contextmanager
def handled_by(handle: Callable[[int, FrameType | None], None], *numbers: signal.Signals) -> Iterator[None]:
    """A handler of signals for a while; only the main thread may have one."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return

    def heard(number: int, frame: FrameType | None) -> None:
        if is_unheard(frame):
            later = threading.Timer(AGAIN_S, os.kill, (os.getpid(), number))
            later.daemon = True
            later.start()
        else:
            handle(number, frame)

    before = {number: signal.signal(number, heard) for number in numbers}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def is_unheard(frame: FrameType | None) -> bool:
    """Whether Python would drop what is raised here, and say so in a traceback: in a finalizer or a callback of a weak
    reference, where a signal may find the main thread as anywhere else."""
    while frame is not None:
        if frame.f_code.co_name == "__del__" or frame.f_globals.get("__name__") in ("weakref", "_weakrefset"):
            return True
        frame = frame.f_back
    return False


@contextmanager
def ctrl_c_waits() -> Iterator[None]:
    """Hold Ctrl-C back while processes are started, so that it does not reach one that has not yet chosen what it does
    about it. They begin with it held back too; `ctrl_c_comes` ends that."""
    if not hasattr(signal, "pthread_sigmask"):
        yield
        return
    before = signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGINT])
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


def ctrl_c_comes() -> None:
    if hasattr(signal, "pthread_sigmask"):
        signal.pthread_sigmask(signal.SIG_UNBLOCK, [signal.SIGINT])
