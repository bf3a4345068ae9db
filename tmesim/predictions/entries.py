"""What `predictions.yaml` may say, and the check of all that it says together."""

from __future__ import annotations

import json
import math
import re
from collections.abc import Iterator
from datetime import date
from functools import cache
from importlib import resources
from typing import Annotated, Any, ClassVar, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, ValidationError, model_validator

from tmesim.catalogue.hosts import hosts
from tmesim.observables import observables_of
from tmesim.reading import DataPath, Document, InputError, Problem, parse, suggestion
from tmesim.reading.validation import problems_of
from tmesim.scenario import Scenario, load

FILE = "predictions.yaml"
HIT, MISS, INCONCLUSIVE = "hit", "miss", "inconclusive"
MAIN = "tumor_burden"
"""The observable of which the effect of each arm is told, whether a prediction asks for it or not."""


class Said(BaseModel):
    """A part of the file."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True, populate_by_name=True)


class Expected(Said):
    """An interval or a side: from low to high, open where there is none."""

    low: float | None = None
    high: float | None = None

    @model_validator(mode="after")
    def _is_one(self) -> Expected:
        if self.low is None and self.high is None:
            raise ValueError("expected 'low', 'high' or both")
        if self.low is not None and self.high is not None and self.low >= self.high:
            raise ValueError(f"'low' must be below 'high', got {self.low:g} and {self.high:g}")
        return self

    def verdict(self, low: float, high: float) -> str:
        """HIT of an interval within, MISS of one wholly outside, INCONCLUSIVE of any other, and of none."""
        if not (math.isfinite(low) and math.isfinite(high)):
            return INCONCLUSIVE
        least = -math.inf if self.low is None else self.low
        most = math.inf if self.high is None else self.high
        if least <= low and high <= most:
            return HIT
        return MISS if high < least or low > most else INCONCLUSIVE


class Ours(Expected):
    """What was predicted, and why, from the mechanisms alone."""

    why: str = Field(min_length=1)


class Quantity(Said):
    """A number of some arms. observable : that is read; day : on which"""

    OTHERS: ClassVar[tuple[str, ...]] = ()
    observable: str
    day: float = Field(gt=0)
    arm: str

    def arms(self) -> dict[str, str]:
        """Where arms are named, and which."""
        return {part: str(getattr(self, part)) for part in ("arm", *self.OTHERS)}

    def days(self) -> tuple[float, ...]:
        """On which it is read."""
        return (self.day,)


class Ratio(Quantity):
    """An arm over its reference."""

    OTHERS = ("reference",)
    kind: Literal["ratio"]
    reference: str


class RatioOfRatios(Quantity):
    """What an arm is over its reference, over what another arm is over its own."""

    OTHERS = ("reference", "other_arm", "other_reference")
    kind: Literal["ratio_of_ratios"]
    reference: str
    other_arm: str
    other_reference: str


class Bliss(Quantity):
    """What two treatments together take beyond independence."""

    OTHERS = ("other_arm", "both", "reference")
    kind: Literal["bliss"]
    other_arm: str
    both: str
    reference: str


class Change(Quantity):
    """An arm over itself on an earlier day."""

    kind: Literal["change"]
    since: float = Field(alias="from", ge=0)

    @model_validator(mode="after")
    def _looks_back(self) -> Change:
        if self.since >= self.day:
            raise ValueError(f"'from' must be before 'day', got {self.since:g} and {self.day:g}")
        return self

    def days(self) -> tuple[float, ...]:
        return (self.since, self.day)


class Slope(Said):
    """The line of the logarithm over doses, at a dose of 1. doses : of each arm"""

    kind: Literal["slope"]
    observable: str
    day: float = Field(gt=0)
    doses: dict[str, float] = Field(min_length=3)

    @model_validator(mode="after")
    def _spread(self) -> Slope:
        if len(set(self.doses.values())) < 2:
            raise ValueError("'doses' must not all be the same")
        return self

    def arms(self) -> dict[str, str]:
        """Where arms are named, and which."""
        return {f"doses.{arm}": arm for arm in self.doses}

    def days(self) -> tuple[float, ...]:
        """On which it is read."""
        return (self.day,)


class BeyondNull(Quantity):
    """What an arm is over its reference, over the same in a null that grows alike. null : its name among the asks"""

    OTHERS = ("reference",)
    kind: Literal["beyond_null"]
    reference: str
    null: str


AnyQuantity = Annotated[Ratio | RatioOfRatios | Bliss | Change | Slope | BeyondNull, Field(discriminator="kind")]


class Ask(Said):
    """What is simulated. set : settings of the scenario; vary : one number, by factors, for a null matched in growth"""

    scenario: str
    hosts: list[str] = Field(min_length=1)
    set: dict[str, Any] = {}
    vary: dict[str, Annotated[list[str], Field(min_length=2)]] = Field(default={}, max_length=1)


def _doi(text: str) -> str:
    if text and not re.fullmatch(r"10\.\d{4,9}/\S+", text):
        raise ValueError(f"expected a DOI such as 10.1084/jem.20130762, or nothing; got '{text}'")
    return text


class Prediction(Said):
    """A published finding, the number of the model that stands beside it, and what is expected of both.

    checked : how far the source was looked up; margin : why an interval is as wide, where that is ours
    """

    group: str
    label: str
    ask: str
    host: str
    quantity: AnyQuantity
    source: str = Field(min_length=1)
    doi: Annotated[str, AfterValidator(_doi)]
    checked: Literal["page", "abstract", "memory"]
    measured: str = Field(min_length=1)
    published: Expected
    margin: str = ""
    ours: Ours


def _date(text: str) -> str:
    date.fromisoformat(text)
    return text


class Predictions(Said):
    """The whole file. written : the day; known_before : what had been seen of treated runs by then"""

    written: Annotated[str, AfterValidator(_date)]
    known_before: str
    asks: dict[str, Ask]
    predictions: dict[str, Prediction]

    def asked_by(self, name: str) -> Iterator[tuple[str, str]]:
        """The asks, with hosts, that a prediction needs."""
        entry = self.predictions[name]
        yield entry.ask, entry.host
        if isinstance(entry.quantity, BeyondNull):
            yield entry.quantity.null, entry.host


@cache
def packaged() -> Predictions:
    """The predictions of the package."""
    return read(parse(packaged_bytes(), FILE))


def packaged_bytes() -> bytes:
    """The file as it is."""
    return resources.files("tmesim.predictions").joinpath(FILE).read_bytes()


def read(document: Document) -> Predictions:
    """Predictions from a document; InputError with all that is wrong with it."""
    try:
        found = Predictions.model_validate(document.data)
    except ValidationError as error:
        raise InputError([*document.problems, *problems_of(error, document, Predictions)]) from None
    problems = [*document.problems, *_wrong(found, document)]
    if problems:
        raise InputError(problems)
    return found


def _wrong(found: Predictions, document: Document) -> Iterator[Problem]:
    scenarios: dict[str, Scenario] = {}
    for name, ask in found.asks.items():
        at: DataPath = ("asks", name)
        for i, host in enumerate(ask.hosts):
            if host not in hosts():
                yield document.problem((*at, "hosts", i), f"there is no host '{host}'.{suggestion(host, hosts())}")
        try:
            scenarios[name] = _loaded(ask.scenario, json.dumps(ask.set))
        except InputError as error:
            yield document.problem((*at, "scenario"), "; ".join(problem.message for problem in error.problems))
    for name, entry in found.predictions.items():
        at = ("predictions", name)
        if entry.ask not in found.asks:
            yield document.problem((*at, "ask"), f"'{entry.ask}' is not asked.{suggestion(entry.ask, found.asks)}")
            continue
        for asked, part in _asks_of(entry):
            if asked not in found.asks:
                yield document.problem((*at, *part), f"'{asked}' is not asked.{suggestion(asked, found.asks)}")
            elif entry.host not in found.asks[asked].hosts:
                told = ", ".join(found.asks[asked].hosts)
                yield document.problem((*at, "host"), f"'{asked}' is not asked of '{entry.host}', but of {told}")
            elif asked in scenarios:
                yield from _unreadable(entry, scenarios[asked], document, at)
        null = entry.quantity.null if isinstance(entry.quantity, BeyondNull) else None
        if null in found.asks and not found.asks[null].vary:
            yield document.problem((*at, "quantity", "null"), f"'{null}' varies nothing by which it could grow alike")


@cache
def _loaded(name: str, settings: str) -> Scenario:
    """A packaged scenario with settings, told as JSON."""
    return load(name, set=json.loads(settings) or None, observables=observables_of)


def _asks_of(entry: Prediction) -> Iterator[tuple[str, tuple[str, ...]]]:
    yield entry.ask, ("ask",)
    if isinstance(entry.quantity, BeyondNull):
        yield entry.quantity.null, ("quantity", "null")


def _unreadable(entry: Prediction, scenario: Scenario, document: Document, at: DataPath) -> Iterator[Problem]:
    """What of a quantity a scenario has not."""
    quantity, at = entry.quantity, (*at, "quantity")
    for part, arm in quantity.arms().items():
        if arm not in scenario.arms:
            told = f"there is no arm '{arm}' in {scenario.name}.{suggestion(arm, scenario.arms)}"
            yield document.problem((*at, *part.split(".", 1)), told)
    known = list(observables_of(scenario.catalogue, therapies_of(scenario)))
    if (name := quantity.observable) not in known:
        yield document.problem((*at, "observable"), f"there is no observable '{name}'.{suggestion(name, known)}")
    for day in quantity.days():
        if day > scenario.time.days:
            told = f"day {day:g} is after the end of {scenario.name}, day {scenario.time.days:g}"
            yield document.problem((*at, "day"), told)


def therapies_of(scenario: Scenario) -> list[str]:
    """The therapies of the arms, each once."""
    return list(dict.fromkeys(dose.use for arm in scenario.arms.values() for dose in arm.therapies))
