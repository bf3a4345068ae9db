"""Another length of the run: snapshots of later are left out, and the last day is kept as one. Treatments stay as they
were planned, so that people can be told what is not given."""

from __future__ import annotations

from typing import Any

from tmesim import units
from tmesim.reading import DataPath, Document, Position


def fit(document: Document, days: Any, place: Position) -> None:
    """Write `time.days`, at a place, into a document whose snapshots and treatments suit another length.

    What cannot be read is kept, for the check to complain about.
    """
    time = document.data.get("time")
    if not isinstance(time, dict):
        return
    old, end = _end(time.get("days")), _end(days)
    time["days"] = days
    document.positions[("time", "days")] = place
    if end is None or end == old:
        return
    planned = max(old or 0.0, _end(time.pop("planned", None)) or 0.0)
    document.positions.pop(("time", "planned"), None)
    if planned > end:
        time["planned"] = planned / 24
    _fit_snapshots(document, time, old, end, place)


def _fit_snapshots(document: Document, time: dict[str, Any], old: float | None, end: float, place: Position) -> None:
    snapshots = time.get("snapshots")
    if not isinstance(snapshots, list):
        return
    hours = [_hours(text) for text in snapshots]
    if old is not None and set(hours) == {0.0, old}:  # the start and the end, which are the default
        del time["snapshots"]
        return
    time["snapshots"] = _keep(document, ("time", "snapshots"), snapshots, [h is None or h <= end for h in hours])
    if end not in hours:
        document.positions[("time", "snapshots", len(time["snapshots"]))] = place
        time["snapshots"].append(units.show(end, "h"))


def _keep(document: Document, path: DataPath, items: list[Any], wanted: list[bool]) -> list[Any]:
    """Some items of a list; the places of those behind a gap move up with them."""
    kept = [index for index, keep in enumerate(wanted) if keep]
    deep = len(path)
    moved = {old: new for new, old in enumerate(kept)}
    inside = {p: place for p, place in document.positions.items() if p[:deep] == path and len(p) > deep}
    for old in inside:
        del document.positions[old]
    for old, place in inside.items():
        if old[deep] in moved:
            document.positions[(*path, moved[old[deep]], *old[deep + 1 :])] = place  # type: ignore[index]
    return [items[index] for index in kept]


def _hours(text: Any) -> float | None:
    """Hours of a moment; None for what is none."""
    try:
        return units.quantity(text, "h")
    except units.UnitError:
        return None


def _end(days: Any) -> float | None:
    """Hours of a length in days, written as 14, `14 d` or `336 h`."""
    try:
        if isinstance(days, str) and units.split(days)[1]:
            return units.quantity(days, "h")
        return units.quantity(days, "1") * 24
    except units.UnitError:
        return None
