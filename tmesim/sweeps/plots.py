"""The drawings of a sweep: `sweep.plot.response()`, `heat_map()`, `tornado()` and `interaction()`; those that suit its
plan are its figures."""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

import numpy as np

from tmesim.arguments import names
from tmesim.drawing.dose_response import Response, Row, draw_response
from tmesim.drawing.heat_map import Axis, HeatMap, draw_maps
from tmesim.drawing.labels import unit_words
from tmesim.drawing.palette import arm_colors
from tmesim.drawing.tornado import Bar, Panel, Tornado, draw_tornado
from tmesim.observables import observables_of
from tmesim.statistics import interval
from tmesim.sweeps.analysis import (
    MEASURES,
    SPOKEN,
    Finding,
    answer,
    asked,
    dosed,
    findings,
    interactions,
    pair_of,
    treated_by_both,
)
from tmesim.sweeps.keys import FACTOR, Key
from tmesim.sweeps.plan import Plan
from tmesim.sweeps.tables import Values
from tmesim.wording import capital, words

if TYPE_CHECKING:
    from tmesim.drawing.drawing import Drawing
    from tmesim.observables import Observable

HOW = {
    "grid": "Bars: change from the first value of each key to the one that is named, over all that the others have, "
    "with 95 % intervals (Student)",
    "each": "Bars: change from the scenario as it is, one key changed at a time to the value that is named, with 95 % "
    "intervals (Student)",
    "morris": "Bars: how much the answer changes over the whole range of a key, whatever its sign, with 95 % intervals "
    "over trajectories. A deviation as large as the bar: it acts together with others, or not in a straight line",
    "sobol": "Bars: the share of the variance over all points that a key explains, with 95 % intervals (bootstrap)",
    "lhs": "Bars: how the answer rises or falls with a key when the others are held, with 95 % intervals (bootstrap)",
}  # fmt: skip
BLISS = "Bliss: excess over independence"
LOEWE = "Loewe: combination index"


class SweepPlots:
    """The pictures of a sweep: `response`, `heat_map`, `tornado` and `interaction`, each for the plans that it suits.

    values : all that the sweep measured
    """

    def __init__(self, values: Values) -> None:
        self._values = values
        self._plan: Plan = values.plan

    def __repr__(self) -> str:
        return f"Plots of {self._plan.scenario.name}: {', '.join(f'{name}()' for name in suiting(self._plan))}"

    def response(self, *endpoints: str | Iterable[str]) -> Drawing:
        """Endpoints over the values of one key: each arm with its intervals, and paired differences from the reference
        arm, or from the first value where there is one arm. endpoints : names; by default all. ValueError where more
        than one key is varied
        """
        self._refuse("response")
        key, plan = self._plan.keys[0], self._plan
        numbers = [float(number) for number in plan.numbers[:, 0]]
        texts = [level.text if (level := point[0]) is not None else "as it is" for point in plan.points]
        order = np.argsort(numbers) if key.is_numeric and not np.isnan(numbers).any() else np.arange(len(texts))
        is_numeric = key.is_numeric and not np.isnan(numbers).any()
        rows = [self._row(name, order) for name in self._chosen(endpoints)]
        response = Response(
            key_words(key, plan), shown_unit(key.unit), [numbers[i] for i in order],
            [] if is_numeric else [texts[i] for i in order],
            (key.span is not None and key.span.log) or key.unit == FACTOR, rows, arm_colors(plan.scenario),
        )  # fmt: skip
        return draw_response(response, f"What if: {words(plan.scenario.name)}", self._about("Points: means with 95 % "
                             "intervals (Student); pale: replicates"))  # fmt: skip

    def heat_map(self, *endpoints: str | Iterable[str]) -> Drawing:
        """The effect at each pair of values of two keys: paired difference of each arm from the reference, or from the
        first pair where there is one arm. endpoints : names; by default all. ValueError but for a grid of two keys
        """
        self._refuse("heat_map")
        pair, plan = pair_of(self._plan), self._plan
        assert pair is not None
        maps = []
        for name in self._chosen(endpoints):
            for arm, effect in asked(plan):
                y = answer(self._values, name, arm, effect)[pair.at]
                if not effect:
                    y = y - y[0, 0]
                bounds = np.array([[interval(each[np.isfinite(each)]) for each in row] for row in y])
                against = words(plan.scenario.reference)
                known = self._known(name)
                title = f"{known.label}: {words(arm)}, difference from {against}" if effect else known.label
                maps.append(HeatMap(title, unit_words(known.unit), *np.moveaxis(bounds, -1, 0)))
        what = "" if asked(plan)[0][1] else "Differences from the pair at the lower left. "
        about = self._about(f"{what}● and bold: the 95 % interval (Student) of the paired difference excludes 0")
        return draw_maps(maps, *self._axes(), f"What if: {words(plan.scenario.name)}", about)

    def interaction(self, *endpoints: str | Iterable[str], arm: str | None = None) -> Drawing:
        """Whether two treatments do more together than each alone lets expect: Bliss' excess and Loewe's index.

        endpoints : names; by default all
        arm : one that gives both; by default the first

        ValueError but for a grid of two doses, each from 0 on.
        """
        self._refuse("interaction")
        plan = self._plan
        chosen = treated_by_both(plan)[0] if arm is None else names(arm, "arm", plan.scenario.arms)[0]
        maps = []
        for name in self._chosen(endpoints):
            found, label = interactions(self._values, name, chosen), self._known(name).label
            bliss, loewe = found["bliss_excess"], found["loewe_index"]
            for title, unit, surface, null in ((BLISS, "share", bliss, 0.0), (LOEWE, "", loewe, 1.0)):
                value, low, high = (each[1:, 1:] for each in (surface.value, surface.low, surface.high))
                maps.append(HeatMap(f"{label}. {title}", unit, value, low, high, null, surface is loewe))
        about = self._about(
            "Bliss: above 0 more is taken than by independent treatments. Loewe: below 1 less is needed than the sum "
            "of doses; –: there is no effect, or one that neither reaches alone. ● and bold: the 95 % interval "
            "(jackknife) excludes 0 or 1"
        )
        down, across = self._axes()
        down, across = Axis(down.label, down.values[1:]), Axis(across.label, across.values[1:])
        return draw_maps(maps, down, across, f"{capital(words(chosen))}: do they act together?", about)

    def tornado(self, *endpoints: str | Iterable[str]) -> Drawing:
        """All keys by how much an answer hangs on each: that of each treated arm is its paired difference from the
        reference, where there is one arm the endpoint itself. endpoints : names; by default all
        """
        self._refuse("tornado")
        plan = self._plan
        panels = []
        for name in self._chosen(endpoints):
            known = self._known(name)
            for arm, effect in asked(plan):
                found = findings(plan, answer(self._values, name, arm, effect))
                of = f"effect of {words(arm)} on {known.label}" if effect else known.label
                unit = unit_words(known.unit) if plan.design in ("grid", "each", "morris") else ""
                panels.append(Panel(of, unit, {key.name: _bars(key, found) for key in plan.keys}))
        keys = {key.name: key_words(key, plan) for key in plan.keys}
        title = f"What it hangs on: {words(plan.scenario.name)}"
        return draw_tornado(Tornado(panels, keys, series_of(plan)), title, self._about(HOW[plan.design]))

    def _row(self, name: str, order: np.ndarray) -> Row:
        """An endpoint in all arms, and what it is compared with."""
        plan, known = self._plan, self._known(name)
        values = {arm: self._values.of_endpoint(name, arm)[order] for arm in plan.scenario.arms}
        treated = asked(plan)
        if treated[0][1]:
            differences = {arm: self._values.differences(name, arm)[order] for arm, _ in treated}
            against = words(plan.scenario.reference)
        else:
            differences = {arm: each - each[:1] for arm, each in values.items()}
            against = "the first value"
        return Row(known.label, unit_words(known.unit), values, differences, against)

    def _chosen(self, endpoints: tuple[str | Iterable[str], ...]) -> tuple[str, ...]:
        known = self._plan.scenario.endpoints
        found = [name for one in endpoints for name in names(one, "endpoints", known)]
        return tuple(dict.fromkeys(found)) or known

    def _known(self, name: str) -> Observable:
        scenario = self._plan.scenario
        return observables_of(scenario.catalogue, scenario.catalogue.therapies, scenario.places)[name]

    def _axes(self) -> tuple[Axis, Axis]:
        pair = pair_of(self._plan)
        assert pair is not None
        down, across = (
            Axis(with_unit(key, self._plan), [_tick(key, level) for level in levels])
            for key, levels in zip(self._plan.keys, (pair.a, pair.b), strict=True)
        )
        return down, across

    def _about(self, how: str) -> str:
        plan, scenario = self._plan, self._plan.scenario
        n, when = scenario.replicates, f"{scenario.host.capitalize()}, day {scenario.time.days:g}"
        many = f"n = {n} replicate{'s' * (n > 1)} with the same luck at all points"
        return f"{scenario.question} {when}; {len(plan.points)} points, {many}. {how}."

    def _refuse(self, figure: str) -> None:
        if figure not in suiting(self._plan):
            there = ", ".join(f"{name}()" for name in suiting(self._plan)) or "none"
            raise ValueError(f"{figure} does not suit a sweep of {len(self._plan.keys)} keys by the design "
                             f"'{self._plan.design}'; there is {there}")  # fmt: skip


def suiting(plan: Plan) -> tuple[str, ...]:
    """The drawings that suit a plan, the first of them best."""
    found = []
    if len(plan.keys) == 1 and plan.design in ("grid", "lhs", "listed") and len(plan.points) > 1:
        found.append("response")
    if pair_of(plan) is not None:
        found.append("heat_map")
    if treated_by_both(plan):
        found.append("interaction")
    if plan.design in MEASURES and not (plan.design == "grid" and len(plan.keys) == 1):
        found.append("tornado")
    return tuple(found)


def figures(values: Values, most: int | None = None) -> dict[str, Drawing]:
    """The drawings that a sweep keeps, by the names of their files: all that suit but a tornado of two keys; or so many
    of them at most."""
    plots, plan = SweepPlots(values), values.plan
    chosen = [name for name in suiting(plan) if name != "tornado" or plan.design != "grid" or len(plan.keys) > 2][:most]
    return {name: getattr(plots, name)() for name in chosen}


def key_words(key: Key, plan: Plan) -> str:
    """A key as a person says it; a path stays what it is."""
    word, _, rest = key.name.partition(".")
    if word in ("dose", "start", "every", "times") and (word == "dose" or rest in plan.scenario.catalogue.therapies):
        spoken = {"dose": "dose of", "start": "start of", "every": "interval of", "times": "doses of"}[word]
        return f"{spoken} {words(dosed(key.name, plan) or rest)}" if word == "dose" else f"{spoken} {words(rest)}"
    if word == "rules" and "." not in rest:
        return words(rest.replace("+", ", "))
    return key.name


def with_unit(key: Key, plan: Plan) -> str:
    """A key with the unit of its numbers."""
    name = key_words(key, plan)
    if not key.is_numeric or not key.unit:
        return name
    return f"{name} (× the scenario's)" if key.unit == FACTOR else f"{name} ({shown_unit(key.unit)})"


def shown_unit(unit: str) -> str:
    """A unit as people write it: `/mm2` is per mm²."""
    return unit_words(re.sub(r"(?<=m)([23])\b", lambda power: "²³"[int(power[1]) - 2], unit))


def _tick(key: Key, level: object) -> str:
    number, text = getattr(level, "number", math.nan), getattr(level, "text", "")
    return f"{number:.4g}" if key.is_numeric else str(text)


def series_of(plan: Plan) -> list[tuple[str, bool]]:
    """What the colors of a tornado mean, with whether they are diamonds; nothing where each bar says its value."""
    if plan.design in ("grid", "each"):
        return []
    if plan.design == "morris":
        return [(SPOKEN["mu_star"], False), (SPOKEN["sigma"], True)]
    return [(SPOKEN[name], False) for name in MEASURES[plan.design]]


def _bars(key: Key, found: Sequence[Finding]) -> list[Bar]:
    """The bars of a key."""
    mine = [f for f in found if f.key == key.name]
    if mine and mine[0].measure == "change":
        last = len(mine) - 1
        return [Bar(_side(i, last), f.estimate, f.low, f.high, text=f.value) for i, f in enumerate(mine)]
    if any(f.measure == "mu_star" for f in mine):
        size = next(f for f in mine if f.measure == "mu_star")
        sigma = next(f for f in mine if f.measure == "sigma")
        return [Bar(0, size.estimate, size.low, size.high), Bar(1, sigma.estimate, math.nan, math.nan, mark=True)]
    return [Bar(i, f.estimate, f.low, f.high) for i, f in enumerate(mine)]


def _side(index: int, last: int) -> int:
    """The color of a value: the first of several has one, the others have the other."""
    return 0 if index == 0 and last > 0 else 1
