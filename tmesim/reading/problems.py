"""What is wrong with the input, and where: a file, a line, a key, what was found and what would be right."""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from tmesim.text import printable

Key = str | int
DataPath = tuple[Key, ...]


class Position(NamedTuple):
    """Where something is written; lines and columns count from 1, None where there are none (an option)."""

    file: str
    line: int | None = None
    column: int | None = None


@dataclass(frozen=True)
class Problem:
    """One thing that is wrong with the input: where, at which key, what was found and what would be right."""

    message: str
    path: str = ""
    file: str = ""
    line: int | None = None
    column: int | None = None

    def __str__(self) -> str:
        place = f"{self.file}:{self.line}" if self.line is not None else self.file
        return ": ".join(
            _one_line(part, most) for part, most in ((place, 500), (self.path, 200), (self.message, 900)) if part
        )


class InputError(ValueError):
    """The input is wrong; `problems` holds everything that was found, in the order of the files and lines."""

    def __init__(self, problems: Iterable[Problem]) -> None:
        unique = dict.fromkeys(problems)
        self.problems: tuple[Problem, ...] = tuple(sorted(unique, key=lambda p: (p.file, p.line or 0, p.column or 0)))
        super().__init__("\n".join(str(problem) for problem in self.problems))

    def __reduce__(self) -> tuple[type[InputError], tuple[tuple[Problem, ...]]]:
        return InputError, (self.problems,)  # it crosses from a worker process to its parent


def _one_line(text: str, most: int) -> str:
    """Text of a stranger's file as one line of bounded length that a terminal shows and does not obey.

    Blanks that look like a space and are none are told too: they may be what is wrong.
    """
    text = printable(text if len(text) <= most else text[: most - 1] + "…")
    return text if text.isprintable() else "".join(c if c.isprintable() else ascii(c)[1:-1] for c in text)


def dotted(path: DataPath) -> str:
    """A data path as text: ("arms", "combo", "therapies", 1, "start") → `arms.combo.therapies[1].start`."""
    text = ""
    for key in path:
        text += f"[{key}]" if isinstance(key, int) else f".{key}" if text else str(key)
    return text


def suggestion(name: str, known: Iterable[str], most: int = 12, meant: Sequence[str] = ()) -> str:
    """` Did you mean 'ifng'? Known: ifng, il10, …`, to be put behind a message about an unknown name.

    meant : those of the known names that the name is another word for
    """
    names = sorted({str(k) for k in known})
    name = str(name)[:100]  # comparing takes the product of the lengths
    near = difflib.get_close_matches(name, names, n=most, cutoff=0.6)
    close = list(meant) or near[:1]
    if not close:
        folded = {n.casefold().replace("_", "").replace("-", ""): n for n in names}
        close = [folded[key] for key in [name.casefold().replace("_", "").replace("-", "")] if key in folded]
    text = f" Did you mean {' or '.join(repr(each) for each in close)}?" if close else ""
    if names:
        if len(names) > most:  # the nearest are the useful ones
            names = [n for n in names if n in near or n in meant] or names[:most]
            names.append("…")
        text += f" Known: {', '.join(names)}"
    return text


@dataclass
class Document:
    """What a YAML file says (a mapping of plain data) and where it says it.

    problems : what is wrong with it already, so that the rest can be checked before all of it is told
    partial : something that it builds on could not be had, so that what is missing in it is no mistake of its own
    """

    data: dict[str, Any]
    file: str
    positions: dict[DataPath, Position] = field(default_factory=dict)
    prefix: DataPath = ()  # where the file's content belongs in the whole, for messages
    problems: list[Problem] = field(default_factory=list)
    partial: bool = False

    def position(self, path: DataPath) -> Position:
        """The position of a key, or of the nearest thing around it that is written."""
        for end in range(len(path), -1, -1):
            if path[:end] in self.positions:
                return self.positions[path[:end]]
        return Position(self.file)

    def problem(self, path: DataPath, message: str) -> Problem:
        place = self.position(path)
        if place.file.startswith("--"):  # an option of the command line names its key itself
            return Problem(message, file=place.file)
        return Problem(message, dotted((*self.prefix, *path)), place.file, place.line, place.column)


def brief(value: Any) -> str:
    """A value for a message: its text, shortened."""
    if isinstance(value, int) and abs(value) >= 10**40:
        return f"a number of about {int(value.bit_length() * 0.30103)} digits"
    text = str(value)
    return text if len(text) <= 40 else text[:37] + "…"
