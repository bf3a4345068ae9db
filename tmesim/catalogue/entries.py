"""The shapes of cell types, states, rules, fields, matrix maps and processes: frozen, with no unknown keys."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated, Any, Literal

from pydantic import ConfigDict, RootModel, StrictBool, model_validator
from pydantic import Field as Key

from tmesim import units
from tmesim.catalogue.numbers import Entry, Names, Number, Numbers, Texts

Layer = Literal["tissue", "leukocyte", "vessel"]


class Fate(Entry):
    """What becomes of a cell at the rate of one of its behaviors, which is a competing hazard."""

    behavior: str
    does: Literal["divide", "die", "become", "leave"]
    to: str | None = None


class CellType(Entry):
    """A type of cell: what it is at rest, and the parts that it plays in the processes.

    malignant : the tumor's own, which disks of a start plant, clones multiply and antigens mark
    antigen_specific : attacks only what its receptor recognizes
    captures_antigens : takes up the antigens of debris, and brings them to the lymph node when it leaves
    primed : how many of them leave the lymph node for each effector that is primed there
    guided_by : the field up whose gradient its sprouts grow (of a vessel)
    targets : the cell types that it attacks
    """

    label: str
    agent: str
    layer: Layer
    color: Annotated[str, Key(pattern=r"^#[0-9a-fA-F]{6}$")]
    malignant: StrictBool = False
    antigen_specific: StrictBool = False
    captures_antigens: StrictBool = False
    primed: Number | None = None
    guided_by: str | None = None
    targets: Names = ()
    states: Names = ()
    starts: Numbers = Key(default={}, validate_default=True)
    behaviors: Numbers = Key(default={}, validate_default=True)
    events: tuple[Fate, ...] = ()
    meaning: str = ""
    evidence: Texts = ()
    note: str = ""


class StateVariable(Entry):
    """A slow inner state between 0 and 1: dz/dt = gain (1 − z) − loss z.

    Others can feel one that is shown on the surface, as the signal contact.NAME.
    At a division the daughter's odds z / (1 − z) are the mother's times (u / (1 − u))^spread, u uniform in (0, 1).
    """

    label: str
    meaning: str
    shown: StrictBool = False
    spread: Number | None = None
    evidence: Texts
    note: str = ""


class Rule(Entry):
    """In CELL, SIGNAL increases or decreases BEHAVIOR toward LIMIT by a Hill response, because of EVIDENCE.

    Rules of a group add their signals; groups multiply. The group `main` starts at the behavior of the cell type and
    carries its unit; other groups are factors, of base 1 unless stated.

    absent : where a group of absolute values stands without the rule. "base" is what the cell does without the signal.
        "limit" is for a mechanism that is the lack of its signal (anoxia kills): without it, cells do as if there were
        plenty. A group that is a factor is 1 without its rules.
    """

    cell: Names
    signal: str
    effect: Literal["increases", "decreases"]
    behavior: str
    group: str = "main"
    base: Number | None = None
    limit: Number | None = None
    half_max: Number
    power: Number
    absent: Literal["base", "limit"] = "base"
    evidence: Texts
    note: str = ""

    @property
    def base_value(self) -> Number:
        """What a group other than main is worth without signals."""
        return self.base if self.base is not None else Number(value=1.0)


class Edge(Entry):
    """What holds at the border of the tissue; `level` is held (dirichlet) or exchanged with (robin)."""

    kind: Literal["zero_flux", "dirichlet", "robin"]
    level: Number | None = None
    exchange: Number | None = None

    @model_validator(mode="after")
    def _complete(self) -> Edge:
        due = {"zero_flux": (), "dirichlet": ("level",), "robin": ("level", "exchange")}[self.kind]
        for name in ("level", "exchange"):
            if (getattr(self, name) is None) == (name in due):
                raise ValueError(f"an edge of kind {self.kind} {'needs' if name in due else 'has no'} '{name}'")
        return self


class VesselSupply(Entry):
    """What perfused vessels carry."""

    level: Number


class Field(Entry):
    """A diffusing substance: D∇²c − loss c + source = 0; of a slow one this is dc/dt."""

    label: str = ""
    unit: str
    color_map: str = "viridis"
    diffusion: Number
    decay: Number
    edge: Edge
    kinetics: Literal["linear", "michaelis_menten"] = "linear"
    half_max: Number | None = None
    vessel: VesselSupply | None = None
    slow: StrictBool = False
    start: Number | None = None
    meaning: str = ""
    evidence: Texts
    note: str = ""

    @model_validator(mode="after")
    def _complete(self) -> Field:
        units.parse_unit(self.unit)
        if (self.half_max is None) == (self.kinetics == "michaelis_menten"):
            raise ValueError("half_max (Km) goes with kinetics: michaelis_menten, and with it alone")
        return self


class MatrixMap(Entry):
    """A map of sites that does not diffuse: a density, 0 to 1, that cells lay down and remove.

    role : "barrier" is what leukocytes find hard to pass; "debris" is what the dead leave, an amount in cells
    """

    label: str
    unit: str = "1"
    color_map: str = "viridis"
    role: Literal["barrier", "debris"] | None = None
    decay: Number | None = None
    meaning: str = ""
    evidence: Texts = ()
    note: str = ""


class Process(RootModel[Numbers]):
    """The parameters of one process by name."""

    model_config = ConfigDict(frozen=True)

    def __getitem__(self, name: str) -> Number:
        return self.root[name]

    def __iter__(self) -> Iterator[str]:  # type: ignore[override]
        return iter(self.root)

    def items(self) -> Any:
        return self.root.items()
