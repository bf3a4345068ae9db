"""Painting in arrays of palette indices: colors by number, shapes on sites, and letters with soft edges."""

from __future__ import annotations

from pathlib import Path

import matplotlib
import numpy as np
from matplotlib.colors import to_rgb
from PIL import ImageFont

from tmesim.text import line

SHADES = 8  # steps between paper and ink at the edges of letters


class Colors:
    """Colors by index, as many as are asked for (a GIF has 256)."""

    def __init__(self) -> None:
        self.rgb: list[tuple[int, int, int]] = []

    def index(self, color: str | tuple[float, float, float]) -> int:
        r, g, b = (round(255 * v) for v in to_rgb(color))
        if (r, g, b) not in self.rgb:
            self.rgb.append((r, g, b))
        return self.rgb.index((r, g, b))

    def ramp(self, ink: str, paper: str = "white") -> np.ndarray:
        """Indices from paper to ink, for letters with soft edges."""
        a, b = np.array(to_rgb(paper)), np.array(to_rgb(ink))
        return np.array([self.index(to_rgb(tuple(a + (b - a) * i / (SHADES - 1)))) for i in range(SHADES)], np.uint8)


def enlarged(image: np.ndarray, zoom: int) -> np.ndarray:
    return image.repeat(zoom, 0).repeat(zoom, 1)


def stamp(panel: np.ndarray, colors: np.ndarray, where: np.ndarray, shape: np.ndarray) -> None:
    """Paint a shape in the middle of each chosen site. colors, where : (ny, nx); shape : pixels, at most a site."""
    ny, nx = where.shape
    zoom = panel.shape[0] // ny
    sites = panel.reshape(ny, zoom, nx, zoom)
    inset = (zoom - shape.shape[0]) // 2 if shape.shape[0] < zoom else 0
    for dy, dx in np.argwhere(shape):
        pixels = sites[:, inset + dy, :, inset + dx]
        pixels[where] = colors[where]


def disc(size: int) -> np.ndarray:
    """A filled disc in a square of so many pixels; a square below four, where no disc can be told from it."""
    if size < 4:
        return np.ones((size, size), bool)
    at = np.arange(size) - (size - 1) / 2
    return at[:, None] ** 2 + at**2 <= (size / 2) ** 2


_fonts: dict[tuple[int, bool], ImageFont.FreeTypeFont] = {}


def font(size: int, bold: bool = False) -> ImageFont.FreeTypeFont:
    if (size, bold) not in _fonts:
        name = "DejaVuSans-Bold.ttf" if bold else "DejaVuSans.ttf"
        path = Path(matplotlib.get_data_path()) / "fonts" / "ttf" / name
        _fonts[size, bold] = ImageFont.truetype(str(path), size, layout_engine=ImageFont.Layout.BASIC)
    return _fonts[size, bold]


def text_width(text: str, size: int, bold: bool = False) -> int:
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
