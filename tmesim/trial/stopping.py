"""When there are replicates enough: a condition on the width of intervals, between a least and a most number of them.

    width(tumor_burden) < 10 %                      each arm's change against the reference, within ± 10 % of it
    width(tumor_burden, drug) < 10 %                of this arm alone
    width(tumor_burden, untreated) < 10 %           of the reference, or of a run with one arm: its mean, ± 10 % of it
    width(tumor_burden) < 200 cells                 the difference from the reference, within ± 200 cells
    width(n_ctl) < 10 % and width(n_treg) < 15 %    both

The width is the number behind ±: half the distance between the ends of the 95 % interval. The intervals are those of a
confidence sequence (`sequences`), as those who look after each replicate need. The run ends with the first number of
replicates at which all of it holds; replicates that others workers had begun beyond it are dropped, so that how many
there are hangs on the scenario and its seed alone.
"""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from tmesim.observables import observables_of
from tmesim.reading import InputError, Problem, brief, suggestion
from tmesim.sequences import multiplier
from tmesim.statistics import CONFIDENCE, STOPPED, compare, interval
from tmesim.units import UnitError, convert, same_dimension, show, split

if TYPE_CHECKING:
    from tmesim.observables import Observable
    from tmesim.scenario import Scenario

LEAST, MOST = 4, 40
"""Replicates, where nothing else is said."""
FEWEST = 3
"""Below so many a confidence sequence has no interval."""
ENOUGH = 10_000
FORM = "width(ENDPOINT) < 10 %, width(ENDPOINT, ARM) < 10 % or width(ENDPOINT) < 200 cells, several joined by 'and'"
WIDTH = re.compile(
    r"width\s*\(\s*(?P<endpoint>[^\s,()]+)\s*(?:,\s*(?P<arm>[^,()]*?)\s*)?\)\s*(?:<=?|≤)\s*(?P<limit>.+)"
)

Values = Mapping[str, Mapping[str, np.ndarray]]
"""Arm → endpoint → one value a replicate."""


@dataclass(frozen=True)
class Width:
    """One condition. limit : of what is behind ±, a share or in `unit`, that of the endpoint; unit : "%" for a share"""

    endpoint: str
    arm: str | None
    limit: float
    unit: str

    @property
    def text(self) -> str:
        of = f"{self.endpoint}, {self.arm}" if self.arm is not None else self.endpoint
        return f"width({of}) < {self.told(self.limit)}"

    def told(self, width: float) -> str:
        if math.isnan(width):
            return "no interval yet"
        return f"{100 * width:.3g} %" if self.unit == "%" else show(float(f"{width:.3g}"), self.unit)

    def of(self, values: Values, reference: str) -> float:
        """The largest width of the arms that are meant; NaN as long as there is no interval."""
        others = [arm for arm in values if arm != reference]
        arms = [self.arm] if self.arm is not None else others or [reference]
        return float(np.max([self._of_arm(values, arm, reference) for arm in arms]))

    def _of_arm(self, values: Values, arm: str, reference: str) -> float:
        mine = values[arm][self.endpoint]
        if arm == reference:
            mean, low, high = interval(mine[~np.isnan(mine)], kind=STOPPED)
            return (high - low) / 2 / (abs(mean) if self.unit == "%" and high > low else 1.0)
        c = compare(self.endpoint, arm, reference, mine, values[reference][self.endpoint], kind=STOPPED)
        low, high = (c.relative_low, c.relative_high) if self.unit == "%" else (c.low, c.high)
        return (high - low) / 2


@dataclass(frozen=True)
class Stopping:
    """A condition that all widths keep, and how many replicates there are at least and at most."""

    widths: tuple[Width, ...]
    least: int = LEAST
    most: int = MOST

    @property
    def text(self) -> str:
        return " and ".join(width.text for width in self.widths)

    @property
    def content(self) -> dict[str, Any]:
        """What was asked for, as provenance keeps it."""
        return {"until": self.text, "least": self.least, "most": self.most}

    def found(self, values: Values, reference: str) -> tuple[bool, str]:
        """Whether the condition holds for some replicates, and their widths in words."""
        found = [width.of(values, reference) for width in self.widths]
        told = [f"{width.endpoint} ± {width.told(now)}" for width, now in zip(self.widths, found, strict=True)]
        return all(now < width.limit for width, now in zip(self.widths, found, strict=True)), ", ".join(told)

    def expected(self, n: int, values: Values, reference: str) -> int:
        """How many replicates it will take in all, if spreads stay as they are in n; at most ENOUGH."""
        ratio = max(width.of(values, reference) / width.limit for width in self.widths)
        if math.isnan(ratio):
            return ENOUGH
        wanted = multiplier(n, CONFIDENCE) / math.sqrt(n) / ratio if ratio else math.inf
        low, high = n, ENOUGH
        while high - low > 1:
            middle = (low + high) // 2
            low, high = (low, middle) if multiplier(middle, CONFIDENCE) / math.sqrt(middle) < wanted else (middle, high)
        return high


def asked(
    scenario: Scenario, until: str | None, least: int | None, most: int | None, replicates: int | None
) -> Stopping | None:
    """What the options of a run ask for, None without a condition; InputError with all that is wrong with them.

    replicates : as asked for beside it, which says something else
    """
    if until is not None:
        return stopping_of(scenario, until, least, most, replicates)
    alone = [name for name, value in (("--least", least), ("--most", most)) if value is not None]
    if alone:
        raise InputError([Problem("needs --until with a condition", name) for name in alone])
    return None


def stopping_of(
    scenario: Scenario, until: str, least: int | None = None, most: int | None = None, replicates: int | None = None
) -> Stopping:
    """A condition with its numbers, or InputError; arguments as in `asked`."""
    low, high = LEAST if least is None else least, max(MOST, least or 0) if most is None else most
    problems = [] if replicates is None else [
        Problem("says another number than --until; leave it out, or give --least and --most", "--replicates")
    ]  # fmt: skip
    if not FEWEST <= low <= ENOUGH:
        problems.append(Problem(f"expected a whole number from {FEWEST} to {ENOUGH}, got {low}", "--least"))
    if not max(low, FEWEST) <= high <= ENOUGH:
        problems.append(Problem(f"expected a whole number from {max(low, FEWEST)} (the least) to {ENOUGH}, got {high}",
                                "--most"))  # fmt: skip
    used = dict.fromkeys(dose.use for arm in scenario.arms.values() for dose in arm.therapies)
    known = observables_of(scenario.catalogue, used, scenario.places)
    widths = []
    for part in re.split(r"\s+and\s+", until.strip()):
        made = _width(part, scenario, known)
        if isinstance(made, Width):
            widths.append(made)
        else:
            problems += [Problem(text, "--until") for text in made]
    if problems:
        raise InputError(problems)
    return Stopping(tuple(dict.fromkeys(widths)), low, high)


def _width(text: str, scenario: Scenario, known: Mapping[str, Observable]) -> Width | list[str]:
    """One condition, or what is wrong with it."""
    match = WIDTH.fullmatch(text.strip())
    if match is None:
        return [f"expected {FORM}, got '{brief(text)}'"]
    name, arm, wrong = match["endpoint"], match["arm"], []
    if name not in scenario.endpoints:
        wrong.append(f"'{brief(name)}' is no endpoint of {scenario.name}.{suggestion(name, scenario.endpoints)}")
    if arm is not None and arm not in scenario.arms:
        wrong.append(f"there is no arm '{brief(arm)}' in this run.{suggestion(arm, scenario.arms)}")
    unit = known[name].unit if name in known else "1"
    try:
        limit, of = _limit(match["limit"], unit)
    except (UnitError, ValueError) as error:
        return [*wrong, str(error)]
    return wrong or Width(name, arm, limit, of)


def _limit(text: str, unit: str) -> tuple[float, str]:
    """What stands on the right, as a share ("%") or in the unit of the endpoint."""
    number, given = split(text)
    if number <= 0:
        raise ValueError(f"expected a width above 0, got '{brief(text)}'")
    if given == "%":
        return float(number) / 100, "%"
    try:
        measured = same_dimension(unit, "1")
    except UnitError:  # a unit in words, such as "score 0-1"
        return (float(number), unit) if given in ("", unit) else _refused(text, unit)
    if not given and not measured:
        return _refused(text, unit)
    if measured and given not in ("", unit):
        return _refused(text, unit)
    return convert(number, given or unit, unit), unit


def _refused(text: str, unit: str) -> tuple[float, str]:
    raise ValueError(f"expected a width in % (of the reference) or in {unit}, such as '10 %', got '{brief(text)}'")
