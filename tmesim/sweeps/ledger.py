"""The ledger of a sweep: what came of each job, appended as it comes, a line a job with a seal of its own.

A kill leaves at most a torn last line, which is not taken, so it loses the jobs that were running and no other. A
line of another sweep, or one that was edited, is not taken either, and its job is done again.
"""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import IO

import numpy as np

from tmesim.storage import making_room_known
from tmesim.sweeps.jobs import Done, Job

SEAL = 16
"""Letters of the seal of a line."""


class Ledger:
    """The lines of a file. bond : what they are bound to, the same for all lines of a sweep"""

    def __init__(self, path: Path, bond: str) -> None:
        self.path = path
        self.bond = bond
        self._file: IO[bytes] | None = None

    def open(self) -> set[Job]:
        """Take the file up, or make it; returns the jobs that are done. What is torn or foreign is cut out."""
        data = self.path.read_bytes() if self.path.is_file() else b""
        kept = {done.job: line for line, done in self._read(data)}
        whole = b"".join(line + b"\n" for line in kept.values())
        with making_room_known(self.path):
            if whole != data:
                self.path.write_bytes(whole)
            self._file = open(self.path, "ab")
        return set(kept)

    def add(self, done: Done) -> None:
        """Append what came of a job, and see it on the disk."""
        assert self._file is not None
        with making_room_known(self.path):
            self._file.write(self._line(done) + b"\n")
            self._file.flush()
            os.fsync(self._file.fileno())

    def close(self) -> None:
        """Let go of the file."""
        if self._file is not None:
            self._file.close()
            self._file = None

    def read(self) -> list[Done]:
        """All that is done, in the order of points and replicates."""
        data = self.path.read_bytes() if self.path.is_file() else b""
        return sorted({done.job: done for _, done in self._read(data)}.values(), key=lambda done: done.job)

    def _line(self, done: Done) -> bytes:
        tables = {arm: _rows(table) for arm, table in done.tables.items()}
        body = json.dumps([*done.job, round(done.seconds, 3), tables], ensure_ascii=False).encode()
        return self._seal(body) + b" " + body

    def _seal(self, body: bytes) -> bytes:
        return hashlib.sha256(self.bond.encode() + b"\0" + body).hexdigest()[:SEAL].encode()

    def _read(self, data: bytes) -> Iterator[tuple[bytes, Done]]:
        for line in data.split(b"\n"):
            seal, _, body = line.partition(b" ")
            if body and seal == self._seal(body):
                point, replicate, seconds, tables = json.loads(body)
                yield line, Done(Job(point, replicate), _arrays(tables), seconds)


def _rows(table: np.ndarray) -> list[list[float | None]]:
    """A table as lists, None for NaN, which JSON does not have."""
    return [[None if np.isnan(value) else float(value) for value in row] for row in table]


def _arrays(tables: Mapping[str, Sequence[Sequence[float | None]]]) -> dict[str, np.ndarray]:
    return {arm: np.array(rows, dtype=float) for arm, rows in tables.items()}
