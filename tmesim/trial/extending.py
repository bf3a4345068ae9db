"""More replicates for a run that is complete: what it has becomes the records of finished replicates again.

Replicates do not know of each other, so those that are there stay as they are and the others are simulated beside them.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from tmesim.reading import InputError
from tmesim.scenario import replicate_seed
from tmesim.storage.checksums import CAUSES, SNAPSHOTS, Checksums
from tmesim.storage.tables import read_columns
from tmesim.tables import FIRST, NAMES
from tmesim.trial.case import Case
from tmesim.trial.replicate import reported
from tmesim.trial.store import Finished, Store

if TYPE_CHECKING:
    from tmesim.scenario import Scenario

HOURS = 24
"""Of a day. A day that is an hour divided by 24 is the same number after a multiplication by 24 and a division again:
rounding would move it only if its last two bits were 10, and no quotient by 3 · 2³ ends so."""

FIGURES = ("tissue", "oxygen", "trajectories", "effects", "why", "movie")
DRAWINGS = ("report.html", *(f"figures/{name}.*" for name in FIGURES))


def reopen(folder: Path, scenario: Scenario, facts: Mapping[str, Any]) -> None:
    """Turn a complete run into the beginning of one with more replicates; killed anywhere, it is one or the other.

    facts : the provenance of the complete run.
    """
    checksums = Checksums(folder)
    for finished in replicates_of(checksums, scenario, facts):
        case = Case(scenario, finished.replicate, replicate_seed(scenario.seed, finished.replicate))
        Store(folder).note(case, finished)
    for pattern in DRAWINGS:
        for path in folder.glob(pattern):
            path.unlink()


def replicates_of(checksums: Checksums, scenario: Scenario, facts: Mapping[str, Any]) -> Iterator[Finished]:
    """The replicates of a complete run. A table's numbers are exact, so rows read are rows written."""
    name, columns = "timeseries.csv", ("hour", *reported(scenario))
    table = read_columns(checksums.read(name), ("arm",), str(checksums.folder / name))
    if tuple(table) != ("arm", "replicate", "day", *columns[1:]):
        raise InputError([checksums.problem(name, "has other columns than this version writes; choose another --out")])
    values = np.column_stack([table["day"] * HOURS, *(table[column] for column in columns[1:])])
    if not checksums.holds(CAUSES):
        told = "is missing, as this run is of an earlier version; choose another --out"
        raise InputError([checksums.problem(CAUSES, told)])
    causes = read_columns(checksums.read(CAUSES), (*NAMES[CAUSES], "day", "count"), str(checksums.folder / CAUSES))
    seconds = dict(enumerate(facts.get("replicate_s", [])))
    for replicate in range(len(facts["replicate_seeds"])):
        mine = table["replicate"] == replicate
        tables = {arm: values[mine & (table["arm"] == arm)] for arm in scenario.arms}
        found = {arm: causes_of(causes, arm, replicate) for arm in scenario.arms}
        stem = f"replicate_{replicate:03d}"
        sums = {
            file: sum_
            for file, sum_ in checksums.sums.items()
            if file.split("/")[0] in SNAPSHOTS and file.rpartition("/")[2].startswith((f"{stem}_", f"{stem}."))
        }
        yield Finished(replicate, tables, sums, float(seconds.get(replicate, 0.0)), 0.0, found)


def causes_of(columns: Mapping[str, np.ndarray], arm: str, replicate: int) -> np.ndarray:
    """The causes of one history as the recorder had them, from the columns of `causes.csv`."""
    mine = (columns["arm"] == arm) & (columns["replicate"] == replicate)
    hours = [repr(float(day) * HOURS) for day in columns["day"][mine]]
    counts = [repr(float(count)) for count in columns["count"][mine]]
    middle = [columns[name][mine] for name in FIRST[CAUSES][3:-1]]
    return np.column_stack([np.array(hours, np.str_), *middle, np.array(counts, np.str_)])
