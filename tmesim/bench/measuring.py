"""What all cases share: seconds of single steps, two things stepped in turn, and the figures of a case."""

from __future__ import annotations

import resource
import statistics
import sys
import time
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, NamedTuple

if TYPE_CHECKING:
    from tmesim.body import Body

# what is done cell by cell; matrix and fields are done site by site
CELL_PHASES = ("reorder", "sense", "respond", "act", "migrate", "patrol", "admit", "remodel")
WHOLE = "whole_step"
ROUND = 16  # steps, of which one brings rows into order


class Step(NamedTuple):
    """One step as it was timed."""

    seconds: dict[str, float]  # of each phase, and of the WHOLE
    cells: int = 0  # that it brought up to date

    def spent(self, phases: tuple[str, ...] = (WHOLE,)) -> float:
        """Seconds of some phases together."""
        return sum(self.seconds[phase] for phase in phases)


def timed(step: Callable[[], Any], body: Body) -> Step:
    """Time a step of a body, or of what steps it."""
    cells, before = int(body.tissue.cells.rows.size), dict(body.seconds)
    begun = time.perf_counter()
    step()
    whole = time.perf_counter() - begun
    return Step({WHOLE: whole} | {phase: body.seconds[phase] - then for phase, then in before.items()}, cells)


def in_turn(
    one: tuple[Callable[[], Any], Body], other: tuple[Callable[[], Any], Body], steps: int
) -> tuple[list[Step], list[Step]]:
    """Two that are in the same state step in turn, each first every other time: the machine's moods meet both."""
    pair = (one, other)
    taken: tuple[list[Step], list[Step]] = ([], [])
    for step in range(steps):
        for which in (step % 2, 1 - step % 2):
            taken[which].append(timed(*pair[which]))
    return taken


def ratios(over: list[Step], under: list[Step], phases: tuple[str, ...] = (WHOLE,)) -> tuple[float, float, float]:
    """Seconds of some phases, of one relative to the other: median and both quartiles over the pairs of steps."""
    pairs = [a.spent(phases) / b.spent(phases) for a, b in zip(over, under, strict=True)]
    low, middle, high = statistics.quantiles(pairs, n=4, method="inclusive")
    return middle, low, high


def peak_rss() -> int:
    """The most memory that this process ever held, bytes."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * (1 if sys.platform == "darwin" else 1024)


def figures(
    name: str,
    taken: list[Step],
    *,
    sites: int,
    fields: int,
    threads: int,
    peak: int,
    counted: tuple[str, ...] = (WHOLE,),
    each: int = 1,
) -> dict[str, Any]:
    """The figures that every case has; phases that it leaves out took 0 s.

    The best rate is that of the ROUND of steps in a row that went fastest: where others take part of the machine, it
    comes closest to what an idle one would do.

    counted : phases that the rates refer to      each : how often a step brings a site up to date
    """
    from tmesim.body import STEP

    steps, cells = len(taken), sum(step.cells for step in taken)
    spent = [step.spent(counted) for step in taken]
    seconds = sum(spent)
    rounds = [slice(begin, begin + ROUND) for begin in range(max(1, steps - ROUND + 1))]
    best = max(sum(step.cells for step in taken[part]) / sum(spent[part]) for part in rounds)
    return {
        "name": name,
        "cells": round(cells / steps),
        "sites": sites,
        "fields": fields,
        "threads": threads,
        "steps": steps,
        "ms_per_step": 1e3 * statistics.median(step.spent() for step in taken),
        "cell_updates_per_s": cells / seconds,
        "best_cell_updates_per_s": best,
        "site_updates_per_s": sites * each * steps / seconds,
        "peak_rss_bytes": peak,
        "phases": {phase: sum(step.seconds.get(phase, 0.0) for step in taken) for phase in (p.name for p in STEP)},
    }


def of_tissue(
    name: str, body: Body, taken: list[Step], peak: int, counted: tuple[str, ...] = (WHOLE,)
) -> dict[str, Any]:
    """`figures` of a case that steps a tissue."""
    sites, fields = body.tissue.shape[0] * body.tissue.shape[1], len(body.tissue.fields)
    return figures(name, taken, sites=sites, fields=fields, threads=body.threads, peak=peak, counted=counted)
