"""Predictions: what the file may say, what is worked out of pairs, the verdicts, and how a command goes on."""

import math
import re
from types import SimpleNamespace

import numpy as np
import pytest
import yaml
from mutations import command

from tmesim.fingerprint import stale
from tmesim.predictions import running
from tmesim.predictions.asking import asked_of, own_reference, split
from tmesim.predictions.entries import Expected, packaged, packaged_bytes, read
from tmesim.predictions.quantities import Values, between, given, slope
from tmesim.predictions.result import keep, kept
from tmesim.predictions.running import identity, model, predict
from tmesim.reading import InputError, parse
from tmesim.statistics import interval
from tmesim.sweeps.jobs import Done
from tmesim.trial.signals import Interrupted

TEXT = packaged_bytes().decode()
KNOWN = packaged()

# The file


def test_what_the_issue_asks_for_is_written_down():
    assert list(dict.fromkeys(entry.group for entry in KNOWN.predictions.values())) == [
        "regulatory T cells", "PD-L1 by host", "combinations", "clones in the blood", "stem-like cells",
    ]  # fmt: skip
    dois = {entry.doi for entry in KNOWN.predictions.values()}
    assert {"10.1084/jem.20130762", "10.1016/j.immuni.2017.03.013"} <= dois
    assert {entry.host for entry in KNOWN.predictions.values() if entry.group == "PD-L1 by host"} == {
        "pymt_like", "4t1_like", "emt6_like", "human_tnbc"}  # fmt: skip


def test_the_doses_are_crossed_with_killers_helpers_and_interferon_in_every_host():
    asked = asked_of(KNOWN, (), (), 2, 1, {})
    for host in KNOWN.asks["treg_dose"].hosts:
        arms = [arm for point in asked.points if (point.ask, point.host) == ("treg_dose", host) for arm in point.arms]
        doses = [f"treg_{share}" for share in (0, 25, 50, 75, 95, 100)] + [f"sham_{n}" for n in (25, 50, 75, 95, 100)]
        without = ["all", "no_ctl", "no_cd4", "no_ifng", "no_ctl_no_cd4", "no_ctl_no_ifng", "no_cd4_no_ifng", "none"]
        assert {f"{dose}__{who}" for dose in doses for who in without} <= set(arms) and len(arms) == len(set(arms))


@pytest.mark.parametrize(
    ("old", "new", "told"),
    [
        ("checked: abstract", "checked: hearsay", "checked"),
        ("doi: 10.1084/jem.20130762", "doi: jem.20130762", "expected a DOI"),
        ("published: {high: 0}", "published: {}", "expected 'low', 'high' or both"),
        ("published: {low: -0.2, high: 0.25}", "published: {low: 0.3, high: 0.25}", "'low' must be below 'high'"),
        ("kind: ratio,", "kind: raito,", "kind"),
        ("observable: tumor_burden", "observable: tumor_burdn", "Did you mean 'tumor_burden'?"),
        ("arm: treg_100__all", "arm: treg_101__all", "no arm 'treg_101__all' in treg_dose. Did you mean 'treg_1"),
        ("host: pymt_like", "host: pymt", "'treg_dose' is not asked of 'pymt', but of pymt_like"),
        ("4t1_like, emt6_like, mouse]", "4t1_like, emt6_like, muose]", "no host 'muose'. Did you mean 'mouse'?"),
        ("ask: treg_dose", "ask: treg_does", "'treg_does' is not asked. Did you mean 'treg_dose'?"),
        ("null: no_hierarchy", "null: anti_pd_l1", "'anti_pd_l1' is not asked of 'mouse'"),
        ("null: no_hierarchy", "null: stem_like_removal", "varies nothing"),
        ("day: 21", "day: 22", "day 22 is after the end of treg_dose, day 21"),
        ("scenario: combination", "scenario: combinatoin", "combinatoin"),
        ("arm: early, from: 5", "arm: early, from: 60", "'from' must be before 'day'"),
        ("written: 2026-11-30", "written: yesterday", "written"),
        ("    label: all Tregs removed for two weeks\n", "    labl: all Tregs removed for two weeks\n", "labl"),
    ],
)  # fmt: skip
def test_what_is_wrong_is_told_with_line_and_key(old, new, told):
    assert old in TEXT
    text = TEXT.replace(old, new, 1)
    with pytest.raises(InputError) as caught:
        read(parse(text, "p.yaml"))
    assert any(told in str(problem) for problem in caught.value.problems), str(caught.value)
    assert all(re.match(r"p\.yaml:\d+", str(problem)) for problem in caught.value.problems), str(caught.value)


def test_all_mistakes_come_at_once():
    text = TEXT.replace("day: 21", "day: 22", 1).replace("null: no_hierarchy", "null: no", 1)
    text = text.replace("hosts: [mouse]", "hosts: [mice]", 1)
    with pytest.raises(InputError) as caught:
        read(parse(text, "p.yaml"))
    assert len(caught.value.problems) >= 4


# Verdicts and quantities, by hand


@pytest.mark.parametrize(
    ("expected", "low", "high", "verdict"),
    [
        ({"high": 0}, -0.4, -0.1, "hit"), ({"high": 0}, -0.4, 0.1, "inconclusive"), ({"high": 0}, 0.01, 0.2, "miss"),
        ({"low": 0}, -0.4, -0.1, "miss"), ({"low": 0}, 0.0, 0.1, "hit"), ({"low": -0.1, "high": 0.1}, -0.1, 0.1, "hit"),
        ({"low": -0.1, "high": 0.1}, -0.2, 0.2, "inconclusive"),
        ({"low": -0.1, "high": 0.1}, 0.05, 0.2, "inconclusive"),
        ({"low": -0.1, "high": 0.1}, 0.2, 0.3, "miss"), ({"low": -0.1, "high": 0.1}, -0.3, -0.2, "miss"),
        ({"high": 0}, math.nan, math.nan, "inconclusive"),
    ],
)  # fmt: skip
def test_a_verdict_by_hand(expected, low, high, verdict):
    assert Expected(**expected).verdict(low, high) == verdict


def stub(quantity, arms, ends=20.0, nulls=None):
    """A prediction of a quantity, and values of its arms on day 10 and 20. arms : (days, pairs) each"""
    tables = {("a", "mouse", ""): {arm: np.array(y, float).T[:, :, None] for arm, y in arms.items()}}
    for factor, of in (nulls or {}).items():
        tables["n", "mouse", factor] = {arm: np.array(y, float).T[:, :, None] for arm, y in of.items()}
    days = {"a": (10.0, 20.0), "n": (10.0, 20.0)}
    values = Values(tables, days, {"a": ("x",), "n": ("x",)}, {"x": "mm²"}, {"a": ends, "n": ends})
    found = next(e for e in KNOWN.predictions.values() if e.quantity.kind == quantity["kind"])
    part = type(found.quantity).model_validate({"observable": "x", "day": 20.0} | quantity)
    return given(SimpleNamespace(ask="a", host="mouse", quantity=part), values)


def by_hand(logs):
    return [math.expm1(each) for each in interval(np.array(logs))]


T, R, S, Q = [[1, 2, 3], [2, 3, 5]], [[1, 2, 3], [4, 4, 4]], [[1, 1, 1], [3, 2, 2]], [[1, 1, 1], [4, 5, 6]]


def test_a_ratio_is_the_mean_of_logarithms_over_pairs():
    found = stub({"kind": "ratio", "arm": "t", "reference": "r"}, {"t": T, "r": R})
    assert [found.value, found.low, found.high] == pytest.approx(by_hand(np.log([2 / 4, 3 / 4, 5 / 4])), rel=1e-12)
    assert found.pairs == 3 and not found.late


def test_a_ratio_of_ratios_and_a_change_by_hand():
    arms = {"t": T, "r": R, "s": S, "q": Q}
    asked = {"kind": "ratio_of_ratios", "arm": "t", "reference": "r", "other_arm": "s", "other_reference": "q"}
    found = stub(asked, arms)
    logs = np.log([2 / 4, 3 / 4, 5 / 4]) - np.log([3 / 4, 2 / 5, 2 / 6])
    assert [found.value, found.low, found.high] == pytest.approx(by_hand(logs), rel=1e-12)
    found = stub({"kind": "change", "arm": "t", "from": 10.0}, arms)
    assert found.value == pytest.approx(by_hand(np.log([2, 3 / 2, 5 / 3]))[0], rel=1e-12)


def test_a_slope_is_that_of_least_squares():
    doses, y = np.array([0.0, 0.5, 1.0, 1.0]), np.random.default_rng(0).normal(size=(4, 3))
    assert slope(doses, y) == pytest.approx(np.polyfit(doses, y, 1)[0], rel=1e-12)
    arms = {"a": [[1, 1], [8, 8]], "b": [[1, 1], [4, 4]], "c": [[1, 1], [2, 2]]}
    found = stub({"kind": "slope", "doses": {"a": 0.0, "b": 0.5, "c": 1.0}}, arms)
    assert found.value == pytest.approx(-0.75, rel=1e-12), "each half halves it, so that the whole leaves a quarter"


def test_the_excess_over_bliss_by_hand():
    arms = {"r": [[1, 1], [10, 10]], "a": [[1, 1], [5, 5]], "b": [[1, 1], [8, 8]], "ab": [[1, 1], [3, 3]]}
    found = stub({"kind": "bliss", "arm": "a", "other_arm": "b", "both": "ab", "reference": "r"}, arms)
    assert [found.value, found.low, found.high] == pytest.approx([0.1] * 3, rel=1e-12), "0.5 · 0.8 − 0.3"


def test_the_null_is_read_at_the_same_growth():
    """References grow to 4 in between 2 and 8, half of the way on the scale of logarithms; its arms are at a half
    and an eighth there, so at a quarter; the arm is at a quarter of that."""
    arms = {"t": [[1, 1], [0.25, 0.25]], "r": [[1, 1], [4, 4]]}
    nulls = {"x1": {"t": [[1, 1], [4, 4]], "r": [[1, 1], [8, 8]]},
             "x0.5": {"t": [[1, 1], [0.25] * 2], "r": [[1, 1], [2, 2]]},
             "x9": {"t": [[1, 1], [9, 9]], "r": [[1, 1], [90, 90]]}}  # fmt: skip
    asked = {"kind": "beyond_null", "arm": "t", "reference": "r", "null": "n"}
    found = stub(asked, arms, nulls=nulls)
    assert found.value == pytest.approx(-0.75, rel=1e-9) and "between x0.5 and x1, 50 %" in found.note
    assert math.isnan(stub(asked, arms, nulls={"x9": nulls["x9"]}).value)
    assert between(3.0, {"a": 1.0, "b": 2.0}) is None


def test_a_pair_that_is_missing_is_left_out_and_a_run_that_ends_early_is_no_answer():
    arms = {"t": [[1, 2, 3], [2, np.nan, 5]], "r": R}
    asked = {"kind": "ratio", "arm": "t", "reference": "r"}
    assert stub(asked, arms).pairs == 2
    found = stub(asked, arms, ends=10.0)
    assert found.late and "read on day 10, so no answer" in found.note and found.value == 0.0


def test_arms_are_split_evenly_and_compared_with_their_own_kind():
    parts = list(split([str(i) for i in range(25)], 12))
    assert [len(part) for part in parts] == [9, 8, 8] and sum(parts, ()) == tuple(map(str, range(25)))
    assert own_reference("treg_50__no_ctl", "treg_0__all") == "treg_0__no_ctl"
    assert own_reference("drug", "untreated") == "untreated"


# The jobs and the directory

SMALL = {"tissue.size": "[300 µm, 300 µm]", "start.tumor.radius": "75 µm"}


class Toy:
    """In place of the tissue: an arm's burden hangs on its name and on luck. broken : how many jobs it does"""

    broken = None

    def __init__(self, asked):
        self.asked = asked

    def __call__(self, job, stopped=None):
        if type(self).broken is not None:
            type(self).broken -= 1
            if type(self).broken < 0:
                raise RuntimeError("the power is out")
        point = self.asked.points[job.point]
        days, read_ = self.asked.days(point.ask), self.asked.observables(point.ask)
        luck = np.random.default_rng([job.replicate, self.asked.seed]).normal(0, 0.1)
        factor = float(point.factor.removeprefix("x") or 1)
        tables = {}
        for arm in point.arms:
            level = 1000 * factor * math.exp(luck) * (0.5 if arm.startswith("stem_like") else 1)
            tables[arm] = np.array([[day, *[level * (1 + day)] * len(read_)] for day in days])
        return Done(job, tables, 0.01)


@pytest.fixture
def asked(monkeypatch):
    monkeypatch.setattr(Toy, "broken", None)
    return asked_of(KNOWN, ["stem-like cells"], (), 3, 5, SMALL)


def tables(folder):
    names = ("predictions.csv", "effects.csv", "figures/predictions.png")
    return {name: (folder / name).read_bytes() for name in names}


def test_predictions_that_were_ended_go_on_to_the_same_bytes(asked, tmp_path, monkeypatch):
    predict(asked, tmp_path / "whole", 1, quiet=True, task=Toy)
    for broken in (5, 4):
        monkeypatch.setattr(Toy, "broken", broken)
        with pytest.raises(RuntimeError, match="power"):
            predict(asked, tmp_path / "torn", 1, resume=True, quiet=True, task=Toy)
    assert not (tmp_path / "torn" / "predictions.yaml").exists()
    jobs = len(asked.points) * asked.pairs
    monkeypatch.setattr(Toy, "broken", jobs - 9)
    predict(asked, tmp_path / "torn", 1, resume=True, quiet=True, task=Toy)
    assert tables(tmp_path / "torn") == tables(tmp_path / "whole")
    said = yaml.safe_load((tmp_path / "whole" / "predictions.yaml").read_text())
    assert said["predictions"]["stem_like_cells_carry_growth"]["value"] == pytest.approx(0, abs=1e-3), "as the null"
    assert said["predictions"]["stem_like_or_any"]["value"] == pytest.approx(-0.5, abs=0.01)
    assert stale(said, model(asked)) == "" and said["verdicts"]["hit"] >= 1
    assert stale(said, model(asked) | {"engine": "new"}).endswith("with another engine")


def test_a_directory_of_something_else_is_refused(asked, tmp_path, monkeypatch):
    predict(asked, tmp_path / "a", 1, quiet=True, task=Toy)
    with pytest.raises(InputError, match="--resume goes on"):
        predict(asked, tmp_path / "a", 1, quiet=True, task=Toy)
    other = asked_of(KNOWN, ["stem-like cells"], (), 4, 5, SMALL)
    assert identity(other) != identity(asked)
    with pytest.raises(InputError, match="other predictions, or other settings"):
        predict(other, tmp_path / "a", 1, resume=True, quiet=True, task=Toy)
    monkeypatch.setattr(running, "model", lambda asked: model(asked) | {"engine": "new"})
    with pytest.raises(InputError, match="with another engine; choose another --out"):
        predict(asked, tmp_path / "a", 1, resume=True, quiet=True, task=Toy)


def test_a_budget_ends_them_and_says_how_they_go_on(asked, tmp_path):
    with pytest.raises(Interrupted, match=r"budget is spent with 0 of \d+ jobs done.*--resume"):
        predict(asked, tmp_path / "a", 1, budget_s=0.0, quiet=True, task=Toy)


def test_a_part_or_other_settings_are_not_kept(asked, tmp_path):
    with pytest.raises(ValueError, match="only a result of all predictions"):
        keep(tmp_path, asked)
    assert kept().name == "kept"


def test_the_command_tells_mistakes_all_at_once(tmp_path):
    given_ = ["predict", "tregs", "--host", "rat", "--budget", "soon", "--out", str(tmp_path / "a")]
    code, _, told = command(*given_)
    assert code == 2 and not (tmp_path / "a").exists()
    for part in ("there is no prediction 'tregs'", "nothing is asked of 'rat'", "--budget"):
        assert part in told, told
    code, _, told = command("predict", "regrowth", "--keep")
    assert code == 2 and "can be kept" in told


def test_the_command_lists_what_was_written_down():
    code, text, _ = command("predict", "--list")
    assert code == 0 and all(name in text for name in KNOWN.predictions) and KNOWN.written in text


@pytest.mark.slow
def test_a_miniature_goes_through_the_command_with_any_number_of_workers(tmp_path):
    """Two pairs of a tiny tissue for eight days: every part of the real thing, and no number to believe."""
    settings = [part for key, value in (SMALL | {"time.days": "8"}).items() for part in ("--set", f"{key}={value}")]
    for workers in ("1", "2"):
        code, text, told = command("predict", "stem_like_or_any", "anti_cd25_controls", "--pairs", "2", *settings,
                                   "--workers", workers, "--out", str(tmp_path / workers))  # fmt: skip
        assert code == 0 and "predictions.csv" in text, told
    assert tables(tmp_path / "1") == tables(tmp_path / "2")
    said = yaml.safe_load((tmp_path / "1" / "predictions.yaml").read_text())
    assert set(said["predictions"]) == {"stem_like_or_any", "anti_cd25_controls"}
    assert {each["verdict"] for each in said["predictions"].values()} == {"inconclusive"}, "it ends too soon"
