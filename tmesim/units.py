"""Text with units becomes a number in the unit of its place, once, on entry.

Inside, tmesim computes in µm, h, mmHg (oxygen), pM (signals), nM (antibodies in plasma), mg, kg, L and Gy (radiation);
speeds are in µm/min. Each number of the catalogue and of a scenario has a unit by its place; what a user writes is
converted to it.

This is our own small code because pint takes longer to import than the rest of the scenario and has units such as
`M` (molar? mass?) and `h` (hour? Planck?) to trip over. Factors are exact fractions and the product is rounded once,
so that `0.1 mm` is 100 µm to the last bit and a written scenario reads back the same.
"""

from __future__ import annotations

import math
import re
from decimal import Decimal
from fractions import Fraction
from functools import lru_cache
from typing import NamedTuple

from tmesim.reading import brief, suggestion


class UnitError(ValueError):
    """A quantity that cannot be read, or that has another dimension than the one expected."""


class Unit(NamedTuple):
    """A unit as its factor to the base units and its exponents, sorted by base."""

    factor: Fraction
    dimension: tuple[tuple[str, int], ...]


# Mass of a drug and mass of a body are different bases: 10 mg/kg is a dose, not the number 1e-5. Likewise a volume of
# plasma is no length cubed, and a concentration is an amount per volume.
_BASES: dict[str, dict[str, Fraction]] = {
    "length": {
        "nm": Fraction(1, 1000),
        "µm": Fraction(1),
        "mm": Fraction(1000),
        "cm": Fraction(10_000),
        "m": Fraction(1_000_000),
    },
    "time": {
        "s": Fraction(1, 3600),
        "min": Fraction(1, 60),
        "h": Fraction(1),
        "hour": Fraction(1),
        "hours": Fraction(1),
        "d": Fraction(24),
        "day": Fraction(24),
        "days": Fraction(24),
        "week": Fraction(168),
        "weeks": Fraction(168),
    },
    "pressure": {
        "mmHg": Fraction(1),
        "Torr": Fraction(1),
        "Pa": Fraction(760, 101_325),
        "kPa": Fraction(760_000, 101_325),
    },
    "amount": {
        "fmol": Fraction(1, 1000),
        "pmol": Fraction(1),
        "nmol": Fraction(10**3),
        "µmol": Fraction(10**6),
        "mmol": Fraction(10**9),
        "mol": Fraction(10**12),
    },
    "mass": {
        "pg": Fraction(1, 10**9),
        "ng": Fraction(1, 10**6),
        "µg": Fraction(1, 1000),
        "mg": Fraction(1),
        "g": Fraction(1000),
    },
    "body weight": {"kg": Fraction(1)},
    "absorbed dose": {"cGy": Fraction(1, 100), "Gy": Fraction(1)},
    "volume": {
        "µL": Fraction(1, 10**6),
        "mL": Fraction(1, 1000),
        "dL": Fraction(1, 10),
        "L": Fraction(1),
    },
}
# What is counted has no dimension; the words make a catalogue easier to read.
_COUNTS = ("1", "cell", "cells", "copies", "entries", "hit", "hits", "segment", "segments", "site", "sites")

_UNITS: dict[str, Unit] = {
    name: Unit(factor, ((base, 1),)) for base, names in _BASES.items() for name, factor in names.items()
}
_UNITS |= {name: Unit(Fraction(1), ()) for name in _COUNTS}
_UNITS["%"] = Unit(Fraction(1, 100), ())
for _name, _power in {"fM": -3, "pM": 0, "nM": 3, "µM": 6, "mM": 9, "M": 12}.items():
    _UNITS[_name] = Unit(Fraction(10) ** _power, (("amount", 1), ("volume", -1)))
for _name, _factor in {"Da": Fraction(1, 10**9), "kDa": Fraction(1, 10**6)}.items():
    _UNITS[_name] = Unit(_factor, (("amount", -1), ("mass", 1)))

_NAMES: dict[tuple[tuple[str, int], ...], str] = {
    (): "a plain number",
    (("length", 1),): "a length",
    (("length", 2),): "an area",
    (("length", -2),): "a density per area",
    (("time", 1),): "a time",
    (("time", -1),): "a rate",
    (("length", 1), ("time", -1)): "a speed",
    (("length", 2), ("time", -1)): "a diffusion coefficient",
    (("pressure", 1),): "a pressure",
    (("pressure", 1), ("time", -1)): "a pressure per time",
    (("amount", 1), ("volume", -1)): "a concentration",
    (("amount", 1), ("time", -1), ("volume", -1)): "a concentration per time",
    (("amount", -1), ("mass", 1)): "a molar mass",
    (("mass", 1),): "a mass",
    (("body weight", -1), ("mass", 1)): "a dose per body weight",
    (("length", -2), ("mass", 1)): "a dose per body surface",
    (("body weight", 1),): "a body weight",
    (("absorbed dose", 1),): "a dose of radiation",
    (("volume", 1),): "a volume",
    (("body weight", -1), ("volume", 1)): "a volume per body weight",
    (("time", -1), ("volume", 1)): "a clearance",
    (("body weight", -1), ("time", -1), ("volume", 1)): "a clearance per body weight",
}

_NUMBER = re.compile(r"[-+]?(?:[0-9]+(?:\.[0-9]*)?|\.[0-9]+)(?:[eE][-+]?[0-9]{1,3})?(?![0-9.])")
_TIMES = re.compile(r"[x×]\s*(?P<factor>(?:[0-9]+(?:\.[0-9]*)?|\.[0-9]+)(?:[eE][-+]?[0-9]{1,3})?)")
_FACTOR = re.compile(r"(?P<name>[A-Za-zµ%]+|1)(?:\^?(?P<power>-?[0-9]))?")
_SUPERSCRIPTS = str.maketrans("⁰¹²³⁴⁵⁶⁷⁸⁹⁻", "0123456789-")
MAX_TEXT = 100  # characters; longer numbers and units are nonsense, and would be worked on for hours
_MICRO = {"um": "µm", "uM": "µM", "ug": "µg", "uL": "µL", "umol": "µmol"}


def _plain(text: str) -> str:
    """The same text with one micro sign (U+00B5), one minus sign and no superscripts."""
    return text.replace("μ", "µ").replace("−", "-").translate(_SUPERSCRIPTS).strip()


@lru_cache(maxsize=1024)
def parse_unit(text: str) -> Unit:
    """Read a unit such as `µm/min`, `mg/kg`, `1/h`, `/mm²` or `L/d/kg`: each `/` divides by the one unit after it."""
    plain = _plain(text).replace("·", "*")
    if len(plain) > MAX_TEXT:
        raise UnitError(f"'{brief(plain)}' is too long for a unit")
    if not plain:
        return _UNITS["1"]
    if plain.startswith("/"):
        plain = "1" + plain
    factor, exponents = Fraction(1), dict[str, int]()
    pieces = [piece.strip() for piece in re.split(r"([*/])", plain)]
    for sign, piece in zip([1] + [1 if op == "*" else -1 for op in pieces[1::2]], pieces[::2], strict=True):
        match = _FACTOR.fullmatch(piece)
        if match is None:
            raise UnitError(f"'{text}' is not a unit that can be read; write for example µm/min, 1/h or mg/kg")
        name = _MICRO.get(match["name"], match["name"])
        if name not in _UNITS:
            raise UnitError(f"unknown unit '{name}'.{suggestion(name, _UNITS)}")
        power = sign * int(match["power"] or 1)
        factor *= _UNITS[name].factor ** power
        for base, exponent in _UNITS[name].dimension:
            exponents[base] = exponents.get(base, 0) + exponent * power
    return Unit(factor, tuple(sorted((base, n) for base, n in exponents.items() if n)))


def describe(unit: str) -> str:
    """What a unit measures, in words: `1/h` → `a rate (1/h)`."""
    dimension = parse_unit(unit).dimension
    if dimension not in _NAMES:
        return f"a quantity in {unit}"
    return _NAMES[dimension] if not dimension and unit in ("", "1") else f"{_NAMES[dimension]} ({unit})"


def _kind(unit: str) -> str:
    """What a unit measures, without the unit."""
    return _NAMES.get(parse_unit(unit).dimension, "another quantity")


def split(text: str) -> tuple[Fraction, str]:
    """Cut `3.75 mmHg` into its exact number and its unit (`""` if there is none)."""
    plain = _plain(text)
    if len(plain) > MAX_TEXT:
        raise UnitError(f"'{brief(plain)}' is too long for a quantity")
    match = _NUMBER.match(plain)
    if match is None:
        if re.match(r"[-+]?\.?(inf|nan)", plain, re.IGNORECASE):
            raise UnitError(f"'{text}' is not finite")
        raise UnitError(f"'{text}' does not start with a number; write for example '3 d' or '0.05 1/h'")
    rest = plain[match.end() :]
    if re.match(r"[,_:'][0-9]|\s+[0-9]{2,}", rest):
        message = "is not a number that can be read; use '.' as the decimal point and do not group digits"
        raise UnitError(f"'{text}' {message}")
    return Fraction(Decimal(match.group())), rest.strip()


def same_dimension(unit: str, other: str) -> bool:
    return parse_unit(unit).dimension == parse_unit(other).dimension


def convert(value: float | int | Fraction, unit: str, to: str) -> float:
    """A value in `unit` as a float in `to`, rounded once."""
    if not isinstance(value, Fraction):
        if not finite(value):
            raise UnitError(f"{value} is not finite")
        value = Fraction(Decimal(repr(value)))  # the decimal that was written, not its nearest binary number
    found, due = parse_unit(unit), parse_unit(to)
    if found.dimension != due.dimension:
        raise UnitError(f"expected {describe(to)}, got '{show(as_float(value), unit)}', {_kind(unit)}")
    return as_float(value * found.factor / due.factor)


def finite(value: float | int) -> bool:
    """Whether a number is neither infinite nor NaN; UnitError for a whole number beyond the floats."""
    return math.isfinite(as_float(value))


def as_float(value: float | int | Fraction) -> float:
    """The nearest float; UnitError beyond the largest."""
    try:
        return float(value)
    except OverflowError:
        raise UnitError("is too large: more than 1.8e308") from None


def quantity(text: str | float | int, to: str) -> float:
    """Read `5 µm/min` (or a bare number, where no unit is needed) as a float in the unit `to`."""
    if isinstance(text, bool) or not isinstance(text, str | float | int):
        raise UnitError(f"expected {describe(to)} such as '{example(to)}', got {_named(text)}")
    if not isinstance(text, str):
        if not finite(text):
            raise UnitError(f"{text} is not finite")
        if parse_unit(to).dimension:
            raise UnitError(f"{show(text)} has no unit: expected {describe(to)}, for example '{show(text, to)}'")
        return convert(text, "1", to)
    value, unit = split(text)
    if not unit and parse_unit(to).dimension:
        raise UnitError(f"'{text}' has no unit: expected {describe(to)}, for example '{text} {to}'")
    return convert(value, unit, to)


def _named(value: object) -> str:
    kinds = {dict: "a mapping", list: "a list", tuple: "a list", type(None): "nothing"}
    return kinds.get(type(value), brief(value))


def factor(value: object) -> Fraction | None:
    """The factor that a relative value such as `x2`, `×0.5` or `x 1e3` stands for; None for any other value."""
    match = _TIMES.fullmatch(value.strip()) if isinstance(value, str) and len(value) <= MAX_TEXT else None
    return None if match is None else Fraction(Decimal(match["factor"]))


def scaled(value: object, by: Fraction) -> str | float | int:
    """A quantity as it is written, times a factor, rounded once: `0.2 mm` times 2 is `0.4 mm`; 6 times 2 is 12."""
    if isinstance(value, bool) or not isinstance(value, str | float | int):
        raise UnitError(f"expected a quantity, got {_named(value)}")
    if isinstance(value, str):
        number, unit = split(value)
        return show(as_float(number * by), unit)
    if not finite(value):
        raise UnitError(f"{value} is not finite")
    product = Fraction(Decimal(repr(value))) * by
    return int(product) if isinstance(value, int) and product.denominator == 1 else as_float(product)


def show(value: float, unit: str = "1") -> str:
    """The shortest text that reads back as the same value: `5 µm/min`."""
    number = repr(float(value)).removesuffix(".0")
    return number if unit in ("", "1") else f"{number} {unit}"


def example(unit: str) -> str:
    return show(3, unit)
