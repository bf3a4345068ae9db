"""Section: a tissue at one moment, which is its cells, its maps, its geometry and its hour.

A living tissue gives one with `Section.of`, the files of a run with `Section.read`. Recorder, observables and pictures
all look at a tissue this way, so that "within the tumor", "its rim" and "its edge" mean the same everywhere.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any, Protocol

import numpy as np

from tmesim.kernels.arrays import DEAD
from tmesim.storage.arrays import pack, unpack

CELL_COLUMNS = ("id", "mother", "y", "x", "born", "clone", "antigens", "tcr", "engagement", "damage", "target",
                "potential")
VESSEL_MAPS = ("perfused", "links", "root", "tip")

NEEDED = {
    "cells": ("hour", "spacing_um", "type", "types", "id", "x", "y", "born"),
    "fields": ("hour", "spacing_um", "vessels.links"),
}
"""The arrays without which a file of cells or of maps is none of a section."""

TUMOR = ("tumor", "necrotic")
"""Types of cells that make up the tumor."""

REGION_REACH_UM, REGION_SHARE = 30.0, 1 / 3
"""A site lies within the tumor when this share of the sites this far around it (in x and in y) hold one of TUMOR."""

RIM_UM = 60.0
"""Width of the band of host tissue around the tumor that counts as its rim, µm."""

OUTLINE = 0.5
"""The level at which an `outline` is drawn."""


class Living(Protocol):
    """What a section needs of a tissue."""

    @property
    def hour(self) -> float: ...
    @property
    def spacing(self) -> float: ...
    @property
    def shape(self) -> tuple[int, int]: ...
    @property
    def cells(self) -> Any: ...
    @property
    def fields(self) -> Mapping[str, np.ndarray]: ...
    @property
    def matrix(self) -> Mapping[str, np.ndarray]: ...
    @property
    def vessels(self) -> Any: ...
    @property
    def biology(self) -> Any: ...
    @property
    def bodies(self) -> np.ndarray: ...


class Views(Mapping[str, np.ndarray]):
    """Arrays by name, each made when it is first asked for."""

    def __init__(self, names: Sequence[str], make: Callable[[str], np.ndarray]) -> None:
        self._names, self._make = tuple(names), make
        self._made: dict[str, np.ndarray] = {}

    def __getitem__(self, name: str) -> np.ndarray:
        if name not in self._made:
            if name not in self._names:
                raise KeyError(name)
            self._made[name] = self._make(name)
        return self._made[name]

    def __contains__(self, name: object) -> bool:
        return name in self._names

    def __iter__(self) -> Iterator[str]:
        return iter(self._names)

    def __len__(self) -> int:
        return len(self._names)


@dataclass(frozen=True, eq=False)
class Section:
    """A tissue at one moment.

    types : names of the cell types, in the order of their codes
    cells : a column by name, a row for each cell: `type` (a code; DEAD where a row holds nobody), `id` and `mother`
        (identities), `y` and `x` (row and column of its site), `born` (h), `clone`, `antigens` (a bit each, in
        words of 32 where there are more), `tcr`, `engagement`,
        `damage`, `target`, `potential` (divisions left in a hierarchy), and `state.<name>` in [0, 1]
    maps : (ny, nx) by name: `field.<name>` (in the field's unit), `matrix.<name>` (density 0-1), `vessels.perfused`,
        `vessels.links` (bits E, NE, N, NW, W, SW, S, SE), `vessels.root`, `vessels.tip`; `bodies.sites`, what cells of
        several sites fill: 256 · (1 + type) + (dy + 8) · 16 + dx + 8, the cell standing dy rows and dx columns on
    shape : (ny, nx), in sites
    spacing_um : width of a site, µm
    hour : simulated time, h
    """

    types: tuple[str, ...]
    cells: Mapping[str, np.ndarray]
    maps: Mapping[str, np.ndarray]
    shape: tuple[int, int]
    spacing_um: float
    hour: float

    @classmethod
    def of(cls, tissue: Living) -> Section:
        """A tissue as it is now. Nothing is copied, so this costs little and holds until the tissue changes; its rows
        lie in no order, and some hold nobody. `snapshot` gives a section that lasts."""
        cells, n, states = tissue.cells, tissue.cells.n, list(tissue.biology.states)
        columns = ("type", *CELL_COLUMNS, *(f"state.{name}" for name in states))
        sources = {"field": tissue.fields, "matrix": tissue.matrix}
        maps = [f"{kind}.{name}" for kind, source in sources.items() for name in source]

        def column(name: str) -> np.ndarray:
            kind, _, state = name.partition(".")
            column: np.ndarray = cells.state[states.index(state)] if state else getattr(cells, kind)
            if name == "antigens" and column.shape[1] == 1:
                column = column[:, 0]
            return column[:n]

        def site_map(name: str) -> np.ndarray:
            kind, _, key = name.partition(".")
            if kind == "bodies":
                return tissue.bodies
            if kind == "vessels":
                return np.asarray(getattr(tissue.vessels, key))
            return np.asarray(sources[kind][key], np.float32)

        ny, nx = tissue.shape
        return cls(
            tuple(tissue.biology.types),
            Views(columns, column),
            Views([*maps, *(f"vessels.{name}" for name in VESSEL_MAPS), "bodies.sites"], site_map),
            (int(ny), int(nx)),
            float(tissue.spacing),
            float(tissue.hour),
        )

    @classmethod
    def read(cls, cells: bytes, fields: bytes) -> Section:
        """The section of which `packed` made these files."""
        return cls.from_arrays(unpack(cells), unpack(fields))

    @classmethod
    def from_arrays(cls, cells: Mapping[str, np.ndarray], fields: Mapping[str, np.ndarray]) -> Section:
        """The section whose files hold these arrays; ValueError when the two are not of one section."""
        columns, maps = dict(cells), dict(fields)
        types = tuple(str(name) for name in columns.pop("types"))
        hour, spacing = float(columns.pop("hour")), float(columns.pop("spacing_um"))
        if (hour, spacing) != (float(maps.pop("hour")), float(maps.pop("spacing_um"))):
            raise ValueError(f"the cells are of hour {hour:g} on sites of {spacing:g} µm, the maps are not")
        ny, nx = maps["vessels.links"].shape
        for name, values in maps.items():
            if values.shape != (ny, nx):
                raise ValueError(f"{name}: expected a map of {ny} × {nx} sites, got the shape {values.shape}")
        for name, column in columns.items():
            if column.shape[:1] != columns["type"].shape:
                raise ValueError(f"{name}: expected {columns['type'].size} cells, got the shape {column.shape}")
        for name, end in (("type", len(types)), ("y", ny), ("x", nx)):
            if columns[name].size and not 0 <= columns[name].min() <= columns[name].max() < end:
                raise ValueError(f"{name}: expected numbers from 0 to {end - 1}, got some beyond")
        return cls(types, columns, maps, (ny, nx), spacing, hour)

    def packed(self) -> dict[str, bytes]:
        """The files `cells` and `fields` of this section, as .npz; the same tissue gives the same bytes."""
        moment = {"hour": np.array(self.hour), "spacing_um": np.array(self.spacing_um)}
        columns = self._living()
        types = {"type": columns.pop("type"), "types": np.array(self.types)}
        return {"cells": pack(types | columns | moment), "fields": pack(dict(self.maps) | moment)}

    def snapshot(self) -> Section:
        """The section with arrays of its own: the living cells alone, in the order of their ids."""
        return replace(self, cells=self._living(), maps={name: values.copy() for name, values in self.maps.items()})

    def _living(self) -> dict[str, np.ndarray]:
        alive = np.flatnonzero(self.cells["type"] != DEAD)
        rows = alive[np.argsort(self.cells["id"][alive], kind="stable")]
        return {name: column[rows] for name, column in self.cells.items()}

    def cropped(self, window: tuple[slice, slice]) -> Section:
        """What lies within some rows and columns, sites counted from there."""
        (down, across), y, x = window, self.cells["y"], self.cells["x"]
        inside = (y >= down.start) & (y < down.stop) & (x >= across.start) & (x < across.stop)
        cells = {name: column[inside] for name, column in self.cells.items()}
        cells |= {"y": cells["y"] - down.start, "x": cells["x"] - across.start}
        maps = {name: values[window] for name, values in self.maps.items()}
        return replace(self, cells=cells, maps=maps, shape=(down.stop - down.start, across.stop - across.start))

    # Cells

    @property
    def day(self) -> float:
        """Simulated time, days."""
        return self.hour / 24

    @cached_property
    def counts(self) -> np.ndarray:
        """Living cells of each type, in the order of `types`."""
        return np.bincount(self.cells["type"], minlength=DEAD + 1)[: len(self.types)]

    def count(self, *names: str) -> int:
        """Living cells of some types; none of a type that there is not."""
        return sum(int(self.counts[self.types.index(name)]) for name in names if name in self.types)

    @cached_property
    def _rows(self) -> dict[str, np.ndarray]:
        return {}

    def rows(self, name: str) -> np.ndarray:
        """Rows of the living cells of a type; none of a type that there is not."""
        if name not in self._rows:
            known = name in self.types
            mine = np.flatnonzero(self.cells["type"] == self.types.index(name)) if known else np.empty(0, np.intp)
            self._rows[name] = mine
        return self._rows[name]

    def state(self, name: str, cell: str) -> np.ndarray:
        """A state in [0, 1] of the cells of a type, (cells,) float32; empty where there is no such state or type."""
        if f"state.{name}" not in self.cells:
            return np.empty(0, np.float32)
        return self.cells[f"state.{name}"][self.rows(cell)]

    def sites(self, cell: str) -> tuple[np.ndarray, np.ndarray]:
        """Row and column of the site of each cell of a type."""
        rows = self.rows(cell)
        return self.cells["y"][rows], self.cells["x"][rows]

    @property
    def bodies(self) -> np.ndarray:
        """What cells of several sites fill, (ny, nx) uint16: see `maps`; 0 where there is none."""
        return self.maps.get("bodies.sites", np.zeros(self.shape, np.uint16))

    def area(self, cell: str) -> int:
        """Sites that the cells of a type fill."""
        if cell not in self.types:
            return 0
        alone = self.count(cell)
        found = self.bodies >> 8 == 1 + self.types.index(cell)
        return alone + int(np.count_nonzero(found)) - int(np.count_nonzero(found[self.sites(cell)]))

    # The tumor

    @property
    def site_mm2(self) -> float:
        """Area of a site, mm²."""
        return (self.spacing_um / 1000.0) ** 2

    @cached_property
    def region(self) -> np.ndarray:
        """Sites within the tumor, (ny, nx) bool."""
        held = np.zeros(self.shape, bool)
        for name in TUMOR:
            held[self.sites(name)] = True
        return around(held, self._reach(REGION_REACH_UM)) >= REGION_SHARE

    @cached_property
    def region_sites(self) -> np.ndarray:
        """The sites of `region` by their numbers in a raveled map."""
        return np.flatnonzero(self.region)

    @property
    def region_mm2(self) -> float:
        """Area within the tumor, mm²."""
        return self.region_sites.size * self.site_mm2

    @cached_property
    def rim(self) -> np.ndarray:
        """Sites of host tissue at most RIM_UM from the tumor (in x and in y), (ny, nx) bool."""
        return (around(self.region, self._reach(RIM_UM)) > 0) & ~self.region

    @cached_property
    def edge(self) -> np.ndarray:
        """The edge of the tumor as pictures draw it: the `outline` of `region`."""
        return outline(self.region)

    def within(self, cell: str) -> int:
        """Cells of a type within the tumor."""
        return int(np.count_nonzero(self.region[self.sites(cell)]))

    def _reach(self, um: float) -> int:
        """A length in sites, one at least."""
        return max(1, round(um / self.spacing_um))


def outline(mask: np.ndarray) -> np.ndarray:
    """A map (ny, nx) float64 whose contour at the level OUTLINE goes around the true sites of a mask, smoothly."""
    return around(mask, 1)


def around(mask: np.ndarray, reach: int) -> np.ndarray:
    """Share of true sites in the square of 2·reach + 1 sites around each site, counting only sites that exist."""

    def window(a: np.ndarray, axis: int) -> np.ndarray:
        n = a.shape[axis]
        total = np.concatenate([np.zeros_like(a.take([0], axis)), np.cumsum(a, axis)], axis)
        high, low = np.minimum(np.arange(n) + reach + 1, n), np.maximum(np.arange(n) - reach, 0)
        return total.take(high, axis) - total.take(low, axis)

    def length(n: int) -> np.ndarray:
        return np.minimum(np.arange(n) + reach + 1, n) - np.maximum(np.arange(n) - reach, 0)

    held = window(window(mask.astype(np.int32), 0), 1)
    return held / (length(mask.shape[0])[:, None] * length(mask.shape[1])[None, :])


def snapshot_name(replicate: int, day: float) -> str:
    """The file name of a snapshot, with as many digits of its day as it takes to tell moments apart (0.1 s)."""
    day = round(day, 6)
    text = f"{day:06.2f}" if day == round(day, 2) else f"{day:010.6f}"
    return f"replicate_{replicate:03d}_day_{text}.npz"
