"""The class page: what is in it is what the run gave, a browser can decode it, and it asks for nothing."""

import asyncio
import base64
import hashlib
import json
import re
import shutil
import subprocess
import zlib
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from mutations import command

import tmesim
from tmesim.atlas import MOST_BYTES, content, gather, groups, page, pages, write_atlas
from tmesim.atlas.conditions import alters_soil, flow_to, put_in, seed_of, soils_of, stands_for
from tmesim.atlas.film import decoded, encoded
from tmesim.atlas.storyboard import MINUTES, Condition, storyboard
from tmesim.catalogue import organ_named
from tmesim.reading import InputError
from tmesim.scenario import load, read_text
from tmesim.scenario.schedule import calendar_of
from tmesim.scenario.telling import table
from tmesim.storage.arrays import unpack

TEXT = """
name: small
question: Does it <b>move</b> & grow?
host: mouse
tissue: {size: [360 µm, 300 µm]}
start:
  tumor: {radius: 75 µm}
  densities: {fibroblast: 400 /mm², ctl: 80 /mm², treg: 50 /mm², m1: 50 /mm²}
  capillaries: 150 /mm²
  ecm: 0.2
time: {days: 2, record_every: 6 h, frames_every: 3 h, snapshots: [2 d]}
replicates: 3
arms:
  untreated: {}
  drug: {therapies: [{use: anti_cd25, start: 1 d}]}
endpoints: [tumor_burden, ctl_to_treg]
"""


@pytest.fixture(scope="module")
def result(tmp_path_factory):
    out = tmp_path_factory.mktemp("run") / "out"
    return tmesim.run(read_text(TEXT), out=out, workers=1, quiet=True, figures=False)


@pytest.fixture(scope="module")
def atlas(result):
    return gather(result)


@pytest.fixture(scope="module")
def written(result, tmp_path_factory):
    """The page as a file."""
    return write_atlas(result, tmp_path_factory.mktemp("page") / "class.html")


def data_of(text, id="data"):
    """What a script element of the page holds."""
    return json.loads(re.search(rf'<script type="application/json" id="{id}">(.*?)</script>', text, re.DOTALL)[1])


def film(result, arm):
    return unpack((result.path / f"frames/{arm}/replicate_000.npz").read_bytes())


# Frames of a run


def test_a_scenario_says_how_often_frames_are_taken(result):
    assert film(result, "untreated")["hour"].tolist() == list(range(0, 49, 3))
    time = read_text(TEXT).time
    assert time.frames_every_h == 3
    assert [step for step in range(49) if step in calendar_of(time).frames] == list(range(0, 49, 3))


def test_an_interval_of_frames_is_written_only_where_it_was_given():
    given_ = read_text(TEXT)
    plain = read_text(TEXT.replace("frames_every: 3 h, ", ""))
    assert given_.content()["time"]["frames_every"] == "3 h" and read_text(given_.to_yaml()) == given_
    assert "frames_every" not in plain.content()["time"] and plain != given_


def test_more_frames_than_memory_holds_are_refused():
    with pytest.raises(InputError, match=r"frames_every: every 1 h makes 2\.4e\+03 frames; the limit is 2000"):
        read_text(TEXT.replace("days: 2,", "days: 100,").replace("frames_every: 3 h", "frames_every: 1 h"))


# Films


@given(st.integers(1, 6), st.integers(1, 9), st.integers(1, 9), st.integers(0, 2**32 - 1))
def test_a_film_comes_back_byte_by_byte(count, ny, nx, seed):
    frames = np.random.default_rng(seed).integers(0, 64, (count, ny, nx)).astype(np.uint8)
    assert np.array_equal(decoded(encoded(frames), count, (ny, nx)), frames)


def test_a_film_holds_differences():
    frames = np.array([[[1, 2]], [[1, 3]], [[1, 3]]], np.uint8)
    assert zlib.decompress(base64.b64decode(encoded(frames))) == bytes([1, 2, 0, 1, 0, 0])


def in_node(text, size):
    """SHA-256 of the frames that film.js makes of a text, in Node."""
    code = pages.file("film.js") + (
        'const given = JSON.parse(require("fs").readFileSync(0, "utf8"));\n'
        "framesOf(given.text, given.size).then((frames) =>\n"
        '  console.log(require("crypto").createHash("sha256").update(frames).digest("hex")));\n'
    )
    done = subprocess.run(
        ["node", "-e", code], input=json.dumps({"text": text, "size": size}), capture_output=True, text=True, check=True
    )
    return done.stdout.strip()


def in_v8(text, size):
    """The same in V8 alone, which has no streams: Python inflates, film.js adds up."""
    racer = pytest.importorskip("py_mini_racer", reason="no V8 here: mini-racer brings it")
    engine = racer.MiniRacer()
    engine.eval(pages.file("film.js"))
    deltas = list(zlib.decompress(base64.b64decode(text)))
    frames = engine.eval(f"JSON.stringify(Array.from(undelta(Uint8Array.from({deltas}), {size})))")
    return hashlib.sha256(bytes(json.loads(frames))).hexdigest()


@pytest.mark.parametrize("decode", [in_node, in_v8])
def test_the_decoder_of_the_page_gives_the_frames_of_the_run(atlas, decode):
    if decode is in_node and shutil.which("node") is None:
        pytest.skip("no Node here")
    for arm in atlas.arms:
        size = arm.frames[0].size
        assert decode(encoded(arm.frames), size) == hashlib.sha256(arm.frames.tobytes()).hexdigest()


# What is in a picture


def test_a_byte_says_who_is_where():
    types = ["tumor", "necrotic", "fibroblast", "treg", "ctl", "arrested"]
    codes = groups.codes_of(types, read_text(TEXT).catalogue)
    tissue = np.array([0, 1, 2, 3, 1, 0, 0], np.uint8)
    leukocyte = np.array([0, 0, 0, 4, 5, 4, 6], np.uint8)
    vessel = np.array([0, 0, 1, 2, 0, 0, 2], np.uint8)
    made = groups.raster(tissue, leukocyte, vessel, codes)
    assert made.tolist() == [0, 1, 2 + 4, 3 + 8 + 32, 1 + 16, 32, 8 + 48]
    assert groups.groups_in(made) == {"tumor", "dead", "host", "vessel", "attack", "restrain"}
    assert groups.groups_in(np.array([0, 1])) == groups.groups_in(np.array([48])) == {"tumor"}


def test_every_cell_type_of_the_catalogue_has_a_group():
    catalogue = read_text(TEXT).catalogue
    found = {name: groups.group_of(name, catalogue) for name in catalogue.cells}
    assert set(found.values()) == set(groups.NAMES) and len(groups.NAMES) <= 6
    assert found["ctl"] == found["nk"] == "attack" and found["treg"] == found["m2"] == "restrain"
    assert (found["tumor"], found["necrotic"], found["adipocyte"], found["endothelial"]) == (
        "tumor", "dead", "host", "vessel",
    )  # fmt: skip


# Linear RGB of a deuteranope, of a protanope (Machado, Oliveira & Fernandes 2009, severity 1).
BLIND = {
    "deutan": [[0.367322, 0.860646, -0.227968], [0.280085, 0.672501, 0.047413], [-0.011820, 0.042940, 0.968881]],
    "protan": [[0.152286, 1.052583, -0.204868], [0.114503, 0.786281, 0.099216], [-0.003882, -0.048116, 1.051998]],
}


def lab(color, matrix):
    """CIE L*a*b* of "#rrggbb" as somebody sees it."""
    rgb = np.array([int(color[i : i + 2], 16) for i in (1, 3, 5)]) / 255
    linear = np.where(rgb <= 0.04045, rgb / 12.92, ((rgb + 0.055) / 1.055) ** 2.4)
    seen = np.clip(np.array(matrix) @ linear, 0, 1)
    xyz = np.array([[0.4124, 0.3576, 0.1805], [0.2126, 0.7152, 0.0722], [0.0193, 0.1192, 0.9505]]) @ seen
    x, y, z = np.cbrt(np.maximum(xyz / np.array([0.9505, 1, 1.089]), 1e-6))
    return np.array([116 * y - 16, 500 * (x - y), 200 * (y - z)])


@pytest.mark.parametrize("who", BLIND)
def test_no_two_groups_look_alike_to_the_color_blind(who):
    seen = {group.name: lab(group.color, BLIND[who]) for group in groups.GROUPS}
    pairs = [(a, b) for a in seen for b in seen if a < b]
    assert min(float(np.linalg.norm(seen[a] - seen[b])) for a, b in pairs) > 15


def test_a_small_patch_is_shown_whole_and_of_a_large_one_what_lies_around_the_tumor(atlas):
    assert atlas.shape == atlas.patch == (20, 24) and atlas.stride == 1
    kept = {"types": np.array(["tumor"]), "spacing_um": np.array(15.0)}
    films = [{"tissue": np.zeros((1, 300, 300), np.uint8), **kept}]
    films[0]["tissue"][0, 100:140, 120:130] = 1
    (rows, columns), stride = content._view(films)
    assert (rows, columns, stride) == (slice(90, 150, 1), slice(110, 140, 1), 1)
    films[0]["tissue"][0, 10:290, 20:280] = 1
    (rows, _), stride = content._view(films)
    assert stride == 3 and len(range(*rows.indices(300))) <= content.MOST_SITES


# The numbers


def test_arms_and_numbers_are_those_of_the_run(result, written):
    data = data_of(written.read_text(encoding="utf-8"))
    assert [arm["name"] for arm in data["arms"]] == list(result.arms)
    assert data["replicates"] == result.replicates and data["reference"] == result.reference
    for arm in data["arms"]:
        days, values = result.series("tumor_burden", arm["name"])
        assert data["days"] == days.tolist() and arm["curve"] == values.tolist()
        assert set(arm["endpoints"]) == set(result.scenario.endpoints)
        for name, found in arm["endpoints"].items():
            expected = [None if np.isnan(value) else value for value in result.endpoint(name, arm["name"])]
            assert found == expected and len(found) == result.replicates
        at = {hour: count for hour, count in zip(data["hours"], arm["cells"], strict=True)}
        assert all(at[round(day * 24)] == value for day, value in zip(days, values[0], strict=True))


def test_pictures_are_those_of_the_run(result, written):
    data = data_of(written.read_text(encoding="utf-8"))
    for arm in data["arms"]:
        maps = film(result, arm["name"])
        frames = decoded(arm["film"], len(data["hours"]), tuple(data["shape"]))
        types = maps["types"].tolist()
        assert np.array_equal(frames & 3 == 1, maps["tissue"] == 1 + types.index("tumor"))
        restraining = [1 + types.index(name) for name in groups.RESTRAINING if name in types]
        assert np.array_equal(frames >> 4 == 2, np.isin(maps["leukocyte"], restraining))
        assert np.array_equal(frames >> 2 & 3, maps["vessel"])
        assert np.array_equal(frames >> 4 > 0, maps["leukocyte"] > 0)


def test_what_was_put_into_an_arm_is_told(result):
    scenario = result.scenario
    assert put_in(scenario, scenario.arms["untreated"]) == []
    assert [text.split(" ")[0] for text in put_in(scenario, scenario.arms["drug"])] == ["anti-CD25"]


def test_a_number_of_the_tumor_makes_another_seed_and_a_number_of_the_tissue_does_not():
    text = TEXT.replace(
        "  drug: {therapies: [{use: anti_cd25, start: 1 d}]}",
        "  other: {set: {cells.tumor.behaviors.division: x2}}\n  stiff: {set: {start.ecm: 0.5}}",
    )
    scenario = read_text(text)
    seeds = {name: seed_of(scenario, arm) for name, arm in scenario.arms.items()}
    assert seeds["untreated"] == seeds["stiff"] == "" != seeds["other"]
    assert set(soils_of(scenario).values()) == {None} and flow_to(scenario, [None]) == {}
    assert stands_for(scenario, "untreated") is None


SOILS = """
name: soils
host: mouse
tissue: {size: [600 µm, 600 µm]}
start: {organ: lung, injection: {route: left_ventricle, cells: 1e5}}
time: {days: 4}
arms:
  lung: {}
  muscle: {set: {start.organ: muscle}}
  slow: {set: {cells.tumor.behaviors.division: x0.5}}
"""


def test_a_scenario_of_organs_has_soils_their_share_of_the_flow_and_what_a_dot_stands_for():
    scenario = read_text(SOILS)
    assert soils_of(scenario) == {"lung": "lung", "muscle": "muscle", "slow": "lung"}
    flow = flow_to(scenario, soils_of(scenario).values())
    assert set(flow) == {"lung", "muscle"} and all(0 < share < 1 for share in flow.values())
    seeds = {name: bool(seed_of(scenario, scenario.arms[name])) for name in scenario.arms}
    assert seeds == {"lung": False, "muscle": False, "slow": True}
    assert [put_in(scenario, scenario.arms[name]) for name in ("lung", "muscle")] == [[], []]
    volume = organ_named("lung").measured(organ_named("lung").volume, "mL", "mouse")
    assert stands_for(scenario, "lung") == pytest.approx(volume / (0.06 * 0.06 * 15e-4), rel=1e-12)


def test_a_state_that_cells_bring_makes_another_seed_in_a_soil_that_stays_as_it_is():
    scenario = read_text(SOILS.replace("  slow: {set: {cells.tumor.behaviors.division: x0.5}}",
                                       "  slow: {set: {start.injection.states.emt: 0.9}}\n"
                                       "  full: {set: {start.densities.ctl: 90 /mm²}}"))  # fmt: skip
    arms = scenario.arms
    assert {name: bool(seed_of(scenario, arms[name])) for name in arms} == dict.fromkeys(arms, False) | {"slow": True}
    assert [name for name in arms if alters_soil(scenario, arms[name])] == ["full"]
    assert put_in(scenario, arms["slow"]) == ["emt of the cells that come = 0.9"]


def test_the_arms_of_the_class_are_every_combination_of_soils_seeds_and_treatments():
    scenario = load("seed_and_soil_class")
    soils, starts = soils_of(scenario), {name: scenario.start_of(name) for name in scenario.arms}
    kinds = {(soils[name], seed_of(scenario, arm), bool(arm.therapies)) for name, arm in scenario.arms.items()}
    assert len(scenario.arms) == len(kinds) == 24
    assert [len({kind[i] for kind in kinds}) for i in range(3)] == [4, 3, 2]
    assert {(start.injection.route, start.injection.cells) for start in starts.values()} == {("patch", 30)}
    flow = flow_to(scenario, soils.values())
    assert set(flow) == set(soils.values()) and flow["kidney"] > flow["bone"], "much blood and no welcome"
    assert scenario.tissue.shape == (80, 80) and scenario.replicates >= 12 and scenario.time.frames_every_h == 3
    arms = [arm(name, soils[name], seed_of(scenario, each) != "", bool(each.therapies), len(name))
            for name, each in scenario.arms.items()]  # fmt: skip
    steps = storyboard(arms, scenario.reference, set(flow))
    assert [step.name for step in steps] == [*MINUTES, "homework"] and sum(step.minutes for step in steps) == 20


# The story


def arm(name, soil=None, seed=0, treated=False, end=0.0):
    return Condition(name, soil, seed, treated, end)


def test_seed_and_soil_takes_twenty_minutes():
    arms = [
        arm("lung", "lung", end=90), arm("bone", "bone", end=50), arm("kidney", "kidney", end=2),
        arm("lung_b", "lung", 1, end=8), arm("bone_drug", "bone", treated=True, end=9),
    ]  # fmt: skip
    steps = storyboard(arms, "lung", {"lung", "bone", "kidney"})
    assert [step.name for step in steps] == [*MINUTES, "homework"]
    assert sum(step.minutes for step in steps) == 20
    pairs = {step.name: (step.left, step.right) for step in steps}
    assert pairs["see"] == pairs["flow"] == ("lung", "kidney")
    assert pairs["seed"] == ("lung", "lung_b") and pairs["homework"] == ("bone", "bone_drug")


def test_seeds_are_swapped_where_they_differ_most_and_the_treated_soil_is_one_that_was_seen():
    arms = [
        arm("bone", "bone", end=5), arm("bone_drug", "bone", treated=True, end=4), arm("lung", "lung", end=90),
        arm("lung_b", "lung", 1, end=80), arm("lung_c", "lung", 2, end=10),
        arm("lung_drug", "lung", treated=True, end=9),
        arm("kidney", "kidney", end=1), arm("kidney_b", "kidney", 1, end=70),
    ]  # fmt: skip
    pairs = {step.name: (step.left, step.right) for step in storyboard(arms, "bone", {"lung", "bone", "kidney"})}
    assert pairs["see"] == ("lung", "kidney")
    assert pairs["seed"] == ("lung", "lung_c") and pairs["homework"] == ("lung", "lung_drug")


def test_a_soil_is_shown_by_the_arm_that_leaves_it_as_it_is_and_gets_the_most_cells():
    arms = [
        Condition("lung", "lung", 0, False, 50.0, 10.0),
        Condition("lung_without_niche", "lung", 0, False, 1.0, 12.0, altered=True),
        Condition("kidney", "kidney", 0, False, 0.0, 0.1),
        Condition("kidney_as_many", "kidney", 0, False, 20.0, 10.0),
        Condition("muscle", "muscle", 0, False, 4.0, 1.0),
    ]
    steps = storyboard(arms, "lung", {"lung", "kidney", "muscle"})
    assert {(step.left, step.right) for step in steps} == {("lung", "kidney_as_many")}
    assert "flow" in {step.name for step in steps}


def test_steps_that_make_no_sense_are_left_out():
    arms = [arm("untreated", end=50), arm("drug", treated=True, end=20), arm("other", treated=True, end=45)]
    steps = storyboard(arms, "untreated", set())
    assert [step.name for step in steps] == ["see", "predict", "play", "chance", "conclude", "homework"]
    assert {(step.left, step.right) for step in steps} == {("untreated", "drug")}
    alone = storyboard(arms[:1], "untreated", set())
    assert {(step.left, step.right) for step in alone} == {("untreated", "untreated")}
    soils = [arm("lung", "lung", end=9), arm("bone", "bone", end=1)]
    assert "flow" not in {step.name for step in storyboard(soils, "lung", {"lung"})}


# Words


def test_every_word_stands_in_every_language_with_the_same_values():
    for key, texts in table().items():
        assert set(texts) == set(pages.LANGUAGES), key
        assert all(isinstance(text, str) and text.strip() for text in texts.values()), key
        values = [set(re.findall(r"\{(\w+)\}", text)) for text in texts.values()]
        assert all(each == values[0] for each in values), key


def test_the_page_has_every_word_that_it_uses_and_uses_every_word():
    known, program = set(table()), "\n".join(map(pages.file, pages.SCRIPTS))
    asked = set(re.findall(r'say\("([^"]+)"', program))
    assert asked - known == set()
    used = asked | set(re.findall(r'"([a-z]+(?:\.[a-z]+)*)"', program))
    families = [form for form in re.findall(r"`([^`\s]+)`", program) if "${" in form]  # such as `step.${name}.text`
    patterns = [r"[\w/]+".join(map(re.escape, re.split(r"\$\{.*?\}", form))) for form in families]
    unused = {key for key in known - used if not any(re.fullmatch(pattern, key) for pattern in patterns)}
    assert unused == {"noscript"}  # which the page holds from the start
    for name in (*MINUTES, "homework"):
        assert {f"step.{name}", f"notes.{name}"} <= known
    assert {f"group.{name}" for name in groups.NAMES} <= known


# The file


def test_the_page_asks_for_nothing(written):
    text = written.read_text(encoding="utf-8")
    ways = r"https?://|@import|url\(|localStorage|sessionStorage|indexedDB|\bfetch\(|XMLHttp|WebSocket"
    assert re.findall(ways, text) == []
    assert set(re.findall(r"""\b(?:src|href)=["']([^"']*)""", text)) == {"data:,"}
    assert "default-src 'none'" in text and len(text.encode()) < MOST_BYTES


def test_texts_of_a_scenario_cannot_become_markup(written):
    text = written.read_text(encoding="utf-8")
    assert "<b>move</b>" not in text
    assert "<title>Does it &lt;b&gt;move&lt;/b&gt; &amp; grow?</title>" in text
    assert data_of(text)["question"] == "Does it <b>move</b> & grow?"


def test_a_run_gives_the_same_page_again(result, written):
    assert page(gather(result)) == written.read_text(encoding="utf-8")


def test_a_page_that_would_be_too_large_shows_fewer_frames(atlas, monkeypatch):
    noise = np.random.default_rng(1).integers(0, 64, (17, 60, 60)).astype(np.uint8)
    large = replace(atlas, arms=tuple(replace(each, frames=noise) for each in atlas.arms))
    most = len(page(large).encode()) // 2
    monkeypatch.setattr(pages, "MOST_BYTES", most)
    text = page(large)
    assert len(text.encode()) < most
    data = data_of(text)
    assert 2 <= len(data["hours"]) < 17 and data["hours"][-1] == 48
    assert decoded(data["arms"][0]["film"], len(data["hours"]), (60, 60))[-1].tolist() == noise[-1].tolist()


# The command


def small(tmp_path):
    path = tmp_path / "small.yaml"
    path.write_text(TEXT, encoding="utf-8")
    return path


def test_the_command_writes_one_file(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    code, out, err = command("atlas", small(tmp_path), "--replicates", 2, "--days", 1, "--workers", 1, "--quiet")
    assert (code, out) == (0, ""), err
    assert sorted(path.name for path in tmp_path.iterdir()) == ["small.html", "small.yaml"]
    data = data_of((tmp_path / "small.html").read_text(encoding="utf-8"))
    assert data["replicates"] == 2 and data["hours"][-1] == 24
    before = (tmp_path / "small.html").read_bytes()
    assert command("atlas", small(tmp_path), "--replicates", 2, "--days", 1, "--workers", 1, "--quiet")[0] == 0
    assert (tmp_path / "small.html").read_bytes() == before


@pytest.mark.parametrize(
    "scenario, out, said",
    [
        ("no_such_scenario", "new.html", "no_such_scenario"),
        ("small.yaml", "mine.html", "no class page"),
        ("small.yaml", "folder.html", "directory"),
        ("small.yaml", "page.pdf", ".html"),
        ("small.yaml", "mine.html/page.html", "in the place of its folder"),
    ],
)
def test_wrong_input_ends_with_2_and_nothing_is_written(tmp_path, monkeypatch, scenario, out, said):
    monkeypatch.chdir(tmp_path)
    small(tmp_path)
    (tmp_path / "mine.html").write_text("<p>my own page</p>", encoding="utf-8")
    (tmp_path / "folder.html").mkdir()
    code, told, error = command("atlas", scenario, "--out", out)
    assert code == 2 and said in error and told == ""
    assert sorted(path.name for path in tmp_path.iterdir()) == ["folder.html", "mine.html", "small.yaml"]
    assert (tmp_path / "mine.html").read_text(encoding="utf-8") == "<p>my own page</p>"


# In a browser


def browsing(visit):
    """Let `visit(browser)` run in headless Chromium, in a loop of its own."""
    api = pytest.importorskip("playwright.async_api", reason="no playwright to drive a browser")
    path = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
    if path is None:
        pytest.skip("no Chromium on the path")

    async def run():
        async with api.async_playwright() as driver:
            browser = await driver.chromium.launch(executable_path=path, args=["--no-sandbox"])
            try:
                return await visit(browser)
            finally:
                await browser.close()

    return asyncio.run(run())


async def both_loaded(frame):
    """Wait until both films are unpacked; the page's own policy forbids the driver's way to wait."""
    for _ in range(1200):
        if await frame.evaluate("Boolean(loaded.left && loaded.right)"):
            return
        await asyncio.sleep(0.05)
    pytest.fail("the films were never unpacked")


async def opened(browser, path, **options):
    """A page that was opened, with what it complained of and what it asked for."""
    view = await (await browser.new_context(locale="en-US", **options)).new_page()
    troubles, asked = [], []
    view.on("console", lambda message: troubles.append(message.text))
    view.on("pageerror", lambda error: troubles.append(str(error)))
    view.on("request", lambda request: asked.append(request.url))
    await view.goto(path.as_uri())
    await both_loaded(view)
    return view, troubles, asked


def test_a_class_works_in_chromium_without_errors_and_requests(written, atlas):
    async def visit(browser):
        view, troubles, asked = await opened(browser, written, viewport={"width": 400, "height": 800})
        assert await view.locator("#play").is_disabled()
        await view.get_by_role("button", name="Play", exact=True).nth(1).click()
        assert await view.locator("#step svg.chart").count() == 0, "the curve is hidden"
        await view.get_by_role("button", name="Predict", exact=True).click()
        await view.locator("#step button.main").click()
        assert await view.locator("#play").is_disabled(), "no prediction without a reason"
        await view.select_option("#choice", "drug")
        await view.fill("#reason", "fewer cells hold others back")
        await view.locator("#step button.main").click()
        assert await view.locator("#play").is_enabled()
        await view.get_by_role("button", name="Play", exact=True).nth(1).click()
        assert await view.locator("#step svg.chart").count() > 0
        await view.evaluate("document.activeElement.blur()")
        await view.keyboard.press("End")
        frames = await view.evaluate("['left', 'right'].map((side) => Array.from(screens[side].before))")
        for found, each in zip(frames, atlas.arms, strict=True):
            assert found == each.frames[-1].ravel().tolist()
        await view.get_by_role("button", name="Deutsch").click()
        assert await view.get_attribute("html", "lang") == "de"
        assert await view.evaluate("document.documentElement.scrollWidth <= document.documentElement.clientWidth")
        return troubles, asked

    assert browsing(visit) == ([], [written.as_uri()])


CLASS = """
name: class
host: mouse
tissue: {size: [360 µm, 360 µm]}
start: {organ: lung, injection: {route: patch, cells: 8}}
time: {days: 2, step: 1.5 h, record_every: 12 h, frames_every: 3 h, rest_when_cleared: true}
replicates: 3
words:
  question: {en: Soil or blood?, de: Boden oder Blut?}
  arm.meek: {en: meek cells, de: sanfte Zellen}
crossed:
  - {lung: {}, kidney: {set: {start.organ: kidney}}, bone: {set: {start.organ: bone}}}
  - {usual: {}, meek: {set: {start.injection.states.emt: 0.1}}}
  - {untreated: {}, drug: {therapies: [{use: chemotherapy, start: 1 d}]}}
endpoints: [tumor_burden, lesions]
"""


@pytest.fixture(scope="module")
def lesson(tmp_path_factory):
    """The page of a class with soils, seeds and treatments."""
    folder = tmp_path_factory.mktemp("lesson")
    result = tmesim.run(read_text(CLASS), out=folder / "out", workers=1, quiet=True, figures=False)
    return write_atlas(result, folder / "class.html")


DUE = {"see": "Paget", "predict": "which soil", "play": "svg", "flow": "Ewing", "chance": "anecdote", "seed": "seed is",
       "conclude": "One sentence", "homework": "two soils"}  # fmt: skip


@pytest.mark.parametrize("width", [400, 1280])
def test_a_lesson_of_seed_and_soil_goes_through_all_its_steps(lesson, width):
    async def visit(browser):
        view, troubles, asked = await opened(browser, lesson, viewport={"width": width, "height": 800})
        page_of = view.locator("#step")
        names = await view.evaluate("DATA.steps.map((step) => step.name)")
        assert names == [*MINUTES, "homework"]
        assert await view.locator("h1").first.text_content() == "Soil or blood?"
        assert await view.locator("#pick-left optgroup").count() == 3
        assert await page_of.locator("svg.chart").count() == 0
        for i, name in enumerate(names):
            await view.locator("#step-list button").nth(i).click()
            if name == "predict":
                assert await view.locator("#choice option").count() == 5, "choose, three soils, or all the same"
                await view.select_option("#choice", "kidney")
                await view.fill("#reason", "much blood goes there")
                await view.locator("#step button.main").click()
            assert DUE[name] in await page_of.inner_html(), name
        await view.locator("#step-list button").nth(names.index("chance")).click()
        near = await view.locator("#step svg.chart text[font-weight]").count()
        await view.locator("#every").check()
        assert await view.locator("#step svg.chart text[font-weight]").count() == 12 > near >= 3
        await view.locator("#step-list button").nth(names.index("seed")).click()
        assert "meek cells" in await page_of.inner_text()
        await view.locator("#step-list button").nth(names.index("conclude")).click()
        await view.fill("#sentence", "soil decides")
        assert (await view.input_value("#all")).endswith("soil decides")
        await view.locator("#notes summary").first.click()
        assert "This run" in await view.locator("#notes").inner_text()
        await view.locator("#given summary").click()
        assert "emt of the cells that come = 0.1" in await view.locator("#given").inner_text()
        await view.get_by_role("button", name="Deutsch").click()
        assert await view.title() == "Boden oder Blut?"
        assert await view.evaluate("document.documentElement.scrollWidth <= document.documentElement.clientWidth")
        return troubles, asked

    assert browsing(visit) == ([], [lesson.as_uri()])


def test_a_stage_stays_in_sight_on_a_phone_and_a_patch_without_tumor_cells_says_that_it_stands_still(lesson):
    async def visit(browser):
        view, _, _ = await opened(browser, lesson, viewport={"width": 400, "height": 800})
        await view.evaluate("open(); goToStep(2); state.log = false")
        await view.evaluate("window.scrollTo(0, 600)")
        top = await view.evaluate("document.getElementById('stage').getBoundingClientRect().top")
        cleared = await view.evaluate("DATA.arms.filter((arm) => arm.cells[arm.cells.length - 1] === 0)[0].name")
        await view.evaluate(f"pick('left', '{cleared}').then(() => goTo(DATA.hours.length - 1))")
        await asyncio.sleep(0.2)
        return top, await view.locator("#count-left").text_content()

    assert browsing(visit) == (0, "no tumor cell left: it stands still")


def test_a_class_works_within_a_sandboxed_frame(written, tmp_path):
    frame = tmp_path / "platform.html"
    frame.write_text(f'<iframe sandbox="allow-scripts" src="{written.as_uri()}" width="900" height="700"></iframe>')

    async def visit(browser):
        view = await (await browser.new_context()).new_page()
        troubles = []
        view.on("pageerror", lambda error: troubles.append(str(error)))
        await view.goto(frame.as_uri())
        inside = view.frames[1]
        await both_loaded(inside)
        return troubles, await inside.locator("canvas").count()

    assert browsing(visit) == ([], 2)
