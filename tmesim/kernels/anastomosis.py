"""Anastomosis: which segment a tip makes for, and which it may not join.

A tip that comes near a segment of another vessel grows to it and joins it. Its own sprout is no partner: what a tip
reaches along the links within the least length of a loop is its kin, from which it bends away.
"""

import numpy as np

from tmesim.kernels.arrays import ALONG_X, ALONG_Y, PAD
from tmesim.kernels.compiling import inner

MOST_KIN = 96  # segments that are kept as kin of a tip; the nearest are found first


@inner
def kin_of(y, x, most, links, kin):
    """The segments that (y, x) reaches over at most `most` links, itself first, as y · nx + x; their number.

    kin : (MOST_KIN,) int64, overwritten
    """
    nx = links.shape[1]
    kin[0] = y * nx + x
    n = 1
    first = 0  # of those that were reached in the round before
    for _ in range(most):
        last = n
        for i in range(first, last):
            sy = kin[i] // nx
            sx = kin[i] % nx
            for d in range(8):
                if links[sy, sx] & np.uint8(1 << d):
                    other = (sy + ALONG_Y[d]) * nx + sx + ALONG_X[d]
                    if n < MOST_KIN and not among(other, kin, n):
                        kin[n] = other
                        n += 1
        first = last
    return n


@inner
def among(site, kin, n):
    """Whether a site is one of the first n of `kin`."""
    for i in range(n):
        if kin[i] == site:
            return True
    return False


@inner
def partner_from(y, x, reach, word, kin, n, layers):
    """Direction towards the nearest segment within `reach` sites that is no kin, or -1; `word` decides between equals.

    A path that first comes upon kin is none. reach : float, of the distance between middles of sites
    """
    ny = layers.vessel.shape[0] - 2 * PAD
    nx = layers.vessel.shape[1] - 2 * PAD
    over = 1 if word & np.uint32(1) else -1
    along = 1 if word & np.uint32(2) else -1
    best = -1
    nearest = np.int64(reach * reach) + 1
    sites = np.int64(reach)
    for i in range(-sites, sites + 1):
        for j in range(-sites, sites + 1):
            dy = over * i
            dx = along * j
            far = dy * dy + dx * dx
            ty = y + dy
            tx = x + dx
            if far == 0 or far >= nearest or ty < 0 or ty >= ny or tx < 0 or tx >= nx:
                continue
            if layers.vessel[ty + PAD, tx + PAD] < 0 or among(ty * nx + tx, kin, n):
                continue
            d = towards(dy, dx)
            if among((y + ALONG_Y[d]) * nx + x + ALONG_X[d], kin, n):
                continue
            nearest = far
            best = d
    return best


@inner
def towards(dy, dx):
    """The direction of a move, 0 … 7, that points best along an offset."""
    return np.int64(np.round(np.arctan2(-np.float64(dy), np.float64(dx)) / (np.pi / 4.0))) & 7
