"""What an observable is read off: a section, and what its history adds to it."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np

from tmesim.catalogue.frozen import frozendict
from tmesim.section import Living, Section

NAN = math.nan


class Counted(Living, Protocol):
    """What a reading needs of a tissue beside its section."""

    @property
    def counters(self) -> Mapping[str, Any]: ...

    def table(self) -> Mapping[Any, float]:
        """Its ledger up to now."""
        ...


class Treated(Protocol):
    """What a reading needs of a body."""

    @property
    def tissue(self) -> Counted: ...

    @property
    def organs(self) -> Mapping[str, Counted]: ...

    def drug(self, name: str) -> Mapping[str, float]: ...

    def sample(self) -> Mapping[str, float]: ...

    def reactive(self) -> Mapping[str, np.ndarray]: ...


@dataclass(frozen=True, eq=False)
class Reading:
    """A section, made once for all observables of a row, and what its history adds.

    counters : how often things have happened since the start, by name; None where that is not known
    drug : the levels of a drug by its name, KeyError for one that no arm gives; None where they are not known
    before : LOOKED_BACK at an earlier moment of the same history, for rates of change; None at the start
    sample : what an assay of a sample of blood finds, by name; empty where no cell could go anywhere
    organs : readings of the organs beside the tissue, by name
    reactive : tumor-reactive cells of the blood by type that is primed, (clonotypes,) cells of the host; empty where
        they are not known
    """

    section: Section
    counters: Mapping[str, Any] | None = None
    drug: Callable[[str], Mapping[str, float]] | None = None
    before: Mapping[str, float] | None = None
    sample: Mapping[str, float] = frozendict()
    organs: Mapping[str, Reading] = frozendict()
    reactive: Mapping[str, np.ndarray] = frozendict()

    @classmethod
    def of(cls, body: Treated, before: Mapping[str, float] | None = None) -> Reading:
        """A body as it is now; as `Section.of`, it copies nothing and holds until its tissue changes."""
        organs = {name: cls(Section.of(organ), organ.counters, body.drug) for name, organ in body.organs.items()}
        section, counters = Section.of(body.tissue), body.tissue.counters
        return cls(section, counters, body.drug, before, body.sample(), organs, body.reactive())

    def counter(self, name: str) -> float:
        """How often a thing has happened since the start; NaN where that is not known."""
        return NAN if self.counters is None else float(self.counters.get(name, 0.0))

    def counter_sum(self, prefix: str) -> float:
        """The sum of all counters whose names begin so; NaN where they are not known."""
        if self.counters is None:
            return NAN
        return float(sum(value for name, value in self.counters.items() if name.startswith(prefix)))

    @property
    def days_since(self) -> float:
        """Days since the earlier moment; NaN without one."""
        return NAN if self.before is None else (self.section.hour - self.before["hour"]) / 24.0
