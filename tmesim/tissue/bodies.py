"""Bodies in a tissue: where cells of several sites are laid, and the map that says which sites each fills."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from tmesim.kernels.arrays import COVERED, DEAD, PAD, SPAN
from tmesim.kernels.bodies import power_cells, way
from tmesim.kernels.chance import draw, unit
from tmesim.kernels.compiling import kernel

OWN = 8 * 16 + 8  # the way from an anchor to itself
LEAST = 0.3  # of the area drawn for it: a body to which less is left by what stands there is not laid
SLACK = 1.35  # how far beyond its radius a body may reach to fill a corner between others
JITTER = 0.25  # of the pitch of the lattice, how far a center is moved from its place, to each side
TYPES = 256  # a map of bodies holds 256 · (1 + type) + way, 0 where there is none


class Bodies(NamedTuple):
    """Bodies of one type. anchors : their own sites, as numbers; map : (ny, nx) uint16 as `Section.maps` has it."""

    anchors: np.ndarray
    map: np.ndarray


@kernel
def rolls(key: np.uint64, n: int, index: int) -> np.ndarray:
    """Four numbers in (0, 1) for each of n places, (n, 4)."""
    out = np.empty((n, 4))
    for i in range(n):
        w0, w1, w2, w3 = draw(key, np.uint64(i + 1), 0, index)
        out[i] = unit(w0), unit(w1), unit(w2), unit(w3)
    return out


def lay(
    code: int, density: float, extent: float, spread: float, free: np.ndarray, spacing: float, key: np.uint64
) -> Bodies:
    """Bodies of a type side by side, so many for each area, on free sites alone.

    Centers stand on a jittered hexagonal lattice that fits the density; diameters are drawn about `extent`. Each site
    goes to the body that it is nearest to, beyond its radius, and each body keeps the nearest of its sites, as many as
    its drawn area has: what is left over are the septa between. All of it is drawn and measured in µm, so that another
    spacing gives the same tissue.

    code : of the type; density : 1/mm²; extent : µm; free : bool (ny, nx); key : of the draws
    """
    ny, nx = free.shape
    pitch = np.sqrt(2e6 / (np.sqrt(3) * density))  # µm between the points of a hexagonal lattice
    rise = pitch * np.sqrt(3) / 2
    down, across = int(ny * spacing / rise) + 2, int(nx * spacing / pitch) + 2
    drawn = rolls(key, down * across, 16)
    row, column = np.divmod(np.arange(down * across), across)
    y = (row - 0.5 + JITTER * (2 * drawn[:, 0] - 1)) * rise
    x = (column - 0.5 + 0.5 * (row % 2) + JITTER * (2 * drawn[:, 1] - 1)) * pitch
    normal = np.log(drawn[:, 2] / (1 - drawn[:, 2])) * np.sqrt(3) / np.pi
    diameter = extent * np.clip(1 + spread * normal, 0.4, 1.8)
    radius = diameter / 2 / spacing
    owner, apart = np.empty(free.shape, np.int64), np.empty(free.shape)
    power_cells(y / spacing, x / spacing, radius, np.minimum(SLACK * radius + 0.5, SPAN), free, owner, apart)
    wanted = np.floor(np.pi * radius**2 + drawn[:, 3]).astype(np.int64)
    return _kept(code, owner, apart, np.maximum(wanted, 1))


def disk(code: int, y: int, x: int, extent: float, spacing: float, shape: tuple[int, int]) -> Bodies:
    """One body of a diameter of `extent` µm around the middle of site (y, x), as far as there are sites."""
    owner, apart = np.empty(shape, np.int64), np.empty(shape)
    radius = np.array([extent / 2 / spacing])
    reach = np.minimum(radius + 0.5, SPAN)
    power_cells(np.array([y + 0.5]), np.array([x + 0.5]), radius, reach, np.ones(shape, np.bool_), owner, apart)
    return _kept(code, owner, apart, np.maximum(np.rint(np.pi * radius**2).astype(np.int64), 1))


def _kept(code: int, owner: np.ndarray, apart: np.ndarray, wanted: np.ndarray) -> Bodies:
    """The nearest of its sites that each body keeps, and from each the way to the nearest of all."""
    sites = np.flatnonzero(owner >= 0)
    sites = sites[np.lexsort((sites, apart.ravel()[sites], owner.ravel()[sites]))]
    mine = owner.ravel()[sites]
    first = np.searchsorted(mine, np.arange(wanted.size))
    held = np.minimum(np.searchsorted(mine, np.arange(wanted.size), side="right") - first, wanted)
    held[held < LEAST * wanted] = 0
    kept = np.arange(sites.size) - first[mine] < held[mine]
    sites, anchors = sites[kept], sites[first[mine[kept]]]
    nx = owner.shape[1]
    dy, dx = anchors // nx - sites // nx, anchors % nx - sites % nx
    near = np.maximum(abs(dy), abs(dx)) <= SPAN
    sites, dy, dx = sites[near], dy[near], dx[near]
    found = np.zeros(owner.size, np.uint16)
    found[sites] = TYPES * (1 + code) + way(dy, dx)
    return Bodies(sites[(dy == 0) & (dx == 0)], found.reshape(owner.shape))


def map_of(tissue: np.ndarray, rows: np.ndarray, types: np.ndarray) -> np.ndarray:
    """The map of bodies of a padded tissue layer, (ny, nx) uint16: 256 · (1 + type) + the way to the anchor, else 0.

    rows : of the bodies; types : the column of the cells' types
    """
    layer = tissue[PAD:-PAD, PAD:-PAD]
    found = np.zeros(layer.shape, np.uint16)
    if rows.size == 0:
        return found
    y, x = np.nonzero(layer <= COVERED)
    ways = COVERED - layer[y, x]
    owner = tissue[y + PAD + (ways >> 4) - 8, x + PAD + (ways & 15) - 8]
    found[y, x] = TYPES * (1 + types[owner].astype(np.int64)) + ways
    held = np.zeros(layer.shape, np.bool_)
    anchored = np.isin(layer, rows)
    held[anchored] = True
    found[held] = TYPES * (1 + types[layer[held]].astype(np.int64)) + OWN
    return found


def put(found: np.ndarray, tissue: np.ndarray, types: np.ndarray, static: np.ndarray, extent: np.ndarray) -> None:
    """Let the cells of a padded tissue layer fill the sites of a map of bodies; `extent`, a column, is written.

    types, extent : columns of the cells; static : (types,). ValueError, and nothing is put, where a site that is
    covered is taken, and where its way leads to nobody of a static type.
    """
    y, x = np.nonzero(found)
    ways = found[y, x].astype(np.int64) % TYPES
    beside = ways != OWN
    y, x, ways = y[beside], x[beside], ways[beside]
    dy, dx = (ways >> 4) - 8, (ways & 15) - 8
    owner = tissue[y + PAD + dy, x + PAD + dx].astype(np.int64)
    if (tissue[y + PAD, x + PAD] >= 0).any():
        raise ValueError("a cell of the section stands where another one's body lies")
    if (owner < 0).any() or not (types[owner] != DEAD).all() or not static[types[owner]].all():
        raise ValueError("a body of the section belongs to no static cell")
    tissue[y + PAD, x + PAD] = COVERED - ways
    np.maximum.at(extent, owner, np.maximum(abs(dy), abs(dx)).astype(extent.dtype))
