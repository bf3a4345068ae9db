"""Whether what was kept is what the model of today would give: a hash of the catalogue's numbers, and one of the code
and the versions that decide the bits of a job. Neither sees where a number is from, nor comments and docstrings."""

from __future__ import annotations

import ast
import hashlib
from collections.abc import Iterator
from functools import cache
from importlib import resources
from pathlib import Path

from tmesim.catalogue import catalogue_of
from tmesim.trial.identity import computing_versions

ENGINE = (
    "body", "catalogue", "frames.py", "kernels", "observables", "reading", "recorder.py", "scenario", "section.py",
    "sweeps/jobs.py", "sweeps/places.py", "tissue", "trial/branches.py", "trial/case.py", "trial/replicate.py",
    "units.py", "zones.py",
)  # fmt: skip
"""Sources of the package that take part in a job; the catalogue's numbers have a hash of their own."""


def model(host: str) -> dict[str, str]:
    """What a result of today stands for: hashes of the host's catalogue and of the engine."""
    return {"catalogue": catalogue_of(host).hash_of_numbers, "engine": _engine()}


def changed(kept: dict[str, str], host: str) -> list[str]:
    """Which of them are other ones than when something was kept; none: it is current."""
    return [name for name, now in model(host).items() if kept.get(name) != now]


@cache
def _engine() -> str:
    sums = hashlib.sha256(repr(sorted(computing_versions().items())).encode())
    root = Path(str(resources.files("tmesim")))
    for path in sorted(_sources(root)):
        data = code(path.read_text(encoding="utf-8")).encode()
        sums.update(f"{path.relative_to(root).as_posix()} {len(data)}\n".encode() + data)
    return sums.hexdigest()


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


def _sources(root: Path) -> Iterator[Path]:
    for name in ENGINE:
        yield from (root / name).rglob("*.py") if (root / name).is_dir() else [root / name]
