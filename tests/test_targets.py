"""Untreated targets: each is measured by hand on a small section, and the figure says what is met and what is not."""

import numpy as np
import pytest
import toys

import tmesim
from tmesim.drawing.panels import lacking
from tmesim.drawing.targets import draw_targets
from tmesim.scenario import load, read_text
from tmesim.section import Section
from tmesim.targets import Target, found_in, targets_of
from tmesim.targets.measures import LAST_DAYS, MARGIN_UM, MEASURES, SYNTHESIS_H, Untreated

TYPES = ("tumor", "ctl", "treg", "m2")


class Kept:
    """A run of one arm and one replicate, of which the rows and the last section are given."""

    def __init__(self, section, **columns):
        self.section, self.columns = section, columns

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
             "born": np.zeros(kind.size), "state.emt": np.where(depth > 7, 0.2, 0.6).astype(np.float32)}  # fmt: skip
    flows = np.zeros((size, size), bool)
    flows[middle, middle] = flows[middle, middle + radius - 1] = flows[middle + radius - 2, middle] = True
    oxygen = np.where(np.hypot(y - middle, x - middle) <= radius, 5.0, 40.0).astype(np.float32)
    maps = {"vessels.perfused": flows, "field.oxygen": oxygen, "vessels.links": np.zeros((size, size), np.uint8)}
    return Section(TYPES, cells, maps, (size, size), spacing, 240.0)


def test_zones_lie_within_and_around_the_edge():
    seen = Untreated(Kept(drawn(20)), "a", 0)
    zones = seen.zones
    assert (zones["rim"] | zones["core"]).sum() == zones["inside"].sum() == seen.section.region.sum()
    assert not (zones["rim"] & zones["core"]).any() and not (zones["host"] & zones["inside"]).any()
    y, x = np.nonzero(zones["core"])
    reach = np.hypot(y - 30, x - 30).max() * 15.0
    edge = np.sqrt(zones["inside"].sum() / np.pi) * 15.0
    assert edge - reach == pytest.approx(MARGIN_UM, abs=25.0)
    near = np.hypot(*(np.indices((61, 61)) - 30)) * 15.0
    assert near[zones["host"]].min() - edge == pytest.approx(MARGIN_UM, abs=25.0)


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
    assert "Hirst" in svg and "Untreated targets" in svg
    assert lacking(result, "targets") is None


def test_a_treated_arm_has_no_untreated_targets(tmp_path):
    result = toys.run(read_text(toys.TEXT), tmp_path / "toy")
    with pytest.raises(ValueError, match="untreated tumors, and drug is treated"):
        found_in(result, "drug")
