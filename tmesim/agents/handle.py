"""Handle: what a Mesa agent needs to stand for a cell of the arrays."""

from __future__ import annotations

from typing import Any

from tmesim.agents.mesa import MesaAgent

HELD = ("_roster", "_id", "_row")
"""What a handle holds itself; all else in it was put there by somebody."""


class DeadCell(LookupError):
    """The cell of this handle does not live any more."""


class Handle(MesaAgent):
    """An object that stands for one cell: whose it is (`_roster`), its id, and the row where it was seen last."""

    _roster: Any
    _id: int
    _row: int
