"""What every catalogue brings with it: the count of each cell type, the mean of each field, the levels of each drug."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import TYPE_CHECKING

from tmesim.catalogue import vocabulary
from tmesim.observables.observable import Observable, count_of, mean_within
from tmesim.observables.reading import NAN, Reading

if TYPE_CHECKING:
    from tmesim.catalogue import Catalogue


def observables_in(catalogue: Catalogue, therapies: Iterable[str]) -> Iterator[Observable]:
    """Those of the cell types and fields of a catalogue, and of the drugs among some therapies."""
    for name, cell in catalogue.cells.items():
        yield Observable(
            f"n_{name}", f"{cell.label} count", "cells", f"Living cells of the type {name}.", count_of(name)
        )
    for name, field in catalogue.fields.items():
        yield Observable(
            f"{name}_in_tumor", f"{field.label} in the tumor", field.unit,
            f"Mean of the field {name} over the sites within the tumor.", field_within(name, makers(catalogue, name)),
        )  # fmt: skip
    for name in therapies:
        if name in catalogue.drugs:
            yield from levels_of(name)


def makers(catalogue: Catalogue, field: str) -> tuple[str, ...]:
    """The cell types that can secrete a field."""
    word = vocabulary.BEHAVIORS["secretion"].word(field)
    by_rule = {cell for rule in catalogue.all_rules.values() if rule.behavior == word for cell in rule.cell}
    return tuple(name for name, cell in catalogue.cells.items() if word in cell.behaviors or name in by_rule)


def field_within(field: str, makers: Iterable[str] = ()) -> Callable[[Reading], float]:
    """Reads the mean of a field over the tumor. One that is not simulated is 0 where no cell that could make it is
    there; where one is, nothing there senses it, and its level is not known."""
    held, making = mean_within("field", field), tuple(makers)

    def read(now: Reading) -> float:
        if f"field.{field}" in now.section.maps:
            return held(now)
        return 0.0 if now.section.region_sites.size and not now.section.count(*making) else NAN

    return read


def levels_of(therapy: str) -> Iterator[Observable]:
    """Plasma and tissue levels (nM) and occupancy of a therapy."""
    yield Observable(
        f"{therapy}_plasma", f"{therapy} in plasma", "nM", f"Concentration of {therapy} in plasma.",
        level(therapy, "plasma"),
    )  # fmt: skip
    yield Observable(
        f"{therapy}_tissue", f"{therapy} in tissue", "nM", f"Concentration of {therapy} in the tissue.",
        level(therapy, "tissue"),
    )  # fmt: skip
    yield Observable(
        f"{therapy}_occupancy", f"occupancy by {therapy}", "fraction",
        f"Share of its targets that {therapy} occupies.", level(therapy, "occupancy"),
    )  # fmt: skip


def level(therapy: str, kind: str) -> Callable[[Reading], float]:
    """Reads a level of a therapy; 0 in an arm that does not give it, NaN where that is not known."""

    def read(now: Reading) -> float:
        if now.drug is None:
            return NAN
        try:
            return float(now.drug(therapy)[kind])
        except KeyError:
            return 0.0

    return read
