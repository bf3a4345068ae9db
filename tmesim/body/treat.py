"""Treat: what the program of the arm has due now: doses, and changes of the biology."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from tmesim.kernels.chance import PRIMARY
from tmesim.tissue.process import Local, Passed, Process

if TYPE_CHECKING:
    from tmesim.body.parts import Ward
    from tmesim.scenario import Dose


class Treat(Process):
    """Doses are given, drugs distribute (body.pharmacology), and all sites learn what acts on them in this step.

    The blood carries what the primary gives it now (body.borne). Radiation, surgery and removals are for the tissue in
    which the tumor begins.
    """

    name = "treat"
    scope = "body"
    reads = ("schedule", "drugs")
    writes = ("drugs", "biology")
    leaves = ("inputs", "local")

    def run(self, body: Ward, passed: dict[str, Passed]) -> None:
        due, drugs = body.schedule.doses.get(body.clock.step, ()), body.pharmacology.courses
        for dose in due:
            if dose.use in drugs:
                body.pharmacology.give(dose)
        local = tuple(Local(d.use, d.dose, _since(d, body.clock.hour)) for d in due if d.use not in drugs)
        body.change(body.clock.step)
        body.pharmacology.advance()
        body.bear()
        for name, site in body.sites.items():
            passed[name].local = local if name == PRIMARY else ()
            passed[name].inputs = body.inputs_of(site)


def _since(dose: Dose, hour: float) -> float:
    """Hours since the dose before of a course of which one is given now; infinite at the first."""
    return dose.every_h if hour > dose.start_h else math.inf
