"""Attributes of cells that live in the arrays: read and written there, for one cell or for many at once."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from tmesim.agents.handle import Handle
from tmesim.agents.roster import Roster
from tmesim.arguments import number, plain, whole
from tmesim.kernels.arrays import WORD_BITS

Rows = Any  # a row or an array of rows


class Column:
    """A number at `read(roster, rows)`; `write(roster, rows, value)` is None where it cannot be changed."""

    def __init__(
        self,
        read: Callable[[Roster, Rows], Any],
        doc: str,
        write: Callable[[Roster, Rows, Any], None] | None = None,
    ) -> None:
        self._read = read
        self._write = write
        self.__doc__ = doc
        self.name = ""

    def __set_name__(self, owner: type, name: str) -> None:
        self.name = name

    @property
    def key(self) -> Any:
        """Equal for columns that may be read together."""
        return id(self)

    def __get__(self, cell: Handle | None, owner: type) -> Any:
        if cell is None:
            return self
        roster = cell._roster
        return self._read(roster, roster.row(cell)).item()

    def __set__(self, cell: Handle, value: Any) -> None:
        roster = cell._roster
        self.write(roster, roster.row(cell), value)

    def many(self, roster: Roster, rows: np.ndarray) -> list[Any]:
        """The values of many cells as Python numbers."""
        return self._read(roster, rows).tolist()

    def write(self, roster: Roster, rows: Rows, value: Any) -> None:
        """Give one value to a row or to many."""
        if self._write is None:
            raise AttributeError(f"{self.name} of a cell cannot be changed")
        self._write(roster, rows, value)


def of_core(field: str, doc: str, most: Callable[[Roster], int] | None = None, or_else: int | None = None) -> Column:
    """A column of the cells' record. Where it may be changed it is a whole number from 0 to `most`, or one other:
    the kernels take these as they are."""
    return Core(field, doc, most, or_else)


class Core(Column):
    """A field of the cells' record as it is."""

    def __init__(self, field: str, doc: str, most: Callable[[Roster], int] | None, or_else: int | None) -> None:
        super().__init__(lambda roster, rows: roster.core[field][rows], doc, self._write_field if most else None)
        self.field = field
        self._most = most
        self._or_else = or_else

    def _write_field(self, roster: Roster, rows: Rows, value: Any) -> None:
        found = plain(value)
        if isinstance(found, float) and found.is_integer():  # as arithmetic leaves it
            found = int(found)
        if self._or_else is None or isinstance(found, bool) or found != self._or_else:
            other = "" if self._or_else is None else f", or {self._or_else}"
            found = whole(found, self.name, 0, self._most(roster) if self._most else 0, other)
        roster.core[self.field][rows] = found

    def __get__(self, cell: Handle | None, owner: type) -> Any:
        if cell is None:
            return self
        roster = cell._roster
        return roster.core[self.field].item(roster.row(cell))


class Antigens(Column):
    """Antigens as a whole number, a bit for each."""

    def __init__(self, doc: str) -> None:
        super().__init__(self._read_words, doc, self._write_words)

    def _read_words(self, roster: Roster, rows: Rows) -> Any:
        words = roster.antigens[rows]
        if words.shape[-1] == 1:
            return words[..., 0]
        return np.asarray(sum(words[..., w].astype(object) << WORD_BITS * w for w in range(words.shape[-1])), object)

    def _write_words(self, roster: Roster, rows: Rows, value: Any) -> None:
        words = roster.antigens.shape[1]
        found = whole(plain(value), self.name, 0, 2 ** (WORD_BITS * words) - 1)
        for w in range(words):
            roster.antigens[rows, w] = found >> WORD_BITS * w & 0xFFFFFFFF


class State(Column):
    """An integrated state of a cell type, in [0, 1]."""

    def __init__(self, doc: str = "") -> None:
        super().__init__(self._read_state, doc, self._write_state)

    @property
    def key(self) -> Any:
        return ("state", self.name)

    def __get__(self, cell: Handle | None, owner: type) -> Any:
        if cell is None:
            return self
        roster = cell._roster
        return roster.state.item(roster.row(cell), self._index(roster))

    def _index(self, roster: Roster) -> int:
        index = roster.index_of_state.get(self.name)
        if index is None:
            raise AttributeError(f"the catalogue of this model has no state {self.name!r}")
        return index

    def _read_state(self, roster: Roster, rows: Rows) -> Any:
        return roster.state[rows, self._index(roster)]

    def _write_state(self, roster: Roster, rows: Rows, value: Any) -> None:
        roster.state[rows, self._index(roster)] = number(value, self.name, least=0.0, most=1.0)


class Memory(Column):
    """A value that a class written in Python gives to its cells, and mothers to daughters. Kept by id, not by row."""

    def __init__(self, default: Any) -> None:
        super().__init__(self._never, "")
        self.default = default

    def _never(self, roster: Roster, rows: Rows) -> Any:
        raise NotImplementedError

    @property
    def key(self) -> Any:
        return ("memory", self.name, self.default)

    def __get__(self, cell: Handle | None, owner: type) -> Any:
        if cell is None:
            return self
        cell._roster.row(cell)  # a dead one raises
        return cell._roster.memory[self.name].get(cell._id, self.default)

    def many(self, roster: Roster, rows: np.ndarray) -> list[Any]:
        kept = roster.memory[self.name]
        return [kept.get(identity, self.default) for identity in roster.ids[rows].tolist()]

    def write(self, roster: Roster, rows: Rows, value: Any) -> None:
        value = unchangeable(value, self.name)
        kept = roster.memory[self.name]
        for identity in np.atleast_1d(roster.ids[rows]).tolist():
            kept[identity] = value


def unchangeable(value: Any, name: str) -> Any:
    """A value that mother and daughter can share, because it cannot change; scalars of NumPy become Python's."""
    value = plain(value)
    if isinstance(value, tuple):
        return tuple(unchangeable(item, name) for item in value)
    if value is None or isinstance(value, bool | int | float | str):
        return value
    raise TypeError(f"{name}: expected numbers, text or tuples of them, got {value!r}")


class TypeName(Column):
    """The name of the cell type: of the class, and of the cell, which is of another class when it is changed."""

    def __init__(self, of_class: str) -> None:
        super().__init__(self._never, "Name of the cell type.")
        self.of_class = of_class

    def _never(self, roster: Roster, rows: Rows) -> Any:
        raise NotImplementedError

    @property
    def key(self) -> Any:
        return "cell_type"

    def __get__(self, cell: Handle | None, owner: type) -> Any:
        if cell is None:
            return self.of_class
        roster = cell._roster
        return roster.names[int(roster.types[roster.row(cell)])]

    def many(self, roster: Roster, rows: np.ndarray) -> list[Any]:
        return [roster.names[code] for code in roster.types[rows].tolist()]

    def write(self, roster: Roster, rows: Rows, value: Any) -> None:
        roster.become(np.atleast_1d(rows), value)
