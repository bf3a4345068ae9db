"""One replicate: the shared history, its branches, the rows and snapshots of each arm, and the checkpoints between.

This is what a worker process runs, so it imports the engine and nothing for tables, figures or Mesa.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any

import numpy as np

from tmesim.frames import FrameLog, frame_interval
from tmesim.observables import observables_of
from tmesim.recorder import Recorder
from tmesim.section import Section, snapshot_name
from tmesim.storage import write
from tmesim.storage.arrays import pack
from tmesim.trial.branches import Segment, arms_of
from tmesim.trial.job import Job, Notice, NotSaved, Outcome, Progress, Watch
from tmesim.trial.locks import lock
from tmesim.trial.records import Unusable, checkpoint_paths, finished_path, forget, recall, store, take_stock

if TYPE_CHECKING:
    from tmesim.body import Body
    from tmesim.scenario import Scenario

WAIT_S = 0.05
"""Wall time between two looks at whether another process has let go of a replicate, s."""

REPORT_S = 0.2
"""Wall time between two messages about the progress of a replicate, s."""


@dataclass
class Simulation:
    """A replicate on its way: which segment runs, and the ends of earlier segments that still have to branch."""

    job: Job
    segment: int = 0
    done: int = 0
    current: tuple[Body, Recorder] | None = None
    ends: dict[int, tuple[Body, Recorder]] = field(default_factory=dict)
    tables: dict[str, np.ndarray] = field(default_factory=dict)
    saved_in: int = 1  # the generation that holds the last checkpoint
    told: bool = False  # that there are no checkpoints
    sums: dict[str, str] = field(default_factory=dict)  # SHA-256 of the files that are written

    def run(self, watch: Watch) -> bool:
        """Simulate to the end; False when stopped on the way, after a checkpoint."""
        segments = self.job.segments
        step_h = self.job.scenario.time.step_h
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
                recorder.take(body, step_h, last=body.step_index == self.job.steps)
                self._snapshot(body, recorder, segment)
                now = time.monotonic()
                if now - last_report > REPORT_S:
                    watch.report(Progress(self.job.replicate, self.done, body.hour / 24, segment.arms))
                    last_report = now
                if now - last_check >= self.job.checkpoint_s:
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
        scenario = self.job.scenario
        if segment.parent is None:
            seed, arm = self.job.seed, segment.arms[0]
            body = engine(self.job)(scenario, seed=seed, replicate=self.job.replicate, arm=arm)
            recorder = new_recorder(scenario)
            recorder.take(body, scenario.time.step_h)
            self._snapshot(body, recorder, segment)
            return body, recorder
        body, recorder = self.ends[segment.parent]
        if segment.index == segments[segment.parent].children[-1]:
            del self.ends[segment.parent]  # nobody else branches here, so no copy is needed
        else:
            body, recorder = body.copy(), recorder.copy()
        body.treat(segment.arms[0])
        return body, recorder

    def _snapshot(self, body: Body, recorder: Recorder, segment: Segment) -> None:
        if not recorder.wants_snapshot(body.hour, self.job.scenario.time.step_h):
            return
        for kind, data in Section.of(body.tissue).packed().items():
            for arm in segment.arms:
                write(snapshot_path(Path(self.job.directory), kind, arm, self.job.replicate, body.hour), data)

    def _keep_frames(self, recorder: Recorder, segment: Segment) -> None:
        data = pack(recorder.frames.arrays()) if recorder.frames is not None else b""
        for arm in segment.arms if data else ():
            write(frames_path(Path(self.job.directory), arm, self.job.replicate), data)

    # Checkpoints

    def keep(self, watch: Watch) -> None:
        """Save, where the state can be saved; tell once where it cannot."""
        try:
            self.save()
        except NotSaved as error:
            if not self.told:
                self.told = True
                watch.report(Notice(self.job.replicate, f"no checkpoints ({error})"))

    def save(self) -> None:
        arrays = {"segment": np.array(self.segment), "done": np.array(self.done)}
        arrays |= {f"table:{arm}": table for arm, table in self.tables.items()}
        histories = {f"end{index}": history for index, history in self.ends.items()}
        if self.current is not None:
            histories["current"] = self.current
        for name, (body, recorder) in histories.items():
            arrays[f"{name}:rows"], arrays[f"{name}:past"] = recorder.table, recorder.past_table
            if recorder.frames is not None:
                arrays |= {f"{name}:frames:{key}": value for key, value in recorder.frames.state().items()}
            arrays |= {f"{name}:state:{key}": np.asarray(value) for key, value in body.state().items()}
        take_stock(self.job, self.sums)
        store(self.job, checkpoint_paths(self.job)[1 - self.saved_in], arrays, self.sums)
        self.saved_in = 1 - self.saved_in

    def load(self) -> bool:
        """Take up the newest whole checkpoint whose files are whole too; False when there is none. Files that lie ahead
        of it are removed."""
        found = []
        for generation, path in enumerate(checkpoint_paths(self.job)):
            with suppress(Unusable):
                if (kept := recall(self.job, path)) is not None:
                    found.append((*kept, generation))
        if not found:
            forget(self.job, but={})
            return False
        arrays, self.sums, self.saved_in = max(found, key=lambda each: int(each[0]["done"]))
        forget(self.job, but=self.sums)
        self.segment, self.done = int(arrays["segment"]), int(arrays["done"])
        self.tables = {key[len("table:") :]: value for key, value in arrays.items() if key.startswith("table:")}
        segments = self.job.segments
        for name in sorted({key.split(":")[0] for key in arrays if key.endswith(":rows")}):
            prefix = f"{name}:state:"
            state = {key[len(prefix) :]: value for key, value in arrays.items() if key.startswith(prefix)}
            index = self.segment if name == "current" else int(name[len("end") :])
            body = engine(self.job).from_state(self.job.scenario, state)
            recorder = new_recorder(self.job.scenario)
            recorder.restore(arrays[f"{name}:rows"], arrays[f"{name}:past"])
            if recorder.frames is not None:
                start = f"{name}:frames:"
                recorder.frames.restore({k.removeprefix(start): v for k, v in arrays.items() if k.startswith(start)})
            if name == "current":
                self.current = body, recorder
            else:
                self.ends[segments[index].index] = body, recorder
        return True


def engine(job: Job) -> Any:
    if job.engine is not None:
        return job.engine
    from tmesim.body import Body

    return Body


def new_recorder(scenario: Scenario) -> Recorder:
    cells, timing = scenario.catalogue.cells, scenario.time
    layers = [cell.layer for cell in cells.values()]
    frames = FrameLog(list(cells), layers, scenario.tissue.spacing, frame_interval(timing.days * 24))
    return Recorder(reported(scenario), timing.record_every_h, timing.snapshots_h, frames)


def reported(scenario: Scenario) -> dict[str, Any]:
    """The observables of a scenario's tables: those of its catalogue, and levels of each therapy that an arm uses."""
    used = dict.fromkeys(dose.use for arm in scenario.arms.values() for dose in arm.therapies)
    return observables_of(scenario.catalogue, used)


def snapshot_path(directory: Path, kind: str, arm: str, replicate: int, hour: float) -> Path:
    return directory / kind / arm / snapshot_name(replicate, hour / 24)


def frames_path(directory: Path, arm: str, replicate: int) -> Path:
    return directory / "frames" / arm / f"replicate_{replicate:03d}.npz"


def simulate(job: Job, watch: Watch | None = None) -> Outcome | None:
    """Run a job, from its last checkpoint if there is one; None when it was stopped. The outcome is kept on disk."""
    watch = watch or Watch()
    alone = held(job, watch)
    if alone is None:
        return None
    with alone:
        return finished(job) or _simulate(job, watch)


def held(job: Job, watch: Watch) -> IO[str] | None:
    """The lock of a replicate: a worker that outlived its parent may still be at its files. None when stopped."""
    job.checkpoints.mkdir(parents=True, exist_ok=True)
    while True:
        try:
            return lock(job.checkpoints / f"{job.name}.lock")
        except BlockingIOError:
            if watch.stopped():
                return None
            time.sleep(WAIT_S)


def _simulate(job: Job, watch: Watch) -> Outcome | None:
    if watch.stopped():
        return None
    start = time.perf_counter()
    compiling: list[float] = []
    with compile_timer(compiling.append):
        simulation = Simulation(job)
        simulation.load()
        if not simulation.run(watch):
            return None
    order = arms_of(job.segments)
    tables = {arm: simulation.tables[arm] for arm in job.scenario.arms if arm in order}
    take_stock(job, simulation.sums)
    outcome = Outcome(job.replicate, tables, time.perf_counter() - start, sum(compiling), simulation.sums)
    keep_outcome(job, outcome)
    for path in checkpoint_paths(job):
        path.unlink(missing_ok=True)
    return outcome


def keep_outcome(job: Job, outcome: Outcome) -> None:
    times = np.array([outcome.seconds, outcome.compile_seconds])
    store(job, finished_path(job), outcome.tables | {":seconds": times}, outcome.files)


def finished(job: Job) -> Outcome | None:
    """The outcome of a job that was finished before, if its files are what they were."""
    with suppress(Unusable):
        if (kept := recall(job, finished_path(job))) is not None:
            arrays, files = kept
            seconds, compile_seconds = arrays.pop(":seconds")
            return Outcome(job.replicate, arrays, float(seconds), float(compile_seconds), files)
    return None


def trouble(job: Job) -> str | None:
    """Why what is kept of a job cannot be gone on with, if something is kept."""
    try:
        if recall(job, finished_path(job)) is not None:
            return None
    except Unusable as error:
        return str(error)
    why = None
    for path in checkpoint_paths(job):
        try:
            if recall(job, path) is not None:
                return None
        except Unusable as error:
            why = str(error)
    return why


def compile_timer(tell: Callable[[float], None]) -> AbstractContextManager[Any]:
    """Tell the seconds that numba spends compiling; loads from its cache do not count."""
    try:
        from numba.core.event import install_timer
    except ImportError:
        return nullcontext()
    return install_timer("numba:compile", tell)
