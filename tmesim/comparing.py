"""`tmesim.compare`: finished runs side by side, as tables, text and a picture."""

from __future__ import annotations

from collections.abc import Iterable
from html import escape
from pathlib import Path
from typing import TYPE_CHECKING

from tmesim.arguments import number, texts
from tmesim.reading import InputError, Problem
from tmesim.runs import (
    COLUMNS,
    NothingInCommon,
    Row,
    Setting,
    Side,
    day_of,
    endpoints_of,
    notes_of,
    rows_of,
    settings_of,
    sides_of,
)
from tmesim.shown import Result
from tmesim.text import line

if TYPE_CHECKING:
    import pandas as pd

    from tmesim.drawing.drawing import Drawing


class Compared:
    """Runs side by side: `table` of endpoints, `settings` that differ, `notes`, and a picture by `plot()`.

    sides : the runs, with their names and arms; rows, settings, notes : as `runs` makes them
    """

    def __init__(self, sides: list[Side], rows: list[Row], settings: list[Setting], notes: list[str]) -> None:
        self.sides = sides
        self.rows = rows
        self.different = settings
        self.notes = notes

    @property
    def names(self) -> tuple[str, ...]:
        """What the runs are called here, the first one first."""
        return tuple(side.name for side in self.sides)

    @property
    def table(self) -> pd.DataFrame:
        """One row for each endpoint, arm and run beside the first: means, difference with its interval, and whether
        replicates were paired."""
        import pandas

        return pandas.DataFrame([[getattr(row, name) for name in COLUMNS] for row in self.rows], columns=list(COLUMNS))

    @property
    def settings(self) -> pd.DataFrame:
        """What differs between the scenarios: a row for each key, a column for each run."""
        import pandas

        values = [each.values for each in self.different]
        return pandas.DataFrame(values, columns=list(self.names), index=[each.key for each in self.different])

    def plot(self) -> Drawing:
        """The endpoints with their intervals by run, and the curves of the runs over each other."""
        from tmesim.drawing.side_by_side import draw_runs

        return draw_runs(self.sides, self.rows)

    def _repr_html_(self) -> str:
        notes = "".join(f"<p>{escape(line(note))}</p>" for note in self.notes)
        return f"{self.settings.to_html()}{self.table.to_html()}{notes}"


def compare(
    *runs: str | Path | Result,
    arm: str | Iterable[str] | None = None,
    endpoints: str | Iterable[str] | None = None,
    day: float | None = None,
) -> Compared:
    """Set finished runs side by side: what differs in their scenarios, and how their endpoints do.

    runs : two or more directories of finished runs, or results; the others are compared with the first
    arm : of each run, or a list with one for each; by default arms of the same name
    endpoints : any observables that were recorded; by default the endpoints of the runs
    day : on which they are compared, one that all recorded; by default the last, if it is the same

    Replicates are paired where the runs share their seeds, tissue, step, species and organ; elsewhere the means are
    compared by Welch's interval, and the row says why. InputError for what is no finished run, fewer than two, and runs
    that have nothing in common; it names what would be right.
    """
    results = [run if isinstance(run, Result) else Result(run) for run in runs]
    arms = None if arm is None else texts(arm, "arm")
    wanted = None if endpoints is None else texts(endpoints, "endpoints")
    try:
        sides = sides_of(results, arms)
        at = day_of(sides, None if day is None else number(day, "day", unit="days"))
        names = endpoints_of(sides, wanted)
    except (NothingInCommon, KeyError) as error:
        raise InputError([Problem(str(error.args[0]))]) from None
    return Compared(sides, rows_of(sides, names, at), settings_of(sides), notes_of(sides))
