"""What is kept of a replicate between processes: sealed records, and the checksums of the files that it has written.

A record is bound to the run, the seed and the replicate, and names the files that were there when it was made. One of
another replicate, or whose files are no longer what they were, is not taken, and the replicate is simulated again.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from pathlib import Path

import numpy as np

from tmesim.storage import DRAFT, write
from tmesim.storage.arrays import pack, seal, unpack, unseal
from tmesim.storage.checksums import SNAPSHOTS, digest
from tmesim.trial.identity import bond
from tmesim.trial.job import Job

FILES = ":files"
"""Name of the array of a record that holds the checksums, as JSON."""


class Unusable(Exception):
    """A record that is not taken, and why."""


def store(job: Job, path: Path, arrays: Mapping[str, np.ndarray], sums: Mapping[str, str]) -> None:
    """Keep arrays, and the checksums of the replicate's files."""
    files = np.frombuffer(json.dumps(sums, sort_keys=True).encode(), np.uint8)
    write(path, seal(pack({**arrays, FILES: files}), bond(job)))


def recall(job: Job, path: Path) -> tuple[dict[str, np.ndarray], dict[str, str]] | None:
    """The arrays and checksums of a record, None where there is none; Unusable when it must not be taken."""
    try:
        data = path.read_bytes()
    except FileNotFoundError:
        return None
    except OSError as error:
        raise Unusable(f"{_below(job, path)} cannot be read: {error.strerror or error}") from None
    body = unseal(data, bond(job))
    if body is None:
        raise Unusable(f"{_below(job, path)} is damaged, or of another run or replicate")
    arrays = unpack(body)
    sums: dict[str, str] = json.loads(arrays.pop(FILES).tobytes())
    for name, expected in sums.items():
        try:
            found = digest((Path(job.directory) / name).read_bytes())
        except OSError:
            raise Unusable(f"{name} is missing") from None
        if found != expected:
            raise Unusable(f"{name} is not what the run had written")
    return arrays, sums


def files_of(job: Job) -> Iterator[tuple[str, Path]]:
    """The files of a replicate in the run directory: the path below it, and the path."""
    root = Path(job.directory)
    for kind in SNAPSHOTS:
        for path in sorted((root / kind).glob(f"*/{job.name}*.npz")):
            if path.name[len(job.name)] in "_.":  # replicate_100 is not replicate_1000
                yield path.relative_to(root).as_posix(), path


def take_stock(job: Job, sums: dict[str, str]) -> None:
    """Add the checksums of files that have been written since the last time."""
    for name, path in files_of(job):
        if name not in sums:
            sums[name] = digest(path.read_bytes())


def forget(job: Job, but: Mapping[str, str]) -> None:
    """Remove the files of a replicate that lie ahead of where it goes on, as they are written again, and the drafts
    that a process left which had it before."""
    for name, path in files_of(job):
        if name not in but:
            path.unlink(missing_ok=True)
    for kind in SNAPSHOTS:
        for draft in (Path(job.directory) / kind).glob(f"*/.{job.name}[_.]*{DRAFT}"):
            draft.unlink(missing_ok=True)


def finished_path(job: Job) -> Path:
    return job.checkpoints / f"{job.name}.finished"


def checkpoint_paths(job: Job) -> tuple[Path, Path]:
    """Two generations, each with a seal of its own, so that a torn one leaves the other."""
    return job.checkpoints / f"{job.name}.a.checkpoint", job.checkpoints / f"{job.name}.b.checkpoint"


def _below(job: Job, path: Path) -> str:
    return path.relative_to(job.directory).as_posix()
