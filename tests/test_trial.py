"""Trials: branching, workers, and who may write where. Most run a toy engine in place of the tissue. Interruptions have
tests of their own."""

import hashlib
import json
import shutil
import subprocess
import sys
import textwrap
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest
from toys import TEXT, Broken, Certain, Toy, contents, run, simulated, tables

from tmesim.body import Body
from tmesim.reading import InputError
from tmesim.scenario import read_text, replicate_seed
from tmesim.scenario.schedule import Event, schedule_of
from tmesim.storage.arrays import seal, unseal
from tmesim.storage.tables import csv_bytes
from tmesim.trial import pool, replicate
from tmesim.trial.branches import first_difference, tree
from tmesim.trial.case import Case
from tmesim.trial.identity import COMPUTING
from tmesim.trial.pool import Monitor, run_cases
from tmesim.trial.store import Store


@pytest.fixture
def scenario():
    return read_text(TEXT)


# Branches


def test_arms_share_history_up_to_the_first_difference(scenario):
    programs = {name: schedule_of(arm, 1.0).events for name, arm in scenario.arms.items()}
    segments = tree(programs, 96)
    assert [(s.arms, s.start, s.end, s.parent) for s in segments] == [
        (("untreated", "drug", "late", "sham"), 0, 48, None),
        (("untreated", "late", "sham"), 48, 72, 0),
        (("untreated",), 72, 96, 1),
        (("late",), 72, 96, 1),
        (("sham",), 72, 96, 1),
        (("drug",), 48, 96, 0),
    ]


def test_equal_programs_never_part_and_a_longer_one_parts_where_it_goes_on():
    a = (Event(1, "x"), Event(2, "y"))
    longer = (*a, Event(5, "z"))
    assert first_difference(a, a) is None
    assert first_difference(a, longer) == first_difference(longer, a) == 5
    assert [(s.start, s.end) for s in tree({"a": a, "b": a}, 10)] == [(0, 10)]


def test_a_difference_after_the_end_does_not_branch():
    assert len(tree({"a": (), "b": (Event(96, "x"),)}, 96)) == 1


def test_arms_that_begin_with_another_tissue_are_roots_of_their_own():
    programs = {"a": (), "b": (Event(3, "x"),), "c": (), "d": (Event(3, "x"),)}
    segments = tree(programs, 10, {"a": 1, "b": 1, "c": 2, "d": 1})
    assert [(s.arms, s.start, s.end, s.parent) for s in segments] == [
        (("a", "b", "d"), 0, 3, None), (("a",), 3, 10, 0), (("b", "d"), 3, 10, 0), (("c",), 0, 10, None),
    ]  # fmt: skip


def test_shared_history_is_simulated_once(scenario, tmp_path):
    Toy.steps_made = 0
    run(scenario, tmp_path / "run", replicates=1)
    assert Toy.steps_made == 48 + 24 + 3 * 24 + 48


def test_branching_gives_what_each_arm_alone_gives(scenario, tmp_path):
    whole = run(scenario, tmp_path / "whole").timeseries
    for arm in ("drug", "late"):
        alone = run(scenario, tmp_path / arm, arms=["untreated", arm]).timeseries
        mine = whole[whole.arm == arm].reset_index(drop=True)
        assert mine.equals(alone[alone.arm == arm].reset_index(drop=True))


# What a run leaves


def test_a_run_leaves_tables_snapshots_provenance_and_a_marker(scenario, tmp_path):
    result = run(scenario, tmp_path / "run")
    assert list(result.timeseries.columns[:3]) == ["arm", "replicate", "day"]
    assert len(result.timeseries) == 4 * 3 * 9
    assert set(result.timeseries.day) == {i / 2 for i in range(9)}
    assert list(result.endpoints.columns) == ["arm", "replicate", "tumor_burden", "kills"]
    assert list(result.comparison.arm) == ["drug", "late", "sham"] * 2
    assert len(list((tmp_path / "run" / "cells").rglob("*.npz"))) == 4 * 3 * 3
    assert not (tmp_path / "run" / "checkpoints").exists()
    marker = json.loads((tmp_path / "run" / "complete.json").read_text())
    assert marker["sha256"]["timeseries.csv"] == hashlib.sha256(tables(result.path)["timeseries.csv"]).hexdigest()
    assert result.provenance["replicate_seeds"] == [replicate_seed(7, r) for r in range(3)]
    assert {"numpy", "numba", "tmesim", "python"} <= result.provenance["versions"].keys()


def test_a_null_drug_differs_by_exactly_zero_and_a_real_one_does_not(scenario, tmp_path):
    c = run(scenario, tmp_path / "run").comparison.set_index(["endpoint", "arm"])
    sham, drug = c.loc[("tumor_burden", "sham")], c.loc[("tumor_burden", "drug")]
    assert (sham.difference, sham.low, sham.high, sham.p) == (0, 0, 0, 1)
    assert drug.difference < 0


def test_endpoints_are_the_last_rows(scenario, tmp_path):
    result = run(scenario, tmp_path / "run")
    last = result.timeseries[result.timeseries.day == 4].reset_index(drop=True)
    assert last[["tumor_burden", "kills"]].equals(result.endpoints[["tumor_burden", "kills"]])


def test_snapshots_read_back_as_frames_and_maps(scenario, tmp_path):
    result = run(scenario, tmp_path / "run")
    cells = result.cells(day=4, arm="drug", replicate=1)
    days, burden = result.series("tumor_burden", "drug")
    assert len(cells) == burden[1, -1] and days[-1] == 4
    assert list(cells.id) == sorted(cells.id) and set(cells.type) == {"tumor"}
    assert cells.x_um.iloc[0] == 15 * (((len(cells) - 1) % 12) + 0.5)
    assert set(result.fields(day=2)) == {
        "oxygen",
        "ecm",
        "bodies.sites",
        "vessels.perfused",
        "vessels.links",
        "vessels.root",
        "vessels.tip",
    }
    with pytest.raises(KeyError, match="days 0, 2, 4"):
        result.cells(day=3)
    with pytest.raises(KeyError, match="untreated, drug"):
        result.cells(day=4, arm="placebo")


def test_running_the_written_scenario_gives_the_same_bytes(scenario, tmp_path):
    first = run(scenario, tmp_path / "first")
    second = run(tmp_path / "first" / "scenario.yaml", tmp_path / "second")
    assert contents(first.path) == contents(second.path)


def test_without_a_directory_the_files_go_with_the_result(scenario):
    result = run(scenario, None)
    path = result.path
    assert len(result.endpoints) == 12 and path.exists()
    del result
    assert not path.exists()


def test_replicates_differ_and_seeds_are_hashes_not_counts(scenario, tmp_path):
    _, burden = run(scenario, tmp_path / "run").series("tumor_burden", "untreated")
    assert len({tuple(row) for row in burden}) == 3
    assert len({replicate_seed(s, r) for s in range(50) for r in range(50)}) == 2500


def test_replicates_that_are_alike_are_pointed_out(scenario, tmp_path, capsys):
    assert run(scenario, tmp_path / "random").provenance["identical_replicates"] == []
    assert capsys.readouterr().err == ""
    result = run(scenario, tmp_path / "certain", engine=Certain)
    assert result.provenance["identical_replicates"] == [[0, 1, 2]]
    assert "replicates 0, 1, 2 gave the same numbers" in capsys.readouterr().err


# Workers


def test_workers_and_executors_do_not_change_a_byte(scenario, tmp_path):
    run(scenario, tmp_path / "one", replicates=4)
    for workers in (2, 4):
        run(scenario, tmp_path / "some", workers=workers, replicates=4)
        assert contents(tmp_path / "one") == contents(tmp_path / "some")
        shutil.rmtree(tmp_path / "some")
    with ThreadPoolExecutor(2) as threads:
        run(scenario, tmp_path / "threads", executor=threads, replicates=4)
    assert contents(tmp_path / "one") == contents(tmp_path / "threads")


def test_the_order_of_cases_does_not_change_a_bit(scenario, tmp_path):
    cases = [Case(scenario, r, replicate_seed(7, r), Toy) for r in range(3)]
    forth = run_cases(cases, Store(tmp_path / "forth"), 1, Monitor())
    back = run_cases([cases[r] for r in (1, 2, 0)], Store(tmp_path / "back"), 1, Monitor())
    assert [finished.replicate for finished in back] == [1, 2, 0]
    for finished in back:
        expected = forth[finished.replicate].tables
        assert all(table.tobytes() == expected[arm].tobytes() for arm, table in finished.tables.items())
    snapshots = {p.relative_to(tmp_path / "forth"): p.read_bytes() for p in (tmp_path / "forth").rglob("*.npz")}
    assert snapshots == {p.relative_to(tmp_path / "back"): p.read_bytes() for p in (tmp_path / "back").rglob("*.npz")}


def test_an_error_in_a_replicate_comes_through(scenario, tmp_path):
    for workers in (1, 2):
        with pytest.raises(ArithmeticError, match="no solution"):
            run(scenario, tmp_path / str(workers), workers=workers, engine=Broken)


def test_workers_import_neither_mesa_nor_pandas_nor_matplotlib():
    code = """
        import sys
        from tmesim.trial.worker import work
        from tmesim.scenario import load
        print([m for m in ("mesa", "pandas", "matplotlib", "typer", "rich", "scipy.stats") if m in sys.modules])
    """
    done = subprocess.run([sys.executable, "-c", textwrap.dedent(code)], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_a_script_without_a_main_guard_can_run_with_workers(scenario, tmp_path):
    (tmp_path / "toy.yaml").write_text(TEXT, encoding="utf-8")
    code = f"""
        import sys
        sys.path.insert(0, {str(Path(__file__).parent)!r})
        import tmesim
        from toys import Toy
        print(tmesim.run({str(tmp_path / "toy.yaml")!r}, out=tmesim.TEMPORARY, workers=2, figures=False, quiet=True,
                         engine=Toy).replicates)
    """
    for command, given in (
        ([sys.executable, "-"], textwrap.dedent(code)),
        ([sys.executable, str(tmp_path / "s.py")], None),
    ):
        (tmp_path / "s.py").write_text(textwrap.dedent(code), encoding="utf-8")
        done = subprocess.run(command, input=given, capture_output=True, text=True, timeout=120)
        assert done.stdout.strip() == "3", done.stderr


# Who may write where


def test_a_complete_run_is_read_and_nothing_is_done(scenario, tmp_path):
    run(scenario, tmp_path / "run")
    before = contents(tmp_path / "run")
    Toy.steps_made = 0
    for resume in (False, True):
        assert len(run(scenario, tmp_path / "run", resume=resume).endpoints) == 12
    assert Toy.steps_made == 0 and contents(tmp_path / "run") == before


def test_another_run_is_never_overwritten(scenario, tmp_path):
    run(scenario, tmp_path / "run")
    before = contents(tmp_path / "run")
    for resume in (False, True):
        with pytest.raises(InputError, match="another run"):
            run(scenario, tmp_path / "run", seed=8, resume=resume)
    assert contents(tmp_path / "run") == before


def test_a_folder_of_other_files_is_left_alone(scenario, tmp_path):
    (tmp_path / "notes.txt").write_text("mine")
    with pytest.raises(InputError, match="holds no run"):
        run(scenario, tmp_path)
    assert [p.name for p in tmp_path.iterdir()] == ["notes.txt"]
    with pytest.raises(InputError, match="is a file"):
        run(scenario, tmp_path / "notes.txt")


@pytest.mark.parametrize("name", COMPUTING)
def test_a_run_by_other_versions_is_not_gone_on_with(scenario, tmp_path, name):
    run(scenario, tmp_path / "run")
    (tmp_path / "run" / "complete.json").unlink()
    path = tmp_path / "run" / "provenance.json"
    old = json.loads(path.read_text())
    old["versions"][name] = "0.1"
    del old["seal"]  # as one who runs that version would have none that is wrong
    path.write_text(json.dumps(old))
    with pytest.raises(InputError, match=rf"{name} 0\.1 →"):
        run(scenario, tmp_path / "run", resume=True)


def test_two_processes_cannot_write_the_same_run(scenario, tmp_path):
    fcntl = pytest.importorskip("fcntl")
    run(scenario, tmp_path / "run")
    (tmp_path / "run" / "complete.json").unlink()
    (tmp_path / "run" / "checkpoints").mkdir()
    with open(tmp_path / "run" / "checkpoints" / "lock", "w") as other:
        fcntl.flock(other, fcntl.LOCK_EX)
        with pytest.raises(InputError, match="another process"):
            run(scenario, tmp_path / "run", resume=True)


def test_an_unknown_endpoint_is_wrong_input_and_nothing_is_written(tmp_path):
    broken = read_text(TEXT.replace("tumor_burden, kills", "tumor_burdn"))
    with pytest.raises(InputError, match="Did you mean 'tumor_burden'"):
        run(broken, tmp_path / "run")
    assert not (tmp_path / "run").exists()


# Files


def test_numbers_in_tables_are_the_shortest_that_read_back():
    values = [0.1 + 0.2, 1e-9, 12.0, float("nan"), 1 / 3, -0.0, 1e300]
    line = csv_bytes(["a"] * 7, [values]).decode().splitlines()[1]
    assert line.split(",")[:4] == ["0.30000000000000004", "1e-09", "12", ""]
    assert [float(v) for v in line.split(",") if v] == [v for v in values if v == v]


def test_sealed_data_that_changed_is_not_believed():
    assert unseal(seal(b"abc\ndef")) == b"abc\ndef"
    assert unseal(seal(b"abc")[:-1]) is None and unseal(b"") is None


def test_cases_need_nothing_from_the_users_main_module():
    main = sys.modules["__main__"]
    before = vars(main).copy()
    with pool.unimportable_main():
        assert not hasattr(main, "__file__") and main.__spec__ is None
    assert vars(main) == before


# The real tissue


@pytest.fixture(scope="module")
def real():
    text = """
    name: real
    question: Does it hold for the real tissue?
    host: mouse
    tissue: {size: [300 µm, 360 µm]}
    start:
      tumor: {radius: 90 µm}
      densities: {fibroblast: 400 /mm², ctl: 200 /mm², treg: 200 /mm², m1: 100 /mm², dendritic: 50 /mm²}
      capillaries: 120 /mm²
      ecm: 0.2
    time: {days: 3, record_every: 6 h, snapshots: [1 d, 3 d]}
    replicates: 2
    arms:
      untreated: {}
      drug: {therapies: [{use: anti_cd25, start: 1 d}]}
      sham: {therapies: [{use: anti_cd25, start: 2 d, dose: 0 mg/kg}]}
      harder: {set: {rules.oxygen_fuels_division.half_max: 20 mmHg}, from: 1 d}
    endpoints: [tumor_burden, n_treg, kills]
    """
    return read_text(text)


@pytest.fixture(scope="module")
def whole(real, tmp_path_factory):
    return run(real, tmp_path_factory.mktemp("whole") / "run", engine=None)


def test_the_real_tissue_gives_the_same_bytes_from_two_workers(real, whole, tmp_path):
    run(real, tmp_path / "two", engine=None, workers=2)
    assert contents(tmp_path / "two") == contents(whole.path)


@pytest.mark.slow
def test_the_real_tissue_gives_the_same_bytes_from_four_workers(real, tmp_path):
    runs = [run(real, tmp_path / str(n), engine=None, workers=n, replicates=5, days=2).path for n in (1, 2, 4)]
    assert contents(runs[0]) == contents(runs[1]) == contents(runs[2])


def test_the_written_scenario_of_the_real_tissue_gives_the_same_bytes(whole, tmp_path):
    run(whole.path / "scenario.yaml", tmp_path / "again", engine=None)
    assert contents(tmp_path / "again") == contents(whole.path)


def test_replicates_of_the_real_tissue_differ(whole):
    assert whole.provenance["identical_replicates"] == []


@pytest.mark.parametrize("steps", [10, 30, 80, 170])
def test_the_real_tissue_goes_on_to_the_same_bits(real, whole, tmp_path, steps):
    case = Case(real, 0, replicate_seed(real.seed, 0))
    assert simulated(case, tmp_path, steps) is None
    outcome = simulated(case, tmp_path)
    names = replicate.new_recorder(real, Body(real, populate=False)).columns[1:]
    for arm, table in outcome.tables.items():
        for name, column in zip(names, table.T[1:], strict=True):
            assert np.array_equal(column, whole.series(name, arm)[1][0], equal_nan=True), (arm, name)
    assert len(outcome.files) == 4 * (2 * 2 + 1)
    assert all(data == (whole.path / name).read_bytes() for name, data in outcome.files.items())


def test_arms_of_the_real_tissue_part_where_they_differ_and_a_null_drug_never(whole):
    c = whole.comparison.set_index(["endpoint", "arm"])
    for endpoint in ("tumor_burden", "n_treg", "kills"):
        assert (c.loc[(endpoint, "sham")].difference, c.loc[(endpoint, "sham")].high) == (0, 0)
    assert c.loc[("n_treg", "drug")].difference < 0
    assert c.loc[("tumor_burden", "harder")].difference < 0
    days, _ = whole.series("n_treg", "untreated")
    for arm in ("drug", "harder"):
        other = whole.series("oxygen_in_tumor", arm)[1]
        assert np.array_equal(other[:, days <= 1], whole.series("oxygen_in_tumor", "untreated")[1][:, days <= 1])


def test_an_arm_alone_is_what_it_is_beside_others(real, whole, tmp_path):
    alone = run(real, tmp_path / "alone", engine=None, arms=["untreated", "harder"])
    for name in ("tumor_burden", "oxygen_in_tumor", "kills"):
        assert np.array_equal(alone.series(name, "harder")[1], whole.series(name, "harder")[1])
