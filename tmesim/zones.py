"""The zones of a section: inside the tumor, its rim and core, the host tissue around it, and that outside."""

from __future__ import annotations

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
    inside = binary_fill_holes(section.region)
    beyond = np.pad(inside, 1, mode="edge")
    depth = distance_transform_edt(beyond)[1:-1, 1:-1] * spacing if not inside.all() else np.full(inside.shape, np.inf)
    away = distance_transform_edt(~inside) * spacing if inside.any() else np.full(inside.shape, np.inf)
    rim, around = inside & (depth <= MARGIN_UM), ~inside & (away <= MARGIN_UM)
    return {
        "inside": inside, "rim": rim, "core": inside & ~rim,
        "around": around, "outside": ~inside & ~around, "margin": rim | around,
    }  # fmt: skip
