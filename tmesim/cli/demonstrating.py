"""`demo`: a result that comes with the package, opened in a browser. Nothing is simulated or compiled for it.

`tests/keep_demo.py` makes it.
"""

from __future__ import annotations

import json
import os
import sys
from importlib import resources
from pathlib import Path
from tempfile import mkdtemp
from typing import Any

from tmesim.reading import InputError, Problem
from tmesim.storage import write
from tmesim.text import say, say_all

PAGE = "tmesim_demo.html"


def kept(name: str) -> bytes:
    """A file of the demo that the package holds: `report.html`, or `made.json`, which tells of it."""
    return resources.files("tmesim").joinpath("demo", name).read_bytes()


def made() -> dict[str, Any]:
    """What the demo is of and when it was made."""
    return json.loads(kept("made.json"))


def show_demo(out: Path | None, browser: bool) -> None:
    """Lay the page down, say what it is and what to run next, and open it.

    out : a folder for the page, made if need be; None: a temporary one that stays
    browser : whether to open it; without a display it is never opened
    InputError where the folder cannot be one, or holds another page of this name
    """
    page, facts = kept("report.html"), made()
    path = _place(out, page)
    if not path.exists():
        write(path, page)
    say(f"A demo: {facts['question']}")
    say(
        f"The report of {facts['scenario']} with the arms {' and '.join(facts['arms'])} on {facts['replicates']} "
        f"replicates over {facts['days']:g} days,\nmade on {facts['date']} by tmesim {facts['version']}. Nothing was "
        "simulated now."
    )
    say(f"\n    {path}\n")
    if not browser:
        say("Open this page in a browser.")
    elif opened(path):
        say("It opens in your browser.")
    else:
        say("There is no browser to open it in here; open this page where there is one.")
    steps = {
        facts["command"]: "simulates the same here",
        "tmesim list scenarios": "what else there is to run",
        f"tmesim explain {facts['scenario']}": "what this one asks",
    }
    width = max(map(len, steps))
    say_all(["", "Next:", *(f"    {step:{width}}   {what}" for step, what in steps.items())])


def _place(out: Path | None, page: bytes) -> Path:
    if out is None:
        return Path(mkdtemp(prefix="tmesim-demo-")) / PAGE
    if out.exists() and not out.is_dir():
        raise InputError([Problem("is a file; expected a folder for the page", file=str(out))])
    path = out.resolve() / PAGE
    if path.exists() and (not path.is_file() or path.read_bytes() != page):
        raise InputError([Problem("is there already and is another page; name another folder", file=str(path))])
    return path


def opened(path: Path) -> bool:
    """Open a page in the browser of the desktop; False where there is none. A browser of the terminal would take the
    terminal, so that without a display none is tried."""
    import webbrowser

    desktop = sys.platform in ("darwin", "win32") or any(
        os.environ.get(name) for name in ("DISPLAY", "WAYLAND_DISPLAY", "BROWSER")
    )
    try:
        return desktop and webbrowser.open(path.as_uri())
    except (webbrowser.Error, OSError):
        return False
