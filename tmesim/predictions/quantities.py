"""What the model gives for a prediction: a value with its interval over pairs.

x is an observable on a day, (pairs,); half a cell is added to each count. Intervals are Student's over pairs, of
logarithms where a ratio is told, which is then told as a relative change exp(mean) − 1.

| kind            | of each pair                                                                              |
|-----------------|-------------------------------------------------------------------------------------------|
| ratio           | ln x(arm) − ln x(reference)                                                                 |
| ratio_of_ratios | the ratio of an arm to its reference less that of another arm to its own                    |
| change          | ln x(day) − ln x(from), of one arm                                                          |
| slope           | the slope of ln x over doses, by least squares                                              |
| bliss           | f_a f_b − f_ab, shares of the means that are left; jackknife over pairs (tmesim.interaction) |
| beyond_null     | the ratio less that of the null at the same growth                                          |

The null is simulated with some factors on one number. Its reference has a mean ln x at each; the two factors whose
means lie on either side of that of the hierarchy are weighted so that the means agree, and so are their ratios, pair by
pair. What these means are uncertain by is not counted. Where no factor reaches that growth there is no value.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, replace
from itertools import pairwise

import numpy as np

from tmesim.interaction import bliss
from tmesim.predictions.entries import BeyondNull, Bliss, Change, Prediction, Ratio, RatioOfRatios, Slope
from tmesim.statistics import interval

HALF = 0.5
COUNTED = ("cells", "cell")


@dataclass(frozen=True)
class Given:
    """A value with its interval, NaN where there is none. pairs : on which it stands; note : for people

    late : whether a day that is asked for lies after the end of a run that was made shorter, so that it is no answer
    """

    value: float
    low: float
    high: float
    pairs: int
    note: str = ""
    late: bool = False


@dataclass(frozen=True)
class Values:
    """What the jobs gave. tables : (ask, host, factor) → arm → (pairs, days, observables), NaN where a job is missing.

    days, observables : of each ask; units : of the observables; ends : the last day of each ask
    """

    tables: Mapping[tuple[str, str, str], Mapping[str, np.ndarray]]
    days: Mapping[str, tuple[float, ...]]
    observables: Mapping[str, tuple[str, ...]]
    units: Mapping[str, str]
    ends: Mapping[str, float]

    def read(self, ask: str, host: str, arm: str, observable: str, day: float, factor: str = "") -> np.ndarray:
        """An observable of an arm on a day, or on the last one of a run that was made shorter, (pairs,)."""
        table = self.tables[ask, host, factor][arm]
        place = self.days[ask].index(min(day, self.ends[ask]))
        return table[:, place, self.observables[ask].index(observable)]

    def log(self, ask: str, host: str, arm: str, observable: str, day: float, factor: str = "") -> np.ndarray:
        """Its natural logarithm; half a cell is added to counts, and what is not above 0 is NaN."""
        x = self.read(ask, host, arm, observable, day, factor)
        x = x + HALF if self.units[observable] in COUNTED else x
        return np.log(np.where(x > 0, x, np.nan))

    def factors(self, ask: str, host: str) -> list[str]:
        """By which a number is multiplied where an ask varies one."""
        return [factor for name, of, factor in self.tables if (name, of) == (ask, host)]


def given(entry: Prediction, values: Values) -> Given:
    """What the model gives for a prediction; of a run that was made shorter what it gives at its end."""
    found, end = _given(entry, values), values.ends[entry.ask]
    if max(entry.quantity.days()) <= end:
        return found
    note = f"read on day {end:g}, so no answer"
    return replace(found, note="; ".join(filter(None, (note, found.note))), late=True)


def _given(entry: Prediction, values: Values) -> Given:
    asked = entry.quantity

    def log(arm: str, day: float = asked.day) -> np.ndarray:
        return values.log(entry.ask, entry.host, arm, asked.observable, day)

    if isinstance(asked, Ratio):
        return relative(log(asked.arm) - log(asked.reference))
    if isinstance(asked, RatioOfRatios):
        own, other = log(asked.arm) - log(asked.reference), log(asked.other_arm) - log(asked.other_reference)
        return relative(own - other)
    if isinstance(asked, Change):
        return relative(log(asked.arm) - log(asked.arm, asked.since))
    if isinstance(asked, Slope):
        return relative(slope(np.array([*asked.doses.values()]), np.array([log(arm) for arm in asked.doses])))
    if isinstance(asked, Bliss):
        return _beyond_bliss(entry, asked, values)
    return _beyond_null(entry, asked, values)


def relative(logs: np.ndarray, note: str = "") -> Given:
    """The relative change of some logarithms of ratios, (pairs,), NaN left out."""
    known = logs[np.isfinite(logs)]
    if known.size == 0:
        return Given(math.nan, math.nan, math.nan, 0, note)
    mean, low, high = interval(known)
    value, low, high = (float(np.expm1(each)) for each in (mean, low, high))
    return Given(value, low, high, known.size, note)


def slope(doses: np.ndarray, logs: np.ndarray) -> np.ndarray:
    """Slope over doses by least squares. logs : (doses, pairs); returns (pairs,)."""
    centered = doses - doses.mean()
    found: np.ndarray = centered @ logs / (centered @ centered)
    return found


def _beyond_bliss(entry: Prediction, asked: Bliss, values: Values) -> Given:
    def read(arm: str) -> np.ndarray:
        return values.read(entry.ask, entry.host, arm, asked.observable, asked.day)

    y = np.array([[read(asked.reference), read(asked.other_arm)], [read(asked.arm), read(asked.both)]])
    y = y[:, :, np.isfinite(y).all(axis=(0, 1))]
    if y.shape[-1] == 0:
        return Given(math.nan, math.nan, math.nan, 0)
    found = bliss(y)
    value, low, high = (float(each[1, 1]) for each in (found.value, found.low, found.high))
    return Given(value, low, high, y.shape[-1])


def _beyond_null(entry: Prediction, asked: BeyondNull, values: Values) -> Given:
    def log(ask: str, arm: str, factor: str = "") -> np.ndarray:
        return values.log(ask, entry.host, arm, asked.observable, asked.day, factor)

    effect, growth = log(entry.ask, asked.arm) - log(entry.ask, asked.reference), log(entry.ask, asked.reference)
    nulls = {}
    for factor in values.factors(asked.null, entry.host):
        reference = log(asked.null, asked.reference, factor)
        nulls[factor] = float(np.nanmean(reference)), log(asked.null, asked.arm, factor) - reference
    matched = between(float(np.nanmean(growth)), {factor: mean for factor, (mean, _) in nulls.items()})
    if matched is None:
        return Given(math.nan, math.nan, math.nan, 0, "no factor of the null gives the same growth")
    one, other, share = matched
    null = (1 - share) * nulls[one][1] + share * nulls[other][1]
    told = f"the null grows alike between {one} and {other}, {100 * share:.0f} % of the way"
    return relative(effect - null, told)


def between(wanted: float, means: Mapping[str, float]) -> tuple[str, str, float] | None:
    """The two names whose means lie on either side, neighbors in order of their means, and how far it is from the first
    to the second; None where all lie on one side."""
    ordered = sorted((mean, name) for name, mean in means.items() if math.isfinite(mean))
    for (low, one), (high, other) in pairwise(ordered):
        if low <= wanted <= high and high > low:
            return one, other, (wanted - low) / (high - low)
    return None
