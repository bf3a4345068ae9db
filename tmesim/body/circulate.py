"""Circulate: cells that have left a tissue travel, and those that an organ holds come to its patch."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from tmesim.kernels.chance import identity_of, key_of
from tmesim.tissue.lesion import lesion_over_section
from tmesim.tissue.process import Passed, Process
from tmesim.tissue.start import number_of
from tmesim.tissue.travel import Coming, Travellers

if TYPE_CHECKING:
    from tmesim.body.parts import Ward


class Circulate(Process):
    """Of those that leave a lesion, a Poisson number comes to the patch of each organ (body.circulation).

    Each group that leaves a patch stands for as many as its lesion is larger. They come as copies of it, with ids of
    their own and it as their mother. Injections that are due come too, and the pool of cells in the blood goes on
    (body.circulating).
    """

    name = "circulate"
    scope = "body"
    reads = ("biology",)
    writes = ("circulating",)
    takes = ("shedding",)
    leaves = ("coming",)

    def run(self, body: Ward, passed: dict[str, Passed]) -> None:
        injected = body.injected_now()
        for name, each in passed.items():
            each.coming = Coming((), injected.get(name))
        if body.flows is None:
            return
        coming: dict[str, list[Travellers]] = {place: [] for place in body.organs}
        for name, each in passed.items():
            shedding = each.shedding
            times = body.flows.whole.get(name) or lesion_over_section(body.tissue)
            body.circulating.enter(body.flows, name, shedding, times)
            for place, groups in coming.items():
                key = key_of(body.seed, f"to {place}", name)
                for way, cells in shedding.groups if place != name else ():
                    mean = times * body.flows.to_patch(name, way, place, cells.id.size)
                    number = number_of(key, mean, body.clock.step, int(cells.id[0]))
                    groups += copies(cells, place, number)
        for place, arrivals in coming.items():
            passed[place].coming = passed[place].coming._replace(groups=tuple(arrivals))
        if body.primary:
            lost = body.tissue.counters["regressions"]  # up to the last step
            body.circulating.lose(float(lost), lesion_over_section(body.tissue))
        body.circulating.advance(body.flows, body.clock.dt)


def copies(cells: Travellers, place: str, number: int) -> list[Travellers]:
    """Groups of cells like some, as they come to an organ: each with ids of its own."""
    key = key_of(0, "arrival", place)
    found = []
    for k in range(number):
        ids = np.array([identity_of(who, k, m, key) for m, who in enumerate(cells.id)], np.uint64)
        found.append(cells._replace(id=ids, mother=cells.id))
    return found
