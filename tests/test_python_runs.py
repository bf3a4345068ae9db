"""Runs from Python: where they lie, how they are read again, cell classes written in Python, and arguments."""

import json
import os
import pickle
import re
import shutil
import subprocess
import sys
import textwrap
import threading
from pathlib import Path

import numpy as np
import pytest
from toys import TEXT, Broken, StopAfter, Toy, contents, loaded, scratch

import tmesim
from tmesim.agents import Cell, TumorCell
from tmesim.agents.identity import identity
from tmesim.reading import InputError
from tmesim.scenario import read_text, replicate_seed
from tmesim.trial.agents import PythonCells
from tmesim.trial.case import Case
from tmesim.trial.news import Notice, StepFailed, Watch
from tmesim.trial.pool import run_cases
from tmesim.trial.replicate import Simulation
from tmesim.trial.store import Store

TINY = TEXT.replace("days: 4", "days: 1").replace("2 d, 4 d", "1 d").replace("start: 2 d", "start: 6 h")
TINY = TINY.replace("start: 3 d", "start: 12 h").replace("replicates: 3", "replicates: 2")
ARMED = {"start.densities.killer": "2000 /mm²"}
SICKNESS = 0.05  # chance that a tumor cell dies in an hour, of what `Frail` refers to


class Idle(TumorCell):
    """Does nothing."""

    def step(self):
        pass


class Frail(TumorCell):
    """Remembers what it has seen, and dies of it by chance."""

    columns = {"hours": 0, "seen": 0.0, "mood": ("calm", None)}

    def step(self):
        self.hours += 1
        self.seen += np.float32(self.local("oxygen"))
        nervous = self.mood[0] == "nervous" and self.mood[1] == self.hours - 1
        self.mood = ("nervous" if self.draw() < 0.5 else "calm", self.hours)
        if self.draw() < SICKNESS * (nervous + self.hours % 3 + (self.seen % 1 < 0.5)):
            self.die()


class Noted(TumorCell):
    """Keeps plain data outside of columns: on the cell, on the model, and in Mesa's own chance."""

    def step(self):
        before = self.__dict__.setdefault("path", [])
        mourns = getattr(self, "friend", None) is not None and not self.friend.alive
        before.append((self.model.random.random(), np.float32(self.x)))
        self.tally = {1: np.arange(len(before)), "deep": {"last": before[-1]}}
        near = self.neighbors(cell_type="tumor")
        self.friend = near[0] if near else None
        self.model.steps_seen = getattr(self.model, "steps_seen", 0) + 1
        if before[-1][0] < 0.02 * (len(before) % 4 + 5 * mourns + self.model.steps_seen % 3):
            self.die()


class Opaque(TumorCell):
    """Keeps what no checkpoint can hold."""

    def step(self):
        self.secret = {self.unique_id}
        if self.draw() < 0.02:
            self.die()


class Killer(Cell):
    """A new type that kills tumor cells beside it."""

    cell_type = "killer"
    layer = "leukocyte"
    behaviors = {"speed": "2 µm/min", "persistence": "10 min", "apoptosis": "0.002 1/h"}
    events = ({"behavior": "apoptosis", "does": "die"},)
    columns = {"kills": 0}

    def step(self):
        prey = self.neighbors(cell_type="tumor")
        if prey and self.draw() < 0.5:
            prey[0].die()
            self.kills += 1


class Stumbler(TumorCell):
    def step(self):
        if self.model.hour == 5:
            self.trip({})

    def trip(self, stones):
        return stones["none"]


@pytest.fixture
def scenario():
    return read_text(TEXT)


@pytest.fixture
def tiny():
    return read_text(TINY)


def toy(scenario, **options):
    return tmesim.run(scenario, **{"workers": 1, "figures": False, "quiet": True, "engine": Toy} | options)


def real(scenario, out, **options):
    return tmesim.run(scenario, out=out, **{"workers": 1, "figures": False, "quiet": True} | options)


def alike(one, other):
    """The same bytes in all that two runs have left, but for which code they were run by."""
    mine, others = contents(one), contents(other)
    for each in (mine, others):
        del each["complete.json"]  # it names the code
    return mine == others


# Where a run lies


def test_a_run_lies_in_runs_by_the_name_of_its_scenario_and_is_read_again(scenario, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    result = toy(scenario)
    assert result.path == Path("runs/toy")
    before, Toy.steps_made = contents("runs/toy"), 0
    assert toy(scenario).path == Path("runs/toy") and Toy.steps_made == 0
    assert contents("runs/toy") == before and tmesim.Result("runs/toy").endpoints.equals(result.endpoints)


def test_another_run_gets_the_next_free_name_and_finds_it_again(scenario, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    toy(scenario)
    assert toy(scenario, seed=8, quiet=False).path == Path("runs/toy-2")
    said = capsys.readouterr().err
    assert "runs/toy holds another run" in said and "runs/toy-2" in said
    assert toy(scenario, seed=9).path == Path("runs/toy-3")
    Toy.steps_made = 0
    for seed, name in ((8, "toy-2"), (7, "toy"), (9, "toy-3")):
        assert toy(scenario, seed=seed).path == Path("runs") / name
    shutil.rmtree("runs/toy")
    assert toy(scenario, seed=9).path == Path("runs/toy-3"), "found beyond a gap"
    assert Toy.steps_made == 0
    assert toy(scenario, seed=10).path == Path("runs/toy"), "a gap is filled"


def test_files_of_somebody_are_left_alone(scenario, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    Path("runs/toy").mkdir(parents=True)
    Path("runs/toy/notes.txt").write_text("mine")
    Path("runs/toy-2").write_text("a file")
    assert toy(scenario).path == Path("runs/toy-3")
    assert Path("runs/toy/notes.txt").read_text() == "mine" and Path("runs/toy-2").read_text() == "a file"


def test_a_run_that_was_interrupted_is_refused_and_resumed_in_its_folder(scenario, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    toy(scenario, seed=1)
    whole = toy(scenario, out="whole")
    with pytest.raises(ArithmeticError):
        toy(scenario, engine=Broken)
    with pytest.raises(InputError, match=r"resume=True .*another out=…") as refused:
        toy(scenario)
    assert "--" not in str(refused.value)
    resumed = toy(scenario, resume=True)
    assert resumed.path == Path("runs/toy-2") and contents("runs/toy-2") == contents(whole.path)


def test_a_directory_that_was_named_is_refused_with_a_remedy(scenario, tmp_path):
    toy(scenario, out=tmp_path / "run")
    with pytest.raises(InputError, match=r"holds another run .*choose another out=…") as refused:
        toy(scenario, out=tmp_path / "run", seed=8)
    assert "--" not in str(refused.value)


def test_a_temporary_run_leaves_nothing(scenario, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    result = toy(scenario, out=tmesim.TEMPORARY)
    path = result.path
    assert len(result.endpoints) == 12 and path.exists() and "as long as this result" in repr(result)
    del result
    assert not path.exists() and list(tmp_path.iterdir()) == []
    assert repr(tmesim.TEMPORARY) == "tmesim.TEMPORARY"


# Reading again


def test_a_result_says_how_it_is_read_again(scenario, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    result = toy(scenario)
    assert "tmesim.Result('runs/toy')" in repr(result)
    card = result._repr_html_()
    assert "tmesim.Result(&#x27;runs/toy&#x27;)" in card


def test_a_path_on_a_card_is_text_and_never_a_script(scenario, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    result = toy(scenario, out="javascript:alert('1')#?%41")
    (result.path / "report.html").write_text("x")
    card = result._repr_html_()
    (link,) = re.findall(r'href="([^"]*)"', card)
    assert link == "./javascript%3Aalert%28%271%27%29%23%3F%2541/report.html"
    assert "<script" not in card and "alert('1')" not in card


def test_runs_and_scenarios_are_not_mixed_up(scenario, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    path = toy(scenario, out="here").path
    with pytest.raises(InputError, match=r"here: .*directory of a run.*tmesim\.Result\('here'\)"):
        tmesim.load(path)
    with pytest.raises(InputError, match=r"scenario.yaml: .*scenario.*tmesim\.load"):
        tmesim.Result("here/scenario.yaml")
    with pytest.raises(InputError, match=r"minimal: .*scenario.*tmesim\.load"):
        tmesim.Result("minimal")
    (tmp_path / "empty").mkdir()
    for nothing in ("empty", "nowhere"):
        with pytest.raises(InputError, match=f"{nothing}: .*no run"):
            tmesim.Result(nothing)
    with pytest.raises(InputError, match="empty: is a directory"):
        tmesim.load(Path("empty"))
    (path / "complete.json").unlink()
    with pytest.raises(InputError, match=r"here: .*not complete.*resume=True"):
        tmesim.Result("here")


# Cell classes written in Python


def test_classes_that_do_nothing_change_no_byte(tiny, tmp_path):
    plain = real(tiny, tmp_path / "plain")
    idle = real(tiny, tmp_path / "idle", agent_classes=[Idle])
    assert alike(plain.path, idle.path)
    assert idle.provenance["agent_classes"] == {"Idle": identity(Idle)} and "agent_classes" not in plain.provenance


def test_a_new_type_gets_arms_replicates_a_comparison_and_a_report(tiny, tmp_path):
    result = real(tiny, tmp_path / "run", agent_classes=Killer, set=ARMED, figures=True)
    plain = real(tiny, tmp_path / "plain")
    assert "n_killer" in result.observables and result.series("n_killer", "untreated")[1][:, 0].min() > 5
    assert (result.endpoint("tumor_burden", "untreated") < plain.endpoint("tumor_burden", "untreated")).all()
    assert set(result.comparison.arm) == {"drug", "late", "sham"} and (result.path / "report.html").is_file()
    sham = result.compare(arms="sham").difference
    assert (sham == 0).all(), "an arm with a dose of nothing shares every draw"


def test_a_scenario_may_speak_of_a_type_that_a_class_brings(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    Path("depleted.yaml").write_text(
        TINY[: TINY.index("arms:")].replace("ecm: 0.2}", "ecm: 0.2, densities: {killer: 600 /mm²}}")
        + "arms: {kept: {}, depleted: {set: {cells.killer.behaviors.apoptosis: 1 1/h}, from: 2 h}}\n"
        "reference: kept\nendpoints: [n_killer, tumor_burden]\n", encoding="utf-8"
    )  # fmt: skip
    result = real("depleted.yaml", None, agent_classes=Killer)
    _, killers = result.series("n_killer", "depleted")
    assert (killers[:, 0] > 5).all() and killers[:, -1].sum() < 0.6 * killers[:, 0].sum()  # others come over the walls
    depleted, kept = (result.series("tumor_burden", arm)[1].mean() for arm in ("depleted", "kept"))
    assert depleted > kept + 2
    with pytest.raises(InputError, match="killer"):
        real("depleted.yaml", None)


def test_arms_that_part_go_on_as_arms_that_never_were_together(tiny, tmp_path):
    whole = real(tiny, tmp_path / "whole", agent_classes=[Noted]).timeseries
    for arm in ("drug", "late"):
        alone = real(tiny, tmp_path / arm, arms=["untreated", arm], agent_classes=[Noted]).timeseries
        mine = whole[whole.arm.isin(["untreated", arm])].reset_index(drop=True)
        assert mine.equals(alone)


def test_workers_do_not_change_a_byte(tiny, tmp_path):
    one = real(tiny, tmp_path / "one", agent_classes=[Frail, Killer], set=ARMED)
    two = real(tiny, tmp_path / "two", agent_classes=[Frail, Killer], set=ARMED, workers=2)
    assert alike(one.path, two.path)


@pytest.mark.parametrize("cls", [Frail, Noted, Opaque])
def test_an_interrupted_run_resumes_to_the_same_bits(tiny, tmp_path, cls):
    whole = real(tiny, tmp_path / "whole", agent_classes=[cls])
    stop = tmp_path / "stopped"
    made = PythonCells([cls])
    cases = [Case(tiny, r, replicate_seed(tiny.seed, r), made) for r in range(2)]
    heard = []
    left = iter(range(15))
    simulation = Simulation(cases[0], scratch(cases[0], stop), 0.0)
    assert not simulation.run(Watch(heard.append, lambda: next(left, None) is None))
    told = [news for news in heard if isinstance(news, Notice)]
    saved = sorted((stop / "checkpoints").glob("*.checkpoint"))
    if cls is Opaque:
        assert saved == [] and len(told) == 1 and "an attribute of a cell: set" in told[0].text
    else:
        assert saved and told == []
        assert 10 < loaded(cases[0], stop).done <= 15
    outcomes = run_cases(cases, Store(stop), 1, StopAfter(10**9))
    assert Store(stop).finished(cases[0]) is not None
    for outcome in outcomes:
        rows = whole.timeseries[(whole.timeseries.replicate == outcome.replicate) & (whole.timeseries.arm == "drug")]
        assert np.array_equal(outcome.tables["drug"][:, 1:], rows.to_numpy()[:, 3:].astype(float), equal_nan=True)


def test_a_checkpoint_is_arrays_and_json_and_nothing_that_is_executed(tiny, tmp_path, monkeypatch):
    cells = PythonCells([Noted, Killer])
    plan = tmesim.trial.python._with_classes(tiny, [Noted, Killer], None)[0]
    habitat = cells(plan, seed=3, replicate=0, arm="untreated")
    for _ in range(4):
        habitat.step()
    state = habitat.state()
    assert all(array.dtype != object for array in state.values())
    json.loads(state["agents"].tobytes())
    for name in ("load", "loads", "Unpickler"):
        monkeypatch.setattr(pickle, name, None)
    twin = cells.from_state(plan, state)
    friends = [cell for cell in twin.model.agents_by_type[Noted] if getattr(cell, "friend", None) is not None]
    assert friends and all(cell.friend.model is twin.model for cell in friends)
    for _ in range(4):
        habitat.step(), twin.step()
    assert twin.hash() == habitat.hash() and twin.model.steps == habitat.model.steps == 8


def test_classes_of_a_main_module_or_a_notebook_cell_reach_the_workers(tmp_path):
    (tmp_path / "tiny.yaml").write_text(TINY, encoding="utf-8")
    code = """
        import math, sys
        import tmesim
        from tmesim.agents import TumorCell

        HARM = 0.05

        def harm(cell):
            return HARM * math.exp(-cell.local("ecm"))

        class Fragile(TumorCell):
            columns = {"hours": 0}

            def step(self):
                self.hours += 1
                if self.draw() < harm(self):
                    self.die()

        for workers in (1, 2):
            result = tmesim.run("tiny.yaml", out=f"run{workers}", agent_classes=[Fragile], workers=workers,
                                figures=False, quiet=True)
        print(result.provenance["agent_classes"]["Fragile"])
    """
    (tmp_path / "script.py").write_text(textwrap.dedent(code), encoding="utf-8")
    hashes = set()
    for command, given in (([sys.executable, "script.py"], None), ([sys.executable, "-"], textwrap.dedent(code))):
        done = subprocess.run(command, input=given, capture_output=True, text=True, timeout=300, cwd=tmp_path)
        assert done.returncode == 0, done.stderr
        hashes.add(done.stdout.strip())
        assert contents(tmp_path / "run1") == contents(tmp_path / "run2")
    assert len(hashes) == 1, "the same code in a file and from standard input"


def test_what_cannot_be_sent_to_workers_is_told_before_anything_is_written(tiny, tmp_path):
    space = {"TumorCell": TumorCell, "lock": threading.Lock(), "__name__": "__main__"}
    exec("class Locked(TumorCell):\n    def step(self):\n        with lock: pass", space)
    with pytest.raises(TypeError, match=r"agent_classes: Locked cannot be sent .*workers=1"):
        real(tiny, tmp_path / "run", agent_classes=[space["Locked"]], workers=2)
    assert not (tmp_path / "run").exists()
    assert real(tiny, tmp_path / "run", agent_classes=[space["Locked"]]).replicates == 2


# Which run it is


def changed(text, number=0.05, helper="0"):
    """A class out of a text, with a constant and a helper that it refers to."""
    space = {"TumorCell": TumorCell, "NUMBER": number, "__name__": "__main__"}
    exec(f"def helper(): return {helper}\n" + textwrap.dedent(text), space)
    return space["Made"]


MADE = """
    class Made(TumorCell):
        columns = {"hours": 0}
        colors = {"red", "green", "blue", "violet"}

        def step(self):
            if self.draw() in {"a", "b", "c", "d"} or self.draw() < NUMBER + helper():
                self.die()
"""


def test_a_run_is_known_by_what_its_classes_do(tiny):
    same = identity(changed(MADE))
    assert identity(changed(MADE)) == same and identity(changed(MADE.replace(": 0}", ": 0}  # a remark\n"))) == same
    made = changed(MADE)
    tmesim.TumorModel("minimal", agent_classes=[made]).step()
    assert identity(made) == same, "a model that was made of it leaves no trace"
    others = {
        identity(changed(MADE.replace("< NUMBER", "<= NUMBER"))),
        identity(changed(MADE.replace(": 0}", ": 1}"))),
        identity(changed(MADE.replace("violet", "pink"))),
        identity(changed(MADE, number=0.06)),
        identity(changed(MADE, helper="0.01")),
        identity(changed(MADE.replace("self.die()", "self.remove()"))),
    }
    assert len(others | {same}) == 7


def test_the_hash_of_a_class_is_the_same_in_every_session(tmp_path):
    (tmp_path / "made.py").write_text("from tmesim.agents import TumorCell\nNUMBER = 0.05\ndef helper(): return 0\n"
                                      + textwrap.dedent(MADE), encoding="utf-8")  # fmt: skip
    code = "import made; from tmesim.agents.identity import identity; print(identity(made.Made))"
    found = set()
    for seed in ("0", "1", "2"):
        done = subprocess.run(
            [sys.executable, "-c", code], capture_output=True, text=True, cwd=tmp_path, check=True,
            env={**os.environ, "PYTHONHASHSEED": seed},
        )  # fmt: skip
        found.add(done.stdout)
    assert len(found) == 1


def test_other_code_is_another_run(tiny, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    first = real(tiny, None, agent_classes=[changed(MADE)])
    again = real(tiny, None, agent_classes=[changed(MADE)])
    other = real(tiny, None, agent_classes=[changed(MADE, number=0.2)])
    none = real(tiny, None)
    assert [r.path.name for r in (first, again, other, none)] == ["toy", "toy", "toy-2", "toy-3"]
    assert other.endpoint("tumor_burden", "untreated").mean() < first.endpoint("tumor_burden", "untreated").mean()
    with pytest.raises(InputError, match="other code of Made"):
        real(tiny, first.path, agent_classes=[changed(MADE, number=0.3)])
    with pytest.raises(InputError, match="agent classes Made; this one has none"):
        real(tiny, first.path)


def test_a_class_that_replicates_change_is_refused(tiny):
    class Counter(TumorCell):
        steps_of_all = 0

        def step(self):
            Counter.steps_of_all += 1

    with pytest.raises(TypeError, match=r"Counter, or a global .*changed by an earlier replicate.*columns"):
        real(tiny, tmesim.TEMPORARY, agent_classes=[Counter])


# Errors in a step


@pytest.mark.parametrize("workers", [1, 2])
def test_an_error_in_a_step_is_told_with_its_place(tiny, tmp_path, workers, monkeypatch):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(StepFailed) as failed:
        real(tiny, None, agent_classes=[Stumbler], workers=workers)
    text = str(failed.value)
    assert "Stumbler.step() failed in arm 'untreated', replicate" in text and "hour 5: KeyError: 'none'" in text
    lines = text.splitlines()
    assert lines[1].startswith("Traceback") and "in step" in lines[2] and 'return stones["none"]' in text
    assert "roster.py" not in text and "model.py" not in text
    assert not Path("runs/toy").exists(), "nothing half-done is left where nobody asked for it"
    with pytest.raises(StepFailed):
        real(tiny, "named", agent_classes=[Stumbler], workers=workers)
    assert not Path("named/complete.json").exists()


# Arguments


@pytest.fixture(scope="module")
def result(tmp_path_factory):
    return toy(read_text(TEXT), out=tmp_path_factory.mktemp("toy") / "run")


def test_numbers_of_numpy_are_numbers(scenario, tmp_path, result):
    options = {"seed": np.int64(7), "replicates": np.int8(3), "days": np.float32(4), "workers": np.int64(1),
               "checkpoint_every": np.float64(60), "set": {"start.ecm": np.float32(0.25)}}  # fmt: skip
    ran = toy(scenario, out=tmp_path / "run", **options)
    assert (ran.scenario.seed, ran.replicates, ran.scenario.time.days) == (7, 3, 4) and ran.scenario.start.ecm == 0.25
    assert result.row_day(np.int64(2)) == result.row_day(np.float32(2)) == 2
    assert result.compare(day=np.int64(2), confidence=np.float64(0.9)).equals(result.compare(day=2, confidence=0.9))
    cells = result.cells(np.float64(2), replicate=np.int64(1))
    assert cells.equals(result.cells(2, replicate=1))
    assert result.plot.tissue(day=np.int64(2), replicate=np.int64(0), pixels=np.int64(60)).png[:4] == b"\x89PNG"
    assert result.plot.tissue(day=np.array([0, 2]), arm=np.array(["drug"]), pixels=60).png[:4] == b"\x89PNG"
    model = tmesim.TumorModel("minimal", seed=np.int64(3), replicate=np.int64(0), days=np.int64(1))
    assert (type(model.seed), type(model.replicate)) == (int, int)
    assert model.run(days=np.float32(0.125)).hour == 3
    cell = next(iter(model.agents_by_type[TumorCell]))
    cell.emt, cell.clone, cell.receptor = np.float32(0.5), np.int64(0), np.uint16(65535)
    assert (cell.emt, cell.receptor) == (0.5, 65535) and model.cell(np.uint64(cell.unique_id)) is cell
    cell.site = tuple(np.array(cell.site))
    cell.pos = np.array(cell.pos)
    assert cell.neighbors(np.float32(30)) == cell.neighbors(30)
    assert len(model.agents.select(at_most=np.int64(2))) == len(model.agents.select(at_most=2)) == 2


def test_columns_take_scalars_of_numpy_as_numbers_of_python():
    model = tmesim.TumorModel("minimal", agent_classes=[Frail])
    cell = next(iter(model.agents_by_type[Frail]))
    cell.seen, cell.mood = np.float32(0.5), (np.int64(3), ("a", np.bool_(True)))
    assert cell.seen == 0.5 and type(cell.seen) is float
    assert cell.mood == (3, ("a", True)) and type(cell.mood[0]) is int and type(cell.mood[1][1]) is bool


def test_what_is_wrong_with_the_arguments_of_a_run_is_told_all_at_once(scenario, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    wrong = {
        "seed": -1, "replicates": 0, "days": -1, "arms": [], "set": "a=1", "workers": "2",
        "checkpoint_every": float("nan"), "out": 5, "executor": 3,
    }  # fmt: skip
    with pytest.raises(InputError) as told:
        toy(scenario, **wrong)
    lines = str(told.value).splitlines()
    assert {line.partition(":")[0] for line in lines} == set(wrong) and all("expected" in line for line in lines)
    for name, values in {
        "seed": [1.5, "7", True, np.float64(3)], "replicates": [2.0, -3], "days": [0, np.nan, np.inf, True, [3]],
        "arms": [5, [1], ["untreated", None]], "set": [[("start.ecm", 1)], {1: 2}],
        "workers": [0, -1, 1.0, True], "out": [True, ""],
    }.items():  # fmt: skip
        for value in values:
            with pytest.raises(InputError, match=rf"^{name}: expected .*, got"):
                toy(scenario, **{name: value})
    with pytest.raises(InputError, match=r"arms: there is no arm 'drag'. Did you mean 'drug'"):
        toy(scenario, arms=["drag"])
    assert list(tmp_path.iterdir()) == []


def test_what_is_wrong_with_the_arguments_of_a_result_is_named(result):
    nan = float("nan")
    for ask, error, message in (
        (lambda: result.compare(day=nan), ValueError, r"day: expected a number \(days\), got nan"),
        (lambda: result.row_day(np.float64("nan")), ValueError, "day: expected"),
        (lambda: result.compare(day="2"), TypeError, "day: expected a number"),
        (lambda: result.compare(confidence="0.9"), TypeError, "confidence: expected a number"),
        (lambda: result.compare([]), ValueError, "endpoints: expected at least one"),
        (lambda: result.compare(arms=[]), ValueError, "arms: expected at least one"),
        (lambda: result.compare(arms=3), TypeError, "arms: expected"),
        (lambda: result.cells(nan), ValueError, "day: expected"),
        (lambda: result.cells(2, "nope"), KeyError, "arm: no arm 'nope' in this run; there are untreated"),
        (lambda: result.cells(2, replicate=-1), KeyError, "replicate: expected a whole number from 0 to 2, got -1"),
        (lambda: result.cells(2, replicate=1.0), TypeError, "replicate: expected a whole number"),
        (lambda: result.movie("x.gif", replicate=-1), KeyError, "replicate: expected"),
        (lambda: result.plot.movie(replicate=9), KeyError, "replicate: expected"),
        (lambda: result.plot.tissue([]), ValueError, "day: expected a number or several"),
        (lambda: result.plot.tissue(arm=[]), ValueError, "arm: expected at least one"),
        (lambda: result.plot.tissue(arm="nope"), KeyError, "arm: there is no 'nope'"),
        (lambda: result.plot.tissue(nan), ValueError, "day: expected"),
        (lambda: result.plot.tissue(pixels=-5), ValueError, "pixels: expected"),
        (lambda: result.plot.curves([]), ValueError, "observables: expected at least one"),
        (lambda: result.plot.curves(3), TypeError, "observables: expected"),
        (lambda: result.plot.differences([]), ValueError, "endpoints: expected at least one"),
    ):
        with pytest.raises(error, match=message):
            ask()
    assert result.plot.curves(["tumor_burden", "kills"]).png == result.plot.curves("tumor_burden", "kills").png


def test_what_is_wrong_with_the_arguments_of_a_model_is_named():
    for wrong, error, message in (
        ({"seed": -1}, ValueError, "seed: expected a whole number from 0 on, got -1"),
        ({"seed": "seven"}, TypeError, "seed: expected a whole number"),
        ({"replicate": -1}, ValueError, "replicate: expected a whole number from 0 on, got -1"),
        ({"replicate": 0.5}, TypeError, "replicate: expected a whole number"),
        ({"set": "a=1"}, TypeError, "set: expected a mapping from paths to values"),
        ({"agent_classes": ["TumorCell"]}, TypeError, "agent_classes: expected classes"),
        ({"agent_classes": Cell}, TypeError, "Cell has no cell_type"),
    ):
        with pytest.raises(error, match=message):
            tmesim.TumorModel(**{"scenario": "minimal"} | wrong)
    model = tmesim.TumorModel("minimal")
    cell = next(iter(model.agents_by_type[TumorCell]))
    for ask, error, message in (
        (lambda: model.run(days=-1), ValueError, "days: expected a number of at least 0"),
        (lambda: model.run(days=np.nan), ValueError, "days: expected"),
        (lambda: model.run(days=np.inf), ValueError, "days: expected a finite number"),
        (lambda: model.cell(-1), LookupError, "no living cell has the id -1"),
        (lambda: model.cell("x"), TypeError, "unique_id: expected"),
        (lambda: cell.neighbors(-1), ValueError, "radius: expected a number of at least 0"),
        (lambda: cell.neighbors(np.nan), ValueError, "radius: expected"),
        (lambda: cell.neighbors("near"), TypeError, "radius: expected"),
        (lambda: setattr(cell, "emt", "half"), TypeError, "emt: expected a number between 0 and 1"),
        (lambda: setattr(cell, "clone", np.nan), TypeError, "clone: expected a whole number"),
        (lambda: setattr(cell, "site", (1.5, 2)), TypeError, "site: expected a whole number"),
        (lambda: setattr(cell, "site", 3), TypeError, "site: expected \\(row, column\\)"),
        (lambda: setattr(cell, "pos", (np.nan, 1)), ValueError, "pos: expected a number"),
        (lambda: setattr(cell, "pos", (1e300, 1)), ValueError, "outside"),
        (lambda: setattr(cell, "pos", (1, np.inf)), ValueError, "outside"),
        (lambda: model.agents.select(at_most=-1), ValueError, "at_most: expected"),
    ):
        with pytest.raises(error, match=message):
            ask()


def test_a_worker_of_a_pool_runs_by_itself(tmp_path):
    (tmp_path / "toy.yaml").write_text(TEXT, encoding="utf-8")
    code = f"""
        import multiprocessing, sys
        sys.path.insert(0, {str(Path(__file__).parent)!r})
        import tmesim
        from toys import Toy

        def ask(workers):
            try:
                return tmesim.run("toy.yaml", out=tmesim.TEMPORARY, workers=workers, figures=False, quiet=True,
                                  engine=Toy).replicates
            except ValueError as error:
                return str(error)

        if __name__ == "__main__":
            with multiprocessing.get_context("fork").Pool(1) as pool:
                print(pool.map(ask, [None, 1, 2]))
    """
    done = subprocess.run(
        [sys.executable, "-c", textwrap.dedent(code)], capture_output=True, text=True, timeout=120, cwd=tmp_path
    )
    assert done.stdout.startswith("[3, 3, 'workers: ") and "itself a worker" in done.stdout, done.stderr


# Names and neighbors


def test_a_radius_beyond_the_patch_finds_every_cell_in_little_memory():
    import tracemalloc

    model = tmesim.TumorModel("minimal")
    cell = model.agents[len(model.agents) // 2]
    x, y = cell.pos
    tracemalloc.start()
    found = cell.neighbors(1e6)
    assert tracemalloc.get_traced_memory()[1] < 20e6
    tracemalloc.stop()
    assert set(found) == set(model.agents) - {cell} and cell.neighbors(np.inf) == found
    apart = [(other.pos[0] - x) ** 2 + (other.pos[1] - y) ** 2 for other in found]
    assert apart == sorted(apart)


def test_far_neighbors_come_in_the_order_of_near_ones(monkeypatch):
    from tmesim.agents import searching

    model = tmesim.TumorModel("minimal")
    model.run(days=0.125)
    cells = list(model.agents)[::37]
    near = {radius: [cell.neighbors(radius) for cell in cells] for radius in (0, 15, 47.5, 200)}
    monkeypatch.setattr(searching, "NEAR", -1.0)
    assert near == {radius: [cell.neighbors(radius) for cell in cells] for radius in near}


RESERVED_STATES = ("step", "x", "y", "pos", "alive", "model", "unique_id", "remove", "cell_type", "columns", "random")


@pytest.mark.parametrize("name", RESERVED_STATES)
def test_a_state_or_column_cannot_bear_a_name_that_every_cell_has(name):
    content = {
        "name": "reserved", "question": "?", "extends": "minimal",
        "add": {
            "states": {name: {"label": "x", "meaning": "x", "evidence": ["assumed: a test"]}},
            "cells": {"odd": {"label": "odd", "agent": "Odd", "layer": "tissue", "color": "#000000", "states": [name]}},
        },
    }  # fmt: skip
    with pytest.raises(InputError, match=f"'{name}'"):
        tmesim.TumorModel(content)
    with pytest.raises(TypeError, match=rf"Odd\.columns\['{name}'\].*already"):
        type("Odd", (TumorCell,), {"columns": {name: 0}})
    with pytest.raises(TypeError, match=rf"Odd\.states: .*'{name}'"):
        type("Odd", (Cell,), {"cell_type": "odd", "layer": "tissue", "states": (name,)})


def test_attributes_of_a_class_that_mean_something_else_are_refused():
    for body, message in (
        ({"x": 5.0}, r"Odd\.x: every cell has a 'x' already"),
        ({"alive": True}, r"Odd\.alive"),
        ({"pos": property(lambda self: (0, 0))}, r"Odd\.pos"),
        ({"step": 3}, r"Odd\.step: expected a method"),
        ({"remove": None}, r"Odd\.remove: expected a method"),
        ({"cell_type": 3}, r"Odd\.cell_type: expected the name"),
        ({"layer": "blood"}, r"Odd\.layer: expected 'tissue' or 'leukocyte'"),
        ({"columns": ["hours"]}, r"Odd\.columns: expected a dict"),
        ({"columns": {"a b": 0}}, r"Odd\.columns: expected names"),
        ({"columns": {"_row": 0}}, r"Odd\.columns\['_row'\]"),
        ({"behaviors": "fast"}, r"Odd\.behaviors: expected a dict"),
    ):
        with pytest.raises(TypeError, match=message):
            type("Odd", (TumorCell,), body)
    kinder = type("Kinder", (TumorCell,), {"die": lambda self: None, "step": lambda self: None, "notes": "mine"})
    assert kinder.notes == "mine", "methods may be replaced, and other attributes added"


def test_the_reserved_names_are_those_that_every_cell_has():
    from tmesim.reserved import RESERVED

    assert {name for name in dir(Cell) if not name.startswith("_")} <= RESERVED
    assert RESERVED - set(dir(Cell)) <= {"scenario", "rng", "from_dataframe"}, "what some version of Mesa has"


def test_a_state_of_the_scenario_and_a_column_of_a_class_do_not_share_a_name():
    content = {
        "name": "twice", "question": "?", "extends": "minimal",
        "add": {
            "states": {"hours": {"label": "x", "meaning": "x", "evidence": ["assumed: a test"]}},
            "cells": {"odd": {"label": "o", "agent": "O", "layer": "tissue", "color": "#000000", "states": ["hours"]}},
        },
    }  # fmt: skip
    odd = type("Odd", (Cell,), {"cell_type": "odd", "columns": {"hours": 0}})
    with pytest.raises(TypeError, match=r"Odd\.hours: .*a state of this name"):
        tmesim.TumorModel(content, agent_classes=[odd])
