"""What a scenario and its arms change in the catalogue: one type, applied in order by one function, refused by name
where it cannot act."""

import pickle

import pytest
import yaml
from test_scenario import ADD

from tmesim.catalogue import load_catalogue
from tmesim.reading import InputError
from tmesim.scenario import load
from tmesim.scenario.file import json_schema
from tmesim.scenario.overlay import Overlay, applied

DIVISION, SPEED = "cells.tumor.behaviors.division", "cells.ctl.behaviors.speed"


def made(**parts):
    return load({"name": "x", "extends": "untreated", "arms": {"untreated": {}}, **parts})


def test_a_scenarios_catalogue_is_the_packaged_one_with_its_overlay_then_the_arms():
    plan = made(
        set={DIVISION: "x2"}, off=["oxygen_fuels_division"],
        arms={"untreated": {}, "fast": {"set": {DIVISION: "x3"}, "off": ["ifng_raises_tumor_pdl1"], "from": "1 d"}},
    )  # fmt: skip
    base = load_catalogue()
    assert plan.catalogue.hash == applied(base, [plan.overlay]).hash
    both = applied(base, [plan.overlay, plan.arm("fast").overlay])
    assert plan.catalogue_for("fast").hash == both.hash != plan.catalogue.hash
    assert both.number(DIVISION).at("mouse") == pytest.approx(6 * base.number(DIVISION).at("mouse"), rel=1e-12, abs=0)
    assert not {"oxygen_fuels_division", "ifng_raises_tumor_pdl1"} & both.rules.keys()
    assert plan.catalogue_for("untreated") is plan.catalogue


def test_an_overlay_adds_before_it_drops_sets_and_switches_off():
    fields = {"fields": yaml.safe_load(ADD)["add"]["fields"]}
    decay = {"fields.il7.decay": "7 1/h"}
    with pytest.raises(ValueError, match=r"there is no number 'fields\.il7\.decay'"):  # what is dropped cannot be set
        applied(load_catalogue(), [Overlay(add=fields, set=decay, drop=("il7",))])
    kept = applied(load_catalogue(), [Overlay(add=fields, set=decay)])
    assert kept.number("fields.il7.decay").at("mouse") == 7.0


def test_an_overlay_that_changes_nothing_leaves_the_catalogue_itself():
    assert not Overlay() and applied(load_catalogue(), [Overlay(), Overlay()]) is load_catalogue()


def test_an_overlay_that_does_not_fit_is_an_error_and_not_a_guess():
    with pytest.raises(ValueError, match=r"there is no number 'cells\.tumor\.behaviors\.divsion'"):
        applied(load_catalogue(), [Overlay(set={"cells.tumor.behaviors.divsion": "1 1/h"})])


def test_set_off_add_and_drop_are_kept_in_one_place_and_cross_to_workers():
    plan = made(set={SPEED: "x2"}, off=["oxygen_fuels_division"])
    assert (plan.set, plan.off, plan.add, plan.drop) == (
        plan.overlay.set, plan.overlay.off, plan.overlay.add, plan.overlay.drop,
    )  # fmt: skip
    assert not {"set", "off", "add", "drop"} & vars(plan).keys()
    assert pickle.loads(pickle.dumps(plan)).overlay == plan.overlay


@pytest.mark.parametrize(
    ("key", "value", "why"),
    [
        ("add", {"fields": {"il7": {}}}, "an arm cannot add entries: its cells, states and fields"),
        ("drop", {"fields": ["il6"]}, "an arm cannot drop fields: the tissue has them from hour 0 on"),
    ],
)
def test_what_an_arm_cannot_change_is_refused_by_name_with_the_reason(key, value, why):
    with pytest.raises(InputError, match=rf"arms\.other\.{key}: {why}"):
        made(arms={"untreated": {}, "other": {key: value}})
    with pytest.raises(InputError, match=rf"{key}: {why}|--set .*{why}"):
        made(arms={"untreated": {}, "other": {}}).with_options(set={f"arms.other.{key}": value})
    arm = json_schema()["$defs"]["ArmPart"]["properties"]
    assert key not in arm and "off" in arm
    with pytest.raises(InputError) as told:
        made(arms={"untreated": {}, "other": {"sett": {}}})
    assert f"{key}," not in str(told.value) and "Known: from, off, set, therapies" in str(told.value)
