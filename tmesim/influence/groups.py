"""Groups: mechanisms, which are rules, and numbers of no rule, so that each number that can matter is in just one."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from fnmatch import fnmatchcase
from functools import cache
from importlib import resources
from typing import TYPE_CHECKING

from tmesim.catalogue import checks
from tmesim.catalogue.folds import rule_of
from tmesim.catalogue.mechanisms import mechanisms
from tmesim.catalogue.reach import LEAVING
from tmesim.reading import dotted
from tmesim.scenario.lasting import OF_BLOOD, OF_HELD, OF_PRIMARY, idle_anywhere
from tmesim.trial.ablating import Possible, acting

if TYPE_CHECKING:
    from tmesim.catalogue import Catalogue
    from tmesim.scenario import Scenario

SETTLED = ("definition", "numerical")
"""How the source of a number begins that is no claim on nature: nothing else would be plausible for it."""
PLANNED = ("dose", "schedule")
"""Numbers of a therapy that somebody chooses."""

OF_THE_START = ("extent", "extent_spread")
"""Numbers of a cell type that are bound to its density in a start, which a scenario says."""


@dataclass(frozen=True)
class Group:
    """What is made stronger or weaker, larger or smaller, as one.

    rules : of a mechanism, those that can act; none of numbers of no rule
    paths : of its numbers, each of which may be varied alone; of what rules share, the path in the first of them
    """

    name: str
    label: str
    rules: tuple[str, ...]
    paths: tuple[str, ...]

    @property
    def is_mechanism(self) -> bool:
        return bool(self.rules)


@dataclass(frozen=True)
class Patterns:
    """Of a group of numbers of no rule. but : paths that it has not, though one of `paths` fits"""

    label: str
    paths: tuple[str, ...]
    but: tuple[str, ...] = ()

    def has(self, path: str) -> bool:
        return any(fnmatchcase(path, each) for each in self.paths) and not any(
            fnmatchcase(path, each) for each in self.but
        )


@cache
def patterns() -> Mapping[str, Patterns]:
    """Those of the package by name, in the order in which they are tried."""
    import yaml

    text = resources.files("tmesim.influence").joinpath("groups.yaml").read_text(encoding="utf-8")
    entries = yaml.load(text, getattr(yaml, "CSafeLoader", yaml.SafeLoader))
    return {
        name: Patterns(entry["label"], tuple(entry["paths"]), tuple(entry.get("not", ())))
        for name, entry in entries.items()
    }


def groups_of(scenario: Scenario) -> tuple[Group, ...]:
    """The groups that can matter in a scenario with all its arms, mechanisms first; none is empty."""
    rules = acting(scenario, scenario.arms)
    owner = {rule: name for name, members in rules.items() for rule in members}
    numbers: dict[str, list[str]] = {}
    for path in _of_rules(scenario.catalogue, owner):
        numbers.setdefault(owner[str(rule_of(path))], []).append(path)
    found = [Group(name, mechanisms()[name].label, members, tuple(numbers.get(name, ())))
             for name, members in rules.items()]  # fmt: skip
    others: dict[str, list[str]] = {}
    for path in _of_no_rule(scenario):
        others.setdefault(next(name for name, each in patterns().items() if each.has(path)), []).append(path)
    found += [Group(name, each.label, (), tuple(others[name])) for name, each in patterns().items() if name in others]
    return tuple(found)


def _of_rules(catalogue: Catalogue, acting: Mapping[str, str]) -> Iterator[str]:
    """Numbers of rules that can act: half-maxima and powers; limits and bases once for all rules that share them."""
    seen: set[tuple[str, str]] = set()
    for name in acting:
        rule, place = catalogue.all_rules[name], catalogue.rule_paths[name]
        for part in ("limit", "base", "half_max", "power"):
            if (name, part) in seen or (number := getattr(rule, part)) is None or _is_settled(number.source):
                continue
            if part in ("limit", "base"):
                seen |= {(mate, part) for mate in checks.mates(catalogue, name, part)}
            yield dotted((*place, part))


def _of_no_rule(scenario: Scenario) -> Iterator[str]:
    """Numbers of no rule that can act: of cells and fields that can be here, of what is given, and of processes."""
    used = {dose.use for arm in scenario.arms.values() for dose in arm.therapies}
    left = Possible(scenario, used).left
    for path, number in left.numbers():
        kind, name, *rest = path.split(".")
        if kind == "rules" or rule_of(path) is not None or scenario.species not in number.hosts:
            continue
        if _is_settled(number.source):
            continue
        if kind == "therapies" and (name not in used or rest[0] in PLANNED):
            continue
        if kind == "cells" and rest[0] in OF_THE_START:
            continue
        if idle_anywhere(path) or (".drug_" in path and path.rpartition(".drug_")[2] not in used):
            continue
        if not scenario.places and _of_journey(path):
            continue
        if number.at(scenario.species) == 0 and number.range_at(scenario.species) is None:
            continue
        yield path


def _of_journey(path: str) -> bool:
    """Whether a number acts on cells on their way to another organ, or on organs beside the tissue."""
    away = path.startswith((OF_BLOOD, OF_HELD)) or any(path.endswith(f".behaviors.{name}") for name in LEAVING)
    return away or bool(re.fullmatch(OF_PRIMARY, path))


def _is_settled(source: tuple[str, ...]) -> bool:
    return bool(source) and all(text.startswith(SETTLED) for text in source)
