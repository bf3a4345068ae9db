"""The shape of a scenario file: what a user may write, with text that carries units turned into numbers.

The JSON Schema for editors comes from these models.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Annotated, Any, Literal

from pydantic import (
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    PlainValidator,
    StrictBool,
    StrictInt,
    WithJsonSchema,
    model_validator,
)
from pydantic.json_schema import SkipJsonSchema

from tmesim import units
from tmesim.catalogue import BREAST, host_named, organ_named
from tmesim.catalogue.files import HOST_FILES, ORGAN_FILES
from tmesim.catalogue.models import KINDS
from tmesim.catalogue.therapies import SHAPES
from tmesim.reading import brief
from tmesim.reading.describing import describe
from tmesim.scenario.overlay import ONLY_AT_THE_START
from tmesim.scenario.version import VERSION

MAX_DAYS = 36_525.0
MIN_STEP = 1e-3  # h
MANY = 1000  # entries of a list, where nobody needs more
NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,79}")
# Names become names of files; these are devices on Windows, with or without an ending.
_DEVICES = {"con", "prn", "aux", "nul", *(f"{d}{i}" for d in ("com", "lpt") for i in range(1, 10))}


def checked_name(value: Any) -> str:
    """A name that can be that of a folder; ValueError for another."""
    if not isinstance(value, str):
        raise ValueError(f"expected a name, got '{brief(value)}'; put it in quotes if it is meant as text")
    if not NAME.fullmatch(value) or value.endswith(".") or value.split(".")[0].lower() in _DEVICES:
        message = "cannot be the name of a folder: use letters, digits, '_', '-' and '.', at most 80"
        raise ValueError(f"'{brief(value)}' {message}, with a letter or digit first")
    return value


def _quantity(unit: str, low: float = 0.0, high: float | None = None, positive: bool = False) -> Any:
    """A number in a unit, read from text such as `15 µm`; a bare number where the unit is 1."""

    def read(value: Any) -> float:
        number = units.quantity(value, unit)
        if positive and number <= 0:
            raise ValueError(f"must be above 0, got {value}")
        if number < low:
            raise ValueError(f"must not be below {units.show(low, unit)}, got {value}")
        if high is not None and number > high:
            raise ValueError(f"must not be above {units.show(high, unit)}, got {value}")
        return number

    kind = {"type": ["number", "string"]} if unit == "1" else {"type": "string", "examples": [units.example(unit)]}
    return Annotated[float, PlainValidator(read), WithJsonSchema(kind)]


def _days(value: Any) -> float:
    """`21` and `21 d` are both 21 days."""
    days = (
        units.quantity(value, "d") if isinstance(value, str) and units.split(value)[1] else units.quantity(value, "1")
    )
    if days <= 0:
        raise ValueError(f"must be above 0, got {value}")
    if days * 24 < MIN_STEP:
        raise ValueError(f"{value} is shorter than the shortest step, {units.show(MIN_STEP, 'h')}")
    if days > MAX_DAYS:
        raise ValueError(f"must not be above {units.show(MAX_DAYS, 'd')} (a hundred years), got {value}")
    return days


def _host(value: Any) -> str:
    try:
        host_named(value if isinstance(value, str) else repr(value))
    except LookupError as error:
        raise ValueError(str(error.args[0])) from None
    return str(value)


def _organ(value: Any) -> str:
    try:
        organ_named(value if isinstance(value, str) else repr(value))
    except LookupError as error:
        raise ValueError(str(error.args[0])) from None
    return str(value)


def _cells(value: Any) -> float:
    """A number of cells, with or without the unit."""
    number = units.quantity(value, "cells" if isinstance(value, str) and units.split(value)[1] else "1")
    if not 1 <= number <= 1e9:
        raise ValueError(f"expected a number of cells from 1 to 1e9, got {value}")
    return number


def _signed(value: Any) -> float:
    """A time that may lie before the start, so that the check of arms can say so."""
    return units.quantity(value, "h")


if TYPE_CHECKING:
    Name = str
    HostName = str
    OrganName = str
    CellNumber = float
    Length = float
    Coordinate = float
    Spacing = float
    Hours = float
    Moment = float
    Days = float
    Density = float
    Share = float
    Factor = float
else:
    Name = Annotated[
        str, PlainValidator(checked_name), WithJsonSchema({"type": "string", "pattern": f"^{NAME.pattern}$"})
    ]
    HostName = Annotated[str, PlainValidator(_host), WithJsonSchema({"type": "string", "enum": list(HOST_FILES)})]
    OrganName = Annotated[str, PlainValidator(_organ), WithJsonSchema({"type": "string", "enum": list(ORGAN_FILES)})]
    CellNumber = Annotated[float, PlainValidator(_cells), WithJsonSchema({"type": ["number", "string"]})]
    Length = _quantity("µm", positive=True, high=1e9)
    Coordinate = _quantity("µm", high=1e9)
    Spacing = _quantity("µm", positive=True, low=2.0, high=100.0)  # a site holds one cell
    Hours = _quantity("h", positive=True, low=MIN_STEP, high=1e6)
    Moment = Annotated[float, PlainValidator(_signed), WithJsonSchema({"type": "string", "examples": ["7 d"]})]
    Days = Annotated[float, PlainValidator(_days), WithJsonSchema({"type": ["number", "string"], "examples": [21]})]
    Density = _quantity("/mm²", high=1e9)
    Share = _quantity("1", high=1.0)
    Factor = _quantity("1", high=1e3)


def _tuple(value: Any) -> Any:
    return (value,) if isinstance(value, dict) else value


def _empty(value: Any) -> Any:
    return {} if value is None else value


def _dose(value: Any) -> Any:
    """`anti_pd_l1` is short for `{use: anti_pd_l1}`."""
    return {"use": value} if isinstance(value, str) else value


def _refused_in_arms(key: str) -> Any:
    """A key that a scenario may have and an arm may not; a reason is better than "unknown key"."""

    def refuse(value: Any) -> None:
        if value:
            raise ValueError(ONLY_AT_THE_START[key])

    return PlainValidator(refuse)


class Part(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", populate_by_name=True)

    @classmethod
    def __get_pydantic_json_schema__(cls, schema: Any, handler: Any) -> dict[str, Any]:
        made = handler(schema)
        describe(handler.resolve_ref_schema(made), cls)
        return made


class TissuePart(Part):
    """The patch of tissue that is simulated cell by cell.

    size : width and height of the patch (µm or mm)
    spacing : width of a site of the lattice, which holds one cell of the tissue and one leukocyte (µm)
    organs : width and height of the patch of each organ beside it (µm or mm); default: as this one
    """

    size: tuple[Length, Length]
    spacing: Spacing = 15.0
    organs: tuple[Length, Length] | None = None


class DiskPart(Part):
    """A disk of tumor cells.

    radius : radius of the disk of tumor cells at the start (µm)
    fill : share of the sites of the disk that hold a tumor cell, 0 to 1
    at : x and y of the center in the patch (µm); default: the middle
    """

    radius: Length
    fill: Share = 1.0
    at: tuple[Coordinate, Coordinate] | None = None


class InteriorPart(Part):
    """The patch as a window inside a large lesion.

    lesion_radius : radius of the lesion that the patch is a window in (µm or mm)
    fill : share of the sites without a stroma cell that hold a tumor cell, 0 to 1
    """

    lesion_radius: Length
    fill: Share = 0.9


class DuctPart(Part):
    """A duct that tumor cells fill, cut across.

    lumen : radius of the lumen, which the basement membrane encloses (µm)
    fill : share of the sites of the lumen that hold a tumor cell, 0 to 1
    at : x and y of the center in the patch (µm); default: the middle
    """

    lumen: Length
    fill: Share = 1.0
    at: tuple[Coordinate, Coordinate] | None = None


class ClonePart(Part):
    """A clone of tumor cells at the start.

    name : the name of the clone in tables and pictures
    share : share of the tumor cells at the start that belong to it; all shares add up to 1
    antigens : how many of the antigens that T cells tell apart its cells carry, a whole number
    multipliers : factors of the behaviors of its cells over those of a tumor cell, by behavior
    """

    name: Name
    share: Share
    antigens: Annotated[StrictInt, Field(ge=0, le=1000)] = 3
    multipliers: dict[str, Factor] = {}


class InjectionPart(Part):
    """Tumor cells that are injected into a vessel.

    route : the vessel that the cells are injected into; `patch`: so many come to the patch, whatever its blood
    cells : how many tumor cells are injected, of the clones of the start
    at : when they are injected (h or d); default: the start of the run
    states : what they bring, by state, 0 to 1, such as emt: 0.1 for epithelial cells; the others are those of the
        catalogue
    """

    route: Literal["tail_vein", "left_ventricle", "spleen", "portal", "patch"]
    cells: CellNumber
    at: Moment = 0.0
    states: dict[str, Share] = {}


class OrganPart(Part):
    """An organ beside the tissue in the same body.

    soil : the organ whose tissue it has, where that is another than the one whose blood it has
    samples : from how many patches of the organ the arriving cells are gathered in this one, a whole number
    """

    soil: OrganName | None = None
    samples: Annotated[StrictInt, Field(ge=1, le=100_000)] = 1


class StartPart(Part):
    """The tissue at hour 0.

    organ : the organ whose tissue it is; its numbers hold (`tmesim list organs`)
    injection : tumor cells that come by the blood: the capillaries of the organ hold their share
    samples : of a start in an organ, from how many patches of it the arriving cells are gathered in this one, a whole
        number
    organs : other organs of the same body by name, a patch each, to which tumor cells come by the blood
    tumor : disks of tumor cells, one or a list of them
    ducts : ducts that tumor cells fill, each within its basement membrane
    clones : clones that the tumor cells belong to; default: one clone with all antigens
    densities : cells of each type in the host tissue outside the tumor (/mm²); of an interior, per mm² of tumor;
        of a start that names an organ, what differs from the organ at rest
    capillaries : capillaries that cross the plane of the section, in host tissue (/mm²); of an interior, in tumor
    ecm : density of the extracellular matrix in host tissue, 0 to 1
    interior : the patch as a window inside a large lesion, instead of a section of a whole one
    """

    organ: OrganName = BREAST
    injection: InjectionPart | None = None
    samples: Annotated[StrictInt, Field(ge=1, le=100_000)] = 1
    organs: dict[OrganName, Annotated[OrganPart, BeforeValidator(_empty)]] = {}
    tumor: Annotated[tuple[DiskPart, ...], Field(max_length=MANY), BeforeValidator(_tuple)] = ()
    ducts: Annotated[tuple[DuctPart, ...], Field(max_length=MANY), BeforeValidator(_tuple)] = ()
    clones: Annotated[tuple[ClonePart, ...], Field(max_length=60_000)] = ()  # their number is 16-bit
    densities: dict[str, Density] = {}
    capillaries: Density | None
    ecm: Share | None
    interior: InteriorPart | None = None

    @model_validator(mode="before")
    @classmethod
    def _at_rest(cls, data: Any) -> Any:
        """A start in an organ that it names need not say what the organ at rest has."""
        if isinstance(data, dict) and data.get("organ", BREAST) != BREAST:
            return {"capillaries": None, "ecm": None} | data
        return data


class TimePart(Part):
    """How long a run is, and what of it is kept.

    days : how long the run is (d)
    step : the time in which each process acts once (h)
    record_every : the time between two rows of timeseries.csv (h)
    snapshots : the moments whose cells and fields are kept as sections (d or h); default: the start and the end
    frames_every : the time between two frames of the movies (h); default: so that there are some dozens
    rest_when_cleared : whether a tissue stands still once its last tumor cell has died, while drugs go on: nothing
        can come of it any more, so that runs of many small seedings cost less
    planned : how long the run was planned to be (d), where it was made shorter; written by --days
    """

    days: Days
    step: Hours = 1.0
    record_every: Hours = 6.0
    snapshots: Annotated[tuple[Moment, ...], Field(max_length=MANY)] | None = None
    frames_every: Hours | None = None
    rest_when_cleared: StrictBool = False
    planned: Days | None = None


class DosePart(Part):
    """A course of a therapy.

    use : the therapy, by its name, that of its drug or a brand (`tmesim list therapies`)
    start : when it is first given (d or h); default: the start of the run
    dose : how much is given, such as 10 mg/kg (radiation: Gy; a removal: a share); default: the usual dose for the host
    every : the time between two doses (d or h); default: that of the usual course
    times : how many doses are given, a whole number; default: that of the usual course
    """

    use: str
    start: Moment = 0.0
    dose: str | None = None
    every: Hours | None = None
    times: Annotated[StrictInt, Field(ge=1, le=10_000)] | None = None


class ArmPart(Part):
    """One of the treatments that are compared.

    therapies : the courses that the arm is given, each a mapping or the name of a therapy alone
    set : numbers of the catalogue and of the start by dotted path; x2 doubles what the scenario says
    off : names of rules that the arm switches off
    start : when set and off begin to hold (d or h); default: the start of the run
    """

    therapies: Annotated[tuple[Annotated[DosePart, BeforeValidator(_dose)], ...], Field(max_length=MANY)] = ()
    set: Annotated[dict[str, Any], Field(max_length=MANY), BeforeValidator(_empty)] = {}
    off: Annotated[tuple[str, ...], Field(max_length=MANY)] = ()
    start: Moment = Field(0.0, alias="from")
    add: Annotated[SkipJsonSchema[None], _refused_in_arms("add")] = Field(None, exclude=True)
    drop: Annotated[SkipJsonSchema[None], _refused_in_arms("drop")] = Field(None, exclude=True)


class DropPart(Part):
    """Entries of the catalogue that a scenario does without.

    fields : names of signals that do not exist in this scenario; the rules that need them must be off
    """

    fields: Annotated[tuple[str, ...], Field(max_length=MANY)] = ()


NAMES_OF_KINDS = {
    "cells": "cell types", "states": "slow states of cells", "rules": "rules", "fields": "substances that diffuse",
    "matrix": "maps of sites that do not diffuse", "therapies": "treatments",
}  # fmt: skip
ADDABLE = {kind: model for kind, model in KINDS.items() if kind != "processes"}


class ScenarioFile(Part):
    """A scenario: the tissue at the start, the arms that are compared, and how long.

    version : the version of the names that the file uses; older ones are translated, and a file without it is of
        version 1
    name : the name of the scenario and of the directory of its run: letters, digits, `_`, `-` and `.`
    question : what the experiment asks, in one sentence that the report opens with; default: the name
    story : the background for readers, in paragraphs
    extends : name or path of the scenario that this one changes
    host : whose tumor it is: a species, or a tumor model in it (`tmesim list hosts`)
    tissue : the patch of tissue that is simulated cell by cell
    start : the tissue at hour 0: tumor, cells of the host, capillaries and matrix
    time : how long a run is, its step, and what of it is kept
    replicates : how many tumors each arm is simulated on, a whole number; intervals come from them, so take six or
        more
    seed : the whole number from which all random numbers follow; another one gives other replicates
    arms : treatments to compare, by name; an empty one, {}, leaves the tumor alone
    crossed : lines of choices: each combination of one of every line is an arm, such as bone__drug
    reference : the arm that the others are compared with; default: the first
    set : numbers of the catalogue and settings of the scenario by dotted path; x2 doubles what is there
    off : names of rules that are switched off in all arms
    add : new entries of the catalogue, by kind and name
    drop : entries of the catalogue that this scenario does without
    endpoints : observables by which arms are compared at the end of the run (`tmesim list observables`)
    words : texts of the class page in the scenario's own words: by key, then by language (en, de)
    catalogue : SHA-256 of the catalogue that a run was made with; written by the program
    """

    version: Annotated[StrictInt, Field(ge=1, le=VERSION)] | None = None
    name: Name
    question: Annotated[str, Field(min_length=1)] = ""
    story: str = ""
    extends: str | None = None
    host: HostName
    tissue: TissuePart
    start: StartPart
    time: TimePart
    replicates: Annotated[StrictInt, Field(ge=1, le=100_000)] = 6
    seed: Annotated[StrictInt, Field(ge=0, lt=2**63)] = 1
    arms: Annotated[dict[Name, Annotated[ArmPart, BeforeValidator(_empty)]], Field(min_length=1, max_length=MANY)]
    crossed: Annotated[
        tuple[Annotated[dict[Name, Annotated[ArmPart, BeforeValidator(_empty)]], Field(min_length=1)], ...],
        Field(min_length=1, max_length=9),
    ] = ()
    reference: str | None = None
    set: Annotated[dict[str, Any], Field(max_length=MANY), BeforeValidator(_empty)] = {}
    off: Annotated[tuple[str, ...], Field(max_length=MANY)] = ()
    add: dict[str, dict[str, Any]] = {}
    drop: Annotated[DropPart, BeforeValidator(_empty)] = DropPart()
    endpoints: Annotated[tuple[str, ...], Field(min_length=1, max_length=MANY)] = ("tumor_burden",)
    words: Annotated[dict[str, Annotated[dict[str, str], Field(min_length=1)]], Field(max_length=MANY)] = {}
    catalogue: Annotated[str, Field(pattern="^[0-9a-f]{64}$")] | None = None


def json_schema() -> dict[str, Any]:
    """The JSON Schema of a scenario file."""
    schema = ScenarioFile.model_json_schema(by_alias=True)
    schema["$schema"] = "https://json-schema.org/draft/2020-12/schema"
    # What a file inherits it need not say.
    schema["required"] = ["name"]
    for kind, model in ADDABLE.items():
        models = SHAPES.values() if kind == "therapies" else (model,)
        entries = [one.model_json_schema(by_alias=True, ref_template=f"#/$defs/{kind}.{{model}}") for one in models]
        for entry in entries:
            for name, part in entry.pop("$defs", {}).items():
                schema["$defs"][f"{kind}.{name}"] = part
        schema["$defs"][kind] = {"anyOf": entries} if len(entries) > 1 else entries[0]
    schema["properties"]["add"] |= {
        "additionalProperties": False,
        "properties": {
            kind: {
                "type": "object",
                "description": f"new {NAMES_OF_KINDS[kind]}, by name",
                "additionalProperties": {"$ref": f"#/$defs/{kind}"},
            }
            for kind in ADDABLE
        },
    }
    for part in ("TissuePart", "StartPart", "TimePart"):
        schema["$defs"][part].pop("required", None)
    for key, one in (("tumor", "DiskPart"), ("ducts", "DuctPart")):
        part = schema["$defs"]["StartPart"]["properties"][key]
        part["anyOf"] = [{"$ref": f"#/$defs/{one}"}, {"type": part.pop("type"), "items": part.pop("items")}]
    doses = schema["$defs"]["ArmPart"]["properties"]["therapies"]
    doses["items"] = {"anyOf": [doses["items"], {"type": "string", "description": "id or alias of a therapy"}]}
    return schema
