"""Long random tests whose full counts are made by a command, and kept with their date:

    python tests/full_counts.py            runs what has no current result, and keeps each as it ends
    python tests/full_counts.py --again    runs all

As long as the sources that a result hangs on are the same, other sessions make do with a part of the count; where they
have changed since, the full count is run there. A pytest plugin, which tells in the closing lines what was run.
"""

import contextlib
import datetime
import fcntl
import hashlib
import json
import os
import subprocess
import sys
from pathlib import Path
from typing import NamedTuple

import pytest

HERE = Path(__file__).parent
ROOT = HERE.parent
KEPT = HERE / "kept" / "full_counts.json"
FULL = "TMESIM_FULL_COUNTS"  # an environment variable, so that workers know: "open" or "all"
READING = ("tmesim/reading", "tmesim/scenario", "tmesim/catalogue", "tmesim/cli", "tmesim/units.py")
STORING = ("tmesim/trial", "tmesim/storage")


class Count(NamedTuple):
    """How many of something a test tries: all of them, or a part; and the Python sources on which the outcome hangs."""

    full: int
    part: int
    sources: tuple[str, ...]


COUNTS = {
    "scenarios mutated and checked": Count(10_000, 1_000, (*READING, "tests/mutations.py")),
    "scenarios made and stepped": Count(500, 100, (*READING, "tests/mutations.py")),
    "twelfths of the file operations at which a run is killed": Count(12, 1, (*STORING, "tests/killing.py")),
    "moments of SIGKILL": Count(30, 8, STORING),
    "moments of SIGINT": Count(12, 4, STORING),
    "moments of SIGTERM": Count(12, 4, STORING),
}


def hash_of(sources, root=ROOT):
    """SHA-256 of Python files, those in folders at any depth."""
    found = hashlib.sha256()
    for source in sources:
        place = root / source
        for path in sorted(place.rglob("*.py")) if place.is_dir() else [place]:
            data = path.read_bytes()
            found.update(f"{path.relative_to(root).as_posix()} {len(data)}\n".encode() + data)
    return found.hexdigest()


def kept():
    return json.loads(KEPT.read_text(encoding="utf-8")) if KEPT.exists() else {}


def is_current(name, results=None):
    """Whether the full count has passed with the sources as they are."""
    result = (kept() if results is None else results).get(name, {})
    count = COUNTS[name]
    return (
        result.get("outcome") == "passed"
        and result.get("count") == count.full
        and result.get("sources") == hash_of(count.sources)
    )


def count(name):
    """How many to try in this session."""
    return COUNTS[name].part if is_current(name) and FULL not in os.environ else COUNTS[name].full


def counted(name):
    """Marks a slow test that tries `count(name)` of something."""
    assert name in COUNTS
    return pytest.mark.full(name)


def keep(name, outcome, seconds):
    """Write a result of the full count into the table of all, beside other processes that do."""
    KEPT.parent.mkdir(exist_ok=True)
    with open(KEPT, "a+", encoding="utf-8") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        file.seek(0)
        results = json.loads(file.read() or "{}")
        results[name] = {
            "date": datetime.date.today().isoformat(),
            "count": COUNTS[name].full,
            "outcome": outcome,
            "seconds": round(seconds),
            "sources": hash_of(COUNTS[name].sources),
        }
        file.truncate(0)
        file.write(json.dumps({key: results[key] for key in COUNTS if key in results}, indent=2) + "\n")


def told(name, results):
    """A line on what a session has tried of a count, and why so many."""
    full, result = COUNTS[name].full, results.get(name, {})
    if FULL in os.environ:
        return f"FULL COUNT: {full:,} {name}, as asked for"
    if is_current(name, results):
        return (
            f"PART OF THE COUNT: {COUNTS[name].part:,} of {full:,} {name}; all of them passed on {result['date']}, and "
            "the sources are the same"
        )
    why = f"the sources have changed since {result['date']}" if result else "there is no kept result"
    return f"FULL COUNT: {full:,} {name}: {why}"


# The plugin


def pytest_configure(config):
    config.addinivalue_line(
        "markers", "full(name): slow; tries more where there is no current result of the full count"
    )


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(config, items):
    for item in items:
        if marker := item.get_closest_marker("full"):
            item.user_properties.append(("full", marker.args[0]))
    if os.environ.get(FULL) == "open":
        done = [item for item in items if any(is_current(name) for key, name in item.user_properties if key == "full")]
        config.hook.pytest_deselected(items=done)
        items[:] = [item for item in items if item not in done]


def names_of(reports):
    return [name for report in reports for key, name in getattr(report, "user_properties", ()) if key == "full"]


def pytest_runtest_logreport(report):
    """In the session's first process, with or without workers."""
    if FULL in os.environ and "PYTEST_XDIST_WORKER" not in os.environ and report.when == "call":
        for name in names_of([report]):
            keep(name, report.outcome, report.duration)


def pytest_terminal_summary(terminalreporter):
    results = kept()
    for name in names_of(terminalreporter.stats.get("passed", []) + terminalreporter.stats.get("failed", [])):
        terminalreporter.write_line(told(name, results))


def main(*arguments):
    """Exit code 0 when all full counts are current."""
    env = os.environ | {FULL: "all" if "--again" in arguments else "open"}
    with contextlib.chdir(ROOT):
        subprocess.run([sys.executable, "-m", "pytest", "-m", "full", "-n", "2"], env=env, check=False)
    results = kept()
    missing = [name for name in COUNTS if not is_current(name, results)]
    print(*(f"no current result: {name}" for name in missing), sep="\n")
    return 1 if missing else 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
