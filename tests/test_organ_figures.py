"""Figures, report and notebook pictures of organs that tumor cells come to: that they show the numbers of the run."""

import csv
import math
import re
import warnings
from dataclasses import replace
from itertools import combinations
from types import SimpleNamespace

import numpy as np
import pytest
from matplotlib.colors import to_hex
from matplotlib.patches import PathPatch, Wedge
from matplotlib.text import Text

import tmesim
from tmesim import destinations
from tmesim.body.circulation import Bed
from tmesim.body.seeding import held
from tmesim.catalogue import organ_named, organs
from tmesim.destinations import spreads
from tmesim.drawing import one_body, seeding
from tmesim.drawing.bodies import FIGURES
from tmesim.drawing.body_map import draw_body_map
from tmesim.drawing.curves import USUAL, chosen
from tmesim.drawing.one_body import RADIUS, WIDEST, percent, placed
from tmesim.drawing.organs import draw_organs, richest
from tmesim.drawing.palette import CAME, VEIN
from tmesim.drawing.panels import SPREAD, lacking
from tmesim.drawing.seeding import draw_seeding
from tmesim.drawing.sheet import DPI
from tmesim.organ_places import has_destinations
from tmesim.organ_totals import poisson_interval, totals
from tmesim.report import page
from tmesim.scenario import read_text
from tmesim.statistics import interval

TEXT = """
name: places
question: Where do they come to?
host: mouse
tissue: {size: [300 µm, 300 µm]}
start:
  organ: kidney
  injection: {route: left_ventricle, cells: 1000000}
  organs: {lung: {samples: 300}, liver: {samples: 200}, brain: {samples: 100}}
set: {cells.tumor.behaviors.division: 0.15 1/h}
time: {days: 2, record_every: 12 h, snapshots: [0 d, 2 d]}
replicates: 2
arms:
  own: {}
  swapped: {set: {start.organs.brain.soil: liver}}
endpoints: [liver.lesions, lung.lesions]
"""
ALONE = """
name: alone
question: Does it stay?
host: mouse
tissue: {size: [300 µm, 300 µm]}
start: {tumor: {radius: 60 µm}, densities: {}, capillaries: 100 /mm², ecm: 0.2}
time: {days: 0.5, snapshots: [0.5 d]}
replicates: 1
arms: {untreated: {}}
endpoints: [tumor_burden]
"""
SAMPLES = {"lung": 300, "liver": 200, "brain": 100, "kidney": 1}
VOLUME = {"lung": 0.6, "liver": 1.1, "brain": 0.33, "kidney": 0.33}  # mL of a mouse


@pytest.fixture(scope="module")
def result(tmp_path_factory):
    return tmesim.run(read_text(TEXT), out=tmp_path_factory.mktemp("run") / "out", workers=1, quiet=True)


@pytest.fixture(scope="module")
def alone(tmp_path_factory):
    return tmesim.run(read_text(ALONE), out=tmp_path_factory.mktemp("alone") / "out", workers=1, quiet=True)


def rows(result, arm):
    """Of timeseries.csv, read anew: a list of rows for each replicate."""
    with (result.path / "timeseries.csv").open(newline="") as file:
        mine = [row for row in csv.DictReader(file) if row["arm"] == arm]
    return [[row for row in mine if row["replicate"] == str(r)] for r in range(result.replicates)]


def at_end(result, arm, place, name):
    """The sum over the replicates of what a patch holds in the last row."""
    column = name if place == "kidney" else f"{place}.{name}"
    return sum(float(each[-1][column]) for each in rows(result, arm))


def in_organ(result, arm, name):
    """By hand: counts over the share of the organ that two replicates of so many patches are, by organ."""
    patch = 300 * 300 * 15 * 1e-12  # mL
    counts = {place: at_end(result, arm, place, name) for place in SAMPLES}
    return {place: count / (2 * SAMPLES[place] * patch / VOLUME[place]) for place, count in counts.items()}


def shared(values):
    return {place: value / sum(values.values()) for place, value in values.items()}


def spread_of(result, arm):
    return next(each for each in spreads(result) if each.arm == arm)


def texts(drawing):
    return [text.get_text() for text in drawing.figure.findobj(Text)]


# Numbers


def test_shares_of_what_came_and_grew_are_those_of_the_tables_scaled_to_whole_organs(result):
    for arm in result.arms:
        found = spread_of(result, arm)
        places = [each.place for each in found.destinations]
        assert places == ["kidney", "brain", "liver", "lung"]
        for name, got in (("arrivals", found.arrived_shares), ("n_tumor", found.tumor_shares)):
            due = shared(in_organ(result, arm, name))
            assert got == pytest.approx([due[place] for place in places], rel=1e-9)
        assert in_organ(result, arm, "n_tumor")["lung"] > 0 and in_organ(result, arm, "arrivals")["brain"] > 0


def test_what_blood_alone_would_bring_is_what_capillaries_hold(result):
    found = spread_of(result, "own")
    due = held(result.scenario.catalogue_at_start("own"), "left_ventricle", "mouse")
    total = sum(due[place] for place in SAMPLES)
    assert found.expected_shares == pytest.approx([due[each.place] / total for each in found.destinations], rel=1e-9)
    assert found.elsewhere == pytest.approx(1 - found.dead - total, rel=1e-9)
    for each in found.destinations:
        assert each.expected == pytest.approx(1e6 * due[each.place] * each.fraction, rel=1e-9)


def test_lesions_of_a_patch_have_the_interval_that_whole_organs_have(result):
    rows = {row.place: row for row in totals(result) if row.arm == "own" and row.count == "lesions"}
    for each in spread_of(result, "own").destinations:
        patches, share = 2 * SAMPLES[each.place], rows[each.place].share
        count = at_end(result, "own", each.place, "lesions")
        low, high = (end * share / patches for end in (rows[each.place].low, rows[each.place].high))
        assert each.lesions_per_patch == pytest.approx((count / patches, low, high), rel=1e-9)
        assert count == 0 or low <= count / patches <= high
        assert count > 0 or (low, high) == pytest.approx((0, poisson_interval(0)[1] / patches))


def test_of_a_tumors_own_cells_those_expected_are_those_that_came_shared_out_by_blood():
    def patch(place, arrests, fraction, came):
        return destinations.Destination(
            place, place, f"{place}.", 0.1, "arterial", arrests, 10, fraction, 0.0, (0.0, 1.0), *[np.array(came)] * 4
        )

    parts = destinations.shared_out([patch("lung", 0.6, 0.01, [30, 10]), patch("liver", 0.1, 0.02, [2, 6])])
    assert [each.expected for each in parts] == pytest.approx([48 * 0.006 / 0.008, 48 * 0.002 / 0.008])


def test_the_portal_vein_brings_what_passed_the_beds_before_the_liver(monkeypatch):
    """By hand, without deaths: arteries bring 0.1 and the portal vein 0.2 · 0.5; a cell in the vein is held by half."""
    beds = [
        Bed("lung", None, 1.0, receives="venous"),
        Bed("liver", 0.1, 0.5, receives="portal"),
        Bed("gut", 0.2, 0.5, drains="portal"),
    ]
    numbers = {"shield": 0.0, "death": 0.0, "blood": 1.0, "cardiac_output": 1.0}
    monkeypatch.setattr(destinations, "beds_of", lambda *_: beds)
    monkeypatch.setattr(destinations, "numbers_of", lambda *_: numbers)
    assert destinations.by_portal(None, "left_ventricle", "mouse", 0.3) == pytest.approx(0.5)
    assert destinations.by_portal(None, "spleen", "mouse", 0.6) == pytest.approx((0.5 + 0.1 * 0.5) / 0.6)
    assert destinations.by_portal(None, "spleen", "mouse", 0.0) == 0.0


# The map of the body


def test_the_map_says_the_shares_of_the_tables(result):
    said = texts(draw_body_map(result))
    for arm in result.arms:
        came = shared(in_organ(result, arm, "arrivals"))
        grown = "lesions" if any(each.has_lesions for each in spreads(result)) else "n_tumor"
        whole = in_organ(result, arm, grown)
        grew = shared(whole) if sum(whole.values()) else dict.fromkeys(whole, math.nan)
        for place in SAMPLES:
            assert percent(came[place]) in said and percent(grew[place]) in said, (arm, place)
    assert "with tissue of liver" in said


def test_halves_of_disks_are_as_large_as_shares(result):
    map_of_one = draw_body_map(result, ["own"])
    gray = [w for w in map_of_one.figure.findobj(Wedge) if to_hex(w.get_facecolor()) == CAME.lower()]
    due = shared(in_organ(result, "own", "arrivals"))
    assert sorted((w.r / RADIUS) ** 2 for w in gray) == pytest.approx(sorted(s for s in due.values() if s), rel=1e-6)


def test_arrows_are_as_wide_as_what_an_organ_holds_of_all_that_enter(result):
    spread = spread_of(result, "own")
    wide = replace(spread, destinations=tuple(replace(d, held=0.4) for d in spread.destinations if d.place == "lung"))
    axes = SimpleNamespace(add_patch=lambda patch: patches.append(patch), plot=lambda *_, **__: None)
    patches = []
    one_body.draw_flows(axes, wide, FIGURES["mouse"], lambda point: (500 * point[0], 500 * point[1]))
    veins = [
        p.get_linewidth() for p in patches if isinstance(p, PathPatch) and to_hex(p.get_edgecolor()) == VEIN.lower()
    ]
    assert sum(veins) == pytest.approx(0.4 * WIDEST * 72 / DPI) and len(veins) == 2, "a half to each lung"


def test_every_organ_of_the_catalogue_lies_in_the_body_of_each_host():
    for species, figure in FIGURES.items():
        assert figure.organs.keys() == organs().keys(), species
        outline = figure.outline()
        for name, (x, y, _, _) in figure.organs.items():
            near = outline[np.abs(outline[:, 1] - y) < 0.02]
            assert near[:, 0].min() < x < near[:, 0].max(), (species, name)


def test_words_about_organs_never_lie_over_others():
    rng = np.random.default_rng(3)
    for _ in range(200):
        wanted = sorted(rng.uniform(0, one_body.HEIGHT, rng.integers(1, 6)))
        found = placed(wanted, one_body.LAPTOP.slot_high)
        tall = min(one_body.LAPTOP.slot_high, one_body.HEIGHT / len(wanted))
        assert (np.diff(found) >= tall - 1e-9).all()
        assert found[0] >= tall / 2 - 1e-9 and found[-1] <= one_body.HEIGHT - tall / 2 + 1e-9


def test_a_run_of_many_arms_has_maps_of_six(result, monkeypatch):
    many = [replace(spread_of(result, "own"), arms=("own",)) for _ in range(9)]
    monkeypatch.setattr("tmesim.drawing.body_map.whole_bodies", lambda _: many)
    drawn = draw_body_map(result)
    assert len(drawn.axes) == 6 and any("The first 6 of 9 arms" in " ".join(t.split()) for t in texts(drawn))


@pytest.mark.parametrize(
    ("share", "said"),
    [
        (0.0, "0 %"),
        (0.0004, "< 0.1 %"),
        (0.034, "3.4 %"),
        (0.5, "50 %"),
        (0.996, "> 99 %"),
        (1.0, "100 %"),
        (math.nan, "–"),
    ],
)
def test_shares_are_said_with_two_digits(share, said):
    assert percent(share) == said


# Seeding


def test_curves_are_means_over_replicates_with_students_interval(result):
    drawn = draw_seeding(result, ["own"])
    measures = [name for name in seeding.MEASURES if name != "dormant" or len(drawn.axes) == 20]
    assert len(drawn.axes) == 4 * len(measures)
    lung = drawn.axes[3 * len(measures)]  # kidney, brain, liver, lung
    values = np.array([[float(row["lung.arrivals"]) for row in each] for each in rows(result, "own")])
    assert values.max() > 10
    assert lung.lines[0].get_ydata() == pytest.approx(values.mean(0))
    mean, low, high = interval(values[:, -1])
    assert seeding.bands(values)[:, -1] == pytest.approx([mean, max(low, 0.0), high])


def test_an_arm_that_is_its_reference_is_dashed(result):
    axes = draw_seeding(result).axes[-1]  # tumor cells of the lung
    first, second = axes.lines
    same = np.array_equal(result.series("lung.n_tumor", "own")[1], result.series("lung.n_tumor", "swapped")[1])
    assert first.get_linestyle() == "-" and (second.get_linestyle() == "--") == same


# Sections


def test_sections_show_the_cells_that_are_there_and_no_others(result):
    shown = richest(result, ["own"])
    said = texts(draw_organs(result))
    labels = {name: cell.label for name, cell in result.scenario.catalogue.cells.items()}
    sections = {place: result.snapshot(2, "own", shown, place) for place in ("brain", "liver", "lung")}
    sections["kidney"] = result.snapshot(2, "own", shown)
    there = {kind for section in sections.values() for kind in kinds(section)}
    assert {name for name, label in labels.items() if label in said} == there
    for place, section in sections.items():
        count = section.count("tumor")
        assert any(text.endswith(f"{count} tumor cell{'s' * (count != 1)}") for text in said)
        assert organ_named(place).label.capitalize() in said


def kinds(section):
    return [name for name in section.types if section.count(name) and name != "endothelial"]


def test_sections_are_of_the_replicate_with_most_lesions(result):
    counts = {"lesions": [1, 2, 2], "n_tumor": [90, 30, 40]}
    at_ends = {name: (None, np.array(values)[:, None]) for name, values in counts.items()}
    fake = SimpleNamespace(scenario=result.scenario, series=lambda name, arm: at_ends[name.split(".")[-1]])
    assert richest(fake, ["own"]) == 2


# All of them


FIGURES_OF = {"body": draw_body_map, "seeding": draw_seeding, "organs": draw_organs}


@pytest.mark.parametrize("narrow", [False, True])
@pytest.mark.parametrize("name", FIGURES_OF)
def test_no_words_lie_over_others_or_leave_the_sheet(result, name, narrow):
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        figure = FIGURES_OF[name](result, narrow=narrow).figure
        figure.draw_without_rendering()
    renderer = figure.canvas.get_renderer()
    ticks = {id(t) for axes in figure.axes for axis in (axes.xaxis, axes.yaxis) for t in axis.findobj(Text)}
    seen = [t for t in figure.findobj(Text) if t.get_visible() and t.get_text().strip() and id(t) not in ticks]
    boxes = [(t.get_text(), t.get_window_extent(renderer)) for t in seen]
    for text, box in boxes:
        assert box.x0 >= 0 and box.y0 >= 0 and box.x1 <= figure.bbox.x1 and box.y1 <= figure.bbox.y1, (text, box)
    clashes = [
        (one, other)
        for (one, a), (other, b) in combinations(boxes, 2)
        if min(a.x1, b.x1) - max(a.x0, b.x0) > 1 and min(a.y1, b.y1) - max(a.y0, b.y0) > 4
    ]
    assert clashes == []


def test_a_run_with_organs_draws_them_and_one_without_has_none(result, alone):
    names = {path.stem for path in (result.path / "figures").iterdir()}
    assert set(SPREAD) <= names
    assert not set(SPREAD) & {path.stem for path in (alone.path / "figures").iterdir()}
    assert has_destinations(result) and not has_destinations(alone) and spreads(alone) == []
    for name in SPREAD:
        assert "organ" in lacking(alone, name)
        with pytest.raises(ValueError, match="organ"):
            getattr(alone.plot, name)()
    assert 'id="organs"' not in page(alone) and "seeding()" not in repr(alone.plot)


def test_a_notebook_has_them_by_name(result):
    assert "body(), seeding(), organs()" in repr(result.plot)
    assert "swapped" in texts(result.plot.body("swapped")) and "own" not in texts(result.plot.body("swapped"))
    assert result.plot.seeding(["own"]).png and "day 0, " in "".join(texts(result.plot.organs(0, replicate=1)))
    with pytest.raises(KeyError, match="own"):
        result.plot.body("owned")
    with pytest.raises(KeyError):
        result.plot.organs(replicate=7)


def test_curves_over_time_tell_of_tumor_cells_that_came_where_no_tumor_was(result, alone):
    names = chosen(result)
    assert names == ["liver.lesions", "lung.lesions", "brain.n_tumor", "liver.n_tumor", "lung.n_tumor", "ctc"]
    assert set(chosen(alone)) <= set(USUAL) and "kills_per_ctl" in USUAL


def test_the_report_has_a_row_for_each_organ_with_its_numbers(result):
    text = re.sub(r"<[^>]+>", " ", page(result)[page(result).index('class="organs"') :])
    text = " ".join(text.split())
    for place in ("brain", "liver", "lung"):
        came = int(at_end(result, "own", place, "arrivals"))
        assert f"{came} in {2 * SAMPLES[place]} patches" in text, place
    assert "and that of the portal vein" in text and "and all blood of the veins" in text
    assert text.index("own") < text.index("swapped") < text.index("with tissue of liver")
