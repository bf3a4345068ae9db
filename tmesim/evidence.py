"""On what numbers and rules rest: the statements of the seed documents, and the ground of a number."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from importlib import resources
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from tmesim.catalogue.models import Number


@cache
def statements() -> Mapping[str, Mapping[str, Any]]:
    """The claims of the seed documents by id, with statement, places and observable; empty if not installed."""
    import yaml

    package = Path(str(resources.files("tmesim")))
    for folder in (package / "seeds", package.parent / "seeds"):
        file = folder / "claims.yaml"
        if file.is_file():
            loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
            return {entry["id"]: entry for entry in yaml.load(file.read_text(encoding="utf-8"), loader)}
    return {}


def ground(number: Number) -> str:
    """On what a number rests: `assumed`, `definition` (true by construction), `source`, or `none`."""
    if not number.source:
        return "none"
    if number.assumed:
        return "assumed"
    return "definition" if all(text.startswith("definition") for text in number.source) else "source"
