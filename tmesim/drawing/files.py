"""Figures as files: PNG, PDF and SVG of the same drawing, with bytes that depend on nothing but what is drawn.

In PDF and SVG, lines and words stay lines and words: an SVG's text can be edited, a PDF embeds its fonts.
"""

from __future__ import annotations

import io
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import matplotlib
from matplotlib.text import Text

if TYPE_CHECKING:
    from matplotlib.figure import Figure

FORMATS = ("png", "pdf", "svg")
"""Formats of a drawing, which are the endings of its files too."""

NO_DATES: dict[str, dict[str, Any]] = {
    "png": {"Software": None},
    "pdf": {"CreationDate": None, "ModDate": None},
    "svg": {"Date": None},
}
STYLE: Any = {"svg.fonttype": "none", "svg.hashsalt": "tmesim", "pdf.fonttype": 42}


def encoded(figure: Figure, format: str = "png", quick: bool = False) -> bytes:
    """A figure as a file of one of FORMATS, laid out in its own pixels.

    quick : least compression, for somebody who waits; the file is twice as large as it could be
    """
    out = io.BytesIO()
    options: dict[str, Any] = {"pil_kwargs": {"compress_level": 1}} if quick and format == "png" else {}
    with unknown_letters_are_boxes(), matplotlib.rc_context(STYLE):
        literal(figure).savefig(out, format=format, dpi="figure", metadata=NO_DATES[format], **options)
    return out.getvalue()


def ending_of(path: Path, known: tuple[str, ...], what: str) -> str:
    """The ending of a file, without its dot; ValueError, with those there are, for another one."""
    ending = path.suffix.lower().removeprefix(".")
    if ending not in known:
        endings = ", ".join(f".{each}" for each in known[:-1]) + f" or .{known[-1]}"
        raise ValueError(f"{what} is saved as {endings}, but '{path.name}' was asked for")
    return ending


def literal(figure: Figure) -> Figure:
    """The figure with all its words as they are: matplotlib would typeset what stands between dollar signs."""
    for text in figure.findobj(Text):
        text.set_parse_math(False)
    return figure


@contextmanager
def unknown_letters_are_boxes() -> Iterator[None]:
    """Draw a letter that the font lacks as a box, and say nothing on standard error."""
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", r"Glyph \d+ .* missing from")
        yield
