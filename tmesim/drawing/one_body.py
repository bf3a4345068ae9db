"""The body of one arm on axes: its outline, arrows as wide as flows of tumor cells, a disk and words for each organ."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
from matplotlib.patches import Arc, Circle, Ellipse, PathPatch, Polygon, Wedge
from matplotlib.path import Path

from tmesim.body.seeding import PATCH
from tmesim.destinations import Destination, Spread
from tmesim.drawing.bodies import PAIRED, SIDES, Figure, Point
from tmesim.drawing.palette import (
    ARTERY,
    CAME,
    FAINT,
    HEART,
    INK,
    LYMPH,
    NUMBER,
    PORTAL,
    SKIN,
    SKIN_EDGE,
    TISSUE,
    TISSUE_EDGE,
    VEIN,
)  # fmt: skip
from tmesim.drawing.sheet import DPI, LABEL, SMALL
from tmesim.kernels.chance import PRIMARY
from tmesim.text import printable
from tmesim.wording import capital

if TYPE_CHECKING:
    from matplotlib.axes import Axes

WIDTH, HEIGHT = 700, 640
"""Pixels of a map."""
RADIUS, WIDEST, THINNEST = 34, 24.0, 1.2
"""Pixels: of a disk that is all there is, and of arrows of all cells and of fewer than can be drawn."""
DASHED: Any = (0, (2.5, 1.5))
LYMPHATIC: Any = (0, (2, 1.2))


class Row(NamedTuple):
    """An organ with its shares: of what came, of what blood alone would bring, of what grew."""

    organ: Destination
    came: float
    due: float
    grew: float


class Layout(NamedTuple):
    """Pixels of a body and of the words about an organ at its side; letters : times the usual size"""

    body: int
    slot: int
    slot_high: int
    letters: float


LAPTOP, PHONE = Layout(624, 206, 138, 1.0), Layout(490, 246, 160, 1.25)


def percent(share: float) -> str:
    """A share in percent, of two digits; `–` of nothing."""
    if math.isnan(share):
        return "–"
    if 0 < share < 0.001:
        return "< 0.1 %"
    if 0.995 <= share < 1:
        return "> 99 %"
    return f"{100 * share:.1f} %" if 0 < share < 0.0995 else f"{100 * share:.0f} %"


def draw_one(axes: Axes, spread: Spread, rows: Sequence[Row], figure: Figure, color: str, layout: Layout) -> None:
    """The map of an arm on axes in pixels."""
    high = layout.body

    def at(point: Sequence[float]) -> Point:
        return WIDTH / 2 + point[0] * high, (HEIGHT - high) / 2 + point[1] * high

    if figure.tail:
        tail = np.array([at(p) for p in figure.tail_line()])
        for ink, wide in ((SKIN_EDGE, 13.0), (SKIN, 10.0)):
            axes.plot(*tail.T, color=ink, lw=wide * 72 / DPI, solid_capstyle="round", zorder=1 if wide > 11 else 1.2)
    axes.add_patch(Polygon([at(p) for p in figure.outline()], fc=SKIN, ec=SKIN_EDGE, lw=1.0, zorder=1.1))
    for each in spread.destinations:
        x, y, wide, tall = figure.organs[each.place]
        for side in sides(each.place):
            axes.add_patch(Ellipse(at((side * x, y)), 2 * wide * high, 2 * tall * high, fc=TISSUE, ec=TISSUE_EDGE,
                                   lw=0.8, zorder=2))  # fmt: skip
    if spread.entry != PATCH:
        draw_flows(axes, spread, figure, at)
    due_by = "if all alike" if spread.entry == PATCH else "by blood alone"
    for side in (-1, 1):
        mine = [row for row in rows if SIDES.get(row.organ.place, 1) == side]
        mine.sort(key=lambda row: figure.organs[row.organ.place][1])
        slots = placed([at(figure.organs[row.organ.place][:2])[1] for row in mine], layout.slot_high)
        for row, y in zip(mine, slots, strict=True):
            organ = figure.organs[row.organ.place]
            edge = side * abs(organ[0]) if row.organ.place in PAIRED else organ[0]
            target = at((edge + side * organ[2], organ[1]))
            draw_slot(axes, row, side, y, target, color, layout, due_by)


def placed(wanted: Sequence[float], slot_high: float) -> list[float]:
    """Heights of the middles of slots, near to those wanted, in their order, none over another."""
    tall = min(slot_high, HEIGHT / max(1, len(wanted)))
    heights: list[float] = []
    for want in wanted:
        heights.append(max(want, heights[-1] + tall if heights else tall / 2))
    if heights:  # as far up as the first can go, but no further than they are late
        late = float(np.mean(np.array(heights) - wanted))
        heights = [h - min(late, heights[0] - tall / 2) for h in heights]
    limit = HEIGHT - tall / 2
    for i in range(len(heights) - 1, -1, -1):
        heights[i] = min(heights[i], limit)
        limit = heights[i] - tall
    return heights


def draw_slot(
    axes: Axes, row: Row, side: int, y: float, target: Point, color: str, layout: Layout, due_by: str
) -> None:
    """The name of an organ, its halves of a disk and their numbers."""
    each, came, due, grew = row
    big, label, small = layout.letters, LABEL * layout.letters, SMALL * layout.letters
    x = layout.slot / 2 if side < 0 else WIDTH - layout.slot / 2
    top = y - layout.slot_high / 2 + big * (2 + 9 * (not each.swapped))
    write(axes, x, top, capital(each.label), label, INK, "center", weight="bold")
    if each.swapped:
        write(axes, x, top + 20 * big, f"with tissue of {each.swapped}", small, FAINT, "center")
    middle = top + (22 + 18 * bool(each.swapped)) * big + RADIUS
    for share, half, ink in ((came, (90, 270), CAME), (grew, (270, 90), color)):
        if share > 0:
            axes.add_patch(Wedge((x, middle), RADIUS * math.sqrt(share), *half, fc=ink, lw=0, zorder=5))
    across = 2 * RADIUS * math.sqrt(due)
    axes.add_patch(Arc((x, middle), across, across, theta1=90, theta2=270, ec=INK, lw=1.0, ls=DASHED, zorder=6))
    axes.plot([x, x], [middle - RADIUS * 0.9, middle + RADIUS * 0.9], color=FAINT, lw=0.6, zorder=4)
    write(axes, x - RADIUS - 5, middle, percent(came), small * 1.05, NUMBER, "right", "center")
    write(axes, x + RADIUS + 5, middle, percent(grew), small * 1.05, INK, "left", "center", weight="bold")
    write(axes, x, middle + RADIUS + 3, f"{due_by} {percent(due)}", small, FAINT, "center")
    axes.plot([x - side * layout.slot / 2, target[0]], [middle, target[1]], color=FAINT, lw=0.6, zorder=2.5)


def write(
    axes: Axes, x: float, y: float, text: str, size: float, ink: str, align: str, vertical: str = "top",
    weight: str = "normal",
) -> None:  # fmt: skip
    axes.text(x, y, printable(text), fontsize=size, color=ink, ha=align, va=vertical, fontweight=weight, zorder=7,
              parse_math=False)  # fmt: skip


# Flows


def draw_flows(axes: Axes, spread: Spread, figure: Figure, at: Callable[[Point], Point]) -> None:
    """Where cells enter, and an arrow to each organ that holds some."""
    heart = source = figure.heart
    if spread.entry == "venous":
        source = figure.vein if spread.injected else figure.organs[PRIMARY][:2]
        bend = (0.045, heart[1] + 0.16) if spread.injected else (0.03, source[1] + 0.01)
        ribbon(axes, [at(source), at(bend), at((heart[0] + 0.008, heart[1] + 0.02))], 1.0, VEIN)
    elif spread.entry == "portal":
        source = figure.organs["spleen"][:2]
    for each in spread.destinations:
        goals = [(side * figure.organs[each.place][0], figure.organs[each.place][1]) for side in sides(each.place)]
        for goal in goals:
            held = each.held / len(goals)
            if each.receives == "venous":
                ribbon(axes, [at(heart), at((goal[0] / 2, goal[1])), at((goal[0] * 1.25, goal[1]))], held, VEIN)
                continue
            vein = held * spread.portal if each.receives == "portal" else 0.0
            first = source if spread.entry == "portal" else figure.gut
            ribbon(axes, [at(first), at((first[0], goal[1] + 0.02)), at(goal)], vein, PORTAL)
            bend = (heart[0], goal[1] if goal[1] > heart[1] else (heart[1] + goal[1]) / 2)
            ribbon(axes, [at(heart), at(bend), at(goal)], held - vein, ARTERY)
    if has_lymph(spread):
        node = figure.organs["lymph_node"][:2]
        axes.plot(*np.array([at(source), at(node)]).T, color=LYMPH, lw=1.6, ls=LYMPHATIC, zorder=3.2)
    axes.add_patch(Circle(at(heart), 11, fc=HEART, ec="white", lw=0.8, zorder=4))
    axes.add_patch(Circle(at(source), 6, fc="white", ec=INK, lw=1.4, zorder=4.5))


def sides(place: str) -> tuple[int, ...]:
    """On which sides of the body an organ is: 1 where it is drawn, -1 its mirror image."""
    return (1, -1) if place in PAIRED else (1,)


def has_lymph(spread: Spread) -> bool:
    """Whether cells go to an organ by lymph, which the shares by blood do not tell."""
    return not spread.injected and any(each.receives == "lymph" for each in spread.destinations)


def ribbon(axes: Axes, points: Sequence[Point], share: float, color: str) -> None:
    """An arrow along a curve by three points, as wide as a share of all cells."""
    if share <= 0:
        return
    wide = max(THINNEST, share * WIDEST)
    end, before = np.array(points[-1]), np.array(points[-2])
    far = float(np.hypot(*(end - before)))
    head = min(max(7.0, 0.8 * wide), 0.8 * far)
    way = (end - before) / far
    neck = end - way * head
    path = Path([*points[:-1], tuple(neck)], [Path.MOVETO, Path.CURVE3, Path.CURVE3])
    axes.add_patch(PathPatch(path, fc="none", ec=color, lw=wide * 72 / DPI, capstyle="butt", zorder=3))
    side = np.array([-way[1], way[0]]) * max(4.0, wide * 0.8)
    axes.add_patch(Polygon([end, neck + side, neck - side], fc=color, lw=0, zorder=3.1))
