"""Capture: cells that present antigens take up those of the debris at their site."""

from __future__ import annotations

from tmesim.kernels import living
from tmesim.tissue.process import Passed, Patch, Process


class Capture(Process):
    """What a dendritic cell brings to the lymph node is what it has passed on its way."""

    name = "capture"
    reads = ("cells.type", "cells.place", "cells.antigens", "debris.antigens")
    writes = ("cells.antigens",)

    def run(self, tissue: Patch, passed: Passed) -> None:
        if tissue.biology.rules.kinds["captures"].any():
            living.capture(tissue.cells.n, tissue.cells.columns, tissue.maps, tissue.biology.rules)
