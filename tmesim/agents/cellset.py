"""CellSet: some cells, or all of them, as Mesa's AgentSet."""

from __future__ import annotations

import random
import weakref
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator
from typing import Any

import numpy as np

from tmesim.agents.cell import Cell
from tmesim.agents.mesa import AgentSet, GroupBy
from tmesim.agents.roster import Roster
from tmesim.arguments import number, plain


class CellSet(AgentSet):
    """Cells as Mesa's AgentSet. Members are looked up in the arrays when asked for, and read there all at once.

    model : the TumorModel whose cells they are
    codes : indices of cell types. Without `ids` the set is the living view of a model: all cells, or those of these
        types, in the order of their sites
    ids : unique ids, (n,) uint64. With them (what select, sort, shuffle, groupby and copy return) the set holds these
        cells, in this order, while they live

    Functions that are called for each member get its handle; whoever dies before its turn is left out.
    """

    def __init__(self, model: Any, codes: frozenset[int] | None = None, ids: np.ndarray | None = None) -> None:
        # Mesa's own __init__ would fill a dict with all members, and its later versions call type(self)(…).
        self._model = model
        self._codes = codes
        self._ids = ids

    # Who belongs to it

    @property
    def _roster(self) -> Roster:
        return self._model._roster

    def rows(self) -> np.ndarray:
        """Rows of the members in the columns of the tissue's cells, in order."""
        if self._ids is None:
            return self._roster.rows_by_site(self._codes)
        rows = self._roster.locate(self._ids)
        return rows[rows >= 0]

    def to_list(self) -> list[Cell]:
        """The members as a list of handles."""
        return self._roster.handles_at(self.rows())

    def _of(self, rows: np.ndarray) -> CellSet:
        return CellSet(self._model, ids=self._roster.ids[rows])

    def _replace(self, other: CellSet) -> CellSet:
        """Become another set, for `inplace=True`; a living view cannot."""
        self._own()
        self._ids = other._ids
        return self

    def _own(self) -> np.ndarray:
        if self._ids is None:
            raise TypeError("this set shows the model's cells as they are; take a copy() to change what is in it")
        return self._ids

    @property
    def _agents(self) -> weakref.WeakKeyDictionary:
        """What other code of Mesa expects of an AgentSet."""
        return weakref.WeakKeyDictionary(dict.fromkeys(self.to_list()))

    @property
    def random(self) -> Any:
        """Mesa's generator of the model; nothing here draws from it."""
        return self._model.random

    def __len__(self) -> int:
        if self._ids is None:
            return self._roster.count(self._codes)
        return int(self.rows().size)

    def __iter__(self) -> Iterator[Cell]:
        """The members, without those that die before their turn."""
        living = self._roster.living
        return (cell for cell in self.to_list() if living(cell))

    def __contains__(self, agent: Any) -> bool:
        roster = self._roster
        if getattr(agent, "_roster", None) is not roster or not roster.living(agent):
            return False
        if self._ids is not None:
            return bool((self._ids == agent.unique_id).any())
        return self._codes is None or int(roster.types[roster.row(agent)]) in self._codes

    def __getitem__(self, item: int | slice) -> Any:
        rows = self.rows()[item]
        return self._roster.handles_at(rows) if isinstance(item, slice) else self._roster.handle_at(int(rows))

    def copy(self) -> CellSet:
        """The cells that are members now, as a set of its own, to which cells can be added."""
        return self._of(self.rows())

    __copy__ = copy

    def __reduce__(self) -> tuple[Any, ...]:
        return CellSet, (self._model, self._codes, self._ids)

    @classmethod
    def _from_iterable(cls, cells: Iterable[Cell]) -> Any:
        """The result of set algebra such as `a | b`."""
        found = list(cells)
        if not found:
            return AgentSet([], random=random.Random(0))
        return CellSet(found[0].model, ids=np.array([cell.unique_id for cell in found], np.uint64))

    def add(self, agent: Cell) -> None:
        """Take in a cell.

        agent : a living cell of the same model
        TypeError for a living view: take a copy() first.
        """
        ids = self._own()
        if agent not in self:
            self._ids = np.append(ids, np.uint64(agent.unique_id))

    def discard(self, agent: Cell) -> None:
        """Leave a cell out; it lives on.

        agent : a cell, which need not be a member
        TypeError for a living view: take a copy() first.
        """
        ids = self._own()
        self._ids = ids[ids != np.uint64(agent.unique_id)]

    def remove(self, agent: Cell) -> None:
        """Leave a member out; it lives on.

        agent : a cell; KeyError if it is no member
        TypeError for a living view: take a copy() first.
        """
        if agent not in self:
            raise KeyError(agent)
        self.discard(agent)

    # Subsets and orders

    def select(
        self,
        filter_func: Callable[[Any], bool] | None = None,
        at_most: int | float = float("inf"),
        inplace: bool = False,
        agent_type: type | None = None,
    ) -> CellSet:
        """Those that pass a filter or are of a class, at most so many, in order.

        filter_func : what is called with each cell and says whether it passes; by default all do
        at_most : how many at most, a whole number; up to 1.0 as a float, a share of the members. The first that pass
        inplace : change this set, which must be no living view, instead of returning a new one
        agent_type : a class, or a base class of several; found in the arrays, so that no handle is made
        TypeError or ValueError name the argument.
        """
        rows = self.rows()
        at_most = plain(at_most)
        number(at_most, "at_most", least=0.0)
        if isinstance(at_most, float) and at_most <= 1.0:
            at_most = int(rows.size * at_most)
        if agent_type is not None:
            rows = rows[np.isin(self._roster.types[rows], list(self._roster.codes_of(agent_type)))]
        if filter_func is not None:
            ids: list[int] = []
            for cell in self._roster.handles_at(rows):
                if len(ids) >= at_most:
                    break
                if filter_func(cell):
                    ids.append(cell.unique_id)
            found = CellSet(self._model, ids=np.array(ids, np.uint64))
        else:
            found = self._of(rows if at_most >= rows.size else rows[: int(at_most)])
        return self._replace(found) if inplace else found

    def sort(self, key: Callable[[Any], Any] | str, ascending: bool = False, inplace: bool = False) -> CellSet:
        """The members in the order of an attribute or function; those that are equal keep their order.

        key : the name of an attribute that all have, or what is called with each cell and gives something to compare
        ascending : from the lowest up; by default from the highest down, as in Mesa
        inplace : change this set, which must be no living view, instead of returning a new one
        AttributeError for an attribute that a member does not have.
        """
        rows = self.rows()
        if isinstance(key, str):
            values = self._roster.read(rows, key, "error", None)
        else:
            values = [key(cell) for cell in self._roster.handles_at(rows)]
        order = sorted(range(len(values)), key=values.__getitem__, reverse=not ascending)
        found = self._of(rows[order])
        return self._replace(found) if inplace else found

    def shuffle(self, inplace: bool = False) -> CellSet:
        """In an order drawn for each cell and step by the engine's chance: the same one within a step.

        inplace : change this set, which must be no living view, instead of returning a new one
        """
        found = self._of(self._roster.dealt(self.rows()))
        return self._replace(found) if inplace else found

    def groupby(self, by: Callable[[Any], Any] | str, result_type: str = "agentset") -> GroupBy:
        """Groups by an attribute or function, in a Mesa GroupBy.

        by : the name of an attribute that all have, or what is called with each cell
        result_type : "agentset" for groups that are sets, "list" for lists of handles
        """
        rows = self.rows()
        if isinstance(by, str):
            values = self._roster.read(rows, by, "error", None)
        else:
            values = [by(cell) for cell in self._roster.handles_at(rows)]
        groups: dict[Any, list[int]] = defaultdict(list)
        for value, row in zip(values, rows.tolist(), strict=True):
            groups[value].append(row)
        made: Callable[[np.ndarray], Any] = self._of if result_type == "agentset" else self._roster.handles_at
        return GroupBy({value: made(np.array(some)) for value, some in groups.items()})

    # What members are and do

    def get(self, attr_names: Any, handle_missing: str = "error", default_value: Any = None) -> list[Any]:
        """Values of one attribute, or lists of several, for each member; columns of the arrays are read at once.

        attr_names : a name, or several
        handle_missing : "error" raises AttributeError for a member without the attribute, "default" gives the default
        default_value : what stands for a missing attribute
        """
        if handle_missing not in ("error", "default"):
            raise ValueError(f"handle_missing: expected 'error' or 'default', got {handle_missing!r}")
        rows = self.rows()
        if isinstance(attr_names, str):
            return self._roster.read(rows, attr_names, handle_missing, default_value)
        columns = [self._roster.read(rows, name, handle_missing, default_value) for name in attr_names]
        return [list(values) for values in zip(*columns, strict=True)]

    def set(self, attr_name: str, value: Any) -> CellSet:
        """Give an attribute of every member one value; returns the set.

        attr_name : a state, a declared column, a column of the arrays that can be changed, or any other name, which
            stays on the handles
        value : in the unit of the attribute. ValueError or TypeError for one that the arrays do not take
        """
        self._roster.write(self.rows(), attr_name, value)
        return self

    def map(self, method: str | Callable[..., Any], *args: Any, **kwargs: Any) -> list[Any]:
        """What a method or function returns for each member that lives when its turn comes, as a list.

        method : the name of a method of the cells, or a function of a cell
        args, kwargs : given on to it
        """
        return [_call(cell, method, args, kwargs) for cell in self]

    def do(self, method: str | Callable[..., Any], *args: Any, **kwargs: Any) -> CellSet:
        """Call a method or function for each member that lives when its turn comes; returns the set.

        method : the name of a method of the cells, or a function of a cell
        args, kwargs : given on to it
        """
        for cell in self:
            _call(cell, method, args, kwargs)
        return self

    def shuffle_do(self, method: str | Callable[..., Any], *args: Any, **kwargs: Any) -> CellSet:
        """Call a method or function in the order of `shuffle`; arguments as in `CellSet.do`."""
        self.shuffle().do(method, *args, **kwargs)
        return self

    def __repr__(self) -> str:
        return f"<CellSet of {len(self)} cells>"


def _call(cell: Cell, method: str | Callable[..., Any], args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
    return getattr(cell, method)(*args, **kwargs) if isinstance(method, str) else method(cell, *args, **kwargs)
