"""The catalogue: its entries with their vocabulary, checked, and what a scenario does to it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from tmesim.catalogue import bounds, changes, checks, english, vocabulary
from tmesim.catalogue.bounds import NumberSpec
from tmesim.catalogue.contents import Contents
from tmesim.catalogue.entries import Rule
from tmesim.catalogue.frozen import frozendict
from tmesim.catalogue.models import KINDS
from tmesim.catalogue.vocabulary import Word
from tmesim.reading import DataPath

Issue = tuple[DataPath, str]


@dataclass(frozen=True, eq=False)
class Catalogue(Contents):
    """All of the biology, frozen; numbers stand in the units of their places."""

    @staticmethod
    def build(entries: Mapping[str, Mapping[str, Any]]) -> tuple[Catalogue, list[Issue]]:
        """A catalogue from entries by kind and name, and everything that is wrong with it."""
        raw = Catalogue(**{kind: frozendict(entries.get(kind, {})) for kind in KINDS})
        stated = checks.with_group_limits(raw)
        issues: list[Issue] = []
        built = stated.changed(lambda path, number: bounds.fitted(stated, path, number, issues))
        issues += checks.issues(built)
        return built, issues

    def spec(self, path: str) -> NumberSpec:
        """The unit and the bounds of the number at a dotted path; LookupError if there is none."""
        return bounds.number_spec(self, *self.placed_number(path))

    def signals(self) -> Mapping[str, Word]:
        """Each signal a rule may name, with unit and meaning."""
        return vocabulary.of(self).signals

    def behaviors(self) -> Mapping[str, Word]:
        """Each behavior a cell type may have, with unit and meaning."""
        return vocabulary.of(self).behaviors

    def sentence(self, rule: Rule) -> str:
        """A rule in plain English, with its numbers."""
        return english.sentence(self, rule)

    def with_numbers(self, values: Mapping[str, Any]) -> tuple[Catalogue, dict[str, str]]:
        """The catalogue with numbers set by dotted path, and problems by path; see `changes.with_numbers`."""
        return changes.with_numbers(self, values)

    def without(self, names: Iterable[str]) -> Catalogue:
        """The catalogue with rules switched off, by name; see `changes.without`."""
        return changes.without(self, names)

    def dropping(self, fields: Iterable[str]) -> Catalogue:
        """The catalogue without some fields; see `changes.dropping`."""
        return changes.dropping(self, fields)

    def plus(self, entries: Mapping[str, Mapping[str, Any]]) -> tuple[Catalogue, list[Issue]]:
        """The catalogue with new entries by kind and name, and everything that is wrong with the result.

        New entries follow the old ones, sorted by name: the order in which they are written is of no account.
        """
        if not any(entries.values()):
            return self, []
        joined = {kind: dict(getattr(self, kind)) | dict(sorted(entries.get(kind, {}).items())) for kind in KINDS}
        return Catalogue.build(joined)
