"""Chance: known answers, uniformity, and draws that depend on who, when and for what alone."""

import numpy as np
import pytest
from scipy import stats

from tmesim.kernels import chance
from tmesim.kernels.compiling import kernel

U = np.uint64


@kernel
def block(c0, c1, c2, c3, key):
    return chance.philox(c0, c1, c2, c3, key)


@kernel
def many(key, n, step, index):
    out = np.empty(n)
    for i in range(n):
        w, _, _, _ = chance.draw(key, np.uint64(i), step, index)
        out[i] = chance.unit(w)
    return out


@kernel
def side_by_side(key, identities, step, index):
    pairs = np.empty((2, identities.size), np.uint64)
    chance.draw_many(key, identities, identities.size, np.uint64(step), np.uint64(index), pairs)
    words = np.empty((4, identities.size), np.uint64)
    for i in range(identities.size):
        words[0, i], words[1, i] = chance.split(pairs[0, i])
        words[2, i], words[3, i] = chance.split(pairs[1, i])
    return words


@kernel
def one_by_one(key, identities, step, index):
    words = np.empty((4, identities.size), np.uint64)
    for i in range(identities.size):
        words[0, i], words[1, i], words[2, i], words[3, i] = chance.draw(key, identities[i], step, index)
    return words


@kernel
def ids(n, b):
    out = np.empty(n, np.uint64)
    for i in range(n):
        out[i] = chance.identity_of(np.uint64(i), b, 0, chance.BIRTH)
    return out


@kernel
def orders(n):
    """How often each of the six orders of three rows comes out."""
    tally = np.zeros(27, np.int64)
    rows = np.empty(3, np.int64)
    for i in range(n):
        rows[0], rows[1], rows[2] = 0, 1, 2
        w0, w1, _, _ = chance.draw(np.uint64(5), np.uint64(i), 0, 0)
        chance.shuffle(rows, 3, w0, w1)
        tally[rows[0] * 9 + rows[1] * 3 + rows[2]] += 1
    return tally


@kernel
def poissons(n, mean):
    out = np.empty(n)
    for i in range(n):
        w, _, _, _ = chance.draw(np.uint64(9), np.uint64(i), 0, 0)
        out[i] = chance.poisson(w, mean)
    return out


FULL = 0xFFFFFFFF
# from the authors' distribution of Random123 (kat_vectors, philox4x32 10)
KNOWN = [
    ((0, 0, 0, 0), (0, 0), (0x6627E8D5, 0xE169C58D, 0xBC57AC4C, 0x9B00DBD8)),
    ((FULL,) * 4, (FULL, FULL), (0x408F276D, 0x41C83B0E, 0xA20BC7C6, 0x6D5451FD)),
    (
        (0x243F6A88, 0x85A308D3, 0x13198A2E, 0x03707344),
        (0xA4093822, 0x299F31D0),
        (0xD16CFE09, 0x94FDCCEB, 0x5001E420, 0x24126EA1),
    ),
]


@pytest.mark.parametrize(("counter", "key", "words"), KNOWN)
def test_philox_gives_its_known_answers(counter, key, words):
    found = block(*(U(c) for c in counter), U(key[1] << 32 | key[0]))
    assert tuple(int(w) for w in found) == words


def test_draws_are_uniform_for_neighboring_cells_steps_and_indices():
    key = chance.key_of(1, "event")
    for step, index in ((0, 0), (1, 0), (0, 1), (10_000, 7)):
        assert stats.kstest(many(key, 20_000, step, index), "uniform").pvalue > 1e-3


@pytest.mark.parametrize("n", [1, 7, 256])
@pytest.mark.parametrize(("step", "index"), [(0, 0), (1234, 3), (2**32 + 5, 2)])
def test_draws_side_by_side_are_those_one_by_one(n, step, index):
    identities = np.random.default_rng(n).integers(1, 2**63, n).astype(U) * U(2) + U(1)
    key = chance.key_of(3, "event")
    assert (side_by_side(key, identities, step, index) == one_by_one(key, identities, step, index)).all()


def test_purposes_tissues_and_seeds_do_not_share_their_luck():
    keys = [
        chance.key_of(1, "event"),
        chance.key_of(1, "push"),
        chance.key_of(2, "event"),
        chance.key_of(1, "event", "bone"),
    ]
    assert len({int(k) for k in keys}) == 4
    drawn = np.array([many(k, 20_000, 3, 0) for k in keys])
    correlation = np.corrcoef(drawn) - np.eye(4)
    assert np.abs(correlation).max() < 4.5 / np.sqrt(20_000)


def test_a_key_is_the_same_for_ever():
    assert int(chance.key_of(1, "event", "breast")) == 0xA777C5273DB15050


def test_identities_do_not_collide_and_are_never_nobody():
    made = np.concatenate([ids(200_000, b) for b in range(3)])
    assert np.unique(made).size == made.size
    assert (made != 0).all()


def test_shuffle_gives_every_order_equally_often():
    tally = orders(60_000)
    assert (tally > 0).sum() == 6
    assert stats.chisquare(tally[tally > 0]).pvalue > 1e-3


@pytest.mark.parametrize("mean", [0.01, 0.7, 4.0])
def test_poisson_has_its_mean_and_variance(mean):
    drawn = poissons(100_000, mean)
    error = np.sqrt(mean / drawn.size)
    assert abs(drawn.mean() - mean) < 4.5 * error
    assert drawn.var() == pytest.approx(mean, rel=0.05)
