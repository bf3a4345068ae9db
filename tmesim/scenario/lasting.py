"""Numbers that an arm cannot change: those that act at the start alone, or on a drug that the arm does not give.

A number that is set and does nothing looks like a result, so each is refused by name.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

from tmesim.catalogue.reach import LEAVING

if TYPE_CHECKING:
    from tmesim.catalogue import Catalogue
    from tmesim.scenario.file import DosePart

AT_THE_START = {
    "processes.priming.clonotypes": "how many antigens there are is laid down at the start",
}


OF_BLOOD = "processes.circulation."
"""Numbers that say where cells in the blood come to."""

OF_HELD = "processes.extravasation."
"""Numbers that say how cells that capillaries hold come out."""

OF_PRIMARY = r"fields\.\w+\.vessel\.(primary|full_grown)"
"""Numbers that say what a primary gives to the blood of organs beside it."""


class There(NamedTuple):
    """What of a journey there can be.

    organs : that tumor cells can go to; holds : capillaries that can hold some; primary : a tumor that did not come
    """

    organs: bool = False
    holds: bool = False
    primary: bool = False


def idle_anywhere(path: str) -> str | None:
    """Why setting a number changes nothing in any run; None where it does."""
    if re.fullmatch(r"(fields\.\w+|therapies\.\w+\.field)\.start", path):
        return "is where the solver begins; a field is in balance with its sources from hour 0, so this changes nothing"
    return None


def idle_in_arm(
    catalogue: Catalogue,
    path: str,
    courses: Sequence[tuple[str, DosePart]],
    begins_later: bool,
    there: There,
) -> str | None:
    """Why setting a number in an arm changes nothing; None where it does.

    courses : the therapies that the arm gives, by id, with what the file says of each.
    begins_later : whether the arm's changes have a `from` after the start.
    there : what of a journey there can be
    """
    kind, name, *rest = path.split(".")
    if (message := idle_anywhere(path)) is not None:
        return message
    if path in AT_THE_START:
        return f"{AT_THE_START[path]}; set it for all arms, in the scenario's 'set'"
    if path.startswith(OF_BLOOD) and not there.organs:
        return "acts on the cells of an injection, at the start; set it for all arms, in the scenario's 'set'"
    if (message := idle_journey(catalogue, path, there)) is not None:
        return message
    if kind == "cells" and rest[0] == "starts" and not _is_admitted(catalogue, name):
        return (
            f"acts on the cells of the start and on those that vessels admit, which {name} cells are not; "
            "set it for all arms, in the scenario's 'set'"
        )
    if kind == "cells" and rest[0] in ("extent", "extent_spread"):
        return "acts on the cells of the start; set it for all arms, in the scenario's 'set'"
    given = {use for use, _ in courses}
    drug = name if kind == "therapies" else _drug_in(catalogue, path)
    if drug is not None and drug not in given:
        return f"acts on {drug}, which this arm does not give"
    if kind == "therapies" and rest[0] in ("dose", "schedule"):
        return _idle_plan(name, rest[0], [part for use, part in courses if use == name], begins_later)
    return None


def idle_elsewhere(path: str, where: Collection[str]) -> str | None:
    """Why setting the access of a drug to an organ changes nothing; None where it does. where : the arm's organs"""
    found = re.fullmatch(r"therapies\.\w+\.access\.(\w+)", path)
    if found is None or found[1] in where:
        return None
    return f"acts in the {found[1]}, of which this arm has no tissue"


def idle_journey(catalogue: Catalogue, path: str, there: There) -> str | None:
    """Why setting a number changes nothing, as there is not the journey that it acts on; None where it does."""
    if not there.organs and (message := _idle_at_home(catalogue, path)) is not None:
        return message
    if path.startswith(OF_HELD) and not there.holds:
        return "acts on tumor cells that capillaries hold, and none come; give the start an 'injection' or 'organs'"
    if re.fullmatch(OF_PRIMARY, path) and not (there.organs and there.primary):
        return "acts on organs beside a tumor; name some in 'start.organs', and let the start have a tumor"
    return None


def _idle_at_home(catalogue: Catalogue, path: str) -> str | None:
    kind, name, *rest = path.split(".")
    behavior = catalogue.rules[name].behavior if kind == "rules" and name in catalogue.rules else ""
    if kind == "cells" and rest[:1] == ["behaviors"]:
        behavior = ".".join(rest[1:])
    if behavior not in LEAVING:
        return None
    return "acts on cells that leave for another organ, and there is none; name some in 'start.organs'"


def in_force(values: Mapping[str, Any]) -> dict[str, Any]:
    """What of an arm's `set` the engine has to heed; usual doses and intervals went into the courses already."""
    return {path: value for path, value in values.items() if not re.match(r"therapies\.\w+\.(dose$|schedule\.)", path)}


def _idle_plan(name: str, part: str, courses: Sequence[DosePart], begins_later: bool) -> str | None:
    """Why the usual dose or interval of a drug cannot be changed here."""
    own = "dose" if part == "dose" else "every"
    if all(getattr(course, own) is not None for course in courses):
        return f"is the usual one, but each course of {name} in this arm says its own '{own}'"
    if part == "schedule" and all(course.times == 1 for course in courses):
        return f"is the interval between doses, but this arm gives one dose of {name}"
    if begins_later:
        return f"courses are planned from the start on, so 'from' cannot change it; say '{own}' in the course"
    return None


def _is_admitted(catalogue: Catalogue, cell: str) -> bool:
    return any(f"admit.{cell}" in entry.behaviors for entry in catalogue.cells.values())


def _drug_in(catalogue: Catalogue, path: str) -> str | None:
    """The drug whose field a behavior's path names."""
    return next((name for name in catalogue.therapies if path.endswith(f".drug_{name}")), None)
