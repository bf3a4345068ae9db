"""`report.html`: the answer of a run on one page that needs no network, no script and no other file.

The page is written by functions that escape every text (see `markup`); its numbers come from the tables of the run, so
the same run gives the same bytes.
"""

from __future__ import annotations

from importlib import resources
from pathlib import Path
from typing import TYPE_CHECKING

from tmesim.drawing.page import arm_class
from tmesim.drawing.palette import arm_colors
from tmesim.markup import Markup, join, tag
from tmesim.report.assumptions import assumed
from tmesim.report.certainty import sure
from tmesim.report.happened import happened
from tmesim.report.opening import design, opening
from tmesim.report.organs import organs
from tmesim.report.provenance import again, cite, closing
from tmesim.report.why import why
from tmesim.storage import write
from tmesim.wording import words

if TYPE_CHECKING:
    from tmesim.result import Result

__all__ = ["page", "write_report"]

SECTIONS = (
    ("design", "The experiment", design),
    ("happened", "What happened", happened),
    ("why", "Why the tumors differ", why),
    ("organs", "Where tumor cells came, and where they grew", organs),
    ("sure", "How sure is it?", sure),
    ("assumed", "What is assumed", assumed),
    ("again", "Run it again", again),
    ("cite", "What to cite", cite),
)
POLICY = "default-src 'none'; img-src data:; style-src 'unsafe-inline'"


def write_report(result: Result, path: Path | None = None) -> Path:
    """Write the page, by default as `report.html` of the run; figures and movie are taken from the run's folder."""
    path = path or result.path / "report.html"
    write(path, page(result))
    return path


def page(result: Result, note: Markup | None = None) -> str:
    """The page as text. note : something to say above all else"""
    name = words(result.scenario.name)
    parts = [(id, title, body) for id, title, section in SECTIONS if (body := section(result)) is not None]
    links = [tag("li", tag("a", title, href=f"#{id}")) for id, title, _ in parts]
    head = tag(
        "head",
        tag("meta", charset="utf-8"),
        tag("meta", name="viewport", content="width=device-width, initial-scale=1"),
        tag("meta", http_equiv="Content-Security-Policy", content=POLICY),
        tag("meta", name="color-scheme", content="light dark"),
        tag("link", rel="icon", href="data:,"),
        tag("title", f"{result.scenario.question} · {name}"),
        tag("style", style(result)),
    )
    body = tag(
        "body",
        tag("header", note, opening(result), tag("nav", tag("ul", *links), aria_label="Sections"), class_="page"),
        tag(
            "main",
            *(tag("section", tag("h2", title, id=f"{id}-title"), body, id=id, aria_labelledby=f"{id}-title")
              for id, title, body in parts),
            class_="page",
        ),
        tag("footer", closing(result), class_="page"),
    )  # fmt: skip
    return f"<!doctype html>\n{join([tag('html', head, body, lang='en')])}\n"


def style(result: Result) -> Markup:
    """The style sheet, with the colors that the arms have in the figures."""
    sheet = resources.files("tmesim.report").joinpath("style.css").read_text(encoding="utf-8")
    colors = arm_colors(result.scenario)
    arms = "".join(f".{arm_class(result, arm)}{{--base:{colors[arm]}}}\n" for arm in result.arms)
    return Markup(sheet + arms)
