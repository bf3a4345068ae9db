"""Shared runs: simulated once, met again by those who ask for the same, and by nobody after an edit."""

import os
import shutil
import subprocess
import sys
import textwrap
from pathlib import Path

import histories
import pytest
from killing import TINY

from tmesim.body import Body
from tmesim.scenario import read_text


@pytest.fixture
def steps(tmp_path, monkeypatch):
    """The steps that tissues make from now on, in a folder where nothing is kept yet."""
    monkeypatch.setenv(histories.FOLDER, str(tmp_path))
    monkeypatch.setenv("PYTEST_XDIST_WORKER", "gw0")  # runs stay in this process
    made, step = [], Body.step
    monkeypatch.setattr(Body, "step", lambda body: made.append(body.arm) or step(body))
    histories._shared.cache_clear()
    yield made
    histories._shared.cache_clear()


def asked(**options):
    """As by another process, which remembers nothing."""
    histories._shared.cache_clear()
    return histories.shared(read_text(TINY), replicates=1, days=0.25, **options)


def test_a_run_is_simulated_once_and_read_by_whoever_asks_again(steps):
    first = asked()
    simulated = len(steps)
    again = asked()
    assert simulated > 0 and len(steps) == simulated
    assert again.path == first.path and again.comparison.equals(first.comparison)


def test_another_scenario_or_another_engine_is_simulated_anew(steps, monkeypatch):
    first = asked()
    simulated = len(steps)
    other = asked(seed=8)
    assert len(steps) == 2 * simulated and other.path != first.path
    monkeypatch.setattr(histories, "ENGINE", "another")
    monkeypatch.setattr(histories, "engine_key", lambda: "another")
    assert asked().path not in (first.path, other.path)
    assert len(steps) == 3 * simulated


def test_a_run_of_an_engine_that_was_edited_meanwhile_is_not_kept(steps, tmp_path, monkeypatch):
    monkeypatch.setattr(histories, "engine_key", lambda: "edited")
    result = asked()
    assert result.snapshot(0).day == 0 and result.path.parent != tmp_path
    assert [path for path in tmp_path.iterdir() if path.is_dir()] == []
    shutil.rmtree(result.path.parent)


SOURCES = {"tissue.py": True, "kernels/act.py": True, "catalogue/rules/emt.yaml": True, "new.py": True,
           "report/style.css": False, "cli/lists.py": False}  # fmt: skip


@pytest.mark.parametrize("name", SOURCES)
def test_the_key_of_the_engine_changes_with_each_source_of_a_run(tmp_path, name):
    package = tmp_path / "tmesim"
    shutil.copytree(histories.PACKAGE, package, ignore=shutil.ignore_patterns("__pycache__"))
    assert histories.engine_key(package) == histories.engine_key()
    with open(package / name, "a", encoding="utf-8") as file:
        file.write("\n")
    assert (histories.engine_key(package) != histories.engine_key()) == SOURCES[name]


def test_no_source_that_the_key_leaves_out_takes_part_in_a_run(tmp_path):
    code = """
        import sys, tmesim, killing
        from tmesim.scenario import read_text
        tmesim.run(read_text(killing.TINY), out=sys.argv[1], workers=1, figures=False, quiet=True)
        print(*(name.split(".")[1] for name in sys.modules if name.startswith("tmesim.")))
    """
    env = {**os.environ, "PYTHONPATH": os.pathsep.join(map(str, (histories.PACKAGE.parent, Path(__file__).parent)))}
    command = [sys.executable, "-c", textwrap.dedent(code), str(tmp_path / "run")]
    loaded = set(subprocess.run(command, env=env, capture_output=True, text=True, check=True).stdout.split())
    assert {"tissue", "kernels", "trial", "catalogue"} <= loaded
    assert loaded & {name.removesuffix(".py") for name in histories.ABOVE} == set()
    assert all((histories.PACKAGE / name).exists() for name in histories.ABOVE)


def test_the_key_of_the_engine_changes_with_versions(monkeypatch):
    here = histories.engine_key()
    monkeypatch.setattr(histories.importlib.metadata, "version", lambda name: f"another {name}")
    assert histories.engine_key() != here


def test_runs_that_were_used_last_stay(tmp_path):
    for age, name in enumerate("abcd"):
        (tmp_path / name).mkdir()
        (tmp_path / f"{name}.lock").touch()
        os.utime(tmp_path / f"{name}.lock", (1e9 - age, 1e9 - age))
    histories.prune(tmp_path, most=2)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["a", "a.lock", "b", "b.lock"]
