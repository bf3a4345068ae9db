"""Lymph node and blood: delays, growth, contraction, the stem-like pool and its waves by hand; what drugs do to them;
what a lesion sends; what enters the tissue recognizes the tumor."""

from dataclasses import replace

import numpy as np
import pytest
from tissues import scenario, tissue

from tmesim.body import Body
from tmesim.body.lymph_node import LymphNode
from tmesim.catalogue import load_catalogue
from tmesim.scenario import load
from tmesim.tissue.lesion import lesion_over_section, sections_in

CATALOGUE = load_catalogue()
PARAMETERS = CATALOGUE.processes["priming"]
CTL, TH1 = 0, 1  # in the order of the catalogue
AMPLE = 1e4  # loaded dendritic cells in a step, far above half_antigen


def at(name):
    return PARAMETERS[name].at("mouse")


def own(name, cell="ctl"):
    return getattr(CATALOGUE.cells[cell].primed, name).at("mouse")


def node_with(dt=1.0, **numbers):
    """A node of a mouse; numbers of `priming` by name."""
    numbers = {"clonotypes": 3} | numbers
    paths = {f"processes.priming.{name}": f"{value} {PARAMETERS[name].unit}" for name, value in numbers.items()}
    changed, problems = CATALOGUE.with_numbers(paths)
    assert not problems
    return LymphNode(changed, "mouse", dt)


def carried(*cells):
    return np.array(cells, float)


def fed(node, hours, cells, antigens=(1, 1, 1)):
    """The levels of CTL over hours in which so many loaded cells a day arrive."""
    levels = []
    for _ in range(round(hours / node.dt)):
        node.advance(np.array(antigens) * cells / 24 * node.dt)
        levels.append(node.levels[CTL].sum())
    return np.array(levels)


def test_the_types_that_are_primed_are_data():
    assert node_with().types == ("ctl", "th1")


@pytest.mark.parametrize("dt", [1.0, 0.5])
def test_nobody_is_primed_before_lag_and_program_are_over(dt):
    node = node_with(dt)
    node.advance(carried(5, 5, 5))
    wait = at("lag") + at("program")
    for _ in range(round((wait - 2) / dt)):
        node.advance(carried(0, 0, 0))
    assert node.levels.sum() == 0
    for _ in range(round(4 / dt)):
        node.advance(carried(0, 0, 0))
    assert node.levels.min() > 0


def test_only_the_clones_whose_antigen_arrived_respond():
    node = node_with()
    for _ in range(400):
        node.advance(carried(0, 1, 0))
    assert (node.levels[:, 1] > 0).all() and (node.levels[:, [0, 2]] == 0).all()


@pytest.mark.parametrize("cell", ["ctl", "th1"])
def test_a_cohort_grows_by_the_program_and_cannot_exceed_its_precursors(cell):
    """Saturating antigen: all precursors leave within some lags; their number grows by e^{rate · program}."""
    node = node_with(thymic_output=0, stem_share=0)
    node.contract = 1.0
    for _ in range(4000):
        node.advance(carried(AMPLE, 0, 0))
    row = node.types.index(cell)
    grown = own("precursors", cell) * np.exp(own("expansion_rate", cell) * at("program"))
    assert node.blood[row, 0] == pytest.approx(grown, rel=0.1)
    assert node.naive[row, 0] < 1e-6 * own("precursors", cell)


def test_helpers_peak_far_lower_than_killers():
    """Homann et al. 2001: specific CD4 cells reach about a twentieth of the CD8 cells, 0.03 to 0.1."""
    node = node_with()
    peaks = np.zeros(2)
    for _ in range(400):
        node.advance(carried(AMPLE, 0, 0))
        peaks = np.maximum(peaks, node.blood[:, 0])
    assert 0.03 < peaks[TH1] / peaks[CTL] < 0.11


def test_helpers_are_primed_where_there_are_no_killers():
    """The node of a catalogue in which CTL are not primed has the same response of helpers."""
    cells = dict(CATALOGUE.cells) | {"ctl": CATALOGUE.cells["ctl"].model_copy(update={"primed": None})}
    alone = LymphNode(replace(CATALOGUE, cells=type(CATALOGUE.cells)(cells)), "mouse", 1.0)
    both = node_with(clonotypes=2)
    for _ in range(300):
        alone.advance(carried(3, 0))
        both.advance(carried(3, 0))
    assert alone.types == ("th1",) and alone.levels[0, 0] > 0
    assert (alone.levels[0] == both.levels[TH1]).all()


def test_the_response_does_not_depend_on_the_step():
    levels = []
    for dt in (1.0, 0.5):
        node = node_with(dt)
        for step in range(round(1000 / dt)):
            node.advance(carried(80, 0, 0) * (step % round(24 / dt) == 0))
        levels.append([*node.levels[:, 0], *node.stem[:, 0]])
    assert levels[0] == pytest.approx(levels[1], rel=0.05)


def test_with_a_stem_like_pool_the_response_lasts_and_without_it_is_one_pulse():
    shares = at("stem_share"), 0
    lasting, pulse = (fed(node_with(thymic_output=0, stem_share=share), 24 * 120, 100) for share in shares)
    assert lasting[-1] > 0.2 * lasting.max()
    assert pulse[-1] < 1e-3 * pulse.max() and pulse.max() == pytest.approx(lasting.max(), rel=0.1)


def test_the_pool_saturates_and_so_do_its_waves():
    """However much antigen comes, the pool stays within its niche, and effectors within what it sends off."""
    node = node_with(thymic_output=0)
    levels = fed(node, 24 * 200, 1e6)
    most = own("niche") * at("wave_rate") * np.exp(own("expansion_rate") * at("wave_program")) / at("contraction")
    assert (node.stem[CTL] <= own("niche")).all()
    assert levels[-1] == pytest.approx(3 * most / own("cells_per_level"), rel=0.1)
    assert abs(levels[-1] / levels[-24 * 30] - 1) < 0.01


def test_memory_stays_when_antigen_is_gone_and_answers_again_faster():
    """A month after antigen most of the pool is there and the effectors are gone; a second exposure is answered by it,
    within the lag and the short program, where a naive node needs the long one."""
    node = node_with()
    fed(node, 24 * 30, 100)
    pool = node.stem[CTL].copy()
    rest = fed(node, 24 * 45, 0)
    assert rest[-1] < 0.05 * rest.max() and (node.stem[CTL] > 0.6 * pool).all()
    soon = round(at("lag") + at("wave_program")) + 12
    assert soon < at("lag") + at("program")
    again, naive = fed(node, soon, 100), fed(node_with(), soon, 100)
    assert again[-1] > 2 * again[0] and naive[-1] == 0


def test_antigen_feeds_waves_in_proportion_to_what_is_met():
    """At a steady level, half of the antigen that half fills a cell brings a third of the greatest wave; twice it two
    thirds."""
    found = []
    for antigen in (0.5, 2.0):
        node = node_with(thymic_output=0, stem_loss=0, stem_share=0, antigen_loss=0)
        node.naive[:] = 0
        node.stem[CTL, 0] = own("niche")
        node.antigen[:] = antigen * at("half_antigen")
        for _ in range(2000):
            node.advance(carried(0, 0, 0))
        found.append(node.blood[CTL, 0])
    assert found[0] / found[1] == pytest.approx(0.5, rel=0.02)


# What drugs do


def test_drugs_that_kill_dividing_cells_spare_the_pool_and_those_that_kill_resting_ones_do_not():
    usual, dividing, resting = (node_with() for _ in range(3))
    for hour in range(400):
        for node, kills in ((usual, {}), (dividing, {"dividing": 0.1}), (resting, {"resting": 0.1})):
            node.advance(carried(5, 5, 5), **(kills if 300 <= hour < 330 else {}))
    assert dividing.levels[CTL].sum() < 0.9 * usual.levels[CTL].sum()
    assert dividing.stem[CTL].sum() > 0.8 * usual.stem[CTL].sum()
    assert resting.stem[CTL].sum() < 0.3 * usual.stem[CTL].sum()


def treated(therapy, days, **options):
    """Hourly levels of blood of a bare tissue, after a dose at day 1."""
    arm = {"a": {"therapies": [{"use": therapy, "start": "1 d", "times": 1}]}}
    body = Body(scenario("minimal", sites=8, arms=arm, reference="a", time={"days": days}, **options), seed=1)
    levels = []
    for _ in range(days * 24):
        body.step()
        levels.append(body.blood.levels(body.node))
    return {cell: np.array([each[cell] for each in levels]) for cell in levels[0]}


def test_chemotherapy_empties_the_blood_for_a_while():
    """A nadir within days, then recovery; every leukocyte of the blood is hit."""
    levels = treated("chemotherapy", 40)
    for cell in ("ctl", "th1", "treg", "monocyte"):
        nadir = levels[cell].argmin()
        assert levels[cell][:24] == pytest.approx(1, rel=1e-9)
        assert 0.5 < levels[cell].min() < 0.85 and 24 * 2 < nadir < 24 * 8
        assert levels[cell][-1] > 0.95


def test_anti_cd25_takes_regulatory_cells_alone_out_of_the_blood():
    levels = treated("anti_cd25", 14)
    assert levels["treg"].min() == pytest.approx(0.27, abs=0.05)  # Mitchell et al. 2011: − 73 %
    assert levels["monocyte"].min() == levels["ctl"].min() == 1


def test_blood_and_node_survive_a_checkpoint_in_the_middle_of_a_nadir():
    arm = {"a": {"therapies": [{"use": "chemotherapy", "start": "0 d", "times": 1}]}}
    body = Body(scenario("minimal", arms=arm, reference="a", time={"days": 4}), seed=1)
    for _ in range(30):
        body.step()
    twin = body.copy()
    assert twin.hash() == body.hash() and (twin.blood.standing == body.blood.standing).all()
    for _ in range(6):
        body.step()
        twin.step()
    assert twin.hash() == body.hash()


# What a lesion sends


def test_a_section_stands_for_the_ball_whose_equator_it_is():
    """4 R / (3 · 15 µm); a stated radius counts instead, by volume; never less than what is seen."""
    area = np.pi * 0.4**2
    assert sections_in(area) == pytest.approx(4 * 400 / 45)
    assert sections_in(area, 400) == pytest.approx(sections_in(area))
    assert sections_in(area, 800) == pytest.approx(8 * sections_in(area))
    assert sections_in(0) == sections_in(1e-6) == 1


def test_what_a_lesion_sends_hangs_on_the_tumor_and_not_on_the_box():
    """The same nest in a patch twice as wide stands for the same lesion."""
    sizes = [Body(load("minimal", set={"tissue.size": [f"{um} µm"] * 2}), seed=1) for um in (600, 1200)]
    found = [lesion_over_section(body.tissue) for body in sizes]
    assert found[0] == pytest.approx(found[1], rel=0.05) and found[0] == pytest.approx(4 * 100 / 45, rel=0.1)


def test_cells_that_carry_no_antigen_of_the_tumor_prime_nobody():
    """Dendritic cells that have fed on the host's own debris alone."""
    body = Body(scenario("minimal", sites=24, start={"tumor": [], "densities": {"dendritic": "300 /mm²"}}), seed=1)
    t = body.tissue
    rows = t.cells.rows[t.cells.type[t.cells.rows] == t.biology.code("dendritic")]
    t.cells.state[t.biology.states.index("antigen_load")][rows] = 1.0
    for _ in range(24):
        body.step()
    assert t.counters["leaves.dendritic"] > 0
    assert body.counters["primed"] == 0 and body.node.antigen.sum() == 0


def test_antigen_in_the_node_brings_reactive_killers_into_the_tissue():
    """With the node flooded with the tumor's antigens, the share of reactive receptors among entrants rises."""
    t = tissue("untreated", seed=2, set={"processes.priming.clonotypes": 3})
    before = t.blood.receptors(t.node)["ctl"].sum()
    for _ in range(300):
        t.node.advance(carried(100, 100, 100))
    assert before < 0.15 < t.blood.receptors(t.node)["ctl"].sum()
    assert t.blood.levels(t.node)["ctl"] > 1.2
