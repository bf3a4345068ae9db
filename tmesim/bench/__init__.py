"""Bench: how fast this machine runs the engine, phase by phase.

Each case runs in a process of its own, so that its peak memory is its own. Nothing here is asserted.
"""

from __future__ import annotations

import json
import multiprocessing
from collections.abc import Iterator
from functools import partial
from typing import Any, Protocol

from tmesim.bench.agents import MesaCase
from tmesim.bench.fields import OXYGEN, SIGNALS, FieldsCase
from tmesim.bench.machine import machine
from tmesim.bench.scenarios import bare_scenario, full_scenario, plain_scenario
from tmesim.bench.tissue import ThreadsCase, TissueCase
from tmesim.text import say

__all__ = ["CASES", "bare_scenario", "full_scenario", "line", "main", "measure", "plain_scenario", "results"]


class Case(Protocol):
    """Something to time."""

    @property
    def name(self) -> str: ...

    def measure(self) -> dict[str, Any]:
        """Run it in this process: what `measuring.figures` tells, and what the case alone is about."""
        ...


mesa_scenario = partial(full_scenario, share=0.7)  # some 20 000 cells on 200²

CASES: tuple[Case, ...] = (
    TissueCase("plain_200", plain_scenario, 200, 10, 256, cells_only=True),
    TissueCase("plain_500", plain_scenario, 500, 8, 96, cells_only=True),
    TissueCase("plain_1000", plain_scenario, 1000, 8, 32, cells_only=True),
    TissueCase("full_200", full_scenario, 200, 12, 96),
    TissueCase("full_200_cell_phases", full_scenario, 200, 12, 96, cells_only=True),
    TissueCase("full_500", full_scenario, 500, 4, 16),
    TissueCase("full_500_two_threads", full_scenario, 500, 4, 16, threads=2),
    TissueCase("full_1500_cell_phases", partial(full_scenario, share=0.7), 1500, 2, 16, cells_only=True),
    ThreadsCase("act_two_threads", full_scenario, 500, 4, 24),
    FieldsCase("fields_200", (OXYGEN, *SIGNALS), 200, 64),
    FieldsCase("field_512", SIGNALS[:1], 512, 32),
    FieldsCase("oxygen_512", (OXYGEN,), 512, 32),
    MesaCase("mesa_nobody_looks", mesa_scenario, 200, 8, 64),
    MesaCase("mesa_one_look", mesa_scenario, 200, 8, 64, looks=True),
    MesaCase("mesa_500_python_agents", mesa_scenario, 200, 8, 64, agents=500),
)


def measure(case: Case) -> dict[str, Any]:
    """Run one case here."""
    return case.measure()


def results(names: tuple[str, ...] = ()) -> Iterator[dict[str, Any]]:
    """The cases one by one, each in a fresh process."""
    for case in CASES:
        if not names or case.name in names:
            with multiprocessing.get_context("spawn").Pool(1) as pool:
                yield pool.apply(measure, (case,))


def line(result: dict[str, Any]) -> str:
    """One result as a line of text, with what its case is about at the end."""
    if result["cells"]:
        usual, best = (result[key] / 1e6 for key in ("cell_updates_per_s", "best_cell_updates_per_s"))
        size = f"{result['cells']:8d} cells  {usual:5.2f} (best {best:5.2f}) M cell updates/s"
    else:
        size = f"{result['sites']:8d} sites  {result['site_updates_per_s'] / 1e6:5.2f}              M site updates/s"
    common = f"{result['name']:24s} {size}  {result['threads']} thread(s)  {result['peak_rss_bytes'] / 2**20:6.0f} MiB"
    return f"{common}  {_point(result)}"


def _point(result: dict[str, Any]) -> str:
    """What a case is about, in words."""
    step = f"{result['ms_per_step']:.1f} ms a step"
    if "field_error" in result:
        count = result["fields"]
        return f"{step} for {count} field{'s' if count > 1 else ''}, error {result['field_error']:.0e} of the maximum"
    if "cost_over_tissue" in result:
        cost, low, high = (100 * part for part in (result["cost_over_tissue"], *result["cost_quartiles"]))
        return f"{step}, {cost:+.1f} % over the tissue alone (quartiles {low:+.1f}, {high:+.1f})"
    if "speedup_of_two_threads" in result:
        faster, quartiles = result["speedup_of_two_threads"], result["speedup_quartiles"]
        parts = ", ".join(
            "{} × {:.2f} ({:.2f}, {:.2f})".format(part, faster[part], *quartiles[part]) for part in faster
        )
        return f"{step}; faster than one thread (quartiles): {parts}"
    slowest = sorted(result["phases"].items(), key=lambda item: -item[1])[:4]
    return "ms a step: " + ", ".join(f"{name} {1e3 * s / result['steps']:.1f}" for name, s in slowest)


def main(as_json: bool = False, names: tuple[str, ...] = ()) -> None:
    """Measure and print: a line a case, or one JSON object."""
    found = []
    for result in results(names):
        found.append(result)
        if not as_json:
            say(line(result))
    if as_json:
        say(json.dumps({"machine": machine(), "cases": found}, indent=1))
