"""Pictures of a result or a model for a notebook: each shows itself, is saved with `save`, and can be changed."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

from tmesim.arguments import names, numbers, whole
from tmesim.plots.picture import Drawing, Film, Picture
from tmesim.plots.tissue import TissuePicture, View
from tmesim.section import Section
from tmesim.statistics import CONFIDENCE, words

if TYPE_CHECKING:
    from tmesim.body import Body
    from tmesim.result import Result

__all__ = ["Drawing", "Film", "Picture", "Plots", "TissuePicture", "View", "view_of"]

FILE_DPI = 150
"""Pixels an inch of the figures of a run."""


class Plots:
    """The pictures of a result: `tissue`, `curves`, `differences` and `movie`."""

    def __init__(self, result: Result) -> None:
        self._result = result

    def __repr__(self) -> str:
        return f"Plots of {self._result.scenario.name}: tissue(), curves(), differences(), movie()"

    def tissue(
        self,
        day: float | Iterable[float] | None = None,
        arm: str | Iterable[str] | None = None,
        field: str | None = None,
        *,
        replicate: int = 0,
        cells: bool | None = None,
        pixels: int | None = None,
    ) -> TissuePicture:
        """The tissue at one or more snapshots in one or more arms.

        day : of a snapshot, or several days; by default the last
        arm : its name, or several; by default all
        replicate : from 0 on
        field : a field or map to show in its own colors, with the tumor's edge; without it, cells over oxygen
        cells : whether cells are shown; by default unless a field is named
        pixels : of a panel on the screen
        """
        result = self._result
        days = (result.last_snapshot_day(),) if day is None else numbers(day, "day", "days")
        arms = result.arms if arm is None else names(arm, "arm", result.arms)
        pixels = pixels if pixels is None else whole(pixels, "pixels", 1)
        shots = [[result.snapshot(d, a, replicate) for d in days] for a in arms]
        if len(days) == 1:  # arms side by side
            rows = [[View(f"{words(a)}, day {s[0].day:g}", s[0]) for a, s in zip(arms, shots, strict=True)]]
        else:
            rows = [[View(f"{words(a)}, day {s.day:g}", s) for s in row] for a, row in zip(arms, shots, strict=True)]
        if pixels is None:
            pixels = {1: 420, 2: 340}.get(len(rows[0]), 260)
        title = f"{words(result.scenario.name)}, replicate {replicate} of {result.replicates}"
        return TissuePicture(rows, result.scenario.catalogue, title, field, cells, pixels)

    def curves(self, *observables: str | Iterable[str]) -> Picture:
        """Values over time in all arms.

        observables : names, one by one or as a list; by default the endpoints and the usual ones. KeyError for a name
            that the run does not have
        """
        from tmesim.figures import draw_trajectories

        chosen = flat(observables, "observables", self._result.observables)
        with TemporaryDirectory() as folder:
            path = draw_trajectories(self._result, Path(folder) / "curves.png", list(chosen) or None)
            png = path.read_bytes()
        picture = Picture(png, alt=f"Curves of {', '.join(chosen) or 'the endpoints'} over time")
        picture.width = round(picture.size[0] * 100 / FILE_DPI)
        return picture

    def differences(
        self,
        *endpoints: str | Iterable[str],
        arms: str | Iterable[str] | None = None,
        reference: str | None = None,
        day: float | None = None,
        confidence: float = CONFIDENCE,
    ) -> Drawing:
        """Paired differences with their intervals; arguments as in `Result.compare`."""
        from tmesim.figures.style import arm_colors
        from tmesim.notices import untreated
        from tmesim.plots.differences import draw_differences

        result = self._result
        chosen = flat(endpoints, "endpoints", result.observables)
        rows = result.comparisons_at(chosen or None, arms, reference=reference, day=day, confidence=confidence)
        if not rows:
            raise ValueError(f"there is nothing to compare: the run has one arm, {result.reference}")
        at = result.row_day(day)
        pairs = {
            (c.endpoint, c.arm): result.at_day(c.endpoint, c.arm, at) - result.at_day(c.endpoint, c.reference, at)
            for c in rows
        }
        known = {c.endpoint: result.known(c.endpoint) for c in rows}
        title = f"{words(result.scenario.name)}, day {at:g}"
        idle = [arm for arm in result.arms if untreated(result, arm)]
        return draw_differences(rows, pairs, known, arm_colors(result.scenario), title, confidence, idle)

    def movie(self, replicate: int | None = None) -> Film:
        """The arms side by side over time; the replicate is that of the run's figures unless one is given."""
        with TemporaryDirectory() as folder:
            gif = self._result.movie(Path(folder) / "movie.gif", replicate).read_bytes()
        days, arms = self._result.scenario.time.days, ", ".join(words(arm) for arm in self._result.arms)
        return Film(gif, f"Movie of the tissue from day 0 to day {days:g}, the arms side by side: {arms}")


def view_of(body: Body, title: str | None = None) -> View:
    """The tissue of a body as it is now."""
    section = Section.of(body.tissue).snapshot()
    return View(title or f"{words(body.arm)}, day {section.day:.3g}", section)


def flat(given: tuple[str | Iterable[str], ...], argument: str, known: Iterable[str]) -> tuple[str, ...]:
    """Names given one by one or as lists, as one tuple; an empty list is an error, nothing at all is none."""
    choices = tuple(known)
    return tuple(dict.fromkeys(name for one in given for name in names(one, argument, choices)))
