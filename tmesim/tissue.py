"""Tissue: the cells, lattice, fields, vessels and drugs of one patch, and the phases of its step."""

from __future__ import annotations

import time
from collections import Counter
from typing import TYPE_CHECKING

import numba
import numpy as np

from tmesim import start, therapy, tissue_state
from tmesim.cells import Cells
from tmesim.fields import Fields, FieldSpec
from tmesim.kernels import act, entry, events, leukocytes, matrix, migrate, respond, sense
from tmesim.kernels.arrays import DEAD, EMPTY, LEAVE, LEUKOCYTE, PAD, SITE_UM, STAMPS, WALL, Ground, Hour, Layers
from tmesim.kernels.chance import key_of
from tmesim.kernels.lattice import rings
from tmesim.node import LymphNode
from tmesim.rules import MATRIX, Biology, compile_biology, drug_field
from tmesim.scenario.schedule import Schedule, schedule_of
from tmesim.vessels import Vessels

if TYPE_CHECKING:
    from tmesim.catalogue.models import Field
    from tmesim.scenario import Scenario

PHASES = (
    "medicate",  # doses, levels and occupancy of drugs
    "reorder",  # cells into the order of their sites, now and then
    "sense",  # rules: what each cell perceives becomes what it does
    "respond",  # inner states move; the event of each cell is drawn
    "act",  # division, death, change of type, leaving
    "migrate",  # tissue cells
    "patrol",  # leukocytes: hop, meet, dwell, hit, in substeps
    "prime",  # lymph node and blood
    "admit",  # leukocytes from perfused vessels
    "remodel",  # vessels
    "turn_over",  # matrix and debris
    "diffuse",  # fields
)
REORDER_EVERY = 16  # steps
TALLIES = ("hops", "synapses", "hits", "kills")
COUNTED = ("waited", "births", "deaths", "changes", "leaves")  # by WAIT … LEAVE


class Tissue:
    """A patch of breast at an hour. `step()` goes through PHASES once.

    threads : of numba, for one tissue; replicates are better spread over processes, so the default is 1.
    """

    def __init__(
        self,
        scenario: Scenario,
        seed: int | None = None,
        replicate: int = 0,
        *,
        arm: str | None = None,
        threads: int = 1,
        populate: bool = True,
    ) -> None:
        self.scenario = scenario
        self.arm = next(iter(scenario.arms)) if arm is None else arm
        self.start = scenario.start_of(self.arm)
        self.seed = scenario.seed if seed is None else int(seed)
        self.replicate = replicate
        most = numba.config.NUMBA_NUM_THREADS  # type: ignore[attr-defined]
        self.threads = max(1, min(threads, most))
        self.dt = scenario.time.step_h
        self.host = scenario.host
        self.spacing: float = scenario.tissue.spacing
        self.shape = scenario.tissue.shape
        self.step_index = 0
        self.counters: Counter[str] = Counter()
        self.seconds: dict[str, float] = dict.fromkeys(PHASES, 0.0)
        self.therapies = tuple(dict.fromkeys(dose.use for arm in scenario.arms.values() for dose in arm.therapies))
        self.catalogue = scenario.catalogue
        self.biology: Biology = compile_biology(self.catalogue, self.host, self.therapies, self.start.clones)
        self._schedules: dict[str, Schedule] = {}
        self.courses = {
            name: therapy.Course(name, scenario.catalogue.therapies[name], self.host, self.dt)
            for name in self.therapies
        }
        self._lay_ground()
        self.node = LymphNode(self.catalogue.processes["priming"], self.host, self.dt)
        self._tune()
        if populate:
            start.populate(self)
            self._settle()

    @property
    def hour(self) -> float:
        """Simulated time, h."""
        return self.step_index * self.dt

    def _lay_ground(self) -> None:
        """Empty lattice, fields at their start values, maps."""
        ny, nx = self.shape
        biology = self.biology
        layers = [np.full((ny + 2 * PAD, nx + 2 * PAD), WALL, np.int32) for _ in range(3)]
        for layer in layers:
            layer[PAD:-PAD, PAD:-PAD] = EMPTY
        self.layers = Layers(*layers)
        self.cells = Cells(len(biology.states), biology.widest)
        specs = self._field_specs()
        self.solver = Fields([spec.name for spec in specs], self.shape, self.spacing, specs)
        self.fields = {name: self.solver.values[f] for f, name in enumerate(self.solver.names)}
        self.vessels = Vessels(self.shape, self.catalogue.processes["vessels"], self.host, self.spacing)
        self.ground = Ground(
            self.solver.values, self.solver.loss, self.solver.source, self.solver.vmax,
            np.zeros((len(MATRIX), ny, nx), np.float32), np.zeros(self.shape, np.uint32), self.vessels.perfusion,
            self.vessels.length,
        )  # fmt: skip
        self.matrix = {name: self.ground.matrix[i] for i, name in enumerate(MATRIX)}

    def _field_entries(self) -> dict[str, Field]:
        """The fields of the catalogue in force and of its drugs that have one."""
        drugs = {drug_field(t): field for t in self.therapies if (field := self.catalogue.therapies[t].field)}
        return dict(self.catalogue.fields) | drugs

    def _field_specs(self) -> list[FieldSpec]:
        return [field_spec(name, entry_, self.host) for name, entry_ in self._field_entries().items()]

    def _tune(self) -> None:
        """Take over all numbers of the catalogue in force that are not rules."""
        host, processes = self.host, self.catalogue.processes
        lines = processes["leukocytes"]
        self.substeps = max(round(self.dt * 60.0 / lines["substep"].at(host)), 1)
        self.gradient_half = lines["gradient_half"].at(host) * self.spacing / SITE_UM  # the rise over a site
        self._dilution = np.float32((SITE_UM / self.spacing) ** 2)
        fading = np.log(2.0) / lines["damage_half_life"].at(host)
        self._patrol_rates = (
            lines["squeeze"].at(host), lines["ecm_exclusion"].at(host), self.gradient_half,
            lines["hits_needed"].at(host), float(fading),
        )  # fmt: skip
        self.push_reach = int(processes["division"]["push_reach"].at(host))
        self._rings = rings(max(self.push_reach, act.NEAR))
        self.migrations = max(int(np.ceil(self._fastest("tissue") * 60.0 * self.dt / self.spacing)), 1)
        hops = int(self._fastest("leukocyte") * 60.0 * self.dt / self.substeps / self.spacing) + 1
        self.burst = max(leukocytes.MOST_HOPS // hops, 1)
        if self.migrations + self.substeps > STAMPS:
            raise ValueError(f"{self.migrations + self.substeps} sweeps in a step of {self.dt} h: at most {STAMPS}")
        decays = [self.catalogue.matrix[name].decay for name in MATRIX]
        self._matrix_decay = tuple(d.at(host) if d is not None else 0.0 for d in decays)
        entries = self._field_entries().values()
        self._decay = np.array([e.decay.at(host) for e in entries], np.float32)
        levels = [e.vessel.level.at(host) if e.vessel is not None else 0.0 for e in entries]
        self._blood = np.array(levels, np.float32)
        self.solver.tune(self._field_specs())
        self.vessels.tune(processes["vessels"], host)
        self.node.tune(processes["priming"], host)
        for name, course in self.courses.items():
            course.tune(self.catalogue.therapies[name])
        biology = self.biology
        admitted = [(s, b.split(".", 1)[1]) for s, b in enumerate(self._of("endothelial")) if b.startswith("admit.")]
        admitted = [(s, cell) for s, cell in admitted if cell in biology.types]
        self.admitted = [cell for _, cell in admitted]
        self._admit_slots = np.array([s for s, _ in admitted], np.int64)
        self._admit_kinds = np.array([biology.code(c) for c in self.admitted], np.int64)
        self._clonal = biology.book.kinds["specific"][:-1].astype(np.uint8)

    def _of(self, cell: str) -> list[str]:
        return [behavior for c, behavior in self.biology.behaviors if c == cell]

    def _fastest(self, layer: str) -> float:
        """The highest speed that the rules allow to a cell of a layer, µm/min."""
        book, fastest = self.biology.book, 0.0
        for cell in self.biology.types:
            if self.catalogue.cells[cell].layer == layer and (cell, "speed") in self.biology.slots:
                b = self.biology.index(cell, "speed")
                groups = book.groups[book.group_first[b] : book.group_first[b + 1]]
                top = np.maximum.reduce([groups["base"], groups["highest"], groups["lowest"]])
                factor = float(self.biology.clone_factor[:, b].max() * self.biology.constant[b])
                fastest = max(fastest, float(np.prod(top)) * factor)
        return fastest

    def _settle(self) -> None:
        """Let vessels and fields come to balance with the cells of the start."""
        numba.set_num_threads(self.threads)
        self._hour = self._make_hour()
        for _ in range(3):  # what cells take up depends on what they sense, and the reverse
            self._sense()
            if "endothelial" in self.biology.types:
                self.vessels.perfuse(self)
                self._sense()
            self.solver.solve(threads=self.threads)

    # What a run asks of a tissue

    def treat(self, arm: str) -> None:
        """Follow the program of an arm from now on; what has been given stays given.

        ValueError for an arm that begins with another tissue.
        """
        if self.scenario.start_of(arm) != self.start:
            raise ValueError(f"the arm '{arm}' begins with another tissue than '{self.arm}': start a new one for it")
        self.arm = arm

    def step(self) -> None:
        """One step of dt: all PHASES in order."""
        numba.set_num_threads(self.threads)
        for phase in PHASES:
            begun = time.perf_counter()
            getattr(self, f"_{phase}")()
            self.seconds[phase] += time.perf_counter() - begun
        self.step_index += 1

    def drug(self, name: str) -> dict[str, float]:
        """Levels of a drug: plasma and tissue in nM, occupancy 0 … 1."""
        course = self.courses[name]
        return {"plasma": course.plasma, "tissue": course.tissue, "occupancy": course.occupancy}

    @property
    def blood(self) -> dict[str, float]:
        """Levels of leukocytes in the blood, 1 being healthy blood."""
        reference = self.catalogue.processes["blood"]
        levels = {cell: reference[cell].at(self.host) if cell in set(reference) else 0.0 for cell in self.admitted}
        primed = float(self.node.levels.sum())
        if "ctl" in levels:
            levels["ctl"] += primed
        if "th1" in levels:
            levels["th1"] += primed * self.catalogue.processes["priming"]["helpers_per_effector"].at(self.host)
        return levels

    def receptor_shares(self) -> np.ndarray:
        """Share of each tumor-reactive clone among the CTL that enter; the rest are bystanders."""
        resting = self.catalogue.processes["blood"]["ctl"].at(self.host)
        reactive = self.catalogue.processes["priming"]["reactive_fraction"].at(self.host)
        levels = self.node.levels + reactive * resting / self.node.naive.size
        all_of_them = resting * (1.0 - reactive) + levels.sum()
        return levels / all_of_them if all_of_them > 0 else levels

    # The phases

    def _medicate(self) -> None:
        schedule = self._schedule
        for dose in schedule.doses.get(self.step_index, ()):
            self.courses[dose.use].give(dose.dose, dose.unit)
        self._change(self.step_index)
        for course in self.courses.values():
            course.advance()
        self._hour = self._make_hour()

    @property
    def _schedule(self) -> Schedule:
        if self.arm not in self._schedules:
            self._schedules[self.arm] = schedule_of(self.scenario.arm(self.arm), self.dt)
        return self._schedules[self.arm]

    def _change(self, step: int) -> None:
        """Bring the catalogue that the arm has in a step into force, if it is not yet."""
        changed = step >= self._schedule.changes_from
        catalogue = self.scenario.catalogue_for(self.arm) if changed else self.scenario.catalogue
        if catalogue is not self.catalogue:
            self.catalogue = catalogue
            self.biology = compile_biology(catalogue, self.host, self.therapies, self.start.clones)
            self._tune()

    def _make_hour(self) -> Hour:
        signal, behavior = therapy.factors(self.courses.values(), self.biology)
        blood = self._blood.copy()
        for name, course in self.courses.items():
            if course.delivered:
                blood[self.solver.index(drug_field(name))] = course.blood / therapy.NM_PER_PM
        drug = np.array([c.effect for c in self.courses.values()] or [0.0], np.float32)
        factor = self.biology.clone_factor * (self.biology.constant * behavior)
        return Hour(self._decay, blood, drug, signal, factor, self._dilution)

    def _reorder(self) -> None:
        if self.step_index % REORDER_EVERY == 0:
            self.cells.reorder(self.layers)

    def _sense(self) -> None:
        sense.sense(self.hour, self.cells.columns, self.layers, self.ground, self.biology.book, self._hour)

    def _respond(self) -> None:
        key = key_of(self.seed, "event")
        respond.respond(self.cells.n, self.dt, key, self.step_index, self.cells.columns, self.biology.book)

    def _act(self) -> None:
        cells, types = self.cells, self.biology.types
        found = events.find_events(cells.n, cells.event)
        cells.make_room(2 * found.size)
        offsets, first = self._rings
        cells.n, rows, deeds = act.act(
            found, cells.n, self.hour, self.dt, self.step_index, key_of(self.seed, "act tiles"),
            key_of(self.seed, "push"), self.push_reach, offsets, first,
            cells.columns, self.layers, self.ground, self.biology.book,
        )  # fmt: skip
        counts = np.bincount(deeds, minlength=act.DEEDS * len(types)).reshape(-1, act.DEEDS)
        for code, did in np.argwhere(counts).tolist():
            number = int(counts[code, did])
            self.counters[f"{COUNTED[did]}.{types[code]}"] += number
            self.counters[COUNTED[did]] += number
        # cells that leave with antigens are on their way to the node
        loads = self.biology.book.kinds["antigen_load"][:-1] > 0
        self._arrived = int(counts[loads, LEAVE].sum())
        self._antigens = int(np.bitwise_or.reduce(cells.antigens[rows[deeds % act.DEEDS == LEAVE]]))

    def _migrate(self) -> None:
        chance = 60.0 * self.dt / (self.spacing * self.migrations)
        for sweep in range(self.migrations):
            migrate.migrate(
                self.step_index * self.migrations + sweep, chance, self.gradient_half,
                key_of(self.seed, "migrate tiles"), key_of(self.seed, "migrate"),
                np.uint32(self.step_index * STAMPS + sweep),
                self.cells.columns, self.layers, self.ground, self.biology.book,
            )  # fmt: skip

    def _patrol(self) -> None:
        if self.layers[LEUKOCYTE].max() < 0:  # nobody there
            return
        total = np.zeros(len(TALLIES), np.int64)
        tiles, key = key_of(self.seed, "patrol tiles"), key_of(self.seed, "patrol")
        for sub in range(0, self.substeps, self.burst):
            burst = min(self.burst, self.substeps - sub)
            stamp = np.uint32(self.step_index * STAMPS + self.migrations + sub)
            tallies = leukocytes.patrol(
                self.hour, self.step_index, self.substeps, sub, burst, self.dt, self.spacing, self._patrol_rates,
                tiles, key, stamp, self.cells.columns, self.layers, self.ground, self.biology.book, self._hour,
            )  # fmt: skip
            total += tallies.sum(axis=0)
        self.counters.update(dict(zip(TALLIES, (int(n) for n in total), strict=True)))

    def _prime(self) -> None:
        self.node.advance(self._arrived, self._antigens)
        self.counters["primed"] += self._arrived

    def _admit(self) -> None:
        if not self.admitted:
            return
        blood = self.blood
        levels = np.array([blood[cell] for cell in self.admitted])
        key, cells = key_of(self.seed, "entry"), self.cells
        common = (self.dt, self.step_index, key, self._admit_slots)
        flow = self.vessels.perfusion, self.vessels.length
        cells.make_room(entry.count_entries(*common, levels, cells.columns, self.layers, *flow))
        offsets, first = self._rings
        cells.n, entered = entry.enter(
            cells.n, self.hour, *common, self._admit_kinds, levels, self._clonal, self.receptor_shares(),
            self.biology.starts, offsets, first, cells.columns, self.layers, *flow,
        )  # fmt: skip
        for cell, number in zip(self.admitted, entered, strict=True):
            self.counters[f"recruited.{cell}"] += int(number)

    def _remodel(self) -> None:
        if "endothelial" not in self.biology.types:
            return
        sprouts, joins, regressions = self.vessels.remodel(self)
        self.vessels.perfuse(self)
        self.counters.update({"sprouts": int(sprouts), "joins": int(joins), "regressions": int(regressions)})

    def _turn_over(self) -> None:
        decay, clearance = self._matrix_decay
        matrix.turn_over(self.dt, decay, clearance, self.cells.columns, self.layers, self.ground, self.biology.book)

    def _diffuse(self) -> None:
        self.reports = self.solver.solve(self.dt, threads=self.threads)

    # State: copies, checkpoints, identity

    def state(self) -> dict[str, np.ndarray]:
        """All that changes, as plain arrays; `from_state` brings it back to the same bits."""
        return tissue_state.taken(self)

    @classmethod
    def from_state(cls, scenario: Scenario, state: dict[str, np.ndarray]) -> Tissue:
        """The tissue of which `state` was taken, under the same scenario."""
        seed, replicate, arm = int(state["seed"]), int(state["replicate"]), str(state["arm"])
        tissue = cls(scenario, seed=seed, replicate=replicate, arm=arm, populate=False)
        tissue_state.put_back(tissue, state)
        tissue._change(tissue.step_index - 1)  # what its last step went by
        tissue._tune()
        tissue._hour = tissue._make_hour()
        tissue._sense()  # so that behaviors can be read before the next step, which senses again
        # sensing also captures antigens, which is for the next step to do
        tissue.cells.columns.core["antigens"][: tissue.cells.n] = state["cells.core"]["antigens"]
        return tissue

    def copy(self) -> Tissue:
        """An independent tissue in the same state."""
        twin = Tissue.from_state(self.scenario, self.state())
        twin.threads = self.threads
        return twin

    def hash(self) -> str:
        """SHA-256 of the state in canonical order: equal for equal states, however the rows lie."""
        return tissue_state.digest(self.state())

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
        return self.layers[int(self.biology.book.kinds["layer"][self.biology.code(cell)])]

    def kill(self, row: int) -> None:
        """Take a cell out; it leaves debris, and a vessel segment its links."""
        y, x = int(self.cells.y[row]), int(self.cells.x[row])
        if self.layers.vessel[y + PAD, x + PAD] == row:
            self.vessels.clear(y, x)
        act.die(row, self.cells.columns, self.layers, self.ground)

    def move(self, row: int, y: int, x: int) -> None:
        """Put a cell onto a free site of its layer; ValueError when it is taken or outside."""
        layer = self.layer_of(self.biology.types[self.cells.type[row]])
        self._claim(layer, y, x)
        layer[self.cells.y[row] + PAD, self.cells.x[row] + PAD] = EMPTY
        layer[y + PAD, x + PAD] = row
        self.cells.y[row], self.cells.x[row] = y, x

    def spawn(self, cell: str, y: int, x: int, **columns: float) -> int:
        """A new cell of a type on a free site; returns its row. Columns such as `clone` may be given."""
        layer = self.layer_of(cell)
        self._claim(layer, y, x)
        self.cells.make_room(1)
        row = self.cells.n
        start.place(self, row, cell, y, x, **columns)
        self.cells.n += 1
        layer[y + PAD, x + PAD] = row
        return row

    def _claim(self, layer: np.ndarray, y: int, x: int) -> None:
        if not (0 <= y < self.shape[0] and 0 <= x < self.shape[1]):
            raise ValueError(f"site ({y}, {x}) lies outside of the tissue of {self.shape[0]} × {self.shape[1]} sites")
        if layer[y + PAD, x + PAD] != EMPTY:
            raise ValueError(f"site ({y}, {x}) is taken")


def field_spec(name: str, entry_: Field, host: str) -> FieldSpec:
    """The solver's view of a field of the catalogue."""
    edge = entry_.edge
    return FieldSpec(
        name=name,
        diffusion=entry_.diffusion.at(host),
        decay=entry_.decay.at(host),
        edge=edge.kind,
        level=edge.level.at(host) if edge.level is not None else 0.0,
        exchange=edge.exchange.at(host) if edge.exchange is not None else 0.0,
        half_max=entry_.half_max.at(host) if entry_.half_max is not None else None,
        start=entry_.start.at(host) if entry_.start is not None else 0.0,
    )
