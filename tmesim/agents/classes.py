"""The agent class of each cell type, made from the catalogue."""

from __future__ import annotations

from collections.abc import Iterable
from functools import cache
from typing import Any

from tmesim.agents.cell import Cell
from tmesim.agents.columns import State
from tmesim.catalogue import Catalogue, CellType, load_catalogue
from tmesim.reading import InputError, Problem
from tmesim.reserved import taken

HOME = "tmesim.agents"
"""The module from which people and pickles import the classes."""


def cell_classes(given: Any) -> tuple[type[Cell], ...]:
    """One class or several, as a tuple; TypeError for what is no cell class with a cell type."""
    several = tuple(given) if isinstance(given, Iterable) else (given,)
    for cls in several:
        if not (isinstance(cls, type) and issubclass(cls, Cell)):
            raise TypeError(f"agent_classes: expected classes derived from tmesim.agents.Cell, got {cls!r}")
        if not cls.cell_type:
            raise TypeError(f"agent_classes: {cls.__name__} has no cell_type; expected the name of one such as 'tumor'")
    return several


def classes_of(catalogue: Catalogue, chosen: Iterable[type[Cell]] = ()) -> list[type[Cell]]:
    """The class of each cell type of a catalogue, in its order; `chosen` ones take the place of the catalogue's.

    InputError for a state whose name means something for every cell; TypeError or ValueError for a class that is none.
    """
    wrong = [
        Problem(f"a state cannot be called '{state}': every cell has that already", f"cells.{name}.states")
        for name, entry in catalogue.cells.items()
        for state in taken(entry.states)
    ]
    if wrong:
        raise InputError(wrong)
    own: dict[str, type[Cell]] = {}
    for cls in chosen:
        name = cls.cell_type
        if name in own:
            raise ValueError(f"{own[name].__name__} and {cls.__name__} are both for the cell type {name!r}")
        if name not in catalogue.cells:
            known = ", ".join(catalogue.cells)
            raise ValueError(f"{cls.__name__}.cell_type: there is no cell type {name!r}. Known: {known}")
        _interchangeable(cls)
        for state in _missing(cls, catalogue.cells[name].states):
            if hasattr(cls, state):
                raise TypeError(f"{cls.__name__}.{state}: cells of the type {name!r} have a state of this name")
            column = State()
            column.__set_name__(cls, state)
            setattr(cls, state, column)
        own[name] = cls
    return [
        own.get(name) or _class_of(name, entry.agent, entry.label, _states_of(catalogue, entry))
        for name, entry in catalogue.cells.items()
    ]


@cache
def packaged_classes() -> dict[str, type[Cell]]:
    """The class of each cell type of the packaged catalogue, by the name of the class."""
    catalogue = load_catalogue()
    made = (
        _made(Cell, name, entry.agent, entry.label, _states_of(catalogue, entry))
        for name, entry in catalogue.cells.items()
    )
    return {cls.__name__: cls for cls in made}


def _states_of(catalogue: Catalogue, entry: CellType) -> tuple[tuple[str, str], ...]:
    """The states of a cell type with what they mean."""
    return tuple((name, f"{catalogue.states[name].label}: {catalogue.states[name].meaning}") for name in entry.states)


@cache
def _class_of(name: str, agent: str, label: str, states: tuple[tuple[str, str], ...]) -> type[Cell]:
    """The class of a cell type: the packaged one where it fits, else a new one."""
    base = packaged_classes().get(agent, Cell)
    missing = _missing(base, [state for state, _ in states])
    if base.cell_type == name and not missing:
        return base
    return _made(base, name, agent, label, tuple(pair for pair in states if pair[0] in missing))


def _made(base: type[Cell], name: str, agent: str, label: str, states: tuple[tuple[str, str], ...]) -> type[Cell]:
    """A class of handles on the cells of a type, with an attribute for each state."""
    doc = f"{label[0].upper()}{label[1:]}: a live handle on a cell of the type `{name}`."
    if states:
        doc += "\n\nStates, each between 0 and 1:\n\n" + "\n".join(f"{state} : {means}" for state, means in states)
    content: dict[str, Any] = {state: State(means) for state, means in states}
    return type(agent, (base,), {"cell_type": name, "__doc__": doc, "__module__": HOME, **content})


def _missing(cls: type[Cell], states: Iterable[str]) -> list[str]:
    """The states of a cell type that a class does not show yet."""
    return [state for state in states if not isinstance(getattr(cls, state, None), State)]


def _interchangeable(cls: type[Cell]) -> None:
    """Complain about a class whose instances cannot change into other cells."""
    try:
        Cell.__new__(Cell).__class__ = cls
    except TypeError as error:
        raise TypeError(f"{cls.__name__} must not have __slots__: cells change their class with their type") from error
