"""A numeric axis of values that somebody chose: even, or logarithmic where they are spread over decades, with 0 apart
at its left end."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from matplotlib.ticker import FixedLocator, NullLocator

from tmesim.drawing.palette import FAINT
from tmesim.wording import compact

if TYPE_CHECKING:
    from matplotlib.axes import Axes

DECADES = 20.0
"""Values that span so much are spaced by a factor."""
APART = 1.6
"""How far 0 stands to the left of the smallest value, in steps between the others (logarithms)."""
ROOM = 7
"""Ticks that an axis has room for."""


@dataclass(frozen=True)
class Scale:
    """Values of a key and where they stand on the axis. ticks : values that are written there"""

    values: np.ndarray
    places: np.ndarray
    logarithmic: bool

    @classmethod
    def of(cls, values: Sequence[float], logarithmic: bool = False) -> Scale:
        """logarithmic : whether they are spaced by a factor, however little they span"""
        found = np.asarray(values, float)
        positive = found[found > 0]
        spread = positive.size > 1 and positive.max() / positive.min() >= DECADES and (found >= 0).all()
        if not (spread or (logarithmic and positive.size == found.size > 1)):
            return cls(found, found.copy(), False)
        logs = np.log10(np.where(found > 0, found, 1.0))
        steps = np.diff(np.unique(logs[found > 0]))
        apart = logs[found > 0].min() - APART * (np.median(steps) if steps.size else 1.0)
        return cls(found, np.where(found > 0, logs, apart), True)

    def on(self, axes: Axes) -> None:
        """Ticks at the values, as many as there is room for."""
        places, first = np.unique(self.places, return_index=True)
        values = self.values[first]
        if len(places) > ROOM:
            chosen = np.unique(np.linspace(0, len(places) - 1, ROOM).round().astype(int))
            places, values = places[chosen], values[chosen]
        axes.xaxis.set_major_locator(FixedLocator(list(places)))
        axes.xaxis.set_minor_locator(NullLocator())
        axes.set_xticklabels([f"{value:.3g}" if abs(value) < 1e4 else compact(value) for value in values])
        if self.logarithmic and (self.values == 0).any():
            span = self.places.max() - self.places.min()
            between = (np.partition(np.unique(self.places), 1)[:2]).mean()
            for shift in (-0.008, 0.008):  # a break of the axis between 0 and the rest
                at = between + shift * span
                axes.plot([at - 0.006 * span, at + 0.006 * span], [-0.025, 0.025], color=FAINT, lw=0.9,
                          transform=axes.get_xaxis_transform(), clip_on=False)  # fmt: skip
