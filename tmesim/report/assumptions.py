"""What is assumed: grounds of the numbers, and the evidence behind the drugs."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tmesim.catalogue import Drug
from tmesim.markup import Child, Markup, both, tag
from tmesim.report import grounds
from tmesim.wording import capital

if TYPE_CHECKING:
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
    table = grounds.counted(scenario.catalogue)
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
    return both(*parts, tag("div", tag("h3", "What this is not"), tag("p", LIMITS), class_="story"))


def drug(result: Result, name: str) -> Markup:
    """What a drug does in the model, the rules it works through, and what they rest on."""
    catalogue = result.scenario.catalogue
    therapy = catalogue.therapies[name]
    does = [
        tag("li", step.text, " ", badge(step.assumed), tag("small", "; ".join(grounds.cited(step.source))))
        for step in grounds.steps(catalogue, therapy, result.scenario.species)
    ]
    rules = [
        tag(
            "li",
            tag("code", key),
            " ",
            catalogue.sentence(rule),
            " ",
            badge(rule.half_max.assumed or (rule.limit is not None and rule.limit.assumed), "strength assumed"),
            tag("ul", *(tag("li", text) for text in grounds.cited(rule.evidence)), class_="evidence"),
        )
        for key, rule in grounds.chain(catalogue, therapy).items()
    ]
    why = [tag("li", text) for text in grounds.cited(therapy.evidence)]
    parts: list[Child] = [tag("h3", capital(therapy.label))]
    if does:
        when = " while all its targets are occupied," if isinstance(therapy, Drug) else ""
        what = f"{capital(therapy.therapy_class)}. In the model,{when} it"
        parts += [tag("p", what, class_="what"), tag("ul", *does, class_="does")]
    if why:
        parts.append(tag("details", tag("summary", f"Why it is thought to work ({len(why)} sources)"), tag("ul", *why)))
    if rules:
        through = f"The {len(rules)} rules it works through" if len(rules) > 1 else "The rule it works through"
        parts.append(tag("details", tag("summary", through), tag("ol", *rules, class_="rules")))
    return tag("article", *parts, class_="drug")


def badge(assumed: bool, text: str = "assumed") -> Markup | None:
    return tag("span", text, class_="badge") if assumed else None


def stale(result: Result) -> Markup | None:
    """A warning when the catalogue at hand is not the one that the run was made with."""
    recorded = result.provenance.get("scenario_hash")
    if recorded in (None, result.scenario.hash):
        return None
    return tag("p", OTHER_CATALOGUE, class_="warning")
