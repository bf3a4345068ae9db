"""Numbers that were measured in mice beside those of a run: each is worked out by hand, and none has set another."""

import json
import math
from types import SimpleNamespace

import numpy as np
import pytest
from tissues import OneTissue, rows_of, scenario
from typer.testing import CliRunner

import tmesim
from tmesim.catalogue import catalogue_in, load_catalogue, organs
from tmesim.cli import app
from tmesim.kernels.arrays import PAD
from tmesim.storage.tables import read_columns
from tmesim.validation import ABOVE, BELOW, MET, UNTOLD, Number, left_out, numbers, table, table_bytes, within
from tmesim.validation.clusters import COMPANY, MOST_BESIDE, coming_out, gain_per_event, left_of_death
from tmesim.validation.measures import MEASURES, SIZE, ratio

PATCH = {"tumor": [], "densities": {}, "injection": {"route": "patch", "cells": 9}}


def told(made, days=(0.0, 5.0), **columns):
    """A run of a scenario whose last rows are given: for each observable those of each arm, (replicates,), else 0."""

    def series(name, arm):
        values = columns.get(name, {}).get(arm, [0, 0])
        return np.array(days), np.stack([np.array(values, float)] * len(days), axis=1)

    return SimpleNamespace(scenario=made, arms=tuple(made.arms), reference=made.reference, replicates=2, series=series,
                           observables=tuple(columns))  # fmt: skip


# The file


def test_each_number_has_a_measure_an_interval_and_a_source_and_each_measure_a_number():
    assert {each.measure for each in numbers()} == set(MEASURES)
    for each in numbers():
        assert each.source and each.needs and each.label and each.checked in ("page", "memory"), each.name
        assert each.low is not None and (each.high is None or each.low < each.high), each.name
    assert not {each.name for each in numbers()} & set(left_out())


KNOWN_TO_CITE = {
    "processes.circulation.sticking", "processes.circulation.half_life", "processes.circulation.cluster_half_life",
    "cells.tumor.behaviors.cohesion", "rules.company_protects_arrested_cells.limit", "states.emt.spread",
    "rules.a6b4_exosomes_educate_lung_fibroblasts.limit", "rules.tumor_exosomes_activate_lung_fibroblasts.half_max",
}  # fmt: skip
"""Numbers that rest on another result of one of these papers: half-lives in blood, how many of the cells in blood are
clusters, colonies in a dish, clones of one origin, who takes exosomes up."""


def test_no_number_of_the_catalogue_rests_on_one_of_these():
    """As far as sources tell: who cites one of these papers is known, and says nothing of the result that is here."""
    papers = ["Aceto et al. 2014", "Cheung et al. 2016", "Naumov et al. 2003", "Hoshino et al. 2015",
              "Pastushenko et al. 2018"]  # fmt: skip
    assert all(any(paper in each.source for paper in papers) for each in numbers())
    known = load_catalogue()
    sources = {path: str(number.source) for path, number in known.numbers()}
    sources |= {f"{name} {path}": str(number.source) for name in organs() for path, number in organs()[name].numbers()}
    citing = {path: source for path, source in sources.items() if any(paper in source for paper in papers)}
    assert set(citing) == KNOWN_TO_CITE
    results = ("23 to 50", "23-fold", "50-fold", "100-fold", "100 times", "10000", "several colors", "multicolor",
               "polyclonal", "metastases per", "luminescence", "doxorubicin")  # fmt: skip
    assert {path for path, source in citing.items() if any(word in source for word in results)} == set()


def test_a_verdict_is_by_the_interval_and_none_without_a_value():
    closed = Number("n", "m", "l", "u", "s", "page", "needs", low=2.0, high=20.0)
    assert [closed.verdict(x) for x in (1.9, 2.0, 20.0, 21.0, math.nan)] == [BELOW, MET, MET, ABOVE, UNTOLD]
    assert Number("n", "m", "l", "u", "s", "page", "needs", low=0.9).verdict(1e9) == MET


# Clusters


def test_a_cell_alone_comes_out_by_its_rate_over_both_and_company_leaves_less_of_death():
    known = catalogue_in("lung", "mouse")
    out, death = (known.number(f"cells.arrested.behaviors.{n}").at("mouse") for n in ("extravasation", "apoptosis"))
    assert coming_out(known, "mouse", 1) == pytest.approx(out / (out + death), rel=1e-12)
    left = [left_of_death(known, "mouse", beside) for beside in range(MOST_BESIDE + 2)]
    assert left[0] == 1 and (np.diff(left[: MOST_BESIDE + 1]) < 0).all() and left[-1] == left[-2]
    two = out / (out + death) + out / (out + death * left[1])
    assert coming_out(known, "mouse", 2) == pytest.approx(two, rel=1e-12)


def test_without_company_a_cluster_gains_its_size_in_the_organ_and_little_on_the_way():
    """The number beside 23 to 50: five cells gain fivefold by being five, and twice as much by company."""
    known = catalogue_in("lung", "mouse")
    off = scenario("minimal", off=[COMPANY], start={"organs": {"lung": {}}})
    off = off.catalogue_at_start("untreated", "lung")
    assert coming_out(off, "mouse", SIZE) == pytest.approx(SIZE * coming_out(off, "mouse", 1), rel=1e-12)
    assert 1.0 <= gain_per_event(off, "mouse", SIZE) / SIZE < 1.1
    gains = [gain_per_event(known, "mouse", size) for size in range(1, 11)]
    assert gains[0] == pytest.approx(1) and (np.diff(gains) > 1).all()
    assert gains[SIZE - 1] > 1.5 * SIZE


def held_in(blocks, side, off=(), seed=5):
    """Share of the held cells that come out, of blocks of side² cells far from each other in a bare tissue."""
    quiet = ["low_oxygen_induces_hypoxia_response", *(
        name for name, rule in load_catalogue().rules.items() if "arrested" in rule.cell and name not in (COMPANY, *off)
    )]  # fmt: skip
    t = OneTissue(
        scenario("minimal", tissue={"size": ["1500 µm"] * 2}, off=[*quiet, *off],
                 start={"tumor": [], "densities": {}, "capillaries": "900 /mm²", "organs": {"lung": {}}},
                 set={"cells.tumor.behaviors.division": "0 1/h"}), seed=seed)  # fmt: skip
    step = (t.shape[0] - 4) // math.isqrt(blocks)
    corners = [(2 + step * i, 2 + step * j) for i in range(math.isqrt(blocks)) for j in range(math.isqrt(blocks))]
    for y, x in corners:
        for dy in range(side):
            for dx in range(side):
                assert t.layers.leukocyte[PAD + y + dy, PAD + x + dx] < 0
                t.spawn("arrested", y + dy, x + dx)
    for _ in range(round(72 / t.dt)):
        t.step()
    assert rows_of(t, "arrested").size == 0
    return t.counters["extravasations"] / (len(corners) * side**2)


@pytest.mark.slow
def test_what_comes_out_of_clusters_in_a_tissue_is_what_the_chain_says_and_their_company_does_it():
    """Blocks of four that all touch each other, and the same cells one by one; by four standard errors."""
    known = load_catalogue()
    alone, together = held_in(400, 1), held_in(225, 2)
    apart = held_in(225, 2, off=[COMPANY])
    one, four = coming_out(known, "mouse", 1), coming_out(known, "mouse", 4) / 4
    assert alone == pytest.approx(one, abs=4 * math.sqrt(one / 400))
    assert together == pytest.approx(four, abs=4 * math.sqrt(four / 900))
    assert apart == pytest.approx(one, abs=4 * math.sqrt(one / 900))
    assert together > 1.3 * max(alone, apart)


# What a run gives


def test_a_ratio_is_of_sums_with_half_a_count_and_lies_in_its_interval():
    given = ratio(np.array([3.0, 5, 2]), np.array([1.0, 0, 2]), "a / b")
    assert given.value == pytest.approx(10.5 / 3.5) and given.low <= given.value <= given.high
    nothing = ratio(np.zeros(2), np.zeros(2), "a / b")
    assert nothing.value == nothing.low == nothing.high == 1


CROSSED = {"crossed": [{"lung": {}, "liver": {"set": {"start.organ": "liver"}}},
                       {"hybrid": {}, "low": {"set": {"start.injection.states.emt": 0.1}},
                        "high": {"set": {"start.injection.states.emt": 0.9}}},
                       {"plain": {}, "drug": {"therapies": [{"use": "chemotherapy", "start": "0 d"}]}}],
           "reference": "lung__hybrid__plain"}  # fmt: skip


def crossed():
    made = scenario("minimal", start=PATCH | {"organ": "lung"}).content()
    made.pop("arms")
    from tmesim.scenario import load

    return load(made | CROSSED)


def test_sleepers_under_a_drug_are_set_against_those_without_it_in_the_liver():
    asleep = {"liver__hybrid__drug": [4, 2], "liver__hybrid__plain": [5, 3], "liver__low__drug": [0, 1],
              "lung__hybrid__plain": [90, 90]}  # fmt: skip
    given = MEASURES["dormant_after_chemotherapy"](told(crossed(), dormant=asleep))
    assert given.value == pytest.approx(7.5 / 8.5) and "lung" not in given.arms and given.arms.count("/") == 3


def test_hybrid_seeds_are_set_against_the_better_of_the_others_over_all_organs():
    lesions = {"lung__hybrid__plain": [6, 6], "lung__low__plain": [2, 1], "lung__high__plain": [1, 0],
               "liver__hybrid__plain": [2, 2], "liver__low__plain": [3, 6], "liver__high__plain": [9, 1],
               "lung__high__drug": [50, 50]}  # fmt: skip
    given = MEASURES["hybrid_fold"](told(crossed(), lesions=lesions))
    assert given.value == pytest.approx(16.5 / 12.5)
    assert given.arms == "liver__hybrid__plain, lung__hybrid__plain / liver__low__plain, lung__low__plain"
    assert MEASURES["hybrid_fold"](told(crossed(), lesions={})) is None


def test_a_prepared_lung_is_set_against_one_alike_but_for_exosomes():
    exosomes = {"fields.exosomes.vessel.level": 1}
    other = {"set": exosomes, "off": ["tgfb_activates_resident_stroma"]}
    arms = {"without": {}, "niche": {"set": exosomes}, "other": other}
    made = scenario("minimal", start=PATCH | {"organ": "lung"}, arms=arms, reference="without")
    cells = {"without": [3, 1], "niche": [30, 14], "other": [900, 900]}
    given = MEASURES["niche_fold"](told(made, n_tumor=cells))
    assert given.value == pytest.approx(44.5 / 4.5) and given.arms == "niche / without"
    plain = scenario("minimal", start=PATCH | {"organ": "lung"})
    assert MEASURES["niche_fold"](told(plain, n_tumor={})) is None


def test_the_share_of_clusters_is_by_what_enters_and_what_each_gains():
    made = scenario("minimal", start={"organs": {"lung": {}}})
    run = told(made, ctc={"untreated": [10, 10]}, ctc_clusters={"untreated": [1, 1]})
    numbers = {name: number.at("mouse") for name, number in made.catalogue.processes["circulation"].items()}
    gain = gain_per_event(made.catalogue_for("untreated", "lung"), "mouse", SIZE)
    clusters, cells = gain / numbers["cluster_half_life"], 9 / numbers["half_life"]
    given = MEASURES["polyclonal_share"](run)
    assert given.value == pytest.approx(clusters / (clusters + cells), rel=1e-12)
    assert given.low < given.value < given.high


def test_a_run_that_says_nothing_of_a_number_is_told_what_it_needs():
    rows = table(told(scenario("minimal")))
    assert {row.verdict for row in rows} == {UNTOLD} and within(rows) == (0, 0, ())
    assert all(row.told.startswith("needs ") and math.isnan(row.model) for row in rows)


def test_numbers_of_mice_are_held_against_no_person():
    with pytest.raises(ValueError, match="measured in mice"):
        table(told(scenario("minimal", host="human")))


# The command


def test_the_command_tells_what_lies_within_and_names_the_misses(tmp_path):
    made = scenario("minimal", start=PATCH | {"organ": "lung"}, time={"days": 0.25})
    run = tmesim.run(made, out=tmp_path / "r", figures=False, quiet=True, workers=1, replicates=1)

    def asked(*arguments, code=0):
        done = CliRunner().invoke(app, ["organs", str(run.path), "--validation", *arguments])
        assert done.exit_code == code, done.output
        return done.output

    rows = json.loads(asked("--json"))
    assert [row["number"] for row in rows] == [each.name for each in numbers()]
    met, known, misses = within(table(run))
    printed = asked()
    assert f"{met} of the {known} numbers" in printed and all(miss in printed for miss in misses) and known >= 2
    assert all(name in printed for name in left_out())
    asked("--csv", str(tmp_path / "v.csv"))
    texts = ("number", "measure", "label", "unit", "verdict", "told", "note", "source", "checked")
    columns = read_columns((tmp_path / "v.csv").read_bytes(), texts, "v.csv")
    assert (tmp_path / "v.csv").read_bytes() == table_bytes(table(run)) and columns["low"][0] == numbers()[0].low
    assert "ask for one" in asked("--shares", code=2)
