"""A Gaussian process in place of the simulation, one for each target, that says how sure it is."""

from __future__ import annotations

import warnings
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from tmesim.reading import InputError, Problem

SEARCHES = 1
"""Further starts of the search for the lengths of a process."""


@dataclass(frozen=True)
class Emulator:
    """What a process says of one target, over the unit cube.

    chance : variance of the mean over replicates, pooled over the points; replicate_variance : of one
    error : root mean square of what it says of each point without it, less what was simulated there
    surprise : mean square of those errors in standard deviations; where it is above 1, variances are widened by it
    """

    process: Any
    middle: float
    scale: float
    chance: float
    replicate_variance: float
    error: float
    surprise: float

    def __call__(self, points: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Expectation and variance at points in the unit cube, (points,) each."""
        mean, spread = self.process.predict(points, return_std=True)
        return self.middle + self.scale * mean, (self.scale * spread) ** 2 * max(1.0, self.surprise)


def require_sklearn() -> None:
    """InputError that says what to install, where scikit-learn is missing."""
    from importlib import import_module

    try:
        import_module("sklearn")
    except ImportError:
        needs = "a calibration needs scikit-learn: pip install 'tmesim[calibration]' (or: pip install scikit-learn)"
        raise InputError([Problem(needs)]) from None


def fit(points: np.ndarray, values: np.ndarray, seed: int = 0) -> Emulator | None:
    """The emulator of a target; None where too few points have a value or all have the same.

    points : (points, parameters) in the unit cube; values : (points, replicates), NaN where there is none

    The noise of a point is the variance of a replicate, pooled over all points because that of two or three says
    little, over the number of its replicates. Without two replicates anywhere it is fitted.
    """
    from sklearn.exceptions import ConvergenceWarning
    from sklearn.gaussian_process import GaussianProcessRegressor
    from sklearn.gaussian_process.kernels import ConstantKernel, Matern, WhiteKernel

    counts = np.isfinite(values).sum(1)
    known = counts > 0
    if known.sum() < points.shape[1] + 2:
        return None
    points, values, counts = points[known], values[known], counts[known]
    mean = np.nanmean(values, axis=1)
    middle, scale = float(mean.mean()), float(mean.std())
    if scale <= 1e-12 * max(1.0, abs(middle)):
        return None
    free = int((counts - 1).sum())
    pooled = float(np.nansum((values - mean[:, None]) ** 2)) / free if free else 0.0
    noise = pooled / counts / scale**2 + 1e-8
    kernel = ConstantKernel(1.0, (1e-2, 1e2)) * Matern(np.ones(points.shape[1]), (0.1, 30.0), nu=2.5)
    if not free:
        kernel = kernel + WhiteKernel(0.1, (1e-6, 1.0))
    process = GaussianProcessRegressor(kernel, alpha=noise, n_restarts_optimizer=SEARCHES, random_state=seed)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)  # lengths at their bound: a parameter without effect
        process.fit(points, (mean - middle) / scale)
    away, spread = left_out(process, noise, (mean - middle) / scale)
    chance = pooled / values.shape[1]
    return Emulator(process, middle, scale, chance, pooled, float(scale * np.sqrt((away**2).mean())),
                    float(((away / spread) ** 2).mean()))  # fmt: skip


def without(emulator: Emulator, point: np.ndarray) -> Emulator:
    """The emulator as it is without what was simulated at a point, its lengths as they are."""
    from sklearn.gaussian_process import GaussianProcessRegressor

    old = emulator.process
    others = ~(old.X_train_ == point).all(1)
    noise = old.alpha if np.ndim(old.alpha) == 0 else old.alpha[others]
    process = GaussianProcessRegressor(old.kernel_, alpha=noise, optimizer=None)
    return replace(emulator, process=process.fit(old.X_train_[others], old.y_train_[others]))


def left_out(process: Any, noise: np.ndarray, values: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """What the process says of each point from all others, less its value; and the deviation it expects of that.

    From the inverse Q of the covariance K + noise (Rasmussen & Williams 2006, 5.4.2): (Q y)ᵢ / Qᵢᵢ and 1 / √Qᵢᵢ.
    """
    covariance = process.kernel_(process.X_train_) + np.diag(noise)
    inverse = np.linalg.inv(covariance)
    own = np.diag(inverse)
    return -(inverse @ values) / own, 1 / np.sqrt(own)
