"""Searches in the arrays on behalf of handles: lots, rows by id, cells around a site."""

from __future__ import annotations

from functools import lru_cache

import numpy as np

from tmesim.kernels.arrays import PAD, Layers
from tmesim.kernels.chance import draw
from tmesim.kernels.compiling import kernel


@kernel
def lots(key: np.uint64, ids: np.ndarray, step: int) -> np.ndarray:
    """A 64-bit lot for each of some cells in a step, (n,) uint64; sorting by it deals them an order."""
    out = np.empty(ids.size, np.uint64)
    for i in range(ids.size):
        w0, w1, _, _ = draw(key, ids[i], step, 0)
        out[i] = (w0 << np.uint64(32)) | w1
    return out


@kernel
def rows_of(ids: np.ndarray, wanted: np.ndarray) -> np.ndarray:
    """Index in `ids` of each wanted id, or −1, (wanted,) int64. Ids are hashes: low bits place them in a table."""
    size = 16
    while size < 2 * ids.size:
        size *= 2
    mask = np.uint64(size - 1)
    table = np.full(size, -1, np.int64)
    for row in range(ids.size):
        at = ids[row] & mask
        while table[at] >= 0:
            at = (at + np.uint64(1)) & mask
        table[at] = row
    out = np.full(wanted.size, -1, np.int64)
    for i in range(wanted.size):
        at = wanted[i] & mask
        while table[at] >= 0:
            if ids[table[at]] == wanted[i]:
                out[i] = table[at]
                break
            at = (at + np.uint64(1)) & mask
    return out


NEAR = 16.0
"""Up to this reach, sites, neighbors are looked for around a cell, site by site; further off, in the whole window."""


@lru_cache(maxsize=64)
def disk(reach: float) -> np.ndarray:
    """Offsets (n, 2) int64 of the sites within `reach` sites, (0, 0) first, nearest first."""
    span, most = range(-int(reach), int(reach) + 1), reach * reach + 1e-9
    sites = sorted((dy * dy + dx * dx, dy, dx) for dy in span for dx in span if dy * dy + dx * dx <= most)
    return np.array([(dy, dx) for _, dy, dx in sites], np.int64)


@kernel
def around(y: int, x: int, me: int, offsets: np.ndarray, layers: Layers) -> np.ndarray:
    """Rows of the cells at some offsets from site (y, x), of all layers, in order, without row `me`: (n,) int64."""
    out = np.empty(3 * offsets.shape[0], np.int64)
    n = 0
    ny = layers.tissue.shape[0] - 2 * PAD
    nx = layers.tissue.shape[1] - 2 * PAD
    for k in range(offsets.shape[0]):
        ty = y + offsets[k, 0]
        tx = x + offsets[k, 1]
        if ty < 0 or ty >= ny or tx < 0 or tx >= nx:
            continue
        for layer in (layers.tissue, layers.leukocyte, layers.vessel):
            row = layer[ty + PAD, tx + PAD]
            if row >= 0 and row != me:
                out[n] = row
                n += 1
    return out[:n]


def within(y: int, x: int, me: int, reach: float, layers: Layers) -> np.ndarray:
    """Rows of the cells within `reach` sites of site (y, x), of all layers, nearest first, without row `me`: (n,).

    As `around` with `disk(reach)`, in memory that grows with the tissue and not with the reach.
    """
    if reach <= NEAR:
        return around(y, x, me, disk(reach), layers)
    ny, nx = (size - 2 * PAD for size in layers.tissue.shape)
    span = int(min(reach, ny + nx))
    top, left = max(y - span, 0), max(x - span, 0)
    window = np.s_[top + PAD : min(y + span + 1, ny) + PAD, left + PAD : min(x + span + 1, nx) + PAD]
    rows = np.stack([layer[window] for layer in layers], axis=-1)
    ty, tx, layer = np.nonzero(rows >= 0)
    found = rows[ty, tx, layer].astype(np.int64)
    apart = (ty + top - y) ** 2 + (tx + left - x) ** 2
    chosen = np.flatnonzero((apart <= reach * reach + 1e-9) & (found != me))
    return found[chosen[np.argsort(apart[chosen], kind="stable")]]  # ties in the order of sites, as in `disk`
