"""Where scenarios come from: files by path or name, what they extend, and options on top."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping, Sequence
from importlib import resources
from pathlib import Path
from typing import Any

from tmesim import units
from tmesim.catalogue.models import KINDS
from tmesim.reading import DataPath, Document, InputError, Position, Problem, brief, parse, read_yaml, suggestion
from tmesim.reading.yaml12 import resolve
from tmesim.scenario.parts import thawed

_OWN = ("name", "question", "story")  # these say what a file is about, so they are not inherited
_ADDING: tuple[DataPath, ...] = (("off",), ("drop", "fields"))
MAX_CHAIN = 20
MAPPING = "<mapping>"  # what messages call the file of a scenario that is given as a dict


def folders(beside: Path | None = None) -> list[Path]:
    """Where a name is looked up: beside the file that extends it, ./scenarios, and those that come with the package."""
    package = Path(str(resources.files("tmesim")))
    # In a wheel the scenarios lie inside the package; in a checkout beside it.
    return [*([beside] if beside else []), Path("scenarios"), package / "scenarios", package.parent / "scenarios"]


def named(beside: Path | None = None) -> dict[str, Path]:
    """Each scenario that can be called by its name, with its file."""
    found: dict[str, Path] = {}
    for folder in folders(beside):
        if folder.is_dir():
            for file in sorted(folder.glob("*.yaml")):
                found.setdefault(file.stem, file)
    return dict(sorted(found.items()))


def find(source: str | Path, beside: Path | None = None) -> Path:
    """The file of a scenario given by path or name; a relative path is relative to the file that names it."""
    text = os.fspath(source)
    if isinstance(source, Path) or text.endswith((".yaml", ".yml")) or "/" in text or os.sep in text:
        return (beside / text) if beside else Path(text)
    known = named(beside)
    if text not in known:
        raise LookupError(f"there is no scenario '{text}', and it is no path of a .yaml file.{suggestion(text, known)}")
    return known[text]


def document_of(source: str | Path | Mapping[str, Any]) -> Document:
    """A scenario's file, or its content as a mapping, joined with what it extends; each position tells the file."""
    if isinstance(source, Mapping):
        return _over_base(_of_mapping(source), None, ())
    _no_run(source)
    try:
        file = find(source)
    except LookupError as error:
        raise InputError([Problem(str(error.args[0]))]) from None
    return _joined(file, ())


def _no_run(source: str | Path) -> None:
    """InputError for the directory of a run, which is something else than a scenario."""
    try:
        folder = os.fspath(source)
        is_run = os.path.isfile(os.path.join(folder, "provenance.json"))
    except (TypeError, ValueError):
        right = "the name or path of a scenario, its content as a mapping, or a Scenario"
        raise InputError([Problem(f"expected {right}, got {brief(repr(source))}")]) from None
    if is_run:
        scenario = os.path.join(folder, "scenario.yaml")
        told = f"is the directory of a run: tmesim.Result({folder!r}) reads it in Python; what it ran is {scenario}"
        raise InputError([Problem(told, file=folder)])


def _of_mapping(content: Mapping[str, Any]) -> Document:
    """Python data as if it had been written into a file: what YAML cannot say is no scenario either."""

    def plain(value: Any) -> Any:
        if hasattr(value, "item"):  # a number of numpy
            return value.item()
        raise TypeError(f"text, numbers, lists and mappings are due, but {brief(repr(value))} was found")

    try:
        text = json.dumps(thawed(content), ensure_ascii=False, default=plain)
    except (TypeError, ValueError, RecursionError) as error:
        raise InputError([Problem(str(error), file=MAPPING)]) from None
    return Document(parse(text, MAPPING).data, MAPPING, {(): Position(MAPPING)})


def _joined(file: Path, chain: tuple[Path, ...]) -> Document:
    document = read_yaml(_shown(file))
    return _over_base(document, file.parent, (*chain, file.resolve()))  # it could be read, so it can be resolved


def _over_base(document: Document, beside: Path | None, chain: tuple[Path, ...]) -> Document:
    """A document joined with what it extends, which is looked for beside its file."""
    base = document.data.get("extends")
    if base is None:
        return document
    if not isinstance(base, str) or not base.strip():
        raise InputError(
            [document.problem(("extends",), f"the name or path of a scenario is due, but '{brief(base)}' was found")]
        )
    try:
        parent_file = find(base, beside)
    except LookupError as error:
        raise InputError([document.problem(("extends",), str(error.args[0]))]) from None
    try:
        there = parent_file.is_file()
        resolved = parent_file.resolve()
    except (OSError, ValueError):  # too long, or with a null character
        raise InputError([document.problem(("extends",), f"'{brief(base)}' cannot be the name of a file")]) from None
    if resolved in chain:
        names = " → ".join(path.stem for path in (*chain, parent_file))
        raise InputError([document.problem(("extends",), f"goes round in a circle: {names}")])
    if len(chain) >= MAX_CHAIN:
        raise InputError([document.problem(("extends",), f"more than {MAX_CHAIN} scenarios extend one another")])
    if not there:
        raise InputError([document.problem(("extends",), f"there is no file {_shown(parent_file)}")])
    return joined(_joined(parent_file, chain), document)


def _shown(file: Path) -> Path:
    """The path as a reader would write it: relative where that is shorter."""
    try:
        relative = Path(os.path.relpath(file))
    except ValueError:  # another drive
        return file
    return relative if ".." not in relative.parts else file


def joined(parent: Document, child: Document) -> Document:
    """The child's content over the parent's.

    Mappings are joined key by key, `off` and `drop` add to the parent's; lists, arms and added entries are replaced.
    """
    parent.data = {key: value for key, value in parent.data.items() if key not in (*_OWN, "extends", "catalogue")}
    if "arms" in child.data:
        parent.data.pop("reference", None)
    result = Document({}, child.file, {(): child.position(())})

    def place(document: Document, data: Any, at: DataPath, to: DataPath) -> None:
        """Take over the positions of a part, which holds `data`."""
        if at in document.positions:
            result.positions[to] = document.positions[at]
        for key, value in data.items() if isinstance(data, dict) else enumerate(data) if isinstance(data, list) else ():
            place(document, value, (*at, key), (*to, key))

    def join(old: dict[str, Any], new: dict[str, Any], at: DataPath) -> dict[str, Any]:
        made: dict[str, Any] = {}
        for key in [*old, *(key for key in new if key not in old)]:
            path = (*at, key)
            both = key in old and key in new
            whole = path[0] == "arms" or (path[0] == "add" and len(path) > 2)
            if both and not whole and isinstance(old[key], dict) and isinstance(new[key], dict):
                result.positions[path] = child.position(path)
                made[key] = join(old[key], new[key], path)
            elif both and path in _ADDING and isinstance(old[key], list) and isinstance(new[key], list):
                made[key] = [*old[key], *new[key]]
                place(parent, old[key], path, path)
                for index, item in enumerate(new[key]):
                    place(child, item, (*path, index), (*path, len(old[key]) + index))
            elif key in new:
                made[key] = new[key]
                place(child, new[key], path, path)
            else:
                made[key] = old[key]
                place(parent, old[key], path, path)
        return made

    result.data = join(parent.data, child.data, ())
    return result


def with_options(
    document: Document,
    seed: int | None = None,
    replicates: int | None = None,
    days: float | None = None,
    arms: Sequence[str] | None = None,
    set: Mapping[str, Any] | None = None,
) -> Document:
    """The document with the options of a command line or call written into it; their problems name the option."""
    data, positions = thawed(document.data), dict(document.positions)
    result = Document(data, document.file, positions)
    for name, value in (("seed", seed), ("replicates", replicates)):
        if value is not None:
            data[name] = value
            positions[(name,)] = Position(f"--{name}")
    if days is not None:
        _shortened(data, days)
        positions[("time", "days")] = Position("--days")
    problems = [problem for key, value in (set or {}).items() for problem in _assigned(result, key, value)]
    if arms is not None and isinstance(data.get("arms"), dict):
        wanted = [arms] if isinstance(arms, str) else list(arms)
        for name in wanted:
            if name not in data["arms"]:
                problems.append(Problem(f"there is no arm '{name}'.{suggestion(name, data['arms'])}", file="--arms"))
        data["arms"] = {name: arm for name, arm in data["arms"].items() if name in wanted} or data["arms"]
        if data.get("reference") not in data["arms"]:
            data.pop("reference", None)
    if problems:
        raise InputError(problems)
    return result


def _hours(text: Any) -> float:
    """Hours of a text; what cannot be read is kept, for the check to complain about."""
    try:
        return units.quantity(text, "h")
    except units.UnitError:
        return 0.0


def _length(days: Any) -> float:
    """Hours of `21` or `21 d`."""
    unit = "d" if isinstance(days, str) and units.split(days)[1] else "1"
    return float(units.quantity(days, unit)) * 24


def _shortened(data: dict[str, Any], days: float) -> None:
    """Another length of the run. Treatments stay as they were planned, so that people can be told what is not given;
    later snapshots are left out, and a last one moves to the end."""
    time = data.get("time")
    if not isinstance(time, dict):
        return
    try:
        old, end = _length(time["days"]), float(days) * 24
        planned = max(old, _length(time.pop("planned", time["days"])))
    except (units.UnitError, KeyError, TypeError, ValueError):
        old, end, planned = 0.0, float("inf"), 0.0
    time["days"] = days
    if planned > end:
        time["planned"] = planned / 24
    if isinstance(time.get("snapshots"), list):
        kept = [text for text in time["snapshots"] if _hours(text) <= end and _hours(text) != old]
        if len(kept) < len(time["snapshots"]) and end < float("inf"):
            kept.append(units.show(end, "h"))
        time["snapshots"] = kept


def _assigned(document: Document, key: str, value: Any) -> list[Problem]:
    """KEY=VALUE: a number of the catalogue by its path, or a setting of the scenario such as `start.ecm`."""
    place = Position(f"--set {key}")
    if isinstance(value, str):
        value = resolve(value.strip())
    steps = key.split(".")
    if steps[0] in KINDS:
        overrides = document.data.setdefault("set", {})
        if isinstance(overrides, dict):
            overrides[key] = value
        document.positions[("set", key)] = place
        return []
    target: Any = document.data
    for index, step in enumerate(steps[:-1]):
        inner = target.get(step) if isinstance(target, dict) else _item(target, step)
        if not isinstance(inner, dict | list):
            known = {*target, *(KINDS if index == 0 else ())} if isinstance(target, dict) else set()
            return [Problem(f"there is no '{step}' to set.{suggestion(step, known)}", file=place.file)]
        target = inner
    path: DataPath = tuple(int(step) if _is_index(step) else step for step in steps)
    if isinstance(target, dict):
        target[steps[-1]] = value
    elif _item(target, steps[-1]) is not None:
        target[int(steps[-1])] = value
    else:
        return [Problem(f"there is no '{steps[-1]}' to set in a list of {len(target)}", file=place.file)]
    document.positions[path] = place
    return []


def _item(items: Any, step: str) -> Any:
    return items[int(step)] if isinstance(items, list) and _is_index(step) and int(step) < len(items) else None


def _is_index(step: str) -> bool:
    return step.isdecimal() and len(step) < 10
