"""Arguments of calls from Python: numbers of Python and of NumPy alike, and one sentence about what is not right."""

from __future__ import annotations

import math
import operator
from collections.abc import Iterable
from typing import Any

from tmesim.reading import suggestion


def plain(value: Any) -> Any:
    """A scalar of NumPy as the number or text of Python that it stands for; anything else as it is."""
    if getattr(value, "shape", None) == () and hasattr(value, "item"):
        return value.item()
    return value


def whole(value: Any, name: str, least: int = 0, most: int | None = None, other: str = "") -> int:
    """A whole number from `least` to `most`; TypeError or ValueError name the argument, and what `other` is allowed."""
    right = f"a whole number from {least} {'on' if most is None else f'to {most}'}{other}"
    try:
        number = operator.index(plain(value))
    except TypeError:
        raise TypeError(f"{name}: expected {right}, got {value!r}") from None
    if isinstance(plain(value), bool):
        raise TypeError(f"{name}: expected {right}, got {value!r}")
    if number < least or (most is not None and number > most):
        raise ValueError(f"{name}: expected {right}, got {number}")
    return number


def number(value: Any, name: str, *, least: float = -math.inf, most: float = math.inf, unit: str = "") -> float:
    """A number between `least` and `most`, not NaN; TypeError or ValueError name the argument."""
    bounds = f" of at least {least:g}" if most == math.inf and least > -math.inf else ""
    bounds = f" between {least:g} and {most:g}" if most < math.inf else bounds
    right = f"a number{bounds}{f' ({unit})' if unit else ''}"
    found = plain(value)
    if isinstance(found, bool) or not isinstance(found, int | float):
        raise TypeError(f"{name}: expected {right}, got {value!r}")
    if math.isnan(found) or not least <= found <= most:
        raise ValueError(f"{name}: expected {right}, got {found!r}")
    return float(found)


def names(value: Any, name: str, known: Iterable[str]) -> tuple[str, ...]:
    """One name or several of those that are known, each once; TypeError, ValueError or KeyError name the argument."""
    choices = list(known)
    found = [value] if isinstance(value, str) else list(value) if isinstance(value, Iterable) else None
    if found is None or not all(isinstance(each, str) for each in found):
        raise TypeError(f"{name}: expected a name or several of {', '.join(choices)}, got {value!r}")
    if not found:
        raise ValueError(f"{name}: expected at least one of {', '.join(choices)}, got none")
    for each in found:
        if each not in choices:
            raise KeyError(f"{name}: there is no '{each}'.{suggestion(each, choices)}")
    return tuple(dict.fromkeys(found))


def numbers(value: Any, name: str, unit: str = "") -> tuple[float, ...]:
    """One number or several, at least one."""
    found = plain(value)
    if isinstance(found, str) or not isinstance(found, Iterable):
        return (number(found, name, unit=unit),)
    several = tuple(number(each, name, unit=unit) for each in found)
    if not several:
        raise ValueError(f"{name}: expected a number or several{f' ({unit})' if unit else ''}, got none")
    return several
