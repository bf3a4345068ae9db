"""Arguments of `load`, `run` and `with_options` as plain Python data; a TypeError names the argument that is none."""

from __future__ import annotations

import operator
from collections.abc import Iterable, Mapping
from typing import Any

from tmesim.reading import brief


def whole(name: str, value: Any) -> int | None:
    """A whole number, NumPy's too; True is none."""
    if value is None:
        return None
    try:
        if isinstance(value, bool):
            raise TypeError
        return operator.index(value)
    except TypeError:
        raise TypeError(f"{name}: expected a whole number, got {_shown(value)}") from None


def real(name: str, value: Any) -> float | int | None:
    """A number, NumPy's too; True and text are none."""
    number = plain(name, value)
    if number is not None and (isinstance(number, bool) or not isinstance(number, int | float)):
        raise TypeError(f"{name}: expected a number, got {_shown(value)}")
    return number


def names(name: str, value: Any) -> list[str] | None:
    """A list of names; one name may stand alone."""
    if value is None:
        return None
    found = [value] if isinstance(value, str) else list(value) if isinstance(value, Iterable) else None
    if found is None or not all(isinstance(item, str) for item in found):
        raise TypeError(f"{name}: expected a list of names, got {_shown(value)}")
    return [str(item) for item in found]


def settings(name: str, value: Any) -> dict[str, Any] | None:
    """A mapping from dotted paths to what a scenario file could say there."""
    if value is None:
        return None
    if not isinstance(value, Mapping) or not all(isinstance(key, str) for key in value):
        raise TypeError(f"{name}: expected a mapping from paths to values, got {_shown(value)}")
    return {str(key): plain(f"{name}[{str(key)!r}]", item) for key, item in value.items()}


def plain(name: str, value: Any) -> Any:
    """Text, numbers, lists and mappings of them; scalars and arrays of NumPy become Python's."""
    if hasattr(value, "tolist"):
        value = value.tolist()
    if isinstance(value, Mapping):
        return {str(key): plain(f"{name}[{str(key)!r}]", item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [plain(f"{name}[{index}]", item) for index, item in enumerate(value)]
    if value is None or isinstance(value, bool | int | float | str):
        return value
    raise TypeError(f"{name}: expected text, a number, a list or a mapping, got {_shown(value)}")


def _shown(value: Any) -> str:
    return brief(repr(value))
