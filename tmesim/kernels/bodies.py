"""Bodies: cells of several sites, such as adipocytes, which stand in the tissue layer with all of their area.

A body's row stands at one site, its anchor; every other site that it covers holds COVERED − way, where the way
(dy + 8) · 16 + dx + 8 leads to the anchor, at (y + dy, x + dx). So a covered site is neither free nor a row, needs no
update when rows are put into another order, and leads to its cell by one look.
"""

import numpy as np

from tmesim.kernels.arrays import COVERED, EMPTY, PAD, SPAN
from tmesim.kernels.compiling import inline, inner, kernel

ONE = np.float32(1.0)
ZERO = np.float32(0.0)
EIGHT = np.float32(8.0)


@inline
def way(dy, dx):
    """The number of the way by dy, dx sites; both within SPAN. 0 is none of them."""
    return (dy + 8) * 16 + dx + 8


@inline
def row_at(py, px, tissue):
    """The row that fills a site of the padded tissue layer, with its anchor or another site; negative: nobody."""
    row = np.int64(tissue[py, px])
    if row <= COVERED:
        step = COVERED - row
        row = np.int64(tissue[py + (step >> 4) - 8, px + (step & 15) - 8])
    return row


@inline
def covers(y, x, py, px, tissue):
    """Whether the body anchored at (y, x) fills the site (py, px), both within the lattice or next to it."""
    dy = y - py
    dx = x - px
    if dy == 0 and dx == 0:
        return True
    if max(abs(dy), abs(dx)) > SPAN:
        return False
    return tissue[py + PAD, px + PAD] == COVERED - way(dy, dx)


@inner
def uncover(row, cells, layers):
    """Free the sites that a body covers beside its own, which it keeps: it is an ordinary cell then."""
    reach = np.int64(cells.core[row].extent)
    y = np.int64(cells.core[row].y)
    x = np.int64(cells.core[row].x)
    for dy in range(-reach, reach + 1):
        for dx in range(-reach, reach + 1):
            if layers.tissue[y + dy + PAD, x + dx + PAD] == COVERED - way(-dy, -dx):
                layers.tissue[y + dy + PAD, x + dx + PAD] = EMPTY
    cells.core[row].extent = 0


@inline
def covered_in_row(y, x, dy, reach, tissue):
    """The columns in which the body anchored at (y, x) fills row y + dy, as bits: 0 is column x − reach."""
    bits = 0
    if abs(dy) < reach:
        for i in range(1, 2 * reach):
            bits |= np.int64(covers(y, x, y + dy, x + i - reach, tissue)) << i
    return bits


@inner
def count_around(row, cells, layers, contacts, lane):
    """What a body touches, on all of its sites and all around them, into one lane of contacts (see kernels.touch).

    A surface has more sites the larger the body and the finer the lattice; the numbers are those of a surface of
    eight sites that is touched in the same proportion, so that they compare with those of an ordinary cell.
    """
    types = contacts.shape[0] - 1
    for c in range(types + 1):
        contacts[c, lane] = ZERO
    reach = np.int64(cells.core[row].extent) + 1
    y = np.int64(cells.core[row].y)
    x = np.int64(cells.core[row].x)
    surface = 0
    taken = 0
    own = 0
    below = 0
    for dy in range(-reach, reach + 1):
        py = y + dy
        above = own
        own = below
        below = covered_in_row(y, x, dy + 1, reach, layers.tissue)
        close = above | own | below
        close |= close << 1 | close >> 1  # its sites and their eight neighbors
        for i in range(2 * reach + 1):
            if close >> i & 1 == 0:
                continue
            px = x - reach + i
            if own >> i & 1 == 0:
                surface += 1
                other = row_at(py + PAD, px + PAD, layers.tissue)
                if other >= 0:
                    contacts[cells.type[other], lane] += ONE
                    taken += 1
            other = np.int64(layers.leukocyte[py + PAD, px + PAD])
            if other >= 0:
                contacts[cells.type[other], lane] += ONE
            other = np.int64(layers.vessel[py + PAD, px + PAD])
            if other >= 0:
                contacts[cells.type[other], lane] += ONE
    share = EIGHT / np.float32(surface)
    for c in range(types):
        contacts[c, lane] *= share
    contacts[types, lane] = np.float32(taken) / np.float32(surface)


@kernel
def power_cells(y, x, radius, reach, free, owner, apart):
    """Which body each free site is nearest to: the least d² − radius² of those with d ≤ reach, of equals the first.

    y, x, radius, reach : (bodies,) centers, from 0.5 in the middle of the first site, and sizes, in sites;
    free : bool (ny, nx); owner (ny, nx) int64 : overwritten, −1 nobody; apart (ny, nx) : d² to it, overwritten
    """
    ny, nx = free.shape
    best = np.full((ny, nx), np.inf)
    owner[:] = -1
    apart[:] = np.inf
    for i in range(y.size):
        far = min(reach[i], np.float64(SPAN))
        for sy in range(max(np.int64(y[i] - far), 0), min(np.int64(y[i] + far) + 1, ny)):
            for sx in range(max(np.int64(x[i] - far), 0), min(np.int64(x[i] + far) + 1, nx)):
                square = (sy + 0.5 - y[i]) ** 2 + (sx + 0.5 - x[i]) ** 2
                power = square - radius[i] ** 2
                if free[sy, sx] and square <= far * far and power < best[sy, sx]:
                    best[sy, sx] = power
                    owner[sy, sx] = i
                    apart[sy, sx] = square
