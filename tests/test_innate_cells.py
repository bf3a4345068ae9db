"""Helper T cells, natural killer cells, neutrophils, suppressor cells and IL-2: one cause switched, its effect seen."""

import numpy as np
import pytest
from tissues import OneTissue, count, rows_of, scenario, tissue

from tmesim.catalogue import load_catalogue

CATALOGUE = load_catalogue()
EMPTY = {"densities": {}, "capillaries": "0 /mm²"}
NEST = {"tumor": [{"radius": "150 µm", "fill": 0.9}], "capillaries": "250 /mm²"}


def number(path, host="mouse"):
    return CATALOGUE.number(path).at(host)


def held_at(t, hours, **levels):
    for _ in range(round(hours / t.dt)):
        for name, level in levels.items():
            t.fields[name][:] = level
        t.step()


def state(t, name, cell="tumor"):
    return t.cells.columns.state[rows_of(t, cell), t.biology.states.index(name)]


def secreted(receptor, antigens, load=0.5, presenter="m2"):
    """IFN-γ of a helper T cell beside a presenting cell, pM/h."""
    t = tissue("minimal", sites=24, start=EMPTY)
    helper, other = t.spawn("th1", 10, 10, tcr=receptor), t.spawn(presenter, 10, 11, antigen_load=load)
    t.cells.columns.antigens[other, 0] = antigens
    t.run("sense")
    return float(t.cells.columns.value[helper, t.biology.slot("th1", "secretion.ifng")])


# -- helper T cells


@pytest.mark.parametrize("presenter", ["m2", "m1", "dendritic"])
def test_a_helper_cell_secretes_ifng_by_the_load_of_a_cell_that_presents_its_antigen(presenter):
    rule = "rules.presented_antigen_makes_th1_secrete_ifng"
    s = 0.5 / number(f"{rule}.half_max")
    assert secreted(1, 0b010, presenter=presenter) == pytest.approx(number(f"{rule}.limit") * s / (1 + s), rel=1e-5)
    assert secreted(1, 0b010, load=0.0, presenter=presenter) == 0


def test_a_helper_cell_is_deaf_to_antigens_that_its_receptor_does_not_recognize():
    assert secreted(1, 0b101) == 0
    assert secreted(np.iinfo(np.uint16).max, 0b111) == 0  # no receptor for anything of the tumor


def test_a_helper_cell_makes_more_ifng_than_an_engaged_cytotoxic_one():
    """Varga & Welsh 1998: in LCMV the CD4 cell makes more."""
    helper, killer = (f"rules.{rule}.limit" for rule in
                      ("presented_antigen_makes_th1_secrete_ifng", "antigen_makes_ctl_secrete_ifng"))  # fmt: skip
    assert number(helper) > number(killer)


def test_macrophages_and_dendritic_cells_load_themselves_where_cells_die():
    start = NEST | {"densities": {"m1": "200 /mm²", "dendritic": "200 /mm²"}}
    t = tissue("minimal", start=start, seed=1)
    held_at(t, 72)
    assert max(state(t, "antigen_load", "m2").max(initial=0), state(t, "antigen_load", "m1").max(initial=0)) > 0.1
    antigens = t.cells.columns.antigens[rows_of(t, "m1"), 0]
    assert (antigens != 0).any()
    clean = tissue("minimal", start=start | {"tumor": []}, seed=1)
    held_at(clean, 72)
    assert state(clean, "antigen_load", "dendritic").max(initial=0) == 0 or clean.matrix["debris"].max() > 0


def test_ifng_with_macrophages_arrests_tumor_cells_and_the_arrest_outlasts_it():
    """IFN-γ alone hardly does; after it is gone the arrest stays for weeks; without its rule there is none."""
    ends = {}
    for name, macrophages, off in (("both", "2000 /mm²", []), ("alone", "0 /mm²", []),
                                   ("off", "2000 /mm²", ["ifng_arrests_tumor"])):  # fmt: skip
        innate = {f"cells.{cell}.behaviors.hit_rate": "0 1/h" for cell in ("m1", "nk", "neutrophil_n1")}
        t = tissue("minimal", start=NEST | {"densities": {"m1": macrophages}}, off=off, set=innate, seed=2)
        held_at(t, 96, ifng=200.0, oxygen=40.0, tgfb=0.0, il10=0.0)
        ends[name] = float(state(t, "arrest").mean())
        if name == "both":
            held_at(t, 48, ifng=0.0, oxygen=40.0)
            kept = float(state(t, "arrest").mean())
    assert ends["off"] == 0
    assert ends["both"] > ends["alone"] + 0.05
    assert kept > 0.6 * ends["both"]


def test_an_arrested_cell_hardly_divides():
    t = tissue("minimal", start=NEST | {"densities": {}}, seed=3)
    slot = t.biology.slot("tumor", "division")
    t.run("sense")
    free = t.cells.columns.value[rows_of(t, "tumor"), slot].mean()
    t.cells.columns.state[rows_of(t, "tumor"), t.biology.states.index("arrest")] = 1.0
    t.run("sense")
    assert t.cells.columns.value[rows_of(t, "tumor"), slot].mean() < 0.2 * free


def without_killers(treg, off, seed, days=14):
    """Tumor cells on day 14 in a fat pad, among helper cells, M1, which alone kill, and so many Tregs."""
    idle = {f"cells.{cell}.behaviors.hit_rate": "0 1/h" for cell in ("ctl", "nk", "neutrophil_n1")}
    blood = {"processes.blood.th1": 4, "processes.blood.ctl": 0.01, "processes.blood.treg": int(treg > 0)}
    densities = {"th1": "150 /mm²", "m1": "100 /mm²", "monocyte": "50 /mm²", "dendritic": "60 /mm²",
                 "treg": f"{treg} /mm²", "fibroblast": "400 /mm²", "adipocyte": "420 /mm²"}  # fmt: skip
    start = {"tumor": [{"radius": "120 µm", "fill": 0.9}], "capillaries": "150 /mm²", "densities": densities}
    box = {"size": ["900 µm", "900 µm"], "spacing": "15 µm"}
    known = {"processes.priming.reactive_fraction": "1"}
    t = tissue("minimal", start=start, set=idle | blood | known, off=off, seed=seed, tissue=box)
    held_at(t, 24 * days)
    return count(t, "tumor")


def test_without_cytotoxic_cells_removal_of_tregs_works_through_helper_cells_and_ifng():
    """Bos et al. 2013: ablation of Tregs works without CD8 cells, and not without IFN-γ of CD4 cells."""
    mute = ["presented_antigen_makes_th1_secrete_ifng"]
    left = {off: [without_killers(treg, rules, 1) for treg in (300, 0)]
            for off, rules in ((False, []), (True, mute))}  # fmt: skip
    assert left[False][1] < 0.5 * left[False][0]
    assert left[True][1] > 0.9 * left[True][0]
    assert left[False][1] < 0.5 * left[True][1]


# -- IL-2


def test_regulatory_cells_take_il2_from_effectors():
    """Same helper cells held at full secretion: the more Tregs, the less IL-2 is left, and the less killers divide."""
    left, division = [], []
    for density in ("0 /mm²", "600 /mm²"):
        dense = {"densities": {"th1": "200 /mm²", "ctl": "300 /mm²", "treg": density}, "capillaries": "0 /mm²"}
        t = tissue("minimal", start=dense | {"tumor": []}, set={"cells.th1.behaviors.secretion.il2": "18000 pM/h"},
                   off=["presented_antigen_makes_th1_secrete_il2", "treg_contact_stops_ctl_division"])  # fmt: skip
        held_at(t, 2)
        left.append(float(t.fields["il2"].mean()))
        division.append(float(t.cells.columns.value[rows_of(t, "ctl"), t.biology.slot("ctl", "division")].mean()))
    assert left[1] < 0.6 * left[0]
    assert division[1] < division[0]


# -- natural killer cells


def kills(cell, density, hours=48, seed=1, **numbers):
    """Kills of a nest among attackers of one type, without other attackers."""
    others = {f"cells.{c}.behaviors.hit_rate": "0 1/h" for c in ("ctl", "m1", "neutrophil_n1", "nk") if c != cell}
    t = tissue("minimal", start=NEST | {"densities": {cell: density}}, set=others | numbers, seed=seed)
    held_at(t, hours)
    return t.counters["kills"]


VISIBLE = {"rules.ifng_raises_visibility.base": 1}
UNSEEN = {"rules.stemness_lowers_visibility.half_max": 1e4, "rules.emt_lowers_visibility.half_max": 1e4}


def test_natural_killer_cells_kill_what_shows_no_mhc_and_spare_what_shows_it():
    shown = kills("nk", "400 /mm²", **VISIBLE, **UNSEEN)
    hidden = kills("nk", "400 /mm²", **{"cells.tumor.behaviors.visibility": 0, **UNSEEN,
                                        "rules.stemness_lowers_visibility.limit": 0})  # fmt: skip
    assert shown <= 2 < 20 < hidden


def test_cytotoxic_cells_do_the_reverse():
    known = {"processes.priming.reactive_fraction": "1"}
    hidden = {"cells.tumor.behaviors.visibility": 0, "rules.stemness_lowers_visibility.limit": 0}
    assert kills("ctl", "400 /mm²", **known, **hidden) == 0
    assert kills("ctl", "400 /mm²", **known, **VISIBLE) > 20


@pytest.mark.parametrize("who", ["treg", "mdsc"])
def test_regulatory_and_suppressor_cells_inhibit_natural_killer_cells(who):
    rates = []
    for neighbors in (0, 3):
        t = tissue("minimal", sites=24, start=EMPTY)
        row = t.spawn("nk", 10, 10)
        for k in range(neighbors):
            t.spawn(who, 9, 9 + k)
        t.run("sense")
        rates.append(float(t.cells.columns.value[row, t.biology.slot("nk", "hit_rate")]))
    half = number(f"rules.{who}_contact_inhibits_nk.half_max")
    limit = number(f"rules.{who}_contact_inhibits_nk.limit")
    s = 3 / half
    assert rates[1] / rates[0] == pytest.approx((1 + s * limit) / (1 + s), rel=1e-5)


# -- granulocytes


def test_tgfb_turns_neutrophils_to_n2_and_ifng_turns_them_back():
    """Held alive, since they live for a day only."""
    alive = {f"cells.{c}.behaviors.apoptosis": "0 1/h" for c in ("neutrophil_n1", "neutrophil_n2")}
    start = {"tumor": [], "densities": {"neutrophil_n1": "400 /mm²"}, "capillaries": "0 /mm²"}
    t = tissue("minimal", start=start, set=alive)
    total = count(t, "neutrophil_n1")
    held_at(t, 48, tgfb=0.0, ifng=0.0)
    assert count(t, "neutrophil_n2") < 0.15 * total
    held_at(t, 48, tgfb=100.0, ifng=0.0)
    turned = count(t, "neutrophil_n2")
    assert turned > 0.8 * total
    held_at(t, 72, tgfb=0.0, ifng=100.0)
    assert count(t, "neutrophil_n2") < 0.3 * turned


def test_half_of_the_neutrophils_of_a_tissue_are_gone_within_about_a_day():
    start = {"tumor": [], "densities": {"neutrophil_n1": "1000 /mm²"}, "capillaries": "0 /mm²"}
    t = tissue("minimal", start=start)
    before = count(t, "neutrophil_n1")
    held_at(t, 24)
    assert 0.35 * before < count(t, "neutrophil_n1") + count(t, "neutrophil_n2") < 0.65 * before


def test_suppressor_cells_spare_the_tumor():
    known = {"processes.priming.reactive_fraction": "1"}
    total = []
    for density in ("0 /mm²", "1000 /mm²"):
        plan = NEST | {"densities": {"ctl": "400 /mm²", "mdsc": density}}
        total.append(0)
        for seed in range(3):
            t = tissue("minimal", start=plan, set=known, seed=seed)
            held_at(t, 48)
            total[-1] += t.counters["kills"]
    assert total[1] < 0.85 * total[0]


@pytest.mark.parametrize("cell", ["mdsc", "neutrophil_n1", "nk"])
def test_a_host_without_a_tumor_keeps_a_few_of_each_per_mm2(cell):
    """What enters at 120 capillaries/mm² over what is lost: between one and four cells/mm²."""
    entry = CATALOGUE.cells[cell]
    lost = sum(number(f"cells.{cell}.behaviors.{e.behavior}") for e in entry.events if e.does in ("die", "leave"))
    assert 1 <= 120 * number(f"cells.endothelial.behaviors.admit.{cell}") / lost <= 4


def test_a_4t1_like_host_fills_its_tumor_with_granulocytes_and_a_plain_one_does_not():
    found = {}
    for host in ("mouse", "4t1_like"):
        t = OneTissue(scenario("minimal", host=host), seed=4)
        held_at(t, 96)
        found[host] = sum(count(t, cell) for cell in ("mdsc", "neutrophil_n1", "neutrophil_n2"))
    assert found["4t1_like"] > 5 * max(found["mouse"], 2)


# -- ablation of regulatory T cells


def treated(arm, days=2):
    arms = {"untreated": {}, **{use: {"therapies": [{"use": use, "start": "0 h"}]} for use in
                                ("treg_ablation", "anti_cd25")}}  # fmt: skip
    start = {"tumor": [], "densities": {"treg": "800 /mm²", "ctl": "400 /mm²", "th1": "400 /mm²"},
             "capillaries": "120 /mm²"}  # fmt: skip
    t = OneTissue(scenario("minimal", start=start, arms=arms), seed=5)
    t.treat(arm)
    held_at(t, 24 * days)
    return {cell: count(t, cell) for cell in ("treg", "ctl", "th1")} | {"blood": t.blood.levels(t.node)["treg"]}


def test_ablation_takes_95_percent_of_tregs_in_blood_and_tissue_and_anti_cd25_takes_effectors_too():
    none, toxin, antibody = (treated(arm) for arm in ("untreated", "treg_ablation", "anti_cd25"))
    assert toxin["treg"] <= 0.05 * none["treg"]
    assert toxin["blood"] <= 0.05 * none["blood"]
    assert toxin["treg"] < antibody["treg"] < 0.6 * none["treg"]
    assert antibody["ctl"] < 0.97 * toxin["ctl"] and antibody["th1"] < 0.9 * toxin["th1"]


def test_complete_ablation_is_for_mice():
    arms = {"a": {"therapies": [{"use": "treg_ablation", "start": "0 h"}]}}
    with pytest.raises(Exception, match="treg_ablation has no dose for human, only for mouse"):
        scenario("untreated", host="human", arms=arms, reference="a")
