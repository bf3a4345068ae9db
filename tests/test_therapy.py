"""Therapy: plasma against closed forms and an integrator, occupancy, factors, and the null drug."""

import numpy as np
import pytest
from scipy.integrate import solve_ivp
from tissues import OneTissue, scenario

from tmesim.body.pharmacology import BODY, Course, factors, milligrams_per_kg
from tmesim.catalogue import load_catalogue
from tmesim.reading import InputError
from tmesim.scenario.parts import ADULT_KG

CATALOGUE = load_catalogue()


def level(course, hours, dt):
    for _ in range(round(hours / dt)):
        course.advance()
    return course.plasma


@pytest.mark.parametrize("dt", [1.0, 0.5])
def test_one_compartment_with_absorption_is_the_bateman_function(dt):
    entry = CATALOGUE.therapies["tgfb_inhibitor"]
    course = Course("tgfb_inhibitor", entry, "mouse", dt)
    pk = entry.pk
    volume, k = pk.central_volume.at("mouse"), pk.clearance.at("mouse") / pk.central_volume.at("mouse")
    ka = pk.absorption.at("mouse")
    course.give(10.0, "mg/kg")
    t = 5.0
    available = pk.bioavailability.at("mouse") if pk.bioavailability is not None else 1.0
    due = (
        available * 10.0 * ka / (ka - k) * (np.exp(-k * t) - np.exp(-ka * t)) / volume / pk.molar_mass.at("mouse") * 1e3
    )
    assert level(course, t, dt) == pytest.approx(due, rel=1e-9)


@pytest.mark.parametrize("name", ["anti_pd_l1", "anti_vegf", "anti_cd25", "chemotherapy"])
@pytest.mark.parametrize("host", ["mouse", "human"])
def test_two_compartments_agree_with_an_integrator(name, host):
    entry = CATALOGUE.therapies[name]
    pk = entry.pk
    cl, v1 = pk.clearance.at(host), pk.central_volume.at(host)
    q, v2 = pk.intercompartment.at(host), pk.peripheral_volume.at(host)

    def slope(_, a):
        return [-(cl + q) / v1 * a[0] + q / v2 * a[1], q / v1 * a[0] - q / v2 * a[1]]

    course = Course(name, entry, host, 1.0)
    course.give(3.0, "mg/kg")
    found = level(course, 72, 1.0)
    due = solve_ivp(slope, (0, 72), [3.0, 0.0], rtol=1e-10, atol=1e-12).y[0, -1] / v1 / pk.molar_mass.at(host) * 1e3
    assert found == pytest.approx(due, rel=1e-6)


def test_doses_a_mass_an_area_and_a_kilogram_agree():
    assert milligrams_per_kg(1200, "mg", "human") == pytest.approx(1200 / 70)
    assert milligrams_per_kg(60, "mg/m²", "human") == pytest.approx(60 * 1.8 / 70)
    assert milligrams_per_kg(3, "mg/m²", "mouse") == pytest.approx(1.0)
    assert set(BODY) == {"mouse", "human"}


def test_a_flat_dose_of_an_adult_gets_its_remedy():
    """A label's 840 mg where a dose per kg is due; cases/dose-after-end."""
    arms = {"a": {"therapies": [{"use": "atezolizumab", "start": "1 d", "dose": "840 mg"}]}}
    with pytest.raises(InputError, match=r"a flat dose of 840 mg is 12 mg/kg at 70 kg"):
        scenario("untreated", host="human", arms=arms, reference="a")
    assert BODY["human"]["kg"] == ADULT_KG


@pytest.mark.parametrize(("name", "host"), [(n, h) for n, t in CATALOGUE.drugs.items() for h in t.dose.hosts])
def test_every_therapy_acts_at_its_default_dose_and_wears_off(name, host):
    """Where it comes to best: a bisphosphonate acts on bone alone."""
    entry = CATALOGUE.therapies[name]
    course = Course(name, entry, host, 1.0)
    organ = max(course.access, key=course.access.get)
    assert course.occupancy_in(organ) == 0.0
    course.give(entry.dose.at(host), entry.dose.unit_at(host))
    shares = []
    for _ in range(24 * 300):
        course.advance()
        shares.append(course.occupancy_in(organ))
    assert max(shares) > 0.2
    assert shares[-1] < 0.5 * max(shares)
    assert all(np.isfinite(shares)) and min(shares) >= 0


@pytest.mark.parametrize("dt", [1.0, 0.5, 0.1])
def test_what_vessels_carry_adds_up_to_the_area_under_the_curve(dt):
    """dose / clearance, unbound: a peak of minutes counts for what it is, whatever the step."""
    entry = CATALOGUE.therapies["chemotherapy"]
    course = Course("chemotherapy", entry, "human", dt)
    course.give(1.5, "mg/kg")
    area = 0.0
    for _ in range(round(60 * 24 / dt)):
        course.advance()
        area += course.blood * dt
    pk = entry.pk
    due = 1.5 / pk.clearance.at("human") / pk.molar_mass.at("human") * 1e3 * pk.unbound.at("human")
    assert area == pytest.approx(due, rel=1e-6)


def test_factors_scale_and_block_in_proportion_to_occupancy():
    s = scenario("treg_depletion")
    t = OneTissue(s, seed=1)
    signal, behavior = factors(t.pharmacology.courses.values(), t.biology)
    assert (signal == 1).all() and (behavior == 1).all()
    course = t.pharmacology.courses["anti_cd25"]
    course.restore(np.array([0.0, 0.0, 0.0, course.kd]))  # half of the target
    _, behavior = factors(t.pharmacology.courses.values(), t.biology)
    effect = next(e for e in course.effects if e.scales == "apoptosis" and "treg" in e.cells)
    assert behavior[t.biology.index("treg", "apoptosis")] == pytest.approx(1 + 0.5 * (effect.to.at("mouse") - 1))


def test_a_null_drug_changes_nothing_at_all():
    """A therapy whose every effect is nil: same cells, same counters, a paired difference of exactly zero."""
    arms = {"untreated": {}, "treg_depletion": {"therapies": [{"use": "anti_cd25", "start": "12 h"}]}}
    entry = CATALOGUE.therapies["anti_cd25"]
    nil = {f"therapies.anti_cd25.effects[{i}].to": 1.0 for i, e in enumerate(entry.effects) if e.scales}
    nil |= {f"therapies.anti_cd25.effects[{i}].fraction": 0.0 for i, e in enumerate(entry.effects) if e.blocks}
    assert len(nil) == len(entry.effects)
    nil |= {f"therapies.anti_cd25.kills[{i}].rate": "0 1/h" for i in range(len(entry.kills))}
    s = scenario("minimal", arms=arms, set=nil)
    ends = []
    for arm in arms:
        t = OneTissue(s, seed=3)
        t.treat(arm)
        for _ in range(60):
            t.step()
        ends.append(t)
    a, b = ends
    assert b.drug("anti_cd25")["occupancy"] > 0.5 and a.drug("anti_cd25")["occupancy"] == 0
    assert a.counters == b.counters
    for mine, theirs in zip(a.cells.columns, b.cells.columns, strict=True):
        assert np.array_equal(np.asarray(mine[: a.cells.n]), np.asarray(theirs[: b.cells.n]))
    assert all(np.array_equal(a.fields[name], b.fields[name]) for name in a.fields)
