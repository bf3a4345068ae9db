"""The files of a result."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tmesim.conclusions.kept import COLUMNS, SAID, TABLE, experiment
from tmesim.ensemble.shares import HOLDS
from tmesim.scenario import load
from tmesim.storage import write
from tmesim.storage.tables import csv_bytes

if TYPE_CHECKING:
    from tmesim.ensemble.study import Result

PAIRS = ("host", "set", "pair", "conclusion", "value", "against", "log_ratio")


def write_result(folder: Path, result: Result) -> None:
    """Every file of a result, `ensemble.yaml` last."""
    import yaml

    from tmesim.drawing.ensemble import draw_ensemble

    rows = (
        [row.host, each.set, each.pair, row.conclusion.name, each.value, each.against, each.log_ratio]
        for row in result.rows for each in row.pairs
    )  # fmt: skip
    write(folder / "pairs.csv", csv_bytes(PAIRS, rows))
    write(folder / TABLE, csv_bytes(COLUMNS, table_rows(result)))
    draw_ensemble(result).save(folder / "figures" / "conclusions.png")
    write(folder / SAID, yaml.safe_dump(summary(result), sort_keys=False, allow_unicode=True, width=110))


def table_rows(result: Result) -> Iterator[list[Any]]:
    """A row for each conclusion, in the order of COLUMNS."""
    for row in result.rows:
        each, shares = row.conclusion, row.shares
        against = each.against or ""
        yield [
            each.name, each.scenario, each.arm, against, each.endpoint.name, row.host, row.day, len(shares.means),
            *shares.counts, *shares.shares, shares.outcome, shares.low, shares.high, shares.verdict,
            shares.chance.mean, shares.chance.between, shares.chance.within, row.own, row.own_low, row.own_high,
            row.own_outcome,
        ]  # fmt: skip


def summary(result: Result) -> dict[str, Any]:
    """What `ensemble.yaml` says."""
    return {
        "date": result.date,
        "model": {host: dict(hashes) for host, hashes in result.model.items()},
        "pairs": result.pairs,
        "pairs_of_the_catalogue": result.own_pairs,
        "margin": result.known.margin,
        "holds_from": HOLDS,
        "hosts": {
            design.host: {
                "sets": result.sets[design.host],
                "fitted": result.members[design.host].date,
                "fitted_with": dict(result.members[design.host].model),
                "fitted_stale": result.members[design.host].stale,
                "days": design.scenario.time.days,
                "patch_um": list(design.scenario.tissue.size_um),
                "seed": design.scenario.seed,
                "untreated_tumors_of_sets": dict(result.room[design.host]),
            }
            for design in result.designs
        },
        "experiments": {
            row.conclusion.name: experiment(load(row.conclusion.scenario), row.conclusion) for row in result.rows
        },
    }  # fmt: skip
