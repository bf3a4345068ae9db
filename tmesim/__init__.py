"""tmesim: an agent-based simulator of the breast tumor microenvironment.

`load` reads a scenario, `run` simulates its arms and replicates and leaves a run directory (with `out=TEMPORARY` none),
`Result` reads one again, `compare` sets several side by side, `ablate` asks what each mechanism contributes to effects,
`sweep` asks what if at many points and `Sweep` reads that again, `TumorModel` is a Mesa model to step by hand, and
`explain` prints what a name of the catalogue means.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from tmesim.version import __version__

if TYPE_CHECKING:
    from tmesim.cli.pages import explain
    from tmesim.comparing import compare
    from tmesim.model import TumorModel
    from tmesim.scenario import Scenario, load
    from tmesim.shown import Ablation, Result
    from tmesim.sweeps.python import sweep
    from tmesim.sweeps.sweep import Sweep
    from tmesim.trial.ablating import ablate
    from tmesim.trial.places import TEMPORARY
    from tmesim.trial.python import run

__all__ = [
    "TEMPORARY", "Ablation", "Result", "Scenario", "Sweep", "TumorModel", "__version__", "ablate", "compare", "explain",
    "load", "run", "sweep",
]  # fmt: skip

_HOMES = {
    "TEMPORARY": "tmesim.trial.places",
    "Ablation": "tmesim.shown",
    "Result": "tmesim.shown",
    "Scenario": "tmesim.scenario",
    "Sweep": "tmesim.sweeps.sweep",
    "TumorModel": "tmesim.model",
    "compare": "tmesim.comparing",
    "ablate": "tmesim.trial.ablating",
    "explain": "tmesim.cli.pages",
    "load": "tmesim.scenario",
    "run": "tmesim.trial.python",
    "sweep": "tmesim.sweeps.python",
}


def __getattr__(name: str) -> Any:
    """Import what is asked for when it is asked for, so that `import tmesim` costs nothing."""
    if name not in _HOMES:
        raise AttributeError(f"module 'tmesim' has no attribute {name!r}")
    from importlib import import_module

    return getattr(import_module(_HOMES[name]), name)


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
