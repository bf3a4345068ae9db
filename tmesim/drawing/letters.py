"""Letters in arrays of palette indices, with soft edges."""

from __future__ import annotations

from functools import cache
from pathlib import Path

import matplotlib
import numpy as np
from PIL import ImageFont

from tmesim.drawing.palette import SHADES
from tmesim.text import line


@cache
def font(size: int, bold: bool = False) -> ImageFont.FreeTypeFont:
    """The font of all drawings, which comes with matplotlib, at a size in pixels."""
    name = "DejaVuSans-Bold.ttf" if bold else "DejaVuSans.ttf"
    path = Path(matplotlib.get_data_path()) / "fonts" / "ttf" / name
    return ImageFont.truetype(str(path), size, layout_engine=ImageFont.Layout.BASIC)


def text_width(text: str, size: int, bold: bool = False) -> int:
    """Pixels along a text."""
    return round(font(size, bold).getlength(text))


def write_text(
    image: np.ndarray, left: int, top: int, text: str, size: int, ramp: np.ndarray, bold: bool = False,
    right: bool = False, most: int | None = None,
) -> None:  # fmt: skip
    """Letters in the shades of a ramp; shortened to `most` pixels; with `right`, `left` is where they end."""
    text = line(text.replace("\u202f", "\u2009"))
    while most is not None and text_width(text, size, bold) > most and len(text) > 2:
        text = text[:-2].rstrip() + "…"
    mask, (dx, dy) = font(size, bold).getmask2(text, mode="L")
    wide, high = mask.size
    if not wide or not high:
        return
    left = left - text_width(text, size, bold) + dx if right else left + dx
    top += dy
    shades = np.array(mask, np.uint16).reshape(high, wide) * (SHADES - 1) // 255
    shades = shades[: max(0, image.shape[0] - top), max(0, -left) : max(0, image.shape[1] - left)]
    left = max(0, left)
    spot = image[top : top + shades.shape[0], left : left + shades.shape[1]]
    spot[shades > 0] = ramp[shades[shades > 0]]
