"""`render`: figures, movie and report of a run once more, from what the run left; nothing is simulated."""

from __future__ import annotations

import time
import warnings
from pathlib import Path

from tmesim.reading import InputError, Problem
from tmesim.text import line, say

NEEDED = ("scenario.yaml", "provenance.json", "timeseries.csv", "endpoints.csv", "comparison.csv", "complete.json")


def render_run(folder: Path, mp4: bool, quiet: bool) -> None:
    from tmesim.figures.movie import has_frames
    from tmesim.result import Result
    from tmesim.storage.checksums import MARKER, PROVENANCE, Checksums, read_sealed
    from tmesim.trial import draw
    from tmesim.trial.locks import lock_of

    start = time.perf_counter()
    refuse_unfinished(folder)
    try:
        alone = lock_of(folder / MARKER, shared=True)  # a run that adds replicates takes it for itself
    except (BlockingIOError, FileNotFoundError):
        raise refusal(folder, "is being written by a run; draw it again once that is complete") from None
    with alone:
        Checksums(folder).check()
        read_sealed(folder / PROVENANCE)  # before anything is drawn
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


def refuse_unfinished(folder: Path) -> None:
    from tmesim.trial.directory import LOCK
    from tmesim.trial.locks import is_held

    if not folder.is_dir():
        raise refusal(folder, "is no directory")
    if is_held(folder / "checkpoints" / LOCK):
        raise refusal(folder, "is being written by a run; draw it again once that is complete")
    if missing := [name for name in NEEDED if not (folder / name).is_file()]:
        remedy = "; `tmesim run … --resume` completes it" if (folder / "provenance.json").is_file() else ""
        raise refusal(folder, f"is not the directory of a finished run: {', '.join(missing)} missing{remedy}")


def refusal(folder: Path, message: str) -> InputError:
    return InputError([Problem(message, file=str(folder))])
