"""Tumor cells away from home: how many came, how many are in the tissue alone, and how many have founded a lesion."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import TYPE_CHECKING

import numpy as np
from scipy import ndimage

from tmesim.observables.observable import Observable
from tmesim.observables.reading import Reading
from tmesim.section import Section

if TYPE_CHECKING:
    from tmesim.catalogue.models import Field

LESION_CELLS = 10
"""Tumor cells from which on a group of them is a lesion, not a few cells that may yet die."""

GAP_UM = 30.0
"""Tumor cells at most this far apart, in x and in y, belong to one group, µm."""

ASLEEP = 0.5
"""Dormancy from which on a cell counts as asleep: it divides at a fifth of its rate or less."""


def _groups(section: Section) -> tuple[np.ndarray, np.ndarray]:
    """The group of each tumor cell, (cells,) int64 from 1 on in the order of the section, and the cells of each group,
    (1 + groups,) int64, of which the first is of none."""
    y, x = section.sites("tumor")
    held = np.zeros(section.shape, bool)
    held[y, x] = True
    reach = max(round(GAP_UM / section.spacing_um), 1)
    # sites whose cells are at most `reach` apart touch when each is widened by half of it
    wide = ndimage.maximum_filter(np.kron(held, np.ones((2, 2), bool)), size=2 * reach - 1)
    labels, number = ndimage.label(wide, structure=np.ones((3, 3), bool))
    mine = labels[0::2, 0::2][y, x].astype(np.int64)
    return mine, np.bincount(mine, minlength=number + 1)


def group_sizes(section: Section) -> np.ndarray:
    """Tumor cells in each group of them, (groups,) int64, largest first."""
    return np.sort(_groups(section)[1][1:])[::-1]


def lesions(now: Reading) -> float:
    """Groups of LESION_CELLS tumor cells or more."""
    return float(np.count_nonzero(group_sizes(now.section) >= LESION_CELLS))


def lone_cells(now: Reading) -> float:
    """Tumor cells in groups too small to be lesions."""
    sizes = group_sizes(now.section)
    return float(sizes[sizes < LESION_CELLS].sum())


def dormant(now: Reading) -> float:
    """Of the tumor cells outside of lesions those that are asleep; NaN where cells do not know of sleep."""
    section = now.section
    if "state.dormancy" not in section.cells:
        return math.nan
    mine, sizes = _groups(section)
    asleep = section.state("dormancy", "tumor") >= ASLEEP
    return float(np.count_nonzero(asleep & (sizes[mine] < LESION_CELLS)))


def arrivals(now: Reading) -> float:
    """Tumor cells that the capillaries of the patch have held."""
    return now.counter("arrivals")


def extravasated(now: Reading) -> float:
    """Of the cells that came, the share that has come out into the tissue; NaN where none came."""
    came = arrivals(now)
    return now.counter("extravasations") / came if came else math.nan


def tumor_cells(now: Reading) -> float:
    """Tumor cells in the tissue."""
    return float(now.section.count("tumor"))


def sampled(name: str) -> Callable[[Reading], float]:
    """Reads what a sample of blood shows; NaN where no tumor cell could go anywhere."""
    return lambda now: float(now.sample.get(name, math.nan))


def in_organ(organ: str, entry: Observable) -> Observable:
    """An observable of the tissue as that of an organ beside it; NaN of an organ that an arm has not."""

    def read(now: Reading) -> float:
        return float(entry.function(now.organs[organ])) if organ in now.organs else math.nan

    meaning = f"In the patch of the {organ.replace('_', ' ')}: {entry.meaning[:1].lower()}{entry.meaning[1:]}"
    return Observable(f"{organ}.{entry.name}", f"{entry.label}, {organ.replace('_', ' ')}", entry.unit, meaning, read)


def borne(name: str, field: Field) -> Observable:
    """The level of a field in the blood of organs beside a tumor; 0 where there is none."""
    return Observable(
        f"{name}_in_blood", f"{field.label} in the blood", field.unit,
        f"Level of the field {name} that the primary tumor gives to the blood, by the cells of its lesion.",
        lambda now: now.sample.get(f"{name}_in_blood", 0.0) if now.sample else math.nan,
    )  # fmt: skip


ENTRIES = (
    Observable(
        "arrivals", "tumor cells that came", "cells",
        "Tumor cells, injected or shed, that the capillaries of the patch have held since the start.", arrivals,
    ),
    Observable(
        "extravasated", "share of them that came out into the tissue", "fraction",
        "Tumor cells that have left their capillary for the tissue, over those that came.", extravasated,
    ),
    Observable(
        "lesions", "lesions", "lesions",
        f"Groups of at least {LESION_CELLS} tumor cells, of which none is more than {GAP_UM:g} µm from the next.",
        lesions,
    ),
    Observable(
        "lone_cells", "tumor cells outside of lesions", "cells",
        f"Tumor cells in groups of fewer than {LESION_CELLS}.", lone_cells,
    ),
    Observable(
        "dormant", "lone tumor cells asleep", "cells",
        f"Tumor cells in groups of fewer than {LESION_CELLS} whose dormancy is {ASLEEP:g} or more.", dormant,
    ),
)  # fmt: skip

OF_ORGANS = (
    *ENTRIES,
    Observable("n_tumor", "tumor cells", "cells", "Living tumor cells in the tissue.", tumor_cells),
)
"""What is read of each organ beside the tissue, as `<organ>.<name>`."""

OF_BLOOD = (
    Observable(
        "ctc", "circulating tumor cells in a sample", "cells",
        "Tumor cells, single or in clusters, each counted once, that an assay finds in a sample of blood.",
        sampled("ctc"),
    ),
    Observable(
        "ctc_clusters", "clusters of them in a sample", "clusters",
        "Clusters of tumor cells that an assay finds in a sample of blood.", sampled("ctc_clusters"),
    ),
    Observable(
        "ctc_positive", "probability of a positive liquid biopsy", "fraction",
        "Probability that a sample of blood is called positive: at least so many cells, false ones among them.",
        sampled("ctc_positive"),
    ),
    Observable(
        "cec", "circulating endothelial cells in a sample", "cells",
        "Endothelial cells, of the vessels that the primary tumor loses and of healthy ones, that an assay finds in a "
        "sample of blood.", sampled("cec"),
    ),
    Observable(
        "cec_positive", "probability of more of them than in health", "fraction",
        "Probability that a sample of blood has more endothelial cells than those of healthy people have.",
        sampled("cec_positive"),
    ),
)  # fmt: skip
"""What is read of the blood of a body with organs beside the tissue."""
