"""Fibers: which way the matrix runs at each site, how cells turn it, and how it lets moves pass.

Fibers have an axis and no head, so a site holds r (cos 2θ, sin 2θ), two maps of the matrix: θ is the axis and r, 0 to
1, how many fibers share it. Cells turn them by the edge that they stand at, whose normal n points to the malignant
cells around: along it (a capsule) or across it (tracks). Both maps obey dq/dt = Σ rates · (axis − q) over the cells of
the site and its eight neighbors.
"""

import numpy as np
from numba import prange

from tmesim.kernels.arrays import PAD
from tmesim.kernels.compiling import inline, inner, kernel, parallel, side_by_side

BAND = 16  # rows of the lattice that one thread takes at a time


@inline
def lie_along(direction, y, x, maps, rules):
    """How far the fibers of a site lie along one of the four directions of a move: 1 along it, −1 across, 0 no axis."""
    along = np.float64(maps.matrix[rules.fiber_cos, y, x])
    return along if direction % 2 == 0 else -along


@kernel
def pulls_of(reach):
    """The sites within `reach`, row by row: offsets (n, 2) int64 and what a malignant cell there adds to an edge's
    normal, (n, 2) float64, both y before x."""
    far = np.int64(reach)
    offsets = np.empty(((2 * far + 1) ** 2, 2), dtype=np.int64)
    pulls = np.empty(((2 * far + 1) ** 2, 2))
    n = 0
    for dy in range(-far, far + 1):
        for dx in range(-far, far + 1):
            if 0 < dy * dy + dx * dx <= reach * reach:
                square = np.float64(dy * dy + dx * dx)
                offsets[n, 0] = dy
                offsets[n, 1] = dx
                pulls[n, 0] = dy / square
                pulls[n, 1] = dx / square
                n += 1
    return offsets[:n], pulls[:n]


@inner
def mark_malignant(y, far, cells, layers, rules, malignant):
    """Into malignant (nx + 2 far) 1 where a malignant cell stands in row y, be it outside of the lattice, else 0."""
    if y < 0 or y >= layers.tissue.shape[0] - 2 * PAD:
        malignant[:] = 0.0
        return
    for x in range(malignant.size):
        row = layers.tissue[y + PAD, x - far + PAD]
        malignant[x] = 1.0 if row >= 0 and rules.kinds[cells.type[row]].malignant else 0.0


@side_by_side
def pull(malignant, dx, along_y, along_x, gy, gx):
    """Add to the normals of a row of sites what the cells in another row pull at an offset of dx."""
    there = malignant[dx:]
    for x in range(gy.size):
        gy[x] += there[x] * along_y
        gx[x] += there[x] * along_x


@inner
def turn_row(y, far, offsets, pulls, malignant, first, cells, layers, rules, turning, gy, gx):
    """What the tissue cells of one lattice row do to fibers: turning (3, nx + 2), rate (1/h) and rate × axis, for
    columns −1 … nx. Whether they do anything.

    The normal of the edge that a cell stands at is the direction in which most malignant cells lie: cos 2φ and sin 2φ.
    malignant : as of `mark_malignant`, whose row `first` is that of y; gy, gx (nx) : scratch
    """
    nx = gy.size
    turning[:] = 0.0
    begin = nx
    end = 0
    for x in range(nx):
        row = layers.tissue[y + PAD, x + PAD]
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
            turning[0, x + 1] = across + along
            turning[1, x + 1] = across - along
            begin = min(begin, x)
            end = x + 1
    if end == 0:
        return False
    gy[:] = 0.0
    gx[:] = 0.0
    for k in range(offsets.shape[0]):
        there = malignant[first + offsets[k, 0]]
        pull(there, begin + far + offsets[k, 1], pulls[k, 0], pulls[k, 1], gy[begin:end], gx[begin:end])
    for x in range(begin, end):
        if turning[0, x + 1] > 0.0:
            length = gy[x] * gy[x] + gx[x] * gx[x]
            net = turning[1, x + 1]
            c = 0.0
            s = 0.0
            if length >= 0.25:  # else as much to one side as to the other
                c = (gx[x] * gx[x] - gy[x] * gy[x]) / length
                s = 2.0 * gx[x] * gy[x] / length
            if c == 0.0 and s == 0.0:
                turning[0, x + 1] = 0.0
            turning[1, x + 1] = net * c
            turning[2, x + 1] = net * s
    return True


@side_by_side
def sum_around(above, here, below, total):
    """The sum of the nine values around each site, row by row. above, here, below : (nx + 2); total : (nx)"""
    for x in range(total.size):
        total[x] = (
            0.0 + above[x] + above[x + 1] + above[x + 2] + here[x] + here[x + 1] + here[x + 2]
            + below[x] + below[x + 1] + below[x + 2]
        )  # fmt: skip


@inner
def turn_fibers_row(y, dt, maps, rules, turning, first, sums):
    """One lattice row of `turn_fibers`. turning : rows as of `turn_row`, that above y first; sums (3, nx) : scratch"""
    for k in range(3):
        sum_around(turning[first, k], turning[first + 1, k], turning[first + 2, k], sums[k])
    for x in range(sums.shape[1]):
        rate = sums[0, x]
        if rate > 0.0:
            c = sums[1, x]
            s = sums[2, x]
            kept = np.exp(-rate * dt)
            maps.matrix[rules.fiber_cos, y, x] = c / rate + (maps.matrix[rules.fiber_cos, y, x] - c / rate) * kept
            maps.matrix[rules.fiber_sin, y, x] = s / rate + (maps.matrix[rules.fiber_sin, y, x] - s / rate) * kept


@inner
def turn_band(y0, y1, dt, far, offsets, pulls, cells, layers, maps, rules, malignant, turning, turned, sums, gy, gx):
    """Rows y0 … y1 − 1 of `turn_fibers`. malignant and all after it : scratch"""
    for j in range(y1 - y0 + 2 + 2 * far):
        mark_malignant(y0 - 1 - far + j, far, cells, layers, rules, malignant[j])
    for j in range(y1 - y0 + 2):
        turned[j] = turn_row(
            y0 - 1 + j, far, offsets, pulls, malignant, j + far, cells, layers, rules, turning[j], gy, gx
        )
    for y in range(y0, y1):
        j = y - y0
        if turned[j] or turned[j + 1] or turned[j + 2]:
            turn_fibers_row(y, dt, maps, rules, turning, j, sums)


@parallel
def turn_fibers(reach, dt, cells, layers, maps, rules):
    """One step of the fibers, exactly over dt (h). reach : sites within which cells feel an edge, at most REACH."""
    ny, nx = maps.perfusion.shape
    far = np.int64(reach)
    offsets, pulls = pulls_of(reach)
    for band in prange((ny + BAND - 1) // BAND):
        malignant = np.empty((BAND + 2 + 2 * far, nx + 2 * far))
        turning = np.empty((BAND + 2, 3, nx + 2))
        turned = np.empty(BAND + 2, dtype=np.bool_)
        sums = np.empty((3, nx))
        gy = np.empty(nx)
        gx = np.empty(nx)
        turn_band(
            band * BAND, min(ny, (band + 1) * BAND), dt, far, offsets, pulls, cells, layers, maps, rules,
            malignant, turning, turned, sums, gy, gx,
        )  # fmt: skip
