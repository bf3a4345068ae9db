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
    """What becomes of a cell at the rate of one of its behaviors, which is a competing hazard.

    behavior : the behavior whose value is the rate (1/h)
    does : what the event is: the cell divides, dies, becomes another type, or leaves the tissue
    to : the cell type that it becomes, with `does: become` alone
    """

    behavior: str
    does: Literal["divide", "die", "become", "leave"]
    to: str | None = None


class Priming(Entry):
    """The response of a cell type in the lymph node to one antigen, in cells of the whole host.

    precursors : naive cells in the whole host before the tumor (cells)
    expansion_rate : how fast those that divide multiply (1/h)
    niche : the most stem-like cells that the node keeps (cells)
    cells_per_level : those in the blood that raise its level by 1, which is the type in healthy blood (cells)
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

    state : the state of the cell that says how stem-like it is
    threshold : the value of the state from which on the cell is stem-like, 0 to 1; 0 is no hierarchy
    progeny : the value of the state in a daughter that differentiates, 0 to 1
    divisions : how often progeny divides before it stops, a whole number
    """

    state: str
    threshold: Number
    progeny: Number
    divisions: Number


class CellType(Entry):
    """A type of cell: what it is at rest, and the parts that it plays in the processes.

    label : what people call one cell of the type, such as `regulatory T cell`
    synonyms : other words for it, under which it is found
    agent : the name of its class in Python, such as RegulatoryTCell
    layer : the layer of the lattice that it lives in: tissue (one cell a site), leukocyte (one more a site) or
        vessel
    color : its color in pictures, as #rrggbb
    malignant : whether it is the tumor's own, which disks of a start plant, clones multiply and antigens mark
    antigen_specific : whether it has a receptor, and attacks or is roused by what it recognizes alone
    missing_self : whether it hits the more, the less visible its target is to T cells: a factor of 1 − visibility
    captures_antigens : whether it takes up the antigens of debris, and brings them to the lymph node when it
        leaves
    primed : how it answers to antigens in the lymph node
    guided_by : the field up whose gradient its sprouts grow (of a vessel)
    sorts_from : cell types with which it does not mix: it changes places with one of them, or takes a free site,
        where it then touches fewer of them, instead of an ordinary move
    emerges : what it is once it has come out of the capillary that holds it, at the rate `extravasation`; the
        cells of an injection are of such a type
    membrane : whether it encloses the ducts of a start; leukocytes do not pass it
    static : whether it is never pushed and never moves; a cell that divides waits where static cells stand in the
        way
    extent : diameter of a cell that fills several sites, as a disk of its area in a section (µm); others fill one
        site
    extent_spread : coefficient of variation of the diameter among cells, 0 to 0.5
    targets : the cell types that it attacks
    states : the slow states that it carries
    starts : value of each of its states when it comes into being, 0 to 1, by state
    behaviors : what it does at rest, by behavior, each in the unit that `tmesim list behaviors` gives (1/h for
        rates)
    events : what becomes of a cell at the rate of one of its behaviors
    hierarchy : of stem-like cells and their progeny
    heritable : behaviors in which the clones of its mutants differ: the standard deviation of the logarithm of the
        factor that a new clone has over the clone of its mother, by behavior
    meaning : what a reader should know of the type, in a sentence or two
    evidence : ids of claims, or authors, year and journal, for what the type is said to do
    note : a remark for those who maintain the entry
    """

    label: str
    synonyms: Names = ()
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

    label : what people call the state, such as `dormancy`
    synonyms : other words for it, under which it is found
    meaning : what its ends 0 and 1 stand for
    shown : whether others feel it on the surface of the cell, as the signal contact.NAME
    spread : by how much a daughter's odds differ from her mother's, the exponent of the logistic draw above; 0 is
        not at all
    mutation : probability at a division of a malignant cell that the daughter has the state at 1, and all that
        come of her, since a state that is 1 stays so where nothing lowers it
    evidence : ids of claims, or authors, year and journal, for the state and its memory
    note : a remark for those who maintain the entry
    """

    label: str
    synonyms: Names = ()
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

    cell : the cell type or types in which it holds
    signal : what the cell senses, a word of `tmesim list signals`
    effect : whether the signal increases or decreases the behavior
    behavior : what changes, a word of `tmesim list behaviors`
    group : rules of one group add up their signals, and groups multiply; `main` starts at the behavior of the cell
        type, any other is a factor
    base : what a group other than main is worth without signals, a factor; 1 unless stated
    limit : where the behavior goes when the signal is strong: in the unit of the behavior in the group main, else
        a factor
    half_max : the level of the signal with half of the effect, in the unit of the signal
    power : the Hill coefficient, a number above 0: how sharply the effect sets in around half_max
    absent : where a group of absolute values stands without the rule. `base` is what the cell does without the
        signal. `limit` is for a mechanism that is the lack of its signal (anoxia kills): without it, cells do as
        if there were plenty. A group that is a factor is 1 without its rules
    evidence : ids of claims, or authors, year and journal, for what acts on what
    note : a remark for those who maintain the entry
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
    """What holds at the border of the tissue.

    kind : zero_flux lets nothing through, dirichlet holds a level, robin exchanges with a level outside
    level : the level that is held, or that is outside, in the unit of the field
    exchange : how fast the edge exchanges with the outside (µm/h), with `kind: robin` alone
    """

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

    level : the level in the blood of perfused vessels, in the unit of the field, whatever else there is
    primary : what a full-grown primary adds to it in the organs beside it, a smaller one by its share of full_grown, in
        the unit of the field
    full_grown : the tumor cells of a full-grown primary (cells)
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
    """A diffusing substance: D∇²c − loss c + source = 0; of a slow one this is dc/dt.

    label : what people call the substance, such as `active TGF-β`
    synonyms : other words for it, under which it is found
    unit : the unit of its level, such as pM or mmHg
    color_map : the color map of its pictures, a name of Matplotlib
    diffusion : how fast it spreads (µm²/h)
    decay : how fast it is lost everywhere, beside what cells take up (1/h)
    edge : what holds at the border of the tissue
    kinetics : of uptake: linear in the level, or Michaelis-Menten with `half_max`
    half_max : the level at which uptake is half of its maximum, Km, in the unit of the field; with
        michaelis_menten alone
    vessel : what perfused vessels carry of it
    slow : whether it moves in time, step by step, instead of being in balance with its sources at once
    start : its level at the start of the run, in the unit of the field; of a slow field
    meaning : what a reader should know of the substance, in a sentence or two
    evidence : ids of claims, or authors, year and journal, for what it is and how far it reaches
    note : a remark for those who maintain the entry
    """

    label: str = ""
    synonyms: Names = ()
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

    label : what people call it, such as `extracellular matrix density`
    synonyms : other words for it, under which it is found
    unit : the unit of its values, 1 for a share
    color_map : the color map of its pictures, a name of Matplotlib
    role : `barrier` is what leukocytes find hard to pass; `debris` is what the dead leave, an amount in cells;
        `fiber_cos` and `fiber_sin` hold r cos 2θ and r sin 2θ, −1 to 1, of fibers along the axis θ (1 where all
        share it); cells turn them and do not lay them down
    decay : how fast it is lost without cells (1/h)
    meaning : what a reader should know of it, in a sentence or two
    evidence : ids of claims, or authors, year and journal
    note : a remark for those who maintain the entry
    """

    label: str
    synonyms: Names = ()
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
