"""Access: what of a drug comes into the tissue of each organ, and that it acts there by that."""

import numpy as np
import pytest
import yaml
from tissues import OneTissue, scenario

from tmesim.body.pharmacology import Course, factors
from tmesim.catalogue import BREAST, HOSTS, access, load_catalogue, organs
from tmesim.catalogue.organs import read_organ
from tmesim.catalogue.packaged import files
from tmesim.catalogue.therapies import MOLECULES
from tmesim.reading import InputError
from tmesim.scenario import read_text

CATALOGUE = load_catalogue()
ARMS = {"plain": {}, "given": {"therapies": [{"use": "anti_pd_l1", "start": "0 d"}]}}


def course_of(name, host="mouse", hours=48):
    """A drug some hours after its usual dose."""
    entry = CATALOGUE.drugs[name]
    course = Course(name, entry, host, 1.0)
    course.give(entry.dose.at(host), entry.dose.unit_at(host))
    for _ in range(hours):
        course.advance()
    return course


def in_organ(organ, arms=ARMS, **parts):
    """A few sites of an organ."""
    start = {"organ": organ, "clones": [], "densities": {}, "capillaries": "120 /mm²", "ecm": 0.2}
    return scenario("minimal", sites=8, start=start, arms=arms, reference="plain", **parts)


@pytest.mark.parametrize("host", HOSTS)
def test_each_drug_of_the_plasma_has_an_access_to_each_organ(host):
    for drug in CATALOGUE.drugs.values():
        if drug.delivery == "systemic" and drug.given_to(host):
            assert set(access(drug, host)) == set(organs())
    for name, organ in organs().items():
        assert set(organ.access) == set(MOLECULES), name


def test_an_antibody_in_brain_is_to_plasma_as_was_measured():
    """420 times as much trastuzumab in serum as in cerebrospinal fluid, without radiation, of an antibody that has a
    fifth of plasma elsewhere."""
    course = course_of("anti_pd_l1")
    elsewhere = course.tissue / course.plasma
    in_brain = course.tissue_in("brain") / course.plasma
    assert in_brain / elsewhere * CATALOGUE.drugs["anti_pd_l1"].tissue.partition.at("mouse") == pytest.approx(
        1 / 420, rel=0.02
    )


def test_occupancy_in_an_organ_follows_from_the_concentration_there():
    course = course_of("anti_vegf", "human", 100)
    assert course.occupancy_in(BREAST) == course.occupancy
    for organ, factor in course.access.items():
        there = factor * course.tissue
        assert course.occupancy_in(organ) == pytest.approx(there / (there + course.kd), rel=1e-12, abs=0)
    assert course.occupancy_in("brain") < course.occupancy_in("muscle") < course.occupancy_in("lung")


def test_what_a_drug_blocks_in_a_tissue_goes_by_its_organ():
    left = {}
    for organ in ("lung", "brain"):
        t = OneTissue(in_organ(organ), seed=1, arm="given")
        for _ in range(30):
            t.step()
        column = t.biology.signals.index("contact.pdl1")
        left[organ] = t.inputs_now.signal_factor[t.biology.code("ctl"), column]
        assert t.drug("anti_pd_l1")["occupancy"] == t.pharmacology.courses["anti_pd_l1"].occupancy_in(organ)
        found, _ = factors(t.pharmacology.courses.values(), t.biology, organ)
        assert found[t.biology.code("ctl"), column] == left[organ]
    assert left["lung"] < left["brain"] < 1


def test_a_drug_acts_by_its_own_access_before_that_of_its_kind():
    drug = CATALOGUE.drugs["anti_pd_l1"]
    own = drug.model_copy(update={"access": {"brain": organs()["lung"].access["antibody"]}})
    assert access(own, "mouse")["brain"] == access(drug, "mouse")["lung"] > access(drug, "mouse")["brain"]


def test_each_organ_of_a_body_has_its_own_share_of_a_drug():
    """A body with brain and liver beside the breast: one plasma, three tissues."""
    t = OneTissue(scenario("minimal", start={"organs": {"brain": {}, "liver": {}}}, arms=ARMS, reference="plain"),
                  seed=1, arm="given")  # fmt: skip
    for _ in range(24):
        t.step()
    course = t.pharmacology.courses["anti_pd_l1"]
    for name, site in t.body.sites.items():
        index = site.biology.drugs.index("anti_pd_l1")
        held = t.body.passed[name].inputs.drug[index]
        assert held == np.float32(course.effect_in(site.organ))
    assert {site.organ for site in t.body.sites.values()} == {"breast", "brain", "liver"}
    assert course.effect_in("brain") < course.effect_in("liver") < course.effect_in("breast")


def test_an_access_that_an_arm_sets_for_an_organ_it_does_not_have_is_refused():
    arms = {"given": {"therapies": ["csf1r_inhibitor"], "set": {"therapies.csf1r_inhibitor.access.brain": 0.1}}}
    with pytest.raises(InputError, match=r"access.brain: acts in the brain, of which this arm has no"):
        in_organ("lung", {"plain": {}} | arms)
    made = in_organ("brain", {"plain": {}} | arms)
    t = OneTissue(made, seed=1, arm="given")
    t.step()
    assert t.pharmacology.courses["csf1r_inhibitor"].access["brain"] == 0.1


NOWHERE = "{label: n, therapy_class: c, pk: {compartments: 1, clearance: 0.001 L/h/kg, central_volume: 0.05 L/kg, "\
    "molar_mass: 150 kDa}, tissue: {partition: 0.2, rate: 0.03 1/h}, occupancy: {kd: 1 nM}, dose: 10 mg/kg, schedule: "\
    "{every: 1 d, times: 3}, effects: [{scales: division, in: [tumor], to: 0.1}, {scales: apoptosis, in: [m1], "\
    "to: 9}], evidence: 'assumed: an example'ACCESS}"  # fmt: skip


def with_drug(organ, more):
    content = yaml.safe_load(yaml.safe_dump(in_organ(organ, {"plain": {}}).content(), allow_unicode=True))
    content.pop("catalogue", None)
    content["start"]["tumor"] = [{"radius": "40 µm", "fill": 0.8}]
    content["start"]["clones"] = [{"name": "a", "share": 1.0, "antigens": 3}]
    content["add"] = {"therapies": {"newcomer": yaml.safe_load(NOWHERE.replace("ACCESS", more))}}
    content["arms"] = {"plain": {}, "given": {"therapies": [{"use": "newcomer", "start": "2 h"}]}}
    return yaml.safe_dump(content, allow_unicode=True, sort_keys=False)


def test_a_drug_without_access_to_an_organ_is_told_by_file_line_and_key():
    text = with_drug("lung", "")
    line = next(i for i, row in enumerate(text.split("\n"), 1) if "use: newcomer" in row)
    with pytest.raises(InputError) as caught:
        read_text(text, "x.yaml")
    (problem,) = caught.value.problems
    assert str(problem).startswith(f"x.yaml:{line}: arms.given.therapies[0].use: how much of newcomer comes into the ")
    assert "'access'" in str(problem) and "antibody, small_molecule, bisphosphonate" in str(problem)
    assert read_text(with_drug("lung", ", molecule: antibody"))
    assert read_text(with_drug("lung", ", access: {lung: 0.5}"))
    assert read_text(with_drug("breast", ""))


@pytest.mark.parametrize(
    ("more", "told"),
    [
        (", access: {lnug: 0.5}", "add.therapies.newcomer.access.lnug: there is no organ 'lnug'. Did you mean 'lung'"),
        (", access: {lung: 3 nM}", "add.therapies.newcomer.access.lung: expected a plain number"),
        (", molecule: antibdy", "add.therapies.newcomer.molecule: "),
    ],
)
def test_a_wrong_access_is_told_at_its_key(more, told):
    with pytest.raises(InputError) as caught:
        read_text(with_drug("lung", more), "x.yaml")
    assert any(told in str(problem) for problem in caught.value.problems), str(caught.value)


def test_an_unknown_kind_of_molecule_in_an_organ_is_told():
    document = files.packaged("organs/lung")
    document.data["access"] |= {"antbody": {"value": 1, "source": "assumed: x"}}
    document.data["access"]["antibody"] = {"value": -1, "source": "assumed: x"}
    _, found = read_organ(document)
    texts = [str(problem) for problem in found]
    assert any("access.antbody: there is no kind of molecule 'antbody'. Did you mean 'antibody'" in t for t in texts)
    assert any("access.antibody: expected a number from 0 to 1000, got -1" in t for t in texts)


@pytest.mark.parametrize(("factor", "same"), [(0, True), (1, False)])
def test_a_drug_that_has_no_access_to_an_organ_changes_nothing_there(factor, same):
    """A paired difference of exactly zero, with plasma full of it; with access it acts."""
    s = read_text(with_drug("lung", f", access: {{lung: {factor}}}"))
    ends = []
    for arm in s.arms:
        t = OneTissue(s, seed=3, arm=arm)
        for _ in range(36):
            t.step()
        ends.append(t)
    plain, given = ends
    assert given.drug("newcomer")["plasma"] > 100
    assert (plain.counters == given.counters) is same
    alike = all(
        np.array_equal(a[: plain.cells.n], b[: given.cells.n])
        for a, b in zip(plain.cells.columns, given.cells.columns, strict=True)
    )
    assert alike is same
