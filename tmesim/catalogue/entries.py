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


class Priming(Entry):
    """The response of a cell type in the lymph node to one antigen, in cells of the whole host.

    precursors : naive cells
    expansion_rate : of those that divide
    niche : the most stem-like cells that the node keeps
    cells_per_level : those in the blood that raise its level by 1, which is the type in healthy blood
    """

    precursors: Number
    expansion_rate: Number
    niche: Number
    cells_per_level: Number


class Hierarchy(Entry):
    """How stem-like cells sustain a type whose other cells stop after some divisions.

    A cell is stem-like while a state of it is at or above a threshold. At its division the daughter is stem-like too
    with the probability `self_renewal`, a behavior; else she is progeny: that state falls to a low value, and after a
    number of divisions, which mother and daughter count alike, progeny divides no more. Whatever raises the state
    beyond the threshold again makes it stem-like again. A threshold of 0 is no hierarchy: all cells are stem-like.

    state : the state; threshold : of it; progeny : its value in a daughter that differentiates
    divisions : how often progeny divides
    """

    state: str
    threshold: Number
    progeny: Number
    divisions: Number


class CellType(Entry):
    """A type of cell: what it is at rest, and the parts that it plays in the processes.

    malignant : the tumor's own, which disks of a start plant, clones multiply and antigens mark
    antigen_specific : has a receptor, and attacks or is roused by what it recognizes alone
    missing_self : hits the more, the less visible its target is to T cells: a factor of 1 − visibility
    captures_antigens : takes up the antigens of debris, and brings them to the lymph node when it leaves
    primed : how it answers to antigens in the lymph node
    guided_by : the field up whose gradient its sprouts grow (of a vessel)
    targets : the cell types that it attacks
    hierarchy : of stem-like cells and their progeny
    heritable : behaviors in which the clones of its mutants differ: the standard deviation of the logarithm of the
        factor that a new clone has over the clone of its mother
    sorts_from : cell types with which it does not mix: it changes places with one of them, or takes a free site, where
        it then touches fewer of them, instead of an ordinary move
    emerges : what it is once it has come out of the capillary that holds it, at the rate `extravasation`; the cells of
        an injection are of such a type
    membrane : what encloses the ducts of a start; leukocytes do not pass it
    static : never pushed and never moving; a cell that divides waits where static cells stand in the way
    extent : diameter, as a disk of its area in a section, of a cell that fills several sites; others fill one
    extent_spread : coefficient of variation of the diameter among cells
    """

    label: str
    agent: str
    layer: Layer
    color: Annotated[str, Key(pattern=r"^#[0-9a-fA-F]{6}$")]
    malignant: StrictBool = False
    antigen_specific: StrictBool = False
    missing_self: StrictBool = False
    captures_antigens: StrictBool = False
    primed: Priming | None = None
    guided_by: str | None = None
    sorts_from: Names = ()
    emerges: str | None = None
    membrane: StrictBool = False
    static: StrictBool = False
    extent: Number | None = None
    extent_spread: Number | None = None
    targets: Names = ()
    states: Names = ()
    starts: Numbers = Key(default={}, validate_default=True)
    behaviors: Numbers = Key(default={}, validate_default=True)
    events: tuple[Fate, ...] = ()
    hierarchy: Hierarchy | None = None
    heritable: Numbers = Key(default={}, validate_default=True)
    meaning: str = ""
    evidence: Texts = ()
    note: str = ""


class StateVariable(Entry):
    """A slow inner state between 0 and 1: dz/dt = gain (1 − z) − loss z.

    Others can feel one that is shown on the surface, as the signal contact.NAME.
    At a division the daughter's odds z / (1 − z) are the mother's times (u / (1 − u))^spread, u uniform in (0, 1).
    mutation : probability at a division of a malignant cell that the daughter has the state at 1, and all that come of
        her, since a state that is 1 stays so where nothing lowers it
    """

    label: str
    meaning: str
    shown: StrictBool = False
    spread: Number | None = None
    mutation: Number | None = None
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
    """What perfused vessels carry.

    level : whatever else there is
    primary : what a full-grown primary adds to it in the organs beside it, a smaller one by its share of full_grown
    full_grown : its tumor cells
    """

    level: Number
    primary: Number | None = None
    full_grown: Number | None = None

    @model_validator(mode="after")
    def _complete(self) -> VesselSupply:
        if (self.primary is None) != (self.full_grown is None):
            raise ValueError("'primary' and 'full_grown' go together")
        return self


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

    role : "barrier" is what leukocytes find hard to pass; "debris" is what the dead leave, an amount in cells;
        "fiber_cos" and "fiber_sin" hold r cos 2θ and r sin 2θ, −1 to 1, of fibers along the axis θ (1 where all share
        it); cells turn them and do not lay them down
    """

    label: str
    unit: str = "1"
    color_map: str = "viridis"
    role: Literal["barrier", "debris", "fiber_cos", "fiber_sin"] | None = None
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
