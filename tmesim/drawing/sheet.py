"""The paper of all drawings: one scale of font sizes, and a sheet whose parts are placed in whole pixels.

Drawings use matplotlib's objects and the Agg canvas; pyplot would cost a second of import and keep global state.
"""

from __future__ import annotations

import textwrap
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

from tmesim.drawing.letters import text_width
from tmesim.drawing.palette import FAINT, INK
from tmesim.text import line, printable, shortened

if TYPE_CHECKING:
    from matplotlib.artist import Artist
    from matplotlib.axes import Axes
    from matplotlib.legend import Legend
    from matplotlib.text import Text

DPI = 150
LONGEST = 48
"""Letters of a label in a legend or on a scale; what is longer ends in an ellipsis."""
HEAD, TITLE, LABEL, SMALL = 14.0, 11.0, 8.5, 7.5


def fold(text: str, room: float, size: float = LABEL, most: int = 12) -> str:
    """Text in at most so many lines of so many pixels, by the mean width of its letters."""
    text, scale = line(text), size * DPI / 72
    letter = scale * max(0.545 if size < 9 else 0.66, text_width(text, 100) / 100 / max(1, len(text)))
    return "\n".join(textwrap.wrap(text, max(12, int(room / letter)), max_lines=most, placeholder=" …"))


def legend_on(figure: Figure, handles: Sequence[Artist], most: int = LONGEST, **options: Any) -> Legend:
    """A legend of handles with their labels as they are: matplotlib would leave out one that begins with `_`.

    most : letters of a label; what is longer ends in an ellipsis
    """
    made = figure.legend(handles, ["·"] * len(handles), **options)
    for text, handle in zip(made.get_texts(), handles, strict=True):
        text.set_text(shortened(line(handle.get_label()), most))
        text.set_parse_math(False)
    return made


def head_height(title: str, about: str, room: float) -> int:
    """Pixels from the upper edge that `Sheet.head` takes."""
    return 20 + 36 * len(fold(title, room, HEAD).splitlines()) + 22 * len(fold(about, room).splitlines())


class Sheet:
    """A figure whose parts are placed in whole pixels from its upper left corner, so that rasters stay crisp."""

    def __init__(self, width: int, height: int, dpi: int = DPI) -> None:
        self.width, self.height = width, height
        self.figure = Figure(figsize=(width / dpi, height / dpi), dpi=dpi, facecolor="white")
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
    ) -> Text:  # fmt: skip
        return self.figure.text(
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
