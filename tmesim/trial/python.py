"""`tmesim.run`: a trial for somebody who calls from Python, with what the command line does by itself."""

from __future__ import annotations

import math
import multiprocessing
import os
import re
import shutil
from collections.abc import Callable, Iterable, Iterator, Mapping
from concurrent.futures import Executor
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import tmesim.trial as trial
from tmesim.arguments import number, real, settings, texts, whole
from tmesim.reading import InputError, Problem
from tmesim.storage import DiskFull
from tmesim.text import say
from tmesim.trial.execution import Execution
from tmesim.trial.news import StepFailed
from tmesim.trial.places import TEMPORARY, Temporary, place_for
from tmesim.trial.pool import WorkerDied
from tmesim.trial.replicate import CHECKPOINT_S
from tmesim.trial.signals import Interrupted
from tmesim.trial.stopping import asked

if TYPE_CHECKING:
    from tmesim.agents import Cell
    from tmesim.scenario import Scenario
    from tmesim.shown import Result


def run(
    source: Scenario | str | Path | Mapping[str, Any],
    *,
    out: str | Path | Temporary | None = None,
    seed: int | None = None,
    replicates: int | None = None,
    days: float | None = None,
    arms: str | Iterable[str] | None = None,
    set: Mapping[str, Any] | None = None,
    agent_classes: type[Cell] | Iterable[type[Cell]] | None = None,
    workers: int | None = None,
    resume: bool = False,
    figures: bool = True,
    quiet: bool = False,
    checkpoint_every: float = CHECKPOINT_S,
    executor: Executor | None = None,
    engine: Any = None,
    until: str | None = None,
    least: int | None = None,
    most: int | None = None,
) -> Result:
    """Simulate every arm of a scenario on every replicate, compare the arms, and draw figures and a report.

    A run that is complete already is read, and nothing is simulated. `tmesim.Result(path)` reads it in a later session.

    source : name or path of a scenario, the content of a scenario file as a mapping, or a Scenario
    out : the run directory. By default `runs/<scenario name>`, or `runs/<scenario name>-2`, `-3` … where another run is
        in the way; nothing is ever overwritten. `tmesim.TEMPORARY`: the files live as long as the result
    seed : whole number from 0 on; by default the scenario's. Replicates and arms with a seed share their random numbers
    replicates : how many, from 1 on; by default as the scenario says. A run that has fewer gets the others
    until : instead of `replicates`: a condition on the width of the answer, such as "width(tumor_burden) < 10 %"
        (± 10 % of the reference; of one arm "width(tumor_burden, drug) < 10 %"; "… < 200 cells"; several joined by
        " and "). Replicates are added until it holds; the intervals are wider, so that they hold all the same
    least : replicates at least, with `until`; by default 4
    most : replicates at most, with `until`; by default 40
    days : length of the run, days, above 0; by default as the scenario says
    arms : names of the arms to simulate; by default all
    set : numbers of the catalogue (with their unit, "0.03 1/h") and settings of the scenario ("start.ecm"), each by its
        dotted path; "x2" doubles what the scenario says
    agent_classes : cell classes written in Python, derived from `tmesim.agents.Cell`, each for the cells of its
        `cell_type`; by default none. See below
    workers : processes on this machine, from 1 on; by default as many as there are processors for this process. 1 stays
        in this process
    resume : whether a run that was interrupted is resumed, bit for bit; by default such a directory is refused
    figures : whether figures, movie and report are drawn; by default they are
    quiet : whether nothing is said on the way; by default progress goes to standard error
    checkpoint_every : wall time between two checkpoints of a replicate, seconds, from 0 on; by default 60. A run that
        is killed has so much to do again
    executor : any `concurrent.futures.Executor` (Dask's `client.get_executor()`) in place of `workers`. Its workers
        need no file of this machine; those that do not see the run directory keep no checkpoints
    engine : stands in for the body, in tests

    The `step()` of agent classes runs once a step for each of their cells, in every arm and replicate. Arms share one
    history until their programs differ, so a `step()` must not read `model.arm`: let it read what an arm changes, such
    as `self.behavior(name)` or `model.body.drug(name)`. Declared `columns`, and attributes of cells that are numbers,
    text, tuples, lists or mappings of such, are in checkpoints; a replicate whose cells hold anything else is simulated
    anew when it is interrupted. A run with agent classes is known by their code too: after a change of a `step()` it is
    another run. `tmesim.agents.identity` says what counts as code.

    InputError names every argument that is not right, wrong input in the scenario, or a directory that is not for this
    run. StepFailed: a `step()` raised; its arm, replicate, hour and traceback are in the message. Interrupted: by
    Ctrl-C or TERM; `resume=True` resumes it. DiskFull: no room. WorkerDied: twice, as when memory is full.
    """
    options: dict[str, Any] = {"seed": seed, "replicates": replicates, "days": days, "arms": arms, "set": set}
    others = {"workers": workers, "checkpoint_every": checkpoint_every, "out": out, "executor": executor}
    options = _checked(options, **others, until=until, least=least, most=most)
    with named_as_arguments(out):
        if agent_classes is not None:
            source, engine = _with_classes(source, agent_classes, engine)
        scenario = trial.prepare(source, **options)
        stopping = asked(scenario, until, least, most, replicates)
        path, why = (None, "") if out is TEMPORARY else (Path(str(out)), "")
        if out is None:
            path, why = place_for(scenario, getattr(engine, "identities", {}), stopping=stopping)
        if why and path is not None and not quiet:
            say(f"runs/{scenario.name} {why}: this one is in {path}", to_errors=True)
        crew = _processes(workers, executor)
        execution = Execution(crew, bool(resume), figures, quiet, float(checkpoint_every), executor, engine)
        cases = scenario.replicates if stopping is None else stopping.most
        if hasattr(engine, "pack") and executor is None and min(execution.processes, cases) > 1:
            engine.pack()  # what cannot be sent is told before anything is written
        fresh = out is None and path is not None and not path.exists()
        try:
            return trial.run(scenario, path, execution, stopping)
        except StepFailed:
            if fresh and path is not None:
                shutil.rmtree(path, ignore_errors=True)  # the same code would fail again, other code is another run
            raise


def _checked(options: Mapping[str, Any], **others: Any) -> dict[str, Any]:
    """The options as plain data; InputError with all arguments, the others too, that are not right."""
    checks: dict[str, Callable[[Any], Any]] = {
        "seed": lambda value: whole(value, "seed"),
        "replicates": lambda value: whole(value, "replicates", 1),
        "days": _days,
        "arms": _arms,
        "set": lambda value: settings(value, "set"),
        "workers": _workers,
        "checkpoint_every": lambda value: number(value, "checkpoint_every", least=0.0, unit="s"),
        "out": _out,
        "executor": _executor,
        "until": _until,
        "least": lambda value: whole(value, "least", 1),
        "most": lambda value: whole(value, "most", 1),
    }
    problems, read = [], {}
    for name, value in {**options, **others}.items():
        if value is not None:
            try:
                read[name] = checks[name](value)
            except (TypeError, ValueError) as error:
                problems.append(Problem(str(error)))
    if problems:
        raise InputError(problems)
    return {name: read.get(name) for name in options}


def _days(value: Any) -> float:
    days = real(value, "days", "a number above 0 (days)")
    if not 0 < days < math.inf:
        raise ValueError(f"days: expected a number above 0 (days), got {days!r}")
    return days


def _arms(value: Any) -> list[str]:
    found = texts(value, "arms")
    if not found:
        raise ValueError("arms: expected at least one name of an arm, got none")
    return found


def _workers(value: Any) -> None:
    if whole(value, "workers", 1) > 1 and multiprocessing.current_process().daemon:
        raise ValueError(f"workers: this process is itself a worker of a pool and cannot start others: 1, got {value}")


def _out(value: Any) -> None:
    if not isinstance(value, str | os.PathLike | Temporary) or not str(value):
        raise TypeError(f"out: expected a path or tmesim.TEMPORARY, got {value!r}")


def _executor(value: Any) -> None:
    if not hasattr(value, "submit"):
        raise TypeError(f"executor: expected a concurrent.futures.Executor, got {value!r}")


def _until(value: Any) -> None:
    if not isinstance(value, str):
        raise TypeError(f"until: expected a text such as 'width(tumor_burden) < 10 %', got {value!r}")


def _processes(workers: int | None, executor: Executor | None) -> int | None:
    """How many workers; a worker of somebody's pool can have none of its own."""
    if workers is None:
        return 1 if executor is None and multiprocessing.current_process().daemon else None
    return int(workers)


def _with_classes(source: Any, agent_classes: Any, engine: Any) -> tuple[Scenario, Any]:
    """A scenario that knows the cell types of some classes, and what makes its replicates."""
    from tmesim.agents import cell_classes, classes_of
    from tmesim.agents.adding import with_types
    from tmesim.trial.agents import PythonCells

    if engine is not None:
        raise InputError([Problem("engine: expected none beside agent_classes")])
    try:
        classes = cell_classes(agent_classes)
        scenario = with_types(source, classes)
        classes_of(scenario.catalogue, classes)
    except InputError:
        raise
    except (TypeError, ValueError) as error:
        text = str(error)
        raise InputError([Problem(text if text.startswith("agent_classes") else f"agent_classes: {text}")]) from None
    return scenario, PythonCells(classes) if classes else None


@contextmanager
def named_as_arguments(out: Any) -> Iterator[None]:
    """Messages name the options of the command line; here they name arguments."""
    try:
        yield
    except InputError as error:
        raise InputError(
            Problem(as_argument(p.message), p.path, as_argument(p.file), p.line, p.column) for p in error.problems
        ) from None
    except (Interrupted, DiskFull, WorkerDied) as error:
        if out is TEMPORARY:
            raise type(error)(f"{str(error).partition(';')[0]}; a temporary run keeps nothing: give out=…") from None
        raise type(error)(as_argument(str(error))) from None


def as_argument(text: str) -> str:
    """Text with options of the command line (`--resume`, `--out`) as arguments of `tmesim.run`."""
    text = text.replace("--resume", "resume=True").replace("another --out", "another out=…")
    return re.sub(r"(?<![\w-])--([a-z]+(?:-[a-z]+)*)", lambda found: found[1].replace("-", "_"), text)
