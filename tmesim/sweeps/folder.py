"""The directory of a study of many jobs, such as a calibration: which it is, when it was begun, and by which model."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import IO

from tmesim.fingerprint import stale
from tmesim.reading import InputError, Problem
from tmesim.storage import write
from tmesim.storage.checksums import read_sealed, sealed
from tmesim.sweeps.ledger import Ledger
from tmesim.trial.identity import computing_versions
from tmesim.trial.locks import lock

ASKED = "asked.json"


@dataclass(frozen=True)
class Words:
    """What a study is called. one : "a calibration"; this : "this calibration"; other : "another calibration"
    none : "no calibration"; more : what --resume does beside going on, as ", or adds --waves"
    """

    one: str
    this: str
    other: str
    none: str
    more: str = ""


class Folder:
    """`asked.json` and `checkpoints/` of a study. `claim` it before anything is written.

    identity : which study it is; model : hashes of what its numbers hang on
    begun : the day on which it was begun
    """

    def __init__(self, path: Path, words: Words, identity: str, model: Mapping[str, str]) -> None:
        self.path, self.words = path, words
        self.identity, self.model = identity, dict(model)
        self.begun = datetime.now(UTC).date().isoformat()
        self._lock: IO[str] | None = None

    def claim(self, resume: bool) -> None:
        """InputError where it may not be used."""
        words = self.words
        if self.path.exists() and not self.path.is_dir():
            raise self._refusal(f"is a file; expected the directory of {words.one}")
        if (self.path / ASKED).is_file():
            old = read_sealed(self.path / ASKED)
            if old.get("study") != self.identity:
                raise self._refusal(f"holds {words.other}; choose another --out")
            if changed := stale(old, self.model):
                raise self._refusal(f"holds {words.this}, which {changed}; choose another --out")
            self.begun = old["date"]
            if not resume:
                raise self._refusal(f"holds {words.this}, or a part of it; --resume goes on{words.more}")
        elif self.path.is_dir() and any(self.path.iterdir()):
            raise self._refusal(f"is not empty and holds {words.none}; choose another --out")
        (self.path / "checkpoints").mkdir(parents=True, exist_ok=True)
        try:
            self._lock = lock(self.path / "checkpoints" / "lock")
        except BlockingIOError:
            raise self._refusal("is being written by another process") from None
        write(self.path / ASKED, sealed({"study": self.identity, "date": self.begun, "model": self.model}))

    def release(self) -> None:
        """Let another process have it."""
        if self._lock is not None:
            self._lock.close()
            self._lock = None

    def ledger(self, name: str, which: str = "") -> Ledger:
        """What came of some jobs. which : of what points they are; lines of others, or of another model, are not
        taken, nor those of other versions of what decides the last bits."""
        versions = sorted(computing_versions().items())
        bond = f"{self.identity} {sorted(self.model.items())} {versions} {which}"
        return Ledger(self.path / "checkpoints" / name, bond)

    def _refusal(self, message: str) -> InputError:
        return InputError([Problem(message, file=str(self.path))])
