"""What an ensemble said last of the conclusions, as the package keeps it: for reports and for the README.

`tmesim ensemble --keep` puts it there. A line is told of a run only where the run compares the same arms of the same
tissue; where the model has changed since, it says so.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from tmesim.conclusions import OUTCOMES, VERDICTS, Conclusion, Conclusions, conclusions
from tmesim.fingerprint import fingerprint
from tmesim.scenario.parts import start_content
from tmesim.storage import write
from tmesim.storage.tables import read_columns

if TYPE_CHECKING:
    from tmesim.scenario import Scenario

FOLDER = Path(__file__).parent / "kept"
SAID, TABLE = "ensemble.yaml", "conclusions.csv"
COLUMNS = (
    "conclusion", "scenario", "arm", "against", "endpoint", "host", "day", "sets", *OUTCOMES,
    *(f"{each}_share" for each in OUTCOMES), "outcome", "low", "high", "holds", "mean", "between", "within", "own",
    "own_low", "own_high", "own_outcome",
)  # fmt: skip
"""Of `conclusions.csv`. against : another arm, empty for the reference. less, same, more : how many sets came out so;
…_share : share of the sets with chance taken off; low, high : interval of that of `outcome`, the most common one.
holds : of VERDICTS.
mean, between, within : of log ratios, over sets, and their deviations between sets and between pairs of a set.
own… : mean log ratio of the catalogue's own numbers, its interval, and what that makes"""
TEXTS = ("conclusion", "scenario", "arm", "against", "endpoint", "host", "outcome", "holds", "own_outcome")


@dataclass(frozen=True)
class Told:
    """What sets said of a conclusion; see COLUMNS."""

    conclusion: Conclusion
    row: Mapping[str, Any]

    @property
    def verdict(self) -> str:
        """Of VERDICTS."""
        return str(self.row["holds"])

    @property
    def outcome(self) -> str:
        """The most common one, "" where no set has one."""
        return str(self.row["outcome"])

    def count(self, outcome: str) -> int:
        """How many sets came out so."""
        return int(self.row[outcome])

    def share(self, outcome: str) -> float:
        """The share of the sets with chance taken off."""
        return float(self.row[f"{outcome}_share"])

    @property
    def sentence(self) -> str:
        """In how many sets it comes out so; where too few agree, or may agree, in how many each way."""
        sets, each = int(self.row["sets"]), self.conclusion
        if not sets:
            return f"What {each.who} does to {each.endpoint.noun} is defined in no parameter set."
        shares = f"{100 * self.share(self.outcome):.0f} % with the chance of few pairs taken off"
        which = f"of {sets} parameter sets that fit untreated tumors"
        if self.verdict == "yes":
            return f"In {self.count(self.outcome)} {which}, {each.says(self.outcome)} ({shares})."
        less, same, more = (self.count(outcome) for outcome in OUTCOMES)
        return (
            f"What {each.who} does to {each.endpoint.noun} {VERDICTS[self.verdict]}: in {less} {which} it is smaller "
            f"than with {each.than}, in {same} about the same, in {more} larger."
        )


@dataclass(frozen=True)
class Kept:
    """What an ensemble said. said : of `ensemble.yaml`; told : by the name of a conclusion"""

    said: Mapping[str, Any]
    told: Mapping[str, Told]

    def changed(self, host: str) -> list[str]:
        """What of the model of a host has changed since: `catalogue`, `engine`; none: it is current."""
        made = self.said["model"].get(host, {})
        return [name for name, now in fingerprint(host).items() if made.get(name) != now]

    def of(self, scenario: Scenario, arm: str) -> list[Told]:
        """What is told of an arm of a run against its reference; none where this was another experiment."""
        return [
            each for each in self.told.values()
            if (each.conclusion.scenario, each.conclusion.arm) == (scenario.name, arm)
            and each.conclusion.against is None
            and experiment(scenario, each.conclusion) == self.said["experiments"][each.conclusion.name]
        ]  # fmt: skip


def experiment(scenario: Scenario, conclusion: Conclusion) -> str:
    """A hash of what a conclusion is about: the host, the tissue at the start, the biology that is changed, and the
    two arms. How large the patch is and how long it runs are no part of it; "" where an arm is missing."""
    arms = (conclusion.arm, conclusion.against or scenario.reference)
    if not set(arms) <= set(scenario.arms):
        return ""
    said = [
        scenario.host, start_content(scenario.start), scenario.overlay.content(), conclusion.endpoint.name,
        *(scenario.arms[arm].content() for arm in arms),
    ]  # fmt: skip
    return hashlib.sha256(json.dumps(said, sort_keys=True, default=str).encode()).hexdigest()


@cache
def kept() -> Kept | None:
    """What the package keeps; None where it keeps nothing."""
    return read_kept(FOLDER) if (FOLDER / SAID).is_file() else None


def read_kept(folder: Path, known: Conclusions | None = None) -> Kept:
    """A finished result in a folder; conclusions that there are no more are left out."""
    import yaml

    known = known or conclusions()
    said = yaml.load((folder / SAID).read_text(encoding="utf-8"), yaml.CSafeLoader)
    columns = read_columns((folder / TABLE).read_bytes(), set(TEXTS), str(folder / TABLE))
    names = columns["conclusion"].tolist()
    rows = [{name: _plain(column[i]) for name, column in columns.items()} for i in range(len(names))]
    told = {name: Told(known.entries[name], row) for name, row in zip(names, rows, strict=True)
            if name in known.entries}  # fmt: skip
    return Kept(said, told)


def keep(folder: Path, to: Path = FOLDER) -> None:
    """Let the package keep a finished result, what it said before is replaced."""
    for name in (TABLE, SAID):
        write(to / name, (folder / name).read_bytes())
    kept.cache_clear()


def _plain(value: Any) -> Any:
    return str(value) if isinstance(value, np.str_) else float(value)
