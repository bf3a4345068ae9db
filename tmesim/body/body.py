"""Body: a host with its drugs, blood, lymph node and sites, under the program of an arm."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Iterable

import numba
import numpy as np

from tmesim.body.blood import Blood
from tmesim.body.borne import borne_by
from tmesim.body.circulating import Circulating
from tmesim.body.digest import digest
from tmesim.body.flows import Flows
from tmesim.body.lymph_node import LymphNode
from tmesim.body.pharmacology import Pharmacology
from tmesim.body.seeding import arriving
from tmesim.body.site import Site
from tmesim.body.step import STEP
from tmesim.body.treat import Treat
from tmesim.catalogue import Catalogue
from tmesim.catalogue.compile import compile_biology
from tmesim.catalogue.reach import staying, trimmed
from tmesim.kernels.arrays import StepInputs
from tmesim.kernels.chance import PRIMARY
from tmesim.scenario import Scenario, Start, TissueBox
from tmesim.scenario.schedule import Schedule, schedule_of, step_at
from tmesim.tissue import Tissue
from tmesim.tissue.process import Clock, Passed, Process, Setting, Surroundings, nobody_left
from tmesim.tissue.processes.remodel import Remodel, has_vessels
from tmesim.tissue.processes.sense import Sense
from tmesim.tissue.start import populate
from tmesim.tissue.travel import Injected


class Body:
    """A body at an hour; `step()` goes through STEP once.

    scenario : with all its arms; arm : whose program is followed, by default the first
    seed : of all chance in it, by default the scenario's; replicate : a number to be told apart by
    threads : of numba, for one tissue; replicates are better spread over processes, so the default is 1
    types : names of the cell types that there can be, by default those that the scenario can reach by itself; who adds
        cells by hand asks for more, and who asks for all gets the whole catalogue. The history does not hang on it
    populate : False leaves its tissue empty, for a state that will be put back
    """

    def __init__(
        self,
        scenario: Scenario,
        seed: int | None = None,
        replicate: int = 0,
        *,
        arm: str | None = None,
        threads: int = 1,
        types: Iterable[str] | None = None,
        populate: bool = True,
    ) -> None:
        self.scenario = scenario
        self.arm = next(iter(scenario.arms)) if arm is None else arm
        self.start = scenario.start_of(self.arm)
        self.seed = scenario.seed if seed is None else int(seed)
        self.replicate = replicate
        self.host = scenario.species  # whose values its numbers have
        self.clock = Clock(scenario.time.step_h)
        self.counters: Counter[str] = Counter()
        self.seconds: dict[str, float] = dict.fromkeys((process.name for process in STEP), 0.0)
        self.therapies = tuple(dict.fromkeys(dose.use for each in scenario.arms.values() for dose in each.therapies))
        self._schedules: dict[str, Schedule] = {}
        self.types = scenario.reached if types is None else frozenset(types)
        # that the arm has now, of which `catalogue` is what can be there
        self._full = scenario.catalogue_at_start(self.arm)
        self.catalogue = self._within_reach(self._full)
        setting = self._setting(self.catalogue)
        self.pharmacology = Pharmacology(self.therapies, self.catalogue, self.host, self.clock.dt)
        self.node = LymphNode(self._full, self.host, self.clock.dt)
        self.blood = Blood(self._full, self.host, self.clock.dt)
        most = numba.config.NUMBA_NUM_THREADS  # type: ignore[attr-defined]
        local = tuple(process for process in STEP if process.scope == "tissue")
        self.tissue = Tissue(
            PRIMARY, scenario.tissue.shape, setting, self.clock, self.seed, local, max(1, min(threads, most)),
            Surroundings(self.start.walls, self.start.densities, self.start.lesion_radius_um, self.start.organ),
        )  # fmt: skip
        self.sites: dict[str, Site] = {}
        self.passed: dict[str, Passed] = {}
        self.borne: dict[str, float] = {}
        self.join(self.tissue)
        self.primary = self.start.has_primary  # whether the tissue holds a tumor that has not come by the blood
        self.organs = {place: self._beside(place, soil, local) for place, soil in self.start.organs.items()}
        for organ in self.organs.values():
            self.join(organ)
        self.circulating = Circulating()
        self._blood_flows()
        self.processes: dict[type[Process], Process] = {kind: kind() for kind in STEP if kind.scope == "body"}
        if populate:
            self._populate()

    def join(self, site: Site) -> None:
        """Take a site in, under its name: from now on the body's drugs and blood reach it, and it takes its steps."""
        inputs = self.inputs_of(site)
        supply = self.blood.supply(site.biology, self.node)
        self.sites[site.name] = site
        self.passed[site.name] = Passed(inputs, nobody_left(self.node.antigen.size), supply)

    def inputs_of(self, site: Site) -> StepInputs:
        """What the cells of a site go by in the present step: what drugs do there, and what its blood carries."""
        acting = self.pharmacology.acting(site.biology, site.organ)
        borne = {name: level for name, level in self.borne.items() if name in site.biology.fields}
        return site.inputs(*acting._replace(carried=acting.carried | borne))

    def bear(self) -> None:
        """Let the blood carry what the primary gives it as it is now."""
        self.borne = borne_by(self.tissue, self.start, self._full, self.host)

    @property
    def hour(self) -> float:
        """Simulated time, h."""
        return self.clock.hour

    @property
    def dt(self) -> float:
        """Length of a step, h."""
        return self.clock.dt

    @property
    def step_index(self) -> int:
        """Steps made since the start."""
        return self.clock.step

    @property
    def threads(self) -> int:
        """Of numba, for one tissue."""
        return self.tissue.threads

    def _within_reach(self, catalogue: Catalogue, types: frozenset[str] | None = None) -> Catalogue:
        """What of a catalogue can be: in the tissue, or where some types can be."""
        found = self.types if types is None else types
        if not self.start.organs:  # nobody goes anywhere
            catalogue = staying(catalogue)
        return catalogue if found >= catalogue.cells.keys() else trimmed(catalogue, found, self.therapies)

    def _setting(self, catalogue: Catalogue) -> Setting:
        clones = [clone.multipliers for clone in self.start.clones]
        biology = compile_biology(catalogue, self.host, self.therapies, clones)
        return Setting(catalogue, biology, self.host, self.clock.dt, self.scenario.tissue.spacing)

    def _beside(self, place: str, soil: Start, local: tuple[type[Process], ...]) -> Tissue:
        """The empty patch of an organ beside the tissue."""
        catalogue = self._within_reach(self.scenario.catalogue_at_start(self.arm, soil.organ), self._types_in(soil))
        return Tissue(
            place, self.scenario.tissue.of_organs.shape, self._setting(catalogue), self.clock, self.seed, local,
            self.tissue.threads, Surroundings(soil.walls, soil.densities, organ=soil.organ),
        )  # fmt: skip

    def _types_in(self, soil: Start) -> frozenset[str]:
        """The cell types that there can be in an organ beside the tissue."""
        if self.types >= self._full.cells.keys():
            return self.types
        return self.scenario.reached_in(soil, may_arrive=True)

    def _populate(self) -> None:
        """The tissues of hour 0."""
        numba.set_num_threads(self.tissue.threads)
        self._populate_one(self.tissue, self.start, self.start.organ, self.scenario.tissue)
        self.bear()
        for place, organ in self.organs.items():
            self._populate_one(organ, self.start.organs[place], place, self.scenario.tissue.of_organs)

    def _populate_one(self, tissue: Tissue, start: Start, place: str, box: TissueBox) -> None:
        """A tissue of hour 0, with vessels and fields in balance with its cells."""
        passed = self.passed[tissue.name]
        now = start.injection is not None and start.injection.at_h == 0
        expected = arriving(start, place, box, self._full, self.host) if now else 0.0
        populate(tissue, start, self.blood.receptors(self.node), expected)
        passed.inputs = self.inputs_of(tissue)
        sense, remodel = tissue.processes[Sense], tissue.processes[Remodel]
        assert isinstance(remodel, Remodel)
        for _ in range(3):  # what cells take up depends on what they sense, and the reverse
            sense.run(tissue, passed)
            if has_vessels(tissue.biology):
                remodel.perfuse(tissue)
                sense.run(tissue, passed)
            tissue.solver.solve(threads=tissue.threads)

    def injected_now(self) -> dict[str, Injected]:
        """Which sites cells of an injection come to in the present step, and how many; those of hour 0 are there."""
        found: dict[str, Injected] = {}
        boxes = [(PRIMARY, self.start.organ, self.start, self.scenario.tissue)]
        beside = self.scenario.tissue.of_organs
        boxes += [(place, place, soil, beside) for place, soil in self.start.organs.items()]
        for name, place, start, box in boxes:
            injection = start.injection
            if injection is None or self.clock.step == 0 or step_at(injection.at_h, self.clock.dt) != self.clock.step:
                continue
            found[name] = Injected(start, arriving(start, place, box, self._full, self.host))
        return found

    def treat(self, arm: str) -> None:
        """Follow the program of an arm from now on; what has been given stays given.

        ValueError for an arm that begins with another tissue.
        """
        if self.scenario.start_of(arm) != self.start:
            raise ValueError(f"the arm '{arm}' begins with another tissue than '{self.arm}': start a new one for it")
        self.arm = arm

    def step(self) -> None:
        """One step: all processes of STEP in order, those of tissues in each of them."""
        numba.set_num_threads(self.tissue.threads)
        for site in self.sites.values():
            site.open()
        for process in (Treat,) if self.at_rest else STEP:
            begun = time.perf_counter()
            self.run(process)
            self.seconds[process.name] += time.perf_counter() - begun
        self.clock.step += 1

    @property
    def at_rest(self) -> bool:
        """Whether the scenario lets a tissue stand still without tumor cells, and it has none any more; that of a body
        with other organs, from which some may come, never does."""
        injection = self.start.injection
        coming = bool(self.organs) or (injection is not None and 0 < injection.at_h >= self.clock.hour)
        if not self.scenario.time.rest_when_cleared or coming:
            return False
        cells = self.catalogue.cells
        tumor = [name for name, cell in cells.items() if cell.malignant or cell.emerges is not None]
        codes = [self.tissue.biology.code(name) for name in tumor if name in self.tissue.biology.types]
        return not np.isin(self.tissue.cells.type[: self.tissue.cells.n], codes).any()

    def run(self, process: type[Process]) -> None:
        """One process of the step, by itself: in the body, or in each site that takes part in it."""
        if process.scope == "body":
            self.processes[process].run(self, self.passed)
            return
        for name, site in self.sites.items():
            if process in site.processes:
                site.carry_out(process, self.passed[name])

    @property
    def schedule(self) -> Schedule:
        """What the program of the arm has due, and when."""
        if self.arm not in self._schedules:
            self._schedules[self.arm] = schedule_of(self.scenario.arm(self.arm), self.clock.dt)
        return self._schedules[self.arm]

    def change(self, step: int) -> None:
        """Bring the catalogue that the arm has in a step into force, if it is not yet."""
        changed = step >= self.schedule.changes_from
        of_arm = self.scenario.catalogue_for if changed else self.scenario.catalogue_at_start
        catalogue = of_arm(self.arm)
        if catalogue is self._full:
            return
        self.take_over(catalogue)
        for place, soil in self.start.organs.items():
            own = self._within_reach(of_arm(self.arm, soil.organ), self._types_in(soil))
            self.organs[place].tune(self._setting(own))

    def take_over(self, catalogue: Catalogue) -> None:
        """Bring a catalogue of the same shape into force in body and tissue: all numbers and rules from now on."""
        self._full = catalogue
        self.catalogue = catalogue = self._within_reach(catalogue)
        self.pharmacology.tune(catalogue)
        self.node.tune(self._full, self.host)
        self.blood.tune(self._full, self.host)
        self.tissue.tune(self._setting(catalogue))
        self._blood_flows()

    def _blood_flows(self) -> None:
        """Where the blood carries whom, if there is anywhere to go."""
        beside = self.scenario.tissue.of_organs
        self.flows = Flows.of(self.start, beside, self._full, self.host) if self.start.organs else None

    def sample(self) -> dict[str, float]:
        """What an assay of a sample of its blood finds; nothing where no organ is there that cells could go to."""
        if self.flows is None:
            return {}
        borne = {f"{name}_in_blood": level for name, level in self.borne.items()}
        return self.circulating.sample(self.flows) | borne

    def reactive(self) -> dict[str, np.ndarray]:
        """Tumor-reactive cells that the node has primed and the blood holds, by type, (clonotypes,), of the host."""
        return dict(zip(self.node.types, self.node.blood, strict=True))

    def drug(self, name: str) -> dict[str, float]:
        """Levels of a drug: plasma and home tissue in nM, occupancy 0 … 1; KeyError for one that no arm gives."""
        course, organ = self.pharmacology.courses[name], self.tissue.organ
        tissue, occupancy = course.tissue_in(organ), course.occupancy_in(organ)
        return {"plasma": course.plasma, "tissue": tissue, "occupancy": occupancy}

    # State: copies, checkpoints, identity

    def state(self) -> dict[str, np.ndarray]:
        """All that changes, as plain arrays; `from_state` brings it back to the same bits."""
        arrays = {
            "step": np.array(self.clock.step),
            "seed": np.array(self.seed, np.uint64),
            "replicate": np.array(self.replicate),
            "arm": np.array(self.arm),
            "counters.names": np.array(list(self.counters), dtype=np.str_),
            "counters.values": np.array(list(self.counters.values()), dtype=np.float64),
        }
        arrays |= {f"node.{name}": values for name, values in self.node.state().items()}
        arrays["blood.standing"] = self.blood.standing.copy()
        arrays |= {f"circulating.{name}": values for name, values in self.circulating.state().items()}
        arrays |= {f"drug.{name}": amounts for name, amounts in self.pharmacology.state().items()}
        for name, site in self.sites.items():
            arrays |= {f"{name}:{key}": values for key, values in site.state().items()}
        return arrays

    @classmethod
    def from_state(cls, scenario: Scenario, state: dict[str, np.ndarray], types: Iterable[str] | None = None) -> Body:
        """The body of which `state` was taken, under the same scenario and with the same `types`."""
        seed, replicate, arm = int(state["seed"]), int(state["replicate"]), str(state["arm"])
        body = cls(scenario, seed=seed, replicate=replicate, arm=arm, types=types, populate=False)

        def part(prefix: str) -> dict[str, np.ndarray]:
            return {key[len(prefix) :]: value for key, value in state.items() if key.startswith(prefix)}

        body.clock.step = int(state["step"])
        body.node.restore(part("node."))
        body.blood.standing = np.array(state["blood.standing"], dtype=float)
        body.circulating.restore(part("circulating."))
        body.pharmacology.restore(part("drug."))
        names, values = state["counters.names"], state["counters.values"]
        body.counters = Counter({str(name): int(value) for name, value in zip(names, values, strict=True)})
        for name, site in body.sites.items():
            site.restore(part(f"{name}:"))
        body.change(body.clock.step - 1)  # what its last step went by
        body.bear()
        for name, site in body.sites.items():
            body.passed[name].inputs = body.inputs_of(site)
            if Sense in site.processes:  # so that behaviors can be read before the next step, which senses again
                site.processes[Sense].run(site, body.passed[name])
        return body

    def copy(self) -> Body:
        """An independent body in the same state."""
        twin = Body.from_state(self.scenario, self.state(), self.types)
        twin.tissue.threads = self.tissue.threads
        return twin

    def hash(self) -> str:
        """SHA-256 of the state in canonical order: equal for equal states, however the rows lie, and whether or not
        there could be more than there is."""
        return digest(self.state(), {name: site.biology for name, site in self.sites.items()}, self._full)
