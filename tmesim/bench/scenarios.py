"""What is timed: a plain lattice of one cell type, and all of the biology, on squares of any size."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from tmesim.scenario import Scenario

PLAIN = {
    "cells": {
        "tumor": {
            "label": "plain cell", "agent": "TumorCell", "layer": "tissue", "color": "#E69F00",
            "behaviors": {
                "division": "0.01 1/h", "apoptosis": "0.01 1/h", "speed": "0.125 µm/min",
                "secretion.signal": "1 pM/h", "uptake.nutrient": "1 1/h",
            },
            "events": [{"behavior": "division", "does": "divide"}, {"behavior": "apoptosis", "does": "die"}],
        }
    },
    "fields": {
        name: {
            "unit": "pM", "diffusion": "1e5 µm²/h", "decay": "1 1/h", "edge": {"kind": "zero_flux"},
            "start": "1 pM", "evidence": "benchmark",
        }
        for name in ("signal", "nutrient")
    },
}  # fmt: skip


def bare_scenario(entries: dict[str, Any], sites: int, start: dict[str, Any], **parts: Any) -> Scenario:
    """A scenario on sites² whose catalogue holds `entries` alone, beside the packaged processes and matrix."""
    from tmesim.catalogue import Catalogue, load_catalogue
    from tmesim.catalogue.models import KINDS, model_of
    from tmesim.scenario import load

    packaged = load_catalogue()
    models = {
        kind: {name: model_of(kind, entry).model_validate(entry) for name, entry in entries.get(kind, {}).items()}
        for kind in KINDS
    }
    for kind in ("processes", "matrix"):
        models[kind] = dict(getattr(packaged, kind)) | models[kind]
    catalogue, _ = Catalogue.build(models)
    empty = {"densities": {}, "capillaries": "0 /mm²", "tumor": []}
    return replace(_resized(load("minimal"), sites, empty | start, **parts), catalogue=catalogue)


def plain_scenario(sites: int) -> Scenario:
    """One cell type, half full: uptake and secretion, death 0.01, division 0.01, else a move with probability 0.5."""
    return bare_scenario(PLAIN, sites, {"densities": {"tumor": f"{0.5e6 / 15**2} /mm²"}})


def full_scenario(sites: int, share: float = 1.0) -> Scenario:
    """All of the biology: a third of the patch a tumor, host tissue around it; `share` of the usual cells."""
    from tmesim.scenario import load

    usual = {
        "fibroblast": 600, "adipocyte": 300, "m1": 250, "m2": 150, "ctl": 300,
        "th1": 150, "treg": 150, "dendritic": 50, "monocyte": 100,
    }  # fmt: skip
    densities = {cell: f"{share * number} /mm²" for cell, number in usual.items()}
    tumor = [{"radius": f"{sites * 15 * 0.32} µm", "fill": 0.9 * share}]
    return _resized(load("untreated"), sites, {"densities": densities, "capillaries": "120 /mm²", "tumor": tumor})


def _resized(scenario: Scenario, sites: int, start: dict[str, Any], **parts: Any) -> Scenario:
    """The scenario on a square of sites², with parts of its start and other parts replaced."""
    import yaml

    from tmesim.scenario import read_text

    content = scenario.content()
    content["tissue"] = {"size": [f"{sites * 15} µm"] * 2, "spacing": "15 µm"}
    content["start"] |= start
    content |= parts
    content.pop("catalogue", None)
    return read_text(yaml.safe_dump(content, allow_unicode=True))
