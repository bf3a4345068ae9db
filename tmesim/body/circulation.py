"""Circulation: the journey of tumor cells through the blood, in expectations; the caller draws.

Veins → lungs → arteries → organs by their share of cardiac output → veins; what drains gut and spleen reaches the liver
by the portal vein first. A circulation takes seconds to a minute and a step an hour, so all passes are completed within
a step: an absorbing Markov chain over the three kinds of blood. In each pass a cell dies on the way (d), else is
arrested in the bed (a), else goes on. With f the share of the blood of kind p that bed b takes, T the chance to be in
blood of kind q after a pass that began in p, and x the expected number of passes that begin in each kind,

    x = start + Tᵀ x,    arrested_b = (1 − d) a_b Σ_p x_p f_pb,    dead = d Σ_p x_p,    Σ_b arrested_b + dead = 1.

What becomes of an arrested cell is the business of the organ. Cells that are seen in blood samples, the few that
circulate for hours, are another matter.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np

from tmesim.reading import suggestion

BLOOD = ("venous", "arterial", "portal")
ROUTES = {
    "tail_vein": "venous",
    "left_ventricle": "arterial",
    "spleen": "portal",  # cells injected into the spleen leave by its vein
    **{kind: kind for kind in BLOOD},  # where a lesion sheds: `Bed.outlet`
}
REST, DEAD = "rest", "dead"


@dataclass(frozen=True)
class Bed:
    """The capillaries of an organ as the blood meets them.

    share : of cardiac output, by arteries, 0..1; lungs may have none (None), or that of bronchial arteries
    receives : besides its share, "venous" takes all venous blood, the lungs, and "portal" all portal blood, the liver
    arrest : probability that a pass arrests a cell, 0..1
    drains : where its blood goes, unless it is the lungs, whose blood goes into the arteries
    """

    name: str
    share: float | None
    arrest: float
    receives: Literal["arterial", "venous", "portal"] = "arterial"
    drains: Literal["venous", "portal"] = "venous"

    @property
    def outlet(self) -> str:
        """The kind of blood that leaves it: the route of what a lesion in it sheds."""
        return "arterial" if self.receives == "venous" else self.drains


def arrested(beds: Sequence[Bed], route: str, *, death: float, rest: float, shield: float = 0.0) -> dict[str, float]:
    """Share of the cells that enter by a route which each bed arrests alive, "rest" and "dead"; they sum to 1.

    death : probability that a cell dies in a pass, 0..1        rest : arrest in all beds that are not modeled
    shield : share of deaths that a coat of platelets or macrophages averts, 0..1; 0: off

    Raises ValueError with all that is wrong: beds, numbers, route, or nothing that ever ends a journey.
    """
    beds, start = _checked(beds, route, rest, death=death, shield=shield)
    dying = death * (1.0 - shield)
    caught = np.array([bed.arrest for bed in beds])
    flow = _flow(beds)
    begun = _passes(beds, flow, caught, dying, start)
    shares = (1.0 - dying) * caught * (begun @ flow)
    found = {bed.name: float(share) for bed, share in zip(beds, shares, strict=True)}
    return found | {DEAD: dying * float(begun.sum())}


def death_per_pass(per_h: float, blood_mL: float, output_mL_min: float) -> float:
    """Probability to die in a pass from a hazard in blood, 1/h: a circulation, the time in which the heart pumps all
    blood, is two passes, one of them through the lungs."""
    return -math.expm1(-per_h * blood_mL / output_mL_min / 60.0 / 2.0)


def _flow(beds: Sequence[Bed]) -> np.ndarray:
    """Share of each kind of blood that each bed takes, (kinds, beds); a kind that something takes sums to 1."""
    flow = np.zeros((len(BLOOD), len(beds)))
    for b, bed in enumerate(beds):
        flow[BLOOD.index("arterial"), b] = bed.share or 0.0
        if bed.receives != "arterial":
            flow[BLOOD.index(bed.receives), b] = 1.0
    return flow


def _passes(beds: Sequence[Bed], flow: np.ndarray, caught: np.ndarray, dying: float, start: str) -> np.ndarray:
    """Expected number of passes that begin in each kind of blood, (kinds,)."""
    outlets = np.array([[bed.outlet == kind for kind in BLOOD] for bed in beds], float)
    moves = (1.0 - dying) * (flow * (1.0 - caught)) @ outlets
    if np.abs(np.linalg.eigvals(moves)).max() >= 1.0 - 1e-12:
        raise ValueError("Cells would circulate forever: let some die in a pass, or some bed with blood arrest them.")
    return np.linalg.solve(np.eye(len(BLOOD)) - moves.T, np.array([float(kind == start) for kind in BLOOD]))


def _checked(beds: Sequence[Bed], route: str, rest: float, **numbers: float) -> tuple[list[Bed], str]:
    """The beds with the rest of the body, and the kind of blood that the cells enter."""
    wrong = [problem for bed in beds for problem in _problems(bed)]
    within = {"rest": rest, "death": numbers["death"], "shield": numbers["shield"]}
    wrong += [f"{name} is {number}, not within 0 and 1." for name, number in within.items() if not 0.0 <= number <= 1.0]
    names = [bed.name for bed in beds] + [REST, DEAD]
    wrong += [f"{name}: a second bed of this name." for name in dict.fromkeys(names) if names.count(name) > 1]
    used = math.fsum(bed.share or 0.0 for bed in beds)
    if used > 1.0 + 1e-9:
        wrong.append(f"The shares of cardiac output sum to {used:.4g}, more than 1.")
    if route not in ROUTES:
        wrong.append(f"{route}: unknown route.{suggestion(route, ROUTES)}")
    lungs, livers = (sum(bed.receives == kind for bed in beds) for kind in ("venous", "portal"))
    if lungs != 1:
        wrong.append(f"One bed, the lungs, must receive venous blood, not {lungs}.")
    fed = ROUTES.get(route) == "portal" or any(bed.outlet == "portal" for bed in beds)
    if livers > 1 or (fed and not livers):
        wrong.append(f"One bed, the liver, must receive portal blood, not {livers}.")
    if wrong:
        raise ValueError(" ".join(wrong))
    return [*beds, Bed(REST, max(1.0 - used, 0.0), rest)], ROUTES[route]


def _problems(bed: Bed) -> Iterator[str]:
    """What is wrong with a bed alone."""
    for name, number in {"share": bed.share or 0.0, "arrest": bed.arrest}.items():
        if not 0.0 <= number <= 1.0:
            yield f"{bed.name}: {name} is {number}, not within 0 and 1."
    if bed.share is None and bed.receives != "venous":
        yield f"{bed.name}: no share of cardiac output."
    if bed.receives == bed.outlet:
        yield f"{bed.name}: cannot drain into the {bed.receives} blood that it receives."
