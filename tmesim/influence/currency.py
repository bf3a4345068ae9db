"""Whether a result is what the model of today would give."""

from __future__ import annotations

import hashlib
from importlib import resources

from tmesim.fingerprint import code, fingerprint

SOURCES = ("catalogue/mechanisms.yaml", "influence/groups.yaml", "influence/groups.py", "influence/ranges.py",
           "influence/sections.py", "influence/strength.py", "influence/study.py", "calibration/emulator.py",
           "sensitivity.py")  # fmt: skip
"""Beside the model, what a result hangs on."""


def model(host: str) -> dict[str, str]:
    """What a result of today stands for: hashes of catalogue and engine, and of groups and method."""
    root = resources.files("tmesim")
    texts = {name: root.joinpath(*name.split("/")).read_text(encoding="utf-8") for name in SOURCES}
    read = [code(text) if name.endswith(".py") else text for name, text in texts.items()]
    return fingerprint(host) | {"method": hashlib.sha256("\0".join(read).encode()).hexdigest()}
