"""Parameter sets that fit untreated tumors, from a calibration that was kept: as absolute values, so that they stay
what they were when the catalogue takes up the best of them."""

from __future__ import annotations

import shutil
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib import resources
from pathlib import Path
from typing import Any

from tmesim.calibration.parameters import parameters
from tmesim.calibration.proof import model
from tmesim.calibration.result import scaled, stale
from tmesim.catalogue.hosts import hosts
from tmesim.reading import InputError, Problem
from tmesim.storage.tables import read_columns

KEPT = "calibrations"
"""Folder of the catalogue with the calibrations that were kept, by species."""
FILES = ("calibration.yaml", "ensemble.csv", "targets.csv")
"""What is kept of a calibration, and `transfer_HOST.csv` of other hosts."""
MOST = 100
"""Parameter sets that are used."""


@dataclass(frozen=True)
class Members:
    """settings : of each set that fits, path → absolute value with its unit; at most MOST
    content : of `calibration.yaml`
    """

    settings: tuple[Mapping[str, str], ...]
    content: Mapping[str, Any]

    @property
    def date(self) -> str:
        return str(self.content["date"])

    @property
    def model(self) -> Mapping[str, str]:
        """Hashes of what it was fitted with."""
        return self.content["model"]

    @property
    def stale(self) -> str:
        """Why they are not those of the model of today; empty where they are."""
        return stale(self.content, model(self.content["host"]))


def members(host: str, folder: Path | None = None) -> Members:
    """The sets of a calibration in a folder, or of the one that the package keeps of the host's species.

    InputError where there is none, or none that fits
    """
    import yaml

    place = kept_place(host) if folder is None else folder
    if not (place / FILES[0]).is_file():
        says = "holds no calibration" if folder is not None else f"no calibration is kept of the host '{host}'"
        raise InputError([Problem(f"{says}; tmesim calibrate makes one", file="" if folder is None else str(folder))])
    content = yaml.safe_load((place / FILES[0]).read_text(encoding="utf-8"))
    columns = read_columns((place / FILES[1]).read_bytes(), set(), str(place / FILES[1]))
    chosen = columns["fits"].nonzero()[0][:MOST]
    if not chosen.size:
        raise InputError([Problem("none of its parameter sets fits", file=str(place / FILES[1]))])
    base = content["numbers"]
    return Members(
        tuple(
            {path: scaled(base[path], columns[p.name][i]) for p in parameters() for path in p.paths if path in base}
            for i in chosen
        ),
        content,
    )


@cache
def kept_place(host: str) -> Path:
    """Where the package keeps the calibration of a host's species."""
    known = hosts()
    species = known[host].species if host in known else host
    return Path(str(resources.files("tmesim.catalogue"))) / KEPT / species


def keep(folder: Path, host: str) -> Path:
    """Copy the result of a calibration to where the package keeps it; returns that place."""
    place = kept_place(host)
    place.mkdir(parents=True, exist_ok=True)
    for old in place.iterdir():
        old.unlink()
    for path in [*(folder / name for name in FILES), *sorted(folder.glob("transfer_*.csv"))]:
        shutil.copyfile(path, place / path.name)
    return place
