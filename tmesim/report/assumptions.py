"""What is assumed: grounds of the numbers, and the evidence behind the drugs."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from tmesim.catalogue import Drug, english
from tmesim.catalogue.folds import assumptions, folds
from tmesim.markup import Child, Markup, both, tag
from tmesim.report import grounds
from tmesim.wording import capital

if TYPE_CHECKING:
    from tmesim.catalogue import Catalogue, Rule
    from tmesim.catalogue.folds import Fold
    from tmesim.result import Result

LIMITS = (
    "The patch is a part of a lesion in two dimensions. That a tumor vanishes from it is not a complete response of a "
    "lesion, and days in it are not months of survival. Compare arms, orders and ratios; do not read doses or times "
    "off this page for a patient."
)
OTHER_CATALOGUE = (
    "This page was drawn with another catalogue than the run was made with, so this section may differ "
    "from what the run used. The numbers in the other sections are the run's own."
)


def assumed(result: Result) -> Markup:
    """Grounds of the numbers, and the evidence behind the drugs."""
    scenario = result.scenario
    table = grounds.counted(scenario.catalogue, scenario.species)
    totals = grounds.without_none(table)
    grounded = grounds.grounded(scenario.catalogue)
    whole, rules = sum(totals.values()), len(scenario.catalogue.all_rules)
    tiles = [
        tag("li", tag("b", f"{count}"), " ", tag("span", grounds.GROUNDS[g]), class_=g) for g, count in totals.items()
    ]
    bar = tag(
        "div",
        *(tag("span", style=f"flex-grow:{count}", class_=g) for g, count in totals.items()),
        class_="share",
        role="img",
        aria_label="; ".join(f"{count} numbers {grounds.GROUNDS[g]}" for g, count in totals.items()),
    )
    changed = [f"{key} = {value}" for key, value in scenario.set.items()]
    changed += [f"without the rule {rule}" for rule in scenario.off]
    changed += [f"adds {kind}: {', '.join(map(str, names))}" for kind, names in scenario.add.items()]
    most = "All" if grounded == rules else f"{grounded}"
    ground = (
        f"The model of this run rests on {rules} rules and {whole} numbers. {most} of "
        "the rules name a claim of the seed documents or a publication for what acts on what. How strongly it acts is "
        "assumed far more often, so trust directions and orders more than sizes. The numbers are"
    )
    parts: list[Child] = [
        stale(result),
        tag("p", ground),
        bar,
        tag("ul", *tiles, class_="tiles"),
    ]
    if changed:
        parts += [tag("h3", "What this scenario changes in the catalogue"), tag("ul", *(tag("li", c) for c in changed))]
    for name in grounds.used(scenario):
        parts.append(drug(result, name))
    parts.append(all_assumed(scenario.catalogue))
    return both(*parts, tag("div", tag("h3", "What this is not"), tag("p", LIMITS), class_="story"))


def drug(result: Result, name: str) -> Markup:
    """What a drug does in the model, the rules it works through, and what they rest on."""
    catalogue = result.scenario.catalogue
    therapy = catalogue.therapies[name]
    does = [
        tag("li", step.text, " ", badge(step.assumed), tag("small", "; ".join(grounds.cited(step.source))))
        for step in grounds.steps(catalogue, therapy, result.scenario.species)
    ]
    through = grounds.chain(catalogue, therapy)
    rules = [tag("li", *folded_rule(catalogue, fold)) for fold in folds(through)]
    why = [tag("li", text) for text in grounds.cited(therapy.evidence)]
    parts: list[Child] = [tag("h3", capital(therapy.label))]
    if does:
        when = " while all its targets are occupied," if isinstance(therapy, Drug) else ""
        what = f"{capital(therapy.therapy_class)}. In the model,{when} it"
        parts += [tag("p", what, class_="what"), tag("ul", *does, class_="does")]
    if why:
        parts.append(tag("details", tag("summary", f"Why it is thought to work ({len(why)} sources)"), tag("ul", *why)))
    if rules:
        title = works_through(len(through), len(rules))
        parts.append(tag("details", tag("summary", title), tag("ol", *rules, class_="rules")))
    return tag("article", *parts, class_="drug")


def works_through(rules: int, statements: int) -> str:
    """How many rules a drug works through, and in how many lines they are told."""
    if rules == 1:
        return "The rule it works through"
    text = f"The {rules} rules it works through"
    return text if statements == rules else f"{text}, in {statements} statements"


def folded_rule(catalogue: Catalogue, fold: Fold) -> Iterator[Child]:
    """Rules that say the same of several cell types as one line, with the numbers of each below."""
    evidence = dict.fromkeys(text for rule in fold.rules.values() for text in rule.evidence)
    guessed = any(strength_assumed(rule) for rule in fold.rules.values())
    for n, name in enumerate(fold.rules):
        yield ", " if n else None
        yield tag("code", name)
    yield " "
    if len(fold.rules) == 1:
        yield catalogue.sentence(next(iter(fold.rules.values())))
    else:
        yield f"{fold.statement(catalogue)}."
    yield " "
    yield badge(guessed, "strength assumed")
    if len(fold.rules) > 1:
        lines = (
            f"{english.joined(english.plural(catalogue, cell) for cell in rule.cell)}: "
            f"{english.strength(catalogue, rule).removeprefix(': ')}"
            for rule in fold.rules.values()
        )
        yield tag("ul", *(tag("li", text) for text in lines))
    yield tag("ul", *(tag("li", text) for text in grounds.cited(evidence)), class_="evidence")


def strength_assumed(rule: Rule) -> bool:
    return rule.half_max.assumed or (rule.limit is not None and rule.limit.assumed)


KINDS = {
    "rules": "Rules", "cells": "Cells at rest", "states": "Slow states", "fields": "Fields", "matrix": "Matrix",
    "processes": "Processes", "therapies": "Treatments",
}  # fmt: skip


def all_assumed(catalogue: Catalogue) -> Markup:
    """Every assumed number, in a line with those that say the same of other cell types."""
    found = assumptions(catalogue)
    count = sum(len(each.paths) for each in found)
    parts: list[Child] = []
    for kind, title in KINDS.items():
        mine = [each for each in found if each.kind == kind]
        if mine:
            lines = (tag("li", f"{each.text} ({len(each.paths)})") for each in mine)
            parts.append(tag("h4", f"{title} ({sum(len(each.paths) for each in mine)})"))
            parts.append(tag("ul", *lines, class_="evidence"))
    text = (
        "Each number stands in one line, with those that say the same of other cell types; how many there are is in "
        "brackets. tmesim explain tells what each is and why it was chosen."
    )
    return tag(
        "details", tag("summary", f"All {count} assumed numbers, in {len(found)} lines"), tag("p", text), *parts
    )


def badge(assumed: bool, text: str = "assumed") -> Markup | None:
    return tag("span", text, class_="badge") if assumed else None


def stale(result: Result) -> Markup | None:
    """A warning when the catalogue at hand is not the one that the run was made with."""
    recorded = result.provenance.get("scenario_hash")
    if recorded in (None, result.scenario.hash):
        return None
    return tag("p", OTHER_CATALOGUE, class_="warning")
