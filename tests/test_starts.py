"""Arms that begin with another tissue: roots of their own, with the same seeds, and the report says so."""

import numpy as np
import pytest
from test_cli import SMALL
from tissues import OneTissue

import tmesim
from tmesim.scenario import read_text

ARMS = """
arms:
  usual: {}
  more_ctl: {set: {start.densities.ctl: x3}}
  same: {set: {cells.tumor.behaviors.division: x1}}
  denser: {set: {start.ecm: 0.6}}
reference: usual
"""


@pytest.fixture(scope="module")
def result(tmp_path_factory):
    lines, kept, skip = SMALL.splitlines(), [], False
    for line in lines:  # exchange the arms of the small scenario
        skip = line.startswith("arms:") or (skip and line.startswith(" "))
        if not skip and not line.startswith("reference:"):
            kept.append(line)
    plan = read_text("\n".join(kept) + ARMS).with_options(days=0.5, replicates=2)
    out = tmp_path_factory.mktemp("starts") / "run"
    return tmesim.run(plan, out=out, workers=1, quiet=True, figures=False)


def test_each_start_is_simulated_from_its_own_tissue(result):
    first = result.timeseries.groupby(["arm", "replicate"]).first()
    for replicate in range(2):
        usual, more = first.loc["usual", replicate], first.loc["more_ctl", replicate]
        assert more["n_ctl"] > 1.5 * usual["n_ctl"] and more["n_tumor"] == usual["n_tumor"]
        assert first.loc["denser", replicate]["ecm_in_tumor"] == pytest.approx(0.6, rel=1e-5)
        assert first.loc["same", replicate].equals(usual)


def test_an_arm_that_changes_nothing_shares_the_history_of_its_start(result):
    series = result.timeseries
    columns = [c for c in series if c != "arm"]
    usual, same = (series[series["arm"] == arm][columns].to_numpy() for arm in ("usual", "same"))
    assert np.array_equal(usual, same, equal_nan=True)


def test_arms_share_seeds_not_history(result):
    """The same arm alone gives the same numbers: another start in the run changes nothing for it."""
    alone = tmesim.run(result.scenario, arms=["more_ctl"], out=result.path.parent / "alone", workers=1, quiet=True,
                       figures=False)  # fmt: skip
    both = result.timeseries[result.timeseries["arm"] == "more_ctl"].drop(columns="arm").to_numpy()
    assert np.array_equal(alone.timeseries.drop(columns="arm").to_numpy(), both, equal_nan=True)


def test_a_tissue_does_not_change_into_that_of_an_arm_with_another_start(result):
    tissue = OneTissue(result.scenario, seed=1, arm="usual")
    with pytest.raises(ValueError, match="begins with another tissue"):
        tissue.treat("more_ctl")
    tissue.treat("same")


def test_the_report_and_the_effects_say_what_is_shared(result):
    from tmesim.drawing.effects import how_to_read
    from tmesim.report.opening import design

    page = str(design(result))
    assert "share no history" in page and "common random numbers" in page
    assert "start.densities.ctl = " in page and "start.ecm = 0.6" in page
    assert "some begin with another tissue" in how_to_read(result)
