"""The twenty minutes of a class: which steps make sense for a scenario, and which two arms each begins with."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import product

MINUTES = {"see": 2, "predict": 3, "play": 3, "flow": 4, "chance": 3, "seed": 3, "conclude": 2}
"""Steps in their order. `flow` needs two soils whose share of the blood is known, `seed` two seeds in one soil."""


@dataclass(frozen=True)
class Condition:
    """What a storyboard needs to know of an arm. `end`, `begin` : mean tumor cells at the end and the beginning;
    `altered` : it changes its soil"""

    name: str
    soil: str | None
    seed: int
    treated: bool
    end: float
    begin: float = 1.0
    altered: bool = False


@dataclass(frozen=True)
class Step:
    """A step of the class: how long, and the arms that stand left and right when it begins."""

    name: str
    minutes: int
    left: str
    right: str


def storyboard(conditions: Sequence[Condition], reference: str, flowing: set[str]) -> tuple[Step, ...]:
    """The steps that make sense, and homework last. flowing : soils whose share of the blood is known"""
    contrast = _contrast(conditions, reference)
    pairs: dict[str, tuple[str, str]] = dict.fromkeys(("see", "predict", "play", "chance", "conclude"), contrast)
    if len(set(samples(conditions)) & flowing) > 1:
        pairs["flow"] = contrast
    if swap := _swap(conditions, contrast):
        pairs["seed"] = swap
    steps = [Step(name, minutes, *pairs[name]) for name, minutes in MINUTES.items() if name in pairs]
    return (*steps, Step("homework", 0, *_homework(conditions, contrast)))


def samples(conditions: Sequence[Condition]) -> dict[str, Condition]:
    """For each soil the arm that shows it as it is, with the scenario's seed: of several that with the most cells at
    the beginning."""
    found: dict[str, Condition] = {}
    for each in conditions:
        if each.soil is not None and each.seed == 0 and not each.treated and not each.altered:
            known = found.get(each.soil)
            found[each.soil] = each if known is None or each.begin > known.begin else known
    return found


def _contrast(conditions: Sequence[Condition], reference: str) -> tuple[str, str]:
    """Two soils in which most and least became of a cell; without soils the reference and what differs most from it;
    twice the same where there is but one arm."""
    soils = samples(conditions)
    if len(soils) > 1:
        ranked = sorted(soils.values(), key=lambda each: each.end / max(each.begin, 1e-9))
        return ranked[-1].name, ranked[0].name
    base = next(each for each in conditions if each.name == reference)
    others = [each for each in conditions if each.name != reference] or [base]
    return reference, max(others, key=lambda each: abs(each.end - base.end)).name


def _swap(conditions: Sequence[Condition], contrast: tuple[str, str]) -> tuple[str, str] | None:
    """Two arms of one soil, untreated both, that differ in their seed: in a soil of the contrast, with the scenario's
    own seed and the one that does most otherwise, where there are such."""
    by_name = {each.name: each for each in conditions}
    first = [by_name[name].soil for name in contrast]
    found = [
        (one, other)
        for one, other in product(conditions, repeat=2)
        if one.soil == other.soil and one.seed < other.seed and not (one.treated or other.treated)
        if not (one.altered or other.altered)
    ]
    if not found or found[0][0].soil is None:
        return None

    def rank(pair: tuple[Condition, Condition]) -> tuple[int, int, float]:
        one, other = pair
        return _place(one.soil, first), one.seed, -abs(one.end - other.end)

    found.sort(key=rank)
    return found[0][0].name, found[0][1].name


def _homework(conditions: Sequence[Condition], contrast: tuple[str, str]) -> tuple[str, str]:
    """One soil with and without a drug where there is such a pair, of the contrast's soils first; else the contrast."""
    by_name = {each.name: each for each in conditions}
    first = [by_name[name].soil for name in contrast]
    found = [
        (one, other)
        for one, other in product(conditions, repeat=2)
        if one.soil == other.soil and one.soil is not None and one.seed == other.seed
        if not (one.treated or one.altered) and other.treated
    ]
    found.sort(key=lambda pair: (_place(pair[0].soil, first), pair[0].seed))
    return (found[0][0].name, found[0][1].name) if found else contrast


def _place(soil: str | None, first: Sequence[str | None]) -> int:
    """Where a soil stands among some that come first."""
    return first.index(soil) if soil in first else len(first)
