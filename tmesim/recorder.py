"""Recorder: the rows and frames of one history as it goes on.

The calendar of the run says when they are due, so one that was interrupted keeps the same ones. A run and a model that
is stepped by hand both record with it.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from tmesim.catalogue.frozen import frozendict
from tmesim.frames import FrameLog
from tmesim.observables import LOOKED_BACK, Observable, Reading, measure, to_look_back
from tmesim.observables.reading import Treated
from tmesim.scenario.schedule import Calendar

CAUSES = ("hour", "cell", "way", "cause", "zone", "count")
"""Columns of the table of causes."""

if TYPE_CHECKING:
    from tmesim.tissue.ledger import Entry

RATE_WINDOW_H = 24.0
"""Rates of change look back this far, h, however often rows are written; in the first hours, to the start."""


class Recorder:
    """The rows of one history. A branch takes a copy, so that each arm's table holds the shared days too.

    calendar : when rows and frames are due; without one, a row whenever one is asked for
    frames : of the tissue        beside : of the organs beside it, by name
    """

    def __init__(
        self,
        observables: Mapping[str, Observable],
        calendar: Calendar | None = None,
        frames: FrameLog | None = None,
        beside: Mapping[str, FrameLog] = frozendict(),
    ) -> None:
        self.observables = observables
        self.columns = ("hour", *observables)
        self.calendar = calendar
        self.frames = frames
        self.causes: list[tuple[float, Mapping[Entry, float]]] = []  # hour, and the ledger up to then
        self.beside = dict(beside)
        self.rows: list[dict[str, float]] = []
        self.past: list[dict[str, float]] = []  # each step of the last window, for rates of change

    def copy(self) -> Recorder:
        """A recorder that goes on by itself."""
        frames = self.frames.copy() if self.frames is not None else None
        beside = {name: log.copy() for name, log in self.beside.items()}
        twin = Recorder(self.observables, self.calendar, frames, beside)
        twin.rows, twin.past, twin.causes = list(self.rows), list(self.past), list(self.causes)
        return twin

    def remember(self, body: Treated) -> None:
        """Keep what rates of change will look back on; to be called after each step."""
        self._remember(Reading.of(body))

    def _remember(self, now: Reading) -> None:
        hour = now.section.hour
        if self.past and self.past[-1]["hour"] >= hour:
            return
        self.past.append(to_look_back(now))
        while len(self.past) > 1 and hour - self.past[1]["hour"] >= RATE_WINDOW_H - 1e-6:
            del self.past[0]

    def take(self, body: Treated, step: int) -> bool:
        """Add a row, and a frame where there are frames, if they are due after so many steps; say whether a row was."""
        if not self._is_looked_at(step):
            return False
        now = Reading.of(body)
        hour = now.section.hour
        self._remember(now)
        if self.frames is not None and self.calendar is not None and step in self.calendar.frames:
            self.frames.take(now.section)
            for name, log in self.beside.items():
                log.take(now.organs[name].section)
        if self.calendar is not None and step in self.calendar.causes:
            self.causes.append((hour, body.tissue.table()))
        if self.calendar is not None and step not in self.calendar.rows:
            return False
        before = self.past[0] if self.past[0]["hour"] < hour else None
        self.rows.append(measure(replace(now, before=before), self.observables))
        return True

    def _is_looked_at(self, step: int) -> bool:
        """Whether a frame or the causes are due after so many steps, or a row then or so soon that its rates look back
        on it."""
        if self.calendar is None or step in self.calendar.causes:
            return True
        rows = self.calendar.rows
        ahead = range(step, step + math.ceil(RATE_WINDOW_H / rows.step_h - 1e-6) + 1)
        return any(each in rows for each in ahead) or (self.frames is not None and step in self.calendar.frames)

    @property
    def table(self) -> np.ndarray:
        """(rows, columns) float64."""
        return np.array([[row[c] for c in self.columns] for row in self.rows]).reshape(len(self.rows), -1)

    @property
    def past_table(self) -> np.ndarray:
        """(steps, LOOKED_BACK) float64, for a checkpoint."""
        return np.array([[then[name] for name in LOOKED_BACK] for then in self.past]).reshape(len(self.past), -1)

    @property
    def causes_table(self) -> np.ndarray:
        """(entries of all moments, CAUSES) text, the numbers of which read back exactly."""
        rows = [(repr(hour), *entry, repr(number)) for hour, counts in self.causes for entry, number in counts.items()]
        return np.array(rows, np.str_).reshape(len(rows), len(CAUSES))

    def restore(self, table: np.ndarray, past: np.ndarray, causes: np.ndarray) -> None:
        """Take up the rows, what rates look back on and the ledgers, as `table`, `past_table` and `causes_table` gave
        them."""
        from tmesim.tissue.ledger import Entry  # it brings the engine, which those who only prepare a run do without

        ledgers: dict[float, dict[Entry, float]] = {}
        for hour, *entry, number in causes.tolist():
            ledgers.setdefault(float(hour), {})[Entry(*entry)] = float(number)
        self.causes = list(ledgers.items())
        self.rows = [dict(zip(self.columns, (float(v) for v in row), strict=True)) for row in table]
        self.past = [dict(zip(LOOKED_BACK, (float(v) for v in row), strict=True)) for row in past]
