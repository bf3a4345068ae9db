"""Ensembles: on a toy whose effects are known shares come out right; the arms of a merged scenario are those of their
own runs; one that was ended goes on to the same bytes; what is kept is told with its date, and as stale where it is."""

import math
import re
from types import SimpleNamespace

import keep_ensemble
import numpy as np
import pytest
import toys
import yaml
from mutations import command

import tmesim
from tmesim.calibration import members as fitted
from tmesim.calibration.members import Members, members_in
from tmesim.calibration.parameters import factors, parameters
from tmesim.calibration.proof import model as calibrated_with
from tmesim.calibration.result import base_numbers, scaled
from tmesim.calibration.sections import section_of
from tmesim.conclusions import OUTCOMES, conclusions
from tmesim.conclusions import kept as keeping
from tmesim.conclusions.kept import Told, experiment, keep, read_kept
from tmesim.ensemble import shares, study
from tmesim.ensemble.designs import DAYS, designs_of
from tmesim.ensemble.running import Sections, carry_out
from tmesim.ensemble.shares import HOLDS, settle, shares_of
from tmesim.ensemble.study import OWN, Ensemble
from tmesim.fingerprint import fingerprint
from tmesim.observables import observables_of
from tmesim.reading import InputError
from tmesim.report import ensemble, page
from tmesim.scenario import load, read_text, replicate_seed
from tmesim.storage.tables import csv_bytes
from tmesim.sweeps.jobs import Done, Job, Task
from tmesim.trial import Interrupted

KNOWN = conclusions()
LOW, HIGH = KNOWN.bounds
TINY = {"tissue.size": ["240 µm", "240 µm"], "start.tumor.radius": "60 µm", "time.days": 9}
FILES = ("pairs.csv", "conclusions.csv", "ensemble.yaml")


@pytest.fixture(autouse=True)
def few_draws(monkeypatch):
    """Intervals of few draws, where they are not what is looked at."""
    monkeypatch.setattr(shares, "DRAWS", 20)


def counted(values):
    """The shares of the outcomes among some log ratios."""
    return KNOWN.counts(np.asarray(values)) / len(values)


# The list


def test_conclusions_compare_arms_and_endpoints_that_there_are_and_say_no_outcome():
    assert {"treg_depletion", "anti_pd_l1", "anti_vegf", "tgfb_blockade", "combination", "chemotherapy"} == set(
        KNOWN.scenarios
    )
    for each in KNOWN.entries.values():
        scenario = load(each.scenario)
        known = observables_of(scenario.catalogue, (), ())
        assert {each.arm, each.against or scenario.reference} <= set(scenario.arms), each.name
        assert each.endpoint.name in known and each.endpoint.floor > 0
        assert len({each.says(outcome) for outcome in OUTCOMES}) == 3
    for scenario in map(load, KNOWN.scenarios):  # each treated arm against the reference, by the size of its tumor
        told = {each.arm for each in KNOWN.of([scenario.name])
                if each.against is None and each.endpoint.name == scenario.endpoints[0] == "tumor_burden"}  # fmt: skip
        assert told == set(scenario.arms) - {scenario.reference}


def test_an_outcome_is_by_the_ratio_and_few_cells_decide_nothing():
    each = KNOWN.entries["anti_cd25_size"]
    ratios = each.log_ratio(np.array([89.0, 91, 109, 111, 1, 0, np.nan]), np.array([100.0, 100, 100, 100, 4, 0, 5]))
    assert ratios[4] == ratios[5] == 0 and np.isnan(ratios[6])
    assert KNOWN.counts(ratios).tolist() == [1, 4, 1]
    assert [KNOWN.counts(ratios[i : i + 1]).tolist().index(1) for i in range(4)] == [0, 1, 1, 2]


# Shares


def drawn(rng, truth, within, pairs=2):
    return truth[:, None] + rng.normal(0, within, (len(truth), pairs))


def test_moments_by_hand():
    pairs = np.array([[0.0, 2.0], [3.0, 5.0], [8.0, np.nan]])
    means, settled, chance = settle(pairs)
    assert means.tolist() == [1, 4, 8]
    within, spread = (1 + 1 + 1 + 1) / 2, ((1 - 13 / 3) ** 2 + (4 - 13 / 3) ** 2 + (8 - 13 / 3) ** 2) / 2
    between = spread - within * (1 / 2 + 1 / 2 + 1) / 3
    assert chance.mean == pytest.approx(13 / 3) and chance.within == pytest.approx(math.sqrt(within))
    assert chance.between == pytest.approx(math.sqrt(between))
    assert settled == pytest.approx(13 / 3 + math.sqrt(between / spread) * (means - 13 / 3))
    assert settled.var(ddof=1) == pytest.approx(between)


def test_sets_that_do_not_differ_agree_once_chance_is_taken_off():
    """Where pairs alone spread, counting makes sets disagree that do not."""
    rng, found = np.random.default_rng(1), []
    for _ in range(20):
        found.append(shares_of(drawn(rng, np.full(100, -0.25), 0.25), KNOWN))
    assert np.mean([each.counts[0] for each in found]) < 85
    assert np.mean([each.shares[0] for each in found]) > 0.93
    assert all(each.outcome == "less" for each in found) and sum(each.share >= HOLDS for each in found) >= 15
    assert all(each.verdict != "no" for each in found)


@pytest.mark.parametrize("mean, between", [(-0.35, 0.1), (-0.1, 0.3), (0.0, 0.02), (0.12, 0.08)])
def test_shares_are_nearer_to_the_truth_than_counting_is(mean, between):
    rng, away = np.random.default_rng(2), []
    for _ in range(25):
        truth = rng.normal(mean, between, 100)
        found = shares_of(drawn(rng, truth, 0.2), KNOWN)
        true = counted(truth)
        away.append([np.abs(np.array(each) - true).max() for each in (found.shares, np.array(found.counts) / 100)])
    settled, plain = np.mean(away, axis=0)
    assert settled < 0.22 and (settled < plain + 0.02)


def test_the_interval_of_a_share_holds_the_truth_in_most_ensembles(monkeypatch):
    monkeypatch.setattr(shares, "DRAWS", 200)
    rng, held = np.random.default_rng(3), []
    for _ in range(40):
        found = shares_of(drawn(rng, rng.normal(-0.2, 0.15, 100), 0.15), KNOWN)
        true = 0.5 * (1 + math.erf((LOW + 0.2) / (0.15 * math.sqrt(2))))
        held.append(found.low <= true <= found.high)
    assert np.mean(held) >= 0.8


def test_two_kinds_of_sets_are_not_told_as_one():
    """A normal distribution with these moments would say "less" of most of them."""
    truth = np.where(np.arange(100) < 15, -3.0, 0.0)
    found = shares_of(drawn(np.random.default_rng(4), truth, 0.05), KNOWN)
    assert found.counts == (15, 85, 0) and found.outcome == "same" and found.share < HOLDS
    assert found.shares[1] == pytest.approx(0.85)


@pytest.mark.parametrize(("agree", "verdict"), [(100, "yes"), (96, "yes"), (90, "open"), (70, "no")])
def test_a_conclusion_holds_or_hangs_where_the_whole_interval_says_so(agree, verdict):
    """Pairs that hardly spread: of 90 in 100 sets nobody can say that nine in ten agree, nor that they do not."""
    truth = np.where(np.arange(100) < agree, -0.5, 0.0)
    found = shares_of(drawn(np.random.default_rng(6), truth, 0.01), KNOWN)
    assert found.share == pytest.approx(agree / 100) and found.outcome == "less" and found.verdict == verdict


def test_what_is_left_open_says_so_and_in_how_many_sets_it_came_out_each_way():
    each = KNOWN.entries["anti_vegf_size"]
    row = {"holds": "open", "outcome": "same", "sets": 100, "less": 15, "same": 83, "more": 2, "same_share": 0.85}
    assert Told(each, row).sentence == (
        "What an antibody against VEGF does to the size of the tumor is left open: in 15 of 100 parameter sets that "
        "fit untreated tumors it is smaller than with no treatment, in 83 about the same, in 2 larger."
    )


def test_pairs_that_are_not_defined_are_left_out():
    found = shares_of(np.array([[np.nan, np.nan], [-1.0, np.nan], [-1.0, -1.2], [np.nan, 0.0]]), KNOWN)
    assert len(found.means) == 3 and found.counts == (2, 1, 0)
    nothing = shares_of(np.full((3, 2), np.nan), KNOWN)
    assert nothing.outcome == "" and nothing.verdict == "open" and nothing.counts == (0, 0, 0)


# A toy


class Play:
    """Effects that are known: of the antibody against VEGF −0.5, of its low dose by the set, of the others none, with
    luck of a pair. broken : how many jobs are done before it fails"""

    broken = None

    def __init__(self, scenario, settings):
        self.scenario, self.settings = scenario, settings

    def __call__(self, job, stopped=None):
        if type(self).broken is not None:
            type(self).broken -= 1
            if type(self).broken < 0:
                raise RuntimeError("the power is out")
        said = self.settings[job.point].get("cells.tumor.behaviors.division", "x1")
        effects = {"anti_vegf__anti_vegf": -0.5, "anti_vegf__low_dose": math.log(float(said.removeprefix("x")))}
        rng, tables = np.random.default_rng(job.replicate), {}
        for arm in self.scenario.arms:
            value = 1000 * math.exp(effects.get(arm, 0.0) + rng.normal(0, 0.02))
            ends = {"region_fraction": 0.3, "edge_contact": 0.1 * (job.point == 2)}
            row = [ends.get(name, value) for name in self.scenario.endpoints]
            tables[arm] = np.array([[self.scenario.time.days, *row]])
        return Done(job, tables, 0.01)


FACTORS = (0.6, 0.7, 1.0, 1.0, 1.5)


@pytest.fixture
def play(monkeypatch):
    monkeypatch.setattr(Play, "broken", None)
    settings = tuple({"cells.tumor.behaviors.division": f"x{factor:g}"} for factor in FACTORS)
    members = {"mouse": Members("mouse", settings, "2026-01-01", {}, "with another catalogue")}
    return Ensemble(designs_of(["anti_vegf"], KNOWN, 1, TINY), members, KNOWN, 5, 2, Play)


# The sections


def test_scenarios_of_one_tissue_are_one_design_and_what_is_reduced_is_no_biology():
    mouse, human = designs_of(KNOWN.scenarios, KNOWN, 1, {})
    assert (mouse.host, human.host) == ("mouse", "human") and len(mouse.conclusions) > len(human.conclusions) > 1
    for design in (mouse, human):
        for name in dict.fromkeys(each.scenario for each in design.conclusions):
            own = load(name)
            assert design.scenario.catalogue.hash == own.catalogue.hash and design.scenario.overlay == own.overlay
            for arm in own.arms:
                assert design.scenario.arms[f"{name}__{arm}"].content() == own.arms[arm].content()
        assert design.scenario.time.days == DAYS[design.host]
        assert max(h for arm in design.scenario.arms.values() for d in arm.therapies for h in d.hours()[:1]) < (
            24 * (design.scenario.time.days - 7)
        )


def test_what_arms_share_is_simulated_once():
    """All references are one tissue, and treated arms begin where their first dose is due."""
    design = designs_of(["anti_pd_l1", "tgfb_blockade"], KNOWN, 1, {})[0]
    case = tmesim.trial.case.Case(design.scenario, 0, 1)
    assert case.work == 24 * (21 + (21 - 5) * 2 + (21 - 12))
    shared = [segment.arms for segment in case.segments if {"anti_pd_l1__untreated"} & set(segment.arms)]
    assert all("tgfb_blockade__untreated" in arms for arms in shared)


def test_a_pair_of_the_catalogue_is_what_a_run_of_the_scenario_alone_gives():
    """The arms of other scenarios beside them change nothing."""
    name = "tgfb_blockade"
    design = designs_of(["anti_vegf", "tgfb_blockade"], KNOWN, 1, TINY)[0]
    members = {"mouse": Members("mouse", ({"cells.tumor.behaviors.division": "x1.1"},) * 2, "today", {})}
    asked = Ensemble((design,), members, KNOWN, 2, 2)
    done = Sections(asked.points, (Task(design.scenario, asked.settings(design)),))(Job(0, 1))
    own = load(name)
    run = tmesim.run(own, set={**TINY, "time.snapshots": []}, replicates=2, out=tmesim.TEMPORARY, workers=1, quiet=True,
                     figures=False)  # fmt: skip
    for each in (each for each in design.conclusions if each.scenario == name):
        for arm, theirs in zip(design.arms(each), (each.arm, each.against or own.reference), strict=True):
            assert design.value(done, arm, each.endpoint.name) == pytest.approx(
                run.endpoint(each.endpoint.name, theirs)[1], rel=1e-6, nan_ok=True
            )


def test_no_two_sets_share_a_seed_and_the_catalogue_has_those_of_runs(play):
    seeds = {}
    for job in play.jobs():
        point = play.points[job.point]

        def note(inner, stopped, point=point, job=job):
            seeds[point.set, job.replicate] = replicate_seed(1, inner.replicate)

        Sections(play.points, (note,))(job)
    assert len(set(seeds.values())) == len(seeds) == OWN + 5 * 2
    assert [seeds[0, pair] for pair in range(OWN)] == [replicate_seed(1, pair) for pair in range(OWN)]


def test_what_is_asked_wrongly_is_told_at_once():
    with pytest.raises(InputError, match=r"nothing is concluded of 'treg'.*there are treg_depletion"):
        designs_of(["treg"], KNOWN, 1, {})
    with pytest.raises(InputError, match=r"time\.day"):
        designs_of(["anti_vegf"], KNOWN, 1, {"time.day": 3})
    members = {"mouse": Members("mouse", ({}, {"cells.tumor.behaviors.division": "-1 1/h"}), "today", {})}
    asked = Ensemble(designs_of(["anti_vegf"], KNOWN, 1, TINY), members, KNOWN, 2, 2)
    with pytest.raises(InputError, match=r"in 1 parameter set, first 2"):
        asked.check()


# On the disk


def rows(folder):
    return read_kept(folder).told


def test_known_effects_come_out(play, tmp_path):
    found = carry_out(play, tmp_path / "a", 1, quiet=True)
    told = rows(tmp_path / "a")
    strong, low = told["anti_vegf_size"], told["low_anti_vegf_size"]
    assert [strong.count(each) for each in OUTCOMES] == [5, 0, 0]
    assert strong.verdict == "yes" and strong.outcome == "less"
    assert [low.count(each) for each in OUTCOMES] == [2, 2, 1] and low.verdict != "yes"
    assert strong.row["mean"] == pytest.approx(-0.5, abs=0.03) and strong.row["own"] == pytest.approx(-0.5, abs=0.03)
    assert strong.row["own_outcome"] == "less" and low.row["own_outcome"] == "same"
    assert low.row["within"] == pytest.approx(0.02 * math.sqrt(2), rel=0.9)
    assert strong.sentence == (
        "In 5 of 5 parameter sets that fit untreated tumors, an antibody against VEGF leaves a smaller tumor than no "
        "treatment (100 % with the chance of few pairs taken off)."
    )
    hangs = r"hangs on the numbers: in 2 of 5 .* smaller than with no treatment, in 2 about the same, in 1 larger"
    assert re.search(hangs, low.sentence)
    assert found.room == {"mouse": {"at_the_edge": 1, "gone": 0}}
    pairs = (tmp_path / "a" / "pairs.csv").read_text().splitlines()
    assert len(pairs) == 1 + len(found.rows) * (OWN + 5 * 2)
    assert (tmp_path / "a" / "figures" / "conclusions.png").read_bytes().startswith(b"\x89PNG")


def test_an_ensemble_that_was_ended_goes_on_to_the_same_bytes(play, tmp_path, monkeypatch):
    carry_out(play, tmp_path / "whole", 1, quiet=True)
    for broken in (5, 4):
        monkeypatch.setattr(Play, "broken", broken)
        with pytest.raises(RuntimeError, match="power"):
            carry_out(play, tmp_path / "torn", 1, resume=True, quiet=True)
        with open(tmp_path / "torn" / "checkpoints" / "jobs", "ab") as ledger:
            ledger.write(b"0123456789abcdef [half of a li")  # as a kill leaves it
    assert not (tmp_path / "torn" / "ensemble.yaml").exists()
    monkeypatch.setattr(Play, "broken", OWN + 10 - 9)
    carry_out(play, tmp_path / "torn", 1, resume=True, quiet=True)
    for name in FILES:
        assert (tmp_path / "torn" / name).read_bytes() == (tmp_path / "whole" / name).read_bytes(), name
    with pytest.raises(InputError, match="--resume"):
        carry_out(play, tmp_path / "torn", 1, quiet=True)
    monkeypatch.setattr(study, "fingerprint", lambda host: fingerprint(host) | {"engine": "new"})
    with pytest.raises(InputError, match=r"was made on .* with another engine of mouse; choose another --out"):
        carry_out(play, tmp_path / "torn", 1, resume=True, quiet=True)


def test_processes_leave_the_same_bytes(play, tmp_path):
    carry_out(play, tmp_path / "one", 1, quiet=True)
    carry_out(play, tmp_path / "two", 2, quiet=True)
    for name in FILES:
        assert (tmp_path / "one" / name).read_bytes() == (tmp_path / "two" / name).read_bytes(), name


def test_more_sets_and_pairs_are_added_to_what_there_is(play, tmp_path, monkeypatch):
    fewer = Ensemble(play.designs, play.members, KNOWN, 3, 2, Play)
    carry_out(fewer, tmp_path / "a", 1, quiet=True)
    monkeypatch.setattr(Play, "broken", 2 * 2 + 5)
    carry_out(Ensemble(play.designs, play.members, KNOWN, 5, 3, Play), tmp_path / "a", 1, resume=True, quiet=True)
    assert Play.broken == 0, "none was done again"
    assert rows(tmp_path / "a")["anti_vegf_size"].row["sets"] == 5
    other = Ensemble(play.designs, {"mouse": Members("mouse", ({},) * 5, "2026-01-01", {})}, KNOWN, 5, 2, Play)
    with pytest.raises(InputError, match="another ensemble"):
        carry_out(other, tmp_path / "a", 1, resume=True, quiet=True)


def test_a_budget_ends_it_and_says_how_it_goes_on(play, tmp_path):
    with pytest.raises(Interrupted, match=r"the budget is spent with 0 of 18 jobs done, 18 left; --resume goes on"):
        carry_out(play, tmp_path / "a", 1, budget_s=0.0, quiet=True)
    assert not (tmp_path / "a" / "ensemble.yaml").exists()


# The sets


def calibration(folder, host="mouse", **changes):
    """What a calibration leaves of its sets, three of them."""
    u = np.random.default_rng(1).uniform(0.25, 0.75, (3, len(parameters())))
    ends = factors(parameters(), u)
    folder.mkdir()
    names = ("member", *(p.name for p in parameters()), "fits")
    rows = [[i, *row, 1] for i, row in enumerate(ends.tolist())]
    (folder / "ensemble.csv").write_bytes(csv_bytes(names, [*rows, [3, *ends[0], 0]]))
    base = base_numbers(section_of(host, 2, 1, {}), parameters())
    said = {"date": "2026-01-01", "host": host, "model": calibrated_with(host), "numbers": base} | changes
    (folder / "calibration.yaml").write_text(yaml.safe_dump(said))
    return ends


def test_sets_are_those_of_a_calibration(tmp_path):
    ends = calibration(tmp_path / "a")
    found = members_in(tmp_path / "a")
    assert len(found.settings) == 3 and not found.stale and found.date == "2026-01-01"
    for row, said in zip(ends, found.settings, strict=True):
        base = base_numbers(load("untreated"), parameters())
        factor = {path: f for p, f in zip(parameters(), row, strict=True) for path in p.paths}
        assert said == {path: scaled(base[path], factor[path]) for path in base}
    calibration(tmp_path / "b", model={"engine": "old"})
    assert "was made on 2026-01-01 with another catalogue and engine and targets" in members_in(tmp_path / "b").stale
    (tmp_path / "b" / "ensemble.csv").write_text("member,shoe_size\n0,1\n")
    with pytest.raises(InputError, match="there is no parameter 'shoe_size'"):
        members_in(tmp_path / "b")
    with pytest.raises(InputError, match=r"is missing; expected the directory of a calibration"):
        members_in(tmp_path)


# What is kept


@pytest.fixture
def told(play, tmp_path, monkeypatch):
    """The toy's result as if the package kept it."""
    carry_out(play, tmp_path / "made", 1, quiet=True)
    keep(tmp_path / "made", tmp_path / "kept")
    monkeypatch.setattr(keeping, "FOLDER", tmp_path / "kept")
    keeping.kept.cache_clear()
    yield keeping.kept()
    keeping.kept.cache_clear()


def ran(name="anti_vegf", **options):
    """As much of a run's result as a report's line asks for."""
    scenario = load(name, **options)
    return SimpleNamespace(scenario=scenario, arms=tuple(scenario.arms))


def test_a_report_tells_the_line_of_its_own_experiment_only(told):
    line = ensemble.line(ran(), "anti_vegf", "tumor_burden")
    assert line == f"{told.told['anti_vegf_size'].sentence} ({told.said['date']})"
    assert ensemble.line(ran(days=14, replicates=2, seed=3), "anti_vegf", "tumor_burden") == line
    assert ensemble.line(ran(), "low_dose", "kills") is None
    assert ensemble.line(ran("tgfb_blockade"), "tgfb_blockade", "tumor_burden") is None
    assert ensemble.line(ran(set={"start.ecm": 0.3}), "anti_vegf", "tumor_burden") is None
    assert ensemble.line(ran(set={"cells.tumor.behaviors.division": "x2"}), "anti_vegf", "tumor_burden") is None
    section = ensemble.others(ran())
    assert section.count("<li>") == 5 and told.said["date"] in section and "0.24 × 0.24 mm until day 9" in section
    assert "Stale" not in section


def test_a_result_of_another_model_is_told_as_stale(told, monkeypatch):
    monkeypatch.setattr(keeping, "fingerprint", lambda host: fingerprint(host) | {"catalogue": "new"})
    assert told.changed("mouse") == ["catalogue"]
    assert ensemble.line(ran(), "anti_vegf", "tumor_burden").endswith(f"({told.said['date']}; stale)")
    assert "Stale: the catalogue changed since" in ensemble.others(ran())
    assert keep_ensemble.part(told).startswith("**Stale**: catalogue changed since.")


def test_the_page_of_a_run_shows_the_line(told, tmp_path):
    """A run of the toy that is called as the scenario, and stands for its experiment."""
    text = toys.TEXT.replace("name: toy", "name: anti_vegf").replace("  drug:", "  anti_vegf:")
    result = toys.run(read_text(text), tmp_path / "run")
    each = told.told["anti_vegf_size"]
    assert "In other parameter sets" not in page(result) and each.sentence not in page(result), "another experiment"
    told.said["experiments"]["anti_vegf_size"] = experiment(result.scenario, each.conclusion)
    text = page(result)
    (card,) = [card for card in re.findall(r"<li class=\"card.*?</li>", text, re.DOTALL) if "anti-VEGF</b>" in card]
    assert f"{each.sentence} ({told.said['date']})".replace(" %", "\u00a0%") in card
    assert text.count("parameter sets that fit untreated tumors") == 2 and "In other parameter sets" in text


def test_an_experiment_is_the_same_read_from_the_file_of_a_run():
    for each in KNOWN.entries.values():
        scenario = load(each.scenario)
        assert experiment(read_text(scenario.to_yaml()), each) == experiment(scenario, each) != ""
    assert experiment(load("anti_vegf", arms=["untreated", "low_dose"]), KNOWN.entries["anti_vegf_size"]) == ""


def test_where_nothing_is_kept_nothing_is_told(monkeypatch, tmp_path):
    monkeypatch.setattr(keeping, "FOLDER", tmp_path)
    keeping.kept.cache_clear()
    try:
        assert keeping.kept() is None and ensemble.others(ran()) is None
        assert ensemble.line(ran(), "anti_vegf", "tumor_burden") is None and ensemble.stale(ran()) == ""
    finally:
        keeping.kept.cache_clear()


def test_readme_says_what_is_kept():
    """`python tests/keep_ensemble.py` writes it."""
    _, inside, behind = keep_ensemble.between(keep_ensemble.README.read_text(encoding="utf-8"))
    assert behind.startswith(keep_ensemble.END) and inside.strip() == keep_ensemble.part(keeping.kept()).strip()


def test_readme_has_a_row_for_each_conclusion(told):
    part = keep_ensemble.part(told)
    lines = [line for line in part.splitlines() if line.startswith("| An") or line.startswith("| A fifth")]
    assert len(lines) == len(told.told) == 5
    assert lines[0].startswith("| An antibody against VEGF leaves a smaller tumor than no treatment | 5 of 5 | 100 [")
    assert lines[0].endswith("| yes |") and lines[-1].endswith("| no |")
    assert "5 of the mouse (fitted on 2026-01-01, by another model; patches of 0.24 mm, 9 days)" in part


def test_what_the_package_keeps_is_current_or_told_as_stale():
    known = keeping.kept()
    if known is None:
        pytest.skip("no ensemble is kept: `tmesim ensemble --from … --keep`")
    hosts = known.said["hosts"]
    assert min(host["sets"] for host in hosts.values()) >= 100 and known.said["pairs"] >= 2
    changed = {host: known.changed(host) for host in hosts if known.changed(host)}
    if changed:
        pytest.skip(f"stale: of {known.said['date']}, another {changed}")
    assert set(known.told) == {each.name for each in KNOWN.entries.values() if known.told.get(each.name)}
    for name, each in known.told.items():
        assert known.said["experiments"][name] == experiment(load(each.conclusion.scenario), each.conclusion), name


# The command


def test_the_command_tells_all_that_is_wrong_at_once(tmp_path, monkeypatch):
    monkeypatch.setattr(fitted, "kept_places", lambda: [])
    out = tmp_path / "a"
    given = ["--scenarios", "treg_depletoin", "--budget", "2 kg", "--from", str(tmp_path), "--keep", "--out", str(out)]
    code, _, text = command("ensemble", *given)
    assert code == 2 and not out.exists()
    assert "nothing is concluded of 'treg_depletoin'" in text and "--budget" in text and "--keep" in text
    assert "calibration.yaml" in text
    code, _, text = command("ensemble", "--out", str(out))
    assert code == 2 and "there is no calibration of the host mouse" in text and "tmesim calibrate human" in text
    calibration(tmp_path / "b")
    code, _, text = command("ensemble", "--scenarios", "chemotherapy", "--from", str(tmp_path / "b"), "--out", str(out))
    assert code == 2 and "there is no calibration of the host human, on whom is chemotherapy" in text


@pytest.mark.slow
def test_a_miniature_goes_through_the_command(tmp_path):
    """Tiny tissues for nine days: every part of the real thing, and no number to believe."""
    calibration(tmp_path / "mouse", date="2026-01-02")
    calibration(tmp_path / "human", "human")
    given = ["ensemble", "--from", str(tmp_path / "mouse"), "--from", str(tmp_path / "human"), "--sets", "2"]
    given += ["--workers", "1", "--out", str(tmp_path / "a")]
    given += [part for key in ("tissue.size=[240 µm, 240 µm]", "start.tumor.radius=60 µm", "time.days=9")
              for part in ("--set", key)]  # fmt: skip
    code, _, text = command(*given, "--budget", "2 s")
    assert code == 130 and "the budget is spent" in text
    code, text, _ = command(*given, "--resume")
    assert code == 0 and "conclusions hold in nine of ten sets" in text, text
    found = read_kept(tmp_path / "a")
    assert set(found.told) == set(KNOWN.entries) and found.changed("mouse") == found.changed("human") == []
    assert found.said["hosts"]["mouse"]["fitted"] == "2026-01-02"
    cover, stem = found.told["anti_vegf_cover"], found.told["weekly_stem_like"]
    assert cover.row["sets"] == 2 and np.isfinite(cover.row["own"]) and np.isfinite(stem.row["own"])
    assert HOLDS == found.said["holds_from"]
