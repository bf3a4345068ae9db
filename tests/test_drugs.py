"""Each drug moves something that is there, and each of the newer ones moves it the right way."""

import re
from pathlib import Path

import numpy as np
import pytest
from tissues import OneTissue, rows_of, scenario

from tmesim.catalogue import HOSTS, Drug, load_catalogue

CATALOGUE = load_catalogue()
EFFECTS = [(name, i) for name, drug in CATALOGUE.drugs.items() for i in range(len(drug.effects))]


@pytest.mark.parametrize(("name", "index"), EFFECTS)
def test_each_effect_blocks_what_a_rule_reads_or_scales_what_a_cell_does(name, index):
    effect = CATALOGUE.drugs[name].effects[index]
    if effect.blocks is not None:
        cells = set(effect.cells or CATALOGUE.cells)
        readers = [r for r in CATALOGUE.rules.values() if r.signal == effect.blocks]
        assert cells <= {cell for r in readers for cell in r.cell} or not effect.cells
        assert any(cells & set(r.cell) for r in readers)
        assert all(effect.fraction.at(host) > 0 for host in effect.fraction.hosts)
        return
    assert effect.cells and all(effect.scales in CATALOGUE.cells[cell].behaviors for cell in effect.cells)
    assert all(effect.to.at(host) != 1 for host in effect.to.hosts)
    for cell in effect.cells:  # a rate that is 0 at rest and that no rule raises stays 0, whatever scales it
        base = CATALOGUE.cells[cell].behaviors[effect.scales]
        raised = any(cell in r.cell and r.behavior == effect.scales for r in CATALOGUE.rules.values())
        assert raised or all(base.at(host) > 0 for host in base.hosts)


@pytest.mark.parametrize("name", sorted(CATALOGUE.therapies))
def test_each_therapy_does_something(name):
    therapy = CATALOGUE.therapies[name]
    if isinstance(therapy, Drug):
        assert therapy.effects or therapy.rules
    assert any(therapy.given_to(host) for host in HOSTS)


def test_the_readme_tells_every_treatment():
    text = (Path(__file__).resolve().parents[1] / "README.md").read_text(encoding="utf-8")
    table = text[text.index("| how it acts |") :].split("\n\n")[0]
    assert set(re.findall(r"`(\w+)`", table)) == set(CATALOGUE.therapies)


@pytest.mark.parametrize("signal", ["tgfb", "cxcl12", "ccl2", "il6", "vegf", "rankl"])
def test_a_drug_against_a_factor_blocks_it_in_every_cell_that_reads_it(signal):
    """In all organs: a receptor or a factor that is held is held for the cells of lung, liver and bone as well."""
    drugs = [d for d in CATALOGUE.drugs.values() if any(e.blocks == signal for e in d.effects)]
    readers = {cell for r in CATALOGUE.rules.values() if r.signal == signal for cell in r.cell}
    for drug in drugs:
        for effect in drug.effects:
            if effect.blocks == signal:
                assert readers <= set(effect.cells or CATALOGUE.cells)
    assert drugs


@pytest.mark.parametrize(
    ("name", "behavior"), [("anti_ccl2", "chemotaxis.ccl2"), ("cxcr4_inhibitor", "chemotaxis.cxcl12")]
)
def test_a_drug_against_a_chemokine_blinds_all_that_follow_it(name, behavior):
    scaled = {cell for e in CATALOGUE.drugs[name].effects if e.scales == behavior for cell in e.cells}
    assert scaled == {cell for cell, entry in CATALOGUE.cells.items() if behavior in entry.behaviors}


MARROW = {
    "organ": "bone", "tumor": [{"radius": "100 µm", "fill": 0.6}], "capillaries": "200 /mm²", "ecm": 0.1,
    "clones": [{"name": "a", "share": 1.0, "antigens": 3}],
    "densities": {"osteoclast": "400 /mm²", "osteoblast": "900 /mm²", "bone_matrix": "150 /mm²"},
}  # fmt: skip
LESION = {
    "tumor": [{"radius": "120 µm", "fill": 0.8}], "capillaries": "200 /mm²",
    "densities": {"ctl": "800 /mm²", "treg": "900 /mm²", "th1": "300 /mm²", "m1": "300 /mm²", "m2": "500 /mm²",
                  "monocyte": "200 /mm²", "caf": "300 /mm²", "dendritic": "200 /mm²", "nk": "300 /mm²"},
}  # fmt: skip
LUNG = {
    "organ": "lung", "tumor": [{"radius": "80 µm", "fill": 0.6}], "capillaries": "200 /mm²", "ecm": 0.1,
    "clones": [{"name": "a", "share": 1.0, "antigens": 3}],
    "densities": {"lung_fibroblast": "600 /mm²", "m2": "300 /mm²"},
}  # fmt: skip
MOVES = [
    ("denosumab", MARROW, "osteoclast", "division", -1),
    ("denosumab", MARROW, "osteoclast", "apoptosis", +1),
    ("bisphosphonate", MARROW, "osteoclast", "apoptosis", +1),
    ("bisphosphonate", MARROW, "osteoclast", "secretion.tgfb", -1),
    ("bisphosphonate", MARROW, "bone_matrix", "clearance", -1),
    ("bisphosphonate", MARROW, "osteoclast", "secretion.igf1", -1),
    ("bisphosphonate", MARROW, "tumor", "dormancy_loss", -1),
    ("tgfb_inhibitor", MARROW, "osteoblast", "division", -1),
    ("tgfb_inhibitor", LUNG, "lung_fibroblast", "caf_activation_gain", -1),
    ("tgfb_inhibitor", LESION, "nk", "hit_rate", +1),
    ("cxcr4_inhibitor", LESION, "tumor", "chemotaxis.cxcl12", -1),
    ("cxcr4_inhibitor", LESION, "endothelial", "admit.treg", -1),
    ("cxcr4_inhibitor", LESION, "ctl", "chemotaxis.cxcl9", +1),
    ("anti_ccl2", LESION, "endothelial", "admit.monocyte", -1),
    ("anti_ccl2", LESION, "monocyte", "chemotaxis.ccl2", -1),
    ("anti_il6", LESION, "tumor", "emt_gain", -1),
    ("anti_il6", LESION, "tumor", "stemness_gain", -1),
    ("anti_il6", MARROW, "osteoblast", "secretion.rankl", -1),
    ("csf1r_inhibitor", LESION, "m2", "apoptosis", +1),
    ("csf1r_inhibitor", LESION, "m1", "polarization_gain", -1),
    ("anti_ctla4", LESION, "ctl", "hit_rate", +1),
    ("anti_ctla4", LESION, "treg", "apoptosis", +1),
    ("p110delta_inhibitor", LESION, "treg", "division", -1),
    ("p110delta_inhibitor", LESION, "ctl", "hit_rate", +1),
]


@pytest.mark.parametrize(("name", "start", "cell", "behavior", "sign"), MOVES,
                         ids=[f"{n}-{c}-{b}" for n, _, c, b, _ in MOVES])  # fmt: skip
def test_a_drug_moves_what_it_should_the_right_way(name, start, cell, behavior, sign):
    """The mean of a behavior in one tissue, sensed with all targets held and with none."""
    therapies = [{"use": name, "start": "0 d"}]
    arms = {"plain": {}, "given": {"therapies": therapies}}
    s = scenario("minimal", start=start, arms=arms, reference="plain")
    t = OneTissue(s, seed=5, arm="plain")
    for _ in range(6):
        t.step()
    found = []
    for held in (0.0, 1e12):
        t.pharmacology.courses[name].restore(np.array([0.0, 0.0, 0.0, held]))
        t.run("treat", "sense")
        rows = rows_of(t, cell)
        found.append(float(t.cells.columns.value[rows, t.biology.slot(cell, behavior)].mean()))
    assert rows.size >= 5
    assert sign * (found[1] - found[0]) > 0.01 * found[0]
