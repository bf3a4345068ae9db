"""What a worker says while it simulates, and how it is told to stop."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass


@dataclass
class Progress:
    """How far a replicate is: branch steps done, and the day and arms it is at."""

    replicate: int
    done: int
    day: float
    arms: tuple[str, ...]


@dataclass
class Notice:
    """Something that the user should know of a replicate and that does not end it."""

    replicate: int
    text: str


class StepFailed(RuntimeError):
    """The `step()` of a cell class written in Python raised an error; the message holds its traceback."""


class NotSaved(TypeError):
    """A state holds what a checkpoint cannot; the replicate begins anew if it is interrupted."""


@dataclass
class Watch:
    """How a worker talks to whoever started it."""

    report: Callable[[Progress | Notice], None] = lambda news: None
    stopped: Callable[[], bool] = lambda: False
