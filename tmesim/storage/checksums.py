"""Checksums of what a run computed, kept in `complete.json`; whoever reads a file of a run checks it against them.

Drawings have none: `render` draws them again. `complete.json` and `provenance.json` carry a seal of their own.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from tmesim.reading import InputError, Problem
from tmesim.text import json_text

MARKER = "complete.json"
PROVENANCE = "provenance.json"
TABLES = ("timeseries.csv", "endpoints.csv", "comparison.csv")
CAUSES = "causes.csv"
"""The table that runs of earlier versions lack."""
ALWAYS = ("scenario.yaml", *TABLES)
"""Files that every run computes, beside the snapshots of its replicates."""

SNAPSHOTS = ("cells", "fields", "frames")
"""Folders with files of replicates, by arm."""

SEAL = "seal"
REMEDY = "restore it, or run the scenario again into another directory"
EDITED = f"was edited or damaged after the run: its SHA-256 is not the one in {MARKER}; {REMEDY}"
BROKEN = f"was edited or damaged after the run: it is not what its own seal says; {REMEDY}"
MISSING = f"is missing, though the run left it; {REMEDY}"


class Checksums:
    """The SHA-256 of the files of a run, by their paths below its folder; none for a run that is not complete."""

    def __init__(self, folder: Path) -> None:
        """InputError when `complete.json` is there and cannot be believed."""
        self.folder = folder
        self.complete = (folder / MARKER).exists()
        self.facts: dict[str, Any] = read_sealed(folder / MARKER) if self.complete else {}
        sums = self.facts.get("sha256", {})
        if not isinstance(sums, dict):
            raise InputError([Problem(BROKEN, file=str(folder / MARKER))])
        self.sums: dict[str, str] = sums

    def read(self, name: str) -> bytes:
        """The content of a file; InputError when it is missing or not what the run left."""
        try:
            data = (self.folder / name).read_bytes()
        except OSError as error:
            raise InputError([self._unread(name, error)]) from None
        if name in self.sums and digest(data) != self.sums[name]:
            raise InputError([self.problem(name, EDITED)])
        return data

    def check(self, names: Iterable[str] | None = None) -> None:
        """InputError with every file (default: all that have a sum) that is missing or not what the run left."""
        wrong: list[Problem] = []
        for name in self.sums if names is None else names:
            try:
                self.read(name)
            except InputError as error:
                wrong += error.problems
        if wrong:
            raise InputError(wrong)

    def unchecked(self) -> str | None:
        """What cannot be checked, in one line: an older version kept fewer sums."""
        if not self.complete:
            return f"{self.folder}: there is no {MARKER}, so nothing tells whether the files are as the run left them"
        folders = {name.partition("/")[0] for name in self.sums}
        lacking = [name for name in ALWAYS if name not in self.sums]
        lacking += [CAUSES] if CAUSES not in self.sums and (self.folder / CAUSES).is_file() else []
        lacking += [f"{name}/" for name in SNAPSHOTS if name not in folders and (self.folder / name).is_dir()]
        if not lacking:
            return None
        return f"{self.folder}: {MARKER} is of an older version and has no sums of {', '.join(lacking)}: not checked"

    def names(self, folder: str) -> list[str]:
        """The files of a folder of the run: those that have a sum, or those that are there if none has."""
        listed = [name for name in self.sums if name.startswith(f"{folder}/")]
        if listed:
            return listed
        return sorted(path.relative_to(self.folder).as_posix() for path in (self.folder / folder).glob("*"))

    def holds(self, name: str) -> bool:
        return name in self.sums or (self.folder / name).is_file()

    def problem(self, name: str, message: str, line: int | None = None) -> Problem:
        return Problem(message, file=str(self.folder / name), line=line)

    def _unread(self, name: str, error: OSError) -> Problem:
        if not isinstance(error, FileNotFoundError):
            return self.problem(name, f"cannot be read: {error.strerror or error}")
        return self.problem(name, MISSING if self.complete else "is missing; is this the folder of a finished run?")


def digest(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


def sealed(facts: Mapping[str, Any]) -> str:
    """Facts as JSON with a SHA-256 of themselves."""
    return json_text({**facts, SEAL: _seal(facts)}) + "\n"


def read_sealed(path: Path) -> dict[str, Any]:
    """Facts that `sealed` wrote, or an older version without a seal; InputError when they are not what was written."""
    try:
        facts = json.loads(path.read_bytes())
    except FileNotFoundError:
        raise InputError([Problem(MISSING, file=str(path))]) from None
    except OSError as error:
        raise InputError([Problem(f"cannot be read: {error.strerror or error}", file=str(path))]) from None
    except (ValueError, RecursionError):
        raise InputError([Problem(BROKEN, file=str(path))]) from None
    if not isinstance(facts, dict) or facts.pop(SEAL, None) not in (None, _seal(facts)):
        raise InputError([Problem(BROKEN, file=str(path))])
    return facts


def _seal(facts: Mapping[str, Any]) -> str:
    return digest(json.dumps({k: v for k, v in facts.items() if k != SEAL}, sort_keys=True).encode())
