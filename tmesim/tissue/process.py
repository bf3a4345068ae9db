"""Process: one phase of a step, with what it reads, what it writes and what it hands on."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar, Literal, NamedTuple, Protocol

import numpy as np

from tmesim.catalogue import BREAST
from tmesim.catalogue.frozen import frozendict
from tmesim.kernels.arrays import WORD_BITS, Layers, SiteMaps, StepInputs
from tmesim.tissue.cells import Cells
from tmesim.tissue.clones import Clones
from tmesim.tissue.fields import FieldReport, Fields
from tmesim.tissue.travel import NOBODY_COMES, NOTHING_SHED, Coming, Shedding
from tmesim.tissue.vessels import Vessels

if TYPE_CHECKING:
    from collections import Counter

    from tmesim.catalogue import Catalogue
    from tmesim.catalogue.compile import Biology
    from tmesim.section import Section


@dataclass
class Clock:
    """The time of a body and of all its sites. dt : h"""

    dt: float
    step: int = 0

    @property
    def hour(self) -> float:
        """Simulated time, h."""
        return self.step * self.dt


@dataclass(frozen=True)
class Setting:
    """What a process takes its numbers from: the catalogue in force, compiled, on a lattice.

    dt : h; spacing : µm
    """

    catalogue: Catalogue
    biology: Biology
    host: str
    dt: float
    spacing: float

    def number(self, process: str, name: str) -> float:
        """A number of a process of the catalogue for this host."""
        return self.catalogue.processes[process][name].at(self.host)

    @property
    def clonotypes(self) -> int:
        """How many antigens of the tumor, and so kinds of T cells against it, are told apart."""
        return int(self.number("priming", "clonotypes"))

    @property
    def words(self) -> int:
        """Words of WORD_BITS bits that hold a bit for each antigen."""
        return words_for(self.clonotypes)


@dataclass(frozen=True)
class Surroundings:
    """What lies around a patch, and the lesion that it is a section of.

    walls : "open": leukocytes hop out over them, and in from the host's tissue; "mirrored": what lies beyond is like
        the patch itself, and nobody crosses
    densities : leukocytes of the host's tissue by type, /mm²
    lesion_um : radius of the lesion; None where it is the ball whose equator has the area of the patch's tumor
    organ : that it is a patch of
    """

    walls: Literal["open", "mirrored"] = "open"
    densities: Mapping[str, float] = frozendict()
    lesion_um: float | None = None
    organ: str = BREAST


class Patch(Protocol):
    """What processes see of a tissue.

    name : within its body; origin : key of the identities of cells that come into being here; spacing : µm
    """

    surroundings: Surroundings

    name: str
    shape: tuple[int, int]
    spacing: float
    clock: Clock
    setting: Setting
    biology: Biology
    cells: Cells
    layers: Layers
    maps: SiteMaps
    solver: Fields
    vessels: Vessels
    clones: Clones
    matrix: dict[str, np.ndarray]
    counters: Counter[str]
    reports: tuple[FieldReport, ...]
    origin: np.uint64
    threads: int

    @property
    def ledger(self) -> Books:
        """Where gains and losses of cells are booked."""

    def key(self, purpose: str) -> np.uint64:
        """The key of a purpose of draws of chance in this tissue."""

    def layer_of(self, cell: str) -> np.ndarray:
        """The padded layer in which cells of a type live."""

    def put_bodies(self, found: np.ndarray) -> None:
        """Let cells fill the sites of a map of bodies."""


class Books(Protocol):
    """What processes see of the ledger (tissue.ledger)."""

    def add(
        self, tissue: Patch, rows: np.ndarray, which: np.ndarray, told: Sequence[Sequence[tuple[str, str, str]]]
    ) -> None:
        """Count events of cells at their sites."""

    def divide(self, tissue: Patch, rows: np.ndarray, which: np.ndarray, shares: np.ndarray, told: Divided) -> None:
        """Let causes have a share of losses that are counted under another one."""

    def enter(self, tissue: Patch, section: Section, cause: str) -> None:
        """Count the cells of a section as a gain."""


Divided = Sequence[tuple[tuple[str, str, str], Sequence[tuple[str, str, str]]]]
"""By the number of an event, the entry under which it is counted, and those that have a share of it."""


class Departures(NamedTuple):
    """Who left a tissue in a step with antigens for the lymph node."""

    loaded: int  # cells of the patch
    carried: np.ndarray  # float64 (clonotypes,), cells of the whole lesion that carry each antigen


def nobody_left(clonotypes: int) -> Departures:
    """The departures of a step in which nobody leaves."""
    return Departures(0, np.zeros(clonotypes))


def words_for(antigens: int) -> int:
    """Words of WORD_BITS bits that hold a bit for each antigen."""
    return -(-antigens // WORD_BITS)


class Supply(NamedTuple):
    """What the blood brings to a tissue."""

    levels: np.ndarray  # float64 (types,), of each cell type, 1 being healthy blood
    abundance: np.ndarray  # float64 (types,), the level over that of health; 1 of types that blood does not carry
    clonotypes: np.ndarray  # float64 (types, clonotypes), share of each among cells of a type; the rest are bystanders


class Local(NamedTuple):
    """Radiation, surgery or a removal that a tissue is given in a step."""

    therapy: str  # its id in the catalogue
    dose: float  # in Gy; of a removal a share; 1 of what has none
    since: float = math.inf  # h since the dose before of the same course


@dataclass
class Passed:
    """What the processes of one step hand on to later ones of the same step, for one tissue."""

    inputs: StepInputs
    departures: Departures
    supply: Supply
    shedding: Shedding = NOTHING_SHED
    coming: Coming = NOBODY_COMES
    local: tuple[Local, ...] = ()


class Process:
    """One phase of a step. Everything that it changes is named in `writes`, all else that it depends on in `reads`.

    reads, writes : slots of a tissue (see `tissue.slots`) or of a body
    takes, leaves : attributes of `Passed`
    cause : under which the ledger books the cells that it brings, takes or changes; None of one that does nothing of
        this, or books its events itself
    """

    name: ClassVar[str]
    scope: ClassVar[str] = "tissue"
    reads: ClassVar[tuple[str, ...]] = ()
    writes: ClassVar[tuple[str, ...]] = ()
    takes: ClassVar[tuple[str, ...]] = ()
    leaves: ClassVar[tuple[str, ...]] = ()
    cause: ClassVar[str | None] = None

    def tune(self, setting: Setting) -> None:
        """Take over the numbers of the catalogue in force, again whenever an arm changes them."""

    def run(self, site: Any, passed: Any) -> None:
        """One step. passed : the `Passed` of the tissue; of a process of the body those of all tissues by name."""
        raise NotImplementedError
