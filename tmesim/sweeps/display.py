"""What a sweep says while it runs: a live line on a terminal, a bar in a notebook, a plain line now and then elsewhere,
or nothing."""

from __future__ import annotations

import time
from html import escape
from types import TracebackType
from typing import Any, Self

from tmesim.sweeps.jobs import Done
from tmesim.text import is_terminal, say
from tmesim.trial.display import in_notebook

EVERY_S = 30.0
"""Wall time between two plain lines, s."""


class Display:
    """Silent by itself; its descendants speak, to standard error, so that tables can be piped.

    jobs : how many there are; before : how many of them were done earlier
    """

    def __init__(self, jobs: int, before: int) -> None:
        self.jobs, self.before, self.count = jobs, before, before
        self.start = time.monotonic()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        return None

    def say(self, text: str) -> None:
        """Say a sentence."""

    def took(self, done: Done) -> None:
        """Count a job that is done."""
        self.count += 1
        self.show()

    def show(self) -> None:
        """Show how far it is."""

    def left(self) -> float:
        """Seconds until the last job, by the pace so far."""
        done = self.count - self.before
        return (time.monotonic() - self.start) / done * (self.jobs - self.count) if done else 0.0

    @property
    def line(self) -> str:
        return f"{self.count} of {self.jobs} jobs done, {duration(self.left())} left"


class PlainDisplay(Display):
    def __init__(self, jobs: int, before: int) -> None:
        super().__init__(jobs, before)
        self.shown = self.start

    def say(self, text: str) -> None:
        say(text, to_errors=True)

    def show(self) -> None:
        if self.count == self.jobs:
            self.say(f"{self.jobs} jobs done in {duration(time.monotonic() - self.start)}")
        elif time.monotonic() - self.shown >= EVERY_S:
            self.shown = time.monotonic()
            self.say(self.line)


class LiveDisplay(Display):
    def __init__(self, jobs: int, before: int) -> None:
        super().__init__(jobs, before)
        from rich.console import Console
        from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

        self.bar: Any = Progress(
            TextColumn("simulating"), BarColumn(), MofNCompleteColumn(), TextColumn("jobs"), TimeRemainingColumn(),
            console=Console(stderr=True), transient=True,
        )  # fmt: skip
        self.task = self.bar.add_task("", total=jobs, completed=before)

    def __enter__(self) -> Self:
        self.bar.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.bar.stop()

    def say(self, text: str) -> None:
        self.bar.console.print(text, markup=False, emoji=False, highlight=False)

    def show(self) -> None:
        self.bar.update(self.task, completed=self.count)


class NotebookDisplay(Display):
    """The bar as HTML that replaces itself; it needs no widgets."""

    EVERY_S = 0.2

    def __enter__(self) -> Self:
        from IPython.display import display

        self.shown = 0.0
        self.handle: Any = display(self._html(), display_id=True)
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.handle.update(self._html(ended=True))

    def say(self, text: str) -> None:
        self.handle.update(self._html(note=text))

    def show(self) -> None:
        if time.monotonic() - self.shown >= self.EVERY_S:
            self.shown = time.monotonic()
            self.handle.update(self._html())

    def _html(self, ended: bool = False, note: str = "") -> Any:
        from IPython.display import HTML

        if ended:
            took = duration(time.monotonic() - self.start)
            return HTML(f'<div style="opacity: .65">{self.count} of {self.jobs} jobs, {took}</div>')
        bar = f'<progress max="{self.jobs}" value="{self.count}" style="width: 260px"></progress>'
        return HTML(f"{bar} {escape(note or self.line)}")


def display_for(quiet: bool, jobs: int, before: int) -> Display:
    """The display that suits where the output goes."""
    if quiet:
        return Display(jobs, before)
    if in_notebook():
        return NotebookDisplay(jobs, before)
    return (LiveDisplay if is_terminal(to_errors=True) else PlainDisplay)(jobs, before)


def duration(seconds: float) -> str:
    """A wall time for people."""
    if seconds < 99.5:
        return f"{seconds:.0f} s"
    minutes = seconds / 60
    return f"{minutes:.0f} min" if minutes < 99.5 else f"{minutes / 60:.1f} h"
