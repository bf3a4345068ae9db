"""Why arms differ: births and losses of cells by cause, and the paired difference as a sum over the causes.

Of each replicate and cell type,  cells = Σ gains − Σ losses  holds exactly (tissue.ledger), and so does

    difference in cells = Σ differences of gains − Σ differences of losses

of an arm from the reference. Its terms say which events carry a difference; why there were more of them is another
question, which the ablation of rules answers (trial.ablation).
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np

from tmesim.catalogue import english
from tmesim.notices import notices, untargeted, untreated
from tmesim.scenario.schedule import begins_at
from tmesim.statistics import CONFIDENCE, false_discovery, interval, mean_p
from tmesim.storage.tables import csv_bytes
from tmesim.wording import capital, compact, signed, words

if TYPE_CHECKING:
    import pandas as pd

    from tmesim.result import Result

TUMOR = "tumor"
"""The cells that sentences are about."""
GAIN, LOSS, HELD, NOW = "gain", "loss", "held", "now"
"""The ways of the ledger, and the cells that there are."""
EVERYWHERE = "everywhere"
SMALL = 0.02
"""Share of the largest term below which one is not told."""
COLUMNS = (
    "arm", "cell", "since", "way", "cause", "zone", "mean", "low", "high", "difference", "difference_low",
    "difference_high", "n",
)  # fmt: skip

LIMITS = (
    "These are counts of what happened to cells, not of what made it happen: fewer births can come from a drug, from "
    "crowding or from want of oxygen.",
    "A cell is counted under the cause that came first; one that was killed might have died otherwise a day later. Of "
    "deaths by one hazard, what raised it has its expected share.",
    "To ask what a mechanism contributes, switch it off: tmesim why RUN --ablate.",
)
"""What the counts cannot tell."""


@dataclass(frozen=True)
class Term:
    """One cause in one arm: how often since a day, and what its difference from the reference did to the number of
    cells (NaN in the reference).

    values, effects : one a replicate; mean, low, high : of the values; effect and its bounds : paired, 95 %
    kind : of the intervals, as the run has them
    """

    arm: str
    cell: str
    since: float
    way: str
    cause: str
    zone: str
    values: np.ndarray
    effects: np.ndarray
    kind: str

    @property
    def spread(self) -> tuple[float, float, float]:
        """Mean of the values, and its interval."""
        return interval(self.values, kind=self.kind)

    @cached_property
    def effect(self) -> tuple[float, float, float]:
        """Mean of the effects on the number of cells, and its interval."""
        return interval(self.effects, kind=self.kind)

    @property
    def sure(self) -> bool:
        """Whether the interval of the effect leaves out 0."""
        _, low, high = self.effect
        return low > 0 or high < 0


class Why:
    """What became of the cells of a finished run, by cause, in each arm and as paired differences.

    result : a run whose causes were counted; InputError for one of an earlier version
    """

    def __init__(self, result: Result) -> None:
        self.result = result
        self._counts = counts_of(result)

    @property
    def days(self) -> np.ndarray:
        """The days of which the counts are known."""
        return self._counts.days

    def begins(self, arm: str) -> float:
        """The day on which an arm begins to differ from the reference, 0 of the reference itself."""
        scenario = self.result.scenario
        if arm == self.result.reference or scenario.start_of(arm) != scenario.start_of(self.result.reference):
            return 0.0
        hours = (begins_at(scenario.arm(name)) for name in (arm, self.result.reference))
        found = [hour / 24 for hour in hours if hour is not None and hour / 24 <= scenario.time.days]
        return min(found, default=0.0)

    def terms(self, arm: str, cell: str = TUMOR, since: float | None = None, zone: str = EVERYWHERE) -> list[Term]:
        """The causes of gains and losses of a cell type, those held back, and last the cells that there are now.

        since : a day at which the ledger was taken down; by default the one on which the arm begins to differ
        """
        since = self.begins(arm) if since is None else since
        reference, kind, found = self.result.reference, self.result.intervals, []
        for way, cause in self._counts.causes(cell):
            mine, other = (self._counts.over(name, cell, way, cause, zone, since) for name in (arm, reference))
            sign = {GAIN: 1.0, LOSS: -1.0}.get(way, 0.0)
            effects = sign * (mine - other) if arm != reference else np.full(mine.size, np.nan)
            if mine.any() or other.any():
                found.append(Term(arm, cell, since, way, cause, zone, mine, effects, kind))
        if zone == EVERYWHERE:
            now, then = (self._counts.now(name, cell) for name in (arm, reference))
            effects = now - then if arm != reference else np.full(now.size, np.nan)
            found.append(Term(arm, cell, since, NOW, "cells", zone, now, effects, kind))
        return found

    def per_day(self, arm: str, way: str, cause: str, cell: str = TUMOR) -> tuple[np.ndarray, np.ndarray]:
        """Moments (moments,), days, and events a day between them (replicates, moments − 1)."""
        values = self._counts.summed(arm, cell, way, cause, EVERYWHERE)
        return self.days, np.diff(values, axis=1) / np.diff(self.days)

    @property
    def rows(self) -> Iterator[tuple[object, ...]]:
        """The rows of `table`."""
        for arm in self.result.arms:
            for since in dict.fromkeys((0.0, self.begins(arm))):
                for cell in self._counts.cells:
                    for zone in (EVERYWHERE, *self._counts.zones):
                        for term in self.terms(arm, cell, since, zone):
                            yield row_of(term)

    @cached_property
    def table(self) -> pd.DataFrame:
        """One row for each arm, cell type, beginning, way, cause and zone.

        since : day from which on is counted: 0, and the one on which the arm begins to differ. way : gain, loss, held
        (births that found no room), or now (the cells that there are, at the end). mean, low, high : events a
        replicate, with 95 % interval; difference … : from the reference, paired.
        """
        import pandas

        return pandas.DataFrame(list(self.rows), columns=list(COLUMNS))

    def table_bytes(self) -> bytes:
        """The table as CSV."""
        return csv_bytes(COLUMNS, self.rows)

    @cached_property
    def sentences(self) -> tuple[str, ...]:
        """For each arm that is not the reference, why its tumor cells differ; of a run with one arm what became of
        them."""
        others = [arm for arm in self.result.arms if arm != self.result.reference]
        return tuple(map(self.sentence, others)) or (self._alone(),)

    def sentence(self, arm: str) -> str:
        """Why the tumor cells of an arm differ from those of the reference, as far as that is sure."""
        name, against = capital(words(arm)), words(self.result.reference)
        if untreated(self.result, arm):
            return f"{name} was given nothing before the end of the run, so nothing is to be explained."
        *terms, now = self.terms(arm)
        terms = [term for term in terms if term.way != HELD]
        if not now.effects.any() and not any(term.effects.any() for term in terms):
            return f"{name} and {against} do not differ in any birth or loss of tumor cells."
        day = f"{self.result.scenario.time.days:g}"
        mean, low, high = now.effect
        if math.isnan(low):
            largest = max(terms, key=lambda term: abs(term.effect[0]))
            return (
                f"{name} ended with {more_or_fewer(mean)} tumor cells than {against} on day {day}; the largest part is "
                f"{told(self.result, largest)}. One replicate cannot tell this from chance."
            )
        bounds = f"95 % interval {signed(low)} to {signed(high)}"
        sure = sorted(surely(terms), key=lambda term: -abs(term.effect[0]))
        if not now.sure:
            text = f"{name} and {against} do not surely differ in tumor cells on day {day}: {signed(mean)} ({bounds})"
            if not sure:
                return f"{text}, and no cause is surely different."
            return f"{text}, though {english.joined(told(self.result, term) for term in leading(sure))}."
        carrying = [term for term in sure if term.effect[0] * mean > 0]
        against_it = [term for term in sure if term.effect[0] * mean < 0]
        text = f"{self._course(arm)}; on day {day} they hold {more_or_fewer(mean)} than {against} ({bounds})"
        if carrying:
            text += f", because {english.joined(told(self.result, term) for term in leading(carrying))}"
        else:
            largest = max(terms, key=lambda term: term.effect[0] * mean)
            text += f"; no cause is surely different, the largest is {told(self.result, largest)}"
        if against_it:
            text += f"; against that, {english.joined(told(self.result, term) for term in leading(against_it))}"
        return f"{text}."

    def _course(self, arm: str) -> str:
        """What its own tumor did since the arm began to differ, as the beginning of a sentence."""
        since = self.begins(arm)
        first = float(self._counts.now(arm, TUMOR, since).mean())
        last = float(self._counts.now(arm, TUMOR).mean())
        verb = "shrank" if last < first else "grew"
        return f"With {words(arm)} tumors {verb} from {compact(first)} to {compact(last)} cells since day {since:g}"

    def _alone(self) -> str:
        """What became of the tumor cells of a run with one arm."""
        terms = [term for term in self.terms(self.result.reference, since=0.0) if term.values.any()]
        shown = {term.way: 0.0 for term in terms}
        parts = []
        for term in sorted(terms, key=lambda term: -term.spread[0]):
            shown[term.way] += term.spread[0]
            if term.way == LOSS:
                parts.append(f"{compact(term.spread[0])} {label(self.result, term.cause, term.way)}")
        now = shown.get(NOW, 0.0)
        lost = f"; lost were {english.joined(parts)}" if parts else "; none was lost"
        return (
            f"On average {compact(shown.get(GAIN, 0.0))} tumor cells were there at the start or came since, and "
            f"{compact(now)} are left on day {self.result.scenario.time.days:g}{lost}."
        )

    @cached_property
    def notices(self) -> tuple[str, ...]:
        """What must be known before the counts are used."""
        return (*notices(self.result), *untargeted(self.result))

    @property
    def limits(self) -> tuple[str, ...]:
        """What the counts cannot tell."""
        return LIMITS


class Counts:
    """The ledgers of a run as arrays. days : (moments,); zones : those that events have"""

    def __init__(self, days: np.ndarray, replicates: int, at: dict[tuple[str, ...], np.ndarray]) -> None:
        self.days, self.replicates, self._at = days, replicates, at
        self.cells = tuple(dict.fromkeys(sorted(key[1] for key in at)))
        self.zones = tuple(dict.fromkeys(sorted(key[4] for key in at if key[4])))

    def causes(self, cell: str) -> tuple[tuple[str, str], ...]:
        """(way, cause) of all that happened to a type in any arm, gains first."""
        return tuple(sorted({(key[2], key[3]) for key in self._at if key[1] == cell}))

    def summed(self, arm: str, cell: str, way: str, cause: str, zone: str) -> np.ndarray:
        """How often since the start, (replicates, moments)."""
        zones = ("", *self.zones) if zone == EVERYWHERE else (zone,)
        found = np.zeros((self.replicates, self.days.size))
        for each in zones:
            values = self._at.get((arm, cell, way, cause, each))
            if values is not None:
                found = found + values
        return found

    def over(self, arm: str, cell: str, way: str, cause: str, zone: str, since: float) -> np.ndarray:
        """How often from a day to the end, (replicates,)."""
        values = self.summed(arm, cell, way, cause, zone)
        return values[:, -1] - (values[:, self.moment(since)] if since > 0 else 0.0)

    def moment(self, day: float) -> int:
        """The place of the moment nearest to a day."""
        return int(np.argmin(np.abs(self.days - day)))

    def now(self, arm: str, cell: str, day: float | None = None) -> np.ndarray:
        """Cells of a type on a day, by default at the end, (replicates,)."""
        at = -1 if day is None else self.moment(day)
        found = np.zeros(self.replicates)
        for way, cause in self.causes(cell):
            if way in (GAIN, LOSS):
                found = found + (1.0 if way == GAIN else -1.0) * self.summed(arm, cell, way, cause, EVERYWHERE)[:, at]
        return found


def counts_of(result: Result) -> Counts:
    """The counts in `causes.csv` of a run."""
    columns = result.columns("causes.csv")
    days, moment = np.unique(columns["day"], return_inverse=True)
    at: dict[tuple[str, ...], np.ndarray] = {}
    names = zip(*(columns[name].tolist() for name in ("arm", "cell", "way", "cause", "zone")), strict=True)
    numbers = zip(columns["replicate"].astype(int).tolist(), moment.tolist(), columns["count"].tolist(), strict=True)
    for key, (replicate, when, count) in zip(names, numbers, strict=True):
        if key not in at:
            at[key] = np.zeros((result.replicates, days.size))
        at[key][replicate, when] = count
    return Counts(days, result.replicates, at)


def row_of(term: Term) -> tuple[object, ...]:
    """A term as a row of the table."""
    mean, low, high = term.spread
    sign = -1.0 if term.way == LOSS else 1.0
    first, second, third = (sign * value + 0.0 for value in term.effect)
    bounds = (first, third, second) if term.way == LOSS else (first, second, third)
    if term.way == HELD:
        bounds = (math.nan,) * 3
    return (
        term.arm, term.cell, term.since, term.way, term.cause, term.zone, mean, low, high, *bounds, term.values.size
    )  # fmt: skip


def surely(terms: list[Term]) -> list[Term]:
    """The terms that differ with all of them considered (false discovery rate 5 %): of twenty intervals of nothing one
    leaves out 0."""
    adjusted = false_discovery(mean_p(term.effects, term.kind) for term in terms)
    return [term for term, q in zip(terms, adjusted, strict=True) if q < 1 - CONFIDENCE]


def leading(terms: list[Term], most: int = 3) -> list[Term]:
    """The largest terms, none that hardly counts beside the first."""
    least = SMALL * abs(terms[0].effect[0])
    return [term for term in terms[:most] if abs(term.effect[0]) >= least]


def label(result: Result, cause: str, way: str) -> str:
    """A cause in words."""
    kind, _, who = cause.partition(".")
    cells = result.scenario.catalogue.cells
    if kind == "killed_by":
        return f"killed by {english.plural(result.scenario.catalogue, who) if who in cells else words(who)}"
    if kind == "from" and who in cells:
        return f"that had been a {cells[who].label}"
    if kind == "become" and who in cells:
        return f"that became a {cells[who].label}"
    if (cause, "") in LABELS or (cause, way) in LABELS:
        return LABELS.get((cause, way), LABELS.get((cause, ""), ""))
    return f"lost by {words(kind)} through {words(who)}" if who else words(cause)


LABELS = {
    ("division", ""): "births", ("start", ""): "there at the start", ("apoptosis", ""): "lost by apoptosis",
    ("apoptosis.chemotherapy", ""): "killed by chemotherapy", ("apoptosis.radiation", ""): "killed by radiation",
    ("apoptosis.macrophage_action", ""): "killed by cytokines of M1 macrophages",
    ("apoptosis.treg_suppression", ""): "killed by contact with regulatory T cells",
    ("apoptosis.exhaustion", ""): "lost to terminal exhaustion",
    ("necrosis", ""): "lost by necrosis", ("surgery", ""): "taken out by surgery",
    ("removal", ""): "taken out by hand",
    ("intravasation", ""): "gone into vessels", ("recruitment", ""): "come by vessels", ("egress", ""): "gone by lymph",
    ("walls", GAIN): "come over the edge of the patch", ("walls", LOSS): "gone over the edge of the patch",
    ("extravasation", GAIN): "come out of vessels", ("extravasation", LOSS): "gone out of vessels",
    ("by_hand", ""): "changed between two steps", ("arrival", ""): "held by capillaries",
    ("remodeling", GAIN): "sprouted", ("remodeling", LOSS): "regressed", ("clearance", ""): "cleared away",
    ("cells", NOW): "cells at the end",
}  # fmt: skip
"""Causes in words, by cause and way; without a way for both."""


def told(result: Result, term: Term) -> str:
    """A term in a sentence: how many more or fewer events."""
    mean, low, high = term.effect
    events = mean if term.way == GAIN else -mean
    bounds = "" if math.isnan(low) else f" ({signed(min(low, high))} to {signed(max(low, high))} cells)"
    what = label(result, term.cause, term.way)
    if what == "births":
        return f"there were {more_or_fewer(events)} births{bounds}"
    return f"{more_or_fewer(events)} were {what}{bounds}"


def more_or_fewer(number: float) -> str:
    return f"{compact(abs(number))} {'more' if number > 0 else 'fewer'}"
