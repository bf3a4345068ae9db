"""Text of users and files on its way to people: what a terminal or a page shows, and never obeys.

Names, labels, sentences and paths come from strangers. Whatever prints goes through `say`; whatever draws or writes a
page takes its texts through `line` or `printable`.
"""

from __future__ import annotations

import json
import os
import sys
import unicodedata
from collections.abc import Iterable
from typing import Any, TextIO

JOINERS = "\u200c\u200d"
"""Marks inside of words and emoji, which have no meaning of their own to a terminal."""


def printable(text: object, keep: str = "") -> str:
    """Text in which what cannot be printed (control characters, marks that turn the direction of reading, bytes that
    are no text) stands as its escape, such as `\\x1b`. keep : characters to leave alone, such as line ends."""
    text = str(text)
    return text if text.isprintable() else "".join(c if c in keep or _shown(c) else _escaped(c) for c in text)


def line(text: object) -> str:
    """Text as one line: printable, with single spaces for line ends, tabs and runs of spaces."""
    return printable(" ".join(str(text).split()))


def shortened(text: str, most: int) -> str:
    """Text of at most so many letters; what is cut off leaves an ellipsis."""
    return text if len(text) <= most else text[: most - 1].rstrip() + "…"


def json_text(data: Any) -> str:
    """Data as JSON that a terminal shows and does not obey; reading it gives the same data."""
    text = json.dumps(data, indent=2, ensure_ascii=False)
    return text if printable(text, keep="\n") == text else json.dumps(data, indent=2)


def say(text: str = "", to_errors: bool = False) -> None:
    """Print to standard output, or to standard error."""
    emit(f"{printable(text, keep=chr(10))}\n", to_errors)


def say_all(lines: Iterable[str]) -> None:
    """Print lines, in one piece."""
    say("\n".join(lines))


def emit(text: str, to_errors: bool = False) -> None:
    """Write text as it is, styles of a terminal included. That nobody reads it ends nothing: a run goes on."""
    stream = sys.stderr if to_errors else sys.stdout
    if stream is None:  # closed before we began
        return
    try:
        stream.write(text)
        stream.flush()
    except BrokenPipeError:
        abandon(stream)


def abandon(stream: TextIO) -> None:
    """Let a stream that nobody reads any more end in nothing, also when the interpreter flushes it at its end."""
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, stream.fileno())
    os.close(nowhere)


def is_terminal(to_errors: bool = False) -> bool:
    """Whether a person sees what is printed there."""
    stream = sys.stderr if to_errors else sys.stdout
    return stream is not None and stream.isatty()


def _shown(c: str) -> bool:
    return c.isprintable() or c in JOINERS or unicodedata.category(c) == "Zs"


def _escaped(c: str) -> str:
    return ascii(c)[1:-1]
