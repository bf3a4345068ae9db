"""The shape of each kind of entry, by the name of the kind."""

from __future__ import annotations

from typing import Any

from tmesim.catalogue.entries import CellType, Edge, Fate, Field, MatrixMap, Process, Rule, StateVariable
from tmesim.catalogue.frozen import frozendict
from tmesim.catalogue.numbers import HOSTS, Entry, Number, each_number
from tmesim.catalogue.therapies import Drug, Effect, Pharmacokinetics, Radiation, Removal, Surgery, Therapy, shape_of

__all__ = [
    "HOSTS",
    "KINDS",
    "CellType",
    "Drug",
    "Edge",
    "Effect",
    "Entry",
    "Fate",
    "Field",
    "MatrixMap",
    "Number",
    "Pharmacokinetics",
    "Process",
    "Radiation",
    "Removal",
    "Rule",
    "StateVariable",
    "Surgery",
    "Therapy",
    "each_number",
    "frozendict",
    "model_of",
]

KINDS: dict[str, Any] = {
    "cells": CellType,
    "states": StateVariable,
    "rules": Rule,
    "fields": Field,
    "matrix": MatrixMap,
    "processes": Process,
    "therapies": Therapy,
}


def model_of(kind: str, entry: Any) -> Any:
    """The shape of an entry of a kind, as it is written: a therapy has that of its kind."""
    return shape_of(entry) if kind == "therapies" else KINDS[kind]
