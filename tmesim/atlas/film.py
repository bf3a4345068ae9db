"""Frames as a browser takes them: each as the bytes in which it differs from the one before, deflated, in base64.

`decoded` is the plain twin of `film.js`.
"""

from __future__ import annotations

import base64
import zlib

import numpy as np


def encoded(frames: np.ndarray) -> str:
    """Text of frames (count, ny, nx) uint8: zlib of frame 0, then of each frame's exclusive or with the one before."""
    flat = frames.reshape(len(frames), -1)
    deltas = flat.copy()
    deltas[1:] ^= flat[:-1]
    return base64.b64encode(zlib.compress(deltas.tobytes(), 9)).decode("ascii")


def decoded(text: str, count: int, shape: tuple[int, int]) -> np.ndarray:
    """The frames (count, ny, nx) uint8 of a text; ValueError where it holds another number of bytes."""
    data = np.frombuffer(zlib.decompress(base64.b64decode(text)), np.uint8)
    deltas = data.reshape(count, *shape)
    return np.bitwise_xor.accumulate(deltas, axis=0)
