"""`calibrate`: what it prints around a calibration."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING

from tmesim.reading import InputError, Problem
from tmesim.text import line, say
from tmesim.wording import compact

if TYPE_CHECKING:
    from tmesim.calibration.study import Outcome


def calibrate_host(
    host: str, out: Path | None, waves: int, points: int, replicates: int, checks: int, hold_out: str,
    transfer: str | None, assignments: Iterable[str], seed: int, workers: int | None, budget: str | None, resume: bool,
    keep: bool, quiet: bool,
) -> None:  # fmt: skip
    """Check everything, simulate, and say what came out and where it is."""
    from tmesim.calibration.emulator import require_sklearn
    from tmesim.calibration.members import keep as keep_result
    from tmesim.calibration.sections import question_of, section_of
    from tmesim.calibration.study import ENSEMBLE
    from tmesim.calibration.waves import Calibration, calibrate
    from tmesim.cli.running import assigned, describe
    from tmesim.sweeps.python import hours

    problems: list[Problem] = []
    budget_s, other = None, None
    try:
        budget_s = None if budget is None else hours(budget) * 3600
    except ValueError as error:
        problems.append(Problem(str(error).removeprefix("budget: "), "--budget"))
    try:
        require_sklearn()
    except InputError as error:
        problems += error.problems
    try:
        scenario = section_of(host, replicates, seed, assigned(assignments))
        question = question_of(scenario, hold_out)
    except InputError as error:
        raise InputError([*problems, *error.problems]) from None
    if transfer is not None and not checks:
        problems.append(Problem("simulates members of the ensemble; leave out --checks 0", "--transfer"))
    elif transfer is not None:
        try:
            other = section_of(transfer, replicates, seed, {})
        except InputError as error:
            problems += error.problems
    if problems:
        raise InputError(problems)
    folder = out or Path("runs") / f"calibration_{scenario.host}"
    if not quiet:
        jobs = waves * points * replicates + checks * ENSEMBLE
        say(f"{describe(scenario)}, {len(question.parameters)} parameters, "
            f"{waves} {'wave' if waves == 1 else 'waves'} of {points} points, "
            f"{jobs} jobs → {line(folder)}", to_errors=True)  # fmt: skip
    asked = Calibration(question, scenario, points, waves, checks, other)
    found = calibrate(asked, folder, workers, budget_s, resume, quiet)
    if not quiet:
        print_outcome(found, folder)
    if keep:
        say(f"kept in {line(keep_result(folder, scenario.species))}")


def confirm_host(host: str) -> None:
    """Simulate the proof of the kept calibration of a host's species again, and renew its hashes or mark it stale."""
    from tmesim.calibration.members import kept_place, said_in
    from tmesim.calibration.proof import confirm
    from tmesim.calibration.sections import section_of
    from tmesim.catalogue import host_named

    place = kept_place(host_named(host).species)
    content = said_in(place)
    design = content["design"]
    scenario = section_of(content["host"], design["replicates"], design["seed"], {})
    if found := confirm(place, scenario):
        say(f"the calibration of {content['date']} is stale: {found[0]}")
    else:
        say(f"the calibration of {content['date']} is what the model of today gives, to the last digit")


def print_outcome(found: Outcome, folder: Path) -> None:
    """What is not ruled out, the targets that are missed, and where the files are."""
    import numpy as np

    from tmesim.calibration.parameters import factors
    from tmesim.calibration.result import target_rows
    from tmesim.cli.lists import print_rows

    free = found.question.parameters
    say(f"Not ruled out: {compact(100 * found.match.region.volume)} % of the prior. "
        f"Implausibility of the catalogue as it is: {compact(found.of_catalogue)}, where 3 rules out.")  # fmt: skip
    ends = factors(free, found.ensemble)
    best, proposed = factors(free, np.stack([found.best, found.proposed]))
    print_rows([
        {"parameter": p.label, "ensemble": f"×{compact(ends[:, k].min())} to ×{compact(ends[:, k].max())}",
         "best": f"×{compact(best[k])}", "proposed": f"×{compact(proposed[k])}",
         "prior": f"×{compact(p.low)} to ×{compact(p.high)}",
         "": "stays free" if p.name in found.free else ""}
        for k, p in enumerate(free)
    ])  # fmt: skip
    if found.simulated is not None:
        say(f"{int(found.fits.sum())} of {len(found.ensemble)} members fit where they are simulated on fresh seeds.")
    for names in found.match.conflicts:
        say(f"conflict: no point meets {' together with '.join(names)}")
    for name, why in found.match.given_up.items():
        say(f"given up: {name}, as {why}")
    for row in target_rows(found):
        if row["verdict"] in ("below", "above"):
            told = f"{compact(row['model'])} {row['unit']}".strip()
            say(f"missed: {row['label']}, {told}, {row['verdict']} its interval ({row['role']})")
    if found.predicted:
        right = sum(found.is_met(found.held[name].aim.target) for name in found.predicted)
        told = f"{right} of {len(found.predicted)} targets are predicted within their intervals"
        say(f"held out: {line(found.question.held_out)}; {told}")
    if found.unseen:
        say(f"not seen in enough points, or the same in all: {', '.join(found.unseen)}")
    say(f"{line(folder)}: calibration.yaml, targets.csv, ensemble.csv, figures/targets.png")
