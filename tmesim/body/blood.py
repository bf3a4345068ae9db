"""Blood: the levels of leukocytes that it carries to each tissue, 1 being healthy blood."""

from __future__ import annotations

import numpy as np

from tmesim.body.lymph_node import LymphNode
from tmesim.catalogue import Catalogue
from tmesim.catalogue.compile import Biology
from tmesim.tissue.process import Supply


class Blood:
    """Resting levels from the catalogue as far as drugs leave them, and on top of them what the node has primed.

    Which types are primed is a role of the catalogue. Of each type a share h of its resting level is there:
    dh/dt = recovery (1 − h) − killed h.
    """

    def __init__(self, catalogue: Catalogue, host: str, dt: float) -> None:
        self.dt = dt
        self.types = tuple(catalogue.processes["blood"])
        self.standing = np.ones(len(self.types))  # h of each
        self.tune(catalogue, host)

    def tune(self, catalogue: Catalogue, host: str) -> None:
        """Take over the numbers of the catalogue in force, again when an arm changes them."""
        reference, cells = catalogue.processes["blood"], catalogue.cells
        self.reference = np.array([reference[cell].at(host) for cell in self.types])
        self.specific = tuple(cell for cell, entry in cells.items() if entry.antigen_specific)
        self.reactive = catalogue.processes["priming"]["reactive_fraction"].at(host)
        self.recovery = catalogue.processes["hematopoiesis"]["recovery"].at(host)

    def advance(self, killed: np.ndarray) -> None:
        """One step. killed : (types,) 1/h, by drugs."""
        total = self.recovery + killed
        target = np.divide(self.recovery, total, out=np.ones_like(total), where=total > 0)
        self.standing = target + (self.standing - target) * np.exp(-total * self.dt)

    @property
    def resting(self) -> dict[str, float]:
        """What there is of each type without what was primed."""
        return dict(zip(self.types, (self.reference * self.standing).tolist(), strict=True))

    def levels(self, node: LymphNode) -> dict[str, float]:
        """Level of each cell type that the blood carries."""
        found = self.resting
        for cell, primed in zip(node.types, node.levels.sum(axis=1).tolist(), strict=True):
            found[cell] = found.get(cell, 0.0) + primed
        return found

    def receptors(self, node: LymphNode) -> dict[str, np.ndarray]:
        """Share of each tumor-reactive clonotype among cells of each type that has a receptor, (clonotypes,); the rest
        are bystanders."""
        standing = dict(zip(self.types, (self.reference * self.standing).tolist(), strict=True))
        primed = dict(zip(node.types, node.levels, strict=True))
        clonotypes = node.antigen.size
        return {cell: self._shares(standing.get(cell, 0.0), primed.get(cell), clonotypes) for cell in self.specific}

    def _shares(self, standing: float, primed: np.ndarray | None, clonotypes: int) -> np.ndarray:
        known = np.full(clonotypes, self.reactive * standing / clonotypes) + (0.0 if primed is None else primed)
        everybody = standing * (1.0 - self.reactive) + float(known.sum())
        return known / everybody if everybody > 0 else known

    def supply(self, biology: Biology, node: LymphNode) -> Supply:
        """What it brings to a tissue."""
        now, healthy = self.levels(node), dict(zip(self.types, self.reference.tolist(), strict=True))
        levels = np.array([now.get(cell, 0.0) for cell in biology.types])
        usual = np.array([healthy.get(cell, 0.0) for cell in biology.types])
        abundance = np.divide(levels, usual, out=np.ones_like(levels), where=usual > 0)
        receptors, nobody = self.receptors(node), np.zeros(node.antigen.size)
        return Supply(levels, abundance, np.array([receptors.get(cell, nobody) for cell in biology.types]))
