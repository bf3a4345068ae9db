"""Scenario files of older versions: names that have changed are read as they are called now, and said; files of a newer
version are refused."""

import re
import shutil
import warnings

import pytest
import yaml
from test_cli import ROOT
from test_cli import tmesim as command
from test_scenario import ADD, ARMS, BASE
from toys import TEXT, Toy, run

import tmesim
from tmesim.catalogue import load_catalogue
from tmesim.reading import InputError
from tmesim.scenario import load, named, read_text
from tmesim.scenario import migration as module
from tmesim.scenario.migration import RENAMED, Renamed
from tmesim.scenario.version import VERSION

DIVISION = "cells.tumor.behaviors.division"
FISSION = "cells.tumor.behaviors.fission"
TABLE = (
    Renamed(2, FISSION, DIVISION),
    Renamed(2, "rules.oxygen_feeds_division", "rules.oxygen_fuels_division"),
    Renamed(2, "fields.interleukin_6", "fields.il6"),
    Renamed(2, "cells.killer", "cells.ctl"),
    Renamed(2, "cells.stroma", "cells.fibroblast"),
    Renamed(2, "therapies.anti_il2ra", "therapies.anti_cd25"),
)


@pytest.fixture
def renamed(monkeypatch):
    """As if version 2 had given other names to these."""
    monkeypatch.setattr(module, "RENAMED", TABLE)


def told(call, *arguments, **options):
    """What a call returns, and its warnings."""
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        result = call(*arguments, **options)
    return result, [str(each.message) for each in caught]


def both(old):
    """A file with old names, and with what they are called now."""
    new = old.replace("fission", "division").replace("oxygen_feeds", "oxygen_fuels").replace("killer", "ctl")
    return old, new.replace("interleukin_6", "il6").replace("anti_il2ra", "anti_cd25")


# What an older file says


@pytest.mark.parametrize(
    ("line", "names"),
    [
        ("set: {cells.tumor.behaviors.fission: 0.03 1/h}", [("set." + FISSION, FISSION, DIVISION)]),
        ("set: {rules.oxygen_feeds_division.power: 3}",
         [("set.rules.oxygen_feeds_division.power", "rules.oxygen_feeds_division.power",
           "rules.oxygen_fuels_division.power")]),
        ("off: [oxygen_anneals_nothing, oxygen_feeds_division]".replace("oxygen_anneals_nothing, ", ""),
         [("off[0]", "oxygen_feeds_division", "oxygen_fuels_division")]),
        ("off: [rules.oxygen_feeds_division]", [("off[0]", "oxygen_feeds_division", "oxygen_fuels_division")]),
    ],
)  # fmt: skip
def test_what_a_scenario_sets_and_switches_off_is_read_by_its_present_name_and_said(renamed, line, names):
    old, new = both(BASE + ARMS + line + "\n")
    scenario, said = told(read_text, old, "my.yaml")
    assert scenario.hash == read_text("version: 2\n" + new).hash
    at = old[: old.index(line)].count("\n") + 1
    assert said == [
        f"my.yaml:{at}: {path}: {was} is called {now} since version 2 of scenario files; it was read so"
        for path, was, now in names
    ]


def test_what_an_arm_says_is_read_by_its_present_name(renamed):
    arms = """\
arms:
  untreated: {}
  other: {set: {cells.killer.behaviors.speed: x2}, off: [oxygen_feeds_division], from: 1 d}
  drug: {therapies: [{use: anti_il2ra}]}
  short: {therapies: [anti_il2ra]}
"""
    old, new = both(BASE + arms)
    scenario, said = told(read_text, old)
    assert scenario.hash == read_text(new).hash
    assert [line.split(": ")[1] for line in said] == [
        "arms.other.set.cells.killer.behaviors.speed", "arms.other.off[0]", "arms.drug.therapies[0].use",
        "arms.short.therapies[0]",
    ]  # fmt: skip


def test_added_entries_and_densities_speak_of_others_by_their_present_names(renamed):
    add = ADD.replace("targets: [tumor]", "targets: [tumor, stroma]").replace("signal: il7", "signal: interleukin_6")
    text = (BASE + ARMS + add).replace("{fibroblast: 500 /mm²}", "{fibroblast: 500 /mm², killer: 10 /mm²}")
    text = text.replace("evidence: a guess", "evidence: the killer is a guess").replace("0.02 nM", "20 pM")
    old, new = text, text.replace("interleukin_6", "il6").replace("tumor, stroma]", "tumor, fibroblast]")
    new = new.replace("killer: 10", "ctl: 10")
    scenario, said = told(read_text, old)
    assert scenario.hash == read_text(new).hash and len(said) == 3
    assert scenario.catalogue.rules["il7_arms_gdt"].signal == "il6"
    assert scenario.catalogue.rules["il7_arms_gdt"].evidence == ("the killer is a guess",)


def test_dropped_fields_are_known_by_their_old_names(renamed):
    rules = [n for n, r in load_catalogue().all_rules.items() if "il6" in (r.signal, r.behavior.partition(".")[2])]
    text = BASE + ARMS + f"off: {rules}\ndrop: {{fields: [interleukin_6]}}\n"
    scenario, said = told(read_text, text)
    assert scenario.drop == ("il6",) and "drop.fields[0]: interleukin_6 is called il6" in said[0]


def test_options_and_arguments_of_an_older_version_are_translated(renamed):
    new = load("untreated", set={DIVISION: "0.03 1/h"})
    old, said = told(load, "untreated", set={FISSION: "0.03 1/h"})
    assert old.hash == new.hash
    assert said == [f"{FISSION} is called {DIVISION} since version 2 of scenario files; it was read so"]
    again, _ = told(new.with_options, set={"arms.untreated.set." + FISSION: "0.02 1/h"})
    assert again.arm("untreated").set == {DIVISION: "0.02 1/h"}
    mapping, said = told(load, {"name": "m", "extends": "untreated", "set": {FISSION: "0.03 1/h"}})
    assert mapping.set == new.set and said[0].startswith(f"<mapping>: set.{FISSION}: ")
    model, _ = told(tmesim.TumorModel, "minimal", cells__tumor__behaviors__fission=0.03)
    assert model.body.scenario.set == new.set


def test_a_number_that_is_set_by_both_of_its_names_is_a_problem(renamed):
    text = BASE + ARMS + f"set: {{{FISSION}: 0.03 1/h, {DIVISION}: 0.02 1/h}}\n"
    with pytest.raises(InputError, match=rf"set\.{FISSION}: is called {DIVISION} by now, which is set too; keep one"):
        told(read_text, text)
    with pytest.raises(InputError, match=rf"--set {DIVISION}: sets the same as '{FISSION}'"):
        told(load, "untreated", set={FISSION: "0.03 1/h", DIVISION: "0.02 1/h"})


def test_each_file_is_read_by_its_own_version(renamed, tmp_path):
    """A base of version 1 under a child of version 2, and the reverse."""
    old = BASE + ARMS + f"set: {{{FISSION}: 0.03 1/h}}\n"
    (tmp_path / "base.yaml").write_text(old, encoding="utf-8")
    (tmp_path / "child.yaml").write_text("version: 2\nname: child\nextends: base\n", encoding="utf-8")
    scenario, said = told(load, tmp_path / "child.yaml")
    assert scenario.set == {DIVISION: "0.03 1/h"} and len(said) == 1 and "base.yaml:" in said[0]
    new = "version: 2\n" + old
    with pytest.raises(InputError, match=f"there is no number '{FISSION}'"):
        read_text(new)


def test_a_name_that_has_not_changed_is_no_news(renamed):
    for name in named():
        _, said = told(load, name)
        assert said == []


def test_check_shows_the_message_and_the_run_says_nothing_twice(tmp_path):
    (tmp_path / "sitecustomize.py").write_text(
        "from tmesim.scenario import migration as m\n"
        f"m.RENAMED = (m.Renamed(2, {FISSION!r}, {DIVISION!r}),)\n", encoding="utf-8",
    )  # fmt: skip
    text = f"name: mine\nextends: minimal\nset:\n  {FISSION}: 0.03 1/h\n"
    (tmp_path / "mine.yaml").write_text(text, encoding="utf-8")
    done = command("check", "mine.yaml", cwd=tmp_path, PYTHONPATH=f"{tmp_path}:{ROOT}")
    assert (done.returncode, done.stdout.count("is fine")) == (0, 1)
    message = f"mine.yaml:4: set.{FISSION}: {FISSION} is called {DIVISION} since version 2 of scenario files"
    assert done.stderr.count(message) == 1


# The version itself


def test_a_file_without_a_version_is_of_the_first(renamed):
    old = BASE + ARMS + f"set: {{{FISSION}: 0.03 1/h}}\n"
    assert told(read_text, old)[0].hash == told(read_text, "version: 1\n" + old)[0].hash


def test_a_file_for_a_newer_version_is_refused_and_nothing_else_is_said_of_it(tmp_path):
    text = "version: 7\nname: new\nextends: untreated\nplasmids: {}\n"
    with pytest.raises(InputError) as found:
        read_text(text, "new.yaml")
    remedy = f"written for version 7; this tmesim reads up to {VERSION}; update tmesim"
    assert str(found.value) == f"new.yaml:1: version: {remedy}"
    (tmp_path / "new.yaml").write_text(text, encoding="utf-8")
    (tmp_path / "child.yaml").write_text("name: child\nextends: new\nreplicates: 0\n", encoding="utf-8")
    with pytest.raises(InputError) as found:
        load(tmp_path / "child.yaml")
    assert remedy in str(found.value) and "replicates" in str(found.value)
    done = command("check", "new.yaml", cwd=tmp_path)
    assert (done.returncode, done.stdout) == (2, "") and done.stderr == f"new.yaml:1: version: {remedy}\n"


@pytest.mark.parametrize("version", ["two", "0", "-1", "1.5", "true", "[2]"])
def test_what_is_no_version_is_named_with_the_other_problems(version):
    with pytest.raises(InputError) as found:
        read_text(f"version: {version}\n" + (BASE + ARMS).replace("host: mouse", "host: rat"))
    assert f"<text>:1: version: expected a whole number from 1 to {VERSION}, got '" in str(found.value)
    assert "there is no host 'rat'" in str(found.value)


def test_what_a_run_writes_carries_the_version_and_its_hash_does_not_hang_on_it(tmp_path):
    scenario = read_text(TEXT)
    text = scenario.to_yaml()
    assert text.startswith(f"version: {VERSION}\n")
    assert read_text(text.partition("\n")[2]).hash == scenario.hash == read_text(text).hash


def test_a_run_by_a_tmesim_that_wrote_no_version_is_still_this_run(tmp_path):
    """Even where the note that says which run it is was lost, so that its scenario alone tells."""
    scenario = read_text(TEXT)
    path = run(scenario, tmp_path / "run").path
    file = path / "scenario.yaml"
    file.write_text(file.read_text(encoding="utf-8").partition("\n")[2], encoding="utf-8")
    for name in ("complete.json", "provenance.json"):
        (path / name).unlink()
    Toy.steps_made = 0
    run(scenario, path, resume=True)
    assert Toy.steps_made > 0 and (path / "complete.json").is_file()
    shutil.rmtree(path)


def test_every_packaged_scenario_says_the_present_version():
    for file in named().values():
        assert yaml.safe_load(file.read_text(encoding="utf-8"))["version"] == VERSION, file


def test_the_table_leads_from_what_is_gone_to_what_is_there():
    """A line waits until the catalogue has the new name; then the old one must be gone."""
    c = load_catalogue()
    for since, old, new in RENAMED:
        assert 1 < since <= VERSION and re.fullmatch(r"\w+(\.\w+)+", new), old
        assert module._knows(c, old) != module._knows(c, new), (old, new)


def test_the_names_of_version_1_are_read_by_those_of_version_2():
    old = "set: {processes.priming.clones: 5, processes.priming.precursors: x2}\n"
    scenario, said = told(read_text, BASE + ARMS + old)
    usual = load_catalogue().number("cells.ctl.primed.precursors").at("mouse")
    assert scenario.catalogue.number("processes.priming.clonotypes").at("mouse") == 5
    assert scenario.catalogue.number("cells.ctl.primed.precursors").at("mouse") == 2 * usual
    assert len(said) == 2 and "priming.clones is called processes.priming.clonotypes since version 2" in said[0]
    new = old.replace("processes.priming.clones", "processes.priming.clonotypes")
    new = new.replace("processes.priming.precursors", "cells.ctl.primed.precursors")
    assert told(read_text, "version: 3\n" + BASE + ARMS + new) == (scenario, [])
