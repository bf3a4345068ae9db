"""One look at a tissue: counts, rows of a type, the tumor region; made once for all observables of a row."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from tmesim.tissue import Tissue

REGION_REACH_UM = 30.0
"""A site lies within the tumor when a third of the sites this far around it (in x and in y) hold tumor or necrosis."""

RIM_UM = 60.0
"""Width of the band of host tissue around the tumor that counts as its rim, µm."""


class Reading:
    """One look at a tissue. Parts that several observables need (rows of a type, the tumor region) are made once.

    before : LOOKED_BACK at an earlier moment of the same history, for rates of change; None at the start.
    """

    def __init__(self, tissue: Tissue, before: Mapping[str, float] | None = None) -> None:
        self.tissue = tissue
        self.before = before
        self.hour = float(tissue.hour)
        self.types: list[str] = list(tissue.biology.types)
        self.states: list[str] = list(tissue.biology.states)
        self.site_mm2 = (float(tissue.spacing) / 1000.0) ** 2
        self._rows: dict[str, np.ndarray] = {}

    @cached_property
    def type(self) -> np.ndarray:
        return self.tissue.cells.type[: self.tissue.cells.n]

    @cached_property
    def counts(self) -> np.ndarray:
        """Living cells of each type, in the order of `types`."""
        return np.bincount(self.type, minlength=256)[: len(self.types)]

    def count(self, *names: str) -> int:
        return sum(int(self.counts[self.types.index(name)]) for name in names if name in self.types)

    def rows(self, name: str) -> np.ndarray:
        """Rows of the living cells of a type; none if the biology has no such type."""
        if name not in self._rows:
            code = self.types.index(name) if name in self.types else 256
            self._rows[name] = np.flatnonzero(self.type == code)
        return self._rows[name]

    def state(self, name: str, cell: str) -> np.ndarray:
        """A state in [0, 1] of the cells of a type; empty where there is none."""
        if name not in self.states:
            return np.empty(0, np.float32)
        return self.tissue.cells.state[self.states.index(name)][self.rows(cell)]

    def sites(self, cell: str) -> tuple[np.ndarray, np.ndarray]:
        rows = self.rows(cell)
        return self.tissue.cells.y[rows], self.tissue.cells.x[rows]

    @cached_property
    def region(self) -> np.ndarray:
        """Sites within the tumor, (ny, nx) bool."""
        held = np.zeros(self.tissue.shape, bool)
        for name in ("tumor", "necrotic"):
            held[self.sites(name)] = True
        reach = max(1, round(REGION_REACH_UM / self.tissue.spacing))
        return around(held, reach) >= 1 / 3

    @cached_property
    def region_sites(self) -> np.ndarray:
        return np.flatnonzero(self.region)

    @cached_property
    def region_mm2(self) -> float:
        return self.region_sites.size * self.site_mm2

    @cached_property
    def rim_sites(self) -> np.ndarray:
        reach = max(1, round(RIM_UM / self.tissue.spacing))
        return np.flatnonzero((around(self.region, reach) > 0) & ~self.region)

    def within(self, cell: str) -> int:
        """Cells of a type inside the tumor region."""
        return int(np.count_nonzero(self.region[self.sites(cell)]))

    def counter(self, name: str) -> float:
        return float(self.tissue.counters.get(name, 0.0))

    @cached_property
    def days_since(self) -> float:
        """Days since the earlier moment; NaN without one."""
        return float("nan") if self.before is None else (self.hour - self.before["hour"]) / 24.0


def around(mask: np.ndarray, reach: int) -> np.ndarray:
    """Share of true sites in the square of 2·reach + 1 sites around each site, counting only sites that exist."""

    def window(a: np.ndarray, axis: int) -> np.ndarray:
        n = a.shape[axis]
        total = np.concatenate([np.zeros_like(a.take([0], axis)), np.cumsum(a, axis)], axis)
        high, low = np.minimum(np.arange(n) + reach + 1, n), np.maximum(np.arange(n) - reach, 0)
        return total.take(high, axis) - total.take(low, axis)

    def length(n: int) -> np.ndarray:
        return np.minimum(np.arange(n) + reach + 1, n) - np.maximum(np.arange(n) - reach, 0)

    held = window(window(mask.astype(np.int32), 0), 1)
    return held / (length(mask.shape[0])[:, None] * length(mask.shape[1])[None, :])
