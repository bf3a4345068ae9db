"""The course of vessels through their sites, and the stamps that paint it."""

from __future__ import annotations

from functools import lru_cache

import numpy as np
from PIL import Image, ImageDraw

from tmesim.kernels.arrays import ALONG_X, ALONG_Y


def links_with_flow(links: np.ndarray, flows: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Bits of the links that carry flow, because both their ends do, and of those that do not, (ny, nx) uint8 each.

    Links that leave the picture are left out.
    """
    ny, nx = links.shape
    there = np.pad(flows.astype(np.int8), 1, constant_values=-1)
    with_flow, without = np.zeros_like(links), np.zeros_like(links)
    for bit, (dy, dx) in enumerate(zip(ALONG_Y, ALONG_X, strict=True)):
        beyond = there[1 + dy : 1 + dy + ny, 1 + dx : 1 + dx + nx]
        drawn = links & np.uint8(1 << bit)
        open_ = flows & (beyond == 1)
        with_flow |= np.where(open_, drawn, 0).astype(np.uint8)
        without |= np.where(~open_ & (beyond >= 0), drawn, 0).astype(np.uint8)
    return with_flow, without


def courses(bits: int) -> list[np.ndarray]:
    """Lines (n, 2) of (x, y) through a site, in sites from its middle, for the bits of its links.

    Of two links the line bends from the middle of one to the middle of the other, so that a vessel winds instead of
    turning by corners; at ends and forks straight halves of links meet.
    """
    middles = [np.array([dx, dy]) / 2 for i, (dy, dx) in enumerate(zip(ALONG_Y, ALONG_X, strict=True)) if bits >> i & 1]
    if len(middles) == 2:
        first, second = middles
        bend = np.linspace(0.0, 1.0, 9)[:, None]
        return [(1 - bend) ** 2 * first + bend**2 * second]
    return [np.stack([middle, np.zeros(2)]) for middle in middles]


@lru_cache(maxsize=4096)
def tube(bits: int, site: int, width: int) -> Image.Image:
    """The part of a tube in a site and around it: a mask of three sites a side. site, width : pixels"""
    mask = Image.new("L", (3 * site, 3 * site))
    pen = ImageDraw.Draw(mask)
    for course in courses(bits):
        points = [(float(x), float(y)) for x, y in course * site + 1.5 * site - 0.5]
        pen.line(points, fill=255, width=width)
        for x, y in points:  # round ends and bends
            r = (width - 1) / 2
            pen.ellipse((x - r, y - r, x + r, y + r), fill=255)
    return mask


@lru_cache(maxsize=256)
def disc(size: int) -> Image.Image:
    """A filled disc in a square of so many pixels."""
    at = np.arange(size) - (size - 1) / 2
    inside = at[:, None] ** 2 + at**2 <= (size / 2) ** 2
    return Image.fromarray(np.where(inside, 255, 0).astype(np.uint8))


@lru_cache(maxsize=256)
def square(size: int) -> Image.Image:
    """A filled square of so many pixels."""
    return Image.new("L", (size, size), 255)
