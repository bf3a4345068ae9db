"""Hosts: whose tumor it is. A species, and the untreated numbers in which a tumor model differs from the plain one.

A host sets numbers of the catalogue by their dotted paths, each with its source. It sets no number of a therapy: how
its tumors respond is what a run predicts.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import cache

from pydantic import ValidationError

from tmesim import units
from tmesim.catalogue import checks
from tmesim.catalogue.catalogue import Catalogue
from tmesim.catalogue.changes import SET
from tmesim.catalogue.files import HOST_FILES, each_packaged
from tmesim.catalogue.frozen import frozendict
from tmesim.catalogue.numbers import Entry, Number, Numbers, Species, Texts
from tmesim.catalogue.packaged import load_catalogue
from tmesim.catalogue.synonyms import word_for
from tmesim.reading import DataPath, Document, Problem, dotted, problems_of, suggestion

REFUSED = (
    "a host sets no number of a therapy: it differs from others in untreated numbers only, so that how its tumors "
    "respond is a prediction"
)


class Host(Entry):
    """A host by its species and what its untreated tumors have of their own.

    species : whose clock, doses and values by host ({mouse: …, human: …}) hold
    set : numbers by dotted path, each with unit and source
    """

    label: str
    species: Species
    meaning: str = ""
    evidence: Texts = ()
    set: Numbers = frozendict()


def read_host(document: Document) -> tuple[Host | None, list[Problem]]:
    """The host in a document, None if it cannot be read, and everything that is wrong with it."""
    try:
        host = Host.model_validate(document.data)
    except ValidationError as error:
        return None, problems_of(error, document, Host)
    return host, [document.problem(path, message) for path, message in _issues(host)]


def _issues(host: Host) -> Iterator[tuple[DataPath, str]]:
    yield from checks.unknown_claims(("evidence",), host.evidence)
    for path, number in host.set.items():
        place: DataPath = ("set", path)
        yield from checks.unknown_claims((*place, "source"), number.source)
        if path.startswith("therapies."):
            yield place, REFUSED
        if not number.source:
            yield place, "has no source: name a publication, or 'assumed: why'"
        if isinstance(number.value, Mapping):
            yield place, f"expected one value, that of the species of the host ({host.species})"
    for path, message in with_sourced(load_catalogue(), host.set, host.species, "the host", host.label)[1].items():
        yield (("set", path) if path in host.set else ("set",)), message


def with_sourced(
    base: Catalogue, numbers: Numbers, species: str, kind: str, label: str
) -> tuple[Catalogue, dict[str, str]]:
    """A catalogue with numbers set for a species, which keep their sources and ranges, and problems by path.

    kind, label : who sets them, told of limits that follow along
    """
    values = {path: units.show(n.at(species), n.unit_at(species)) for path, n in numbers.items()}
    result, problems = base.with_numbers(values)

    def sourced(path: DataPath, number: Number) -> Number:
        if number.source != (SET,):
            return number
        own = numbers.get(dotted(path))
        update = {"source": (f"set by {kind}: {label}",)} if own is None else {
            "source": own.source, "range": own.range_at(species), "note": own.note}  # fmt: skip
        return number.model_copy(update=update)

    result = result.changed(sourced)
    for path, message in checks.issues(result):
        problems.setdefault(dotted(path), message)
    return result, problems


@cache
def hosts() -> Mapping[str, Host]:
    """The packaged hosts by name, the plain species first; InputError with every problem if a file is wrong."""
    return each_packaged("hosts", HOST_FILES, read_host)


def host_named(name: str) -> Host:
    """A host by name; LookupError with the choices if there is none."""
    if name not in hosts():
        near = suggestion(name, hosts(), most=8, meant=word_for(name, hosts()))
        raise LookupError(f"there is no host '{name}'.{near}")
    return hosts()[name]


@cache
def catalogue_of(name: str) -> Catalogue:
    """The packaged catalogue with the numbers of a host; LookupError with the choices for a name of none."""
    host = host_named(name)
    if not host.set:
        return load_catalogue()
    return with_sourced(load_catalogue(), host.set, host.species, "the host", host.label)[0]
