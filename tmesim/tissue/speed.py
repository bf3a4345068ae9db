"""Speed: how fast cells can get, which says how many sweeps a step needs, and how gradients are read."""

from __future__ import annotations

import numpy as np

from tmesim.kernels.arrays import SITE_UM
from tmesim.tissue.process import Setting


def fastest(setting: Setting, layer: str) -> float:
    """The highest speed that the rules allow to a cell of a layer, µm/min."""
    biology, top_speed = setting.biology, 0.0
    rules = biology.rules
    for cell in biology.types:
        if setting.catalogue.cells[cell].layer == layer and (cell, "speed") in biology.slots:
            b = biology.index(cell, "speed")
            groups = rules.groups[rules.group_first[b] : rules.group_first[b + 1]]
            top = np.maximum.reduce([groups["base"], groups["highest"], groups["lowest"]])
            factor = float(biology.clone_factor[:, b].max() * biology.constant[b])
            top_speed = max(top_speed, float(np.prod(top)) * factor)
    return top_speed


def gradient_reading(setting: Setting) -> tuple[float, float]:
    """The relative rise over a site at which half of the cells read a direction, and the level that it takes."""
    half = setting.number("leukocytes", "gradient_half") * setting.spacing / SITE_UM
    return half, setting.number("leukocytes", "gradient_floor")
