"""Destinations: what came to each organ of an arm and what grew there, beside what its blood alone would bring.

Counts are those of the sampled patches in the tables of a run. With F the share of an organ that its patches are, an
organ as a whole holds count / F; with h the share of all cells that enter which its capillaries hold (body.seeding),
blood alone would bring h / Σ h of all that come to the organs that are looked at.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np

from tmesim.body.circulation import DEAD, ROUTES, dying_of
from tmesim.body.flows import Flows
from tmesim.body.seeding import PATCH, beds_of, death_of, held, numbers_of
from tmesim.catalogue import Catalogue, organ_named
from tmesim.kernels.chance import PRIMARY
from tmesim.organ_places import Place, arms_of, bodies, last, places_of
from tmesim.organ_totals import Total, poisson_interval, totals
from tmesim.wording import compact

if TYPE_CHECKING:
    from tmesim.result import Result


@dataclass(frozen=True, eq=False)
class Destination:
    """An organ that tumor cells of an arm can come to, at the end of a run.

    place : the organ whose blood and volume it has        soil : the one whose tissue it has
    prefix : of its observables: "<organ>.", or "" where it is the tissue itself
    blood_share : of cardiac output, by arteries, 0..1        receives : which fluid it takes whole, or "arterial"
    held : share of the cells that enter which it holds alive, 0..1; NaN where cells are put into patches
    patches : in all replicates        fraction : of the organ that these are; NaN where cells are put into patches
    expected : arrivals at the patches, if blood alone shares them out
    bounds : of the lesions in all patches, 95 % of their sampling
    arrivals, lone, lesions, tumor : of each replicate, (replicates,)
    """

    place: str
    soil: str
    prefix: str
    blood_share: float
    receives: str
    held: float
    patches: int
    fraction: float
    expected: float
    bounds: tuple[float, float]
    arrivals: np.ndarray
    lone: np.ndarray
    lesions: np.ndarray
    tumor: np.ndarray

    @property
    def label(self) -> str:
        """What the organ is called."""
        return organ_named(self.place).label

    @property
    def swapped(self) -> str:
        """The tissue that it has instead of its own, as it is called; empty where it has its own."""
        return organ_named(self.soil).label if self.soil != self.place else ""

    def whole(self, values: np.ndarray) -> float:
        """What an organ holds, or a patch where cells are put into patches, by counts of all replicates."""
        part = self.patches if np.isnan(self.fraction) else self.fraction
        return float(values.sum()) / part

    @property
    def lesions_per_patch(self) -> tuple[float, float, float]:
        """Lesions of all replicates over the number of patches, with the interval of 95 % of `organ_totals`."""
        found, (low, high) = float(self.lesions.sum()), self.bounds
        return found / self.patches, low / self.patches, high / self.patches


@dataclass(frozen=True, eq=False)
class Spread:
    """Where the tumor cells of an arm go, or of arms that differ in their only organ alone.

    entry : the kind of fluid that they enter, or "patch"        injected : else a tumor sheds them
    dead : share of the cells that enter which die in the blood; NaN where cells are put into patches
    portal : of the cells that the liver holds, the share that comes by the portal vein
    """

    arms: tuple[str, ...]
    entry: str
    injected: bool
    destinations: tuple[Destination, ...]
    dead: float
    portal: float

    @property
    def arm(self) -> str:
        """The arm, or the first of them."""
        return self.arms[0]

    @cached_property
    def expected_shares(self) -> np.ndarray:
        """Of all that come to these organs, what blood alone would bring to each, (destinations,); sums to 1."""
        if self.entry == PATCH:
            return np.full(len(self.destinations), 1.0 / len(self.destinations))
        return shares([each.held for each in self.destinations])

    @cached_property
    def arrived_shares(self) -> np.ndarray:
        """Of all that came to these organs, the share of each, (destinations,); NaN where none came."""
        return shares([each.whole(each.arrivals) for each in self.destinations])

    @property
    def found(self) -> str:
        """How many came to all sampled patches, and how many lesions and tumor cells these have at the end, as a
        sentence: shares of few say little."""
        came = int(sum(each.arrivals.sum() for each in self.destinations))
        grew = int(sum(each.lesions.sum() for each in self.destinations))
        cells, lesions = f"{compact(came)} cell{'s' * (came != 1)}", f"{compact(grew)} lesion{'s' * (grew != 1)}"
        live = int(sum(each.tumor.sum() for each in self.destinations))
        tumor = f"{compact(live)} tumor cell{'s' * (live != 1)}"
        return f"{cells} came to the sampled patches; {lesions} and {tumor} are in them at the end."

    @property
    def has_lesions(self) -> bool:
        """Whether some organ has a lesion at the end."""
        return any(each.lesions.any() for each in self.destinations)

    @cached_property
    def lesion_shares(self) -> np.ndarray:
        """Of all lesions of these organs, the share of each, (destinations,); NaN where there are none."""
        return shares([each.whole(each.lesions) for each in self.destinations])

    @cached_property
    def tumor_shares(self) -> np.ndarray:
        """Of all tumor cells in these organs, the share of each, (destinations,); NaN where there are none."""
        return shares([each.whole(each.tumor) for each in self.destinations])

    @property
    def elsewhere(self) -> float:
        """Share of the cells that enter which other parts of the body hold; NaN where cells are put into patches."""
        return max(0.0, 1.0 - self.dead - sum(each.held for each in self.destinations))


def shares(values: list[float]) -> np.ndarray:
    """Parts of a sum; NaN of nothing."""
    total = sum(values)
    return np.array(values) / total if total else np.full(len(values), np.nan)


def spreads(result: Result) -> list[Spread]:
    """A record for each arm in which tumor cells come to an organ; none where nobody goes anywhere."""
    return _spreads(result, [tuple(places_of(result, arm)) for arm in result.arms])


def whole_bodies(result: Result) -> list[Spread]:
    """The same, of arms that differ in their only organ alone as of one body."""
    return _spreads(result, bodies(result))


def _spreads(result: Result, groups: Iterable[tuple[Place, ...]]) -> list[Spread]:
    having = [places for places in groups if places]
    rows = {(row.arm, row.place): row for row in (totals(result) if having else ()) if row.count == "lesions"}
    return [spread_of(result, places, rows) for places in having]


def several(spread: Spread) -> bool:
    """Whether a body has several organs, so that a map of it says something."""
    return len(spread.destinations) > 1


def spread_of(result: Result, places: tuple[Place, ...], rows: Mapping[tuple[str, str], Total]) -> Spread:
    """That of a body, by the numbers that it has when cells enter: those of its start for an injection.

    rows : of `organ_totals.totals`, the lesions of each arm and place
    """
    scenario, arms = result.scenario, arms_of(places)
    start, species = scenario.start_of(arms[0]), scenario.species
    if start.injection is not None:
        known, entry = scenario.catalogue_at_start(arms[0]), start.injection.route
    else:
        known = scenario.catalogue_for(arms[0])
        entry = Flows.of(start, scenario.tissue.of_organs, known, species).outlets[PRIMARY]
    arrests = {} if entry == PATCH else held(known, entry, species)
    found = []
    for place in places:
        row, organ = rows[place.arm, place.name], organ_named(place.name)
        counts = ("arrivals", "lone_cells", "lesions", "n_tumor")
        values = [last(result, place.arm, place.prefix + name) for name in counts]
        bounds = poisson_interval(row.found) if row.share is None else (row.low * row.share, row.high * row.share)
        found.append(
            Destination(
                place.name, row.soil, place.prefix, organ.measured(organ.blood_share, "1", species), organ.receives,
                arrests.get(place.name, np.nan), row.patches, np.nan if row.share is None else row.share,
                place.injected * result.replicates, bounds, *values,
            )
        )  # fmt: skip
    if start.injection is None:
        found = shared_out(found)
    liver = sum(each.held for each in found if each.receives == "portal") if arrests else 0.0
    return Spread(arms, ROUTES.get(entry, PATCH), start.injection is not None, tuple(found), arrests.get(DEAD, np.nan),
                  by_portal(known, entry, species, liver))  # fmt: skip


def shared_out(found: list[Destination]) -> list[Destination]:
    """Destinations of a tumor's own cells, of which nobody knows beforehand how many come: as many as came in all, but
    shared out as blood does."""
    came = sum(each.arrivals.sum() for each in found)
    parts = shares([each.held * each.fraction for each in found])
    return [replace(each, expected=float(came * part)) for each, part in zip(found, parts, strict=True)]


def by_portal(catalogue: Catalogue, route: str, species: str, liver: float) -> float:
    """Of the cells that the liver holds, a share `liver` of all, the share that comes by the portal vein.

    From arteries come  portal : hepatic = Σ f_b (1 − a_b) (1 − d) : f_liver  by the beds that drain into that vein; of
    cells that enter it, those of the first pass, (1 − d) a_liver, come by it alone.
    """
    numbers, beds = numbers_of(catalogue, species), beds_of(catalogue, species)
    dying = dying_of(death_of(numbers), numbers["shield"])
    portal = sum((bed.share or 0.0) * (1 - bed.arrest) * (1 - dying) for bed in beds if bed.drains == "portal")
    own = next((bed for bed in beds if bed.receives == "portal"), None)
    if own is None or not liver:
        return 0.0
    first = (1 - dying) * own.arrest if ROUTES.get(route) == "portal" else 0.0
    ratio = portal / (portal + (own.share or 0.0)) if portal else 0.0
    return (first + (liver - first) * ratio) / liver
