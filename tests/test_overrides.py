"""The override language: a path and a value mean the same in a file, in an arm, on the command line and in Python."""

import json
import re
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st
from mutations import command
from test_scenario import ADD, ARMS, BASE, same, write
from toys import run

from tmesim import units
from tmesim.catalogue import load_catalogue
from tmesim.model import TumorModel
from tmesim.reading import InputError
from tmesim.scenario import Scenario, limits, load, machine, read_text

DIVISION = "cells.tumor.behaviors.division"
HITS = "processes.leukocytes.hits_needed"
PLAIN = BASE.replace("{fibroblast: 500 /mm²}", "{fibroblast: 500 /mm², treg: 10 /mm²}") + ARMS


def in_file(folder: Path, values: dict) -> Scenario:
    write(folder, "base", PLAIN)
    text = f"name: child\nquestion: q\nextends: base\nset: {json.dumps(values, ensure_ascii=False)}\n"
    return load(write(folder, "child", text))


def on_command_line(folder: Path, values: dict) -> Scenario:
    from tmesim.cli.running import assigned

    write(folder, "base", PLAIN)
    text = [f"{key}={value if isinstance(value, str) else json.dumps(value)}" for key, value in values.items()]
    return load(folder / "base.yaml", set=assigned(text))


def in_python(folder: Path, values: dict) -> Scenario:
    write(folder, "base", PLAIN)
    return load(folder / "base.yaml", set=values)


def later(folder: Path, values: dict) -> Scenario:
    write(folder, "base", PLAIN)
    return load(folder / "base.yaml").with_options(set=values)


def of_a_resolved_scenario(folder: Path, values: dict) -> Scenario:
    write(folder, "base", PLAIN)
    return read_text(load(folder / "base.yaml").to_yaml()).with_options(set=values)


WAYS = [in_file, on_command_line, in_python, later, of_a_resolved_scenario]


def refused(make, *given, **options) -> list[str]:
    with pytest.raises(InputError) as caught:
        make(*given, **options)
    return str(caught.value).splitlines()


# -- one language


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize(
    ("values", "look", "due"),
    [
        ({DIVISION: "0.05 1/h"}, lambda s: s.catalogue.number(DIVISION).at("mouse"), 0.05),
        ({DIVISION: "x2"}, lambda s: s.catalogue.number(DIVISION).at("mouse"), None),
        ({HITS: 4}, lambda s: s.catalogue.number(HITS).at("mouse"), 4),
        ({"start.ecm": 0.5}, lambda s: s.start.ecm, 0.5),
        ({"start.ecm": "×0.5"}, lambda s: s.start.ecm, 0.1),
        ({"start.ecm": "x 2.0"}, lambda s: s.start.ecm, 0.4),
        ({"start.densities.treg": "x2"}, lambda s: s.start.densities["treg"], 20),
        ({"start.densities.caf": "50 /mm²"}, lambda s: s.start.densities["caf"], 50),
        ({"start.tumor.radius": "90 µm"}, lambda s: s.start.tumor[0].radius_um, 90),
        ({"start.tumor.0.radius": "90 µm"}, lambda s: s.start.tumor[0].radius_um, 90),
        ({"start.tumor[0].radius": "x0.5"}, lambda s: s.start.tumor[0].radius_um, 50),
        ({"start.tumor": {"radius": "45 µm"}}, lambda s: s.start.tumor[0].radius_um, 45),
        ({"start.tumor.at": ["150 µm", "150 µm"]}, lambda s: s.start.tumor[0].at_um, (150, 150)),
        ({"tissue.size": ["0.9 mm", "600 µm"]}, lambda s: s.tissue.shape, (40, 60)),
        ({"tissue.size": ["0.9 mm", "600 µm"]}, lambda s: s.start.tumor[0].at_um, (450, 300)),
        ({"tissue.size": "x2"}, lambda s: s.tissue.shape, (60, 80)),
        ({"tissue.spacing": "x2"}, lambda s: s.tissue.shape, (15, 20)),
        ({"time.days": 2}, lambda s: (s.time.days, s.time.snapshots_h), (2, (0, 48))),
        ({"time.days": "x0.5"}, lambda s: (s.time.days, s.time.snapshots_h), (2, (0, 48))),
        ({"time.days": "48 h", "time.snapshots": ["0 d", "1 d"]}, lambda s: s.time.snapshots_h, (0, 24)),
        ({"replicates": 3}, lambda s: s.replicates, 3),
        ({"replicates": "x2"}, lambda s: s.replicates, 12),
        ({"off": ["tgfb_drives_emt"]}, lambda s: s.off, ("tgfb_drives_emt",)),
        ({"arms.treated.set.start.ecm": "x2"}, lambda s: s.start_of("treated").ecm, 0.4),
        ({f"arms.treated.set.{DIVISION}": "0.05 1/h"}, lambda s: s.arms["treated"].set, {DIVISION: "0.05 1/h"}),
        ({"arms.treated.therapies.0.dose": "3 mg/kg"}, lambda s: s.arms["treated"].therapies[0].dose, 3),
    ],
    ids=lambda value: "" if callable(value) else str(value),
)  # fmt: skip
def test_a_path_and_a_value_mean_the_same_everywhere(way, values, look, due, tmp_path):
    made = way(tmp_path, values)
    if due is None:
        due = 2 * load_catalogue().number(DIVISION).at("mouse")
    assert look(made) == due
    again = read_text(made.to_yaml())
    assert same(made, again)
    assert again.hash == made.hash


def test_every_way_gives_the_same_scenario(tmp_path):
    values = {DIVISION: "x2", "start.densities.caf": "50 /mm²", "tissue.size": ["0.9 mm", "600 µm"], "time.days": 2}
    made = [way(tmp_path, values) for way in (on_command_line, in_python, later)]
    assert len({m.hash for m in made}) == 1
    named = load(tmp_path / "base.yaml", set=values)
    child = in_file(tmp_path, values)
    assert named.to_yaml().replace("name: base", "name: child") == child.to_yaml()


def test_clones_are_set_by_index():
    text = PLAIN.replace("ecm: 0.2", "ecm: 0.2\n  clones: [{name: a, share: 0.5}, {name: b, share: 0.5}]")
    made = read_text(text).with_options(set={"start.clones.0.share": 0.25, "start.clones[1].share": 0.75})
    assert [clone.share for clone in made.start.clones] == [0.25, 0.75]
    made = read_text(text).with_options(set={"start.clones.0.multipliers.division": 2})
    assert made.start.clones[0].multipliers == {"division": 2}


def test_factors_multiply_what_each_earlier_overlay_left(tmp_path):
    text = f"set: {{{DIVISION}: 0.01 1/h, start.ecm: x0.5, start.densities.treg: x3}}\n"
    write(tmp_path, "base", PLAIN + text)
    arms = f"arms: {{u: {{}}, more: {{set: {{{DIVISION}: x2, start.densities.treg: x10, start.ecm: ×2}}}}}}\n"
    more = f"set: {{{DIVISION}: x2, start.ecm: x4, start.densities.treg: x2}}\n"
    child = write(tmp_path, "child", f"name: child\nextends: base\n{arms}{more}")
    made = load(child, set={DIVISION: "x1.5", "start.ecm": "x0.5"})
    assert made.catalogue.number(DIVISION).at("mouse") == 0.03
    assert made.start.ecm == 0.2
    assert made.start.densities["treg"] == 60
    assert made.catalogue_for("more").number(DIVISION).at("mouse") == 0.06
    assert made.start_of("more").densities["treg"] == 600
    assert made.start_of("more").ecm == 0.4
    assert same(made, read_text(made.to_yaml()))


def test_factors_of_factors_are_one_factor_of_the_catalogues_number(tmp_path):
    write(tmp_path, "base", PLAIN + f"set: {{{DIVISION}: x2}}\n")
    child = write(tmp_path, "child", f"name: child\nextends: base\nset: {{{DIVISION}: ×3}}\n")
    assert load(child).catalogue.number(DIVISION).at("mouse") == float(
        Fraction(repr(load_catalogue().number(DIVISION).at("mouse"))) * 6
    )


@pytest.mark.parametrize("host", ["mouse", "human"])
def test_a_factor_scales_the_number_of_the_host_and_is_written_as_what_it_gives(host):
    number = load_catalogue().number(DIVISION)
    assert number.at("mouse") != number.at("human")
    made = read_text(PLAIN.replace("mouse", host)).with_options(set={DIVISION: "x2"})
    assert made.catalogue.number(DIVISION).at(host) == 2 * number.at(host)
    assert made.set == {DIVISION: units.show(2 * number.at(host), "1/h")}


def test_a_factor_scales_each_hosts_number_of_a_catalogue():
    before = load_catalogue().number(DIVISION)
    changed, problems = load_catalogue().with_numbers({DIVISION: "x2"})
    assert not problems
    assert [changed.number(DIVISION).at(h) for h in before.hosts] == [2 * before.at(h) for h in before.hosts]


@pytest.mark.parametrize(
    ("text", "by"),
    [("x2", 2), ("×2", 2), (" x 0.5 ", Fraction(1, 2)), ("x1e3", 1000), ("x.5", Fraction(1, 2)), ("x0", 0)],
)
def test_a_factor_is_an_x_and_a_number(text, by):
    assert units.factor(text) == by


@pytest.mark.parametrize("text", ["2", "x", "xx2", "x-2", "x2 mm", "/2", "2x", "*2", "x1e9999", "xinf", 2, None, ""])
def test_nothing_else_is_a_factor(text):
    assert units.factor(text) is None


@given(st.floats(1e-12, 1e12), st.sampled_from(["", " 1/h", " mm", " /mm²"]), st.floats(1e-6, 1e6))
def test_a_scaled_quantity_is_rounded_once(value, unit, by):
    exact = Fraction(repr(value)) * Fraction(repr(by))
    found = units.scaled(f"{value!r}{unit}", Fraction(repr(by)))
    assert units.split(found) == units.split(units.show(float(exact), unit.strip()))


# -- what cannot be set


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize(
    ("values", "words"),
    [
        ({"start.emc": 1}, "unknown key. Did you mean 'ecm'?"),
        ({"stat.ecm": 1}, "there is no 'stat' to set. Did you mean 'start'?"),
        ({"strat": 1}, "unknown key. Did you mean 'start'?"),
        ({"name": "x"}, "'name' is no setting. Known: host, tissue, start"),
        ({"extends": "untreated"}, "'extends' is no setting"),
        ({"question": "?"}, "'question' is no setting"),
        ({"catalogue": "x"}, "'catalogue' is no setting"),
        ({"add.cells": {}}, "'add' is no setting"),
        ({"set": {}}, "'set' is no setting"),
        ({"start.densities.treg.x": 2}, "'treg' has no parts that could be set"),
        ({"start.densities.caf": "x2"}, "'start.densities.caf' has no value that could be multiplied"),
        ({"start.clones.5.share": "x2"}, "to set"),
        ({"host": "x2"}, "cannot be multiplied"),
        ({"start": "x2"}, "cannot be multiplied"),
        ({"cells.tumor.behaviors.divison": "x2"}, f"Did you mean '{DIVISION}'?"),
        ({DIVISION: "x1e300"}, "must not be above 1000000 1/h"),
        ({DIVISION: "xx2"}, "'xx2' does not start with a number"),
        ({"processes.priming.clonotypes": "x1.1"}, "expected a whole number"),
        ({"start.ecm": "x9"}, "must not be above 1"),
        ({"start.densities.nkk": "5 /mm²"}, "there is no cell type 'nkk'"),
        ({"start.tumor.3.radius": "9 µm"}, "there is no '3' to set"),
        ({"start.tumor.0.radius": "9 µm", "start.tumor[0].radius": "9 µm"}, "twice"),
        ({"start.tumor.radius": "9 µm", "start.tumor.0.radius": "9 µm"}, "sets the same as 'start.tumor"),
    ],
    ids=str,
)
def test_what_cannot_be_set_is_named_with_what_can(way, values, words, tmp_path):
    if "twice" in words:
        words = "the same as" if way is not in_file else "is set twice"
    found = refused(way, tmp_path, values)
    assert len(found) == 1, found
    assert words in found[0]
    assert found[0].startswith(f"{tmp_path}/child.yaml:4: " if way is in_file else "--set ")


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["--set", ""], "--set: expected KEY=VALUE, got ''"),
        (["--set", "name="], "--set: expected KEY=VALUE, got 'name='"),
        (["--set", "=1"], "--set: expected KEY=VALUE, got '=1'"),
        (["--set", "start.ecm=0.1", "--set", "start.ecm=0.2"], "--set start.ecm: is given twice"),
        (["--set", "extends=x"], "--set extends: 'extends' is no setting"),
        (["--set", "tissue.size=[600 µm, 600 µm"], "--set tissue.size: is not YAML"),
        (["--set", "tissue.size=[600 µm]"], "--set tissue.size"),
        (["--set", "tissue.size={a: 1, a: 2}"], "--set tissue.size: the key is given twice"),
        (["--set", f"seed={'9' * 5000}"], "--set seed: "),
        (["--arms", ""], "--arms: there is no arm ''. Known: treated, untreated"),
        (["--arms", "treated,"], "--arms: there is no arm ''"),
        (["--days", "1e-12"], "--days: 1e-12 is shorter than the shortest step, 0.001 h"),
    ],
)
def test_nonsense_on_the_command_line_is_refused(arguments, words, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    write(tmp_path, "base", PLAIN)
    code, out, err = command("run", "base.yaml", "--out", "out", *arguments)
    assert (code, out) == (2, "")
    assert len(err.splitlines()) == 1
    assert words in err
    assert {path.name for path in tmp_path.iterdir()} == {"base.yaml"}


def test_every_wrong_option_is_told_with_what_is_wrong_in_the_file(tmp_path):
    write(tmp_path, "base", PLAIN.replace("ecm: 0.2", "ecm: 2"))
    options = {"seed": -1, "arms": ["treeted"], "set": {"start.emc": 1, "nothing.here": 2}}
    assert len(refused(load, tmp_path / "base.yaml", **options)) == 5


# -- arms with a start of their own

SOILS = """\
arms:
  plain: {}
  soil: {set: {start.densities.treg: x2, start.tumor.radius: 50 µm, start.densities.caf: 7 /mm²}}
  both: {set: {start.ecm: 0.3, cells.tumor.behaviors.division: 0.05 1/h}}
  same: {set: {start.ecm: x1}}
"""


def test_an_arm_may_differ_in_its_start():
    made = read_text(PLAIN.replace(ARMS, SOILS))
    assert made.arms["plain"].start is None
    assert made.arms["same"].start is None
    assert made.start_of("plain") is made.start
    soil = made.start_of("soil")
    assert soil.densities == {"fibroblast": 500, "treg": 20, "caf": 7}
    assert list(soil.densities) == [name for name in load_catalogue().cells if name in soil.densities]
    assert (soil.tumor[0].radius_um, soil.tumor[0].fill, soil.ecm) == (50, 0.9, 0.2)
    assert made.start_of("both").ecm == 0.3
    assert made.arms["both"].set == {DIVISION: "0.05 1/h"}
    assert made.start.densities["treg"] == 10
    with pytest.raises(LookupError, match="Known: plain"):
        made.start_of("none")
    again = read_text(made.to_yaml())
    assert same(made, again)
    assert "start.densities.treg: 20 /mm²" in made.to_yaml()


def test_the_start_of_an_arm_is_part_of_the_hash():
    made = read_text(PLAIN.replace(ARMS, SOILS))
    assert made.hash != read_text(PLAIN.replace(ARMS, SOILS.replace("7 /mm²", "8 /mm²"))).hash


def test_the_start_of_an_arm_follows_the_scenarios():
    made = read_text(PLAIN.replace(ARMS, SOILS)).with_options(
        set={"start.densities.treg": "30 /mm²", "tissue.size": ["900 µm", "900 µm"]}
    )
    assert made.start_of("soil").densities["treg"] == 60
    assert made.start_of("soil").tumor[0].at_um == (450, 450)


@pytest.mark.parametrize(
    ("arm", "words"),
    [
        ("{set: {start.ecm: 0.3}, from: 1 d}", "arms.a.from: the start cannot change later: give start.ecm"),
        ("{set: {tissue.spacing: 30 µm}}", "arms.a.set.tissue.spacing: an arm cannot set 'tissue'"),
        ("{set: {time.days: 2}}", "arms.a.set.time.days: an arm cannot set 'time'"),
        ("{set: {host: human}}", "arms.a.set.host: an arm cannot set 'host'"),
        ("{set: {start.ecm: 3}}", "arms.a.set.start.ecm: must not be above 1"),
        ("{set: {start.densities.caf: x2}}", "arms.a.set.start.densities.caf: 'start.densities.caf' has no value that"),
        (
            "{set: {start.densities.cav: 2 /mm²}}",
            "arms.a.set.start.densities.cav: there is no cell type 'cav'. Did you",
        ),
        ("{set: {start.tumor.radius: 1 mm}}", "arms.a.set.start.tumor.radius: a disk of radius 1000 µm"),
        ("{set: {start.emc: 0.3}}", "arms.a.set.start.emc: unknown key. Did you mean 'ecm'?"),
        ("{set: {start.clones.4.share: 1}}", "arms.a.set.start.clones[4].share: there is no 'clones' to set"),
        ("{set: {stat.ecm: 3}}", "arms.a.set.stat.ecm: there is no 'stat' to set. Did you mean 'start'?"),
    ],
)
def test_what_an_arm_cannot_set_is_named_at_its_line(arm, words):
    found = refused(read_text, PLAIN.replace(ARMS, f"arms:\n  u: {{}}\n  a: {arm}\n"), "x.yaml")
    assert len(found) == 1, found
    assert found[0].startswith("x.yaml:13: ")
    assert words in found[0]


def test_an_arm_does_not_repeat_what_is_wrong_with_the_scenarios_start():
    text = PLAIN.replace(ARMS, SOILS).replace("fibroblast: 500", "fibroblst: 500").replace("ecm: 0.2", "ecm: 2")
    assert len(refused(read_text, text)) == 2


# -- short forms


def test_a_scenario_without_a_question_asks_by_its_name():
    assert read_text(PLAIN.replace("question: q\n", "")).question == "base"


def test_a_therapy_may_be_given_by_its_name_alone():
    made = read_text(PLAIN.replace(ARMS, "arms:\n  a: {therapies: [anti_pd_l1, {use: anti_cd25}]}\n"))
    assert [(dose.use, dose.start_h) for dose in made.arms["a"].therapies] == [("anti_pd_l1", 0), ("anti_cd25", 0)]
    found = refused(read_text, PLAIN.replace(ARMS, "arms:\n  a:\n    therapies:\n    - anti_pd_l2\n"), "x.yaml")
    assert re.match(r"x.yaml:14: arms.a.therapies\[0\].use: there is no therapy 'anti_pd_l2'. Did you mean", found[0])
    assert len(found) == 1


# -- another length

LONG = """\
time: {days: 21, snapshots: [0 d, 7 d, 14 d, 21 d]}
arms:
  u: {}
  early: {therapies: [{use: anti_pd_l1, start: 16 d}, {use: anti_cd25, start: 5 d, dose: 3 mg/kg}]}
  late: {set: {cells.tumor.behaviors.division: 0.01 1/h}, from: 15 d}
"""


def _lengths(folder: Path, days: float) -> list[Scenario]:
    base = write(folder, "base", BASE.replace("time: {days: 4}\n", "") + LONG)
    child = write(folder, "child", f"name: base\nquestion: q\nextends: base\ntime: {{days: {days}}}\n")
    more = write(folder, "more", f"name: base\nquestion: q\nextends: base\nset: {{time.days: {days}}}\n")
    return [
        load(child), load(more), load(base, days=days), load(base, set={"time.days": days}),
        load(base).with_options(days=days), load(base).with_options(set={"time.days": f"{days} d"}),
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("days", "snapshots"), [(14, (0, 7, 14)), (10, (0, 7, 10)), (60, (0, 7, 14, 21, 60)), (21, (0, 7, 14, 21))]
)
def test_an_inherited_plan_fits_another_length_and_the_last_day_is_kept(days, snapshots, tmp_path):
    made = _lengths(tmp_path, days)
    assert len({m.hash for m in made}) == 1
    assert made[0].time.snapshots_h == tuple(24.0 * day for day in snapshots)
    assert made[0].time.planned == (21 if days < 21 else None)
    assert [dose.use for dose in made[0].arms["early"].therapies] == ["anti_pd_l1", "anti_cd25"]  # told as never given
    assert made[0].arms["late"].set and read_text(made[0].to_yaml()) == made[0]


def test_what_a_child_itself_plans_beyond_its_end_is_its_own_mistake(tmp_path):
    write(tmp_path, "base", BASE.replace("time: {days: 4}\n", "") + LONG)
    text = "name: c\nextends: base\ntime: {days: 14, snapshots: [20 d]}\n"
    text += "arms:\n  a: {therapies: [{use: anti_cd25, start: 15 d}]}\n"
    found = refused(load, write(tmp_path, "child", text))
    assert len(found) == 2
    assert all("child.yaml" in line for line in found)


def test_a_mistake_behind_a_dose_that_is_never_given_keeps_its_line(tmp_path):
    text = (
        BASE.replace("time: {days: 4}\n", "")
        + """\
time: {days: 21}
arms:
  a:
    therapies:
      - {use: anti_pd_l1, start: 16 d}
      - {use: anti_cd25, start: 5 d, dose: 3 mL}
"""
    )
    found = refused(load, write(tmp_path, "base", text), days=10)
    assert len(found) == 1
    assert "base.yaml:15: arms.a.therapies[1].dose" in found[0]


# -- a scenario that is changed is resolved anew


def test_a_tumor_in_the_middle_stays_in_the_middle():
    made = read_text(PLAIN)
    assert made.with_options(set={"tissue.size": ["900 µm", "900 µm"]}).start.tumor[0].at_um == (450, 450)
    again = read_text(made.to_yaml())
    assert again.with_options(set={"tissue.size": ["900 µm", "900 µm"]}).start.tumor[0].at_um == (450, 450)
    placed = read_text(PLAIN.replace("fill: 0.9", "fill: 0.9, at: [200 µm, 200 µm]"))
    assert placed.with_options(set={"tissue.size": ["900 µm", "900 µm"]}).start.tumor[0].at_um == (200, 200)
    assert read_text(placed.to_yaml()) == placed


@pytest.mark.parametrize(
    "values",
    [{"host": "human"}, {"therapies.anti_cd25.dose": "x2"}, {"therapies.anti_cd25.schedule.every": "48 h"}],
    ids=str,
)
def test_options_on_a_scenario_are_those_on_its_file(values, tmp_path):
    file = write(tmp_path, "base", PLAIN)
    assert same(load(file).with_options(set=values), load(file, set=values))
    assert load(file, set=values).arms["treated"] != load(file).arms["treated"]


# -- the order of what has none


def shuffled(draw, data):
    if isinstance(data, dict):
        return {key: shuffled(draw, data[key]) for key in draw(st.permutations(list(data)))}
    return [shuffled(draw, item) for item in data] if isinstance(data, list) else data


CROWDED = yaml.safe_load(
    PLAIN.replace(ARMS, SOILS).replace(
        "ecm: 0.2", "ecm: 0.2\n  clones: [{name: a, share: 1, multipliers: {division: 2, speed: 0.5}}]"
    ).replace("treg: 10 /mm²", "treg: 10 /mm², gdt: 3 /mm², alpha: 4 /mm², m1: 9 /mm²")
    + ADD
)  # fmt: skip
CROWDED["add"]["cells"]["alpha"] = CROWDED["add"]["cells"]["gdt"] | {"agent": "Alpha", "label": "alpha"}
CROWDED["add"]["fields"]["il1"] = CROWDED["add"]["fields"]["il7"] | {"label": "IL-1"}
CROWDED["set"] = {DIVISION: "x2", "cells.gdt.behaviors.speed": "4 µm/min", "start.ecm": 0.25}


@st.composite
def reordered(draw):
    data = shuffled(draw, CROWDED)
    return data | {"arms": {name: data["arms"][name] for name in CROWDED["arms"]}}


@settings(max_examples=30)
@given(reordered())
def test_the_order_of_what_has_none_changes_nothing(data):
    first = read_text(json.dumps(CROWDED))
    made = read_text(json.dumps(data))
    assert made.to_yaml() == first.to_yaml()
    assert made.hash == first.hash
    assert list(made.start.densities) == list(first.start.densities)
    for kind in ("cells", "fields", "rules"):
        assert list(getattr(made.catalogue, kind)) == list(getattr(first.catalogue, kind))
    assert list(made.catalogue.cells["gdt"].behaviors) == list(first.catalogue.cells["gdt"].behaviors)


def test_densities_stand_in_the_order_of_the_catalogue_and_added_types_follow_by_name():
    made = read_text(json.dumps(CROWDED))
    assert list(made.start.densities) == ["fibroblast", "m1", "treg", "alpha", "gdt"]
    assert list(made.catalogue.cells)[-2:] == ["alpha", "gdt"]


def test_the_order_of_lists_counts():
    one = PLAIN.replace("tumor: {radius: 100 µm, fill: 0.9}", "tumor: [{radius: 50 µm}, {radius: 60 µm}]")
    other = PLAIN.replace("tumor: {radius: 100 µm, fill: 0.9}", "tumor: [{radius: 60 µm}, {radius: 50 µm}]")
    assert read_text(one).hash != read_text(other).hash


# -- all at once


def test_nineteen_mistakes_and_more_are_told_once_each_and_without_an_echo():
    file = Path(__file__).with_name("malformed") / "nineteen_mistakes.yaml"
    lines = command("check", file)[2].splitlines()
    found = [line.partition(f"{file.name}:")[2] for line in lines]
    due = [
        "2: story: expected text", "3: hosst: unknown key", "5: tissue.size[1]: 607 µm is not a whole number",
        "7: start.tumor.radius: must be above 0", "8: start.densities.fibroblst: there is no cell type",
        "8: start.densities.treg: expected a density per area (/mm²), got '5 mmHg'", "6: start.ecm: is missing",
        "10: start.clones: the shares add up to 0.5", "11: time.snapshots[0]: 9 d is beyond the end",
        "12: replicates: ", "16: arms.treated.therapies[0].use: there is no therapy 'anti_cd52'",
        "16: arms.treated.therapies[1].start: -1 d is before", "17: arms.treated.set.fields.oxigen.decay: there is no",
        "17: arms.treated.set.start.ecm: must not be above 1", "18: arms.treated.off[0]: there is no rule 'nothing'",
        "19: reference: there is no arm 'treeted'", "20: set.cells.tumor.behaviors.division: expected a rate",
        "20: start.capillaries: 'x-2' does not start with a number", "21: off[0]: there is no rule 'tgfb_drive_emt'",
        "23: add.cell: there is no 'cell' in the catalogue", "25: add.cells.gdt.color: ",
        "26: drop.fields[0]: there is no field 'vegff'", "26: drop.fields[1]: the rule '",
        "27: endpoints[0]: no observable is called 'tumor_burdn'",
    ]  # fmt: skip
    for start in due:
        assert any(line.startswith(start) for line in found), (start, found)
    assert [line for line in found if not line.startswith(tuple(due))] == []
    assert len(found) == len(set(found)) >= 19
    assert len([line for line in found if "drop.fields[1]" not in line]) == len(due) - 1
    assert len(due) >= 19


def test_a_child_of_nothing_is_still_checked(tmp_path):
    text = """\
name: child
extends: untreatd
start: {ecm: 2, densities: {fibroblst: 1 /mm²}}
time: {days: 0}
arms: {a: {therapies: [anti_cd52]}}
set: {cells.tumor.behaviors.divison: 1 1/h}
off: [nothing]
endpoints: [tumor_burdn]
"""
    file = write(tmp_path, "child", text)
    lines = command("check", file)[2].splitlines()
    assert [int(line.removeprefix(f"{file}:").partition(":")[0]) for line in lines] == [2, 3, 3, 4, 5, 6, 7, 8]
    assert "Did you mean 'untreated'?" in lines[0]


def test_a_child_of_a_broken_file_is_still_checked(tmp_path):
    write(tmp_path, "base", PLAIN.replace("ecm: 0.2", "ecm: [0.2"))
    found = refused(load, write(tmp_path, "child", "name: c\nextends: base\noff: [nothing]\n"))
    assert len(found) == 2
    assert any("base.yaml" in line and "is not YAML" in line for line in found)
    assert any("child.yaml:3: off[0]" in line for line in found)


# -- foreign files


@pytest.mark.parametrize(
    "content",
    [
        "root:x:0:0:root:/root:/bin/bash\ndaemon:x:1:1\n", "hunter2", "- hunter2\n- swordfish\n",
        "hunter2: swordfish\npassword: hunter2\n", "[hunter2]\nuser = swordfish\n", "hunter2: {a\nswordfish: b\n",
        "hunter2: 1\nhunter2: 2\n", "a: *hunter2\n", "a: !hunter2 b\n", "a: " + "9" * 5000, "\x00hunter2", "",
    ],
)  # fmt: skip
def test_a_foreign_file_that_is_extended_is_not_quoted(content, tmp_path):
    (tmp_path / "secret").write_text(content, encoding="utf-8")
    child = write(tmp_path, "child", f"name: c\nextends: {tmp_path}/secret\n")
    found = refused(load, child)
    assert len(found) == 1
    assert "child.yaml:2: extends: " in found[0]
    assert "is no scenario" in found[0]
    for word in ("hunter2", "swordfish", "root:x", "999"):
        assert word not in found[0]


@pytest.mark.skipif(not Path("/etc/passwd").is_file(), reason="no such file")
def test_the_passwords_of_a_machine_are_not_quoted(tmp_path):
    found = refused(load, write(tmp_path, "child", "name: c\nextends: /etc/passwd\n"))
    assert len(found) == 1
    assert found[0].endswith("passwd is no scenario: it is no mapping of keys to values")


# -- added entries


def test_a_color_map_that_matplotlib_does_not_have_is_refused():
    text = ADD.replace("edge:", "color_map: NAME, edge:")
    for good in ("magma", "cividis", "turbo", "Blues_r"):
        assert read_text(PLAIN + text.replace("NAME", good)).add["fields"]["il7"]["color_map"] == good
    found = refused(read_text, PLAIN + text.replace("NAME", "virids"), "x.yaml")
    assert len(found) == 1
    assert "add.fields.il7.color_map: there is no color map 'virids'. Did you mean 'viridis'?" in found[0]


# -- bombs


def test_the_doses_of_all_arms_together_are_limited():
    course = "{use: anti_cd25, start: 1 h, every: 1 h, times: 10000}"
    arms = "arms:\n" + "".join(f"  a{i}: {{therapies: [{', '.join([course] * 2)}]}}\n" for i in range(6))
    found = refused(read_text, PLAIN.replace(ARMS, arms), "x.yaml")
    assert found == ["x.yaml:11: arms: ask for 120,000 doses in 12 courses; the limit is 100,000 in all arms together"]
    assert read_text(PLAIN.replace(ARMS, arms.replace("10000", "5000")))


def test_a_tissue_that_this_machine_cannot_hold_is_refused(monkeypatch):
    big = PLAIN.replace("[600 µm, 450 µm]", "[150 mm, 150 mm]")
    monkeypatch.setattr(machine, "disk_bytes", lambda: None)
    monkeypatch.setattr(machine, "memory_bytes", lambda: 23e9)
    found = refused(read_text, big, "x.yaml")
    assert len(found) == 1
    assert re.search(r"x.yaml:4: tissue.size: .* needs about 6\d.\d GB of memory; this machine has 23 GB", found[0])
    for has in (128e9, None):
        monkeypatch.setattr(machine, "memory_bytes", lambda has=has: has)
        assert read_text(big).tissue.shape == (10_000, 10_000)


def test_memory_is_what_a_container_allows(tmp_path):
    physical = machine.memory_bytes(tmp_path)
    assert physical is None or physical > 1e8

    def group(text: str, **files: str) -> float | None:
        (tmp_path / "proc/self").mkdir(parents=True, exist_ok=True)
        (tmp_path / "proc/self/cgroup").write_text(text)
        for name, value in files.items():
            path = tmp_path / "sys/fs/cgroup" / name.replace("__", "/").replace("_max", ".max").replace("_lim", ".lim")
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(value)
        return machine.memory_bytes(tmp_path)

    assert group("0::/a/b\n", a__memory_max="50000000\n", a__b__memory_max="max\n") == 5e7
    assert group("0::/a/b\n", a__b__memory_max="40000000\n") == 4e7
    assert group("4:memory:/c\n1:cpu:/\n", memory__c__memory_limit_in_bytes="30000000\n") == 3e7
    assert group("0::/nowhere\n") == physical


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        ("days: 4", "days: 36000, record_every: 24 h", "replicates: .* updates; the limit is 1e\\+16"),
        ("days: 4", "days: 400, record_every: 1 h", "time.record_every: .* rows; the limit is 1e\\+08"),
        (
            "days: 4",
            f"days: 400, snapshots: [{', '.join(f'{d} d' for d in range(400))}]",
            "time.snapshots: .* files; the",
        ),
    ],
)
def test_a_trial_beyond_all_measure_is_refused(old, new, words):
    text = PLAIN.replace(old, new).replace("question: q", "question: q\nreplicates: 100000")
    text = text.replace("[600 µm, 450 µm]", "[6 mm, 6 mm]")
    assert any(re.search(words, line) for line in refused(read_text, text))


def test_a_trial_that_may_fill_the_disk_says_so(monkeypatch):
    monkeypatch.setattr(machine, "disk_bytes", lambda: 1e4)
    with pytest.warns(UserWarning, match=r"may write about .* MB; there are 10 kB free here"):
        read_text(PLAIN)


# -- Python


def test_scalars_of_numpy_are_numbers(tmp_path):
    file = write(tmp_path, "base", PLAIN)
    made = load(
        file, seed=np.int64(7), replicates=np.uint8(3), days=np.float32(2), arms=np.array(["treated"]),
        set={"start.ecm": np.float64(0.5), "processes.leukocytes.hits_needed": np.int32(4), "tissue.size":
        np.array(["900 µm", "900 µm"]), "start.tumor": {"radius": "60 µm", "fill": np.float64(0.5)}},
    )  # fmt: skip
    plain = load(
        file, seed=7, replicates=3, days=2, arms=["treated"],
        set={"start.ecm": 0.5, "processes.leukocytes.hits_needed": 4, "tissue.size": ["900 µm", "900 µm"],
             "start.tumor": {"radius": "60 µm", "fill": 0.5}},
    )  # fmt: skip
    assert same(made, plain)
    content = yaml.safe_load(PLAIN) | {"replicates": np.int64(3)}
    content["start"] |= {"ecm": np.float64(0.5), "clones": ({"name": "a", "share": np.float64(1)},)}
    assert load(content).replicates == 3
    assert load(content).start.ecm == 0.5


class NothingPlain:
    def __repr__(self):
        return "nothing plain"


NOTHING_PLAIN = NothingPlain()


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"set": "a=1"}, "set: expected a mapping from paths to values, such as .*, got 'a=1'"),
        ({"set": ["a=1"]}, "set: expected a mapping"),
        ({"set": {3: 1}}, "set: expected a mapping"),
        ({"set": {"start.ecm": NOTHING_PLAIN}}, "set\\['start.ecm'\\]: expected text, a number, a list or a mapping"),
        ({"set": {"start.ecm": {1, 2}}}, "set\\['start.ecm'\\]: "),
        ({"arms": 3}, "arms: expected a list of names, got 3"),
        ({"arms": [3]}, "arms: expected a list of names"),
        ({"replicates": True}, "replicates: expected a whole number, got True"),
        ({"replicates": 2.5}, "replicates: expected a whole number, got 2.5"),
        ({"replicates": np.bool_(True)}, "replicates: expected a whole number"),
        ({"seed": "7"}, "seed: expected a whole number, got '7'"),
        ({"seed": 1.0}, "seed: expected a whole number, got 1.0"),
        ({"days": "x"}, "days: expected a number, got 'x'"),
        ({"days": True}, "days: expected a number, got True"),
        ({"days": np.bool_(True)}, "days: expected a number"),
        ({"days": [3]}, "days: expected a number"),
    ],
    ids=str,
)
def test_an_argument_of_another_kind_is_named(options, words):
    for call in (lambda: load("minimal", **options), lambda: load("minimal").with_options(**options)):
        with pytest.raises(TypeError, match=words):
            call()


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"seed": -1}, "--seed: "),
        ({"days": float("nan")}, "--days: nan is not finite"),
        ({"days": np.inf}, "--days: inf is not finite"),
        ({"arms": []}, "--arms: no arm is named. Known: untreated"),
        ({"set": {"start.ecm": np.bool_(True)}}, "--set start.ecm: "),
        ({"set": {DIVISION: True}}, f"--set {DIVISION}: "),
        ({"set": {"start.ecm": None}}, "--set start.ecm: "),
    ],
    ids=str,
)
def test_an_argument_of_a_wrong_value_is_named(options, words):
    for call in (lambda: load("minimal", **options), lambda: load("minimal").with_options(**options)):
        found = refused(call)
        assert len(found) == 1
        assert found[0].startswith(words)


def test_a_source_of_another_kind_is_named():
    with pytest.raises(TypeError, match="source: expected a name, a path, a mapping or a Scenario, got 3"):
        load(3)


def test_a_model_takes_factors_and_bare_numbers():
    before = load("minimal").catalogue.number(DIVISION).at("mouse")
    plan = TumorModel("minimal", set={DIVISION: "x2", "start.densities.caf": "50 /mm²"}).body.scenario
    assert plan.catalogue.number(DIVISION).at("mouse") == 2 * before
    assert plan.start.densities["caf"] == 50
    assert TumorModel("minimal", set={DIVISION: np.float64(0.05)}).body.scenario.set == {DIVISION: "0.05 1/h"}


def test_a_factor_of_a_number_that_the_host_does_not_have_is_refused():
    text = PLAIN + ADD.replace("apoptosis: 0.24 1/d", "apoptosis: {value: {human: 0.01}, unit: 1/h}")
    found = refused(read_text, text + "set: {cells.gdt.behaviors.apoptosis: x2}\n", "x.yaml")
    assert any("set.cells.gdt.behaviors.apoptosis: has no value for mouse that could be multiplied" in f for f in found)


def test_what_a_run_writes_is_foretold_within_a_factor_of_four(tmp_path):
    made = load("minimal", replicates=1)
    run(made, tmp_path / "run", engine=None)
    found = sum(file.stat().st_size for file in (tmp_path / "run").rglob("*") if file.is_file())
    told = limits.disk(made.tissue, made.time, len(made.arms) * made.replicates, made.catalogue)
    assert 0.25 < told / found < 4


def test_a_state_must_not_bear_a_name_that_every_cell_has():
    state = {"label": "x", "meaning": "x", "evidence": "assumed: test"}
    content = load("minimal").content() | {"add": {"states": {name: state for name in ("step", "pos", "fine")}}}
    found = refused(read_text, json.dumps(content), "x.yaml")
    assert len(found) == 2
    told = "".join(found)
    assert all(f"add.states.{name}: '{name}' means something for every cell" in told for name in ("step", "pos"))
