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

# Rows of the scratch lines; the last five gather by column, so that the order of summation is fixed and vectorizes.
_FRESH, _NET, _RESIDUAL, _SLOPE = 0, 1, 2, 4
_SUM, _TURNOVER, _GROSS, _CHANGE, _PEAK = 6, 7, 8, 9, 10
SCRATCH_LINES = 11

# How a solve ended.
CONVERGED, TOO_MANY_CYCLES, SINGULAR, NOT_FINITE = range(4)

_ZERO = np.float32(0.0)
_ONE = np.float32(1.0)
_TWO = np.float32(2.0)
_FOUR = np.float32(4.0)
_TINY = np.float32(1e-30)  # smaller values become 0: subnormal numbers slow a sweep by an order of magnitude
_STIFF = np.float32(5.0)  # see `_measure_row`
_OVER = np.float32(1.1)  # over-relaxation; 1 needs a cycle more, 1.2 a cycle more beside stiff vessels (measured)
_SWEEPS = 2  # of the finest lattice in a cycle
_COARSE_SWEEPS = 3  # of the others; more pay only where cycles are slow, and are made there
_MOST_COARSE_SWEEPS = 48
_PATIENCE = 6  # cycles before slow ones (change not halved) call for more coarse sweeps
_HALF = 0.5
_UNMOVED = 0.01  # residual accepted of a field that does not move any more: float32 can do no better
_ROUND_OFF = 3 * 2.0**-23  # a site may stay one unit in the last place off, and its terms round too


def level_table(rows, cols):
    """Lattices from the finest to a single site, int64 (levels, 5): rows, cols, and where each begins.

    The begins count sites: among the coarse lattices (the finest is the field itself), in the axis table of
    rows, in the axis table of columns.
    """
    sizes = [(rows, cols)]
    while sizes[-1] != (1, 1):
        rows, cols = (rows + 1) // 2, (cols + 1) // 2
        sizes.append((rows, cols))
    table = np.zeros((len(sizes), 5), dtype=np.int64)
    table[:, :2] = sizes
    table[2:, 2] = np.cumsum(table[1:-1, 0] * table[1:-1, 1])
    table[1:, 3:] = np.cumsum(table[:-1, :2], axis=0)
    return table


def make_axis(lengths, rate, face):
    """Tables (8, length) of one axis, one after the other for all levels, flat: widths, couplings, interpolation.

    lengths : sites on this axis per level, finest first
    rate : D / h², 1/h
    face : conductance of the outer face by itself, exchange / h, 1/h (inf: held at the level, 0: sealed)

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
        tables.append(table.ravel())
    return np.concatenate(tables).astype(np.float32)


def face_conductance(rate, face, width=1.0):
    """Conductance from the center of a site `width` sites wide through its outer face, 1/h."""
    if face == 0:
        return 0.0
    return 1.0 / (width / (2 * rate) + 1.0 / face)


_kernel = njit(cache=True, nogil=True, error_model="numpy")


@_kernel
def _settle(b, diagonal, half_max, vmax):
    """The root c ≥ 0 of  diagonal · c + vmax · c / (half_max + c) = b  for b ≥ 0."""
    inverse = _ONE / diagonal
    free = b * inverse
    p = half_max + vmax * inverse - free
    q = half_max * free
    root = abs(p) + np.sqrt(p * p + _FOUR * q)
    # Either form of the quadratic's root, whichever does not subtract nearly equal numbers.
    return (_TWO * q if p > _ZERO else root) / (root if p > _ZERO else _TWO)


@_kernel
def _relax_row(
    c, start, loss, source, vmax, half_max, shift, saturates, outside, across, along, positive, y, color, fresh
):
    """Solve the balance of the sites of row y with (x + y) % 2 = color, their neighbors being as they are.

    Every site is computed and half of the results thrown away: so the loops become vector instructions,
    twice as fast as skipping. A loop must touch few arrays to be vectorized (LLVM checks 8 pairs for overlap).
    """
    rows, cols = c.shape
    above = max(y - 1, 0)
    below = min(y + 1, rows - 1)
    north = across[BEFORE, y]
    south = across[AFTER, y]
    total = across[TOTAL, y]
    thick = across[WIDTH, y]
    inflow = outside if y == 0 else _ZERO
    if y == rows - 1:
        inflow += outside
    parity = (y + color) & 1
    for end in range(min(3, cols)):  # the sites whose widths and couplings differ: first, last, last but one
        x = 0 if end == 0 else cols - end
        if x & 1 != parity:
            continue
        wide = along[WIDTH, x]
        b = source[y, x] + shift * start[y, x] + inflow + wide * (north * c[above, x] + south * c[below, x])
        b += thick * along[BEFORE, x] * c[y, x - 1] if x > 0 else outside
        b += thick * along[AFTER, x] * c[y, x + 1] if x < cols - 1 else outside
        diagonal = loss[y, x] + shift + wide * total + thick * along[TOTAL, x]
        if saturates:
            fresh[x] = _settle(b, diagonal, half_max, vmax[y, x])
        else:
            fresh[x] = b / diagonal if diagonal > _ZERO else _ZERO
    if cols > 3:
        wide = along[WIDTH, 1]
        side = thick * along[BEFORE, 1]
        base = shift + wide * total + thick * along[TOTAL, 1]
        north *= wide
        south *= wide
        if saturates:
            for x in range(1, cols - 2):
                b = source[y, x] + shift * start[y, x] + inflow
                b += north * c[above, x] + south * c[below, x] + side * (c[y, x - 1] + c[y, x + 1])
                fresh[x] = _settle(b, loss[y, x] + base, half_max, vmax[y, x])
        else:
            for x in range(1, cols - 2):
                b = source[y, x] + shift * start[y, x] + inflow
                b += north * c[above, x] + south * c[below, x] + side * (c[y, x - 1] + c[y, x + 1])
                fresh[x] = b / (loss[y, x] + base)
    if positive:
        for x in range(cols):
            value = c[y, x] + _OVER * (fresh[x] - c[y, x])
            value = value if value > _TINY else _ZERO
            c[y, x] = value if x & 1 == parity else c[y, x]
    else:
        for x in range(cols):
            value = c[y, x] + _OVER * (fresh[x] - c[y, x])
            value = value if abs(value) > _TINY else _ZERO
            c[y, x] = value if x & 1 == parity else c[y, x]


@_kernel
def _relax_coarse(e, drain, load, across, along, sweeps, fresh):
    """`sweeps` red-black Gauss-Seidel sweeps of a coarse lattice's correction e, in place, in one pass through memory.

    A row's half-sweep number k follows one row behind half-sweep k − 1, whose rows y − 1, y, y + 1 it needs.
    """
    rows = e.shape[0]
    for front in range(rows + 2 * sweeps - 1):
        for k in range(max(0, front - rows + 1), min(2 * sweeps, front + 1)):
            _relax_row(
                e, e, drain, load, drain, _ZERO, _ZERO, False, _ZERO, across, along, False, front - k, k & 1, fresh
            )


@_kernel
def _measure_row(
    c, previous, start, loss, source, vmax, half_max, shift, rate, hold, level, saturates, y, residual, slope, scratch
):
    """Residual and slope of row y; sums and largest values are gathered per column.

    The slope is what the coarse lattices take for loss. A point sink stiffer than the diffusion that feeds it
    drains its neighborhood no faster than diffusion brings, so its slope is capped (harmonically, at about
    2π / ln 2 = 9 times the rate by theory, as that much resistance is lost when a sink's site doubles in width;
    between 4 and 6 took the fewest cycles, below 3 more).
    Of its residual, the neighborhood feels the same share (without that, a sink of 1e9 1/h makes cycles diverge).
    """
    rows, cols = c.shape
    north = rate if y > 0 else _ZERO
    south = rate if y < rows - 1 else _ZERO
    here = c[y]
    above = c[max(y - 1, 0)]
    below = c[min(y + 1, rows - 1)]
    start_row = start[y]
    loss_row = loss[y]
    source_row = source[y]
    previous_row = previous[y]
    vmax_row = vmax[y]
    net = scratch[_NET]
    inner_net = net[1:]
    inside = residual[1:]
    up = above[1:]
    down = below[1:]
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
    if saturates:
        for x in range(cols):
            value = here[x]
            uptake = vmax_row[x] * value / (half_max + value)
            net[x] = source_row[x] + shift * (start_row[x] - value) - loss_row[x] * value - uptake
    else:
        for x in range(cols):
            value = here[x]
            net[x] = source_row[x] + shift * (start_row[x] - value) - loss_row[x] * value
    # Flux into each site as differences of neighbors, which float32 subtracts without error.
    last = cols - 1
    middle = here[1:]
    right = here[2:]
    for x in range(cols - 2):
        value = middle[x]
        sideways = rate * ((here[x] - value) + (right[x] - value))
        inside[x] = inner_net[x] + (sideways + north * (up[x] - value) + south * (down[x] - value))
    value = here[0]
    sideways = rate * (here[1] - value) + hold * (level - value)
    residual[0] = net[0] + (sideways + north * (above[0] - value) + south * (below[0] - value))
    value = here[last]
    sideways = rate * (here[last - 1] - value) + hold * (level - value)
    residual[last] = net[last] + (sideways + north * (above[last] - value) + south * (below[last] - value))
    if y == 0 or y == rows - 1:
        for x in range(cols):
            residual[x] += hold * (level - here[x])
    for x in range(cols):
        turnover[x] += abs(net[x])
        total[x] += abs(residual[x])
    stencil = _FOUR * rate + shift
    for x in range(cols):
        gross[x] += source_row[x] + (loss_row[x] + stencil) * here[x]
    cap = _STIFF * rate
    if saturates:
        for x in range(cols):
            near = half_max + here[x]
            steep = loss_row[x] + shift + vmax_row[x] * half_max / (near * near)
            felt = cap / (steep + cap)
            slope[x] = felt * steep
            residual[x] *= felt
    else:
        for x in range(cols):
            steep = loss_row[x] + shift
            felt = cap / (steep + cap)
            slope[x] = felt * steep
            residual[x] *= felt


@_kernel
def _sum_pairs(first, second, into):
    """into[i] = sum of sites 2 i and 2 i + 1 of two rows; at an odd end of one site each."""
    cols = first.shape[0]
    for i in range(cols // 2):
        into[i] = (first[2 * i] + first[2 * i + 1]) + (second[2 * i] + second[2 * i + 1])
    if cols % 2:
        into[cols // 2] = first[cols - 1] + second[cols - 1]


@_kernel
def _restrict(finer, coarse):
    """Sum 2 × 2 sites (fewer at an odd end) into each coarse one."""
    rows, cols = finer.shape
    for j in range(rows // 2):
        _sum_pairs(finer[2 * j], finer[2 * j + 1], coarse[j])
    if rows % 2:
        last = finer[rows - 1]
        into = coarse[rows // 2]
        for i in range(cols // 2):
            into[i] = last[2 * i] + last[2 * i + 1]
        if cols % 2:
            into[cols // 2] = last[cols - 1]


@_kernel
def _interpolate_row(fine, coarse, across, along, positive, y, line):
    """Row y of fine += bilinear interpolation of coarse, with the true centers of odd ends; ≥ 0 if `positive`."""
    cols = fine.shape[1]
    height, length = coarse.shape
    j = y // 2
    here = coarse[j]
    if y % 2 == 0:
        own = across[OWN_FIRST, j]
        other = across[OTHER_FIRST, j]
        beside = coarse[max(j - 1, 0)]
    else:
        own = across[OWN_SECOND, j]
        other = across[OTHER_SECOND, j]
        beside = coarse[min(j + 1, height - 1)]
    line[0] = _ZERO
    line[length + 1] = _ZERO
    middle = line[1:]
    after = line[2:]
    for i in range(length):
        middle[i] = own * here[i] + other * beside[i]
    row = fine[y]
    own_first = along[OWN_FIRST]
    other_first = along[OTHER_FIRST]
    own_second = along[OWN_SECOND]
    other_second = along[OTHER_SECOND]
    for i in range(cols // 2):
        row[2 * i] += own_first[i] * middle[i] + other_first[i] * line[i]
        row[2 * i + 1] += own_second[i] * middle[i] + other_second[i] * after[i]
    if cols % 2:
        i = cols // 2
        row[cols - 1] += own_first[i] * middle[i] + other_first[i] * line[i]
    if positive:
        for x in range(cols):
            row[x] = max(row[x], _ZERO)


@_kernel
def _pass_through(
    c, previous, start, loss, source, vmax, half_max, shift, rate, hold, level, saturates,
    across, along, across_coarse, along_coarse, error, load, drain, refresh, sweeps, scratch,
):  # fmt: skip
    """One pass through the finest lattice: add the coarse correction, relax, measure, and hand down what remains.

    `sweeps` = 0 only measures. Row y is corrected when the pass is there, then follow half-sweeps k = 0 … at
    row y − 1 − k, the measurement two rows behind the last, and the sums of two rows go to the coarse lattice.
    With `refresh` the slopes are handed down too. Keeps c in `previous`.

    Returns Σ|residual|, Σ|net reaction|, the round-off scale Σ|terms| (all concentration/h), max |c − previous|, max c.
    """
    rows, cols = c.shape
    fresh = scratch[_FRESH]
    scratch[_SUM:] = _ZERO
    half_sweeps = 2 * sweeps
    for front in range(rows + half_sweeps + 2):
        if sweeps > 0:
            if front < rows:
                _interpolate_row(c, error, across_coarse, along_coarse, True, front, fresh)
            for k in range(half_sweeps):
                y = front - 1 - k
                if 0 <= y < rows:
                    _relax_row(
                        c, start, loss, source, vmax, half_max, shift, saturates, hold * level, across, along,
                        True, y, k & 1, fresh,
                    )  # fmt: skip
        y = front - half_sweeps - 1
        if 0 <= y < rows:
            k = y & 1
            _measure_row(
                c, previous, start, loss, source, vmax, half_max, shift, rate, hold, level, saturates,
                y, scratch[_RESIDUAL + k], scratch[_SLOPE + k], scratch,
            )  # fmt: skip
            if y == rows - 1 and k == 0:
                scratch[_RESIDUAL + 1] = _ZERO
                scratch[_SLOPE + 1] = _ZERO
                k = 1
            if k == 1:
                _sum_pairs(scratch[_RESIDUAL, :cols], scratch[_RESIDUAL + 1], load[y // 2])
                if refresh:
                    _sum_pairs(scratch[_SLOPE, :cols], scratch[_SLOPE + 1], drain[y // 2])
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


@_kernel
def _table(flat, begin, rows, cols):
    """The (rows, cols) table that begins at `begin` of a flat array."""
    return flat[begin : begin + rows * cols].reshape(rows, cols)


@_kernel
def solve_field(
    c, start, loss, source, vmax, half_max, shift, rate, hold, level, saturates,
    across, along, levels, error, load, drain, previous, scratch, tolerance, max_cycles,
):  # fmt: skip
    """Cycle until c solves the module's equation; returns (cycles, residual, floor, change, status).

    c : (rows, cols), in: first guess, out: solution, ≥ 0
    start : (rows, cols), used when shift > 0          vmax : (rows, cols), used when `saturates`
    across, along : axis tables of rows and columns    levels : (levels, 5) int64 by `level_table`
    error, load, drain : flat, all coarse lattices     previous : (rows, cols) and
    scratch : (SCRATCH_LINES, cols + 2) are overwritten

    residual : Σ|residual| / Σ|source − loss · c − uptake|, the unaccounted share of what the sites exchange
    floor : what float32 rounding alone may leave of it     change : max |c − c before the last cycle| / max c
    Converged when residual ≤ tolerance + floor and change ≤ tolerance; float32 allows no change below 4e-7,
    so there a residual of 0.01 will do.
    """
    depth = levels.shape[0]
    fresh = scratch[_FRESH]
    begin, height, length = levels[1, 2], levels[1, 0], levels[1, 1]
    cycles = 0
    coarse_sweeps = _COARSE_SWEEPS
    before = np.inf
    while True:
        refresh = cycles == 0 or saturates
        total, turnover, gross, change, peak = _pass_through(
            c, previous, start, loss, source, vmax, half_max, shift, rate, hold, level, saturates,
            _table(across, 0, 8, levels[0, 0]), _table(along, 0, 8, levels[0, 1]),
            _table(across, 8 * levels[1, 3], 8, height), _table(along, 8 * levels[1, 4], 8, length),
            _table(error, begin, height, length), _table(load, begin, height, length),
            _table(drain, begin, height, length), refresh, _SWEEPS if cycles > 0 else 0, scratch,
        )  # fmt: skip
        scale = turnover if turnover > 0.0 else 1.0
        residual = total / scale
        floor = _ROUND_OFF * gross / scale
        moved = change / peak if peak > _ZERO else 0.0
        if not np.isfinite(total):
            return cycles, residual, floor, moved, NOT_FINITE
        enough = tolerance if moved > _ROUND_OFF else max(tolerance, _UNMOVED)
        if cycles > 0 and residual <= enough + floor and moved <= max(tolerance, _ROUND_OFF):
            return cycles, residual, floor, moved, CONVERGED
        if cycles >= _PATIENCE and moved > _HALF * before:
            coarse_sweeps = min(2 * coarse_sweeps, _MOST_COARSE_SWEEPS)
        before = moved
        if cycles == max_cycles:
            return cycles, residual, floor, moved, TOO_MANY_CYCLES
        for k in range(2, depth):
            finer, coarser = levels[k - 1], levels[k]
            _restrict(_table(load, finer[2], finer[0], finer[1]), _table(load, coarser[2], coarser[0], coarser[1]))
            if refresh:
                _restrict(
                    _table(drain, finer[2], finer[0], finer[1]), _table(drain, coarser[2], coarser[0], coarser[1])
                )
        if hold == _ZERO and drain[-1] == _ZERO:
            return cycles, residual, floor, moved, SINGULAR
        error[:] = _ZERO
        for k in range(depth - 1, 0, -1):
            rows, cols = levels[k, 0], levels[k, 1]
            e = _table(error, levels[k, 2], rows, cols)
            if k < depth - 1:
                coarser = levels[k + 1]
                coarse = _table(error, coarser[2], coarser[0], coarser[1])
                across_coarse = _table(across, 8 * coarser[3], 8, coarser[0])
                along_coarse = _table(along, 8 * coarser[4], 8, coarser[1])
                for y in range(rows):
                    _interpolate_row(e, coarse, across_coarse, along_coarse, False, y, fresh)
            _relax_coarse(
                e, _table(drain, levels[k, 2], rows, cols), _table(load, levels[k, 2], rows, cols),
                _table(across, 8 * levels[k, 3], 8, rows), _table(along, 8 * levels[k, 4], 8, cols),
                coarse_sweeps, fresh,
            )  # fmt: skip
        cycles += 1
