"""Heredity: what a daughter loses of what her mother had."""

import numpy as np

from tmesim.kernels.arrays import WORD_BITS
from tmesim.kernels.chance import draw, unit
from tmesim.kernels.compiling import kernel

FOUNDING = 0  # draws of a daughter: whether she founds a clone; then one for each state, then one for each antigen


@kernel
def mutate(rows, step, key, losses, loss, founding, cells):
    """Mutations of newborn cells, each by a draw of its own.

    rows : (n,); losses : (states,) chance of each state to be 1 from now on; loss : chance of an antigen to be lost
    Returns (antigens lost, states changed, bool (n,): who founds a clone, which is the case with chance `founding`).
    """
    lost = 0
    changed = 0
    founds = np.zeros(rows.size, np.bool_)
    for i in range(rows.size):
        row = rows[i]
        who = cells.core[row].id
        w0, _, _, _ = draw(key, who, step, FOUNDING)
        founds[i] = unit(w0) < founding
        for s in range(losses.size):
            if losses[s] > 0.0 and cells.state[row, s] < np.float32(1.0):
                w0, _, _, _ = draw(key, who, step, 1 + s)
                if unit(w0) < losses[s]:
                    cells.state[row, s] = 1.0
                    changed += 1
        if loss > 0.0:
            for w in range(cells.antigens.shape[1]):
                for b in range(WORD_BITS):
                    bit = np.uint32(1) << np.uint32(b)
                    if cells.antigens[row, w] & bit:
                        w0, _, _, _ = draw(key, who, step, 1 + losses.size + w * WORD_BITS + b)
                        if unit(w0) < loss:
                            cells.antigens[row, w] &= ~bit
                            lost += 1
    return lost, changed, founds


@kernel
def normals(identities, step, key, first, n):
    """n standard normal numbers for each identity, by Box and Muller, (identities, n) float64."""
    out = np.empty((identities.size, n))
    for i in range(identities.size):
        for k in range(n):
            w0, w1, _, _ = draw(key, identities[i], step, first + k)
            out[i, k] = np.sqrt(-2.0 * np.log(unit(w0))) * np.cos(2.0 * np.pi * unit(w1))
    return out
