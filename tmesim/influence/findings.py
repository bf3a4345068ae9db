"""What an analysis has found so far, stage by stage."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from tmesim.influence.groups import Group
from tmesim.influence.ranges import ASSUMED, Range
from tmesim.influence.study import Effects, Shares, Swings


@dataclass(frozen=True)
class Findings:
    """What the stages say. seconds : of the jobs, one after the other

    effects : of the groups; chosen, swings : numbers one by one; together, shares : those that were varied together
    points : (points, numbers) in the unit cube; values : (points, replicates, outcomes) there
    """

    outcomes: tuple[str, ...]
    groups: tuple[Group, ...]
    effects: Effects
    seconds: float
    chosen: Sequence[Range] = ()
    swings: Swings | None = None
    together: Sequence[Range] = ()
    shares: Sequence[Shares | None] = ()
    points: np.ndarray | None = None
    values: np.ndarray | None = None

    def with_numbers(self, chosen: Sequence[Range], found: Swings, seconds: float) -> Findings:
        """With what numbers do one by one."""
        return replace(self, chosen=chosen, swings=found, seconds=seconds)

    def with_shares(
        self, together: Sequence[Range], found: Sequence[Shares | None], points: np.ndarray, values: np.ndarray,
        seconds: float,
    ) -> Findings:  # fmt: skip
        """With how variance is shared."""
        return replace(self, together=together, shares=found, points=points, values=values, seconds=seconds)

    @property
    def is_complete(self) -> bool:
        """Whether all stages are there."""
        return bool(self.shares)

    def one_by_one(self, outcome: int) -> dict[str, float]:
        """Of the squared swings of the numbers one by one, without those that chance gives: the share that is of
        assumed numbers, and the share that is of those that were varied together. NaN where all is chance."""
        assert self.swings is not None
        square = np.maximum(0.0, self.swings.swing[:, outcome] ** 2 - self.swings.error[outcome] ** 2)
        together = {each.path for each in self.together}
        of = {"assumed": [each.side == ASSUMED for each in self.chosen],
              "together": [each.path in together for each in self.chosen]}  # fmt: skip
        whole = float(square.sum())
        return {name: float(square[np.array(which)].sum()) / whole if whole else float("nan")
                for name, which in of.items()}  # fmt: skip
