"""How sure it is: every endpoint of every arm, with intervals, and how to read them."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from tmesim.drawing import page
from tmesim.drawing.labels import spelled_out, unit_words
from tmesim.drawing.strip import Strip, reach
from tmesim.markup import Markup, both, tag, term
from tmesim.notices import stopped, untreated
from tmesim.power import sentence
from tmesim.report import answer, ensemble
from tmesim.statistics import CONFIDENCE
from tmesim.wording import capital, change, compact, p_value, words

if TYPE_CHECKING:
    from tmesim.result import Result
    from tmesim.statistics import Comparison

LEVEL = f"{100 * CONFIDENCE:.0f} %"
MEANINGS = {
    "Difference": "the mean over replicates of arm minus reference within the replicate. Dots are the replicates, the "
    "diamond is their mean, the bar its interval.",
    "Interval": f"Student's {LEVEL} interval of the mean difference. If the whole run were repeated many times with "
    f"other seeds, about {LEVEL} of such intervals would contain the difference that infinitely many replicates "
    "would show. Where it contains 0, the run does not show which way the effect goes. It does not say whether the "
    "model is right about patients or mice.",
    "Change": "the ratio of the means, less one; a factor (×) where it is large.",
    "Effect size": "the mean difference in units of the spread of the differences (Hedges' g): large values mean that "
    "nearly every replicate goes the same way.",
    "p": "how often differences at least as large arise when arm and reference are exchanged at random within pairs; "
    "below it adjusted for the number of rows of the table (Benjamini and Hochberg).",
    "Pairs": "replicates in which both values are defined; where that is not all of them, all numbers of the row rest "
    "on these alone.",
}
MEANINGS_STOPPED = MEANINGS | {
    "Interval": f"a {LEVEL} confidence sequence at its last replicate. Intervals after each replicate all hold the "
    f"difference that infinitely many replicates would show, at once, in {LEVEL} of such runs (for differences that "
    "are roughly normal), so that the run could end when it was narrow enough (Wang and Ramdas, arXiv:2310.03722). "
    "Where it contains 0, the run does not show which way the effect goes. It does not say whether the model is right "
    "about patients or mice.",
    "Change": "the ratio of the means, less one, in Fieller's interval of the same sequence; a factor (×) where it is "
    "large.",
    "p": "a bound on how often replicates without any true difference would ever come to look so different, however "
    "often one looks; below it adjusted for the number of rows of the table (Benjamini and Hochberg).",
}


def sure(result: Result) -> Markup | None:
    """Every endpoint of every arm, with intervals, how to read them, and how many replicates narrower ones take."""
    parts = [tag("p", text) for text in (stopped(result), sentence(result)) if text]
    rows = result.comparisons
    if not rows:
        return both(*parts) if parts else None
    bodies = []
    for endpoint in dict.fromkeys(c.endpoint for c in rows):
        o = answer.observable(result, endpoint)
        mine = [c for c in rows if c.endpoint == endpoint]
        strips = [Strip.of(c, differences(result, c), not untreated(result, c.arm)) for c in mine]
        far = reach(strips)
        unit = tag("span", unit_words(o.unit), class_="unit")
        title = tag("th", capital(o.label), unit, tag("small", o.meaning), colspan=9, scope="rowgroup",
                    role="rowheader")  # fmt: skip
        lines = [tag("tr", title, role="row", class_="endpoint")]
        for strip in strips:
            c = strip.comparison
            if not strip.given:
                lines.append(not_given(result, c))
                continue
            clear = answer.verdict(c) in ("higher", "lower")
            color = page.arm_class(result, c.arm)
            lines.append(
                tag(
                    "tr",
                    tag("th", tag("i", class_="chip"), words(c.arm), scope="row", role="rowheader", class_=color),
                    tag("td", page.strip(strip, far, color), role="cell", class_="drawn"),
                    cell(words(c.reference), compact(c.reference_mean)),
                    cell(words(c.arm), compact(c.mean)),
                    cell("difference", answer.signed(c.difference), bounds(c.low, c.high), strong=clear),
                    cell("change", *parted(change(c).replace("-", "−"))),
                    cell("effect size", compact(c.effect_size).replace("-", "−")),
                    cell("p", p_value(c.p), f"adjusted {p_value(c.p_adjusted)}"),
                    cell("pairs", c.of),
                    role="row",
                )
            )
        bodies.append(tag("tbody", *lines, role="rowgroup"))
    heads = ("arm", "differences of the pairs", words(result.reference), "arm", "difference",
             "change", "effect size", "p", "pairs")  # fmt: skip
    caption = (
        f"Values on day {result.scenario.time.days:g}: means, and differences from {words(result.reference)} with "
        f"{LEVEL} intervals below. Bold: the interval excludes 0."
    )
    head = [tag("th", title, scope="col", role="columnheader") for title in heads]
    table = tag(
        "table",
        tag("caption", caption),
        tag("thead", tag("tr", *head, role="row"), role="rowgroup"),
        *bodies,
        role="table",
    )
    labels = [answer.observable(result, c.endpoint).label for c in rows]
    notes = spelled_out([*labels, *(words(arm) for arm in result.arms)])
    meanings = MEANINGS_STOPPED if result.stopping else MEANINGS
    reading = tag("dl", *(x for key, text in meanings.items() for x in term(key, text)), class_="reading")
    return both(
        *parts,
        tag("div", table, class_="tablebox"),
        tag("p", f"{notes}.", class_="caption") if notes else None,
        tag("details", tag("summary", "How to read this table"), reading),
        ensemble.others(result),
    )


def differences(result: Result, c: Comparison) -> np.ndarray:
    """Differences of the replicates, (replicates,)."""
    return result.endpoint(c.endpoint, c.arm) - result.endpoint(c.endpoint, c.reference)


def not_given(result: Result, c: Comparison) -> Markup:
    """The row of an arm that got nothing."""
    text = f"nothing was given before the end of the run on day {result.scenario.time.days:g}"
    color = page.arm_class(result, c.arm)
    name = tag("th", tag("i", class_="chip"), words(c.arm), scope="row", role="rowheader", class_=color)
    return tag("tr", name, tag("td", text, role="cell", colspan=8, class_="nothing"), role="row")


def cell(label: str, text: str, more: str = "", strong: bool = False) -> Markup:
    small = tag("small", more) if more else None
    return tag("td", tag("span", tag("b", text) if strong else text, " ", small), role="cell", data_label=label)


def parted(text: str) -> tuple[str, str]:
    """A value and the interval behind it."""
    value, sign, rest = text.partition(" [")
    unit = " %" if value.endswith("%") else ""
    return value, f"{rest[:-1].replace(', ', ' to ')}{unit}" if sign else ""


def bounds(low: float, high: float) -> str:
    return f"{answer.signed(low)} to {answer.signed(high)}" if np.isfinite(low) and np.isfinite(high) else ""
