"""Open walls: a patch of plain host tissue stays as it is and looks the same in a wider box; nobody passes mirrors."""

from dataclasses import replace

import numpy as np
import pytest
from tissues import bare, check_layers, count, rows_of, shuffle_rows

DENSITY = 600  # /mm²
WALKER = {
    "label": "walker", "agent": "Walker", "layer": "leukocyte", "color": "#112233",
    "behaviors": {"speed": "5 µm/min", "persistence": "2 min", "division": "0.02 1/h", "apoptosis": "0.02 1/h"},
    "events": [{"behavior": "division", "does": "divide"}, {"behavior": "apoptosis", "does": "die"}],
}  # fmt: skip


def host(sites, seed=1, walls="open", start=None, **behaviors):
    """A patch of walkers alone, as many within as beyond."""
    entry = WALKER | {"behaviors": WALKER["behaviors"] | behaviors}
    t = bare({"th1": entry}, sites, {"densities": {"th1": f"{DENSITY} /mm²"}} | (start or {}), seed=seed)
    t.body.tissue.surroundings = replace(t.body.tissue.surroundings, walls=walls)
    return t


def over_time(t, steps, skip=24):
    """Cells at each place (row and column, folded), /mm², by distance from the walls."""
    sites, n = t.shape[0], 0
    depth = np.minimum(np.arange(sites), np.arange(sites)[::-1])
    y, x = np.meshgrid(depth, depth, indexing="ij")
    nearest = np.minimum(y, x)
    found = np.zeros(sites)
    for step in range(steps):
        t.step()
        if step >= skip:
            rows = rows_of(t, "th1")
            found += np.bincount(nearest[t.cells.y[rows].astype(int), t.cells.x[rows].astype(int)], minlength=sites)
            n += 1
    area = np.bincount(nearest.ravel(), minlength=sites) * (t.spacing / 1000) ** 2
    return found[: sites // 2] / (area[: sites // 2] * n)


def test_plain_tissue_stays_steady_up_to_the_walls_and_in_a_box_twice_as_wide():
    """Cells that neither divide nor die: eight seeds leave a standard error of 1 to 2 %; and some that do both."""
    for sites, seeds, life in ((48, 8, {"division": "0 1/h", "apoptosis": "0 1/h"}), (48, 8, {}), (96, 2, {})):
        density = np.mean([over_time(host(sites, seed, **life), 300) for seed in range(seeds)], axis=0)
        edge, middle = density[:5].mean(), density[sites // 4 :].mean()
        assert edge == pytest.approx(DENSITY, rel=0.06)
        assert middle == pytest.approx(DENSITY, rel=0.08)


def test_an_empty_patch_fills_to_the_density_of_the_host():
    t = host(32, seed=3)
    for row in rows_of(t, "th1"):
        t.kill(int(row))
    assert count(t, "th1") == 0
    counts = []
    for _ in range(260):
        t.step()
        counts.append(count(t, "th1"))
    check_layers(t)
    assert np.mean(counts[130:]) == pytest.approx(DENSITY * (32 * 0.015) ** 2, rel=0.2)
    came = t.counters["come over the walls.th1"] + t.counters["births.th1"]
    assert came - t.counters["gone over the walls"] - t.counters["deaths.th1"] == counts[-1]


def test_nobody_crosses_mirrored_walls():
    t = host(32, walls="mirrored", division="0 1/h", apoptosis="0 1/h")
    before = set(t.cells.id[rows_of(t, "th1")].tolist())
    for _ in range(48):
        t.step()
    assert set(t.cells.id[rows_of(t, "th1")].tolist()) == before
    assert t.counters["gone over the walls"] == 0


def test_what_the_blood_carries_of_a_type_comes_over_the_walls():
    """Half of the level, half of those who come."""
    found = []
    for level in (1.0, 0.5):
        t = host(48, seed=5)
        t.blood.standing[t.blood.types.index("th1")] = level
        t.blood.recovery = 0.0
        for _ in range(60):
            t.step()
        found.append(t.counters["come over the walls.th1"])
    assert found[1] / found[0] == pytest.approx(0.5, rel=0.1)


def test_matrix_at_the_walls_slows_both_ways():
    """Where hops in are stopped, hops out are too: the density within stays that of the host."""
    come, density = {}, {}
    for ecm in (0.0, 0.6):
        patches = [host(48, seed, start={"ecm": ecm}) for seed in range(6)]
        density[ecm] = np.mean([over_time(t, 200, 48) for t in patches])
        come[ecm] = sum(t.counters["come over the walls.th1"] for t in patches)
    assert density[0.6] == pytest.approx(DENSITY, rel=0.08)
    assert come[0.6] < 0.85 * come[0.0]


def test_crossing_depends_on_no_row():
    one, other = host(32, seed=4), host(32, seed=4)
    for step in range(12):
        shuffle_rows(other, step)
        one.step()
        other.step()
    assert one.hash() == other.hash()
    assert one.counters["gone over the walls"] > 0
