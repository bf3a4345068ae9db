"""Which run it is: all that the bits of a replicate hang on."""

from __future__ import annotations

import json
import platform
from contextlib import suppress
from dataclasses import replace
from functools import cache, lru_cache
from importlib.metadata import PackageNotFoundError, version
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tmesim.scenario import Scenario
    from tmesim.trial.case import Case

COMPUTING = ("tmesim", "numpy", "numba", "llvmlite", "scipy")
"""Packages whose version decides the bits of a result (scipy: the matrix exponential of a drug's course)."""
OTHERS = ("mesa", "pydantic", "matplotlib", "pandas")


def versions() -> dict[str, str]:
    found = {"python": platform.python_version()}
    for name in (*COMPUTING, *OTHERS):
        with suppress(PackageNotFoundError):
            found[name] = version(name)
    if "tmesim" not in found:
        from tmesim import __version__

        found["tmesim"] = __version__
    return found


@cache
def computing_versions() -> dict[str, str]:
    return {name: number for name, number in versions().items() if name in COMPUTING}


@lru_cache(maxsize=16)
def identity(scenario: Scenario) -> str:
    """The hash of a scenario whatever its number of replicates: they do not know of each other."""
    return replace(scenario, replicates=1).hash


def bond(case: Case) -> str:
    """What the records of a replicate are bound to, so that those of another run or replicate are not taken."""
    cells = getattr(case.engine, "identities", {})  # classes written in Python, by the hash of their code
    return json.dumps([identity(case.scenario), cells, case.seed, case.replicate, computing_versions()], sort_keys=True)
