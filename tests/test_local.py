"""Radiation and surgery: what a fraction leaves by hand computation, whom it spares, what an operation takes."""

import numpy as np
import pytest
import yaml
from tissues import BUSY, OneTissue, check_layers, count, rows_of, scenario, shuffle_rows

from tmesim.catalogue import load_catalogue
from tmesim.kernels.arrays import DEAD, PAD
from tmesim.kernels.chance import PRIMARY
from tmesim.reading import InputError
from tmesim.scenario import read_text
from tmesim.tissue.process import Local
from tmesim.tissue.processes.irradiate import Irradiate
from tmesim.tissue.processes.resect import Resect

CATALOGUE = load_catalogue()
RADIATION, SURGERY = CATALOGUE.therapies["radiation"], CATALOGUE.therapies["surgery"]
FILLED = {"tumor": [{"radius": "250 µm", "fill": 1.0}], "densities": {"ctl": "600 /mm²", "nk": "300 /mm²"}}
ONCE = {"use": "radiation", "start": "2 h", "dose": "6 Gy", "times": 1}
CUT = {"use": "surgery", "start": "3 h"}


def treated(therapies, start=BUSY, seed=2, hours=0, set=None, arms=None, **parts):
    """A tissue of an arm with some therapies, some hours old."""
    s = scenario("minimal", start=start, set=set or {}, reference="plain",
                 arms={"plain": {}, "given": {"therapies": therapies}} | (arms or {}), **parts)  # fmt: skip
    t = OneTissue(s, seed=seed, arm="given")
    for _ in range(hours):
        t.step()
    return t


def now(t, use, dose=1.0):
    """Give a tissue radiation or surgery outside of the step."""
    passed = t.body.passed[PRIMARY]
    passed.local = (Local(use, dose),)
    t.body.run(Irradiate)
    t.body.run(Resect)
    passed.local = ()


def doomed(t, cell):
    rows = rows_of(t, cell)
    return t.cells.columns.state[rows, t.biology.states.index("lethal_damage")] == 1.0


def flooded(t, level):
    """The tissue with one level of oxygen everywhere, and no stemness."""
    t.fields["oxygen"][:] = level
    t.cells.columns.state[: t.cells.n, t.biology.states.index("stemness")] = 0.0
    return t


# Radiation


@pytest.mark.parametrize("dose", [1.0, 2.0, 4.0])
def test_a_fraction_leaves_the_share_of_the_linear_quadratic_law(dose):
    """Plenty of oxygen, no stem-like cells: exp(-alpha D - beta D²) within four standard errors."""
    t = flooded(treated([ONCE], FILLED), 1e4)
    now(t, "radiation", dose)
    sure = {"tumor": RADIATION.survival[0], "ctl": RADIATION.survival[1], "nk": RADIATION.survival[3]}
    for cell, numbers in sure.items():
        due = np.exp(-numbers.alpha.at("mouse") * dose - numbers.beta.at("mouse") * dose**2)
        hit = doomed(t, cell)
        assert 1 - hit.mean() == pytest.approx(due, abs=4 * np.sqrt(due * (1 - due) / hit.size))
        assert t.counters[f"doomed.{cell}"] == hit.sum()


@pytest.mark.parametrize("level", [0.0, 3.0, 30.0])
def test_lack_of_oxygen_shields_by_the_ratio(level):
    """Anoxic cells survive 6 Gy as others do 2 Gy; at half of the effect as 4 Gy."""
    t = flooded(treated([ONCE], FILLED), level)
    now(t, "radiation", 6.0)
    ratio, half = RADIATION.oxygen.ratio.at("mouse"), RADIATION.oxygen.half.at("mouse")
    felt = 6.0 * (1 + (ratio - 1) * level / (level + half)) / ratio
    if level == 0.0:
        assert felt == pytest.approx(2.0)
    numbers, hit = RADIATION.survival[0], doomed(t, "tumor")
    due = np.exp(-numbers.alpha.at("mouse") * felt - numbers.beta.at("mouse") * felt**2)
    assert 1 - hit.mean() == pytest.approx(due, abs=4 * np.sqrt(due * (1 - due) / hit.size))


def test_lymphocytes_are_more_sensitive_than_tumor_cells_to_small_fractions_and_stroma_is_spared():
    t = flooded(treated([ONCE]), 1e4)
    now(t, "radiation", 1.5)
    shares = {cell: doomed(t, cell).mean() for cell in ("tumor", "ctl", "th1", "treg")}
    assert shares["ctl"] > shares["tumor"] > 0 and shares["th1"] > shares["treg"] > 0
    at = t.biology.states.index("lethal_damage")
    for cell in ("fibroblast", "m1", "endothelial", "dendritic"):
        assert rows_of(t, cell).size and not t.cells.columns.state[rows_of(t, cell), at].any()


def test_stem_like_cells_resist_and_are_enriched():
    t = flooded(treated([ONCE], FILLED), 1e4)
    rows = rows_of(t, "tumor")
    stem = np.arange(rows.size) % 2 == 0
    t.cells.columns.state[rows[stem], t.biology.states.index("stemness")] = 1.0
    now(t, "radiation", 2.0)
    hit = doomed(t, "tumor")
    assert hit[stem].mean() < hit[~stem].mean() - 0.1


def test_doomed_cells_stop_dividing_die_over_days_and_leave_antigens():
    t = treated([ONCE | {"dose": "20 Gy"}], FILLED, hours=4)
    hit = doomed(t, "tumor")
    assert hit.mean() > 0.9
    rows = rows_of(t, "tumor")
    divides = t.cells.columns.value[rows, t.biology.slot("tumor", "division")]
    dies = t.cells.columns.value[rows, t.biology.slot("tumor", "apoptosis")]
    usual = CATALOGUE.cells["tumor"].behaviors["apoptosis"].at("mouse")
    assert divides[hit].max() < 0.005 * CATALOGUE.cells["tumor"].behaviors["division"].at("mouse")
    assert np.median(dies[hit]) > 3 * usual
    began = hit.sum()
    lost = []
    for day in range(4):
        for _ in range(24):
            t.step()
        lost.append(1 - doomed(t, "tumor").sum() / began)
        if day == 0:
            assert t.maps.antigens.any()
    assert 0.2 < lost[0] < 0.8 < lost[-1]


def test_a_null_dose_differs_from_none_by_exactly_zero():
    plain, null = (treated([ONCE | {"dose": dose}], hours=0) for dose in ("6 Gy", "0 Gy"))
    plain.treat("plain")
    for _ in range(30):
        plain.step()
        null.step()
    assert null.hash() == plain.hash()
    assert {k: v for k, v in null.counters.items() if v} == {k: v for k, v in plain.counters.items() if v}


def test_fractions_are_given_as_often_as_the_schedule_says():
    t = treated([{"use": "radiation", "start": "2 h", "every": "5 h", "times": 3, "dose": "1 Gy"}])
    seen = []
    for _ in range(20):
        before = t.counters["doomed.tumor"]
        t.step()
        seen.append(t.counters["doomed.tumor"] > before)
    assert [hour for hour, hit in enumerate(seen) if hit] == [2, 7, 12]


# Surgery


def test_an_operation_takes_each_tumor_cell_and_leaves_what_lies_beyond_the_margin():
    t = treated([CUT], set={"therapies.surgery.margin": "60 µm"}, hours=3)
    before = {cell: count(t, cell) for cell in ("tumor", "fibroblast")}
    y, x = t.cells.y[rows_of(t, "tumor")], t.cells.x[rows_of(t, "tumor")]
    now(t, "surgery")
    check_layers(t)
    assert before["tumor"] > 0 == count(t, "tumor")
    assert 0 < count(t, "fibroblast") < before["fibroblast"]
    assert t.counters["resected.tumor"] == before["tumor"]
    living = np.flatnonzero(t.cells.type[: t.cells.n] != DEAD)
    apart = np.hypot(t.cells.y[living][:, None] - y, t.cells.x[living][:, None] - x).min(1) * t.spacing
    assert 60 < apart.min() < 75 + 15


def test_an_operation_leaves_the_stated_share_and_a_wound():
    t = treated([CUT], FILLED, set={"therapies.surgery.residual": 0.2, "therapies.surgery.margin": "0 µm"})
    before, debris = count(t, "tumor"), t.matrix["debris"].copy()
    now(t, "surgery")
    left = count(t, "tumor")
    assert left / before == pytest.approx(0.2, abs=4 * np.sqrt(0.2 * 0.8 / before))
    raised = t.matrix["debris"] - debris
    assert set(np.unique(raised)) == {np.float32(0), np.float32(SURGERY.wound.at("mouse"))}
    assert np.count_nonzero(raised) >= before - left
    assert not t.maps.antigens.any()  # what is taken away does not lie there to be captured
    check_layers(t)


def test_an_operation_that_leaves_all_changes_nothing_at_all():
    null = treated([CUT], set={"therapies.surgery.residual": 1})
    plain = treated([CUT], set={"therapies.surgery.residual": 1})
    plain.treat("plain")
    for _ in range(30):
        null.step()
        plain.step()
    assert null.hash() == plain.hash()


def test_after_surgery_the_tumor_is_gone_and_what_is_left_grows_again():
    """A tumor fed by vessels that no lymphocyte comes to: all of it goes in one arm, and a rest regrows in another."""
    fed = {"tumor": [{"radius": "200 µm", "fill": 0.9}], "densities": {}, "capillaries": "200 /mm²"}
    rest = {"therapies": [CUT], "set": {"therapies.surgery.residual": 0.3, "therapies.surgery.margin": "0 µm"}}
    t = treated([CUT], fed, hours=4, arms={"rest": rest})
    left = OneTissue(t.scenario, seed=2, arm="rest")
    for _ in range(4):
        left.step()
    began = count(left, "tumor")
    assert count(t, "tumor") == 0 < began
    for _ in range(100):
        t.step()
        left.step()
    assert count(t, "tumor") == 0 and count(left, "tumor") > 1.2 * began


def test_an_operation_cuts_vessels_and_bodies_without_a_trace():
    start = BUSY | {"densities": BUSY["densities"] | {"adipocyte": "200 /mm²"}}
    t = treated([CUT], start, hours=5)
    check_layers(t)
    there = t.layers.vessel[PAD:-PAD, PAD:-PAD] >= 0
    assert (t.vessels.links[~there] == 0).all()
    for _ in range(10):
        t.step()
    check_layers(t)


def test_what_has_settled_elsewhere_is_not_taken_with_the_primary():
    start = {"organs": {"kidney": {}}, "injection": {"route": "patch", "cells": 20}}
    t = treated([ONCE, CUT], BUSY | start, hours=3)
    kidney = t.body.sites["kidney"]
    before = int(np.count_nonzero(kidney.cells.type[: kidney.cells.n] != DEAD))
    now(t, "surgery")
    assert count(t, "tumor") == 0
    assert int(np.count_nonzero(kidney.cells.type[: kidney.cells.n] != DEAD)) == before > 0
    assert not any(name.startswith(("doomed", "resected")) for name in kidney.counters)


# Both


@pytest.mark.parametrize("seed", [1, 2])
def test_the_bits_do_not_hang_on_the_order_of_rows_nor_on_a_pause(seed):
    therapies = [ONCE | {"start": "1 h", "dose": "2 Gy"}, CUT | {"start": "5 h"}]
    half = {"therapies.surgery.residual": 0.4}
    straight, dealt, paused = (treated(therapies, set=half, seed=seed) for _ in range(3))
    for hour in range(12):
        straight.step()
        shuffle_rows(dealt, hour)
        dealt.step()
        if hour in (0, 1, 2, 5, 6):
            paused = OneTissue.from_state(paused.scenario, paused.state())
        paused.step()
    assert straight.counters["doomed.tumor"] > 0 and straight.counters["resected.tumor"] > 0
    assert straight.hash() == dealt.hash() == paused.hash()
    assert straight.counters == dealt.counters == paused.counters


def test_two_fractions_at_one_time_draw_apart():
    once = treated([ONCE | {"dose": "3 Gy"}], hours=3)
    twice = treated([ONCE | {"dose": "3 Gy"}, ONCE | {"dose": "3 Gy"}], hours=3)
    assert twice.counters["doomed.tumor"] > 1.2 * once.counters["doomed.tumor"]


def test_a_site_beside_the_home_tissue_is_not_irradiated():
    t = treated([ONCE], hours=4)
    assert all(not passed.local for name, passed in t.body.passed.items() if name != PRIMARY)
    assert t.body.passed[PRIMARY].local == ()
    again = treated([ONCE], hours=2)
    again.run("treat")
    assert again.body.passed[PRIMARY].local == (Local("radiation", 6.0),)


MINIMAL = yaml.safe_dump(scenario("minimal", arms={"plain": {}}, reference="plain").content(), allow_unicode=True)


@pytest.mark.parametrize(
    ("course", "told"),
    [
        ({"use": "radiation", "dose": "8 mg/kg"}, "dose: expected a dose of radiation (Gy), got '8 mg/kg', a dose per"),
        ({"use": "radiation", "dose": "8"}, "dose: '8' has no unit: expected a dose of radiation (Gy), for example"),
        ({"use": "radiation", "dose": "-2 Gy"}, "dose: must not be below 0, got -2 Gy"),
        ({"use": "radiation", "dose": "9999 Gy"}, "dose: must not be above 1000 Gy, got 9999 Gy"),
        ({"use": "anti_cd25", "dose": "8 Gy"}, "dose: expected a dose per body weight (mg/kg), got '8 Gy', a dose of"),
        ({"use": "surgery", "dose": "8 Gy"}, "dose: surgery has no dose, it is done once at its 'start'; got 8 Gy"),
        ({"use": "surgery", "times": 2}, "times: surgery is done once; to do it 2 times, say with 'every' how far"),
    ],
)
def test_a_dose_of_the_wrong_kind_is_told_by_file_line_and_key(course, told):
    content = yaml.safe_load(MINIMAL)
    content.pop("catalogue", None)
    content["arms"] = {"plain": {}, "given": {"therapies": [course | {"start": "1 h"}]}}
    text = yaml.safe_dump(content, allow_unicode=True, sort_keys=False)
    key = told.split(":")[0]
    line = next(i for i, row in enumerate(text.split("\n"), 1) if row.strip().removeprefix("- ").startswith(f"{key}:")
                and i > text[: text.index("given:")].count("\n"))  # fmt: skip
    with pytest.raises(InputError) as caught:
        read_text(text, "x.yaml")
    assert [str(problem).startswith(f"x.yaml:{line}: arms.given.therapies[0].{told}")
            for problem in caught.value.problems] == [True], str(caught.value)  # fmt: skip


def test_courses_of_both_read_back_from_what_a_scenario_writes():
    s = treated([ONCE, CUT]).scenario
    again = read_text(yaml.safe_dump(s.content(), allow_unicode=True))
    assert again.arms["given"].therapies == s.arms["given"].therapies
    radiation, surgery = again.arms["given"].therapies
    assert (radiation.amount, surgery.amount) == ("6 Gy", "") and surgery.label == "surgery"


@pytest.mark.parametrize(
    ("entry", "told"),
    [
        ({"kind": "surgry"}, "kind: there is no kind of therapy 'surgry'. Did you mean 'surgery'?"),
        ({"kind": "surgery", "pk": {}}, "pk: "),
        ({"kind": "surgery", "residual": 2}, "residual: must not be above 1, got 2"),
        ({"kind": "radiation", "survival": [{"in": ["tumr"], "alpha": "1 1/Gy", "beta": "0 1/Gy²"}]},
         "survival[0].in[0]: there is no cell type 'tumr'. Did you mean 'tumor'?"),
        ({"kind": "radiation", "survival": [{"in": ["caf"], "alpha": "1 1/Gy", "beta": "0 1/Gy²"}]},
         "survival[0].in[0]: 'caf' has no state 'lethal_damage'"),
        ({"kind": "radiation", "survival": [{"in": ["tumor"], "alpha": "1 1/h", "beta": "0 1/Gy²"}]},
         "survival[0].alpha: expected "),
        ({"kind": "radiation", "state": "lethal"}, "state: there is no state 'lethal'"),
        ({"kind": "radiation", "oxygen": {"field": "oxygn", "ratio": 3, "half": "3 mmHg"}},
         "oxygen.field: there is no field 'oxygn'"),
    ],
)  # fmt: skip
def test_a_wrong_treatment_of_ones_own_is_told_at_its_key(entry, told):
    usual = {"label": "n", "therapy_class": "c", "evidence": "assumed: an example"}
    if entry["kind"] == "radiation":
        usual |= {"dose": "2 Gy", "schedule": {"every": "1 d", "times": 2}, "state": "lethal_damage",
                  "survival": [{"in": ["tumor"], "alpha": "0.3 1/Gy", "beta": "0.03 1/Gy²"}]}  # fmt: skip
    else:
        usual |= {"margin": "1 mm", "residual": 0.1, "wound": 1}
    content = yaml.safe_load(MINIMAL)
    content.pop("catalogue", None)
    content["add"] = {"therapies": {"mine": usual | entry}}
    with pytest.raises(InputError) as caught:
        read_text(yaml.safe_dump(content, allow_unicode=True, sort_keys=False), "x.yaml")
    assert any(f"add.therapies.mine.{told}" in str(problem) for problem in caught.value.problems), str(caught.value)


def test_radiation_needs_the_field_that_sensitizes():
    with pytest.raises(InputError, match=r"the therapy 'radiation' kills by the level of 'oxygen', and an arm uses it"):
        treated([ONCE], drop={"fields": ["oxygen"]})
