"""Sections of organs as a figure: the patch of each organ beside the tissue on one day, side by side."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from tmesim.catalogue import organ_named
from tmesim.drawing import scale_bar
from tmesim.drawing.drawing import Drawing
from tmesim.drawing.files import literal
from tmesim.drawing.grid import millimeters, show
from tmesim.drawing.keys import cell_keys, vessel_keys
from tmesim.drawing.palette import FAINT, INK, arm_colors
from tmesim.drawing.raster import Painter, zoom_for
from tmesim.drawing.sheet import LABEL, SMALL, TITLE, Sheet, head_height, legend_on
from tmesim.organ_places import comes_home
from tmesim.wording import capital, compact, words

if TYPE_CHECKING:
    from tmesim.result import Result
    from tmesim.section import Section

PANEL, SMALLER, GAP, MARGIN, NAME = 420, 300, 22, 26, 58
"""Pixels of a panel, of one for a phone, between panels, around them, and of the name above each."""
ACROSS, NARROW = 3, 2
"""Panels in a row, and for a phone."""
LINE, ENTRY = 26, 300
"""Pixels of a line of the legend, and along a key."""


def draw_organs(
    result: Result, day: float | None = None, arms: Sequence[str] | None = None, replicate: int | None = None,
    narrow: bool = False,
) -> Drawing:  # fmt: skip
    """Each organ of some arms on one day, on bare ground, but the tissue that a tumor leaves.

    day : of a snapshot, by default the last        arms : by default the reference, or the first that has organs
    replicate : by default the one with most lesions        narrow : two panels in a row, for a phone
    """
    scenario = result.scenario
    having = [arm for arm in result.arms if scenario.start_of(arm).organs]
    if not having:
        raise ValueError("no arm of this run has organs beside its tissue")
    chosen = tuple(arms or ([result.reference] if result.reference in having else having[:1]))
    day = result.last_snapshot_day() if day is None else day
    which = "shown is"
    if replicate is None:
        replicate, which = richest(result, chosen), "shown is the one with most lesions in these organs,"
    shots: dict[str, dict[str, Section]] = {
        arm: {place: result.snapshot(day, arm, replicate, organ) for place, organ in sites(result, arm).items()}
        for arm in chosen
    }
    every = [shot for mine in shots.values() for shot in mine.values()]
    ny, nx = every[0].shape
    zoom = zoom_for((ny, nx), SMALLER if narrow else PANEL)
    high, wide = ny * zoom, nx * zoom
    across = min(NARROW if narrow else ACROSS, max(len(mine) for mine in shots.values()))
    width = max(2 * MARGIN + across * (wide + GAP) - GAP, 2 * MARGIN + 2 * (SMALLER if narrow else PANEL))
    room = width - 2 * MARGIN
    title = f"Organs: {words(scenario.name)}"
    n = result.replicates
    size = millimeters((ny, nx), every[0].spacing_um)
    about = f"{capital(scenario.host)}, day {every[0].hour / 24:g}, patches of {size} mm; "
    about += f"n = {n} replicates, {which} replicate {replicate}." if n > 1 else "n = 1 replicate."
    catalogue = scenario.catalogue
    types = {name for shot in every for name in shot.types if shot.count(name)}
    keys = cell_keys(catalogue, types, lambda name: catalogue.cells[name].label) + vessel_keys(every)
    top = head_height(title, about, room) + 14
    headed = 34 if len(chosen) > 1 else 0
    heights = {arm: headed + -(-len(mine) // across) * (NAME + high + GAP) for arm, mine in shots.items()}
    bottom = top + sum(heights.values())
    columns = max(1, room // ENTRY)
    sheet = Sheet(width, bottom + LINE * -(-len(keys) // columns) + 30)
    sheet.head(MARGIN, title, about, room)
    painter, colors, y = Painter(catalogue, None), arm_colors(scenario), top
    for arm, mine in shots.items():
        if headed:
            sheet.box(MARGIN, y + 3, 6, 22, colors[arm])
            sheet.text(MARGIN + 16, y, words(arm), TITLE, weight="bold")
        for i, (place, shot) in enumerate(mine.items()):
            x, above = MARGIN + i % across * (wide + GAP), y + headed + i // across * (NAME + high + GAP) + NAME
            beside = scenario.start_of(arm).organs
            soil = beside[place].organ if place in beside else place
            tumor = shot.count("tumor")
            notes = [f"with tissue of {organ_named(soil).label}"] if soil != place else []
            notes.append(f"{compact(tumor)} tumor cell{'s' * (tumor != 1)}")
            sheet.text(x, above - 52, capital(organ_named(place).label), LABEL + 1, weight="bold")
            sheet.text(x, above - 26, ", ".join(notes), SMALL, FAINT)
            axes = sheet.axes(x, above, wide, high)
            show(axes, painter(shot, zoom), (ny, nx))
            for spine in axes.spines.values():
                spine.set_visible(True)
            axes.set(xticks=[], yticks=[], xlim=(-0.5, nx - 0.5), ylim=(ny - 0.5, -0.5))
            if i == 0:
                scale_bar.on_axes(axes, shot.spacing_um, nx, ny)
        y += heights[arm]
    legend_on(
        sheet.figure, keys, 34, loc="upper left", ncols=columns, fontsize=LABEL, frameon=False, borderaxespad=0,
        bbox_to_anchor=((MARGIN - 4) / sheet.width, 1 - (bottom + 6) / sheet.height), handletextpad=0.5,
        columnspacing=1.4, labelspacing=0.4, labelcolor=INK,
    )  # fmt: skip
    places = ", ".join(organ_named(place).label for place in next(iter(shots.values())))
    told = ", ".join(words(arm) for arm in chosen)
    return Drawing(literal(sheet.figure), title, f"Pictures of cells and vessels in {places}, {told}, day {day:g}.")


def sites(result: Result, arm: str) -> dict[str, str | None]:
    """The organs of an arm that are shown, by place: None for the tissue itself, where injected cells come to it and it
    is as large as the others."""
    start, box = result.scenario.start_of(arm), result.scenario.tissue
    home = comes_home(result, arm) and box.shape == box.of_organs.shape
    return ({start.organ: None} if home else {}) | {place: place for place in start.organs}


def richest(result: Result, arms: Sequence[str]) -> int:
    """The replicate with most lesions in the organs of some arms at the end, then with most tumor cells."""
    prefixes = {arm: [f"{organ}." if organ else "" for organ in sites(result, arm).values()] for arm in arms}
    counts = [
        np.sum([result.series(f"{prefix}{name}", arm)[1][:, -1] for arm in arms for prefix in prefixes[arm]], axis=0)
        for name in ("n_tumor", "lesions")
    ]
    return int(np.lexsort(counts)[-1])
