"""Bone: each arrow of the vicious cycle by itself, and the cycle as a whole."""

import numpy as np
import pytest
from tissues import OneTissue, count, rows_of, scenario

from tmesim.catalogue import catalogue_in, load_catalogue
from tmesim.kernels.arrays import EMPTY, PAD
from tmesim.scenario import load

BARE = {"organ": "bone", "tumor": [], "densities": {"osteoblast": "60 /mm²", "osteoclast": "60 /mm²"}}


def marrow(seed=1, **parts):
    """A patch of marrow without a tumor, which need not know of any."""
    return OneTissue(scenario("minimal", start=BARE, **parts), seed=seed)


def sensed(t, cell, behavior, **levels):
    """What a behavior of all cells of a type comes to where fields are held at levels, in the mean."""
    for name, level in levels.items():
        t.fields[name][:] = level
    t.run("sense")
    return float(t.cells.value[rows_of(t, cell), t.biology.slot(cell, behavior)].mean())


def bone_of(t):
    """The sites that bone fills, with a rim of one site of nothing, (ny + 2, nx + 2) bool."""
    return np.pad((t.bodies >> 8) - 1 == t.biology.code("bone_matrix"), 1)


def touching(t, rows):
    """How many of its own and its 8 neighbor sites are bone, for each of some cells."""
    bone = bone_of(t)
    return np.array([bone[t.cells.y[r] : t.cells.y[r] + 3, t.cells.x[r] : t.cells.x[r] + 3].sum() for r in rows])


def free_sites(t):
    return np.argwhere(t.layers.tissue[PAD:-PAD, PAD:-PAD] == EMPTY).tolist()


@pytest.mark.parametrize(
    ("cell", "behavior", "field", "low", "high", "sign"),
    [
        ("osteoblast", "secretion.rankl", "pthrp", 0, 400, 1),
        ("osteoblast", "secretion.rankl", "il6", 0, 80, 1),
        ("osteoblast", "secretion.rankl", "estrogen", 0, 20, -1),
        ("osteoblast", "secretion.opg", "estrogen", 0, 20, 1),
        ("osteoblast", "secretion.opg", "pthrp", 0, 400, -1),
        ("osteoclast", "division", "rankl", 100, 1000, 1),
        ("osteoclast", "division", "opg", 0, 200, -1),
    ],
)
def test_each_arrow_among_bone_cells_points_its_way(cell, behavior, field, low, high, sign):
    t = marrow()
    rest = {"rankl": 150.0, "opg": 100.0, "pthrp": 0.0, "il6": 1.0, "estrogen": 20.0}
    less, more = (sensed(t, cell, behavior, **(rest | {field: float(level)})) for level in (low, high))
    assert (more - less) * sign > 0.1 * max(less, more)


@pytest.mark.parametrize(
    ("behavior", "field", "sign"),
    [("secretion.pthrp", "tgfb", 1), ("division", "igf1", 1), ("apoptosis", "igf1", -1)],
)
def test_what_bone_frees_acts_on_tumor_cells(behavior, field, sign):
    t = marrow()
    t.spawn("tumor", *free_sites(t)[0])
    rest = {"oxygen": 40.0, "tgfb": 0.0, "igf1": 0.0}
    less, more = (sensed(t, "tumor", behavior, **(rest | {field: level})) for level in (0.0, 100.0))
    assert (more - less) * sign > 0.1 * max(less, more)


def test_without_rankl_no_osteoclast_forms():
    assert sensed(marrow(), "osteoclast", "division", rankl=0.0, il6=200.0) == 0


@pytest.mark.parametrize("factor", ["tgfb", "igf1", "cxcl12"])
def test_an_osteoclast_frees_factors_beside_bone_and_nowhere_else(factor):
    t = marrow()
    t.run("sense")
    rows = rows_of(t, "osteoclast")
    freed, bone = t.cells.value[rows, t.biology.slot("osteoclast", f"secretion.{factor}")], touching(t, rows)
    assert (bone > 0).any() and (bone == 0).any()
    assert (freed[bone > 0] > 0).all() and (freed[bone == 0] == 0).all()


def test_osteoclasts_resorb_the_bone_they_touch():
    t = marrow()
    bone, slot = rows_of(t, "bone_matrix"), t.biology.slot("bone_matrix", "clearance")
    names = t.cells.id[bone].tolist()
    t.run("sense")
    before = t.cells.value[bone, slot].copy()
    edge = bone_of(t)
    for y, x in free_sites(t):
        if edge[y : y + 3, x : x + 3].any():
            t.spawn("osteoclast", y, x)
    t.run("sense")
    after = np.array([t.cells.value[t.row_of(name), slot] for name in names])
    assert (after >= before).all() and np.median(after) > np.median(before) + 0.01


def test_a_tissue_without_bone_does_not_know_of_its_factors():
    fields = set(OneTissue(load("minimal"), seed=1, types=load("minimal").reached).biology.fields)
    assert fields.isdisjoint({"rankl", "opg", "pthrp", "igf1", "estrogen"}) and {"oxygen", "tgfb"} <= fields
    assert {"rankl", "opg", "igf1", "estrogen"} <= set(catalogue_in("bone", "mouse").fields)


def test_menopause_lets_osteoclasts_form_in_marrow_without_a_tumor():
    """A tenth of the estrogen: by what fields and cells come to within two days, without a death or a birth."""
    rates = {}
    for name, level in (("fertile", {}), ("menopause", {"fields.estrogen.vessel.level": "x0.05"})):
        t = marrow(set=level)
        for _ in range(6):
            t.run("sense", "diffuse")
        rates[name] = sensed(t, "osteoclast", "division")
    assert rates["menopause"] > 1.3 * rates["fertile"] > 0


def test_resting_marrow_forms_about_as_many_osteoclasts_as_die():
    t = OneTissue(scenario("minimal", start={"organ": "bone", "tumor": []}, tissue={"size": ["900 µm"] * 2}), seed=2)
    for _ in range(6):
        t.run("sense", "diffuse")
    death = load_catalogue().number("cells.osteoclast.behaviors.apoptosis").at("mouse")
    assert 0.5 * death < sensed(t, "osteoclast", "division") < 2 * death


@pytest.mark.slow
@pytest.mark.parametrize(("arm", "sign"), [("without_rankl", -1), ("menopause", 1)])
def test_the_cycle_turns_faster_with_more_rankl_and_stands_without_it(arm, sign):
    """Osteoclasts up, bone down, in marrow with a lesion over three weeks; five seeds, paired."""
    made = load("bone_cycle")
    gained, lost = [], []
    for seed in range(5):
        ends = {}
        for name in (made.reference, arm):
            t = OneTissue(made, seed=seed, arm=name)
            for _ in range(round(21 * 24 / t.dt)):
                t.step()
            ends[name] = count(t, "osteoclast"), count(t, "bone_matrix")
        gained.append(ends[arm][0] - ends[made.reference][0])
        lost.append(ends[made.reference][1] - ends[arm][1])
    assert sign * np.mean(gained) > 5 and sum(sign * g > 0 for g in gained) >= 4
    assert sign * np.mean(lost) > 0
