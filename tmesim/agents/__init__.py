"""Agents: one Mesa agent class for each cell type, whose instances are live handles on the cells of the arrays.

The classes are made from the catalogue, each with an attribute for every state of its cell type, when the first of them
is asked for: `from tmesim.agents import TumorCell`. A type that a scenario adds gets its class when a model is made.
"""

from __future__ import annotations

from typing import Any

from tmesim.agents.cell import Cell as Cell
from tmesim.agents.cell import DeadCell as DeadCell
from tmesim.agents.cellset import CellSet as CellSet
from tmesim.agents.classes import cell_classes as cell_classes
from tmesim.agents.classes import classes_of as classes_of
from tmesim.agents.classes import packaged_classes
from tmesim.agents.columns import State as State

_OWN = ("Cell", "CellSet", "DeadCell", "State", "cell_classes", "classes_of")


def __getattr__(name: str) -> Any:
    """The class of a cell type of the packaged catalogue; `__all__` names them all."""
    if name == "__all__":
        return [*packaged_classes(), *_OWN]
    if not name.startswith("_") and name in packaged_classes():
        return packaged_classes()[name]
    raise AttributeError(f"module 'tmesim.agents' has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted({*globals(), *packaged_classes()})
