"""Every gain and loss of cells is booked under its cause: the balance closes in each step, whatever happens."""

from types import SimpleNamespace

import numpy as np
import pytest
from scipy.ndimage import binary_fill_holes, distance_transform_edt, gaussian_filter
from tissues import BUSY, REACTIVE, OneTissue, bare, count, rows_of, scenario, shuffle_rows, tumor

from tmesim import TumorModel
from tmesim.body import Body
from tmesim.catalogue import load_catalogue
from tmesim.kernels.arrays import DEAD
from tmesim.scenario import load
from tmesim.tissue.ledger import BY_HAND, GAIN, HELD, LOSS, START, ZONES
from tmesim.tissue.processes.act import Act
from tmesim.zones import MARGIN_UM, zones_of

CATALOGUE = load_catalogue()
DOSES = {
    "chemotherapy": [{"use": "chemotherapy", "start": "6 h", "times": 1}],
    "local": [{"use": "radiation", "start": "6 h", "times": 1}, {"use": "surgery", "start": "30 h"}],
}
EAGER = {"cells.arrested.behaviors.extravasation": "2 1/h", "rules.emt_enables_intravasation.limit": "1 1/h",
         "rules.leaky_vessels_let_tumor_cells_in.half_max": "1 pM"}  # fmt: skip
TRAVEL = BUSY | {"organs": {"kidney": {}}, "injection": {"route": "patch", "cells": 20, "at": "10 h"}}


def treated(name, start=BUSY, **parts):
    arms = {"plain": {}, "given": {"therapies": DOSES[name]}}
    return Body(scenario(start=start, arms=arms, reference="plain", set=REACTIVE, **parts), seed=4, arm="given")


BODIES = {
    "chemotherapy": lambda: treated("chemotherapy"),
    "radiation and surgery": lambda: treated("local"),
    "travel between organs": lambda: Body(scenario(start=TRAVEL, set=REACTIVE | EAGER), seed=4),
    "a window inside a lesion": lambda: Body(load("window").with_options(set={"tissue.size": ["450 µm", "450 µm"]})),
    "human": lambda: Body(load("chemotherapy").with_options(set={"tissue.size": ["600 µm", "600 µm"]})),
}  # fmt: skip


def total(ledger, way, cause, cell=None):
    return sum(
        number for entry, number in ledger.counts.items()
        if entry.way == way and entry.cause == cause and cell in (None, entry.cell)
    )  # fmt: skip


def closes(body):
    """Gains less losses of each type are its living cells, in every tissue; nothing was done by hand."""
    for site in body.sites.values():
        balance = site.ledger.balance()
        there = np.bincount(site.cells.type[: site.cells.n], minlength=DEAD + 1)
        for code, cell in enumerate(site.biology.types):
            assert balance.get(cell, 0.0) == there[code], (site.name, cell, body.clock.step)
        assert not any(entry.cause == BY_HAND for entry in site.ledger.counts)


@pytest.mark.parametrize("name", BODIES)
def test_gains_less_losses_are_the_cells_after_every_step(name):
    body = BODIES[name]()
    for _ in range(48):
        body.step()
        closes(body)
    ledger, counters = body.tissue.ledger, body.tissue.counters
    for cell in body.tissue.biology.types:
        assert total(ledger, GAIN, "division", cell) == counters[f"births.{cell}"]
        assert total(ledger, HELD, "division", cell) == counters[f"waited.{cell}"]
        assert total(ledger, GAIN, "recruitment", cell) == counters[f"recruited.{cell}"]
        assert total(ledger, LOSS, "surgery", cell) == counters[f"resected.{cell}"]
    killed = sum(n for entry, n in ledger.counts.items() if entry.cause.startswith("killed_by."))
    assert killed == counters["kills"]
    assert total(ledger, LOSS, "walls") == counters["gone over the walls"]
    assert all(number >= 0 for number in ledger.counts.values())
    assert {entry.zone for entry in ledger.counts} <= set(ZONES)


def test_each_cause_happens_somewhere():
    """So that the balance above is one of many causes."""
    seen = set()
    for name in ("chemotherapy", "radiation and surgery", "travel between organs"):
        body = BODIES[name]()
        for _ in range(48):
            body.step()
        seen |= {(e.cell, e.way, e.cause) for site in body.sites.values() for e in site.ledger.counts}
    assert {
        ("tumor", GAIN, "division"), ("tumor", LOSS, "apoptosis"), ("tumor", LOSS, "apoptosis.chemotherapy"),
        ("tumor", LOSS, "apoptosis.radiation"), ("tumor", LOSS, "killed_by.ctl"), ("tumor", LOSS, "surgery"),
        ("tumor", LOSS, "intravasation"), ("ctl", GAIN, "walls"), ("ctl", LOSS, "walls"), ("ctl", GAIN, "recruitment"),
        ("ctl", LOSS, "egress"), ("m1", GAIN, "from.monocyte"), ("monocyte", LOSS, "become.m1"),
        ("arrested", GAIN, "arrival"), ("arrested", LOSS, "extravasation"), ("tumor", GAIN, "extravasation"),
        ("endothelial", GAIN, "remodeling"),
    } <= seen  # fmt: skip


def test_what_is_done_by_hand_is_told_as_such():
    model = TumorModel("minimal").run(days=0.25)
    tumor_cells = list(model.agents_by_type[model.agent_types[0]])
    for cell in tumor_cells[:5]:
        cell.remove()
    model.step()
    ledger = model.tissue.ledger
    assert total(ledger, LOSS, BY_HAND, "tumor") == 5
    assert ledger.balance()["tumor"] == len(model.agents_by_type[model.agent_types[0]])


def test_a_copy_and_a_body_put_back_go_on_with_the_same_ledger():
    body = treated("chemotherapy")
    for _ in range(20):
        body.step()
    twin, back = body.copy(), Body.from_state(body.scenario, body.state())
    for each in (body, twin, back):
        for _ in range(10):
            each.step()
    assert body.tissue.table() == twin.tissue.table() == back.tissue.table()


def test_the_ledger_does_not_hang_on_rows():
    one, other = (OneTissue(body=treated("local")) for _ in range(2))
    for _ in range(20):
        shuffle_rows(other, 3)
        one.step()
        other.step()
    assert one.body.tissue.table() == other.body.tissue.table()


def test_what_is_counted_changes_no_bit_of_a_history():
    plain, looked_at = treated("chemotherapy"), treated("chemotherapy")
    for _ in range(30):
        plain.step()
        looked_at.step()
        looked_at.tissue.table()
        looked_at.tissue.ledger.zones = None  # found anew at each step, and not each day
    assert plain.hash() == looked_at.hash()
    assert plain.tissue.ledger.balance() == looked_at.tissue.ledger.balance()


def test_events_are_told_where_they_happen():
    """A disk of tumor of 300 µm: what lies deeper than 100 µm is core, the rest rim, and host cells are outside it."""
    box = {"size": ["1.2 mm", "1.2 mm"], "spacing": "15 µm"}
    start = {"tumor": [{"radius": "300 µm", "fill": 1.0}], "densities": {"fibroblast": "300 /mm²"}}
    t = OneTissue(scenario(start=start, tissue=box))
    table = t.body.tissue.table()
    shares = {e.zone: n for e, n in table.items() if (e.cell, e.cause) == ("tumor", START)}
    whole = sum(shares.values())
    assert whole == count(t, "tumor")
    assert shares["core"] / whole == pytest.approx((200 / 300) ** 2, abs=0.08)
    assert {e.zone for e in table if e.cell == "fibroblast"} <= {"rim", "around", "outside"}


def test_zones_are_those_of_the_whole_lattice():
    """They are found in a box around the tumor alone; the plain twin looks everywhere."""
    rng = np.random.default_rng(1)
    for k in range(60):
        shape = tuple(rng.integers(5, 50, 2))
        noise = gaussian_filter(rng.random(shape), rng.uniform(0.5, 5))
        region = noise > np.quantile(noise, rng.uniform()) if k else np.ones(shape, bool)
        spacing = float(rng.choice([10, 15, 30]))
        inside = binary_fill_holes(region)
        near = distance_transform_edt(np.pad(inside, 1, mode="edge"))[1:-1, 1:-1] * spacing <= MARGIN_UM
        beside = distance_transform_edt(~inside) * spacing <= MARGIN_UM if inside.any() else ~inside & inside
        rim = inside & near & ~inside.all()
        expected = {"inside": inside, "rim": rim, "core": inside & ~rim, "around": beside & ~inside,
                    "outside": ~inside & ~beside, "margin": rim | (beside & ~inside)}  # fmt: skip
        found = zones_of(SimpleNamespace(spacing_um=spacing, shape=shape, region=region))
        assert found.keys() == expected.keys()
        assert all(np.array_equal(found[name], mask) for name, mask in expected.items())


# Shares of a hazard


def factor(group, damage):
    """By which a state of one kind raises the apoptosis of tumor cells, from the rules alone."""
    rule = CATALOGUE.all_rules["chemotherapy_kills_tumor" if group == "cytotoxic" else "lethal_damage_kills_tumor"]
    s = (damage / rule.half_max.at("mouse")) ** rule.power.at("mouse")
    base = rule.base_value.at("mouse")
    return (base + s * rule.limit.at("mouse")) / (1 + s) / base


@pytest.mark.parametrize(("dna", "lethal"), [(0.0, 0.0), (0.7, 0.0), (0.0, 1.0), (0.5, 1.0)])
def test_what_raises_a_hazard_has_its_expected_share_of_deaths(dna, lethal):
    """By hand: 1 − 1 / (f g) of the deaths is due to what raises the hazard by f and by g, in parts ln f and ln g."""
    arms = {"both": {"therapies": [*DOSES["chemotherapy"], *DOSES["local"][:1]]}}
    start = {"tumor": [{"radius": "60 µm", "fill": 0.5}], "densities": {}}
    t = OneTissue(scenario(start=start, arms=arms, reference="both"))
    rows = rows_of(t, "tumor")
    states = t.cells.columns.state
    for name, value in (("dna_damage", dna), ("lethal_damage", lethal), ("hypoxia_response", 0), ("emt", 0)):
        states[rows, t.biology.states.index(name)] = value
    t.run("sense")
    act, rules = t.processes[Act], t.biology.rules
    code = t.biology.code("tumor")
    first = rules.kinds["event_first"][code]
    dying = [t.biology.behaviors[b][1] for b in act.hazard[first:]].index("apoptosis")
    t.cells.event[rows] = 1 + dying
    _, which, shares = act._shares(t.body.tissue, t.body.passed[t.name], rows)
    causes = [cause for _, _, cause in act.divided[int(which[0])][1]]
    f, g = factor("cytotoxic", dna), factor("radiation", lethal)
    due = 1 - 1 / (f * g)
    logs = np.log(f), np.log(g)
    for cause, log in zip(("apoptosis.chemotherapy", "apoptosis.radiation"), logs, strict=True):
        expected = due * log / sum(logs) if sum(logs) else 0.0
        assert shares[:, causes.index(cause)] == pytest.approx(np.full(rows.size, expected), rel=1e-4, abs=1e-9)


def test_shares_leave_the_sum_of_losses_as_it_is():
    body = treated("chemotherapy")
    for _ in range(40):
        body.step()
    lost = sum(n for e, n in body.tissue.ledger.counts.items() if e.cell == "tumor" and e.cause.startswith("apoptosis"))
    assert lost == body.tissue.counters["deaths.tumor"] > 5


def test_births_without_room_are_held():
    """A box that is full: each division that is due waits, and nothing is born."""
    cells = {"tumor": tumor(division="0.2 1/h", apoptosis="0 1/h")}
    t = bare(cells, sites=12)
    for site in range(144):
        t.spawn("tumor", *divmod(site, 12))
    for _ in range(10):
        t.step()
    ledger = t.body.tissue.ledger
    assert total(ledger, GAIN, "division") == 0 < total(ledger, HELD, "division")
    assert ledger.balance()["tumor"] == 144
