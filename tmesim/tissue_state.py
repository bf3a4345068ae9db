"""The state of a tissue as plain arrays: taken, put back to the same bits, and hashed."""

from __future__ import annotations

import hashlib
from collections import Counter
from typing import TYPE_CHECKING

import numpy as np

from tmesim.cells import COLUMNS
from tmesim.kernels.arrays import CELL, PAD

if TYPE_CHECKING:
    from tmesim.tissue import Tissue

UNHASHED = ("arm", "counters.names", "counters.values")  # what will be done and was counted, not what is


def taken(tissue: Tissue) -> dict[str, np.ndarray]:
    """All that changes in a tissue, copied; brings its rows into the order of sites."""
    tissue.cells.reorder(tissue.layers)
    n = tissue.cells.n
    columns = tissue.cells.columns
    arrays = {
        "step": np.array(tissue.step_index),
        "seed": np.array(tissue.seed, np.uint64),
        "replicate": np.array(tissue.replicate),
        "arm": np.array(tissue.arm),
        "cells.type": columns.type[:n].copy(),
        "cells.clone": columns.clone[:n].copy(),
        "cells.core": np.array(columns.core[:n].view(np.ndarray)),
        "cells.state": columns.state[:n].copy(),
        "matrix": tissue.ground.matrix.copy(),
        "antigens": tissue.ground.antigens.copy(),
        "counters.names": np.array(list(tissue.counters), dtype=np.str_),
        "counters.values": np.array(list(tissue.counters.values()), dtype=np.float64),
    }
    arrays |= {f"fields.{name}": values for name, values in tissue.solver.state().items()}
    arrays |= {f"vessels.{name}": values for name, values in tissue.vessels.state().items()}
    arrays |= {f"node.{name}": values for name, values in tissue.node.state().items()}
    arrays |= {f"drug.{name}": course.amounts.copy() for name, course in tissue.courses.items()}
    return arrays


def put_back(tissue: Tissue, state: dict[str, np.ndarray]) -> None:
    """Bring a tissue without cells into a state that was taken of one under the same scenario and seed."""

    def part(prefix: str) -> dict[str, np.ndarray]:
        return {key[len(prefix) + 1 :]: value for key, value in state.items() if key.startswith(f"{prefix}.")}

    tissue.step_index = int(state["step"])
    cells, n = tissue.cells, state["cells.type"].size
    cells.make_room(n)
    cells.n = n
    cells.columns.type[:n] = state["cells.type"]
    cells.columns.clone[:n] = state["cells.clone"]
    cells.columns.core[:n] = state["cells.core"].astype(CELL, copy=False)
    cells.columns.state[:n] = state["cells.state"]
    place = tissue.biology.book.kinds["layer"][cells.type[:n]]
    rows = np.arange(n, dtype=np.int32)
    for code, layer in enumerate(tissue.layers):
        mine = place == code
        layer[cells.y[:n][mine].astype(int) + PAD, cells.x[:n][mine].astype(int) + PAD] = rows[mine]
    tissue.ground.matrix[...] = state["matrix"]
    tissue.ground.antigens[...] = state["antigens"]
    tissue.solver.restore(part("fields"))
    tissue.vessels.restore(part("vessels"))
    tissue.node.restore(part("node"))
    for name, amounts in part("drug").items():
        tissue.courses[name].restore(amounts)
    names, values = state["counters.names"], state["counters.values"]
    tissue.counters = Counter({str(name): int(value) for name, value in zip(names, values, strict=True)})


def digest(state: dict[str, np.ndarray]) -> str:
    """SHA-256 of a state in canonical order."""
    found = hashlib.sha256()
    for name, array in sorted(state.items()):
        if name in UNHASHED:
            continue
        if name == "cells.core":
            array = array.copy()
            array["stamp"] = 0
            parts = [np.ascontiguousarray(array[field]) for field in sorted(COLUMNS)]
        else:
            parts = [np.ascontiguousarray(array)]
        found.update(name.encode())
        for one in parts:
            found.update(str(one.dtype).encode() + str(one.shape).encode() + one.tobytes())
    return found.hexdigest()
