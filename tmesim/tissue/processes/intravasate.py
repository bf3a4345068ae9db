"""Intravasate: tumor cells leave the tissue by blood or lymph, alone or together."""

from __future__ import annotations

import numpy as np

from tmesim.kernels import intravasation, living
from tmesim.tissue.process import Passed, Patch, Process, Setting
from tmesim.tissue.travel import Leaving, Shedding, Travellers, day_factor

WAYS = {intravasation.BY_BLOOD: "blood", intravasation.BY_LYMPH: "lymph"}


class Intravasate(Process):
    """A cell enters the blood at its rate where a perfused vessel is near, and the lymph at another.

    Those that cohere with it go along (kernels.intravasation).
    """

    name = "intravasate"
    reads = (
        "layers", "cells.type", "cells.place", "cells.lineage", "cells.clone", "cells.antigens", "cells.potential",
        "cells.state", "cells.value", "clones", "vessels.flow", "vessels.network",
    )  # fmt: skip
    writes = ("layers", "cells.type")
    leaves = ("shedding",)
    cause = "intravasation"

    def tune(self, setting: Setting) -> None:
        biology, cells = setting.biology, setting.catalogue.cells
        self.rhythm = None
        if "circulation" in setting.catalogue.processes:
            self.rhythm = [setting.number("circulation", name) for name in ("rest_share", "rest_from", "rest_hours")]
        self.kinds = []
        for code, name in enumerate(biology.types):
            slots = [biology.slots.get((name, word), -1) for word in ("intravasation", "lymph_entry", "cohesion")]
            if cells[name].malignant and max(slots[:2]) >= 0:
                self.kinds.append((code, *slots))

    def run(self, tissue: Patch, passed: Passed) -> None:
        cells, clock, key = tissue.cells, tissue.clock, tissue.key("intravasate")
        groups: list[Leaving] = []
        expected = dict.fromkeys(WAYS.values(), 0.0)
        effective = clock.dt * (day_factor(clock.hour, *self.rhythm) if self.rhythm else 1.0)
        for code, blood, lymph, cohesion in self.kinds:
            rows = np.flatnonzero(cells.type[: cells.n] == code)
            rows = rows[np.argsort(cells.id[rows], kind="stable")]
            ways = np.zeros(rows.size, np.uint8)
            mean = intravasation.leaving(
                rows, blood, lymph, effective, clock.step, key, cells.columns, tissue.maps.perfusion, ways
            )
            for way, number in zip(WAYS.values(), mean, strict=True):
                expected[way] += float(number)
            for i in np.flatnonzero(ways).tolist():
                if cells.type[rows[i]] == code:  # has not gone along with another
                    groups.append(self._leave(tissue, int(rows[i]), cohesion, WAYS[int(ways[i])], key))
        passed.shedding = Shedding(tuple(groups), expected)

    def _leave(self, tissue: Patch, row: int, cohesion: int, way: str, key: np.uint64) -> Leaving:
        columns, step = tissue.cells.columns, tissue.clock.step
        rows = intravasation.cluster(row, cohesion, step, key, columns, tissue.layers.tissue)
        group = Leaving(way, taken(tissue, rows))
        for each in rows.tolist():
            living.vanish(each, columns, tissue.layers, tissue.maps)
        tissue.counters.update({f"shed.{way}": 1, f"shed.{way}.cells": rows.size, "clusters": int(rows.size > 1)})
        return group


def taken(tissue: Patch, rows: np.ndarray) -> Travellers:
    """Cells of a tissue as travellers; they are still there."""
    columns, core = tissue.cells.columns, tissue.cells.columns.core.view(np.ndarray)
    clone, factor = tissue.clones.descent(columns.clone[rows])
    return Travellers(
        core["id"][rows], core["mother"][rows], clone, factor, columns.antigens[rows].copy(), core["potential"][rows],
        {name: columns.state[rows, s].copy() for s, name in enumerate(tissue.biology.states)},
    )  # fmt: skip
