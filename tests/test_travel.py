"""Cells that leave a tissue and come to organs: who leaves, who comes, as whom, and that nothing else changes."""

import numpy as np
import pytest
from tissues import BUSY, REACTIVE, scenario

from tmesim.body import Body
from tmesim.body.circulate import copies
from tmesim.kernels.chance import PRIMARY
from tmesim.observables import Reading, observables_of
from tmesim.reading import InputError
from tmesim.section import Section
from tmesim.tissue.lesion import lesion_over_section

EAGER = {
    "rules.emt_enables_intravasation.limit": "2 1/h", "cells.tumor.starts.emt": 0.4,
    "rules.leaky_vessels_let_tumor_cells_in.half_max": "1 pM",
    "cells.arrested.behaviors.extravasation": "0.2 1/h",
}  # fmt: skip
LOSING = {"cells.endothelial.behaviors.regression": "0.3 1/h", "processes.vessels.flow_shelter": "1"}
MANY = 30_000  # patches whose cells come to one, so that some come within a day


def made(organs, seed=4, steps=24, set=None, **start):
    plan = scenario("minimal", start=BUSY | {"organs": organs} | start, set=REACTIVE | EAGER | (set or {}))
    body = Body(plan, seed=seed)
    for _ in range(steps):
        body.step()
    return body


def part(state, name):
    return {key: values for key, values in state.items() if key.startswith(f"{name}:")}


def same(one, other):
    return one.keys() == other.keys() and all(np.array_equal(one[key], other[key]) for key in one)


def arrived(body, place):
    return body.organs[place].counters["arrivals"]


# Who leaves


def test_nobody_leaves_a_tissue_without_emt_or_without_blood():
    lung = {"lung": {"samples": MANY}}
    assert made(lung).tissue.counters["shed.blood"] > 20
    assert made(lung, set={"cells.tumor.starts.emt": 0}, steps=1).tissue.counters["shed.blood"] == 0
    assert made(lung, capillaries="0 /mm²").tissue.counters["shed.blood"] == 0


def test_what_leaves_in_the_mean_is_what_the_hazards_say():
    seen, expected = 0, 0.0
    body = made({"lung": {"samples": MANY}}, steps=1)
    for _ in range(36):
        before = body.tissue.counters["shed.blood"]
        body.step()
        seen += body.tissue.counters["shed.blood"] - before
        expected += body.passed[PRIMARY].shedding.expected["blood"]
    assert expected > 30
    assert seen == pytest.approx(expected, abs=4 * np.sqrt(expected))


def test_cells_go_together_by_their_adhesion_alone():
    lung = {"lung": {}}
    names = ("cells.tumor.behaviors.cohesion", "rules.emt_loosens_cohesion.limit")
    adhesion = {"none": 0, "much": 0.5}
    counters = {how: made(lung, set=dict.fromkeys(names, much)).tissue.counters for how, much in adhesion.items()}
    assert counters["none"]["clusters"] == 0 < counters["none"]["shed.blood"] == counters["none"]["shed.blood.cells"]
    assert counters["much"]["clusters"] > 5
    assert counters["much"]["shed.blood.cells"] > 2 * counters["much"]["shed.blood"]


def test_the_way_by_lymph_leads_to_the_veins_and_on():
    none, many = (
        made({"lung": {"samples": MANY}}, set={
            "rules.emt_enables_intravasation.limit": "0 1/h", "rules.emt_enables_lymph_entry.limit": limit})
        for limit in ("0 1/h", "2 1/h")
    )  # fmt: skip
    assert none.tissue.counters["shed.lymph"] == none.tissue.counters["shed.blood"] == arrived(none, "lung") == 0
    assert many.tissue.counters["shed.lymph"] > 10 and arrived(many, "lung") > 0


def test_a_cell_that_has_come_out_into_healthy_tissue_stays():
    """Its capillaries are not entered: a tumor's VEGF opens vessels, that of single cells does not."""
    start = {"organ": "liver", "organs": {"kidney": {}}, "injection": {"route": "patch", "cells": 20}, "tumor": []}
    body = Body(
        scenario("minimal", sites=40, start=start, set={"cells.arrested.behaviors.extravasation": "2 1/h"}), seed=2
    )
    for _ in range(24):
        body.step()
    rows = Section.of(body.tissue).rows("tumor")
    rates = body.tissue.cells.value[rows, body.tissue.biology.slot("tumor", "intravasation")]
    assert rows.size > 8 and rates.max() < 0.002, "less than one in twenty a day"
    assert body.tissue.counters["shed.blood"] <= 1


# Who comes


def test_arrivals_are_a_poisson_number_of_what_the_whole_lesion_sheds():
    body = made({"lung": {"samples": MANY}}, steps=1)
    mean, came = 0.0, arrived(body, "lung") + body.organs["lung"].counters["arrivals.passed"]
    start = came
    for _ in range(30):
        body.step()
        groups = body.passed[PRIMARY].shedding.groups
        times = lesion_over_section(body.tissue)
        mean += sum(
            times * body.flows.to_patch(PRIMARY, g.way, "lung", g.cells.id.size) * g.cells.id.size for g in groups
        )
        came = arrived(body, "lung") + body.organs["lung"].counters["arrivals.passed"]
    assert mean > 20
    assert came - start == pytest.approx(mean, abs=5 * np.sqrt(mean))


def test_travellers_arrive_as_what_they_are():
    body = made({"lung": {"samples": MANY}}, steps=1)
    travellers = {}
    for _ in range(30):
        body.step()
        for group in body.passed[PRIMARY].shedding.groups:
            for i, who in enumerate(group.cells.id.tolist()):
                travellers[who] = {name: states[i] for name, states in group.cells.states.items()}
    section = Section.of(body.organs["lung"])
    rows = np.concatenate([section.rows("arrested"), section.rows("tumor")])
    assert rows.size > 5
    mothers = section.cells["mother"][section.rows("arrested")]
    assert {*mothers.tolist()} <= travellers.keys(), "each has a mother that left the tumor"
    newest = section.rows("arrested")[np.argmax(section.cells["born"][section.rows("arrested")])]
    mother = travellers[int(section.cells["mother"][newest])]
    assert section.cells["state.stemness"][newest] == pytest.approx(mother["stemness"], abs=0.02)
    assert np.unique(section.cells["id"][rows]).size == rows.size
    assert not {*section.cells["id"][rows].tolist()} & {*Section.of(body.tissue).cells["id"].tolist()}


def test_copies_of_a_cluster_have_names_of_their_own():
    body = made(
        {"lung": {}}, set={"cells.tumor.behaviors.cohesion": 0.9, "rules.emt_loosens_cohesion.limit": 0.9}, steps=1
    )
    while not (groups := [g for g in body.passed[PRIMARY].shedding.groups if g.cells.id.size > 2]):
        body.step()
    found = copies(groups[0].cells, "lung", 5)
    ids = np.concatenate([each.id for each in found])
    assert np.unique(ids).size == ids.size == 5 * groups[0].cells.id.size
    assert all(np.array_equal(each.mother, groups[0].cells.id) for each in found)
    other = copies(groups[0].cells, "liver", 5)
    assert not {*ids.tolist()} & {*np.concatenate([each.id for each in other]).tolist()}


def test_mutants_found_a_clone_where_they_arrive():
    fast = {"processes.mutation.founding": 1, "cells.tumor.behaviors.division": "0.2 1/h"}
    body = made({"lung": {"samples": 100_000}}, set=fast, steps=48)
    lung = body.organs["lung"]
    assert lung.clones.mother.size > 0
    numbers = np.arange(lung.clones.first, lung.clones.last + 1).astype(np.uint16)
    root, factor = lung.clones.descent(numbers)
    assert (root < lung.clones.first).all() and (factor != 1).any(axis=1).all()


def test_injected_cells_come_when_they_are_injected():
    later = {"route": "patch", "cells": 12, "at": "10 h"}
    plan = scenario("minimal", start=BUSY | {"organs": {"kidney": {}}, "injection": later, "tumor": []})
    body, seen = Body(plan, seed=1), []
    for _ in range(14):
        body.step()
        seen.append(body.organs["kidney"].counters["arrivals"])
    assert seen[:10] == [0] * 10 and seen[10] == seen[-1] and 3 <= seen[-1] <= 25


# What does not change


def test_another_organ_changes_nothing_elsewhere():
    """Not a bit: neither in the tumor nor in the organ that was there; so for one that nobody comes to."""
    one, two = made({"kidney": {"samples": MANY}}), made({"kidney": {"samples": MANY}, "brain": {}})
    assert arrived(one, "kidney") > 0
    for name in (PRIMARY, "kidney"):
        assert same(part(one.state(), name), part(two.state(), name)), name


def test_a_tumor_that_nobody_leaves_does_not_know_of_organs():
    still = {"rules.emt_enables_intravasation.limit": "0 1/h", "rules.emt_enables_lymph_entry.limit": "0 1/h"}
    of_home = {key: EAGER[key] for key in EAGER if not key.startswith("rules.")}
    with_them = made({"kidney": {}}, set=still)
    without = Body(scenario("minimal", start=BUSY, set=REACTIVE | of_home), seed=4)
    for _ in range(24):
        without.step()
    assert same(part(with_them.state(), PRIMARY), part(without.state(), PRIMARY))


def test_a_body_of_several_sites_goes_on_from_its_state_to_the_same_bits():
    organs = {"lung": {"samples": MANY}, "kidney": {"samples": MANY}}
    through = made(organs, steps=30, set=LOSING)
    assert arrived(through, "lung") > 0 < through.borne["exosomes"] and through.circulating.lost > 0
    half = made(organs, steps=15, set=LOSING)
    again = Body.from_state(half.scenario, half.state())
    for _ in range(15):
        again.step()
    assert same(through.state(), again.state()) and through.hash() == again.hash()


def test_places_with_the_same_soil_differ_in_what_comes_alone():
    """A kidney of lung tissue gets as many as a kidney does, and they fare as in the lung."""
    body = made({"lung": {"samples": MANY}, "kidney": {"soil": "lung", "samples": MANY}})
    plain = made({"lung": {"samples": MANY}, "kidney": {"samples": MANY}})
    came = [
        sum(each.organs["kidney"].counters[name] for name in ("arrivals", "arrivals.passed")) for each in (body, plain)
    ]
    assert came[0] == came[1] > 0
    fresh = made({"lung": {}, "kidney": {"soil": "lung"}}, steps=1)
    alveoli = [Section.of(fresh.organs[name]).count("alveolus") for name in ("lung", "kidney")]
    assert alveoli[1] == pytest.approx(alveoli[0], rel=0.1)
    assert "alveolus" in body.organs["kidney"].biology.types and "tubule" not in body.organs["kidney"].biology.types


def test_a_patch_of_many_samples_counts_as_many_patches():
    few, many = made({"lung": {"samples": 1000}}), made({"lung": {"samples": 100_000}})
    assert arrived(many, "lung") > 10 * arrived(few, "lung")
    assert many.flows.whole["lung"] == pytest.approx(few.flows.whole["lung"] / 100)


# What is read


def test_organs_and_blood_are_read_by_name():
    body = made({"lung": {"samples": MANY}})
    known = observables_of(body.scenario.catalogue, (), ("lung", "liver"))
    now = Reading.of(body)
    assert known["lung.arrivals"].function(now) == arrived(body, "lung")
    assert known["lung.n_tumor"].function(now) == Section.of(body.organs["lung"]).count("tumor")
    assert np.isnan(known["liver.arrivals"].function(now)), "an organ that this arm has not"
    assert 0 < known["ctc"].function(now) and 0 < known["ctc_positive"].function(now) <= 1
    assert "ctc" not in observables_of(body.scenario.catalogue)


def test_what_circulates_follows_what_is_shed_at_once():
    """Within hours of the last cell the blood is empty: the half-life of half an hour."""
    body = made({"lung": {}})
    before = body.sample()["ctc"]
    for row in Section.of(body.tissue).rows("tumor").tolist():
        body.tissue.kill(row)
    for _ in range(6):
        body.step()
    assert before > 0 and body.sample()["ctc"] < before / 1000


def vessels_lost(seed=4, steps=48, **numbers):
    """Endothelial cells in samples of the blood, a step each, and the body."""
    plan = scenario("minimal", start=BUSY | {"organs": {"lung": {}}}, set=numbers)
    body, seen = Body(plan, seed=seed), []
    for _ in range(steps):
        body.step()
        seen.append(body.sample()["cec"])
    return np.array(seen), body


def test_vessels_that_regress_give_endothelial_cells_to_the_blood():
    """More where more are lost, and none but those of healthy vessels where what is lost dies in place."""
    usual, _ = vessels_lost()
    more, body = vessels_lost(**LOSING)
    numbers = {n: v.at("mouse") for n, v in body.catalogue.processes["circulation"].items()}
    healthy = numbers["cec_normal"] * numbers["sample"]
    assert body.tissue.counters["regressions"] > 12 and more.max() > 1.2 * max(usual.max(), healthy)
    assert usual.min() >= healthy == more[0], "nothing is lost before the first step"
    none, _ = vessels_lost(**LOSING, **{"processes.circulation.cec_share": 0})
    assert none == pytest.approx(healthy)
    assert body.sample()["cec_positive"] > 0


def test_endothelial_cells_in_the_blood_are_those_lost_by_the_lesion_by_hand():
    _, body = vessels_lost(steps=1, **LOSING, **{"processes.circulation.cec_half_life": "12 h"})
    numbers = {n: v.at("mouse") for n, v in body.catalogue.processes["circulation"].items()}
    expected, lost = 0.0, 0
    for _ in range(36):
        now = body.tissue.counters["regressions"]
        body.step()
        left = 2.0 ** (-body.dt / numbers["cec_half_life"])
        freed = (now - lost) * lesion_over_section(body.tissue) * numbers["cec_share"] / body.dt
        expected = expected * left + freed * numbers["cec_half_life"] / np.log(2) * (1 - left)
        lost = now
    found = expected * numbers["sample"] / numbers["blood"] * numbers["cec_recovery"]
    assert found > 1
    assert body.sample()["cec"] - numbers["cec_normal"] * numbers["sample"] == pytest.approx(found, rel=0.05)


@pytest.mark.slow
def test_blockade_of_vegf_raises_endothelial_cells_in_the_blood_for_a_day_and_lowers_them_then():
    """Vessels that VEGF kept are lost within a day; then there are fewer to lose. So it matters when blood is drawn."""
    arms = {"plain": {}, "blocked": {"therapies": [{"use": "anti_vegf", "start": "8 d"}]}}
    plan = scenario("minimal", start=BUSY | {"organs": {"lung": {}}}, arms=arms, reference="plain", time={"days": 13})
    for seed in range(2):
        body, days = Body(plan, seed=seed, arm="plain"), {}
        for _ in range(192):
            body.step()
        for arm in arms:
            twin = body.copy()
            twin.treat(arm)
            found = []
            for _ in range(72):
                twin.step()
                found.append(twin.sample()["cec"])
            days[arm] = np.array(found).reshape(3, 24).mean(axis=1)
        assert days["blocked"][0] > 1.1 * days["plain"][0] and days["blocked"][2] < days["plain"][2], days


# What a file may say


@pytest.mark.parametrize(
    ("start", "told"),
    [
        ({"organs": {"lungs": {}}}, "there is no organ 'lungs'"),
        ({"organs": {"lung": {"soil": "kidny"}}}, "there is no organ 'kidny'"),
        ({"organs": {"breast": {}}}, "is another than the breast"),
        ({"organs": {"lung": {"samples": 0}}}, "start.organs.lung.samples"),
        ({"organs": {"lung": {}}, "injection": {"route": "patch", "cells": 9, "at": "99 d"}}, "is not before the end"),
        ({"organs": {"lung": {}}, "injection": {"route": "patch", "cells": 9, "at": "1.5 h"}}, "not a multiple of the"),
        ({"organs": {"lung": {}}, "injection": {"route": "patch", "cells": 90000}}, "in the lung"),
    ],
)  # fmt: skip
def test_what_cannot_be_is_refused(start, told):
    with pytest.raises(InputError, match=told.replace("(", r"\(")):
        scenario("minimal", start=start)


@pytest.mark.parametrize(
    ("number", "value", "told"),
    [
        ("shield", 2, "processes.circulation.shield: must not be above 1, got 2"),
        ("gut_share", 1.4, "processes.circulation.gut_share: must not be above 1, got 1.4"),
        ("gut_share", 0.9, "circulation.gut_share: 0.9 of the cardiac output, with the 0.441 that the organs"),
        ("half_life", "0 h", "processes.circulation.half_life: must be above 0"),
        ("rest_hours", "30 h", "processes.circulation.rest_hours: must not be above 24 h"),
        ("at_least", 1.5, "processes.circulation.at_least: expected a whole number"),
    ],
)
@pytest.mark.parametrize("in_arm", [False, True])
def test_a_circulation_that_cannot_be_is_told_by_its_key(number, value, told, in_arm):
    """At the check, not by a body in the middle of a run."""
    said = {f"processes.circulation.{number}": value}
    parts = {"arms": {"plain": {}, "other": {"set": said}}, "reference": "plain"} if in_arm else {"set": said}
    with pytest.raises(InputError, match=told.replace(".", r"\.")) as caught:
        scenario("minimal", start={"organs": {"lung": {}}}, **parts)
    problem = caught.value.problems[0]
    assert problem.line and problem.path.startswith("arms.other.set" if in_arm else "set.")


def test_organs_are_written_as_they_are_read():
    organs = {"lung": {}, "kidney": {"soil": "lung", "samples": 7}}
    plan = scenario("minimal", start={"organs": organs, "injection": {"route": "spleen", "cells": 5, "at": "12 h"}})
    from tmesim.scenario import read_text

    again = read_text(plan.to_yaml())
    assert again == plan and again.start.organs["kidney"].samples == 7 and again.start.organs["kidney"].organ == "lung"
    assert plan.content()["start"]["organs"] == organs and again.start.injection.at_h == 12


def test_numbers_of_a_journey_that_nobody_makes_are_refused():
    for number in ("cells.tumor.behaviors.cohesion", "rules.emt_enables_intravasation.limit"):
        with pytest.raises(InputError, match=r"name some in 'start\.organs'"):
            scenario("minimal", set={number: "x2"})
        with pytest.raises(InputError, match=r"name some in 'start\.organs'"):
            scenario("minimal", arms={"plain": {}, "other": {"set": {number: "x2"}}}, reference="plain")
        scenario("minimal", set={number: "x2"}, start={"organs": {"kidney": {}}})


def test_organs_count_in_what_a_machine_can_bear():
    from tmesim.scenario import limits

    small = scenario("minimal").tissue
    assert limits.sites_of(small, 0) == small.shape[0] * small.shape[1]
    assert limits.sites_of(small, 3) == 4 * limits.sites_of(small, 0)
    wide = {"size": ["150 µm", "150 µm"], "organs": ["600 mm", "150 µm"]}
    with pytest.raises(InputError, match=r"tissue\.organs: a tissue of 40000 × 10 sites"):
        scenario("minimal", start={"organs": {"kidney": {}}, "tumor": []}, tissue=wide)
