"""The biology as data: cell types, states, rules, fields, matrix maps, processes and therapies, each with its evidence.

`load_catalogue()` reads the packaged YAML. One function, `Catalogue.entries`, walks everything; menus, contract tests
and the evidence table all use it, so that a new entry is listed, explained and tested by existing.
"""

from __future__ import annotations

import hashlib
import json
import math
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from fractions import Fraction
from functools import cache, cached_property
from importlib import resources
from typing import Any, NamedTuple

from pydantic import BaseModel, ValidationError

from tmesim import units
from tmesim.catalogue import checks, english, vocabulary
from tmesim.catalogue.models import (
    HOSTS,
    KINDS,
    CellType,
    Field,
    MatrixMap,
    Number,
    Process,
    Rule,
    StateVariable,
    Therapy,
    each_number,
    frozendict,
)
from tmesim.catalogue.vocabulary import Slot, Term
from tmesim.reading import DataPath, Document, InputError, Problem, dotted, parse, problems_of, suggestion

__all__ = [
    "HOSTS",
    "KINDS",
    "Catalogue",
    "CellType",
    "Field",
    "MatrixMap",
    "Number",
    "Parameter",
    "Process",
    "Rule",
    "Slot",
    "StateVariable",
    "Term",
    "Therapy",
    "claims",
    "load_catalogue",
]

Issue = tuple[DataPath, str]


class Parameter(NamedTuple):
    """A number of the catalogue and the dotted path by which a scenario can set it."""

    path: str
    number: Number


@dataclass(frozen=True, eq=False)
class Catalogue:
    """All of the biology, frozen; numbers stand in the units of their slots."""

    cells: Mapping[str, CellType]
    states: Mapping[str, StateVariable]
    rules: Mapping[str, Rule]
    fields: Mapping[str, Field]
    matrix: Mapping[str, MatrixMap]
    processes: Mapping[str, Process]
    therapies: Mapping[str, Therapy]

    @staticmethod
    def build(entries: Mapping[str, Mapping[str, Any]]) -> tuple[Catalogue, list[Issue]]:
        """A catalogue from entries by kind and name, and everything that is wrong with it."""
        raw = Catalogue(**{kind: frozendict(entries.get(kind, {})) for kind in KINDS})
        stated = checks.with_group_limits(raw)
        issues: list[Issue] = []
        built = stated.changed(lambda path, number: _fitted(stated, path, number, issues))
        issues += checks.issues(built)
        return built, issues

    def changed(self, change: Any) -> Catalogue:
        """The catalogue with each number replaced by `change(path, number)`."""
        return Catalogue(**{kind: each_number(getattr(self, kind), (kind,), change) for kind in KINDS})

    def entries(self) -> Iterator[tuple[str, str, Any]]:
        """Everything in the catalogue as (kind, name, entry)."""
        for kind in KINDS:
            for name, entry in getattr(self, kind).items():
                yield kind, name, entry

    @cached_property
    def _numbers(self) -> dict[str, tuple[DataPath, Number]]:
        found: dict[str, tuple[DataPath, Number]] = {}

        def note(path: DataPath, number: Number) -> Number:
            found[dotted(path)] = (path, number)
            return number

        self.changed(note)
        return found

    def numbers(self) -> Iterator[Parameter]:
        """Every number with its dotted path."""
        for path, (_, number) in self._numbers.items():
            yield Parameter(path, number)

    def number(self, path: str) -> Number:
        """The number at a dotted path; LookupError with the nearest paths if there is none."""
        return self._numbers[self._known_path(path)][1]

    def has_number(self, path: str) -> bool:
        """Whether there is a number at a dotted path."""
        return path in self._numbers

    def slot(self, path: str) -> Slot:
        """The unit and the bounds of the number at a dotted path."""
        steps, number = self._numbers[self._known_path(path)]
        return _slot(self, steps, number)

    def _known_path(self, path: str) -> str:
        if path not in self._numbers:
            raise LookupError(f"there is no number '{path}'.{suggestion(path, self._numbers, most=6)}")
        return path

    def signals(self) -> Mapping[str, Term]:
        """Each signal a rule may name, with unit and meaning."""
        return self._signals

    def behaviors(self) -> Mapping[str, Term]:
        """Each behavior a cell type may have, with unit and meaning."""
        return self._behaviors

    def sentence(self, rule: Rule) -> str:
        """A rule in plain English, with its numbers."""
        return english.sentence(self, rule)

    @cached_property
    def _signals(self) -> Mapping[str, Term]:
        return frozendict(vocabulary.signals(self))

    @cached_property
    def _behaviors(self) -> Mapping[str, Term]:
        return frozendict(vocabulary.behaviors(self))

    def __reduce__(self) -> tuple[type[Catalogue], tuple[Any, ...]]:
        return Catalogue, tuple(getattr(self, kind) for kind in KINDS)  # without what can be derived again

    @cached_property
    def aliases(self) -> Mapping[str, str]:
        """Therapy id by each of its names, folded: lower case, `_` for `-` and blanks."""
        names = {folded(alias): name for name, therapy in self.therapies.items() for alias in therapy.aliases}
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

    def with_rules(self, new: Mapping[str, Rule]) -> Catalogue:
        """The catalogue with some rules, its own or its therapies', replaced by name."""
        rules = frozendict({name: new.get(name, rule) for name, rule in self.rules.items()})
        therapies = {}
        for name, therapy in self.therapies.items():
            own = frozendict({n: new.get(n, rule) for n, rule in therapy.rules.items()})
            therapies[name] = therapy if own == therapy.rules else therapy.model_copy(update={"rules": own})
        return replace(self, rules=rules, therapies=frozendict(therapies))

    @cached_property
    def hash(self) -> str:
        """SHA-256 over all entries; the order in which they are written does not matter."""
        content = {kind: {name: e.model_dump(mode="json") for name, e in getattr(self, kind).items()} for kind in KINDS}
        return hashlib.sha256(json.dumps(content, sort_keys=True, ensure_ascii=False).encode()).hexdigest()

    # -- what a scenario does to a catalogue

    def with_numbers(self, values: Mapping[str, Any]) -> tuple[Catalogue, dict[str, str]]:
        """Numbers set by dotted path, to `40 pM` or a bare number where a plain number is due; problems by path.

        `x2` doubles the number that stands here, in each host.
        A limit or a base belongs to a group of rules, so that setting it in one rule sets it in its mates as well.
        """
        problems: dict[str, str] = {}
        new: dict[str, Number] = {}
        for path, value in values.items():
            try:
                new[path] = _set(self, path, value)
            except (LookupError, units.UnitError) as error:
                problems[path] = str(error.args[0])
        if not new:
            return self, problems
        shared: dict[str, Number] = {}
        for path, number in new.items():
            steps = self._numbers[path][0]
            if "rules" in steps and steps[-1] in ("limit", "base"):
                for mate in checks.mates(self, str(steps[-2]), str(steps[-1])):
                    shared[dotted((*self.rule_paths[mate], steps[-1]))] = number
        new = shared | new
        return self.changed(lambda path, number: new.get(dotted(path), number)), problems

    def without(self, names: Iterable[str]) -> Catalogue:
        """The catalogue with rules switched off, by name (see `rule_name`): what they do does not happen.

        A rule of a lack (`absent: limit`) leaves its behavior at the limit, where ample signal would hold it.
        """
        off = {name for text in names if (name := self.rule_name(text)) is not None}
        if not off:
            return self
        rules = frozendict({name: rule for name, rule in self.rules.items() if name not in off})
        therapies = {
            name: therapy.model_copy(
                update={"rules": frozendict({n: rule for n, rule in therapy.rules.items() if n not in off})}
            )
            if off & set(therapy.rules)
            else therapy
            for name, therapy in self.therapies.items()
        }
        ample = {
            (cell, rule.behavior): rule.limit
            for rule in (self.all_rules[name] for name in sorted(off))
            if rule.absent == "limit" and rule.limit is not None
            for cell in rule.cell
        }
        cells = {
            name: cell.model_copy(
                update={"behaviors": frozendict({b: ample.get((name, b), n) for b, n in cell.behaviors.items()})}
            )
            if any(owner == name for owner, _ in ample)
            else cell
            for name, cell in self.cells.items()
        }
        return replace(self, cells=frozendict(cells), rules=rules, therapies=frozendict(therapies))

    def dropping(self, fields: Iterable[str]) -> Catalogue:
        """The catalogue without some fields, and without what cells do to them and drugs to their signals.

        Rules that read or drive a dropped field stay, as `checks.issues` will tell: whoever drops a field says what
        becomes of them.
        """
        gone = set(fields)
        if not gone:
            return self
        words = {f"{way}.{name}" for name in gone for way in vocabulary.FIELD_BEHAVIORS}
        cells = {
            name: cell.model_copy(
                update={"behaviors": frozendict({n: v for n, v in cell.behaviors.items() if n not in words})}
            )
            for name, cell in self.cells.items()
        }
        therapies = {
            name: therapy.model_copy(
                update={"effects": tuple(e for e in therapy.effects if e.blocks not in gone and e.scales not in words)}
            )
            for name, therapy in self.therapies.items()
        }
        left = frozendict({name: field for name, field in self.fields.items() if name not in gone})
        return replace(self, cells=frozendict(cells), therapies=frozendict(therapies), fields=left)

    def plus(self, entries: Mapping[str, Mapping[str, Any]]) -> tuple[Catalogue, list[Issue]]:
        """The catalogue with new entries by kind and name, and everything that is wrong with the result.

        New entries follow the old ones, sorted by name: the order in which they are written is of no account.
        """
        if not any(entries.values()):
            return self, []
        joined = {kind: dict(getattr(self, kind)) | dict(sorted(entries.get(kind, {}).items())) for kind in KINDS}
        return Catalogue.build(joined)


def folded(name: str) -> str:
    return re.sub(r"[\s_-]+", "_", name.strip().casefold())


def _slot(catalogue: Catalogue, path: DataPath, number: Number) -> Slot:
    if path[0] == "processes":
        return vocabulary.process_slot(str(path[1]), str(path[2]), number)
    # An unknown word has no slot; the check of words reports it.
    return vocabulary.slot(catalogue, path) or Slot((number.unit_at(number.hosts[0]),), low=-math.inf)


def _fitted(catalogue: Catalogue, path: DataPath, number: Number, issues: list[Issue]) -> Number:
    """The number in the unit of its slot; what does not fit is noted."""
    slot = _slot(catalogue, path, number)
    try:
        number = number.converted(slot.units)
    except units.UnitError as error:
        issues.append((path, str(error)))
        return number
    issues += [(path, message) for message in _outside(number, slot)]
    for host in number.hosts:
        span = number.range_at(host)
        if span is not None and not span[0] <= number.at(host) <= span[1]:
            ends = f"[{units.show(span[0])}, {units.show(span[1])}]"
            issues.append((path, f"{units.show(number.at(host), number.unit_at(host))} is outside its range {ends}"))
    return number


def _outside(number: Number, slot: Slot) -> Iterator[str]:
    """What is wrong with the size of a number."""
    for host in number.hosts:
        unit = number.unit_at(host)
        value, text, most = number.at(host), units.show(number.at(host), unit), slot.most(unit)
        low = max(slot.low, vocabulary.LEAST) if slot.positive else slot.low
        if slot.positive and value <= 0:
            yield f"must be above 0, but {text} was found"
        elif value < low:
            yield f"must not be below {units.show(low, unit)}, but {text} was found"
        elif value > most:
            yield f"must not be above {units.show(most, unit)}, but {text} was found"
        elif slot.whole and value != round(value):
            yield f"a whole number is due, but {text} was found"


SET = "set in the scenario"  # the source of such a number


def _times(value: Any, by: Fraction) -> Any:
    """A value, or the value of each host, times a factor."""
    if isinstance(value, Mapping):
        return frozendict({host: float(units.scaled(own, by)) for host, own in value.items()})
    return float(units.scaled(value, by))


def _set(catalogue: Catalogue, path: str, value: Any) -> Number:
    """The number that a scenario puts in the place of the catalogue's."""
    old, slot = catalogue.number(path), catalogue.slot(path)
    if (by := units.factor(value)) is not None:
        new = old.model_copy(update={"value": _times(old.value, by), "range": None, "source": (SET,), "note": ""})
        for message in _outside(new, slot):
            raise units.UnitError(message)
        return new
    if isinstance(value, str) and len(slot.units) > 1:
        unit = units.split(value)[1]
        due = next((to for to in slot.units if units.same_dimension(unit, to)), old.unit_at(old.hosts[0]))
    else:
        due = slot.units[0]
    new = Number(value=units.quantity(value, due), unit=due, source=(SET,))
    for message in _outside(new, slot):
        raise units.UnitError(message)
    return new


class Claim(NamedTuple):
    """A claim of the seed documents; its statement is in `seeds/claims.yaml`."""

    group: str
    priority: str


@cache
def claims() -> Mapping[str, Claim]:
    """The ids that evidence may name."""
    document = _packaged("claims")
    return frozendict({name: Claim(**entry) for name, entry in document.data.items()})


def _packaged(kind: str) -> Document:
    file = resources.files("tmesim.catalogue").joinpath(f"{kind}.yaml")
    return parse(file.read_bytes(), f"tmesim/catalogue/{kind}.yaml", (kind,))


def validated(document: Document, kind: str, at: DataPath = ()) -> tuple[dict[str, Any], list[Problem]]:
    """The entries of one kind that stand in a document at a path."""
    model: type[BaseModel] = KINDS[kind]
    data: Any = document.data
    for step in at:
        data = data[step]
    if not isinstance(data, dict):
        return {}, [document.problem(at, "a mapping from names to entries is due")]
    entries, problems = {}, []
    for name, entry in data.items():
        if not re.fullmatch(r"[a-z][a-z0-9_]*", name):
            problems.append(document.problem((*at, name), "a name is made of a-z, 0-9 and _, and starts with a letter"))
        try:
            entries[name] = model.model_validate(entry)
        except ValidationError as error:
            problems += problems_of(error, document, model, (*at, name))
    return entries, problems


@cache
def load_catalogue() -> Catalogue:
    """The packaged catalogue; InputError with every problem if its files are wrong."""
    documents = {kind: _packaged(kind) for kind in KINDS}
    return assemble(documents)


def assemble(documents: Mapping[str, Document]) -> Catalogue:
    """A catalogue from one document per kind. Each number must name its source here, unlike in a scenario."""
    entries, problems = {}, []
    for kind, document in documents.items():
        entries[kind], found = validated(document, kind)
        problems += found
    if problems:  # words that are missing because their entry is broken would only confuse
        raise InputError(problems)
    catalogue, issues = Catalogue.build(entries)
    issues += checks.missing_sources(catalogue)
    if issues:
        raise InputError([documents[str(path[0])].problem(path[1:], message) for path, message in issues])
    return catalogue
