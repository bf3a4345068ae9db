"""Respond: inner states of cells move, and the event of each cell is drawn, from the behaviors last sensed."""

import numpy as np
from numba import prange

from tmesim.kernels.arrays import DEAD
from tmesim.kernels.chance import draw_many, split, unit
from tmesim.kernels.compiling import inline, inner, parallel

ZERO = np.float32(0.0)
CHUNK = 256  # rows that one thread takes at a time


@inline
def advance_states(row, kind, dt, cells, rules):
    """One cell's states over dt."""
    for k in range(rules.kinds[kind].state_first, rules.kinds[kind + 1].state_first):
        gain = ZERO
        loss = ZERO
        if rules.changes[k].gain >= 0:
            gain = cells.value[row, rules.changes[k].gain]
        if rules.changes[k].loss >= 0:
            loss = cells.value[row, rules.changes[k].loss]
        rate = gain + loss
        if rate > ZERO:
            i = rules.changes[k].state
            target = gain / rate
            z = cells.state[row, i]
            if z != target:
                cells.state[row, i] = target + (z - target) * np.float32(np.exp(-np.float64(rate) * dt))


@inline
def pick_event(row, kind, total, word, cells, rules):
    """Which of its hazards, `total` 1/h together, befalls a cell: 1 + index among the events of its type."""
    first = rules.kinds[kind].event_first
    which = unit(word) * total
    for k in range(first, rules.kinds[kind + 1].event_first):
        which -= np.float64(cells.value[row, rules.events[k].slot])
        if which < 0.0:
            return k - first + 1
    return 0


@inner
def respond_rows(first, end, dt, key, step, cells, rules, identities, hazards, pairs):
    """Rows first … end − 1 of `respond`. identities, hazards (CHUNK), pairs (2, CHUNK) : scratch."""
    for row in range(first, end):
        total = 0.0
        if cells.type[row] != DEAD:
            kind = np.int64(cells.type[row])
            if cells.core[row].engagement != ZERO:
                cells.core[row].engagement = ZERO
            advance_states(row, kind, dt, cells, rules)
            ladder = rules.kinds[kind].ladder
            if ladder >= 0 and cells.state[row, ladder] >= rules.kinds[kind].threshold:
                cells.core[row].potential = rules.kinds[kind].divisions  # whoever is stem-like has all before her
            for k in range(rules.kinds[kind].event_first, rules.kinds[kind + 1].event_first):
                total += np.float64(cells.value[row, rules.events[k].slot])
            cells.event[row] = 0
        hazards[row - first] = total
        identities[row - first] = cells.core[row].id
    draw_many(key, identities, end - first, np.uint64(step), np.uint64(0), pairs)
    for i in range(end - first):
        total = hazards[i]
        w0, w1 = split(pairs[0, i])
        u = unit(w0)
        # 1 − exp(−x) ≤ x spares most cells the exponential
        if u < total * dt and u < -np.expm1(-total * dt):
            row = first + i
            cells.event[row] = pick_event(row, np.int64(cells.type[row]), total, w1, cells, rules)


@parallel
def respond(n, dt, key, step, cells, rules):
    """Integrated states move towards their targets; competing hazards are drawn into the column `event`.

    States obey dz/dt = gain (1 − z) − loss z, solved exactly over dt (h). The hazards of a cell share one draw:
    P(any) = 1 − exp(−Σ r dt), then which, in proportion. Rows 0 … n − 1. Cells that are stem-like get back all
    their divisions, so that what they become later has them before it.
    """
    for chunk in prange((n + CHUNK - 1) // CHUNK):
        identities = np.empty(CHUNK, dtype=np.uint64)
        hazards = np.empty(CHUNK, dtype=np.float64)
        pairs = np.empty((2, CHUNK), dtype=np.uint64)
        end = min(n, (chunk + 1) * CHUNK)
        respond_rows(chunk * CHUNK, end, dt, key, step, cells, rules, identities, hazards, pairs)
