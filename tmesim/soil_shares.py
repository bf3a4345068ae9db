"""Soil shares: how much of the differences of lesions among organs is arrival, access, growth, and detection.

The lesions of an organ that are seen are a product,

    seen = arrivals × (out / arrivals) × (lesions / out) × (seen / lesions),

of arrival (cells that its capillaries held), access (those that came out alive, a cell), growth (lesions, a cell that
came out) and detection (lesions as wide as SEEN_UM, a lesion). Half a count is added to each of the four counts, so
that an organ without any has a logarithm and the product still holds. A value function says how much of the pattern a
set T of the factors makes; its Shapley value shares it out among them, the mean over all orders in which factors come:

    SPREAD  v(T) = variance among the organs of Σ log factor over T, which gives each the covariance of its logarithm
            with that of the seen lesions: a share is below 0 where a factor works against the pattern,
    ORDER   v(T) = rank correlation of Σ log factor over T with the seen lesions, not additive, 0 of a constant.

Soil is access and growth. Intervals are percentiles over replicates that are drawn with return; they know of no more
chance than these replicates show, and are too narrow below six of them. Arrivals contain cells that lesions in the
organs have sent, so that a part of arrival is soil where lesions shed.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, fields
from itertools import combinations
from typing import TYPE_CHECKING

import numpy as np
from scipy.stats import rankdata

from tmesim.catalogue import organ_named
from tmesim.observables.spread import LESION_CELLS, group_sizes
from tmesim.organ_places import Place, arms_of, bodies, last
from tmesim.storage.tables import csv_bytes

if TYPE_CHECKING:
    from tmesim.result import Result

ARRIVAL, ACCESS, GROWTH, DETECTION = FACTORS = ("arrival", "access", "growth", "detection")
SPREAD, ORDER = VALUES = ("spread", "order")
SOIL = (ACCESS, GROWTH)
HALF = 0.5
"""Added to each count."""
ROUND_OFF = 1e-9
SEEN_UM = 200.0
"""Diameter of a disk as large as the smallest lesion that is seen, µm: from 0.2 mm on deposits in lymph nodes are
micrometastases and no isolated tumor cells (Amin et al. 2017 AJCC Cancer Staging Manual, 8th edition)."""
RESAMPLED, SEED = 2000, 17

WELCOMING, CONTROLS = ("bone", "brain", "liver", "lung"), ("kidney", "muscle", "spleen")
SETS: Mapping[str, tuple[tuple[str, ...], tuple[str, ...]]] = {
    "where breast cancer comes back": (WELCOMING, ()),
    "with control soils": (WELCOMING, CONTROLS),
    "lung and kidney": (("kidney", "lung"), ()),
}
"""Predefined sets of organs by their blood: all of the first must be there, and of the second those that are."""

FITTED: Mapping[str, str] = {}
"""Factors that a number which was fitted to frequencies of metastases in organs has set, and which one: there is no
such number. What these factors show is found, within what their sources say of the organs (`PUT_IN`)."""
PUT_IN: Mapping[str, tuple[str, ...]] = {
    ARRIVAL: ("blood_share", "arrest"),
    ACCESS: ("cells.arrested.behaviors.apoptosis", "cells.arrested.behaviors.extravasation"),
    GROWTH: ("rules.stable_vessels_put_to_sleep.limit",),
}
"""Numbers of an organ that what was measured in that organ has set: loss of held cells, their way out, share asleep.
What they do to a factor was put in, and does not come out."""


@dataclass(frozen=True, eq=False)
class Counts:
    """What a place holds at the end of each replicate, (replicates,) each.

    seen : lesions as large as a disk of SEEN_UM; None where the last day has no snapshot
    share : of the organ that a replicate's patches are; None where cells are put into patches
    """

    place: str
    soil: str
    share: float | None
    arrivals: np.ndarray
    out: np.ndarray
    lesions: np.ndarray
    seen: np.ndarray | None


@dataclass(frozen=True)
class Share:
    """A factor's part of the differences among the organs of a set, in a body.

    arm : that it is, or its arms, `; ` between them
    lesions : how many stand behind it in all patches        without : the organs that have none, whose place in the
        pattern is that of half a count
    value : SPREAD or ORDER        share : of it, with its interval; NaN where the organs do not differ, and where
        half of them or more have no lesion, so that the pattern would be that of half counts
    fitted : whether a number fitted to frequencies of metastases in organs stands behind the factor
    put_in : which numbers of the organs that were measured in them do (PUT_IN), as `path of organ`
    """

    arm: str
    set: str
    organs: tuple[str, ...]
    lesions: int
    without: tuple[str, ...]
    value: str
    factor: str
    share: float
    low: float
    high: float
    fitted: bool
    put_in: tuple[str, ...]


COLUMNS = tuple(field.name for field in fields(Share))


def table_bytes(rows: Sequence[Share]) -> bytes:
    """The rows of `shares` as CSV, lists with semicolons."""

    def cell(value: object) -> object:
        if isinstance(value, tuple):
            return "; ".join(value)
        return int(value) if isinstance(value, bool) else value

    return csv_bytes(COLUMNS, [[cell(getattr(row, name)) for name in COLUMNS] for row in rows])


def shapley(players: Sequence[str], value: Callable[[frozenset[str]], np.ndarray]) -> dict[str, np.ndarray]:
    """The Shapley value of each player, by its definition: the mean of what it adds over all orders.

    value : of a set of them, an array of any shape; they sum to value(all) − value(none)
    """
    n = len(players)
    known = {frozenset(some): value(frozenset(some)) for size in range(n + 1) for some in combinations(players, size)}
    found = {player: np.zeros_like(known[frozenset()]) for player in players}
    for player in players:
        for those, worth in known.items():
            if player not in those:
                weight = math.factorial(len(those)) * math.factorial(n - len(those) - 1) / math.factorial(n)
                found[player] += weight * (known[those | {player}] - worth)
    return found


def factors(counts: Sequence[Counts], draws: np.ndarray) -> dict[str, np.ndarray]:
    """The logarithm of each factor, (draws, places), of detection only where it is known of all places.

    draws : (draws, replicates) indices of the replicates that count
    """
    whole = np.log([1.0 if each.share is None else each.share for each in counts])

    def logs(values: Sequence[np.ndarray]) -> np.ndarray:
        return np.log(np.stack([some[draws].sum(axis=-1) for some in values], axis=-1) + HALF)

    arrivals, out, lesions = (logs([getattr(each, name) for each in counts]) for name in ("arrivals", "out", "lesions"))
    found = {ARRIVAL: arrivals - whole, ACCESS: out - arrivals, GROWTH: lesions - out}
    known = [each.seen for each in counts if each.seen is not None]
    if len(known) == len(counts):
        found[DETECTION] = logs(known) - lesions
    return found


def parts(logs: Mapping[str, np.ndarray], value: str = SPREAD) -> dict[str, np.ndarray]:
    """The part of the pattern that each factor makes, (draws,), parts of 1; NaN where the organs do not differ.

    logs : (draws, places) of each factor; value : SPREAD or ORDER
    """
    nothing = np.zeros_like(next(iter(logs.values())))
    pattern = sum(logs.values(), nothing)

    def worth(some: frozenset[str]) -> np.ndarray:
        made = sum((logs[name] for name in logs if name in some), nothing)
        return made.var(axis=-1) if value == SPREAD else rank_correlation(made, pattern)

    whole = worth(frozenset(logs))
    whole = np.where(np.ptp(pattern, axis=-1) < ROUND_OFF, np.nan, whole)
    return {name: part / whole for name, part in shapley(tuple(logs), worth).items()}


def rank_correlation(one: np.ndarray, other: np.ndarray) -> np.ndarray:
    """Spearman's along the last axis, 0 where one of them is constant; differences of round-off are none."""
    a, b = (rankdata(np.round(values / ROUND_OFF), axis=-1) for values in (one, other))
    a, b = (ranks - ranks.mean(axis=-1, keepdims=True) for ranks in (a, b))
    norm = np.sqrt((a * a).sum(axis=-1) * (b * b).sum(axis=-1))
    return np.divide((a * b).sum(axis=-1), norm, out=np.zeros_like(norm), where=norm > 0)


def counts_of(result: Result, places: Iterable[Place]) -> list[Counts]:
    """What each place of a body holds at the end of a run, sorted by place."""
    found = []
    for place in places:
        came, share_out, lesions = (
            last(result, place.arm, place.prefix + name) for name in ("arrivals", "extravasated", "lesions")
        )
        out = np.where(came > 0, came * np.nan_to_num(share_out), 0.0)
        seen = _seen(result, place)
        found.append(Counts(place.name, place.start.organ, place.share, came, out, lesions, seen))
    return sorted(found, key=lambda each: each.place)


def _seen(result: Result, place: Place) -> np.ndarray | None:
    """How many lesions of each replicate are as large as a disk of SEEN_UM on the last day."""
    end = result.row_day()
    if not any(abs(day - end) < 1 / 24 for day in result.snapshot_days):
        return None
    sections = [result.snapshot(end, place.arm, replicate, place.organ) for replicate in range(result.replicates)]
    least = max(math.pi * (SEEN_UM / 2) ** 2 / result.scenario.tissue.spacing**2, LESION_CELLS)
    return np.array([np.count_nonzero(group_sizes(section) >= least) for section in sections], float)


def sets_in(counts: Sequence[Counts]) -> dict[str, list[Counts]]:
    """The predefined sets that some places make, and all of them: two places or more, each set of places once."""
    have = {each.place: each for each in counts}
    found: dict[str, list[Counts]] = {}
    for name, (needed, welcome) in SETS.items():
        controls = [place for place in welcome if place in have]
        if all(place in have for place in needed) and (controls or not welcome):
            found[name] = [have[place] for place in sorted((*needed, *controls))]
    everywhere = [have[place] for place in sorted(have)]
    if everywhere not in found.values():
        found["all places"] = everywhere
    return {name: some for name, some in found.items() if len(some) > 1}


def shares(result: Result) -> list[Share]:
    """A row for each body, set of organs, value function and factor, and for soil.

    A body is an arm, or arms that differ in their only organ alone. ValueError for a run of which none has two places.
    """
    once = np.arange(result.replicates)[None]
    again = np.random.default_rng(SEED).integers(0, result.replicates, (RESAMPLED, result.replicates))
    draws = np.concatenate([once, again])
    rows: list[Share] = []
    for places in bodies(result):
        arms = "; ".join(arms_of(places))
        for name, some in sets_in(counts_of(result, places)).items():
            logs = factors(some, draws)
            organs = tuple(each.place for each in some)
            lesions = int(sum(each.lesions.sum() for each in some))
            without = tuple(each.place for each in some if not each.lesions.any())
            patterned = 2 * len(without) < len(some)
            for value in VALUES if len(some) > 2 else (SPREAD,):  # of two organs there is no order but one
                found = parts(logs, value)
                found["soil"] = found[ACCESS] + found[GROWTH]
                for factor, values in found.items():
                    low, high = _percentiles(values[1:]) if patterned else (np.nan, np.nan)
                    share = float(values[0]) if patterned else np.nan
                    marks = factor in FITTED, _put_in(some, factor)
                    rows.append(Share(arms, name, organs, lesions, without, value, factor, share, low, high, *marks))
    if not rows:
        raise ValueError(
            "no arm of this run has two organs that tumor cells come to: name some in 'start.organs', or let arms "
            "differ in 'start.organ' alone"
        )
    return rows


def _percentiles(values: np.ndarray) -> tuple[float, float]:
    """The interval of 95 %; NaN unless nearly all samples have a value."""
    known = values[np.isfinite(values)]
    if known.size < 0.95 * values.size:
        return np.nan, np.nan
    low, high = np.percentile(known, (2.5, 97.5))
    return float(low), float(high)


def _put_in(some: Sequence[Counts], factor: str) -> tuple[str, ...]:
    """Which numbers that were measured in the organs of a set act on a factor, as `path of organ`."""
    paths = [path for each in (SOIL if factor == "soil" else (factor,)) for path in PUT_IN.get(each, ())]
    soils = sorted({each.soil for each in some})
    own = [f"{path} of {soil}" for path in paths for soil in soils if path in organ_named(soil).set]
    return tuple(own) + tuple(f"{path} of each organ" for path in paths if "." not in path)
