"""The demo: a page that comes with the package, and what `tmesim demo` does with it where there is no browser."""

import hashlib
import json
import os
import re
import subprocess
import sys
import webbrowser
from pathlib import Path
from types import SimpleNamespace

import keep_demo
import pytest
from mutations import command

import tmesim
from tmesim.catalogue import catalogue_of
from tmesim.cli import demonstrating
from tmesim.cli.demonstrating import PAGE, kept, made, opened

ROOT = Path(__file__).resolve().parents[1]
TEXT = kept("report.html").decode()
FACTS = made()


def test_the_page_is_the_one_that_was_made_and_weighs_little():
    assert hashlib.sha256(TEXT.encode()).hexdigest() == FACTS["sha256"]
    assert len(TEXT) < 3e6


def test_the_page_says_that_it_is_a_demo_and_of_what():
    above = re.sub(r"<[^>]+>", " ", TEXT.partition("<body")[2].partition("<h1")[0])
    assert "This is the demo that comes with tmesim" in above
    assert FACTS["scenario"] in above and FACTS["date"] in above and FACTS["command"] in above
    assert FACTS["question"] in TEXT


def test_the_page_needs_no_network_and_tells_of_no_machine():
    assert not re.search(r"(?:src|href)=\"(?!data:|#)", TEXT)
    assert not re.search(r"/tmp/|Linux-\d", TEXT)


def test_the_command_of_the_demo_names_a_scenario_and_arms_that_there_are():
    assert FACTS["command"] == keep_demo.COMMAND
    made_of = tmesim.load(FACTS["scenario"])
    assert set(FACTS["arms"]) <= set(made_of.arms) and made_of.question == FACTS["question"]
    assert (FACTS["replicates"], FACTS["days"]) == (made_of.replicates, made_of.time.days)


def test_the_demo_is_of_the_catalogue_of_now():
    """A notice, as a page of an earlier catalogue is still a page: `python tests/keep_demo.py RUN` makes it anew."""
    now = catalogue_of(tmesim.load(FACTS["scenario"]).host).hash
    if FACTS["catalogue"] != now:
        pytest.skip(f"stale: of {FACTS['date']}, catalogue {FACTS['catalogue'][:12]}; now it is {now[:12]}")
    assert tmesim.load(FACTS["scenario"], arms=FACTS["arms"], set={"time.frames_every": keep_demo.FRAMES}).hash == (
        FACTS["scenario_hash"]
    )


# -- the command


def test_without_a_browser_it_says_where_the_page_is_and_what_to_run_next(tmp_path, monkeypatch):
    monkeypatch.setattr(webbrowser, "open", lambda url: pytest.fail("opened a browser"))
    code, out, err = command("demo", "--no-browser", "--out", str(tmp_path / "new" / "place"))
    page = tmp_path / "new" / "place" / PAGE
    assert (code, err) == (0, "") and page.read_text(encoding="utf-8") == TEXT
    assert str(page) in out and FACTS["question"] in out and "Nothing was simulated now" in out
    for next_step in (FACTS["command"], "tmesim list scenarios", f"tmesim explain {FACTS['scenario']}"):
        assert next_step in out


def test_a_second_time_into_the_same_folder_is_the_same_page(tmp_path):
    for _ in range(2):
        assert command("demo", "--no-browser", "--out", str(tmp_path))[0] == 0
    assert [file.name for file in tmp_path.iterdir()] == [PAGE]


@pytest.mark.parametrize("where", ["a file", "another page"])
def test_nothing_of_the_users_is_overwritten(tmp_path, where):
    mine = tmp_path / "mine" if where == "a file" else tmp_path / PAGE
    mine.write_text("mine", encoding="utf-8")
    code, out, err = command("demo", "--no-browser", "--out", str(mine if where == "a file" else tmp_path))
    assert (code, out) == (2, "") and mine.name in err
    assert mine.read_text(encoding="utf-8") == "mine" and len(list(tmp_path.iterdir())) == 1


@pytest.mark.parametrize("variables", [{"DISPLAY": ":0"}, {"WAYLAND_DISPLAY": "w"}, {"BROWSER": "b"}])
def test_a_desktop_gets_its_browser(tmp_path, monkeypatch, variables):
    asked = []
    monkeypatch.setattr(demonstrating, "sys", SimpleNamespace(platform="linux"))
    monkeypatch.setattr(os, "environ", variables)
    monkeypatch.setattr(webbrowser, "open", lambda url: asked.append(url) or True)
    assert opened(tmp_path / "a page.html") and asked == [(tmp_path / "a page.html").as_uri()]


def test_without_a_display_no_browser_of_the_terminal_takes_it(tmp_path, monkeypatch):
    monkeypatch.setattr(demonstrating, "sys", SimpleNamespace(platform="linux"))
    monkeypatch.setattr(os, "environ", {})
    monkeypatch.setattr(webbrowser, "open", lambda url: pytest.fail("opened a browser"))
    assert not opened(tmp_path)


def test_a_browser_that_fails_is_no_failure(tmp_path, monkeypatch):
    def fails(url):
        raise webbrowser.Error("no browser")

    monkeypatch.setattr(demonstrating, "sys", SimpleNamespace(platform="darwin"))
    monkeypatch.setattr(webbrowser, "open", fails)
    assert not opened(tmp_path)


def test_the_demo_compiles_nothing_and_loads_nothing_heavy(tmp_path):
    code = f"""
import sys
sys.argv = ["tmesim", "demo", "--no-browser", "--out", {str(tmp_path)!r}]
from tmesim.cli import main
try:
    main()
except SystemExit as end:
    print(end.code)
print([m for m in ("numba", "mesa", "pandas", "matplotlib", "scipy") if m in sys.modules])
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=ROOT)
    assert done.stdout.split("\n")[-3:-1] == ["0", "[]"] and done.stderr == ""


# -- how it is made


def test_a_picture_of_few_colors_has_the_same_size_and_weighs_less():
    import io

    import numpy as np
    from PIL import Image

    shades = np.linspace(0, 255, 200 * 300 * 3).reshape(200, 300, 3).astype(np.uint8)
    out = io.BytesIO()
    Image.fromarray(shades).save(out, "PNG")
    light = keep_demo.lighter(out.getvalue(), colors=16)
    with Image.open(io.BytesIO(light)) as image:
        assert image.size == (300, 200) and len(image.getcolors()) <= 16
    assert len(light) < len(out.getvalue())


def test_what_tells_of_the_demo_is_json_with_a_date():
    assert json.loads(kept("made.json")) == FACTS
    assert re.fullmatch(r"\d{4}-\d\d-\d\d", FACTS["date"])
