"""The tables of a sweep: its points, a row for each job, arm and day, and means with paired differences."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np

from tmesim.statistics import CONFIDENCE, interval
from tmesim.storage.tables import csv_bytes, read_columns
from tmesim.sweeps.jobs import Done
from tmesim.sweeps.plan import Plan

SUMMARY = (
    "n", "mean", "low", "high", "from_reference", "from_reference_low", "from_reference_high", "from_baseline",
    "from_baseline_low", "from_baseline_high",
)  # fmt: skip
"""Numbers of a row of the summary: over the replicates in which it is defined, mean and interval, then the paired
difference from the reference arm at the same point, and from the same arm at the baseline point."""


@dataclass(frozen=True)
class Values:
    """All that was measured. each : (points, arms, days, endpoints, replicates). days : (points, days), which differ
    among points where the length of the run does"""

    plan: Plan
    each: np.ndarray
    days: np.ndarray

    @classmethod
    def of(cls, plan: Plan, done: Iterable[Done]) -> Values:
        """From what came of the jobs; NaN for a job that is not done."""
        each, days = _empty(plan)
        for one in done:
            for a, arm in enumerate(plan.scenario.arms):
                table = one.tables[arm]
                days[one.job.point] = table[:, 0]
                each[one.job.point, a, :, :, one.job.replicate] = table[:, 1:]
        return cls(plan, each, days)

    @classmethod
    def read(cls, plan: Plan, data: bytes, file: str) -> Values:
        """From `sweep.csv`; InputError when it is not a whole table."""
        columns = read_columns(data, {"arm", *texts(plan)}, file)
        each, days = _empty(plan)
        points, arms, slots, endpoints, replicates = each.shape
        found = np.stack([columns[name] for name in plan.scenario.endpoints], -1)
        each[:] = found.reshape(points, arms, replicates, slots, endpoints).transpose(0, 1, 3, 4, 2)
        days[:] = columns["day"].reshape(points, arms, replicates, slots)[:, 0, 0]
        return cls(plan, each, days)

    def of_endpoint(self, endpoint: str, arm: str, slot: int = -1) -> np.ndarray:
        """(points, replicates) of an endpoint in an arm on one of the days, by default the last."""
        scenario = self.plan.scenario
        return self.each[:, list(scenario.arms).index(arm), slot, scenario.endpoints.index(endpoint)]

    def differences(self, endpoint: str, arm: str, slot: int = -1) -> np.ndarray:
        """(points, replicates): the arm less the reference, in the same replicate at the same point."""
        return self.of_endpoint(endpoint, arm, slot) - self.of_endpoint(endpoint, self.plan.scenario.reference, slot)


def _empty(plan: Plan) -> tuple[np.ndarray, np.ndarray]:
    scenario, slots = plan.scenario, len(plan.days) or 1
    points = len(plan.points)
    shape = (points, len(scenario.arms), slots, len(scenario.endpoints), scenario.replicates)
    return np.full(shape, math.nan), np.full((points, slots), math.nan)


def texts(plan: Plan) -> set[str]:
    """The keys whose values are texts."""
    return {key.name for key in plan.keys if not key.is_numeric}


def cells_of(plan: Plan, point: int) -> list[Any]:
    """The values of a point as cells of a table: numbers in the units of their keys, texts, nothing where the scenario
    is left as it is."""
    found: list[Any] = []
    for key, level in zip(plan.keys, plan.points[point], strict=True):
        found.append(("" if level is None else level.text) if not key.is_numeric
                     else math.nan if level is None else level.number)  # fmt: skip
    return found


def points_csv(plan: Plan) -> bytes:
    """The points, each with its values."""
    rows = ([point, *cells_of(plan, point)] for point in range(len(plan.points)))
    return csv_bytes(("point", *(key.name for key in plan.keys)), rows)


def sweep_csv(values: Values) -> bytes:
    """A row for each point, arm, replicate and day."""
    plan = values.plan
    names = [key.name for key in plan.keys]

    def rows() -> Iterator[list[Any]]:
        points, arms, slots, _, replicates = values.each.shape
        for point in range(points):
            cells = cells_of(plan, point)
            for a, arm in zip(range(arms), plan.scenario.arms, strict=True):
                for replicate in range(replicates):
                    for slot in range(slots):
                        day, ends = values.days[point, slot], values.each[point, a, slot, :, replicate]
                        yield [point, *cells, arm, replicate, day, *ends]

    return csv_bytes(("point", *names, "arm", "replicate", "day", *plan.scenario.endpoints), rows())


def summary_csv(values: Values, confidence: float = CONFIDENCE) -> bytes:
    """Means with their intervals and paired differences, a row for each point, arm, day and endpoint."""
    names = [key.name for key in values.plan.keys]
    return csv_bytes(("point", *names, "arm", "day", "endpoint", *SUMMARY), summary_rows(values, confidence))


def summary_rows(values: Values, confidence: float = CONFIDENCE) -> Iterator[list[Any]]:
    """The rows of the summary; intervals are Student's over replicates."""
    plan, scenario = values.plan, values.plan.scenario
    reference = list(scenario.arms).index(scenario.reference)
    points, _, slots, _, _ = values.each.shape
    for point in range(points):
        cells = cells_of(plan, point)
        for a, arm in enumerate(scenario.arms):
            for slot in range(slots):
                for e, endpoint in enumerate(scenario.endpoints):
                    here = values.each[point, a, slot, e]
                    numbers = [float(np.isfinite(here).sum()), *_paired(here, 0.0, confidence)]
                    other = None if a == reference else values.each[point, reference, slot, e]
                    numbers += _paired(here, other, confidence)
                    base = plan.baseline
                    other = None if base in (None, point) else values.each[base, a, slot, e]
                    numbers += _paired(here, other, confidence)
                    yield [point, *cells, arm, values.days[point, slot], endpoint, *numbers]


def _paired(a: np.ndarray, b: np.ndarray | float | None, confidence: float) -> list[float]:
    """Mean and interval of differences, over the replicates in which both are defined; NaN where there is no other."""
    if b is None:
        return [math.nan] * 3
    difference = a - b
    return list(interval(difference[np.isfinite(difference)], confidence))
