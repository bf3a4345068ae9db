"""`ensemble`: what it prints around an ensemble."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from tmesim.reading import InputError, Problem
from tmesim.text import line, say

if TYPE_CHECKING:
    from tmesim.ensemble.study import Ensemble, Result

FROM = Path("runs")


def ensemble_of(
    scenarios: str | None, sets: int, pairs: int, places: Sequence[Path], out: Path | None, assignments: Iterable[str],
    seed: int, workers: int | None, budget: str | None, resume: bool, keep: bool, quiet: bool,
) -> None:  # fmt: skip
    """Check everything, simulate, and say what came out and where it is."""
    from tmesim.calibration.members import Members, kept_places, members_in_all
    from tmesim.cli.running import assigned
    from tmesim.conclusions import conclusions
    from tmesim.conclusions.kept import keep as let_keep
    from tmesim.ensemble.designs import Design, designs_of
    from tmesim.ensemble.running import carry_out
    from tmesim.ensemble.study import Ensemble
    from tmesim.sweeps.python import hours

    known, problems = conclusions(), list[Problem]()
    names = known.scenarios if scenarios is None else [name.strip() for name in scenarios.split(",")]
    budget_s, members, said = None, dict[str, Members](), dict[str, str]()
    designs: tuple[Design, ...] = ()
    try:
        budget_s = None if budget is None else hours(budget) * 3600
    except ValueError as error:
        problems.append(Problem(str(error).removeprefix("budget: "), "--budget"))
    try:
        said = assigned(assignments)
        designs = designs_of(names, known, seed, said)
    except InputError as error:
        problems += error.problems
    try:
        members = members_in_all(list(places) or kept_places())
    except InputError as error:
        problems += error.problems
    else:
        lacking = [each for each in designs if each.host not in members]
        if scenarios is not None or lacking == list(designs):
            problems += [
                Problem(f"there is no calibration of the host {each.host}, on whom is {each.scenario.name}; "
                        f"`tmesim calibrate {each.host}` makes one", "--from") for each in lacking
            ]  # fmt: skip
    if keep and (said or scenarios is not None):
        option = "--set" if said else "--scenarios"
        told = f"keeps an ensemble of all scenarios in their own sections; leave out {option}"
        problems.append(Problem(told, "--keep"))
    if problems:
        raise InputError(problems)
    without = [each.host for each in designs if each.host not in members]
    asked = Ensemble(tuple(each for each in designs if each.host in members), members, known, sets, pairs)
    folder = out or FROM / "ensemble"
    if not quiet:
        announce(asked, without, folder)
    result = carry_out(asked, folder, workers, budget_s, resume, quiet)
    if keep:
        let_keep(folder)
    if not quiet:
        print_result(result, folder)


def announce(asked: Ensemble, without: Sequence[str], folder: Path) -> None:
    """Say on standard error what is simulated, and what is not."""
    for design in asked.designs:
        scenario, members = design.scenario, asked.members[design.host]
        ny, nx = (side / 1000 for side in scenario.tissue.size_um)
        say(f"{design.host}: {asked.sets_of(design)} parameter sets of {members.date} in {asked.pairs} pairs, "
            f"{len(design.conclusions)} conclusions, patches of {nx:g} × {ny:g} mm for {scenario.time.days:g} days",
            to_errors=True)  # fmt: skip
        if why := members.stale:
            say(f"caution: this calibration {why}", to_errors=True)
    for host in without:
        say(f"left out: scenarios on the host {host}, of whom no calibration is named by --from", to_errors=True)
    say(f"{sum(1 for _ in asked.jobs())} jobs → {line(folder)}", to_errors=True)


def print_result(result: Result, folder: Path) -> None:
    """The conclusions, which of them hold, and where the files are."""
    from tmesim.cli.lists import print_rows
    from tmesim.conclusions import VERDICTS
    from tmesim.wording import capital

    print_rows([
        {"conclusion": capital(each.says(shares.outcome)) if shares.outcome else each.name,
         "sets": f"{max(shares.counts)} of {sum(shares.counts)}",
         "chance taken off": f"{100 * shares.share:.0f} % [{100 * shares.low:.0f}, {100 * shares.high:.0f}]",
         "": VERDICTS[shares.verdict]}
        for row in result.rows for each, shares in [(row.conclusion, row.shares)]
    ])  # fmt: skip
    for host, told in result.room.items():
        if told["at_the_edge"] or told["gone"]:
            say(f"{host}: the untreated tumor came to the edge of the patch in {told['at_the_edge']} sets and was gone "
                f"in {told['gone']}")  # fmt: skip
    count = Counter(row.shares.verdict for row in result.rows)
    say(f"{count['yes']} of {len(result.rows)} conclusions hold in nine of ten sets, {count['no']} hang on the "
        f"numbers, {count['open']} are left open by so few pairs.")  # fmt: skip
    say(f"{line(folder)}: ensemble.yaml, conclusions.csv, pairs.csv, figures/conclusions.png")
