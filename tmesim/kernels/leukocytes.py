"""Leukocytes: hop, meet, dwell, hit, in substeps of minutes inside the step.

A substep is one sweep. A free leukocyte makes up to `speed · minutes / spacing` hops; an attacker that touches a
cell it recognizes may form a synapse; in the synapse it hits at a rate that is sensed anew at the place; damage
fades between hits; a target whose damage reaches `hits_needed` dies and the attacker goes on.
"""

import numpy as np
from numba import prange

from tmesim.kernels.arrays import DEAD, EMPTY, LEUKOCYTE, NOBODY_TCR, PAD, TILE, TISSUE, VESSEL, WALL, WORD_BITS
from tmesim.kernels.chance import below, draw, draw_many, high, low, shuffle, split, unit
from tmesim.kernels.compiling import inline, inner, parallel
from tmesim.kernels.fibers import lie_along
from tmesim.kernels.lattice import lay_tiles, tile_bounds, tile_of_color
from tmesim.kernels.living import die, vanish
from tmesim.kernels.migrate import STEP_X, STEP_Y, guided
from tmesim.kernels.sense import behave, perceive
from tmesim.kernels.touch import count_contacts

HOPS, SYNAPSES, HITS, KILLS, LEFT = 0, 1, 2, 3, 4
SPEED, PERSISTENCE, ATTACHMENT = 0, 1, 2
MOST_HOPS = 6  # in a sweep: with a look at the neighbors that makes 8, the reach of a sweep
CONTACT_Y = (0, 0, -1, 0, 1)  # the same site and its four neighbors: the reach of a synapse
CONTACT_X = (0, 1, 0, -1, 0)


@inline
def grid_of(layer, layers):
    """The rows at the sites of a layer."""
    if layer == TISSUE:
        grid = layers.tissue
    elif layer == LEUKOCYTE:
        grid = layers.leukocyte
    else:
        grid = layers.vessel
    return grid


@inline
def recognizes(row, kind, other, cells, rules):
    """Whether the attacker in `row` attacks the cell in row `other`."""
    if other == row or not rules.targets[kind, cells.type[other]]:
        return False
    if not rules.kinds[kind].specific:
        return True
    tcr = cells.core[row].tcr
    if tcr == NOBODY_TCR:
        return False
    return (cells.antigens[other, tcr // WORD_BITS] >> np.uint32(tcr % WORD_BITS)) & np.uint32(1) != 0


@inline
def meet(row, kind, y, x, mean, word_0, word_1, cells, layers, rules):
    """Form a synapse with a recognized cell in touch, with probability 1 − exp(−mean), drawn among them; whether it
    did."""
    u = unit(word_0)
    if u >= mean or u >= -np.expm1(-mean):  # 1 − exp(−x) ≤ x spares most of them the exponential
        return False
    reached = rules.kinds[kind].reached
    found = 0
    for layer in range(3):
        if (reached >> layer) & 1:
            grid = grid_of(layer, layers)
            for k in range(5):
                other = grid[y + CONTACT_Y[k] + PAD, x + CONTACT_X[k] + PAD]
                if other >= 0 and recognizes(row, kind, other, cells, rules):
                    found += 1
    if found == 0:
        return False
    pick = below(word_1, found)
    for layer in range(3):
        if (reached >> layer) & 1:
            grid = grid_of(layer, layers)
            for k in range(5):
                other = grid[y + CONTACT_Y[k] + PAD, x + CONTACT_X[k] + PAD]
                if other >= 0 and recognizes(row, kind, other, cells, rules):
                    if pick == 0:
                        cells.core[row].target = cells.core[other].id
                        return True
                    pick -= 1
    return False


@inline
def find_target(row, kind, y, x, cells, layers, rules):
    """Row of the cell with which an attacker is in synapse, -1 when it is no more in touch."""
    reached = rules.kinds[kind].reached
    target = cells.core[row].target
    found = np.int64(-1)
    for layer in range(3):
        if (reached >> layer) & 1:
            grid = grid_of(layer, layers)
            for k in range(5):
                other = grid[y + CONTACT_Y[k] + PAD, x + CONTACT_X[k] + PAD]
                if found < 0 and other >= 0 and cells.core[other].id == target:
                    found = np.int64(other)
    return found


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
    maps,
    rules,
    inputs,
    signals,
    contacts,
    who,
    work,
    tally,
):
    """A substep in the synapse: perhaps a hit, perhaps a kill, perhaps the end of the contact.

    dwell : h, the substep; share : its share of the step; fading : 1/h, how fast damage is repaired.
    """
    other = find_target(row, kind, y, x, cells, layers, rules)
    # the target has died or was pushed away, or has changed into something else
    if other < 0 or not recognizes(row, kind, other, cells, rules):
        cells.core[row].target = 0
        return
    who[0, 0] = row
    who[1, 0] = y
    who[2, 0] = x
    who[3, 0] = cells.clone[row]
    if rules.kinds[kind].needs:
        count_contacts(y, x, kind, cells, layers, contacts)
    perceive(kind, 1, who, now, cells, layers, maps, rules, inputs, signals, contacts)
    hit_rate = rules.kinds[kind].slot_first + rules.kinds[kind].hit_rate
    behave(hit_rate, 1, who[3], rules, inputs, signals, work[0], work[1], work[2])
    rate = np.float64(work[0, 0])
    victim = np.int64(cells.type[other])
    if rules.kinds[victim].visibility >= 0:
        seen = np.float64(cells.value[other, rules.kinds[victim].visibility])
        rate *= 1.0 - seen if rules.kinds[kind].missing_self else seen
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
            die(other, cells, layers, maps, rules)
            cells.core[other].target = np.uint64(1 + kind)  # its row tells who has killed it
            cells.core[row].target = 0
            return
    if rules.kinds[kind].detachment >= 0:
        if unit(w1) < -np.expm1(-np.float64(cells.value[row, rules.kinds[kind].detachment]) * dwell):
            cells.core[row].target = 0


@inline
def lurk(row, kind, i, pairs, attachment, minutes, cells, layers, rules, tally):
    """A substep in place: an attacker may meet what has come into touch with it."""
    y = np.int64(cells.core[row].y)
    x = np.int64(cells.core[row].x)
    _, w1 = split(pairs[0, i])
    w2, _ = split(pairs[1, i])
    if meet(row, kind, y, x, attachment * minutes / 60.0, w1, w2, cells, layers, rules):
        tally[SYNAPSES] += 1


@inline
def ease_of(y, x, heading, squeeze, exclusion, guidance, cells, layers, maps, rules):
    """The chance that a hop in a direction to a site whose leukocyte layer is free succeeds.

    Matrix of density m stops the share exclusion · m · (1 − guidance · alignment) of hops: fewer along its fibers, more
    across. Onto a site that a tissue cell fills comes the share `squeeze`, and nobody through a membrane.
    """
    ease = 1.0
    if rules.barrier >= 0:
        stopped = exclusion * np.float64(min(maps.matrix[rules.barrier, y, x], np.float32(1.0)))
        if rules.fiber_cos >= 0:
            stopped *= 1.0 - guidance * lie_along(heading, y, x, maps, rules)
        ease = 1.0 - min(stopped, 1.0)
    other = layers.tissue[y + PAD, x + PAD]
    if other >= 0 and rules.kinds[cells.type[other]].membrane:
        return 0.0
    return ease if other == EMPTY else ease * squeeze


@inline
def roam(
    row, kind, i, hops, pairs, first_pairs, doing, minutes, spacing, squeeze, exclusion, guidance, reading, wall,
    beyond, key, when, cells, layers, maps, rules, tally,
):  # fmt: skip
    """A substep on the way: hops with persistence, cues, crowding and matrix in the way; meetings after each.

    Who hops over an open wall, as easily as `beyond` says, is gone with the chance that `wall` has for its type; else
    it comes back.

    pairs, first_pairs : what cell number i has drawn for the substep and for its first hop; doing : as of `look_up`
    """
    y = np.int64(cells.core[row].y)
    x = np.int64(cells.core[row].x)
    attack = rules.kinds[kind].attachment >= 0
    keep = np.exp(-spacing / (doing[SPEED, i] * doing[PERSISTENCE, i])) if doing[PERSISTENCE, i] > 0.0 else 0.0
    heading = np.int64(cells.core[row].heading)
    mean = doing[ATTACHMENT, i] * minutes / (60.0 * hops)
    for hop in range(hops):
        if hop == 0:
            w0, w1 = split(first_pairs[0, i])
            w2, w3 = split(first_pairs[1, i])
        else:
            w0, w1, w2, w3 = draw(key, cells.core[row].id, when, 3 + hop)
        cue = guided(row, kind, y, x, w0, reading, cells, maps, rules)
        if cue >= 0:
            heading = cue
        elif high(w1) >= keep:
            heading = np.int64(w3 & np.uint64(3))
        ty = y + STEP_Y[heading]
        tx = x + STEP_X[heading]
        if layers.leukocyte[ty + PAD, tx + PAD] == EMPTY:
            if low(w1) < ease_of(ty, tx, heading, squeeze, exclusion, guidance, cells, layers, maps, rules):
                layers.leukocyte[y + PAD, x + PAD] = EMPTY
                layers.leukocyte[ty + PAD, tx + PAD] = row
                y = ty
                x = tx
                tally[HOPS] += 1
        elif wall[kind] > 0.0 and layers.leukocyte[ty + PAD, tx + PAD] == WALL:
            if low(w1) < beyond:
                if high(w3) < wall[kind]:
                    cells.core[row].y = y
                    cells.core[row].x = x
                    vanish(row, cells, layers, maps)
                    cells.core[row].target = 0  # nobody has killed it
                    tally[LEFT] += 1
                    return
                heading = (heading + 2) & 3
        else:
            heading = np.int64((w3 >> np.uint64(2)) & np.uint64(3))
        if attack and meet(row, kind, y, x, mean, w2, w3, cells, layers, rules):
            tally[SYNAPSES] += 1
            break
    cells.core[row].y = y
    cells.core[row].x = x
    cells.core[row].heading = heading


@inner
def look_up(rows, n, stamp, cells, rules, identities, doing):
    """Stamp the cells of a tile; who they are, and doing (3, n): their SPEED, PERSISTENCE and ATTACHMENT, 0 of what
    their type has not.

    In a loop of its own: that the rows lie apart in memory costs least where the processor may fetch several at once.
    """
    for i in range(n):
        row = rows[i]
        cells.core[row].stamp = stamp
        identities[i] = cells.core[row].id
        kind = np.int64(cells.type[row])
        speed = rules.kinds[kind].speed
        persistence = rules.kinds[kind].persistence
        attachment = rules.kinds[kind].attachment
        doing[SPEED, i] = np.float64(cells.value[row, speed]) if speed >= 0 else 0.0
        doing[PERSISTENCE, i] = np.float64(cells.value[row, persistence]) if persistence >= 0 else 0.0
        doing[ATTACHMENT, i] = np.float64(cells.value[row, attachment]) if attachment >= 0 else 0.0


@inner
def patrol_tile(
    tile, across, oy, ox, moment, when, burst, substeps, dwell, spacing, rates, tile_key, key, stamp,
    cells, layers, maps, rules, inputs, tally, rows, identities, doing, pairs, first_pairs,
    signals, contacts, who, work,
):  # fmt: skip
    """`burst` substeps of the leukocytes and other attackers of one tile, in drawn order; some end outside of it."""
    squeeze, exclusion, reading, guidance, hits_needed, fading, wall, beyond = rates
    ny, nx = maps.perfusion.shape
    y0, y1, x0, x1 = tile_bounds(tile, across, oy, ox, ny, nx)
    m = 0
    for y in range(y0, y1):
        for x in range(x0, x1):
            row = layers.leukocyte[y + PAD, x + PAD]
            rows[m] = row  # without a branch, which chance would mispredict
            m += np.int64(row >= 0)
            if rules.settled:
                for layer in (TISSUE, VESSEL):
                    row = grid_of(layer, layers)[y + PAD, x + PAD]
                    if row >= 0 and rules.kinds[cells.type[row]].attachment >= 0:
                        rows[m] = row
                        m += 1
    n = m
    m = 0
    for i in range(n):
        row = rows[i]
        rows[m] = row
        m += np.int64(cells.core[row].stamp != stamp)
    w0, w1, _, _ = draw(tile_key, np.uint64(tile + 1), when, 1)
    shuffle(rows, m, w0, w1)
    look_up(rows, m, stamp, cells, rules, identities, doing)
    minutes = 60.0 * dwell
    for sub in range(burst):
        draw_many(key, identities, m, np.uint64(when + sub), np.uint64(2), pairs)
        draw_many(key, identities, m, np.uint64(when + sub), np.uint64(3), first_pairs)
        for i in range(m):
            row = rows[i]
            if cells.type[row] == DEAD:  # another leukocyte has killed it
                continue
            kind = np.int64(cells.type[row])
            if cells.core[row].target != 0:
                y = np.int64(cells.core[row].y)
                x = np.int64(cells.core[row].x)
                strike(
                    row, kind, y, x, moment + dwell * sub, dwell, 1.0 / substeps, key, when + sub, hits_needed, fading,
                    cells, layers, maps, rules, inputs, signals, contacts, who, work, tally,
                )  # fmt: skip
            elif rules.kinds[kind].layer == LEUKOCYTE and rules.kinds[kind].speed >= 0:
                w0, _ = split(pairs[0, i])
                hops = min(np.int64(doing[SPEED, i] * minutes / spacing + unit(w0)), MOST_HOPS)
                if hops > 0:
                    roam(
                        row, kind, i, hops, pairs, first_pairs, doing, minutes, spacing, squeeze, exclusion, guidance,
                        reading, wall, beyond, key, when + sub, cells, layers, maps, rules, tally,
                    )  # fmt: skip
                elif rules.kinds[kind].attachment >= 0:
                    lurk(row, kind, i, pairs, doing[ATTACHMENT, i], minutes, cells, layers, rules, tally)
            elif rules.kinds[kind].attachment >= 0:
                lurk(row, kind, i, pairs, doing[ATTACHMENT, i], minutes, cells, layers, rules, tally)


@parallel
def patrol(
    now, step, substeps, sub, burst, dt, spacing, rates, tile_key, key, stamp, cells, layers, maps, rules, inputs
):
    """Substeps sub … sub + burst − 1 of all leukocytes, in one sweep.

    Returns hops, synapses, hits, kills and exits over the walls of each tile, (tiles, 5) int64.

    burst : as many substeps as nobody can make more than MOST_HOPS hops in, so that all stay within reach
    rates : (squeeze, exclusion, reading, guidance, hits_needed, fading, wall, beyond): chance to enter a site taken by
    a tissue cell, share of hops that full ECM density stops, how gradients are read, by how much fibers change what
    matrix stops, hits, 1/h, chance of each type that who hops over the wall is
    gone (0: walls are mirrors), how easily the sites beyond are entered.
    """
    ny, nx = maps.perfusion.shape
    when = step * substeps + sub
    dwell = dt / substeps
    oy, ox, down, across, colors = lay_tiles(ny, nx, tile_key, when)
    of_color = ((down + 1) // 2) * ((across + 1) // 2)
    tallies = np.zeros((down * across, 5), dtype=np.int64)
    # apart, since what threads share may not be a tuple within a tuple
    squeeze, exclusion, reading, guidance, hits_needed, fading, wall, beyond = rates
    half, floor = reading
    for c in range(4):
        for k in prange(of_color):
            tile = tile_of_color(k, colors[c], down, across)
            if tile >= 0:
                room = TILE * TILE * (3 if rules.settled else 1)
                rows = np.empty(room, dtype=np.int64)
                identities = np.empty(room, dtype=np.uint64)
                doing = np.empty((3, room))
                pairs = np.empty((2, room), dtype=np.uint64)
                first_pairs = np.empty((2, room), dtype=np.uint64)
                signals = np.zeros((rules.signals.size, 1), dtype=np.float32)
                contacts = np.zeros((rules.kinds.size, 1), dtype=np.float32)
                who = np.empty((4, 1), dtype=np.uint32)
                work = np.empty((3, 1), dtype=np.float32)
                patrol_tile(
                    tile, across, oy, ox, now + dwell * sub, when, burst, substeps, dwell, spacing,
                    (squeeze, exclusion, (half, floor), guidance, hits_needed, fading, wall, beyond),
                    tile_key, key, stamp,
                    cells, layers, maps, rules, inputs, tallies[tile],
                    rows, identities, doing, pairs, first_pairs, signals, contacts, who, work,
                )  # fmt: skip
    return tallies
