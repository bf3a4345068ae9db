"""A host tissue that is full: bodies of several sites, sorting, ducts and fibers."""

import numpy as np
import pytest
from tissues import OneTissue, bare, check_layers, count, rows_of, scenario, shuffle_rows, tissue, tumor

from tmesim.body import Body
from tmesim.kernels import act, bodies, living
from tmesim.kernels.arrays import COVERED, EMPTY, PAD
from tmesim.kernels.lattice import rings
from tmesim.observables import OBSERVABLES
from tmesim.reading import InputError
from tmesim.scenario import load, read_text
from tmesim.section import Section

FAT = {
    "label": "fat", "agent": "Adipocyte", "layer": "tissue", "color": "#FEEAB2", "static": True,
    "extent": "60 µm", "behaviors": {"apoptosis": "0 1/h"}, "events": [{"behavior": "apoptosis", "does": "die"}],
}  # fmt: skip
TOUCHED = {
    "cell": "fat", "signal": "contact.tumor", "effect": "increases", "behavior": "apoptosis", "limit": "1 1/h",
    "half_max": 4, "power": 1, "evidence": "assumed: test",
}  # fmt: skip
PAD_OF_FAT = """
name: pad
host: mouse
question: Is the fat pad full?
tissue: {{size: [900 µm, 900 µm], spacing: {spacing} µm}}
start:
  tumor: {{radius: 120 µm, fill: 0.9}}
  densities: {{adipocyte: 420 /mm², fibroblast: 300 /mm²}}
  capillaries: 120 /mm²
  ecm: 0.2
time: {{days: 1}}
arms: {{untreated: {{}}}}
"""


def pad(spacing=15, seed=1):
    return OneTissue(read_text(PAD_OF_FAT.format(spacing=spacing)), seed=seed)


def fat_alone(**parts):
    """A body on a lattice of 32² sites, with tumor cells that do nothing."""
    t = bare({"tumor": tumor(), "fat": FAT}, sites=32, **parts)
    return t, t.spawn("fat", 16, 16)


# Bodies


@pytest.mark.parametrize("spacing", [12, 15, 18, 20])
def test_a_fat_pad_is_full_on_any_lattice(spacing):
    t = pad(spacing)
    section = Section.of(t)
    away = np.hypot(*((np.indices(t.shape) + 0.5) * spacing - 450)) > 120
    held = section.bodies > 0
    assert not (held & ~away).any()
    assert 0.75 < held[away].mean() < 0.86
    host = away.sum() * section.site_mm2
    assert section.count("adipocyte") / host == pytest.approx(420, rel=0.06)
    assert section.count("fibroblast") / host == pytest.approx(300, rel=0.15)
    small = (t.cells.extent[rows_of(t, "adipocyte")] == 0).sum()
    assert section.area("adipocyte") == held.sum() + small
    check_layers(t)


def test_sizes_are_drawn_about_the_one_that_is_stated():
    """Of bodies that nothing bounds, the mean diameter of a disk of their area is the extent of the catalogue."""
    laid = bodies_of(density=30.0, spread=0.2)
    area = np.bincount(laid)[1:] * 10.0**2
    diameter = 2 * np.sqrt(area[area > 0] / np.pi)
    assert diameter.mean() == pytest.approx(60, rel=0.03)
    assert diameter.std() / diameter.mean() == pytest.approx(0.2, rel=0.25)


def bodies_of(density, spread, sites=200, spacing=10.0):
    """The number of the body at each site, 0 where there is none, raveled."""
    from tmesim.tissue.bodies import lay

    laid = lay(0, density, 60.0, spread, np.ones((sites, sites), bool), spacing, np.uint64(7)).map
    y, x = np.nonzero(laid)
    ways = laid[y, x] % 256
    anchor = (y + (ways >> 4) - 8) * sites + x + (ways & 15) - 8
    return np.unique(anchor, return_inverse=True)[1] + 1


def test_a_body_senses_its_whole_surface_as_a_cell_of_one_site_does():
    t, row = fat_alone(rules={"touched": TOUCHED})
    own = t.bodies > 0
    near = np.zeros_like(own)
    for y, x in np.argwhere(own):
        near[y - 1 : y + 2, x - 1 : x + 2] = True
    surface = np.argwhere(near & ~own)
    assert 12 <= own.sum() <= 14 and len(surface) > 8  # 60 µm are 12.6 sites of 15 µm
    for y, x in surface:
        t.spawn("tumor", y, x)
    t.run("treat", "sense")
    assert t.cells.value[row, 0] == pytest.approx(8 / (8 + 4), rel=1e-5)
    for y, x in surface[surface[:, 0] < 16]:
        t.kill(t.layers.tissue[y + PAD, x + PAD])
    left = 8 * (surface[:, 0] >= 16).mean()
    t.run("treat", "sense")
    assert t.cells.value[row, 0] == pytest.approx(left / (left + 4), rel=1e-5)


def test_a_cell_beside_a_body_touches_each_of_its_sites():
    """Contacts and packing of a tumor cell at the middle of a flat side: three sites of the eight."""
    rules = {"r": TOUCHED | {"cell": "tumor", "signal": "contact.fat", "behavior": "apoptosis"}}
    t = bare({"tumor": tumor(apoptosis="0 1/h"), "fat": FAT}, sites=32, rules=rules)
    t.spawn("fat", 16, 16)
    held = np.argwhere(t.bodies > 0)
    row = t.spawn("tumor", 16, held[:, 1].max() + 1)
    window = t.bodies[15:18, held[:, 1].max() : held[:, 1].max() + 3] > 0
    t.run("treat", "sense")
    assert t.cells.value[row, 0] == pytest.approx(window.sum() / (window.sum() + 4), rel=1e-5)


def test_what_a_body_leaves_is_free():
    for leave in (lambda t, row: t.kill(row), lambda t, row: t.shrink(row)):
        t, row = fat_alone()
        leave(t, row)
        assert not (t.layers.tissue <= COVERED).any()
        check_layers(t)


def test_a_change_of_type_keeps_one_site():
    t, row = fat_alone()
    living.become(row, t.biology.code("tumor"), t.cells.columns, t.layers)
    assert not (t.layers.tissue <= COVERED).any() and count(t, "tumor") == 1
    check_layers(t)


def test_a_division_does_not_reach_across_static_cells():
    """The plain twin of `open_way`: no site of the line holds a static cell; a mother walled in waits."""
    t = bare({"tumor": tumor(division="1 1/h"), "fat": FAT | {"extent": None}}, sites=32)
    rng = np.random.default_rng(3)
    mother = t.spawn("tumor", 16, 16)
    for y, x in np.argwhere(rng.random((32, 32)) < 0.3):
        if (y, x) != (16, 16):
            t.spawn("fat" if rng.random() < 0.5 else "tumor", y, x)
    static = np.zeros((32, 32), bool)
    static[t.cells.y[rows_of(t, "fat")], t.cells.x[rows_of(t, "fat")]] = True
    for dy in range(-5, 6):
        for dx in range(-5, 6):
            if (dy, dx) == (0, 0):
                continue
            n = max(abs(dy), abs(dx))
            line = [(16 + round(dy * i / n), 16 + round(dx * i / n)) for i in range(1, n)]
            found = act.open_way(16, 16, dy, dx, t.cells.columns, t.layers, t.biology.rules)
            assert found == (not any(static[site] for site in line))
    for y, x in np.argwhere(np.ones((3, 3))) + 15:
        if t.layers.tissue[y + PAD, x + PAD] == EMPTY:
            t.spawn("fat", y, x)
        elif (y, x) != (16, 16):
            t.cells.type[t.layers.tissue[y + PAD, x + PAD]] = t.biology.code("fat")
    offsets, first = rings(5)
    args = (5, offsets, first, np.uint64(5), t.cells.columns, t.layers, t.biology.rules)
    assert act.nearest_open(16, 16, *args) == -1
    assert mother >= 0


def test_a_growing_tumor_shifts_no_fat():
    """Without loss of fat every body stays where it is, while the tumor fills the gaps between."""
    off = {"cells.adipocyte.behaviors.apoptosis": "0 1/h"}
    rules = ["tumor_contact_wastes_adipocytes", "tumor_contact_makes_adipocytes_fibroblasts"]
    text = PAD_OF_FAT.format(spacing=15).replace("arms:", f"set: {off}\noff: {rules}\narms:")
    t = OneTissue(read_text(text), seed=1)
    before = t.bodies
    for _ in range(72):
        t.step()
    assert (t.bodies == before).all() and t.counters["births.tumor"] > 50
    check_layers(t)


def test_bodies_last_through_a_checkpoint_and_any_order_of_rows():
    t = pad()
    for _ in range(24):
        t.step()
    other = t.copy()
    assert (other.bodies == t.bodies).all()
    shuffle_rows(other, 1)
    for _ in range(24):
        t.step()
        other.step()
    check_layers(other)
    one, two = t.state(), other.state()
    assert all(np.array_equal(one[name], two[name]) for name in one if not name.startswith("counters"))


def test_a_section_with_bodies_can_be_put_back():
    from tmesim.tissue.start import put

    t = pad()
    section = Section.read(*Section.of(t).snapshot().packed().values())
    empty = OneTissue(body=Body(t.scenario, seed=1, types=t.body.types, populate=False))
    put(empty.body.tissue, section)
    assert (empty.bodies == t.bodies).all()
    check_layers(empty)


def test_a_body_needs_its_room_and_stays():
    t, row = fat_alone()
    with pytest.raises(ValueError, match="taken"):
        t.spawn("fat", 16, 19)
    with pytest.raises(ValueError, match="do not move"):
        t.move(row, 3, 3)


def test_too_much_fat_is_refused_by_its_area():
    text = PAD_OF_FAT.format(spacing=15)
    with pytest.raises(InputError, match=r"need 1\d\d% of the area of the host tissue: adipocyte"):
        read_text(text.replace("420 /mm²", "560 /mm²"))
    with pytest.raises(InputError, match="cells of 50 µm do not fit"):
        read_text(text.replace("15 µm", "4 µm"))


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"static": False}, "must be static"),
        ({"behaviors": {"speed": "1 µm/min", "apoptosis": "0 1/h"}}, "does not move"),
        ({"layer": "leukocyte"}, "is for cells of the tissue layer"),
    ],
)
def test_what_a_body_cannot_be(change, message):
    with pytest.raises(InputError, match=message):
        scenario(add={"cells": {"fat": FAT | change}})


# The front


@pytest.fixture(scope="module")
def fronts():
    """Ten days of a small fat pad: as it is, without fat, and without sorting."""
    small = load("untreated").content()
    small.pop("catalogue", None)
    box = {"size": ["1050 µm", "1050 µm"], "spacing": "15 µm"}

    def after(densities, days=10):
        start = small["start"] | {"densities": small["start"]["densities"] | densities}
        t = tissue("untreated", start=start, tissue=box)
        for _ in range(days * 24):
            t.step()
        return t

    return {"fat": after({}), "void": after({"adipocyte": "0 /mm²"})}


def test_fat_holds_the_tumor_back(fronts):
    """The ablation: where fat is left out, the host is a void, and the tumor grows into it faster."""
    radius = {name: OBSERVABLES["tumor_radius"](t.body) for name, t in fronts.items()}
    assert radius["void"] > 1.1 * radius["fat"]
    free = {name: (t.layers.tissue == EMPTY).mean() for name, t in fronts.items()}
    assert free["void"] > 4 * free["fat"]


def test_the_front_eats_fat_and_is_lined_by_cafs_and_matrix(fronts):
    t = fronts["fat"]
    assert t.counters["deaths.adipocyte"] > 10 and t.counters["changes.adipocyte.fibroblast"] > 10
    names = ("caf_at_front", "ecm_rim", "ecm_in_tumor", "fiber_tangency")
    read = {name: OBSERVABLES[name](t.body) for name in names}
    assert read["caf_at_front"] > 0.7
    assert read["ecm_rim"] > read["ecm_in_tumor"] + 0.02
    assert read["fiber_tangency"] > 0


def test_resting_fibroblasts_touch_the_tumor_early():
    """Those of the host lie at its edge on the first day, where their rule restrains division, and turn later."""
    t = tissue("untreated")
    section = Section.of(t)
    assert np.count_nonzero(section.rim[section.sites("fibroblast")]) > 20
    assert section.count("caf") == 0


def test_a_host_without_a_tumor_is_steady():
    start = load("untreated").content()["start"] | {"tumor": []}
    t = tissue("untreated", start=start, tissue={"size": ["450 µm", "450 µm"], "spacing": "15 µm"})
    before = {name: count(t, name) for name in ("adipocyte", "fibroblast")}
    for _ in range(60 * 24):
        t.step()
    for name, number in before.items():
        assert count(t, name) == pytest.approx(number, rel=0.3), name


# Sorting


def test_cells_that_sort_come_out_of_a_nest():
    def touched(sorts):
        caf = {"label": "caf", "agent": "Caf", "layer": "tissue", "color": "#872302",
               "behaviors": {"speed": "0.05 µm/min"}} | ({"sorts_from": ["tumor"]} if sorts else {})  # fmt: skip
        t = bare({"tumor": tumor(), "caf": caf}, sites=40)
        rng = np.random.default_rng(1)
        for y, x in np.argwhere(np.hypot(*(np.indices((40, 40)) - 20)) < 8):
            t.spawn("caf" if rng.random() < 0.15 else "tumor", y, x)
        for _ in range(24 * 8):
            t.step()
        check_layers(t)
        nest = np.pad(np.zeros((40, 40)), 1)
        nest[t.cells.y[rows_of(t, "tumor")] + 1, t.cells.x[rows_of(t, "tumor")] + 1] = 1
        at = t.cells.y[rows_of(t, "caf")], t.cells.x[rows_of(t, "caf")]
        return np.mean([nest[y : y + 3, x : x + 3].sum() for y, x in zip(*at, strict=True)])

    assert touched(True) < touched(False) - 1.5


# Ducts


def outside(t, radius=200):
    rows = rows_of(t, "tumor")
    middle = t.shape[0] * t.spacing / 2
    return int((np.hypot(*((at[rows] + 0.5) * t.spacing - middle for at in (t.cells.y, t.cells.x))) > radius).sum())


@pytest.mark.parametrize("breach", [False, True])
def test_a_membrane_holds_the_tumor_until_it_is_breached(breach):
    changes = {"off": ["emt_breaches_basement_membrane"]}
    if breach:  # soon: what counts here is the way out
        changes = {"set": {"rules.emt_breaches_basement_membrane.half_max": 0.1}}
    start = load("in_situ").content()["start"]
    t = tissue("in_situ", start=start, tissue={"size": ["750 µm", "750 µm"], "spacing": "15 µm"},
               **{"set": {}, "off": []} | changes)  # fmt: skip
    ring = count(t, "basement_membrane")
    assert ring > 80 and outside(t) == 0
    for _ in range(10 * 24):
        t.step()
    check_layers(t)
    if breach:
        assert count(t, "basement_membrane") < ring and outside(t) > 0
    else:
        assert count(t, "basement_membrane") == ring and outside(t) == 0


def test_a_duct_must_fit():
    with pytest.raises(InputError, match="a duct of radius 320 µm"):
        scenario(start={"ducts": {"lumen": "320 µm"}, "tumor": []})


# Fibers


def edge(behavior):
    """A half plane of tumor cells, and a column of cells beside it that turn fibers."""
    turner = {"label": "t", "agent": "Turner", "layer": "tissue", "color": "#872302",
              "behaviors": {behavior: "0.2 1/h"}}  # fmt: skip
    t = bare({"tumor": tumor(), "turner": turner}, sites=32)
    for y in range(32):
        for x in range(10):
            t.spawn("tumor", y, x)
        t.spawn("turner", y, 10)
    for _ in range(48):
        t.step()
    return t


@pytest.mark.parametrize(("behavior", "sign"), [("fibers_along", -1), ("fibers_across", 1)])
def test_fibers_turn_along_the_edge_or_across_it(behavior, sign):
    """The edge runs down a column: fibers along it have cos 2θ = −1, those across +1; far away nothing turns."""
    cos = edge(behavior).matrix["fiber_cos"]
    assert (sign * cos[8:24, 9:12] > 0.99).all()
    assert (cos[:, 13:] == 0).all()


@pytest.mark.parametrize("guidance", [0.0, 1.0])
def test_walkers_go_along_fibers_and_cross_few(guidance):
    """T cells in dense matrix with fibers along the rows; without guidance they go both ways alike."""
    t = tissue("minimal", start={"tumor": [], "densities": {"ctl": "150 /mm²"}, "capillaries": "0 /mm²", "ecm": 1.0},
               set={"processes.fibers.guidance": guidance})  # fmt: skip
    t.matrix["fiber_cos"][...] = 1
    before = {int(i): (y, x) for i, y, x in zip(t.cells.id[: t.cells.n], t.cells.y, t.cells.x, strict=False)}
    for _ in range(4):
        t.step()
    moved = np.array([(t.cells.y[r] - before[int(t.cells.id[r])][0], t.cells.x[r] - before[int(t.cells.id[r])][1])
                      for r in t.cells.rows if int(t.cells.id[r]) in before], float)  # fmt: skip
    down, across = (moved**2).mean(0)
    assert across > 5 * down if guidance else 0.4 < across / down < 2.5


def test_the_way_of_a_covered_site_leads_to_its_cell():
    t, row = fat_alone()
    for y, x in np.argwhere(t.bodies > 0):
        assert bodies.row_at(y + PAD, x + PAD, t.layers.tissue) == row
