"""Migrate: tissue cells move to free neighboring sites, a few sweeps an inputs."""

import numpy as np
from numba import prange

from tmesim.kernels.arrays import EMPTY, PAD, TILE
from tmesim.kernels.chance import below, draw, draw_many, high, low, shuffle, split, unit
from tmesim.kernels.compiling import inline, inner, parallel
from tmesim.kernels.fibers import lie_along
from tmesim.kernels.lattice import lay_tiles, tile_bounds, tile_of_color

STEP_Y = (0, -1, 0, 1)  # east, north, west, south
STEP_X = (1, 0, -1, 0)


@inline
def uphill(y, x, field, reading):
    """The neighbor direction of the highest concentration, and how clearly it is the highest: r / (r + half).

    reading : (half, floor). r is the rise over one site relative to the concentration and the floor, below which few
    receptors are held; `half` is the rise at which half of the cells read the direction.
    """
    half, floor = reading
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
    rise = np.float64(top - here) / (np.float64(here) + floor + 1e-12)
    return best, rise / (rise + half)


@inline
def guided(row, kind, y, x, word, reading, cells, maps, rules):
    """A direction up one of the gradients that the cell follows, or -1: no cue this time.

    The cell's biases share one draw: field f guides with probability bias_f × clarity of its gradient.
    """
    if rules.kinds[kind].taxis_first == rules.kinds[kind + 1].taxis_first:
        return -1
    u = high(word)
    for k in range(rules.kinds[kind].taxis_first, rules.kinds[kind + 1].taxis_first):
        bias = np.float64(cells.value[row, rules.taxes[k].slot])
        if u < bias:
            direction, clarity = uphill(y, x, maps.fields[rules.taxes[k].field], reading)
            return direction if low(word) < clarity else -1
        u -= bias
    return -1


@inner
def company(y, x, kind, cells, layers, rules):
    """How many of the eight neighbors of a site are cells whose company a type leaves."""
    count = 0
    for dy in range(-1, 2):
        for dx in range(-1, 2):
            row = layers.tissue[y + dy + PAD, x + dx + PAD]
            if (dy != 0 or dx != 0) and row >= 0 and rules.avoided[kind, cells.type[row]]:
                count += 1
    return count


@inner
def sort_out(row, kind, word, stamp, cells, layers, rules):
    """Sorting: a cell goes to that of its four neighbor sites, free or held by one whose company it leaves, where it
    then touches the fewest of these, and changes places with who is there; whether it went. Nobody goes in vain.
    """
    y = np.int64(cells.core[row].y)
    x = np.int64(cells.core[row].x)
    least = company(y, x, kind, cells, layers, rules)
    best = -1
    turn = below(word, 4)
    for k in range(4):
        d = (k + turn) & 3
        ty = y + STEP_Y[d]
        tx = x + STEP_X[d]
        other = layers.tissue[ty + PAD, tx + PAD]
        held = 0
        if other >= 0:
            if rules.kinds[cells.type[other]].static or not rules.avoided[kind, cells.type[other]]:
                continue
            held = 1  # it will be a neighbor
        elif other != EMPTY:
            continue
        count = company(ty, tx, kind, cells, layers, rules) + held
        if count < least:
            least = count
            best = d
    if best < 0:
        return False
    ty = y + STEP_Y[best]
    tx = x + STEP_X[best]
    other = layers.tissue[ty + PAD, tx + PAD]
    layers.tissue[y + PAD, x + PAD] = other
    layers.tissue[ty + PAD, tx + PAD] = row
    if other >= 0:
        cells.core[other].y = y
        cells.core[other].x = x
    cells.core[row].y = ty
    cells.core[row].x = tx
    cells.core[row].stamp = stamp
    return True


@inline
def hop(row, word_1, word_2, word_3, reading, guidance, stamp, cells, layers, maps, rules):
    """A hop of a tissue cell to a free site of its four neighbors, if there is one; stamps the cell that moved.

    A cell that sorts itself from others does that first. Of hops across the fibers of a matrix of density m the share
    guidance · m · alignment does not take place.
    """
    kind = np.int64(cells.type[row])
    if rules.kinds[kind].sorts and sort_out(row, kind, word_1, stamp, cells, layers, rules):
        return
    y = np.int64(cells.core[row].y)
    x = np.int64(cells.core[row].x)
    direction = guided(row, kind, y, x, word_2, reading, cells, maps, rules)
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
    if rules.barrier >= 0 and rules.fiber_cos >= 0:
        across = -guidance * lie_along(direction, ty, tx, maps, rules)
        if unit(word_3) < across * np.float64(min(maps.matrix[rules.barrier, ty, tx], np.float32(1.0))):
            return
    layers.tissue[y + PAD, x + PAD] = EMPTY
    layers.tissue[ty + PAD, tx + PAD] = row
    cells.core[row].y = ty
    cells.core[row].x = tx
    cells.core[row].stamp = stamp


@inner
def migrate_tile(
    tile, across, oy, ox, when, chance_per_speed, reading, guidance, tile_key, key, stamp,
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
        w2, w3 = split(pairs[1, i])
        hop(rows[i], w1, w2, w3, reading, guidance, stamp, cells, layers, maps, rules)


@parallel
def migrate(when, chance_per_speed, reading, guidance, tile_key, key, stamp, cells, layers, maps, rules):
    """One sweep of hops over the tissue layer; each cell at most once: cells stamped `stamp` stay.

    when : number of the sweep since the start; chance_per_speed : hop probability per µm/min of speed; guidance : by
    fibers, 0 to 1
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
                    tile, across, oy, ox, when, chance_per_speed, reading, guidance, tile_key, key, stamp,
                    cells, layers, maps, rules, rows, identities, pairs,
                )  # fmt: skip
