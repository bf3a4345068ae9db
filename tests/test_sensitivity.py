"""What answers hang on, and whether treatments act together: judged by functions of which the answer is known."""

import math

import numpy as np
import pytest

from tmesim import interaction, sensitivity
from tmesim.statistics import interval
from tmesim.sweeps.designs import Axis, coordinates


def points(design, keys, n, seed=1):
    return coordinates(design, [Axis(0)] * keys, n, seed)


# Morris


def test_elementary_effects_of_a_linear_function_are_its_slopes():
    x = points("morris", 4, 6)
    slopes = np.array([3.0, -2.0, 0.0, 0.5])
    assert np.allclose(sensitivity.elementary_effects(x, x @ slopes + 7), slopes, rtol=1e-10, atol=1e-12)
    mean, size, sigma = sensitivity.morris(x, x @ slopes)
    assert np.allclose(mean.value, slopes, atol=1e-12) and np.allclose(size.value, abs(slopes), atol=1e-12)
    assert np.allclose(sigma, 0, atol=1e-12)
    assert np.allclose(size.high - size.low, 0, atol=1e-10)


def test_keys_that_act_together_have_a_spread_and_no_other():
    x = points("morris", 3, 40)
    _, size, sigma = sensitivity.morris(x, x[:, 0] * x[:, 1] + x[:, 2])
    assert sigma[0] > 0.2 < sigma[1] and sigma[2] == pytest.approx(0, abs=1e-12)
    assert (size.low < 0.5).any() and (size.low >= 0).all()


def test_an_answer_that_is_not_defined_takes_its_two_steps_with_it():
    x = points("morris", 2, 3)
    y = x @ np.array([1.0, 2.0])
    y[4] = math.nan  # between the two steps of the second trajectory
    effects = sensitivity.elementary_effects(x, y)
    assert np.isnan(effects[1]).all() and np.isfinite(effects[[0, 2]]).all()
    assert np.allclose(sensitivity.morris(x, y)[0].value, [1, 2])


# Sobol'


def test_indices_of_the_ishigami_function():
    """sin x₁ + 7 sin² x₂ + 0.1 x₃⁴ sin x₁ on (−π, π)³ (Ishigami and Homma 1990)."""
    x = (2 * points("sobol", 3, 2048) - 1) * math.pi
    y = np.sin(x[:, 0]) + 7 * np.sin(x[:, 1]) ** 2 + 0.1 * x[:, 2] ** 4 * np.sin(x[:, 0])
    first, total = sensitivity.sobol(y, 3)
    assert first.value == pytest.approx([0.3139, 0.4424, 0.0], abs=0.02)
    assert total.value == pytest.approx([0.5576, 0.4424, 0.2437], abs=0.02)
    for estimate, known in ((first, [0.3139, 0.4424, 0.0]), (total, [0.5576, 0.4424, 0.2437])):
        assert (estimate.low <= known).all() and (known <= estimate.high).all()
        assert (estimate.high - estimate.low < 0.2).all()


def test_indices_of_a_sum_add_up_and_none_is_defined_without_variance():
    x = points("sobol", 2, 1024)
    first, total = sensitivity.sobol(x @ np.array([1.0, 2.0]), 2)
    assert first.value == pytest.approx([0.2, 0.8], abs=0.01) and total.value == pytest.approx([0.2, 0.8], abs=0.01)
    assert np.isnan(sensitivity.sobol(np.ones(len(x)), 2)[0].value).all()


# Rank correlations


def test_ranks_see_any_rising_curve_and_each_key_beside_the_others():
    x = points("lhs", 3, 200)
    rising = sensitivity.partial_rank_correlations(x, np.exp(5 * x[:, 0]))
    assert rising.value[0] == pytest.approx(1, abs=1e-6) and (abs(rising.value[1:]) < 0.3).all()
    noise = np.random.default_rng(0).standard_normal(200)
    both = sensitivity.partial_rank_correlations(x, 2 * x[:, 0] - x[:, 1] + 0.3 * noise)
    assert both.low[0] > 0.7 and both.high[1] < -0.4 and both.low[2] < 0 < both.high[2]


def test_one_key_alone_has_the_correlation_of_spearman():
    from scipy.stats import spearmanr

    rng = np.random.default_rng(2)
    x, noise = rng.random((60, 1)), rng.standard_normal(60)
    y = x[:, 0] + 0.4 * noise
    expected = float(spearmanr(x[:, 0], y)[0])
    assert sensitivity.partial_rank_correlations(x, y).value[0] == pytest.approx(expected, rel=1e-9)


# Two treatments

A, B = np.array([0.0, 1, 2, 5, 10, 20]), np.array([0.0, 3, 6, 12, 30])
LUCK = np.array([0.8, 1.0, 1.1, 1.3])


def hill(d, half, power, top=1.0):
    d = np.asarray(d, float)
    return top * d**power / (half**power + d**power)


def surface(shares, luck=LUCK):
    """(a, b, replicates): what is left, times how large the tumor of each replicate is."""
    return 400 * shares[..., None] * luck


def test_the_interval_of_a_mean_is_the_usual_one():
    y = np.random.default_rng(1).standard_normal((2, 7))
    value, low, high = interaction.jackknife(y, lambda each: each.mean(-1))
    for i in range(2):
        assert [value[i], low[i], high[i]] == pytest.approx(interval(y[i]), rel=1e-12)


def test_independent_treatments_have_no_excess():
    f = (1 - hill(A, 4, 1.5))[:, None] * (1 - hill(B, 8, 1, 0.6))
    found = interaction.bliss(surface(f))
    inner = found.value[1:, 1:]
    assert np.allclose(inner, 0, atol=1e-12) and not found.excludes(0)[1:, 1:].any() | (abs(inner) > 1e-12).any()
    assert np.isnan(found.value[0]).all() and np.isnan(found.value[:, 0]).all()


def test_what_is_taken_beyond_independence_is_the_excess():
    f = (1 - hill(A, 4, 1.5))[:, None] * (1 - hill(B, 8, 1))
    f[1:, 1:] -= 0.05
    found = interaction.bliss(surface(f))
    assert np.allclose(found.value[1:, 1:], 0.05, rtol=1e-9) and found.excludes(0)[1:, 1:].all()


def test_intervals_of_the_excess_hold_what_is_true_as_often_as_they_say():
    """Noise of a tenth in each tumor, eight tumors, 300 trials, one pair of doses."""
    rng, hits = np.random.default_rng(5), 0
    f = (1 - hill(A[[0, 3]], 4, 1.5))[:, None] * (1 - hill(B[[0, 2]], 8, 1)) - np.array([[0, 0], [0, 0.03]])
    for _ in range(300):
        y = surface(f, rng.lognormal(0, 0.2, 8)) * (1 + 0.1 * rng.standard_normal((2, 2, 8)))
        found = interaction.bliss(y)
        hits += found.low[1, 1] <= 0.03 <= found.high[1, 1]
    assert 0.91 <= hits / 300 <= 0.985


def test_a_treatment_combined_with_itself_has_the_index_one():
    together = 1 - hill(A[:, None] + A[None], 6, 1.7, 0.8)
    found = interaction.loewe(surface(together), A, A)
    assert np.allclose(found.value[1:, 1:], 1, rtol=1e-4)


def test_a_combination_that_works_like_twice_its_doses_has_the_index_one_half():
    single = 1 - hill(A[:, None] + B[None] / 3, 6, 1.2)
    f = 1 - hill(2 * (A[:, None] + B[None] / 3), 6, 1.2)
    f[0], f[:, 0] = single[0], single[:, 0]
    found = interaction.loewe(surface(f), A, B)
    assert np.allclose(found.value[1:, 1:], 0.5, rtol=1e-3)
    assert found.excludes(1)[1:, 1:].all()


def test_treatments_that_raise_an_endpoint_have_an_index_too():
    raised = 1 + hill(A[:, None] + A[None], 6, 1.7, 2.5)
    assert np.allclose(interaction.loewe(surface(raised), A, A).value[1:, 1:], 1, rtol=1e-3)


def test_an_effect_beyond_one_of_them_needs_none_of_it():
    """b does nothing alone, and nothing to a: the index is the dose of a over that dose."""
    f = np.repeat((1 - hill(A, 4, 1.5))[:, None], len(B), axis=1)
    found = interaction.loewe(surface(f), A, B)
    assert np.allclose(found.value[1:, 1:], 1, rtol=1e-3)
    assert np.isnan(interaction.loewe(surface(f)[:3], A[:3], B).value).all(), "two doses make no curve"
