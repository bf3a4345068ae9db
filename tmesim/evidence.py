"""On what numbers and rules rest: the statements of the seed documents, and the ground of a number."""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import cache
from importlib import resources
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from tmesim.catalogue.models import Number

CITATION = re.compile(r"\bdoi:|\bPMID |\bPMC\d|\b(18|19|20)\d\d [A-Z]\w*|\b(label|product information)\b")
"""A paper (year and journal, or an identifier) or a drug's label in the text of a source."""


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
    """On what a number rests.

    `source`; `bounded` (assumed, but its text cites a measurement that it lies near or that limits it); `assumed`;
    `definition` (true by construction); `none`.
    """
    if not number.source:
        return "none"
    if number.assumed:
        return "bounded" if any(CITATION.search(text) for text in number.source) else "assumed"
    return "definition" if all(text.startswith("definition") for text in number.source) else "source"
