"""What a run reports: named numbers, each read off a tissue at one moment.

The mapping is explicit. `OBSERVABLES` are those of every tissue, an entry each in the module of its topic;
`observables_of` adds one count per cell type, one mean per field and three levels per therapy of a catalogue. A number
that has no meaning at the moment (the oxygen of the tumor when no tumor cell lives) is NaN.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING

from tmesim.observables import immune, patch, spread, stroma, tumor, turnover, vessels
from tmesim.observables.catalogued import observables_in
from tmesim.observables.observable import Observable
from tmesim.observables.reading import Reading
from tmesim.observables.tumor import HYPOXIC_MMHG

if TYPE_CHECKING:
    from tmesim.catalogue import Catalogue

__all__ = ["HYPOXIC_MMHG", "LOOKED_BACK", "OBSERVABLES", "Observable", "Reading", "measure", "observables_of",
           "to_look_back"]  # fmt: skip

TOPICS = (
    tumor.SIZE, vessels.ENTRIES, tumor.STATES, tumor.HEREDITY, immune.ENTRIES, turnover.ENTRIES, stroma.ENTRIES,
    patch.ENTRIES, spread.ENTRIES,
)  # fmt: skip
"""In the order of the tables' columns."""

OBSERVABLES: Mapping[str, Observable] = {entry.name: entry for topic in TOPICS for entry in topic}

LOOKED_BACK = ("hour", "n_tumor", "n_ctl", "kills")
"""What rates of change need of an earlier moment."""


def observables_of(
    catalogue: Catalogue, therapies: Iterable[str] = (), organs: Iterable[str] = ()
) -> dict[str, Observable]:
    """Every observable of a catalogue's cell types and fields, of the therapies given, and of the organs beside the
    tissue and the blood between them, as the tables have them."""
    known = dict(OBSERVABLES) | {entry.name: entry for entry in observables_in(catalogue, therapies)}
    places = tuple(organs)
    entries = [spread.in_organ(organ, entry) for organ in places for entry in spread.OF_ORGANS]
    if not places:
        return known
    borne = [spread.borne(n, f) for n, f in catalogue.fields.items() if f.vessel and f.vessel.primary is not None]
    return known | {entry.name: entry for entry in (*entries, *spread.OF_BLOOD, *borne)}


def to_look_back(now: Reading) -> dict[str, float]:
    """The numbers of LOOKED_BACK now."""
    section = now.section
    return {"hour": section.hour, "n_tumor": section.count("tumor"), "n_ctl": section.count("ctl"),
            "kills": now.counter("kills")}  # fmt: skip


def measure(now: Reading, observables: Mapping[str, Observable]) -> dict[str, float]:
    """One row: `hour`, then every observable by name."""
    return {"hour": now.section.hour} | {name: float(o.function(now)) for name, o in observables.items()}
