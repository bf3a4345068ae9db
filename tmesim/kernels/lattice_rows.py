"""What multigrid does with the rows of a lattice: part columns, relax, measure, sum for the coarser, interpolate.

All rows have their columns parted (see `coarsening`): half a sweep then reads and writes what lies side by side, as
vector instructions want it, and computes the sites of its color only. The equation is that of `multigrid`.
"""

import numpy as np

from tmesim.kernels.coarsening import (
    AFTER,
    BEFORE,
    OTHER_FIRST,
    OTHER_SECOND,
    OWN_FIRST,
    OWN_SECOND,
    TOTAL,
    WIDTH,
)
from tmesim.kernels.compiling import compiled

# Rows of the scratch lines; the last five gather by column, so that the order of summation is fixed and vectorizes.
LINE, NOTHING, NET, RESIDUAL, SLOPE = 0, 1, 2, 3, 5
SUM, TURNOVER, GROSS, CHANGE, PEAK = 7, 8, 9, 10, 11
SCRATCH_LINES = 12

ZERO = np.float32(0.0)
_ONE = np.float32(1.0)
_TWO = np.float32(2.0)
_FOUR = np.float32(4.0)
_TINY = np.float32(1e-30)  # smaller values become 0: subnormal numbers slow a sweep by an order of magnitude
_STIFF = np.float32(5.0)  # see `measure_row`
_OVER = np.float32(1.1)  # over-relaxation; 1 needs a cycle more, 1.2 a cycle more beside stiff vessels (measured)

# For what is called once a row: no references to the many slices are counted, which costs more than the arithmetic.
per_row = compiled(nogil=True, _nrt=False, error_model="numpy")


@per_row
def part(table, parted):
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


@per_row
def join(parted, table):
    """The way back of `part`."""
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


@per_row
def settle(b, diagonal, half_max, vmax):
    """The root c ≥ 0 of  diagonal · c + vmax · c / (half_max + c) = b  for b ≥ 0."""
    inverse = _ONE / diagonal
    free = b * inverse
    p = half_max + vmax * inverse - free
    q = half_max * free
    root = abs(p) + np.sqrt(p * p + _FOUR * q)
    # Either form of the quadratic's root, whichever does not subtract nearly equal numbers.
    return (_TWO * q if p > ZERO else root) / (root if p > ZERO else _TWO)


@per_row
def invert(loss, shift, across, along):
    """Replace loss by 1 / (loss + shift + couplings to all neighbors): a division less in each half-sweep.

    0 where a site has neither loss nor neighbors.
    """
    rows, width = loss.shape
    half = width // 2
    cols = along.shape[1]
    for y in range(rows):
        total = across[TOTAL, y]
        thick = across[WIDTH, y]
        for end in range(min(3, cols)):  # the columns whose widths and couplings differ: first, last, last but one
            x = 0 if end == 0 else cols - end
            if end == 2 and x == 0:
                continue
            at = (x & 1) * half + (x >> 1)
            diagonal = loss[y, at] + shift + along[WIDTH, x] * total + thick * along[TOTAL, x]
            loss[y, at] = _ONE / diagonal if diagonal > ZERO else ZERO
        if cols > 3:
            base = shift + along[WIDTH, 1] * total + thick * along[TOTAL, 1]
            for parity in range(2):
                first = parity * half + 1 - parity
                lost = loss[y, first:]
                for i in range((cols - 1 - parity) // 2 + parity - 1):
                    lost[i] = _ONE / (lost[i] + base)


@per_row
def relax_row(c, supply, sink, vmax, half_max, shift, saturates, outside, across, along, y, color):
    """Solve the balance of the sites of row y with (x + y) % 2 = color, their neighbors being as they are.

    supply : source + shift · start; sink : loss when uptake saturates, else by `invert`. A loop must touch few arrays
    to be vectorized: LLVM checks 8 pairs for overlap, so at the rims the row that is not there is the one on the other
    side, never row y itself.
    """
    rows = c.shape[0]
    half = c.shape[1] // 2
    cols = along.shape[1]
    north = across[BEFORE, y]
    south = across[AFTER, y]
    thick = across[WIDTH, y]
    inflow = outside if y == 0 else ZERO
    if y == rows - 1:
        inflow += outside
    parity = (y + color) & 1
    own_at = parity * half
    other_at = half - own_at
    above = y - 1 if y > 0 else min(1, rows - 1)
    below = y + 1 if y < rows - 1 else max(rows - 2, 0)
    for end in range(min(3, cols)):
        x = 0 if end == 0 else cols - end
        if x & 1 != parity:
            continue
        at = own_at + (x >> 1)
        beside_at = other_at + (x >> 1) + parity
        wide = along[WIDTH, x]
        b = supply[y, at] + inflow + wide * (north * c[above, at] + south * c[below, at])
        b += thick * along[BEFORE, x] * c[y, beside_at - 1] if x > 0 else outside
        b += thick * along[AFTER, x] * c[y, beside_at] if x < cols - 1 else outside
        if saturates:
            diagonal = sink[y, at] + shift + wide * across[TOTAL, y] + thick * along[TOTAL, x]
            fresh = settle(b, diagonal, half_max, vmax[y, at])
        else:
            fresh = b * sink[y, at]
        value = c[y, at] + _OVER * (fresh - c[y, at])
        c[y, at] = value if value > _TINY else ZERO
    first = own_at + 1 - parity
    count = (cols - 1 - parity) // 2 + parity - 1
    if count <= 0:
        return
    wide = along[WIDTH, 1]
    side = thick * along[BEFORE, 1]
    north *= wide
    south *= wide
    own = c[y, first:]
    up = c[above, first:]
    down = c[below, first:]
    made = supply[y, first:]
    lost = sink[y, first:]
    beside = c[y, other_at:]
    right = c[y, other_at + 1 :]
    if saturates:
        taken = vmax[y, first:]
        base = shift + wide * across[TOTAL, y] + thick * along[TOTAL, 1]
        for i in range(count):
            b = made[i] + inflow
            b += north * up[i] + south * down[i] + side * (beside[i] + right[i])
            fresh = settle(b, lost[i] + base, half_max, taken[i])
            value = own[i] + _OVER * (fresh - own[i])
            own[i] = value if value > _TINY else ZERO
    else:
        for i in range(count):
            b = made[i] + inflow
            b += north * up[i] + south * down[i] + side * (beside[i] + right[i])
            value = own[i] + _OVER * (b * lost[i] - own[i])
            own[i] = value if value > _TINY else ZERO


@per_row
def relax_coarse(e, inverse, load, across, along, sweeps):
    """`sweeps` red-black Gauss-Seidel sweeps of a coarse lattice's correction e, in place, in one pass through memory.

    A row's half-sweep number k follows one row behind half-sweep k − 1, whose rows y − 1, y, y + 1 it needs: so the
    sites of a color that are due when the front is at row y are those with x % 2 = y % 2. Not by `relax_row`: a
    correction has neither supply nor uptake and may be negative, and on short rows a call a row is what costs (by
    `relax_row`, all fields of 100² took 1.2 times as long).
    """
    rows = e.shape[0]
    half = e.shape[1] // 2
    cols = along.shape[1]
    for front in range(rows + 2 * sweeps - 1):
        parity = front & 1
        own_at = parity * half
        other_at = half - own_at
        first = own_at + 1 - parity
        count = (cols - 1 - parity) // 2 + parity - 1
        for k in range(max(0, front - rows + 1), min(2 * sweeps, front + 1)):
            y = front - k
            north = across[BEFORE, y]
            south = across[AFTER, y]
            thick = across[WIDTH, y]
            above = y - 1 if y > 0 else min(1, rows - 1)
            below = y + 1 if y < rows - 1 else max(rows - 2, 0)
            for end in range(min(3, cols)):
                x = 0 if end == 0 else cols - end
                if x & 1 != parity:
                    continue
                at = own_at + (x >> 1)
                beside_at = other_at + (x >> 1) + parity
                b = load[y, at] + along[WIDTH, x] * (north * e[above, at] + south * e[below, at])
                b += thick * along[BEFORE, x] * e[y, beside_at - 1] if x > 0 else ZERO
                b += thick * along[AFTER, x] * e[y, beside_at] if x < cols - 1 else ZERO
                value = e[y, at] + _OVER * (b * inverse[y, at] - e[y, at])
                e[y, at] = value if abs(value) > _TINY else ZERO
            if count > 0:
                wide = along[WIDTH, 1]
                side = thick * along[BEFORE, 1]
                north *= wide
                south *= wide
                own = e[y, first:]
                up = e[above, first:]
                down = e[below, first:]
                made = load[y, first:]
                shares = inverse[y, first:]
                beside = e[y, other_at:]
                right = e[y, other_at + 1 :]
                for i in range(count):
                    b = made[i] + (north * up[i] + south * down[i] + side * (beside[i] + right[i]))
                    value = own[i] + _OVER * (b * shares[i] - own[i])
                    own[i] = value if abs(value) > _TINY else ZERO


@per_row
def measure_row(
    c, previous, start, loss, source, vmax, half_max, shift, rate, hold, level, saturates, y, cols,
    residual, slope, refresh, rounding, scratch,
):  # fmt: skip
    """Residual of row y, and slope with `refresh`; sums and largest values are gathered per column, the scale of
    round-off with `rounding`.

    The slope is what the coarse lattices take for loss. A point sink stiffer than the diffusion that feeds it
    drains its neighborhood no faster than diffusion brings, so its slope is capped (harmonically, at about
    2π / ln 2 = 9 times the rate by theory, as that much resistance is lost when a sink's site doubles in width;
    between 4 and 6 took the fewest cycles, below 3 more).
    Of its residual, the neighborhood feels the same share (without that, a sink of 1e9 1/h makes cycles diverge).
    """
    rows, width = c.shape
    half = width // 2
    north = rate if y > 0 else ZERO
    south = rate if y < rows - 1 else ZERO
    here = c[y]
    above = c[max(y - 1, 0)]
    below = c[min(y + 1, rows - 1)]
    start_row = start[y]
    loss_row = loss[y]
    source_row = source[y]
    previous_row = previous[y]
    vmax_row = vmax[y]
    net = scratch[NET]
    total = scratch[SUM]
    turnover = scratch[TURNOVER]
    gross = scratch[GROSS]
    change = scratch[CHANGE]
    peak = scratch[PEAK]
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
            residual[width - 1] = ZERO
    for x in range(width):
        turnover[x] += abs(net[x])
        total[x] += abs(residual[x])
    if rounding:
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
        if refresh:
            for x in range(width):
                steep = loss_row[x] + shift
                slope[x] = cap / (steep + cap) * steep
        full = shift + cap
        for x in range(width):
            residual[x] *= cap / (loss_row[x] + full)
    if cols & 1:
        slope[width - 1] = ZERO


@per_row
def sum_pairs(first, second, into, length, line):
    """Coarse row `into` of `length` sites: the sums of 2 × 2 sites of two finer rows, of one column at an odd end."""
    half = first.shape[0] // 2
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


@per_row
def restrict(finer, coarse, length, nothing, line):
    """Sum 2 × 2 sites (fewer at an odd end) into each coarse one. nothing : a finer row of zeros."""
    rows, width = finer.shape
    for j in range(rows // 2):
        sum_pairs(finer[2 * j], finer[2 * j + 1], coarse[j], length, line)
    if rows % 2:
        sum_pairs(finer[rows - 1], nothing[:width], coarse[rows // 2], length, line)


@per_row
def interpolate_row(fine, coarse, across, along, cols, positive, y, line):
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
    line[0] = ZERO
    middle = line[1:]
    for i in range(length // 2):
        middle[2 * i] = own * here_even[i] + other * beside_even[i]
        middle[2 * i + 1] = own * here_odd[i] + other * beside_odd[i]
    if length % 2:
        middle[length - 1] = own * here_even[half - 1] + other * beside_even[half - 1]
    middle[length] = ZERO
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
            row[x] = max(row[x], ZERO)
