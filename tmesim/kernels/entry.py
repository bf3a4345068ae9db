"""Entry: leukocytes leave perfused vessels into the tissue, as many as the endothelium admits."""

import numpy as np

from tmesim.kernels.act import NEAR, nearest_free
from tmesim.kernels.arrays import EMPTY, NOBODY_TCR, PAD
from tmesim.kernels.chance import draw, identity_of, poisson, unit
from tmesim.kernels.compiling import kernel


@kernel
def count_entries(dt, step, key, slots, blood, cells, layers, perfusion, length):
    """How many rows `enter` may need at most in this step."""
    ny, nx = perfusion.shape
    total = 0
    for y in range(ny):
        for x in range(nx):
            row = layers.vessel[y + PAD, x + PAD]
            if row >= 0 and perfusion[y, x] > 0.0:
                for j in range(slots.size):
                    mean = np.float64(cells.value[row, slots[j]]) * perfusion[y, x] * length[y, x] * blood[j] * dt
                    if mean > 0.0:
                        w0, _, _, _ = draw(key, cells.core[row].id, step, j)
                        total += poisson(w0, mean)
    return total


@kernel
def receptor(u, shares):
    """The clone of an entering T cell for a draw u: shares (clones,) of tumor-reactive clones; the rest bystanders."""
    for k in range(shares.size):
        u -= shares[k]
        if u < 0.0:
            return k
    return NOBODY_TCR


@kernel
def enter(
    n, now, dt, step, key, slots, kinds, blood, clonal, shares, starts, offsets, first, cells, layers, perfusion, length
):
    """Admit leukocytes next to each perfused segment, by its length; those that find no free site stay in the blood.

    slots : admission behaviors of endothelial cells, kinds : what enters by each, blood : level of each in the
    blood; clonal : (types,) 1 where a receptor is drawn from `shares`; starts : (types, states) of newcomers.
    Returns (rows in use, entries of each (slots,)).
    """
    ny, nx = perfusion.shape
    entered = np.zeros(slots.size, dtype=np.int64)
    for y in range(ny):
        for x in range(nx):
            segment = layers.vessel[y + PAD, x + PAD]
            if segment < 0 or perfusion[y, x] <= 0.0:
                continue
            for j in range(slots.size):
                mean = np.float64(cells.value[segment, slots[j]]) * perfusion[y, x] * length[y, x] * blood[j] * dt
                if mean <= 0.0:
                    continue
                w0, _, _, _ = draw(key, cells.core[segment].id, step, j)
                for i in range(poisson(w0, mean)):
                    me = identity_of(np.uint64(y * nx + x + 1), np.uint64(step), np.uint64(3 + 64 * j + i))
                    w1, w2, w3, _ = draw(key, me, step, 0)
                    k = -1
                    ty = y
                    tx = x
                    if layers.leukocyte[y + PAD, x + PAD] != EMPTY:
                        k = nearest_free(y, x, layers.leukocyte, NEAR, offsets, first, w1)
                        if k < 0:
                            continue
                        ty = y + offsets[k, 0]
                        tx = x + offsets[k, 1]
                    kind = kinds[j]
                    cells.core[n].id = me
                    cells.core[n].mother = 0
                    cells.type[n] = kind
                    cells.core[n].y = ty
                    cells.core[n].x = tx
                    cells.core[n].born = now + dt
                    cells.core[n].births = 0
                    cells.clone[n] = 0
                    cells.core[n].antigens = 0
                    cells.core[n].tcr = receptor(unit(w2), shares) if clonal[kind] else NOBODY_TCR
                    for s in range(starts.shape[1]):
                        cells.state[n, s] = starts[kind, s]
                    for b in range(cells.value.shape[1]):
                        cells.value[n, b] = 0.0
                    cells.core[n].engagement = 0.0
                    cells.core[n].damage = 0.0
                    cells.core[n].hit_at = now
                    cells.core[n].target = 0
                    cells.core[n].heading = np.uint8(w3 & np.uint64(3))
                    cells.event[n] = 0
                    cells.core[n].stamp = 0
                    layers.leukocyte[ty + PAD, tx + PAD] = n
                    entered[j] += 1
                    n += 1
    return n, entered
