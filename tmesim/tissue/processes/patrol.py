"""Patrol: leukocytes hop, meet, dwell and hit, in substeps of minutes."""

from __future__ import annotations

import numpy as np

from tmesim.kernels import leukocytes
from tmesim.kernels.arrays import LEUKOCYTE, STAMPS
from tmesim.tissue.process import Passed, Patch, Process, Setting
from tmesim.tissue.processes.migrate import sweeps_of
from tmesim.tissue.speed import fastest, gradient_half

TALLIES = ("hops", "synapses", "hits", "kills")


class Patrol(Process):
    """An attacker in synapse hits at a rate that it senses anew; who has taken `hits_needed` dies and is debris."""

    name = "patrol"
    reads = (
        "layers", "cells.type", "cells.place", "cells.lineage", "cells.clone", "cells.antigens", "cells.receptor",
        "cells.state", "cells.value", "cells.synapse", "cells.damage", "cells.heading", "cells.stamp",
        "fields.level", "matrix", "debris.antigens", "vessels.network", "vessels.flow",
    )  # fmt: skip
    writes = (
        "layers", "cells.type", "cells.place", "cells.synapse", "cells.damage", "cells.heading",
        "cells.stamp", "matrix", "debris.antigens", "vessels.network", "vessels.flow",
    )  # fmt: skip
    takes = ("inputs",)

    def tune(self, setting: Setting) -> None:
        lines = setting.catalogue.processes["leukocytes"]
        host = setting.host
        self.substeps = max(round(setting.dt * 60.0 / lines["substep"].at(host)), 1)
        self.after = sweeps_of(setting)  # sweeps of the step that come before
        fading = np.log(2.0) / lines["damage_half_life"].at(host)
        self.rates = (
            lines["squeeze"].at(host), lines["ecm_exclusion"].at(host), gradient_half(setting),
            lines["hits_needed"].at(host), float(fading),
        )  # fmt: skip
        hops = int(fastest(setting, "leukocyte") * 60.0 * setting.dt / self.substeps / setting.spacing) + 1
        self.burst = max(leukocytes.MOST_HOPS // hops, 1)
        if self.after + self.substeps > STAMPS:
            raise ValueError(f"{self.after + self.substeps} sweeps in a step of {setting.dt} h: the limit is {STAMPS}")

    def run(self, tissue: Patch, passed: Passed) -> None:
        rules, clock = tissue.biology.rules, tissue.clock
        if tissue.layers[LEUKOCYTE].max() < 0 and not rules.settled:  # nobody there
            return
        total = np.zeros(len(TALLIES), np.int64)
        tiles, key = tissue.key("patrol tiles"), tissue.key("patrol")
        for sub in range(0, self.substeps, self.burst):
            burst = min(self.burst, self.substeps - sub)
            stamp = np.uint32(clock.step * STAMPS + self.after + sub)
            tallies = leukocytes.patrol(
                clock.hour, clock.step, self.substeps, sub, burst, clock.dt, tissue.spacing, self.rates,
                tiles, key, stamp, tissue.cells.columns, tissue.layers, tissue.maps, rules, passed.inputs,
            )  # fmt: skip
            total += tallies.sum(axis=0)
        tissue.counters.update(dict(zip(TALLIES, (int(n) for n in total), strict=True)))
