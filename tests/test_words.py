"""Finding things by the words of the field, and the texts that are written from the catalogue."""

import json
import re
import subprocess
import sys
from pathlib import Path

import pytest
import yaml
from mutations import command

import tmesim
from tmesim.body.step import STEP
from tmesim.catalogue import english, load_catalogue, synonyms
from tmesim.catalogue.folds import assumptions, folds, rule_of
from tmesim.catalogue.glossary import glossary
from tmesim.catalogue.synonyms import families, spelled, stated, strangers, words
from tmesim.cli import citing, finding, pages, protocol
from tmesim.cli.keys import all_keys, node_at, steps_of
from tmesim.evidence import ground
from tmesim.reading import InputError
from tmesim.report.assumptions import all_assumed, works_through
from tmesim.scenario import json_schema, load, read_text

ROOT = Path(__file__).resolve().parents[1]
CATALOGUE = load_catalogue()


def told_of(text: str) -> str:
    return " ".join(tmesim.explain(text).split())


# -- words


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("CD8", "ctl"), ("CD8+ T cells", "ctl"), ("cytotoxic T cell", "ctl"), ("Treg", "treg"), ("Tregs", "treg"),
        ("regulatory T cells", "treg"), ("FoxP3", "treg"), ("CAFs", "caf"), ("cancer associated fibroblast", "caf"),
        ("fibroblasts", "fibroblast"), ("NK cells", "nk"), ("PD-L1", "pdl1"), ("PDL1", "pdl1"), ("pd l1", "pdl1"),
        ("EMT", "emt"), ("epithelial-to-mesenchymal transition", "emt"), ("TGF-β", "tgfb"), ("TGFb", "tgfb"),
        ("tgf beta", "tgfb"), ("TGFBeta", "tgfb"), ("IFN-γ", "ifng"), ("interferon gamma", "ifng"), ("VEGF-A", "vegf"),
        ("SDF-1α", "cxcl12"), ("Avastin", "anti_vegf"), ("bevacizumab", "anti_vegf"), ("ATEZOLIZUMAB", "anti_pd_l1"),
        ("Tecentriq", "anti_pd_l1"), ("proliferation", "division"), ("tumour burden", "tumor_burden"),
        ("microvessel density", "vessel_density"), ("4T1", "4t1_like"), ("bone marrow", "bone"), ("collagen", "ecm"),
        ("control arm", "reference arm"), ("Confidence intervals", "interval"),
    ],
)  # fmt: skip
def test_a_word_of_the_field_leads_to_what_it_means(text, name):
    assert told_of(text).startswith(f"{name} is a")


@pytest.mark.parametrize(
    ("text", "some"),
    [
        ("macrophage", ["m1", "m2", "monocyte"]),
        ("Macrophages", ["m1", "m2", "kupffer", "microglia"]),
        ("T cells", ["ctl", "th1", "treg"]),
        ("hypoxia", ["hypoxia_response", "hypoxic_fraction", "oxygen"]),
        ("kill rate", ["hit_rate", "kills_per_ctl"]),
        ("pembrolizumab", ["pdl1", "anti_pd_l1"]),
    ],
)
def test_a_word_for_several_things_lists_them(text, some):
    text = tmesim.explain(text)
    assert "can mean several things" in text
    assert all(re.search(rf"^- {name} is a", text, re.MULTILINE) for name in some)


def test_a_name_that_is_a_wider_word_too_is_told_first_and_then_the_others():
    text = tmesim.explain("fibroblast")
    assert text.startswith("fibroblast is a cell type") and "'fibroblast' can also mean:\n- caf is a cell type" in text


def test_a_choice_is_told_by_what_it_is_itself():
    text = tmesim.explain("angiogenesis")
    assert "\n- sprouting is a behavior (1/h): " in text, "not by one of the numbers that end in it"
    assert "Other names" not in text


def test_every_synonym_and_every_family_finds_its_own():
    for _, word, name in stated(CATALOGUE):
        assert name in finding.names_for(CATALOGUE, word), word
    for kind in words().synonyms.values():
        for name, others in kind.items():
            assert all(name in finding.names_for(CATALOGUE, word) for word in others), name
    for word, family in words().families.items():
        assert all(set(family.of) <= set(finding.names_for(CATALOGUE, each)) for each in (word, *family.also))


def test_every_label_of_a_cell_type_finds_it_in_the_singular_and_the_plural():
    for name, cell in CATALOGUE.cells.items():
        for word in (cell.label, english.plural(CATALOGUE, name), cell.label.upper().replace(" ", "-")):
            assert name in finding.names_for(CATALOGUE, word) or spelled(word) in map(spelled, ("bone", "bones")), word


@pytest.mark.parametrize(
    "same",
    [
        ("TGF-β", "TGFb", "tgf beta", "Tgf_Beta", "TGFβ"),
        ("T cell", "T-cells", "t_cell", "Tcells"),
        ("IL-6", "il6", "IL 6"),
        ("antibody", "Antibodies"),
        ("tumour", "tumors"),
    ],
)
def test_spellings_of_one_word_are_one(same):
    assert len({spelled(word) for word in same}) == 1


def test_words_that_differ_stay_apart():
    differ = ("M1", "M2", "IL-6", "IL-10", "TGF-α", "TGF-β", "mass", "virus", "necrosis", "gas", "CD4", "CD8")
    assert len({spelled(word) for word in differ}) == len(differ)


def test_the_packaged_words_name_things_that_are_there():
    assert list(strangers(finding.named(CATALOGUE))) == []
    assert list(synonyms.clashes(CATALOGUE)) == []


def test_words_for_nothing_and_words_said_twice_are_told(monkeypatch):
    broken = words().model_copy(
        update={
            "synonyms": {"organs": {"tail": ("rump",)}},
            "families": {
                "beast": synonyms.WordFamily(of=("unicorn",)),
                "animal": synonyms.WordFamily(of=("m1",), also=("Beasts",)),
            },
        }
    )
    monkeypatch.setattr(synonyms, "words", lambda: broken)
    told = [f"{'.'.join(map(str, path))}: {message}" for path, message in strangers(finding.named(CATALOGUE))]
    assert len(told) == 3
    assert "'tail'" not in told[0] and told[0].startswith("synonyms.organs.tail")
    assert "'unicorn'" in told[1] and "'Beasts' is a word of the family 'beast' already" in told[2]


START = """\
name: newcomer
question: q
host: mouse
tissue: {size: [300 µm, 300 µm]}
start: {tumor: {radius: 60 µm}, densities: {m1: 100 /mm²}, capillaries: 120 /mm², ecm: 0.2}
time: {days: 1}
arms: {a: {}}
"""
CELL = """\
add:
  cells:
    newcomer: {label: n, agent: NewCell, layer: leukocyte, color: '#123456', behaviors: {apoptosis: 0.01 1/h},
               synonyms: [WORD]}
"""


@pytest.mark.parametrize(
    ("word", "told"),
    [
        ("Tregs", "'Tregs' means 'treg' already"),
        ("CD8 T-cell", "'CD8 T-cell' means 'ctl' already"),
        ("Proliferation", "'Proliferation' means 'division' already"),
        ("macrophage", "'macrophage' is a family of words already: m1, m2"),
        ("'+'", "'+' has no letter and no digit"),
    ],
)
def test_a_word_means_one_thing(word, told):
    with pytest.raises(InputError) as error:
        read_text(START + CELL.replace("WORD", word))
    (problem,) = error.value.problems
    assert told in problem.message and problem.path == "add.cells.newcomer.synonyms[0]" and problem.line == 11


def test_a_brand_of_a_drug_is_no_word_for_a_cell():
    with pytest.raises(InputError, match="'Avastin' means 'newcomer' already; a word means one thing"):
        read_text(START + CELL.replace("WORD", "avastin"))


def test_a_word_of_an_added_entry_finds_it():
    made = read_text(START + CELL.replace("WORD", "fresh cell"))
    assert finding.names_for(made.catalogue, "Fresh cells") == ["newcomer"]


def test_words_are_no_part_of_the_biology():
    plain = read_text(START + CELL.replace("WORD", "fresh cell"))
    other = read_text(START + CELL.replace("WORD", "stranger"))
    assert plain.catalogue.hash == other.catalogue.hash
    assert plain.catalogue.cells["newcomer"] != other.catalogue.cells["newcomer"]


@pytest.mark.parametrize("name", ["Avastin", "bevacizumab", "anti-VEGF", "VEGF blockade"])
def test_an_arm_gives_a_drug_by_its_brand(name):
    made = read_text(START.replace("{a: {}}", f"{{a: {{}}, b: {{therapies: [{name}]}}}}"))
    assert made.arms["b"].therapies[0].use == "anti_vegf"


@pytest.mark.parametrize(
    ("change", "told"),
    [
        (("{m1:", "{macrophage:"), "Did you mean 'm1' or 'm2' or 'monocyte' or 'kupffer' or 'microglia'?"),
        (("{m1:", "{CD8 T cells:"), "Did you mean 'ctl'?"),
        (("{m1:", "{Fibroblasts:"), "Did you mean 'fibroblast'?"),
        (("host: mouse", "host: TNBC"), "Did you mean 'human_tnbc'?"),
        (("arms:", "drop: {fields: [TGF-β]}\narms:"), "Did you mean 'tgfb'?"),
        (("start: {", "start: {organ: bone marrow, "), "Did you mean 'bone'?"),
    ],
)
def test_a_word_of_the_field_in_a_scenario_is_answered_with_the_name(change, told):
    with pytest.raises(InputError) as error:
        read_text(START.replace(*change))
    assert told in str(error.value)


def test_an_endpoint_by_a_word_of_the_field_is_answered_with_its_name(tmp_path):
    file = tmp_path / "x.yaml"
    file.write_text(START + "endpoints: [kill rate, CD8/Treg ratio]\n", encoding="utf-8")
    code, _, err = command("check", str(file))
    assert code == 2 and "Did you mean 'kills_per_ctl' or 'kills'?" in err and "Did you mean 'ctl_to_treg'?" in err


# -- in Python


def test_an_explanation_shows_itself():
    text = tmesim.explain("patch")
    assert repr(text) == str(text) and text.startswith("patch is a word of the program.")
    assert text in command("explain", "patch")[1].replace("\n", " ").replace("  ", " ") or told_of("patch")
    shown = tmesim.explain("treg")._repr_markdown_()
    assert re.search(r"\n\n- division: ", shown), "a list begins after an empty line"
    assert "\\*" in pages.markdown(["2 * 3"]) and pages.markdown(["    2 * 3"]) == "    2 * 3"


@pytest.mark.parametrize("kind", ["cells", "therapies", "glossary", "families"])
def test_a_list_in_python_is_that_of_the_command_line(kind):
    rows = tmesim.list(kind)
    assert list(rows) == json.loads(command("list", kind, "--json")[1])
    assert repr(rows) + "\n" == command("list", kind)[1]
    frame = rows.frame()
    assert list(frame.index) == [row["name"] for row in rows] and len(rows[:2]) == 2
    assert f">{next(iter(rows))['name']}<" in rows._repr_html_()


def test_a_list_of_nothing_known_names_the_kinds():
    assert {row["name"]: row["count"] for row in tmesim.list()}["rules"] == len(CATALOGUE.all_rules)
    with pytest.raises(InputError, match="Did you mean 'cells'"):
        tmesim.list("cels")


def test_listing_needs_no_pandas_and_a_star_import_leaves_the_list_of_python():
    code = "import sys, tmesim; tmesim.list('cells'); print('pandas' in sys.modules)\nfrom tmesim import *; print(list)"
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    assert done.stdout.split("\n")[:2] == ["False", "<class 'list'>"]


# -- the glossary


def test_every_term_is_explained_briefly_and_leads_on():
    for name, term in glossary().items():
        assert 1 <= len(re.findall(r"[.!?](?=\s|$)", term.says)) <= 3 and len(term.says) < 320, name
        for other in term.see:
            assert finding.names_for(CATALOGUE, other) or node_at(steps_of(other)) is not None, (name, other)
        told = [page[0] for page in pages.pages(CATALOGUE, name)]
        assert any(text.startswith(f"{name} is a word of the program") for text in told), name
    whole = tmesim.explain("glossary")
    assert all(f"\n{name}: " in whole for name in glossary())


def test_the_words_that_users_meet_first_are_in_the_glossary():
    first = {"patch", "lesion", "arm", "replicate", "endpoint", "rule", "signal", "behavior", "soil", "seed", "twin",
             "window", "pair", "common random numbers"}  # fmt: skip
    assert first <= set(glossary())


# -- the model as an ODD protocol

SECTIONS = ("Purpose and patterns", "Entities, state variables and scales", "Process overview and scheduling",
            "Design concepts", "Initialization", "Input data", "Submodels")  # fmt: skip


def test_the_protocol_has_the_seven_sections_and_all_entities():
    text = command("explain", "model")[1]
    heads = re.findall(r"^## (\d)\. (.+)$", text, re.MULTILINE)
    assert heads == [(str(n), title) for n, title in enumerate(SECTIONS, 1)]
    for kind in ("cells", "states", "fields", "matrix"):
        assert all(f"| `{name}` |" in text for name in getattr(CATALOGUE, kind))
    order = re.findall(r"^\d+\. \*\*(\w+)\*\*", text, re.MULTILINE)
    assert order == [process.name for process in STEP]
    for process, numbers in CATALOGUE.processes.items():
        assert f"- **{process}**: " in text and all(f"{key} = {number}" in text for key, number in numbers.items())


def test_the_protocol_counts_each_rule_once():
    rows = re.findall(r"^\| `[^`]+` \| [^|]+ \| [^|]+ \| (\d+) \| \d+ \|$", protocol.protocol(), re.MULTILINE)
    assert sum(map(int, rows)) == len(CATALOGUE.all_rules)


def test_the_protocol_follows_the_catalogue(monkeypatch):
    changed = read_text(START + CELL.replace("WORD", "fresh cell") + "set: {processes.division.push_reach: 7 sites}")
    monkeypatch.setattr(protocol, "load_catalogue", lambda: changed.catalogue)
    text = protocol.protocol()
    assert "| `newcomer` | n | leukocyte |" in text and "push_reach = 7 sites" in text
    assert f"{len(CATALOGUE.cells) + 1} types" in text


# -- methods


def test_the_methods_of_a_scenario_say_what_is_simulated_and_how_it_is_compared():
    made = load("treg_depletion")
    text = command("explain", "methods", "treg_depletion")[1]
    assert f"tmesim {tmesim.__version__}" in text and made.question in text and made.hash in text
    assert "4 arms were simulated on 6 replicates" in text and "on days 7 and 14" in text
    assert "seed was 1" in text and "95 % Student interval" in text and "Benjamini and Hochberg" in text
    for papers in ("Bos et al. 2013", "Lutsiak et al. 2005"):
        assert papers in text
    grounds_told = [int(n) for n in re.findall(r"(\d+) are ", text)]
    assert sum(grounds_told) == len(list(made.catalogue.numbers()))


def test_the_methods_of_the_program_cite_it_as_its_file_does():
    cff = yaml.safe_load((ROOT / "CITATION.cff").read_text(encoding="utf-8"))
    text = command("explain", "methods")[1]
    assert cff["title"] in text and f"Version {tmesim.__version__}" in text
    assert cff["title"] == citing.TITLE and cff["authors"][0]["name"] in text
    assert citing.YEAR == cff["preferred-citation"]["year"] and f"({citing.YEAR})" in text


def test_methods_of_nothing_known_are_refused():
    code, out, err = command("explain", "methods", "treg_depletio")
    assert (code, out) == (2, "") and "treg_depletion" in err


def test_one_arm_or_one_replicate_is_not_compared():
    text = citing.methods("untreated")
    assert "One arm was simulated" in text and "Student" not in text


# -- keys of a scenario

SCHEMA = json_schema()
UNIT = re.compile(r"\((?:[^()]*\b(?:µm|mm|h|d|1/h|µm/h|µm²/h|/mm²|pM|nM|kDa|cells|Gy|1/Gy|1/Gy²|L|L/kg|L/h/kg|mg/kg)\b"
                  r"|/mm²)[^()]*\)")  # fmt: skip
NO_UNIT = re.compile(r"\b(0 to [\d.]+|factors?|probability|unit of|coefficient|exponent|standard deviation|in the unit|"
                     r"whole number|share|10 mg/kg)\b")  # fmt: skip


def properties(node, path=()):
    """Every property of a schema with its path."""
    if isinstance(node, dict):
        for key, inner in node.get("properties", {}).items():
            yield (*path, key), inner
        for key, inner in node.items():
            if key == "properties":
                for name, part in inner.items():
                    yield from properties(part, (*path, name))
            else:
                yield from properties(inner, (*path, f"<{key}>") if key.startswith("$") is False else path)
    elif isinstance(node, list):
        for inner in node:
            yield from properties(inner, path)


PROPERTIES = list(properties(SCHEMA))


def test_every_key_has_a_description_of_substance():
    assert len(PROPERTIES) > 300
    for path, node in PROPERTIES:
        text = node.get("description", "")
        said = set(re.findall(r"[a-z0-9]+", text.lower())) - set(re.findall(r"[a-z0-9]+", path[-1].lower()))
        assert len(said) >= 3, (path, text)


def test_every_key_that_takes_a_number_with_a_unit_names_it():
    def takes_quantity(node):
        parts = [node, *node.get("anyOf", ())]
        return any(part.get("$ref", "").endswith(".Number") or (part.get("type") == "string" and "examples" in part)
                   for part in parts)  # fmt: skip

    found = [(path, node["description"]) for path, node in PROPERTIES if takes_quantity(node)]
    assert len(found) > 60
    assert [(path, text) for path, text in found if not UNIT.search(text) and not NO_UNIT.search(text)] == []


@pytest.mark.parametrize(
    "key",
    [
        "start.densities", "tissue.size", "time.step", "arms.any.therapies", "replicates", "start.tumor[0].radius",
        "add.rules.any.half_max", "start.organs.lung.samples",
    ],
)  # fmt: skip
def test_a_key_is_explained_by_what_it_means_and_takes(key):
    text = told_of(key)
    assert text.startswith(f"{key} is a key of a scenario: {node_at(steps_of(key))['description'].rstrip('.')}")
    assert "- It takes " in text


def test_every_key_can_be_explained_and_its_example_is_from_a_scenario():
    keys = all_keys()
    assert {"start.densities", "time.snapshots", "start.injection.route"} <= keys
    for key in sorted(keys):
        page = "\n".join(line for page in pages.pages(CATALOGUE, key) for line in page)
        assert f"{key} is a key of a scenario: " in page
    shown = tmesim.explain("time.snapshots")
    assert "In the scenario untreated:" in shown
    assert yaml.safe_load(shown.partition("untreated:\n")[2])["snapshots"] == ["0 d", "7 d", "14 d", "21 d"]


def test_a_default_is_told_with_its_unit():
    assert "By default it is 1 h." in told_of("time.step") and "By default it is 15 µm." in told_of("tissue.spacing")


def test_a_key_that_is_misspelled_is_answered_with_the_right_one():
    assert "Did you mean 'start.densities'?" in command("explain", "start.densites")[2]


def test_a_word_like_nothing_else_is_answered_with_where_to_look():
    err = command("explain", "xqzw")[2]
    assert "nothing is called 'xqzw'" in err and "`tmesim list`" in err and "Known" not in err


# -- what is assumed, folded


def test_every_assumed_number_stands_in_one_line_and_no_other_does():
    assumed = [
        path for path, number in CATALOGUE.numbers()
        if any(ground(CATALOGUE, path, host) in ("assumed", "bounded") for host in number.hosts)
    ]  # fmt: skip
    told = [path for each in assumptions(CATALOGUE) for path in each.paths]
    assert sorted(told) == sorted(assumed) and len(told) == len(set(told))


def test_folds_hold_every_rule_once_and_rules_that_differ_in_more_than_cells_apart():
    found = folds(CATALOGUE.all_rules)
    names = [name for fold in found for name in fold.rules]
    assert sorted(names) == sorted(CATALOGUE.all_rules) and len(found) < len(names)
    for fold in found:
        said = {(rule.signal, rule.effect, rule.behavior, rule.group) for rule in fold.rules.values()}
        assert len(said) == 1
    together = {frozenset(fold.rules) for fold in found}
    deaths = {"chemotherapy_kills_tumor", "chemotherapy_kills_lymphocytes", "chemotherapy_kills_monocytes"}
    assert deaths in together, "DNA damage raises apoptosis in all of them"
    assert not any({"caf_contact_protects_tumor", "caf_contact_spares_from_chemotherapy"} <= each for each in together)


def test_a_fold_names_all_of_its_cells():
    fold = next(fold for fold in folds(CATALOGUE.all_rules) if "treg_contact_suppresses_ctl" in fold.rules)
    text = fold.statement(CATALOGUE)
    assert set(fold.cells) == {"m1", "ctl", "neutrophil_n1", "nk"}
    assert all(CATALOGUE.cells[cell].label in text for cell in fold.cells)


def test_a_rule_alone_reads_as_before():
    rule = CATALOGUE.rules["oxygen_fuels_division"]
    fold = next(fold for fold in folds(CATALOGUE.all_rules) if "oxygen_fuels_division" in fold.rules)
    assert CATALOGUE.sentence(rule).startswith(fold.statement(CATALOGUE))


def test_evidence_and_report_tell_how_many_are_assumed_and_each_line_how_many_it_holds():
    count = sum(number.assumed for _, number in CATALOGUE.numbers())
    text = command("evidence", "--assumed")[1]
    lines = [int(n) for n in re.findall(r"^- .*\((\d+)\)$", text, re.MULTILINE)]
    assert text.startswith(f"{count} of {len(list(CATALOGUE.numbers()))} numbers are assumed") and sum(lines) == count
    page = str(all_assumed(CATALOGUE))
    assert f"All {count} assumed numbers, in {len(lines)} lines" in page
    assert sum(int(n) for n in re.findall(r"\((\d+)\)</li>", page)) == count


def test_numbers_belong_to_the_rule_they_are_of():
    assert rule_of("rules.anoxia_kills.limit") == "anoxia_kills"
    assert rule_of("therapies.x.rules.y.half_max") == "y" and rule_of("therapies.x.dose") is None


def test_what_a_drug_works_through_is_counted():
    assert works_through(1, 1) == "The rule it works through"
    assert works_through(4, 4) == "The 4 rules it works through"
    assert works_through(7, 4) == "The 7 rules it works through, in 4 statements"


def test_no_family_has_a_word_that_is_a_synonym_of_something_outside_it():
    for key, family in families().items():
        assert synonyms.owners(CATALOGUE).get(key, set()) <= set(family.of)
