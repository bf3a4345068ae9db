"""Where a run from Python lies: `runs/<scenario name>`, as on the command line, or the next free name beside it."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from enum import Enum
from pathlib import Path
from typing import TYPE_CHECKING

from tmesim.reading import InputError
from tmesim.trial.directory import RunDirectory

if TYPE_CHECKING:
    from tmesim.scenario import Scenario
    from tmesim.trial.stopping import Stopping

RUNS = Path("runs")


class Temporary(Enum):
    """`out=tmesim.TEMPORARY`: the files of a run live as long as its result."""

    TEMPORARY = "temporary"

    def __repr__(self) -> str:
        return "tmesim.TEMPORARY"


TEMPORARY = Temporary.TEMPORARY


def place_for(
    scenario: Scenario, agent_classes: Mapping[str, str], runs: Path = RUNS, stopping: Stopping | None = None
) -> tuple[Path, str]:
    """The directory of a run that was given none, and why it is not the first choice ("" where it is).

    It is the one of `<name>`, `<name>-2`, `<name>-3` … that holds this run, whole or in part, else the first that is
    free. So a run with other settings lies beside the earlier ones, and the same run finds its own again.
    """
    first = runs / scenario.name
    why, free = "", None
    for path in candidates(first):
        try:
            if RunDirectory(path, scenario, agent_classes, stopping).holds_this_run():
                return path, why
            free = free or path
        except InputError as error:
            why = why or error.problems[0].message.partition(";")[0]
    return free or first, why if free != first else ""


def candidates(first: Path) -> Iterator[Path]:
    """A path, its numbered names up to one past the last that exists, and those that are missing in between."""
    pattern = re.compile(re.escape(first.name) + r"-([1-9]\d{0,5})")
    there = first.parent.iterdir() if first.parent.is_dir() else ()
    taken = [int(found[1]) for path in there if (found := pattern.fullmatch(path.name))]
    yield first
    for number in range(2, max(taken, default=1) + 2):
        yield first.with_name(f"{first.name}-{number}")
