"""Patrol: leukocytes hop, meet, dwell and hit, in substeps of minutes; open walls let them out and in."""

from __future__ import annotations

from itertools import pairwise
from typing import Any, NamedTuple

import numpy as np

from tmesim.kernels import leukocytes, walls
from tmesim.kernels.arrays import LEUKOCYTE, STAMPS
from tmesim.tissue.ledger import GAIN, LOSS
from tmesim.tissue.process import Passed, Patch, Process, Setting
from tmesim.tissue.processes.migrate import sweeps_of
from tmesim.tissue.speed import fastest, gradient_reading

MM_UM = 1000.0
TALLIES = ("hops", "synapses", "hits", "kills", "gone over the walls")
WALLS = "walls"
"""The cause of coming and going over the walls, in the ledger."""


class Patrol(Process):
    """An attacker in synapse hits at a rate that it senses anew; who has taken `hits_needed` dies and is debris.

    Over an open wall as many leukocytes come in as would hop in from the host's tissue beyond (kernels.walls).
    """

    name = "patrol"
    reads = (
        "layers", "cells.type", "cells.place", "cells.lineage", "cells.clone", "cells.antigens", "cells.receptor",
        "cells.state", "cells.value", "cells.synapse", "cells.damage", "cells.heading", "cells.stamp",
        "fields.level", "matrix", "debris.antigens", "vessels.network", "vessels.flow",
    )  # fmt: skip
    writes = (
        "layers", "cells.type", "cells.place", "cells.lineage", "cells.clone", "cells.antigens", "cells.receptor",
        "cells.state", "cells.value", "cells.event", "cells.synapse", "cells.damage", "cells.heading", "cells.stamp",
        "matrix", "debris.antigens", "vessels.network", "vessels.flow",
        "cells.potential",
    )  # fmt: skip
    takes = ("inputs", "supply")

    def tune(self, setting: Setting) -> None:
        lines = setting.catalogue.processes["leukocytes"]
        host = setting.host
        self.substeps = max(round(setting.dt * 60.0 / lines["substep"].at(host)), 1)
        self.after = sweeps_of(setting)  # sweeps of the step that come before
        fading = np.log(2.0) / lines["damage_half_life"].at(host)
        self.rates = (
            lines["squeeze"].at(host), lines["ecm_exclusion"].at(host), gradient_reading(setting),
            setting.number("fibers", "guidance"),
            lines["hits_needed"].at(host), float(fading),
        )  # fmt: skip
        hops = int(fastest(setting, "leukocyte") * 60.0 * setting.dt / self.substeps / setting.spacing) + 1
        self.burst = max(leukocytes.MOST_HOPS // hops, 1)
        types = setting.biology.types
        causes = [WALLS, *(f"killed_by.{cell}" for cell in types)]
        self.told = [((cell, LOSS, cause),) for cell in types for cause in causes]
        if self.after + self.substeps > STAMPS:
            raise ValueError(f"{self.after + self.substeps} sweeps in a step of {setting.dt} h: the limit is {STAMPS}")

    def run(self, tissue: Patch, passed: Passed) -> None:
        rules, clock = tissue.biology.rules, tissue.clock
        beyond = Beyond.of(tissue, passed, self.rates) if tissue.surroundings.walls == "open" else None
        if tissue.layers[LEUKOCYTE].max() < 0 and not rules.settled and beyond is None:  # nobody there
            return
        total = np.zeros(len(TALLIES), np.int64)
        seen = tissue.cells.type[: tissue.cells.n].copy()
        tiles, key = tissue.key("patrol tiles"), tissue.key("patrol")
        gone, room = (np.zeros(len(tissue.biology.types)), 0.0) if beyond is None else (beyond.gone, beyond.room)
        spans = [min(self.burst, self.substeps - sub) for sub in range(0, self.substeps, self.burst)]
        for part, (before, burst) in enumerate(pairwise([0, *spans, 0])):
            sub = part * self.burst
            if beyond is not None:
                hours = clock.dt * (before + burst) / (2 * self.substeps)
                self._let_in(tissue, passed, beyond, hours, part, clock.hour + clock.dt * min(sub / self.substeps, 1.0))
                seen = np.concatenate((seen, tissue.cells.type[seen.size : tissue.cells.n]))
            if burst == 0:
                break
            stamp = np.uint32(clock.step * STAMPS + self.after + sub)
            tallies = leukocytes.patrol(
                clock.hour, clock.step, self.substeps, sub, burst, clock.dt, tissue.spacing, (*self.rates, gone, room),
                tiles, key, stamp, tissue.cells.columns, tissue.layers, tissue.maps, rules, passed.inputs,
            )  # fmt: skip
            total += tallies.sum(axis=0)
        tissue.counters.update(dict(zip(TALLIES, (int(n) for n in total), strict=True)))
        self._book_losses(tissue, seen)

    def _book_losses(self, tissue: Patch, before: np.ndarray) -> None:
        """Who was killed by whom, and who hopped over a wall. before : types of all rows that were in use"""
        rows = np.flatnonzero(tissue.cells.type[: before.size] != before)
        if rows.size == 0:
            return
        by = tissue.cells.target[rows].astype(np.int64)
        ways = 1 + len(tissue.biology.types)
        tissue.ledger.add(tissue, rows, before[rows].astype(np.int64) * ways + by, self.told)

    def _let_in(self, tissue: Patch, passed: Passed, beyond: Beyond, hours: float, part: int, now: float) -> None:
        """Those who come over the walls in so many hours of hops."""
        cells, biology, step = tissue.cells, tissue.biology, tissue.clock.step
        found = walls.arrivals(
            hours, step, part, beyond.keys, tissue.spacing, self.rates, beyond.kinds, beyond.coming, beyond.doing,
            cells.columns, tissue.layers, tissue.maps, biology.rules,
        )  # fmt: skip
        if found.shape[0] == 0:
            return
        cells.make_room(found.shape[0])
        first = cells.n
        cells.n, entered = walls.settle(
            found, cells.n, now, step, part, beyond.keys, tissue.origin, beyond.kinds, passed.supply.clonotypes,
            biology.starts, beyond.doing, cells.columns, tissue.layers, tissue.maps, biology.rules,
        )  # fmt: skip
        for code in np.flatnonzero(entered).tolist():
            tissue.counters[f"come over the walls.{biology.types[code]}"] += int(entered[code])
        rows = np.arange(first, cells.n)
        tissue.ledger.add(tissue, rows, cells.type[rows], [((cell, GAIN, WALLS),) for cell in biology.types])


class Beyond(NamedTuple):
    """The leukocytes of the host beyond the walls of a patch.

    kinds : their types by code, (m,)
    coming : cells a site, those alone that do not go back, (m,)
    keys : of the draws of each type, (m,)
    doing : (types, slots), what each type does there
    gone : (types,) the chance that who hops there does not come back
    room : how easily its sites are entered
    """

    kinds: np.ndarray
    coming: np.ndarray
    keys: np.ndarray
    doing: np.ndarray
    gone: np.ndarray
    room: float

    @classmethod
    def of(cls, tissue: Patch, passed: Passed, rates: tuple[Any, ...]) -> Beyond:
        """As many as at the start, more or less by what the blood carries of them now; the sites beyond are like those
        at the wall, and some of them taken. rates : as of `leukocytes.patrol`"""
        biology, site = tissue.biology, (tissue.spacing / MM_UM) ** 2
        layer = biology.rules.kinds["layer"]
        densities = tissue.surroundings.densities
        there = [code for code, name in enumerate(biology.types) if densities.get(name, 0.0) > 0]
        kinds = np.array([code for code in there if layer[code] == LEUKOCYTE], np.int64)
        density = np.array([densities[biology.types[code]] * site for code in kinds]) * passed.supply.abundance[kinds]
        keys = [tissue.key(f"walls {number}") for number in range(kinds.size)]  # no name of a type: chance knows none
        all_types = np.flatnonzero(layer[: len(biology.types)] == LEUKOCYTE)
        width = tissue.cells.columns.value.shape[1]
        doing = walls.behave_beyond(all_types, width, biology.starts, tissue.maps, biology.rules, passed.inputs)
        squeeze, exclusion, _, guidance = rates[:4]
        ease = walls.mean_ease(
            squeeze, exclusion, guidance, tissue.cells.columns, tissue.layers, tissue.maps, biology.rules
        )
        gone = np.zeros(len(biology.types))
        gone[all_types] = walls.exchanged(all_types, tissue.spacing, ease, doing, biology.rules)
        room = float(ease * max(1.0 - density.sum(), 0.0))
        return cls(kinds, density * gone[kinds], np.array(keys, np.uint64), doing, gone, room)
