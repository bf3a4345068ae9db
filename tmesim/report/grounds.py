"""On what a run rests: how many numbers are sourced or assumed, and what stands behind the drugs of its arms."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from typing import TYPE_CHECKING, Any, NamedTuple

from tmesim.catalogue import Drug, english
from tmesim.evidence import ground, statements

if TYPE_CHECKING:
    from tmesim.catalogue import Catalogue, Rule, Therapy
    from tmesim.catalogue.models import Effect
    from tmesim.scenario import Scenario

GROUNDS = {
    "source": "cited: from a paper with author, year and identifier that was looked up, for this host",
    "named": "from a paper or a drug's label that is named and not looked up",
    "bounded": "assumed, within a factor of two of what a paper states",
    "assumed": "assumed, each with its reason",
    "definition": "true by definition",
    "none": "without a note, set by the scenario",
}


def counted(catalogue: Catalogue, host: str) -> dict[str, dict[str, int]]:
    """How many numbers of a host rest on which ground: kind of entry → ground → count."""
    table: dict[str, dict[str, int]] = {}
    for path, number in catalogue.numbers():
        if host in number.hosts:
            kind = table.setdefault(path.split(".")[0], dict.fromkeys(GROUNDS, 0))
            kind[ground(catalogue, path, host)] += 1
    return table


def grounded(catalogue: Catalogue) -> int:
    """How many rules name a claim or a publication for their direction."""
    return sum(any(not text.startswith("assumed") for text in rule.evidence) for rule in catalogue.all_rules.values())


def used(scenario: Scenario) -> list[str]:
    """Therapies that some arm gets, in their order."""
    return list(dict.fromkeys(dose.use for arm in scenario.arms.values() for dose in arm.therapies))


class Step(NamedTuple):
    """Something that a drug does, and what it rests on."""

    text: str
    source: tuple[str, ...]
    assumed: bool


def steps(catalogue: Catalogue, therapy: Therapy, host: str) -> Iterator[Step]:
    """The effects of a therapy in words."""
    if not isinstance(therapy, Drug):
        for told_so, numbers in english.local_effects(catalogue, therapy):
            texts = [text.removeprefix("assumed").lstrip(": ") for number in numbers for text in number.texts_at(host)]
            yield Step(told_so, tuple(t for t in texts if t), any(number.assumed_at(host) for number in numbers))
        return
    for effect in therapy.effects:
        number = effect.fraction if effect.fraction is not None else effect.to
        if number is not None:
            texts = [text.removeprefix("assumed").lstrip(": ") for text in (*number.texts_at(host), *effect.evidence)]
            yield Step(told(catalogue, effect, number.at(host)), tuple(t for t in texts if t), number.assumed_at(host))
    for kill in therapy.kills:
        who = english.joined(english.plural(catalogue, name) for name in kill.cells) or "leukocytes"
        where = "in blood and lymph node" if kill.state == "resting" else "that divide in the lymph node"
        texts = [text.removeprefix("assumed").lstrip(": ") for text in (*kill.rate.texts_at(host), *kill.evidence)]
        told_so = f"kills {who} {where} at {kill.rate.at(host):g}/h"
        yield Step(told_so, tuple(t for t in texts if t), kill.rate.assumed_at(host))


def told(catalogue: Catalogue, effect: Effect, value: float) -> str:
    where = f" in {english.joined(english.plural(catalogue, name) for name in effect.cells)}" if effect.cells else ""
    if effect.blocks is not None:
        return f"blocks {100 * value:.0f} % of the signal of {english.cause(catalogue, effect.blocks)}{where}"
    behavior = str(effect.scales)
    if behavior.startswith("admit."):
        where = ""  # it is vessels that let cells in
    change = "raises" if value > 1 else "lowers"
    return f"{change} {english.doing(catalogue, behavior)}{where} to {value:g} times its value"


def chain(catalogue: Catalogue, therapy: Therapy) -> dict[str, Rule]:
    """The rules through which a therapy works: its own; those it blocks; those of the behaviors it scales; and where
    it makes cells die, divide or arrive otherwise, those by which other cells feel these cells."""
    found: dict[str, Rule] = dict(therapy.rules)
    if not isinstance(therapy, Drug):
        return found
    for name, rule in catalogue.rules.items():
        for effect in therapy.effects:
            mine = not effect.cells or bool(set(effect.cells) & set(rule.cell))
            blocked = effect.blocks is not None and rule.signal == effect.blocks and mine
            scaled = effect.scales is not None and rule.behavior == effect.scales and mine
            if blocked or scaled or rule.signal in felt(effect):
                found[name] = rule
    return found


def felt(effect: Effect) -> set[str]:
    if effect.scales in ("apoptosis", "division", "necrosis", "egress"):
        return {f"contact.{name}" for name in effect.cells}
    if effect.scales is not None and effect.scales.startswith("admit."):
        return {"contact." + effect.scales.removeprefix("admit.")}
    return set()


def cited(texts: Iterable[str]) -> list[str]:
    """Evidence in full: a claim as its statement with its id, anything else as it is."""
    known = statements()
    return [f"{known[text]['statement']} [{text}]" if text in known else text for text in texts]


def primary(scenario: Scenario) -> list[str]:
    """The published sources behind the drugs of a run: evidence that names a journal's year, in alphabetical order."""
    catalogue = scenario.catalogue
    texts: list[str] = []
    for name in used(scenario):
        therapy = catalogue.therapies[name]
        texts += therapy.evidence
        for rule in chain(catalogue, therapy).values():
            texts += rule.evidence
    papers = {text for text in texts if text not in statements() and re.search(r"\b(19|20)\d\d\b", text)}
    return sorted(papers - {t for t in papers if t.startswith("assumed")})


def doses_in_words(hours: Iterable[float]) -> str:
    """The days of some doses, of one at least."""
    days = [f"{hour / 24:g}" for hour in hours]
    if len(days) == 1:
        return f"on day {days[0]}"
    if len(days) <= 4:
        return f"on days {', '.join(days[:-1])} and {days[-1]}"
    return f"{len(days)} times from day {days[0]} to day {days[-1]}"


def without_none(table: Mapping[str, Mapping[str, int]]) -> dict[str, Any]:
    """Totals over kinds, for grounds that occur."""
    totals = {g: sum(kind[g] for kind in table.values()) for g in GROUNDS}
    return {g: n for g, n in totals.items() if n}
