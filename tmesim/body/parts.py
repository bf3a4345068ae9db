"""What the processes of a body see of it."""

from __future__ import annotations

from collections import Counter
from typing import Protocol

from tmesim.body.blood import Blood
from tmesim.body.circulating import Circulating
from tmesim.body.flows import Flows
from tmesim.body.lymph_node import LymphNode
from tmesim.body.pharmacology import Pharmacology
from tmesim.body.site import Site
from tmesim.kernels.arrays import StepInputs
from tmesim.scenario.schedule import Schedule
from tmesim.tissue import Tissue
from tmesim.tissue.process import Clock
from tmesim.tissue.travel import Injected


class Ward(Protocol):
    """A body under treatment."""

    clock: Clock
    pharmacology: Pharmacology
    blood: Blood
    node: LymphNode
    counters: Counter[str]
    sites: dict[str, Site]
    tissue: Tissue
    organs: dict[str, Tissue]
    flows: Flows | None
    circulating: Circulating
    seed: int
    primary: bool

    def inputs_of(self, site: Site) -> StepInputs:
        """What the cells of a site go by in the present step."""

    def bear(self) -> None:
        """Let the blood carry what the primary gives it as it is now."""

    @property
    def schedule(self) -> Schedule:
        """What the program of the arm has due, and when."""

    def injected_now(self) -> dict[str, Injected]:
        """Which sites cells of an injection come to in the present step, and how many."""

    def change(self, step: int) -> None:
        """Bring the catalogue that the arm has in a step into force."""
