"""Act: the events that are due happen: division, death, change of type, leaving."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from tmesim.kernels import act, arrays, events, raising
from tmesim.kernels.arrays import WORD_BITS
from tmesim.kernels.lattice import rings
from tmesim.tissue.ledger import GAIN, HELD, LOSS
from tmesim.tissue.lesion import lesion_over_section
from tmesim.tissue.process import Departures, Passed, Patch, Process, Setting, nobody_left

COUNTED = {arrays.DIVIDE: "births", arrays.DIE: "deaths", arrays.BECOME: "changes", arrays.LEAVE: "leaves"}


class Act(Process):
    """A daughter pushes the cells on her way to the nearest free site within reach; where there is none, she waits."""

    name = "act"
    reads = (
        "layers", "cells.type", "cells.place", "cells.lineage", "cells.clone", "cells.antigens", "cells.receptor",
        "cells.state", "cells.value", "cells.event", "cells.heading", "cells.stamp", "cells.potential",
        "matrix", "debris.antigens", "vessels.network", "cells.synapse", "fields.level", "vessels.flow",
    )  # fmt: skip
    writes = (
        "layers", "cells.type", "cells.place", "cells.lineage", "cells.clone", "cells.antigens", "cells.receptor",
        "cells.state", "cells.value", "cells.event", "cells.synapse", "cells.damage", "cells.heading", "cells.stamp",
        "cells.potential", "matrix", "debris.antigens", "vessels.network", "vessels.flow",
    )  # fmt: skip
    takes = ("inputs",)
    leaves = ("departures",)

    def tune(self, setting: Setting) -> None:
        self.reach = int(setting.number("division", "push_reach"))
        self.offsets, self.first = rings(max(self.reach, act.NEAR))
        rules, types = setting.biology.rules, setting.biology.types
        owner = np.repeat(np.arange(len(types)), np.diff(rules.kinds["event_first"]))
        events_ = list(zip(owner.tolist(), rules.events["does"].tolist(), rules.events["to"].tolist(), strict=True))
        self.counted = [counters_of(outcome & act.WAITED, types, *event)
                        for event in events_ for outcome in (0, act.WAITED)]  # fmt: skip
        named = {(owner, slot): behavior for (owner, behavior), slot in setting.biology.slots.items()}
        slots = rules.events["slot"].tolist()
        self.booked = [
            entries_of(outcome & act.WAITED, types, named[types[event[0]], slot], *event)
            for event, slot in zip(events_, slots, strict=True) for outcome in (0, act.WAITED)
        ]  # fmt: skip
        self._raising(setting, slots, owner)
        departing = np.array([does == arrays.LEAVE for _, does, _ in events_], np.bool_)
        self.loading = departing & rules.kinds["captures"][:-1].astype(np.bool_)[owner]

    def run(self, tissue: Patch, passed: Passed) -> None:
        cells, rules, clock = tissue.cells, tissue.biology.rules, tissue.clock
        found = events.find_events(cells.n, cells.event)
        cells.make_room(2 * found.size)
        dying, events_, shares = self._shares(tissue, passed, found)
        cells.n, rows, outcomes = act.act(
            found, cells.n, clock.hour, clock.dt, clock.step, tissue.key("act tiles"), tissue.key("push"), self.reach,
            self.offsets, self.first, cells.columns, tissue.layers, tissue.maps, rules,
        )  # fmt: skip
        self._count(tissue, outcomes)
        tissue.ledger.add(tissue, rows, outcomes, self.booked)
        tissue.ledger.divide(tissue, dying, events_, shares, self.divided)
        passed.departures = self._departures(tissue, rows, outcomes)

    def _raising(self, setting: Setting, slots: list[int], owner: np.ndarray) -> None:
        """Which groups of rules raise the hazard of each event, if it is a death."""
        biology = setting.biology
        first = biology.rules.kinds["slot_first"]
        self.hazard = np.array([first[cell] + slot for cell, slot in zip(owner, slots, strict=True)], np.int64)
        self.place = np.full(max(len(biology.raisers), 1), -1, np.int64)
        self.divided = []
        for cell, b in zip(owner.tolist(), self.hazard.tolist(), strict=True):
            groups = range(*biology.rules.group_first[b : b + 2].tolist())
            above = [g for g in groups if biology.raisers[g]]
            self.place[above] = np.arange(len(above))
            whose, behavior = biology.types[cell], biology.behaviors[b][1]
            causes = [(whose, LOSS, f"{behavior}.{biology.raisers[g]}") for g in above]
            self.divided.append(((whose, LOSS, behavior), causes))
        self.most = max((len(causes) for _, causes in self.divided), default=0)
        self.raised = np.array([bool(causes) for _, causes in self.divided], np.bool_)

    def _shares(
        self, tissue: Patch, passed: Passed, found: np.ndarray
    ) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Of the cells that are to die by a hazard that rules raise: rows, events, and the share of each group."""
        cells, rules = tissue.cells, tissue.biology.rules
        events_ = rules.kinds["event_first"][cells.type[found]].astype(np.int64) + cells.event[found] - 1
        mine = self.raised[events_]
        rows, events_ = found[mine], events_[mine]
        return rows, events_, raising.shares(
            rows, self.hazard[events_], self.place, self.most, tissue.clock.hour, cells.columns, tissue.layers,
            tissue.maps, rules, passed.inputs,
        )  # fmt: skip

    def divide(self, tissue: Patch, row: int, key: np.uint64) -> int | None:
        """Let one cell divide now, between two steps; the row of its daughter, or None where there is no room or no
        division left to it.

        TypeError for a cell of a type that does not divide.
        """
        cells, rules, clock = tissue.cells, tissue.biology.rules, tissue.clock
        code = int(cells.type[row])
        first, end = rules.kinds["event_first"][code : code + 2].tolist()
        divisions = [e for e in range(first, end) if rules.events[e].does == arrays.DIVIDE]
        if not divisions:
            raise TypeError(f"cells of the type {tissue.biology.types[code]} do not divide")
        if rules.kinds["ladder"][code] >= 0 and cells.potential[row] == 0:
            return None
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
        """Add up who did what."""
        numbers = np.bincount(outcomes, minlength=len(self.counted))
        for outcome in np.flatnonzero(numbers).tolist():
            for name in self.counted[outcome]:
                tissue.counters[name] += int(numbers[outcome])

    def _departures(self, tissue: Patch, rows: np.ndarray, outcomes: np.ndarray) -> Departures:
        """Those that left with antigens are on their way to the lymph node, and those of the rest of the lesion."""
        left = rows[self.loading[outcomes >> 1]]
        antigens = tissue.cells.columns.antigens[left]
        loaded = int(np.count_nonzero(antigens.any(axis=1)))
        if loaded == 0:
            return nobody_left(tissue.setting.clonotypes)
        word, bit = np.divmod(np.arange(tissue.setting.clonotypes), WORD_BITS)
        carriers = (antigens[:, word] >> bit.astype(np.uint32) & np.uint32(1)).sum(axis=0)
        return Departures(loaded, carriers * lesion_over_section(tissue))


def counters_of(waited: int, types: Sequence[str], owner: int, does: int, to: int) -> tuple[str, ...]:
    """The counters that an outcome adds to: the total, that of the type, and of a change that into which type."""
    what = "waited" if waited else COUNTED[does]
    names = (what, f"{what}.{types[owner]}")
    return (*names, f"{what}.{types[owner]}.{types[to]}") if what == "changes" else names


def entries_of(
    waited: int, types: Sequence[str], behavior: str, owner: int, does: int, to: int
) -> tuple[tuple[str, str, str], ...]:
    """What an outcome adds to in the ledger: (cell, way, cause) of who acted, and of what it became."""
    cell = types[owner]
    if does == arrays.DIVIDE:
        return ((cell, HELD if waited else GAIN, behavior),)
    lost = (cell, LOSS, behavior)
    return (lost, (types[to], GAIN, f"from.{cell}")) if does == arrays.BECOME else (lost,)
