"""Finished runs side by side: which settings differ, and how the endpoints of matching arms do.

The first run is what the others are compared with. Replicates are paired where both runs have their seeds and share
their chance: the same scenario seed, tissue, step, species and organ. Elsewhere they have nothing in common, and means
are compared by Welch's interval. Each row says which. What cannot be compared (an endpoint that a run did not record,
an arm that it does not have) is told and not guessed.
"""

from __future__ import annotations

import json
import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, fields, replace
from typing import TYPE_CHECKING, Any

import numpy as np

from tmesim.reading import read_yaml, suggestion
from tmesim.statistics import CONFIDENCE, FIXED, STOPPED, Comparison, compare, compare_unpaired, false_discovery
from tmesim.storage.tables import csv_bytes
from tmesim.wording import words

if TYPE_CHECKING:
    from tmesim.result import Result

COMPUTING = ("tmesim", "numpy", "numba", "llvmlite", "scipy")
TEXTS = ("version", "name", "question", "story", "catalogue", "words")
"""Parts of a scenario that say nothing of what was simulated, or are told beside the settings."""
PAIRED, UNPAIRED, NONE = "paired", "unpaired", "not compared"


@dataclass(frozen=True)
class Row:
    """An endpoint of an arm of a run beside that of the first. n, n_first : replicates that count on each side

    how : "paired", "unpaired" or "not compared"        why : of what is not paired
    """

    endpoint: str
    unit: str
    day: float
    run: str
    arm: str
    first: str
    first_arm: str
    n: int
    n_first: int
    mean: float
    first_mean: float
    difference: float
    low: float
    high: float
    relative_change: float
    relative_low: float
    relative_high: float
    p: float
    p_adjusted: float
    interval: str
    how: str
    why: str


COLUMNS = tuple(f.name for f in fields(Row))


@dataclass(frozen=True)
class Setting:
    """A part of the scenario that is not the same in all runs; values : one a run, as text"""

    key: str
    values: tuple[str, ...]


@dataclass(frozen=True)
class Side:
    """A run, what it is called here, and its arm in each of the comparisons."""

    name: str
    result: Result
    arms: tuple[str, ...]


class NothingInCommon(ValueError):
    """Runs of which nothing can be compared; the message says what would be right."""


def sides_of(results: Sequence[Result], arms: Sequence[str] | None = None) -> list[Side]:
    """The runs with their names, and the arms that are compared.

    arms : one for all runs, or one for each; by default those whose names the first run shares with some other
    NothingInCommon, KeyError for an arm that a run does not have.
    """
    if len(results) < 2:
        raise NothingInCommon(f"expected two runs or more, got {len(results)}")
    names = [result.path.name for result in results]
    if len(set(names)) < len(names):
        names = [str(result.path) for result in results]
    if len(set(names)) < len(names):
        names = [f"{name} ({i})" for i, name in enumerate(names, 1)]
    if arms is None:
        shared = [arm for arm in results[0].arms if any(arm in other.arms for other in results[1:])]
        if not shared:
            told = "; ".join(f"{name} has {', '.join(r.arms)}" for name, r in zip(names, results, strict=True))
            raise NothingInCommon(f"no arm of the first run is in another ({told}); choose one of each: --arm A,B")
        return [Side(name, result, tuple(shared)) for name, result in zip(names, results, strict=True)]
    chosen = list(arms) * len(results) if len(arms) == 1 else list(arms)
    if len(chosen) != len(results):
        raise NothingInCommon(f"expected one arm, or one for each of the {len(results)} runs, got {len(arms)}")
    for arm, name, result in zip(chosen, names, results, strict=True):
        if arm not in result.arms:
            raise KeyError(f"there is no arm '{arm}' in {name}.{suggestion(arm, result.arms)}")
    return [Side(name, result, (arm,)) for name, result, arm in zip(names, results, chosen, strict=True)]


def day_of(sides: Sequence[Side], day: float | None = None) -> float:
    """The day on which the runs are compared, by default the last; NothingInCommon where they end on different days,
    KeyError where one did not record the day."""
    if day is not None:
        return max(side.result.row_day(day) for side in sides)
    ends = {side.name: side.result.row_day() for side in sides}
    if len({round(end * 24) for end in ends.values()}) > 1:
        told = ", ".join(f"{name} on day {end:g}" for name, end in ends.items())
        raise NothingInCommon(f"the runs end on different days ({told}); --day {min(ends.values()):g} compares there")
    return next(iter(ends.values()))


def endpoints_of(sides: Sequence[Side], endpoints: Iterable[str] | None = None) -> list[str]:
    """What is compared: what was asked for, or all endpoints of the runs. NothingInCommon where the first run and
    another do not share any."""
    asked = list(endpoints or dict.fromkeys(name for side in sides for name in side.result.scenario.endpoints))
    first, others = sides[0], sides[1:]
    common = [n for n in asked if n in first.result.observables and any(n in o.result.observables for o in others)]
    if not common:
        known = set(first.result.observables).intersection(*(other.result.observables for other in others))
        raise NothingInCommon(f"no run beside the first records {', '.join(asked)} too.{suggestion(asked[0], known)}")
    return asked


def rows_of(
    sides: Sequence[Side], endpoints: Iterable[str], day: float, confidence: float = CONFIDENCE
) -> list[Row]:
    """The endpoints of each arm of each run beside those of the first."""
    first, rows = sides[0], []
    for endpoint in endpoints:
        for i, first_arm in enumerate(first.arms):
            rows += [_row(endpoint, day, other, other.arms[i], first, first_arm, confidence) for other in sides[1:]]
    adjusted = false_discovery([row.p for row in rows])
    return [replace(row, p_adjusted=p) for row, p in zip(rows, adjusted, strict=True)]


def _row(endpoint: str, day: float, side: Side, arm: str, first: Side, first_arm: str, confidence: float) -> Row:
    missing = [s.name for s in (first, side) if endpoint not in s.result.observables]
    absent = [s.name for s, a in ((first, first_arm), (side, arm)) if a not in s.result.arms]
    here = next((s.result for s in (first, side) if s.name not in missing), None)
    unit = here.known(endpoint).unit if here is not None else ""
    why = f"{', '.join(missing)} did not record it" if missing else f"{', '.join(absent)} has no such arm"
    if missing or absent:
        nan = (math.nan,) * 10
        return Row(endpoint, unit, day, side.name, arm, first.name, first_arm, 0, 0, *nan, "", NONE, why)
    a, b = side.result.at_day(endpoint, arm, day), first.result.at_day(endpoint, first_arm, day)
    kind = STOPPED if side.result.stopping or first.result.stopping else FIXED
    why, shared = pairing(side, arm, first, first_arm)
    c: Comparison
    if why:
        c = compare_unpaired(endpoint, arm, first_arm, a, b, confidence, kind)
        counts = int(np.isfinite(a).sum()), int(np.isfinite(b).sum())
    else:
        c = compare(endpoint, arm, first_arm, a[:shared], b[:shared], confidence, kind)
        counts = c.n, c.n
    how = UNPAIRED if why else PAIRED
    return Row(
        endpoint, unit, day, side.name, arm, first.name, first_arm, *counts, c.mean, c.reference_mean, c.difference,
        c.low, c.high, c.relative_change, c.relative_low, c.relative_high, c.p, c.p, kind, how, why,
    )  # fmt: skip


def pairing(side: Side, arm: str, first: Side, first_arm: str) -> tuple[str, int]:
    """Why replicates of two arms are not paired, "" where they are, and how many of them have the same seeds."""
    one, other = side.result.scenario, first.result.scenario
    seeds = [s.result.provenance.get("replicate_seeds", []) for s in (side, first)]
    shared = sum(a == b for a, b in zip(*seeds, strict=False))
    reasons = {
        "other seeds": shared == 0,
        "another size of the tissue": one.tissue.shape != other.tissue.shape,
        "another spacing of sites": one.tissue.spacing != other.tissue.spacing,
        "another step": one.time.step_h != other.time.step_h,
        "another species": one.species != other.species,
        "another organ": one.start_of(arm).organ != other.start_of(first_arm).organ,
        "one replicate": shared == 1,
    }
    return next((why for why, holds in reasons.items() if holds), ""), shared


def settings_of(sides: Sequence[Side]) -> list[Setting]:
    """What differs between the resolved scenarios, key by key."""
    contents = [_content(side) for side in sides]
    return list(_differences("", contents))


def _content(side: Side) -> dict[str, Any]:
    data = read_yaml(side.result.path / "scenario.yaml").data
    return {key: value for key, value in data.items() if key not in TEXTS}


def _differences(path: str, values: Sequence[Any]) -> Iterable[Setting]:
    """The leaves of some trees that are not the same in all; None is nothing there."""
    if all(value == values[0] for value in values):
        return
    if all(isinstance(value, dict) for value in values):
        for key in dict.fromkeys(key for value in values for key in value):
            yield from _differences(f"{path}.{key}" if path else key, [value.get(key) for value in values])
    elif all(isinstance(value, list) and len(value) == len(values[0]) for value in values) and any(
        isinstance(part, dict) for part in values[0]
    ):
        for i in range(len(values[0])):
            yield from _differences(f"{path}[{i}]", [value[i] for value in values])
    else:
        yield Setting(path, tuple(map(_text, values)))


def _text(value: Any) -> str:
    if value is None:
        return "–"
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)


def notes_of(sides: Sequence[Side]) -> list[str]:
    """What else must be known: other versions and catalogues, arms of one run alone, runs that were stopped."""
    texts = []
    first = sides[0]
    catalogues = [str(read_yaml(s.result.path / "scenario.yaml").data.get("catalogue", ""))[:12] for s in sides]
    if len(set(catalogues)) > 1:
        told = ", ".join(f"{side.name} {hash_}" for side, hash_ in zip(sides, catalogues, strict=True))
        texts.append(f"The runs rest on different catalogues of biology ({told}): more than settings differs.")
    for package in COMPUTING:
        found = [str(side.result.provenance.get("versions", {}).get(package, "?")) for side in sides]
        if len(set(found)) > 1:
            told = ", ".join(f"{side.name} {version}" for side, version in zip(sides, found, strict=True))
            texts.append(f"Different versions of {package}: {told}.")
    classes = [side.result.provenance.get("agent_classes") or {} for side in sides]
    if any(each != classes[0] for each in classes):
        texts.append("The runs have different cell classes written in Python.")
    for side in sides:
        alone = [arm for arm in side.result.arms if not any(arm in o.result.arms for o in sides if o is not side)]
        if alone and len(side.arms) == len(first.arms) and not set(alone) & set(side.arms):
            texts.append(f"In {side.name} alone: {', '.join(map(words, alone))}.")
        if side.result.stopping:
            until = side.result.stopping["until"]
            texts.append(f"Replicates of {side.name} were added until {until}: its rows have intervals of a {STOPPED}, "
                         "which are wider.")  # fmt: skip
    return texts


def table_bytes(rows: Sequence[Row]) -> bytes:
    return csv_bytes(COLUMNS, [[getattr(row, name) for name in COLUMNS] for row in rows])
