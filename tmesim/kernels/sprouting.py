"""Vessels: regression, sprouting, growth of tips up the gradient that guides them, joining, and who carries blood.

The vessel layer is an overlay of segments, one a site; `links` says which of a segment's eight neighbors it is
joined to (bits 0 … 7: E, NE, N, NW, W, SW, S, SE; north is y − 1). Roots are capillaries that cross the plane and
so carry blood on their own; one in two is near its arteriole, the other near its venule. Any other segment carries
blood when it lies on a path from an arterial to a venous root, which alone differ in pressure: a blind sprout carries
none, nor does a loop that hangs on a single stem, nor a bridge between two arterial roots. Segments are few, so these
phases run in one thread.
"""

import numpy as np

from tmesim.kernels.anastomosis import MOST_KIN, among, kin_of, partner_from
from tmesim.kernels.arrays import ALONG_X, ALONG_Y, EMPTY, PAD
from tmesim.kernels.chance import below, draw, unit
from tmesim.kernels.compiling import inline, kernel
from tmesim.kernels.living import begin_from, link, vanish

SPROUTS, JOINS, REGRESSIONS = 0, 1, 2
MOST_ADVANCE = 3  # sites that a tip may gain in a step


@inline
def cue_at(guide, y, x, maps):
    """The concentration that leads sprouts, 0 everywhere where nothing does."""
    return maps.fields[guide, y, x] if guide >= 0 else np.float32(0.0)


@kernel
def steer(identity, y, x, index, key, step, guidance, noise, guide, kin, n_kin, maps):
    """Direction in which a tip goes on, or -1: clearest rise of the field `guide`, straightness, chance, never back.

    guidance : weight of the relative rise; noise : weight of chance; straight ahead counts 1; kin : the first n_kin are
    sites that it does not go to.
    """
    ny, nx = maps.links.shape
    back = -1
    for d in range(8):
        if maps.links[y, x] & np.uint8(1 << d):
            back = d
            break
    best = -1
    top = -1e30
    here = np.float64(cue_at(guide, y, x, maps))
    for d in range(8):
        if back >= 0:
            ahead = abs(((d - back + 12) & 7) - 4)  # 4: straight on, 2: to a side, 0: back
            if ahead < 2:
                continue
        ty = y + ALONG_Y[d]
        tx = x + ALONG_X[d]
        if ty < 0 or ty >= ny or tx < 0 or tx >= nx or among(ty * nx + tx, kin, n_kin):
            continue
        w0, _, _, _ = draw(key, identity, step, 16 + 8 * index + d)
        length = 1.0 if d % 2 == 0 else 1.4142135623730951
        rise = (np.float64(cue_at(guide, ty, tx, maps)) - here) / (here + 1e-9) / length
        score = guidance * rise + noise * unit(w0)
        if back >= 0:
            score += 0.25 * ahead
        if score > top:
            top = score
            best = d
    return best


@kernel
def tip_near(y, x, reach, tip):
    """Whether a tip lies within `reach` sites (Delta-Notch: a tip keeps its neighbors from becoming tips)."""
    ny, nx = tip.shape
    for ty in range(max(y - reach, 0), min(y + reach + 1, ny)):
        for tx in range(max(x - reach, 0), min(x + reach + 1, nx)):
            if tip[ty, tx]:
                return True
    return False


@kernel
def add_segment(new, parent, y, x, now, cells, layers):
    """A young segment at (y, x), daughter of the one in row `parent`."""
    begin_from(new, parent, 2, y, x, now, cells)
    layers.vessel[y + PAD, x + PAD] = new


@kernel
def advance(row, y, x, n, now, dt, step, spacing, key, tips, cells, layers, maps, rules, tally):
    """Grow a tip for one step, to a partner within reach or else as it is steered. Returns the rows in use.

    tips : (guidance, noise, sites to a partner, links of the least loop)
    """
    guidance, noise, reach, loop = tips
    kind = np.int64(cells.type[row])
    guide = np.int64(rules.kinds[kind].guide)
    kin = np.empty(MOST_KIN, dtype=np.int64)
    w0, w1, _, _ = draw(key, cells.core[row].id, step, 2)
    reached = np.float64(cells.value[row, rules.kinds[kind].tip_speed]) * dt / spacing
    for i in range(min(np.int64(reached + unit(w0)), MOST_ADVANCE)):
        n_kin = kin_of(y, x, np.int64(loop), maps.links, kin)
        d = partner_from(y, x, reach, w1, kin, n_kin, layers)
        if d < 0:
            d = steer(cells.core[row].id, y, x, i, key, step, guidance, noise, guide, kin, n_kin, maps)
        if d < 0:
            return n
        ty = y + ALONG_Y[d]
        tx = x + ALONG_X[d]
        maps.tip[y, x] = False
        link(y, x, d, maps.links)
        if layers.vessel[ty + PAD, tx + PAD] >= 0:
            maps.tip[ty, tx] = False  # two tips that meet are one vessel
            tally[JOINS] += 1
            return n
        add_segment(n, row, ty, tx, now, cells, layers)
        maps.tip[ty, tx] = True
        row = n
        n += 1
        y = ty
        x = tx
    return n


@inline
def rate_of(row, slot, cells):
    """A behavior of a segment, 0 if its type has none."""
    return np.float64(cells.value[row, slot]) if slot >= 0 else 0.0


@kernel
def sprout_towards(y, x, guide, word, layers, maps):
    """Direction of a new sprout: the free neighbor where the guide is highest, the first of equals in a drawn turn."""
    ny, nx = maps.links.shape
    best = -1
    top = np.float32(-1.0)
    turn = below(word, 8)
    for k in range(8):
        d = (k + turn) & 7
        ty = y + ALONG_Y[d]
        tx = x + ALONG_X[d]
        if 0 <= ty < ny and 0 <= tx < nx and layers.vessel[ty + PAD, tx + PAD] == EMPTY:
            if cue_at(guide, ty, tx, maps) > top:
                top = cue_at(guide, ty, tx, maps)
                best = d
    return best


@kernel
def remodel(n, now, dt, step, spacing, key, rates, tips, cells, layers, maps, rules):
    """Regression, sprouting and growth of tips in one step. A vessel sprouts, and is cut while it flows, by its length.

    rates : (tip spacing in sites, 1/h at which segments without blood are lost, h before they can be, factor on the
    regression of segments that carry blood); tips : as in `advance`.
    Needs room for MOST_ADVANCE + 1 new rows a segment. Returns rows in use, and sprouts, joins, regressions.
    """
    gap, starving, grace, sheltered = rates
    tally = np.zeros(3, dtype=np.int64)
    ny, nx = maps.links.shape
    places = np.empty(ny * nx, dtype=np.int64)
    m = 0
    for y in range(ny):
        for x in range(nx):
            if layers.vessel[y + PAD, x + PAD] >= 0:
                places[m] = y * nx + x
                m += 1
    for i in range(m):
        y = places[i] // nx
        x = places[i] % nx
        row = layers.vessel[y + PAD, x + PAD]
        kind = np.int64(cells.type[row])
        w0, w1, w2, _ = draw(key, cells.core[row].id, step, 0)
        loss = rate_of(row, rules.kinds[kind].regression, cells)
        if maps.perfusion[y, x] > 0.0:
            loss *= sheltered * maps.length[y, x]
        elif now - cells.core[row].born > grace:
            loss += starving
        if unit(w0) < -np.expm1(-loss * dt):
            vanish(row, cells, layers, maps)
            tally[REGRESSIONS] += 1
        elif maps.tip[y, x]:
            if rules.kinds[kind].tip_speed >= 0:
                n = advance(row, y, x, n, now, dt, step, spacing, key, tips, cells, layers, maps, rules, tally)
        elif maps.perfusion[y, x] > 0.0:
            sprouting = rate_of(row, rules.kinds[kind].sprouting, cells) * maps.length[y, x]
            if unit(w1) < -np.expm1(-sprouting * dt) and not tip_near(y, x, np.int64(gap), maps.tip):
                best = sprout_towards(y, x, np.int64(rules.kinds[kind].guide), w2, layers, maps)
                if best >= 0:
                    link(y, x, best, maps.links)
                    add_segment(n, row, y + ALONG_Y[best], x + ALONG_X[best], now, cells, layers)
                    maps.tip[y + ALONG_Y[best], x + ALONG_X[best]] = True
                    n += 1
                    tally[SPROUTS] += 1
    return n, tally


@kernel
def number_segments(layers, numbers):
    """Number the segments 0, 1, … in the order of their sites; numbers : (ny, nx) int64, overwritten, -1 elsewhere.

    Returns the sites as y · nx + x, (segments,) int64.
    """
    ny, nx = numbers.shape
    m = 0
    for y in range(ny):
        for x in range(nx):
            numbers[y, x] = -1
            if layers.vessel[y + PAD, x + PAD] >= 0:
                numbers[y, x] = m
                m += 1
    sites = np.empty(m, dtype=np.int64)
    for y in range(ny):
        for x in range(nx):
            if numbers[y, x] >= 0:
                sites[numbers[y, x]] = y * nx + x
    return sites


@inline
def arterial(identity):
    """Whether a root is near its arteriole; else near its venule. Half of them are, by their identity."""
    return (identity >> np.uint64(13)) & np.uint64(1) == np.uint64(1)


ARTERIES, VEINS = 1, 2  # the order in which the search has come to them, before any segment


@kernel
def mark_through(first, seen, sites, numbers, links, ends, order, low, turn, path, block, through):
    """Depth-first search from the venous root `first`: mark in `through` what lies on a path from artery to vein.

    Tarjan's search for blocks in the network with two more places, the arteries that all arterial roots touch and the
    veins that all venous ones do, joined by a loop through the heart: what shares a loop with that lies on a path.
    What hangs on a single segment is taken off `block` when the search returns to that segment; all is, where the
    search has not come to the arteries.

    seen : order given last; ends : (segments,) int64, ARTERIES, VEINS, or 0 of what is no root; order, low :
    (segments,) int64, 0 where not yet; turn : (segments,) int64, the next direction to try, 0 at first; path, block :
    (segments,) int64, scratch. Returns the order given last.
    """
    nx = numbers.shape[1]
    seen += 1
    order[first] = seen
    low[first] = VEINS
    path[0] = first
    block[0] = first
    depth = 1
    held = 1
    while depth > 0:
        me = path[depth - 1]
        y = sites[me] // nx
        x = sites[me] % nx
        d = turn[me]
        turn[me] += 1
        if d < 8:
            if not links[y, x] & np.uint8(1 << d):
                continue
            other = numbers[y + ALONG_Y[d], x + ALONG_X[d]]
            if order[other] == 0:
                seen += 1
                order[other] = seen
                low[other] = ends[other] if ends[other] > 0 else seen
                path[depth] = other
                block[held] = other
                depth += 1
                held += 1
            elif depth < 2 or other != path[depth - 2]:
                low[me] = min(low[me], order[other])
            continue
        depth -= 1
        if depth > 0:
            before = path[depth - 1]
            low[before] = min(low[before], low[me])
            if low[me] >= order[before]:
                while block[held - 1] != me:
                    held -= 1
                held -= 1
    if low[first] == ARTERIES:
        for k in range(held):
            through[block[k]] = True
    return seen


@kernel
def perfuse(least, cells, layers, maps, rules):
    """Blood flow of each segment: its openness where it is a root or lies on a path from an arterial to a venous one;
    0 elsewhere, and where it would be below `least`."""
    ny, nx = maps.links.shape
    numbers = np.empty((ny, nx), dtype=np.int64)
    sites = number_segments(layers, numbers)
    n = sites.size
    order = np.zeros(n, dtype=np.int64)
    low = np.zeros(n, dtype=np.int64)
    turn = np.zeros(n, dtype=np.int64)
    path = np.empty(n, dtype=np.int64)
    block = np.empty(n, dtype=np.int64)
    through = np.zeros(n, dtype=np.bool_)
    ends = np.zeros(n, dtype=np.int64)
    for i in range(n):
        y = sites[i] // nx
        x = sites[i] % nx
        if maps.root[y, x]:
            through[i] = True
            ends[i] = ARTERIES if arterial(cells.core[layers.vessel[y + PAD, x + PAD]].id) else VEINS
    seen = VEINS
    for i in range(n):
        if ends[i] == VEINS and order[i] == 0:
            seen = mark_through(i, seen, sites, numbers, maps.links, ends, order, low, turn, path, block, through)
    maps.perfusion[:] = np.float32(0.0)
    for i in range(n):
        if through[i]:
            y = sites[i] // nx
            x = sites[i] % nx
            row = layers.vessel[y + PAD, x + PAD]
            openness = rules.kinds[cells.type[row]].openness
            flow = cells.value[row, openness] if openness >= 0 else np.float32(0.0)
            maps.perfusion[y, x] = flow if flow >= least else np.float32(0.0)
