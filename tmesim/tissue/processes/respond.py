"""Respond: inner states move towards where the behaviors drive them, and the event of each cell is drawn."""

from __future__ import annotations

from tmesim.kernels import respond
from tmesim.tissue.process import Passed, Patch, Process


class Respond(Process):
    """dz/dt = gain (1 − z) − loss z over the step; P(any event) = 1 − exp(−Σ rates · dt), then which of them."""

    name = "respond"
    reads = ("cells.type", "cells.lineage", "cells.state", "cells.value")
    writes = ("cells.state", "cells.event", "cells.synapse", "cells.potential")

    def run(self, tissue: Patch, passed: Passed) -> None:
        clock = tissue.clock
        respond.respond(
            tissue.cells.n, clock.dt, tissue.key("event"), clock.step, tissue.cells.columns, tissue.biology.rules
        )
