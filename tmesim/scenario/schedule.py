"""When anything of an arm is due, said once: for the tree of a replicate and for the tissue alike.

Moments are multiples of the step (the check of a scenario refuses others), so they are counted in steps here. What is
due at a moment acts from the step that begins there.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import NamedTuple

from tmesim.scenario.parts import Arm, Dose


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


def step_at(hour: float, step_h: float) -> int:
    """The step that begins at a multiple of the step, as an hour."""
    return round(hour / step_h)
