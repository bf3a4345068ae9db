"""Lattice: tiles cover, tiles of a color stay apart, and the order of updates leaves no trace."""

from itertools import pairwise

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st
from tissues import bare, check_layers, rows_of, tumor

from tmesim.kernels import lattice
from tmesim.kernels.arrays import REACH, TILE
from tmesim.kernels.chance import key_of


@settings(max_examples=60)
@given(st.integers(4, 70), st.integers(4, 70), st.integers(0, 2**31))
def test_tiles_cover_each_site_once_and_equal_colors_cannot_meet(ny, nx, sweep):
    oy, ox, down, across, colors = lattice.lay_tiles(ny, nx, key_of(1, "tiles"), sweep)
    assert sorted(colors) == [0, 1, 2, 3]
    covered = np.zeros((ny, nx), int)
    seen = []
    for color in range(4):
        boxes = []
        for k in range(((down + 1) // 2) * ((across + 1) // 2)):
            tile = lattice.tile_of_color(k, color, down, across)
            if tile >= 0:
                seen.append(tile)
                y0, y1, x0, x1 = lattice.tile_bounds(tile, across, oy, ox, ny, nx)
                covered[y0:y1, x0:x1] += 1
                boxes.append((y0, y1, x0, x1))
        for i, (a0, a1, b0, b1) in enumerate(boxes):
            for c0, c1, d0, d1 in boxes[:i]:
                gap = max(max(a0, c0) - min(a1, c1), max(b0, d0) - min(b1, d1))
                assert gap >= TILE >= 2 * REACH
    assert sorted(seen) == list(range(down * across))
    assert (covered == 1).all()


def test_offsets_and_colors_are_drawn_evenly():
    key = key_of(3, "tiles")
    drawn = [lattice.lay_tiles(64, 64, key, sweep) for sweep in range(4000)]
    for axis in (0, 1):
        tally = np.bincount([d[axis] for d in drawn], minlength=TILE)
        assert tally.size == TILE and np.abs(tally - 250).max() < 5 * np.sqrt(250)
    first = np.bincount([d[4][0] for d in drawn], minlength=4)
    assert np.abs(first - 1000).max() < 5 * np.sqrt(1000)


def test_rings_hold_every_site_within_reach_nearest_first():
    offsets, first = lattice.rings(5)
    squared = (offsets.astype(int) ** 2).sum(axis=1)
    assert squared.size == sum(1 for y in range(-5, 6) for x in range(-5, 6) if 0 < y * y + x * x <= 25)
    assert (np.diff(squared) >= 0).all()
    assert [len(set(squared[a:b])) for a, b in pairwise(first)] == [1] * (first.size - 1)


def walkers(sites, density, seed=1):
    """Tumor cells that only walk."""
    return bare({"tumor": tumor(speed="0.2 µm/min")}, sites, {"densities": {"tumor": density}}, seed=seed)


def test_walkers_do_not_drift():
    """Raster order drifts by 0.03 site a step at this crowding; a hundredth of that would show here."""
    moved = np.zeros(2)
    steps = cells = 0
    for seed in range(6):
        t = walkers(96, "1500 /mm²", seed)
        rows = rows_of(t, "tumor")
        start = dict(
            zip(
                t.cells.id[rows].tolist(),
                zip(t.cells.y[rows].tolist(), t.cells.x[rows].tolist(), strict=True),
                strict=True,
            )
        )
        inner = {i for i, (y, x) in start.items() if 24 <= y < 72 and 24 <= x < 72}
        for _ in range(40):
            t.step()
        for i in inner:
            row = t.row_of(i)
            moved += np.array([int(t.cells.y[row]), int(t.cells.x[row])]) - start[i]
        steps, cells = 40, cells + len(inner)
    drift = moved / cells / steps
    error = np.sqrt(0.8 * steps / 2 / cells) / steps
    assert np.abs(drift).max() < 4 * error
    assert error < 0.002


def test_occupancy_shows_no_period_of_the_tiles():
    t = walkers(192, "2000 /mm²")
    lags = np.zeros(25)
    for step in range(60):
        t.step()
        if step % 6 == 5:
            held = (t.layers.tissue[8:-8, 8:-8] >= 0).astype(float)
            held -= held.mean()
            for lag in range(1, 25):
                lags[lag] += (held[:, lag:] * held[:, :-lag]).mean() + (held[lag:] * held[:-lag]).mean()
    around = np.r_[lags[13:16], lags[17:20]]
    assert abs(lags[16] - around.mean()) < 4 * lags[8:24].std()
    check_layers(t)


def test_a_colony_grows_round():
    """Second moments along the axes and the diagonals agree within a tenth, means over seeds."""
    ratios = []
    for seed in range(6):
        disk = {"tumor": [{"radius": "45 µm", "fill": 1.0}]}
        t = bare({"tumor": tumor(division="0.05 1/h")}, 120, disk, seed=seed)
        for _ in range(110):
            t.step()
        rows = rows_of(t, "tumor")
        y, x = t.cells.y[rows] - 59.5, t.cells.x[rows] - 59.5
        r = np.hypot(x, y)
        angle = np.arctan2(y, x)
        # a square has its fourth harmonic, a diamond the opposite
        ratios.append(
            [(r**2 * np.cos(4 * angle)).sum() / (r**2).sum(), (r**2 * np.cos(2 * angle)).sum() / (r**2).sum()]
        )
        assert 600 < rows.size
        check_layers(t)
    mean = np.abs(np.mean(ratios, axis=0))
    assert mean.max() < 0.05
