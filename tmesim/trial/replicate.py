"""One replicate: the shared history, its branches, the rows and snapshots of each arm, and the checkpoints between.

This is what a worker process runs, so it imports the engine and nothing for tables, figures or Mesa.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from tmesim.frames import FrameLog
from tmesim.observables import observables_of
from tmesim.recorder import Recorder
from tmesim.scenario.schedule import calendar_of
from tmesim.section import Section, snapshot_name
from tmesim.storage.arrays import pack
from tmesim.trial.branches import Segment, arms_of
from tmesim.trial.case import Case, Outcome
from tmesim.trial.news import Notice, NotSaved, Progress, Watch
from tmesim.trial.scratch import Memory, scratch_of

if TYPE_CHECKING:
    from tmesim.body import Body
    from tmesim.scenario import Scenario

CHECKPOINT_S = 60.0
"""Wall time between checkpoints of a running replicate unless one says otherwise, s."""

REPORT_S = 0.2
"""Wall time between two messages about the progress of a replicate, s."""


@dataclass
class Simulation:
    """A replicate on its way: which segment runs, and the ends of earlier segments that still have to branch."""

    case: Case
    scratch: Memory = field(default_factory=Memory)
    checkpoint_s: float = CHECKPOINT_S
    segment: int = 0
    done: int = 0
    current: tuple[Body, Recorder] | None = None
    ends: dict[int, tuple[Body, Recorder]] = field(default_factory=dict)
    tables: dict[str, np.ndarray] = field(default_factory=dict)
    told: bool = False  # that there are no checkpoints

    def __post_init__(self) -> None:
        self.calendar = calendar_of(self.case.scenario.time)

    def run(self, watch: Watch) -> bool:
        """Simulate to the end; False when stopped on the way, after a checkpoint."""
        segments = self.case.segments
        last_check = last_report = time.monotonic()
        while self.segment < len(segments):
            segment = segments[self.segment]
            if self.current is None:
                self.current = self._begin(segment, segments)
            body, recorder = self.current
            while body.step_index < segment.end:
                if watch.stopped():
                    self.keep(watch)
                    return False
                body.step()
                self.done += 1
                recorder.take(body, body.step_index)
                self._snapshot(body, segment)
                now = time.monotonic()
                if now - last_report > REPORT_S:
                    watch.report(Progress(self.case.replicate, self.done, body.hour / 24, segment.arms))
                    last_report = now
                if now - last_check >= self.checkpoint_s:
                    self.keep(watch)
                    last_check = now
            if segment.children:
                self.ends[segment.index] = self.current
            else:
                self.tables |= dict.fromkeys(segment.arms, recorder.table)
                self._keep_frames(recorder, segment)
            self.current = None
            self.segment += 1
        return True

    def _begin(self, segment: Segment, segments: tuple[Segment, ...]) -> tuple[Body, Recorder]:
        scenario = self.case.scenario
        if segment.parent is None:
            seed, arm = self.case.seed, segment.arms[0]
            body = engine(self.case)(scenario, seed=seed, replicate=self.case.replicate, arm=arm)
            recorder = new_recorder(scenario, body)
            recorder.take(body, body.step_index)
            self._snapshot(body, segment)
            return body, recorder
        body, recorder = self.ends[segment.parent]
        if segment.index == segments[segment.parent].children[-1]:
            del self.ends[segment.parent]  # nobody else branches here, so no copy is needed
        else:
            body, recorder = body.copy(), recorder.copy()
        body.treat(segment.arms[0])
        return body, recorder

    def _snapshot(self, body: Body, segment: Segment) -> None:
        if body.step_index not in self.calendar.snapshots:
            return
        for organ, tissue in ((None, body.tissue), *body.organs.items()):
            for kind, data in Section.of(tissue).packed().items():
                names = [snapshot_file(kind, arm, self.case.replicate, body.hour, organ) for arm in segment.arms]
                self.scratch.keep(names, data)

    def _keep_frames(self, recorder: Recorder, segment: Segment) -> None:
        for organ, log in logs_of(recorder).items():
            names = [frames_file(arm, self.case.replicate, organ) for arm in segment.arms]
            self.scratch.keep(names, pack(log.arrays()))

    # Checkpoints

    def keep(self, watch: Watch) -> None:
        """Save, where the state can be saved; tell once where it cannot."""
        try:
            self.save()
        except NotSaved as error:
            if not self.told:
                self.told = True
                watch.report(Notice(self.case.replicate, f"no checkpoints ({error})"))

    def save(self) -> None:
        """Leave a checkpoint in the scratch, if that lasts; NotSaved when the state cannot be saved."""
        if not self.scratch.lasting:
            return
        arrays = {"segment": np.array(self.segment), "done": np.array(self.done)}
        arrays |= {f"table:{arm}": table for arm, table in self.tables.items()}
        histories = {f"end{index}": history for index, history in self.ends.items()}
        if self.current is not None:
            histories["current"] = self.current
        for name, (body, recorder) in histories.items():
            arrays[f"{name}:rows"], arrays[f"{name}:past"] = recorder.table, recorder.past_table
            for organ, log in logs_of(recorder).items():
                arrays |= {f"{name}:frames:{organ or ''}:{key}": value for key, value in log.state().items()}
            arrays |= {f"{name}:state:{key}": np.asarray(value) for key, value in body.state().items()}
        self.scratch.save(arrays)

    def load(self) -> bool:
        """Take up the newest checkpoint that can be resumed from; False when there is none."""
        arrays = self.scratch.load()
        if arrays is None:
            return False
        self.segment, self.done = int(arrays["segment"]), int(arrays["done"])
        self.tables = {key[len("table:") :]: value for key, value in arrays.items() if key.startswith("table:")}
        segments = self.case.segments
        for name in sorted({key.split(":")[0] for key in arrays if key.endswith(":rows")}):
            prefix = f"{name}:state:"
            state = {key[len(prefix) :]: value for key, value in arrays.items() if key.startswith(prefix)}
            index = self.segment if name == "current" else int(name[len("end") :])
            body = engine(self.case).from_state(self.case.scenario, state)
            recorder = new_recorder(self.case.scenario, body)
            recorder.restore(arrays[f"{name}:rows"], arrays[f"{name}:past"])
            for organ, log in logs_of(recorder).items():
                start = f"{name}:frames:{organ or ''}:"
                log.restore({k.removeprefix(start): v for k, v in arrays.items() if k.startswith(start)})
            if name == "current":
                self.current = body, recorder
            else:
                self.ends[segments[index].index] = body, recorder
        return True


def engine(case: Case) -> Any:
    """What makes the body of a case."""
    if case.engine is not None:
        return case.engine
    from tmesim.body import Body

    return Body


def new_recorder(scenario: Scenario, body: Any) -> Recorder:
    """A recorder of all that a scenario's tables and movie need of a body."""

    def log(types: Sequence[str]) -> FrameLog:
        return FrameLog(types, [scenario.catalogue.cells[name].layer for name in types], scenario.tissue.spacing)

    beside = {name: log(organ.biology.types) for name, organ in body.organs.items()}
    return Recorder(reported(scenario), calendar_of(scenario.time), log(body.tissue.biology.types), beside)


def logs_of(recorder: Recorder) -> dict[str | None, FrameLog]:
    """The frames of the tissue (None) and of the organs beside it."""
    found: dict[str | None, FrameLog] = {} if recorder.frames is None else {None: recorder.frames}
    return found | dict(recorder.beside.items())


def reported(scenario: Scenario) -> dict[str, Any]:
    """The observables of a scenario's tables: those of its catalogue, and levels of each therapy that an arm uses."""
    used = dict.fromkeys(dose.use for arm in scenario.arms.values() for dose in arm.therapies)
    return observables_of(scenario.catalogue, used, scenario.places)


def snapshot_file(kind: str, arm: str, replicate: int, hour: float, organ: str | None = None) -> str:
    """The path of a snapshot ("cells" or "fields"), of the tissue or of an organ beside it, below a run directory."""
    return "/".join([kind, arm, *([organ] if organ else []), snapshot_name(replicate, hour / 24)])


def frames_file(arm: str, replicate: int, organ: str | None = None) -> str:
    """The path of an arm's frames, of the tissue or of an organ beside it, below a run directory."""
    return "/".join(["frames", arm, *([organ] if organ else []), f"replicate_{replicate:03d}.npz"])


def simulate(
    case: Case, watch: Watch | None = None, folder: str | Path | None = None, checkpoint_s: float = CHECKPOINT_S
) -> Outcome | None:
    """Simulate a case, from its last checkpoint if there is one; None when it was stopped.

    folder : where checkpoints are kept and looked for; without one, or where it cannot be seen, there are none
    checkpoint_s : wall time between two of them, s
    """
    watch = watch or Watch()
    with scratch_of(case, folder, watch.stopped) as scratch:
        if scratch is None or watch.stopped():
            return None
        start = time.perf_counter()
        compiling: list[float] = []
        with compile_timer(compiling.append):
            simulation = Simulation(case, scratch, checkpoint_s)
            simulation.load()
            if not simulation.run(watch):
                return None
        simulation.save()  # the outcome may be lost on its way, with whoever waits for it
        order = arms_of(case.segments)
        tables = {arm: simulation.tables[arm] for arm in case.scenario.arms if arm in order}
        seconds = time.perf_counter() - start
        return Outcome(case.replicate, tables, scratch.files(), seconds, sum(compiling))


def compile_timer(tell: Callable[[float], None]) -> AbstractContextManager[Any]:
    """Tell the seconds that numba spends compiling; loads from its cache do not count."""
    try:
        from numba.core.event import install_timer
    except ImportError:
        return nullcontext()
    return install_timer("numba:compile", tell)
