"""What whole organs hold, estimated from the sampled patches of a run, with the interval of the sampling.

A patch is a share of its organ; so many patches of k cells or lesions in all stand for k / (patches · share) in the
organ, and the counts of patches that nothing joins are Poisson: the interval is exact, from χ².
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from scipy.stats import chi2

from tmesim.body.seeding import PATCH, arriving, sampled

if TYPE_CHECKING:
    from tmesim.result import Result

COUNTED = ("arrivals", "lone_cells", "lesions")
"""The observables of a patch that add up to those of an organ."""


@dataclass(frozen=True)
class Total:
    """A count of an arm's patches at the end of a run, and what the whole organ holds.

    share : of the organ that all patches together are; None where the cells were put into the patches
    expected : of arrivals, by the circulation, in all patches; None of the others
    organ, low, high : in the whole organ, with an interval of 95 %; NaN without a share
    """

    arm: str
    soil: str
    count: str
    patches: int
    found: int
    share: float | None
    expected: float | None
    organ: float
    low: float
    high: float


def poisson_interval(found: int, confidence: float = 0.95) -> tuple[float, float]:
    """The exact interval of a Poisson mean of which one count is known (Garwood 1936 Biometrika 28:437)."""
    tail = (1.0 - confidence) / 2.0
    low = chi2.ppf(tail, 2 * found) / 2.0 if found else 0.0
    return float(low), float(chi2.ppf(1.0 - tail, 2 * found + 2) / 2.0)


def totals(result: Result) -> list[Total]:
    """A row for each arm and each of COUNTED; ValueError for a run in which nothing was injected."""
    scenario, rows = result.scenario, []
    if not any(scenario.start_of(arm).injection for arm in scenario.arms):
        raise ValueError("nothing was injected in this run: give its start an 'injection'")
    for arm in scenario.arms:
        start = scenario.start_of(arm)
        if start.injection is None:
            continue
        known = result.scenario.catalogue_at_start(arm)
        mean = arriving(start, start.organ, scenario.tissue, known, scenario.species)
        part = start.samples * sampled(start.organ, scenario.tissue, scenario.species)
        of_patch = None if start.injection.route == PATCH else part
        for count in COUNTED:
            values = last(result, arm, count)
            found, share = int(values.sum()), None if of_patch is None else of_patch * values.size
            ends = [x / share if share else np.nan for x in (found, *poisson_interval(found))]
            expected = mean * values.size if count == "arrivals" else None
            rows.append(Total(arm, start.organ, count, values.size, found, share, expected, *ends))
    return rows


def last(result: Result, arm: str, name: str) -> np.ndarray:
    """An observable of each replicate on the last day, (replicates,)."""
    return np.asarray(result.series(name, arm)[1])[:, -1]
