"""`render`: figures, movie and report of a run once more, from what the run left; nothing is simulated."""

from __future__ import annotations

import time
import warnings
from pathlib import Path

from tmesim.reading import InputError, Problem
from tmesim.text import line, say

NEEDED = ("scenario.yaml", "provenance.json", "timeseries.csv", "endpoints.csv", "comparison.csv")


def render_run(folder: Path, mp4: bool, quiet: bool) -> None:
    from tmesim.figures.movie import has_frames
    from tmesim.result import Result
    from tmesim.trial import draw

    start = time.perf_counter()
    missing = [name for name in NEEDED if not (folder / name).is_file()]
    if missing:
        problem = f"is not the directory of a finished run: {', '.join(missing)} missing"
        raise InputError([Problem(problem if folder.is_dir() else "is no directory", file=str(folder))])
    with warnings.catch_warnings(record=True) as notes:
        warnings.simplefilter("always")
        result = Result(folder)
    for note in notes:
        say(line(note.message), to_errors=True)
    if mp4:
        result.movie(folder / "figures" / "movie.mp4")
    draw(result)
    if not quiet:
        movie = "" if has_frames(result) else " (no movie: this run kept no frames)"
        say(f"{time.perf_counter() - start:.1f} s. Figures and report are in {folder}{movie}")
