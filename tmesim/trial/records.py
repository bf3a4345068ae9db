"""Sealed records: arrays, and the SHA-256 of files that belong to them, bound to a run, a seed and a replicate.

A record of another replicate, or one that was edited or damaged, is not taken, and the replicate is simulated again.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path

import numpy as np

from tmesim.checksums import digest
from tmesim.record import pack, seal, unpack, unseal, write
from tmesim.trial.case import Case
from tmesim.trial.identity import bond

FILES = ":files"
"""Name of the array of a record that holds the checksums, as JSON."""


class Unusable(Exception):
    """A record, or a file of one, that is not taken, and why."""


def write_record(case: Case, path: Path, arrays: Mapping[str, np.ndarray], sums: Mapping[str, str]) -> None:
    """Keep arrays, and the checksums of files by their names."""
    files = np.frombuffer(json.dumps(sums, sort_keys=True).encode(), np.uint8)
    write(path, seal(pack({**arrays, FILES: files}), bond(case)))


def read_record(case: Case, path: Path) -> tuple[dict[str, np.ndarray], dict[str, str]] | None:
    """The arrays and checksums of a record, None where there is none; Unusable when it must not be taken."""
    try:
        data = path.read_bytes()
    except FileNotFoundError:
        return None
    except OSError as error:
        raise Unusable(f"{_named(path)} cannot be read: {error.strerror or error}") from None
    body = unseal(data, bond(case))
    if body is None:
        raise Unusable(f"{_named(path)} is damaged, or of another run or replicate")
    arrays = unpack(body)
    sums: dict[str, str] = json.loads(arrays.pop(FILES).tobytes())
    return arrays, sums


def verified(path: Path, expected: str, name: str) -> bytes:
    """The content of a file with a checksum; Unusable, by the name that people know, when it is another."""
    try:
        data = path.read_bytes()
    except OSError:
        raise Unusable(f"{name} is missing") from None
    if digest(data) != expected:
        raise Unusable(f"{name} is not what the run had written")
    return data


def _named(path: Path) -> str:
    return f"{path.parent.name}/{path.name}"
