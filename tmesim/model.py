"""TumorModel: a tissue as a Mesa model."""

from __future__ import annotations

import copy
import math
from collections.abc import Iterable, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from tmesim import mesa_bridge
from tmesim.agents import Cell, cell_classes, classes_of
from tmesim.agents.cell import HANDLE
from tmesim.agents.roster import Roster
from tmesim.arguments import number, plain, whole
from tmesim.catalogue import load_catalogue
from tmesim.mesa_bridge import CellSet, DataCollector, MesaModel
from tmesim.observables import observables_of
from tmesim.reading import Document, Position, dotted, suggestion
from tmesim.recorder import Recorder
from tmesim.scenario import Scenario, arguments, load, replicate_seed
from tmesim.scenario.overlay import is_number, steps_of
from tmesim.scenario.sources import document_of
from tmesim.tissue import Tissue
from tmesim.wording import words

if TYPE_CHECKING:
    from tmesim.drawing.notebook import TissuePicture


class TumorModel(MesaModel):
    """A tissue under one arm of a scenario, to step by hand, to look at as Mesa agents, or to give to `mesa.batch_run`.

    scenario : name, path, the content of a scenario file as a mapping, or a Scenario
    arm : by name; the reference arm by default. LookupError names the choices
    seed (or rng, its newer name in Mesa), replicate : a run with this seed has the same history in this replicate; by
        default the scenario's seed, and replicate 0, or inside of `batch_run` the number of the iteration
    set : numbers of the catalogue and settings of the scenario by dotted path; a bare number is in the catalogue's unit
    agent_classes : classes written in Python, derived from `tmesim.agents.Cell`, each for the cells of its `cell_type`;
        `tmesim.run` takes the same
    observables : names of what `datacollector` takes down after each step; inside of `batch_run` the endpoints of the
        scenario by default, else nothing
    datacollector : one of your own, collected after each step
    overrides : as `set`, with two underscores for a dot: `cells__tumor__behaviors__division=0.02`, `days=3`

    The seed and the replicate that were used are `seed` and `replicate`; given again, they give the same history.
    InputError tells everything that is wrong with the scenario or the settings; TypeError and ValueError name the
    argument. Numbers may be of NumPy.
    Mesa's `random` and `rng` are seeded too, but nothing here draws from them. `scenario` is left to Mesa, which since
    3.5 has its own; the one that is run is `tissue.scenario`.
    """

    agent_classes: Sequence[type[Cell]] = ()
    tissue: Tissue
    seed: int
    replicate: int

    def __init__(
        self,
        scenario: str | Path | Mapping[str, Any] | Scenario = "minimal",
        arm: str | None = None,
        seed: int | None = None,
        *,
        replicate: int | None = None,
        set: Mapping[str, Any] | None = None,
        agent_classes: type[Cell] | Iterable[type[Cell]] | None = None,
        observables: str | Iterable[str] | None = None,
        datacollector: DataCollector | None = None,
        rng: int | None = None,
        **overrides: Any,
    ) -> None:
        chosen = cell_classes(self.agent_classes if agent_classes is None else agent_classes)
        if set is not None and not isinstance(set, Mapping):
            raise TypeError(f"set: expected values by dotted path such as {{'start.ecm': 0.3}}, got {set!r}")
        settings = dict(set or {}) | {name.replace("__", "."): value for name, value in overrides.items()}
        settings = {path: plain(value) for path, value in settings.items()}
        plan = with_settings(with_types(scenario, chosen), settings)
        iteration = mesa_bridge.batch_iteration()
        if replicate is None:
            replicate = iteration or 0 if seed is None and rng is None else 0
        replicate = whole(replicate, "replicate")
        if seed is None:
            seed = plan.seed if rng is None else rng
        seed = whole(seed, "seed")
        if observables is None and datacollector is None and iteration is not None:
            observables = plan.endpoints
        arm = plan.reference if arm is None else arm
        tissue = Tissue(plan, seed=replicate_seed(seed, replicate), replicate=replicate, arm=arm)
        self._begin(tissue, chosen, 0)
        self.seed, self.replicate = seed, replicate
        self._record(observables, datacollector)
        self._own = frozenset(self.__dict__)

    @classmethod
    def around(cls, tissue: Tissue, agent_classes: Iterable[type[Cell]] = ()) -> TumorModel:
        """A model of a tissue that has not taken a step yet, as a replicate of its scenario's own seed."""
        model = _blank(cls)
        del model.__dict__["_waiting"]
        model._begin(tissue, tuple(agent_classes), 0)
        model.seed, model.replicate = tissue.scenario.seed, tissue.replicate
        model._record(None, None)
        model._own = frozenset(model.__dict__)
        return model

    def _begin(self, tissue: Tissue, chosen: tuple[type[Cell], ...], steps: int) -> None:
        mesa_bridge.begin(self, tissue.seed, steps)
        self.tissue = tissue
        self._chosen = chosen
        self._roster = Roster(self, tissue, classes_of(tissue.scenario.catalogue, chosen))
        self._all = CellSet(self)

    def _record(self, names: str | Iterable[str] | None, datacollector: DataCollector | None) -> None:
        """What is taken down after each step."""
        wanted = (names,) if isinstance(names, str) else tuple(names or ())
        if wanted and datacollector is not None:
            raise TypeError("give either observables or a datacollector")
        table = observables_of(self.tissue.scenario.catalogue, self.tissue.therapies)
        for name in wanted:
            if name not in table:
                raise ValueError(f"there is no observable '{name}'.{suggestion(name, table)}")
        self._recorder = Recorder({name: table[name] for name in dict.fromkeys(wanted)}, self.tissue.dt, ())
        self._wanted = wanted
        self._collects = bool(wanted) or datacollector is not None
        if wanted:
            self._recorder.remember(self.tissue)
            reporters = {name: partial(reading, name) for name in ("hour", *wanted)}
            datacollector = DataCollector(model_reporters=reporters)
        self.datacollector = datacollector or DataCollector()

    # Time

    @property
    def hour(self) -> float:
        """Simulated time, h."""
        return self.tissue.hour

    @property
    def day(self) -> float:
        """Simulated time, days."""
        return self.tissue.hour / 24.0

    def step(self) -> None:
        """One step of the tissue, then of the agents written in Python; `running` ends with the scenario's days."""
        self._roster.watch()
        self.tissue.step()
        self._roster.keep_up()
        self._roster.step_agents()
        if self._wanted:
            self._recorder.remember(self.tissue)
        if self._collects:
            self.datacollector.collect(self)
        if self.hour >= self.tissue.scenario.time.days * 24.0 - 1e-9:
            self.running = False

    def run(self, days: float | None = None) -> TumorModel:
        """Go on for some days, or to the end of the scenario; returns the model.

        days : at least 0, in whole steps; without it, up to the end, also when that is passed already
        """
        if days is not None:
            days = number(days, "days", least=0.0)
            if math.isinf(days):
                raise ValueError("days: expected a finite number of days, got inf")
        end = self.tissue.scenario.time.days * 24.0 if days is None else self.hour + days * 24.0
        while self.hour < end - 1e-9:
            self.step()
        return self

    @property
    def arm(self) -> str:
        """The arm whose program is followed."""
        return self.tissue.arm

    def treat(self, arm: str) -> None:
        """Follow the program of another arm from now on."""
        self.tissue.treat(arm)

    # Looking

    def plot(self, field: str | None = None, *, cells: bool | None = None, pixels: int = 420) -> TissuePicture:
        """The tissue as it is now: cells over oxygen, or a field in its own colors.

        field, cells, pixels : as in `Result.plot.tissue`
        A picture that is shown already takes a later state with `refresh(model)`, faster than a new one is drawn.
        """
        from tmesim.drawing.notebook import TissuePicture, view_of

        title = words(self.tissue.scenario.name)
        return TissuePicture([[view_of(self.tissue)]], self.tissue.catalogue, title, field, cells, pixels)

    def _repr_html_(self) -> str:
        from tmesim.drawing.cards import model_card

        return model_card(self.tissue)

    # Agents

    @property
    def agents(self) -> CellSet:
        """All living cells, as they are when asked."""
        return self._all

    @property
    def agent_types(self) -> list[type[Cell]]:
        """The class of each cell type."""
        return list(dict.fromkeys(self._roster.classes))

    @property
    def agents_by_type(self) -> ByType:
        """The living cells of each class; a base class is found too."""
        return ByType(self)

    def cell(self, unique_id: int) -> Cell:
        """The handle of a living cell by its id; LookupError if there is none."""
        identity = whole(unique_id, "unique_id", least=-(2**63))
        row = int(self._roster.locate(np.array([identity], np.uint64))[0]) if 0 <= identity < 2**64 else -1
        if row < 0:
            raise LookupError(f"no living cell has the id {identity}")
        return self._roster.handle_at(row)

    def register_agent(self, agent: Any) -> None:
        """Cells register by being made; a model of a tissue has no other agents."""
        if not isinstance(agent, Cell):
            mesa_bridge.release(self)
            raise TypeError(f"agents of a TumorModel are cells: derive {type(agent).__name__} from tmesim.agents.Cell")

    def deregister_agent(self, agent: Any) -> None:
        """Mesa's way of taking an agent out: the cell dies."""
        agent.remove()

    def remove_all_agents(self) -> None:
        """Kill all cells."""
        self.agents.do("remove")

    def close(self) -> None:
        """End the run, and let go of the handles and of what Mesa keeps of the model."""
        self.running = False
        self._roster.handles.clear()
        mesa_bridge.release(self)

    # Copies and pickles: the scenario, the arrays, and what people have added in Python

    def __getstate__(self) -> dict[str, Any]:
        roster = self._roster
        roster.refresh()
        notes = {
            identity: {name: value for name, value in cell.__dict__.items() if name not in HANDLE}
            for identity, cell in roster.handles.items()
        }
        return {
            "scenario": self.tissue.scenario,
            "tissue": self.tissue.state(),
            "seed": self.seed,
            "replicate": self.replicate,
            "agent_classes": self._chosen,
            "steps": self.steps,
            "running": self.running,
            "random": self.random.getstate(),
            "rng": self.rng.bit_generator.state,
            "memory": {name: dict(kept) for name, kept in roster.memory.items()},
            "notes": {identity: note for identity, note in notes.items() if note},
            "observables": tuple(self._wanted),
            "rows": list(self._recorder.rows),
            "past": list(self._recorder.past),
            "collects": self._collects,
            "datacollector": self.datacollector,
            "attributes": {name: value for name, value in self.__dict__.items() if name not in self._own},
        }

    def __setstate__(self, state: dict[str, Any]) -> None:
        waiting = self.__dict__.pop("_waiting", {})
        tissue = Tissue.from_state(state["scenario"], state["tissue"])
        self._begin(tissue, state["agent_classes"], state["steps"])
        self.seed, self.replicate = state["seed"], state["replicate"]
        self._record(state["observables"], None)
        self._recorder.rows, self._recorder.past = state["rows"], state["past"]
        self._collects = state["collects"]
        self.datacollector = state["datacollector"]
        self._own = frozenset(self.__dict__)
        self.running = state["running"]
        self.random.setstate(state["random"])
        self.rng.bit_generator.state = state["rng"]
        for name, kept in state["memory"].items():
            self._roster.memory[name] |= kept
        for identity, cell in waiting.items():
            row = int(self._roster.locate(np.array([identity], np.uint64))[0])
            if row < 0:
                self._roster.bury(cell, identity)
                continue
            self._roster.adopt(cell, identity, row)
            self._roster.handle_at(row)
        for identity, note in state["notes"].items():
            self.cell(identity).__dict__.update(note)
        self.__dict__.update(state["attributes"])

    def __reduce__(self) -> tuple[Any, ...]:
        return _blank, (type(self),), self.__getstate__()

    def __deepcopy__(self, memo: dict[int, Any]) -> TumorModel:
        twin = memo[id(self)] = _blank(type(self))
        scenario = self.tissue.scenario
        memo[id(scenario)] = scenario  # frozen, so it can be shared
        twin.__setstate__(copy.deepcopy(self.__getstate__(), memo))
        return twin


class ByType(dict[type[Cell], CellSet]):
    """Cells by class. All classes of the model are in it, also those without a living cell."""

    def __init__(self, model: TumorModel) -> None:
        roster = model._roster
        super().__init__({cls: CellSet(model, roster.codes_of(cls)) for cls in roster.classes})
        self._model = model

    def __missing__(self, cls: type[Cell]) -> CellSet:
        codes = self._model._roster.codes_of(cls) if isinstance(cls, type) else frozenset()
        if not codes:
            raise KeyError(f"{cls!r} is no class of this model. Known: {', '.join(c.__name__ for c in self)}")
        return CellSet(self._model, codes)


def reading(name: str, model: TumorModel) -> float:
    """An observable of a model now; all that are asked for are read together."""
    rows = model._recorder.rows
    if not rows or rows[-1]["hour"] != model.hour:
        model._recorder.take(model.tissue, model.tissue.dt, last=True)
    return rows[-1][name]


def with_settings(scenario: Scenario, settings: Mapping[str, Any]) -> Scenario:
    """A scenario with numbers of the catalogue and settings changed by dotted path, and checked again."""
    if not settings:
        return scenario
    changed = arguments.settings("set", settings) or {}
    days = changed.pop("days", None)
    for path, value in changed.items():
        if is_number(path) and isinstance(value, int | float) and not isinstance(value, bool):
            try:
                unit = scenario.catalogue.number(dotted(steps_of(path))).unit_at(scenario.host)
            except LookupError:
                continue  # with_options says what is wrong
            changed[path] = value if unit == "1" else f"{value!r} {unit}"
    return scenario.with_options(days=days, set=changed)


def with_types(source: str | Path | Mapping[str, Any] | Scenario, classes: Iterable[type[Cell]]) -> Scenario:
    """The scenario of a source with the cell types of classes that it does not know yet.

    They are added before anything is checked, so its densities, arms and endpoints may speak of them.
    """
    named = {cls.cell_type: cls for cls in classes}
    if isinstance(source, Scenario):
        new = {name: cls for name, cls in named.items() if name not in source.catalogue.cells}
        if not new:
            return source
        document = Document(source.content(), source.name, {(): Position(f"scenario {source.name}")})
    else:
        document = document_of(source)
        added = document.data.get("add")
        cells = added.get("cells") if isinstance(added, dict) else None
        known = {*load_catalogue().cells, *(cells if isinstance(cells, dict) else ())}
        new = {name: cls for name, cls in named.items() if name not in known}
    for name, cls in new.items():
        if cls.layer is None:
            packaged = ", ".join(load_catalogue().cells)
            raise ValueError(
                f"{cls.__name__}.cell_type: there is no cell type {name!r} (known: {packaged}); a new one needs "
                "layer = 'tissue' or 'leukocyte'"
            )
    if new:
        added = document.data.setdefault("add", {})
        cells = added.setdefault("cells", {}) if isinstance(added, dict) else None
        if isinstance(cells, dict):  # else the check says what is wrong
            cells |= {name: entry_of(cls) for name, cls in new.items()}
    return load(document)


def entry_of(cls: type[Cell]) -> dict[str, Any]:
    """What a class says of its cell type, as an entry of a catalogue."""
    return {
        "label": cls.label or cls.cell_type.replace("_", " "),
        "agent": cls.__name__,
        "layer": cls.layer,
        "color": cls.color,
        "states": list(cls.states),
        "behaviors": {name: plain(value) for name, value in cls.behaviors.items()},
        "events": [dict(event) for event in cls.events],
    }


def _blank(cls: type[TumorModel]) -> TumorModel:
    """A model out of a pickle before its state is there; handles that come first wait in it."""
    model = cls.__new__(cls)
    model.__dict__["_waiting"] = {}
    return model
