"""`sensitivity`: what it prints around an analysis."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING

from tmesim.reading import InputError, Problem
from tmesim.text import line, say
from tmesim.wording import compact, signed

if TYPE_CHECKING:
    from tmesim.influence.findings import Findings
    from tmesim.scenario import Scenario

SHOWN = 8
"""Groups and numbers that are printed."""


def weigh(
    source: str, arm: str | None, out: Path | None, trajectories: int, numbers: int, together: int, points: int,
    replicates: int, assignments: Iterable[str], seed: int | None, workers: int | None, budget: str | None,
    resume: bool, keep: bool, quiet: bool,
) -> None:  # fmt: skip
    """Check everything, simulate, and say what came out and where it is."""
    from tmesim.calibration.emulator import require_sklearn
    from tmesim.cli.running import assigned, describe
    from tmesim.influence import kept
    from tmesim.influence.analysis import Analysis
    from tmesim.influence.sections import section_of
    from tmesim.influence.stages import analyze
    from tmesim.sweeps.python import hours

    problems: list[Problem] = []
    budget_s = None
    try:
        budget_s = None if budget is None else hours(budget) * 3600
    except ValueError as error:
        problems.append(Problem(str(error).removeprefix("budget: "), "--budget"))
    if points < together + 4:
        told = f"{points} points are too few for {together} numbers together; at least {together + 4}"
        problems.append(Problem(told, "--points"))
    try:
        require_sklearn()
    except InputError as error:
        problems += error.problems
    try:
        scenario = section_of(source, arm, replicates, seed, assigned(assignments))
    except InputError as error:
        raise InputError([*problems, *error.problems]) from None
    if problems:
        raise InputError(problems)
    asked = Analysis(scenario, trajectories, numbers, together, points)
    folder = out or Path("runs") / f"{scenario.name}_sensitivity"
    if not quiet:
        jobs = asked.jobs()
        parts = ", ".join(f"{count} for {stage}" for stage, count in jobs.items())
        say(f"{describe(scenario)}, {len(asked.groups)} groups of {len(asked.ranges)} numbers, at most "
            f"{sum(jobs.values())} jobs ({parts}) → {line(folder)}", to_errors=True)  # fmt: skip
    found = analyze(asked, folder, workers, budget_s, resume, quiet)
    if not quiet:
        print_findings(found, scenario, folder)
    if keep:
        where = kept.keep(folder)
        say(f"kept in {line(where)}", to_errors=True)


def print_findings(found: Findings, scenario: Scenario, folder: Path) -> None:
    """The groups and numbers that do most, the share that rests on assumed numbers, and where the files are."""
    from tmesim.cli.lists import print_rows
    from tmesim.drawing.influence import heading

    effects = found.effects
    mattering = int(effects.matters.any(1).sum())
    say(f"{mattering} of {len(found.groups)} groups do more than chance. Change of the logarithm, from half to twice:")
    order = sorted(range(len(found.groups)), key=lambda i: -effects.score[i])[:SHOWN]
    print_rows([
        {"group": found.groups[i].label, **{
            heading(outcome, scenario): f"{signed(effects.mean[i, k])}, size {compact(effects.size[i, k])}"
            for k, outcome in enumerate(found.outcomes)
        }} for i in order if effects.score[i] > 0
    ])  # fmt: skip
    if (swings := found.swings) is not None:
        say(f"Of {len(found.chosen)} numbers one by one, from the low to the high end:")
        first = sorted(range(len(found.chosen)), key=lambda i: -swings.score[i])[:SHOWN]
        print_rows([
            {"number": found.chosen[i].path, "rests on": found.chosen[i].side, **{
                heading(outcome, scenario): f"{signed(swings.swing[i, k])} ± {compact(1.96 * swings.error[k])}"
                for k, outcome in enumerate(found.outcomes)
            }} for i in first
        ])  # fmt: skip
    for k, each in enumerate(found.shares):
        name = heading(found.outcomes[k], scenario)
        if each is None:
            say(f"{name}: no shares, as too few points are defined or all are the same")
            continue
        say(f"{name}: assumed numbers alone carry {each.assumed[0]:.0%} of what numbers do, {each.assumed[1]:.0%} with "
            f"what they do together with cited ones; of one tissue's variance {each.parts['chance']:.0%} is chance and "
            f"{each.parts['unseen']:.0%} is not seen by the emulator, whose error at points that it was not shown is "
            f"{compact(each.error)}")  # fmt: skip
    if not found.is_complete:
        say("no group, or no two numbers, do more than chance: there is nothing to share")
    say(f"{line(folder)}: sensitivity.yaml, groups.csv, numbers.csv, shares.csv, figures/")
