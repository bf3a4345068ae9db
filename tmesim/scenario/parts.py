"""The parts of a resolved scenario: frozen, in the units that their names say."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict

from tmesim import units
from tmesim.catalogue import BREAST
from tmesim.catalogue.models import frozendict
from tmesim.scenario.freezing import thawed
from tmesim.scenario.overlay import NOTHING, Overlay

ADULT_KG = 70.0
"""The body weight for which a flat dose is converted in messages; as in `therapy.BODY`."""


class Part(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", arbitrary_types_allowed=True)


class TissueBox(Part):
    """The patch: `size_um` is (height, width) like an array, `shape` its sites (ny, nx).

    `beside`: that of each organ beside it; None: as large as itself.
    """

    size_um: tuple[float, float]
    spacing: float
    shape: tuple[int, int]
    beside: TissueBox | None = None

    @property
    def of_organs(self) -> TissueBox:
        """The patch of each organ beside this one."""
        return self.beside or self


class Disk(Part):
    """A disk of tumor cells; `at_um` is its center (x, y), `fill` the share of its sites that hold a cell.

    `centered`: nobody has said where, so that it lies in the middle of whatever tissue there is.
    """

    radius_um: float
    fill: float
    at_um: tuple[float, float]
    centered: bool = False


class Interior(Part):
    """A window inside a large lesion: all of the patch is tumor, and its surroundings are more of the same.

    `lesion_radius_um`: of the lesion that the window is cut from. `fill`: share of the sites without a stroma cell
    that hold a tumor cell.
    """

    lesion_radius_um: float
    fill: float


class Duct(Part):
    """A duct, cut across: a lumen that tumor cells fill as they do a `Disk`, in a ring of basement membrane."""

    lumen_um: float
    fill: float
    at_um: tuple[float, float]
    centered: bool = False


class Clone(Part):
    """A tumor clone: its share of the tumor cells, its number of antigens, factors of behaviors."""

    name: str
    share: float
    antigens: int
    multipliers: frozendict


class Injection(Part):
    """Tumor cells that are injected: into which vessel, or "patch" where all come to the patch; how many; and when.

    states : those that are not those of the catalogue, 0..1
    """

    route: str
    cells: float
    at_h: float = 0.0
    states: frozendict = frozendict()


class Start(Part):
    """The tissue at hour 0; densities and capillaries per mm² of host tissue, ecm in 0..1.

    `interior`: the patch is a window inside a lesion; densities and capillaries are then per mm² of tumor. None where
    it holds the whole section of a lesion, or none. `organ`: whose numbers hold. `given`: which of densities,
    capillaries and ecm a file has said; the others are those of the organ at rest. `injection`: of cells that come by
    the blood. `organs`: the patches of other organs of the same body, by the organ whose blood and volume they have;
    the `organ` of each is the one whose tissue it has, its `samples` the patches whose cells come to it.
    """

    tumor: tuple[Disk, ...]
    clones: tuple[Clone, ...]
    densities: frozendict
    capillaries: float
    ecm: float
    ducts: tuple[Duct, ...] = ()
    interior: Interior | None = None
    organ: str = BREAST
    given: tuple[str, ...] = ("densities", "capillaries", "ecm")
    own_densities: frozendict = frozendict()
    injection: Injection | None = None
    organs: frozendict = frozendict()  # of Start, by name
    samples: int = 1

    @property
    def has_tumor(self) -> bool:
        """Whether there are tumor cells at hour 0."""
        return self.has_primary or self.injection is not None

    @property
    def has_primary(self) -> bool:
        """Whether there is a tumor at hour 0 that has not come by the blood."""
        return bool(self.tumor) or bool(self.ducts) or self.interior is not None

    @property
    def lesion_radius_um(self) -> float | None:
        """Radius of the lesion that the patch is a window in; None where the patch shows how large its tumor is."""
        return self.interior.lesion_radius_um if self.interior is not None else None

    @property
    def walls(self) -> Literal["open", "mirrored"]:
        """What lies beyond the walls of the patch: the host's population, or more of what is inside."""
        return "open" if self.interior is None else "mirrored"


class Time(Part):
    """How long a run is. `planned` are the days that its treatments were planned for, where --days made it shorter;
    `frames_every_h` the hours between its frames, where somebody says so. `rest_when_cleared`: whether a tissue stands
    still once its last tumor cell has died."""

    days: float
    step_h: float
    record_every_h: float
    snapshots_h: tuple[float, ...]
    planned: float | None = None
    frames_every_h: float | None = None
    rest_when_cleared: bool = False

    @property
    def steps(self) -> int:
        return round(self.days * 24 / self.step_h)


class Dose(Part):
    """A course of a therapy: `dose` in `unit`, first at `start_h`, `times` times `every_h`.

    The unit is mg/kg, mg or mg/m² of a drug, Gy of radiation and 1 of a removal, whose dose is a share; surgery has no
    dose, that is 1 of "".
    """

    use: str
    start_h: float
    dose: float
    unit: str
    every_h: float
    times: int

    @property
    def amount(self) -> str:
        """The dose as people read it, "" of what has none."""
        if self.unit == "1":
            return f"{100 * self.dose:g} %"
        return f"{self.dose:g} {self.unit}" if self.unit else ""

    @property
    def label(self) -> str:
        """The therapy by its id, with its dose."""
        return f"{self.use} {self.amount}".strip()

    def hours(self) -> tuple[float, ...]:
        """The hours at which it is given."""
        return tuple(self.start_h + i * self.every_h for i in range(self.times))


class Arm(Part):
    """A treatment: courses of therapies, and an overlay of numbers and rules that holds from `from_h` (hours) on.

    therapies : courses, in the order of the file
    overlay : numbers set (each as text in the unit of its slot, which reads back exactly) and rules switched off, over
        the catalogue of the scenario; `set` and `off` are its parts
    from_h : the hour from which the overlay holds
    start : the tissue at hour 0, if the arm differs from the scenario then; None: the scenario's
    start_set : in what it differs, by dotted path, as a file says it
    """

    therapies: tuple[Dose, ...] = ()
    overlay: Overlay = NOTHING
    from_h: float = 0.0
    start: Start | None = None
    start_set: frozendict = frozendict()

    @property
    def set(self) -> Mapping[str, Any]:
        """Numbers that the arm sets, by dotted path."""
        return self.overlay.set

    @property
    def off(self) -> tuple[str, ...]:
        """Rules that the arm switches off."""
        return self.overlay.off

    def content(self) -> dict[str, Any]:
        """The arm as it stands in a scenario file."""
        content: dict[str, Any] = {}
        if self.therapies:
            content["therapies"] = [
                {
                    "use": dose.use,
                    "start": units.show(dose.start_h, "h"),
                    **({"dose": units.show(dose.dose, dose.unit)} if dose.unit else {}),
                    "every": units.show(dose.every_h, "h"),
                    "times": dose.times,
                }
                for dose in self.therapies
            ]
        if self.set or self.start_set:
            content["set"] = {**self.set, **thawed(self.start_set)}
        if self.off:
            content["off"] = list(self.off)
        if self.from_h:
            content["from"] = units.show(self.from_h, "h")
        return content


def start_content(start: Start) -> dict[str, Any]:
    """The start as it stands in a scenario file."""
    window, injection = start.interior, start.injection
    ducts = [{"lumen": um(duct.lumen_um), "fill": duct.fill} | _place(duct) for duct in start.ducts]
    densities = start.densities if start.organ == BREAST else start.own_densities
    said = {
        "densities": {name: units.show(density, "/mm²") for name, density in densities.items()},
        "capillaries": units.show(start.capillaries, "/mm²"),
        "ecm": start.ecm,
    }
    return {
        **({"organ": start.organ} if start.organ != BREAST else {}),
        "tumor": [{"radius": um(disk.radius_um), "fill": disk.fill} | _place(disk) for disk in start.tumor],
        **({"ducts": ducts} if ducts else {}),
        **({"injection": _injected(injection)} if injection is not None else {}),
        **({"samples": start.samples} if start.samples != 1 else {}),
        **({"organs": {place: _soil(place, one) for place, one in start.organs.items()}} if start.organs else {}),
        "clones": [
            {"name": c.name, "share": c.share, "antigens": c.antigens, "multipliers": dict(c.multipliers)}
            for c in start.clones
        ],
        **{name: value for name, value in said.items() if name in start.given},
    } | ({} if window is None else {"interior": {"lesion_radius": um(window.lesion_radius_um), "fill": window.fill}})


def _injected(injection: Injection) -> dict[str, Any]:
    later = {"at": units.show(injection.at_h, "h")} if injection.at_h else {}
    states = {"states": dict(injection.states)} if injection.states else {}
    return {"route": injection.route, "cells": injection.cells, **later, **states}


def _soil(place: str, start: Start) -> dict[str, Any]:
    """An organ beside the patch as it stands in the scenario file."""
    other = {"soil": start.organ} if start.organ != place else {}
    return other | ({"samples": start.samples} if start.samples != 1 else {})


def _place(part: Disk | Duct) -> dict[str, Any]:
    return {} if part.centered else {"at": [um(x) for x in part.at_um]}


def um(length: float) -> str:
    return units.show(length, "µm")
