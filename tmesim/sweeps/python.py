"""`tmesim.sweep`: what the command line does, for somebody who calls from Python."""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tmesim import arguments, units
from tmesim.reading import InputError, Problem
from tmesim.sweeps.directory import SweepDirectory
from tmesim.sweeps.request import Request
from tmesim.sweeps.running import Execution, carry_out
from tmesim.sweeps.sweep import Sweep
from tmesim.text import say
from tmesim.trial.places import RUNS, TEMPORARY, Temporary, candidates
from tmesim.trial.python import named_as_arguments

if TYPE_CHECKING:
    import pandas as pd

    from tmesim.scenario import Scenario
    from tmesim.sweeps.plan import Plan


def sweep(
    source: Scenario | str | Path | Mapping[str, Any],
    vary: Mapping[str, str | Iterable[Any]] | None = None,
    *,
    design: str = "grid",
    n: int | None = None,
    points: Sequence[Mapping[str, Any]] | pd.DataFrame | None = None,
    endpoints: str | Iterable[str] | None = None,
    at: float | Iterable[float] | None = None,
    seed: int | None = None,
    replicates: int | None = None,
    days: float | None = None,
    arms: str | Iterable[str] | None = None,
    set: Mapping[str, Any] | None = None,
    out: str | Path | Temporary | None = None,
    workers: int | None = None,
    resume: bool = False,
    budget: str | float | None = None,
    figures: bool = True,
    quiet: bool = False,
    engine: Any = None,
) -> Sweep:
    """Simulate a scenario at many points of what it could say, on the same seeds, and say what the answer hangs on.

    A sweep that is complete already is read, and nothing is simulated; `tmesim.Sweep(path)` reads it later.

    source : name or path of a scenario, the content of a scenario file as a mapping, or a Scenario
    vary : the values of each key, as a list or as text: "a, b, c", or a range "low..high" of which the design takes
        what it needs. A key is what `set` knows, a course of a treatment (`dose.anti_cd25`, `start.`, `every.`,
        `times.`; `arms.NAME.therapies.0.dose` in one arm), or a rule (`rules.NAME`: "on", "off"; several with "+")
    design : "grid", every combination; "each", one at a time; "lhs", a Latin hypercube; "sobol"; "morris"
    n : levels of a range in a grid (5), points of lhs (64), base points of sobol (64), trajectories of morris (10)
    points : instead of `vary`, the points themselves: mappings from keys to values, or a DataFrame with a key a column
    endpoints : observables to take down; by default those of the scenario
    at : days on which they are taken down; by default the end of the run
    seed : whole number from 0 on; by default the scenario's. All points share the seeds of the replicates
    replicates : how many at each point; by default as the scenario says
    days : length of a run, days; by default as the scenario says
    arms : names of the arms to simulate; by default all
    set : numbers and settings that are the same at all points
    out : the directory; by default `runs/<scenario name>_sweep`, or `…_sweep-2`, `-3` … where another one is in the
        way. `tmesim.TEMPORARY`: the files live as long as the result
    workers : processes on this machine, from 1 on; by default as many as there are processors for this process. 1 stays
        in this process
    resume : whether a sweep that was ended early goes on; by default its directory is refused
    budget : wall time after which no job is begun, "2 h" or a number of hours
    figures : whether figures are drawn; by default they are
    quiet : whether nothing is said on the way
    engine : stands in for the body, in tests

    InputError names everything that is wrong with the scenario, the keys, the design or a point; nothing is written
    then. Interrupted: by Ctrl-C, TERM, or a budget that is spent; `resume=True` goes on.
    """
    problems: list[Problem] = []

    def read(check: Any, *given: Any, **more: Any) -> Any:
        try:
            return check(*given, **more)
        except (TypeError, ValueError) as error:
            problems.append(Problem(str(error)))
            return None

    if workers is not None:
        read(arguments.whole, workers, "workers", 1)
    if n is not None:
        read(arguments.whole, n, "n", None)
    if out is not None and not isinstance(out, str | os.PathLike | Temporary):
        problems.append(Problem(f"out: expected a path or tmesim.TEMPORARY, got {out!r}"))
    if (vary is None) == (points is None):
        problems.append(Problem("expected either 'vary' or 'points'"))
    varied = {} if vary is None else read(_varied, vary)
    listed = None if points is None else read(_listed, points)
    wanted = [] if endpoints is None else read(arguments.texts, endpoints, "endpoints")
    when = () if at is None else read(arguments.numbers, at, "at", "days")
    limit = None if budget is None else read(hours, budget)
    if problems:
        raise InputError(problems)
    options = {"seed": seed, "replicates": replicates, "days": days, "arms": arms, "set": set}
    request = Request(source, varied, design, n, when, listed, options, wanted)
    with named_as_arguments(out):
        plan = request.plan()
        path = None if out is TEMPORARY else place_for(plan, quiet) if out is None else Path(str(out))
        budget_s = None if limit is None else limit * 3600
        return carry_out(plan, path, Execution(workers, resume, budget_s, figures, quiet, engine))


def _varied(vary: Any) -> dict[str, Any]:
    """What is varied as plain data; TypeError for anything else than text or a list of values."""
    if not isinstance(vary, Mapping) or not all(isinstance(key, str) for key in vary):
        raise TypeError(f"vary: expected a mapping from keys to values, got {vary!r}")
    found = {}
    for key, values in vary.items():
        if not isinstance(values, str | Iterable) or isinstance(values, Mapping):
            raise TypeError(f"vary[{key!r}]: expected text such as '1..5 mg/kg' or a list of values, got {values!r}")
        found[key] = values if isinstance(values, str) else arguments.data(list(values), f"vary[{key!r}]")
    return found


def _listed(points: Any) -> list[dict[str, Any]]:
    """Points as mappings; a cell of a DataFrame without a value leaves its key as the scenario says it."""
    if hasattr(points, "to_dict"):
        points = [{key: value for key, value in row.items() if value == value} for row in points.to_dict("records")]
    return [arguments.settings(point, f"points[{i}]") for i, point in enumerate(points)]


def hours(budget: str | float) -> float:
    """A budget as hours; ValueError when it is none."""
    try:
        found = units.quantity(budget, "h") if isinstance(budget, str) else float(budget)
    except units.UnitError as error:
        raise ValueError(f"budget: {error}") from None
    if not found > 0:
        raise ValueError(f"budget: expected more than 0 h, got {budget}")
    return found


def place_for(plan: Plan, quiet: bool, runs: Path = RUNS) -> Path:
    """The directory of a sweep that was given none: the first of `<scenario>_sweep`, `-2`, `-3` … that holds it or is
    free."""
    first = runs / f"{plan.scenario.name}_sweep"
    free = None
    for path in candidates(first):
        try:
            if SweepDirectory(path, plan).holds_this_sweep():
                return path
            free = free or path
        except InputError:
            continue
    if free is not None and free != first and not quiet:
        say(f"{first} holds another sweep: this one is in {free}", to_errors=True)
    return free or first
