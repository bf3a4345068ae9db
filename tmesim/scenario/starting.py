"""The start of a scenario, or of an arm with its own: what must hold between its parts, the tissue and the cells."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

from tmesim import units
from tmesim.catalogue import Catalogue
from tmesim.catalogue.models import frozendict
from tmesim.reading import DataPath, suggestion
from tmesim.scenario.file import StartPart
from tmesim.scenario.parts import Clone, Disk, Start, TissueBox, start_content

Blame = Callable[[DataPath, str], None]  # a path that begins with "start", and what is wrong there
FOUNDER = Clone(name="founder", share=1.0, antigens=3, multipliers=frozendict())


def start_of(
    part: StartPart, written: Any, tissue: TissueBox | None, catalogue: Catalogue | None, blame: Blame
) -> Start | None:
    """The start, its densities in the order of the catalogue; None without a tissue to lie in.

    written : the same start as it stands in the data, where one tumor may have no list around it
    """
    disks = _disks(part, written, tissue, blame) if tissue is not None else ()
    _crowding(part, tissue, catalogue, blame)
    clones = tuple(
        Clone(name=c.name, share=c.share, antigens=c.antigens, multipliers=frozendict(sorted(c.multipliers.items())))
        for c in part.clones
    )
    _clones(clones, catalogue, blame)
    if tissue is None:
        return None
    order = {name: index for index, name in enumerate(catalogue.cells if catalogue else ())}
    return Start(
        tumor=disks,
        clones=clones or (FOUNDER,),
        densities=frozendict(sorted(part.densities.items(), key=lambda item: (order.get(item[0], -1), item[0]))),
        capillaries=part.capillaries,
        ecm=part.ecm,
    )


def said(start: Start, steps: DataPath) -> Any:
    """What a scenario file would say at a path of a start, with its units; None where it need not say anything."""
    found: Any = {"start": start_content(start)}
    for step in steps:
        if isinstance(found, list) and isinstance(step, str):
            found = found[0]
        if isinstance(found, list):
            found = found[int(step)]
        elif isinstance(found, dict):
            found = found.get(str(step))
    return found


def _disks(part: StartPart, written: Any, tissue: TissueBox, blame: Blame) -> tuple[Disk, ...]:
    height, width = tissue.size_um
    disks = []
    listed = isinstance(written.get("tumor"), list)
    for index, disk in enumerate(part.tumor):
        x, y = disk.at or (width / 2, height / 2)
        slack = 1e-6
        if min(x, y, width - x, height - y) < disk.radius - slack:
            size = f"{units.show(width, 'µm')} × {units.show(height, 'µm')}"
            what = f"a disk of radius {units.show(disk.radius, 'µm')} at ({units.show(x)}, {units.show(y)}) µm"
            path: DataPath = ("start", "tumor", index) if listed else ("start", "tumor")
            blame((*path, "radius"), f"{what} does not fit in the tissue of {size}")
        disks.append(Disk(radius_um=disk.radius, fill=disk.fill, at_um=(x, y), centered=disk.at is None))
    return tuple(disks)


def _crowding(part: StartPart, tissue: TissueBox | None, catalogue: Catalogue | None, blame: Blame) -> None:
    """Densities must leave each layer at most one cell a site."""
    per_site = (tissue.spacing / 1000) ** 2 if tissue is not None else 0.0
    if part.capillaries * per_site > 1:
        most = units.show(math.floor(1 / per_site), "/mm²")
        blame(("start", "capillaries"), f"more than one a site; the limit is {most}")
    if catalogue is None:
        return
    wanted: dict[str, float] = {}
    for name, density in part.densities.items():
        path = ("start", "densities", name)
        if name not in catalogue.cells:
            blame(path, f"there is no cell type '{name}'.{suggestion(name, catalogue.cells)}")
        elif catalogue.cells[name].layer == "vessel":
            blame(path, "vessels are given by 'capillaries'")
        else:
            layer = catalogue.cells[name].layer
            wanted[layer] = wanted.get(layer, 0.0) + density
    for place, density in wanted.items():
        if density * per_site > 1:
            most = units.show(math.floor(1 / per_site), "/mm²")
            total = units.show(density, "/mm²")
            blame(("start", "densities"), f"the {place} layer holds at most {most}, got {total}")


def _clones(clones: tuple[Clone, ...], catalogue: Catalogue | None, blame: Blame) -> None:
    if clones and not math.isclose(sum(clone.share for clone in clones), 1, rel_tol=1e-6):
        blame(("start", "clones"), f"the shares add up to {sum(c.share for c in clones):g}, not to 1")
    for index, clone in enumerate(clones):
        if clone.name in [other.name for other in clones[:index]]:
            blame(("start", "clones", index, "name"), f"'{clone.name}' is given twice")
        cell = next((c for c in catalogue.cells.values() if c.malignant), None) if catalogue else None
        if cell is None:
            continue
        for name in clone.multipliers:
            if name not in cell.behaviors:
                message = f"there is no behavior '{name}' of a {cell.label}.{suggestion(name, cell.behaviors)}"
                blame(("start", "clones", index, "multipliers", name), message)
