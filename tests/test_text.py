"""Text of users is text wherever people meet it, shells and terminals are what they are, and what a run never did,
or did in some replicates only, is said."""

import csv
import html
import json
import os
import re
import subprocess
import sys
import tomllib
import warnings
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
import yaml
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.text import Text
from test_cli import SMALL
from toys import TEXT, Toy, run

from tmesim import cards, markup
from tmesim.cli import lists, running
from tmesim.drawing import curves
from tmesim.drawing.cards import place, result_card
from tmesim.drawing.effects import draw_effects
from tmesim.drawing.files import literal
from tmesim.drawing.notebook import titled
from tmesim.drawing.sheet import legend_on
from tmesim.drawing.trajectories import draw_trajectories
from tmesim.notices import notices, planned_doses
from tmesim.observables import OBSERVABLES
from tmesim.reading import InputError
from tmesim.report import page
from tmesim.result import Result
from tmesim.scenario import Scenario, load, read_text
from tmesim.statistics import compare
from tmesim.text import json_text, line, printable, shortened

ROOT = Path(__file__).resolve().parents[1]
LONG = "a label of two hundred letters " * 7
LABELS = {
    "math": "$a_b^2$ and \\frac{1}{2}", "half": "cost in $, {0} %s =1+1",
    "hidden": "_under [/x] [bold]b[/bold] :smile:",
    "page": "<b>&\"'</b><script>x</script>", "escape": "\x1b[31mred\x07 \u202etfel\x9b1m", "lines": "one\n\ttwo",
    "right": "שלום", "faces": "😀 👩‍🔬", "long": LONG,
}  # fmt: skip
CELL = {
    "layer": "leukocyte", "agent": "Natural", "color": "#123456", "evidence": ["[/x] $e$"], "meaning": "[/x] \x1b[2J",
    "behaviors": {"apoptosis": "0.01 1/h", "speed": "3 µm/min"}, "events": [{"behavior": "apoptosis", "does": "die"}],
}  # fmt: skip
BARE = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069\ud800-\udfff]")


def tortured() -> Scenario:
    """Each label is the first endpoint of nobody and the label of a cell type of its own."""
    content = yaml.safe_load(TEXT)
    content |= {"question": " ".join(LABELS.values()), "story": LABELS["page"] + "\n\n" + LABELS["escape"]}
    content["add"] = {"cells": {name: CELL | {"label": label} for name, label in LABELS.items()}}
    content |= {"endpoints": ["tumor_burden", *(f"n_{name}" for name in LABELS)], "replicates": 2}
    return read_text(yaml.safe_dump(content))


@pytest.fixture(scope="module")
def torture(tmp_path_factory):
    out = tmp_path_factory.mktemp("torture") / "\x1b[31m"
    with warnings.catch_warnings():
        warnings.simplefilter("error")  # also for letters that no font has
        return run(tortured(), out, figures=True)


# Printing


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("\x1b[2J\x07", r"\x1b[2J\x07"), ("\u202eabc\u2066", r"\u202eabc\u2066"), ("\x9b", r"\x9b"),
        ("\udcff", r"\udcff"),
        ("a\rb\nc", r"a\rb\nc"), ("\x7f\u2028", r"\x7f\u2028"), ("µ $x$ [/x] שלום 👩‍🔬 1\u202f000", None),
    ],
)  # fmt: skip
def test_what_cannot_be_printed_is_shown_as_its_escape(text, shown):
    assert printable(text) == (text if shown is None else shown)
    assert not BARE.search(printable(text))


def test_a_line_is_one_line():
    assert line(" one\n\ttwo  three\x1b ") == r"one two three\x1b"
    assert line(Path("runs/\udcff")) == r"runs/\udcff"
    assert shortened("abcdef", 6) == "abcdef" and shortened("abcd fgh", 6) == "abcd…"


@pytest.mark.parametrize("text", ["plain µ", "\x1b\x9b\x7f", "\u202e\udcff 😀"])
def test_json_is_the_same_data_and_nothing_that_a_terminal_obeys(text):
    data = {"a": [text], text: 1.5}
    assert json.loads(json_text(data)) == data and not BARE.search(json_text(data))


def test_lists_and_summaries_show_labels_as_they_are(torture, capsys):
    lists.print_rows(list(lists.cells(torture.scenario.catalogue)))
    running.print_summary(torture, 1.0)
    shown = capsys.readouterr().out
    assert not BARE.search(shown)
    for label in LABELS.values():
        assert shown.count(line(label)[:40]) >= 2
    assert line(torture.scenario.question)[:60] in shown and r"\x1b[31m" in shown.splitlines()[-1]


def test_tables_hold_labels_and_names_as_text(torture):
    heads = next(csv.reader((torture.path / "endpoints.csv").open(encoding="utf-8", newline="")))
    assert heads == ["arm", "replicate", *torture.scenario.endpoints]
    assert list(torture.compare().endpoint[::3]) == list(torture.scenario.endpoints)


# Drawing


def test_figures_write_labels_letter_by_letter(torture):
    drawn = [draw_effects(torture), draw_trajectories(torture, torture.scenario.endpoints)]
    for figure in (drawing.figure for drawing in drawn):
        texts = figure.findobj(Text)
        assert not any(text.get_parse_math() for text in texts)
        told = " ".join(text.get_text().replace("\n", " ") for text in texts)
        assert not BARE.search(told)
        for label in LABELS.values():
            assert line(label)[1:40] in told


def test_every_picture_and_card_of_tortured_labels_is_drawn_without_a_word(torture):
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        for picture in (torture.plot.tissue(), torture.plot.curves("n_math"), torture.plot.differences("n_half")):
            assert picture.png.startswith(b"\x89PNG")
        shown = result_card(torture)
    assert html.escape(line(torture.scenario.question)) in shown and not BARE.search(shown)
    assert not any(text.get_parse_math() for text in torture.plot.tissue().figure.findobj(Text))


def test_no_text_of_a_figure_leaves_it(torture):
    for drawing in (draw_effects(torture), draw_trajectories(torture, ("n_long", "n_math"))):
        drawing.data()
        figure = drawing.figure
        width = figure.bbox.width
        for text in figure.findobj(Text):
            if text.get_text().strip() and text.get_visible():
                box = text.get_window_extent()
                assert box.x0 > -2 and box.x1 < width + 2, text.get_text()


def test_words_of_a_notebooks_pictures_do_not_lie_upon_one_another(torture):
    for figure in (torture.plot.tissue().figure, torture.plot.differences("n_long", "n_math", "n_half").figure):
        figure.canvas.draw()
        texts = [text for part in (figure, *figure.axes) for text in part.texts if text.get_text()]
        boxes = [(text.get_text(), text.get_window_extent().padded(-4)) for text in texts]
        axes = [a.get_window_extent() for a in figure.axes]
        for i, (text, box) in enumerate(boxes):
            assert not any(box.overlaps(other) for _, other in boxes[:i]), text
            assert not any(len(text) > 30 and box.x0 < a.x0 < box.x1 and a.y0 < box.y1 < a.y1 for a in axes), text


def test_the_title_of_a_panel_keeps_its_day():
    assert titled("a_long_name_of_an_arm, day 12", 20) == "a_long_name…, day 12"
    assert titled("short, day 1", 20) == "short, day 1" and titled("x" * 30, 10) == "x" * 9 + "…"


def test_a_legend_keeps_labels_that_begin_with_an_underscore_and_dollars():
    figure = Figure()
    legend_on(figure, [Line2D([], [], label="_a $x_i$"), Line2D([], [], label="b" * 100)])
    texts = [text.get_text() for text in figure.legends[0].get_texts()]
    assert texts == ["_a $x_i$", "b" * 47 + "…"]
    figure.text(0, 0, "$x^2$")
    assert not any(text.get_parse_math() for text in literal(figure).findobj(Text))


# The page and the cards


def test_the_page_shows_labels_as_they_are_and_holds_no_control_characters(torture):
    text = page(torture)
    assert not BARE.search(text) and "<script" not in text
    plain = html.unescape(re.sub(r"<[^>]*>", "", text))
    for label in LABELS.values():
        assert printable(label, keep="\n\t") in plain


def test_attributes_are_text_too():
    assert markup.tag("p", "\x1b\u202e", title='"\x07') == r'<p title="&quot;\x07">\x1b\u202e</p>'


@pytest.mark.parametrize("out", ["javascript:alert(1)", "data:text,x", "a?b#c%41", "\udcff", 'q"><script>'])
def test_the_link_of_a_card_is_a_path_and_never_an_address(tmp_path, monkeypatch, out):
    monkeypatch.chdir(tmp_path)
    Path(out).mkdir(parents=True)
    (Path(out) / "report.html").touch()
    run = SimpleNamespace(path=Path(out), whereabouts="files")
    found = re.findall(r'href="([^"]*)"', cards.note(*place(run)))
    assert len(found) == 1 and found[0].startswith("./") and not set(found[0]) & set(":?#<>\"'")


# Shells


def shell(command: str, folder: Path) -> subprocess.CompletedProcess:
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "T": f"{sys.executable} -m tmesim", "NO_COLOR": "1"}
    return subprocess.run(["bash", "-c", command], cwd=folder, env=environment, capture_output=True, check=False,
                          timeout=300)  # fmt: skip


@pytest.fixture
def small(tmp_path):
    (tmp_path / "small.yaml").write_text(SMALL, encoding="utf-8")
    return tmp_path


@pytest.mark.parametrize("streams", ["2>&1 | head -1", "| true", ">&-", "2>&-", "<&- >&- 2>&-"])
def test_a_run_is_completed_though_nobody_reads_what_it_prints(small, streams):
    done = shell(f"$T run small.yaml --days 1 --replicates 1 --no-figures --workers 1 --out here {streams}; "
                 "exit ${PIPESTATUS[0]}", small)  # fmt: skip
    assert done.returncode == 0 and (small / "here" / "complete.json").is_file(), done.stderr
    assert b"Traceback" not in done.stdout + done.stderr and b"Exception ignored" not in done.stderr
    if streams == "2>&-":
        assert b"tumor cells (cells)" in done.stdout


@pytest.mark.parametrize("command", ["check small.yaml", "list rules", "explain treg", "schema"])
@pytest.mark.parametrize("streams", [">&-", "| head -c 5", "<&- >&- 2>&-"])
def test_no_command_minds_what_its_streams_are(small, command, streams):
    done = shell(f"$T {command} {streams}; exit ${{PIPESTATUS[0]}}", small)
    assert done.returncode == 0 and done.stderr == b""


def test_errors_keep_their_exit_code_on_closed_streams(small):
    assert shell("$T check none.yaml >&- 2>&-", small).returncode == 2
    assert shell("$T run small.yaml --out small.yaml >&- 2>&-", small).returncode == 2


def test_names_that_are_no_text_are_names_all_the_same(small):
    done = shell("cp small.yaml $'\\xff.yaml' && $T check $'\\xff.yaml' && $T run $'\\xff.yaml' --days 1 "
                 "--replicates 1 --workers 1 --no-figures --out $'here/\\xfe\\e[2J' "
                 "&& $T render $'here/\\xfe\\e[2J'", small)  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith(rb"\udcff.yaml is fine") and rb"here/\udcfe\x1b[2J" in done.stdout
    assert not BARE.search((done.stdout + done.stderr).decode())
    (folder,) = (small / "here").iterdir()
    assert json.loads((folder / "provenance.json").read_text(encoding="utf-8"))["command"][-1] == "here/\udcfe\x1b[2J"


def test_a_warning_is_one_line_that_a_terminal_does_not_obey(small):
    text = load(read_text(SMALL)).to_yaml()
    name = "\x1b[2J.yaml"
    (small / name).write_text(re.sub("catalogue: .*", f"catalogue: {'a' * 64}", text), encoding="utf-8")
    done = shell("$T check $'\\e[2J.yaml'", small)
    assert done.returncode == 0 and len(done.stderr.splitlines()) == 1
    assert b"another catalogue" in done.stderr and b"\x1b" not in done.stdout + done.stderr


# Treatments that never happen


@pytest.fixture(scope="module")
def short(tmp_path_factory):
    """A day of a run whose arms are planned for days 2 and 3, but for one."""
    later = "  later: {off: [oxygen_fuels_division], from: 2 d}\n"
    some = "  some: {therapies: [{use: anti_cd25, start: 12 h, every: 1 d, times: 6}]}\n"
    text = TEXT.replace("endpoints", f"{later}{some}endpoints")
    return run(read_text(text), tmp_path_factory.mktemp("short") / "out", days=1)


def test_a_shortened_run_keeps_the_plan_and_its_files_read_back(short):
    assert Result(short.path).scenario == short.scenario and short.scenario.time.planned == 4
    assert [d.start_h for d in short.scenario.arms["drug"].therapies] == [48.0]


def test_what_was_never_given_is_said_and_has_no_number(short, capsys):
    told = notices(short)
    assert (
        "Drug: anti-CD25 was not given, because its first dose was planned for day 2 and the run ended on day 1."
        in told
    )
    assert any(text.startswith("Later: what it sets or switches off in the model never began") for text in told)
    assert not any(text.startswith("Some: ") for text in told)
    running.print_summary(short, 1.0)
    shown = capsys.readouterr().out
    rows = {row.split()[3]: row.rstrip() for row in shown.splitlines() if row.startswith("tumor cells")}
    assert [name for name, row in rows.items() if row.endswith("nothing was given")] == [
        "drug",
        "late",
        "sham",
        "later",
    ]
    assert "[" in rows["some"] and all(text in shown for text in told)
    text = page(short)
    assert text.count('class="large"') == 1 and text.count("nothing was given before the end of the run on day 1") == 8
    assert "did not differ at all" not in text and "So this run says nothing about drug." in text
    assert "(1 of 6 doses fits)" in text and "(never given: planned for day 2, the run ends on day 1)" in text
    card = result_card(short)
    assert card.count("nothing was given") == 4 and html.escape(told[0]) in card


def test_figures_mark_given_doses_only_and_show_no_numbers_of_what_was_not_given(short):
    assert curves.doses(short.scenario) == {"some": [0.5]}
    texts = [text.get_text() for text in draw_effects(short, ["tumor_burden"]).figure.findobj(Text)]
    assert texts.count("nothing was given before the end of the run on day 1") == 4
    texts = [text.get_text() for text in short.plot.differences("kills").figure.texts]
    assert "drug" in texts and texts.count("nothing was given before the end of the run on day 1") == 4


@pytest.mark.parametrize(
    ("plan", "told"),
    [
        ("therapies: [{use: anti_cd25, start: 1 d, every: 1 d, times: 6}]",
         "anti_cd25 10 mg/kg × 6 from day 1 (3 of 6 doses fit)"),
        ("therapies: [{use: anti_cd25, start: 3 d, every: 2 d, times: 2}]",
         "anti_cd25 10 mg/kg × 2 from day 3 (1 of 2 doses fits)"),
        ("therapies: [{use: anti_cd25, start: 3 d, times: 1}]", "anti_cd25 10 mg/kg × 1 from day 3"),
        ("off: [oxygen_fuels_division], from: 2 d", "without oxygen_fuels_division from day 2"),
    ],
)  # fmt: skip
def test_check_and_card_say_how_much_of_a_course_fits(tmp_path, capsys, plan, told):
    (tmp_path / "x.yaml").write_text(
        SMALL.replace("days: 2", "days: 4").replace("therapies: [{use: anti_cd25, start: 1 d}]", plan)
    )
    running.check_scenario(str(tmp_path / "x.yaml"))
    assert capsys.readouterr().out.splitlines()[-1] == f"  drug: {told}"
    shown = html.unescape(load(tmp_path / "x.yaml")._repr_html_())
    assert (re.search(r"\(\d of \d doses fits?\)", told) or [""])[0] in shown


def test_a_dose_far_above_the_usual_one_is_told_with_the_flat_dose_that_was_meant(tmp_path):
    text = SMALL.replace("host: mouse", "host: human").replace("anti_cd25, start", "atezolizumab, dose: DOSE, start")
    (told,) = planned_doses(read_text(text.replace("DOSE", "840 mg/kg")))
    assert told.endswith("49 times the usual 17.1 mg/kg; a flat dose of 840 mg is 12 mg/kg at 70 kg.")
    assert planned_doses(read_text(text.replace("DOSE", "12 mg/kg"))) == []
    with pytest.raises(InputError, match="mg/kg"):
        read_text(text.replace("DOSE", "840 mg"))


def test_arms_that_end_up_as_the_reference_are_named(tmp_path):
    told = notices(run(read_text(TEXT), tmp_path / "run", days=3.5, replicates=1))
    assert any(
        text.startswith("Sham is exactly like untreated in every recorded number: what it gets") for text in told
    )
    assert not any(text.startswith(("Drug", "Late")) for text in told)


# A patch that is full


class Growing(Toy):
    """A band of tumor that holds the middle row of the patch at first, and reaches the edge on day 2."""

    wide = 7

    @property
    def cells(self):
        found = super().cells
        reach = 0 if self.hour < 48 else 3 + self.replicate
        y, x = np.divmod(np.arange(found.n), self.wide)
        found.y, found.x = 3 + y % 4, 2 + x
        found.y[: min(found.n, 12)] -= reach
        return found


class Vanishing(Toy):
    """In the first replicate the tumor is gone on day 3 wherever a drug was given; in the second, without one too."""

    @property
    def cells(self):
        gone = self.hour >= 72 and ((self.replicate == 0 and self.given > 0) or self.replicate == 1)
        burden, self.burden = self.burden, 0 if gone else self.burden
        found = super().cells
        self.burden = burden
        return found


def test_the_share_of_the_patch_and_of_its_edge_counted_by_hand():
    from test_observables import drawn

    whole = drawn("TTTT", "TTTT", "TTTT")
    assert OBSERVABLES["region_fraction"](whole) == 1.0 == OBSERVABLES["edge_contact"](whole)
    middle = drawn(".......", ".......", ".......", "...T...", "...T...", "...T...", ".......", ".......", ".......")
    # a site belongs to the tumor when three of the nine sites around it hold it: three of 63, none of them at the edge
    assert OBSERVABLES["region_fraction"](middle) == 3 / 63 and OBSERVABLES["edge_contact"](middle) == 0.0
    corner = drawn("TT....", "TT....", "......", "......", "......", "......")
    # all of the nine sites that touch the square: five of the twenty at the edge
    assert OBSERVABLES["edge_contact"](corner) == 5 / 20


def test_a_tumor_that_reaches_the_edge_is_told_with_its_day(tmp_path):
    scenario = read_text(TEXT).with_options(arms=["untreated"], replicates=2)
    told = notices(run(scenario, tmp_path / "run", engine=Growing))
    assert len(told) == 1 and re.match(r"The tumor reached the edge of the patch by day 2.* \(at the end it covers "
                                       r"\d+ % in untreated\): .*use a larger tissue\.size\.$", told[0])  # fmt: skip


def test_a_tumor_that_goes_without_treatment_is_told(tmp_path):
    result = run(read_text(TEXT), tmp_path / "run", engine=Vanishing)
    assert "The tumor vanished without treatment in 1 of 3 replicates (untreated)" in " ".join(notices(result))


# n of N


@pytest.fixture(scope="module")
def partial(tmp_path_factory):
    text = TEXT.replace("endpoints: [tumor_burden, kills]", "endpoints: [emt_mean, tumor_burden]")
    return run(read_text(text), tmp_path_factory.mktemp("partial") / "out", engine=Vanishing)


def test_a_comparison_counts_its_pairs_and_all_replicates():
    c = compare("x", "a", "b", np.array([1.0, np.nan, 3.0]), np.array([0.0, 1.0, 1.0]))
    assert (c.n, c.replicates, c.of) == (2, 3, "2 of 3")
    assert compare("x", "a", "b", np.ones(3), np.zeros(3)).of == "3"


def test_every_mean_over_survivors_says_on_how_many_it_stands(partial, capsys):
    rows = partial.compare().set_index(["endpoint", "arm"])
    assert rows.loc[("emt_mean", "drug"), ["n", "replicates"]].tolist() == [1, 3]
    assert rows.loc[("tumor_burden", "drug"), ["n", "replicates"]].tolist() == [3, 3]
    assert partial.compare().equals(partial.comparison)
    running.print_summary(partial, 1.0)
    shown = capsys.readouterr().out
    assert next(row.split()[-3:] for row in shown.splitlines() if " drug " in row) == ["1", "of", "3"]
    text = page(partial).replace("\u00a0", " ")
    assert "This rests on 1 of 3 pairs; in 2 the tumor was gone." in text and "<span>1 of 3 </span>" in text
    assert "1 of 3" in result_card(partial)
    drawn = " ".join(t.get_text() for t in draw_effects(partial).figure.findobj(Text))
    assert "drug (1 of 3 pairs)" in drawn
    assert "drug (1 of 3 pairs)" in " ".join(t.get_text() for t in partial.plot.differences().figure.findobj(Text))


def test_a_run_with_one_arm_says_on_how_many_replicates_its_mean_stands(tmp_path, capsys):
    scenario = read_text(TEXT.replace("[tumor_burden, kills]", "[emt_mean]")).with_options(arms=["untreated"])
    result = run(scenario, tmp_path / "run", engine=Vanishing)
    running.print_summary(result, 1.0)
    assert "0 (of 2 of 3 replicates)" in capsys.readouterr().out
    assert "This rests on 2 of 3 replicates; in 1 the tumor was gone." in page(result)
    assert "mean of 2 of 3 replicates" in result_card(result)


def test_curves_over_changing_numbers_of_replicates_are_labelled(partial):
    arms = partial.arms
    assert curves.partly(partial, "emt_mean", arms) == ", defined in 1 to 3 of 3 replicates"
    assert curves.partly(partial, "tumor_burden", arms) == ""
    assert curves.partly(partial, "growth_rate", ("untreated",)).endswith("of 3 replicates")
    assert "score, 0 to 1, defined in 1 to 3 of 3 replicates" in page(partial)


# What to cite


def test_the_citation_file_is_sound_and_of_this_version():
    cited = yaml.safe_load((ROOT / "CITATION.cff").read_text(encoding="utf-8"))
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    assert cited["cff-version"] == "1.2.0" and cited["message"] and cited["type"] == "software"
    preferred = cited["preferred-citation"]
    for entry in (cited, preferred):
        assert entry["title"].startswith("tmesim: ") and entry["authors"] == [{"name": "The tmesim authors"}]
        assert str(entry["version"]) == project["version"] and entry["license"] == project["license"]
        assert str(entry["date-released"])[:4] == str(preferred["year"])
        assert entry.get("url") == next(iter(project.get("urls", {}).values()), None)
