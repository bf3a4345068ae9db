"""`targets`: an untreated run held against what was published, as a table; nothing is simulated."""

from __future__ import annotations

import math
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tmesim.reading import InputError, Problem
from tmesim.text import json_text, line, say
from tmesim.wording import compact

if TYPE_CHECKING:
    from tmesim.shown import Result



def print_targets(folder: Path, beside: Path | None, csv: Path | None, as_json: bool) -> None:
    """Print the table, or write it to a file.

    beside : the run of a window inside a lesion, whose numbers are set beside those of the core of this one
    InputError for a folder that holds no finished run, whose reference is treated, or that has no snapshots
    """
    from tmesim.cli.lists import print_rows
    from tmesim.storage import write
    from tmesim.targets import found_in, table, table_bytes

    result = finished(folder)
    try:
        rows = overlap_rows(result, finished(beside)) if beside is not None else table(
            found_in(result), result.scenario.species
        )  # fmt: skip
    except (KeyError, ValueError) as error:
        raise InputError([Problem(line(error.args[0]), file=str(beside or folder))]) from None
    if csv is not None:
        if beside is not None:
            raise InputError([Problem("writes the targets alone; leave out --beside", "--csv")])
        write(csv, table_bytes(rows))
        say(f"{line(csv)}: {len(rows)} targets")
    elif as_json:
        say(json_text([{name: None if _missing(value) else value for name, value in row.items()} for row in rows]))
    else:
        print_rows(rows if beside is not None else [told(row) for row in rows])


def finished(folder: Path) -> Result:
    from tmesim.cli.rendering import refuse_unfinished
    from tmesim.shown import Result

    refuse_unfinished(folder)
    return Result(folder)


def told(row: dict[str, Any]) -> dict[str, str]:
    """A row of the table as a terminal shows it."""
    model, low, high = (number(row[name]) for name in ("model", "model_low", "model_high"))
    ends = [number(row[name]) for name in ("low", "high")]
    source = f"{row['source']} [{row['checked']}]" if row["source"] else ""
    return {
        "target": row["label"], "model": f"{model} ({low} to {high}) {row['unit']}" if model else "",
        "published": {(True, True): f"{ends[0]} to {ends[1]}", (True, False): f"≥ {ends[0]}",
                      (False, True): f"≤ {ends[1]}"}.get((bool(ends[0]), bool(ends[1])), ""),
        "verdict": row["verdict"], "source": source,
    }  # fmt: skip


def overlap_rows(whole: Result, window: Result) -> list[dict[str, Any]]:
    """A row for each number of the core: its medians in a whole nest and in a window, and whether they agree."""
    from tmesim.targets.overlap import overlaps

    return [
        {"number": each.name, "core of the nest": number(each.middles[0]), "window": number(each.middles[1]),
         "fold": number(each.fold), "agree": "yes" if each.agrees else "no", "unit": each.unit}
        for each in overlaps(whole, window)
    ]  # fmt: skip


def number(value: float) -> str:
    """A number in as few digits as tell it; nothing where there is none."""
    return compact(value) if math.isfinite(value) else ""


def _missing(value: Any) -> bool:
    return isinstance(value, float) and not math.isfinite(value)
