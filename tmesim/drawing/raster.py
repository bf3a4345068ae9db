"""A tissue as pixels: the one painting that figures, notebooks and movies show.

It is painted in palette indices, in the order in which things lie: what is behind, tissue cells with pale seams (those
of several sites round, within a membrane), vessels as tubes (those without flow below the others), leukocytes. A movie
takes the indices as they are; a picture is painted some times finer, looked up and averaged, which gives curves their
soft edges and leaves squares crisp.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
from matplotlib.colors import Colormap
from PIL import Image

from tmesim.drawing.palette import BEHIND, CASING, CLOSED, PERFUSED, Palette, darker, paler
from tmesim.drawing.vessels import disc, links_with_flow, square, tube

if TYPE_CHECKING:
    from tmesim.catalogue import Catalogue
    from tmesim.section import Section

FINE = 3
"""How many times finer a picture is painted than it is shown."""
LEVELS = 128
"""Steps of a color map in a picture."""
BRIGHT = 0.995
"""The color scale of a field ends where this share of the sites lies below."""
SEAMED, WALLED, ROUND = 6, 5, 4
"""Pixels a site from which on cells have seams, vessels and leukocytes a wall and a rim, and discs are round."""
WALL = {True: 1.3, False: 0.95}
LUMEN = {True: 0.72, False: 0.5}
"""Widths of a vessel with flow and without, in sites."""
RING, HOLE, BODY, RIM = 0.85, 0.45, 1.06, 0.08
"""In sites: diameters of a capillary that crosses the plane, of its inside and of a leukocyte; width of the rim."""


MEMBRANE, CYTOPLASM = 0.42, 0.72
"""Where a cell of several sites begins, and where its pale inside does, on the way from outside (0) to inside (1)."""
PALE = 0.6
"""How far that inside is on its way from the cell's color to white."""


class Scene(NamedTuple):
    """What of a tissue is painted, by site, (ny, nx) each.

    tissue, leukocyte : 1 + the index of the cell's type, 0 where nobody is. vessel : 1 a segment, 2 one that carries
    flow. links : bits of the directions. types : names of the cell types. bodies : where a cell fills several sites,
    the way to where it stands (`kernels.bodies`), else 0; None where there are none.
    """

    tissue: np.ndarray
    leukocyte: np.ndarray
    vessel: np.ndarray
    links: np.ndarray
    types: tuple[str, ...]
    bodies: np.ndarray | None = None


def scene_of(section: Section, catalogue: Catalogue) -> Scene:
    """A section as a scene. Cells of a type that the catalogue does not have are left out."""
    maps = section.maps
    links, flows = maps["vessels.links"], maps["vessels.perfused"].astype(bool)
    present = (links != 0) | maps["vessels.root"].astype(bool) | maps["vessels.tip"].astype(bool)
    layers = {"tissue": np.zeros(section.shape, np.uint8), "leukocyte": np.zeros(section.shape, np.uint8)}
    for code, name in enumerate(section.types):
        layer = catalogue.cells[name].layer if name in catalogue.cells else None
        if layer in layers:
            layers[layer][section.sites(name)] = code + 1
    vessel = np.where(flows, 2, present).astype(np.uint8)
    known = np.array([0, *(1 + c if name in catalogue.cells else 0 for c, name in enumerate(section.types))], np.uint8)
    owner = known[section.bodies >> 8]
    layers["tissue"] = np.where(owner > 0, owner, layers["tissue"])
    bodies = np.where(owner > 0, section.bodies & 255, 0).astype(np.uint8)
    return Scene(layers["tissue"], layers["leukocyte"], vessel, links, section.types, bodies)


class Inks:
    """The indices of what is painted, in a palette: cells by 1 + the index of their type, vessels by whether they flow.

    types : names by code. shown : those that occur, which alone get colors
    """

    def __init__(self, palette: Palette, types: Sequence[str], catalogue: Catalogue, shown: Collection[str]) -> None:
        colors = {name: catalogue.cells[name].color for name in types if name in shown and name in catalogue.cells}
        self.white = palette.index("white")
        self.body = np.array([0, *(palette.index(colors.get(t, "white")) for t in types)], np.uint8)
        self.seam = np.array([0, *(palette.index(paler(colors.get(t, "white"))) for t in types)], np.uint8)
        self.membrane = np.array([0, *(palette.index(darker(colors.get(t, "white"))) for t in types)], np.uint8)
        self.pale = np.array([0, *(palette.index(paler(colors.get(t, "white"), PALE)) for t in types)], np.uint8)
        self.wall = {True: self.white, False: palette.index(CASING)}
        self.lumen = {True: palette.index(PERFUSED), False: palette.index(CLOSED)}


def paint(scene: Scene, behind: np.ndarray, inks: Inks, zoom: int, cells: bool = True, fine: int = 1) -> np.ndarray:
    """The tissue in palette indices, (ny·zoom·fine, nx·zoom·fine) uint8.

    behind : (ny, nx) indices of the ground. zoom : pixels a site that will be seen, each painted as `fine`² ones
    """
    site, seam = zoom * fine, fine if zoom >= SEAMED else 0
    alone = scene.tissue if scene.bodies is None else np.where(scene.bodies > 0, 0, scene.tissue).astype(np.uint8)
    image = Image.fromarray(squares(alone, behind, inks, site, seam) if cells else enlarged(behind, site))
    if cells and scene.bodies is not None:
        paint_bodies(image, scene.tissue, scene.bodies, inks, site)
    paint_tubes(image, scene, inks, site, walled=zoom >= WALLED)
    paint_rings(image, scene, inks, zoom, fine)
    if cells:
        paint_leukocytes(image, scene.leukocyte, inks, zoom, fine)
    return np.asarray(image)


def pixels(scene: Scene, behind: np.ndarray, palette: Palette, inks: Inks, zoom: int, cells: bool = True) -> np.ndarray:
    """The tissue as a picture with soft edges, (ny·zoom, nx·zoom, 3) uint8."""
    image = Image.fromarray(paint(scene, behind, inks, zoom, cells, FINE))
    image.putpalette(palette.rgb.tobytes())
    return np.asarray(image.convert("RGB").reduce(FINE))


def enlarged(image: np.ndarray, zoom: int) -> np.ndarray:
    return image.repeat(zoom, 0).repeat(zoom, 1)


def squares(tissue: np.ndarray, behind: np.ndarray, inks: Inks, site: int, seam: int) -> np.ndarray:
    """Cells as filled sites, with pale lines of `seam` pixels along two of their sides."""
    body = enlarged(np.where(tissue > 0, inks.body[tissue], behind), site)
    if seam:
        edge = np.where(tissue > 0, inks.seam[tissue], behind)
        for i in range(1, seam + 1):
            body[site - i :: site] = edge.repeat(site, 1)
            body[:, site - i :: site] = edge.repeat(site, 0)
    return body


def paint_bodies(image: Image.Image, tissue: np.ndarray, bodies: np.ndarray, inks: Inks, site: int) -> None:
    """Cells of several sites: their sites as one smooth shape, pale within a darker membrane."""
    y, x = np.nonzero(bodies)
    ways = bodies[y, x].astype(np.int64)
    # one number for each site where a body stands, also where that lies beyond the edge of a picture
    owner = (y + (ways >> 4) + 8) * (bodies.shape[1] + 32) + x + (ways & 15) + 8
    order = np.argsort(owner, kind="stable")
    for part in np.split(order, np.flatnonzero(np.diff(owner[order])) + 1):
        if part.size == 0:
            continue
        top, left = y[part].min() - 1, x[part].min() - 1
        held = np.zeros((y[part].max() - top + 2, x[part].max() - left + 2), np.uint8)
        held[y[part] - top, x[part] - left] = 255
        kind = int(tissue[y[part[0]], x[part[0]]])
        smooth = Image.fromarray(held).resize((held.shape[1] * site, held.shape[0] * site), Image.Resampling.BICUBIC)
        for level, ink in ((MEMBRANE, inks.membrane), (CYTOPLASM, inks.pale)):
            mask = smooth.point([0 if v < level * 255 else 255 for v in range(256)])
            image.paste(int(ink[kind]), (int(left) * site, int(top) * site), mask)


def paint_tubes(image: Image.Image, scene: Scene, inks: Inks, site: int, walled: bool) -> None:
    """Linked segments as tubes, those with flow above the others."""
    bits = dict(zip((True, False), links_with_flow(scene.links, scene.vessel == 2), strict=True))
    for flow in (False, True):
        shares = ((WALL, inks.wall), (LUMEN, inks.lumen)) if walled else ((LUMEN, inks.lumen if flow else inks.wall),)
        for widths, colors in shares:
            width = max(1, round(widths[flow] * site))
            for y, x in np.argwhere(bits[flow]).tolist():
                mask = tube(int(bits[flow][y, x]), site, width)
                image.paste(colors[flow], ((x - 1) * site, (y - 1) * site), mask)


def paint_rings(image: Image.Image, scene: Scene, inks: Inks, zoom: int, fine: int) -> None:
    """Segments without a link, which cross the plane, as rings, or as dots where there is no room."""
    site = zoom * fine
    for level, color in ((1, inks.wall[False]), (2, inks.lumen[True])):
        alone = (scene.vessel == level) & (scene.links == 0)
        stamp(image, alone, shape(RING, zoom, fine), color, site)
        if zoom >= WALLED:
            stamp(image, alone, disc(round(HOLE * site)), inks.white, site)


def paint_leukocytes(image: Image.Image, leukocyte: np.ndarray, inks: Inks, zoom: int, fine: int) -> None:
    """Leukocytes as discs, with a white rim that sets them off where there is room."""
    site, body = zoom * fine, shape(BODY, zoom, fine)
    if zoom >= WALLED:
        rim = max(1, round(RIM * site))
        stamp(image, leukocyte > 0, disc(body.width + 2 * rim), inks.white, site)
    for kind in np.unique(leukocyte[leukocyte > 0]).tolist():
        stamp(image, leukocyte == kind, body, int(inks.body[kind]), site)


def shape(share: float, zoom: int, fine: int) -> Image.Image:
    """A disc with a diameter of a share of a site; a square of whole pixels where no disc can be told from it."""
    return disc(round(share * zoom * fine)) if zoom >= ROUND else square(fine * max(1, round(share * zoom)))


def stamp(image: Image.Image, where: np.ndarray, shape: Image.Image, color: int, site: int) -> None:
    """Paint a shape in the middle of each chosen site."""
    inset = (site - shape.width) // 2
    for y, x in np.argwhere(where).tolist():
        image.paste(color, (x * site + inset, y * site + inset), shape)


# What lies behind the cells


def field_of(maps: Mapping[str, np.ndarray], name: str) -> np.ndarray:
    """A map by name: a field, or a map of the matrix; KeyError with those there are."""
    for kind in ("field", "matrix"):
        if f"{kind}.{name}" in maps:
            return maps[f"{kind}.{name}"]
    known = [key.split(".", 1)[1] for key in maps if key.startswith(("field.", "matrix."))]
    raise KeyError(f"no field '{name}' here; there are {', '.join(known)}")


def scale_end(sections: list[Section], field: str) -> float:
    """Where the color scale of a field ends, for all of some sections."""
    return float(np.quantile(np.concatenate([field_of(each.maps, field).ravel() for each in sections]), BRIGHT)) or 1.0


def stepped(values: np.ndarray, high: float, count: int) -> np.ndarray:
    """Values from 0 to `high` as steps of a scale of so many."""
    return np.rint(np.clip(values / high, 0.0, 1.0) * (count - 1)).astype(np.intp)


class Painter:
    """Paints tissues of one catalogue in the same colors.

    field : what is behind, on a scale from 0 to `high`; None for bare ground. color_map : by default pale
    """

    def __init__(
        self, catalogue: Catalogue, field: str | None, high: float = 1.0, color_map: str | Colormap = "",
        cells: bool = True,
    ) -> None:  # fmt: skip
        self.catalogue, self.field, self.high, self.cells = catalogue, field, high, cells
        self.color_map: str | Colormap = color_map or BEHIND

    def __call__(self, section: Section, zoom: int) -> np.ndarray:
        """A section as (ny·zoom, nx·zoom, 3) uint8."""
        scene = scene_of(section, self.catalogue)
        palette = Palette()
        inks = Inks(palette, scene.types, self.catalogue, self._there(scene))
        if self.field is None:
            behind = np.full(scene.links.shape, inks.white, np.uint8)
        else:
            count = min(LEVELS, 256 - len(palette.colors))
            levels = palette.levels(self.color_map, max(2, count))
            behind = levels[stepped(field_of(section.maps, self.field), self.high, len(levels))]
        return pixels(scene, behind, palette, inks, zoom, self.cells)

    @staticmethod
    def _there(scene: Scene) -> list[str]:
        """The types that are seen."""
        codes = np.union1d(scene.tissue, scene.leukocyte)
        return [name for code, name in enumerate(scene.types) if code + 1 in codes]


def zoom_for(shape: tuple[int, int], pixels: int) -> int:
    """Pixels a site, so that the longer side comes near to so many pixels."""
    return max(1, round(pixels / max(shape)))
