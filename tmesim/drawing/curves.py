"""What curves show, whoever draws them: which observables, the median of the replicates, the middle half, each single
one, and from where on an arm is its own.

Of fewer than four replicates the quartiles say nothing, so there the lines stand alone.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from tmesim.organ_places import comes_home

if TYPE_CHECKING:
    from tmesim.result import Result
    from tmesim.scenario import Scenario

USUAL = (
    "tumor_burden", "n_ctl", "n_treg", "kills_per_ctl", "exhaustion_mean", "pdl1_mean", "hypoxic_fraction",
    "vessel_density", "emt_mean",
)  # fmt: skip
AWAY = ("arrivals", "extravasated", "lone_cells", "dormant", "lesions", "n_tumor")
"""Instead of USUAL in a run in which no arm begins with a tumor: what is told of cells that come to a tissue; where
there are organs beside it, their tumor cells and those in the blood."""
BAND = 4
"""Replicates from which on quartiles are drawn."""
SPAN = 50
"""A scale is logarithmic where the largest value is so many times the smallest."""


@dataclass(frozen=True)
class Curve:
    """One arm over time. each : (replicates, times). when : days at which some replicate has a value; there low, middle
    and high are quartiles. alike : the arm is its reference at all times, so it is dashed, that both are seen."""

    arm: str
    days: np.ndarray
    each: np.ndarray
    when: np.ndarray
    low: np.ndarray
    middle: np.ndarray
    high: np.ndarray
    alike: bool

    @classmethod
    def of(cls, arm: str, days: np.ndarray, values: np.ndarray, alike: bool = False) -> Curve:
        known = np.isfinite(values).any(0)
        low, middle, high = np.empty((3, 0))
        if known.any():
            low, middle, high = np.nanquantile(values[:, known], [0.25, 0.5, 0.75], axis=0)
        return cls(arm, days, values, days[known], low, middle, high, alike)

    @property
    def has_lines(self) -> bool:
        """Whether single replicates are drawn."""
        return len(self.each) > 1 and not self.alike

    @property
    def has_band(self) -> bool:
        """Whether the middle half is drawn."""
        return len(self.each) >= BAND and not self.alike


def curves_of(result: Result, name: str, arms: Sequence[str]) -> list[Curve]:
    """An observable in some arms, the reference first; an arm that is not the reference from where it parts from it."""
    reference = result.series(name, result.reference)[1]
    curves = []
    for arm in sorted(arms, key=lambda a: a != result.reference):
        days, values = result.series(name, arm)
        over = arm != result.reference and result.reference in arms
        first = parting(values, reference) if over else 0
        curves.append(Curve.of(arm, days[first:], values[:, first:], over and alike(values, reference)))
    return curves


def chosen(result: Result, most: int = 9) -> list[str]:
    """The endpoints first, then what says something in this run, as far as it has values: the usual ones where some arm
    begins with a tumor in the tissue, else what tells of cells that come to it or to organs beside it."""
    scenario = result.scenario
    usual: tuple[str, ...] = USUAL
    if all(comes_home(result, arm) for arm in result.arms):
        usual = (*(f"{place}.n_tumor" for place in scenario.places), "ctc") if scenario.places else AWAY
    names = dict.fromkeys((*scenario.endpoints, *usual))
    return [n for n in names if n in result.observables and has_values(result, n)][:most]


def has_values(result: Result, name: str) -> bool:
    return any(np.isfinite(result.series(name, arm)[1]).any() for arm in result.arms)


def partly(result: Result, name: str, arms: Sequence[str]) -> str:
    """On how many replicates the curves of a panel stand, where an observable is not defined in all of them; empty
    where it is (times at which it is defined in none, such as the start of a rate, have no curve)."""
    values = [result.series(name, arm)[1] for arm in arms]
    counts, replicates = np.concatenate([np.isfinite(v).sum(0) for v in values]), len(values[0])
    counts = counts[counts > 0]
    if not counts.size or counts.min() == replicates:
        return ""
    low, high = int(counts.min()), int(counts.max())
    return f", defined in {low}{f' to {high}' if high > low else ''} of {replicates} replicates"


def is_logarithmic(low: float, high: float) -> bool:
    """Whether values span so much, and are all positive, that their scale is logarithmic."""
    return 0 < low and high / low >= SPAN


def parting(values: np.ndarray, reference: np.ndarray) -> int:
    """The last time up to which an arm is its reference: what comes before would only be drawn over it."""
    if alike(values, reference):
        return 0
    return max(0, int(np.argmin(equal_times(values, reference))) - 1)


def alike(values: np.ndarray, reference: np.ndarray) -> bool:
    """Whether an arm is its reference at all times."""
    return bool(equal_times(values, reference).all())


def equal_times(values: np.ndarray, reference: np.ndarray) -> np.ndarray:
    return ((values == reference) | (np.isnan(values) & np.isnan(reference))).all(0)


def doses(scenario: Scenario) -> dict[str, list[float]]:
    """Arm → days of its doses before the end, for arms that get any."""
    days = {arm: [h / 24 for d in entry.therapies for h in d.hours()] for arm, entry in scenario.arms.items()}
    given = {arm: [d for d in when if d < scenario.time.days] for arm, when in days.items()}
    return {arm: when for arm, when in given.items() if when}
