"""The multigrid kernels by themselves: geometry, conservation, the local root, and the plain twin."""

import os
import subprocess
import sys

import numpy as np
import pytest

from tmesim.kernels import coarsening, lattice_rows, multigrid

SIZES = [4, 5, 7, 16, 187, 200, 333, 512, 1500]


@pytest.mark.parametrize("size", SIZES)
def test_every_size_coarsens_to_one_site(size):
    levels = coarsening.level_table(size, 5)
    assert tuple(levels[0, :2]) == (size, 5)
    assert tuple(levels[-1, :2]) == (1, 1)
    assert np.all(levels[1:, 0] == (levels[:-1, 0] + 1) // 2)


def _axis(size, rate=3.0, face=0.0):
    lengths = coarsening.level_table(size, size)[:, 0]
    flat = coarsening.make_axis(lengths, rate, face)
    begins = np.cumsum(lengths) - lengths
    return [flat[8 * b : 8 * (b + n)].reshape(8, n) for b, n in zip(begins, lengths, strict=True)]


@pytest.mark.parametrize("size", SIZES)
def test_coarse_widths_add_up_to_the_tissue(size):
    for table in _axis(size):
        assert table[coarsening.WIDTH].sum() == size


@pytest.mark.parametrize("size", SIZES)
def test_couplings_of_an_axis_are_symmetric(size):
    for table in _axis(size):
        np.testing.assert_array_equal(table[coarsening.BEFORE, 1:], table[coarsening.AFTER, :-1])


@pytest.mark.parametrize("size", SIZES)
def test_interpolation_is_exact_for_a_straight_line(size):
    """Away from the edges, where the value outside is not known."""
    tables = _axis(size)
    widths = [table[coarsening.WIDTH].astype(float) for table in tables]
    centers = [np.cumsum(w) - w / 2 for w in widths]
    for table, coarse, fine in zip(tables[1:], centers[1:], centers, strict=False):
        before = np.concatenate([[0], coarse[:-1]])
        after = np.concatenate([coarse[1:], [0]])
        first = table[coarsening.OWN_FIRST] * coarse + table[coarsening.OTHER_FIRST] * before
        second = table[coarsening.OWN_SECOND] * coarse + table[coarsening.OTHER_SECOND] * after
        np.testing.assert_allclose(first[1:], fine[::2][1:], rtol=1e-6, atol=0)
        inner = min(len(fine) // 2, len(coarse) - 1)
        np.testing.assert_allclose(second[:inner], fine[1::2][:inner], rtol=1e-6, atol=0)


def test_the_local_root_solves_its_balance():
    rng = np.random.default_rng(1)
    for _ in range(300):
        b, diagonal, half_max, vmax = (10.0 ** rng.uniform(low, 6) for low in (-3, 1, -2, -2))
        c = float(lattice_rows.settle(*map(np.float32, (b, diagonal, half_max, vmax))))
        terms = np.array([diagonal * c, vmax * c / (half_max + c)])
        assert c >= 0
        np.testing.assert_allclose(terms.sum(), b, rtol=3e-5, atol=0)
    assert lattice_rows.settle(*map(np.float32, (0, 10, 1, 5))) == 0


@pytest.mark.parametrize("shape", [(4, 6), (5, 7), (1, 1)])
def test_parted_columns_are_even_ones_then_odd_ones_and_join_again(shape):
    table = np.random.default_rng(4).uniform(1, 2, shape).astype(np.float32)
    parted = np.zeros((shape[0], coarsening.parted_width(shape[1])), dtype=np.float32)
    lattice_rows.part(table, parted)
    half = parted.shape[1] // 2
    np.testing.assert_array_equal(parted[:, :half], table[:, ::2])
    np.testing.assert_array_equal(parted[:, half : half + shape[1] // 2], table[:, 1::2])
    joined = np.zeros_like(table)
    lattice_rows.join(parted, joined)
    np.testing.assert_array_equal(joined, table)


@pytest.mark.parametrize("shape", [(1, 1), (2, 3), (5, 4), (9, 12)])
def test_what_a_balance_divides_by_is_the_loss_and_all_couplings(shape):
    rows, cols = (_axis(n, 30.0, face=7.0)[0] for n in shape)
    loss = np.random.default_rng(5).uniform(1, 2, shape).astype(np.float32)
    expected = 1 / (loss + 3 + np.outer(rows[coarsening.TOTAL], cols[coarsening.WIDTH])
                    + np.outer(rows[coarsening.WIDTH], cols[coarsening.TOTAL]))  # fmt: skip
    parted = np.zeros((shape[0], coarsening.parted_width(shape[1])), dtype=np.float32)
    lattice_rows.part(loss, parted)
    lattice_rows.invert(parted, np.float32(3), rows, cols)
    lattice_rows.join(parted, loss)
    np.testing.assert_allclose(loss, expected, rtol=1e-6, atol=0)


def _measured(table, rate, hold=0.0, level=0.0):
    """What the finest lattice hands down, for pure diffusion of a table."""
    rows, cols = table.shape
    axes = [_axis(n, rate)[:2] for n in (rows, cols)]
    width, height, length = coarsening.parted_width(cols), (rows + 1) // 2, (cols + 1) // 2
    c, previous, zeros = np.zeros((3, rows, width), dtype=np.float32)
    lattice_rows.part(table, c)
    error, load, drain = np.zeros((3, height, coarsening.parted_width(length)), dtype=np.float32)
    scratch = np.zeros((lattice_rows.SCRATCH_LINES, width + 2), dtype=np.float32)
    (across, across_coarse), (along, along_coarse) = axes
    multigrid._pass_through(
        c, previous, c, zeros, zeros, zeros, zeros, zeros, np.float32(1), np.float32(0), np.float32(rate),
        np.float32(hold), np.float32(level), False, across, along, across_coarse, along_coarse, error, load, drain,
        True, True, 0, scratch,
    )  # fmt: skip
    return load


@pytest.mark.parametrize("shape", [(64, 64), (33, 57), (4, 187)])
def test_the_flux_operator_conserves_mass_to_round_off(shape):
    c = np.random.default_rng(2).uniform(0, 40, shape).astype(np.float32)
    flux = _measured(c, rate=32000.0).astype(np.float64)
    assert abs(flux.sum()) < 1e-6 * np.abs(flux).sum()
    assert np.abs(flux).sum() > 0


@pytest.mark.parametrize("shape", [(64, 64), (33, 57)])
def test_a_uniform_field_has_no_flux_at_all(shape):
    assert np.all(_measured(np.full(shape, 7.3, dtype=np.float32), 32000.0, hold=64000.0, level=7.3) == 0)


TWIN = """
import numpy as np
from tmesim.tissue.fields import Fields, FieldSpec
oxygen = FieldSpec("oxygen", 7.2e6, edge="robin", level=40.0, exchange=1e5, half_max=1.0)
fields = Fields(["oxygen"], (9, 7), 15.0, [oxygen])
rng = np.random.default_rng(3)
fields.vmax[0] = rng.choice([0, 1e5], (9, 7))
fields.loss[0, 4, 3] = 1e5
fields.source[0, 4, 3] = 4e6
fields.solve(tol=1e-5)
"""


def test_the_plain_twin_agrees():
    """The same file run by the interpreter, without numba (which would notice the variable in this process too)."""
    printed = subprocess.run(
        [sys.executable, "-c", TWIN + "print(fields['oxygen'].tobytes().hex())"],
        env=os.environ | {"NUMBA_DISABLE_JIT": "1"}, capture_output=True, text=True, check=True,
    )  # fmt: skip
    twin = np.frombuffer(bytes.fromhex(printed.stdout.strip()), dtype=np.float32).reshape(9, 7)
    here = {}
    exec(TWIN, here)
    np.testing.assert_allclose(here["fields"]["oxygen"], twin, rtol=2e-5, atol=0)
