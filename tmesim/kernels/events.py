"""Events that wait to be acted out: which rows have one, and in which tile each falls."""

import numpy as np
from numba import prange

from tmesim.kernels.arrays import DIVIDE, TILE, VESSEL
from tmesim.kernels.compiling import inner, kernel, parallel

MANY = 1024  # eights of rows, and
FEW = 256  # events, that one thread takes at a time
ONES = np.uint64(0x0101010101010101)  # in each byte of eight the lowest bit, and
LOW_BITS = np.uint64(0x7F7F7F7F7F7F7F7F)  # all but the highest


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
def locate_events(first, end, found, oy, ox, across, cells, rules, tile, divides):
    """The tile of events first … end − 1 of those found, -1 for vessels, which act after the tiles; whether they are
    divisions."""
    for i in range(first, end):
        row = found[i]
        kind = np.int64(cells.type[row])
        tile[i] = ((cells.core[row].y + oy) // TILE) * across + (cells.core[row].x + ox) // TILE
        if rules.kinds[kind].layer == VESSEL:
            tile[i] = -1
        divides[i] = rules.events[rules.kinds[kind].event_first + cells.event[row] - 1].does == DIVIDE


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
def place_of(row, nx, cells, rules):
    """A number for the site and layer of a cell, in raster order."""
    layer = np.int64(rules.kinds[np.int64(cells.type[row])].layer)
    return 2 * (np.int64(cells.core[row].y) * nx + np.int64(cells.core[row].x)) + layer


@inner
def order_by_site(rows, nx, cells, rules):
    """Rows of one tile by site, a tissue cell before a leukocyte: what follows shall not depend on their numbers."""
    for i in range(1, rows.size):
        row = rows[i]
        place = place_of(row, nx, cells, rules)
        k = i
        while k > 0 and place_of(rows[k - 1], nx, cells, rules) > place:
            rows[k] = rows[k - 1]
            k -= 1
        rows[k] = row
