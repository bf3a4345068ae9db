"""Compile the kernels before the first workers start, with the work shared among processes.

Left to themselves, the workers of a cold start would each compile every kernel, at the same time. Numba's cache is by
function, so two processes that call different phases of a step fill it side by side.
"""

from __future__ import annotations

import hashlib
import multiprocessing
import os
import sys
import tempfile
import time
from collections.abc import Sequence
from contextlib import suppress
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING

from tmesim.record import write
from tmesim.trial.pool import unimportable_main
from tmesim.trial.signals import ctrl_c_comes, ctrl_c_waits

if TYPE_CHECKING:
    from tmesim.scenario import Scenario

SHARES = {
    2: (("patrol", "diffuse", "migrate", "respond"), ("populate", "sense", "act", "remodel", "admit", "turn_over")),
    3: (("patrol", "migrate", "respond"), ("diffuse", "remodel"), ("populate", "sense", "act", "admit", "turn_over")),
    4: (
        ("patrol",), ("diffuse", "turn_over"), ("populate", "sense", "admit", "respond"), ("act", "remodel", "migrate"),
    ),
}  # fmt: skip
"""What each of so many processes compiles, phases of a step and the making of cells, so that they take about as long
(measured, each by itself, s: patrol 16, diffuse 12, act 10, sense 10, remodel 8, migrate 3, the others 1 to 2)."""


def is_cold() -> bool:
    return not stamp().exists()


def warm(scenario: Scenario, processes: int) -> float:
    """Compile what a step of this scenario needs; returns the wall time, s. Kernels that fail here fail in the run."""
    start = time.perf_counter()
    forget_stale()
    mark = stamp()  # of the sources as they are now, before anybody edits them
    shares = SHARES.get(min(processes, max(SHARES)))
    if shares is not None:
        context = multiprocessing.get_context("spawn")
        with unimportable_main(), ctrl_c_waits():
            workers = [context.Process(target=call, args=(scenario, share), daemon=True) for share in shares]
            for worker in workers:
                worker.start()
        for worker in workers:
            worker.join()
    with suppress(OSError):
        write(mark, "")
    return time.perf_counter() - start


def forget_stale(*folders: Path) -> None:
    """Remove what numba has kept of the kernels, and of those in other folders, from before the last edit of a kernel.

    Numba takes a kernel to be stale if its own file has changed, not if one has that it calls.
    """
    from tmesim import kernels

    home = Path(str(kernels.__file__)).parent
    edited = max(source.stat().st_mtime for source in home.glob("*.py"))
    for folder in (home, *folders):
        kept = list((folder / "__pycache__").glob("*.nb[ci]"))
        with suppress(OSError):  # another process was faster, or the folder is not ours
            if any(file.suffix == ".nbc" and file.stat().st_mtime < edited for file in kept):
                for file in kept:
                    file.unlink()


def call(scenario: Scenario, phases: Sequence[str]) -> None:
    """Go through some phases of a step. Compiling needs the types of the arrays, so a cell of each kind is enough, and
    fields that are made and lost everywhere."""
    import signal

    os.environ["NUMBA_NUM_THREADS"] = "1"
    signal.signal(signal.SIGINT, signal.SIG_DFL)
    ctrl_c_comes()
    from tmesim import start
    from tmesim.tissue import Tissue

    tissue = Tissue(scenario, seed=0, populate=False)
    if phases[0] == "populate":
        start.populate(tissue)
        phases = phases[1:]
    else:
        kinds = [name for name, cell in scenario.catalogue.cells.items() if cell.layer != "vessel"]
        for i, kind in enumerate(kinds):
            tissue.spawn(kind, *divmod(i, tissue.shape[1]))
    tissue._medicate()
    tissue.solver.loss[:] = tissue.solver.source[:] = 1.0
    for phase in phases:
        with suppress(Exception):  # what fails here fails in the run, and is told there
            getattr(tissue, f"_{phase}")()


def stamp() -> Path:
    """An empty file beside numba's cache whose name tells the kernels, numba and Python for which it was filled."""
    from tmesim import kernels

    folder = Path(str(kernels.__file__)).parent
    sources = [(p.name, p.stat().st_mtime_ns, p.stat().st_size) for p in sorted(folder.glob("*.py"))]
    text = repr((sources, version("numba"), sys.version, os.environ.get("NUMBA_CPU_NAME")))
    cache = Path(os.environ.get("NUMBA_CACHE_DIR") or folder / "__pycache__")
    if not os.environ.get("NUMBA_CACHE_DIR") and not os.access(folder, os.W_OK):
        cache = Path(tempfile.gettempdir()) / f"tmesim-{os.getuid() if hasattr(os, 'getuid') else 0}"
    return cache / f"warm-{hashlib.sha256(text.encode()).hexdigest()[:16]}"
