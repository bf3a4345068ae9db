"""Numbers that stand for what a source states: worked out again from it; and what makes a number a cited one."""

import ast
import csv
import math
from pathlib import Path

import numpy as np
import pytest
import yaml

from tmesim.calibration.parameters import parameters
from tmesim.catalogue import HOSTS, load_catalogue
from tmesim.catalogue import derivations as module
from tmesim.catalogue.derivations import Quantity, derivations, evaluated, interval, to_digits_of, told, worked_out
from tmesim.catalogue.works import named, works
from tmesim.cli.entry_pages import pages_of
from tmesim.evidence import GROUNDS, cited, ground, near
from tmesim.influence.kept import place
from tmesim.units import UnitError, parse_unit

CATALOGUE = load_catalogue()
HERE = Path(__file__).parent
EACH = [(path, host) for path, by_host in derivations().items() for host in by_host]
VARIED = 0.15  # change of the logarithm of the tumor's size from which on a number of tests/kept/robust.csv counts here
MEASURED = (
    "rules.vegf_keeps_vessels.half_max", "cells.tumor.behaviors.hypoxia_response_gain",
    "rules.oxygen_ends_hypoxia_response.limit", "rules.hypoxia_raises_vegf.limit", "rules.cxcl9_admits_ctl.half_max",
    "rules.cxcl12_misguides_ctl.half_max", "rules.il10_lowers_th1_ifng.half_max", "rules.il6_expands_stemness.half_max",
    "processes.leukocytes.hits_needed", "processes.leukocytes.damage_half_life",
)  # fmt: skip
"""Numbers that a published value replaced or bounds, and on which an untreated tumor hangs most."""


@pytest.mark.parametrize("host", HOSTS)
def test_the_steady_level_of_hif_is_half_at_the_oxygen_that_was_measured(host):
    """HIF-1α in HeLa cells is half-maximal at 1.5 to 2 % oxygen, 11 to 15 mmHg (Jiang et al. 1996, source of the rule):
    gain and loss, each by its own rule, have to bring that about together."""
    cell, rules = CATALOGUE.cells["tumor"].behaviors, CATALOGUE.rules
    lack, oxygen = rules["low_oxygen_induces_hypoxia_response"], rules["oxygen_ends_hypoxia_response"]

    def rate(number, rule, mmhg):
        signal = (mmhg / rule.half_max.at(host)) ** rule.power.at(host)
        return (number.at(host) + rule.limit.at(host) * signal) / (1 + signal)

    def steady(mmhg):
        gain, loss = (
            rate(cell["hypoxia_response_gain"], lack, mmhg), rate(cell["hypoxia_response_loss"], oxygen, mmhg)
        )  # fmt: skip
        return gain / (gain + loss)

    assert steady(0.0) > 0.95
    assert steady(11.0) > steady(0.0) / 2 > steady(15.0)
    assert steady(40.0) < 0.05


def test_three_hits_kill_that_come_within_fifty_minutes_and_not_later():
    """Weigelin et al. 2021: three hits at intervals below 50 min tell death from survival."""
    lines = CATALOGUE.processes["leukocytes"]
    needed, half_life = lines["hits_needed"].at("mouse"), lines["damage_half_life"].at("mouse")

    def damage(minutes):
        kept = 0.5 ** (minutes / 60 / half_life)
        return 1 + kept + kept**2

    assert damage(48) > needed > damage(52)


# -- each number from what its source states


def swings() -> list[str]:
    """The twenty numbers that do most in the kept result of `tmesim sensitivity`, in standard errors of any outcome."""
    done: dict[str, float] = {}
    with (place() / "numbers.csv").open(encoding="utf-8") as file:
        for row in csv.DictReader(file):
            size = max(abs(float(row[end])) for end in ("effect_low", "effect_high", "swing"))
            done[row["number"]] = max(done.get(row["number"], 0.0), size / float(row["standard_error"]))
    return sorted(done, key=lambda path: -done[path])[:20]


def matter_most() -> set[str]:
    """What a calibration may change, first path of each; what moved the untreated mouse most when it was halved and
    doubled, and an answer most at the ends of its range; and what published values replaced."""
    with (HERE / "kept" / "robust.csv").open(encoding="utf-8") as file:
        rows = [row for row in csv.DictReader(line for line in file if line[0] != "#") if row["host"] == "mouse"]
    plain = next(float(row["end"]) for row in rows if not row["what"])
    varied = {row["what"] for row in rows if row["end"] and abs(math.log(float(row["end"]) / plain)) > VARIED}
    return {
        *(each.paths[0] for each in parameters()),
        *(path for what in varied for path in what.split(" and ") if not path.startswith("start.")),
        *swings(), *MEASURED,
    }


def test_the_twenty_numbers_that_matter_most_are_derived_for_each_host():
    most = matter_most()
    assert len(most) >= 20
    assert not [(path, host) for path in sorted(most) for host in HOSTS if host not in derivations().get(path, {})]


def names_in(formula: str) -> set[str]:
    """The figures in a formula."""
    nodes = ast.walk(ast.parse(formula))
    return {node.id for node in nodes if isinstance(node, ast.Name)} - {"ln", "exp", "sqrt"}


@pytest.mark.parametrize(("path", "host"), EACH)
def test_a_number_is_what_follows_from_what_is_stated(path, host):
    """The formula gives the number to its digits; without one the number lies between the ends. What is stated is
    plausible: ends that a work gives lie in the range of the number, to three in a hundred."""
    derivation, number = derivations()[path][host], CATALOGUE.number(path)
    value, span = number.at(host), number.range_at(host)
    low, high = interval(CATALOGUE, path, host)
    assert derivation.formula or math.isfinite(low) or math.isfinite(high)
    if derivation.formula:
        found = worked_out(CATALOGUE, path, host, derivation.formula)
        assert to_digits_of(found, value) == value
        value = found
    assert low * (1 - 1e-12) <= value <= high * (1 + 1e-12)
    if span is not None:
        assert span[0] <= value <= span[1]
        ends = [end for end in (low, high) if math.isfinite(end)] if derivation.works else []
        assert all(span[0] * 0.97 <= end <= span[1] * 1.03 for end in ends)


@pytest.mark.parametrize(("path", "host"), [(p, h) for p, h in EACH if derivations()[p][h].formula])
def test_a_number_or_a_figure_that_is_altered_is_found(path, host, monkeypatch):
    """Three times the number does not follow any more, nor does the number from figures of which one is tripled."""
    derivation, number = derivations()[path][host], CATALOGUE.number(path)
    found = worked_out(CATALOGUE, path, host, derivation.formula)
    assert to_digits_of(found, 3 * number.at(host)) != 3 * number.at(host)
    for name in names_in(derivation.formula) & set(derivation.stated):
        figure, _, unit = derivation.stated[name].partition(" ")
        stated = {**derivation.stated, name: f"{3 * float(figure)} {unit}".strip()}
        changed = {path: {host: derivation._replace(stated=stated)}}
        monkeypatch.setattr(module, "derivations", lambda changed=changed: changed)
        altered = worked_out(CATALOGUE, path, host, derivation.formula)
        assert to_digits_of(altered, number.at(host)) != number.at(host), name
        monkeypatch.undo()


def test_every_figure_has_its_place_and_every_work_is_known():
    for path, host in EACH:
        each = derivations()[path][host]
        used = names_in(each.formula) | names_in(each.low) | names_in(each.high)
        figures = {*each.stated, *each.uses}
        told_of = {name for name in figures if name in each.says}
        assert used <= figures and set(each.assumed) <= figures, path
        assert figures - used - told_of <= {"slowest"}, path
        assert set(each.works) <= set(works()), path
        assert each.works or each.assumed or each.uses, path


def test_a_number_that_rests_on_assumed_figures_is_not_cited():
    for path, host in EACH:
        if derivations()[path][host].assumed and derivations()[path][host].formula:
            assert not cited(CATALOGUE.number(path), host) or CATALOGUE.number(path).assumed_at(host), (path, host)


def test_no_derived_number_rests_on_what_runs_are_judged_by():
    """None on a work of the validation of organs. One work gives a number and stands beside a target, and is told here:
    the S phase of human carcinomas, so that the labelling index of a human run is no independent proof."""
    rows = yaml.safe_load((HERE.parent / "tmesim/validation/validation.yaml").read_text(encoding="utf-8"))["numbers"]
    used = {name for path, host in EACH for name in derivations()[path][host].works}
    assert not used & {name for row in rows.values() for name in named((row["source"],))}
    targets = (HERE.parent / "tmesim/targets/targets.yaml").read_text(encoding="utf-8")
    assert used & set(named((targets,))) == {"Meyer et al. 1993"}


def test_what_explain_tells_is_what_was_worked_out():
    text = "\n".join(line for page in pages_of(CATALOGUE, "processes.leukocytes.hits_needed") for line in page)
    assert "Worked out" in text and "1.74" in text and "half 49 min" in text
    lines = told(CATALOGUE, "cells.tumor.behaviors.division")
    assert len(lines) == 2 and lines[0].startswith("mouse: ") and "ln(2) / middle + death = 0.037 1/h" in lines[0]


# -- formulas


@pytest.mark.parametrize(
    ("formula", "value"),
    [("ln(2) / t", math.log(2) / 24), ("sqrt(a * b)", 10.0), ("2**-1 + exp(0)", 1.5), ("-(1 - 3) * 2", 4.0)],
)
def test_a_formula_is_worked_out_with_its_units(formula, value):
    given = {"t": Quantity(24, (("time", 1),)), "a": Quantity(5, (("length", 1),)), "b": Quantity(20, (("length", 1),))}
    assert evaluated(formula, given).value == pytest.approx(value)


@pytest.mark.parametrize(
    "formula",
    ["t + 1", "ln(t)", "2**t", "t.real", "__import__('os')", "unknown", "[1]", "1 +", "True", "sqrt(t)", "ln(1, 2)"],
)
def test_a_formula_that_makes_no_sense_is_refused(formula):
    with pytest.raises(UnitError):
        evaluated(formula, {"t": Quantity(24, (("time", 1),))})


def test_a_formula_of_another_dimension_than_its_number_is_refused(monkeypatch):
    path = "cells.tumor.behaviors.division"
    assert parse_unit(CATALOGUE.number(path).unit_at("mouse")).dimension == (("time", -1),)
    with pytest.raises(UnitError, match="another dimension"):
        worked_out(CATALOGUE, path, "mouse", "shortest")


@pytest.mark.parametrize(
    ("found", "written", "rounded"),
    [(0.02888, 0.029, 0.029), (1.7361, 1.74, 1.74), (2.079, 2.0, 2.0), (29388, 3.0e4, 3.0e4), (2.25e-3, 3e-3, 2e-3)],
)
def test_a_value_is_rounded_to_the_digits_of_another(found, written, rounded):
    assert to_digits_of(found, written) == rounded


# -- what makes a number a cited one


def number_with(source, value=40.0):
    """A catalogue in which one half-maximum has other sources, and its path."""
    path = "rules.cxcl9_admits_ctl.half_max"
    changed = {"value": value, "source": (source,) if isinstance(source, str) else tuple(source)}
    place = CATALOGUE.placed_number(path)[0]
    return CATALOGUE.changed(lambda at, n: n.model_copy(update=changed) if at == place else n), path


PAPER = "Loetscher et al. 1998 Eur J Immunol 28:3696"


@pytest.mark.parametrize(
    ("source", "value", "mouse", "human"),
    [
        (PAPER, 40.0, "source", "source"),
        ([f"human: {PAPER}", "mouse: assumed: as human"], 40.0, "assumed", "source"),
        ([f"mouse: {PAPER}", "human: assumed: as mouse"], 250.0, "source", "bounded"),
        (f"{PAPER}, as recalled", 40.0, "named", "named"),
        ("1998 Eur J Immunol 28:3696, doi:10.1/x", 40.0, "named", "named"),
        ("Crump et al. 1997 EMBO J 16:6996", 40.0, "named", "named"),
        ("label, section 12.3", 40.0, "named", "named"),
        (f"assumed: near this ({PAPER})", 250.0, "bounded", "bounded"),
        (f"assumed: near this ({PAPER})", 40.0, "assumed", "assumed"),
        ("definition: none", 40.0, "definition", "definition"),
        ("set in the scenario", 250.0, "none", "none"),
    ],
)
def test_a_number_is_cited_for_a_host_by_author_year_and_identifier_of_what_was_looked_up(source, value, mouse, human):
    catalogue, path = number_with(source, value)
    assert [ground(catalogue, path, host) for host in ("mouse", "human")] == [mouse, human]


def test_near_is_a_matter_of_figures_and_not_of_words():
    """The Kd is 200 to 1200 pM; near is within a factor of two of it, whatever the text says."""
    for value, expected in ((99.0, False), (101.0, True), (2390.0, True), (2410.0, False)):
        catalogue, path = number_with("assumed: for no reason", value)
        assert near(catalogue, path, "mouse") is expected, value


def test_each_work_has_its_place_and_is_read_or_recalled():
    for name, work in works().items():
        assert name.split()[-1].isdigit() and work.where, name
        assert work.seen in ("page", "abstract", "recalled"), name
        assert not work.id or work.id.startswith(("doi:10.", "PMID ", "PMC")), name
    assert set(named(("as Loetscher et al. 1998", "Tan et al. 1993"))) == {"Loetscher et al. 1998", "Tan et al. 1993"}


def test_texts_say_of_which_host_they_are_at_their_beginning():
    """One text holds no sources of both hosts, so that what is assumed for one is not cited for it."""
    for path, number in CATALOGUE.numbers():
        for text in number.source:
            if not text.startswith("assumed"):
                assert "; mouse" not in text and "; human" not in text, path


def test_every_number_has_one_ground_of_those_that_there_are():
    for path, number in CATALOGUE.numbers():
        for host in number.hosts:
            assert ground(CATALOGUE, path, host) in GROUNDS


def test_the_readme_counts_the_cited_numbers_of_each_host():
    text = " ".join((HERE.parent / "README.md").read_text(encoding="utf-8").split())
    mouse, human = (
        sum(ground(CATALOGUE, path, host) == "source" for path, number in CATALOGUE.numbers() if host in number.hosts)
        for host in ("mouse", "human")
    )
    assert f"is of that host: {mouse} for a mouse, {human} for a human." in text


def test_an_engaged_cytotoxic_t_cell_needs_the_time_for_a_kill_that_its_source_says():
    """Hits, their repair and how many are needed move together: hits of a Poisson process, each of which fades."""
    lines = CATALOGUE.processes["leukocytes"]
    needed, half_life = lines["hits_needed"].at("mouse"), lines["damage_half_life"].at("mouse")
    rng, cells = np.random.default_rng(1), 20000
    damage, hours, taken = np.zeros(cells), np.zeros(cells), np.full(cells, np.nan)
    while np.isnan(taken).any():
        wait = rng.exponential(1 / CATALOGUE.cells["ctl"].behaviors["hit_rate"].at("mouse"), cells)
        hours += wait
        damage = damage * 0.5 ** (wait / half_life) + 1
        taken = np.where(np.isnan(taken) & (damage >= needed), hours, taken)
    assert taken.mean() == pytest.approx(2.7, abs=0.05)
