"""What is said of several entries, said once: rules that say the same of several cell types, and assumed numbers."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import NamedTuple

from tmesim.catalogue import english
from tmesim.catalogue.contents import Contents
from tmesim.catalogue.entries import Rule
from tmesim.catalogue.numbers import Number


class Fold(NamedTuple):
    """Rules by name whose statement is the same but for the cell types."""

    rules: Mapping[str, Rule]

    @property
    def cells(self) -> tuple[str, ...]:
        """All cell types of which it is said."""
        return tuple(dict.fromkeys(cell for rule in self.rules.values() for cell in rule.cell))

    def statement(self, contents: Contents) -> str:
        """What the rules say together, without their numbers."""
        return english.statement(contents, next(iter(self.rules.values())), self.cells)


def folds(rules: Mapping[str, Rule]) -> list[Fold]:
    """Rules put together by what they say: one signal, one effect on one behavior, as part of one group."""
    found: dict[tuple[str, ...], dict[str, Rule]] = {}
    for name, rule in rules.items():
        found.setdefault((rule.signal, rule.effect, rule.behavior, rule.group), {})[name] = rule
    return [Fold(each) for each in found.values()]


class Assumption(NamedTuple):
    """Assumed numbers that belong to one statement: its text, and the dotted paths of the numbers."""

    kind: str
    text: str
    paths: tuple[str, ...]


def assumptions(contents: Contents) -> list[Assumption]:
    """Every assumed number, once, put together by what it is about."""
    assumed = {path: number for path, number in contents.numbers() if number.assumed}
    return [*_of_rules(contents, assumed), *_of_entries(contents, assumed)]


def _of_rules(contents: Contents, assumed: Mapping[str, Number]) -> Iterator[Assumption]:
    mine: dict[str, list[str]] = {}
    for path in assumed:
        if (name := rule_of(path)) is not None:
            mine.setdefault(name, []).append(path)
    for fold in folds(contents.all_rules):
        if paths := [path for name in fold.rules for path in mine.get(name, ())]:
            yield Assumption("rules", fold.statement(contents), tuple(paths))


def _of_entries(contents: Contents, assumed: Mapping[str, Number]) -> Iterator[Assumption]:
    """The numbers that are not of rules: of cells, fields and states by what they are, of others by their entry."""
    together: dict[tuple[str, str], dict[str, list[str]]] = {}
    for path in assumed:
        if rule_of(path) is not None:
            continue
        kind, entry, rest = path.split(".", 2)
        by_entry = kind in ("processes", "therapies")
        whole, part = (entry, rest) if by_entry else (rest, entry)
        together.setdefault((kind, whole), {}).setdefault(part, []).append(path)
    for (kind, whole), parts in together.items():
        label = whole.removeprefix("behaviors.").replace("starts.", "at birth, ")
        told = english.joined(parts)
        yield Assumption(kind, f"{label}: {told}", tuple(path for paths in parts.values() for path in paths))


def rule_of(path: str) -> str | None:
    """The rule to which the number at a dotted path belongs; None for a number of something else."""
    kind, _, rest = path.partition(".")
    if kind == "rules":
        return rest.split(".")[0]
    steps = rest.split(".")
    return steps[2] if kind == "therapies" and steps[1] == "rules" else None
