"""Replicates until the answer is narrow enough: what decides, what is left, and how it is told. Runs are of a toy."""

import json
import re
import shutil
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
from test_cli import SMALL, tmesim
from toys import TEXT, Toy, contents

import tmesim as package
from tmesim import trial
from tmesim.cli.running import run_scenario
from tmesim.drawing.effects import how_to_read
from tmesim.notices import stopped
from tmesim.reading import InputError
from tmesim.report import page
from tmesim.scenario import load, read_text
from tmesim.shown import Result
from tmesim.statistics import interval, relative_change
from tmesim.trial.stopping import LEAST, MOST, Stopping, Width, asked, stopping_of

EIGHT = "width(tumor_burden) < 8 %"  # what eight replicates of the toy come to
STEPS = 48 + 24 + 3 * 24 + 48  # of a replicate, over the branches of its arms


USUAL = re.compile(r"Student.{1,8}s 95 % interval")  # however the apostrophe is written


def run(scenario, out, until=None, least=None, most=None, replicates=None, **options):
    """As the command line runs it, with the toy."""
    how = {"workers": 1, "figures": False, "quiet": True, "engine": Toy} | options
    made = trial.prepare(scenario, replicates=replicates)
    return trial.run(made, out, trial.Execution(**how), asked(made, until, least, most, replicates))


@pytest.fixture(scope="module")
def scenario():
    return read_text(TEXT)


@pytest.fixture(scope="module")
def until(scenario, tmp_path_factory):
    """A run that was stopped, which tests read and do not change."""
    return run(scenario, tmp_path_factory.mktemp("until") / "run", until=EIGHT)


def values(a, b):
    return {"none": {"e": np.array(b, float)}, "drug": {"e": np.array(a, float)}}


# What is asked for


def test_a_condition_reads_back_as_it_was_meant(scenario):
    texts = ("width(tumor_burden) < 10 %", "width( kills , drug ) <= 20 cells", "width(tumor_burden,untreated) ≤ 5%")
    made = [stopping_of(scenario, text).widths[0] for text in texts]
    assert made == [Width("tumor_burden", None, 0.1, "%"), Width("kills", "drug", 20.0, "cells"),
                    Width("tumor_burden", "untreated", 0.05, "%")]  # fmt: skip
    joined = stopping_of(scenario, " and ".join(texts), 5, 9)
    assert joined == Stopping(tuple(made), 5, 9)
    assert stopping_of(scenario, joined.text, 5, 9) == joined
    assert (stopping_of(scenario, EIGHT).least, stopping_of(scenario, EIGHT).most) == (LEAST, MOST)
    assert stopping_of(scenario, EIGHT, least=60).most == 60


@pytest.mark.parametrize(
    ("text", "right"),
    [
        ("", "width\\(ENDPOINT\\) < 10 %"), ("width(tumor_burden) > 10 %", "expected width"),
        ("width(tumour) < 10 %", "'tumour' is no endpoint.*Did you mean 'tumor_burden'"),
        ("width(tumor_burden, drugs) < 10 %", "no arm 'drugs'.*Did you mean 'drug'"),
        ("width(tumor_burden) < 10 µm", "in % .* or in cells"), ("width(tumor_burden) < 0 %", "above 0"),
        ("width(tumor_burden) < -3 %", "above 0"), ("width(tumor_burden) < ten", "does not start with a number"),
        ("width(tumor_burden) < 10 % and", "expected"),
    ],
)  # fmt: skip
def test_a_condition_that_cannot_be_read_is_told_with_what_would_be_right(scenario, text, right):
    with pytest.raises(InputError, match=right):
        stopping_of(scenario, text)


def test_all_that_is_wrong_is_told_at_once(scenario):
    with pytest.raises(InputError) as wrong:
        asked(scenario, "width(a) < 1 % and width(b, c) < 3 mm", 2, 1, 6)
    told = str(wrong.value)
    assert all(text in told for text in ("--replicates", "--least", "--most", "'a'", "'b'", "'c'", "3 mm"))
    for least, most in ((4, None), (None, 9)):
        with pytest.raises(InputError, match="needs --until"):
            asked(scenario, None, least, most, None)
    assert asked(scenario, None, None, None, 6) is None


# What a width is


def test_a_width_is_half_of_the_interval_of_the_change_the_difference_or_the_mean():
    rng = np.random.default_rng(4)
    b = rng.normal(100, 9, 8)
    a = 0.8 * b + rng.normal(0, 3, 8)
    both = values(a, b)
    _, low, high = relative_change(a, b, kind="confidence sequence")
    assert Width("e", None, 0.1, "%").of(both, "none") == pytest.approx((high - low) / 2, rel=1e-12)
    _, low, high = interval(a - b, kind="confidence sequence")
    assert Width("e", "drug", 5, "cells").of(both, "none") == pytest.approx((high - low) / 2, rel=1e-12)
    mean, low, high = interval(b, kind="confidence sequence")
    assert Width("e", "none", 0.1, "%").of(both, "none") == pytest.approx((high - low) / 2 / mean, rel=1e-12)
    alone = {"none": both["none"]}
    assert Width("e", None, 0.1, "%").of(alone, "none") == Width("e", "none", 0.1, "%").of(both, "none")


def test_the_widest_arm_decides_and_one_without_an_interval_is_not_narrow():
    b = np.array([10.0, 11.0, 12.0, 13.0])
    arms = values(b + [1, 1.1, 0.9, 1], b) | {"other": {"e": b * [1, 2, 1, 0.5]}}
    alone = Width("e", "other", 1, "cells").of(arms, "none")
    assert Width("e", None, 1, "cells").of(arms, "none") == alone > Width("e", "drug", 1, "cells").of(arms, "none")
    arms["other"]["e"] = np.array([np.nan, np.nan, 12.0, 14.0])
    assert Stopping((Width("e", None, 100, "cells"),)).found(arms, "none") == (False, "e ± no interval yet")
    assert Stopping((Width("e", "drug", 1, "cells"), Width("e", "other", 1, "cells"))).found(arms, "none")[0] is False


def test_how_many_it_will_take_is_told_from_the_spread_so_far():
    """Differences of one spread: what twenty of them expect is what it takes."""
    b = np.full(400, 100.0) + np.tile([3.0, -3.0], 200)
    a = b + np.tile([2.0, -2.0, 2.0, -2.0], 100)
    width = Stopping((Width("e", "drug", 1.0, "cells"),))
    expected = width.expected(20, values(a[:20], b[:20]), "none")
    met = next(n for n in range(4, 400) if width.found(values(a[:n], b[:n]), "none")[0])
    assert expected == pytest.approx(met, rel=0.1) and met > 40
    assert width.expected(4, values([1, 2, np.nan, np.nan], b[:4]), "none") == 10_000
    assert width.expected(met, values(a[:met], b[:met]), "none") == met + 1, "the next one"


# What a run leaves


def test_it_ends_with_the_first_number_of_replicates_that_is_enough(scenario, until):
    facts = until.stopping
    assert facts["met"] and until.replicates == facts["replicates"] > LEAST
    n, (width,) = until.replicates, stopping_of(scenario, EIGHT).widths
    found = [
        width.of({arm: {"tumor_burden": until.endpoint("tumor_burden", arm)[:k]} for arm in until.arms}, "untreated")
        for k in range(LEAST, n + 1)
    ]
    assert found[-1] < 0.08 <= min(found[:-1])


def test_all_but_the_comparison_is_what_a_run_of_so_many_would_have_left(scenario, until, tmp_path):
    fixed = run(scenario, tmp_path / "fixed", replicates=until.replicates)
    mine, plain = contents(until.path), contents(fixed.path)
    assert {name for name in mine | plain if mine.get(name) != plain.get(name)} == {"comparison.csv", "complete.json"}
    assert {c.interval for c in until.comparisons} == {"confidence sequence"}
    assert {c.interval for c in fixed.comparisons} == {"Student"}
    for one, other in zip(until.comparisons, fixed.comparisons, strict=True):
        assert one.difference == other.difference and one.high - one.low >= other.high - other.low


def test_workers_that_run_ahead_do_not_change_a_byte(scenario, until, tmp_path):
    with ThreadPoolExecutor(3) as threads:
        ahead = run(scenario, tmp_path / "ahead", until=EIGHT, workers=3, executor=threads)
    assert ahead.replicates % 3 != LEAST % 3, "some were begun beyond the end"
    assert contents(ahead.path) == contents(until.path)


def test_the_most_replicates_end_it_too_and_that_is_told(scenario, tmp_path):
    result = run(scenario, tmp_path / "run", until="width(tumor_burden) < 1 %", most=5)
    assert result.replicates == 5 and result.stopping["met"] is False
    assert "did not hold with 5" in stopped(result)


class Breaks(Toy):
    """A power cut in one of the later replicates."""

    cut = True

    def step(self):
        super().step()
        if Breaks.cut and self.replicate == 6 and self.step_index == 60:
            raise KeyboardInterrupt


def test_an_interrupted_one_resumes_to_the_same_bytes(scenario, until, tmp_path):
    Breaks.cut = True
    with pytest.raises(KeyboardInterrupt):
        run(scenario, tmp_path / "run", engine=Breaks, until=EIGHT)
    Breaks.cut = False
    with pytest.raises(InputError, match="resume it with this --until"):
        run(scenario, tmp_path / "run", engine=Breaks, replicates=9, resume=True)
    with pytest.raises(InputError, match="--resume"):
        run(scenario, tmp_path / "run", engine=Breaks, until=EIGHT)
    Toy.steps_made = 0
    result = run(scenario, tmp_path / "run", engine=Breaks, until=EIGHT, resume=True)
    assert contents(result.path) == contents(until.path)
    assert Toy.steps_made == (until.replicates - 6) * STEPS, "the first six were kept"


def test_killed_after_the_decision_it_decides_the_same(scenario, until, tmp_path, monkeypatch):
    def killed(*arguments):
        raise SystemError("killed")

    with monkeypatch.context() as patched, pytest.raises(SystemError):
        patched.setattr(trial, "write_tables", killed)
        run(scenario, tmp_path / "run", until=EIGHT)
    result = run(scenario, tmp_path / "run", until=EIGHT, resume=True)
    assert contents(result.path) == contents(until.path)


@pytest.fixture
def copy(until, tmp_path):
    return shutil.copytree(until.path, tmp_path / "copy")


def test_asked_again_it_is_read_and_asked_for_less_width_it_goes_on(scenario, until, copy):
    Toy.steps_made = 0
    assert run(scenario, copy, until=EIGHT).replicates == until.replicates
    assert Toy.steps_made == 0
    n = until.replicates
    narrower = run(scenario, copy, until="width(tumor_burden) < 7 %")
    assert narrower.replicates > n and narrower.stopping["first"] == n
    assert Toy.steps_made == (narrower.replicates - n) * STEPS, "the new ones only"


def test_a_run_of_a_fixed_number_is_the_beginning_of_one_that_is_stopped(scenario, tmp_path):
    run(scenario, tmp_path / "run", replicates=6)
    result = run(scenario, tmp_path / "run", until="width(tumor_burden) < 30 %")
    assert (result.replicates, result.stopping["first"]) == (6, 6)
    assert {c.interval for c in Result(tmp_path / "run").comparisons} == {"confidence sequence"}
    with pytest.raises(InputError, match="--most 6"):
        run(scenario, tmp_path / "run", until="width(tumor_burden) < 30 %", most=5)


def test_once_stopped_its_intervals_stay_those_of_a_stopped_run(scenario, until, copy):
    more = run(scenario, copy, replicates=until.replicates + 2)
    assert more.replicates == until.replicates + 2 and {c.interval for c in more.comparisons} == {"confidence sequence"}
    assert "; 2 more were added later" in stopped(more)


# How it is told


def test_every_number_of_a_stopped_run_says_of_which_kind_it_is(until):
    assert set(until.compare(day=2).interval) == {"confidence sequence"}
    told = stopped(until)
    assert f"held with {until.replicates}" in told and EIGHT in told and "1.9 times as wide" in told
    shown = page(until)
    assert EIGHT.replace("<", "&lt;") in shown and "arXiv:2310.03722" in shown and not USUAL.search(shown)
    assert "exchange of signs" not in how_to_read(until) and "confidence sequence" in how_to_read(until)
    assert "confidence sequence" in until.plot.differences().figure.texts[1].get_text()


def test_a_run_of_a_fixed_number_says_nothing_of_it(scenario, tmp_path):
    result = run(scenario, tmp_path / "run")
    assert stopped(result) == "" and result.stopping == {} and USUAL.search(page(result))


def test_a_wrong_condition_is_refused_before_anything_is_written(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "small.yaml").write_text(SMALL, encoding="utf-8")
    with pytest.raises(InputError, match=r"(?s)--replicates.*'n_treg'"):
        run_scenario("small.yaml", None, None, 3, None, None, 1, [], False, False, True, 60, "width(n_tregs) < 10 %")
    with pytest.raises(InputError, match="until: 'n_tregs' is no endpoint"):
        package.run("small.yaml", until="width(n_tregs) < 10 %")
    with pytest.raises(InputError, match=r"until: expected a text.*\n.*least: expected a whole number"):
        package.run("small.yaml", until=10, least=2.5)
    assert [path.name for path in tmp_path.iterdir()] == ["small.yaml"]


def test_the_command_line_adds_replicates_and_says_so(tmp_path):
    path = tmp_path / "small.yaml"
    path.write_text(SMALL.replace("days: 2", "days: 1").replace("start: 1 d", "start: 6 h"), encoding="utf-8")
    done = tmesim("run", path, "--until", "width(tumor_burden, drug) < 10 %", "--most", "5", "--no-figures",
                  "--workers", "1", cwd=tmp_path)  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert "4 to 5 replicates" in done.stderr and "confidence sequence" in done.stdout
    facts = json.loads((tmp_path / "runs" / "small" / "provenance.json").read_text())["stopping"]
    assert facts["until"] == "width(tumor_burden, drug) < 10 %" and facts["replicates"] in (4, 5)
    written = load(tmp_path / "runs" / "small" / "scenario.yaml")
    assert written.replicates == facts["replicates"]
