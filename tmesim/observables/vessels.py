"""The vessels within the tumor: how many, how many carry flow, how well covered."""

import numpy as np

from tmesim.observables.observable import Observable, mean, ratio
from tmesim.observables.reading import Reading


def density(now: Reading) -> float:
    """Perfused vessel sites within the tumor, 1/mm²."""
    section = now.section
    return ratio(int(np.count_nonzero(section.maps["vessels.perfused"] & section.region)), section.region_mm2)


def perfused_fraction(now: Reading) -> float:
    """Share of the segments within the tumor that carry flow."""
    y, x = now.section.sites("endothelial")
    inside = now.section.region[y, x]
    flows = now.section.maps["vessels.perfused"][y, x]
    return ratio(int(np.count_nonzero(flows & inside)), int(np.count_nonzero(inside)))


def pericyte_cover(now: Reading) -> float:
    """Mean over the segments within the tumor."""
    inside = now.section.region[now.section.sites("endothelial")]
    return mean(now.section.state("pericytes", "endothelial")[inside])


ENTRIES = (
    Observable(
        "vessel_density", "perfused vessels in the tumor", "1/mm²",
        "Perfused vessel sites within the tumor, for each mm² of it.", density,
    ),
    Observable(
        "perfused_fraction", "perfused share of vessels", "fraction",
        "Share of the endothelial segments within the tumor that carry flow.", perfused_fraction,
    ),
    Observable(
        "pericyte_cover", "pericyte cover", "score 0-1",
        "Mean pericyte cover of the endothelial segments within the tumor.", pericyte_cover,
    ),
)  # fmt: skip
