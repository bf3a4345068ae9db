"""Paired differences as a figure: for each endpoint and arm its strip, and the numbers beside it.

Each endpoint has its own scale, with zero at the same place, so that a large change of one does not flatten the others.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from tmesim.drawing.drawing import Drawing
from tmesim.drawing.files import literal
from tmesim.drawing.labels import spelled_out, unit_words
from tmesim.drawing.palette import FAINT, GRID, arm_colors
from tmesim.drawing.sheet import LABEL, SMALL, Sheet, fold, head_height
from tmesim.drawing.strip import Strip, on_axes
from tmesim.notices import untreated
from tmesim.observables import observables_of
from tmesim.statistics import CONFIDENCE
from tmesim.text import line, shortened
from tmesim.wording import capital, change, compact, p_value, words

if TYPE_CHECKING:
    from tmesim.observables import Observable
    from tmesim.result import Result
    from tmesim.statistics import Comparison

NAMES, STRIP, LINE, HEADING, AXIS, LEFT = 350, 470, 42, 34, 56, 30  # pixels
COLUMNS = {"reference": 130, "arm": 120, "difference": 350, "change": 310, "p": 84}
"""Columns of numbers, and their widths, pixels."""
FEW = ("difference", "change")
"""Columns where there is less room."""


@dataclass(frozen=True)
class Effects:
    """What a figure of differences shows. strips : by endpoint. known : endpoints. end : last day of the run"""

    strips: Mapping[str, Sequence[Strip]]
    known: Mapping[str, Observable]
    colors: Mapping[str, str]
    reference: str
    end: float
    confidence: float = CONFIDENCE
    columns: Sequence[str] = tuple(COLUMNS)

    @property
    def rows(self) -> list[Strip]:
        return [strip for strips in self.strips.values() for strip in strips]

    @property
    def width(self) -> int:
        return self.numbers + sum(COLUMNS[name] for name in self.columns) + 10

    @property
    def numbers(self) -> int:
        """Where the columns of numbers begin."""
        return LEFT + NAMES + STRIP + 46

    def heading(self, column: str) -> str:
        if column in FEW:
            return f"{column} [{100 * self.confidence:g} % interval]"
        return shortened(words(self.reference), 12) if column == "reference" else column


def draw_effects(result: Result, endpoints: Sequence[str] | None = None) -> Drawing | None:
    """The comparison of a run; nothing to draw without a second arm."""
    rows = [c for c in result.comparisons if endpoints is None or c.endpoint in endpoints]
    if not rows:
        return None
    scenario = result.scenario
    strips: dict[str, list[Strip]] = {}
    for c in rows:
        differences = result.endpoint(c.endpoint, c.arm) - result.endpoint(c.endpoint, c.reference)
        strips.setdefault(c.endpoint, []).append(Strip.of(c, differences, not untreated(result, c.arm)))
    known = observables_of(scenario.catalogue, scenario.catalogue.therapies, scenario.places)
    title = f"Effects: {words(scenario.name)}"
    about = f"{scenario.question} Values on day {scenario.time.days:g}, {scenario.host}. {how_to_read(result)}"
    return chart(Effects(strips, known, arm_colors(scenario), result.reference, scenario.time.days), title, about)


def chart(effects: Effects, title: str, about: str) -> Drawing:
    """The figure of some differences."""
    width, room = effects.width, effects.width - 2 * LEFT
    top = head_height(title, about, room) + 46
    heights = [HEADING + len(strips) * LINE + AXIS for strips in effects.strips.values()]
    labels = [effects.known[endpoint].label for endpoint in effects.strips]
    arms = [effects.reference, *(strip.comparison.arm for strip in effects.rows)]
    notes = spelled_out([*labels, *map(words, arms)])
    notes = fold(f"{notes}.", room, SMALL) if notes else ""
    sheet = Sheet(width, top + sum(heights) + 20 * len(notes.splitlines()) + 12)
    sheet.head(LEFT, title, about, room)
    write_headings(sheet, effects, top - 26)
    y = top
    for (endpoint, strips), height in zip(effects.strips.items(), heights, strict=True):
        draw_endpoint(sheet, effects, endpoint, list(strips), y)
        y += height
    sheet.text(LEFT, y, notes, SMALL, FAINT)
    told = [
        f"{words(s.comparison.arm)}: {effects.known[s.comparison.endpoint].label} {compact(s.comparison.difference)}"
        for s in effects.rows
        if s.given
    ]
    return Drawing(literal(sheet.figure), title, f"{title}, differences from {words(effects.reference)}. "
                   f"{'; '.join(told) or 'Nothing was given'}.")  # fmt: skip


def write_headings(sheet: Sheet, effects: Effects, y: float) -> None:
    left = LEFT + NAMES
    reference = shortened(words(effects.reference), 22)
    sheet.text(left + STRIP / 2, y, f"difference from {reference}", SMALL + 0.5, FAINT, align="center")
    sheet.text(left, y, "◂ less", SMALL + 0.5, FAINT)
    sheet.text(left + STRIP, y, "more ▸", SMALL + 0.5, FAINT, align="right")
    x = effects.numbers
    for column in effects.columns:
        sheet.text(x, y, effects.heading(column), SMALL + 0.5, FAINT)
        x += COLUMNS[column]


def draw_endpoint(sheet: Sheet, effects: Effects, endpoint: str, strips: list[Strip], y: float) -> None:
    """The block of an endpoint: its name, a strip and a line of numbers for each arm, and the scale."""
    known = effects.known[endpoint]
    sheet.text(LEFT, y + 2, shortened(capital(line(known.label)), 110), LABEL + 1, weight="bold")
    sheet.box(LEFT, y - 6, effects.width - 2 * LEFT, 1, GRID)
    axes = sheet.axes(LEFT + NAMES, y + HEADING, STRIP, len(strips) * LINE)
    on_axes(axes, strips, effects.colors)
    axes.set_xlabel(unit_words(known.unit), fontsize=SMALL, color=FAINT, labelpad=1)
    for j, strip in enumerate(strips):
        c, row = strip.comparison, y + HEADING + (j + 0.5) * LINE
        sheet.box(LEFT + 4, row - 8, 16, 16, effects.colors[c.arm])
        pairs = f" ({c.of} pairs)" if c.n < c.replicates else ""
        name = shortened(words(c.arm), 29 - len(pairs)) + pairs
        sheet.text(LEFT + 30, row, name, LABEL, vertical="center_baseline")
        if strip.given:
            write_numbers(sheet, effects, row, strip)
        else:
            told = f"nothing was given before the end of the run on day {effects.end:g}"
            sheet.text(effects.numbers, row, told, LABEL, FAINT, vertical="center_baseline")


def how_to_read(result: Result) -> str:
    n = result.replicates
    if n == 1:
        return "n = 1 pair, which can give no interval. Diamond: the difference."
    shared = "all history and chance until the treatment makes a difference"
    if not result.scenario.one_start:
        shared = "a seed, though not all arms a history: some begin with another tissue"
    test = "a bound that holds however often one looks" if result.stopping else "exact test by exchange of signs"
    return (
        f"n = {n} pairs: replicates that share {shared}. "
        f"Dots: pairs. Diamond and bar: their mean and its 95 % interval ({how_made(result)}), bold where it excludes "
        f"0. p: {test}, not adjusted for the number of rows."
    )


def how_made(result: Result) -> str:
    """The kind of interval, with a reason where it is not the usual one."""
    if not result.stopping:
        return result.intervals
    return f"a {result.intervals}, which holds though replicates were added until {result.stopping['until']}"


def write_numbers(sheet: Sheet, effects: Effects, y: float, strip: Strip) -> None:
    texts, left = numbers(strip.comparison), effects.numbers
    for column in effects.columns:
        weight = "bold" if strip.clear and column == "difference" else "normal"
        sheet.text(left, y, texts[column].replace("-", "−"), LABEL, vertical="center_baseline", weight=weight)
        left += COLUMNS[column]


def numbers(c: Comparison) -> dict[str, str]:
    """The numbers of a comparison, by column."""
    bounds = f" [{compact(c.low)}, {compact(c.high)}]" if math.isfinite(c.low) else ""
    return {
        "reference": compact(c.reference_mean),
        "arm": compact(c.mean),
        "difference": compact(c.difference) + bounds,
        "change": change(c),
        "p": p_value(c.p),
    }
