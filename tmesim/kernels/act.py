"""Act: the drawn events happen — division with pushing, death, change of type, leaving.

Tiles of one color run in parallel. Births take rows from a range that belongs to the tile, so no two tiles
ever ask for the same row; which row a cell gets has no influence on anything.
"""

import numpy as np
from numba import prange

from tmesim.kernels.arrays import BECOME, DEAD, DIE, DIVIDE, EMPTY, LEAVE, PAD, STAMPS, TISSUE
from tmesim.kernels.chance import below, draw, identity_of, shuffle, stray
from tmesim.kernels.compiling import inner, kernel, parallel
from tmesim.kernels.events import FEW, locate_events, order_by_site, sort_events
from tmesim.kernels.lattice import lay_tiles, tile_of_color

DISPLACED = np.uint8(128)  # flag on a pending event: the cell was pushed and acts after the tiles
WAIT = 0  # what a cell did whose daughter found no room
DEEDS = 5  # WAIT, DIVIDE, DIE, BECOME, LEAVE
NEAR = 2  # sites within which a dividing leukocyte's daughter finds room: leukocytes squeeze, they do not push


@inner
def die(row, cells, layers, ground):
    """Take a cell out; its matter and antigens stay as debris at the site."""
    y = cells.core[row].y
    x = cells.core[row].x
    ground.matrix[1, y, x] += np.float32(1.0)
    ground.antigens[y, x] |= cells.core[row].antigens
    vanish(row, cells, layers)


@inner
def vanish(row, cells, layers):
    """Take a cell out without a trace."""
    py = cells.core[row].y + PAD
    px = cells.core[row].x + PAD
    if layers.tissue[py, px] == row:
        layers.tissue[py, px] = EMPTY
    elif layers.leukocyte[py, px] == row:
        layers.leukocyte[py, px] = EMPTY
    elif layers.vessel[py, px] == row:
        layers.vessel[py, px] = EMPTY
    cells.type[row] = DEAD
    cells.event[row] = 0


@inner
def inherit(row, mother, step, key, cells, book):
    """States of a daughter: her mother's, or around them where sisters differ."""
    for s in range(cells.state.shape[1]):
        z = np.float64(cells.state[mother, s])
        if book.spread[s] > 0.0:
            w0, _, _, _ = draw(key, cells.core[row].id, step, s + 1)
            z = stray(z, np.float64(book.spread[s]), w0)
        cells.state[row, s] = z


@inner
def be_born(row, mother, y, x, now, step, key, cells, book):
    """Fill the row of a daughter at (y, x) from its mother; engagement and damage start anew."""
    cells.core[row].id = identity_of(cells.core[mother].id, cells.core[mother].births, 0)
    cells.core[row].mother = cells.core[mother].id
    cells.core[mother].births += np.uint32(1)
    cells.type[row] = cells.type[mother]
    cells.core[row].y = y
    cells.core[row].x = x
    cells.core[row].born = now
    cells.core[row].births = 0
    cells.clone[row] = cells.clone[mother]
    cells.core[row].antigens = cells.core[mother].antigens
    cells.core[row].tcr = cells.core[mother].tcr
    inherit(row, mother, step, key, cells, book)
    for b in range(cells.value.shape[1]):
        cells.value[row, b] = cells.value[mother, b]
    cells.core[row].engagement = 0.0
    cells.core[row].damage = 0.0
    cells.core[row].hit_at = now
    cells.core[row].target = 0
    cells.core[row].heading = cells.core[mother].heading
    cells.event[row] = 0
    cells.core[row].stamp = cells.core[mother].stamp


@inner
def nearest_free(y, x, layer, reach, offsets, first, word):
    """Index in `offsets` of a free site of `layer` at the least distance, drawn among equals, or -1."""
    for ring in range(first.size - 1):
        a = first[ring]
        b = first[ring + 1]
        if np.int64(offsets[a, 0]) ** 2 + np.int64(offsets[a, 1]) ** 2 > reach * reach:
            break
        free = 0
        for k in range(a, b):
            if layer[y + offsets[k, 0] + PAD, x + offsets[k, 1] + PAD] == EMPTY:
                free += 1
        if free > 0:
            pick = below(word, free)
            for k in range(a, b):
                if layer[y + offsets[k, 0] + PAD, x + offsets[k, 1] + PAD] == EMPTY:
                    if pick == 0:
                        return k
                    pick -= 1
    return -1


@inner
def push(y, x, dy, dx, cells, layers):
    """Shift the cells on the line from (y, x) to the free site (y + dy, x + dx) outward by one.

    Returns the site (ry, rx) next to (y, x) that has become free.
    """
    n = max(abs(dy), abs(dx))
    for i in range(n, 1, -1):
        ty = y + np.int64(np.rint(dy * i / n))
        tx = x + np.int64(np.rint(dx * i / n))
        fy = y + np.int64(np.rint(dy * (i - 1) / n))
        fx = x + np.int64(np.rint(dx * (i - 1) / n))
        row = layers.tissue[fy + PAD, fx + PAD]
        layers.tissue[ty + PAD, tx + PAD] = row
        layers.tissue[fy + PAD, fx + PAD] = EMPTY
        if row >= 0:
            cells.core[row].y = ty
            cells.core[row].x = tx
            if cells.event[row] != 0:
                cells.event[row] |= DISPLACED
    return y + np.int64(np.rint(dy / n)), x + np.int64(np.rint(dx / n))


@inner
def act_one(row, new, now, dt, step, key, reach, offsets, first, cells, layers, ground, book):
    """Carry out the event of one cell. Returns what it did, DIVIDE … LEAVE or WAIT; a daughter takes the row `new`."""
    kind = np.int64(cells.type[row])
    e = book.kinds[kind].event_first + cells.event[row] - 1
    does = book.events[e].does
    cells.event[row] = 0
    cells.core[row].stamp = np.uint32(step * STAMPS)
    if does == DIVIDE:
        y = np.int64(cells.core[row].y)
        x = np.int64(cells.core[row].x)
        w0, _, _, _ = draw(key, cells.core[row].id, step, 0)
        if book.kinds[kind].layer == TISSUE:
            k = nearest_free(y, x, layers.tissue, reach, offsets, first, w0)
        else:
            k = nearest_free(y, x, layers.leukocyte, NEAR, offsets, first, w0)
        if k < 0:
            return WAIT
        dy = np.int64(offsets[k, 0])
        dx = np.int64(offsets[k, 1])
        if book.kinds[kind].layer == TISSUE:
            ry, rx = push(y, x, dy, dx, cells, layers)
            layers.tissue[ry + PAD, rx + PAD] = new
        else:
            ry = y + dy
            rx = x + dx
            layers.leukocyte[ry + PAD, rx + PAD] = new
        be_born(new, row, ry, rx, now + dt, step, key, cells, book)
        return DIVIDE
    if does == DIE:
        die(row, cells, layers, ground)
    elif does == BECOME:
        cells.type[row] = book.events[e].to
        cells.core[row].target = 0
        for b in range(cells.value.shape[1]):
            cells.value[row, b] = 0.0
    elif does == LEAVE:
        vanish(row, cells, layers)
    return np.int64(does)


@inner
def act_tile(
    tile, new, now, dt, step, tile_key, key, reach, offsets, first, cells, layers, ground, book, rows, deeds
):  # fmt: skip
    """The events of one tile, those of `rows`, in drawn order; births take the rows from `new` on."""
    order_by_site(rows, ground.perfusion.shape[1], cells, book)
    m = 0
    for i in range(rows.size):
        # a cell that was pushed while its turn was pending acts after the tiles: it may stand in another one now
        if cells.event[rows[i]] < DISPLACED:
            rows[m] = rows[i]
            m += 1
    w0, w1, _, _ = draw(tile_key, np.uint64(tile + 1), step, 1)
    shuffle(rows, m, w0, w1)
    for i in range(m):
        if cells.event[rows[i]] < DISPLACED:
            kind = np.int64(cells.type[rows[i]])
            did = act_one(rows[i], new, now, dt, step, key, reach, offsets, first, cells, layers, ground, book)
            deeds[i] = DEEDS * kind + did
            new += np.int64(did == DIVIDE)


@kernel
def act_late(found, new, now, dt, step, tile_key, key, reach, offsets, first, cells, layers, ground, book):
    """Events, of those found, of cells that were pushed while their turn was pending, in drawn order.

    Returns (rows in use, who acted, what they did) as `act` does.
    """
    late = np.empty(found.size, dtype=np.int64)
    place = np.empty(found.size, dtype=np.int64)
    m = 0
    for row in found:
        if cells.event[row] != 0:
            # insertion in the order of sites: the few that there are shall not depend on their rows
            where = np.int64(cells.core[row].y) * ground.perfusion.shape[1] + cells.core[row].x
            i = m
            while i > 0 and place[i - 1] > where:
                place[i] = place[i - 1]
                late[i] = late[i - 1]
                i -= 1
            place[i] = where
            late[i] = row
            m += 1
    w0, w1, _, _ = draw(tile_key, np.uint64(0), step, 1)
    shuffle(late, m, w0, w1)
    deeds = np.empty(m, dtype=np.int64)
    for i in range(m):
        cells.event[late[i]] &= DISPLACED - np.uint8(1)
        kind = np.int64(cells.type[late[i]])
        did = act_one(late[i], new, now, dt, step, key, reach, offsets, first, cells, layers, ground, book)
        deeds[i] = DEEDS * kind + did
        new += np.int64(did == DIVIDE)
    return new, late[:m], deeds


@parallel
def act(found, n, now, dt, step, tile_key, key, reach, offsets, first, cells, layers, ground, book):
    """All events of a step, of the rows found (see `find_events`). Needs room for two daughters of each past row n.

    Returns (rows in use, rows of those who acted, what each did: DEEDS × type + DIVIDE … LEAVE or WAIT).
    """
    ny, nx = ground.perfusion.shape
    oy, ox, down, across, colors = lay_tiles(ny, nx, tile_key, step)
    tiles = down * across
    tile_of = np.empty(found.size, dtype=np.int64)
    divides = np.empty(found.size, dtype=np.uint8)
    for k in prange((found.size + FEW - 1) // FEW):
        locate_events(k * FEW, min(found.size, (k + 1) * FEW), found, oy, ox, across, cells, book, tile_of, divides)
    rows, begin, births = sort_events(found, tile_of, divides, tiles)
    deeds = np.full(rows.size, -1, dtype=np.int64)
    of_color = ((down + 1) // 2) * ((across + 1) // 2)
    for c in range(4):
        for k in prange(of_color):
            tile = tile_of_color(k, colors[c], down, across)
            if tile >= 0:
                act_tile(
                    tile, n + births[tile], now, dt, step, tile_key, key, reach, offsets, first,
                    cells, layers, ground, book,
                    rows[begin[tile] : begin[tile + 1]], deeds[begin[tile] : begin[tile + 1]],
                )  # fmt: skip
    end, late, late_deeds = act_late(
        found, n + births[tiles], now, dt, step, tile_key, key, reach, offsets, first, cells, layers, ground, book
    )
    acted = deeds >= 0
    return end, np.concatenate((rows[acted], late)), np.concatenate((deeds[acted], late_deeds))
