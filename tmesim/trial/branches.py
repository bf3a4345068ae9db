"""The tree of a replicate: arms share a history until their programs differ.

A program is the list of an arm's events (doses, overrides, rules switched off) with their hours. Arms with equal
programs so far are simulated as one; where the first difference falls due, the tissue is copied.
"""

from __future__ import annotations

import json
import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tmesim.scenario import Arm

Event = tuple[float, str]


@dataclass(frozen=True)
class Segment:
    """A stretch of history from step `start` to step `end` that all its `arms` share; `parent` is the one before it."""

    index: int
    parent: int | None
    arms: tuple[str, ...]
    start: int
    end: int
    children: tuple[int, ...] = ()


def program(arm: Arm) -> tuple[Event, ...]:
    """What happens in an arm and when, h, in order."""
    events: list[Event] = []
    for dose in arm.therapies:
        what = json.dumps({"use": dose.use, "dose": dose.dose, "unit": dose.unit}, sort_keys=True)
        events += [(hour, what) for hour in dose.hours()]
    changes = {"set": dict(arm.set), "off": sorted(arm.off)}
    events += [
        (arm.from_h, json.dumps({key: value}, sort_keys=True, default=str)) for key, value in changes.items() if value
    ]
    return tuple(sorted(events))


def first_difference(a: tuple[Event, ...], b: tuple[Event, ...]) -> float:
    """The hour of the first event that only one of two programs has; infinite for equal ones."""
    for x, y in zip(a, b, strict=False):
        if x != y:
            return min(x[0], y[0])
    rest = a[len(b) :] or b[len(a) :]
    return rest[0][0] if rest else math.inf


def tree(programs: Mapping[str, tuple[Event, ...]], steps: int, step_h: float) -> tuple[Segment, ...]:
    """Segments in the order in which they are to be simulated: a parent before its children, children one by one."""
    found: list[Segment] = []

    def grow(arms: tuple[str, ...], start: int, parent: int | None) -> int:
        lead = programs[arms[0]]
        due = min(first_difference(lead, programs[arm]) for arm in arms)
        # A dose acts in the step that holds its hour, so the branch lies at that step's beginning.
        end = steps if due >= steps * step_h else max(start, math.floor(due / step_h + 1e-9))
        segment = Segment(len(found), parent, arms, start, end)
        found.append(segment)
        if due < steps * step_h:
            groups: dict[tuple[Event, ...], list[str]] = {}
            for arm in arms:
                groups.setdefault(tuple(e for e in programs[arm] if e[0] <= due), []).append(arm)
            children = tuple(grow(tuple(group), end, segment.index) for group in groups.values())
            found[segment.index] = Segment(segment.index, parent, arms, start, end, children)
        return segment.index

    grow(tuple(programs), 0, None)
    return tuple(found)


def arms_of(segments: Iterable[Segment]) -> dict[str, int]:
    """Arm → its last segment."""
    return {arm: s.index for s in segments if not s.children for arm in s.arms}
