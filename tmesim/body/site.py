"""Site: a part of the body in which tumor cells can be."""

from __future__ import annotations

from collections import Counter
from typing import Any, Protocol

import numpy as np

from tmesim.catalogue.compile import Biology
from tmesim.kernels.arrays import StepInputs
from tmesim.tissue.process import Passed, Process, Setting


class Site(Protocol):
    """What a body asks of a site; `Tissue` is one.

    name : distinguishes its cells and its chance from those of the others
    processes : by class, those that it takes part in
    counters : what was done there since the start
    """

    name: str
    biology: Biology
    processes: dict[type[Process], Process]
    counters: Counter[str]

    @property
    def organ(self) -> str:
        """The name of the organ."""

    def tune(self, setting: Setting) -> None:
        """Take over the catalogue in force."""

    def open(self) -> None:
        """Whatever it does before the processes of a step."""

    def carry_out(self, process: type[Process], passed: Passed) -> None:
        """One of its processes, by its class."""

    def inputs(self, drug: np.ndarray, signal: np.ndarray, behavior: np.ndarray, carried: Any) -> StepInputs:
        """What its cells go by in a step, given what drugs do."""

    def state(self) -> dict[str, np.ndarray]:
        """All that changes, as copies."""

    def restore(self, state: dict[str, np.ndarray]) -> None:
        """Put back what `state` returned, where nobody is yet."""
