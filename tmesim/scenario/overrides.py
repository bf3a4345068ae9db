"""The override language: a dotted path and a value, the same in a file's `set`, an arm's, `--set` and `set=` in Python.

A path leads to a number of the catalogue (`cells.tumor.behaviors.division`) or to a setting of the scenario
(`start.densities.treg`, `start.clones[0].share` or `start.clones.0.share`). A value is what a file could say there, or
a factor such as `x2` of what earlier overlays have made of it: the base scenario's `set`, then the file's own, then the
options of a command line or call, then an arm's.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from fractions import Fraction
from typing import Any

from tmesim import units
from tmesim.catalogue.models import KINDS
from tmesim.reading import DataPath, Document, InputError, Position, Problem, brief, dotted, parse, suggestion
from tmesim.reading.yaml12 import resolve
from tmesim.scenario.file import ScenarioFile
from tmesim.scenario.length import fit

SETTINGS = ("host", "tissue", "start", "time", "replicates", "seed", "arms", "reference", "endpoints", "off")
_DEFAULTS: dict[DataPath, Any] = {  # what a factor multiplies where a file says nothing
    ("tissue", "spacing"): "15 µm",
    ("time", "step"): "1 h",
    ("time", "record_every"): "6 h",
    ("replicates",): 6,
    ("start", "tumor", "fill"): 1.0,
}
_MADE = (
    ("start",),
    ("tissue",),
    ("time",),
    ("start", "densities"),
    ("start", "tumor"),
    ("start", "injection", "states"),
)
"""Mappings that may be absent."""


def steps_of(path: str) -> DataPath:
    """`start.clones[0].share` and `start.clones.0.share` as steps."""
    text = re.sub(r"\[([0-9]{1,9})\]", r".\1", path.strip())
    return tuple(int(step) if step.isascii() and step.isdecimal() and len(step) < 10 else step
                 for step in text.split("."))  # fmt: skip


def is_number(path: str) -> bool:
    """Whether a path leads into the catalogue, not to a setting."""
    return steps_of(path)[0] in KINDS


def value_of(value: Any, place: Position) -> Any:
    """A value as YAML reads it: text may be a number, a list or a mapping in brackets."""
    if not isinstance(value, str):
        return value
    text = value.strip()
    if text[:1] not in ("[", "{", '"', "'"):
        try:
            return resolve(text)
        except ValueError:  # Python refuses integers of thousands of digits
            raise InputError([Problem(f"'{brief(text)}' has too many digits", file=place.file)]) from None
    try:
        return parse(f"value: {text}", place.file).data["value"]
    except InputError as error:
        raise InputError([Problem(p.message, file=place.file) for p in error.problems]) from None
    except KeyError:
        raise InputError([Problem(f"'{brief(text)}' cannot be read", file=place.file)]) from None


def over(old: Any, new: Any) -> Any:
    """A value of a number of the catalogue over an earlier one: a factor multiplies it, anything else replaces it."""
    by = units.factor(new)
    if by is None or old is None:
        return new
    if (before := units.factor(old)) is not None:
        return f"x{_shown(before * by)}"
    try:
        return units.scaled(old, by)
    except units.UnitError:
        return old  # its own check says what is wrong with it


def _shown(number: Fraction) -> str:
    return units.show(units.as_float(number))


def tidied(document: Document) -> None:
    """Give the paths of `set`, the file's and its arms', their one spelling; a path that is there twice is told."""
    arms = document.data.get("arms")
    places: list[DataPath] = [("set",)]
    places += [("arms", name, "set") for name in (arms if isinstance(arms, dict) else ())]
    for place in places:
        holder: Any = document.data
        for step in place[:-1]:
            holder = holder[step]
        values = holder.get("set") if isinstance(holder, dict) else None
        if not isinstance(values, dict):
            continue
        named: dict[str, Any] = {}
        for key, value in values.items():
            spelling = dotted(steps_of(key))
            if spelling in named:
                document.problems.append(document.problem((*place, key), f"'{brief(spelling)}' is set twice"))
                continue
            named[spelling] = value
            document.positions[(*place, spelling)] = document.position((*place, key))
        holder["set"] = named


def settled(document: Document) -> Document:
    """Take the settings out of a file's own `set` and write them where they belong; numbers stay for the catalogue."""
    values = document.data.get("set")
    if not isinstance(values, dict):
        return document
    settings = {key: value for key, value in values.items() if not is_number(key)}
    document.data["set"] = {key: value for key, value in values.items() if key not in settings}
    places = {key: document.position(("set", key)) for key in settings}
    assign_all(document, settings, places.__getitem__)
    return document


def assign_all(document: Document, values: Mapping[str, Any], place_of: Callable[[str], Position]) -> None:
    """Write values into a document by path, wide ones first; what cannot be written joins its problems."""
    seen: dict[DataPath, str] = {}
    for key in sorted(values, key=lambda key: (len(steps_of(key)), key)):
        place = place_of(key)
        try:
            path = _assign(document, key, value_of(values[key], place), place)
        except InputError as error:
            document.problems += error.problems
        except _Unsettable as error:
            document.problems.append(_problem(place, key, str(error)))
        else:
            if path in seen:
                document.problems.append(_problem(place, key, f"sets the same as '{brief(seen[path])}'"))
            seen[path] = key


def _problem(place: Position, key: str, message: str) -> Problem:
    if place.file.startswith("--"):
        return Problem(message, file=place.file)
    return Problem(message, f"set.{key}", *place)


class _Unsettable(Exception):
    """Why a path cannot be set."""


def _assign(document: Document, key: str, value: Any, place: Position) -> DataPath:
    """Write one value and say where it stands now."""
    steps = steps_of(key)
    if steps[0] in KINDS:
        overrides = document.data.setdefault("set", {})
        path: DataPath = ("set", dotted(steps))
        if isinstance(overrides, dict):
            overrides[path[1]] = over(overrides.get(path[1]), value)
        document.positions[path] = place
        return path
    if steps[0] == "arms" and steps[2:3] == ("set",) and len(steps) > 3:
        return _assign_in_arm(document, steps, value, place)
    if steps[0] not in SETTINGS:
        if steps[0] in ScenarioFile.model_fields:
            raise _Unsettable(f"'{steps[0]}' is no setting. Known: {', '.join(SETTINGS)}")
        known = suggestion(str(steps[0]), {*SETTINGS, *KINDS})
        raise _Unsettable(f"there is no '{brief(steps[0])}' to set.{known}" if steps[1:] else f"unknown key.{known}")
    start = document.data.get("start")
    if steps[:3] == ("start", "tumor", 0) and isinstance(start, dict) and isinstance(start.get("tumor"), dict):
        steps = (*steps[:2], *steps[3:])  # the only tumor, written without a list
    holder, path = _holder(document.data, steps)
    old = _inner(holder, path[-1])
    if (by := units.factor(value)) is not None:
        plain = tuple(step for step in path if not isinstance(step, int))
        value = _scaled(_DEFAULTS.get(plain) if old is None else old, by, key)
    if path == ("time", "days"):
        fit(document, value, place)
    else:
        holder[path[-1]] = value
    for position in [p for p in document.positions if len(p) > len(path) and p[: len(path)] == path]:
        del document.positions[position]
    document.positions[path] = place
    return path


def _assign_in_arm(document: Document, steps: DataPath, value: Any, place: Position) -> DataPath:
    """Write one value into an arm's own overrides, which are paths themselves."""
    holder, path = _holder(document.data, steps[:3])
    if holder.get("set") is None:
        holder["set"] = {}
    key = dotted(steps[3:])
    if isinstance(holder["set"], dict):
        holder["set"][key] = over(holder["set"].get(key), value)
    document.positions[(*path, key)] = place
    return (*path, key)


def _scaled(old: Any, by: Fraction, key: str) -> Any:
    if old is None:
        raise _Unsettable(f"'{brief(key)}' has no value that could be multiplied")
    try:
        return [units.scaled(item, by) for item in old] if isinstance(old, list) else units.scaled(old, by)
    except units.UnitError as error:
        raise _Unsettable(f"cannot be multiplied: {error}") from None


def _holder(data: dict[str, Any], steps: DataPath) -> tuple[Any, DataPath]:
    """The mapping or list that holds what a path names, and the path as the data have it.

    A list of one mapping may be named without its index.
    """
    target: Any = data
    path: DataPath = ()
    for index, step in enumerate(steps[:-1]):
        target, path = _entered(target, path, step)
        inner = _inner(target, step)
        if inner is None and ((*path, step) in _MADE or (path[:2] == ("start", "clones") and step == "multipliers")):
            inner = target[step] = {}
        if isinstance(inner, str) and isinstance(step, int) and path[-1:] == ("therapies",):
            inner = target[step] = {"use": inner}
        if not isinstance(inner, dict | list):
            if inner is not None:
                raise _Unsettable(f"'{brief(step)}' has no parts that could be set")
            known = {*SETTINGS, *KINDS} if index == 0 else set(target) if isinstance(target, dict) else set()
            raise _Unsettable(f"there is no '{brief(step)}' to set.{suggestion(str(step), known - {step})}")
        target, path = inner, (*path, step)
    last = steps[-1]
    target, path = _entered(target, path, last)
    if isinstance(target, list) and _inner(target, last) is None:
        raise _Unsettable(f"there is no '{brief(last)}' to set in a list of {len(target)}")
    if isinstance(target, dict) and isinstance(last, int):
        raise _Unsettable(f"there is no '{last}' to set")
    return target, (*path, last)


def _entered(target: Any, path: DataPath, step: Any) -> tuple[Any, DataPath]:
    """The only mapping of a list, where a step names one of its keys."""
    if isinstance(target, list) and isinstance(step, str) and len(target) == 1 and isinstance(target[0], dict):
        return target[0], (*path, 0)
    return target, path


def _inner(target: Any, step: Any) -> Any:
    """What a mapping or list holds at a step, if anything."""
    if isinstance(target, list):
        return target[step] if isinstance(step, int) and step < len(target) else None
    return target.get(step)
