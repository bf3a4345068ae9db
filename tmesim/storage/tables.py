"""Tables as CSV: names are text, whatever they look like, and everything else is a number."""

from __future__ import annotations

import csv
import io
import math
from collections.abc import Collection, Iterable, Sequence
from typing import Any

import numpy as np

from tmesim.reading import InputError, Problem


def csv_bytes(columns: Sequence[str], rows: Iterable[Sequence[Any]]) -> bytes:
    """A table whose bytes depend on its values alone: shortest exact numbers, NaN as an empty cell, \\n line ends."""
    lines = [",".join(map(csv_value, columns)), *(",".join(csv_value(v) for v in row) for row in rows)]
    return ("\n".join(lines) + "\n").encode()


def csv_value(value: Any) -> str:
    """A cell. Names are kept as they are, those that begin with `=` too: programs read these tables, and a spreadsheet
    asks before it obeys one."""
    if isinstance(value, str):
        return '"' + value.replace('"', '""') + '"' if any(c in value for c in ',"\n\r') else value
    number = float(value)
    if math.isnan(number):
        return ""
    return str(int(number)) if number.is_integer() and abs(number) < 1e15 else repr(number)


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
