"""Vessels: regression, sprouting, growth of tips up the VEGF gradient, joining, and who carries blood.

The vessel layer is an overlay of segments, one a site; `links` says which of a segment's eight neighbors it is
joined to (bits 0 … 7: E, NE, N, NW, W, SW, S, SE; north is y − 1). Roots are capillaries that cross the plane and
so carry blood on their own. Any other segment carries blood when it lies on a path between two roots, which alone
may differ in pressure: a blind sprout carries none, nor does a loop that hangs on a single stem. Segments are few, so
these phases run in one thread.
"""

import numpy as np

from tmesim.kernels.act import vanish
from tmesim.kernels.arrays import ALONG_X, ALONG_Y, EMPTY, PAD
from tmesim.kernels.chance import below, draw, identity_of, unit
from tmesim.kernels.compiling import kernel

SPROUTS, JOINS, REGRESSIONS = 0, 1, 2
MOST_ADVANCE = 3  # sites that a tip may gain in a step


@kernel
def link(y, x, direction, links):
    """Join a segment to its neighbor in a direction, both ways."""
    links[y, x] |= np.uint8(1 << direction)
    links[y + ALONG_Y[direction], x + ALONG_X[direction]] |= np.uint8(1 << ((direction + 4) & 7))


@kernel
def cut(y, x, links):
    """Undo all links of a segment, both ways."""
    for d in range(8):
        if links[y, x] & np.uint8(1 << d):
            links[y + ALONG_Y[d], x + ALONG_X[d]] &= np.uint8(255 - (1 << ((d + 4) & 7)))
    links[y, x] = 0


@kernel
def add_segment(new, parent, y, x, now, kind, cells, layers):
    """A young endothelial cell at (y, x), daughter of the segment in row `parent`."""
    cells.core[new].id = identity_of(cells.core[parent].id, cells.core[parent].births, 2)
    cells.core[parent].births += np.uint32(1)
    cells.core[new].mother = cells.core[parent].id
    cells.type[new] = kind
    cells.core[new].y = y
    cells.core[new].x = x
    cells.core[new].born = now
    cells.core[new].births = 0
    cells.clone[new] = 0
    cells.core[new].antigens = 0
    cells.core[new].tcr = 0
    for s in range(cells.state.shape[1]):
        cells.state[new, s] = 0.0
    for b in range(cells.value.shape[1]):
        cells.value[new, b] = cells.value[parent, b]
    cells.core[new].engagement = 0.0
    cells.core[new].damage = 0.0
    cells.core[new].hit_at = now
    cells.core[new].target = 0
    cells.core[new].heading = 0
    cells.event[new] = 0
    cells.core[new].stamp = 0
    layers.vessel[y + PAD, x + PAD] = new


@kernel
def steer(identity, y, x, index, key, step, guidance, noise, vegf, links):
    """Direction in which a tip goes on, or -1: clearest rise of VEGF, straightness and chance, never back.

    guidance : weight of the relative rise; noise : weight of chance; straight ahead counts 1.
    """
    ny, nx = vegf.shape
    back = -1
    for d in range(8):
        if links[y, x] & np.uint8(1 << d):
            back = d
            break
    best = -1
    top = -1e30
    here = np.float64(vegf[y, x])
    for d in range(8):
        if back >= 0:
            ahead = abs(((d - back + 12) & 7) - 4)  # 4: straight on, 2: to a side, 0: back
            if ahead < 2:
                continue
        ty = y + ALONG_Y[d]
        tx = x + ALONG_X[d]
        if ty < 0 or ty >= ny or tx < 0 or tx >= nx:
            continue
        w0, _, _, _ = draw(key, identity, step, 16 + 8 * index + d)
        length = 1.0 if d % 2 == 0 else 1.4142135623730951
        rise = (np.float64(vegf[ty, tx]) - here) / (here + 1e-9) / length
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
def advance(
    row, y, x, n, now, dt, step, spacing, key, guidance, noise, slot, kind, vegf, cells, layers, links, tip, tally
):
    """Grow a tip for one step. Returns the rows in use."""
    w0, _, _, _ = draw(key, cells.core[row].id, step, 2)
    sites = min(np.int64(np.float64(cells.value[row, slot]) * dt / spacing + unit(w0)), MOST_ADVANCE)
    for i in range(sites):
        d = steer(cells.core[row].id, y, x, i, key, step, guidance, noise, vegf, links)
        if d < 0:
            return n
        ty = y + ALONG_Y[d]
        tx = x + ALONG_X[d]
        tip[y, x] = False
        link(y, x, d, links)
        if layers.vessel[ty + PAD, tx + PAD] >= 0:
            tip[ty, tx] = False  # two tips that meet are one vessel
            tally[JOINS] += 1
            return n
        add_segment(n, row, ty, tx, now, kind, cells, layers)
        tip[ty, tx] = True
        row = n
        n += 1
        y = ty
        x = tx
    return n


@kernel
def remodel(
    n, now, dt, step, spacing, key, slots, rates, kind, vegf, cells, layers, links, root, tip, perfusion, length
):
    """Regression, sprouting and growth of tips in one step. A vessel sprouts, and is cut while it flows, by its length.

    slots : behaviors (sprouting, tip_speed, regression) of endothelial cells; rates : (guidance, noise,
    tip spacing in sites, 1/h at which segments without blood are lost, h before they can be, factor on the
    regression of segments that carry blood).
    Needs room for MOST_ADVANCE + 1 new rows a segment. Returns rows in use, and sprouts, joins, regressions.
    """
    guidance, noise, gap, starving, grace, sheltered = rates
    tally = np.zeros(3, dtype=np.int64)
    ny, nx = vegf.shape
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
        w0, w1, w2, _ = draw(key, cells.core[row].id, step, 0)
        loss = np.float64(cells.value[row, slots[2]])
        if perfusion[y, x] > 0.0:
            loss *= sheltered * length[y, x]
        elif now - cells.core[row].born > grace:
            loss += starving
        if unit(w0) < -np.expm1(-loss * dt):
            cut(y, x, links)
            root[y, x] = False
            tip[y, x] = False
            vanish(row, cells, layers)
            tally[REGRESSIONS] += 1
        elif tip[y, x]:
            n = advance(
                row, y, x, n, now, dt, step, spacing, key, guidance, noise, slots[1], kind,
                vegf, cells, layers, links, tip, tally,
            )  # fmt: skip
        elif (
            perfusion[y, x] > 0.0
            and unit(w1) < -np.expm1(-np.float64(cells.value[row, slots[0]]) * length[y, x] * dt)
            and not tip_near(y, x, np.int64(gap), tip)
        ):
            best = -1
            top = -1.0
            turn = below(w2, 8)
            for k in range(8):
                d = (k + turn) & 7
                ty = y + ALONG_Y[d]
                tx = x + ALONG_X[d]
                if 0 <= ty < ny and 0 <= tx < nx and layers.vessel[ty + PAD, tx + PAD] == EMPTY and vegf[ty, tx] > top:
                    top = vegf[ty, tx]
                    best = d
            if best >= 0:
                link(y, x, best, links)
                add_segment(n, row, y + ALONG_Y[best], x + ALONG_X[best], now, kind, cells, layers)
                tip[y + ALONG_Y[best], x + ALONG_X[best]] = True
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


@kernel
def mark_through(first, seen, sites, numbers, links, root, order, low, turn, path, block, through):
    """Depth-first search from the root segment `first`: mark in `through` what lies on a path to another root.

    Tarjan's search for blocks, begun at an outside that all roots touch (order 0): what hangs on a single segment is
    taken off `block` when the search returns to that segment; what is left shares a loop with the outside.

    seen : how many segments have been; order, low : (segments,) int64, 0 where not yet; turn : (segments,) int64,
    the next direction to try, 0 at first; path, block : (segments,) int64, scratch. Returns how many have been seen.
    """
    nx = numbers.shape[1]
    seen += 1
    order[first] = seen
    low[first] = seen
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
                low[other] = 0 if root[y + ALONG_Y[d], x + ALONG_X[d]] else seen
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
    for k in range(held):
        through[block[k]] = True
    return seen


@kernel
def perfuse(openness, cells, layers, links, root, perfusion):
    """Blood flow of each segment: its openness where it lies on a path between two roots or is one itself; else 0.

    openness : slot of the behavior; perfusion : (ny, nx) float32, overwritten.
    """
    ny, nx = links.shape
    numbers = np.empty((ny, nx), dtype=np.int64)
    sites = number_segments(layers, numbers)
    n = sites.size
    order = np.zeros(n, dtype=np.int64)
    low = np.zeros(n, dtype=np.int64)
    turn = np.zeros(n, dtype=np.int64)
    path = np.empty(n, dtype=np.int64)
    block = np.empty(n, dtype=np.int64)
    through = np.zeros(n, dtype=np.bool_)
    seen = 0
    for i in range(n):
        if root[sites[i] // nx, sites[i] % nx] and order[i] == 0:
            seen = mark_through(i, seen, sites, numbers, links, root, order, low, turn, path, block, through)
    perfusion[:] = np.float32(0.0)
    for i in range(n):
        if through[i]:
            y = sites[i] // nx
            x = sites[i] % nx
            perfusion[y, x] = cells.value[layers.vessel[y + PAD, x + PAD], openness]
