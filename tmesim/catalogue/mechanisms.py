"""Mechanisms: groups of rules that belong together, to be switched off as one. Each rule is in exactly one of them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from fnmatch import fnmatchcase
from functools import cache

from tmesim.catalogue.entries import Rule
from tmesim.catalogue.files import MECHANISMS, packaged
from tmesim.catalogue.frozen import frozendict
from tmesim.catalogue.numbers import Entry

OWN = "own_rules"
"""The group of rules that match none, which only those that a scenario adds do."""


class Line(Entry):
    """Patterns of a rule's cell types (of which one must fit), signal, behavior and group; None fits any."""

    cell: str | None = None
    signal: str | None = None
    behavior: str | None = None
    group: str | None = None

    def fits(self, cells: tuple[str, ...], signal: str, behavior: str, group: str) -> bool:
        """Whether a rule with these is meant."""
        asked = ((self.signal, (signal,)), (self.behavior, (behavior,)), (self.group, (group,)), (self.cell, cells))
        return all(pattern is None or any(fnmatchcase(each, pattern) for each in have) for pattern, have in asked)


class Mechanism(Entry):
    """A group of rules: what it is called, and which rules it has that no group before it has."""

    label: str
    rules: tuple[Line, ...]


@cache
def mechanisms() -> Mapping[str, Mechanism]:
    """The groups by name, in the order in which they are tried."""
    found = {name: Mechanism.model_validate(entry) for name, entry in packaged(MECHANISMS).data.items()}
    own = Mechanism(label="rules that the scenario adds and no other group has", rules=(Line(),))
    return frozendict(found | {OWN: own})


def mechanism_of(rule: Rule) -> str:
    """The name of the group of a rule."""
    return _first(rule.cell, rule.signal, rule.behavior, rule.group)


@cache
def _first(cells: tuple[str, ...], signal: str, behavior: str, group: str) -> str:
    groups = mechanisms().items()
    return next(name for name, one in groups if any(each.fits(cells, signal, behavior, group) for each in one.rules))


def grouped(rules: Mapping[str, Rule], among: Iterable[str] | None = None) -> dict[str, tuple[str, ...]]:
    """The rules of each group that has any, by name, groups in their order. among : names of rules; by default all"""
    names = list(rules) if among is None else [name for name in rules if name in set(among)]
    found = {group: tuple(name for name in names if mechanism_of(rules[name]) == group) for group in mechanisms()}
    return {group: members for group, members in found.items() if members}
