"""Paired differences between arms: a dot a replicate, the mean with its interval, each endpoint on its own scale."""

from __future__ import annotations

import math
import textwrap
from collections.abc import Collection, Mapping, Sequence
from typing import TYPE_CHECKING

import numpy as np
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

from tmesim.figures.style import FAINT, GRID, INK, REFERENCE_COLOR, literal
from tmesim.plots.picture import SCREEN_DPI, Drawing
from tmesim.statistics import Comparison, capital, change, compact, words
from tmesim.text import line, shortened

if TYPE_CHECKING:
    from tmesim.observables import Observable

LEFT, STRIP, RIGHT = 250, 290, 270  # pixels of a screen
LINE, GAP, HEAD, FOOT = 26, 46, 62, 32
NAME = 31  # letters of a line of an endpoint's name


def draw_differences(
    rows: Sequence[Comparison],
    pairs: Mapping[tuple[str, str], np.ndarray],
    known: Mapping[str, Observable],
    colors: Mapping[str, str],
    title: str,
    confidence: float,
    untreated: Collection[str] = (),
) -> Drawing:
    """pairs : (endpoint, arm) → one difference a replicate. untreated : arms that got nothing, so have no numbers."""
    blocks: dict[str, list[Comparison]] = {}
    for row in rows:
        blocks.setdefault(row.endpoint, []).append(row)
    wide = LEFT + STRIP + RIGHT
    high = HEAD + sum(len(block) * LINE + GAP for block in blocks.values()) - GAP + FOOT
    figure = Figure(figsize=(wide / SCREEN_DPI, high / SCREEN_DPI), dpi=2 * SCREEN_DPI, facecolor="white")
    FigureCanvasAgg(figure)

    def write(x: float, y: float, text: str, size: float = 7.5, color: str = INK, weight: str = "normal") -> None:
        figure.text(x / wide, 1 - y / high, line(text), parse_math=False, fontsize=size, color=color, va="center",
                    weight=weight)  # fmt: skip

    write(12, 16, title, 9.5, weight="bold")
    reference = words(rows[0].reference)
    write(12, 36, f"Paired differences from {reference}, n = {max(c.replicates for c in rows)}. Dots: replicates. "
          f"Bar: mean and {100 * confidence:g} % interval (Student).", 7, FAINT)  # fmt: skip
    top = float(HEAD)
    for endpoint, block in blocks.items():
        down = len(block) * LINE
        axes = figure.add_axes((LEFT / wide, 1 - (top + down) / high, STRIP / wide, down / high))
        label = known[endpoint].label
        lines = textwrap.wrap(capital(line(label)), NAME, max_lines=2, placeholder=" …")
        lower = 7 * (len(lines) - 1)
        for k, text in enumerate(lines):
            write(12, top + 8 - lower + 13 * k, text, 8, weight="bold")
        write(12, top + 23 + lower, known[endpoint].unit, 6.5, FAINT)
        reach = 0.0
        for j, c in enumerate(block):
            if c.arm in untreated:
                write(LEFT + STRIP + 12, top + (j + 0.5) * LINE + 2, f"{words(c.arm)}: nothing was given", 6.5, FAINT)
                continue
            d = pairs[endpoint, c.arm]
            d = d[np.isfinite(d)]
            spread = ((np.arange(d.size) * 0.618) % 1 - 0.5) * 0.5  # the same jitter each time
            axes.scatter(d, j + spread, s=14, c=colors[c.arm], alpha=0.55, linewidths=0, zorder=3)
            if math.isfinite(c.low):
                axes.plot([c.low, c.high], [j, j], color="black", lw=1.4, solid_capstyle="butt", zorder=4)
            if math.isfinite(c.difference):
                axes.plot([c.difference], [j], marker="D", ms=5, mfc=colors[c.arm], mec="black", mew=0.8, zorder=5)
            reach = max([reach, *np.abs(d), *(abs(v) for v in (c.low, c.high) if math.isfinite(v))])
            span = f" [{compact(c.low)}, {compact(c.high)}]" if math.isfinite(c.low) else ""
            clear = math.isfinite(c.low) and (c.low > 0 or c.high < 0)
            said = f"{compact(c.difference)}{span}".replace("-", "−")
            y = top + (j + 0.5) * LINE
            write(LEFT + STRIP + 12, y - 4, said, weight="bold" if clear else "normal")
            some = f", {c.of} pairs" if c.n < c.replicates else ""
            about = shortened(words(c.arm), 40), f"{change(c, bounds=False)}{some}".replace("-", "−")
            write(LEFT + STRIP + 12, y + 8, ", ".join(about), 6.5, FAINT)
        axes.axvline(0, color=REFERENCE_COLOR, lw=0.9, zorder=2)
        reach = reach or 1.0
        axes.set(xlim=(-1.06 * reach, 1.06 * reach), ylim=(len(block) - 0.5, -0.5), yticks=[])
        axes.spines[["left", "right", "top"]].set_visible(False)
        axes.locator_params(axis="x", nbins=5)
        axes.tick_params(labelsize=6.5, length=2.5, width=0.6, colors=INK)
        axes.grid(axis="x", color=GRID, lw=0.6)
        axes.set_axisbelow(True)
        top += down + GAP
    told = "; ".join(
        f"{c.arm}: {known[c.endpoint].label} {compact(c.difference)}" for c in rows if c.arm not in untreated
    )
    return Drawing(literal(figure), f"{title}. {told}")
