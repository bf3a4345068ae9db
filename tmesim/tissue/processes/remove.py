"""Remove: a share of the cells of some types is taken out of the tissue, or as many others in their stead."""

from __future__ import annotations

import numpy as np

from tmesim.catalogue import Removal
from tmesim.kernels import chance, living
from tmesim.kernels.arrays import DEAD
from tmesim.tissue.process import Local, Passed, Patch, Process

BORN_H = 1e-3
"""Hours by which a birth may be rounded, as 32 bits hold it."""


class Remove(Process):
    """A cell that is meant is taken out when its number u in (0, 1) lies below the share.

    u hangs on the cell alone, not on the moment. So a cell is asked once, however often the removal is repeated, and
    the cells that a smaller share takes are among those of a larger one. A sham counts the cells that came since the
    dose before and whose u lies below the share, and takes as many others, drawn anew at each dose.
    """

    name = "remove"
    reads = ("layers", "cells.type", "cells.place", "cells.lineage", "cells.state", "vessels.network", "vessels.flow")
    writes = ("layers", "cells.type", "vessels.network", "vessels.flow")
    takes = ("local",)
    cause = "removal"

    def run(self, tissue: Patch, passed: Passed) -> None:
        for index, local in enumerate(passed.local):
            therapy = tissue.setting.catalogue.therapies[local.therapy]
            if isinstance(therapy, Removal):
                self._take(tissue, therapy, local, index)

    def _take(self, tissue: Patch, therapy: Removal, local: Local, index: int) -> None:
        cells, biology = tissue.cells, tissue.biology
        meant = self._meant(tissue, therapy)
        aimed = np.flatnonzero(meant)
        aimed = aimed[chance.units(cells.id[aimed], 0, tissue.key("remove"), 0) < local.dose]
        gone = self._others(tissue, therapy, meant, aimed, local, index) if therapy.instead else aimed
        for code, cell in enumerate(biology.types):
            tissue.counters[f"removed.{cell}"] += int(np.count_nonzero(cells.type[gone] == code))
        living.take_out(gone, cells.columns, tissue.layers, tissue.maps)

    def _meant(self, tissue: Patch, therapy: Removal) -> np.ndarray:
        """Whether a removal means a cell, (rows,)."""
        cells, biology = tissue.cells, tissue.biology
        found = np.isin(cells.type[: cells.n], _codes(tissue, therapy.cells))
        if (mark := therapy.marked) is None:
            return found
        if mark.state not in biology.states:
            return np.zeros_like(found)
        state = cells.columns.state[: cells.n, biology.states.index(mark.state)]
        return found & (state >= mark.at_least.at(tissue.setting.host))

    def _others(
        self, tissue: Patch, therapy: Removal, meant: np.ndarray, aimed: np.ndarray, local: Local, index: int
    ) -> np.ndarray:
        """Rows of as many other cells as a removal would take now; all of them where there are fewer."""
        cells = tissue.cells
        count = np.count_nonzero(cells.born[aimed] >= tissue.clock.hour - local.since - BORN_H)
        others = np.flatnonzero(np.isin(cells.type[: cells.n], _codes(tissue, therapy.instead)) & ~meant)
        drawn = chance.units(cells.id[others], tissue.clock.step, tissue.key("remove others"), index)
        return others[np.lexsort((cells.id[others], drawn))[:count]]


def _codes(tissue: Patch, names: tuple[str, ...]) -> list[int]:
    """Codes of those types among some that there can be in a tissue; never that of a free row."""
    codes = [tissue.biology.code(name) for name in names if name in tissue.biology.types]
    assert DEAD not in codes
    return codes
