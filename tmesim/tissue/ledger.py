"""Ledger: every gain and loss of cells of a tissue, by its cause and by where it happened.

The balance closes: of each type, gains less losses since hour 0 are the cells that there are. The ledger draws no
chance, and nothing of the tissue reads it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple, cast

import numpy as np

from tmesim.kernels.arrays import DEAD
from tmesim.section import Section
from tmesim.zones import zones_of

if TYPE_CHECKING:
    from tmesim.tissue.process import Divided, Patch

GAIN, LOSS, HELD = "gain", "loss", "held"
"""The ways of an entry: cells more, cells less, and births that were due and found no room (which change nothing)."""

START, BY_HAND = "start", "by_hand"
"""The cells of hour 0, and what was done between two steps, such as by agents in Python (gains less losses)."""

ZONES = ("core", "rim", "around", "outside")
"""In the tumor farther from its edge than zones.MARGIN_UM, and nearer; host tissue as near to it, and beyond."""
NOWHERE = ""
"""The zone of what is known by number alone."""

PARTS = 1024
"""A share of one loss is a whole number of such parts, so that sums of shares are exact."""

EVERY_H = 24.0
"""The zones are found anew so often, h; in between they stay where they were."""


class Entry(NamedTuple):
    """What is counted: cells of a type, by which way, from which cause, in which of ZONES."""

    cell: str
    way: str
    cause: str
    zone: str


class Ledger:
    """What became of the cells of one tissue since hour 0: `counts` by Entry."""

    def __init__(self) -> None:
        self.counts: dict[Entry, float] = {}
        self._balance: dict[str, float] = {}
        self.zones: np.ndarray | None = None  # uint8 (ny, nx), places in ZONES

    def open(self, tissue: Patch) -> None:
        """Before a step: book what was done since the last one, and find the zones where a day begins."""
        if self.zones is None or round(tissue.clock.hour / EVERY_H, 6) % 1 == 0:
            self.zones = self._found(tissue)
        self.settle(tissue)

    def settle(self, tissue: Patch) -> None:
        """Book what the tissue holds beyond the balance: all of it at the start, later what was done by hand."""
        types = tissue.biology.types
        kinds = tissue.cells.type[: tissue.cells.n]
        if not self.counts:
            if self.zones is None:
                self.zones = self._found(tissue)
            rows = np.flatnonzero(kinds != DEAD)
            self.add(tissue, rows, kinds[rows], [((cell, GAIN, START),) for cell in types])
            return
        there = np.bincount(kinds, minlength=DEAD + 1).tolist()
        for code, cell in enumerate(types):
            if more := there[code] - round(self._balance.get(cell, 0.0)):
                self._note(Entry(cell, GAIN if more > 0 else LOSS, BY_HAND, NOWHERE), abs(more))

    def add(
        self, tissue: Patch, rows: np.ndarray, which: np.ndarray, told: Sequence[Sequence[tuple[str, str, str]]]
    ) -> None:
        """Count events of cells at their sites.

        rows : (n,) of the cells; which : (n,) number of the event of each; told : by number, the (cell, way, cause)
        that it adds to
        """
        if rows.size == 0:
            return
        self._add_at(tissue, tissue.cells.y[rows], tissue.cells.x[rows], which, told)

    def enter(self, tissue: Patch, section: Section, cause: str) -> None:
        """Count the cells of a section as a gain."""
        told = [((cell, GAIN, cause),) for cell in section.types]
        self._add_at(tissue, section.cells["y"], section.cells["x"], section.cells["type"], told)

    def divide(self, tissue: Patch, rows: np.ndarray, which: np.ndarray, shares: np.ndarray, told: Divided) -> None:
        """Let causes have a share of losses that are counted under another one.

        rows, which : as of `add`; shares : (n, causes) of each of the causes that `told` has by the number of the event
        """
        zones = self._zones(tissue)[tissue.cells.y[rows], tissue.cells.x[rows]]
        parts = np.rint(shares * PARTS).astype(np.int64)
        for i, k in np.argwhere(parts).tolist():
            first, causes = told[int(which[i])]
            zone, part = ZONES[int(zones[i])], float(parts[i, k]) / PARTS
            self._note(Entry(*first, zone), -part)
            self._note(Entry(*causes[k], zone), part)

    def _add_at(
        self, tissue: Patch, y: np.ndarray, x: np.ndarray, which: np.ndarray,
        told: Sequence[Sequence[tuple[str, str, str]]],
    ) -> None:  # fmt: skip
        zones = self._zones(tissue)[y, x]
        numbers = np.bincount(which.astype(np.int64) * len(ZONES) + zones, minlength=1)
        for key in np.flatnonzero(numbers).tolist():
            event, zone = divmod(key, len(ZONES))
            for cell, way, cause in told[event]:
                self._note(Entry(cell, way, cause, ZONES[zone]), int(numbers[key]))

    def book(self, tissue: Patch, before: np.ndarray, cause: str) -> None:
        """Count who came, went or changed while a process was at work. before : the types of the rows before it"""
        types, m = tissue.biology.types, before.size
        now = tissue.cells.type[: tissue.cells.n]
        if now.size == m and np.array_equal(now, before):
            return
        changed = np.flatnonzero(now[:m] != before)
        new = np.flatnonzero(now[m:] != DEAD) + m
        self.add(tissue, changed, before[changed], [((cell, LOSS, cause),) for cell in types])
        gained = np.concatenate((changed[now[changed] != DEAD], new))
        self.add(tissue, gained, now[gained], [((cell, GAIN, cause),) for cell in types])

    def balance(self) -> dict[str, float]:
        """Gains less losses of each cell type."""
        return dict(self._balance)

    def table(self, tissue: Patch) -> dict[Entry, float]:
        """All counts since hour 0 up to now, in the order of their names."""
        self.settle(tissue)
        return dict(sorted(self.counts.items()))

    def state(self) -> dict[str, np.ndarray]:
        """All of it, as arrays."""
        entries = [list(entry) for entry in self.counts]
        zones = {} if self.zones is None else {"zones": self.zones.copy()}
        return {
            "entries": np.array(entries, np.str_).reshape(len(entries), len(Entry._fields)),
            "numbers": np.array(list(self.counts.values()), np.float64),
        } | zones

    def restore(self, state: Mapping[str, np.ndarray]) -> None:
        """Put back what `state` returned."""
        entries = (Entry(*map(str, row)) for row in state["entries"])
        self.counts, self._balance = {}, {}
        for entry, number in zip(entries, state["numbers"].tolist(), strict=True):
            self._note(entry, number)
        self.zones = state["zones"].copy() if "zones" in state else None

    def _note(self, entry: Entry, number: float) -> None:
        self.counts[entry] = self.counts.get(entry, 0.0) + float(number)
        if entry.way != HELD:
            more = number if entry.way == GAIN else -number
            self._balance[entry.cell] = self._balance.get(entry.cell, 0.0) + float(more)

    def _zones(self, tissue: Patch) -> np.ndarray:
        if self.zones is None:  # a process that is run by itself
            self.zones = self._found(tissue)
        return self.zones

    def _found(self, tissue: Patch) -> np.ndarray:
        """The zone of each site now. A window inside a lesion is all core."""
        zones = zones_of(Section.of(cast(Any, tissue)), window=tissue.surroundings.walls == "mirrored")
        found = np.full(tissue.shape, ZONES.index("outside"), np.uint8)
        for code, name in enumerate(ZONES):
            found[zones[name]] = code
        return found
