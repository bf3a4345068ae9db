"""Admit: leukocytes come in through perfused vessels, as many as endothelium and blood allow."""

from __future__ import annotations

import numpy as np

from tmesim.kernels import act, entry
from tmesim.kernels.lattice import rings
from tmesim.tissue.process import Passed, Patch, Process, Setting


class Admit(Process):
    """A Poisson number enters at each segment: what it admits · flow · length · level in the blood · dt."""

    name = "admit"
    reads = ("layers", "cells.type", "cells.lineage", "cells.value", "vessels.flow")
    writes = (
        "layers", "cells.type", "cells.place", "cells.lineage", "cells.clone", "cells.antigens", "cells.receptor",
        "cells.state", "cells.value", "cells.event", "cells.synapse", "cells.damage", "cells.heading", "cells.stamp",
        "cells.potential",
    )  # fmt: skip
    takes = ("supply",)
    cause = "recruitment"

    def tune(self, setting: Setting) -> None:
        self.offsets, self.first = rings(act.NEAR)
        self.entering = np.unique(setting.biology.rules.admissions["enters"]).tolist()

    def run(self, tissue: Patch, passed: Passed) -> None:
        cells, biology, clock = tissue.cells, tissue.biology, tissue.clock
        if not self.entering:
            return
        levels, _, clonotypes = passed.supply
        common = clock.dt, clock.step, tissue.key("entry")
        place = cells.columns, tissue.layers, tissue.maps, biology.rules
        cells.make_room(entry.count_entries(*common, levels, *place))
        place = cells.columns, tissue.layers, tissue.maps, biology.rules  # perhaps in more room now
        cells.n, entered = entry.enter(
            cells.n, clock.hour, *common, tissue.origin, levels, clonotypes, biology.starts, self.offsets, self.first,
            *place,
        )  # fmt: skip
        for code in self.entering:
            tissue.counters[f"recruited.{biology.types[code]}"] += int(entered[code])
