"""The frames that a run keeps, and the movie made of them."""

import io
import sys
from dataclasses import replace

import numpy as np
import pytest
from PIL import Image
from toys import simulated

import tmesim
from tmesim.drawing import movie as movies
from tmesim.drawing import movie_frames as drawn
from tmesim.drawing import raster
from tmesim.drawing.movie import DOSE_MS, FIRST_MS, FRAME_MS, LAST_MS, Movie
from tmesim.drawing.movie_frames import MovieFrames
from tmesim.drawing.shots import representative
from tmesim.frames import MAPS, OXYGEN_STEP, FrameLog
from tmesim.scenario import read_text, replicate_seed
from tmesim.scenario.schedule import MOST_FRAMES, frame_interval
from tmesim.section import Section
from tmesim.storage.arrays import unpack
from tmesim.trial.case import Case
from tmesim.trial.replicate import frames_file, reported

TEXT = """
name: small
question: Does it move?
host: mouse
tissue: {size: [360 µm, 300 µm]}
start:
  tumor: {radius: 75 µm}
  densities: {fibroblast: 400 /mm², ctl: 80 /mm², treg: 50 /mm², m1: 50 /mm²}
  capillaries: 150 /mm²
  ecm: 0.2
time: {days: 2, record_every: 12 h, snapshots: [0 d, 1 d, 2 d]}
replicates: 2
arms:
  untreated: {}
  drug: {therapies: [{use: anti_cd25, start: 1 d, every: 13 h, times: 2}]}
endpoints: [tumor_burden]
"""


@pytest.fixture(scope="module")
def result(tmp_path_factory):
    out = tmp_path_factory.mktemp("run") / "out"
    return tmesim.run(read_text(TEXT), out=out, workers=1, quiet=True, figures=False)


@pytest.fixture(scope="module")
def movie(result):
    return Movie(result, 0)


@pytest.fixture(scope="module")
def frames(movie):
    return movie.frames


def film(result, arm, replicate=0):
    return unpack((result.path / frames_file(arm, replicate)).read_bytes())


# Frames


@pytest.mark.parametrize("days", [0.5, 1, 2, 4, 7, 10, 14, 21, 24, 60, 180, 365, 3000])
def test_a_run_of_any_length_has_dozens_of_frames(days):
    frames = days * 24 / frame_interval(days * 24) + 1
    assert (frames >= 25 or days < 2) and frames <= MOST_FRAMES + 1


def test_each_arm_and_replicate_keeps_one_file_of_frames(result):
    for arm in result.arms:
        for replicate in range(2):
            maps = film(result, arm, replicate)
            assert maps["hour"].tolist() == list(range(49))
            assert all(maps[name].shape == (49, 20, 24) and maps[name].dtype == np.uint8 for name in MAPS)


def test_frames_show_what_the_snapshots_hold(result):
    for arm in result.arms:
        maps = film(result, arm)
        for day in result.snapshot_days:
            shot, i = result.snapshot(day, arm, 0), maps["hour"].tolist().index(day * 24)
            for layer in ("tissue", "leukocyte"):
                kinds = [i for i, cell in enumerate(shot.types) if result.scenario.catalogue.cells[cell].layer == layer]
                expected = np.zeros((20, 24), np.uint8)
                rows = np.isin(shot.cells["type"], kinds)
                expected[shot.cells["y"][rows], shot.cells["x"][rows]] = shot.cells["type"][rows] + 1
                assert np.array_equal(maps[layer][i], expected) and expected.any()
            assert np.abs(maps["oxygen"][i] * OXYGEN_STEP - shot.maps["field.oxygen"]).max() <= OXYGEN_STEP / 2 + 1e-4
            assert np.array_equal(maps["vessel"][i] == 2, shot.maps["vessels.perfused"])
            assert np.array_equal(maps["links"][i], shot.maps["vessels.links"])


def test_arms_share_their_frames_until_the_first_dose(result):
    one, other = film(result, "untreated"), film(result, "drug")
    assert all(np.array_equal(one[name][:25], other[name][:25]) for name in MAPS)
    assert not all(np.array_equal(one[name][25:], other[name][25:]) for name in MAPS)


def test_frames_go_on_from_their_state():
    perfused = np.array([[1, 0, 0], [0, 0, 0]], bool)
    maps = {
        "vessels.perfused": perfused, "vessels.root": perfused, "vessels.tip": np.array([[0, 0, 0], [1, 0, 0]], bool),
        "vessels.links": np.array([[0, 1, 16], [0, 0, 0]], np.uint8),
        "field.oxygen": np.full((2, 3), 21.3, np.float32),
    }  # fmt: skip
    cells = {"type": np.array([1, 0, 255], np.uint8), "y": np.array([0, 1, 0]), "x": np.array([1, 2, 0])}
    section = Section(("tumor", "ctl"), cells, maps, (2, 3), 15.0, 0.0)

    first = FrameLog(["tumor", "ctl"], ["tissue", "leukocyte"], 15.0)
    for hour in (0.0, 2.0, 4.0):
        first.take(replace(section, hour=hour))
    again = FrameLog(["tumor", "ctl"], ["tissue", "leukocyte"], 15.0)
    again.restore(first.state())
    twin = first.copy()
    first.take(section)
    for kept in (again, twin):
        assert kept.hours == [0.0, 2.0, 4.0] and kept.frames == first.frames[:3]
    arrays = again.arrays()
    assert arrays["links"][2].tolist() == [[0, 1, 16], [0, 0, 0]]
    assert arrays["vessel"][2].tolist() == [[2, 1, 1], [1, 0, 0]]
    assert arrays["leukocyte"].sum(0).tolist() == [[0, 6, 0], [0, 0, 0]]
    assert arrays["tissue"].sum(0).tolist() == [[0, 0, 0], [0, 0, 3]] and arrays["oxygen"][0, 0, 0] == 43


# Organs beside the tissue

WITH_ORGANS = """
name: with_organs
question: What comes?
host: mouse
tissue: {size: [360 µm, 300 µm], organs: [240 µm, 180 µm]}
start:
  tumor: {radius: 90 µm}
  densities: {fibroblast: 400 /mm², ctl: 80 /mm²}
  capillaries: 300 /mm²
  ecm: 0.2
  organs: {kidney: {samples: 100000}, liver: {samples: 100000}}
set:
  rules.emt_enables_intravasation.limit: 2 1/h
  cells.tumor.starts.emt: 0.4
  rules.leaky_vessels_let_tumor_cells_in.half_max: 1 pM
time: {days: 1, record_every: 12 h, snapshots: [0 d, 1 d], frames_every: 4 h}
replicates: 1
arms:
  untreated: {}
  out: {therapies: [{use: surgery, start: 0.5 d}]}
endpoints: [kidney.arrivals]
"""


@pytest.fixture(scope="module")
def organs(tmp_path_factory):
    out = tmp_path_factory.mktemp("organs") / "out"
    return tmesim.run(read_text(WITH_ORGANS), out=out, workers=1, quiet=True, figures=False)


def test_frames_of_organs_show_what_their_snapshots_hold(organs):
    for arm in organs.arms:
        for place in ("kidney", "liver"):
            maps = unpack((organs.path / frames_file(arm, 0, place)).read_bytes())
            shot = organs.snapshot(1, arm, 0, place)
            assert maps["hour"].tolist() == [0, 4, 8, 12, 16, 20, 24] and maps["tissue"].shape == (7, 12, 16)
            names = maps["types"].tolist()
            for name in ("arrested", "endothelial", "ctl"):
                layer = organs.scenario.catalogue.cells[name].layer
                if layer != "vessel":
                    found = np.argwhere(maps[layer][-1] == 1 + names.index(name))
                    assert sorted(found.tolist()) == sorted(np.stack(shot.sites(name), 1).tolist())
            assert np.array_equal(maps["vessel"][-1] == 2, shot.maps["vessels.perfused"])


def test_organs_stand_beside_the_tissue_in_the_row_of_their_arm_at_its_scale(organs):
    movie = Movie(organs, 0)
    frames = movie.frames
    assert frames.places == ("kidney", "liver") and frames.columns == 1
    image, row = frames.frame(6), list(frames._panels_of("out", frames.corner(1)[1]))
    assert [place for place, _, _ in row] == [None, "kidney", "liver"]
    assert row[1][2] == row[2][2] == (12 * frames.zoom, 16 * frames.zoom)
    top, left = frames.corner(1)
    for place, x, (high, wide) in row:
        film = frames.films["out"] if place is None else frames.beside["out"][place]
        own = [film[name][6] for name in ("tissue", "leukocyte", "vessel", "links", "oxygen", "bodies")]
        scene = raster.Scene(*own[:4], frames.types, own[5])
        due = raster.paint(scene, frames.behind[own[4]], frames.inks, frames.zoom)
        assert np.array_equal(image[top : top + high, x : x + wide], due), place
    held = 1 + frames.types.index("arrested")
    assert any((film["leukocyte"] == held).any() for film in frames.beside["out"].values())
    assert "organs beside it" in movie.alt and row[-1][1] + row[-1][2][1] <= frames.width - drawn.MARGIN
    rail = image[top + frames.below, left : left + frames.row]
    assert (rail == frames.arm_inks["out"][-1]).all(), "the last frame fills the rail of the whole row"


def test_a_run_that_kept_no_frames_of_organs_shows_the_tissue_alone(organs, monkeypatch):
    monkeypatch.setattr(drawn, "read_beside", lambda *_: {})
    frames = MovieFrames(organs, 0)
    assert frames.places == () and frames.columns == 2 and frames.head == drawn.NAME


def test_frames_and_tables_of_organs_are_the_same_after_interruptions(organs, tmp_path):
    """Among them what the primary and its vessels give to the blood."""
    plan = read_text(WITH_ORGANS)
    case = Case(plan, 0, replicate_seed(plan.seed, 0))
    assert simulated(case, tmp_path, 10) is None and simulated(case, tmp_path, 15) is None
    outcome = simulated(case, tmp_path)
    for arm in organs.arms:
        for place in (None, "kidney", "liver"):
            name = frames_file(arm, 0, place)
            assert outcome.files[name] == (organs.path / name).read_bytes(), name
        for name, column in zip(reported(plan), outcome.tables[arm].T[1:], strict=True):
            assert np.array_equal(column, organs.series(name, arm)[1][0], equal_nan=True), (arm, name)
    assert organs.series("exosomes_in_blood", "untreated")[1].min() > 0
    assert (organs.series("exosomes_in_blood", "out")[1][0, -1]) == 0


# The movie


def test_a_frame_is_painted_by_the_raster_of_the_pictures(frames):
    film, names = frames.films["drug"], frames.types
    scene = raster.Scene(*(film[name][48] for name in MAPS[:4]), names)
    expected = raster.paint(scene, frames.behind[film["oxygen"][48]], frames.inks, frames.zoom)
    top, left = frames.corner(1)
    high, wide = frames.panel
    assert np.array_equal(frames.frame(48)[top : top + high, left : left + wide], expected)
    assert (scene.vessel == 2).any() and (expected == frames.inks.lumen[True]).any()


def test_a_gif_has_a_frame_for_each_hour_kept_of_the_size_and_duration_of_the_movie(result, movie, tmp_path):
    path = Movie(result, 0).save(tmp_path / "movie.gif")
    with Image.open(path) as image:
        assert image.n_frames == len(movie.frames.hours) == 49
        assert image.size == (movie.frames.width, movie.frames.height)
        assert image.info["loop"] == 0
        stays = []
        for i in range(image.n_frames):
            image.seek(i)
            stays.append(image.info["duration"])
    assert stays == movie.durations()
    assert path.stat().st_size < 1_000_000
    assert Movie(result, 0).save(tmp_path / "again.gif").read_bytes() == path.read_bytes()


def test_the_colors_of_a_gif_are_exactly_those_painted(movie):
    palette = movie.frames.palette.rgb
    assert len(palette) <= 256
    with Image.open(io.BytesIO(movie.gif)) as image:
        for i in (0, 7, 25, 48):
            image.seek(i)
            assert np.array_equal(np.array(image.convert("RGB")), palette[movie.frames.frame(i)])


def test_doses_are_marked_in_the_frames_in_which_they_are_given(frames):
    given = [i for i in range(49) if frames.doses("drug", i)]
    assert given == [24, 37] and frames.doses("drug", 24) == ["anti-CD25 10 mg/kg"]
    assert not any(frames.doses("untreated", i) for i in range(49))
    color = frames.badges["drug"][0]
    top, left = frames.corner(1)
    painted = [i for i in range(49) if (frames.frame(i)[top + 9 : top + 12, left + 9 : left + 40] == color).all()]
    assert painted == given


def test_a_dose_between_two_frames_is_marked_in_the_first_of_them(movie, monkeypatch):
    monkeypatch.setattr(movie.frames, "hours", [0.0, 20.0, 40.0])
    assert [bool(movie.frames.doses("drug", i)) for i in range(3)] == [False, True, False]
    assert movie.durations() == [FIRST_MS, DOSE_MS, LAST_MS]


def test_frames_of_doses_stay_longer_and_the_last_one_longest(movie):
    stays = movie.durations()
    assert stays[0] == FIRST_MS and stays[-1] == LAST_MS == max(stays)
    assert [i for i, ms in enumerate(stays) if ms == DOSE_MS] == [24, 37] and stays.count(FRAME_MS) == 45


def test_triangles_of_doses_fill_when_they_are_given(frames):
    top, left = frames.corner(1)
    row, column = top + frames.panel[0] + 18 - 11, left + round(24 / 48 * (frames.panel[1] - 1))
    ink = frames.arm_inks["drug"]
    assert frames.frame(23)[row, column] == ink[3] and frames.frame(24)[row, column] == ink[-1]


def test_every_cell_is_painted_in_the_color_of_its_type(frames):
    for i in (0, 48):
        panel, zoom = frames._painted(frames.films["drug"], i), frames.zoom
        film = frames.films["drug"]
        for layer in ("leukocyte", "tissue"):
            y, x = np.nonzero(film[layer][i])
            free = np.ones(len(y), bool)
            if layer == "tissue":  # vessels and leukocytes stand above
                free = (film["leukocyte"][i][y, x] == 0) & (film["vessel"][i][y, x] == 0)
            y, x = y[free], x[free]
            middle = zoom // 2
            painted = panel[y * zoom + middle, x * zoom + middle]
            assert np.array_equal(painted, frames.inks.body[film[layer][i][y, x]]) and painted.size, layer


def test_the_clock_has_the_digits_that_it_needs(frames, monkeypatch):
    monkeypatch.setattr(frames, "hours", [0.0, 12.0, 180.0])
    assert [frames.clock(i) for i in range(3)] == ["day 0.0", "day 0.5", "day 7.5"]
    monkeypatch.setattr(frames, "hours", [0.0, 6.0])
    assert frames.clock(1) == "day 0.25"


@pytest.mark.parametrize(("ny", "nx"), [(8, 8), (100, 100), (40, 300), (700, 900)])
def test_tissues_of_any_size_fit_a_page(result, monkeypatch, ny, nx):
    maps = {name: np.ones((2, ny, nx), np.uint8) for name in MAPS}
    fake = film(result, "drug") | maps | {"hour": np.array([0.0, 48.0])}
    monkeypatch.setattr(drawn, "read", lambda *_: dict(fake))
    big = MovieFrames(result, 0)
    assert big.width <= drawn.WIDEST + 60 and big.frame(1).shape == (big.height, big.width)


def test_a_movie_is_cut_to_the_tumor_and_its_rim(result, monkeypatch):
    small = film(result, "drug")
    far = small | {name: np.pad(small[name], ((0, 0), (40, 0), (0, 40))) for name in MAPS}
    monkeypatch.setattr(drawn, "read", lambda *_: dict(far))
    movie = MovieFrames(result, 0)
    assert movie.frame(1).shape == (movie.height, movie.width)
    cut = movie.films["drug"]
    tumor = 1 + small["types"].tolist().index("tumor")
    assert cut["tissue"].shape[1] <= 30 and cut["tissue"].shape[2] <= 34
    assert np.array_equal((cut["tissue"] == tumor).sum((1, 2)), (small["tissue"] == tumor).sum((1, 2)))
    sites = cut["tissue"] == tumor, small["tissue"] == tumor
    assert np.array_equal(cut["oxygen"][sites[0]], small["oxygen"][sites[1]])


def test_the_replicate_shown_is_that_of_the_pictures(result):
    assert Movie(result).frames.replicate == representative(result)


def test_an_mp4_without_its_package_says_what_to_install(result, tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "imageio_ffmpeg", None)
    with pytest.raises(ModuleNotFoundError, match="pip install imageio-ffmpeg"):
        Movie(result, 0).save(tmp_path / "movie.mp4")
    assert not list(tmp_path.iterdir())


def test_an_mp4_holds_the_movie(result, tmp_path):
    ffmpeg = pytest.importorskip("imageio_ffmpeg", reason="imageio-ffmpeg is not installed")
    path = Movie(result, 0).save(tmp_path / "movie.mp4")
    frames, seconds = ffmpeg.count_frames_and_secs(str(path))
    assert frames > 49 and seconds == pytest.approx(sum(Movie(result, 0).durations()) / 1000, rel=0.05)


def test_a_webp_holds_the_movie(movie, tmp_path):
    with Image.open(movie.save(tmp_path / "movie.webp")) as image:
        assert image.format == "WEBP" and image.n_frames == 49
        image.seek(48)
        assert np.array_equal(np.array(image.convert("RGB")), movie.frames.palette.rgb[movie.frames.frame(48)])


def test_a_movie_of_another_ending_is_refused(result, tmp_path):
    with pytest.raises(ValueError, match=r"a movie is saved as \.gif, \.mp4 or \.webp, but 'movie.avi'"):
        Movie(result).save(tmp_path / "movie.avi")


def test_a_run_without_frames_says_so(result, tmp_path):
    bare = tmesim.Result(tmp_path, result.scenario)
    assert not movies.has_frames(bare) and movies.has_frames(result)
    with pytest.raises(FileNotFoundError, match="kept no frames"):
        Movie(bare, 0)
