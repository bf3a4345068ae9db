"""Rates: births, deaths, speeds and kills come out as their parameters say, whatever the time step."""

import numpy as np
import pytest
from scipy import stats
from tissues import bare, count, rows_of, tumor

from tmesim.kernels.arrays import PAD


def steps(t, hours):
    for _ in range(round(hours / t.dt)):
        t.step()


def time(step):
    return {"days": 4, "step": step, "record_every": "6 h"}


@pytest.mark.parametrize("step", ["1 h", "30 min"])
def test_birth_and_death_follow_the_linear_birth_death_process(step):
    """Mean n e^{(b−d)t} and variance n (b+d)/(b−d) e^{(b−d)t} (e^{(b−d)t} − 1), with room for all."""
    b, d, hours = 0.03, 0.012, 36
    finals, starts = [], []
    for seed in range(24):
        cells = {"tumor": tumor(division=f"{b} 1/h", apoptosis=f"{d} 1/h", speed="0.2 µm/min")}
        t = bare(cells, 96, {"densities": {"tumor": "150 /mm²"}}, seed=seed, time=time(step))
        starts.append(count(t, "tumor"))
        steps(t, hours)
        finals.append(count(t, "tumor"))
    n = np.array(starts, float)
    growth = np.exp((b - d) * hours)
    # a cell divides at most once a step: the discrete process that the continuous one is compared with
    dt = t.dt
    total = 1 - np.exp(-(b + d) * dt)
    discrete = (1 + total * (b - d) / (b + d)) ** round(hours / dt)
    assert discrete == pytest.approx(growth, rel=0.02)
    ratio = np.sum(finals) / n.sum()
    variance = (b + d) / (b - d) * growth * (growth - 1) / n.sum()
    assert abs(ratio - discrete) < 4 * np.sqrt(variance)
    spread = np.sum((np.array(finals) - discrete * n) ** 2) / (n.sum() * (b + d) / (b - d) * growth * (growth - 1))
    assert 0.4 < spread / 24 * 24 < 2.2


@pytest.mark.parametrize("spread", [0.0, 0.7])
def test_daughters_stray_from_their_mothers_by_a_logistic_spread(spread):
    """On the logit scale daughter − mother is logistic with that scale; the first cells lie so around the start."""
    cells = {"tumor": tumor(division="0.05 1/h") | {"states": ["stemness"], "starts": {"stemness": 0.2}}}
    states = {"stemness": {"label": "s", "meaning": "m", "spread": spread, "evidence": ["assumed: a test"]}}
    t = bare(cells, 96, {"densities": {"tumor": "1500 /mm²"}}, states=states)
    logit = {}
    steps(t, 8)
    core, z = t.cells.columns.core, t.cells.columns.state[:, 0]
    for row in rows_of(t, "tumor"):
        logit[int(core["id"][row])] = int(core["mother"][row]), np.log(z[row] / (1 - z[row]))
    founders = np.array([value for mother, value in logit.values() if mother == 0]) - np.log(0.25)
    strays = np.array([value - logit[mother][1] for mother, value in logit.values() if mother != 0])
    assert founders.size > 1000 and strays.size > 500
    if spread == 0:
        assert np.abs(strays).max() < 1e-5 and np.abs(founders).max() < 1e-5
    else:
        for found in (strays, founders):
            assert stats.kstest(found / spread, "logistic").pvalue > 0.01


def test_competing_hazards_share_one_draw():
    """Of a cell's ends within a step, the shares are those of the rates and the total is 1 − exp(−Σ r)."""
    cells = {"tumor": tumor(apoptosis="0.3 1/h")}
    cells["tumor"]["behaviors"]["clearance"] = "0.1 1/h"
    cells["tumor"]["events"] = [
        {"behavior": "apoptosis", "does": "die"}, {"behavior": "clearance", "does": "become", "to": "necrotic"},
    ]  # fmt: skip
    cells["necrotic"] = tumor() | {"events": [], "agent": "NecroticCell"}
    t = bare(cells, 200, {"densities": {"tumor": "4000 /mm²"}})
    n = count(t, "tumor")
    t.step()
    died, turned = t.counters["deaths.tumor"], count(t, "necrotic")
    p = 1 - np.exp(-0.4)
    assert abs((died + turned) / n - p) < 4 * np.sqrt(p * (1 - p) / n)
    assert abs(died / (died + turned) - 0.75) < 4 * np.sqrt(0.75 * 0.25 / (died + turned))


@pytest.mark.parametrize(("step", "spacing"), [("1 h", 15.0), ("30 min", 15.0)])
def test_tissue_cells_walk_as_far_as_their_speed_says(step, spacing):
    """A free walk of v/h hops an hour: the variance along each axis is v·h·t/2."""
    speed, hours = 0.1, 24
    moved = []
    for seed in range(3):
        t = bare(
            {"tumor": tumor(speed=f"{speed} µm/min")},
            200,
            {"densities": {"tumor": "8 /mm²"}},
            seed=seed,
            time=time(step),
        )
        moved += displacement(t, "tumor", hours)
    moved = np.array(moved) * spacing
    expected = speed * 60 * spacing * hours / 2
    assert np.var(moved) == pytest.approx(expected, rel=5 * np.sqrt(2 / moved.size))
    assert np.abs(moved.mean(axis=0)).max() < 4.5 * np.sqrt(expected / len(moved))


def displacement(t, cell, hours):
    """Sites moved (dy, dx) by each cell that has stayed clear of the edge."""
    rows = rows_of(t, cell)
    start = {int(t.cells.id[r]): (int(t.cells.y[r]), int(t.cells.x[r])) for r in rows}
    ny, nx = t.shape
    start = {i: s for i, s in start.items() if 60 <= s[0] < ny - 60 and 60 <= s[1] < nx - 60}
    steps(t, hours)
    out = []
    for i, (y, x) in start.items():
        row = t.row_of(i)
        out.append((int(t.cells.y[row]) - y, int(t.cells.x[row]) - x))
    return out


def walker(speed, persistence="0 min"):
    return tumor(speed=speed, persistence=persistence) | {"layer": "leukocyte", "agent": "CytotoxicTCell", "events": []}


@pytest.mark.parametrize("step", ["1 h", "30 min"])
def test_leukocytes_walk_as_far_as_their_speed_and_persistence_say(step):
    """MSD = N h² (1+c)/(1−c) for N hops of length h that keep their direction with probability c (else uniform)."""
    speed, keep, hours = 5.0, 2.0, 6
    moved = []
    for seed in range(4):
        t = bare(
            {"ctl": walker(f"{speed} µm/min", f"{keep} min")},
            240,
            {"densities": {"ctl": "25 /mm²"}, "ecm": 0.0},
            seed=seed,
            time=time(step),
        )
        moved += displacement(t, "ctl", hours)
    hops = speed * 60 * hours / 15
    c = np.exp(-15 / (speed * keep))
    expected = hops * (1 + c) / (1 - c)
    found = np.mean(np.sum(np.square(moved, dtype=float), axis=1))
    assert found == pytest.approx(expected, rel=4 * np.sqrt(1 / len(moved)) + 0.03)


def killers(hits=1.3, detach=0.0, needed=1.0, step="1 h", seed=1, sites=60):
    """Cytotoxic T cells amid a solid tumor that does nothing."""
    cells = {
        "tumor": tumor(visibility="1"),
        "ctl": walker("5 µm/min", "2 min") | {
            "targets": ["tumor"], "antigen_specific": False,
            "behaviors": {
                "speed": "5 µm/min", "persistence": "2 min", "attachment": "60 1/h",
                "detachment": f"{detach} 1/h", "hit_rate": f"{hits} 1/h",
            },
        },
    }  # fmt: skip
    processes = {"processes.leukocytes.hits_needed": needed, "processes.leukocytes.damage_half_life": "1000 h"}
    from dataclasses import replace

    start = {"densities": {"tumor": "4300 /mm²", "ctl": "20 /mm²"}, "ecm": 0.0}
    from tissues import OneTissue

    from tmesim.bench import bare_scenario

    scenario = bare_scenario({"cells": cells}, sites, start, time=time(step))
    catalogue, problems = scenario.catalogue.with_numbers(processes)
    assert not problems
    return OneTissue(replace(scenario, catalogue=catalogue), seed=seed)


@pytest.mark.parametrize("step", ["1 h", "30 min"])
@pytest.mark.parametrize(("hits", "needed"), [(0.3, 1.0), (0.9, 2.9)])
def test_kills_of_a_ctl_a_day_follow_its_hit_rate_and_the_hits_needed(step, hits, needed):
    """Amid targets a killer is nearly always engaged: 24 · rate / needed kills a day, less the time of search."""
    days, kills, ctl_days, engaged = 1.5, 0, 0.0, []
    for seed in range(3):
        t = killers(hits, needed=needed, step=step, seed=seed)
        n = count(t, "ctl")
        for _ in range(round(days * 24 / t.dt)):
            t.step()
            engaged.append(float((t.cells.target[rows_of(t, "ctl")] != 0).mean()))
        kills += t.counters["kills"]
        ctl_days += n * days
    expected = 24 * hits / np.ceil(needed) * np.mean(engaged)
    assert np.mean(engaged) > 0.9
    # damage left by a killer that lost its target counts for the next one, so sharing can only add
    assert kills / ctl_days == pytest.approx(expected, rel=0.12)


def test_a_colony_front_advances_at_the_speed_of_its_rim():
    """Cells within push reach R of the edge divide at rate b: the front gains about b·R a unit of time."""
    b, reach = 0.04, 3
    from dataclasses import replace

    from tissues import OneTissue

    from tmesim.bench import bare_scenario

    disk = {"tumor": [{"radius": "200 µm", "fill": 1.0}]}
    scenario = bare_scenario({"cells": {"tumor": tumor(division=f"{b} 1/h")}}, 160, disk)
    catalogue, _ = scenario.catalogue.with_numbers({"processes.division.push_reach": reach})
    t = OneTissue(replace(scenario, catalogue=catalogue), seed=2)

    def radius():
        return np.sqrt(count(t, "tumor") / np.pi)

    steps(t, 20)
    first = radius()
    steps(t, 80)
    front = (radius() - first) / 80
    # the deepest that still reach the edge sit `reach` sites in; on a curved front a little more
    assert b * (reach - 0.5) < front < b * (reach + 1.2)


def test_pushing_moves_the_row_outward_and_keeps_its_order():
    from tmesim.kernels import act

    t = bare(
        {"tumor": tumor(division="0 1/h")},
        16,
        {"tumor": [{"radius": "20 µm", "fill": 1.0, "at": ["120 µm", "120 µm"]}]},
    )
    layers = t.layers
    layers.tissue[PAD:-PAD, PAD:-PAD] = -1
    for k, x in enumerate(range(5, 9)):
        layers.tissue[7 + PAD, x + PAD] = k
        t.cells.y[k], t.cells.x[k] = 7, x
    assert act.push(7, 5, 0, 4, t.cells.columns, layers) == (7, 6)
    assert layers.tissue[7 + PAD, 5 + PAD : 10 + PAD].tolist() == [0, -1, 1, 2, 3]
    assert t.cells.x[:4].tolist() == [5, 7, 8, 9]
