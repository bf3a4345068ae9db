"""What a sweep says of its keys: rows of a table, and the estimates that figures draw.

| design            | what is told of each key                                                              |
|-------------------|---------------------------------------------------------------------------------------|
| grid, each        | change: of the endpoint from the key's first value, or from the scenario as it is      |
| morris            | mu, mu* and sigma of its elementary effects                                           |
| sobol             | first-order and total index                                                           |
| lhs               | partial rank correlation                                                              |
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from tmesim import interaction, sensitivity
from tmesim.statistics import CONFIDENCE, interval
from tmesim.sweeps.keys import Level
from tmesim.sweeps.plan import Plan
from tmesim.sweeps.tables import Values

MEASURES = {
    "grid": ("change",), "each": ("change",), "morris": ("mu_star", "mu", "sigma"), "sobol": ("total", "first"),
    "lhs": ("rank_correlation",),
}  # fmt: skip
"""What is told of each key, the first being what it is ranked by."""
SPOKEN = {
    "change": "change",
    "mu_star": "mean size of an elementary effect (μ*)", "sigma": "deviation of the effects (σ)",
    "total": "total index: alone and with others", "first": "first-order index: alone",
    "rank_correlation": "partial rank correlation",
}  # fmt: skip
COLUMNS = ("endpoint", "arm", "against", "key", "value", "measure", "estimate", "low", "high")
"""Of the table of what the answer hangs on. against : the reference arm where the arm's paired difference from it is
meant, empty for the endpoint itself"""
INTERACTION = ("endpoint", "arm", "measure", "estimate", "low", "high")
"""Of the table of two treatments, behind their doses."""


@dataclass(frozen=True)
class Finding:
    """What is told of a key. value : the level whose change it is, "" for all of them"""

    key: str
    value: str
    measure: str
    estimate: float
    low: float
    high: float


def answer(values: Values, endpoint: str, arm: str, effect: bool, slot: int = -1) -> np.ndarray:
    """(points, replicates): an endpoint in an arm, or its paired difference from the reference arm."""
    return values.differences(endpoint, arm, slot) if effect else values.of_endpoint(endpoint, arm, slot)


def asked(plan: Plan) -> list[tuple[str, bool]]:
    """The arms of which something is told, and whether it is their difference from the reference: that of each treated
    arm, or the endpoint itself where there is one arm."""
    scenario = plan.scenario
    others = [arm for arm in scenario.arms if arm != scenario.reference]
    return [(arm, True) for arm in others] or [(scenario.reference, False)]


def findings(plan: Plan, y: np.ndarray, confidence: float = CONFIDENCE) -> list[Finding]:
    """What an answer hangs on. y : (points, replicates)"""
    if plan.design in ("grid", "each"):
        return list(_changes(plan, y, confidence))
    if plan.design not in MEASURES:
        return []
    x, mean = plan.coordinates(), _means(y)
    keys = len(plan.keys)
    if plan.design == "morris":
        mu, size, sigma = sensitivity.morris(x, mean, confidence)
        spread = sensitivity.Estimate(sigma, *np.full((2, keys), math.nan))
        estimates = {"mu_star": size, "mu": mu, "sigma": spread}
    elif plan.design == "sobol":
        first, total = sensitivity.sobol(mean, keys, confidence)
        estimates = {"total": total, "first": first}
    else:
        estimates = {"rank_correlation": sensitivity.partial_rank_correlations(x, mean, confidence)}
    return [
        Finding(key.name, "", name, float(e.value[k]), float(e.low[k]), float(e.high[k]))
        for k, key in enumerate(plan.keys)
        for name, e in estimates.items()
    ]


def _means(y: np.ndarray) -> np.ndarray:
    """(points,): over the replicates in which it is defined."""
    counts = np.isfinite(y).sum(1)
    return np.divide(np.nansum(y, axis=1), counts, out=np.full(len(y), math.nan), where=counts > 0)


def _changes(plan: Plan, y: np.ndarray, confidence: float) -> Iterator[Finding]:
    """The paired change from the first value of each key, over all that the others have; or from the scenario as it is,
    where one key is changed at a time. Intervals are Student's over replicates."""
    for k, key in enumerate(plan.keys):
        at: dict[str, list[int]] = {}
        for point, levels in enumerate(plan.points):
            if (level := levels[k]) is not None:
                at.setdefault(level.text, []).append(point)
        base = [0] if plan.design == "each" else next(iter(at.values()))
        for text, points in at.items():
            if points != base:
                change = y[points].mean(0) - y[base].mean(0)
                yield Finding(key.name, text, "change", *interval(change[np.isfinite(change)], confidence))


def sensitivity_rows(values: Values, confidence: float = CONFIDENCE) -> Iterator[list[object]]:
    """The rows of `sensitivity.csv`: of each endpoint itself, and of each arm's difference from the reference."""
    plan, reference = values.plan, values.plan.scenario.reference
    for endpoint in plan.scenario.endpoints:
        for arm in plan.scenario.arms:
            for effect in (False, True) if arm != reference else (False,):
                for f in findings(plan, answer(values, endpoint, arm, effect), confidence):
                    against = reference if effect else ""
                    yield [endpoint, arm, against, f.key, f.value, f.measure, f.estimate, f.low, f.high]


@dataclass(frozen=True)
class Pair:
    """Two keys over which a grid has all combinations. at : (values of a, values of b), the point of each"""

    a: tuple[Level, ...]
    b: tuple[Level, ...]
    at: np.ndarray


def pair_of(plan: Plan) -> Pair | None:
    """The combinations of a grid of two keys; None for any other plan."""
    if plan.design != "grid" or len(plan.keys) != 2:
        return None
    a, b = (tuple(dict.fromkeys(level for point in plan.points if (level := point[k]) is not None)) for k in (0, 1))
    return Pair(a, b, np.arange(len(plan.points)).reshape(len(a), len(b)))


def treated_by_both(plan: Plan) -> list[str]:
    """The arms in which two treatments meet: those of which a grid varies both doses, each from 0 on."""
    pair = pair_of(plan)
    if pair is None or any(levels[0].number != 0 or len(levels) < 2 for levels in (pair.a, pair.b)):
        return []
    drugs = [dosed(key.name, plan) for key in plan.keys]
    if None in drugs or drugs[0] == drugs[1]:
        return []
    return [arm for arm, part in plan.scenario.arms.items() if {*drugs} <= {d.use for d in part.therapies}]


def dosed(key: str, plan: Plan) -> str | None:
    """The treatment whose dose a key is; None for another key."""
    catalogue, (word, _, name) = plan.scenario.catalogue, key.partition(".")
    if word == "dose":
        return catalogue.therapy_id(name)
    steps = key.replace("[", ".").replace("]", "").split(".")
    if steps[0] == "arms" and steps[-1] == "dose" and steps[1] in plan.scenario.arms:
        courses = plan.scenario.arms[steps[1]].therapies
        index = int(steps[3]) if steps[3].isdecimal() else 0
        return courses[index].use
    return None


def interactions(
    values: Values, endpoint: str, arm: str, confidence: float = CONFIDENCE
) -> dict[str, interaction.Surface]:
    """Bliss' excess and Loewe's index at each pair of doses; ValueError where no two doses meet in the arm."""
    plan = values.plan
    pair = pair_of(plan)
    if pair is None or arm not in treated_by_both(plan):
        raise ValueError("an interaction needs a grid of two doses, each from 0 on, and an arm that gives both")
    y = values.of_endpoint(endpoint, arm)[pair.at]
    known = np.isfinite(y).all((0, 1))
    a, b = (np.array([level.number for level in levels]) for levels in (pair.a, pair.b))
    y = y[..., known]
    return {"bliss_excess": interaction.bliss(y, confidence), "loewe_index": interaction.loewe(y, a, b, confidence)}


def interaction_rows(values: Values) -> Iterator[list[object]]:
    """The rows of `interaction.csv`."""
    pair = pair_of(values.plan)
    for arm in treated_by_both(values.plan) if pair is not None else ():
        for endpoint in values.plan.scenario.endpoints:
            for name, surface in interactions(values, endpoint, arm).items():
                for i, a in enumerate(pair.a if pair else ()):
                    for j, b in enumerate(pair.b if pair else ()):
                        if a.number and b.number:
                            numbers = (float(each[i, j]) for each in (surface.value, surface.low, surface.high))
                            yield [a.number, b.number, endpoint, arm, name, *numbers]
