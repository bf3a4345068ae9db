"""Emergence: a cell that a capillary holds comes out into the tissue beside it."""

import numpy as np

from tmesim.kernels.act import nearest_free
from tmesim.kernels.arrays import EMPTY, PAD
from tmesim.kernels.chance import draw, unit
from tmesim.kernels.compiling import kernel
from tmesim.kernels.living import become


@kernel
def emerge(rows, slot, kind, dt, step, key, reach, offsets, first, cells, layers):
    """Cells leave the vessel at their rate for a free site of the tissue on or nearest to their own, and become `kind`.

    rows : (n,) in an order that does not hang on rows; slot : of the rate, 1/h; reach : sites
    Returns how many came out, and how many would have but found no room; these try again.
    """
    out = 0
    waiting = 0
    for i in range(rows.size):
        row = rows[i]
        w0, w1, _, _ = draw(key, cells.core[row].id, step, 0)
        if unit(w0) >= -np.expm1(-np.float64(cells.value[row, slot]) * dt):
            continue
        y = np.int64(cells.core[row].y)
        x = np.int64(cells.core[row].x)
        ty = y
        tx = x
        if layers.tissue[y + PAD, x + PAD] != EMPTY:
            k = nearest_free(y, x, layers.tissue, reach, offsets, first, w1)
            if k < 0:
                waiting += 1
                continue
            ty = y + np.int64(offsets[k, 0])
            tx = x + np.int64(offsets[k, 1])
        layers.leukocyte[y + PAD, x + PAD] = EMPTY
        layers.tissue[ty + PAD, tx + PAD] = row
        cells.core[row].y = ty
        cells.core[row].x = tx
        become(row, kind, cells, layers)
        out += 1
    return out, waiting
