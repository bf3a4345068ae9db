"""Reach: what of a catalogue can come into being in a tissue, so that what cannot costs nothing."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace
from typing import TypeVar

from tmesim.catalogue import vocabulary
from tmesim.catalogue.contents import Contents
from tmesim.catalogue.entries import Rule
from tmesim.catalogue.frozen import frozendict

C = TypeVar("C", bound=Contents)
LEAVING = ("intravasation", "lymph_entry", "cohesion")
"""Behaviors of cells that leave a tissue for others."""
ADMIT, SECRETION, EXCHANGE, CHEMOTAXIS = (
    vocabulary.BEHAVIORS[name] for name in ("admit", "secretion", "exchange", "chemotaxis")
)


def reached(contents: Contents, there: Iterable[str]) -> frozenset[str]:
    """The cell types that can come into being where some are: those that these let in or become, and so on."""
    found: set[str] = set()
    waiting = [cell for cell in there if cell in contents.cells]
    while waiting:
        cell = waiting.pop()
        if cell in found:
            continue
        found.add(cell)
        waiting += [fate.to for fate in contents.cells[cell].events if fate.to is not None]
        waiting += [other for other in [contents.cells[cell].emerges] if other is not None]
        admitted = {ADMIT.item(word) for word in _words_of(contents, cell)}
        waiting += [other for other in contents.cells if other in admitted]
    return frozenset(found)


def trimmed(contents: C, cells: frozenset[str], therapies: Iterable[str] = ()) -> C:
    """The catalogue with these cell types alone, and with the states and fields that they can have.

    therapies : those that are given, whose rules count too. Rules stay as they are: a signal of something that is
    not there is 0, and the compiled tables leave it out.
    """
    given = set(therapies)
    states = {state for cell in cells for state in contents.cells[cell].states}
    fields = {
        name for name in contents.fields if _is_made(contents, name, cells, given) and _is_felt(contents, name, cells)
    }
    gone = [name for name in contents.fields if name not in fields]
    idle = {family.word(name) for name in gone for family in vocabulary.OF_FIELDS}
    left = _without(contents, idle)
    return replace(
        left,
        cells=frozendict({name: cell for name, cell in left.cells.items() if name in cells}),
        states=frozendict({name: state for name, state in contents.states.items() if name in states}),
        fields=frozendict({name: field for name, field in contents.fields.items() if name in fields}),
    )


def staying(contents: C) -> C:
    """The catalogue of a body in which no tumor cell goes anywhere: without what makes cells leave."""
    return _without(contents, {vocabulary.BEHAVIORS[name].word() for name in LEAVING})


def _without(contents: C, idle: set[str]) -> C:
    """A catalogue in which no cell has some behaviors, at rest or by a rule."""
    cells = {
        name: cell.model_copy(
            update={"behaviors": frozendict({word: n for word, n in cell.behaviors.items() if word not in idle})}
        )
        if idle & cell.behaviors.keys()
        else cell
        for name, cell in contents.cells.items()
    }
    rules = {name: rule for name, rule in contents.rules.items() if rule.behavior not in idle}
    return replace(contents, cells=frozendict(cells), rules=frozendict(rules))


def _words_of(contents: Contents, cell: str) -> Iterator[str]:
    """The behaviors that a cell type has, at rest or by a rule."""
    yield from contents.cells[cell].behaviors
    yield from (rule.behavior for rule in contents.all_rules.values() if cell in rule.cell)


def _is_made(contents: Contents, field: str, cells: frozenset[str], given: set[str]) -> bool:
    """Whether a field can be above 0: a cell secretes it, vessels carry it, or it comes in at the edge."""
    entry = contents.fields[field]
    ways = {SECRETION.word(field)}
    if entry.vessel is not None:
        ways.add(EXCHANGE.word(field))
    rules: list[Rule] = list(contents.rules.values())
    rules += [rule for name in given for rule in contents.therapies[name].rules.values()]
    return (
        entry.edge.level is not None
        or any(ways & contents.cells[cell].behaviors.keys() for cell in cells)
        or any(rule.behavior in ways and cells & set(rule.cell) for rule in rules)
    )


def _is_felt(contents: Contents, field: str, cells: frozenset[str]) -> bool:
    """Whether a cell that can be here senses or follows a field; a field that no cell of the catalogue senses stays."""
    follows = CHEMOTAXIS.word(field)
    feeling = {name for name, cell in contents.cells.items() if cell.guided_by == field or follows in cell.behaviors}
    for rule in contents.all_rules.values():
        if rule.signal == field or rule.behavior == follows:
            feeling.update(rule.cell)
    return not feeling or not feeling.isdisjoint(cells)
