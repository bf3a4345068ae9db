"""Where tumor cells came and where they grew: a map of the body, a table of the organs, curves and sections."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

import numpy as np

from tmesim.body.seeding import PATCH
from tmesim.catalogue import english
from tmesim.destinations import Destination, Spread, spreads
from tmesim.drawing import page
from tmesim.drawing.body_map import draw_body_map, entering
from tmesim.drawing.one_body import percent
from tmesim.drawing.organs import draw_organs
from tmesim.drawing.seeding import draw_seeding
from tmesim.markup import Markup, both, tag
from tmesim.observables.spread import GAP_UM, LESION_CELLS
from tmesim.report.certainty import cell
from tmesim.report.happened import PHONE, compacted, image_tag, named_if_broken, scroller, uri
from tmesim.report.opening import unbroken
from tmesim.wording import capital, compact, words

if TYPE_CHECKING:
    from tmesim.drawing.drawing import Drawing
    from tmesim.result import Result

RECEIVES = {"venous": "all blood of the veins", "portal": "that of the portal vein", "lymph": "lymph of the tumor"}
"""What an organ gets besides its share of the blood of the arteries."""
THOUSAND = 1000
"""Patches of which lesions are told where an organ has more of them."""


def organs(result: Result) -> Markup | None:
    """Figures and table of the organs that tumor cells come to; None where they come to none."""
    found = spreads(result)
    if not found:
        return None
    intro = (
        "Of each organ a patch is simulated, a small part of it. Lesions of the whole organ are estimated from all "
        "patches, with the interval that this sampling leaves. What blood alone would bring follows from the share of "
        "the blood that an organ gets, and from the share of passing cells that its capillaries hold. Where lesions "
        "are not shared out as arrivals are, the tissue made the difference, or chance did."
    )
    on_map = (
        "Gray: what came. Color: what grew. The dashed line is what was to be expected. How wide an arrow is tells the "
        "share of all cells that enter which the organ holds."
    )
    over_days = "Cells that came are counted from the start on; all other numbers are of the moment."
    patches = "The patch of each organ on the last day that was kept."
    return both(
        tag("p", intro),
        tag("ul", *(arm(each, result) for each in found), class_="arms"),
        figure(result, "body", "Body map", draw_body_map, on_map),
        tag("h3", "Organ by organ"),
        tag("div", table(result, found), class_="tablebox"),
        figure(result, "seeding", "Seeding and outgrowth", draw_seeding, over_days),
        figure(result, "organs", "Sections of the organs", draw_organs, patches),
    )


def arm(spread: Spread, result: Result) -> Markup:
    """What came and what grew in an arm, as an item of a list."""
    name = tag("b", tag("i", class_="chip"), f"{capital(words(spread.arm))}. ")
    return tag("li", name, unbroken(told(spread, result)), class_=page.arm_class(result, spread.arm))


def told(spread: Spread, result: Result) -> str:
    """What came and what grew in an arm, in words."""
    text = entering(spread, result)
    if len(spread.destinations) == 1:
        return text
    came, grew = spread.arrived_shares, spread.lesion_shares
    if not np.isnan(came).any():
        i = int(came.argmax())
        who = "All" if came[i] == 1 else f"Most ({percent(came[i])} of all in these organs)"
        text += f" {who} came to the {spread.destinations[i].label}"
        due = percent(spread.expected_shares[i])
        text += "." if spread.entry == PATCH else f", where blood alone would bring {due}."
    if np.isnan(grew).any():
        return text
    i = int(grew.argmax())
    without = [each.label for each in spread.destinations if not each.lesions.any()]
    if len(without) == len(grew) - 1:
        one = spread.destinations[i].lesions.sum() == 1
        return f"{text} {'The only lesion is' if one else 'All lesions are'} in the {spread.destinations[i].label}."
    text += f" Scaled up to whole organs, {percent(grew[i])} of lesions are in the {spread.destinations[i].label}"
    return f"{text}; none was found in {english.joined(without)}." if without else f"{text}."


def table(result: Result, found: list[Spread]) -> Markup:
    """A row for each organ of each arm."""
    unit = THOUSAND if any(each.patches > THOUSAND for spread in found for each in spread.destinations) else 1
    per = f"lesions in {THOUSAND} patches" if unit > 1 else "lesions in a patch"
    heads = ("organ", "blood", "expected to come", "came", per, "lesions in the organ")
    caption = (
        f"Day {result.scenario.time.days:g}, sums over {result.replicates} replicate{'s' * (result.replicates > 1)}. "
        f"A lesion is a group of at least {LESION_CELLS} tumor cells no more than {GAP_UM:g} µm apart. Intervals: 95 % "
        "of the sampling, wider than those of a Poisson count where replicates differ by more. Expected is what blood "
        "alone would bring"
    )
    caption += ", of as many as came." if any(not each.injected for each in found) else "."
    bodies = []
    for spread in found:
        color = page.arm_class(result, spread.arm)
        title = tag("th", tag("i", class_="chip"), words(spread.arm), colspan=len(heads), scope="rowgroup",
                    role="rowheader", class_=color)  # fmt: skip
        rows = [row(each, spread, per, unit) for each in spread.destinations]
        bodies.append(tag("tbody", tag("tr", title, role="row", class_="endpoint"), *rows, role="rowgroup"))
    head = [tag("th", title, scope="col", role="columnheader") for title in heads]
    return tag("table", tag("caption", caption), tag("thead", tag("tr", *head, role="row"), role="rowgroup"), *bodies,
               role="table", class_="organs")  # fmt: skip


def row(each: Destination, spread: Spread, per: str, unit: float) -> Markup:
    """An organ: what its blood would bring, what came, and its lesions. unit : patches of which `per` says lesions"""
    whole = [rounded(value * each.patches / each.fraction) for value in each.lesions_per_patch]
    mean, low, high = (rounded(value * unit) for value in each.lesions_per_patch)
    put = spread.entry == PATCH
    name = [capital(each.label), tag("small", f"with tissue of {each.swapped}") if each.swapped else None]
    return tag(
        "tr",
        tag("th", *name, scope="row", role="rowheader"),
        cell("blood", percent(each.blood_share), f"and {RECEIVES[each.receives]}" if each.receives in RECEIVES else ""),
        cell("expected to come", compact(each.expected), "put into the patch" if put else ""),
        cell("came", compact(float(each.arrivals.sum())), f"in {compact(each.patches)} patches"),
        cell(per, mean, f"{low} to {high}"),
        cell("lesions in the organ", "–" if put else whole[0],
             "" if put else f"{whole[1]} to {whole[2]}"),
        role="row",
    )  # fmt: skip


def rounded(value: float) -> str:
    """An estimate with two digits: it has no more."""
    return f"{value:#.2g}" if 0.001 <= value < 9.95 else compact(float(f"{value:.2g}"))


def figure(result: Result, name: str, title: str, draw: Callable[..., Drawing], caption: str) -> Markup | None:
    """A figure of the run's folder, and for a phone one that is drawn narrow; None where the run has none."""
    file = result.path / "figures" / f"{name}.png"
    if not file.is_file():
        return None
    with named_if_broken(file):
        data, size = compacted(file.read_bytes())
    narrow = draw(result, narrow=True)
    small, _ = compacted(narrow.data("png"))
    picture = tag(
        "picture",
        tag("source", srcset=uri(small, "image/png"), media=PHONE),
        image_tag(data, "image/png", narrow.alt, size),
    )
    return tag("figure", tag("h3", title), scroller(picture, 0), tag("figcaption", caption, class_="caption"))
