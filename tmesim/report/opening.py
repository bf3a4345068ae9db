"""The question, the answer, and the experiment."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tmesim.catalogue import english, organ_named
from tmesim.drawing import page
from tmesim.markup import Markup, both, tag
from tmesim.notices import never_given, notices, untreated
from tmesim.report import answer, ensemble, grounds
from tmesim.scenario import courses
from tmesim.wording import words

if TYPE_CHECKING:
    from tmesim.observables import Observable
    from tmesim.result import Result
    from tmesim.scenario import Arm, Scenario
    from tmesim.statistics import Comparison


def opening(result: Result) -> Markup:
    """The question and the answer."""
    scenario = result.scenario
    n = result.replicates
    facts = f"{words(scenario.name)} · {scenario.host} · {lasting(result)} · "
    facts += f"{len(result.arms)} arm{'s' * (len(result.arms) > 1)} · {n} replicate{'s' * (n > 1)}"
    return Markup(
        tag("p", facts, class_="eyebrow")
        + tag("h1", scenario.question or words(scenario.name))
        + told(result)
        + (warned(result) or "")
    )


def lasting(result: Result) -> str:
    days = result.scenario.time.days
    return f"{days:g} day{'s' * (days != 1)}"


def told(result: Result) -> Markup:
    """The answer: one card for each arm against the reference, by the first endpoint."""
    first = result.scenario.endpoints[0] if result.scenario.endpoints else None
    if first is None:
        return tag("p", "The scenario names no endpoint, so there is nothing to compare.", class_="answer")
    mine = [c for c in result.comparisons if c.endpoint == first]
    if not mine:
        return tag("p", answer.alone(result), class_="answer")
    o = answer.observable(result, first)
    cards = [nothing(result, c) if untreated(result, c.arm) else compared(result, c, o) for c in mine]
    return tag("ul", *cards, class_="cards", aria_label="The answer")


def compared(result: Result, c: Comparison, o: Observable) -> Markup:
    """The card of an arm against the reference."""
    day = result.scenario.time.days
    said = (answer.caution(c), answer.missing(result, c.endpoint, c.arm, c.reference))
    notes = [note for note in (*said, ensemble.line(result, c.arm, c.endpoint)) if note]
    return tag(
        "li",
        tag("p", unbroken(answer.headline(c)), class_="large") if c.n else None,
        tag("p", tag("b", words(c.arm)), f" · {o.label}, day {day:g}", class_="what"),
        tag("p", unbroken(answer.sentence(c, o, day)), class_="answer"),
        tag("p", unbroken(" ".join(notes)), class_="note") if notes else None,
        class_=f"card {page.arm_class(result, c.arm)} {answer.verdict(c)}",
    )


def nothing(result: Result, c: Comparison) -> Markup:
    """The card of an arm that got nothing: what was planned, and no number."""
    return tag(
        "li",
        tag("p", tag("b", words(c.arm)), " · nothing was given", class_="what"),
        *(tag("p", text, class_="answer") for text in never_given(result.scenario, c.arm)),
        tag("p", f"So this run says nothing about {words(c.arm)}.", class_="note"),
        class_=f"card {page.arm_class(result, c.arm)} unknown",
    )


def warned(result: Result) -> Markup | None:
    """What must be known before the numbers are used, but for what the cards say."""
    said = [t for arm in result.arms if untreated(result, arm) for t in never_given(result.scenario, arm)]
    texts = [tag("p", text, class_="warning") for text in notices(result) if text not in said]
    return tag("div", *texts, class_="notices", role="note", aria_label="Cautions") if texts else None


def unbroken(text: str) -> str:
    """Text whose lines do not break between a number and its sign."""
    return text.replace(" %", "\u00a0%").replace("p < ", "p\u00a0<\u00a0").replace("p = ", "p\u00a0=\u00a0")


def design(result: Result) -> Markup:
    """The tissue, the arms and their doses."""
    scenario, box = result.scenario, result.scenario.tissue
    high, wide = (length / 1000 for length in box.size_um)
    tumors = scenario.start.tumor
    radius = f" around a tumor of {2 * tumors[0].radius_um:.0f} µm" if len(tumors) == 1 else ""
    if (lesion := scenario.start.lesion_radius_um) is not None:
        radius = f" inside a tumor of {2 * lesion / 1000:g} mm"
    text = (
        f"A patch of {wide:g} × {high:g} mm of {scenario.species} {tissues(scenario)}{radius} is simulated cell by "
        f"cell for {lasting(result)}, in steps of {scenario.time.step_h:g} h, on sites of {box.spacing:g} µm."
    )
    if len(result.arms) > 1 and not scenario.one_start:
        text += (
            " Arms that begin with another tissue share no history with others. Within a replicate they use common "
            "random numbers for a cell on the same site, so pairs are alike where their starts are, and a difference "
            "between such arms contains what the start made and what chance made of it."
        )
    elif len(result.arms) > 1:
        text += (
            " Each replicate is one tissue that is copied when the arms part. The copies share all that went before, "
            "and use common random numbers afterwards. So a difference between arms is due to the treatment and what "
            "follows from it, not to another tissue."
        )
    rows = [
        tag(
            "div",
            tag("p", tag("i", class_="chip"), tag("b", words(name)), " ", tag("span", given(scenario, arm))),
            page.rail(arm, scenario.time.days, words(name)),
            class_=f"line {page.arm_class(result, name)}",
        )
        for name, arm in scenario.arms.items()
    ]
    line = tag("div", *rows, page.scale(scenario.time.days), class_="timeline")
    story = [tag("p", paragraph) for paragraph in scenario.story.strip().split("\n\n") if paragraph]
    background = tag("div", tag("h3", "Background"), *story, class_="story") if story else None
    return both(tag("p", text), line, background)


def given(scenario: Scenario, arm: Arm) -> str:
    """What an arm gets, in words."""
    therapies, time = scenario.catalogue.therapies, scenario.time
    parts = [
        ", ".join(text for text in (therapies[d.use].label, d.amount) if text)
        + (f", {grounds.doses_in_words(hours)}" if (hours := courses.given(d, time)) else "")
        + courses.fitting(d, time)
        for d in arm.therapies
    ]
    parts += [f"{key} = {value}" for key, value in (*arm.start_set.items(), *arm.set.items())]
    parts += [f"without the rule {rule}" for rule in arm.off]
    since = f" (from day {arm.from_h / 24:g})" if arm.from_h and (arm.set or arm.off) else ""
    if (arm.set or arm.off) and not courses.changes(arm, time):
        since = f" (never: {courses.ending(arm.from_h, time)})"
    return ("; ".join(parts) or "nothing given") + since


def tissues(scenario: Scenario) -> str:
    """The tissues in which the arms begin, in the order of the arms."""
    organs = dict.fromkeys(organ_named(scenario.start_of(arm).organ).label for arm in scenario.arms)
    return f"{english.joined(list(organs))} tissue"
