"""On what numbers and rules rest: the statements of the seed documents, and the ground of a number."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from importlib import resources
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tmesim.catalogue.changes import SET
from tmesim.catalogue.derivations import derivations, interval, worked_out
from tmesim.catalogue.works import named, works

if TYPE_CHECKING:
    from tmesim.catalogue import Catalogue
    from tmesim.catalogue.models import Number

NEAR = 2.0
"""A number is near a measurement when it lies within this factor of what is stated."""

GROUNDS = ("source", "named", "bounded", "assumed", "definition", "none")
"""The grounds of a number, as `ground` tells them."""


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


def cited(number: Number, host: str) -> bool:
    """Whether the value of a number for a host is cited: nothing of it is assumed, and a text of that host names, by
    authors and year, a work that has an identifier and was looked up, and not as recalled."""
    texts = [text for text in number.texts_at(host) if "as recalled" not in text]
    return not number.assumed_at(host) and any(works()[name].citable for name in named(texts))


def near(c: Catalogue, path: str, host: str) -> bool:
    """Whether a number lies within a factor of `NEAR` of what works state that were looked up, by its derivation; one
    that a scenario has set has none, and figures that are all assumed are no measurement."""
    derivation, number = derivations().get(path, {}).get(host), c.number(path)
    if derivation is None or SET in number.source or set(derivation.stated) <= set(derivation.assumed):
        return False
    if not any(works()[name].citable for name in derivation.works):
        return False
    low, high = interval(c, path, host)
    if not (derivation.low and derivation.high):
        low = high = worked_out(c, path, host, derivation.formula or derivation.low or derivation.high)
    return low / NEAR <= number.at(host) <= high * NEAR


def ground(c: Catalogue, path: str, host: str) -> str:
    """On what the value of a number for a host rests.

    `source` (see `cited`); `named` (a work or a drug's label is named, but was not looked up or has no identifier);
    `bounded` (assumed, near a measurement: see `near`); `assumed`; `definition` (true by construction); `none`
    (without a note, or set by a scenario).
    """
    number = c.number(path)
    texts = number.texts_at(host)
    if not texts or texts == (SET,):
        return "none"
    if number.assumed_at(host):
        return "bounded" if near(c, path, host) else "assumed"
    if any(text.startswith("definition") for text in texts):
        return "definition"
    return "source" if cited(number, host) else "named"
