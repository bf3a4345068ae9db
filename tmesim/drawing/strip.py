"""Strips of paired differences: for each arm a dot a pair, the mean as a diamond, its interval as a bar.

All strips of one endpoint share a scale with zero in the middle. Figures, notebooks and pages draw this geometry.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from tmesim.drawing.palette import FAINT, GRID, INK, REFERENCE_COLOR
from tmesim.drawing.sheet import SMALL
from tmesim.wording import compact

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from tmesim.statistics import Comparison

DOTS, JITTER, BAR = 0.26, 0.16, 0.66
"""Height of the dots in a strip, share of it over which they are spread, height of the bar; from the top, of 1."""
GOLDEN = 0.618
PAD = 1.06
"""The scale reaches so much farther than what it shows."""


@dataclass(frozen=True)
class Strip:
    """One arm against the reference. values, heights : (pairs,) the defined differences, and where their dots stand."""

    comparison: Comparison
    values: np.ndarray
    heights: np.ndarray
    given: bool

    @classmethod
    def of(cls, comparison: Comparison, differences: np.ndarray, given: bool = True) -> Strip:
        """differences : one a replicate, NaN where it is not defined. given : whether the arm got anything"""
        values = differences[np.isfinite(differences)]
        jitter = (np.arange(values.size) * GOLDEN) % 1 - 0.5  # the same each time
        return cls(comparison, values, DOTS + JITTER * jitter, given)

    @property
    def interval(self) -> tuple[float, float] | None:
        c = self.comparison
        return (c.low, c.high) if math.isfinite(c.low) and math.isfinite(c.high) else None

    @property
    def mean(self) -> float | None:
        return self.comparison.difference if math.isfinite(self.comparison.difference) else None

    @property
    def clear(self) -> bool:
        """Whether the interval leaves out zero."""
        return self.interval is not None and (self.interval[0] > 0 or self.interval[1] < 0)

    @property
    def missing(self) -> str:
        """What stands there instead of a mean; empty where there is one."""
        return "not given" if not self.given else "not defined" if self.mean is None else ""

    @property
    def told(self) -> str:
        """The strip for those who cannot see it."""
        c = self.comparison
        return f"Mean difference {compact(c.difference)}, interval from {compact(c.low)} to {compact(c.high)}."


def reach(strips: Iterable[Strip]) -> float:
    """How far a scale goes to both sides of zero: to all dots and intervals of arms that were given something."""
    found = [0.0]
    for strip in strips:
        if strip.given:
            found += [*np.abs(strip.values).tolist(), *map(abs, strip.interval or ())]
    return PAD * (max(found) or 1.0)


def on_axes(axes: Axes, strips: list[Strip], colors: Mapping[str, str]) -> None:
    """Strips from top to bottom, each one unit high."""
    for j, strip in enumerate(strips):
        color = colors[strip.comparison.arm]
        if strip.missing:
            axes.text(0, j + 0.5, f"  {strip.missing}", fontsize=SMALL, color=FAINT, va="center")
        if not strip.given:
            continue
        axes.scatter(strip.values, j + strip.heights, s=15, c=color, alpha=0.6, linewidths=0, zorder=3)
        if strip.interval is not None:
            axes.plot(strip.interval, [j + BAR] * 2, color=INK, lw=1.8, solid_capstyle="butt", zorder=4)
        if strip.mean is not None:
            axes.plot([strip.mean], [j + BAR], marker="D", ms=5.5, mfc=color, mec=INK, mew=0.8, zorder=5)
    far = reach(strips)
    axes.axvline(0, color=REFERENCE_COLOR, lw=1.0, zorder=2)
    axes.set(xlim=(-far, far), ylim=(len(strips), 0), yticks=[])
    axes.spines["left"].set_visible(False)
    axes.locator_params(axis="x", nbins=5)
    axes.grid(axis="x", color=GRID, lw=0.6)
    axes.set_axisbelow(True)
