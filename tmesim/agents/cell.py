"""Cell: a Mesa agent that is a handle on a living cell of the arrays."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from tmesim.agents.columns import Antigens, Column, TypeName, of_core
from tmesim.agents.declaring import declare
from tmesim.agents.handle import DeadCell, Handle
from tmesim.agents.roster import Roster
from tmesim.agents.searching import within
from tmesim.arguments import number, whole
from tmesim.kernels import chance
from tmesim.kernels.arrays import NOBODY_TCR, WORD_BITS


class Cell(Handle):
    """A cell. Its attributes are read from and written to the arrays; when it has died they raise DeadCell.

    A class written in Python names its `cell_type`, may declare `columns`, values by name that each cell keeps and its
    daughters take over, and may have a `step()`, called once a step for each cell of the class. Handles of cells that
    the engine makes skip `__init__`; calling the class makes a new cell.

    layer ('tissue' or 'leukocyte'), color, label, behaviors (with their units), states, events : for a cell type that
    the scenario does not know; as in a scenario's `add: {cells: …}`.

    What a `step()` does may depend on the cell, its surroundings, `draw()` and `self.model`. What it is to remember
    belongs into `columns`: then copies, checkpoints and daughters have it too. Attributes of the class and globals are
    shared by all cells, arms and replicates of a process, so a `step()` must not change them.
    """

    cell_type: str = TypeName("")  # type: ignore[assignment]
    columns: dict[str, Any] = {}
    layer: str | None = None
    color: str = "#7F7F7F"
    label: str = ""
    behaviors: dict[str, Any] = {}
    states: tuple[str, ...] = ()
    events: tuple[dict[str, str], ...] = ()

    _roster: Roster

    def __init_subclass__(cls, **kwargs: Any) -> None:
        super().__init_subclass__(**kwargs)
        declare(cls)

    def __init__(
        self, model: Any, pos: tuple[float, float] | None = None, *, site: tuple[int, int] | None = None, **values: Any
    ) -> None:
        """A new cell on a free site of its layer.

        model : the TumorModel, made with this class in `agent_classes` or with a cell type of its `cell_type`
        pos : the site that holds the point (x, y), µm
        site : the site (row, column) instead
        values : states (0 to 1), declared columns, and columns such as `clone`, by name
        TypeError for a class that the model does not know or an unknown name, ValueError for a place outside of the
        tissue or taken, or a value out of bounds; then no cell is made.
        """
        roster: Roster = model._roster
        cell_type = type(self).cell_type
        code = roster.names.index(cell_type) if cell_type in roster.names else -1
        if code < 0 or not issubclass(roster.classes[code], type(self)):
            known = ", ".join(sorted(cls.__name__ for cls in roster.classes))
            raise TypeError(
                f"this model has no cells of the class {type(self).__name__}: name it in agent_classes=[…] when the "
                f"model is made. Known: {known}"
            )
        if (pos is None) == (site is None):
            raise TypeError("a new cell needs either pos=(x, y) in µm or site=(row, column)")
        y, x = _site(model.tissue, pos) if site is None else _whole_site(site)
        self.__class__ = roster.classes[code]
        for name in values:
            if not hasattr(type(self), name):
                raise TypeError(f"{type(self).__name__} has no attribute {name!r}")
        row = model.tissue.spawn(cell_type, int(y), int(x))
        roster._current()
        roster.adopt(self, int(roster.ids[row]), row)
        try:
            for name, value in values.items():
                setattr(self, name, value)
        except Exception:
            self.remove()
            raise

    # Who it is

    @property
    def model(self) -> Any:
        """The TumorModel that it lives in."""
        return self._roster.model

    @property
    def unique_id(self) -> int:
        """64-bit identity: a hash of mother and division, or of where and when it entered."""
        return self._id

    @property
    def alive(self) -> bool:
        """Whether it lives; this alone can be asked of a dead cell, with `unique_id` and `model`."""
        return self._roster.living(self)

    born = of_core("born", "When it came to be, h.")
    age = Column(lambda roster, rows: roster.tissue.hour - roster.core["born"][rows], "Hours since it came to be.")
    mother_id = of_core("mother", "Id of its mother; 0 for one that was there at the start or entered.")
    divisions = of_core("births", "How often it has divided.")
    divisions_left = of_core(
        "potential", "How often it can still divide, where its type has a hierarchy.", lambda roster: 255
    )
    clone = of_core("clone", "Number of its clone; 0 for none.", lambda roster: roster.tissue.clones.last)
    antigens = Antigens("The antigens that it carries or has captured, a bit for each.")
    receptor = of_core(
        "tcr", "The antigen that a T cell recognizes, by its bit; 65535 for a bystander.",
        lambda roster: WORD_BITS * roster.antigens.shape[1] - 1, int(NOBODY_TCR),
    )  # fmt: skip
    engagement = of_core("engagement", "Share of the last hour spent in a synapse, 0 to 1.")
    damage = of_core("damage", "Hits that had not faded when the last one fell.")
    target_id = of_core("target", "Id of the cell that it holds in a synapse; 0 for none.")

    # Where it is

    x = Column(lambda roster, rows: (roster.core["x"][rows] + 0.5) * roster.tissue.spacing, "To the right, µm.")
    y = Column(lambda roster, rows: (roster.core["y"][rows] + 0.5) * roster.tissue.spacing, "Downwards, µm.")

    @property
    def pos(self) -> tuple[float, float]:
        """Center of its site (x, y), µm. Setting it moves the cell to the site that holds the point, if it is free."""
        (y, x), spacing = self.site, self._roster.tissue.spacing
        return (x + 0.5) * spacing, (y + 0.5) * spacing

    @pos.setter
    def pos(self, value: tuple[float, float]) -> None:
        self.site = _site(self._roster.tissue, value)

    @property
    def site(self) -> tuple[int, int]:
        """Its site (row, column), as in `tissue.fields[name][site]`. Setting it moves the cell, if the site is free."""
        roster = self._roster
        row = roster.row(self)
        return roster.core["y"].item(row), roster.core["x"].item(row)

    @site.setter
    def site(self, value: tuple[int, int]) -> None:
        row, (y, x) = self._roster.row(self), _whole_site(value)
        if self._layer == "vessel":
            raise ValueError("a segment of a vessel cannot be moved")
        if (y, x) != self.site:
            self._roster.tissue.move(row, int(y), int(x))

    @property
    def _layer(self) -> str:
        return self._roster.tissue.catalogue.cells[self.cell_type].layer

    # What it perceives and does

    def behavior(self, name: str) -> float:
        """The value of a behavior at the last sensing; a cell that has just entered has not sensed yet.

        name : a behavior of its cell type, such as `division` (`tmesim list behaviors` gives the units); KeyError with
            those that it has
        """
        roster = self._roster
        row = roster.row(self)
        slot = roster.tissue.biology.slot(roster.names[int(roster.types[row])], name)
        return roster.value.item(row, slot)

    def local(self, name: str) -> float:
        """A field or matrix map at its site.

        name : such as `oxygen` (mmHg) or `ecm`; in the unit of the catalogue. KeyError with those that there are
        """
        tissue, site = self._roster.tissue, self.site
        for maps in (tissue.fields, tissue.matrix):
            if name in maps:
                return maps[name].item(*site)
        raise KeyError(f"there is no field {name!r}. Known: {', '.join([*tissue.fields, *tissue.matrix])}")

    def neighbors(self, radius: float | None = None, cell_type: str | None = None) -> list[Cell]:
        """Cells around it, of all layers, the nearest first. What shares its site is among them, it itself is not.

        radius : from site to site, µm, at least 0; by default the eight sites around. One beyond the patch finds all
        cell_type : the name of a cell type; by default all. KeyError with those that there are
        """
        roster, tissue = self._roster, self._roster.tissue
        reach = math.sqrt(2.0)
        if radius is not None:
            reach = number(radius, "radius", least=0.0, unit="µm") / tissue.spacing
        y, x = self.site
        found = within(y, x, roster.row(self), reach, tissue.layers)
        if cell_type is not None:
            found = found[roster.types[found] == tissue.biology.code(cell_type)]
        return roster.handles_at(found)

    def draw(self, purpose: str = "") -> float:
        """A number in (0, 1) for this cell, hour and purpose, whatever others draw and in which order.

        purpose : any text; each has its own sequence, in which the next call in the same step gives the next number
        """
        roster = self._roster
        roster.row(self)
        step = roster.tissue.step_index
        drawn: tuple[int, dict[str, int]] | None = self.__dict__.get("_drawn")
        if drawn is None or drawn[0] != step:
            drawn = self.__dict__["_drawn"] = (step, {})
        index = drawn[1][purpose] = drawn[1].get(purpose, -1) + 1
        word = chance.draw(roster.key(f"draw {purpose}"), np.uint64(self._id), step, index)[0]
        return (int(word) + 0.5) * chance.UNIT

    def become(self, cell_type: str) -> None:
        """Change into another type; the class of the handle changes with it. It senses anew in the next step.

        cell_type : a cell type of the same layer; ValueError with those that there are
        """
        self.cell_type = cell_type

    def divide(self) -> Cell | None:
        """Divide now, pushing neighbors aside as the engine does; the daughter, or None where there is no room.

        TypeError for a type that does not divide.
        """
        roster, tissue = self._roster, self._roster.tissue
        daughter = tissue.divide(roster.row(self), roster.key("push"))
        roster._current()
        if daughter is None:
            return None
        roster.tally("births", daughter)
        roster.inherit(np.array([daughter]))
        return roster.handle_at(daughter)

    def die(self) -> None:
        """Die at once and leave debris."""
        roster, tissue = self._roster, self._roster.tissue
        row = roster.row(self)
        roster.tally("deaths", row)
        tissue.kill(row)
        roster.forget(self._id)

    def remove(self) -> None:
        """Mesa's name for `die`."""
        self.die()

    def __repr__(self) -> str:
        return f"<{type(self).__name__} {self._id}{'' if self.alive else ', dead'}>"

    def __reduce__(self) -> tuple[Any, ...]:
        return _cell_again, (self.model, self._id, type(self), self.alive)


def _site(tissue: Any, pos: Any) -> tuple[int, int]:
    """The site that holds a point (x, y), µm."""
    x, y = (number(value, "pos", unit="µm") for value in _pair(pos, "pos", "(x, y) in µm"))
    if not (math.isfinite(x) and math.isfinite(y)):
        raise ValueError(f"pos: ({x}, {y}) lies outside of the tissue")
    return math.floor(y / tissue.spacing), math.floor(x / tissue.spacing)


def _whole_site(site: Any) -> tuple[int, int]:
    """A site (row, column) as whole numbers; whether it lies in the tissue is seen later."""
    row, column = (whole(value, "site", least=-(2**31)) for value in _pair(site, "site", "(row, column)"))
    return row, column


def _pair(value: Any, name: str, right: str) -> tuple[Any, Any]:
    try:
        first, second = value
    except (TypeError, ValueError):
        raise TypeError(f"{name}: expected {right}, got {value!r}") from None
    return first, second


def _cell_again(model: Any, identity: int, cls: type[Cell], alive: bool) -> Cell:
    """The handle of a cell out of a pickle, of a dead one too; its model may still be on the way."""
    waiting = model.__dict__.get("_waiting")
    if waiting is None:
        return model.cell(identity) if alive else model._roster.dead(cls, identity)
    return waiting.setdefault(identity, cls.__new__(cls))


__all__ = ["Cell", "DeadCell"]
