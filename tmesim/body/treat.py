"""Treat: what the program of the arm has due now: doses, and changes of the biology."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tmesim.kernels.chance import PRIMARY
from tmesim.tissue.process import Local, Passed, Process

if TYPE_CHECKING:
    from tmesim.body.parts import Ward


class Treat(Process):
    """Doses are given, drugs distribute (body.pharmacology), and all sites learn what acts on them in this step.

    The blood carries what the primary gives it now (body.borne). Radiation and surgery are for the tissue in which the
    tumor begins.
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
        local = tuple(Local(dose.use, dose.dose) for dose in due if dose.use not in drugs)
        body.change(body.clock.step)
        body.pharmacology.advance()
        body.bear()
        for name, site in body.sites.items():
            passed[name].local = local if name == PRIMARY else ()
            passed[name].inputs = body.inputs_of(site)
