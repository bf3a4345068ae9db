"""Living: how a cell comes into its row and leaves it. Nobody else writes whole rows."""

import numpy as np

from tmesim.kernels.arrays import ALONG_X, ALONG_Y, DEAD, EMPTY, NOBODY_TCR, PAD, UNLIMITED
from tmesim.kernels.bodies import uncover
from tmesim.kernels.chance import BIRTH, draw, identity_of, stray, unit
from tmesim.kernels.compiling import inner, kernel

RENEWAL = 1024  # the draw of a daughter for what she becomes; those below are for her states


@inner
def begin(row, kind, identity, y, x, now, cells):
    """A new cell of a type at (y, x): all columns of its row, of which nobody else has said anything yet."""
    cells.type[row] = kind
    cells.event[row] = 0
    cells.clone[row] = 0
    for w in range(cells.antigens.shape[1]):
        cells.antigens[row, w] = 0
    for s in range(cells.state.shape[1]):
        cells.state[row, s] = 0.0
    for b in range(cells.value.shape[1]):
        cells.value[row, b] = 0.0
    cells.core[row].id = identity
    cells.core[row].mother = 0
    cells.core[row].target = 0
    cells.core[row].born = now
    cells.core[row].hit_at = now
    cells.core[row].damage = 0.0
    cells.core[row].engagement = 0.0
    cells.core[row].births = 0
    cells.core[row].stamp = 0
    cells.core[row].y = y
    cells.core[row].x = x
    cells.core[row].tcr = NOBODY_TCR
    cells.core[row].heading = 0
    cells.core[row].potential = UNLIMITED
    cells.core[row].extent = 0


@inner
def begin_from(row, mother, way, y, x, now, cells):
    """A daughter at (y, x): her own name, her mother's behaviors. way : tells ways of being born from one mother."""
    identity = identity_of(cells.core[mother].id, cells.core[mother].births, way, BIRTH)
    begin(row, cells.type[mother], identity, y, x, now, cells)
    cells.core[row].mother = cells.core[mother].id
    cells.core[mother].births += np.uint32(1)
    for b in range(cells.value.shape[1]):
        cells.value[row, b] = cells.value[mother, b]


@inner
def be_born(row, mother, y, x, now, step, key, cells, rules):
    """A daughter of a division: as `begin_from`, with what she takes over; sisters differ where states spread.

    Where there is a hierarchy she takes her place in it (see `differentiate`).
    """
    begin_from(row, mother, 0, y, x, now, cells)
    cells.clone[row] = cells.clone[mother]
    for w in range(cells.antigens.shape[1]):
        cells.antigens[row, w] = cells.antigens[mother, w]
    cells.core[row].tcr = cells.core[mother].tcr
    cells.core[row].heading = cells.core[mother].heading
    cells.core[row].stamp = cells.core[mother].stamp
    for s in range(cells.state.shape[1]):
        z = np.float64(cells.state[mother, s])
        if rules.spread[s] > 0.0:
            w0, _, _, _ = draw(key, cells.core[row].id, step, s + 1)
            z = stray(z, np.float64(rules.spread[s]), w0)
        cells.state[row, s] = z
    if rules.kinds[np.int64(cells.type[mother])].ladder >= 0:
        differentiate(row, mother, step, key, cells, rules)


@inner
def differentiate(row, mother, step, key, cells, rules):
    """What a division leaves a daughter and her mother to do, where the type has a hierarchy.

    The daughter of a stem-like mother is one too with the probability `self_renewal`, with her mother's state; else she
    is progeny, with that of progeny, from which she strays as daughters do, and all divisions of progeny before her.
    The division of progeny takes one from what mother and daughter have left.
    """
    kind = rules.kinds[np.int64(cells.type[mother])]
    s = np.int64(kind.ladder)
    if cells.state[mother, s] >= kind.threshold:
        w0, w1, _, _ = draw(key, cells.core[row].id, step, RENEWAL)
        renews = kind.self_renewal >= 0 and unit(w0) < np.float64(cells.value[mother, kind.self_renewal])
        cells.state[row, s] = cells.state[mother, s]
        if not renews:
            cells.state[row, s] = stray(np.float64(kind.progeny), np.float64(rules.spread[s]), w1)
        cells.core[row].potential = kind.divisions
    else:
        left = cells.core[mother].potential
        if left > 0:
            left -= np.uint8(1)
        cells.core[mother].potential = left
        cells.core[row].potential = left


@inner
def begin_many(n, kinds, identities, y, x, states, cells):
    """Cells in the rows from n on, at hour 0. kinds, identities, y, x : (cells,); states : (types, states) of each."""
    for i in range(identities.size):
        begin(n + i, kinds[i], identities[i], y[i], x[i], 0.0, cells)
        for s in range(cells.state.shape[1]):
            cells.state[n + i, s] = states[kinds[i], s]


@inner
def become(row, kind, cells, layers):
    """A cell changes its type, and has no behaviors until it senses anew. A body gives up all sites but its own."""
    if cells.core[row].extent > 0:
        uncover(row, cells, layers)
    cells.type[row] = kind
    cells.core[row].target = 0
    for b in range(cells.value.shape[1]):
        cells.value[row, b] = 0.0


@inner
def die(row, cells, layers, maps, rules):
    """Take a cell out; its matter and antigens stay as debris at the site."""
    if rules.debris >= 0:
        y = cells.core[row].y
        x = cells.core[row].x
        maps.matrix[rules.debris, y, x] += np.float32(1.0)
        for w in range(cells.antigens.shape[1]):
            maps.antigens[y, x, w] |= cells.antigens[row, w]
    vanish(row, cells, layers, maps)


@inner
def vanish(row, cells, layers, maps):
    """Take a cell out without a trace, from all the sites that it fills; a vessel segment with its links."""
    y = cells.core[row].y
    x = cells.core[row].x
    if layers.tissue[y + PAD, x + PAD] == row:
        if cells.core[row].extent > 0:
            uncover(row, cells, layers)
        layers.tissue[y + PAD, x + PAD] = EMPTY
    elif layers.leukocyte[y + PAD, x + PAD] == row:
        layers.leukocyte[y + PAD, x + PAD] = EMPTY
    elif layers.vessel[y + PAD, x + PAD] == row:
        layers.vessel[y + PAD, x + PAD] = EMPTY
        cut(y, x, maps.links)
        maps.root[y, x] = False
        maps.tip[y, x] = False
        maps.perfusion[y, x] = 0.0
    cells.type[row] = DEAD
    cells.event[row] = 0


@kernel
def take_out(rows, cells, layers, maps):
    """Take out cells without a trace. rows : (n,)"""
    for i in range(rows.size):
        vanish(rows[i], cells, layers, maps)


@inner
def link(y, x, direction, links):
    """Join a segment to its neighbor in a direction, both ways."""
    links[y, x] |= np.uint8(1 << direction)
    links[y + ALONG_Y[direction], x + ALONG_X[direction]] |= np.uint8(1 << ((direction + 4) & 7))


@inner
def cut(y, x, links):
    """Undo all links of a segment, both ways."""
    for d in range(8):
        if links[y, x] & np.uint8(1 << d):
            links[y + ALONG_Y[d], x + ALONG_X[d]] &= np.uint8(255 - (1 << ((d + 4) & 7)))
    links[y, x] = 0
