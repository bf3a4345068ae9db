"""Start: the tissue of hour 0 — a nest of tumor cells, its host tissue, capillaries, matrix."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from tmesim.cells import COLUMNS as CELL_COLUMNS
from tmesim.kernels.arrays import NOBODY_TCR, PAD
from tmesim.kernels.chance import draw, identity_of, key_of, stray, unit
from tmesim.kernels.compiling import kernel
from tmesim.rules import LAYERS

if TYPE_CHECKING:
    from tmesim.tissue import Tissue

MM2 = 1e6  # µm²


@kernel
def chances(key: np.uint64, n: int, index: int) -> np.ndarray:
    """A number in (0, 1) for each of n places, (n,) float64."""
    out = np.empty(n)
    for i in range(n):
        w0, _, _, _ = draw(key, np.uint64(i + 1), 0, index)
        out[i] = unit(w0)
    return out


@kernel
def strayed(key: np.uint64, sites: np.ndarray, z: float, spread: float, index: int) -> np.ndarray:
    """The state of the first cells, spread as that of daughters around their mother's z, (n,) float64."""
    out = np.empty(sites.size)
    for i in range(sites.size):
        w0, _, _, _ = draw(key, np.uint64(sites[i] + 1), 0, index)
        out[i] = stray(z, spread, w0)
    return out


@kernel
def identities(sites: np.ndarray, layer: int) -> np.ndarray:
    """Identities of the cells that stand on some sites of a layer at hour 0, (n,) uint64."""
    out = np.empty(sites.size, np.uint64)
    for i in range(sites.size):
        out[i] = identity_of(np.uint64(sites[i] + 1), np.uint64(0xFFFFFFFF), np.uint64(1024 + layer))
    return out


def populate(tissue: Tissue) -> None:
    """Fill an empty tissue as its scenario says."""
    plan = tissue.start
    key = key_of(tissue.seed, "start")
    ny, nx = tissue.shape
    sites = ny * nx
    tissue.matrix["ecm"][:] = plan.ecm
    inside = np.zeros(sites, bool)
    tumor = np.zeros(sites, bool)
    y, x = np.divmod(np.arange(sites), nx)
    luck = chances(key, sites, 0)
    for disk in plan.tumor:
        cx, cy = disk.at_um
        within = np.hypot((x + 0.5) * tissue.spacing - cx, (y + 0.5) * tissue.spacing - cy) <= disk.radius_um
        inside |= within
        tumor |= within & (luck < disk.fill)
    _add_tumor(tissue, np.flatnonzero(tumor), key)
    for layer in ("tissue", "leukocyte"):
        # in the catalogue's order, so that the file's makes no difference
        kinds = [c for c, e in tissue.scenario.catalogue.cells.items() if e.layer == layer and c in plan.densities]
        edges = np.cumsum([plan.densities[c] * tissue.spacing**2 / MM2 for c in kinds])
        luck = chances(key, sites, 1 + LAYERS[layer])
        luck[inside] = 1.0
        which = np.searchsorted(edges, luck, side="right")
        for k, cell in enumerate(kinds):
            _add(tissue, cell, np.flatnonzero(which == k), key)
    _add_capillaries(tissue, plan.capillaries, key)
    tissue.cells.reorder(tissue.layers)


def _add(tissue: Tissue, cell: str, sites: np.ndarray, key: np.uint64) -> slice:
    """Cells of one type on free sites; returns their rows."""
    cells, biology = tissue.cells, tissue.biology
    n, m = cells.n, sites.size
    cells.make_room(m)
    rows = slice(n, n + m)
    code = biology.code(cell)
    y, x = np.divmod(sites, tissue.shape[1])
    cells.type[rows] = code
    core = cells.columns.core
    core["id"][rows] = identities(sites, int(biology.book.kinds["layer"][code]))
    core["y"][rows], core["x"][rows] = y, x
    core["tcr"][rows] = NOBODY_TCR
    core["heading"][rows] = (sites * 2654435761 >> 5) & 3
    cells.columns.state[rows] = biology.starts[code]
    for s in np.flatnonzero(biology.book.spread):
        z, spread = float(biology.starts[code, s]), float(biology.book.spread[s])
        cells.columns.state[rows, s] = strayed(key, sites, z, spread, 64 + int(s))
    tissue.layer_of(cell)[y + PAD, x + PAD] = np.arange(n, n + m)
    cells.n += m
    if biology.book.kinds["specific"][code]:
        luck = chances(key, tissue.shape[0] * tissue.shape[1], 7)[sites]
        edges = np.cumsum(tissue.receptor_shares())
        receptor = np.searchsorted(edges, luck, side="right")
        core["tcr"][rows] = np.where(receptor < edges.size, receptor, NOBODY_TCR)
    return rows


def _add_tumor(tissue: Tissue, sites: np.ndarray, key: np.uint64) -> None:
    """Tumor cells with their clones and antigens."""
    if sites.size == 0:
        return
    rows = _add(tissue, "tumor", sites, key)
    core = tissue.cells.columns.core
    clones = tissue.start.clones
    if not clones:
        core["antigens"][rows] = antigen_mask(tissue.node.naive.size)
        return
    shares = np.cumsum([clone.share for clone in clones])
    luck = chances(key, tissue.shape[0] * tissue.shape[1], 5)[sites] * shares[-1]
    which = np.searchsorted(shares, luck, side="right")
    tissue.cells.columns.clone[rows] = which + 1
    core["antigens"][rows] = np.array([antigen_mask(clone.antigens) for clone in clones], np.uint32)[which]


def antigen_mask(number: int) -> int:
    """The bits of the first `number` antigens (at most 32)."""
    return (1 << min(number, 32)) - 1


def _add_capillaries(tissue: Tissue, density: float, key: np.uint64) -> None:
    """Capillaries that cross the plane: one at a drawn place of each square that one of them supplies."""
    if density <= 0:
        return
    ny, nx = tissue.shape
    pitch = np.sqrt(MM2 / density) / tissue.spacing  # sites
    down, across = max(round(ny / pitch), 1), max(round(nx / pitch), 1)
    dy, dx = (chances(key, down * across, index) for index in (8, 9))
    row, column = np.divmod(np.arange(down * across), across)
    y = np.minimum(((row + dy) * ny / down).astype(int), ny - 1)
    x = np.minimum(((column + dx) * nx / across).astype(int), nx - 1)
    sites = np.unique(y * nx + x)
    _add(tissue, "endothelial", sites, key)
    tissue.vessels.root.ravel()[sites] = True


def place(tissue: Tissue, row: int, cell: str, y: int, x: int, **columns: float) -> None:
    """Write a new cell of a type into a row; its identity follows from the site, the hour and what stood there."""
    cells, biology = tissue.cells, tissue.biology
    code = biology.code(cell)
    for column in cells.columns:
        column[row] = np.zeros((), column.dtype) if column.ndim == 1 else 0
    cells.type[row] = code
    spawned = int(tissue.counters["spawned"])
    tissue.counters["spawned"] += 1
    made = identity_of(np.uint64(y * tissue.shape[1] + x + 1), np.uint64(tissue.step_index), np.uint64(4096 + spawned))
    core = cells.columns.core
    core["id"][row] = made
    core["y"][row], core["x"][row] = y, x
    core["born"][row] = core["hit_at"][row] = tissue.hour
    core["tcr"][row] = NOBODY_TCR
    cells.columns.state[row] = biology.starts[code]
    if cell == "tumor":
        core["antigens"][row] = antigen_mask(tissue.node.naive.size)
    for name, value in columns.items():
        if name in biology.states:
            cells.columns.state[row, biology.states.index(name)] = value
        elif name == "clone":
            cells.columns.clone[row] = value
        elif name in CELL_COLUMNS and name not in ("id", "y", "x"):
            core[name][row] = value
        else:
            raise ValueError(
                f"{cell} has no column {name!r}. Known: {', '.join([*biology.states, 'clone', *sorted(CELL_COLUMNS)])}"
            )
