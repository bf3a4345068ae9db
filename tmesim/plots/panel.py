"""One tissue as pixels, painted site by site: a field behind, cells, vessels, leukocytes."""

from __future__ import annotations

import io
from typing import TYPE_CHECKING

import numpy as np
from matplotlib import colormaps
from matplotlib.colors import to_rgb

from tmesim.figures.style import CLOSED, PERFUSED
from tmesim.figures.tissue import BEHIND

if TYPE_CHECKING:
    from tmesim.catalogue import Catalogue
    from tmesim.section import Section

BRIGHT = 0.995
"""The color scale of a field ends where this share of the sites lies below."""
LINKS = ((0, 1), (-1, 1), (-1, 0), (-1, -1))  # E, NE, N, NW as (dy, dx); the other four bits mirror them


def field_of(shot: Section, name: str) -> np.ndarray:
    """A map of a snapshot by name: a field, or a map of the matrix; KeyError with those there are."""
    for kind in ("field", "matrix"):
        if f"{kind}.{name}" in shot.maps:
            return shot.maps[f"{kind}.{name}"]
    known = [key.split(".", 1)[1] for key in shot.maps if key.startswith(("field.", "matrix."))]
    raise KeyError(f"no field '{name}' here; there are {', '.join(known)}")


def zoom_for(shape: tuple[int, int], pixels: int) -> int:
    """Pixels a site, so that the longer side comes near to so many pixels."""
    return max(1, round(pixels / max(shape)))


def paint(
    shot: Section, catalogue: Catalogue, field: str, high: float, zoom: int, cells: bool = True, color_map: str = ""
) -> np.ndarray:
    """The tissue as (ny·zoom, nx·zoom, 3) bytes; the field runs from 0 to `high`, pale without a color map."""
    values = np.clip(field_of(shot, field) / high, 0.0, 1.0)
    behind = (colormaps[color_map] if color_map else BEHIND)(values, bytes=True)[..., :3]
    image = np.ascontiguousarray(behind.repeat(zoom, 0).repeat(zoom, 1))
    ny, nx = values.shape
    sites = image.reshape(ny, zoom, nx, zoom, 3)
    if cells:
        paint_cells(sites, shot, catalogue, "tissue", box(zoom))
    paint_vessels(image, shot, zoom)
    if cells:
        paint_cells(sites, shot, catalogue, "leukocyte", disc(zoom), rim=zoom >= 6)
    return image


def paint_cells(
    sites: np.ndarray, shot: Section, catalogue: Catalogue, layer: str, body: np.ndarray, rim: bool = False
) -> None:
    """All cells of a layer. sites : (ny, zoom, nx, zoom, 3); body : which pixels of a site a cell fills."""
    types = shot.types
    chosen = np.array([name in catalogue.cells and catalogue.cells[name].layer == layer for name in types])
    colors = np.array([to_rgb(catalogue.cells[t].color) if t in catalogue.cells else (0, 0, 0) for t in types])
    rows = np.flatnonzero(chosen[shot.cells["type"]])
    y, x = shot.cells["y"][rows].astype(int), shot.cells["x"][rows].astype(int)
    fill = np.rint(255 * colors).astype(np.uint8)[shot.cells["type"][rows]]
    inner = disc(body.shape[0] - 2) if rim else body
    inner = np.pad(inner, 1) if rim else inner
    for dy, dx in np.argwhere(body):
        sites[y, dy, x, dx] = fill if inner[dy, dx] else 255


def paint_vessels(image: np.ndarray, shot: Section, zoom: int) -> None:
    """Links between segments as lines, lone capillaries as dots; those without flow in gray, under the others."""
    links, perfused = shot.maps["vessels.links"], shot.maps["vessels.perfused"].astype(bool)
    present = perfused | (links != 0) | shot.maps["vessels.root"].astype(bool) | shot.maps["vessels.tip"].astype(bool)
    nx = links.shape[1]
    middle, dot = zoom // 2, disc(max(2, zoom // 2))
    for flow, color in ((False, CLOSED), (True, PERFUSED)):
        rgb, edge = (np.rint(255 * np.array(to_rgb(c))).astype(np.uint8) for c in (color, casing(color)))
        width = max(1, zoom // 6)
        lines: list[tuple[np.ndarray, np.ndarray]] = []
        for bit, (dy, dx) in enumerate(LINKS):
            y, x = np.nonzero(links & (1 << bit))
            inside = (y + dy >= 0) & (x + dx >= 0) & (x + dx < nx)
            y, x = y[inside], x[inside]
            mine = (perfused[y, x] & perfused[y + dy, x + dx]) == flow
            y, x = y[mine] * zoom + middle, x[mine] * zoom + middle
            lines += [(y + dy * t, x + dx * t) for t in range(zoom + 1)]
        y, x = (np.concatenate([line[axis] for line in lines]) for axis in (0, 1))
        for ink, extra in ((edge, 1), (rgb, 0)) if zoom >= 6 else ((rgb, 0),):
            reach = range(-extra, width + extra)
            for i, j in ((i, j) for i in reach for j in reach):
                image[np.clip(y + i, 0, image.shape[0] - 1), np.clip(x + j, 0, image.shape[1] - 1)] = ink
        y, x = np.nonzero(present & (links == 0) & (perfused == flow))
        for dy, dx in np.argwhere(dot):
            image[y * zoom + (zoom - dot.shape[0]) // 2 + dy, x * zoom + (zoom - dot.shape[0]) // 2 + dx] = rgb


def casing(color: str) -> str:
    """What sets a line off from whatever lies under it: dark around a light one, light around a dark one."""
    r, g, b = to_rgb(color)
    return "#333333" if 0.3 * r + 0.59 * g + 0.11 * b > 0.7 else "#FFFFFF"


def box(zoom: int) -> np.ndarray:
    """A cell of tissue: its site but for a seam, where there is room for one."""
    body = np.zeros((zoom, zoom), bool)
    seam = 0 if zoom < 4 else max(1, zoom // 10)
    body[: zoom - seam, : zoom - seam] = True
    return body


def disc(size: int) -> np.ndarray:
    """A filled disc in a square of so many pixels."""
    if size < 4:
        return np.ones((max(size, 1), max(size, 1)), bool)
    at = np.arange(size) - (size - 1) / 2
    return at[:, None] ** 2 + at**2 <= (size / 2) ** 2


def thumbnail(shot: Section, catalogue: Catalogue, pixels: int = 300) -> bytes:
    """The cells over oxygen as a bare PNG."""
    from PIL import Image

    field = "oxygen" if "field.oxygen" in shot.maps else next(n for n in shot.maps if n.startswith("field."))[6:]
    zoom = zoom_for(shot.shape, pixels)
    out = io.BytesIO()
    Image.fromarray(paint(shot, catalogue, field, scale_end([shot], field), zoom)).quantize(64).save(out, "PNG")
    return out.getvalue()


def scale_end(shots: list[Section], field: str) -> float:
    """Where the color scale of a field ends, for all of some snapshots."""
    return float(np.quantile(np.concatenate([field_of(shot, field).ravel() for shot in shots]), BRIGHT)) or 1.0
