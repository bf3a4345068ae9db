"""The tree of a replicate: arms share a history until their programs differ.

A program is the list of an arm's events (doses, overrides, rules switched off) with their steps. Arms with equal
programs so far are simulated as one; where the first difference falls due, the tissue is copied. Arms that begin with
another tissue share no history, so each start is a root of its own.
"""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Mapping
from dataclasses import dataclass

from tmesim.scenario.schedule import Event


@dataclass(frozen=True)
class Segment:
    """A stretch of history from step `start` to step `end` that all its `arms` share; `parent` is the one before it."""

    index: int
    parent: int | None
    arms: tuple[str, ...]
    start: int
    end: int
    children: tuple[int, ...] = ()


def first_difference(a: tuple[Event, ...], b: tuple[Event, ...]) -> int | None:
    """The step of the first event that only one of two programs has; None for equal ones."""
    for x, y in zip(a, b, strict=False):
        if x != y:
            return min(x.step, y.step)
    rest = a[len(b) :] or b[len(a) :]
    return rest[0].step if rest else None


def tree(
    programs: Mapping[str, tuple[Event, ...]], steps: int, starts: Mapping[str, Hashable] | None = None
) -> tuple[Segment, ...]:
    """Segments in the order in which they are to be simulated: a parent before its children, children one by one.

    starts : what each arm begins with, equal for arms that share their beginning; by default all do.
    """
    found: list[Segment] = []

    def grow(arms: tuple[str, ...], start: int, parent: int | None) -> int:
        lead = programs[arms[0]]
        differences = (first_difference(lead, programs[arm]) for arm in arms)
        due = min((step for step in differences if step is not None and step < steps), default=steps)
        segment = Segment(len(found), parent, arms, start, due)
        found.append(segment)
        if due < steps:
            groups: dict[tuple[Event, ...], list[str]] = {}
            for arm in arms:
                groups.setdefault(tuple(e for e in programs[arm] if e.step <= due), []).append(arm)
            children = tuple(grow(tuple(group), due, segment.index) for group in groups.values())
            found[segment.index] = Segment(segment.index, parent, arms, start, due, children)
        return segment.index

    roots: dict[Hashable, list[str]] = {}
    for arm in programs:
        roots.setdefault(starts[arm] if starts is not None else None, []).append(arm)
    for arms in roots.values():
        grow(tuple(arms), 0, None)
    return tuple(found)


def arms_of(segments: Iterable[Segment]) -> dict[str, int]:
    """Arm → its last segment."""
    return {arm: s.index for s in segments if not s.children for arm in s.arms}
