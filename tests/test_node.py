"""The lymph node: delays, growth and contraction by hand; what enters the tissue recognizes the tumor."""

import numpy as np
import pytest
from tissues import tissue

from tmesim.body.lymph_node import LymphNode
from tmesim.catalogue import load_catalogue

PARAMETERS = load_catalogue().processes["priming"]


def antigens(bits):
    return np.array([bits], np.uint32)


def at(name):
    return PARAMETERS[name].at("mouse")


@pytest.mark.parametrize("dt", [1.0, 0.5])
def test_nobody_is_primed_before_lag_and_program_are_over(dt):
    node = LymphNode(PARAMETERS, "mouse", dt)
    node.advance(5, antigens(0b111))
    wait = at("lag") + at("program")
    for _ in range(round((wait - 2) / dt)):
        node.advance(0, antigens(0))
    assert node.levels.sum() == 0
    for _ in range(round(4 / dt)):
        node.advance(0, antigens(0))
    assert node.levels.min() > 0


def test_only_the_clones_whose_antigen_arrived_respond():
    node = LymphNode(PARAMETERS, "mouse", 1.0)
    for _ in range(400):
        node.advance(1, antigens(0b010))
    assert node.levels[1] > 0 and node.levels[0] == node.levels[2] == 0


def test_a_cohort_grows_by_the_program_and_cannot_exceed_its_precursors():
    """Saturating antigen: all precursors leave within some lags; their number grows by e^{rate · program}."""
    node = LymphNode(PARAMETERS, "mouse", 1.0)
    node.contract = 1.0
    for _ in range(4000):
        node.advance(1000, antigens(0b1))
    grown = at("precursors") * np.exp(at("expansion_rate") * (at("program")))
    assert node.blood[0] == pytest.approx(grown, rel=0.1)
    assert node.naive[0] < 1e-6 * at("precursors")


def test_the_response_does_not_depend_on_the_step():
    levels = []
    for dt in (1.0, 0.5):
        node = LymphNode(PARAMETERS, "mouse", dt)
        for step in range(round(400 / dt)):
            node.advance(2 if step % round(24 / dt) == 0 else 0, antigens(0b1))
        levels.append(node.levels[0])
    assert levels[0] == pytest.approx(levels[1], rel=0.05)


def test_antigen_in_the_node_brings_reactive_killers_into_the_tissue():
    """With the node flooded with the tumor's antigens, the share of reactive receptors among entrants rises."""
    t = tissue("untreated", seed=2)
    before = t.blood.clonotypes(t.node).sum()
    for _ in range(300):
        t.node.advance(20, antigens(0b111))
    assert before < 0.15 < t.blood.clonotypes(t.node).sum()
    assert t.blood.levels(t.node)["ctl"] > 1.5
