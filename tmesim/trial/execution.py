"""How a trial is carried out. Nothing of it changes a bit of the results."""

from __future__ import annotations

import os
from concurrent.futures import Executor
from dataclasses import dataclass
from typing import Any

from tmesim.arguments import whole
from tmesim.trial.replicate import CHECKPOINT_S


@dataclass(frozen=True)
class Execution:
    """Who simulates, and what is said and drawn.

    workers : processes on this machine, from 1 on; None: as many as there are processors for this process
    resume : whether a run that was interrupted is resumed; otherwise its directory is refused
    figures : whether figures, movie and report are drawn
    quiet : whether nothing is said on the way
    checkpoint_s : wall time between two checkpoints of a replicate, s
    executor : who simulates instead of `workers`
    engine : what makes the body of a replicate; None: `Body`

    TypeError or ValueError for a number of workers that is none.
    """

    workers: int | None = None
    resume: bool = False
    figures: bool = True
    quiet: bool = False
    checkpoint_s: float = CHECKPOINT_S
    executor: Executor | None = None
    engine: Any = None

    def __post_init__(self) -> None:
        if self.workers is not None:
            whole(self.workers, "workers", 1)

    @property
    def processes(self) -> int:
        """How many workers there are."""
        return self.workers if self.workers is not None else processors()


def processors() -> int:
    """How many processors there are for this process."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
