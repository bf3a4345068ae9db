"""How much of the patch the tumor fills, and so how much the patch limits it."""

import numpy as np

from tmesim.observables.observable import Observable
from tmesim.observables.reading import Reading


def region_fraction(now: Reading) -> float:
    """Share of the sites within the tumor."""
    return now.section.region_sites.size / now.section.region.size


def edge_contact(now: Reading) -> float:
    """Share of the outermost sites within the tumor."""
    border = np.ones(now.section.shape, bool)
    border[1:-1, 1:-1] = False
    return float(now.section.region[border].mean())


ENTRIES = (
    Observable(
        "region_fraction", "share of the patch that the tumor covers", "fraction",
        "Area within the tumor over the area of the patch.", region_fraction,
    ),
    Observable(
        "edge_contact", "share of the patch's edge that the tumor reaches", "fraction",
        "Share of the outermost sites of the patch that lie within the tumor.", edge_contact,
    ),
)  # fmt: skip
