"""Whether a calibration would find parameters that are known: points that were simulated are taken for the truth in
turn, what they gave for the measurement, and the emulators are made without them."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from tmesim.calibration.emulator import Emulator, without
from tmesim.calibration.matching import CUT, region
from tmesim.calibration.study import Outcome

TRUTHS = 12
"""Points that are taken for the truth."""
PARTICLES = 200
"""Of each search."""


@dataclass(frozen=True)
class Recovery:
    """What came of the points that were taken for the truth.

    truths : (truths, parameters) in the unit cube
    kept : (truths,) whether the truth was not ruled out
    found : (truths, parameters) whether it lies between the ends of what was not ruled out
    spread : (truths, parameters) deviation of what was not ruled out over that of the prior; NaN where all was
    """

    truths: np.ndarray
    kept: np.ndarray
    found: np.ndarray
    spread: np.ndarray


def recovery(outcome: Outcome, points: np.ndarray, values: np.ndarray, truths: int = TRUTHS) -> Recovery:
    """Take points for the truth, spread evenly over those that were simulated.

    points : (points, parameters) in the unit cube; values : (points, targets, replicates)

    Nothing is unknown of such a truth but chance: intervals of the targets and the discrepancy take no part.
    """
    question = outcome.question
    chosen = np.linspace(0, len(points) - 1, min(truths, len(points))).round().astype(int)
    kept, found, spread = [], [], []
    for i in chosen:
        each = [
            one for name, held in outcome.held.items()
            if (one := _seen(held.emulator, points[i], held.aim.scaled(values[i, question.measures.index(name)])))
        ]  # fmt: skip

        def away(x: np.ndarray, each: list[_Seen] = each) -> np.ndarray:
            return np.max([one(x) for one in each], axis=0) if each else np.zeros(len(x))

        where = region(away, points.shape[1], question.seed, PARTICLES)
        kept.append(float(away(points[i : i + 1])[0]) <= CUT)
        inside = where.points if not where.is_empty else np.full((1, points.shape[1]), np.nan)
        found.append((inside.min(0) <= points[i]) & (points[i] <= inside.max(0)))
        spread.append(inside.std(0) * np.sqrt(12.0) if not where.is_empty else inside[0])
    return Recovery(points[chosen], np.array(kept), np.array(found), np.array(spread))


@dataclass(frozen=True)
class _Seen:
    """A target of a truth. value : what it gave, on the scale of the emulator; chance : variance of that"""

    emulator: Emulator
    value: float
    chance: float

    def __call__(self, points: np.ndarray) -> np.ndarray:
        mean, variance = self.emulator(points)
        return np.abs(self.value - mean) / np.sqrt(variance + self.chance)


def _seen(emulator: Emulator, point: np.ndarray, values: np.ndarray) -> _Seen | None:
    """None of a truth without a value of the target."""
    known = values[np.isfinite(values)]
    if not known.size:
        return None
    return _Seen(without(emulator, point), float(known.mean()), emulator.replicate_variance / known.size + 1e-12)
