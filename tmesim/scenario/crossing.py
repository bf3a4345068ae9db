"""Arms as every combination of some lines of choices: soils × seeds × treatments, none written out by hand.

`crossed: [{lung: …, bone: …}, {untreated: {}, drug: …}]` stands for the arms `lung__untreated`, `lung__drug`,
`bone__untreated` and `bone__drug`, each with all that its choices say. A resolved scenario has the arms alone.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterable, Iterator
from typing import Any

from tmesim.reading import DataPath, Document, Problem, brief, dotted
from tmesim.scenario.file import checked_name
from tmesim.scenario.overrides import steps_of

JOINT = "__"
"""What stands between the choices in the name of an arm."""

MANY = 1000
"""Arms, where nobody needs more."""

_LISTS = ("therapies", "off")


def crossed(document: Document) -> Document:
    """Write the combinations of `crossed` into `arms`, where each part keeps the position at which it is written.

    What is no list of mappings stays, for the check of shapes to tell.
    """
    lines = document.data.get("crossed")
    sound = isinstance(lines, list) and lines and all(isinstance(line, dict) and line for line in lines)
    if "crossed" in document.data and not sound:
        document.partial = True  # the arms are missing for no other reason
    if not isinstance(lines, list) or not sound or not isinstance(document.data.get("arms", {}), dict):
        return document
    del document.data["crossed"]
    lines = [_named(document, i, line) for i, line in enumerate(lines)]
    arms = document.data.setdefault("arms", {})
    if (count := math.prod(map(len, lines))) > MANY:
        document.problems.append(document.problem(("crossed",), f"makes {count} arms; the limit is {MANY}"))
        document.partial = True
        return document
    for names in itertools.product(*lines):
        name = JOINT.join(names)
        choices: list[tuple[DataPath, Any]] = [(("crossed", i, n), lines[i][n]) for i, n in enumerate(names)]
        if name in arms:
            told = f"makes the arm '{brief(name)}', which is there already"
            document.problems.append(document.problem(choices[0][0], told))
            continue
        document.positions[("arms", name)] = document.position(choices[0][0])
        arms[name] = _together(document, ("arms", name), choices)
    return document


def _named(document: Document, index: int, line: dict[Any, Any]) -> dict[str, Any]:
    """The choices of a line whose names can be part of a folder's; the others are told."""
    found = {}
    for name, part in line.items():
        try:
            found[checked_name(name)] = part
        except ValueError as error:
            document.problems.append(document.problem(("crossed", index, name), str(error)))
            document.partial = True
    return found


def once(problems: Iterable[Problem]) -> Iterator[Problem]:
    """Problems without those of an arm that another arm has too, at the same place of the file."""
    seen = set()
    for problem in problems:
        root, _, rest = problem.path.partition(".")
        key = rest.partition(".")[2] if root == "arms" and problem.line is not None else problem.path
        mark = (root == "arms", key, problem.message, problem.file, problem.line, problem.column)
        if mark not in seen:
            seen.add(mark)
            yield problem


def _together(document: Document, to: DataPath, choices: list[tuple[DataPath, Any]]) -> Any:
    """What the choices of an arm say, in one mapping; what two of them say differently is a problem."""
    made: dict[str, Any] = {}
    for at, part in choices:
        if part is None:
            continue
        if not isinstance(part, dict):
            _place(document, at, to)
            return part  # no arm, as the check of shapes will tell
        for key, value in part.items():
            old = made.get(key)
            if key in _LISTS and isinstance(old, list) and isinstance(value, list):
                for i in range(len(value)):
                    _place(document, (*at, key, i), (*to, key, len(old) + i))
                made[key] = [*old, *value]
            elif key == "set" and isinstance(old, dict) and isinstance(value, dict):
                known = {dotted(steps_of(path)) for path in old}
                for path in value:
                    if dotted(steps_of(path)) in known:
                        told = "is set by another choice of the same arm too"
                        document.problems.append(document.problem((*at, key, path), told))
                    _place(document, (*at, key, path), (*to, key, path))
                made[key] = {**old, **value}
            else:
                if key in made and old != value:
                    told = "is said otherwise by another choice of the same arm"
                    document.problems.append(document.problem((*at, key), told))
                made[key] = value
                _place(document, (*at, key), (*to, key))
    return made


def _place(document: Document, at: DataPath, to: DataPath) -> None:
    """Let what is written at a path be found at another one too."""
    found = {path: place for path, place in document.positions.items() if path[: len(at)] == at}
    document.positions |= {(*to, *path[len(at) :]): place for path, place in found.items()}
