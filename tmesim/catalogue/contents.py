"""All entries of a catalogue by kind and name, frozen, and how to find one."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any, NamedTuple, Self

from tmesim.catalogue.entries import CellType, Field, MatrixMap, Process, Rule, StateVariable
from tmesim.catalogue.frozen import frozendict
from tmesim.catalogue.models import KINDS
from tmesim.catalogue.numbers import HOSTS, Number, each_number, put
from tmesim.catalogue.therapies import Drug, Therapy
from tmesim.reading import DataPath, dotted, suggestion

GROUNDS = ("source", "range", "note")
"""Keys of what says where a number is from."""
UNHASHED: Any = {"synonyms": True, "field": {"synonyms": True}}
"""What of an entry (a drug has a field within) is no part of the biology: words by which people find it."""


class Parameter(NamedTuple):
    """A number of the catalogue and the dotted path by which a scenario can set it."""

    path: str
    number: Number


@dataclass(frozen=True, eq=False)
class Contents:
    """The entries of a catalogue. What can be said of them without a vocabulary is said here."""

    cells: Mapping[str, CellType]
    states: Mapping[str, StateVariable]
    rules: Mapping[str, Rule]
    fields: Mapping[str, Field]
    matrix: Mapping[str, MatrixMap]
    processes: Mapping[str, Process]
    therapies: Mapping[str, Therapy]

    def __reduce__(self) -> tuple[type[Self], tuple[Any, ...]]:
        return type(self), tuple(getattr(self, kind) for kind in KINDS)  # without what can be derived again

    def changed(self, change: Callable[[DataPath, Number], Number]) -> Self:
        """The catalogue with each number replaced by `change(path, number)`."""
        return type(self)(**{kind: each_number(getattr(self, kind), (kind,), change) for kind in KINDS})

    def with_placed(self, new: Mapping[str, Number]) -> Self:
        """The catalogue with the numbers at some dotted paths replaced; LookupError for a path that has none."""
        placed = {path: self.placed_number(path)[0] for path in new}
        parts = {kind: {placed[path][1:]: n for path, n in new.items() if placed[path][0] == kind} for kind in KINDS}
        changed = {kind: put(getattr(self, kind), part) for kind, part in parts.items() if part}
        made = replace(self, **changed)
        found = dict(self.placed_numbers) | {path: (placed[path], number) for path, number in new.items()}
        made.__dict__["placed_numbers"] = frozendict(found)  # to find them anew takes a walk over all
        return made

    def entries(self) -> Iterator[tuple[str, str, Any]]:
        """Everything in the catalogue as (kind, name, entry)."""
        for kind in KINDS:
            for name, entry in getattr(self, kind).items():
                yield kind, name, entry

    @cached_property
    def placed_numbers(self) -> Mapping[str, tuple[DataPath, Number]]:
        """Every number with its path as keys, by its dotted path."""
        found: dict[str, tuple[DataPath, Number]] = {}

        def note(path: DataPath, number: Number) -> Number:
            found[dotted(path)] = (path, number)
            return number

        self.changed(note)
        return frozendict(found)

    def numbers(self) -> Iterator[Parameter]:
        """Every number with its dotted path."""
        for path, (_, number) in self.placed_numbers.items():
            yield Parameter(path, number)

    def number(self, path: str) -> Number:
        """The number at a dotted path; LookupError with the nearest paths if there is none."""
        return self.placed_number(path)[1]

    def placed_number(self, path: str) -> tuple[DataPath, Number]:
        """The keys that lead to the number at a dotted path, and the number; LookupError if there is none."""
        if path not in self.placed_numbers:
            raise LookupError(f"there is no number '{path}'.{suggestion(path, self.placed_numbers, most=6)}")
        return self.placed_numbers[path]

    def has_number(self, path: str) -> bool:
        """Whether there is a number at a dotted path."""
        return path in self.placed_numbers

    @cached_property
    def drugs(self) -> Mapping[str, Drug]:
        """The therapies that are drugs, by name."""
        return frozendict({name: entry for name, entry in self.therapies.items() if isinstance(entry, Drug)})

    @cached_property
    def aliases(self) -> Mapping[str, str]:
        """Therapy id by each of its names, folded: lower case, `_` for `-` and blanks."""
        names = {
            folded(other): name
            for name, therapy in self.therapies.items()
            for other in (*therapy.aliases, *therapy.synonyms)
        }
        return frozendict(names | {folded(name): name for name in self.therapies})

    def therapy_id(self, name: str) -> str:
        """The id of a therapy by its id or any alias; LookupError with the choices if there is none."""
        if folded(name) not in self.aliases:
            raise LookupError(f"there is no therapy '{name}'.{suggestion(name, self.aliases)}")
        return self.aliases[folded(name)]

    @cached_property
    def rule_paths(self) -> Mapping[str, DataPath]:
        """Where each rule stands, by name: in `rules` or in a therapy."""
        paths: dict[str, DataPath] = {name: ("rules", name) for name in self.rules}
        for name, therapy in self.therapies.items():
            paths |= {rule: ("therapies", name, "rules", rule) for rule in therapy.rules}
        return frozendict(paths)

    def rule_name(self, text: str) -> str | None:
        """The rule that `rule`, `therapy.rule` or a dotted path such as `rules.rule` names; None if there is none."""
        owner, _, name = text.rpartition(".")
        path = self.rule_paths.get(name)
        if path is None or owner not in ("", dotted(path[:-1]), path[1] if path[0] == "therapies" else ""):
            return None
        return name

    @cached_property
    def all_rules(self) -> Mapping[str, Rule]:
        """Rules of the catalogue and of its therapies, by name."""
        rules = dict(self.rules)
        for therapy in self.therapies.values():
            rules |= therapy.rules
        return frozendict(rules)

    def with_rules(self, new: Mapping[str, Rule]) -> Self:
        """The catalogue with some rules, its own or its therapies', replaced by name."""
        rules = frozendict({name: new.get(name, rule) for name, rule in self.rules.items()})
        therapies = {}
        for name, therapy in self.therapies.items():
            own = frozendict({n: new.get(n, rule) for n, rule in therapy.rules.items()})
            therapies[name] = therapy if own == therapy.rules else therapy.model_copy(update={"rules": own})
        return replace(self, rules=rules, therapies=frozendict(therapies))

    @cached_property
    def hash(self) -> str:
        """SHA-256 over all entries; the order in which they are written does not matter, nor do their synonyms."""
        return _hash(self._content())

    def hash_of_numbers(self, species: str) -> str:
        """As `hash`, of the numbers of one species and without what says where they are from: equal where a simulation
        of it is."""
        return _hash(_of(species, _without(self._content(), GROUNDS)))

    def _content(self) -> dict[str, Any]:
        return {
            kind: {name: e.model_dump(mode="json", exclude=UNHASHED) for name, e in getattr(self, kind).items()}
            for kind in KINDS
        }


def _hash(content: Any) -> str:
    return hashlib.sha256(json.dumps(content, sort_keys=True, ensure_ascii=False).encode()).hexdigest()


def _without(content: Any, keys: Collection[str]) -> Any:
    """Nested dicts and lists without some keys."""
    if isinstance(content, dict):
        return {key: _without(value, keys) for key, value in content.items() if key not in keys}
    return [_without(value, keys) for value in content] if isinstance(content, list) else content


def _of(species: str, content: Any) -> Any:
    """Nested dicts and lists with the value of one species where there are those of several."""
    if isinstance(content, dict):
        if species in content and content.keys() <= set(HOSTS):
            return content[species]
        return {key: _of(species, value) for key, value in content.items()}
    return [_of(species, value) for value in content] if isinstance(content, list) else content


def folded(name: str) -> str:
    """A name as it is compared: lower case, with `_` for hyphens and blanks."""
    return re.sub(r"[\s_-]+", "_", name.strip().casefold())
