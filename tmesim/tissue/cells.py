"""Cells: the columns of all cells of a tissue, their room, and their order in memory."""

import numpy as np

from tmesim.kernels.arrays import CELL, DEAD, Columns, Layers
from tmesim.kernels.matrix import site_order

GROWTH = 1.25
RECORD = np.dtype((np.record, CELL))  # one has its fields as attributes; numpy's own record arrays are slow to read
COLUMNS = frozenset(CELL.names or ())


class Cells:
    """Rows 0 … n − 1 are in use, some of them dead (type 255). Columns are attributes, as views.

    states, slots : width of the columns `state` and `value`; words : of WORD_BITS antigens each
    """

    def __init__(self, states: int, slots: int, words: int = 1) -> None:
        self.n = 0
        capacity = 1024
        self.columns = Columns(
            np.full(capacity, DEAD, np.uint8),
            np.zeros(capacity, np.uint8),
            np.zeros(capacity, np.uint16),
            np.zeros((capacity, words), np.uint32),
            _records(capacity),
            np.zeros((capacity, max(states, 1)), np.float32),
            np.zeros((capacity, max(slots, 1)), np.float32),
        )

    def __getattr__(self, name: str) -> np.ndarray:
        if name in COLUMNS:
            return self.columns.core[name]
        if name in ("type", "event", "clone", "antigens", "value"):
            return getattr(self.columns, name)
        if name == "state":
            return self.columns.state.T
        raise AttributeError(name)

    @property
    def capacity(self) -> int:
        """Rows for which there is room."""
        return self.columns.type.size

    @property
    def rows(self) -> np.ndarray:
        """Rows of living cells."""
        return np.flatnonzero(self.columns.type[: self.n] != DEAD)

    def make_room(self, more: int) -> None:
        """Let at least `more` rows follow row n − 1."""
        if self.n + more <= self.capacity:
            return
        capacity = int((self.n + more) * GROWTH) // 8 * 8 + 64  # a multiple of 8: events are looked for in eights
        fresh = [
            _records(capacity) if old.dtype.names else np.zeros((capacity, *old.shape[1:]), old.dtype)
            for old in self.columns
        ]
        for new, old in zip(fresh, self.columns, strict=True):
            _rows(new)[: self.n] = _rows(old)[: self.n]
        fresh[0][self.n :] = DEAD
        self.columns = Columns(*fresh)

    def reorder(self, layers: Layers) -> None:
        """Put the living in the order of their sites, so that neighbors in space are neighbors in memory."""
        order = site_order(layers, self.n)
        m = order.size
        for column in self.columns:
            _rows(column)[:m] = np.take(_rows(column), order, axis=0)
        self.columns.type[m : self.n] = DEAD
        self.columns.event[m : self.n] = 0
        self.n = m

    def saved(self) -> dict[str, np.ndarray]:
        """Copies of all columns that outlast a step."""
        columns, n = self.columns, self.n
        return {
            "cells.type": columns.type[:n].copy(),
            "cells.clone": columns.clone[:n].copy(),
            "cells.antigens": columns.antigens[:n].copy(),
            "cells.core": columns.core[:n].copy(),
            "cells.state": columns.state[:n].copy(),
        }

    def restore(self, state: dict[str, np.ndarray]) -> None:
        """Put back what `saved` returned, where nobody is yet."""
        n = state["cells.type"].size
        self.make_room(n)
        self.n = n
        for name in ("type", "clone", "antigens", "core", "state"):
            column = getattr(self.columns, name)
            column[:n] = state[f"cells.{name}"].astype(column.dtype, copy=False)


def _records(capacity: int) -> np.ndarray:
    """Empty records, each in a line of the processor's cache: records that lie across two take twice the reading."""
    size = CELL.itemsize
    memory = np.zeros((capacity + 1) * size, np.uint8)
    first = -memory.ctypes.data % size
    return memory[first : first + capacity * size].view(RECORD)


def _rows(column: np.ndarray) -> np.ndarray:
    """The rows of a column as numbers; records are copied field by field, which takes several times as long."""
    return column.view(np.uint64).reshape(column.size, -1) if column.dtype.names else column
