"""The drawings of a result, asked for by name: `result.plot.tissue()`, `curves()`, `differences()`, `why()`, `movie()`,
and of a run in which tumor cells come to organs `body()`, `seeding()` and `organs()`."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from tmesim.arguments import names, numbers, whole
from tmesim.drawing.body_map import draw_body_map
from tmesim.drawing.drawing import Drawing
from tmesim.drawing.effects import FEW, Effects, chart, how_made
from tmesim.drawing.movie import Movie
from tmesim.drawing.notebook import TissuePicture, View
from tmesim.drawing.organs import draw_organs
from tmesim.drawing.palette import arm_colors
from tmesim.drawing.panels import SPREAD, lacking
from tmesim.drawing.seeding import draw_seeding
from tmesim.drawing.strip import Strip
from tmesim.drawing.trajectories import draw_trajectories
from tmesim.drawing.why import draw_why
from tmesim.notices import untreated
from tmesim.statistics import CONFIDENCE
from tmesim.wording import words

if TYPE_CHECKING:
    from tmesim.result import Result


class Plots:
    """The pictures of a result: `tissue`, `curves`, `differences`, `why` and `movie`; where tumor cells come to organs
    also `body`, `seeding` and `organs`."""

    def __init__(self, result: Result) -> None:
        self._result = result

    def __repr__(self) -> str:
        usual = ["tissue", "curves", "differences", "why", "movie"]
        names = usual + [name for name in SPREAD if lacking(self._result, name) is None]
        return f"Plots of {self._result.scenario.name}: {', '.join(f'{name}()' for name in names)}"

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

    def curves(self, *observables: str | Iterable[str]) -> Drawing:
        """Values over time in all arms.

        observables : names, one by one or as a list; by default the endpoints and the usual ones. KeyError for a name
            that the run does not have
        """
        chosen = flat(observables, "observables", self._result.observables)
        return draw_trajectories(self._result, list(chosen) or None)

    def differences(
        self,
        *endpoints: str | Iterable[str],
        arms: str | Iterable[str] | None = None,
        reference: str | None = None,
        day: float | None = None,
        confidence: float = CONFIDENCE,
    ) -> Drawing:
        """Paired differences with their intervals; arguments as in `Result.compare`."""
        result = self._result
        chosen = flat(endpoints, "endpoints", result.observables)
        rows = result.comparisons_at(chosen or None, arms, reference=reference, day=day, confidence=confidence)
        if not rows:
            raise ValueError(f"there is nothing to compare: the run has one arm, {result.reference}")
        at = result.row_day(day)
        strips: dict[str, list[Strip]] = {}
        for c in rows:
            differences = result.at_day(c.endpoint, c.arm, at) - result.at_day(c.endpoint, c.reference, at)
            strips.setdefault(c.endpoint, []).append(Strip.of(c, differences, not untreated(result, c.arm)))
        known, against = {c.endpoint: result.known(c.endpoint) for c in rows}, rows[0].reference
        colors, end = arm_colors(result.scenario), result.scenario.time.days
        effects = Effects(strips, known, colors, against, end, confidence, FEW)
        about = f"Paired differences from {words(against)}, n = {max(c.replicates for c in rows)}. Dots: replicates. "
        about += f"Diamond and bar: mean and {100 * confidence:g} % interval ({how_made(result)})."
        return chart(effects, f"{words(result.scenario.name)}, day {at:g}", about)

    def why(self) -> Drawing:
        """From the reference's tumor cells to each arm's, a step for each cause, and the births and losses of each day.
        InputError for a run of an earlier version, which counted no causes."""
        return draw_why(self._result)

    def body(self, arm: str | Iterable[str] | None = None) -> Drawing:
        """A map of the body for each arm: where blood carries tumor cells, what came to each organ, what grew there.

        arm : its name, or several; by default those with several organs, at most six. ValueError where no tumor cells
            come to an organ
        """
        self._refuse("body" if arm is None else "seeding")
        return draw_body_map(self._result, None if arm is None else names(arm, "arm", self._result.arms))

    def seeding(self, arm: str | Iterable[str] | None = None) -> Drawing:
        """Cells that came, that are alone or asleep, lesions and tumor cells of each organ over days, as means with
        their intervals; arguments and errors as in `Plots.body`, by default all arms."""
        self._refuse("seeding")
        return draw_seeding(self._result, None if arm is None else names(arm, "arm", self._result.arms))

    def organs(
        self, day: float | None = None, arm: str | Iterable[str] | None = None, *, replicate: int | None = None
    ) -> Drawing:
        """The patches of the organs beside the tissue at a snapshot, side by side.

        day : of a snapshot; by default the last
        arm : its name, or several; by default the reference
        replicate : from 0 on; by default the one with most lesions

        ValueError where no arm has organs beside its tissue.
        """
        self._refuse("organs")
        arms = None if arm is None else names(arm, "arm", self._result.arms)
        replicate = None if replicate is None else self._result.known_replicate(replicate)
        return draw_organs(self._result, day, arms, replicate)

    def _refuse(self, panel: str) -> None:
        if (why := lacking(self._result, panel)) is not None:
            raise ValueError(why)

    def movie(self, replicate: int | None = None) -> Movie:
        """The arms side by side over time; the replicate is that of the run's figures unless one is given."""
        return Movie(self._result, replicate)


def flat(given: tuple[str | Iterable[str], ...], argument: str, known: Iterable[str]) -> tuple[str, ...]:
    """Names given one by one or as lists, as one tuple; an empty list is an error, nothing at all is none."""
    choices = tuple(known)
    return tuple(dict.fromkeys(name for one in given for name in names(one, argument, choices)))
