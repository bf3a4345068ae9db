"""The one vocabulary of signals and behaviors, with the unit of each, and the unit and bounds of every number.

A signal is what a cell can sense, a behavior what it can do. Rules, therapies and clones speak in these words; a new
cell type, field, state or therapy brings its words with it.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, NamedTuple

from tmesim.catalogue.models import Number, Rule
from tmesim.reading import DataPath

if TYPE_CHECKING:
    from tmesim.catalogue import Catalogue


class Term(NamedTuple):
    """A word of the vocabulary: its unit and what it means."""

    unit: str
    meaning: str
    most: float = math.inf


class Slot(NamedTuple):
    """What a number must be: its unit inside (the first that fits of several) and its bounds in that unit."""

    units: tuple[str, ...]
    low: float = 0.0
    high: float = math.inf
    positive: bool = False
    whole: bool = False

    def most(self, unit: str) -> float:
        """The upper bound in one of its units."""
        return min(self.high, MOST.get(unit, 1e9))


# Beyond these, far above any value in the literature, the engine's 32-bit numbers begin to overflow.
MOST = {"1": 1e4, "1/h": 1e6, "h": 1e6, "min": 1e6, "µm/min": 1e3, "µm/h": 1e4, "mmHg": 1e4, "mmHg/h": 1e8,
        "mg/kg": 1e6, "kDa": 1e5}  # fmt: skip
LEAST = 1e-9  # of what must be above 0


_PLAIN_BEHAVIORS = {
    "division": Term("1/h", "divides"),
    "apoptosis": Term("1/h", "dies in good order"),
    "necrosis": Term("1/h", "dies from want"),
    "egress": Term("1/h", "leaves the tissue"),
    "clearance": Term("1/h", "vanishes from the tissue, or digests dead-cell material"),
    "speed": Term("µm/min", "moves at this speed"),
    "persistence": Term("min", "keeps its direction for this long"),
    "deposition.ecm": Term("1/h", "lays down extracellular matrix"),
    "degradation.ecm": Term("1/h", "removes extracellular matrix"),
    "attachment": Term("1/h", "forms a synapse with a touched target"),
    "detachment": Term("1/h", "gives up a synapse"),
    "hit_rate": Term("1/h", "hits the target it is engaged with"),
    "visibility": Term("1", "is recognized: factor of the chance of a hit", 1.0),
    "sprouting": Term("1/h", "sends out a vessel sprout"),
    "tip_speed": Term("µm/h", "extends a sprout at this speed"),
    "regression": Term("1/h", "is pruned"),
    "openness": Term("1", "is open: share of the full lumen", 1.0),
}

_PLAIN_SIGNALS = {
    "packing": Term("1", "share of the 8 neighbor sites that hold a tissue cell", 1.0),
    "contact.vessel": Term("1", "perfused vessel segments on the same site and its 8 neighbors"),
    "engagement": Term("1", "share of about the last hour that an attacker spent in synapse", 1.0),
    "age": Term("h", "time since the cell was born or came in"),
}


FIELD_BEHAVIORS = ("secretion", "uptake", "exchange", "chemotaxis")  # what a cell can have to do with a field


def field_units(catalogue: Catalogue) -> dict[str, str]:
    """Unit of each field by name, fields of drugs among them."""
    own = {name: entry.unit for name, entry in catalogue.fields.items()}
    drugs = {f"drug_{name}": t.field.unit for name, t in catalogue.therapies.items() if t.field is not None}
    return own | drugs


def signals(catalogue: Catalogue) -> dict[str, Term]:
    """Each signal a rule may name."""
    terms = {name: Term(unit, f"level of {name} on the site") for name, unit in field_units(catalogue).items()}
    terms |= {name: Term(entry.unit, entry.label) for name, entry in catalogue.matrix.items()}
    terms |= _PLAIN_SIGNALS
    for name, s in catalogue.states.items():
        if s.shown:
            meaning = f"{s.label} summed over the cells on the same site and its 4 neighbors"
            terms[f"contact.{name}"] = Term("1", meaning)
    for name, cell in catalogue.cells.items():
        meaning = f"number of cells of type {name} ({cell.label}) on the same site and its 8 neighbors"
        terms[f"contact.{name}"] = Term("1", meaning)
    terms |= {f"state.{name}": Term("1", f"own {s.label}: {s.meaning}", 1.0) for name, s in catalogue.states.items()}
    for name, s in catalogue.states.items():
        meaning = f"how far in between the own {s.label} z is: 4 z (1 - z), 0 at both ends and 1 in the middle"
        terms[f"hybrid.{name}"] = Term("1", meaning, 1.0)
    for name, therapy in catalogue.therapies.items():
        terms[f"drug.{name}"] = Term("1", f"share of the target that {therapy.label} occupies", 1.0)
    return terms


def behaviors(catalogue: Catalogue) -> dict[str, Term]:
    """Each behavior a cell type may have."""
    terms = dict(_PLAIN_BEHAVIORS)
    for name, cell in catalogue.cells.items():
        terms[f"become.{name}"] = Term("1/h", f"turns into a cell of type {name} ({cell.label})")
        meaning = f"lets cells of type {name} in, per perfused segment at reference blood"
        terms[f"admit.{name}"] = Term("1/h", meaning, 10.0)
    for name, unit in field_units(catalogue).items():
        saturable = name in catalogue.fields and catalogue.fields[name].kinetics == "michaelis_menten"
        terms[f"secretion.{name}"] = Term(f"{unit}/h", f"secretes {name} into its site")
        terms[f"uptake.{name}"] = Term(f"{unit}/h" if saturable else "1/h", f"takes up {name} from its site")
        terms[f"exchange.{name}"] = Term("1/h", f"exchanges {name} between blood and site")
        terms[f"chemotaxis.{name}"] = Term("1", f"share of moves directed up the gradient of {name}", 1.0)
    for name, state in catalogue.states.items():
        terms[f"{name}_gain"] = Term("1/h", f"raises its {state.label}")
        terms[f"{name}_loss"] = Term("1/h", f"lowers its {state.label}")
    return terms


# What the engine asks of the parameters of its processes, beside their unit; the others are 0 or above.
_PROCESSES = {
    "division.push_reach": Slot((), low=1, high=8, whole=True),  # cells within one sweep's reach, kernels.arrays.REACH
    "leukocytes.substep": Slot((), positive=True),
    "leukocytes.damage_half_life": Slot((), positive=True),
    "leukocytes.squeeze": Slot((), high=1),
    "leukocytes.ecm_exclusion": Slot((), high=1),
    "leukocytes.gradient_half": Slot((), positive=True),
    "priming.clonotypes": Slot((), low=1, high=1000, whole=True),
    "priming.cells_per_level": Slot((), positive=True),
    "priming.half_antigen": Slot((), positive=True),
    "priming.lag": Slot((), positive=True, high=1e4),
    "priming.program": Slot((), positive=True, high=1e4),
    "priming.expansion_rate": Slot((), high=1),
    "priming.reactive_fraction": Slot((), high=1),
    "vessels.flow_shelter": Slot((), high=1),
    "blood": Slot((), high=1e3),
}


def process_slot(process: str, name: str, number: Number) -> Slot:
    """A process names the units of its numbers itself; below zero only where the range of a number says so."""
    span, host = number.range_at(number.hosts[0]), number.hosts[0]
    slot = _PROCESSES.get(f"{process}.{name}") or _PROCESSES.get(process)
    slot = slot or Slot((), low=min(0.0, span[0]) if span else 0.0)
    return slot._replace(units=(number.unit_at(host),))


_FIELD = {"diffusion": "µm²/h", "decay": "1/h", "exchange": "µm/h"}
_PK = {
    "clearance": ("L/h", "L/h/kg"),
    "intercompartment": ("L/h", "L/h/kg"),
    "central_volume": ("L", "L/kg"),
    "peripheral_volume": ("L", "L/kg"),
    "molar_mass": ("kDa",),
    "absorption": ("1/h",),
    "bioavailability": ("1",),
    "unbound": ("1",),
}
DOSE_UNITS = ("mg/kg", "mg", "mg/m²")


def slot(catalogue: Catalogue, path: DataPath) -> Slot | None:
    """What the number at a path such as ("rules", "x", "half_max") must be; None where a process names its own unit.

    Unknown words (a signal that does not exist) give None too: the check of words reports those.
    """
    kind, name, rest = path[0], str(path[1]), list(path[2:])
    if kind == "states":
        return Slot(("1",), high=3.0)
    if kind == "cells" and rest[0] == "starts":
        return Slot(("1",), high=1.0)
    if kind == "cells" and rest[0] == "primed":
        return Slot(("1",), high=1e3)
    if kind == "cells":
        term = catalogue.behaviors().get(str(rest[1]))
        return term and Slot((term.unit,), high=term.most)
    if kind == "rules":
        return _rule_slot(catalogue, catalogue.rules[name], rest[0])
    if kind == "fields":
        return _field_slot(catalogue.fields[name].unit, rest)
    if kind == "matrix":
        return Slot(("1/h",)) if rest[0] == "decay" else Slot((catalogue.matrix[name].unit,))
    if kind == "therapies":
        return _therapy_slot(catalogue, name, rest)
    return None


def _field_slot(unit: str, rest: list[str | int]) -> Slot:
    last = str(rest[-1])
    return Slot((_FIELD.get(last, unit),), positive=last in ("half_max", "diffusion", "exchange"))


def _rule_slot(catalogue: Catalogue, rule: Rule, part: str | int) -> Slot | None:
    if part == "power":
        return Slot(("1",), positive=True)
    if part == "half_max":
        sensed = catalogue.signals().get(rule.signal)
        return sensed and Slot((sensed.unit,), positive=True)
    if rule.group != "main":
        return Slot(("1",))
    term = catalogue.behaviors().get(rule.behavior)
    return term and Slot((term.unit,), high=term.most)


def _therapy_slot(catalogue: Catalogue, name: str, rest: list[str | int]) -> Slot | None:
    therapy = catalogue.therapies[name]
    part, last = rest[0], rest[-1]
    if part == "pk":
        share = last in ("bioavailability", "unbound")
        return Slot(_PK[str(last)], positive=last != "absorption", high=1.0 if share else math.inf)
    if part == "tissue":
        return Slot(("1",)) if last == "partition" else Slot(("1/h",), positive=True)
    if part == "occupancy":
        return Slot(("nM",) if therapy.field is None else (therapy.field.unit,), positive=True)
    if part == "dose":
        return Slot(DOSE_UNITS)
    if part == "schedule":
        return Slot(("h",), positive=True)
    if part == "effects":
        return Slot(("1",), high=1.0 if last == "fraction" else math.inf)
    if part == "rules":
        return _rule_slot(catalogue, therapy.rules[str(rest[1])], last)
    return None if therapy.field is None else _field_slot(therapy.field.unit, rest)
