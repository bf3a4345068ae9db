"""What a worker keeps for itself while it simulates a case, so that a case that is stopped or killed can be resumed.

It is no part of the results: those return in the outcome. A worker that sees no folder for it (one on another machine,
say) keeps in memory what it will return, and begins anew when it is interrupted.
"""

from __future__ import annotations

import shutil
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path

import numpy as np

from tmesim.checksums import digest
from tmesim.record import DRAFT, write
from tmesim.trial.case import Case
from tmesim.trial.locks import lock
from tmesim.trial.records import Unusable, read_record, verified, write_record

WAIT_S = 0.05
"""Wall time between two looks at whether another process has let go of a replicate, s."""


class Memory:
    """Files that a case will return, in memory; nothing outlives the worker."""

    lasting = False

    def __init__(self) -> None:
        self._files: dict[str, bytes] = {}

    def keep(self, names: Iterable[str], data: bytes) -> None:
        """Keep the content of a file under one or several names."""
        self._files |= dict.fromkeys(names, data)

    def files(self) -> dict[str, bytes]:
        """The content of every file, by its name."""
        return self._files

    def save(self, arrays: Mapping[str, np.ndarray]) -> None:
        """There is no place for a checkpoint."""

    def load(self) -> dict[str, np.ndarray] | None:
        """There are no checkpoints."""
        return None


class Scratch(Memory):
    """A folder with two generations of checkpoints of a case, each with a seal of its own so that a torn one leaves the
    other, and with the files that the case will return, each under the SHA-256 of its content."""

    lasting = True

    def __init__(self, case: Case, folder: Path) -> None:
        self.case = case
        self.folder = folder
        self.sums: dict[str, str] = {}  # name → SHA-256
        self._saved_in = 1  # the generation that holds the last checkpoint

    def keep(self, names: Iterable[str], data: bytes) -> None:
        name = digest(data)
        write(self._contents / name, data)
        self.sums |= dict.fromkeys(names, name)

    def files(self) -> dict[str, bytes]:
        """The content of every file, by its name; Unusable when one was damaged meanwhile."""
        found = {sum_: verified(self._contents / sum_, sum_, name) for name, sum_ in self.sums.items()}
        return {name: found[sum_] for name, sum_ in self.sums.items()}

    def save(self, arrays: Mapping[str, np.ndarray]) -> None:
        """Write a checkpoint in the place of the older one."""
        write_record(self.case, self.checkpoints[1 - self._saved_in], arrays, self.sums)
        self._saved_in = 1 - self._saved_in

    def load(self) -> dict[str, np.ndarray] | None:
        """The arrays of the newest checkpoint that is whole, and whose files are; None when there is none.

        Files of later, and drafts of a process that had the case before, are removed.
        """
        found = []
        for generation in range(len(self.checkpoints)):
            with suppress(Unusable):
                if (kept := self._read(generation)) is not None:
                    found.append((*kept, generation))
        arrays = None
        if found:
            arrays, self.sums, self._saved_in = max(found, key=lambda each: int(each[0]["done"]))
        self._forget(but=set(self.sums.values()))
        return arrays

    def trouble(self) -> str | None:
        """Why none of the checkpoints that are there can be resumed from, if so."""
        why = None
        for generation in range(len(self.checkpoints)):
            try:
                if self._read(generation) is not None:
                    return None
            except Unusable as error:
                why = str(error)
        return why

    def clear(self) -> None:
        """Remove all, once the outcome is in the store."""
        for path in self.checkpoints:
            path.unlink(missing_ok=True)
        shutil.rmtree(self._contents, ignore_errors=True)

    @property
    def checkpoints(self) -> tuple[Path, Path]:
        return self.folder / f"{self.case.name}.a.checkpoint", self.folder / f"{self.case.name}.b.checkpoint"

    @property
    def _contents(self) -> Path:
        return self.folder / f"{self.case.name}.files"

    def _read(self, generation: int) -> tuple[dict[str, np.ndarray], dict[str, str]] | None:
        kept = read_record(self.case, self.checkpoints[generation])
        for name, sum_ in kept[1].items() if kept is not None else ():
            verified(self._contents / sum_, sum_, name)
        return kept

    def _forget(self, but: set[str]) -> None:
        for path in self._contents.glob("*"):
            if path.name not in but:
                path.unlink(missing_ok=True)
        for draft in self.folder.glob(f".{self.case.name}.*{DRAFT}"):
            draft.unlink(missing_ok=True)


@contextmanager
def scratch_of(case: Case, folder: str | Path | None, stopped: Callable[[], bool]) -> Iterator[Memory | None]:
    """The scratch of a case in a folder, held alone; in memory without a folder or where it cannot be seen.

    A worker that outlived its parent may still be at it, so that it is waited for; None when stopped meanwhile.
    """
    if folder is None or not Path(folder).is_dir():
        yield Memory()
        return
    while True:
        try:
            held = lock(Path(folder) / f"{case.name}.lock")
            break
        except BlockingIOError:
            if stopped():
                yield None
                return
            time.sleep(WAIT_S)
    with held:
        yield Scratch(case, Path(folder))
