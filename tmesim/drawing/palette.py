"""Colors: of ink and paper, of arms, of vessels, of what lies behind the cells; and as numbered entries of a palette.

Cell types and fields bring their own color and color map from the catalogue.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

import numpy as np
from matplotlib import colormaps
from matplotlib.colors import Colormap, LinearSegmentedColormap, to_rgb

if TYPE_CHECKING:
    from tmesim.scenario import Scenario

INK = "#222222"
FAINT = "#666666"
GRID = "#e4e4e4"
BAND, THIN, DOSE, FRAME = "#bbbbbb", "#777777", "#555555", "#999999"
"""In legends: the middle half, one replicate and a dose of no arm in particular, and the frame of a square."""
LESS, MORE = "#0072B2", "#D55E00"
"""Of outcomes in parameter sets; about the same is gray."""
ARM_COLORS = ("#D55E00", "#0072B2", "#009E73", "#CC79A7", "#56B4E9", "#7A0177")
"""For arms other than the reference: Wong's palette for color-blind readers, and a dark purple."""
REFERENCE_COLOR = "#4d4d4d"
WITHIN, MET, MISSED = "#CFE3D6", "#1B7A43", "#B3261E"
"""The interval of a target, and whether a run lies within it."""
SKIN, SKIN_EDGE, TISSUE, TISSUE_EDGE = "#F4F1ED", "#C5BDB3", "#E4DBD1", "#B5A89B"
"""A body and the organs in it."""
ARTERY, VEIN, PORTAL, LYMPH, HEART = "#C4473A", "#4A7FB5", "#7F5FA3", "#5E8C4A", "#8E2F26"
"""The ways of tumor cells through it."""
SENSITIVE = ("#C8742F", "#4C6A92", "#7F9F7F", "#9A6B9A")
"""Of the measures or values of a key in a tornado, in their order."""
BOTH = "#E3BD9A"
"""What assumed and cited numbers do together."""
CAME, NUMBER = "#8C8C8C", "#5F5F5F"
"""The share of cells that came to an organ, as a disk and as a number."""
PERFUSED, CLOSED, CASING = "#EF103B", "#FFFFFF", "#5A5A5A"
"""Vessels: a red tube with a white wall where blood flows, an empty white one with a gray wall where none does."""
OUTLINE = "#1a1a1a"
"""Lines around a region of the tissue."""
BEHIND = LinearSegmentedColormap.from_list("behind", ["#7E9FB2", "#C3D3DD", "#F1F5F8", "#FFFFFF"])
"""Pale, so that cells stand out: blue-gray without oxygen, white with plenty."""
SEAM = 0.35
"""How far the line between two cells is on its way from their color to white."""

MOST = 256
"""Colors of a GIF, and indices of a byte."""
SHADES = 8
"""Steps between paper and ink at the edges of letters."""

Rgb = tuple[int, int, int]


def arm_colors(scenario: Scenario) -> dict[str, str]:
    """The reference is gray, each other arm has a color of its own in every drawing."""
    others = [arm for arm in scenario.arms if arm != scenario.reference]
    colors = {arm: ARM_COLORS[i % len(ARM_COLORS)] for i, arm in enumerate(others)}
    return {arm: colors.get(arm, REFERENCE_COLOR) for arm in scenario.arms}


def paler(color: str, share: float = SEAM) -> tuple[float, float, float]:
    """A color on its way to white."""
    r, g, b = (v + share * (1 - v) for v in to_rgb(color))
    return r, g, b


def darker(color: str, share: float = 0.12) -> tuple[float, float, float]:
    """A color on its way to black."""
    r, g, b = (v * (1 - share) for v in to_rgb(color))
    return r, g, b


class Palette:
    """Colors by number, as they are asked for. Once there are 256, the nearest one stands for a new color."""

    def __init__(self, colors: Iterable[str] = ()) -> None:
        self.colors: list[Rgb] = []
        self._numbers: dict[Rgb, int] = {}
        for color in colors:
            self.index(color)

    def index(self, color: str | tuple[float, float, float]) -> int:
        r, g, b = (round(255 * v) for v in to_rgb(color))
        found = self._numbers.get((r, g, b))
        if found is None:
            found = len(self.colors)
            if found == MOST:
                return int(((self.rgb.astype(int) - (r, g, b)) ** 2).sum(1).argmin())
            self.colors.append((r, g, b))
            self._numbers[r, g, b] = found
        return found

    def ramp(self, ink: str, paper: str = "white") -> np.ndarray:
        """Indices from paper to ink, for letters with soft edges."""
        a, b = np.array(to_rgb(paper)), np.array(to_rgb(ink))
        return np.array([self.index(tuple(a + (b - a) * i / (SHADES - 1))) for i in range(SHADES)], np.uint8)

    def levels(self, color_map: str | Colormap, count: int) -> np.ndarray:
        """Indices of so many steps of a color map, (count,) uint8."""
        chosen = colormaps[color_map] if isinstance(color_map, str) else color_map
        return np.array([self.index(chosen(i / (count - 1))[:3]) for i in range(count)], np.uint8)

    @property
    def rgb(self) -> np.ndarray:
        """(colors, 3) uint8."""
        return np.array(self.colors, np.uint8).reshape(-1, 3)
