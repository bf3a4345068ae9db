"""Tissue: the cells, lattice, fields, matrix and vessels of one patch."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable

import numpy as np

from tmesim.catalogue import Catalogue
from tmesim.catalogue.compile import Biology
from tmesim.kernels import living
from tmesim.kernels.arrays import DEAD, EMPTY, PAD, SITE_UM, WALL, Layers, SiteMaps, StepInputs
from tmesim.kernels.bodies import uncover
from tmesim.kernels.chance import key_of, origin_of
from tmesim.tissue import bodies
from tmesim.tissue.cells import Cells
from tmesim.tissue.clones import Clones
from tmesim.tissue.field_specs import entries_of, specs_of
from tmesim.tissue.fields import FieldReport, Fields
from tmesim.tissue.ledger import Entry, Ledger
from tmesim.tissue.process import Clock, Passed, Process, Setting, Surroundings
from tmesim.tissue.processes.act import Act
from tmesim.tissue.processes.remodel import measure
from tmesim.tissue.start import place
from tmesim.tissue.vessels import Vessels

ALONE = Surroundings()


class Tissue:
    """A patch of an organ: a site of a body. It starts empty (see `tissue.start`).

    name : of the tissue within its body; its cells' identities and its draws of chance hang on it
    processes : the classes of the processes that it takes part in
    threads : of numba, for one tissue; replicates are better spread over processes, so the default is 1
    surroundings : the host's tissue around it, by default without leukocytes, and the lesion that it is a section of
    """

    catalogue: Catalogue
    biology: Biology
    clones: Clones
    spacing: float

    def __init__(
        self,
        name: str,
        shape: tuple[int, int],
        setting: Setting,
        clock: Clock,
        seed: int,
        processes: Iterable[type[Process]],
        threads: int = 1,
        surroundings: Surroundings = ALONE,
    ) -> None:
        self.surroundings = surroundings
        self.name, self.shape, self.spacing = name, shape, setting.spacing
        self.clock, self.seed, self.threads = clock, seed, threads
        self._keys: dict[str, np.uint64] = {}
        self.origin = origin_of(name)
        self.counters: Counter[str] = Counter()
        self.ledger = Ledger()
        self.reports: tuple[FieldReport, ...] = ()  # of the last solve of the fields
        self._lay_ground(setting)
        self.clones = Clones(setting.catalogue, setting.biology)
        self.processes: dict[type[Process], Process] = {kind: kind() for kind in processes}
        self.tune(setting)

    @property
    def hour(self) -> float:
        """Simulated time, h."""
        return self.clock.hour

    @property
    def dt(self) -> float:
        """Length of a step, h."""
        return self.clock.dt

    @property
    def organ(self) -> str:
        """The name of the organ that it is a patch of."""
        return self.surroundings.organ

    @property
    def step_index(self) -> int:
        """Steps made since the start."""
        return self.clock.step

    def key(self, purpose: str) -> np.uint64:
        """The key of a purpose of draws of chance in this tissue."""
        if purpose not in self._keys:
            self._keys[purpose] = key_of(self.seed, purpose, self.name)
        return self._keys[purpose]

    def _lay_ground(self, setting: Setting) -> None:
        """Empty lattice, fields at their start values, maps."""
        (ny, nx), biology = self.shape, setting.biology
        layers = [np.full((ny + 2 * PAD, nx + 2 * PAD), WALL, np.int32) for _ in range(3)]
        for layer in layers:
            layer[PAD:-PAD, PAD:-PAD] = EMPTY
        self.layers = Layers(*layers)
        words = setting.words
        self.cells = Cells(len(biology.states), biology.widest, words)
        self.solver = Fields(
            biology.fields, self.shape, self.spacing, specs_of(setting.catalogue, biology, setting.host)
        )
        self.fields = {name: self.solver.values[f] for f, name in enumerate(self.solver.names)}
        self.vessels = vessels = Vessels(self.shape)
        self.maps = SiteMaps(
            self.solver.values, self.solver.loss, self.solver.source, self.solver.vmax,
            np.zeros((len(biology.matrix), ny, nx), np.float32), np.zeros((ny, nx, words), np.uint32),
            vessels.perfusion, vessels.length, vessels.links, vessels.root, vessels.tip,
        )  # fmt: skip
        self.matrix = {name: self.maps.matrix[i] for i, name in enumerate(biology.matrix)}

    def tune(self, setting: Setting) -> None:
        """Take over the biology and all numbers of the catalogue in force, again whenever an arm changes it."""
        self.setting, self.catalogue, self.biology = setting, setting.catalogue, setting.biology
        host, entries = setting.host, entries_of(setting.catalogue, setting.biology).values()
        self._decay = np.array([entry.decay.at(host) for entry in entries], np.float32)
        levels = [entry.vessel.level.at(host) if entry.vessel is not None else 0.0 for entry in entries]
        self._blood = np.array(levels, np.float32)
        self._dilution = np.float32((SITE_UM / self.spacing) ** 2)
        self.clones.tune(setting.catalogue, setting.biology)
        for process in self.processes.values():
            process.tune(setting)

    def table(self) -> dict[Entry, float]:
        """What became of its cells since hour 0, by type, way, cause and zone."""
        return self.ledger.table(self)

    def open(self) -> None:
        """Bring the ledger up to date before a step."""
        self.ledger.open(self)

    def carry_out(self, process: type[Process], passed: Passed) -> None:
        """One of its processes; the ledger books what comes of it."""
        if process.cause is None:
            self.processes[process].run(self, passed)
            return
        before = self.cells.type[: self.cells.n].copy()
        self.processes[process].run(self, passed)
        self.ledger.book(self, before, process.cause)

    def inputs(
        self, drug: np.ndarray, signal: np.ndarray, behavior: np.ndarray, carried: dict[str, float]
    ) -> StepInputs:
        """What cells go by in a step, given what drugs do.

        drug : (drugs,) effect of each; signal : (types, signals) and behavior : (behaviors,) what they leave of these;
        carried : what is in the blood beside the level of the catalogue, by the field's name: drugs that reach cells
            through a field, and what a primary adds
        """
        blood = self._blood.copy()
        for name, concentration in carried.items():
            blood[self.solver.index(name)] += concentration
        factor = self.clones.factors * (self.biology.constant * behavior)
        return StepInputs(self._decay, blood, drug, signal, factor, self._dilution)

    @property
    def bodies(self) -> np.ndarray:
        """What cells of several sites fill, (ny, nx) uint16: 256 · (1 + type) + the way to the site where the cell
        stands (see `kernels.bodies`), 0 elsewhere."""
        n = self.cells.n
        rows = np.flatnonzero((self.cells.extent[:n] > 0) & (self.cells.type[:n] != DEAD))
        return bodies.map_of(self.layers.tissue, rows, self.cells.type)

    # Single cells, for handles

    def row_of(self, identity: int) -> int:
        """Row of a living cell by its id; KeyError when there is none."""
        n = self.cells.n
        found = np.flatnonzero((self.cells.id[:n] == identity) & (self.cells.type[:n] != DEAD))
        if found.size == 0:
            raise KeyError(f"no living cell has the id {identity}")
        return int(found[0])

    def layer_of(self, cell: str) -> np.ndarray:
        """The padded layer in which cells of a type live."""
        return self.layers[int(self.biology.rules.kinds["layer"][self.biology.code(cell)])]

    def kill(self, row: int) -> None:
        """Take a cell out; it leaves debris, and a vessel segment its links."""
        living.die(row, self.cells.columns, self.layers, self.maps, self.biology.rules)

    def divide(self, row: int, key: np.uint64) -> int | None:
        """Let a cell divide now; the row of its daughter, None where there is no room. key : of its draws.

        TypeError for a cell of a type that does not divide.
        """
        act = self.processes[Act]
        assert isinstance(act, Act)
        return act.divide(self, row, key)

    def move(self, row: int, y: int, x: int) -> None:
        """Put a cell onto a free site of its layer; ValueError when it is taken or outside, or the cell is static."""
        kind = self.cells.type[row]
        if self.biology.rules.kinds["static"][kind]:
            raise ValueError(f"cells of the type {self.biology.types[kind]} do not move")
        layer = self.layer_of(self.biology.types[kind])
        self.claim(layer, y, x)
        layer[self.cells.y[row] + PAD, self.cells.x[row] + PAD] = EMPTY
        layer[y + PAD, x + PAD] = row
        self.cells.y[row], self.cells.x[row] = y, x

    def spawn(self, cell: str, y: int, x: int, **values: float) -> int:
        """A new cell of a type on a free site; returns its row. States and columns such as `clone` may be given.

        A cell of several sites fills a disk of its usual size around the site, which must be free.
        """
        layer = self.layer_of(cell)
        extent = self.catalogue.cells[cell].extent
        self.claim(layer, y, x)
        if extent is not None:
            usual = extent.at(self.setting.host)
            body = bodies.disk(self.biology.code(cell), y, x, usual, self.spacing, self.shape).map
            for ty, tx in np.argwhere(body).tolist():
                self.claim(layer, ty, tx)
        self.cells.make_room(1)
        row = self.cells.n
        place(self, row, cell, y, x, **values)
        self.cells.n += 1
        layer[y + PAD, x + PAD] = row
        if extent is not None:
            self.put_bodies(body)
        return row

    def put_bodies(self, found: np.ndarray) -> None:
        """Let cells fill the sites of a map of bodies, as `bodies` gives one; ValueError where it does not fit."""
        kinds = self.biology.rules.kinds["static"].astype(np.bool_)
        bodies.put(found, self.layers.tissue, self.cells.type, kinds, self.cells.extent)

    def shrink(self, row: int) -> None:
        """Let a cell of several sites give up all but its own."""
        uncover(row, self.cells.columns, self.layers)

    def claim(self, layer: np.ndarray, y: int, x: int) -> None:
        """ValueError unless a site of a layer is free."""
        if not (0 <= y < self.shape[0] and 0 <= x < self.shape[1]):
            raise ValueError(f"site ({y}, {x}) lies outside of the tissue of {self.shape[0]} × {self.shape[1]} sites")
        if layer[y + PAD, x + PAD] != EMPTY:
            raise ValueError(f"site ({y}, {x}) is taken")

    def state(self) -> dict[str, np.ndarray]:
        """All that changes, as copies; brings the rows into the order of sites."""
        self.cells.reorder(self.layers)
        arrays = {
            **self.cells.saved(),
            "bodies": self.bodies,
            "matrix": self.maps.matrix.copy(),
            "antigens": self.maps.antigens.copy(),
            "counters.names": np.array(list(self.counters), dtype=np.str_),
            "counters.values": np.array(list(self.counters.values()), dtype=np.float64),
        }
        arrays |= {f"fields.{name}": values for name, values in self.solver.state().items()}
        arrays |= {f"vessels.{name}": values for name, values in self.vessels.state().items()}
        arrays |= {f"clones.{name}": values for name, values in self.clones.state().items()}
        arrays |= {f"ledger.{name}": values for name, values in self.ledger.state().items()}
        return arrays

    def restore(self, state: dict[str, np.ndarray]) -> None:
        """Put back what `state` returned, into a tissue without cells."""

        def part(prefix: str) -> dict[str, np.ndarray]:
            return {key[len(prefix) + 1 :]: value for key, value in state.items() if key.startswith(f"{prefix}.")}

        self.cells.restore(state)
        n = self.cells.n
        place = self.biology.rules.kinds["layer"][self.cells.type[:n]]
        rows = np.arange(n, dtype=np.int32)
        for code, layer in enumerate(self.layers):
            mine = place == code
            layer[self.cells.y[:n][mine].astype(int) + PAD, self.cells.x[:n][mine].astype(int) + PAD] = rows[mine]
        self.put_bodies(state["bodies"])
        self.maps.matrix[...] = state["matrix"]
        self.maps.antigens[...] = state["antigens"]
        self.solver.restore(part("fields"))
        self.vessels.restore(part("vessels"))
        self.clones.restore(part("clones"))
        self.ledger.restore(part("ledger"))
        measure(self)
        names, values = state["counters.names"], state["counters.values"]
        self.counters = Counter({str(name): int(value) for name, value in zip(names, values, strict=True)})
