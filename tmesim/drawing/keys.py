"""Keys of legends, and lines around regions of a tissue, as they are in every picture."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from matplotlib.lines import Line2D
from matplotlib.patheffects import Normal, Stroke

from tmesim.drawing.palette import CASING, CLOSED, FRAME, OUTLINE, PERFUSED
from tmesim.section import OUTLINE as OUTLINED_AT

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from tmesim.catalogue import Catalogue
    from tmesim.section import Section

DASHED = (0, (3, 1.5))


def cell_keys(catalogue: Catalogue, present: Iterable[str], label: Callable[[str], str]) -> list[Line2D]:
    """A key for each cell type that occurs, tissue cells first. label : what is said of a type."""
    found = set(present)
    return [
        cell_key(label(name), cell.color, "o" if layer == "leukocyte" else "s")
        for layer in ("tissue", "leukocyte")
        for name, cell in catalogue.cells.items()
        if name in found and cell.layer == layer
    ]


def cell_key(label: str, color: str, marker: str) -> Line2D:
    edge = "white" if marker == "o" else FRAME
    return Line2D([], [], ls="", marker=marker, ms=6.5, mfc=color, mec=edge, mew=0.4, label=label)


def vessel_keys(shots: Sequence[Section]) -> list[Line2D]:
    """Keys for the vessels that occur."""
    links, flows, alone = (
        np.stack([shot.maps[f"vessels.{name}"] for shot in shots]) for name in ("links", "perfused", "root")
    )
    flows, alone = flows.astype(bool), alone.astype(bool) & (links == 0)
    keys = []
    if ((links != 0) & flows).any():
        keys.append(tube_key("vessel with blood flow", PERFUSED, "white"))
    if (((links != 0) | alone) & ~flows).any():
        keys.append(tube_key("vessel without flow", CLOSED, CASING))
    if alone.any():
        keys.append(Line2D([], [], ls="", marker="o", ms=4.2, mfc="white", mec=PERFUSED, mew=1.1,
                           label="capillary, cut across"))  # fmt: skip
    return keys


def tube_key(label: str, core: str, wall: str) -> Line2D:
    line = Line2D([], [], color=core, lw=2.4, label=label)
    line.set_path_effects([Stroke(linewidth=4.2, foreground=wall), Normal()])
    return line


def outline_key(label: str, dashed: bool = False) -> Line2D:
    return Line2D([], [], color=OUTLINE, lw=1.0, ls=DASHED if dashed else "-", label=label)


def outline(axes: Axes, edge: np.ndarray, dashed: bool = False) -> list[Any]:
    """Draw the outline of a region, as `Section.edge` is one, on axes whose unit is a site; what was drawn."""
    if not edge.min() < OUTLINED_AT < edge.max():
        return []
    return [
        axes.contour(edge, [OUTLINED_AT], colors=[color], linewidths=[width], linestyles=[style], zorder=5)
        for color, width, style in (("white", 2.0, "-"), (OUTLINE, 1.0, DASHED if dashed else "-"))
    ]
