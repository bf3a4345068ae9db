"""Which biology something that was kept is of: hashes of a host's catalogue, and of the sources that decide what comes
out of a job. Versions of other packages decide its last bits, and are no part of it."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from functools import cache
from importlib import resources
from pathlib import Path
from typing import Any

from tmesim.catalogue import catalogue_of

ENGINE = (
    "body", "catalogue", "frames.py", "kernels", "observables", "reading", "recorder.py", "scenario", "section.py",
    "sweeps/jobs.py", "sweeps/places.py", "tissue", "trial/branches.py", "trial/case.py", "trial/replicate.py",
    "units.py", "zones.py",
)  # fmt: skip
"""Sources of the package that take part in a job; the catalogue's numbers have a hash of their own."""


def fingerprint(host: str) -> dict[str, str]:
    """The hashes of today for a host: of its `catalogue` and of the `sources`."""
    return {"catalogue": catalogue_of(host).hash, "sources": _sources_hash()}


def with_sources(sums: Any) -> Any:
    """A hash, further fed with the sources."""
    root = Path(str(resources.files("tmesim")))
    for path in sorted(_sources(root)):
        data = path.read_bytes()
        sums.update(f"{path.relative_to(root).as_posix()} {len(data)}\n".encode() + data)
    return sums


@cache
def _sources_hash() -> str:
    return with_sources(hashlib.sha256()).hexdigest()


def _sources(root: Path) -> Iterator[Path]:
    for name in ENGINE:
        yield from (root / name).rglob("*.py") if (root / name).is_dir() else [root / name]
