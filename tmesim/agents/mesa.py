"""All that depends on a version of Mesa: 3.3 (Python 3.11) and 3.5 (3.12, 3.13) answer alike from here on."""

from __future__ import annotations

import sys

from mesa import Agent as MesaAgent
from mesa import DataCollector
from mesa import Model as MesaModel

try:  # where they have stood since 3.4
    from mesa.agentset import AgentSet, GroupBy
except ImportError:
    from mesa.agent import AgentSet, GroupBy

__all__ = ["AgentSet", "DataCollector", "GroupBy", "MesaAgent", "MesaModel", "batch_iteration", "begin", "release"]


def begin(model: MesaModel, seed: int, steps: int = 0) -> None:
    """Mesa's part of making a model, which has taken `steps` steps when it comes out of a pickle."""
    MesaModel.__init__(model, rng=seed)
    if not steps:
        return
    model.steps = steps
    schedule = getattr(model, "_default_schedule", None)
    if schedule is not None:  # since 3.5 a step is a recurring event; this one would first make up for the past
        from mesa.time import EventGenerator, Priority, Schedule

        schedule.stop()
        model.time = float(steps)
        plan = Schedule(interval=1.0, start=steps + 1.0)
        model._default_schedule = EventGenerator(model, model._do_step, plan, priority=Priority.HIGH).start()


def release(model: MesaModel) -> None:
    """Let go of a model: 3.3 keeps each one that ever had an ordinary agent, in a dict of the class."""
    getattr(MesaAgent, "_ids", {}).pop(model, None)


def batch_iteration() -> int | None:
    """Number of the iteration when a model is made inside of `mesa.batch_run`, else None.

    No version tells the model. 3.3 repeats the same arguments, 3.5 adds `seed=None`: replicates would be alike.
    """
    frame = sys._getframe(1)
    while frame is not None:
        if frame.f_code.co_name == "_model_run_func" and frame.f_globals.get("__name__") == "mesa.batchrunner":
            return int(frame.f_locals.get("iteration", 0))
        frame = frame.f_back  # type: ignore[assignment]
    return None
