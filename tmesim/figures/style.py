"""How all figures look: one font size scale, colors of arms, a sheet measured in pixels, and saving.

Figures use matplotlib's objects and the Agg canvas; pyplot would cost a second of import and keep global state.
"""

from __future__ import annotations

import io
from pathlib import Path
from typing import TYPE_CHECKING

from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

from tmesim.record import write

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from tmesim.scenario import Scenario

DPI = 150
INK = "#222222"
FAINT = "#777777"
GRID = "#e4e4e4"
ARM_COLORS = ("#D55E00", "#0072B2", "#009E73", "#CC79A7", "#56B4E9", "#B8860B")
"""Wong's palette for color-blind readers, for arms other than the reference."""
REFERENCE_COLOR = "#4d4d4d"
TITLE, LABEL, SMALL = 11.0, 8.5, 7.5


def arm_colors(scenario: Scenario) -> dict[str, str]:
    """The reference is gray, each other arm has a color of its own in every figure."""
    others = [arm for arm in scenario.arms if arm != scenario.reference]
    colors = {arm: ARM_COLORS[i % len(ARM_COLORS)] for i, arm in enumerate(others)}
    return {arm: colors.get(arm, REFERENCE_COLOR) for arm in scenario.arms}


class Sheet:
    """A figure whose parts are placed in whole pixels from its upper left corner, so that rasters stay crisp."""

    def __init__(self, width: int, height: int) -> None:
        self.width, self.height = width, height
        self.figure = Figure(figsize=(width / DPI, height / DPI), dpi=DPI, facecolor="white")
        FigureCanvasAgg(self.figure)

    def axes(self, left: float, top: float, width: float, height: float) -> Axes:
        box = (left / self.width, 1 - (top + height) / self.height, width / self.width, height / self.height)
        axes = self.figure.add_axes(box)
        axes.tick_params(labelsize=SMALL, colors=INK, length=2.5, width=0.6)
        for side, spine in axes.spines.items():
            spine.set_visible(side in ("left", "bottom"))
            spine.set_linewidth(0.6)
            spine.set_color(FAINT)
        return axes

    def text(
        self, left: float, top: float, text: str, size: float = LABEL, color: str = INK, align: str = "left",
        weight: str = "normal", vertical: str = "top", rotation: float = 0,
    ) -> None:  # fmt: skip
        self.figure.text(
            left / self.width, 1 - top / self.height, text, fontsize=size, color=color, ha=align, va=vertical,
            fontweight=weight, rotation=rotation,
        )  # fmt: skip

    def save(self, path: Path) -> Path:
        out = io.BytesIO()
        self.figure.savefig(out, format="png", dpi=DPI, metadata={"Software": None})
        write(path, out.getvalue())
        return path
