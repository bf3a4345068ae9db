"""Chance: counter-based draws (Philox 4x32-10), a pure function of who draws, when and for what.

A draw takes a key (seed, purpose and tissue, hashed once) and a counter (cell id, step, index), so it
does not matter in which order, by which thread or in which row cells draw.

Source of the generator: Salmon et al. 2011, "Parallel random numbers: as easy as 1, 2, 3", SC'11,
doi:10.1145/2063384.2063405; checked on its known-answer vectors.
"""

import hashlib

import numpy as np

from tmesim.kernels.compiling import inline, inner, kernel

LOW = np.uint64(0xFFFFFFFF)
WORD = np.uint64(32)
MULTIPLIER_0 = np.uint64(0xD2511F53)
MULTIPLIER_1 = np.uint64(0xCD9E8D57)
WEYL_0 = np.uint64(0x9E3779B9)
WEYL_1 = np.uint64(0xBB67AE85)
ROUNDS = 10
UNIT = 2.0**-32
HALF = np.uint64(16)
HALF_MASK = np.uint64(0xFFFF)
HALF_UNIT = 2.0**-16
BIRTH = np.uint64(0x6269727468)  # the key under which identities of daughters are hashed, and those of PRIMARY
PRIMARY = "breast"


def _philox(c0, c1, c2, c3, key):
    """Four random 32-bit words (each in a uint64) for a counter of four words and a 64-bit key."""
    k0 = key & LOW
    k1 = key >> WORD
    for _ in range(ROUNDS):
        p0 = MULTIPLIER_0 * c0
        p1 = MULTIPLIER_1 * c2
        c0 = (p1 >> WORD) ^ c1 ^ k0
        c1 = p1 & LOW
        c2 = (p0 >> WORD) ^ c3 ^ k1
        c3 = p0 & LOW
        k0 = (k0 + WEYL_0) & LOW
        k1 = (k1 + WEYL_1) & LOW
    return c0, c1, c2, c3


philox = kernel(_philox)
_spliced_philox = inline(_philox)  # a call would keep the loop around it from taking several counters at once


@kernel
def draw(key, identity, step, index):
    """Four words for (purpose key, 64-bit identity, step, index)."""
    who = np.uint64(identity)
    return philox(who & LOW, who >> WORD, np.uint64(step) & LOW, np.uint64(index) & LOW, key)


@inner
def draw_many(key, identities, n, step, index, pairs):
    """A draw for each of identities[:n], into pairs[:, :n] (2, …) uint64: words 0 and 1, words 2 and 3.

    The same bits as those of `draw` one by one at a fifth of the cost: the processor takes several at once. Pairs,
    because four rows to write are more than the compiler cares to tell apart.
    """
    for i in range(n):
        who = identities[i]
        w0, w1, w2, w3 = _spliced_philox(who & LOW, who >> WORD, step & LOW, index & LOW, key)
        pairs[0, i] = w1 << WORD | w0
        pairs[1, i] = w3 << WORD | w2


@kernel
def split(pair):
    """The two words of a pair."""
    return pair & LOW, pair >> WORD


@kernel
def unit(word):
    """A 32-bit word as a number in (0, 1)."""
    return (np.float64(word) + 0.5) * UNIT


@kernel
def units(identities, step, key, index):
    """A number in (0, 1) for each of identities, (n,) float64."""
    out = np.empty(identities.size)
    for i in range(identities.size):
        w0, _, _, _ = draw(key, identities[i], step, index)
        out[i] = unit(w0)
    return out


@kernel
def high(word):
    """The upper half of a 32-bit word as a number in (0, 1), in steps of 2⁻¹⁶."""
    return (np.float64(word >> HALF) + 0.5) * HALF_UNIT


@kernel
def low(word):
    """The lower half of a 32-bit word as a number in (0, 1), in steps of 2⁻¹⁶."""
    return (np.float64(word & HALF_MASK) + 0.5) * HALF_UNIT


@kernel
def below(word, n):
    """A 32-bit word as a whole number in 0 … n − 1 (bias under n / 2³²)."""
    return np.int64((word * np.uint64(n)) >> WORD)


@kernel
def identity_of(a, b, c, origin):
    """A 64-bit identity from two numbers and a third: (mother, division number) or (site, step, index).

    origin : BIRTH for a daughter, whose mother has an identity of her own; for a cell that nobody bore the key of its
    tissue (see `origin_of`), so that those of two tissues differ. Never 0, which means nobody.
    """
    who = np.uint64(a)
    w0, w1, _, _ = philox(who & LOW, who >> WORD, np.uint64(b) & LOW, np.uint64(c) & LOW, origin)
    made = (w1 << WORD) | w0
    return made if made != np.uint64(0) else np.uint64(1)


@kernel
def stray(z, spread, word):
    """A number in (0, 1) whose odds are those of z times (u / (1 − u))^spread, u uniform; 0 and 1 stay."""
    if not (spread > 0.0 and 0.0 < z < 1.0):
        return np.float64(z)
    u = unit(word)
    odds = z / (1.0 - z) * (u / (1.0 - u)) ** spread
    return odds / (1.0 + odds)


@kernel
def poisson(word, mean):
    """A Poisson number by inversion of one word; for means up to about 15 (entries per hour are below 1)."""
    u = unit(word)
    p = np.exp(-mean)
    total = p
    n = 0
    while u > total and n < 64:
        n += 1
        p *= mean / n
        total += p
    return n


@kernel
def shuffle(rows, n, word_0, word_1):
    """Fisher-Yates over rows[:n] in place, driven by a 64-bit linear generator seeded with two words."""
    state = (word_0 << WORD) | word_1 | np.uint64(1)
    for i in range(n - 1, 0, -1):
        state = state * np.uint64(6364136223846793005) + np.uint64(1442695040888963407)
        j = np.int64(((state >> WORD) * np.uint64(i + 1)) >> WORD)
        kept = rows[i]
        rows[i] = rows[j]
        rows[j] = kept


def origin_of(tissue: str) -> np.uint64:
    """The key under which the identities of cells that come into being in a tissue are hashed; that of PRIMARY is
    BIRTH, so that organs beside it leave its cells the identities that they have without them."""
    return BIRTH if tissue == PRIMARY else key_of(0, "identity", tissue)


def key_of(seed: int, purpose: str, tissue: str = PRIMARY) -> np.uint64:
    """The 64-bit key of a purpose in a tissue under a seed: stable for ever for these three."""
    digest = hashlib.blake2b(f"{seed}|{purpose}|{tissue}".encode(), digest_size=8).digest()
    return np.uint64(int.from_bytes(digest, "little"))
