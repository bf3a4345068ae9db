"""Fibers: which way the matrix runs at each site, how cells turn it, and how it lets moves pass.

Fibers have an axis and no head, so a site holds r (cos 2θ, sin 2θ), two maps of the matrix: θ is the axis and r, 0 to
1, how many fibers share it. Cells turn them by the edge that they stand at, whose normal n points to the malignant
cells around: along it (a capsule) or across it (tracks). Both maps obey dq/dt = Σ rates · (axis − q) over the cells of
the site and its eight neighbors.
"""

import numpy as np
from numba import prange

from tmesim.kernels.arrays import PAD
from tmesim.kernels.compiling import inline, inner, parallel


@inline
def lie_along(direction, y, x, maps, rules):
    """How far the fibers of a site lie along one of the four directions of a move: 1 along it, −1 across, 0 no axis."""
    along = np.float64(maps.matrix[rules.fiber_cos, y, x])
    return along if direction % 2 == 0 else -along


@inner
def edge_normal(y, x, reach, cells, layers, rules):
    """cos 2φ and sin 2φ of the direction in which most malignant cells within `reach` sites lie; 0, 0 without one."""
    gy = 0.0
    gx = 0.0
    far = np.int64(reach)
    for dy in range(-far, far + 1):
        for dx in range(-far, far + 1):
            row = layers.tissue[y + dy + PAD, x + dx + PAD]
            if row >= 0 and 0 < dy * dy + dx * dx <= reach * reach and rules.kinds[cells.type[row]].malignant:
                square = np.float64(dy * dy + dx * dx)
                gy += dy / square
                gx += dx / square
    length = gy * gy + gx * gx
    if length < 0.25:  # as much to one side as to the other
        return 0.0, 0.0
    return (gx * gx - gy * gy) / length, 2.0 * gx * gy / length


@inner
def turn_row(y, reach, cells, layers, rules, turning):
    """What the tissue cells of one lattice row do to fibers: turning (3, ny, nx), rate (1/h) and rate × axis."""
    for x in range(turning.shape[2]):
        row = layers.tissue[y + PAD, x + PAD]
        turning[0, y, x] = 0.0
        turning[1, y, x] = 0.0
        turning[2, y, x] = 0.0
        if row < 0:
            continue
        kind = np.int64(cells.type[row])
        across = 0.0
        along = 0.0
        if rules.kinds[kind].fibers_across >= 0:
            across = np.float64(cells.value[row, rules.kinds[kind].fibers_across])
        if rules.kinds[kind].fibers_along >= 0:
            along = np.float64(cells.value[row, rules.kinds[kind].fibers_along])
        if across + along > 0.0:
            c, s = edge_normal(y, x, reach, cells, layers, rules)
            if c != 0.0 or s != 0.0:
                turning[0, y, x] = across + along
                turning[1, y, x] = (across - along) * c
                turning[2, y, x] = (across - along) * s


@parallel
def gather_turning(reach, cells, layers, rules, turning):
    """What the cells of all sites do to fibers. reach : sites, at most REACH; turning : (3, ny, nx), overwritten.

    A kernel of its own: two loops over the rows in one would be fused, and rows read before they are written.
    """
    for y in prange(turning.shape[1]):
        turn_row(y, reach, cells, layers, rules, turning)


@inner
def turn_fibers_row(y, dt, maps, rules, turning):
    """One lattice row of `turn_fibers`."""
    ny, nx = maps.perfusion.shape
    for x in range(nx):
        rate = 0.0
        c = 0.0
        s = 0.0
        for ty in range(max(y - 1, 0), min(y + 2, ny)):
            for tx in range(max(x - 1, 0), min(x + 2, nx)):
                rate += turning[0, ty, tx]
                c += turning[1, ty, tx]
                s += turning[2, ty, tx]
        if rate > 0.0:
            kept = np.exp(-rate * dt)
            maps.matrix[rules.fiber_cos, y, x] = c / rate + (maps.matrix[rules.fiber_cos, y, x] - c / rate) * kept
            maps.matrix[rules.fiber_sin, y, x] = s / rate + (maps.matrix[rules.fiber_sin, y, x] - s / rate) * kept


@parallel
def turn_fibers(dt, maps, rules, turning):
    """One step of the fibers, exactly over dt (h). turning : as `gather_turning` leaves it."""
    for y in prange(maps.perfusion.shape[0]):
        turn_fibers_row(y, dt, maps, rules, turning)
