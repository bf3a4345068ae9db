"""Pydantic's errors, in our words and at the line they are about."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from types import UnionType
from typing import Any, Union, get_args, get_origin

from pydantic import BaseModel, ValidationError

from tmesim.reading.problems import DataPath, Document, Key, Problem, brief, suggestion

_MESSAGES = {
    "missing": "is missing",
    "string_type": "expected text, got {input}",
    "int_type": "expected a whole number, got {input}",
    "float_type": "expected a number, got {input}",
    "bool_type": "expected true or false, got {input}",
    "tuple_type": "expected a list, got {input}",
    "list_type": "expected a list, got {input}",
    "dict_type": "expected a mapping (key: value), got {input}",
    "model_type": "expected a mapping (key: value), got {input}",
    "finite_number": "expected a finite number, got {input}",
    "string_too_short": "must not be empty",
}


def problems_of(error: ValidationError, document: Document, model: type[BaseModel], at: DataPath = ()) -> list[Problem]:
    """What pydantic found wrong with `document.data` at `at`, validated as `model`, with the place of each."""
    found = []
    data: Any = document.data
    for step in at:
        data = data[step]
    for item in error.errors(include_url=False):
        path = (*at, *as_written(item["loc"], data))
        kind, value = item["type"], item.get("input")
        if kind == "extra_forbidden":
            known = sorted(_known_keys(model, item["loc"][:-1]))
            message = f"unknown key.{suggestion(str(item['loc'][-1]), known, most=30)}"
        elif kind == "literal_error":
            message = f"'{brief(value)}' is not one of: {item['ctx']['expected'].replace(' or ', ', ')}"
        elif kind == "value_error":
            message = str(item["ctx"]["error"])
        elif kind in ("too_short", "too_long"):
            most = kind == "too_long"
            number = item["ctx"]["max_length" if most else "min_length"]
            message = f"expected at {'most' if most else 'least'} {number} of them, got {_named(value)}"
            if number == 1 and not most:
                message = "must not be empty"
        elif kind in _MESSAGES:
            message = _MESSAGES[kind].format(input=_named(value))
        else:
            message = f"{item['msg'][0].lower()}{item['msg'][1:]}, got {_named(value)}"
        found.append(document.problem(path, message))
    return found


def _named(value: Any) -> str:
    if isinstance(value, dict):
        return "a mapping"
    if isinstance(value, list | tuple):
        return "a list"
    return "nothing" if value is None else f"'{brief(value)}'"


def as_written(location: DataPath, data: Any) -> DataPath:
    """A location of pydantic as it stands in the data, without steps that only pydantic takes.

    Those are `[key]`, and the index of a single entry that may be written without a list around it.
    """
    path: DataPath = ()
    for step in location:
        if step == "[key]" or (isinstance(step, int) and not isinstance(data, list)):
            continue
        path = (*path, step)
        try:
            data = data[step]
        except (KeyError, IndexError, TypeError):
            data = None
    return path


def _known_keys(model: Any, location: DataPath) -> list[str]:
    """The keys that the model at a location accepts."""
    for step in location:
        model = _step_into(_bare(model), step)
    model = _bare(model)
    if isinstance(model, type) and issubclass(model, BaseModel):
        return [info.alias or name for name, info in model.model_fields.items() if not info.exclude]
    return []


def _step_into(annotation: Any, step: Key) -> Any:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        for name, info in annotation.model_fields.items():
            if step in (name, info.alias):
                return info.annotation
        return None
    arguments = get_args(annotation)
    origin = get_origin(annotation)
    if isinstance(origin, type) and issubclass(origin, Mapping):
        return arguments[1]
    return arguments[0] if arguments else None


def _bare(annotation: Any) -> Any:
    """An annotation without Annotated and without None."""
    while hasattr(annotation, "__metadata__"):
        annotation = annotation.__origin__
    parts = list(_parts(annotation))
    return _bare(parts[0]) if parts else annotation


def _parts(annotation: Any) -> Iterator[Any]:
    if get_origin(annotation) in (Union, UnionType):
        yield from (part for part in get_args(annotation) if part is not type(None))
