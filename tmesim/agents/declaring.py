"""What a cell class written in Python says of itself, checked when it is made; errors name what is wrong."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from tmesim.agents.columns import Memory, TypeName, unchangeable
from tmesim.reserved import DECLARED, DONE, READ, taken

LAYERS = ("tissue", "leukocyte")


def declare(cls: type) -> None:
    """Check the body of a class, and turn its `cell_type` and `columns` into attributes that live with the cells."""
    body = dict(cls.__dict__)
    for name, value in body.items():
        if name in READ and name != "cell_type":
            raise TypeError(f"{cls.__name__}.{name}: every cell has a {name!r} already; give this another name")
        if name in DONE and not callable(getattr(cls, name)):
            raise TypeError(f"{cls.__name__}.{name}: expected a method, got {value!r}")
    _check_options(cls, body)
    if "cell_type" in body and not isinstance(body["cell_type"], TypeName):
        _set(cls, "cell_type", TypeName(body["cell_type"]))
    for name, default in body.get("columns", {}).items():
        _set(cls, name, Memory(unchangeable(default, f"{cls.__name__}.columns[{name!r}]")))


def _check_options(cls: type, body: Mapping[str, Any]) -> None:
    at = f"{cls.__name__}."
    kind = body.get("cell_type", "tumor")
    if not isinstance(kind, TypeName) and not (isinstance(kind, str) and kind):
        raise TypeError(f"{at}cell_type: expected the name of a cell type such as 'tumor', got {kind!r}")
    if body.get("layer") not in (None, *LAYERS):
        raise TypeError(f"{at}layer: expected {' or '.join(map(repr, LAYERS))}, got {body['layer']!r}")
    for name in ("behaviors", "columns"):
        if not isinstance(body.get(name, {}), Mapping):
            raise TypeError(f"{at}{name}: expected a dict of names and values, got {body[name]!r}")
    for name in ("states", "events"):
        if not isinstance(body.get(name, ()), tuple | list):
            raise TypeError(f"{at}{name}: expected a tuple, got {body[name]!r}")
    if wrong := taken(body.get("states", ())):
        raise TypeError(f"{at}states: a state cannot be called {wrong[0]!r}: every cell has that already")
    for name in body.get("columns", {}):
        if not isinstance(name, str) or not name.isidentifier():
            raise TypeError(f"{at}columns: expected names such as 'hours', got {name!r}")
        there = getattr(cls, name, None)
        if name in DECLARED or taken([name]) or not (there is None or isinstance(there, Memory)):
            raise TypeError(f"{at}columns[{name!r}]: every such cell has an attribute of this name already")


def _set(cls: type, name: str, column: Any) -> None:
    column.__set_name__(cls, name)
    setattr(cls, name, column)
