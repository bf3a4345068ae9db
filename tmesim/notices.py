"""What people must know before they use the numbers of a run: treatments that were never given, a patch that is full,
a tumor that vanished by itself, an arm that is its reference."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from tmesim.catalogue import Drug, english
from tmesim.scenario import courses
from tmesim.scenario.parts import ADULT_KG
from tmesim.sequences import multiplier
from tmesim.statistics import CONFIDENCE, student
from tmesim.wording import capital, words

if TYPE_CHECKING:
    from tmesim.result import Result
    from tmesim.scenario import Scenario

FULL = 0.6
"""Share of the patch from which on a tumor has too little room, whether it touches the edge or not."""
SHRUNK = 0.5
"""An untreated tumor that loses so much of its cells asks for another look at the scenario, not at the treatment."""
UNUSUAL = 10.0
"""So many times the usual dose is more likely a slip of the unit than an experiment."""
LEVELS = ("_plasma", "_tissue", "_occupancy")


def notices(result: Result) -> list[str]:
    """Sentences, in the order of their weight; none when there is nothing to say."""
    given = [text for arm in result.arms for text in never_given(result.scenario, arm)]
    return [*given, *bounded(result), *unprovoked(result), *idle(result)]


def stopped(result: Result) -> str:
    """How many replicates a condition came to, which intervals that makes, and why; empty where none decided."""
    facts = result.stopping
    if not facts:
        return ""
    first, n = int(facts["replicates"]), result.replicates
    wider = multiplier(n, CONFIDENCE) / student(n)
    held = f"it held with {first}" if facts["met"] else f"it did not hold with {first}, the most that were asked for"
    later = f"; {n - first} more were added later" if n > first else ""
    return (
        f"Replicates were added until {facts['until']} (at least {facts['least']}, at most {facts['most']}): {held}"
        f" ({facts['widths']}){later}. Who looks after each replicate and stops when the answer is narrow would be "
        f"wrong too often with Student's intervals. So these are of a confidence sequence, which hold however one "
        f"stops, and are {wider:.1f} times as wide; p values hold in the same way."
    )


def untreated(result: Result, arm: str) -> bool:
    """Whether an arm plans something of which nothing was given."""
    return courses.nothing_given(result.scenario.arms[arm], result.scenario.time)


def never_given(scenario: Scenario, arm: str) -> list[str]:
    """What an arm did not get because the run ended before."""
    entry = scenario.arms[arm]
    texts = courses.left_out(entry, scenario.time, words)
    return [f"{capital(words(arm))}: {text}" for text in texts]


def bounded(result: Result) -> list[str]:
    """Arms whose tumor fills the patch or reaches its edge, and since when."""
    if not {"edge_contact", "region_fraction"} <= set(result.observables):  # a run of an earlier version
        return []
    found: dict[str, dict[str, list[str]]] = {}
    for arm in result.arms:
        days, contact = result.series("edge_contact", arm)
        share = result.series("region_fraction", arm)[1]
        end = f"{100 * share[:, -1].mean():.0f} %"
        for hit, what in ((contact > 0, "reached the edge of the patch"),
                          (share > FULL, f"covered more than {100 * FULL:.0f} % of the patch")):  # fmt: skip
            if hit.any():
                many = counted(int(hit.any(1).sum()), result.replicates)
                at = "at the start" if hit[:, 0].any() else f"by day {days[hit.any(0)][0]:.3g}"
                found.setdefault(f"{what} {at}{many}", {}).setdefault(end, []).append(words(arm))
                break
    return [
        f"The tumor {what} (at the end it covers "
        f"{', '.join(f'{share} in {english.joined(arms)}' for share, arms in ends.items())}): growth and effects are "
        "bounded by the box; use a larger tissue.size."
        for what, ends in found.items()
    ]


def unprovoked(result: Result) -> list[str]:
    """The reference's tumor that shrank or vanished, if the reference gets nothing."""
    arm = result.scenario.arms[result.reference]
    if arm.therapies or arm.set or arm.off:
        return []
    burden = result.series("tumor_burden", result.reference)[1]
    first, last = burden[:, 0], burden[:, -1]
    name = words(result.reference)
    if gone := int(((first > 0) & (last == 0)).sum()):
        many = counted(gone, result.replicates)
        return [f"The tumor vanished without treatment{many} ({name}), so effects of a treatment mean little here."]
    shrunk = int((last < SHRUNK * first).sum())
    if 2 * shrunk <= result.replicates:
        return []
    return [
        f"The tumor shrank to less than half without treatment{counted(shrunk, result.replicates)} ({name}), so "
        "effects of a treatment mean little here."
    ]


def idle(result: Result) -> list[str]:
    """Arms that get something and are their reference all the same, in every number but the levels of the drugs."""
    names = [name for name in result.observables if not name.endswith(LEVELS)]
    texts, reference = [], result.scenario.arms[result.reference]
    for arm, entry in result.scenario.arms.items():
        planned = entry.therapies or entry.set or entry.off or entry.start
        if arm == result.reference or not planned or untreated(result, arm):
            continue
        pairs = ((result.series(name, arm)[1], result.series(name, result.reference)[1]) for name in names)
        if all(np.array_equal(a, b, equal_nan=True) for a, b in pairs):
            alike = courses.within(entry, result.scenario.time) == courses.within(reference, result.scenario.time)
            why = "both get the same before the run ends" if alike else "what it gets or changes never mattered"
            texts.append(
                f"{capital(words(arm))} is exactly like {words(result.reference)} in every recorded number: {why}."
            )
    return texts


def untargeted(result: Result) -> list[str]:
    """Drugs whose target cells are in no replicate of the arm, from its first dose on."""
    texts, scenario = [], result.scenario
    for arm, entry in scenario.arms.items():
        for dose in entry.therapies:
            therapy = scenario.catalogue.therapies[dose.use]
            if not isinstance(therapy, Drug) or not courses.given(dose, scenario.time):
                continue
            acted_on = [effect.cells for effect in therapy.effects] + [kill.cells for kill in therapy.kills]
            targets = {cell for cells in acted_on for cell in cells}
            if not targets or not all(acted_on):  # something of it acts on all cells
                continue
            days = result.series("tumor_burden", arm)[0]
            since = days >= dose.start_h / 24 - 1e-9
            counted_there = [f"n_{cell}" for cell in sorted(targets) if f"n_{cell}" in result.observables]
            if not any((result.series(name, arm)[1][:, since] > 0).any() for name in counted_there):
                who = english.joined(english.plural(scenario.catalogue, cell) for cell in sorted(targets))
                texts.append(
                    f"{capital(words(arm))}: {words(dose.use)} acts on {who}, of which the tissue holds none from its "
                    "first dose on."
                )
    return texts


def planned_doses(scenario: Scenario) -> list[str]:
    """Doses far above the usual ones, most likely a slip of the unit."""
    texts = []
    for arm, entry in scenario.arms.items():
        for dose in entry.therapies:
            number = scenario.catalogue.therapies[dose.use].usual_dose
            usual = 0.0 if number is None else number.at(scenario.species)
            if not usual or dose.dose < UNUSUAL * usual:
                continue
            text = f"{words(arm)}: {dose.amount} of {dose.use} is {dose.dose / usual:.0f} times the usual"
            text += f" {usual:g} {dose.unit}"
            if scenario.species == "human" and dose.unit == "mg/kg":
                text += f"; a flat dose of {dose.dose:g} mg is {dose.dose / ADULT_KG:.3g} mg/kg at {ADULT_KG:g} kg"
            texts.append(f"{text}.")
    return texts


def counted(some: int, of: int) -> str:
    """In how many of the replicates; nothing where it is all of them."""
    return "" if some == of else f" in {some} of {of} replicates"
