"""What a number of the catalogue must be: its unit by its place, and its bounds."""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import NamedTuple

from tmesim import units
from tmesim.catalogue import vocabulary
from tmesim.catalogue.contents import Contents
from tmesim.catalogue.entries import Rule
from tmesim.catalogue.numbers import Number
from tmesim.catalogue.therapies import Drug, Radiation, Removal, Surgery
from tmesim.reading import DataPath


class NumberSpec(NamedTuple):
    """What a number must be.

    units : its unit inside; of several the first that has the dimension of what is written
    low, high : bounds in that unit, both allowed
    positive : above 0
    whole : a whole number
    """

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
        "mg/kg": 1e6, "kDa": 1e5, "Gy": 1e3}  # fmt: skip
MOST_ACCESS = 1e3  # of a drug that an organ gathers
MOST_DIVISIONS = 60.0  # of progeny; they are counted in a byte
LEAST = 1e-9  # of what must be above 0


def number_spec(contents: Contents, path: DataPath, number: Number) -> NumberSpec:
    """What the number at a path must be."""
    if path[0] == "processes":
        return _process_spec(str(path[1]), str(path[2]), number)
    # An unknown word has no unit of its own; the check of words reports it.
    return _spec(contents, path) or NumberSpec((number.unit_at(number.hosts[0]),), low=-math.inf)


def fitted(contents: Contents, path: DataPath, number: Number, issues: list[tuple[DataPath, str]]) -> Number:
    """The number in the unit of its place; what does not fit is added to `issues`."""
    spec = number_spec(contents, path, number)
    try:
        number = number.converted(spec.units)
    except units.UnitError as error:
        issues.append((path, str(error)))
        return number
    issues += [(path, message) for message in outside(number, spec)]
    for host in number.hosts:
        span = number.range_at(host)
        if span is not None and not span[0] <= number.at(host) <= span[1]:
            ends = f"[{units.show(span[0])}, {units.show(span[1])}]"
            issues.append((path, f"{units.show(number.at(host), number.unit_at(host))} is outside its range {ends}"))
    return number


def outside(number: Number, spec: NumberSpec) -> Iterator[str]:
    """What is wrong with the size of a number."""
    for host in number.hosts:
        unit = number.unit_at(host)
        value, text, most = number.at(host), units.show(number.at(host), unit), spec.most(unit)
        low = max(spec.low, LEAST) if spec.positive else spec.low
        if spec.positive and value <= 0:
            yield f"must be above 0, got {text}"
        elif value < low:
            yield f"must not be below {units.show(low, unit)}, got {text}"
        elif value > most:
            yield f"must not be above {units.show(most, unit)}, got {text}"
        elif spec.whole and value != round(value):
            yield f"expected a whole number, got {text}"


# What the engine asks of the parameters of its processes, beside their unit; the others are 0 or above.
_PROCESSES = {
    "division.push_reach": NumberSpec((), low=1, high=8, whole=True),  # within reach of a sweep
    "leukocytes.substep": NumberSpec((), positive=True),
    "leukocytes.damage_half_life": NumberSpec((), positive=True),
    "leukocytes.squeeze": NumberSpec((), high=1),
    "leukocytes.ecm_exclusion": NumberSpec((), high=1),
    "leukocytes.gradient_half": NumberSpec((), positive=True),
    "priming.clonotypes": NumberSpec((), low=1, high=1000, whole=True),
    "priming.half_antigen": NumberSpec((), positive=True),
    "priming.lag": NumberSpec((), positive=True, high=1e4),
    "priming.program": NumberSpec((), positive=True, high=1e4),
    "priming.wave_program": NumberSpec((), positive=True, high=1e4),
    "priming.stem_share": NumberSpec((), high=1),
    "priming.stem_renewal": NumberSpec((), high=1),
    "priming.stem_loss": NumberSpec((), high=1),
    "priming.wave_rate": NumberSpec((), high=1),
    "priming.thymic_output": NumberSpec((), high=1),
    "priming.reactive_fraction": NumberSpec((), high=1),
    "mutation": NumberSpec((), high=1),
    "fibers.guidance": NumberSpec((), high=1),
    "fibers.edge": NumberSpec((), positive=True),
    "vessels.flow_shelter": NumberSpec((), high=1),
    "blood": NumberSpec((), high=1e3),
    "circulation.blood": NumberSpec((), positive=True),
    "circulation.cardiac_output": NumberSpec((), positive=True),
    "circulation.half_life": NumberSpec((), positive=True),
    "circulation.cluster_half_life": NumberSpec((), positive=True),
    "circulation.cec_half_life": NumberSpec((), positive=True),
    "circulation.rest_hours": NumberSpec((), high=24),
    "circulation.at_least": NumberSpec((), whole=True),
    **{
        f"circulation.{name}": NumberSpec((), high=1)
        for name in ("shield", "gut_share", "gut_arrest", "rest_arrest", "rest_share", "recovery", "cec_share",
                     "cec_recovery")
    },
}  # fmt: skip


def _process_spec(process: str, name: str, number: Number) -> NumberSpec:
    """A process names the units of its numbers itself; below zero only where the range of a number says so."""
    span, host = number.range_at(number.hosts[0]), number.hosts[0]
    spec = _PROCESSES.get(f"{process}.{name}") or _PROCESSES.get(process)
    spec = spec or NumberSpec((), low=min(0.0, span[0]) if span else 0.0)
    return spec._replace(units=(number.unit_at(host),))


_PRIMED = {
    "precursors": NumberSpec(("cells",), high=1e9),
    "expansion_rate": NumberSpec(("1/h",), high=1),
    "niche": NumberSpec(("cells",), positive=True, high=1e12),
    "cells_per_level": NumberSpec(("cells",), positive=True, high=1e12),
}
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
_SURGERY = {
    "margin": NumberSpec(("µm",), high=1e5),
    "residual": NumberSpec(("1",), high=1.0),
    "wound": NumberSpec(("1",), high=100),
}
_REMOVAL = {"dose": NumberSpec(("1",), high=1.0), "at_least": NumberSpec(("1",), high=1.0)}
_RADIATION = {
    "dose": NumberSpec(("Gy",)),
    "alpha": NumberSpec(("1/Gy",), high=10),
    "beta": NumberSpec(("1/Gy²",), high=10),
    "ratio": NumberSpec(("1",), low=1, high=10),
    "to": NumberSpec(("1",), high=10),
}


_LOCAL = {Radiation: _RADIATION, Surgery: _SURGERY, Removal: _REMOVAL}


def _spec(contents: Contents, path: DataPath) -> NumberSpec | None:
    """What the number at a path such as ("rules", "x", "half_max") must be; None for an unknown signal or behavior."""
    kind, name, rest = path[0], str(path[1]), list(path[2:])
    if kind == "states":
        return NumberSpec(("1",), high=3.0 if rest[0] == "spread" else 1.0)
    if kind == "cells" and rest[0] == "starts":
        return NumberSpec(("1",), high=1.0)
    if kind == "cells" and rest[0] == "hierarchy":
        whole = rest[1] == "divisions"
        return NumberSpec(("1",), high=MOST_DIVISIONS if whole else 1.0, low=1.0 if whole else 0.0, whole=whole)
    if kind == "cells" and rest[0] == "heritable":
        return NumberSpec(("1",), high=1.0)
    if kind == "cells" and rest[0] == "extent":
        return NumberSpec(("µm",), positive=True, high=500.0)
    if kind == "cells" and rest[0] == "extent_spread":
        return NumberSpec(("1",), high=0.5)
    if kind == "cells" and rest[0] == "primed":
        return _PRIMED[str(rest[1])]
    if kind == "cells":
        word = vocabulary.of(contents).behaviors.get(str(rest[1]))
        return word and NumberSpec((word.unit,), high=word.most)
    if kind == "rules":
        return _rule_spec(contents, contents.rules[name], rest[0])
    if kind == "fields":
        return _field_spec(contents.fields[name].unit, rest)
    if kind == "matrix":
        return NumberSpec(("1/h",)) if rest[0] == "decay" else NumberSpec((contents.matrix[name].unit,))
    if kind == "therapies":
        return _therapy_spec(contents, name, rest)
    return None


def _field_spec(unit: str, rest: list[str | int]) -> NumberSpec:
    last = str(rest[-1])
    if last == "full_grown":
        return NumberSpec(("cells",), positive=True)
    return NumberSpec((_FIELD.get(last, unit),), positive=last in ("half_max", "diffusion", "exchange"))


def _rule_spec(contents: Contents, rule: Rule, part: str | int) -> NumberSpec | None:
    if part == "power":
        return NumberSpec(("1",), positive=True)
    if part == "half_max":
        sensed = vocabulary.of(contents).signals.get(rule.signal)
        return sensed and NumberSpec((sensed.unit,), positive=True)
    if rule.group != "main":
        return NumberSpec(("1",))
    word = vocabulary.of(contents).behaviors.get(rule.behavior)
    return word and NumberSpec((word.unit,), high=word.most)


def _therapy_spec(contents: Contents, name: str, rest: list[str | int]) -> NumberSpec | None:
    therapy = contents.therapies[name]
    part, last = rest[0], rest[-1]
    if part == "rules":
        return _rule_spec(contents, therapy.rules[str(rest[1])], last)
    if part == "schedule":
        return NumberSpec(("h",), positive=True)
    if isinstance(therapy, Drug):
        return _drug_spec(therapy, rest)
    if isinstance(therapy, Radiation) and last == "half":
        return _half_spec(contents, therapy)
    return _LOCAL[type(therapy)][str(last)]


def _half_spec(contents: Contents, therapy: Radiation) -> NumberSpec | None:
    """What the level is at which cells are half as well shielded as without the field that sensitizes them."""
    entry = None if therapy.oxygen is None else contents.fields.get(therapy.oxygen.field)
    return None if entry is None else NumberSpec((entry.unit,), positive=True)


def _drug_spec(drug: Drug, rest: list[str | int]) -> NumberSpec | None:
    part, last = rest[0], rest[-1]
    if part == "pk":
        share = last in ("bioavailability", "unbound")
        return NumberSpec(_PK[str(last)], positive=last != "absorption", high=1.0 if share else math.inf)
    if part == "tissue":
        return NumberSpec(("1",)) if last == "partition" else NumberSpec(("1/h",), positive=True)
    if part == "occupancy":
        return NumberSpec(("nM",) if drug.field is None else (drug.field.unit,), positive=True)
    if part == "dose":
        return NumberSpec(DOSE_UNITS)
    if part == "access":
        return NumberSpec(("1",), high=MOST_ACCESS)
    if part == "kills":
        return NumberSpec(("1/h",), high=10)
    if part == "effects":
        return NumberSpec(("1",), high=1.0 if last == "fraction" else math.inf)
    return None if drug.field is None else _field_spec(drug.field.unit, rest)
