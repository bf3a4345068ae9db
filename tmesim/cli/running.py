"""`run` and `check`: what they print around a trial."""

from __future__ import annotations

import sys
import time
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING

from tmesim.reading import InputError, Problem

if TYPE_CHECKING:
    from tmesim.result import Result
    from tmesim.scenario import Scenario


def run_scenario(
    source: str, out: Path | None, seed: int | None, replicates: int | None, days: float | None, arms: str | None,
    workers: int | None, assignments: Iterable[str], resume: bool, figures: bool, quiet: bool, checkpoint_every: float,
) -> None:  # fmt: skip
    from tmesim.trial import prepare, run

    start = time.perf_counter()
    chosen = [arm.strip() for arm in arms.split(",")] if arms is not None else None
    scenario = prepare(
        source, seed=seed, replicates=replicates, days=days, arms=chosen, set=assigned(assignments) or None
    )
    folder = out if out is not None else Path("runs") / scenario.name
    if not quiet:
        print(f"{describe(scenario)} → {folder}", file=sys.stderr)
    result = run(
        scenario, out=folder, workers=workers, resume=resume, figures=figures, quiet=quiet,
        checkpoint_every=checkpoint_every,
    )  # fmt: skip
    if not quiet:
        print_summary(result, time.perf_counter() - start)


def check_scenario(source: str) -> None:
    from tmesim.trial import prepare

    scenario = prepare(source)
    print(f"{source} is fine: {describe(scenario)}")
    for name, arm in scenario.arms.items():
        doses = [f"{d.use} {d.dose:g} {d.unit} × {d.times} from day {d.start_h / 24:g}" for d in arm.therapies]
        settings = {**arm.start_set, **arm.set}
        changes = [f"{key} = {value}" for key, value in settings.items()] + [f"without {rule}" for rule in arm.off]
        print(f"  {name}: {'; '.join(doses + changes) or 'nothing given'}")


def assigned(assignments: Iterable[str]) -> dict[str, str]:
    """KEY=VALUE texts as a mapping; a path that is given twice is a mistake."""
    values, wrong = {}, []
    for text in assignments:
        key, sign, value = text.partition("=")
        key, value = key.strip(), value.strip()
        if not sign or not key or not value:
            wrong.append(Problem(f"expected KEY=VALUE, got '{text}'", "--set"))
        elif key in values:
            wrong.append(Problem("is given twice", f"--set {key}"))
        else:
            values[key] = value
    if wrong:
        raise InputError(wrong)
    return values


def describe(scenario: Scenario) -> str:
    ny, nx = scenario.tissue.shape
    arms, n = len(scenario.arms), scenario.replicates
    parts = [
        f"{arms} arm{'s' * (arms > 1)}", f"{n} replicate{'s' * (n > 1)}", f"{scenario.time.days:g} days",
        f"{nx} × {ny} sites of {scenario.tissue.spacing:g} µm", scenario.host,
    ]  # fmt: skip
    return f"{scenario.name} ({', '.join(parts)})"


def print_summary(result: Result, seconds: float) -> None:
    """The answer in a few lines: each endpoint's means, paired difference and interval, and where the files are."""
    from rich.console import Console
    from rich.markup import escape
    from rich.table import Table

    from tmesim.statistics import change, compact, words
    from tmesim.trial.replicate import reported

    console = Console(width=None if sys.stdout.isatty() else 140, highlight=False)
    known = reported(result.scenario)
    console.print(f"\n[bold]{escape(result.scenario.question)}[/bold]")
    table = Table(box=None, pad_edge=False)
    table.add_column(f"endpoint, day {result.scenario.time.days:g}")
    if len(result.arms) == 1:
        table.add_column("mean", justify="right")
        for name in result.scenario.endpoints:
            mean = float(result.endpoint(name, result.reference).mean())
            table.add_row(f"{known[name].label} ({known[name].unit})", compact(mean))
    else:
        for head in ("arm", words(result.reference), "arm's mean", "difference [95 % interval]", "change", "p"):
            table.add_column(head, justify="left" if head == "arm" else "right")
        for c in result.comparisons:
            bounds = f" [{compact(c.low)}, {compact(c.high)}]" if c.n > 1 else ""
            clear = c.low > 0 or c.high < 0
            table.add_row(
                f"{known[c.endpoint].label} ({known[c.endpoint].unit})", words(c.arm), compact(c.reference_mean),
                compact(c.mean), compact(c.difference) + bounds, change(c, bounds=False), f"{c.p:.2g}",
                style="bold" if clear else "",
            )  # fmt: skip
    console.print(table)
    compiled = float(result.provenance.get("compile_s", 0))
    cold = f", {compiled:.0f} s of them to compile the kernels (once)" if compiled >= 1 else ""
    pairs = f"{result.replicates} pairs; bold: the interval leaves out 0. " if len(result.arms) > 1 else ""
    console.print(f"{pairs}{seconds:.1f} s{cold}. Everything is in [bold]{escape(str(result.path))}[/bold]")
