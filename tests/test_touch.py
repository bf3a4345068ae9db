"""Touch: what is counted for a band of the lattice at once is what a look around each site counts."""

import numpy as np
from tissues import OneTissue

from tmesim.bench import full_scenario
from tmesim.kernels import touch
from tmesim.kernels.arrays import COVERED, PAD
from tmesim.kernels.compiling import kernel


@kernel
def maps(y0, y1, nx, types, cells, layers):
    near = np.empty((y1 - y0, types + 1, nx), np.uint8)
    seen = np.empty((y1 - y0 + 2, types + 2, nx + 2), np.uint8)
    touch.count_near(y0, y1, cells, layers, near, seen, np.empty(nx + 2, np.uint8))
    return near


@kernel
def around(y, x, kind, types, cells, layers):
    contacts = np.empty((types + 1, 1), np.float32)
    touch.count_contacts(y, x, kind, cells, layers, contacts)
    return contacts[:, 0]


def test_maps_of_contacts_agree_with_a_look_around_each_cell():
    """In all three layers, at the edges too, and whatever rows a band holds."""
    t = OneTissue(full_scenario(40), seed=2)
    for _ in range(3):
        t.step()
    types, columns = len(t.biology.types), t.cells.columns
    for y0, y1 in ((0, 8), (17, 20), (32, 40)):
        near = maps(y0, y1, 40, types, columns, t.layers)
        rows = [r for r in t.cells.rows if y0 <= t.cells.y[r] < y1]
        assert len(rows) > 40 and len({int(t.cells.type[r]) for r in rows}) > 3
        for row in rows:
            y, x, kind = int(t.cells.y[row]), int(t.cells.x[row]), int(t.cells.type[row])
            found = near[y - y0, :, x].astype(float)
            found[kind] -= 1  # itself
            found[types] /= 8
            assert (found == around(y, x, kind, types, columns, t.layers)).all()
            block = t.layers.tissue[y + PAD - 1 : y + PAD + 2, x + PAD - 1 : x + PAD + 2]
            block = (block >= 0) | (block <= COVERED)
            assert found[types] * 8 == block.sum() - block[1, 1], "packing, counted by NumPy"
