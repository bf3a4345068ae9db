"""The figures of a run, as PNG files that a slide or a paper can take, and its movie.

`draw_…` writes a file; `…_figure` returns the matplotlib figure, for those who want to change it or look at it.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from tmesim.figures.effects import draw_effects, effects_figure
from tmesim.figures.movie import draw_movie, has_frames
from tmesim.figures.tissue import draw_field, draw_tissue, field_figure, tissue_figure
from tmesim.figures.trajectories import draw_trajectories, trajectories_figure

if TYPE_CHECKING:
    from tmesim.result import Result

__all__ = [
    "draw_all", "draw_effects", "draw_field", "draw_movie", "draw_tissue", "draw_trajectories", "effects_figure",
    "field_figure", "tissue_figure", "trajectories_figure",
]  # fmt: skip


def draw_all(result: Result, folder: Path | None = None) -> list[Path]:
    """`tissue.png`, `oxygen.png`, `trajectories.png`, `effects.png` and `movie.gif`, as far as the run holds what
    they show."""
    folder = folder or result.path / "figures"
    drawn: list[Path | None] = []
    if result.snapshot_days:
        drawn.append(draw_tissue(result, folder / "tissue.png"))
        if "oxygen" in result.scenario.catalogue.fields:
            drawn.append(draw_field(result, folder / "oxygen.png", "oxygen"))
    drawn.append(draw_trajectories(result, folder / "trajectories.png"))
    drawn.append(draw_effects(result, folder / "effects.png"))
    if has_frames(result):
        drawn.append(draw_movie(result, folder / "movie.gif"))
    return [path for path in drawn if path is not None]
