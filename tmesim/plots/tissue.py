"""Tissues side by side as a matplotlib figure whose pixels can be replaced, so that a slider need not draw it anew."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.cm import ScalarMappable
from matplotlib.colors import Normalize
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patheffects import withStroke

from tmesim.catalogue.compile import drug_field
from tmesim.figures.style import CLOSED, FAINT, INK, PERFUSED, legend_on, literal
from tmesim.figures.tissue import BEHIND
from tmesim.plots.panel import casing, field_of, paint, scale_end, zoom_for
from tmesim.plots.picture import SCREEN_DPI, Drawing
from tmesim.section import OUTLINE
from tmesim.statistics import compact, words
from tmesim.text import line, shortened

if TYPE_CHECKING:
    from tmesim.catalogue import Catalogue
    from tmesim.section import Section

# Pixels of a screen: title, legend, between columns, between rows, below.
HEAD, SIDE, GAP, BETWEEN, FOOT = 50, 215, 14, 30, 12
LETTER = 6.1  # of a panel's title


class View(NamedTuple):
    """A snapshot and what stands over it."""

    title: str
    shot: Section


class TissuePicture(Drawing):
    """Rows of views with one legend and one scale of color.

    field : what is shown behind the cells (oxygen, pale); when one is named, it is shown by itself, in its own colors,
        with a line around the tumor, unless `cells` asks for the cells too
    pixels : of a panel's longer side on a screen; the file has twice as many
    """

    def __init__(
        self,
        rows: Sequence[Sequence[View]],
        catalogue: Catalogue,
        title: str = "",
        field: str | None = None,
        cells: bool | None = None,
        pixels: int = 420,
    ) -> None:
        self.catalogue = catalogue
        self.field = field or default_field(rows[0][0].shot)
        self.cells = field is None if cells is None else cells
        self.entry = entry_of(catalogue, self.field, rows[0][0].shot)
        ny, nx = rows[0][0].shot.shape
        self.zoom = zoom_for((ny, nx), 2 * pixels)
        across, down = nx * self.zoom / 2, ny * self.zoom / 2
        columns = max(map(len, rows))
        wide = round(GAP + columns * (across + GAP) + SIDE)
        high = round(max(HEAD + len(rows) * (down + BETWEEN) - BETWEEN + FOOT, 330))
        figure = Figure(figsize=(wide / SCREEN_DPI, high / SCREEN_DPI), dpi=2 * SCREEN_DPI, facecolor="white")
        FigureCanvasAgg(figure)
        self._heading = figure.text(
            GAP / wide, 1 - 6 / high, line(title), fontsize=9.5, weight="bold", color=INK, va="top"
        )
        self._panels = []
        for i, row in enumerate(rows):
            for j in range(len(row)):
                top, left = HEAD + i * (down + BETWEEN), GAP + j * (across + GAP)
                axes = figure.add_axes((left / wide, 1 - (top + down) / high, across / wide, down / high))
                axes.set(xticks=[], yticks=[])
                for spine in axes.spines.values():
                    spine.set(linewidth=0.5, color=FAINT)
                blank = np.zeros((ny * self.zoom, nx * self.zoom, 3), np.uint8)
                image = axes.imshow(blank, extent=(-0.5, nx - 0.5, ny - 0.5, -0.5), interpolation="nearest")
                label = axes.text(0, 1.015, "", transform=axes.transAxes, fontsize=7.5, color=INK, va="bottom")
                self._panels.append((axes, image, label))
        self._beside = (GAP + columns * (across + GAP)) / wide, wide, high
        scale = figure.add_axes((self._beside[0], 1 - (HEAD + 16) / high, 0.62 * SIDE / wide, 10 / high))
        self._scale: Any = ScalarMappable(Normalize(0, 1), BEHIND if self.cells else self.entry[2])
        figure.colorbar(self._scale, cax=scale, orientation="horizontal", extend="max").outline.set_linewidth(0.5)
        scale.tick_params(labelsize=6.5, length=2, width=0.5, colors=INK)
        scale.set_title(
            shortened(line(f"{self.entry[0]} ({self.entry[1]})"), 34), fontsize=7, color=INK, loc="left", pad=4
        )
        super().__init__(figure)
        self._spacing = rows[0][0].shot.spacing_um
        self._scale_bar(nx)
        self._lines: list[Any] = []
        self.show(rows)

    def show(self, rows: Sequence[Sequence[View]], title: str | None = None) -> None:
        """Replace what is shown by other snapshots of tissues of the same size."""
        views = [view for row in rows for view in row]
        shots = [view.shot for view in views]
        high = scale_end(shots, self.field)
        self._scale.set_clim(0, high)
        for drawn in self._lines:
            drawn.remove()
        self._lines = []
        for (axes, image, label), view in zip(self._panels, views, strict=True):
            color_map = "" if self.cells else self.entry[2]
            image.set_data(paint(view.shot, self.catalogue, self.field, high, self.zoom, self.cells, color_map))
            label.set_text(titled(view.title, max(20, int(axes.bbox.width / 2 / LETTER))))
            if not self.cells:
                self._outline(axes, view.shot)
        self._legend(shots)
        if title is not None:
            self._heading.set_text(line(title))
        literal(self.figure)
        self.alt = "; ".join(f"{view.title}: {said(counted(view.shot), self.catalogue)}" for view in views)

    def refresh(self, model: Any, title: str | None = None) -> TissuePicture:
        """Show a model (a TumorModel with a tissue of the same size) as it is now."""
        from tmesim.plots import view_of

        self.show([[view_of(model.body, title)]])
        return self

    def _legend(self, shots: Sequence[Section]) -> None:
        """The cell types that occur, with their numbers where one tissue is shown."""
        totals: Counter[str] = Counter()
        for shot in shots:
            totals.update(counted(shot))
        handles = []
        for name, cell in self.catalogue.cells.items() if self.cells else ():
            if totals[name] and cell.layer != "vessel":
                number = f" ({compact(totals[name])})" if len(shots) == 1 else ""
                marker = "o" if cell.layer == "leukocyte" else "s"
                handles.append(Line2D([], [], ls="", marker=marker, ms=6, mfc=cell.color, mec="#999999", mew=0.3,
                                      label=shortened(line(cell.label), 34) + number))  # fmt: skip
        for color, label in ((PERFUSED, "vessel with flow"), (CLOSED, "vessel without flow")):
            edge = [withStroke(linewidth=2.6, foreground=casing(color))]
            handles.append(Line2D([], [], color=color, lw=1.4, path_effects=edge, label=label))
        if not self.cells:
            handles.append(Line2D([], [], color="black", lw=1.0, label="edge of the tumor"))
        left, wide, high = self._beside
        self._lines.append(legend_on(
            self.figure, handles, loc="upper left", bbox_to_anchor=(left - 6 / wide, 1 - (HEAD + 46) / high),
            fontsize=7, frameon=False, borderaxespad=0, handletextpad=0.5, labelspacing=0.5, labelcolor=INK,
            handlelength=1.3,
        ))  # fmt: skip

    def _outline(self, axes: Any, shot: Section) -> None:
        for color, width in (("white", 2.2), ("black", 1.0)):
            if shot.edge.min() < OUTLINE < shot.edge.max():
                self._lines.append(axes.contour(shot.edge, [OUTLINE], colors=[color], linewidths=[width]))

    def _scale_bar(self, nx: int) -> None:
        axes = self._panels[0][0]
        length = next((um for um in (1000, 500, 200, 100, 50) if um / self._spacing < nx / 3), 50)
        share = length / self._spacing / nx
        axes.plot([0.03, 0.03 + share], [0.03, 0.03], transform=axes.transAxes, color="white", lw=5)
        axes.plot([0.03, 0.03 + share], [0.03, 0.03], transform=axes.transAxes, color="black", lw=2)
        paper = {"facecolor": "white", "alpha": 0.8, "edgecolor": "none", "pad": 1}
        at: dict[str, Any] = {"transform": axes.transAxes, "ha": "center", "bbox": paper}
        axes.text(0.03 + share / 2, 0.05, f"{length} µm", fontsize=6.5, **at)


def default_field(shot: Section) -> str:
    """Oxygen, or the first field of a tissue without it."""
    names = [name.removeprefix("field.") for name in shot.maps if name.startswith("field.")]
    return "oxygen" if "oxygen" in names else names[0]


def entry_of(catalogue: Catalogue, field: str, shot: Section) -> tuple[str, str, str]:
    """Label, unit and color map of a field, a map of the matrix or a drug; KeyError with those there are."""
    field_of(shot, field)
    known: dict[str, Any] = {**catalogue.matrix, **catalogue.fields}
    known |= {drug_field(name): therapy.field for name, therapy in catalogue.therapies.items() if therapy.field}
    entry = known[field]
    return entry.label or words(field), str(entry.unit), entry.color_map


def titled(title: str, most: int) -> str:
    """A title of so many letters at most; of `arm, day` the arm is what is shortened."""
    name, comma, day = line(title).rpartition(", ")
    return shortened(name, most - len(comma + day)) + comma + day if name else shortened(day, most)


def counted(shot: Section) -> Counter[str]:
    """How many cells of each type a snapshot holds."""
    return Counter({name: n for name in shot.types if (n := shot.count(name))})


def said(counts: Counter[str], catalogue: Catalogue) -> str:
    return ", ".join(f"{counts[t]} × {cell.label}" for t, cell in catalogue.cells.items() if counts[t])
