"""A toy in place of the tissue, so that tests say something about the trial and take no time."""

import hashlib
import os
import re
import subprocess
import sys
import time
from pathlib import Path
from types import SimpleNamespace

import numpy as np

from tmesim import trial
from tmesim.tissue.ledger import Entry
from tmesim.trial.news import Watch
from tmesim.trial.pool import Monitor
from tmesim.trial.replicate import Simulation, simulate
from tmesim.trial.scratch import Scratch
from tmesim.trial.store import Store

TEXT = """
name: toy
question: Does it work?
host: mouse
tissue: {size: [180 µm, 150 µm]}
start: {tumor: {radius: 30 µm}, capillaries: 100 /mm², ecm: 0.2}
time: {days: 4, record_every: 12 h, snapshots: [0 d, 2 d, 4 d]}
replicates: 3
seed: 7
arms:
  untreated: {}
  drug: {therapies: [{use: anti_cd25, start: 2 d}]}
  late: {therapies: [{use: anti_cd25, start: 3 d}]}
  sham: {therapies: [{use: anti_cd25, start: 3 d, dose: 0 mg/kg}]}
endpoints: [tumor_burden, kills]
"""


class Toy:
    """A tissue in which tumor cells divide by chance, the less the more drug has been given. It draws from
    (seed, step), as the real one does, so its history depends on nothing but its state."""

    steps_made = 0

    def __init__(self, scenario, seed, replicate, arm=None):
        self.scenario, self.seed, self.replicate = scenario, seed, replicate
        self.step_index, self.burden, self.given, self.arm = 0, 20, 0.0, None
        self.events = ()
        if arm is not None:
            self.treat(arm)

    spacing, shape = 15.0, (10, 12)
    organs = {}

    def sample(self):
        return {}

    def reactive(self):
        return {}

    @property
    def bodies(self):
        return np.zeros(self.shape, np.uint16)

    @property
    def hour(self):
        return float(self.step_index)

    def treat(self, arm):
        self.arm = arm
        doses = self.scenario.arms[arm].therapies
        self.events = tuple((h, d.dose) for d in doses for h in d.hours())

    def step(self):
        Toy.steps_made += 1
        self.given += sum(dose for hour, dose in self.events if hour == self.step_index)
        luck = np.random.default_rng([self.seed, self.step_index]).random()
        self.burden = min(110, self.burden + (luck < 0.5 / (1 + self.given)))
        self.step_index += 1

    def copy(self):
        return type(self).from_state(self.scenario, self.state())

    def state(self):
        return {"numbers": np.array([self.seed, self.replicate, self.step_index, self.burden]),
                "given": np.array(self.given), "arm": np.array(self.arm or "")}  # fmt: skip

    @classmethod
    def from_state(cls, scenario, state):
        seed, number, step, burden = (int(v) for v in state["numbers"])
        toy = cls(scenario, seed, number)
        toy.step_index, toy.burden, toy.given = step, burden, float(state["given"])
        if str(state["arm"]):
            toy.treat(str(state["arm"]))
        return toy

    @property
    def tissue(self):
        return self

    @property
    def biology(self):
        return SimpleNamespace(types=list(self.scenario.catalogue.cells), states=list(self.scenario.catalogue.states))

    @property
    def cells(self):
        n = self.burden
        columns = {name: np.zeros(n, np.uint64) for name in ("mother", "target", "tcr", "clone")}
        columns["antigens"] = np.zeros((n, 1), np.uint32)
        columns |= {name: np.zeros(n, np.float32) for name in ("born", "engagement", "damage")}
        columns |= {"potential": np.full(n, 255, np.uint8)}
        state = np.zeros((len(self.biology.states), n), np.float32)
        columns |= {"id": np.arange(n, dtype=np.uint64)[::-1].copy(), "type": np.zeros(n, np.uint8)}
        return SimpleNamespace(n=n, state=state, y=np.arange(n) // 12, x=np.arange(n) % 12, **columns)

    @property
    def fields(self):
        return {"oxygen": np.full(self.shape, 20.0, np.float32)}

    matrix = {"ecm": np.full(shape, 0.2, np.float32)}

    @property
    def vessels(self):
        dark = np.zeros(self.shape, bool)
        return SimpleNamespace(perfused=dark, root=dark, tip=dark, links=dark.astype(np.uint8))

    @property
    def counters(self):
        return {"kills": self.given, "births": float(self.burden - 20)}

    def table(self):
        return {Entry("tumor", "gain", "start", "core"): 20.0, Entry("tumor", "gain", "division", "core"):
                float(self.burden - 20)}  # fmt: skip

    def drug(self, name):
        return {"plasma": self.given, "tissue": self.given, "occupancy": min(1.0, self.given)}


class DiesOnce(Toy):
    """A worker with the first replicate ends without a word, the first time (or, with no mark to leave, each time)."""

    def step(self):
        super().step()
        mark = Path(os.environ["TOY_MARK"])
        if self.replicate == 0 and self.step_index == 30 and not (mark.suffix == ".once" and mark.exists()):
            mark.touch()
            os._exit(1)


class DieInTurn(Toy):
    """Replicate 0 ends without a word, then replicate 1, each when replicate 2, whose steps leave a byte each in a
    file, has been at work for a while beside it."""

    def step(self):
        super().step()
        place = Path(os.environ["TOY_MARK"])
        zero, one, steps = place / "0.died", place / "1.died", place / "2.steps"

        def seen(number):
            while not steps.exists() or steps.stat().st_size < number:
                time.sleep(0.01)
            return steps.stat().st_size

        if self.replicate == 2:
            time.sleep(0.0 if one.exists() else 0.02)
            with open(steps, "ab") as file:
                file.write(b".")
        elif self.replicate == 0 and self.step_index >= 30 and not zero.exists():
            zero.write_text(str(seen(10)))
            os._exit(1)
        elif self.replicate == 1 and zero.exists() and not one.exists():
            one.write_text(str(seen(int(zero.read_text()) + 40)))
            os._exit(1)
        elif self.replicate == 1 and self.step_index == 30:
            while not zero.exists():
                time.sleep(0.01)
            time.sleep(0.5)  # the pool breaks meanwhile


class Certain(Toy):
    """Nothing happens by chance."""

    def step(self):
        self.step_index += 1


class Slow(Toy):
    def step(self):
        super().step()
        time.sleep(0.01)


class Broken(Toy):
    def step(self):
        raise ArithmeticError("the field has\nno solution")


class StopAfter(Monitor):
    def __init__(self, steps):
        self.left = steps

    def stopped(self):
        self.left -= 1
        return self.left < 0


def run(scenario, out, **options):
    """As the command line runs it, with the toy."""
    how = {"workers": 1, "figures": False, "quiet": True, "engine": Toy} | options
    what = {name: how.pop(name) for name in ("seed", "replicates", "days", "arms", "set") if name in how}
    return trial.run(trial.prepare(scenario, **what), out, trial.Execution(**how))


def scratch(case, path):
    """What a worker keeps for a case of the run in a folder."""
    checkpoints = Path(path) / "checkpoints"
    checkpoints.mkdir(parents=True, exist_ok=True)
    return Scratch(case, checkpoints)


def simulated(case, path, steps=None, every=60.0):
    """The outcome of a case of the run in a folder, from its last checkpoint; stopped after some steps, None."""
    watch = None if steps is None else Watch(stopped=StopAfter(steps + 1).stopped)
    return simulate(case, watch, scratch(case, path).folder, every)


def loaded(case, path):
    """A simulation at the last checkpoint of a case of the run in a folder; None where there is none."""
    simulation = Simulation(case, scratch(case, path))
    return simulation if simulation.load() else None


def finish(case, path):
    """Simulate a case to the end and put it into the store of the run in a folder."""
    return Store(Path(path)).take(case, simulated(case, path))


def gone():
    """The number of a process that is no more."""
    child = subprocess.Popen([sys.executable, "-c", ""])
    child.wait()
    return child.pid


def tables(path):
    return {name: (Path(path) / name).read_bytes() for name in ("timeseries.csv", "endpoints.csv", "comparison.csv")}


def contents(path):
    """Hashes of everything a run left, but for what tells of time and place."""
    files = [p for p in sorted(Path(path).rglob("*")) if p.is_file() and p.name != "provenance.json"]
    return {str(p.relative_to(path)): hashlib.sha256(timeless(p)).hexdigest() for p in files}


def timeless(path):
    """What a file holds, but for the lines of a report that say when, how fast and by which command it came about."""
    data = path.read_bytes()
    if path.name == "report.html":
        data, told = re.subn(rb"<dt>(Command|Started|Took)</dt><dd>.*?</dd>", b"", data)
        assert told == 3
    return data
