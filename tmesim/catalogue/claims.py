"""The ids of the seed documents' claims, which evidence may name."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from typing import NamedTuple

from tmesim.catalogue.files import CLAIMS, UNMODELED, packaged
from tmesim.catalogue.frozen import frozendict


class Claim(NamedTuple):
    """A claim of the seed documents; its statement is in `seeds/claims.yaml`."""

    group: str
    priority: str


@cache
def claims() -> Mapping[str, Claim]:
    """The ids that evidence may name."""
    return frozendict({name: Claim(**entry) for name, entry in packaged(CLAIMS).data.items()})


@cache
def unmodeled() -> Mapping[str, str]:
    """Why no entry of the catalogue expresses a claim, by its id."""
    return frozendict(packaged(UNMODELED).data)
