"""Travel: tumor cells on their way from one tissue to another, as what they are."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from tmesim.catalogue.frozen import frozendict

if TYPE_CHECKING:
    from tmesim.scenario import Start


class Travellers(NamedTuple):
    """Cells that travel together, a row each.

    id : uint64 (cells,), of the cells that left; mother : uint64 (cells,)
    clone : uint16 (cells,), that of the start from which each descends
    factor : float32 (cells, heritable), of its behaviors over that clone
    antigens : uint32 (cells, words); potential : uint8 (cells,), divisions left
    states : float32 (cells,) by name
    """

    id: np.ndarray
    mother: np.ndarray
    clone: np.ndarray
    factor: np.ndarray
    antigens: np.ndarray
    potential: np.ndarray
    states: Mapping[str, np.ndarray]


class Leaving(NamedTuple):
    """A group that has left a tissue. way : "blood" or "lymph" """

    way: str
    cells: Travellers


class Shedding(NamedTuple):
    """What a tissue gave off in a step.

    groups : those that left the patch; expected : cells of the patch that leave in the mean, by way
    """

    groups: tuple[Leaving, ...] = ()
    expected: Mapping[str, float] = frozendict()


class Injected(NamedTuple):
    """Cells of an injection that come now: of the clones of a start, so many in the mean."""

    start: Start
    mean: float


class Coming(NamedTuple):
    """What the blood brings to a tissue in a step."""

    groups: tuple[Travellers, ...] = ()
    injected: Injected | None = None


NOTHING_SHED, NOBODY_COMES = Shedding(), Coming()


def day_factor(hour: float, rest_share: float, rest_from_h: float, rest_hours: float) -> float:
    """Factor on shedding at an hour of the day, 1 on average over the day, one level each in rest and activity.

    rest_share : of cells shed in an hour of rest and in one of activity, the share of the former; 0.5: no rhythm
    rest_from_h, rest_hours : start and length of the rest phase, h
    """
    resting = (hour - rest_from_h) % 24.0 < rest_hours
    mean = (rest_hours * rest_share + (24.0 - rest_hours) * (1.0 - rest_share)) / 24.0
    return (rest_share if resting else 1.0 - rest_share) / mean
