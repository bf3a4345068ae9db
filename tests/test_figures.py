"""Figures of a small real run: that they are drawn, and that they show the numbers of the run."""

import io
import math

import numpy as np
import pytest
from matplotlib.colors import to_hex
from matplotlib.image import imread

import tmesim
from tmesim import figures
from tmesim.figures import effects, grid, tissue, trajectories
from tmesim.figures.style import CASING, CLOSED, PERFUSED, arm_colors
from tmesim.result import Snapshot
from tmesim.scenario import read_text
from tmesim.statistics import change, compact, compare

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


def pixels(path):
    return (imread(io.BytesIO(path.read_bytes()))[..., :3] * 255).round().astype(int)


def has(image, color, least=1):
    rgb = [int(color[i : i + 2], 16) for i in (1, 3, 5)]
    return np.count_nonzero((np.abs(image - rgb) <= 1).all(-1)) >= least


def test_a_run_draws_its_four_figures_and_its_movie(result):
    assert {p.name for p in (result.path / "figures").iterdir()} == {
        "tissue.png", "oxygen.png", "trajectories.png", "effects.png", "movie.gif",
    }  # fmt: skip


def test_the_tissue_shows_each_tumor_cell_in_its_color(result, tmp_path):
    image = pixels(figures.draw_tissue(result, tmp_path / "tissue.png", replicate=1))
    color = result.scenario.catalogue.cells["tumor"].color
    cells = sum(
        int(np.count_nonzero(s.cells["type"] == s.cells["types"].tolist().index("tumor")))
        for arm in result.arms
        for day in result.snapshot_days
        if (s := result.snapshot(day, arm, 1))
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


def test_any_field_can_be_drawn(result, tmp_path):
    for field in ("vegf", "ifng"):
        assert pixels(figures.draw_field(result, tmp_path / f"{field}.png", field)).std() > 1


def test_links_of_vessels_become_lines_between_their_sites():
    from matplotlib.figure import Figure

    links = np.zeros((4, 4), np.uint8)
    links[1, 1], links[1, 2] = 1 << 0, 1 << 4 | 1 << 7  # E; its mirror W, and SE
    links[2, 3] = 1 << 3  # the mirror NW
    perfused = np.zeros((4, 4), bool)
    perfused[1, 1] = perfused[1, 2] = True
    maps = {"vessels.links": links, "vessels.perfused": perfused, "vessels.root": np.zeros((4, 4), bool)}
    axes = Figure().add_subplot()
    tissue.draw_vessels(axes, Snapshot(0.0, {}, maps))
    lines = [
        np.sort(s, axis=0).tolist() for c in axes.collections if hasattr(c, "get_segments") for s in c.get_segments()
    ]
    assert sorted(lines) == [[[1, 1], [2, 1]]] * 2 + [[[2, 1], [3, 2]]] * 2
    tubes = [c for c in axes.collections if hasattr(c, "get_segments")]
    drawn = [(to_hex(c.get_colors()[0]), c.get_linewidths()[0], len(c.get_segments())) for c in tubes]
    assert [color.upper() for color, _, _ in drawn] == [CASING, CLOSED, "#FFFFFF", PERFUSED]
    assert [n for _, _, n in drawn] == [1, 1, 1, 1]  # each a wall and, thinner, what is inside
    assert drawn[1][1] < drawn[0][1] < drawn[2][1] and drawn[3][1] < drawn[2][1]


def test_the_replicate_shown_is_the_one_in_the_middle():
    class Fake:
        arms, replicates = ("a",), 5

        def series(self, name, arm):
            return np.arange(2), np.array([[1, 900], [1, 10], [1, 520], [1, 500], [1, 200]])

    assert grid.representative(Fake()) == 3


def test_days_shown_hold_the_first_and_the_last():
    assert grid.spread([0, 1, 2, 3, 4, 5, 6], 4) == [0, 2, 4, 6]
    assert grid.spread([0, 7], 4) == [0, 7]


def test_trajectories_show_the_endpoints_first_and_leave_out_what_has_no_values(result):
    chosen = trajectories.chosen(result)
    assert chosen[:4] == ["tumor_burden", "n_treg", "ctl_to_treg", "kills"] and len(chosen) == 9
    assert all(trajectories.has_values(result, name) for name in chosen)


def test_an_arm_is_drawn_from_where_it_parts():
    reference = np.array([[1.0, 2.0, math.nan, 4.0, 5.0]])
    assert trajectories.parting(np.array([[1.0, 2.0, math.nan, 4.5, 6.0]]), reference) == 2
    assert trajectories.parting(reference, reference) == 0


def test_each_arm_has_its_color_and_the_reference_is_gray(result):
    colors = arm_colors(result.scenario)
    assert len(set(colors.values())) == 3
    image = pixels(result.path / "figures" / "trajectories.png")
    for color in colors.values():
        assert has(image, color, 50)


def test_a_run_without_a_second_arm_has_no_effects(tmp_path):
    alone = tmesim.run(read_text(TEXT), out=tmp_path / "out", workers=1, quiet=True, arms=["untreated"], replicates=1,
                       days=1)  # fmt: skip
    assert effects.draw_effects(alone, tmp_path / "effects.png") is None
    assert not (alone.path / "figures" / "effects.png").exists()
    assert (alone.path / "figures" / "trajectories.png").exists()


def test_figures_are_the_same_bytes_each_time(result, tmp_path):
    again = figures.draw_all(result, tmp_path)
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
    assert change(compare("e", "a", "b", control, control * 0)) == "–"
