"""The plausible range of a number: as its source gives it, else half and twice its value."""

from __future__ import annotations

import math
from dataclasses import dataclass

from tmesim.evidence import ground
from tmesim.influence.strength import Numbers

HALF, TWICE = 0.5, 2.0
WIDEST = math.log(16.0)
"""A range that is wider, or begins at 0, counts as this when numbers are chosen."""
ASSUMED, SOURCED = "assumed", "sourced"


@dataclass(frozen=True)
class Range:
    """A number with its ends, in its unit. given : whether they are those of its entry; ground : on what its value
    rests"""

    path: str
    low: float
    value: float
    high: float
    unit: str
    given: bool
    ground: str

    @property
    def width(self) -> float:
        """Logarithm of the ratio of the ends, as far as it counts."""
        if self.low <= 0:
            return WIDEST if self.high > 0 else 0.0
        return min(WIDEST, math.log(self.high / self.low))

    @property
    def side(self) -> str:
        """On what its value rests, of two."""
        return SOURCED if self.ground == "source" else ASSUMED

    def at(self, u: float) -> float:
        """The value at a share of the way: by equal ratios, or evenly where it begins at 0."""
        if self.low > 0:
            return self.low * (self.high / self.low) ** u
        return self.low + u * (self.high - self.low)


def range_of(numbers: Numbers, path: str) -> Range:
    """The range of the number at a path, within what the engine allows."""
    number = numbers.catalogue.number(path)
    value, span = numbers.values[path], number.range_at(numbers.species)
    low, high = span or (HALF * value, TWICE * value)
    ends = sorted((numbers.within(path, low), numbers.within(path, high)))
    return Range(path, min(ends[0], value), value, max(ends[1], value), number.unit_at(numbers.species),
                 span is not None, ground(numbers.catalogue, path, numbers.species))  # fmt: skip
