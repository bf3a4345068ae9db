"""`render`: figures, movie and report of a run once more, from what the run left; nothing is simulated."""

from __future__ import annotations

import time
import warnings
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from tmesim.reading import InputError, Problem, suggestion
from tmesim.text import line, say

if TYPE_CHECKING:
    from tmesim.shown import Result

NEEDED = ("scenario.yaml", "provenance.json", "timeseries.csv", "endpoints.csv", "comparison.csv", "complete.json")
REPORT = "report"
"""The page, which is asked for like a panel."""


def render_run(
    folder: Path, mp4: bool, quiet: bool, formats: Sequence[str] = ("png",), panels: Sequence[str] | None = None
) -> None:
    """Draw a run again. formats : of the figures. panels : what to draw, by default all that the run has.

    InputError, before anything is written, for a folder that holds no finished run, an unknown format, and a panel that
    is unknown or that this run cannot have.
    """
    from tmesim.shown import Result
    from tmesim.storage.checksums import MARKER, PROVENANCE, Checksums, read_sealed
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
        drawn = draw(result, mp4, checked(result, formats, panels), panels)
    if not quiet:
        say(f"{time.perf_counter() - start:.1f} s. {drawn}")


def checked(result: Result, formats: Sequence[str], panels: Sequence[str] | None) -> tuple[str, ...]:
    """The formats without repetition; InputError with all formats and panels that are not right."""
    from tmesim.drawing.files import FORMATS
    from tmesim.drawing.panels import known_panels, lacking

    problems = [unknown("--format", each, "format", FORMATS) for each in formats if each not in FORMATS]
    if not formats:
        problems.append(Problem(f"expected one of {', '.join(FORMATS)}, or several, got none", "--format"))
    known = (*known_panels(result.scenario), REPORT)
    for panel in panels or ():
        if panel not in known:
            problems.append(unknown("--panels", panel, "panel", known))
        elif panel != REPORT and (why := lacking(result, panel)) is not None:
            problems.append(Problem(f"{panel} cannot be drawn: {why}", "--panels"))
    if panels is not None and not panels:
        problems.append(Problem(f"expected names of panels, got none. Known: {', '.join(known)}", "--panels"))
    if problems:
        raise InputError(problems)
    return tuple(dict.fromkeys(formats))


def unknown(option: str, found: str, kind: str, known: Iterable[str]) -> Problem:
    return Problem(f"unknown {kind} '{found}'.{suggestion(found, known, most=40)}", option)


def draw(result: Result, mp4: bool, formats: tuple[str, ...], panels: Sequence[str] | None) -> str:
    """Draw, and say what was drawn."""
    from tmesim.drawing.movie import has_frames
    from tmesim.drawing.panels import draw_panels
    from tmesim.report import write_report
    from tmesim.storage import sweep

    folder = result.path
    if mp4:
        result.movie(folder / "figures" / "movie.mp4")
    chosen = None if panels is None else [panel for panel in dict.fromkeys(panels) if panel != REPORT]
    files = draw_panels(result, panels=chosen, formats=formats)
    if panels is None or REPORT in panels:
        files.append(write_report(result))
    sweep(folder)
    if panels is not None:
        return f"Drawn: {', '.join(line(file) for file in files)}"
    movie = "" if has_frames(result) else " (no movie: this run kept no frames)"
    return f"Figures and report are in {line(folder)}{movie}"


def listed(texts: Iterable[str] | None) -> list[str] | None:
    """Names from an option that takes several, with commas or given again; None where it was not given."""
    if texts is None:
        return None
    return [name for text in texts for part in text.split(",") if (name := part.strip())]


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
