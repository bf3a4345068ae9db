"""What whole organs hold, estimated from the sampled patches of a run, with the interval of the sampling.

A patch is a share of its organ; so many patches of k cells or lesions in all stand for k / (patches · share) in the
organ. Counts of patches that nothing joins are Poisson: their interval is exact, from χ². Patches of one replicate
whose cells a common lesion has shed are not apart: their counts differ among replicates by more, φ times the mean, and
the interval is that of k / φ such events of φ each.
"""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import TYPE_CHECKING

import numpy as np
from scipy.stats import chi2

from tmesim.organ_places import INJECTED, Place, last, places_of
from tmesim.storage.tables import csv_bytes

if TYPE_CHECKING:
    from tmesim.result import Result

COUNTED = ("arrivals", "lone_cells", "lesions")
"""The observables of a patch that add up to those of an organ."""


@dataclass(frozen=True)
class Total:
    """A count of an arm's patches at the end of a run, and what the whole organ holds.

    place : the organ by its blood and volume; soil : the one whose tissue it has
    origin : of the cells that come, INJECTED, SHED or BOTH
    patches : replicates × samples
    share : of the organ that all patches together are; None where the cells were put into the patches
    expected : of arrivals, by circulation from the injection alone, in all patches; None of the others and of cells
        that a tumor sheds. Lesions in the organs send cells too, which come on top of it
    dispersion : φ, variance of the replicates over their mean; NaN of one replicate or where nothing is
    widened : whether the interval is that of a count φ times as variable as a Poisson one
    organ, low, high : in the whole organ, with an interval of 95 %; NaN without a share
    """

    arm: str
    place: str
    soil: str
    origin: str
    count: str
    patches: int
    found: int
    share: float | None
    expected: float | None
    dispersion: float
    widened: bool
    organ: float
    low: float
    high: float


def poisson_interval(found: float, confidence: float = 0.95) -> tuple[float, float]:
    """The exact interval of a Poisson mean of which one count is known (Garwood 1936 Biometrika 28:437)."""
    tail = (1.0 - confidence) / 2.0
    low = chi2.ppf(tail, 2 * found) / 2.0 if found else 0.0
    return float(low), float(chi2.ppf(1.0 - tail, 2 * found + 2) / 2.0)


def dispersion(counts: np.ndarray) -> float:
    """Variance of the counts of replicates over their mean, 1 where they are Poisson; NaN where it cannot be told."""
    return float(np.var(counts, ddof=1) / counts.mean()) if counts.size > 1 and counts.any() else np.nan


def overdispersed(counts: np.ndarray) -> bool:
    """Whether counts differ by more than Poisson ones do, by the test of the index of dispersion at 5 %."""
    index = dispersion(counts)
    return bool(np.isfinite(index) and chi2.sf(index * (counts.size - 1), counts.size - 1) < 0.05)


def totals(result: Result) -> list[Total]:
    """A row for each arm, place and one of COUNTED; ValueError for a run in which no tumor cell can come anywhere."""
    rows = []
    for arm in result.scenario.arms:
        for place in places_of(result, arm):
            for count in COUNTED:
                values = last(result, arm, place.prefix + count)
                expected = place.injected * values.size if count == "arrivals" and place.origin == INJECTED else None
                rows.append(_total(place, count, values, expected))
    if not rows:
        raise ValueError("tumor cells come to no organ in this run: give its start an 'injection' or 'organs'")
    return rows


def _total(place: Place, count: str, values: np.ndarray, expected: float | None) -> Total:
    """The row of a count. values : of the replicates"""
    found, index = int(values.sum()), dispersion(values)
    widened = index > 1 and (place.origin != INJECTED or overdispersed(values))
    phi = index if widened else 1.0
    share = None if place.share is None else place.share * values.size
    ends = (found, *(phi * end for end in poisson_interval(found / phi)))
    organ, low, high = (end / share if share else np.nan for end in ends)
    patches = values.size * place.start.samples
    return Total(place.arm, place.name, place.start.organ, place.origin, count, patches, found, share, expected, index,
                 widened, organ, low, high)  # fmt: skip


COLUMNS = tuple(field.name for field in fields(Total))


def table_bytes(rows: list[Total]) -> bytes:
    """The rows of `totals` as CSV; what has no meaning is an empty cell."""
    lines = [[getattr(row, name) for name in COLUMNS] for row in rows]
    return csv_bytes(COLUMNS, [[np.nan if value is None else value for value in line] for line in lines])
