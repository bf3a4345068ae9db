"""Fields against theory: exponentials, K₀, eigenmodes, order two, balance, and direct solves of the same equations."""

import copy
import pickle

import numpy as np
import pytest
import scipy.sparse as sparse
from scipy.sparse.linalg import spsolve
from scipy.special import k0

from tmesim.tissue.fields import Fields, FieldSpec, SolveError

EDGES = {
    "zero_flux": {"edge": "zero_flux"},
    "dirichlet": {"edge": "dirichlet", "level": 4.0},
    "robin": {"edge": "robin", "level": 4.0, "exchange": 3e3},
}


def make_field(shape, spacing=15.0, **spec):
    """Fields with a single one, named c."""
    return Fields(["c"], shape, spacing, [FieldSpec("c", **spec)])


def jumping(shape, stiff=1e5, vmax=3e4, seed=0, half_max=1.0, **edge):
    """Oxygen with vessels in single sites at level 40 and uptake that jumps from site to site."""
    rng = np.random.default_rng(seed)
    fields = make_field(shape, diffusion=7.2e6, half_max=half_max, start=20.0, **edge)
    vessel = rng.random(shape) < 0.03
    fields.loss[0] = np.where(vessel, stiff, 0)
    fields.source[0] = np.where(vessel, 40 * stiff, 0)
    if half_max is None:
        fields.loss[0] += np.where(rng.random(shape) < 0.7, 800, 1)
    else:
        fields.vmax[0] = np.where(rng.random(shape) < 0.7, vmax * rng.lognormal(0, 0.5, shape), 0)
    return fields


def direct(fields):
    """The same discrete equations in float64, by sparse LU, and Newton where uptake saturates."""
    spec = fields.specs[0]
    h = fields.spacing
    rate = spec.diffusion / h**2
    resistance = {"zero_flux": np.inf, "dirichlet": h / 2 / spec.diffusion, "robin": 0.0}[spec.edge]
    if spec.edge == "robin":
        resistance = h / 2 / spec.diffusion + 1 / spec.exchange
    hold = 1 / (resistance * h)

    def line(n):
        ends = np.zeros(n)
        ends[[0, -1]] = hold
        step = sparse.diags([-np.ones(n - 1), np.ones(n - 1)], [0, 1], shape=(n - 1, n))
        return rate * (step.T @ step) + sparse.diags(ends), ends

    (rows, row_ends), (cols, col_ends) = map(line, fields.shape)
    operator = sparse.kron(rows, sparse.eye(fields.shape[1])) + sparse.kron(sparse.eye(fields.shape[0]), cols)
    loss = fields.loss[0].astype(float).ravel()
    supply = fields.source[0].astype(float) + spec.level * (row_ends[:, None] + col_ends[None, :])
    supply = supply.ravel()
    if spec.half_max is None:
        return spsolve((operator + sparse.diags(loss)).tocsc(), supply).reshape(fields.shape)
    vmax = fields.vmax[0].astype(float).ravel()
    c = np.full(loss.size, 20.0)
    for _ in range(60):
        slope = vmax * spec.half_max / (spec.half_max + c) ** 2
        uptake = vmax * c / (spec.half_max + c)
        new = spsolve((operator + sparse.diags(loss + slope)).tocsc(), supply - uptake + slope * c)
        new = np.maximum(new, 0)
        moved, c = np.abs(new - c).max(), new
        if moved < 1e-10 * c.max():
            return c.reshape(fields.shape)
    raise AssertionError("the reference did not converge")


def error(fields, reference):
    return np.abs(fields["c"] - reference).max() / reference.max()


# --- theory ---


def test_a_plane_source_decays_exponentially():
    fields = make_field((4, 600), spacing=5.0, diffusion=1e5, decay=10.0)
    fields.source[0, :, 0] = 1000.0
    fields.solve(tol=1e-6)
    x = 5.0 * np.arange(600)
    length = np.sqrt(1e5 / 10.0)
    near = x < 4 * length
    profile = fields["c"][1]
    np.testing.assert_allclose(profile[near] / profile[0], np.exp(-x[near] / length), rtol=2e-3, atol=0)
    # What is made in a column leaves it: c at the source is source · h · L / D.
    np.testing.assert_allclose(profile[0], 1000 * 5 * length / 1e5, rtol=0.03, atol=0)
    np.testing.assert_allclose(fields["c"][:, near], profile[None, near].repeat(4, axis=0), rtol=1e-5, atol=0)


def test_a_point_source_gives_the_bessel_function_k0():
    n, h, diffusion, decay = 301, 4.0, 1e5, 1e5 / 120.0**2
    fields = make_field((n, n), spacing=h, diffusion=diffusion, decay=decay, edge="dirichlet")
    fields.source[0, n // 2, n // 2] = 1e4
    fields.solve(tol=1e-6)
    y, x = np.mgrid[:n, :n] - n // 2
    r = h * np.hypot(x, y)
    ring = (r > 7 * h) & (r < 240)
    theory = 1e4 * h**2 / (2 * np.pi * diffusion) * k0(r[ring] / 120.0)
    np.testing.assert_allclose(fields["c"][ring], theory, rtol=5e-3, atol=0)


def test_a_sum_of_eigenmodes_decays_mode_by_mode_in_time():
    rows, cols, dt, decay = 33, 50, 0.5, 0.3
    fields = make_field((rows, cols), diffusion=9e3, decay=decay, slow=True)
    rate = 9e3 / 15.0**2
    expected = np.full((rows, cols), 10.0 / (1 + dt * decay) ** 3)
    start = np.full((rows, cols), 10.0)
    for p, q, height in [(1, 0, 3.0), (2, 3, 2.0), (0, 7, 1.5)]:
        mode = np.cos(np.pi * p * (np.arange(rows) + 0.5) / rows)[:, None] * np.cos(
            np.pi * q * (np.arange(cols) + 0.5) / cols
        )
        speed = 2 * rate * (2 - np.cos(np.pi * p / rows) - np.cos(np.pi * q / cols))
        start += height * mode
        expected += height * mode / (1 + dt * (decay + speed)) ** 3
    fields["c"][:] = start
    for _ in range(3):
        fields.solve(dt, tol=1e-6)
    np.testing.assert_allclose(fields["c"], expected, rtol=1e-5, atol=0)


@pytest.mark.parametrize("edge", EDGES)
def test_the_error_falls_with_the_square_of_the_spacing(edge):
    size, diffusion, decay = 960.0, 1e5, 2.0
    errors = []
    for n in (16, 32, 64):
        h = size / n
        x = (np.arange(n) + 0.5) / n
        if edge == "zero_flux":
            wave, spec = np.pi, {"edge": edge}
            line = np.cos(np.pi * x)
            offset = 60.0  # keeps the source positive
        elif edge == "dirichlet":
            wave, spec = np.pi, {"edge": edge, "level": 2.0}
            line, offset = np.sin(np.pi * x), 2.0
        else:
            wave, offset = 1.7, 0.0
            line = np.cos(wave * (x - 0.5))
            spec = {"edge": edge, "level": 0.0, "exchange": wave * np.tan(wave / 2) * diffusion / size}
        bump = line[:, None] * line[None, :]
        fields = make_field((n, n), spacing=h, diffusion=diffusion, decay=decay, **spec)
        fields.source[0] = decay * offset + (decay + 2 * diffusion * (wave / size) ** 2) * bump
        fields.solve(tol=1e-7)
        errors.append(np.abs(fields["c"] - (offset + bump)).max())
    orders = np.log2(np.array(errors[:-1]) / errors[1:])
    assert np.all(np.abs(orders - 2) < 0.25), (errors, orders)


def test_oxygen_reaches_as_far_as_zero_order_consumption_lets_it():
    """A wall at 40 mmHg and tissue that consumes M: the profile is a parabola, empty at sqrt(2 D c / M)."""
    diffusion, consumption, h = 7.2e6, 28800.0, 4.0
    fields = make_field((4, 80), spacing=h, diffusion=diffusion, half_max=0.002, start=40.0)
    fields.vmax[0] = consumption
    fields.loss[0, :, 0] = 1e9
    fields.source[0, :, 0] = 40e9
    fields.solve(tol=1e-6)
    x = h * np.arange(80)
    profile = fields["c"][2]
    reach = np.sqrt(2 * diffusion * 40 / consumption)
    parabola = 40 * (1 - x / reach) ** 2
    inside = x < 0.6 * reach
    np.testing.assert_allclose(profile[inside], parabola[inside], rtol=0.01, atol=0)
    # The root of the profile is a straight line that ends at the reach.
    slope, top = np.polyfit(x[inside], np.sqrt(profile[inside]), 1)
    np.testing.assert_allclose(-top / slope, reach, rtol=0.01, atol=0)
    assert np.all(profile[x > 1.1 * reach] < 0.002)


@pytest.mark.parametrize("edge", EDGES)
@pytest.mark.parametrize("shape", [(4, 4), (33, 50), (64, 64)])
@pytest.mark.parametrize("saturates", [False, True])
def test_a_uniform_field_stays_uniform(edge, shape, saturates):
    fields = make_field(shape, diffusion=2e5, half_max=1.0 if saturates else None, start=4.0, **EDGES[edge])
    fields.loss[0] = 0.5
    fields.source[0] = 2.0
    if saturates:
        fields.vmax[0] = 10.0
        fields.source[0] += 8.0
    for _ in range(3):
        fields.solve()
    np.testing.assert_allclose(fields["c"], 4.0, rtol=2e-6, atol=0)


@pytest.mark.parametrize("edge", EDGES)
def test_a_uniform_field_is_found_from_nothing(edge):
    """Also where loss is so small beside diffusion that float32 cannot add the two."""
    fields = make_field((45, 62), diffusion=7.2e6, decay=1e-3, **EDGES[edge])
    fields.source[0] = 4e-3
    fields.solve()
    np.testing.assert_allclose(fields["c"], 4.0, rtol=2e-4, atol=0)


# --- the same equations solved directly ---


@pytest.mark.parametrize("edge", EDGES)
@pytest.mark.parametrize("shape", [(4, 5), (31, 47), (65, 64), (20, 101)])
def test_linear_fields_with_jumps_agree_with_a_direct_solve(shape, edge):
    fields = jumping(shape, stiff=1e6, half_max=None, seed=5, **EDGES[edge])
    fields.source[0, 1, 1] += 1e4
    reports = fields.solve()
    assert error(fields, direct(fields)) < 3e-4
    assert reports[0].converged
    assert reports[0].cycles <= 15


@pytest.mark.parametrize("stiff, vmax", [(1e4, 3e4), (1e5, 3e4), (1e6, 1.1e5)])
@pytest.mark.parametrize("edge", ["zero_flux", "robin"])
def test_saturating_uptake_agrees_with_newton(stiff, vmax, edge):
    fields = jumping((61, 80), stiff, vmax, seed=6, **EDGES[edge])
    reports = fields.solve()
    assert error(fields, direct(fields)) < 3e-4
    assert fields["c"].min() >= 0
    assert reports[0].cycles <= 15


def test_uptake_far_above_the_supply_neither_overshoots_nor_stalls():
    fields = jumping((50, 50), stiff=1e4, vmax=1e6, seed=7)
    fields["c"][:] = 1000.0
    fields.solve()
    assert error(fields, direct(fields)) < 3e-4
    assert fields["c"].min() >= 0


def test_a_stiff_sink_on_the_border_of_all_coarse_sites_is_no_trap():
    """Column 63 ends a coarse site on every level; with few sweeps of those the cycles would diverge."""
    fields = make_field((119, 6), diffusion=1.455e6)
    fields.loss[0] = np.where(np.random.default_rng(12).random((119, 6)) < 0.95, 3e-4, 0)
    for site in [(0, 0), (14, 3), (63, 3)]:
        fields.loss[0][site], fields.source[0][site] = 1.26e5, 40 * 1.26e5
    assert fields.solve()[0].cycles <= 20
    assert error(fields, direct(fields)) < 3e-4


def test_a_warm_start_ends_where_a_cold_one_does_and_sooner():
    warm = jumping((90, 77), seed=8)
    cold_cycles = warm.solve()[0].cycles
    change = np.random.default_rng(9).random(warm.shape) < 0.05
    warm.vmax[0][change] = 1e4
    cold = jumping((90, 77), seed=8)
    cold.vmax[0][change] = 1e4
    warm_cycles = warm.solve()[0].cycles
    cold.solve()
    assert error(warm, cold["c"]) < 2e-4
    assert warm_cycles < cold_cycles
    assert warm.solve()[0].cycles == 1


# --- balance ---


@pytest.mark.parametrize("reach", [1.0, 4.0, 20.0, 60.0])
@pytest.mark.parametrize("half_max", [None, 1.0])
def test_a_solve_stops_within_its_tolerance_of_a_far_tighter_one(half_max, reach):
    """Also where it stops because little is left to change, though its last change was larger."""
    rng = np.random.default_rng(8)
    spec = FieldSpec("c", 225.0 * reach**2, decay=1.0, edge="robin", level=1.0, exchange=5.0, half_max=half_max)
    fields = Fields(["c"], (70, 90), 15.0, [spec])
    by_foresight = 0
    for _ in range(8):
        fields.source[0] = np.where(rng.random(fields.shape) < 0.05, rng.lognormal(3.0, 1.0, fields.shape), 0.0)
        if half_max is not None:
            fields.vmax[0] = np.where(rng.random(fields.shape) < 0.5, 3.0, 0.0)
        (report,) = fields.solve(tol=1e-4)
        by_foresight += report.change > 1e-4
        tight = copy.deepcopy(fields)
        tight.solve(tol=2e-6)
        assert np.abs(fields["c"] - tight["c"]).max() < 1e-4 * tight["c"].max()
    assert by_foresight


@pytest.mark.parametrize("edge", EDGES)
@pytest.mark.parametrize("half_max", [None, 1.0])
def test_what_is_made_is_used_or_leaves(edge, half_max):
    fields = jumping((57, 64), half_max=half_max, seed=10, **EDGES[edge])
    report = fields.solve()[0]
    balance = fields.mass_balance("c")
    assert abs(balance.error) <= report.residual
    assert balance.production > 0
    assert (balance.edge_flux == 0) == (edge == "zero_flux")


def test_a_slow_field_stores_the_rest():
    fields = make_field((40, 31), diffusion=9e3, decay=0.1, slow=True, edge="dirichlet", level=1.0)
    fields.source[0, 20, 11] = 500.0
    fields.solve(1.0, tol=1e-6)
    balance = fields.mass_balance("c")
    assert balance.storage > 0.5 * balance.production
    assert abs(balance.error) < 1e-5


def test_a_slow_field_ends_at_the_balance_of_a_fast_one():
    slow = make_field((30, 41), diffusion=9e3, decay=0.5, slow=True)
    slow.source[0, 10:12, 30] = 500.0
    fast = copy.deepcopy(slow)
    fast.solve()
    for _ in range(40):
        slow.solve(2.0)
    assert error(slow, fast["c"]) < 2e-4


def test_a_slow_field_that_nothing_makes_any_more_falls_to_nothing():
    """Unevenly: cells that take it up lie scattered. Its solver's numbers end at 1e-30."""
    fields = make_field((40, 40), diffusion=1800, decay=0.05, slow=True)
    rng = np.random.default_rng(4)
    fields.loss[0] += np.where(rng.random((40, 40)) < 0.1, 20.0, 0.0).astype(np.float32)
    fields.source[0, ::7, ::5] = 6e-5
    for _ in range(5):
        fields.solve(1.0)
    fields.source[0] = 0.0
    highest = []
    for _ in range(110):
        fields.solve(1.0)
        highest.append(float(fields["c"].max()))
    assert 0 < highest[20] < 1e-2 * highest[0] and highest[-1] == 0 and np.all(np.diff(highest) <= 0)


# --- what cannot be solved ---


def test_a_sealed_field_without_loss_is_an_error():
    fields = make_field((12, 9), diffusion=1e4)
    fields.source[0] = 1.0
    with pytest.raises(ValueError, match="field c: zero-flux edges and no loss"):
        fields.solve()


def test_what_nothing_makes_or_takes_evens_out():
    fields = make_field((12, 9), diffusion=1e4)
    fields["c"][:6] = 3.0
    fields.solve()
    np.testing.assert_allclose(fields["c"], 1.5, rtol=1e-6, atol=0)


def test_a_sealed_field_without_loss_can_take_a_step_in_time():
    fields = make_field((12, 9), diffusion=1e4, slow=True)
    fields.source[0] = 3.0
    fields.solve(2.0)
    np.testing.assert_allclose(fields["c"], 6.0, rtol=1e-5, atol=0)


def test_sources_beyond_what_uptake_can_take_are_an_error():
    fields = make_field((12, 9), diffusion=1e6, half_max=1.0, start=1.0)
    fields.vmax[0] = 10.0
    fields.source[0] = 11.0
    with pytest.raises(ValueError, match="no balance: sources make 1188 an hour, uptake takes at most 1080"):
        fields.solve()


def test_too_few_cycles_are_not_silent():
    fields = jumping((60, 60))
    with pytest.raises(SolveError, match="not converged after 2 cycles") as caught:
        fields.solve(max_cycles=2)
    assert not caught.value.reports[0].converged


@pytest.mark.parametrize("key, value", [("loss", np.nan), ("source", np.inf), ("vmax", np.nan), ("source", -1e9)])
def test_a_wrong_number_is_named_with_its_site(key, value):
    fields = jumping((20, 20))
    getattr(fields, key)[0, 3, 17] = value
    with pytest.raises((ValueError, SolveError), match=rf"{key} is .* at site \(3, 17\)"):
        fields.solve()


def test_a_field_without_anything_coming_in_is_zero():
    fields = make_field((20, 31), diffusion=1e4, decay=1.0, start=5.0)
    fields.solve()
    assert np.all(fields["c"] == 0)


def test_all_problems_of_a_spec_come_at_once():
    with pytest.raises(ValueError, match=r"edge is 'open'; known: zero_flux.*diffusion is -1.*start is -2"):
        FieldSpec("c", diffusion=-1, edge="open", start=-2)


# --- bits, copies, memory ---


def several(shape=(41, 56)):
    rng = np.random.default_rng(11)
    names = ["oxygen", "a", "b", "slow"]
    specs = [
        FieldSpec("oxygen", 7.2e6, edge="robin", level=40.0, exchange=1e4, half_max=1.0),
        FieldSpec("a", 3e5, decay=1.0),
        FieldSpec("b", 1e5, decay=0.3, edge="dirichlet"),
        FieldSpec("slow", 1e4, decay=0.01, slow=True),
    ]
    fields = Fields(names, shape, 15.0, specs)
    fields.vmax[:] = rng.uniform(0, 3e4, shape)
    fields.source[1:] = rng.uniform(0, 10, (3, *shape))
    return fields


def test_the_bits_do_not_depend_on_threads():
    one, two = several(), several()
    for _ in range(3):
        first = one.solve(1.0)
        second = two.solve(1.0, threads=2)
        assert first == second
    assert one.values.tobytes() == two.values.tobytes()


def test_a_field_does_not_depend_on_its_company():
    fields = several()
    fields.solve(1.0)
    alone = Fields(["b"], fields.shape, 15.0, [fields.specs[2]])
    alone.source[0] = fields.source[2]
    alone.solve(1.0)
    assert alone["b"].tobytes() == fields["b"].tobytes()


def test_state_and_copies_go_on_with_the_same_bits():
    fields = several()
    fields.solve(1.0)
    twins = [copy.deepcopy(fields), pickle.loads(pickle.dumps(fields)), several()]
    twins[2].restore(fields.state())
    fields.solve(1.0)
    for twin in twins:
        twin.solve(1.0)
        assert twin.values.tobytes() == fields.values.tobytes()


def test_names_are_checked():
    fields = several()
    assert "oxygen" in fields
    assert fields["a"].base is not None
    with pytest.raises(KeyError, match="no field 'oxigen'; known: oxygen, a, b, slow"):
        fields["oxigen"]
    with pytest.raises(ValueError, match="must be those of specs"):
        Fields(["a"], (8, 8), 15.0, [FieldSpec("b", 1e4)])
    with pytest.raises(ValueError, match="expected"):
        fields.restore({"a": fields["a"]})


def test_nine_fields_of_1500_squared_stay_under_330_megabytes():
    names = ["oxygen", *"abcdefgh"]
    specs = [FieldSpec(n, 1e5, decay=1.0, half_max=1.0 if n == "oxygen" else None, slow=n == "h") for n in names]
    fields = Fields(names, (300, 300), 15.0, specs)
    fields.source[:] = 1.0
    fields.solve(1.0)
    tables = sum(axis.nbytes for pair in fields._axes for axis in pair)  # these grow with the side, not the area
    assert (fields.nbytes - tables) * 25 + tables * 5 < 330e6
