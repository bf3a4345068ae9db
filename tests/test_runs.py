"""Runs side by side: what differs, what is paired, and what is told instead of guessed. Runs are of a toy."""

import csv
import json
import math
import shutil

import numpy as np
import pytest
from scipy import stats
from test_cli import tmesim
from toys import TEXT, Toy, run

import tmesim as package
from tmesim.cli.side_by_side import print_comparison
from tmesim.reading import InputError
from tmesim.runs import COLUMNS, sides_of
from tmesim.scenario import read_text
from tmesim.statistics import STOPPED, compare, compare_unpaired, interval, welch

ONE_ARM = TEXT.replace("  drug: {", "  other: {")


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    """Runs by name, which tests read and do not change."""
    folder = tmp_path_factory.mktemp("made")
    toy = read_text(TEXT)
    stronger = TEXT.replace("start: 2 d}", "start: 2 d, dose: 20 mg/kg}")
    return {
        "toy": run(toy, folder / "toy", replicates=5),
        "stronger": run(read_text(stronger), folder / "stronger", replicates=4),
        "seed": run(toy, folder / "seed", replicates=4, seed=8),
        "short": run(toy, folder / "short", replicates=4, days=3.5),
        "larger": run(read_text(TEXT.replace("180 µm, 150", "195 µm, 150")), folder / "larger", replicates=4),
    }


# Statistics


def test_welchs_interval_and_p_are_those_of_scipy():
    rng = np.random.default_rng(1)
    for n, m in ((2, 2), (5, 9), (30, 4)):
        a, b = rng.normal(1, 1, n), rng.normal(0, 3, m)
        expected = stats.ttest_ind(a, b, equal_var=False)
        ends = expected.confidence_interval(0.95)
        assert welch(a, b)[1:] == pytest.approx((ends.low, ends.high, expected.pvalue), rel=1e-9)


def test_unpaired_changes_hold_the_true_ratio_as_often_as_they_say():
    rng, held, trials = np.random.default_rng(2), 0, 2000
    for _ in range(trials):
        c = compare_unpaired("e", "a", "b", rng.normal(60, 9, 8), rng.normal(100, 20, 6))
        held += c.relative_low <= -0.4 <= c.relative_high
    assert 0.93 <= held / trials <= 0.97


def test_unpaired_values_of_stopped_runs_hold_the_true_difference_at_all_numbers_at_once():
    rng, held, trials = np.random.default_rng(3), 0, 300
    for _ in range(trials):
        a, b = rng.normal(0, 1, 20), rng.normal(0, 2, 20)
        ends = [compare_unpaired("e", "a", "b", a[:n], b[:n], kind=STOPPED) for n in range(4, 21)]
        held += all(c.low <= 0 <= c.high for c in ends)
    assert held / trials >= 0.95


def test_each_side_of_unpaired_stopped_runs_has_half_of_the_error():
    rng = np.random.default_rng(4)
    a, b = rng.normal(5, 1, 9), rng.normal(3, 1, 7)
    (_, a_low, a_high), (_, b_low, b_high) = (interval(x, 0.975, STOPPED) for x in (a, b))
    c = compare_unpaired("e", "a", "b", a, b, kind=STOPPED)
    assert (c.low, c.high) == pytest.approx((a_low - b_high, a_high - b_low), rel=1e-12) and math.isnan(c.p)
    ends = (a_low / b_high - 1, a_high / b_low - 1)
    assert (c.relative_low, c.relative_high) == pytest.approx(ends, rel=1e-12)


def test_values_that_do_not_differ_and_sides_of_one_value_are_not_made_sure():
    same, other = np.array([2.0, 2.0]), np.array([3.0, 3.0])
    assert welch(same, same) == (0, 0, 0, 1) and welch(other, same) == (1, 1, 1, 0)
    c = compare_unpaired("e", "a", "b", np.array([2.0]), np.array([1.0, 3.0]))
    assert c.difference == 0 and math.isnan(c.low) and math.isnan(c.p) and math.isnan(c.relative_low)


# What is compared


def test_a_run_beside_itself_differs_by_exactly_zero(made):
    table = package.compare(made["toy"], made["toy"].path).table
    assert set(table.how) == {"paired"} and set(table.n) == {5}
    assert not table[["difference", "low", "high"]].to_numpy().any()


def test_runs_with_the_same_seed_are_paired_over_the_replicates_that_both_have(made):
    toy, stronger = made["toy"], made["stronger"]
    compared = package.compare(toy, stronger)
    assert set(compared.table.how) == {"paired"} and set(compared.table.n) == {4}
    row = next(r for r in compared.rows if (r.endpoint, r.arm) == ("tumor_burden", "drug"))
    plain = compare("tumor_burden", "drug", "drug", stronger.endpoint("tumor_burden", "drug"),
                    toy.endpoint("tumor_burden", "drug")[:4])  # fmt: skip
    assert (row.difference, row.low, row.high, row.p) == (plain.difference, plain.low, plain.high, plain.p)
    assert {r.difference for r in compared.rows if r.arm == "untreated"} == {0}, "nothing of it was changed"


@pytest.mark.parametrize(("other", "why"), [("seed", "other seeds"), ("larger", "another size of the tissue")])
def test_runs_that_share_no_chance_are_not_paired_and_it_is_said_why(made, other, why):
    compared = package.compare(made["toy"], made[other])
    assert set(compared.table.how) == {"unpaired"} and set(compared.table.why) == {why}
    row = next(r for r in compared.rows if (r.endpoint, r.arm) == ("tumor_burden", "drug"))
    a, b = (made[name].endpoint("tumor_burden", "drug") for name in (other, "toy"))
    assert (row.difference, row.low, row.high, row.p) == pytest.approx(welch(a, b), rel=1e-12)
    assert (row.n, row.n_first) == (4, 5)


def test_several_runs_are_compared_with_the_first(made):
    compared = package.compare(made["toy"], made["stronger"], made["seed"], endpoints="kills", arm="drug")
    found = [(r.run, r.first, r.how) for r in compared.rows]
    assert found == [("stronger", "toy", "paired"), ("seed", "toy", "unpaired")]


def test_an_arm_of_each_may_be_chosen(made):
    row, = package.compare(made["toy"], made["toy"], arm=["untreated", "drug"], endpoints="tumor_burden").rows
    inside = made["toy"].comparisons[0]
    assert (row.arm, row.first_arm, row.difference, row.low) == ("drug", "untreated", inside.difference, inside.low)


def test_any_recorded_observable_on_any_recorded_day(made):
    row, = package.compare(made["toy"], made["seed"], arm="untreated", endpoints="births", day=2).rows
    assert row.day == 2 and row.mean == made["seed"].at_day("births", "untreated", 2).mean()


def test_stopped_runs_keep_their_kind_of_interval(made, tmp_path):
    toy = read_text(TEXT)
    how = {"workers": 1, "figures": False, "quiet": True, "engine": Toy}
    stopped = package.run(toy, out=tmp_path / "stopped", until="width(tumor_burden) < 30 %", **how)
    compared = package.compare(made["stronger"], stopped, arm="drug", endpoints="tumor_burden")
    row, = compared.rows
    a, b = (r.endpoint("tumor_burden", "drug") for r in (stopped, made["stronger"]))
    assert row.interval == STOPPED and (row.low, row.high) == interval(a[:4] - b[:4], kind=STOPPED)[1:]
    assert any("were added until width(tumor_burden)" in note for note in compared.notes)


# What is told


def test_only_the_keys_that_differ_are_told(made):
    settings = package.compare(made["toy"], made["stronger"], made["seed"]).settings
    assert list(settings.index) == ["replicates", "seed", "arms.drug.therapies[0].dose"]
    assert list(settings.loc["seed"]) == ["7", "7", "8"]
    assert list(settings.loc["arms.drug.therapies[0].dose"]) == ["10 mg/kg", "20 mg/kg", "10 mg/kg"]
    assert package.compare(made["toy"], made["toy"]).settings.empty


def test_runs_that_end_on_other_days_are_not_guessed_at(made):
    with pytest.raises(InputError, match=r"toy on day 4, short on day 3.5\); --day 3.5"):
        package.compare(made["toy"], made["short"])
    assert package.compare(made["toy"], made["short"], day=3.5).rows[0].day == 3.5
    with pytest.raises(InputError, match=r"no row at day 3\.9"):
        package.compare(made["toy"], made["short"], day=3.9)


def test_what_one_run_does_not_have_is_told_in_its_row(made, tmp_path):
    other = run(read_text(ONE_ARM), tmp_path / "other", replicates=2)
    compared = package.compare(made["toy"], other, made["stronger"])
    rows = {(r.run, r.arm): r for r in compared.rows if r.endpoint == "kills"}
    assert (rows["other", "drug"].how, rows["other", "drug"].why) == ("not compared", "other has no such arm")
    assert rows["stronger", "drug"].how == "paired" and math.isnan(rows["other", "drug"].difference)
    assert any("In other alone: other" in note for note in compared.notes)
    missing = package.compare(made["toy"], made["seed"], endpoints=["tumor_burden", "anti_vegf_plasma"], arm="drug")
    assert [r.how for r in missing.rows] == ["unpaired", "not compared"]


def test_other_versions_and_catalogues_are_told(made, tmp_path):
    folder = shutil.copytree(made["stronger"].path, tmp_path / "old")
    old = package.Result(folder)
    old.__dict__["provenance"] = old.provenance | {"versions": old.provenance["versions"] | {"numpy": "1.0"}}
    text = (folder / "scenario.yaml").read_text()
    (folder / "scenario.yaml").write_text(text.replace("catalogue: ", "catalogue: dead"))
    notes = package.compare(made["toy"], old).notes
    assert any("numpy" in note and "old 1.0" in note for note in notes)
    assert any("different catalogues" in note and "old dead" in note for note in notes)


def test_runs_of_equal_names_are_told_apart(made, tmp_path):
    copy = shutil.copytree(made["toy"].path, tmp_path / "toy")
    names = [side.name for side in sides_of([made["toy"], package.Result(copy)])]
    assert names == [str(made["toy"].path), str(copy)]


@pytest.mark.parametrize(
    ("names", "options", "right"),
    [
        (["toy"], {}, "two runs or more"), (["toy", "seed"], {"arm": ["drug", "drugs"]}, "Did you mean 'drug'"),
        (["toy", "seed"], {"arm": ["drug"] * 3}, "one for each of the 2"),
        (["toy", "seed"], {"endpoints": "tumour_burden"}, "Did you mean 'tumor_burden'"),
    ],
)  # fmt: skip
def test_what_cannot_be_compared_is_refused_with_what_would_be_right(made, names, options, right):
    with pytest.raises(InputError, match=right):
        package.compare(*(made[name] for name in names), **options)


def test_runs_without_an_arm_in_common_are_refused(made, tmp_path):
    text = TEXT.partition("arms:")[0] + "arms:\n  alone: {}\nendpoints: [kills]\n"
    other = run(read_text(text), tmp_path / "other", replicates=2)
    with pytest.raises(InputError, match=r"no arm of the first run is in another .*other has alone"):
        package.compare(made["toy"], other)
    assert package.compare(made["toy"], other, arm=["untreated", "alone"]).rows


# The command line and the picture


def test_the_picture_shows_each_run_in_its_color(made):
    drawing = package.compare(made["toy"], made["stronger"], made["seed"]).plot()
    texts = [text.get_text() for text in drawing.figure.texts]
    assert "Runs side by side: toy, stronger, seed" in texts and "4 pairs" in texts and "unpaired: other seeds" in texts
    assert "tumor_burden drug in stronger: -1.25 (paired)" in drawing.alt
    assert len(drawing.axes) == 2 * (1 + 3), "means, and curves of three arms, for each endpoint"


def test_the_command_line_prints_what_differs(made, tmp_path):
    folders = [made[name].path for name in ("toy", "stronger", "seed")]
    alone = tmesim("compare", folders[0])
    assert alone.returncode == 2 and alone.stdout == "" and "two runs or more" in alone.stderr
    done = tmesim("compare", *folders, "--figure", tmp_path / "c.svg")
    assert done.returncode == 0, done.stderr
    assert "arms.drug.therapies[0].dose" in done.stdout and "unpaired (other seeds), 4 and 5" in done.stdout
    assert "4 pairs" in done.stdout and (tmp_path / "c.svg").read_text().startswith("<?xml")


def test_the_table_is_written_as_data(made, tmp_path, capsys):
    folders = [made[name].path for name in ("toy", "stronger")]
    print_comparison(folders, None, None, None, None, True, None)
    told = json.loads(capsys.readouterr().out)
    assert [each["name"] for each in told["runs"]] == ["toy", "stronger"] and len(told["rows"]) == 8
    assert {"key": "replicates", "toy": "5", "stronger": "4"} in told["settings"]
    print_comparison(folders, "drug", "kills", 3.0, tmp_path / "c.csv", False, None)
    (row,) = csv.DictReader(open(tmp_path / "c.csv", encoding="utf-8"))
    assert tuple(row) == COLUMNS and (row["day"], row["how"]) == ("3", "paired")


def test_all_folders_that_are_no_runs_are_told_and_nothing_is_written(made, tmp_path):
    folders = [made["toy"].path, tmp_path / "nowhere", tmp_path]
    with pytest.raises(InputError, match="nowhere") as wrong:
        print_comparison(folders, None, None, None, tmp_path / "c.csv", False, None)
    assert len(wrong.value.problems) == 2 and list(tmp_path.iterdir()) == []
    with pytest.raises(InputError, match=r"\.png, \.pdf, \.svg"):
        print_comparison([tmp_path], None, None, None, None, False, tmp_path / "c.gif")
