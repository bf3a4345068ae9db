"""The scale bar: a round length in the lower left corner of a panel, on axes or in pixels."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from tmesim.drawing.letters import text_width, write_text
from tmesim.drawing.sheet import DPI, SMALL

if TYPE_CHECKING:
    from matplotlib.axes import Axes

LENGTHS_UM = (5000, 2000, 1000, 500, 200, 100, 50)
MARGIN, THICK, PAD = 0.03, 6, 7
"""Of the panel's width to the edges; pixels at the resolution of a sheet: of the bar, and of the paper around it."""


def length_um(width_um: float) -> int:
    """The longest round length below a third of a panel's width."""
    return next((um for um in LENGTHS_UM if um < width_um / 3), LENGTHS_UM[-1])


def on_axes(axes: Axes, spacing: float, nx: int, ny: int, below: bool = False) -> None:
    """Draw the bar on axes whose unit is a site. below : under the panel, for one that is low"""
    from matplotlib.patches import Rectangle

    length = length_um(nx * spacing)
    assert axes.figure is not None
    pixel = ny / axes.bbox.height * axes.figure.dpi / DPI
    long = length / spacing
    wide = max(long, 72 * pixel)  # of the letters
    x, y = nx * MARGIN, ny + 40 * pixel if below else ny - nx * MARGIN - 0.5
    ground = (x - PAD * pixel, y - 32 * pixel), wide + 2 * PAD * pixel, 39 * pixel
    axes.add_patch(Rectangle(*ground, color="white", lw=0, alpha=0.88, zorder=6, clip_on=False))
    bar = (x, y - THICK * pixel), long, THICK * pixel
    axes.add_patch(Rectangle(*bar, color="black", lw=0, zorder=7, clip_on=False))
    axes.text(x + wide / 2, y - 10 * pixel, f"{length} µm", ha="center", va="bottom", fontsize=SMALL, color="black",
              zorder=7)  # fmt: skip


def in_pixels(panel: np.ndarray, pixel_um: float, white: int, ink: np.ndarray) -> None:
    """Paint the bar into a panel of palette indices. pixel_um : the width of a pixel. ink : shades from paper to ink"""
    length = length_um(panel.shape[1] * pixel_um)
    long, label = round(length / pixel_um), f"{length} µm"
    bottom = panel.shape[0] - 8
    panel[max(0, bottom - 23) : bottom + 3, 5 : 11 + max(long, text_width(label, 11))] = white
    write_text(panel, 8, bottom - 21, label, 11, ink)
    panel[bottom - 4 : bottom, 8 : 8 + long] = ink[-1]
