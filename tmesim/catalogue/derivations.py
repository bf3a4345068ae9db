"""Numbers worked out again from what their sources state: figures with units, and a formula in these figures.

A formula knows + − * / **, brackets, `ln`, `exp` and `sqrt`, and the names of its figures. Quantities carry their
dimensions, so that a formula that does not give the unit of its number is refused.
"""

from __future__ import annotations

import ast
import math
import operator
from collections.abc import Callable, Mapping
from functools import cache
from typing import TYPE_CHECKING, NamedTuple

from tmesim import units
from tmesim.catalogue.files import DERIVATIONS, packaged
from tmesim.catalogue.frozen import frozendict
from tmesim.catalogue.numbers import HOSTS

if TYPE_CHECKING:
    from tmesim.catalogue.contents import Contents

Dimension = tuple[tuple[str, int], ...]


class Derivation(NamedTuple):
    """How a number follows from what is stated, or what bounds it.

    says : in words, to stand after the number
    stated : the figures by name, each with its unit, as the source has them
    uses : numbers of the catalogue by name, as dotted paths
    formula : gives the number to its digits; empty for a number that is assumed within bounds
    low, high : formulas of the ends of what the source states; empty where there is none
    works : the works that state the figures, as `works` has them
    assumed : which of the figures are assumed
    """

    says: str
    stated: Mapping[str, str]
    uses: Mapping[str, str]
    formula: str
    low: str
    high: str
    works: tuple[str, ...]
    assumed: tuple[str, ...]


class Quantity(NamedTuple):
    """A value in the base units of `tmesim.units`, and its dimension: the exponents of these units."""

    value: float
    dimension: Dimension = ()


@cache
def derivations() -> Mapping[str, Mapping[str, Derivation]]:
    """The derivations of numbers: dotted path → host → derivation."""
    found: dict[str, dict[str, Derivation]] = {}
    for each in packaged(DERIVATIONS).data["derivations"]:
        made = Derivation(
            each["says"], frozendict({name: str(figure) for name, figure in each.get("stated", {}).items()}),
            frozendict(each.get("uses", {})), each.get("formula", ""), each.get("low", ""), each.get("high", ""),
            tuple(each.get("works", ())), tuple(each.get("assumed", ())),
        )  # fmt: skip
        for path in each["of"]:
            for host in each.get("hosts", HOSTS):
                found.setdefault(path, {})[host] = made
    return frozendict({path: frozendict(by_host) for path, by_host in found.items()})


def worked_out(contents: Contents, path: str, host: str, formula: str) -> float:
    """A formula of the derivation of a number, in the unit of that number.

    UnitError where the formula cannot be read or has another dimension than the number."""
    derivation = derivations()[path][host]
    given = {name: _quantity(text) for name, text in derivation.stated.items()}
    for name, used in derivation.uses.items():
        number = contents.number(used)
        given[name] = _quantity(f"{number.at(host)!r} {number.unit_at(host)}")
    found = evaluated(formula, given)
    unit = contents.number(path).unit_at(host)
    due = units.parse_unit(unit)
    if found.dimension != due.dimension:
        raise units.UnitError(f"'{formula}' has another dimension than {path}, which is {units.describe(unit)}")
    return found.value / float(due.factor)


def interval(contents: Contents, path: str, host: str) -> tuple[float, float]:
    """What the source of a number states, from low to high, in the unit of the number; an open end is infinite."""
    derivation = derivations()[path][host]
    low, high = (
        worked_out(contents, path, host, formula) if formula else end
        for formula, end in ((derivation.low, -math.inf), (derivation.high, math.inf))
    )
    return low, high


def to_digits_of(found: float, written: float) -> float:
    """A value rounded to the digits with which another is written: 0.0289 to those of 0.029 is 0.029."""
    digits = len(f"{written:.12e}".partition("e")[0].replace(".", "").rstrip("0")) or 1
    return float(f"{found:.{digits - 1}e}")


def _quantity(text: str) -> Quantity:
    value, unit = units.split(text)
    found = units.parse_unit(unit or "1")
    return Quantity(float(value * found.factor), found.dimension)


def evaluated(formula: str, given: Mapping[str, Quantity]) -> Quantity:
    """The value of a formula in named quantities; UnitError where it makes no sense."""
    try:
        return _value(ast.parse(formula, mode="eval").body, given)
    except SyntaxError:
        raise units.UnitError(f"'{formula}' is not a formula") from None


def _value(node: ast.expr, given: Mapping[str, Quantity]) -> Quantity:
    match node:
        case ast.Constant(value=int() | float() as value) if not isinstance(value, bool):
            return Quantity(float(value))
        case ast.Name(id=name) if name in given:
            return given[name]
        case ast.UnaryOp(op=ast.USub(), operand=operand):
            inner = _value(operand, given)
            return Quantity(-inner.value, inner.dimension)
        case ast.Call(func=ast.Name(id=name), args=[argument], keywords=[]) if name in _FUNCTIONS:
            return _FUNCTIONS[name](_value(argument, given))
        case ast.BinOp(left=left, op=op, right=right) if type(op) in _OPERATIONS:
            return _OPERATIONS[type(op)](_value(left, given), _value(right, given))
    raise units.UnitError(f"'{ast.unparse(node)}' has no place in a formula")


def _plain(function: Callable[[float], float]) -> Callable[[Quantity], Quantity]:
    def of(argument: Quantity) -> Quantity:
        if argument.dimension:
            raise units.UnitError(f"{function.__name__} takes a plain number")
        return Quantity(function(argument.value))

    return of


def _sum(function: Callable[[float, float], float]) -> Callable[[Quantity, Quantity], Quantity]:
    def of(left: Quantity, right: Quantity) -> Quantity:
        if left.dimension != right.dimension:
            raise units.UnitError("quantities of two dimensions are added")
        return Quantity(function(left.value, right.value), left.dimension)

    return of


def _product(sign: int) -> Callable[[Quantity, Quantity], Quantity]:
    def of(left: Quantity, right: Quantity) -> Quantity:
        exponents = dict(left.dimension)
        for base, exponent in right.dimension:
            exponents[base] = exponents.get(base, 0) + sign * exponent
        value = left.value * right.value if sign > 0 else left.value / right.value
        return Quantity(value, tuple(sorted((base, n) for base, n in exponents.items() if n)))

    return of


def _power(left: Quantity, right: Quantity) -> Quantity:
    if right.dimension:
        raise units.UnitError("an exponent is a plain number")
    exponents = [(base, n * right.value) for base, n in left.dimension]
    if any(n != int(n) for _, n in exponents):
        raise units.UnitError("a dimension has a broken exponent")
    return Quantity(left.value**right.value, tuple((base, int(n)) for base, n in exponents if n))


_FUNCTIONS: Mapping[str, Callable[[Quantity], Quantity]] = {
    "ln": _plain(math.log),
    "exp": _plain(math.exp),
    "sqrt": lambda argument: _power(argument, Quantity(0.5)),
}
_OPERATIONS: Mapping[type, Callable[[Quantity, Quantity], Quantity]] = {
    ast.Add: _sum(operator.add),
    ast.Sub: _sum(operator.sub),
    ast.Mult: _product(1),
    ast.Div: _product(-1),
    ast.Pow: _power,
}


def told(contents: Contents, path: str) -> list[str]:
    """The derivations of a number in words, one for each host that has its own."""
    lines: dict[str, list[str]] = {}
    for host, each in derivations().get(path, {}).items():
        unit = contents.number(path).unit_at(host)
        line = each.says
        if each.formula:
            line += f": {each.formula} = {_short(worked_out(contents, path, host, each.formula), unit)}"
        figures = ", ".join(f"{name} {text}" for name, text in {**each.stated, **each.uses}.items())
        line += f", with {figures}" if figures else ""
        low, high = interval(contents, path, host)
        ends = [
            f"{word} {_short(end, unit)}"
            for word, end in (("at least", low), ("at most", high)) if math.isfinite(end)
        ]  # fmt: skip
        line += f"; {' and '.join(ends)}" if ends else ""
        line += f"; assumed: {', '.join(each.assumed)}" if each.assumed else ""
        lines.setdefault(line, []).append(host)
    return [line if len(mine) == len(HOSTS) else f"{mine[0]}: {line}" for line, mine in lines.items()]


def _short(value: float, unit: str) -> str:
    return units.show(float(f"{value:.3g}"), unit)


