"""Pictures of the tissue: an arm a row, a day a column; cells and vessels over oxygen, or one field by itself."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from matplotlib.collections import LineCollection
from matplotlib.colors import LinearSegmentedColormap, Normalize, to_rgb
from matplotlib.lines import Line2D

from tmesim.figures.grid import Grid, Shots, corner
from tmesim.figures.style import CASING, CLOSED, DPI, PERFUSED, literal, save
from tmesim.kernels.arrays import ALONG_X, ALONG_Y
from tmesim.observables import HYPOXIC_MMHG
from tmesim.section import OUTLINE, outline
from tmesim.statistics import compact, words

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    from tmesim.catalogue import Catalogue
    from tmesim.result import Result
    from tmesim.section import Section

BEHIND = LinearSegmentedColormap.from_list("behind", ["#7E9FB2", "#C3D3DD", "#F1F5F8", "#FFFFFF"])
"""Pale, so that cells stand out: blue-gray without oxygen, white with plenty."""
EDGE = 0.35
"""How far the line between two cells is on its way from their color to white."""
BORDER = "#1a1a1a"


def draw_tissue(
    result: Result, path: Path, field: str = "oxygen", replicate: int | None = None,
    days: Sequence[float] | None = None, arms: Sequence[str] | None = None,
) -> Path:  # fmt: skip
    """Cells over a field (where sites are free), vessels, and a line around the hypoxic region."""
    return save(tissue_figure(result, field, replicate, days, arms), path)


def tissue_figure(
    result: Result, field: str = "oxygen", replicate: int | None = None, days: Sequence[float] | None = None,
    arms: Sequence[str] | None = None, narrow: bool = False,
) -> Figure:  # fmt: skip
    """As `draw_tissue`, but not yet a file. Cells stand on bare ground where a scenario has dropped oxygen."""
    shots = Shots(result, replicate, days, arms)
    catalogue = result.scenario.catalogue
    colors = {name: to_rgb(cell.color) for name, cell in catalogue.cells.items()}
    layers = {name: cell.layer for name, cell in catalogue.cells.items()}
    bar = None
    if field != "oxygen" or field in catalogue.fields:
        limits, entry = shots.limits(field), catalogue.fields[field]
        bar = (BEHIND, limits, f"{entry.label} ({entry.unit})")
    grid = Grid(shots, "Tissue", legend(catalogue, shots, field), bar, narrow)
    for axes, shot in grid.panels():
        types = shot.types
        ground = np.full((*shots.shape, 3), 255, np.uint8)
        if bar:
            ground = BEHIND(Normalize(*limits)(shot.maps[f"field.{field}"]), bytes=True)[..., :3]
        bodies = np.array([colors[name] for name in types]) * 255
        layer = np.array([layers[name] for name in types])[shot.cells["type"]]
        rows = np.flatnonzero(layer == "tissue")
        grid.show(axes, bricks(ground, shot.cells["y"][rows], shot.cells["x"][rows],
                               bodies[shot.cells["type"][rows]], grid.zoom))  # fmt: skip
        if bar and field == "oxygen":
            hypoxic = outline(shot.maps["field.oxygen"] < HYPOXIC_MMHG)
            draw_outline(axes, hypoxic, "white", width=2.0, solid=True)
            draw_outline(axes, hypoxic, BORDER, width=1.0)
        draw_vessels(axes, shot, site=grid.zoom * 72 / DPI)
        rows = np.flatnonzero(layer == "leukocyte")
        axes.scatter(
            shot.cells["x"][rows], shot.cells["y"][rows], s=(grid.zoom * 72 / DPI * 1.25) ** 2,
            c=bodies[shot.cells["type"][rows]] / 255, edgecolors="white", linewidths=0.35, zorder=4,
        )  # fmt: skip
        tumor = shot.count("tumor")
        corner(axes, f"{compact(tumor)} tumor cell{'s' * (tumor != 1)}", "right")
    return literal(grid.figure)


def bricks(ground: np.ndarray, y: np.ndarray, x: np.ndarray, colors: np.ndarray, zoom: int) -> np.ndarray:
    """Cells as filled sites with pale lines between them, on a ground (ny, nx, 3), each site `zoom` pixels wide."""
    body, edge = ground.copy(), ground.copy()
    body[y, x] = colors
    edge[y, x] = colors + EDGE * (255 - colors)
    image = body.repeat(zoom, 0).repeat(zoom, 1)
    if zoom >= 4:
        image[zoom - 1 :: zoom] = edge.repeat(zoom, 1)
        image[:, zoom - 1 :: zoom] = edge.repeat(zoom, 0)
    return image


def legend(catalogue: Catalogue, shots: Shots, field: str) -> list[Line2D]:
    """A key for each cell type that occurs, and for vessels."""
    present = shots.types()
    handles = [
        key(cell.label, cell.color, "o" if cell.layer == "leukocyte" else "s")
        for layer in ("tissue", "leukocyte")
        for name, cell in catalogue.cells.items()
        if name in present and cell.layer == layer
    ]
    handles += tubes(shots)
    if field == "oxygen" and any(
        f"field.{field}" in shot.maps and (shot.maps[f"field.{field}"] < HYPOXIC_MMHG).any()
        for shot in shots.at.values()
    ):
        label = f"around less than {HYPOXIC_MMHG:g} mmHg oxygen"
        handles += [Line2D([], [], color=BORDER, lw=1.0, ls=(0, (3, 1.5)), label=label)]
    return handles


def tubes(shots: Shots, closed: bool = True) -> list[Line2D]:
    """Keys for the vessels that occur."""
    links, flows, alone = (
        np.stack([shot.maps[f"vessels.{name}"] for shot in shots.at.values()]) for name in ("links", "perfused", "root")
    )
    flows, alone = flows.astype(bool), alone.astype(bool) & (links == 0)
    keys = []
    if ((links != 0) & flows).any():
        keys.append(tube("vessel with blood flow", PERFUSED, "white"))
    if closed and (((links != 0) | alone) & ~flows).any():
        keys.append(tube("vessel without flow", CLOSED, CASING))
    if alone.any():
        keys.append(Line2D([], [], ls="", marker="o", ms=4.2, mfc="white", mec=PERFUSED, mew=1.1,
                           label="capillary, cut across"))  # fmt: skip
    return keys


def tube(label: str, core: str, wall: str) -> Line2D:
    from matplotlib.patheffects import Normal, Stroke

    line = Line2D([], [], color=core, lw=2.4, label=label)
    line.set_path_effects([Stroke(linewidth=4.2, foreground=wall), Normal()])
    return line


def draw_field(
    result: Result, path: Path, field: str = "oxygen", replicate: int | None = None,
    days: Sequence[float] | None = None, arms: Sequence[str] | None = None,
) -> Path:  # fmt: skip
    """One field in its own color map, with perfused vessels and the edge of the tumor."""
    return save(field_figure(result, field, replicate, days, arms), path)


def field_figure(
    result: Result, field: str = "oxygen", replicate: int | None = None, days: Sequence[float] | None = None,
    arms: Sequence[str] | None = None,
) -> Figure:  # fmt: skip
    """As `draw_field`, but not yet a file."""
    shots = Shots(result, replicate, days, arms)
    entry = result.scenario.catalogue.fields[field]
    limits = shots.limits(field)
    handles = [Line2D([], [], color="black", lw=1.0, label="edge of the tumor"), *tubes(shots, closed=False)]
    title = words(entry.label)[:1].upper() + words(entry.label)[1:]
    grid = Grid(shots, title, handles, (entry.color_map, limits, f"{entry.label} ({entry.unit})"))
    for axes, shot in grid.panels():
        values = shot.maps[f"field.{field}"]
        grid.show(axes, values, cmap=entry.color_map, vmin=limits[0], vmax=limits[1])
        draw_vessels(axes, shot, closed=False, site=grid.zoom * 72 / DPI)
        draw_outline(axes, shot.edge, "white", width=2.0, solid=True)
        draw_outline(axes, shot.edge, "black", width=0.9, solid=True)
        if shot.region.any():
            corner(axes, f"mean in the tumor {compact(float(values[shot.region].mean()))} {entry.unit}", "right")
        else:
            corner(axes, "no tumor left", "right")
    return literal(grid.figure)


def draw_outline(axes: Axes, smooth: np.ndarray, color: str, width: float = 0.8, solid: bool = False) -> None:
    """A line around what `section.outline` has smoothed."""
    if smooth.min() < OUTLINE < smooth.max():
        style = "-" if solid else (0, (3, 1.5))
        axes.contour(smooth, [OUTLINE], colors=[color], linewidths=width, linestyles=[style], zorder=5)


def draw_vessels(axes: Axes, shot: Section, closed: bool = True, site: float = 2.0) -> None:
    """Linked segments as tubes, capillaries that cross the plane as rings. site : its width in points."""
    links, perfused = shot.maps["vessels.links"], shot.maps["vessels.perfused"].astype(bool)
    courses = vessel_courses(links, perfused)
    for flow in (False, True) if closed else (True,):
        wall, core = ("white", PERFUSED) if flow else (CASING, CLOSED)
        for color, width in ((wall, 1.3 if flow else 0.95), (core, 0.72 if flow else 0.5)):
            axes.add_collection(
                LineCollection(courses[flow], colors=color, linewidths=width * site, capstyle="round", zorder=3)
            )
        y, x = np.nonzero(shot.maps["vessels.root"].astype(bool) & (perfused == flow) & (links == 0))
        axes.scatter(
            x, y, s=max(0.65 * site, 2.0) ** 2, c="white", edgecolors=core if flow else wall,
            linewidths=max(0.2 * site, 0.7), zorder=3,
        )  # fmt: skip


def vessel_courses(links: np.ndarray, perfused: np.ndarray) -> dict[bool, list[np.ndarray]]:
    """Lines (n, 2) of (x, y) along the vessels, with flow (True) and without.

    At a segment with two links of a kind the line bends from the middle of one to the middle of the other, so that a
    vessel winds instead of turning by corners; at ends and forks straight halves of links meet.
    """
    bend = np.linspace(0.0, 1.0, 6)[:, None]
    courses: dict[bool, list[np.ndarray]] = {True: [], False: []}
    for y, x in np.argwhere(links > 0).tolist():
        here = np.array([x, y], float)
        halves: dict[bool, list[np.ndarray]] = {True: [], False: []}
        for bit, (dy, dx) in enumerate(zip(ALONG_Y, ALONG_X, strict=True)):
            v, u = y + dy, x + dx
            if links[y, x] >> bit & 1 and 0 <= v < links.shape[0] and 0 <= u < links.shape[1]:
                halves[bool(perfused[y, x] and perfused[v, u])].append(here + np.array([dx, dy]) / 2)
        for flow, middles in halves.items():
            if len(middles) == 2:
                first, second = middles
                courses[flow].append((1 - bend) ** 2 * first + 2 * bend * (1 - bend) * here + bend**2 * second)
            else:
                courses[flow] += [np.stack([middle, here]) for middle in middles]
    return courses


def key(name: str, color: str, marker: str) -> Line2D:
    edge = "white" if marker == "o" else "#999999"
    return Line2D([], [], ls="", marker=marker, ms=6.5, mfc=color, mec=edge, mew=0.4, label=name)
