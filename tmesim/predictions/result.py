"""The result of predictions: the files that hold it, and the copy that comes with the package."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import fields
from importlib import resources
from pathlib import Path
from typing import Any

from tmesim.predictions.asking import Asked
from tmesim.predictions.entries import HIT, INCONCLUSIVE, MISS, packaged
from tmesim.predictions.quantities import Values
from tmesim.predictions.rows import EFFECTS, Row, effects, rows_of
from tmesim.storage import write
from tmesim.storage.tables import csv_bytes

RESULT, KEPT = "predictions.yaml", "kept"
FILES = ("predictions.csv", "effects.csv", "figures/predictions.png", RESULT)
TOLD = 4
"""Significant digits in `predictions.yaml`; the tables have all."""


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


def kept() -> Path:
    """Where the copy that comes with the package lies."""
    return Path(str(resources.files("tmesim.predictions").joinpath(KEPT)))


def keep(folder: Path, asked: Asked) -> None:
    """Copy a result into the package; ValueError for one of a part, or of other settings."""
    if set(asked.names) != set(packaged().predictions) or asked.said:
        raise ValueError("only a result of all predictions, as they are written, can be kept")
    for name in FILES:
        write(kept() / name, (folder / name).read_bytes())
