"""Validation: numbers that were measured in mice and have set none of the model's, beside what a run gives."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from functools import cache
from importlib import resources
from typing import TYPE_CHECKING, Any

from tmesim.storage.tables import csv_bytes
from tmesim.validation.measures import MEASURES

if TYPE_CHECKING:
    from tmesim.result import Result

__all__ = ["HOST", "MET", "Number", "Row", "left_out", "numbers", "table", "table_bytes", "within"]

HOST = "mouse"
"""In whom all of them were measured."""
MET, BELOW, ABOVE, UNTOLD = "met", "below", "above", "not told"


@dataclass(frozen=True)
class Number:
    """A published number. low, high : its interval; None where it is open

    measure : its name in `measures.MEASURES`        needs : what a run must have to say something of it
    checked : "page" where the source was seen, "memory" where it is recalled
    """

    name: str
    measure: str
    label: str
    unit: str
    source: str
    checked: str
    needs: str
    note: str = ""
    low: float | None = None
    high: float | None = None

    def verdict(self, value: float) -> str:
        """Whether a value lies in the interval: MET, BELOW, ABOVE, or UNTOLD of none."""
        if math.isnan(value):
            return UNTOLD
        if self.low is not None and value < self.low:
            return BELOW
        return ABOVE if self.high is not None and value > self.high else MET


@dataclass(frozen=True)
class Row:
    """A published number and what a run gives of it.

    low, high : published, NaN where open        model, model_low, model_high : of the run, NaN where it does not say
    verdict : by the value itself; told : in which arms, or what a run needs to say something
    """

    number: str
    measure: str
    label: str
    unit: str
    low: float
    high: float
    model: float
    model_low: float
    model_high: float
    verdict: str
    told: str
    note: str
    source: str
    checked: str


@cache
def _content() -> Mapping[str, Any]:
    import yaml

    text = resources.files("tmesim.validation").joinpath("validation.yaml").read_text(encoding="utf-8")
    content: Mapping[str, Any] = yaml.load(text, yaml.CSafeLoader)
    return content


def numbers() -> tuple[Number, ...]:
    """The published numbers, in the order of the file."""
    return tuple(Number(name, **entry) for name, entry in _content()["numbers"].items())


def left_out() -> Mapping[str, str]:
    """Numbers of mice that no run is held against, and why."""
    found: Mapping[str, str] = _content()["left_out"]
    return found


def table(result: Result) -> list[Row]:
    """A row for each published number; ValueError for a run of another host than a mouse."""
    if result.scenario.species != HOST:
        raise ValueError(f"these numbers were measured in mice, and the host of this run is {result.scenario.host}")
    rows = []
    for each in numbers():
        given = MEASURES[each.measure](result)
        model = (math.nan, math.nan, math.nan) if given is None else (given.value, given.low, given.high)
        low, high = (math.nan if end is None else float(end) for end in (each.low, each.high))
        rows.append(
            Row(each.name, each.measure, each.label, each.unit, low, high, *model, each.verdict(model[0]),
                f"needs {each.needs}" if given is None else given.arms, each.note, each.source, each.checked)
        )  # fmt: skip
    return rows


def within(rows: Sequence[Row]) -> tuple[int, int, tuple[str, ...]]:
    """How many numbers lie in their intervals, of how many that the run tells of, and which do not."""
    known = [row for row in rows if row.verdict != UNTOLD]
    misses = tuple(row.number for row in known if row.verdict != MET)
    return len(known) - len(misses), len(known), misses


COLUMNS = tuple(field.name for field in fields(Row))


def table_bytes(rows: Sequence[Row]) -> bytes:
    """The rows as CSV; an end that is open, and a number that the run does not tell of, as an empty cell."""
    return csv_bytes(COLUMNS, [[getattr(row, name) for name in COLUMNS] for row in rows])
