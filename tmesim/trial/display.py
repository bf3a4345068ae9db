"""What a run says while it runs: a live line on a terminal, a bar in a notebook, a plain line a replicate elsewhere,
or nothing."""

from __future__ import annotations

import sys
import time
from collections.abc import Sequence
from html import escape
from types import TracebackType
from typing import Any, Self

from tmesim.text import is_terminal, line, say
from tmesim.trial.news import Notice, Progress
from tmesim.trial.pool import Monitor
from tmesim.trial.store import Finished


class Display(Monitor):
    """Silent by itself; its descendants speak. Messages go to standard error, so that tables can be piped."""

    def __init__(self, replicates: int, work: int) -> None:
        self.replicates, self.work = replicates, work
        self.count = 0

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        return None

    def say(self, text: str) -> None:
        return None

    def expect(self, replicates: int) -> None:
        """There will be so many replicates in all."""
        self.replicates = replicates

    def repeated(self, replicate: int, why: str) -> None:
        text = f"replicate {replicate} is simulated again: {why}"
        say(text, to_errors=True)  # also in a quiet run: something is wrong


class PlainDisplay(Display):
    def __init__(self, replicates: int, work: int) -> None:
        super().__init__(replicates, work)
        self.noted: set[str] = set()

    def noticed(self, notice: Notice) -> None:
        if notice.text not in self.noted:  # other replicates will say the same
            self.noted.add(notice.text)
            self.warn(f"replicate {notice.replicate}: {notice.text}")

    def warn(self, text: str) -> None:
        """Say something that should stay to be read."""
        self.say(text)

    def finished(self, finished: Finished) -> None:
        self.count += 1
        self.say(f"replicate {finished.replicate}: {finished.seconds:.1f} s ({self.count}/{self.replicates} done)")

    def retried(self, replicates: Sequence[int]) -> None:
        names = ", ".join(str(r) for r in replicates)
        self.say(f"a worker process died; replicate {names} is tried once more")

    def say(self, text: str) -> None:
        say(text, to_errors=True)


class LiveDisplay(PlainDisplay):
    """A bar over all steps of all branches, with the replicates at work and where they are."""

    def __init__(self, replicates: int, work: int) -> None:
        super().__init__(replicates, work)
        from rich.console import Console
        from rich.progress import BarColumn, TaskProgressColumn, TextColumn, TimeRemainingColumn
        from rich.progress import Progress as Bar

        self.bar: Any = Bar(
            TextColumn("simulating"), BarColumn(), TaskProgressColumn(), TimeRemainingColumn(),
            TextColumn("{task.description}", style="dim", markup=False), console=Console(stderr=True), transient=True,
        )  # fmt: skip
        self.task = self.bar.add_task("", total=work * replicates)
        self.at: dict[int, Progress] = {}
        self.seen = time.monotonic()

    def __enter__(self) -> Self:
        self.bar.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.bar.stop()

    def expect(self, replicates: int) -> None:
        super().expect(replicates)
        self.bar.update(self.task, total=self.work * replicates)

    def progress(self, progress: Progress) -> None:
        self.at[progress.replicate] = progress
        self._show()

    def finished(self, finished: Finished) -> None:
        self.count += 1
        self.at.pop(finished.replicate, None)
        self._show()

    def say(self, text: str) -> None:
        self.bar.console.print(line(text), markup=False, emoji=False, highlight=False)

    def _show(self) -> None:
        places = [f"{r}: day {p.day:.0f}" for r, p in sorted(self.at.items())]
        done = self.count * self.work + sum(p.done for p in self.at.values())
        text = " · ".join([f"{self.count}/{self.replicates} replicates done", ", ".join(places)]).rstrip(" ·")
        self.bar.update(self.task, completed=done, description=text)


class NotebookDisplay(PlainDisplay):
    """The bar as HTML that replaces itself, in JupyterLab and wherever else cells have output; it needs no widgets."""

    EVERY_S = 0.1

    def __init__(self, replicates: int, work: int) -> None:
        super().__init__(replicates, work)
        self.at: dict[int, Progress] = {}
        self.start = time.monotonic()
        self.shown = -1.0
        self.note = ""
        self.handle: Any = None

    def __enter__(self) -> Self:
        from IPython.display import display

        self.handle = display(self._html(), display_id=True)
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self._show(stopped=kind is not None)

    def progress(self, progress: Progress) -> None:
        if not self.at:
            self.note = ""
        self.at[progress.replicate] = progress
        if time.monotonic() - self.shown >= self.EVERY_S:
            self._show()

    def finished(self, finished: Finished) -> None:
        self.count += 1
        self.at.pop(finished.replicate, None)
        self._show()

    def say(self, text: str) -> None:
        self.note = text
        self._show()

    def warn(self, text: str) -> None:
        PlainDisplay.say(self, text)

    def _show(self, stopped: bool = False) -> None:
        self.shown = time.monotonic()
        self.handle.update(self._html(stopped))

    def _html(self, stopped: bool = False) -> Any:
        """The bar and where the replicates are; at the end one line."""
        from IPython.display import HTML

        if self.count == self.replicates or stopped:
            end = "stopped" if stopped else f"{time.monotonic() - self.start:.1f} s"
            return HTML(f'<div style="opacity: .65">{self.count} of {self.replicates} replicates, {end}</div>')
        share = (self.count * self.work + sum(p.done for p in self.at.values())) / (self.replicates * self.work)
        places = ", ".join(f"{r}: day {p.day:.0f}" for r, p in sorted(self.at.items()))
        texts = [f"{self.count} of {self.replicates} replicates", places, self.note]
        line = escape(" · ".join(text for text in texts if text))
        return HTML(f'<progress max="1" value="{share:.4f}" style="width: 260px"></progress> {line}')


def in_notebook() -> bool:
    """Whether the output goes to the cells of a notebook. IPython is asked only where it runs already."""
    shell = sys.modules["IPython"].get_ipython() if "IPython" in sys.modules else None
    return hasattr(shell, "kernel")


def display_for(quiet: bool, replicates: int, work: int) -> Display:
    if quiet:
        return Display(replicates, work)
    if in_notebook():
        return NotebookDisplay(replicates, work)
    return (LiveDisplay if is_terminal(to_errors=True) else PlainDisplay)(replicates, work)
