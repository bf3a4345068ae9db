"""`sweep`: what it prints around a sweep."""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from tmesim.reading import InputError, Problem
from tmesim.text import is_terminal, line, say, shortened
from tmesim.wording import compact, words

if TYPE_CHECKING:
    from tmesim.sweeps.sweep import Sweep

SHOWN = 12
"""Points or keys that are printed; the tables have them all."""


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
        print_sweep(sweep, time.perf_counter() - start)


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


def print_sweep(sweep: Sweep, seconds: float) -> None:
    """What the first endpoint hangs on, in a few lines, and where the files are."""
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    from tmesim.sweeps.analysis import MEASURES, SPOKEN, asked
    from tmesim.sweeps.display import duration
    from tmesim.text import emit

    plan, endpoint = sweep.plan, sweep.scenario.endpoints[0]
    arm, effect = asked(plan)[0]
    along = plan.design in ("grid", "listed")
    table = Table(box=None, pad_edge=False)
    what = f"{words(arm)} − {words(sweep.reference)}" if effect else words(arm)
    measure = "" if along else f", {SPOKEN[MEASURES[plan.design][0]]}"
    for text in ("point" if along else "key", f"{endpoint}, {what}{measure}"):
        table.add_column(text)
    for name, numbers in (along_points if along else ranked)(sweep, endpoint, arm, effect):
        table.add_row(Text(shortened(line(name), 70)), told(*numbers))
    console = Console(width=None if is_terminal() else 140, highlight=False, markup=False, emoji=False)
    with console.capture() as shown:
        console.print()
        console.print(Text(line(sweep.scenario.question), style="bold"))
        console.print(table)
        if sweep.stale:
            console.print(Text(f"caution: {line(sweep.path)} {sweep.stale}"))
        path = Text(line(sweep.path), style="bold")
        console.print(Text(f"95 % intervals. {duration(seconds)}. Everything is in ").append(path))
    emit(shown.get())


def along_points(sweep: Sweep, endpoint: str, arm: str, effect: bool) -> Iterator[tuple[str, tuple[float, ...]]]:
    """The first points of a grid, each with what was measured there."""
    from tmesim.statistics import interval
    from tmesim.sweeps.analysis import answer

    for point, y in enumerate(answer(sweep.values, endpoint, arm, effect)[:SHOWN]):
        yield sweep.plan.told(point), interval(y[np.isfinite(y)])


def ranked(sweep: Sweep, endpoint: str, arm: str, effect: bool) -> Iterator[tuple[str, tuple[float, ...]]]:
    """The keys on which an answer hangs most."""
    from tmesim.sweeps.analysis import MEASURES, answer, findings

    found = findings(sweep.plan, answer(sweep.values, endpoint, arm, effect))
    found = [f for f in found if f.measure == MEASURES[sweep.plan.design][0]]
    for f in sorted(found, key=lambda f: -abs(f.estimate))[:SHOWN]:
        yield f"{f.key} {f.value}".strip(), (f.estimate, f.low, f.high)


def told(value: float, low: float, high: float) -> str:
    """A number with its interval."""
    bounds = f" [{compact(low)}, {compact(high)}]" if low == low else ""
    return f"{compact(value)}{bounds}".replace("-", "−")
