"""Agents: one Mesa agent class for each cell type, whose instances are live handles on the cells of the arrays.

The classes below belong to the packaged catalogue. A type that a scenario or a later catalogue adds gets its class
when a model is made.
"""

from __future__ import annotations

from collections.abc import Iterable
from functools import cache
from typing import Any

from tmesim.agents.cell import Cell, DeadCell
from tmesim.agents.columns import State
from tmesim.catalogue import Catalogue, load_catalogue
from tmesim.reading import InputError, Problem
from tmesim.reserved import taken


class TumorCell(Cell):
    """A living tumor cell."""

    cell_type = "tumor"
    emt = State("Epithelial-mesenchymal transition: 0 epithelial, 1 mesenchymal.")
    hypoxia_response = State("Level of hypoxia-responsive proteins.")
    pdl1 = State("PD-L1 on the surface.")
    stemness = State("Stem-like behavior.")
    dna_damage = State("Damage by a drug that binds DNA.")


class NecroticCell(Cell):
    """The remains of a tumor cell that still fill its site."""

    cell_type = "necrotic"


class Fibroblast(Cell):
    """A resting fibroblast."""

    cell_type = "fibroblast"
    caf_activation = State("How far it is on its way to a cancer-associated fibroblast.")
    dna_damage = State("Damage by a drug that binds DNA.")


class CancerAssociatedFibroblast(Cell):
    """A fibroblast in the service of the tumor."""

    cell_type = "caf"
    dna_damage = State("Damage by a drug that binds DNA.")


class Adipocyte(Cell):
    """A fat cell."""

    cell_type = "adipocyte"


class EndothelialCell(Cell):
    """A segment of a vessel."""

    cell_type = "endothelial"
    pericytes = State("Cover by pericytes.")


class Monocyte(Cell):
    """A monocyte that has not decided yet."""

    cell_type = "monocyte"
    polarization = State("0 towards M1, 1 towards M2.")
    dna_damage = State("Damage by a drug that binds DNA.")


class M1Macrophage(Cell):
    """A macrophage that fights the tumor."""

    cell_type = "m1"
    polarization = State("0 M1, 1 M2.")
    pdl1 = State("PD-L1 on the surface.")


class M2Macrophage(Cell):
    """A macrophage that serves the tumor."""

    cell_type = "m2"
    polarization = State("0 M1, 1 M2.")
    pdl1 = State("PD-L1 on the surface.")


class CytotoxicTCell(Cell):
    """A CD8 T cell."""

    cell_type = "ctl"
    exhaustion = State("0 fresh, 1 exhausted.")
    terminal = State("Share of terminal, irreversible exhaustion.")
    dna_damage = State("Damage by a drug that binds DNA.")


class HelperTCell(Cell):
    """A CD4 T helper cell of type 1."""

    cell_type = "th1"
    dna_damage = State("Damage by a drug that binds DNA.")


class RegulatoryTCell(Cell):
    """A regulatory T cell."""

    cell_type = "treg"
    dna_damage = State("Damage by a drug that binds DNA.")


class DendriticCell(Cell):
    """A dendritic cell."""

    cell_type = "dendritic"
    antigen_load = State("How much antigen it carries.")
    dna_damage = State("Damage by a drug that binds DNA.")


CLASSES: dict[str, type[Cell]] = {
    cls.__name__: cls
    for cls in (
        TumorCell, NecroticCell, Fibroblast, CancerAssociatedFibroblast, Adipocyte, EndothelialCell, Monocyte,
        M1Macrophage, M2Macrophage, CytotoxicTCell, HelperTCell, RegulatoryTCell, DendriticCell,
    )
}  # fmt: skip

__all__ = [*CLASSES, "CLASSES", "Cell", "DeadCell", "State", "cell_classes", "classes_of"]


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
        own.get(name) or _class_of(name, entry.agent, tuple(entry.states), entry.label)
        for name, entry in catalogue.cells.items()
    ]


@cache
def _class_of(name: str, agent: str, states: tuple[str, ...], label: str) -> type[Cell]:
    """The class of a cell type, made on the fly where none fits."""
    base = CLASSES.get(agent, Cell)
    missing = _missing(base, states)
    if base.cell_type == name and not missing:
        return base
    content = {"cell_type": name, "__doc__": f"A cell of the type {label}.", "__module__": __name__}
    return type(agent, (base,), content | {state: State() for state in missing})


def _missing(cls: type[Cell], states: Iterable[str]) -> list[str]:
    """The states of a cell type that a class does not show yet."""
    return [state for state in states if not isinstance(getattr(cls, state, None), State)]


def _interchangeable(cls: type[Cell]) -> None:
    """Complain about a class whose instances cannot change into other cells."""
    try:
        Cell.__new__(Cell).__class__ = cls
    except TypeError as error:
        raise TypeError(f"{cls.__name__} must not have __slots__: cells change their class with their type") from error


def __getattr__(name: str) -> Any:
    """The class of a cell type that the packaged catalogue has and this module does not spell out."""
    if not name.startswith("_"):
        for own in classes_of(load_catalogue()):
            if own.__name__ == name:
                return own
    raise AttributeError(f"module 'tmesim.agents' has no attribute {name!r}")
