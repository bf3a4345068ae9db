"""A map of each body: where blood carries tumor cells, and in each organ what came beside what grew.

A body is an arm, or arms that differ in their only organ alone. An arrow is as wide as the share of all cells that
enter which the organ holds. In each organ the left half of a disk is its share of the cells that came, the right half
its share of lesions, by area; the dashed line is the share that blood alone would bring.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from matplotlib.lines import Line2D

from tmesim.body.circulation import FLUIDS
from tmesim.body.seeding import PATCH
from tmesim.destinations import Spread, several, whole_bodies
from tmesim.drawing.bodies import FIGURES
from tmesim.drawing.drawing import Drawing
from tmesim.drawing.files import literal
from tmesim.drawing.one_body import (
    DASHED,
    HEIGHT,
    LAPTOP,
    LYMPHATIC,
    PHONE,
    WIDEST,
    WIDTH,
    Row,
    draw_one,
    has_lymph,
    percent,
)
from tmesim.drawing.palette import ARTERY, CAME, FAINT, INK, LYMPH, PORTAL, VEIN, arm_colors
from tmesim.drawing.sheet import DPI, LABEL, SMALL, TITLE, Sheet, fold, head_height, legend_on
from tmesim.wording import capital, compact, words

if TYPE_CHECKING:
    from tmesim.result import Result

MARGIN, GAP, ACROSS, MOST, LEAST = 26, 36, 2, 6, 1000
"""Pixels around the sheet and between maps; maps in a row, and of a run with many arms; pixels of a sheet at least."""
ALONE = " Each organ is an arm by itself."
LESIONS, TUMOR = "lesions", "tumor cells"
WAYS = {ARTERY: "arteries", VEIN: "veins, and from heart to lungs", PORTAL: "portal vein"}


def draw_body_map(result: Result, arms: Sequence[str] | None = None, narrow: bool = False) -> Drawing:
    """A map for each arm in which tumor cells come to an organ. narrow : one below the other, for a phone"""
    known = whole_bodies(result)
    maps = [each for each in known if several(each)]
    found = maps[:MOST] if arms is None else [each for each in known if {*each.arms} & {*arms}]
    if not found:
        raise ValueError("there is no map of these arms: in none of them tumor cells come to an organ")
    scenario, n = result.scenario, result.replicates
    grown = LESIONS if any(each.has_lesions for each in found) else TUMOR
    layout = PHONE if narrow else LAPTOP
    columns = 1 if narrow else min(ACROSS, len(found))
    width = max(2 * MARGIN + columns * (WIDTH + GAP) - GAP, 0 if narrow else LEAST)
    room = width - 2 * MARGIN
    title = f"Body map: {words(scenario.name)}"
    about = (
        f"{capital(scenario.host)}, day {scenario.time.days:g}, n = {n} replicate{'s' * (n > 1)}. Areas and numbers "
        "are shares of all that came to the named organs, or grew in them, "
    )
    about += "each by its patch." if all(each.entry == PATCH for each in found) else "each organ as a whole."
    if arms is None and len(maps) > MOST:
        about += f" The first {MOST} of {len(maps)} arms."
    color = scenario.catalogue.cells["tumor"].color
    keys = legend(found, grown, color)
    label, small = LABEL * layout.letters, SMALL * layout.letters
    per_line = max(1, room // 330) if not narrow else 1
    key_high, line_high = round(27 * layout.letters), round(20 * layout.letters)
    lines = -(-len(keys) // per_line)
    left = (width - columns * (WIDTH + GAP) + GAP) // 2  # a map by itself stands in the middle
    top = head_height(title, about, room) + 14 + key_high * lines + 20
    told = {each.arm: fold(entering(each, result), WIDTH - 20, small) for each in found}
    text = 34 + line_high * max(each.count("\n") + 1 for each in told.values()) + 10
    down = text + HEIGHT + GAP
    rows = -(-len(found) // columns)
    sheet = Sheet(width, top + rows * down - GAP + 20)
    sheet.head(MARGIN, title, about, room)
    legend_on(
        sheet.figure, keys, loc="upper left", fontsize=label, frameon=False, borderaxespad=0, ncols=per_line,
        bbox_to_anchor=((MARGIN - 6) / sheet.width, 1 - (top - key_high * lines - 20) / sheet.height),
        columnspacing=1.6, handletextpad=0.6, labelcolor=INK,
    )  # fmt: skip
    colors = arm_colors(scenario)
    for i, spread in enumerate(found):
        x, y = left + i % columns * (WIDTH + GAP), top + i // columns * down
        if len(result.arms) > 1:
            for k, arm in enumerate(spread.arms):
                sheet.box(x + 9 * k, y + 3, 6, 22, colors[arm])
        beside = (7 + 9 * len(spread.arms)) * (len(result.arms) > 1)
        sheet.text(x + beside, y, fold(named(spread), WIDTH - 20 - beside, TITLE, most=1), TITLE, weight="bold")
        sheet.text(x, y + 34, told[spread.arm], small, FAINT)
        axes = sheet.axes(x, y + text, WIDTH, HEIGHT)
        axes.set(xlim=(0, WIDTH), ylim=(HEIGHT, 0), xticks=[], yticks=[])
        axes.set_axis_off()
        draw_one(axes, spread, rows_of(spread, grown), FIGURES[scenario.species], color, layout)
    return Drawing(literal(sheet.figure), title, f"{title}. {' '.join(in_words(each, grown) for each in found)}")


def in_words(spread: Spread, grown: str) -> str:
    """A map for those who cannot see it."""
    parts = [
        f"{each.label}: {percent(came)} of the cells that came ({percent(due)} expected), {percent(grew)} of {grown}"
        for each, came, due, grew in rows_of(spread, grown)
    ]
    return f"{capital(named(spread))}: {'; '.join(parts)}."


def named(spread: Spread) -> str:
    """What a map is called: its arm, or its arms."""
    return ", ".join(map(words, spread.arms))


def rows_of(spread: Spread, grown: str) -> list[Row]:
    """Each organ with its shares of what came, of what blood would bring, and of what grew."""
    grew = spread.lesion_shares if grown == LESIONS else spread.tumor_shares
    columns = (spread.arrived_shares.tolist(), spread.expected_shares.tolist(), grew.tolist())
    return [Row(*values) for values in zip(spread.destinations, *columns, strict=True)]


def entering(spread: Spread, result: Result) -> str:
    """Where the cells of an arm enter, what becomes of them in the blood, and how many were found."""
    start = result.scenario.start_of(spread.arm)
    if start.injection is None:
        text = f"Cells leave the tumor in the {words(start.organ)}."
    elif spread.entry == PATCH:
        text = f"{compact(start.injection.cells)} cells on average are put into each patch."
        return f"{text}{ALONE * (len(spread.arms) > 1)} {spread.found}"
    else:
        route = start.injection.route
        into = {**dict.fromkeys(FLUIDS, f"{route} blood"), "lymph": "lymph"}.get(route, f"the {words(route)}")
        text = f"{compact(start.injection.cells)} cells are injected into {into}."
    here = percent(sum(each.held for each in spread.destinations))
    some = f"the {spread.destinations[0].label} holds" if len(spread.destinations) == 1 else "these organs hold"
    return (
        f"{text} Of those that enter the blood {some} {here}, other parts of the body {percent(spread.elsewhere)}; "
        f"{percent(spread.dead)} die on the way.{ALONE * (len(spread.arms) > 1)} {spread.found}"
    )


def legend(found: Sequence[Spread], grown: str, color: str) -> list[Any]:
    """Keys of the halves and of the ways that occur."""
    half: Any = {"ls": "", "marker": "o", "ms": 10, "mew": 0, "markerfacecoloralt": "none"}
    keys: list[Any] = [
        Line2D([], [], mfc=CAME, fillstyle="left", label="share of the cells that came", **half),
        Line2D([], [], mfc=color, fillstyle="right", label=f"share of {grown}", **half),
    ]
    carried = [each for each in found if each.entry != PATCH]
    due = "share that blood alone would bring" if carried else "share of each if all get as many"
    keys.append(Line2D([], [], color=INK, lw=1.1, ls=DASHED, label=due))
    if carried:
        tenth = 0.1 * WIDEST * 72 / DPI
        keys.append(Line2D([], [], color=ARTERY, lw=tenth, label="as wide as 10 % of the cells that enter"))
        keys += [Line2D([], [], color=way, lw=3, label=label) for way, label in WAYS.items()]
        keys.append(Line2D([], [], ls="", marker="o", ms=6, mfc="white", mec=INK, mew=1.4, label="where cells enter"))
    if any(map(has_lymph, found)):
        keys.append(Line2D([], [], color=LYMPH, lw=1.6, ls=LYMPHATIC, label="lymph, not to scale"))
    return keys
