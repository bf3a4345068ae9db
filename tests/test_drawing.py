"""The drawing room: one raster, one strip and one scale bar for all, and files of three formats of the same drawing."""

import base64
import io
import re
from pathlib import Path
from xml.etree import ElementTree

import numpy as np
import pytest
from matplotlib.figure import Figure
from matplotlib.text import Text
from PIL import Image

import tmesim
from tmesim.cli import main
from tmesim.drawing import page, scale_bar, strip
from tmesim.drawing.curves import Curve, curves_of
from tmesim.drawing.drawing import Drawing
from tmesim.drawing.effects import draw_effects
from tmesim.drawing.files import FORMATS
from tmesim.drawing.letters import text_width
from tmesim.drawing.notebook import TissuePicture, View
from tmesim.drawing.palette import MOST, PERFUSED, Palette
from tmesim.drawing.panels import draw_panel, draw_panels, known_panels
from tmesim.drawing.raster import Inks, Painter, paint, scale_end, scene_of
from tmesim.drawing.tissue import draw_tissue
from tmesim.drawing.tornado import Bar, Panel, draw_bars
from tmesim.drawing.trajectories import draw_trajectories
from tmesim.scenario import read_text
from tmesim.statistics import compare

TEXT = """
name: small
question: What does it look like?
host: mouse
tissue: {size: [360 µm, 300 µm]}
start:
  tumor: {radius: 75 µm}
  densities: {fibroblast: 400 /mm², ctl: 80 /mm², treg: 50 /mm²}
  capillaries: 150 /mm²
  ecm: 0.2
time: {days: 2, record_every: 6 h, snapshots: [0 d, 2 d]}
replicates: 3
arms:
  untreated: {}
  drug: {therapies: [{use: chemotherapy, start: 1 d}]}
endpoints: [tumor_burden, n_ctl]
"""
PANELS = ("tissue", "vegf", "trajectories", "effects")


@pytest.fixture(scope="module")
def result(tmp_path_factory):
    out = tmp_path_factory.mktemp("run") / "out"
    return tmesim.run(read_text(TEXT), out=out, workers=1, quiet=True, figures=False)


def panel_of(drawing, axes):
    """The pixels of a panel in the PNG of a drawing."""
    image = np.asarray(Image.open(io.BytesIO(drawing.data("png"))).convert("RGB"))
    box, high = axes.bbox, image.shape[0]
    return image[round(high - box.y1) : round(high - box.y0), round(box.x0) : round(box.x1)]


def pictures_in(svg):
    """The pictures that an SVG embeds, which matplotlib stores with their last line first and shows mirrored."""
    found = re.findall(r'data:image/png;base64,\s*([^"]+)"', svg)
    return [np.asarray(Image.open(io.BytesIO(base64.b64decode(data))).convert("RGB"))[::-1] for data in found]


# One palette


def test_every_color_of_a_drawing_stands_in_the_palette_or_the_catalogue():
    folder = Path(tmesim.__file__).parent / "drawing"
    found = {path.name: re.findall(r"#[0-9a-fA-F]{6}\b", path.read_text("utf-8")) for path in folder.glob("*.py")}
    assert [name for name, colors in found.items() if colors] == ["palette.py"]


# One raster


def test_a_figure_and_a_notebook_show_the_same_pixels_of_a_section_at_the_same_zoom(result):
    section = result.snapshot(2, "drug", 0)
    figure = draw_tissue(result, days=[2], arms=["drug"], replicate=0)
    (seen,) = (axes.get_images()[0] for axes in figure.axes if axes.get_images())
    zoom = seen.get_array().shape[0] // section.shape[0]
    notebook = TissuePicture([[View("", section)]], result.scenario.catalogue, pixels=zoom * max(section.shape) // 2)
    assert notebook.zoom == zoom >= 10
    assert np.array_equal(seen.get_array(), notebook.axes[0].get_images()[0].get_array())


def test_the_raster_of_a_picture_is_that_of_a_frame_with_soft_edges(result):
    """Where all fine pixels of a pixel agree, it has their color; those that do not lie at edges."""
    section, catalogue, zoom = result.snapshot(2, "drug", 0), result.scenario.catalogue, 6
    scene, palette = scene_of(section, catalogue), Palette()
    inks = Inks(palette, scene.types, catalogue, scene.types)
    behind = np.full(section.shape, inks.white, np.uint8)
    fine = palette.rgb[paint(scene, behind, inks, zoom, fine=3)].reshape(section.shape[0] * zoom, 3, -1, 3, 3)
    alike = (fine == fine[:, :1, :, :1]).all((1, 3, 4))
    shown = Painter(catalogue, None)(section, zoom)
    assert np.array_equal(shown[alike], fine[:, 0, :, 0][alike])
    assert 0.8 < alike.mean() < 1


@pytest.mark.parametrize("picture", ["figure", "notebook"])
def test_each_site_of_a_panel_is_a_whole_number_of_pixels_of_the_file(result, picture):
    if picture == "figure":
        drawing = draw_tissue(result, days=[2], arms=["drug"], replicate=0)
    else:
        drawing = result.plot.tissue(arm="drug", pixels=150)
    axes = next(axes for axes in drawing.axes if axes.get_images())
    raster = axes.get_images()[0].get_array()
    seen = panel_of(drawing, axes)
    assert seen.shape == raster.shape
    inner = (slice(40, -110), slice(10, -10))  # without frame, words and scale bar
    differ = (seen[inner] != raster[inner]).any(-1)
    assert differ.mean() < 0.08, "only lines around regions lie above the raster"
    shifted = (seen[inner] != np.roll(raster, 1, 1)[inner]).any(-1)
    assert shifted.mean() > 2 * differ.mean()


@pytest.mark.parametrize("zoom", [1, 2, 3, 4, 5, 7, 12])
def test_cells_and_vessels_have_their_colors_at_any_zoom(result, zoom):
    section, catalogue = result.snapshot(2, "untreated", 0), result.scenario.catalogue
    image = Painter(catalogue, "oxygen", scale_end([section], "oxygen"))(section, zoom)
    assert image.shape == (20 * zoom, 24 * zoom, 3)
    for color, most in ((catalogue.cells["tumor"].color, 0), (catalogue.cells["ctl"].color, 0), (PERFUSED, 60)):
        rgb = [int(color[i : i + 2], 16) for i in (1, 3, 5)]
        assert np.abs(image.astype(int) - rgb).max(-1).min() <= most, (color, zoom)  # thin rings have soft edges


def test_a_palette_that_is_full_takes_the_nearest_color():
    palette = Palette()
    for i in range(300):
        palette.index((i / 300, 0.0, 0.0))
    full = [palette.index((i / 299, 0.2, 0.9)) for i in range(300)]
    assert len(palette.colors) <= MOST and max(full) < MOST
    many = Palette(f"#{i:06x}" for i in range(0, 512 * 4096, 4096))
    assert len(many.colors) == MOST
    distance = {color: sum((a - b) ** 2 for a, b in zip(color, (15, 240, 1), strict=True)) for color in many.colors}
    assert many.colors[many.index("#0ff001")] == min(distance, key=distance.get)


# One scale bar


@pytest.mark.parametrize(("width", "expected"), [(300, 50), (700, 200), (1500, 200), (1501, 500), (7000, 2000)])
def test_a_scale_bar_is_the_longest_round_length_below_a_third(width, expected):
    assert scale_bar.length_um(width) == expected


def test_scale_bars_on_axes_and_in_pixels_are_as_long_as_they_say(result):
    for drawing in (draw_tissue(result), result.plot.tissue()):
        axes = next(a for a in drawing.axes if any("µm" in t.get_text() for t in a.texts))
        (said,) = (int(t.get_text().split()[0]) for t in axes.texts if "µm" in t.get_text())
        bar = next(p for p in axes.patches if p.get_facecolor()[:3] == (0, 0, 0))
        assert bar.get_width() * 15 == said
    panel = np.zeros((200, 400), np.uint8)
    scale_bar.in_pixels(panel, 2.5, 1, np.arange(8, dtype=np.uint8) + 10)
    assert np.count_nonzero(panel[190] == 17) * 2.5 == scale_bar.length_um(1000) == 200
    assert text_width("200 µm", 11) < 80


# One strip


def diamond_of(svg):
    (diamond,) = (found for found in svg.iter("svg") if found.get("x"))
    return diamond


def test_figure_and_page_draw_the_same_strip():
    control, treated = np.array([10.0, 12.0, 11.0, np.nan]), np.array([6.0, 9.5, 7.0, 3.0])
    drawn = strip.Strip.of(compare("e", "a", "b", treated, control), treated - control)
    far = strip.reach([drawn])
    axes = Figure().add_subplot()
    strip.on_axes(axes, [drawn], {"a": "#D55E00"})
    svg = ElementTree.fromstring(page.strip(drawn, far, "arm-1"))

    def value(text):
        return (float(text.rstrip("%")) / 100 * 2 - 1) * far

    circles = [(value(c.get("cx")), float(c.get("cy")) / page.STRIP_HIGH) for c in svg.iter("circle")]
    assert len(circles) == 3
    np.testing.assert_allclose(circles, axes.collections[0].get_offsets(), rtol=0, atol=1e-3)
    bar, mean = axes.lines[0], axes.lines[1]
    (line,) = (found for found in svg.iter("line") if found.get("class") == "bar")
    np.testing.assert_allclose([value(line.get("x1")), value(line.get("x2"))], bar.get_xdata(), rtol=2e-3, atol=0)
    for svg_y, y in ((line.get("y1"), bar.get_ydata()[0]), (diamond_of(svg).get("y"), mean.get_ydata()[0])):
        np.testing.assert_allclose(float(svg_y) / page.STRIP_HIGH, y, rtol=0, atol=1e-3)
    np.testing.assert_allclose(value(diamond_of(svg).get("x")), mean.get_xdata(), rtol=2e-3, atol=0)
    assert axes.get_xlim() == (-far, far) and svg.get("aria-label").startswith("Mean difference -3.5")


def test_a_strip_leaves_out_what_is_not_defined_and_says_what_was_not_given():
    one = np.array([1.0, 2.0])
    lost = strip.Strip.of(compare("e", "a", "b", one * np.nan, one), one * np.nan)
    idle = strip.Strip.of(compare("e", "a", "b", one, one), one * 0, given=False)
    assert (lost.missing, idle.missing) == ("not defined", "not given") and lost.values.size == 0
    assert strip.reach([lost, idle]) == strip.PAD and not lost.clear
    axes = Figure().add_subplot()
    strip.on_axes(axes, [lost, idle], {"a": "red"})
    assert [t.get_text().strip() for t in axes.texts] == ["not defined", "not given"]


# Curves


def test_figure_and_page_draw_the_same_curves(result):
    figure = draw_trajectories(result, ["tumor_burden"])
    svg = page.curves(result, "tumor_burden", result.known("tumor_burden"))
    drawn = curves_of(result, "tumor_burden", result.arms)
    assert [curve.arm for curve in drawn] == ["untreated", "drug"]
    medians = [line for line in figure.axes[0].lines if line.get_linewidth() == 2]
    for curve, line in zip(drawn, medians, strict=True):
        assert np.array_equal(line.get_ydata(), curve.middle)
    assert svg.count('class="median"') == len(drawn) and svg.count('class="one"') == 3 * len(drawn)


def test_a_curve_has_quartiles_at_the_times_at_which_something_is_defined():
    values = np.array([[np.nan, 1.0, 2.0], [np.nan, 3.0, np.nan], [np.nan, 8.0, 4.0], [np.nan, 9.0, 6.0]])
    curve = Curve.of("a", np.array([0.0, 1.0, 2.0]), values)
    assert curve.when.tolist() == [1.0, 2.0] and curve.middle.tolist() == [5.5, 4.0]
    assert curve.low.tolist() == [2.5, 3.0] and curve.high.tolist() == [8.25, 5.0]
    assert curve.has_band and not Curve.of("a", curve.days, values[:3]).has_band


# Files


@pytest.mark.parametrize("format", FORMATS)
@pytest.mark.parametrize("panel", ["tissue", "trajectories"])
def test_a_drawing_gives_the_same_bytes_each_time_and_tells_no_date(result, panel, format):
    data = draw_panel(result, panel).data(format)
    assert data == draw_panel(result, panel).data(format)
    assert data.startswith({"png": b"\x89PNG", "pdf": b"%PDF", "svg": b"<?xml"}[format])
    assert not re.search(rb"CreationDate|ModDate|<dc:date>|tIME", data)


@pytest.mark.parametrize("panel", PANELS)
def test_the_words_of_an_svg_are_text_that_can_be_edited(result, panel):
    drawing = draw_panel(result, panel)
    tree = ElementTree.fromstring(drawing.data("svg"))
    written = "\n".join("".join(node.itertext()) for node in tree.iter("{http://www.w3.org/2000/svg}text"))
    shown = [t.get_text() for t in drawing.figure.findobj(Text) if t.get_visible() and t.get_figure() is drawing.figure]
    words = [line.strip() for text in [drawing.title, *(t for t in shown if "day" in t)] for line in text.split("\n")]
    assert words and [line for line in words if line not in written] == []


def test_the_letters_of_a_pdf_are_letters_of_embedded_fonts(result):
    data = draw_effects(result).data("pdf")
    assert b"/FontFile2" in data and b"/CIDFontType2" in data and b"/Type3" not in data


def test_an_svg_holds_the_raster_as_it_was_painted(result):
    drawing = draw_tissue(result)
    held = pictures_in(drawing.data("svg").decode())
    painted = [image.get_array() for axes in drawing.axes for image in axes.get_images()]
    assert painted and all(any(np.array_equal(image, each) for each in held) for image in painted)


def test_every_plot_is_saved_by_the_ending_of_its_file_and_refuses_others_with_those_there_are(result, tmp_path):
    plots = {
        "tissue": result.plot.tissue(pixels=80), "field": result.plot.tissue(field="vegf", pixels=80),
        "curves": result.plot.curves("kills"), "differences": result.plot.differences(),
        "model": tmesim.TumorModel("minimal").plot(pixels=80),
    }  # fmt: skip
    for name, plot in plots.items():
        assert isinstance(plot, Drawing)
        for format in FORMATS:
            assert plot.save(tmp_path / f"{name}.{format.upper()}").read_bytes() == plot.data(format)
        for wrong in ("a.doc", "a", "a.gif"):
            with pytest.raises(ValueError, match=rf"as \.png, \.pdf or \.svg, but '{wrong}' was asked for"):
                plot.save(tmp_path / wrong)
    assert len(list(tmp_path.iterdir())) == len(plots) * len(FORMATS)


def test_what_a_notebook_shows_is_what_a_file_holds(result):
    plot = result.plot.curves("kills")
    shown, size = plot._repr_png_()
    one, other = (np.asarray(Image.open(io.BytesIO(data))) for data in (shown, plot.data("png")))
    assert np.array_equal(one, other) and size == {"width": plot.width}
    plot.figure.texts[0].set_text("Changed")
    assert plot.png != shown, "a change of the figure is shown"


# Panels


@pytest.fixture
def shell(capsys, monkeypatch):
    """A call of the command line: its exit code, and what it said."""

    def call(*arguments):
        monkeypatch.setattr("sys.argv", ["tmesim", *map(str, arguments)])
        with pytest.raises(SystemExit) as ended:
            main()
        out, err = capsys.readouterr()
        return ended.value.code or 0, out + err

    return call


def names_in(folder):
    return sorted(path.name for path in folder.iterdir()) if folder.exists() else []


def test_render_draws_the_panels_and_formats_that_are_asked_for(result, shell):
    figures = result.path / "figures"
    code, told = shell("render", result.path, "--format", "pdf,svg", "--panels", "effects,vegf")
    assert code == 0 and "vegf.svg" in told
    assert names_in(figures) == ["effects.pdf", "effects.svg", "vegf.pdf", "vegf.svg"]
    assert not (result.path / "report.html").exists()
    assert (figures / "effects.svg").read_bytes() == draw_effects(result).data("svg")
    shell("render", result.path, "--panels", "movie", "--panels", "report")
    assert "movie.gif" in names_in(figures) and (result.path / "report.html").exists()


def test_render_without_panels_draws_what_a_run_draws(result, tmp_path):
    files = [path.name for path in draw_panels(result, tmp_path)]
    assert files == ["tissue.png", "oxygen.png", "trajectories.png", "effects.png", "why.png", "movie.gif"]


@pytest.mark.parametrize(
    ("options", "told"),
    [
        (["--panels", "tisue,kurves"], ["unknown panel 'tisue'. Did you mean 'tissue'", "'kurves'", "report,"]),
        (["--format", "pdf,jpg", "--panels", "vegg"], ["--format: unknown format 'jpg'", "png, svg", "mean 'vegf'"]),
        (["--format", ","], ["expected one of png, pdf, svg"]),
        (["--panels", ""], ["expected names of panels, got none"]),
    ],
)  # fmt: skip
def test_unknown_panels_and_formats_are_told_at_once_and_nothing_is_written(result, shell, options, told):
    before = {path: path.stat().st_mtime_ns for path in result.path.rglob("*")}
    code, said = shell("render", result.path, *options)
    assert code == 2 and [text for text in told if text not in said] == []
    assert {path: path.stat().st_mtime_ns for path in result.path.rglob("*")} == before


def test_a_panel_that_a_run_cannot_have_is_an_error_that_says_why(tmp_path, shell):
    text = TEXT.replace("snapshots: [0 d, 2 d]", "snapshots: []").replace("start: 1 d", "start: 1 h")
    text = text.replace("days: 2", "days: 0.25")
    alone = tmesim.run(read_text(text), out=tmp_path / "run", arms=["untreated"], workers=1, quiet=True, figures=False)
    assert alone.snapshot_days == () and "effects" in known_panels(alone.scenario)
    code, said = shell("render", alone.path, "--panels", "effects,tissue,vegf,trajectories")
    assert code == 2 and "effects cannot be drawn: this run has one arm" in said
    assert said.count("this run kept no snapshots") == 2 and names_in(alone.path / "figures") == []


@pytest.mark.parametrize(("longest", "is_cut"), [(-3.0, True), (-0.7, False)])
def test_a_bar_that_is_far_longer_than_all_others_is_cut_and_says_how_long_it_is(longest, is_cut):
    axes = Figure().add_subplot()
    values = {"a": longest, "b": 0.2, "c": 0.1}
    bars = {key: [Bar(0, value, value - 0.1, value + 0.1)] for key, value in values.items()}
    draw_bars(axes, Panel("", "", bars), list(bars))
    assert (axes.get_xlim()[0] > longest) == is_cut and axes.get_xlim()[1] > 0.3
    assert [text.get_text() for text in axes.texts] == (["◂ -3"] if is_cut else [])
