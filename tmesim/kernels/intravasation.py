"""Intravasation: who leaves the tissue by blood or lymph, and who goes along."""

import numpy as np

from tmesim.kernels.arrays import EMPTY, PAD
from tmesim.kernels.chance import draw, unit
from tmesim.kernels.compiling import kernel

BY_BLOOD, BY_LYMPH = 1, 2
MOST_TOGETHER = 32  # cells of a cluster
COMES_ALONG = 1  # the draw of a cell for whether it goes along; 0 is that for whether it goes by itself


@kernel
def leaving(rows, blood, lymph, dt, step, key, cells, perfusion, ways):
    """Each cell enters a vessel by itself with the chance 1 − exp(−(blood + lymph) · dt); blood only where a segment on
    its own site or one of the 4 neighbors carries blood.

    rows : (n,); blood, lymph : slots of the rates, 1/h, −1 where the type has none; ways : (n,) uint8, set to BY_BLOOD,
    BY_LYMPH or 0
    Returns the expected numbers of this step by blood and by lymph.
    """
    ny, nx = perfusion.shape
    by_blood = 0.0
    by_lymph = 0.0
    for i in range(rows.size):
        row = rows[i]
        ways[i] = 0
        y = np.int64(cells.core[row].y)
        x = np.int64(cells.core[row].x)
        into_blood = 0.0
        if blood >= 0 and (
            perfusion[y, x] > 0.0
            or (y > 0 and perfusion[y - 1, x] > 0.0)
            or (y + 1 < ny and perfusion[y + 1, x] > 0.0)
            or (x > 0 and perfusion[y, x - 1] > 0.0)
            or (x + 1 < nx and perfusion[y, x + 1] > 0.0)
        ):
            into_blood = np.float64(cells.value[row, blood])
        into_lymph = np.float64(cells.value[row, lymph]) if lymph >= 0 else 0.0
        total = into_blood + into_lymph
        if not total > 0.0:
            continue
        chance = -np.expm1(-total * dt)
        by_blood += chance * into_blood / total
        by_lymph += chance * into_lymph / total
        w0, w1, _, _ = draw(key, cells.core[row].id, step, 0)
        if unit(w0) < chance:
            ways[i] = BY_BLOOD if unit(w1) * total < into_blood else BY_LYMPH
    return by_blood, by_lymph


@kernel
def cluster(row, cohesion, step, key, cells, layer):
    """The cells that go with one: each touching cell of its type (8 neighbors) comes along with its `cohesion`, and may
    bring its own neighbors.

    cohesion : slot, −1 where the type has none; layer : of the tissue, padded
    Returns the rows, (cells,) int64, the first one `row`.
    """
    group = np.empty(MOST_TOGETHER, np.int64)
    group[0] = row
    n = 1
    asked = 0
    while cohesion >= 0 and asked < n and n < MOST_TOGETHER:
        y = np.int64(cells.core[group[asked]].y)
        x = np.int64(cells.core[group[asked]].x)
        asked += 1
        for k in range(9):
            other = np.int64(layer[y + k // 3 - 1 + PAD, x + k % 3 - 1 + PAD])
            if other <= EMPTY or cells.type[other] != cells.type[row] or n == MOST_TOGETHER:
                continue
            known = False
            for i in range(n):
                known = known or group[i] == other
            if known:
                continue
            w0, _, _, _ = draw(key, cells.core[other].id, step, COMES_ALONG)
            if unit(w0) < np.float64(cells.value[other, cohesion]):
                group[n] = other
                n += 1
    return group[:n].copy()
