"""Walls: leukocytes of the host come in over the open walls of a patch, as many as would hop in from beyond.

Beyond the wall lies the host's tissue, with ρ cells of a type at each site that make h hops an hour. Over each side of
a site at the wall come, on average,  ρ h Δt e p (1 − b) / 4:  e is how easily the site is entered (as for any hop, see
`leukocytes.roam`), b the share of hops that a gradient guides there. No guided hop leads over a wall, neither out,
since a cell knows no gradient beyond it, nor in, so that both ways stay in balance. They come at both ends of a span
of hops, half of them each, so that the edge is neither fuller nor emptier than the middle.

What is near the wall beyond it is like what is near it within. A cell that hops out comes back, unless it is lost
there at its rate λ of death and egress, which takes it a length of  √(h e / 4 λ)  sites on average: it is gone, and one
of the host comes in its stead, with the probability  p = 1 / (1 + √(h e / 4 λ)). So it makes no difference how much of
the host is drawn: a wall is no nearer source, nor sink, than the tissue beyond it would be.
"""

import numpy as np

from tmesim.kernels.arrays import DIVIDE, DRUG, EMPTY, FIELD, HYBRID, MATRIX, PAD, STATE
from tmesim.kernels.chance import below, draw, identity_of, poisson, unit
from tmesim.kernels.compiling import inline, inner, kernel
from tmesim.kernels.entry import receptor
from tmesim.kernels.leukocytes import ease_of
from tmesim.kernels.living import begin
from tmesim.kernels.migrate import uphill
from tmesim.kernels.sense import behave

SIDES = 4
OPPOSITE = (2, 3, 0, 1)  # of the directions of migrate.STEP_Y and STEP_X: east, north, west, south
LASTING = 1e-3  # 1/h: nobody lasts, or stays where it is, for much longer than a run
MANY = 4096  # entries that a type and a span of hops may have, with room to spare
PORTION = 8.0  # the most that one draw of a Poisson number is asked for


@inline
def place_of(side, i, ny, nx):
    """Row and column of the i-th site at a side: 0 east, 1 north, 2 west, 3 south."""
    if side == 0:
        return i, nx - 1
    if side == 1:
        return 0, i
    if side == 2:
        return i, 0
    return ny - 1, i


@inline
def side_of(place, ny, nx):
    """Side, row and column of a place along the walls, 0 … 2 (ny + nx) − 1."""
    for side in range(SIDES):
        length = ny if side & 1 == 0 else nx
        if place < length:
            y, x = place_of(side, place, ny, nx)
            return side, y, x
        place -= length
    return 0, 0, 0


@inline
def at_walls(values, ny, nx):
    """The mean of a map over the sites at the walls."""
    total = 0.0
    for side in range(SIDES):
        for i in range(ny if side & 1 == 0 else nx):
            y, x = place_of(side, i, ny, nx)
            total += np.float64(values[y, x])
    return total / (2 * (ny + nx))


@kernel
def behave_beyond(kinds, width, starts, maps, rules, inputs):
    """What the host's cells beyond the walls do, (types, width) float32 behaviors by slot, for the types asked for.

    They are as new, alone, and sense on average what is sensed at the walls.
    """
    ny, nx = maps.perfusion.shape
    found = np.zeros((starts.shape[0], width), dtype=np.float32)
    signals = np.zeros((rules.signals.size, 1), dtype=np.float32)
    clone = np.zeros(1, dtype=np.uint32)
    work = np.empty((3, 1), dtype=np.float32)
    common = np.zeros(rules.signals.size, dtype=np.float32)
    for s in range(rules.signals.size):
        i = rules.signals[s].index
        if rules.signals[s].kind == FIELD:
            common[s] = at_walls(maps.fields[i], ny, nx)
        elif rules.signals[s].kind == MATRIX:
            common[s] = at_walls(maps.matrix[i], ny, nx)
        elif rules.signals[s].kind == DRUG:
            common[s] = inputs.drug[i]
    for m in range(kinds.size):
        kind = kinds[m]
        for u in range(rules.kinds[kind].used_first, rules.kinds[kind + 1].used_first):
            s = rules.used[u]
            level = common[s]
            z = starts[kind, rules.signals[s].index] if rules.signals[s].kind in (STATE, HYBRID) else np.float32(0.0)
            if rules.signals[s].kind == STATE:
                level = z
            elif rules.signals[s].kind == HYBRID:
                level = np.float32(4.0) * z * (np.float32(1.0) - z)
            signals[s, 0] = max(level, np.float32(0.0)) * inputs.signal_factor[kind, s]
        first = rules.kinds[kind].slot_first
        for b in range(first, rules.kinds[kind + 1].slot_first):
            behave(b, 1, clone, rules, inputs, signals, work[0], work[1], work[2])
            found[kind, b - first] = work[0, 0]
    return found


@inner
def mean_ease(squeeze, exclusion, guidance, cells, layers, maps, rules):
    """How easily the sites at the walls are entered, on average; the sites beyond are taken to be alike."""
    ny, nx = maps.perfusion.shape
    total = 0.0
    for side in range(SIDES):
        for i in range(ny if side & 1 == 0 else nx):
            y, x = place_of(side, i, ny, nx)
            total += ease_of(y, x, side, squeeze, exclusion, guidance, cells, layers, maps, rules)
    return total / (2 * (ny + nx))


@inline
def unguided(y, x, kind, reading, maps, rules, doing):
    """The share of hops of a cell of the host that no gradient at a site guides."""
    guided = 0.0
    for k in range(rules.kinds[kind].taxis_first, rules.kinds[kind + 1].taxis_first):
        direction, clarity = uphill(y, x, maps.fields[rules.taxes[k].field], reading)
        if direction >= 0:
            guided += np.float64(doing[kind, rules.taxes[k].slot]) * clarity
    return max(1.0 - guided, 0.0)


@kernel
def exchanged(kinds, spacing, ease, doing, rules):
    """p of each of some types of the host beyond the walls, (kinds,)."""
    found = np.zeros(kinds.size)
    for m in range(kinds.size):
        kind = kinds[m]
        lost = LASTING
        for e in range(rules.kinds[kind].event_first, rules.kinds[kind + 1].event_first):
            if rules.events[e].does != DIVIDE:
                lost += np.float64(doing[kind, rules.events[e].slot])
        if rules.kinds[kind].speed >= 0:
            hops = np.float64(doing[kind, rules.kinds[kind].speed]) * 60.0 / spacing
            found[m] = 1.0 / (1.0 + np.sqrt(0.25 * hops * ease / lost))
    return found


@kernel
def arrivals(span, step, part, keys, spacing, rates, kinds, density, doing, cells, layers, maps, rules):
    """Who comes over the walls: (y, x, number of the type, side, number) of each, (arrivals, 5) int64.

    span : h of hops; part : number of the span in the step; kinds, density, keys : (m,) of types that the host has
    beyond the walls, their cells a site times p, and a key of draws for each; doing : (types, slots), as
    `behave_beyond` gives it; rates : as of `leukocytes.patrol`
    """
    squeeze, exclusion, reading, guidance = rates[0], rates[1], rates[2], rates[3]
    ny, nx = maps.perfusion.shape
    sides = 2 * (ny + nx)
    found = np.empty((64, 5), dtype=np.int64)
    n = 0
    for m in range(kinds.size):
        kind = kinds[m]
        slot = rules.kinds[kind].speed
        if slot < 0 or density[m] <= 0.0:
            continue
        # as many as could come if every site were open and nothing guided, of whom each then comes with its chance
        most = 0.25 * sides * density[m] * np.float64(doing[kind, slot]) * 60.0 * span / spacing
        portions = np.int64(most / PORTION) + 1
        tries = 0
        for portion in range(portions):
            w0, _, _, _ = draw(keys[m], np.uint64(1), step, part * MANY + portion)
            tries += poisson(w0, most / portions)
        for number in range(min(tries, MANY)):
            w0, w1, _, _ = draw(keys[m], np.uint64(2), step, part * MANY + number)
            side, y, x = side_of(below(w0, sides), ny, nx)
            chance = ease_of(y, x, side, squeeze, exclusion, guidance, cells, layers, maps, rules)
            if unit(w1) >= chance * unguided(y, x, kind, reading, maps, rules, doing):
                continue
            if n == found.shape[0]:
                more = np.empty((2 * n, 5), dtype=np.int64)
                more[:n] = found
                found = more
            found[n, 0] = y
            found[n, 1] = x
            found[n, 2] = m
            found[n, 3] = side
            found[n, 4] = number
            n += 1
    return found[:n]


@kernel
def settle(found, n, now, step, part, keys, origin, kinds, shares, starts, doing, cells, layers, maps, rules):
    """Put those who come on their sites, from row n on; who finds it taken stays outside. Needs a row for each.

    origin : key of the identities that are made here; shares : (types, clonotypes), for types that are specific;
    starts : (types, states). Returns (rows in use, entries of each type).
    """
    nx = maps.perfusion.shape[1]
    entered = np.zeros(starts.shape[0], dtype=np.int64)
    for i in range(found.shape[0]):
        y = found[i, 0]
        x = found[i, 1]
        kind = kinds[found[i, 2]]
        key = keys[found[i, 2]]
        side = found[i, 3]
        if layers.leukocyte[y + PAD, x + PAD] != EMPTY:
            continue
        index = np.uint64(part * MANY + found[i, 4])
        me = identity_of(np.uint64(y * nx + x + 1), np.uint64(step), index, key ^ origin)
        begin(n, kind, me, y, x, now, cells)
        if rules.kinds[kind].specific:
            w0, _, _, _ = draw(key, me, step, 0)
            cells.core[n].tcr = receptor(unit(w0), shares[kind])
        for s in range(starts.shape[1]):
            cells.state[n, s] = starts[kind, s]
        for b in range(doing.shape[1]):
            cells.value[n, b] = doing[kind, b]
        cells.core[n].heading = np.uint8(OPPOSITE[side])
        layers.leukocyte[y + PAD, x + PAD] = n
        entered[kind] += 1
        n += 1
    return n, entered
