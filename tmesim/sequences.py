"""Intervals that hold however one stops: a confidence sequence for the mean of roughly normal values.

Who looks after each replicate and stops when the answer is narrow enough has looked many times, and a Student interval
is then wrong more often than it says. A confidence sequence is a series of intervals, one after each value, that all
hold the mean at once with the stated confidence, so that the last one may be shown, whatever the reason to stop.

For values that are normal with unknown mean and deviation, and t = (mean − m) √n / deviation of the first n of them,

    e(m) = (1 + n g)^(−1/2) · [ (1 + t²/ν) / (1 + t²/(ν (1 + n g))) ]^(n/2),    ν = n − 1,

is the likelihood ratio of the scale-free data between an effect that is N(0, g) standard deviations large and none. At
the true mean it is a martingale from 1 that is never negative, so by Ville's inequality it ever reaches 1/α with
probability α at most. All m with e(m) < 1/α are the interval at n, and 1/e(0) is a p value that holds at every n:

    |mean − m| < deviation / √n · [ ν (A − 1) / (1 − A / (1 + n g)) ]^(1/2),    A = ((1 + n g) / α²)^(1/n),

and no interval as long as A ≥ 1 + n g. Hongjian Wang and Aaditya Ramdas, Anytime-valid t-tests and confidence sequences
for Gaussian means with unknown variance (arXiv:2310.03722, section 4: the Gaussian mixture; their c² is 1/g), after
T. L. Lai, On confidence sequences, Annals of Statistics 4 (1976) 265-280.

Measured, looking after each of 4 to 40 values (20 000 trials): how often some interval leaves the true mean out, of a
nominal 5 %. Where single values far out carry the mean nothing that assumes normal values holds, at a fixed number
neither (see `statistics`).

| values              | this sequence | Student's after each |
|---------------------|---------------|----------------------|
| normal              | .023          | .275                 |
| uniform             | .041          | .285                 |
| Student's t, 4 d.f. | .016          | .246                 |
| gamma, skewness 1   | .046          | .297                 |
| exponential         | .121          | .372                 |
| lognormal           | .217          | .483                 |

Who stops for the width alone is wrong less often than that: Student's intervals in 7 to 11 % at ± half a deviation, the
sequence in 1.5 % or less, at three times the replicates. It is for all reasons to stop, seen or not.

A ratio of two means R is held by the same sequence of a − R b, whose mean is 0 at the true ratio (Fieller's set), which
takes a quadratic equation and no approximation.
"""

from __future__ import annotations

import math

EFFECT = 10.0
"""The variance g of the effects of the mixture, in squared standard deviations. It decides where the sequence is
narrowest, not whether it holds: with 10 it is 2.1, 1.9, 1.8 and 1.8 times as wide as Student's at 4, 8, 20 and 40."""


def multiplier(n: int, confidence: float) -> float:
    """Half of the interval at n values in standard errors of the mean; NaN as long as there is no interval."""
    if n < 2:
        return math.nan
    prior = 1 + n * EFFECT
    A = (prior / (1 - confidence) ** 2) ** (1 / n)
    if prior <= A:
        return math.nan
    return math.sqrt((n - 1) * (A - 1) / (1 - A / prior))


def p_ever(n: int, mean: float, deviation: float) -> float:
    """A p value of a mean of 0 that holds however one stops; NaN of nothing. Values that do not differ decide."""
    if n == 0:
        return math.nan
    if mean == 0 or n < 2:
        return 1.0
    if deviation == 0:
        return 0.0
    prior, odds = 1 + n * EFFECT, n * mean**2 / deviation**2 / (n - 1)
    log_e = -0.5 * math.log(prior) + 0.5 * n * (math.log1p(odds) - math.log1p(odds / prior))
    return min(1.0, math.exp(-log_e))


def ratio_bounds(
    n: int, a: float, b: float, var_a: float, var_b: float, cov: float, confidence: float
) -> tuple[float, float]:
    """The ends of the interval of mean(a) / mean(b) from means, variances and covariance of n pairs; NaN where the mean
    of b is not told from 0, so that the ratio has no bounds."""
    k = multiplier(n, confidence)
    if math.isnan(k):
        return math.nan, math.nan
    k2 = k * k / n
    A, B, C = b * b - k2 * var_b, a * b - k2 * cov, a * a - k2 * var_a  # A R² − 2 B R + C < 0
    if A <= 0:
        return math.nan, math.nan
    root = math.sqrt(max(0.0, B * B - A * C))
    return (B - root) / A, (B + root) / A
