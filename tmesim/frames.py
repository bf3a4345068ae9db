"""Frames: the tissue of each arm in bytes, dozens of times a run, for its movie."""

from __future__ import annotations

import zlib
from collections.abc import Mapping, Sequence

import numpy as np

from tmesim.section import Section

MAPS = ("tissue", "leukocyte", "vessel", "links", "oxygen", "bodies")
"""Maps of a frame, a byte a site. `tissue`, `leukocyte`: 1 + the index of the cell's type, 0 where nobody is.
`vessel`: 1 a segment, 2 one that carries flow. `links`: bits of the directions. `oxygen`: in steps of OXYGEN_STEP.
`bodies`: where a cell fills several sites, the way to where it stands (`kernels.bodies`), else 0."""

OXYGEN_STEP = 0.5
"""mmHg of oxygen that one unit of a frame's byte stands for."""


class FrameLog:
    """Frames of one history, small enough for dozens of them: bytes, compressed as they are taken.

    layers : the layer of each cell type
    """

    def __init__(self, types: Sequence[str], layers: Sequence[str], spacing_um: float) -> None:
        self.types, self.layers, self.spacing_um = tuple(types), tuple(layers), spacing_um
        self.hours: list[float] = []
        self.frames: list[bytes] = []
        self.shape = (0, 0)

    def copy(self) -> FrameLog:
        """A log that goes on by itself."""
        twin = FrameLog(self.types, self.layers, self.spacing_um)
        twin.hours, twin.frames, twin.shape = list(self.hours), list(self.frames), self.shape
        return twin

    def take(self, section: Section) -> None:
        """Add a frame."""
        frame = self._frame(section)
        self.shape = section.shape
        self.hours.append(section.hour)
        self.frames.append(zlib.compress(frame.tobytes(), 1))

    def _frame(self, section: Section) -> np.ndarray:
        """(maps, ny, nx) uint8."""
        frame = np.zeros((len(MAPS), *section.shape), np.uint8)
        maps = dict(zip(MAPS, frame, strict=True))
        for code, (name, layer) in enumerate(zip(self.types, self.layers, strict=True)):
            if layer != "vessel":  # segments are drawn by their links
                maps[layer][section.sites(name)] = code + 1
        filled = section.bodies
        maps["tissue"][...] = np.where(filled > 0, filled >> 8, maps["tissue"])
        maps["bodies"][...] = filled & 255
        links, root, tip = (section.maps[f"vessels.{name}"] for name in ("links", "root", "tip"))
        maps["vessel"][...] = np.where(section.maps["vessels.perfused"], 2, (links != 0) | root | tip)
        maps["links"][...] = links
        if "field.oxygen" in section.maps:
            maps["oxygen"][...] = np.clip(np.rint(section.maps["field.oxygen"] / OXYGEN_STEP), 0, 255)
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
        """Put back what `state` returned."""
        ends = np.cumsum(state["sizes"], dtype=np.int64)
        data = state["frames"].tobytes()
        self.frames = [data[end - size : end] for size, end in zip(state["sizes"].tolist(), ends.tolist(), strict=True)]
        self.hours = [float(hour) for hour in state["hours"]]
        ny, nx = (int(v) for v in state["shape"])
        self.shape = (ny, nx)
