"""Turn over: matrix is laid down and degraded, debris is cleared."""

from __future__ import annotations

import numpy as np

from tmesim.kernels import matrix
from tmesim.tissue.process import Passed, Patch, Process, Setting


class TurnOver(Process):
    """dm/dt = deposition (1 − m) − (degradation + decay) m for each map; debris decays."""

    name = "turn_over"
    reads = ("layers", "cells.type", "cells.value", "matrix", "debris.antigens")
    writes = ("matrix", "debris.antigens")

    def tune(self, setting: Setting) -> None:
        entries = setting.catalogue.matrix.values()
        decays = [entry.decay.at(setting.host) if entry.decay is not None else 0.0 for entry in entries]
        self.decay = np.array(decays, np.float64)

    def run(self, tissue: Patch, passed: Passed) -> None:
        matrix.turn_over(
            tissue.clock.dt, self.decay, tissue.cells.columns, tissue.layers, tissue.maps, tissue.biology.rules
        )
