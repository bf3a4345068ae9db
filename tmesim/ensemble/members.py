"""The parameter sets of an ensemble: those that a calibration did not rule out."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tmesim.calibration.parameters import parameters
from tmesim.calibration.result import stale
from tmesim.calibration.waves import model
from tmesim.reading import InputError, Problem
from tmesim.storage.tables import read_columns

SAID, SETS = "calibration.yaml", "ensemble.csv"


@dataclass(frozen=True)
class Members:
    """Parameter sets that fit untreated tumors of a host.

    settings : of each set, what it sets by path; date, model : when they were fitted, and by which model
    """

    host: str
    settings: tuple[Mapping[str, str], ...]
    date: str
    model: Mapping[str, str]

    @property
    def stale(self) -> str:
        """Why they are not those of the model of today; empty where they are."""
        return stale({"date": self.date, "model": self.model}, model(self.host))


def members_in(place: Path) -> Members:
    """The sets in the directory of a calibration; InputError where it holds none, or of other parameters."""
    said = _said(place / SAID)
    try:
        data = (place / SETS).read_bytes()
    except OSError as error:
        raise InputError([Problem(f"cannot be read: {error.strerror or error}", file=str(place / SETS))]) from None
    columns = read_columns(data, set(), str(place / SETS))
    known = {p.name: p for p in parameters()}
    names = [name for name in columns if name != "member"]
    if wrong := [name for name in names if name not in known]:
        raise InputError([Problem(f"there is no parameter '{name}'; is the calibration of another version?",
                                  file=str(place / SETS)) for name in wrong])  # fmt: skip
    rows = zip(*(columns[name] for name in names), strict=True)
    settings = tuple(
        {path: f"x{factor:g}" for name, factor in zip(names, row, strict=True) for path in known[name].paths}
        for row in rows
    )
    return Members(said["host"], settings, str(said["date"]), said["model"])


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


def _said(path: Path) -> dict[str, Any]:
    import yaml

    try:
        said = yaml.safe_load(path.read_text(encoding="utf-8"))
    except OSError:
        message = "is missing; expected the directory of a calibration that has come to its first result"
        raise InputError([Problem(message, file=str(path))]) from None
    except (yaml.YAMLError, UnicodeDecodeError):
        said = None
    if not isinstance(said, dict) or not {"host", "date", "model"} <= set(said):
        raise InputError([Problem("is not what a calibration writes", file=str(path))])
    return said
