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


class TissuePart(Part):
    size: tuple[Length, Length] = Field(description="width and height of the patch")
    spacing: Spacing = 15.0
    organs: tuple[Length, Length] | None = Field(
        None, description="width and height of the patch of each organ beside it; default: as this one"
    )


class DiskPart(Part):
    radius: Length
    fill: Share = 1.0
    at: tuple[Coordinate, Coordinate] | None = Field(None, description="x and y of the center; default: the middle")


class InteriorPart(Part):
    lesion_radius: Length = Field(description="radius of the lesion that the patch is a window in")
    fill: Share = Field(0.9, description="share of the sites without a stroma cell that hold a tumor cell")


class DuctPart(Part):
    lumen: Length = Field(description="radius of the lumen, which the basement membrane encloses")
    fill: Share = 1.0
    at: tuple[Coordinate, Coordinate] | None = Field(None, description="x and y of the center; default: the middle")


class ClonePart(Part):
    name: Name
    share: Share
    antigens: Annotated[StrictInt, Field(ge=0, le=1000)] = 3
    multipliers: dict[str, Factor] = {}


class InjectionPart(Part):
    route: Literal["tail_vein", "left_ventricle", "spleen", "portal", "patch"] = Field(
        description="the vessel that they are injected into; 'patch': so many come to the patch, whatever its blood"
    )
    cells: CellNumber = Field(description="how many tumor cells, of the clones of the start")
    at: Moment = Field(0.0, description="when they are injected; default: the start of the run")
    states: dict[str, Share] = Field(
        {}, description="what they bring, such as emt: 0.1 for epithelial cells; the others are those of the catalogue"
    )


class OrganPart(Part):
    soil: OrganName | None = Field(
        None, description="the organ whose tissue it has, where that is another than the one whose blood it has"
    )
    samples: Annotated[StrictInt, Field(ge=1, le=100_000)] = Field(
        1, description="the patches of the organ whose arriving cells all come to this one"
    )


class StartPart(Part):
    organ: OrganName = Field(BREAST, description="whose tissue it is; its numbers hold, see tmesim list organs")
    injection: InjectionPart | None = Field(
        None, description="tumor cells that come by the blood: the capillaries of the organ hold their share"
    )
    samples: Annotated[StrictInt, Field(ge=1, le=100_000)] = Field(
        1, description="of a start in an organ: the patches of it whose arriving cells all come to this one"
    )
    organs: dict[OrganName, Annotated[OrganPart, BeforeValidator(_empty)]] = Field(
        {}, description="other organs of the same body, a patch each, to which tumor cells come by the blood"
    )
    tumor: Annotated[tuple[DiskPart, ...], Field(max_length=MANY), BeforeValidator(_tuple)] = ()
    ducts: Annotated[tuple[DuctPart, ...], Field(max_length=MANY), BeforeValidator(_tuple)] = Field(
        (), description="ducts that tumor cells fill, each within its basement membrane"
    )
    clones: Annotated[tuple[ClonePart, ...], Field(max_length=60_000)] = ()  # their number is 16-bit
    densities: dict[str, Density] = Field(
        {},
        description="cells per mm² of host tissue outside the tumor; of an interior, per mm² of tumor; of a start that "
        "names an organ, what differs from the organ at rest",
    )
    capillaries: Density | None = Field(
        description="capillaries that cross the plane, per mm² of host tissue; of an interior, of tumor"
    )
    ecm: Share | None
    interior: InteriorPart | None = Field(
        None, description="the patch is a window inside a large lesion, instead of a section of a whole one"
    )

    @model_validator(mode="before")
    @classmethod
    def _at_rest(cls, data: Any) -> Any:
        """A start in an organ that it names need not say what the organ at rest has."""
        if isinstance(data, dict) and data.get("organ", BREAST) != BREAST:
            return {"capillaries": None, "ecm": None} | data
        return data


class TimePart(Part):
    days: Days
    step: Hours = 1.0
    record_every: Hours = 6.0
    snapshots: Annotated[tuple[Moment, ...], Field(max_length=MANY)] | None = Field(
        None, description="default: the start and the end"
    )
    frames_every: Hours | None = Field(
        None, description="between two frames of the movies; default: so that there are some dozens"
    )
    rest_when_cleared: StrictBool = Field(
        False,
        description="whether a tissue stands still once its last tumor cell has died, while drugs go on: nothing can "
        "come of it any more, so that runs of many small seedings cost less",
    )
    planned: Days | None = Field(
        None, description="the days that treatments were planned for, where a run is shorter; written by --days"
    )


class DosePart(Part):
    use: str = Field(description="id or alias of a therapy")
    start: Moment = Field(0.0, description="when it is first given; default: the start of the run")
    dose: str | None = Field(None, description="for example 10 mg/kg; default: the catalogue's for the host")
    every: Hours | None = None
    times: Annotated[StrictInt, Field(ge=1, le=10_000)] | None = None


class ArmPart(Part):
    therapies: Annotated[tuple[Annotated[DosePart, BeforeValidator(_dose)], ...], Field(max_length=MANY)] = ()
    set: Annotated[dict[str, Any], Field(max_length=MANY), BeforeValidator(_empty)] = Field(
        {}, description="numbers of the catalogue and of the start by path; x2 doubles what the scenario says"
    )
    off: Annotated[tuple[str, ...], Field(max_length=MANY)] = ()
    start: Moment = Field(0.0, alias="from", description="when set and off begin to hold")
    add: Annotated[SkipJsonSchema[None], _refused_in_arms("add")] = Field(None, exclude=True)
    drop: Annotated[SkipJsonSchema[None], _refused_in_arms("drop")] = Field(None, exclude=True)


class DropPart(Part):
    fields: Annotated[tuple[str, ...], Field(max_length=MANY)] = Field(
        (), description="signals that do not exist in this scenario"
    )


ADDABLE = {kind: model for kind, model in KINDS.items() if kind != "processes"}


class ScenarioFile(Part):
    """A scenario: the tissue at the start, the arms that are compared, and how long."""

    version: Annotated[StrictInt, Field(ge=1, le=VERSION)] | None = Field(
        None, description=f"of the names that the file uses, now {VERSION}; default: 1. Older ones are translated"
    )
    name: Name
    question: Annotated[str, Field(min_length=1)] = Field("", description="default: the name")
    story: str = ""
    extends: str | None = Field(None, description="name or path of the scenario that this one changes")
    host: HostName = Field(description="whose tumor it is: a species, or a tumor model in it; see tmesim list hosts")
    tissue: TissuePart
    start: StartPart
    time: TimePart
    replicates: Annotated[StrictInt, Field(ge=1, le=100_000)] = 6
    seed: Annotated[StrictInt, Field(ge=0, lt=2**63)] = 1
    arms: Annotated[dict[Name, Annotated[ArmPart, BeforeValidator(_empty)]], Field(min_length=1, max_length=MANY)] = (
        Field(description="treatments to compare, by name")
    )
    crossed: Annotated[
        tuple[Annotated[dict[Name, Annotated[ArmPart, BeforeValidator(_empty)]], Field(min_length=1)], ...],
        Field(min_length=1, max_length=9),
    ] = Field((), description="lines of choices: each combination of one of every line is an arm, such as bone__drug")
    reference: str | None = Field(None, description="the arm the others are compared with; default: the first")
    set: Annotated[dict[str, Any], Field(max_length=MANY), BeforeValidator(_empty)] = Field(
        {}, description="numbers of the catalogue and settings of the scenario by path; x2 doubles what is there"
    )
    off: Annotated[tuple[str, ...], Field(max_length=MANY)] = Field(
        (), description="names of rules that are switched off"
    )
    add: dict[str, dict[str, Any]] = Field({}, description="new catalogue entries")
    drop: Annotated[DropPart, BeforeValidator(_empty)] = Field(
        DropPart(), description="catalogue entries that this scenario does without"
    )
    endpoints: Annotated[tuple[str, ...], Field(min_length=1, max_length=MANY)] = ("tumor_burden",)
    words: Annotated[dict[str, Annotated[dict[str, str], Field(min_length=1)]], Field(max_length=MANY)] = Field(
        {}, description="texts of the class page in the scenario's own words: by key, then by language (en, de)"
    )
    catalogue: Annotated[str, Field(pattern="^[0-9a-f]{64}$")] | None = Field(
        None, description="SHA-256 of the catalogue a run was made with; written by the program"
    )


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
    schema["properties"]["add"] = {
        "type": "object",
        "description": "new catalogue entries",
        "additionalProperties": False,
        "properties": {
            kind: {"type": "object", "additionalProperties": {"$ref": f"#/$defs/{kind}"}} for kind in ADDABLE
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
