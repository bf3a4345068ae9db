"""The answer of a run in words: what the paired comparison of the first endpoint allows to say, and no more."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np

from tmesim.drawing.labels import quantity
from tmesim.observables import observables_of
from tmesim.statistics import FIXED, STOPPED
from tmesim.wording import capital, change, compact, words

if TYPE_CHECKING:
    from tmesim.observables import Observable
    from tmesim.result import Result
    from tmesim.statistics import Comparison

FEW = 6
"""Below so many pairs an exact test cannot reach p < 0.05."""


def observable(result: Result, name: str) -> Observable:
    return observables_of(result.scenario.catalogue, result.scenario.catalogue.therapies, result.scenario.places)[name]


def noun(o: Observable) -> str:
    """An observable in a sentence."""
    counted = o.unit == "cells" and not o.label.endswith("count")
    return f"the number of {o.label}" if counted else f"the {o.label}"


def span(c: Comparison) -> str:
    kind = "interval" if c.interval == FIXED else c.interval
    return f"95 % {kind} {signed(c.low)} to {signed(c.high)}"


def signed(value: float) -> str:
    text = compact(abs(value))
    return f"−{text}" if value < 0 else f"+{text}" if value > 0 else text


def pairs(c: Comparison) -> str:
    return f"{c.of} paired replicates" if c.n != 1 or c.replicates > 1 else "one pair of replicates"


def missing(result: Result, name: str, *arms: str) -> str | None:
    """In how many replicates a number is not defined in some of the arms, and whether that is for want of a tumor."""
    lost = np.logical_or.reduce([np.isnan(result.endpoint(name, arm)) for arm in arms])
    gone = np.logical_or.reduce([result.series("tumor_burden", arm)[1][:, -1] == 0 for arm in arms])
    count, without = int(lost.sum()), int((lost & gone).sum())
    if not count:
        return None
    causes = [f"in {without} the tumor was gone"] if without else []
    causes += [f"in {count - without} it is not defined"] if count > without else []
    what = "pairs" if len(arms) > 1 else "replicates"
    return f"This rests on {result.replicates - count} of {result.replicates} {what}; {', '.join(causes)}."


def verdict(c: Comparison) -> str:
    """What may be said of a comparison: `lower`, `higher`, `equal` (exactly), `open`, or `unknown` (no interval)."""
    if math.isnan(c.low) or math.isnan(c.high):
        return "unknown"
    if c.low == c.high == c.difference == 0:
        return "equal"
    return "higher" if c.low > 0 else "lower" if c.high < 0 else "open"


def sentence(c: Comparison, o: Observable, day: float) -> str:
    """One comparison as a sentence."""
    arm, reference, when = words(c.arm), words(c.reference), f"on day {day:g}"
    means = f"{quantity(c.mean, o)} on average against {quantity(c.reference_mean, o)} in the reference ({reference})"
    kind = verdict(c)
    if c.n == 0:
        return (
            f"{capital(noun(o))} {when} is defined in no replicate of both {arm} and {reference}, so they "
            f"cannot be compared."
        )
    if kind == "unknown" and c.n > 1:
        return (
            f"{capital(noun(o))} {when} was {means}; {pairs(c)} are too few for an interval where the number of "
            "replicates hung on what came out."
        )
    if kind == "unknown":
        where = "the only replicate" if c.replicates < 2 else "the only replicate in which both are defined"
        return (
            f"In {where}, {noun(o)} {when} was {quantity(c.mean, o)} with {arm} and "
            f"{quantity(c.reference_mean, o)} with {reference}; one replicate cannot tell an effect from chance."
        )
    if kind == "equal":
        return f"{capital(arm)} and {reference} did not differ at all in {noun(o)} {when}, in none of {pairs(c)}."
    if kind == "open":
        return (
            f"No difference between {arm} and {reference} could be shown in {noun(o)} {when}: {means}, a difference "
            f"of {signed(c.difference)} ({span(c)}, {pairs(c)})."
        )
    verb = "raised" if kind == "higher" else "lowered"
    relative = size_of_change(c)
    by = f" {relative}" if relative else ""
    return (
        f"{capital(arm)} {verb} {noun(o)} {when}{by}: {means}, a difference of {signed(c.difference)} ({span(c)}, "
        f"{pairs(c)})."
    )


def size_of_change(c: Comparison) -> str:
    if not math.isfinite(c.relative_change) or c.relative_change <= -1 or c.mean * c.reference_mean <= 0:
        return ""
    if c.relative_change > 3:
        return f"to {compact(1 + c.relative_change)} times its value"
    return f"by {compact(abs(round(100 * c.relative_change)))} %"


def headline(c: Comparison) -> str:
    """The change in large letters."""
    text = change(c, bounds=False).replace("-", "−").replace("+0 %", "0 %").replace("−0 %", "0 %")
    if verdict(c) == "equal":
        return "± 0"
    return text if text != "–" else signed(c.difference)


def caution(c: Comparison) -> str | None:
    """What a reader of this answer should know before using it."""
    kind = verdict(c)
    if kind in ("unknown", "equal"):
        return None
    notes = []
    if kind == "open":
        notes.append(
            f"That is not proof of no effect: the interval leaves room for anything from {signed(c.low)} to "
            f"{signed(c.high)}; more replicates would narrow it."
        )
    elif c.p_adjusted >= 0.05 and c.interval == STOPPED:
        notes.append(f"When all endpoints of this report count, p = {c.p_adjusted:.2g}.")
    elif c.p_adjusted >= 0.05:
        notes.append(
            f"The exact test is less sure than the interval (p = {c.p:.2g}; {c.p_adjusted:.2g} when all endpoints of "
            "this report count)."
        )
    if c.n < FEW and c.interval == FIXED:
        notes.append(f"With {c.n} pairs no exact test can reach p < 0.05; that takes {FEW}.")
    return " ".join(notes) or None


def alone(result: Result) -> str:
    """What a run without a second arm can say."""
    name = result.scenario.endpoints[0]
    o, values = observable(result, name), result.endpoint(name, result.reference)
    known = values[~np.isnan(values)]
    day = f"day {result.scenario.time.days:g}"
    if not known.size:
        return f"This run has one arm, so it compares nothing; {noun(o)} is not defined on {day}."
    if known.size == 1:
        where = "the only replicate" if values.size == 1 else "one replicate"
        found = f"was {quantity(float(known[0]), o)} in {where}"
    else:
        low, high = quantity(float(known.min()), o), quantity(float(known.max()), o)
        found = f"was {quantity(float(known.mean()), o)} on average ({low} to {high} over {known.size} replicates)"
    some = missing(result, name, result.reference)
    return f"This run has one arm, so it compares nothing; on {day}, {noun(o)} {found}.{f' {some}' if some else ''}"
