"""`sweep`: what it prints around a sweep."""

from __future__ import annotations

import time
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tmesim.reading import InputError, Problem
from tmesim.text import line, say

if TYPE_CHECKING:
    from tmesim.sweeps.plan import Plan
    from tmesim.sweeps.sweep import Sweep


def sweep_scenario(
    source: str, vary: Iterable[str], design: str | None, n: int | None, at: str | None, endpoints: str | None,
    options: dict[str, Any], assignments: Iterable[str], out: Path | None, workers: int | None, resume: bool,
    budget: str | None, figures: bool, quiet: bool,
) -> None:  # fmt: skip
    from tmesim.cli.running import assigned, describe
    from tmesim.sweeps.directory import ASKED
    from tmesim.sweeps.running import Execution, carry_out

    start = time.perf_counter()
    problems: list[Problem] = []
    limit = _read(problems, "--budget", _hours, budget)
    days = _read(problems, "--at", _days, at) or ()
    options = options | {"set": _read(problems, "", assigned, assignments) or None}
    varied = _read(problems, "", lambda texts: assigned(texts, "--vary"), vary) or {}
    wanted = [name.strip() for name in endpoints.split(",")] if endpoints else []
    if problems:
        raise InputError(problems)
    plan = _request(source, varied, design, n, days, wanted, options).plan()
    again = resume and Path(source).name == ASKED
    usual = Path(source).parent if again else Path("runs") / f"{plan.scenario.name}_sweep"
    folder = usual if out is None else out
    if not quiet:
        jobs = len(plan.points) * plan.scenario.replicates
        say(f"{describe(plan.scenario)}, {len(plan.points)} points, {jobs} jobs → {folder}", to_errors=True)
    budget_s = None if limit is None else limit * 3600
    sweep = carry_out(plan, folder, Execution(workers, resume, budget_s, figures, quiet))
    if not quiet:
        print_sweep(sweep, plan, time.perf_counter() - start)


def _request(
    source: str, vary: dict[str, str], design: str | None, n: int | None, days: Any, wanted: Any, options: Any
) -> Any:
    """What is asked: of a scenario, or again what a `sweep.yaml` says."""
    from tmesim.sweeps.directory import ASKED
    from tmesim.sweeps.request import Request, read_request

    if Path(source).name != ASKED:
        return Request(source, vary, design or "grid", n, days, None, options, wanted)
    asked = read_request(source)
    return Request(
        asked.source, vary or asked.vary, design or asked.design, n or asked.n, days or asked.days,
        None if vary else asked.points, options, wanted,
    )  # fmt: skip


def _read(problems: list[Problem], where: str, read: Any, value: Any) -> Any:
    """An option as it is meant, or the problems that it has."""
    try:
        return None if value is None else read(value)
    except InputError as error:
        problems += error.problems
    except ValueError as error:
        problems.append(Problem(str(error), where))
    return None


def _hours(text: str) -> float:
    from tmesim.sweeps.python import hours

    try:
        return hours(text)
    except ValueError as error:
        raise ValueError(str(error).removeprefix("budget: ")) from None


def _days(text: str) -> tuple[float, ...]:
    try:
        return tuple(float(part) for part in text.split(","))
    except ValueError:
        raise ValueError(f"expected days with commas, such as 7,14, got '{text}'") from None


def print_sweep(sweep: Sweep, plan: Plan, seconds: float) -> None:
    """Where everything is."""
    from tmesim.sweeps.display import duration

    say(f"{duration(seconds)}. Everything is in {line(sweep.path)}")
