"""In how many parameter sets an outcome comes out, with what is due to the chance of few pairs taken off.

A pair of a set has the log ratio y = μ + a + e: a differs from set to set with deviation τ, e from pair to pair with
deviation σ (a random-effects model with moments as estimates: σ² is the variance within sets, pooled; τ² is that of the
means of sets less what σ² makes of it, or 0). So means of sets spread more than sets do, and counting them understates
agreement. Shares are therefore also counted among means that are drawn toward μ until their variance is τ²,

    μ + √B (ȳ − μ),   B = τ² / Var(ȳ)

(Louis 1984 J Am Stat Assoc 79:393, as recalled). Drawing them by B, which suits each set best, would overstate
agreement; a normal distribution of τ around μ would miss sets that fall apart in two kinds. Measured for 100 sets of
two pairs, σ = 0.3, 400 trials; shares of the most common outcome, root of the mean squared error in brackets:

| true effects of sets            | true | counted     | by B        | normal      | by √B       |
|---------------------------------|------|-------------|-------------|-------------|-------------|
| normal, 0 ± 0.02                | 1.00 | 0.36 (0.64) | 0.97 (0.07) | 0.88 (0.20) | 0.89 (0.20) |
| normal, −0.35 ± 0.1             | 0.99 | 0.85 (0.15) | 1.00 (0.01) | 0.98 (0.03) | 0.98 (0.03) |
| normal, −0.2 ± 0.06             | 0.94 | 0.67 (0.28) | 0.98 (0.10) | 0.91 (0.10) | 0.91 (0.11) |
| normal, −0.1 ± 0.3              | 0.49 | 0.49 (0.04) | 0.49 (0.05) | 0.49 (0.04) | 0.49 (0.05) |
| gamma (skewness 2), mean −0.3   | 0.70 | 0.68 (0.05) | 0.80 (0.12) | 0.74 (0.06) | 0.74 (0.06) |
| −3 in 15 % of sets, 0 elsewhere | 0.85 | 0.31 (0.55) | 0.32 (0.54) | 0.07 (0.78) | 0.31 (0.54) |

The last line is a warning: where few sets differ greatly and pairs spread, no share of "about the same" can be trusted,
and all of them err to the side of disagreement. The interval is that of sets drawn anew, which carries what the
estimate of τ leaves open.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from tmesim.conclusions import OUTCOMES, Conclusions

HOLDS = 0.9
"""A conclusion holds where at least this share of the sets agrees."""
DRAWS, TAILS = 1000, (0.05, 0.95)
"""Of the interval: how often sets are drawn anew, and the quantiles."""


@dataclass(frozen=True)
class Chance:
    """mean : μ; between : τ, deviation between sets; within : σ, deviation between pairs of a set. All of log ratios"""

    mean: float
    between: float
    within: float


@dataclass(frozen=True)
class Shares:
    """What some sets say of a conclusion.

    means : (sets,) mean log ratio of each set in which it is defined; settled : the same, drawn toward their mean
    counts : of the outcomes among means; shares : of the outcomes among settled, which add to 1
    low, high : interval of the share of `outcome`, the most common one
    """

    means: np.ndarray
    settled: np.ndarray
    chance: Chance
    counts: tuple[int, int, int]
    shares: tuple[float, float, float]
    low: float
    high: float

    @property
    def outcome(self) -> str:
        """The one with the largest share, "" where no set has one."""
        return OUTCOMES[int(np.argmax(self.shares))] if len(self.means) else ""

    @property
    def share(self) -> float:
        """Of the most common outcome."""
        return max(self.shares)

    @property
    def verdict(self) -> str:
        """Of VERDICTS: whether the whole interval lies where enough sets agree, where too few do, or neither."""
        return "yes" if self.low >= HOLDS else "no" if self.high < HOLDS else "open"


def shares_of(pairs: np.ndarray, known: Conclusions, seed: int = 0) -> Shares:
    """What sets say. pairs : (sets, pairs) log ratios, NaN where a pair has none"""
    pairs = pairs[np.isfinite(pairs).any(1)]
    if not len(pairs):
        nothing = np.empty(0)
        return Shares(nothing, nothing, Chance(math.nan, math.nan, math.nan), (0, 0, 0), (math.nan,) * 3, math.nan,
                      math.nan)  # fmt: skip
    means, settled, chance = settle(pairs)
    less, same, more = (int(n) for n in known.counts(means))
    shares = known.counts(settled) / len(settled)
    best = int(np.argmax(shares))
    rng = np.random.default_rng(seed)
    drawn = [
        known.counts(settle(pairs[rng.integers(len(pairs), size=len(pairs))])[1])[best] / len(pairs)
        for _ in range(DRAWS)
    ]
    low, high = (float(np.quantile(drawn, q)) for q in TAILS)
    one, two, three = (float(share) for share in shares)
    return Shares(means, settled, chance, (less, same, more), (one, two, three), low, high)


def settle(pairs: np.ndarray) -> tuple[np.ndarray, np.ndarray, Chance]:
    """Means of sets, the same drawn toward their mean, and what both come from.

    pairs : (sets, pairs), at least one defined in each set. Without two pairs in any set nothing is known of σ, and
    nothing is drawn.
    """
    counts = np.isfinite(pairs).sum(1)
    means = np.nanmean(pairs, axis=1)
    mean, free = float(means.mean()), int((counts - 1).sum())
    spread = float(means.var(ddof=1)) if len(means) > 1 else 0.0
    if not free:
        return means, means, Chance(mean, math.sqrt(spread), math.nan)
    within = float(np.nansum((pairs - means[:, None]) ** 2)) / free
    between = max(0.0, spread - within * float((1 / counts).mean()))
    kept = math.sqrt(between / spread) if spread > 0 else 0.0
    return means, mean + kept * (means - mean), Chance(mean, math.sqrt(between), math.sqrt(within))
