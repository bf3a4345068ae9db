"""Cell types that classes in Python bring to a scenario."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from tmesim.agents.cell import Cell
from tmesim.arguments import plain
from tmesim.catalogue import load_catalogue
from tmesim.reading import Document, Position
from tmesim.scenario import Scenario, load
from tmesim.scenario.sources import document_of


def with_types(source: str | Path | Mapping[str, Any] | Scenario, classes: Iterable[type[Cell]]) -> Scenario:
    """The scenario of a source with the cell types of classes that it does not know yet.

    They are added before anything is checked, so its densities, arms and endpoints may speak of them.
    """
    named = {cls.cell_type: cls for cls in classes}
    if isinstance(source, Scenario):
        new = {name: cls for name, cls in named.items() if name not in source.catalogue.cells}
        if not new:
            return source
        document = Document(source.content(), source.name, {(): Position(f"scenario {source.name}")})
    else:
        document = document_of(source)
        added = document.data.get("add")
        cells = added.get("cells") if isinstance(added, dict) else None
        known = {*load_catalogue().cells, *(cells if isinstance(cells, dict) else ())}
        new = {name: cls for name, cls in named.items() if name not in known}
    for name, cls in new.items():
        if cls.layer is None:
            packaged = ", ".join(load_catalogue().cells)
            raise ValueError(
                f"{cls.__name__}.cell_type: there is no cell type {name!r} (known: {packaged}); a new one needs "
                "layer = 'tissue' or 'leukocyte'"
            )
    if new:
        added = document.data.setdefault("add", {})
        cells = added.setdefault("cells", {}) if isinstance(added, dict) else None
        if isinstance(cells, dict):  # else the check says what is wrong
            cells |= {name: entry_of(cls) for name, cls in new.items()}
    return load(document)


def entry_of(cls: type[Cell]) -> dict[str, Any]:
    """What a class says of its cell type, as an entry of a catalogue."""
    return {
        "label": cls.label or cls.cell_type.replace("_", " "),
        "agent": cls.__name__,
        "layer": cls.layer,
        "color": cls.color,
        "states": list(cls.states),
        "behaviors": {name: plain(value) for name, value in cls.behaviors.items()},
        "events": [dict(event) for event in cls.events],
    }
