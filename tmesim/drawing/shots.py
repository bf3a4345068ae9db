"""Which snapshots of a run a picture shows, and how much of them: what lies around the tumor."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from tmesim.drawing.raster import scale_end
from tmesim.section import TUMOR

if TYPE_CHECKING:
    from tmesim.result import Result
    from tmesim.section import Section

MARGIN_UM, SPARED = 150, 0.85
"""µm of tissue around the tumor that are shown, and the share of the patch from which on all of it is."""


class Shots:
    """The snapshots that a picture shows: arms × days of one replicate (default: every arm, at most four days)."""

    def __init__(
        self, result: Result, replicate: int | None, days: Sequence[float] | None = None,
        arms: Sequence[str] | None = None,
    ) -> None:  # fmt: skip
        self.result = result
        self.replicate = representative(result) if replicate is None else replicate
        self.days = spread(result.snapshot_days, 4) if days is None else list(days)
        self.arms = result.arms if arms is None else tuple(arms)
        self.at: dict[tuple[str, float], Section] = {
            (arm, day): result.snapshot(day, arm, self.replicate) for arm in self.arms for day in self.days
        }
        first = next(iter(self.at.values()))
        self.spacing, self.patch = first.spacing_um, first.shape
        tumor = [np.stack(shot.sites(name)) for shot in self.all for name in TUMOR]
        window = window_around(np.concatenate(tumor, 1), self.patch, self.spacing)
        self.at = {key: shot.cropped(window) for key, shot in self.at.items()}
        self.shape = self.all[0].shape

    @property
    def all(self) -> list[Section]:
        """The sections, arm by arm and day by day."""
        return list(self.at.values())

    def types(self) -> set[str]:
        """Cell types that occur."""
        return {name for shot in self.all for name in shot.types if shot.count(name)}

    def limits(self, field: str) -> tuple[float, float]:
        """One color scale for all panels: from 0 to what 99.5 % of the sites stay below."""
        return 0.0, scale_end(self.all, field)

    def together(self) -> list[float]:
        """The days up to which all arms look the same, if there are arms that part later."""
        alike: list[float] = []
        for day in self.days:
            first, *others = (self.at[arm, day] for arm in self.arms)
            if not all(same(first, other) for other in others):
                break
            alike.append(day)
        return alike if len(self.arms) > 1 and len(alike) < len(self.days) else []


def window_around(tumor: np.ndarray, patch: tuple[int, int], spacing: float) -> tuple[slice, slice]:
    """Rows and columns that hold all sites of a tumor (2, n) and a rim; the patch where that would spare little."""
    whole = slice(0, patch[0]), slice(0, patch[1])
    if not tumor.size:
        return whole
    rim = round(MARGIN_UM / spacing)
    low = [max(0, int(v) - rim) for v in tumor.min(1)]
    high = [min(n, int(v) + rim + 1) for v, n in zip(tumor.max(1), patch, strict=True)]
    if max(b - a for a, b in zip(low, high, strict=True)) > SPARED * max(patch):
        return whole
    return slice(low[0], high[0]), slice(low[1], high[1])


def same(one: Section, other: Section) -> bool:
    """Whether two snapshots draw the same picture."""
    cells = all(np.array_equal(one.cells[name], other.cells[name]) for name in ("type", "y", "x"))
    return cells and np.array_equal(one.maps["vessels.perfused"], other.maps["vessels.perfused"])


def representative(result: Result) -> int:
    """The replicate whose final tumor burdens lie nearest to the medians of the arms (in relative terms)."""
    distance = np.zeros(result.replicates)
    for arm in result.arms:
        final = result.series("tumor_burden", arm)[1][:, -1]
        distance += np.abs(np.log1p(final) - np.median(np.log1p(final)))
    return int(np.argmin(distance))


def spread(days: Sequence[float], most: int) -> list[float]:
    """At most so many of the days, the first and the last among them, evenly between."""
    if len(days) <= most:
        return list(days)
    return [days[round(i)] for i in np.linspace(0, len(days) - 1, most)]
