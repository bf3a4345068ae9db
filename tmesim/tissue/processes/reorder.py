"""Reorder: now and then the cells are put into the order of their sites."""

from __future__ import annotations

from tmesim.tissue.process import Passed, Patch, Process
from tmesim.tissue.slots import SLOTS

EVERY = 16  # steps


class Reorder(Process):
    """Neighbors in space become neighbors in memory; nothing else changes by it."""

    name = "reorder"
    reads = ("layers", *(slot for slot in SLOTS if slot.startswith("cells.")))
    writes = reads

    def run(self, tissue: Patch, passed: Passed) -> None:
        if tissue.clock.step % EVERY == 0:
            tissue.cells.reorder(tissue.layers)
