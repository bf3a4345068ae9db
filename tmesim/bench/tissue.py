"""Cases that step a tissue: alone, or one thread against two."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from tmesim.bench.measuring import CELL_PHASES, WHOLE, in_turn, of_tissue, peak_rss, ratios, timed

if TYPE_CHECKING:
    from tmesim.body import Body
    from tmesim.scenario import Scenario


@dataclass(frozen=True)
class TissueCase:
    """A tissue of `sites`² sites, for `steps` steps after `warm` others."""

    name: str
    make: Callable[[int], Scenario]
    sites: int
    warm: int
    steps: int
    threads: int = 1
    cells_only: bool = False  # the rates leave out what is done site by site

    def measure(self) -> dict[str, Any]:
        """Rates, seconds of each phase, substeps and hops of leukocytes."""
        from tmesim.tissue.processes.patrol import Patrol

        body = warmed(self.make(self.sites), self.threads, self.warm)
        patrol = body.tissue.processes[Patrol]
        assert isinstance(patrol, Patrol)
        before = body.tissue.counters["hops"]
        taken = [timed(body.step, body) for _ in range(self.steps)]
        counted = CELL_PHASES if self.cells_only else (WHOLE,)
        return of_tissue(self.name, body, taken, peak_rss(), counted) | {
            "substeps": patrol.substeps,
            "hops_per_step": round((body.tissue.counters["hops"] - before) / self.steps),
        }


@dataclass(frozen=True)
class ThreadsCase:
    """A tissue in two threads and its copy in one, in turn. The bits are the same, so they stay equal throughout."""

    name: str
    make: Callable[[int], Scenario]
    sites: int
    warm: int
    steps: int

    def measure(self) -> dict[str, Any]:
        """Figures of the two threads, and how many times faster they are than one.

        Where another process takes the second core, only the two threads wait for it, and the figures are about that.
        """
        body = warmed(self.make(self.sites), 2, self.warm)
        peak = peak_rss()  # before the copy comes
        alone = body.copy()
        alone.tissue.threads = 1
        taken, slower = in_turn((body.step, body), (alone.step, alone), self.steps)
        parts = {WHOLE: (WHOLE,), "act": ("act",), "cell_phases": CELL_PHASES}
        faster = {part: ratios(slower, taken, phases) for part, phases in parts.items()}
        return of_tissue(self.name, body, taken, peak) | {
            "speedup_of_two_threads": {part: median for part, (median, *_) in faster.items()},
            "speedup_quartiles": {part: quartiles for part, (_, *quartiles) in faster.items()},
            "same_state": body.hash() == alone.hash(),
        }


def warmed(scenario: Scenario, threads: int, steps: int) -> Body:
    """A body after some steps: kernels are compiled, memory is at hand."""
    from tmesim.body import Body

    body = Body(scenario, threads=threads)
    for _ in range(steps):
        body.step()
    return body
