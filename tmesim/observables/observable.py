"""A named number of a tissue, and the usual ways of reading one."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from tmesim.observables.reading import NAN, Reading, Treated
from tmesim.section import Section


@dataclass(frozen=True)
class Observable:
    """A named number of a tissue: what it is called, its unit, what it means and how it is read.

    function : NaN where the number has no meaning, such as the oxygen of a tumor of which no cell lives
    """

    name: str
    label: str
    unit: str
    meaning: str
    function: Callable[[Reading], float]

    def __call__(self, tissue: Treated | Section) -> float:
        """Its value now. A section by itself has no history: what is counted since the start is NaN of one."""
        reading = Reading(tissue) if isinstance(tissue, Section) else Reading.of(tissue)
        return float(self.function(reading))


def mean(values: np.ndarray) -> float:
    """The mean, NaN of nothing."""
    return float(values.mean(dtype=np.float64)) if values.size else NAN


def ratio(part: float, whole: float) -> float:
    """A share, NaN of nothing."""
    return part / whole if whole else NAN


def share_above(values: np.ndarray, level: float) -> float:
    """The share of the values above a level, NaN of nothing."""
    return ratio(int(np.count_nonzero(values > level)), values.size)


def mean_state(state: str, cell: str) -> Callable[[Reading], float]:
    """Reads the mean of a state over the cells of a type."""
    return lambda now: mean(now.section.state(state, cell))


def count_of(cell: str) -> Callable[[Reading], float]:
    """Reads the number of living cells of a type."""
    return lambda now: float(now.section.count(cell))


def counter_of(name: str) -> Callable[[Reading], float]:
    """Reads how often a thing has happened since the start."""
    return lambda now: now.counter(name)


def mean_within(kind: str, name: str) -> Callable[[Reading], float]:
    """Reads the mean of a map over the sites within the tumor; NaN where there is no such map."""

    def read(now: Reading) -> float:
        maps = now.section.maps
        return mean(maps[f"{kind}.{name}"].ravel()[now.section.region_sites]) if f"{kind}.{name}" in maps else NAN

    return read
