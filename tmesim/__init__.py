"""tmesim: an agent-based simulator of the breast tumor microenvironment.

`load` reads a scenario, `run` simulates its arms and replicates and leaves a run directory (with `out=TEMPORARY` none),
`Result` reads one again, `compare` sets several side by side, `ablate` asks what each mechanism contributes to effects,
`sweep` asks what if at many points and `Sweep` reads that again, `TumorModel` is a Mesa model to step by hand,
`explain` says what a name means, and `list` what there is.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from tmesim.version import __version__

if TYPE_CHECKING:
    from tmesim.cli.lists import list_ as list  # noqa: F401  `tmesim.list`, as `_HOMES` has it
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

# `tmesim.list` is not among them: a star import would hide Python's own.
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
    "list": "tmesim.cli.lists",
    "load": "tmesim.scenario",
    "run": "tmesim.trial.python",
    "sweep": "tmesim.sweeps.python",
}


def __getattr__(name: str) -> Any:
    """Import what is asked for when it is asked for, so that `import tmesim` costs nothing."""
    if name not in _HOMES:
        raise AttributeError(f"module 'tmesim' has no attribute {name!r}")
    from importlib import import_module

    return getattr(import_module(_HOMES[name]), "list_" if name == "list" else name)


def __dir__() -> Iterable[str]:
    return sorted({*globals(), *_HOMES, *__all__})
