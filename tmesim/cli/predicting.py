"""`predict`: what it prints around predictions."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

from tmesim.cli.lists import print_rows
from tmesim.reading import InputError, Problem
from tmesim.text import line, say

SHOWN = "predictions.yaml, predictions.csv, effects.csv, figures/predictions.png"


def predict_now(
    names: Sequence[str], hosts: Sequence[str], pairs: int, seed: int, assignments: Iterable[str], out: Path | None,
    workers: int | None, budget: str | None, resume: bool, keeping: bool, quiet: bool,
) -> None:  # fmt: skip
    """Check everything, simulate, and say what came out and where it is."""
    from tmesim.cli.running import assigned
    from tmesim.predictions.asking import asked_of
    from tmesim.predictions.entries import packaged
    from tmesim.predictions.result import keep
    from tmesim.predictions.running import predict
    from tmesim.sweeps.python import hours

    problems: list[Problem] = []
    budget_s, said = None, {}
    try:
        budget_s = None if budget is None else hours(budget) * 3600
    except ValueError as error:
        problems.append(Problem(str(error).removeprefix("budget: "), "--budget"))
    try:
        said = assigned(assignments)
        asked = asked_of(packaged(), names, hosts, pairs, seed, said)
    except InputError as error:
        problems += error.problems
    if keeping and (names or hosts or said):
        problems.append(Problem("only all predictions, as they are written, can be kept", "--keep"))
    if problems:
        raise InputError(problems)
    folder = out or Path("runs") / "predictions"
    if not quiet:
        arms = sum(len(point.arms) for point in asked.points)
        say(f"{len(asked.names)} predictions, {arms} arms in {len(asked.points)} points, {pairs} pairs, "
            f"{len(asked.points) * pairs} jobs → {line(folder)}", to_errors=True)  # fmt: skip
    predict(asked, folder, workers, budget_s, resume, quiet)
    if keeping:
        keep(folder, asked)
    if not quiet:
        print_result(folder)
        say(f"{line(folder)}: {SHOWN}")


def print_result(folder: Path) -> None:
    """The verdicts of a result, and how many there are of each."""
    import yaml

    from tmesim.drawing.predictions import interval_told
    from tmesim.predictions.entries import packaged
    from tmesim.predictions.result import RESULT

    content = yaml.load((folder / RESULT).read_bytes(), yaml.CSafeLoader)
    known = packaged().predictions
    print_rows([
        {"prediction": name, "host": found["host"], "model": _model(found, interval_told),
         "beside": known[name].source if name in known else "", "published": found["verdict"], "ours": found["ours"]}
        for name, found in content["predictions"].items()
    ])  # fmt: skip
    told = ", ".join(f"{count} {verdict}" for verdict, count in content["verdicts"].items())
    say(f"{told}; written down on {content['written']}, simulated on {content['date']}, {content['pairs']} pairs")


def _model(found: dict[str, Any], told: Any) -> str:
    return str(told(*(found.get(name, math.nan) for name in ("value", "low", "high"))))


def print_kept() -> None:
    """The result that comes with the package, and whether it is that of the model of today."""
    import yaml

    from tmesim.fingerprint import stale
    from tmesim.predictions.asking import asked_of
    from tmesim.predictions.entries import packaged
    from tmesim.predictions.result import RESULT, kept
    from tmesim.predictions.running import model

    if not (kept() / RESULT).is_file():
        say("no result is kept yet: `tmesim predict --keep` simulates all predictions and keeps what comes of it")
        return
    content = yaml.load((kept() / RESULT).read_bytes(), yaml.CSafeLoader)
    if changed := stale(content, model(asked_of(packaged(), (), (), content["pairs"], content["seed"], {}))):
        say(f"stale: it {changed}")
    print_result(kept())


def print_list() -> None:
    """What was written down: each prediction with what was measured, and what was said of the model."""
    from tmesim.drawing.predictions import span_told
    from tmesim.predictions.entries import packaged

    known = packaged()
    say(f"Written down on {known.written}. {' '.join(known.known_before.split())}")
    print_rows([
        {"prediction": name, "group": entry.group, "host": entry.host,
         "published": span_told(_end(entry.published.low), _end(entry.published.high)),
         "predicted": span_told(_end(entry.ours.low), _end(entry.ours.high)),
         "source": f"{entry.source} [{entry.checked}]"}
        for name, entry in known.predictions.items()
    ])  # fmt: skip


def _end(end: float | None) -> float:
    return math.nan if end is None else end
