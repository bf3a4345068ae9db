"""Migrate: tissue cells move to free neighboring sites, a few sweeps an inputs."""

import numpy as np
from numba import prange

from tmesim.kernels.arrays import EMPTY, PAD, TILE
from tmesim.kernels.chance import below, draw, draw_many, high, low, shuffle, split, unit
from tmesim.kernels.compiling import inline, inner, parallel
from tmesim.kernels.lattice import lay_tiles, tile_bounds, tile_of_color

STEP_Y = (0, -1, 0, 1)  # east, north, west, south
STEP_X = (1, 0, -1, 0)


@inline
def uphill(y, x, field, half):
    """The neighbor direction of the highest concentration, and how clearly it is the highest: r / (r + half).

    r is the relative rise over one site; `half` is the rise at which half of the cells read the direction.
    """
    ny, nx = field.shape
    here = field[y, x]
    best = -1
    top = here
    for d in range(4):
        ty = y + STEP_Y[d]
        tx = x + STEP_X[d]
        if 0 <= ty < ny and 0 <= tx < nx and field[ty, tx] > top:
            top = field[ty, tx]
            best = d
    if best < 0:
        return -1, 0.0
    rise = np.float64(top - here) / (np.float64(here) + 1e-12)
    return best, rise / (rise + half)


@inline
def guided(row, kind, y, x, word, half, cells, maps, rules):
    """A direction up one of the gradients that the cell follows, or -1: no cue this time.

    The cell's biases share one draw: field f guides with probability bias_f × clarity of its gradient.
    """
    if rules.kinds[kind].taxis_first == rules.kinds[kind + 1].taxis_first:
        return -1
    u = high(word)
    for k in range(rules.kinds[kind].taxis_first, rules.kinds[kind + 1].taxis_first):
        bias = np.float64(cells.value[row, rules.taxes[k].slot])
        if u < bias:
            direction, clarity = uphill(y, x, maps.fields[rules.taxes[k].field], half)
            return direction if low(word) < clarity else -1
        u -= bias
    return -1


@inline
def hop(row, word_1, word_2, half, stamp, cells, layers, maps, rules):
    """A hop of a tissue cell to a free site of its four neighbors, if there is one; stamps the cell that moved."""
    y = np.int64(cells.core[row].y)
    x = np.int64(cells.core[row].x)
    direction = guided(row, np.int64(cells.type[row]), y, x, word_2, half, cells, maps, rules)
    if direction >= 0:
        if layers.tissue[y + STEP_Y[direction] + PAD, x + STEP_X[direction] + PAD] != EMPTY:
            return
    else:
        free = 0
        open_sites = 0
        for d in range(4):
            if layers.tissue[y + STEP_Y[d] + PAD, x + STEP_X[d] + PAD] == EMPTY:
                free += 1
                open_sites |= 1 << d
        if free == 0:
            return
        pick = below(word_1, free)
        for d in range(4):
            if open_sites & (1 << d):
                if pick == 0:
                    direction = d
                    break
                pick -= 1
    ty = y + STEP_Y[direction]
    tx = x + STEP_X[direction]
    layers.tissue[y + PAD, x + PAD] = EMPTY
    layers.tissue[ty + PAD, tx + PAD] = row
    cells.core[row].y = ty
    cells.core[row].x = tx
    cells.core[row].stamp = stamp


@inner
def migrate_tile(
    tile, across, oy, ox, when, chance_per_speed, half, tile_key, key, stamp,
    cells, layers, maps, rules, rows, identities, pairs,
):  # fmt: skip
    """The hops of one tile, in drawn order.

    rows, identities (TILE²), pairs (2, TILE²) : scratch. Who is there, can move and will is sifted without branches,
    which chance would mispredict.
    """
    ny, nx = maps.perfusion.shape
    y0, y1, x0, x1 = tile_bounds(tile, across, oy, ox, ny, nx)
    m = 0
    for y in range(y0, y1):
        for x in range(x0, x1):
            row = layers.tissue[y + PAD, x + PAD]
            rows[m] = row
            m += np.int64(row >= 0)
    n = 0
    for i in range(m):
        row = rows[i]
        slot = rules.kinds[cells.type[row]].speed
        rows[n] = row
        n += np.int64((slot >= 0) & (cells.core[row].stamp != stamp) & (cells.value[row, max(slot, 0)] > 0))
    w0, w1, _, _ = draw(tile_key, np.uint64(tile + 1), when, 1)
    shuffle(rows, n, w0, w1)
    for i in range(n):
        identities[i] = cells.core[rows[i]].id
    draw_many(key, identities, n, np.uint64(when), np.uint64(0), pairs)
    m = 0
    for i in range(n):
        row = rows[i]
        speed = np.float64(cells.value[row, rules.kinds[cells.type[row]].speed])
        word, _ = split(pairs[0, i])
        rows[m] = row
        pairs[0, m] = pairs[0, i]
        pairs[1, m] = pairs[1, i]
        m += np.int64(unit(word) < speed * chance_per_speed)
    for i in range(m):
        _, w1 = split(pairs[0, i])
        w2, _ = split(pairs[1, i])
        hop(rows[i], w1, w2, half, stamp, cells, layers, maps, rules)


@parallel
def migrate(when, chance_per_speed, half, tile_key, key, stamp, cells, layers, maps, rules):
    """One sweep of hops over the tissue layer; each cell at most once: cells stamped `stamp` stay.

    when : number of the sweep since the start; chance_per_speed : hop probability per µm/min of speed.
    """
    ny, nx = maps.perfusion.shape
    oy, ox, down, across, colors = lay_tiles(ny, nx, tile_key, when)
    of_color = ((down + 1) // 2) * ((across + 1) // 2)
    for c in range(4):
        for k in prange(of_color):
            tile = tile_of_color(k, colors[c], down, across)
            if tile >= 0:
                rows = np.empty(TILE * TILE, dtype=np.int64)
                identities = np.empty(TILE * TILE, dtype=np.uint64)
                pairs = np.empty((2, TILE * TILE), dtype=np.uint64)
                migrate_tile(
                    tile, across, oy, ox, when, chance_per_speed, half, tile_key, key, stamp,
                    cells, layers, maps, rules, rows, identities, pairs,
                )  # fmt: skip
