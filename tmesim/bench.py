"""Bench: how fast this machine runs the engine, phase by phase.

Each case runs in a process of its own, so that its peak memory is its own. Nothing here is asserted.
"""

from __future__ import annotations

import json
import multiprocessing
import os
import platform
import resource
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from tmesim.scenario import Scenario

# what is done cell by cell; matrix and fields are done site by site
CELL_PHASES = ("reorder", "sense", "respond", "act", "migrate", "patrol", "admit", "remodel")
PLAIN = {
    "cells": {
        "tumor": {
            "label": "plain cell", "agent": "TumorCell", "layer": "tissue", "color": "#E69F00",
            "behaviors": {
                "division": "0.01 1/h", "apoptosis": "0.01 1/h", "speed": "0.125 µm/min",
                "secretion.signal": "1 pM/h", "uptake.nutrient": "1 1/h",
            },
            "events": [{"behavior": "division", "does": "divide"}, {"behavior": "apoptosis", "does": "die"}],
        }
    },
    "fields": {
        name: {
            "unit": "pM", "diffusion": "1e5 µm²/h", "decay": "1 1/h", "edge": {"kind": "zero_flux"},
            "start": "1 pM", "evidence": "benchmark",
        }
        for name in ("signal", "nutrient")
    },
}  # fmt: skip


@dataclass(frozen=True)
class Case:
    """What is timed: a tissue of `sites`² sites, for `steps` steps after `warm` others."""

    name: str
    make: Callable[[int], Any]
    sites: int
    warm: int
    steps: int
    threads: int = 1
    cells_only: bool = False


def bare_scenario(entries: dict[str, Any], sites: int, start: dict[str, Any], **parts: Any) -> Scenario:
    """A scenario on sites² whose catalogue holds `entries` alone, beside the packaged processes and matrix."""
    from tmesim.catalogue import Catalogue, load_catalogue
    from tmesim.catalogue.models import KINDS
    from tmesim.scenario import load

    packaged = load_catalogue()
    models = {
        kind: {name: model.model_validate(entry) for name, entry in entries.get(kind, {}).items()}
        for kind, model in KINDS.items()
    }
    for kind in ("processes", "matrix"):
        models[kind] = dict(getattr(packaged, kind)) | models[kind]
    catalogue, _ = Catalogue.build(models)
    empty = {"densities": {}, "capillaries": "0 /mm²", "tumor": []}
    return replace(_resized(load("minimal"), sites, empty | start, **parts), catalogue=catalogue)


def plain_scenario(sites: int) -> Scenario:
    """One cell type, half full: uptake and secretion, death 0.01, division 0.01, else a move with probability 0.5."""
    return bare_scenario(PLAIN, sites, {"densities": {"tumor": f"{0.5e6 / 15**2} /mm²"}})


def full_scenario(sites: int, share: float = 1.0) -> Scenario:
    """All of the biology: a third of the patch a tumor, host tissue around it; `share` of the usual cells."""
    from tmesim.scenario import load

    usual = {
        "fibroblast": 600, "adipocyte": 300, "m1": 250, "m2": 150, "ctl": 300,
        "th1": 150, "treg": 150, "dendritic": 50, "monocyte": 100,
    }  # fmt: skip
    densities = {cell: f"{share * number} /mm²" for cell, number in usual.items()}
    tumor = [{"radius": f"{sites * 15 * 0.32} µm", "fill": 0.9 * share}]
    return _resized(load("untreated"), sites, {"densities": densities, "capillaries": "120 /mm²", "tumor": tumor})


def _resized(scenario: Scenario, sites: int, start: dict[str, Any], **parts: Any) -> Scenario:
    """The scenario on a square of sites², with parts of its start and other parts replaced."""
    import yaml

    from tmesim.scenario import read_text

    content = scenario.content()
    content["tissue"] = {"size": [f"{sites * 15} µm"] * 2, "spacing": "15 µm"}
    content["start"] |= start
    content |= parts
    content.pop("catalogue", None)
    return read_text(yaml.safe_dump(content, allow_unicode=True))


CASES = (
    Case("plain_200", plain_scenario, 200, 10, 64, cells_only=True),
    Case("plain_500", plain_scenario, 500, 8, 32, cells_only=True),
    Case("plain_1000", plain_scenario, 1000, 8, 16, cells_only=True),
    Case("full_200", full_scenario, 200, 12, 32),
    Case("full_200_cell_phases", full_scenario, 200, 12, 32, cells_only=True),
    Case("full_500", full_scenario, 500, 4, 16),
    Case("full_500_two_threads", full_scenario, 500, 4, 16, threads=2),
    Case("full_1500_cell_phases", partial(full_scenario, share=0.7), 1500, 2, 16, cells_only=True),
)


def measure(case: Case) -> dict[str, Any]:
    """Run one case here: rates, seconds of each phase, peak memory of this process."""
    from tmesim.tissue import PHASES, Tissue

    tissue = Tissue(case.make(case.sites), threads=case.threads)
    for _ in range(case.warm):
        tissue.step()
    tissue.seconds = dict.fromkeys(PHASES, 0.0)
    before = tissue.counters["hops"]
    updates = 0
    begun = time.perf_counter()
    for _ in range(case.steps):
        updates += tissue.cells.rows.size
        tissue.step()
    elapsed = time.perf_counter() - begun
    phases = {phase: tissue.seconds[phase] for phase in PHASES}
    counted = sum(phases[phase] for phase in CELL_PHASES) if case.cells_only else elapsed
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return {
        "name": case.name,
        "cells": round(updates / case.steps),
        "sites": case.sites**2,
        "fields": len(tissue.fields),
        "threads": case.threads,
        "steps": case.steps,
        "substeps": tissue.substeps,
        "hops_per_step": round((tissue.counters["hops"] - before) / case.steps),
        "cell_updates_per_s": updates / counted,
        "site_updates_per_s": case.sites**2 * case.steps / counted,
        "peak_rss_bytes": peak * (1 if sys.platform == "darwin" else 1024),
        "phases": phases,
    }


def measure_by_name(name: str) -> dict[str, Any]:
    """`measure` of a case of CASES."""
    return measure(next(case for case in CASES if case.name == name))


def machine() -> dict[str, Any]:
    """What the figures were measured on."""
    from importlib.metadata import version

    return {
        "processor": _processor(),
        "cores": os.cpu_count(),
        "system": platform.system(),
        "python": platform.python_version(),
        "numpy": np.__version__,
        "numba": version("numba"),
        "mesa": version("mesa"),
    }


def _processor() -> str:
    try:
        with open("/proc/cpuinfo", encoding="utf-8") as lines:
            return next(line.split(":", 1)[1].strip() for line in lines if line.startswith("model name"))
    except (OSError, StopIteration):
        return platform.processor()


def results(names: tuple[str, ...] = ()) -> Iterator[dict[str, Any]]:
    """The cases one by one, each in a fresh process."""
    for case in CASES:
        if not names or case.name in names:
            with multiprocessing.get_context("spawn").Pool(1) as pool:
                yield pool.apply(measure_by_name, (case.name,))


def line(result: dict[str, Any]) -> str:
    """One result as a line of text."""
    slowest = sorted(result["phases"].items(), key=lambda item: -item[1])[:4]
    phases = ", ".join(f"{name} {1e3 * s / result['steps']:.1f}" for name, s in slowest)
    return (
        f"{result['name']:24s} {result['cells']:8d} cells  {result['cell_updates_per_s'] / 1e6:6.2f} M cell updates/s  "
        f"{result['threads']} thread(s)  {result['peak_rss_bytes'] / 2**20:6.0f} MiB  ms a step: {phases}"
    )


def main(as_json: bool = False, names: tuple[str, ...] = ()) -> None:
    """Measure and print: a line a case, or one JSON object."""
    found = []
    for result in results(names):
        found.append(result)
        if not as_json:
            print(line(result), flush=True)
    if as_json:
        print(json.dumps({"machine": machine(), "cases": found}, indent=1))
