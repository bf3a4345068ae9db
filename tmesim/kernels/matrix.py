"""Matrix: extracellular matrix is laid down and degraded by the cells on it; debris is cleared."""

import numpy as np
from numba import prange

from tmesim.kernels.arrays import PAD
from tmesim.kernels.compiling import inner, kernel, parallel


@inner
def turn_over_row(y, dt, decay, fade, cells, layers, ground, book):
    """One lattice row of `turn_over`."""
    for x in range(ground.perfusion.shape[1]):
        gain = 0.0
        loss = decay
        for layer in range(2):
            row = layers.tissue[y + PAD, x + PAD] if layer == 0 else layers.leukocyte[y + PAD, x + PAD]
            if row >= 0:
                kind = np.int64(cells.type[row])
                if book.kinds[kind].deposition >= 0:
                    gain += np.float64(cells.value[row, book.kinds[kind].deposition])
                if book.kinds[kind].degradation >= 0:
                    loss += np.float64(cells.value[row, book.kinds[kind].degradation])
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

    Both exactly over dt (h). Antigens are gone when hardly a hundredth of a cell's debris is left.
    """
    fade = np.float32(np.exp(-clearance * dt))
    for y in prange(ground.perfusion.shape[0]):
        turn_over_row(y, dt, decay, fade, cells, layers, ground, book)


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
