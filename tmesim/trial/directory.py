"""A run directory: who may write into it, and what it finally holds.

| state of the directory                           | without --resume       | with --resume          |
|--------------------------------------------------|------------------------|------------------------|
| absent, empty, or hardly begun                   | run                    | run                    |
| this run, complete                               | read, nothing is done  | read, nothing is done  |
| this run, not complete                           | refused                | goes on                |
| another scenario, or this one by other versions  | refused                | refused                |
| files that no run wrote                          | refused                | refused                |

"This run" means the same resolved scenario (hash), the same code of agent classes written in Python, and the same
versions of whatever computes. A run that was killed
before it had written down which one it is leaves no more than its lock.
"""

from __future__ import annotations

import hashlib
import json
import os
import platform
import shutil
import sys
from collections.abc import Mapping
from contextlib import suppress
from datetime import UTC, datetime
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any

from tmesim.reading import InputError, Problem
from tmesim.record import DRAFT, DiskFull, making_room_known, sweep, write
from tmesim.scenario import replicate_seed
from tmesim.text import json_text
from tmesim.trial.locks import lock

if TYPE_CHECKING:
    from tmesim.scenario import Scenario

MARKER = "complete.json"
LOCK = "lock"
TABLES = ("timeseries.csv", "endpoints.csv", "comparison.csv")
COMPUTING = ("tmesim", "numpy", "numba", "llvmlite", "scipy")
"""Packages whose version decides the bits of a result (scipy: the matrix exponential of a drug's course)."""
OTHERS = ("mesa", "pydantic", "matplotlib", "pandas")


def versions() -> dict[str, str]:
    found = {"python": platform.python_version()}
    for name in (*COMPUTING, *OTHERS):
        with suppress(PackageNotFoundError):
            found[name] = version(name)
    if "tmesim" not in found:
        from tmesim import __version__

        found["tmesim"] = __version__
    return found


class RunDirectory:
    """The directory of one run. `claim` it before anything is written."""

    def __init__(self, path: Path, scenario: Scenario, agent_classes: Mapping[str, str] | None = None) -> None:
        self.path = path
        self.scenario = scenario
        self.agent_classes = dict(agent_classes or {})  # name → digest of its code
        self.provenance: dict[str, Any] = {}
        self._lock: IO[str] | None = None

    def claim(self, resume: bool) -> bool:
        """Take the directory for this run; True when the run is complete already. InputError if it may not be used."""
        try:
            with making_room_known(self.path):
                return self._claim(resume)
        except BaseException as error:
            self.release()
            if isinstance(error, OSError) and not isinstance(error, DiskFull):
                raise self._refusal(f"cannot be written: {error.strerror or error}") from None
            raise

    def holds_this_run(self) -> bool:
        """Whether this run lies here, whole or in part, after a look; False for nothing, InputError for all else."""
        self._is_complete(resume=True)
        return bool(self.provenance)

    def _claim(self, resume: bool) -> bool:
        if not self._is_complete(resume):
            self.checkpoints.mkdir(parents=True, exist_ok=True)
            self._take_lock()
            if not self._is_complete(resume):  # another process may have had it in between
                self._begin()
                return False
            self.release()
        shutil.rmtree(self.checkpoints, ignore_errors=True)  # of a run that was killed after its marker was set
        return True

    def _is_complete(self, resume: bool) -> bool:
        """Whether there is nothing left to do; InputError if the directory is not for this run."""
        if self.path.exists() and not self.path.is_dir():
            raise self._refusal("is a file; the directory of a run is due")
        old = self._read("provenance.json")
        if old is None:
            if self.path.is_dir() and not all(map(self._is_of_a_beginning, self.path.iterdir())):
                raise self._refusal("is not empty and holds no run; choose another --out")
            return False
        self._compare(old)
        self.provenance = old
        if self._read(MARKER) is not None:
            return True
        if not resume:
            raise self._refusal("holds a part of this run; --resume goes on with it, another --out leaves it alone")
        return False

    def _is_of_a_beginning(self, path: Path) -> bool:
        if path == self.checkpoints:
            return {inside.name for inside in path.iterdir()} <= {LOCK}
        return path.name.startswith(".provenance.json.") and path.name.endswith(DRAFT)

    def _begin(self) -> None:
        """Write down which run this is, and that first: without it the directory looks like somebody else's."""
        started = datetime.now(UTC).isoformat(timespec="seconds")
        identity = self._identity() | {
            "versions": versions(),
            "platform": {"system": platform.platform(), "machine": platform.machine(), "cores": os.cpu_count()},
            "command": [Path(sys.argv[0]).name, *sys.argv[1:]] if sys.argv else [],
            "started": [*self.provenance.get("started", []), started],
        }
        self.provenance = {}
        self.write_provenance(identity)
        write(self.path / "scenario.yaml", self.scenario.to_yaml())

    @property
    def checkpoints(self) -> Path:
        return self.path / "checkpoints"

    def write_provenance(self, more: Mapping[str, Any]) -> None:
        self.provenance |= more
        write(self.path / "provenance.json", json_text(self.provenance) + "\n")

    def complete(self) -> None:
        """Mark the run as complete, then drop its checkpoints."""
        sweep(self.path)
        sums = {name: hashlib.sha256((self.path / name).read_bytes()).hexdigest() for name in TABLES}
        marker = {"scenario_hash": self.scenario.hash, "sha256": sums}
        write(self.path / MARKER, json.dumps(marker, indent=2) + "\n")
        self.release()
        shutil.rmtree(self.checkpoints, ignore_errors=True)

    def release(self) -> None:
        if self._lock is not None:
            self._lock.close()
            self._lock = None

    def _identity(self) -> dict[str, Any]:
        seed = self.scenario.seed
        return {
            "scenario": self.scenario.name,
            "scenario_hash": self.scenario.hash,
            "seed": seed,
            "replicate_seeds": [replicate_seed(seed, r) for r in range(self.scenario.replicates)],
            **({"agent_classes": self.agent_classes} if self.agent_classes else {}),
        }

    def _compare(self, old: Mapping[str, Any]) -> None:
        if old.get("scenario_hash") != self.scenario.hash:
            raise self._refusal(
                f"holds another run (scenario '{old.get('scenario')}', seed {old.get('seed')}, hash "
                f"{str(old.get('scenario_hash'))[:12]}; this one has {self.scenario.hash[:12]}); choose another --out"
            )
        with_classes = old.get("agent_classes") or {}
        if with_classes != self.agent_classes:
            theirs, ours = (", ".join(names) or "none" for names in (with_classes, self.agent_classes))
            other = f"agent classes {theirs}; this one has {ours}" if theirs != ours else f"other code of {ours}"
            raise self._refusal(f"holds another run (with {other}); choose another --out")
        now, then = versions(), old.get("versions", {})
        changed = [
            f"{name} {then.get(name)} → {now.get(name)}" for name in COMPUTING if then.get(name) != now.get(name)
        ]
        if changed:
            raise self._refusal(f"holds this run by other versions ({', '.join(changed)}); choose another --out")

    def _take_lock(self) -> None:
        try:
            self._lock = lock(self.checkpoints / LOCK)
        except BlockingIOError:
            raise self._refusal("is being written by another process") from None

    def _read(self, name: str) -> dict[str, Any] | None:
        try:
            found = json.loads((self.path / name).read_text(encoding="utf-8"))
        except (OSError, ValueError):
            return None
        return found if isinstance(found, dict) else None

    def _refusal(self, message: str) -> InputError:
        return InputError([Problem(message, file=str(self.path))])
