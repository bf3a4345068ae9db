"""Vessels: who carries blood, by drawings; tips climb VEGF and join; segments without blood are lost."""

from itertools import pairwise

import networkx as nx
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tissues import OneTissue, scenario, tissue

from tmesim.kernels import anastomosis, living, sprouting
from tmesim.kernels.arrays import PAD
from tmesim.kernels.chance import key_of
from tmesim.scenario import load
from tmesim.tissue.processes.remodel import Remodel

AT = {"E": 0, "NE": 1, "N": 2, "NW": 3, "W": 4, "SW": 5, "S": 6, "SE": 7}
DIRECTION = {(dy, dx): d for d, (dy, dx) in enumerate(zip(sprouting.ALONG_Y, sprouting.ALONG_X, strict=True))}


ARTERIAL, VENOUS = 1 << 13, 1


def drawing(roots, chains, arterial=lambda roots: roots[::2]):
    """Where blood flows in a tissue whose vessels are the given roots and chains of sites (y, x), linked one to the
    next. arterial : which of the roots are; by default every other one."""
    t = tissue("minimal", start={"densities": {}, "capillaries": "0 /mm²"})
    for y, x in {site for chain in chains for site in chain} | set(roots):
        row = t.spawn("endothelial", y, x)
        t.cells.value[row, t.biology.slot("endothelial", "openness")] = 1.0
    for chain in chains:
        for (y, x), (v, u) in pairwise(chain):
            living.link(y, x, DIRECTION[v - y, u - x], t.vessels.links)
    for y, x in roots:
        t.vessels.root[y, x] = True
        row = t.layers.vessel[y + PAD, x + PAD]
        t.cells.id[row] = ARTERIAL if (y, x) in arterial(roots) else VENOUS
    t.processes[Remodel].perfuse(t)
    return {tuple(site) for site in np.argwhere(t.vessels.perfused).tolist()}


LINE = [(10, x) for x in range(10, 16)]


def test_a_blind_sprout_carries_no_blood_but_its_root_does():
    assert drawing([(10, 10)], [LINE]) == {(10, 10)}


def test_a_segment_between_two_roots_carries_blood():
    assert drawing([(10, 10), (10, 15)], [LINE]) == set(LINE)


def test_a_side_branch_of_a_through_vessel_stays_blind():
    branch = [(10, 12), (9, 12), (8, 12)]
    assert drawing([(10, 10), (10, 15)], [LINE, branch]) == set(LINE)


LOOP = [(10, 15), (9, 16), (10, 17), (11, 16), (10, 15)]


def test_a_loop_on_a_single_stem_stays_blind():
    assert drawing([(10, 10)], [LINE, LOOP]) == {(10, 10)}


def test_both_arms_of_a_loop_between_two_roots_carry_blood():
    after = [(10, 17), (10, 18), (10, 19)]
    assert drawing([(10, 10), (10, 19)], [LINE, LOOP, after]) == set(LINE) | set(LOOP) | set(after)


def test_vessels_without_a_root_carry_none():
    assert drawing([], [LINE, LOOP]) == set()


def test_a_bridge_between_two_arterial_roots_carries_none():
    ends = [(10, 10), (10, 15)]
    assert drawing(ends, [LINE], arterial=lambda roots: roots) == set(ends)


def test_half_of_the_roots_are_arterial():
    rng = np.random.default_rng(1)
    drawn = rng.integers(0, 2**64, 4000, dtype=np.uint64)
    assert abs(np.mean([sprouting.arterial(identity) for identity in drawn]) - 0.5) < 0.03


def test_compression_below_the_least_flow_stops_the_blood():
    """A naked vessel, which carries a quarter, stands still under a stress that a covered one withstands."""
    flows = {}
    for cover in (0.0, 1.0):
        t = tissue("minimal", start={"densities": {}, "capillaries": "60 /mm²"})
        rows = np.flatnonzero(t.cells.type[: t.cells.n] == t.biology.code("endothelial"))
        t.cells.columns.state[rows, t.biology.states.index("pericytes")] = cover
        t.fields["solid_stress"][:] = 44.0
        t.run("sense")
        t.processes[Remodel].perfuse(t)
        flows[cover] = t.vessels.perfusion[t.vessels.root]
    assert (flows[0.0] == 0).all() and (flows[1.0] > 0.3).all()


@settings(max_examples=60, deadline=None)
@given(st.integers(0, 2**32 - 1), st.integers(0, 40), st.floats(0, 0.3))
def test_blood_flows_where_a_path_joins_artery_and_vein(seed, segments, share):
    """Against networkx: the roots, and the block that holds the edge from all arterial to all venous roots."""
    rng = np.random.default_rng(seed)
    sites = {(int(y), int(x)) for y, x in rng.integers(10, 17, (segments, 2))}
    roots = [site for site in sorted(sites) if rng.random() < share]
    pairs = [(a, b) for a in sorted(sites) for b in sorted(sites) if a < b and max(map(abs, np.subtract(a, b))) == 1]
    pairs = [pair for pair in pairs if rng.random() < 0.5]
    sides = {root: "arteries" if k % 2 == 0 else "veins" for k, root in enumerate(roots)}
    network = nx.Graph([*pairs, *sides.items(), ("arteries", "veins")])
    blocks = nx.biconnected_components(network)
    expected = next(block for block in blocks if {"arteries", "veins"} <= block)
    assert drawing(roots, [*pairs, *([site] for site in sites)]) == (expected - {"arteries", "veins"}) | set(roots)


def angiogenic(seed=1, days=6.0, off=(), **numbers):
    """A hypoxic nest between few capillaries."""
    plan = {"tumor": [{"radius": "150 µm", "fill": 1.0}], "densities": {}, "capillaries": "60 /mm²"}
    t = OneTissue(scenario("minimal", start=plan, set=numbers, off=list(off)), seed=seed)
    for _ in range(round(days * 24 / t.dt)):
        t.step()
    return t


def test_without_vegf_there_are_no_sprouts():
    silent = {f"cells.{c}.behaviors.secretion.vegf": "0 pM/h" for c in ("tumor", "m2", "caf")}
    t = angiogenic(**{"cells.endothelial.behaviors.sprouting": "0 1/h"})
    assert t.counters["sprouts"] > 0
    off = [n for n, r in t.scenario.catalogue.rules.items() if r.behavior == "secretion.vegf"]
    plan = {"tumor": [{"radius": "150 µm", "fill": 1.0}], "densities": {}, "capillaries": "60 /mm²"}
    dry = OneTissue(scenario("minimal", start=plan, set=silent, off=off), seed=1)
    for _ in range(144):
        dry.step()
    assert dry.counters["sprouts"] <= 0.1 * t.counters["sprouts"]


def heading(vegf, came_from, tips=400):
    """How often tips at one site, come from a direction, go on in each: shares by name."""
    t = tissue("minimal", start={"densities": {}, "capillaries": "0 /mm²"})
    maps = t.maps._replace(fields=vegf[None], links=np.zeros(vegf.shape, np.uint8))
    maps.links[10, 10] = 1 << AT[came_from]
    key = key_of(1, "a test")
    guidance, noise = load("minimal").catalogue.processes["vessels"]["guidance"].value, 0.5
    taken = [
        sprouting.steer(np.uint64(i + 1), 10, 10, 0, key, 0, float(guidance), noise, 0, np.empty(0, int), 0, maps)
        for i in range(tips)
    ]
    return {name: taken.count(d) / tips for name, d in AT.items()}


@pytest.mark.parametrize("came_from", ["W", "SW", "N"])
def test_a_tip_goes_on_as_it_came_where_no_vegf_guides_it(came_from):
    """Straight on most often, to either side alike, and never back."""
    shares = heading(np.full((20, 20), 10.0, np.float32), came_from)
    names = list(AT)
    on = AT[came_from] + 4
    assert shares[names[on % 8]] > 0.6
    assert abs(shares[names[(on + 1) % 8]] - shares[names[(on - 1) % 8]]) < 0.1
    assert sum(shares[names[(AT[came_from] + k) % 8]] for k in (-1, 0, 1)) == 0


def test_a_tip_turns_to_the_side_on_which_vegf_rises():
    """A rise of three tenths over a site turns most tips; those that come from where it rises do not go back."""
    rising_south = np.repeat(10 * 1.3 ** np.arange(20, dtype=np.float32), 20).reshape(20, 20)
    shares = heading(rising_south, "W")
    assert shares["S"] + shares["SE"] > 0.9
    shares = heading(rising_south, "S")
    assert shares["S"] + shares["SE"] + shares["SW"] == 0


def test_tips_climb_the_gradient_of_vegf():
    """In a linear gradient the mean advance of tips too far apart to join points up it."""
    at = []
    for seed in range(3):
        t = tissue("minimal", start={"densities": {}, "capillaries": "0 /mm²", "tumor": []}, seed=seed)
        for y in (4, 14, 24, 34):
            row = t.spawn("endothelial", y, 10)
            t.vessels.tip[y, 10] = True
            for behavior, value in (("sprouting", 0.0), ("regression", 0.0), ("tip_speed", 10.0)):
                t.cells.value[row, t.biology.slot("endothelial", behavior)] = value
        t.fields["vegf"][:] = np.tile(np.linspace(1, 200, 40, dtype=np.float32), (40, 1))
        for step in range(12):
            t.clock.step = step
            t.run("remodel")
        at += np.argwhere(t.vessels.tip)[:, 1].tolist()
    assert len(at) > 8 and np.mean(at) - 10 > 3


@settings(max_examples=60, deadline=None)
@given(st.integers(0, 2**32 - 1), st.integers(2, 60), st.integers(0, 12))
def test_the_kin_of_a_tip_are_what_its_links_reach(seed, segments, most):
    """Against networkx: all within a number of links, the nearest first."""
    rng = np.random.default_rng(seed)
    sites = sorted({(int(y), int(x)) for y, x in rng.integers(10, 17, (segments, 2))})
    pairs = [(a, b) for a in sites for b in sites if a < b and max(map(abs, np.subtract(a, b))) == 1]
    network = nx.Graph([pair for pair in pairs if rng.random() < 0.5])
    network.add_nodes_from(sites)
    links = np.zeros((40, 40), np.uint8)
    for (y, x), (v, u) in network.edges:
        living.link(y, x, DIRECTION[v - y, u - x], links)
    kin = np.empty(anastomosis.MOST_KIN, np.int64)
    n = anastomosis.kin_of(*sites[0], most, links, kin)
    lengths = nx.single_source_shortest_path_length(network, sites[0], cutoff=most)
    found = [divmod(int(site), 40) for site in kin[:n]]
    assert set(found) == set(lengths) and len(found) == len(lengths)
    assert [lengths[site] for site in found] == sorted(lengths.values())


def partner(tip, others, own=(), reach=3.0, words=range(4)):
    """The directions in which a tip sees a partner, by name; None where it sees none."""
    vessel = np.full((20 + 2 * PAD, 20 + 2 * PAD), -1)
    for y, x in [tip, *own, *others]:
        vessel[y + PAD, x + PAD] = 1
    layers = tissue("minimal").layers._replace(vessel=vessel.astype(np.int32))
    kin = np.array([y * 20 + x for y, x in (tip, *own)])
    names = {-1: None, **{d: name for name, d in AT.items()}}
    return {names[anastomosis.partner_from(*tip, reach, np.uint32(w), kin, kin.size, layers)] for w in words}


def test_a_tip_makes_for_the_nearest_segment_that_is_not_its_own():
    assert partner((10, 10), [(10, 13)]) == {"E"}
    assert partner((10, 10), [(8, 12), (10, 7)]) == {"NE"}
    assert partner((10, 10), [(10, 14)]) == {None}  # out of reach
    assert partner((10, 10), [(12, 10), (8, 10)]) == {"N", "S"}  # chance decides between equals
    assert partner((10, 10), [], own=[(10, 9), (9, 9)]) == {None}
    assert partner((10, 10), [(10, 7)], own=[(10, 9)]) == {None}  # its own sprout is in the way
    assert partner((0, 0), [(0, 2)]) == {"E"}  # at the wall of the patch


@pytest.mark.parametrize("seed", range(4))
def test_a_sprout_closes_no_loop_on_its_own_stem(seed):
    """Tips that nothing guides wind for four days; what they close has at least the length of the least loop."""
    t = tissue("minimal", start={"densities": {}, "capillaries": "0 /mm²", "tumor": []}, seed=seed)
    for y in range(8, 36, 6):
        root, tip = t.spawn("endothelial", y, 18), t.spawn("endothelial", y, 19)
        t.vessels.root[y, 18] = t.vessels.tip[y, 19] = True
        living.link(y, 18, AT["E"], t.vessels.links)
        for behavior, value in (("sprouting", 0.0), ("regression", 0.0), ("tip_speed", 15.0)):
            t.cells.value[[root, tip], t.biology.slot("endothelial", behavior)] = value
    least = load("minimal").catalogue.processes["vessels"]["least_loop"].value / t.spacing
    for step in range(48):
        t.clock.step = step
        t.run("remodel")
    places = [tuple(site) for site in np.argwhere(t.vessels.links > 0).tolist()]
    pairs = [
        ((y, x), (y + dy, x + dx))
        for y, x in places for (dy, dx), d in DIRECTION.items() if t.vessels.links[y, x] >> d & 1
    ]  # fmt: skip
    assert t.counters["joins"] > 0
    assert all(len(loop) > least for loop in nx.minimum_cycle_basis(nx.Graph(pairs)))


def test_new_vessels_that_join_carry_blood():
    """Half of the joins are of an artery and a vein."""
    found = [angiogenic(seed, 8) for seed in range(3)]
    assert all(t.counters["joins"] > 0 for t in found)
    assert sum((t.vessels.perfused & ~t.vessels.root).sum() for t in found) > 0


def test_links_are_mutual_and_join_segments():
    t = angiogenic(days=8)
    links = t.vessels.links
    held = t.layers.vessel[PAD:-PAD, PAD:-PAD] >= 0
    assert (links[~held] == 0).all()
    for y, x in np.argwhere(links > 0):
        for d in range(8):
            if links[y, x] >> d & 1:
                v, u = y + sprouting.ALONG_Y[d], x + sprouting.ALONG_X[d]
                assert held[v, u] and links[v, u] >> ((d + 4) & 7) & 1


@pytest.mark.parametrize("name", ["root", "tip"])
def test_marks_stand_on_segments(name):
    t = angiogenic(days=8)
    held = t.layers.vessel[PAD:-PAD, PAD:-PAD] >= 0
    assert not (getattr(t.vessels, name) & ~held).any()
