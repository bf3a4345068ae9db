"""The published works that numbers name: where each appeared, its identifier, and how much of it was seen."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from functools import cache
from typing import NamedTuple

from tmesim.catalogue.files import WORKS, packaged
from tmesim.catalogue.frozen import frozendict

SEEN = ("page", "abstract")
"""How much of a work was looked up; another word says that it is recalled."""


class Work(NamedTuple):
    """A published work.

    where : journal, volume and first page
    id : its identifier: doi, PMID, PMC or arXiv; empty where none is known for sure
    seen : `page` (the source or a table of it), `abstract`, or `recalled`
    """

    where: str
    id: str
    seen: str

    @property
    def citable(self) -> bool:
        """Whether a reader can find it and somebody has looked into it."""
        return bool(self.id) and self.seen in SEEN


@cache
def works() -> Mapping[str, Work]:
    """The works by their authors and year, as the texts of numbers name them."""
    read = packaged(WORKS).data.items()
    return frozendict({name: Work(each["in"], each.get("id", ""), each["seen"]) for name, each in read})


def named(texts: Iterable[str]) -> Iterator[str]:
    """The works that texts name by authors and year."""
    whole = " ".join(texts)
    return (name for name in works() if name in whole)
