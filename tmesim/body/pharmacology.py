"""Pharmacology: doses become plasma levels, plasma becomes tissue, tissue becomes occupancy of the target.

A course is one or two compartments with first-order exchange, dA/dt = M A for the amounts per kg in (depot, central,
peripheral) and the effect compartment dCe/dt = rate (partition · unbound · Cp − Ce); solved exactly by the matrix
exponential. The signal drug.<therapy> is Ce / (Ce + kd). A drug that must reach cells by diffusion has no effect
compartment: its unbound plasma level is what perfused vessels carry, and its field does the rest. In the tissue of
another organ than the breast Ce counts times the access that the drug has there (catalogue.organs.access).
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from functools import lru_cache
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
from scipy.linalg import expm

from tmesim.catalogue import BREAST, access
from tmesim.catalogue.compile import Biology, drug_field

if TYPE_CHECKING:
    from tmesim.catalogue import Catalogue
    from tmesim.catalogue.models import Drug, Number
    from tmesim.scenario import Dose

BODY = {"mouse": {"kg": 0.02, "m2": 0.02 / 3.0}, "human": {"kg": 70.0, "m2": 1.8}}  # m²: 3 and 37–39 kg/m² (FDA 2005)
DEPOT, CENTRAL, PERIPHERAL, EFFECT = range(4)
NM_PER_PM = 1e-3


def milligrams_per_kg(dose: float, unit: str, host: str) -> float:
    """A dose in mg/kg, mg or mg/m² as mg per kg of body weight."""
    body = BODY[host]
    return dose * {"mg/kg": 1.0, "mg": 1.0 / body["kg"], "mg/m²": body["m2"] / body["kg"]}[unit]


@lru_cache(maxsize=256)
def _exponential(matrix: bytes) -> np.ndarray:
    """exp of an 8 × 8 matrix. Every arm and every replicate tunes all its drugs, to hardly ever new numbers."""
    found: np.ndarray = expm(np.frombuffer(matrix).reshape(8, 8))
    found.flags.writeable = False
    return found


class Course:
    """One drug in one body: amounts (mg/kg; effect compartment in nM), advanced step by step."""

    def __init__(self, name: str, drug: Drug, host: str, dt: float) -> None:
        self.name = name
        self.amounts = np.zeros(4)
        self.mean = np.zeros(4)  # of the amounts over the present step: a peak of minutes must not pass for an hour
        self.host = host
        self.dt = dt
        self.tune(drug)

    def tune(self, drug: Drug) -> None:
        """Take over the numbers of the drug, again when an arm changes them; amounts in the body stay."""
        host, dt, pk = self.host, self.dt, drug.pk

        def at(number: Number | None, default: float = 0.0) -> float:
            return default if number is None else number.at(host)

        per_kg = pk.central_volume.unit_at(host).endswith("/kg")
        self.scale = 1.0 if per_kg else BODY[host]["kg"]  # volumes of a whole body take the whole dose
        volume = at(pk.central_volume)
        absorption = at(pk.absorption)
        self.entry = DEPOT if absorption > 0 else CENTRAL
        self.available = at(pk.bioavailability, 1.0)
        self.unbound = at(pk.unbound, 1.0)
        self.nanomolar = 1e3 / (at(pk.molar_mass) * volume)  # mg/L over kDa (1e3 g/mol) is µM, so × 1e3 is nM
        self.kd = drug.occupancy.kd.at(host) * (NM_PER_PM if _is_pm(drug.occupancy.kd, host) else 1.0)
        m = np.zeros((4, 4))
        m[DEPOT, DEPOT] = -absorption
        m[CENTRAL, DEPOT] = absorption
        m[CENTRAL, CENTRAL] = -at(pk.clearance) / volume
        if pk.compartments == 2:
            exchange = at(pk.intercompartment)
            m[CENTRAL, CENTRAL] -= exchange / volume
            m[PERIPHERAL, CENTRAL] = exchange / volume
            m[CENTRAL, PERIPHERAL] = exchange / at(pk.peripheral_volume)
            m[PERIPHERAL, PERIPHERAL] = -exchange / at(pk.peripheral_volume)
        if drug.tissue is not None:
            rate = drug.tissue.rate.at(host)
            m[EFFECT, CENTRAL] = rate * drug.tissue.partition.at(host) * self.unbound * self.nanomolar
            m[EFFECT, EFFECT] = -rate
        # exp of [[M, 1], [0, 0]] dt holds exp(M dt), and beside it the integral of exp(M t) over the step
        both = _exponential((np.block([[m, np.eye(4)], [np.zeros((4, 8))]]) * dt).tobytes())
        self.advance_by, self.average_by = both[:4, :4], both[:4, 4:] / dt
        self.effects = drug.effects
        self.kills = drug.kills
        self.delivered = drug.delivery == "field"
        self.access = access(drug, host)

    def give(self, dose: float, unit: str) -> None:
        """A dose now."""
        self.amounts[self.entry] += milligrams_per_kg(dose, unit, self.host) * self.scale * self.available

    def advance(self) -> None:
        """One step of dt."""
        self.mean = np.maximum(self.average_by @ self.amounts, 0.0)
        self.amounts = np.maximum(self.advance_by @ self.amounts, 0.0)

    def restore(self, amounts: np.ndarray) -> None:
        """Put back amounts."""
        self.amounts, self.mean = np.array(amounts, dtype=float), np.array(amounts, dtype=float)

    @property
    def plasma(self) -> float:
        """Plasma concentration, bound and unbound, nM."""
        return float(self.amounts[CENTRAL] * self.nanomolar)

    def tissue_in(self, organ: str) -> float:
        """Concentration in the tissue of an organ, nM; of a drug with a field, the unbound one of plasma."""
        return self._acting(self.amounts, organ)

    def occupancy_in(self, organ: str) -> float:
        """Share of the target that the drug holds in the tissue of an organ, 0 … 1."""
        found = self.tissue_in(organ)
        return found / (found + self.kd)

    @property
    def tissue(self) -> float:
        """Concentration in the tissue of the breast, nM."""
        return self.tissue_in(BREAST)

    @property
    def occupancy(self) -> float:
        """Share of the target that the drug holds in the tissue of the breast, 0 … 1."""
        return self.occupancy_in(BREAST)

    @property
    def blood(self) -> float:
        """Unbound concentration that perfused vessels carry over the present step, nM."""
        return float(self.mean[CENTRAL] * self.nanomolar * self.unbound)

    def effect_in(self, organ: str) -> float:
        """Share of the target that the drug holds in an organ over the present step, 0 … 1."""
        acting = self._acting(self.mean, organ)
        return acting / (acting + self.kd)

    @property
    def effect(self) -> float:
        """Share of the target that the drug holds where nothing bars its way over the present step, 0 … 1."""
        return self.effect_in(BREAST)

    def _acting(self, amounts: np.ndarray, organ: str) -> float:
        if self.delivered:
            return float(amounts[CENTRAL] * self.nanomolar * self.unbound)
        return float(amounts[EFFECT]) * self.access[organ]


def _is_pm(number: Number, host: str) -> bool:
    return number.unit_at(host) == "pM"


class Acting(NamedTuple):
    """What drugs do over a step in the tissue of one organ."""

    drug: np.ndarray  # float32 (drugs,), share of the target that each holds
    signal: np.ndarray  # float32 (types, signals), what is left of each signal
    behavior: np.ndarray  # float32 (behaviors,), what is left of each behavior
    carried: dict[str, float]  # pM in the blood of drugs that reach cells through a field, by its name


class Pharmacology:
    """All drugs among the therapies that a scenario gives, in one body."""

    def __init__(self, therapies: Iterable[str], catalogue: Catalogue, host: str, dt: float) -> None:
        drugs = catalogue.drugs
        self.courses = {name: Course(name, drugs[name], host, dt) for name in therapies if name in drugs}

    def tune(self, catalogue: Catalogue) -> None:
        """Take over the numbers of the catalogue in force, again when an arm changes them."""
        for name, course in self.courses.items():
            course.tune(catalogue.drugs[name])

    def give(self, dose: Dose) -> None:
        """A dose now."""
        self.courses[dose.use].give(dose.dose, dose.unit)

    def advance(self) -> None:
        """One step."""
        for course in self.courses.values():
            course.advance()

    def acting(self, biology: Biology, organ: str) -> Acting:
        """What all drugs together do in the tissue of an organ over the present step."""
        courses = self.courses.values()
        signal, behavior = factors(courses, biology, organ)
        drug = np.array([course.effect_in(organ) for course in courses] or [0.0], np.float32)
        carried = {drug_field(c.name): c.blood / NM_PER_PM for c in courses if c.delivered}
        return Acting(drug, signal, behavior, carried)

    def killing(self, state: str, types: Sequence[str]) -> np.ndarray:
        """1/h at which all drugs together kill cells in blood and lymph node over the present step, (types,).

        state : of the cells, "dividing" or "resting"
        """
        rates = np.zeros(len(types))
        for course in self.courses.values():
            for kill in course.kills:
                if kill.state == state:
                    mine = np.array([not kill.cells or cell in kill.cells for cell in types], np.bool_)
                    rates[mine] += course.effect * kill.rate.at(course.host)
        return rates

    def state(self) -> dict[str, np.ndarray]:
        """Copies of the amounts of each drug."""
        return {name: course.amounts.copy() for name, course in self.courses.items()}

    def restore(self, state: dict[str, np.ndarray]) -> None:
        """Put back what `state` returned."""
        for name, amounts in state.items():
            self.courses[name].restore(amounts)


def factors(courses: Iterable[Course], biology: Biology, organ: str = BREAST) -> tuple[np.ndarray, np.ndarray]:
    """What all drugs together leave of each signal in each type, and of each behavior, in the tissue of an organ:
    float32, 1 without drugs."""
    signal = np.ones((len(biology.types), len(biology.signals)), np.float32)
    behavior = np.ones(len(biology.behaviors), np.float32)
    for course in courses:
        share = course.effect_in(organ)
        if share <= 0:
            continue
        for effect in course.effects:
            cells = [cell for cell in effect.cells or biology.types if cell in biology.types]
            if effect.blocks is not None and effect.fraction is not None:
                if effect.blocks not in biology.signals:  # of a drug that no arm gives
                    continue
                column = biology.signals.index(effect.blocks)
                rows = [biology.code(c) for c in cells]
                signal[rows, column] *= 1.0 - share * effect.fraction.at(biology.host)
            elif effect.scales is not None and effect.to is not None:
                for cell in cells:
                    if (cell, effect.scales) in biology.slots:
                        to = effect.to.at(biology.host)
                        behavior[biology.index(cell, effect.scales)] *= 1.0 + share * (to - 1.0)
    return signal, behavior
