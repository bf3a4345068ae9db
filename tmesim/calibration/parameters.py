"""The parameters of a calibration, as data."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from importlib import resources
from typing import Any

import numpy as np

MOST = 10
"""Parameters that untreated data can be asked for."""
DIGITS = 6
"""Significant digits of a factor."""


@dataclass(frozen=True)
class Parameter:
    """Numbers that move together by a factor.

    paths : of the numbers, as `--set` knows them
    low, high : of the factor; why : where that range is from
    moves : the measures that are expected to move
    """

    name: str
    label: str
    paths: tuple[str, ...]
    low: float
    high: float
    why: str
    moves: tuple[str, ...]

    def factor(self, u: float) -> float:
        """The factor at a share of the way from low to high, by equal ratios."""
        return float(f"{self.low * (self.high / self.low) ** u:.{DIGITS}g}")


@cache
def parameters(species: str = "mouse") -> tuple[Parameter, ...]:
    """Those of the package, in the order of the file, with their ranges in a species."""
    import yaml

    text = resources.files("tmesim.calibration").joinpath("parameters.yaml").read_text(encoding="utf-8")
    entries: Mapping[str, Any] = yaml.load(text, yaml.CSafeLoader)
    return tuple(
        Parameter(
            name, entry["label"], tuple(entry["paths"]), _end(entry["low"], species), _end(entry["high"], species),
            entry["why"], tuple(entry["moves"]),
        )
        for name, entry in entries.items()
    )  # fmt: skip


def _end(said: float | Mapping[str, float], species: str) -> float:
    """An end of a range, which may be one for each species."""
    return float(said[species] if isinstance(said, Mapping) else said)


def factors(free: Sequence[Parameter], points: np.ndarray) -> np.ndarray:
    """(points, parameters): the factors of points in the unit cube."""
    return np.array([[p.factor(u) for p, u in zip(free, row, strict=True)] for row in points]).reshape(points.shape)


def settings(free: Sequence[Parameter], point: np.ndarray) -> dict[str, str]:
    """What a point of the unit cube sets, by path."""
    return {path: f"x{p.factor(u):g}" for p, u in zip(free, point, strict=True) for path in p.paths}
