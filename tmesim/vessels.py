"""Vessels: the overlay of segments with their links, roots, tips and flow (see kernels.sprouting for the rules)."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from tmesim.kernels import sprouting
from tmesim.kernels.arrays import SITE_UM
from tmesim.kernels.chance import key_of

if TYPE_CHECKING:
    from tmesim.catalogue.models import Process
    from tmesim.tissue import Tissue

SHARED = ("links", "root", "tip", "perfusion")


class Vessels:
    """Maps (ny, nx) of the vessel network of one tissue."""

    def __init__(self, shape: tuple[int, int], parameters: Process, host: str, spacing: float) -> None:
        self.links = np.zeros(shape, np.uint8)
        self.root = np.zeros(shape, np.bool_)
        self.tip = np.zeros(shape, np.bool_)
        self.perfusion = np.zeros(shape, np.float32)
        self.length = np.ones(shape, np.float32)  # of a segment, in SITE_UM; follows from root
        self.spacing = spacing
        self.tune(parameters, host)

    def tune(self, parameters: Process, host: str) -> None:
        """Take over the parameters of the process, again when an arm changes them."""
        at = {name: parameters[name].at(host) for name in parameters}
        guidance = at["guidance"] * SITE_UM / self.spacing  # weighs the rise over SITE_UM
        self.rates = (
            guidance, at["noise"], at["tip_spacing"] / self.spacing, at["starving"], at["grace"],
            at["flow_shelter"],
        )  # fmt: skip

    @property
    def perfused(self) -> np.ndarray:
        """Where a segment carries blood, bool (ny, nx)."""
        return self.perfusion > 0

    def remodel(self, tissue: Tissue) -> np.ndarray:
        """Regression, sprouting and growth in one step of `tissue`; returns sprouts, joins and regressions."""
        biology, cells = tissue.biology, tissue.cells
        slots = tuple(biology.slot("endothelial", b) for b in ("sprouting", "tip_speed", "regression"))
        cells.make_room((sprouting.MOST_ADVANCE + 1) * int((tissue.layers.vessel >= 0).sum()) + 8)
        cells.n, tally = sprouting.remodel(
            cells.n, tissue.hour, tissue.dt, tissue.step_index, self.spacing, key_of(tissue.seed, "vessels"), slots,
            self.rates, biology.code("endothelial"), tissue.fields["vegf"], cells.columns, tissue.layers,
            self.links, self.root, self.tip, self.perfusion, self.length,
        )  # fmt: skip
        return tally

    def clear(self, y: int, x: int) -> None:
        """Forget a segment: its links, both ways, and its marks."""
        sprouting.cut(y, x, self.links)
        self.root[y, x] = self.tip[y, x] = False
        self.perfusion[y, x] = 0

    def perfuse(self, tissue: Tissue) -> None:
        """Find out who carries blood now."""
        self._measure()
        openness = tissue.biology.slot("endothelial", "openness")
        sprouting.perfuse(openness, tissue.cells.columns, tissue.layers, self.links, self.root, self.perfusion)

    def _measure(self) -> None:
        """The length of a segment: roots cross the section, all others lie in it."""
        self.length[...] = np.where(self.root, 1.0, self.spacing / SITE_UM)

    def state(self) -> dict[str, np.ndarray]:
        """Copies of all that changes."""
        return {name: getattr(self, name).copy() for name in SHARED}

    def restore(self, state: dict[str, np.ndarray]) -> None:
        """Put back what `state` returned, in place: the kernels hold on to these maps."""
        for name in SHARED:
            getattr(self, name)[...] = state[name]
        self._measure()
