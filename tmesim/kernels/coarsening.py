"""How a lattice coarsens: sizes of its levels, and along each axis widths, couplings and interpolation.

A coarse site covers 2 × 2 finer ones, at an odd end fewer, so any size coarsens to one site.

A lattice is kept with its columns parted: each row holds the even columns first, then the odd ones, in two halves
of the same length (with an unused 0 at the end of the second if the number of columns is odd). So the sites of one
color of a row lie side by side, and so do all the neighbors of each kind.
"""

import numpy as np

# Rows of an axis table (see `make_axis`).
WIDTH, BEFORE, AFTER, TOTAL, OWN_FIRST, OTHER_FIRST, OWN_SECOND, OTHER_SECOND = range(8)


def level_table(rows, cols):
    """Lattices from the finest to a single site, int64 (levels, 5): rows, cols, and where each begins.

    The begins count numbers: among the coarse lattices with parted columns, in the axis table of rows, in the axis
    table of columns.
    """
    sizes = [(rows, cols)]
    while sizes[-1] != (1, 1):
        rows, cols = (rows + 1) // 2, (cols + 1) // 2
        sizes.append((rows, cols))
    table = np.zeros((len(sizes), 5), dtype=np.int64)
    table[:, :2] = sizes
    table[2:, 2] = np.cumsum(table[1:-1, 0] * parted_width(table[1:-1, 1]))
    table[1:, 3:] = np.cumsum(table[:-1, :2], axis=0)
    return table


def parted_width(cols):
    """Numbers in a row of `cols` columns when they are parted."""
    return cols + cols % 2


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
