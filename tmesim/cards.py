"""Cards: what a notebook shows of a scenario, a model or a result, as HTML that follows the colors of its page."""

from __future__ import annotations

import html
import os
from collections.abc import Iterable, Mapping, Sequence
from urllib.parse import quote

from tmesim.text import line

FAINT = "opacity: .65"
CELL = "padding: 1px 14px 1px 0; vertical-align: top; text-align: left"


def card(title: str, kind: str, about: str, *parts: str) -> str:
    """A frame around parts (HTML). title, kind, about : text."""
    head = f'<div><strong>{escape(title)}</strong> <span style="{FAINT}">{escape(kind)}</span></div>'
    told = f'<div style="margin: 2px 0 6px">{escape(about)}</div>' if about else ""
    frame = "border: 1px solid rgba(128, 128, 128, .4); border-radius: 4px; padding: 8px 12px; max-width: 860px"
    return f'<div class="tmesim-card" style="{frame}; display: inline-block">{head}{told}{"".join(parts)}</div>'


def facts(rows: Mapping[str, str]) -> str:
    """Terms and what is said of them, both text."""
    first = f"{CELL}; {FAINT}; white-space: nowrap"
    return table_of(
        f'<tr><td style="{first}">{escape(key)}</td><td style="{CELL}">{escape(value)}</td></tr>'
        for key, value in rows.items()
    )


def table(head: Sequence[str], rows: Iterable[Sequence[str]], strong: Iterable[bool] = ()) -> str:
    """A table of text; `strong` says which rows are bold."""
    lines = ["".join(f'<th style="{CELL}; font-weight: normal; {FAINT}">{escape(text)}</th>' for text in head)]
    bold = list(strong)
    for i, row in enumerate(rows):
        weight = "; font-weight: bold" if i < len(bold) and bold[i] else ""
        keep = ("; white-space: nowrap", *[""] * len(row))  # what a row is about stays on one line
        cells = zip(row, keep, strict=False)
        lines.append("".join(f'<td style="{CELL}{weight}{whole}">{escape(text)}</td>' for text, whole in cells))
    return table_of(f"<tr>{line}</tr>" for line in lines)


def table_of(lines: Iterable[str]) -> str:
    style = "border-collapse: collapse; border: none; margin: 4px 0; font-size: inherit"
    return f'<table style="{style}"><tbody>{"".join(lines)}</tbody></table>'


def note(text: str, file: str = "", linked: str = "") -> str:
    """A faint line, with a link at its end to a file below the working folder. Whatever the file's name begins with,
    the link is a path, never an address."""
    end = f' <a href="./{quote(os.fsencode(file))}" target="_blank">{escape(linked)}</a>' if file else ""
    return f'<div style="{FAINT}; margin-top: 4px">{escape(text)}{end}</div>'


def warned(texts: Iterable[str]) -> str:
    """Lines that must not be missed."""
    style = "border-left: 3px solid #c77700; padding-left: 8px; margin-top: 6px"
    return "".join(f'<div style="{style}">{escape(text)}</div>' for text in texts)


def escape(text: str) -> str:
    """Text as HTML, with what cannot be shown as its escape."""
    return html.escape(line(text))
