"""Circulating: the tumor cells and the endothelial cells that a sample of blood would see.

All passes of a journey are completed within a step, but some cells go on for hours; how long is measured, and their
pool follows from it:  dN/dt = entering − ln 2 / half-life · N,  for cells that travel alone and for clusters. A share
of the segments that vessels of the primary's patch lose goes into the blood too, on top of what healthy vessels give.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np

from tmesim.body.circulation import circulating, detected, in_sample
from tmesim.body.seeding import numbers_of

if TYPE_CHECKING:
    from tmesim.body.flows import Flows
    from tmesim.tissue.travel import Shedding
ALONE, TOGETHER = 0, 1


class Circulating:
    """What circulates now, and what has been shed since the start.

    number : float64 (2,), cells that travel alone and clusters, in the whole blood
    shed : float64 (2,), how many of each have left patches, which tells how many of the next are clusters
    endothelial : endothelial cells of the primary's vessels, in the whole blood
    lost : segments that the patch of the primary has lost since the start
    """

    def __init__(self) -> None:
        self.number = np.zeros(2)
        self.shed = np.zeros(2)
        self._entering = np.zeros(2)
        self.endothelial = 0.0
        self.lost = 0.0
        self._freed = 0.0

    def enter(self, flows: Flows, site: str, shedding: Shedding, times: float) -> None:
        """What a site sheds in a step. times : how often its lesions hold what the patch does"""
        sizes = [group.cells.id.size for group in shedding.groups]
        clusters = [size for size in sizes if size > 1]
        self.shed += [len(sizes) - len(clusters), len(clusters)]
        share = self.shed[TOGETHER] / max(self.shed.sum(), 1.0)
        typical = round(float(np.mean(clusters))) if clusters else 2
        for way, expected in shedding.expected.items():
            for kind, part, size in ((ALONE, 1.0 - share, 1), (TOGETHER, share, typical)):
                self._entering[kind] += expected * times * part * flows.past_first(site, way, size)

    def lose(self, lost: float, times: float) -> None:
        """Segments that the primary's patch has lost since the start. times : as in `enter`"""
        self._freed += (lost - self.lost) * times
        self.lost = lost

    def advance(self, flows: Flows, dt: float) -> None:
        """One step of dt, h, in which what has entered did so evenly."""
        numbers = numbers_of(flows.catalogue, flows.species)
        freed = self._freed * numbers["cec_share"] / dt
        self.endothelial, self._freed = circulating(self.endothelial, freed, numbers["cec_half_life"], dt), 0.0
        for kind, half_life in ((ALONE, numbers["half_life"]), (TOGETHER, numbers["cluster_half_life"])):
            entering = float(self._entering[kind]) / dt
            self.number[kind] = circulating(float(self.number[kind]), entering, half_life, dt)
        self._entering[:] = 0.0

    def sample(self, flows: Flows) -> dict[str, float]:
        """What an assay of a sample of blood finds in the mean: tumor cells, clusters of them, endothelial cells; and
        the probabilities to call it positive, which what is taken for a tumor cell, or comes of healthy vessels, can
        make it too."""
        numbers = numbers_of(flows.catalogue, flows.species)
        found = [in_sample(float(n), numbers["blood"], numbers["sample"], numbers["recovery"]) for n in self.number]
        positive = detected(sum(found), round(numbers["at_least"]), numbers["false_positives"])
        vessels = in_sample(self.endothelial, numbers["blood"], numbers["sample"], numbers["cec_recovery"])
        healthy, limit = (numbers[name] * numbers["sample"] for name in ("cec_normal", "cec_limit"))
        return {
            "ctc": sum(found), "ctc_clusters": found[TOGETHER], "ctc_positive": positive, "cec": vessels + healthy,
            "cec_positive": detected(vessels, math.floor(limit) + 1, healthy),
        }  # fmt: skip

    def state(self) -> dict[str, np.ndarray]:
        """Copies of all that changes; what vessels have given, once they have."""
        found = {"number": self.number.copy(), "shed": self.shed.copy()}
        vessels = np.array([self.endothelial, self.lost])
        return found | ({"vessels": vessels} if vessels.any() else {})

    def restore(self, state: dict[str, np.ndarray]) -> None:
        """Put back what `state` returned."""
        self.number, self.shed = state["number"].copy(), state["shed"].copy()
        self.endothelial, self.lost = state.get("vessels", np.zeros(2)).tolist()
