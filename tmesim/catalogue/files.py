"""The packaged YAML files: one for each topic, joined in the order that is written here.

The order counts: cell types, states and fields are numbered as they are read, and the rules of one behavior are added
and multiplied in the order in which they stand. A new file gets its line below.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from importlib import resources
from typing import TypeVar

from tmesim.catalogue.frozen import frozendict
from tmesim.reading import Document, InputError, Problem, parse

E = TypeVar("E")

FILES: Mapping[str, tuple[str, ...]] = {
    "cells": (
        "cells/tumor",
        "cells/stroma",
        "cells/vessels",
        "cells/macrophages",
        "cells/lymphocytes",
        "cells/dendritic_cells",
        "cells/granulocytes",
        "cells/natural_killer_cells",
        "cells/parenchyma",
        "cells/disseminated",
    ),
    "states": ("states",),
    "rules": (
        "rules/tumor_growth",
        "rules/hypoxia",
        "rules/emt",
        "rules/stemness",
        "rules/tumor_secretion",
        "rules/immune_evasion",
        "rules/invasion",
        "rules/necrosis",
        "rules/fibroblasts",
        "rules/adipocytes",
        "rules/vessels",
        "rules/recruitment",
        "rules/egress",
        "rules/macrophages",
        "rules/cytotoxic_t_cells",
        "rules/helper_t_cells",
        "rules/regulatory_t_cells",
        "rules/dendritic_cells",
        "rules/granulocytes",
        "rules/natural_killer_cells",
        "rules/soils",
        "rules/bone",
        "rules/brain",
        "rules/dormancy",
        "rules/premetastatic_niche",
        "rules/dissemination",
    ),
    "fields": (
        "fields/oxygen",
        "fields/growth_factors",
        "fields/cytokines",
        "fields/chemokines",
        "fields/mechanics",
        "fields/bone_factors",
        "fields/vesicles",
    ),
    "matrix": ("matrix",),
    "processes": ("processes",),
    "therapies": (
        "interventions/checkpoint_inhibitors",
        "interventions/treg_depletion",
        "interventions/antiangiogenics",
        "interventions/tgfb_inhibitors",
        "interventions/chemotherapy",
        "interventions/bone_drugs",
        "interventions/chemokine_inhibitors",
        "interventions/macrophage_drugs",
        "interventions/local",
        "interventions/removals",
    ),
}
"""The files of each kind of entry, in order, without their ending."""

HOST_FILES = ("mouse", "human", "pymt_like", "4t1_like", "emt6_like", "human_tnbc")
"""The files of `hosts/` by the names of the hosts: the plain species, then named tumor models."""

ORGAN_FILES = ("breast", "lung", "kidney", "liver", "bone", "brain", "muscle", "spleen", "lymph_node")
"""The files of `organs/` by the names of the organs: the breast, then where cells of its tumors may come to."""

CLAIMS, UNMODELED, MECHANISMS, WORDS, GLOSSARY = "claims", "unmodeled", "mechanisms", "words", "glossary"
WORKS, DERIVATIONS = "works", "derivations"


def packaged(name: str, kind: str | None = None) -> Document:
    """A packaged file by its name without ending; its problems bear the name of its kind before their keys."""
    file = resources.files("tmesim.catalogue").joinpath(f"{name}.yaml")
    return parse(file.read_bytes(), f"tmesim/catalogue/{name}.yaml", (kind or name,))


def each_packaged(
    folder: str, names: Iterable[str], read: Callable[[Document], tuple[E | None, list[Problem]]]
) -> Mapping[str, E]:
    """What stands in the files of a folder, by name; InputError with every problem if one is wrong."""
    found: dict[str, E] = {}
    problems: list[Problem] = []
    for name in names:
        entry, wrong = read(packaged(f"{folder}/{name}"))
        problems += wrong
        if entry is not None:
            found[name] = entry
    if problems:
        raise InputError(problems)
    return frozendict(found)


def documents() -> dict[str, list[Document]]:
    """All packaged entries as they are written, by kind."""
    return {kind: [packaged(name, kind) for name in names] for kind, names in FILES.items()}
