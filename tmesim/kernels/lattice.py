"""The lattice: tiles in four colors, and the order of sites inside a tile.

A sweep lays 16² tiles over the lattice at a drawn offset and takes the four colors in drawn order. Tiles of one
color lie a tile apart, so cells in them that stay within reach 8 cannot meet: they may run in parallel, and the
result is a function of space and chance alone.
"""

import numpy as np

from tmesim.kernels.arrays import TILE
from tmesim.kernels.chance import below, draw
from tmesim.kernels.compiling import kernel


@kernel
def lay_tiles(ny, nx, key, sweep):
    """Offset (oy, ox), tiles down and across, and the order of the four colors for a sweep."""
    w0, w1, w2, w3 = draw(key, np.uint64(0), sweep, 0)
    oy = below(w0, TILE)
    ox = below(w1, TILE)
    down = (ny - 1 + oy) // TILE + 1
    across = (nx - 1 + ox) // TILE + 1
    colors = np.array([0, 1, 2, 3])
    for i in range(3, 0, -1):
        j = below(w2, i + 1)
        w2 = (w2 * np.uint64(747796405) + w3) & np.uint64(0xFFFFFFFF)
        kept = colors[i]
        colors[i] = colors[j]
        colors[j] = kept
    return oy, ox, down, across, colors


@kernel
def tile_bounds(tile, across, oy, ox, ny, nx):
    """First and last + 1 row and column of a tile, clipped to the lattice."""
    y0 = (tile // across) * TILE - oy
    x0 = (tile % across) * TILE - ox
    return max(y0, 0), min(y0 + TILE, ny), max(x0, 0), min(x0 + TILE, nx)


@kernel
def tile_of_color(k, color, down, across):
    """The k-th tile of a color (0 … 3), or -1 past the last; k < ((down + 1) // 2) · ((across + 1) // 2)."""
    wide = (across + 1) // 2
    ty = 2 * (k // wide) + (color >> 1)
    tx = 2 * (k % wide) + (color & 1)
    if ty >= down or tx >= across:
        return -1
    return ty * across + tx


def rings(reach: int) -> tuple[np.ndarray, np.ndarray]:
    """Offsets (n, 2) int8 of all sites within `reach`, nearest first, and where each distance begins (int32)."""
    span = range(-reach, reach + 1)
    sites = sorted((dy * dy + dx * dx, dy, dx) for dy in span for dx in span if 0 < dy * dy + dx * dx <= reach * reach)
    offsets = np.array([(dy, dx) for _, dy, dx in sites], dtype=np.int8)
    first = [i for i, s in enumerate(sites) if i == 0 or s[0] != sites[i - 1][0]]
    return offsets, np.array([*first, len(sites)], dtype=np.int32)
