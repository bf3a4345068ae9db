"""What is kept of a run: rows of observables, snapshots of cells and fields, and files that appear whole or not at all.

Row and snapshot times are multiples of the step, so a run that was interrupted keeps the same ones.
"""

from __future__ import annotations

import hashlib
import io
import math
import os
import zipfile
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from tmesim.observables import Observable, measure

if TYPE_CHECKING:
    from tmesim.tissue import Tissue

RATE_WINDOW_H = 24.0
"""Rates of change in a row look back this far, h."""

DRAFT = ".draft"
"""Ending of a file that is being written; one that a killed process left is swept away when the run completes."""

CELL_COLUMNS = ("id", "mother", "y", "x", "born", "clone", "antigens", "tcr", "engagement", "damage", "target")


class Recorder:
    """The rows of one history. A branch takes a copy, so that each arm's table holds the shared days too."""

    def __init__(self, observables: Mapping[str, Observable], every_h: float, snapshots_h: Iterable[float]) -> None:
        self.observables = observables
        self.columns = ("hour", *observables)
        self.every_h = every_h
        self.snapshots_h = tuple(snapshots_h)
        self.rows: list[dict[str, float]] = []

    def copy(self) -> Recorder:
        twin = Recorder(self.observables, self.every_h, self.snapshots_h)
        twin.rows = list(self.rows)
        return twin

    def take(self, tissue: Tissue, step_h: float, last: bool = False) -> bool:
        """Add a row if one is due at the tissue's hour (a multiple of the interval, or the last hour); say whether."""
        if not (last or is_due(float(tissue.hour), self.every_h, step_h)):
            return False
        self.rows.append(measure(tissue, self.observables, self._before(float(tissue.hour))))
        return True

    def wants_snapshot(self, hour: float, step_h: float) -> bool:
        return any(abs(hour - at) < step_h / 2 for at in self.snapshots_h)

    def _before(self, hour: float) -> dict[str, float] | None:
        """The latest row at least a rate window old, or the first."""
        for row in reversed(self.rows):
            if hour - row["hour"] >= RATE_WINDOW_H - 1e-6:
                return row
        return self.rows[0] if self.rows else None

    @property
    def table(self) -> np.ndarray:
        """(rows, columns) float64."""
        return np.array([[row[c] for c in self.columns] for row in self.rows]).reshape(len(self.rows), -1)

    def restore(self, table: np.ndarray) -> None:
        self.rows = [dict(zip(self.columns, (float(v) for v in row), strict=True)) for row in table]


def is_due(hour: float, every_h: float, step_h: float) -> bool:
    """Whether the step that ends at `hour` is the first at or past a multiple of the interval."""
    return math.floor(hour / every_h + 1e-6) > math.floor((hour - step_h) / every_h + 1e-6)


def cells_of(tissue: Tissue) -> dict[str, np.ndarray]:
    """The living cells as columns, ordered by id; `type` is an index into `types`."""
    cells, n = tissue.cells, tissue.cells.n
    alive = np.flatnonzero(cells.type[:n] != 255)
    rows = alive[np.argsort(cells.id[alive], kind="stable")]
    columns: dict[str, np.ndarray] = {"type": cells.type[rows], "types": np.array(list(tissue.biology.types))}
    columns |= {name: getattr(cells, name)[rows] for name in CELL_COLUMNS}
    columns |= {f"state.{name}": cells.state[i][rows] for i, name in enumerate(tissue.biology.states)}
    return columns | {"hour": np.array(float(tissue.hour)), "spacing_um": np.array(float(tissue.spacing))}


def fields_of(tissue: Tissue) -> dict[str, np.ndarray]:
    """Every site map: fields and matrix as float32, vessels as masks and link bits, each (ny, nx)."""
    maps = {f"field.{name}": np.asarray(c, np.float32) for name, c in tissue.fields.items()}
    maps |= {f"matrix.{name}": np.asarray(c, np.float32) for name, c in tissue.matrix.items()}
    maps |= {f"vessels.{name}": getattr(tissue.vessels, name) for name in ("perfused", "links", "root", "tip")}
    return maps | {"hour": np.array(float(tissue.hour)), "spacing_um": np.array(float(tissue.spacing))}


def pack(arrays: Mapping[str, np.ndarray]) -> bytes:
    """The bytes of an .npz of these arrays; the same arrays give the same bytes (numpy's own writer compresses
    three times slower and is no smaller on fields)."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as archive:
        for name, array in arrays.items():
            member = io.BytesIO()
            np.lib.format.write_array(member, np.ascontiguousarray(array).reshape(np.shape(array)), allow_pickle=False)
            info = zipfile.ZipInfo(f"{name}.npy")
            info.compress_type = zipfile.ZIP_DEFLATED
            archive.writestr(info, member.getbuffer())
    return out.getvalue()


def unpack(data: bytes) -> dict[str, np.ndarray]:
    with np.load(io.BytesIO(data), allow_pickle=False) as archive:
        return {name: archive[name] for name in archive.files}


def seal(data: bytes) -> bytes:
    """The data behind a line with their SHA-256."""
    return hashlib.sha256(data).hexdigest().encode() + b"\n" + data


def unseal(data: bytes) -> bytes | None:
    """The data, or None when they are not what was sealed."""
    head, _, body = data.partition(b"\n")
    return body if head == hashlib.sha256(body).hexdigest().encode() else None


def write(path: Path, data: bytes | str) -> None:
    """Write a file so that it appears whole or not at all, even when the machine stops."""
    path.parent.mkdir(parents=True, exist_ok=True)
    draft = path.with_name(f".{path.name}.{os.getpid()}{DRAFT}")
    try:
        with open(draft, "wb") as file:
            file.write(data.encode() if isinstance(data, str) else data)
            file.flush()
            os.fsync(file.fileno())
        os.replace(draft, path)
    finally:
        draft.unlink(missing_ok=True)


def csv_bytes(columns: Sequence[str], rows: Iterable[Sequence[Any]]) -> bytes:
    """A table whose bytes depend on its values alone: shortest exact numbers, NaN as an empty cell, \\n line ends."""
    lines = [",".join(columns), *(",".join(csv_value(v) for v in row) for row in rows)]
    return ("\n".join(lines) + "\n").encode()


def csv_value(value: Any) -> str:
    if isinstance(value, str):
        return '"' + value.replace('"', '""') + '"' if any(c in value for c in ',"\n') else value
    number = float(value)
    if math.isnan(number):
        return ""
    return str(int(number)) if number.is_integer() and abs(number) < 1e15 else repr(number)
