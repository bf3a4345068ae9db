"""The zones of a section: inside the tumor, its rim and core, the host tissue around it, and that outside."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from tmesim.section import Section

MARGIN_UM = 100.0
"""The rim reaches this far inward from the edge of the tumor, and the tissue around it this far outward, µm."""


def zones_of(section: Section, window: bool = False) -> Mapping[str, np.ndarray]:
    """Masks (ny, nx) bool: `inside`, which `rim` and `core` share; `around`, `outside`; `margin` is rim and around.

    A hole in the tumor lies inside. Where the tumor meets the wall of the patch it goes on beyond it.

    window : the section is one of a window inside a lesion, which is all core
    """
    from scipy.ndimage import binary_fill_holes, distance_transform_edt

    spacing, nothing = section.spacing_um, np.zeros(section.shape, bool)
    if window:
        zones = dict.fromkeys(("rim", "around", "outside"), nothing)
        return zones | {"inside": ~nothing, "core": ~nothing, "margin": nothing}
    region = section.region
    if not region.any():
        return dict.fromkeys(("inside", "rim", "core", "around", "margin"), nothing) | {"outside": ~nothing}
    box = box_of(region, math.ceil(MARGIN_UM / spacing) + 1)  # beyond it all is outside
    inside = binary_fill_holes(region[box])
    beyond = np.pad(inside, 1, mode="edge")
    whole = bool(inside.all())
    depth = np.full(inside.shape, np.inf) if whole else distance_transform_edt(beyond)[1:-1, 1:-1] * spacing
    away = distance_transform_edt(~inside) * spacing
    rim, around = inside & (depth <= MARGIN_UM), ~inside & (away <= MARGIN_UM)
    zones = {"inside": inside, "rim": rim, "core": inside & ~rim, "around": around, "margin": rim | around}
    found = {name: nothing.copy() for name in zones}
    for name, mask in zones.items():
        found[name][box] = mask
    return found | {"outside": ~(found["inside"] | found["around"])}


def box_of(mask: np.ndarray, reach: int) -> tuple[slice, slice]:
    """The rows and columns that hold the true sites of a mask, and so many more to each side as there are."""
    rows, columns = (np.flatnonzero(mask.any(axis)) for axis in (1, 0))
    down, across = (slice(max(int(each[0]) - reach, 0), int(each[-1]) + reach + 1) for each in (rows, columns))
    return down, across
