"""The report page: what its sentences claim, that it stands alone, and that a browser shows it whole."""

import html
import json
import math
import re
import shutil
import subprocess
from html.parser import HTMLParser
from types import SimpleNamespace

import numpy as np
import pytest

import tmesim
from tmesim import markup
from tmesim.catalogue import Drug
from tmesim.cli.citing import methods
from tmesim.drawing import page as charts
from tmesim.drawing.labels import quantity
from tmesim.drawing.movie import Movie
from tmesim.drawing.panels import draw_panels
from tmesim.drawing.shots import representative
from tmesim.observables import OBSERVABLES
from tmesim.report import answer, grounds, page, write_report
from tmesim.report.answer import sentence, verdict
from tmesim.report.assumptions import stale
from tmesim.report.certainty import parted
from tmesim.scenario import read_text
from tmesim.statistics import COLUMNS, compare, compare_arms
from tmesim.storage.tables import csv_bytes
from tmesim.wording import compact

NASTY = "<script>alert('x')</script> & \"quotes\" <img src=http://x.example/y.png>"
TEXT = """
name: small
question: QUESTION
story: |
  STORY

  A second paragraph.
host: mouse
tissue: {size: [360 µm, 300 µm]}
start:
  tumor: {radius: 75 µm}
  densities: {fibroblast: 400 /mm², ctl: 80 /mm², treg: 50 /mm², m1: 50 /mm²}
  capillaries: 150 /mm²
  ecm: 0.2
time: {days: 3, record_every: 12 h, snapshots: [0 d, 3 d]}
replicates: 2
arms:
  untreated: {}
  drug: {therapies: [{use: anti_cd25, start: 1 d, every: 1 d, times: 2}]}
  changed: {set: {rules.treg_slows_ctl_division.half_max: 3}, from: 2 d}
endpoints: [tumor_burden, n_treg, ctl_to_treg]
"""
TUMOR = OBSERVABLES["tumor_burden"]
CHROMIUM = next(
    (found for name in ("chromium", "chromium-browser", "google-chrome") if (found := shutil.which(name))), ""
)
HEADLESS = (
    "--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
    "--disable-background-networking", "--disable-component-update", "--disable-sync", "--enable-logging=stderr",
    "--virtual-time-budget=4000",
)  # fmt: skip


def scenario(**changes):
    text = TEXT.replace("QUESTION", json.dumps(NASTY)).replace("STORY", NASTY)
    rule = next(name for name, rule in tmesim.load("minimal").catalogue.rules.items() if rule.signal == "contact.treg")
    return read_text(text.replace("treg_slows_ctl_division", rule)).with_options(**changes)


@pytest.fixture(scope="module")
def result(tmp_path_factory):
    out = tmp_path_factory.mktemp("run") / "out"
    result = tmesim.run(scenario(), out=out, workers=1, quiet=True, figures=False)
    draw_panels(result)
    Movie(result).save(out / "figures" / "movie.gif")
    return result


@pytest.fixture(scope="module")
def text(result):
    return page(result)


@pytest.fixture(scope="module")
def tags(text):
    return Tags(text).found


class Tags(HTMLParser):
    """Every element with its attributes, in order; fails when elements are not closed in order."""

    void = {"meta", "link", "img", "br", "hr", "source", "input"}

    def __init__(self, text):
        super().__init__()
        self.found, self.open = [], []
        self.feed(text)
        assert self.open == []

    def handle_starttag(self, tag, attributes):
        self.found.append((tag, dict(attributes)))
        if tag not in self.void:
            self.open.append(tag)

    def handle_startendtag(self, tag, attributes):
        self.found.append((tag, dict(attributes)))

    def handle_endtag(self, tag):
        assert self.open.pop() == tag


# What is said


def said(treated, control, day=21.0):
    treated, control = np.array(treated, float), np.array(control, float)
    return sentence(compare("tumor_burden", "drug", "untreated", treated, control), TUMOR, day)


def test_a_clear_difference_is_told_with_means_interval_and_pairs():
    control = np.array([100, 120, 110, 130, 90, 105.0])
    text = said(control / 2 + np.array([1, -1, 2, -2, 0, 0]), control)
    assert text.startswith(
        "Drug lowered the number of tumor cells on day 21 by 50 %: 54.6 on average against 109 in the"
    )
    c = compare("tumor_burden", "drug", "untreated", control / 2 + np.array([1, -1, 2, -2, 0, 0]), control)
    assert f"a difference of −{compact(-c.difference)} (95 % interval −{compact(-c.low)} to −{compact(-c.high)}" in text
    assert text.endswith("6 paired replicates).")
    assert said(control * 2, control).startswith("Drug raised the number of tumor cells on day 21 by 100 %")
    assert "to 9 times its value" in said(control * 9, control)


def test_an_interval_that_holds_zero_is_no_difference_shown_and_no_proof_of_none():
    a, b = np.array([1, 5, 3, 8, 2, 6.0]), np.array([2, 4, 4, 7, 3, 6.0])
    text = said(a, b)
    assert text.startswith("No difference between drug and untreated could be shown in the number of tumor cells")
    assert "95 % interval" in text and "lowered" not in text and "raised" not in text
    c = compare("e", "drug", "untreated", a, b)
    assert verdict(c) == "open" and "not proof of no effect" in answer.caution(c)


def test_a_null_drug_differs_not_at_all():
    text = said([5, 6, 7], [5, 6, 7])
    assert "did not differ at all" in text and "3 paired replicates" in text
    assert answer.headline(compare("e", "a", "b", np.ones(3), np.ones(3))) == "± 0"


def test_one_replicate_shows_nothing():
    text = said([5], [6])
    assert "one replicate cannot tell an effect from chance" in text and "interval" not in text


def test_values_that_are_defined_nowhere_cannot_be_compared():
    assert "cannot be compared" in said([math.nan, math.nan], [1, 2])


def test_few_pairs_and_unsure_tests_come_with_a_caution():
    few = compare("e", "a", "b", np.array([1.0, 1.1, 0.9]), np.array([5.0, 5.2, 5.1]))
    assert (
        verdict(few) == "lower"
        and "With 3 pairs" in answer.caution(few)
        and "exact test is less sure" in answer.caution(few)
    )
    many = compare("e", "a", "b", np.linspace(1, 2, 8), np.linspace(5, 6.5, 8))
    assert answer.caution(many) is None


@pytest.mark.parametrize(
    ("treated", "control", "kind", "large"),
    [
        ([1, 1.1, 0.9], [5, 5.2, 5.1], "lower", "−80 %"),
        ([50, 51, 52], [5, 5.1, 5.2], "higher", "× 10.0"),
        ([1, 2, 3], [0, 0, 0], "open", "+2"),
    ],
)
def test_the_number_in_large_letters_has_the_sign_of_the_verdict(treated, control, kind, large):
    c = compare("e", "a", "b", np.array(treated, float), np.array(control, float))
    assert verdict(c) == kind and answer.headline(c) == large


def test_the_page_answers_by_the_first_endpoint_for_each_arm(result, text):
    for c in result.comparisons:
        if c.endpoint == "tumor_burden":
            assert html.escape(sentence(c, TUMOR, 3.0)) in text.replace("\u00a0", " ")
    assert text.count('class="card ') == 2


def test_the_table_holds_the_numbers_of_the_comparison(result, text):
    for c in result.comparisons:
        assert f"{answer.signed(c.difference)}" in text and f"adjusted {c.p_adjusted:.2g}" in text
    assert parted("−43 % [−67, −1]") == ("−43 %", "−67 to −1 %") and parted("–") == ("–", "")


def test_the_answer_follows_the_csv(result, tmp_path):
    for name in ("scenario.yaml", "provenance.json", "timeseries.csv"):
        shutil.copy(result.path / name, tmp_path / name)
    arms, n = {"untreated": 100.0, "drug": 60.0, "changed": 100.5}, np.arange(2)
    values = {arm: {e: level + n for e in result.scenario.endpoints} for arm, level in arms.items()}
    rows = [[arm, i, *(v[e][i] for e in result.scenario.endpoints)] for arm, v in values.items() for i in n.tolist()]
    (tmp_path / "endpoints.csv").write_bytes(csv_bytes(("arm", "replicate", *result.scenario.endpoints), rows))
    table = compare_arms(result.scenario.endpoints, values, "untreated")
    (tmp_path / "comparison.csv").write_bytes(csv_bytes(COLUMNS, [[getattr(c, f) for f in COLUMNS] for c in table]))
    text = page(tmesim.Result(tmp_path, result.scenario)).replace("\u00a0", " ")
    assert "Drug lowered the number of tumor cells on day 3 by 40 %: 60.5 on average against 100" in text


def test_a_run_with_one_arm_says_that_it_compares_nothing(tmp_path):
    alone = scenario(arms=["untreated"], days=1)
    result = tmesim.run(alone, out=tmp_path / "out", workers=1, quiet=True, figures=False)
    text = page(result)
    assert "This run has one arm, so it compares nothing; on day 1, the number of tumor cells was" in text
    assert "over 2 replicates" in text and "<table" not in text
    assert "An interval of ± 10 % for the mean of tumor cells takes about" in text


# Escaping and standing alone


def test_texts_of_the_scenario_are_escaped(text, tags):
    assert html.escape(NASTY) in text and "<script" not in text
    assert not [tag for tag, attributes in tags if tag == "script" or any(name.startswith("on") for name in attributes)]


def test_markup_escapes_whatever_is_not_markup():
    assert markup.tag("p", "<b>", markup.tag("i", "&"), ["<", None]) == "<p>&lt;b&gt;<i>&amp;</i>&lt;</p>"
    assert markup.tag("a", href='"><x>', hidden=False, open=True) == '<a href="&quot;&gt;&lt;x&gt;" open></a>'


def test_the_page_loads_nothing_from_anywhere(text, tags):
    links = [
        value
        for tag, attributes in tags
        for name, value in attributes.items()
        if name in ("src", "srcset", "href", "poster", "data", "action")
    ]
    assert sum(link.startswith("data:image/") for link in links) == 6
    assert all(link.startswith(("data:", "#")) for link in links)
    style = re.search(r"<style>(.*?)</style>", text, re.DOTALL)[1]
    assert "url(" not in style and "@import" not in style
    policy = [a["content"] for tag, a in tags if a.get("http-equiv") == "Content-Security-Policy"]
    assert policy == ["default-src 'none'; img-src data:; style-src 'unsafe-inline'"]


def test_the_page_is_sound_html_with_words_for_all_that_is_drawn(tags):
    ids = [attributes["id"] for _, attributes in tags if "id" in attributes]
    assert len(ids) == len(set(ids))
    assert {a["href"][1:] for tag, a in tags if tag == "a" and a["href"].startswith("#")} <= set(ids)
    assert all(a.get("alt") for tag, a in tags if tag == "img")
    assert all(a.get("aria-label") for _, a in tags if a.get("role") == "img")
    assert [tag for tag, _ in tags].count("h1") == 1 and dict(tags)["html"]["lang"] == "en"


def test_pictures_are_told_in_words_with_the_cells_that_they_show(result, tags):
    every = [a["alt"] for tag, a in tags if tag == "img"]
    (why,) = [alt for alt in every if alt.startswith("Why the tumors differ.")]
    assert all(sentence in why for sentence in result.why().sentences)
    told = [alt for alt in every if alt != why]
    assert len(told) == 3
    for arm in result.arms:
        first, last = result.series("tumor_burden", arm)[1][representative(result), [0, -1]]
        assert all(f"{arm} from {first:.0f} to {last:.0f}" in alt for alt in told)


def test_units_are_said_in_words(result, text):
    shown = re.sub("<pre.*?</pre>", "", text, flags=re.DOTALL)
    assert "1/mm²" not in shown and "1/day" not in shown and "score 0-1" not in shown
    assert quantity(135.0, OBSERVABLES["ctl_density"]) == "135 per mm²"
    assert quantity(0.25, OBSERVABLES["emt_mean"]) == "0.25"


def test_a_curve_marks_doses_and_takes_powers_of_ten_where_values_differ_fiftyfold(result):
    o = OBSERVABLES["ctl_to_treg"]

    def curve(high):
        values = {arm: np.array([[1.0, 2.0, high], [1.0, 2.0, 2.0]]) for arm in result.arms}
        fake = SimpleNamespace(arms=result.arms, reference=result.reference, scenario=result.scenario,
                               series=lambda name, arm: (np.array([0.0, 1.0, 3.0]), values[arm]))  # fmt: skip
        return charts.curves(fake, "ctl_to_treg", o)

    assert "logarithmic" not in curve(40.0)
    steep = curve(80.0)
    assert "ratio, logarithmic scale" in steep
    assert re.findall(r'style="top:([\d.]+)%">(\d+)', steep) == [("100", "1"), ("50", "10"), ("0", "100")]
    assert steep.count('class="dose"') == 2 and "0,400 333,340" in steep  # 2 lies at 0.3 of two decades
    assert steep.count("median alike") == 2 and steep.count('class="band"') == 0


def test_the_same_run_gives_the_same_bytes(result, text, tmp_path):
    again = tmesim.Result(result.path)
    assert write_report(again, tmp_path / "a.html").read_bytes() == text.encode()
    assert page(again) == text


# Design, grounds, provenance


def test_the_time_line_marks_each_dose_and_change(result, text):
    arms = result.scenario.arms
    drug = charts.rail(arms["drug"], 3.0, "drug")
    assert drug.count('class="dose"') == 2 and 'x="33.33%"' in drug and 'x="66.67%"' in drug
    assert "doses on days 1, 2" in drug
    assert charts.rail(arms["changed"], 3.0, "changed").count('class="dose"') == 1
    assert charts.rail(arms["untreated"], 3.0, "untreated").count('class="dose"') == 0
    label = "anti-CD25 antibody with a strong Fc part, which depletes regulatory T cells"
    assert f"{label}, 10 mg/kg, on days 1 and 2" in text


@pytest.mark.parametrize("days", [0.5, 1, 4, 10, 21, 24, 180, 365])
def test_days_below_the_lines_are_few_and_hold_the_ends(days):
    ticks = charts.ticks_of(days)
    assert ticks[0] == 0 and ticks[-1] == days and len(ticks) <= 8 and ticks == sorted(set(ticks))


@pytest.mark.parametrize(("low", "high"), [(0, 1), (0, 1517), (0, 0.37), (-3, 8), (0, 0), (0, 24.9)])
def test_levels_of_a_curve_are_round_and_hold_its_values(low, high):
    marks = charts.nice(low, high)
    assert 2 <= len(marks) <= 7 and marks[0] <= low and marks[-1] >= high


def test_the_grounds_count_every_number_once(result):
    catalogue = result.scenario.catalogue
    for host in ("mouse", "human"):
        table = grounds.counted(catalogue, host)
        of_host = [path for path, number in catalogue.numbers() if host in number.hosts]
        assert sum(sum(kind.values()) for kind in table.values()) == len(of_host)


def test_the_rules_behind_a_drug_are_those_it_works_through(result):
    catalogue = result.scenario.catalogue
    chain = grounds.chain(catalogue, catalogue.therapies["anti_cd25"])
    assert chain and all(
        {"treg", "ctl", "th1"} & {*rule.cell} or rule.signal in ("contact.treg", "contact.ctl", "contact.th1", "il2")
        for rule in chain.values()
    )  # fmt: skip
    assert any(rule.signal == "contact.treg" for rule in chain.values())
    blocked = grounds.chain(catalogue, catalogue.therapies["anti_pd_l1"])
    assert {rule.signal for rule in blocked.values()} == {"contact.pdl1"}


def test_every_therapy_can_be_told(result):
    catalogue = result.scenario.catalogue
    for therapy in catalogue.therapies.values():
        told = [step.text for step in grounds.steps(catalogue, therapy, "mouse")]
        if isinstance(therapy, Drug):
            assert len(told) == len(therapy.effects) + len(therapy.kills)
        verbs = "blocks|raises|lowers|kills" if isinstance(therapy, Drug) else "dooms|spares|takes|leaves"
        assert told and all(re.match(rf"({verbs}) ", line) and "_" not in line for line in told), told


def test_doses_are_told_in_days():
    assert grounds.doses_in_words([24.0]) == "on day 1"
    assert grounds.doses_in_words([168.0, 336.0]) == "on days 7 and 14"
    assert grounds.doses_in_words([24.0 * i for i in range(1, 8)]) == "7 times from day 1 to day 7"


def test_the_page_tells_how_to_get_the_same_bits(result, text):
    assert result.provenance["scenario_hash"] in text and result.provenance["versions"]["numba"] in text
    assert html.escape((result.path / "scenario.yaml").read_text(encoding="utf-8")) in text
    assert "drawn with another catalogue" not in text
    other = SimpleNamespace(provenance={"scenario_hash": "0"}, scenario=result.scenario)
    assert "drawn with another catalogue" in stale(other)


# In a browser


@pytest.mark.skipif(not CHROMIUM, reason="no Chromium here: apt-get install chromium runs this test")
@pytest.mark.parametrize("width", [390, 1200])
def test_a_browser_shows_the_page_whole(text, tmp_path, width):
    """The page in a frame of a phone's or a desk's width; around it a script that looks at it from outside."""
    probe = """
      frame.onload = () => {
        const page = frame.contentDocument, root = page.documentElement;
        page.querySelectorAll("details").forEach(fold => fold.open = true);
        const wide = [...page.querySelectorAll("body *")].filter(e =>
          !e.closest(".scroller, svg, pre") && e.getBoundingClientRect().right > frame.clientWidth + 1);
        document.body.dataset.found = JSON.stringify({
          overflow: root.scrollWidth - frame.clientWidth, wide: wide.map(e => e.outerHTML.slice(0, 200)),
          images: [...page.images].map(i => i.complete && i.naturalWidth > 0),
          tissue: [...page.images].find(i => i.alt.startsWith("The tissue")).naturalWidth,
          over: [...page.querySelectorAll(".levels, .days, .cards")].flatMap(box => {
            const spans = [...box.children].map(e => e.getBoundingClientRect());
            return spans.flatMap((a, i) => spans.slice(i + 1).filter(b =>
              Math.min(a.right, b.right) - Math.max(a.left, b.left) > 1 &&
              Math.min(a.bottom, b.bottom) - Math.max(a.top, b.top) > 4)).length; }),
          letters: Math.min(...[...page.querySelectorAll("p, li, td, th, span, small, code")].map(
            e => parseFloat(frame.contentWindow.getComputedStyle(e).fontSize))),
          height: root.scrollHeight });
      };"""
    inner = json.dumps(text).replace("</", "<\\/")
    around = tmp_path / "around.html"
    around.write_text(
        f'<!doctype html><meta charset="utf-8"><body><iframe id="frame" style="border:0;width:{width}px;height:2000px">'
        f"</iframe><script>{probe} frame.srcdoc = {inner};</script></body>",
        encoding="utf-8",
    )
    done = subprocess.run(
        [CHROMIUM, *HEADLESS, f"--user-data-dir={tmp_path / 'profile'}", "--window-size=1300,2100", "--dump-dom",
         around.as_uri()],
        capture_output=True, text=True, timeout=60, check=False,
    )  # fmt: skip
    match = re.search(r'data-found="([^"]*)"', done.stdout)
    assert match, done.stderr[-2000:]
    found = json.loads(html.unescape(match[1]))
    assert found["overflow"] <= 0 and found["wide"] == []
    assert found["images"] == [True] * 4 and found["letters"] >= 11 and found["height"] > 2000
    assert (found["tissue"] < 800) == (width < 600)  # a phone gets the last day alone
    assert not any(found["over"])
    assert "CONSOLE" not in done.stderr


# Drawing again


def test_render_draws_everything_again_without_simulating(result, tmp_path, monkeypatch):
    from tmesim.body import Body

    run = tmp_path / "run"
    shutil.copytree(result.path, run)
    invoke("render", run)
    first = {path.name: path.read_bytes() for path in (run / "report.html", *(run / "figures").iterdir())}
    assert set(first) == {"report.html", "tissue.png", "oxygen.png", "trajectories.png", "effects.png", "why.png",
                          "movie.gif"}  # fmt: skip
    shutil.rmtree(run / "figures")
    (run / "report.html").unlink()
    monkeypatch.setattr(Body, "__init__", lambda *args, **kwargs: pytest.fail("a body was made"))
    assert "report are in" in invoke("render", run)
    assert first == {path.name: path.read_bytes() for path in (run / "report.html", *(run / "figures").iterdir())}
    assert page(result).encode() == first["report.html"]


def test_render_wants_the_directory_of_a_finished_run(result, tmp_path):
    assert "is no directory" in invoke("render", tmp_path / "nowhere", code=2)
    assert "provenance.json, timeseries.csv" in invoke("render", tmp_path, code=2)
    assert not list(tmp_path.iterdir())


def invoke(*arguments, code=0):
    from typer.testing import CliRunner

    from tmesim.cli import app

    done = CliRunner().invoke(app, [str(argument) for argument in arguments])
    assert done.exit_code == code, done.output
    return done.output


# Texts of the run to cite


def test_the_methods_of_a_run_have_its_own_versions_hash_and_replicates(result):
    text = methods(str(result.path))
    facts = result.provenance
    assert all(f"{name} {number}" in text for name, number in facts["versions"].items())
    assert facts["scenario_hash"] in text and f"Scenario small, {facts['scenario_hash'][:12]}." in text
    assert "3 arms were simulated on 2 replicates" in text and "on days 1 and 2" in text
    assert "rules.treg" in text and "(from day 2)" in text, "what an arm changes is told too"


def test_a_note_stands_above_the_page_and_nowhere_without_one(result, text):
    noted = page(result, markup.tag("p", "A <note>."))
    assert noted.replace("<p>A &lt;note&gt;.</p>", "", 1) == text
