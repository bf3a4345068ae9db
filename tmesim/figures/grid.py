"""The frame of tissue pictures: snapshots of arms × days on a sheet where each site is a whole number of pixels."""

from __future__ import annotations

import textwrap
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from matplotlib.colors import Normalize
from matplotlib.lines import Line2D

from tmesim.figures.style import FAINT, INK, LABEL, SMALL, TITLE, Sheet
from tmesim.statistics import words

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from tmesim.result import Result, Snapshot

PANEL = 400  # pixels a side, about
GAP, MARGIN = 14, 26
BAR, ENTRY, LINE = 270, 255, 28  # widths of the color bar and of a legend entry, height of a legend line; pixels
NARROWEST = 1100


class Shots:
    """The snapshots that a picture shows: every arm, at most four days, one replicate."""

    def __init__(self, result: Result, replicate: int | None) -> None:
        self.result = result
        self.replicate = representative(result) if replicate is None else replicate
        self.days = spread(result.snapshot_days, 4)
        self.arms = result.arms
        self.at: dict[tuple[str, float], Snapshot] = {
            (arm, day): result.snapshot(day, arm, self.replicate) for arm in self.arms for day in self.days
        }
        first = next(iter(self.at.values()))
        self.spacing = float(first.maps["spacing_um"])
        self.shape: tuple[int, int] = first.maps["vessels.perfused"].shape

    def types(self) -> set[str]:
        """Cell types that occur."""
        return {str(s.cells["types"][code]) for s in self.at.values() for code in np.unique(s.cells["type"])}

    def limits(self, field: str) -> tuple[float, float]:
        """One color scale for all panels: from 0 to what 99.5 % of the sites stay below."""
        values = np.concatenate([shot.maps[f"field.{field}"].ravel() for shot in self.at.values()])
        return 0.0, float(np.quantile(values, 0.995)) or 1.0


class Grid:
    """Panels, title, legend and color bar around shots."""

    def __init__(self, shots: Shots, title: str, handles: Sequence[Line2D], color_map: Any, limits: tuple[float, float],
                 unit: str) -> None:  # fmt: skip
        self.shots = shots
        self.ny, self.nx = shots.shape
        self.zoom = max(1, round(PANEL / max(self.nx, self.ny)))
        self.w, self.h = self.nx * self.zoom, self.ny * self.zoom
        self.left = MARGIN + (26 if max(map(len, shots.arms)) <= 24 else 50)
        width = max(self.left + len(shots.days) * (self.w + GAP) + MARGIN - GAP, NARROWEST)
        columns = max(1, min(len(handles), (width - self.left - BAR - 2 * MARGIN) // ENTRY))
        scenario, n = shots.result.scenario, shots.result.replicates
        which = f"shown is replicate {shots.replicate}, whose final tumor burden is nearest to the median"
        about = f"{self.nx * shots.spacing / 1000:g} × {self.ny * shots.spacing / 1000:g} mm, {scenario.host} · "
        about += f"n = {n} replicates; {which}" if n > 1 else "one replicate"
        self.top = 112
        under = self.top + len(shots.arms) * (self.h + GAP) + 14
        self.sheet = Sheet(width, under + max(-(-len(handles) // columns) * LINE, 66) + 24)
        self.sheet.text(self.left, 20, f"{title}: {words(scenario.name)}", 14, weight="bold")
        self.sheet.text(self.left, 52, about, LABEL, color=FAINT)
        self.sheet.figure.legend(
            handles=list(handles), loc="upper left", ncols=columns, fontsize=LABEL, frameon=False, borderaxespad=0,
            bbox_to_anchor=((self.left - 4) / width, 1 - under / self.sheet.height),
            handletextpad=0.5, columnspacing=1.4, labelspacing=0.45, labelcolor=INK,
        )  # fmt: skip
        self._color_bar(width - MARGIN - BAR, under, color_map, limits, unit)

    def _color_bar(self, left: float, top: float, color_map: Any, limits: tuple[float, float], unit: str) -> None:
        from matplotlib.cm import ScalarMappable

        axes = self.sheet.axes(left, top + 26, BAR, 14)
        bar = self.sheet.figure.colorbar(
            ScalarMappable(Normalize(*limits), color_map), cax=axes, orientation="horizontal", extend="max"
        )
        bar.ax.tick_params(labelsize=SMALL, colors=INK, length=2.5, width=0.6)
        bar.outline.set_linewidth(0.5)
        self.sheet.text(left, top, unit, LABEL)

    def panels(self) -> Iterator[tuple[Axes, Snapshot]]:
        """An arm a row, a day a column; whoever iterates draws into the axes."""
        for i, arm in enumerate(self.shots.arms):
            top = self.top + i * (self.h + GAP)
            name = "\n".join(textwrap.wrap(words(arm), 24))
            self.sheet.text(self.left - 10, top + self.h / 2, name, TITLE, align="right", vertical="center",
                            rotation=90, weight="bold")  # fmt: skip
            for j, day in enumerate(self.shots.days):
                left = self.left + j * (self.w + GAP)
                if i == 0:
                    self.sheet.text(left, self.top - 24, f"day {day:g}", TITLE, weight="bold")
                axes = self.sheet.axes(left, top, self.w, self.h)
                yield axes, self.shots.at[arm, day]
                for spine in axes.spines.values():
                    spine.set_visible(True)
                axes.set(xticks=[], yticks=[], xlim=(-0.5, self.nx - 0.5), ylim=(self.ny - 0.5, -0.5))
                if i == len(self.shots.arms) - 1 and j == 0:
                    scale_bar(axes, self.shots.spacing, self.nx, self.ny)

    def show(self, axes: Axes, image: np.ndarray, **options: Any) -> None:
        axes.imshow(image, extent=(-0.5, self.nx - 0.5, self.ny - 0.5, -0.5), interpolation="nearest", **options)

    def save(self, path: Path) -> Path:
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


def scale_bar(axes: Axes, spacing: float, nx: int, ny: int) -> None:
    length = next(um for um in (2000, 1000, 500, 200, 100, 50) if um / spacing < nx / 3 or um == 50)
    y, x = ny - 1.5 - ny * 0.03, nx * 0.04
    box = {"facecolor": "white", "alpha": 0.82, "edgecolor": "none", "pad": 1.2}
    axes.plot([x, x + length / spacing], [y, y], color="white", lw=4.4, solid_capstyle="butt", zorder=6)
    axes.plot([x, x + length / spacing], [y, y], color="black", lw=2.4, solid_capstyle="butt", zorder=7)
    axes.text(x + length / spacing / 2, y - ny * 0.02, f"{length} µm", ha="center", va="bottom", fontsize=SMALL,
              color="black", bbox=box, zorder=6)  # fmt: skip
