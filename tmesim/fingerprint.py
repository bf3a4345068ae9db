"""Which biology something that was kept is of: hashes of the numbers of a host's catalogue, and of the code that
decides what comes out of a job. Where a number is from, comments and docstrings are no part of it, nor are versions
of other packages, which decide its last bits."""

from __future__ import annotations

import ast
import hashlib
from collections.abc import Iterator, Mapping
from functools import cache
from importlib import resources
from pathlib import Path
from typing import Any

from tmesim.catalogue import catalogue_of, host_named

ENGINE = (
    "body", "catalogue", "frames.py", "kernels", "observables", "reading", "recorder.py", "scenario", "section.py",
    "sweeps/jobs.py", "sweeps/places.py", "tissue", "trial/branches.py", "trial/case.py", "trial/replicate.py",
    "units.py", "zones.py",
)  # fmt: skip
"""Sources of the package that take part in a job; the catalogue's numbers have a hash of their own."""


def fingerprint(host: str) -> dict[str, str]:
    """The hashes of today for a host: of its `catalogue` and of the `engine`."""
    return {"catalogue": numbers_hash(host), "engine": _sources_hash()}


@cache
def numbers_hash(host: str) -> str:
    """The hash of the numbers that a host has."""
    return catalogue_of(host).hash_of_numbers(host_named(host).species)


def stale(content: Mapping[str, Any], now: Mapping[str, str]) -> str:
    """Why something that was kept is not that of the model of today; empty where it is.

    content : its `date`, its `model`, and `stale` where it was marked so; now : the hashes of today
    """
    if "stale" in content:
        return str(content["stale"])
    changed = [name for name, value in now.items() if content["model"].get(name) != value]
    return f"was made on {content['date']} with another {' and '.join(changed)}" if changed else ""


def with_sources(sums: Any) -> Any:
    """A hash, further fed with the sources."""
    root = Path(str(resources.files("tmesim")))
    for path in sorted(_sources(root)):
        data = code(path.read_text(encoding="utf-8")).encode()
        sums.update(f"{path.relative_to(root).as_posix()} {len(data)}\n".encode() + data)
    return sums


def code(source: str) -> str:
    """What a module does, without comments, docstrings and layout."""
    tree = ast.parse(source)
    for node in ast.walk(tree):
        body = getattr(node, "body", None)
        if isinstance(body, list):
            node.body = [each for each in body if not _is_text(each)]  # type: ignore[attr-defined]
    return ast.dump(tree)


def _is_text(node: ast.AST) -> bool:
    return isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant) and isinstance(node.value.value, str)


@cache
def _sources_hash() -> str:
    return with_sources(hashlib.sha256()).hexdigest()


def _sources(root: Path) -> Iterator[Path]:
    for name in ENGINE:
        yield from (root / name).rglob("*.py") if (root / name).is_dir() else [root / name]
