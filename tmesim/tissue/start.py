"""Start: the tissue of hour 0 — a nest of tumor cells, its host tissue, capillaries, matrix."""

from __future__ import annotations

import math
from collections.abc import Mapping

import numpy as np

from tmesim.catalogue.compile import LAYERS
from tmesim.kernels import living
from tmesim.kernels.arrays import DEAD, NOBODY_TCR, PAD, WORD_BITS
from tmesim.kernels.chance import draw, identity_of, poisson, stray, unit
from tmesim.kernels.compiling import kernel
from tmesim.scenario import Start
from tmesim.section import Section
from tmesim.tissue import bodies
from tmesim.tissue.cells import COLUMNS as CELL_COLUMNS
from tmesim.tissue.process import Patch

MM2 = 1e6  # µm²
POISSON_MEAN = 10.0  # that one word can draw from (see kernels.chance)


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


def populate(tissue: Patch, plan: Start, receptors: Mapping[str, np.ndarray], arriving: float = 0.0) -> None:
    """Fill an empty tissue as a plan says.

    receptors : share of each clonotype, by the types that have receptors
    arriving : how many injected cells its capillaries hold in the mean
    """
    section = laid_out(tissue, plan, receptors, arriving)
    put(tissue, section)
    tissue.counters["arrivals"] += sum(section.count(cell) for cell in _held(tissue))


def laid_out(tissue: Patch, plan: Start, receptors: Mapping[str, np.ndarray], arriving: float = 0.0) -> Section:
    """The section of hour 0 that a plan describes, for the lattice, the biology and the chance of a tissue."""
    key = tissue.key("start")
    ny, nx = tissue.shape
    sites = ny * nx
    inside = np.zeros(sites, bool)
    tumor = np.zeros(sites, bool)
    y, x = np.divmod(np.arange(sites), nx)
    lumen = np.zeros(sites, bool)
    drawn = chances(key, sites, 0)

    def within(at: tuple[float, float], radius: float) -> np.ndarray:
        return np.hypot((x + 0.5) * tissue.spacing - at[0], (y + 0.5) * tissue.spacing - at[1]) <= radius

    for disk in plan.tumor:
        inside |= within(disk.at_um, disk.radius_um)
        tumor |= within(disk.at_um, disk.radius_um) & (drawn < disk.fill)
    for duct in plan.ducts:
        lumen |= within(duct.at_um, duct.lumen_um)
        tumor |= within(duct.at_um, duct.lumen_um) & (drawn < duct.fill)
    wall = wall_of(lumen.reshape(tissue.shape)).ravel()
    inside |= lumen | wall
    if plan.interior is not None:
        tumor = drawn < plan.interior.fill
    others: list[Columns] = []
    membrane = next((c for c in tissue.biology.types if tissue.setting.catalogue.cells[c].membrane), None)
    if membrane is not None:
        others.append(_cells(tissue, membrane, np.flatnonzero(wall), key))
    tumor &= ~wall
    filled = np.zeros(tissue.shape, np.uint16)
    for cell in tissue.biology.types:
        if plan.densities.get(cell, 0.0) > 0 and (size := _size(tissue, cell)) is not None:
            free = ~inside.reshape(tissue.shape) & (filled == 0)
            code = tissue.biology.code(cell)
            laid = bodies.lay(code, plan.densities[cell], *size, free, tissue.spacing, tissue.key(f"start {cell}"))
            filled += laid.map
            others.append(_cells(tissue, cell, laid.anchors, key))
    tumor &= filled.ravel() == 0
    root = np.zeros(tissue.shape, np.bool_)
    vessels = _capillaries(tissue, plan.capillaries, key, ~(lumen | wall))
    for group in vessels:
        root[group["y"], group["x"]] = True
    groups_held: list[Columns] = []
    for layer in ("tissue", "leukocyte"):
        # in the catalogue's order, so that the file's makes no difference
        kinds = [
            c for c in tissue.biology.types
            if c in plan.densities and _layer(tissue, c) == layer and _size(tissue, c) is None
        ]  # fmt: skip
        taken = inside | (filled.ravel() > 0) if layer == "tissue" else inside
        # as many as the host has for its area, on the sites that bodies leave to them
        crowding = (sites - inside.sum()) / max(sites - taken.sum(), 1)
        edges = np.cumsum([plan.densities[c] * tissue.spacing**2 / MM2 * crowding for c in kinds])
        drawn = chances(key, sites, 1 + LAYERS[layer])
        drawn[taken] = np.inf
        which = np.searchsorted(edges, drawn, side="right")
        if layer == "leukocyte" and arriving > 0:
            landed = landing(tissue, arriving, key, root)
            which[landed] = len(kinds)  # a capillary holds one cell at a time
            groups_held = _malignant(tissue, plan, landed, key, held=True)
        for k, cell in enumerate(kinds):
            others.append(_cells(tissue, cell, np.flatnonzero(which == k), key, receptors.get(cell)))
        if layer == "tissue":
            tumor &= which == len(kinds)  # within a lesion its stroma stands first, so that densities are those asked
    groups = _malignant(tissue, plan, np.flatnonzero(tumor), key) + groups_held + others
    densities = {
        f"matrix.{name}": np.full(tissue.shape, plan.ecm if entry.role == "barrier" else 0.0, np.float32)
        for name, entry in tissue.setting.catalogue.matrix.items()
    }
    nobody = _no_cells(tissue)
    groups += vessels
    cells = {name: np.concatenate([none, *(group[name] for group in groups)]) for name, none in nobody.items()}
    maps: dict[str, np.ndarray] = {**densities, "vessels.root": root, "bodies.sites": filled}
    return Section(tuple(tissue.biology.types), cells, maps, tissue.shape, tissue.spacing, 0.0)


def put(tissue: Patch, section: Section) -> None:
    """Put the cells and maps of a section into an empty tissue, whoever laid it out: a start, a file, a measurement.

    Columns and maps that the section does not have are those of new cells and of bare ground; those that the tissue
    does not have are left out, as are clones that it does not know, such as those of mutants of another tissue.
    ValueError for another lattice, a cell type that the tissue does not have, two cells at one place and a body that
    lies on another cell; nothing is put then.
    """
    biology, cells = tissue.biology, tissue.cells
    present = [name for name in section.types if section.count(name)]
    if section.shape != tissue.shape or section.spacing_um != tissue.spacing:
        raise ValueError(f"a section of {section.shape} sites of {section.spacing_um:g} µm does not fit a tissue of "
                         f"{tissue.shape} sites of {tissue.spacing:g} µm")  # fmt: skip
    if unknown := [name for name in present if name not in biology.types]:
        raise ValueError(f"there is no cell type {unknown[0]!r} here. Known: {', '.join(biology.types)}")
    codes = np.array([biology.code(name) if name in present else 0 for name in section.types], np.int64)
    alive = np.flatnonzero(section.cells["type"] != DEAD)
    kinds = codes[section.cells["type"][alive].astype(int)]
    y, x = (section.cells[name][alive].astype(np.int64) for name in ("y", "x"))
    places = (biology.rules.kinds["layer"][kinds].astype(np.int64) * tissue.shape[0] + y) * tissue.shape[1] + x
    if np.unique(places).size < places.size:
        raise ValueError("two cells of the section stand at one site of a layer")
    n, m = cells.n, alive.size
    cells.make_room(m)
    rows = slice(n, n + m)
    living.begin_many(n, kinds, section.cells["id"][alive], y, x, biology.starts, cells.columns)
    core = cells.columns.core
    core["potential"][rows] = biology.rules.kinds["divisions"][kinds]
    core["heading"][rows] = ((y * tissue.shape[1] + x) * 2654435761 >> 5) & 3
    for name, column in section.cells.items():
        values, (kind, _, state) = column[alive], name.partition(".")
        if kind == "state" and state in biology.states:
            cells.columns.state[rows, biology.states.index(state)] = values
        elif name == "clone":
            cells.columns.clone[rows] = np.where(values <= tissue.clones.last, values, 0)
        elif name == "antigens":
            cells.columns.antigens[rows] = values.reshape(m, cells.columns.antigens.shape[1])
        elif name in CELL_COLUMNS:
            core[name][rows] = values
    for code, layer in enumerate(tissue.layers):
        mine = np.flatnonzero(biology.rules.kinds["layer"][kinds] == code)
        layer[y[mine] + PAD, x[mine] + PAD] = n + mine
    tissue.put_bodies(section.bodies)
    cells.n += m
    _put_maps(tissue, section)
    cells.reorder(tissue.layers)


def _put_maps(tissue: Patch, section: Section) -> None:
    """The maps of a section that change in place; who carries blood follows from them."""
    vessels = {name: getattr(tissue.vessels, name) for name in ("links", "root", "tip")}
    fields = {name: tissue.solver.values[f] for f, name in enumerate(tissue.solver.names)}
    for kind, own in (("matrix", tissue.matrix), ("vessels", vessels), ("field", fields)):
        for name, values in own.items():
            if f"{kind}.{name}" in section.maps:
                values[...] = section.maps[f"{kind}.{name}"]


Columns = dict[str, np.ndarray]


def _no_cells(tissue: Patch) -> Columns:
    """The columns that a start gives its cells, without a cell."""
    words = tissue.cells.columns.antigens.shape[1]
    columns: Columns = {
        "type": np.empty(0, np.uint8), "id": np.empty(0, np.uint64), "y": np.empty(0, np.int16),
        "x": np.empty(0, np.int16), "tcr": np.empty(0, np.uint16), "clone": np.empty(0, np.uint16),
        "antigens": np.empty((0, words), np.uint32), "potential": np.empty(0, np.uint8),
    }  # fmt: skip
    return columns | {f"state.{name}": np.empty(0, np.float32) for name in tissue.biology.states}


def wall_of(lumen: np.ndarray) -> np.ndarray:
    """The ring around the true sites of a map: their neighbors of the eight, so that nothing slips out diagonally."""
    ny, nx = lumen.shape
    padded = np.pad(lumen, 1)
    near = np.logical_or.reduce([padded[dy : dy + ny, dx : dx + nx] for dy in range(3) for dx in range(3)])
    return near & ~lumen


def _size(tissue: Patch, cell: str) -> tuple[float, float] | None:
    """Mean and coefficient of variation of the diameter of a cell that fills several sites, µm; None of others."""
    entry, host = tissue.setting.catalogue.cells[cell], tissue.setting.host
    if entry.extent is None:
        return None
    return entry.extent.at(host), entry.extent_spread.at(host) if entry.extent_spread is not None else 0.0


def _layer(tissue: Patch, cell: str) -> str:
    return str(tissue.setting.catalogue.cells[cell].layer)


def _cells(
    tissue: Patch,
    cell: str,
    sites: np.ndarray,
    key: np.uint64,
    clonotypes: np.ndarray | None = None,
    states: Mapping[str, float] | None = None,
) -> Columns:
    """Cells of one type on some sites. states : mean values of some states that are not those of the catalogue"""
    biology = tissue.biology
    code, m = biology.code(cell), sites.size
    y, x = np.divmod(sites, tissue.shape[1])
    columns = _no_cells(tissue)
    columns |= {
        "type": np.full(m, code, np.uint8), "y": y.astype(np.int16), "x": x.astype(np.int16),
        "id": identities(sites, int(biology.rules.kinds["layer"][code]), tissue.origin),
        "tcr": np.full(m, NOBODY_TCR, np.uint16), "clone": np.zeros(m, np.uint16),
        "antigens": np.zeros((m, columns["antigens"].shape[1]), np.uint32),
        "potential": np.full(m, biology.rules.kinds["divisions"][code], np.uint8),
    }  # fmt: skip
    for s, state in enumerate(biology.states):
        z, spread = float((states or {}).get(state, biology.starts[code, s])), float(biology.rules.spread[s])
        column = strayed(key, sites, z, spread, 64 + s) if spread > 0 else np.full(m, z)
        columns[f"state.{state}"] = column.astype(np.float32)
    if biology.rules.kinds["ladder"][code] >= 0:
        columns |= _ranks(tissue, cell, chances(key, tissue.shape[0] * tissue.shape[1], 10)[sites], columns)
    if biology.rules.kinds["specific"][code] and clonotypes is not None:
        drawn = chances(key, tissue.shape[0] * tissue.shape[1], 7)[sites]
        edges = np.cumsum(clonotypes)
        receptor = np.searchsorted(edges, drawn, side="right")
        columns["tcr"] = np.where(receptor < edges.size, receptor, NOBODY_TCR).astype(np.uint16)
    return columns


def ranks_of(renewal: float, divisions: int) -> np.ndarray:
    """Shares of stem-like cells and of progeny with `divisions`, … 1, 0 divisions left, (2 + divisions,) float64.

    Those of a tumor that grows as its stem-like cells do, where all that divide do so at one rate b and all die at one:
    of each division of stem-like cells the share p, the self-renewal, bears another, so that all grow at p b − death;
    progeny with k left are then 2 / (1 + p) times as many as those with one more, and those that have stopped 2 / p
    times those with one left.
    """
    progeny = (1.0 - renewal) / (1.0 + renewal) * (2.0 / (1.0 + renewal)) ** np.arange(divisions)
    shares = np.array([renewal, *(renewal * progeny), 2.0 * progeny[-1]])
    return shares / shares.sum()


def _ranks(tissue: Patch, cell: str, drawn: np.ndarray, columns: Columns) -> Columns:
    """The state that tells stem-like cells, and the divisions left, of the first cells. drawn : (cells,) in (0, 1)"""
    entry, host = tissue.setting.catalogue.cells[cell], tissue.setting.host
    kind = tissue.biology.rules.kinds[tissue.biology.code(cell)]
    assert entry.hierarchy is not None
    edges = np.cumsum(ranks_of(entry.behaviors["self_renewal"].at(host), int(kind["divisions"])))
    rank = np.minimum(np.searchsorted(edges, drawn, side="right"), edges.size - 1)
    state, threshold = f"state.{entry.hierarchy.state}", float(kind["threshold"])
    high = threshold + (1.0 - threshold) * drawn / max(edges[0], 1e-9)  # evenly between the threshold and 1
    left = np.where(rank == 0, kind["divisions"], edges.size - 1 - rank).astype(np.uint8)
    return {state: np.where(rank == 0, high, columns[state]).astype(np.float32), "potential": left}


def malignant(tissue: Patch) -> str | None:
    """The cell type that disks of a start plant; None where the catalogue has none."""
    cells = tissue.setting.catalogue.cells
    return next((cell for cell in tissue.biology.types if cells[cell].malignant), None)


def _held(tissue: Patch) -> list[str]:
    """The cell types that capillaries hold."""
    cells = tissue.setting.catalogue.cells
    return [cell for cell in tissue.biology.types if cells[cell].emerges is not None]


def number_of(key: np.uint64, mean: float, index: int = 12, who: int = 0) -> int:
    """A Poisson number. index : of its draw, which `who` makes"""
    parts = max(math.ceil(mean / POISSON_MEAN), 1)
    words = [draw(key, np.uint64((1 + part + who) & 0xFFFFFFFFFFFFFFFF), 0, index)[0] for part in range(parts)]
    return sum(int(poisson(word, mean / parts)) for word in words)


def injected(tissue: Patch, plan: Start, sites: np.ndarray, key: np.uint64) -> Section:
    """Injected cells that capillaries of a tissue hold now, as a section of them alone.

    sites : their numbers in a raveled map
    """
    clock, nobody = tissue.clock, _no_cells(tissue)
    groups = _malignant(tissue, plan, sites, key, held=True)
    cells = {name: np.concatenate([none, *(group[name] for group in groups)]) for name, none in nobody.items()}
    own = [identity_of(np.uint64(site + 1), clock.step, 1024 + len(LAYERS), tissue.origin) for site in sites.tolist()]
    cells["id"] = np.array(own[: cells["y"].size], np.uint64)
    cells["born"] = np.full(cells["y"].size, clock.hour, np.float32)
    return Section(tuple(tissue.biology.types), cells, {}, tissue.shape, tissue.spacing, clock.hour)


def landing(tissue: Patch, arriving: float, key: np.uint64, root: np.ndarray) -> np.ndarray:
    """The sites at which injected cells are held: a Poisson number of capillaries, each by the lot, (n,) int64.

    arriving : the mean; more cells than there are capillaries do not fit
    """
    capillaries = np.flatnonzero(root)
    number = min(number_of(key, arriving), capillaries.size)
    lots = chances(key, root.size, 13)[capillaries]
    return np.sort(capillaries[np.argsort(lots, kind="stable")[:number]])


def _malignant(tissue: Patch, plan: Start, sites: np.ndarray, key: np.uint64, held: bool = False) -> list[Columns]:
    """Malignant cells with their clones and antigens; held : in capillaries, as the type that becomes malignant."""
    malignancy = malignant(tissue)
    cell = next(iter(_held(tissue)), None) if held else malignancy
    if sites.size == 0 or cell is None or malignancy is None:
        return []
    brought = plan.injection.states if held and plan.injection is not None else None
    columns = _cells(tissue, cell, sites, key, states=brought)
    if held and tissue.setting.catalogue.cells[malignancy].hierarchy is not None:
        columns |= _ranks(tissue, malignancy, chances(key, tissue.shape[0] * tissue.shape[1], 14)[sites], columns)
    words = columns["antigens"].shape[1]
    if not plan.clones:
        columns["antigens"][:] = antigen_bits(tissue.setting.clonotypes, words)
        return [columns]
    shares = np.cumsum([clone.share for clone in plan.clones])
    drawn = chances(key, tissue.shape[0] * tissue.shape[1], 5)[sites] * shares[-1]
    which = np.searchsorted(shares, drawn, side="right")
    columns["clone"] = (which + 1).astype(np.uint16)
    columns["antigens"] = np.array([antigen_bits(clone.antigens, words) for clone in plan.clones])[which]
    return [columns]


def antigen_bits(number: int, words: int) -> np.ndarray:
    """The bits of the first `number` antigens, (words,) uint32."""
    mask = (1 << min(number, WORD_BITS * words)) - 1
    return np.array([mask >> WORD_BITS * w & 0xFFFFFFFF for w in range(words)], np.uint32)


def _capillaries(tissue: Patch, density: float, key: np.uint64, open_: np.ndarray) -> list[Columns]:
    """Capillaries that cross the plane: one at a drawn place of each square that one of them supplies, where it is
    open to them; open_ : bool (sites,), all but ducts."""
    vessel = next((cell for cell in tissue.biology.types if _layer(tissue, cell) == "vessel"), None)
    if density <= 0 or vessel is None:
        return []
    ny, nx = tissue.shape
    pitch = np.sqrt(MM2 / density) / tissue.spacing  # sites
    down, across = max(round(ny / pitch), 1), max(round(nx / pitch), 1)
    dy, dx = (chances(key, down * across, index) for index in (8, 9))
    row, column = np.divmod(np.arange(down * across), across)
    y = np.minimum(((row + dy) * ny / down).astype(int), ny - 1)
    x = np.minimum(((column + dx) * nx / across).astype(int), nx - 1)
    found = np.unique(y * nx + x)
    return [_cells(tissue, vessel, found[open_[found]], key)]


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
    columns.core["potential"][row] = biology.rules.kinds["divisions"][code]
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
