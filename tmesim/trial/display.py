"""What a run says while it runs: a live line on a terminal, a plain line a replicate elsewhere, or nothing."""

from __future__ import annotations

import sys
import time
from collections.abc import Sequence
from types import TracebackType
from typing import Any, Self

from tmesim.trial.job import Outcome, Progress
from tmesim.trial.pool import Monitor


class Display(Monitor):
    """Silent by itself; its descendants speak. Messages go to standard error, so that tables can be piped."""

    def __init__(self, replicates: int, work: int) -> None:
        self.replicates, self.work = replicates, work
        self.count = 0

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        return None


class PlainDisplay(Display):
    def finished(self, outcome: Outcome) -> None:
        self.count += 1
        self.say(f"replicate {outcome.replicate}: {outcome.seconds:.1f} s ({self.count}/{self.replicates} done)")

    def retried(self, replicates: Sequence[int]) -> None:
        names = ", ".join(str(r) for r in replicates)
        self.say(f"a worker process died; replicate {names} is tried once more")

    def say(self, text: str) -> None:
        print(text, file=sys.stderr, flush=True)


class LiveDisplay(PlainDisplay):
    """A bar over all steps of all branches, with the replicates at work and where they are."""

    def __init__(self, replicates: int, work: int) -> None:
        super().__init__(replicates, work)
        from rich.console import Console
        from rich.progress import BarColumn, TaskProgressColumn, TextColumn, TimeRemainingColumn
        from rich.progress import Progress as Bar

        self.bar: Any = Bar(
            TextColumn("simulating"), BarColumn(), TaskProgressColumn(), TimeRemainingColumn(),
            TextColumn("[dim]{task.description}"), console=Console(stderr=True), transient=True,
        )  # fmt: skip
        self.task = self.bar.add_task("", total=work * replicates)
        self.at: dict[int, Progress] = {}
        self.seen = time.monotonic()

    def __enter__(self) -> Self:
        self.bar.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.bar.stop()

    def progress(self, progress: Progress) -> None:
        self.at[progress.replicate] = progress
        self._show()

    def finished(self, outcome: Outcome) -> None:
        self.count += 1
        self.at.pop(outcome.replicate, None)
        self._show()

    def say(self, text: str) -> None:
        self.bar.console.print(text)

    def _show(self) -> None:
        places = [f"{r}: day {p.day:.0f}" for r, p in sorted(self.at.items())]
        done = self.count * self.work + sum(p.done for p in self.at.values())
        text = " · ".join([f"{self.count}/{self.replicates} replicates done", ", ".join(places)]).rstrip(" ·")
        self.bar.update(self.task, completed=done, description=text)


def display_for(quiet: bool, replicates: int, work: int) -> Display:
    if quiet:
        return Display(replicates, work)
    return (LiveDisplay if sys.stderr.isatty() else PlainDisplay)(replicates, work)
