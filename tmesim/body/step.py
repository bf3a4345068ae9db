"""The step of a body, as a table: its processes in their order, by the objects that carry them out."""

from __future__ import annotations

from tmesim.body.circulate import Circulate
from tmesim.body.prime import Prime
from tmesim.body.treat import Treat
from tmesim.tissue.process import Process
from tmesim.tissue.processes.act import Act
from tmesim.tissue.processes.admit import Admit
from tmesim.tissue.processes.capture import Capture
from tmesim.tissue.processes.diffuse import Diffuse
from tmesim.tissue.processes.extravasate import Extravasate
from tmesim.tissue.processes.intravasate import Intravasate
from tmesim.tissue.processes.irradiate import Irradiate
from tmesim.tissue.processes.lodge import Lodge
from tmesim.tissue.processes.migrate import Migrate
from tmesim.tissue.processes.mutate import Mutate
from tmesim.tissue.processes.patrol import Patrol
from tmesim.tissue.processes.remodel import Remodel
from tmesim.tissue.processes.remove import Remove
from tmesim.tissue.processes.reorder import Reorder
from tmesim.tissue.processes.resect import Resect
from tmesim.tissue.processes.respond import Respond
from tmesim.tissue.processes.sense import Sense
from tmesim.tissue.processes.turn_over import TurnOver

STEP: tuple[type[Process], ...] = (
    Treat,
    Reorder,
    Irradiate,
    Resect,
    Remove,
    Sense,
    Capture,
    Respond,
    Act,
    Mutate,
    Migrate,
    Prime,
    Patrol,
    Admit,
    Intravasate,
    Circulate,
    Lodge,
    Extravasate,
    Remodel,
    TurnOver,
    Diffuse,
)
"""Those of scope "body" are run once, the others in each site that takes part in them."""


def table() -> list[tuple[str, ...]]:
    """(name, scope, what it does, reads, writes, takes, leaves) of each process, for people to read."""
    return [
        (p.name, p.scope, (p.__doc__ or "").split("\n")[0], *map(", ".join, (p.reads, p.writes, p.takes, p.leaves)))
        for p in STEP
    ]
