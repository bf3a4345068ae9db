"""Lymph node: where the host's T cells are primed, and the blood that carries them back.

Cells that leave a lesion with antigens bring them here. For each clonotype (antigen) k, with a_k units of antigen in
the node,  da/dt = arrivals − loss · a,  and A = a / (a + half)  is how much of it a T cell meets. Each type that is
primed (a role of the catalogue) has a response of its own, in cells of the whole host:

- naive: dN/dt = thymic_output (precursors − N) − N A / lag; recruits wait `lag`, then divide for `program`;
- of those that come out of the program, `stem_share` stay as stem-like cells, as far as their niche has room; these
  renew themselves and are slowly lost:  dS/dt = founded + renewal A S (1 − S / niche) − stem_loss S;
- waves: as long as antigen arrives, stem-like cells divide asymmetrically at wave_rate A: one daughter stays, the other
  waits `lag` and divides for `wave_program`. Without antigen the pool rests as memory, and answers again;
- both come out into the blood, where they contract:  dB/dt = out − contraction · B.

Cohorts are kept by age in steps, so lag and programs are exact delays.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from tmesim.catalogue import Catalogue

PARTS = ("naive", "antigen", "cohorts", "stem", "waves", "blood")


class LymphNode:
    """Tumor-reactive T cells by primed type and clonotype: naive, in the program, stem-like, in waves, in the blood.

    types : those that are primed, in the order of the catalogue; all numbers of cells are (types, clonotypes)
    """

    def __init__(self, catalogue: Catalogue, host: str, dt: float) -> None:
        self.dt = dt
        clonotypes = int(catalogue.processes["priming"]["clonotypes"].at(host))
        self.types = tuple(cell for cell, entry in catalogue.cells.items() if entry.primed is not None)
        several = len(self.types), clonotypes
        self.antigen = np.zeros(clonotypes)
        self.stem, self.blood = np.zeros(several), np.zeros(several)
        self.cohorts, self.waves = np.zeros((*several, 0)), np.zeros((*several, 0))  # by age in steps
        self.tune(catalogue, host)
        self.naive = np.tile(self.precursors, (1, clonotypes))

    def tune(self, catalogue: Catalogue, host: str) -> None:
        """Take over the numbers of the catalogue in force, again when an arm changes them.

        Cohorts keep their age; those that a shorter program finds beyond its end leave at its end.
        """
        parameters = catalogue.processes["priming"]

        def at(name: str) -> float:
            return parameters[name].at(host)

        def of_types(name: str) -> np.ndarray:
            numbers = [getattr(catalogue.cells[cell].primed, name).at(host) for cell in self.types]
            return np.array(numbers, np.float64)[:, None]

        self.lag = max(round(at("lag") / self.dt), 1)
        self.cohorts = _resized(self.cohorts, self.lag + max(round(at("program") / self.dt), 1))
        self.waves = _resized(self.waves, self.lag + max(round(at("wave_program") / self.dt), 1))
        self.half = at("half_antigen")
        self.unit = at("antigen_per_cell")
        self.keep = np.exp(-at("antigen_loss") * self.dt)
        self.recruiting = 1.0 / at("lag")
        self.contract = np.exp(-at("contraction") * self.dt)
        self.thymus = -np.expm1(-at("thymic_output") * self.dt)
        self.stem_share = at("stem_share")
        self.renewal = at("stem_renewal")
        self.stem_loss = at("stem_loss")
        self.wave_rate = at("wave_rate")
        self.precursors = of_types("precursors")
        self.growth = np.exp(of_types("expansion_rate") * self.dt)[..., None]
        self.per_level = of_types("cells_per_level")
        self.niche = of_types("niche")

    def advance(
        self, carried: np.ndarray, dividing: np.ndarray | float = 0.0, resting: np.ndarray | float = 0.0
    ) -> None:
        """One step. carried : (clonotypes,) cells that have arrived with each antigen; dividing, resting : 1/h at which
        drugs kill the cells of each type that divide and those that rest, (types,) or one for all."""
        self._kill(np.broadcast_to(dividing, len(self.types)), np.broadcast_to(resting, len(self.types)))
        self.antigen = self.antigen * self.keep + self.unit * carried
        met = self.antigen / (self.antigen + self.half)
        self.naive = self.naive + (self.precursors - self.naive) * self.thymus
        recruits = self.naive * -np.expm1(-self.recruiting * self.dt * met)
        self.naive = self.naive - recruits
        out = self._age(self.cohorts, recruits)
        called = self.stem * -np.expm1(-self.wave_rate * self.dt * met)
        again = self._age(self.waves, called)
        room = np.maximum(1.0 - self.stem / self.niche, 0.0)
        founded = np.minimum(self.stem_share * out * room, self.niche * room)
        self.stem = self.stem * np.exp((self.renewal * met * room - self.stem_loss) * self.dt) + founded
        self.blood = self.blood * self.contract + out - founded + again

    def _kill(self, dividing: np.ndarray, resting: np.ndarray) -> None:
        """What drugs leave over the step; cells that have been called divide, or are about to."""
        if dividing.any():
            left = np.exp(-dividing * self.dt)[:, None, None]
            self.cohorts, self.waves = self.cohorts * left, self.waves * left
        if resting.any():
            left = np.exp(-resting * self.dt)[:, None]
            self.naive, self.stem, self.blood = self.naive * left, self.stem * left, self.blood * left

    def _age(self, cohorts: np.ndarray, joining: np.ndarray) -> np.ndarray:
        """Cohorts grow a step older, in place; who comes out of them."""
        out = cohorts[..., -1].copy()
        cohorts[..., 1:] = cohorts[..., :-1]
        cohorts[..., self.lag :] *= self.growth
        cohorts[..., 0] = joining
        return out

    @property
    def levels(self) -> np.ndarray:
        """What each clonotype of a type adds to the blood, (types, clonotypes), in units of the type in health."""
        return self.blood / self.per_level

    def state(self) -> dict[str, np.ndarray]:
        """Copies of all that changes."""
        return {name: getattr(self, name).copy() for name in PARTS}

    def restore(self, state: dict[str, np.ndarray]) -> None:
        """Put back what `state` returned."""
        for name in PARTS:
            setattr(self, name, np.array(state[name], dtype=float))


def _resized(old: np.ndarray, steps: int) -> np.ndarray:
    """Cohorts of so many ages, with everybody in them."""
    if steps == old.shape[-1]:
        return old
    new = np.zeros((*old.shape[:-1], steps))
    kept = min(steps, old.shape[-1])
    new[..., :kept] = old[..., :kept]
    new[..., -1] += old[..., kept:].sum(axis=-1)
    return new
