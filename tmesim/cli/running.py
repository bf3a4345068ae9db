"""`run` and `check`: what they print around a trial."""

from __future__ import annotations

import time
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from tmesim.reading import InputError, Problem
from tmesim.text import is_terminal, line, say, shortened

if TYPE_CHECKING:
    from rich.table import Table

    from tmesim.observables import Observable
    from tmesim.result import Result
    from tmesim.scenario import Scenario
    from tmesim.trial.stopping import Stopping


def run_scenario(
    source: str, out: Path | None, seed: int | None, replicates: int | None, days: float | None, arms: str | None,
    workers: int | None, assignments: Iterable[str], resume: bool, figures: bool, quiet: bool, checkpoint_every: float,
    until: str | None = None, least: int | None = None, most: int | None = None,
) -> None:  # fmt: skip
    from tmesim.trial import Execution, prepare, run
    from tmesim.trial.stopping import asked

    start = time.perf_counter()
    chosen = [arm.strip() for arm in arms.split(",")] if arms is not None else None
    scenario = prepare(
        source, seed=seed, replicates=replicates, days=days, arms=chosen, set=assigned(assignments) or None
    )
    stopping = asked(scenario, until, least, most, replicates)
    folder = out if out is not None else Path("runs") / scenario.name
    if not quiet:
        say(f"{describe(scenario, stopping)} → {folder}", to_errors=True)
    result = run(scenario, folder, Execution(workers, resume, figures, quiet, checkpoint_every), stopping)
    if not quiet:
        print_summary(result, time.perf_counter() - start)


def check_scenario(source: str) -> None:
    from tmesim.notices import planned_doses
    from tmesim.scenario.courses import plan
    from tmesim.trial import prepare

    scenario = prepare(source)
    say(f"{line(source)} is fine: {describe(scenario)}")
    for name, arm in scenario.arms.items():
        say(f"  {name}: {line('; '.join(plan(arm, scenario.time))) or 'nothing given'}")
    for text in planned_doses(scenario):
        say(f"caution: {line(text)}")


def assigned(assignments: Iterable[str], option: str = "--set") -> dict[str, str]:
    """KEY=VALUE texts as a mapping; a path that is given twice is a mistake."""
    values, wrong = {}, []
    for text in assignments:
        key, sign, value = text.partition("=")
        key, value = key.strip(), value.strip()
        if not sign or not key or not value:
            wrong.append(Problem(f"expected KEY=VALUE, got '{text}'", option))
        elif key in values:
            wrong.append(Problem("is given twice", f"{option} {key}"))
        else:
            values[key] = value
    if wrong:
        raise InputError(wrong)
    return values


def describe(scenario: Scenario, stopping: Stopping | None = None) -> str:
    ny, nx = scenario.tissue.shape
    arms, n, days = len(scenario.arms), scenario.replicates, scenario.time.days
    parts = [
        f"{arms} arm{'s' * (arms > 1)}",
        f"{stopping.least} to {stopping.most} replicates" if stopping else f"{n} replicate{'s' * (n > 1)}",
        f"{days:g} day{'s' * (days != 1)}",
        f"{nx} × {ny} sites of {scenario.tissue.spacing:g} µm", scenario.host,
    ]  # fmt: skip
    return f"{scenario.name} ({', '.join(parts)})"


def print_summary(result: Result, seconds: float) -> None:
    """The answer in a few lines: each endpoint's means, paired difference and interval, and where the files are."""
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    from tmesim.notices import notices, stopped
    from tmesim.power import sentence
    from tmesim.text import emit
    from tmesim.trial.replicate import reported

    console = Console(width=None if is_terminal() else 140, highlight=False, markup=False, emoji=False)
    known = reported(result.scenario)
    table = Table(box=None, pad_edge=False)
    table.add_column(f"endpoint, day {result.scenario.time.days:g}")
    (add_means if len(result.arms) == 1 else add_comparisons)(table, result, known)
    compiled = float(result.provenance.get("compile_s", 0))
    cold = f", {compiled:.0f} s of them to compile the kernels (once)" if compiled >= 1 else ""
    pairs = f"{result.replicates} pairs; bold: the interval excludes 0. " if len(result.arms) > 1 else ""
    with console.capture() as shown:
        console.print()
        console.print(Text(line(result.scenario.question), style="bold"))
        console.print(table)
        for text in notices(result):
            console.print(Text(f"caution: {line(text)}"), soft_wrap=not is_terminal())
        for text in filter(None, (stopped(result), sentence(result))):
            console.print(Text(line(text)), soft_wrap=not is_terminal())
        path = Text(line(result.path), style="bold")
        console.print(Text(f"{pairs}{seconds:.1f} s{cold}. Everything is in ").append(path))
    emit(shown.get())


def add_means(table: Table, result: Result, known: Mapping[str, Observable]) -> None:
    """A run with one arm: the mean of each endpoint."""
    from tmesim.statistics import defined_mean
    from tmesim.wording import compact

    table.add_column("mean", justify="right")
    for name in result.scenario.endpoints:
        mean, of = defined_mean(result.endpoint(name, result.reference))
        table.add_row(named(known[name]), compact(mean) + (f" (of {of})" if of else ""))


def add_comparisons(table: Table, result: Result, known: Mapping[str, Observable]) -> None:
    """Each endpoint's means, paired difference and interval; a column of pairs where they are not all of them."""
    from tmesim.notices import untreated
    from tmesim.wording import change, compact, p_value, words

    partly = any(c.n < result.replicates for c in result.comparisons)
    heads = ["arm", words(result.reference), "arm's mean", "difference [95 % interval]", "change", "p"]
    for head in heads + ["pairs"] * partly:
        table.add_column(head, justify="left" if head == "arm" else "right")
    for c in result.comparisons:
        label, arm = named(known[c.endpoint]), words(c.arm)
        if untreated(result, c.arm):
            table.add_row(label, arm, compact(c.reference_mean), "", "nothing was given")
            continue
        bounds = f" [{compact(c.low)}, {compact(c.high)}]" if c.n > 1 else ""
        clear = c.low > 0 or c.high < 0
        table.add_row(
            label, arm, compact(c.reference_mean), compact(c.mean), compact(c.difference) + bounds,
            change(c, bounds=False), p_value(c.p), *([c.of] if partly else []), style="bold" if clear else "",
        )  # fmt: skip


def named(o: Observable) -> str:
    return f"{shortened(line(o.label), 80)} ({line(o.unit)})"
