"""Prime: antigens reach the lymph node, effectors come out of it, and the blood carries them to all sites."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tmesim.tissue.process import Passed, Process

if TYPE_CHECKING:
    from tmesim.body.parts import Ward


class Prime(Process):
    """One lymph node and one blood for all sites, in both of which drugs kill (body.lymph_node, body.blood)."""

    name = "prime"
    scope = "body"
    reads = ("lymph_node", "blood", "biology", "drugs")
    writes = ("lymph_node", "blood")
    takes = ("departures",)
    leaves = ("supply",)

    def run(self, body: Ward, passed: dict[str, Passed]) -> None:
        left = [each.departures for each in passed.values()]
        node, blood, drugs = body.node, body.blood, body.pharmacology
        carried = sum((each.carried for each in left[1:]), left[0].carried)
        node.advance(carried, drugs.killing("dividing", node.types), drugs.killing("resting", node.types))
        blood.advance(drugs.killing("resting", blood.types))
        body.counters["primed"] += sum(each.loaded for each in left)
        for name, site in body.sites.items():
            passed[name].supply = blood.supply(site.biology, node)
