"""Matrix: extracellular matrix is laid down around cells and degraded under them; debris is cleared."""

import numpy as np
from numba import prange

from tmesim.kernels.arrays import PAD
from tmesim.kernels.compiling import inline, inner, kernel, parallel


@inline
def deposition_at(y, x, cells, layers, book):
    """What the cells of a site lay down there and around, 1/h."""
    total = 0.0
    for layer in range(2):
        row = layers.tissue[y + PAD, x + PAD] if layer == 0 else layers.leukocyte[y + PAD, x + PAD]
        if row >= 0:
            slot = book.kinds[cells.type[row]].deposition
            if slot >= 0:
                total += np.float64(cells.value[row, slot])
    return total


@inner
def turn_over_row(y, dt, decay, fade, cells, layers, ground, book, column):
    """One lattice row of `turn_over`. column : (nx + 2,) scratch, what is laid down on three rows above each other."""
    nx = ground.perfusion.shape[1]
    for x in range(-1, nx + 1):
        column[x + 1] = 0.0
        for dy in range(-1, 2):
            column[x + 1] += deposition_at(y + dy, x, cells, layers, book)
    for x in range(nx):
        gain = column[x] + column[x + 1] + column[x + 2]
        loss = decay
        for layer in range(2):
            row = layers.tissue[y + PAD, x + PAD] if layer == 0 else layers.leukocyte[y + PAD, x + PAD]
            if row >= 0:
                slot = book.kinds[cells.type[row]].degradation
                if slot >= 0:
                    loss += np.float64(cells.value[row, slot])
        rate = gain + loss
        if rate > 0.0:
            target = gain / rate
            m = np.float64(ground.matrix[0, y, x])
            ground.matrix[0, y, x] = target + (m - target) * np.exp(-rate * dt)
        if ground.matrix[1, y, x] > np.float32(0.0):
            ground.matrix[1, y, x] *= fade
            if ground.matrix[1, y, x] < np.float32(0.01):
                ground.matrix[1, y, x] = 0.0
                ground.antigens[y, x] = 0


@parallel
def turn_over(dt, decay, clearance, cells, layers, ground, book):
    """ECM density m obeys dm/dt = deposition (1 − m) − (degradation + decay) m, debris q dq/dt = −clearance q.

    A cell lays down matrix on its site and the eight around it (fibroblasts are several sites long) and degrades it
    on its own. Both exactly over dt (h). Antigens are gone when hardly a hundredth of a cell's debris is left.
    """
    fade = np.float32(np.exp(-clearance * dt))
    for y in prange(ground.perfusion.shape[0]):
        column = np.zeros(ground.perfusion.shape[1] + 2)
        turn_over_row(y, dt, decay, fade, cells, layers, ground, book, column)


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
