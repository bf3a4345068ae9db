"""Paired statistics against hand computations, scipy, and simulated truth."""

import math

import numpy as np
import pytest
from scipy import stats

from tmesim.statistics import (
    compare,
    compare_arms,
    effect_size,
    false_discovery,
    interval,
    relative_change,
    sign_flip_p,
    student_p,
)
from tmesim.storage.tables import csv_bytes
from tmesim.wording import compact


def test_a_comparison_computed_by_hand():
    # differences 1, 2, 3: mean 2, deviation 1, error of the mean 1/√3
    c = compare("e", "drug", "none", np.array([2.0, 4.0, 6.0]), np.array([1.0, 2.0, 3.0]))
    half = 0.95 * math.sqrt(2 / (4 * 0.975 * 0.025)) / math.sqrt(3)  # closed form for 2 degrees of freedom
    assert (c.n, c.mean, c.reference_mean, c.difference) == (3, 4.0, 2.0, 2.0)
    assert c.low == pytest.approx(2 - half, rel=1e-12)
    assert c.high == pytest.approx(2 + half, rel=1e-12)
    assert c.relative_change == pytest.approx(1.0, rel=1e-12)
    assert c.relative_low == pytest.approx(1.0) and c.relative_high == pytest.approx(1.0)  # always exactly twice
    assert c.effect_size == pytest.approx(2 * (1 - 3 / 7), rel=1e-12)
    assert c.p == 2 / 8


def test_identical_arms_differ_by_exactly_zero():
    x = np.random.default_rng(0).lognormal(5, 1, 9)
    c = compare("e", "copy", "none", x, x.copy())
    assert (c.difference, c.low, c.high, c.effect_size, c.p) == (0, 0, 0, 0, 1)
    assert (c.relative_change, c.relative_low, c.relative_high) == (0, 0, 0)


@pytest.mark.parametrize("n", [2, 6, 12, 13])
def test_interval_and_p_agree_with_scipy(n):
    rng = np.random.default_rng(n)
    a, b = rng.normal(1, 1, n), rng.normal(0, 1, n)
    expected = stats.ttest_rel(a, b).confidence_interval(0.95)
    c = compare("e", "a", "b", a, b)
    assert (c.low, c.high) == pytest.approx((expected.low, expected.high), rel=1e-12)
    flips = stats.permutation_test((a - b,), np.mean, permutation_type="samples", n_resamples=np.inf)
    assert c.p == pytest.approx(flips.pvalue, rel=1e-12)


def test_random_sign_flips_stay_near_the_t_test_for_many_pairs():
    x = np.random.default_rng(3).normal(0.4, 1, 40)
    assert sign_flip_p(x) == pytest.approx(stats.ttest_1samp(x, 0).pvalue, abs=0.01)


def test_false_discovery_agrees_with_scipy_and_leaves_out_nan():
    p = [0.01, 0.4, 0.03, 0.8, 0.002]
    assert false_discovery(p) == pytest.approx(stats.false_discovery_control(p), rel=1e-12)
    assert false_discovery([0.01, math.nan, 0.04]) == pytest.approx([0.02, math.nan, 0.04], nan_ok=True)


def binomial_bounds(trials, chance):
    return stats.binom.ppf([0.0005, 0.9995], trials, chance) / trials


def test_intervals_of_two_equal_arms_hold_zero_as_often_as_they_say():
    rng, trials = np.random.default_rng(5), 2000
    held = 0
    for _ in range(trials):
        shared = rng.normal(0, 3, 8)
        _, low, high = interval((shared + rng.normal(0, 1, 8)) - (shared + rng.normal(0, 1, 8)))
        held += low <= 0 <= high
    low, high = binomial_bounds(trials, 0.95)
    assert low <= held / trials <= high


def test_p_values_of_two_equal_arms_are_rarely_small():
    rng, trials = np.random.default_rng(6), 1500
    small = np.mean([sign_flip_p(rng.standard_t(4, 8)) <= 0.05 for _ in range(trials)])
    exact = math.floor(0.05 * 2**8 / 2) * 2 / 2**8  # the test's true level: a multiple of 2 / 2ⁿ
    low, high = binomial_bounds(trials, exact)
    assert low <= small <= high


@pytest.mark.parametrize("n", [6, 12])
def test_relative_change_covers_the_true_ratio(n):
    rng, trials = np.random.default_rng(n), 2000
    held = 0
    for _ in range(trials):
        shared = rng.normal(0, 0.3, n)
        a, b = 60 * np.exp(shared + rng.normal(0, 0.2, n)), 100 * np.exp(shared + rng.normal(0, 0.2, n))
        _, low, high = relative_change(a, b)
        held += low <= -0.4 <= high
    assert 0.92 <= held / trials <= 0.97


def test_a_pair_with_nan_is_left_out():
    c = compare("e", "a", "b", np.array([1.0, math.nan, 3.0]), np.array([0.0, 0.0, 0.0]))
    assert (c.n, c.difference) == (2, 2.0)


def test_one_pair_has_no_interval_and_none_has_no_mean():
    one = compare("e", "a", "b", np.array([2.0]), np.array([1.0]))
    assert one.difference == 1 and math.isnan(one.low) and math.isnan(one.effect_size) and one.p == 1
    none = compare("e", "a", "b", np.array([math.nan]), np.array([1.0]))
    assert none.n == 0 and math.isnan(none.difference) and math.isnan(none.p)


@pytest.mark.parametrize("differences", [[1.0, 2.0], [0.0, 0.0], [1.0], []])
def test_fewer_than_three_pairs_have_no_effect_size_and_an_empty_cell(differences):
    c = compare("e", "a", "b", np.array(differences), np.zeros(len(differences)))
    assert math.isnan(c.effect_size) and compact(c.effect_size) == "–"
    assert csv_bytes(["effect_size"], [[c.effect_size]]) == b"effect_size\n\n"
    assert effect_size(np.array([0.0, 0.0, 0.0])) == 0


def test_a_zero_reference_has_no_relative_change():
    assert all(math.isnan(v) for v in relative_change(np.array([1.0, 2.0]), np.zeros(2)))


def test_an_effect_without_spread_has_no_size():
    assert math.isnan(effect_size(np.array([2.0, 2.0, 2.0])))


def test_arms_are_compared_with_the_reference_in_order_and_adjusted_over_the_table():
    rng = np.random.default_rng(1)
    values = {arm: {e: rng.normal(i, 1, 8) for e in ("x", "y")} for i, arm in enumerate(("base", "one", "two"))}
    table = compare_arms(["x", "y"], values, "base")
    assert [(c.endpoint, c.arm, c.reference) for c in table] == [
        ("x", "one", "base"), ("x", "two", "base"), ("y", "one", "base"), ("y", "two", "base"),
    ]  # fmt: skip
    assert [c.p_adjusted for c in table] == pytest.approx(stats.false_discovery_control([c.p for c in table]))


def test_students_p_agrees_with_its_interval_and_with_scipy():
    rng = np.random.default_rng(3)
    for n in (3, 4, 8):
        for shift in (0.0, 0.5, 2.0):
            x = rng.normal(shift, 1, n)
            assert student_p(x) == pytest.approx(stats.ttest_1samp(x, 0).pvalue)
            _, low, high = interval(x)
            assert (student_p(x) < 0.05) == (low > 0 or high < 0)
    assert student_p(np.zeros(4)) == 1 and student_p(np.ones(4)) == 0.125 and np.isnan(student_p(np.ones(1)))
