"""The stroma: macrophages, fibroblasts and the matrix around them."""

from tmesim.observables.observable import Observable, mean, mean_within, ratio
from tmesim.observables.reading import NAN, Reading
from tmesim.section import RIM_UM


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
)  # fmt: skip
