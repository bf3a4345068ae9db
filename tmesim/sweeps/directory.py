"""The directory of a sweep: who may write into it, and what it finally holds.

`sweep.yaml` what was asked · `points.csv` the points · `sweep.csv` a row for each point, arm, replicate and day ·
`summary.csv` means and paired differences · `sensitivity.csv` what the answers hang on · `figures/` ·
`provenance.json` the model and the date · `complete.json` last, with the SHA-256 of every table. While it runs,
`checkpoints/jobs` is the ledger.

One that holds this sweep complete is checked and read; a part of it is resumed with --resume and refused without;
anything else is refused and left alone.
"""

from __future__ import annotations

import hashlib
import os
import platform
import shutil
import sys
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import IO, Any

from tmesim.reading import InputError, Problem
from tmesim.storage import DRAFT, DiskFull, making_room_known, sweep, write
from tmesim.storage.checksums import MARKER, PROVENANCE, Checksums, digest, read_sealed, sealed
from tmesim.sweeps import currency
from tmesim.sweeps.ledger import Ledger
from tmesim.sweeps.plan import Plan
from tmesim.trial.directory import LOCK
from tmesim.trial.identity import versions
from tmesim.trial.locks import lock

ASKED = "sweep.yaml"
TABLES = ("points.csv", "sweep.csv", "summary.csv")
"""What every sweep leaves; beside them `sensitivity.csv` and, of two doses, `interaction.csv`."""


class SweepDirectory:
    """The directory of one sweep. `claim` it before anything is written."""

    def __init__(self, path: Path, plan: Plan) -> None:
        self.path = path
        self.plan = plan
        self.asked = plan.to_yaml()
        self.model = currency.model(plan.scenario.host)
        self.identity = hashlib.sha256(self.asked.encode()).hexdigest()
        self.ledger = Ledger(self.checkpoints / "jobs", f"{self.identity} {self.model}")
        self.provenance: dict[str, Any] = {}
        self.sums: dict[str, str] = {}
        self._lock: IO[str] | None = None

    @property
    def checkpoints(self) -> Path:
        return self.path / "checkpoints"

    def claim(self, resume: bool) -> bool:
        """Take the directory; True when the sweep is complete already. InputError if it may not be used."""
        try:
            with making_room_known(self.path):
                if self._is_complete(resume):
                    return True
                self.checkpoints.mkdir(parents=True, exist_ok=True)
                try:
                    self._lock = lock(self.checkpoints / LOCK)
                except BlockingIOError:
                    raise self._refusal("is being written by another process") from None
                if self._is_complete(resume):  # another process may have had it in between
                    self.release()
                    return True
                self._begin()
                return False
        except BaseException as error:
            self.release()
            if isinstance(error, OSError) and not isinstance(error, DiskFull):
                raise self._refusal(f"cannot be written: {error.strerror or error}") from None
            raise

    def holds_this_sweep(self) -> bool:
        """Whether this sweep lies here, whole or in part; False for nothing, InputError for all else."""
        self._is_complete(resume=True)
        return bool(self.provenance)

    def _is_complete(self, resume: bool) -> bool:
        """Whether there is nothing left to do; InputError if the directory is not for this sweep."""
        if self.path.exists() and not self.path.is_dir():
            raise self._refusal("is a file; expected the directory of a sweep")
        if not (self.path / PROVENANCE).exists():
            there = [path.name for path in self.path.iterdir()] if self.path.is_dir() else []
            if any(name != self.checkpoints.name and not name.endswith(DRAFT) for name in there):
                raise self._refusal("is not empty and holds no sweep; choose another --out")
            return False
        old = read_sealed(self.path / PROVENANCE)
        self._compare(old)
        self.provenance = old
        checksums = Checksums(self.path)
        if checksums.complete:
            checksums.check()
            return True
        if not resume:
            raise self._refusal("holds a part of this sweep; --resume goes on with it, another --out leaves it alone")
        return False

    def _compare(self, old: Mapping[str, Any]) -> None:
        if old.get("sweep") is None:
            raise self._refusal("holds a run, and no sweep; choose another --out")
        if old["sweep"] != self.identity:
            raise self._refusal(f"holds another sweep (of '{old.get('scenario')}', {old.get('told')}); "
                                "choose another --out")  # fmt: skip
        if old.get("model") != self.model:
            made = old.get("started", ["some day"])[0][:10]
            raise self._refusal(f"holds this sweep by the model of {made}, which is another one; choose another --out")

    def _begin(self) -> None:
        """Write down which sweep this is."""
        started = datetime.now(UTC).isoformat(timespec="seconds")
        scenario = self.plan.scenario
        self.provenance = {
            "sweep": self.identity,
            "told": told(self.plan),
            "scenario": scenario.name,
            "scenario_hash": scenario.hash,
            "model": self.model,
            "seed": scenario.seed,
            "replicates": scenario.replicates,
            "versions": versions(),
            "platform": {"system": platform.platform(), "machine": platform.machine(), "cores": os.cpu_count()},
            "command": [Path(sys.argv[0]).name, *sys.argv[1:]] if sys.argv else [],
            "started": [*self.provenance.get("started", []), started],
        }
        write(self.path / PROVENANCE, sealed(self.provenance))
        write(self.path / ASKED, self.asked)

    def write_tables(self, tables: Mapping[str, bytes], seconds: float) -> None:
        """Write the tables, and when that was."""
        for name, data in tables.items():
            write(self.path / name, data)
        finished = datetime.now(UTC).isoformat(timespec="seconds")
        self.sums = {name: digest(data) for name, data in tables.items()}
        self.provenance |= {"finished": finished, "job_s": round(seconds, 1)}
        write(self.path / PROVENANCE, sealed(self.provenance))

    def complete(self) -> None:
        """Mark the sweep as complete, then drop its ledger."""
        sweep(self.path)
        sums = {ASKED: digest(self.asked.encode())} | self.sums
        write(self.path / MARKER, sealed({"sweep": self.identity, "model": self.model, "sha256": sums}))
        self.release()
        shutil.rmtree(self.checkpoints, ignore_errors=True)

    def release(self) -> None:
        """Let another process have it."""
        self.ledger.close()
        if self._lock is not None:
            self._lock.close()
            self._lock = None

    def _refusal(self, message: str) -> InputError:
        return InputError([Problem(message, file=str(self.path))])


def told(plan: Plan) -> str:
    """A plan in a few words."""
    points, replicates = len(plan.points), plan.scenario.replicates
    names = ", ".join(key.name for key in plan.keys[:3]) + (" …" if len(plan.keys) > 3 else "")
    return f"{plan.design} over {names}: {points} points × {replicates} replicates"
