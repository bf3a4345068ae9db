"""Observables on a small tissue drawn by hand, where each number can be counted, and on a real one."""

import math
from types import SimpleNamespace

import numpy as np
import pytest

from tmesim.catalogue import load_catalogue
from tmesim.observables import OBSERVABLES, Reading, measure, observables_of
from tmesim.recorder import Recorder
from tmesim.scenario import read_text
from tmesim.scenario.schedule import Calendar, Moments
from tmesim.section import Section, around

TYPES = ["tumor", "necrotic", "endothelial", "ctl", "treg", "m1", "m2", "fibroblast", "caf"]
STATES = ["emt", "pdl1", "exhaustion", "pericytes", "stemness"]
LETTERS = {"T": "tumor", "N": "necrotic", "V": "endothelial", "C": "ctl", "R": "treg", "1": "m1", "2": "m2",
           "F": "fibroblast", "A": "caf"}  # fmt: skip


def drawn(*rows, spacing=30.0, hour=0.0):
    """A tissue from rows of letters; a dot is an empty site. With sites of 30 µm the region looks one site around."""
    placed = [(LETTERS[c], y, x) for y, row in enumerate(rows) for x, c in enumerate(row) if c != "."]
    n, shape = len(placed), (len(rows), len(rows[0]))
    cells = SimpleNamespace(
        n=n + 2,  # two dead rows behind the living
        type=np.array([TYPES.index(name) for name, _, _ in placed] + [255, 255], np.uint8),
        y=np.array([y for _, y, _ in placed] + [0, 0], np.int16),
        x=np.array([x for _, _, x in placed] + [0, 0], np.int16),
        state=np.zeros((len(STATES), n + 2), np.float32),
        target=np.zeros(n + 2, np.uint64),
    )
    perfused = np.zeros(shape, bool)
    for name, y, x in placed:
        perfused[y, x] = name == "endothelial"
    found = SimpleNamespace(
        hour=hour, spacing=spacing, shape=shape, cells=cells, counters={}, matrix={"ecm": np.zeros(shape, np.float32)},
        biology=SimpleNamespace(types=TYPES, states=STATES), vessels=SimpleNamespace(perfused=perfused),
        fields={"oxygen": np.full(shape, 20.0, np.float32)}, drug=lambda name: {}[name],
        organs={}, sample=dict, reactive=dict,
    )  # fmt: skip
    found.tissue = found  # its own body
    return found


def rows_of(tissue, name):
    return np.flatnonzero(tissue.cells.type == TYPES.index(name))


def value(tissue, name, before=None):
    return float(OBSERVABLES[name].function(Reading.of(tissue, before)))


NEST = (
    ".......",
    "..TTT..",
    ".TTNTT.",
    "..TTT..",
    ".......",
    "C.....R",
)


def test_counts_and_fractions_of_a_nest_counted_by_hand():
    tissue = drawn(*NEST)
    assert value(tissue, "tumor_burden") == 10
    assert value(tissue, "necrotic_fraction") == 1 / 11
    tissue.fields["oxygen"][1, 2:5] = 4.0  # three of ten tumor cells below 10 mmHg
    assert value(tissue, "hypoxic_fraction") == 0.3
    assert value(tissue, "tumor_oxygen") == 20.0


def test_the_region_of_a_nest_counted_by_hand():
    region = Section.of(drawn(*NEST)).region
    # a site belongs to it when 3 of the 9 sites around it are tumor or necrosis (2 of 6 at an edge)
    expected = ("..TTT..", ".TTTTT.", ".TTTTT.", ".TTTTT.", "...T...", ".......")
    assert ["".join(".T"[int(v)] for v in row) for row in region] == list(expected)
    assert value(drawn(*NEST), "tumor_area") == pytest.approx(19 * 0.03**2)
    assert value(drawn(*NEST), "tumor_radius") == pytest.approx(math.sqrt(19 * 900 / math.pi))


def test_densities_take_the_cells_within_the_tumor_alone():
    tissue = drawn("C.....", ".TTT..", ".TCT..", ".TVT..", "....RR")
    look = Section.of(tissue)
    assert look.within("ctl") == 1 and look.count("ctl") == 2
    assert value(tissue, "ctl_density") == pytest.approx(1 / look.region_mm2)
    assert value(tissue, "ctl_infiltration") == 0.5
    assert value(tissue, "ctl_to_treg") == pytest.approx(1.5 / (look.within("treg") + 0.5))
    assert value(tissue, "vessel_density") == pytest.approx(1 / look.region_mm2)


def test_perfusion_and_pericytes_of_the_tumors_vessels():
    tissue = drawn("TTTTT", "TVTVT", "TTTTT", ".....", ".....", "....V")
    tissue.vessels.perfused[1, 1] = False
    tissue.cells.state[STATES.index("pericytes"), rows_of(tissue, "endothelial")] = [0.2, 0.6, 1.0]
    assert value(tissue, "perfused_fraction") == 0.5
    assert value(tissue, "pericyte_cover") == pytest.approx(0.4)


def test_states_are_means_over_their_own_cells():
    tissue = drawn("TTTC", "TCFA")
    tissue.cells.state[STATES.index("emt"), rows_of(tissue, "tumor")] = [0.1, 0.6, 0.9, 0.4]
    tissue.cells.state[STATES.index("exhaustion"), rows_of(tissue, "ctl")] = [0.2, 0.8]
    tissue.cells.target[rows_of(tissue, "ctl")[0]] = 99
    assert value(tissue, "emt_mean") == pytest.approx(0.5)
    assert value(tissue, "emt_high_fraction") == 0.5
    assert value(tissue, "exhaustion_mean") == pytest.approx(0.5)
    assert value(tissue, "engaged_ctl") == 0.5
    assert value(tissue, "caf_share") == 0.5


def test_rates_compare_with_an_earlier_moment():
    tissue = drawn("TTTT", "CC..", hour=48.0)
    tissue.counters["kills"] = 9.0
    before = {"hour": 24.0, "n_tumor": 2.0, "kills": 3.0, "n_ctl": 4.0}
    assert value(tissue, "growth_rate", before) == pytest.approx(math.log(2))
    assert value(tissue, "kills_per_ctl", before) == pytest.approx(6 / 3)
    assert math.isnan(value(tissue, "growth_rate"))


def test_matrix_of_the_rim_is_that_of_the_host_tissue_beside_the_tumor():
    tissue = drawn(*["." * 15] * 5, "......TTT......", "......TTT......", "......TTT......", *["." * 15] * 6)
    tissue.matrix["ecm"][:] = 0.5
    tissue.matrix["ecm"][4:9, 5:10] = 0.9
    region = Section.of(tissue).region
    tissue.matrix["ecm"][region] = 0.0
    assert value(tissue, "ecm_in_tumor") == 0
    rim = np.flatnonzero(Section.of(tissue).rim)
    assert not region.ravel()[rim].any()
    assert value(tissue, "ecm_rim") == pytest.approx(float(tissue.matrix["ecm"].ravel()[rim].mean()))
    assert value(tissue, "ecm_rim") >= 0.5


def test_without_tumor_cells_what_has_no_meaning_is_nan_and_counts_are_zero():
    tissue = drawn("....", ".CF.", "....")
    for name in ("tumor_oxygen", "hypoxic_fraction", "emt_mean", "necrotic_fraction", "ctl_density", "ctl_to_treg",
                 "vessel_density", "perfused_fraction", "ecm_in_tumor", "ecm_rim",
                 "growth_rate"):  # fmt: skip
        assert math.isnan(value(tissue, name)), name
    assert value(tissue, "tumor_burden") == value(tissue, "tumor_area") == 0


def test_shares_around_a_site_agree_with_a_slow_twin():
    mask = np.random.default_rng(0).random((9, 13)) < 0.4
    for reach in (1, 2, 20):
        slow = [[mask[max(0, y - reach) : y + reach + 1, max(0, x - reach) : x + reach + 1].mean() for x in range(13)]
                for y in range(9)]  # fmt: skip
        assert np.allclose(around(mask, reach), slow, rtol=1e-12, atol=0)


def test_an_unused_drug_is_at_zero():
    table = observables_of(load_catalogue(), ["anti_cd25"])
    assert measure(Reading.of(drawn("T")), {"x": table["anti_cd25_plasma"]})["x"] == 0.0


# Records


def test_rows_are_due_at_multiples_of_the_interval_whatever_the_step():
    for step in (1.0, 0.5, 4.0, 5.0):
        hours = np.arange(0, 241) * step
        moments = Moments(every_h=6.0, step_h=step)
        due = [h for i, h in enumerate(hours) if h <= 48 and i in moments]
        assert len(due) == (9 if step < 5 else len({math.floor(h / 6) for h in hours if h <= 48}))
    assert [h for h in range(25) if h in Moments(every_h=6.0)] == [0, 6, 12, 18, 24]


def test_a_branch_keeps_the_rows_before_it_and_goes_its_own_way():
    recorder = Recorder({"tumor_burden": OBSERVABLES["tumor_burden"]})
    recorder.take(drawn("T", hour=0.0), 0)
    twin = recorder.copy()
    twin.take(drawn("T.", hour=6.0), 6)
    assert (len(recorder.table), len(twin.table)) == (1, 2)
    again = Recorder(recorder.observables)
    again.restore(twin.table, twin.past_table, twin.causes_table)
    assert np.array_equal(again.table, twin.table) and again.past == twin.past


def test_nothing_that_is_recorded_hangs_on_how_often_rows_are_written(tissue):
    """All observables of one history, written every 4, 6 and 24 hours: equal where the hours are."""
    table = observables_of(tissue.scenario.catalogue, ["anti_cd25"])
    history = tissue.copy()
    calendars = [Calendar(Moments(every_h=every), Moments(), Moments()) for every in (4.0, 6.0, 24.0)]
    recorders = [Recorder(table, calendar) for calendar in calendars]
    for _ in range(50):
        history.step()
        for recorder in recorders:
            recorder.take(history, history.step_index)
    rows = [{row["hour"]: row for row in recorder.rows} for recorder in recorders]
    for hour in (24.0, 48.0):
        for other in rows[1:]:
            for name in table:
                assert np.array_equal(rows[0][hour][name], other[hour][name], equal_nan=True), (name, hour)
    assert rows[0][48.0]["growth_rate"] != 0 and rows[0][48.0]["kills_per_ctl"] >= 0


def test_rates_look_back_a_day_and_in_the_first_hours_to_the_start(tissue):
    recorder, history = Recorder({}), tissue.copy()
    for _ in range(30):
        history.step()
        recorder.take(history, history.step_index)
        assert recorder.past[0]["hour"] == max(4.0, history.hour - 24.0)


# The catalogue and a real tissue


@pytest.fixture(scope="module")
def tissue():
    from tissues import OneTissue

    text = """
    name: small
    question: What is there?
    host: mouse
    tissue: {size: [450 µm, 360 µm]}
    start:
      tumor: {radius: 90 µm}
      densities: {fibroblast: 400 /mm², ctl: 80 /mm², treg: 50 /mm², m1: 50 /mm²}
      capillaries: 120 /mm²
      ecm: 0.2
    time: {days: 1}
    arms: {drug: {therapies: [{use: anti_cd25, start: 0 h}]}}
    """
    tissue = OneTissue(read_text(text), seed=3, replicate=0)
    for _ in range(3):
        tissue.step()
    return tissue


def test_every_observable_says_what_it_is_and_has_a_value_on_a_real_tissue(tissue):
    table = observables_of(tissue.scenario.catalogue, ["anti_cd25"])
    row = measure(Reading.of(tissue), table)
    for name, observable in table.items():
        assert observable.name == name and observable.label and observable.unit and observable.meaning.endswith(".")
        assert isinstance(row[name], float)
        assert observable(tissue) == row[name] or math.isnan(row[name])
    unknown = {name for name in table if math.isnan(row[name])}
    nobody = {"caf_at_front", "kills_per_ctl", "perfused_fraction", "pericyte_cover", "m2_share",
              "extravasated", "clones_in_blood"}  # fmt: skip
    assert unknown <= nobody | {"growth_rate"}


def test_a_section_out_of_its_files_shows_what_the_tissue_shows_save_its_history(tissue):
    stored = Section.read(**Section.of(tissue).packed())
    table, history = observables_of(tissue.scenario.catalogue, ["anti_cd25"]), set()
    for name, observable in table.items():
        now, then = observable(tissue), observable(stored)
        if math.isnan(then) and not math.isnan(now):
            history.add(name)
        else:
            assert math.isclose(now, then, rel_tol=1e-12) or (math.isnan(now) and math.isnan(then)), name
    counted = {"kills", "births", "deaths", "recruited", "tumor_births", "tumor_deaths", "tumor_necroses",
               "arrivals", "reactive_ctl_in_blood"}  # fmt: skip
    assert history == counted | {f"anti_cd25_{level}" for level in ("plasma", "tissue", "occupancy")}


def test_counts_of_a_real_tissue_are_those_of_its_cells(tissue):
    row = measure(Reading.of(tissue), observables_of(tissue.scenario.catalogue))
    types = [tissue.biology.types[t] for t in tissue.cells.type[: tissue.cells.n] if t != 255]
    for name in tissue.biology.types:
        assert row[f"n_{name}"] == types.count(name)
    assert row["n_tumor"] == row["tumor_burden"] > 100


def test_a_drug_that_was_given_is_in_the_levels(tissue):
    row = measure(Reading.of(tissue), observables_of(tissue.scenario.catalogue, ["anti_cd25"]))
    assert row["anti_cd25_plasma"] > 0 and 0 <= row["anti_cd25_occupancy"] <= 1


def test_the_reactive_cells_of_the_blood_and_their_clones_by_hand():
    here = drawn(*NEST)
    assert math.isnan(value(here, "reactive_ctl_in_blood")) and math.isnan(value(here, "clones_in_blood"))
    here.reactive = lambda: {"ctl": np.array([30.0, 10.0])}
    assert value(here, "reactive_ctl_in_blood") == 40.0
    assert value(here, "clones_in_blood") == 40.0**2 / (30.0**2 + 10.0**2)
    here.reactive = lambda: {"ctl": np.zeros(2)}
    assert value(here, "reactive_ctl_in_blood") == 0.0 and math.isnan(value(here, "clones_in_blood"))
