"""Films: the frames that a run kept of one replicate, of the tissue of an arm and of the organs beside it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from tmesim.frames import MAPS

if TYPE_CHECKING:
    from tmesim.result import Result

LAYERS = ("tissue", "leukocyte")
"""The maps of a film that hold codes of cell types."""


def read(result: Result, arm: str, replicate: int) -> dict[str, np.ndarray]:
    """That of the tissue of an arm; FileNotFoundError of a run that kept none."""
    return _read(result, _file(arm, replicate))


def read_beside(result: Result, arm: str, replicate: int) -> dict[str, dict[str, np.ndarray]]:
    """Those of the organs beside it, by name, as far as the run kept them."""
    files = {place: _file(f"{arm}/{place}", replicate) for place in result.scenario.start_of(arm).organs}
    return {place: _read(result, name) for place, name in files.items() if result.files.holds(name)}


def one_code(films: Sequence[dict[str, np.ndarray]]) -> tuple[str, ...]:
    """Give a cell type the same code in all films, each of which has a list of types of its own; all types."""
    lists = [tuple(str(name) for name in film["types"]) for film in films]
    types = tuple(dict.fromkeys(name for names in lists for name in names))
    for film, names in zip(films, lists, strict=True):
        codes = np.array([0, *(1 + types.index(name) for name in names)], np.uint8)
        film.update({layer: codes[film[layer]] for layer in LAYERS})
    return types


def _file(folder: str, replicate: int) -> str:
    return f"frames/{folder}/replicate_{replicate:03d}.npz"


def _read(result: Result, name: str) -> dict[str, np.ndarray]:
    if not result.files.holds(name):
        raise FileNotFoundError(f"this run kept no frames for a movie: {result.path / name} is missing")
    return result.arrays(name, (*MAPS, "hour", "types", "spacing_um"))
