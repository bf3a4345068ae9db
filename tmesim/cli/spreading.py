"""`organs`: what whole organs hold, from the sampled patches of a run; nothing is simulated."""

from __future__ import annotations

import math
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING

from tmesim.reading import InputError, Problem
from tmesim.text import json_text, line, say
from tmesim.wording import compact

if TYPE_CHECKING:
    from tmesim.organ_totals import Total


def print_organs(folder: Path, as_json: bool) -> None:
    """Print the table; InputError for a folder that holds no finished run, or one in which nothing was injected."""
    from tmesim.cli.lists import print_rows
    from tmesim.cli.targeting import finished
    from tmesim.organ_totals import totals

    result = finished(folder)
    try:
        rows = totals(result)
    except ValueError as error:
        raise InputError([Problem(line(error.args[0]), file=str(folder))]) from None
    if as_json:
        say(json_text([{name: _plain(value) for name, value in asdict(row).items()} for row in rows]))
        return
    print_rows([told(row) for row in rows])
    say("\nAn organ's number is that of all patches over the share of it that they are, with 95 % of the sampling.")


def told(row: Total) -> dict[str, str]:
    """A row of the table as a terminal shows it."""
    expected = "" if row.expected is None else f", {compact(row.expected)} expected"
    whole = f"{compact(row.organ)} ({compact(row.low)} to {compact(row.high)}) in the whole organ"
    return {
        "arm": row.arm, "organ": row.soil, "found": f"{row.count}: {row.found} in {row.patches} patches{expected}",
        "whole": "put into the patch, whatever the blood brings" if row.share is None else whole,
    }  # fmt: skip


def _plain(value: object) -> object:
    return None if isinstance(value, float) and math.isnan(value) else value
