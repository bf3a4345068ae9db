"""The result of a calibration: written as files, and read again to see whether it is current."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from tmesim import units
from tmesim.calibration.matching import worst
from tmesim.calibration.parameters import factors, settings
from tmesim.calibration.study import means_of
from tmesim.storage import write
from tmesim.storage.tables import csv_bytes
from tmesim.targets import Found, table, table_bytes, targets_of

if TYPE_CHECKING:
    from tmesim.calibration.parameters import Parameter
    from tmesim.calibration.recovery import Recovery
    from tmesim.calibration.study import Outcome, Question
    from tmesim.scenario import Scenario

TOLD = 5
"""Significant digits in `calibration.yaml`; the tables have all."""
NUMBERS = ("low", "high", "model", "model_low", "model_high")
TAILS = (0.05, 0.95)
"""Quantiles that are told of the ensemble."""
COLUMNS = ("group", "measure", "label", "unit", "low", "high", "model", "model_low", "model_high", "role", "verdict",
           "emulator_error", "emulator_surprise", "chance", "why", "source", "checked")  # fmt: skip


def write_result(
    folder: Path, found: Outcome, scenario: Scenario, waves: int, model: Mapping[str, str], points: np.ndarray,
    values: np.ndarray,
) -> None:  # fmt: skip
    """Every file of a result, `calibration.yaml` last.

    points : (points, parameters) in the unit cube; values : (points, targets, replicates)
    """
    import yaml

    from tmesim.calibration.recovery import recovery
    from tmesim.drawing.calibration import draw_calibration

    question = found.question
    rows = target_rows(found)
    jobs = (
        [point, replicate, *values[point, :, replicate].tolist()]
        for point in range(len(points)) for replicate in range(values.shape[2])
    )  # fmt: skip
    write(folder / "rows.csv", csv_bytes(("point", "replicate", *question.measures), jobs))
    write(folder / "ensemble.csv", ensemble_bytes(found))
    if found.simulated is not None:
        write(folder / "members.csv", members_bytes(question, found.simulated, values.shape[2]))
    write(folder / "targets.csv", csv_bytes(COLUMNS, [[row[column] for column in COLUMNS] for row in rows]))
    draw_calibration(found, scenario).save(folder / "figures" / "targets.png")
    content = summary(found, scenario, waves, model, values.shape[2], rows)
    known = recovery(found, points, values)
    write(folder / "recovery.csv", recovery_bytes(question, known))
    content["recovery"] = {
        "truths": len(known.truths), "kept": int(known.kept.sum()), "found": short(float(known.found.mean())),
        "spread_of_prior": {
            p.name: round(float(np.nanmean(known.spread[:, k])), 3) for k, p in enumerate(question.parameters)
            if np.isfinite(known.spread[:, k]).any()
        },
    }  # fmt: skip
    of = (points, values, 0) if found.simulated is None else (found.ensemble, found.simulated, values.shape[2])
    content["proof"] = proof_of(question, scenario, *of)
    write(folder / "calibration.yaml", yaml.safe_dump(content, sort_keys=False, allow_unicode=True, width=110))


def recovery_bytes(question: Question, known: Recovery) -> bytes:
    """A row a truth and parameter: its factor, whether it was kept and found, and how narrow what was found is."""
    true = factors(question.parameters, known.truths)
    return csv_bytes(
        ("truth", "parameter", "factor", "kept", "found", "spread"),
        (
            [i, p.name, true[i, k], int(known.kept[i]), int(known.found[i, k]), short(float(known.spread[i, k]))]
            for i in range(len(true)) for k, p in enumerate(question.parameters)
        ),
    )  # fmt: skip


def proof_of(
    question: Question, scenario: Scenario, points: np.ndarray, values: np.ndarray, first: int
) -> list[dict[str, Any]]:
    """Two of the jobs, with what they set, as absolute values, and what they gave: by them it can be seen whether a
    later model gives the same.

    points : (points, parameters); values : (points, targets, replicates), from the replicate `first` on
    """
    base = base_numbers(scenario, question.parameters)
    return [
        {
            "replicate": first,
            "set": {
                path: scaled(base[path], p.factor(u))
                for p, u in zip(question.parameters, points[i], strict=True) for path in p.paths if path in base
            },
            "gives": {
                name: float(value) for name, value in zip(question.measures, values[i, :, 0], strict=True)
                if math.isfinite(value)
            },
        }
        for i in sorted({0, len(points) - 1})
    ]  # fmt: skip


def scaled(quantity: str, factor: float) -> str:
    """A quantity times a factor, to the last digit."""
    value, _, unit = quantity.partition(" ")
    return units.show(float(value) * factor, unit or "1")


def ensemble_bytes(found: Outcome) -> bytes:
    """A row a member: its factors, how implausible it is, and whether it fits (1) or not (0)."""
    free, judged = found.question.parameters, zip(found.implausible.tolist(), found.fits.tolist(), strict=True)
    rows = zip(factors(free, found.ensemble).tolist(), judged, strict=True)
    lines = ([i, *row, short(implausible), int(fits)] for i, (row, (implausible, fits)) in enumerate(rows))
    return csv_bytes(("member", *(p.name for p in free), "implausibility", "fits"), lines)


def members_bytes(question: Question, simulated: np.ndarray, first: int) -> bytes:
    """A row a member and replicate: what it gives for each target.

    simulated : (members, targets, replicates), from the replicate `first` on
    """
    each = np.ndindex(len(simulated), simulated.shape[2])
    rows = ([i, first + r, *simulated[i, :, r].tolist()] for i, r in each)
    return csv_bytes(("member", "replicate", *question.measures), rows)


def write_transfer(folder: Path, question: Question, scenario: Scenario, values: np.ndarray) -> None:
    """`transfer_HOST.csv`: the targets of another host beside what members of the ensemble give in it, none of which
    were fitted. values : (members, targets of the question, replicates)"""
    places = {measure: k for k, measure in enumerate(question.measures)}
    means = means_of(values)  # of a tumor that is gone there are few values
    found = tuple(
        Found(target, means[:, places[target.measure]])
        for target in targets_of(scenario.species) if target.measure in places
    )  # fmt: skip
    write(folder / f"transfer_{scenario.host}.csv", table_bytes(table(found, scenario.species)))


def base_numbers(scenario: Scenario, free: Sequence[Parameter]) -> dict[str, str]:
    """Path → the value on which a factor of 1 stands, with its unit."""
    paths = {path for p in free for path in p.paths}
    known = {path: number for path, number in scenario.catalogue.numbers() if path in paths}
    return {path: units.show(number.at(scenario.species), number.unit) for path, number in known.items()}


def summary(
    found: Outcome, scenario: Scenario, waves: int, model: Mapping[str, str], replicates: int,
    rows: list[dict[str, Any]],
) -> dict[str, Any]:  # fmt: skip
    """What `calibration.yaml` says."""
    free = found.question.parameters
    where = found.match.region
    missed = worst(found.match.kept)(np.stack([found.best, found.proposed]))
    low, high = (factors(free, np.quantile(found.ensemble, q, axis=0)[None])[0] for q in TAILS)
    best, proposed = factors(free, np.stack([found.best, found.proposed]))
    told = {
        p.name: {
            "label": p.label, "prior": [p.low, p.high], "ensemble": [short(low[k]), short(high[k])],
            "best": short(best[k]), "proposed": short(proposed[k]), "spread_of_prior": round(float(found.spread[k]), 3),
            "free": p.name in found.free,
        }
        for k, p in enumerate(free)
    }  # fmt: skip
    members = {} if found.simulated is None else {
        "members": {"simulated": len(found.ensemble), "replicates": found.simulated.shape[2],
                    "fit": int(found.fits.sum())}
    }  # fmt: skip
    return {
        "date": datetime.now(UTC).date().isoformat(),
        "host": scenario.host,
        "model": dict(model),
        "scenario": scenario.said(),
        "design": {"points": found.points, "waves": waves, "replicates": replicates, "seed": found.question.seed},
        "not_ruled_out": {"share_of_prior": short(where.volume), "implausibility_of_best": short(float(missed[0])),
                          "implausibility_of_proposed": short(float(missed[1])),
                          "implausibility_of_catalogue": short(found.of_catalogue)},
        **members,
        "parameters": told,
        "best": settings(free, found.best),
        "numbers": base_numbers(scenario, free),
        "stay_free": list(found.free),
        "conflicts": [list(names) for names in found.match.conflicts],
        "given_up": dict(found.match.given_up),
        "held_out": found.question.held_out,
        "not_seen": list(found.unseen),
        "targets": {row["measure"]: {
            **{key: short(row[key]) for key in NUMBERS if math.isfinite(row[key])},
            "role": row["role"], "verdict": row["verdict"] or "unknown",
        } for row in rows},
    }  # fmt: skip


def short(value: float) -> float:
    """A number in the digits that are told."""
    return float(f"{value:.{TOLD}g}")


def target_rows(found: Outcome) -> list[dict[str, Any]]:
    """A row a target: its interval, what the emulators expect over the ensemble, its role and the emulator's error, on
    the scale of the fit."""
    rows = []
    for target in found.question.targets:
        name, nothing = target.measure, float("nan")
        row = {"group": target.group, "measure": name, "label": target.label, "unit": target.unit,
               "low": nothing if target.low is None else float(target.low),
               "high": nothing if target.high is None else float(target.high), "role": found.role(name),
               "why": found.match.given_up.get(name, ""), "source": target.source,
               "checked": target.checked}  # fmt: skip
        model, verdict, errors = [nothing] * 3, "", [nothing] * 3
        if name in found.held:
            values, emulator = found.given[name], found.held[name].emulator
            known = values[np.isfinite(values)]  # a member that was simulated need not have each of them
            model = [float(np.quantile(known, q)) if known.size else nothing for q in (0.5, *TAILS)]
            verdict, errors = target.verdict(values), [emulator.error, emulator.surprise, emulator.chance]
        row |= dict(zip(("model", "model_low", "model_high"), model, strict=True)) | {"verdict": verdict}
        row |= dict(zip(("emulator_error", "emulator_surprise", "chance"), errors, strict=True))
        rows.append(row)
    return rows
