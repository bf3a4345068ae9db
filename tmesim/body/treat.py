"""Treat: what the program of the arm has due now: doses, and changes of the biology."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tmesim.tissue.process import Passed, Process

if TYPE_CHECKING:
    from tmesim.body.parts import Ward


class Treat(Process):
    """Doses are given, drugs distribute (body.pharmacology), and all sites learn what acts on them in this step."""

    name = "treat"
    scope = "body"
    reads = ("schedule", "drugs")
    writes = ("drugs", "biology")
    leaves = ("inputs",)

    def run(self, body: Ward, passed: dict[str, Passed]) -> None:
        for dose in body.schedule.doses.get(body.clock.step, ()):
            body.pharmacology.give(dose)
        body.change(body.clock.step)
        body.pharmacology.advance()
        for name, site in body.sites.items():
            passed[name].inputs = site.inputs(*body.pharmacology.acting(site.biology, site.organ))
