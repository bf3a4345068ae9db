"""Lesion: how much more of it there is than the patch shows.

A patch is a section, SITE_UM thick. It stands for a ball whose equator has the area A of the patch's tumor, or whose
radius R is stated:  the lesion holds  (4/3 π R³) / (A · SITE_UM)  times what the section does, 4 R / (3 · SITE_UM)  of
the ball. Nothing in it hangs on the size of the box.
"""

from __future__ import annotations

import math
from typing import Any, cast

from tmesim.kernels.arrays import SITE_UM
from tmesim.section import Section
from tmesim.tissue.process import Patch

UM2 = 1e6  # µm² in a mm²


def sections_in(area_mm2: float, radius_um: float | None = None) -> float:
    """How many times a lesion holds what its section with an area does; never less than the section itself."""
    if area_mm2 <= 0:
        return 1.0
    radius = math.sqrt(area_mm2 * UM2 / math.pi) if radius_um is None else radius_um
    return max(4 / 3 * math.pi * radius**3 / (area_mm2 * UM2 * SITE_UM), 1.0)


def lesion_over_section(tissue: Patch) -> float:
    """How many times the lesion of a patch holds what the patch's tumor does."""
    area = Section.of(cast(Any, tissue)).region_mm2
    return sections_in(area, tissue.surroundings.lesion_um)
