"""The public Python API: every argument of what people call is told in a docstring."""

import functools
import inspect
import re

import pytest

import tmesim
from tmesim.agents import Cell, CellSet
from tmesim.sweeps.plots import SweepPlots

PLOTS = type(tmesim.Result.__new__(tmesim.Result).plot)
CLASSES = (tmesim.Result, tmesim.Scenario, tmesim.TumorModel, tmesim.Sweep, Cell, CellSet, PLOTS, SweepPlots)
FEW = 3
"""So many arguments may be told in a sentence; more have a line each."""


def members(cls):
    """The public functions and properties of a class, its constructor among them, by name."""
    own = {
        name: value
        for base in reversed(cls.__mro__)
        if base.__module__.startswith("tmesim")
        for name, value in vars(base).items()
    }
    for name, value in own.items():
        if not name.startswith("_") or name == "__init__":
            yield f"{cls.__name__}.{name}", getattr(value, "__func__", value)


MEMBERS = dict(member for cls in CLASSES for member in members(cls))
FUNCTIONS = {name: value for name, value in MEMBERS.items() if inspect.isfunction(value)}
FUNCTIONS |= {name: getattr(tmesim, name) for name in tmesim.__all__ if inspect.isfunction(getattr(tmesim, name))}
PROPERTIES = {name: value for name, value in MEMBERS.items() if isinstance(value, property | functools.cached_property)}


def told(name: str) -> str:
    """The docstring of a function, of a constructor with that of its class, and those that it refers to."""
    doc = inspect.getdoc(FUNCTIONS[name]) or ""
    if name.endswith(".__init__"):
        owner = next(cls for cls in CLASSES if cls.__name__ == name.partition(".")[0])
        doc = f"{inspect.getdoc(owner)}\n{doc}"
    others = re.findall(r"as in `([\w.]+)`", doc)
    return "\n".join([doc, *(told(other) for other in others if other != name and other in FUNCTIONS)])


def arguments(name: str) -> list[str]:
    found = [p for p in inspect.signature(FUNCTIONS[name]).parameters if p not in ("self", "cls")]
    return [p for p in found if not p.startswith("_")]


def untold(doc: str, names: list[str]) -> list[str]:
    """Those of some arguments that a docstring does not tell: a line `name : …`, or a word if there are few."""
    lines = {
        name for line in doc.splitlines() if (m := re.match(r"\s*((?:\w+, )*\w+) : \S", line))
        for name in m[1].split(", ")
    }  # fmt: skip
    few = len(names) <= FEW
    return [name for name in names if name not in lines and not (few and re.search(rf"\b{name}\b", doc))]


def test_what_the_package_offers_is_walked():
    assert {"run", "load", "explain"} <= set(FUNCTIONS)
    assert {"TumorModel.__init__", "Cell.neighbors", "CellSet.select", "Result.compare"} <= set(FUNCTIONS)
    assert {"Plots.tissue", "Plots.curves", "Plots.differences", "Plots.movie"} <= set(FUNCTIONS)
    assert len(FUNCTIONS) > 60 and len(PROPERTIES) > 15


@pytest.mark.parametrize("name", sorted(FUNCTIONS))
def test_every_argument_of_a_public_function_is_told(name):
    assert untold(told(name), arguments(name)) == []


@pytest.mark.parametrize("name", sorted(MEMBERS))
def test_every_public_member_has_a_docstring_that_begins_with_a_sentence(name):
    value = MEMBERS[name]
    if name in FUNCTIONS or name in PROPERTIES:
        doc = told(name) if name in FUNCTIONS else inspect.getdoc(value) or ""
        first = doc.split("\n\n")[0].strip()
        assert re.match(r"[A-Z`\d]", first), name
        assert len(first.split()) > 2 and re.search(r"[.:;?)]$|\.\s", first), name


@pytest.mark.parametrize("name", tmesim.__all__)
def test_every_public_name_is_documented_and_listed(name):
    assert name in dir(tmesim)
    assert getattr(tmesim, name).__doc__


@pytest.mark.parametrize(
    ("doc", "names", "left"),
    [
        ("One.\n\na, b : numbers\nc : text", ["a", "b", "c", "d"], ["d"]),
        ("The a of b.", ["a", "b", "c"], ["c"]),
        ("The a of b, c and d.", ["a", "b", "c", "d"], ["a", "b", "c", "d"]),
    ],
)
def test_an_argument_that_is_not_told_is_found(doc, names, left):
    assert untold(doc, names) == left
