"""The class page: one HTML file that plays every arm of a run in the browser, offline, with the numbers of all
replicates behind the movie.

`gather` takes all that the page shows from a finished run, `page` writes it as text. The page asks for nothing: no
network, no other file, no storage of the browser. So it works from a folder, and in the frame of a learning platform.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from tmesim.atlas.content import Atlas, Shown, gather
from tmesim.atlas.pages import MARK, MOST_BYTES, page
from tmesim.reading import InputError, Problem
from tmesim.storage import write

if TYPE_CHECKING:
    from tmesim.result import Result

__all__ = ["MOST_BYTES", "Atlas", "Shown", "gather", "page", "refuse_others", "write_atlas"]


def write_atlas(result: Result, path: Path) -> Path:
    """Write the class page of a run; returns the path."""
    refuse_others(path)
    write(path, page(gather(result)))
    return path


def refuse_others(path: Path) -> None:
    """InputError where the page would overwrite what is no such page, or cannot lie."""
    problem = None
    if path.is_dir():
        problem = "is a directory; expected the name of a file, such as class.html"
    elif path.suffix.lower() not in (".html", ".htm"):
        problem = "expected a name that ends in .html"
    elif path.exists() and not is_ours(path):
        problem = "is there already and no class page; nothing is overwritten but an earlier one"
    elif any(folder.exists() and not folder.is_dir() for folder in path.parents):
        problem = "cannot be written: a file is in the place of its folder"
    if problem is not None:
        raise InputError([Problem(problem, "--out", file=str(path))])


def is_ours(path: Path) -> bool:
    """Whether a file is a class page."""
    try:
        with path.open("rb") as file:
            return MARK.encode() in file.read(2000)
    except OSError:
        return False
