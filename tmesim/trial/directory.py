"""A run directory: who may write into it, and what it finally holds.

| state of the directory                           | without --resume       | with --resume          |
|--------------------------------------------------|------------------------|------------------------|
| absent, empty, or hardly begun                   | run                    | run                    |
| this run, complete                               | checked, read          | checked, read          |
| this run, complete, with fewer replicates        | adds the others        | adds the others        |
| this run, not complete (or with fewer)           | refused                | resumes                |
| this run with more replicates                    | refused                | refused                |
| this run, its replicates by the same stopping    | checked, read          | checked, read          |
| this run, complete, a file edited or damaged     | refused                | refused                |
| another scenario, or this one by other versions  | refused                | refused                |
| files that no run wrote                          | refused                | refused                |

"This run" means the same resolved scenario but for the number of replicates (identity), the same code of agent classes
written in Python, and the same versions of whatever computes. With `stopping` no number is asked for: a complete run
that was not stopped by the same condition is the beginning of this one, with all the replicates that it has. A run that
was killed before it had written down which one it is leaves no more than its lock. One that lost that note
(`provenance.json`) is known by its `scenario.yaml`; records of replicates are bound to versions.
"""

from __future__ import annotations

import os
import platform
import shutil
import sys
from collections.abc import Iterable, Mapping
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any

from tmesim.reading import InputError, Problem
from tmesim.scenario import replicate_seed
from tmesim.storage import DRAFT, DiskFull, making_room_known, sweep, write
from tmesim.storage.checksums import ALWAYS, CAUSES, MARKER, PROVENANCE, REMEDY, Checksums, digest, read_sealed, sealed
from tmesim.trial.extending import reopen
from tmesim.trial.identity import COMPUTING, computing_versions, identity, versions
from tmesim.trial.locks import lock, lock_of
from tmesim.trial.store import Finished, Store

if TYPE_CHECKING:
    from tmesim.scenario import Scenario
    from tmesim.trial.stopping import Stopping

LOCK = "lock"


class RunDirectory:
    """The directory of one run. `claim` it before anything is written."""

    def __init__(
        self,
        path: Path,
        scenario: Scenario,
        agent_classes: Mapping[str, str] | None = None,
        stopping: Stopping | None = None,
    ) -> None:
        self.path = path
        self.store = Store(path)
        self.scenario = scenario if stopping is None else replace(scenario, replicates=stopping.most)
        self.stopping = stopping
        self.agent_classes = dict(agent_classes or {})  # name → digest of its code
        self.provenance: dict[str, Any] = {}
        self.sums: dict[str, str] = {}
        self._first = 0  # replicates of a complete run to which others are added
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
                if (self.path / MARKER).exists():
                    self._reopen()
                self._begin()
                return False
            self.release()
        shutil.rmtree(self.checkpoints, ignore_errors=True)  # of a run that was killed after its marker was set
        return True

    def _is_complete(self, resume: bool) -> bool:
        """Whether there is nothing left to do; InputError if the directory is not for this run."""
        if self.path.exists() and not self.path.is_dir():
            raise self._refusal("is a file; expected the directory of a run")
        if not self._is_this_run():
            return False
        checksums = Checksums(self.path)
        if checksums.complete:
            checksums.check()
            made = checksums.facts.get("scenario_hash")
            if made != self.provenance.get("scenario_hash"):
                raise InputError([checksums.problem(MARKER, f"is of another run than {PROVENANCE}; {REMEDY}")])
            if self.stopping is not None and self._asked() == self.stopping.content:
                self.scenario = replace(self.scenario, replicates=self._there)
            return made == self.scenario.hash
        kept = self.provenance.get("stopping", {})
        if kept and "met" not in kept and self.stopping is None:
            raise self._refusal(
                f"holds a part of this run with replicates until '{kept['until']}'; resume it with this --until, or "
                "choose another --out"
            )
        if not resume:
            raise self._refusal("holds a part of this run; --resume resumes it, another --out leaves it alone")
        return False

    def _is_this_run(self) -> bool:
        """Whether there is something of this run; InputError if there is something else."""
        try:
            old = read_sealed(self.path / PROVENANCE)
        except InputError as error:
            known = (self.path / PROVENANCE).exists()
            if (self.path / MARKER).exists():
                raise
            if self._holds_this_scenario():
                return True
            if known:
                raise self._refusal(f"holds a run that cannot be identified: {error}") from None
            if self.path.is_dir() and not all(map(self._is_of_a_beginning, self.path.iterdir())):
                raise self._refusal("is not empty and holds no run; choose another --out") from None
            return False
        self._compare(old)
        self.provenance = old
        return True

    def _holds_this_scenario(self) -> bool:
        try:
            found, ours = (self.path / "scenario.yaml").read_bytes(), self.scenario.to_yaml()
        except OSError:
            return False
        without_version = ours.partition("\n")[2]  # as it was written before files told one
        return found in (ours.encode(), without_version.encode())

    @property
    def _there(self) -> int:
        """How many replicates the run that lies here has, or is to have."""
        return len(self.provenance.get("replicate_seeds", []))

    def _asked(self) -> dict[str, Any] | None:
        """The stopping by which the run that lies here came to its replicates, as it was asked for."""
        kept = self.provenance.get("stopping")
        return {key: kept[key] for key in ("until", "least", "most")} if kept else None

    def _reopen(self) -> None:
        """Make the complete run that is here one with replicates left to do."""
        try:
            with lock_of(self.path / MARKER, shared=False) as alone:  # `render` shares it while it draws
                reopen(self.path, self.scenario, self.provenance)
                if os.name != "posix":  # a system that has no such lock and removes no file that is open
                    alone.close()
                (self.path / MARKER).unlink()
            self._first = self._there
        except BlockingIOError:
            raise self._refusal("is being drawn by another process") from None

    def _is_of_a_beginning(self, path: Path) -> bool:
        if path == self.checkpoints:
            return {inside.name for inside in path.iterdir()} <= {LOCK}
        return path.name.startswith(f".{PROVENANCE}.") and path.name.endswith(DRAFT)

    def _begin(self) -> None:
        """Write down which run this is, and that first: without it the directory looks like somebody else's."""
        started = datetime.now(UTC).isoformat(timespec="seconds")
        stopping = self._stopped()
        facts = self._identity() | {
            "versions": versions(),
            "platform": {"system": platform.platform(), "machine": platform.machine(), "cores": os.cpu_count()},
            "command": [Path(sys.argv[0]).name, *sys.argv[1:]] if sys.argv else [],
            "started": [*self.provenance.get("started", []), started],
            **({"stopping": stopping} if stopping else {}),
        }
        self.provenance = {}
        for folder in (self.path, self.path / "figures"):
            for draft in folder.glob(f".*{DRAFT}"):  # nobody else writes these while we hold the lock
                draft.unlink(missing_ok=True)
        self.write_provenance(facts)
        write(self.path / "scenario.yaml", self.scenario.to_yaml())

    def _stopped(self) -> dict[str, Any] | None:
        """What is kept of how the number of replicates is chosen; the scenario gets the number to begin with.

        Once it hung on what came out it does so for good, also in a run to which replicates are added by number.
        """
        kept = self.provenance.get("stopping")
        if self.stopping is None:
            return kept
        first = max(self.stopping.least, self._first or (kept or {}).get("first", 0))
        self.scenario = replace(self.scenario, replicates=first)
        return self.stopping.content | {"first": first}

    @property
    def is_stopped(self) -> bool:
        """Whether the number of replicates hung on what came out."""
        return bool(self.provenance.get("stopping"))

    def enough(self, replicates: int, met: bool, widths: str) -> None:
        """Note how many replicates it came to, before any table is written."""
        self.scenario = replace(self.scenario, replicates=replicates)
        found = {"replicates": replicates, "met": met, "widths": widths}
        self.write_provenance(self._identity() | {"stopping": self.provenance["stopping"] | found})
        write(self.path / "scenario.yaml", self.scenario.to_yaml())

    @property
    def checkpoints(self) -> Path:
        return self.store.checkpoints

    def write_provenance(self, more: Mapping[str, Any]) -> None:
        self.provenance |= more
        write(self.path / PROVENANCE, sealed(self.provenance))

    def computed(self, replicates: Iterable[Finished]) -> None:
        """Note the checksums of all that is computed, as soon as it is written."""
        self.sums = {name: digest((self.path / name).read_bytes()) for name in (*ALWAYS, CAUSES)}
        for finished in replicates:
            self.sums |= finished.sums

    def complete(self) -> None:
        """Mark the run as complete, then drop its checkpoints."""
        sweep(self.path)
        marker = self._identity() | {"versions": computing_versions(), "sha256": dict(sorted(self.sums.items()))}
        write(self.path / MARKER, sealed(marker))
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
            "identity": identity(self.scenario),
            "seed": seed,
            "replicate_seeds": [replicate_seed(seed, r) for r in range(self.scenario.replicates)],
            **({"agent_classes": self.agent_classes} if self.agent_classes else {}),
        }

    def _compare(self, old: Mapping[str, Any]) -> None:
        if old.get("identity", old.get("scenario_hash")) not in (identity(self.scenario), self.scenario.hash):
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
        there, asked = len(old.get("replicate_seeds", [])), self.scenario.replicates
        if there > asked:
            raise self._refusal(
                f"holds this run with {there} replicates, more than the {asked} asked for; read it as it is "
                f"(tmesim.Result, or {'--most' if self.stopping else '--replicates'} {there}), or choose another --out"
            )

    def _take_lock(self) -> None:
        try:
            self._lock = lock(self.checkpoints / LOCK)
        except BlockingIOError:
            raise self._refusal("is being written by another process") from None

    def _refusal(self, message: str) -> InputError:
        return InputError([Problem(message, file=str(self.path))])
