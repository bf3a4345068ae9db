"""Roster: which handle stands for which cell, and where that cell is in the arrays now."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

import numpy as np

from tmesim.agents.handle import DeadCell, Handle
from tmesim.agents.mesa import MesaAgent
from tmesim.agents.searching import lots, rows_of
from tmesim.kernels.arrays import DEAD, PAD

if TYPE_CHECKING:
    from tmesim.tissue import Tissue

FEW = 64  # cells looked for one by one before all are


class Roster:
    """The handles of one model, made when somebody looks and kept while their cells live.

    Rows move when cells are put in the order of their sites. A handle remembers its last row; whether the cell is
    still there is seen by its id, so nothing needs to be told to the handles.
    """

    def __init__(self, model: Any, tissue: Tissue, classes: list[type[Handle]]) -> None:
        self.model = model
        self.tissue = tissue
        self._cells = tissue.cells
        self.classes = classes
        self.names = list(tissue.biology.types)
        self.index_of_state = {name: i for i, name in enumerate(tissue.biology.states)}
        self.handles: dict[int, Handle] = {}
        self.memory: dict[str, dict[int, Any]] = defaultdict(dict)  # column declared in Python → id → value
        self.stepped = [code for code, cls in enumerate(classes) if cls.step is not MesaAgent.step]
        self.stepping: Handle | None = None  # whose `step()` is at work, for whoever meets an error in it
        self._keys: dict[str, np.uint64] = {}
        self._misses = 0
        self._before: tuple[np.ndarray, np.ndarray] | None = None
        self._columns: Any = None
        self._look()

    def _look(self) -> None:
        """Take hold of the arrays, again when they have been replaced by larger ones."""
        self._columns = self._cells.columns
        core = self._columns.core.view(np.ndarray)
        self.core: dict[str, np.ndarray] = {name: core[name] for name in core.dtype.names or ()}
        self.core["clone"] = self._columns.clone
        self.antigens: np.ndarray = self._columns.antigens
        self.ids = self.core["id"]
        self.types = self._columns.type
        self.state = self._columns.state
        self.value = self._columns.value

    def _current(self) -> int:
        """Rows in use, after a look at the arrays."""
        if self._cells.columns is not self._columns:
            self._look()
        return self._cells.n

    # Rows of cells

    def row(self, cell: Handle) -> int:
        """The row of a living cell; DeadCell when it has died."""
        if self._cells.columns is not self._columns:
            self._look()
        row = cell._row
        if row >= 0 and self.ids.item(row) == cell._id and self.types.item(row) != DEAD:
            return row
        return self._found(cell)

    def living(self, cell: Any) -> bool:
        """Whether the cell of a handle lives."""
        try:
            self.row(cell)
        except DeadCell:
            return False
        return True

    def _found(self, cell: Handle) -> int:
        if cell._row >= 0:
            self._misses += 1
            if self._misses >= FEW:
                self._misses = 0
                self.refresh()
            if cell._row >= 0:
                cell._row = int(self.locate(np.array([cell._id], np.uint64))[0])
        if cell._row < 0:
            self.handles.pop(cell._id, None)
            raise DeadCell(f"the {type(cell).__name__} {cell._id} does not live any more")
        return cell._row

    def locate(self, ids: np.ndarray) -> np.ndarray:
        """The row of each id, −1 where no such cell lives."""
        n = self._current()
        here, alive = self.ids[:n], self.types[:n] != DEAD
        if ids.size <= n and np.array_equal(here[: ids.size], ids):  # nothing has moved
            return np.where(alive[: ids.size], np.arange(ids.size), -1)
        living = np.flatnonzero(alive)  # a free row may still bear the id of a cell that was moved
        if ids.size == 1:
            return np.append(living[here[living] == ids[0]], -1)[:1]
        at = rows_of(here[living], ids)
        return np.append(living, -1)[at]

    def refresh(self) -> None:
        """Tell all handles their rows, and forget those of the dead."""
        self._current()
        ids = np.fromiter(self.handles, np.uint64, len(self.handles))
        for identity, row in zip(ids.tolist(), self.locate(ids).tolist(), strict=True):
            self.handles[identity]._row = row
            if row < 0:
                del self.handles[identity]

    def rows_by_site(self, codes: Iterable[int] | None = None) -> np.ndarray:
        """Rows of the living, or of those of some types, in the order of their sites: a function of space alone."""
        self._current()
        inner = [layer[PAD:-PAD, PAD:-PAD] for layer in self.tissue.layers]
        rows = np.stack(inner, axis=-1).ravel()
        rows = rows[rows >= 0]
        return rows if codes is None else rows[np.isin(self.types[rows], list(codes))]

    def count(self, codes: Iterable[int] | None = None) -> int:
        """How many live, of all types or of some."""
        counts = np.bincount(self.types[: self._current()], minlength=256)
        return int(sum(counts[code] for code in (range(len(self.classes)) if codes is None else codes)))

    def codes_of(self, cls: type) -> frozenset[int]:
        """The types whose cells are instances of a class."""
        return frozenset(code for code, own in enumerate(self.classes) if issubclass(own, cls))

    # Handles

    def handle_at(self, row: int) -> Any:
        return self.handles_at(np.array([row]))[0]

    def handles_at(self, rows: np.ndarray) -> list[Any]:
        """The handles of the living cells in some rows: the known ones, and new ones for the others."""
        self._current()
        found = []
        known, classes = self.handles, self.classes
        ids, codes = self.ids[rows].tolist(), self.types[rows].tolist()
        for identity, row, code in zip(ids, rows.tolist(), codes, strict=True):
            cell = known.get(identity)
            if cell is None:
                cell = self.adopt(classes[code].__new__(classes[code]), identity, row)
            else:
                cell._row = row
                if cell.__class__ is not classes[code]:
                    cell.__class__ = classes[code]
            found.append(cell)
        return found

    def adopt(self, cell: Handle, identity: int, row: int) -> Any:
        """Make an object the handle of a cell."""
        cell._roster = self
        cell._id = identity
        cell._row = row
        self.handles[identity] = cell
        return cell

    def bury(self, cell: Handle, identity: int) -> Any:
        """Make an object the handle of a cell that does not live any more."""
        cell._roster, cell._id, cell._row = self, identity, -1
        return cell

    def dead(self, cls: type[Handle], identity: int) -> Any:
        """A handle of a cell that does not live any more."""
        return self.bury(cls.__new__(cls), identity)

    # Through a step

    def watch(self) -> None:
        """Note who lives before a step, if there is anything to keep up to date."""
        self._before = None
        if self.handles or any(self.memory.values()):
            n = self._current()
            self._before = self.ids[:n].copy(), self.types[:n].copy()

    def keep_up(self) -> None:
        """After a step: daughters inherit, the changed change their class, the dead are forgotten."""
        n = self._current()
        if self._before is None:
            return
        ids, types = self._before
        rows = self.locate(ids)
        if any(self.memory.values()):
            new = np.ones(n, bool)
            new[rows[rows >= 0]] = False
            new &= self.types[:n] != DEAD
            self.inherit(np.flatnonzero(new))
        gone = (rows < 0) & (types != DEAD)
        for identity in ids[gone].tolist():
            self.forget(identity)
        for row in rows[(rows >= 0) & (self.types[rows] != types)].tolist():
            self._reclass(row)

    def inherit(self, rows: np.ndarray) -> None:
        """Cells in some rows take over what their mothers remember."""
        born = list(zip(self.ids[rows].tolist(), self.core["mother"][rows].tolist(), strict=True))
        for kept in self.memory.values():
            kept |= {identity: kept[mother] for identity, mother in born if mother in kept}

    def forget(self, identity: int) -> None:
        """A cell has died."""
        cell = self.handles.pop(identity, None)
        if cell is not None:
            cell._row = -1
        for kept in self.memory.values():
            kept.pop(identity, None)

    def _reclass(self, row: int) -> None:
        cell = self.handles.get(int(self.ids[row]))
        if cell is not None:
            cell.__class__ = self.classes[self.types[row]]

    def become(self, rows: np.ndarray, name: str) -> None:
        """Cells change into another type of their layer; they sense anew in the next step."""
        if name not in self.names:
            raise ValueError(f"there is no cell type {name!r}. Known: {', '.join(self.names)}")
        code, layers = self.names.index(name), self.tissue.biology.rules.kinds["layer"]
        if (layers[self.types[rows]] != layers[code]).any():
            same = [other for c, other in enumerate(self.names) if layers[c] == layers[code]]
            raise ValueError(f"only cells of the same layer can become {name}: {', '.join(same)}")
        for row in rows[self.types[rows] != code].tolist():
            self.tally("changes", row)
            self.tissue.counters[f"changes.{self.names[self.types[row]]}.{name}"] += 1
            self.tissue.shrink(row)
            self.types[row] = code
            self.core["target"][row] = 0
            self.value[row] = 0.0
            self._reclass(row)

    def tally(self, what: str, row: int) -> None:
        """Count what was done to a cell in Python as the engine counts its own."""
        for name in (what, f"{what}.{self.names[self.types[row]]}"):
            self.tissue.counters[name] += 1

    # Chance and order

    def key(self, purpose: str) -> np.uint64:
        """The key of a purpose of draws of agents."""
        if purpose not in self._keys:
            self._keys[purpose] = self.tissue.key(f"agent {purpose}")
        return self._keys[purpose]

    def dealt(self, rows: np.ndarray) -> np.ndarray:
        """Rows in the order of this step: hashed from seed, step and id, so that rows and looks have no part in it."""
        return rows[np.argsort(lots(self.key("order"), self.ids[rows], self.tissue.step_index))]

    def step_agents(self) -> None:
        """Call `step()` of the cells of all classes that have one, in the order of this step."""
        if self.stepped:
            n = self._current()
            rows = np.flatnonzero(np.isin(self.types[:n], self.stepped))
            for cell in self.handles_at(self.dealt(rows)):
                if self.living(cell):
                    self.stepping = cell
                    cell.step()
            self.stepping = None

    # Attributes of many at once

    def read(self, rows: np.ndarray, name: str, missing: str, default: Any) -> list[Any]:
        """An attribute of cells in some rows: from the arrays where it is a column of the class, else one by one."""
        self._current()
        codes = self.types[rows]
        groups: dict[Any, list[int]] = defaultdict(list)
        columns: dict[Any, Any] = {}
        for code in np.flatnonzero(np.bincount(codes, minlength=256)).tolist():
            column = attribute(self.classes[code], name)
            if column is not None and not hasattr(column, "many"):  # something in plain Python
                cells = self.handles_at(rows)
                if missing == "error":
                    return [getattr(cell, name) for cell in cells]
                return [getattr(cell, name, default) for cell in cells]
            key = None if column is None else column.key
            groups[key].append(code)
            columns[key] = column
        if len(groups) == 1 and None not in groups:
            return next(iter(columns.values())).many(self, rows)
        out = [default] * rows.size
        for key, members in groups.items():
            mine = np.flatnonzero(np.isin(codes, members))
            if key is None:
                values = self._noted(rows[mine], name, missing, default)
            else:
                values = columns[key].many(self, rows[mine])
            for i, value in zip(mine.tolist(), values, strict=True):
                out[i] = value
        return out

    def _noted(self, rows: np.ndarray, name: str, missing: str, default: Any) -> list[Any]:
        """What somebody has put on the handles of some cells under a name that their class does not know."""
        handles = (self.handles.get(identity) for identity in self.ids[rows].tolist())
        notes = [{} if cell is None else cell.__dict__ for cell in handles]
        if missing == "error":
            for row, note in zip(rows.tolist(), notes, strict=True):
                if name not in note:
                    raise AttributeError(f"{self.classes[self.types[row]].__name__} has no attribute {name!r}")
        return [note.get(name, default) for note in notes]

    def write(self, rows: np.ndarray, name: str, value: Any) -> None:
        """Give an attribute of cells in some rows one value."""
        self._current()
        codes = self.types[rows]
        columns = {
            code: attribute(self.classes[code], name)
            for code in np.flatnonzero(np.bincount(codes, minlength=256)).tolist()
        }
        if all(hasattr(column, "many") for column in columns.values()):
            for code, column in columns.items():
                column.write(self, rows[codes == code], value)
        else:
            for cell in self.handles_at(rows):
                setattr(cell, name, value)


def attribute(cls: type, name: str) -> Any:
    """What a class holds under a name, itself or from a base, without calling it; None if nothing."""
    return next((base.__dict__[name] for base in cls.__mro__ if name in base.__dict__), None)
