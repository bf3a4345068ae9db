"""The identity of a state: one hash for equal states."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping

import numpy as np

from tmesim.catalogue import Catalogue
from tmesim.catalogue.compile import Biology
from tmesim.tissue.cells import COLUMNS

UNHASHED = ("arm", "counters", "ledger")  # what will be done and was counted, not what is


def digest(state: Mapping[str, np.ndarray], biologies: Mapping[str, Biology], catalogue: Catalogue) -> str:
    """SHA-256 of a state, as `Body.state` gives it, in canonical order.

    Cell types count by their place in the whole catalogue, and what is 0 everywhere counts as if it were not there, so
    that the hash does not hang on what more there could be. biologies : of each site
    """
    found = hashlib.sha256()
    for name, array in sorted(_parts(state, biologies, catalogue)):
        found.update(name.encode())
        found.update(str(array.dtype).encode() + str(array.shape).encode() + np.ascontiguousarray(array).tobytes())
    return found.hexdigest()


def _parts(
    state: Mapping[str, np.ndarray], biologies: Mapping[str, Biology], catalogue: Catalogue
) -> Iterator[tuple[str, np.ndarray]]:
    """The arrays that make up the identity, each under a name of its own."""
    for name, array in state.items():
        site, _, part = name.rpartition(":")
        if part.split(".")[0] in UNHASHED:
            continue
        if part == "cells.type":
            place = np.array([list(catalogue.cells).index(cell) for cell in biologies[site].types], np.int64)
            yield name, place[array]
        elif part == "cells.state":
            columns = zip(biologies[site].states, array.T, strict=False)
            yield from ((f"{name}.{which}", column) for which, column in columns if column.any())
        elif part == "cells.core":
            yield from ((f"{name}.{which}", array[which]) for which in COLUMNS if which != "stamp")
        elif not part.startswith("fields.") or array.any():
            yield name, array
