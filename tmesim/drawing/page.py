"""Charts of a page, in SVG that stretches with it while letters keep their size: time lines, curves, strips.

Positions are shares of the width; letters are HTML beside the SVG, so a phone shows them as large as a desk does.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from tmesim.drawing.curves import Curve, curves_of, doses, is_logarithmic, partly
from tmesim.drawing.labels import quantity, unit_words
from tmesim.drawing.strip import BAR, Strip
from tmesim.markup import Markup, join, percent, tag
from tmesim.wording import capital, words

if TYPE_CHECKING:
    from tmesim.observables import Observable
    from tmesim.result import Result
    from tmesim.scenario import Arm

WIDE, HIGH = 1000, 400  # of a plot's own coordinates
TRIANGLE, DIAMOND = "M-6 -9H6L0 0Z", "M0 -6L6 0L0 6L-6 0Z"


def arm_class(result: Result, arm: str) -> str:
    return f"arm-{result.arms.index(arm)}"


def at(share: float, *children: Markup, y: float = 0) -> Markup:
    """Children whose origin lies at a share of the width."""
    return tag("svg", *children, x=percent(share), y=y, overflow="visible")


# Time line


def rail(arm: Arm, days: float, name: str) -> Markup:
    """An arm's days as a line, with a triangle at each dose and a diamond where its biology changes."""
    doses = [hour / 24 for course in arm.therapies for hour in course.hours() if hour / 24 < days]
    turns = bool(arm.set or arm.off) and arm.from_h / 24 < days
    start = min([*doses, *([arm.from_h / 24] if turns else [])], default=days)
    parts = [
        tag("line", x1="0", x2="100%", y1=14, y2=14, class_="rail"),
        tag("line", x1=percent(start / days), x2="100%", y1=14, y2=14, class_="treated") if start < days else None,
        *(at(day / days, tag("path", d=TRIANGLE, class_="dose"), y=11) for day in sorted(doses)),
    ]
    if turns:
        parts.append(at(arm.from_h / 24 / days, tag("path", d=DIAMOND, class_="dose"), y=14))
    label = f"{name}: " + (f"doses on days {', '.join(f'{d:g}' for d in doses)}" if doses else "no dose")
    return tag("svg", *parts, class_="course", height=22, role="img", aria_label=label)


def scale(days: float) -> Markup:
    """The days below the lines."""
    return tag("div", *(mark(day / days, "day 0" if day == 0 else f"{day:g}") for day in ticks_of(days)),
               class_="days", aria_hidden="true")  # fmt: skip


def mark(share: float, text: str) -> Markup:
    edge = "start" if share == 0 else "end" if share > 0.97 else "middle"
    return tag("span", text, style=f"left:{percent(share)}", class_=edge)


def ticks_of(days: float) -> list[float]:
    step = next((s for s in (0.5, 1, 2, 7, 14, 28, 56) if days / s <= 6), math.ceil(days / 6))
    marks = [i * step for i in range(int(days / step) + 1)]
    return [m for m in marks if m == 0 or days - m > days * 0.08] + [days]


# Curves


def nice(low: float, high: float) -> list[float]:
    """Some three to five round numbers from at most `low` to at least `high`."""
    span = high - low or abs(high) or 1.0
    power = 10.0 ** math.floor(math.log10(span / 4))
    step = next(m * power for m in (1, 2, 2.5, 5, 10) if span / (m * power) <= 4.5)
    first, last = math.floor(low / step + 1e-9), math.ceil(high / step - 1e-9)
    return [i * step for i in range(first, max(last, first + 1) + 1)]


class Frame:
    """The scales of a plot: days along it, values up it, in the plot's own coordinates."""

    def __init__(self, values: np.ndarray, days: float) -> None:
        """values : all that are shown, (n,), finite"""
        low, high = (float(values.min()), float(values.max())) if values.size else (0.0, 1.0)
        self.days, self.logarithmic = days, is_logarithmic(low, high)
        self.marks = powers(low, high) if self.logarithmic else nice(min(0.0, low), high)

    def height(self, value: float | np.ndarray) -> Any:
        """Share of the way from the top mark to the lowest one."""
        scaled, top, bottom = (np.log10(v) if self.logarithmic else v for v in (value, self.marks[-1], self.marks[0]))
        return (top - scaled) / (top - bottom)

    def points(self, days: np.ndarray, values: np.ndarray) -> str:
        """A line as an attribute of an SVG."""
        x = np.rint(days / self.days * WIDE).astype(int)
        y = np.rint(self.height(values) * HIGH).astype(int)
        return " ".join(f"{a},{b}" for a, b in zip(x.tolist(), y.tolist(), strict=True))

    def levels(self) -> Markup:
        """The words beside the marks."""
        texts = [f"{m:g}" for m in self.marks] if self.logarithmic else evenly(self.marks)
        levels = [
            tag("span", text, style=f"top:{percent(float(self.height(m)))}")
            for text, m in zip(texts, self.marks, strict=True)
        ]
        return tag("div", *levels, class_="levels", aria_hidden="true")

    def grid(self) -> list[Markup]:
        heights = [float(self.height(m)) * HIGH for m in self.marks]
        return [tag("line", x1=0, x2=WIDE, y1=y, y2=y, class_="grid") for y in heights]


def curves(result: Result, name: str, o: Observable) -> Markup:
    """An observable over time: median, middle half and each replicate of every arm."""
    drawn = curves_of(result, name, result.arms)
    values = np.concatenate([result.series(name, arm)[1].ravel() for arm in result.arms])
    end = float(result.scenario.time.days)
    frame = Frame(values[np.isfinite(values)], end)
    shown = [curve for curve in drawn if curve.when.size]
    groups = [tag("g", *lines(curve, frame), class_=arm_class(result, curve.arm)) for curve in shown]
    finals = [f"{words(curve.arm)} {quantity(float(curve.middle[-1]), o)}" for curve in shown]
    text = f"{capital(o.label)} over {end:g} days. Last medians: {'; '.join(finals) or 'none'}."
    plot = tag(
        "svg", *frame.grid(), *groups, viewBox=f"0 0 {WIDE} {HIGH}", preserveAspectRatio="none", class_="plot",
        role="img", aria_label=text,
    )  # fmt: skip
    unit = unit_words(o.unit) + (", logarithmic scale" if frame.logarithmic else "")
    unit += partly(result, name, result.arms)
    return tag(
        "figure",
        tag("figcaption", tag("b", capital(o.label)), " ", tag("span", unit, class_="unit")),
        tag(
            "div", *triangles(result, end), tag("div", frame.levels(), plot, class_="lines"), scale(end), class_="axes"
        ),
        class_="curve",
    )


def lines(curve: Curve, frame: Frame) -> list[Markup]:
    """The band, the thin lines and the thick one of an arm."""
    parts: list[Markup] = []
    when, middle = curve.when, curve.middle
    if curve.has_band:
        around = np.concatenate([when, when[::-1]]), np.concatenate([curve.high, curve.low[::-1]])
        parts.append(tag("polygon", points=frame.points(*around), class_="band"))
    if curve.has_lines:
        for one in curve.each:
            fine = np.isfinite(one)
            parts.append(tag("polyline", points=frame.points(curve.days[fine], one[fine]), class_="one"))
    if middle.size == 1:  # a dot, by the round ends of a line without length
        when, middle = when.repeat(2), middle.repeat(2)
    parts.append(tag("polyline", points=frame.points(when, middle), class_="median alike" if curve.alike else "median"))
    return parts


def triangles(result: Result, end: float) -> list[Markup]:
    """For each treated arm a line of triangles, one a dose, as in the time line above."""
    lines = []
    for arm, days in doses(result.scenario).items():
        marks = [at(day / end, tag("path", d="M-4 -7H4L0 0Z", class_="dose"), y=8) for day in days if day < end]
        lines.append(tag("svg", *marks, class_=f"given {arm_class(result, arm)}", height=9, aria_hidden="true"))
    return lines


def powers(low: float, high: float) -> list[float]:
    """Powers of ten from at most `low` to at least `high`."""
    return [10.0**i for i in range(math.floor(math.log10(low) + 1e-9), math.ceil(math.log10(high) - 1e-9) + 1)]


def evenly(marks: Sequence[float]) -> list[str]:
    """Marks of one scale, all with the digits that tell them apart."""
    digits = max(0, -math.floor(math.log10(marks[1] - marks[0]) + 1e-9))
    digits += round((marks[1] - marks[0]) * 10**digits, 6) % 1 != 0  # steps of 2.5
    return [f"{m:.{digits}f}".replace("-", "−") for m in marks]


# Strips

STRIP_HIGH, STRIP_ROOM = 32, 44
"""Heights of a strip, and of it with the 0 below, px."""


def strip(drawn: Strip, reach: float, class_: str) -> Markup:
    """A strip whose scale goes from −reach to reach, with a line at zero."""

    def share(value: float) -> float:
        return (value + reach) / (2 * reach)

    bar = BAR * STRIP_HIGH
    parts = [
        tag("line", x1=percent(0.5), x2=percent(0.5), y1=0, y2=STRIP_HIGH, class_="zero"),
        tag("text", "0", x=percent(0.5), y=STRIP_HIGH + 11, class_="nought", text_anchor="middle"),
    ]
    if drawn.interval is not None:
        low, high = (percent(share(value)) for value in drawn.interval)
        parts.append(tag("line", x1=low, x2=high, y1=bar, y2=bar, class_="bar"))
    parts += [
        tag("circle", cx=percent(share(value)), cy=height * STRIP_HIGH, r=3.2, class_="pair")
        for value, height in zip(drawn.values.tolist(), drawn.heights.tolist(), strict=True)
    ]
    if drawn.mean is not None:
        parts.append(at(share(drawn.mean), tag("path", d=DIAMOND, class_="mean"), y=bar))
    label = drawn.told
    return tag("svg", *parts, class_=f"strip {class_}", height=STRIP_ROOM, role="img", aria_label=label)


def legend(result: Result) -> Markup:
    """The arms with their colors, for the curves."""
    items = [tag("li", tag("i", class_="chip"), words(arm), class_=arm_class(result, arm)) for arm in result.arms]
    return tag("ul", join(items), class_="legend")
