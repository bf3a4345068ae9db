"""How many replicates it takes: against published tables, simulation and hand computation."""

import csv
import json
import math

import numpy as np
import pytest
from scipy import stats
from test_cli import tmesim
from toys import TEXT, run

from tmesim.cli.precision import print_power
from tmesim.power import chance, half_width, plan, power_of, replicates_for, sentence, smallest, spread_ends, told_span
from tmesim.reading import InputError
from tmesim.report import page
from tmesim.scenario import read_text
from tmesim.sequences import multiplier
from tmesim.statistics import interval, relative_change


@pytest.fixture(scope="module")
def pilot(tmp_path_factory):
    return run(read_text(TEXT), tmp_path_factory.mktemp("pilot") / "pilot", replicates=5)


# Theory


def test_power_is_that_of_the_manual_of_r():
    """The example of `power.t.test`, two groups of 20 and an effect of 1: 0.8689528; with both tails, 0.868953."""
    assert power_of(38, math.sqrt(20 / 2)) == pytest.approx(0.868953, abs=1e-6)


@pytest.mark.parametrize(("effect", "replicates"), [(0.2, 199), (0.5, 34), (0.8, 15)])
def test_numbers_of_pairs_for_small_medium_and_large_effects_are_the_known_ones(effect, replicates):
    """Cohen's effects at two-sided 5 % and a power of 0.8, paired: as tables and G*Power have them."""
    assert replicates_for(lambda n: chance(n, effect, 1.0) >= 0.8) == replicates
    assert smallest(replicates, 1.0, 0.8) <= effect < smallest(replicates - 1, 1.0, 0.8)


def test_power_rises_with_the_difference_and_is_a_chance_everywhere():
    for freedom in (1, 2, 3, 5, 9, 40, 1e3, 1e5):
        values = [power_of(freedom, each) for each in np.linspace(0, 60, 241)]
        assert values[0] == pytest.approx(0.05) and all(0 <= v <= 1 for v in values), freedom
        assert np.all(np.diff(values) > -1e-9), freedom


def test_power_is_what_simulated_trials_find():
    rng, n, difference, s = np.random.default_rng(1), 7, 0.8, 1.0
    found = 0
    for x in rng.normal(difference, s, (4000, n)):
        _, low, high = interval(x)
        found += low > 0 or high < 0
    low, high = stats.binom.ppf([0.0005, 0.9995], 4000, chance(n, difference, s)) / 4000
    assert low <= found / 4000 <= high


def test_the_interval_of_a_deviation_holds_it_as_often_as_it_says():
    rng, held = np.random.default_rng(2), 0
    for x in rng.normal(0, 3, (3000, 5)):
        low, high = spread_ends(float(np.std(x, ddof=1)), 5)
        held += low <= 3 <= high
    low, high = stats.binom.ppf([0.0005, 0.9995], 3000, 0.95) / 3000
    assert low <= held / 3000 <= high


def test_the_width_of_a_plan_is_that_of_the_comparison():
    rng = np.random.default_rng(3)
    b = rng.normal(100, 10, 9)
    a = 0.6 * b + rng.normal(0, 4, 9)
    _, low, high = relative_change(a, b)
    made = plan("e", "drug", "none", a, b, 0.1, 0.1, 0.8)
    assert made.now == pytest.approx((high - low) / 2, rel=1e-9)
    mean, low, high = interval(b)
    alone = plan("e", "none", "none", b, b, 0.1, 0.1, 0.8)
    assert alone.now == pytest.approx((high - low) / 2 / mean, rel=1e-9)
    assert math.isnan(alone.shown) and math.isnan(alone.detect_best), "a mean is compared with nothing"


def test_the_numbers_are_the_smallest_that_will_do():
    b = np.array([90.0, 100, 110, 95, 105])
    made = plan("e", "drug", "none", b * [0.8, 0.7, 0.9, 0.75, 0.85], b, 0.05, 0.1, 0.9)
    n, R = int(made.width_best), float((b * [0.8, 0.7, 0.9, 0.75, 0.85]).mean() / b.mean())
    assert half_width(n, made.spread, R) <= 0.05 < half_width(n - 1, made.spread, R)
    m = int(made.detect_best)
    assert chance(m, 0.1, made.spread) >= 0.9 > chance(m - 1, 0.1, made.spread)
    k = int(made.until_best)
    ends = [multiplier(each, 0.95) * made.spread / math.sqrt(each) for each in (k, k - 1)]
    assert ends[0] <= 0.05 < ends[1] and k > n
    assert made.width_low <= n <= made.width_high and made.detect_low <= m <= made.detect_high


def test_who_plans_by_a_good_pilot_gets_the_interval_that_was_planned():
    """Fifty pairs tell the spread; runs of the number that it gives have intervals of about ± 10 %."""
    rng = np.random.default_rng(4)

    def pairs(n):
        shared = rng.normal(100, 15, n)
        return 0.8 * shared + rng.normal(0, 10, n), shared + rng.normal(0, 10, n)

    n = int(plan("e", "drug", "none", *pairs(50), 0.1, 0.1, 0.8).width_best)
    widths = [(high - low) / 2 for _, low, high in (relative_change(*pairs(n)) for _ in range(400))]
    assert np.median(widths) == pytest.approx(0.1, rel=0.15)


def test_what_has_no_spread_or_no_end_is_not_made_up():
    same = np.array([5.0, 6.0, 7.0])
    made = plan("e", "copy", "none", same, same, 0.1, 0.1, 0.8)
    assert (made.spread, made.now, made.shown, made.width_best) == (0, 0, 0, 2)
    wild = plan("e", "wild", "none", np.array([1.0, 1e6]), np.array([1.0, 2.0]), 0.1, 0.1, 0.8)
    assert math.isnan(wild.width_high) and math.isnan(wild.width_best)
    assert told_span(math.nan, math.nan, math.nan) == "more than 100\u202f000"
    assert told_span(5.0, 12.0, math.nan) == "12 (5 to more than 100\u202f000)"
    nothing = plan("e", "none_left", "none", np.full(3, np.nan), same, 0.1, 0.1, 0.8)
    assert nothing.n == 0 and math.isnan(nothing.spread) and math.isnan(nothing.width_best)


# Of a run


def test_a_result_tells_it_as_a_table(pilot):
    frame = pilot.power("tumor_burden", ["drug", "untreated"], width=0.05)
    assert list(frame.arm) == ["drug", "untreated"] and set(frame.width) == {0.05}
    row = pilot.comparisons[0]
    assert frame.now[0] == pytest.approx((row.relative_high - row.relative_low) / 2, rel=1e-9)
    assert len(pilot.power()) == 6
    for wrong in ({"width": 0}, {"power": 1}, {"power": 1.2}, {"detect": -1}):
        with pytest.raises(ValueError, match=next(iter(wrong))):
            pilot.power(**wrong)
    with pytest.raises(KeyError, match="drug"):
        pilot.power(arms="placebo")


def test_the_report_and_the_summary_say_what_ten_percent_takes(pilot):
    told = sentence(pilot)
    best = pilot.power("tumor_burden").sort_values("width_best").iloc[-1]
    assert f"about {best.width_best:.0f} replicates ({best.width_low:.0f} to {best.width_high:.0f}" in told
    assert "An interval of ± 10 %" in told and told in page(pilot)


def test_one_replicate_tells_no_spread(tmp_path):
    alone = run(read_text(TEXT), tmp_path / "run", replicates=1)
    assert sentence(alone) == ""
    with pytest.raises(ValueError, match="tells no spread"):
        alone.power()


def test_the_command_line_prints_it(pilot):
    done = tmesim("power", pilot.path, "--arm", "drug", "--width", "5 %")
    assert done.returncode == 0, done.stderr
    assert "± 5 % takes" in done.stdout and done.stdout.count("drug") == 2


def test_the_table_is_written_as_data(pilot, tmp_path, capsys):
    print_power(pilot.path, "tumor_burden", None, "10 %", "10 %", 0.8, None, True)
    rows = json.loads(capsys.readouterr().out)
    assert [row["arm"] for row in rows] == ["drug", "late", "sham"]
    print_power(pilot.path, None, None, "10 %", "10 %", 0.8, tmp_path / "power.csv", False)
    assert len(list(csv.DictReader(open(tmp_path / "power.csv", encoding="utf-8")))) == 6


def test_all_that_is_wrong_on_the_command_line_is_told_with_what_would_be_right(pilot, tmp_path):
    with pytest.raises(InputError) as wrong:
        print_power(pilot.path, "tumour", "drugs", "10", "10 %", 80, None, False)
    assert all(text in str(wrong.value) for text in ("'drug'", "'tumor_burden'", "'10 %'", "such as 0.8"))
    with pytest.raises(InputError, match="finished run"):
        print_power(tmp_path, None, None, "10 %", "10 %", 0.8, None, False)
