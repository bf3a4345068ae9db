"""Cases that solve fields alone, while a share of the sites that feed them changes before each step."""

from __future__ import annotations

import copy
import time
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

import numpy as np

from tmesim.bench.measuring import WHOLE, Step, figures, peak_rss
from tmesim.tissue.fields import Fields, FieldSpec, SolveError

DT = 1.0  # h
TOL = 1e-4
TIGHT = 1e-6  # float32 resolves 1e-7 of the maximum, so a change below this means nothing
VESSEL = 1e5  # 1/h, exchange of a site with the blood
BLOOD = 45.0  # mmHg
SECRETION = 1771.0  # pM/h, a molecule a second from one cell
OXYGEN = FieldSpec("oxygen", 7.2e6, half_max=1.0, start=38.0)
# reach 60 µm to 400 µm; each kind of edge; the last follows in time
SIGNALS = (
    FieldSpec("sealed", 3.6e5, decay=9.0, start=1.0),
    FieldSpec("held", 1.8e5, decay=12.0, edge="dirichlet", level=2.0),
    FieldSpec("leaking", 3.6e5, decay=2.0, edge="robin", level=1.0, exchange=3e3, start=1.0),
    FieldSpec("short", 7.2e4, decay=20.0),
    FieldSpec("washed", 2.9e5, decay=20.0, edge="dirichlet"),
    FieldSpec("scavenged", 3.6e5, decay=36.0, edge="robin", level=10.0, exchange=3e4, start=10.0),
    FieldSpec("lasting", 3.6e4, decay=0.2, slow=True, start=1.0),
)


@dataclass(frozen=True)
class FieldsCase:
    """Fields on `sites`² sites, solved for `steps` steps after one from their start values; no cells."""

    name: str
    specs: tuple[FieldSpec, ...]
    sites: int
    steps: int
    share: float = 0.05  # of the sources of each field, changed before each step
    tol: float = TOL

    def measure(self) -> dict[str, Any]:
        """Rates of the solver, and the error of its last answer."""
        supply = Supply(self.specs, self.sites)
        fields = supply.fields
        fields.solve(DT, tol=self.tol)
        taken, cycles = [], 0
        for _ in range(self.steps):
            supply.change(self.share)
            before = fields.state()
            begun = time.perf_counter()
            reports = fields.solve(DT, tol=self.tol)
            seconds = time.perf_counter() - begun
            taken.append(Step({WHOLE: seconds, "diffuse": seconds}))
            cycles += sum(report.cycles for report in reports)
        count = len(self.specs)
        peak = peak_rss()  # before the tighter solve
        found = figures(self.name, taken, sites=self.sites**2, fields=count, threads=1, peak=peak, each=count)
        return found | {"cycles_per_step": cycles / self.steps, "field_error": error(fields, before)}


class Supply:
    """Fields whose sources, loss and uptake jump from site to site, and whose sources wander.

    sources : (fields, rows, cols) bool; for oxygen they are vessels, which take it back where it is above their level
    """

    def __init__(self, specs: tuple[FieldSpec, ...], sites: int, seed: int = 1) -> None:
        shape = (sites, sites)
        self.rng = np.random.default_rng(seed)
        self.fields = Fields([spec.name for spec in specs], shape, 15.0, specs)
        self.sources = np.zeros((len(specs), *shape), bool)
        self._loss = self.fields.loss.copy()  # without vessels
        for f, spec in enumerate(specs):
            strength = self.rng.lognormal(0.0, 0.5, shape)
            if spec.half_max is not None:
                self.sources[f] = self.rng.random(shape) < 0.03
                self.fields.vmax[self.fields.vmax_row[f]] = np.where(self.rng.random(shape) < 0.7, 3e4 * strength, 0.0)
            else:
                self.sources[f] = self.rng.random(shape) < 0.1
                self._loss[f] += np.where(self.rng.random(shape) < 0.3, 30.0 * strength, 0.0)
            self._feed(f, self.sources[f])

    def change(self, share: float) -> None:
        """A share of the sources of each field falls silent, and as many other sites begin."""
        for f, here in enumerate(self.sources):
            there, free = np.flatnonzero(here), np.flatnonzero(~here)
            number = round(share * there.size)
            here.flat[self.rng.choice(there, number, replace=False)] = False
            begun = np.zeros_like(here)
            begun.flat[self.rng.choice(free, number, replace=False)] = True
            here |= begun
            self._feed(f, begun)

    def _feed(self, f: int, begun: np.ndarray) -> None:
        """Bring source and loss up to date with the sites that are sources; those that have begun draw a strength."""
        fields, here = self.fields, self.sources[f]
        fields.source[f][~here] = 0.0
        if fields.specs[f].half_max is not None:
            fields.source[f][begun] = VESSEL * BLOOD
            fields.loss[f] = np.where(here, VESSEL, self._loss[f])
        else:
            fields.source[f][begun] = SECRETION * self.rng.lognormal(0.0, 0.5, int(begun.sum()))
            fields.loss[f] = self._loss[f]


def error(fields: Fields, before: dict[str, np.ndarray]) -> float:
    """Largest difference of any field from a far tighter solve, relative to the field's maximum.

    before : values by name ahead of the last solve, from which slow fields go; the others begin anew
    """
    tight = copy.deepcopy(fields)
    for f, spec in enumerate(tight.specs):
        tight.values[f] = before[spec.name] if spec.slow else spec.start
    with suppress(SolveError):  # where float32 does not come so far, what it came to is the closest there is
        tight.solve(DT, tol=TIGHT)
    gaps = np.abs(fields.values - tight.values).max(axis=(1, 2))
    return float((gaps / tight.values.max(axis=(1, 2))).max())
