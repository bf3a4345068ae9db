"""What was simulated, and what it says: of groups, of numbers, and of the shares of variance. No files, no simulation.

Values are (points, replicates, outcomes); points share their replicates' seeds, so that differences are paired.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from tmesim.calibration.emulator import Emulator, fit
from tmesim.influence.ranges import ASSUMED, SOURCED, Range
from tmesim.sensitivity import Estimate, elementary_effects, morris, sobol

if TYPE_CHECKING:
    from tmesim.influence.groups import Group

CONFIDENCE = 0.95
BASE = 1 << 12
"""Sobol' points on an emulator, for each of A and B."""


# Groups


@dataclass(frozen=True)
class Effects:
    """Elementary effects of groups, all (groups, outcomes): the change of an outcome over the whole range of a factor.

    mean : mu; size : mu*, with its interval over trajectories; sigma : their deviation
    chance : (outcomes,) deviation that chance alone gives an elementary effect
    excess : root mean square of the effects without what chance gives; matters : whether they are more than chance
    """

    mean: np.ndarray
    size: np.ndarray
    low: np.ndarray
    high: np.ndarray
    sigma: np.ndarray
    chance: np.ndarray
    excess: np.ndarray
    matters: np.ndarray

    @property
    def score(self) -> np.ndarray:
        """(groups,): the largest excess over the outcomes, in deviations of chance; 0 of a group that is no more."""
        return _scored(np.where(self.matters, self.excess, 0.0), self.chance)


def effects(x: np.ndarray, values: np.ndarray) -> Effects:
    """What trajectories say. x : (points, groups) in the unit cube

    Chance is the variance of an effect over replicates, pooled over all effects that are not exactly 0, over their
    number. The mean square of the r effects of a group that does nothing, over chance², is F distributed, with r
    and two thirds as many degrees of freedom as there are pooled: two steps that follow one another share a point. So
    one in twenty such groups passes for more.
    """
    from scipy.stats import f

    replicates, outcomes = values.shape[1:]
    found = []
    for k in range(outcomes):
        each = np.array([elementary_effects(x, values[:, i, k]) for i in range(replicates)])
        deviation, count = _pooled(each.reshape(replicates, -1).T)
        chance, free = deviation / np.sqrt(replicates), max(1.0, count * (replicates - 1) / 1.5)
        mean, size, sigma = morris(x, values[:, :, k].mean(1), CONFIDENCE)
        square, steps = np.nanmean(each.mean(0) ** 2, 0), np.isfinite(each.mean(0)).sum(0)
        excess = np.sqrt(np.maximum(0.0, square - chance**2))
        matters = square > chance**2 * f.ppf(CONFIDENCE, steps, free)
        found.append((mean.value, size.value, size.low, size.high, sigma, excess, matters, chance))
    mu, star, low, high, sigma, excess, matters = (np.array([each[i] for each in found]).T for i in range(7))
    return Effects(mu, star, low, high, sigma, np.array([each[7] for each in found]), excess, matters)


def _pooled(each: np.ndarray) -> tuple[float, int]:
    """Deviation over replicates, pooled over the rows (…, replicates) that are not all exactly 0; and how many are."""
    moved = each[np.isfinite(each).all(-1) & (each != 0).any(-1)]
    return float(np.sqrt(moved.var(-1, ddof=1).mean())) if len(moved) else 0.0, len(moved)


def _scored(sizes: np.ndarray, chance: np.ndarray) -> np.ndarray:
    """(things,): the largest of sizes (things, outcomes) in deviations of chance (outcomes,)."""
    return np.divide(sizes, chance, out=np.zeros_like(sizes), where=chance > 0).max(1)


def promising(groups: Sequence[Group], found: Effects, ranges: dict[str, Range], most: int) -> list[Range]:
    """The numbers from which most is expected, the first `most`, in the order of their groups.

    What a group does is thought of as spread over its m numbers, as 1/√m each, times the width of a number's range.
    """
    told: list[tuple[float, int, Range]] = []
    for group, score in zip(groups, found.score, strict=True):
        for path in group.paths if score > 0 else ():
            told.append((score / np.sqrt(len(group.paths)) * ranges[path].width, len(told), ranges[path]))
    best = sorted(told, key=lambda each: (-each[0], each[1]))[:most]
    return [each for promise, _, each in sorted(best, key=lambda each: each[1]) if promise > 0]


# Numbers


@dataclass(frozen=True)
class Swings:
    """What each number does at its ends, (numbers, outcomes): change from the base at the low and the high end, and
    between them; error : (outcomes,) standard error of each of those."""

    low: np.ndarray
    high: np.ndarray
    swing: np.ndarray
    error: np.ndarray

    @property
    def size(self) -> np.ndarray:
        """(numbers, outcomes): the largest of the three."""
        return np.abs([self.low, self.high, self.swing]).max(0)

    @property
    def score(self) -> np.ndarray:
        """(numbers,): the largest size over the outcomes, in standard errors."""
        return _scored(self.size, self.error)


def swings(values: np.ndarray) -> Swings:
    """What the base, then the low and the high end of each number say; errors are pooled over all differences."""
    replicates, outcomes = values.shape[1:]
    differences = values[1:] - values[:1]
    low, high = differences[0::2], differences[1::2]
    error = np.array([_pooled(differences[:, :, k])[0] for k in range(outcomes)]) / np.sqrt(replicates)
    return Swings(low.mean(1), high.mean(1), (high - low).mean(1), error)


def foremost(found: Swings, most: int) -> list[int]:
    """Indices of the numbers that do most, the first `most`, largest first."""
    order = sorted(range(len(found.score)), key=lambda i: (-found.score[i], i))
    return [i for i in order if found.score[i] > 0][:most]


# Shares


@dataclass(frozen=True)
class Shares:
    """How the variance of an outcome is shared, as its emulator says.

    first, total : of each number; assumed : closed and total index of the assumed ones together, sourced : of the rest
    variance : of what numbers do by the emulator; unseen : of what they do beside it; chance : of one simulation
    spread : deviation of the means over replicates among the points
    error : root mean square error at points that the emulator was not shown; surprise : as `Emulator` has it
    """

    first: Estimate
    total: Estimate
    assumed: tuple[float, float]
    sourced: tuple[float, float]
    variance: float
    unseen: float
    chance: float
    spread: float
    error: float
    surprise: float

    @property
    def known(self) -> float:
        """The share of the variance among points that the emulator foretells of points that it was not shown, 1 less
        the squared error over the variance; below 0 where their mean would foretell more."""
        return 1 - self.error**2 / self.spread**2

    @property
    def parts(self) -> dict[str, float]:
        """What adds up to 1: the variance of the outcome when the numbers are drawn and one tissue is simulated."""
        whole = self.variance + self.unseen + self.chance
        of = self.variance / whole if whole else 0.0
        both = max(0.0, 1 - self.assumed[0] - self.sourced[0])
        scale = self.assumed[0] + self.sourced[0] + both
        return {
            "assumed": of * self.assumed[0] / scale, "sourced": of * self.sourced[0] / scale,
            "both": of * both / scale, "unseen": self.unseen / whole if whole else 0.0,
            "chance": self.chance / whole if whole else 0.0,
        }  # fmt: skip


def shares(points: np.ndarray, values: np.ndarray, sides: Sequence[str], seed: int) -> Shares | None:
    """What points in the unit cube say of one outcome; None where too few are defined or all are the same.

    points : (points, numbers); values : (points, replicates); sides : of each number
    """
    emulator = fit(points, values, seed)
    if emulator is None:
        return None
    return indices(emulator, points.shape[1], values.shape[1], sides, seed)


def indices(emulator: Emulator, keys: int, replicates: int, sides: Sequence[str], seed: int) -> Shares:
    """Sobol' indices on an emulator's expectation, of numbers that are independent and even over the unit cube.

    The closed index of a set is the share that its numbers explain by themselves and among themselves; its total index
    adds what they do together with the others, so that it is 1 less the closed index of the others.
    """
    from scipy.stats import qmc

    pairs = qmc.Sobol(2 * keys, seed=seed).random(BASE)
    A, B = pairs[:, :keys], pairs[:, keys:]
    assumed = np.array([side == ASSUMED for side in sides])
    sets = [np.arange(keys) == k for k in range(keys)] + [assumed, ~assumed]
    answers = [emulator(np.where(which, B, A))[0] for which in [np.zeros(keys, bool), np.ones(keys, bool), *sets]]
    first, total = sobol(np.concatenate(answers), len(sets), CONFIDENCE)
    variance = float(np.concatenate(answers[:2]).var())
    closed = {}
    for name, at in ((ASSUMED, keys), (SOURCED, keys + 1)):
        none, all_ = not sets[at].any(), sets[at].all()
        closed[name] = (0.0, 0.0) if none else (1.0, 1.0) if all_ else (
            float(np.clip(first.value[at], 0, 1)), float(np.clip(total.value[at], 0, 1))
        )  # fmt: skip
    noise = emulator.chance
    return Shares(
        _of(first, keys), _of(total, keys), closed[ASSUMED], closed[SOURCED], variance,
        max(0.0, emulator.error**2 - noise), noise * replicates, emulator.scale, emulator.error,
        emulator.surprise,
    )  # fmt: skip


def _of(estimate: Estimate, keys: int) -> Estimate:
    return Estimate(estimate.value[:keys], estimate.low[:keys], estimate.high[:keys])
