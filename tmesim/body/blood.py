"""Blood: the levels of leukocytes that it carries to each tissue, 1 being healthy blood."""

from __future__ import annotations

import numpy as np

from tmesim.body.lymph_node import LymphNode
from tmesim.catalogue import Catalogue
from tmesim.catalogue.compile import Biology
from tmesim.tissue.process import Supply


class Blood:
    """Resting levels from the catalogue, and on top of them what the lymph node has primed.

    Which types are primed is a role of the catalogue (`primed`: so many of them leave the node for each effector); the
    levels of other types are those of healthy blood.
    """

    def __init__(self, catalogue: Catalogue, host: str) -> None:
        self.tune(catalogue, host)

    def tune(self, catalogue: Catalogue, host: str) -> None:
        """Take over the numbers of the catalogue in force, again when an arm changes them."""
        reference, cells = catalogue.processes["blood"], catalogue.cells
        self.resting = {cell: reference[cell].at(host) for cell in reference}
        self.primed = {cell: entry.primed.at(host) for cell, entry in cells.items() if entry.primed is not None}
        self.bystanders = sum(self.resting.get(cell, 0.0) for cell, entry in cells.items() if entry.antigen_specific)
        self._vectors: dict[tuple[str, ...], tuple[np.ndarray, np.ndarray]] = {}
        self.reactive = catalogue.processes["priming"]["reactive_fraction"].at(host)

    def levels(self, node: LymphNode) -> dict[str, float]:
        """Level of each cell type that the blood carries."""
        primed = float(node.levels.sum())
        cells = [*self.resting, *(cell for cell in self.primed if cell not in self.resting)]
        return {cell: self.resting.get(cell, 0.0) + primed * self.primed.get(cell, 0.0) for cell in cells}

    def clonotypes(self, node: LymphNode) -> np.ndarray:
        """Share of each tumor-reactive clonotype among specific T cells that enter; the rest are bystanders."""
        return self._clonotypes(node.levels)

    def _clonotypes(self, primed: np.ndarray) -> np.ndarray:
        levels = primed + self.reactive * self.bystanders / primed.size
        all_of_them = self.bystanders * (1.0 - self.reactive) + levels.sum()
        return levels / all_of_them if all_of_them > 0 else levels

    def supply(self, biology: Biology, node: LymphNode) -> Supply:
        """What it brings to a tissue."""
        types = tuple(biology.types)
        if types not in self._vectors:
            resting, primed = (np.array([of.get(cell, 0.0) for cell in types]) for of in (self.resting, self.primed))
            self._vectors[types] = resting, primed
        resting, primed = self._vectors[types]
        levels = node.levels
        return Supply(resting + float(levels.sum()) * primed, self._clonotypes(levels))
