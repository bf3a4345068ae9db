"""What a scenario does to a catalogue: numbers set, rules switched off, fields dropped. Each returns a new one."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from fractions import Fraction
from typing import Any, TypeVar

from tmesim import units
from tmesim.catalogue import checks, vocabulary
from tmesim.catalogue.bounds import number_spec, outside
from tmesim.catalogue.contents import Contents
from tmesim.catalogue.frozen import frozendict
from tmesim.catalogue.numbers import Number
from tmesim.catalogue.therapies import Drug
from tmesim.reading import dotted

C = TypeVar("C", bound=Contents)

SET = "set in the scenario"
"""The source of a number that a scenario sets."""


def with_numbers(contents: C, values: Mapping[str, Any]) -> tuple[C, dict[str, str]]:
    """Numbers set by dotted path, to `40 pM` or a bare number where no unit is needed; problems by path.

    `x2` doubles the number that stands here, in each host.
    A limit or a base belongs to a group of rules, so that setting it in one rule sets it in its mates as well.
    """
    problems: dict[str, str] = {}
    new: dict[str, Number] = {}
    for path, value in values.items():
        try:
            new[path] = _set(contents, path, value)
        except (LookupError, units.UnitError) as error:
            problems[path] = str(error.args[0])
    if not new:
        return contents, problems
    shared: dict[str, Number] = {}
    for path, number in new.items():
        steps = contents.placed_numbers[path][0]
        if "rules" in steps and steps[-1] in ("limit", "base"):
            for mate in checks.mates(contents, str(steps[-2]), str(steps[-1])):
                shared[dotted((*contents.rule_paths[mate], steps[-1]))] = number
    return contents.with_placed(shared | new), problems


def without(contents: C, names: Iterable[str]) -> C:
    """The catalogue with rules switched off, by name (see `rule_name`): what they do does not happen.

    A rule of a lack (`absent: limit`) leaves its behavior at the limit, where ample signal would hold it.
    """
    off = {name for text in names if (name := contents.rule_name(text)) is not None}
    if not off:
        return contents
    rules = frozendict({name: rule for name, rule in contents.rules.items() if name not in off})
    therapies = {
        name: therapy.model_copy(
            update={"rules": frozendict({n: rule for n, rule in therapy.rules.items() if n not in off})}
        )
        if off & set(therapy.rules)
        else therapy
        for name, therapy in contents.therapies.items()
    }
    ample = {
        (cell, rule.behavior): rule.limit
        for rule in (contents.all_rules[name] for name in sorted(off))
        if rule.absent == "limit" and rule.limit is not None
        for cell in rule.cell
    }
    cells = {
        name: cell.model_copy(
            update={"behaviors": frozendict({b: ample.get((name, b), n) for b, n in cell.behaviors.items()})}
        )
        if any(owner == name for owner, _ in ample)
        else cell
        for name, cell in contents.cells.items()
    }
    return replace(contents, cells=frozendict(cells), rules=rules, therapies=frozendict(therapies))


def dropping(contents: C, fields: Iterable[str]) -> C:
    """The catalogue without some fields, and without what cells do to them and drugs to their signals.

    Rules that read or drive a dropped field stay, as `checks.issues` will tell: whoever drops a field says what
    becomes of them.
    """
    gone = set(fields)
    if not gone:
        return contents
    words = {family.word(name) for name in gone for family in vocabulary.OF_FIELDS}
    cells = {
        name: cell.model_copy(
            update={
                "behaviors": frozendict({n: v for n, v in cell.behaviors.items() if n not in words}),
                "guided_by": None if cell.guided_by in gone else cell.guided_by,
            }
        )
        for name, cell in contents.cells.items()
    }
    therapies = {
        name: therapy.model_copy(
            update={"effects": tuple(e for e in therapy.effects if e.blocks not in gone and e.scales not in words)}
        )
        if isinstance(therapy, Drug)
        else therapy
        for name, therapy in contents.therapies.items()
    }
    left = frozendict({name: field for name, field in contents.fields.items() if name not in gone})
    return replace(contents, cells=frozendict(cells), therapies=frozendict(therapies), fields=left)


def _times(value: Any, by: Fraction) -> Any:
    """A value, or the value of each host, times a factor."""
    if isinstance(value, Mapping):
        return frozendict({host: float(units.scaled(own, by)) for host, own in value.items()})
    return float(units.scaled(value, by))


def _set(contents: Contents, path: str, value: Any) -> Number:
    """The number that a scenario puts in the place of the catalogue's."""
    keys, old = contents.placed_number(path)
    spec = number_spec(contents, keys, old)
    if (by := units.factor(value)) is not None:
        new = old.model_copy(update={"value": _times(old.value, by), "range": None, "source": (SET,), "note": ""})
        for message in outside(new, spec):
            raise units.UnitError(message)
        return new
    if isinstance(value, str) and len(spec.units) > 1:
        unit = units.split(value)[1]
        due = next((to for to in spec.units if units.same_dimension(unit, to)), old.unit_at(old.hosts[0]))
    else:
        due = spec.units[0]
    new = Number(value=units.quantity(value, due), unit=due, source=(SET,))
    for message in outside(new, spec):
        raise units.UnitError(message)
    return new
