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

Everything is serial and free of order-dependent sums: the bits depend on the arguments alone. The
compiled function drops the interpreter lock, so that fields can be solved side by side.
"""

import numpy as np

from tmesim.kernels.coarsening import parted_width
from tmesim.kernels.compiling import compiled
from tmesim.kernels.lattice_rows import (
    CHANGE,
    GROSS,
    LINE,
    NOTHING,
    PEAK,
    RESIDUAL,
    SLOPE,
    SUM,
    TURNOVER,
    ZERO,
    interpolate_row,
    invert,
    join,
    measure_row,
    part,
    per_row,
    relax_coarse,
    relax_row,
    restrict,
    sum_pairs,
)

# How a solve ended.
CONVERGED, TOO_MANY_CYCLES, SINGULAR, NOT_FINITE = range(4)

_SWEEPS = 2  # of the finest lattice in a cycle
_COARSE_SWEEPS = 3  # of the others; more pay only where cycles are slow, and are made there
_MOST_COARSE_SWEEPS = 48
_PATIENCE = 6  # cycles before slow ones (change not halved) call for more coarse sweeps
_HALF = 0.5
_CAUTION = 2.0  # times the changes to be expected; then 384 solves of many kinds to 1e-4 were 1.1e-4 off at most
_UNMOVED = 0.01  # residual accepted of a field that does not move any more: float32 can do no better
_ROUND_OFF = 3 * 2.0**-23  # a site may stay one unit in the last place off, and its terms round too

_outer = compiled(nogil=True, error_model="numpy")
_width = per_row(parted_width)


@per_row
def _pass_through(
    c, previous, start, supply, loss, source, sink, vmax, half_max, shift, rate, hold, level, saturates,
    across, along, across_coarse, along_coarse, error, load, drain, refresh, rounding, sweeps, scratch,
):  # fmt: skip
    """One pass through the finest lattice: add the coarse correction, relax, measure, and hand down what remains.

    `sweeps` = 0 only measures. Row y is corrected when the pass is there, then follow half-sweeps k = 0 … at
    row y − 1 − k, the measurement two rows behind the last, and the sums of two rows go to the coarse lattice.
    With `refresh` the slopes are handed down too. Keeps c in `previous`. sink : see `relax_row`

    Returns Σ|residual|, Σ|net reaction|, the round-off scale Σ|terms| (all concentration/h; the last is 0 without
    `rounding`), max |c − previous|, max c.
    """
    rows, width = c.shape
    cols = along.shape[1]
    length = along_coarse.shape[1]
    line = scratch[LINE]
    scratch[SUM:] = ZERO
    half_sweeps = 2 * sweeps
    for front in range(rows + half_sweeps + 2):
        if sweeps > 0:
            if front < rows:
                interpolate_row(c, error, across_coarse, along_coarse, cols, True, front, line)
            for k in range(half_sweeps):
                y = front - 1 - k
                if 0 <= y < rows:
                    relax_row(c, supply, sink, vmax, half_max, shift, saturates, hold * level, across, along, y, k & 1)
        y = front - half_sweeps - 1
        if 0 <= y < rows:
            k = y & 1
            measure_row(
                c, previous, start, loss, source, vmax, half_max, shift, rate, hold, level, saturates, y, cols,
                scratch[RESIDUAL + k], scratch[SLOPE + k], refresh, rounding, scratch,
            )  # fmt: skip
            alone = y == rows - 1 and k == 0
            if k == 1 or alone:
                residual = scratch[NOTHING if alone else RESIDUAL + 1]
                sum_pairs(scratch[RESIDUAL, :width], residual[:width], load[y // 2], length, line)
                if refresh:
                    slope = scratch[NOTHING if alone else SLOPE + 1]
                    sum_pairs(scratch[SLOPE, :width], slope[:width], drain[y // 2], length, line)
    total = 0.0
    turnover = 0.0
    gross = 0.0
    change = ZERO
    peak = ZERO
    for x in range(cols):
        at = (x & 1) * (width // 2) + (x >> 1)
        total += scratch[SUM, at]
        turnover += scratch[TURNOVER, at]
        gross += scratch[GROSS, at]
        change = max(change, scratch[CHANGE, at])
        peak = max(peak, scratch[PEAK, at])
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
    lattices, extra, start, supply, error, load, drain, scratch, tolerance, max_cycles,
):  # fmt: skip
    """Cycle until values solve the module's equation; returns (cycles, residual, floor, change, status).

    values : (rows, cols), in: start and first guess, out: solution, ≥ 0
    vmax : (rows, cols), used when `saturates`
    across, along : axis tables of rows and columns    levels : (levels, 5) int64 by `level_table`
    lattices : (4, rows, parted width), with zeros where a row has no column, and like it
    extra, start and supply, both used when shift > 0 (any other table will do where unused),
    error, load, drain : flat, all coarse lattices, and
    scratch : (SCRATCH_LINES, parted width + 2), 0 at first, are overwritten

    residual : Σ|residual| / Σ|source − loss · c − uptake|, the unaccounted share of what the sites exchange
    floor : what float32 rounding alone may leave of it     change : max |c − c before the last cycle| / max c
    Converged when residual ≤ tolerance + floor, and change ≤ tolerance or all changes that are still to come are, by
    twice what the last two let expect if they go on to shrink alike. float32 allows no change below 4e-7, so there a
    residual of 0.01 will do.
    """
    depth = levels.shape[0]
    c, previous, loss_parted, source_parted = lattices[0], lattices[1], lattices[2], lattices[3]
    part(values, c)
    part(loss, loss_parted)
    part(source, source_parted)
    across_finest, along_finest = _axis_tables(across, along, levels[0])
    across_first, along_first = _axis_tables(across, along, levels[1])
    if saturates:
        sink, vmax_parted = loss_parted, extra
        part(vmax, vmax_parted)
    else:
        sink, vmax_parted = extra, loss_parted
        for y in range(c.shape[0]):
            for x in range(c.shape[1]):
                sink[y, x] = loss_parted[y, x]
        invert(sink, shift, across_finest, along_finest)
    if shift > ZERO:
        for y in range(c.shape[0]):
            for x in range(c.shape[1]):
                start[y, x] = c[y, x]
                supply[y, x] = source_parted[y, x] + shift * c[y, x]
    else:
        start, supply = c, source_parted
    line = scratch[LINE]
    cycles = 0
    gross = 0.0
    coarse_sweeps = _COARSE_SWEEPS
    before = np.inf
    while True:
        refresh = cycles == 0 or saturates
        rounding = cycles <= 1  # its scale hardly changes any more
        total, turnover, terms, change, peak = _pass_through(
            c, previous, start, supply, loss_parted, source_parted, sink, vmax_parted,
            half_max, shift, rate, hold, level, saturates,
            across_finest, along_finest, across_first, along_first,
            _lattice(error, levels[1]), _lattice(load, levels[1]), _lattice(drain, levels[1]),
            refresh, rounding, _SWEEPS if cycles > 0 else 0, scratch,
        )  # fmt: skip
        if rounding:
            gross = terms
        scale = turnover if turnover > 0.0 else 1.0
        residual = total / scale
        floor = _ROUND_OFF * gross / scale
        moved = change / peak if peak > ZERO else 0.0
        ahead = moved
        if cycles > 1 and moved < _HALF * before:
            ahead = min(moved, _CAUTION * moved * moved / (before - moved))
        status = -1
        enough = tolerance if moved > _ROUND_OFF else max(tolerance, _UNMOVED)
        if not np.isfinite(total):
            status = NOT_FINITE
        elif cycles > 0 and residual <= enough + floor and ahead <= max(tolerance, _ROUND_OFF):
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
            restrict(_lattice(load, finer), _lattice(load, coarser), length, scratch[NOTHING], line)
            if refresh:
                restrict(_lattice(drain, finer), _lattice(drain, coarser), length, scratch[NOTHING], line)
        if refresh:
            if hold == ZERO and drain[levels[depth - 1, 2]] == ZERO:
                status = SINGULAR
                break
            for k in range(1, depth):
                across_here, along_here = _axis_tables(across, along, levels[k])
                invert(_lattice(drain, levels[k]), ZERO, across_here, along_here)
        error[:] = ZERO
        for k in range(depth - 1, 0, -1):
            e = _lattice(error, levels[k])
            across_here, along_here = _axis_tables(across, along, levels[k])
            if k < depth - 1:
                coarse = _lattice(error, levels[k + 1])
                across_coarse, along_coarse = _axis_tables(across, along, levels[k + 1])
                for y in range(levels[k, 0]):
                    interpolate_row(e, coarse, across_coarse, along_coarse, levels[k, 1], False, y, line)
            relax_coarse(
                e, _lattice(drain, levels[k]), _lattice(load, levels[k]), across_here, along_here, coarse_sweeps
            )
        cycles += 1
    join(c, values)
    return cycles, residual, floor, moved, status
