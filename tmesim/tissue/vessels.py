"""Vessels: the overlay of segments with their links, roots, tips and flow (see kernels.sprouting for the rules)."""

from __future__ import annotations

import numpy as np

CHANGING = ("links", "root", "tip", "perfusion")


class Vessels:
    """Maps (ny, nx) of the vessel network of one tissue. The kernels hold on to them, so they change in place.

    links : bits of the directions in which a segment is joined to another
    root : segments that cross the plane and so carry blood on their own
    tip : the growing ends of sprouts
    perfusion : flow of a segment, 0 … 1
    length : of a segment, in units of `kernels.arrays.SITE_UM`; follows from root
    """

    def __init__(self, shape: tuple[int, int]) -> None:
        self.links = np.zeros(shape, np.uint8)
        self.root = np.zeros(shape, np.bool_)
        self.tip = np.zeros(shape, np.bool_)
        self.perfusion = np.zeros(shape, np.float32)
        self.length = np.ones(shape, np.float32)

    @property
    def perfused(self) -> np.ndarray:
        """Where a segment carries blood, bool (ny, nx)."""
        return self.perfusion > 0

    def state(self) -> dict[str, np.ndarray]:
        """Copies of all that changes."""
        return {name: getattr(self, name).copy() for name in CHANGING}

    def restore(self, state: dict[str, np.ndarray]) -> None:
        """Put back what `state` returned."""
        for name in CHANGING:
            getattr(self, name)[...] = state[name]
