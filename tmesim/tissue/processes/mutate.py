"""Mutate: malignant daughters lose antigens and functions for good, and found clones that behave otherwise."""

from __future__ import annotations

import numpy as np

from tmesim.kernels import heredity
from tmesim.tissue.process import Passed, Patch, Process, Setting

OF_CLONES = 1 << 20  # the first draw of a founder for the factors of her clone; those below are for what she loses


class Mutate(Process):
    """At each division a daughter may lose each antigen and each function that mutations take, and found a clone.

    The factors of a clone have logarithms that are normal around those of the clone of its founder's mother.
    """

    name = "mutate"
    reads = ("cells.type", "cells.lineage", "cells.clone", "cells.antigens", "cells.state", "clones")
    writes = ("cells.clone", "cells.antigens", "cells.state", "clones")

    def tune(self, setting: Setting) -> None:
        cells, biology, host = setting.catalogue.cells, setting.biology, setting.host
        self.codes = [code for code, cell in enumerate(biology.types) if cells[cell].malignant]
        self.loss = self.founding = 0.0
        if "mutation" in setting.catalogue.processes:
            self.loss = setting.number("mutation", "antigen_loss")
            self.founding = setting.number("mutation", "founding")
        chances = (setting.catalogue.states[name].mutation for name in biology.states)
        self.losses = np.array([0.0 if chance is None else chance.at(host) for chance in chances])
        spreads = [n.at(host) for code in self.codes for n in cells[biology.types[code]].heritable.values()]
        self.spread = np.array(spreads, np.float64)

    def run(self, tissue: Patch, passed: Passed) -> None:
        cells, clock = tissue.cells, tissue.clock
        if not self.codes or not (self.loss or self.founding or self.losses.any()):
            return
        core = cells.columns.core.view(np.ndarray)[: cells.n]
        newborn = (core["born"] == np.float32(clock.hour + clock.dt)) & (cells.type[: cells.n] == self.codes[0])
        rows = np.flatnonzero(newborn & (core["mother"] != 0))
        if rows.size == 0:
            return
        rows = rows[np.argsort(core["id"][rows], kind="stable")]  # numbers of clones shall not hang on rows
        key = tissue.key("mutate")
        lost, changed, founds = heredity.mutate(
            rows, clock.step, key, self.losses, self.loss, self.founding, cells.columns
        )
        tissue.counters.update({"antigens lost": int(lost), "functions lost": int(changed)})
        self._found(tissue, rows[founds], key)

    def _found(self, tissue: Patch, rows: np.ndarray, key: np.uint64) -> None:
        """New clones for those in some rows, as long as there are numbers for them."""
        if rows.size == 0:
            return
        cells, clock = tissue.cells, tissue.clock
        drawn = heredity.normals(cells.id[rows], clock.step, key, OF_CLONES, self.spread.size)
        numbers = tissue.clones.found(cells.clone[rows], clock.hour + clock.dt, np.exp(self.spread * drawn))
        cells.clone[rows[: numbers.size]] = numbers
        tissue.counters["clones founded"] += numbers.size
