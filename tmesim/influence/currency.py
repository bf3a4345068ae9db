"""Whether a result is what the model of today would give."""

from __future__ import annotations

import hashlib
from importlib import resources

from tmesim.sweeps import currency

SOURCES = ("catalogue/mechanisms.yaml", "influence/groups.yaml", "influence/groups.py", "influence/ranges.py",
           "influence/sections.py", "influence/strength.py", "influence/study.py", "calibration/emulator.py",
           "sensitivity.py")  # fmt: skip
"""Beside the model, what a result hangs on."""


def model(host: str) -> dict[str, str]:
    """What a result of today stands for: hashes of catalogue, engine, and of groups and method."""
    root = resources.files("tmesim")
    data = b"\0".join(root.joinpath(*name.split("/")).read_bytes() for name in SOURCES)
    return currency.model(host) | {"method": hashlib.sha256(data).hexdigest()}
