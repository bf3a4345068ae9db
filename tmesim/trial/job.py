"""A job is a replicate: what is to be simulated, what comes back, and what is said on the way."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tmesim.scenario.schedule import schedule_of
from tmesim.trial.branches import Segment, tree

if TYPE_CHECKING:
    import numpy as np

    from tmesim.scenario import Scenario

CHECKPOINT_S = 60.0
"""Wall time between checkpoints of a running replicate unless one says otherwise, s."""


@dataclass(frozen=True)
class Job:
    """A replicate to simulate. `engine` stands in for `Body` in tests; `checkpoint_s` is wall time, s."""

    scenario: Scenario
    replicate: int
    seed: int
    directory: str
    engine: Any = None
    checkpoint_s: float = CHECKPOINT_S

    @property
    def segments(self) -> tuple[Segment, ...]:
        scenario = self.scenario
        programs = {name: schedule_of(arm, scenario.time.step_h).events for name, arm in scenario.arms.items()}
        return tree(programs, self.steps, {name: scenario.start_of(name).model_dump_json() for name in scenario.arms})

    @property
    def steps(self) -> int:
        return round(self.scenario.time.days * 24 / self.scenario.time.step_h)

    @property
    def work(self) -> int:
        """Steps over all branches."""
        return sum(s.end - s.start for s in self.segments)

    @property
    def name(self) -> str:
        return f"replicate_{self.replicate:03d}"

    @property
    def checkpoints(self) -> Path:
        return Path(self.directory) / "checkpoints"


@dataclass
class Outcome:
    """What a finished replicate hands back: a table of rows (hour, then the observables) for each arm, and the
    SHA-256 of each file that it has written, by its path below the run directory."""

    replicate: int
    tables: dict[str, np.ndarray]
    seconds: float
    compile_seconds: float
    files: dict[str, str] = field(default_factory=dict)


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
    """How a running job talks to whoever started it."""

    report: Callable[[Progress | Notice], None] = lambda news: None
    stopped: Callable[[], bool] = lambda: False
