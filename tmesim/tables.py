"""Which tables a run leaves, with which columns, and what is wrong with one."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from tmesim.statistics import COLUMNS

NAMES = {
    "timeseries.csv": ("arm",),
    "endpoints.csv": ("arm",),
    "comparison.csv": ("endpoint", "arm", "reference", "interval"),
    "causes.csv": ("arm", "cell", "way", "cause", "zone"),
}
"""The columns of each table that hold names."""

FIRST = {
    "timeseries.csv": ("arm", "replicate", "day"),
    "endpoints.csv": ("arm", "replicate"),
    "comparison.csv": tuple(name for name in COLUMNS if name != "interval"),
    "causes.csv": ("arm", "replicate", "day", "cell", "way", "cause", "zone", "count"),
}
"""The columns with which each table begins; runs of before have no last one in the comparison."""


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
    if name == "causes.csv":
        there = {*zip(columns["arm"].tolist(), columns["replicate"].tolist(), strict=True)}
        return None if there == {(a, float(r)) for a in arms for r in range(replicates)} else "some rows are missing"
    parts = [(arm, float(replicate)) for arm in arms for replicate in range(replicates)]
    found = list(zip(columns["arm"].tolist(), columns["replicate"].tolist(), strict=True))
    rows = len(found) // len(parts)
    if not rows or found != [part for part in parts for _ in range(rows)]:
        return f"expected as many rows for each of {len(arms)} arms and {replicates} replicates"
    return None
