"""Drawings of the page in SVG that stretch with it while their letters keep their size: time lines, curves, intervals.

Positions are shares of the width; letters are HTML beside the SVG, so a phone shows them as large as a desk does.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from tmesim.figures.style import unit_words
from tmesim.figures.trajectories import BAND, SPAN, alike, doses, parting, partly
from tmesim.report.answer import quantity
from tmesim.report.markup import Markup, join, percent, tag
from tmesim.statistics import capital, compact, words

if TYPE_CHECKING:
    from tmesim.observables import Observable
    from tmesim.result import Result
    from tmesim.scenario import Arm
    from tmesim.statistics import Comparison

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


def curves(result: Result, name: str, o: Observable) -> Markup:
    """An observable over time: median, middle half and each replicate of every arm."""
    series = {arm: result.series(name, arm) for arm in result.arms}
    known = np.concatenate([values[np.isfinite(values)] for _, values in series.values()])
    low, high = (float(known.min()), float(known.max())) if known.size else (0.0, 1.0)
    logarithmic = 0 < low and high / low >= SPAN
    marks = powers(low, high) if logarithmic else nice(min(0.0, low), high)
    end = float(result.scenario.time.days)

    def height(value: float | np.ndarray) -> Any:
        """Share of the way from the top mark to the lowest one."""
        scaled, top, bottom = (np.log10(v) if logarithmic else v for v in (value, marks[-1], marks[0]))
        return (top - scaled) / (top - bottom)

    def points(days: np.ndarray, values: np.ndarray) -> str:
        x = np.rint(days / end * WIDE).astype(int)
        y = np.rint(height(values) * HIGH).astype(int)
        return " ".join(f"{a},{b}" for a, b in zip(x.tolist(), y.tolist(), strict=True))

    parts: list[Markup] = [
        tag("line", x1=0, x2=WIDE, y1=(y := float(height(m)) * HIGH), y2=y, class_="grid") for m in marks
    ]
    finals = []
    reference = series[result.reference][1]
    for arm in sorted(result.arms, key=lambda a: a != result.reference):
        days, values = series[arm]
        same = arm != result.reference and alike(values, reference)
        first = 0 if arm == result.reference else parting(values, reference)
        days, values = days[first:], values[:, first:]
        defined = np.isfinite(values).any(0)
        if not defined.any():
            continue
        lower, middle, upper = np.nanquantile(values[:, defined], [0.25, 0.5, 0.75], axis=0)
        when = days[defined]
        group: list[Markup] = []
        if len(values) >= BAND and not same:
            band = points(np.concatenate([when, when[::-1]]), np.concatenate([upper, lower[::-1]]))
            group.append(tag("polygon", points=band, class_="band"))
        if len(values) > 1 and not same:
            for one in values:
                fine = np.isfinite(one)
                group.append(tag("polyline", points=points(days[fine], one[fine]), class_="one"))
        if middle.size == 1:  # a dot, by the round ends of a line without length
            when, middle = when.repeat(2), middle.repeat(2)
        group.append(tag("polyline", points=points(when, middle), class_="median alike" if same else "median"))
        parts.append(tag("g", *group, class_=arm_class(result, arm)))
        finals.append(f"{words(arm)} {quantity(float(middle[-1]), o)}")
    text = f"{capital(o.label)} over {end:g} days. Last medians: {'; '.join(finals) or 'none'}."
    plot = tag(
        "svg", *parts, viewBox=f"0 0 {WIDE} {HIGH}", preserveAspectRatio="none", class_="plot", role="img",
        aria_label=text,
    )  # fmt: skip
    texts = [f"{m:g}" for m in marks] if logarithmic else evenly(marks)
    levels = [tag("span", t, style=f"top:{percent(float(height(m)))}") for t, m in zip(texts, marks, strict=True)]
    unit = unit_words(o.unit) + (", logarithmic scale" if logarithmic else "") + partly(result, name, result.arms)
    lines = tag("div", tag("div", *levels, class_="levels", aria_hidden="true"), plot, class_="lines")
    return tag(
        "figure",
        tag("figcaption", tag("b", capital(o.label)), " ", tag("span", unit, class_="unit")),
        tag("div", *triangles(result, end), lines, scale(end), class_="axes"),
        class_="curve",
    )


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


# Intervals


def frame_of(rows: Sequence[Comparison], differences: Iterable[np.ndarray]) -> tuple[float, float]:
    """The range of differences that an endpoint's strips show: all dots, all intervals, and zero."""
    values = [0.0]
    for c, dots in zip(rows, differences, strict=True):
        values += [v for v in (c.low, c.high, *dots.tolist()) if math.isfinite(v)]
    low, high = min(values), max(values)
    pad = 0.06 * (high - low) or 1.0
    return low - pad, high + pad


def strip(c: Comparison, dots: np.ndarray, frame: tuple[float, float], class_: str) -> Markup:
    """A dot for each pair's difference, the mean as a diamond, its interval as a bar, and a line at zero."""

    def share(value: float) -> float:
        return (value - frame[0]) / (frame[1] - frame[0])

    parts = [
        tag("line", x1=percent(share(0)), x2=percent(share(0)), y1=0, y2=32, class_="zero"),
        tag("text", "0", x=percent(share(0)), y=43, class_="nought", text_anchor="middle"),
    ]
    if math.isfinite(c.low) and math.isfinite(c.high):
        parts.append(tag("line", x1=percent(share(c.low)), x2=percent(share(c.high)), y1=20, y2=20, class_="bar"))
    parts += [tag("circle", cx=percent(share(d)), cy=9, r=3.2, class_="pair") for d in dots if math.isfinite(d)]
    if math.isfinite(c.difference):
        parts.append(at(share(c.difference), tag("path", d=DIAMOND, class_="mean"), y=20))
    text = f"Mean difference {compact(c.difference)}, interval from {compact(c.low)} to {compact(c.high)}."
    return tag("svg", *parts, class_=f"strip {class_}", height=44, role="img", aria_label=text)


def legend(result: Result) -> Markup:
    """The arms with their colors, for the curves."""
    items = [tag("li", tag("i", class_="chip"), words(arm), class_=arm_class(result, arm)) for arm in result.arms]
    return tag("ul", join(items), class_="legend")
