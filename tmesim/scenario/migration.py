"""Scenario files of older versions: what has another name by now is read by its new one, and said.

A file says which version it was written for (`version: 2`); one that says nothing is of version 1. Whoever renames
something in the catalogue adds a line to RENAMED and raises VERSION.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterable
from typing import Any, NamedTuple

from tmesim.catalogue import KINDS, Catalogue, load_catalogue
from tmesim.reading import Document, InputError, Position, Problem, brief, dotted
from tmesim.scenario.overrides import steps_of
from tmesim.scenario.version import VERSION


class Renamed(NamedTuple):
    """A path of the catalogue that has another name since a version: a number (`processes.priming.clones`), or a whole
    entry (`rules.NAME`), whose numbers and mentions then have another name too."""

    since: int
    old: str
    new: str


RENAMED: tuple[Renamed, ...] = (
    Renamed(2, "processes.priming.clones", "processes.priming.clonotypes"),
    Renamed(3, "processes.priming.precursors", "cells.ctl.primed.precursors"),
    Renamed(3, "processes.priming.expansion_rate", "cells.ctl.primed.expansion_rate"),
    Renamed(3, "processes.priming.cells_per_level", "cells.ctl.primed.cells_per_level"),
)

Tell = Callable[[str, str, int], None]  # the old name, the new one, and the version since which it holds


class Migration:
    """The names that have changed since a version. A line of RENAMED holds once the catalogue has the new name and the
    old one no longer."""

    def __init__(self, version: int) -> None:
        catalogue = load_catalogue()
        self.renamed = [
            each
            for each in sorted(RENAMED)
            if each.since > version and _knows(catalogue, each.new) and not _knows(catalogue, each.old)
        ]
        self.entries = [each for each in self.renamed if each.old.count(".") == 1]

    def path(self, path: str, tell: Tell) -> str:
        """The path of a number as it is called now."""
        for since, old, new in self.renamed:
            if path == old or path.startswith(f"{old}."):
                now = new + path[len(old) :]
                tell(path, now, since)
                path = now
        return path

    def name(self, kind: str, text: str, tell: Tell) -> str:
        """The name of an entry of a kind as it is called now."""
        for since, old, new in self.entries:
            if old == f"{kind}.{text}":
                now = new.partition(".")[2]
                tell(text, now, since)
                text = now
        return text

    def rule(self, text: str, tell: Tell) -> str:
        """The name of a rule (`rule` or `rules.rule`) as it is called now."""
        owner = "rules." if text.startswith("rules.") else ""
        return owner + self.name("rules", text.removeprefix(owner), tell)

    def words(self, text: str, tell: Tell) -> str:
        """A signal, behavior or name in an added entry, such as `secretion.il6`, as it is called now."""
        for since, old, new in self.entries:
            was, now = old.partition(".")[2], new.partition(".")[2]
            steps = text.split(".")
            if was in steps:
                made = ".".join(now if step == was else step for step in steps)
                tell(text, made, since)
                text = made
        return text


TEXTS = ("label", "meaning", "evidence", "source", "note", "unit", "color", "color_map", "agent")
"""Keys of an added entry whose text is for people, or no name of the catalogue."""


def migrated(document: Document) -> None:
    """Give what a document of an older version names its present name, in place, and warn of each.

    InputError when it was written for a version that this one does not know.
    """
    migration = Migration(_version_of(document))
    if migration.renamed:
        _Migrated(document, migration)


def current_paths(paths: Iterable[str]) -> dict[str, str]:
    """The present path of each that an option or an argument sets; those of an older version are warned of."""
    migration = Migration(1)

    def tell(old: str, new: str, since: int) -> None:
        warn(Position(""), old, new, since)

    return {path: _in_arms(migration, path, tell) for path in paths}


def warn(place: Position, old: str, new: str, since: int, path: str = "") -> None:
    message = f"{old} is called {new} since version {since} of scenario files"
    warnings.warn(str(Problem(f"{message}; it was read so", path, *place)), stacklevel=2)


def _version_of(document: Document) -> int:
    version = document.data.pop("version", None)
    if version is None:
        return 1
    if isinstance(version, bool) or not isinstance(version, int) or version < 1:
        found = f"expected a whole number from 1 to {VERSION}, got '{brief(version)}'"
        document.problems.append(document.problem(("version",), found))
        return VERSION
    if version > VERSION:
        told = f"written for version {brief(version)}; this tmesim reads up to {VERSION}; update tmesim"
        raise InputError([document.problem(("version",), told)])
    return version


def _knows(catalogue: Catalogue, path: str) -> bool:
    kind, name, *rest = path.split(".")
    return catalogue.has_number(path) if rest else name in getattr(catalogue, kind)


def _in_arms(migration: Migration, key: str, tell: Tell) -> str:
    """A path of the override language, which may lead into an arm's own `set`."""
    steps = steps_of(key)
    if steps[0] == "arms" and steps[2:3] == ("set",) and len(steps) > 3:
        inner = migration.path(dotted(steps[3:]), tell)
        return dotted((*steps[:3], *steps_of(inner)))
    if steps[0] in KINDS:
        return migration.path(dotted(steps), tell)
    return key


class _Migrated:
    """One reading of a document of an older version."""

    def __init__(self, document: Document, migration: Migration) -> None:
        self.document = document
        self.migration = migration
        data = document.data
        arms = data.get("arms")
        self._overlay(data, ())
        for name, arm in arms.items() if isinstance(arms, dict) else ():
            if isinstance(arm, dict):
                self._overlay(arm, ("arms", name))
                self._uses(arm, ("arms", name))
        start = data.get("start")
        if isinstance(start, dict) and isinstance(start.get("densities"), dict):
            self._keys(start, ("start", "densities"), lambda key, tell: migration.name("cells", key, tell))

    def _overlay(self, holder: dict[str, Any], at: tuple[str, ...]) -> None:
        if isinstance(holder.get("set"), dict):
            self._keys(holder, (*at, "set"), lambda key, tell: _in_arms(self.migration, key, tell))
        self._items(holder.get("off"), (*at, "off"), self.migration.rule)
        drop = holder.get("drop")
        if isinstance(drop, dict):
            fields = drop.get("fields")
            self._items(fields, (*at, "drop", "fields"), lambda text, tell: self.migration.name("fields", text, tell))
        added = holder.get("add")
        for kind, entries in added.items() if isinstance(added, dict) and self.migration.entries else ():
            for name, entry in entries.items() if isinstance(entries, dict) else ():
                entries[name] = self._worded(entry, (*at, "add", kind, name))

    def _uses(self, arm: dict[str, Any], at: tuple[str, ...]) -> None:
        """The therapies of an arm."""

        def name(text: str, tell: Tell) -> str:
            return self.migration.name("therapies", text, tell)

        doses = arm.get("therapies")
        self._items(doses, (*at, "therapies"), name)
        for index, dose in enumerate(doses) if isinstance(doses, list) else ():
            if isinstance(dose, dict) and isinstance(dose.get("use"), str):
                dose["use"] = name(dose["use"], self._teller((*at, "therapies", index, "use")))

    def _keys(self, holder: dict[str, Any], path: tuple[Any, ...], now: Callable[[str, Tell], str]) -> None:
        """Rename the keys of a mapping; one that is there under both names is a problem."""
        document, made = self.document, {}
        for key, value in holder[path[-1]].items():
            name = now(key, self._teller((*path, key)))
            if name != key and name in holder[path[-1]]:
                told = f"is called {name} by now, which is set too; keep one of them"
                document.problems.append(document.problem((*path, key), told))
                continue
            made[name] = value
            document.positions[(*path, name)] = document.position((*path, key))
        holder[path[-1]] = made

    def _items(self, items: Any, path: tuple[Any, ...], now: Callable[[str, Tell], str]) -> None:
        """Rename the texts of a list."""
        for index, text in enumerate(items) if isinstance(items, list) else ():
            if isinstance(text, str):
                items[index] = now(text, self._teller((*path, index)))

    def _worded(self, data: Any, path: tuple[Any, ...]) -> Any:
        """An added entry with the words in it as they are called now."""
        if isinstance(data, dict):
            return {
                self.migration.words(key, self._teller((*path, key))): value
                if key in TEXTS
                else self._worded(value, (*path, key))
                for key, value in data.items()
            }
        if isinstance(data, list):
            return [self._worded(item, (*path, index)) for index, item in enumerate(data)]
        return self.migration.words(data, self._teller(path)) if isinstance(data, str) else data

    def _teller(self, path: tuple[Any, ...]) -> Tell:
        def tell(old: str, new: str, since: int) -> None:
            warn(self.document.position(path), old, new, since, dotted(path))

        return tell
