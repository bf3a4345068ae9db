"""Lymph node: where T cells are primed, and the blood that carries them back.

Cells that leave a tissue with antigens bring them here. For each clonotype (antigen) k, with a_k units of antigen in
the node,  da/dt = arrivals − loss · a;  precursors N are recruited at rate N a / (a + half) / lag; recruits wait `lag`,
then divide at `expansion` for `program`, and enter the blood, where they contract:  dB/dt = out − contraction · B.
Cohorts are kept by age in steps, so lag and program are exact delays.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from tmesim.kernels.arrays import WORD_BITS

if TYPE_CHECKING:
    from tmesim.catalogue.models import Process


class LymphNode:
    """Clonotypes of tumor-reactive T cells: naive, in the program, and in the blood (cells each)."""

    def __init__(self, parameters: Process, host: str, dt: float) -> None:
        self.dt = dt
        clonotypes = int(parameters["clonotypes"].at(host))
        self.naive = np.full(clonotypes, parameters["precursors"].at(host))
        self.antigen = np.zeros(clonotypes)
        self.cohorts = np.zeros((clonotypes, 0))  # by age in steps
        self.blood = np.zeros(clonotypes)
        self._word, bit = np.divmod(np.arange(clonotypes), WORD_BITS)
        self._bit = bit.astype(np.uint32)
        self.tune(parameters, host)

    def tune(self, parameters: Process, host: str) -> None:
        """Take over the numbers of the process, again when an arm changes them.

        Cohorts keep their age; those that a shorter program finds beyond its end leave at its end.
        """

        def at(name: str) -> float:
            return parameters[name].at(host)

        self.lag = max(round(at("lag") / self.dt), 1)
        self._resize(self.lag + max(round(at("program") / self.dt), 1))
        self.per_level = at("cells_per_level")
        self.half = at("half_antigen")
        self.unit = at("antigen_per_cell")
        self.keep = np.exp(-at("antigen_loss") * self.dt)
        self.growth = np.exp(at("expansion_rate") * self.dt)
        self.recruiting = 1.0 / at("lag")
        self.contract = np.exp(-at("contraction") * self.dt)

    def _resize(self, steps: int) -> None:
        """Cohorts of so many ages, with everybody in them."""
        if steps == self.cohorts.shape[1]:
            return
        old, self.cohorts = self.cohorts, np.zeros((self.naive.size, steps))
        kept = min(steps, old.shape[1])
        self.cohorts[:, :kept] = old[:, :kept]
        self.cohorts[:, -1] += old[:, kept:].sum(axis=1)

    def advance(self, loaded: int, antigens: np.ndarray) -> None:
        """One step: so many `loaded` cells have arrived with antigens, (words,) uint32."""
        carried = (antigens[self._word] >> self._bit & np.uint32(1)).astype(float)
        self.antigen = self.antigen * self.keep + self.unit * loaded * carried
        share = 1.0 - np.exp(-self.recruiting * self.dt * self.antigen / (self.antigen + self.half))
        recruits = self.naive * share
        self.naive = self.naive - recruits
        out = self.cohorts[:, -1].copy()
        self.cohorts[:, 1:] = self.cohorts[:, :-1]
        self.cohorts[:, self.lag :] *= self.growth
        self.cohorts[:, 0] = recruits
        self.blood = self.blood * self.contract + out

    @property
    def levels(self) -> np.ndarray:
        """Blood level of each clonotype, in units of the reference level of T cells in healthy blood."""
        return self.blood / self.per_level

    def state(self) -> dict[str, np.ndarray]:
        """Copies of all that changes."""
        return {name: getattr(self, name).copy() for name in ("naive", "antigen", "cohorts", "blood")}

    def restore(self, state: dict[str, np.ndarray]) -> None:
        """Put back what `state` returned."""
        for name in ("naive", "antigen", "cohorts", "blood"):
            setattr(self, name, np.array(state[name], dtype=float))
