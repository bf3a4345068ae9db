"""Each core claim of the way to organs has a switch, and something moves when it is thrown: in the compiled rules, in
the circulation or in a small body. What must move in whole runs is told in seeds/claims.yaml."""

import numpy as np
import pytest
from test_rules import TEMPLATE, behave
from test_travel import EAGER, MANY
from tissues import BUSY, REACTIVE, OneTissue, rows_of, scenario

from tmesim.body import Body
from tmesim.body.circulation import Bed, arrested
from tmesim.body.seeding import beds_of, held
from tmesim.catalogue import catalogue_in, claims, load_catalogue, unmodeled
from tmesim.catalogue.compile import compile_biology
from tmesim.cli.grounds import gathered
from tmesim.kernels.chance import PRIMARY

CATALOGUE = load_catalogue()
GROUPS = ("invasion-intravasation", "circulation", "exosome", "extravasation-dormancy-met")
CORE = [
    name
    for name, claim in claims().items()
    if claim.priority == "core" and (claim.group in GROUPS or claim.group.startswith("organ-"))
]
NAMED = gathered(CATALOGUE)["claims"]["modeled"]
BY_RULE = {
    claim: [path.split(".")[1] for path in NAMED.get(claim, ()) if path.startswith("rules.")] for claim in CORE
}
RULES = sorted({name for names in BY_RULE.values() for name in names})


# Claims that a rule expresses


IN_LUNG = catalogue_in("lung", "mouse")  # where cells fall asleep, too
DRAWS = 24


@pytest.fixture(scope="module")
def rates():
    """The behavior of a rule in one of its cells, (with it, without it) × (signal low, high) × DRAWS at random levels
    of all other signals."""
    drugs, levels = ("chemotherapy",), np.random.default_rng(5).gamma(0.5, 2.0, (DRAWS, 1000)).astype(np.float32)
    whole = compile_biology(IN_LUNG, "mouse", drugs)

    def at(biology, key, own):
        if key not in biology.behaviors:  # nobody else drives it
            return np.zeros(DRAWS)
        factor = np.ones((1, len(biology.behaviors)), np.float32)
        hour = TEMPLATE.inputs_now._replace(factor=factor * biology.constant)
        known, index = [whole.signals.index(name) for name in biology.signals], biology.behaviors.index(key)
        lanes = [np.ascontiguousarray(np.repeat(each[known][:, None], 3, axis=1)) for each in own]
        return np.array([float(behave(index, np.zeros(3, np.int64), biology.rules, hour, each)[0]) for each in lanes])

    def of(name, cell):
        rule, without = IN_LUNG.rules[name], compile_biology(IN_LUNG.without({name}), "mouse", drugs)
        ends = []
        for times in (0.2, 3):
            own = levels[:, : len(whole.signals)].copy()
            own[:, whole.signals.index(rule.signal)] = rule.half_max.at("mouse") * times
            ends.append(own)
        return np.array([[at(b, (cell, rule.behavior), own) for own in ends] for b in (whole, without)])

    return of


@pytest.mark.parametrize("name", RULES)
def test_a_rule_of_a_core_claim_moves_its_behavior_its_way_and_off_it_does_not(name, rates):
    """Whatever else goes on: its signal moves the behavior its way in every draw, and without the rule by less."""
    rule = IN_LUNG.rules[name]
    sign = 1 if rule.effect == "increases" else -1
    for cell in rule.cell:
        (low, high), (low_off, high_off) = rates(name, cell)
        moved, left = sign * (high - low), sign * (high_off - low_off)
        most = max(high.max(), low.max())
        assert most > 0 and (moved >= -1e-6 * most).all(), f"{name} moves {rule.behavior} of {cell} both ways"
        assert moved.max() > 0.02 * most, f"{name} moves {rule.behavior} of {cell} by nothing"
        assert left.mean() < 0.9 * moved.mean(), f"{name} is off and its signal still moves {rule.behavior} of {cell}"


# Claims that a cell type, a number or an organ expresses


def grown(**changes):
    """Over 30 h: cells that came out in a lung, groups that the tumor shed, cells that capillaries held."""
    start = BUSY | {"organs": {"lung": {"samples": MANY}}}
    body = Body(scenario("minimal", start=start, set=REACTIVE | EAGER | changes), seed=4)
    for _ in range(30):
        body.step()
    lung = body.organs["lung"]
    return lung.counters["extravasations"], body.tissue.counters["shed.blood"], lung.counters["arrivals"]


@pytest.fixture(scope="module")
def whole_way():
    return grown()


LEAVING = {"rules.emt_enables_intravasation.limit": "0 1/h", "rules.emt_enables_lymph_entry.limit": "0 1/h"}
PHASES = {
    # matrix around vessels that nobody gets through, and no way by lymph
    "invasion": {"rules.matrix_keeps_tumor_cells_from_vessels.limit": 0,
                 "rules.matrix_keeps_tumor_cells_from_vessels.half_max": "0.001",
                 "rules.emt_enables_lymph_entry.limit": "0 1/h"},
    "intravasation": LEAVING,
    "extravasation": {"cells.arrested.behaviors.extravasation": "0 1/h"},
}  # fmt: skip


def cascade_three_phases(whole_way):
    """Each phase that is blocked leaves no tumor cell in the organ."""
    return [(whole_way[0], grown(**changes)[0]) for changes in PHASES.values()]


def cascade_seven_steps(whole_way):
    """Fewer and fewer: those that left, were held, came out; and none past a blocked step."""
    out, shed, came = whole_way
    assert MANY * shed > came > out > 0
    blocked = grown(**PHASES["extravasation"])
    assert blocked[2] > 0, "the steps before go on"
    return [(out, blocked[0])]


def lodging(_):
    """Capillaries that hold nobody get nobody, and those that hold more get more."""
    shares = [
        arrested([Bed("lung", 0.02, a, receives="venous"), Bed("liver", 0.1, 0.9, receives="portal")], "venous",
                 death=0.1, rest=0.9)["lung"]
        for a in (0.9, 0.4, 0.0)
    ]  # fmt: skip
    assert shares[2] == 0
    return [(shares[0], shares[1]), (shares[1], shares[2])]


def heterogeneous(_):
    """Cells in the blood differ in EMT and stemness; no rule that lets them in, no cells in the blood."""
    start = BUSY | {"organs": {"lung": {"samples": MANY}}}
    seen, empty = [], 0
    for off in ([], ["emt_enables_intravasation"]):
        numbers = REACTIVE | (EAGER if not off else {})  # those of a rule that is off are refused
        body = Body(scenario("minimal", start=start, set=numbers, off=off), seed=4)
        for _ in range(24):
            body.step()
            groups = [each.cells.states for each in body.passed[PRIMARY].shedding.groups if each.way == "blood"]
            seen += [(float(states["emt"][0]), float(states["stemness"][0])) for states in groups] if not off else []
            empty += len(groups) if off else 0
    scores = np.array(seen)
    assert (scores.std(axis=0) > 0.01).all(), "one like the other"
    return [(len(seen), empty)]


def coming_out(organ):
    """Share of the held cells that come out, with the numbers of an organ and with those of the breast."""
    numbers = [catalogue_in(soil, "mouse") for soil in (organ, "breast")]
    rate, death = (
        [each.number(f"cells.arrested.behaviors.{name}").at("mouse") for each in numbers]
        for name in ("extravasation", "apoptosis")
    )
    return [(out / (out + death[0])) for out in rate]


def by_way(organ, own, other):
    """Share of the cells that an organ holds by its own way into it and by another."""
    return [(held(CATALOGUE, own, "mouse")[organ], held(CATALOGUE, other, "mouse")[organ])]


def homing(_):
    """A tumor cell that follows CXCL12 goes up its gradient; one that does not stays about where it is."""
    ends = []
    for strength in (1, 0):
        fast = {"cells.tumor.behaviors.chemotaxis.cxcl12": strength, "cells.tumor.behaviors.speed": "60 µm/h"}
        start = {"tumor": [], "densities": {"tumor": "0 /mm²", "caf": "0 /mm²"}, "capillaries": "0 /mm²"}
        t = OneTissue(scenario("minimal", sites=40, start=start, set=fast, off=["emt_gives_motility"]), seed=3)
        t.fields["cxcl12"][:] = 200.0 * np.exp(np.arange(40) / 4.0)[None, :] / np.exp(5)
        for y in range(2, 38, 2):
            t.spawn("tumor", y, 20)
        for step in range(12):
            t.clock.step = step
            t.run("sense", "migrate")
        ends.append(float(t.cells.x[rows_of(t, "tumor")].mean()) - 20)
    assert abs(ends[1]) < 2
    return [(ends[0], max(ends[1], 0.0))]


SWITCHED = {
    "cascade-three-phases": cascade_three_phases,
    "cascade-seven-steps": cascade_seven_steps,
    "ctc-shed-heterogeneous": heterogeneous,
    "ctc-lodge-in-microvessels": lodging,
    "extravasation-to-organ": lambda whole_way: [(whole_way[0], grown(**PHASES["extravasation"])[0])],
    "bone-sinusoids-permissive": lambda _: [tuple(coming_out("bone"))],
    "bbb-low-permeability": lambda _: [tuple(reversed(coming_out("brain")))],
    "homing-chemoattractant-receptor": homing,
    "osteoblast-chemoattraction": homing,
    "lung-common-site": lambda _: by_way("lung", "venous", "arterial"),
    "liver-common-site": lambda _: by_way("liver", "portal", "venous"),
    "lymph-node-site": lambda _: by_way("lymph_node", "lymph", "venous"),
    "common-metastatic-sites": lambda _: by_way("lymph_node", "lymph", "arterial"),
}
"""Claims that no rule expresses alone, each with (what is measured with it, without it), the first the larger."""


@pytest.mark.parametrize("claim", list(SWITCHED))
def test_a_switch_of_a_core_claim_moves_what_it_says(claim, whole_way):
    for with_it, without in SWITCHED[claim](whole_way):
        assert with_it > 1.2 * without, (claim, with_it, without)


def test_every_core_claim_of_the_way_to_organs_has_a_switch_or_a_reason():
    none = [name for name in CORE if not BY_RULE[name] and name not in SWITCHED and name not in unmodeled()]
    assert none == []
    assert [name for name in SWITCHED if name not in NAMED] == [], "nothing names these any more"


def test_each_core_claim_that_is_modeled_says_how_to_switch_it_off():
    told = gathered(CATALOGUE)["claims"]["core"]
    due = [name for name in CORE if name in NAMED]
    assert [name for name in due if not told[name]["moves"]] == []
    by_rule = {name for name in due if BY_RULE[name]}
    assert by_rule and all(told[name]["switch"][0].startswith("off: ") for name in by_rule)


def test_platelets_bring_held_cells_out():
    """Without them fewer come out; at their usual number the rate is what was measured, to the bit."""
    start = {"tumor": [], "densities": {}, "capillaries": "900 /mm²", "injection": {"route": "patch", "cells": 80}}
    out = {}
    for platelets in ("1", "0.2"):
        t = OneTissue(scenario("minimal", start=start, set={"processes.extravasation.platelets": platelets}), seed=5)
        for _ in range(24):
            t.step()
        out[platelets] = t.counters["extravasations"]
    usual = OneTissue(scenario("minimal", start=start), seed=5)
    for _ in range(24):
        usual.step()
    assert usual.counters["extravasations"] == out["1"] > 2 * out["0.2"]


def test_a_shield_of_platelets_lets_more_arrive():
    shares = []
    for shield in ("0.5", "0"):
        numbers, _ = CATALOGUE.with_numbers({"processes.circulation.shield": shield})
        shares.append(1 - held(numbers, "venous", "mouse")["dead"])
    assert shares[0] > shares[1] and len(beds_of(CATALOGUE, "mouse")) > 5
