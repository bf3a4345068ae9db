"""What is kept of finished replicates in a run directory: their files, and a sealed record of each.

Only the process that was asked for the run writes here; workers hand it their outcomes. A record is written last, so
that a replicate is either finished with all of its files, or simulated again (from its last checkpoint).
"""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from tmesim.storage import write
from tmesim.storage.checksums import SNAPSHOTS, digest
from tmesim.trial.case import Case, Outcome
from tmesim.trial.records import Unusable, read_record, verified, write_record

SECONDS = ":seconds"
"""Name of the array of a record that holds seconds of wall time."""

CAUSES = ":causes "
"""What the name of an array of a record begins with that holds the causes of an arm."""


@dataclass(frozen=True)
class Finished:
    """A replicate whose files are in the store: a table of rows (hour, then the observables) for each arm, the SHA-256
    of each of its files by its path below the run directory, seconds of wall time, and a table of causes for each
    arm."""

    replicate: int
    tables: dict[str, np.ndarray]
    sums: dict[str, str] = field(repr=False)
    seconds: float
    compile_seconds: float
    causes: dict[str, np.ndarray] = field(default_factory=dict)


class Store:
    """The replicates of the run in a folder."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    @property
    def checkpoints(self) -> Path:
        """Where records lie until the run is complete, and the scratch of workers that see this folder."""
        return self.folder / "checkpoints"

    def take(self, case: Case, outcome: Outcome) -> Finished:
        """Write the files of an outcome, then its record."""
        for name, data in outcome.files.items():
            write(self.folder / name, data)
        sums = {name: digest(data) for name, data in outcome.files.items()}
        finished = Finished(
            outcome.replicate, outcome.tables, sums, outcome.seconds, outcome.compile_seconds, outcome.causes
        )
        self.note(case, finished)
        return finished

    def note(self, case: Case, finished: Finished) -> None:
        """Write the record of a replicate whose files are there."""
        times = np.array([finished.seconds, finished.compile_seconds])
        causes = {f"{CAUSES}{arm}": table for arm, table in finished.causes.items()}
        write_record(case, self._record(case), finished.tables | causes | {SECONDS: times}, finished.sums)

    def drop(self, first: int) -> None:
        """Remove what replicates from `first` on have left: a run that ended before them has no place for it."""
        for folder in (*SNAPSHOTS, self.checkpoints.name):
            for path in (self.folder / folder).rglob("replicate_*"):
                if path.is_file() and int(path.name.split("_")[1].partition(".")[0]) >= first:
                    path.unlink()

    def finished(self, case: Case) -> Finished | None:
        """A case that was finished before, if its files are what they were."""
        with suppress(Unusable):
            return self._read(case)
        return None

    def trouble(self, case: Case) -> str | None:
        """Why a case that was finished before is not any more, if so."""
        try:
            self._read(case)
        except Unusable as error:
            return str(error)
        return None

    def _read(self, case: Case) -> Finished | None:
        if (kept := read_record(case, self._record(case))) is None:
            return None
        tables, sums = kept
        for name, expected in sums.items():
            verified(self.folder / name, expected, name)
        seconds, compile_seconds = (float(value) for value in tables.pop(SECONDS))
        causes = {name[len(CAUSES) :]: tables.pop(name) for name in list(tables) if name.startswith(CAUSES)}
        return Finished(case.replicate, tables, sums, seconds, compile_seconds, causes)

    def _record(self, case: Case) -> Path:
        return self.checkpoints / f"{case.name}.finished"
