"""Organs: the soils that tumor cells may come to. A resting tissue, how the blood meets it, and numbers of its own.

An organ sets numbers of the catalogue by their dotted paths, each with its source, on top of those of the host. Its
rules stand with all others and name its cells, so that they are silent elsewhere.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import cache
from typing import Literal

from pydantic import ValidationError

from tmesim import units
from tmesim.catalogue import checks
from tmesim.catalogue.bounds import MOST_ACCESS
from tmesim.catalogue.catalogue import Catalogue
from tmesim.catalogue.files import ORGAN_FILES, each_packaged
from tmesim.catalogue.frozen import frozendict
from tmesim.catalogue.hosts import catalogue_of, host_named, with_sourced
from tmesim.catalogue.numbers import HOSTS, Entry, Number, Numbers, Texts
from tmesim.catalogue.packaged import load_catalogue
from tmesim.catalogue.synonyms import suggest, word_for
from tmesim.catalogue.therapies import MOLECULES, Drug
from tmesim.reading import DataPath, Document, Problem, dotted, problems_of, suggestion

BREAST = "breast"
"""Where tumors of the breast begin: the organ of a start that names none."""


class Resting(Entry):
    """The tissue of an organ without a tumor, per mm² of section; ecm in 0..1."""

    densities: Numbers
    capillaries: Number
    ecm: Number


class Organ(Entry):
    """An organ by its place in the circulation and by its tissue.

    blood_share : of the cardiac output, by arteries
    receives : what comes first: blood of the arteries, all venous blood (lung), that of the portal vein (liver) or the
        lymph of the tumor (lymph node); all but the first besides its share of the arteries
    drains : where its blood goes, into veins or into the portal vein
    volume : of the whole organ
    arrest : probability that a single tumor cell that passes is held in its capillaries
    access : concentration of drugs in its tissue over that in the tissue of the breast, by kind of molecule; what a
        drug itself says comes first
    set : numbers by dotted path, each with unit and source
    """

    label: str
    meaning: str = ""
    evidence: Texts = ()
    blood_share: Number
    receives: Literal["arterial", "venous", "portal", "lymph"] = "arterial"
    drains: Literal["venous", "portal"] = "venous"
    volume: Number
    arrest: Number
    access: Numbers = frozendict()
    start: Resting
    set: Numbers = frozendict()

    def numbers(self) -> Iterator[tuple[DataPath, Number]]:
        """All its numbers with their places."""
        for name in ("blood_share", "volume", "arrest"):
            yield (name,), getattr(self, name)
        for molecule, factor in self.access.items():
            yield ("access", molecule), factor
        for cell, density in self.start.densities.items():
            yield ("start", "densities", cell), density
        yield ("start", "capillaries"), self.start.capillaries
        yield ("start", "ecm"), self.start.ecm
        for path, number in self.set.items():
            yield ("set", path), number

    def measured(self, number: Number, unit: str, species: str) -> float:
        """One of its numbers for a species, in a unit."""
        return units.convert(number.at(species), number.unit_at(species), unit)

    def lives_in(self, species: str) -> bool:
        """Whether all its numbers have a value for a species."""
        return all(species in number.hosts for _, number in self.numbers())


def read_organ(document: Document) -> tuple[Organ | None, list[Problem]]:
    """The organ in a document, None if it cannot be read, and everything that is wrong with it."""
    try:
        organ = Organ.model_validate(document.data)
    except ValidationError as error:
        return None, problems_of(error, document, Organ)
    return organ, [document.problem(path, message) for path, message in _issues(organ)]


DIMENSIONS: Mapping[str, str] = {"blood_share": "1", "volume": "mL", "arrest": "1", "capillaries": "/mm²", "ecm": "1"}
"""The unit of each number of an organ, but for those that it sets."""


def _issues(organ: Organ) -> Iterator[tuple[DataPath, str]]:
    base = load_catalogue()
    yield from checks.unknown_claims(("evidence",), organ.evidence)
    for place, number in organ.numbers():
        yield from checks.unknown_claims((*place, "source"), number.source)
        if not number.source:
            yield place, "has no source: name a publication, or 'assumed: why'"
        if place[0] == "set":
            continue
        due = {"start.densities": "/mm²", "access": "1"}.get(dotted(place[:-1])) or DIMENSIONS[str(place[-1])]
        most = MOST_ACCESS if place[0] == "access" else 1.0
        for host in number.hosts:
            if not units.same_dimension(number.unit_at(host), due):
                yield place, f"expected a unit such as {due}, got '{number.unit_at(host)}'"
            elif not 0 <= (value := units.convert(number.at(host), number.unit_at(host), due)) or (
                due == "1" and value > most
            ):
                span = f"to {most:g}" if due == "1" else "on"
                yield place, f"expected a number from 0 {span}, got {units.show(value, due)}"
    for molecule in organ.access:
        if molecule not in MOLECULES:
            yield ("access", molecule), f"there is no kind of molecule '{molecule}'.{suggestion(molecule, MOLECULES)}"
    for cell in organ.start.densities:
        if cell not in base.cells:
            yield ("start", "densities", cell), f"there is no cell type '{cell}'.{suggest(base, cell, base.cells)}"
    for path in organ.set:
        if path.startswith("therapies."):
            yield ("set", path), "an organ sets no number of a therapy, but how its vessels exchange a drug"
    for species in HOSTS:
        if organ.lives_in(species):
            for path, message in with_sourced(base, organ.set, species, "the organ", organ.label)[1].items():
                yield (("set", path) if path in organ.set else ("set",)), message


@cache
def organs() -> Mapping[str, Organ]:
    """The packaged organs by name, the breast first; InputError with every problem if a file is wrong."""
    return each_packaged("organs", ORGAN_FILES, read_organ)


def organ_named(name: str) -> Organ:
    """An organ by name; LookupError with the choices if there is none."""
    if name not in organs():
        near = suggestion(name, organs(), most=8, meant=word_for(name, organs()))
        raise LookupError(f"there is no organ '{name}'.{near}")
    return organs()[name]


@cache
def catalogue_in(organ: str, host: str) -> Catalogue:
    """The packaged catalogue with the numbers of a host and, on top, of an organ; LookupError for a name of none."""
    base, soil, species = catalogue_of(host), organ_named(organ), host_named(host).species
    return with_sourced(base, soil.set, species, "the organ", soil.label)[0] if soil.set else base


def access(drug: Drug, species: str) -> dict[str, float]:
    """Concentration of a drug in the tissue of each organ over that in the breast, as far as it is known.

    The drug says it itself, or the organ does for all molecules of its kind; in the breast it is 1 where neither does.
    """
    found = {BREAST: 1.0}
    for name, organ in organs().items():
        own, usual = drug.access.get(name), organ.access.get(drug.molecule or "")
        if own is not None and species in own.hosts:
            found[name] = own.at(species)
        elif usual is not None and species in usual.hosts:
            found[name] = organ.measured(usual, "1", species)
    return found


def reaches(drug: Drug, organ: str, species: str) -> bool:
    """Whether it is known how much of a drug comes into the tissue of an organ."""
    return drug.delivery == "field" or organ in access(drug, species)
