"""Runs that several tests look at: simulated once, and kept in pytest's cache under a hash of sources, versions and
scenario.

A pytest plugin too, which lays down the folder that all workers of a session share. `pytest --cache-clear` forgets all.
"""

import fcntl
import functools
import hashlib
import importlib.metadata
import os
import platform
import shutil
import sys
import tempfile
from pathlib import Path

PACKAGE = Path(__file__).resolve().parents[1] / "tmesim"
SOURCES = (".py", ".yaml")
ABOVE = {"agents", "bench", "cli", "drawing", "report",
         "__main__.py", "evidence.py", "model.py"}  # fmt: skip
"""What no run without figures imports."""
COMPUTING = ("llvmlite", "numba", "numpy", "scipy")
FOLDER = "TMESIM_TEST_HISTORIES"  # an environment variable, so that workers know
MOST = 12
"""Runs that are kept, up to a hundred megabytes each; those used longest ago go first."""


def engine_key(package=PACKAGE):
    """A hash of what decides the bits of a run beside its scenario: each source that may take part, and versions."""
    key = hashlib.sha256(repr((sys.version, platform.machine(), *map(importlib.metadata.version, COMPUTING))).encode())
    for path in sorted(path for path in package.rglob("*") if path.suffix in SOURCES):
        name = path.relative_to(package)
        if name.parts[0] not in ABOVE:
            data = path.read_bytes()
            key.update(f"{name.as_posix()} {len(data)}\n".encode() + data)
    return key.hexdigest()


ENGINE = engine_key()  # before anything of the package is imported here


def pytest_configure(config):
    if hasattr(config, "workerinput"):
        return
    cache = getattr(config, "cache", None)
    kept = cache.mkdir("histories") if cache else Path(tempfile.mkdtemp(prefix="histories-"))
    os.environ[FOLDER] = str(kept)
    prune(kept)
    if not cache:
        config.add_cleanup(functools.partial(shutil.rmtree, kept, ignore_errors=True))


def prune(folder, most=MOST):
    """Leave the runs that were used last."""
    for lock in sorted(folder.glob("*.lock"), key=lambda path: path.stat().st_mtime, reverse=True)[most:]:
        shutil.rmtree(lock.with_suffix(""), ignore_errors=True)
        lock.unlink(missing_ok=True)


def shared(source, **options):
    """The result of a run with these options (see `tmesim.trial.prepare`). Whoever asks first simulates; the others
    wait, be it in another process, and read. Nobody may write into its directory."""
    from tmesim.trial import prepare

    return _shared(prepare(source, **options))


@functools.cache
def _shared(scenario):
    import tmesim

    name = hashlib.sha256(f"{ENGINE} {scenario.hash}".encode()).hexdigest()[:24]
    out = Path(os.environ[FOLDER]) / name
    # one worker of pytest has one processor, and the others have their own runs
    workers = 1 if "PYTEST_XDIST_WORKER" in os.environ else None
    with open(out.with_suffix(".lock"), "w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        result = tmesim.run(scenario, out=out, resume=True, workers=workers, figures=False, quiet=True)
        if engine_key() != ENGINE:  # edited meanwhile: good for this session, and for no other
            result.path = out.rename(Path(tempfile.mkdtemp(prefix="histories-")) / name)
    return result
