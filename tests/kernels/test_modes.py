import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.integrate import quad_vec
from scipy.linalg import expm
from scipy.spatial.transform import Rotation

from chowki.kernels import modes as m

SEEDS = st.integers(0, 2**32 - 1)
SIZES = [m.PLANE, m.PLANE_TURNING, m.SPACE, m.SPACE_TURNING]
CURVATURE = 1.0 / 6_371_000.0
UPRIGHT = np.array([0.0, 0.0, 1.0])


def mode(kind=m.STRAIGHT, damping=0.0, horizontal=1.0, vertical=1.0, turn_sd=0.0, q_turn=0.0):
    return np.array([kind, damping, horizontal, vertical, turn_sd, q_turn])


def motion_of(*rows, generator=None, curvature=0.0):
    n = len(rows)
    return np.array(rows), np.zeros((n, n)) if generator is None else generator, curvature


def track(seed, size, speed=60.0, reach=1e4):
    rng = np.random.default_rng(seed)
    n, d = len(size), len(size) // 2
    scale = np.array([30.0] * d + [5.0] * d + [0.05] * (n % 2))
    a = rng.standard_normal((n, n)) * scale[:, None]
    x = rng.uniform(-1.0, 1.0, n) * np.array([reach] * d + [speed] * d + [0.2] * (n % 2))
    return x, a @ a.T + np.diag(1e-3 * scale**2)


def advanced(size, motion, x, p, dt_s, which=0):
    n = len(size)
    out_x, out_p = np.full(n, np.nan), np.full((n, n), np.nan)
    m.advance(size, motion, which, dt_s, x, p, out_x, out_p, np.empty((n, n)), np.empty((n, n)))
    return out_x, out_p


def van_loan(drift, noise, dt_s):
    """F and Q over a time, by a matrix exponential (Van Loan 1978) of a part of it, doubled."""
    n, halvings = len(drift), max(0, math.ceil(math.log2(4.0 * np.abs(drift).max() * dt_s + 1e-9)))
    block = np.block([[-drift, noise], [np.zeros((n, n)), drift.T]])
    whole = expm(block * dt_s / 2**halvings)
    f = whole[n:, n:].T
    q = f @ whole[:n, n:]
    for _ in range(halvings):
        f, q = f @ f, f @ q @ f.T + q
    return f, q


def straight_matrices(d, damping, densities, dt_s):
    zero, eye = np.zeros((d, d)), np.eye(d)
    drift = np.block([[zero, eye], [zero, -damping * eye]])
    noise = np.block([[zero, zero], [zero, densities]])
    return van_loan(drift, noise, dt_s)


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("dt_s", [0.0, 0.7, 12.0])
def test_straight_flight_is_the_textbook_matrix_product(size, dt_s):
    d, (x, p) = len(size) // 2, track(1, size)
    f = np.eye(2 * d)
    f[:d, d:] = dt_s * np.eye(d)
    block = np.array([[dt_s**3 / 3, dt_s**2 / 2], [dt_s**2 / 2, dt_s]])
    q = 2.5 * np.kron(block, np.eye(d))
    got_x, got_p = advanced(size, motion_of(mode(horizontal=2.5, vertical=2.5)), x, p, dt_s)
    known = slice(0, 2 * d)
    np.testing.assert_allclose(got_x[known], f @ x[known], rtol=1e-13)
    np.testing.assert_allclose(got_p[known, known], f @ p[known, known] @ f.T + q, rtol=1e-12)


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("damping", [1e-5, 0.02, 0.5, 4.0])
@pytest.mark.parametrize("dt_s", [0.1, 3.0, 25.0])
def test_a_hover_is_an_ornstein_uhlenbeck_velocity(size, damping, dt_s):
    d, (x, p) = len(size) // 2, track(2, size)
    f, q = straight_matrices(d, damping, 0.8 * np.eye(d), dt_s)
    hover = motion_of(mode(damping=damping, horizontal=0.8, vertical=0.8))
    got_x, got_p = advanced(size, hover, x, p, dt_s)
    known = slice(0, 2 * d)
    np.testing.assert_allclose(got_x[known], f @ x[known], rtol=1e-9)
    # a hardly damped step: first order below SMALL_ANGLE, cancellation just above it (2.4e-4)
    rtol = 3e-4 if damping * dt_s < 0.01 else 1e-9
    np.testing.assert_allclose(got_p[known, known], f @ p[known, known] @ f.T + q, rtol=rtol)


def test_the_noise_of_a_hover_equals_numerical_integration():
    damping, dt_s = 0.5, 4.0

    def density(s):
        gain = np.array([(1.0 - math.exp(-damping * s)) / damping, math.exp(-damping * s)])
        return 3.0 * np.outer(gain, gain)

    want, _ = quad_vec(density, 0.0, dt_s, epsrel=1e-12)
    hover = motion_of(mode(damping=damping, horizontal=3.0))
    _, p = advanced(m.PLANE, hover, np.zeros(4), np.zeros((4, 4)), dt_s)
    np.testing.assert_allclose(p, np.kron(want, np.eye(2)), rtol=1e-11)


def test_noise_along_a_tilted_vertical_is_its_own():
    x = np.array([2e6, -3e6, -1.5e6, 0.0, 0.0, 0.0])
    up = np.array([CURVATURE * x[0], CURVATURE * x[1], 1.0 + CURVATURE * x[2]])
    up /= np.linalg.norm(up)
    assert up[2] < 0.9
    densities = 4.0 * np.eye(3) + (0.5 - 4.0) * np.outer(up, up)
    _, q = straight_matrices(3, 0.0, densities, 2.0)
    tilted = motion_of(mode(horizontal=4.0, vertical=0.5), curvature=CURVATURE)
    _, got = advanced(m.SPACE, tilted, x, np.zeros((6, 6)), 2.0)
    np.testing.assert_allclose(got, q, rtol=1e-12, atol=1e-14)
    flat = motion_of(mode(horizontal=4.0, vertical=0.5))
    _, got = advanced(m.SPACE, flat, x, np.zeros((6, 6)), 2.0)
    np.testing.assert_allclose(np.diag(got), [32 / 3, 32 / 3, 4 / 3, 8.0, 8.0, 1.0], rtol=1e-12)


def test_a_straight_mode_forgets_the_turn_rate():
    x, p = track(3, m.SPACE_TURNING)
    got_x, got_p = advanced(m.SPACE_TURNING, motion_of(mode(turn_sd=0.07)), x, p, 2.0)
    assert got_x[6] == 0.0
    assert got_p[6, 6] == pytest.approx(0.07**2)
    assert not got_p[6, :6].any()
    assert not got_p[:6, 6].any()


def circle(x, dt_s, up):
    """Fly a coordinated turn about a vertical: closed form by a rotation (Rodrigues)."""
    d = len(x) // 2
    v, rate = np.zeros(3), x[2 * d]
    v[:d] = x[d : 2 * d]
    turned = Rotation.from_rotvec(rate * dt_s * up).as_matrix() @ v
    rise = (v @ up) * up
    # the integral of the rotated velocity: up x (v - turned) / rate ... and the climb
    moved = dt_s * v if rate == 0.0 else dt_s * rise + np.cross(up, v - turned) / rate
    return np.concatenate([x[:d] + moved[:d], turned[:d], [rate]])


def up_at(x, curvature):
    up = np.array([curvature * x[0], curvature * x[1], 1.0 + curvature * x[2]])
    return up / np.linalg.norm(up)


TURNS = [
    (m.PLANE_TURNING, 0.0, 1e4),
    (m.SPACE_TURNING, 0.0, 1e4),
    (m.SPACE_TURNING, CURVATURE, 4e6),
]


@pytest.mark.parametrize(("size", "curvature", "reach"), TURNS)
@pytest.mark.parametrize("rate", [0.3, -0.05, 1e-3, 3e-5, 0.0])
@pytest.mark.parametrize("dt_s", [0.5, 2.0, 10.0, -2.0])
def test_a_turn_is_a_circle_and_its_jacobian_that_of_differences(
    size, curvature, reach, rate, dt_s
):
    x, p = track(5, size, reach=reach)
    x[-1], n, d = rate, len(size), len(size) // 2
    up = UPRIGHT if d == 2 else up_at(x, curvature)
    f = np.empty((n, n))
    for k in range(n):
        step = np.eye(n)[k] * (1e-5 if k == n - 1 else 1.0)
        ahead, behind = circle(x + step, dt_s, up), circle(x - step, dt_s, up)
        f[:, k] = (ahead - behind) / (2.0 * step[k])
    turn = motion_of(mode(m.TURN, horizontal=2.0, vertical=2.0, q_turn=1e-4), curvature=curvature)
    sure = np.append(np.ones(n - 1), 0.0)  # of the rate: then the turn is a circle
    got_x, _ = advanced(size, turn, x, sure[:, None] * p * sure, dt_s)
    np.testing.assert_allclose(got_x, circle(x, dt_s, up), rtol=1e-11, atol=1e-9)
    sure[-1] = 1e-4 / abs(dt_s) / math.sqrt(p[-1, -1])  # nearly: then the Jacobian tells
    p = sure[:, None] * p * sure
    _, got_p = advanced(size, turn, x, p, dt_s)
    q = np.zeros((n, n))
    if dt_s > 0.0:
        block = np.array([[dt_s**3 / 3, dt_s**2 / 2], [dt_s**2 / 2, dt_s]])
        q[: 2 * d, : 2 * d] = 2.0 * np.kron(block, np.eye(d))
        q[2 * d, 2 * d] = dt_s * 1e-4
    want = f @ p @ f.T + q
    spread = np.sqrt(np.diag(want))
    assert np.abs((got_p - want) / np.outer(spread, spread)).max() < 1e-6
    assert np.array_equal(got_p, got_p.T)


def test_a_turn_flies_a_closed_circle_of_the_radius_v_over_rate():
    x = np.array([0.0, 0.0, 50.0, 0.0, 2.0 * math.pi / 40.0])
    turn = motion_of(mode(m.TURN))
    sure = np.diag([1.0, 1.0, 1.0, 1.0, 0.0])
    points = [advanced(m.PLANE_TURNING, turn, x, sure, t)[0][:2] for t in range(0, 41, 4)]
    centre, radius = np.array([0.0, 50.0 / x[4]]), 50.0 / x[4]
    np.testing.assert_allclose(np.linalg.norm(points - centre, axis=1), radius, rtol=1e-12)
    np.testing.assert_allclose(points[-1], points[0], atol=1e-9)


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("damping", [0.0, 0.3])
@settings(max_examples=20)
@given(SEEDS, st.floats(0.1, 20.0), st.floats(0.1, 20.0))
def test_two_short_predictions_equal_a_long_one(size, damping, seed, first, second):
    x, p = track(seed, size)
    straight = motion_of(mode(damping=damping, horizontal=4.0, vertical=0.7, turn_sd=0.05))
    x1, p1 = advanced(size, straight, x, p, first)
    x2, p2 = advanced(size, straight, x1, p1, second)
    want_x, want_p = advanced(size, straight, x, p, first + second)
    np.testing.assert_allclose(x2, want_x, rtol=1e-10, atol=1e-8)
    np.testing.assert_allclose(p2, want_p, rtol=1e-7, atol=1e-8)


@pytest.mark.parametrize("size", SIZES)
def test_going_back_undoes_going_on_but_for_the_noise(size):
    x, p = track(6, size)
    quiet = motion_of(mode(horizontal=0.0, vertical=0.0))
    d = 2 * (len(size) // 2)
    x1, p1 = advanced(size, quiet, x, p, 4.0)
    x2, p2 = advanced(size, motion_of(mode(horizontal=9.0)), x1, p1, -4.0)
    np.testing.assert_allclose(x2[:d], x[:d], rtol=1e-12)
    np.testing.assert_allclose(p2[:d, :d], p[:d, :d], rtol=1e-9, atol=1e-9)


@st.composite
def generators(draw):
    n = draw(st.integers(1, 4))
    rates = np.random.default_rng(draw(SEEDS)).exponential(draw(st.floats(1e-3, 2.0)), (n, n))
    np.fill_diagonal(rates, 0.0)
    return rates - np.diag(rates.sum(axis=1))


def transition(generator, dt_s):
    out = np.full(generator.shape, np.nan)
    m.transition(generator, dt_s, out)
    return out


@settings(max_examples=80)
@given(generators(), st.floats(0.0, 60.0))
def test_the_change_of_modes_is_the_matrix_exponential(generator, dt_s):
    got = transition(generator, dt_s)
    np.testing.assert_allclose(got, expm(generator * dt_s), atol=1e-9)
    np.testing.assert_allclose(got.sum(axis=1), 1.0, rtol=1e-12)
    assert got.min() >= 0.0


@settings(max_examples=40)
@given(generators(), st.floats(0.01, 20.0), st.floats(0.01, 20.0))
def test_changes_of_modes_compose(generator, first, second):
    got = transition(generator, first) @ transition(generator, second)
    np.testing.assert_allclose(got, transition(generator, first + second), atol=1e-8)


def imm_case(seed, size):
    """Three modes with random states, one of them a turn where states have a rate."""
    rng = np.random.default_rng(seed)
    kind = m.TURN if len(size) % 2 else m.STRAIGHT
    rates = rng.exponential(0.05, (3, 3))
    np.fill_diagonal(rates, 0.0)
    motion = motion_of(
        mode(horizontal=1.0, turn_sd=0.07),
        mode(kind, horizontal=4.0, turn_sd=0.07, q_turn=3e-4),
        mode(damping=0.5, horizontal=0.5, turn_sd=0.07),
        generator=rates - np.diag(rates.sum(axis=1)),
    )
    around, _ = track(seed, size)
    states = [track(seed + k, size) for k in (1, 2, 3)]
    x = np.array([around + 0.01 * (one[0] - around) for one in states])
    return motion, x, np.array([one[1] for one in states]), rng.dirichlet(np.ones(3))


def textbook_imm(size, motion, x, p, mu, dt_s):
    """Mixing of Bar-Shalom, Li and Kirubarajan 2001, eq. 11.6.6-7 to -9, in plain NumPy."""
    pi = expm(motion[1] * dt_s)
    c = mu @ pi
    out_x, out_p = [], []
    for j in range(len(mu)):
        w = pi[:, j] * mu / c[j]
        mean = w @ x
        spread = sum(w[i] * (p[i] + np.outer(x[i] - mean, x[i] - mean)) for i in range(len(mu)))
        one_x, one_p = advanced(size, motion, mean, spread, dt_s, j)
        out_x.append(one_x)
        out_p.append(one_p)
    return np.array(out_x), np.array(out_p), c


@pytest.mark.parametrize("size", SIZES)
@settings(max_examples=25)
@given(SEEDS, st.floats(0.05, 12.0))
def test_mixing_is_that_of_a_plain_imm(size, seed, dt_s):
    motion, x, p, mu = imm_case(seed, size)
    out = m.forecast_space(size, 3)
    m.forecast(size, motion, x, p, mu, dt_s, True, out)
    want_x, want_p, want_mu = textbook_imm(size, motion, x, p, mu, dt_s)
    np.testing.assert_allclose(out[2], want_mu, atol=1e-9)
    assert out[2].sum() == pytest.approx(1.0, abs=1e-12)
    np.testing.assert_allclose(out[0], want_x, rtol=1e-7, atol=1e-7)
    np.testing.assert_allclose(out[1], want_p, rtol=1e-6, atol=1e-6)


def test_modes_that_do_not_change_are_predicted_each_alone():
    motion, x, p, _ = imm_case(4, m.SPACE_TURNING)
    mu = np.array([0.7, 0.3, 0.0])
    for dt_s, changes in ((3.0, False), (0.0, True)):
        out = m.forecast_space(m.SPACE_TURNING, 3)
        m.forecast(m.SPACE_TURNING, motion, x, p, mu, dt_s, changes, out)
        np.testing.assert_array_equal(out[2], mu)
        for j in (0, 1):
            one_x, one_p = advanced(m.SPACE_TURNING, motion, x[j], p[j], dt_s, j)
            np.testing.assert_array_equal(out[0][j], one_x)
            np.testing.assert_array_equal(out[1][j], one_p)
        assert not out[0][2].any()


def test_a_mode_that_nothing_is_known_of_is_mixed_from_the_others():
    motion, x, p, _ = imm_case(4, m.PLANE_TURNING)
    mu = np.array([1.0, 0.0, 0.0])
    x[1:], p[1:] = 0.0, 0.0
    out = m.forecast_space(m.PLANE_TURNING, 3)
    m.forecast(m.PLANE_TURNING, motion, x, p, mu, 1.0, True, out)
    for j in range(3):
        one_x, one_p = advanced(m.PLANE_TURNING, motion, x[0], p[0], 1.0, j)
        np.testing.assert_allclose(out[0][j], one_x, rtol=1e-12, atol=1e-9)
        np.testing.assert_allclose(out[1][j], one_p, rtol=1e-9, atol=1e-9)


@pytest.mark.parametrize("size", SIZES)
@settings(max_examples=20)
@given(SEEDS)
def test_all_modes_together_have_the_moments_of_their_mixture(size, seed):
    _, x, p, mu = imm_case(seed, size)
    d = 2 * (len(size) // 2)
    for weights, few in ((mu, 3), (np.array([0.0, 1.0, 0.0]), 3), (np.ones(1), 1)):
        got_x, got_p = np.empty(d), np.empty((d, d))
        m.combine(size, x[:few], p[:few], weights, got_x, got_p)
        mean = weights @ x[:few, :d]
        apart = x[:few, :d] - mean
        want = np.einsum("m,mij->ij", weights, p[:few, :d, :d])
        want += np.einsum("m,mi,mj->ij", weights, apart, apart)
        np.testing.assert_allclose(got_x, mean, rtol=1e-12, atol=1e-9)
        np.testing.assert_allclose(got_p, want, rtol=1e-9, atol=1e-9)
        assert np.array_equal(got_p, got_p.T)
