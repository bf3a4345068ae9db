"""Bad input: each mistake is named with file, line and key, all at once; exit code 2, no traceback, nothing written."""

import os
import subprocess
import sys
import time
import warnings
from pathlib import Path

import numpy as np
import pytest
from full_counts import count as full_count
from full_counts import counted
from hypothesis import given, settings
from mutations import broken, command, daring, written
from tissues import OneTissue

from tmesim.catalogue import load_catalogue
from tmesim.kernels import arrays, leukocytes, sprouting
from tmesim.reading import InputError, Problem, parse, read_yaml, suggestion
from tmesim.reading.yaml12 import MAX_BYTES
from tmesim.scenario import limits, load, read_text
from tmesim.tissue.processes.migrate import Migrate
from tmesim.tissue.processes.patrol import Patrol

ROOT = Path(__file__).resolve().parents[1]
MALFORMED = Path(__file__).with_name("malformed")
GOOD = """\
name: base
question: q
host: mouse
tissue: {size: [600 µm, 600 µm]}
start:
  tumor: {radius: 100 µm}
  densities: {fibroblast: 500 /mm²}
  capillaries: 120 /mm²
  ecm: 0.2
time: {days: 4}
arms:
  untreated: {}
  treated:
    therapies: [{use: anti_cd25, start: 1 d}]
"""


def expected() -> dict[str, list[str]]:
    """Parts of the messages that are due, by name of the malformed file."""
    found: dict[str, list[str]] = {}
    name = ""
    for line in (MALFORMED / "expected.txt").read_text(encoding="utf-8").splitlines():
        if line.startswith("  "):
            found[name].append(line[2:])
        elif line and not line.startswith("#"):
            name = line
            found[name] = []
    return found


EXPECTED = expected()


def listing(folder: Path) -> set[tuple[str, int]]:
    return {(str(path.relative_to(folder)), path.stat().st_mtime_ns) for path in folder.rglob("*")}


def assert_refused(code: int, out: str, err: str, *files: str) -> list[str]:
    """Exit code 2, no traceback, one problem a line, each with a place."""
    assert code == 2
    assert out == ""
    assert "Traceback" not in err
    lines = err.splitlines()
    assert lines
    assert all(line.isprintable() and len(line) < 2000 for line in lines)
    if files:
        assert [line for line in lines if not line.startswith(files)] == []
    return lines


# -- the corpus


def test_the_table_and_the_folder_name_the_same_files():
    assert set(EXPECTED) == {path.name for path in MALFORMED.glob("*.yaml")}
    assert all(EXPECTED.values())


@pytest.mark.parametrize("verb", ["check", "run"])
@pytest.mark.parametrize("name", sorted(EXPECTED))
def test_a_malformed_file_is_refused_with_file_line_and_key_and_nothing_is_written(name, verb, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    file = MALFORMED / name
    before = listing(MALFORMED)
    begun = time.perf_counter()
    lines = assert_refused(*command(verb, file), str(MALFORMED))
    assert time.perf_counter() - begun < 20  # a hang, not a slow machine
    for words in EXPECTED[name]:
        place, at, _ = words.partition(": ")
        due = f"{file}:{words}" if at and place.isdigit() else words
        assert any(line.startswith(due) if due != words else words in line for line in lines), (words, lines)
    assert listing(MALFORMED) == before
    assert listing(tmp_path) == set()


@pytest.mark.parametrize("name", ["unknown_names.yaml", "an_alias_bomb.yaml", "a_tab.yaml", "deep_nesting.yaml"])
def test_a_real_process_says_the_same(name, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    done = subprocess.run(
        [sys.executable, "-m", "tmesim", "run", str(MALFORMED / name)],
        cwd=tmp_path, env={**os.environ, "PYTHONPATH": str(ROOT)},
        capture_output=True, text=True, check=False, timeout=120,
    )  # fmt: skip
    lines = assert_refused(done.returncode, done.stdout, done.stderr, str(MALFORMED))
    assert lines == command("check", MALFORMED / name)[2].splitlines()
    assert listing(tmp_path) == set()


def test_the_file_that_the_malformed_ones_were_made_of_is_fine():
    assert read_text(GOOD).name == "base"


def test_all_problems_of_a_file_come_at_once():
    assert len(command("check", MALFORMED / "unknown_names.yaml")[2].splitlines()) == 6
    assert len(command("check", MALFORMED / "parts_that_are_missing.yaml")[2].splitlines()) == 5


# -- mutated scenarios


def check_mutated(raw: bytes, folder: Path) -> bool:
    """The whole command bears a file: it is fine, or its problems are named. Returns whether it is fine."""
    file = folder / "mutated.yaml"
    file.write_bytes(raw)
    with warnings.catch_warnings():
        warnings.simplefilter("error", RuntimeWarning)
        warnings.simplefilter("ignore", UserWarning)  # another catalogue
        begun = time.perf_counter()
        code, out, err = command("check", file)
        assert time.perf_counter() - begun < 20
    assert {path.name for path in folder.iterdir()} == {"mutated.yaml"}
    if code == 0:
        assert err == ""
        assert out.startswith(str(file))
        return True
    packaged = str(os.path.relpath(ROOT / "scenarios"))
    assert_refused(code, out, err, str(file), packaged, str(ROOT / "scenarios"))
    return False


def step_once(data: dict, folder: Path) -> None:
    """A scenario that is fine can be built and stepped in each arm, and all numbers stay finite."""
    if not check_mutated(written(data), folder):
        return
    scenario = load(folder / "mutated.yaml")
    with warnings.catch_warnings():
        warnings.simplefilter("error", RuntimeWarning)
        for arm in scenario.arms:
            tissue = OneTissue(scenario, seed=1)
            tissue.treat(arm)
            tissue.step()
            living = tissue.cells.type[: tissue.cells.n] != arrays.DEAD
            for numbers in (tissue.cells.value, tissue.cells.columns.state):
                assert np.isfinite(numbers[: tissue.cells.n][living]).all()
            assert np.isfinite(tissue.solver.values).all()


@settings(max_examples=300)
@given(broken)
def test_no_mutated_scenario_leaves_a_traceback(tmp_path_factory, raw):
    check_mutated(raw, _empty(tmp_path_factory))


@settings(max_examples=40)
@given(daring())
def test_what_the_check_lets_through_can_be_simulated(tmp_path_factory, data):
    step_once(data, _empty(tmp_path_factory))


@pytest.mark.slow
@counted("scenarios mutated and checked")
@settings(max_examples=full_count("scenarios mutated and checked"))
@given(broken)
def test_no_mutated_scenario_of_thousands_leaves_a_traceback(tmp_path_factory, raw):
    check_mutated(raw, _empty(tmp_path_factory))


@pytest.mark.slow
@counted("scenarios made and stepped")
@settings(max_examples=full_count("scenarios made and stepped"))
@given(daring())
def test_what_the_check_lets_through_can_be_simulated_many_times(tmp_path_factory, data):
    step_once(data, _empty(tmp_path_factory))


def _empty(factory) -> Path:
    """One folder for all examples of a test: each leaves one file, under the same name."""
    folder = factory.getbasetemp() / "mutated"
    folder.mkdir(exist_ok=True)
    return folder


# -- files that are none, and files without end


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("none.yaml", "there is no such file"),
        ("folder.yaml", "is a directory"),
        ("nul\0.yaml", "cannot be the name of a file"),
        ("x" * 300 + ".yaml", "cannot be read: File name too long"),
    ],
)
def test_what_is_no_file_is_named(name, words, tmp_path):
    (tmp_path / "folder.yaml").mkdir()
    assert words in assert_refused(*command("check", tmp_path / name))[0]


def test_bytes_that_are_no_utf8_are_named_with_their_line(tmp_path):
    (tmp_path / "x.yaml").write_bytes(GOOD.replace("question: q", "question: größe").encode("latin-1", "replace"))
    assert assert_refused(*command("check", tmp_path / "x.yaml"))[0].startswith(
        f"{tmp_path / 'x.yaml'}:2: byte 0xf6 is not UTF-8"
    )


@pytest.mark.skipif(not Path("/dev/zero").exists(), reason="no such device")
def test_a_file_without_end_is_refused():
    with pytest.raises(InputError, match="larger than"):
        read_yaml("/dev/zero")


@pytest.mark.parametrize(
    "text",
    [
        "set:\n" + "".join(f"  cells.tumor.behaviors.x{i}: 1\n" for i in range(20_000)),
        "".join(f"k{i}: 1\n" for i in range(20_000)),
        "x" * 1_000_000 + ": 1\n",
        "off: [" + ", ".join(["a" * 50] * 20_000) + "]\n",
        "host: " + "9" * 4000 + "\n",
        "tissue: {size: [" + "9" * 500_000 + " µm, 1 µm]}\n",
        "set: {cells.tumor.behaviors.division: 1 " + "h*" * 100_000 + "h}\n",
        "".join(f"a{i}: &a{i} {{x: 1, y: *a{i - 1}}}\n" if i else "a0: &a0 1\n" for i in range(5000)),
    ],
    ids=["overrides", "keys", "key", "rules", "digits", "number", "unit", "aliases"],
)
def test_large_nonsense_is_refused_within_seconds(text, tmp_path):
    assert len(text) < MAX_BYTES
    (tmp_path / "x.yaml").write_text("name: x\nquestion: q\nextends: untreated\n" + text, encoding="utf-8")
    begun = time.perf_counter()
    assert_refused(*command("check", tmp_path / "x.yaml"))
    assert time.perf_counter() - begun < 20


# -- options and places to write to


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["--seed", "-1"], "--seed: "),
        (["--replicates", "0"], "--replicates: "),
        (["--days", "nan"], "--days: nan is not finite"),
        (["--days", "1e300"], "--days: must not be above 36525 d"),
        (["--arms", "treeted"], "--arms: there is no arm 'treeted'. Did you mean 'treated'?"),
        (["--set", "start.ecm"], "--set: expected KEY=VALUE, got 'start.ecm'"),
        (["--set", "start.emc=1"], "--set start.emc: unknown key. Did you mean 'ecm'?"),
        (["--set", "start.tumor.²=1"], "--set start.tumor.²: "),
        (["--set", f"start.tumor.{'9' * 5000}=1"], "--set start.tumor.999"),
        (["--set", "time.step=1e-300 h"], "--set time.step: must not be below 0.001 h, got 1e-300 h"),
        (["--set", "cells.tumor.behaviors.division=1e300 1/h"], "must not be above 1000000 1/h"),
        (["--set", "endpoints.0=tumor_burdn"], "--set endpoints.0: there is no 'endpoints' to set"),
    ],
)
def test_a_wrong_option_is_named_and_nothing_is_written(arguments, words, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    Path("good.yaml").write_text(GOOD, encoding="utf-8")
    lines = assert_refused(*command("run", "good.yaml", "--out", "out", *arguments))
    assert any(words in line for line in lines), lines
    assert {path.name for path in tmp_path.iterdir()} == {"good.yaml"}


@pytest.mark.parametrize("out", ["taken/run", "proc/run", "x" * 300])
def test_an_output_that_cannot_be_written_is_named(out, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    Path("good.yaml").write_text(GOOD, encoding="utf-8")
    Path("taken").write_text("a file", encoding="utf-8")
    place = "/proc/none/run" if out.startswith("proc") else out
    before = listing(tmp_path)
    lines = assert_refused(*command("run", "good.yaml", "--quiet", "--out", place))
    assert "cannot be written" in lines[0]
    assert listing(tmp_path) == before


def test_an_output_that_holds_something_else_is_left_alone(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    Path("good.yaml").write_text(GOOD, encoding="utf-8")
    Path("out").mkdir()
    (Path("out") / "thesis.txt").write_text("years of work", encoding="utf-8")
    (Path("other")).mkdir()
    (Path("other") / "provenance.json").write_text('{"scenario": "mine", "scenario_hash": "0"}', encoding="utf-8")
    before = listing(tmp_path)
    assert "is not empty and holds no run" in assert_refused(*command("run", "good.yaml", "--quiet", "--out", "out"))[0]
    assert "holds another run" in assert_refused(*command("run", "good.yaml", "--quiet", "--out", "other"))[0]
    assert listing(tmp_path) == before


# -- rules that are off, fields that are dropped


def test_a_rule_that_is_off_is_not_asked_whether_a_number_suits_it():
    rules = [name for name, rule in load_catalogue().all_rules.items() if rule.behavior == "emt_gain"]
    text = GOOD + "set: {cells.tumor.behaviors.emt_gain: 0.9 1/h}\n"
    with pytest.raises(InputError, match="or switch the rule off"):
        read_text(text)
    made = read_text(f"{text}off: [{', '.join(rules)}]\n")
    assert made.catalogue.cells["tumor"].behaviors["emt_gain"].at("mouse") == 0.9
    assert read_text(made.to_yaml()) == made


def test_a_number_of_a_rule_that_is_off_may_be_set_and_is_written_back():
    made = read_text(GOOD + "set: {rules.tgfb_drives_emt.half_max: 40 pM}\noff: [rules.tgfb_drives_emt]\n")
    assert made.off == ("tgfb_drives_emt",)
    assert made.set == {"rules.tgfb_drives_emt.half_max": "40 pM"}
    assert read_text(made.to_yaml()) == made


def test_an_arm_may_not_set_a_number_of_a_rule_that_the_scenario_switches_off():
    arms = GOOD.replace("untreated: {}", "untreated: {set: {rules.tgfb_drives_emt.half_max: 4 pM}}")
    with pytest.raises(
        InputError, match=r"12: arms\.untreated\.set.*: the scenario switches the rule 'tgfb_drives_emt' off"
    ):
        read_text(arms + "off: [tgfb_drives_emt]\n")


def test_a_rule_of_a_therapy_goes_by_its_name_with_or_without_the_therapy():
    name, path = next((n, p) for n, p in load_catalogue().rule_paths.items() if p[0] == "therapies")
    for text in (name, f"{path[1]}.{name}", f"therapies.{path[1]}.rules.{name}"):
        made = read_text(GOOD.replace("untreated: {}", f"untreated: {{off: [{text}]}}"))
        assert made.arms["untreated"].off == (name,)
        assert name not in made.catalogue_for("untreated").all_rules
    with pytest.raises(InputError, match="there is no rule"):
        read_text(GOOD + f"off: [nonsense.{name}]\n")


def _without(field: str) -> str:
    """The scenario without a field and the rules that need it."""
    needing = [
        name
        for name, rule in load_catalogue().all_rules.items()
        if rule.signal == field or rule.behavior.partition(".")[2] == field
    ]
    good = GOOD.replace("anti_cd25", "treg_ablation") if field == "il2" else GOOD  # which blocks it
    return good + f"drop: {{fields: [{field}]}}\noff: [{', '.join(needing)}]\n"


@pytest.mark.parametrize("field", sorted(load_catalogue().fields))
def test_a_scenario_can_do_without_a_field(field):
    made = read_text(_without(field))
    assert field not in made.catalogue.fields
    assert not [word for cell in made.catalogue.cells.values() for word in cell.behaviors if word.endswith(f".{field}")]
    assert read_text(made.to_yaml()) == made
    assert made.hash != read_text(GOOD).hash
    tissue = OneTissue(made, seed=1)
    tissue.step()
    assert field not in tissue.fields


def test_each_rule_that_reads_a_dropped_field_is_named():
    reading = [name for name, rule in load_catalogue().all_rules.items() if rule.signal == "il6"]
    with pytest.raises(InputError) as caught:
        read_text(GOOD + "drop: {fields: [il6]}\n")
    assert all(f"the rule '{name}' reads 'il6'" in str(caught.value) for name in reading)


def test_a_dropped_field_cannot_be_an_endpoint(tmp_path):
    (tmp_path / "x.yaml").write_text(_without("il6") + "endpoints: [il6_in_tumor]\n", encoding="utf-8")
    assert "no observable is called 'il6_in_tumor'" in assert_refused(*command("check", tmp_path / "x.yaml"))[0]


def test_drops_add_up_along_what_a_scenario_extends(tmp_path):
    (tmp_path / "a.yaml").write_text(_without("il6"), encoding="utf-8")
    (tmp_path / "b.yaml").write_text(
        "name: b\nquestion: q\nextends: a.yaml\ndrop: {fields: [il10]}\n"
        f"off: [{_without('il10').rpartition('off: [')[2].strip()[:-1]}]\n",
        encoding="utf-8",
    )
    assert load(tmp_path / "b.yaml").drop == ("il10", "il6")


# -- what the engine can bear is known where scenarios are checked


def test_the_limits_are_those_of_the_engine():
    assert limits.MAX_SWEEPS == arrays.STAMPS
    assert limits.MAX_ADVANCE == sprouting.MOST_ADVANCE
    assert load_catalogue().spec("processes.division.push_reach").high == arrays.REACH
    assert limits.MAX_HOPS == leukocytes.MOST_HOPS
    assert np.iinfo(arrays.CELL["x"]).max > limits.MAX_SIDE + 2 * arrays.PAD
    assert limits.MAX_TYPES < arrays.DEAD == np.iinfo(np.uint8).max


@pytest.mark.parametrize("clone", [1, 40])
@pytest.mark.parametrize("step", [0.5, 1, 3, 6])
def test_the_check_counts_the_sweeps_that_the_tissue_will_make(step, clone):
    text = GOOD.replace("days: 4", f"days: 5, step: {step} h, record_every: 30 h")
    text = text.replace("ecm: 0.2", f"ecm: 0.2\n  clones: [{{name: a, share: 1, multipliers: {{speed: {clone}}}}}]")
    try:
        made = read_text(text)
    except InputError as error:
        assert "the limit is" in str(error)
        if "sweeps" not in str(error):
            return
        with pytest.raises(ValueError, match="sweeps in a step"):  # what users saw before there was a check
            OneTissue(_unchecked(text), seed=1, populate=False)
    else:
        tissue = OneTissue(made, seed=1, populate=False)
        assert tissue.processes[Migrate].sweeps + tissue.processes[Patrol].substeps <= limits.MAX_SWEEPS


def _unchecked(text):
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(limits, "sweeps", lambda *given: iter(()))
        return read_text(text)


def test_the_memory_of_a_tissue_is_foretold_within_a_factor_of_two():
    made = read_text(GOOD.replace("[600 µm, 600 µm]", "[3 mm, 3 mm]").replace("fibroblast: 500", "fibroblast: 2000"))
    tissue = OneTissue(made, seed=1)
    held = tissue.solver.nbytes + sum(column.nbytes for column in tissue.cells.columns)
    held += sum(layer.nbytes for layer in tissue.layers) + tissue.maps.matrix.nbytes
    assert 0.5 < limits.memory(made.tissue.shape, made.catalogue) / held < 2


def test_years_may_be_simulated():
    assert read_text(GOOD.replace("days: 4", "days: 3650")).time.steps == 87_600


RULE = "add: {rules: {r: {cell: tumor, signal: SIGNAL, effect: increases, behavior: division, group: g, limit: 2, "
RULE += "half_max: HALF, power: 1, evidence: a guess}}}\n"
DRUG = """\
add:
  therapies:
    x: {label: x, therapy_class: x, evidence_id: x, evidence: a guess, tissue: {partition: 1, rate: 1 1/h},
        pk: {compartments: 1, clearance: 1 L/h/kg, central_volume: 1 L/kg, molar_mass: 100 kDa}, occupancy: {kd: 1 nM},
        dose: 10 mg/kg, schedule: {every: 1 d, times: 3}, effects: [{blocks: drug.anti_vegf, fraction: 1}]}
"""
CELL = "add: {cells: {gdt: {label: n, agent: N, layer: leukocyte, color: '#123456', targets: [tumor], "
ATTACK = "{attachment: 20 1/h, hit_rate: 3 1/h, speed: 3 µm/min}"
CELL += "behaviors: BEHAVIORS}}}\n"


@pytest.mark.parametrize(
    "text",
    [
        GOOD + RULE.replace("SIGNAL", "drug.anti_vegf").replace("HALF", "0.5"),
        GOOD + RULE.replace("SIGNAL", "drug_chemotherapy").replace("HALF", "3 pM"),
        GOOD.replace("use: anti_cd25", "use: x") + DRUG,
        GOOD.replace("fibroblast", "ctl") + "set: {processes.blood.ctl: 0}\n",
        GOOD.replace("fibroblast", "gdt") + CELL.replace("BEHAVIORS", ATTACK),
        GOOD.replace("  tumor: {radius: 100 µm}\n  densities: {fibroblast: 500 /mm²}\n", "").replace("120", "0"),
    ],
    ids=["a rule of a drug not given", "of its field", "a drug against a drug not given", "no T cells in the blood",
         "a new attacker", "nothing lives"],
)  # fmt: skip
def test_rare_but_sound_scenarios_run(text):
    made = read_text(text)
    with warnings.catch_warnings():
        warnings.simplefilter("error", RuntimeWarning)
        for arm in made.arms:
            tissue = OneTissue(made, seed=1)
            tissue.treat(arm)
            for _ in range(30):
                tissue.step()
            assert np.isfinite(tissue.solver.values).all()


@pytest.mark.parametrize(
    ("behaviors", "words"),
    [
        ("{hit_rate: 3 1/h}", "'targets' go with the behavior 'attachment'"),
        ("{attachment: 3 1/h}", "needs 'hit_rate' too"),
    ],
)
def test_an_attacker_that_could_not_attack_is_refused(behaviors, words):
    with pytest.raises(InputError, match=words):
        read_text(GOOD + CELL.replace("BEHAVIORS", behaviors))


# -- messages


def test_a_message_is_one_line_that_a_terminal_shows_and_does_not_obey():
    problem = Problem("a\nb\x1b[2J\u202e\ud800" + "x" * 5000, "k\x00", "f\r.yaml", 3)
    assert str(problem).isprintable()
    assert len(str(problem)) < 1500
    assert str(problem).startswith("f\\r.yaml:3: k\\x00: a\\nb\\x1b[2J\\u202e\\ud800xx")


def test_a_suggestion_for_a_name_of_a_million_letters_is_quick():
    begun = time.perf_counter()
    suggestion("x" * 10**6, [parameter.path for parameter in load_catalogue().numbers()])
    assert time.perf_counter() - begun < 5


def test_a_message_about_an_alias_bomb_is_short():
    with pytest.raises(InputError) as caught:
        parse("a: {" + "b: {" * 3000)
    assert len(str(caught.value)) < 500
