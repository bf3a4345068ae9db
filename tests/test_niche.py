"""The premetastatic niche and the brain's own exosomes: who is turned, by what, and what it does to tumor cells."""

import numpy as np
import pytest
from tissues import BUSY, OneTissue, rows_of, scenario

from tmesim.body import Body
from tmesim.catalogue import load_catalogue
from tmesim.kernels.arrays import EMPTY, PAD
from tmesim.observables import observables_of
from tmesim.scenario import load
from tmesim.section import Section
from tmesim.tissue.lesion import lesion_over_section

LEVEL = "fields.exosomes.vessel.level"
UPTAKES = {
    "lung": ("lung_fibroblast", "a6b4_exosomes_educate_lung_fibroblasts"),
    "liver": ("kupffer", "avb5_exosomes_educate_kupffer_cells"),
    "brain": ("microglia", "b3_exosomes_educate_brain"),
}


def soil(organ, level="1", days=0, seed=1, **parts):
    """An organ without a tumor some days after exosomes came into its blood."""
    start = {"organ": organ, "tumor": [], "densities": {"arrested": "0 /mm²"}}
    numbers = {LEVEL: level} | parts.pop("set", {})
    t = OneTissue(scenario("minimal", start=start, set=numbers, **parts), seed=seed)
    for _ in range(round(24 * days / t.dt)):
        t.step()
    return t


def state(t, cell, name="education"):
    return t.cells.columns.state[rows_of(t, cell), t.biology.states.index(name)]


def value(t, cell, behavior):
    t.run("sense")
    return t.cells.value[rows_of(t, cell), t.biology.slot(cell, behavior)]


@pytest.mark.parametrize("organ", list(UPTAKES))
def test_exosomes_of_the_blood_educate_the_cells_that_have_their_integrin(organ):
    cell, uptake = UPTAKES[organ]
    turned = state(soil(organ, days=4), cell).mean()
    assert turned > 0.02
    assert state(soil(organ, level="0", days=1), cell).max() == 0
    blocked = soil(organ, days=1, off=[uptake])
    assert blocked.fields["exosomes"].max() > 0.005 and state(blocked, cell).max() == 0


def test_a_blocked_uptake_of_another_organ_changes_nothing():
    other = UPTAKES["liver"][1]
    assert soil("lung", days=1).hash() == soil("lung", days=1, off=[other]).hash()


def test_barriers_hold_exosomes_and_fenestrae_let_them_through():
    means = {organ: float(soil(organ, days=2).fields["exosomes"].mean()) for organ in ("liver", "lung", "brain")}
    assert means["liver"] > means["lung"] > 1.5 * means["brain"] > 0


EDUCATED = [
    ("lung", "lung_fibroblast", "lung_fibroblast", "deposition.ecm"),
    ("lung", "lung_fibroblast", "lung_fibroblast", "caf_activation_gain"),
    ("liver", "kupffer", "kupffer", "secretion.tgfb"),
    ("brain", "microglia", "microglia", "secretion.ccl2"),
    ("lung", "lung_fibroblast", "endothelial", "admit.mdsc"),
    ("lung", "lung_fibroblast", "endothelial", "admit.monocyte"),
    ("lung", "lung_fibroblast", "endothelial", "secretion.ccl2"),
    ("lung", "lung_fibroblast", "endothelial", "sprouting"),
]


@pytest.mark.parametrize(("organ", "educated", "cell", "behavior"), EDUCATED)
def test_the_educated_and_the_vessels_beside_them_act(organ, educated, cell, behavior):
    found = []
    for z in ("0", "1"):
        t = soil(organ, level="0", set={f"cells.{educated}.starts.education": z})
        found.append(value(t, cell, behavior))
    assert (found[1] >= found[0]).all() and found[1].mean() > 1.05 * found[0].mean()


def near(t, cell, layer):
    """A free site of a layer on or beside the site of a cell of a type, of which none is beside a second one."""
    free = t.layers[layer][PAD:-PAD, PAD:-PAD] == EMPTY
    for row in rows_of(t, cell):
        y, x = int(t.cells.y[row]), int(t.cells.x[row])
        for v, u in ((y, x), (y - 1, x), (y + 1, x), (y, x - 1), (y, x + 1)):
            if 0 <= v < t.shape[0] and 0 <= u < t.shape[1] and free[v, u]:
                return v, u
    raise AssertionError(f"no room beside {cell}")


@pytest.mark.parametrize(
    ("cell", "behavior", "sign"),
    [("arrested", "apoptosis", -1), ("tumor", "apoptosis", -1), ("tumor", "dormancy_gain", -1),
     ("tumor", "division", 1)],
)  # fmt: skip
def test_tumor_cells_beside_the_educated_fare_better(cell, behavior, sign):
    found = []
    for z in ("0", "1"):
        t = soil("lung", level="0", set={"cells.lung_fibroblast.starts.education": z})
        t.fields["oxygen"][:] = 40.0
        name = int(t.cells.id[t.spawn(cell, *near(t, "lung_fibroblast", 1 if cell == "arrested" else 0))])
        t.run("sense")
        found.append(float(t.cells.value[t.row_of(name), t.biology.slot(cell, behavior)]))
    assert (found[1] - found[0]) * sign > 0.05 * max(found)


def test_exosomes_open_the_wall_for_cells_that_it_holds():
    t = soil("brain", level="0")
    name = int(t.cells.id[t.spawn("arrested", *near(t, "endothelial", 1))])
    rates = []
    for level in (0.0, 0.5):
        t.fields["exosomes"][:] = level
        t.run("sense")
        rates.append(float(t.cells.value[t.row_of(name), t.biology.slot("arrested", "extravasation")]))
    assert rates[1] > 1.3 * rates[0] > 0


def test_exosomes_form_osteoclasts():
    t = soil("bone", level="0")
    t.fields["rankl"][:] = 200.0
    rates = []
    for level in (0.0, 0.5):
        t.fields["exosomes"][:] = level
        rates.append(float(value(t, "osteoclast", "division").mean()))
    assert rates[1] > 1.1 * rates[0] > 0


def test_a_primary_tumor_has_neither_exosomes_nor_education():
    biology = OneTissue(load("untreated"), seed=1, types=load("untreated").reached).biology
    assert "exosomes" not in biology.fields and "education" not in biology.states


# The primary's own exosomes


FULL = "fields.exosomes.vessel.full_grown"


def beside(radius="180 µm", days=1, seed=2, full="3e5 cells", therapies=(), **numbers):
    """A body with a tumor of some size and a lung; what is full-grown is small, so that it shows within days."""
    start = BUSY | {"organs": {"lung": {}}, "tumor": [{"radius": radius, "fill": 0.9}]}
    arms = {"plain": {"therapies": list(therapies)}}
    body = Body(scenario("minimal", start=start, set={FULL: full} | numbers, arms=arms, reference="plain"), seed=seed)
    for _ in range(round(24 * days / body.dt)):
        body.step()
    return body


def turned(body):
    lung = body.organs["lung"]
    rows = np.flatnonzero(lung.cells.type[: lung.cells.n] == lung.biology.code("lung_fibroblast"))
    return float(lung.cells.columns.state[rows, lung.biology.states.index("education")].mean())


def test_the_blood_carries_the_exosomes_of_the_lesion():
    """By hand: cells of the patch times what its lesion is larger, over those of a full-grown tumor."""
    body = beside(days=0)
    cells = Section.of(body.tissue).count("tumor")
    assert body.borne == {"exosomes": pytest.approx(cells * lesion_over_section(body.tissue) / 3e5, rel=1e-12)}
    slot = body.organs["lung"].biology.fields.index("exosomes")
    assert body.passed["lung"].inputs.blood[slot] == pytest.approx(body.borne["exosomes"], rel=1e-6)
    with_level = beside(days=0, **{LEVEL: "2"})
    both = with_level.passed["lung"].inputs.blood[slot]
    assert both == pytest.approx(2 + body.borne["exosomes"], rel=1e-6), "on top of what is set"
    known = observables_of(body.scenario.catalogue, (), ("lung",))
    assert known["exosomes_in_blood"](body) == body.borne["exosomes"]


def test_a_larger_primary_prepares_a_soil_more_and_none_without_exosomes():
    small, large = (turned(beside(radius, days=2)) for radius in ("90 µm", "180 µm"))
    assert large > 3 * small > 0
    assert turned(beside(days=1, **{"fields.exosomes.vessel.primary": "0"})) == 0


def test_surgery_on_day_0_takes_the_exosomes_away():
    left, taken = (
        beside(days=2, therapies=some) for some in ((), [{"use": "surgery", "start": "0 d"}])
    )
    assert taken.borne["exosomes"] < 0.02 * left.borne["exosomes"]
    assert turned(taken) < 0.1 * turned(left)


def test_cells_that_came_by_the_blood_are_no_primary():
    start = {"organ": "kidney", "tumor": [], "organs": {"lung": {}}, "injection": {"route": "patch", "cells": 12}}
    body = Body(scenario("minimal", start=start), seed=1)
    known = observables_of(body.scenario.catalogue, (), ("lung",))
    assert body.borne == {} and known["exosomes_in_blood"](body) == 0


def test_a_body_with_exosomes_goes_on_from_its_state_to_the_same_bits():
    through, half = beside(days=2), beside(days=1)
    again = Body.from_state(half.scenario, half.state())
    assert again.borne == half.copy().borne
    for _ in range(round(24 / again.dt)):
        again.step()
    assert turned(again) == turned(through) > 0 and again.hash() == through.hash()


# The brain's own


def test_pten_is_lost_beside_astrocytes_and_comes_back_away_from_them():
    still = {f"cells.tumor.behaviors.{what}": "0 1/h" for what in ("division", "apoptosis", "necrosis")}
    t = soil("brain", level="0", set=still)
    name = int(t.cells.id[t.spawn("tumor", *near(t, "astrocyte", 0))])
    held = t.biology.states.index("pten_loss")
    seen = []
    for _ in range(72):
        t.step()
        seen.append(float(t.cells.columns.state[t.row_of(name), held]))
    assert seen[-1] > 0.3 and seen[-1] == max(seen)
    for astrocyte in t.cells.id[rows_of(t, "astrocyte")].tolist():
        t.kill(t.row_of(astrocyte))
    for _ in range(96):
        t.step()
    assert float(t.cells.columns.state[t.row_of(name), held]) < 0.5 * seen[-1]


@pytest.mark.parametrize(("behavior", "sign"), [("division", 1), ("apoptosis", -1), ("secretion.ccl2", 1)])
def test_loss_of_pten_feeds_and_spares_and_calls_myeloid_cells(behavior, sign):
    t = soil("kidney", level="0")
    name = int(t.cells.id[t.spawn("tumor", *near(t, "endothelial", 0))])
    found = []
    for z in (0.0, 1.0):
        t.cells.columns.state[t.row_of(name), t.biology.states.index("pten_loss")] = z
        t.fields["oxygen"][:] = 40.0
        t.run("sense")
        found.append(float(t.cells.value[t.row_of(name), t.biology.slot("tumor", behavior)]))
    assert (found[1] - found[0]) * sign > 0.1 * max(found)


def test_oxidants_of_muscle_hold_division():
    rates = {}
    for name, off in (("held", []), ("free", ["oxidants_of_muscle_hold_division"])):
        t = soil("muscle", level="0", off=off)
        cell = int(t.cells.id[t.spawn("tumor", *near(t, "endothelial", 0))])
        t.fields["oxygen"][:] = 40.0
        t.run("sense")
        rates[name] = float(t.cells.value[t.row_of(cell), t.biology.slot("tumor", "division")])
    assert 0 < rates["held"] < 0.6 * rates["free"]


@pytest.mark.slow
def test_a_soil_prepared_for_two_weeks_lets_more_cells_stay():
    """Sixty cells come to a lung two weeks after exosomes, or without; those alive in it four days later, which
    are few and have not come to its walls; twelve seeds."""
    alive = {"0": [], "1": []}
    for level, found in alive.items():
        for seed in range(12):
            t = soil("lung", level=level, days=14, seed=seed)
            for row in np.linspace(0, rows_of(t, "endothelial").size - 1, 60).astype(int):
                y, x = (int(v[rows_of(t, "endothelial")[row]]) for v in (t.cells.y, t.cells.x))
                if t.layers.leukocyte[y + PAD, x + PAD] == EMPTY:
                    t.spawn("arrested", y, x)
            for _ in range(round(4 * 24 / t.dt)):
                t.step()
            found.append(rows_of(t, "tumor").size)
    assert np.sum(alive["1"]) > 1.3 * np.sum(alive["0"]), alive


def test_every_rule_of_the_niche_rests_on_a_claim_of_exosomes_or_organs():
    rules = {name: rule for name, rule in load_catalogue().rules.items() if "exosomes" in rule.signal}
    assert len(rules) >= 5 and all(any("-" in text and " " not in text for text in r.evidence) for r in rules.values())
