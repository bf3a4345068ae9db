"""The attack on the tumor: cytotoxic T cells, where they are, in which state, and what they kill."""

import numpy as np

from tmesim.observables.observable import Observable, counter_of, mean, mean_state, ratio
from tmesim.observables.reading import NAN, Reading


def density(now: Reading) -> float:
    """Cytotoxic T cells within the tumor, 1/mm²."""
    return ratio(now.section.within("ctl"), now.section.region_mm2)


def infiltration(now: Reading) -> float:
    """Share of the cytotoxic T cells that are within the tumor."""
    return ratio(now.section.within("ctl"), now.section.count("ctl"))


def ctl_to_treg(now: Reading) -> float:
    """Within the tumor, half a cell added to either; NaN without a tumor."""
    section = now.section
    return (section.within("ctl") + 0.5) / (section.within("treg") + 0.5) if section.region_sites.size else NAN


def engaged(now: Reading) -> float:
    """Share of the cytotoxic T cells in a synapse."""
    return mean((now.section.cells["target"][now.section.rows("ctl")] != 0).astype(np.float32))


def kills_per_ctl(now: Reading) -> float:
    """Kills since the earlier moment, for each of the cells that there were on average and day, 1/day."""
    if now.before is None:
        return NAN
    attackers = 0.5 * (now.section.count("ctl") + now.before["n_ctl"])
    return ratio(now.counter("kills") - now.before["kills"], attackers * now.days_since)


def reactive_ctl(now: Reading) -> float:
    """Primed cytotoxic T cells in the blood of the host; NaN where its blood is not known."""
    return float(now.reactive["ctl"].sum()) if "ctl" in now.reactive else NAN


def clones(now: Reading) -> float:
    """How many clones of equal size would be as diverse as those of `reactive_ctl`: (Σn)² / Σn²; NaN without any."""
    return clones_of(now.reactive.get("ctl", np.empty(0)))


def clones_of(sizes: np.ndarray) -> float:
    """The inverse Simpson index of clones of some sizes, NaN of nothing."""
    return ratio(float(sizes.sum()) ** 2, float((sizes**2).sum()))


ENTRIES = (
    Observable(
        "ctl_density", "cytotoxic T cells in the tumor", "1/mm²",
        "Cytotoxic T cells within the tumor, for each mm² of it.", density,
    ),
    Observable(
        "ctl_infiltration", "infiltrating share of cytotoxic T cells", "fraction",
        "Share of the cytotoxic T cells of the patch that are within the tumor.", infiltration,
    ),
    Observable(
        "ctl_to_treg", "ratio of cytotoxic to regulatory T cells", "ratio",
        "Cytotoxic for each regulatory T cell within the tumor; half a cell is added to both counts, "
        "so that it is defined without regulatory cells.", ctl_to_treg,
    ),
    Observable(
        "engaged_ctl", "engaged share of cytotoxic T cells", "fraction",
        "Share of the cytotoxic T cells that hold a target now.", engaged,
    ),
    Observable(
        "exhaustion_mean", "exhaustion of cytotoxic T cells", "score 0-1", "Mean exhaustion of cytotoxic T cells.",
        mean_state("exhaustion", "ctl"),
    ),
    Observable("kills", "cells killed", "cells", "Cells killed by attackers since the start.", counter_of("kills")),
    Observable(
        "kills_per_ctl", "kills per cytotoxic T cell", "1/day",
        "Cells killed over the last day for each cytotoxic T cell of the patch.", kills_per_ctl,
    ),
    Observable(
        "reactive_ctl_in_blood", "tumor-reactive cytotoxic T cells in the blood", "cells",
        "Cytotoxic T cells against the tumor that the lymph node has primed and the blood of the host holds.",
        reactive_ctl,
    ),
    Observable(
        "clones_in_blood", "tumor-reactive clones in the blood", "clones",
        "Inverse Simpson index: how many clones of equal size would be as diverse as those of the tumor-reactive "
        "cytotoxic T cells in the blood.", clones,
    ),
)  # fmt: skip
