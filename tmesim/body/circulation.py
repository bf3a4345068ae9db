"""Circulation: the journey of tumor cells through the blood, in expectations; the caller draws.

Veins → lungs → arteries → organs by their share of cardiac output → veins; what drains gut and spleen reaches the liver
by the portal vein first, and lymph passes the draining lymph node on its way to the veins. A circulation takes seconds
to a minute and a step an hour, so all passes are completed within a step: an absorbing Markov chain over the kinds of
fluid. In each pass a cell dies on the way (d), else is arrested in the bed (a), else goes on. With f the share of the
fluid of kind p that bed b takes, T the chance to be in fluid of kind q after a pass that began in p, and x the expected
number of passes that begin in each kind,

    x = start + Tᵀ x,    arrested_b = (1 − d) a_b Σ_p x_p f_pb,    dead = d Σ_p x_p,    Σ_b arrested_b + dead = 1.

What becomes of an arrested cell is the business of the organ. Cells that are seen in blood samples are another matter,
the few that circulate for hours: their pool has a measured half-life of its own (`circulating`).
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np

from tmesim.reading import suggestion

FLUIDS = ("venous", "arterial", "portal", "lymph")
ROUTES = {
    "tail_vein": "venous",
    "left_ventricle": "arterial",
    "spleen": "portal",  # cells injected into the spleen leave by its vein
    **{kind: kind for kind in FLUIDS},  # where a lesion sheds: `Bed.outlet`
}
REST, DEAD, DUCT = "rest", "dead", "lymph duct"


@dataclass(frozen=True)
class Bed:
    """The capillaries of an organ as the blood meets them.

    share : of cardiac output, by arteries, 0..1; lungs may have none (None), or that of bronchial arteries
    receives : besides its share, "venous" takes all venous blood, the lungs, "portal" all portal blood, the liver, and
        "lymph" all lymph of the tumor, the draining lymph node
    arrest : probability that a pass arrests a single cell, 0..1
    drains : where its blood goes, unless it is the lungs, whose blood goes into the arteries
    """

    name: str
    share: float | None
    arrest: float
    receives: Literal["arterial", "venous", "portal", "lymph"] = "arterial"
    drains: Literal["venous", "portal"] = "venous"

    @property
    def outlet(self) -> str:
        """The kind of fluid that leaves it: the route of what a lesion in it sheds."""
        return "arterial" if self.receives == "venous" else self.drains


def arrested(
    beds: Sequence[Bed], route: str, *, death: float, rest: float, size: float = 1.0, sticking: float = 0.0,
    shelter: float = 0.0, shield: float = 0.0,
) -> dict[str, float]:  # fmt: skip
    """Share of the cells that enter by a route which each bed arrests alive, "rest" and "dead"; they sum to 1.

    death : probability that a single cell dies in a pass, 0..1        rest : arrest in all beds that are not modeled
    size : cells of a cluster, which arrives or dies as a whole; its arrest is 1 − (1 − a)^(size^sticking)
    shelter : a cluster dies with size^−shelter times the probability of a single cell; 0: no cluster is sheltered
    shield : share of deaths that a coat of platelets or macrophages averts, 0..1; 0: off

    Raises ValueError with all that is wrong: beds, numbers, route, or nothing that ever ends a journey.
    """
    beds, start = _checked(beds, route, rest, death=death, shield=shield, size=size, sticking=sticking, shelter=shelter)
    dying = dying_of(death, shield, size, shelter)
    caught = np.array([caught_of(bed.arrest, size, sticking) for bed in beds])
    flow = _flow(beds)
    begun = _passes(beds, flow, caught, dying, start)
    shares = (1.0 - dying) * caught * (begun @ flow)
    found = {bed.name: float(share) for bed, share in zip(beds, shares, strict=True) if bed.name != DUCT}
    return found | {DEAD: dying * float(begun.sum())}


def dying_of(death: float, shield: float, size: float = 1.0, shelter: float = 0.0) -> float:
    """Probability that a pass kills a cluster of some cells; arguments as in `arrested`."""
    return death * (1.0 - shield) * size**-shelter


def caught_of(arrest: float, size: float = 1.0, sticking: float = 0.0) -> float:
    """Probability that a bed holds a cluster of some cells; arguments as in `arrested`."""
    return 1.0 - (1.0 - arrest) ** (size**sticking)


def advantage(
    beds: Sequence[Bed], route: str, *, size: float, sticking: float, shelter: float, **single: float
) -> float:
    """How much more likely a cell of a cluster is to be arrested alive somewhere than one that travels alone.

    single : death, rest and shield, the same for both. ValueError if single cells never arrive.
    """

    def arriving(**travelers: float) -> float:
        return sum(share for name, share in arrested(beds, route, **travelers, **single).items() if name != DEAD)

    together, alone = arriving(size=size, sticking=sticking, shelter=shelter), arriving()
    if alone == 0.0:
        raise ValueError("Single cells are never arrested alive: there is no advantage to tell.")
    return together / alone


def death_per_pass(per_h: float, blood_mL: float, output_mL_min: float) -> float:
    """Probability to die in a pass from a hazard in blood, 1/h: a circulation, the time in which the heart pumps all
    blood, is two passes, one of them through the lungs."""
    return -math.expm1(-per_h * blood_mL / output_mL_min / 60.0 / 2.0)


def _flow(beds: Sequence[Bed]) -> np.ndarray:
    """Share of each kind of fluid that each bed takes, (kinds, beds); a kind that something takes sums to 1."""
    flow = np.zeros((len(FLUIDS), len(beds)))
    for b, bed in enumerate(beds):
        flow[FLUIDS.index("arterial"), b] = bed.share or 0.0
        if bed.receives != "arterial":
            flow[FLUIDS.index(bed.receives), b] = 1.0
    return flow


def _passes(beds: Sequence[Bed], flow: np.ndarray, caught: np.ndarray, dying: float, start: str) -> np.ndarray:
    """Expected number of passes that begin in each kind of fluid, (kinds,)."""
    outlets = np.array([[bed.outlet == kind for kind in FLUIDS] for bed in beds], float)
    moves = (1.0 - dying) * (flow * (1.0 - caught)) @ outlets
    if np.abs(np.linalg.eigvals(moves)).max() >= 1.0 - 1e-12:
        raise ValueError("Cells would circulate forever: let some die in a pass, or some bed with blood arrest them.")
    return np.linalg.solve(np.eye(len(FLUIDS)) - moves.T, np.array([float(kind == start) for kind in FLUIDS]))


def _checked(beds: Sequence[Bed], route: str, rest: float, **numbers: float) -> tuple[list[Bed], str]:
    """The beds with the rest of the body, and the kind of fluid that the cells enter."""
    wrong = [problem for bed in beds for problem in _problems(bed)]
    within = {"rest": rest, "death": numbers["death"], "shield": numbers["shield"]}
    wrong += [f"{name} is {number}, not within 0 and 1." for name, number in within.items() if not 0.0 <= number <= 1.0]
    least = {"size": 1.0, "sticking": 0.0, "shelter": 0.0}
    wrong += [f"{name} is {numbers[name]}, below {low:g}." for name, low in least.items() if not numbers[name] >= low]
    names = [bed.name for bed in beds] + [REST, DEAD]
    wrong += [f"{name}: a second bed of this name." for name in dict.fromkeys(names) if names.count(name) > 1]
    used = math.fsum(bed.share or 0.0 for bed in beds)
    if used > 1.0 + 1e-9:
        wrong.append(f"The shares of cardiac output sum to {used:.4g}, more than 1.")
    if route not in ROUTES:
        wrong.append(f"{route}: unknown route.{suggestion(route, ROUTES)}")
    lungs, livers, nodes = (sum(bed.receives == kind for bed in beds) for kind in ("venous", "portal", "lymph"))
    if lungs != 1:
        wrong.append(f"One bed, the lungs, must receive venous blood, not {lungs}.")
    fed = ROUTES.get(route) == "portal" or any(bed.outlet == "portal" for bed in beds)
    if livers > 1 or (fed and not livers):
        wrong.append(f"One bed, the liver, must receive portal blood, not {livers}.")
    if nodes > 1:
        wrong.append(f"One bed, the draining lymph node, can receive lymph, not {nodes}.")
    if wrong:
        raise ValueError(" ".join(wrong))
    all_beds = [*beds, Bed(REST, max(1.0 - used, 0.0), rest)]
    if not nodes:
        all_beds.append(Bed(DUCT, 0.0, 0.0, receives="lymph"))
    return all_beds, ROUTES[route]


def _problems(bed: Bed) -> Iterator[str]:
    """What is wrong with a bed alone."""
    for name, number in {"share": bed.share or 0.0, "arrest": bed.arrest}.items():
        if not 0.0 <= number <= 1.0:
            yield f"{bed.name}: {name} is {number}, not within 0 and 1."
    if bed.share is None and bed.receives != "venous":
        yield f"{bed.name}: no share of cardiac output."
    if bed.receives == bed.outlet:
        yield f"{bed.name}: cannot drain into the {bed.receives} blood that it receives."


# The pool of cells that samples see


def circulating(now: float, entering_per_h: float, half_life_h: float, hours: float) -> float:
    """Cells in the blood after some hours:  dN/dt = entering − ln 2 / half-life · N, exactly.

    entering_per_h : cells/h that outlive the first pass and so count as circulating
    hours : `math.inf` is the steady state, entering · half-life / ln 2
    """
    steady = entering_per_h * half_life_h / math.log(2.0)
    return steady + (now - steady) * 2.0 ** (-hours / half_life_h)


def in_sample(cells: float, blood_mL: float, sample_mL: float, recovery: float) -> float:
    """Expected count in a sample of blood in which so many cells circulate; recovery : share that the assay finds."""
    return cells * sample_mL / blood_mL * recovery


def detected(expected: float, at_least: int, false_positives: float = 0.0) -> float:
    """Probability that a sample counts as positive: a Poisson number of cells reaches a limit.

    expected, false_positives : mean number of tumor cells, and of what is taken for one, a sample
    """
    mean = expected + false_positives
    if mean == 0.0:
        return float(at_least <= 0)
    below = [math.exp(k * math.log(mean) - mean - math.lgamma(k + 1)) for k in range(at_least)]
    return max(1.0 - math.fsum(below), 0.0)
