"""What stands beside drawn numbers: units in words, quantities, and abbreviations spelled out."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import TYPE_CHECKING

from tmesim.wording import compact

if TYPE_CHECKING:
    from tmesim.observables import Observable

UNITS = {"1/mm²": "per mm²", "1/day": "per day", "score 0-1": "score, 0 to 1", "density 0-1": "density, 0 to 1"}
ABBREVIATIONS = {
    "CAF": "cancer-associated fibroblast", "CCL2": "a chemokine that calls monocytes", "CTL": "cytotoxic T cell",
    "EMT": "epithelial-mesenchymal transition", "IFN-γ": "interferon-γ", "IL-6": "interleukin 6",
    "IL-10": "interleukin 10", "M1": "macrophage that attacks", "M2": "macrophage that heals and suppresses",
    "PD-L1": "programmed death ligand 1, a brake on T cells", "TGF-β": "transforming growth factor β",
    "Treg": "regulatory T cell", "VEGF": "vascular endothelial growth factor", "Th1": "helper T cell, type 1",
}  # fmt: skip


def unit_words(unit: str) -> str:
    """A unit as a reader would say it."""
    return UNITS.get(unit, unit)


def quantity(value: float, o: Observable) -> str:
    """A value with its unit where the unit says something."""
    bare = o.unit in ("cells", "fraction", "ratio") or o.unit.endswith("0-1")
    return compact(value) if bare else f"{compact(value)} {unit_words(o.unit)}"


def spelled_out(texts: Iterable[str]) -> str:
    """What the abbreviations in some texts stand for, as one line; empty when there are none."""
    text = " ".join(texts)
    found = [f"{short}: {meaning}" for short, meaning in ABBREVIATIONS.items()
             if re.search(rf"(?<![\w-]){re.escape(short)}s?(?!\w)", text.replace("anti-", ""))]  # fmt: skip
    return "; ".join(found)
