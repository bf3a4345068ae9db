"""The sections of the page, in the order in which a reader asks: what is the answer, how was it found, is it sure."""

from __future__ import annotations

import base64
import hashlib
import io
import shlex
from typing import TYPE_CHECKING

import numpy as np
from PIL import Image

from tmesim.figures.trajectories import chosen
from tmesim.report import answer, drawing, grounds
from tmesim.report.markup import Child, Markup, tag
from tmesim.statistics import CONFIDENCE, change, compact, words

if TYPE_CHECKING:
    from tmesim.result import Result
    from tmesim.scenario import Arm

TABLES = ("timeseries.csv", "endpoints.csv", "comparison.csv")


def opening(result: Result) -> Markup:
    """The question and the answer."""
    scenario = result.scenario
    n = result.replicates
    facts = f"{words(scenario.name)} · {scenario.host} · {scenario.time.days:g} days · "
    facts += f"{len(result.arms)} arm{'s' * (len(result.arms) > 1)} · {n} replicate{'s' * (n > 1)}"
    return Markup(tag("p", facts, class_="eyebrow") + tag("h1", scenario.question or words(scenario.name)) + told(result))


def told(result: Result) -> Markup:
    """The answer: one card for each arm against the reference, by the first endpoint."""
    first = result.scenario.endpoints[0] if result.scenario.endpoints else None
    if first is None:
        return tag("p", "The scenario names no endpoint, so there is nothing to compare.", class_="answer")
    mine = [c for c in result.comparisons if c.endpoint == first]
    if not mine:
        return tag("p", answer.alone(result), class_="answer")
    o, day = answer.observable(result, first), result.scenario.time.days
    cards = []
    for c in mine:
        note = answer.caution(c)
        cards.append(
            tag(
                "li",
                tag("p", answer.headline(c), class_="large") if c.n else None,
                tag("p", tag("b", words(c.arm)), f" · {o.label}, day {day:g}", class_="what"),
                tag("p", answer.sentence(c, o, day), class_="answer"),
                tag("p", note, class_="note") if note else None,
                class_=f"card {drawing.arm_class(result, c.arm)} {answer.verdict(c)}",
            )
        )
    return tag("ul", *cards, class_="cards", aria_label="The answer")


def design(result: Result) -> Markup:
    """The tissue, the arms and their doses."""
    scenario, box = result.scenario, result.scenario.tissue
    high, wide = (length / 1000 for length in box.size_um)
    tumors = scenario.start.tumor
    radius = f" around a tumor of {2 * tumors[0].radius_um:.0f} µm" if len(tumors) == 1 else ""
    text = (
        f"A patch of {wide:g} × {high:g} mm of {scenario.host} breast tissue{radius} is simulated cell by cell for "
        f"{scenario.time.days:g} days, in steps of {scenario.time.step_h:g} h, on sites of {box.spacing:g} µm."
    )
    if len(result.arms) > 1:
        text += (
            " Each replicate is one tissue that is copied when the arms part: the copies share their whole history, and "
            "afterwards every throw of the dice until the treatment makes a difference. So a difference between arms "
            "is due to the treatment and what follows from it, not to another tissue."
        )
    rows = [
        tag(
            "div",
            tag("p", tag("i", class_="chip"), tag("b", words(name)), " ", tag("span", given(result, arm))),
            drawing.rail(arm, scenario.time.days, words(name)),
            class_=f"line {drawing.arm_class(result, name)}",
        )
        for name, arm in scenario.arms.items()
    ]
    line = tag("div", *rows, drawing.scale(scenario.time.days), class_="timeline")
    story = [tag("p", paragraph) for paragraph in scenario.story.strip().split("\n\n") if paragraph]
    background = tag("div", tag("h3", "Background"), *story, class_="story") if story else None
    return both(tag("p", text), line, background)


def given(result: Result, arm: Arm) -> str:
    """What an arm gets, in words."""
    therapies = result.scenario.catalogue.therapies
    parts = [
        f"{therapies[d.use].label}, {d.dose:g} {d.unit}, {grounds.doses_in_words(d.hours())}" for d in arm.therapies
    ]
    parts += [f"{key} = {value}" for key, value in arm.set.items()] + [f"without the rule {rule}" for rule in arm.off]
    since = f" (from day {arm.from_h / 24:g})" if arm.from_h and (arm.set or arm.off) else ""
    return ("; ".join(parts) or "nothing given") + since


def happened(result: Result) -> Markup:
    """Movie, pictures and curves."""
    parts: list[Child] = []
    movie = result.path / "figures" / "movie.gif"
    n = result.replicates
    which = "the replicate that ended nearest to the median" if n > 1 else "the only replicate"
    if movie.is_file():
        data = movie.read_bytes()
        with Image.open(io.BytesIO(data)) as image:
            size, frames = image.size, getattr(image, "n_frames", 1)
        alt = f"Movie of the tissue in {frames} frames from day 0 to day {result.scenario.time.days:g}, the arms side by side."
        picture = tag(
            "picture",
            tag("source", srcset=uri(still(data), "image/png"), media="(prefers-reduced-motion: reduce)"),
            image_tag(data, "image/gif", alt, size),
        )
        parts.append(
            tag(
                "details",
                tag("summary", "Movie"),
                scroller(picture, size[0] * 0.62),
                tag("p", f"The tissue over time in {which}. Triangles are doses. Fold this part to stop the movie.",
                    class_="caption"),
                open=True,
                class_="movie",
            )
        )  # fmt: skip
    for name, title, caption in (
        ("tissue", "The tissue", f"Cells and vessels on some days in {which}; blue-gray where oxygen is short."),
        ("oxygen", "Oxygen", "The same days: oxygen, vessels that carry blood, and the edge of the tumor."),
    ):
        file = result.path / "figures" / f"{name}.png"
        if file.is_file():
            data, size = compacted(file.read_bytes())
            alt = f"{title}: pictures of {', '.join(words(a) for a in result.arms)}, a row for each arm, a column for each day."
            parts.append(
                tag("figure", tag("h3", title), scroller(image_tag(data, "image/png", alt, size), 760),
                    tag("figcaption", caption, class_="caption"))
            )  # fmt: skip
    lines = "Lines are medians; bands hold the middle half of the replicates; thin lines are single replicates. " if n > 1 else ""
    panels = [drawing.curves(result, name, answer.observable(result, name)) for name in chosen(result)]
    parts += [
        tag("h3", "Over time"),
        drawing.legend(result),
        tag("div", *panels, class_="curves"),
        tag("p", f"{lines}Dashed lines mark doses.", class_="caption"),
    ]
    return both(*parts)


def sure(result: Result) -> Markup | None:
    """Every endpoint of every arm, with intervals, and how to read them."""
    rows = result.comparisons
    if not rows:
        return None
    bodies = []
    for endpoint in dict.fromkeys(c.endpoint for c in rows):
        o = answer.observable(result, endpoint)
        mine = [c for c in rows if c.endpoint == endpoint]
        reference = result.endpoint(endpoint, result.reference)
        differences = [result.endpoint(endpoint, c.arm) - reference for c in mine]
        frame = drawing.frame_of(mine, differences)
        title = tag("th", answer.capital(o.label), tag("span", o.unit, class_="unit"), tag("small", o.meaning),
                    colspan=9, scope="rowgroup", role="rowheader")  # fmt: skip
        lines = [tag("tr", title, role="row", class_="endpoint")]
        for c, dots in zip(mine, differences, strict=True):
            clear = answer.verdict(c) in ("higher", "lower")
            color = drawing.arm_class(result, c.arm)
            lines.append(
                tag(
                    "tr",
                    tag("th", tag("i", class_="chip"), words(c.arm), scope="row", role="rowheader", class_=color),
                    tag("td", drawing.strip(c, dots, frame, color), role="cell", class_="drawn"),
                    cell(words(c.reference), compact(c.reference_mean)),
                    cell(words(c.arm), compact(c.mean)),
                    cell("difference", answer.signed(c.difference), bounds(c.low, c.high), strong=clear),
                    cell("change", *parted(change(c).replace("-", "−"))),
                    cell("effect size", compact(c.effect_size).replace("-", "−")),
                    cell("p", number(c.p), f"adjusted {number(c.p_adjusted)}"),
                    cell("pairs", f"{c.n}"),
                    role="row",
                )
            )
        bodies.append(tag("tbody", *lines, role="rowgroup"))
    heads = ("arm", "differences of the pairs", words(result.reference), "arm", "difference",
             "change", "effect size", "p", "pairs")  # fmt: skip
    level = f"{100 * CONFIDENCE:.0f} %"
    table = tag(
        "table",
        tag("caption", f"Values on day {result.scenario.time.days:g}: means, and differences from {words(result.reference)} with "
            f"{level} intervals below. Bold: the interval leaves out 0."),
        tag("thead", tag("tr", *(tag("th", h, scope="col", role="columnheader") for h in heads), role="row"), role="rowgroup"),
        *bodies,
        role="table",
    )  # fmt: skip
    reading = tag(
        "dl",
        *term("Difference", "the mean over replicates of arm minus reference within the replicate. Dots are the "
              "replicates, the diamond is their mean, the bar its interval."),
        *term("Interval", f"Student's {level} interval of the mean difference. If the whole run were repeated many times "
              f"with other seeds, about {level} of such intervals would hold the difference that infinitely many "
              "replicates would show. Where it holds 0, the run does not show which way the effect goes. It says "
              "nothing of whether the model is right about patients or mice."),
        *term("Change", "the ratio of the means, less one; a factor (×) where it is large."),
        *term("Effect size", "mean difference in units of the spread of the differences (Hedges' g): large values mean "
              "that nearly every replicate goes the same way."),
        *term("p", "how often differences at least as large arise when arm and reference are exchanged at random within "
              "pairs; below it adjusted for the number of rows of the table (Benjamini and Hochberg)."),
        *term("Pairs", "replicates in which both values are defined."),
        class_="reading",
    )  # fmt: skip
    return both(tag("div", table, class_="tablebox"), tag("details", tag("summary", "How to read this table"), reading))


def assumed(result: Result) -> Markup:
    """Grounds of the numbers, and the evidence behind the drugs."""
    scenario = result.scenario
    table = grounds.counted(scenario.catalogue)
    totals = grounds.without_none(table)
    grounded = grounds.grounded(scenario.catalogue)
    whole, rules = sum(totals.values()), len(scenario.catalogue.all_rules)
    other = stale(result)
    tiles = [
        tag("li", tag("b", f"{count}"), " ", tag("span", grounds.GROUNDS[g]), class_=g) for g, count in totals.items()
    ]
    bar = tag(
        "div",
        *(tag("span", style=f"flex-grow:{count}", class_=g) for g, count in totals.items()),
        class_="share",
        role="img",
        aria_label="; ".join(f"{count} numbers {grounds.GROUNDS[g]}" for g, count in totals.items()),
    )
    changed = [f"{key} = {value}" for key, value in scenario.set.items()] + [f"without the rule {r}" for r in scenario.off]
    changed += [f"adds {kind}: {', '.join(map(str, names))}" for kind, names in scenario.add.items()]
    parts: list[Child] = [
        other,
        tag("p", f"The model of this run stands on {rules} rules and {whole} numbers. {'All' if grounded == rules else grounded} of "
            "the rules name a claim of the seed documents or a publication for what acts on what. How strongly it acts is "
            "assumed far more often, so trust directions and orders more than sizes. The numbers are"),
        bar,
        tag("ul", *tiles, class_="tiles"),
    ]  # fmt: skip
    if changed:
        parts += [tag("h3", "What this scenario changes in the catalogue"), tag("ul", *(tag("li", c) for c in changed))]
    for name in grounds.used(scenario):
        parts.append(drug(result, name))
    parts.append(
        tag("div", tag("h3", "What this is not"), tag("p",
            "The patch is a part of a lesion in two dimensions. That a tumor vanishes from it is not a complete response of "
            "a lesion, and days in it are not months of survival. Compare arms, orders and ratios; do not read doses or "
            "times off this page for a patient."), class_="story")
    )  # fmt: skip
    return both(*parts)


def drug(result: Result, name: str) -> Markup:
    """What a drug does in the model, the rules it works through, and what they rest on."""
    catalogue = result.scenario.catalogue
    therapy = catalogue.therapies[name]
    does = [
        tag("li", step.text, " ", badge(step.assumed), tag("small", "; ".join(grounds.cited(step.source))))
        for step in grounds.steps(catalogue, therapy, result.scenario.host)
    ]
    rules = [
        tag(
            "li",
            tag("code", key),
            " ",
            rule.sentence(),
            " ",
            badge(rule.half_max.assumed or (rule.limit is not None and rule.limit.assumed), "strength assumed"),
            tag("ul", *(tag("li", text) for text in grounds.cited(rule.evidence)), class_="evidence"),
        )
        for key, rule in grounds.chain(catalogue, therapy).items()
    ]
    why = [tag("li", text) for text in grounds.cited(therapy.evidence)]
    return tag(
        "article",
        tag("h3", answer.capital(therapy.label)),
        tag("p", f"{answer.capital(therapy.therapy_class)}. In the model, while all its targets are occupied, it", class_="what") if does else None,
        tag("ul", *does, class_="does") if does else None,
        tag("details", tag("summary", f"Why it is thought to work ({len(why)} sources)"), tag("ul", *why)) if why else None,
        tag("details", tag("summary", f"The {len(rules)} rules it works through"), tag("ol", *rules, class_="rules"))
        if rules else None,
        class_="drug",
    )  # fmt: skip


def again(result: Result) -> Markup:
    """How to get the same bits."""
    facts = result.provenance
    versions = facts.get("versions", {})
    command = facts.get("command", [])
    machine = facts.get("platform", {})
    seeds = ", ".join(str(s) for s in facts.get("replicate_seeds", []))
    sums = {name: hashlib.sha256((result.path / name).read_bytes()).hexdigest() for name in TABLES}
    rows = [
        ("Command", tag("code", shlex.join(command)) if command else None),
        ("Seed", f"{facts.get('seed', result.scenario.seed)} (of the replicates: {seeds})"),
        ("Versions", ", ".join(f"{name} {number}" for name, number in versions.items())),
        ("Machine", f"{machine.get('system', '')}, {machine.get('cores', '?')} cores"),
        ("Started", ", ".join(facts.get("started", []))),
        ("Took", f"{facts['wall_s']:.0f} s with {facts.get('workers', 1)} workers" if "wall_s" in facts else None),
        ("Scenario", tag("code", facts.get("scenario_hash", result.scenario.hash), class_="hash")),
        *((name, tag("code", value, class_="hash")) for name, value in sums.items()),
    ]
    return both(
        tag("p", "The scenario below holds every setting of this run. Saved as ", tag("code", "scenario.yaml"),
            " (it also lies in the folder of the run), it gives the same tables, bit for bit, with the same versions on "
            "the same kind of machine, whatever the number of workers:"),
        tag("pre", tag("code", "tmesim run scenario.yaml --out again"), class_="command"),
        tag("dl", *(x for key, value in rows if value is not None for x in term(key, value)), class_="facts"),
        tag("details", tag("summary", "The scenario in full"),
            tag("pre", tag("code", (result.path / "scenario.yaml").read_text(encoding="utf-8")))),
    )  # fmt: skip


def cite(result: Result) -> Markup:
    """The program and the papers."""
    facts = result.provenance
    version = facts.get("versions", {}).get("tmesim", "")
    text = (
        f"The tmesim authors. tmesim: an agent-based simulator of the breast tumor microenvironment, version {version}. "
        f"Scenario {result.scenario.name}, {str(facts.get('scenario_hash', result.scenario.hash))[:12]}."
    )
    papers = grounds.primary(result.scenario)
    return both(
        tag("p", "The program, with its version and the scenario:"),
        tag("blockquote", text),
        tag("p", "And the papers that the drugs of this run rest on:") if papers else None,
        tag("ul", *(tag("li", paper) for paper in papers), class_="papers") if papers else None,
    )


def closing(result: Result) -> Markup:
    n = result.replicates
    return tag("p", f"Made by tmesim from the tables of this run ({n} replicate{'s' * (n > 1)}). A simulation, not medical advice.")


# Parts


def both(*parts: Child) -> Markup:
    return tag("div", *parts, class_="body")


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


def number(p: float) -> str:
    return f"{p:.2g}" if np.isfinite(p) else "–"


def term(key: str, value: Child) -> tuple[Markup, Markup]:
    return tag("dt", key), tag("dd", value)


def badge(assumed: bool, text: str = "assumed") -> Markup | None:
    return tag("span", text, class_="badge") if assumed else None


def stale(result: Result) -> Markup | None:
    """A warning when the catalogue at hand is not the one that the run was made with."""
    recorded = result.provenance.get("scenario_hash")
    if recorded in (None, result.scenario.hash):
        return None
    return tag("p", "This page was drawn with another catalogue than the run was made with, so what stands in this section may "
               "differ from what the run used. The numbers in the other sections are the run's own.", class_="warning")  # fmt: skip


def uri(data: bytes, kind: str) -> str:
    return f"data:{kind};base64,{base64.b64encode(data).decode()}"


def image_tag(data: bytes, kind: str, alt: str, size: tuple[int, int]) -> Markup:
    return tag("img", src=uri(data, kind), alt=alt, width=size[0], height=size[1])


def scroller(content: Markup, least: float) -> Markup:
    """A box in which a wide picture can be moved sideways on a narrow screen."""
    box = tag("div", tag("div", content, style=f"min-width:{least:.0f}px"), class_="scroller", tabindex="0")
    return Markup(box + tag("p", "Slide sideways to see all of it.", class_="hint"))


def compacted(data: bytes) -> tuple[bytes, tuple[int, int]]:
    """A picture with at most 256 colors, so few that no eye sees it; and its size."""
    with Image.open(io.BytesIO(data)) as image:
        flat = image.convert("RGB").quantize(256, Image.Quantize.MEDIANCUT, dither=Image.Dither.NONE)
        out = io.BytesIO()
        flat.save(out, "PNG", optimize=True)
        return min(data, out.getvalue(), key=len), image.size


def still(movie: bytes) -> bytes:
    """The last frame of a movie as PNG, for those who want no motion."""
    with Image.open(io.BytesIO(movie)) as image:
        image.seek(getattr(image, "n_frames", 1) - 1)
        return compacted(png(image))[0]


def png(image: Image.Image) -> bytes:
    out = io.BytesIO()
    image.convert("RGB").save(out, "PNG")
    return out.getvalue()
