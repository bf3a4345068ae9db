"""What editors say of a key: the lines `key : what it means` of a model's docstring, in its JSON Schema.

So each key is told once, beside its code. Units stand in brackets.
"""

from __future__ import annotations

import inspect
import re
from functools import cache
from typing import Any

from pydantic import BaseModel

KEY = re.compile(r"(\w+(?:, \w+)*) : (\S.*)")


@cache
def keys_told(model: type[BaseModel]) -> dict[str, str]:
    """What the docstrings of a model and of those that it builds on say of each key."""
    found: dict[str, str] = {}
    for owner in reversed(model.__mro__):
        told: list[str] = []
        for line in inspect.cleandoc(owner.__dict__.get("__doc__") or "").splitlines():
            if (start := KEY.fullmatch(line)) is not None:
                told = start[1].split(", ")
                found |= dict.fromkeys(told, start[2])
            elif told and line.startswith(" "):
                found |= {name: f"{found[name]} {line.strip()}" for name in told}
            else:
                told = []
    return found


def about(model: type[BaseModel]) -> str:
    """What a docstring says before its keys."""
    lines: list[str] = []
    for line in (inspect.getdoc(model) or "").splitlines():
        if KEY.fullmatch(line):
            break
        lines.append(line)
    return " ".join(" ".join(lines).split())


def describe(schema: dict[str, Any], model: type[BaseModel]) -> None:
    """Write into the JSON Schema of a model what its docstring says of it and of its keys."""
    if text := about(model):
        schema["description"] = text
    told = keys_told(model)
    for name, info in model.model_fields.items():
        part = schema.get("properties", {}).get(info.alias or name)
        if part is not None and "description" not in part and name in told:
            part["description"] = told[name]
