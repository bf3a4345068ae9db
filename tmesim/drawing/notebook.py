"""Tissues side by side for a notebook, as a drawing whose pixels a slider can replace without drawing it anew."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
from matplotlib.cm import ScalarMappable
from matplotlib.colors import Normalize

from tmesim.catalogue.compile import drug_field
from tmesim.drawing import scale_bar
from tmesim.drawing.drawing import SCREEN_DPI, Drawing
from tmesim.drawing.files import literal
from tmesim.drawing.grid import show
from tmesim.drawing.keys import cell_keys, outline, outline_key, vessel_keys
from tmesim.drawing.palette import BEHIND, FAINT, INK
from tmesim.drawing.raster import Painter, field_of, scale_end, zoom_for
from tmesim.drawing.sheet import Sheet, legend_on
from tmesim.section import Section
from tmesim.text import line, shortened
from tmesim.wording import compact, words

if TYPE_CHECKING:
    from tmesim.body import Body
    from tmesim.catalogue import Catalogue

SHARP = 2
"""Pixels of the file to one of the screen."""
HEAD, SIDE, GAP, BETWEEN, FOOT, LOWEST = (SHARP * n for n in (50, 215, 14, 30, 12, 330))
"""Pixels of the file: title, legend, between columns, between rows, below; and the least height."""
LETTER = 6.1 * SHARP
"""Pixels along a letter of a panel's title."""


class View(NamedTuple):
    """A section and what stands over it."""

    title: str
    section: Section


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
        first = rows[0][0].section
        self.catalogue = catalogue
        self.field = field or default_field(first)
        self.cells = field is None if cells is None else cells
        self.label, self.unit, self.color_map = entry_of(catalogue, self.field, first)
        self.shape = first.shape
        self.zoom = zoom_for(first.shape, SHARP * pixels)
        (ny, nx), columns = first.shape, max(map(len, rows))
        down, across = ny * self.zoom, nx * self.zoom
        self._beside = GAP + columns * (across + GAP)
        high = max(HEAD + len(rows) * (down + BETWEEN) - BETWEEN + FOOT, LOWEST)
        sheet = self._sheet = Sheet(self._beside + SIDE, high, SHARP * SCREEN_DPI)
        super().__init__(sheet.figure, line(title))
        self._heading = sheet.text(GAP, 6 * SHARP, self.title, 9.5, weight="bold")
        self._panels = []
        for i, row in enumerate(rows):
            for j in range(len(row)):
                axes = sheet.axes(GAP + j * (across + GAP), HEAD + i * (down + BETWEEN), across, down)
                for spine in axes.spines.values():
                    spine.set(linewidth=0.5, color=FAINT, visible=True)
                image = show(axes, np.zeros((down, across, 3), np.uint8), first.shape)
                axes.set(xticks=[], yticks=[], xlim=(-0.5, nx - 0.5), ylim=(ny - 0.5, -0.5))
                label = axes.text(0, 1.015, "", transform=axes.transAxes, fontsize=7.5, color=INK, va="bottom")
                self._panels.append((axes, image, label))
        scale_bar.on_axes(self._panels[0][0], first.spacing_um, nx, ny)
        self._scale: Any = ScalarMappable(Normalize(0, 1), BEHIND if self.cells else self.color_map)
        self._color_bar()
        self._lines: list[Any] = []
        self.show(rows)

    def show(self, rows: Sequence[Sequence[View]], title: str | None = None) -> None:
        """Replace what is shown by other sections of tissues of the same size."""
        views = [view for row in rows for view in row]
        sections = [view.section for view in views]
        high = scale_end(sections, self.field)
        self._scale.set_clim(0, high)
        for drawn in self._lines:
            drawn.remove()
        self._lines = []
        painter = Painter(self.catalogue, self.field, high, "" if self.cells else self.color_map, self.cells)
        for (axes, image, label), view in zip(self._panels, views, strict=True):
            image.set_data(painter(view.section, self.zoom))
            label.set_text(titled(view.title, max(20, int(axes.bbox.width / LETTER))))
            if not self.cells:
                self._lines += outline(axes, view.section.edge)
        self._legend(sections)
        if title is not None:
            self.title = line(title)
            self._heading.set_text(self.title)
        literal(self.figure)
        self.alt = "; ".join(f"{view.title}: {said(counted(view.section), self.catalogue)}" for view in views)

    def refresh(self, model: Any, title: str | None = None) -> TissuePicture:
        """Show a model (a TumorModel with a tissue of the same size) as it is now."""
        self.show([[view_of(model.body, title)]])
        return self

    def _legend(self, sections: Sequence[Section]) -> None:
        """What occurs, cell types with their numbers where one tissue is shown."""
        totals: Counter[str] = Counter()
        for section in sections:
            totals.update(counted(section))

        def label(name: str) -> str:
            number = f" ({compact(totals[name])})" if len(sections) == 1 else ""
            return shortened(line(self.catalogue.cells[name].label), 34) + number

        keys = cell_keys(self.catalogue, totals, label) if self.cells else [outline_key("edge of the tumor")]
        at = (self._beside - SHARP * 6) / self._sheet.width, 1 - (HEAD + SHARP * 46) / self._sheet.height
        self._lines.append(legend_on(
            self.figure, [*keys, *vessel_keys(sections)], loc="upper left", bbox_to_anchor=at, fontsize=7,
            frameon=False, borderaxespad=0, handletextpad=0.5, labelspacing=0.5, labelcolor=INK, handlelength=1.6,
        ))  # fmt: skip

    def _color_bar(self) -> None:
        axes = self._sheet.axes(self._beside, HEAD + 6 * SHARP, round(0.62 * SIDE), 10 * SHARP)
        self.figure.colorbar(self._scale, cax=axes, orientation="horizontal", extend="max").outline.set_linewidth(0.5)
        axes.tick_params(labelsize=6.5, length=2, width=0.5, colors=INK)
        axes.set_title(shortened(line(f"{self.label} ({self.unit})"), 34), fontsize=7, color=INK, loc="left", pad=4)


def view_of(body: Body, title: str | None = None) -> View:
    """The tissue of a body as it is now."""
    section = Section.of(body.tissue).snapshot()
    return View(title or f"{words(body.arm)}, day {section.day:.3g}", section)


def default_field(section: Section) -> str:
    """Oxygen, or the first field of a tissue without it."""
    names = [name.removeprefix("field.") for name in section.maps if name.startswith("field.")]
    return "oxygen" if "oxygen" in names else names[0]


def entry_of(catalogue: Catalogue, field: str, section: Section) -> tuple[str, str, str]:
    """Label, unit and color map of a field, a map of the matrix or a drug; KeyError with those there are."""
    field_of(section.maps, field)
    known: dict[str, Any] = {**catalogue.matrix, **catalogue.fields}
    known |= {drug_field(name): drug.field for name, drug in catalogue.drugs.items() if drug.field}
    entry = known[field]
    return entry.label or words(field), str(entry.unit), entry.color_map


def titled(title: str, most: int) -> str:
    """A title of so many letters at most; of `arm, day` the arm is what is shortened."""
    name, comma, day = line(title).rpartition(", ")
    return shortened(name, most - len(comma + day)) + comma + day if name else shortened(day, most)


def counted(section: Section) -> Counter[str]:
    """How many cells of each type a section holds."""
    return Counter({name: n for name in section.types if (n := section.count(name))})


def said(counts: Counter[str], catalogue: Catalogue) -> str:
    return ", ".join(f"{counts[t]} × {cell.label}" for t, cell in catalogue.cells.items() if counts[t])
