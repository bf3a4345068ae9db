"""How all figures look: one font size scale, colors of arms, a sheet measured in pixels, and saving.

Figures use matplotlib's objects and the Agg canvas; pyplot would cost a second of import and keep global state.
"""

from __future__ import annotations

import io
import re
import textwrap
import warnings
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.text import Text

from tmesim.figures.painting import text_width
from tmesim.storage import write
from tmesim.text import line, printable, shortened

if TYPE_CHECKING:
    from matplotlib.artist import Artist
    from matplotlib.axes import Axes
    from matplotlib.legend import Legend

    from tmesim.scenario import Scenario

DPI = 150
INK = "#222222"
FAINT = "#666666"
GRID = "#e4e4e4"
ARM_COLORS = ("#D55E00", "#0072B2", "#009E73", "#CC79A7", "#56B4E9", "#7A0177")
"""For arms other than the reference: Wong's palette for color-blind readers, and a dark purple."""
PERFUSED, CLOSED, CASING = "#EF103B", "#FFFFFF", "#5A5A5A"
"""Vessels: a red tube with a white wall where blood flows, an empty white one with a gray wall where none does."""
REFERENCE_COLOR = "#4d4d4d"
LONGEST = 48
"""Letters of a label in a legend or on a scale; what is longer ends in an ellipsis."""
HEAD, TITLE, LABEL, SMALL = 14.0, 11.0, 8.5, 7.5
UNITS = {"1/mm²": "per mm²", "1/day": "per day", "score 0-1": "score, 0 to 1", "density 0-1": "density, 0 to 1"}
ABBREVIATIONS = {
    "CAF": "cancer-associated fibroblast", "CCL2": "a chemokine that calls monocytes", "CTL": "cytotoxic T cell",
    "EMT": "epithelial-mesenchymal transition", "IFN-γ": "interferon-γ", "IL-6": "interleukin 6",
    "IL-10": "interleukin 10", "M1": "macrophage that attacks", "M2": "macrophage that heals and suppresses",
    "PD-L1": "programmed death ligand 1, a brake on T cells", "TGF-β": "transforming growth factor β",
    "Treg": "regulatory T cell", "VEGF": "vascular endothelial growth factor", "Th1": "helper T cell, type 1",
}  # fmt: skip


def arm_colors(scenario: Scenario) -> dict[str, str]:
    """The reference is gray, each other arm has a color of its own in every figure."""
    others = [arm for arm in scenario.arms if arm != scenario.reference]
    colors = {arm: ARM_COLORS[i % len(ARM_COLORS)] for i, arm in enumerate(others)}
    return {arm: colors.get(arm, REFERENCE_COLOR) for arm in scenario.arms}


def unit_words(unit: str) -> str:
    """A unit as a reader would say it."""
    return UNITS.get(unit, unit)


def spelled_out(texts: Iterable[str]) -> str:
    """What the abbreviations in some texts stand for, as one line; empty when there are none."""
    text = " ".join(texts)
    found = [f"{short}: {meaning}" for short, meaning in ABBREVIATIONS.items()
             if re.search(rf"(?<![\w-]){re.escape(short)}s?(?!\w)", text.replace("anti-", ""))]  # fmt: skip
    return "; ".join(found)


def fold(text: str, room: float, size: float = LABEL, most: int = 12) -> str:
    """Text in at most so many lines of so many pixels, by the mean width of its letters."""
    text, scale = line(text), size * DPI / 72
    letter = scale * max(0.545 if size < 9 else 0.66, text_width(text, 100) / 100 / max(1, len(text)))
    return "\n".join(textwrap.wrap(text, max(12, int(room / letter)), max_lines=most, placeholder=" …"))


def literal(figure: Figure) -> Figure:
    """The figure with all its words as they are: matplotlib would typeset what stands between dollar signs."""
    for text in figure.findobj(Text):
        text.set_parse_math(False)
    return figure


def legend_on(figure: Figure, handles: Sequence[Artist], most: int = LONGEST, **options: Any) -> Legend:
    """A legend of handles with their labels as they are: matplotlib would leave out one that begins with `_`.

    most : letters of a label; what is longer ends in an ellipsis
    """
    made = figure.legend(handles, ["·"] * len(handles), **options)
    for text, handle in zip(made.get_texts(), handles, strict=True):
        text.set_text(shortened(line(handle.get_label()), most))
        text.set_parse_math(False)
    return made


@contextmanager
def unknown_letters_are_boxes() -> Iterator[None]:
    """Draw a letter that the font lacks as a box, and say nothing on standard error."""
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", r"Glyph \d+ .* missing from")
        yield


def head_height(title: str, about: str, room: float) -> int:
    """Pixels from the upper edge that `Sheet.head` takes."""
    return 20 + 36 * len(fold(title, room, HEAD).splitlines()) + 22 * len(fold(about, room).splitlines())


class Sheet:
    """A figure whose parts are placed in whole pixels from its upper left corner, so that rasters stay crisp."""

    def __init__(self, width: int, height: int) -> None:
        self.width, self.height = width, height
        self.figure = Figure(figsize=(width / DPI, height / DPI), dpi=DPI, facecolor="white")
        FigureCanvasAgg(self.figure)

    def axes(self, left: float, top: float, width: float, height: float) -> Axes:
        box = (left / self.width, 1 - (top + height) / self.height, width / self.width, height / self.height)
        axes = self.figure.add_axes(box)
        axes.tick_params(labelsize=SMALL, colors=INK, length=2.5, width=0.6)
        for side, spine in axes.spines.items():
            spine.set_visible(side in ("left", "bottom"))
            spine.set_linewidth(0.6)
            spine.set_color(FAINT)
        return axes

    def text(
        self, left: float, top: float, text: str, size: float = LABEL, color: str = INK, align: str = "left",
        weight: str = "normal", vertical: str = "top", rotation: float = 0,
    ) -> None:  # fmt: skip
        self.figure.text(
            left / self.width, 1 - top / self.height, printable(text, keep="\n"), parse_math=False,
            fontsize=size, color=color, ha=align, va=vertical, fontweight=weight, rotation=rotation,
            multialignment="center" if rotation else align,
        )  # fmt: skip

    def head(self, left: float, title: str, about: str, room: float) -> None:
        """The title and a line about it, folded where they are long."""
        title = fold(title, room, HEAD)
        self.text(left, 18, title, HEAD, weight="bold")
        self.text(left, 18 + 36 * len(title.splitlines()), fold(about, room), LABEL, color=FAINT)

    def box(self, left: float, top: float, width: float, height: float, color: str) -> None:
        """A filled rectangle outside of any axes."""
        from matplotlib.patches import Rectangle

        spot = (left / self.width, 1 - (top + height) / self.height)
        self.figure.add_artist(
            Rectangle(
                spot, width / self.width, height / self.height, color=color, lw=0, transform=self.figure.transFigure
            )
        )

    def save(self, path: Path) -> Path:
        return save(self.figure, path)


def save(figure: Figure, path: Path) -> Path:
    """Write a figure as PNG."""
    write(path, png(figure))
    return path


def png(figure: Figure) -> bytes:
    """A figure as PNG, pixel for pixel as it was laid out."""
    out = io.BytesIO()
    with unknown_letters_are_boxes():
        literal(figure).savefig(out, format="png", dpi=DPI, metadata={"Software": None})
    return out.getvalue()
