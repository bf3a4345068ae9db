"""The shapes of the catalogue's entries: frozen, with no unknown keys.

Every number carries its value, unit, source and range. Once a catalogue is built, its numbers stand in the unit of
their slot (see `vocabulary`), so that `number.at(host)` needs no conversion.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import TYPE_CHECKING, Annotated, Any, Literal, NoReturn, get_args

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    PlainValidator,
    RootModel,
    StrictBool,
    WithJsonSchema,
    model_validator,
)
from pydantic import (
    Field as Key,
)

from tmesim import units
from tmesim.reading import DataPath, brief

Host = Literal["mouse", "human"]
HOSTS: tuple[str, ...] = get_args(Host)
Layer = Literal["tissue", "leukocyte", "vessel"]


class frozendict(dict[str, Any]):  # noqa: N801  a built-in type in all but name
    """A dict that cannot change, can be hashed and can be pickled (MappingProxyType cannot)."""

    def _refuse(self, *args: Any, **kwargs: Any) -> NoReturn:
        raise TypeError("the catalogue is frozen; a scenario changes it with set, off and add")

    __setitem__ = __delitem__ = update = pop = popitem = clear = setdefault = __ior__ = _refuse

    def __hash__(self) -> int:  # type: ignore[override]
        return hash(frozenset(self.items()))

    def __reduce__(self) -> tuple[type[frozendict], tuple[dict[str, Any]]]:
        return frozendict, (dict(self),)

    def __copy__(self) -> frozendict:
        return self

    def __deepcopy__(self, memo: dict[int, Any]) -> frozendict:
        return self


def _names(value: Any) -> Any:
    return (value,) if isinstance(value, str) else value


def _per_host(check: Callable[[Any], Any]) -> Callable[[Any], Any]:
    """The same check for a bare value and for {mouse: value, human: value}."""

    def checked(value: Any) -> Any:
        if not isinstance(value, Mapping):
            return check(value)
        unknown = [key for key in value if key not in HOSTS]
        if unknown or not value:
            raise ValueError(f"the hosts are mouse and human, but '{unknown[0] if unknown else '{}'}' was found")
        return frozendict({host: check(value[host]) for host in HOSTS if host in value})

    return checked


def _finite(value: Any) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise ValueError(f"a number is due (its unit stands in 'unit'), but '{brief(value)}' was found")
    if not units.finite(value):
        raise ValueError(f"must be finite, but {value} was found")
    return float(value)


def _whole(value: Any) -> int:
    if isinstance(value, bool) or not isinstance(value, int) or value < 1:
        raise ValueError(f"a whole number from 1 on is due, but '{brief(value)}' was found")
    return value


def _unit(value: Any) -> str:
    text = "1" if value == 1 and not isinstance(value, bool) else value
    if not isinstance(text, str):
        raise ValueError(f"a unit such as 1/h is due, but '{brief(value)}' was found")
    units.parse_unit(text)
    return text


def _span(value: Any) -> tuple[float, float]:
    if not isinstance(value, list | tuple) or len(value) != 2:
        raise ValueError(f"a range is a list of two numbers, [low, high], but '{brief(value)}' was found")
    low, high = _finite(value[0]), _finite(value[1])
    if low > high:
        raise ValueError(f"the range [{units.show(low)}, {units.show(high)}] runs from high to low")
    return low, high


def _sources(value: Any) -> tuple[str, ...]:
    texts = _names(value)
    if not isinstance(texts, list | tuple) or not all(isinstance(text, str) and text.strip() for text in texts):
        raise ValueError(f"a text or a list of texts is due, but '{brief(value)}' was found")
    if any(text.strip() == "assumed" or text.strip() == "assumed:" for text in texts):
        raise ValueError("say why it is assumed: 'assumed: …'")
    return tuple(texts)


def _schema(check: Callable[[Any], Any], kind: dict[str, Any]) -> tuple[Any, Any]:
    hosts = {"type": "object", "properties": dict.fromkeys(HOSTS, kind), "additionalProperties": False}
    return PlainValidator(_per_host(check)), WithJsonSchema({"anyOf": [kind, hosts]})


_value, _value_schema = _schema(_finite, {"type": "number"})
_units, _units_schema = _schema(_unit, {"type": ["string", "integer"]})
_range, _range_schema = _schema(_span, {"type": "array", "items": {"type": "number"}, "minItems": 2, "maxItems": 2})
_count, _count_schema = _schema(_whole, {"type": "integer", "minimum": 1})

_TEXTS = {"anyOf": [{"type": "string"}, {"type": "array", "items": {"type": "string"}}]}
if TYPE_CHECKING:
    Texts = tuple[str, ...]
else:
    Texts = Annotated[Any, PlainValidator(_sources), WithJsonSchema(_TEXTS)]
Names = Annotated[tuple[str, ...], BeforeValidator(_names), WithJsonSchema(_TEXTS)]


class Entry(BaseModel):
    """What all parts of the catalogue share."""

    model_config = ConfigDict(frozen=True, extra="forbid", populate_by_name=True, serialize_by_alias=True)


class Number(Entry):
    """A value with its unit, its source and the range in which it is plausible."""

    value: Annotated[Any, _value, _value_schema]
    unit: Annotated[Any, _units, _units_schema] = "1"
    source: Texts = ()
    range: Annotated[Any, _range, _range_schema] = None
    note: str = ""

    @model_validator(mode="before")
    @classmethod
    def _bare(cls, data: Any) -> Any:
        """`3.75 mmHg` and `4` are numbers too."""
        if isinstance(data, bool):
            raise ValueError(f"a number is due, but '{data}' was found")
        if isinstance(data, str):
            value, unit = units.split(data)
            return {"value": units.as_float(value), "unit": unit or "1"}
        if isinstance(data, int | float):
            return {"value": data}
        return data

    @classmethod
    def __get_pydantic_json_schema__(cls, schema: Any, handler: Any) -> dict[str, Any]:
        bare = [{"type": "string", "examples": ["3.75 mmHg"]}, {"type": "number"}]
        return {"anyOf": [handler(schema), *bare]}

    def at(self, host: str) -> float:
        """The value for a host, in the unit of the slot."""
        return float(_of(self.value, host))

    def unit_at(self, host: str) -> str:
        return str(_of(self.unit, host))

    def range_at(self, host: str) -> tuple[float, float] | None:
        return None if self.range is None else _of(self.range, host)

    @property
    def hosts(self) -> tuple[str, ...]:
        """The hosts for which there is a value."""
        return tuple(self.value) if isinstance(self.value, Mapping) else HOSTS

    @property
    def assumed(self) -> bool:
        return any(text.strip().startswith("assumed") for text in self.source)

    def converted(self, to: tuple[str, ...]) -> Number:
        """The same number in the first of some units that has its dimension; UnitError if none has."""
        if self.unit == to[0]:
            return self
        values, found, spans = {}, {}, {}
        for host in self.hosts:
            unit = self.unit_at(host)
            found[host] = next((due for due in to if units.same_dimension(unit, due)), to[0])
            values[host] = units.convert(self.at(host), unit, found[host])
            span = self.range_at(host)
            if span is not None:
                spans[host] = tuple(units.convert(end, unit, found[host]) for end in span)
        plain = not isinstance(self.value, Mapping) and len(set(found.values())) == 1
        return self.model_copy(
            update={
                "value": values[self.hosts[0]] if plain else frozendict(values),
                "unit": found[self.hosts[0]] if len(set(found.values())) == 1 else frozendict(found),
                "range": None if not spans else spans[self.hosts[0]] if plain else frozendict(spans),
            }
        )

    def __str__(self) -> str:
        if not isinstance(self.value, Mapping):
            return units.show(self.value, _of(self.unit, HOSTS[0]))
        return ", ".join(f"{units.show(self.at(host), self.unit_at(host))} ({host})" for host in self.hosts)


def _of(value: Any, host: str) -> Any:
    if host not in HOSTS:
        raise LookupError(f"there is no host '{host}'; the hosts are mouse and human")
    if not isinstance(value, Mapping):
        return value
    if host not in value:
        raise LookupError(f"there is no value for {host}, only for {', '.join(value)}")
    return value[host]


Numbers = Annotated[dict[str, Number], AfterValidator(frozendict)]


class Event(Entry):
    """A hazard: at the rate of a behavior the cell does something."""

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
    events: tuple[Event, ...] = ()
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
    """In CELL, SIGNAL increases or decreases BEHAVIOR towards LIMIT by a Hill response, because of EVIDENCE.

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
    """A diffusing substance: D∇²c − loss c + source = 0; of a slow one, dc/dt."""

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

    role : "barrier" is what leukocytes find hard to pass; "debris" is what the dead leave, an amount in cells.
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


class Pharmacokinetics(Entry):
    """One or two compartments; volumes and clearances per kg of body weight where the dose is per kg."""

    compartments: Literal[1, 2]
    clearance: Number
    central_volume: Number
    peripheral_volume: Number | None = None
    intercompartment: Number | None = None
    molar_mass: Number
    absorption: Number | None = None
    bioavailability: Number | None = None
    unbound: Number | None = None  # share of a drug in plasma that can leave it; all of it where nothing is said

    @model_validator(mode="after")
    def _complete(self) -> Pharmacokinetics:
        for name in ("peripheral_volume", "intercompartment"):
            if (getattr(self, name) is None) == (self.compartments == 2):
                raise ValueError(f"'{name}' goes with compartments: 2, and with it alone")
        return self


class TissueUptake(Entry):
    """The effect compartment: dCe/dt = rate (partition · unbound · Cp − Ce)."""

    partition: Number
    rate: Number


class Occupancy(Entry):
    kd: Number


class Schedule(Entry):
    every: Number
    times: Annotated[Any, _count, _count_schema]

    def times_at(self, host: str) -> int:
        return int(_of(self.times, host))


class Effect(Entry):
    """A drug blocks a fraction of a signal, or scales a behavior towards a factor, in proportion to its occupancy."""

    blocks: str | None = None
    scales: str | None = None
    cells: Names = Key(default=(), alias="in")
    fraction: Number | None = None
    to: Number | None = None
    evidence: Texts = ()
    note: str = ""

    @model_validator(mode="after")
    def _complete(self) -> Effect:
        blocking = self.blocks is not None and self.fraction is not None and self.scales is None and self.to is None
        scaling = self.scales is not None and self.to is not None and self.blocks is None and self.fraction is None
        if not blocking and not scaling:
            raise ValueError("an effect is either {blocks: SIGNAL, in: […], fraction: …} or {scales: BEHAVIOR, to: …}")
        return self


class Therapy(Entry):
    label: str
    aliases: Names = ()
    therapy_class: str
    evidence_id: str
    evidence: Texts
    delivery: Literal["systemic", "field"] = "systemic"
    pk: Pharmacokinetics
    tissue: TissueUptake | None = None
    occupancy: Occupancy
    dose: Number
    schedule: Schedule
    effects: tuple[Effect, ...] = ()
    rules: Annotated[dict[str, Rule], AfterValidator(frozendict)] = Key(default={}, validate_default=True)
    field: Field | None = None
    meaning: str = ""
    note: str = ""

    @model_validator(mode="after")
    def _complete(self) -> Therapy:
        if (self.field is None) == (self.delivery == "field"):
            raise ValueError("'field' goes with delivery: field, and with it alone")
        if (self.tissue is None) == (self.delivery == "systemic"):
            raise ValueError("'tissue' goes with delivery: systemic, and with it alone")
        return self


KINDS: dict[str, Any] = {
    "cells": CellType,
    "states": StateVariable,
    "rules": Rule,
    "fields": Field,
    "matrix": MatrixMap,
    "processes": Process,
    "therapies": Therapy,
}


def each_number(part: Any, path: DataPath, change: Callable[[DataPath, Number], Number]) -> Any:
    """A part of the catalogue with each number in it replaced by `change(path, number)`; unchanged parts are kept."""
    if isinstance(part, Number):
        return change(path, part)
    if isinstance(part, RootModel):
        root = each_number(part.root, path, change)
        return part if root is part.root else part.model_copy(update={"root": root})
    if isinstance(part, BaseModel):
        new = {}
        for name, info in type(part).model_fields.items():
            old = getattr(part, name)
            made = each_number(old, (*path, info.alias or name), change)
            if made is not old:
                new[name] = made
        return part.model_copy(update=new) if new else part
    if isinstance(part, Mapping):
        made = {key: each_number(value, (*path, key), change) for key, value in part.items()}
        return part if all(made[key] is part[key] for key in part) else frozendict(made)
    if isinstance(part, tuple):
        items = tuple(each_number(value, (*path, index), change) for index, value in enumerate(part))
        return part if all(new is old for new, old in zip(items, part, strict=True)) else items
    return part
