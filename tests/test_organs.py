"""Organs: their files; tumor cells that are injected, held in capillaries and come out; lesions that they found."""

import json
import math
import re

import networkx as nx
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tissues import OneTissue, rows_of, scenario
from typer.testing import CliRunner

import tmesim
from tmesim.body import Body
from tmesim.body.seeding import arriving, held, sampled
from tmesim.catalogue import BREAST, HOSTS, catalogue_in, load_catalogue, organ_named, organs
from tmesim.catalogue.organs import read_organ
from tmesim.cli import app
from tmesim.kernels.arrays import EMPTY, PAD
from tmesim.observables.spread import GAP_UM, group_sizes
from tmesim.organ_totals import poisson_interval, totals
from tmesim.reading import InputError, parse
from tmesim.scenario import load, read_text
from tmesim.section import Section

SOUND = """\
label: x
blood_share: {value: 0.1, unit: "1", source: "assumed: a test"}
volume: {value: 1, unit: mL, source: "assumed: a test"}
arrest: {value: 0.5, unit: "1", source: "assumed: a test"}
start:
  densities: {fibroblast: {value: 100, unit: /mm², source: "assumed: a test"}}
  capillaries: {value: 100, unit: /mm², source: "assumed: a test"}
  ecm: {value: 0.1, unit: "1", source: "assumed: a test"}
"""


# Files


@pytest.mark.parametrize("species", HOSTS)
def test_each_organ_has_room_for_its_tissue_in_each_species(species):
    for name in [organ for organ in organs() if organ != BREAST]:
        text = IN_LUNG.replace("host: mouse", f"host: {species}").replace(", densities: {ctl: 50 /mm²}", "")
        made = read_text(text.replace("organ: lung", f"organ: {name}"))
        assert made.start.organ == name and made.start.densities
        assert made.catalogue.hash == catalogue_in(name, species).hash


def test_each_number_of_an_organ_has_a_source_and_lies_in_its_range():
    for name, organ in organs().items():
        for place, number in organ.numbers():
            assert number.source, (name, place)
            for species in number.hosts:
                span = number.range_at(species)
                assert span is None or span[0] <= number.at(species) <= span[1], (name, place)


def test_the_numbers_of_an_organ_hold_in_it_alone():
    lung, plain = catalogue_in("lung", "mouse"), load_catalogue()
    for path, number in organ_named("lung").set.items():
        assert lung.number(path).at("mouse") == pytest.approx(number.at("mouse")), path
    assert catalogue_in(BREAST, "mouse") is plain and catalogue_in("lung", "mouse").hash != plain.hash


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        ("value: 0.5, unit: \"1\"", "value: 1.5, unit: \"1\"", "x.yaml:4: arrest: expected a number from 0 to 1"),
        ("value: 1, unit: mL", "value: 1, unit: mm", "x.yaml:3: volume: expected a unit such as mL, got 'mm'"),
        ("densities: {fibroblast", "densities: {fibroblst", "there is no cell type 'fibroblst'. Did you mean"),
        (', source: "assumed: a test"}\nvolume', "}\nvolume", "x.yaml:2: blood_share: has no source"),
        ("label: x\n", "label: x\nreceives: nowhere\n", "x.yaml:2: receives"),
        ("blood_share:", "blood_sahre:", "x.yaml:2: blood_sahre: unknown key. Did you mean 'blood_share'"),
        ("blood_share:", "blood_sahre:", "x.yaml:1: blood_share: is missing"),
        ("share: {value: 0.1", "share: {value: 1.1", "x.yaml:2: blood_share: expected a number from 0 to 1, got 1.1"),
    ],
)  # fmt: skip
def test_a_mistake_in_an_organ_is_named_with_its_line(old, new, words):
    assert read_organ(parse(SOUND, "x.yaml"))[1] == []
    assert old in SOUND
    found = [str(problem) for problem in read_organ(parse(SOUND.replace(old, new), "x.yaml"))[1]]
    assert any(words in problem for problem in found), found


# A start in an organ


IN_LUNG = """\
version: 3
name: away
host: mouse
tissue: {size: [300 µm, 300 µm]}
start: {organ: lung, injection: {route: tail_vein, cells: 1e6}, densities: {ctl: 50 /mm²}}
time: {days: 2}
arms:
  lung: {}
  kidney: {set: {start.organ: kidney}}
"""


def test_a_start_in_an_organ_is_the_organ_at_rest_but_for_what_it_says():
    made = read_text(IN_LUNG)
    rest = organ_named("lung").start
    usual = {cell: number.at("mouse") for cell, number in rest.densities.items()}
    assert dict(made.start.densities) == usual | {"ctl": 50.0}
    assert (made.start.capillaries, made.start.ecm) == (rest.capillaries.at("mouse"), rest.ecm.at("mouse"))
    kidney = made.start_of("kidney")
    assert kidney.organ == "kidney" and kidney.densities["tubule"] > 0 and kidney.densities["ctl"] == 50.0
    assert "alveolus" not in kidney.densities
    level = "fields.oxygen.vessel.level"
    assert made.catalogue_at_start("kidney").number(level).at("mouse") == organ_named("kidney").set[level].at("mouse")


def test_a_start_in_an_organ_is_written_and_read_again():
    made = read_text(IN_LUNG)
    again = load(made.content())
    assert again == made and again.content() == made.content()
    assert "organ" not in load("untreated").content()["start"]


def test_a_factor_in_an_arm_multiplies_what_the_organ_of_the_arm_has():
    level = "fields.oxygen.vessel.level"
    made = read_text(IN_LUNG.replace("start.organ: kidney}", f"start.organ: kidney, {level}: x0.5}}"))
    own = organ_named("kidney").set[level].at("mouse")
    assert made.catalogue_for("kidney").number(level).at("mouse") == own / 2
    assert load(made.content()) == made


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        ("organ: lung", "organ: lungs", "start.organ: there is no organ 'lungs'. Did you mean 'lung'?"),
        ("organ: kidney", "organ: kidny", "there is no organ 'kidny'. Did you mean 'kidney'?"),
        ("route: tail_vein", "route: ear", "start.injection.route"),
        ("cells: 1e6", "cells: 0", "expected a number of cells from 1 to 1e9, got 0"),
        ("organ: lung, ", "", "start.capillaries"),
        ("tail_vein, cells: 1e6", "patch, cells: 40", "40 cells for a patch whose capillaries hold one each"),
        ("arms:\n", "set: {fields.oxygen.vessel.level: x0.5}\narms:\n", "differs among the arms' organs; set it in"),
    ],
)  # fmt: skip
def test_a_mistake_in_a_start_away_from_home_is_named(old, new, words):
    with pytest.raises(InputError, match=re.escape(words)):
        read_text(IN_LUNG.replace(old, new))


# Arrival


def test_what_comes_to_a_patch_is_its_share_of_what_the_organ_holds():
    made = read_text(IN_LUNG)
    shares = held(made.catalogue, "tail_vein", "mouse")
    assert sum(shares.values()) == pytest.approx(1)
    assert shares["lung"] > 0.9 > 100 * shares["kidney"], "all blood of the veins passes the lungs first"
    mean = arriving(made.start, "lung", made.tissue, made.catalogue, "mouse")
    assert mean == pytest.approx(1e6 * shares["lung"] * 0.3**2 * 0.015 * 1e-3 / 0.6)
    assert sampled("lung", made.tissue, "mouse") == pytest.approx(0.3**2 * 0.015 * 1e-3 / 0.6)
    seen = [Body(made, seed=seed).tissue.counters["arrivals"] for seed in range(60)]
    assert abs(np.mean(seen) - mean) < 4 * math.sqrt(mean / 60) and np.var(seen) == pytest.approx(mean, rel=0.7)


def test_held_cells_stand_in_capillaries_with_clone_and_antigens_of_the_start():
    clones = [{"name": "a", "share": 0.5, "antigens": 1}, {"name": "b", "share": 0.5, "antigens": 2}]
    t = OneTissue(scenario("minimal", start={"organ": "lung", "tumor": [], "densities": {}, "clones": clones,
                                             "capillaries": "800 /mm²",
                                             "injection": {"route": "patch", "cells": 40}}), seed=3)  # fmt: skip
    rows = rows_of(t, "arrested")
    assert rows.size == t.counters["arrivals"] > 20
    y, x = t.cells.y[rows], t.cells.x[rows]
    assert t.vessels.root[y, x].all()
    assert {*t.cells.clone[rows].tolist()} == {1, 2} and {*t.cells.antigens[rows, 0].tolist()} == {0b1, 0b11}


def test_injected_cells_bring_the_states_that_the_injection_says_and_no_others_change():
    def held(injection):
        start = {
            "organ": "lung",
            "tumor": [],
            "densities": {},
            "injection": {"route": "patch", "cells": 40} | injection,
        }
        t = OneTissue(scenario("minimal", start=start | {"capillaries": "800 /mm²"}), seed=3)
        rows = rows_of(t, "arrested")
        return {name: t.cells.columns.state[rows, t.biology.states.index(name)] for name in ("emt", "pdl1", "stemness")}

    usual, epithelial = held({}), held({"states": {"emt": 0.1}})
    assert np.mean(usual["emt"]) == pytest.approx(0.5, abs=0.05)
    assert np.mean(epithelial["emt"]) == pytest.approx(0.1, abs=0.03) and np.ptp(epithelial["emt"]) > 0
    assert all(np.array_equal(usual[name], epithelial[name]) for name in ("pdl1", "stemness"))


def test_the_states_of_an_injection_are_set_by_arms_and_come_back_from_a_file():
    made = read_text(IN_LUNG.replace("start.organ: kidney}", "start.organ: kidney, start.injection.states.emt: 0.9}"))
    assert made.start_of("kidney").injection.states == {"emt": 0.9} and not made.start_of("lung").injection.states
    assert load(made.content()) == made
    assert "states" not in read_text(IN_LUNG).content()["start"]["injection"]


@pytest.mark.parametrize(
    ("states", "words"),
    [
        ("{ent: 0.1}", "there is no state 'ent' of the cells that capillaries hold. Did you mean 'emt'?"),
        ("{stemness: 0.9}", "follows from the share of stem-like cells"),
        ("{emt: 2}", "must not be above 1"),
    ],
)
def test_states_that_no_injected_cell_can_bring_are_refused(states, words):
    with pytest.raises(InputError, match=re.escape(words)) as caught:
        read_text(IN_LUNG.replace("cells: 1e6}", f"cells: 1e6, states: {states}}}"))
    assert caught.value.problems[0].path.startswith("start.injection.states.") and caught.value.problems[0].line == 5


def alone(cells=60, **numbers):
    """Cells held in an empty tissue, which nobody kills and which change in nothing."""
    quiet = {"cells.arrested.behaviors.apoptosis": "0 1/h"} | numbers
    off = [name for name, rule in load_catalogue().rules.items() if "arrested" in rule.cell]
    off += ["low_oxygen_induces_hypoxia_response"]
    start = {"tumor": [], "densities": {}, "capillaries": "900 /mm²", "injection": {"route": "patch", "cells": cells}}
    return OneTissue(scenario("minimal", start=start, set=quiet, off=off), seed=5)


def test_held_cells_come_out_at_their_rate_as_themselves():
    t = alone(**{"cells.tumor.behaviors.division": "0 1/h", "cells.tumor.behaviors.apoptosis": "0 1/h"})
    came = rows_of(t, "arrested")
    before = {int(t.cells.id[r]): (int(t.cells.clone[r]), t.cells.antigens[r].tolist()) for r in came}
    rate, hours = load_catalogue().number("cells.arrested.behaviors.extravasation").at("mouse"), 24
    for _ in range(round(hours / t.dt)):
        t.step()
    out = rows_of(t, "tumor")
    share = out.size / came.size
    expected = 1 - math.exp(-rate * hours)
    assert abs(share - expected) < 3 * math.sqrt(expected * (1 - expected) / came.size)
    assert out.size == t.counters["extravasations"] and rows_of(t, "arrested").size == came.size - out.size
    after = {int(t.cells.id[r]): (int(t.cells.clone[r]), t.cells.antigens[r].tolist()) for r in out}
    assert after.items() <= before.items()


def test_a_cell_without_room_waits():
    t = alone(**{"cells.arrested.behaviors.extravasation": "10 1/h"})
    for y, x in np.argwhere(t.layers.tissue[PAD:-PAD, PAD:-PAD] == EMPTY).tolist():
        t.spawn("basement_membrane", y, x)
    for step in range(5):
        t.clock.step = step
        t.run("sense", "extravasate")
    assert t.counters["extravasations"] == 0 < t.counters["extravasations.waited"]
    assert rows_of(t, "arrested").size == t.counters["arrivals"]


def test_a_tissue_without_an_injection_does_not_know_of_held_cells():
    assert "arrested" not in load("untreated").reached and "arrested" in read_text(IN_LUNG).reached


@pytest.mark.parametrize(("organ", "friend"), [("lung", "lung_fibroblast"), ("brain", "microglia")])
def test_a_soil_spares_tumor_cells_beside_its_own_cells(organ, friend):
    """By a tenth of their deaths at least, against a cell of the same tissue that is not beside them."""
    start = {"organ": organ, "tumor": [], "densities": {friend: "0 /mm²"}}
    t = OneTissue(scenario("minimal", start=start), seed=1)
    free = {tuple(site) for site in np.argwhere(t.layers.tissue[PAD:-PAD, PAD:-PAD] == EMPTY).tolist()}
    (y, x), (v, u) = next(
        ((y, x), (v, u))
        for y, x in sorted(free)
        for v, u in sorted(free)
        if max(abs(v - y), abs(u - x)) > 4 and (y, x + 1) in free
    )
    near, far = t.spawn("tumor", y, x), t.spawn("tumor", v, u)
    names = [int(t.cells.id[row]) for row in (near, far)]
    t.spawn(friend, y, x + 1)
    t.run("sense")
    slot = t.biology.slot("tumor", "apoptosis")
    beside, without = (float(t.cells.value[t.row_of(name), slot]) for name in names)
    assert beside < 0.9 * without


# Lesions


@settings(max_examples=60, deadline=None)
@given(st.integers(0, 2**32 - 1), st.integers(0, 80))
def test_groups_of_tumor_cells_are_those_of_a_graph(seed, number):
    rng = np.random.default_rng(seed)
    places = sorted({(int(y), int(x)) for y, x in rng.integers(0, 30, (number, 2))})
    y, x = (np.array([place[axis] for place in places], int) for axis in (0, 1))
    cells = {"type": np.zeros(len(places), np.uint8), "y": y, "x": x}
    section = Section(("tumor",), cells, {}, (30, 30), 15.0, 0.0)
    reach = round(GAP_UM / 15)
    network = nx.Graph()
    network.add_nodes_from(places)
    network.add_edges_from(
        (a, b) for a in places for b in places if a < b and max(abs(a[0] - b[0]), abs(a[1] - b[1])) <= reach
    )
    expected = sorted((len(group) for group in nx.connected_components(network)), reverse=True)
    assert group_sizes(section).tolist() == expected


# Whole organs


@pytest.mark.parametrize(("found", "low", "high"), [(0, 0, 3.689), (1, 0.02532, 5.572), (10, 4.795, 18.39)])
def test_the_interval_of_a_count_is_the_published_one(found, low, high):
    assert poisson_interval(found) == pytest.approx((low, high), rel=1e-3)


def test_what_an_organ_holds_is_what_its_patches_hold_over_their_share(tmp_path):
    made = read_text(IN_LUNG.replace("arms:", "replicates: 3\narms:"))
    result = tmesim.run(made, out=tmp_path / "r", figures=False, quiet=True, workers=1)
    found = {(row.arm, row.count): row for row in totals(result)}
    row = found["lung", "arrivals"]
    assert row.found == result.series("arrivals", "lung")[1][:, -1].sum() and row.patches == 3
    assert row.share == pytest.approx(3 * sampled("lung", made.tissue, "mouse"))
    assert row.organ == pytest.approx(row.found / row.share) and row.low < row.organ < row.high
    assert row.low < 1e6 * held(made.catalogue, "tail_vein", "mouse")["lung"] < row.high
    assert found["kidney", "arrivals"].expected < 0.1 and found["kidney", "lesions"].low == 0
    told = result_rows(tmp_path / "r")
    assert [row["arm"] for row in told] == ["lung"] * 3 + ["kidney"] * 3


def result_rows(folder):
    done = CliRunner().invoke(app, ["organs", str(folder), "--json"])
    assert done.exit_code == 0, done.output
    return json.loads(done.output)


def test_a_run_without_an_injection_has_no_such_table(tmp_path):
    text = IN_LUNG.replace("injection: {route: tail_vein, cells: 1e6}, ", "")
    tmesim.run(read_text(text), out=tmp_path / "r", figures=False, quiet=True, workers=1, replicates=1, days=0.25)
    done = CliRunner().invoke(app, ["organs", str(tmp_path / "r")])
    assert done.exit_code == 2
