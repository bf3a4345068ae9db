"""Compiling before the first workers start: in several processes, once, also beside another run and when some die."""

import multiprocessing
import multiprocessing.spawn
import os
import subprocess
import sys
import threading
import time
from multiprocessing import resource_tracker
from pathlib import Path

import pytest
import shares
from shares import does_all, is_killed, is_killed_with_one_share, leaves_some

from tmesim.kernels import cache_folder
from tmesim.scenario import load
from tmesim.trial import compiling

ROOT = Path(__file__).resolve().parents[1]


@pytest.fixture(autouse=True)
def folder(tmp_path, monkeypatch):
    """An empty cache."""
    monkeypatch.setenv("NUMBA_CACHE_DIR", str(tmp_path / "cache"))
    return cache_folder.folder_of(compiling._key())


def within(seconds, call, *arguments):
    """What a call returns, which must not take longer."""
    answers = []
    thread = threading.Thread(target=lambda: answers.append(call(*arguments)), daemon=True)
    thread.start()
    thread.join(seconds)
    assert answers, f"no end within {seconds} s"
    return answers[0]


def test_shares_cover_what_a_step_compiles():
    from tmesim.body import STEP

    assert [*compiling.SHARES] == [1, 2, 3, 4]
    for number, share in compiling.SHARES.items():
        named = [phase for part in share for phase in part]
        assert len(share) == number and len(named) == len(set(named))
        light = {"treat", "reorder", "irradiate", "remove", "resect", "capture", "prime"}  # few kernels, or none
        assert {*named} == {"populate", *(process.name for process in STEP)} - light


def test_the_scenario_that_is_compiled_for_can_be_run():
    scenario = load(compiling.ANY)
    assert scenario.catalogue.cells and scenario.arms


@pytest.mark.parametrize("processes", [1, 2, 3, 64])
def test_a_cache_is_warm_once_every_share_is_compiled_and_kept(processes, monkeypatch):
    told = []
    monkeypatch.setattr(compiling, "call", does_all)
    assert compiling.is_cold()
    compiling.warm(processes, told.append)
    assert not compiling.is_cold() and told == []


@pytest.mark.parametrize("end", [leaves_some, is_killed, is_killed_with_one_share])
def test_a_cache_stays_cold_while_some_share_is_missing(end, monkeypatch):
    told = []
    assert compiling.INCOMPLETE == shares.INCOMPLETE
    monkeypatch.setattr(compiling, "call", end)
    within(60, compiling.warm, 2, told.append)
    assert compiling.is_cold()
    assert len(told) == (end is not leaves_some) and all("SIGKILL" in line for line in told)
    monkeypatch.setattr(compiling, "call", does_all)
    compiling.warm(2, told.append)
    assert not compiling.is_cold()


def test_processes_that_end_before_they_read_what_to_do_are_not_waited_for(tmp_path, monkeypatch):
    """What is written to a pipe that nobody reads does not end once the pipe is full."""
    gone = tmp_path / "gone"
    gone.write_text("#!/bin/sh\nkill -9 $$\n", encoding="utf-8")
    gone.chmod(0o700)
    resource_tracker.ensure_running()  # it is started by the same command
    monkeypatch.setattr(multiprocessing.spawn, "_python_exe", os.fsencode(gone))
    told = []
    within(30, compiling.warm, 2, told.append)
    assert compiling.is_cold() and len(told) == 1 and "SIGKILL, SIGKILL" in told[0]


def test_sources_edited_in_the_meantime_leave_the_cache_cold(monkeypatch):
    key = compiling._key()
    keys = iter([key, key, "of an edit"])
    with monkeypatch.context() as patch:
        patch.setattr(compiling, "_key", lambda: next(keys))
        patch.setattr(compiling, "_compile", lambda processes, say: True)
        compiling.warm(2)
    assert compiling.is_cold()


def test_two_cold_runs_at_once_compile_once(monkeypatch):
    compiled = []

    def slowly(processes, say):
        compiled.append(time.monotonic())
        time.sleep(0.5)
        return True

    monkeypatch.setattr(compiling, "_compile", slowly)
    monkeypatch.setattr(compiling, "WAIT_S", 0.01)
    runs = [threading.Thread(target=compiling.warm, args=(2,)) for _ in range(3)]
    for run in runs:
        run.start()
    for run in runs:
        run.join(30)
    assert len(compiled) == 1 and not compiling.is_cold()


def test_a_run_that_was_killed_while_it_compiled_keeps_no_other_waiting(folder, monkeypatch):
    code = (
        "import sys, time\nfrom pathlib import Path\nfrom tmesim.trial.compiling import alone\n"
        "with alone(Path(sys.argv[1])):\n    print('held', flush=True)\n    time.sleep(60)"
    )
    holder = subprocess.Popen([sys.executable, "-c", code, str(folder)], stdout=subprocess.PIPE, text=True, cwd=ROOT)
    assert holder.stdout.readline() == "held\n"
    monkeypatch.setattr(compiling, "_compile", lambda processes, say: True)
    waiting = threading.Thread(target=compiling.warm, args=(2,), daemon=True)
    waiting.start()
    time.sleep(0.5)
    assert waiting.is_alive() and compiling.is_cold()
    holder.kill()
    holder.communicate()
    waiting.join(10)
    assert not waiting.is_alive() and not compiling.is_cold()


def test_with_no_room_for_a_mark_a_run_goes_on(monkeypatch):
    def full(*arguments, **options):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(compiling, "_compile", lambda processes, say: True)
    monkeypatch.setattr(cache_folder.tempfile, "mkstemp", full)
    monkeypatch.setattr(compiling, "lock", full)
    compiling.warm(2)
    assert compiling.is_cold()


def test_where_nothing_can_be_kept_nothing_is_compiled_ahead(monkeypatch):
    monkeypatch.setattr(cache_folder, "folder_of", lambda key: None)
    monkeypatch.setattr(compiling, "_compile", lambda processes, say: pytest.fail("compiled for nobody"))
    assert not compiling.is_cold()
    compiling.warm(2)


def test_what_warms_sets_the_number_of_threads_before_numba_comes():
    """A process that has numba already compiles for several threads, which takes a minute and which no worker wants."""
    code = "import sys, tmesim.trial.compiling; print('numba' in sys.modules)"
    told = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=ROOT)
    assert told.stdout == "False\n"


@pytest.mark.slow
def test_after_warming_a_run_compiles_nothing():
    compiling.warm(2)
    assert not compiling.is_cold()
    code = """if True:
        import sys
        from tmesim.scenario import load
        from tmesim.trial.case import Case
        from tmesim.trial.replicate import simulate
        print(simulate(Case(load(sys.argv[1], days=1), 0, 1)).compile_seconds)
    """
    for name in ("minimal", "treg_depletion"):
        command = [sys.executable, "-c", code, name]
        told = subprocess.run(command, capture_output=True, text=True, check=True, cwd=ROOT)
        assert float(told.stdout) == 0
