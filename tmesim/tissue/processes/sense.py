"""Sense: what each cell perceives becomes what it does, by the rules."""

from __future__ import annotations

from tmesim.kernels import sense
from tmesim.tissue.process import Passed, Patch, Process


class Sense(Process):
    """The behaviors of all cells, and what they give to the fields and take from them (formula: kernels.sense)."""

    name = "sense"
    reads = (
        "layers", "cells.type", "cells.place", "cells.lineage", "cells.clone", "cells.antigens", "cells.receptor",
        "cells.potential", "cells.state", "cells.synapse", "fields.level", "matrix", "vessels.flow",
    )  # fmt: skip
    writes = ("cells.value", "fields.balance")
    takes = ("inputs",)

    def run(self, tissue: Patch, passed: Passed) -> None:
        sense.sense(
            tissue.clock.hour, tissue.cells.columns, tissue.layers, tissue.maps, tissue.biology.rules, passed.inputs
        )
