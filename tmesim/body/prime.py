"""Prime: antigens reach the lymph node, effectors come out of it, and the blood carries them to all sites."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from tmesim.tissue.process import Passed, Process

if TYPE_CHECKING:
    from tmesim.body.parts import Ward


class Prime(Process):
    """One lymph node for all sites (formula: body.lymph_node)."""

    name = "prime"
    scope = "body"
    reads = ("lymph_node", "biology")
    writes = ("lymph_node",)
    takes = ("departures",)
    leaves = ("supply",)

    def run(self, body: Ward, passed: dict[str, Passed]) -> None:
        left = [each.departures for each in passed.values()]
        loaded = sum(each.loaded for each in left)
        body.node.advance(loaded, np.bitwise_or.reduce([each.antigens for each in left]))
        body.counters["primed"] += loaded
        for name, site in body.sites.items():
            passed[name].supply = body.blood.supply(site.biology, body.node)
