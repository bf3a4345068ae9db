"""What a sweep varies: a key, and its values or the range that they come from.

| key                          | value                                        | what it is                      |
|------------------------------|----------------------------------------------|---------------------------------|
| what `--set` knows           | `0.02 1/h`, `x2`, `[1.2 mm, 1.2 mm]`, `lung` | a number or a setting           |
| `arms.NAME.therapies.0.dose` | `5 mg/kg`                                    | a course of one arm             |
| `dose.DRUG`, `start.DRUG`,   | `5 mg/kg`, `x2`; `9 d`;                      | each course of a treatment, in  |
| `every.DRUG`, `times.DRUG`   | `3 d`; `4`                                   | every arm that gives it         |
| `rules.NAME`, `rules.A+B+C`  | `on`, `off`                                  | a rule, or several together     |
| `off.NAME`                   | `yes`, `no`                                  | the same, said the other way    |

Values are `a, b, c`, or a range `low..high`, of which a design takes as many as it needs; `low..high log` spaces them
by a factor, as `x0.5..x2` does. A unit behind the last number is that of all.
"""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from tmesim import units
from tmesim.reading import brief

FACTOR = "×"
"""The unit of a number that multiplies what the scenario says."""
ON, OFF = "on", "off"
SWITCHES = {"on": ON, "off": OFF}
OPPOSITE = {"yes": OFF, "no": ON, "true": OFF, "false": ON}
DIGITS = 6
"""Significant digits of a number that a design takes from a range."""

_RANGE = re.compile(r"(?P<low>.+?)\s*\.\.\s*(?P<high>.+?)(?P<log>\s+log)?")


@dataclass(frozen=True)
class Level:
    """One value of a key. said : as `set` takes it. number : in the unit of the key, NaN for one that is text"""

    said: Any
    number: float = math.nan

    @property
    def text(self) -> str:
        """As a person writes it."""
        return self.said if isinstance(self.said, str) else _flat(self.said)


@dataclass(frozen=True)
class Span:
    """A range of numbers in a unit, which is spaced by a factor where it is logarithmic."""

    low: float
    high: float
    unit: str
    log: bool = False

    def at(self, u: float) -> float:
        """The number at a share of the way from low to high."""
        value = self.low * (self.high / self.low) ** u if self.log else self.low + u * (self.high - self.low)
        return float(f"{value:.{DIGITS}g}")

    def level(self, u: float, grain: str = "") -> Level:
        """The value at a share of the way. grain : a quantity of which it is a multiple, such as `1 h`"""
        number = self.at(u)
        if not grain or self.unit == FACTOR:
            return Level(said(number, self.unit), number)
        size, unit = units.split(grain)
        whole = units.as_float(round(units.convert(number, self.unit, unit) / size) * size)
        return Level(said(whole, unit), units.convert(whole, unit, self.unit))

    @property
    def text(self) -> str:
        """As a person writes it."""
        log = " log" if self.log and self.unit != FACTOR else ""
        return f"{said(self.low, self.unit)}..{said(self.high, self.unit)}{log}"


@dataclass(frozen=True)
class Key:
    """A key, with its values or the range that they come from.

    unit : of its numbers, "×" for factors; "" for plain numbers and for texts
    grain : what a number from a range is a multiple of, such as the step of a scenario, `1 h`, for a moment
    """

    name: str
    levels: tuple[Level, ...] = ()
    span: Span | None = None
    unit: str = ""
    grain: str = ""

    @property
    def is_numeric(self) -> bool:
        """Whether its values are numbers."""
        return self.span is not None or not any(math.isnan(level.number) for level in self.levels)

    @property
    def is_switch(self) -> bool:
        """Whether it stands for two values, so that it is moved from one to the other."""
        return self.span is None and len(self.levels) == 2

    @property
    def text(self) -> str:
        """Its values as a person writes them."""
        return self.span.text if self.span is not None else ", ".join(level.text for level in self.levels)

    def at(self, u: float) -> Level:
        """The value at a share of the way: from a range, or one of the values in their order."""
        if self.span is not None:
            return self.span.level(u, self.grain)
        return self.levels[min(len(self.levels) - 1, int(u * len(self.levels)))]


def key_of(name: str, values: str | Sequence[Any], unit: str | None = None, grain: str = "") -> Key:
    """A key from its name and values, as text (`a, b, c` or `low..high`) or a list; ValueError when it cannot be read.

    `off.NAME` becomes `rules.NAME`. unit : in which its numbers are told, where known; otherwise that of the first
    grain : what a number from a range is a multiple of
    """
    own, name = name, f"rules.{name.removeprefix('off.')}" if is_switch(name) and name.startswith("off.") else name
    if isinstance(values, str) and (found := _RANGE.fullmatch(values.strip())):
        span = _span(found["low"], found["high"], bool(found["log"]), unit)
        return Key(name, span=span, unit=span.unit, grain=grain)
    listed = with_unit(pieces(values)) if isinstance(values, str) else list(values)
    if not listed or any(value in ("", None) for value in listed):
        raise ValueError("expected values such as 'a, b, c' or a range 'low..high', got none or an empty one")
    levels, unit = _levels([_switch(own, value) for value in listed], unit)
    texts = [level.text if math.isnan(level.number) else level.number for level in levels]
    if twice := next((level.text for i, level in enumerate(levels) if texts[i] in texts[:i]), None):
        raise ValueError(f"'{brief(twice)}' is there twice")
    return Key(name, levels, unit=unit)


def _levels(values: Sequence[Any], unit: str | None) -> tuple[tuple[Level, ...], str]:
    """Values with their numbers in one unit; without numbers where one of them is no number or of another kind."""
    read = [_number(value) for value in values]
    found = [each for each in read if each is not None]
    if len(found) < len(values):
        return tuple(Level(value) for value in values), ""
    kinds = {each[1] == FACTOR for each in found}
    if len(kinds) > 1:
        raise ValueError("mixes factors (x2) with values; expected one or the other")
    to = FACTOR if True in kinds else next((u for _, u in found if u), "") if unit is None else unit
    levels = []
    for value, (number, own) in zip(values, found, strict=True):
        levels.append(Level(value, number if to == FACTOR else units.convert(number, own or "1", to or "1")))
    return tuple(levels), to


def _span(low: str, high: str, log: bool, unit: str | None) -> Span:
    """A range; the unit may stand behind its end alone."""
    first, last = _number(low), _number(high)
    if first is None or last is None:
        raise ValueError(f"expected numbers in a range, got '{brief(low)}..{brief(high)}'")
    if FACTOR in (first[1], last[1]):
        if first[1] != last[1]:
            raise ValueError("expected a factor on both sides of a range, such as x0.5..x2")
        to, log = FACTOR, True
        ends = first[0], last[0]
    else:
        own = last[1] or first[1]
        to = own if unit is None else unit
        ends = (units.convert(first[0], first[1] or own or "1", to or "1"),
                units.convert(last[0], own or "1", to or "1"))  # fmt: skip
    if not ends[0] < ends[1]:
        raise ValueError(f"expected a low end below the high end, got {brief(low)} to {brief(high)}")
    if log and ends[0] <= 0:
        raise ValueError(f"expected a low end above 0 where values are spaced by a factor, got {brief(low)}")
    return Span(*ends, to, log)


def _number(value: Any) -> tuple[float, str] | None:
    """A number and its unit; None for what is no number."""
    if isinstance(value, bool):
        return None
    if isinstance(value, int | float):
        return float(value), ""
    if not isinstance(value, str):
        return None
    if (by := units.factor(value)) is not None:
        return units.as_float(by), FACTOR
    try:
        number, unit = units.split(value)
        units.parse_unit(unit)
    except units.UnitError:
        return None
    return units.as_float(number), unit


def _switch(name: str, value: Any) -> Any:
    """`on` or `off` for a rule, as its key says it; ValueError for another value. Other keys keep what they have."""
    if not is_switch(name):
        return value
    words = OPPOSITE if name.startswith("off.") else SWITCHES
    text = str(value).strip().casefold()
    if isinstance(value, bool):
        text = ("yes" if value else "no") if words is OPPOSITE else (ON if value else OFF)
    if text not in words:
        raise ValueError(f"expected {' or '.join(list(words)[:2])}, got '{brief(value)}'")
    return words[text]


def is_switch(name: str) -> bool:
    """Whether a key switches rules: `rules.NAME` without a number of the rule, or `off.NAME`."""
    return bool(re.fullmatch(r"(rules|off)\.[^.]+", name))


def pieces(text: str) -> list[str]:
    """Text between commas, but for those within brackets and quotes."""
    found, depth, quote, last = [], 0, "", 0
    for i, c in enumerate(text):
        if quote:
            quote = "" if c == quote else quote
        elif c in "\"'":
            quote = c
        elif c in "[{(":
            depth += 1
        elif c in "]})":
            depth -= 1
        elif c == "," and depth == 0:
            found.append(text[last:i].strip())
            last = i + 1
    return [*found, text[last:].strip()]


def with_unit(values: Sequence[str]) -> list[str]:
    """Numbers of which only the last has a unit, each with it: `1, 3, 10 mg/kg`."""
    numbers = [_number(value) for value in values]
    if numbers[-1] is None or numbers[-1][1] in ("", FACTOR) or any(n is None or n[1] for n in numbers[:-1]):
        return list(values)
    return [f"{value} {numbers[-1][1]}" for value in values[:-1]] + [values[-1]]


def said(number: float, unit: str) -> str:
    """A number with its unit as `set` takes it."""
    return f"x{units.show(number)}" if unit == FACTOR else units.show(number, unit)


def _flat(value: Any) -> str:
    """A value that is no text, on one line."""
    if isinstance(value, list | tuple):
        return f"[{', '.join(map(_flat, value))}]"
    return units.show(value) if isinstance(value, float) else str(value)
