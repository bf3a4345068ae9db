"""Sense: what each cell perceives becomes what it does.

For a behavior of a cell,  value = Π_groups [(1 − D)·((1 − U)·base + U·max) + D·min] × clone × drug,
U = S/(1 + S) with S = Σ (signal / half-max)^power over the rules that raise, D likewise over those that lower.
"""

import numpy as np
from numba import prange

from tmesim.kernels.arrays import (
    CONTACT,
    CONTACT_PDL1,
    CONTACT_VESSEL,
    DEAD,
    DRUG,
    ENGAGEMENT,
    FIELD,
    HYBRID,
    LEUKOCYTE,
    MATRIX,
    PACKING,
    PAD,
    SATURABLE_UPTAKE,
    SECRETION,
    STATE,
    TISSUE,
    UPTAKE,
)
from tmesim.kernels.chance import draw_many, split, unit
from tmesim.kernels.compiling import inline, inner, parallel

# inline: a call would pass, and count references to, some thirty arrays
ONE = np.float32(1.0)
ZERO = np.float32(0.0)
FOUR = np.float32(4.0)
MOST = np.float32(1e30)
CHUNK = 256  # rows that one thread takes at a time


@inline
def count_contacts(y, x, cells, layers, counts):
    """Cells of each type on the site and its eight neighbors, in all layers, without the cell's own self.

    counts : (types,) float32, overwritten. Returns packing, the share of the eight tissue neighbors taken.
    """
    for c in range(counts.size):
        counts[c] = ZERO
    taken = 0
    for dy in range(-1, 2):
        for dx in range(-1, 2):
            py = y + dy + PAD
            px = x + dx + PAD
            row = layers.tissue[py, px]
            if row >= 0:
                counts[cells.type[row]] += ONE
                if dy != 0 or dx != 0:
                    taken += 1
            row = layers.leukocyte[py, px]
            if row >= 0:
                counts[cells.type[row]] += ONE
            row = layers.vessel[py, px]
            if row >= 0:
                counts[cells.type[row]] += ONE
    return np.float32(taken * 0.125)


@inline
def sum_pdl1(y, x, cells, layers, pdl1, own):
    """PD-L1 of the cells on the site and its four neighbors, in both cell layers, without the cell's own."""
    total = ZERO
    for k in range(5):
        py = y + PAD
        px = x + PAD
        if k == 1:
            px += 1
        elif k == 2:
            py -= 1
        elif k == 3:
            px -= 1
        elif k == 4:
            py += 1
        row = layers.tissue[py, px]
        if row >= 0 and row != own:
            total += cells.state[row, pdl1]
        row = layers.leukocyte[py, px]
        if row >= 0 and row != own:
            total += cells.state[row, pdl1]
    return total


@inline
def perfused_near(y, x, layers, ground):
    """Perfused vessel segments on the site and its eight neighbors, weighted by their flow."""
    total = ZERO
    ny, nx = ground.perfusion.shape
    for dy in range(max(y - 1, 0), min(y + 2, ny)):
        for dx in range(max(x - 1, 0), min(x + 2, nx)):
            total += ground.perfusion[dy, dx]
    return total


@inline
def perceive(row, kind, y, x, now, cells, layers, ground, book, hour, signals, counts):
    """Fill signals[used by the type] for the cell in `row` at (y, x)."""
    packing = ZERO
    if book.kinds[kind].needs:
        packing = count_contacts(y, x, cells, layers, counts)
        counts[kind] -= ONE
    for u in range(book.kinds[kind].used_first, book.kinds[kind + 1].used_first):
        s = book.used[u]
        source = book.signals[s].kind
        i = book.signals[s].index
        if source == FIELD:
            v = ground.fields[i, y, x]
        elif source == CONTACT:
            v = counts[i]
        elif source == STATE:
            v = cells.state[row, i]
        elif source == HYBRID:
            v = FOUR * cells.state[row, i] * (ONE - cells.state[row, i])
        elif source == MATRIX:
            v = ground.matrix[i, y, x]
        elif source == PACKING:
            v = packing
        elif source == DRUG:
            v = hour.drug[i]
        elif source == ENGAGEMENT:
            v = cells.core[row].engagement
        elif source == CONTACT_PDL1:
            v = sum_pdl1(y, x, cells, layers, book.pdl1, row)
        elif source == CONTACT_VESSEL:
            v = perfused_near(y, x, layers, ground)
        else:
            v = np.float32(now) - cells.core[row].born
        signals[s] = max(v, ZERO) * hour.signal_factor[kind, s]


@inline
def pull(level, limit, first, end, book, signals):
    """A level drawn towards a limit by the terms first … end − 1: (level + S · limit) / (1 + S)."""
    total = ZERO
    for k in range(first, end):
        ratio = signals[book.terms[k].signal] * book.terms[k].inverse
        halves = book.terms[k].halves
        if halves == 2:
            total += ratio
        elif halves == 3:
            total += ratio * np.sqrt(ratio)
        elif halves == 4:
            total += ratio * ratio
        elif halves == 6:
            total += ratio * ratio * ratio
        elif halves == 8:
            ratio *= ratio
            total += ratio * ratio
        elif ratio > ZERO:
            total += ratio ** book.terms[k].power
    # a power may overflow to infinity, where the limit is all that counts
    total = min(total, MOST)
    rest = ONE / (ONE + total)
    return level * rest + limit * (total * rest)


@inline
def behave(behavior, clone, book, hour, signals):
    """The value of one behavior (index over all types) given the signals."""
    value = hour.factor[clone, behavior]
    for g in range(book.group_first[behavior], book.group_first[behavior + 1]):
        level = book.groups[g].base
        middle = book.groups[g].down_first
        if middle > book.groups[g].up_first:
            level = pull(level, book.groups[g].highest, book.groups[g].up_first, middle, book, signals)
        if book.groups[g].term_end > middle:
            level = pull(level, book.groups[g].lowest, middle, book.groups[g].term_end, book, signals)
        value *= level
    return value


@inline
def sense_cell(row, y, x, now, cells, layers, ground, book, hour, signals, counts):
    """All behaviors of one cell into cells.value, and its exchange with the fields at its site."""
    kind = np.int64(cells.type[row])
    perceive(row, kind, y, x, now, cells, layers, ground, book, hour, signals, counts)
    first = book.kinds[kind].slot_first
    clone = cells.clone[row]
    for b in range(first, book.kinds[kind + 1].slot_first):
        cells.value[row, b - first] = behave(b, clone, book, hour, signals)
    for k in range(book.kinds[kind].flux_first, book.kinds[kind + 1].flux_first):
        f = book.fluxes[k].field
        amount = cells.value[row, book.fluxes[k].slot]
        how = book.fluxes[k].how
        if how == SECRETION:
            ground.source[f, y, x] += amount
        elif how == UPTAKE:
            ground.loss[f, y, x] += amount
        elif how == SATURABLE_UPTAKE:
            ground.vmax[book.fluxes[k].saturable, y, x] += amount
        else:
            amount *= ground.perfusion[y, x]
            ground.loss[f, y, x] += amount
            ground.source[f, y, x] += amount * hour.blood[f]
    if book.kinds[kind].antigen_load:
        cells.core[row].antigens |= ground.antigens[y, x]


@inner
def sense_row(y, now, cells, layers, ground, book, hour, signals, counts, found):
    """One lattice row of `sense`. found : (3 nx, 2) int32, scratch for the column and row of each of its cells."""
    for f in range(ground.fields.shape[0]):
        for x in range(ground.fields.shape[2]):
            ground.loss[f, y, x] = hour.decay[f]
            ground.source[f, y, x] = ZERO
    for f in range(ground.vmax.shape[0]):
        for x in range(ground.fields.shape[2]):
            ground.vmax[f, y, x] = ZERO
    m = 0
    for x in range(ground.fields.shape[2]):  # gathered without branches, which chance would mispredict
        for layer in range(3):
            if layer == TISSUE:
                row = layers.tissue[y + PAD, x + PAD]
            elif layer == LEUKOCYTE:
                row = layers.leukocyte[y + PAD, x + PAD]
            else:
                row = layers.vessel[y + PAD, x + PAD]
            found[m, 0] = x
            found[m, 1] = row
            m += np.int64(row >= 0)
    for i in range(m):
        sense_cell(
            np.int64(found[i, 1]), y, np.int64(found[i, 0]), now, cells, layers, ground, book, hour, signals, counts
        )


@parallel
def sense(now, cells, layers, ground, book, hour):
    """Every cell's behaviors, and the loss, source and saturable uptake of every field at every site.

    Reads the state of the step's start only. A site is one thread's: sources are gathered, never scattered.
    """
    for y in prange(ground.fields.shape[1]):
        signals = np.zeros(book.signals.size, dtype=np.float32)
        counts = np.zeros(book.kinds.size - 1, dtype=np.float32)
        found = np.empty((3 * ground.fields.shape[2], 2), dtype=np.int32)
        sense_row(y, now, cells, layers, ground, book, hour, signals, counts, found)


@inline
def advance_states(row, kind, dt, cells, book):
    """One cell's states over dt."""
    for k in range(book.kinds[kind].state_first, book.kinds[kind + 1].state_first):
        gain = ZERO
        loss = ZERO
        if book.changes[k].gain >= 0:
            gain = cells.value[row, book.changes[k].gain]
        if book.changes[k].loss >= 0:
            loss = cells.value[row, book.changes[k].loss]
        rate = gain + loss
        if rate > ZERO:
            i = book.changes[k].state
            target = gain / rate
            z = cells.state[row, i]
            if z != target:
                cells.state[row, i] = target + (z - target) * np.float32(np.exp(-np.float64(rate) * dt))


@inline
def pick_event(row, kind, total, word, cells, book):
    """Which of its hazards, `total` 1/h together, befalls a cell: 1 + index among the events of its type."""
    first = book.kinds[kind].event_first
    which = unit(word) * total
    for k in range(first, book.kinds[kind + 1].event_first):
        which -= np.float64(cells.value[row, book.events[k].slot])
        if which < 0.0:
            return k - first + 1
    return 0


@inner
def respond_rows(first, end, dt, key, step, cells, book, identities, hazards, pairs):
    """Rows first … end − 1 of `respond`. identities, hazards (CHUNK), pairs (2, CHUNK) : scratch."""
    for row in range(first, end):
        total = 0.0
        if cells.type[row] != DEAD:
            kind = np.int64(cells.type[row])
            if cells.core[row].engagement != ZERO:
                cells.core[row].engagement = ZERO
            advance_states(row, kind, dt, cells, book)
            for k in range(book.kinds[kind].event_first, book.kinds[kind + 1].event_first):
                total += np.float64(cells.value[row, book.events[k].slot])
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
            cells.event[row] = pick_event(row, np.int64(cells.type[row]), total, w1, cells, book)


@parallel
def respond(n, dt, key, step, cells, book):
    """Integrated states move towards their targets; competing hazards are drawn into the column `event`.

    States obey dz/dt = gain (1 − z) − loss z, solved exactly over dt (h). The hazards of a cell share one draw:
    P(any) = 1 − exp(−Σ r dt), then which, in proportion. Rows 0 … n − 1.
    """
    for chunk in prange((n + CHUNK - 1) // CHUNK):
        identities = np.empty(CHUNK, dtype=np.uint64)
        hazards = np.empty(CHUNK, dtype=np.float64)
        pairs = np.empty((2, CHUNK), dtype=np.uint64)
        end = min(n, (chunk + 1) * CHUNK)
        respond_rows(chunk * CHUNK, end, dt, key, step, cells, book, identities, hazards, pairs)
