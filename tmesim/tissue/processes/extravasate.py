"""Extravasate: tumor cells that capillaries hold come out into the tissue."""

from __future__ import annotations

import numpy as np

from tmesim.kernels import act, emergence
from tmesim.kernels.lattice import rings
from tmesim.tissue.process import Passed, Patch, Process, Setting


class Extravasate(Process):
    """A held cell comes out with the chance 1 − exp(−extravasation · platelets · dt), where a site near it is free.

    platelets : what they make of the rate, 1 in the blood in which it was measured
    """

    name = "extravasate"
    reads = ("layers", "cells.type", "cells.place", "cells.lineage", "cells.value")
    writes = ("layers", "cells.type", "cells.place", "cells.value")
    cause = "extravasation"

    def tune(self, setting: Setting) -> None:
        self.offsets, self.first = rings(act.NEAR)
        biology, cells = setting.biology, setting.catalogue.cells
        self.kinds = [
            (biology.code(name), biology.slot(name, "extravasation"), biology.code(str(cells[name].emerges)))
            for name in biology.types
            if cells[name].emerges in biology.types
        ]
        numbers = setting.catalogue.processes
        self.platelets = setting.number("extravasation", "platelets") if "extravasation" in numbers else 1.0

    def run(self, tissue: Patch, passed: Passed) -> None:
        cells, clock = tissue.cells, tissue.clock
        for code, slot, kind in self.kinds:
            rows = np.flatnonzero(cells.type[: cells.n] == code)
            if rows.size == 0:
                continue
            rows = rows[np.argsort(cells.id[rows], kind="stable")]
            out, waiting = emergence.emerge(
                rows, slot, kind, clock.dt * self.platelets, clock.step, tissue.key("extravasate"), act.NEAR,
                self.offsets, self.first, cells.columns, tissue.layers,
            )  # fmt: skip
            tissue.counters["extravasations"] += int(out)
            tissue.counters["extravasations.waited"] += int(waiting)
