"""Calibration: on a toy whose parameters are known, what is true is not ruled out, what nothing sees stays free, what
cannot be met together is named; and it goes on where it was ended."""

import sys
from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pytest
import yaml
from mutations import command

import tmesim
from tmesim.calibration import waves
from tmesim.calibration.jobs import Tissues
from tmesim.calibration.matching import CUT, DISCREPANCY, Aim, Held, likely, region
from tmesim.calibration.members import kept_place, members_in
from tmesim.calibration.parameters import MOST, Parameter, factors, parameters, settings
from tmesim.calibration.proof import confirm, model
from tmesim.calibration.recovery import recovery
from tmesim.calibration.result import base_numbers, proof_of, target_rows
from tmesim.calibration.sections import question_of, section_of
from tmesim.calibration.study import Question, checked, outcome
from tmesim.calibration.waves import Calibration, calibrate
from tmesim.fingerprint import stale
from tmesim.reading import InputError
from tmesim.storage.tables import csv_bytes, read_columns
from tmesim.sweeps.jobs import Done, Job
from tmesim.sweeps.plan import scenario_with
from tmesim.targets import Target, found_in
from tmesim.targets.measures import MEASURES
from tmesim.trial import Interrupted

FREE = tuple(Parameter(name, name, (f"path.{name}",), 0.5, 2.0, "assumed", ()) for name in ("a", "b", "c"))
TRUTH = np.array([0.35, 0.6, 0.5])
NOISE, WIDTH = 0.03, 0.1
TINY = {"tissue.size": ["180 µm", "180 µm"], "start.tumor.radius": "60 µm", "time.days": 2}


@pytest.fixture
def needs_sklearn():
    pytest.importorskip("sklearn", reason="scikit-learn is not installed")


def clean(u):
    """Four measures of points (a, b, c), none of which sees c; the last follows from the others."""
    a, b = np.asarray(u)[:, 0], np.asarray(u)[:, 1]
    return np.array([1 + a + 0.5 * b**2, 2 - b + 0.3 * np.sin(3 * a), 1 + a * b, 2 + a - b]).T


def targets(middles, checked=("page",) * 4, groups=("seen", "seen", "seen", "later")):
    return tuple(
        Target(f"y{k}", f"y{k}", "1", z - WIDTH, z + WIDTH, "someone", checked[k], groups[k])
        for k, z in enumerate(map(float, middles))
    )


def asked(of, **options):
    return Question(FREE, of, "later", **({"particles": 200, "discrepancy": 0.0} | options))


def fitted(question, waves=1, n=24, replicates=3, seed=0, simulate=clean):
    """What some waves of the toy say."""
    rng, found = np.random.default_rng(seed), None
    points, values = np.empty((0, 3)), np.empty((0, len(question.targets), replicates))
    for wave in range(waves):
        new = question.design(n) if found is None else found.next_design(n, wave)
        drawn = simulate(new)[:, :, None] + rng.normal(0, NOISE, (n, len(question.targets), replicates))
        points, values = np.concatenate([points, new]), np.concatenate([values, drawn])
        found = outcome(question, points, values)
    return found


@pytest.fixture(scope="module")
def known():
    pytest.importorskip("sklearn", reason="scikit-learn is not installed")
    return fitted(asked(targets(clean(TRUTH[None])[0])), waves=2)


# On synthetic data


def test_known_parameters_are_recovered(known):
    for k in (0, 1):
        u = known.ensemble[:, k]
        assert u.min() < TRUTH[k] < u.max() and u.std() < 0.5 / np.sqrt(12)
        assert abs(known.best[k] - TRUTH[k]) < 0.25
    assert known.match.region.volume < 0.3 and not known.match.conflicts and not known.match.given_up


def test_what_no_target_sees_stays_free(known):
    assert known.free == ("c",)


def test_what_is_proposed_agrees_and_leaves_what_no_target_sees_where_it_is(known):
    home, there = known.catalogue, known.proposed
    cost = [sum(float(each(x[None])[0]) ** 2 for each in known.match.kept) for x in (home, there, known.best)]
    assert cost[1] < 0.2 * cost[0] and cost[1] < cost[2] + 1, "about as good as the best, and the home is far off"
    assert abs(there[2] - home[2]) < 0.02 < np.abs(there - home)[:2].max()
    assert abs(there - home)[:2].sum() < abs(known.ensemble - home)[:, :2].sum(1).max()


def test_a_group_that_was_held_out_is_predicted_within_its_interval(known):
    assert known.predicted == ("y3",) and "y3" not in [each.measure for each in known.match.kept]
    assert known.is_met(known.question.targets[3])


def test_the_next_wave_looks_where_nothing_is_ruled_out(known):
    worst = np.max([each(known.next_design(16, 1)) for each in known.match.kept], axis=0)
    first = np.max([each(known.question.design(64)) for each in known.match.kept], axis=0)
    assert (worst <= CUT).all() and (first > CUT).mean() > 0.5


def test_the_truth_is_kept_in_nearly_all_of_many_data_sets(needs_sklearn, record_property):
    """Other truths, other luck in the simulation, and an error in what was measured, one deviation being half of the
    width to a side."""
    rng, kept, covered = np.random.default_rng(3), [], []
    for seed in range(16):
        truth = rng.uniform(0.1, 0.9, 3)
        middles = clean(truth[None])[0] + rng.normal(0, WIDTH / 2, 4)
        found = fitted(asked(targets(middles), particles=100), seed=seed)
        kept.append(max(float(each(truth[None])[0]) for each in found.match.kept) <= CUT)
        covered += [found.ensemble[:, k].min() <= truth[k] <= found.ensemble[:, k].max() for k in range(3)]
    record_property("coverage", f"{np.mean(kept):.2f} not ruled out, {np.mean(covered):.2f} within the ensemble")
    assert np.mean(kept) >= 0.9 and np.mean(covered) >= 0.9


def test_points_that_are_taken_for_the_truth_are_found_again(needs_sklearn):
    """And as narrowly as the targets see them: what no target sees stays wide."""
    rng, question = np.random.default_rng(4), asked(targets(clean(TRUTH[None])[0]))
    points = question.design(32)
    values = clean(points)[:, :, None] + rng.normal(0, NOISE, (32, 4, 3))
    known = recovery(outcome(question, points, values), points, values)
    assert known.kept.sum() >= 11 and known.found.mean() > 0.9
    a, b, c = np.nanmean(known.spread, axis=0)
    assert max(a, b) < 0.5 < 0.8 < c
    other = np.roll(values, 5, axis=0)
    wrong = recovery(outcome(question, points, values), points, other)
    assert wrong.kept.sum() <= 2, "what another point gave is not taken for its own"


def test_targets_that_contradict_are_named_and_the_weaker_source_is_given_up(needs_sklearn):
    def same(u):
        return np.array([1 + u[:, 0], 1 + u[:, 0], 1 + u[:, 1], 2 + u[:, 0]]).T

    question = asked(targets((1.2, 1.8, 1.5, 2.2), ("page", "memory", "memory", "page")))
    found = fitted(question, simulate=same)
    assert found.match.conflicts == (("y0", "y1"),)
    assert set(found.match.given_up) == {"y1"} and "y0" in found.match.given_up["y1"]
    assert found.role("y1") == "given up"
    assert [found.is_met(target) for target in question.targets[:2]] == [True, False]


@pytest.mark.parametrize(("low", "high", "unit"), [(0.05, 0.23, "1/d"), (0.8, 1.6, "ratio"), (5.0, 1500.0, "1/mm²")])
def test_far_beyond_an_interval_the_way_is_told_by_its_logarithm(low, high, unit):
    aim = Aim(Target("y", "y", unit, low, high, "someone", "page", "seen"))
    x = np.array([low / 9, low, (low * high) ** 0.5, high, 3 * high, 50 * high])
    assert aim.plain(aim.scaled(x)) == pytest.approx(x) and (np.diff(aim.scaled(x)) > 0).all()
    (start, end), width = aim.ends, np.ptp(aim.ends)
    assert aim.scaled(x[1:4]) == pytest.approx([start, np.log(x[2]) if aim.log else x[2], end])
    if not aim.log:
        assert aim.scaled(np.array([high + width * np.e])) == pytest.approx([high + 2 * width]), "1 + ln e"
        assert aim.scaled(np.array([low - width, low - width * np.e**2])) == pytest.approx(
            [low - width, low - 3 * width]
        )
    assert np.isnan(aim.scaled(np.array([np.nan]))).all()


def test_a_target_that_nothing_meets_is_named_alone(needs_sklearn):
    found = fitted(asked(targets((1.5, 1.7, 9.0, 2.0))))
    assert ("y2",) in found.match.conflicts and found.match.given_up["y2"] == "no point reaches its interval"


def test_what_is_the_same_everywhere_is_told_as_not_seen(needs_sklearn):
    points = asked(()).design(24)
    values = np.repeat(clean(points)[:, :, None], 2, 2)
    values[:, 1], values[:, 2] = 1.0, np.nan
    found = outcome(asked(targets(clean(TRUTH[None])[0])), points, values)
    assert found.unseen == ("y1", "y2") and [found.role(f"y{k}") for k in range(4)] == [
        "fitted", "not seen", "not seen", "predicted"
    ]  # fmt: skip


# Its parts


def test_implausibility_by_hand():
    mean, variance = np.array([1.0, 2.0, 4.0]), np.array([0.01, 0.04, 0.0])
    both = Aim(Target("y", "y", "1", 1.0, 3.0, "someone", "page"))
    by_hand = np.abs(mean - 2) / np.sqrt(variance + 0.25 + 0.5**2 + (DISCREPANCY * 2) ** 2)
    assert both.implausibility(mean, variance, 0.25) == pytest.approx(by_hand)
    above = Aim(Target("y", "y", "1", 3.0, None, "someone", "page"))
    by_hand = np.maximum(3 - mean, 0) / np.sqrt(variance + 0.25 + (DISCREPANCY * 3) ** 2)
    assert above.implausibility(mean, variance, 0.25) == pytest.approx(by_hand) and by_hand[2] == 0
    wide = Aim(Target("y", "y", "1", 1.0, 100.0, "someone", "page"))
    scaled = wide.scaled(np.array([0.0, 10.0]))
    assert scaled == pytest.approx(np.log([0.1, 10.0]))
    assert wide.implausibility(scaled, np.zeros(2), 0.0)[1] == pytest.approx(0.0, abs=1e-9)


def test_the_ensemble_is_drawn_by_how_well_it_agrees():
    """One target whose emulator is linear and sure: a normal distribution of its parameter, cut at three deviations;
    the other parameter keeps its prior."""
    aim = Aim(Target("y", "y", "1", 0.4, 0.6, "someone", "page"), 0.0)  # a deviation of 0.05 around 0.5

    def sure(points):
        return points[:, 0], np.zeros(len(points))

    held = Held(aim, type("Sure", (), {"chance": 0.0, "__call__": staticmethod(sure)})())
    where = region(held, 2, 1, 1000)
    assert where.points[:, 0].std() == pytest.approx(0.15 / np.sqrt(3), rel=0.1), "evenly over what is not ruled out"
    drawn = likely([held], where, 1)
    assert drawn[:, 0].mean() == pytest.approx(0.5, abs=0.01) and drawn[:, 0].std() == pytest.approx(0.05, rel=0.1)
    assert drawn[:, 1].std() == pytest.approx(1 / np.sqrt(12), rel=0.1)


def test_ratios_are_told_by_their_logarithm():
    assert Aim(Target("y", "y", "ratio", 1.0)).log and Aim(Target("y", "y", "ratio", 0.8, 1.6)).log
    assert not Aim(Target("y", "y", "1", 0.8, 1.6)).log and Aim(Target("y", "y", "1", 0.1, 1.6)).log
    assert not Aim(Target("y", "y", "ratio", None, 1.6)).log


def test_a_region_is_as_large_as_its_ball():
    """Points within a radius of the middle of a cube of five dimensions, a five-hundredth of it."""
    radius = 0.2

    def away(points):
        return CUT * np.linalg.norm(points - 0.5, axis=1) / radius

    found = region(away, 5, seed=1, particles=1000)
    ball = np.pi**2 * 8 / 15 * radius**5
    assert found.volume == pytest.approx(ball, rel=0.35)
    assert (away(found.points) <= CUT).all()
    assert found.points.std(0) == pytest.approx(np.full(5, radius / np.sqrt(7)), rel=0.15), "evenly over the ball"
    assert region(lambda points: 5 + points[:, 0], 5, seed=1, particles=100).is_empty


def test_leaving_one_out_is_as_predicting_it_from_the_others(needs_sklearn):
    from sklearn.gaussian_process import GaussianProcessRegressor
    from sklearn.gaussian_process.kernels import Matern

    from tmesim.calibration.emulator import left_out

    points, noise = asked(()).design(16), np.linspace(0.01, 0.05, 16)
    values = clean(points)[:, 0] - 1.7
    whole = GaussianProcessRegressor(Matern(0.7, nu=2.5), alpha=noise, optimizer=None).fit(points, values)
    away, spread = left_out(whole, noise, values)
    for i in (0, 7):
        rest = np.arange(16) != i
        part = GaussianProcessRegressor(Matern(0.7, nu=2.5), alpha=noise[rest], optimizer=None)
        mean, deviation = part.fit(points[rest], values[rest]).predict(points[i : i + 1], return_std=True)
        assert away[i] == pytest.approx(mean[0] - values[i], rel=1e-6)
        assert spread[i] == pytest.approx(np.sqrt(deviation[0] ** 2 + noise[i]), rel=1e-6)


@pytest.mark.parametrize("host", ["mouse", "human"])
def test_each_parameter_moves_numbers_of_the_catalogue_and_its_whole_range_is_allowed(host):
    free, scenario = parameters(host), section_of(host, 2, 1, {})
    assert len(free) <= MOST and all(p.why and set(p.moves) <= set(MEASURES) for p in free)
    paths = [path for p in free for path in p.paths]
    assert len(paths) == len(set(paths))
    for p in free:
        assert [p.factor(u) for u in (0, 0.5, 1)] == pytest.approx([p.low, (p.low * p.high) ** 0.5, p.high], rel=1e-5)
    for u in (0.0, 1.0):
        made = scenario_with(scenario, settings(free, np.full(len(free), u)))
        numbers, before = (
            {path: n.at(each.species) for path, n in each.catalogue.numbers() if path in paths}
            for each in (made, scenario)
        )
        for p in free:
            for path in p.paths:
                assert numbers[path] == pytest.approx(before[path] * p.factor(u), rel=1e-5), path


# Simulated


def test_a_job_measures_what_a_run_gives_for_the_targets():
    scenario = section_of("mouse", 2, 3, TINY)
    names = question_of(scenario, "none").measures
    done = Tissues(scenario, [{"cells.tumor.behaviors.division": "x1.3"}], names)(Job(0, 1))
    run = tmesim.run(scenario, set={"cells.tumor.behaviors.division": "x1.3", "time.snapshots": ["2 d"]},
                     out=tmesim.TEMPORARY, workers=1, quiet=True, figures=False)  # fmt: skip
    given = {each.target.measure: each.values[1] for each in found_in(run)}
    row = dict(zip(names, done.tables["untreated"][0, 1:], strict=True))
    assert done.tables["untreated"][0, 0] == 2.0
    assert row == pytest.approx({name: given[name] for name in names}, rel=1e-4, nan_ok=True)
    assert sum(np.isfinite(value) for value in row.values()) > 10


class Play:
    """The toy in place of the tissue. broken : how many jobs it does before it fails"""

    broken = None

    def __init__(self, scenario, said, measures):
        self.said, self.measures, self.scenario = said, measures, scenario

    def __call__(self, job, stopped=None):
        if type(self).broken is not None:
            type(self).broken -= 1
            if type(self).broken < 0:
                raise RuntimeError("the power is out")
        factor = [float(self.said[job.point][f"path.{name}"].removeprefix("x")) for name in "abc"]
        u = np.log(np.array(factor) / 0.5)[None] / np.log(4)
        luck = np.random.default_rng([job.point, job.replicate, self.scenario.seed]).normal(0, NOISE, 4)
        return Done(job, {"untreated": np.array([[2.0, *(clean(u)[0] + luck)]])}, 0.01)


@pytest.fixture
def play(monkeypatch):
    monkeypatch.setattr(Play, "broken", None)
    question = asked(targets(clean(TRUTH[None])[0]), particles=100)
    return Calibration(question, section_of("mouse", 2, 3, TINY), 12, 2, simulator=Play)


FILES = ("rows.csv", "ensemble.csv", "targets.csv", "wave_1.csv", "wave_2.csv")


def test_a_calibration_that_was_ended_goes_on_to_the_same_bytes(needs_sklearn, play, tmp_path, monkeypatch):
    calibrate(play, tmp_path / "whole", 1, quiet=True)
    for broken in (10, 20):  # in the first wave, then in the second
        monkeypatch.setattr(Play, "broken", broken)
        with pytest.raises(RuntimeError, match="power"):
            calibrate(play, tmp_path / "torn", 1, resume=True, quiet=True)
    assert yaml.safe_load((tmp_path / "torn" / "calibration.yaml").read_text())["design"]["waves"] == 1
    monkeypatch.setattr(Play, "broken", 24 * 2 - 30)
    calibrate(play, tmp_path / "torn", 1, resume=True, quiet=True)
    for name in FILES:
        assert (tmp_path / "torn" / name).read_bytes() == (tmp_path / "whole" / name).read_bytes(), name
    with pytest.raises(InputError, match="--resume"):
        calibrate(play, tmp_path / "torn", 1, quiet=True)
    monkeypatch.setattr(waves, "model", lambda host: model(host) | {"engine": "new"})
    with pytest.raises(InputError, match=r"was made on .* with another engine; choose another --out"):
        calibrate(play, tmp_path / "torn", 1, resume=True, quiet=True)
    monkeypatch.undo()
    with pytest.raises(InputError, match="another calibration"):
        calibrate(SimpleNamespace(**{**vars(play), "identity": "other"}), tmp_path / "torn", 1, resume=True)


def test_members_are_simulated_on_seeds_of_their_own_and_one_that_misses_does_not_fit(needs_sklearn, play, tmp_path):
    fitted = calibrate(play, tmp_path / "a", 1, quiet=True)
    other = section_of("human", 2, 3, TINY)
    found = calibrate(replace(play, checks=3, transfer=other), tmp_path / "a", 1, resume=True, quiet=True)
    assert (found.ensemble == fitted.ensemble).all() and found.simulated.shape == (len(found.ensemble), 4, 3)
    rows = read_columns((tmp_path / "a" / "members.csv").read_bytes(), (), "")
    away = np.abs(found.simulated.mean(2) - clean(found.ensemble)).mean()
    assert away < 3 * NOISE and set(rows["replicate"]) == {2, 3, 4}
    kept = [each.measure for each in found.match.kept]
    for member, fits in zip(found.simulated, found.fits, strict=True):
        by_hand = [
            abs(member[k].mean() - each.aim.target.low - WIDTH)
            / np.sqrt(each.emulator.replicate_variance / 3 + (WIDTH / 2) ** 2)
            for k, each in ((int(name[1:]), found.held[name]) for name in kept)
        ]
        assert fits == (max(by_hand) <= CUT)
    assert found.fits.any() and found.fits[(found.ensemble == found.best).all(1)].all(), "the best is one that fits"
    some = found.simulated.copy()
    some[0, 1] = np.nan
    rows = {row["measure"]: row for row in target_rows(checked(fitted, some))}
    assert rows["y1"]["model"] == pytest.approx(np.median(some[1:, 1].mean(1))), "one member has no such value"
    off = checked(found, found.simulated + 10 * WIDTH)
    assert not off.fits.any()


def test_sets_that_were_kept_are_absolute_and_only_those_that_fit(needs_sklearn, tmp_path):
    free = parameters()
    base = section_of("mouse", 2, 1, {})
    numbers = base_numbers(base, free)
    rows = [[0, *[2.0] * len(free), 1.0, 1], [1, *[1.0] * len(free), 5.0, 0], [2, *[0.5] * len(free), 1.0, 1]]
    (tmp_path / "ensemble.csv").write_bytes(
        csv_bytes(("member", *(p.name for p in free), "implausibility", "fits"), rows)
    )
    content = {"date": "2026-11-30", "host": "mouse", "model": model("mouse"), "numbers": numbers}
    (tmp_path / "calibration.yaml").write_text(yaml.safe_dump(content))
    found = members_in(tmp_path)
    assert len(found.settings) == 2 and found.model == model("mouse")
    for said, factor in zip(found.settings, (2.0, 0.5), strict=True):
        made = scenario_with(base, said)
        known = {path: n.at("mouse") for path, n in made.catalogue.numbers()}
        before = {path: n.at("mouse") for path, n in base.catalogue.numbers()}
        for path in said:
            assert known[path] == pytest.approx(before[path] * factor, rel=1e-5), path
    with pytest.raises(InputError, match="expected the directory of a calibration"):
        members_in(tmp_path / "none")


def test_a_result_whose_jobs_give_the_same_is_renewed_and_another_is_marked_stale(tmp_path):
    """Sets by factors and by the absolute values that are kept give the same bits."""
    tissue = section_of("mouse", 2, 3, TINY)
    question = question_of(tissue, "none")
    points = question.design(12)[[0, 5]]
    jobs = Tissues(tissue, [settings(question.parameters, point) for point in points], question.measures)
    values = np.array([[jobs(Job(i, 0)).tables["untreated"][0, 1:]] for i in range(2)]).transpose(0, 2, 1)
    content = {"date": "2026-11-30", "host": "mouse", "model": model("mouse") | {"engine": "old"},
               "proof": proof_of(question, tissue, points, values, 0)}  # fmt: skip
    path = tmp_path / "calibration.yaml"
    path.write_text(yaml.safe_dump(content))
    assert confirm(tmp_path, tissue) == []
    assert yaml.safe_load(path.read_text())["model"] == model("mouse")
    content["proof"][1]["gives"]["tumor_inside"] *= 1.0000001
    path.write_text(yaml.safe_dump(content))
    (difference,) = confirm(tmp_path, tissue)
    said = yaml.safe_load(path.read_text())
    assert difference.startswith("tumor_inside was") and said["model"]["engine"] == "old"
    assert "tumor_inside was" in stale(said, model("mouse"))


def test_what_is_kept_is_of_today_or_marked_stale():
    """After a change of numbers or engine: `tmesim calibrate HOST --confirm` renews it, or marks it."""
    for host in ("mouse", "human"):
        path = kept_place(host) / "calibration.yaml"
        if path.is_file():
            content = yaml.safe_load(path.read_text())
            assert "stale" in content or stale(content, model(host)) == "", f"tmesim calibrate {host} --confirm"


def test_a_budget_ends_it_and_says_how_it_goes_on(needs_sklearn, play, tmp_path):
    with pytest.raises(Interrupted, match=r"budget is spent in wave 1 of 2 with 0 of 24 jobs done.*--resume"):
        calibrate(play, tmp_path / "a", 1, budget_s=0.0, quiet=True)
    assert not (tmp_path / "a" / "calibration.yaml").exists()


def test_the_result_says_when_and_by_which_model_it_was_made(needs_sklearn, play, tmp_path):
    found = calibrate(play, tmp_path / "a", 1, quiet=True)
    said = yaml.safe_load((tmp_path / "a" / "calibration.yaml").read_text())
    assert said["best"] == settings(FREE, found.best) and set(said["targets"]) == {"y0", "y1", "y2", "y3"}
    low, high = np.quantile(found.ensemble[:, 0], (0.05, 0.95))
    ends = factors(FREE[:1], np.array([[low], [high]]))[:, 0]
    assert said["parameters"]["a"]["ensemble"] == pytest.approx(ends, rel=1e-4)
    assert said["targets"]["y0"]["model"] == pytest.approx(np.median(found.given["y0"]), rel=1e-4)
    assert said["targets"]["y3"]["role"] == "predicted" and said["stay_free"] == list(found.free)
    now = model("mouse")
    assert stale(said, now) == ""
    assert stale(said, now | {"engine": "new"}) == f"was made on {said['date']} with another engine"
    assert (tmp_path / "a" / "figures" / "targets.png").read_bytes().startswith(b"\x89PNG")


# The command


def test_without_scikit_learn_it_says_what_to_install(monkeypatch, tmp_path):
    monkeypatch.setitem(sys.modules, "sklearn", None)
    wrong = ["--hold-out", "shoes", "--budget", "2 kg"]
    code, _, text = command("calibrate", "mouse", *wrong, "--out", str(tmp_path / "a"))
    assert code == 2 and "pip install 'tmesim[calibration]'" in text
    assert "there is no group 'shoes'; there are 'growth'" in text and "--budget" in text, "all problems at once"
    assert not (tmp_path / "a").exists()


@pytest.mark.slow
def test_a_miniature_goes_through_the_command(needs_sklearn, tmp_path):
    """A few points of a tiny tissue for two days: every part of the real thing, and no number to believe."""
    given = ["calibrate", "mouse", "--points", "12", "--waves", "2", "--replicates", "2", "--checks", "0"]
    given += ["--workers", "1", "--out", str(tmp_path / "a")]
    given += ["--set", "tissue.size=[240 µm, 240 µm]", "--set", "start.tumor.radius=75 µm", "--set", "time.days=3"]
    code, text, _ = command(*given)
    assert code == 0 and "calibration.yaml" in text, text
    said = yaml.safe_load((tmp_path / "a" / "calibration.yaml").read_text())
    assert said["design"] == {"points": 24, "waves": 2, "replicates": 2, "seed": 1}
    assert set(said["parameters"]) == {p.name for p in parameters()} and stale(said, model("mouse")) == ""
    assert {said["targets"][name]["role"] for name in ("volume_growth", "cd8_inside")} <= {"fitted", "given up"}
