"""Figures of a small real run: that they are drawn, and that they show the numbers of the run."""

import functools
import io
import math
import re
from dataclasses import replace
from itertools import combinations
from types import SimpleNamespace

import numpy as np
import pytest
from matplotlib.colors import to_hex, to_rgb
from matplotlib.image import imread
from matplotlib.text import Text

import tmesim
from tmesim.catalogue import BREAST, organs
from tmesim.drawing import curves, grid, shots, trajectories, vessels
from tmesim.drawing.effects import draw_effects
from tmesim.drawing.labels import spelled_out
from tmesim.drawing.palette import ARM_COLORS, BEHIND, PERFUSED, REFERENCE_COLOR, arm_colors
from tmesim.drawing.panels import draw_panels
from tmesim.drawing.shots import Shots
from tmesim.drawing.tissue import draw_field, draw_tissue
from tmesim.drawing.trajectories import draw_trajectories
from tmesim.scenario import load, read_text
from tmesim.statistics import compare
from tmesim.wording import change, compact, words

TEXT = """
name: small
question: What does it look like?
host: mouse
tissue: {size: [360 µm, 300 µm]}
start:
  tumor: {radius: 75 µm}
  densities: {fibroblast: 400 /mm², ctl: 80 /mm², treg: 50 /mm², m1: 50 /mm²}
  capillaries: 150 /mm²
  ecm: 0.2
time: {days: 3, record_every: 6 h, snapshots: [0 d, 1 d, 2 d, 3 d]}
replicates: 3
arms:
  untreated: {}
  drug: {therapies: [{use: anti_cd25, start: 1 d, every: 1 d, times: 2}]}
  sham: {therapies: [{use: anti_cd25, start: 1 d, dose: 0 mg/kg}]}
endpoints: [tumor_burden, n_treg, ctl_to_treg, kills]
"""


@pytest.fixture(scope="module")
def result(tmp_path_factory):
    return tmesim.run(read_text(TEXT), out=tmp_path_factory.mktemp("run") / "out", workers=1, quiet=True)


class Copy:
    """A result with another scenario's words, or another way to read its snapshots."""

    def __init__(self, result, **changes):
        names = ("name", "question", "host", "time", "arms", "endpoints", "reference", "catalogue", "one_start",
                 "places", "start_of", "catalogue_at_start")  # fmt: skip
        self.__dict__.update({n: getattr(result, n) for n in (
            "arms", "reference", "replicates", "observables", "stopping", "intervals", "snapshot_days", "comparisons",
            "series", "endpoint", "snapshot")})  # fmt: skip
        self.scenario = SimpleNamespace(**{n: getattr(result.scenario, n) for n in names} | changes)


def pixels(path):
    return (imread(io.BytesIO(path.read_bytes()))[..., :3] * 255).round().astype(int)


def has(image, color, least=1):
    rgb = [int(color[i : i + 2], 16) for i in (1, 3, 5)]
    return np.count_nonzero((np.abs(image - rgb) <= 1).all(-1)) >= least


def test_a_run_draws_its_five_figures_and_its_movie(result):
    assert {p.name for p in (result.path / "figures").iterdir()} == {
        "tissue.png", "oxygen.png", "trajectories.png", "effects.png", "why.png", "movie.gif",
    }  # fmt: skip


def test_the_tissue_shows_each_tumor_cell_in_its_color(result, tmp_path):
    image = pixels(draw_tissue(result, replicate=1).save(tmp_path / "tissue.png"))
    color = result.scenario.catalogue.cells["tumor"].color
    cells = sum(
        s.count("tumor") for arm in result.arms for day in result.snapshot_days for s in [result.snapshot(day, arm, 1)]
    )
    zoom = round(grid.PANEL / 24)
    assert (
        0.5 * cells * (zoom - 1) ** 2
        < np.count_nonzero((np.abs(image - [int(color[i : i + 2], 16) for i in (1, 3, 5)]) <= 1).all(-1))
        <= cells * (zoom - 1) ** 2 + 500
    )  # leukocytes and vessels cover some; the legend adds a patch
    for name in ("fibroblast", "ctl", "treg"):
        assert has(image, result.scenario.catalogue.cells[name].color, 20), name
    assert has(image, PERFUSED, 20)


# Words


TEXTS = {"tissue": draw_tissue, "oxygen": draw_field, "trajectories": draw_trajectories, "effects": draw_effects}


def boxes(figure):
    """Every text that is drawn, with the pixels that it takes."""
    figure.draw_without_rendering()
    renderer = figure.canvas.get_renderer()
    beyond = set()  # marks that an axis keeps but does not show
    for axis in (axis for axes in figure.axes for axis in (axes.xaxis, axes.yaxis)):
        low, high = sorted(axis.get_view_interval())
        ticks = [t for t in (*axis.get_major_ticks(), *axis.get_minor_ticks()) if not low <= t.get_loc() <= high]
        beyond |= {id(text) for tick in ticks for text in (tick.label1, tick.label2)}
    texts = [t for t in figure.findobj(Text) if t.get_visible() and t.get_text().strip() and id(t) not in beyond]
    return [(t.get_text(), t.get_window_extent(renderer)) for t in texts]


@pytest.mark.parametrize("name", TEXTS)
def test_no_words_of_a_figure_lie_over_others_or_leave_the_sheet(result, name):
    figure = TEXTS[name](result).figure
    found = boxes(figure)
    assert len(found) > 10
    for text, box in found:
        assert box.x0 >= 0 and box.y0 >= 0 and box.x1 <= figure.bbox.x1 and box.y1 <= figure.bbox.y1, (text, box)
    clashes = [
        (one, other)
        for (one, a), (other, b) in combinations(found, 2)
        if min(a.x1, b.x1) - max(a.x0, b.x0) > 1 and min(a.y1, b.y1) - max(a.y0, b.y0) > 4
    ]
    assert clashes == []


def test_names_and_questions_of_any_length_stay_on_the_sheet(result):
    name = "a_scenario_with_" + "very_" * 10 + "long_name"
    long = Copy(result, name=name, question="Is it " + "really and truly " * 12 + "so?")
    for draw in TEXTS.values():
        figure = draw(long).figure
        for text, box in boxes(figure):
            assert 0 <= box.x0 and box.x1 <= figure.bbox.x1, text


def test_every_axis_has_its_unit(result):
    for axes in draw_trajectories(result).axes:
        unit = axes.get_ylabel().partition(", defined in")[0]
        assert unit in ("cells", "ratio", "ratio, logarithmic scale", "per day", "per mm²", "fraction",
                                     "score, 0 to 1")  # fmt: skip
    assert [axes.get_xlabel() for axes in draw_effects(result).axes] == ["cells", "cells", "ratio", "cells"]
    for figure in (draw_tissue(result).figure, draw_field(result).figure):
        assert "oxygen (mmHg)" in [t.get_text() for t in figure.texts]


def test_every_figure_says_how_many_replicates_it_shows(result):
    for draw in TEXTS.values():
        assert any(re.search(r"n = 3 (replicates|pairs)", t.get_text()) for t in draw(result).figure.texts)


def test_abbreviations_are_spelled_out_where_they_occur():
    assert spelled_out(["PD-L1 of tumor cells", "Treg depletion"]).startswith("PD-L1: programmed death ligand 1")
    assert spelled_out(["more Tregs"]) == "Treg: regulatory T cell"
    assert spelled_out(["tumor cells", "anti-CD25"]) == ""
    assert "VEGF" in spelled_out(["anti-VEGF"])


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("treg_depletion", "Treg depletion"), ("anti_pd_l1", "anti-PD-L1"), ("anti_vegf", "anti-VEGF"),
        ("low_dose_cyclophosphamide", "low-dose cyclophosphamide"), ("low_dose", "low dose"),
        ("secretion of il6", "secretion of IL-6"), ("tgfb_inhibitor", "TGF-β inhibitor"),
        ("pd1_blockade", "PD-1 blockade"), ("antigen_loss", "antigen loss"), ("VEGF-A", "VEGF-A"),
        ("untreated", "untreated"),
    ],
)  # fmt: skip
def test_names_are_said_as_a_biologist_would(name, said):
    assert words(name) == said


# Pictures


def test_days_that_all_arms_share_stand_once(result):
    shots = Shots(result, 0)
    assert shots.together() == [0.0, 1.0]
    figure = draw_tissue(result, replicate=0).figure
    panels = [axes for axes in figure.axes if axes.images]
    assert len(panels) == 2 + 3 * 2
    assert {"day 0", "day 1"} <= {t.get_text() for axes in panels for t in axes.texts}
    assert {"day 2", "day 3", "the same in all arms"} <= {t.get_text() for t in figure.texts}
    only = Shots(result, 0, days=[0.0], arms=["untreated", "drug"])
    assert only.together() == [] and only.arms == ("untreated", "drug")


def test_a_picture_is_cut_to_the_tumor_and_its_rim_and_says_so(result):
    shots = Shots(result, 0)
    assert shots.shape == shots.patch == (20, 24)
    wide = Copy(result)

    def snapshot(day, arm, replicate):
        shot = result.snapshot(day, arm, replicate)
        cells = {**shot.cells, "y": shot.cells["y"] + 30, "x": shot.cells["x"] + 10}
        maps = {name: np.pad(values, ((30, 10), (10, 6))) for name, values in shot.maps.items()}
        return replace(shot, cells=cells, maps=maps, shape=(shot.shape[0] + 40, shot.shape[1] + 16))

    wide.snapshot = snapshot
    cut = Shots(wide, 0)
    assert cut.patch == (60, 40) and cut.shape[0] <= 40
    for key, shot in cut.at.items():
        levels = []
        for seen in (shot, shots.at[key]):
            levels.append(seen.maps["field.oxygen"][seen.sites("tumor")])
        assert np.array_equal(*levels) and levels[0].size
        assert (shot.cells["y"] < cut.shape[0]).all() and (shot.cells["x"] < cut.shape[1]).all()
    assert any("around the tumor, of 0.6 × 0.9 mm" in t.get_text() for t in draw_tissue(wide).figure.texts)


def test_a_tissue_without_oxygen_is_drawn_on_bare_ground(result):
    shots = {key: replace(s, maps={k: v for k, v in s.maps.items() if k != "field.oxygen"})
             for key, s in Shots(result, 0).at.items()}  # fmt: skip
    bare = Copy(result)
    bare.scenario.catalogue = SimpleNamespace(cells=result.scenario.catalogue.cells, fields={})
    bare.snapshot = lambda day, arm, replicate: shots[arm, day]
    texts = [t.get_text() for t in draw_tissue(bare, replicate=0).figure.findobj(Text)]
    assert "tumor cell" in texts and not any("oxygen" in text for text in texts)


def test_a_tumor_that_is_gone_is_drawn_and_said(result):
    gone = Copy(result)
    empty = {name: v[:0] for name, v in result.snapshot(0).cells.items()}
    gone.snapshot = lambda day, arm, replicate: replace(result.snapshot(day, arm, replicate), cells=empty)
    said = {t.get_text() for axes in draw_tissue(gone).axes for t in axes.texts}
    assert "0 tumor cells" in said
    assert "no tumor left" in {t.get_text() for axes in draw_field(gone).axes for t in axes.texts}


@pytest.mark.parametrize("size", [(8, 90), (90, 8)])
def test_words_find_room_beside_a_slender_tissue(result, size):
    ny, nx = size
    slender = Copy(result)

    def snapshot(day, arm, replicate):
        shot = result.snapshot(day, arm, replicate)
        inside = (shot.cells["y"] < ny) & (shot.cells["x"] < nx)
        cells = {k: v[inside] for k, v in shot.cells.items()}
        maps = {k: np.resize(v, size) for k, v in shot.maps.items()} | {"vessels.links": np.zeros(size, np.uint8)}
        return replace(shot, cells=cells, maps=maps, shape=size)

    slender.snapshot = snapshot
    for figure in (draw_tissue(slender).figure, draw_field(slender).figure):
        for text, box in boxes(figure):
            assert 0 <= box.x0 and box.x1 <= figure.bbox.x1 and 0 <= box.y0, text


# Colors


SIGHTS = {
    "usual": np.eye(3),
    "protanopia": [[0.152286, 1.052583, -0.204868], [0.114503, 0.786281, 0.099216], [-0.003882, -0.048116, 1.051998]],
    "deuteranopia": [[0.367322, 0.860646, -0.227968], [0.280085, 0.672501, 0.047413], [-0.011820, 0.042940, 0.968881]],
    "tritanopia": [[1.255528, -0.076749, -0.178779], [-0.078411, 0.930809, 0.147602], [0.004733, 0.691367, 0.303900]],
}
"""Machado, Oliveira & Fernandes 2009 IEEE Trans Vis Comput Graph 15:1291, severity 1, for linear RGB."""
XYZ = np.array(
    [[0.4124564, 0.3575761, 0.1804375], [0.2126729, 0.7151522, 0.0721750], [0.0193339, 0.1191920, 0.9503041]]
)


def lab(color, sight):
    """CIELAB (D65) of a color as seen by an eye."""
    rgb = np.array(to_rgb(color))
    linear = np.where(rgb <= 0.04045, rgb / 12.92, ((rgb + 0.055) / 1.055) ** 2.4)
    t = XYZ @ np.clip(np.array(SIGHTS[sight]) @ linear, 0, 1) / [0.95047, 1, 1.08883]
    f = np.where(t > 216 / 24389, np.cbrt(t), (24389 / 27 * t + 16) / 116)
    return 116 * f[1] - 16, 500 * (f[0] - f[1]), 200 * (f[1] - f[2])


def difference(one, other):
    """CIEDE2000 (Sharma, Wu & Dalal 2005 Color Res Appl 30:21)."""
    (l1, a1, b1), (l2, a2, b2) = one, other
    mean7 = ((math.hypot(a1, b1) + math.hypot(a2, b2)) / 2) ** 7
    g = 1.5 - 0.5 * math.sqrt(mean7 / (mean7 + 25**7))
    c1, c2 = math.hypot(a1 * g, b1), math.hypot(a2 * g, b2)
    h1, h2 = (math.degrees(math.atan2(b, a * g)) % 360 for a, b in ((a1, b1), (a2, b2)))
    turn = 0 if c1 * c2 == 0 else (h2 - h1 + 180) % 360 - 180
    dl, dc, dh = l2 - l1, c2 - c1, 2 * math.sqrt(c1 * c2) * math.sin(math.radians(turn / 2))
    light, c, h = (l1 + l2) / 2, (c1 + c2) / 2, h1 + h2 if c1 * c2 == 0 else (h1 + turn / 2) % 360
    t = 1 + sum(k * math.cos(math.radians(n * h + at)) for k, n, at in
                ((-0.17, 1, -30), (0.24, 2, 0), (0.32, 3, 6), (-0.2, 4, -63)))  # fmt: skip
    sl, sc, sh = 1 + 0.015 * (light - 50) ** 2 / math.sqrt(20 + (light - 50) ** 2), 1 + 0.045 * c, 1 + 0.015 * c * t
    rt = -math.sin(math.radians(60 * math.exp(-(((h - 275) / 25) ** 2)))) * 2 * math.sqrt(c**7 / (c**7 + 25**7))
    return math.sqrt((dl / sl) ** 2 + (dc / sc) ** 2 + (dh / sh) ** 2 + rt * dc / sc * dh / sh)


@pytest.mark.parametrize(
    ("one", "other", "expected"),  # of the published test data
    [
        ((50, 2.6772, -79.7751), (50, 0, -82.7485), 2.0425),
        ((50, 2.5, 0), (73, 25, -18), 27.1492),
        ((2.0776, 0.0795, -1.1350), (0.9033, -0.0636, -0.5514), 0.9082),
    ],
)
def test_the_measure_of_color_difference_is_the_published_one(one, other, expected):
    assert difference(one, other) == pytest.approx(expected, abs=1e-4)


@pytest.mark.parametrize("sight", SIGHTS)
def test_every_eye_tells_all_cells_vessels_and_grounds_apart(result, sight):
    """Any two can touch: leukocytes and vessels lie above the tissue, and free sites show the ground."""
    cells = {name: e for name, e in result.scenario.catalogue.cells.items() if e.layer != "vessel" and not away(name)}
    seen = seen_beside(cells, sight)
    close = {(a, b): difference(seen[a], seen[b]) for a, b in combinations(seen, 2)}
    assert min(close.values()) >= 10, min(close, key=close.get)


def away(name):
    """Whether a cell type is that of other organs than the breast."""
    return name not in of_the_breast()


@functools.cache
def of_the_breast():
    return load("untreated").reached | load("in_situ").reached


@functools.cache
def of_an_organ(organ):
    made = load("experimental_metastasis", arms="lung", set={"start.organ": organ})
    return {name: made.catalogue.cells[name] for name in made.reached if name != "endothelial"}


def seen_beside(cells, sight):
    colors = {name: cell.color for name, cell in cells.items()}
    colors |= {"vessel": PERFUSED, "much oxygen": BEHIND(1.0)[:3], "no oxygen": BEHIND(0.0)[:3]}
    return {name: lab(color, sight) for name, color in colors.items()}


@pytest.mark.parametrize("organ", [name for name in organs() if name != BREAST])
@pytest.mark.parametrize("sight", SIGHTS)
def test_every_eye_tells_the_cells_of_an_organ_apart(organ, sight):
    """Those that are there, beside each other; large bodies are told by their size and their membrane too."""
    cells = of_an_organ(organ)
    seen = seen_beside(cells, sight)
    for a, b in combinations(seen, 2):
        large = any(name in cells and cells[name].extent is not None for name in (a, b))
        if any(name in cells and away(name) for name in (a, b)):
            assert difference(seen[a], seen[b]) >= (4 if large else 7), (a, b)


@pytest.mark.parametrize("sight", SIGHTS)
def test_every_eye_tells_the_arms_apart(sight):
    seen = [lab(color, sight) for color in (REFERENCE_COLOR, *ARM_COLORS)]
    assert min(difference(a, b) for a, b in combinations(seen, 2)) >= 11
    white = lab("white", sight)
    assert all(white[0] - light > 25 for light, _, _ in seen)


def test_vessels_in_the_catalogue_have_the_color_of_the_tubes(result):
    assert {c.color for c in result.scenario.catalogue.cells.values() if c.layer == "vessel"} == {PERFUSED}


def test_any_field_can_be_drawn(result, tmp_path):
    for field in ("vegf", "ifng"):
        assert pixels(draw_field(result, field).save(tmp_path / f"{field}.png")).std() > 1


def test_links_carry_flow_when_both_their_ends_do():
    links = np.zeros((4, 4), np.uint8)
    links[1, 1], links[1, 2] = 1 << 0, 1 << 4 | 1 << 7  # E; its mirror W, and SE
    links[2, 3] = 1 << 3 | 1 << 0  # the mirror NW, and one that leaves the picture
    perfused = np.zeros((4, 4), bool)
    perfused[1, 1] = perfused[1, 2] = True
    with_flow, without = vessels.links_with_flow(links, perfused)
    assert np.argwhere(with_flow).tolist() == [[1, 1], [1, 2]] and with_flow[1, 2] == 1 << 4
    assert np.argwhere(without).tolist() == [[1, 2], [2, 3]] and without[2, 3] == 1 << 3


def test_a_vessel_bends_where_it_turns_and_forks_by_straight_halves():
    """From the middle of one link to that of the next, inside of the corner; three halves meet at a fork."""
    west, south, east = 1 << 4, 1 << 6, 1 << 0
    (bend,) = vessels.courses(west | south)
    assert sorted([bend[0].tolist(), bend[-1].tolist()]) == [[-0.5, 0], [0, 0.5]]
    assert (bend[1:-1, 0] < 0).all() and (bend[1:-1, 1] > 0).all()
    fork = vessels.courses(west | south | east)
    assert sorted(half[0].tolist() for half in fork) == [[-0.5, 0], [0, 0.5], [0.5, 0]]
    assert all(half[-1].tolist() == [0, 0] for half in fork)


def test_the_replicate_shown_is_the_one_in_the_middle():
    class Fake:
        arms, replicates = ("a",), 5

        def series(self, name, arm):
            return np.arange(2), np.array([[1, 900], [1, 10], [1, 520], [1, 500], [1, 200]])

    assert shots.representative(Fake()) == 3


def test_days_shown_hold_the_first_and_the_last():
    assert shots.spread([0, 1, 2, 3, 4, 5, 6], 4) == [0, 2, 4, 6]
    assert shots.spread([0, 7], 4) == [0, 7]


def test_trajectories_show_the_endpoints_first_and_leave_out_what_has_no_values(result):
    chosen = curves.chosen(result)
    assert chosen[:4] == ["tumor_burden", "n_treg", "ctl_to_treg", "kills"] and len(chosen) == 9
    assert all(curves.has_values(result, name) for name in chosen)


def test_an_arm_that_is_its_reference_is_dashed_over_it(result):
    axes = draw_trajectories(result, observables=["tumor_burden"]).axes[0]
    solid, dashed = (next(line for line in axes.lines if to_hex(line.get_color()) == color.lower() and
                          line.get_linewidth() == 2) for color in (arm_colors(result.scenario)[a] for a in
                                                                   ("untreated", "sham")))  # fmt: skip
    assert solid.get_linestyle() == "-" and dashed.get_linestyle() == "--"
    assert np.array_equal(solid.get_ydata(), dashed.get_ydata())


def test_quartiles_are_drawn_from_four_replicates_on():
    from matplotlib.figure import Figure

    for n in (1, 3, 4):
        axes = Figure().add_subplot()
        curve = curves.Curve.of("a", np.arange(3.0), np.arange(3.0 * n).reshape(n, 3))
        trajectories.draw_curve(axes, curve, "red")
        assert len(axes.collections) == (n >= 4) and len(axes.lines) == (1 if n == 1 else n + 1)


def test_scales_begin_at_zero_and_are_logarithmic_where_values_differ_fiftyfold(result):
    from matplotlib.figure import Figure

    def scale(*values):
        axes = Figure().add_subplot()
        if values:
            axes.plot(range(len(values)), values)
        logarithmic = trajectories.finish(axes, result.scenario, last_row=True)
        return logarithmic, axes.get_ylim()[0]

    assert scale(1, 20, 49) == (False, 0) and scale(0, 100) == (False, 0)
    assert scale(1, 50)[0] and scale(1, 50)[1] > 0
    assert scale(-1, 5)[1] < 0 and scale(0, 0) == (False, 0) and scale() == (False, 0)


def test_an_observable_without_values_says_so(result):
    nothing = Copy(result)
    nothing.series = lambda name, arm: (np.arange(3.0), np.full((3, 3), math.nan))
    axes = draw_trajectories(nothing, observables=["emt_mean"]).axes[0]
    assert [t.get_text() for t in axes.texts] == ["not defined in this run"]


def test_an_arm_is_drawn_from_where_it_parts():
    reference = np.array([[1.0, 2.0, math.nan, 4.0, 5.0]])
    assert curves.parting(np.array([[1.0, 2.0, math.nan, 4.5, 6.0]]), reference) == 2
    assert curves.parting(reference, reference) == 0


def test_each_arm_has_its_color_and_the_reference_is_gray(result):
    colors = arm_colors(result.scenario)
    assert len(set(colors.values())) == 3
    image = pixels(result.path / "figures" / "trajectories.png")
    for color in colors.values():
        assert has(image, color, 50)


def test_a_run_without_a_second_arm_has_no_effects(tmp_path):
    alone = tmesim.run(read_text(TEXT), out=tmp_path / "out", workers=1, quiet=True, arms=["untreated"], replicates=1,
                       days=1)  # fmt: skip
    assert draw_effects(alone) is None
    assert not (alone.path / "figures" / "effects.png").exists()
    assert (alone.path / "figures" / "trajectories.png").exists()


def test_figures_are_the_same_bytes_each_time(result, tmp_path):
    again = draw_panels(result, tmp_path)
    assert [p.read_bytes() for p in again] == [(result.path / "figures" / p.name).read_bytes() for p in again]


@pytest.mark.parametrize(
    ("number", "text"),
    [
        (0, "0"),
        (0.5, "0.50"),
        (12345.6, "12 346"),
        (163.2, "163"),
        (3.14159, "3.14"),
        (0.00001, "1.0e-05"),
        (math.nan, "–"),
    ],
)
def test_numbers_are_short_for_people(number, text):
    assert compact(number).replace("\u202f", " ") == text


def test_changes_are_percent_or_a_factor():
    control = np.array([10.0, 12.0, 11.0])
    assert change(compare("e", "a", "b", control * 0.5, control)).startswith("-50 %")
    assert change(compare("e", "a", "b", control * 9, control)).startswith("× 9")
    vague = compare("e", "a", "b", np.array([0.001, 0.4]), np.array([0.3, 0.1]))
    assert change(vague).endswith(", > +10000]")
    assert change(compare("e", "a", "b", control, control * 0)) == "–"
