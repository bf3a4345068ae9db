"""Act: the drawn events happen — division with pushing, death, change of type, leaving.

Tiles of one color run in parallel. Births take rows from a range that belongs to the tile, so no two tiles
ever ask for the same row; which row a cell gets has no influence on anything.
"""

import numpy as np
from numba import prange

from tmesim.kernels.arrays import BECOME, COVERED, DIE, DIVIDE, EMPTY, LEAVE, PAD, STAMPS, TISSUE
from tmesim.kernels.chance import below, draw, shuffle
from tmesim.kernels.compiling import inner, kernel, parallel
from tmesim.kernels.events import FEW, locate_events, order_by_site, sort_events
from tmesim.kernels.lattice import lay_tiles, tile_of_color
from tmesim.kernels.living import be_born, become, die, vanish

DISPLACED = np.uint8(128)  # flag on a pending event: the cell was pushed and acts after the tiles
WAITED = 1  # the lowest bit of an outcome, the rest of which is the event: the daughter found no room
NEAR = 2  # sites within which a dividing leukocyte's daughter finds room: leukocytes squeeze, they do not push


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
def open_way(y, x, dy, dx, cells, layers, rules):
    """Whether no static cell stands on the line of `push` from (y, x) to the free site (y + dy, x + dx)."""
    n = max(abs(dy), abs(dx))
    for i in range(1, n):
        row = layers.tissue[y + np.int64(np.rint(dy * i / n)) + PAD, x + np.int64(np.rint(dx * i / n)) + PAD]
        if row <= COVERED or (row >= 0 and rules.kinds[cells.type[row]].static):
            return False
    return True


@inner
def nearest_open(y, x, reach, offsets, first, word, cells, layers, rules):
    """As `nearest_free` in the tissue layer, of the free sites to which no static cell bars the way."""
    for ring in range(first.size - 1):
        a = first[ring]
        b = first[ring + 1]
        if np.int64(offsets[a, 0]) ** 2 + np.int64(offsets[a, 1]) ** 2 > reach * reach:
            break
        free = 0
        ways = np.uint64(0)  # a bit for each offset of the ring, of which there are 16 at most within REACH
        for k in range(a, b):
            dy = np.int64(offsets[k, 0])
            dx = np.int64(offsets[k, 1])
            if layers.tissue[y + dy + PAD, x + dx + PAD] == EMPTY and open_way(y, x, dy, dx, cells, layers, rules):
                free += 1
                ways |= np.uint64(1) << np.uint64(k - a)
        if free > 0:
            pick = below(word, free)
            for k in range(a, b):
                if (ways >> np.uint64(k - a)) & np.uint64(1):
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
def act_one(row, new, now, dt, step, key, reach, offsets, first, cells, layers, maps, rules):
    """Carry out the event of one cell; a daughter takes the row `new`. Returns 2 × the event, + WAITED if she waits."""
    kind = np.int64(cells.type[row])
    e = np.int64(rules.kinds[kind].event_first) + cells.event[row] - 1
    does = rules.events[e].does
    cells.event[row] = 0
    cells.core[row].stamp = np.uint32(step * STAMPS)
    if does == DIVIDE:
        y = np.int64(cells.core[row].y)
        x = np.int64(cells.core[row].x)
        w0, _, _, _ = draw(key, cells.core[row].id, step, 0)
        if rules.kinds[kind].layer == TISSUE and rules.static:
            k = nearest_open(y, x, reach, offsets, first, w0, cells, layers, rules)
        elif rules.kinds[kind].layer == TISSUE:
            k = nearest_free(y, x, layers.tissue, reach, offsets, first, w0)
        else:
            k = nearest_free(y, x, layers.leukocyte, NEAR, offsets, first, w0)
        if k < 0:
            return 2 * e + WAITED
        dy = np.int64(offsets[k, 0])
        dx = np.int64(offsets[k, 1])
        if rules.kinds[kind].layer == TISSUE:
            ry, rx = push(y, x, dy, dx, cells, layers)
            layers.tissue[ry + PAD, rx + PAD] = new
        else:
            ry = y + dy
            rx = x + dx
            layers.leukocyte[ry + PAD, rx + PAD] = new
        be_born(new, row, ry, rx, now + dt, step, key, cells, rules)
    elif does == DIE:
        die(row, cells, layers, maps, rules)
    elif does == BECOME:
        become(row, rules.events[e].to, cells, layers)
    elif does == LEAVE:
        vanish(row, cells, layers, maps)
    return 2 * e


@inner
def bore(outcome, rules):
    """Whether an outcome of `act_one` is a division that took place, 0 or 1."""
    return np.int64((outcome & WAITED == 0) & (rules.events[outcome >> 1].does == DIVIDE))


@inner
def act_tile(
    tile, new, now, dt, step, tile_key, key, reach, offsets, first, cells, layers, maps, rules, rows, outcomes
):  # fmt: skip
    """The events of one tile, those of `rows`, in drawn order; births take the rows from `new` on."""
    order_by_site(rows, maps.perfusion.shape[1], cells, rules)
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
            outcomes[i] = act_one(rows[i], new, now, dt, step, key, reach, offsets, first, cells, layers, maps, rules)
            new += bore(outcomes[i], rules)


@kernel
def act_late(found, new, now, dt, step, tile_key, key, reach, offsets, first, cells, layers, maps, rules):
    """Events, of those found, of cells that were pushed while their turn was pending, in drawn order.

    Returns (rows in use, who acted, what they did) as `act` does.
    """
    late = np.empty(found.size, dtype=np.int64)
    place = np.empty(found.size, dtype=np.int64)
    m = 0
    for row in found:
        if cells.event[row] != 0:
            # insertion in the order of sites: the few that there are shall not depend on their rows
            where = np.int64(cells.core[row].y) * maps.perfusion.shape[1] + cells.core[row].x
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
    outcomes = np.empty(m, dtype=np.int64)
    for i in range(m):
        cells.event[late[i]] &= DISPLACED - np.uint8(1)
        outcomes[i] = act_one(late[i], new, now, dt, step, key, reach, offsets, first, cells, layers, maps, rules)
        new += bore(outcomes[i], rules)
    return new, late[:m], outcomes


@parallel
def act(found, n, now, dt, step, tile_key, key, reach, offsets, first, cells, layers, maps, rules):
    """All events of a step, of the rows found (see `find_events`). Needs room for two daughters of each past row n.

    Returns (rows in use, rows of those who acted, the outcome of each as `act_one` gives it).
    """
    ny, nx = maps.perfusion.shape
    oy, ox, down, across, colors = lay_tiles(ny, nx, tile_key, step)
    tiles = down * across
    tile_of = np.empty(found.size, dtype=np.int64)
    divides = np.empty(found.size, dtype=np.uint8)
    for k in prange((found.size + FEW - 1) // FEW):
        locate_events(k * FEW, min(found.size, (k + 1) * FEW), found, oy, ox, across, cells, rules, tile_of, divides)
    rows, begin, births = sort_events(found, tile_of, divides, tiles)
    outcomes = np.full(rows.size, -1, dtype=np.int64)
    of_color = ((down + 1) // 2) * ((across + 1) // 2)
    for c in range(4):
        for k in prange(of_color):
            tile = tile_of_color(k, colors[c], down, across)
            if tile >= 0:
                act_tile(
                    tile, n + births[tile], now, dt, step, tile_key, key, reach, offsets, first,
                    cells, layers, maps, rules,
                    rows[begin[tile] : begin[tile + 1]], outcomes[begin[tile] : begin[tile + 1]],
                )  # fmt: skip
    end, late, late_outcomes = act_late(
        found, n + births[tiles], now, dt, step, tile_key, key, reach, offsets, first, cells, layers, maps, rules
    )
    acted = outcomes >= 0
    return end, np.concatenate((rows[acted], late)), np.concatenate((outcomes[acted], late_outcomes))
