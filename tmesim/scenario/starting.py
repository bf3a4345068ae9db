"""The start of a scenario, or of an arm with its own: what must hold between its parts, the tissue and the cells."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from typing import Any

from tmesim import units
from tmesim.catalogue import BREAST, Catalogue, organ_named
from tmesim.catalogue.models import frozendict
from tmesim.catalogue.synonyms import suggest, word_for
from tmesim.reading import DataPath, brief, suggestion
from tmesim.scenario.file import OrganPart, StartPart
from tmesim.scenario.parts import Clone, Disk, Duct, Injection, Interior, Start, TissueBox, start_content

Blame = Callable[[DataPath, str], None]  # a path that begins with "start", and what is wrong there
SAID = ("densities", "capillaries", "ecm")  # what a start says of the tissue, or leaves to its organ
BARE: dict[str, Any] = {"tumor": (), "ducts": (), "interior": None, "densities": {}, "capillaries": None, "ecm": None}
MOST_SITES = 10  # in the mean diameter of a cell: the largest then reach kernels.arrays.SPAN


def start_of(
    part: StartPart, written: Any, tissue: TissueBox | None, catalogue: Catalogue | None, host: str | None, blame: Blame
) -> Start | None:
    """The start, its densities in the order of the catalogue; None without a tissue to lie in.

    host : the species, whose cells have which size; None where that is not known
    written : the same start as it stands in the data, where one tumor may have no list around it
    """
    own, given = part.densities, _given(part)
    part = _at_rest(part, host, blame)
    disks = _disks(part, written, tissue, blame) if tissue is not None else ()
    ducts = _ducts(part, written, tissue, blame) if tissue is not None else ()
    if ducts and catalogue is not None and not any(cell.membrane for cell in catalogue.cells.values()):
        blame(("start", "ducts"), "there is no cell type that is a membrane")
    _crowding(part, tissue, catalogue, host, blame)
    _held(part, tissue, blame)
    _window(part, tissue, blame)
    clones = tuple(
        Clone(name=c.name, share=c.share, antigens=c.antigens, multipliers=frozendict(sorted(c.multipliers.items())))
        for c in part.clones
    )
    _clones(clones, catalogue, blame)
    if tissue is None:
        return None
    beside, injection = {}, _injection(part, catalogue, blame)
    for place, soil in part.organs.items():
        found = _beside(place, soil, part, tissue.of_organs, catalogue, host, clones, injection, blame)
        if found is not None:
            beside[place] = found
    order = {name: index for index, name in enumerate(catalogue.cells if catalogue else ())}
    if part.capillaries is None or part.ecm is None:  # _at_rest has told
        return None
    return Start(
        tumor=disks,
        clones=clones or (_founder(catalogue, host),),
        densities=_ordered(part.densities, order),
        capillaries=part.capillaries,
        ecm=part.ecm,
        ducts=ducts,
        interior=part.interior and Interior(lesion_radius_um=part.interior.lesion_radius, fill=part.interior.fill),
        organ=part.organ,
        given=given if part.organ != BREAST else SAID,
        own_densities=_ordered(own, order) if part.organ != BREAST else frozendict(),
        injection=injection,
        organs=frozendict(sorted(beside.items())),
        samples=part.samples,
    )


def _injection(part: StartPart, catalogue: Catalogue | None, blame: Blame) -> Injection | None:
    """The injected cells, whose states are some that held cells have; who is stem-like is no state of one's choice."""
    given = part.injection
    if given is None:
        return None
    held = [cell for cell in catalogue.cells.values() if cell.emerges is not None] if catalogue is not None else []
    hierarchies = [catalogue.cells[str(cell.emerges)].hierarchy for cell in held] if catalogue is not None else []
    ranks = {hierarchy.state for hierarchy in hierarchies if hierarchy is not None}
    known = {state for cell in held for state in cell.states} - ranks
    for state in given.states if held else ():
        path = ("start", "injection", "states", state)
        if state in ranks:
            blame(path, "follows from the share of stem-like cells, which self_renewal decides")
        elif state not in known:
            blame(
                path,
                f"there is no state '{brief(state)}' of the cells that capillaries hold.{suggestion(state, known)}",
            )
    states = frozendict(sorted(given.states.items()))
    return Injection(route=given.route, cells=given.cells, at_h=given.at, states=states)


def _beside(
    place: str,
    soil: OrganPart,
    part: StartPart,
    tissue: TissueBox,
    catalogue: Catalogue | None,
    host: str | None,
    clones: tuple[Clone, ...],
    injection: Injection | None,
    blame: Blame,
) -> Start | None:
    """The patch of an organ beside the tumor: at rest, with the clones and the injection of the whole body."""
    at: DataPath = ("start", "organs", place)
    organ = soil.soil or place
    if BREAST in (place, organ):
        blame(at, "an organ beside the tumor is another than the breast, whose tissue no file of an organ has at rest")
        return None
    if place == part.organ:
        blame(at, f"the start lies in the {place} itself")
    if host is not None and not organ_named(place).lives_in(host):
        blame(at, f"{place} has no numbers for {host}")

    def blame_here(path: DataPath, message: str) -> None:
        blame(at if path[1:2] != ("organ",) else (*at, *(["soil"] if soil.soil else [])), message)

    resting = _at_rest(part.model_copy(update=BARE | {"organ": organ}), host, blame_here)
    if resting.capillaries is None or resting.ecm is None:
        return None
    _crowding(resting, tissue, catalogue, host, blame_here)
    _held(resting, tissue, lambda path, message: blame(path, f"{message}, in the {place}"))
    order = {name: index for index, name in enumerate(catalogue.cells if catalogue else ())}
    return Start(
        tumor=(),
        clones=clones or (_founder(catalogue, host),),
        densities=_ordered(resting.densities, order),
        capillaries=resting.capillaries,
        ecm=resting.ecm,
        organ=organ,
        given=(),
        injection=injection,
        samples=soil.samples,
    )


def _given(part: StartPart) -> tuple[str, ...]:
    """What a start says of the tissue itself."""
    said = {"densities": bool(part.densities), "capillaries": part.capillaries is not None, "ecm": part.ecm is not None}
    return tuple(name for name in SAID if said[name])


def _ordered(densities: Mapping[str, float], order: Mapping[str, int]) -> frozendict:
    return frozendict(sorted(densities.items(), key=lambda item: (order.get(item[0], -1), item[0])))


def _at_rest(part: StartPart, host: str | None, blame: Blame) -> StartPart:
    """A start with what its organ has at rest, where it does not say otherwise. That of the breast says all itself."""
    if part.organ == BREAST:
        for name in ("capillaries", "ecm"):
            if getattr(part, name) is None:
                blame(("start", name), "is missing; a start in another organ than the breast has the organ's")
        return part
    organ = organ_named(part.organ)
    if host is None:
        return part
    if not organ.lives_in(host):
        blame(("start", "organ"), f"{part.organ} has no numbers for {host}")
        return part
    rest = organ.start
    usual = {cell: organ.measured(number, "/mm²", host) for cell, number in rest.densities.items()}
    update: dict[str, Any] = {"densities": usual | dict(part.densities)}
    if part.capillaries is None:
        update["capillaries"] = organ.measured(rest.capillaries, "/mm²", host)
    if part.ecm is None:
        update["ecm"] = organ.measured(rest.ecm, "1", host)
    return part.model_copy(update=update)


def _founder(catalogue: Catalogue | None, host: str | None) -> Clone:
    """The one clone of a start that names none: it carries every antigen that T cells tell apart."""
    number = catalogue.processes["priming"]["clonotypes"] if catalogue is not None else None
    antigens = int(number.at(host)) if number is not None and host is not None else 0
    return Clone(name="founder", share=1.0, antigens=antigens, multipliers=frozendict())


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
    disks = []
    for index, disk in enumerate(part.tumor):
        path: DataPath = ("start", "tumor", index) if isinstance(written.get("tumor"), list) else ("start", "tumor")
        at = _center(disk.at, tissue)
        _fits("a disk", at, disk.radius, 0.0, tissue, (*path, "radius"), blame)
        disks.append(Disk(radius_um=disk.radius, fill=disk.fill, at_um=at, centered=disk.at is None))
    return tuple(disks)


def _window(part: StartPart, tissue: TissueBox | None, blame: Blame) -> None:
    """A window in a lesion holds no nest of its own, and lies within the lesion."""
    if part.interior is None:
        return
    if part.tumor or part.ducts:
        what = "a window inside a lesion is all tumor: give no disks of tumor and no ducts beside it; "
        blame(("start", "interior"), what + "'tumor: []' takes away those of a scenario that it extends")
    if tissue is None:
        return
    reach = math.hypot(*tissue.size_um) / 2
    if part.interior.lesion_radius < reach:
        radius, least = units.show(part.interior.lesion_radius, "µm"), units.show(math.ceil(reach), "µm")
        message = f"a window whose corners lie {least} from its middle is not inside a lesion of radius {radius}"
        blame(("start", "interior", "lesion_radius"), message)


def _ducts(part: StartPart, written: Any, tissue: TissueBox, blame: Blame) -> tuple[Duct, ...]:
    ducts = []
    for index, duct in enumerate(part.ducts):
        path: DataPath = ("start", "ducts", index) if isinstance(written.get("ducts"), list) else ("start", "ducts")
        at = _center(duct.at, tissue)
        _fits("a duct", at, duct.lumen, 2 * tissue.spacing, tissue, (*path, "lumen"), blame)
        ducts.append(Duct(lumen_um=duct.lumen, fill=duct.fill, at_um=at, centered=duct.at is None))
    return tuple(ducts)


def _center(at: tuple[float, float] | None, tissue: TissueBox) -> tuple[float, float]:
    height, width = tissue.size_um
    return at or (width / 2, height / 2)


def _fits(
    what: str, at: tuple[float, float], radius: float, wall: float, tissue: TissueBox, path: DataPath, blame: Blame
) -> None:
    """A disk, with a wall of some µm around it, lies within the tissue."""
    (x, y), (height, width) = at, tissue.size_um
    slack = 1e-6
    if min(x, y, width - x, height - y) < radius + wall - slack:
        size = f"{units.show(width, 'µm')} × {units.show(height, 'µm')}"
        round_ = f"{what} of radius {units.show(radius, 'µm')} at ({units.show(x)}, {units.show(y)}) µm"
        blame(path, f"{round_} does not fit in the tissue of {size}")


def _held(part: StartPart, tissue: TissueBox | None, blame: Blame) -> None:
    """Cells that all come to the patch find capillaries, which hold one each; twice as many leave room for chance."""
    injection = part.injection
    if injection is None or injection.route != "patch" or tissue is None or part.capillaries is None:
        return
    height, width = tissue.size_um
    most = math.floor(part.capillaries * height * width / 1e6 / 2)
    if injection.cells > most:
        message = f"{injection.cells:g} cells for a patch whose capillaries hold one each; the limit here is {most}"
        blame(("start", "injection", "cells"), message)


def _crowding(
    part: StartPart, tissue: TissueBox | None, catalogue: Catalogue | None, host: str | None, blame: Blame
) -> None:
    """Densities must leave each layer at most one cell a site, and cells of several sites their area."""
    per_site = (tissue.spacing / 1000) ** 2 if tissue is not None else 0.0
    if (part.capillaries or 0.0) * per_site > 1:
        most = units.show(math.floor(1 / per_site), "/mm²")
        blame(("start", "capillaries"), f"more than one a site; the limit is {most}")
    if catalogue is None:
        return
    wanted: dict[str, float] = {}
    filled: dict[str, float] = {}
    for name, density in part.densities.items():
        path = ("start", "densities", name)
        if name not in catalogue.cells:
            blame(path, f"there is no cell type '{name}'.{suggest(catalogue, name, catalogue.cells)}")
        elif catalogue.cells[name].layer == "vessel":
            blame(path, "vessels are given by 'capillaries'")
        elif (extent := catalogue.cells[name].extent) is not None and host in extent.hosts and tissue is not None:
            size, spread = extent.at(host), catalogue.cells[name].extent_spread
            filled[name] = density * _area(size, spread.at(host) if spread is not None else 0.0) / 1e6
            if size > MOST_SITES * tissue.spacing:
                text, most = units.show(size, "µm"), units.show(MOST_SITES * tissue.spacing, "µm")
                blame(path, f"cells of {text} do not fit: at this spacing the limit is {most}")
        else:
            layer = catalogue.cells[name].layer
            wanted[layer] = wanted.get(layer, 0.0) + density
    for place, density in wanted.items():
        if density * per_site > 1:
            most = units.show(math.floor(1 / per_site), "/mm²")
            total = units.show(density, "/mm²")
            blame(("start", "densities"), f"the {place} layer holds at most {most}, got {total}")
    share = sum(filled.values()) + wanted.get("tissue", 0.0) * per_site
    if filled and share > 1:
        parts = [f"{name} {area:.0%}" for name, area in filled.items()]
        if "tissue" in wanted:
            parts.append(f"all other cells of the tissue layer {wanted['tissue'] * per_site:.0%}")
        blame(("start", "densities"), f"the cells need {share:.0%} of the area of the host tissue: {', '.join(parts)}")


def _area(extent: float, spread: float) -> float:
    """The mean area of cells of a mean diameter and its coefficient of variation, in its unit²."""
    return math.pi / 4 * extent**2 * (1 + spread**2)


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
                near = suggestion(name, cell.behaviors, meant=word_for(name, cell.behaviors))
                message = f"there is no behavior '{name}' of a {cell.label}.{near}"
                blame(("start", "clones", index, "multipliers", name), message)
