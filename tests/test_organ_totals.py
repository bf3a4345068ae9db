"""Whole organs of bodies with several, and how much of their lesions is soil: against hand computation and theory."""

import json
from dataclasses import fields
from itertools import permutations
from types import SimpleNamespace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from tissues import scenario
from typer.testing import CliRunner

import tmesim
from tmesim.body.seeding import held, sampled
from tmesim.catalogue import load_catalogue, organ_named, organs
from tmesim.cli import app
from tmesim.destinations import whole_bodies
from tmesim.organ_places import BOTH, INJECTED, SHED, bodies, places_of
from tmesim.organ_totals import dispersion, poisson_interval, table_bytes, totals
from tmesim.section import Section
from tmesim.soil_shares import (
    FACTORS,
    FITTED,
    HALF,
    ORDER,
    PUT_IN,
    SEEN_UM,
    SETS,
    SPREAD,
    Counts,
    counts_of,
    factors,
    parts,
    rank_correlation,
    sets_in,
    shapley,
    shares,
)
from tmesim.storage.tables import read_columns

NAMES = ("arrivals", "lone_cells", "lesions", "extravasated")
VEIN = {"route": "tail_vein", "cells": 1e6}


def told(organs, start=None, lesion=None, **columns):
    """A run of one arm whose last rows are given, (replicates,) for each observable, 0 where nothing is said."""
    made = scenario("minimal", start={"organs": organs} | (start or {}))
    replicates = max((len(values) for values in columns.values()), default=2)

    def series(name, arm):
        values = columns.get(name.replace(".", "_"), [0] * replicates)
        return np.array([0.0, 5.0]), np.stack([np.zeros(replicates), np.array(values, float)], axis=1)

    return SimpleNamespace(
        scenario=made, arms=tuple(made.arms), replicates=replicates, series=series, row_day=lambda: 5.0,
        snapshot_days=() if lesion is None else (5.0,), snapshot=lambda day, arm, replicate, organ: lesion(organ),
    )  # fmt: skip


def home(**more):
    """A start in the kidney into which cells are injected, without a tumor."""
    return {"organ": "kidney", "tumor": [], "densities": {}, "injection": VEIN} | more


# Whole organs


def test_patches_are_replicates_times_samples_and_an_organ_is_found_over_their_share():
    run = told({"lung": {"samples": 10}}, home(samples=4), lung_arrivals=[30, 34, 32])
    rows = {(row.place, row.count): row for row in totals(run)}
    lung, made = rows["lung", "arrivals"], run.scenario
    assert (lung.patches, rows["kidney", "arrivals"].patches) == (30, 12)
    assert lung.share == pytest.approx(30 * sampled("lung", made.tissue, "mouse"), rel=1e-12)
    assert lung.organ == pytest.approx(96 / lung.share, rel=1e-12)
    ends = poisson_interval(96)
    assert (lung.low, lung.high) == pytest.approx((ends[0] / lung.share, ends[1] / lung.share), rel=1e-12)
    expected = 1e6 * held(made.catalogue, "tail_vein", "mouse")["lung"] * lung.share
    assert lung.expected == pytest.approx(expected, rel=1e-9) and lung.origin == INJECTED


def test_a_place_with_another_soil_keeps_the_share_of_its_own_volume():
    plain, swapped = (
        {row.place: row for row in totals(told({"lung": soil}, home(), lung_arrivals=[5, 6]))}
        for soil in ({}, {"soil": "liver"})
    )
    assert swapped["lung"].soil == "liver" and plain["lung"].soil == "lung"
    assert swapped["lung"].share == plain["lung"].share and swapped["lung"].expected == plain["lung"].expected


@pytest.mark.parametrize(("injected", "origin"), [(False, SHED), (True, BOTH)])
def test_what_a_tumor_sheds_is_told_so_and_has_no_expectation_and_no_row_of_its_own(injected, origin):
    start = {"tumor": [{"radius": "60 µm"}]} | ({"injection": VEIN} if injected else {})
    rows = totals(told({"lung": {}}, start, lung_arrivals=[1, 2]))
    assert {row.place for row in rows} == {"lung"} and {row.origin for row in rows} == {origin}
    assert all(row.expected is None for row in rows)


def test_counts_that_differ_by_more_than_chance_have_a_wider_interval():
    """Three replicates of which one has it all: φ = 30, and the interval is that of one event of thirty."""
    even, uneven = (
        next(row for row in totals(told({"lung": {}}, home(), lung_lesions=counts)) if row.count == "lesions"
             and row.place == "lung")
        for counts in ([10, 11, 9], [30, 0, 0])
    )  # fmt: skip
    assert dispersion(np.array([30.0, 0.0, 0.0])) == pytest.approx(30) and uneven.found == even.found
    assert uneven.widened and not even.widened and uneven.dispersion == pytest.approx(30)
    low, high = (30 * end / uneven.share for end in poisson_interval(1))
    assert (uneven.low, uneven.high) == pytest.approx((low, high), rel=1e-12)
    assert uneven.high - uneven.low > 3 * (even.high - even.low)


def test_intervals_of_counts_that_come_in_clumps_hold_what_they_say():
    """Clumps of ten: an exact interval holds the mean in far fewer than 95 %, the widened one in 85 % and more."""
    rng, mean = np.random.default_rng(3), 8 * 30.0
    plain, wide = 0, 0
    for _ in range(300):
        counts = 10 * rng.poisson(3.0, 8)
        low, high = poisson_interval(counts.sum())
        plain += low < mean < high
        phi = max(dispersion(counts), 1.0)
        low, high = (phi * end for end in poisson_interval(counts.sum() / phi))
        wide += low < mean < high
    assert plain < 0.6 * 300 < 0.85 * 300 < wide


def test_cells_put_into_patches_say_nothing_of_the_whole_organ():
    rows = totals(told({"lung": {}}, home(injection={"route": "patch", "cells": 9}), lung_arrivals=[9, 9]))
    lung = next(row for row in rows if (row.place, row.count) == ("lung", "arrivals"))
    assert lung.share is None and np.isnan(lung.organ) and lung.expected == pytest.approx(18)


def test_a_table_of_whole_organs_is_read_as_it_was_written():
    rows = totals(told({"lung": {}}, home(), lung_arrivals=[3, 5]))
    columns = read_columns(table_bytes(rows), ("arm", "place", "soil", "origin", "count"), "organs.csv")
    assert columns["place"].tolist() == [row.place for row in rows]
    assert columns["found"].tolist() == [row.found for row in rows] and columns["high"].tolist() == [
        row.high for row in rows
    ]


# Bodies


APART = {
    "lung": {}, "kidney": {"set": {"start.organ": "kidney"}}, "drug": {"therapies": [{"use": "anti_vegf"}]},
    "kidney_drug": {"set": {"start.organ": "kidney"}, "therapies": [{"use": "anti_vegf"}]},
    "kidney_off": {"set": {"start.organ": "kidney"}, "off": ["emt_slows_division"]},
    "kidney_more": {"set": {"start.organ": "kidney", "start.injection.cells": 3e6}},
    "lung_again": {},
}  # fmt: skip


def apart(**columns):
    """A run whose arms have an organ each; last rows by arm and name, as `told`."""
    start = {"organ": "lung", "tumor": [], "densities": {}, "injection": VEIN}
    made = scenario("minimal", start=start, arms=APART, reference="lung")

    def series(name, arm):
        values = columns.get(f"{arm}_{name}", [0, 0])
        return np.array([0.0, 5.0]), np.stack([np.zeros(2), np.array(values, float)], axis=1)

    return SimpleNamespace(scenario=made, arms=tuple(made.arms), replicates=2, series=series, row_day=lambda: 5.0,
                           snapshot_days=())  # fmt: skip


def test_arms_that_differ_in_their_organ_alone_are_one_body():
    """Neither what is given, nor a rule, nor the injection may differ; the same arm twice is two bodies."""
    found = [tuple(place.arm for place in places) for places in bodies(apart())]
    assert found == [("drug", "kidney_drug"), ("kidney", "lung"), ("kidney_more",), ("kidney_off",), ("lung_again",)]


def test_arms_with_several_organs_are_bodies_by_themselves():
    assert [len(places) for places in bodies(told({"lung": {}, "liver": {}}, home()))] == [3]


def test_organs_of_separate_arms_have_shares_of_soil_and_stand_beside_what_blood_brings():
    columns = {"lung_arrivals": [90, 110], "kidney_arrivals": [3, 5], "lung_lesions": [4, 6], "kidney_lesions": [2, 1],
               "lung_extravasated": [0.5, 0.5], "kidney_extravasated": [1, 1]}  # fmt: skip
    run = apart(**columns)
    rows = {row.factor: row for row in shares(run) if row.arm == "kidney; lung" and row.value == SPREAD}
    assert rows["soil"].organs == ("kidney", "lung") and rows["soil"].set == "lung and kidney"
    assert sum(rows[name].share for name in ("arrival", "access", "growth")) == pytest.approx(1)
    # by hand: both organs by their share of the volume, half a count added
    part = {organ: sampled(organ, run.scenario.tissue, "mouse") for organ in ("lung", "kidney")}
    arrival = np.log(200.5 / part["lung"]) - np.log(8.5 / part["kidney"])
    pattern = np.log(10.5 / part["lung"]) - np.log(3.5 / part["kidney"])
    assert rows["arrival"].share == pytest.approx(arrival / pattern, rel=1e-9)
    body = next(each for each in whole_bodies(run) if each.arm == "kidney")
    assert body.arms == ("kidney", "lung") and [each.place for each in body.destinations] == ["kidney", "lung"]
    due = held(run.scenario.catalogue, "tail_vein", "mouse")
    assert body.expected_shares == pytest.approx(np.array([due["kidney"], due["lung"]]) / (due["lung"] + due["kidney"]))
    came = np.array([8 / part["kidney"], 200 / part["lung"]])
    assert body.arrived_shares == pytest.approx(came / came.sum(), rel=1e-9)
    assert body.elsewhere == pytest.approx(1 - body.dead - due["lung"] - due["kidney"])


# Shapley values

worths = st.lists(st.floats(-5, 5), min_size=16, max_size=16)


def game(values):
    """A value function of four players: any numbers, that of nobody 0."""
    players = ("a", "b", "c", "d")
    table = {frozenset(p for i, p in enumerate(players) if n >> i & 1): np.array(values[n]) for n in range(16)}
    table[frozenset()] = np.array(0.0)
    return players, table.__getitem__


@given(worths)
def test_a_shapley_value_is_the_mean_of_what_one_adds_over_all_orders(values):
    players, worth = game(values)
    found = shapley(players, worth)
    for player in players:
        added = [
            worth(frozenset(order[: order.index(player) + 1])) - worth(frozenset(order[: order.index(player)]))
            for order in permutations(players)
        ]
        assert found[player] == pytest.approx(np.mean(added), abs=1e-12)
    assert sum(found.values()) == pytest.approx(float(worth(frozenset(players))), abs=1e-12)


def random_logs(seed, places=5, draws=3):
    rng = np.random.default_rng(seed)
    return {name: rng.normal(size=(draws, places)) for name in FACTORS}


@pytest.mark.parametrize("seed", range(5))
def test_parts_of_a_variance_are_covariances_with_the_whole(seed):
    logs = random_logs(seed)
    pattern, found = sum(logs.values()), parts(logs)
    for draw in range(3):
        for name in FACTORS:
            by_hand = np.cov(logs[name][draw], pattern[draw], ddof=0)[0, 1] / pattern[draw].var()
            assert found[name][draw] == pytest.approx(by_hand, rel=1e-9)


@pytest.mark.parametrize("value", [SPREAD, ORDER])
def test_parts_sum_to_one_and_a_factor_that_is_alike_everywhere_has_none(value):
    logs = random_logs(1)
    logs["access"][:] = 0.7
    found = parts(logs, value)
    assert sum(found.values()) == pytest.approx(np.ones(3))
    assert found["access"] == pytest.approx(np.zeros(3), abs=1e-9)


def test_of_two_organs_the_parts_are_those_of_the_logarithm_of_their_ratio():
    logs = {"arrival": np.log([[8.0, 1.0]]), "access": np.log([[1.0, 2.0]])}
    found = parts(logs)
    assert found["arrival"] == pytest.approx(3 / 2) and found["access"] == pytest.approx(-1 / 2)


def test_organs_that_do_not_differ_have_no_pattern():
    logs = {"arrival": np.log([[8.0, 8.0]]), "access": np.log([[2.0, 2.0]])}
    assert all(np.isnan(part).all() for part in parts(logs).values())


def test_a_rank_correlation_is_that_of_scipy_and_none_of_a_constant():
    from scipy.stats import spearmanr

    one, other = np.random.default_rng(2).normal(size=(2, 4, 6))
    expected = [spearmanr(a, b).statistic for a, b in zip(one, other, strict=True)]
    assert rank_correlation(one, other) == pytest.approx(np.array(expected), rel=1e-12)
    assert (rank_correlation(np.ones((4, 6)), other) == 0).all()


# How much is soil


def counts(place, arrivals, out, lesions, seen, share=None):
    return Counts(place, place, share, *(np.array(each, float) for each in (arrivals, out, lesions, seen)))


def test_the_factors_of_an_organ_multiply_to_the_lesions_that_are_seen_in_the_whole_of_it():
    some = [counts("lung", [40, 20], [4, 2], [2, 1], [1, 0], 0.01), counts("kidney", [9], [0], [0], [0], 0.1)]
    logs = factors(some[:1], np.array([[0, 1], [1, 1]]))
    assert np.exp(sum(logs.values()))[:, 0] == pytest.approx(np.array([1 + HALF, HALF]) / 0.01)
    assert np.exp(logs["arrival"])[0, 0] == pytest.approx(60.5 / 0.01)
    assert np.exp(logs["access"])[0, 0] == pytest.approx(6.5 / 60.5)
    nothing = factors(some[1:], np.array([[0]]))
    assert np.isfinite(sum(nothing.values())).all(), "an organ without a lesion has half of one"


def lesion_of(sizes):
    """A section for each organ with rows of tumor cells, so many in each, far from each other."""

    def section(organ):
        cells = [(10 * row, x) for row, size in enumerate(sizes[organ]) for x in range(size)]
        y, x = np.array(cells, int).reshape(-1, 2).T
        columns = {"type": np.zeros(len(cells), np.uint8), "y": y, "x": x}
        return Section(("tumor",), columns, {}, (60, 200), 15.0, 120.0)

    return section


def test_counts_are_those_of_the_tables_and_of_the_last_sections():
    seen = round(np.pi * (SEEN_UM / 2) ** 2 / 15**2)
    lesion = lesion_of({None: [], "lung": [seen - 2, seen + 1], "bone": [12]})
    run = told({"lung": {}, "bone": {}}, home(), lesion, lung_arrivals=[8, 4], lung_extravasated=[0.5, np.nan],
               lung_lesions=[2, 2], bone_lesions=[1, 1])  # fmt: skip
    found = {each.place: each for each in counts_of(run, places_of(run, "untreated"))}
    assert found["lung"].out.tolist() == [4, 0] and found["lung"].lesions.tolist() == [2, 2]
    assert found["lung"].seen.tolist() == [1, 1] and found["bone"].seen.tolist() == [0, 0]
    assert found["lung"].share == pytest.approx(sampled("lung", run.scenario.tissue, "mouse"))


def test_without_a_section_of_the_last_day_detection_is_left_out():
    rows = shares(told({"lung": {}}, home(), lung_lesions=[2, 2], lesions=[1, 3], lung_arrivals=[9, 9]))
    assert {row.factor for row in rows} == {"arrival", "access", "growth", "soil"}


def test_a_pattern_that_arrival_makes_is_none_of_the_soil_and_the_other_way_round():
    """Two organs alike but in arrivals, with many counts: all is arrival; alike but in growth: all is soil."""
    shares_of = {place: sampled(place, scenario("minimal").tissue, "mouse") for place in ("lung", "kidney")}
    ratio = shares_of["lung"] / shares_of["kidney"]

    def soil(arrivals, lesions):
        run = told({"lung": {}}, home(), arrivals=[4000, 4000], lung_arrivals=[arrivals] * 2, extravasated=[0.5] * 2,
                   lung_extravasated=[0.5] * 2, lesions=[400, 400], lung_lesions=[lesions] * 2)  # fmt: skip
        return {row.factor: row.share for row in shares(run) if row.set == "lung and kidney"}

    by_arrival = soil(8000 * ratio, 800 * ratio)
    by_soil = soil(4000 * ratio, 1600 * ratio)
    assert by_arrival["arrival"] == pytest.approx(1, abs=0.01) and by_arrival["soil"] == pytest.approx(0, abs=0.01)
    assert by_soil["soil"] == pytest.approx(1, abs=0.01) and by_soil["growth"] == pytest.approx(1, abs=0.01)


def test_a_share_lies_in_its_interval_and_few_lesions_make_no_pattern():
    some = {"lung_arrivals": [40, 44, 39, 42], "arrivals": [60, 50, 55, 61], "lung_extravasated": [0.2] * 4,
            "extravasated": [0.1] * 4}  # fmt: skip
    many = shares(told({"lung": {}}, home(), lung_lesions=[3, 5, 4, 4], lesions=[1, 2, 1, 0], **some))
    assert all(row.low <= row.share <= row.high and row.lesions == 20 for row in many)
    assert any(row.high - row.low > 0.01 for row in many)
    few = shares(told({"lung": {}}, home(), lung_lesions=[3, 5, 4, 4], **some))
    assert all(np.isnan(row.share) and row.without == ("kidney",) for row in few)


def test_predefined_sets_are_of_organs_that_there_are_and_hold_when_all_are_there():
    places = {name for needed, controls in SETS.values() for name in (*needed, *controls)}
    assert places <= {name for name, organ in organs().items() if organ.lives_in("mouse")}
    some = [counts(name, [1], [1], [1], [1]) for name in sorted(places)]
    assert set(sets_in(some)) == set(SETS), "all places are those of the set with controls"
    assert set(sets_in([each for each in some if each.place in ("lung", "kidney", "bone")])) == {
        "lung and kidney", "all places",
    }  # fmt: skip
    assert not sets_in(some[:1])


def sources():
    """The source of each number of the catalogue and of each organ, by where it stands."""
    known = load_catalogue()
    found = {path: number.source for path, number in known.numbers()}
    return found | {(name, place): number.source for name in organs() for place, number in organs()[name].numbers()}


def test_no_number_is_said_to_be_fitted_to_frequencies_of_metastases():
    """So that FITTED is empty. A number that is fitted to them says so in its source, and belongs into FITTED."""
    words = ("frequenc", "autops", "organotrop")
    known = {place: str(source) for place, source in sources().items()}
    said = {place for place, source in known.items() if "fitted" in source and any(word in source for word in words)}
    assert len(known) > 500
    assert said == set(FITTED) == set()


def test_what_was_put_in_are_numbers_that_organs_have():
    for paths in PUT_IN.values():
        for path in paths:
            have = [name for name, organ in organs().items() if path in organ.set or hasattr(organ, path)]
            assert have, path
    assert "cells.arrested.behaviors.apoptosis" in organ_named("liver").set


# The command


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    made = scenario("minimal", start=home(organs={"lung": {"samples": 20}}) | {"capillaries": "900 /mm²"},
                    tissue={"size": ["300 µm", "300 µm"]}, time={"days": 0.5, "snapshots": ["12 h"]})  # fmt: skip
    out = tmp_path_factory.mktemp("organs") / "run"
    return tmesim.run(made, out=out, figures=False, quiet=True, workers=1, replicates=2)


def asked(*arguments):
    done = CliRunner().invoke(app, ["organs", *map(str, arguments)])
    assert done.exit_code == 0, done.output
    return done.output


def test_the_command_prints_and_writes_what_the_functions_give(run, tmp_path):
    rows = json.loads(asked(run.path, "--json"))
    assert [(row["place"], row["count"], row["found"]) for row in rows] == [
        (row.place, row.count, row.found) for row in totals(run)
    ]
    asked(run.path, "--csv", tmp_path / "organs.csv")
    assert (tmp_path / "organs.csv").read_bytes() == table_bytes(totals(run))
    printed = asked(run.path)
    assert "in 40 patches" in printed and "(injected)" in printed


def test_the_command_tells_shares_and_that_few_lesions_make_no_pattern(run, tmp_path):
    rows = json.loads(asked(run.path, "--shares", "--json"))
    assert [row["factor"] for row in rows] == [*FACTORS, "soil"] and all(row["share"] is None for row in rows)
    assert {field.name for field in fields(type(shares(run)[0]))} == rows[0].keys()
    printed = asked(run.path, "--shares")
    assert "no pattern" in printed and "frequencies of metastases in organs: none" in printed
    asked(run.path, "--shares", "--csv", tmp_path / "shares.csv")
    columns = read_columns((tmp_path / "shares.csv").read_bytes(),
                           ("arm", "set", "organs", "without", "value", "factor", "put_in"), "shares.csv")  # fmt: skip
    assert columns["organs"][0] == "kidney; lung" and np.isnan(columns["share"]).all()


def test_a_run_with_one_organ_has_no_shares(tmp_path):
    made = scenario("minimal", start=home(), time={"days": 0.25})
    tmesim.run(made, out=tmp_path / "r", figures=False, quiet=True, workers=1, replicates=1)
    done = CliRunner().invoke(app, ["organs", str(tmp_path / "r"), "--shares"])
    assert done.exit_code == 2 and "two organs" in done.output
