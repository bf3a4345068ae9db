"""A body and its step: what processes say they read and write is so; sites share no identities; roles are data."""

import numpy as np
import pytest
from tissues import BUSY, REACTIVE, OneTissue, bare, check_layers, count, rows_of, scenario, tissue, tumor

from tmesim.body import STEP, Body
from tmesim.body.step import table
from tmesim.kernels.arrays import DEAD
from tmesim.kernels.chance import origin_of
from tmesim.tissue import Tissue
from tmesim.tissue.processes.act import Act
from tmesim.tissue.processes.capture import Capture
from tmesim.tissue.slots import SLOTS
from tmesim.tissue.start import populate

BRISK = {
    "rules.vegf_drives_sprouting.limit": "0.05 1/h", "matrix.debris.decay": "0.4 1/h", "states.mhc_loss.mutation": 0.2,
    "processes.mutation.antigen_loss": 0.2, "processes.mutation.founding": 0.2,
    "cells.tumor.hierarchy.threshold": 0.1,
}  # fmt: skip
UNPRIMED = {f"cells.{cell}.primed.precursors": "0 cells" for cell in ("ctl", "th1")}
LOCAL = [process for process in STEP if process.scope == "tissue"]
SOURCE = "made up for a test"


LEAKY = "solid_tumor_lacks_lymph_vessels"  # switched off, dendritic cells leave a tumor within days


TRAVEL = BUSY | {"organs": {"kidney": {}}, "injection": {"route": "patch", "cells": 20, "at": "20 h"}}
"""Tumor cells leave for another organ, and injected ones come after 20 hours."""


def busy(steps, start=BUSY, **parts):
    body = Body(scenario("minimal", start=start, set=REACTIVE, **parts), seed=4)
    for _ in range(steps):
        body.step()
    return body


def held(site, slots=tuple(SLOTS)):
    """Copies of what slots hold."""
    return {slot: [array.copy() for array in SLOTS[slot].arrays(site)] for slot in slots}


def differing(before, after):
    """Slots whose arrays differ, in the rows that both have or by having more of them."""
    return {
        slot for slot, arrays in before.items()
        if not all(np.array_equal(old, new) for old, new in zip(arrays, after[slot], strict=True))
    }  # fmt: skip


def until(body, process):
    """Go through the step up to a process."""
    for each in STEP[: STEP.index(process)]:
        body.run(each)


# Processes


def test_the_step_is_a_table_of_processes_with_a_name_and_a_sentence_each():
    rows = table()
    assert [row[0] for row in rows] == [process.name for process in STEP]
    assert len({row[0] for row in rows}) == len(rows)
    assert all(row[1] in ("body", "tissue") and row[2].endswith(".") and row[4] for row in rows)
    known = set(SLOTS)
    assert all({*process.reads, *process.writes} <= known for process in LOCAL)
    passed = {name for process in STEP for name in process.takes}
    assert passed == {name for process in STEP for name in process.leaves}


def test_what_is_handed_on_is_made_before_it_is_taken():
    there = set()
    for process in STEP:
        assert set(process.takes) <= there
        there |= set(process.leaves)


def test_a_process_changes_nothing_but_what_it_says_it_writes():
    """And each write that is claimed happens, but for those that need a vessel to die."""
    often = {"cells.arrested.behaviors.extravasation": "2 1/h", "rules.emt_enables_intravasation.limit": "1 1/h",
             "rules.leaky_vessels_let_tumor_cells_in.half_max": "1 pM"}
    often["therapies.surgery.margin"] = "30 µm"
    local = [{"use": "radiation", "start": "30 h", "times": 1, "dose": "1 Gy"}, {"use": "surgery", "start": "70 h"}]
    local += [{"use": "treg_removal", "start": "60 h", "times": 1}]
    arms = {"plain": {}, "local": {"therapies": local}}
    s = scenario("minimal", start=TRAVEL, set=REACTIVE | BRISK | often, arms=arms, reference="plain")
    body = Body(s, seed=4, arm="local")
    vain = {(process.name, slot) for process in LOCAL for slot in process.writes}
    for _ in range(72):
        for process in STEP:
            before = held(body.tissue)
            body.run(process)
            changed = differing(before, held(body.tissue))
            assert changed <= set(process.writes), process.name
            vain -= {(process.name, slot) for slot in changed}
        body.clock.step += 1
    of_vessels = {(name, slot) for name in ("act", "patrol", "remove") for slot in ("vessels.network", "vessels.flow")}
    assert vain == {("lodge", "clones")} | of_vessels, "no mutant comes back here"


@pytest.mark.parametrize("process", LOCAL, ids=[process.name for process in LOCAL])
def test_a_process_depends_on_nothing_but_what_it_says_it_reads(process):
    """All that it does not name is dealt anew among the rows or sites; what it writes comes out the same."""
    one, other = busy(20, TRAVEL), busy(20, TRAVEL)
    until(one, process)
    until(other, process)
    named = {*process.reads, *process.writes}
    rng = np.random.default_rng(1)
    hidden = [slot for slot in SLOTS if slot not in named]
    for slot in hidden:
        for array in SLOTS[slot].arrays(other.tissue):
            array[...] = rng.permutation(array.ravel()).reshape(array.shape)
    assert hidden == [] or differing(held(one.tissue, hidden), held(other.tissue, hidden))
    one.run(process)
    other.run(process)
    assert differing(held(one.tissue, process.writes), held(other.tissue, process.writes)) == set()
    assert one.tissue.counters == other.tissue.counters


def test_sensing_leaves_antigens_to_the_process_that_captures_them():
    body = busy(60)
    dendritic = rows_of(body.tissue, "dendritic")
    body.tissue.cells.antigens[dendritic] = 0
    until(body, Capture)
    assert not body.tissue.cells.antigens[rows_of(body.tissue, "dendritic")].any()
    body.run(Capture)
    assert body.tissue.cells.antigens[rows_of(body.tissue, "dendritic")].any()


# Sites


def another(body, name):
    """A second tissue of the same kind under another name, taken in."""
    site = Tissue(name, body.tissue.shape, body.tissue.setting, body.clock, body.seed, LOCAL)
    populate(site, body.start, body.blood.receptors(body.node))
    body.join(site)
    return site


def ids_of(site):
    return set(site.cells.id[site.cells.rows].tolist())


def test_two_sites_of_a_body_share_no_identity_and_no_chance():
    body = busy(0)
    lung = another(body, "lung")
    met = [ids_of(body.tissue), ids_of(lung)]
    assert all(len(ids) > 500 for ids in met)
    for _ in range(30):
        body.step()
        met = [old | ids_of(site) for old, site in zip(met, (body.tissue, lung), strict=True)]
    assert met[0] & met[1] == set()
    assert body.tissue.counters["births.tumor"] > 50 < lung.counters["births.tumor"]
    assert body.tissue.counters["births.tumor"] != lung.counters["births.tumor"]
    assert body.tissue.counters["recruited.monocyte"] > 0 < lung.counters["recruited.monocyte"]
    assert origin_of("lung") != origin_of("breast") != origin_of("bone")
    check_layers(body.tissue)
    check_layers(lung)


def test_a_second_site_leaves_the_chance_of_the_first_alone():
    """Only the lymph node that both feed joins them; without priming the breast has the history it has alone."""
    alone, two = (Body(scenario("minimal", start=BUSY, set=UNPRIMED), seed=4)
                  for _ in range(2))  # fmt: skip
    another(two, "lung")
    for _ in range(30):
        alone.step()
        two.step()
    assert differing(held(alone.tissue), held(two.tissue)) == set()


def test_one_lymph_node_hears_of_all_sites():
    body = busy(0, off=[LEAKY])
    another(body, "lung")
    single = busy(0, off=[LEAKY])
    for _ in range(150):
        body.step()
        single.step()
    assert body.counters["primed"] > single.counters["primed"] > 0
    assert body.node.naive.sum() < single.node.naive.sum()


# Roles


def test_the_parts_that_cell_types_play_hang_on_no_name():
    """The whole catalogue with each role's cell type under another name: the same history."""
    clones = [
        {"name": "slow", "share": 0.5, "antigens": 1},
        {"name": "fast", "share": 0.5, "antigens": 3, "multipliers": {"division": 1.5}},
    ]
    one = Body(scenario("minimal", start=BUSY | {"clones": clones}, set=REACTIVE, off=[LEAKY]), seed=4)
    new = {"tumor": "growth", "ctl": "killer", "th1": "helper", "endothelial": "pipe", "dendritic": "scout"}
    other = renamed(one.scenario, new)
    assert other.tissue.biology.types != one.tissue.biology.types
    for _ in range(150):
        one.step()
        other.step()
    assert one.counters["primed"] > 0
    assert differing(held(one.tissue), held(other.tissue)) == set()
    assert one.tissue.counters["sprouts"] == other.tissue.counters["sprouts"]


def renamed(base, new):
    """A body of the same scenario with cell types of other names."""
    from dataclasses import replace

    from tmesim.catalogue import Catalogue
    from tmesim.catalogue.models import KINDS, model_of

    def word(text):
        if text in new:
            return new[text]
        kind, dot, name = text.partition(".")
        return f"{kind}.{new[name]}" if dot and kind in ("contact", "become", "admit") and name in new else text

    def data(value):
        if isinstance(value, dict):
            return {word(key): data(each) for key, each in value.items()}
        if isinstance(value, list | tuple):
            return [data(each) for each in value]
        return word(value) if isinstance(value, str) else value

    dumped = {
        kind: {name: entry.model_dump(mode="json", exclude_none=True)
               for name, entry in getattr(base.catalogue, kind).items()}
        for kind in KINDS
    }  # fmt: skip
    made = {
        kind: {word(name) if kind == "cells" else name: model_of(kind, entry).model_validate(data(entry))
               for name, entry in entries.items()}
        for kind, entries in dumped.items()
    }  # fmt: skip
    catalogue, _ = Catalogue.build(made)
    densities = type(base.start.densities)({word(name): d for name, d in base.start.densities.items()})
    start = base.start.model_copy(update={"densities": densities})
    return Body(replace(base, catalogue=catalogue, start=start), seed=4)


ATTACKER = {
    "label": "attacker", "agent": "Attacker", "layer": "leukocyte", "color": "#112233",
    "behaviors": {"attachment": "5 1/h", "hit_rate": "5 1/h", "detachment": "0 1/h"},
}  # fmt: skip


@pytest.mark.parametrize("at", ["tissue", "leukocyte", "vessel"])
@pytest.mark.parametrize("of", ["tissue", "leukocyte"])
def test_attackers_and_targets_may_live_in_any_layer(of, at):
    victim = {"label": "victim", "agent": "Victim", "layer": at, "color": "#445566", "behaviors": {}}
    attacker = ATTACKER | {"layer": of, "targets": ["victim"]}
    bystander = victim | {"label": "bystander", "agent": "Bystander"}
    vessels = {"capillaries": "2000 /mm²" if at == "vessel" else "0 /mm²"}
    t = bare({"attacker": attacker, "victim": victim, "bystander": bystander}, 24, vessels)
    if at != "vessel":
        for x in range(4, 20, 4):
            t.spawn("victim", 8, x)
            t.spawn("bystander", 10, x)
    before = {cell: count(t, cell) for cell in t.biology.types}
    for y, x in zip(t.cells.y[rows_of(t, "victim")], t.cells.x[rows_of(t, "victim")], strict=True):
        if of == at:
            t.spawn("attacker", int(y), int(x) + 1)
        else:
            t.spawn("attacker", int(y), int(x))
    for _ in range(12):
        t.step()
        check_layers(t)
    assert before["victim"] >= 4 and count(t, "victim") == 0
    assert t.counters["kills"] == before["victim"]
    assert count(t, "attacker") == before["victim"]
    if at != "vessel":
        assert count(t, "bystander") == before["bystander"]


@pytest.mark.parametrize("way", ["kill", "event"])
def test_a_vessel_that_dies_leaves_no_links(way):
    t = tissue("minimal", start={"densities": {}, "tumor": [], "capillaries": "200 /mm²"})
    links = t.vessels.links
    rows = rows_of(t, "endothelial")
    y, x = int(t.cells.y[rows[0]]), int(t.cells.x[rows[0]])
    new = t.spawn("endothelial", y, x + 1)
    links[y, x] |= 1
    links[y, x + 1] |= 1 << 4
    row = t.row_of(int(t.cells.id[new]))
    if way == "kill":
        t.kill(row)
    else:
        from tmesim.kernels import living

        living.vanish(row, t.cells.columns, t.layers, t.maps)
    assert links[y, x] == links[y, x + 1] == 0
    assert t.layers.vessel.max() >= 0 and t.cells.type[row] == DEAD
    assert (t.matrix["debris"][y, x + 1] > 0) == (way == "kill")


def test_what_became_of_a_cell_is_counted_by_what_it_became():
    body = busy(60)
    counters = body.tissue.counters
    into = {name: number for name, number in counters.items() if name.startswith("changes.monocyte.")}
    assert sum(into.values()) == counters["changes.monocyte"] > 0
    assert set(into) <= {"changes.monocyte.m1", "changes.monocyte.m2"}
    assert counters["changes"] == sum(
        n for name, n in counters.items() if name.count(".") == 1 and name.startswith("changes.")
    )


# Widths


def test_more_clones_than_a_byte_tells_apart():
    """400 clones with division rates of their own; each keeps its number through divisions, copies and files."""
    clones = [
        {"name": f"c{i}", "share": 1 / 400, "antigens": 1, "multipliers": {"division": 1.0 + i}} for i in range(400)
    ]
    t = tissue("minimal", start={"tumor": [{"radius": "285 µm", "fill": 1.0}], "clones": clones, "densities": {}},
               off=["solid_stress_squeezes_vessels"])  # fmt: skip
    rows = rows_of(t, "tumor")
    assert t.cells.clone[rows].max() > 380 and np.unique(t.cells.clone[rows]).size > 300
    slot = t.biology.slot("tumor", "division")
    t.step()
    rows = rows_of(t, "tumor")
    rows = rows[t.cells.potential[rows] > 0]
    rates = t.cells.value[rows, slot] / t.cells.clone[rows]
    assert np.percentile(rates, 90) < 30 * np.percentile(rates, 10)  # else two clones would share a multiplier
    assert np.corrcoef(t.cells.value[rows, slot], t.cells.clone[rows])[0, 1] > 0.5
    twin = t.copy()
    assert np.array_equal(twin.cells.clone[: twin.cells.n], t.cells.clone[: t.cells.n])


def test_more_antigens_than_a_word_has_bits():
    """T cells against antigen 69 attack what carries 70 antigens, and not what carries 69 of them."""
    set_ = {"processes.priming.clonotypes": "70", "processes.priming.reactive_fraction": "1"}
    plan = {"tumor": [{"radius": "150 µm", "fill": 1.0}], "densities": {}, "capillaries": "0 /mm²"}
    seen = {}
    for antigens in (69, 70):
        clones = [{"name": "a", "share": 1, "antigens": antigens}]
        t = tissue("minimal", start=plan | {"clones": clones, "densities": {"ctl": "0 /mm²"}}, set=set_)
        assert t.cells.antigens.shape[1] == 3
        for x in range(12, 28):
            row = t.spawn("ctl", 20, x)
            t.cells.columns.core["tcr"][row] = 69
        for _ in range(24):
            t.step()
        seen[antigens] = t.counters["synapses"]
    assert seen[69] == 0 < seen[70]


def test_the_node_tells_apart_more_clonotypes_than_a_word_has_bits():
    t = tissue("minimal", set={"processes.priming.clonotypes": "70"})
    rows = rows_of(t, "tumor")
    t.cells.antigens[rows] = 0
    t.cells.antigens[rows, 2] = 1 << 5
    t.cells.type[rows] = t.biology.code("dendritic")
    act = t.processes[Act]
    leave = next(e for e in np.flatnonzero(act.loading))
    carried = act._departures(t.body.tissue, rows[:4], np.full(4, 2 * leave)).carried
    assert carried[69] >= 4 and carried[:69].sum() == 0
    for _ in range(300):
        t.node.advance(carried)
    assert (t.node.levels[:, 69] > 0).all() and t.node.levels[:, :69].sum() == 0


def test_a_map_of_the_matrix_is_an_entry():
    """A second density, laid down by one cell type, removed by another: dm/dt = d (1 − m) − r m at its site."""
    laid, removed = 0.02, 0.03
    cells = {
        "tumor": tumor(deposition__hyaluronan=f"{laid} 1/h"),
        "eater": {"label": "eater", "agent": "Eater", "layer": "leukocyte", "color": "#123456",
                  "behaviors": {"degradation.hyaluronan": f"{removed} 1/h"}},
    }  # fmt: skip
    from tmesim.bench import bare_scenario

    entries = {
        "cells": cells,
        "matrix": {
            "hyaluronan": {"label": "hyaluronan density", "decay": {"value": 0, "unit": "1/h", "source": SOURCE}}
        },
    }
    made = bare_scenario(entries, 20, {})
    t = OneTissue(made, seed=1)
    assert "deposition.hyaluronan" in made.catalogue.behaviors() and "hyaluronan" in made.catalogue.signals()
    t.spawn("tumor", 5, 5)
    t.spawn("tumor", 12, 12)
    t.spawn("eater", 12, 12)
    for _ in range(40):
        t.step()
    hyaluronan = t.matrix["hyaluronan"]
    assert hyaluronan[5, 5] == pytest.approx(1 - np.exp(-laid * 39), rel=0.03)  # the first step has not sensed before
    rate = laid + removed
    assert hyaluronan[12, 12] == pytest.approx(laid / rate * (1 - np.exp(-rate * 39)), rel=0.03)
    assert hyaluronan[6, 6] == hyaluronan[5, 5] and hyaluronan[8, 8] == 0
    assert np.ptp(t.matrix["ecm"]) == 0 and set(t.matrix) == {"ecm", "debris", "fiber_cos", "fiber_sin", "hyaluronan"}


def test_a_slow_field_is_an_entry_and_rises_as_its_equation_says():
    """A source everywhere, s, and decay, λ: c = s/λ (1 − (1 + λ dt)^−n); a fast one is there at once."""
    rate, decay = 2.0, 0.05
    field = {"unit": "pM", "diffusion": "1e5 µm²/h", "decay": f"{decay} 1/h", "edge": {"kind": "zero_flux"},
             "evidence": SOURCE}  # fmt: skip
    cells = {"tumor": tumor(secretion__slow=f"{rate} pM/h", secretion__fast=f"{rate} pM/h") | {"events": []}}
    fields = {"slow": field | {"slow": True}, "fast": field}
    t = bare(cells, 12, {"densities": {"tumor": f"{1e6 / 15**2} /mm²"}}, fields=fields)
    t.fields["slow"][:] = 0.0
    for n in range(1, 11):
        t.step()
        assert t.fields["slow"].mean() == pytest.approx(rate / decay * (1 - (1 + decay) ** -n), rel=1e-3)
    assert t.fields["fast"].mean() == pytest.approx(rate / decay, rel=1e-3)


# Reach


NEVER = {
    "cells": {"ependymal": {"label": "ependymal cell", "agent": "EpendymalCell", "layer": "tissue", "color": "#aa0011",
                            "states": ["gliosis"], "behaviors": {"division": "0.01 1/h", "secretion.gfap": "5 pM/h"},
                            "events": [{"behavior": "division", "does": "divide"}]}},
    "states": {"gliosis": {"label": "gliosis", "meaning": "test", "evidence": SOURCE}},
    "fields": {"gfap": {"unit": "pM", "diffusion": "1e5 µm²/h", "decay": "1 1/h", "edge": {"kind": "zero_flux"},
                        "evidence": SOURCE}},
    "rules": {
        "ependyma_slows_division": {"cell": "tumor", "signal": "contact.ependymal", "effect": "decreases",
                                     "behavior": "division", "limit": "0 1/h", "half_max": 1, "power": 1,
                                     "evidence": SOURCE},
        "gfap_slows_division": {"cell": "tumor", "signal": "gfap", "effect": "decreases", "behavior": "division",
                                "limit": "0 1/h", "half_max": "1 pM", "power": 1, "evidence": SOURCE},
    },
}  # fmt: skip


def test_what_a_scenario_cannot_reach_is_not_there_and_changes_nothing():
    usual, more = (Body(scenario("minimal", start=BUSY, add=add), seed=4) for add in (None, NEVER))
    assert "ependymal" in more.scenario.catalogue.cells and "ependymal" not in more.catalogue.cells
    assert "gfap" not in more.tissue.fields and "gliosis" not in more.tissue.biology.states
    assert more.tissue.cells.columns.state.shape == usual.tissue.cells.columns.state.shape
    assert more.tissue.solver.nbytes == usual.tissue.solver.nbytes
    for _ in range(20):
        usual.step()
        more.step()
    assert differing(held(usual.tissue), held(more.tissue)) == set()
    assert more.hash() == usual.hash()


def test_a_density_of_zero_makes_a_cell_type_reachable():
    start = BUSY | {"densities": BUSY["densities"] | {"ependymal": "0 /mm²"}}
    body = Body(scenario("minimal", start=start, add=NEVER), seed=4)
    assert "ependymal" in body.catalogue.cells and "gfap" in body.tissue.fields
    body.tissue.kill(int(rows_of(body.tissue, "fibroblast")[0]))
    y, x = np.argwhere(body.tissue.layers.tissue[8:-8, 8:-8] < 0)[0].tolist()
    body.tissue.spawn("ependymal", y, x)
    body.step()
    assert body.tissue.fields["gfap"].max() > 0


def test_what_cells_become_and_what_vessels_let_in_is_reachable():
    made = scenario("minimal", start={"tumor": [], "densities": {"monocyte": "10 /mm²"}, "capillaries": "0 /mm²"})
    assert made.reached == {"monocyte", "m1", "m2"}
    made = scenario("minimal", start={"tumor": [{"radius": "60 µm"}], "densities": {}, "capillaries": "0 /mm²"})
    assert made.reached == {"tumor", "necrotic"}
    made = scenario("minimal", start={"tumor": [], "densities": {}, "capillaries": "10 /mm²"})
    assert made.reached >= {"endothelial", "monocyte", "m1", "m2", "ctl", "treg", "th1", "dendritic"}
    assert "tumor" not in made.reached


def test_a_process_is_known_by_its_object():
    body = busy(0)
    assert isinstance(body.tissue.processes[Act], Act)


# Rest


def seeded(rests, steps=80):
    """A patch of kidney to which a few tumor cells come that soon die, and its counts in each step."""
    start = {"organ": "kidney", "tumor": [], "injection": {"route": "patch", "cells": 4}}
    arms = {"drug": {"therapies": [{"use": "anti_pd_l1", "start": "2 d"}]}}
    time = {"days": 4, "rest_when_cleared": rests}
    high = {"cells.arrested.behaviors.apoptosis": "1 1/h"}
    parts = scenario("minimal", start=start, arms=arms, reference="drug", time=time, set=high)
    body = Body(parts, seed=2)
    counts, drug = [], []
    for _ in range(steps):
        body.step()
        counts.append((count(body.tissue, "tumor"), count(body.tissue, "arrested")))
        drug.append(body.drug("anti_pd_l1")["plasma"])
    return body, counts, drug


def test_a_tissue_that_may_rest_moves_no_more_once_its_last_tumor_cell_has_died_and_loses_nothing_before():
    body, counts, drug = seeded(True)
    plain, same, levels = seeded(False)
    assert counts == same and counts[0] != (0, 0) == counts[-1] and drug == levels and drug[-1] > 0
    cleared = counts.index((0, 0)) + 1
    early, _, _ = seeded(True, cleared)
    assert body.at_rest and not plain.at_rest and body.hour == plain.hour > early.hour
    assert not differing(held(early.tissue), held(body.tissue)) and differing(held(early.tissue), held(plain.tissue))


def test_that_tissues_may_rest_is_written_where_it_was_said():
    assert seeded(True, 0)[0].scenario.content()["time"]["rest_when_cleared"] is True
    assert "rest_when_cleared" not in seeded(False, 0)[0].scenario.content()["time"]
