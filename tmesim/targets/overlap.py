"""A window inside a lesion beside the core of a whole nest: the same numbers of both, where they overlap."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from tmesim.observables.tumor import HYPOXIC_MMHG
from tmesim.targets import untreated_arm
from tmesim.targets.measures import POPULATIONS, Untreated, ratio

if TYPE_CHECKING:
    from tmesim.result import Result


def oxygen(seen: Untreated) -> float:
    """Median of the tumor cells, mmHg."""
    values = seen.oxygen("core")
    return float(np.median(values)) if values.size else math.nan


def hypoxic(seen: Untreated) -> float:
    """Share of the tumor cells."""
    values = seen.oxygen("core")
    return float((values < HYPOXIC_MMHG).mean()) if values.size else math.nan


def necrotic(seen: Untreated) -> float:
    """Among necrotic and living tumor cells."""
    return ratio(seen.count("core", "necrotic"), seen.count("core", "necrotic", "tumor"))


def population(name: str) -> Callable[[Untreated], float]:
    """1/mm² of the core."""
    return lambda seen: seen.density("core", *POPULATIONS[name])


CORE: Mapping[str, tuple[str, Callable[[Untreated], float]]] = {
    "oxygen": ("mmHg", oxygen),
    "hypoxic_fraction": ("fraction", hypoxic),
    "necrotic_fraction": ("fraction", necrotic),
    "vessels": ("1/mm²", lambda seen: seen.vessels("core")),
    "matrix": ("density 0-1", lambda seen: seen.mean("matrix.ecm", "core")),
    **{name: ("1/mm²", population(name)) for name in POPULATIONS if name != "adipocytes"},
}
"""What the core of a tumor is made of: unit, and how it is read."""


FOLD, SHARE = 3.0, 0.3
"""How far the two may lie apart: so many fold, and a fraction by so much. The core of a nest is young and near its rim,
the inside of a lesion is neither."""


@dataclass(frozen=True)
class Overlap:
    """A number of the core of a whole nest, (replicates,), and of a window inside a lesion, (replicates of that,)."""

    name: str
    unit: str
    whole: np.ndarray
    window: np.ndarray

    @property
    def middles(self) -> tuple[float, float]:
        """Medians in the core of the nest and in the window; NaN where all are."""
        one, other = (float(np.nanmedian(v)) if np.isfinite(v).any() else math.nan for v in (self.whole, self.window))
        return one, other

    @property
    def fold(self) -> float:
        """Median in the window over that in the core; NaN where one of them is missing or that in the core is 0."""
        whole, window = self.middles
        return ratio(window, whole)

    @property
    def agrees(self) -> bool:
        """Whether the medians lie within FOLD of each other, those of fractions within SHARE."""
        whole, window = self.middles
        return abs(window - whole) <= SHARE if self.unit == "fraction" else 1 / FOLD <= self.fold <= FOLD


def overlaps(whole: Result, window: Result) -> tuple[Overlap, ...]:
    """Each number of `CORE` in the untreated reference arms of two runs, on the last day that each kept.

    ValueError when the second is no window, the first is one, their hosts differ, or a reference is treated.
    """
    runs = ((whole, untreated_arm(whole)), (window, untreated_arm(window)))
    if [run.scenario.start_of(arm).interior is not None for run, arm in runs] != [False, True]:
        raise ValueError("expected the run of a whole nest and that of a window inside a lesion, in this order")
    if whole.scenario.host != window.scenario.host:
        raise ValueError(f"the hosts differ: {whole.scenario.host} and {window.scenario.host}")
    seen = [[Untreated(run, arm, replicate) for replicate in range(run.replicates)] for run, arm in runs]
    return tuple(
        Overlap(name, unit, *(np.array([read(each) for each in those], float) for those in seen))
        for name, (unit, read) in CORE.items()
    )
