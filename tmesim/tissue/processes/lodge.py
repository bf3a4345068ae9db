"""Lodge: tumor cells that the blood brings are held in capillaries."""

from __future__ import annotations

import numpy as np

from tmesim.kernels.arrays import EMPTY, PAD
from tmesim.section import Section
from tmesim.tissue.process import Passed, Patch, Process, Setting
from tmesim.tissue.start import chances, injected, number_of, put
from tmesim.tissue.travel import Travellers

NUMBER = 1 << 20  # the draw for how many cells of an injection come; those below are lots of sites, two a step


class Lodge(Process):
    """Each group that comes is held where a capillary that carries blood is free, by the lot.

    Those of a cluster are beside each other. Who finds none goes on with the blood.
    """

    name = "lodge"
    reads = ("layers", "vessels.flow", "clones")
    writes = (
        "layers", "cells.type", "cells.place", "cells.lineage", "cells.clone", "cells.antigens", "cells.receptor",
        "cells.state", "cells.value", "cells.event", "cells.synapse", "cells.damage", "cells.heading", "cells.stamp",
        "cells.potential", "clones",
    )  # fmt: skip
    takes = ("coming",)

    def tune(self, setting: Setting) -> None:
        cells = setting.catalogue.cells
        self.kind = next((name for name in setting.biology.types if cells[name].emerges is not None), None)

    def run(self, tissue: Patch, passed: Passed) -> None:
        groups, injection = passed.coming
        if self.kind is None or not (groups or injection):
            return
        key = tissue.key("lodge")
        lots = chances(key, tissue.maps.perfusion.size, 2 * tissue.clock.step)
        if injection is not None:
            number = number_of(key, injection.mean, NUMBER)
            sites = self._free(tissue, lots)[:number]
            self._hold(tissue, injected(tissue, injection.start, sites, tissue.key("injection")))
            self._count(tissue, number, sites.size)
        for group in groups:
            sites = self._places(tissue, group, lots)
            if sites.size:
                self._hold(tissue, settled(tissue, self.kind, group, sites))
            self._count(tissue, group.id.size, sites.size)

    def _hold(self, tissue: Patch, section: Section) -> None:
        put(tissue, section)
        tissue.ledger.enter(tissue, section, "arrival")

    def _count(self, tissue: Patch, came: int, held: int) -> None:
        tissue.counters["arrivals"] += held
        tissue.counters["arrivals.passed"] += came - held

    def _free(self, tissue: Patch, lots: np.ndarray) -> np.ndarray:
        """Sites of capillaries that carry blood and hold nobody, in the order of their lots."""
        empty = tissue.layers.leukocyte[PAD:-PAD, PAD:-PAD] == EMPTY
        sites = np.flatnonzero((tissue.maps.perfusion > 0) & empty)
        return sites[np.argsort(lots[sites], kind="stable")]

    def _places(self, tissue: Patch, group: Travellers, lots: np.ndarray) -> np.ndarray:
        """Where a group is held: at a free capillary, and on the free sites nearest to it; none where there is none."""
        free = self._free(tissue, lots)
        if free.size == 0 or group.id.size == 1:
            return free[:1]
        empty = np.flatnonzero(tissue.layers.leukocyte[PAD:-PAD, PAD:-PAD] == EMPTY)
        y, x = np.divmod(empty, tissue.shape[1])
        cy, cx = divmod(int(free[0]), tissue.shape[1])
        near = np.lexsort((empty, (y - cy) ** 2 + (x - cx) ** 2))
        return empty[near[: group.id.size]]


def settled(tissue: Patch, kind: str, cells: Travellers, sites: np.ndarray) -> Section:
    """Travellers as cells of a type on some sites of a tissue, which knows nothing of them yet.

    sites : (cells,) numbers of sites in a raveled map
    """
    y, x = np.divmod(sites, tissue.shape[1])
    m, born = sites.size, tissue.clock.hour + tissue.clock.dt
    mutants = np.flatnonzero((cells.factor != 1.0).any(axis=1))
    clone = cells.clone.copy()
    founded = tissue.clones.found(cells.clone[mutants], born, cells.factor[mutants])
    clone[mutants[: founded.size]] = founded
    states = {f"state.{name}": cells.states[name] for name in tissue.biology.states if name in cells.states}
    columns = {
        "type": np.full(m, tissue.biology.code(kind), np.uint8), "id": cells.id, "mother": cells.mother,
        "y": y.astype(np.int16), "x": x.astype(np.int16), "born": np.full(m, born, np.float32), "clone": clone,
        "antigens": cells.antigens, "potential": cells.potential,
    }  # fmt: skip
    return Section(tuple(tissue.biology.types), columns | states, {}, tissue.shape, tissue.spacing, tissue.clock.hour)
