"""The catalogue: one contract for every entry, without exception, and checks that catch what breaks it."""

import copy
import math
import pickle
import re
from dataclasses import replace
from importlib import resources
from pathlib import Path

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from tmesim.catalogue import HOSTS, KINDS, Catalogue, Number, Rule, assemble, claims, load_catalogue, vocabulary
from tmesim.catalogue.files import (
    CLAIMS,
    DERIVATIONS,
    FILES,
    GLOSSARY,
    HOST_FILES,
    MECHANISMS,
    ORGAN_FILES,
    UNMODELED,
    WORDS,
    WORKS,
    documents,
)
from tmesim.catalogue.frozen import frozendict
from tmesim.kernels import arrays
from tmesim.reading import InputError, dotted
from tmesim.units import UnitError, same_dimension, show

SEEDS = Path(__file__).parents[1] / "seeds"
CATALOGUE = load_catalogue()
ENTRIES = list(CATALOGUE.entries())
NUMBERS = list(CATALOGUE.numbers())
RULES = list(CATALOGUE.all_rules.items())


FOLDER = resources.files("tmesim.catalogue")
DOCUMENTS = documents()


def complaints(*changes) -> InputError:
    """What is said about the packaged catalogue after changes (kind, path, value) to its plain data; None deletes.

    A new entry goes into the first file of its kind.
    """
    changed = {kind: list(several) for kind, several in DOCUMENTS.items()}
    for kind, path, value in changes:
        several = changed[kind]
        index = next((i for i, document in enumerate(several) if path[0] in document.data), 0)
        several[index] = replace(several[index], data=copy.deepcopy(several[index].data))
        data = several[index].data
        *steps, last = path
        for step in steps:
            data = data[step]
        if value is None:
            del data[last]
        else:
            data[last] = value
    with pytest.raises(InputError) as caught:
        assemble(changed)
    return caught.value


# -- the contract


def test_the_cell_types_fields_and_therapies_of_the_design_are_there():
    assert {"tumor", "necrotic", "fibroblast", "caf", "adipocyte", "endothelial", "monocyte", "m1", "m2", "ctl"} <= set(
        CATALOGUE.cells
    )
    assert {"treg", "th1", "dendritic", "mdsc", "neutrophil_n1", "neutrophil_n2", "nk"} <= set(CATALOGUE.cells)
    fields = "oxygen vegf tgfb ifng il6 il10 il2 cxcl12 ccl2 cxcl9 cxcl1".split()
    assert set(fields) <= set(CATALOGUE.fields)
    for name in ("anti_pd_l1", "anti_cd25", "anti_vegf", "tgfb_inhibitor", "chemotherapy", "cyclophosphamide_low_dose",
                 "treg_ablation"):  # fmt: skip
        assert name in CATALOGUE.therapies


def test_every_number_has_a_source():
    without = [p.path for p in NUMBERS if not p.number.source and p.path.rpartition(".")[2] not in ("power", "base")]
    assert without == []


def test_every_assumption_says_why():
    texts = {p.path: text for p in NUMBERS for text in p.number.source if text.startswith("assumed")}
    assert texts
    assert [path for path, text in texts.items() if len(text.removeprefix("assumed").strip(" :")) <= 5] == []


def test_every_number_has_the_unit_of_its_slot_and_keeps_to_its_bounds_and_range():
    wrong = []
    for path, number in NUMBERS:
        spec = CATALOGUE.spec(path)
        for host in number.hosts:
            value, span = number.at(host), number.range_at(host)
            good = number.unit_at(host) in spec.units and spec.low <= value <= spec.high
            good &= value > 0 or not spec.positive
            good &= span is None or span[0] <= value <= span[1]
            wrong += [] if good else [(path, host)]
    assert wrong == []


def test_every_number_has_a_value_for_each_species_save_those_of_a_therapy_that_one_of_them_gets():
    given = {name: {h for h in HOSTS if t.given_to(h)} for name, t in CATALOGUE.therapies.items()}
    for path, number in NUMBERS:
        kind, name, *_ = path.split(".")
        due = given[name] if kind == "therapies" else set(HOSTS)
        assert due <= set(number.hosts) <= set(HOSTS), path


@pytest.mark.parametrize(("kind", "name", "entry"), ENTRIES, ids=[f"{kind}.{name}" for kind, name, _ in ENTRIES])
def test_every_entry_can_be_named_hashed_copied_and_pickled(kind, name, entry):
    assert re.fullmatch(r"[a-z][a-z0-9_]*", name)
    assert pickle.loads(pickle.dumps(entry)) == entry
    assert copy.deepcopy(entry) == entry
    assert hash(copy.deepcopy(entry)) == hash(entry)
    assert kind in KINDS


@pytest.mark.parametrize(("name", "rule"), RULES, ids=[name for name, _ in RULES])
def test_every_rule_reads_as_a_sentence_of_known_words(name, rule):
    sentence = CATALOGUE.sentence(rule)
    assert sentence.startswith("In ") and sentence.endswith(".")
    assert "  " not in sentence
    assert not re.search(r"_|\.[a-z]|\bNone\b", sentence)  # words, not the names of data
    assert rule.signal in CATALOGUE.signals()
    assert rule.behavior in CATALOGUE.behaviors()
    assert same_dimension(rule.half_max.unit_at("mouse"), CATALOGUE.signals()[rule.signal].unit)
    assert rule.limit is not None
    assert rule.evidence


def test_the_sentence_of_a_rule_says_all_of_it():
    rule = Rule(
        cell="tumor", signal="oxygen", effect="increases", behavior="division", group="energy", base=0, limit=1,
        half_max="21.5 mmHg", power=4, evidence="tumour-proliferation",
    )  # fmt: skip
    assert CATALOGUE.sentence(rule) == (
        "In tumor cells, oxygen raises division from nothing without it to its normal value: "
        "half-maximal at 21.5 mmHg, Hill coefficient 4."
    )


@pytest.mark.parametrize(
    ("name", "sentence"),
    [
        ("caf_contact_protects_tumor", "In tumor cells, contact with cancer-associated fibroblasts lowers apoptosis to "
         "0.6 times its value: half-maximal at 1.5 contacts, Hill coefficient 1."),
        ("treg_contact_lowers_th1_ifng", "In Th1 helper T cells, contact with regulatory T cells lowers secretion of "
         "IFN-γ to 0.2 times its value: half-maximal at 1 contact, Hill coefficient 1."),
        ("tgfb_drives_emt", "In tumor cells, active TGF-β speeds the rise in epithelial-mesenchymal score toward "
         "0.02 1/h: half-maximal at 25 pM, Hill coefficient 2.5."),
        ("ifng_arms_m1", None),
    ],
)  # fmt: skip
def test_sentences_are_those_of_a_textbook(name, sentence):
    found = CATALOGUE.sentence(CATALOGUE.rules[name])
    assert found == sentence or (sentence is None and " raises the hit rate " in found)


def test_claim_ids_are_those_of_the_seeds():
    table = yaml.load((SEEDS / "claims.yaml").read_text(encoding="utf-8"), yaml.CSafeLoader)
    assert {c["id"]: (c["group"], c["priority"]) for c in table} == {name: tuple(c) for name, c in claims().items()}


def test_each_therapy_belongs_to_one_of_the_seeds():
    table = yaml.load((SEEDS / "therapies.yaml").read_text(encoding="utf-8"), yaml.CSafeLoader)
    known = {therapy["id"] for therapy in table["therapies"]}
    assert {therapy.evidence_id for therapy in CATALOGUE.therapies.values()} <= known | {""}


@pytest.mark.parametrize(
    ("alias", "name"),
    [
        ("anti_cd25", "anti_cd25"),
        ("treg_depletion", "anti_cd25"),
        ("Daclizumab", "anti_cd25"),
        ("atezolizumab", "anti_pd_l1"),
        ("checkpoint-blockade", "anti_pd_l1"),
        ("Anti PD-L1", "anti_pd_l1"),
        ("bevacizumab", "anti_vegf"),
        ("galunisertib", "tgfb_inhibitor"),
        ("doxorubicin", "chemotherapy"),
    ],
)
def test_a_therapy_goes_by_the_names_people_use(alias, name):
    assert CATALOGUE.therapy_id(alias) == name


def test_each_therapy_goes_by_its_id_in_the_evidence():
    for name, therapy in CATALOGUE.therapies.items():
        assert not therapy.evidence_id or CATALOGUE.therapy_id(therapy.evidence_id) == name


def test_an_unknown_therapy_names_the_choices():
    with pytest.raises(LookupError, match="Did you mean 'anti_vegf'"):
        CATALOGUE.therapy_id("anti_vgef")


# -- frozen


def test_the_catalogue_cannot_be_changed():
    with pytest.raises(TypeError, match="frozen"):
        CATALOGUE.cells["x"] = 1
    with pytest.raises(TypeError, match="frozen"):
        CATALOGUE.cells["tumor"].behaviors.update({})
    with pytest.raises(ValidationError, match="frozen"):
        CATALOGUE.cells["tumor"].label = "x"
    with pytest.raises(AttributeError):
        CATALOGUE.cells = {}


def test_a_catalogue_survives_pickling():
    again = pickle.loads(pickle.dumps(CATALOGUE))
    assert again.hash == CATALOGUE.hash
    assert list(again.numbers()) == NUMBERS


def test_the_hash_sees_each_number_and_no_order():
    changed, _ = CATALOGUE.with_numbers({NUMBERS[-1].path: str(NUMBERS[-1].number)})
    other, _ = CATALOGUE.with_numbers({"cells.tumor.behaviors.division": "0.0351 1/h"})
    assert len({CATALOGUE.hash, changed.hash, other.hash}) == 3  # the source of a set number is another one
    entries = {kind: dict(reversed(getattr(CATALOGUE, kind).items())) for kind in KINDS}
    assert Catalogue(**{kind: frozendict(entries[kind]) for kind in KINDS}).hash == CATALOGUE.hash


def test_the_hash_of_numbers_sees_those_of_its_species_and_not_where_they_are_from():
    entry = CATALOGUE.cells["tumor"]
    number = entry.behaviors["division"]

    def with_division(**update):
        behaviors = frozendict({**entry.behaviors, "division": number.model_copy(update=update)})
        tumor = entry.model_copy(update={"behaviors": behaviors})
        return replace(CATALOGUE, cells=frozendict({**CATALOGUE.cells, "tumor": tumor}))

    value = frozendict({"mouse": number.at("mouse"), "human": 2 * number.at("human")})
    moved, sourced = with_division(value=value), with_division(source=("assumed: another reason",))
    assert moved.hash_of_numbers("mouse") == CATALOGUE.hash_of_numbers("mouse")
    assert moved.hash_of_numbers("human") != CATALOGUE.hash_of_numbers("human")
    assert sourced.hash_of_numbers("mouse") == CATALOGUE.hash_of_numbers("mouse") and sourced.hash != CATALOGUE.hash


# -- numbers


def test_a_number_has_a_value_per_host():
    number = Number(value={"mouse": 0.05, "human": 0.02}, unit="1/h")
    assert (number.at("mouse"), number.at("human")) == (0.05, 0.02)
    with pytest.raises(LookupError, match="mouse and human"):
        number.at("rat")
    with pytest.raises(LookupError, match="only for mouse"):
        Number(value={"mouse": 1}).at("human")


@pytest.mark.parametrize(
    ("data", "words"),
    [
        ({"value": float("nan")}, "finite"),
        ({"value": "3 d"}, "expected a number"),
        ({"value": True}, "expected a number"),
        ({"value": {"rat": 1}}, "hosts"),
        ({"value": {}}, "hosts"),
        ({"value": 1, "unit": "1/hh"}, "unknown unit"),
        ({"value": 1, "range": [2, 1]}, "high to low"),
        ({"value": 1, "range": 3}, "two numbers"),
        ({"value": 1, "source": "assumed:"}, "why"),
        ({"value": 1, "source": ""}, "text"),
        ({"value": 1, "scource": "x"}, "scource"),
        ({}, "value"),
        (True, "expected a number"),
    ],
)
def test_a_number_that_is_none_is_refused(data, words):
    with pytest.raises(ValidationError, match=words):
        Number.model_validate(data)


def test_numbers_are_converted_to_the_unit_of_their_slot_with_their_range():
    number = Number(value={"mouse": 1, "human": 2}, unit="L/d", range=[0.5, 3]).converted(("L/h",))
    assert (number.at("mouse"), number.at("human")) == (1 / 24, 2 / 24)
    assert number.range_at("human") == (0.5 / 24, 3 / 24)
    assert number.unit == "L/h"
    with pytest.raises(UnitError, match="a clearance"):
        Number(value=1, unit="L/d").converted(("1/h",))


def test_hosts_may_differ_in_unit_too():
    number = Number(value={"mouse": 10, "human": 1200}, unit={"mouse": "mg/kg", "human": "mg"})
    number = number.converted(("mg/kg", "mg"))
    assert (number.unit_at("mouse"), number.unit_at("human")) == ("mg/kg", "mg")


# -- what is wrong is found, and all of it


RULE = "tgfb_drives_emt"


@pytest.mark.parametrize(
    ("kind", "path", "value", "words"),
    [
        ("rules", (RULE, "cell"), "tumour", "there is no cell type 'tumour'. Did you mean 'tumor'?"),
        ("rules", (RULE, "signal"), "tgbf", "there is no signal 'tgbf'. Did you mean 'tgfb'?"),
        ("rules", (RULE, "signal"), "state.exhaustion", "there is no state of cell type tumor 'exhaustion'"),
        ("rules", (RULE, "signal"), "engagement", "has no targets"),
        ("rules", (RULE, "behavior"), "divsion", "there is no behavior 'divsion'"),
        ("rules", (RULE, "behavior"), "sprouting", "there is no behavior of cell type tumor 'sprouting'"),
        ("rules", (RULE, "effect"), "raises", "'raises' is not one of: 'increases', 'decreases'"),
        ("rules", (RULE, "half_max", "unit"), "mmHg", "expected a concentration (pM), got '25 mmHg', a pressure"),
        ("rules", (RULE, "half_max", "value"), 0, "must be above 0"),
        ("rules", (RULE, "power", "value"), -2, "must be above 0"),
        ("rules", (RULE, "half_max", "source"), None, "has no source"),
        ("rules", (RULE, "evidence"), ["tgfb-drives-emtt"], "there is no claim 'tgfb-drives-emtt'"),
        ("rules", (RULE, "limit", "value"), 0.5, "disagrees with"),
        ("rules", (RULE, "effect"), "decreases", "which is above the base"),
        ("rules", (RULE, "base"), 1, "give none here"),
        ("rules", (RULE, "half_maximum"), 3, "unknown key. Did you mean 'half_max'?"),
        ("cells", ("tumor", "events", 0, "behavior"), "divide", "behavior of this cell type 'divide'"),
        ("cells", ("tumor", "events", 0, "does"), "split", "'split' is not one of"),
        ("cells", ("tumor", "events", 2, "to"), "ctl", "lives in another layer (leukocyte)"),
        ("cells", ("tumor", "events", 2, "to"), "dust", "there is no cell type 'dust'"),
        ("cells", ("tumor", "events", 0, "to"), "necrotic", "'to' goes with does: become"),
        ("cells", ("tumor", "states", 0), "emtt", "there is no state 'emtt'. Did you mean 'emt'?"),
        ("cells", ("tumor", "starts", "emt", "value"), 1.5, "must not be above 1"),
        ("cells", ("tumor", "behaviors", "division", "unit"), "mmHg", "expected a rate (1/h)"),
        ("cells", ("tumor", "behaviors", "division", "value"), -1, "must not be below 0"),
        ("cells", ("tumor", "behaviors", "division", "range"), [0.5, 1], "outside its range"),
        ("cells", ("tumor", "behaviors", "diving"), {"value": 1}, "there is no behavior 'diving'"),
        ("cells", ("tumor", "agent"), "Tumor Cell", "cannot be the name of a class"),
        ("cells", ("tumor", "color"), "red", "got 'red'"),
        ("cells", ("ctl", "targets"), ["tumors"], "there is no cell type 'tumors'"),
        ("cells", ("tumor", "kinetics"), {}, "unknown key"),
        ("fields", ("oxygen", "unit"), "pM", "expected a concentration (pM), got '4 mmHg', a pressure"),
        ("fields", ("oxygen", "half_max"), None, "half_max (Km) goes with kinetics: michaelis_menten"),
        ("fields", ("vegf", "edge", "kind"), "dirichlet", "an edge of kind dirichlet needs 'level'"),
        ("fields", ("vegf", "diffusion", "value"), 0, "must be above 0"),
        ("states", ("emt", "label"), None, "states.emt.label: is missing"),
        ("processes", ("leukocytes", "substep", "value"), -5, "must be above 0, got -5 min"),
        ("therapies", ("anti_vegf", "aliases"), ["anti-cd25"], "'anti-cd25' already means the therapy 'anti_cd25'"),
        ("therapies", ("anti_vegf", "effects", 0, "blocks"), "vgef", "there is no signal 'vgef'. Did you mean 'vegf'?"),
        ("therapies", ("anti_vegf", "effects", 0, "in"), ["endo"], "there is no cell type 'endo'"),
        ("therapies", ("anti_vegf", "effects", 0, "fraction", "value"), 1.2, "must not be above 1"),
        ("therapies", ("anti_vegf", "dose", "unit"), "mL", "expected a dose per body weight (mg/kg)"),
        ("therapies", ("anti_vegf", "dose", "unit"), "mg", "both per kg, or neither"),
        ("therapies", ("anti_vegf", "pk", "peripheral_volume"), None, "'peripheral_volume' goes with compartments: 2"),
        ("therapies", ("anti_vegf", "schedule", "times"), 0, "expected a whole number of at least 1"),
        ("therapies", ("anti_vegf", "delivery"), "field", "'field' goes with delivery: field"),
        ("matrix", ("oxygen",), {"label": "x", "evidence": ["x y"]}, "'oxygen' is already a field"),
        ("cells", ("Tumor cell",), {}, "a name is made of a-z, 0-9 and _"),
    ],
    ids=lambda value: value if isinstance(value, str) and len(value) < 12 else None,
)
def test_a_broken_entry_is_found_and_named(kind, path, value, words):
    assert words in str(complaints((kind, path, value)))


def test_all_problems_come_at_once_each_with_its_line():
    error = complaints(
        ("cells", ("tumor", "states", 0), "emtt"),
        ("fields", ("vegf", "decay", "value"), -1),
        ("rules", (RULE, "signal"), "tgbf"),
    )
    paths = {problem.path for problem in error.problems}
    assert {"fields.vegf.decay", "cells.tumor.states[0]", f"rules.{RULE}.signal"} <= paths
    assert all(problem.line for problem in error.problems)
    line = next(problem.line for problem in error.problems if problem.path == "fields.vegf.decay")
    text = FOLDER.joinpath("fields/growth_factors.yaml").read_text(encoding="utf-8").splitlines()
    assert text[line - 1].lstrip().startswith("decay:")
    assert "vegf:" in text[:line]
    assert {problem.file for problem in error.problems} >= {
        "tmesim/catalogue/fields/growth_factors.yaml", "tmesim/catalogue/cells/tumor.yaml",
        "tmesim/catalogue/rules/emt.yaml",
    }  # fmt: skip


# -- the files


def test_every_file_of_the_catalogue_is_read_and_every_one_that_is_read_is_there():
    folder = Path(str(FOLDER))
    there = {path.relative_to(folder).with_suffix("").as_posix() for path in folder.rglob("*.yaml")}
    read = [name for names in FILES.values() for name in names] + [CLAIMS, UNMODELED, MECHANISMS, WORDS, GLOSSARY]
    read += [WORKS, DERIVATIONS]
    read += [f"hosts/{name}" for name in HOST_FILES]
    read += [f"organs/{name}" for name in ORGAN_FILES]
    assert len(read) == len(set(read))
    assert there == set(read)
    assert set(FILES) == set(KINDS)


def test_an_entry_in_two_files_is_refused_and_both_are_named():
    twice = {kind: list(several) for kind, several in DOCUMENTS.items()}
    entry = twice["fields"][0].data["oxygen"]
    twice["fields"][1] = replace(twice["fields"][1], data=twice["fields"][1].data | {"oxygen": entry})
    with pytest.raises(InputError, match=r"'oxygen' is defined in tmesim/catalogue/fields/oxygen\.yaml al") as caught:
        assemble(twice)
    assert [problem.file for problem in caught.value.problems] == ["tmesim/catalogue/fields/growth_factors.yaml"]


def test_cell_types_states_and_fields_keep_the_order_by_which_they_are_numbered():
    """What is numbered decides the bits of a run: a file or an entry that moves must be seen to move."""
    assert list(CATALOGUE.cells) == (
        "tumor necrotic fibroblast caf adipocyte basement_membrane endothelial monocyte m1 m2 ctl th1 treg "
        "dendritic mdsc neutrophil_n1 neutrophil_n2 nk "
        "alveolus lung_fibroblast tubule hepatocyte stellate kupffer myofiber bone_matrix osteoblast osteoclast "
        "neuron astrocyte microglia arrested".split()
    )
    assert list(CATALOGUE.states) == (
        "emt hypoxia_response pdl1 stemness caf_activation polarization exhaustion terminal pericytes antigen_load "
        "dna_damage arrest mhc_loss dormancy education pten_loss lethal_damage".split()
    )
    assert list(CATALOGUE.fields) == (
        "oxygen vegf tgfb ang2 ifng il6 il10 il2 cxcl12 ccl2 cxcl9 cxcl1 solid_stress "
        "rankl opg pthrp igf1 estrogen exosomes".split()
    )


# -- the vocabulary


def test_each_behavior_that_the_kernels_ask_a_cell_type_for_is_in_the_vocabulary_and_the_other_way_round():
    asked = set(arrays.ASKED)
    known = {
        key for key, family in vocabulary.BEHAVIORS.items()
        if not family.items and family.engine in ("movement", "killing", "vessels", "hierarchy", "fibers")
    }  # fmt: skip
    assert asked == known


def test_each_signal_has_a_place_where_the_engine_takes_it_from():
    places = [getattr(arrays, family.engine.upper()) for family in vocabulary.SIGNALS.values()]
    assert sorted(places) == list(range(arrays.DRUG + 1))
    assert all(key == family.engine for key, family in vocabulary.SIGNALS.items())


def test_a_word_comes_from_one_family_and_says_its_unit_meaning_and_phrase():
    for table, words in ((vocabulary.SIGNALS, CATALOGUE.signals()), (vocabulary.BEHAVIORS, CATALOGUE.behaviors())):
        made = [name for family in table.values() for name, _ in family.words(CATALOGUE)]
        assert made == list(words)
        assert len(made) == len(set(made))
        assert all(word.unit and word.meaning and word.phrase for word in words.values())
        assert not any("{" in part for word in words.values() for part in (word.unit, word.meaning, word.phrase))


@pytest.mark.parametrize("table", [vocabulary.SIGNALS, vocabulary.BEHAVIORS], ids=["signals", "behaviors"])
def test_a_word_leads_back_to_its_item(table):
    for family in table.values():
        for item in vocabulary.ITEMS[family.items](CATALOGUE):
            assert family.item(family.word(item.name)) == item.name
    others = [("contact", "state.emt"), ("state", "state."), ("drug", "drug_x")]
    assert table is not vocabulary.SIGNALS or [table[key].item(word) for key, word in others] == [None] * 3
    assert table is not vocabulary.BEHAVIORS or table["gain"].item("emt_loss") is table["secretion"].item("x") is None


def test_a_new_field_brings_its_words_with_it():
    field = CATALOGUE.fields["il6"].model_copy(update={"label": "IL-4", "synonyms": ()})
    more, issues = CATALOGUE.plus({"fields": {"il4": field}})
    assert issues == []
    new = set(more.behaviors()) - set(CATALOGUE.behaviors())
    assert new == {"secretion.il4", "uptake.il4", "exchange.il4", "chemotaxis.il4"}
    assert set(more.signals()) - set(CATALOGUE.signals()) == {"il4"}
    assert more.behaviors()["secretion.il4"] == ("pM/h", "secretes il4 into its site", math.inf, "secretion of IL-4")


# -- what scenarios do to it


def test_a_number_is_set_by_its_path_in_any_fitting_unit():
    changed, problems = CATALOGUE.with_numbers({f"rules.{RULE}.half_max": "0.1 nM"})
    assert problems == {}
    assert changed.rules[RULE].half_max.at("mouse") == 100.0
    assert changed.rules[RULE].half_max.unit == "pM"
    assert CATALOGUE.rules[RULE].half_max.at("mouse") != 100.0


@given(st.lists(st.sampled_from([path for path, _ in NUMBERS]), min_size=1, max_size=6, unique=True))
@settings(max_examples=40)
def test_numbers_put_into_their_places_are_what_a_walk_over_all_gives(paths):
    new = {path: CATALOGUE.number(path).model_copy(update={"source": "a test"}) for path in paths}
    placed = CATALOGUE.with_placed(new)
    walked = CATALOGUE.changed(lambda path, number: new.get(dotted(path), number))
    assert all(getattr(placed, kind) == getattr(walked, kind) for kind in KINDS)
    assert list(placed.placed_numbers.items()) == list(walked.placed_numbers.items())
    assert {path for path, number in placed.numbers() if number.source == "a test"} == set(paths)


@pytest.mark.parametrize("host", HOSTS)
def test_any_number_can_be_set_by_its_path(host):
    values = {path: show(number.at(host), number.unit_at(host)) for path, number in NUMBERS if host in number.hosts}
    changed, problems = CATALOGUE.with_numbers(values)
    assert problems == {}
    assert [path for path in values if changed.number(path).at(host) != CATALOGUE.number(path).at(host)] == []
    assert {changed.number(path).source for path in values} == {("set in the scenario",)}


@pytest.mark.parametrize(
    ("path", "value", "words"),
    [
        ("cells.tumor.behaviors.divsion", "1 1/h", "Did you mean 'cells.tumor.behaviors.division'?"),
        ("cells.tumor.behaviors.division", "5 mmHg", "expected a rate (1/h), got '5 mmHg', a pressure"),
        ("cells.tumor.behaviors.division", 5, "has no unit"),
        ("cells.tumor.behaviors.division", "-5 1/h", "must not be below 0"),
        ("cells.tumor.behaviors.visibility", 2, "must not be above 1"),
        (f"rules.{RULE}.half_max", "0 pM", "must be above 0"),
        (f"rules.{RULE}.power", True, "expected a plain number"),
        (f"rules.{RULE}.power", None, "expected a plain number"),
        (f"rules.{RULE}.power", [1], "expected a plain number"),
        (f"rules.{RULE}.power", ".nan", "not finite"),
        (f"rules.{RULE}", 1, "there is no number"),
    ],
)
def test_what_cannot_be_set_is_refused_with_the_reason(path, value, words):
    changed, problems = CATALOGUE.with_numbers({path: value})
    assert words in problems[path]
    assert changed is CATALOGUE


def test_setting_a_limit_sets_it_for_the_whole_group():
    mates = [
        name for name, rule in CATALOGUE.rules.items()
        if (rule.cell, rule.behavior, rule.group, rule.effect) == (("tumor",), "emt_gain", "main", "increases")
    ]  # fmt: skip
    assert len(mates) > 1
    changed, _ = CATALOGUE.with_numbers({f"rules.{mates[0]}.limit": "0.5 1/h"})
    assert {changed.rules[name].limit.at("mouse") for name in mates} == {0.5}


def test_rules_are_switched_off_by_name_and_nothing_else_changes():
    changed = CATALOGUE.without([RULE])
    assert set(CATALOGUE.rules) - set(changed.rules) == {RULE}
    assert all(changed.rules[name] is rule for name, rule in CATALOGUE.rules.items() if name != RULE)
    assert changed.therapies == CATALOGUE.therapies


def test_rules_of_therapies_are_switched_off_too():
    for therapy, entry in CATALOGUE.therapies.items():
        for rule in entry.rules:
            assert rule not in CATALOGUE.without([rule]).therapies[therapy].rules
            assert rule not in CATALOGUE.without([f"{therapy}.{rule}"]).therapies[therapy].rules


def test_a_rule_keeps_its_limit_when_the_one_that_stated_it_is_off():
    def rule(**more):
        return Rule(cell="a", signal="s", effect="increases", behavior="division", group="g", half_max=1, power=1,
                    evidence="x y", **more)  # fmt: skip

    built, _ = Catalogue.build({"rules": {"first": rule(base=0, limit=3), "second": rule()}})
    assert built.without(["first"]).rules["second"].limit.at("mouse") == 3
    assert built.without(["first"]).rules["second"].base.at("mouse") == 0


def test_texts_of_a_number_are_of_one_host_or_of_both():
    number = Number(value=1, unit="pM", source=["mouse: seen", "human: assumed: as mouse", "both"])
    assert number.texts_at("mouse") == ("seen", "both") and number.texts_at("human") == ("assumed: as mouse", "both")
    assert not number.assumed_at("mouse") and number.assumed_at("human") and number.assumed
    with pytest.raises(ValueError, match="say why it is assumed"):
        Number(value=1, unit="pM", source=["mouse: seen", "human: assumed:"])
