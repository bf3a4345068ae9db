"""Resect: an operation takes the tumor out of the tissue, with all that lies within a margin of it."""

from __future__ import annotations

import numpy as np
from scipy.ndimage import distance_transform_edt

from tmesim.catalogue import Surgery
from tmesim.kernels import chance, living
from tmesim.kernels.arrays import DEAD
from tmesim.tissue.process import Passed, Patch, Process


class Resect(Process):
    """Each cell of any kind within the margin of a tumor cell is taken out, but for the share that is left behind.

    The sites that they leave are free, with dead-cell material as in a wound. Matrix and fields stay: no more of
    healing is drawn than the cells that grow into the bed.
    """

    name = "resect"
    reads = ("layers", "cells.type", "cells.place", "cells.lineage", "matrix", "vessels.network", "vessels.flow")
    writes = ("layers", "cells.type", "matrix", "vessels.network", "vessels.flow")
    takes = ("local",)
    cause = "surgery"

    def run(self, tissue: Patch, passed: Passed) -> None:
        for index, (name, *_) in enumerate(passed.local):
            therapy = tissue.setting.catalogue.therapies[name]
            if isinstance(therapy, Surgery):
                self._operate(tissue, therapy, index)

    def _operate(self, tissue: Patch, therapy: Surgery, index: int) -> None:
        cells, biology, host = tissue.cells, tissue.biology, tissue.setting.host
        living_rows = np.flatnonzero(cells.type[: cells.n] != DEAD)
        malignant = biology.rules.kinds["malignant"].astype(np.bool_)
        tumor = living_rows[malignant[cells.type[living_rows]]]
        if tumor.size == 0:
            return
        free = np.ones(tissue.shape, np.bool_)
        free[cells.y[tumor], cells.x[tumor]] = False
        within = distance_transform_edt(free) * tissue.spacing <= therapy.margin.at(host)
        rows = living_rows[within[cells.y[living_rows], cells.x[living_rows]]]
        drawn = chance.units(cells.id[rows], tissue.clock.step, tissue.key("resect"), index)
        gone = rows[drawn >= therapy.residual.at(host)]
        if biology.rules.debris >= 0:
            tissue.maps.matrix[biology.rules.debris, cells.y[gone], cells.x[gone]] += np.float32(therapy.wound.at(host))
        for code, cell in enumerate(biology.types):
            tissue.counters[f"resected.{cell}"] += int(np.count_nonzero(cells.type[gone] == code))
        living.take_out(gone, cells.columns, tissue.layers, tissue.maps)
