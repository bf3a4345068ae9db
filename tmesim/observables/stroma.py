"""The stroma: macrophages, fibroblasts and the matrix around them."""

import numpy as np

from tmesim.observables.observable import Observable, mean, mean_within, ratio
from tmesim.observables.reading import NAN, Reading
from tmesim.section import RIM_UM, around


def m2_share(now: Reading) -> float:
    """M2 among the macrophages."""
    return ratio(now.section.count("m2"), now.section.count("m1", "m2"))


def caf_share(now: Reading) -> float:
    """CAF among the fibroblasts."""
    return ratio(now.section.count("caf"), now.section.count("caf", "fibroblast"))


def ecm_rim(now: Reading) -> float:
    """Mean density of the matrix in the rim; NaN where there is no such map."""
    section = now.section
    return mean(section.maps["matrix.ecm"][section.rim]) if "matrix.ecm" in section.maps else NAN


def fat_fraction(now: Reading) -> float:
    """Sites outside the tumor that adipocytes fill."""
    section = now.section
    return ratio(section.area("adipocyte"), section.region.size - section.region_sites.size)


def adipocyte_density(now: Reading) -> float:
    """Per mm² outside the tumor."""
    section = now.section
    outside = section.region.size - section.region_sites.size
    return ratio(section.count("adipocyte"), outside * section.site_mm2)


def caf_at_front(now: Reading) -> float:
    """CAF within RIM_UM of the edge of the tumor, to either side."""
    section = now.section
    deep = around(~section.region, max(1, round(RIM_UM / section.spacing_um))) == 0
    front = (section.region & ~deep) | section.rim
    return ratio(int(np.count_nonzero(front[section.sites("caf")])), section.count("caf"))


def fiber_tangency(now: Reading) -> float:
    """Mean of −r cos 2(θ − φ) over the rim, φ being the direction from the middle of the tumor."""
    section = now.section
    if "matrix.fiber_cos" not in section.maps or not section.region.any():
        return NAN
    y, x = np.nonzero(section.rim)
    middle_y, middle_x = (float(at.mean()) for at in np.nonzero(section.region))
    turn = 2 * np.arctan2(y - middle_y, x - middle_x)
    cos, sin = (section.maps[f"matrix.fiber_{part}"][y, x] for part in ("cos", "sin"))
    return mean(-(cos * np.cos(turn) + sin * np.sin(turn)))


ENTRIES = (
    Observable("m2_share", "M2 share of macrophages", "fraction", "M2 among M1 and M2 macrophages.", m2_share),
    Observable(
        "caf_share", "cancer-associated share of fibroblasts", "fraction", "CAF among fibroblasts and CAF.", caf_share,
    ),
    Observable(
        "ecm_in_tumor", "matrix in the tumor", "density 0-1",
        "Mean density of the extracellular matrix within the tumor.", mean_within("matrix", "ecm"),
    ),
    Observable(
        "ecm_rim", "matrix in the rim", "density 0-1",
        f"Mean density of the extracellular matrix within {RIM_UM:g} µm outside the tumor.", ecm_rim,
    ),
    Observable(
        "fat_fraction", "fat share of the host tissue", "fraction",
        "Share of the area outside the tumor that adipocytes fill.", fat_fraction,
    ),
    Observable(
        "adipocyte_density", "adipocytes in the host tissue", "1/mm²", "Adipocytes per mm² outside the tumor.",
        adipocyte_density,
    ),
    Observable(
        "caf_at_front", "share of CAF at the front", "fraction",
        f"Share of CAF within {RIM_UM:g} µm of the edge of the tumor, to either side.", caf_at_front,
    ),
    Observable(
        "fiber_tangency", "fibers along the edge", "score",
        "Order of the fibers in the rim: 1 all around the tumor, 0 all ways, -1 all away from it.", fiber_tangency,
    ),
)  # fmt: skip
