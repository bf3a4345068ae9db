"""When anything is due, said once: the doses and changes of an arm, for the tree of a replicate and for the tissue
alike, and the rows, frames and snapshots of a run.

Moments are multiples of the step (the check of a scenario refuses others), so they are counted in steps here. What an
arm does at a moment acts from the step that begins there; what is taken down at a moment is the state before it.
"""

from __future__ import annotations

import json
import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import NamedTuple

from tmesim.scenario.parts import Arm, Dose, Time


class Event(NamedTuple):
    """Something that an arm does at the beginning of a step; equal texts do the same."""

    step: int
    what: str


@dataclass(frozen=True)
class Schedule:
    """An arm's program in steps."""

    doses: Mapping[int, tuple[Dose, ...]]  # step → courses of which a dose is given
    changes_from: int  # the step from which the arm's `set` and `off` hold
    events: tuple[Event, ...]  # all of it in order


def schedule_of(arm: Arm, step_h: float) -> Schedule:
    """The program of an arm in steps of `step_h` hours."""
    doses: dict[int, tuple[Dose, ...]] = {}
    events = []
    for dose in arm.therapies:
        what = json.dumps({"use": dose.use, "dose": dose.dose, "unit": dose.unit}, sort_keys=True)
        for hour in dose.hours():
            step = step_at(hour, step_h)
            doses[step] = (*doses.get(step, ()), dose)
            events.append(Event(step, what))
    begin = step_at(arm.from_h, step_h)
    changes = {"set": dict(arm.set), "off": sorted(arm.off)}
    events += [Event(begin, json.dumps({key: value}, sort_keys=True)) for key, value in changes.items() if value]
    return Schedule(doses, begin, tuple(sorted(events)))


@dataclass(frozen=True)
class Moments:
    """Steps at which something is due: `step in moments`. They are single ones, and the first at or past each multiple
    of `every_h` hours, whatever the step."""

    single: frozenset[int] = frozenset()
    every_h: float = math.inf
    step_h: float = 1.0

    def __contains__(self, step: int) -> bool:
        return step in self.single or self._multiples(step) > self._multiples(step - 1)

    def _multiples(self, step: int) -> int:
        """How many multiples of the interval lie at or before a step."""
        return math.floor(step * self.step_h / self.every_h + 1e-6)


@dataclass(frozen=True)
class Calendar:
    """When a run takes something down: rows and frames at their intervals and at the end, snapshots as they are asked
    for, the ledger of causes every day or few days, when an arm begins to differ, and at the end."""

    rows: Moments
    frames: Moments
    snapshots: Moments
    causes: Moments = Moments()


def calendar_of(time: Time, arms: Iterable[Arm] = ()) -> Calendar:
    """The calendar of a run of some length, with some arms."""
    end, step_h = frozenset([time.steps]), time.step_h
    begins = {step_at(hour, step_h) for arm in arms if (hour := begins_at(arm)) is not None}
    return Calendar(
        Moments(end, time.record_every_h, step_h),
        Moments(end, time.frames_every_h or frame_interval(time.days * 24), step_h),
        Moments(frozenset(step_at(hour, step_h) for hour in time.snapshots_h)),
        Moments(end | begins, 24.0 * math.ceil(time.days / MOST_CAUSES), step_h),
    )


MOST_CAUSES = 60
"""Moments of one history at which the ledger is taken down, but for those that arms bring."""


def begins_at(arm: Arm) -> float | None:
    """The hour at which an arm first gives a dose, or changes numbers or rules; None if it never does."""
    hours = [dose.start_h for dose in arm.therapies]
    hours += [arm.from_h] if arm.overlay else []
    return min(hours, default=None)


INTERVALS_H = (1, 2, 3, 4, 6, 8, 12, 24, 48, 72, 96, 168, 336, 672)
MOST_FRAMES = 60
"""Frames of one history, but for the last."""


def frame_interval(hours: float, most: int = MOST_FRAMES) -> float:
    """Hours between frames: the shortest usual interval that gives at most so many."""
    usual = (float(every) for every in INTERVALS_H if hours / every < most)
    return next(usual, math.ceil(hours / (most - 1)))


def step_at(hour: float, step_h: float) -> int:
    """The step that begins at a multiple of the step, as an hour."""
    return round(hour / step_h)
