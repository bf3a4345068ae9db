"""The shape of each kind of entry, by the name of the kind."""

from __future__ import annotations

from typing import Any

from tmesim.catalogue.entries import CellType, Edge, Fate, Field, MatrixMap, Process, Rule, StateVariable
from tmesim.catalogue.frozen import frozendict
from tmesim.catalogue.numbers import HOSTS, Entry, Number, each_number
from tmesim.catalogue.therapies import Effect, Pharmacokinetics, Therapy

__all__ = [
    "HOSTS",
    "KINDS",
    "CellType",
    "Edge",
    "Effect",
    "Entry",
    "Fate",
    "Field",
    "MatrixMap",
    "Number",
    "Pharmacokinetics",
    "Process",
    "Rule",
    "StateVariable",
    "Therapy",
    "each_number",
    "frozendict",
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
