"""Untreated tumors beside what was measured: for each target its published interval, and what a run gives."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib import resources
from typing import TYPE_CHECKING, Any

import numpy as np

from tmesim.storage.tables import csv_bytes
from tmesim.targets.measures import COURSES, MEASURES, Untreated

if TYPE_CHECKING:
    from tmesim.result import Result

__all__ = ["Course", "Found", "Target", "courses_in", "found_in", "table", "table_bytes", "targets_of"]


@dataclass(frozen=True)
class Target:
    """A number of untreated tumors in a host.

    measure : its name in `measures.MEASURES`; unit as there
    group : of the targets with which it is shown
    low, high : the published interval; None where it is open, both where none was found
    source : where it was published; checked : "page", "abstract" or "memory", how far it was looked up
    """

    measure: str
    label: str
    unit: str
    low: float | None = None
    high: float | None = None
    source: str = ""
    checked: str = ""
    group: str = ""

    def verdict(self, values: np.ndarray) -> str:
        """Whether the median of some replicates lies within the interval: "met", "below", "above", or "" without one.

        values : of the replicates; NaN where one has no such number, and "" if all are
        """
        known = values[np.isfinite(values)]
        if known.size == 0 or (self.low is None and self.high is None):
            return ""
        middle = float(np.median(known))
        if self.low is not None and middle < self.low:
            return "below"
        return "above" if self.high is not None and middle > self.high else "met"


@dataclass(frozen=True)
class Found:
    """A target and what the replicates of an untreated arm give, (replicates,)."""

    target: Target
    values: np.ndarray

    @property
    def verdict(self) -> str:
        """As `Target.verdict`."""
        return self.target.verdict(self.values)


@cache
def targets_of(host: str) -> tuple[Target, ...]:
    """The targets of a species ("mouse", "human"), in the order of the file."""
    import yaml

    text = resources.files("tmesim.targets").joinpath("targets.yaml").read_text(encoding="utf-8")
    entries: Mapping[str, Any] = yaml.load(text, yaml.CSafeLoader)
    return tuple(
        Target(measure, entry["label"], entry["unit"], group=entry["group"], **entry["hosts"][host])
        for measure, entry in entries.items()
        if host in entry["hosts"]
    )


def untreated_arm(result: Result, arm: str | None = None) -> str:
    """An arm, by default the reference; ValueError for one that is treated."""
    arm = result.reference if arm is None else arm
    if result.scenario.arm(arm).therapies:
        raise ValueError(f"arm: targets are of untreated tumors, and {arm} is treated")
    return arm


def found_in(result: Result, arm: str | None = None) -> tuple[Found, ...]:
    """Each target of the run's host beside what an untreated arm of it gives.

    arm : by default the reference; ValueError for one that is treated. KeyError when the run kept no snapshot
    """
    arm = untreated_arm(result, arm)
    seen = [Untreated(result, arm, replicate) for replicate in range(result.replicates)]
    return tuple(
        Found(target, np.array([MEASURES[target.measure](each) for each in seen], float))
        for target in targets_of(result.scenario.species)
    )


# Along a run


@dataclass(frozen=True)
class Course:
    """A number along a run beside its target: over the days, or over the size that the tumor has on them.

    x : (replicates, moments), days or the radius of the section (µm), as `along` says
    y : (replicates, moments) of the measure
    band : x, low and high (each (n,)) of what was published; None where nothing was. An open end is infinite
    """

    measure: str
    label: str
    unit: str
    along: str
    x: np.ndarray
    y: np.ndarray
    band: tuple[np.ndarray, np.ndarray, np.ndarray] | None


FIRST_DAY = 3.0
"""Rates over shorter times than this say little."""
MOMENTS = 20
"""Days of a run that a course shows, at most."""


def courses_in(result: Result, arm: str | None = None) -> tuple[Course, ...]:
    """The radius of the section over the days, and each of `COURSES` over that radius; arguments as in `found_in`.

    Of a window inside a lesion, which does not grow, they are over the days, and there is no radius.
    """
    arm = untreated_arm(result, arm)
    targets = {target.measure: target for target in targets_of(result.scenario.species)}
    days, radius = result.series("tumor_radius", arm)
    looked = [day for day in days if day >= min(FIRST_DAY, days[-1]) and float(day).is_integer()] or [float(days[-1])]
    looked = looked[:: -(-len(looked) // MOMENTS)]
    size = np.array([result.at_day("tumor_radius", arm, day) for day in looked]).T
    grows = result.scenario.start_of(arm).interior is None
    courses = [_radius(days, radius, targets.get("volume_growth"))] if grows else []
    for measure, read in COURSES.items():
        if (target := targets.get(measure)) is None:
            continue
        y = np.array([[read(Untreated(result, arm, r, day)) for day in looked] for r in range(result.replicates)])
        x = size if grows else np.tile(looked, (result.replicates, 1))
        band = None
        if target.low is not None or target.high is not None:
            ends = np.array([np.nanmin(x), np.nanmax(x)])
            low = np.full(2, 0.0 if target.low is None else target.low)
            band = ends, low, np.full(2, np.inf if target.high is None else target.high)
        courses.append(Course(measure, target.label, target.unit, "radius" if grows else "day", x, y, band))
    return tuple(courses)


def _radius(days: np.ndarray, radius: np.ndarray, growth: Target | None) -> Course:
    """The radius over the days; the band grows from where the replicates begin, a third as fast as a volume does."""
    band = None
    if growth is not None and growth.low is not None and growth.high is not None:
        begin = float(np.nanmedian(radius[:, 0]))
        low, high = (begin * np.exp(rate * (days - days[0]) / 3) for rate in (growth.low, growth.high))
        band = days, low, high
    return Course("tumor_radius", "radius of the section", "µm", "day", np.tile(days, (len(radius), 1)), radius, band)


# As a table

COLUMNS = ("host", "group", "measure", "label", "unit", "low", "high", "model", "model_low", "model_high", "replicates",
           "verdict", "source", "checked")  # fmt: skip


def table(found: tuple[Found, ...], host: str) -> list[dict[str, Any]]:
    """A row for each target: its interval, the median of the replicates with their least and most, and the verdict."""
    rows = []
    for each in found:
        target, known = each.target, each.values[np.isfinite(each.values)]
        model = (float(np.median(known)), float(known.min()), float(known.max())) if known.size else (np.nan,) * 3
        row = (host, target.group, target.measure, target.label, target.unit,
               np.nan if target.low is None else target.low, np.nan if target.high is None else target.high, *model,
               known.size, each.verdict or "no interval", target.source, target.checked)  # fmt: skip
        rows.append(dict(zip(COLUMNS, row, strict=True)))
    return rows


def table_bytes(rows: list[dict[str, Any]]) -> bytes:
    """The rows of `table` as CSV; an end that is open, and a number that has no meaning, as an empty cell."""
    return csv_bytes(COLUMNS, [[row[column] for column in COLUMNS] for row in rows])
