"""Turn over: matrix is laid down, degraded and turned, debris is cleared."""

from __future__ import annotations

import numpy as np

from tmesim.kernels import fibers, matrix
from tmesim.kernels.arrays import REACH
from tmesim.tissue.process import Passed, Patch, Process, Setting


class TurnOver(Process):
    """dm/dt = deposition (1 − m) − (degradation + decay) m for each map; debris decays. Fibers turn: kernels.fibers."""

    name = "turn_over"
    reads = ("layers", "cells.type", "cells.value", "matrix", "debris.antigens")
    writes = ("matrix", "debris.antigens")

    def tune(self, setting: Setting) -> None:
        entries = setting.catalogue.matrix.values()
        decays = [entry.decay.at(setting.host) if entry.decay is not None else 0.0 for entry in entries]
        self.decay = np.array(decays, np.float64)
        self.edge = min(max(setting.number("fibers", "edge") / setting.spacing, 1.5), float(REACH))
        rules = setting.biology.rules
        turning = max(rules.kinds[name][:-1].max(initial=-1) for name in ("fibers_along", "fibers_across")) >= 0
        self.turning = bool(turning and rules.fiber_cos >= 0)

    def run(self, tissue: Patch, passed: Passed) -> None:
        matrix.turn_over(
            tissue.clock.dt, self.decay, tissue.cells.columns, tissue.layers, tissue.maps, tissue.biology.rules
        )
        if self.turning:
            fibers.turn_fibers(
                self.edge, tissue.clock.dt, tissue.cells.columns, tissue.layers, tissue.maps, tissue.biology.rules
            )
