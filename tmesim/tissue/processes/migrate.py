"""Migrate: tissue cells move to free neighboring sites, in a few sweeps a step."""

from __future__ import annotations

import numpy as np

from tmesim.kernels import migrate
from tmesim.kernels.arrays import STAMPS
from tmesim.tissue.process import Passed, Patch, Process, Setting
from tmesim.tissue.speed import fastest, gradient_reading


class Migrate(Process):
    """A cell hops with the probability speed · time of a sweep / spacing, up a gradient that it follows or anywhere."""

    name = "migrate"
    reads = (
        "layers", "cells.type", "cells.place", "cells.lineage", "cells.value", "cells.stamp", "fields.level", "matrix",
    )  # fmt: skip
    writes = ("layers", "cells.place", "cells.stamp")

    def tune(self, setting: Setting) -> None:
        self.sweeps = sweeps_of(setting)
        self.chance = 60.0 * setting.dt / (setting.spacing * self.sweeps)
        self.reading = gradient_reading(setting)
        self.guidance = setting.number("fibers", "guidance")

    def run(self, tissue: Patch, passed: Passed) -> None:
        step = tissue.clock.step
        for sweep in range(self.sweeps):
            migrate.migrate(
                step * self.sweeps + sweep, self.chance, self.reading, self.guidance, tissue.key("migrate tiles"),
                tissue.key("migrate"),
                np.uint32(step * STAMPS + sweep), tissue.cells.columns, tissue.layers, tissue.maps,
                tissue.biology.rules,
            )  # fmt: skip


def sweeps_of(setting: Setting) -> int:
    """Sweeps a step, so that nobody needs more than one hop in each."""
    return max(int(np.ceil(fastest(setting, "tissue") * 60.0 * setting.dt / setting.spacing)), 1)
