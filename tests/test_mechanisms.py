"""Mechanisms, wired: a small tissue, one cause switched, the effect that the catalogue promises."""

import numpy as np
import pytest
from tissues import OneTissue, count, mirrored, rows_of, scenario, tissue

from tmesim.tissue.processes.remodel import Remodel


def state(t, name, cell="tumor"):
    return t.cells.columns.state[rows_of(t, cell), t.biology.states.index(name)]


def held_at(t, hours, **levels):
    """Step with fields held at levels."""
    for _ in range(round(hours / t.dt)):
        for name, level in levels.items():
            t.fields[name][:] = level
        t.step()


def bald(t, radius_um):
    """Take out all vessels within a radius of the center."""
    rows = rows_of(t, "endothelial")
    center = [(n - 1) / 2 for n in t.shape]
    far = np.hypot(t.cells.y[rows] - center[0], t.cells.x[rows] - center[1]) * t.spacing
    for row in rows[far < radius_um]:
        t.kill(int(row))
    t.processes[Remodel].perfuse(t)


QUIET = {"densities": {"fibroblast": "300 /mm²"}, "capillaries": "200 /mm²"}


def test_a_pulse_of_tgfb_is_remembered_and_then_forgotten():
    """Three days at 200 pM turn cells mesenchymal; days later half of it is still there, weeks later it is gone."""
    t = tissue(
        "minimal",
        start=QUIET,
        seed=1,
        off=["il6_drives_emt", "caf_contact_drives_emt"],  # which CAFs that the pulse has made would go on with
    )
    still = tissue("minimal", start=QUIET, seed=1)
    held_at(t, 72, tgfb=200.0)
    held_at(still, 72, tgfb=0.0)
    peak, rest = state(t, "emt").mean(), state(still, "emt").mean()
    assert peak > rest + 0.15
    held_at(t, 48, tgfb=0.0)
    held_at(still, 48, tgfb=0.0)
    remembered = state(t, "emt").mean() - state(still, "emt").mean()
    assert remembered > 0.4 * (peak - rest)
    held_at(t, 14 * 24, tgfb=0.0)
    held_at(still, 14 * 24, tgfb=0.0)
    assert state(t, "emt").mean() - state(still, "emt").mean() < 0.2 * (peak - rest)


def test_hypoxia_calls_for_vegf_and_breeds_stemness():
    low, high = (tissue("minimal", start=QUIET, seed=2) for _ in range(2))
    held_at(low, 72, oxygen=5.0)
    held_at(high, 72, oxygen=40.0)
    slot = low.biology.slot("tumor", "secretion.vegf")
    assert (
        low.cells.value[rows_of(low, "tumor"), slot].mean() > 2 * high.cells.value[rows_of(high, "tumor"), slot].mean()
    )
    assert state(low, "hypoxia_response").mean() > state(high, "hypoxia_response").mean() + 0.3
    assert np.median(state(low, "stemness")) > 1.3 * np.median(state(high, "stemness"))


def test_anoxia_kills_by_necrosis_and_oxygen_does_not():
    none, plenty = (tissue("minimal", start=QUIET, seed=3) for _ in range(2))
    held_at(none, 96, oxygen=0.0)
    held_at(plenty, 96, oxygen=40.0)
    assert count(none, "necrotic") > 0.3 * count(none, "tumor")
    assert count(plenty, "necrotic") < 0.02 * count(plenty, "tumor")


def test_ifng_raises_pdl1():
    quiet, loud = (tissue("minimal", start=QUIET, seed=4) for _ in range(2))
    held_at(quiet, 72, ifng=0.0)
    held_at(loud, 72, ifng=200.0)
    assert state(loud, "pdl1").mean() > state(quiet, "pdl1").mean() + 0.3


def test_tgfb_and_tumor_contact_turn_fibroblasts_into_cafs():
    quiet, loud = (
        tissue("minimal", start=QUIET | {"densities": {"fibroblast": "1500 /mm²"}}, seed=5) for _ in range(2)
    )
    held_at(quiet, 120, tgfb=0.0, il6=0.0)
    held_at(loud, 120, tgfb=200.0)
    assert count(loud, "caf") > 2 * count(quiet, "caf") + 10


def test_il10_and_tgfb_polarize_to_m2_and_ifng_back_to_m1():
    plan = QUIET | {"densities": {"m1": "200 /mm²"}}
    t = mirrored(tissue("minimal", start=plan, seed=6))
    held_at(t, 120, il10=50.0, tgfb=100.0, ifng=0.0)
    turned = count(t, "m2") / (count(t, "m1") + count(t, "m2"))
    assert turned > 0.6
    held_at(t, 168, il10=0.0, tgfb=0.0, ifng=200.0, oxygen=40.0)
    assert count(t, "m2") / (count(t, "m1") + count(t, "m2")) < 0.5 * turned


def killed(t, hours=48):
    for _ in range(round(hours / t.dt)):
        t.step()
    return t.counters["kills"]


KILLERS = {
    "tumor": [{"radius": "150 µm", "fill": 0.9}], "capillaries": "150 /mm²",
    "densities": {"ctl": "400 /mm²"},
}  # fmt: skip
REACTIVE = {"processes.priming.reactive_fraction": "1"}


def test_regulatory_cells_spare_the_tumor():
    """More Tregs, fewer kills, over seeds."""
    kills = []
    for density in ("0 /mm²", "800 /mm²"):
        plan = KILLERS | {"densities": {"ctl": "400 /mm²", "treg": density}}
        kills.append(sum(killed(tissue("minimal", start=plan, set=REACTIVE, seed=s)) for s in range(4)))
    assert kills[1] < 0.85 * kills[0]


def test_pdl1_spares_the_tumor_and_its_antibody_takes_that_back():
    arms = {"untreated": {}, "anti": {"therapies": [{"use": "anti_pd_l1", "start": "0 h"}]}}
    loud = REACTIVE | {"cells.tumor.behaviors.pdl1_loss": "0 1/h", "cells.tumor.starts.pdl1": "0.9"}
    none = REACTIVE | {"cells.tumor.behaviors.pdl1_gain": "0 1/h", "cells.tumor.starts.pdl1": "0"}
    off = [n for n, r in scenario("minimal").catalogue.rules.items() if r.behavior == "pdl1_gain"]
    few = KILLERS | {"densities": {"ctl": "150 /mm²"}}
    kills = {}
    for name, numbers, arm in (("loud", loud, "untreated"), ("treated", loud, "anti"), ("none", none, "untreated")):
        total = 0
        for seed in range(4):
            t = OneTissue(scenario("minimal", start=few, set=numbers, arms=arms, off=off), seed=seed)
            t.treat(arm)
            total += killed(t, 24)
        kills[name] = total
    assert kills["loud"] < 0.7 * kills["none"]
    assert kills["treated"] > kills["loud"] + 0.4 * (kills["none"] - kills["loud"])


def test_a_killer_attacks_only_what_its_receptor_recognizes():
    innate = {f"cells.{cell}.behaviors.hit_rate": "0 1/h" for cell in ("m1", "nk", "neutrophil_n1")}
    blind = innate | {"processes.priming.reactive_fraction": "0"}
    assert killed(tissue("minimal", start=KILLERS, set=blind, seed=1)) == 0
    assert killed(tissue("minimal", start=KILLERS, set=REACTIVE, seed=1)) > 20


def test_dendritic_cells_carry_antigen_from_debris_to_the_node():
    plan = {
        "tumor": [{"radius": "150 µm", "fill": 0.9}],
        "densities": {"dendritic": "150 /mm²"},
        "capillaries": "150 /mm²",
    }
    dying = {"cells.tumor.behaviors.apoptosis": "0.02 1/h"}
    t = tissue("minimal", start=plan, set=dying, seed=1)
    for _ in range(120):
        t.step()
    assert t.body.counters["primed"] > 0
    assert t.node.antigen.sum() > 0
    clean = tissue("minimal", start=plan | {"tumor": []}, seed=1)
    for _ in range(120):
        clean.step()
    assert clean.node.antigen.sum() == 0


def test_cafs_lay_down_matrix_and_matrix_keeps_leukocytes_slow():
    plan = {"tumor": [], "densities": {"caf": "2500 /mm²"}, "capillaries": "150 /mm²", "ecm": 0.1}
    t = tissue("minimal", start=plan, seed=1)
    before = t.matrix["ecm"].mean()
    for _ in range(120):
        t.step()
    assert t.matrix["ecm"].mean() > 1.5 * before
    hops = []
    for ecm in (0.0, 1.0):
        t = tissue(
            "minimal",
            start={"tumor": [], "densities": {"th1": "200 /mm²"}, "capillaries": "100 /mm²", "ecm": ecm},
            seed=1,
        )
        for _ in range(12):
            t.step()
        hops.append(t.counters["hops"])
    assert hops[1] < 0.4 * hops[0]


def test_oxygen_falls_to_hypoxia_within_the_reach_of_the_literature():
    """In solid tumor, pO2 is below 10 mmHg between 60 and 180 µm from the nearest perfused vessel (Thomlinson
    and Gray 1955 Br J Cancer 9:539 saw necrosis from about 160 µm; Lanzen et al. 2006 hypoxia at about 140 µm)."""
    plan = {"tumor": [{"radius": "400 µm", "fill": 1.0}], "densities": {}, "capillaries": "120 /mm²"}
    t = OneTissue(scenario("minimal", sites=80, start=plan), seed=1)
    bald(t, 400)
    for _ in range(3):
        t.step()
    y, x = np.nonzero(t.vessels.perfused)
    rows = rows_of(t, "tumor")
    ty, tx = t.cells.y[rows].astype(float), t.cells.x[rows].astype(float)
    nearest = np.min(np.hypot(ty[:, None] - y, tx[:, None] - x), axis=1) * t.spacing
    oxygen = t.fields["oxygen"][t.cells.y[rows], t.cells.x[rows]]
    limit = [np.median(oxygen[(nearest >= d) & (nearest < d + 30)]) for d in range(0, 270, 30)]
    hypoxic = 30 * next(i for i, level in enumerate(limit) if level < 10)
    assert 60 <= hypoxic <= 180
    assert (np.diff(limit) < 0.5).all()


@pytest.mark.parametrize("name", ["untreated", "minimal"])
def test_host_tissue_is_well_supplied(name):
    """Median pO2 of normal breast is about 65 mmHg in patients, 30 to 50 in most tissues (Vaupel 2007)."""
    t = tissue(name, seed=1)
    rows = np.concatenate([rows_of(t, "fibroblast"), rows_of(t, "adipocyte")])
    oxygen = t.fields["oxygen"][t.cells.y[rows], t.cells.x[rows]]
    assert 30 < np.median(oxygen) < 65


def test_matrix_is_laid_down_on_the_site_of_a_cell_and_the_eight_around():
    t = tissue("minimal", start={"tumor": [], "densities": {}, "capillaries": "0 /mm²", "ecm": 0.0})
    row = t.spawn("caf", 20, 20)
    t.run("sense")
    rate = float(t.cells.value[row, t.biology.slot("caf", "deposition.ecm")])
    loss = float(t.cells.value[row, t.biology.slot("caf", "degradation.ecm")])
    assert rate > 0 and loss > 0
    t.run("turn_over")
    laid = t.matrix["ecm"]
    around = laid[19:22, 19:22].copy()
    own = rate / (rate + loss) * (1 - np.exp(-(rate + loss) * t.dt))
    assert around[1, 1] == pytest.approx(own, rel=1e-5)
    around[1, 1] = 1 - np.exp(-rate * t.dt)
    assert around == pytest.approx(1 - np.exp(-rate * t.dt), rel=1e-5)
    assert np.count_nonzero(laid) == 9


def test_hybrid_cells_bear_more_chemotherapy_than_cells_at_either_end():
    arms = {"untreated": {}, "drug": {"therapies": [{"use": "chemotherapy", "start": "0 h"}]}}
    t = tissue("minimal", start={"tumor": [], "densities": {}, "capillaries": "0 /mm²"}, arms=arms)
    death = []
    for emt in (0.02, 0.5, 0.98):
        row = t.spawn("tumor", 20, 20, emt=emt, dna_damage=0.6, stemness=0.0, hypoxia_response=0.0)
        t.run("sense")
        death.append(float(t.cells.value[row, t.biology.slot("tumor", "apoptosis")]))
        t.kill(row)
    assert death[1] < 0.6 * min(death[0], death[2])
    assert death[0] == pytest.approx(death[2], rel=0.05)


def test_damage_by_a_drug_outlives_it_and_passes():
    """Half a day of drug, then none: cells go on dying, and a week later the rest is nearly whole."""
    arms = {"untreated": {}, "drug": {"therapies": [{"use": "chemotherapy", "start": "0 h", "dose": "0 mg/kg"}]}}
    alone = {f"processes.blood.{cell}": 0 for cell in ("nk", "neutrophil_n1")}  # they would take the few that are left
    t = tissue("minimal", start=QUIET, arms=arms, set=alone, seed=8)
    held_at(t, 12, drug_chemotherapy=1e5, oxygen=40.0)
    after, deaths = state(t, "dna_damage").mean(), t.counters["deaths.tumor"]
    assert after > 0.5
    held_at(t, 24, drug_chemotherapy=0.0, oxygen=40.0)
    assert t.counters["deaths.tumor"] - deaths > deaths / 4
    held_at(t, 6 * 24, drug_chemotherapy=0.0, oxygen=40.0)
    assert state(t, "dna_damage").mean() < 0.2 * after
