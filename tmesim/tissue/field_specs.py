"""The solver's view of the fields of a catalogue, those of drugs that reach cells by diffusion among them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tmesim.catalogue.compile import Biology, drug_field
from tmesim.tissue.fields import FieldSpec

if TYPE_CHECKING:
    from tmesim.catalogue import Catalogue
    from tmesim.catalogue.models import Field


def entries_of(catalogue: Catalogue, biology: Biology) -> dict[str, Field]:
    """The fields of a compiled biology by name, in its order."""
    drugs = {drug_field(t): entry.field for t, entry in catalogue.drugs.items() if entry.field is not None}
    return {name: catalogue.fields[name] if name in catalogue.fields else drugs[name] for name in biology.fields}


def specs_of(catalogue: Catalogue, biology: Biology, host: str) -> tuple[FieldSpec, ...]:
    """What the solver needs to know of each field."""
    return tuple(spec_of(name, entry, host) for name, entry in entries_of(catalogue, biology).items())


def spec_of(name: str, entry: Field, host: str) -> FieldSpec:
    """What the solver needs to know of one field."""
    edge = entry.edge
    return FieldSpec(
        name=name,
        diffusion=entry.diffusion.at(host),
        decay=entry.decay.at(host),
        edge=edge.kind,
        level=edge.level.at(host) if edge.level is not None else 0.0,
        exchange=edge.exchange.at(host) if edge.exchange is not None else 0.0,
        half_max=entry.half_max.at(host) if entry.half_max is not None else None,
        start=entry.start.at(host) if entry.start is not None else 0.0,
        slow=entry.slow,
    )
