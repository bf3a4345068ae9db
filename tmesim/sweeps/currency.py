"""Whether what was kept is what the model of today would give: a hash of the catalogue's numbers, and one of the code
and the versions that decide the bits of a job. Neither sees where a number is from, nor comments and docstrings."""

from __future__ import annotations

import hashlib
from functools import cache

from tmesim.fingerprint import ENGINE, numbers_hash, with_sources
from tmesim.trial.identity import computing_versions

__all__ = ["ENGINE", "changed", "model"]


def model(host: str) -> dict[str, str]:
    """What a result of today stands for: hashes of the host's catalogue and of the engine."""
    return {"catalogue": numbers_hash(host), "engine": _engine()}


def changed(kept: dict[str, str], host: str) -> list[str]:
    """Which of them are other ones than when something was kept; none: it is current."""
    return [name for name, now in model(host).items() if kept.get(name) != now]


@cache
def _engine() -> str:
    return str(with_sources(hashlib.sha256(repr(sorted(computing_versions().items())).encode())).hexdigest())
