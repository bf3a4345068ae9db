"""Untreated targets: each is measured by hand on a small section, and the figure says what is met and what is not."""

import json
from types import SimpleNamespace

import histories
import numpy as np
import pytest
import toys
from test_window import window

import tmesim
from tmesim.cli.targeting import print_targets
from tmesim.drawing.panels import lacking
from tmesim.drawing.targets import draw_targets
from tmesim.reading import InputError
from tmesim.scenario import load, read_text
from tmesim.section import Section
from tmesim.storage.tables import read_columns
from tmesim.targets import Target, courses_in, found_in, table, table_bytes, targets_of
from tmesim.targets.measures import COURSES, LAST_DAYS, MEASURES, SYNTHESIS_H, Untreated
from tmesim.targets.overlap import CORE, Overlap, overlaps
from tmesim.zones import MARGIN_UM, zones_of

TYPES = ("tumor", "ctl", "treg", "m2", "caf", "adipocyte", "nk", "necrotic")


class Kept:
    """A run of one arm and one replicate, of which the rows and the last section are given."""

    def __init__(self, section, **columns):
        self.section, self.columns = section, columns

    snapshot_days = (10.0,)

    @property
    def scenario(self):
        return SimpleNamespace(start_of=lambda arm: SimpleNamespace(interior=None), arms={"a": None})

    def last_snapshot_day(self):
        return 10.0

    def snapshot(self, day, arm, replicate):
        return self.section

    def series(self, name, arm):
        values = np.asarray(self.columns[name], float)
        return np.linspace(0.0, 10.0, values.size), values[None]


def drawn(radius, size=61, spacing=15.0, **others):
    """A disk of tumor cells with other cells at sites (y, x), and a vessel in the middle and one at the rim."""
    y, x = np.mgrid[:size, :size]
    middle = size // 2
    disk = np.argwhere(np.hypot(y - middle, x - middle) <= radius)
    placed = [(0, *site) for site in disk.tolist()]
    placed += [(TYPES.index(name), *site) for name, sites in others.items() for site in sites]
    kind, py, px = np.array(placed).T
    depth = radius - np.hypot(py - middle, px - middle)
    cells = {"type": kind.astype(np.uint8), "id": np.arange(kind.size, dtype=np.uint64), "y": py, "x": px,
             "born": np.zeros(kind.size), "state.emt": np.where(depth > 7, 0.2, 0.6).astype(np.float32),
             "state.pdl1": np.zeros(kind.size, np.float32)}  # fmt: skip
    flows = np.zeros((size, size), bool)
    flows[middle, middle] = flows[middle, middle + radius - 1] = flows[middle + radius - 2, middle] = True
    oxygen = np.where(np.hypot(y - middle, x - middle) <= radius, 5.0, 40.0).astype(np.float32)
    maps = {"vessels.perfused": flows, "field.oxygen": oxygen, "vessels.links": np.zeros((size, size), np.uint8),
            "matrix.ecm": np.where(oxygen < 40, 0.2, 0.5)}  # fmt: skip
    return Section(TYPES, cells, maps, (size, size), spacing, 240.0)


def test_zones_lie_within_and_around_the_edge():
    seen = Untreated(Kept(drawn(20)), "a", 0)
    zones = seen.zones
    assert (zones["rim"] | zones["core"]).sum() == zones["inside"].sum() == seen.section.region.sum()
    parts = [zones[name] for name in ("rim", "core", "around", "outside")]
    assert (np.sum(parts, axis=0) == 1).all(), "they share the section without a rest"
    assert (zones["margin"] == zones["rim"] | zones["around"]).all()
    y, x = np.nonzero(zones["core"])
    reach = np.hypot(y - 30, x - 30).max() * 15.0
    edge = np.sqrt(zones["inside"].sum() / np.pi) * 15.0
    assert edge - reach == pytest.approx(MARGIN_UM, abs=25.0)
    near = np.hypot(*(np.indices((61, 61)) - 30)) * 15.0
    assert near[zones["outside"]].min() - edge == pytest.approx(MARGIN_UM, abs=25.0)


def test_densities_and_ratios_are_counted_by_hand():
    middle = [(30, 30), (30, 31), (31, 30)]
    rim = [(30, 48), (30, 47)]
    seen = Untreated(Kept(drawn(20, ctl=middle[:1] + rim, treg=middle, m2=[(5, 5)])), "a", 0)
    area = {zone: mask.sum() * seen.section.site_mm2 for zone, mask in seen.zones.items()}
    assert MEASURES["cd8_inside"](seen) == pytest.approx(3 / area["inside"])
    assert MEASURES["cd8_rim_to_core"](seen) == pytest.approx(2 / area["rim"] * area["core"])
    assert MEASURES["foxp3_rim_to_core"](seen) == 0.0
    assert MEASURES["cd68_inside"](seen) == 0.0
    assert MEASURES["vessels_rim_to_core"](seen) == pytest.approx(2 * area["core"] / area["rim"])
    scores, (y, x) = seen.section.state("emt", "tumor"), seen.section.sites("tumor")
    by_hand = scores[seen.zones["rim"][y, x]].mean() / scores[seen.zones["core"][y, x]].mean()
    assert MEASURES["emt_rim_to_core"](seen) == pytest.approx(by_hand) and 1.5 < by_hand < 3.0
    assert MEASURES["host_oxygen"](seen) == 40.0


def test_growth_without_cytotoxic_t_cells_is_a_ratio_of_volumes():
    radii = {"untreated": [100.0, 200.0], "without_ctl": [100.0, 220.0]}
    scenario = SimpleNamespace(start_of=lambda arm: SimpleNamespace(interior=None), arms=radii)
    run = SimpleNamespace(
        scenario=scenario, series=lambda name, arm: (np.array([0.0, 10.0]), np.array(radii[arm])[None])
    )
    assert MEASURES["growth_without_ctl"](Untreated(run, "untreated", 0)) == pytest.approx(1.1**3)
    assert np.isnan(MEASURES["growth_without_ctl"](Untreated(run, "without_ctl", 0)))
    del radii["without_ctl"]
    assert np.isnan(MEASURES["growth_without_ctl"](Untreated(run, "untreated", 0))), "there is no such host beside it"


def test_cells_of_types_yet_to_come_have_nuclei_and_debris_has_none():
    """A body over several sites stands at one of them, and counts once."""
    seen = Untreated(Kept(drawn(20, nk=[(30, 30)], necrotic=[(30, 32)], adipocyte=[(5, 5), (30, 31)])), "a", 0)
    tumor = MEASURES["tumor_inside"](seen)
    area = seen.area("inside")
    assert MEASURES["cells_inside"](seen) == pytest.approx(tumor + 2 / area)
    assert MEASURES["adipocytes_inside"](seen) == pytest.approx(1 / area)
    assert MEASURES["adipocytes_outside"](seen) == pytest.approx(1 / seen.area("outside"))


def test_the_front_is_set_against_the_core():
    seen = Untreated(Kept(drawn(20, caf=[(30, 30), (30, 52), (30, 53)])), "a", 0)
    assert MEASURES["caf_around_to_core"](seen) == pytest.approx(2 / seen.area("around") * seen.area("core"))
    assert MEASURES["ecm_around_to_core"](seen) == pytest.approx(2.5, rel=0.1)
    assert MEASURES["vessels_around_to_inside"](seen) == 0


def test_patches_of_pdl1_are_told_from_chance():
    section = drawn(24)
    y, x = section.sites("tumor")
    scores = section.cells["state.pdl1"]
    measure = MEASURES["pdl1_patchiness"]
    assert np.isnan(measure(Untreated(Kept(section), "a", 0))), "all are alike"
    scores[:] = np.random.default_rng(1).random(scores.size)
    assert 0.5 < measure(Untreated(Kept(section), "a", 0)) < 1.5
    scores[:] += 3 * (np.hypot(y - 20, x - 20) < 9)
    assert measure(Untreated(Kept(section), "a", 0)) > 20


def test_a_hole_in_the_tumor_lies_inside_and_a_wall_is_no_edge():
    section = drawn(20)
    hole = np.hypot(*(np.indices((61, 61)) - 30)) < 6
    section.cells["type"][hole[section.cells["y"], section.cells["x"]]] = TYPES.index("m2")
    zones = zones_of(section)
    assert not section.region[30, 30] and zones["inside"][30, 30] and zones["core"][30, 30]
    half = drawn(20).cropped((slice(0, 61), slice(0, 31)))
    assert zones_of(half)["core"][30, 30], "the tumor goes on beyond the wall"
    assert zones_of(half, window=True)["core"].all() and not zones_of(half, window=True)["outside"].any()


def test_rates_are_those_of_the_last_days():
    """1000 cells grow by 70 in a week with 350 births: a fifth is kept, and 50 a day divide."""
    days = np.linspace(0, 10, 11)
    burden = 1000 + 10 * np.maximum(days - 3, 0)
    births = 100 * days[:4].tolist()[-1] * np.ones(11) + 50 * np.maximum(days - 3, 0)
    kept = Kept(drawn(20), tumor_burden=burden, tumor_births=births, tumor_radius=100 + 7 * days)
    seen = Untreated(kept, "a", 0)
    assert LAST_DAYS == 7
    assert MEASURES["cell_loss"](seen) == pytest.approx(1 - 70 / 350)
    assert MEASURES["labelling_index"](seen) == pytest.approx(350 * SYNTHESIS_H / (burden[3:].mean() * 168))
    assert MEASURES["radius_speed"](seen) == pytest.approx(7.0)
    early = Untreated(kept, "a", 0, day=5.0)
    assert MEASURES["cell_loss"](early) == pytest.approx(1 - 20 / 100), "as of a day, from what had been by then"


def test_growth_and_size_are_read_off_the_rows():
    """A volume that doubles in 5 days; hypoxia that rises by a tenth in 100 µm; necrosis from the 7th row on."""
    radius = 200 * 2 ** (np.linspace(0, 10, 11) / 15)
    kept = Kept(drawn(20), tumor_radius=radius, hypoxic_fraction=0.1 + (radius - 200) / 1000,
                necrotic_fraction=np.where(np.arange(11) >= 6, 0.05, 0.001))  # fmt: skip
    seen = Untreated(kept, "a", 0)
    assert MEASURES["volume_growth"](seen) == pytest.approx(np.log(2) / 5)
    assert MEASURES["hypoxia_by_size"](seen) == pytest.approx(1.0)
    assert MEASURES["necrosis_onset"](seen) == pytest.approx(radius[6])
    kept.columns["necrotic_fraction"] = np.zeros(11)
    assert np.isnan(MEASURES["necrosis_onset"](seen))


def test_a_tumor_without_a_core_has_no_ratio():
    seen = Untreated(Kept(drawn(4)), "a", 0)
    assert not seen.zones["core"].any()
    assert np.isnan(MEASURES["cd8_rim_to_core"](seen)) and np.isnan(MEASURES["emt_rim_to_core"](seen))


def test_a_verdict_is_that_of_the_median():
    target = Target("cell_loss", "loss", "fraction", 0.7, 0.9, "x", "page")
    assert target.verdict(np.array([0.1, 0.8, 0.85])) == "met"
    assert target.verdict(np.array([0.1, 0.2, 0.85])) == "below"
    assert target.verdict(np.array([0.95, np.nan])) == "above"
    assert target.verdict(np.array([np.nan])) == ""
    assert Target("x", "x", "x", low=1.0).verdict(np.array([5.0])) == "met"
    assert Target("x", "x", "x").verdict(np.array([5.0])) == ""


@pytest.mark.parametrize("host", ["mouse", "human"])
def test_each_target_has_a_measure_and_each_interval_a_source(host):
    targets = targets_of(host)
    assert {target.measure for target in targets} <= set(MEASURES) and len(targets) >= 10
    for target in targets:
        closed = target.low is not None or target.high is not None
        assert bool(target.source) == closed and (target.checked in ("page", "abstract", "memory")) == closed
        assert None in (target.low, target.high) or target.low < target.high


def test_every_measure_is_that_of_a_target():
    assert {target.measure for host in ("mouse", "human") for target in targets_of(host)} == set(MEASURES)


@pytest.fixture(scope="module")
def result(tmp_path_factory):
    scenario = load("minimal", replicates=2, days=2)
    return tmesim.run(scenario, out=tmp_path_factory.mktemp("targets") / "run", figures=False, quiet=True, workers=1)


def test_a_run_is_drawn_beside_its_targets(result):
    found = found_in(result)
    assert [row.target for row in found] == list(targets_of("mouse"))
    assert all(row.values.shape == (2,) for row in found)
    loss = next(row for row in found if row.target.measure == "cell_loss")
    assert np.isfinite(loss.values).all()
    svg = draw_targets(result).data("svg").decode()
    assert "Hirst" in svg and "Untreated targets" in svg and "Radius of the section" in svg
    assert lacking(result, "targets") is None


def test_the_courses_of_a_run_lie_beside_their_bands(result):
    radius, *others = courses_in(result)
    assert [course.measure for course in others] == list(COURSES) and radius.along == "day"
    days, low, high = radius.band
    assert low[0] == high[0] == np.median(radius.y[:, 0]) and (low[1:] < high[1:]).all()
    growth = next(target for target in targets_of("mouse") if target.measure == "volume_growth")
    assert np.log(high[-1] / high[0]) / days[-1] == pytest.approx(growth.high / 3), "a radius grows a third as fast"
    assert all(course.x.shape == course.y.shape and course.along == "radius" for course in others)


def test_the_table_says_what_the_figure_shows(result):
    rows = table(found_in(result), "mouse")
    assert [row["measure"] for row in rows] == [target.measure for target in targets_of("mouse")]
    names = ("host", "group", "measure", "label", "unit", "verdict", "source", "checked")
    columns = read_columns(table_bytes(rows), names, "targets.csv")
    loss = columns["measure"].tolist().index("cell_loss")
    assert columns["low"][loss] == 0.7 and columns["high"][loss] == 0.9
    assert columns["model_low"][loss] <= columns["model"][loss] <= columns["model_high"][loss]
    assert set(columns["verdict"]) <= {"met", "below", "above", "no interval"}


def test_the_command_prints_the_table_writes_it_and_refuses_what_is_no_untreated_run(result, tmp_path, capsys):
    print_targets(result.path, None, None, as_json=False)
    printed = capsys.readouterr().out
    assert "cell loss, as a share of births" in printed and "Hirst" in printed
    print_targets(result.path, None, tmp_path / "new" / "targets.csv", as_json=False)
    assert (tmp_path / "new" / "targets.csv").read_bytes() == table_bytes(table(found_in(result), "mouse"))
    capsys.readouterr()
    print_targets(result.path, None, None, as_json=True)
    rows = json.loads(capsys.readouterr().out)
    assert len(rows) == len(targets_of("mouse")) and rows[1]["low"] is None
    with pytest.raises(InputError, match="is no directory"):
        print_targets(tmp_path / "none", None, None, as_json=False)
    with pytest.raises(InputError, match="in this order"):
        print_targets(result.path, result.path, None, as_json=False)


def test_a_window_is_all_core_and_is_set_beside_the_core_of_a_nest(result, tmp_path):
    inside = tmesim.run(window().with_options(days=1, replicates=2), out=tmp_path / "window", figures=False, quiet=True,
                        workers=1)  # fmt: skip
    assert [course.along for course in courses_in(inside)] == ["day"] * len(COURSES)
    by_name = {row.target.measure: row for row in found_in(inside)}
    for name in ("radius_speed", "volume_growth", "necrosis_onset"):
        assert np.isnan(by_name[name].values).all(), "how large the lesion is, a window does not show"
    assert np.isnan(by_name["cd8_rim_to_core"].values).all() and not by_name["cd8_rim_to_core"].verdict
    assert "Radius of the section" not in draw_targets(inside).data("svg").decode()
    rows = {each.name: each for each in overlaps(result, inside)}
    assert list(rows) == list(CORE) and np.isfinite(rows["oxygen"].window).all()
    with pytest.raises(ValueError, match="in this order"):
        overlaps(inside, result)


def test_a_treated_arm_has_no_untreated_targets(tmp_path):
    result = toys.run(read_text(toys.TEXT), tmp_path / "toy")
    with pytest.raises(ValueError, match="untreated tumors, and drug is treated"):
        found_in(result, "drug")


@pytest.mark.slow
def test_the_inside_of_a_lesion_is_like_the_core_of_a_nest():
    """Oxygen, necrosis, tumor cells and vessels. Leukocytes reach the core of a small nest from its rim, and the middle
    of a large lesion hardly: there are fewer in the window."""
    rows = overlaps(histories.shared("untreated", replicates=4), histories.shared("window", replicates=4))
    apart = {row.name: row.middles for row in rows if not row.agrees}
    assert apart.keys() <= {"cd8", "foxp3", "cd68"}
    assert all(inside <= core for core, inside in apart.values())


def test_medians_agree_within_three_fold_and_fractions_within_a_third():
    def row(unit, whole, window):
        return Overlap("x", unit, np.array([whole, np.nan, whole]), np.array([window]))

    assert row("1/mm²", 100, 290).agrees and row("1/mm²", 100, 34).agrees and not row("1/mm²", 100, 301).agrees
    assert row("fraction", 0.05, 0.34).agrees and not row("fraction", 0.05, 0.4).agrees
    assert row("mmHg", 10, 20).fold == 2 and not row("mmHg", np.nan, 20).agrees
