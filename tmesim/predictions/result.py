"""The result of predictions: its rows, the files that hold it, and the copy that comes with the package."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, fields
from importlib import resources
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tmesim.predictions.entries import HIT, INCONCLUSIVE, MAIN, MISS, packaged
from tmesim.predictions.quantities import Values, given, relative
from tmesim.storage import write
from tmesim.storage.tables import csv_bytes

if TYPE_CHECKING:
    from tmesim.predictions.asking import Asked

RESULT, KEPT = "predictions.yaml", "kept"
FILES = ("predictions.csv", "effects.csv", "figures/predictions.png", RESULT)
TOLD = 4
"""Significant digits in `predictions.yaml`; the tables have all."""


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
        ends = [_open(end) for end in (entry.published.low, entry.published.high, entry.ours.low, entry.ours.high)]
        rows.append(
            Row(name, entry.group, entry.label, entry.host, quantity.kind, quantity.observable, quantity.day,
                found.value, found.low, found.high, found.pairs, ends[0], ends[1],
                entry.published.verdict(found.low, found.high), ends[2], ends[3],
                entry.ours.verdict(found.low, found.high), entry.source, entry.doi, entry.checked, found.note)
        )  # fmt: skip
    return rows


def _open(end: float | None) -> float:
    return math.nan if end is None else float(end)


EFFECTS = ("ask", "host", "factor", "day", "arm", "reference", "pairs", "relative_change", "low", "high")


def effects(asked: Asked, values: Values) -> Iterator[list[Any]]:
    """The effect of every arm on the tumor at the end: against the arm that is treated like it otherwise, where arms are
    crossed, and against the reference of the scenario."""
    from tmesim.predictions.asking import own_reference

    for (ask, host, factor), arms in values.tables.items():
        day, main = values.ends[ask], asked.scenarios[ask].reference
        for arm in arms:
            for reference in dict.fromkeys((own_reference(arm, main), main)):
                if arm == reference or reference not in arms:
                    continue
                logs = [values.log(ask, host, each, MAIN, day, factor) for each in (arm, reference)]
                found = relative(logs[0] - logs[1])
                yield [ask, host, factor, day, arm, reference, found.pairs, found.value, found.low, found.high]


COLUMNS = tuple(field.name for field in fields(Row))


def write_result(folder: Path, asked: Asked, values: Values, model: Mapping[str, str], begun: str) -> None:
    """Every file of a result, `predictions.yaml` last."""
    import yaml

    from tmesim.drawing.predictions import draw_predictions

    rows = rows_of(asked, values)
    write(folder / "predictions.csv", csv_bytes(COLUMNS, [[getattr(row, name) for name in COLUMNS] for row in rows]))
    write(folder / "effects.csv", csv_bytes(EFFECTS, effects(asked, values)))
    draw_predictions(rows, about(asked, begun)).save(folder / "figures" / "predictions.png")
    content = {
        "date": begun,
        "written": asked.predictions.written,
        "model": dict(model),
        "pairs": asked.pairs,
        "seed": asked.seed,
        "settings": dict(asked.said),
        "verdicts": counted(rows),
        "predictions": {row.name: told(row) for row in rows},
    }
    write(folder / RESULT, yaml.safe_dump(content, sort_keys=False, allow_unicode=True, width=110))


def about(asked: Asked, begun: str) -> str:
    """Of what a result is, in a sentence."""
    other = "; ".join(f"{key} = {value}" for key, value in asked.said.items())
    return (
        f"Written down on {asked.predictions.written}, simulated on {begun}, {asked.pairs} pairs"
        f"{f', with {other}' if other else ''}"
    )


def counted(rows: list[Row]) -> dict[str, int]:
    """How many are hits, misses and inconclusive beside the publications."""
    return {verdict: sum(row.verdict == verdict for row in rows) for verdict in (HIT, MISS, INCONCLUSIVE)}


def told(row: Row) -> dict[str, Any]:
    """What `predictions.yaml` says of a prediction."""
    numbers = ("value", "low", "high")
    known = {name: short(getattr(row, name)) for name in numbers if math.isfinite(getattr(row, name))}
    more = {"note": row.note} if row.note else {}
    return {"host": row.host, **known, "pairs": row.pairs, "verdict": row.verdict, "ours": row.ours, **more}


def short(value: float) -> float:
    """A number in the digits that are told."""
    return float(f"{value:.{TOLD}g}")


def stale(content: Mapping[str, Any], now: Mapping[str, str]) -> str:
    """Why a result is not that of the model of today; empty where it is.

    content : of a result, or of what was asked
    """
    changed = [name for name, value in now.items() if content["model"].get(name) != value]
    return f"was made on {content['date']} with another {' and '.join(changed)}" if changed else ""


def kept() -> Path:
    """Where the copy that comes with the package lies."""
    return Path(str(resources.files("tmesim.predictions").joinpath(KEPT)))


def keep(folder: Path, asked: Asked) -> None:
    """Copy a result into the package; ValueError for one of a part, or of other settings."""
    if set(asked.names) != set(packaged().predictions) or asked.said:
        raise ValueError("only a result of all predictions, as they are written, can be kept")
    for name in FILES:
        write(kept() / name, (folder / name).read_bytes())
