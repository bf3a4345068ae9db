"""Act: the drawn events happen — division with pushing, death, change of type, leaving.

Tiles of one color run in parallel. Births take rows from a range that belongs to the tile, so no two tiles
ever ask for the same row; which row a cell gets has no influence on anything.
"""

import numpy as np
from numba import prange

from tmesim.kernels.arrays import BECOME, DEAD, DIE, DIVIDE, EMPTY, LEAVE, PAD, STAMPS, TILE, TISSUE, VESSEL
from tmesim.kernels.chance import below, draw, identity_of, shuffle, stray
from tmesim.kernels.compiling import inner, kernel, parallel
from tmesim.kernels.lattice import lay_tiles, tile_of_color

DISPLACED = np.uint8(128)  # flag on a pending event: the cell was pushed and acts after the tiles
MANY = 1024  # eights of rows, and
FEW = 256  # events, that one thread takes at a time
ONES = np.uint64(0x0101010101010101)  # in each byte of eight the lowest bit, and
LOW_BITS = np.uint64(0x7F7F7F7F7F7F7F7F)  # all but the highest
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
def count_events(first, end, eights):
    """How many rows have an event, of the eights first … end − 1: the bytes that are not 0, without a branch."""
    m = np.uint64(0)
    for k in range(first, end):
        word = eights[k]
        taken = (((word & LOW_BITS) + LOW_BITS) | word) >> np.uint64(7) & ONES
        m += (taken * ONES) >> np.uint64(56)
    return np.int64(m)


@inner
def list_events(first, end, eights, event, rows):
    """The rows that `count_events` counts: few, so eight are looked at together."""
    m = 0
    for k in range(first, end):
        if eights[k] != 0:
            for row in range(8 * k, 8 * k + 8):
                if event[row] != 0:
                    rows[m] = row
                    m += 1


@parallel
def find_events(n, event):
    """Rows 0 … n − 1 with an event: int64, ascending. event : the column, whose length is a multiple of 8."""
    eights = event.view(np.uint64)[: (n + 7) // 8]  # rows from n on have none
    chunks = (eights.size + MANY - 1) // MANY
    begin = np.zeros(chunks + 1, dtype=np.int64)
    for k in prange(chunks):
        begin[k + 1] = count_events(k * MANY, min(eights.size, (k + 1) * MANY), eights)
    for k in range(chunks):
        begin[k + 1] += begin[k]
    rows = np.empty(begin[chunks], dtype=np.int64)
    for k in prange(chunks):
        list_events(k * MANY, min(eights.size, (k + 1) * MANY), eights, event, rows[begin[k] : begin[k + 1]])
    return rows


@inner
def locate_events(first, end, found, oy, ox, across, cells, book, tile, divides):
    """The tile of events first … end − 1 of those found, -1 for vessels, which act after the tiles; whether they are
    divisions."""
    for i in range(first, end):
        row = found[i]
        kind = np.int64(cells.type[row])
        tile[i] = ((cells.core[row].y + oy) // TILE) * across + (cells.core[row].x + ox) // TILE
        if book.kinds[kind].layer == VESSEL:
            tile[i] = -1
        divides[i] = book.events[book.kinds[kind].event_first + cells.event[row] - 1].does == DIVIDE


@kernel
def sort_events(found, tile, divides, tiles):
    """The rows found, tile by tile.

    Returns (rows, int64; where those of each tile begin (tiles + 1); rows that births before it may need (tiles + 1)).
    """
    begin = np.zeros(tiles + 1, dtype=np.int64)
    births = np.zeros(tiles + 1, dtype=np.int64)
    for i in range(found.size):
        if tile[i] >= 0:
            begin[tile[i] + 1] += 1
            births[tile[i] + 1] += divides[i]
    for t in range(tiles):
        births[t + 1] += births[t]
        begin[t + 1] += begin[t]
    rows = np.empty(begin[tiles], dtype=np.int64)
    end = begin.copy()
    for i in range(found.size):
        if tile[i] >= 0:
            rows[end[tile[i]]] = found[i]
            end[tile[i]] += 1
    return rows, begin, births


@inner
def place_of(row, nx, cells, book):
    """A number for the site and layer of a cell, in raster order."""
    layer = np.int64(book.kinds[np.int64(cells.type[row])].layer)
    return 2 * (np.int64(cells.core[row].y) * nx + np.int64(cells.core[row].x)) + layer


@inner
def order_by_site(rows, nx, cells, book):
    """Rows of one tile by site, a tissue cell before a leukocyte: what follows shall not depend on their numbers."""
    for i in range(1, rows.size):
        row = rows[i]
        place = place_of(row, nx, cells, book)
        k = i
        while k > 0 and place_of(rows[k - 1], nx, cells, book) > place:
            rows[k] = rows[k - 1]
            k -= 1
        rows[k] = row


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
    """All events of a step, those of the rows found by `find_events`. Needs room for two daughters of each past row n.

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
