"""The tables of a run as columns: names are text, whatever they look like, and everything else is a number."""

from __future__ import annotations

import csv
import io
from collections.abc import Collection, Mapping, Sequence

import numpy as np

from tmesim.reading import InputError, Problem
from tmesim.statistics import COLUMNS

NAMES = {"timeseries.csv": ("arm",), "endpoints.csv": ("arm",), "comparison.csv": ("endpoint", "arm", "reference")}
"""The columns of each table that hold names."""

FIRST = {
    "timeseries.csv": ("arm", "replicate", "day"),
    "endpoints.csv": ("arm", "replicate"),
    "comparison.csv": COLUMNS,
}
"""The columns with which each table begins."""


def read_columns(data: bytes, names: Collection[str], file: str) -> dict[str, np.ndarray]:
    """A CSV as columns: `names` as text, all others as float64 (an empty cell is NaN).

    InputError, with the file and the line, when it is not a whole table.
    """

    def wrong(message: str, line: int | None = None) -> InputError:
        return InputError([Problem(message, file=file, line=line)])

    rows: list[list[str]] = []
    try:
        reader = csv.reader(io.StringIO(data.decode("utf-8"), newline=""), strict=True)
        for row in reader:
            if rows and len(row) != len(rows[0]):
                raise wrong(f"expected {len(rows[0])} cells, got {len(row)}; is the table whole?", reader.line_num)
            rows.append(row)
    except (UnicodeDecodeError, csv.Error) as error:
        raise wrong(f"is not a table: {error}") from None
    if len(rows) < 1 or len(set(rows[0])) < len(rows[0]):
        raise wrong("is not a table with a name over each column")
    columns: dict[str, np.ndarray] = {}
    for i, name in enumerate(rows[0]):
        cells = [row[i] for row in rows[1:]]
        try:
            columns[name] = np.array(cells, str) if name in names else np.array([float(c or "nan") for c in cells])
        except ValueError as error:
            raise wrong(f"expected a number in the column {name}: {error}") from None
    return columns


def counted(values: np.ndarray) -> np.ndarray:
    """A column as int64 where it holds whole numbers alone, as the table writes them; text as Python's own."""
    if values.dtype.kind == "U":
        return values.astype(object)
    if np.all(np.isfinite(values)) and np.all((values == np.round(values)) & (np.abs(values) < 1e15)):
        return values.astype(np.int64)
    return values


def lacking(name: str, columns: Mapping[str, np.ndarray], arms: Sequence[str], replicates: int) -> str | None:
    """What is wrong with a table of these arms and replicates; also where no checksum vouches for it."""
    first = FIRST[name]
    if tuple(columns)[: len(first)] != first:
        return f"expected the columns {', '.join(first)}"
    for whole in {"replicate", "n"} & columns.keys():
        if not np.all(columns[whole] == np.round(columns[whole])):
            return f"expected whole numbers in the column {whole}"
    if name == "comparison.csv":
        return None
    parts = [(arm, float(replicate)) for arm in arms for replicate in range(replicates)]
    found = list(zip(columns["arm"].tolist(), columns["replicate"].tolist(), strict=True))
    rows = len(found) // len(parts)
    if not rows or found != [part for part in parts for _ in range(rows)]:
        return f"expected as many rows for each of {len(arms)} arms and {replicates} replicates"
    return None
