"""What a notebook shows: pictures hold what the tissue holds, cards hold the numbers of the run, the bar tells where
a run is."""

import io
import os
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
from matplotlib.colors import to_rgb
from PIL import Image

import tmesim
from tmesim.drawing import raster
from tmesim.drawing.movie import Movie
from tmesim.drawing.notebook import TissuePicture, View, view_of
from tmesim.drawing.palette import CLOSED, PERFUSED
from tmesim.model import TumorModel
from tmesim.reading import InputError
from tmesim.scenario import load, read_text
from tmesim.section import Section
from tmesim.statistics import interval
from tmesim.trial import display
from tmesim.trial.news import Progress
from tmesim.wording import compact

ROOT = Path(__file__).parents[1]
TEXT = """
name: small
question: Is <b>this</b> shown as it is?
host: mouse
tissue: {size: [360 µm, 300 µm]}
start:
  tumor: {radius: 75 µm}
  densities: {fibroblast: 400 /mm², ctl: 80 /mm², treg: 50 /mm²}
  capillaries: 150 /mm²
  ecm: 0.2
time: {days: 2, record_every: 6 h, snapshots: [0 d, 1 d, 2 d]}
replicates: 3
arms:
  untreated: {}
  drug: {therapies: [{use: chemotherapy, start: 1 d}]}
  late: {therapies: [{use: chemotherapy, start: 36 h}]}
endpoints: [tumor_burden, n_ctl]
"""
CATALOGUE = load("minimal").catalogue
TYPES = ("tumor", "ctl")


@pytest.fixture(scope="module")
def result(tmp_path_factory):
    out = tmp_path_factory.mktemp("run") / "out"
    return tmesim.run(read_text(TEXT), out=out, workers=1, quiet=True, figures=False)


def by_hand(links=(), perfused=()):
    """Two tumor cells and a T cell on 3 × 4 sites, with segments of a vessel at (row, column, bits)."""
    bits = np.zeros((3, 4), np.uint8)
    for y, x, value in links:
        bits[y, x] = value
    flow = np.zeros((3, 4), bool)
    for y, x in perfused:
        flow[y, x] = True
    cells = {
        "type": np.array([0, 0, 1], np.uint8), "y": np.array([0, 1, 1]), "x": np.array([0, 2, 2]),
    }  # fmt: skip
    maps = {
        "field.oxygen": np.full((3, 4), 20.0, np.float32), "matrix.ecm": np.full((3, 4), 0.5, np.float32),
        "vessels.links": bits, "vessels.perfused": flow, "vessels.root": np.zeros((3, 4), bool),
        "vessels.tip": np.zeros((3, 4), bool),
    }  # fmt: skip
    return Section(tuple(TYPES), cells, maps, (3, 4), 15.0, 24.0)


def color_at(image, zoom, y, x):
    r, g, b = image[y * zoom + zoom // 2, x * zoom + zoom // 2]
    return f"#{r:02X}{g:02X}{b:02X}"


# Tables


def test_compare_without_arguments_is_what_the_run_has_written(result):
    assert result.compare().equals(result.comparison)


def test_compare_takes_a_day_a_reference_and_a_confidence(result):
    table = result.timeseries
    day = table[np.isclose(table.day, 1.75)].set_index(["arm", "replicate"])
    differences = (day.tumor_burden["drug"] - day.tumor_burden["late"]).to_numpy(float)
    (row,) = result.compare("tumor_burden", "drug", reference="late", day=1.75, confidence=0.8).itertuples()
    assert (row.arm, row.reference, row.n) == ("drug", "late", 3)
    half = 1.8856180831641267 * differences.std(ddof=1) / 3**0.5  # Student, 2 degrees of freedom, 90 %
    assert row.difference == pytest.approx(differences.mean(), rel=1e-12)
    assert (row.low, row.high) == pytest.approx((differences.mean() - half, differences.mean() + half), rel=1e-9)
    assert interval(differences, 0.8) == (row.difference, row.low, row.high)
    assert set(result.compare(reference="late").arm) == {"untreated", "drug"}
    assert result.compare("tumor_burden", day=1).difference.tolist() == [0.0, 0.0]


def test_what_is_not_there_is_answered_with_what_is(result):
    for ask, error, message in (
        (lambda: result.compare("tumour_burden"), KeyError, "Did you mean 'tumor_burden'"),
        (lambda: result.compare(arms="drugs"), KeyError, "arms: there is no 'drugs'. Did you mean 'drug'"),
        (lambda: result.compare(reference="x"), KeyError, "there are untreated, drug, late"),
        (lambda: result.compare(day=1.1), KeyError, r"nearest are days 1 and 1\.25 of 0 to 2"),
        (lambda: result.compare(confidence=95), ValueError, "between 0 and 1"),
        (lambda: result.plot.tissue(day=1.5), KeyError, "there are days 0, 1, 2"),
        (lambda: result.plot.tissue(field="oxigen"), KeyError, "there are oxygen, vegf"),
        (lambda: result.plot.tissue(replicate=3), KeyError, "replicate: expected a whole number from 0 to 2"),
        (lambda: result.plot.curves("kils"), KeyError, "Did you mean 'kills'"),
    ):
        with pytest.raises(error, match=message):
            ask()


def test_a_snapshot_without_a_day_is_the_last(result):
    assert result.snapshot().day == 2
    assert result.cells().equals(result.cells(2)) and not result.cells().equals(result.cells(0))
    assert np.array_equal(result.fields()["oxygen"], result.fields(2)["oxygen"])


# Pictures


def test_a_panel_shows_each_cell_in_its_color_on_its_site():
    image = raster.Painter(CATALOGUE, "oxygen", 40.0)(by_hand(), 9)
    assert image.shape == (27, 36, 3)
    assert color_at(image, 9, 0, 0) == CATALOGUE.cells["tumor"].color.upper()
    assert color_at(image, 9, 1, 2) == CATALOGUE.cells["ctl"].color.upper(), "leukocytes lie over tissue"
    free = {color_at(image, 9, y, x) for y, x in ((2, 0), (0, 3), (2, 3))}
    assert len(free) == 1 and free.isdisjoint({cell.color.upper() for cell in CATALOGUE.cells.values()})
    corner = image[9:18, 18:27].reshape(-1, 3)
    tumor = np.rint(255 * np.array(to_rgb(CATALOGUE.cells["tumor"].color)))
    others = [np.full(3, 255), np.rint(255 * np.array(to_rgb(CATALOGUE.cells["ctl"].color)))]
    nearest = np.argmin([np.abs(corner - color).sum(1) for color in (tumor, *others)], axis=0)
    assert (nearest == 0).any(), "the tumor cell is seen around the T cell"


def test_a_field_by_itself_hides_the_cells_and_follows_its_scale():
    shot = by_hand()
    shot.maps["field.oxygen"][2, 3] = 40.0
    image = raster.Painter(CATALOGUE, "oxygen", 40.0, "gray", cells=False)(shot, 9)
    assert color_at(image, 9, 0, 0) == color_at(image, 9, 1, 2) == "#818181"  # step 64 of 0 to 127
    assert color_at(image, 9, 2, 3) == "#FFFFFF"


def test_vessels_are_red_with_flow_and_gray_without():
    east, west = 1, 16
    links = [(0, 2, east), (0, 3, west), (2, 0, east), (2, 1, west)]
    image = raster.Painter(CATALOGUE, "oxygen", 40.0)(by_hand(links, perfused=[(0, 2), (0, 3)]), 9)
    between = image[4, 26], image[22, 8]
    assert ["#{:02X}{:02X}{:02X}".format(*rgb) for rgb in between] == [PERFUSED.upper(), CLOSED.upper()]


def test_a_picture_that_is_refreshed_is_the_one_that_would_be_drawn_anew():
    model = TumorModel("minimal", days=1)
    for field in (None, "vegf"):
        picture = model.plot(field, pixels=120)
        shown = {picture.png}
        for _ in range(2):
            model.run(days=0.25)
            assert picture.refresh(model).png == model.plot(field, pixels=120).png
            shown.add(picture.png)
            legend = [text.get_text() for text in picture.figure.legends[0].get_texts()]
            counted = f"tumor cell ({len(model.agents_by_type[tmesim.agents.TumorCell])})"
            assert (counted in legend) == (field is None) and len(picture.figure.legends) == 1
        assert len(shown) == 3


def test_a_tissue_picture_has_a_panel_for_each_arm_and_day(result):
    picture = result.plot.tissue(day=[0, 1, 2], arm=["untreated", "drug"], pixels=60)
    titles = [text.get_text() for axes in picture.axes for text in axes.texts]
    assert [t for t in titles if "day" in t] == [f"{a}, day {d}" for a in ("untreated", "drug") for d in (0, 1, 2)]
    counts = result.cells(2, "drug").type.value_counts()
    assert picture.alt.split("; ")[-1].startswith(f"drug, day 2: {counts['tumor']} × tumor cell")


def test_drugs_and_matrix_can_be_shown(result):
    for field in ("ecm", "debris", "drug_chemotherapy"):
        assert result.plot.tissue(field=field, arm="drug", pixels=60).png.startswith(b"\x89PNG")


def test_differences_show_the_interval_and_each_replicate(result):
    picture = result.plot.differences("tumor_burden", arms="drug")
    (row,) = result.compare("tumor_burden", "drug").itertuples()
    (axes,) = picture.axes
    dots = sorted(axes.collections[0].get_offsets()[:, 0])
    pairs = result.endpoint("tumor_burden", "drug") - result.endpoint("tumor_burden", "untreated")
    assert dots == sorted(pairs)
    assert list(axes.lines[0].get_xdata()) == [row.low, row.high]


def test_the_movie_is_that_of_the_figures(result, tmp_path):
    film = result.plot.movie(replicate=1)
    assert film.gif == Movie(result, 1).save(tmp_path / "m.gif").read_bytes()
    assert film._repr_html_().startswith('<img src="data:image/gif;base64,')
    assert film.save(tmp_path / "n.gif").read_bytes() == film.gif


def test_pictures_do_without_pyplot():
    code = (
        "import sys, tmesim; m = tmesim.TumorModel('minimal'); m.plot(pixels=60).png; m._repr_html_();"
        "print([n for n in ('matplotlib.pyplot', 'IPython', 'ipywidgets') if n in sys.modules])"
    )
    answer = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    assert answer.stdout.strip() == "[]"


# Cards


def test_the_card_of_a_result_holds_the_main_endpoint_and_no_markup_of_others(result):
    card = result._repr_html_()
    assert "Is &lt;b&gt;this&lt;/b&gt; shown as it is?" in card and "<b>" not in card
    for c in result.comparisons:
        numbers = f"{compact(c.difference)} [{compact(c.low)}, {compact(c.high)}]".replace("-", "−")
        assert (numbers in card) == (c.endpoint == "tumor_burden")
    assert card.count("data:image/png") == 3


def test_the_card_links_to_the_report_where_a_server_can_follow(result, monkeypatch):
    assert "href" not in result._repr_html_()
    report = result.path / "report.html"
    report.write_text("", encoding="utf-8")
    try:
        assert f"report in {report}" in result._repr_html_()
        monkeypatch.chdir(result.path.parent)
        assert 'href="./out/report.html"' in result._repr_html_()
    finally:
        os.remove(report)


def test_the_card_of_a_scenario_says_what_each_arm_is_given():
    card = load("combination")._repr_html_()
    assert "Is chemotherapy with a PD-L1 antibody more than the sum of the two?" in card and "24 days" in card
    assert "chemotherapy 5 mg/kg from day 7, 3 times every 7 d; anti_pd_l1 10 mg/kg from day 8" in card
    changed = load({"name": "x", "question": "?", "extends": "minimal", "off": ["tgfb_drives_emt"]})
    assert "without tgfb_drives_emt" in changed._repr_html_()


def test_the_card_of_a_model_counts_its_cells():
    model = TumorModel("minimal")
    count = len(model.agents_by_type[tmesim.agents.TumorCell])
    assert ">tumor cell</td><td" in model._repr_html_() and f">{count}</td>" in model._repr_html_()


# The bar


class Shown:
    """What `IPython.display.display` hands back, keeping what is shown."""

    def __init__(self):
        self.pages = []

    def __call__(self, page, display_id):
        self.pages.append(page.data)
        return self

    def update(self, page):
        self.pages.append(page.data)


def test_the_bar_of_a_notebook_replaces_itself_and_ends_as_a_line(monkeypatch):
    import IPython.display

    shown = Shown()
    monkeypatch.setattr(IPython.display, "display", shown)
    monkeypatch.setattr(display.NotebookDisplay, "EVERY_S", 0.0)
    with display.NotebookDisplay(2, work=10) as bar:
        bar.say("compiling <once>")
        bar.progress(Progress(0, 5, 60.0, ("a",)))
        bar.finished(SimpleNamespace(replicate=0, seconds=1.0))
        bar.finished(SimpleNamespace(replicate=1, seconds=1.0))
    assert "compiling &lt;once&gt;" in shown.pages[1]
    values = [page.split('value="')[1].split('"')[0] for page in shown.pages if "<progress" in page]
    assert values == ["0.0000", "0.0000", "0.2500", "0.5000"]
    assert "<progress" not in shown.pages[-1] and "2 of 2 replicates" in shown.pages[-1]


def test_a_run_that_is_stopped_leaves_no_bar(monkeypatch):
    import IPython.display

    shown = Shown()
    monkeypatch.setattr(IPython.display, "display", shown)
    with pytest.raises(KeyboardInterrupt), display.NotebookDisplay(2, work=10):
        raise KeyboardInterrupt
    assert "0 of 2 replicates, stopped" in shown.pages[-1]


def test_only_a_kernel_gets_the_bar_of_a_notebook(monkeypatch):
    for shell, expected in ((None, False), (SimpleNamespace(), False), (SimpleNamespace(kernel=1), True)):
        monkeypatch.setitem(sys.modules, "IPython", SimpleNamespace(get_ipython=lambda shell=shell: shell))
        assert display.in_notebook() == expected
        assert isinstance(display.display_for(False, 1, 1), display.NotebookDisplay) == expected
        assert type(display.display_for(True, 1, 1)) is display.Display


# Scenarios as Python data


def test_a_mapping_is_read_as_the_file_it_would_be(tmp_path):
    content = {
        "name": "as_data", "question": "?", "extends": "minimal", "start": {"ecm": np.float64(0.4)},
        "set": {"cells.tumor.behaviors.division": "0.02 1/h"}, "arms": {"a": {}, "b": {"off": ("tgfb_drives_emt",)}},
    }  # fmt: skip
    path = tmp_path / "as_data.yaml"
    path.write_text(
        "name: as_data\nquestion: '?'\nextends: minimal\nstart: {ecm: 0.4}\n"
        "set: {cells.tumor.behaviors.division: 0.02 1/h}\narms: {a: {}, b: {off: [tgfb_drives_emt]}}\n",
        encoding="utf-8",
    )
    assert load(content) == load(path)
    assert TumorModel(content).body.hash() == TumorModel(path).body.hash()


def test_a_mapping_that_is_wrong_is_told_by_its_keys():
    plain = {"name": "x", "question": "?", "extends": "minimal"}
    for wrong, message in (
        ({"extends": "minimum"}, "Did you mean 'minimal'"),
        ({"start": {"ecm": 7}}, r"<mapping>: start\.ecm"),
        ({1: 2}, "<mapping>: 1: unknown key"),
        ({"question": object()}, "expected text, a number, a list or a mapping"),
        ({"start": {"ecm": float("nan")}}, r"start\.ecm"),
    ):
        with pytest.raises(InputError, match=message):
            load(plain | wrong)


def test_view_and_picture_can_be_put_together_by_hand():
    model = TumorModel("minimal")
    views = [[view_of(model.body, "left"), View("right", view_of(model.body).section)]]
    image = Image.open(io.BytesIO(TissuePicture(views, model.tissue.catalogue, pixels=60).png))
    assert image.width > 2 * 120
