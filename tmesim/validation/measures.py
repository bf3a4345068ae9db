"""What a run gives of each validation number: a value with its interval, or nothing where the run does not say.

Ratios are of sums over replicates, to each of which half a count is added; intervals are percentiles over replicates
that are drawn with return. Where a number is worked out from the catalogue, its interval is that of an assumed range.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import permutations
from typing import TYPE_CHECKING

import numpy as np

from tmesim.body.seeding import numbers_of
from tmesim.organ_places import INJECTED, last, places_of
from tmesim.validation.clusters import gain_per_event

if TYPE_CHECKING:
    from tmesim.result import Result
    from tmesim.scenario import Arm

SIZE, SIZES = 5, (2, 10)
"""Cells of the cluster that is told of, and the range of its interval."""
HYBRID, EPITHELIAL, MESENCHYMAL = (0.35, 0.65), (0.0, 0.2), (0.8, 1.0)
"""EMT scores of injected cells that count as each kind."""
HALF = 0.5
RESAMPLED, SEED = 2000, 19
CHEMOTHERAPY, LEVEL = "chemotherapy", "fields.exosomes.vessel.level"


@dataclass(frozen=True)
class Given:
    """What a run gives of a number, its interval, and which arms say so."""

    value: float
    low: float
    high: float
    arms: str


Measure = Callable[["Result"], Given | None]


def seeding_arm(result: Result) -> str | None:
    """The first arm in which tumor cells come to organs, the reference before others."""
    arms = sorted(result.arms, key=lambda arm: arm != result.reference)
    return next((arm for arm in arms if any(True for _ in places_of(result, arm))), None)


def cluster_per_event(result: Result) -> Given | None:
    """Cells out of a cluster over those out of a single cell, in lung, by the numbers of an arm."""
    arm = seeding_arm(result)
    if arm is None:
        return None
    known, species = result.scenario.catalogue_for(arm, "lung"), result.scenario.species
    value, *ends = (gain_per_event(known, species, size) for size in (SIZE, *SIZES))
    return Given(value, min(ends), max(ends), arm)


def cluster_per_cell(result: Result) -> Given | None:
    """As `cluster_per_event`, over the cells of the cluster."""
    of_event = cluster_per_event(result)
    if of_event is None:
        return None
    return Given(of_event.value / SIZE, of_event.low / SIZES[0], of_event.high / SIZES[1], of_event.arms)


def polyclonal_share(result: Result) -> Given | None:
    """Of metastases the share of clusters: c g / (c g + s), of c clusters and s cells that enter and a gain of g.

    What circulates over its half-life is what enters; both as means over all days and replicates.
    """
    gain = cluster_per_event(result)
    if gain is None or not {"ctc", "ctc_clusters"} <= set(result.observables):
        return None
    if all(place.origin == INJECTED for place in places_of(result, gain.arms)):
        return None
    numbers = numbers_of(result.scenario.catalogue_for(gain.arms), result.scenario.species)
    cells, clusters = (np.nanmean(result.series(name, gain.arms)[1]) for name in ("ctc", "ctc_clusters"))
    if not cells > 0:
        return None
    entering = clusters / numbers["cluster_half_life"], (cells - clusters) / numbers["half_life"]
    value, *ends = (float(entering[0] * g / (entering[0] * g + entering[1])) for g in (gain.value, gain.low, gain.high))
    return Given(value, min(ends), max(ends), gain.arms)


def dormant_after_chemotherapy(result: Result) -> Given | None:
    """Lone cells asleep with chemotherapy over those without, in all pairs of arms that it alone tells apart."""
    pairs = [pair for pair in arms_apart(result, CHEMOTHERAPY) if result.scenario.start_of(pair[0]).injection]
    in_liver = [pair for pair in pairs if any(place.start.organ == "liver" for place in places_of(result, pair[0]))]
    chosen = in_liver or pairs
    nobody = np.zeros(result.replicates)
    treated = sum((_asleep(result, arm) for arm, _ in chosen), nobody)
    untreated = sum((_asleep(result, plain) for _, plain in chosen), nobody)
    if not treated.any() and not untreated.any():
        return None
    return ratio(treated, untreated, ", ".join(f"{arm} / {plain}" for arm, plain in chosen))


def niche_fold(result: Result) -> Given | None:
    """Tumor cells in a lung with exosomes over those in one without, of two arms that those alone tell apart."""
    for arm, plain in permutations(result.arms, 2):
        same = _but_for_level(result.scenario.arm(arm)) == _but_for_level(result.scenario.arm(plain))
        level, none = (_level(result, each) for each in (arm, plain))
        prepared, bare = (_in_lungs(result, each) for each in (arm, plain))
        if same and level > none == 0 and prepared is not None and bare is not None:
            return ratio(prepared, bare, f"{arm} / {plain}")
    return None


def hybrid_fold(result: Result) -> Given | None:
    """Lesions of hybrid seeds over the better of the others, of untreated arms, in all organs that have all three."""
    scenario = result.scenario
    arms = [arm for arm in result.arms if not scenario.arm(arm).therapies and not scenario.arm(arm).overlay]
    founded = np.zeros((3, result.replicates))
    names: tuple[list[str], ...] = ([], [], [])
    for organ in sorted({place.start.organ for arm in arms for place in places_of(result, arm)}):
        seeds = [_seed(result, arms, organ, span) for span in (HYBRID, EPITHELIAL, MESENCHYMAL)]
        known = [seed for seed in seeds if seed is not None]
        if len(known) == len(seeds):
            for kind, (arm, lesions) in enumerate(known):
                names[kind].append(arm)
                founded[kind] += lesions
    if not founded.any():
        return None
    other = 1 + int(founded[1:].sum(axis=1).argmax())
    return ratio(founded[0], founded[other], f"{', '.join(names[0])} / {', '.join(names[other])}")


def ratio(over: np.ndarray, under: np.ndarray, arms: str) -> Given:
    """Sum of one count over that of another, each with half a count more. over, under : (replicates,), paired"""
    draws = np.random.default_rng(SEED).integers(0, over.size, (RESAMPLED, over.size))
    value = float((over.sum() + HALF) / (under.sum() + HALF))
    low, high = np.percentile((over[draws].sum(axis=1) + HALF) / (under[draws].sum(axis=1) + HALF), (2.5, 97.5))
    return Given(value, float(low), float(high), arms)


def arms_apart(result: Result, therapy: str) -> Iterator[tuple[str, str]]:
    """Pairs of arms, treated and not, that begin alike and that one therapy alone tells apart."""
    scenario = result.scenario
    for treated, plain in permutations(result.arms, 2):
        one, other = scenario.arm(treated), scenario.arm(plain)
        alike = one.overlay == other.overlay and scenario.start_of(treated) == scenario.start_of(plain)
        if alike and not other.therapies and {dose.use for dose in one.therapies} == {therapy}:
            yield treated, plain


def _asleep(result: Result, arm: str) -> np.ndarray:
    """Lone cells asleep at the end in the liver, in all places of an arm that has none, (replicates,)."""
    places = list(places_of(result, arm))
    chosen = [place for place in places if place.start.organ == "liver"] or places
    return np.sum([np.nan_to_num(last(result, arm, f"{place.prefix}dormant")) for place in chosen], axis=0)


def _in_lungs(result: Result, arm: str) -> np.ndarray | None:
    """Tumor cells at the end in tissue of lung, (replicates,); None where an arm has none."""
    cells = [last(result, arm, f"{p.prefix}n_tumor") for p in places_of(result, arm) if p.start.organ == "lung"]
    return np.sum(cells, axis=0) if cells else None


def _but_for_level(arm: Arm) -> tuple[object, ...]:
    """All that an arm does, but for the exosomes in its blood."""
    changed = {path: value for path, value in arm.overlay.set.items() if path != LEVEL}
    return changed, arm.overlay.off, arm.therapies, arm.start


def _level(result: Result, arm: str) -> float:
    """Exosomes in the blood of an arm; NaN where there is no such number."""
    known = result.scenario.catalogue_for(arm)
    return known.number(LEVEL).at(result.scenario.species) if "exosomes" in known.fields else math.nan


def _seed(result: Result, arms: list[str], organ: str, span: tuple[float, float]) -> tuple[str, np.ndarray] | None:
    """The first of some arms that injects cells of a span of EMT scores into an organ, and its lesions there."""
    for arm in arms:
        here = [place for place in places_of(result, arm) if place.start.organ == organ]
        if here and span[0] <= _emt(result, arm) <= span[1]:
            return arm, np.sum([last(result, arm, f"{place.prefix}lesions") for place in here], axis=0)
    return None


def _emt(result: Result, arm: str) -> float:
    """The EMT score of the cells that are injected in an arm; NaN without an injection."""
    injection = result.scenario.start_of(arm).injection
    usual = result.scenario.catalogue_at_start(arm).number("cells.arrested.starts.emt").at(result.scenario.species)
    return math.nan if injection is None else float(injection.states.get("emt", usual))


MEASURES: dict[str, Measure] = {
    "cluster_per_event": cluster_per_event,
    "cluster_per_cell": cluster_per_cell,
    "polyclonal_share": polyclonal_share,
    "dormant_after_chemotherapy": dormant_after_chemotherapy,
    "niche_fold": niche_fold,
    "hybrid_fold": hybrid_fold,
}
"""By name, as `validation.yaml` has them."""
