"""Slots: the parts of a tissue's state by the names in which processes say what they read and write."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import numpy as np

from tmesim.tissue.process import Patch


class Part(NamedTuple):
    """What a slot holds, and the arrays that hold it."""

    meaning: str
    arrays: Callable[[Patch], list[np.ndarray]]


def _column(name: str) -> Callable[[Patch], list[np.ndarray]]:
    return lambda tissue: [getattr(tissue.cells.columns, name)[: tissue.cells.n]]


def _core(*names: str) -> Callable[[Patch], list[np.ndarray]]:
    return lambda tissue: [tissue.cells.columns.core.view(np.ndarray)[name][: tissue.cells.n] for name in names]


def _maps(*names: str) -> Callable[[Patch], list[np.ndarray]]:
    return lambda tissue: [getattr(tissue.maps, name) for name in names]


SLOTS: dict[str, Part] = {
    "layers": Part("which row stands at each site", lambda tissue: list(tissue.layers)),
    "cells.type": Part("cell type", _column("type")),
    "cells.place": Part("site, and how far around it", _core("y", "x", "extent")),
    "cells.lineage": Part("own and mother's id, birth, number of daughters", _core("id", "mother", "born", "births")),
    "cells.potential": Part("divisions left in a hierarchy", _core("potential")),
    "cells.clone": Part("clone", _column("clone")),
    "cells.antigens": Part("antigens carried or captured", _column("antigens")),
    "cells.receptor": Part("the antigen that a T cell recognizes", _core("tcr")),
    "cells.state": Part("slow inner states", _column("state")),
    "cells.value": Part("behaviors as last sensed", _column("value")),
    "cells.event": Part("the event that is due", _column("event")),
    "cells.synapse": Part("the cell that is attacked, and time in synapse", _core("target", "engagement")),
    "cells.damage": Part("hits taken, and when", _core("damage", "hit_at")),
    "cells.heading": Part("direction of the last hop", _core("heading")),
    "cells.stamp": Part("the last sweep that has seen the cell", _core("stamp")),
    "clones": Part(
        "clones that mutants have founded",
        lambda tissue: [tissue.clones.mother, tissue.clones.hour, tissue.clones.factor],
    ),
    "fields.level": Part("concentrations", _maps("fields")),
    "fields.balance": Part("sources and sinks of the fields", _maps("loss", "source", "vmax")),
    "matrix": Part("matrix and debris", _maps("matrix")),
    "debris.antigens": Part("antigens in the debris", _maps("antigens")),
    "vessels.network": Part("links, roots and tips of vessels", _maps("links", "root", "tip")),
    "vessels.flow": Part("blood flow, and length of segments", _maps("perfusion", "length")),
}
"""Counters are no slot: they tell what was done, and nothing reads them."""
