"""Whether two treatments do more together than each alone would lead to expect: Bliss and Loewe, with intervals.

y : (doses of a, doses of b, replicates), an endpoint; both doses begin with 0. What is left of it at a pair of doses is
f_ab = mean(y_ab) / mean(y_00), and f_a, f_b are those of each alone.

- Bliss: independent treatments leave f_a f_b. The excess f_a f_b − f_ab is the share of the endpoint that they take
  beyond that: above 0 more than independent, below 0 less.
- Loewe: doses that can stand for one another. With A(e) the dose of a alone that has the effect e = 1 − f_ab, the
  combination index is a / A(e) + b / B(e): below 1 less is needed than the sum, above 1 more. An effect that one of
  them would not reach alone at ten times its highest dose adds 0 for that one; one that neither reaches has no index.

Where treatments raise an endpoint, e = f_ab − 1. Intervals are Student's on the pseudo-values of a jackknife over
replicates, which share their luck at all doses; of the index on a logarithmic scale.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from tmesim.statistics import CONFIDENCE, interval

STEEP = (0.3, 6.0)
"""Powers of a curve, least and most."""
BEYOND = 30.0
"""Half-maximal doses are looked for up to so many times outside of the doses given."""
FARTHEST = 10.0
"""An effect that needs so many times the highest dose is beyond the reach of a treatment."""
TOP = 100.0
"""The most that a rising endpoint can be raised by, as a share; a falling one can fall by 1."""


@dataclass(frozen=True)
class Surface:
    """Estimates at each pair of doses with their interval, (doses of a, doses of b); NaN where one of them is 0."""

    value: np.ndarray
    low: np.ndarray
    high: np.ndarray

    def excludes(self, null: float) -> np.ndarray:
        """Whether the interval leaves out what no interaction would give."""
        return (self.low > null) | (self.high < null)


def jackknife(
    y: np.ndarray, estimate: Callable[[np.ndarray], np.ndarray], confidence: float = CONFIDENCE
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """An estimate from all replicates (the last axis of y), and its interval: n θ − (n − 1) θ₋ᵢ are as good as
    independent values of it. Of a mean these are the values, so that its interval is the usual one."""
    n = y.shape[-1]
    whole = estimate(y)
    if n < 2:
        return whole, np.full(whole.shape, np.nan), np.full(whole.shape, np.nan)
    pseudo = np.array([n * whole - (n - 1) * estimate(np.delete(y, i, axis=-1)) for i in range(n)])
    low, high = np.full((2, *whole.shape), np.nan)
    for at in np.ndindex(whole.shape):
        values = pseudo[(slice(None), *at)]
        if np.isfinite(values).all():
            mean, below, above = interval(values, confidence)
            low[at], high[at] = whole[at] + below - mean, whole[at] + above - mean
    return whole, low, high


def left(y: np.ndarray) -> np.ndarray:
    """What is left of an endpoint at each pair of doses, as a share of that without either."""
    means = y.mean(-1)
    return means / means[0, 0] if means[0, 0] else np.full(means.shape, np.nan)


def bliss(y: np.ndarray, confidence: float = CONFIDENCE) -> Surface:
    """The excess over independence at each pair of doses."""

    def excess(values: np.ndarray) -> np.ndarray:
        f = left(values)
        found = f[:, :1] * f[:1] - f
        found[0], found[:, 0] = np.nan, np.nan
        return found

    return Surface(*jackknife(y, excess, confidence))


def loewe(y: np.ndarray, a: np.ndarray, b: np.ndarray, confidence: float = CONFIDENCE) -> Surface:
    """The combination index at each pair of doses; NaN where there is no effect, or fewer than three doses of a
    treatment alone, from which its curve is read."""
    if min(len(a), len(b)) < 4:
        return Surface(*np.full((3, len(a), len(b)), np.nan))
    f = left(y)
    falls = np.nansum(1 - f[1:, 0]) + np.nansum(1 - f[0, 1:]) >= 0

    def log_index(values: np.ndarray) -> np.ndarray:
        effect = (1 - left(values)) * (1 if falls else -1)
        of_a, of_b = (Curve.fit(d, e, 1.0 if falls else TOP) for d, e in ((a, effect[:, 0]), (b, effect[0])))
        needs = a[:, None] / of_a.dose(effect) + b[None, :] / of_b.dose(effect)
        needs[0], needs[:, 0] = np.nan, np.nan
        with np.errstate(divide="ignore"):
            return np.where(needs > 0, np.log(needs), np.nan)

    return Surface(*map(np.exp, jackknife(y, log_index, confidence)))


@dataclass(frozen=True)
class Curve:
    """The effect of a dose alone: top dʰ / (halfʰ + dʰ). farthest : the highest dose of which that is believed"""

    top: float
    half: float
    power: float
    farthest: float

    @classmethod
    def fit(cls, doses: np.ndarray, effects: np.ndarray, most: float = 1.0) -> Curve:
        """The curve nearest to effects at doses (least squares). most : what the top cannot exceed"""
        from scipy.optimize import least_squares

        d, e = doses[doses > 0], effects[doses > 0]
        if not np.isfinite(e).all() or e.max() <= 0:
            return cls(0.0, float(d.max()), 1.0, FARTHEST * float(d.max()))
        low = np.log([1e-6, d.min() / BEYOND, STEEP[0]])
        high = np.log([most, d.max() * BEYOND, STEEP[1]])

        def misfit(logs: np.ndarray) -> np.ndarray:
            top, half, power = np.exp(logs)
            return top / (1 + (half / d) ** power) - e

        starts = [(min(max(1.1 * e.max(), 1e-5), 0.999 * most), half, power) for half in d for power in (1.0, 2.5)]
        found = [
            least_squares(misfit, np.log(start), bounds=(low, high), xtol=1e-12, ftol=1e-12, gtol=1e-12)
            for start in starts
        ]
        best = min(found, key=lambda each: each.cost)
        top, half, power = (float(value) for value in np.exp(best.x))
        return cls(top, half, power, FARTHEST * float(d.max()))

    def dose(self, effects: np.ndarray) -> np.ndarray:
        """The dose that has an effect: infinite for one beyond its reach, NaN for none."""
        with np.errstate(divide="ignore", invalid="ignore"):
            share = np.where(effects > 0, effects / self.top if self.top else np.inf, np.nan)
            within = self.half * (share / (1 - share)) ** (1 / self.power)
            beyond = (share >= 1) | (within > self.farthest)
        return np.where(beyond, np.inf, within)
