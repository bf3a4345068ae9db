"""Remodel: vessels regress, sprout and grow, and blood finds its way through them."""

from __future__ import annotations

import numpy as np

from tmesim.catalogue.compile import Biology
from tmesim.kernels import sprouting
from tmesim.kernels.arrays import SITE_UM, VESSEL
from tmesim.tissue.process import Passed, Patch, Process, Setting


class Remodel(Process):
    """Rules of sprouting, guidance, joining and pruning, and who carries blood: kernels.sprouting."""

    name = "remodel"
    reads = (
        "layers", "cells.type", "cells.lineage", "cells.value", "fields.level", "vessels.network", "vessels.flow",
    )  # fmt: skip
    writes = (
        "layers", "cells.type", "cells.place", "cells.lineage", "cells.clone", "cells.antigens", "cells.receptor",
        "cells.state", "cells.value", "cells.event", "cells.synapse", "cells.damage", "cells.heading", "cells.stamp",
        "cells.potential", "vessels.network", "vessels.flow",
    )  # fmt: skip
    cause = "remodeling"

    def tune(self, setting: Setting) -> None:
        lines = setting.catalogue.processes["vessels"]
        at = {name: lines[name].at(setting.host) for name in lines}
        spacing = setting.spacing
        guidance = at["guidance"] * SITE_UM / spacing  # weighs the rise over SITE_UM
        self.rates = (at["tip_spacing"] / spacing, at["starving"], at["grace"], at["flow_shelter"])
        self.tips = (guidance, at["noise"], at["partner_reach"] / spacing, at["least_loop"] / spacing)
        self.least = np.float32(at["least_flow"])

        self.needed = has_vessels(setting.biology)

    def run(self, tissue: Patch, passed: Passed) -> None:
        if not self.needed:
            return
        cells, clock = tissue.cells, tissue.clock
        cells.make_room((sprouting.MOST_ADVANCE + 1) * int((tissue.layers.vessel >= 0).sum()) + 8)
        cells.n, (sprouts, joins, regressions) = sprouting.remodel(
            cells.n, clock.hour, clock.dt, clock.step, tissue.spacing, tissue.key("vessels"), self.rates,
            self.tips, cells.columns, tissue.layers, tissue.maps, tissue.biology.rules,
        )  # fmt: skip
        self.perfuse(tissue)
        tissue.counters.update({"sprouts": int(sprouts), "joins": int(joins), "regressions": int(regressions)})

    def perfuse(self, tissue: Patch) -> None:
        """Find out who carries blood now. Roots cross the section; all other segments lie in it."""
        measure(tissue)
        sprouting.perfuse(self.least, tissue.cells.columns, tissue.layers, tissue.maps, tissue.biology.rules)


def has_vessels(biology: Biology) -> bool:
    """Whether there is a type of vessel at all."""
    return bool((biology.rules.kinds["layer"][:-1] == VESSEL).any())


def measure(tissue: Patch) -> None:
    """The length of each segment, which follows from the roots."""
    tissue.maps.length[...] = np.where(tissue.maps.root, 1.0, tissue.spacing / SITE_UM)
