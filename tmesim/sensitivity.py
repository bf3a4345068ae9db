"""What an answer hangs on: elementary effects, Sobol' indices, partial rank correlations, each with intervals.

x : (points, keys) coordinates in the unit cube, y : (points,) answers; how the points lie is for the design to say.
A point whose answer is not defined (NaN) takes those with it that need it.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from tmesim.statistics import CONFIDENCE, interval

RESAMPLES = 1000
"""Bootstrap samples of an interval; they are drawn from a fixed seed."""


@dataclass(frozen=True)
class Estimate:
    """A number of each key, (keys,), with its interval."""

    value: np.ndarray
    low: np.ndarray
    high: np.ndarray


def elementary_effects(x: np.ndarray, y: np.ndarray) -> np.ndarray:
    """(trajectories, keys): dy / dx of the step of each trajectory that moves a key, so the change over its whole range
    if it went on like that. Trajectories follow one another, of keys + 1 points each (Morris 1991)."""
    keys = x.shape[1]
    walks, answers = x.reshape(-1, keys + 1, keys), y.reshape(-1, keys + 1)
    moves, changes = np.diff(walks, axis=1), np.diff(answers, axis=1)
    effects = np.full((len(walks), keys), np.nan)
    moved = np.abs(moves).argmax(2)
    for step in range(keys):
        each = np.arange(len(walks)), moved[:, step]
        how_far = moves[each[0], step, each[1]]
        effects[each] = np.divide(changes[:, step], how_far, out=np.full(len(walks), np.nan), where=how_far != 0)
    return effects


def morris(x: np.ndarray, y: np.ndarray, confidence: float = CONFIDENCE) -> tuple[Estimate, Estimate, np.ndarray]:
    """mu, the mean of the elementary effects; mu*, that of their absolute values (Campolongo et al. 2007), with
    Student's intervals over trajectories; and sigma, (keys,), their deviation: large where a key acts together with
    others or not in a straight line."""
    effects = elementary_effects(x, y)
    columns = [column[np.isfinite(column)] for column in effects.T]
    mean = _each(columns, lambda column: interval(column, confidence))
    size = _each(columns, lambda column: interval(np.abs(column), confidence))
    sigma = np.array([column.std(ddof=1) if column.size > 1 else np.nan for column in columns])
    return mean, Estimate(size.value, np.maximum(size.low, 0), size.high), sigma


def _each(columns: list[np.ndarray], of: Callable[[np.ndarray], tuple[float, float, float]]) -> Estimate:
    value, low, high = np.array([of(column) for column in columns]).T
    return Estimate(value, low, high)


def sobol(y: np.ndarray, keys: int, confidence: float = CONFIDENCE) -> tuple[Estimate, Estimate]:
    """First-order and total indices: the share of the variance of y that a key explains alone, and with others.

    y : answers at A, B, and A with each column of B in turn, n of each (Saltelli et al. 2010):
    first  S_k = mean(f_B (f_ABk − f_A)) / V,  total  T_k = mean((f_A − f_ABk)²) / 2V (Jansen 1999),
    V the variance of f_A and f_B. Intervals are percentiles of a bootstrap over the n base points.
    """
    answers = y.reshape(keys + 2, -1)
    answers = answers[:, np.isfinite(answers).all(0)]
    if answers.shape[1] < 2 or np.ptp(answers[:2]) == 0:
        nothing = Estimate(*np.full((3, keys), np.nan))
        return nothing, nothing
    answers = answers - answers[:2].mean()
    picks = np.random.default_rng(0).integers(0, answers.shape[1], (RESAMPLES, answers.shape[1]))
    again = np.array([_indices(answers[:, pick]) for pick in picks])
    low, high = np.nanquantile(again, _tails(confidence), axis=0)
    value = _indices(answers)
    return Estimate(value[0], low[0], high[0]), Estimate(value[1], low[1], high[1])


def _indices(answers: np.ndarray) -> np.ndarray:
    """(2, keys): first and total."""
    A, B, mixed = answers[0], answers[1], answers[2:]
    variance = np.concatenate([A, B]).var()
    if variance == 0:
        return np.full((2, len(mixed)), np.nan)
    return np.array([(B * (mixed - A)).mean(1), ((A - mixed) ** 2).mean(1) / 2]) / variance


def partial_rank_correlations(x: np.ndarray, y: np.ndarray, confidence: float = CONFIDENCE) -> Estimate:
    """How y rises or falls with each key when the others are held, from −1 to 1: partial correlations of ranks (Marino
    et al. 2008). Intervals are percentiles of a bootstrap over the points."""
    known = np.isfinite(y)
    x, y = x[known], y[known]
    if y.size < x.shape[1] + 3:
        return Estimate(*np.full((3, x.shape[1]), np.nan))
    picks = np.random.default_rng(0).integers(0, y.size, (RESAMPLES, y.size))
    again = np.array([_partial(x[pick], y[pick]) for pick in picks])
    low, high = np.nanquantile(again, _tails(confidence), axis=0)
    return Estimate(_partial(x, y), low, high)


def _partial(x: np.ndarray, y: np.ndarray) -> np.ndarray:
    """From the inverse P of the correlation matrix of the ranks: −P_ky / √(P_kk P_yy). So little is added to the
    diagonal that it has an inverse where y follows a key exactly, and the result is the same."""
    from scipy.stats import rankdata

    ranks = rankdata(np.column_stack([x, y]), axis=0)
    if (np.ptp(ranks, axis=0) == 0).any():
        return np.full(x.shape[1], np.nan)
    inverse = np.linalg.inv(np.corrcoef(ranks, rowvar=False) + 1e-10 * np.eye(ranks.shape[1]))
    own = np.sqrt(np.diag(inverse) * inverse[-1, -1])
    return np.clip(-inverse[:-1, -1] / own[:-1], -1, 1)


def _tails(confidence: float) -> list[float]:
    return [(1 - confidence) / 2, (1 + confidence) / 2]
