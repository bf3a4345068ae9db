"""Values that people put on cells and models, as JSON and back: plain data, and nothing that would have to be executed.

JSON knows no tuples, keys that are numbers, scalars of NumPy or cells; these are tagged by the only key of a mapping.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from tmesim.agents.cell import Cell


class NotPlain(TypeError):
    """A value that a checkpoint cannot hold."""


class Encoder:
    """Plain data as what `json.dumps` takes; NotPlain for anything else, and for a list that is in two places.

    is_cell : whether a value is the handle of a cell of the model at hand, living or dead, which is kept by its id
    """

    def __init__(self, is_cell: Callable[[Any], bool]) -> None:
        self._is_cell = is_cell
        self._met: dict[int, Any] = {}

    def encode(self, value: Any, at: str) -> Any:
        """at : what the value is, for the error."""
        kind = type(value)
        if value is None or kind in (bool, int, float, str):
            return value
        if isinstance(value, np.generic) and value.dtype.kind in "biuf":
            return {"number": [value.dtype.str, value.tobytes().hex()]}
        if kind is tuple:
            return {"tuple": [self.encode(each, at) for each in value]}
        if self._is_cell(value):
            return {"cell": [value.unique_id, kind.__name__, value.alive]}
        if kind in (list, dict) or (kind is np.ndarray and value.dtype.kind in "biuf"):
            if id(value) in self._met:
                raise NotPlain(f"{at}: one {kind.__name__} in two places")
            self._met[id(value)] = value
            if kind is list:
                return {"list": [self.encode(each, at) for each in value]}
            if kind is dict:
                return {"dict": [[self.encode(k, at), self.encode(v, at)] for k, v in value.items()]}
            return {"array": [value.dtype.str, list(value.shape), value.tobytes().hex()]}
        raise NotPlain(f"{at}: {kind.__name__}")


def decode(code: Any, cell: Callable[[int, str, bool], Cell]) -> Any:
    """What `Encoder.encode` was given. cell : the handle of a cell by its id, the name of its class, and its life."""
    if not isinstance(code, dict):
        return code
    ((tag, held),) = code.items()
    if tag == "number":
        return np.frombuffer(bytes.fromhex(held[1]), np.dtype(held[0]))[0]
    if tag == "array":
        return np.frombuffer(bytes.fromhex(held[2]), np.dtype(held[0])).reshape(held[1]).copy()
    if tag == "cell":
        return cell(*held)
    if tag == "dict":
        return {decode(k, cell): decode(v, cell) for k, v in held}
    several = [decode(each, cell) for each in held]
    return tuple(several) if tag == "tuple" else several
