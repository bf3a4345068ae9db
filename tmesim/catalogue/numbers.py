"""A number of the catalogue: a value with its unit, its source and the range in which it is plausible, for each host.

Once a catalogue is built, its numbers stand in the unit of their place (see `bounds`), so that `number.at(host)` needs
no conversion.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Annotated, Any, Literal, get_args

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    PlainValidator,
    RootModel,
    WithJsonSchema,
    model_validator,
)

from tmesim import units
from tmesim.catalogue.frozen import frozendict
from tmesim.reading import DataPath, brief
from tmesim.reading.describing import describe

Species = Literal["mouse", "human"]
HOSTS: tuple[str, ...] = get_args(Species)  # whose values a number may give


def _names(value: Any) -> Any:
    return (value,) if isinstance(value, str) else value


def _per_host(check: Callable[[Any], Any]) -> Callable[[Any], Any]:
    """The same check for a bare value and for {mouse: value, human: value}."""

    def checked(value: Any) -> Any:
        if not isinstance(value, Mapping):
            return check(value)
        unknown = [key for key in value if key not in HOSTS]
        if unknown or not value:
            raise ValueError(f"the hosts are mouse and human, got '{unknown[0] if unknown else '{}'}'")
        return frozendict({host: check(value[host]) for host in HOSTS if host in value})

    return checked


def _finite(value: Any) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise ValueError(f"expected a number (its unit goes into 'unit'), got '{brief(value)}'")
    if not units.finite(value):
        raise ValueError(f"must be finite, got {value}")
    return float(value)


def _whole(value: Any) -> int:
    if isinstance(value, bool) or not isinstance(value, int) or value < 1:
        raise ValueError(f"expected a whole number of at least 1, got '{brief(value)}'")
    return value


def _unit(value: Any) -> str:
    text = "1" if value == 1 and not isinstance(value, bool) else value
    if not isinstance(text, str):
        raise ValueError(f"expected a unit such as 1/h, got '{brief(value)}'")
    units.parse_unit(text)
    return text


def _span(value: Any) -> tuple[float, float]:
    if not isinstance(value, list | tuple) or len(value) != 2:
        raise ValueError(f"expected a list of two numbers, [low, high], got '{brief(value)}'")
    low, high = _finite(value[0]), _finite(value[1])
    if low > high:
        raise ValueError(f"the range [{units.show(low)}, {units.show(high)}] runs from high to low")
    return low, high


def _sources(value: Any) -> tuple[str, ...]:
    texts = _names(value)
    if not isinstance(texts, list | tuple) or not all(isinstance(text, str) and text.strip() for text in texts):
        raise ValueError(f"expected text or a list of texts, got '{brief(value)}'")
    bare = (text.strip().removeprefix("mouse: ").removeprefix("human: ") for text in texts)
    if any(text in ("assumed", "assumed:") for text in bare):
        raise ValueError("say why it is assumed: 'assumed: …'")
    return tuple(texts)


def _schema(check: Callable[[Any], Any], kind: dict[str, Any]) -> tuple[Any, Any]:
    each = {host: kind | {"description": f"the same for a {host} alone"} for host in HOSTS}
    hosts = {"type": "object", "properties": each, "additionalProperties": False}
    return PlainValidator(_per_host(check)), WithJsonSchema({"anyOf": [kind, hosts]})


_value, _value_schema = _schema(_finite, {"type": "number"})
_units, _units_schema = _schema(_unit, {"type": ["string", "integer"]})
_range, _range_schema = _schema(_span, {"type": "array", "items": {"type": "number"}, "minItems": 2, "maxItems": 2})
_count, _count_schema = _schema(_whole, {"type": "integer", "minimum": 1})
Count = Annotated[Any, _count, _count_schema]

_TEXTS = {"anyOf": [{"type": "string"}, {"type": "array", "items": {"type": "string"}}]}
if TYPE_CHECKING:
    Texts = tuple[str, ...]
else:
    Texts = Annotated[Any, PlainValidator(_sources), WithJsonSchema(_TEXTS)]
Names = Annotated[tuple[str, ...], BeforeValidator(_names), WithJsonSchema(_TEXTS)]


class Entry(BaseModel):
    """What all parts of the catalogue share."""

    model_config = ConfigDict(frozen=True, extra="forbid", populate_by_name=True, serialize_by_alias=True)

    @classmethod
    def __get_pydantic_json_schema__(cls, schema: Any, handler: Any) -> dict[str, Any]:
        made = handler(schema)
        describe(handler.resolve_ref_schema(made), cls)
        return made


class Number(Entry):
    """A value with its unit, its source and the range in which it is plausible.

    value : the number, or one for each species: {mouse: 1, human: 2}
    unit : its unit, such as 1/h or pM; it is converted to the unit of its place
    source : where it comes from: a publication, the id of a claim, or `assumed: why`; one that begins with `mouse: ` or
        `human: ` is of the value for that species alone
    range : lowest and highest plausible value, in the same unit
    note : a remark on the number
    """

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
            raise ValueError(f"expected a number, got '{data}'")
        if isinstance(data, str):
            value, unit = units.split(data)
            return {"value": units.as_float(value), "unit": unit or "1"}
        if isinstance(data, int | float):
            return {"value": data}
        return data

    @classmethod
    def __get_pydantic_json_schema__(cls, schema: Any, handler: Any) -> dict[str, Any]:
        bare = [{"type": "string", "examples": ["3.75 mmHg"]}, {"type": "number"}]
        return {"anyOf": [super().__get_pydantic_json_schema__(schema, handler), *bare]}

    def at(self, host: str) -> float:
        """The value for a host, in the unit of the slot."""
        return float(of_host(self.value, host))

    def unit_at(self, host: str) -> str:
        return str(of_host(self.unit, host))

    def range_at(self, host: str) -> tuple[float, float] | None:
        return None if self.range is None else of_host(self.range, host)

    @property
    def hosts(self) -> tuple[str, ...]:
        """The hosts for which there is a value."""
        return tuple(self.value) if isinstance(self.value, Mapping) else HOSTS

    def texts_at(self, host: str) -> tuple[str, ...]:
        """The sources for a host: those that begin with its name, without it, and those of all hosts."""
        others = tuple(f"{other}: " for other in HOSTS if other != host)
        return tuple(text.removeprefix(f"{host}: ") for text in self.source if not text.startswith(others))

    def assumed_at(self, host: str) -> bool:
        """Whether the value for a host is assumed."""
        return any(text.strip().startswith("assumed") for text in self.texts_at(host))

    @property
    def assumed(self) -> bool:
        """Whether the value for any host is assumed."""
        return any(self.assumed_at(host) for host in self.hosts)

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
            return units.show(self.value, of_host(self.unit, HOSTS[0]))
        return ", ".join(f"{units.show(self.at(host), self.unit_at(host))} ({host})" for host in self.hosts)


def of_host(value: Any, host: str) -> Any:
    """What holds for a host: a value by host, or one for all; LookupError where there is none."""
    if host not in HOSTS:
        raise LookupError(f"there is no host '{host}'; the hosts are mouse and human")
    if not isinstance(value, Mapping):
        return value
    if host not in value:
        raise LookupError(f"there is no value for {host}, only for {', '.join(value)}")
    return value[host]


Numbers = Annotated[dict[str, Number], AfterValidator(frozendict)]


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


def put(part: Any, new: Mapping[DataPath, Number]) -> Any:
    """A part of the catalogue with the numbers at some paths replaced, as `each_number` finds them; the rest is kept,
    and not even looked at. KeyError or IndexError for a path that leads nowhere."""
    if () in new:
        return new[()]
    if isinstance(part, RootModel):
        return part.model_copy(update={"root": put(part.root, new)})
    below: dict[Any, dict[DataPath, Number]] = {}
    for (step, *rest), number in new.items():
        below.setdefault(step, {})[tuple(rest)] = number
    if isinstance(part, BaseModel):
        named = {info.alias or name: name for name, info in type(part).model_fields.items()}
        update = {named[str(step)]: put(getattr(part, named[str(step)]), deeper) for step, deeper in below.items()}
        return part.model_copy(update=update)
    if isinstance(part, Mapping):
        return frozendict({**part, **{step: put(part[step], deeper) for step, deeper in below.items()}})
    return tuple(put(item, below[i]) if i in below else item for i, item in enumerate(part))
