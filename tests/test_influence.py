"""What an answer hangs on: judged by functions whose effects and indices are known, on the catalogue as it is, and
through kills; and a miniature of the real thing."""

import json
import math
import sys

import numpy as np
import pytest
import yaml
from mutations import command

from tmesim.calibration.emulator import Emulator
from tmesim.catalogue.mechanisms import mechanism_of
from tmesim.influence import analysis, kept, stages
from tmesim.influence.analysis import Analysis
from tmesim.influence.currency import model
from tmesim.influence.groups import groups_of, patterns
from tmesim.influence.kept import RESULT, TABLES
from tmesim.influence.ranges import range_of
from tmesim.influence.sections import section_of
from tmesim.influence.stages import analyze
from tmesim.influence.strength import Numbers
from tmesim.influence.study import effects, foremost, indices, promising, shares, swings
from tmesim.reading import InputError
from tmesim.storage.tables import read_columns
from tmesim.sweeps.designs import trajectories
from tmesim.sweeps.jobs import Done
from tmesim.sweeps.plan import scenario_with
from tmesim.trial import Interrupted

TINY = {"tissue.size": ["240 µm", "240 µm"], "start.tumor.radius": "60 µm", "time.days": 2}
SMALL = section_of("treg_depletion", None, 2, 1, TINY)
GROUPS = groups_of(SMALL)
NUMBERS = Numbers.of(SMALL)
BY_NAME = {group.name: group for group in GROUPS}


@pytest.fixture
def needs_sklearn():
    pytest.importorskip("sklearn", reason="scikit-learn is not installed")


# Groups


def test_each_number_is_in_one_group_and_each_rule_that_can_act_too():
    paths = [path for group in GROUPS for path in group.paths]
    rules = [rule for group in GROUPS for rule in group.rules]
    assert len(paths) == len(set(paths)) > 700 and len(rules) == len(set(rules)) > 150
    assert 40 <= len(GROUPS) <= 55 and "others" not in BY_NAME, "what has no group of its own is told by the last"
    assert list(patterns())[-1] == "others"
    shared = [path for path in paths if path.endswith((".suppresses_ctl.limit", "_suppresses_ctl.limit"))]
    assert len(shared) == 1, "a limit that rules share is one number"


def test_what_cannot_act_here_or_is_true_by_construction_is_in_no_group():
    paths = {path for group in GROUPS for path in group.paths}
    assert "cells.tumor.behaviors.division" in paths and "therapies.anti_cd25.occupancy.kd" in paths
    for idle in ("cells.osteoclast.", "therapies.anti_vegf.", "processes.circulation.", "fields.oxygen.start",
                 "cells.tumor.behaviors.uptake.drug_", "processes.leukocytes.substep", "cells.adipocyte.extent",
                 "cells.tumor.behaviors.intravasation"):  # fmt: skip
        assert not [path for path in paths if path.startswith(idle)], idle
    sources = {path: NUMBERS.catalogue.number(path).source for path in paths}
    assert not [path for path, texts in sources.items() if texts and all(t.startswith("definition") for t in texts)]


@pytest.mark.parametrize("by", [0.5, 2.0])
def test_all_groups_together_and_each_alone_are_scenarios_at_their_ends(by):
    whole = NUMBERS.of_factors(GROUPS, {group.name: by for group in GROUPS})
    assert len(whole) > 400
    scenario_with(SMALL, whole)
    for group in GROUPS[::9]:
        said = NUMBERS.of_factors(GROUPS, {group.name: by})
        assert said, group.name
        scenario_with(SMALL, said)
    assert NUMBERS.of_factors(GROUPS, {group.name: 1.0 for group in GROUPS}) == {}


@pytest.mark.slow
@pytest.mark.parametrize("source", ["treg_depletion", "anti_vegf", "chemotherapy"])
def test_every_group_and_every_number_may_be_at_its_ends(source):
    scenario = section_of(source, None, 2, 1, {"time.days": 3})
    numbers, groups = Numbers.of(scenario), groups_of(scenario)
    rng = np.random.default_rng(1)
    for _ in range(20):
        scenario_with(scenario, numbers.of_factors(groups, {g.name: float(rng.choice([0.5, 2.0])) for g in groups}))
    paths = [path for group in groups for path in group.paths]
    ends = {path: range_of(numbers, path) for path in rng.permutation(paths).tolist()}
    for first in range(0, len(paths), 8):  # one by one it takes minutes
        some = dict(list(ends.items())[first : first + 8])
        for end in ("low", "high"):
            scenario_with(scenario, numbers.of_values({path: getattr(span, end) for path, span in some.items()}))
    for _ in range(20):  # many at once, so that bases pass limits
        some = [range_of(numbers, path) for path in rng.choice(paths, 60, replace=False)]
        scenario_with(scenario, numbers.of_values({each.path: each.at(float(rng.random())) for each in some}))


def number(path, said):
    """The value of a number in a scenario with settings."""
    return scenario_with(SMALL, said).catalogue.number(path).at("mouse")


@pytest.mark.parametrize(
    ("rule", "path", "by", "hand"),
    [
        # raises a rate from 0.0036/h to 0.025/h: what it adds is doubled
        ("cxcl9_admits_ctl", "limit", 2.0, lambda b, L, h: b + 2 * (L - b)),
        ("cxcl9_admits_ctl", "limit", 0.5, lambda b, L, h: b + (L - b) / 2),
        # divides a factor of 1 by 1 + e: e is doubled
        ("exhaustion_weakens_hits", "limit", 2.0, lambda b, L, h: 1 / (1 + 2 * (1 / L - 1))),
        ("exhaustion_weakens_hits", "limit", 0.5, lambda b, L, h: 1 / (1 + (1 / L - 1) / 2)),
        # shares its limit with suppressor cells: its signal counts twice
        ("treg_contact_suppresses_ctl", "half_max", 2.0, lambda b, L, h: h / 2),
        # of a lack: twice as much oxygen is needed
        ("anoxia_kills", "half_max", 2.0, lambda b, L, h: 2 * h),
        ("oxygen_fuels_division", "half_max", 2.0, lambda b, L, h: 2 * h),
    ],
)
def test_a_rule_is_made_stronger_as_told(rule, path, by, hand):
    catalogue, it = NUMBERS.catalogue, NUMBERS.catalogue.all_rules[rule]
    base = it.base_value if it.group != "main" else catalogue.cells[it.cell[0]].behaviors[it.behavior]
    expected = hand(base.at("mouse"), it.limit.at("mouse"), it.half_max.at("mouse"))
    said = NUMBERS.of_factors(GROUPS, {mechanism_of(it): by})
    other = "half_max" if path == "limit" else "limit"
    assert number(f"rules.{rule}.{path}", said) == pytest.approx(expected, rel=1e-6)
    assert number(f"rules.{rule}.{other}", said) == NUMBERS.values[f"rules.{rule}.{other}"]


def test_stronger_and_weaker_undo_each_other():
    for group in [each for each in GROUPS if each.is_mechanism][::6]:
        up = scenario_with(SMALL, NUMBERS.of_factors([group], {group.name: 1.25}))
        again = Numbers.of(up).of_factors([group], {group.name: 0.8})
        back = scenario_with(up, again).catalogue
        for path in {path for rule in group.rules for path in (f"rules.{rule}.limit", f"rules.{rule}.half_max")
                     if NUMBERS.catalogue.has_number(path)}:  # fmt: skip
            assert back.number(path).at("mouse") == pytest.approx(NUMBERS.values[path], rel=1e-5), path


def test_a_behavior_takes_the_limits_in_its_unit_along():
    said = NUMBERS.of_factors(GROUPS, {"t_cell_admission": 2.0})
    for path in ("cells.endothelial.behaviors.admit.ctl", "rules.cxcl9_admits_ctl.limit"):
        assert number(path, said) == pytest.approx(2 * NUMBERS.values[path], rel=1e-6)
    assert "rules.vegf_numbs_endothelium_to_ctl.limit" not in said, "a factor is no rate"


def test_a_base_that_passes_a_limit_takes_it_along_and_a_limit_stays_on_its_side():
    base, limit = "cells.endothelial.behaviors.admit.ctl", "rules.cxcl9_admits_ctl.limit"
    said = NUMBERS.of_values({base: 3 * NUMBERS.values[limit]})
    assert number(limit, said) == pytest.approx(number(base, said)) == pytest.approx(3 * NUMBERS.values[limit])
    said = NUMBERS.of_values({limit: NUMBERS.values[base] / 2})
    assert number(limit, said) == pytest.approx(NUMBERS.values[base], rel=1e-8)


def test_a_range_is_that_of_the_source_or_half_and_twice():
    given = range_of(NUMBERS, "cells.tumor.behaviors.division")
    assert (given.low, given.high) == NUMBERS.catalogue.number(given.path).range_at("mouse") and given.given
    assert [given.at(0), given.at(0.5), given.at(1)] == pytest.approx(
        [given.low, math.sqrt(given.low * given.high), given.high]
    )
    bare = next(each for path in BY_NAME["fat"].paths if not (each := range_of(NUMBERS, path)).given)
    assert (bare.low, bare.high) == pytest.approx((bare.value / 2, bare.value * 2))
    from_0 = range_of(NUMBERS, "cells.ctl.behaviors.division")
    assert from_0.low == 0 and from_0.at(0.25) == pytest.approx(from_0.high / 4)
    share = range_of(NUMBERS, "rules.antigen_retains_ctl.limit")
    assert 0 <= share.low <= share.value <= share.high
    assert range_of(NUMBERS, "cells.ctl.primed.expansion_rate").side == "sourced"
    assert range_of(NUMBERS, "cells.ctl.behaviors.hit_rate").side == "assumed", "near a measurement is not cited"


# Effects


def linear(x, slopes, luck=0.0, replicates=2, seed=0):
    """Values of a linear function, and the luck of each point and replicate."""
    rng = np.random.default_rng(seed)
    return (x @ slopes)[:, None, None] + rng.normal(0, 1, (len(x), replicates, 1)) * luck


def test_effects_are_exact_without_chance_and_sum_to_what_all_do_together():
    x, slopes = trajectories(5, 8, 1), np.array([3.0, -2.0, 0.0, 0.5, 1.0])
    found = effects(x, linear(x, slopes))
    assert found.mean[:, 0] == pytest.approx(slopes, abs=1e-12)
    assert found.size[:, 0] == pytest.approx(abs(slopes), abs=1e-12)
    assert found.mean[:, 0].sum() == pytest.approx(float((np.ones(5) - np.zeros(5)) @ slopes))
    assert found.excess[2, 0] == pytest.approx(0, abs=1e-12)


def test_a_group_without_effect_is_told_from_chance():
    """Over many designs: of groups that do nothing about one in twenty is taken for more, those that do are found."""
    slopes, false, missed = np.array([2.0, -1.5, 0, 0, 0, 0, 0, 0, 0, 0]), [], []
    for seed in range(40):
        x = trajectories(10, 8, seed)
        found = effects(x, linear(x, slopes, luck=0.3, seed=seed))
        false.append(found.matters[2:, 0].mean())
        missed.append(~found.matters[:2, 0])
        assert found.chance[0] == pytest.approx(0.3 * 1.5 * math.sqrt(2) / math.sqrt(2), rel=0.35)
    assert 0.01 < np.mean(false) < 0.1 and np.mean(missed) < 0.02


def test_numbers_are_taken_from_the_groups_that_matter_the_widest_first():
    x = trajectories(2, 8, 1)
    found = effects(x, linear(x, np.array([2.0, 0.0]), luck=0.1, seed=4))
    groups = [BY_NAME["tumor_death"], BY_NAME["priming"]]
    ranges = {path: range_of(NUMBERS, path) for group in groups for path in group.paths}
    chosen = promising(groups, found, ranges, 2)
    widest = sorted(groups[0].paths, key=lambda path: -ranges[path].width)[:2]
    assert found.matters[:, 0].tolist() == [True, False] and {each.path for each in chosen} == set(widest)


def test_swings_are_paired_with_the_base_and_their_error_is_that_of_replicates():
    rng = np.random.default_rng(2)
    seeds = rng.normal(0, 5.0, 3)  # that all points share, so that it cancels
    clean = np.array([1.0, 1.0 - 0.4, 1.0 + 0.6, 1.0, 1.0, 1.0, 1.0 + 0.1])
    values = (clean[:, None] + seeds + rng.normal(0, 0.01, (7, 3)))[..., None]
    found = swings(values)
    assert found.low[:, 0] == pytest.approx([-0.4, 0, 0], abs=0.03)
    assert found.high[:, 0] == pytest.approx([0.6, 0, 0.1], abs=0.03)
    assert found.swing[:, 0] == pytest.approx(found.high[:, 0] - found.low[:, 0])
    by_hand = (values[1:] - values[:1])[:, :, 0].var(1, ddof=1).mean() / 3
    assert found.error[0] == pytest.approx(math.sqrt(by_hand)) and foremost(found, 2) == [0, 2]


def test_a_number_that_changes_no_bit_has_no_effect_and_no_part_in_the_error():
    values = np.zeros((5, 2, 1))
    values[3:] += np.array([[[0.1], [0.2]], [[-0.1], [0.1]]])
    found = swings(values)
    assert found.size[0, 0] == 0 and found.error[0] > 0 and foremost(found, 2) == [1]
    assert found.error[0] == pytest.approx(math.sqrt(np.mean([0.005, 0.02]) / 2))


# Shares

ISHIGAMI = {"first": [0.3139, 0.4424, 0.0], "total": [0.5576, 0.4424, 0.2437]}
"""Of sin x₁ + 7 sin² x₂ + 0.1 x₃⁴ sin x₁, x even from −π to π (Ishigami & Homma 1990), from its integrals."""


def ishigami(u):
    x = np.pi * (2 * np.asarray(u) - 1)
    return np.sin(x[:, 0]) + 7 * np.sin(x[:, 1]) ** 2 + 0.1 * x[:, 2] ** 4 * np.sin(x[:, 0])


def test_indices_of_a_known_function_and_of_its_sets():
    class Itself:
        """The function in place of the process."""

        @staticmethod
        def predict(points, return_std):
            return ishigami(points), np.zeros(len(points))

    found = indices(Emulator(Itself(), 0.0, 1.0, 0.5, 0.5, 0.0, 0.0), 3, 4, ["assumed", "sourced", "assumed"], 1)
    assert found.first.value == pytest.approx(ISHIGAMI["first"], abs=0.02)
    assert found.total.value == pytest.approx(ISHIGAMI["total"], abs=0.02)
    assert found.variance == pytest.approx(13.845, rel=0.01)
    assert found.assumed == pytest.approx((0.5576, 0.5576), abs=0.02), "x₁ and x₃ do nothing together with x₂"
    assert found.sourced == pytest.approx((0.4424, 0.4424), abs=0.02)
    other = indices(Emulator(Itself(), 0.0, 1.0, 0.0, 0.0, 0.0, 0.0), 3, 2, ["sourced", "sourced", "assumed"], 1)
    assert other.assumed == pytest.approx((0.0, 0.2437), abs=0.02), "x₃ acts with x₁ alone"
    assert other.parts["both"] == pytest.approx(0.2437, abs=0.02) and other.parts["chance"] == 0
    assert found.chance == pytest.approx(2.0) and found.parts["chance"] == pytest.approx(2 / 15.845, rel=0.02)
    for each in (found, other):
        assert sum(each.parts.values()) == pytest.approx(1)


def test_shares_of_a_function_with_chance_through_the_emulator(needs_sklearn):
    rng, points = np.random.default_rng(1), stages._spread(3, 64, 1)
    clean = 2 * points[:, 0] + points[:, 1]
    values = clean[:, None] + rng.normal(0, 0.1, (64, 2))
    found = shares(points, values, ["assumed", "sourced", "sourced"], 1)
    assert found.assumed == pytest.approx((0.8, 0.8), abs=0.04)
    assert found.first.value == pytest.approx([0.8, 0.2, 0], abs=0.04)
    whole = 5 / 12 + 0.01
    assert found.parts["chance"] == pytest.approx(0.01 / whole, rel=0.4)
    assert found.parts["assumed"] == pytest.approx(4 / 12 / whole, abs=0.05) and found.known > 0.9
    assert shares(points, np.ones((64, 2)), ["assumed"] * 3, 1) is None


def test_an_emulator_that_sees_nothing_says_so(needs_sklearn):
    rng, points = np.random.default_rng(1), stages._spread(3, 64, 1)
    found = shares(points, rng.normal(0, 1, (64, 2)), ["assumed"] * 3, 1)
    assert found.known < 0.2 and found.parts["chance"] > 0.7


# Carried out

SLOPES = {"cells.tumor.behaviors.division": 1.0, "cells.ctl.primed.expansion_rate": -0.4,
          "cells.tumor.behaviors.apoptosis": -0.2}  # fmt: skip
TREATED = {"cells.ctl.primed.expansion_rate": -0.5}


class Play:
    """A tumor whose logarithm is linear in the logarithm of three numbers, and of one more under treatment, in place of
    the tissue. broken : how many jobs it does before it fails"""

    broken = None
    luck = 0.02

    def __init__(self, scenario, settings):
        self.settings, self.scenario = settings, scenario

    def __call__(self, job, stopped=None):
        if type(self).broken is not None:
            type(self).broken -= 1
            if type(self).broken < 0:
                raise RuntimeError("the power is out")
        said = self.settings[job.point]
        at = {path: math.log(float(str(said[path]).split()[0]) / NUMBERS.values[path]) if path in said else 0.0
              for path in SLOPES}  # fmt: skip
        noise = np.random.default_rng([job.replicate, len(json.dumps(said)), 3]).normal(0, self.luck, 2)
        log = 6 + sum(slope * at[path] for path, slope in SLOPES.items()) + noise[0]
        more = sum(slope * at[path] for path, slope in TREATED.items()) + noise[1]
        tables = {"untreated": math.exp(log), "treg_depletion": math.exp(log + more)}
        return Done(job, {arm: np.array([[2.0, value]]) for arm, value in tables.items()}, 0.01)


@pytest.fixture
def play(monkeypatch, needs_sklearn):
    monkeypatch.setattr(Play, "broken", None)
    return Analysis(SMALL, 4, 40, 3, 24, Play)


FILES = (*TABLES, "points.csv")


@pytest.fixture(scope="module")
def whole(tmp_path_factory):
    """An analysis of the toy: its directory and what it found."""
    pytest.importorskip("sklearn", reason="scikit-learn is not installed")
    folder = tmp_path_factory.mktemp("whole") / "a"
    return folder, analyze(Analysis(SMALL, 4, 40, 3, 24, Play), folder, 1, quiet=True)


def test_the_stages_find_what_the_toy_hangs_on(whole):
    folder, found = whole
    names = [group.name for group in found.groups]
    assert found.effects.mean[names.index("tumor_division"), 0] == pytest.approx(math.log(4), abs=0.1)
    assert found.effects.mean[names.index("priming"), 1] == pytest.approx(-0.5 * math.log(4), abs=0.1)
    assert {each.path for each in found.together} == set(SLOPES)
    spans = {each.path: each for each in found.chosen}
    for k, of in enumerate((SLOPES, TREATED)):
        for path, slope in of.items():
            i = [each.path for each in found.chosen].index(path)
            expected = slope * math.log(spans[path].high / spans[path].low)
            assert found.swings.swing[i, k] == pytest.approx(expected, abs=0.1), path
    variance = {p: (s * math.log(spans[p].high / spans[p].low)) ** 2 for p, s in SLOPES.items()}
    of = {path: each / sum(variance.values()) for path, each in variance.items()}
    assert {each.path: share for each, share in zip(found.together, found.shares[0].first.value, strict=True)} == (
        pytest.approx(of, abs=0.05)
    )
    assert found.shares[1].sourced[0] > 0.95, "expansion is cited"
    assert found.one_by_one(1)["assumed"] < 0.05 < 0.9 < found.one_by_one(1)["together"]
    said = yaml.safe_load((folder / RESULT).read_text())
    assert said["complete"] and said["model"] == model("mouse") and said["design"]["together"] == 3
    told = said["outcomes"]["untreated"]["shares"]["assumed"]["closed"]
    assert told == pytest.approx(found.shares[0].assumed[0], rel=1e-3)
    names = {"outcome", "number", "group", "unit", "ground", "range"}
    table = read_columns((folder / "numbers.csv").read_bytes(), names, "")
    assert set(table["number"]) == {each.path for each in found.chosen}
    for name in ("groups", "numbers", "shares"):
        assert (folder / "figures" / f"{name}.png").read_bytes().startswith(b"\x89PNG")


def test_an_analysis_that_was_ended_goes_on_to_the_same_bytes(play, whole, tmp_path, monkeypatch):
    first = 2 * 4 * (len(GROUPS) + 1)
    for broken, done in ((first - 300, 0), (305, 1), (20, 1), (150, 2)):
        monkeypatch.setattr(Play, "broken", broken)
        with pytest.raises(RuntimeError, match="power"):
            analyze(play, tmp_path / "torn", 1, resume=True, quiet=True)
        there = (tmp_path / "torn" / RESULT).is_file()
        assert there == (done > 0)
        if there:
            said = yaml.safe_load((tmp_path / "torn" / RESULT).read_text())
            assert said["stages"] == done and not said["complete"]
            assert not (tmp_path / "torn" / TABLES[done]).exists()
    monkeypatch.setattr(Play, "broken", None)
    analyze(play, tmp_path / "torn", 1, resume=True, quiet=True)
    for name in FILES:
        assert (tmp_path / "torn" / name).read_bytes() == (whole[0] / name).read_bytes(), name
    monkeypatch.setattr(Play, "broken", 0)
    analyze(play, tmp_path / "torn", 1, resume=True, quiet=True)  # what is done is not done again
    with pytest.raises(InputError, match="--resume"):
        analyze(play, tmp_path / "torn", 1, quiet=True)
    with pytest.raises(InputError, match="holds another analysis"):
        analyze(Analysis(SMALL, 5, 12, 3, 24, Play), tmp_path / "torn", 1, resume=True, quiet=True)
    monkeypatch.setattr(stages, "model", lambda host: model(host) | {"catalogue": "new"})
    with pytest.raises(InputError, match=r"was made on .* with another catalogue; choose another --out"):
        analyze(play, tmp_path / "torn", 1, resume=True, quiet=True)


@pytest.mark.slow
def test_any_number_of_workers_leaves_the_same_bytes(play, whole, tmp_path):
    analyze(play, tmp_path / "two", 2, quiet=True)
    for name in FILES:
        assert (tmp_path / "two" / name).read_bytes() == (whole[0] / name).read_bytes(), name


def test_a_budget_ends_it_and_says_how_it_goes_on(play, tmp_path):
    with pytest.raises(Interrupted, match=r"budget is spent in stage 1 of 3 \(groups\) with 0 of \d+ jobs.*--resume"):
        analyze(play, tmp_path / "a", 1, budget_s=0.0, quiet=True)
    assert not (tmp_path / "a" / RESULT).exists()


# The tissue, the command and what is kept


def test_the_section_is_the_scenario_made_small_with_earlier_treatment():
    made = section_of("treg_depletion", "complete_ablation", 3, 5, {})
    assert tuple(made.arms) == ("untreated", "complete_ablation") and (made.replicates, made.seed) == (3, 5)
    assert made.time.days == 14 and made.arms["complete_ablation"].therapies[0].start_h == 84, "7 of 28 days, so 3.5"
    with pytest.raises(InputError, match="there is no arm 'complete_ablatio'"):
        section_of("treg_depletion", "complete_ablatio", 2, 1, {})


def test_what_is_wrong_is_told_at_once_and_nothing_is_written(monkeypatch, tmp_path):
    monkeypatch.setitem(sys.modules, "sklearn", None)
    wrong = ["--budget", "2 kg", "--points", "9", "--arm", "shoes", "--out", str(tmp_path / "a")]
    code, _, text = command("sensitivity", *wrong)
    assert code == 2 and "pip install 'tmesim[calibration]'" in text and "--budget" in text
    assert "9 points are too few for 16 numbers" in text and "there is no arm 'shoes'" in text
    assert not (tmp_path / "a").exists()


def test_evidence_says_that_nothing_is_kept_and_how_to_make_it(monkeypatch, tmp_path):
    monkeypatch.setattr(kept, "place", lambda: tmp_path)
    code, out, _ = command("evidence")
    assert code == 0 and "no analysis is kept" in out and "tmesim sensitivity" in out
    assert json.loads(command("evidence", "--json")[1])["sensitivity"] is None


def test_a_result_that_is_kept_is_told_with_its_date_and_whether_it_is_stale(whole, tmp_path, monkeypatch):
    folder, found = whole
    monkeypatch.setattr(kept, "place", lambda: tmp_path / "kept")
    (tmp_path / "part").mkdir()
    (tmp_path / "part" / RESULT).write_text("complete: false\n")
    with pytest.raises(InputError, match=r"has no groups\.csv"):
        kept.keep(tmp_path / "part")
    for name in TABLES:
        (tmp_path / "part" / name).write_bytes((folder / name).read_bytes())
    with pytest.raises(InputError, match="holds a part of an analysis"):
        kept.keep(tmp_path / "part")
    assert not (tmp_path / "kept").exists()
    assert {path.name for path in kept.keep(folder).iterdir()} == {RESULT, *TABLES}
    text = command("evidence")[1]
    said = kept.kept()
    assert said["date"] in text and f"{found.shares[0].assumed[0]:.0%} of what numbers do rests on assumed ones" in text
    assert "stale" not in text
    shown = json.loads(command("evidence", "--json")[1])["sensitivity"]
    assert shown["outcomes"] == said["outcomes"] and shown["stale"] == ""
    monkeypatch.setattr(kept, "model", lambda host: model(host) | {"engine": "new"})
    text = command("evidence")[1]
    assert f"stale: it was made on {said['date']} with another engine" in text and "makes it anew" in text


def test_the_kept_result_is_of_the_model_of_now_or_is_told_as_stale():
    """A notice: `tmesim sensitivity treg_depletion --keep` makes it anew."""
    content = kept.kept()
    if content is None:
        pytest.skip("none is kept yet")
    assert content["complete"] and all((kept.place() / name).is_file() for name in TABLES)
    told = "\n".join(kept.lines())
    why = kept.staleness(content)
    assert content["date"] in told and (why in told) and ("stale" in told) == bool(why)
    if why:
        pytest.skip(f"stale: {why}")


@pytest.mark.slow
def test_a_miniature_goes_through_the_command_and_its_directions_are_right(needs_sklearn, tmp_path, monkeypatch):
    """Four groups of a tiny tissue for three days: every part of the real thing. More division makes a larger tumor,
    more death a smaller one."""
    few = ("tumor_division", "tumor_death", "tumor_hierarchy", "solid_stress")
    monkeypatch.setattr(analysis, "groups_of", lambda scenario: tuple(g for g in groups_of(scenario) if g.name in few))
    given = ["sensitivity", "treg_depletion", "--workers", "1", "--out", str(tmp_path / "a"), "--trajectories", "3",
             "--numbers", "4", "--together", "3", "--points", "12", "--set", "tissue.size=[270 µm, 270 µm]",
             "--set", "start.tumor.radius=75 µm", "--set", "time.days=3"]  # fmt: skip
    code, text, _ = command(*given)
    assert code == 0 and "assumed numbers alone carry" in text, text
    names = {"outcome", "group", "label", "kind"}
    table = read_columns((tmp_path / "a" / "groups.csv").read_bytes(), names, "")
    mu = {name: mean for outcome, name, mean in zip(table["outcome"], table["group"], table["mu"], strict=True)
          if outcome == "untreated"}  # fmt: skip
    assert mu["tumor_division"] > 0.05 and mu["tumor_death"] < -0.05
    said = yaml.safe_load((tmp_path / "a" / RESULT).read_text())
    assert said["complete"] and said["outcomes"]["untreated"]["numbers"]["cells.tumor.behaviors.division"] > 0.2
    assert sum(said["outcomes"]["untreated"]["shares"]["parts"].values()) == pytest.approx(1, abs=0.01)
