"""`organs`: what whole organs hold, how much of it is soil, and what was published, of a finished run."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tmesim.reading import InputError, Problem
from tmesim.text import json_text, line, say
from tmesim.wording import compact, words

if TYPE_CHECKING:
    from tmesim.organ_totals import Total
    from tmesim.shown import Result
    from tmesim.soil_shares import Share
    from tmesim.validation import Row

WHOLE = """
An organ's number is that of all patches over the share of it that they are, with 95 % of the sampling; ~ where counts
differ among replicates by more than chance, and the interval is as much wider. Expected is what the injection brings by
circulation; cells that lesions send come on top."""
SOIL = """
Parts of the differences of seen lesions among organs (Shapley values), with 95 % over replicates; one below 0 works
against the pattern. spread: variance of logarithms; order: rank correlation. soil = access + growth. Half a count is
added to each; where half of the organs or more have no lesion, there is no pattern to tell of."""


def refuse_both(shares: bool, validation: bool) -> None:
    """InputError where two tables are asked for."""
    if shares and validation:
        raise InputError([Problem("is another table; ask for one of them", "--shares and --validation")])


def print_organs(folder: Path, csv: Path | None, as_json: bool) -> None:
    """Print what whole organs hold; InputError for a folder that holds no finished run, or one in which no tumor cell
    comes to an organ."""
    from tmesim.organ_totals import table_bytes, totals

    rows = _read(folder, totals)
    _tell(rows, told, WHOLE, csv, as_json, table_bytes)


def print_shares(folder: Path, csv: Path | None, as_json: bool) -> None:
    """Print how much of the pattern is soil; InputError as for `print_organs`, and where no arm has two organs."""
    from tmesim.soil_shares import FITTED, shares, table_bytes

    rows = _read(folder, shares)
    first = {(row.arm, row.set): row for row in reversed(rows)}
    if csv is None and not as_json:  # a set without a pattern is one row to read
        rows = [row for row in rows if math.isfinite(row.share) or row is first[row.arm, row.set]]
    marked = ", ".join(f"{name}: {path}" for name, path in FITTED.items())
    _tell(rows, told_share, f"{SOIL}\nFitted to frequencies of metastases in organs: {marked or 'none'}. "
          "* a number that was measured in these organs acts on it, so that it was put in; --json names them.",
          csv, as_json, table_bytes)  # fmt: skip


def print_validation(folder: Path, csv: Path | None, as_json: bool) -> None:
    """Print published numbers beside those of the run; InputError as for `print_organs`, and of another host."""
    from tmesim.validation import left_out, table, table_bytes, within

    rows = _read(folder, table)
    met, known, misses = within(rows)
    below = [f"{met} of the {known} numbers that this run tells of lie within their interval."]
    below += [f"Missed: {', '.join(misses)}."] if misses else []
    below += [f"Of mice, but held against no run: {name}, {why}." for name, why in left_out().items()]
    _tell(rows, told_number, "\n" + "\n".join(below), csv, as_json, table_bytes)


def _read(folder: Path, table: Callable[[Result], list[Any]]) -> list[Any]:
    from tmesim.cli.targeting import finished

    result = finished(folder)
    try:
        return table(result)
    except ValueError as error:
        raise InputError([Problem(line(error.args[0]), file=str(folder))]) from None


def _tell(
    rows: Sequence[Any], row_told: Callable[[Any], dict[str, str]], below: str, csv: Path | None, as_json: bool,
    table_bytes: Callable[[Any], bytes],
) -> None:  # fmt: skip
    """Print rows as a table or as JSON, or write them as CSV."""
    from tmesim.cli.lists import print_rows
    from tmesim.storage import write

    if csv is not None:
        write(csv, table_bytes(rows))
        say(f"{line(csv)}: {len(rows)} rows")
    elif as_json:
        say(json_text([{name: _plain(value) for name, value in asdict(row).items()} for row in rows]))
    else:
        print_rows([row_told(row) for row in rows])
        say(below)


def told(row: Total) -> dict[str, str]:
    """A row of the table of whole organs as a terminal shows it."""
    expected = "" if row.expected is None else f", {compact(row.expected)} expected"
    cells = f" ({row.origin})" if row.count == "arrivals" else ""
    ends = f"{compact(row.organ)} ({'~' if row.widened else ''}{compact(row.low)} to {compact(row.high)})"
    return {
        "arm": row.arm, "organ": row.place if row.place == row.soil else f"{row.place}, soil of {row.soil}",
        "found": f"{words(row.count)}: {row.found} in {row.patches} patches{expected}{cells}",
        "whole organ": "put into the patch, whatever the blood brings" if row.share is None else ends,
        "share": "" if row.share is None else compact(row.share),
    }  # fmt: skip


def told_share(row: Share) -> dict[str, str]:
    """A row of the table of shares as a terminal shows it."""
    known = math.isfinite(row.share)
    ends = f" ({compact(row.low)} to {compact(row.high)})" if math.isfinite(row.low) else ""
    few = f"{row.lesions} lesions; none in {', '.join(row.without)}" if row.without else f"{row.lesions} lesions"
    return {
        "arm": row.arm, "organs": ", ".join(row.organs), "of": row.value if known else "",
        "factor": row.factor if known else "",
        "share": f"{compact(row.share)}{ends}" if known else "no pattern",
        "mark": "fitted" if row.fitted else "*" if row.put_in and known else "", "found": few,
    }  # fmt: skip


def told_number(row: Row) -> dict[str, str]:
    """A published number as a terminal shows it."""
    published = [compact(end) if math.isfinite(end) else "" for end in (row.low, row.high)]
    given = f"{compact(row.model)} ({compact(row.model_low)} to {compact(row.model_high)}) {row.unit}"
    return {
        "number": row.label, "model": given if math.isfinite(row.model) else "",
        "published": f"{published[0]} to {published[1]}" if all(published) else f"≥ {published[0]}",
        "verdict": row.verdict, "told": row.told, "note": row.note, "source": f"{row.source} [{row.checked}]",
    }  # fmt: skip


def _plain(value: object) -> object:
    return None if isinstance(value, float) and math.isnan(value) else value
