"""Keys of a legend in palette indices, set in lines of a given width."""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

import numpy as np

from tmesim.drawing.letters import text_width, write_text
from tmesim.drawing.vessels import disc
from tmesim.text import line

LINE, BETWEEN, SIZE, LETTERS = 24, 18, 12, 12
"""Pixels: height of a line, between keys, of a mark, of letters."""
WIDE = 5
"""Pixels of a step of a scale of colors."""


class Key(NamedTuple):
    """A mark (`square`, `disc`, `tube`, `ramp`), what is said of it, and its colors; of a tube, wall and inside."""

    mark: str
    text: str
    colors: tuple[int, ...]

    @property
    def indent(self) -> int:
        """Pixels from the mark to the text."""
        return WIDE * len(self.colors) + 16 if self.mark == "ramp" else 24 if self.mark == "tube" else 18


def in_lines(keys: Iterable[Key], left: int, right: int) -> list[list[tuple[int, Key]]]:
    """Keys with where they begin, in as many lines as they need."""
    rows: list[list[tuple[int, Key]]] = [[]]
    x = left
    for key in keys:
        wide = key.indent + text_width(line(key.text), LETTERS)
        if x + wide > right and rows[-1]:
            rows.append([])
            x = left
        rows[-1].append((x, key))
        x += wide + BETWEEN
    return rows


def paint_keys(
    sheet: np.ndarray, rows: list[list[tuple[int, Key]]], top: int, right: int, ink: np.ndarray, frame: int
) -> None:
    """ink : shades from paper to ink. frame : color around a ramp"""
    for r, row in enumerate(rows):
        y = top + r * LINE
        for x, key in row:
            paint_mark(sheet, y + 2, x, key, frame)
            write_text(sheet, x + key.indent, y, key.text, LETTERS, ink, most=right - x - key.indent)


def paint_mark(sheet: np.ndarray, top: int, left: int, key: Key, frame: int) -> None:
    box = sheet[top : top + SIZE, left : left + SIZE]
    if key.mark == "ramp":
        strip = np.repeat(np.array(key.colors, np.uint8), WIDE)
        sheet[top - 1 : top + SIZE + 1, left : left + strip.size + 2] = frame
        sheet[top : top + SIZE, left + 1 : left + 1 + strip.size] = strip
    elif key.mark == "tube":
        wall, inside = key.colors
        sheet[top + 3 : top + 10, left : left + 18] = wall
        sheet[top + 5 : top + 8, left + (inside != wall) : left + 18 - (inside != wall)] = inside
    elif key.mark == "disc":
        box[np.asarray(disc(SIZE)) > 0] = key.colors[0]
    else:
        box[:] = key.colors[0]
