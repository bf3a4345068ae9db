"""Act: the events that are due happen: division, death, change of type, leaving."""

from __future__ import annotations

import numpy as np

from tmesim.kernels import act, arrays, events
from tmesim.kernels.lattice import rings
from tmesim.tissue.process import Departures, Passed, Patch, Process, Setting

COUNTED = {arrays.DIVIDE: "births", arrays.DIE: "deaths", arrays.BECOME: "changes", arrays.LEAVE: "leaves"}


class Act(Process):
    """A daughter pushes the cells on her way to the nearest free site within reach; where there is none, she waits."""

    name = "act"
    reads = (
        "layers", "cells.type", "cells.place", "cells.lineage", "cells.clone", "cells.antigens", "cells.receptor",
        "cells.state", "cells.value", "cells.event", "cells.heading", "cells.stamp",
        "matrix", "debris.antigens", "vessels.network",
    )  # fmt: skip
    writes = (
        "layers", "cells.type", "cells.place", "cells.lineage", "cells.clone", "cells.antigens", "cells.receptor",
        "cells.state", "cells.value", "cells.event", "cells.synapse", "cells.damage", "cells.heading", "cells.stamp",
        "matrix", "debris.antigens", "vessels.network", "vessels.flow",
    )  # fmt: skip
    leaves = ("departures",)

    def tune(self, setting: Setting) -> None:
        self.reach = int(setting.number("division", "push_reach"))
        self.offsets, self.first = rings(max(self.reach, act.NEAR))

    def run(self, tissue: Patch, passed: Passed) -> None:
        cells, rules, clock = tissue.cells, tissue.biology.rules, tissue.clock
        found = events.find_events(cells.n, cells.event)
        cells.make_room(2 * found.size)
        cells.n, rows, outcomes = act.act(
            found, cells.n, clock.hour, clock.dt, clock.step, tissue.key("act tiles"), tissue.key("push"), self.reach,
            self.offsets, self.first, cells.columns, tissue.layers, tissue.maps, rules,
        )  # fmt: skip
        self._count(tissue, outcomes)
        passed.departures = self._departures(tissue, rows, outcomes)

    def divide(self, tissue: Patch, row: int, key: np.uint64) -> int | None:
        """Let one cell divide now, between two steps; the row of its daughter, or None where there is no room.

        TypeError for a cell of a type that does not divide.
        """
        cells, rules, clock = tissue.cells, tissue.biology.rules, tissue.clock
        code = int(cells.type[row])
        first, end = rules.kinds["event_first"][code : code + 2].tolist()
        divisions = [e for e in range(first, end) if rules.events[e].does == arrays.DIVIDE]
        if not divisions:
            raise TypeError(f"cells of the type {tissue.biology.types[code]} do not divide")
        cells.make_room(1)
        cells.event[row] = divisions[0] - first + 1
        outcome = act.act_one(
            row, cells.n, clock.hour - clock.dt, clock.dt, clock.step, key, self.reach, self.offsets, self.first,
            cells.columns, tissue.layers, tissue.maps, rules,
        )  # fmt: skip
        if outcome & act.WAITED:
            return None
        cells.n += 1
        return cells.n - 1

    def _count(self, tissue: Patch, outcomes: np.ndarray) -> None:
        """Add up who did what: births.TYPE, deaths.TYPE, changes.TYPE.INTO, leaves.TYPE, waited.TYPE, and totals."""
        rules, types, counters = tissue.biology.rules, tissue.biology.types, tissue.counters
        owner = np.repeat(np.arange(len(types)), np.diff(rules.kinds["event_first"]))
        numbers = np.bincount(outcomes, minlength=2 * owner.size)
        for outcome in np.flatnonzero(numbers).tolist():
            event, number = rules.events[outcome >> 1], int(numbers[outcome])
            cell = types[owner[outcome >> 1]]
            what = "waited" if outcome & act.WAITED else COUNTED[int(event.does)]
            counters[what] += number
            counters[f"{what}.{cell}"] += number
            if what == "changes":
                counters[f"{what}.{cell}.{types[event.to]}"] += number

    def _departures(self, tissue: Patch, rows: np.ndarray, outcomes: np.ndarray) -> Departures:
        """Those that left with antigens are on their way to the lymph node."""
        rules, columns = tissue.biology.rules, tissue.cells.columns
        left = rows[rules.events["does"][outcomes >> 1] == arrays.LEAVE]
        owner = np.repeat(np.arange(len(tissue.biology.types)), np.diff(rules.kinds["event_first"]))
        kinds = owner[outcomes[rules.events["does"][outcomes >> 1] == arrays.LEAVE] >> 1]
        loaded = int(np.count_nonzero(rules.kinds["captures"][kinds]))
        return Departures(loaded, np.bitwise_or.reduce(columns.antigens[left], axis=0))
