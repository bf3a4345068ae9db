"""What somebody asks for, on the command line, in Python, or by the `sweep.yaml` of an earlier sweep."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tmesim.observables import observables_of
from tmesim.reading import InputError, Problem, read_yaml
from tmesim.scenario import Scenario, load
from tmesim.sweeps.plan import FORMAT, Plan, listed, plan


@dataclass(frozen=True)
class Request:
    """A scenario with options of a run, and what is varied; or points that are named one by one instead."""

    source: Any
    vary: Mapping[str, str | Sequence[Any]] = field(default_factory=dict)
    design: str = "grid"
    n: int | None = None
    days: Sequence[float] = ()
    points: Sequence[Mapping[str, Any]] | None = None
    options: Mapping[str, Any] = field(default_factory=dict)
    endpoints: Sequence[str] = ()

    def scenario(self) -> Scenario:
        """The scenario that the points change; InputError when it is none."""
        options = dict(self.options)
        if self.endpoints:
            options["set"] = {**(options.get("set") or {}), "endpoints": list(self.endpoints)}
        return load(self.source, **options, observables=observables_of)

    def plan(self, checked: bool = False) -> Plan:
        """The plan, each point checked unless it was before."""
        scenario = self.scenario()
        if self.points is not None:
            return listed(scenario, self.points, self.days, checked)
        return plan(scenario, self.vary, self.design, self.n, self.days, checked)


def read_request(path: str | Path, **options: Any) -> Request:
    """What a `sweep.yaml` asks for; InputError when the file is none."""
    document = read_yaml(Path(path))
    data = document.data
    if not is_request(data):
        raise InputError([Problem("is not what a sweep was asked for: no 'sweep' and 'scenario'", file=str(path))])
    if data["sweep"] != FORMAT:
        told = f"is of format {data['sweep']!r}; this version reads {FORMAT}"
        raise InputError([Problem(told, "sweep", file=str(path))])
    return Request(
        data["scenario"], data.get("vary", {}), data.get("design", "grid"), data.get("n"), data.get("days", ()),
        data.get("points"), options,
    )  # fmt: skip


def is_request(data: Any) -> bool:
    """Whether the content of a file is what a sweep was asked for, and no scenario."""
    return isinstance(data, dict) and "sweep" in data and isinstance(data.get("scenario"), dict)
