"""Cells written in Python in a trial: a model with its agents stands where a replicate otherwise has its body.

The classes travel to other processes as the code that they are here (cloudpickle), never through a file. A checkpoint
holds arrays and JSON; a replicate whose cells keep anything else is simulated anew when it is interrupted.
"""

from __future__ import annotations

import copy
import json
import linecache
import sys
import traceback
from collections.abc import Iterable, Mapping
from pathlib import Path
from types import FunctionType, TracebackType
from typing import TYPE_CHECKING, Any

import numpy as np

from tmesim.agents import Cell
from tmesim.agents.identity import globals_of, identity, is_own
from tmesim.agents.mesa import DataCollector
from tmesim.agents.plain import Encoder, NotPlain, decode
from tmesim.body import Body
from tmesim.catalogue.reach import reached
from tmesim.model import TumorModel
from tmesim.trial.news import NotSaved, StepFailed

if TYPE_CHECKING:
    from tmesim.scenario import Scenario

AGENTS = "agents"
"""The array of a state that holds what the arrays of a body do not: JSON as bytes."""

KEPT = {
    "seed": "", "replicate": "", "steps": "", "running": "", "random": "", "rng": "", "memory": "a column",
    "notes": "an attribute of a cell", "attributes": "an attribute of the model",
}  # fmt: skip
"""What of a model's own state that is, and what people call it."""


class PythonCells:
    """Makes the models of replicates, where `Body` makes bodies otherwise.

    identities : class name → hash of its code, as provenance keeps it
    """

    def __init__(self, classes: Iterable[type[Cell]]) -> None:
        self._classes: tuple[type[Cell], ...] = tuple(classes)
        self.identities = {cls.__name__: identity(cls) for cls in self._classes}
        self._packed: bytes | None = None

    @property
    def names(self) -> str:
        return ", ".join(self.identities)

    @property
    def classes(self) -> tuple[type[Cell], ...]:
        """The classes; in a worker they are unpacked when they are asked for first, so that an error is told."""
        if not self._classes and self._packed is not None:
            import cloudpickle

            self._classes, files, sources = cloudpickle.loads(self._packed)
            for function in functions_of(self._classes):  # so that a traceback shows where the code was written
                if file := files.get(_place(function)):
                    function.__code__ = function.__code__.replace(co_filename=file)
            for file, lines in sources.items():
                linecache.cache.setdefault(file, (sum(map(len, lines)), None, lines, file))
        return self._classes

    def __call__(self, scenario: Scenario, seed: int, replicate: int, arm: str) -> Habitat:
        if not self.unchanged():
            raise TypeError(
                f"agent_classes: {self.names}, or a global that they use, was changed by an earlier replicate; results"
                " would hang on their order. Keep what changes in columns, a cache in functools.cache"
            )
        body = Body(scenario, seed=seed, replicate=replicate, arm=arm, types=self.types(scenario))
        return Habitat(TumorModel.around(body, self.classes), self)

    def from_state(self, scenario: Scenario, state: Mapping[str, np.ndarray]) -> Habitat:
        """The model of which a checkpoint was taken."""
        body = {name: array for name, array in state.items() if name != AGENTS}
        kept = json.loads(state[AGENTS].tobytes())
        model = TumorModel.__new__(TumorModel)

        def handle(number: int, name: str, alive: bool) -> Cell:
            if alive:
                return model.cell(number)
            cls = next((each for each in model.agent_types if each.__name__ == name), Cell)
            return model._roster.dead(cls, number)

        def told(name: str) -> Any:
            return decode(kept[name], handle)

        model.__setstate__(
            {name: told(name) for name in KEPT if name not in ("notes", "attributes")} | {
                "scenario": scenario, "body": body, "types": self.types(scenario), "agent_classes": self.classes,
                "notes": {}, "attributes": {},
                "observables": (), "rows": [], "past": [], "collects": False, "datacollector": DataCollector(),
            }
        )  # fmt: skip
        for one, note in told("notes").items():  # only now, as they may tell of cells
            model.cell(one).__dict__.update(note)
        model.__dict__.update(told("attributes"))
        return Habitat(model, self)

    def types(self, scenario: Scenario) -> frozenset[str]:
        """The cell types that there can be: those that the scenario and the classes bring with them."""
        return reached(scenario.catalogue, [*scenario.reached, *(cls.cell_type for cls in self.classes)])

    def unchanged(self) -> bool:
        """Whether the classes, and what they refer to, still are what they were when the run began."""
        return self.identities == {cls.__name__: identity(cls) for cls in self.classes}

    def pack(self) -> bytes:
        """The classes as code, with the text of those that stand in no file; TypeError when they cannot be sent."""
        if self._packed is None:
            import cloudpickle

            modules = {base.__module__ for cls in self.classes for base in cls.__mro__ if is_own(base.__module__)}
            known = {"__main__", *cloudpickle.list_registry_pickle_by_value()}
            mine = [sys.modules[name] for name in modules - known if name in sys.modules]
            for module in mine:  # by value: what runs there is what was hashed here
                cloudpickle.register_pickle_by_value(module)
            try:
                files = {_place(each): each.__code__.co_filename for each in functions_of(self.classes)}
                sources = {f: linecache.getlines(f) for f in {*files.values()} if not Path(f).is_file()}
                self._packed = cloudpickle.dumps((self.classes, files, sources))
            except Exception as error:
                raise TypeError(
                    f"agent_classes: {self.names} cannot be sent to worker processes ({error}); "
                    "keep what is open or locked out of the classes and the globals they use, or give workers=1"
                ) from error
            finally:
                for module in mine:
                    cloudpickle.unregister_pickle_by_value(module)
        return self._packed

    def __getstate__(self) -> dict[str, Any]:
        return {"_classes": (), "identities": self.identities, "_packed": self.pack()}


def functions_of(classes: Iterable[type]) -> list[FunctionType]:
    """The user's own functions in classes and their bases, and those that they call by a global name."""
    bases = dict.fromkeys(base for cls in classes for base in cls.__mro__ if is_own(base.__module__))
    found = dict.fromkeys(each for base in bases for each in vars(base).values() if isinstance(each, FunctionType))
    for function in (waiting := list(found)):
        for name in globals_of(function.__code__):
            called = function.__globals__.get(name)
            if isinstance(called, FunctionType) and called not in found and is_own(called.__module__):
                found[called] = None
                waiting.append(called)
    return list(found)


def _place(function: FunctionType) -> tuple[str, int]:
    return function.__code__.co_qualname, function.__code__.co_firstlineno


class Habitat:
    """A model with its agents in the place of a body: what a replicate asks of one is asked of the other."""

    def __init__(self, model: TumorModel, cells: PythonCells) -> None:
        self.model = model
        self._cells = cells

    def __getattr__(self, name: str) -> Any:
        if name in ("model", "_cells"):  # not there yet, as while a copy is made
            raise AttributeError(name)
        return getattr(self.model.body, name)

    def treat(self, arm: str) -> None:
        self.model.treat(arm)

    def step(self) -> None:
        """One step of the tissue and of the agents; StepFailed when one of theirs raises."""
        roster = self.model._roster
        try:
            self.model.step()
        except Exception as error:
            if roster.stepping is None:
                raise
            raise StepFailed(self._told(error, type(roster.stepping).__name__)) from None

    def _told(self, error: Exception, name: str) -> str:
        """An error of a user's code, with where it happened and the user's part of the traceback."""
        at: TracebackType | None = error.__traceback__
        own = Path(__file__).parents[1]
        while at is not None and (Path(at.tb_frame.f_code.co_filename).is_relative_to(own) or _is_of_mesa(at)):
            at = at.tb_next
        lines = "".join(traceback.format_exception(type(error), error, at)).rstrip()
        model = self.model
        return (
            f"{name}.step() failed in arm '{model.arm}', replicate {model.replicate}, at hour {model.hour:g}: "
            f"{type(error).__name__}: {error}\n{lines}"
        )

    def copy(self) -> Habitat:
        """An independent model in the same state, for an arm that parts from the others."""
        try:
            return Habitat(copy.deepcopy(self.model), self._cells)
        except Exception as error:
            raise TypeError(
                f"agent_classes: what the cells of {self._cells.names} hold cannot be copied where arms part ({error});"
                " keep it in columns"
            ) from error

    def state(self) -> dict[str, np.ndarray]:
        """Arrays, and JSON for the rest; NotSaved when the cells or the model hold what is no plain data."""
        if not self._cells.unchanged():
            raise NotSaved(f"{self._cells.names}, or a global that they use, has changed; columns can hold it")
        taken = self.model.__getstate__()
        notes = {identity: _lasting(note) for identity, note in taken["notes"].items()}
        taken["notes"] = {identity: note for identity, note in notes.items() if note}
        encoder = Encoder(lambda value: isinstance(value, Cell) and value.model is self.model)
        taken["attributes"].pop("_own", None)
        try:
            told = {name: encoder.encode(taken[name], what) for name, what in KEPT.items()}
        except NotPlain as error:
            raise NotSaved(f"{error}: not plain data; columns can hold numbers, text and tuples") from None
        return taken["body"] | {AGENTS: np.frombuffer(json.dumps(told).encode(), np.uint8)}


def _lasting(note: Mapping[str, Any]) -> dict[str, Any]:
    """What somebody has put on a handle, without the count of draws, which ends with the step."""
    return {name: value for name, value in note.items() if name != "_drawn"}


def _is_of_mesa(at: TracebackType) -> bool:
    return str(at.tb_frame.f_globals.get("__name__", "")).partition(".")[0] == "mesa"
