"""How many replicates an answer takes, from the paired differences of a pilot: for an interval of ± so much, and to see
a difference with a stated power; and what the replicates that there are can show.

A difference is told as a share of the reference's mean, as the change of a comparison is, with the deviation of
(a − R b) / mean(b), R = mean(a) / mean(b). With n pairs of deviation s

    the interval is       ± R sinh(t(n − 1, 97.5 %) · s / (R √n))         (half of that of `statistics.relative_change`)
    the power is          P(|T| > t(n − 1, 97.5 %)),   T noncentral t with n − 1 degrees of freedom around δ √n / s

(J. Cohen, Statistical power analysis for the behavioral sciences, 2nd ed. 1988, ch. 2, for paired values). A pilot of
few replicates hardly knows s: (n − 1) s² / σ² is χ² with n − 1 degrees of freedom for normal values, so the ends of the
95 % interval of σ give a low and a high number of replicates beside the best one.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, fields
from typing import TYPE_CHECKING

import numpy as np

from tmesim.notices import untreated
from tmesim.sequences import multiplier
from tmesim.statistics import CONFIDENCE, student
from tmesim.storage.tables import csv_bytes
from tmesim.wording import compact, words

if TYPE_CHECKING:
    from tmesim.result import Result

MOST = 100_000
"""Replicates beyond which nobody will go."""
FAR, SURE = 6.0, 30.0
"""Standard errors from which on a difference is never found with the other sign, and from which on always; scipy has no
numbers beyond."""
WIDTH, DETECT, POWER = 0.10, 0.10, 0.80


@dataclass(frozen=True)
class Plan:
    """What one endpoint of an arm takes. Shares are of the reference's mean, for a reference of its own mean.

    n : pairs of the pilot
    spread, spread_low, spread_high : deviation of the differences, a share, and its interval
    now : the interval of the pilot is ± so much
    shown : the smallest difference that the pilot's number of replicates shows with the power
    width_low, width_best, width_high : replicates for an interval of ± `width`
    until_best : the same with `--until`, whose intervals are wider
    detect_low, detect_best, detect_high : replicates to show a difference of `detect` with `power`
    """

    endpoint: str
    arm: str
    reference: str
    n: int
    spread: float
    spread_low: float
    spread_high: float
    now: float
    shown: float
    width: float
    width_low: float
    width_best: float
    width_high: float
    until_best: float
    detect: float
    power: float
    detect_low: float
    detect_best: float
    detect_high: float


COLUMNS = tuple(f.name for f in fields(Plan))


def plans(
    result: Result,
    endpoints: tuple[str, ...] | None = None,
    arms: tuple[str, ...] | None = None,
    width: float = WIDTH,
    detect: float = DETECT,
    power: float = POWER,
) -> list[Plan]:
    """A row for each endpoint and arm; of a run with one arm for the mean of that. ValueError for fewer than two
    replicates."""
    if result.replicates < 2:
        raise ValueError("a pilot of one replicate tells no spread; run it with two at least, better six")
    others = tuple(arm for arm in result.arms if arm != result.reference)
    rows = []
    for endpoint in endpoints or result.scenario.endpoints:
        b = result.endpoint(endpoint, result.reference)
        for arm in arms or others or (result.reference,):
            a = b if arm == result.reference else result.endpoint(endpoint, arm)
            rows.append(plan(endpoint, arm, result.reference, a, b, width, detect, power))
    return rows


def plan(
    endpoint: str, arm: str, reference: str, a: np.ndarray, b: np.ndarray, width: float, detect: float, power: float
) -> Plan:
    """The row of an arm (a) against the reference (b), one value a replicate; of the reference itself for its mean."""
    both = ~(np.isnan(a) | np.isnan(b))
    a, b = a[both], b[both]
    n, R, s = a.size, math.nan, math.nan
    if n > 1 and b.mean() != 0:
        R = 0.0 if arm == reference else float(a.mean() / b.mean())  # the mean itself is no ratio
        s = float(np.std((b if arm == reference else a - R * b) / abs(b.mean()), ddof=1))
    low, high = spread_ends(s, n)
    alone = arm == reference

    def for_width(deviation: float) -> float:
        return replicates_for(lambda m: half_width(m, deviation, R) <= width)

    def for_detect(deviation: float) -> float:
        return math.nan if alone else replicates_for(lambda m: chance(m, detect, deviation) >= power)

    return Plan(
        endpoint, arm, reference, n, s, low, high,
        now=half_width(n, s, R) if n > 1 else math.nan,
        shown=math.nan if alone else smallest(n, s, power),
        width=width, width_low=for_width(low), width_best=for_width(s), width_high=for_width(high),
        until_best=replicates_for(lambda m: multiplier(m, CONFIDENCE) * s / math.sqrt(m) <= width),
        detect=detect, power=power,
        detect_low=for_detect(low), detect_best=for_detect(s), detect_high=for_detect(high),
    )  # fmt: skip


def spread_ends(s: float, n: int, confidence: float = CONFIDENCE) -> tuple[float, float]:
    """The interval of a deviation that was estimated from n normal values."""
    from scipy.special import chdtri

    if n < 2:
        return math.nan, math.nan
    tail = (1 - confidence) / 2
    return s * math.sqrt((n - 1) / chdtri(n - 1, tail)), s * math.sqrt((n - 1) / chdtri(n - 1, 1 - tail))


def half_width(n: int, s: float, R: float, confidence: float = CONFIDENCE) -> float:
    """Half of the interval of a change at n pairs of deviation s, all as shares; R = 0: of a mean."""
    half = student(n, confidence) * s / math.sqrt(n)
    if not R > 0:
        return half
    return R * math.sinh(half / R) if half < 50 * R else math.inf


def chance(n: int, difference: float, s: float, confidence: float = CONFIDENCE) -> float:
    """The power: how often a Student interval of n pairs of deviation s leaves out 0, given the true difference."""
    if s == 0:
        return 1.0 if difference else 0.0
    return power_of(n - 1, difference * math.sqrt(n) / s, confidence)


def power_of(freedom: float, noncentrality: float, confidence: float = CONFIDENCE) -> float:
    """How often a two-sided t test with these degrees of freedom finds a mean of so many standard errors."""
    from scipy.special import nctdtr, stdtrit

    if noncentrality > SURE and freedom > 2:
        return 1.0
    edge = stdtrit(freedom, 0.5 + confidence / 2)
    other = nctdtr(freedom, noncentrality, -edge) if noncentrality < FAR else 0.0
    return float(1 - nctdtr(freedom, noncentrality, edge) + other)


def smallest(n: int, s: float, power: float) -> float:
    """The smallest difference that n pairs of deviation s show with a power."""
    if not (n > 1 and math.isfinite(s)):
        return math.nan
    from scipy.optimize import brentq

    top = SURE if n > 3 else 1000.0
    if s == 0:
        return 0.0
    if power_of(n - 1, top) < power:
        return math.nan
    return float(brentq(lambda delta: power_of(n - 1, delta) - power, 0, top)) * s / math.sqrt(n)


def replicates_for(enough: Callable[[int], bool]) -> float:
    """The smallest number of replicates, from 2 on, with which something holds that holds with more then too; NaN where
    it does not with MOST."""
    if not enough(MOST):
        return math.nan
    low, high = 1, 2
    while not enough(high):
        low, high = high, min(MOST, 2 * high)
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (low, middle) if enough(middle) else (middle, high)
    return float(high)


def sentence(result: Result) -> str:
    """How many replicates an interval of ± 10 % takes for the first endpoint, in the arm that needs most; empty where
    nothing is known of it."""
    names = result.scenario.endpoints[:1]
    given = tuple(arm for arm in result.arms if arm != result.reference and not untreated(result, arm))
    if not names or result.replicates < 2 or (len(result.arms) > 1 and not given):
        return ""
    rows = [row for row in plans(result, names, given or None) if row.spread > 0]
    if not rows:
        return ""
    row = max(rows, key=lambda each: math.inf if math.isnan(each.width_best) else each.width_best)
    label = result.known(row.endpoint).label
    what = f"the mean of {label}" if row.arm == row.reference else f"the change of {label} in {words(row.arm)}"
    what += " (of all arms the one that needs most)" if len(rows) > 1 else ""
    return (
        f"An interval of ± {100 * row.width:g} % for {what} takes about {told(row.width_best)} replicates "
        f"({told(row.width_low)} to {told(row.width_high)}: {row.n} tell the spread only roughly), with --until about "
        f"{told(row.until_best)}."
    )


def told_span(low: float, best: float, high: float) -> str:
    """A number of replicates with its ends in words, such as "12 (5 to 80)"."""
    return told(best) if math.isnan(low) else f"{told(best)} ({told(low)} to {told(high)})"


def told(replicates: float) -> str:
    """A number of replicates in words."""
    return f"more than {compact(MOST)}" if math.isnan(replicates) else compact(replicates)


def table_bytes(rows: list[Plan]) -> bytes:
    return csv_bytes(COLUMNS, [[getattr(row, name) for name in COLUMNS] for row in rows])
