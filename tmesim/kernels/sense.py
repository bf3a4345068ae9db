"""Sense: what each cell perceives becomes what it does.

For a behavior of a cell,  value = Π_groups [(1 − D)·((1 − U)·base + U·max) + D·min] × clone × drug,
U = S/(1 + S) with S = Σ (signal / half-max)^power over the rules that raise, D likewise over those that lower.
"""

import numpy as np
from numba import prange

from tmesim.kernels.arrays import (
    CONTACT,
    CONTACT_STATE,
    CONTACT_VESSEL,
    DRUG,
    ENGAGEMENT,
    FIELD,
    HYBRID,
    LEUKOCYTE,
    MATRIX,
    PACKING,
    PAD,
    PRESENTED,
    SATURABLE_UPTAKE,
    SECRETION,
    STATE,
    TISSUE,
    UPTAKE,
    VESSEL,
)
from tmesim.kernels.bodies import count_around
from tmesim.kernels.compiling import inline, inner, parallel, side_by_side
from tmesim.kernels.touch import count_near, perfused_near, sum_presented, sum_state

ONE = np.float32(1.0)
ZERO = np.float32(0.0)
FOUR = np.float32(4.0)
MOST = np.float32(1e30)
LANES = 64  # cells of one type that are worked on side by side
BAND = 8  # rows of the lattice that one thread takes at a time


@side_by_side
def perceive(kind, n, who, now, cells, layers, maps, rules, inputs, signals, contacts):
    """Fill signals[used by the type, :n] for n cells of one type.

    who : (4, lanes) uint32 row, y, x and clone of each (an index without sign is never taken from the end, which spares
    the asking); contacts : (types + 1, lanes) cells touched by type; last, packing.
    """
    for u in range(rules.kinds[kind].used_first, rules.kinds[kind + 1].used_first):
        s = rules.used[u]
        source = rules.signals[s].kind
        i = rules.signals[s].index
        line = signals[s]
        if source == FIELD:
            for c in range(n):
                line[c] = maps.fields[i, who[1, c], who[2, c]]
        elif source == CONTACT:
            for c in range(n):
                line[c] = contacts[i, c]
        elif source == STATE:
            for c in range(n):
                line[c] = cells.state[who[0, c], i]
        elif source == HYBRID:
            for c in range(n):
                z = cells.state[who[0, c], i]
                line[c] = FOUR * z * (ONE - z)
        elif source == MATRIX:
            for c in range(n):
                line[c] = maps.matrix[i, who[1, c], who[2, c]]
        elif source == PACKING:
            for c in range(n):
                line[c] = contacts[contacts.shape[0] - 1, c]
        elif source == DRUG:
            for c in range(n):
                line[c] = inputs.drug[i]
        elif source == ENGAGEMENT:
            for c in range(n):
                line[c] = cells.core[who[0, c]].engagement
        elif source == CONTACT_STATE:
            for c in range(n):
                line[c] = sum_state(who[1, c], who[2, c], cells, layers, i, who[0, c])
        elif source == PRESENTED:
            for c in range(n):
                line[c] = sum_presented(who[1, c], who[2, c], cells, layers, i, who[0, c])
        elif source == CONTACT_VESSEL:
            for c in range(n):
                line[c] = perfused_near(who[1, c], who[2, c], layers, maps)
        else:
            for c in range(n):
                line[c] = np.float32(now) - cells.core[who[0, c]].born
        factor = inputs.signal_factor[kind, s]
        for c in range(n):
            line[c] = max(line[c], ZERO) * factor


@side_by_side
def pull(level, limit, first, end, n, rules, signals, total):
    """Levels drawn towards a limit by the terms first … end − 1: (level + S · limit) / (1 + S), in place."""
    for c in range(n):
        total[c] = ZERO
    for k in range(first, end):
        line = signals[rules.terms[k].signal]
        inverse = rules.terms[k].inverse
        halves = rules.terms[k].halves
        if halves == 2:
            for c in range(n):
                total[c] += line[c] * inverse
        elif halves == 3:
            for c in range(n):
                ratio = line[c] * inverse
                total[c] += ratio * np.sqrt(ratio)
        elif halves == 4:
            for c in range(n):
                ratio = line[c] * inverse
                total[c] += ratio * ratio
        elif halves == 6:
            for c in range(n):
                ratio = line[c] * inverse
                total[c] += ratio * ratio * ratio
        elif halves == 8:
            for c in range(n):
                ratio = line[c] * inverse
                ratio *= ratio
                total[c] += ratio * ratio
        else:
            power = rules.terms[k].power
            for c in range(n):
                ratio = line[c] * inverse
                if ratio > ZERO:
                    total[c] += ratio**power
    for c in range(n):
        # a power may overflow to infinity, where the limit is all that counts
        whole = min(total[c], MOST)
        rest = ONE / (ONE + whole)
        level[c] = level[c] * rest + limit * (whole * rest)


@side_by_side
def behave(behavior, n, clone, rules, inputs, signals, value, level, total):
    """value[:n] of one behavior (index over all types) of n cells, given their clones and signals (signals, lanes).

    level, total : (lanes,) scratch.
    """
    for c in range(n):
        value[c] = inputs.factor[clone[c], behavior]
    for g in range(rules.group_first[behavior], rules.group_first[behavior + 1]):
        base = rules.groups[g].base
        for c in range(n):
            level[c] = base
        middle = rules.groups[g].down_first
        if middle > rules.groups[g].up_first:
            pull(level, rules.groups[g].highest, rules.groups[g].up_first, middle, n, rules, signals, total)
        if rules.groups[g].term_end > middle:
            pull(level, rules.groups[g].lowest, middle, rules.groups[g].term_end, n, rules, signals, total)
        for c in range(n):
            value[c] *= level[c]


@side_by_side
def sense_lanes(kind, n, who, now, cells, layers, maps, rules, inputs, signals, contacts, work):
    """All behaviors of n cells of one type into cells.value. work : (3, lanes) scratch."""
    perceive(kind, n, who, now, cells, layers, maps, rules, inputs, signals, contacts)
    first = rules.kinds[kind].slot_first
    value = work[0]
    for b in range(first, rules.kinds[kind + 1].slot_first):
        behave(b, n, who[3], rules, inputs, signals, value, work[1], work[2])
        for c in range(n):
            cells.value[who[0, c], b - first] = value[c]
    if rules.kinds[kind].ladder >= 0:
        divides = rules.kinds[kind].divides
        for c in range(n):
            if cells.core[who[0, c]].potential == 0:
                cells.value[who[0, c], divides] = ZERO  # it has made all its divisions


@inline
def exchange(row, y, x, cells, maps, rules, inputs):
    """What one cell gives to the fields and takes from them at its site.

    Amounts of a cell, and of a length of vessel, are its own: in a larger site they are spread over more volume.
    """
    kind = np.int64(cells.type[row])
    share = inputs.dilution
    if rules.kinds[kind].layer == VESSEL:
        share *= maps.length[y, x]
    for k in range(rules.kinds[kind].flux_first, rules.kinds[kind + 1].flux_first):
        f = rules.fluxes[k].field
        amount = cells.value[row, rules.fluxes[k].slot] * share
        how = rules.fluxes[k].how
        if how == SECRETION:
            maps.source[f, y, x] += amount
        elif how == UPTAKE:
            maps.loss[f, y, x] += amount
        elif how == SATURABLE_UPTAKE:
            maps.vmax[rules.fluxes[k].saturable, y, x] += amount
        else:
            amount *= maps.perfusion[y, x]
            maps.loss[f, y, x] += amount
            maps.source[f, y, x] += amount * inputs.blood[f]


@inner
def gather_band(y0, y1, cells, layers, found, order, end):
    """The cells of rows y0 … y1 − 1: found[:m] row, y and x of each in the order of sites, all layers; returns m.

    order[:m] : places in `found` by type; those of type k end before end[k], (types + 1,).
    """
    m = 0
    for y in range(y0, y1):
        for x in range(layers.tissue.shape[1] - 2 * PAD):  # without branches, which chance would mispredict
            for layer in range(3):
                if layer == TISSUE:
                    row = layers.tissue[y + PAD, x + PAD]
                elif layer == LEUKOCYTE:
                    row = layers.leukocyte[y + PAD, x + PAD]
                else:
                    row = layers.vessel[y + PAD, x + PAD]
                found[m, 0] = row
                found[m, 1] = y
                found[m, 2] = x
                m += np.int64(row >= 0)
    for k in range(end.size):
        end[k] = 0
    for i in range(m):
        end[np.int64(cells.type[found[i, 0]]) + 1] += 1
    for k in range(1, end.size):
        end[k] += end[k - 1]
    for i in range(m):
        kind = np.int64(cells.type[found[i, 0]])
        order[end[kind]] = i
        end[kind] += 1
    return m


@inner
def sense_band(
    y0, y1, now, cells, layers, maps, rules, inputs,
    signals, contacts, who, work, found, order, end, near, seen, column,
):  # fmt: skip
    """Rows y0 … y1 − 1 of `sense`: cells of one type side by side, then the exchange in the order of sites."""
    nx = maps.fields.shape[2]
    types = rules.kinds.size - 1
    for f in range(maps.fields.shape[0]):
        for y in range(y0, y1):
            for x in range(nx):
                maps.loss[f, y, x] = inputs.decay[f]
                maps.source[f, y, x] = ZERO
    for f in range(maps.vmax.shape[0]):
        for y in range(y0, y1):
            for x in range(nx):
                maps.vmax[f, y, x] = ZERO
    m = gather_band(y0, y1, cells, layers, found, order, end)
    touch = False
    for kind in range(types):
        touch |= rules.kinds[kind].needs != 0
    if touch:
        count_near(y0, y1, cells, layers, near, seen, column)
    begin = 0
    for kind in range(types):
        while begin < end[kind]:
            n = min(who.shape[1], end[kind] - begin)
            for c in range(n):
                i = order[begin + c]
                who[0, c] = found[i, 0]
                who[1, c] = found[i, 1]
                who[2, c] = found[i, 2]
                who[3, c] = cells.clone[found[i, 0]]
            if rules.kinds[kind].needs:
                for u in range(rules.kinds[kind].used_first, rules.kinds[kind + 1].used_first):
                    i = rules.signals[rules.used[u]].index
                    if rules.signals[rules.used[u]].kind == CONTACT:
                        own = ONE if i == kind else ZERO
                        for c in range(n):
                            contacts[i, c] = np.float32(near[who[1, c] - y0, i, who[2, c]]) - own
                for c in range(n):
                    contacts[types, c] = np.float32(near[who[1, c] - y0, types, who[2, c]] * 0.125)
                if rules.kinds[kind].static:
                    for c in range(n):
                        if cells.core[who[0, c]].extent > 0:
                            count_around(np.int64(who[0, c]), cells, layers, contacts, c)
            sense_lanes(kind, n, who, now, cells, layers, maps, rules, inputs, signals, contacts, work)
            begin += n
    for i in range(m):
        exchange(np.int64(found[i, 0]), np.int64(found[i, 1]), np.int64(found[i, 2]), cells, maps, rules, inputs)


@parallel
def sense(now, cells, layers, maps, rules, inputs):
    """Every cell's behaviors, and the loss, source and saturable uptake of every field at every site.

    Reads the state of the step's start only. A site is one thread's: sources are gathered, never scattered.
    """
    ny, nx = maps.perfusion.shape
    types = rules.kinds.size - 1
    for band in prange((ny + BAND - 1) // BAND):
        signals = np.zeros((rules.signals.size, LANES), dtype=np.float32)
        contacts = np.zeros((types + 1, LANES), dtype=np.float32)
        who = np.empty((4, LANES), dtype=np.uint32)
        work = np.empty((3, LANES), dtype=np.float32)
        found = np.empty((3 * BAND * nx, 3), dtype=np.int32)
        order = np.empty(3 * BAND * nx, dtype=np.int32)
        end = np.empty(types + 1, dtype=np.int64)
        near = np.empty((BAND, types + 1, nx), dtype=np.uint8)
        seen = np.empty((BAND + 2, types + 2, nx + 2), dtype=np.uint8)
        column = np.empty(nx + 2, dtype=np.uint8)
        sense_band(
            band * BAND, min(ny, (band + 1) * BAND), now, cells, layers, maps, rules, inputs,
            signals, contacts, who, work, found, order, end, near, seen, column,
        )  # fmt: skip
