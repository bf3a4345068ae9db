"""Pictures of the tissue: an arm a row, a day a column; cells and vessels over oxygen, or one field by itself."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
from matplotlib import colormaps

from tmesim.drawing.drawing import Drawing
from tmesim.drawing.files import literal
from tmesim.drawing.grid import Grid, corner
from tmesim.drawing.keys import cell_keys, outline, outline_key, vessel_keys
from tmesim.drawing.palette import BEHIND
from tmesim.drawing.raster import Painter
from tmesim.drawing.shots import Shots
from tmesim.observables import HYPOXIC_MMHG
from tmesim.section import outline as smoothed
from tmesim.wording import capital, compact, words

if TYPE_CHECKING:
    from tmesim.result import Result
    from tmesim.section import Section

HYPOXIC = f"around less than {HYPOXIC_MMHG:g} mmHg oxygen"


def draw_tissue(
    result: Result, field: str = "oxygen", replicate: int | None = None, days: Sequence[float] | None = None,
    arms: Sequence[str] | None = None, narrow: bool = False,
) -> Drawing:  # fmt: skip
    """Cells over a field (where sites are free), vessels, and a line around the hypoxic region.

    Cells stand on bare ground where a scenario has dropped oxygen. narrow : no wider than its panels, for a phone
    """
    shots = Shots(result, replicate, days, arms)
    catalogue = result.scenario.catalogue
    bar = None
    if field != "oxygen" or field in catalogue.fields:
        entry = catalogue.fields[field]
        bar = (BEHIND, shots.limits(field), f"{entry.label} ({entry.unit})")
    painter = Painter(catalogue, field if bar else None, bar[1][1] if bar else 1.0)
    outlined = bar is not None and field == "oxygen"
    keys = cell_keys(catalogue, shots.types(), lambda name: catalogue.cells[name].label) + vessel_keys(shots.all)
    if outlined and any(hypoxic(shot).any() for shot in shots.all):
        keys.append(outline_key(HYPOXIC, dashed=True))
    grid = Grid(shots, "Tissue", keys, bar, narrow)
    for axes, shot in grid.panels():
        grid.show(axes, painter(shot, grid.zoom))
        if outlined:
            outline(axes, smoothed(hypoxic(shot)), dashed=True)
        tumor = shot.count("tumor")
        corner(axes, f"{compact(tumor)} tumor cell{'s' * (tumor != 1)}", "right")
    return Drawing(literal(grid.figure), grid.title, told(shots, "cells and vessels"))


def draw_field(
    result: Result, field: str = "oxygen", replicate: int | None = None, days: Sequence[float] | None = None,
    arms: Sequence[str] | None = None,
) -> Drawing:  # fmt: skip
    """One field in its own color map, with vessels and the edge of the tumor."""
    shots = Shots(result, replicate, days, arms)
    catalogue = result.scenario.catalogue
    entry, limits = catalogue.fields[field], shots.limits(field)
    painter = Painter(catalogue, field, limits[1], entry.color_map, cells=False)
    keys = [outline_key("edge of the tumor"), *vessel_keys(shots.all)]
    bar = (colormaps[entry.color_map], limits, f"{entry.label} ({entry.unit})")
    grid = Grid(shots, capital(words(entry.label)), keys, bar)
    for axes, shot in grid.panels():
        grid.show(axes, painter(shot, grid.zoom))
        region, values = shot.region, shot.maps[f"field.{field}"]
        outline(axes, shot.edge)
        if region.any():
            corner(axes, f"mean in the tumor {compact(float(values[region].mean()))} {entry.unit}", "right")
        else:
            corner(axes, "no tumor left", "right")
    return Drawing(literal(grid.figure), grid.title, told(shots, entry.label))


def hypoxic(shot: Section) -> np.ndarray:
    return shot.maps["field.oxygen"] < HYPOXIC_MMHG


def told(shots: Shots, what: str) -> str:
    """A picture for those who cannot see it."""
    arms = ", ".join(words(arm) for arm in shots.arms)
    days = ", ".join(f"{day:g}" for day in shots.days)
    return f"Pictures of {what} in {arms} on days {days}, a row for each arm, a column for each day."
