"""Compile the kernels before the first workers start, with the work shared among processes.

Left to themselves, the workers of a cold start would each compile every kernel, at the same time. The cache is by
function, so two processes that call different phases of a step fill it side by side.
"""

from __future__ import annotations

import multiprocessing
import os
import signal
import sys
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path

from tmesim.kernels import cache_folder
from tmesim.trial.locks import lock
from tmesim.trial.pool import unimportable_main
from tmesim.trial.signals import ctrl_c_comes, ctrl_c_waits
from tmesim.trial.worker import end_with_parent

ANY = {
    "name": "any",
    "question": "Which types of arguments do kernels meet? They are the same in all scenarios.",
    "host": "mouse",
    "tissue": {"size": ["180 µm", "150 µm"]},
    "start": {
        "tumor": {"radius": "30 µm"},
        "capillaries": "400 /mm²",
        "ecm": 0.2,
        "injection": {"route": "patch", "cells": 3},
        "organs": {"kidney": {"samples": 100_000}},
        "densities": {"adipocyte": "100 /mm²", "th1": "1500 /mm²"},  # cells of several sites, and some beyond the walls
    },
    "set": {
        "rules.emt_enables_intravasation.limit": "20 1/h",
        "rules.leaky_vessels_let_tumor_cells_in.half_max": "0.1 pM",
        "cells.tumor.starts.emt": 0.9,
    },
    "time": {"days": 0.25},
    "arms": {"untreated": {}},
    "endpoints": ["tumor_burden"],
}
INCOMPLETE = 3
"""Exit code of a process that could not compile or keep all of its share."""
WAIT_S = 0.2

TRAVEL = ("intravasate", "circulate", "lodge")
SHARES = {
    1: (("populate", "patrol", "sense", "act", "diffuse", "remodel", "migrate", "respond", "admit", "turn_over",
         "mutate", "extravasate", *TRAVEL),),
    2: (
        ("patrol", "diffuse", "migrate", "respond"),
        ("populate", "sense", "act", "remodel", "admit", "turn_over", "mutate", "extravasate", *TRAVEL),
    ),
    3: (
        ("patrol", "migrate", "respond"),
        ("diffuse", "remodel"),
        ("populate", "sense", "act", "admit", "turn_over", "mutate", "extravasate", *TRAVEL),
    ),
    4: (
        ("patrol",),
        ("diffuse", "turn_over"),
        ("populate", "sense", "admit", "respond", "mutate", "extravasate", *TRAVEL),
        ("act", "remodel", "migrate"),
    ),
}
"""What each of so many processes compiles, phases of a step and the making of cells, so that they take about as long
(measured, each by itself, s: patrol 16, diffuse 12, act 10, sense 10, remodel 8, migrate 3, the others 1 to 2)."""


def is_cold() -> bool:
    """Whether some kernel has to be compiled before a run, and could be kept."""
    folder = cache_folder.folder_of(_key())
    return folder is not None and not cache_folder.is_warm(folder)


def warm(processes: int, say: Callable[[str], None] = cache_folder.tell) -> float:
    """Compile what steps need, in up to so many processes; returns the wall time, s.

    Another run that does the same is waited for. What a process leaves, because it was killed or the disk is full, is
    compiled by those that need it, and the next run tries again.
    """
    start = time.perf_counter()
    key = _key()  # of the sources as they are now, before anybody edits them
    folder = cache_folder.folder_of(key)
    if folder is not None:
        with alone(folder):
            if is_cold() and _compile(processes, say) and _key() == key:
                with suppress(OSError):
                    cache_folder.mark_warm(folder)
            cache_folder.prune(folder)
    return time.perf_counter() - start


def _key() -> str:
    return cache_folder.key_of(cache_folder.read_kernels())


@contextmanager
def alone(folder: Path) -> Iterator[None]:
    """Wait until no other process fills a folder. A lock ends with the process that holds it."""
    held = None
    while held is None:
        try:
            held = lock(folder / "lock")
        except BlockingIOError:
            time.sleep(WAIT_S)
        except OSError:  # no room even for that: two may compile the same, each for itself
            break
    try:
        yield
    finally:
        if held is not None:
            held.close()


def _compile(processes: int, say: Callable[[str], None]) -> bool:
    """Whether all shares were compiled and kept."""
    shares = SHARES[max(1, min(processes, max(SHARES)))]
    context = multiprocessing.get_context("spawn")
    with unimportable_main(), ctrl_c_waits():
        # They get names only. More than a pipe takes would be written to one that was killed, without an end.
        workers = [context.Process(target=call, args=(share,), daemon=True) for share in shares]
        for worker in workers:
            worker.start()
    for worker in workers:
        worker.join()
    codes = [worker.exitcode or 0 for worker in workers]
    if early := [_name(code) for code in codes if code not in (0, INCOMPLETE)]:
        say(f"{len(early)} of {len(codes)} compile processes ended early ({', '.join(early)}); workers do the rest")
    return not any(codes)


def _name(code: int) -> str:
    """What ended a process: a signal by its name, or an exit code."""
    if code > 0:
        return f"exit code {code}"
    try:
        return signal.Signals(-code).name
    except ValueError:
        return f"signal {-code}"


def call(phases: Sequence[str]) -> None:
    """Go through some phases of a step, as a process of its own. Compiling needs the types of the arrays, so a cell of
    each kind is enough, and fields that are made and lost everywhere."""
    os.environ["NUMBA_NUM_THREADS"] = "1"
    signal.signal(signal.SIGINT, signal.SIG_DFL)
    ctrl_c_comes()
    threading.Thread(target=end_with_parent, daemon=True).start()
    from tmesim.body import STEP, Body
    from tmesim.scenario import load
    from tmesim.tissue.start import populate

    scenario = load(ANY)
    body = Body(scenario, seed=0, populate=False)
    tissue = body.tissue
    if phases[0] == "populate":
        populate(tissue, body.start, body.blood.receptors(body.node))
        phases = phases[1:]
    else:
        kinds = [name for name, cell in body.catalogue.cells.items() if cell.layer != "vessel"]
        large = [name for name in kinds if body.catalogue.cells[name].extent is not None]
        for i, kind in enumerate(name for name in kinds if name not in large):
            tissue.spawn(kind, *divmod(i, tissue.shape[1]))
        for i, kind in enumerate(large):  # below all the others
            tissue.spawn(kind, tissue.shape[0] - 4, 4 + 7 * i)
    for name, value in (("mother", 1), ("born", tissue.dt)):  # newborns can mutate
        tissue.cells.columns.core[name][: tissue.cells.n] = value
    by_name = {process.name: process for process in STEP}
    body.run(by_name["treat"])
    tissue.solver.loss[:] = tissue.solver.source[:] = 1.0
    done = True
    for phase in phases:
        try:
            body.run(by_name[phase])
        except Exception:  # what fails here fails in the run, and is told there
            done = False
    if cache_folder.unkept or not done:
        sys.exit(INCOMPLETE)
