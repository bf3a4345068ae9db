"""A drawing: what a notebook shows, a script saves, a run keeps and a report embeds."""

from __future__ import annotations

import struct
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tmesim.drawing.files import FORMATS, encoded, ending_of
from tmesim.storage import write

if TYPE_CHECKING:
    from matplotlib.figure import Figure

SCREEN_DPI = 100
"""Pixels of a drawing that a screen shows as an inch; what has more of them is shown sharper, not larger."""


class Drawing:
    """A figure with its title, and its text for those who cannot see it.

    It is still a matplotlib figure: change `figure`, and the next look shows it. pyplot takes no part.
    """

    def __init__(self, figure: Figure, title: str, alt: str = "") -> None:
        self.figure = figure
        self.title = title
        self.alt = alt or title

    @property
    def axes(self) -> list[Any]:
        """The axes of the figure."""
        return self.figure.axes

    @property
    def width(self) -> int:
        """Pixels of the screen that a notebook gives it."""
        return round(self.figure.get_figwidth() * SCREEN_DPI)

    @property
    def png(self) -> bytes:
        """A PNG made quickly, for a screen, as `ipywidgets.Image` takes it."""
        return encoded(self.figure, quick=True)

    @property
    def size(self) -> tuple[int, int]:
        """Width and height of the PNG, pixels."""
        wide, high = struct.unpack(">II", self.png[16:24])
        return wide, high

    def data(self, format: str = "png") -> bytes:
        """The drawing as a file of one of the FORMATS: png, pdf or svg."""
        return encoded(self.figure, format)

    def save(self, path: str | Path) -> Path:
        """Write it as a .png, .pdf or .svg file; ValueError for another ending."""
        path = Path(path)
        write(path, self.data(ending_of(path, FORMATS, "a drawing")))
        return path

    def _repr_png_(self) -> tuple[bytes, dict[str, Any]]:
        return self.png, {"width": self.width}

    def __repr__(self) -> str:
        endings = ", ".join(f".{each}" for each in FORMATS)
        return f"<{type(self).__name__} “{self.title}”; save(path) writes it as {endings}>"
