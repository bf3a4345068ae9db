"""What is kept of a run: rows of observables, and frames.

Row and snapshot times are multiples of the step, so a run that was interrupted keeps the same ones.
"""

from __future__ import annotations

import math
import zlib
from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING

import numpy as np

from tmesim.observables import LOOKED_BACK, Observable, measure, to_look_back

if TYPE_CHECKING:
    from tmesim.tissue import Tissue

RATE_WINDOW_H = 24.0
"""Rates of change look back this far, h, however often rows are written; in the first hours, to the start."""


class Recorder:
    """The rows of one history. A branch takes a copy, so that each arm's table holds the shared days too."""

    def __init__(
        self,
        observables: Mapping[str, Observable],
        every_h: float,
        snapshots_h: Iterable[float],
        film: Film | None = None,
    ) -> None:
        self.observables = observables
        self.columns = ("hour", *observables)
        self.every_h = every_h
        self.snapshots_h = tuple(snapshots_h)
        self.film = film
        self.rows: list[dict[str, float]] = []
        self.past: list[dict[str, float]] = []  # each step of the last window, for rates of change

    def copy(self) -> Recorder:
        film = self.film.copy() if self.film is not None else None
        twin = Recorder(self.observables, self.every_h, self.snapshots_h, film)
        twin.rows, twin.past = list(self.rows), list(self.past)
        return twin

    def remember(self, tissue: Tissue) -> None:
        """Keep what rates of change will look back on; to be called after each step."""
        hour = float(tissue.hour)
        if self.past and self.past[-1]["hour"] >= hour:
            return
        self.past.append(to_look_back(tissue))
        while len(self.past) > 1 and hour - self.past[1]["hour"] >= RATE_WINDOW_H - 1e-6:
            del self.past[0]

    def take(self, tissue: Tissue, step_h: float, last: bool = False) -> bool:
        """Add a row if one is due at the tissue's hour (a multiple of the interval, or the last hour); say whether.

        A frame of the film, if there is one, is taken at its own times.
        """
        self.remember(tissue)
        if self.film is not None:
            self.film.take(tissue, step_h, last)
        if not (last or is_due(float(tissue.hour), self.every_h, step_h)):
            return False
        before = self.past[0] if self.past[0]["hour"] < float(tissue.hour) else None
        self.rows.append(measure(tissue, self.observables, before))
        return True

    def wants_snapshot(self, hour: float, step_h: float) -> bool:
        return any(abs(hour - at) < step_h / 2 for at in self.snapshots_h)

    @property
    def table(self) -> np.ndarray:
        """(rows, columns) float64."""
        return np.array([[row[c] for c in self.columns] for row in self.rows]).reshape(len(self.rows), -1)

    @property
    def past_table(self) -> np.ndarray:
        """(steps, LOOKED_BACK) float64, for a checkpoint."""
        return np.array([[then[name] for name in LOOKED_BACK] for then in self.past]).reshape(len(self.past), -1)

    def restore(self, table: np.ndarray, past: np.ndarray) -> None:
        """Take up the rows and what rates look back on, as `table` and `past_table` gave them."""
        self.rows = [dict(zip(self.columns, (float(v) for v in row), strict=True)) for row in table]
        self.past = [dict(zip(LOOKED_BACK, (float(v) for v in row), strict=True)) for row in past]


MAPS = ("tissue", "leukocyte", "vessel", "links", "oxygen")
"""Maps of a frame, a byte a site. `tissue`, `leukocyte`: 1 + the index of the cell's type, 0 where nobody is.
`vessel`: 1 a segment, 2 one that carries flow. `links`: bits of the directions. `oxygen`: in steps of OXYGEN_STEP."""

OXYGEN_STEP = 0.5
"""mmHg of oxygen that one unit of a frame's byte stands for."""

INTERVALS_H = (1, 2, 3, 4, 6, 8, 12, 24, 48, 72, 96, 168, 336, 672)
MOST_FRAMES = 60


def film_interval(hours: float) -> float:
    """Hours between frames: the shortest usual interval that gives at most MOST_FRAMES."""
    usual = (float(every) for every in INTERVALS_H if hours / every < MOST_FRAMES)
    return next(usual, math.ceil(hours / (MOST_FRAMES - 1)))


class Film:
    """Frames of one history, small enough for dozens of them: bytes, compressed as they are taken.

    layers : the layer of each cell type, by its index.
    """

    def __init__(self, types: Sequence[str], layers: Sequence[str], spacing_um: float, every_h: float) -> None:
        self.types, self.layers, self.spacing_um, self.every_h = tuple(types), tuple(layers), spacing_um, every_h
        self.hours: list[float] = []
        self.frames: list[bytes] = []
        self.shape = (0, 0)

    def copy(self) -> Film:
        twin = Film(self.types, self.layers, self.spacing_um, self.every_h)
        twin.hours, twin.frames, twin.shape = list(self.hours), list(self.frames), self.shape
        return twin

    def take(self, tissue: Tissue, step_h: float, last: bool = False) -> None:
        if last or is_due(float(tissue.hour), self.every_h, step_h):
            frame = self._frame(tissue)
            self.shape = frame.shape[1:]
            self.hours.append(float(tissue.hour))
            self.frames.append(zlib.compress(frame.tobytes(), 1))

    def _frame(self, tissue: Tissue) -> np.ndarray:
        """(maps, ny, nx) uint8."""
        frame = np.zeros((len(MAPS), *tissue.shape), np.uint8)
        cells, n = tissue.cells, tissue.cells.n
        kinds = cells.type[:n]
        layer_of = np.array([MAPS.index(layer) for layer in self.layers] + [255] * (256 - len(self.layers)), np.uint8)
        layer = layer_of[kinds]
        for code in range(MAPS.index("vessel")):
            rows = np.flatnonzero(layer == code)
            frame[code, cells.y[rows], cells.x[rows]] = kinds[rows] + 1
        vessels = tissue.vessels
        flows = np.asarray(vessels.perfused, bool)
        frame[2] = np.where(flows, 2, (vessels.links != 0) | vessels.root | vessels.tip)
        frame[3] = vessels.links
        if "oxygen" in tissue.fields:
            frame[4] = np.clip(np.rint(tissue.fields["oxygen"] / OXYGEN_STEP), 0, 255)
        return frame

    def arrays(self) -> dict[str, np.ndarray]:
        """What is kept in the run directory: `hour` (frames,), each of MAPS (frames, ny, nx), and how to read them."""
        size = (len(self.frames), len(MAPS), *self.shape)
        frames = np.frombuffer(b"".join(map(zlib.decompress, self.frames)), np.uint8).reshape(size)
        maps = {name: frames[:, i] for i, name in enumerate(MAPS)}
        return maps | {
            "hour": np.array(self.hours),
            "types": np.array(self.types),
            "spacing_um": np.array(self.spacing_um),
            "oxygen_step": np.array(OXYGEN_STEP),
        }

    def state(self) -> dict[str, np.ndarray]:
        """For a checkpoint."""
        return {
            "hours": np.array(self.hours),
            "shape": np.array(self.shape),
            "sizes": np.array([len(frame) for frame in self.frames], np.int64),
            "frames": np.frombuffer(b"".join(self.frames), np.uint8),
        }

    def restore(self, state: Mapping[str, np.ndarray]) -> None:
        ends = np.cumsum(state["sizes"], dtype=np.int64)
        data = state["frames"].tobytes()
        self.frames = [data[end - size : end] for size, end in zip(state["sizes"].tolist(), ends.tolist(), strict=True)]
        self.hours = [float(hour) for hour in state["hours"]]
        ny, nx = (int(v) for v in state["shape"])
        self.shape = (ny, nx)


def is_due(hour: float, every_h: float, step_h: float) -> bool:
    """Whether the step that ends at `hour` is the first at or past a multiple of the interval."""
    return math.floor(hour / every_h + 1e-6) > math.floor((hour - step_h) / every_h + 1e-6)
