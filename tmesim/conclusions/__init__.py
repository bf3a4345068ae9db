"""Conclusions of the main scenarios as data (`conclusions.yaml`): comparisons, whose outcome is what simulations give.

The outcome of a comparison is by its ratio on the last day: "less" below 1 − margin, "more" above 1 + margin, else
"same". `tmesim ensemble` asks in how many parameter sets that fit untreated tumors each comes out; `kept` is what it
said last.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cache
from importlib import resources
from typing import Any

import numpy as np

OUTCOMES = ("less", "same", "more")
DEFAULT_THAN = "no treatment"
VERDICTS = {"yes": "holds", "open": "is left open", "no": "hangs on the numbers"}
"""Of a conclusion over parameter sets, with their words: enough agree, too few pairs tell, or too few agree."""


@dataclass(frozen=True)
class Endpoint:
    """How an observable is compared and told. floor : in its unit; smaller values count as it. phrases : by outcome"""

    name: str
    noun: str
    floor: float
    phrases: Mapping[str, str]


@dataclass(frozen=True)
class Conclusion:
    """An arm of a scenario against another one, by an endpoint. against : an arm, None: the scenario's reference.
    who, than : the two in words"""

    name: str
    scenario: str
    arm: str
    against: str | None
    endpoint: Endpoint
    who: str
    than: str

    def says(self, outcome: str) -> str:
        """The statement that an outcome makes."""
        return f"{self.who} {self.endpoint.phrases[outcome]} {self.than}"

    def log_ratio(self, value: np.ndarray, against: np.ndarray) -> np.ndarray:
        """Logarithm of value over what it is compared with; NaN where one of them is not defined."""
        floor = self.endpoint.floor
        return np.log(np.maximum(value, floor) / np.maximum(against, floor))


@dataclass(frozen=True)
class Conclusions:
    """Those of the package, or of a test. margin : a ratio so far from 1 makes a difference"""

    margin: float
    entries: Mapping[str, Conclusion]

    @property
    def scenarios(self) -> tuple[str, ...]:
        """Names of the scenarios, in the order of the file."""
        return tuple(dict.fromkeys(each.scenario for each in self.entries.values()))

    @property
    def bounds(self) -> tuple[float, float]:
        """Logarithms of the ratios between which an outcome is "same"."""
        return math.log(1 - self.margin), math.log(1 + self.margin)

    def of(self, scenarios: Iterable[str]) -> list[Conclusion]:
        """Those of some scenarios, in the order of the file."""
        wanted = set(scenarios)
        return [each for each in self.entries.values() if each.scenario in wanted]

    def counts(self, log_ratios: np.ndarray) -> np.ndarray:
        """How many of some log ratios are less, the same and more, (3,); one that is NaN is none of them."""
        low, high = self.bounds
        less, more = log_ratios < low, log_ratios > high
        return np.array([less.sum(), (np.isfinite(log_ratios) & ~less & ~more).sum(), more.sum()])


@cache
def conclusions() -> Conclusions:
    """Those of the package."""
    import yaml

    text = resources.files("tmesim.conclusions").joinpath("conclusions.yaml").read_text(encoding="utf-8")
    return conclusions_in(yaml.load(text, yaml.CSafeLoader))


def conclusions_in(content: Mapping[str, Any]) -> Conclusions:
    """Conclusions from the content of such a file."""
    endpoints = {
        name: Endpoint(name, entry["noun"], float(entry["floor"]), {outcome: entry[outcome] for outcome in OUTCOMES})
        for name, entry in content["endpoints"].items()
    }
    entries = {
        name: Conclusion(
            name, entry["scenario"], entry["arm"], entry.get("against"), endpoints[entry["endpoint"]], entry["who"],
            entry.get("than", DEFAULT_THAN),
        )
        for name, entry in content["conclusions"].items()
    }  # fmt: skip
    return Conclusions(float(content["margin"]), entries)
