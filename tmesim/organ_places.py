"""Organ places: where the tumor cells of a run come to, and how many of those of an injection the blood brings there.

The one account of it for all that is told of organs: totals, destinations, soil shares, validation, figures. Places of
one body are those of an arm; arms with a single organ that differ in nothing but that organ are places of one body too,
as the blood does not know which of its organs somebody looks at.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from tmesim.body.seeding import PATCH, arriving, sampled
from tmesim.scenario.parts import start_content

if TYPE_CHECKING:
    from tmesim.result import Result
    from tmesim.scenario import Start, TissueBox

INJECTED, SHED, BOTH = "injected", "shed", "injected and shed"


@dataclass(frozen=True)
class Place:
    """An organ that tumor cells of an arm can come to.

    name : the organ whose blood and volume it has        start : its tissue, with its soil, injection and samples
    prefix : of its observables: "<organ>.", or "" where it is the tissue itself
    box : of its patch        origin : of the cells that come, INJECTED, SHED or BOTH
    injected : arrivals at a replicate's patches in the mean, by circulation from the injection alone; 0 without one
    share : of the organ that a replicate's patches are; None where the cells are put into the patches
    """

    arm: str
    name: str
    start: Start
    prefix: str
    box: TissueBox
    origin: str
    injected: float
    share: float | None

    @property
    def organ(self) -> str | None:
        """As `Result.snapshot` knows it."""
        return self.prefix.removesuffix(".") or None


def places_of(result: Result, arm: str) -> Iterator[Place]:
    """Where tumor cells of an arm come to; its own tissue only where they do not leave it first."""
    scenario = result.scenario
    start, known = scenario.start_of(arm), scenario.catalogue_at_start(arm)
    home, injection = start.has_primary, start.injection
    origin = (BOTH if injection else SHED) if home else INJECTED

    def place(name: str, own: Start, prefix: str, box: TissueBox) -> Place:
        put = injection is not None and injection.route == PATCH
        share = None if put else own.samples * sampled(name, box, scenario.species)
        return Place(arm, name, own, prefix, box, origin, arriving(own, name, box, known, scenario.species), share)

    if injection is not None and not home:
        yield place(start.organ, start, "", scenario.tissue)
    if home or injection is not None:
        for name, soil in start.organs.items():
            yield place(name, soil, f"{name}.", scenario.tissue.of_organs)


def has_destinations(result: Result) -> bool:
    """Whether tumor cells of some arm come to an organ."""
    return any(True for arm in result.arms for _ in places_of(result, arm))


def comes_home(result: Result, arm: str) -> bool:
    """Whether the tissue itself is an organ that injected cells come to, and not the tumor that they leave."""
    return any(place.organ is None for place in places_of(result, arm))


def bodies(result: Result) -> list[tuple[Place, ...]]:
    """The places of each body, in the order of the arms."""
    found: dict[str, list[Place]] = {}
    for arm in result.arms:
        places = list(places_of(result, arm))
        if not places:
            continue
        key = arm
        if len(places) == 1 and places[0].organ is None:
            key = _but_for_the_organ(result, arm)
            if any(other.name == places[0].name for other in found.get(key, ())):
                key = arm  # the same once more
        found.setdefault(key, []).extend(places)
    return [tuple(places) for places in found.values()]


def _but_for_the_organ(result: Result, arm: str) -> str:
    """All that an arm is but for the organ in which it begins, the same for arms that are alike."""
    program = result.scenario.arm(arm)
    start = {key: value for key, value in start_content(result.scenario.start_of(arm)).items() if key != "organ"}
    numbers = {key: value for key, value in program.overlay.set.items() if not key.startswith("start.")}
    return repr((start, numbers, program.overlay.off, program.therapies, program.from_h))


def arms_of(places: tuple[Place, ...]) -> tuple[str, ...]:
    """The arms of the places of a body: one, or one for each."""
    return tuple(dict.fromkeys(place.arm for place in places))


def last(result: Result, arm: str, name: str) -> np.ndarray:
    """An observable of each replicate on the last day, (replicates,)."""
    return np.asarray(result.series(name, arm)[1])[:, -1]
