"""`power`: how many replicates an answer takes, with a finished run as the pilot; nothing is simulated."""

from __future__ import annotations

import math
from pathlib import Path
from typing import TYPE_CHECKING

from tmesim.reading import InputError, Problem, brief, suggestion
from tmesim.text import json_text, line, say
from tmesim.units import UnitError, quantity
from tmesim.wording import compact, words

if TYPE_CHECKING:
    from tmesim.power import Plan
    from tmesim.shown import Result


def print_power(
    folder: Path, endpoint: str | None, arm: str | None, width: str, detect: str, power: float, csv: Path | None,
    as_json: bool,
) -> None:  # fmt: skip
    """Print what it takes; InputError for a folder that holds no finished run, a run of one replicate, and everything
    that is wrong with the options."""
    from tmesim.cli.lists import print_rows
    from tmesim.cli.targeting import finished
    from tmesim.power import COLUMNS, plans, table_bytes
    from tmesim.storage import write

    result = finished(folder)
    narrow, difference, often, names, arms = asked(result, endpoint, arm, width, detect, power)
    try:
        rows = plans(result, names, arms, narrow, difference, often)
    except ValueError as error:
        raise InputError([Problem(str(error), file=str(folder))]) from None
    if csv is not None:
        write(csv, table_bytes(rows))
        say(f"{line(csv)}: {len(rows)} rows")
    elif as_json:
        say(json_text([{name: _plain(getattr(row, name)) for name in COLUMNS} for row in rows]))
    else:
        table = [shown(row) for row in rows]
        print_rows([dict(zip(table[0], table[0], strict=True)), *table])
        say(read_so(result, rows[0]))


def asked(
    result: Result, endpoint: str | None, arm: str | None, width: str, detect: str, power: float
) -> tuple[float, float, float, tuple[str, ...] | None, tuple[str, ...] | None]:
    """The options as numbers and names of this run; InputError with all that is wrong."""
    problems, shares = [], []
    for option, text in (("--width", width), ("--detect", detect)):
        try:
            shares.append(quantity(text, "1"))
            if not 0 < shares[-1] < math.inf or "%" not in text:
                raise UnitError(f"expected a share of the reference above 0, such as '10 %', got '{brief(text)}'")
        except UnitError as error:
            problems.append(Problem(str(error), option))
    if not 0.05 < power < 1:
        problems.append(Problem(f"expected a number between 0.05 and 1, such as 0.8, got {power:g}", "--power"))
    if endpoint is not None and endpoint not in result.scenario.endpoints:
        told = f"'{brief(endpoint)}' is no endpoint of this run.{suggestion(endpoint, result.scenario.endpoints)}"
        problems.append(Problem(told, "--endpoint"))
    if arm is not None and arm not in result.arms:
        problems.append(Problem(f"there is no arm '{brief(arm)}' in this run.{suggestion(arm, result.arms)}", "--arm"))
    if problems:
        raise InputError(problems)
    narrow, difference = shares
    return narrow, difference, power, (endpoint,) if endpoint else None, (arm,) if arm else None


def shown(row: Plan) -> dict[str, str]:
    """A row as a terminal shows it."""
    from tmesim.power import told, told_span

    alone = row.arm == row.reference

    def replicates(name: str) -> str:
        return told_span(*(getattr(row, f"{name}_{end}") for end in ("low", "best", "high")))

    known = math.isfinite(row.spread)
    ends = f" ({percent(row.spread_low)} to {percent(row.spread_high)})"
    return {
        "endpoint": row.endpoint, "arm": f"{words(row.arm)}, its mean" if alone else words(row.arm),
        "pairs": str(row.n), "spread": percent(row.spread) + ends if known else "–",
        "now ±": percent(row.now),
        f"± {100 * row.width:g} % takes": replicates("width") if known else "–",
        "with --until": told(row.until_best) if known else "–",
        "shows now": "" if alone else percent(row.shown),
        f"to show {100 * row.detect:g} %": "" if alone else replicates("detect") if known else "–",
    }  # fmt: skip


def percent(share: float) -> str:
    return f"{compact(100 * share)} %" if math.isfinite(share) else "–"


def read_so(result: Result, row: Plan) -> str:
    """What the table says."""
    text = (
        f"\nReplicates, and in brackets those for the ends of the 95 % interval of the spread, which {row.n} pairs "
        f"tell only so well. All is in % of the reference's mean ({words(row.reference)}); ± is half of a 95 % "
        f"interval. Shown is a difference that {100 * row.power:g} % of such runs would find (two-sided t test at 5 %)."
    )
    if result.stopping:
        text += " This run was stopped when its intervals were narrow, so that its spread is rather too small."
    return text


def _plain(value: object) -> object:
    return None if isinstance(value, float) and not math.isfinite(value) else value
