"""A case is a replicate of a scenario that is to be simulated; an outcome is what comes back of it.

Neither names a folder. A case goes to a worker and an outcome returns through whatever executor there is, so a worker
needs nothing of the machine of whoever asks.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from tmesim.scenario.schedule import schedule_of
from tmesim.trial.branches import Segment, tree

if TYPE_CHECKING:
    import numpy as np

    from tmesim.scenario import Scenario


@dataclass(frozen=True)
class Case:
    """A replicate of a scenario, under its seed. `engine` stands in for `Body` in tests."""

    scenario: Scenario
    replicate: int
    seed: int
    engine: Any = None

    @property
    def segments(self) -> tuple[Segment, ...]:
        """The tree of histories of the arms."""
        scenario = self.scenario
        programs = {name: schedule_of(arm, scenario.time.step_h).events for name, arm in scenario.arms.items()}
        return tree(programs, self.steps, {name: scenario.start_of(name).model_dump_json() for name in scenario.arms})

    @property
    def steps(self) -> int:
        """Steps of one arm."""
        return self.scenario.time.steps

    @property
    def work(self) -> int:
        """Steps over all branches."""
        return sum(s.end - s.start for s in self.segments)

    @property
    def name(self) -> str:
        """What the files of the replicate begin with."""
        return f"replicate_{self.replicate:03d}"


@dataclass(frozen=True)
class Outcome:
    """What a worker returns of a case: a table of rows (hour, then the observables) for each arm, the content of every
    file that is to be kept, by its path below a run directory, seconds of wall time, and a table of causes for each
    arm, as `Recorder.causes_table` gives it.

    Arms that share a history share the bytes of their files, so that these travel once.
    """

    replicate: int
    tables: dict[str, np.ndarray]
    files: Mapping[str, bytes] = field(repr=False)
    seconds: float
    compile_seconds: float
    causes: dict[str, np.ndarray] = field(default_factory=dict)
