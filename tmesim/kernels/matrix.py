"""Matrix: what does not diffuse is laid down around cells and degraded under them; debris is cleared."""

import numpy as np
from numba import prange

from tmesim.kernels.arrays import PAD
from tmesim.kernels.compiling import inline, inner, kernel, parallel


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
def turn_over_row(y, dt, decay, k, cells, layers, maps, rules, column):
    """One lattice row of one map of `turn_over`.

    column : (nx + 2,) scratch, what is laid down on three rows above each other.
    """
    nx = maps.perfusion.shape[1]
    for x in range(-1, nx + 1):
        column[x + 1] = 0.0
        for dy in range(-1, 2):
            column[x + 1] += rate_at(y + dy, x, k, rules.deposition, cells, layers)
    for x in range(nx):
        gain = column[x] + column[x + 1] + column[x + 2]
        rate = gain + (decay + rate_at(y, x, k, rules.degradation, cells, layers))
        if rate > 0.0:
            target = gain / rate
            m = np.float64(maps.matrix[k, y, x])
            maps.matrix[k, y, x] = target + (m - target) * np.exp(-rate * dt)


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
    for y in prange(maps.perfusion.shape[0]):
        column = np.zeros(maps.perfusion.shape[1] + 2)
        for k in range(decay.size):
            if k == rules.debris:
                clear_row(y, np.float32(np.exp(-decay[k] * dt)), k, maps)
            elif k != rules.fiber_cos and k != rules.fiber_sin:
                turn_over_row(y, dt, decay[k], k, cells, layers, maps, rules, column)


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
