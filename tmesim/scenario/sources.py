"""Where scenarios come from: files by path or name, what they extend, and options on top."""

from __future__ import annotations

import json
import os
import re
from collections.abc import Callable, Mapping
from functools import partial
from importlib import resources
from pathlib import Path
from typing import Any

from tmesim import arguments
from tmesim.reading import DataPath, Document, InputError, Position, Problem, brief, parse, read_yaml, suggestion
from tmesim.reading.yaml12 import MAX_BYTES
from tmesim.scenario.crossing import crossed
from tmesim.scenario.file import ScenarioFile
from tmesim.scenario.freezing import thawed
from tmesim.scenario.length import fit
from tmesim.scenario.migration import current_paths, migrated
from tmesim.scenario.options import Options
from tmesim.scenario.overrides import assign_all, over, settled, tidied
from tmesim.scenario.telling import words_of_arms

_OWN = ("name", "question", "story", "words")  # these say what a file is about, so they are not inherited
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
        return whole(_of_mapping(source))
    if not isinstance(source, str | os.PathLike):
        raise TypeError(f"source: expected a name, a path, a mapping or a Scenario, got {brief(repr(source))}")
    _no_run(source)
    try:
        file = find(source)
    except LookupError as error:
        raise InputError([Problem(str(error.args[0]))]) from None
    document = read_yaml(_shown(file))
    return whole(document, file.parent, (file.resolve(),))  # it could be read, so it can be resolved


def _no_run(source: str | Path) -> None:
    """InputError for the directory of a run, which is something else than a scenario."""
    try:
        folder = os.fspath(source)
        is_run = os.path.isfile(os.path.join(folder, "provenance.json"))
    except (TypeError, ValueError):
        right = "the name or path of a scenario, its content as a mapping, or a Scenario"
        raise InputError([Problem(f"expected {right}, got {brief(repr(source))}")]) from None
    if is_run and os.path.isfile(os.path.join(folder, "sweep.yaml")):
        asked = os.path.join(folder, "sweep.yaml")
        told = f"is the directory of a sweep: tmesim.Sweep({folder!r}) reads it in Python; what was asked is {asked}"
        raise InputError([Problem(told, file=folder)])
    if is_run:
        scenario = os.path.join(folder, "scenario.yaml")
        told = f"is the directory of a run: tmesim.Result({folder!r}) reads it in Python; what it ran is {scenario}"
        raise InputError([Problem(told, file=folder)])


def _of_mapping(content: Mapping[str, Any]) -> Document:
    """Python data as if it had been written into a file: what YAML cannot say is no scenario either."""
    try:
        text = json.dumps(arguments.data(thawed(content), "content"), ensure_ascii=False)
    except (TypeError, ValueError, RecursionError) as error:
        raise InputError([Problem(str(error), file=MAPPING)]) from None
    return Document(parse(text, MAPPING).data, MAPPING, {(): Position(MAPPING)})


def whole(document: Document, beside: Path | None = None, chain: tuple[Path, ...] = ()) -> Document:
    """A document over what it extends, which is looked for beside its file, and with its own settings applied.

    Where the base cannot be had, that is one of the document's problems, and the rest of it is still checked.
    """
    tidied(crossed(document))
    migrated(document)
    base = document.data.get("extends")
    if base is None:
        return settled(document)
    try:
        parent = _base(base, beside, chain)
    except _NoBase as error:
        document.problems.append(document.problem(("extends",), str(error)))
    except InputError as error:
        document.problems += error.problems
    else:
        return settled(joined(parent, document))
    del document.data["extends"]  # all is said about it
    document.partial = True
    return settled(document)


class _NoBase(Exception):
    """Why there is nothing to extend."""


def _base(base: Any, beside: Path | None, chain: tuple[Path, ...]) -> Document:
    """The scenario that another one extends; `chain` holds the files that lead to it."""
    if not isinstance(base, str) or not base.strip():
        raise _NoBase(f"expected the name or path of a scenario, got '{brief(base)}'")
    try:
        file = find(base, beside)
    except LookupError as error:
        raise _NoBase(str(error.args[0])) from None
    try:
        there = file.is_file()
        resolved = file.resolve()
    except (OSError, ValueError):  # too long, or with a null character
        raise _NoBase(f"'{brief(base)}' cannot be the name of a file") from None
    if resolved in chain:
        names = " → ".join(path.stem for path in (*chain, file))
        raise _NoBase(f"scenarios extend each other in a circle: {names}")
    if len(chain) >= MAX_CHAIN:
        raise _NoBase(f"more than {MAX_CHAIN} scenarios extend one another")
    if not there:
        raise _NoBase(f"there is no file {_shown(file)}")
    return whole(_scenario_in(file), file.parent, (*chain, resolved))


def _scenario_in(file: Path) -> Document:
    """A file that is extended. Whoever extends a file that is no scenario learns that, and nothing of what it holds."""
    shown = _shown(file)
    try:
        document = read_yaml(shown)
    except InputError:
        if _reads_like_a_scenario(shown):
            raise
        raise _NoBase(f"{shown} is no scenario: it is no mapping of keys to values") from None
    if not document.data.keys() & ScenarioFile.model_fields.keys():
        raise _NoBase(f"{shown} is no scenario: it has none of a scenario's keys, such as 'start' or 'arms'")
    return document


def _reads_like_a_scenario(file: Path) -> bool:
    """Whether a file that is no good YAML is meant as a scenario: two lines or more begin with keys of one."""
    try:
        with file.open(encoding="utf-8", errors="replace") as stream:
            text = stream.read(MAX_BYTES)
    except (OSError, ValueError):
        return False
    keys = "|".join(ScenarioFile.model_fields)
    return len(set(re.findall(rf"^({keys})[ \t]*:", text, re.MULTILINE))) > 1


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
    What the parent plans for later than the child's end is left out.
    """
    time = child.data.get("time")
    if isinstance(time, dict) and "days" in time:
        fit(parent, time["days"], child.position(("time", "days")))
    parent.data = {key: value for key, value in parent.data.items() if key not in (*_OWN, "extends", "catalogue")}
    if "arms" in child.data:
        parent.data.pop("reference", None)
    problems = [*parent.problems, *child.problems]
    result = Document({}, child.file, {(): child.position(())}, problems=problems, partial=parent.partial)

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
                made[key] = over(old.get(key), new[key]) if at == ("set",) else new[key]
                kept = both and made[key] is old[key] and made[key] is not new[key]
                place(parent if kept else child, made[key], path, path)
            else:
                made[key] = old[key]
                place(parent, old[key], path, path)
        return made

    result.data = join(parent.data, child.data, ())
    return result


READ: Mapping[str, Callable[[Any, str], Any]] = {
    "seed": partial(arguments.whole, least=None), "replicates": partial(arguments.whole, least=None),
    "days": arguments.real, "arms": arguments.texts, "set": arguments.settings,
}  # fmt: skip
"""How each option is read; what is right of its size is for the check of the scenario to say."""


def with_options(document: Document, options: Options) -> Document:
    """The document with the options of a command line or call written into it; their problems name the option.

    TypeError, with the name of the argument, where one is of another kind.
    """
    given = {name: READ[name](value, name) for name, value in options.items() if value is not None}
    data, positions = thawed(document.data), dict(document.positions)
    result = Document(data, document.file, positions, document.prefix, [*document.problems], document.partial)
    for name in ("seed", "replicates"):
        if name in given:
            data[name] = given[name]
            positions[(name,)] = Position(f"--{name}")
    if "days" in given:
        fit(result, given["days"], Position("--days"))
    _assign_options(result, given.get("set", {}))
    if "arms" in given and isinstance(data.get("arms"), dict):
        _only(result, given["arms"])
    return result


def _assign_options(document: Document, settings: Mapping[str, Any]) -> None:
    """Write settings by path, those of an older version by their present names."""
    written: dict[str, str] = {}
    for key, now in current_paths(settings).items():
        if now in written:
            message = f"sets the same as '{brief(written[now])}'"
            document.problems.append(Problem(message, file=f"--set {key}"))
        written[now] = key
    values = {now: settings[key] for now, key in written.items()}
    assign_all(document, values, lambda now: Position(f"--set {written[now]}"))


def _only(document: Document, wanted: list[str]) -> None:
    """Leave out the arms that are not wanted."""
    arms = document.data["arms"]
    for name in wanted:
        if name not in arms:
            message = f"there is no arm '{brief(name)}'.{suggestion(name, arms)}"
            document.problems.append(Problem(message, file="--arms"))
    if not wanted:
        document.problems.append(Problem(f"no arm is named. Known: {', '.join(arms)}", file="--arms"))
    document.data["arms"] = {name: arm for name, arm in arms.items() if name in wanted} or arms
    if document.data.get("reference") not in document.data["arms"]:
        document.data.pop("reference", None)
    if isinstance(document.data.get("words"), dict):  # what is said of arms that are gone goes with them
        gone = words_of_arms(arms) - words_of_arms(document.data["arms"])
        document.data["words"] = {key: texts for key, texts in document.data["words"].items() if key not in gone}
