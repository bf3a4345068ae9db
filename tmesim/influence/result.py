"""What an analysis says, written as files."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tmesim.influence.findings import Findings
from tmesim.influence.kept import RESULT
from tmesim.storage import write
from tmesim.storage.tables import csv_bytes

if TYPE_CHECKING:
    from tmesim.influence.analysis import Analysis

GROUPS = ("outcome", "group", "label", "kind", "rules", "numbers", "mu", "mu_star", "mu_star_low", "mu_star_high",
          "sigma", "chance", "matters")  # fmt: skip
NUMBERS = ("outcome", "number", "group", "unit", "ground", "range", "low", "value", "high", "effect_low",
           "effect_high", "swing", "standard_error")  # fmt: skip
SHARES = ("outcome", "number", "ground", "low", "high", "unit", "first", "first_low", "first_high", "total",
          "total_low", "total_high")  # fmt: skip
TOLD = 4
"""Significant digits in `sensitivity.yaml`; the tables have all."""
SHOWN = 10
"""Groups and numbers that it names."""


def write_result(folder: Path, found: Findings, asked: Analysis, model: Mapping[str, str], begun: str) -> None:
    """Every file of a result so far, `sensitivity.yaml` last. begun : the date"""
    import yaml

    from tmesim.drawing.influence import drawings

    write(folder / "groups.csv", csv_bytes(GROUPS, group_rows(found)))
    if found.swings is not None:
        write(folder / "numbers.csv", csv_bytes(NUMBERS, number_rows(found)))
    if found.is_complete:
        write(folder / "shares.csv", csv_bytes(SHARES, share_rows(found)))
        write(folder / "points.csv", csv_bytes(*points(found)))
    for name, drawing in drawings(found, asked.scenario).items():
        drawing.save(folder / "figures" / f"{name}.png")
    content = summary(found, asked, model, begun)
    write(folder / RESULT, yaml.safe_dump(content, sort_keys=False, allow_unicode=True, width=110))


def group_rows(found: Findings) -> Iterator[tuple[Any, ...]]:
    """A row for each outcome and group, as in the order of the groups."""
    effects = found.effects
    for k, outcome in enumerate(found.outcomes):
        for i, group in enumerate(found.groups):
            kind = "mechanism" if group.is_mechanism else "numbers"
            estimates = (each[i, k] for each in (effects.mean, effects.size, effects.low, effects.high, effects.sigma))
            yield (outcome, group.name, group.label, kind, len(group.rules), len(group.paths), *estimates,
                   effects.chance[k], int(effects.matters[i, k]))  # fmt: skip


def number_rows(found: Findings) -> Iterator[tuple[Any, ...]]:
    """A row for each outcome and number."""
    assert found.swings is not None
    owner = {path: group.name for group in found.groups for path in group.paths}
    for k, outcome in enumerate(found.outcomes):
        for i, each in enumerate(found.chosen):
            moves = (of[i, k] for of in (found.swings.low, found.swings.high, found.swings.swing))
            source = "given" if each.given else "half, twice"
            yield (outcome, each.path, owner[each.path], each.unit, each.ground, source, each.low, each.value,
                   each.high, *moves, found.swings.error[k])  # fmt: skip


def share_rows(found: Findings) -> Iterator[tuple[Any, ...]]:
    """A row for each outcome and number that was varied together with others, then the two sets."""
    for outcome, each in zip(found.outcomes, found.shares, strict=True):
        if each is None:
            continue
        for i, number in enumerate(found.together):
            indices = ((of.value[i], of.low[i], of.high[i]) for of in (each.first, each.total))
            yield (outcome, number.path, number.ground, number.low, number.high, number.unit,
                   *(value for three in indices for value in three))  # fmt: skip
        nothing = math.nan
        for name, (closed, total) in (("all assumed", each.assumed), ("all sourced", each.sourced)):
            yield (outcome, name, "", nothing, nothing, "", closed, nothing, nothing, total, nothing, nothing)


def points(found: Findings) -> tuple[tuple[str, ...], Iterator[tuple[Any, ...]]]:
    """The points of the last stage: values of the numbers, and the outcomes of each replicate."""
    assert found.points is not None and found.values is not None
    where, values = found.points, found.values
    rows = (
        (point, replicate, *(each.at(u) for each, u in zip(found.together, where[point], strict=True)),
         *values[point, replicate])
        for point in range(len(where)) for replicate in range(values.shape[1])
    )  # fmt: skip
    return ("point", "replicate", *(each.path for each in found.together), *found.outcomes), rows


def summary(found: Findings, asked: Analysis, model: Mapping[str, str], begun: str) -> dict[str, Any]:
    """What `sensitivity.yaml` says."""
    scenario, effects = asked.scenario, found.effects
    content: dict[str, Any] = {
        "date": begun,
        "scenario": scenario.name,
        "host": scenario.host,
        "arms": list(scenario.arms),
        "endpoint": scenario.endpoints[0],
        "days": scenario.time.days,
        "model": dict(model),
        "stages": 1 + (found.swings is not None) + found.is_complete,
        "complete": found.is_complete,
        "hours_of_jobs": short(found.seconds / 3600),
        "design": {
            "groups": len(found.groups), "trajectories": asked.trajectories, "numbers": len(found.chosen),
            "of_numbers": len(asked.ranges), "together": len(found.together),
            "points": asked.points if found.is_complete else 0, "replicates": scenario.replicates,
            "seed": scenario.seed,
        },
        "outcomes": {
            name: {"groups": {
                found.groups[i].name: short(effects.size[i, k])
                for i in (-effects.size[:, k]).argsort(kind="stable") if effects.matters[i, k]
            }, "chance": short(effects.chance[k])}
            for k, name in enumerate(found.outcomes)
        },
    }  # fmt: skip
    for k, name in enumerate(found.outcomes):
        if found.swings is not None:
            order = (-abs(found.swings.swing[:, k])).argsort(kind="stable")[:SHOWN]
            content["outcomes"][name] |= {
                "numbers": {found.chosen[i].path: short(found.swings.swing[i, k]) for i in order},
                "standard_error": short(found.swings.error[k]),
                "one_by_one": {what: short(share) for what, share in found.one_by_one(k).items()},
            }
        if found.is_complete and (each := found.shares[k]) is not None:
            content["outcomes"][name]["shares"] = {
                "parts": {part: short(share) for part, share in each.parts.items()},
                "assumed": {"closed": short(each.assumed[0]), "total": short(each.assumed[1])},
                "sourced": {"closed": short(each.sourced[0]), "total": short(each.sourced[1])},
                "emulator": {
                    "error": short(each.error), "surprise": short(each.surprise), "foretells": short(each.known),
                },
                "deviation": {"numbers": short(each.variance**0.5), "chance": short(each.chance**0.5)},
            }  # fmt: skip
    if found.is_complete:
        content["together"] = {each.path: each.ground for each in found.together}
    content["scenario_content"] = scenario.said()
    return content


def short(value: float) -> float | None:
    """A number in the digits that are told; None where it is not defined."""
    return float(f"{value:.{TOLD}g}") if math.isfinite(value) else None
