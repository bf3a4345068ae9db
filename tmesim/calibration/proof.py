"""What a calibration stands for, and whether the model of today still gives what it was made of.

Hashes of numbers and code change with each change of the engine, also where no bit of a simulation does. So a result
keeps two of its jobs as proof: where they give the same to the last digit today, its hashes are renewed, and where not
it is marked as stale.
"""

from __future__ import annotations

import hashlib
import json
import math
from collections.abc import Mapping
from datetime import UTC, datetime
from importlib import resources
from pathlib import Path
from typing import TYPE_CHECKING, Any

import yaml

from tmesim.calibration.jobs import Tissues
from tmesim.calibration.parameters import parameters
from tmesim.fingerprint import code, fingerprint
from tmesim.storage import write
from tmesim.sweeps.jobs import Job
from tmesim.targets import targets_of

if TYPE_CHECKING:
    from tmesim.scenario import Scenario

CODE = ("targets/measures.py", "calibration/jobs.py")
"""Beside the engine, the code that a job's numbers hang on."""


def model(host: str) -> dict[str, str]:
    """What a result of today stands for: hashes of the catalogue's numbers, of the code, and of targets and
    parameters."""
    from tmesim.catalogue import host_named

    known, root = fingerprint(host), resources.files("tmesim")
    jobs = [code(root.joinpath(*name.split("/")).read_text(encoding="utf-8")) for name in CODE]
    asked = {
        "targets": [(t.measure, t.low, t.high, t.group, t.checked) for t in targets_of(host_named(host).species)],
        "parameters": [(p.name, p.paths) for p in parameters()],  # ranges are told by the result
    }
    return known | {"engine": _hash([known["engine"], *jobs]), "targets": _hash(asked)}


def _hash(content: Any) -> str:
    return hashlib.sha256(json.dumps(content, sort_keys=True).encode()).hexdigest()


def differences(content: Mapping[str, Any], scenario: Scenario) -> list[str]:
    """What the jobs that were kept as proof give today where they give something else, in words; empty: the same.

    content : of a `calibration.yaml`; scenario : its section, on today's catalogue
    """
    found = []
    for each in content["proof"]:
        names = tuple(each["gives"])
        done = Tissues(scenario, [each["set"]], names)(Job(0, each["replicate"]))
        assert done is not None
        now = dict(zip(names, done.tables[scenario.reference][0, 1:].tolist(), strict=True))
        found += [
            f"{name} was {each['gives'][name]!r} and is {now[name]!r}"
            for name in names if now[name] != each["gives"][name] and not math.isnan(now[name])
        ]  # fmt: skip
        found += [f"{name} was {each['gives'][name]!r} and has no value" for name in names if math.isnan(now[name])]
    return found


def confirm(folder: Path, scenario: Scenario) -> list[str]:
    """Renew the hashes of a result where its proof holds, or mark it as stale; returns the differences."""
    path = folder / "calibration.yaml"
    content = yaml.safe_load(path.read_text(encoding="utf-8"))
    now = model(content["host"])
    content.pop("stale", None)
    if content["model"].get("targets") != now["targets"]:
        found = ["the targets or the parameters are other ones"]
    else:
        found = differences(content, scenario)
    if found:
        content["stale"] = f"was made on {content['date']}; on {datetime.now(UTC).date().isoformat()} {found[0]}"
    else:
        content["model"] = now
    write(path, yaml.safe_dump(content, sort_keys=False, allow_unicode=True, width=110))
    return found
