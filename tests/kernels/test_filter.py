import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import multivariate_normal

from chowki.kernels import filter as plots_of
from chowki.kernels.filter import likelihood, position_slot, position_variance, updated
from chowki.kernels.kalman import workspace
from chowki.kernels.modes import PLANE, PLANE_TURNING, SPACE, SPACE_TURNING

SEEDS = st.integers(0, 2**32 - 1)
PLANES, SPACES = [PLANE, PLANE_TURNING], [SPACE, SPACE_TURNING]
POSITION, Q = 16, 3.0
WIDE = np.full(11, 1e6)


def view_of(gates=WIDE, q=Q, timing_s=0.0):
    return np.zeros(3), np.eye(3), gates, np.array([q, timing_s])


def drawn(seed, size, spread=30.0):
    """A state, its covariance, and a plot row nearby."""
    rng = np.random.default_rng(seed)
    n, d = len(size), len(size) // 2
    scale = np.array([spread] * d + [4.0] * d + [0.05] * (n % 2))
    a = rng.standard_normal((n, n)) * scale[:, None]
    p = a @ a.T + np.diag(1e-2 * scale**2)
    x = rng.standard_normal(n) * np.array([3e3] * d + [40.0] * d + [0.1] * (n % 2))
    row = np.zeros(plots_of.PLANE_WIDTH if d == 2 else plots_of.P_WIDTH)
    at, variance = position_slot(size), position_variance(size)
    row[at : at + d] = x[:d] + spread * rng.standard_normal(d)
    row[variance : variance + d] = rng.uniform(10.0, 900.0, d)
    return x, p, row


def compared(size, x, p, row, late_s=0.0, view=None, bits=POSITION):
    """Return ln N and the updated state and covariance."""
    n, work, view = len(size), workspace(size), view or view_of()
    out_x, out_p = np.full(n, np.nan), np.full((n, n), np.nan)
    log_n, slots, wide = likelihood(size, x, p, late_s, row, bits, view, work)
    if log_n > -math.inf:
        updated(size, slots, wide, x, p, late_s, view, work, out_x, out_p)
    return log_n, out_x, out_p


def textbook(size, x, p, row, late_s=0.0, q=Q):
    """A Kalman filter with H F^-1: the plot is of the position ``-late_s`` seconds ago."""
    n, d = len(size), len(size) // 2
    h = np.zeros((d, n))
    h[:, :d], h[:, d : 2 * d] = np.eye(d), late_s * np.eye(d)
    at, variance = position_slot(size), position_variance(size)
    noise = -(late_s**3) * q / 3.0
    r = np.diag(row[variance : variance + d] + noise)
    s = h @ p @ h.T + r
    gain = p @ h.T @ np.linalg.inv(s)
    residual = row[at : at + d] - h @ x
    log_n = multivariate_normal(np.zeros(d), s).logpdf(residual)
    left = np.eye(n) - gain @ h
    return log_n, x + gain @ residual, left @ p @ left.T + gain @ r @ gain.T


@pytest.mark.parametrize("size", PLANES + SPACES)
@settings(max_examples=40)
@given(SEEDS, st.sampled_from([0.0, -0.3, -4.0]))
def test_likelihood_and_update_of_a_position_are_the_textbook_kalman_filter(size, seed, late_s):
    x, p, row = drawn(seed, size)
    log_n, got_x, got_p = compared(size, x, p, row, late_s)
    want_n, want_x, want_p = textbook(size, x, p, row, late_s)
    assert log_n == pytest.approx(want_n, rel=1e-9, abs=1e-9)
    np.testing.assert_allclose(got_x, want_x, rtol=1e-8, atol=1e-8)
    np.testing.assert_allclose(got_p, want_p, rtol=1e-6, atol=1e-7)
    assert np.array_equal(got_p, got_p.T)


def test_a_plot_of_another_time_than_the_state_is_that_of_the_state_drawn_back():
    """H F^-1 by hand: a target that passed there half a second ago leaves the state as it is."""
    x, p = np.array([100.0, 200.0, 30.0, -20.0]), np.diag([400.0, 400.0, 25.0, 25.0])
    row = np.array([0.0, 0.0, 0.0, 0.0, 85.0, 210.0, 900.0, 900.0])
    _, same, spread = compared(PLANE, x, p, row, -0.5)
    np.testing.assert_allclose(same, x, rtol=1e-14)
    s = 400.0 + 0.25 * 25.0 + 900.0 + 0.125 * Q / 3.0
    assert spread[0, 0] == pytest.approx(400.0 - 400.0**2 / s, rel=1e-12)
    assert spread[2, 2] == pytest.approx(25.0 - (0.5 * 25.0) ** 2 / s, rel=1e-12)


@pytest.mark.parametrize("size", SPACES)
@settings(max_examples=30)
@given(SEEDS, st.sampled_from([0.0, -2.0]))
def test_a_reported_velocity_is_taken_with_its_position(size, seed, late_s):
    x, p, row = drawn(seed, size)
    n, rng = len(size), np.random.default_rng(seed + 1)
    row[plots_of.P_VALUE + 7 : plots_of.P_VALUE + 10] = x[3:6] + rng.standard_normal(3)
    row[plots_of.P_VARIANCE + 7 : plots_of.P_VARIANCE + 10] = 4.0
    h = np.zeros((6, n))
    h[:, :6] = np.eye(6)
    h[:3, 3:6] = late_s * np.eye(3)
    values = row[plots_of.P_VALUE + 4 : plots_of.P_VARIANCE]
    noise = np.repeat([-(late_s**3) * Q / 3.0, -late_s * Q], 3)
    r = np.diag(row[plots_of.P_VARIANCE + 4 : plots_of.P_WIDTH] + noise)
    s = h @ p @ h.T + r
    gain = p @ h.T @ np.linalg.inv(s)
    log_n, got_x, got_p = compared(size, x, p, row, late_s, bits=POSITION | 32)
    want = multivariate_normal(np.zeros(6), s).logpdf(values - h @ x)
    assert log_n == pytest.approx(want, rel=1e-9, abs=1e-9)
    np.testing.assert_allclose(got_x, x + gain @ (values - h @ x), rtol=1e-8, atol=1e-8)
    np.testing.assert_allclose(got_p, p - gain @ s @ gain.T, rtol=1e-6, atol=1e-6)


@pytest.mark.parametrize("size", PLANES + SPACES)
@settings(max_examples=30)
@given(SEEDS)
def test_the_gate_is_a_bound_on_the_squared_mahalanobis_distance(size, seed):
    x, p, row = drawn(seed, size)
    log_n, _, _ = compared(size, x, p, row)
    d, variance = len(size) // 2, position_variance(size)
    s = p[:d, :d] + np.diag(row[variance : variance + d])
    residual = row[position_slot(size) : position_slot(size) + d] - x[:d]
    squared = residual @ np.linalg.solve(s, residual)
    for factor, inside in ((1.0 + 1e-6, True), (1.0 - 1e-6, False)):
        gates = np.full(11, np.nan)
        gates[d] = squared * factor
        got, _, _ = compared(size, x, p, row, view=view_of(gates))
        assert got == (log_n if inside else -math.inf)


@pytest.mark.parametrize("size", PLANES + SPACES)
@settings(max_examples=60)
@given(SEEDS, st.floats(-10.0, 0.0), st.floats(0.0, 8.0), st.floats(0.0, 8.0))
def test_covariance_stays_symmetric_and_positive(size, seed, late_s, spread, noise):
    """Spreads from a metre to a hundred kilometres against noise over the same range."""
    x, p, row = drawn(seed, size, 10.0 ** (0.625 * spread))
    d, variance = len(size) // 2, position_variance(size)
    row[variance : variance + d] = 10.0 ** (1.25 * noise)
    log_n, got_x, got_p = compared(size, x, p, row, late_s)
    assert math.isfinite(log_n)
    assert np.isfinite(got_x).all()
    assert np.array_equal(got_p, got_p.T)
    assert np.linalg.eigvalsh(got_p).min() >= -1e-12 * np.trace(got_p)
    assert (np.diag(got_p) <= np.diag(p) * (1.0 + 1e-9)).all()


def test_a_plot_with_a_hole_is_in_no_gate():
    x, p, row = drawn(0, PLANE)
    row[plots_of.P_VALUE] = np.nan
    assert compared(PLANE, x, p, row)[0] == -math.inf
    x, p, row = drawn(0, SPACE_TURNING)
    row[position_slot(SPACE)] = np.nan
    assert compared(SPACE_TURNING, x, p, row)[0] == -math.inf
    assert compared(SPACE_TURNING, x, p, row, bits=0)[0] == -math.inf
