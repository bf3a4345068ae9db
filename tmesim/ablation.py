"""What each mechanism contributes to an effect: the effect with a group of rules less the effect without it.

A run is read whose arms are those of another and, from the first dose on, the same without a group of rules each
(`trial.ablating` makes one). With y an endpoint, paired within each replicate,

    contribution = (y(arm) − y(reference)) − (y(arm without) − y(reference without)).
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np

from tmesim.catalogue import english
from tmesim.catalogue.mechanisms import mechanisms
from tmesim.reading import InputError, Problem
from tmesim.statistics import CONFIDENCE, false_discovery, interval, student_p
from tmesim.storage.tables import csv_bytes
from tmesim.wording import capital, signed, words

if TYPE_CHECKING:
    import pandas as pd

    from tmesim.result import Result

WITHOUT = "__without_"
"""What stands between the name of an arm and that of the group that it is without."""
COLUMNS = (
    "endpoint", "arm", "reference", "group", "label", "effect", "effect_without", "contribution", "low", "high",
    "p", "p_adjusted", "reference_change", "reference_low", "reference_high", "n",
)  # fmt: skip


@dataclass(frozen=True)
class Contribution:
    """What a group contributes to the effect of an arm on an endpoint.

    effect, effect_without : paired differences from the reference, a value a replicate
    reference_change : of the reference when the group is off, a value a replicate
    """

    endpoint: str
    arm: str
    group: str
    effect: np.ndarray
    effect_without: np.ndarray
    reference_change: np.ndarray

    @cached_property
    def spread(self) -> tuple[float, float, float]:
        """Mean of the contribution and its 95 % interval, over the replicates in which it is defined."""
        found = self.effect - self.effect_without
        return interval(found[~np.isnan(found)])

    @cached_property
    def p(self) -> float:
        """Two-sided p of the mean (Student's t); 1 where every value is 0, NaN for fewer than two."""
        found = self.effect - self.effect_without
        return student_p(found[~np.isnan(found)])

    @property
    def sure(self) -> bool:
        """Whether the interval leaves out 0, which of some thirty groups that do nothing one or two will do."""
        _, low, high = self.spread
        return low > 0 or high < 0

    @property
    def label(self) -> str:
        """The group in words."""
        return mechanisms()[self.group].label


class Ablation:
    """The contributions of groups of rules, of a run that switched them off.

    result : of a run made so; InputError for any other
    """

    def __init__(self, result: Result) -> None:
        self.result = result
        self.groups = tuple(dict.fromkeys(arm.partition(WITHOUT)[2] for arm in result.arms if WITHOUT in arm))
        if not self.groups:
            told = "is no run in which groups of rules were switched off; tmesim why RUN --ablate makes one"
            raise InputError([Problem(told, file=str(result.path))])

    @property
    def arms(self) -> tuple[str, ...]:
        """The treated arms."""
        return tuple(arm for arm in self.result.arms if WITHOUT not in arm and arm != self.result.reference)

    @property
    def endpoints(self) -> tuple[str, ...]:
        """Names of the endpoints, first that by which the groups are ranked."""
        return tuple(self.result.scenario.endpoints)

    def ranked(self, endpoint: str | None = None, arm: str | None = None) -> list[Contribution]:
        """The groups by the size of their contribution, the largest first; of equal ones in the catalogue's order.

        endpoint : by default the first; arm : by default the first that is treated
        """
        endpoint, arm = endpoint or self.endpoints[0], arm or self.arms[0]
        found = [self._of(endpoint, arm, group) for group in self.groups]
        return sorted(found, key=lambda each: -np.nan_to_num(abs(each.spread[0]), nan=-1.0))

    def adjusted(self, ranked: Sequence[Contribution]) -> list[float]:
        """p values of the groups of one arm and endpoint, adjusted for their number (Benjamini and Hochberg)."""
        return false_discovery([each.p for each in ranked])

    def _of(self, endpoint: str, arm: str, group: str) -> Contribution:
        at, reference = self.result.endpoint, self.result.reference
        off = at(endpoint, f"{reference}{WITHOUT}{group}")
        effect = at(endpoint, arm) - at(endpoint, reference)
        return Contribution(
            endpoint, arm, group, effect, at(endpoint, f"{arm}{WITHOUT}{group}") - off, off - at(endpoint, reference)
        )

    @property
    def rows(self) -> Iterable[tuple[object, ...]]:
        """The rows of `table`."""
        for endpoint in self.endpoints:
            for arm in self.arms:
                ranked = self.ranked(endpoint, arm)
                for each, q in zip(ranked, self.adjusted(ranked), strict=True):
                    effect, without, reference = (
                        interval(v[~np.isnan(v)]) for v in (each.effect, each.effect_without, each.reference_change)
                    )
                    count = int((~np.isnan(each.effect - each.effect_without)).sum())
                    yield (
                        endpoint, arm, self.result.reference, each.group, each.label, effect[0], without[0],
                        *each.spread, each.p, q, *reference, count,
                    )  # fmt: skip

    @cached_property
    def table(self) -> pd.DataFrame:
        """One row for each endpoint, treated arm and group, ranked within them; intervals are 95 %, paired."""
        import pandas

        return pandas.DataFrame(list(self.rows), columns=list(COLUMNS))

    def table_bytes(self) -> bytes:
        """The table as CSV."""
        return csv_bytes(COLUMNS, self.rows)

    @cached_property
    def sentences(self) -> tuple[str, ...]:
        """For each treated arm, which groups surely contribute to its effect on the first endpoint."""
        return tuple(self._sentence(arm) for arm in self.arms)

    def _sentence(self, arm: str) -> str:
        endpoint = self.result.known(self.endpoints[0])
        ranked = self.ranked(arm=arm)
        adjusted = self.adjusted(ranked)
        sure = [each for each, q in zip(ranked, adjusted, strict=True) if q < 1 - CONFIDENCE]
        nothing = [each for each in ranked if not (each.effect - each.effect_without).any()]
        effect = interval(ranked[0].effect[~np.isnan(ranked[0].effect)])
        change = signed(effect[0])
        text = (
            f"{capital(words(arm))} changes the number of {endpoint.label} by {change} on day "
            f"{self.result.scenario.time.days:g}" if endpoint.unit == "cells" else
            f"{capital(words(arm))} changes the {endpoint.label} by {change} on day {self.result.scenario.time.days:g}"
        )  # fmt: skip
        if sure:
            parts = [f"{each.label} ({signed(each.spread[0])} of it)" for each in sure[:3]]
            text += f"; what surely contributes is {english.joined(parts)}"
        else:
            text += "; no group surely contributes, all of them considered"
        return f"{text}. {len(nothing)} of {len(ranked)} groups change nothing in it."
