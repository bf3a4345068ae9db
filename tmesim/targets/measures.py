"""What a run gives for each target, in the target's unit. A number that has no meaning (no core yet) is NaN."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np

from tmesim.zones import zones_of

if TYPE_CHECKING:
    from tmesim.result import Result
    from tmesim.section import Section

LAST_DAYS = 7.0
"""Rates are means over the last days of a run, or over all of a shorter one."""
SYNTHESIS_H = 11.0
"""Duration of DNA synthesis, h: 9 to 13 in breast tumors of mice (Mendelsohn et al. 1960 J Natl Cancer Inst 25)."""
NECROTIC = 0.01
"""A tumor has necrosis when this share of its cells is necrotic."""
PATCH_UM = 90.0
"""Width of the squares between which patches are told from chance, µm."""

POPULATIONS: Mapping[str, tuple[str, ...]] = {
    "tumor": ("tumor",),
    "cd8": ("ctl",),
    "foxp3": ("treg",),
    "cd68": ("monocyte", "m1", "m2"),
    "fibroblasts": ("fibroblast", "caf"),
    "adipocytes": ("adipocyte",),
}
"""What pathologists count by a marker, and the cell types that bear it; a body over several sites counts once."""
WITHOUT_NUCLEUS = ("necrotic",)
WITHOUT_CTL = "without_ctl"
"""The arm of a host that never has cytotoxic T cells, as the scenario of that name has it beside the intact one."""


class Untreated:
    """An untreated arm of a replicate as of a day: its rows until then, its last section, and the zones of that.

    day : by default the last. The section is the last that was kept at or before it.
    """

    def __init__(self, result: Result, arm: str, replicate: int, day: float | None = None) -> None:
        self.result, self.arm, self.replicate, self.day = result, arm, replicate, day

    @cached_property
    def section(self) -> Section:
        """KeyError when none was kept by then."""
        last = self.result.last_snapshot_day()
        if self.day is not None:
            kept = [day for day in self.result.snapshot_days if day <= self.day + 1 / 24]
            if not kept:
                raise KeyError(f"no snapshot was kept by day {self.day:g}")
            last = kept[-1]
        return self.result.snapshot(last, self.arm, self.replicate)

    @cached_property
    def zones(self) -> Mapping[str, np.ndarray]:
        """As `zones_of`; a window inside a lesion is all core."""
        return zones_of(self.section, window=self.is_window)

    @property
    def is_window(self) -> bool:
        """Whether the patch is a window inside a lesion, whose size it does not show."""
        return self.result.scenario.start_of(self.arm).interior is not None

    def area(self, zone: str) -> float:
        """mm²."""
        return float(self.zones[zone].sum()) * self.section.site_mm2

    def count(self, zone: str, *cells: str) -> int:
        """Cells of some types in a zone, by the site at which they stand."""
        mask = self.zones[zone]
        return sum(int(mask[self.section.sites(cell)].sum()) for cell in cells)

    def density(self, zone: str, *cells: str) -> float:
        """Cells of some types for each mm² of a zone."""
        return ratio(self.count(zone, *cells), self.area(zone))

    def vessels(self, zone: str) -> float:
        """Perfused vessels for each mm² of a zone."""
        flows = self.section.maps["vessels.perfused"].astype(bool)
        return ratio(int((flows & self.zones[zone]).sum()), self.area(zone))

    def mean(self, name: str, zone: str) -> float:
        """Mean of a map over a zone."""
        maps, mask = self.section.maps, self.zones[zone]
        return float(maps[name][mask].mean(dtype=float)) if name in maps and mask.any() else math.nan

    def oxygen(self, zone: str) -> np.ndarray:
        """mmHg at the tumor cells of a zone."""
        maps, (y, x) = self.section.maps, self.section.sites("tumor")
        mine = self.zones[zone][y, x]
        return maps["field.oxygen"][y[mine], x[mine]] if "field.oxygen" in maps else np.empty(0)

    def emt(self, zone: str) -> float:
        """Mean EMT score of the tumor cells of a zone."""
        scores = self.section.state("emt", "tumor")
        mine = self.zones[zone][self.section.sites("tumor")] if scores.size else np.zeros(0, bool)
        return float(scores[mine].mean()) if mine.any() else math.nan

    def until(self, name: str) -> tuple[np.ndarray, np.ndarray]:
        """Days and values of an observable from the start to the day."""
        days, values = self.result.series(name, self.arm)
        known = days <= (days[-1] if self.day is None else self.day) + 1e-9
        return days[known], values[self.replicate][known]

    def over(self, name: str) -> tuple[np.ndarray, np.ndarray]:
        """Days and values of an observable over the last days."""
        days, values = self.until(name)
        last = days >= days[-1] - LAST_DAYS
        return days[last], values[last]

    def beside(self, arm: str) -> Untreated | None:
        """Another arm of the same replicate on the same day; None where the run has none of that name."""
        if arm not in self.result.scenario.arms:
            return None
        return Untreated(self.result, arm, self.replicate, self.day)

    def radii(self, since: float = -math.inf) -> tuple[np.ndarray, np.ndarray]:
        """Days (from one on) and the radius of the section on them; NaN in a window inside a lesion."""
        days, radius = self.until("tumor_radius")
        known = days >= since
        return days[known], np.full(int(known.sum()), np.nan) if self.is_window else radius[known]

    def lately(self) -> tuple[np.ndarray, np.ndarray]:
        """As `radii`, over the last days."""
        return self.radii(self.over("tumor_radius")[0][0])

    @cached_property
    def births(self) -> float:
        """Divisions of tumor cells over the last days."""
        values = self.over("tumor_births")[1]
        return float(values[-1] - values[0])


def ratio(part: float, whole: float) -> float:
    """A share; NaN of nothing."""
    return part / whole if whole > 0 else math.nan


def slope(x: np.ndarray, y: np.ndarray) -> float:
    """Of the line through some points; NaN where they are too few or stand at one x."""
    known = np.isfinite(x) & np.isfinite(y)
    return float(np.polyfit(x[known], y[known], 1)[0]) if np.unique(x[known]).size > 1 else math.nan


# Growth


def cell_loss(seen: Untreated) -> float:
    """1 − net growth / births: the share of births that death of any kind takes away again."""
    burden = seen.over("tumor_burden")[1]
    return 1.0 - ratio(float(burden[-1] - burden[0]), seen.births)


def labelling_index(seen: Untreated) -> float:
    """Births for each cell and hour, times the hours of DNA synthesis: who would take up thymidine."""
    days, burden = seen.over("tumor_burden")
    hours = 24.0 * float(days[-1] - days[0])
    return ratio(seen.births * SYNTHESIS_H, float(burden.mean()) * hours)


def radius_speed(seen: Untreated) -> float:
    """Slope of the radius of the section's area."""
    return slope(*seen.lately())


def volume_growth(seen: Untreated) -> float:
    """Rate at which a ball of the section's radius R grows, 3 d ln R / dt: ln 2 over its doubling time."""
    days, radius = seen.lately()
    return 3.0 * slope(days, np.log(np.where(radius > 0, radius, np.nan)))


def growth_without_ctl(seen: Untreated) -> float:
    """Volume of a ball of the section's radius in the host without cytotoxic T cells, over that in this one."""
    other = seen.beside(WITHOUT_CTL)
    if other is None or seen.arm == WITHOUT_CTL:
        return math.nan
    return ratio(float(other.radii()[1][-1]) ** 3, float(seen.radii()[1][-1]) ** 3)


# Oxygen and necrosis


def host_oxygen(seen: Untreated) -> float:
    """Median oxygen of the sites of host tissue."""
    maps, host = seen.section.maps, seen.zones["outside"]
    return float(np.median(maps["field.oxygen"][host])) if "field.oxygen" in maps and host.any() else math.nan


def hypoxia_by_size(seen: Untreated) -> float:
    """Rise of the hypoxic fraction for each mm of the section's radius, over all of the run."""
    return 1000.0 * slope(seen.radii()[1], seen.until("hypoxic_fraction")[1])


def necrosis_onset(seen: Untreated) -> float:
    """Radius of the section when the first necrosis lies in it; NaN without any."""
    dead = seen.until("necrotic_fraction")[1] > NECROTIC
    return float(seen.radii()[1][dead.argmax()]) if dead.any() else math.nan


def last(name: str) -> Callable[[Untreated], float]:
    """An observable on the day."""
    return lambda seen: float(seen.over(name)[1][-1])


# Who is where


def density_of(population: str, zone: str) -> Callable[[Untreated], float]:
    """Cells of a population for each mm² of a zone."""
    return lambda seen: seen.density(zone, *POPULATIONS[population])


def vessels_of(zone: str) -> Callable[[Untreated], float]:
    """Perfused vessels for each mm² of a zone."""
    return lambda seen: seen.vessels(zone)


def nucleated(seen: Untreated) -> float:
    """Cells with a nucleus, of all types, for each mm² of the tumor."""
    return seen.density("inside", *(cell for cell in seen.section.types if cell not in WITHOUT_NUCLEUS))


def between(density: Callable[[Untreated, str], float], one: str, other: str) -> Callable[[Untreated], float]:
    """A density in one zone over that in another."""
    return lambda seen: ratio(density(seen, one), density(seen, other))


def population_in(*cells: str) -> Callable[[Untreated, str], float]:
    return lambda seen, zone: seen.density(zone, *cells)


def pdl1_patchiness(seen: Untreated) -> float:
    """Variance of PD-L1 between squares of PATCH_UM over that within them (F of the analysis of variance): 1 by chance.

    Of the tumor cells; squares with fewer than 5 of them do not count.
    """
    values = seen.section.state("pdl1", "tumor").astype(float)
    if not values.size:
        return math.nan
    wide = max(1, round(PATCH_UM / seen.section.spacing_um))
    y, x = seen.section.sites("tumor")
    square = (y // wide) * (seen.section.shape[1] // wide + 1) + x // wide
    _, which, sizes = np.unique(square, return_inverse=True, return_counts=True)
    counted = sizes[which] >= 5
    values, (_, which, sizes) = values[counted], np.unique(square[counted], return_inverse=True, return_counts=True)
    free = values.size - sizes.size
    if sizes.size < 2 or free < 1:
        return math.nan
    means = np.bincount(which, values) / sizes
    among = float((sizes * (means - values.mean()) ** 2).sum()) / (sizes.size - 1)
    within = float(((values - means[which]) ** 2).sum()) / free
    return ratio(among, within)


PLACES = ("inside", "margin", "outside")
COUNTED = [(name, place) for name in POPULATIONS for place in PLACES if name != "tumor" or place == "inside"]

COURSES: Mapping[str, Callable[[Untreated], float]] = {
    "tumor_oxygen": last("tumor_oxygen"),
    "hypoxic_fraction": last("hypoxic_fraction"),
    "necrotic_fraction": last("necrotic_fraction"),
    "cell_loss": cell_loss,
    "labelling_index": labelling_index,
}
"""Read off the rows alone, so that each recorded day gives one."""

MEASURES: Mapping[str, Callable[[Untreated], float]] = {
    **COURSES,
    "volume_growth": volume_growth,
    "radius_speed": radius_speed,
    "growth_without_ctl": growth_without_ctl,
    "host_oxygen": host_oxygen,
    "hypoxia_by_size": hypoxia_by_size,
    "necrosis_onset": necrosis_onset,
    "cells_inside": nucleated,
    **{f"{name}_{place}": density_of(name, place) for name, place in COUNTED},
    **{f"vessels_{place}": vessels_of(place) for place in PLACES},
    "cd8_rim_to_core": between(population_in(*POPULATIONS["cd8"]), "rim", "core"),
    "foxp3_rim_to_core": between(population_in(*POPULATIONS["foxp3"]), "rim", "core"),
    "vessels_rim_to_core": between(Untreated.vessels, "rim", "core"),
    "vessels_around_to_inside": between(Untreated.vessels, "around", "inside"),
    "caf_around_to_core": between(population_in("caf"), "around", "core"),
    "ecm_around_to_core": between(lambda seen, zone: seen.mean("matrix.ecm", zone), "around", "core"),
    "emt_rim_to_core": between(Untreated.emt, "rim", "core"),
    "pdl1_patchiness": pdl1_patchiness,
}
