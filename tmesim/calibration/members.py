"""Parameter sets that fit untreated tumors, from a calibration: as absolute values, so that they stay what they were
when the catalogue's numbers move."""

from __future__ import annotations

import shutil
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from importlib import resources
from pathlib import Path
from typing import Any

from tmesim.calibration.parameters import parameters
from tmesim.calibration.proof import model
from tmesim.calibration.result import scaled
from tmesim.catalogue import HOSTS
from tmesim.fingerprint import stale
from tmesim.reading import InputError, Problem
from tmesim.storage import write
from tmesim.storage.tables import read_columns

SAID, SETS = "calibration.yaml", "ensemble.csv"
FILES = (SETS, "targets.csv", "recovery.csv", "members.csv", SAID)
"""What is kept of a calibration, and `transfer_HOST.csv` of other hosts."""
BESIDE = ("member", "implausibility", "fits")
"""Columns of `ensemble.csv` that are no parameters."""
MOST = 100
"""Parameter sets that are used."""


@dataclass(frozen=True)
class Members:
    """Parameter sets that fit untreated tumors of a host.

    settings : of each set that fits, path → absolute value with its unit; at most MOST
    date, model : when they were fitted, and by which model
    stale : why they are not those of the model of today; empty where they are
    """

    host: str
    settings: tuple[Mapping[str, str], ...]
    date: str
    model: Mapping[str, str]
    stale: str = ""


def members_in(place: Path) -> Members:
    """The sets in the directory of a calibration; InputError where it holds none, or of other parameters."""
    said = said_in(place)
    file = place / SETS
    try:
        data = file.read_bytes()
    except OSError as error:
        raise InputError([Problem(f"cannot be read: {error.strerror or error}", file=str(file))]) from None
    columns = read_columns(data, set(), str(file))
    known, base = {p.name: p for p in parameters()}, said["numbers"]
    names = [name for name in columns if name not in BESIDE]
    if wrong := [name for name in names if name not in known]:
        raise InputError([
            Problem(f"there is no parameter '{name}'; is the calibration of another version?", file=str(file))
            for name in wrong
        ])  # fmt: skip
    fitting = columns["fits"].nonzero()[0][:MOST]
    if not fitting.size:
        raise InputError([Problem("none of its parameter sets fits", file=str(file))])
    settings = tuple(
        {path: scaled(base[path], columns[name][i]) for name in names for path in known[name].paths} for i in fitting
    )
    return Members(said["host"], settings, str(said["date"]), said["model"], stale(said, model(said["host"])))


def members_in_all(places: Iterable[Path]) -> dict[str, Members]:
    """The sets in the directories of some calibrations, by host; InputError with everything that is wrong with them."""
    found, problems = dict[str, Members](), list[Problem]()
    for place in places:
        try:
            made = members_in(place)
        except InputError as error:
            problems += error.problems
            continue
        if made.host in found:
            problems.append(Problem(f"is a second calibration of the host {made.host}", "--from", str(place)))
        found[made.host] = made
    if problems:
        raise InputError(problems)
    return found


def said_in(place: Path) -> dict[str, Any]:
    """What `calibration.yaml` says; InputError where it is missing or something else."""
    import yaml

    path = place / SAID
    try:
        said = yaml.safe_load(path.read_text(encoding="utf-8"))
    except OSError:
        message = "is missing; expected the directory of a calibration that has come to its first result"
        raise InputError([Problem(message, file=str(path))]) from None
    except (yaml.YAMLError, UnicodeDecodeError):
        said = None
    if not isinstance(said, dict) or not {"host", "date", "model", "numbers"} <= set(said):
        raise InputError([Problem("is not what a calibration writes", file=str(path))])
    return said


def kept_place(species: str) -> Path:
    """Where the package keeps the calibration of a species."""
    return Path(str(resources.files("tmesim.calibration"))) / "kept" / species


def kept_places() -> list[Path]:
    """Those of the calibrations that the package keeps."""
    return [place for place in map(kept_place, HOSTS) if (place / SAID).is_file()]


def keep(folder: Path, species: str) -> Path:
    """Let the package keep the result of a calibration in place of the one before; returns where."""
    place = kept_place(species)
    shutil.rmtree(place, ignore_errors=True)
    names = [name for name in FILES if (folder / name).is_file()]
    for name in [*(path.name for path in sorted(folder.glob("transfer_*.csv"))), *names]:
        write(place / name, (folder / name).read_bytes())
    return place
