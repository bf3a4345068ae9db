"""What cells touch: neighbors by type, crowding, what they show and the perfused vessels beside them."""

import numpy as np

from tmesim.kernels.arrays import COVERED, NOBODY_TCR, PAD, WORD_BITS
from tmesim.kernels.bodies import row_at
from tmesim.kernels.compiling import inline, inner

ONE = np.float32(1.0)
ZERO = np.float32(0.0)


@inner
def count_contacts(y, x, kind, cells, layers, contacts):
    """What one cell of type `kind` at (y, x) touches, into lane 0 of contacts: `count_near` for a single site."""
    types = contacts.shape[0] - 1
    for c in range(types + 1):
        contacts[c, 0] = ZERO
    taken = 0
    for dy in range(-1, 2):
        for dx in range(-1, 2):
            py = y + dy + PAD
            px = x + dx + PAD
            row = row_at(py, px, layers.tissue)
            if row >= 0:
                contacts[cells.type[row], 0] += ONE
                if dy != 0 or dx != 0:
                    taken += 1
            row = layers.leukocyte[py, px]
            if row >= 0:
                contacts[cells.type[row], 0] += ONE
            row = layers.vessel[py, px]
            if row >= 0:
                contacts[cells.type[row], 0] += ONE
    contacts[kind, 0] -= ONE
    contacts[types, 0] = np.float32(taken * 0.125)


@inner
def count_near(y0, y1, cells, layers, near, seen, column):
    """Cells on each site of rows y0 … y1 − 1 and its eight neighbors, a body once for each of its sites there.

    near : (rows, types + 1, nx) uint8, overwritten: cells of each type in all layers; last, tissue cells on the
    eight neighbors. seen (rows + 2, types + 2, nx + 2), column (nx + 2) : scratch.
    """
    types = near.shape[1] - 1
    nx = near.shape[2]
    seen[:] = 0
    for j in range(y1 - y0 + 2):
        py = y0 - 1 + j + PAD
        for x in range(nx):  # nobody counts as type number `types`: no branches, which chance would mispredict
            row = np.int64(layers.tissue[py, x + PAD])
            if row <= COVERED:  # bodies cover sites side by side, so this is predicted well
                row = row_at(py, x + PAD, layers.tissue)
            kind = np.int64(cells.type[max(row, 0)])
            seen[j, kind if row >= 0 else types, x + 1] += 1
            seen[j, types + 1, x + 1] = row >= 0
            row = layers.leukocyte[py, x + PAD]
            kind = np.int64(cells.type[max(row, 0)])
            seen[j, kind if row >= 0 else types, x + 1] += 1
            row = layers.vessel[py, x + PAD]
            kind = np.int64(cells.type[max(row, 0)])
            seen[j, kind if row >= 0 else types, x + 1] += 1
    for j in range(y1 - y0):
        for c in range(types + 1):
            k = c if c < types else types + 1
            above = seen[j, k]
            here = seen[j + 1, k]
            below = seen[j + 2, k]
            for x in range(nx + 2):
                column[x] = np.uint8(np.uint8(above[x] + here[x]) + below[x])
            left = column[0:]
            middle = column[1:]
            right = column[2:]
            into = near[j, c]
            for x in range(nx):
                into[x] = np.uint8(np.uint8(left[x] + middle[x]) + right[x])
        own = seen[j + 1, types + 1, 1:]
        into = near[j, types]
        for x in range(nx):
            into[x] = np.uint8(into[x] - own[x])


@inline
def beside(k, y, x):
    """The padded place of a site (k = 0) or of its k-th neighbor, 1 to 4: east, north, west, south."""
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
    return py, px


@inline
def sum_state(y, x, cells, layers, state, own):
    """A state that cells show to others, summed over both cell layers of the site and its four neighbors, without the
    cell's own."""
    total = ZERO
    for k in range(5):
        py, px = beside(k, y, x)
        row = layers.tissue[py, px]
        if row >= 0 and row != own:
            total += cells.state[row, state]
        row = layers.leukocyte[py, px]
        if row >= 0 and row != own:
            total += cells.state[row, state]
    return total


@inline
def sum_presented(y, x, cells, layers, state, own):
    """`sum_state` over those cells that carry an antigen which the receptor of the cell in row `own` recognizes."""
    total = ZERO
    tcr = cells.core[own].tcr
    if tcr == NOBODY_TCR:
        return total
    word = tcr // WORD_BITS
    bit = np.uint32(tcr % WORD_BITS)
    for k in range(5):
        py, px = beside(k, y, x)
        row = layers.tissue[py, px]
        if row >= 0 and row != own and (cells.antigens[row, word] >> bit) & np.uint32(1) != 0:
            total += cells.state[row, state]
        row = layers.leukocyte[py, px]
        if row >= 0 and row != own and (cells.antigens[row, word] >> bit) & np.uint32(1) != 0:
            total += cells.state[row, state]
    return total


@inline
def perfused_near(y, x, layers, maps):
    """Perfused vessel segments on the site and its eight neighbors, weighted by their flow."""
    total = ZERO
    ny, nx = maps.perfusion.shape
    for dy in range(max(y - 1, 0), min(y + 2, ny)):
        for dx in range(max(x - 1, 0), min(x + 2, nx)):
            total += maps.perfusion[dy, dx]
    return total
