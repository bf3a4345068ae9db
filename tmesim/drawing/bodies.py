"""Bodies in outline, as a map of them needs: where a mouse and a woman end, and where in them their organs lie.

All places are shares of the height of the body: x to the right of its middle, y downwards from its upper end. Both lie
on their back, so that their right side is on the left.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

Point = tuple[float, float]


@dataclass(frozen=True)
class Figure:
    """A body. half : its right edge in the picture, from top to bottom. organs : the middle of each, and its half axes.

    tail : a line that belongs to it, empty where there is none. vein : where a vein is far from the heart
    """

    half: tuple[Point, ...]
    organs: Mapping[str, tuple[float, float, float, float]]
    heart: Point
    gut: Point
    vein: Point
    tail: tuple[Point, ...] = ()

    def outline(self) -> np.ndarray:
        """A closed smooth line around it, (points, 2)."""
        right = np.array(self.half)
        left = right[-2:0:-1] * (-1, 1)  # both halves begin and end in the middle
        return smooth(np.concatenate([right, left, right[:1]]), closed=True)

    def tail_line(self) -> np.ndarray:
        """The line of the tail, (points, 2)."""
        return smooth(np.array(self.tail)) if self.tail else np.empty((0, 2))


MOUSE = Figure(
    half=(
        (0, 0.0), (0.028, 0.012), (0.055, 0.06), (0.082, 0.098), (0.125, 0.095), (0.142, 0.13), (0.112, 0.165),
        (0.098, 0.185), (0.122, 0.225), (0.17, 0.215), (0.205, 0.19), (0.222, 0.212), (0.19, 0.255), (0.145, 0.3),
        (0.163, 0.4), (0.178, 0.5), (0.175, 0.585), (0.205, 0.635), (0.235, 0.705), (0.228, 0.76), (0.2, 0.745),
        (0.175, 0.7), (0.125, 0.715), (0.06, 0.755), (0.02, 0.775), (0, 0.777),
    ),
    organs={
        "brain": (0, 0.115, 0.05, 0.045), "lung": (0.075, 0.31, 0.04, 0.075),
        "lymph_node": (0.135, 0.275, 0.018, 0.018), "breast": (0.125, 0.4, 0.03, 0.024),
        "liver": (-0.055, 0.45, 0.09, 0.045), "spleen": (0.115, 0.485, 0.018, 0.045),
        "kidney": (0.085, 0.575, 0.024, 0.036), "bone": (-0.155, 0.655, 0.018, 0.055),
        "muscle": (0.155, 0.655, 0.036, 0.05),
    },
    heart=(0, 0.325), gut=(0.035, 0.53), vein=(0.012, 0.985),
    tail=((0, 0.76), (0.012, 0.83), (-0.004, 0.9), (0.012, 1.0)),
)  # fmt: skip
HUMAN = Figure(
    half=(
        (0, 0.0), (0.05, 0.012), (0.07, 0.06), (0.06, 0.115), (0.038, 0.145), (0.042, 0.168), (0.1, 0.183),
        (0.15, 0.21), (0.172, 0.29), (0.192, 0.38), (0.218, 0.48), (0.226, 0.535), (0.205, 0.54), (0.19, 0.49),
        (0.163, 0.4), (0.133, 0.3), (0.123, 0.35), (0.112, 0.41), (0.13, 0.485), (0.14, 0.56), (0.13, 0.68),
        (0.105, 0.8), (0.09, 0.93), (0.105, 0.985), (0.06, 1.0), (0.045, 0.97), (0.045, 0.84), (0.03, 0.68),
        (0.012, 0.575), (0, 0.565),
    ),
    organs={
        "brain": (0, 0.055, 0.05, 0.04), "lung": (0.065, 0.275, 0.035, 0.065),
        "lymph_node": (0.115, 0.235, 0.015, 0.015), "breast": (0.085, 0.305, 0.032, 0.026),
        "liver": (-0.045, 0.385, 0.065, 0.032),
        "spleen": (0.085, 0.395, 0.018, 0.028), "kidney": (0.062, 0.455, 0.019, 0.028),
        "bone": (-0.078, 0.7, 0.014, 0.085),
        "muscle": (0.085, 0.67, 0.034, 0.075),
    },
    heart=(0, 0.285), gut=(0.025, 0.475), vein=(0.02, 0.545),
)  # fmt: skip
FIGURES: Mapping[str, Figure] = {"mouse": MOUSE, "human": HUMAN}
"""By species."""
PAIRED = ("lung", "kidney")
"""Organs that lie on both sides."""
SIDES = {"lung": -1, "liver": -1, "kidney": -1, "bone": -1}
"""On which side of the map an organ is named: -1 the left, else the right."""


def smooth(points: np.ndarray, closed: bool = False, steps: int = 12) -> np.ndarray:
    """A line through some points without corners, (points, 2)."""
    from scipy.interpolate import PchipInterpolator

    along = np.concatenate([[0.0], np.cumsum(np.hypot(*np.diff(points, axis=0).T))])
    if closed:
        around = np.concatenate([along[-4:-1] - along[-1], along, along[1:4] + along[-1]])
        points = np.concatenate([points[-4:-1], points, points[1:4]])
    else:
        around = along
    fine = np.linspace(0, along[-1], steps * along.size)
    return np.stack([PchipInterpolator(around, values)(fine) for values in points.T], 1)
