"""`atlas`: a run for a class, and the page made of it."""

from __future__ import annotations

import time
from pathlib import Path

from tmesim.text import line, say

REPLICATES = 12
"""The least by default: below that many dots a class cannot see how much is chance."""

MOST_FRAMES = 240
"""Frames of an arm: four weeks every three hours."""


def write_class_page(
    source: str, out: Path | None, replicates: int | None, days: float | None, workers: int | None, quiet: bool
) -> None:
    """Simulate every arm on every replicate and write the page; InputError, before anything is simulated, for a
    scenario or a file that is not right."""
    from tmesim.atlas import refuse_others, write_atlas
    from tmesim.cli.running import describe
    from tmesim.scenario.schedule import frame_interval
    from tmesim.storage import DiskFull
    from tmesim.trial import Execution, Interrupted, WorkerDied, prepare, run
    from tmesim.units import show
    from tmesim.wording import in_bytes

    start = time.perf_counter()
    scenario = prepare(source, replicates=replicates, days=days)
    path = out if out is not None else Path(f"{scenario.name}.html")
    refuse_others(path)
    if replicates is None and scenario.replicates < REPLICATES:
        scenario = prepare(scenario, replicates=REPLICATES)
    if scenario.time.frames_every_h is None:
        every = max(frame_interval(scenario.time.days * 24, MOST_FRAMES), scenario.time.step_h)
        scenario = prepare(scenario, set={"time.frames_every": show(every, "h")})
    if not quiet:
        say(f"{describe(scenario)} → {path}", to_errors=True)
    try:
        result = run(scenario, None, Execution(workers, figures=False, quiet=quiet))
    except (Interrupted, WorkerDied, DiskFull) as error:  # they offer to resume a run, and this one keeps no files
        raise type(error)(f"{str(error).partition(';')[0]}; no page was written") from None
    write_atlas(result, path)
    if not quiet:
        seconds = time.perf_counter() - start
        size = in_bytes(path.stat().st_size)
        say(f"{seconds:.1f} s. The class page is {line(path)} ({size}); it opens in any browser, without a network.")
