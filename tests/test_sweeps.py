"""Sweeps: the same numbers as runs, however they were interrupted; what is kept, refused and told."""

import csv
import os
import signal
import subprocess
import sys
import textwrap
import time
from pathlib import Path

import numpy as np
import pytest
from mutations import command
from toys import TEXT, Toy

import tmesim
from tmesim.reading import InputError
from tmesim.scenario import load, read_text
from tmesim.statistics import interval
from tmesim.sweeps import currency
from tmesim.sweeps.jobs import Done, Job, Task
from tmesim.sweeps.ledger import Ledger
from tmesim.sweeps.plan import plan as plan_of
from tmesim.trial import Interrupted

HERE = Path(__file__).parent
VARY = {"dose.anti_cd25": ["0 mg/kg", "1 mg/kg", "10 mg/kg"], "start.ecm": [0.1, 0.2]}
TINY = {"tissue.size": ["180 µm", "150 µm"], "start.tumor.radius": "40 µm", "start.densities.ctl": "800 /mm²"}


@pytest.fixture
def scenario():
    return read_text(TEXT)


def toy_sweep(scenario, out, vary=None, **options):
    options = {"workers": 1, "quiet": True, "engine": Toy, "figures": False} | options
    return tmesim.sweep(scenario, VARY if vary is None else vary, out=out, **options)


def tables(folder):
    return {name: (folder / name).read_bytes() for name in ("points.csv", "sweep.csv", "summary.csv", "sweep.yaml")}


@pytest.fixture(scope="module")
def whole(tmp_path_factory):
    """A sweep of the toy that nobody disturbed."""
    return toy_sweep(read_text(TEXT), tmp_path_factory.mktemp("whole") / "sweep")


# The numbers


def test_each_row_is_what_a_run_of_that_point_gives(tmp_path):
    """In the real tissue, on a day in between and at the end, rates that look back included."""
    base = load("treg_depletion", days=2, replicates=1, set=TINY, arms=["untreated", "treg_depletion"])
    base = load(base, set={"endpoints": ["tumor_burden", "growth_rate", "n_ctl"]})
    vary = {"dose.anti_cd25": ["3 mg/kg"], "start.anti_cd25": ["1 d"], "cells.tumor.behaviors.division": ["0.05 1/h"]}
    swept = tmesim.sweep(base, vary, at=[1.25, 2], out=tmesim.TEMPORARY, workers=1, quiet=True)
    run = tmesim.run(swept.plan.scenario_at(0), out=tmesim.TEMPORARY, workers=1, quiet=True, figures=False)
    rows = run.timeseries[run.timeseries.day.isin([1.25, 2])]
    for name in base.endpoints:
        assert swept.table[name].tolist() == rows[name].tolist(), name
    assert swept.table.day.tolist() == rows.day.tolist() and swept.table.arm.tolist() == rows.arm.tolist()
    assert rows.tumor_burden.nunique() > 1


def test_points_share_the_luck_of_their_replicates(whole):
    """A dose of 0 in all arms is no drug: exactly no difference, in each replicate."""
    none = whole.table[whole.table["dose.anti_cd25"] == 0]
    by_arm = none.pivot_table(index=["start.ecm", "replicate"], columns="arm", values="tumor_burden")
    assert by_arm.nunique(axis=1).eq(1).all()
    untreated = whole.table[whole.table.arm == "untreated"]
    assert untreated.groupby("replicate").tumor_burden.nunique().eq(1).all(), "nothing that it feels was varied"
    assert untreated.tumor_burden.nunique() > 1


def test_the_summary_is_that_of_the_rows_by_hand(whole):
    assert len(whole.points) == 6 and len(whole.table) == 6 * 4 * 3 and len(whole.summary) == 6 * 4 * 2
    values = whole.table.set_index(["point", "arm"]).tumor_burden
    row = whole.summary.set_index(["point", "arm", "endpoint"]).loc[(4, "drug", "tumor_burden")]
    here, reference, base = (values.loc[at].to_numpy(float) for at in ((4, "drug"), (4, "untreated"), (0, "drug")))
    assert [row["mean"], row.low, row.high] == pytest.approx(interval(here), rel=1e-12)
    numbers = row[["from_reference", "from_reference_low", "from_reference_high"]]
    assert list(numbers) == pytest.approx(interval(here - reference), rel=1e-12)
    numbers = row[["from_baseline", "from_baseline_low", "from_baseline_high"]]
    assert list(numbers) == pytest.approx(interval(here - base), rel=1e-12) and row.n == 3
    assert whole.summary.from_baseline[whole.summary.point == 0].isna().all()
    assert whole.summary.from_reference[whole.summary.arm == "untreated"].isna().all()


def test_values_read_back_are_those_that_were_measured(whole):
    assert whole.values.each.shape == (6, 4, 1, 2, 3)
    found = whole.values.of_endpoint("tumor_burden", "late")
    frame = whole.table[whole.table.arm == "late"]
    assert (found == frame.tumor_burden.to_numpy().reshape(6, 3)).all()
    difference = whole.values.differences("tumor_burden", "late")
    assert (difference[:2] == 0).all() and (difference[2:] < 0).any()


def test_workers_change_no_byte(scenario, whole, tmp_path):
    swept = toy_sweep(scenario, tmp_path / "sweep", workers=2)
    assert tables(swept.path) == tables(whole.path)


# Interrupted


def test_a_budget_begins_no_job_too_late_and_resume_gives_the_same_bytes(scenario, whole, tmp_path):
    with pytest.raises(Interrupted, match=r"the budget is spent with 1 of 18 jobs done, 17 left, about .*resume"):
        toy_sweep(scenario, tmp_path / "sweep", budget="1 s", engine=Slow)
    with pytest.raises(InputError, match="holds a part of this sweep; resume=True goes on"):
        toy_sweep(scenario, tmp_path / "sweep")
    before = Toy.steps_made
    swept = toy_sweep(scenario, tmp_path / "sweep", resume=True)
    assert tables(swept.path) == tables(whole.path)
    assert len(list((tmp_path / "sweep").glob("checkpoints"))) == 0
    assert Toy.steps_made - before == (Toy.steps_made - before) // 17 * 17, "17 jobs, not 18"


class Slow(Toy):
    """A job that lasts longer than the budget, and is ended all the same."""

    def step(self):
        super().step()
        if self.step_index == 10 and self.replicate == 0:
            time.sleep(1.1)


def test_a_kill_loses_the_jobs_at_work_and_no_other(whole, tmp_path):
    (tmp_path / "toy.yaml").write_text(TEXT, encoding="utf-8")
    code = f"""
        import sys
        sys.path.insert(0, {str(HERE)!r})
        import time, tmesim, toys
        class Late(toys.Toy):
            def step(self):
                time.sleep(0.0004)
                super().step()
        tmesim.sweep({str(tmp_path / "toy.yaml")!r}, {VARY!r}, out={str(tmp_path / "sweep")!r}, workers=1,
                     quiet=True, figures=False, engine=Late)
    """
    process = subprocess.Popen([sys.executable, "-c", textwrap.dedent(code)], start_new_session=True)
    ledger = tmp_path / "sweep" / "checkpoints" / "jobs"
    deadline = time.monotonic() + 60
    while not ledger.is_file() or ledger.read_bytes().count(b"\n") < 4:
        assert process.poll() is None and time.monotonic() < deadline
        time.sleep(0.005)
    os.killpg(process.pid, signal.SIGKILL)
    process.wait()
    done = ledger.read_bytes().count(b"\n")
    assert 4 <= done < 18
    before = Toy.steps_made
    swept = toy_sweep(tmp_path / "toy.yaml", tmp_path / "sweep", resume=True)
    assert tables(swept.path) == tables(whole.path)
    each = (Toy.steps_made - before) / (18 - done)
    assert each == int(each), "what was done was not done again"


def test_ctrl_c_keeps_what_is_done(scenario, tmp_path):
    class Stopping(Toy):
        def step(self):
            super().step()
            if self.replicate == 1 and self.step_index == 90:
                os.kill(os.getpid(), signal.SIGINT)

    with pytest.raises(Interrupted, match="stopped with 6 of 18 jobs done, 12 left"):
        toy_sweep(scenario, tmp_path / "sweep", engine=Stopping)


def test_a_torn_line_is_no_job_and_one_of_another_sweep_neither(tmp_path):
    made = Ledger(tmp_path / "jobs", "one")
    done = [Done(Job(p, 0), {"a": np.array([[2.0, 1 / 3, np.nan]])}, 1.5) for p in range(3)]
    assert made.open() == set()
    for one in done:
        made.add(one)
    made.close()
    data = (tmp_path / "jobs").read_bytes()
    for cut in (2, 30, len(data) // 3 - 2):
        (tmp_path / "jobs").write_bytes(data[:-cut])
        again = Ledger(tmp_path / "jobs", "one")
        assert again.open() == {Job(0, 0), Job(1, 0)}
        again.add(done[2])
        again.close()
        assert (tmp_path / "jobs").read_bytes() == data
        read = again.read()
        assert [one.job for one in read] == [one.job for one in done]
        assert np.array_equal(read[2].tables["a"], done[2].tables["a"], equal_nan=True)
    assert Ledger(tmp_path / "jobs", "another").read() == []
    edited = data.replace(b"0.333", b"0.334", 1)
    (tmp_path / "jobs").write_bytes(edited)
    assert [one.job.point for one in Ledger(tmp_path / "jobs", "one").read()] == [1, 2]


@pytest.mark.slow
def test_a_job_whose_worker_died_is_done_again(scenario, whole, tmp_path, monkeypatch):
    monkeypatch.setenv("TMESIM_TEST_DIED", str(tmp_path / "died"))
    swept = toy_sweep(scenario, tmp_path / "sweep", workers=2, engine=DiesOnce)
    assert (tmp_path / "died").is_file() and tables(swept.path) == tables(whole.path)


class DiesOnce(Toy):
    """A worker is killed in the middle of a job, once."""

    def step(self):
        super().step()
        mark = Path(os.environ["TMESIM_TEST_DIED"])
        if self.step_index == 50 and not mark.exists():
            mark.touch()
            os.kill(os.getpid(), signal.SIGKILL)


# What is kept


def test_a_complete_sweep_is_read_and_not_done_again(scenario, whole):
    before = Toy.steps_made
    again = toy_sweep(scenario, whole.path)
    assert Toy.steps_made == before and again.table.equals(whole.table)
    assert tmesim.Sweep(whole.path).summary.equals(whole.summary)


def test_another_sweep_a_run_and_strange_files_are_left_alone(scenario, whole, tmp_path):
    with pytest.raises(InputError, match="holds another sweep"):
        toy_sweep(scenario, whole.path, {"start.ecm": [0.1]})
    with pytest.raises(InputError, match="holds another sweep"):
        toy_sweep(scenario, whole.path, seed=8)
    (tmp_path / "notes.txt").write_text("mine")
    with pytest.raises(InputError, match="not empty and holds no sweep"):
        toy_sweep(scenario, tmp_path)
    run = tmesim.run(scenario, out=tmp_path / "run", engine=Toy, workers=1, quiet=True, figures=False)
    with pytest.raises(InputError, match="holds a run, and no sweep"):
        toy_sweep(scenario, run.path)
    with pytest.raises(InputError, match="is not the directory of a finished sweep"):
        tmesim.Sweep(run.path / "cells")
    with pytest.raises(InputError, match=r"holds a sweep and no run; tmesim\.Sweep\("):
        tmesim.Result(whole.path)
    with pytest.raises(InputError, match=r"is the directory of a sweep: tmesim\.Sweep\("):
        toy_sweep(whole.path, tmp_path / "other")


def test_without_out_it_lies_beside_others_under_the_name_of_its_scenario(scenario, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    paths = [toy_sweep(scenario, None, {"start.ecm": values}).path for values in ([0.1], [0.2], [0.1], [0.2])]
    assert [str(path) for path in paths] == ["runs/toy_sweep", "runs/toy_sweep-2"] * 2


def test_an_edited_table_is_named_and_not_read(scenario, tmp_path):
    swept = toy_sweep(scenario, tmp_path / "sweep", {"start.ecm": [0.1]})
    table = swept.path / "sweep.csv"
    table.write_bytes(table.read_bytes().replace(b"drug", b"grud"))
    for read in (lambda: tmesim.Sweep(swept.path), lambda: toy_sweep(scenario, swept.path, {"start.ecm": [0.1]})):
        with pytest.raises(InputError, match=r"sweep\.csv: was edited or damaged"):
            read()


def test_one_by_another_model_says_so_and_is_not_gone_on_with(scenario, tmp_path, monkeypatch):
    swept = toy_sweep(scenario, tmp_path / "sweep", {"start.ecm": [0.1]})
    assert swept.is_current and swept.stale == ""
    monkeypatch.setattr(currency, "_engine", lambda: "another")
    with pytest.warns(UserWarning, match=r"was made on \d{4}-\d\d-\d\d with another engine"):
        old = tmesim.Sweep(swept.path)
    assert not old.is_current and len(old.table) == 12
    with pytest.raises(InputError, match=r"by the model of .* which is another one"):
        toy_sweep(scenario, swept.path, {"start.ecm": [0.1]})


def test_the_hash_of_the_engine_covers_all_that_a_job_imports():
    """Whatever else is loaded tells, keeps and reads, and takes no part in the numbers."""
    code = """
        import sys
        from pathlib import Path
        import tmesim
        from tmesim.scenario import load
        from tmesim.sweeps.jobs import Job, Task
        tiny = {"tissue.size": ["180 µm", "150 µm"], "start.tumor.radius": "40 µm"}
        Task(load("treg_depletion", days=0.25, set=tiny, arms=["untreated"]), [{}])(Job(0, 0))
        root = Path(tmesim.__file__).parent
        files = [m.__file__ for name, m in sys.modules.items() if name.startswith("tmesim")]
        print(*sorted({Path(file).relative_to(root).as_posix() for file in files}))
    """
    loaded = subprocess.run([sys.executable, "-c", textwrap.dedent(code)], capture_output=True, text=True, check=True)
    left = [name for name in loaded.stdout.split() if not name.startswith(currency.ENGINE)]
    aside = {"__init__.py", "ablation.py", "arguments.py", "cards.py", "markup.py", "notices.py", "reserved.py",
             "result.py", "sequences.py", "shown.py", "statistics.py", "tables.py", "text.py", "version.py", "why.py",
             "wording.py"}  # fmt: skip
    assert {name for name in left if "/" not in name} <= aside, left
    assert {name.split("/")[0] for name in left if "/" in name} <= {"storage", "sweeps", "trial"}, left
    assert len(loaded.stdout.split()) > 100


def test_nothing_is_written_where_a_point_is_wrong(scenario, tmp_path):
    with pytest.raises(InputError, match=r"start\.ecm"):
        toy_sweep(scenario, tmp_path / "sweep", {"start.ecm": [0.1, 7]})
    assert list(tmp_path.iterdir()) == []


def test_points_of_a_frame_are_those_of_the_sweep(scenario):
    import pandas

    frame = pandas.DataFrame({"start.ecm": [0.1, 0.3, None], "dose.anti_cd25": ["1 mg/kg", None, "x2"]})
    with pytest.raises(InputError, match="mixes factors"):
        tmesim.sweep(scenario, points=frame, out=tmesim.TEMPORARY, engine=Toy, workers=1, quiet=True)
    frame.loc[2, "dose.anti_cd25"] = "2 mg/kg"
    swept = tmesim.sweep(scenario, points=frame, out=tmesim.TEMPORARY, engine=Toy, workers=1, quiet=True)
    assert swept.points["start.ecm"].tolist()[:2] == [0.1, 0.3] and np.isnan(swept.points["start.ecm"][2])
    assert swept.points["dose.anti_cd25"].tolist()[::2] == [1, 2] and len(swept.table) == 3 * 4 * 3


def test_arguments_that_are_not_right_are_told_together(scenario):
    with pytest.raises(InputError) as found:
        tmesim.sweep(scenario, {"start.ecm": 3}, workers=0, budget="soon", at="x", n=2.5)
    text = str(found.value)
    for part in ("vary['start.ecm']: expected text", "workers: expected a whole", "budget: 'soon'", "at: ", "n: "):
        assert part in text


# Workers


def test_memory_does_not_grow_with_the_number_of_jobs(scenario):
    """Handed out one by one: the task holds the settings of each point, and no scenario but its own."""
    import tracemalloc

    task = Task.of(plan_of(scenario, {"start.ecm": "0.1..0.3"}, n=16), Toy)
    task(Job(0, 0))
    tracemalloc.start()
    try:
        sizes = []
        for point in range(16):
            task(Job(point, 0))
            sizes.append(tracemalloc.get_traced_memory()[0])
    finally:
        tracemalloc.stop()
    assert sizes[15] - sizes[5] < 300_000, "a scenario takes more than a megabyte"


# The command line


def test_the_command_sweeps_stops_and_goes_on(tmp_path):
    arguments = [
        "sweep", "untreated", "--vary", "start.ecm=0.1..0.3", "--n", "2", "--replicates", "2", "--days", "0.25",
        "--set", "tissue.size=[180 µm, 150 µm]", "--set", "start.tumor.radius=40 µm", "--out", str(tmp_path / "s"),
        "--workers", "1",
    ]  # fmt: skip
    code, _, err = command(*arguments, "--budget", "0.001s")
    assert code == 130 and "the budget is spent with" in err
    code, out, err = command("sweep", tmp_path / "s" / "sweep.yaml", "--resume", "--workers", "1")
    assert code == 0 and "4 jobs done" in err and "start.ecm=0.3" in out, err
    with open(tmp_path / "s" / "sweep.csv", encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    assert [(row["point"], row["start.ecm"], row["replicate"]) for row in rows] == [
        ("0", "0.1", "0"), ("0", "0.1", "1"), ("1", "0.3", "0"), ("1", "0.3", "1"),
    ]  # fmt: skip
    code, _, err = command(*arguments[:2], "--vary", "start.ecm", "--budget", "x", "--out", tmp_path / "t")
    assert code == 2 and not (tmp_path / "t").exists()
    assert "--vary: expected KEY=VALUE" in err and "--budget: " in err
