"""Dormancy: who falls asleep, who wakes, what sleep is; and that a primary tumor knows nothing of it."""

import numpy as np
import pytest
from tissues import OneTissue, count, rows_of, scenario

from tmesim.catalogue import HOSTS, catalogue_in, load_catalogue, organs
from tmesim.kernels.arrays import EMPTY, PAD
from tmesim.observables.reading import Reading
from tmesim.observables.spread import ASLEEP, ENTRIES
from tmesim.section import Section

RULES = [name for name, rule in load_catalogue().rules.items() if "dormancy" in (rule.behavior + rule.signal)]
GAINS = [name for name in RULES if load_catalogue().rules[name].behavior == "dormancy_gain"]
QUIET = {"vegf": 0.0, "oxygen": 40.0}


def soil(organ, seed=1, **parts):
    """The resting tissue of an organ, in which leukocytes are few."""
    start = {"organ": organ, "tumor": [], "densities": {"ctl": "0 /mm²", "osteoclast": "40 /mm²"}}
    return OneTissue(scenario("minimal", start=start, **parts), seed=seed)


def places(t, other, near):
    """A free site of the tissue layer that is beside a cell of a type, or two sites and more away from all."""
    rows = rows_of(t, other)
    at = np.zeros((t.shape[0] + 4, t.shape[1] + 4), bool)
    if t.bodies.any() and (found := (t.bodies >> 8) - 1 == t.biology.code(other)).any():
        at[2:-2, 2:-2] |= found
    at[t.cells.y[rows] + 2, t.cells.x[rows] + 2] = True
    for y, x in np.argwhere(t.layers.tissue[PAD:-PAD, PAD:-PAD] == EMPTY).tolist():
        beside = at[y + 1 : y + 4, x + 1 : x + 4].any()
        if beside if near else not at[y : y + 5, x : x + 5].any():
            return y, x
    raise AssertionError(f"no such place for {other}")


def rate(t, behavior, row, **levels):
    """A behavior of a tumor cell where fields are held at levels."""
    name = int(t.cells.id[row])
    for field, level in (QUIET | levels).items():
        t.fields[field][:] = level
    t.run("sense")
    return float(t.cells.value[t.row_of(name), t.biology.slot("tumor", behavior)])


@pytest.mark.parametrize(
    ("organ", "cell"), [("lung", "alveolus"), ("bone", "osteoblast"), ("liver", "hepatocyte"), ("brain", "astrocyte"),
                        ("kidney", "endothelial")],
)  # fmt: skip
def test_a_lone_cell_falls_asleep_beside_the_cells_of_its_soil(organ, cell):
    t = soil(organ)
    row = t.spawn("tumor", *places(t, cell, near=True))
    assert rate(t, "dormancy_gain", row) > 0.001
    off = soil(organ, off=GAINS)
    row = off.spawn("tumor", *places(off, cell, near=True))
    assert rate(off, "dormancy_gain", row) == 0


def test_sisters_and_sprouting_keep_awake():
    t = soil("bone")
    y, x = places(t, "osteoblast", near=True)
    name = int(t.cells.id[t.spawn("tumor", y, x)])
    alone, sprouting = (rate(t, "dormancy_gain", t.row_of(name), vegf=level) for level in (0.0, 40.0))
    assert sprouting < 0.5 * alone
    free = np.argwhere(t.layers.tissue[PAD:-PAD, PAD:-PAD] == EMPTY).tolist()
    for v, u in [site for site in free if max(abs(site[0] - y), abs(site[1] - x)) == 1][:2]:
        t.spawn("tumor", v, u)
    assert rate(t, "dormancy_gain", t.row_of(name)) < 0.4 * alone


@pytest.mark.parametrize("cell", ["caf", "neutrophil_n2", "osteoclast"])
def test_what_wakes_wakes_by_contact(cell):
    t = soil("bone")
    y, x = places(t, "osteoclast", near=False)
    name = int(t.cells.id[t.spawn("tumor", y, x)])
    before = rate(t, "dormancy_loss", t.row_of(name))
    layer = t.layer_of(cell)[PAD:-PAD, PAD:-PAD]
    for v, u in [s for s in np.argwhere(layer == EMPTY).tolist() if max(abs(s[0] - y), abs(s[1] - x)) == 1][:3]:
        t.spawn(cell, v, u)
    assert rate(t, "dormancy_loss", t.row_of(name)) > 3 * before


def test_sprouting_and_collagen_wake():
    t = soil("kidney")
    row = t.spawn("tumor", *places(t, "endothelial", near=False))
    name = int(t.cells.id[row])
    quiet = rate(t, "dormancy_loss", row)
    assert rate(t, "dormancy_loss", t.row_of(name), vegf=30.0) > 3 * quiet
    t.matrix["ecm"][:] = 0.8
    assert rate(t, "dormancy_loss", t.row_of(name)) > 3 * quiet


def test_division_falls_by_degrees_with_sleep_and_a_sleeper_is_out_of_cycle():
    """Of cells of the same surroundings; the last is a fiftieth and less, as Ki67 of solitary cells (0 to 0.02)."""
    t = soil("kidney")
    row = t.spawn("tumor", *places(t, "endothelial", near=False))
    name, state = int(t.cells.id[row]), t.biology.states.index("dormancy")
    found = {"division": [], "apoptosis": []}
    for z in np.linspace(0, 1, 11):
        for behavior, values in found.items():
            t.cells.columns.state[t.row_of(name), state] = z
            values.append(rate(t, behavior, t.row_of(name)))
    for values in found.values():
        assert (np.diff(values) < 0).all() and (-np.diff(values)).max() < 0.4 * values[0]
    assert found["division"][-1] < 0.02 * found["division"][0]
    assert 0.05 * found["apoptosis"][0] < found["apoptosis"][-1] < 0.2 * found["apoptosis"][0]


def test_each_organ_puts_to_sleep_and_the_breast_does_not():
    for name, organ in organs().items():
        for species in (species for species in HOSTS if organ.lives_in(species)):
            limits = {catalogue_in(name, species).rules[gain].limit.at(species) for gain in GAINS
                      if catalogue_in(name, species).rules[gain].group == "main"}  # fmt: skip
            assert (limits == {0.0}) if name == "breast" else (len(limits) == 1 and min(limits) > 0), name


def test_a_primary_tumor_has_the_history_that_it_has_without_dormancy():
    """The same cells at the same places in the same states, over two days."""
    with_it, without = scenario("untreated"), scenario("untreated", off=RULES)
    seen = []
    for made in (with_it, without):
        t = OneTissue(made, seed=4, types=made.reached)
        for _ in range(round(48 / t.dt)):
            t.step()
        now = Section.of(t.body.tissue).snapshot()
        assert (now.state("dormancy", "tumor") == 0).all()
        order = np.argsort(now.cells["id"])
        seen.append([now.cells[name][order].tobytes() for name in ("id", "type", "y", "x", "state.emt")])
    assert seen[0] == seen[1]


def test_the_count_of_sleepers_is_of_lone_cells_that_sleep():
    dormant = next(entry for entry in ENTRIES if entry.name == "dormant")
    y = np.array([2, 2, 9, *[20] * 12])
    x = np.array([2, 9, 9, *range(12)])
    asleep = np.array([1.0, 0.2, ASLEEP, *[1.0] * 12], np.float32)
    cells = {"type": np.zeros(y.size, np.uint8), "y": y, "x": x, "state.dormancy": asleep}
    section = Section(("tumor",), cells, {}, (30, 30), 15.0, 0.0)
    assert dormant.function(Reading(section)) == 2, "two of three lone cells; the twelve side by side are a lesion"
    del cells["state.dormancy"]
    assert np.isnan(dormant.function(Reading(Section(("tumor",), cells, {}, (30, 30), 15.0, 0.0))))


def test_sleepers_survive_a_drug_that_hits_cells_in_cycle():
    arms = {"none": {}, "given": {"therapies": [{"use": "chemotherapy", "start": "0 h"}]}}
    start = {"organ": "kidney", "tumor": [{"radius": "150 µm", "fill": 0.1}], "densities": {"ctl": "0 /mm²"}}
    hurt = {}
    for z in ("0", "1"):
        made = scenario("minimal", start=start, arms=arms, reference="none", set={"cells.tumor.starts.dormancy": z})
        t = OneTissue(made, seed=2, arm="given")
        for _ in range(round(24 / t.dt)):
            t.step()
        hurt[z] = float(t.cells.columns.state[rows_of(t, "tumor"), t.biology.states.index("dna_damage")].mean())
    assert count(t, "tumor") and 0 < hurt["1"] < 0.5 * hurt["0"]


# What is no rule and comes out


def sizes(days, size="600 µm", **parts):
    """Tumor cells each second day."""
    t = OneTissue(scenario("minimal", tissue={"size": [size] * 2, "spacing": "15 µm"}, **parts), seed=1)
    found = []
    for day in range(days + 1):
        if day % 2 == 0:
            found.append(count(t, "tumor"))
        for _ in range(round(24 / t.dt)):
            t.step()
    return found


@pytest.mark.slow
def test_a_micrometastasis_without_vessels_stands_still_though_its_cells_divide():
    """Where vessels are rare it grows by less than a third in 12 days after its start, at half the size of its twin."""
    held = {}
    for vessels in ("25 /mm²", "200 /mm²"):
        start = {"organ": "breast", "tumor": [{"radius": "90 µm", "fill": 0.9}], "capillaries": vessels,
                 "densities": {"fibroblast": "200 /mm²"}}  # fmt: skip
        off = ["vegf_drives_sprouting", "il6_drives_sprouting"]
        held[vessels] = sizes(24, "750 µm", start=start, off=off)
    poor, rich = held.values()
    assert poor[12] < 1.35 * poor[6] and poor[6] > 2 * poor[0]
    assert max(poor) < 0.65 * max(rich)


@pytest.mark.slow
def test_killers_hold_a_micrometastasis_that_grows_without_them():
    found = {}
    for killers in ("there", "harmless"):
        start = {"organ": "kidney", "tumor": [{"radius": "60 µm", "fill": 0.9}], "capillaries": "1000 /mm²",
                 "densities": {"ctl": "150 /mm²", "nk": "60 /mm²"}}  # fmt: skip
        numbers = {"processes.priming.reactive_fraction": "0.02"}
        if killers == "harmless":
            numbers |= {f"cells.{cell}.behaviors.hit_rate": "0 1/h" for cell in ("ctl", "nk")}
        found[killers] = sizes(14, start=start, set=numbers)
    there, harmless = found["there"], found["harmless"]
    assert there[7] < 1.25 * there[4] and harmless[7] > 1.5 * harmless[4], found
