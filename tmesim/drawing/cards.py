"""The cards of a result and of a model: what a notebook shows of them."""

from __future__ import annotations

import base64
import io
import math
import os
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from PIL import Image

from tmesim import cards
from tmesim.drawing.notebook import counted, default_field, view_of
from tmesim.drawing.raster import Painter, scale_end, zoom_for
from tmesim.drawing.shots import representative
from tmesim.notices import notices, untreated
from tmesim.statistics import defined_mean
from tmesim.wording import change, compact, words

if TYPE_CHECKING:
    from tmesim.body import Body
    from tmesim.catalogue import Catalogue
    from tmesim.result import Result
    from tmesim.section import Section
    from tmesim.statistics import Comparison


def result_card(result: Result) -> str:
    """The question, the main endpoint's paired differences, the tissues at the end, and where the report is."""
    scenario, n = result.scenario, result.replicates
    main = result.known(scenario.endpoints[0])
    day, unit = scenario.time.days, f" ({main.unit})" if main.unit not in ("", "1") else ""
    if len(result.arms) == 1:
        mean, some = defined_mean(result.at_day(main.name, result.reference, day))
        of = f", mean of {some or n}" if n > 1 else ""
        answer = cards.facts({f"{main.label}{unit}, day {day:g}": compact(mean) + of})
    else:
        rows = [c for c in result.comparisons if c.endpoint == main.name]
        what = f"{main.label}{unit}, day {day:g}"
        head: tuple[str, ...] = (what, words(result.reference), "arm's mean", "difference [95 % interval]", "change")
        texts = [compared(c, untreated(result, c.arm)) for c in rows]
        if any(c.n < c.replicates for c in rows):
            head, texts = (*head, "pairs"), [(*row, c.of) for row, c in zip(texts, rows, strict=True)]
        answer = cards.table(head, texts, [c.low > 0 or c.high < 0 for c in rows])
    parts = [answer, cards.warned(notices(result))]
    if result.snapshot_days:
        shown = representative(result)
        last = result.last_snapshot_day()
        parts.append(pictures({
            f"{words(arm)}, day {last:g}": thumbnail(result.snapshot(last, arm, shown), scenario.catalogue)
            for arm in result.arms[:4]
        }, 180))  # fmt: skip
    arms = f"{len(result.arms)} arms × " if len(result.arms) > 1 else ""
    kind = f"result, {arms}{n} replicate{'s' * (n > 1)}, {scenario.host}"
    parts.append(cards.note(*place(result)))
    return cards.card(scenario.name, kind, scenario.question, *parts)


def compared(c: Comparison, untreated: bool) -> tuple[str, ...]:
    """A comparison as a row: arm, means, difference with its interval, change."""
    if untreated:
        return words(c.arm), compact(c.reference_mean), "nothing was given", "", ""
    bounds = f" [{compact(c.low)}, {compact(c.high)}]" if math.isfinite(c.low) else ""
    numbers = (compact(c.reference_mean), compact(c.mean), compact(c.difference) + bounds, change(c, bounds=False))
    return words(c.arm), *(text.replace("-", "−") for text in numbers)


def place(result: Result) -> tuple[str, str, str]:
    """Where the files are and how they are read again: text, and a link to the report where a notebook server can
    follow one."""
    report = result.path / "report.html"
    if not report.is_file():
        return result.whereabouts, "", ""
    relative = Path(os.path.relpath(report)).as_posix()
    if relative.startswith(".."):
        return f"{result.whereabouts}; report in {report}", "", ""
    return f"{result.whereabouts};", relative, "report"


def model_card(body: Body) -> str:
    """Who lives in a model now, and its picture."""
    view = view_of(body)
    catalogue, counts = body.scenario.catalogue, counted(view.section)
    rows = {cell.label: compact(counts[name]) for name, cell in catalogue.cells.items() if counts[name]}
    half = -(-len(rows) // 2)
    named = list(rows.items())
    columns = [named[i] + (named[i + half] if i + half < len(named) else ("", "")) for i in range(half)]
    ny, nx = body.tissue.shape
    about = f"arm {words(body.arm)}, day {body.hour / 24:.3g} of {body.scenario.time.days:g}"
    return cards.card(
        body.scenario.name, f"model, {nx} × {ny} sites, {body.scenario.host}", about,
        cards.table(("cells", "", "", ""), columns), pictures({view.title: thumbnail(view.section, catalogue)}, 240),
    )  # fmt: skip


def thumbnail(section: Section, catalogue: Catalogue, pixels: int = 300) -> bytes:
    """The cells over oxygen as a bare PNG."""
    field = default_field(section)
    painter = Painter(catalogue, field, scale_end([section], field))
    out = io.BytesIO()
    Image.fromarray(painter(section, zoom_for(section.shape, pixels))).quantize(64).save(out, "PNG")
    return out.getvalue()


def pictures(shown: Mapping[str, bytes], width: int) -> str:
    """PNG files side by side, each with its caption."""
    figures = []
    for caption, png in shown.items():
        data, text = base64.b64encode(png).decode(), cards.escape(caption)
        image = f'<img src="data:image/png;base64,{data}" alt="{text}" width="{width}">'
        figures.append(
            f'<div style="display: inline-block; margin: 4px 10px 0 0"><div style="{cards.FAINT}">{text}</div>'
            f"{image}</div>"
        )
    return f"<div>{''.join(figures)}</div>"
