"""The list of silent rules: what it measures, by hand."""

import pytest
import silent_rules
from tissues import scenario

from tmesim.body import Body


def at(level):
    """Saturations in a tissue whose oxygen is the same everywhere."""
    body = Body(scenario("minimal"), seed=1)
    body.tissue.fields["oxygen"][:] = level
    return silent_rules.saturations(body), body.catalogue.rules["oxygen_fuels_division"]


def test_a_rule_at_its_half_maximum_is_half_saturated():
    rule = at(1.0)[1]
    half, power = rule.half_max.at("mouse"), rule.power.at("mouse")
    assert at(half)[0]["oxygen_fuels_division", "tumor"] == pytest.approx(0.5, rel=1e-4)
    assert at(2 * half)[0]["oxygen_fuels_division", "tumor"] == pytest.approx(2**power / (1 + 2**power), rel=1e-4)


def test_a_rule_whose_signal_is_absent_is_at_zero_and_one_without_cells_is_not_told():
    found, _ = at(5.0)
    assert found["caf_contact_feeds_division", "tumor"] == 0
    assert {cell for _, cell in found} <= {"tumor", "fibroblast", "adipocyte", "endothelial", "ctl", "treg", "th1",
                                           "m1", "m2", "monocyte", "dendritic", "necrotic"}  # fmt: skip
    assert not [rule for rule, cell in found if cell == "caf"]
