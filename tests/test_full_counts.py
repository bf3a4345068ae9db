"""Results of the full counts: a kept one stands for the sources that it hangs on as they were, and for no others."""

import os
import subprocess
import sys

import full_counts
import pytest
from full_counts import COUNTS, FULL, HERE, ROOT, count, hash_of, is_current, keep, kept, told

NAME = "moments of SIGKILL"
OTHER = "moments of SIGINT"


@pytest.fixture(autouse=True)
def elsewhere(tmp_path, monkeypatch):
    monkeypatch.setattr(full_counts, "KEPT", tmp_path / "kept" / "full_counts.json")
    monkeypatch.delenv(FULL, raising=False)


@pytest.fixture
def result(elsewhere):
    keep(NAME, "passed", 12.3)
    return kept()


def test_a_result_is_current_until_a_source_changes_or_is_renamed_or_comes(tmp_path):
    (tmp_path / "part").mkdir()
    for name in ("a.py", "part/b.py"):
        (tmp_path / name).write_text("x = 1\n")
    sources = ("a.py", "part")
    seen = {hash_of(sources, tmp_path)}
    (tmp_path / "part" / "notes.md").write_text("no source")
    assert hash_of(sources, tmp_path) in seen
    for change in (
        lambda: (tmp_path / "a.py").write_text("x = 2\n"),
        lambda: (tmp_path / "part" / "b.py").write_text("x = 2\n"),
        lambda: (tmp_path / "part" / "b.py").rename(tmp_path / "part" / "c.py"),
        lambda: (tmp_path / "part" / "d.py").write_text(""),
        lambda: (tmp_path / "part" / "d.py").unlink() or (tmp_path / "part" / "c.py").unlink(),
    ):
        change()
        assert hash_of(sources, tmp_path) not in seen
        seen.add(hash_of(sources, tmp_path))


def test_all_sources_that_a_count_hangs_on_exist():
    for one in COUNTS.values():
        for source in one.sources:
            assert (ROOT / source).exists(), source
        assert 0 < one.part < one.full


def test_a_part_is_tried_only_where_the_full_count_has_passed_with_these_sources(result, monkeypatch):
    assert is_current(NAME, result) and not is_current(OTHER, result)
    for wrong in ({"outcome": "failed"}, {"sources": "0" * 64}, {"count": 49}):
        assert not is_current(NAME, {NAME: result[NAME] | wrong})
    assert (count(NAME), count(OTHER)) == (COUNTS[NAME].part, COUNTS[OTHER].full)
    monkeypatch.setenv(FULL, "open")
    assert count(NAME) == COUNTS[NAME].full
    monkeypatch.delenv(FULL)
    keep(NAME, "failed", 12.3)
    assert count(NAME) == COUNTS[NAME].full


def test_the_closing_lines_tell_how_many_were_tried_and_why(result):
    full, part, date = COUNTS[NAME].full, COUNTS[NAME].part, result[NAME]["date"]
    assert told(NAME, result).startswith(f"PART OF THE COUNT: {part} of {full} {NAME}; all of them passed on {date}")
    changed = {NAME: result[NAME] | {"sources": ""}}
    assert told(NAME, changed) == f"FULL COUNT: {full} {NAME}: the sources have changed since {date}"
    assert told(NAME, {}) == f"FULL COUNT: {full} {NAME}: there is no kept result"


def test_results_are_kept_side_by_side_in_the_order_of_the_table():
    for name in reversed(COUNTS):
        keep(name, "passed", 1)
    keep(NAME, "failed", 2)
    assert list(kept()) == list(COUNTS)
    assert {name for name, one in kept().items() if one["outcome"] == "failed"} == {NAME}


def test_the_kept_table_names_known_counts_only(monkeypatch):
    monkeypatch.setattr(full_counts, "KEPT", HERE / "kept" / "full_counts.json")
    assert set(kept()) <= set(COUNTS)


def test_each_result_is_kept_as_it_ends_and_what_has_passed_is_not_run_again(tmp_path):
    (tmp_path / "conftest.py").write_text(
        f"import pathlib, full_counts\nfull_counts.KEPT = pathlib.Path({str(full_counts.KEPT)!r})\n"
    )
    (tmp_path / "test_some.py").write_text(
        f"from full_counts import count, counted\n"
        f"@counted({NAME!r})\ndef test_a(): assert count({NAME!r}) == {COUNTS[NAME].full}\n"
        f"@counted({OTHER!r})\ndef test_b(): assert False\n"
        f"def test_c(): pass\n"
    )

    def session(*workers):
        command = [sys.executable, "-m", "pytest", "-p", "full_counts", "-p", "no:cacheprovider", "-q", *workers, "."]
        inherited = {name: value for name, value in os.environ.items() if not name.startswith("PYTEST_XDIST")}
        env = inherited | {"PYTHONPATH": str(HERE), FULL: "open"}
        return subprocess.run(command, cwd=tmp_path, env=env, capture_output=True, text=True, check=False).stdout

    first = session("-n", "1")
    assert f"FULL COUNT: {COUNTS[NAME].full} {NAME}, as asked for" in first and "1 failed, 2 passed" in first
    assert {name: one["outcome"] for name, one in kept().items()} == {NAME: "passed", OTHER: "failed"}
    again = session()
    assert "1 failed, 1 passed" in again and NAME not in again
