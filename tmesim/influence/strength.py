"""What a factor of a group means, and what a value of a number drags along: settings of a point, by path.

A rule leads from a base b (the behavior at rest, or 1 of a factor) to a limit L. That it is f times as strong means:

- of a rule that raises, that L exceeds b f times as far, b + f (L − b): a rate or a multiple of b alike;
- of a rule that lowers, whose limit divides b by 1 + e, that it divides by 1 + f e, so L becomes b L / (L + f (b − L)):
  1/2 and 2 undo each other, no limit falls below 0, and raising threefold and lowering to a third are of one size;
- of a rule whose limit cannot say it, as it is 0 already or is shared with rules of another group, that its signal
  counts f times: its half-maximum is divided by f. While the signal is weak and the power 1, that is the same;
- of a rule of a lack, which leads from what happens without the signal to what is usual with it (`absent: limit`, or a
  factor whose limit is 1), that f times as much of the signal is needed: its half-maximum is multiplied by f.

A group of numbers of no rule is multiplied by f, within the bounds of each number. A behavior is multiplied with the
limits of its group `main`, which are in its unit, so that what its rules make of it is multiplied too.

Wherever a base passes the limit of a rule, the limit goes with it: such a rule does nothing, and never turns around.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

from tmesim import units
from tmesim.catalogue import checks
from tmesim.catalogue.bounds import LEAST
from tmesim.catalogue.mechanisms import mechanism_of
from tmesim.reading import dotted
from tmesim.scenario.limits import MAX_ADVANCE

if TYPE_CHECKING:
    from tmesim.catalogue import Catalogue
    from tmesim.catalogue.models import Rule
    from tmesim.influence.groups import Group
    from tmesim.scenario import Scenario

DIGITS = 9
"""Significant digits of what is set, so that a point is written as it is simulated."""
MAIN, TIPS = "main", "tip_speed"


@dataclass(frozen=True)
class Limit:
    """A limit and the rules that share it.

    path : in the first of them
    owners : paths of the bases from which they lead away; none of a factor that begins at 1
    is_factor : whether it is no absolute value
    """

    path: str
    rules: tuple[str, ...]
    raises: bool
    owners: tuple[str, ...]
    is_factor: bool


@dataclass(frozen=True, eq=False)
class Numbers:
    """The numbers of a catalogue as a species has them, and how they hang together.

    most : of behaviors, what the step of a scenario can follow, in their unit
    """

    catalogue: Catalogue
    species: str
    most: Mapping[str, float]

    @classmethod
    def of(cls, scenario: Scenario) -> Numbers:
        """Those of a scenario."""
        most = {TIPS: MAX_ADVANCE * scenario.tissue.spacing / scenario.time.step_h}
        return cls(scenario.catalogue, scenario.species, most)

    @cached_property
    def values(self) -> Mapping[str, float]:
        """Every number that the species has, by path."""
        return {path: number.at(self.species) for path, number in self.catalogue.numbers()
                if self.species in number.hosts}  # fmt: skip

    @cached_property
    def _bounds(self) -> dict[str, tuple[float, float, bool]]:
        return {}

    def within(self, path: str, value: float) -> float:
        """A value within the bounds of a number, a whole one where that is asked."""
        if path not in self._bounds:
            unit, spec = self.catalogue.number(path).unit_at(self.species), self.catalogue.spec(path)
            low = max(spec.low, LEAST) if spec.positive else spec.low
            self._bounds[path] = low, min(spec.most(unit), self._followed(path)), spec.whole
        low, high, whole = self._bounds[path]
        found = min(max(value, low), high)
        return float(round(found)) if whole else float(f"{found:.{DIGITS}g}")

    def _followed(self, path: str) -> float:
        steps = path.split(".", 3)
        if steps[0] == "cells" and steps[2] == "behaviors":
            return self.most.get(steps[3], math.inf)
        rule = self.catalogue.rules.get(steps[1]) if steps[0] == "rules" and steps[2] == "limit" else None
        return self.most.get(rule.behavior, math.inf) if rule is not None and rule.group == MAIN else math.inf

    def text(self, path: str, value: float) -> str:
        """A value as a scenario says it."""
        return units.show(value, self.catalogue.number(path).unit_at(self.species))

    @cached_property
    def limits(self) -> tuple[Limit, ...]:
        """Each limit of the catalogue once, where there is one for the species."""
        found, seen = [], set[str]()
        for name, rule in self.catalogue.all_rules.items():
            if name in seen or rule.limit is None or self.species not in rule.limit.hosts:
                continue
            mates = checks.mates(self.catalogue, name, "limit")
            seen |= mates
            rules = tuple(other for other in self.catalogue.all_rules if other in mates)
            path = dotted((*self.catalogue.rule_paths[rules[0]], "limit"))
            owners = dict.fromkeys(path for other in rules for path in self._owners(other))
            found.append(Limit(path, rules, rule.effect == "increases", tuple(owners), rule.group != MAIN))
        return tuple(found)

    def _owners(self, name: str) -> list[str]:
        rule = self.catalogue.all_rules[name]
        if rule.group != MAIN:
            return [dotted((*self.catalogue.rule_paths[name], "base"))] if rule.base is not None else []
        paths = (f"cells.{cell}.behaviors.{rule.behavior}" for cell in rule.cell)
        return [path for path in paths if path in self.values]

    @cached_property
    def shares(self) -> Mapping[str, Limit]:
        """The limit of each rule that has one."""
        return {rule: limit for limit in self.limits for rule in limit.rules}

    def bases(self, limit: Limit, values: Mapping[str, float]) -> list[float]:
        """The bases of a limit: as `values` has them, else as they are."""
        found = [values[path] if path in values else self.values[path] for path in limit.owners]
        return found or ([1.0] if limit.is_factor else [0.0])

    # Settings

    def of_factors(self, groups: Iterable[Group], factors: Mapping[str, float]) -> dict[str, str]:
        """What makes groups so many times as strong or large, by path; groups without a factor stay as they are."""
        chosen = [group for group in groups if factors.get(group.name, 1.0) != 1]
        values = {
            path: self.within(path, self.values[path] * factors[group.name])
            for group in chosen if not group.is_mechanism for path in group.paths
        }  # fmt: skip
        for limit in self.limits:
            self._multiply(limit, values)
        for group in (each for each in chosen if each.is_mechanism):
            strengthened = set[str]()
            for name in group.rules:
                own = self.shares.get(name)
                if own is None or own.path in strengthened:
                    continue
                if self._says_strength(own, group):
                    strengthened.add(own.path)
                    self._strengthen(own, values, factors[group.name])
                else:
                    self._let_count(name, values, factors[group.name])
        return self.of_values(values)

    def of_values(self, values: Mapping[str, float]) -> dict[str, str]:
        """What sets numbers, by path, with limits that go where their base passes them."""
        found = {path: self.within(path, value) for path, value in values.items()}
        for limit in self.limits:
            if limit.path in found or any(path in found for path in limit.owners):
                value, bases = found.get(limit.path, self.values[limit.path]), self.bases(limit, found)
                kept = max(value, *bases) if limit.raises else min(value, *bases)
                if kept != self.values[limit.path] or limit.path in found:
                    found[limit.path] = kept
        return {path: self.text(path, value) for path, value in found.items() if value != self.values[path]}

    def _multiply(self, limit: Limit, values: dict[str, float]) -> None:
        """Take a limit in the unit of a behavior along with it."""
        first = next((path for path in limit.owners if path in values), None)
        if not limit.is_factor and first is not None and (was := self.values[first]) > 0:
            values[limit.path] = self.within(limit.path, self.values[limit.path] * values[first] / was)

    def _says_strength(self, limit: Limit, group: Group) -> bool:
        """Whether the strength of a group's rules can be said by a limit of theirs."""
        alone = all(mechanism_of(self.catalogue.all_rules[name]) == group.name for name in limit.rules)
        lacks = any(_is_of_a_lack(self.catalogue.all_rules[name], self.species) for name in limit.rules)
        return alone and not lacks and (limit.raises or self.values[limit.path] > 0)

    def _strengthen(self, limit: Limit, values: dict[str, float], by: float) -> None:
        old, bases = values.get(limit.path, self.values[limit.path]), self.bases(limit, values)
        base = max(bases) if limit.raises else min(bases)
        if limit.raises:
            new = base + by * (old - base)
        else:
            new = base * old / (old + by * (base - old)) if old > 0 else 0.0
        values[limit.path] = self.within(limit.path, new)

    def _let_count(self, name: str, values: dict[str, float], by: float) -> None:
        path = dotted((*self.catalogue.rule_paths[name], "half_max"))
        lacks = _is_of_a_lack(self.catalogue.all_rules[name], self.species)
        values[path] = self.within(path, self.values[path] * (by if lacks else 1 / by))


def _is_of_a_lack(rule: Rule, species: str) -> bool:
    """Whether what a rule is about happens where its signal is missing."""
    if rule.group == MAIN or rule.limit is None or rule.base is None:
        return rule.absent == "limit"
    return rule.limit.at(species) == 1 != rule.base.at(species)
