"""Start: the tissue of hour 0 — a nest of tumor cells, its host tissue, capillaries, matrix."""

from __future__ import annotations

import numpy as np

from tmesim.catalogue.compile import LAYERS
from tmesim.kernels import living
from tmesim.kernels.arrays import NOBODY_TCR, PAD, WORD_BITS
from tmesim.kernels.chance import draw, identity_of, stray, unit
from tmesim.kernels.compiling import kernel
from tmesim.scenario import Start
from tmesim.tissue.cells import COLUMNS as CELL_COLUMNS
from tmesim.tissue.process import Patch

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
def identities(sites: np.ndarray, layer: int, origin: np.uint64) -> np.ndarray:
    """Identities of the cells that stand on some sites of a layer at hour 0, (n,) uint64."""
    out = np.empty(sites.size, np.uint64)
    for i in range(sites.size):
        out[i] = identity_of(np.uint64(sites[i] + 1), np.uint64(0xFFFFFFFF), np.uint64(1024 + layer), origin)
    return out


def populate(tissue: Patch, plan: Start, clonotypes: np.ndarray) -> None:
    """Fill an empty tissue as a plan says. clonotypes : share of each among T cells that have a receptor."""
    key = tissue.key("start")
    ny, nx = tissue.shape
    sites = ny * nx
    for name, entry in tissue.setting.catalogue.matrix.items():
        if entry.role == "barrier":
            tissue.matrix[name][:] = plan.ecm
    inside = np.zeros(sites, bool)
    tumor = np.zeros(sites, bool)
    y, x = np.divmod(np.arange(sites), nx)
    drawn = chances(key, sites, 0)
    for disk in plan.tumor:
        cx, cy = disk.at_um
        within = np.hypot((x + 0.5) * tissue.spacing - cx, (y + 0.5) * tissue.spacing - cy) <= disk.radius_um
        inside |= within
        tumor |= within & (drawn < disk.fill)
    _add_tumor(tissue, plan, np.flatnonzero(tumor), key)
    for layer in ("tissue", "leukocyte"):
        # in the catalogue's order, so that the file's makes no difference
        kinds = [c for c in tissue.biology.types if c in plan.densities and _layer(tissue, c) == layer]
        edges = np.cumsum([plan.densities[c] * tissue.spacing**2 / MM2 for c in kinds])
        drawn = chances(key, sites, 1 + LAYERS[layer])
        drawn[inside] = 1.0
        which = np.searchsorted(edges, drawn, side="right")
        for k, cell in enumerate(kinds):
            _add(tissue, cell, np.flatnonzero(which == k), key, clonotypes)
    _add_capillaries(tissue, plan.capillaries, key)
    tissue.cells.reorder(tissue.layers)


def _layer(tissue: Patch, cell: str) -> str:
    return str(tissue.setting.catalogue.cells[cell].layer)


def _add(tissue: Patch, cell: str, sites: np.ndarray, key: np.uint64, clonotypes: np.ndarray | None = None) -> slice:
    """Cells of one type on free sites; returns their rows."""
    cells, biology = tissue.cells, tissue.biology
    n, m = cells.n, sites.size
    cells.make_room(m)
    rows = slice(n, n + m)
    code = biology.code(cell)
    y, x = np.divmod(sites, tissue.shape[1])
    names = identities(sites, int(biology.rules.kinds["layer"][code]), tissue.origin)
    living.begin_many(n, code, names, y, x, biology.starts[code], cells.columns)
    core = cells.columns.core
    core["heading"][rows] = (sites * 2654435761 >> 5) & 3
    for s in np.flatnonzero(biology.rules.spread):
        z, spread = float(biology.starts[code, s]), float(biology.rules.spread[s])
        cells.columns.state[rows, s] = strayed(key, sites, z, spread, 64 + int(s))
    tissue.layer_of(cell)[y + PAD, x + PAD] = np.arange(n, n + m)
    cells.n += m
    if biology.rules.kinds["specific"][code] and clonotypes is not None:
        drawn = chances(key, tissue.shape[0] * tissue.shape[1], 7)[sites]
        edges = np.cumsum(clonotypes)
        receptor = np.searchsorted(edges, drawn, side="right")
        core["tcr"][rows] = np.where(receptor < edges.size, receptor, NOBODY_TCR)
    return rows


def malignant(tissue: Patch) -> str | None:
    """The cell type that disks of a start plant; None where the catalogue has none."""
    cells = tissue.setting.catalogue.cells
    return next((cell for cell in tissue.biology.types if cells[cell].malignant), None)


def _add_tumor(tissue: Patch, plan: Start, sites: np.ndarray, key: np.uint64) -> None:
    """Malignant cells with their clones and antigens."""
    cell = malignant(tissue)
    if sites.size == 0 or cell is None:
        return
    rows = _add(tissue, cell, sites, key)
    columns = tissue.cells.columns
    if not plan.clones:
        columns.antigens[rows] = antigen_bits(tissue.setting.clonotypes, columns.antigens.shape[1])
        return
    shares = np.cumsum([clone.share for clone in plan.clones])
    drawn = chances(key, tissue.shape[0] * tissue.shape[1], 5)[sites] * shares[-1]
    which = np.searchsorted(shares, drawn, side="right")
    columns.clone[rows] = which + 1
    columns.antigens[rows] = np.array(
        [antigen_bits(clone.antigens, columns.antigens.shape[1]) for clone in plan.clones]
    )[which]


def antigen_bits(number: int, words: int) -> np.ndarray:
    """The bits of the first `number` antigens, (words,) uint32."""
    mask = (1 << min(number, WORD_BITS * words)) - 1
    return np.array([mask >> WORD_BITS * w & 0xFFFFFFFF for w in range(words)], np.uint32)


def _add_capillaries(tissue: Patch, density: float, key: np.uint64) -> None:
    """Capillaries that cross the plane: one at a drawn place of each square that one of them supplies."""
    vessel = next((cell for cell in tissue.biology.types if _layer(tissue, cell) == "vessel"), None)
    if density <= 0 or vessel is None:
        return
    ny, nx = tissue.shape
    pitch = np.sqrt(MM2 / density) / tissue.spacing  # sites
    down, across = max(round(ny / pitch), 1), max(round(nx / pitch), 1)
    dy, dx = (chances(key, down * across, index) for index in (8, 9))
    row, column = np.divmod(np.arange(down * across), across)
    y = np.minimum(((row + dy) * ny / down).astype(int), ny - 1)
    x = np.minimum(((column + dx) * nx / across).astype(int), nx - 1)
    sites = np.unique(y * nx + x)
    _add(tissue, vessel, sites, key)
    tissue.vessels.root.ravel()[sites] = True


def place(tissue: Patch, row: int, cell: str, y: int, x: int, **values: float) -> None:
    """Write a new cell of a type into a row; its identity follows from the site, the hour and what stood there.

    values : of states by name, of the clone, and of columns of the record such as `engagement`
    """
    cells, biology, clock = tissue.cells, tissue.biology, tissue.clock
    code = biology.code(cell)
    spawned = int(tissue.counters["spawned"])
    tissue.counters["spawned"] += 1
    site, index = np.uint64(y * tissue.shape[1] + x + 1), np.uint64(4096 + spawned)
    made = identity_of(site, np.uint64(clock.step), index, tissue.origin)
    columns = cells.columns
    living.begin(row, code, np.uint64(made), y, x, clock.hour, columns)
    columns.state[row] = biology.starts[code]
    if tissue.setting.catalogue.cells[cell].malignant:
        columns.antigens[row] = antigen_bits(tissue.setting.clonotypes, columns.antigens.shape[1])
    for name, value in values.items():
        if name in biology.states:
            columns.state[row, biology.states.index(name)] = value
        elif name == "clone":
            columns.clone[row] = value
        elif name == "antigens":
            columns.antigens[row] = value
        elif name in CELL_COLUMNS and name not in ("id", "y", "x"):
            columns.core[name][row] = value
        else:
            known = [*biology.states, "clone", "antigens", *sorted(CELL_COLUMNS)]
            raise ValueError(f"{cell} has no column {name!r}. Known: {', '.join(known)}")
