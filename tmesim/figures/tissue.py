"""Pictures of the tissue: an arm a row, a day a column; cells and vessels over oxygen, or one field by itself."""

from __future__ import annotations

import textwrap
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from matplotlib.collections import LineCollection
from matplotlib.colors import LinearSegmentedColormap, Normalize, to_rgb
from matplotlib.lines import Line2D

from tmesim.figures.style import FAINT, INK, LABEL, SMALL, TITLE, Sheet
from tmesim.observables import HYPOXIC_MMHG, around
from tmesim.statistics import compact, words

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from tmesim.result import Result, Snapshot

PANEL = 400  # pixels a side, about
GAP, MARGIN = 14, 26
DIRECTIONS = ((0, 1), (-1, 1), (-1, 0), (-1, -1))  # E, NE, N, NW as (dy, dx); the other four are the same links
PERFUSED, CLOSED = "#B2182B", "#8c8c8c"
BEHIND = LinearSegmentedColormap.from_list("behind", ["#7d93ab", "#c3d0dc", "#f1f5f8", "#ffffff"])
"""Pale, so that cells stand out: blue-gray without oxygen, white with plenty."""


def draw_tissue(result: Result, path: Path, field: str = "oxygen", replicate: int | None = None) -> Path:
    """Cells over a field (where sites are free), vessels, and a line around the hypoxic region."""
    grid = Grid(result, replicate, legend=126)
    catalogue = result.scenario.catalogue
    colors = {name: to_rgb(cell.color) for name, cell in catalogue.cells.items()}
    layers = {name: cell.layer for name, cell in catalogue.cells.items()}
    limits = grid.limits(field)
    unit = catalogue.fields[field].unit
    present: set[str] = set()
    for axes, shot in grid.panels():
        types = [str(name) for name in shot.cells["types"]]
        behind = BEHIND(Normalize(*limits)(shot.maps[f"field.{field}"]))[..., :3]
        image = np.kron(behind, np.ones((grid.zoom, grid.zoom, 1)))
        body = max(1, grid.zoom - 1) if grid.zoom > 2 else grid.zoom
        for code, name in enumerate(types):
            rows = np.flatnonzero(shot.cells["type"] == code)
            if not rows.size:
                continue
            present.add(name)
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
    handles = [
        key(cell.label, cell.color, "o" if cell.layer == "leukocyte" else "s")
        for name, cell in catalogue.cells.items()
        if name in present and cell.layer != "vessel"
    ]
    handles += [Line2D([], [], color=PERFUSED, marker="o", ms=3, lw=1.4, label="perfused vessel")]
    handles += [Line2D([], [], color=CLOSED, marker="o", ms=3, mfc="white", lw=1.0, label="vessel without flow")]
    if field == "oxygen":
        handles += [Line2D([], [], color="#1a1a1a", lw=0.8, ls=(0, (3, 1.5)), label=f"{HYPOXIC_MMHG:g} mmHg oxygen")]
    grid.legend(handles)
    grid.colorbar(BEHIND, limits, f"{catalogue.fields[field].label} ({unit})")
    return grid.finish(path, "Tissue")


def draw_field(result: Result, path: Path, field: str = "oxygen", replicate: int | None = None) -> Path:
    """One field in its own color map, with perfused vessels and the edge of the tumor."""
    grid = Grid(result, replicate, legend=90)
    entry = result.scenario.catalogue.fields[field]
    limits = grid.limits(field)
    for axes, shot in grid.panels():
        values = shot.maps[f"field.{field}"]
        grid.show(axes, values, cmap=entry.color_map, vmin=limits[0], vmax=limits[1])
        draw_vessels(axes, shot, closed=False)
        draw_outline(axes, tumor_region(shot), "white", width=2.0, solid=True)
        draw_outline(axes, tumor_region(shot), "black", width=0.9, solid=True)
        inside = values[tumor_region(shot)]
        if inside.size:
            label(axes, f"mean in the tumor {compact(float(inside.mean()))} {entry.unit}")
    grid.legend(
        [
            Line2D([], [], color="black", lw=1.0, label="edge of the tumor"),
            Line2D([], [], color=PERFUSED, marker="o", ms=3, lw=1.4, label="perfused vessel"),
        ]
    )
    grid.colorbar(entry.color_map, limits, f"{entry.label} ({entry.unit})")
    return grid.finish(path, words(entry.label).capitalize())


class Grid:
    """Panels of arms × days on a sheet, each site a whole number of pixels."""

    def __init__(self, result: Result, replicate: int | None, legend: int) -> None:
        self.result = result
        self.replicate = representative(result) if replicate is None else replicate
        self.days = spread(result.snapshot_days, 4)
        self.arms = result.arms
        self.shots = {(a, d): result.snapshot(d, a, self.replicate) for a in self.arms for d in self.days}
        first = next(iter(self.shots.values()))
        self.spacing = float(first.maps["spacing_um"])
        self.ny, self.nx = first.maps["vessels.perfused"].shape
        self.zoom = max(1, round(PANEL / max(self.nx, self.ny)))
        self.w, self.h = self.nx * self.zoom, self.ny * self.zoom
        self.left, self.top = MARGIN + (26 if max(map(len, result.arms)) <= 24 else 50), 112
        columns, rows = len(self.days), len(self.arms)
        self.under = self.top + rows * (self.h + GAP) + 14
        width = max(self.left + columns * (self.w + GAP) + MARGIN - GAP, 900)
        self.sheet = Sheet(width, self.under + legend)

    def limits(self, field: str) -> tuple[float, float]:
        """One color scale for all panels: from 0 to what 99.5 % of the sites stay below."""
        values = np.concatenate([shot.maps[f"field.{field}"].ravel() for shot in self.shots.values()])
        return 0.0, float(np.quantile(values, 0.995)) or 1.0

    def panels(self) -> Any:
        for i, arm in enumerate(self.arms):
            top = self.top + i * (self.h + GAP)
            name = "\n".join(textwrap.wrap(words(arm), 24))
            self.sheet.text(self.left - 10, top + self.h / 2, name, TITLE, align="right", vertical="center",
                            rotation=90, weight="bold")  # fmt: skip
            for j, day in enumerate(self.days):
                left = self.left + j * (self.w + GAP)
                if i == 0:
                    self.sheet.text(left, self.top - 24, f"day {day:g}", TITLE, weight="bold")
                axes = self.sheet.axes(left, top, self.w, self.h)
                yield axes, self.shots[arm, day]
                for spine in axes.spines.values():
                    spine.set_visible(True)
                axes.set(xticks=[], yticks=[], xlim=(-0.5, self.nx - 0.5), ylim=(self.ny - 0.5, -0.5))
                if i == len(self.arms) - 1 and j == 0:
                    scale_bar(axes, self.spacing, self.nx, self.ny)

    def show(self, axes: Axes, image: np.ndarray, **options: Any) -> None:
        axes.imshow(image, extent=(-0.5, self.nx - 0.5, self.ny - 0.5, -0.5), interpolation="nearest", **options)

    def legend(self, handles: Sequence[Line2D]) -> None:
        # A bar of the color map stands on the right of the last 300 pixels.
        columns = max(1, min(len(handles), (self.sheet.width - self.left - 340) // 235))
        self.sheet.figure.legend(
            handles=list(handles), loc="upper left", ncols=columns, fontsize=LABEL, frameon=False, borderaxespad=0,
            bbox_to_anchor=((self.left - 4) / self.sheet.width, 1 - self.under / self.sheet.height),
            handletextpad=0.5, columnspacing=1.4, labelspacing=0.45, labelcolor=INK,
        )  # fmt: skip

    def colorbar(self, color_map: Any, limits: tuple[float, float], title: str) -> None:
        from matplotlib.cm import ScalarMappable

        width = 270
        left = self.sheet.width - MARGIN - width
        axes = self.sheet.axes(left, self.under + 26, width, 14)
        bar = self.sheet.figure.colorbar(
            ScalarMappable(Normalize(*limits), color_map), cax=axes, orientation="horizontal", extend="max"
        )
        bar.ax.tick_params(labelsize=SMALL, colors=INK, length=2.5, width=0.6)
        bar.outline.set_linewidth(0.5)
        self.sheet.text(left, self.under, title, LABEL)

    def finish(self, path: Path, title: str) -> Path:
        scenario, r = self.result.scenario, self.replicate
        n = self.result.replicates
        which = f"n = {n} replicates; shown is replicate {r}, whose final tumor burden is nearest to the median"
        which = which if n > 1 else "one replicate"
        size = f"{self.nx * self.spacing / 1000:g} × {self.ny * self.spacing / 1000:g} mm"
        self.sheet.text(self.left, 20, f"{title}: {words(scenario.name)}", 14, weight="bold")
        self.sheet.text(self.left, 52, f"{size}, {scenario.host} · {which}", LABEL, color=FAINT)
        return self.sheet.save(path)


def representative(result: Result) -> int:
    """The replicate whose final tumor burdens lie nearest to the medians of the arms (in relative terms)."""
    distance = np.zeros(result.replicates)
    for arm in result.arms:
        final = result.series("tumor_burden", arm)[1][:, -1]
        distance += np.abs(np.log1p(final) - np.median(np.log1p(final)))
    return int(np.argmin(distance))


def spread(days: Sequence[float], most: int) -> list[float]:
    """At most so many of the days, the first and the last among them, evenly between."""
    if len(days) <= most:
        return list(days)
    return [days[round(i)] for i in np.linspace(0, len(days) - 1, most)]


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


def scale_bar(axes: Axes, spacing: float, nx: int, ny: int) -> None:
    length = next(um for um in (2000, 1000, 500, 200, 100, 50) if um / spacing < nx / 3 or um == 50)
    y, x = ny - 1.5 - ny * 0.03, nx * 0.04
    box = {"facecolor": "white", "alpha": 0.82, "edgecolor": "none", "pad": 1.2}
    axes.plot([x, x + length / spacing], [y, y], color="white", lw=4.4, solid_capstyle="butt", zorder=6)
    axes.plot([x, x + length / spacing], [y, y], color="black", lw=2.4, solid_capstyle="butt", zorder=7)
    axes.text(x + length / spacing / 2, y - ny * 0.02, f"{length} µm", ha="center", va="bottom", fontsize=SMALL,
              color="black", bbox=box, zorder=6)  # fmt: skip


def key(name: str, color: str, marker: str) -> Line2D:
    edge = "white" if marker == "o" else "#999999"
    return Line2D([], [], ls="", marker=marker, ms=6.5, mfc=color, mec=edge, mew=0.4, label=name)
