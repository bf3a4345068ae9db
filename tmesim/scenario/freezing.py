"""Plain data that cannot change, and back."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from tmesim.catalogue.models import frozendict


def frozen(data: Any) -> Any:
    """Plain YAML data that cannot change."""
    if isinstance(data, Mapping):
        return frozendict({key: frozen(value) for key, value in data.items()})
    return tuple(frozen(value) for value in data) if isinstance(data, list | tuple) else data


def thawed(data: Any) -> Any:
    """The opposite of `frozen`, to be written."""
    if isinstance(data, Mapping):
        return {key: thawed(value) for key, value in data.items()}
    return [thawed(value) for value in data] if isinstance(data, list | tuple) else data
