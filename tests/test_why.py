"""Why arms differ: terms that add up exactly, sentences that say no more than is sure, groups that are switched off."""

import json
import shutil
from types import SimpleNamespace

import numpy as np
import pandas
import pytest
from mutations import command
from toys import contents

import tmesim
from tmesim.ablation import WITHOUT, Ablation
from tmesim.catalogue import load_catalogue
from tmesim.catalogue.mechanisms import OWN, grouped, mechanism_of, mechanisms
from tmesim.drawing.ablation import draw_ablation
from tmesim.drawing.panels import draw_panels
from tmesim.drawing.why import between_arms, draw_why, within_arm
from tmesim.notices import untargeted
from tmesim.observables import observables_of
from tmesim.reading import InputError
from tmesim.report import page
from tmesim.scenario import read_text
from tmesim.statistics import FIXED, STOPPED, interval
from tmesim.storage import write
from tmesim.storage.checksums import CAUSES, MARKER, read_sealed, sealed
from tmesim.trial.ablating import acting, plan
from tmesim.why import GAIN, LOSS, NOW, Why

CATALOGUE = load_catalogue()
TEXT = """
version: 3
name: rays
question: What do rays do?
host: mouse
tissue: {size: [360 µm, 360 µm]}
start:
  tumor: {radius: 90 µm, fill: 0.9}
  densities: {ctl: 150 /mm², treg: 80 /mm², m1: 40 /mm², fibroblast: 200 /mm²}
  capillaries: 120 /mm²
  ecm: 0.2
time: {days: 10, record_every: 12 h, snapshots: [2 d]}
replicates: 3
arms:
  untreated: {}
  rays: {therapies: [{use: radiation, start: 12 h, dose: 6 Gy, times: 1}]}
  sham: {therapies: [{use: anti_cd25, start: 12 h, dose: 0 mg/kg, times: 1}]}
  late: {therapies: [{use: radiation, start: 9 d, times: 1}]}
reference: untreated
endpoints: [tumor_burden, n_ctl]
"""
SCENARIO = read_text(TEXT).with_options(days=2)  # so that one arm is never treated
GROUPS = ["pd_l1", "radiation", "stemness"]


def read(text, days=2):
    return read_text(text).with_options(days=days)


def ablating(run):
    return tmesim.ablate(run, groups=GROUPS, arms="rays", replicates=3, workers=1, quiet=True)


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    out = tmp_path_factory.mktemp("why") / "rays"
    return tmesim.run(SCENARIO, out=out, workers=1, figures=False, quiet=True)


@pytest.fixture(scope="module")
def ablated(run):
    return ablating(run)


# Tables


def test_the_terms_of_each_cell_type_add_up_to_its_difference_in_each_replicate(run):
    why = Why(run)
    for arm in run.arms[1:]:
        for since in (0.0, why.begins(arm)):
            for cell in why._counts.cells:
                *terms, now = why.terms(arm, cell, since)
                assert now.way == NOW
                moved = sum((t.effects for t in terms if t.way in (GAIN, LOSS)), np.zeros(run.replicates))
                assert moved == pytest.approx(now.effects, rel=0, abs=1e-9)


def test_the_cells_of_the_ledger_are_those_of_the_tables(run):
    why = Why(run)
    for arm in run.arms:
        for cell in ("tumor", "ctl", "treg", "m1"):
            days, values = run.series(f"n_{cell}", arm)
            for day in (0.0, 1.0, 2.0):
                assert why._counts.now(arm, cell, day).tolist() == values[:, np.flatnonzero(days == day)[0]].tolist()


def test_the_table_holds_paired_differences_with_their_intervals(run):
    table = run.why().table
    causes = run.causes
    mine = {
        arm: causes.query(f"arm == '{arm}' and cell == 'tumor' and cause == 'division' and way == 'gain'")
        .groupby(["replicate", "day"])["count"].sum().unstack() for arm in ("untreated", "rays")
    }  # fmt: skip
    since = {arm: rows[2.0] - rows[0.5] for arm, rows in mine.items()}
    row = table.query("arm == 'rays' and cell == 'tumor' and since == 0.5 and cause == 'division' and way == 'gain'")
    row = row[row.zone == "everywhere"].iloc[0]
    expected = interval((since["rays"] - since["untreated"]).to_numpy(float))
    assert (row.difference, row.difference_low, row.difference_high) == pytest.approx(expected)
    assert row["mean"] == pytest.approx(since["rays"].mean())


def test_zones_of_a_cause_add_up_to_all_of_it(run):
    table = run.why().table
    whole = table[(table.zone == "everywhere") & (table.way != "now")]
    parts = table[(table.zone != "everywhere")].groupby(["arm", "since", "cell", "way", "cause"])["mean"].sum()
    keys = whole.set_index(["arm", "since", "cell", "way", "cause"])["mean"]
    assert parts.reindex(keys.index).to_numpy() == pytest.approx(keys.to_numpy())


def test_a_run_is_the_same_with_other_workers_and_with_replicates_that_come_later(run, tmp_path):
    two = tmesim.run(SCENARIO, out=tmp_path / "two", replicates=2, workers=1, figures=False, quiet=True)
    assert len(two.causes) < len(run.causes)
    three = tmesim.run(SCENARIO, out=tmp_path / "two", replicates=3, workers=1, figures=False, quiet=True)
    assert contents(three.path) == contents(run.path)


def test_a_run_of_before_says_that_it_must_be_run_again(run, tmp_path):
    old = tmp_path / "old"
    shutil.copytree(run.path, old)
    (old / CAUSES).unlink()
    facts = read_sealed(old / MARKER)
    del facts["sha256"][CAUSES]
    write(old / MARKER, sealed(facts))
    result = tmesim.Result(old)
    with pytest.raises(InputError, match=r"causes\.csv: is missing: this run is of an earlier version.*run the"):
        result.why()
    assert "Why the tumors differ" not in page(result)
    with pytest.raises(InputError, match="why cannot be drawn: this run is of an earlier version"):
        from tmesim.cli.rendering import checked

        checked(result, ["png"], ["why"])


# Sentences


def fake(values, replicates=4, arms=("plain", "drug"), start=100.0):
    """A run of two arms with counts by hand. values : arm → (way, cause) → one a replicate"""
    rows = []
    for arm in arms:
        for replicate in range(replicates):
            for day in (0.0, 1.0, 2.0):
                rows.append((arm, replicate, day, "tumor", "gain", "start", "rim", start))
                for (way, cause), counts in values[arm].items():
                    rows.append((arm, replicate, day, "tumor", way, cause, "rim", counts[replicate] * (day == 2.0)))
    names = ("arm", "replicate", "day", "cell", "way", "cause", "zone", "count")
    columns = {name: np.array(column) for name, column in zip(names, zip(*rows, strict=True), strict=True)}
    text = TEXT[: TEXT.index("arms:")].replace("days: 10", "days: 2")
    text += "arms: {plain: {}, drug: {therapies: [{use: anti_cd25, start: 1 d}]}}\nreference: plain\n"
    scenario = read_text(f"{text}endpoints: [tumor_burden]\n")
    scenario = scenario.with_options(arms=list(arms)) if len(arms) < 2 else scenario
    return SimpleNamespace(arms=arms, reference="plain", scenario=scenario, replicates=replicates,
                           columns=lambda name: columns, intervals=FIXED)  # fmt: skip


BIRTHS, DEATHS, KILLS = (GAIN, "division"), (LOSS, "apoptosis"), (LOSS, "killed_by.ctl")


def test_a_cause_that_one_interval_of_many_calls_different_by_chance_is_not_named():
    """Beside nine causes of which nothing is sure; alone it would be."""
    kills = [(LOSS, f"killed_by.{who}") for who in ("m1", "m2", "nk", "th1", "treg", "monocyte", "caf", "dendritic")]
    plain = {BIRTHS: [50, 50, 50, 50], KILLS: [5, 5, 5, 5]} | {kill: [5, 5, 5, 5] for kill in kills}
    drug = {BIRTHS: [50, 51, 49, 50], KILLS: [6, 8, 6, 7]} | {kill: [5, 6, 4, 5] for kill in kills}
    several = Why(fake({"plain": plain, "drug": drug}))
    (term,) = (term for term in several.terms("drug") if term.cause == "killed_by.ctl")
    assert term.sure and "no cause is surely different" in several.sentence("drug")
    alone = Why(fake({arm: {key: all_[key] for key in (BIRTHS, KILLS)} for arm, all_ in
                      (("plain", plain), ("drug", drug))}))  # fmt: skip
    assert "killed by cytotoxic T cells" in alone.sentence("drug")


def test_of_a_run_that_was_stopped_when_it_was_narrow_causes_have_intervals_that_hold_for_it():
    result = fake({"plain": {KILLS: [5, 5, 5, 5]}, "drug": {KILLS: [6, 8, 6, 7]}})
    wide = SimpleNamespace(**{**vars(result), "intervals": STOPPED})
    (usual, *_), (stopped, *_) = (Why(each).terms("drug") for each in (result, wide))
    assert stopped.effect[0] == usual.effect[0]
    assert stopped.effect[1] < usual.effect[1] < usual.effect[2] < stopped.effect[2]


def test_the_sentence_names_the_cause_that_carries_the_difference():
    why = Why(fake({"plain": {BIRTHS: [50, 52, 51, 53], DEATHS: [20, 22, 21, 20], KILLS: [5, 6, 4, 5]},
                    "drug": {BIRTHS: [50, 51, 52, 53], DEATHS: [20, 21, 22, 20], KILLS: [95, 98, 94, 97]}}))
    text = why.sentence("drug")
    assert text.startswith("With drug tumors shrank from 100 to 34.8 cells since day 1; on day 2 they hold 91 fewer")
    assert "because 91 more were killed by cytotoxic T cells (−92.8 to −89.2 cells)" in text
    assert "births" not in text and "apoptosis" not in text


def test_the_sentence_names_what_works_against_the_difference():
    why = Why(fake({"plain": {BIRTHS: [50, 52, 51, 53], DEATHS: [60, 62, 61, 60]},
                    "drug": {BIRTHS: [10, 11, 12, 13], DEATHS: [50, 51, 52, 50]}}))  # fmt: skip
    text = why.sentence("drug")
    assert "because there were 40 fewer births" in text and "; against that, 10 fewer were lost by apoptosis" in text


def test_the_sentence_is_honest_where_no_cause_is_sure():
    why = Why(fake({"plain": {BIRTHS: [50, 10, 90, 30]}, "drug": {BIRTHS: [10, 90, 30, 50]}}))
    assert "do not surely differ" in why.sentence("drug") and "no cause is surely different" in why.sentence("drug")


def test_the_sentence_says_that_causes_balance():
    why = Why(fake({"plain": {BIRTHS: [50, 52, 51, 53], DEATHS: [20, 22, 21, 23]},
                    "drug": {BIRTHS: [80, 82, 81, 84], DEATHS: [50, 51, 52, 53]}}))  # fmt: skip
    text = why.sentence("drug")
    assert "do not surely differ" in text and "30.2 more births" in text and "30 more were lost by apoptosis" in text


def test_the_sentence_says_when_nothing_differs_and_when_nothing_was_given(run):
    assert run.why().sentence("sham") == "Sham and untreated do not differ in any birth or loss of tumor cells."
    assert "given nothing before the end of the run" in run.why().sentence("late")


def test_one_replicate_tells_no_effect_from_chance():
    why = Why(fake({"plain": {BIRTHS: [50]}, "drug": {BIRTHS: [10]}}, replicates=1))
    assert why.sentence("drug").endswith("One replicate cannot tell this from chance.")


def test_one_arm_alone_tells_what_became_of_its_cells():
    why = Why(fake({"plain": {BIRTHS: [50] * 4, DEATHS: [20] * 4, KILLS: [5] * 4}}, arms=("plain",)))
    (text,) = why.sentences
    assert text == ("On average 150 tumor cells were there at the start or came since, and 125 are left on day 2; lost "
                    "were 20 lost by apoptosis and 5 killed by cytotoxic T cells.")  # fmt: skip
    assert [step.end for step in within_arm(why, "plain")] == [100, 150, 130, 125, 125]


def test_radiation_kills_by_radiation(run):
    text = run.why().sentence("rays")
    assert "shrank" in text and "killed by radiation" in text


def test_a_drug_whose_target_cells_are_absent_is_told(run):
    """Of a toxin that takes regulatory T cells alone: where there is none, and not where some are."""
    drug = "treg_ablation"
    therapy = CATALOGUE.therapies[drug]
    targets = {c for e in (*therapy.effects, *therapy.kills) for c in e.cells}
    assert targets == {"treg"}
    text = TEXT.replace("{use: anti_cd25, start: 12 h, dose: 0 mg/kg, times: 1}", f"{{use: {drug}, start: 12 h}}")
    days, seen = np.array([0.0, 1.0, 2.0]), {}

    def series(name, arm):
        return days, np.array([[5.0, seen.get(name, 0.0), seen.get(name, 0.0)]])

    result = SimpleNamespace(scenario=read(text), series=series, observables=["n_treg", "tumor_burden"])
    (told,) = untargeted(result)
    assert told.startswith("Sham: Treg ablation acts on regulatory T cells, of which the tissue holds none")
    seen["n_treg"] = 3.0
    assert untargeted(result) == []


# Figures and pages


def test_the_waterfall_goes_from_one_arm_to_the_other(run):
    why = run.why()
    first, *steps, last = between_arms(why, "rays")
    ends = [first.end, *(step.end for step in steps)]
    assert [step.begin for step in steps] == pytest.approx(ends[:-1])
    assert ends[-1] == pytest.approx(last.end) == pytest.approx(why._counts.now("rays", "tumor").mean())
    assert first.end == pytest.approx(why._counts.now("untreated", "tumor").mean())


def test_the_figure_is_a_panel_and_the_report_has_a_section(run, tmp_path):
    drawing = run.plot.why()
    assert all(text in drawing.alt for text in run.why().sentences)
    (file,) = draw_panels(run, tmp_path, ["why"])
    assert file.name == "why.png" and file.read_bytes() == draw_why(run).data()
    text = page(run)
    assert 'id="why"' in text and "killed by radiation" in text and "not of what made it happen" in text


def test_a_notebook_shows_it(run, ablated):
    html = run.why()._repr_html_()
    assert "data:image/png" in html and "killed by radiation" in html
    assert "data:image/png" in ablated._repr_html_() and "radiation" in repr(ablated)


# The command


def test_the_command_prints_sentences_terms_and_limits(run):
    code, out, _ = command("why", run.path)
    assert code == 0
    for text in (*run.why().sentences, "killed by radiation *", "caution: Late", "not of what made it happen"):
        assert text in out
    told = json.loads(command("why", run.path, "--json")[1])
    assert told["sentences"] == list(run.why().sentences) and len(told["causes"]) == len(run.why().table)


def test_the_command_writes_the_table(run, tmp_path):
    command("why", run.path, "--csv", tmp_path / "t.csv")
    found = pandas.read_csv(tmp_path / "t.csv")
    pandas.testing.assert_frame_equal(found, run.why().table, check_dtype=False)


@pytest.mark.parametrize(("options", "told"), [
    (["--groups", "pd_l1"], "--groups: goes with --ablate"),
    (["--ablate", "--groups", "pd_l2"], "unknown group 'pd_l2'. Did you mean 'pd_l1'?"),
    (["--ablate", "--groups", "bone"], "no rule of the group 'bone' can act in this scenario"),
    (["--ablate", "--arms", "untreated"], "'untreated' is the reference"),
    (["--ablate", "--arms", "ray"], "unknown arm 'ray'. Did you mean 'rays'?"),
])  # fmt: skip
def test_wrong_options_are_told(run, options, told):
    code, _, err = command("why", run.path, *options)
    assert code == 2 and told in err
    assert not run.path.with_name("other_ablated").exists()


# Mechanisms


def test_every_rule_is_in_exactly_one_group_and_no_packaged_one_in_that_of_own_rules():
    groups = grouped(CATALOGUE.all_rules)
    members = [name for some in groups.values() for name in some]
    assert sorted(members) == sorted(CATALOGUE.all_rules)
    assert OWN not in groups and [*groups, OWN] == list(mechanisms())
    assert 25 <= len(groups) <= 45 and all(each.label for each in mechanisms().values())
    assert len({each.label for each in mechanisms().values()}) == len(mechanisms())


def test_only_groups_that_can_act_are_switched_off():
    scenario = SCENARIO
    there = acting(scenario, ["untreated", "rays"])
    assert {"radiation", "pd_l1", "treg_suppression", "necrosis"} <= there.keys()
    assert not {"chemotherapy", "bone", "brain", "niche", "fat", "resident_cells"} & there.keys()
    assert "radiation" not in acting(scenario, ["untreated", "sham"])
    assert mechanism_of(CATALOGUE.all_rules["pdl1_inactivates_ctl"]) == "pd_l1"


def test_a_group_is_off_in_both_arms_from_the_first_dose_on():
    planned = plan(SCENARIO, ["necrosis"], ["rays"], replicates=2)
    assert planned.from_h == 12
    without = {name: planned.scenario.arms[f"{name}{WITHOUT}necrosis"] for name in ("untreated", "rays")}
    assert all(arm.from_h == 12 and set(arm.off) == set(planned.groups["necrosis"]) for arm in without.values())
    assert without["rays"].therapies == planned.scenario.arms["rays"].therapies
    assert planned.scenario.replicates == 2


def test_an_arm_that_changes_numbers_at_another_time_is_refused():
    text = TEXT.replace("late: {therapies: [{use: radiation, start: 9 d, times: 1}]}",
                        "late: {off: [anoxia_kills], from: 1 d}")  # fmt: skip
    with pytest.raises(InputError, match="'late' changes numbers or rules from hour 24 on, but the arms part"):
        plan(read_text(text))


# Ablation


def test_the_group_through_which_a_treatment_acts_is_found_first(ablated):
    """Radiation dooms cells and does nothing else; that doomed cells die and stop dividing are rules of one group."""
    first, *rest = ablated.ranked()
    assert first.group == "radiation" and first.sure
    assert first.effect_without.tolist() == [0.0] * 3, "without it, radiation does nothing to the number of cells"
    assert first.spread[0] == pytest.approx(first.effect.mean())
    assert {each.group for each in rest} == {"pd_l1", "stemness"}
    assert ablated.sentences[0].startswith("Rays changes the number of tumor cells by −")


def test_a_group_that_does_nothing_contributes_exactly_nothing(run):
    """Without T cells nobody heeds PD-L1."""
    text = TEXT.replace("ctl: 150 /mm², treg: 80 /mm², ", "ctl: 0 /mm², ").replace(", late: {}", "")
    scenario = read(text, days=1).with_options(set={"cells.endothelial.behaviors.admit.ctl": "0 1/h"})
    result = tmesim.run(scenario, out=tmesim.TEMPORARY, arms=["untreated", "rays"], replicates=2, workers=1,
                        figures=False, quiet=True)  # fmt: skip
    found = tmesim.ablate(result, groups="pd_l1", workers=1, replicates=2, quiet=True, figures=False)
    (each,) = found.ranked()
    assert each.spread == (0.0, 0.0, 0.0) and not each.reference_change.any() and not each.sure


def test_an_ablation_is_read_again_and_taken_up(run, ablated):
    assert ablated.result.path == run.path.with_name("rays_ablated")
    again, found = ablating(run), Ablation(tmesim.Result(ablated.result.path))
    assert again.table.equals(ablated.table) and found.table.equals(ablated.table)
    assert (ablated.result.path / "figures" / "ablation.png").read_bytes() == draw_ablation(ablated).data()
    with pytest.raises(InputError, match="is no run in which groups of rules were switched off"):
        Ablation(run)


def test_the_arms_of_an_ablation_that_have_all_groups_are_those_of_the_run(run, ablated):
    known = observables_of(run.scenario.catalogue, (), ())
    assert {"tumor_burden", "n_ctl"} <= known.keys()
    for arm in ("untreated", "rays"):
        for endpoint in ablated.endpoints:
            assert ablated.result.endpoint(endpoint, arm).tolist() == run.endpoint(endpoint, arm).tolist()


def test_contributions_are_differences_of_paired_differences(ablated):
    at, group = ablated.result.endpoint, "stemness"
    y = {arm: at("n_ctl", arm) for arm in ablated.result.arms}
    by_hand = (y["rays"] - y["untreated"]) - (y[f"rays{WITHOUT}{group}"] - y[f"untreated{WITHOUT}{group}"])
    row = ablated.table.query("endpoint == 'n_ctl' and group == 'stemness'").iloc[0]
    assert (row.contribution, row.low, row.high) == pytest.approx(interval(by_hand))
