"""Plain English: signals, behaviors and rules in the words of a textbook, from the labels of the catalogue."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from tmesim.catalogue import vocabulary
from tmesim.catalogue.contents import Contents
from tmesim.catalogue.entries import Rule
from tmesim.catalogue.labels import plural, substance
from tmesim.catalogue.numbers import Number
from tmesim.catalogue.therapies import Radiation, Removal, Surgery, Therapy

__all__ = ["absence", "cause", "doing", "joined", "local_effects", "plural", "sentence", "statement",
           "strength", "substance", "times"]  # fmt: skip


def cause(contents: Contents, signal: str) -> str:
    """A signal as the subject of a sentence."""
    word = vocabulary.of(contents).signals.get(signal)
    return word.phrase if word is not None else signal.replace("_", " ")


def doing(contents: Contents, behavior: str) -> str:
    """A behavior as the object of a sentence, with its article where it has one."""
    word = vocabulary.of(contents).behaviors.get(behavior)
    return word.phrase if word is not None else behavior.replace("_", " ")


def joined(parts: Iterable[str]) -> str:
    """a, b and c; empty when there is nothing."""
    *most, last = ["", *parts]
    return f"{', '.join(most[1:])} and {last}" if most[1:] else last


def times(number: str) -> str:
    """A factor of a value."""
    return {"0": "nothing", "1": "its normal value"}.get(number, f"{number} times its value")


def sentence(contents: Contents, rule: Rule) -> str:
    """A rule in plain English, with its numbers."""
    how = strength(contents, rule)
    return f"{statement(contents, rule)}{'' if how.startswith(':') else ' '}{how}."


def statement(contents: Contents, rule: Rule, cells: Iterable[str] | None = None) -> str:
    """What a rule says, without its numbers. cells : all of which it is said; by default those of the rule"""
    who = joined(plural(contents, cell) for cell in (rule.cell if cells is None else cells))
    why, what = cause(contents, rule.signal), doing(contents, rule.behavior)
    up = rule.effect == "increases"
    paces = what.startswith(("the rise in", "the fall in"))  # of a state, which has a rate in each direction
    verb = ("speed" if up else "slow") if paces else "raise" if up else "lower"
    return f"In {who}, {why} {verb}{'' if ' and ' in why else 's'} {what}"


def strength(contents: Contents, rule: Rule) -> str:
    """How far and at which level of the signal: the numbers of a rule, to be put behind its statement."""
    half = f"half-maximal at {_level(contents, rule)}, Hill coefficient {rule.power}"
    if rule.limit is None:
        return f": {half}"
    if rule.group == "main":
        return f"toward {rule.limit}: {half}"
    base, limit = str(rule.base_value), times(str(rule.limit))
    if times(base) == limit:
        return f"back to {limit}: {half}"
    if base == "1":
        return f"to {limit}: {half}"
    return f"from {times(base)} without it to {limit}: {half}"


def _level(contents: Contents, rule: Rule) -> str:
    """The half-maximum with its unit, which is counted in contacts where the signal is."""
    if vocabulary.SIGNALS["contact"].item(rule.signal) not in contents.cells:
        return str(rule.half_max)
    return f"{rule.half_max} contact{'' if str(rule.half_max) == '1' else 's'}"


def absence(rule: Rule) -> str:
    """What switching a rule off means."""
    if rule.absent == "limit":
        return f"a lack of the signal does nothing: each cell behaves as if it were plentiful ({rule.limit})"
    if rule.group == "main":
        return "the signal does nothing: each cell keeps its value at rest, which other rules may still change"
    return f"the signal does nothing; where no other rule is left in the group '{rule.group}', its factor is 1"


def local_effects(contents: Contents, therapy: Therapy) -> Iterator[tuple[str, tuple[Number, ...]]]:
    """What radiation, surgery or a removal does where it is done, in words, and the numbers that this rests on."""
    if isinstance(therapy, Radiation):
        for survival in therapy.survival:
            who = joined(plural(contents, name) for name in survival.cells)
            share = f"exp(-{survival.alpha} × dose - {survival.beta} × dose²)"
            yield f"dooms {who}, but for {share} of them", (survival.alpha, survival.beta)
        if (shield := therapy.oxygen) is not None:
            without = f"spares cells without {substance(contents, shield.field)} as if the dose were"
            yield f"{without} {shield.ratio} times smaller, half as much at {shield.half}", (shield.ratio, shield.half)
        for resistance in therapy.resistance:
            who = f"cells of full {contents.states[resistance.state].label}"
            yield f"spares {who} as if the dose were {resistance.to} of what it is", (resistance.to,)
    if isinstance(therapy, Surgery):
        text = f"takes out each tumor cell and all within {therapy.margin} of one"
        yield f"{text}, but for a share of {therapy.residual}", (therapy.margin, therapy.residual)
        yield f"leaves {therapy.wound} of dead-cell material, without antigens, where a cell was", (therapy.wound,)
    if isinstance(therapy, Removal):
        yield from _removed(contents, therapy)


def _removed(contents: Contents, therapy: Removal) -> Iterator[tuple[str, tuple[Number, ...]]]:
    who = joined(plural(contents, name) for name in therapy.cells)
    numbers: tuple[Number, ...] = (therapy.dose,)
    if (mark := therapy.marked) is not None:
        who += f" with {contents.states[mark.state].label} of {mark.at_least} and more"
        numbers = (*numbers, mark.at_least)
    if not therapy.instead:
        yield f"takes out {who}, as large a share as the dose says, each asked once", numbers
        return
    others = joined(plural(contents, name) for name in therapy.instead)
    yield f"takes out as many others ({others}) as there are {who} in the share that the dose says", numbers
