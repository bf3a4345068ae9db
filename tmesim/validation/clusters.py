"""What a cluster gains over cells that travel alone, by the numbers of a catalogue: on the way and in the capillary.

A held cell comes out at the rate x and dies at the rate d f(c), where f is what the company of c other held cells
leaves of death (the rule company_protects_arrested_cells). Of n cells that all touch each other there come out

    out(n) = Σ x / (x + d f(k − 1))  over k = 1 … n,

since of k cells one is next to go, out with that chance, and k − 1 are left; nobody touches more than 8.
"""

from __future__ import annotations

from tmesim.body.circulation import advantage as of_circulation
from tmesim.body.seeding import beds_of, death_of, numbers_of
from tmesim.catalogue import Catalogue

COMPANY = "company_protects_arrested_cells"
MOST_BESIDE = 8


def left_of_death(catalogue: Catalogue, species: str, beside: int) -> float:
    """What company of so many held cells leaves of death, 0..1; 1 where the rule is off."""
    rule = catalogue.rules.get(COMPANY)
    if rule is None or rule.limit is None:
        return 1.0
    limit, half_max, power = (number.at(species) for number in (rule.limit, rule.half_max, rule.power))
    pull = (min(beside, MOST_BESIDE) / half_max) ** power
    return 1.0 - (1.0 - limit) * pull / (1.0 + pull)


def coming_out(catalogue: Catalogue, species: str, size: int) -> float:
    """How many of a cluster's cells come out into the tissue in the mean; hybrid cells in capillaries at rest."""
    out, death = (
        catalogue.number(f"cells.arrested.behaviors.{name}").at(species) for name in ("extravasation", "apoptosis")
    )
    return sum(out / (out + death * left_of_death(catalogue, species, beside)) for beside in range(size))


def gain_per_event(catalogue: Catalogue, species: str, size: int, route: str = "venous") -> float:
    """Cells that come out of a cluster that enters the blood, over those of a single cell that does.

    catalogue : of the organ that holds them
    """
    numbers = numbers_of(catalogue, species)
    journey = of_circulation(
        beds_of(catalogue, species), route, size=size, sticking=numbers["sticking"], shelter=numbers["shelter"],
        death=death_of(numbers), rest=numbers["rest_arrest"], shield=numbers["shield"],
    )  # fmt: skip
    return journey * coming_out(catalogue, species, size) / coming_out(catalogue, species, 1)
