"""The card of a sweep: what a notebook shows of it."""

from __future__ import annotations

import base64
import math

from tmesim import cards
from tmesim.sweeps.analysis import asked, findings
from tmesim.sweeps.directory import told
from tmesim.sweeps.plots import figures, key_words, with_unit
from tmesim.sweeps.tables import Values
from tmesim.wording import compact, words

MOST = 8
"""Rows of what the first endpoint hangs on."""


def sweep_card(values: Values, where: str, stale: str) -> str:
    """What was asked, what the first endpoint hangs on, the first of its figures, and where the files are.

    where : the files, in words; stale : why it is not current, empty where it is
    """
    plan, scenario = values.plan, values.plan.scenario
    parts = [cards.facts({with_unit(key, plan): key.text for key in plan.keys[:MOST]})]
    drawn = figures(values, most=1)
    for drawing in drawn.values():
        data = base64.b64encode(drawing.png).decode("ascii")
        width = min(820, drawing.width)
        parts.append(f'<img alt="{cards.escape(drawing.alt)}" style="max-width: {width}px; width: 100%" '
                     f'src="data:image/png;base64,{data}">')  # fmt: skip
    if not drawn:
        parts.append(_ranking(values))
    parts += [cards.warned([stale] if stale else []), cards.note(where)]
    return cards.card(scenario.name, f"sweep, {told(plan)}, {scenario.host}", scenario.question, *parts)


def _ranking(values: Values) -> str:
    """What the first endpoint hangs on most, as a table."""
    plan, endpoint = values.plan, values.plan.scenario.endpoints[0]
    arm, effect = asked(plan)[0]
    y = values.differences(endpoint, arm) if effect else values.of_endpoint(endpoint, arm)
    found = [f for f in findings(plan, y) if math.isfinite(f.estimate)]
    found.sort(key=lambda f: -abs(f.estimate))
    names = {key.name: key_words(key, plan) for key in plan.keys}
    rows = [(f"{names[f.key]} {f.value}".strip(), words(f.measure), compact(f.estimate)) for f in found[:MOST]]
    return cards.table(("key", "measure", f"of {endpoint}, {words(arm)}"), rows) if rows else ""
