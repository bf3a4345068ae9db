"""Matrix: what does not diffuse is laid down around cells and degraded under them; debris is cleared."""

import numpy as np
from numba import prange

from tmesim.kernels.arrays import PAD
from tmesim.kernels.compiling import inline, inner, kernel, parallel

BAND = 16  # rows of the lattice that one thread takes at a time


@inline
def rate_at(y, x, k, slots, cells, layers):
    """What the cells of a site lay down or remove of map k, 1/h. slots : RuleTables.deposition or .degradation."""
    total = 0.0
    for layer in range(2):
        row = layers.tissue[y + PAD, x + PAD] if layer == 0 else layers.leukocyte[y + PAD, x + PAD]
        if row >= 0:
            slot = slots[cells.type[row], k]
            if slot >= 0:
                total += np.float64(cells.value[row, slot])
    return total


@inner
def rates_of_row(y, k, slots, cells, layers, rates):
    """`rate_at` for columns −1 … nx of a lattice row, into rates (nx + 2)."""
    for x in range(rates.size):
        rates[x] = rate_at(y, x - 1, k, slots, cells, layers)


@inner
def turn_over_band(y0, y1, dt, decay, k, cells, layers, maps, rules, laid, removed, column):
    """Rows y0 … y1 − 1 of one map of `turn_over`.

    laid (3, nx + 2), what is laid down on the last three rows, removed (nx + 2) and column (nx + 2) : scratch
    """
    nx = maps.perfusion.shape[1]
    alone = np.exp(-decay * dt)  # what is left where no cell does anything
    for y in range(y0 - 1, y0 + 1):
        rates_of_row(y, k, rules.deposition, cells, layers, laid[(y + 3) % 3])
    for y in range(y0, y1):
        rates_of_row(y + 1, k, rules.deposition, cells, layers, laid[(y + 1) % 3])
        rates_of_row(y, k, rules.degradation, cells, layers, removed)
        above = laid[(y + 2) % 3]
        here = laid[y % 3]
        below = laid[(y + 1) % 3]
        for x in range(nx + 2):
            column[x] = above[x] + here[x] + below[x]
        for x in range(nx):
            gain = column[x] + column[x + 1] + column[x + 2]
            rate = gain + (decay + removed[x + 1])
            if rate > 0.0:
                target = gain / rate
                m = np.float64(maps.matrix[k, y, x])
                kept = alone if rate == decay else np.exp(-rate * dt)
                maps.matrix[k, y, x] = target + (m - target) * kept


@inner
def clear_row(y, fade, k, maps):
    """One lattice row of debris: what is left of it after a step, and of its antigens."""
    for x in range(maps.perfusion.shape[1]):
        if maps.matrix[k, y, x] > np.float32(0.0):
            maps.matrix[k, y, x] *= fade
            if maps.matrix[k, y, x] < np.float32(0.01):
                maps.matrix[k, y, x] = 0.0
                for w in range(maps.antigens.shape[2]):
                    maps.antigens[y, x, w] = 0


@parallel
def turn_over(dt, decay, cells, layers, maps, rules):
    """A density m of the matrix obeys dm/dt = deposition (1 − m) − (degradation + decay) m, debris q dq/dt = −decay q.

    A cell lays down matrix on its site and the eight around it (fibroblasts are several sites long) and degrades it
    on its own. Both exactly over dt (h). Antigens are gone when hardly a hundredth of a cell's debris is left. The axis
    of fibers is left alone (see kernels.fibers).
    decay : (matrix maps,) 1/h
    """
    ny, nx = maps.perfusion.shape
    for band in prange((ny + BAND - 1) // BAND):
        laid = np.empty((3, nx + 2))
        removed = np.empty(nx + 2)
        column = np.empty(nx + 2)
        y0 = band * BAND
        y1 = min(ny, (band + 1) * BAND)
        for k in range(decay.size):
            if k == rules.debris:
                fade = np.float32(np.exp(-decay[k] * dt))
                for y in range(y0, y1):
                    clear_row(y, fade, k, maps)
            elif k != rules.fiber_cos and k != rules.fiber_sin:
                turn_over_band(y0, y1, dt, decay[k], k, cells, layers, maps, rules, laid, removed, column)


@kernel
def site_order(layers, n):
    """Rows in the order of the sites, tissue before leukocyte before vessel: (cells,) int64."""
    rows = np.empty(n, dtype=np.int64)
    m = 0
    for y in range(PAD, layers.tissue.shape[0] - PAD):
        for x in range(PAD, layers.tissue.shape[1] - PAD):
            if layers.tissue[y, x] >= 0:
                rows[m] = layers.tissue[y, x]
                layers.tissue[y, x] = m
                m += 1
            if layers.leukocyte[y, x] >= 0:
                rows[m] = layers.leukocyte[y, x]
                layers.leukocyte[y, x] = m
                m += 1
            if layers.vessel[y, x] >= 0:
                rows[m] = layers.vessel[y, x]
                layers.vessel[y, x] = m
                m += 1
    return rows[:m]
