"""A case goes to a worker and an outcome returns through the executor; the parent alone writes the run directory."""

import os
import pickle
import sys
from concurrent.futures import Executor, ProcessPoolExecutor
from multiprocessing import get_context
from pathlib import Path

import pytest
from toys import TEXT, Toy, contents, finish, run, scratch, simulated

from tmesim.reading import InputError
from tmesim.scenario import limits, read_text, replicate_seed
from tmesim.trial.case import Case
from tmesim.trial.pool import Monitor, run_cases
from tmesim.trial.records import Unusable
from tmesim.trial.replicate import simulate
from tmesim.trial.store import Store

TOUCHING = ("open", "os.mkdir", "os.rename", "os.remove", "os.rmdir", "os.listdir", "os.scandir", "os.link")


@pytest.fixture
def scenario():
    return read_text(TEXT)


@pytest.fixture(scope="module")
def whole(tmp_path_factory):
    return contents(run(read_text(TEXT), tmp_path_factory.mktemp("whole") / "run").path)


def forbid(root):
    """Let this process touch nothing below a folder, as if it were on another machine."""

    def hook(event, args):
        if event in TOUCHING and isinstance(args[0], str | os.PathLike) and str(args[0]).startswith(root):
            raise PermissionError(f"{event} of {args[0]} in a worker")

    sys.addaudithook(hook)


class Elsewhere(Executor):
    """Workers that see no file of the run: its folder has another name there, and a hook forbids it."""

    def __init__(self, root):
        self.inner = ProcessPoolExecutor(2, get_context("spawn"), forbid, (str(root),))
        self.sent = []

    def submit(self, work, case, folder, checkpoint_s):
        self.sent.append(pickle.dumps((work, case)))
        return self.inner.submit(work, case, f"/not/here{folder}", checkpoint_s)

    def shutdown(self, wait=True, *, cancel_futures=False):
        self.inner.shutdown(wait, cancel_futures=cancel_futures)


def test_workers_that_see_no_file_of_the_run_give_the_same_bytes(scenario, tmp_path, whole):
    with Elsewhere(tmp_path / "run") as elsewhere:
        run(scenario, tmp_path / "run", executor=elsewhere, checkpoint_s=0)
    assert contents(tmp_path / "run") == whole
    assert len(elsewhere.sent) == 3 and not any(str(tmp_path).encode() in each for each in elsewhere.sent)


def test_the_parent_alone_writes_into_the_run_directory(scenario, tmp_path, whole):
    """Workers that see the run's folder leave nothing outside of their scratch in it."""
    case = Case(scenario, 0, replicate_seed(7, 0), Toy)
    outcome = simulated(case, tmp_path, every=0)
    assert {p.name for p in tmp_path.iterdir()} == {"checkpoints"}
    names = {p.name for p in (tmp_path / "checkpoints").iterdir()}
    assert names == {f"replicate_000.{end}" for end in ("a.checkpoint", "b.checkpoint", "files", "lock")}
    Store(tmp_path).take(case, outcome)
    written = {str(p.relative_to(tmp_path)) for p in tmp_path.rglob("*.npz")}
    assert written == outcome.files.keys() == {name for name in whole if "replicate_000" in name}


def test_arms_that_share_a_history_share_the_bytes_of_their_files(scenario):
    files = simulate(Case(scenario, 0, 5, Toy)).files
    first = [files[f"cells/{arm}/replicate_000_day_000.00.npz"] for arm in scenario.arms]
    assert all(data is first[0] for data in first)
    assert len(pickle.dumps(files)) < sum(map(len, files.values()))


@pytest.mark.parametrize("steps", [0, 60, 150])
def test_an_outcome_is_the_same_with_and_without_a_scratch_and_after_a_stop(scenario, tmp_path, steps):
    case = Case(scenario, 1, 5, Toy)
    assert simulated(case, tmp_path, steps) is None
    assert simulated(case, tmp_path).files == simulate(case).files == simulate(case, folder=tmp_path / "gone").files
    assert not (tmp_path / "gone").exists()


def test_a_replicate_whose_store_was_cut_short_is_stored_again(scenario, tmp_path, monkeypatch):
    """The parent is killed between the files of a replicate and its record."""
    case, store = Case(scenario, 0, 5, Toy), Store(tmp_path)
    monkeypatch.setattr(Store, "note", lambda *_: 1 / 0)
    with pytest.raises(ZeroDivisionError):
        run_cases([case], store, 1, Monitor())
    monkeypatch.undo()
    assert (tmp_path / "cells").exists() and store.finished(case) is None
    Toy.steps_made = 0
    (finished,) = run_cases([case], store, 1, Monitor())
    assert Toy.steps_made == 0 and store.finished(case).sums == finished.sums


def test_a_file_that_was_damaged_while_a_worker_kept_it_is_never_returned(scenario, tmp_path):
    case = Case(scenario, 0, 5, Toy)
    simulated(case, tmp_path)
    kept = scratch(case, tmp_path)
    kept.load()
    next((tmp_path / "checkpoints").glob("*.files/*")).write_bytes(b"x")
    with pytest.raises(Unusable, match="is not what the run had written"):
        kept.files()
    assert simulated(case, tmp_path).files == simulate(case).files


def test_a_finished_replicate_is_known_by_its_files_and_nothing_else(scenario, tmp_path):
    case = Case(scenario, 0, 5, Toy)
    finished = finish(case, tmp_path)
    assert Store(tmp_path).finished(case).sums == finished.sums and Store(tmp_path).trouble(case) is None
    name = next(iter(finished.sums))
    Path(tmp_path / name).write_bytes(b"x")
    assert Store(tmp_path).finished(case) is None
    assert Store(tmp_path).trouble(case) == f"{name} is not what the run had written"


def test_what_a_replicate_hands_back_must_fit_into_memory(monkeypatch):
    text = TEXT.replace("[0 d, 2 d, 4 d]", str([f"{hour} h" for hour in range(97)]))
    needs = limits.disk((made := read_text(text)).tissue, made.time, 4, made.catalogue)
    monkeypatch.setattr(limits.machine, "memory_bytes", lambda: 1.01 * needs)
    assert read_text(text).hash == made.hash
    monkeypatch.setattr(limits.machine, "memory_bytes", lambda: 0.99 * needs)
    with pytest.raises(InputError, match=r"time\.snapshots: a replicate of 4 arms hands back .*: fewer snapshots"):
        read_text(text)
