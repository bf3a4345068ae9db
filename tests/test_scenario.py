"""Scenarios: checked as a whole, frozen, and written so that they read back the same."""

import json
import os
import pickle
import re
import subprocess
import sys
from dataclasses import FrozenInstanceError, fields
from pathlib import Path

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from tmesim.catalogue import KINDS, load_catalogue
from tmesim.reading import InputError
from tmesim.scenario import Scenario, find, json_schema, load, named, read_text

ROOT = Path(__file__).parents[1]
PACKAGED = [
    "anti_pd_l1",
    "anti_vegf",
    "chemotherapy",
    "combination",
    "minimal",
    "tgfb_blockade",
    "treg_depletion",
    "untreated",
    "window",
]
BASE = """\
name: base
question: q
host: mouse
tissue: {size: [600 µm, 450 µm]}
start:
  tumor: {radius: 100 µm, fill: 0.9}
  densities: {fibroblast: 500 /mm²}
  capillaries: 120 /mm²
  ecm: 0.2
time: {days: 4}
"""
ARMS = """\
arms:
  untreated: {}
  treated:
    therapies: [{use: anti_cd25, start: 1 d}]
"""


def scenario(text: str = ARMS) -> Scenario:
    return read_text(BASE + text, "x.yaml")


def problems(text: str, base: str = BASE) -> list[str]:
    with pytest.raises(InputError) as caught:
        read_text(base + text, "x.yaml")
    return str(caught.value).splitlines()


def line_of(text: str, word: str) -> int:
    return next(number for number, line in enumerate(text.splitlines(), 1) if word in line)


def same(one: Scenario, other: Scenario) -> bool:
    """Equal field by field, not by the hash alone."""
    parts = [f.name for f in fields(Scenario) if f.name != "catalogue"]
    return (
        all(getattr(one, part) == getattr(other, part) for part in parts) and one.catalogue.hash == other.catalogue.hash
    )


# -- the scenarios that come with the package


def test_the_packaged_scenarios_are_found_by_name():
    assert set(PACKAGED) <= set(named())


@pytest.mark.parametrize("name", sorted(named()))
def test_every_packaged_scenario_says_what_it_asks_and_whose_clock_it_runs_on(name):
    found = load(name)
    assert found.name == name
    assert found.question.endswith("?")
    assert found.host in ("mouse", "human")
    assert found.reference == next(iter(found.arms))
    assert found.host in find(name).read_text(encoding="utf-8") or found.host == "mouse"


@pytest.mark.parametrize("name", sorted(named()))
def test_every_packaged_scenario_reads_back_from_what_it_writes(name):
    found = load(name)
    again = read_text(found.to_yaml())
    assert same(found, again)
    assert again == found
    assert again.to_yaml() == found.to_yaml()


def test_minimal_is_short_and_quick():
    assert len(find("minimal").read_text(encoding="utf-8").splitlines()) < 20
    found = load("minimal")
    assert found.tissue.shape[0] * found.tissue.shape[1] <= 2500
    assert found.time.days <= 5


def test_only_the_chemotherapy_scenario_runs_on_a_patients_clock():
    assert [name for name in PACKAGED if load(name).host == "human"] == ["chemotherapy"]


def test_the_combination_has_each_alone_and_both():
    used = [{dose.use for dose in arm.therapies} for arm in load("combination").arms.values()]
    assert set() in used
    assert max(map(len, used)) == 2
    assert all({use} in used for use in max(used, key=len))


def test_scenarios_are_found_from_another_folder(tmp_path):
    code = "import tmesim.scenario as s; print(s.load('untreated').name)"
    made = subprocess.run(
        [sys.executable, "-c", code],
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        check=True,
    )
    assert made.stdout.strip() == "untreated"


def test_reading_a_scenario_imports_nothing_heavy():
    code = "import sys, tmesim.scenario as s; s.load('minimal'); print(*(set(sys.argv[1:]) & set(sys.modules)))"
    made = subprocess.run(
        [sys.executable, "-c", code, "mesa", "pandas", "matplotlib", "numba", "scipy", "numpy"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    )
    assert made.stdout.strip() == ""


# -- what a file becomes


def test_a_file_becomes_numbers_in_the_units_of_the_names():
    made = scenario(ARMS)
    assert made.tissue.shape == (30, 40)
    assert made.tissue.size_um == (450.0, 600.0)
    assert made.start.tumor[0].at_um == (300.0, 225.0)
    assert made.start.densities == {"fibroblast": 500.0}
    assert (made.time.step_h, made.time.record_every_h, made.time.snapshots_h, made.time.steps) == (1, 6, (0, 96), 96)
    assert made.reference == "untreated"
    assert made.start.clones[0].share == 1.0


def test_dose_and_schedule_come_from_the_catalogue_for_the_host():
    therapy = load_catalogue().therapies["anti_cd25"]
    for host in ("mouse", "human"):
        dose = read_text(BASE.replace("mouse", host) + ARMS).arms["treated"].therapies[0]
        assert dose.dose == therapy.dose.at(host)
        assert dose.every_h == therapy.schedule.every.at(host)
        assert dose.times == therapy.schedule.times_at(host)


def test_a_dose_that_is_given_counts():
    arms = "arms: {a: {therapies: [{use: anti-cd25, start: 36 h, dose: 500 µg/kg, every: 3 d, times: 2}]}}\n"
    dose = scenario(arms).arms["a"].therapies[0]
    assert (dose.use, dose.dose, dose.unit, dose.hours()) == ("anti_cd25", 0.5, "mg/kg", (36.0, 108.0))


def test_a_dose_of_nothing_is_a_dose():
    found = scenario("arms: {a: {therapies: [{use: anti-cd25, start: 0 h, dose: 0 mg/kg}]}}")
    assert found.arms["a"].therapies[0].dose == 0


def test_an_arm_may_be_left_empty_and_have_a_name_that_old_yaml_takes_for_a_truth_value():
    made = scenario("arms:\n  off:\n  'on': {}\n  1e3: {}\nreference: off\n")
    assert list(made.arms) == ["off", "on", "1e3"]
    assert made.reference == "off"
    assert same(made, read_text(made.to_yaml()))


@pytest.mark.parametrize(
    "text", ["1e3", "1_000", "0o17", "12:30", "null", "~", "no", ".5", "2024-01-02", "- a", "a: b", "#", " a ", "|\n x"]
)
def test_text_that_looks_like_something_else_is_written_as_text(text):
    made = read_text((BASE + ARMS).replace("question: q", f"question: {json.dumps(text)}\nstory: {json.dumps(text)}"))
    again = read_text(made.to_yaml())
    assert (again.question, again.story) == (text, text)


def test_overrides_hold_in_the_catalogue_of_the_scenario():
    made = scenario(ARMS + "set: {rules.tgfb_drives_emt.half_max: 0.1 nM}\noff: [oxygen_fuels_division]\n")
    assert made.catalogue.rules["tgfb_drives_emt"].half_max.at("mouse") == 100.0
    assert "oxygen_fuels_division" not in made.catalogue.rules
    assert "oxygen_fuels_division" in load_catalogue().rules


def test_overrides_of_an_arm_hold_in_that_arm_alone():
    arms = """\
arms:
  plain: {}
  changed:
    set: {cells.tumor.behaviors.division: 0.05 1/h}
    off: [tgfb_drives_emt]
    from: 2 d
"""
    made = scenario(arms)
    assert made.arms["changed"].from_h == 48
    assert made.catalogue_for("plain") is made.catalogue
    assert made.catalogue_for("changed").cells["tumor"].behaviors["division"].at("mouse") == 0.05
    assert "tgfb_drives_emt" not in made.catalogue_for("changed").rules
    assert made.catalogue_for("changed") is made.catalogue_for(made.arms["changed"])
    assert same(made, read_text(made.to_yaml()))


ADD = """\
add:
  fields:
    il7: {label: IL-7, unit: pM, diffusion: 80 µm²/s, decay: 20 1/h, edge: {kind: zero_flux}, evidence: a guess}
  cells:
    gdt:
      {label: NK cell, agent: NaturalKillerCell, layer: leukocyte, color: "#123456", targets: [tumor],
       behaviors: {apoptosis: 0.24 1/d, speed: 5 µm/min, attachment: 6 1/h, hit_rate: 1 1/h},
       events: [{behavior: apoptosis, does: die}]}
  rules:
    il7_arms_gdt:
      {cell: gdt, signal: il7, effect: increases, behavior: hit_rate, limit: 3 1/h, half_max: 0.02 nM, power: 1,
       evidence: a guess}
"""


def test_added_entries_join_the_catalogue_and_its_vocabulary():
    made = scenario(ARMS + ADD)
    assert made.catalogue.cells["gdt"].behaviors["apoptosis"].at("mouse") == 0.01
    assert made.catalogue.rules["il7_arms_gdt"].half_max.at("mouse") == 20.0
    assert "contact.gdt" in made.catalogue.signals()
    assert "secretion.il7" in made.catalogue.behaviors()
    assert same(made, read_text(made.to_yaml()))


def test_what_is_added_can_be_set_and_used_in_the_same_file():
    text = ARMS + ADD + "set: {cells.gdt.behaviors.speed: 6 µm/min}\n"
    made = read_text((BASE + text).replace("{fibroblast: 500 /mm²}", "{gdt: 10 /mm²}"))
    assert made.catalogue.cells["gdt"].behaviors["speed"].at("mouse") == 6


def test_what_is_wrong_with_an_added_entry_is_found_at_its_line():
    text = ARMS + ADD.replace("signal: il7", "signal: il77").replace("0.24 1/d", "0.24 mmHg")
    found = problems(text)
    assert any(
        re.match(r"x.yaml:\d+: add.rules.il7_arms_gdt.signal: there is no signal 'il77'. Did you", p) for p in found
    )
    assert any("add.cells.gdt.behaviors.apoptosis: expected a rate (1/h), got '0.24 mmHg'" in p for p in found)


def test_what_exists_cannot_be_added():
    assert "exists already" in problems(ARMS + "add: {states: {emt: {label: x, meaning: y, evidence: z}}}")[0]


# -- problems, all at once, each at its line


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        ("name: base", "name: ../../etc", "name: '../../etc' cannot be the name of a folder"),
        ("name: base", "name: .hidden", "cannot be the name of a folder"),
        ("name: base", "name: con", "cannot be the name of a folder"),
        ("name: base", "name: 12", "name: expected a name, got '12'"),
        ("name: base", "name: a/b", "cannot be the name of a folder"),
        ("host: mouse", "host: rat", "there is no host 'rat'. Known: 4t1_like, emt6_like, human, human_tnbc"),
        ("host: mouse", "hosts: mouse", "hosts: unknown key. Did you mean 'host'?"),
        ("host: mouse\n", "", "host: is missing"),
        ("size: [600 µm, 450 µm]", "size: [600, 450 µm]", "tissue.size[0]: 600 has no unit: expected a length (µm)"),
        ("size: [600 µm, 450 µm]", "size: [601 µm, 450 µm]", "not a whole number of sites of 15 µm; 600 µm or"),
        ("size: [600 µm, 450 µm]", "size: [600 µm]", "tissue.size"),
        ("radius: 100 µm", "radius: 300 µm", "start.tumor.radius: a disk of radius 300 µm at (300, 225) µm does not"),
        ("size: [600 µm, 450 µm]", "size: [600 µm, 30 µm]", "tissue.size[1]: is 2 sites"),
        ("size: [600 µm, 450 µm]", "size: [6 km, 450 µm]", "unknown unit 'km'"),
        ("radius: 100 µm", "radius: 100 µm, at: [50 µm, 225 µm]", "does not fit in the tissue"),
        ("radius: 100 µm", "radius: 0 µm", "start.tumor.radius: must be above 0"),
        ("fill: 0.9", "fill: 1.9", "start.tumor.fill: must not be above 1"),
        ("fill: 0.9", "fill: 90 %", None),
        ("fibroblast: 500", "fibroblasts: 500", "no cell type 'fibroblasts'. Did you mean 'fibroblast'?"),
        ("fibroblast: 500", "endothelial: 500", "vessels are given by 'capillaries'"),
        (
            "fibroblast: 500",
            "fibroblast: 5000",
            "holds at most 4444 /mm², got 5000 /mm²",
        ),
        ("500 /mm²", "500 mm", "start.densities.fibroblast: expected a density per area (/mm²), got '500 mm'"),
        ("500 /mm²", "-500 /mm²", "must not be below 0"),
        ("500 /mm²", ".nan", "start.densities.fibroblast: nan is not finite"),
        ("capillaries: 120 /mm²", "capillaries: 1.2e4 /mm²", "start.capillaries: more than one a site"),
        ("  capillaries: 120 /mm²\n", "", "start.capillaries: is missing"),
        ("ecm: 0.2", "ecm: thick", "start.ecm: 'thick' does not start with a number"),
        ("ecm: 0.2", "ecm: 0.2\n  clones: [{name: a, share: 0.5}, {name: a, share: 0.4}]", "add up to 0.9, not to 1"),
        ("ecm: 0.2", "ecm: 0.2\n  clones: [{name: a, share: 0.5}, {name: a, share: 0.5}]", "'a' is given twice"),
        (
            "ecm: 0.2",
            "ecm: 0.2\n  clones: [{name: a, share: 1, multipliers: {divison: 2}}]",
            "there is no behavior 'divison' of a tumor cell. Did you mean 'division'?",
        ),
        ("days: 4", "days: 0", "time.days: must be above 0"),
        ("days: 4", "days: 96 h", None),
        ("days: 4", "days: 4, step: 0 h", "time.step: must be above 0"),
        (
            "days: 4",
            "days: 4, step: 2 h, record_every: 3 h",
            "record_every: 3 h is not a multiple of the step of 2 h",
        ),
        ("days: 4", "days: 4, step: 7 h, record_every: 7 h", "time.days: 96 h is not a multiple of the step of 7 h"),
        ("days: 4", "days: 4, snapshots: [0 d, 5 d]", "time.snapshots[1]: 5 d is beyond the end of the run at 4 d"),
        ("days: 4", "days: 4, snapshots: [-1 d]", "time.snapshots[0]: -1 d is before the start of the run"),
        ("days: 4", "days: 4, snapshots: [90 min]", "1.5 h is not a multiple of the step of 1 h"),
        ("days: 4", "days: 4, snapshots: 3", "time.snapshots: expected a list"),
        ("question: q", "question: q\nreplicates: 0", "replicates: "),
        ("question: q", "question: q\nreplicates: 2.5", "replicates: expected a whole number"),
        ("question: q", "question: q\nreplicates: true", "replicates: expected a whole number"),
        ("question: q", "question: q\nseed: -1", "seed: "),
        ("question: q", "question: q\nseed: '7'", "seed: expected a whole number"),
        ("question: q", "question: ''", "question: must not be empty"),
        ("question: q", "question: q\nreference: treeted", "no arm 'treeted'. Did you mean 'treated'?"),
        ("question: q", "question: q\nendpoints: []", "endpoints: "),
        (
            "question: q",
            "question: q\noff: [tgfb_drive_emt]",
            "off[0]: there is no rule 'tgfb_drive_emt'. Did you",
        ),
        ("question: q", "question: q\nset: {rules.tgfb_drives_emt.half_max: 3 mmHg}", "got '3 mmHg', a pressure"),
        ("question: q", "question: q\nset: {rules.tgfb_drive_emt.half_max: 3}", "Did you mean 'rules.tgfb_drives_emt."),
        ("question: q", "question: q\nset: {rules.tgfb_drives_emt.limit: 1e-6 1/h}", "which is below the base"),
        ("question: q", "question: q\nset: {cells.tumor.behaviors.emt_gain: 9 1/h}", "or switch the rule off"),
        ("question: q", "question: q\nadd: {cell: {}}", "there is no 'cell' in the catalogue"),
        ("question: q", "question: q\nadd: {cells: [1]}", "add.cells: expected a mapping (key: value)"),
        ("use: anti_cd25", "use: anti_cd52", "arms.treated.therapies[0].use: there is no therapy 'anti_cd52'. Did you"),
        ("use: anti_cd25", "use: anti_cd25, dose: 3 mL", "expected a dose per body weight (mg/kg), got '3 mL'"),
        ("use: anti_cd25", "use: anti_cd25, dose: -3 mg/kg", "must not be below 0"),
        ("use: anti_cd25", "use: anti_cd25, every: 0 h", "arms.treated.therapies[0].every: must be above 0"),
        ("use: anti_cd25", "use: anti_cd25, times: 0", "arms.treated.therapies[0].times: "),
        ("start: 1 d", "start: -3 d", "arms.treated.therapies[0].start: -3 d is before the start of the run"),
        ("start: 1 d", "start: 4 d", "arms.treated.therapies[0].start: 4 d is not before the end of the run at 4 d"),
        ("start: 1 d", "strat: 1 d", "strat: unknown key. Did you mean 'start'?"),
        ("start: 1 d", "start: 1", "1 has no unit: expected a time (h)"),
        ("untreated: {}", "untreated: {from: 1 d}", "arms.untreated.from: says when 'set' and 'off' begin"),
        ("untreated: {}", "'un/treated': {}", "cannot be the name of a folder"),
        ("untreated: {}", "untreated: []", "arms.untreated: expected a mapping (key: value)"),
    ],
)
def test_each_mistake_is_named_with_its_place(old, new, words):
    text = BASE + ARMS
    assert old in text
    text = text.replace(old, new, 1)
    if words is None:  # looks wrong and is right
        assert read_text(text).name == "base"
        return
    found = problems("", text)
    assert any(words in line for line in found), found
    # A key that is missing stands nowhere, so its problem has the place of what it is missing in.
    changed = {number for number, line in enumerate(text.splitlines(), 1) if line not in (BASE + ARMS).splitlines()}
    places = {int(re.match(r"x\.yaml:(\d+): ", line)[1]) for line in found}
    assert new == "" or places & changed


def test_all_problems_of_a_file_come_at_once():
    text = """\
name: a b
question: q
hosst: mouse
host: mouse
tissue: {size: [600 µm, 600 µm]}
start:
  tumor: {radius: 1 mm}
  densities: {fibroblst: 3 /mm², m1: 5 mmHg, m2: 9 /mm²}
  capillaries: 120 /mm²
  ecm: 0.2
time: {days: 4, record_every: 90 min, snapshots: [9 d]}
replicates: 0
arms:
  a: {therapies: [{use: anti_cd52, start: -1 d}, {use: anti-cd25, strat: 1 d, dose: 3 mmHg}]}
  b: {set: {fields.oxigen.decay: 1 1/h}, off: [nothing], from: 9 d}
reference: c
set: {cells.tumor.behaviors.division: 5 mmHg}
"""
    found = problems("", text)
    for key, word in [
        ("name", "name: a b"),
        ("hosst", "hosst"),
        ("start.tumor.radius", "radius"),
        ("start.densities.fibroblst", "densities"),
        ("start.densities.m1", "densities"),
        ("time.record_every", "record_every"),
        ("time.snapshots[0]", "snapshots"),
        ("replicates", "replicates"),
        ("arms.a.therapies[0].use", "anti_cd52"),
        ("arms.a.therapies[0].start", "anti_cd52"),
        ("arms.a.therapies[1].strat", "anti_cd52"),
        ("arms.a.therapies[1].dose", "anti_cd52"),
        ("arms.b.set.fields.oxigen.decay", "oxigen"),
        ("arms.b.off[0]", "nothing"),
        ("arms.b.from", "from"),
        ("reference", "reference"),
        ("set.cells.tumor.behaviors.division", "set: {cells"),
    ]:
        start = f"x.yaml:{line_of(text, word)}: {key}: "
        assert [line for line in found if line.startswith(start)], (start, found)
    assert len(found) == 17


def test_the_check_of_one_part_does_not_wait_for_another():
    found = problems("", (BASE + ARMS).replace("host: mouse", "host: rat").replace("anti_cd25", "nonsense"))
    assert len(found) == 2


def test_yaml_that_is_broken_is_an_input_error():
    for text in ("", "a", "- a", "name: [", "name: x\nname: y"):
        with pytest.raises(InputError):
            read_text(text)


keys = st.sampled_from([*yaml.safe_load(BASE), "arms", "set", "off", "add", "reference", "x"])
junk = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.sampled_from(["3 d", "1 mm", "a", "", "anti_cd25"]),
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(keys, inner, max_size=2),
    max_leaves=6,
)


@given(st.dictionaries(keys, junk, min_size=1, max_size=3))
def test_no_content_of_a_file_makes_a_traceback(changes):
    data = yaml.safe_load(BASE + ARMS) | changes
    try:
        read_text(json.dumps(data, ensure_ascii=False).replace("NaN", ".nan").replace("Infinity", ".inf"))
    except InputError as error:
        assert str(error)


# -- extends


def write(folder: Path, name: str, text: str) -> Path:
    path = folder / f"{name}.yaml"
    path.write_text(text, encoding="utf-8")
    return path


def test_a_child_changes_what_it_names_and_keeps_the_rest(tmp_path):
    write(tmp_path, "base", BASE + ARMS + "set: {cells.tumor.behaviors.division: 0.05 1/h}\noff: [tgfb_drives_emt]\n")
    child = write(
        tmp_path,
        "child",
        """\
name: child
question: other
extends: base
start: {tumor: {radius: 50 µm}, densities: {m1: 9 /mm²}}
arms: {only: {}}
set: {cells.tumor.behaviors.apoptosis: 0.01 1/h}
off: [oxygen_fuels_division]
""",
    )
    made = load(child)
    assert (made.name, made.question, made.story) == ("child", "other", "")
    assert (made.start.tumor[0].radius_um, made.start.tumor[0].fill) == (50.0, 0.9)
    assert made.start.densities == {"fibroblast": 500.0, "m1": 9.0}
    assert list(made.arms) == ["only"]
    assert set(made.set) == {"cells.tumor.behaviors.division", "cells.tumor.behaviors.apoptosis"}
    assert made.off == ("oxygen_fuels_division", "tgfb_drives_emt")
    assert "extends" not in made.to_yaml()


def test_new_arms_bring_their_own_reference(tmp_path):
    write(tmp_path, "base", BASE + ARMS + "reference: treated\n")
    child = write(tmp_path, "child", "name: child\nquestion: q\nextends: base\narms: {a: {}, b: {}}\n")
    assert load(child).reference == "a"
    assert load(tmp_path / "base.yaml").reference == "treated"


def test_a_problem_names_the_file_it_stands_in(tmp_path):
    base = write(tmp_path, "base", (BASE + ARMS).replace("ecm: 0.2", "ecm: 2"))
    child = write(tmp_path, "child", "name: child\nquestion: q\nextends: base.yaml\ntime: {snapshots: [99 d]}\n")
    with pytest.raises(InputError) as caught:
        load(child)
    lines = str(caught.value).splitlines()
    assert any(re.match(rf".*{base.name}:9: start.ecm: ", line) for line in lines)
    assert any(re.match(rf".*{child.name}:4: time.snapshots\[0\]: ", line) for line in lines)


@pytest.mark.parametrize("ring", [["a"], ["a", "b"], ["a", "b", "c"]])
def test_a_circle_is_an_error_that_shows_it(tmp_path, ring):
    for name, other in zip(ring, ring[1:] + ring[:1], strict=True):
        write(tmp_path, name, f"name: {name}\nquestion: q\nextends: {other}\n")
    with pytest.raises(InputError, match="scenarios extend each other in a circle: " + " → ".join([*ring, "a"])):
        load(tmp_path / "a.yaml")


@pytest.mark.parametrize(
    ("value", "words"),
    [
        ("untreatd", "there is no scenario 'untreatd'"),
        ("none/here.yaml", "there is no file"),
        ("3", "the name or path"),
        ("[a]", "the name or path"),
    ],
)
def test_what_cannot_be_extended_is_named(tmp_path, value, words):
    with pytest.raises(InputError, match=re.escape(words)):
        load(write(tmp_path, "a", f"name: a\nquestion: q\nextends: {value}\n"))


def test_an_unknown_scenario_names_the_choices():
    with pytest.raises(InputError, match="Did you mean 'untreated'"):
        load("untreatd")


# -- options


def test_options_change_what_they_name():
    made = load(scenario(), seed=7, replicates=2, arms=["treated"], set={"start.ecm": 0.5, "tissue.spacing": "30 µm"})
    assert (made.seed, made.replicates, list(made.arms), made.reference) == (7, 2, ["treated"], "treated")
    assert (made.start.ecm, made.tissue.shape) == (0.5, (15, 20))


def test_options_of_a_command_line_are_text():
    made = load("minimal", set={"start.ecm": "0.5", "replicates": "3", "processes.leukocytes.hits_needed": "4"})
    assert (made.start.ecm, made.replicates) == (0.5, 3)
    assert made.catalogue.processes["leukocytes"]["hits_needed"].at("mouse") == 4


def test_no_option_gives_the_same_scenario():
    made = scenario()
    assert load(made) is made
    assert same(made.with_options(), made)


def test_a_shorter_run_drops_later_snapshots_and_keeps_the_plan_of_its_treatments():
    made = load("anti_pd_l1", days=6)
    assert made.time.snapshots_h == (0.0, 144.0)
    assert made.arms == load("anti_pd_l1").arms and made.time.planned == load("anti_pd_l1").time.days
    assert same(made, read_text(made.to_yaml()))
    assert same(load(made, days=3), load("anti_pd_l1", days=3))
    assert load(made, days=made.time.planned).time.planned is None


def test_a_plan_is_no_shorter_than_its_run():
    found = problems(ARMS, BASE.replace("days: 4", "days: 4, planned: 3 d"))
    assert found == ["x.yaml:10: time.planned: 3 d is less than the 4 d of the run"]


def test_a_longer_run_takes_a_last_snapshot_at_its_end_in_addition():
    assert load("untreated", days=28).time.snapshots_h == (0.0, 168.0, 336.0, 504.0, 672.0)


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"seed": -1}, "--seed: "),
        ({"replicates": 0}, "--replicates: "),
        ({"days": 0}, "--days: must be above 0"),
        ({"days": float("nan")}, "--days: nan is not finite"),
        ({"arms": ["treeted"]}, "--arms: there is no arm 'treeted'. Did you mean 'treated'?"),
        ({"set": {"start.emc": 1}}, "--set start.emc: unknown key. Did you mean 'ecm'?"),
        ({"set": {"stat.ecm": 1}}, "--set stat.ecm: there is no 'stat' to set. Did you mean 'start'?"),
        ({"set": {"cells.tumor.behaviors.divison": "1 1/h"}}, "Did you mean 'cells.tumor.behaviors.division'?"),
        ({"set": {"start.tumor.3.radius": "1 µm"}}, "there is no '3' to set"),
    ],
)
def test_a_wrong_option_is_named_as_the_user_wrote_it(options, words):
    with pytest.raises(InputError) as caught:
        load(scenario(), **options)
    assert words in str(caught.value)


# -- frozen, equal, hashed, written


def test_a_scenario_is_frozen():
    made = scenario()
    with pytest.raises(FrozenInstanceError):
        made.seed = 3
    with pytest.raises(ValidationError, match="frozen"):
        made.time.days = 3
    with pytest.raises(TypeError, match="frozen"):
        made.arms["x"] = made.arms["untreated"]
    with pytest.raises(TypeError, match="frozen"):
        made.start.densities["x"] = 1


def test_a_scenario_survives_pickling():
    made = scenario(ARMS + ADD)
    again = pickle.loads(pickle.dumps(made))
    assert same(made, again)
    assert {made: 1}[again] == 1


def test_the_hash_depends_on_what_is_said_and_not_on_how():
    other = BASE.replace("600 µm", "0.6 mm").replace("0.9", "90 %").replace("days: 4", "days: 96 h") + ARMS
    assert read_text(other).hash == scenario().hash
    assert re.fullmatch("[0-9a-f]{64}", scenario().hash)


@pytest.mark.parametrize(
    "options",
    [
        {"seed": 2},
        {"replicates": 3},
        {"days": 5},
        {"arms": ["treated"]},
        {"set": {"start.ecm": 0.21}},
        {"set": {"cells.tumor.behaviors.division": "0.02 1/h"}},
    ],
    ids=str,
)
def test_the_hash_sees_each_change(options):
    assert scenario().with_options(**options).hash != scenario().hash


def test_the_order_of_the_arms_counts():
    swapped = scenario(
        "arms: {treated: {therapies: [{use: anti_cd25, start: 1 d}]}, untreated: {}}\nreference: untreated"
    )
    assert swapped.hash != scenario().hash


def test_a_scenario_written_with_another_catalogue_says_so():
    text = scenario().to_yaml()
    changed = re.sub(r"(?m)^catalogue: .*$", "catalogue: '" + "0" * 64 + "'", text)
    with pytest.warns(UserWarning, match="another catalogue"):
        read_text(changed)


lengths = st.integers(10, 60)
hours = st.integers(1, 95).map(lambda h: f"{h} h") | st.integers(1, 95).map(lambda h: f"{h / 24!r} d")
names = st.from_regex(r"[a-zA-Z0-9][a-zA-Z0-9_]{0,8}", fullmatch=True).filter(lambda n: n.lower() not in ("con", "nul"))
doses = st.fixed_dictionaries(
    {"use": st.sampled_from(["anti_cd25", "Atezolizumab", "chemotherapy", "b20"]), "start": hours},
    optional={
        "dose": st.floats(0, 1e4).map(lambda x: f"{x!r} mg/kg"),
        "every": st.integers(1, 500).map(lambda h: f"{h} h"),
        "times": st.integers(1, 9),
    },
)
numbers = st.dictionaries(
    st.sampled_from([p.path for p in load_catalogue().numbers() if re.search(r"uptake\.(ifng|tgfb)$", p.path)]),
    st.floats(0, 1e-5).map(lambda x: f"{x!r} /h"),
    max_size=2,
)
arms = st.fixed_dictionaries(
    {},
    optional={
        "therapies": st.lists(doses, max_size=2),
        "set": numbers,
        "off": st.lists(st.sampled_from(sorted(load_catalogue().all_rules)), max_size=3),
    },
)
scenarios = st.fixed_dictionaries(
    {
        "name": names,
        "question": st.text(st.characters(codec="utf-8", exclude_categories=("Cc", "Cn", "Co", "Cs")), min_size=1),
        "host": st.sampled_from(["mouse", "human"]),
        "tissue": st.tuples(lengths, lengths, st.sampled_from([7.5, 10, 15, 20])).map(
            lambda t: {"size": [f"{t[0] * t[2]} µm", f"{t[1] * t[2]} um"], "spacing": f"{t[2] / 1000!r} mm"}
        ),
        "start": st.fixed_dictionaries(
            {"capillaries": st.floats(0, 2000).map(lambda x: f"{x!r} /mm²"), "ecm": st.floats(0, 1)},
            optional={
                "densities": st.dictionaries(
                    st.sampled_from(["m1", "ctl", "caf"]), st.floats(0, 800).map(lambda x: f"{x!r} mm^-2")
                ),
                "clones": st.just(
                    [{"name": "a", "share": 0.3}, {"name": "b", "share": 0.7, "multipliers": {"division": 2}}]
                ),
            },
        ),
        "time": st.just({"days": 4}),
        "arms": st.dictionaries(names, arms, min_size=1, max_size=3),
        "seed": st.integers(0, 2**63 - 1),
        "replicates": st.integers(1, 50),
    },
    optional={"story": st.text(max_size=40), "set": numbers, "off": st.just(["tgfb_drives_emt"])},
)


@given(scenarios)
def test_any_scenario_reads_back_from_what_it_writes(data):
    try:
        made = read_text(json.dumps(data, ensure_ascii=False))
    except InputError as error:  # text of a story that YAML does not allow
        assert "control character" in str(error) or "not YAML" in str(error)
        return
    again = read_text(made.to_yaml())
    assert same(made, again)
    assert again.hash == made.hash
    assert pickle.loads(pickle.dumps(made)).hash == made.hash


# -- the schema for editors


def test_the_schema_knows_every_key_of_every_packaged_scenario():
    schema = json_schema()
    json.dumps(schema)
    for path in named().values():
        data = yaml.safe_load(path.read_text(encoding="utf-8"))
        assert set(data) <= set(schema["properties"])
    assert schema["additionalProperties"] is False
    assert set(schema["properties"]["add"]["properties"]) == set(KINDS) - {"processes"}


def test_each_reference_of_the_schema_leads_somewhere():
    schema = json_schema()
    for reference in set(re.findall(r'"\$ref": "([^"]+)"', json.dumps(schema))):
        found = schema
        for step in reference.removeprefix("#/").split("/"):
            found = found[step]
