"""A map of the body for each arm: where blood carries tumor cells, and in each organ what came beside what grew.

An arrow is as wide as the share of all cells that enter which the organ holds. In each organ the left half of a disk is
its share of the cells that came, the right half its share of lesions, by area; the dashed line is the share that blood
alone would bring.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
from matplotlib.lines import Line2D
from matplotlib.patches import Arc, Circle, Ellipse, PathPatch, Polygon, Wedge
from matplotlib.path import Path

from tmesim.body.seeding import PATCH
from tmesim.destinations import Destination, Spread, several, spreads
from tmesim.drawing.bodies import FIGURES, PAIRED, SIDES, Figure, Point
from tmesim.drawing.drawing import Drawing
from tmesim.drawing.files import literal
from tmesim.drawing.palette import FAINT, INK, arm_colors
from tmesim.drawing.sheet import DPI, LABEL, SMALL, TITLE, Sheet, fold, head_height, legend_on
from tmesim.kernels.chance import PRIMARY
from tmesim.text import printable
from tmesim.wording import capital, compact, words

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from tmesim.result import Result

WIDTH, HEIGHT = 700, 640
"""Pixels of a map."""
MARGIN, GAP, ACROSS, MOST = 26, 36, 2, 6
"""Pixels around the sheet and between maps; maps in a row, and of a run with many arms."""
RADIUS, WIDEST, THINNEST = 34, 24.0, 1.2
"""Pixels: of a disk that is all there is, and of arrows of all cells and of fewer than can be drawn."""
SKIN, SKIN_EDGE, TISSUE, TISSUE_EDGE = "#F4F1ED", "#C5BDB3", "#E4DBD1", "#B5A89B"
ARTERY, VEIN, PORTAL, LYMPH = "#C4473A", "#4A7FB5", "#7F5FA3", "#5E8C4A"
CAME = "#8C8C8C"
DASHED: Any = (0, (2.5, 1.5))
LESIONS, TUMOR = "lesions", "tumor cells"
Row = tuple[Destination, float, float, float]
WAYS = {ARTERY: "arteries", VEIN: "veins, and from heart to lungs", PORTAL: "portal vein"}


class Layout(NamedTuple):
    """Pixels of a body and of the words about an organ at its side; letters : times the usual size"""

    body: int
    slot: int
    slot_high: int
    letters: float


LAPTOP, PHONE = Layout(624, 206, 138, 1.0), Layout(490, 246, 160, 1.25)


def draw_body_map(result: Result, arms: Sequence[str] | None = None, narrow: bool = False) -> Drawing:
    """A map for each arm in which tumor cells come to an organ. narrow : one below the other, for a phone"""
    known = spreads(result)
    maps = [each for each in known if several(each)]
    found = maps[:MOST] if arms is None else [each for each in known if each.arm in arms]
    if not found:
        raise ValueError("there is no map of these arms: in none of them tumor cells come to an organ")
    scenario, n = result.scenario, result.replicates
    grown = LESIONS if any(each.has_lesions for each in found) else TUMOR
    layout = PHONE if narrow else LAPTOP
    columns = 1 if narrow else min(ACROSS, len(found))
    width = max(2 * MARGIN + columns * (WIDTH + GAP) - GAP, 0 if narrow else 1000)
    room = width - 2 * MARGIN
    title = f"Body map: {words(scenario.name)}"
    about = (
        f"{capital(scenario.host)}, day {scenario.time.days:g}, n = {n} replicate{'s' * (n > 1)}. Areas and numbers are "
        f"shares of all that came to the named organs, or grew in them, each organ as a whole."
    )
    if arms is None and len(maps) > MOST:
        about += f" The first {MOST} of {len(maps)} arms."
    color = scenario.catalogue.cells["tumor"].color
    keys = legend(found, grown, color)
    label, small = LABEL * layout.letters, SMALL * layout.letters
    per_line = max(1, room // 330) if not narrow else 1
    key_high, line_high = round(27 * layout.letters), round(20 * layout.letters)
    lines = -(-len(keys) // per_line)
    top = head_height(title, about, room) + 14 + key_high * lines + 20
    told = {each.arm: fold(entering(each, result), WIDTH - 20, small) for each in found}
    text = 34 + line_high * max(each.count("\n") + 1 for each in told.values()) + 10
    down = text + HEIGHT + GAP
    rows = -(-len(found) // columns)
    sheet = Sheet(width, top + rows * down - GAP + 20)
    sheet.head(MARGIN, title, about, room)
    legend_on(
        sheet.figure, keys, loc="upper left", fontsize=label, frameon=False, borderaxespad=0, ncols=per_line,
        bbox_to_anchor=((MARGIN - 6) / sheet.width, 1 - (top - key_high * lines - 20) / sheet.height), columnspacing=1.6,
        handletextpad=0.6, labelcolor=INK,
    )  # fmt: skip
    colors = arm_colors(scenario)
    for i, spread in enumerate(found):
        x, y = MARGIN + i % columns * (WIDTH + GAP), top + i // columns * down
        if len(result.arms) > 1:
            sheet.box(x, y + 3, 6, 22, colors[spread.arm])
        sheet.text(x + 16 * (len(result.arms) > 1), y, fold(words(spread.arm), WIDTH - 20, TITLE, most=1), TITLE,
                   weight="bold")  # fmt: skip
        sheet.text(x, y + 34, told[spread.arm], small, FAINT)
        axes = sheet.axes(x, y + text, WIDTH, HEIGHT)
        axes.set(xlim=(0, WIDTH), ylim=(HEIGHT, 0), xticks=[], yticks=[])
        axes.set_axis_off()
        draw_one(axes, spread, rows_of(spread, grown), FIGURES[scenario.species], color, layout)
    return Drawing(literal(sheet.figure), title, f"{title}. {' '.join(in_words(each, grown) for each in found)}")


def in_words(spread: Spread, grown: str) -> str:
    """A map for those who cannot see it."""
    parts = [
        f"{each.label}: {percent(came)} of the cells that came ({percent(due)} expected), {percent(grew)} of "
        f"{grown}"
        for each, came, due, grew in rows_of(spread, grown)
    ]
    return f"{capital(words(spread.arm))}: {'; '.join(parts)}."


def rows_of(spread: Spread, grown: str) -> list[Row]:
    """Each organ with its shares of what came, of what blood would bring, and of what grew."""
    grew = spread.lesion_shares if grown == LESIONS else spread.tumor_shares
    columns = (spread.arrived_shares.tolist(), spread.expected_shares.tolist(), grew.tolist())
    return list(zip(spread.destinations, *columns, strict=True))


def entering(spread: Spread, result: Result) -> str:
    """Where the cells of an arm enter, and what becomes of a hundred of them."""
    start = result.scenario.start_of(spread.arm)
    if spread.entry == PATCH and start.injection is not None:
        return f"{compact(start.injection.cells)} cells on average are put into the patch of each organ. {spread.found}"
    if start.injection is not None:
        text = f"{compact(start.injection.cells)} cells injected: {words(start.injection.route)}."
    else:
        text = f"Cells leave the tumor in the {words(start.organ)}."
    here = percent(sum(each.held for each in spread.destinations))
    return (
        f"{text} Of those that enter the blood, these organs hold {here}, other parts of the body "
        f"{percent(spread.elsewhere)}; {percent(spread.dead)} die on the way. {spread.found}"
    )


def percent(share: float) -> str:
    """A share in percent, of two digits; `–` of nothing."""
    if math.isnan(share):
        return "–"
    if 0 < share < 0.001:
        return "< 0.1 %"
    return f"{100 * share:.1f} %" if 0 < share < 0.0995 else f"{100 * share:.0f} %"


def legend(found: Sequence[Spread], grown: str, color: str) -> list[Any]:
    """Keys of the halves and of the ways that occur."""
    half = {"ls": "", "marker": "o", "ms": 10, "mew": 0, "markerfacecoloralt": "none"}
    keys: list[Any] = [
        Line2D([], [], mfc=CAME, fillstyle="left", label="share of the cells that came", **half),
        Line2D([], [], mfc=color, fillstyle="right", label=f"share of {grown}", **half),
        Line2D([], [], color=INK, lw=1.1, ls=DASHED, label="share that blood alone would bring"),
    ]
    if any(each.entry != PATCH for each in found):
        keys.append(Line2D([], [], color=ARTERY, lw=0.1 * WIDEST * 72 / DPI, label="as wide as 10 % of the cells that enter"))
        keys += [Line2D([], [], color=way, lw=3, label=label) for way, label in WAYS.items()]
        keys.append(Line2D([], [], ls="", marker="o", ms=6, mfc="white", mec=INK, mew=1.4, label="where cells enter"))
    if any(map(has_lymph, found)):
        keys.append(Line2D([], [], color=LYMPH, lw=1.6, ls=(0, (2, 1.2)), label="lymph, not to scale"))
    return keys


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
    for side in (-1, 1):
        mine = [row for row in rows if SIDES.get(row[0].place, 1) == side]
        mine.sort(key=lambda row: figure.organs[row[0].place][1])
        slots = placed([at(figure.organs[row[0].place][:2])[1] for row in mine], layout.slot_high)
        for row, y in zip(mine, slots, strict=True):
            organ = figure.organs[row[0].place]
            edge = side * abs(organ[0]) if row[0].place in PAIRED else organ[0]
            target = at((edge + side * organ[2], organ[1]))
            draw_slot(axes, row, side, y, target, color, layout)


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


def draw_slot(axes: Axes, row: Row, side: int, y: float, target: Point, color: str, layout: Layout) -> None:
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
    write(axes, x - RADIUS - 5, middle, percent(came), small * 1.05, "#5f5f5f", "right", "center")
    write(axes, x + RADIUS + 5, middle, percent(grew), small * 1.05, INK, "left", "center", weight="bold")
    write(axes, x, middle + RADIUS + 3, f"by blood alone {percent(due)}", small, FAINT, "center")
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
        axes.plot(*np.array([at(source), at(node)]).T, color=LYMPH, lw=1.6, ls=(0, (2, 1.2)), zorder=3.2)
    axes.add_patch(Circle(at(heart), 11, fc="#8E2F26", ec="white", lw=0.8, zorder=4))
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
