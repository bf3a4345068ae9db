"""The panels of a run: what its folder `figures` holds, each by a name and in the formats asked for."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from pathlib import Path
from typing import TYPE_CHECKING

from tmesim.destinations import several, whole_bodies
from tmesim.drawing.body_map import draw_body_map
from tmesim.drawing.drawing import Drawing
from tmesim.drawing.effects import draw_effects
from tmesim.drawing.files import FORMATS
from tmesim.drawing.movie import Movie, has_frames
from tmesim.drawing.organs import draw_organs
from tmesim.drawing.seeding import draw_seeding
from tmesim.drawing.targets import draw_targets
from tmesim.drawing.tissue import draw_field, draw_tissue
from tmesim.drawing.trajectories import draw_trajectories
from tmesim.drawing.why import draw_why
from tmesim.organ_places import has_destinations
from tmesim.storage.checksums import CAUSES

if TYPE_CHECKING:
    from tmesim.result import Result
    from tmesim.scenario import Scenario

MOVIE, TARGETS = "movie", "targets"
SPREAD = ("body", "seeding", "organs")
"""Of where tumor cells come to."""
USUAL = ("tissue", "oxygen", *SPREAD, "trajectories", "effects", "why", MOVIE)
"""What is drawn unless something else is asked for, as far as the run holds what it shows."""


def known_panels(scenario: Scenario) -> tuple[str, ...]:
    """Names of the panels of a scenario's runs: the usual ones, and each of its fields."""
    fields = scenario.catalogue.fields
    usual = [name for name in USUAL if name != "oxygen" or name in fields]
    return tuple(dict.fromkeys([*usual, TARGETS, *fields]))


def lacking(result: Result, panel: str) -> str | None:
    """Why a run has no such panel; None where it has one."""
    if panel == MOVIE:
        return None if has_frames(result) else "this run kept no frames"
    if panel == "effects":
        return None if len(result.arms) > 1 else "this run has one arm, so it compares nothing"
    if panel == "trajectories":
        return None
    if panel == "why":
        return None if result.files.holds(CAUSES) else "this run is of an earlier version, which counted no causes"
    if panel in SPREAD and not has_destinations(result):
        return "in no arm of this run tumor cells come to an organ"
    if panel == "body" and not any(map(several, whole_bodies(result))):
        return "no arm of this run has several organs, and none differ in their organ alone"
    if panel == "organs" and not result.scenario.places:
        return "no arm of this run has organs beside its tissue"
    if panel in ("body", "seeding"):
        return None
    if panel == TARGETS and result.scenario.arm(result.reference).therapies:
        return f"targets are of untreated tumors, and its reference {result.reference} is treated"
    return None if result.snapshot_days else "this run kept no snapshots"


def draw_panel(result: Result, panel: str) -> Drawing:
    """One of the panels of a run that is no movie; `lacking` says whether there is one."""
    draw: dict[str, Callable[[Result], Drawing | None]] = {
        "tissue": draw_tissue, "trajectories": draw_trajectories, "effects": draw_effects,
        "why": draw_why, TARGETS: draw_targets, "body": draw_body_map, "seeding": draw_seeding, "organs": draw_organs,
    }  # fmt: skip
    drawing = draw[panel](result) if panel in draw else draw_field(result, panel)
    assert drawing is not None
    return drawing


def draw_panels(
    result: Result, folder: Path | None = None, panels: Iterable[str] | None = None,
    formats: Iterable[str] = FORMATS[:1],
) -> list[Path]:  # fmt: skip
    """Write panels (by default the usual ones that the run has) as `<panel>.<format>`; the movie is a GIF. The files.

    folder : by default `figures` of the run
    """
    folder, formats = folder or result.path / "figures", tuple(formats)
    if panels is None:
        known = known_panels(result.scenario)
        panels = [name for name in USUAL if name in known and lacking(result, name) is None]
    files = []
    for panel in panels:
        if panel == MOVIE:
            files.append(Movie(result).save(folder / f"{MOVIE}.gif"))
            continue
        drawing = draw_panel(result, panel)
        files += [drawing.save(folder / f"{panel}.{format}") for format in formats]
    return files
