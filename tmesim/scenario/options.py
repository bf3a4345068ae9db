"""The options of a run that change its scenario, the same on the command line and in Python."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, TypedDict


class Options(TypedDict, total=False):
    """What `Scenario.with_options` takes and tells of; None, or nothing, leaves what the scenario says."""

    seed: int | None
    replicates: int | None
    days: float | None
    arms: str | Sequence[str] | None
    set: Mapping[str, Any] | None
