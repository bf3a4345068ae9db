"""Capture: cells that present antigens take up those of the debris at their site."""

from __future__ import annotations

import numpy as np

from tmesim.tissue.process import Passed, Patch, Process, Setting


class Capture(Process):
    """What a dendritic cell brings to the lymph node is what it has passed on its way."""

    name = "capture"
    reads = ("cells.type", "cells.place", "cells.antigens", "debris.antigens")
    writes = ("cells.antigens",)

    def tune(self, setting: Setting) -> None:
        self.codes = np.flatnonzero(setting.biology.rules.kinds["captures"]).tolist()

    def run(self, tissue: Patch, passed: Passed) -> None:
        cells = tissue.cells
        for code in self.codes:
            rows = np.flatnonzero(cells.type[: cells.n] == code)
            cells.antigens[rows] |= tissue.maps.antigens[cells.y[rows], cells.x[rows]]
