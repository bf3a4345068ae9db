"""What a run gives for each target, in the target's unit. A number that has no meaning (no core yet) is NaN."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from tmesim.result import Result
    from tmesim.section import Section

MARGIN_UM = 100.0
"""The rim reaches this far inward from the edge of the tumor, and host tissue begins this far outward, µm."""
LAST_DAYS = 7.0
"""Rates are means over the last days of a run, or over all of a shorter one."""
SYNTHESIS_H = 11.0
"""Duration of DNA synthesis, h: 9 to 13 in breast tumors of mice (Mendelsohn et al. 1960 J Natl Cancer Inst 25)."""
CD8, FOXP3, CD68 = ("ctl",), ("treg",), ("monocyte", "m1", "m2")


class Untreated:
    """An untreated arm of a replicate: its rows, its last section, and the zones of that."""

    def __init__(self, result: Result, arm: str, replicate: int) -> None:
        self.result, self.arm, self.replicate = result, arm, replicate

    @cached_property
    def section(self) -> Section:
        """The last one that was kept."""
        return self.result.snapshot(self.result.last_snapshot_day(), self.arm, self.replicate)

    @cached_property
    def zones(self) -> Mapping[str, np.ndarray]:
        """Masks (ny, nx): `inside` the tumor, its `rim` and `core`, and `host` tissue away from it."""
        from scipy.ndimage import distance_transform_edt

        region, spacing = self.section.region, self.section.spacing_um
        depth = distance_transform_edt(np.pad(region, 1, mode="edge"))[1:-1, 1:-1] * spacing
        away = distance_transform_edt(~region) * spacing if region.any() else np.full(region.shape, np.inf)
        return {
            "inside": region, "rim": region & (depth <= MARGIN_UM), "core": region & (depth > MARGIN_UM),
            "host": ~region & (away > MARGIN_UM),
        }  # fmt: skip

    def density(self, zone: str, *cells: str) -> float:
        """Cells of some types for each mm² of a zone."""
        mask = self.zones[zone]
        area = float(mask.sum()) * self.section.site_mm2
        return sum(int(mask[self.section.sites(cell)].sum()) for cell in cells) / area if area else math.nan

    def vessels(self, zone: str) -> float:
        """Perfused vessels for each mm² of a zone."""
        mask = self.zones[zone]
        area = float(mask.sum()) * self.section.site_mm2
        return int((self.section.maps["vessels.perfused"].astype(bool) & mask).sum()) / area if area else math.nan

    def emt(self, zone: str) -> float:
        """Mean EMT score of the tumor cells of a zone."""
        scores = self.section.state("emt", "tumor")
        mine = self.zones[zone][self.section.sites("tumor")] if scores.size else np.zeros(0, bool)
        return float(scores[mine].mean()) if mine.any() else math.nan

    def over(self, name: str) -> tuple[np.ndarray, np.ndarray]:
        """Days and values of an observable over the last days."""
        days, values = self.result.series(name, self.arm)
        last = days >= days[-1] - LAST_DAYS
        return days[last], values[self.replicate][last]

    @cached_property
    def births(self) -> float:
        """Divisions of tumor cells over the last days."""
        values = self.over("tumor_births")[1]
        return float(values[-1] - values[0])


def ratio(part: float, whole: float) -> float:
    """A share; NaN of nothing."""
    return part / whole if whole > 0 else math.nan


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
    days, radius = seen.over("tumor_radius")
    return float(np.polyfit(days, radius, 1)[0]) if days.size > 1 else math.nan


def host_oxygen(seen: Untreated) -> float:
    """Median oxygen of the sites of host tissue."""
    maps, host = seen.section.maps, seen.zones["host"]
    return float(np.median(maps["field.oxygen"][host])) if "field.oxygen" in maps and host.any() else math.nan


def last(name: str) -> Callable[[Untreated], float]:
    """An observable on the last day."""
    return lambda seen: float(seen.over(name)[1][-1])


def rim_to_core(*cells: str) -> Callable[[Untreated], float]:
    """Density of cells in the rim over that in the core."""
    return lambda seen: ratio(seen.density("rim", *cells), seen.density("core", *cells))


MEASURES: Mapping[str, Callable[[Untreated], float]] = {
    "tumor_oxygen": last("tumor_oxygen"),
    "host_oxygen": host_oxygen,
    "cell_loss": cell_loss,
    "cells_inside": lambda seen: seen.density("inside", *seen.section.types),
    "cd8_inside": lambda seen: seen.density("inside", *CD8),
    "foxp3_inside": lambda seen: seen.density("inside", *FOXP3),
    "cd68_inside": lambda seen: seen.density("inside", *CD68),
    "vessels_inside": lambda seen: seen.vessels("inside"),
    "cd8_rim_to_core": rim_to_core(*CD8),
    "foxp3_rim_to_core": rim_to_core(*FOXP3),
    "vessels_rim_to_core": lambda seen: ratio(seen.vessels("rim"), seen.vessels("core")),
    "emt_rim_to_core": lambda seen: ratio(seen.emt("rim"), seen.emt("core")),
    "radius_speed": radius_speed,
    "labelling_index": labelling_index,
    "hypoxic_fraction": last("hypoxic_fraction"),
    "necrotic_fraction": last("necrotic_fraction"),
}
