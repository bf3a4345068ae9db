"""A plan: a scenario, what is varied, and the points of a design, each checked as if it were a scenario of its own."""

from __future__ import annotations

import math
import warnings
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np
import yaml

from tmesim import units
from tmesim.observables import observables_of
from tmesim.reading import InputError, Problem, brief, suggestion
from tmesim.scenario import load
from tmesim.sweeps.designs import DESIGNS, Axis, N, coordinates, is_power_of_two
from tmesim.sweeps.keys import Key, Level, key_of
from tmesim.sweeps.places import Place, grain_of, place_of, settings_of, unit_of

if TYPE_CHECKING:
    from tmesim.scenario import Scenario

MANY = 100_000
"""Points, where nobody needs more."""
LISTED = "listed"
"""The design of points that somebody names one by one."""
FORMAT = 1
"""Of `sweep.yaml`."""
SHOWN = 6
"""Points that a message names."""


@dataclass(frozen=True)
class Plan:
    """What is asked. scenario : as it is without a change. points : of each, a value a key, None where it is left as it
    is. days : on which the endpoints are taken down; none: at the end. listed : whether points were named one by one"""

    scenario: Scenario
    keys: tuple[Key, ...]
    design: str
    n: int
    points: tuple[tuple[Level | None, ...], ...]
    days: tuple[float, ...] = ()

    @cached_property
    def places(self) -> dict[str, Place]:
        """Where each key is written."""
        return {key.name: place_of(key.name, self.scenario) for key in self.keys}

    def values(self, point: int) -> dict[str, Level | None]:
        """The value of each key at a point."""
        return dict(zip((key.name for key in self.keys), self.points[point], strict=True))

    def settings(self, point: int) -> dict[str, Any]:
        """What a point sets, by path."""
        return settings_of(self.places, self.values(point))

    def scenario_at(self, point: int) -> Scenario:
        """The scenario of a point; InputError when it is none."""
        return scenario_with(self.scenario, self.settings(point))

    def told(self, point: int) -> str:
        """A point in words."""
        values = [f"{name}={level.text}" for name, level in self.values(point).items() if level is not None]
        return ", ".join(values) or "as it is"

    @property
    def baseline(self) -> int | None:
        """The point that others are compared with: the first of a grid, the scenario as it is of one at a time."""
        return 0 if self.design in ("grid", "each") else None

    @property
    def numbers(self) -> np.ndarray:
        """(points, keys): values in the units of the keys, NaN for texts and what is left as it is."""
        return np.array([[math.nan if level is None else level.number for level in point] for point in self.points])

    def coordinates(self) -> np.ndarray:
        """(points, keys) in the unit cube: of a range the share of the way, of two values 0 and 1."""
        found = np.full((len(self.points), len(self.keys)), math.nan)
        for k, key in enumerate(self.keys):
            for i, point in enumerate(self.points):
                if (level := point[k]) is not None:
                    found[i, k] = share(key, level)
        return found

    def to_yaml(self) -> str:
        """What is asked, so that it can be asked again: the scenario with all that it extends, and what is varied."""
        if self.design == LISTED:
            asked: dict[str, Any] = {"points": [
                {name: level.said for name, level in self.values(i).items() if level is not None}
                for i in range(len(self.points))
            ]}  # fmt: skip
        else:
            vary = {k.name: k.span.text if k.span else [level.said for level in k.levels] for k in self.keys}
            asked = {"vary": vary, "design": self.design, "n": self.n}
        content = {
            "sweep": FORMAT,
            **asked,
            **({"days": list(self.days)} if self.days else {}),
            "units": {key.name: key.unit for key in self.keys if key.is_numeric},
            "scenario": self.scenario.said(),
        }
        return yaml.safe_dump(content, sort_keys=False, allow_unicode=True, width=110)


def share(key: Key, level: Level) -> float:
    """How far a value is on its way from low to high, or from the first value to the last."""
    if key.span is None:
        return key.levels.index(level) / max(1, len(key.levels) - 1)
    span = key.span
    if span.log:
        return math.log(level.number / span.low) / math.log(span.high / span.low)
    return (level.number - span.low) / (span.high - span.low)


def scenario_with(scenario: Scenario, settings: Mapping[str, Any]) -> Scenario:
    """A scenario with settings, checked; nothing is said of the room that a run of it would take."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return load(scenario, set=settings or None, observables=observables_of)


def plan(
    scenario: Scenario,
    vary: Mapping[str, str | Sequence[Any]],
    design: str = "grid",
    n: int | None = None,
    days: Sequence[float] = (),
    checked: bool = False,
) -> Plan:
    """A plan from what is varied; InputError with everything that is wrong with keys, values, design and points.

    checked : whether its points are known to be scenarios, as those of a finished sweep are
    """
    problems: list[Problem] = []
    keys: list[Key] = []
    if not vary:
        problems.append(Problem("nothing is varied; expected KEY=a,b,c or KEY=low..high", "--vary"))
    for name, values in vary.items():
        if (key := _key(name, values, scenario, problems)) is not None:
            if key.name in (other.name for other in keys):
                problems.append(Problem("is varied twice", f"--vary {name}"))
            keys.append(key)
    if design not in DESIGNS:
        problems.append(Problem(f"there is no design '{brief(design)}'.{suggestion(design, DESIGNS)}", "--design"))
    else:
        problems += _wrong_with(design, keys, n)
    problems += _wrong_days(scenario, days)
    if problems:
        raise InputError([*problems, *_wrong_alone(scenario, keys)])
    count = N.get(design, 0) if n is None else n
    axes = [Axis(len(key.levels)) for key in keys]
    many = math.prod(axis.values or count for axis in axes) if design == "grid" else 0
    if many > MANY:
        raise InputError([Problem(f"makes {many} points; the limit is {MANY}", "--design grid")])
    where = coordinates(design, axes, count, scenario.seed)
    points = tuple(
        tuple(None if math.isnan(u) else key.at(float(u)) for key, u in zip(keys, row, strict=True)) for row in where
    )
    made = Plan(scenario, tuple(keys), design, count, points, tuple(days))
    if not checked:
        check(made)
    return made


def listed(
    scenario: Scenario, points: Sequence[Mapping[str, Any]], days: Sequence[float] = (), checked: bool = False
) -> Plan:
    """A plan of points that are named one by one, each a mapping from keys to values. checked : as in `plan`"""
    problems: list[Problem] = []
    names = list(dict.fromkeys(name for point in points for name in point))
    if not points:
        problems.append(Problem("expected at least one point, got none", "points"))
    keys: list[Key] = []
    for name in names:
        values = [point[name] for point in points if name in point]
        distinct = [value for i, value in enumerate(values) if value not in values[:i]]
        if (key := _key(name, distinct, scenario, problems)) is not None:
            keys.append(key)
    problems += _wrong_days(scenario, days)
    if problems:
        raise InputError(problems)
    found = []
    for point in points:
        of_key = {key.name: {repr(value): level for value, level in _pairs(key, points)} for key in keys}
        found.append(tuple(of_key[key.name].get(repr(point.get(key.name))) for key in keys))
    made = Plan(scenario, tuple(keys), LISTED, len(points), tuple(found), tuple(days))
    if not checked:
        check(made)
    return made


def _pairs(key: Key, points: Sequence[Mapping[str, Any]]) -> list[tuple[Any, Level]]:
    values = [point[key.name] for point in points if key.name in point]
    distinct = [value for i, value in enumerate(values) if value not in values[:i]]
    return list(zip(distinct, key.levels, strict=True))


def _key(name: str, values: Any, scenario: Scenario, problems: list[Problem]) -> Key | None:
    """A key, or the problem that it is."""
    where = f"--vary {name}"
    try:
        place_of(name, scenario)
        return key_of(name, values, unit_of(name, scenario), grain_of(name, scenario))
    except ValueError as error:
        problems.append(Problem(str(error), where))
        return None


def _wrong_with(design: str, keys: Sequence[Key], n: int | None) -> list[Problem]:
    """What does not suit a design."""
    problems = []
    if n is not None and n < (2 if design in ("lhs", "morris", "sobol") else 1):
        least = 2 if design in ("lhs", "morris", "sobol") else 1
        problems.append(Problem(f"expected a whole number from {least} on, got {n}", "--n"))
    if design == "sobol" and n is not None and n > 1 and not is_power_of_two(n):
        below = 2 ** (n.bit_length() - 1)
        message = f"a Sobol' design needs a power of two, such as {below} or {2 * below}; got {n}"
        problems.append(Problem(message, "--n"))
    for key in keys if design in ("lhs", "sobol", "morris") else ():
        if key.span is None and not key.is_switch:
            count = f"{len(key.levels)} value{'s' * (len(key.levels) != 1)}"
            message = f"the design {design} needs a range low..high or two values, got {count}: {brief(key.text)}"
            problems.append(Problem(message, f"--vary {key.name}"))
    return problems


def _wrong_days(scenario: Scenario, days: Sequence[float]) -> list[Problem]:
    """Days on which nothing can be taken down."""
    end, step = scenario.time.days, scenario.time.step_h
    wrong = []
    for day in days:
        if not 0 <= day <= end:
            wrong.append(Problem(f"day {day:g} is not within the {end:g} days of the run", "--at"))
        elif abs(day * 24 / step - round(day * 24 / step)) > 1e-6:
            wrong.append(Problem(f"day {day:g} is not a multiple of the step of {units.show(step, 'h')}", "--at"))
    return wrong


def _wrong_alone(scenario: Scenario, keys: Sequence[Key]) -> list[Problem]:
    """What is wrong with the values of some keys, each by itself: where there can be no points, to tell all at once."""
    axes = [Axis(len(key.levels)) for key in keys]
    points = tuple(
        tuple(None if math.isnan(u) else key.at(float(u)) for key, u in zip(keys, row, strict=True))
        for row in coordinates("each", axes, 0, 0)[1:]
    )
    try:
        check(Plan(scenario, tuple(keys), "each", 0, points))
    except InputError as error:
        return list(error.problems)
    return []


def check(made: Plan) -> None:
    """InputError with what is wrong at some points, each thing once with the points at which it is."""
    found: dict[Problem, list[int]] = {}
    for point in range(len(made.points)):
        try:
            made.scenario_at(point)
        except InputError as error:
            for problem in error.problems:
                found.setdefault(problem, []).append(point)
    if found:
        raise InputError(_at_points(problem, where, made) for problem, where in found.items())


def _at_points(problem: Problem, where: Sequence[int], made: Plan) -> Problem:
    """A problem with the points at which it is."""
    names = ", ".join(map(str, where[:SHOWN])) + (" …" if len(where) > SHOWN else "")
    which = f"point {names} ({made.told(where[0])})" if len(where) == 1 else f"{len(where)} points: {names}"
    if len(where) == len(made.points) > 1:
        which = "all points"
    file = problem.file.replace("--set ", "--vary ", 1) if problem.file.startswith("--set ") else problem.file
    return replace(problem, message=f"{problem.message} ({which})", file=file)
