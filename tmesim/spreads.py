"""How many replicates the packaged scenarios take for an interval of ± 10 %, from a table of measured endpoints.

`python tests/spreads.py` makes the table; a scenario that is not in it is not measured, and one that has changed since
is told as such.
"""

from __future__ import annotations

import csv
from collections.abc import Iterable, Mapping
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from tmesim.power import DETECT, POWER, WIDTH, Plan, plan, told_span
from tmesim.wording import words

if TYPE_CHECKING:
    from tmesim.scenario import Scenario

FILE = Path(__file__).with_name("spreads.csv")
COLUMNS = ("scenario", "replicate", "identity", "arm", "endpoint", "value")
"""identity : the first letters of that of the scenario"""
UNKNOWN = "not measured"


class Spreads:
    """Measured endpoints. begun : when, and with what"""

    def __init__(self, rows: Iterable[Mapping[str, str]], begun: str) -> None:
        self.rows = list(rows)
        self.begun = begun

    def plans(self, name: str, reference: str | None = None, endpoints: Iterable[str] | None = None) -> list[Plan]:
        """A row for each arm and endpoint of a scenario, as in `power.plans`; empty where fewer than two replicates of
        it were measured. Without a reference the first arm is it."""
        mine = [row for row in self.rows if row["scenario"] == name]
        replicates = sorted({int(row["replicate"]) for row in mine})
        if len(replicates) < 2:
            return []
        arms = list(dict.fromkeys(row["arm"] for row in mine))
        reference = reference if reference in arms else arms[0]
        found = {(row["arm"], row["endpoint"], int(row["replicate"])): float(row["value"]) for row in mine}
        made = []
        for endpoint in endpoints or dict.fromkeys(row["endpoint"] for row in mine):
            for arm in [arm for arm in arms if arm != reference] or [reference]:
                a, b = (np.array([found[one, endpoint, r] for r in replicates]) for one in (arm, reference))
                made.append(plan(endpoint, arm, reference, a, b, WIDTH, DETECT, POWER))
        return made

    def told(self, name: str, reference: str | None = None, endpoint: str | None = None) -> str:
        """What the first endpoint takes, in the arm that needs most: "about 12 (5 to 80)"; or that it is not known."""
        rows = self.plans(name, reference)
        rows = [row for row in rows if row.endpoint == (endpoint or rows[0].endpoint) and row.spread > 0]
        if not rows:
            return UNKNOWN
        row = max(rows, key=lambda each: each.spread)
        return told_span(row.width_low, row.width_best, row.width_high)

    def is_of(self, scenario: Scenario, identity: str) -> bool:
        """Whether what was measured is of this scenario as it is now; identity : its own"""
        made = {row["identity"] for row in self.rows if row["scenario"] == scenario.name}
        return made == {identity[:12]}


@cache
def spreads() -> Spreads:
    """The table of the package."""
    text = FILE.read_text(encoding="utf-8")
    head, _, rest = text.partition("\n")
    return Spreads(csv.DictReader(rest.splitlines()), head.removeprefix("# ").partition(",")[0])


def page(scenario: Scenario, identity: str) -> list[str]:
    """What a scenario takes, endpoint by endpoint, in lines."""
    rows = spreads().plans(scenario.name, scenario.reference, scenario.endpoints)
    if not rows:
        return ["How many replicates ± 10 % takes is not measured; `tmesim power RUN` tells it of a run."]
    since = "" if spreads().is_of(scenario, identity) else ", before the scenario or the biology was changed"
    lines = [f"An interval of ± 10 % takes so many replicates (measured with {rows[0].n}, {spreads().begun}{since}):"]
    for row in rows:
        of = "" if row.arm == row.reference else f" in {words(row.arm)}"
        takes = told_span(row.width_low, row.width_best, row.width_high)
        lines.append(f"- {row.endpoint}{of}: {takes if row.spread > 0 else UNKNOWN}")
    return lines
