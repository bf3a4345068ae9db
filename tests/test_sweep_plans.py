"""What a sweep varies and where it looks: keys as people write them, designs by their theory, points as scenarios."""

import math

import numpy as np
import pytest

from tmesim.observables import observables_of
from tmesim.reading import InputError
from tmesim.scenario import load
from tmesim.sweeps import plan as plans
from tmesim.sweeps.designs import JUMP, Axis, coordinates
from tmesim.sweeps.keys import key_of
from tmesim.sweeps.request import Request, read_request

SCENARIO = {
    "version": 3,
    "name": "two_drugs",
    "question": "What do two drugs do?",
    "extends": "untreated",
    "tissue": {"size": ["450 µm", "450 µm"]},
    "start": {"tumor": {"radius": "60 µm"}},
    "time": {"days": 10, "snapshots": []},
    "arms": {
        "untreated": {},
        "one": {"therapies": [{"use": "anti_cd25", "start": "3 d", "dose": "10 mg/kg"}], "off": ["anoxia_kills"]},
        "both": {
            "therapies": ["anti_vegf", {"use": "anti_cd25", "start": "4 d"}],
            "set": {"cells.tumor.behaviors.division": "x2"},
        },
    },
    "endpoints": ["tumor_burden"],
}


@pytest.fixture(scope="module")
def scenario():
    return load(SCENARIO, observables=observables_of)


def problems(scenario, vary, **more):
    with pytest.raises(InputError) as found:
        plans.plan(scenario, vary, **more)
    return [str(problem) for problem in found.value.problems]


# Keys


@pytest.mark.parametrize(
    ("text", "numbers", "unit"),
    [
        ("0.02 1/h, 0.03 1/h", [0.02, 0.03], "1/h"),
        ("0, 3, 10 mg/kg", [0, 3, 10], "mg/kg"),
        ("12 h, 2 d", [12, 48], "h"),
        ("x0.5, x2", [0.5, 2], "×"),
        ("1, 2, 4", [1, 2, 4], ""),
    ],
)
def test_values_are_numbers_in_one_unit(text, numbers, unit):
    key = key_of("some.key", text)
    assert [level.number for level in key.levels] == pytest.approx(numbers, rel=1e-12) and key.unit == unit


def test_texts_and_lists_are_values_too():
    key = key_of("tissue.size", "[1.2 mm, 1.2 mm], [0.9 mm, 0.9 mm]")
    assert [level.said for level in key.levels] == ["[1.2 mm, 1.2 mm]", "[0.9 mm, 0.9 mm]"]
    assert not key.is_numeric and key_of("start.organ", "lung, bone").text == "lung, bone"


def test_a_range_is_spaced_evenly_or_by_a_factor():
    even, log = key_of("k", "2..6 mm"), key_of("k", "0.01..100 nM log")
    assert [even.at(u).said for u in (0, 0.25, 1)] == ["2 mm", "3 mm", "6 mm"]
    assert [log.at(u).number for u in (0, 0.25, 0.5, 1)] == [0.01, 0.1, 1, 100]
    assert [key_of("k", "x0.25..x4").at(u).said for u in (0, 0.5, 1)] == ["x0.25", "x1", "x4"]


def test_moments_of_a_range_are_multiples_of_the_step():
    key = key_of("start.drug", "7 d..9 d", grain="1 h")
    assert key.at(0.3).said == "182 h" and key.at(0.3).number == pytest.approx(182 / 24, rel=1e-12)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("6..2 mm", "low end below the high end"),
        ("0..2 mm log", "above 0"),
        ("x1..3", "factor on both sides"),
        ("a..b", "expected numbers in a range"),
        ("1 mm, x2", "mixes factors"),
        ("1, 2, 1.0", "'1.0' is there twice"),
        ("1, , 2", "an empty one"),
        ("1 mm, 2 h", "expected a length"),
    ],
)
def test_values_that_make_no_sense_are_told(text, message):
    with pytest.raises(ValueError, match=message):
        key_of("k", text)


# Where they are written


def test_a_dose_is_that_of_every_course_of_a_treatment(scenario):
    made = plans.plan(scenario, {"dose.anti-CD25": "1, 2 mg/kg", "start.anti_cd25": ["5 d"]})
    at = made.scenario_at(1)
    doses = {arm: [(d.use, d.dose, d.start_h) for d in part.therapies] for arm, part in at.arms.items()}
    before = scenario.arms["both"].therapies[0]
    assert doses == {
        "untreated": [],
        "one": [("anti_cd25", 2.0, 120.0)],
        "both": [("anti_vegf", before.dose, before.start_h), ("anti_cd25", 2.0, 120.0)],
    }


def test_a_factor_multiplies_what_each_course_says(scenario):
    at = plans.plan(scenario, {"dose.anti_cd25": "x0.5", "start.anti_cd25": "x2"}).scenario_at(0)
    usual = scenario.arms["both"].therapies[1].dose
    assert [d.dose for d in at.arms["one"].therapies] == [5.0]
    assert [d.dose for d in at.arms["both"].therapies][1] == usual / 2
    assert [d.start_h for d in (at.arms["one"].therapies[0], at.arms["both"].therapies[1])] == [144, 192]


def test_a_course_of_one_arm_is_left_to_it(scenario):
    at = plans.plan(scenario, {"arms.one.therapies.0.dose": "1 mg/kg"}).scenario_at(0)
    assert at.arms["one"].therapies[0].dose == 1.0 and at.arms["both"] == scenario.arms["both"]


def test_rules_are_switched_over_what_is_off_already(scenario):
    off = load(scenario, set={"off": ["anoxia_kills"]})
    vary = {"rules.anoxia_kills+vegf_drives_sprouting": "on, off", "off.oxygen_fuels_division": "yes, no"}
    made = plans.plan(off, vary)
    assert [key.name for key in made.keys][1] == "rules.oxygen_fuels_division"
    assert [set(made.scenario_at(point).off) for point in range(4)] == [
        {"oxygen_fuels_division"},
        set(),
        {"anoxia_kills", "vegf_drives_sprouting", "oxygen_fuels_division"},
        {"anoxia_kills", "vegf_drives_sprouting"},
    ]


def test_a_factor_of_an_arm_multiplies_what_a_point_sets(scenario):
    """As it would in the file; so `sweep.yaml` keeps factors, and reads back as the same points."""
    made = plans.plan(scenario, {"cells.tumor.behaviors.division": "0.02, 0.03 1/h"})
    assert made.scenario_at(1).arms["both"].set["cells.tumor.behaviors.division"] == "0.06 1/h"


def test_what_was_asked_reads_back_as_the_same_plan(scenario, tmp_path):
    vary = {
        "dose.anti_cd25": "x0.1..x10", "start.anti_cd25": "3 d..5 d", "off.anoxia_kills": "yes,no",
        "cells.tumor.behaviors.division": "0.02..0.03 1/h",
    }  # fmt: skip
    for asked in (plans.plan(scenario, vary, "lhs", 4, days=[5, 10]), plans.listed(scenario, [{"start.ecm": 0.1}, {}])):
        (tmp_path / "sweep.yaml").write_text(asked.to_yaml(), encoding="utf-8")
        again = read_request(tmp_path / "sweep.yaml").plan()
        assert again.to_yaml() == asked.to_yaml() and again.points == asked.points and again.days == asked.days
        assert again.scenario == scenario
        for point in range(len(asked.points)):
            assert again.scenario_at(point) == asked.scenario_at(point)


def test_listed_points_leave_alone_what_they_do_not_name(scenario):
    made = plans.listed(scenario, [{"start.ecm": 0.1}, {"start.ecm": 0.3, "dose.anti_cd25": "1 mg/kg"}, {}])
    assert made.settings(2) == {} and made.scenario_at(2) == scenario
    assert made.numbers.tolist()[1] == [0.3, 1.0] and math.isnan(made.numbers[0, 1])


# Bad input


def test_everything_wrong_is_told_at_once(scenario):
    told = problems(
        scenario,
        {"dose.anti_cd2": "1 mg/kg", "rules.no_such": "on,off", "start.ecm": "0.1, 3", "seed": "1,2",
         "rules.anoxia_kills": "on, maybe", "dose.anti_pd_l1": "1 mg/kg"},
        design="sobolo",
    )  # fmt: skip
    text = "\n".join(told)
    for part in (
        "--vary dose.anti_cd2: there is no therapy 'anti_cd2'. Did you mean 'anti_cd25'?",
        "--vary rules.no_such: there is no rule 'no_such'",
        "--vary seed: 'seed' cannot be varied: all points share the seeds",
        "--vary rules.anoxia_kills: expected on or off, got 'maybe'",
        "--vary dose.anti_pd_l1: no arm gives anti_pd_l1. Given: anti_cd25, anti_vegf",
        "--design: there is no design 'sobolo'. Did you mean 'sobol'?",
        "(point 1 (start.ecm=3))",
    ):
        assert part in text, text


def test_a_point_that_is_no_scenario_is_named_with_the_others_that_have_the_same(scenario):
    told = problems(scenario, {"cells.tumor.behaviors.division": "0.02, -1, 0.03 1/h", "start.ecm": "0.1, 0.2"})
    assert told == ["--vary cells.tumor.behaviors.division: must not be below 0 1/h, got -1 1/h (2 points: 2, 3)"]
    assert "all points" in problems(scenario, {"tissue.nothing": "1, 2"})[0]


@pytest.mark.parametrize("design", ["lhs", "sobol", "morris"])
def test_a_design_that_needs_numbers_does_not_take_texts(scenario, design):
    (told,) = problems(scenario, {"host": "mouse, pymt_like, 4t1_like", "start.ecm": "0.1..0.2"}, design=design, n=4)
    right = "needs a range low..high or two values, got 3 values: mouse, pymt_like, 4t1_like"
    assert f"the design {design} {right}" in told


def test_numbers_of_points_that_suit_no_design_are_told(scenario):
    vary = {"start.ecm": "0.1..0.2"}
    assert "a power of two, such as 8 or 16; got 12" in problems(scenario, vary, design="sobol", n=12)[0]
    assert "from 2 on, got 1" in problems(scenario, vary, design="morris", n=1)[0]
    assert "day 11 is not within the 10 days" in problems(scenario, vary, days=[11])[0]
    assert "the limit is 100000" in problems(scenario, {k: "0..1" for k in ("a", "b")}, n=400)[0]
    assert "nothing is varied" in problems(scenario, {})[0]


# Designs


def test_a_grid_has_every_combination_once_and_begins_with_the_first_of_each(scenario):
    made = plans.plan(scenario, {"start.ecm": "0.1..0.3", "dose.anti_cd25": "1, 2 mg/kg"}, n=3)
    assert made.numbers.tolist() == [[0.1, 1], [0.1, 2], [0.2, 1], [0.2, 2], [0.3, 1], [0.3, 2]] and made.baseline == 0


def test_one_at_a_time_begins_with_the_scenario_as_it_is(scenario):
    made = plans.plan(scenario, {"start.ecm": "0.1..0.3", "dose.anti_cd25": "1, 2, 4 mg/kg"}, "each")
    assert made.settings(0) == {} and [len(made.values(p)) - list(made.values(p).values()).count(None)
                                       for p in range(1, 6)] == [1] * 5  # fmt: skip
    assert made.numbers[1:3, 0].tolist() == [0.1, 0.3] and made.numbers[3:, 1].tolist() == [1, 2, 4]


def test_a_latin_hypercube_has_one_point_in_each_slice_of_each_key():
    where = coordinates("lhs", [Axis(0)] * 3, 16, seed=1)
    assert all(sorted((column * 16).astype(int)) == list(range(16)) for column in where.T)


def test_each_step_of_a_trajectory_moves_one_key_by_two_thirds():
    where = coordinates("morris", [Axis(0)] * 5, 7, seed=3).reshape(7, 6, 5)
    moves = np.diff(where, axis=1)
    assert np.allclose(np.abs(moves).sum(2), JUMP, rtol=1e-12, atol=0)
    assert (np.sort(np.abs(moves).argmax(2), axis=1) == np.arange(5)).all(), "each key once"
    assert np.allclose(where * 3, np.round(where * 3)) and where.min() == 0 and where.max() == 1
    assert (((where[:, :-1] < 0.5) != (where[:, 1:] < 0.5)).sum(2) == 1).all(), "and a switch is switched"


def test_a_sobol_design_has_two_independent_parts_and_their_mixtures():
    where = coordinates("sobol", [Axis(0)] * 3, 8, seed=1).reshape(5, 8, 3)
    A, B = where[:2]
    assert not np.isin(A, B).any()
    for k in range(3):
        expected = A.copy()
        expected[:, k] = B[:, k]
        assert (where[2 + k] == expected).all()
    assert all(sorted((column * 8).astype(int)) == list(range(8)) for column in A.T), "balanced"


def test_designs_come_from_the_seed(scenario):
    vary = {"start.ecm": "0.1..0.3"}
    numbers = [plans.plan(load(scenario, seed=s), vary, "lhs", 4).numbers for s in (1, 1, 2)]
    assert (numbers[0] == numbers[1]).all() and (numbers[0] != numbers[2]).any()


def test_endpoints_can_be_others_than_the_scenarios():
    asked = Request(SCENARIO, {"start.ecm": "0.1"}, endpoints=["n_ctl", "tumor_burden"])
    assert asked.plan().scenario.endpoints == ("n_ctl", "tumor_burden")
