"""The tumor: its size, growth and oxygen, and the states of its cells."""

import math

import numpy as np

from tmesim.observables.observable import Observable, count_of, mean_state, ratio, share_above
from tmesim.observables.reading import NAN, Reading

HYPOXIC_MMHG = 10.0
"""Below this a tumor cell counts as hypoxic, mmHg; the usual limit of electrode studies (Vaupel et al. 2007 Antioxid
Redox Signal 9:1221, doi:10.1089/ars.2007.1628)."""


def growth_rate(now: Reading) -> float:
    """ln(N / N₀) over the days between, 1/day."""
    cells, then = now.section.count("tumor"), 0.0 if now.before is None else now.before["n_tumor"]
    return ratio(math.log(cells / then), now.days_since) if cells and then else NAN


def area(now: Reading) -> float:
    """mm²."""
    return now.section.region_mm2


def radius(now: Reading) -> float:
    """Of a disk of that area, µm."""
    return math.sqrt(now.section.region_mm2 / math.pi) * 1000.0


def necrotic_fraction(now: Reading) -> float:
    """Necrotic cells among those and the living ones of the tumor."""
    return ratio(now.section.count("necrotic"), now.section.count("necrotic", "tumor"))


def oxygen_of_cells(now: Reading) -> np.ndarray:
    """mmHg at the site of each tumor cell; empty where there is no such field."""
    if "field.oxygen" not in now.section.maps:
        return np.empty(0)
    return now.section.maps["field.oxygen"][now.section.sites("tumor")]


def hypoxic_fraction(now: Reading) -> float:
    """Share of the tumor cells below HYPOXIC_MMHG."""
    values = oxygen_of_cells(now)
    return ratio(int(np.count_nonzero(values < HYPOXIC_MMHG)), values.size)


def median_oxygen(now: Reading) -> float:
    """mmHg."""
    values = oxygen_of_cells(now)
    return float(np.median(values)) if values.size else NAN


def emt_high_fraction(now: Reading) -> float:
    """Share of the tumor cells with an EMT score above 0.5."""
    return share_above(now.section.state("emt", "tumor"), 0.5)


def stem_like_fraction(now: Reading) -> float:
    """Share of the tumor cells with a stemness above 0.5."""
    return share_above(now.section.state("stemness", "tumor"), 0.5)


def spent_fraction(now: Reading) -> float:
    """Share of the tumor cells that have no division left; NaN where they are not counted."""
    section = now.section
    if "potential" not in section.cells:
        return NAN
    left = section.cells["potential"][section.rows("tumor")]
    return ratio(int(np.count_nonzero(left == 0)), left.size)


def clones_of(now: Reading) -> np.ndarray:
    """Tumor cells of each clone that has any, (clones,)."""
    section = now.section
    if "clone" not in section.cells:
        return np.empty(0, np.int64)
    return np.unique(section.cells["clone"][section.rows("tumor")], return_counts=True)[1]


def clone_diversity(now: Reading) -> float:
    """Inverse of the chance that two tumor cells are of one clone (Simpson): as many clones of equal size."""
    sizes = clones_of(now)
    return ratio(float(sizes.sum()) ** 2, float((sizes.astype(np.float64) ** 2).sum()))


def antigen_negative_fraction(now: Reading) -> float:
    """Share of the tumor cells that carry no antigen."""
    section = now.section
    if "antigens" not in section.cells:
        return NAN
    carried = section.cells["antigens"][section.rows("tumor")]
    some = carried if carried.ndim == 1 else carried.any(axis=1)
    return ratio(int(np.count_nonzero(some == 0)), some.size)


def mhc_loss_fraction(now: Reading) -> float:
    """Share of the tumor cells that have lost MHC class I."""
    return share_above(now.section.state("mhc_loss", "tumor"), 0.5)


SIZE = (
    Observable("tumor_burden", "tumor cells", "cells", "Living tumor cells in the patch.", count_of("tumor")),
    Observable(
        "growth_rate", "net growth of the tumor", "1/day",
        "Change of the logarithm of the tumor burden over the last day.", growth_rate,
    ),
    Observable(
        "tumor_area", "tumor area", "mm²",
        "Area within the tumor: sites around which a third of the sites within 30 µm hold tumor or necrosis.", area,
    ),
    Observable("tumor_radius", "tumor radius", "µm", "Radius of the disk of the tumor's area.", radius),
    Observable(
        "necrotic_fraction", "necrotic fraction", "fraction",
        "Necrotic cells among necrotic and living tumor cells.", necrotic_fraction,
    ),
    Observable(
        "hypoxic_fraction", "hypoxic fraction", "fraction",
        f"Tumor cells at less than {HYPOXIC_MMHG:g} mmHg of oxygen.", hypoxic_fraction,
    ),
    Observable(
        "tumor_oxygen", "oxygen of tumor cells", "mmHg", "Median oxygen at the sites of tumor cells.", median_oxygen,
    ),
)  # fmt: skip

HEREDITY = (
    Observable(
        "clone_count", "clones", "clones", "Clones that tumor cells belong to.", lambda now: float(clones_of(now).size),
    ),
    Observable(
        "clone_diversity", "diversity of clones", "clones",
        "Inverse Simpson index: how many clones of equal size would be as diverse.", clone_diversity,
    ),
    Observable(
        "antigen_negative_fraction", "antigen-negative share", "fraction",
        "Tumor cells that carry none of the antigens.", antigen_negative_fraction,
    ),
    Observable(
        "mhc_loss_fraction", "MHC-negative share", "fraction", "Tumor cells that have lost MHC class I for good.",
        mhc_loss_fraction,
    ),
)  # fmt: skip

STATES = (
    Observable("emt_mean", "EMT score", "score 0-1", "Mean EMT score of tumor cells.", mean_state("emt", "tumor")),
    Observable(
        "emt_high_fraction", "mesenchymal share", "fraction", "Tumor cells with an EMT score above 0.5.",
        emt_high_fraction,
    ),
    Observable(
        "stemness_mean", "stemness", "score 0-1", "Mean stemness of tumor cells.", mean_state("stemness", "tumor"),
    ),
    Observable(
        "stem_like_fraction", "stem-like share", "fraction", "Tumor cells with a stemness above 0.5.",
        stem_like_fraction,
    ),
    Observable(
        "spent_fraction", "spent share", "fraction", "Tumor cells that have made all their divisions.", spent_fraction,
    ),
    Observable(
        "pdl1_mean", "PD-L1 of tumor cells", "score 0-1", "Mean PD-L1 of tumor cells.", mean_state("pdl1", "tumor"),
    ),
)  # fmt: skip
