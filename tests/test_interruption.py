"""Runs that are stopped, killed, starved of disk or left by their workers: they go on to the same bytes. Most run a toy
engine in place of the tissue."""

import contextlib
import errno
import os
import random
import resource
import shutil
import signal
import subprocess
import sys
import textwrap
import time
from collections import Counter
from pathlib import Path

import numpy as np
import pytest
from full_counts import count as full_count
from full_counts import counted
from killing import TINY
from test_cli import SMALL, tmesim
from toys import TEXT, Broken, DieInTurn, DiesOnce, Toy, contents, gone, loaded, run, scratch, simulated

from tmesim import storage, trial
from tmesim.reading import InputError
from tmesim.scenario import read_text
from tmesim.storage import DRAFT, DiskFull, machine
from tmesim.trial import Interrupted, WorkerDied, directory
from tmesim.trial.case import Case
from tmesim.trial.locks import lock
from tmesim.trial.pool import Monitor, run_cases
from tmesim.trial.replicate import Simulation, simulate
from tmesim.trial.signals import signals_interrupt
from tmesim.trial.store import Store

HERE = Path(__file__).parent
ROOT = HERE.parent


@pytest.fixture
def scenario():
    return read_text(TEXT)


@pytest.fixture(scope="module")
def whole(tmp_path_factory):
    """A run of the toy that nobody disturbed."""
    return contents(run(read_text(TEXT), tmp_path_factory.mktemp("whole") / "run").path)


def begun(folder, engine, **options):
    """A process of its own (and group) that runs the toy scenario with one of the toy engines into `folder`/run."""
    (folder / "toy.yaml").write_text(TEXT, encoding="utf-8")
    code = f"""
        import sys
        sys.path.insert(0, {str(HERE)!r})
        import tmesim, toys
        print("ready", flush=True)
        tmesim.run({str(folder / "toy.yaml")!r}, out={str(folder / "run")!r}, figures=False, quiet=True,
                   engine=toys.{engine}, **{options!r})
    """
    return subprocess.Popen(
        [sys.executable, "-c", textwrap.dedent(code)], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
        start_new_session=True,
    )  # fmt: skip


def wait_for(folder, pattern, number, seconds=60):
    deadline = time.monotonic() + seconds
    while len(list(folder.glob(pattern))) < number:
        assert time.monotonic() < deadline, f"fewer than {number} {pattern} after {seconds} s"
        time.sleep(0.02)


# Stopped


@pytest.mark.parametrize("steps", [0, 1, 47, 48, 50, 71, 72, 73, 100, 130, 170])
def test_a_replicate_stopped_anywhere_goes_on_to_the_same_bits(scenario, tmp_path, steps):
    case = Case(scenario, 0, 5, Toy)
    assert simulated(case, tmp_path, steps) is None
    assert simulated(case, tmp_path, 19) is None
    outcome, expected = simulated(case, tmp_path), simulate(case)
    assert outcome.tables.keys() == expected.tables.keys()
    for arm, table in expected.tables.items():
        assert np.array_equal(outcome.tables[arm], table, equal_nan=True)
    assert outcome.files == expected.files and len(outcome.files) == 4 * (3 * 2 + 1)


def test_resuming_does_not_repeat_finished_steps(scenario, tmp_path):
    case = Case(scenario, 0, 5, Toy)
    simulated(case, tmp_path, 100)
    Toy.steps_made = 0
    simulated(case, tmp_path)
    assert Toy.steps_made == 192 - 100


def test_an_outcome_that_was_lost_on_its_way_is_not_simulated_again(scenario, tmp_path):
    """The parent was killed before it could write what a worker had returned."""
    case = Case(scenario, 0, 5, Toy)
    lost = simulated(case, tmp_path)
    Toy.steps_made = 0
    again = simulated(case, tmp_path)
    assert Toy.steps_made == 0 and again.files == lost.files
    assert all(np.array_equal(again.tables[arm], table, equal_nan=True) for arm, table in lost.tables.items())


def test_what_a_worker_kept_for_itself_goes_when_the_outcome_is_in_the_store(scenario, tmp_path):
    run_cases([Case(scenario, 0, 5, Toy)], Store(tmp_path), 1, Monitor(), checkpoint_s=0)
    assert {p.name for p in (tmp_path / "checkpoints").iterdir()} == {"replicate_000.finished", "replicate_000.lock"}


def test_a_torn_checkpoint_leaves_the_one_before(scenario, tmp_path):
    case = Case(scenario, 0, 5, Toy)
    simulated(case, tmp_path, 30)
    simulated(case, tmp_path, 20)
    first, second = sorted((tmp_path / "checkpoints").glob("*.checkpoint"), key=lambda p: p.stat().st_mtime_ns)
    second.write_bytes(second.read_bytes()[:-10])
    assert loaded(case, tmp_path).done == 30
    first.write_bytes(b"")
    assert loaded(case, tmp_path) is None


def test_checkpoints_are_written_while_a_replicate_runs(scenario, tmp_path, monkeypatch):
    saved = []
    monkeypatch.setattr(Simulation, "save", lambda self: saved.append(self.done))
    simulated(Case(scenario, 0, 5, Toy), tmp_path, every=0.0)
    assert saved == [*range(1, 193), 192]


def test_stopping_before_the_end_is_told_from_finishing(scenario, tmp_path, monkeypatch):
    class StopsAtOnce(Monitor):
        def finished(self, outcome):
            os.kill(os.getpid(), signal.SIGINT)

    cases, store = [Case(scenario, r, r, Toy) for r in range(3)], Store(tmp_path)
    with pytest.raises(Interrupted, match="1 of 3"):
        run_cases(cases, store, 1, StopsAtOnce())
    assert len(run_cases(cases[:1], store, 1, StopsAtOnce())) == 1  # all was done before the signal came


@pytest.mark.parametrize(("workers", "number"), [(1, signal.SIGINT), (2, signal.SIGINT), (2, signal.SIGTERM)])
def test_ctrl_c_or_term_keeps_what_is_there_and_resume_gives_the_same_bytes(scenario, tmp_path, workers, number):
    process = begun(tmp_path, "Slow", workers=workers)
    process.stdout.readline()
    wait_for(tmp_path / "run", "checkpoints/*.files/*", 4)  # the snapshots of day 2 of a replicate
    os.killpg(process.pid, number)  # as a terminal or a scheduler does: to the parent and its workers
    _, errors = process.communicate(timeout=60)
    assert "Interrupted" in errors and process.returncode != 0
    left = list((tmp_path / "run" / "checkpoints").glob("*.checkpoint"))
    assert left and not (tmp_path / "run" / "complete.json").exists()
    with pytest.raises(InputError, match="--resume"):
        run(scenario, tmp_path / "run")
    Toy.steps_made = 0
    run(scenario, tmp_path / "run", resume=True)
    assert Toy.steps_made < 3 * 192
    run(scenario, tmp_path / "whole")
    assert contents(tmp_path / "run") == contents(tmp_path / "whole")


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_while_drawing_is_an_interruption_and_resume_finishes(scenario, tmp_path, whole, monkeypatch, number):
    monkeypatch.setattr(trial, "draw", lambda result: os.kill(os.getpid(), number))
    with pytest.raises(Interrupted, match="--resume"):
        run(scenario, tmp_path / "run", figures=True)
    assert not (tmp_path / "run" / "complete.json").exists()
    Toy.steps_made = 0
    run(scenario, tmp_path / "run", resume=True)
    assert Toy.steps_made == 0 and contents(tmp_path / "run") == whole


class Falls:
    """Sends a signal to its own process while it is finalized, where Python drops what is raised."""

    def __del__(self):
        os.kill(os.getpid(), signal.SIGINT)
        time.sleep(0)


def test_a_signal_that_comes_where_nothing_can_be_raised_is_heard_all_the_same(capfd):
    """In a finalizer; in a callback of a weak reference it was met once in twelve moments of Ctrl-C."""
    with pytest.raises(Interrupted), signals_interrupt():
        falls = Falls()
        del falls
        for _ in range(500):
            time.sleep(0.01)
    assert capfd.readouterr().err == ""


# Killed


def killed_at_file_operations(folder, which):
    command = [sys.executable, str(HERE / "killing.py"), str(folder), which]
    env = {**os.environ, "PYTHONPATH": str(ROOT), "MPLBACKEND": "Agg"}
    done = subprocess.run(command, env=env, capture_output=True, text=True, timeout=900)
    assert done.returncode == 0, done.stdout[-500:] + done.stderr
    return done.stdout.splitlines()


def test_a_run_killed_at_a_file_operation_goes_on_to_the_same_bytes(tmp_path):
    """While a run is set up, and at each kind of file between its draft's last byte and its being put in place."""
    lines = killed_at_file_operations(tmp_path, "kinds")
    for file in ("provenance.json", "a.checkpoint", "b.checkpoint", "finished", "endpoints.csv", "complete.json"):
        assert any("os.rename" in line and f"{file}.draft" in line for line in lines), (file, lines)


TWELFTHS = "twelfths of the file operations at which a run is killed"


@pytest.mark.slow
@counted(TWELFTHS)
def test_a_run_killed_at_any_file_operation_goes_on_to_the_same_bytes(tmp_path):
    """Each of them, or each twelfth: those that are alike, by arm, replicate and hour, are more than twelve."""
    lines = killed_at_file_operations(tmp_path, str(12 // full_count(TWELFTHS)))
    print(f"killed at {len(lines)} file operations:", dict(Counter(line.split()[1] for line in lines)))
    assert len(lines) > 250 // (12 // full_count(TWELFTHS))


@pytest.mark.slow
def test_a_run_killed_while_it_draws_goes_on_to_the_same_figures_and_report(tmp_path):
    lines = killed_at_file_operations(tmp_path, "drawing")
    print(*lines, sep="\n")
    assert any("figures/" in line for line in lines) and any("report.html" in line for line in lines)


@pytest.mark.parametrize("left", [[], ["lock"], ["lock", "draft"]])
def test_a_run_killed_before_it_said_what_it_is_leaves_nothing_in_the_way(scenario, tmp_path, whole, left):
    (tmp_path / "run" / "checkpoints").mkdir(parents=True)
    for name in left:
        place = f".provenance.json.{machine()}-{gone()}-1{DRAFT}" if name == "draft" else f"checkpoints/{name}"
        (tmp_path / "run" / place).touch()
    run(scenario, tmp_path / "run", resume=len(left) == 1)
    assert contents(tmp_path / "run") == whole


def test_checkpoints_take_turns_and_the_newest_stays_when_the_next_is_torn(scenario, tmp_path):
    case = Case(scenario, 0, 5, Toy)
    for expected in ("a", "b", "a"):
        simulated(case, tmp_path, 10)
        newest = max((tmp_path / "checkpoints").glob("*.checkpoint"), key=lambda path: path.stat().st_mtime_ns)
        assert newest.name == f"replicate_000.{expected}.checkpoint"
    newest.write_bytes(newest.read_bytes()[:-10])
    kept = newest.with_name("replicate_000.b.checkpoint").read_bytes()
    simulated(case, tmp_path, 0)
    assert newest.with_name("replicate_000.b.checkpoint").read_bytes() == kept and loaded(case, tmp_path)
    simulated(Case(scenario, 1, 5, Toy), tmp_path, 10, every=0)
    assert len(list((tmp_path / "checkpoints").glob("replicate_001.*.checkpoint"))) == 2


def test_workers_end_with_a_killed_parent_and_resume_gives_the_same_bytes(scenario, tmp_path, whole):
    process = begun(tmp_path, "Slow", workers=2)
    wait_for(tmp_path / "run", "checkpoints/*.files/*", 4)  # the snapshots of day 2 of a replicate
    process.kill()  # the parent alone
    process.wait()
    run(scenario, tmp_path / "run", resume=True)
    assert contents(tmp_path / "run") == whole
    process.communicate(timeout=20)  # returns when the last worker has closed its end of the pipes
    assert contents(tmp_path / "run") == whole


def test_a_replicate_waits_for_the_process_that_has_it(scenario, tmp_path):
    case = Case(scenario, 0, 5, Toy)
    with lock(scratch(case, tmp_path).folder / "replicate_000.lock"):
        Toy.steps_made = 0
        assert simulated(case, tmp_path, 4) is None
        assert Toy.steps_made == 0
    assert simulated(case, tmp_path) is not None


def test_drafts_of_a_killed_process_do_not_stay(scenario, tmp_path):
    draft = tmp_path / "run" / "cells" / "drug" / f".replicate_000_day_000.00.npz.{machine()}-{gone()}-1{DRAFT}"
    with pytest.raises(ArithmeticError):
        run(scenario, tmp_path / "run", engine=Broken)
    draft.parent.mkdir(parents=True, exist_ok=True)
    draft.write_bytes(b"half")
    run(scenario, tmp_path / "run", resume=True)
    assert not draft.exists()


# Workers that die


def test_a_worker_that_dies_once_costs_nothing_but_time(scenario, tmp_path, monkeypatch):
    monkeypatch.setenv("TOY_MARK", str(tmp_path / "mark.once"))
    run(scenario, tmp_path / "died", workers=2, engine=DiesOnce)
    assert (tmp_path / "mark.once").exists()
    run(scenario, tmp_path / "well")
    assert contents(tmp_path / "died") == contents(tmp_path / "well")


def test_a_worker_that_dies_twice_ends_the_run_and_names_the_replicate(scenario, tmp_path, monkeypatch):
    monkeypatch.setenv("TOY_MARK", str(tmp_path / "mark.always"))
    with pytest.raises(WorkerDied, match="replicate 0"):
        run(scenario, tmp_path / "run", workers=2, engine=DiesOnce)
    assert not (tmp_path / "run" / "complete.json").exists()


def test_each_replicate_may_lose_a_worker_and_no_other_replicate_pays(scenario, tmp_path, whole, monkeypatch):
    """Replicates 0 and 1 lose theirs one after the other; 2 is at work both times, and repeats no step."""
    monkeypatch.setenv("TOY_MARK", str(tmp_path / "steps"))
    (tmp_path / "steps").mkdir()
    run(scenario, tmp_path / "died", workers=3, engine=DieInTurn)
    assert (tmp_path / "steps" / "0.died").exists() and (tmp_path / "steps" / "1.died").exists()
    assert len((tmp_path / "steps" / "2.steps").read_bytes()) == 192
    assert contents(tmp_path / "died") == whole


# Full disks


@pytest.fixture
def tiny():
    return read_text(TINY)


def fails_at(monkeypatch, moment):
    """Let the disk be full when the `moment`-th file has been written and is to be made fast, and from then on."""
    count = [0]

    def fsync(number):
        count[0] += 1
        if count[0] >= moment:
            raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(storage.os, "fsync", fsync)
    return count


@pytest.mark.parametrize("every", [5, pytest.param(1, marks=pytest.mark.slow)])
def test_a_disk_that_is_full_at_any_file_keeps_what_was_good(tiny, tmp_path, monkeypatch, every):
    count = fails_at(monkeypatch, 10**9)
    expected = contents(run(tiny, tmp_path / "whole", checkpoint_s=0).path)
    assert count[0] > 60
    for moment in range(1, count[0] + 1, every):
        fails_at(monkeypatch, moment)
        out = tmp_path / str(moment)
        with pytest.raises(DiskFull, match=r"no room to write .* --resume resumes the run") as told:
            run(tiny, out, checkpoint_s=0)
        assert "\n" not in str(told.value) and not list(out.rglob(f"*{DRAFT}"))
        fails_at(monkeypatch, 10**9)
        run(tiny, out, resume=True, checkpoint_s=0)
        assert contents(out) == expected


def test_a_full_disk_in_a_worker_is_told_in_one_line(tmp_path):
    (tmp_path / "small.yaml").write_text(SMALL, encoding="utf-8")
    command = [sys.executable, "-m", "tmesim", "run", "small.yaml", "--no-figures", "--quiet", "--workers", "2"]
    env = {**os.environ, "PYTHONPATH": str(ROOT)}
    done = subprocess.run(command, cwd=tmp_path, env=env, capture_output=True, text=True, timeout=120,
                          preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (6000, 6000)))  # fmt: skip
    assert done.returncode == 1 and len(done.stderr.strip().splitlines()) == 1, done.stderr
    assert "no room to write" in done.stderr and "--resume resumes the run" in done.stderr


@pytest.mark.slow
@pytest.mark.parametrize("size", ["8k", "40k", "100k"])
def test_a_run_on_a_full_file_system_goes_on_when_there_is_room(tmp_path, size):
    namespace = ["unshare", "--user", "--map-root-user", "--mount"]
    if not shutil.which("unshare") or subprocess.run([*namespace, "mount", "-t", "tmpfs", "tmpfs", str(tmp_path)],
                                                     capture_output=True, check=False).returncode:  # fmt: skip
        pytest.skip("this system lets nobody mount a file system of their own")
    (tmp_path / "small.yaml").write_text(SMALL, encoding="utf-8")
    (tmp_path / "disk").mkdir()
    program = f"{sys.executable} -m tmesim run small.yaml --out disk/run --workers 2 --checkpoint-every 0 --quiet"
    script = f"""
        mount -t tmpfs -o size={size} tmpfs disk
        {program} 2> first.txt; echo $? > first.code
        mount -o remount,size=100m disk
        {program} --resume 2> second.txt; echo $? > second.code
        cp -r disk/run copy
    """
    env = {**os.environ, "PYTHONPATH": str(ROOT), "MPLBACKEND": "Agg"}
    subprocess.run([*namespace, "sh", "-c", script], cwd=tmp_path, env=env, check=True, timeout=300)
    told = (tmp_path / "first.txt").read_text()
    assert (tmp_path / "first.code").read_text() == "1\n", told
    assert len(told.strip().splitlines()) == 1 and "no room to write" in told and "--resume" in told
    assert (tmp_path / "second.code").read_text() == "0\n", (tmp_path / "second.txt").read_text()
    tmesim("run", "small.yaml", "--out", "whole", "--quiet", cwd=tmp_path)
    assert contents(tmp_path / "copy") == contents(tmp_path / "whole")


# Refusals, and the real thing


def test_a_run_that_another_process_completed_in_between_is_not_begun_again(scenario, tmp_path, whole, monkeypatch):
    run(scenario, tmp_path / "run")
    marker = tmp_path / "run" / "complete.json"
    content = marker.read_bytes()
    marker.unlink()

    def late(path):
        marker.write_bytes(content)
        return lock(path)

    monkeypatch.setattr(directory, "lock", late)
    Toy.steps_made = 0
    run(scenario, tmp_path / "run", resume=True)
    assert Toy.steps_made == 0 and contents(tmp_path / "run") == whole


def test_resume_is_refused_where_another_run_or_another_process_is(tmp_path):
    (tmp_path / "small.yaml").write_text(SMALL, encoding="utf-8")
    run(read_text(TINY), tmp_path / "tiny")
    (tmp_path / "tiny" / "complete.json").unlink()
    done = tmesim("run", "small.yaml", "--out", "tiny", "--resume", cwd=tmp_path)
    assert done.returncode == 2 and "another run" in done.stderr
    before = contents(tmp_path / "tiny")
    (tmp_path / "tiny.yaml").write_text(TINY, encoding="utf-8")
    (tmp_path / "tiny" / "checkpoints").mkdir()
    with lock(tmp_path / "tiny" / "checkpoints" / "lock"):
        done = tmesim("run", "tiny.yaml", "--out", "tiny", "--resume", "--quiet", cwd=tmp_path)
    assert done.returncode == 2 and "another process" in done.stderr and len(done.stderr.splitlines()) == 1
    shutil.rmtree(tmp_path / "tiny" / "checkpoints")
    assert contents(tmp_path / "tiny") == before


REAL = """
name: real
question: Does it go on?
host: mouse
tissue: {size: [300 µm, 300 µm]}
start: {tumor: {radius: 90 µm}, densities: {fibroblast: 400 /mm², ctl: 200 /mm², treg: 200 /mm²}, capillaries: 120 /mm²,
        ecm: 0.2}
time: {days: 2, record_every: 12 h, snapshots: [0 d, 2 d]}
replicates: 2
arms:
  untreated: {}
  early: {therapies: [{use: anti_cd25, start: 1 d}]}
  late: {therapies: [{use: anti_cd25, start: 36 h}]}
endpoints: [tumor_burden, n_treg]
"""
KILLS = full_count("moments of SIGKILL")


def stage(path, begin):
    """How far a process that began at a time had come when it was killed."""

    def since(pattern):
        return any(file.stat().st_mtime >= begin for file in path.glob(pattern))

    if (path / "complete.json").exists():
        return "after the marker"
    if since("*.csv"):
        return "after simulation: tables, figures, report"
    if since(f"checkpoints/.*{DRAFT}"):
        return "writing a checkpoint"
    if since("checkpoints/*.checkpoint") or since("checkpoints/*.finished"):
        return "simulating"
    return "before the first checkpoint" if since("provenance.json") else "before the claim"


class Runs:
    """Real runs in process groups of their own, and what one that nobody disturbs takes and leaves."""

    def __init__(self, folder):
        self.folder, self.out = folder, folder / "run"
        (folder / "real.yaml").write_text(REAL, encoding="utf-8")
        assert self.begin("warm").wait(300) == 0
        begin = time.monotonic()
        assert self.begin("whole").wait(300) == 0
        self.life = time.monotonic() - begin
        self.expected = contents(folder / "whole")

    def begin(self, out="run"):
        command = [sys.executable, "-m", "tmesim", "run", "real.yaml", "--out", out, "--workers", "2", "--resume",
                   "--checkpoint-every", "0.05", "--quiet"]  # fmt: skip
        env = {**os.environ, "PYTHONPATH": str(ROOT), "MPLBACKEND": "Agg"}
        return subprocess.Popen(command, cwd=self.folder, env=env, start_new_session=True, stderr=subprocess.PIPE,
                                text=True)  # fmt: skip

    def reaches(self, process, moment, from_the_beginning):
        """Wait; whether the run is then still on its way. A whole one that took less tells how long one lives: the
        machine is not always as fast as when life was measured."""
        begin = time.monotonic()
        try:
            process.wait(moment)
        except subprocess.TimeoutExpired:
            return True
        if from_the_beginning:
            self.life = min(self.life, time.monotonic() - begin)
        return False

    def finish(self):
        """Go on to the end, compare, and make way for the next."""
        process = self.begin()
        _, told = process.communicate(timeout=300)
        assert (process.returncode, told) == (0, "")
        assert contents(self.out) == self.expected
        shutil.rmtree(self.out)


@pytest.fixture(scope="module")
def runs(tmp_path_factory):
    return Runs(tmp_path_factory.mktemp("real"))


@pytest.mark.slow
@pytest.mark.xdist_group("runs")
@counted("moments of SIGKILL")
def test_a_run_killed_at_any_moment_goes_on_to_the_same_bytes(runs):
    """A moment in each fiftieth of a run's life (a tenth, for a part of the count), in random order, up to four in a
    row. A moment that a run does not reach, because it had gone on from another or the machine was faster, waits for
    one from the beginning."""
    luck = random.Random(1)
    moments = [(k + luck.random()) / KILLS for k in range(KILLS)]  # of a life
    luck.shuffle(moments)
    stages, row, finished, missed = Counter(), 0, 0, 0
    while moments and missed < KILLS:
        moment = moments.pop()
        begin = time.time()
        process = runs.begin()
        if runs.reaches(process, runs.life * moment, from_the_beginning=row == 0):
            os.killpg(process.pid, signal.SIGKILL)
            process.communicate()
            stages[stage(runs.out, begin)] += 1
            row += 1
        else:
            moments.insert(0, moment)
            missed += row == 0
            row = 4
        if row == 4 or not moments:
            runs.finish()
            row, finished = 0, finished + 1
    print(f"\n{stages.total()} kills in {finished} runs, of which one undisturbed takes {runs.life:.1f} s:")
    print(*(f"{number:3} {name}" for name, number in stages.most_common()), sep="\n")
    assert stages.total() >= 0.9 * KILLS


@pytest.mark.slow
@pytest.mark.xdist_group("runs")
@pytest.mark.parametrize(
    "number", [pytest.param(n, marks=counted(f"moments of {n.name}")) for n in (signal.SIGINT, signal.SIGTERM)]
)
def test_ctrl_c_and_term_at_any_moment_are_told_in_one_line(runs, number):
    codes = Counter()
    row, moments = 0, full_count(f"moments of {number.name}")
    for k in range(moments):
        process = runs.begin()
        # half a second for Python itself to begin
        if runs.reaches(process, 0.5 + runs.life * k / moments, from_the_beginning=row == 0):
            with contextlib.suppress(ProcessLookupError):
                os.killpg(process.pid, number)
        _, told = process.communicate(timeout=60)
        codes[process.returncode] += 1
        assert "Traceback" not in told and len(told.strip().splitlines()) <= 1, told
        assert process.returncode in (0, 130, -number), told
        row += 1
        if row == 3 or process.returncode == 0:
            runs.finish()
            row = 0
    if row:
        runs.finish()
    print(f"\nexit codes after {number.name}:", dict(codes))
    assert codes[130] >= 0.4 * moments
