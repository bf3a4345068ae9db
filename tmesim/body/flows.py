"""Flows: where cells that enter blood or lymph come to rest, from each site to each organ that is looked at."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from tmesim.body.circulation import Bed, caught_of, dying_of
from tmesim.body.seeding import beds_of, death_of, held, numbers_of, sampled
from tmesim.catalogue import Catalogue
from tmesim.kernels.chance import PRIMARY
from tmesim.scenario import Start, TissueBox

BLOOD, LYMPH = "blood", "lymph"


@dataclass(frozen=True)
class Flows:
    """The ways between the sites of a body.

    fraction : the share of an organ whose arriving cells come to its patch, by place
    whole : how many times an organ beside the tumor holds what its patch does
    """

    catalogue: Catalogue
    species: str
    outlets: Mapping[str, str]
    fraction: Mapping[str, float]
    whole: Mapping[str, float]
    _known: dict[tuple[str, int], dict[str, float]] = field(default_factory=dict, repr=False)

    @classmethod
    def of(cls, start: Start, beside: TissueBox, catalogue: Catalogue, species: str) -> Flows:
        """Those of a body. beside : the patch of each organ beside the tumor"""
        beds = {bed.name: bed.outlet for bed in beds_of(catalogue, species)}
        outlets = {PRIMARY: beds.get(start.organ, "venous")} | {place: beds[place] for place in start.organs}
        share = {place: sampled(place, beside, species) for place in start.organs}
        fraction = {place: soil.samples * share[place] for place, soil in start.organs.items()}
        return cls(catalogue, species, outlets, fraction, {place: 1.0 / part for place, part in fraction.items()})

    def held(self, site: str, way: str, size: int = 1) -> Mapping[str, float]:
        """Share of the groups of some cells, entering blood or lymph at a site, that each organ arrests alive."""
        route = "lymph" if way == LYMPH else self.outlets[site]
        if (route, size) not in self._known:
            self._known[route, size] = held(self.catalogue, route, self.species, size)
        return self._known[route, size]

    def to_patch(self, site: str, way: str, place: str, size: int = 1) -> float:
        """Share of them that comes to the patch of an organ; more than 1 where it stands for many."""
        return self.held(site, way, size).get(place, 0.0) * self.fraction[place]

    def past_first(self, site: str, way: str, size: int = 1) -> float:
        """Share of them that reaches the arteries: past the capillaries of lungs, and of liver or lymph node before."""
        numbers = numbers_of(self.catalogue, self.species)
        dying = dying_of(death_of(numbers), numbers["shield"], size, numbers["shelter"])
        takes: dict[str, Bed] = {bed.receives: bed for bed in beds_of(self.catalogue, self.species)}
        fluid, left = "lymph" if way == LYMPH else self.outlets[site], 1.0
        while fluid != "arterial":
            bed = takes.get(fluid)
            caught = 0.0 if bed is None else caught_of(bed.arrest, size, numbers["sticking"])
            left *= (1.0 - dying) * (1.0 - caught)
            fluid = "venous" if bed is None else bed.outlet
        return left
