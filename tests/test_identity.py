"""Which run a folder holds: what is edited, damaged, lost or of another run is noticed, named, or computed again."""

import json
import multiprocessing
import os
import shutil
import subprocess
import sys
import threading
import time
import warnings
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from test_cli import tmesim as command
from toys import TEXT, StopAfter, Toy, contents, finish, gone, run, scratch, simulated, tables

import tmesim
from tmesim import storage, trial
from tmesim.catalogue.models import frozendict
from tmesim.cli.rendering import render_run
from tmesim.reading import InputError
from tmesim.scenario import load, read_text, replicate_seed
from tmesim.storage import DRAFT, checksums, machine, sweep, write
from tmesim.storage.tables import csv_bytes, read_columns
from tmesim.trial import directory, extending
from tmesim.trial.case import Case
from tmesim.trial.identity import identity
from tmesim.trial.locks import lock, lock_of
from tmesim.trial.news import Watch
from tmesim.trial.replicate import simulate
from tmesim.trial.store import Store

ONE_DAY = TEXT.replace("days: 4", "days: 1").replace("[0 d, 2 d, 4 d]", "[0 d, 1 d]").replace("12 h", "6 h")
EARLY = ONE_DAY.replace("start: 2 d", "start: 6 h").replace("start: 3 d", "start: 12 h")
SHORT = EARLY.replace("replicates: 3", "replicates: 2")


@pytest.fixture(scope="module")
def short():
    return read_text(SHORT)


@pytest.fixture(scope="module")
def whole(short, tmp_path_factory):
    """A complete run; copy it before you touch it."""
    return run(short, tmp_path_factory.mktemp("whole") / "run").path


@pytest.fixture
def mine(whole, tmp_path):
    return Path(shutil.copytree(whole, tmp_path / "mine"))


@pytest.fixture(scope="module")
def part(short, tmp_path_factory):
    """A run whose replicate 0 is finished and whose replicate 1 was stopped on its way."""
    path = tmp_path_factory.mktemp("part") / "run"
    cases = [Case(short, r, replicate_seed(short.seed, r), Toy) for r in range(2)]
    ours = directory.RunDirectory(path, short)
    assert not ours.claim(resume=False)
    finish(cases[0], path)
    scratch(cases[0], path).clear()
    assert simulated(cases[1], path, 50) is None
    ours.release()
    return path


def files_in(path):
    return sorted(str(p.relative_to(path)) for p in path.rglob("*") if p.is_file())


# Damage: each file of a run, in each way


def twin_of(name, path):
    """The same kind of file of another replicate, arm or table."""
    data = (path / name).read_bytes()
    swapped = name.replace(*("_000", "_001") if "replicate_000" in name else ("_001", "_000"))
    others = [path / swapped, *sorted((path / name).parent.iterdir()), path / "provenance.json", path / "scenario.yaml"]
    return next(other for other in others if other.is_file() and other.read_bytes() != data)


def damage(path, name, how):
    file = path / name
    data = file.read_bytes()
    if how == "deleted":
        file.unlink()
    elif how == "truncated":
        file.write_bytes(data[: len(data) // 2])
    elif how == "empty":
        file.write_bytes(b"")
    elif how == "garbage":
        file.write_bytes(bytes(range(256)) * 4)
    elif how == "flipped":
        file.write_bytes(data[:-9] + bytes([data[-9] ^ 1]) + data[-8:] if len(data) > 9 else b"x")
    else:
        shutil.copyfile(twin_of(name, path), file)


HOW = ("deleted", "truncated", "empty", "garbage", "flipped", "another's")


def some(names):
    """One of each kind of file."""
    kinds = {}
    for name in names:
        kinds.setdefault("".join(c for c in name if not c.isdigit()).replace("drug", "").replace("late", ""), name)
    return sorted(kinds.values())


def assert_recovers(part, whole, short, tmp_path, name, how):
    path = Path(shutil.copytree(part, tmp_path / "damaged"))
    damage(path, name, how)
    run(short, path, resume=True)
    assert contents(path) == contents(whole), (name, how)
    shutil.rmtree(path)


@pytest.mark.parametrize("how", HOW)
def test_a_partial_run_with_a_damaged_file_of_each_kind_resumes_to_the_same_bytes(part, whole, short, tmp_path, how):
    for name in some(files_in(part)):
        assert_recovers(part, whole, short, tmp_path, name, how)


@pytest.mark.slow
@pytest.mark.parametrize("how", HOW)
def test_a_partial_run_with_any_file_damaged_resumes_to_the_same_bytes(part, whole, short, tmp_path, how):
    for name in files_in(part):
        assert_recovers(part, whole, short, tmp_path, name, how)


def test_only_the_replicate_whose_file_was_lost_is_simulated_again_and_it_is_said(part, short, tmp_path, capsys):
    path = Path(shutil.copytree(part, tmp_path / "lost"))
    (path / "cells" / "drug" / "replicate_000_day_001.00.npz").unlink()
    Toy.steps_made = 0
    run(short, path, resume=True)
    work = Case(short, 0, 0, Toy).work
    assert Toy.steps_made == work + (work - 50)
    (line,) = capsys.readouterr().err.splitlines()
    assert line == "replicate 0 is simulated again: cells/drug/replicate_000_day_001.00.npz is missing"


def test_a_file_that_lies_ahead_of_the_checkpoint_is_written_and_summed_anew(whole, short, tmp_path):
    """A worker was killed after it had kept a snapshot that no checkpoint knows of, and that file is damaged."""

    class Killed(StopAfter):
        def stopped(self):
            if super().stopped():
                raise KeyboardInterrupt
            return False

    path = tmp_path / "run"
    case = Case(short, 0, replicate_seed(short.seed, 0), Toy)
    ours = directory.RunDirectory(path, short)
    assert not ours.claim(resume=False)
    simulated(case, path, 20)
    kept = set((path / "checkpoints").glob("*.files/*"))
    with pytest.raises(KeyboardInterrupt):
        simulate(case, Watch(stopped=Killed(8).stopped), path / "checkpoints")
    ours.release()
    ahead = set((path / "checkpoints").glob("*.files/*")) - kept
    assert len(ahead) == 3  # cells, fields and film of an arm at its end
    for file in ahead:
        damage(path, file.relative_to(path), "truncated")
    run(short, path, resume=True, checkpoint_s=0)
    assert contents(path) == contents(whole)


@pytest.mark.parametrize("other", [{"seed": 8}, {"set": {"cells.tumor.behaviors.division": "0.02 1/h"}}])
@pytest.mark.parametrize("kind", ["finished", "a.checkpoint"])
def test_a_record_of_another_run_is_not_taken(part, whole, short, tmp_path, capsys, other, kind):
    path = Path(shutil.copytree(part, tmp_path / "run"))
    foreign = load(short, **other)
    case = Case(foreign, 0, replicate_seed(foreign.seed, 0), Toy)
    if kind == "finished":
        finish(case, tmp_path / "foreign")
    else:
        simulated(case, tmp_path / "foreign", 19)
    (path / "checkpoints" / "replicate_000.finished").unlink()
    name = f"replicate_000.{kind}"
    shutil.copyfile(tmp_path / "foreign" / "checkpoints" / name, path / "checkpoints" / name)
    run(short, path, resume=True)
    assert contents(path) == contents(whole)
    told = capsys.readouterr().err
    assert f"replicate 0 is simulated again: checkpoints/{name} is damaged, or of another run" in told


def test_a_record_by_other_versions_is_not_taken(short, tmp_path, monkeypatch):
    from tmesim.trial import identity as module

    case, store = Case(short, 0, 5, Toy), Store(tmp_path)
    finish(case, tmp_path)
    assert store.finished(case) is not None and scratch(case, tmp_path).load() is not None
    monkeypatch.setattr(module, "computing_versions", lambda: {"numpy": "0.1"})
    assert store.finished(case) is None and scratch(case, tmp_path).load() is None


def read_all(path):
    """Whatever a user can read of a run."""
    result = tmesim.Result(path)
    result.timeseries, result.endpoints, result.comparison, result.comparisons, result.provenance  # noqa: B018
    result.columns(checksums.CAUSES)
    for arm in result.arms:
        for replicate in range(result.replicates):
            for day in result.snapshot_days:
                result.cells(day, arm, replicate), result.fields(day, arm, replicate)
            result.arrays(f"frames/{arm}/replicate_{replicate:03d}.npz")
    result._repr_html_()


def assert_named(path, name, short):
    """Reading, running again and drawing again name the file; nothing of the run is changed."""
    before = files_in(path)
    again = (lambda p: run(short, p), lambda p: run(short, p, resume=True), lambda p: render_run(p, False, True))
    for read in (read_all, *again):
        with pytest.raises(InputError) as told:
            read(path)
        assert name in str(told.value), str(told.value)
    assert files_in(path) == before


def assert_noticed(whole, short, tmp_path, name, how):
    path = Path(shutil.copytree(whole, tmp_path / "damaged"))
    damage(path, name, how)
    if name == "complete.json" and how == "deleted":  # then it is a run that was not completed
        with pytest.raises(InputError, match="is not complete"):
            tmesim.Result(path)
        with pytest.raises(InputError, match="--resume"):
            render_run(path, False, True)
        run(short, path, resume=True)
        assert contents(path) == contents(whole)
    else:
        assert_named(path, name, short)
    shutil.rmtree(path)


@pytest.mark.parametrize("how", HOW)
def test_a_damaged_file_of_each_kind_of_a_complete_run_is_named(whole, short, tmp_path, how):
    for name in some(files_in(whole)):
        assert_noticed(whole, short, tmp_path, name, how)


@pytest.mark.slow
@pytest.mark.parametrize("how", HOW)
def test_any_damaged_file_of_a_complete_run_is_named(whole, short, tmp_path, how):
    for name in files_in(whole):
        assert_noticed(whole, short, tmp_path, name, how)


def test_all_files_that_were_edited_are_named_at_once_with_a_remedy(mine):
    for name in ("scenario.yaml", "endpoints.csv"):
        (mine / name).write_text((mine / name).read_text().replace("untreated", "controls"))
    with pytest.raises(InputError) as told:
        tmesim.Result(mine)
    lines = str(told.value).splitlines()
    assert [Path(line.split(": ")[0]).name for line in lines] == ["endpoints.csv", "scenario.yaml"]
    wrong = "was edited or damaged after the run: its SHA-256 is not the one in complete.json"
    assert all(
        line.endswith(f"{wrong}; restore it, or run the scenario again into another directory") for line in lines
    )


def test_the_command_line_ends_with_2_and_one_line_where_a_file_was_edited(mine):
    text = (mine / "endpoints.csv").read_text()
    (mine / "endpoints.csv").write_text(text[:-3])
    done = command("render", mine)
    assert (done.returncode, done.stdout, len(done.stderr.splitlines())) == (2, "", 1)
    assert "endpoints.csv" in done.stderr


def test_damaged_drawings_are_drawn_again(short, tmp_path):
    path = run(short, tmp_path / "run", figures=True).path
    expected = contents(path)
    drawings = [path / "report.html", *sorted((path / "figures").iterdir())]
    assert len(drawings) == 7
    for file, broken in zip(drawings, (b"", None, b"\x89PNG broken", b"x", b"GIF89a", b"", b"\x89PNG"), strict=True):
        file.unlink() if broken is None else file.write_bytes(broken)
    render_run(path, False, True)
    assert contents(path) == expected


def test_a_broken_picture_is_named_by_a_report_that_would_hold_it(short, tmp_path):
    from tmesim.report import page

    result = run(short, tmp_path / "run", figures=True)
    for name in ("movie.gif", "tissue.png", "oxygen.png"):
        data = (result.path / "figures" / name).read_bytes()
        (result.path / "figures" / name).write_bytes(data[:100])
        with pytest.raises(InputError, match=rf"figures/{name}.*tmesim render"):
            page(result)
        (result.path / "figures" / name).write_bytes(data)


# Runs of an older version, which kept fewer checksums


@pytest.fixture
def old(mine):
    """As version 0 left them: sums of the tables alone, and no seals."""
    marker = json.loads((mine / "complete.json").read_text())
    sums = {name: marker["sha256"][name] for name in checksums.TABLES}
    (mine / "complete.json").write_text(json.dumps({"scenario_hash": marker["scenario_hash"], "sha256": sums}))
    provenance = json.loads((mine / "provenance.json").read_text())
    del provenance["seal"], provenance["identity"]
    (mine / "provenance.json").write_text(json.dumps(provenance))
    return mine


def test_an_old_run_stays_readable_and_says_once_what_cannot_be_checked(old):
    with warnings.catch_warnings(record=True) as told:
        warnings.simplefilter("always")
        read_all(old)
    (note,) = [str(each.message) for each in told]
    assert "has no sums of scenario.yaml, causes.csv, cells/, fields/, frames/: not checked" in note


def test_a_complete_old_run_is_taken_as_this_run(old, short):
    Toy.steps_made = 0
    assert len(run(short, old).endpoints) == 8 and Toy.steps_made == 0


@pytest.mark.parametrize("name", ["cells/drug/replicate_000_day_001.00.npz", "frames/late/replicate_001.npz"])
@pytest.mark.parametrize("how", ["deleted", "truncated", "empty", "garbage"])
def test_a_broken_snapshot_of_an_old_run_is_named(old, name, how):
    damage(old, name, how)
    with pytest.raises((InputError, KeyError), match=name), warnings.catch_warnings():
        warnings.simplefilter("ignore")
        read_all(old)


def test_fields_in_place_of_cells_are_named(old):
    name = "drug/replicate_000_day_001.00.npz"
    shutil.copyfile(old / "fields" / name, old / "cells" / name)
    with pytest.warns(UserWarning), pytest.raises(InputError, match=f"cells/{name}: is not a snapshot of this kind"):
        tmesim.Result(old).cells(1, "drug")


@pytest.mark.parametrize("table", checksums.TABLES)
@pytest.mark.parametrize("cut", [0, 1, 2, 3, 4, 5, 6, 7, 8, 9])
def test_a_table_cut_anywhere_that_no_checksum_vouches_for_is_named(mine, short, table, cut):
    (mine / "complete.json").unlink()
    data = (mine / table).read_bytes()
    (mine / table).write_bytes(data[: len(data) * cut // 10])
    result = tmesim.Result(mine, short)
    read = {"timeseries.csv": lambda: result.timeseries, "endpoints.csv": lambda: result.endpoint("kills", "drug"),
            "comparison.csv": lambda: result.comparisons}[table]  # fmt: skip
    with pytest.raises(InputError, match=table):
        read()


@pytest.mark.parametrize(("edit", "told"), [
    (lambda text: text.replace("drug,1,", "drug,x,"), "expected a number in the column replicate"),
    (lambda text: text.replace("drug,1,", "drug,0,"), "as many rows for each of 4 arms and 2 replicates"),
    (lambda text: text.replace("day", "hour", 1), "expected the columns arm, replicate, day"),
    (lambda text: text.replace("drug", "drag"), "as many rows for each"),
    (lambda text: text + '"open', "is not a table"),
])  # fmt: skip
def test_a_table_that_no_run_wrote_is_told_by_what_is_wrong(mine, short, edit, told):
    (mine / "complete.json").unlink()
    (mine / "timeseries.csv").write_text(edit((mine / "timeseries.csv").read_text()))
    with pytest.raises(InputError, match=told):
        tmesim.Result(mine, short).series("kills", "drug")


# Whose folder it is


def test_a_scenario_in_another_order_is_the_same_run_or_is_refused(tmp_path):
    """The order of densities decides who is placed first: one hash and one result, or two hashes."""
    densities = ("{ctl: 100 /mm², treg: 100 /mm²}", "{treg: 100 /mm², ctl: 100 /mm²}")
    text = SHORT.replace("capillaries:", "densities: DENSITIES, capillaries:")
    a, b = (read_text(text.replace("DENSITIES", each)) for each in densities)
    first = run(a, tmp_path / "a", replicates=1, engine=None, arms=["untreated"])
    if a.hash == b.hash:
        second = run(b, tmp_path / "b", replicates=1, engine=None, arms=["untreated"])
        assert contents(first.path) == contents(second.path)
    else:
        with pytest.raises(InputError, match="another run"):
            run(b, tmp_path / "a", replicates=1, engine=None, arms=["untreated"])


def test_the_identity_is_all_of_a_scenario_but_the_number_of_replicates(short):
    assert identity(short) == identity(load(short, replicates=9))
    for other in (load(short, seed=9), load(short, days=2), load(short, arms=["untreated", "drug"])):
        assert identity(short) != identity(other)


def test_the_marker_of_another_run_is_noticed(mine, short, tmp_path):
    other = run(short, tmp_path / "other", seed=11).path
    shutil.copyfile(other / "complete.json", mine / "complete.json")
    with pytest.raises(InputError, match=r"complete\.json"):
        run(short, mine)
    with pytest.raises(InputError, match=r"complete\.json"):
        tmesim.Result(mine)


def test_a_partial_run_without_any_note_of_what_it_is_is_left_alone(part, short, tmp_path):
    path = Path(shutil.copytree(part, tmp_path / "lost"))
    (path / "provenance.json").write_text("{")
    (path / "scenario.yaml").unlink()
    before = contents(path)
    with pytest.raises(InputError, match=r"provenance\.json"):
        run(short, path, resume=True)
    (path / "provenance.json").unlink()
    with pytest.raises(InputError, match="holds no run"):
        run(short, path, resume=True)
    assert contents(path) == before


def test_a_command_that_is_no_text_is_written_down_and_sealed(short, tmp_path, monkeypatch):
    monkeypatch.setattr(sys, "argv", ["tmesim", "run", "na\udcefve.yaml"])
    assert run(short, tmp_path / "run").provenance["command"] == ["tmesim", "run", "na\udcefve.yaml"]


# More replicates


@pytest.mark.parametrize("figures", [False, True])
def test_replicates_are_added_to_a_complete_run_as_if_all_had_been_asked_for(short, tmp_path, figures):
    run(short, tmp_path / "grown", figures=figures)
    Toy.steps_made = 0
    result = run(short, tmp_path / "grown", replicates=4, figures=figures)
    assert Toy.steps_made == 2 * Case(short, 0, 0, Toy).work  # only the new ones
    run(short, tmp_path / "whole", replicates=4, figures=figures)
    assert contents(tmp_path / "grown") == contents(tmp_path / "whole")
    assert result.provenance["replicate_seeds"] == [replicate_seed(7, r) for r in range(4)]
    assert len(result.provenance["replicate_s"]) == 4 and len(result.provenance["started"]) == 2


def test_drawings_of_fewer_replicates_do_not_stay(short, tmp_path):
    path = run(short, tmp_path / "run", figures=True).path
    (path / "figures" / "poster.png").write_text("mine")
    run(short, path, replicates=3, figures=False)
    assert [p.name for p in (path / "figures").iterdir()] == ["poster.png"] and not (path / "report.html").exists()


def test_replicates_are_added_to_a_partial_run_that_is_resumed(part, short, tmp_path):
    path = Path(shutil.copytree(part, tmp_path / "run"))
    with pytest.raises(InputError, match="--resume"):
        run(short, path, replicates=4)
    Toy.steps_made = 0
    run(short, path, replicates=4, resume=True)
    assert Toy.steps_made == 3 * Case(short, 0, 0, Toy).work - 50
    run(short, tmp_path / "whole", replicates=4)
    assert contents(path) == contents(tmp_path / "whole")


def test_fewer_replicates_than_there_are_is_refused_with_the_remedy(mine, short):
    before = contents(mine)
    for resume in (False, True):
        told = r"with 2 replicates, more than the 1 asked for.*--replicates 2.*another --out"
        with pytest.raises(InputError, match=told):
            run(short, mine, replicates=1, resume=resume)
    assert contents(mine) == before


@pytest.mark.parametrize("every", [4, pytest.param(1, marks=pytest.mark.slow)])
def test_a_run_killed_while_replicates_are_added_resumes_to_the_same_bytes(whole, short, tmp_path, monkeypatch, every):
    """Each file operation of the growing fails in turn, and all after it: a process that was killed there."""
    expected = contents(run(short, tmp_path / "expected", replicates=3).path)
    real = {"replace": os.replace, "unlink": Path.unlink}

    def dying_at(moment):
        count = [0]

        def dies(name):
            def operate(*args, **options):
                count[0] += 1
                if count[0] >= moment:
                    raise KeyboardInterrupt
                return real[name](*args, **options)

            return operate

        monkeypatch.setattr(storage.os, "replace", dies("replace"))
        monkeypatch.setattr(Path, "unlink", dies("unlink"))
        return count

    def alive():
        monkeypatch.setattr(storage.os, "replace", real["replace"])
        monkeypatch.setattr(Path, "unlink", real["unlink"])

    shutil.copytree(whole, tmp_path / "counted")
    count = dying_at(10**9)
    run(short, tmp_path / "counted", replicates=3)
    alive()
    assert count[0] > 20
    for moment in range(1, count[0] + 1, every):
        path = Path(shutil.copytree(whole, tmp_path / str(moment)))
        dying_at(moment)
        with pytest.raises(KeyboardInterrupt):
            run(short, path, replicates=3)
        alive()
        assert len(list(path.glob("*.csv"))) == 4
        run(short, path, replicates=3, resume=True)
        assert contents(path) == expected, moment
        shutil.rmtree(path)


def test_a_damaged_run_is_not_grown(mine, short):
    (mine / "cells" / "drug" / "replicate_001_day_001.00.npz").write_bytes(b"")
    with pytest.raises(InputError, match=r"replicate_001_day_001\.00\.npz: was edited or damaged"):
        run(short, mine, replicates=3)
    assert (mine / "complete.json").exists() and not (mine / "checkpoints").exists()


def test_days_of_a_table_come_back_exactly_from_their_hours():
    hours = np.concatenate(
        [
            np.arange(0, 3000, 0.1),
            np.arange(5000) / 3,
            np.arange(2000) * 0.7,
            np.random.default_rng(1).random(50_000) * 2000,
        ]
    )
    days = np.array([float(repr(hour / 24)) for hour in hours.tolist()])
    assert np.array_equal(days * extending.HOURS / 24, days)
    whole = np.arange(100_000.0)
    assert np.array_equal(whole / 24 * extending.HOURS, whole)


def test_the_command_line_adds_replicates(tmp_path):
    (tmp_path / "small.yaml").write_text(
        SHORT.replace("late:", "# late:").replace("sham:", "# sham:"), encoding="utf-8")  # fmt: skip
    assert command("run", "small.yaml", "--out", "a", "--quiet", "--no-figures", cwd=tmp_path).returncode == 0
    grown = command("run", "small.yaml", "--out", "a", "--replicates", "3", "--no-figures", cwd=tmp_path)
    assert grown.returncode == 0, grown.stderr
    assert "3 pairs" in grown.stdout


# Two at once


def draft_of(path, whose):
    draft = path / f".report.html.{whose}-1{DRAFT}"
    draft.write_text("half")
    return draft


def test_sweeping_takes_the_drafts_of_the_dead_alone(tmp_path):
    here, now = machine().split("-")
    living = [draft_of(tmp_path, f"{machine()}-{os.getpid()}"), draft_of(tmp_path, f"{machine()}-1"),
              draft_of(tmp_path, f"0000aaaa-{now}-{gone()}"), tmp_path / f".x.123{DRAFT}"]  # fmt: skip
    living[-1].touch()
    dead = [draft_of(tmp_path, f"{machine()}-{gone()}"), draft_of(tmp_path, f"{here}-0000bbbb-{os.getpid()}")]
    sweep(tmp_path)
    assert [draft.exists() for draft in living] == [True] * 4
    assert [draft.exists() for draft in dead] == [False] * 2


def test_a_process_that_ended_and_was_not_waited_for_counts_as_gone():
    child = subprocess.Popen([sys.executable, "-c", ""])
    deadline = time.monotonic() + 20
    while storage.is_alive(child.pid) and time.monotonic() < deadline:
        time.sleep(0.01)
    assert not storage.is_alive(child.pid) and storage.is_alive(os.getpid())
    child.wait()


def test_a_writer_in_the_middle_of_a_file_is_not_disturbed_by_sweeping(tmp_path, monkeypatch):
    swept = []
    monkeypatch.setattr(storage.os, "fsync", lambda number: (sweep(tmp_path), swept.append(number)))
    write(tmp_path / "file", "whole")
    assert swept and (tmp_path / "file").read_text() == "whole"


def test_render_of_a_run_that_is_being_drawn_is_refused_and_does_not_disturb_it(short, tmp_path, monkeypatch):
    told = []

    def draw_and_render(result):
        done = command("render", result.path)
        told.append((done.returncode, done.stderr))
        draw(result)

    draw = trial.draw
    monkeypatch.setattr(trial, "draw", draw_and_render)
    run(short, tmp_path / "run", figures=True)
    ((code, error),) = told
    assert code == 2 and "is being written by a run; draw it again once that is complete" in error
    assert (tmp_path / "run" / "complete.json").exists() and not list(tmp_path.rglob(f"*{DRAFT}"))


def test_two_renders_at_once_both_end_well(short, tmp_path):
    path = run(short, tmp_path / "run", figures=True).path
    expected = contents(path)
    shutil.rmtree(path / "figures")
    threads = [threading.Thread(target=lambda: codes.append(command("render", path).returncode)) for _ in range(2)]
    codes = []
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert codes == [0, 0] and contents(path) == expected


def test_a_run_that_is_being_drawn_is_not_grown_meanwhile(mine, short):
    pytest.importorskip("fcntl")
    with lock_of(mine / "complete.json", shared=True):  # as `render` does
        with pytest.raises(InputError, match="is being drawn by another process"):
            run(short, mine, replicates=3)
    assert len(run(short, mine, replicates=3).endpoints) == 12


def test_render_of_a_partial_run_says_how_to_complete_it(part, tmp_path):
    path = Path(shutil.copytree(part, tmp_path / "run"))
    told = r"timeseries\.csv.*complete\.json missing; `tmesim run … --resume` completes it"
    with pytest.raises(InputError, match=told):
        render_run(path, False, True)
    with lock(path / "checkpoints" / "lock"), pytest.raises(InputError, match="is being written by a run"):
        render_run(path, False, True)


# Names are text


ODD_NAMES = ["0", "1", "10", "1e3", "nan", "NA", "null", "true", "None", "a,b", 'say "x"', "=cmd()", " x "]


def odd_run(short, tmp_path, names):
    """A run whose arms have such names, also those that a scenario file would refuse."""
    arms = list(short.arms.values())
    chosen = frozendict({name: arms[i % 2] for i, name in enumerate(names)})
    return run(replace(short, arms=chosen, reference=names[0]), tmp_path / "odd")


def test_names_that_look_like_numbers_or_nothing_stay_text(short, tmp_path):
    result = odd_run(short, tmp_path, ODD_NAMES)
    for frame in (result.timeseries, result.endpoints):
        assert list(dict.fromkeys(frame.arm)) == ODD_NAMES
        assert all(type(name) is str for name in frame.arm)
        assert frame.replicate.dtype == np.int64 and frame.select_dtypes("number").shape[1] == frame.shape[1] - 1
    for frame in (result.comparison, result.compare()):
        assert list(dict.fromkeys(frame.arm)) == ODD_NAMES[1:] and set(frame.reference) == {"0"}
    assert [c.arm for c in result.comparisons[: len(ODD_NAMES) - 1]] == ODD_NAMES[1:]
    for name in ODD_NAMES:
        assert result.series("kills", name)[1].shape == (2, 5) and result.endpoint("kills", name).shape == (2,)
        assert list(result.cells(1, name).type.cat.categories) == list(short.catalogue.cells)


def test_columns_are_text_by_their_names_and_numbers_may_be_empty(tmp_path):
    names = ["", "1", "nan", "a\nb", "c\r\nd", "\r", 'e"f', "g,h"]
    data = csv_bytes(("arm", "x,y", "z"), [[name, float(i), float("nan")] for i, name in enumerate(names)])
    columns = read_columns(data, ("arm",), "t.csv")
    assert list(columns) == ["arm", "x,y", "z"] and columns["arm"].tolist() == names
    assert columns["x,y"].tolist() == list(range(len(names))) and np.isnan(columns["z"]).all()


def test_numbers_of_a_data_frame_are_those_of_the_table_bit_for_bit(short, whole):
    result = tmesim.Result(whole)
    for name in result.observables:
        values = result.timeseries[name].to_numpy(float)
        assert np.array_equal(values, np.concatenate([result.series(name, arm)[1].ravel() for arm in result.arms]),
                              equal_nan=True)  # fmt: skip


# Arguments and daemons


@pytest.mark.parametrize(("workers", "error"), [("2", TypeError), (0, ValueError), (-1, ValueError), (1.5, TypeError)])
def test_a_number_of_workers_that_is_none_is_told_by_name_and_nothing_is_written(short, tmp_path, workers, error):
    with pytest.raises(error, match=r"^workers: expected"):
        run(short, tmp_path / "run", workers=workers)
    assert not (tmp_path / "run").exists()


@pytest.mark.parametrize(("replicate", "error"), [(-1, KeyError), ("0", TypeError), (0.5, TypeError), (2, KeyError)])
def test_a_replicate_that_is_none_is_told_by_name(whole, replicate, error):
    result = tmesim.Result(whole)
    for read in (result.cells, result.fields, lambda replicate: result.movie(whole / "x.gif", replicate)):
        with pytest.raises(error, match="replicate"):
            read(replicate=replicate)
    assert not (whole / "x.gif").exists()
    assert len(result.cells(replicate=np.int64(1)))


def test_a_day_that_is_no_number_is_told_by_name(whole):
    for read in (tmesim.Result(whole).cells, lambda day: tmesim.Result(whole).compare(day=day)):
        with pytest.raises(ValueError, match=r"day: expected a number \(days\), got nan"):
            read(day=float("nan"))


def pooled(out):
    return tables(run(read_text(SHORT), out, workers=2).path)


def test_a_run_inside_of_a_pool_worker_needs_no_processes_of_its_own(whole, tmp_path):
    with multiprocessing.get_context("spawn").Pool(1) as pool:
        assert pool.apply(pooled, (str(tmp_path / "run"),)) == tables(whole)
