"""Finding one's way: what there is, what it means, what editors know, and what to do when a name is wrong."""

import json
import os
import re
import subprocess
import sys
import tomllib
from pathlib import Path

import jsonschema
import pytest
import yaml
from mutations import command

from tmesim.catalogue import KINDS, Drug, claims, load_catalogue
from tmesim.cli.contributing import LAYERS, STEPS, modules
from tmesim.cli.finding import all_words
from tmesim.cli.lists import LISTS
from tmesim.cli.pages import pages
from tmesim.evidence import statements
from tmesim.reading.yaml12 import read_yaml
from tmesim.scenario import find, json_schema, load, named, read_text

ROOT = Path(__file__).resolve().parents[1]
CATALOGUE = load_catalogue()
SHOWN = [(kind, row["name"]) for kind, rows in LISTS.items() for row in rows(CATALOGUE)]


def explained(name: str) -> str:
    code, out, err = command("explain", name)
    assert (code, err) == (0, ""), err
    return " ".join(out.split())


# -- list


def test_every_kind_of_entry_can_be_listed():
    assert set(KINDS) <= set(LISTS)


@pytest.mark.parametrize("kind", sorted(LISTS))
def test_a_list_for_programs_holds_what_the_list_for_people_shows(kind):
    rows = json.loads(command("list", kind, "--json")[1])
    plain = command("list", kind)[1]
    assert rows
    assert all(row["name"] in plain for row in rows)
    assert len({row["name"] for row in rows}) == len(rows)


def test_counts_for_programs_and_people_agree():
    counts = json.loads(command("list", "--json")[1])
    plain = dict(reversed(line.split()) for line in command("list")[1].splitlines() if re.match(r" *\d+  \w+$", line))
    assert {kind: str(count) for kind, count in counts.items()} == plain
    assert counts["parameters"] == len(list(CATALOGUE.numbers()))


# -- explain


@pytest.mark.parametrize("kind", sorted(LISTS))
def test_everything_that_is_listed_can_be_explained(kind):
    for _, name in [pair for pair in SHOWN if pair[0] == kind]:
        text = "\n".join(line for page in pages(CATALOGUE, name) for line in page)
        assert name in text
        assert kind == "claims" or "None" not in text
        assert name in all_words(CATALOGUE)


@pytest.mark.parametrize("name", sorted(CATALOGUE.all_rules))
def test_a_rule_is_explained_in_words_with_its_citations(name):
    text, rule = explained(name), CATALOGUE.all_rules[name]
    assert CATALOGUE.sentence(rule) in text
    for evidence in rule.evidence:
        assert " ".join(statements().get(evidence, {"statement": evidence})["statement"].split()) in text


@pytest.mark.parametrize("name", sorted(CATALOGUE.therapies))
def test_a_therapy_is_explained_with_its_kinetics_effects_and_evidence(name):
    text, therapy = explained(name), CATALOGUE.therapies[name]
    if isinstance(therapy, Drug):
        assert "Pharmacokinetics" in text and f"clearance: {therapy.pk.clearance}" in text
    for effect in therapy.effects if isinstance(therapy, Drug) else ():
        assert (effect.blocks or effect.scales) in text
    assert all(CATALOGUE.sentence(rule) in text for rule in therapy.rules.values())
    assert all(evidence in text for evidence in therapy.evidence)
    assert all(explained(alias) for alias in therapy.aliases)


def test_the_half_life_of_a_drug_is_that_of_its_volume_and_clearance():
    pk = CATALOGUE.therapies["anti_pd_l1"].pk
    hours = 0.6931471805599453 * pk.central_volume.at("mouse") / pk.clearance.at("mouse")
    assert f"half-life by clearance alone: {hours:.3g} h (mouse)" in explained("anti_pd_l1")


def test_a_claim_is_explained_by_its_statement_and_what_rests_on_it():
    text = explained("tumour-proliferation")
    assert " ".join(statements()["tumour-proliferation"]["statement"].split()) in text
    assert "oxygen_fuels_division" in text


@pytest.mark.parametrize("path", ["cells.tumor.behaviors.division", "processes.priming.lag", "fields.vegf.decay"])
def test_a_parameter_is_explained_with_a_line_that_sets_it(path):
    text = explained(path)
    number = CATALOGUE.number(path)
    assert str(number) in text
    assert all(" ".join(source.split()) in text for source in number.source)
    line = re.search(r"set: (\{.*?\})", text)
    made = load("minimal", set=yaml.safe_load(line[1]))
    assert made.catalogue.number(path).at("mouse") == number.at("mouse")


def test_the_end_of_a_path_will_do_where_it_is_the_only_one():
    assert explained("priming.lag") == explained("processes.priming.lag")


@pytest.mark.parametrize("name", sorted(named()))
def test_a_scenario_is_explained_by_its_question_and_arms(name):
    made = load(name)
    assert " ".join(made.question.split()) in explained(name)
    assert all(f"arm {arm}" in explained(name) for arm in made.arms)


# -- wrong names


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("explain", "tregg"), "nothing is called 'tregg'. Did you mean 'treg'?"),
        (("explain", "cells.tumor.behaviors.divison"), "Did you mean 'cells.tumor.behaviors.division'?"),
        (("explain", "atezolizumb"), "Did you mean 'atezolizumab'?"),
        (("explain", "tumour-proliferaton"), "Did you mean 'tumour-proliferation'?"),
        (("explain", "contribute"), "Did you mean 'contributing'?"),
        (("list", "cels"), "there is no list of 'cels'. Did you mean 'cells'?"),
        (("check", "untreatd"), "there is no scenario 'untreatd'"),
        (("check", "untreatd"), "Did you mean 'untreated'?"),
        (("chek", "untreated"), "Did you mean 'check'"),
        (("rnu", "untreated"), "Did you mean 'run'"),
        (("run", "untreated", "--seeds", "3"), "--seed, --set"),
    ],
)
def test_a_wrong_name_is_answered_with_the_right_one(arguments, words):
    code, out, err = command(*arguments)
    assert (code, out) == (2, "")
    assert words in " ".join(err.replace("│", " ").split())


def test_a_console_without_greek_letters_gets_its_answer_all_the_same():
    done = subprocess.run(
        [sys.executable, "-m", "tmesim", "check", "untreated"], cwd=ROOT, capture_output=True, text=True, check=False,
        env={**os.environ, "PYTHONIOENCODING": "ascii"},
    )  # fmt: skip
    assert (done.returncode, done.stderr) == (0, "")
    assert "\\xb5m" in done.stdout


# -- help


def commands() -> list[str]:
    from tmesim.cli import app

    return [info.name or info.callback.__name__ for info in app.registered_commands]


@pytest.mark.parametrize("verb", commands())
def test_help_of_every_command_is_there_and_of_those_with_arguments_has_examples(verb):
    code, out, _ = command(verb, "--help")
    assert code == 0
    if verb in ("run", "check", "list", "explain", "schema"):
        assert f"tmesim {verb}" in re.sub(r"\x1b\[[0-9;]*m", "", out).partition("Examples")[2]


@pytest.mark.parametrize("verb", commands())
def test_examples_of_the_help_name_things_that_exist(verb):
    out = re.sub(r"\x1b\[[0-9;]*m", "", command(verb, "--help")[1])
    for name in re.findall(r"tmesim explain (\w[\w.]*)", out):
        assert command("explain", name)[0] == 0
    for name in re.findall(r"tmesim (?:run|check) (\w+)(?![\w.])", out):
        assert name in named()


@pytest.mark.parametrize("verb", ["run", "check", "list", "explain", "schema"])
def test_help_loads_nothing_heavy(verb):
    code = f"""
import sys
sys.argv = ["tmesim", "{verb}", "--help"]
from tmesim.cli import main
try:
    main()
except SystemExit:
    pass
print([m for m in ("numpy", "numba", "mesa", "pandas", "matplotlib", "scipy", "yaml") if m in sys.modules])
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=ROOT)
    assert done.stdout.strip().endswith("[]")


# -- the schema for editors


SCHEMA = jsonschema.Draft202012Validator(json_schema())


def test_the_schema_in_the_repository_is_the_one_that_the_program_prints():
    text = command("schema")[1]
    assert (ROOT / "scenarios" / "schema.json").read_text(encoding="utf-8") == text, (
        "python -m tmesim schema > scenarios/schema.json"
    )


def test_the_schema_is_a_schema():
    jsonschema.Draft202012Validator.check_schema(json_schema())


@pytest.mark.parametrize("name", sorted(named()))
def test_every_scenario_points_its_editor_at_the_schema_and_suits_it(name):
    file = find(name)
    first = file.read_text(encoding="utf-8").splitlines()[0]
    place = re.fullmatch(r"# yaml-language-server: \$schema=(\S+)", first)
    assert place and (file.parent / place[1]).is_file()
    assert [e.message for e in SCHEMA.iter_errors(read_yaml(file).data)] == []
    assert [e.message for e in SCHEMA.iter_errors(load(name).content())] == []


@pytest.mark.parametrize(
    ("name", "key"),
    [
        ("unknown_key.yaml", "hosst"),
        ("wrong_types.yaml", "replicates"),
        ("a_name_that_leaves_the_run_folder.yaml", "name"),
    ],
)
def test_an_editor_marks_what_the_check_refuses(name, key):
    data = yaml.safe_load((Path(__file__).with_name("malformed") / name).read_text(encoding="utf-8"))
    assert any(key in [*e.path, *re.findall(r"'(\w+)' was unexpected", e.message)] for e in SCHEMA.iter_errors(data))


# -- the page for those who change things


def test_the_page_for_newcomers_knows_every_module_and_every_kind():
    package = ROOT / "tmesim"
    there = {p.stem for p in package.glob("*.py") if not p.stem.startswith("__")}
    there |= {p.parent.name for p in package.glob("*/__init__.py")}
    assert set(LAYERS) == there
    assert set(STEPS) == set(KINDS)
    text = explained("contributing")
    for name, what in modules():
        assert what and (ROOT / name).exists()
        assert name in text
    for place in re.findall(r"tmesim/[\w/]+\.(?:py|yaml)", text):
        assert (ROOT / place).is_file(), place
    assert (ROOT / ".ci" / "run").is_file()


def test_the_page_for_newcomers_lists_the_layers_in_the_order_that_the_linter_keeps():
    contracts = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["tool"]["importlinter"][
        "contracts"
    ]
    rows = next(c for c in contracts if c["id"] == "layers")["layers"]
    rank = {name: i for i, row in enumerate(rows) for name in re.findall(r"\w+", row)}
    order = [rank[name] for name in LAYERS if name in rank]
    assert order == sorted(order)


GUESS = "evidence: 'assumed: an example'"
BASE = """\
name: newcomer
question: q
host: mouse
tissue: {size: [300 µm, 300 µm]}
start: {tumor: {radius: 60 µm}, densities: {CELL: 100 /mm²}, capillaries: 120 /mm², ecm: 0.2}
time: {days: 1}
arms: {a: {}}
add:
"""
EXAMPLES = {
    "cells": "{label: n, agent: NewCell, layer: leukocyte, color: '#123456', behaviors: {apoptosis: 0.01 1/h}}",
    "states": f"{{label: n, meaning: m, {GUESS}}}",
    "rules": "{cell: tumor, signal: oxygen, effect: decreases, behavior: speed, group: new, limit: 0.5, half_max: "
    f"9 mmHg, power: 1, {GUESS}}}",
    "fields": f"{{unit: pM, diffusion: 3e5 µm²/h, decay: 9 1/h, edge: {{kind: zero_flux}}, {GUESS}}}",
    "matrix": "{label: new density, decay: 0.1 1/h}",
    "therapies": "{label: n, therapy_class: c, evidence_id: x, pk: {compartments: 1, clearance: 1 L/h/kg, "
    "central_volume: 1 L/kg, molar_mass: 1 kDa}, tissue: {partition: 1, rate: 1 1/h}, occupancy: {kd: 1 nM}, dose: "
    f"1 mg/kg, schedule: {{every: 1 d, times: 1}}, {GUESS}}}",
}


@pytest.mark.parametrize("kind", sorted(KINDS))
def test_what_the_page_says_about_adding_an_entry_is_true(kind):
    text = BASE.replace("CELL", "newcomer" if kind == "cells" else "m1")
    if kind not in EXAMPLES:  # the page says that these need code
        assert "code" in STEPS[kind]
        with pytest.raises(ValueError, match=f"{kind} cannot be added"):
            read_text(f"{text}  {kind}: {{newcomer: {{}}}}\n")
        return
    made = read_text(f"{text}  {kind}: {{newcomer: {EXAMPLES[kind]}}}\n")
    assert "newcomer" in getattr(made.catalogue, kind)
    assert any(row["name"] == "newcomer" for row in LISTS[kind](made.catalogue))
    assert pages(made.catalogue, "newcomer")
    assert SCHEMA.is_valid(made.content())


def test_claims_that_the_page_speaks_of_are_listed():
    assert {row["name"] for row in LISTS["claims"](CATALOGUE)} == set(claims())
