"""Every number of the catalogue, set in an arm from mid-run, changes something that the engine holds, or is refused by
name; and what it changes outlives a branch and a resume."""

import dataclasses
import hashlib

import numpy as np
import pytest
import yaml
from tissues import OneTissue, scenario

from tmesim.body import Body
from tmesim.body.borne import borne_by
from tmesim.body.seeding import numbers_of
from tmesim.catalogue import Drug, load_catalogue
from tmesim.catalogue.models import each_number, frozendict
from tmesim.reading import InputError
from tmesim.scenario import Arm, load, read_text
from tmesim.scenario.lasting import There, idle_in_arm
from tmesim.scenario.overlay import Overlay
from tmesim.scenario.schedule import schedule_of
from tmesim.units import show

CATALOGUE = load_catalogue()
FROM_H = 2.0
LARGE = Body(scenario("minimal", start={"organs": {"kidney": {}}}), seed=1)
"""With a tumor, which the body of everything has not."""


def everything_given(host):
    """A small tissue with an arm that gives every therapy."""
    given = [name for name, entry in CATALOGUE.therapies.items() if entry.given_to(host)]
    arms = {"plain": {}, "given": {"therapies": [{"use": name, "start": "0 d"} for name in given]}}
    start = {"clones": [], "organs": {"kidney": {}}}
    return scenario("minimal", host=host, sites=8, start=start, arms=arms, reference="plain",
                    time={"days": 1})  # fmt: skip


def held(tissue):
    """SHA-256 of all that the engine holds of the catalogue's numbers."""
    found = hashlib.sha256()

    def take(value):
        if isinstance(value, np.ndarray):
            found.update(np.ascontiguousarray(value).tobytes())
        elif isinstance(value, dict):
            take(sorted(value.items(), key=lambda item: str(item[0])))
        elif isinstance(value, list | tuple):
            for item in value:
                take(item)
        else:
            found.update(repr(value).encode())

    biology, node = tissue.biology, tissue.node
    take([getattr(biology.rules, name) for name in biology.rules._fields])
    take([biology.starts, biology.constant, tissue._decay, tissue._blood])
    take([vars(process) for process in tissue.processes.values()])
    numbers = ("lag", "per_level", "half", "unit", "keep", "growth", "recruiting", "contract", "thymus", "stem_share",
               "renewal", "stem_loss", "wave_rate", "precursors", "niche")  # fmt: skip
    take([getattr(node, name) for name in numbers] + [node.cohorts.shape, node.waves.shape, tissue.blood.recovery])
    for course in tissue.pharmacology.courses.values():
        take([course.advance_by, course.average_by, course.kd, course.available, course.unbound, course.nanomolar])
        take([kill.rate.at(tissue.host) for kill in course.kills])
        take(course.access)
        take([(e.fraction and e.fraction.at(tissue.host), e.to and e.to.at(tissue.host)) for e in course.effects])
    take(borne_by(LARGE.tissue, LARGE.start, tissue._full, tissue.host))
    take([tissue.flows.held("breast", "blood", 2), tissue.flows.past_first("kidney", "blood")])
    take(numbers_of(tissue.flows.catalogue, tissue.host))
    local = [t for t in tissue.setting.catalogue.therapies.values() if not isinstance(t, Drug)]
    parts = [t.model_copy(update={"rules": {}}) for t in local]  # Irradiate and Resect read them as they stand there
    each_number(tuple(parts), (), lambda path, number: take(number.at(tissue.host)) or number)
    take([tissue.blood.reference, tissue.blood.reactive, tissue.blood.specific])
    return found.hexdigest()


def candidates(path, host):
    """Other values that a number may have, as a scenario writes them."""
    number = CATALOGUE.number(path)
    value, unit = number.at(host), number.unit_at(host)
    if CATALOGUE.spec(path).whole:
        others = [value + 1, value - 1]
    else:
        others = [value * 1.07, value * 0.93, value + 0.05, value - 0.05]
    return [show(float(other), unit) for other in others if other >= 0 and other != value]


def changed_catalogue(base, path, host):
    """The catalogue with another value of a number, and that value as text."""
    for text in candidates(path, host):
        made, problems = base.catalogue.with_numbers({path: text})
        if not problems:
            return made, text
    raise AssertionError(f"no other value of {path} goes with the rules it meets")


def changed_scenario(base, path, host):
    """The scenario with an arm that sets a number from FROM_H on."""
    text = changed_catalogue(base, path, host)[1]
    arm = Arm(therapies=base.arms["given"].therapies, overlay=Overlay(set=frozendict({path: text})), from_h=FROM_H)
    return dataclasses.replace(base, arms=frozendict({**base.arms, "changed": arm}))


@pytest.mark.parametrize(
    ("host", "share"), [("mouse", 9), pytest.param("mouse", 1, marks=pytest.mark.slow),
                        pytest.param("human", 1, marks=pytest.mark.slow)],
)  # fmt: skip
def test_each_number_of_the_catalogue_reaches_the_engine_or_is_refused(host, share):
    """All numbers, or one in `share` of those of cell types and rules, of which there are many alike."""
    base = everything_given(host)
    tissue = OneTissue(base, seed=1, arm="given", populate=False)
    usual = held(tissue)
    uses = [(dose.use, Plain()) for dose in base.arms["given"].therapies]
    silent, refused, reached = [], [], 0
    for place, (path, number) in enumerate(base.catalogue.numbers()):
        if host not in number.hosts or (path.startswith(("cells.", "rules.")) and place % share):
            continue
        if idle_in_arm(base.catalogue, path, uses, True, There(True, True, True)):
            refused.append(path)
            continue
        bring_into_force(tissue, changed_catalogue(base, path, host)[0])
        if held(tissue) == usual:
            silent.append(path)
        reached += 1
    print(f"\n{host}: {reached} numbers reach the engine, {len(refused)} are refused:", *refused, sep="\n  ")
    assert silent == []
    assert reached > (700 if share == 1 else 200)
    given = {use for use, _ in uses}
    refused = [path for path in refused if not path.startswith("therapies.") or path.split(".")[1] in given]
    assert all(path.split(".")[-1] in ("start", "clonotypes", "dose", "every", "extent", "extent_spread")
               or ".starts." in path for path in refused)  # fmt: skip


def bring_into_force(tissue, catalogue):
    """As `Body.change` does at its time."""
    tissue.body.take_over(catalogue)


class Plain:
    """A course of which the file says nothing but its drug."""

    dose = every = times = None


@pytest.mark.parametrize(
    "path",
    ["therapies.anti_cd25.occupancy.kd", "fields.oxygen.diffusion", "processes.priming.program", "fields.vegf.decay",
     "therapies.anti_vegf.pk.clearance", "processes.priming.lag", "cells.tumor.behaviors.division",
     "rules.anoxia_kills.half_max", "therapies.chemotherapy.field.diffusion"],
)  # fmt: skip
def test_what_an_arm_changes_outlives_a_branch_and_a_resume(path):
    plan = changed_scenario(everything_given("mouse"), path, "mouse")
    tissue = OneTissue(plan, seed=3, arm="given")
    tissue.treat("changed")
    before = held(tissue)
    for _ in range(2):
        tissue.step()
    assert held(tissue) == before, "nothing before its time"
    tissue.step()
    assert held(tissue) != before
    for twin in (tissue.copy(), OneTissue.from_state(plan, {k: np.array(v) for k, v in tissue.state().items()})):
        assert held(twin) == held(tissue)
        twin.step()
        follower = tissue.copy()
        follower.step()
        assert twin.hash() == follower.hash()


CAN_BIND = """
name: cannot_bind
question: Does an antibody that cannot bind its target hold it?
extends: minimal
time: {days: 1}
arms:
  binds: {therapies: [{use: anti_cd25, start: 0 d}]}
  cannot: {therapies: [{use: anti_cd25, start: 0 d}], set: {therapies.anti_cd25.occupancy.kd: 1000000 nM}}
endpoints: [anti_cd25_occupancy]
"""


def test_an_antibody_that_cannot_bind_holds_nothing(tmp_path):
    """cases/arm-set-ignored/smallest.yaml: 0.99 and 0.99 before."""
    (tmp_path / "case.yaml").write_text(CAN_BIND, encoding="utf-8")
    plan = load(tmp_path / "case.yaml")
    held_by = {}
    for arm in plan.arms:
        tissue = OneTissue(plan, seed=1, arm=arm)
        for _ in range(24):
            tissue.step()
        held_by[arm] = tissue.drug("anti_cd25")["occupancy"]
    assert held_by["binds"] > 0.9 and held_by["cannot"] < 0.01


@pytest.mark.parametrize(
    ("path", "value", "reason"),
    [
        ("processes.priming.clonotypes", "4", "laid down at the start"),
        ("cells.tumor.starts.emt", "0.5", "which tumor cells are not"),
        ("fields.vegf.start", "3 pM", "so this changes nothing"),
        ("therapies.anti_vegf.occupancy.kd", "1 nM", "which this arm does not give"),
        ("cells.tumor.behaviors.uptake.drug_chemotherapy", "9 1/h", "acts on chemotherapy, which this arm does not"),
        ("fields.exosomes.vessel.primary", "2", "acts on organs beside a tumor; name some"),
        ("processes.extravasation.platelets", "0.4", "none come; give the start an 'injection' or 'organs'"),
        ("therapies.anti_cd25.dose", "1 mg/kg", "planned from the start"),
    ],
)
def test_a_number_that_cannot_act_is_refused_by_name(path, value, reason):
    content = scenario("minimal").content() | {
        "arms": {"a": {"therapies": [{"use": "anti_cd25", "start": "0 d"}], "set": {path: value}, "from": "2 h"}},
        "reference": "a",
    }
    with pytest.raises(InputError) as caught:
        read_text(yaml.safe_dump(content, allow_unicode=True))
    assert f"arms.a.set.{path}" in str(caught.value) and reason in str(caught.value)


def test_the_usual_dose_and_interval_of_an_arm_go_into_its_courses():
    path = {"therapies.anti_cd25.dose": "1 mg/kg", "therapies.anti_cd25.schedule.every": "2 d"}
    content = scenario("minimal").content() | {
        "arms": {"a": {"therapies": [{"use": "anti_cd25", "start": "0 d", "times": 2}], "set": path}},
        "reference": "a",
    }
    plan = read_text(yaml.safe_dump(content, allow_unicode=True))
    (dose,) = plan.arms["a"].therapies
    assert (dose.dose, dose.every_h) == (1.0, 48.0)
    assert read_text(plan.to_yaml()) == plan
    assert schedule_of(plan.arms["a"], plan.time.step_h).doses.keys() == {0, 48}
