"""`explain KEY`: the keys of a scenario file, from the schema that editors read."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from functools import cache
from typing import Any

import yaml

from tmesim.catalogue import Catalogue
from tmesim.reading import read_yaml
from tmesim.scenario import json_schema, named
from tmesim.scenario.file import ScenarioFile
from tmesim.text import shortened

Node = dict[str, Any]
SHOWN_FIRST = "untreated"
"""The scenario that most others extend, and so the one that says most."""


@cache
def _schema() -> Node:
    return json_schema()


def key_page(c: Catalogue, path: str) -> list[str]:
    """The page of a key of a scenario by its dotted path; empty if there is none."""
    steps = steps_of(path)
    node = node_at(steps) if steps and steps[0] in ScenarioFile.model_fields else None
    if node is None or not node.get("description"):
        return []
    page = [f"{path} is a key of a scenario: {_ended(node['description'])}"]
    page.append(f"- It takes {_kind(node)}.")
    if node.get("default") not in (None, "", [], {}):
        page.append(f"- By default it is {_plain(node['default'], node['description'])}.")
    example = _example(steps)
    keys = list(told_keys(steps))
    page += ["", "Its keys:", *(f"- {name}: {_ended(text)}" for name, text in keys)] if keys else []
    if example is not None:
        name, text = example
        page += ["", f"In the scenario {name}:", "", *(f"    {line}" for line in text)]
    return page


def steps_of(path: str) -> tuple[str, ...]:
    """The keys of a dotted path, without the numbers of list items."""
    return tuple(step for step in re.sub(r"\[\d+\]", "", path).split(".") if step)


def told_keys(steps: Sequence[str]) -> Iterator[tuple[str, str]]:
    """The keys within a key, each with what it means."""
    node = node_at(steps)
    found: dict[str, str] = {}
    for part in _shapes(node) if node is not None else ():
        for name, inner in part.get("properties", {}).items():
            if (text := _merged(inner).get("description")) is not None:
                found.setdefault(name, text)
    yield from found.items()


def all_keys() -> set[str]:
    """The keys of a scenario that have no free names before them, by dotted path."""
    found: set[str] = set()

    def walk(steps: tuple[str, ...]) -> None:
        for name, _ in told_keys(steps):
            here = (*steps, name)
            if len(here) <= 3 and ".".join(here) not in found:
                found.add(".".join(here))
                walk(here)

    walk(())
    return found


def node_at(steps: Sequence[str]) -> Node | None:
    """What the schema says at a path, with what it refers to; None if there is no such key."""
    node: Node = _schema()
    for step in steps:
        inner = next((found for part in _shapes(node) if (found := _within(part, step)) is not None), None)
        if inner is None:
            return None
        node = _merged(inner)
    return node


def _within(part: Node, step: str) -> Node | None:
    """What a mapping says of one of its keys; of any key where names are free."""
    return part.get("properties", {}).get(step) or _free(part)


def _free(part: Node) -> Node | None:
    """What a mapping with free names says of each of them."""
    inner = part.get("additionalProperties")
    return inner if isinstance(inner, dict) else next(iter(part.get("patternProperties", {}).values()), None)


def _merged(node: Node) -> Node:
    """A node with what it refers to; its own description stands."""
    if "$ref" not in node:
        return node
    return _schema()["$defs"][node["$ref"].rpartition("/")[2]] | {k: v for k, v in node.items() if k != "$ref"}


def _shapes(node: Node) -> list[Node]:
    """All that a value may look like: a node, its alternatives, and the items of a list."""
    node = _merged(node)
    found = [node]
    for inner in (*node.get("anyOf", ()), *([node["items"]] if isinstance(node.get("items"), dict) else [])):
        found += _shapes(inner)
    return found


WORDS = {
    "string": "text", "number": "a number", "integer": "a whole number", "boolean": "true or false",
    "object": "a mapping",
}  # fmt: skip


def _kind(node: Node) -> str:
    """What a key takes, in words."""
    node = _merged(node)
    if "const" in node:
        return str(node["const"])
    if "anyOf" in node:
        return " or ".join(dict.fromkeys(text for part in node["anyOf"] if (text := _kind(part))))
    if "enum" in node:
        return f"one of {', '.join(map(str, node['enum']))}"
    types = node.get("type", "object")
    return " or ".join(text for kind in ([types] if isinstance(types, str) else types) if (text := _of(node, kind)))


def _of(node: Node, kind: str) -> str:
    """What a value of a type is, in words; "" for nothing at all."""
    example = f", such as {node['examples'][0]}" if node.get("examples") else ""
    if kind == "array":
        items = node.get("prefixItems") or [node.get("items", {})]
        count = f"a list of {len(items)}, each" if len(items) > 1 else "a list, each"
        return f"{count} {_kind(items[0])}"
    if kind == "object" and "properties" not in node and (inner := _free(node)) is not None:
        return f"a mapping from names to {_kind(inner)}"
    return "" if kind == "null" else f"{WORDS[kind]}{example if kind == 'string' else ''}"


def _example(steps: Sequence[str]) -> tuple[str, list[str]] | None:
    """The first packaged scenario that has a key, and the key as it is written there."""
    for name, data in _written():
        found = _value(data, steps)
        if found is not None:
            lines = [shortened(line, 110) for line in _yaml(steps[-1], found)]
            return name, [*lines[:8], *(["…"] if len(lines) > 8 else [])]
    return None


@cache
def _written() -> list[tuple[str, Any]]:
    """The packaged scenarios as they are written, the one that says most first."""
    names = sorted(named(), key=lambda name: name != SHOWN_FIRST)
    return [(name, read_yaml(named()[name]).data) for name in names]


def _yaml(key: str, value: Any) -> list[str]:
    """A key and its value as a file has them."""
    text = yaml.safe_dump(value, sort_keys=False, allow_unicode=True, default_flow_style=None, width=90)
    lines = text.removesuffix("...\n").splitlines()
    if len(lines) == 1 or lines[0].startswith(("{", "[")):
        return [f"{key}: {lines[0]}", *lines[1:]]
    return [f"{key}:", *(f"  {line}" for line in lines)]


def _value(data: Any, steps: Sequence[str]) -> Any:
    for step in steps:
        if isinstance(data, list):
            data = next((item for item in data if isinstance(item, dict) and step in item), None)
        if not isinstance(data, dict) or step not in data:
            return None
        data = data[step]
    return data


def _plain(value: Any, told: str) -> str:
    """A default for people, with the unit that the description has in brackets."""
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, float):
        unit = re.search(r"\(([^ )]+)", told)
        return f"{value:g} {unit[1]}" if unit is not None else f"{value:g}"
    return ", ".join(map(str, value)) if isinstance(value, list) else f"{value}"


def _ended(text: str) -> str:
    return text if text.endswith((".", "…")) else f"{text}."
