"""A result that shows itself, with pictures, a movie and a card: what `tmesim.run` returns, and `tmesim.Result`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from tmesim import result

if TYPE_CHECKING:
    from tmesim.drawing.plots import Plots


class Result(result.Result):
    """Everything that a run left in its directory: tables, sections, and pictures of them.

    A file that is read and is not what the run left (edited, damaged, missing) is an InputError that names it: tables
    and scenario when the result is opened, a snapshot when it is read.

    `tmesim.Result("runs/treg_depletion")` reads a finished run in a later session; `tmesim.run` returns one.

    path : the run directory
    scenario : what was run; by default it is read from the directory
    keep : holds a temporary directory alive as long as the result lives

    InputError, naming what would be right, for a path that holds no finished run. Names that a run does not have raise
    KeyError with those that it has; numbers may be of NumPy.
    """

    @property
    def plot(self) -> Plots:
        """Pictures that a notebook shows and `save` writes as .png, .pdf or .svg: `plot.tissue()`, `plot.curves()`,
        `plot.differences()`, and `plot.movie()`; of organs that tumor cells come to `plot.body()`, `plot.seeding()` and
        `plot.organs()`."""
        from tmesim.drawing.plots import Plots

        return Plots(self)

    def movie(self, path: str | Path, replicate: int | None = None) -> Path:
        """Write the movie of a replicate (default: the one of the pictures) as a `.gif`, `.webp` or, with the package
        imageio-ffmpeg, `.mp4` file; returns the path."""
        from tmesim.drawing.movie import Movie

        return Movie(self, replicate).save(path)

    def _repr_html_(self) -> str:
        from tmesim.drawing.cards import result_card

        return result_card(self)
