"""At most six kinds of things in the legend of a class: cell types by what they are to the tumor, and vessels."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from tmesim.drawing.palette import ARM_COLORS, PERFUSED

if TYPE_CHECKING:
    from tmesim.catalogue import Catalogue


class Group(NamedTuple):
    """A kind in the legend. name : its word is `group.<name>`. color : of the catalogue or the palette, told apart
    without red and green. shape : square, tube or disc"""

    name: str
    color: str
    shape: str


GROUPS = (
    Group("tumor", "#DE960C", "square"),
    Group("dead", "#312F32", "square"),
    Group("host", "#EBDCCB", "square"),
    Group("vessel", PERFUSED, "tube"),
    Group("attack", ARM_COLORS[1], "disc"),
    Group("restrain", ARM_COLORS[3], "disc"),
)
NAMES = tuple(group.name for group in GROUPS)

RESTRAINING = ("treg", "breg", "mdsc", "m2", "neutrophil_n2")
"""Immune cells that hold others back or help the tumor; all others attack, or call those that do."""

BASE = {"tumor": 1, "dead": 2, "host": 3}
ROUND = {"attack": 1, "restrain": 2, "tumor": 3}
VESSEL_BITS, ROUND_BITS = 2, 4
"""A byte of the raster: BASE in bits 0 and 1, the vessel in 2 and 3 (1 without flow, 2 with), ROUND in 4 and 5. A round
tumor cell is one that a capillary holds."""

EMPTY = "#F6F8F9"
"""What shows where nobody is."""


def tumor_types(catalogue: Catalogue) -> tuple[str, ...]:
    """Cell types that are the tumor's: malignant, or about to be that where they come out of a vessel."""
    malignant = {name for name, cell in catalogue.cells.items() if cell.malignant}
    return tuple(name for name, cell in catalogue.cells.items() if {name, cell.emerges} & malignant)


def group_of(name: str, catalogue: Catalogue) -> str:
    """The group of a cell type."""
    cell = catalogue.cells[name]
    if cell.layer == "vessel":
        return "vessel"
    if name in tumor_types(catalogue):
        return "tumor"
    if cell.layer == "leukocyte":
        return "restrain" if name in RESTRAINING else "attack"
    return "dead" if name == "necrotic" else "host"


def codes_of(types: Sequence[str], catalogue: Catalogue) -> tuple[np.ndarray, np.ndarray]:
    """What the maps `tissue` and `leukocyte` of a frame stand for in a raster, (256,) uint8 each: 1 + index of a type →
    BASE, or ROUND."""
    base, disc = np.zeros(256, np.uint8), np.zeros(256, np.uint8)
    for code, name in enumerate(types, start=1):
        group = group_of(name, catalogue)
        base[code], disc[code] = BASE.get(group, 0), ROUND.get(group, 0)
    return base, disc


def raster(
    tissue: np.ndarray, leukocyte: np.ndarray, vessel: np.ndarray, codes: tuple[np.ndarray, np.ndarray]
) -> np.ndarray:
    """A byte a site of what a picture shows there, of maps of any shape."""
    base, disc = codes
    return base[tissue] | (np.minimum(vessel, 2) << VESSEL_BITS) | (disc[leukocyte] << ROUND_BITS)


def groups_in(codes: np.ndarray) -> set[str]:
    """The groups that occur in rasters."""
    there = np.unique(codes)
    found = {name for name, code in BASE.items() if (there & 3 == code).any()}
    found |= {name for name, code in ROUND.items() if (there >> ROUND_BITS == code).any()}
    return found | ({"vessel"} if (there >> VESSEL_BITS & 3 > 0).any() else set())
