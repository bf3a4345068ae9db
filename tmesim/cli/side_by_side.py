"""`compare`: finished runs side by side; nothing is simulated."""

from __future__ import annotations

import math
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tmesim.reading import InputError, Problem
from tmesim.text import json_text, line, say, shortened
from tmesim.wording import change, compact, p_value, words

if TYPE_CHECKING:
    from tmesim.comparing import Compared
    from tmesim.runs import Row
    from tmesim.shown import Result


def print_comparison(
    folders: Sequence[Path], arm: str | None, endpoints: str | None, day: float | None, csv: Path | None, as_json: bool,
    figure: Path | None,
) -> None:  # fmt: skip
    """Print, write or draw how runs differ; InputError, with all folders that are none of a finished run, where nothing
    can be compared, and for a figure of an unknown format."""
    from tmesim.cli.rendering import listed
    from tmesim.comparing import compare
    from tmesim.drawing.files import FORMATS
    from tmesim.runs import table_bytes
    from tmesim.storage import write

    if figure is not None and figure.suffix.removeprefix(".") not in FORMATS:
        known = ", ".join(f".{name}" for name in FORMATS)
        raise InputError([Problem(f"expected a file that ends in {known}, got '{line(figure)}'", "--figure")])
    results = finished_of(folders)
    compared = compare(
        *results,
        arm=None if arm is None else listed([arm]),
        endpoints=None if endpoints is None else listed([endpoints]),
        day=day,
    )
    if csv is not None:
        write(csv, table_bytes(compared.rows))
        say(f"{line(csv)}: {len(compared.rows)} rows")
    elif as_json:
        say(json_text(plain(compared)))
    else:
        print_compared(compared)
    if figure is not None:
        compared.plot().save(figure)
        say(f"Drawn: {line(figure)}", to_errors=True)


def finished_of(folders: Sequence[Path]) -> list[Result]:
    """The runs; InputError with all folders that are none."""
    from tmesim.cli.targeting import finished

    found: list[Result] = []
    problems: list[Problem] = []
    for folder in folders:
        try:
            found.append(finished(folder))
        except InputError as error:
            problems += error.problems
    if problems:
        raise InputError(problems)
    return found


def print_compared(compared: Compared) -> None:
    """The settings that differ, the table, and what else must be known."""
    from tmesim.cli.lists import print_rows

    names = compared.names
    head = {"setting": "setting"} | {name: name for name in names}
    rows = [{"setting": s.key} | dict(zip(names, (shortened(line(v), 60) for v in s.values), strict=True))
            for s in compared.different]  # fmt: skip
    if rows:
        print_rows([head, *rows])
    else:
        say("The scenarios do not differ in any setting.")
    say("")
    table = [shown(row) for row in compared.rows]
    print_rows([dict(zip(table[0], table[0], strict=True)), *table])
    say("")
    for text in (*told(compared.rows), *compared.notes):
        say(line(text))


def shown(row: Row) -> dict[str, str]:
    """A row as a terminal shows it."""
    bounds = f" [{compact(row.low)}, {compact(row.high)}]" if math.isfinite(row.low) else ""
    arm = words(row.arm) if row.arm == row.first_arm else f"{words(row.arm)} – {words(row.first_arm)}"
    return {
        f"day {row.day:g}": row.endpoint, "arm": arm, "run": row.run, row.first: compact(row.first_mean),
        "its mean": compact(row.mean), "difference [95 % interval]": compact(row.difference) + bounds,
        "change": change(row), "p": p_value(row.p), "how": how(row),
    }  # fmt: skip


def how(row: Row) -> str:
    """How a row came about."""
    if row.how == "paired":
        return f"{row.n} pairs"
    return f"{row.how} ({row.why})" + (f", {row.n} and {row.n_first}" if row.how == "unpaired" else "")


def told(rows: Sequence[Row]) -> list[str]:
    """What the last column means."""
    found = {row.how for row in rows}
    texts = []
    if "paired" in found:
        texts.append("Pairs: replicates with the same seed, whose tissues share all chance until they part.")
    if "unpaired" in found:
        texts.append("Unpaired: Welch's interval of two means that share nothing, so that it is wider.")
    return texts


def plain(compared: Compared) -> dict[str, Any]:
    """All of it as data."""
    from tmesim.runs import COLUMNS

    def known(value: object) -> object:
        return None if isinstance(value, float) and not math.isfinite(value) else value

    return {
        "runs": [{"name": side.name, "path": str(side.result.path)} for side in compared.sides],
        "settings": [
            {"key": s.key} | dict(zip(compared.names, s.values, strict=True)) for s in compared.different
        ],
        "rows": [{name: known(getattr(row, name)) for name in COLUMNS} for row in compared.rows],
        "notes": compared.notes,
    }  # fmt: skip
