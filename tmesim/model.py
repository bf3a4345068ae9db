"""TumorModel: a tissue as a Mesa model."""

from __future__ import annotations

import copy
import math
from collections.abc import Iterable, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from tmesim.agents import Cell, cell_classes, classes_of, mesa
from tmesim.agents.adding import with_types
from tmesim.agents.cellset import CellSet
from tmesim.agents.handle import HELD
from tmesim.agents.mesa import DataCollector, MesaModel
from tmesim.agents.roster import Roster
from tmesim.arguments import number, plain, whole
from tmesim.arguments import settings as paths_and_values
from tmesim.body import Body
from tmesim.observables import observables_of
from tmesim.reading import dotted, suggestion
from tmesim.recorder import Recorder
from tmesim.scenario import Scenario, replicate_seed
from tmesim.scenario.migration import current_paths
from tmesim.scenario.overrides import is_number, steps_of
from tmesim.tissue import Tissue
from tmesim.wording import words

if TYPE_CHECKING:
    from tmesim.drawing.notebook import TissuePicture


class TumorModel(MesaModel):
    """A tissue under one arm of a scenario, to step by hand, to look at as Mesa agents, or to give to `mesa.batch_run`.

    scenario : name, path, the content of a scenario file as a mapping, or a Scenario; by default `minimal`
    arm : name of an arm; by default the reference arm. LookupError names the choices
    seed : whole number from 0 on; by default the scenario's. A run with this seed has the same history
    rng : the newer name of `seed` in Mesa
    replicate : number of the replicate, from 0 on; by default 0, or inside of `batch_run` the number of the iteration
    set : numbers of the catalogue and settings of the scenario by dotted path; a bare number is in the catalogue's unit
    agent_classes : a class written in Python or several, derived from `tmesim.agents.Cell`, each for the cells of its
        `cell_type`; `tmesim.run` takes the same. By default those of the class attribute, which are none
    observables : names of what `datacollector` records after each step, beside the hour; inside of `batch_run` the
        endpoints of the scenario by default, else nothing
    datacollector : a Mesa DataCollector of your own, collected after each step; not together with `observables`
    overrides : as `set`, with two underscores for a dot: `cells__tumor__behaviors__division=0.02` (1/h), `days=3`

    The seed and the replicate that were used are `seed` and `replicate`; given again, they give the same history.
    InputError tells everything that is wrong with the scenario or the settings; TypeError and ValueError name the
    argument. Numbers may be of NumPy.
    Mesa's `random` and `rng` are seeded too, but nothing here draws from them. `scenario` is left to Mesa, which since
    3.5 has its own; the one that is run is `body.scenario`.
    """

    agent_classes: Sequence[type[Cell]] = ()
    body: Body
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
        settings = {} if set is None else paths_and_values(set, "set")
        settings |= {name.replace("__", "."): plain(value) for name, value in overrides.items()}
        plan = with_settings(with_types(scenario, chosen), settings)
        iteration = mesa.batch_iteration()
        if replicate is None:
            replicate = iteration or 0 if seed is None and rng is None else 0
        replicate = whole(replicate, "replicate")
        if seed is None:
            seed = plan.seed if rng is None else rng
        seed = whole(seed, "seed")
        if observables is None and datacollector is None and iteration is not None:
            observables = plan.endpoints
        arm = plan.reference if arm is None else arm
        everybody = plan.catalogue.cells  # whom people may add by hand
        body = Body(plan, seed=replicate_seed(seed, replicate), replicate=replicate, arm=arm, types=everybody)
        self._begin(body, chosen, 0)
        self.seed, self.replicate = seed, replicate
        self._record(observables, datacollector)
        self._own = frozenset(self.__dict__)

    @classmethod
    def around(cls, body: Body, agent_classes: Iterable[type[Cell]] = ()) -> TumorModel:
        """A model of a body that has not taken a step yet, as a replicate of its scenario's own seed.

        body : which the model takes over
        agent_classes : as in the constructor
        """
        model = _blank(cls)
        del model.__dict__["_waiting"]
        model._begin(body, tuple(agent_classes), 0)
        model.seed, model.replicate = body.scenario.seed, body.replicate
        model._record(None, None)
        model._own = frozenset(model.__dict__)
        return model

    def _begin(self, body: Body, chosen: tuple[type[Cell], ...], steps: int) -> None:
        mesa.begin(self, body.seed, steps)
        self.body = body
        self._chosen = chosen
        self._roster = Roster(self, body.tissue, classes_of(body.catalogue, chosen))
        self._all = CellSet(self)

    def _record(self, names: str | Iterable[str] | None, datacollector: DataCollector | None) -> None:
        """What is recorded after each step."""
        wanted = (names,) if isinstance(names, str) else tuple(names or ())
        if wanted and datacollector is not None:
            raise TypeError("give either observables or a datacollector")
        table = observables_of(self.body.scenario.catalogue, self.body.therapies, self.body.organs)
        for name in wanted:
            if name not in table:
                raise ValueError(f"there is no observable '{name}'.{suggestion(name, table)}")
        self._recorder = Recorder({name: table[name] for name in dict.fromkeys(wanted)})
        self._wanted = wanted
        self._collects = bool(wanted) or datacollector is not None
        if wanted:
            self._recorder.remember(self.body)
            reporters = {name: partial(reading, name) for name in ("hour", *wanted)}
            datacollector = DataCollector(model_reporters=reporters)
        self.datacollector = datacollector or DataCollector()

    @property
    def tissue(self) -> Tissue:
        """Its patch: cells, fields, matrix and vessels."""
        return self.body.tissue

    # Time

    @property
    def hour(self) -> float:
        """Simulated time, h."""
        return self.body.hour

    @property
    def day(self) -> float:
        """Simulated time, days."""
        return self.body.hour / 24.0

    def step(self) -> None:
        """One step of the tissue, then of the agents written in Python; `running` ends with the scenario's days."""
        self._roster.watch()
        self.body.step()
        self._roster.keep_up()
        self._roster.step_agents()
        if self._wanted:
            self._recorder.remember(self.body)
        if self._collects:
            self.datacollector.collect(self)
        if self.hour >= self.body.scenario.time.days * 24.0 - 1e-9:
            self.running = False

    def run(self, days: float | None = None) -> TumorModel:
        """Simulate some days, or up to the end of the scenario; returns the model.

        days : at least 0 and finite, rounded up to whole steps; by default up to the end, and nothing beyond it.
            TypeError or ValueError for another value
        """
        if days is not None:
            days = number(days, "days", least=0.0)
            if math.isinf(days):
                raise ValueError("days: expected a finite number of days, got inf")
        end = self.body.scenario.time.days * 24.0 if days is None else self.hour + days * 24.0
        while self.hour < end - 1e-9:
            self.step()
        return self

    @property
    def arm(self) -> str:
        """The arm whose treatment is followed."""
        return self.body.arm

    def treat(self, arm: str) -> None:
        """Follow the treatment of another arm from now on.

        arm : name of an arm; LookupError with the choices
        """
        self.body.treat(arm)

    # Looking

    def plot(self, field: str | None = None, *, cells: bool | None = None, pixels: int = 420) -> TissuePicture:
        """The tissue as it is now: cells over oxygen, or a field in its own colors.

        field, cells, pixels : as in `Result.plot.tissue`
        A picture that is shown already takes a later state with `refresh(model)`, faster than a new one is drawn.
        """
        from tmesim.drawing.notebook import TissuePicture, view_of

        title = words(self.body.scenario.name)
        return TissuePicture([[view_of(self.body)]], self.tissue.catalogue, title, field, cells, pixels)

    def _repr_html_(self) -> str:
        from tmesim.drawing.cards import model_card

        return model_card(self.body)

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
        """The handle of a living cell.

        unique_id : its 64-bit identity; LookupError if no living cell has it
        """
        identity = whole(unique_id, "unique_id", least=-(2**63))
        row = int(self._roster.locate(np.array([identity], np.uint64))[0]) if 0 <= identity < 2**64 else -1
        if row < 0:
            raise LookupError(f"no living cell has the id {identity}")
        return self._roster.handle_at(row)

    def register_agent(self, agent: Any) -> None:
        """Mesa's way of taking an agent in. Cells register by being made, and a tissue has no other agents.

        agent : TypeError for one that is no cell
        """
        if not isinstance(agent, Cell):
            mesa.release(self)
            raise TypeError(f"agents of a TumorModel are cells: derive {type(agent).__name__} from tmesim.agents.Cell")

    def deregister_agent(self, agent: Any) -> None:
        """Mesa's way of taking an agent out: the cell dies.

        agent : a living cell
        """
        agent.remove()

    def remove_all_agents(self) -> None:
        """Kill all cells."""
        self.agents.do("remove")

    def close(self) -> None:
        """End the run, and let go of the handles and of what Mesa keeps of the model."""
        self.running = False
        self._roster.handles.clear()
        mesa.release(self)

    # Copies and pickles: the scenario, the arrays, and what people have added in Python

    def __getstate__(self) -> dict[str, Any]:
        roster = self._roster
        roster.refresh()
        notes = {
            identity: {name: value for name, value in cell.__dict__.items() if name not in HELD}
            for identity, cell in roster.handles.items()
        }
        return {
            "scenario": self.body.scenario,
            "body": self.body.state(),
            "types": tuple(sorted(self.body.types)),
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
        body = Body.from_state(state["scenario"], state["body"], state["types"])
        self._begin(body, state["agent_classes"], state["steps"])
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
        scenario = self.body.scenario
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
        model._recorder.take(model.body, model.body.step_index)
    return rows[-1][name]


def with_settings(scenario: Scenario, settings: Mapping[str, Any]) -> Scenario:
    """A scenario with numbers of the catalogue and settings changed by dotted path, and checked again."""
    if not settings:
        return scenario
    given = paths_and_values(settings, "set")
    changed = {now: given[path] for path, now in current_paths(given).items()}
    days = changed.pop("days", None)
    for path, value in changed.items():
        if is_number(path) and isinstance(value, int | float) and not isinstance(value, bool):
            try:
                unit = scenario.catalogue.number(dotted(steps_of(path))).unit_at(scenario.species)
            except LookupError:
                continue  # with_options says what is wrong
            changed[path] = value if unit == "1" else f"{value!r} {unit}"
    return scenario.with_options(days=days, set=changed)


def _blank(cls: type[TumorModel]) -> TumorModel:
    """A model out of a pickle before its state is there; handles that come first wait in it."""
    model = cls.__new__(cls)
    model.__dict__["_waiting"] = {}
    return model
