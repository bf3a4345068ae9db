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
Amounts are summed on the way down, so the flux operator conserves mass on every lattice.

Within, all lattices have their columns parted (see `coarsening`): half a sweep then reads and writes what lies side
by side, as vector instructions want it, and computes the sites of its color only.

Everything is serial and free of order-dependent sums: the bits depend on the arguments alone. The
compiled function drops the interpreter lock, so that fields can be solved side by side.
"""

from functools import partial

import numpy as np
from numba import njit

from tmesim.kernels.coarsening import (
    AFTER,
    BEFORE,
    OTHER_FIRST,
    OTHER_SECOND,
    OWN_FIRST,
    OWN_SECOND,
    TOTAL,
    WIDTH,
    parted_width,
)

# Rows of the scratch lines; the last five gather by column, so that the order of summation is fixed and vectorizes.
_LINE, _NOTHING, _NET, _RESIDUAL, _SLOPE = 0, 1, 2, 3, 5
_SUM, _TURNOVER, _GROSS, _CHANGE, _PEAK = 7, 8, 9, 10, 11
SCRATCH_LINES = 12

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


_outer = njit(cache=True, nogil=True, error_model="numpy")
# For what is called once a row: no references to the many slices are counted, which costs more than the arithmetic.
_kernel = partial(njit, cache=True, nogil=True, _nrt=False, error_model="numpy")()
_width = _kernel(parted_width)


@_kernel
def _part(table, parted):
    """Copy a table (rows, cols) into one with its columns parted."""
    rows, cols = table.shape
    half = parted.shape[1] // 2
    for y in range(rows):
        whole = table[y]
        even = parted[y, :half]
        odd = parted[y, half:]
        for i in range(cols // 2):
            even[i] = whole[2 * i]
            odd[i] = whole[2 * i + 1]
        if cols % 2:
            even[half - 1] = whole[cols - 1]


@_kernel
def _join(parted, table):
    """The way back of `_part`."""
    rows, cols = table.shape
    half = parted.shape[1] // 2
    for y in range(rows):
        whole = table[y]
        even = parted[y, :half]
        odd = parted[y, half:]
        for i in range(cols // 2):
            whole[2 * i] = even[i]
            whole[2 * i + 1] = odd[i]
        if cols % 2:
            whole[cols - 1] = even[half - 1]


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
def _relax_row(c, supply, loss, vmax, half_max, shift, saturates, outside, across, along, y, color):
    """Solve the balance of the sites of row y with (x + y) % 2 = color, their neighbors being as they are.

    supply : source + shift · start. A loop must touch few arrays to be vectorized: LLVM checks 8 pairs for overlap,
    so at the rims the row that is not there is the one on the other side, never row y itself.
    """
    rows = c.shape[0]
    half = c.shape[1] // 2
    cols = along.shape[1]
    north = across[BEFORE, y]
    south = across[AFTER, y]
    total = across[TOTAL, y]
    thick = across[WIDTH, y]
    inflow = outside if y == 0 else _ZERO
    if y == rows - 1:
        inflow += outside
    parity = (y + color) & 1
    own_at = parity * half
    other_at = half - own_at
    own = c[y, own_at : own_at + half]
    beside = c[y, other_at : other_at + half]
    above = y - 1 if y > 0 else min(1, rows - 1)
    below = y + 1 if y < rows - 1 else max(rows - 2, 0)
    up = c[above, own_at : own_at + half]
    down = c[below, own_at : own_at + half]
    made = supply[y, own_at : own_at + half]
    lost = loss[y, own_at : own_at + half]
    taken = vmax[y, own_at : own_at + half]
    for end in range(min(3, cols)):  # the sites whose widths and couplings differ: first, last, last but one
        x = 0 if end == 0 else cols - end
        if x & 1 != parity:
            continue
        i = x >> 1
        wide = along[WIDTH, x]
        b = made[i] + inflow + wide * (north * up[i] + south * down[i])
        b += thick * along[BEFORE, x] * beside[i - 1 + parity] if x > 0 else outside
        b += thick * along[AFTER, x] * beside[i + parity] if x < cols - 1 else outside
        diagonal = lost[i] + shift + wide * total + thick * along[TOTAL, x]
        if saturates:
            fresh = _settle(b, diagonal, half_max, taken[i])
        else:
            fresh = b / diagonal if diagonal > _ZERO else _ZERO
        value = own[i] + _OVER * (fresh - own[i])
        own[i] = value if value > _TINY else _ZERO
    if cols > 3:
        wide = along[WIDTH, 1]
        side = thick * along[BEFORE, 1]
        base = shift + wide * total + thick * along[TOTAL, 1]
        north *= wide
        south *= wide
        first = 1 - parity
        own = own[first:]
        up = up[first:]
        down = down[first:]
        made = made[first:]
        lost = lost[first:]
        taken = taken[first:]
        right = beside[1:]
        count = (cols - 1 - parity) // 2 - first
        if saturates:
            for i in range(count):
                b = made[i] + inflow
                b += north * up[i] + south * down[i] + side * (beside[i] + right[i])
                fresh = _settle(b, lost[i] + base, half_max, taken[i])
                value = own[i] + _OVER * (fresh - own[i])
                own[i] = value if value > _TINY else _ZERO
        else:
            for i in range(count):
                b = made[i] + inflow
                b += north * up[i] + south * down[i] + side * (beside[i] + right[i])
                fresh = b / (lost[i] + base)
                value = own[i] + _OVER * (fresh - own[i])
                own[i] = value if value > _TINY else _ZERO


@_kernel
def _relax_coarse(e, drain, load, across, along, sweeps):
    """`sweeps` red-black Gauss-Seidel sweeps of a coarse lattice's correction e, in place, in one pass through memory.

    A row's half-sweep number k follows one row behind half-sweep k − 1, whose rows y − 1, y, y + 1 it needs: so the
    sites of a color that are due when the front is at row y are those with x % 2 = y % 2.
    """
    rows = e.shape[0]
    half = e.shape[1] // 2
    cols = along.shape[1]
    for front in range(rows + 2 * sweeps - 1):
        parity = front & 1
        own_at = parity * half
        other_at = half - own_at
        first = 1 - parity
        count = (cols - 1 - parity) // 2 - first
        for k in range(max(0, front - rows + 1), min(2 * sweeps, front + 1)):
            y = front - k
            north = across[BEFORE, y]
            south = across[AFTER, y]
            total = across[TOTAL, y]
            thick = across[WIDTH, y]
            own = e[y, own_at : own_at + half]
            beside = e[y, other_at : other_at + half]
            above = y - 1 if y > 0 else min(1, rows - 1)
            below = y + 1 if y < rows - 1 else max(rows - 2, 0)
            up = e[above, own_at : own_at + half]
            down = e[below, own_at : own_at + half]
            made = load[y, own_at : own_at + half]
            lost = drain[y, own_at : own_at + half]
            for end in range(min(3, cols)):
                x = 0 if end == 0 else cols - end
                if x & 1 != parity:
                    continue
                i = x >> 1
                wide = along[WIDTH, x]
                b = made[i] + wide * (north * up[i] + south * down[i])
                b += thick * along[BEFORE, x] * beside[i - 1 + parity] if x > 0 else _ZERO
                b += thick * along[AFTER, x] * beside[i + parity] if x < cols - 1 else _ZERO
                diagonal = lost[i] + wide * total + thick * along[TOTAL, x]
                fresh = b / diagonal if diagonal > _ZERO else _ZERO
                value = own[i] + _OVER * (fresh - own[i])
                own[i] = value if abs(value) > _TINY else _ZERO
            if count > 0:
                wide = along[WIDTH, 1]
                side = thick * along[BEFORE, 1]
                base = wide * total + thick * along[TOTAL, 1]
                north *= wide
                south *= wide
                own = own[first:]
                up = up[first:]
                down = down[first:]
                made = made[first:]
                lost = lost[first:]
                right = beside[1:]
                for i in range(count):
                    b = made[i] + (north * up[i] + south * down[i] + side * (beside[i] + right[i]))
                    fresh = b / (lost[i] + base)
                    value = own[i] + _OVER * (fresh - own[i])
                    own[i] = value if abs(value) > _TINY else _ZERO


@_kernel
def _measure_row(
    c, previous, start, loss, source, vmax, half_max, shift, rate, hold, level, saturates, y, cols,
    residual, slope, scratch,
):  # fmt: skip
    """Residual and slope of row y; sums and largest values are gathered per column.

    The slope is what the coarse lattices take for loss. A point sink stiffer than the diffusion that feeds it
    drains its neighborhood no faster than diffusion brings, so its slope is capped (harmonically, at about
    2π / ln 2 = 9 times the rate by theory, as that much resistance is lost when a sink's site doubles in width;
    between 4 and 6 took the fewest cycles, below 3 more).
    Of its residual, the neighborhood feels the same share (without that, a sink of 1e9 1/h makes cycles diverge).
    """
    rows, width = c.shape
    half = width // 2
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
    total = scratch[_SUM]
    turnover = scratch[_TURNOVER]
    gross = scratch[_GROSS]
    change = scratch[_CHANGE]
    peak = scratch[_PEAK]
    for x in range(width):
        value = here[x]
        change[x] = max(change[x], abs(value - previous_row[x]))
        previous_row[x] = value
        peak[x] = max(peak[x], value)
    if saturates:
        for x in range(width):
            value = here[x]
            uptake = vmax_row[x] * value / (half_max + value)
            net[x] = source_row[x] + shift * (start_row[x] - value) - loss_row[x] * value - uptake
    else:
        for x in range(width):
            value = here[x]
            net[x] = source_row[x] + shift * (start_row[x] - value) - loss_row[x] * value
    # Flux into each site as differences of neighbors, which float32 subtracts without error.
    last = cols - 1
    for parity in range(2):
        first = parity * half + 1 - parity  # where columns 2 and 1 stand
        middle = here[first:]
        left = here[half - parity * half :]
        right = left[1:]
        up = above[first:]
        down = below[first:]
        inner_net = net[first:]
        inside = residual[first:]
        for i in range((cols - 2 + parity) // 2):
            value = middle[i]
            sideways = rate * ((left[i] - value) + (right[i] - value))
            inside[i] = inner_net[i] + (sideways + north * (up[i] - value) + south * (down[i] - value))
    value = here[0]
    sideways = rate * (here[half] - value) + hold * (level - value)
    residual[0] = net[0] + (sideways + north * (above[0] - value) + south * (below[0] - value))
    at = (last & 1) * half + (last >> 1)
    value = here[at]
    sideways = rate * (here[((last - 1) & 1) * half + ((last - 1) >> 1)] - value) + hold * (level - value)
    residual[at] = net[at] + (sideways + north * (above[at] - value) + south * (below[at] - value))
    if y == 0 or y == rows - 1:
        for x in range(width):
            residual[x] += hold * (level - here[x])
        if cols & 1:
            residual[width - 1] = _ZERO
    for x in range(width):
        turnover[x] += abs(net[x])
        total[x] += abs(residual[x])
    stencil = _FOUR * rate + shift
    for x in range(width):
        gross[x] += source_row[x] + (loss_row[x] + stencil) * here[x]
    cap = _STIFF * rate
    if saturates:
        for x in range(width):
            near = half_max + here[x]
            steep = loss_row[x] + shift + vmax_row[x] * half_max / (near * near)
            felt = cap / (steep + cap)
            slope[x] = felt * steep
            residual[x] *= felt
    else:
        for x in range(width):
            steep = loss_row[x] + shift
            felt = cap / (steep + cap)
            slope[x] = felt * steep
            residual[x] *= felt
    if cols & 1:
        slope[width - 1] = _ZERO


@_kernel
def _sum_pairs(first, second, into, length, line):
    """Coarse row `into` of `length` sites: the sums of 2 × 2 sites of two finer rows, of one column at an odd end."""
    half = (first.shape[0]) // 2
    first_odd = first[half:]
    second_odd = second[half:]
    for i in range(length):
        line[i] = (first[i] + first_odd[i]) + (second[i] + second_odd[i])
    half = into.shape[0] // 2
    even = into[:half]
    odd = into[half:]
    for i in range(length // 2):
        even[i] = line[2 * i]
        odd[i] = line[2 * i + 1]
    if length % 2:
        even[half - 1] = line[length - 1]


@_kernel
def _restrict(finer, coarse, length, nothing, line):
    """Sum 2 × 2 sites (fewer at an odd end) into each coarse one. nothing : a finer row of zeros."""
    rows, width = finer.shape
    for j in range(rows // 2):
        _sum_pairs(finer[2 * j], finer[2 * j + 1], coarse[j], length, line)
    if rows % 2:
        _sum_pairs(finer[rows - 1], nothing[:width], coarse[rows // 2], length, line)


@_kernel
def _interpolate_row(fine, coarse, across, along, cols, positive, y, line):
    """Row y of fine += bilinear interpolation of coarse, with the true centers of odd ends; ≥ 0 if `positive`."""
    height = coarse.shape[0]
    length = along.shape[1]
    j = y // 2
    if y % 2 == 0:
        own = across[OWN_FIRST, j]
        other = across[OTHER_FIRST, j]
        at = max(j - 1, 0)
    else:
        own = across[OWN_SECOND, j]
        other = across[OTHER_SECOND, j]
        at = min(j + 1, height - 1)
    half = coarse.shape[1] // 2
    here_even = coarse[j, :half]
    here_odd = coarse[j, half:]
    beside_even = coarse[at, :half]
    beside_odd = coarse[at, half:]
    line[0] = _ZERO
    middle = line[1:]
    for i in range(length // 2):
        middle[2 * i] = own * here_even[i] + other * beside_even[i]
        middle[2 * i + 1] = own * here_odd[i] + other * beside_odd[i]
    if length % 2:
        middle[length - 1] = own * here_even[half - 1] + other * beside_even[half - 1]
    middle[length] = _ZERO
    after = line[2:]
    half = fine.shape[1] // 2
    even = fine[y, :half]
    odd = fine[y, half:]
    own_first = along[OWN_FIRST]
    other_first = along[OTHER_FIRST]
    own_second = along[OWN_SECOND]
    other_second = along[OTHER_SECOND]
    for i in range(length):
        even[i] += own_first[i] * middle[i] + other_first[i] * line[i]
    for i in range(cols // 2):
        odd[i] += own_second[i] * middle[i] + other_second[i] * after[i]
    if positive:
        row = fine[y]
        for x in range(2 * half):
            row[x] = max(row[x], _ZERO)


@_kernel
def _pass_through(
    c, previous, start, supply, loss, source, vmax, half_max, shift, rate, hold, level, saturates,
    across, along, across_coarse, along_coarse, error, load, drain, refresh, sweeps, scratch,
):  # fmt: skip
    """One pass through the finest lattice: add the coarse correction, relax, measure, and hand down what remains.

    `sweeps` = 0 only measures. Row y is corrected when the pass is there, then follow half-sweeps k = 0 … at
    row y − 1 − k, the measurement two rows behind the last, and the sums of two rows go to the coarse lattice.
    With `refresh` the slopes are handed down too. Keeps c in `previous`.

    Returns Σ|residual|, Σ|net reaction|, the round-off scale Σ|terms| (all concentration/h), max |c − previous|, max c.
    """
    rows, width = c.shape
    cols = along.shape[1]
    length = along_coarse.shape[1]
    line = scratch[_LINE]
    scratch[_SUM:] = _ZERO
    half_sweeps = 2 * sweeps
    for front in range(rows + half_sweeps + 2):
        if sweeps > 0:
            if front < rows:
                _interpolate_row(c, error, across_coarse, along_coarse, cols, True, front, line)
            for k in range(half_sweeps):
                y = front - 1 - k
                if 0 <= y < rows:
                    _relax_row(c, supply, loss, vmax, half_max, shift, saturates, hold * level, across, along, y, k & 1)
        y = front - half_sweeps - 1
        if 0 <= y < rows:
            k = y & 1
            _measure_row(
                c, previous, start, loss, source, vmax, half_max, shift, rate, hold, level, saturates, y, cols,
                scratch[_RESIDUAL + k], scratch[_SLOPE + k], scratch,
            )  # fmt: skip
            alone = y == rows - 1 and k == 0
            if k == 1 or alone:
                residual = scratch[_NOTHING if alone else _RESIDUAL + 1]
                _sum_pairs(scratch[_RESIDUAL, :width], residual[:width], load[y // 2], length, line)
                if refresh:
                    slope = scratch[_NOTHING if alone else _SLOPE + 1]
                    _sum_pairs(scratch[_SLOPE, :width], slope[:width], drain[y // 2], length, line)
    total = 0.0
    turnover = 0.0
    gross = 0.0
    change = _ZERO
    peak = _ZERO
    for x in range(cols):
        at = (x & 1) * (width // 2) + (x >> 1)
        total += scratch[_SUM, at]
        turnover += scratch[_TURNOVER, at]
        gross += scratch[_GROSS, at]
        change = max(change, scratch[_CHANGE, at])
        peak = max(peak, scratch[_PEAK, at])
    return total, turnover, gross, change, peak


@_outer
def _table(flat, begin, rows, width):
    """The (rows, width) table that begins at `begin` of a flat array."""
    return flat[begin : begin + rows * width].reshape(rows, width)


@_outer
def _lattice(flat, level):
    """A coarse lattice with parted columns, of a row of `level_table`."""
    return _table(flat, level[2], level[0], _width(level[1]))


@_outer
def _axis_tables(across, along, level):
    """The axis tables of rows and columns of a row of `level_table`."""
    return _table(across, 8 * level[3], 8, level[0]), _table(along, 8 * level[4], 8, level[1])


@_outer
def solve_field(
    values, loss, source, vmax, half_max, shift, rate, hold, level, saturates, across, along, levels,
    lattices, vmax_parted, start, supply, error, load, drain, scratch, tolerance, max_cycles,
):  # fmt: skip
    """Cycle until values solve the module's equation; returns (cycles, residual, floor, change, status).

    values : (rows, cols), in: start and first guess, out: solution, ≥ 0
    vmax : (rows, cols), used when `saturates`
    across, along : axis tables of rows and columns    levels : (levels, 5) int64 by `level_table`
    lattices : (4, rows, parted width), with zeros where a row has no column, and like it
    vmax_parted, used when `saturates`, start and supply, used when shift > 0 (any other table will do where unused),
    error, load, drain : flat, all coarse lattices, and
    scratch : (SCRATCH_LINES, parted width + 2), 0 at first, are overwritten

    residual : Σ|residual| / Σ|source − loss · c − uptake|, the unaccounted share of what the sites exchange
    floor : what float32 rounding alone may leave of it     change : max |c − c before the last cycle| / max c
    Converged when residual ≤ tolerance + floor and change ≤ tolerance; float32 allows no change below 4e-7,
    so there a residual of 0.01 will do.
    """
    depth = levels.shape[0]
    c, previous, loss_parted, source_parted = lattices[0], lattices[1], lattices[2], lattices[3]
    _part(values, c)
    _part(loss, loss_parted)
    _part(source, source_parted)
    if saturates:
        _part(vmax, vmax_parted)
    if shift > _ZERO:
        for y in range(c.shape[0]):
            for x in range(c.shape[1]):
                start[y, x] = c[y, x]
                supply[y, x] = source_parted[y, x] + shift * c[y, x]
    else:
        start, supply = c, source_parted
    line = scratch[_LINE]
    across_finest, along_finest = _axis_tables(across, along, levels[0])
    across_first, along_first = _axis_tables(across, along, levels[1])
    cycles = 0
    coarse_sweeps = _COARSE_SWEEPS
    before = np.inf
    while True:
        refresh = cycles == 0 or saturates
        total, turnover, gross, change, peak = _pass_through(
            c, previous, start, supply, loss_parted, source_parted, vmax_parted,
            half_max, shift, rate, hold, level, saturates,
            across_finest, along_finest, across_first, along_first,
            _lattice(error, levels[1]), _lattice(load, levels[1]), _lattice(drain, levels[1]),
            refresh, _SWEEPS if cycles > 0 else 0, scratch,
        )  # fmt: skip
        scale = turnover if turnover > 0.0 else 1.0
        residual = total / scale
        floor = _ROUND_OFF * gross / scale
        moved = change / peak if peak > _ZERO else 0.0
        status = -1
        enough = tolerance if moved > _ROUND_OFF else max(tolerance, _UNMOVED)
        if not np.isfinite(total):
            status = NOT_FINITE
        elif cycles > 0 and residual <= enough + floor and moved <= max(tolerance, _ROUND_OFF):
            status = CONVERGED
        elif cycles == max_cycles:
            status = TOO_MANY_CYCLES
        if status >= 0:
            break
        if cycles >= _PATIENCE and moved > _HALF * before:
            coarse_sweeps = min(2 * coarse_sweeps, _MOST_COARSE_SWEEPS)
        before = moved
        for k in range(2, depth):
            finer, coarser = levels[k - 1], levels[k]
            length = coarser[1]
            _restrict(_lattice(load, finer), _lattice(load, coarser), length, scratch[_NOTHING], line)
            if refresh:
                _restrict(_lattice(drain, finer), _lattice(drain, coarser), length, scratch[_NOTHING], line)
        if hold == _ZERO and drain[levels[depth - 1, 2]] == _ZERO:
            status = SINGULAR
            break
        error[:] = _ZERO
        for k in range(depth - 1, 0, -1):
            e = _lattice(error, levels[k])
            across_here, along_here = _axis_tables(across, along, levels[k])
            if k < depth - 1:
                coarse = _lattice(error, levels[k + 1])
                across_coarse, along_coarse = _axis_tables(across, along, levels[k + 1])
                for y in range(levels[k, 0]):
                    _interpolate_row(e, coarse, across_coarse, along_coarse, levels[k, 1], False, y, line)
            _relax_coarse(
                e, _lattice(drain, levels[k]), _lattice(load, levels[k]), across_here, along_here, coarse_sweeps
            )
        cycles += 1
    _join(c, values)
    return cycles, residual, floor, moved, status
