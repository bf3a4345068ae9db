"""Irradiate: a fraction of radiation dooms cells, each by its own chance."""

from __future__ import annotations

import numpy as np

from tmesim.catalogue import Radiation
from tmesim.kernels import chance
from tmesim.kernels.arrays import DEAD
from tmesim.tissue.process import Passed, Patch, Process


class Irradiate(Process):
    """A cell keeps the power to divide with probability exp(-alpha d - beta d²), else its state of doom becomes 1.

    d = D (1 + (ratio - 1) p / (p + half)) / ratio · Π (1 - (1 - to) z): the dose D, for the level p of the field that
    sensitizes and the states z that make cells resist (numbers: catalogue.therapies.Radiation).
    """

    name = "irradiate"
    reads = ("cells.type", "cells.place", "cells.lineage", "cells.state", "fields.level")
    writes = ("cells.state",)
    takes = ("local",)

    def run(self, tissue: Patch, passed: Passed) -> None:
        for index, (name, dose, _) in enumerate(passed.local):
            therapy = tissue.setting.catalogue.therapies[name]
            if isinstance(therapy, Radiation):
                self._fraction(tissue, therapy, dose, index)

    def _fraction(self, tissue: Patch, therapy: Radiation, dose: float, index: int) -> None:
        cells, biology = tissue.cells, tissue.biology
        alpha, beta = sensitivities(tissue, therapy)
        kinds = cells.type[: cells.n]
        hit = kinds != DEAD
        hit[hit] = alpha[kinds[hit]] + beta[kinds[hit]] > 0.0
        if therapy.state not in biology.states or not hit.any():
            return
        doom = cells.columns.state[: cells.n, biology.states.index(therapy.state)]
        rows = np.flatnonzero(hit & (doom < 1.0))
        felt = dose * sensitized(tissue, therapy, rows) * unresisted(tissue, therapy, rows)
        survival = np.exp(-(alpha[kinds[rows]] + beta[kinds[rows]] * felt) * felt)
        drawn = chance.units(cells.id[rows], tissue.clock.step, tissue.key("irradiate"), index)
        doomed = rows[drawn >= survival]
        doom[doomed] = 1.0
        for code, cell in enumerate(biology.types):
            tissue.counters[f"doomed.{cell}"] += int(np.count_nonzero(kinds[doomed] == code))


def sensitivities(tissue: Patch, therapy: Radiation) -> tuple[np.ndarray, np.ndarray]:
    """Alpha (1/Gy) and beta (1/Gy²) of each cell type, (types,) each; 0 of types that radiation spares."""
    found = np.zeros((2, len(tissue.biology.types)))
    for survival in therapy.survival:
        for cell in survival.cells:
            if cell in tissue.biology.types:
                host = tissue.setting.host
                found[:, tissue.biology.code(cell)] = survival.alpha.at(host), survival.beta.at(host)
    return found[0], found[1]


def sensitized(tissue: Patch, therapy: Radiation, rows: np.ndarray) -> np.ndarray:
    """The share of a dose that counts by the level of the field that sensitizes, (rows,)."""
    oxygen, host = therapy.oxygen, tissue.setting.host
    if oxygen is None:
        return np.ones(rows.size)
    level = np.zeros(rows.size)
    if oxygen.field in tissue.biology.fields:
        at = tissue.maps.fields[tissue.biology.fields.index(oxygen.field)]
        level += np.maximum(at[tissue.cells.y[rows], tissue.cells.x[rows]], 0.0)
    ratio, half = oxygen.ratio.at(host), oxygen.half.at(host)
    return (1.0 + (ratio - 1.0) * level / (level + half)) / ratio


def unresisted(tissue: Patch, therapy: Radiation, rows: np.ndarray) -> np.ndarray:
    """The share of a dose that counts by the states that make cells resist, (rows,)."""
    share = np.ones(rows.size)
    for resistance in therapy.resistance:
        if resistance.state in tissue.biology.states:
            z = tissue.cells.columns.state[rows, tissue.biology.states.index(resistance.state)].astype(float)
            share *= 1.0 - (1.0 - resistance.to.at(tissue.setting.host)) * z
    return share
