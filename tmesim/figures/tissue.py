"""Pictures of the tissue: an arm a row, a day a column; cells and vessels over oxygen, or one field by itself."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from matplotlib.collections import LineCollection
from matplotlib.colors import LinearSegmentedColormap, Normalize, to_rgb
from matplotlib.lines import Line2D

from tmesim.figures.grid import Grid, Shots
from tmesim.figures.style import INK, SMALL
from tmesim.observables import HYPOXIC_MMHG, around
from tmesim.statistics import compact, words

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from tmesim.catalogue import Catalogue
    from tmesim.result import Result, Snapshot

DIRECTIONS = ((0, 1), (-1, 1), (-1, 0), (-1, -1))  # E, NE, N, NW as (dy, dx); the other four are the same links
PERFUSED, CLOSED = "#B2182B", "#8c8c8c"
BEHIND = LinearSegmentedColormap.from_list("behind", ["#7d93ab", "#c3d0dc", "#f1f5f8", "#ffffff"])
"""Pale, so that cells stand out: blue-gray without oxygen, white with plenty."""


def draw_tissue(result: Result, path: Path, field: str = "oxygen", replicate: int | None = None) -> Path:
    """Cells over a field (where sites are free), vessels, and a line around the hypoxic region."""
    shots = Shots(result, replicate)
    catalogue = result.scenario.catalogue
    entry = catalogue.fields[field]
    colors = {name: to_rgb(cell.color) for name, cell in catalogue.cells.items()}
    layers = {name: cell.layer for name, cell in catalogue.cells.items()}
    limits = shots.limits(field)
    grid = Grid(
        shots, "Tissue", legend(catalogue, shots.types(), field), BEHIND, limits, f"{entry.label} ({entry.unit})"
    )
    for axes, shot in grid.panels():
        types = [str(name) for name in shot.cells["types"]]
        behind = BEHIND(Normalize(*limits)(shot.maps[f"field.{field}"]))[..., :3]
        image = np.kron(behind, np.ones((grid.zoom, grid.zoom, 1)))
        body = max(1, grid.zoom - 1) if grid.zoom > 2 else grid.zoom
        for code, name in enumerate(types):
            rows = np.flatnonzero(shot.cells["type"] == code)
            if not rows.size:
                continue
            y, x = shot.cells["y"][rows], shot.cells["x"][rows]
            if layers[name] == "tissue":
                for i in range(body):
                    for j in range(body):
                        image[y * grid.zoom + i, x * grid.zoom + j] = colors[name]
        grid.show(axes, image)
        if field == "oxygen":
            draw_outline(axes, shot.maps["field.oxygen"] < HYPOXIC_MMHG, "#1a1a1a")
        draw_vessels(axes, shot)
        for code, name in enumerate(types):
            if layers[name] == "leukocyte":
                rows = np.flatnonzero(shot.cells["type"] == code)
                axes.scatter(
                    shot.cells["x"][rows], shot.cells["y"][rows], s=(grid.zoom * 72 / 150 * 1.25) ** 2,
                    c=[colors[name]], edgecolors="white", linewidths=0.35, zorder=4,
                )  # fmt: skip
        tumor = int(np.count_nonzero(shot.cells["type"] == types.index("tumor"))) if "tumor" in types else 0
        label(axes, f"{compact(tumor)} tumor cells")
    return grid.save(path)


def legend(catalogue: Catalogue, present: set[str], field: str) -> list[Line2D]:
    """A key for each cell type that occurs, and for vessels."""
    handles = [
        key(cell.label, cell.color, "o" if cell.layer == "leukocyte" else "s")
        for name, cell in catalogue.cells.items()
        if name in present and cell.layer != "vessel"
    ]
    handles += [Line2D([], [], color=PERFUSED, marker="o", ms=3, lw=1.4, label="perfused vessel")]
    handles += [Line2D([], [], color=CLOSED, marker="o", ms=3, mfc="white", lw=1.0, label="vessel without flow")]
    if field == "oxygen":
        handles += [Line2D([], [], color="#1a1a1a", lw=0.8, ls=(0, (3, 1.5)), label=f"{HYPOXIC_MMHG:g} mmHg oxygen")]
    return handles


def draw_field(result: Result, path: Path, field: str = "oxygen", replicate: int | None = None) -> Path:
    """One field in its own color map, with perfused vessels and the edge of the tumor."""
    shots = Shots(result, replicate)
    entry = result.scenario.catalogue.fields[field]
    limits = shots.limits(field)
    handles = [
        Line2D([], [], color="black", lw=1.0, label="edge of the tumor"),
        Line2D([], [], color=PERFUSED, marker="o", ms=3, lw=1.4, label="perfused vessel"),
    ]
    title = words(entry.label)[:1].upper() + words(entry.label)[1:]
    grid = Grid(shots, title, handles, entry.color_map, limits, f"{entry.label} ({entry.unit})")
    for axes, shot in grid.panels():
        values = shot.maps[f"field.{field}"]
        grid.show(axes, values, cmap=entry.color_map, vmin=limits[0], vmax=limits[1])
        draw_vessels(axes, shot, closed=False)
        draw_outline(axes, tumor_region(shot), "white", width=2.0, solid=True)
        draw_outline(axes, tumor_region(shot), "black", width=0.9, solid=True)
        inside = values[tumor_region(shot)]
        if inside.size:
            label(axes, f"mean in the tumor {compact(float(inside.mean()))} {entry.unit}")
    return grid.save(path)


def tumor_region(shot: Snapshot) -> np.ndarray:
    """Sites around which a third of the sites hold tumor or necrosis, as in the observables."""
    types = [str(name) for name in shot.cells["types"]]
    held = np.zeros(shot.maps["vessels.perfused"].shape, bool)
    rows = np.isin(shot.cells["type"], [types.index(name) for name in ("tumor", "necrotic") if name in types])
    held[shot.cells["y"][rows], shot.cells["x"][rows]] = True
    return around(held, max(1, round(30 / float(shot.maps["spacing_um"])))) >= 1 / 3


def draw_outline(axes: Axes, mask: np.ndarray, color: str, width: float = 0.8, solid: bool = False) -> None:
    if mask.any() and not mask.all():
        smooth = around(mask, 1)
        axes.contour(smooth, [0.5], colors=[color], linewidths=width, linestyles=["-" if solid else (0, (3, 1.5))])


def draw_vessels(axes: Axes, shot: Snapshot, closed: bool = True) -> None:
    """Links between segments as lines, lone capillaries as dots; red where blood flows."""
    links, perfused = shot.maps["vessels.links"], shot.maps["vessels.perfused"].astype(bool)
    ny, nx = links.shape
    for flow in (False, True) if closed else (True,):
        lines = []
        for bit, (dy, dx) in enumerate(DIRECTIONS):
            y, x = np.nonzero(links & (1 << bit))
            inside = (y + dy >= 0) & (y + dy < ny) & (x + dx >= 0) & (x + dx < nx)
            y, x = y[inside], x[inside]
            chosen = (perfused[y, x] & perfused[y + dy, x + dx]) == flow
            y, x = y[chosen], x[chosen]
            lines.append(np.stack([np.stack([x, y], 1), np.stack([x + dx, y + dy], 1)], 1))
        color, width = (PERFUSED, 1.3) if flow else (CLOSED, 0.9)
        axes.add_collection(LineCollection(list(np.concatenate(lines)), colors=color, linewidths=width, zorder=3))
        y, x = np.nonzero(shot.maps["vessels.root"].astype(bool) & (perfused == flow))
        axes.scatter(
            x, y, s=3 if flow else 2.4, c=color if flow else "white", edgecolors=color, linewidths=0.4, zorder=3
        )


def label(axes: Axes, text: str) -> None:
    box = {"facecolor": "white", "alpha": 0.82, "edgecolor": "none", "pad": 1.6}
    axes.text(0.985, 0.985, text, transform=axes.transAxes, ha="right", va="top", fontsize=SMALL, color=INK, bbox=box,
              zorder=6)  # fmt: skip


def key(name: str, color: str, marker: str) -> Line2D:
    edge = "white" if marker == "o" else "#999999"
    return Line2D([], [], ls="", marker=marker, ms=6.5, mfc=color, mec=edge, mew=0.4, label=name)
