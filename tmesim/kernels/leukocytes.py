"""Leukocytes: hop, meet, dwell, hit, in substeps of minutes inside the step.

A substep is one sweep. A free leukocyte makes up to `speed · minutes / spacing` hops; an attacker that touches a
cell it recognizes may form a synapse; in the synapse it hits at a rate that is sensed anew at the place; damage
fades between hits; a target whose damage reaches `hits_needed` dies and the attacker goes on.
"""

import numpy as np
from numba import prange

from tmesim.kernels.act import die
from tmesim.kernels.arrays import EMPTY, NOBODY_TCR, PAD, TILE
from tmesim.kernels.chance import below, draw, draw_many, high, low, shuffle, split, unit
from tmesim.kernels.compiling import inline, inner, parallel
from tmesim.kernels.lattice import lay_tiles, tile_bounds, tile_of_color
from tmesim.kernels.migrate import STEP_X, STEP_Y, guided
from tmesim.kernels.sense import behave, perceive
from tmesim.kernels.touch import count_contacts

HOPS, SYNAPSES, HITS, KILLS = 0, 1, 2, 3
MOST_HOPS = 6  # in a sweep: with a look at the neighbors that makes 8, the reach of a sweep
CONTACT_Y = (0, 0, -1, 0, 1)  # the same site and its four neighbors: the reach of a synapse
CONTACT_X = (0, 1, 0, -1, 0)


@inline
def recognizes(row, kind, other, cells, book):
    """Whether the attacker in `row` attacks the cell in row `other`."""
    if not (book.kinds[kind].targets >> np.uint32(cells.type[other])) & np.uint32(1):
        return False
    if not book.kinds[kind].specific:
        return True
    tcr = cells.core[row].tcr
    return tcr != NOBODY_TCR and ((cells.core[other].antigens >> np.uint32(tcr)) & np.uint32(1)) != 0


@inline
def meet(row, kind, y, x, chance, word_0, word_1, cells, layers, book):
    """Form a synapse with a recognized cell in touch, with probability `chance`, drawn among them; whether it did."""
    if unit(word_0) >= chance:
        return False
    found = 0
    for k in range(5):
        other = layers.tissue[y + CONTACT_Y[k] + PAD, x + CONTACT_X[k] + PAD]
        if other >= 0 and recognizes(row, kind, other, cells, book):
            found += 1
    if found == 0:
        return False
    pick = below(word_1, found)
    for k in range(5):
        other = layers.tissue[y + CONTACT_Y[k] + PAD, x + CONTACT_X[k] + PAD]
        if other >= 0 and recognizes(row, kind, other, cells, book):
            if pick == 0:
                cells.core[row].target = cells.core[other].id
                return True
            pick -= 1
    return False


@inner
def strike(
    row,
    kind,
    y,
    x,
    now,
    dwell,
    share,
    key,
    when,
    hits_needed,
    fading,
    cells,
    layers,
    ground,
    book,
    hour,
    signals,
    contacts,
    who,
    work,
    tally,
):
    """A substep in the synapse: perhaps a hit, perhaps a kill, perhaps the end of the contact.

    dwell : h, the substep; share : its share of the step; fading : 1/h, how fast damage is repaired.
    """
    other = np.int64(-1)
    for k in range(5):
        candidate = layers.tissue[y + CONTACT_Y[k] + PAD, x + CONTACT_X[k] + PAD]
        if candidate >= 0 and cells.core[candidate].id == cells.core[row].target:
            other = candidate
            break
    # the target has died or was pushed away, or has changed into something else
    if other < 0 or not recognizes(row, kind, other, cells, book):
        cells.core[row].target = 0
        return
    who[0, 0] = row
    who[1, 0] = y
    who[2, 0] = x
    who[3, 0] = cells.clone[row]
    if book.kinds[kind].needs:
        count_contacts(y, x, kind, cells, layers, contacts)
    perceive(kind, 1, who, now, cells, layers, ground, book, hour, signals, contacts)
    hit_rate = book.kinds[kind].slot_first + book.kinds[kind].hit_rate
    behave(hit_rate, 1, who[3], book, hour, signals, work[0], work[1], work[2])
    rate = np.float64(work[0, 0])
    victim = np.int64(cells.type[other])
    if book.kinds[victim].visibility >= 0:
        rate *= np.float64(cells.value[other, book.kinds[victim].visibility])
    cells.core[row].engagement += np.float32(share)
    w0, w1, _, _ = draw(key, cells.core[row].id, when, 1)
    if unit(w0) < -np.expm1(-rate * dwell):
        tally[HITS] += 1
        elapsed = np.float64(now) - np.float64(cells.core[other].hit_at)
        damage = np.float64(cells.core[other].damage) * np.exp(-fading * max(elapsed, 0.0)) + 1.0
        cells.core[other].damage = damage
        cells.core[other].hit_at = now
        if damage >= hits_needed:
            tally[KILLS] += 1
            die(other, cells, layers, ground)
            cells.core[row].target = 0
            return
    if book.kinds[kind].detachment >= 0:
        if unit(w1) < -np.expm1(-np.float64(cells.value[row, book.kinds[kind].detachment]) * dwell):
            cells.core[row].target = 0


@inline
def roam(
    row, kind, i, pairs, first_pairs, minutes, spacing, squeeze, exclusion, half, key, when,
    cells, layers, ground, book, tally,
):  # fmt: skip
    """A substep on the way: hops with persistence, cues, crowding and matrix in the way; meetings after each.

    pairs, first_pairs : what cell number i has drawn for the substep and for its first hop.
    """
    y = np.int64(cells.core[row].y)
    x = np.int64(cells.core[row].x)
    speed = np.float64(cells.value[row, book.kinds[kind].speed])
    w0, w1 = split(pairs[0, i])
    hops = min(np.int64(speed * minutes / spacing + unit(w0)), MOST_HOPS)
    attack = book.kinds[kind].attachment >= 0
    if hops == 0:
        if attack:
            w2, _ = split(pairs[1, i])
            chance = -np.expm1(-np.float64(cells.value[row, book.kinds[kind].attachment]) * minutes / 60.0)
            if meet(row, kind, y, x, chance, w1, w2, cells, layers, book):
                tally[SYNAPSES] += 1
        return
    keep = 0.0
    if book.kinds[kind].persistence >= 0 and cells.value[row, book.kinds[kind].persistence] > 0:
        keep = np.exp(-spacing / (speed * np.float64(cells.value[row, book.kinds[kind].persistence])))
    heading = np.int64(cells.core[row].heading)
    chance = 0.0
    if attack:
        chance = -np.expm1(-np.float64(cells.value[row, book.kinds[kind].attachment]) * minutes / (60.0 * hops))
    for hop in range(hops):
        if hop == 0:
            w0, w1 = split(first_pairs[0, i])
            w2, w3 = split(first_pairs[1, i])
        else:
            w0, w1, w2, w3 = draw(key, cells.core[row].id, when, 3 + hop)
        cue = guided(row, kind, y, x, w0, half, cells, ground, book)
        if cue >= 0:
            heading = cue
        elif high(w1) >= keep:
            heading = np.int64(w3 & np.uint64(3))
        ty = y + STEP_Y[heading]
        tx = x + STEP_X[heading]
        if layers.leukocyte[ty + PAD, tx + PAD] == EMPTY:
            ease = 1.0 - exclusion * np.float64(min(ground.matrix[0, ty, tx], np.float32(1.0)))
            if layers.tissue[ty + PAD, tx + PAD] >= 0:
                ease *= squeeze
            if low(w1) < ease:
                layers.leukocyte[y + PAD, x + PAD] = EMPTY
                layers.leukocyte[ty + PAD, tx + PAD] = row
                y = ty
                x = tx
                tally[HOPS] += 1
        else:
            heading = np.int64((w3 >> np.uint64(2)) & np.uint64(3))
        if attack and meet(row, kind, y, x, chance, w2, w3, cells, layers, book):
            tally[SYNAPSES] += 1
            break
    cells.core[row].y = y
    cells.core[row].x = x
    cells.core[row].heading = heading


@inner
def patrol_tile(
    tile, across, oy, ox, moment, when, burst, substeps, dwell, spacing, rates, tile_key, key, stamp,
    cells, layers, ground, book, hour, tally, rows, identities, pairs, first_pairs, signals, contacts, who, work,
):  # fmt: skip
    """`burst` substeps of the leukocytes of one tile, in drawn order; some end outside of it."""
    squeeze, exclusion, half, hits_needed, fading = rates
    ny, nx = ground.perfusion.shape
    y0, y1, x0, x1 = tile_bounds(tile, across, oy, ox, ny, nx)
    m = 0
    for y in range(y0, y1):
        for x in range(x0, x1):
            row = layers.leukocyte[y + PAD, x + PAD]
            if row >= 0 and cells.core[row].stamp != stamp:
                rows[m] = row
                m += 1
    w0, w1, _, _ = draw(tile_key, np.uint64(tile + 1), when, 1)
    shuffle(rows, m, w0, w1)
    for i in range(m):
        cells.core[rows[i]].stamp = stamp
        identities[i] = cells.core[rows[i]].id
    for sub in range(burst):
        draw_many(key, identities, m, np.uint64(when + sub), np.uint64(2), pairs)
        draw_many(key, identities, m, np.uint64(when + sub), np.uint64(3), first_pairs)
        for i in range(m):
            row = rows[i]
            kind = np.int64(cells.type[row])
            if cells.core[row].target != 0:
                y = np.int64(cells.core[row].y)
                x = np.int64(cells.core[row].x)
                strike(
                    row, kind, y, x, moment + dwell * sub, dwell, 1.0 / substeps, key, when + sub, hits_needed, fading,
                    cells, layers, ground, book, hour, signals, contacts, who, work, tally,
                )  # fmt: skip
            elif book.kinds[kind].speed >= 0:
                roam(
                    row, kind, i, pairs, first_pairs, 60.0 * dwell, spacing, squeeze, exclusion, half, key, when + sub,
                    cells, layers, ground, book, tally,
                )  # fmt: skip


@parallel
def patrol(
    now, step, substeps, sub, burst, dt, spacing, rates, tile_key, key, stamp, cells, layers, ground, book, hour
):
    """Substeps sub … sub + burst − 1 of all leukocytes, in one sweep.

    Returns hops, synapses, hits and kills of each tile, (tiles, 4) int64.

    burst : as many substeps as nobody can make more than MOST_HOPS hops in, so that all stay within reach
    rates : (squeeze, exclusion, gradient_half, hits_needed, fading): chance to enter a site taken by a tissue
    cell, share of hops that full ECM density stops, relative rise read by half, hits, 1/h.
    """
    ny, nx = ground.perfusion.shape
    when = step * substeps + sub
    dwell = dt / substeps
    oy, ox, down, across, colors = lay_tiles(ny, nx, tile_key, when)
    of_color = ((down + 1) // 2) * ((across + 1) // 2)
    tallies = np.zeros((down * across, 4), dtype=np.int64)
    for c in range(4):
        for k in prange(of_color):
            tile = tile_of_color(k, colors[c], down, across)
            if tile >= 0:
                rows = np.empty(TILE * TILE, dtype=np.int64)
                identities = np.empty(TILE * TILE, dtype=np.uint64)
                pairs = np.empty((2, TILE * TILE), dtype=np.uint64)
                first_pairs = np.empty((2, TILE * TILE), dtype=np.uint64)
                signals = np.zeros((book.signals.size, 1), dtype=np.float32)
                contacts = np.zeros((book.kinds.size, 1), dtype=np.float32)
                who = np.empty((4, 1), dtype=np.int64)
                work = np.empty((3, 1), dtype=np.float32)
                patrol_tile(
                    tile, across, oy, ox, now + dwell * sub, when, burst, substeps, dwell, spacing, rates,
                    tile_key, key, stamp,
                    cells, layers, ground, book, hour, tallies[tile],
                    rows, identities, pairs, first_pairs, signals, contacts, who, work,
                )  # fmt: skip
    return tallies
