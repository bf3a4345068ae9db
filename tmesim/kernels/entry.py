"""Entry: leukocytes leave perfused vessels into the tissue, as many as the endothelium admits."""

import numpy as np

from tmesim.kernels.act import NEAR, nearest_free
from tmesim.kernels.arrays import EMPTY, NOBODY_TCR, PAD
from tmesim.kernels.chance import draw, identity_of, poisson, unit
from tmesim.kernels.compiling import inline, inner, kernel
from tmesim.kernels.living import begin


@inline
def expected(y, x, j, dt, blood, cells, layers, maps, rules):
    """How many enter at a segment by its admission j within dt, on average."""
    admission = rules.admissions[j]
    open_to = np.float64(cells.value[layers.vessel[y + PAD, x + PAD], admission.slot])
    return open_to * maps.perfusion[y, x] * maps.length[y, x] * blood[admission.enters] * dt


@inner
def count_entries(dt, step, key, blood, cells, layers, maps, rules):
    """How many rows `enter` may need at most in this step."""
    ny, nx = maps.perfusion.shape
    total = 0
    for y in range(ny):
        for x in range(nx):
            row = layers.vessel[y + PAD, x + PAD]
            if row >= 0 and maps.perfusion[y, x] > 0.0:
                kind = np.int64(cells.type[row])
                first = rules.kinds[kind].admission_first
                for j in range(first, rules.kinds[kind + 1].admission_first):
                    mean = expected(y, x, j, dt, blood, cells, layers, maps, rules)
                    if mean > 0.0:
                        w0, _, _, _ = draw(key, cells.core[row].id, step, j - first)
                        total += poisson(w0, mean)
    return total


@kernel
def receptor(u, shares):
    """The antigen of an entering T cell for a draw u: shares (clonotypes,) of those that know one; the rest none."""
    for k in range(shares.size):
        u -= shares[k]
        if u < 0.0:
            return k
    return NOBODY_TCR


@kernel
def enter(n, now, dt, step, key, origin, blood, shares, starts, offsets, first, cells, layers, maps, rules):
    """Admit leukocytes next to each perfused segment, by its length; those that find no free site stay in the blood.

    origin : key of the identities that are made here; blood : (types,) level of each type; shares : (types,
    clonotypes), for types that are specific; starts : (types, states) of newcomers. Returns (rows in use, entries of
    each type).
    """
    ny, nx = maps.perfusion.shape
    entered = np.zeros(blood.size, dtype=np.int64)
    for y in range(ny):
        for x in range(nx):
            segment = layers.vessel[y + PAD, x + PAD]
            if segment < 0 or maps.perfusion[y, x] <= 0.0:
                continue
            vessel = np.int64(cells.type[segment])
            begun = rules.kinds[vessel].admission_first
            for j in range(begun, rules.kinds[vessel + 1].admission_first):
                mean = expected(y, x, j, dt, blood, cells, layers, maps, rules)
                if mean <= 0.0:
                    continue
                w0, _, _, _ = draw(key, cells.core[segment].id, step, j - begun)
                for i in range(poisson(w0, mean)):
                    index = np.uint64(3 + 64 * (j - begun) + i)
                    me = identity_of(np.uint64(y * nx + x + 1), np.uint64(step), index, origin)
                    w1, w2, w3, _ = draw(key, me, step, 0)
                    ty = y
                    tx = x
                    if layers.leukocyte[y + PAD, x + PAD] != EMPTY:
                        k = nearest_free(y, x, layers.leukocyte, NEAR, offsets, first, w1)
                        if k < 0:
                            continue
                        ty = y + offsets[k, 0]
                        tx = x + offsets[k, 1]
                    kind = rules.admissions[j].enters
                    begin(n, kind, me, ty, tx, now + dt, cells)
                    if rules.kinds[kind].specific:
                        cells.core[n].tcr = receptor(unit(w2), shares[kind])
                    for s in range(starts.shape[1]):
                        cells.state[n, s] = starts[kind, s]
                    cells.core[n].heading = np.uint8(w3 & np.uint64(3))
                    layers.leukocyte[ty + PAD, tx + PAD] = n
                    entered[kind] += 1
                    n += 1
    return n, entered
