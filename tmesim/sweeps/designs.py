"""Where a sweep looks: designs as coordinates of points in the unit cube, (points, keys), each from 0 to 1.

- grid: every combination of the values, or of n evenly spaced ones of a range. The first point has the first of each.
- each: the scenario as it is, then one value of one key at a time (low and high of a range).
- lhs: a Latin hypercube of n points (McKay et al. 1979): each n-th of each key has one.
- sobol: n scrambled Sobol' points A, as many B, and for each key A with that column of B (Saltelli et al. 2010),
  n (keys + 2) points.
- morris: n trajectories of keys + 1 points on four levels, each step moves one key by two thirds of its range
  (Morris 1991).

They are drawn from a seed of their own.
"""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

DESIGNS = ("grid", "each", "lhs", "sobol", "morris")
N = {"grid": 5, "lhs": 64, "sobol": 64, "morris": 10}
"""How many, where nothing is said: levels of a range, points, base points, trajectories."""
LEVELS, JUMP = 4, 2 / 3
"""Of a trajectory: levels of a key, and how far a step goes."""
AS_IT_IS = np.nan
"""The coordinate of a key that has the scenario's own value."""


@dataclass(frozen=True)
class Axis:
    """What a design has to know of a key: how many values it has, 0 for a range."""

    values: int


def coordinates(design: str, axes: Sequence[Axis], n: int, seed: int) -> np.ndarray:
    """The points of a design, (points, keys); AS_IT_IS for a key that is left alone. n : as `N` says of each."""
    if design == "grid":
        return np.array(list(itertools.product(*(middles(axis.values or n, axis.values > 0) for axis in axes))))
    if design == "each":
        return one_at_a_time(axes)
    from scipy.stats import qmc

    if design == "lhs":
        return qmc.LatinHypercube(len(axes), seed=seed).random(n)
    if design == "sobol":
        return saltelli(qmc.Sobol(2 * len(axes), seed=seed).random(n))
    return trajectories(len(axes), n, seed)


def middles(count: int, of_values: bool) -> np.ndarray:
    """Coordinates of so many values: within the share of each, or evenly from end to end of a range."""
    if of_values:
        return (np.arange(count) + 0.5) / count
    return np.linspace(0, 1, count) if count > 1 else np.array([0.5])


def one_at_a_time(axes: Sequence[Axis]) -> np.ndarray:
    """The scenario as it is, then each value of each key alone."""
    rows = [np.full(len(axes), AS_IT_IS)]
    for k, axis in enumerate(axes):
        for u in middles(axis.values or 2, axis.values > 0):
            row = np.full(len(axes), AS_IT_IS)
            row[k] = u
            rows.append(row)
    return np.array(rows)


def saltelli(pairs: np.ndarray) -> np.ndarray:
    """A, B and for each key A with B's column, from (n, 2 keys): (n (keys + 2), keys), all of A first."""
    keys = pairs.shape[1] // 2
    A, B = pairs[:, :keys], pairs[:, keys:]
    mixed = [np.where(np.arange(keys) == k, B, A) for k in range(keys)]
    return np.concatenate([A, B, *mixed])


def trajectories(keys: int, n: int, seed: int) -> np.ndarray:
    """n trajectories, one after the other, each of keys + 1 points: a random start, then each key once in random order
    by JUMP, up where there is room and down otherwise."""
    rng = np.random.default_rng(seed)
    found = []
    for _ in range(n):
        point = rng.integers(0, LEVELS, keys) / (LEVELS - 1)
        found.append(point.copy())
        for k in rng.permutation(keys):
            point[k] += JUMP if point[k] < 0.5 else -JUMP
            found.append(point.copy())
    return np.clip(np.array(found), 0.0, 1.0)


def is_power_of_two(n: int) -> bool:
    """Whether a number of Sobol' points is balanced."""
    return n > 0 and n & (n - 1) == 0
