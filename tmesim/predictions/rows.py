"""Rows of a result: a prediction each with its verdicts, and the effect of every arm."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from tmesim.predictions.asking import Asked, own_reference
from tmesim.predictions.entries import MAIN
from tmesim.predictions.quantities import Values, given, relative


@dataclass(frozen=True)
class Row:
    """A prediction and what came of it.

    value, low, high : of the model with its 95 % interval over pairs, NaN where there is none
    published_…, our_… : ends, NaN where open        verdict : beside the publication; ours : beside what we predicted
    """

    name: str
    group: str
    label: str
    host: str
    kind: str
    observable: str
    day: float
    value: float
    low: float
    high: float
    pairs: int
    published_low: float
    published_high: float
    verdict: str
    our_low: float
    our_high: float
    ours: str
    source: str
    doi: str
    checked: str
    note: str


def rows_of(asked: Asked, values: Values) -> list[Row]:
    """A row for each prediction, in the order of the file."""
    rows = []
    for name in asked.names:
        entry = asked.predictions.predictions[name]
        found, quantity = given(entry, values), entry.quantity
        low, high = (math.nan, math.nan) if found.late else (found.low, found.high)
        ends = [_open(end) for end in (entry.published.low, entry.published.high, entry.ours.low, entry.ours.high)]
        rows.append(
            Row(name, entry.group, entry.label, entry.host, quantity.kind, quantity.observable, quantity.day,
                found.value, found.low, found.high, found.pairs, ends[0], ends[1],
                entry.published.verdict(low, high), ends[2], ends[3], entry.ours.verdict(low, high), entry.source,
                entry.doi, entry.checked, found.note)
        )  # fmt: skip
    return rows


def _open(end: float | None) -> float:
    return math.nan if end is None else float(end)


EFFECTS = ("ask", "host", "factor", "day", "arm", "reference", "pairs", "relative_change", "low", "high")


def effects(asked: Asked, values: Values) -> Iterator[list[Any]]:
    """The effect of every arm on the tumor at the end: against the arm that is treated like it otherwise, where arms
    are crossed, and against the reference of the scenario."""
    for (ask, host, factor), arms in values.tables.items():
        day, main = values.ends[ask], asked.scenarios[ask].reference
        for arm in arms:
            for reference in dict.fromkeys((own_reference(arm, main), main)):
                if arm == reference or reference not in arms:
                    continue
                logs = [values.log(ask, host, each, MAIN, day, factor) for each in (arm, reference)]
                found = relative(logs[0] - logs[1])
                yield [ask, host, factor, day, arm, reference, found.pairs, found.value, found.low, found.high]
