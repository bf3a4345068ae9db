"""Steady and implicit reaction-diffusion on a square lattice, by multigrid.

Equation, per site of a cell-centered lattice (rows, cols) with spacing h:

    rate · Σ_neighbors (c_n − c)  −  (loss + shift) · c  −  vmax · c / (half_max + c)
        +  source + shift · start  +  hold · (level − c) per outer face  =  0

c, start, level, half_max : concentration        rate : D / h², 1/h
loss : 1/h, per site, ≥ 0                        shift : 1/dt for an implicit step, 0 for steady, 1/h
source, vmax : concentration/h, per site, ≥ 0    hold : conductance of an outer face, 1/h; 0 seals it

One cycle corrects c on ever coarser lattices and smooths it on the way back. On the finest lattice the
smoother solves each site's own balance exactly (a quadratic where uptake saturates), so c stays
positive and no Newton damping is needed; the coarse lattices see uptake's slope at the present c.
A coarse site covers 2 × 2 finer ones, at an odd end fewer, so any size coarsens to one site.
Amounts are summed on the way down, so the flux operator conserves mass on every lattice.

Everything is serial and free of order-dependent sums: the bits depend on the arguments alone. The
compiled function drops the interpreter lock, so that fields can be solved side by side.
"""

import numpy as np
from numba import njit

# Rows of an axis table (see `make_axis`).
WIDTH, BEFORE, AFTER, TOTAL, OWN_FIRST, OTHER_FIRST, OWN_SECOND, OTHER_SECOND = range(8)

# Rows of the scratch lines.
_FRESH, _RESIDUAL, _SLOPE, _SUM, _TURNOVER, _GROSS, _CHANGE, _PEAK = 0, 1, 3, 5, 6, 7, 8, 9
SCRATCH_LINES = 10

# How a solve ended.
CONVERGED, TOO_MANY_CYCLES, SINGULAR, NOT_FINITE = range(4)

_ZERO = np.float32(0.0)
_HALF = np.float32(0.5)
_TWO = np.float32(2.0)
_FOUR = np.float32(4.0)
_TINY = np.float32(1e-30)  # smaller values become 0: subnormal numbers slow a sweep by an order of magnitude
_STIFF = np.float32(8.0)  # see `_measure_row`
_ROUND_OFF = 2.0**-23


def level_sizes(rows, cols):
    """Lattice sizes from the finest to a single site: [(rows, cols), …, (1, 1)]."""
    sizes = [(rows, cols)]
    while sizes[-1] != (1, 1):
        rows, cols = (rows + 1) // 2, (cols + 1) // 2
        sizes.append((rows, cols))
    return sizes


def make_axis(lengths, rate, face):
    """Table (8, sum of lengths) of one axis on all levels: widths, couplings and weights of interpolation.

    lengths : sites on this axis per level, finest first
    rate : D / h², 1/h          face : conductance of the outer face itself (exchange / h; inf = Dirichlet; 0 = sealed), 1/h

    Couplings are for a strip one finest site wide, so that those of a coarse site are table × width of the other axis.
    """
    tables = []
    width = np.ones(lengths[0])
    for depth, length in enumerate(lengths):
        table = np.zeros((8, length))
        finer = width
        centers_finer = np.cumsum(finer) - finer / 2
        if depth:
            if len(finer) > 1:
                width = np.add.reduceat(finer, np.arange(0, len(finer), 2))
            centers = np.cumsum(width) - width / 2
        else:
            centers = centers_finer
        between = rate / np.diff(centers)
        outer = np.array([face_conductance(rate, face, width[0]), face_conductance(rate, face, width[-1])])
        table[WIDTH] = width
        table[BEFORE, 1:] = between
        table[AFTER, :-1] = between
        table[TOTAL] = table[BEFORE] + table[AFTER]
        table[TOTAL, 0] += outer[0]
        table[TOTAL, -1] += outer[1]
        if depth:
            first = np.arange(0, len(finer), 2)
            ahead = centers - centers_finer[first]
            gap = np.diff(centers)
            table[OTHER_FIRST, 1:] = ahead[1:] / gap
            table[OWN_FIRST] = 1 - table[OTHER_FIRST]
            table[OWN_FIRST, 0] = 1 - ahead[0] * outer[0] / rate
            second = np.arange(1, len(finer), 2)
            behind = centers_finer[second] - centers[: len(second)]
            inner = min(len(second), length - 1)
            table[OTHER_SECOND, :inner] = behind[:inner] / gap[:inner]
            table[OWN_SECOND, : len(second)] = 1 - table[OTHER_SECOND, : len(second)]
            if len(second) == length:
                table[OWN_SECOND, -1] = 1 - behind[-1] * outer[1] / rate
        tables.append(table)
    return np.ascontiguousarray(np.concatenate(tables, axis=1), dtype=np.float32)


def face_conductance(rate, face, width=1.0):
    """Conductance from the center of a site `width` sites wide through its outer face, 1/h."""
    if face == 0:
        return 0.0
    return 1.0 / (width / (2 * rate) + 1.0 / face)


@njit(cache=True, nogil=True, error_model="numpy")
def _settle(b, diagonal, half_max, vmax):
    """The root c ≥ 0 of  diagonal · c + vmax · c / (half_max + c) = b  for b ≥ 0."""
    free = b / diagonal
    p = half_max + vmax / diagonal - free
    root = abs(p) + np.sqrt(p * p + _FOUR * half_max * free)
    return _TWO * half_max * free / root if p > _ZERO else _HALF * root


@njit(cache=True, nogil=True, error_model="numpy")
def _relax_row(c, start, loss, source, vmax, half_max, shift, rate, hold, level, saturates, y, first, fresh):
    """Solve the balance of every second site of row y, from column `first` on, with its neighbors as they are."""
    rows, cols = c.shape
    north = rate if y > 0 else _ZERO
    south = rate if y < rows - 1 else _ZERO
    here = c[y]
    above = c[y - 1] if y > 0 else here
    below = c[y + 1] if y < rows - 1 else here
    base = shift + north + south
    inflow = _ZERO
    if y == 0:
        base += hold
        inflow += hold * level
    if y == rows - 1:
        base += hold
        inflow += hold * level
    start_row = start[y]
    loss_row = loss[y]
    source_row = source[y]
    vmax_row = vmax[y] if saturates else loss_row
    # The two ends.
    for end in range(2):
        x = 0 if end == 0 else cols - 1
        inner = here[1] if end == 0 else here[cols - 2]
        b = source_row[x] + shift * start_row[x] + inflow + hold * level
        b += north * above[x] + south * below[x] + rate * inner
        diagonal = loss_row[x] + base + rate + hold
        if saturates:
            fresh[x] = _settle(b, diagonal, half_max, vmax_row[x])
        else:
            fresh[x] = b / diagonal
    # All others, every site: half of the results is thrown away, but the loop becomes vector instructions.
    base += _TWO * rate
    span = cols - 2
    up = above[1:-1]
    down = below[1:-1]
    left = here[:-2]
    right = here[2:]
    old = start_row[1:-1]
    drain = loss_row[1:-1]
    supply = source_row[1:-1]
    inside = fresh[1 : cols - 1]
    if saturates:
        uptake = vmax_row[1:-1]
        for x in range(span):
            b = supply[x] + shift * old[x] + inflow + north * up[x] + south * down[x] + rate * (left[x] + right[x])
            inside[x] = _settle(b, drain[x] + base, half_max, uptake[x])
    else:
        for x in range(span):
            b = supply[x] + shift * old[x] + inflow + north * up[x] + south * down[x] + rate * (left[x] + right[x])
            inside[x] = b / (drain[x] + base)
    for x in range(first, cols, 2):
        value = fresh[x]
        here[x] = value if value > _TINY else _ZERO


@njit(cache=True, nogil=True, error_model="numpy")
def _relax(c, start, loss, source, vmax, half_max, shift, rate, hold, level, saturates, sweeps, fresh):
    """`sweeps` red-black Gauss-Seidel sweeps of the finest lattice, in place, in one pass through memory.

    A row's half-sweep number k follows one row behind half-sweep k − 1, whose rows y − 1, y, y + 1 it needs.
    """
    rows = c.shape[0]
    for front in range(rows + 2 * sweeps - 1):
        for k in range(2 * sweeps):
            y = front - k
            if 0 <= y < rows:
                _relax_row(
                    c, start, loss, source, vmax, half_max, shift, rate, hold, level, saturates, y, (y + k) & 1, fresh
                )


@njit(cache=True, nogil=True, error_model="numpy")
def _measure_row(
    c, previous, start, loss, source, vmax, half_max, shift, rate, hold, level, saturates, y, residual, slope, scratch
):
    """Residual and slope of row y; sums and largest values per column, so that no order of summation matters.

    The slope is what the coarse lattices take for loss. A point sink stiffer than the diffusion that feeds it
    drains its neighborhood no faster than diffusion brings, so its slope is capped (harmonically): without
    the cap one vessel would pin the correction of its whole coarse site to zero.
    """
    rows, cols = c.shape
    north = rate if y > 0 else _ZERO
    south = rate if y < rows - 1 else _ZERO
    outer = _ZERO
    if y == 0:
        outer += hold
    if y == rows - 1:
        outer += hold
    here = c[y]
    above = c[y - 1] if y > 0 else here
    below = c[y + 1] if y < rows - 1 else here
    start_row = start[y]
    loss_row = loss[y]
    source_row = source[y]
    previous_row = previous[y]
    total = scratch[_SUM]
    turnover = scratch[_TURNOVER]
    gross = scratch[_GROSS]
    change = scratch[_CHANGE]
    peak = scratch[_PEAK]
    for x in range(cols):
        value = here[x]
        change[x] = max(change[x], abs(value - previous_row[x]))
        previous_row[x] = value
        peak[x] = max(peak[x], value)
    # Flux into each site, as a difference of neighbors, which float32 subtracts without error.
    left = here[:-2]
    middle = here[1:-1]
    right = here[2:]
    inside = residual[1 : cols - 1]
    for x in range(cols - 2):
        inside[x] = rate * ((left[x] - middle[x]) + (right[x] - middle[x]))
    residual[0] = rate * (here[1] - here[0]) + hold * (level - here[0])
    residual[cols - 1] = rate * (here[cols - 2] - here[cols - 1]) + hold * (level - here[cols - 1])
    for x in range(cols):
        value = here[x]
        residual[x] += north * (above[x] - value) + south * (below[x] - value) + outer * (level - value)
    if saturates:
        vmax_row = vmax[y]
        for x in range(cols):
            value = here[x]
            share = vmax_row[x] / (half_max + value)
            net = source_row[x] + shift * (start_row[x] - value) - loss_row[x] * value - share * value
            turnover[x] += abs(net)
            residual[x] += net
            slope[x] = loss_row[x] + shift + share * half_max / (half_max + value)
    else:
        for x in range(cols):
            value = here[x]
            net = source_row[x] + shift * (start_row[x] - value) - loss_row[x] * value
            turnover[x] += abs(net)
            residual[x] += net
            slope[x] = loss_row[x] + shift
    cap = _STIFF * rate
    stencil = _FOUR * rate
    for x in range(cols):
        total[x] += abs(residual[x])
        gross[x] += (slope[x] + stencil) * here[x]
        slope[x] = slope[x] * cap / (slope[x] + cap)


@njit(cache=True, nogil=True, error_model="numpy")
def _measure(
    c, previous, start, loss, source, vmax, half_max, shift, rate, hold, level, saturates, load, drain, scratch
):
    """Residual of c, summed into `load` and `drain` of the next coarser lattice; keeps c in `previous`.

    Returns Σ|residual|, Σ|net reaction|, the round-off scale Σ|terms| (all concentration/h), max |c − previous|, max c.
    """
    rows, cols = c.shape
    half = cols // 2
    for line in range(_SUM, _PEAK + 1):
        for x in range(cols):
            scratch[line, x] = _ZERO
    for j in range(load.shape[0]):
        pair = min(2, rows - 2 * j)
        for k in range(pair):
            _measure_row(
                c, previous, start, loss, source, vmax, half_max, shift, rate, hold, level, saturates,
                2 * j + k, scratch[_RESIDUAL + k], scratch[_SLOPE + k], scratch,
            )  # fmt: skip
        if pair == 1:
            for x in range(cols):
                scratch[_RESIDUAL + 1, x] = _ZERO
                scratch[_SLOPE + 1, x] = _ZERO
        load_row = load[j]
        drain_row = drain[j]
        r0 = scratch[_RESIDUAL]
        r1 = scratch[_RESIDUAL + 1]
        s0 = scratch[_SLOPE]
        s1 = scratch[_SLOPE + 1]
        for i in range(half):
            load_row[i] = (r0[2 * i] + r0[2 * i + 1]) + (r1[2 * i] + r1[2 * i + 1])
            drain_row[i] = (s0[2 * i] + s0[2 * i + 1]) + (s1[2 * i] + s1[2 * i + 1])
        if cols % 2:
            load_row[half] = r0[cols - 1] + r1[cols - 1]
            drain_row[half] = s0[cols - 1] + s1[cols - 1]
    total = 0.0
    turnover = 0.0
    gross = 0.0
    change = _ZERO
    peak = _ZERO
    for x in range(cols):
        total += scratch[_SUM, x]
        turnover += scratch[_TURNOVER, x]
        gross += scratch[_GROSS, x]
        change = max(change, scratch[_CHANGE, x])
        peak = max(peak, scratch[_PEAK, x])
    return total, turnover, gross, change, peak


@njit(cache=True, nogil=True, error_model="numpy")
def _coarse_row(e, load, drain, across, along, y, fresh):
    """Fill `fresh` with what each coarse site of row y would be, were its neighbors right."""
    rows, cols = e.shape
    here = e[y]
    above = e[y - 1] if y > 0 else here
    below = e[y + 1] if y < rows - 1 else here
    north = across[BEFORE, y]
    south = across[AFTER, y]
    total = across[TOTAL, y]
    thick = across[WIDTH, y]
    width = along[WIDTH]
    before = along[BEFORE]
    after = along[AFTER]
    sums = along[TOTAL]
    load_row = load[y]
    drain_row = drain[y]
    if cols == 1:
        b = load_row[0] + width[0] * (north * above[0] + south * below[0])
        diagonal = drain_row[0] + width[0] * total + thick * sums[0]
        fresh[0] = b / diagonal if diagonal > _ZERO else _ZERO
        return
    last = cols - 1
    for end in range(2):
        x = 0 if end == 0 else last
        side = after[0] * here[1] if end == 0 else before[last] * here[last - 1]
        b = load_row[x] + width[x] * (north * above[x] + south * below[x]) + thick * side
        fresh[x] = b / (drain_row[x] + width[x] * total + thick * sums[x])
    left = here[:-2]
    right = here[2:]
    for x in range(1, last):
        b = load_row[x] + width[x] * (north * above[x] + south * below[x])
        b += thick * (before[x] * left[x - 1] + after[x] * right[x - 1])
        fresh[x] = b / (drain_row[x] + width[x] * total + thick * sums[x])


@njit(cache=True, nogil=True, error_model="numpy")
def _coarse_relax(e, load, drain, across, along, sweeps, fresh):
    """`sweeps` red-black Gauss-Seidel sweeps of the correction e on a coarse lattice, in place."""
    rows, cols = e.shape
    for front in range(rows + 2 * sweeps - 1):
        for k in range(2 * sweeps):
            y = front - k
            if 0 <= y < rows:
                _coarse_row(e, load, drain, across, along, y, fresh)
                here = e[y]
                for x in range((y + k) & 1, cols, 2):
                    value = fresh[x]
                    here[x] = value if abs(value) > _TINY else _ZERO


@njit(cache=True, nogil=True, error_model="numpy")
def _interpolate(fine, coarse, across, along, positive, line):
    """fine += bilinear interpolation of coarse, with the true centers of odd ends; not below 0 if `positive`."""
    rows, cols = fine.shape
    height, length = coarse.shape
    own_first = along[OWN_FIRST]
    other_first = along[OTHER_FIRST]
    own_second = along[OWN_SECOND]
    other_second = along[OTHER_SECOND]
    for y in range(rows):
        j = y // 2
        if y % 2 == 0:
            own = across[OWN_FIRST, j]
            other = across[OTHER_FIRST, j]
            beside = coarse[max(j - 1, 0)]
        else:
            own = across[OWN_SECOND, j]
            other = across[OTHER_SECOND, j]
            beside = coarse[min(j + 1, height - 1)]
        here = coarse[j]
        for i in range(length):
            line[i + 1] = own * here[i] + other * beside[i]
        line[0] = _ZERO
        line[length + 1] = _ZERO
        row = fine[y]
        for i in range(cols // 2):
            row[2 * i] += own_first[i] * line[i + 1] + other_first[i] * line[i]
            row[2 * i + 1] += own_second[i] * line[i + 1] + other_second[i] * line[i + 2]
        if cols % 2:
            i = cols // 2
            row[cols - 1] += own_first[i] * line[i + 1] + other_first[i] * line[i]
        if positive:
            for x in range(cols):
                row[x] = max(row[x], _ZERO)


@njit(cache=True, nogil=True, error_model="numpy")
def _lattice(flat, offset, rows, cols):
    """The (rows, cols) lattice that begins at `offset` of a flat array."""
    return flat[offset : offset + rows * cols].reshape(rows, cols)


@njit(cache=True, nogil=True, error_model="numpy")
def _restrict(finer, coarse):
    """Sum 2 × 2 sites (fewer at an odd end) into each coarse one."""
    rows, cols = finer.shape
    for j in range(coarse.shape[0]):
        for i in range(coarse.shape[1]):
            total = _ZERO
            for y in range(2 * j, min(2 * j + 2, rows)):
                for x in range(2 * i, min(2 * i + 2, cols)):
                    total += finer[y, x]
            coarse[j, i] = total


@njit(cache=True, nogil=True, error_model="numpy")
def solve_field(
    c, start, loss, source, vmax, half_max, shift, rate, hold, level, saturates,
    across, along, sizes, error, load, drain, previous, scratch, tolerance, max_cycles, sweeps=2,
):  # fmt: skip
    """Cycle until c solves the module's equation; returns (cycles, residual, floor, change, status).

    c : (rows, cols), in: first guess, out: solution, ≥ 0
    start : (rows, cols), used when shift > 0          vmax : (rows, cols), used when `saturates`
    across, along : axis tables of rows and columns    sizes : (levels, 4) rows, cols, and where a level begins in
        the flat arrays error, load, drain (third) and in the axis tables (fourth: rows; fifth: columns)
    previous : (rows, cols) and scratch : (10, cols + 2) are overwritten

    residual : Σ|residual| / Σ|source − loss · c − uptake|, i.e. the share of what sites exchange that is not accounted for
    floor : what float32 rounding alone leaves of it     change : max |c − c before the last cycle| / max c
    Converged when residual ≤ tolerance + floor and change ≤ tolerance.
    """
    levels = sizes.shape[0]
    fresh = scratch[_FRESH]
    load_1 = _lattice(load, sizes[1, 2], sizes[1, 0], sizes[1, 1])
    drain_1 = _lattice(drain, sizes[1, 2], sizes[1, 0], sizes[1, 1])
    error_1 = _lattice(error, sizes[1, 2], sizes[1, 0], sizes[1, 1])
    cycles = 0
    while True:
        total, turnover, gross, change, peak = _measure(
            c, previous, start, loss, source, vmax, half_max, shift, rate, hold, level, saturates, load_1, drain_1, scratch
        )  # fmt: skip
        floor = _ROUND_OFF * gross
        scale = turnover if turnover > 0.0 else 1.0
        moved = change / peak if peak > _ZERO else 0.0
        settled = total <= tolerance * turnover + floor and moved <= tolerance
        if not np.isfinite(total):
            return cycles, total, floor, moved, NOT_FINITE
        if cycles > 0 and settled:
            return cycles, total / scale, floor / scale, moved, CONVERGED
        if cycles == max_cycles:
            return cycles, total / scale, floor / scale, moved, TOO_MANY_CYCLES
        for k in range(1, levels):
            rows, cols, begin = sizes[k, 0], sizes[k, 1], sizes[k, 2]
            if k > 1:
                above = sizes[k - 1]
                finer = _lattice(load, above[2], above[0], above[1])
                _restrict(finer, _lattice(load, begin, rows, cols))
                if cycles == 0 or saturates:
                    finer = _lattice(drain, above[2], above[0], above[1])
                    _restrict(finer, _lattice(drain, begin, rows, cols))
        if hold == _ZERO and drain[-1] == _ZERO:
            return cycles, total / scale, floor / scale, moved, SINGULAR
        for k in range(levels - 1, 0, -1):
            rows, cols, begin = sizes[k, 0], sizes[k, 1], sizes[k, 2]
            e = _lattice(error, begin, rows, cols)
            e[:] = _ZERO
            if k < levels - 1:
                below = sizes[k + 1]
                coarse = _lattice(error, below[2], below[0], below[1])
                _interpolate(
                    e, coarse, across[:, below[3] : below[3] + below[0]], along[:, below[4] : below[4] + below[1]],
                    False, scratch[_FRESH],
                )  # fmt: skip
            _coarse_relax(
                e, _lattice(load, begin, rows, cols), _lattice(drain, begin, rows, cols),
                across[:, sizes[k, 3] : sizes[k, 3] + rows], along[:, sizes[k, 4] : sizes[k, 4] + cols],
                sweeps, fresh,
            )  # fmt: skip
        _interpolate(
            c, error_1, across[:, sizes[1, 3] : sizes[1, 3] + sizes[1, 0]],
            along[:, sizes[1, 4] : sizes[1, 4] + sizes[1, 1]], True, fresh,
        )  # fmt: skip
        _relax(c, start, loss, source, vmax, half_max, shift, rate, hold, level, saturates, sweeps, fresh)
        cycles += 1
