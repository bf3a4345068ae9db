"""Seeding: which share of the cells that enter the blood an organ holds, and how many of them come to a patch of it.

A patch is a section, SITE_UM thick, of an organ of a known volume; what happens in the whole organ is estimated from
many sampled patches divided by the share of it that they are.
"""

from __future__ import annotations

from collections.abc import Mapping

from tmesim.body.circulation import Bed, arrested, death_per_pass
from tmesim.catalogue import Catalogue, organ_named, organs
from tmesim.kernels.arrays import SITE_UM
from tmesim.scenario import Start, TissueBox

PATCH = "patch"
"""The route of cells that all come to the patch, whatever its blood."""

ML_PER_UM3 = 1e-12


def numbers_of(catalogue: Catalogue, species: str) -> dict[str, float]:
    """The numbers of the circulation."""
    return {name: number.at(species) for name, number in catalogue.processes["circulation"].items()}


def death_of(numbers: Mapping[str, float]) -> float:
    """Probability that a pass kills a single cell without a shield, of the numbers of the circulation."""
    return death_per_pass(numbers["death"], numbers["blood"], numbers["cardiac_output"])


def beds_of(catalogue: Catalogue, species: str) -> list[Bed]:
    """The capillaries of each organ that has numbers for a species, and of the gut."""
    numbers = numbers_of(catalogue, species)
    beds = [
        Bed(name, o.measured(o.blood_share, "1", species), o.arrest.at(species), o.receives, o.drains)
        for name, o in organs().items()
        if o.lives_in(species)
    ]
    return [*beds, Bed("gut", numbers["gut_share"], numbers["gut_arrest"], drains="portal")]


def held(catalogue: Catalogue, route: str, species: str, size: int = 1) -> dict[str, float]:
    """Share of the cells that enter by a route which each organ holds, by name, with "gut", "rest" and "dead".

    size : of the clusters that they travel in
    """
    numbers = numbers_of(catalogue, species)
    return arrested(
        beds_of(catalogue, species), route, death=death_of(numbers), rest=numbers["rest_arrest"],
        shield=numbers["shield"], size=size, sticking=numbers["sticking"], shelter=numbers["shelter"],
    )  # fmt: skip


def sampled(organ: str, tissue: TissueBox, species: str) -> float:
    """The share of an organ that a patch is."""
    entry, (height, width) = organ_named(organ), tissue.size_um
    return height * width * SITE_UM * ML_PER_UM3 / entry.measured(entry.volume, "mL", species)


def arriving(start: Start, place: str, tissue: TissueBox, catalogue: Catalogue, species: str) -> float:
    """How many of the injected cells the capillaries of the patch of a start hold in the mean.

    place : the organ whose blood and volume it has
    """
    injection = start.injection
    if injection is None:
        return 0.0
    if injection.route == PATCH:
        return injection.cells
    share = held(catalogue, injection.route, species).get(place, 0.0)
    return injection.cells * share * sampled(place, tissue, species) * start.samples
