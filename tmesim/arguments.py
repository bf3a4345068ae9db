"""Arguments of calls from Python: plain data and those of NumPy alike, and one sentence about what is not right.

A TypeError names an argument of another kind, a ValueError one that is too small, too large or empty.
"""

from __future__ import annotations

import math
import operator
from collections.abc import Iterable, Mapping
from typing import Any

from tmesim.reading import brief, suggestion


def plain(value: Any) -> Any:
    """A scalar of NumPy as the number or text of Python that it stands for; anything else as it is."""
    if getattr(value, "shape", None) == () and hasattr(value, "item"):
        return value.item()
    return value


def data(value: Any, name: str) -> Any:
    """Text, numbers, lists and mappings of them; scalars and arrays of NumPy become Python's."""
    if hasattr(value, "tolist"):
        value = value.tolist()
    if isinstance(value, Mapping):
        return {str(key): data(item, f"{name}[{str(key)!r}]") for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [data(item, f"{name}[{index}]") for index, item in enumerate(value)]
    if value is None or isinstance(value, bool | int | float | str):
        return value
    raise TypeError(f"{name}: expected text, a number, a list or a mapping, got {_shown(value)}")


def whole(value: Any, name: str, least: int | None = 0, most: int | None = None, other: str = "") -> int:
    """A whole number from `least` to `most`, of any size without them; the message says what `other` is allowed."""
    right = "a whole number"
    if least is not None:
        right += f" from {least} {'on' if most is None else f'to {most}'}{other}"
    try:
        number = operator.index(plain(value))
    except TypeError:
        raise TypeError(f"{name}: expected {right}, got {_shown(value)}") from None
    if isinstance(plain(value), bool):
        raise TypeError(f"{name}: expected {right}, got {_shown(value)}")
    if (least is not None and number < least) or (most is not None and number > most):
        raise ValueError(f"{name}: expected {right}, got {number}")
    return number


def real(value: Any, name: str, right: str = "a number") -> int | float:
    """A number of any size, NaN too: whoever reads it further says what is right. True is none."""
    found = plain(value)
    if isinstance(found, bool) or not isinstance(found, int | float):
        raise TypeError(f"{name}: expected {right}, got {_shown(value)}")
    return found


def number(value: Any, name: str, *, least: float = -math.inf, most: float = math.inf, unit: str = "") -> float:
    """A number between `least` and `most`, not NaN."""
    bounds = f" of at least {least:g}" if most == math.inf and least > -math.inf else ""
    bounds = f" between {least:g} and {most:g}" if most < math.inf else bounds
    right = f"a number{bounds}{f' ({unit})' if unit else ''}"
    found = real(value, name, right)
    if math.isnan(found) or not least <= found <= most:
        raise ValueError(f"{name}: expected {right}, got {found!r}")
    return float(found)


def numbers(value: Any, name: str, unit: str = "") -> tuple[float, ...]:
    """One number or several, at least one."""
    found = plain(value)
    if isinstance(found, str) or not isinstance(found, Iterable):
        return (number(found, name, unit=unit),)
    several = tuple(number(each, name, unit=unit) for each in found)
    if not several:
        raise ValueError(f"{name}: expected a number or several{f' ({unit})' if unit else ''}, got none")
    return several


def texts(value: Any, name: str, right: str = "a list of names") -> list[str]:
    """A list of names, which may be empty; one name may stand alone."""
    found = [value] if isinstance(value, str) else list(value) if isinstance(value, Iterable) else None
    if found is None or not all(isinstance(each, str) for each in found):
        raise TypeError(f"{name}: expected {right}, got {_shown(value)}")
    return [str(each) for each in found]


def names(value: Any, name: str, known: Iterable[str]) -> tuple[str, ...]:
    """One name or several of those that are known, each once; KeyError for one that is not."""
    choices = list(known)
    found = texts(value, name, f"a name or several of {', '.join(choices)}")
    if not found:
        raise ValueError(f"{name}: expected at least one of {', '.join(choices)}, got none")
    for each in found:
        if each not in choices:
            raise KeyError(f"{name}: there is no '{each}'.{suggestion(each, choices)}")
    return tuple(dict.fromkeys(found))


def settings(value: Any, name: str) -> dict[str, Any]:
    """A mapping from dotted paths to what a scenario file could say there."""
    if not isinstance(value, Mapping) or not all(isinstance(key, str) for key in value):
        right = "a mapping from paths to values, such as {'start.ecm': 0.3}"
        raise TypeError(f"{name}: expected {right}, got {_shown(value)}")
    return {str(key): data(item, f"{name}[{str(key)!r}]") for key, item in value.items()}


def _shown(value: Any) -> str:
    return brief(repr(value))
