"""What sweeps say: tables and figures over made-up values, of which the answer is known, and the card of a notebook."""

import numpy as np
import pytest

from tmesim.catalogue import load_catalogue
from tmesim.drawing.scales import Scale
from tmesim.observables import observables_of
from tmesim.scenario import load
from tmesim.storage.tables import read_columns
from tmesim.sweeps.analysis import asked, findings, interaction_rows, sensitivity_rows, treated_by_both
from tmesim.sweeps.card import sweep_card
from tmesim.sweeps.jobs import Done, Job
from tmesim.sweeps.plan import listed, plan
from tmesim.sweeps.plots import SweepPlots, figures, suiting
from tmesim.sweeps.running import tables_of
from tmesim.sweeps.tables import Values

LUCK = np.array([0.8, 1.0, 1.3])
TWO = {
    "version": 3, "name": "two_drugs", "question": "Together?", "extends": "untreated", "replicates": 3,
    "arms": {"untreated": {}, "both": {"therapies": ["anti_cd25", {"use": "anti_vegf", "dose": "5 mg/kg"}]}},
    "endpoints": ["tumor_burden", "n_ctl"],
}  # fmt: skip
DOSES = {"dose.anti_cd25": "0, 1, 2, 5, 10 mg/kg", "dose.anti_vegf": "0, 2, 4, 8 mg/kg"}


@pytest.fixture(scope="module")
def scenario():
    return load(TWO, observables=observables_of)


@pytest.fixture(scope="module")
def alone(scenario):
    return load(scenario, arms=["untreated"])


def values(made, answer):
    """answer : (plan, point, arm, endpoint) → a number, which each replicate has times its luck."""
    arms, ends = made.scenario.arms, made.scenario.endpoints
    tables = [
        {arm: np.array([[21.0, *(answer(made, p, arm, e) * luck for e in range(len(ends)))]]) for arm in arms}
        for p in range(len(made.points)) for luck in LUCK
    ]  # fmt: skip
    return Values.of(made, [Done(Job(i // 3, i % 3), table, 1.0) for i, table in enumerate(tables)])


def independent(made, point, arm, endpoint):
    a, b = made.numbers[point]
    return 1000 * (1 - 0.6 * a / (3 + a)) * (1 - 0.5 * b / (4 + b)) if arm == "both" else 1000


# Tables


def test_a_change_of_one_key_is_that_over_all_the_others_have(alone):
    made = plan(alone, {"start.ecm": "0.1, 0.2, 0.4", "rules.anoxia_kills": "on, off"})
    found = findings(made, values(made, lambda p, i, *_: 100 * p.numbers[i, 0] + 7 * p.coordinates()[i, 1])
                     .of_endpoint("tumor_burden", "untreated"))  # fmt: skip
    assert [(f.key, f.value) for f in found] == [
        ("start.ecm", "0.2"), ("start.ecm", "0.4"), ("rules.anoxia_kills", "off")]  # fmt: skip
    assert [f.estimate for f in found] == pytest.approx([10 * LUCK.mean(), 30 * LUCK.mean(), 7 * LUCK.mean()])
    assert all(f.low < f.estimate < f.high for f in found)


def test_one_at_a_time_is_held_against_the_scenario_as_it_is(alone):
    made = plan(alone, {"start.ecm": "0.1..0.4", "start.densities.ctl": "x0.5, x3"}, "each")
    as_it_is = {0: 0.2, 1: 1.0}

    def answer(p, i, *_):
        x = [as_it_is[k] if np.isnan(n) else n for k, n in enumerate(p.numbers[i])]
        return 100 * x[0] + 10 * x[1]

    found = findings(made, values(made, answer).of_endpoint("tumor_burden", "untreated"))
    assert [f.estimate / LUCK.mean() for f in found] == pytest.approx([-10, 20, -5, 20])


@pytest.mark.parametrize(("design", "n", "measure"), [("morris", 4, "mu_star"), ("sobol", 32, "total"),
                                                      ("lhs", 40, "rank_correlation")])  # fmt: skip
def test_designs_tell_what_they_are_for(scenario, design, n, measure):
    """Of a treated arm both the endpoint and its difference, which here hang on other keys."""
    made = plan(scenario, {"start.ecm": "0.1..0.4", "dose.anti_cd25": "x0.1..x10"}, design, n)

    def answer(p, i, arm, endpoint):
        x = p.coordinates()[i]
        return 100 + 10 * x[0] - (2 * x[1] if arm == "both" else 0)

    rows = [r for r in sensitivity_rows(values(made, answer)) if r[0] == "n_ctl" and r[1] == "both" and r[5] == measure]
    by = {(against, key): estimate for _, _, against, key, _, _, estimate, _, _ in rows}
    assert len(by) == 4
    factor = 1.1 if design == "lhs" else 2  # ranks see a small effect beside a large one as well
    assert by["", "start.ecm"] > factor * abs(by["", "dose.anti_cd25"])
    assert abs(by["untreated", "dose.anti_cd25"]) > 2 * abs(by["untreated", "start.ecm"])
    if design == "morris":
        assert by["", "start.ecm"] == pytest.approx(10 * LUCK.mean(), rel=1e-4)
        assert by["untreated", "dose.anti_cd25"] == pytest.approx(2 * LUCK.mean(), rel=1e-4)


def test_two_doses_of_independent_drugs_have_no_excess(scenario):
    made = plan(scenario, DOSES)
    rows = list(interaction_rows(values(made, independent)))
    assert treated_by_both(made) == ["both"] and len(rows) == 2 * 2 * 4 * 3
    bliss = [row for row in rows if row[4] == "bliss_excess"]
    assert max(abs(row[5]) for row in bliss) < 1e-12 and {row[0] for row in bliss} == {1, 2, 5, 10}
    index = {(a, b): value for a, b, e, _, name, value, *_ in rows if name == "loewe_index" and e == "n_ctl"}
    assert index[1, 2] > 0 and np.isfinite(index[1, 2])
    never_alone = plan(scenario, DOSES | {"dose.anti_vegf": "1, 2 mg/kg"})
    assert treated_by_both(never_alone) == []
    assert treated_by_both(plan(scenario, {"dose.anti_cd25": "0, 1 mg/kg", "start.ecm": "0, 0.2"})) == []


def test_tables_that_have_nothing_to_say_are_left_out(scenario, alone):
    assert {"sensitivity.csv", "interaction.csv"} <= tables_of(values(plan(scenario, DOSES), independent)).keys()
    few = tables_of(values(listed(alone, [{"start.ecm": 0.1}, {}]), lambda *_: 1))
    assert list(few) == ["points.csv", "sweep.csv", "summary.csv"]
    text = read_columns(few["points.csv"], set(), "points.csv")
    assert text["start.ecm"][0] == 0.1 and np.isnan(text["start.ecm"][1])


def test_with_treated_arms_their_effect_is_asked_for_and_else_the_endpoint(scenario, alone):
    assert asked(plan(scenario, {"start.ecm": [0.1]})) == [("both", True)]
    assert asked(plan(alone, {"start.ecm": [0.1]})) == [("untreated", False)]


# Figures


def test_each_plan_has_the_figures_that_suit_it(scenario, alone):
    one, many = {"start.ecm": "0.1..0.3"}, {"start.ecm": "0.1..0.3", "rules.anoxia_kills": "on,off"}
    assert suiting(plan(scenario, one)) == ("response",)
    assert suiting(plan(scenario, DOSES)) == ("heat_map", "interaction", "tornado")
    assert suiting(plan(alone, many)) == ("heat_map", "tornado")
    assert [suiting(plan(alone, many, d, 4)) for d in ("each", "lhs", "morris")] == [("tornado",)] * 3
    with pytest.raises(ValueError, match=r"heat_map does not suit a sweep of 1 keys .* there is response\(\)"):
        SweepPlots(values(plan(scenario, one), lambda *_: 1)).heat_map()
    with pytest.raises(KeyError, match="no_such"):
        SweepPlots(values(plan(scenario, one), lambda *_: 1)).response("no_such")


def test_doses_over_decades_stand_on_a_logarithmic_axis_with_0_apart():
    scale = Scale.of([0, 0.1, 1, 10, 100])
    assert scale.logarithmic and np.allclose(np.diff(scale.places), [1.6, 1, 1, 1])
    assert not Scale.of([0, 1, 2, 5]).logarithmic and Scale.of([0.5, 1, 2], logarithmic=True).logarithmic
    assert not Scale.of([-10, 1, 100]).logarithmic and not Scale.of([0, 1], logarithmic=True).logarithmic


def test_a_response_shows_means_at_their_doses_and_paired_differences(scenario):
    made = plan(scenario, {"dose.anti_cd25": "10, 0, 0.1, 1 mg/kg"})
    made = values(made, lambda p, i, arm, e: 100 - (p.numbers[i, 0] if arm == "both" else 0))
    drawing = SweepPlots(made).response("n_ctl")
    left, right = drawing.axes
    assert left.get_xlabel() == "dose of anti-CD25 (mg/kg, logarithmic scale)"
    assert [text.get_text() for text in right.get_xticklabels()] == ["0", "0.1", "1", "10"]
    curve = max(right.lines, key=lambda found: len(found.get_xdata()) if found.get_linewidth() == 1.6 else 0)
    assert curve.get_ydata() == pytest.approx(-np.array([0, 0.1, 1, 10]) * LUCK.mean())
    assert "untreated 103 to 103" in drawing.alt


def test_a_map_marks_where_the_interval_excludes_0(scenario):
    made = plan(scenario, {"start.ecm": "0.1, 0.3", "dose.anti_cd25": "1, 3 mg/kg"})

    def answer(p, i, arm, e):
        return 100 - (20 if arm == "both" and p.numbers[i].tolist() == [0.3, 3.0] else 0)

    drawing = SweepPlots(values(made, answer)).heat_map("n_ctl")
    texts = [text.get_text() for text in drawing.axes[0].texts]
    assert [text for text in texts if "●" in text] == ["● −20.7"] and texts.count("0") == 3


def test_the_longest_bar_of_a_tornado_is_on_top(alone):
    keys = {f"rules.{rule}": "on,off" for rule in list(alone.catalogue.rules)[:30]}
    made = plan(alone, keys, "each")
    drawing = SweepPlots(values(made, lambda p, i, *_: 100 + i)).tornado("tumor_burden")
    shown = [text.get_text() for text in drawing.figure.texts]
    assert "6 more keys have shorter bars." in shown
    widths = [abs(bar.get_width()) for bar in drawing.axes[0].patches]
    assert widths[0] + widths[1] == pytest.approx((59 + 60) * LUCK.mean()) and len(widths) == 48


def test_figures_are_files_and_a_card_shows_the_first(scenario, tmp_path):
    made = values(plan(scenario, DOSES), independent)
    drawn = figures(made)
    assert set(drawn) == {"heat_map", "interaction"}
    for name, drawing in drawn.items():
        assert drawing.save(tmp_path / f"{name}.png").read_bytes()[:4] == b"\x89PNG"
    html = sweep_card(made, "files in <here>", "was made <long ago>")
    assert "files in &lt;here&gt;" in html and "was made &lt;long ago&gt;" in html and html.count("<img") == 1
    assert "0, 1, 2, 5, 10 mg/kg" in html or "0 mg/kg, 1 mg/kg" in html


# Reading points fast


def test_setting_numbers_changes_them_and_nothing_else():
    """As walking through the whole catalogue does, which is slower."""
    catalogue = load_catalogue()
    paths = ["cells.tumor.behaviors.division", "fields.vegf.decay", "rules.vegf_drives_sprouting.half_max"]
    new = {path: catalogue.number(path).model_copy(update={"note": "new"}) for path in paths}
    fast = catalogue.with_placed(new)
    slow = catalogue.changed(lambda path, number: new.get(".".join(map(str, path)), number))
    assert fast.hash == slow.hash != catalogue.hash
    assert dict(fast.placed_numbers) == dict(slow.placed_numbers)
    assert [path for path, number in fast.numbers() if number is not catalogue.number(path)] == sorted(
        paths, key=list(catalogue.placed_numbers).index
    )
    assert all(getattr(fast, kind) is getattr(catalogue, kind) for kind in ("states", "processes", "therapies"))
