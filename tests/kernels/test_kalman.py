import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from chowki.kernels.kalman import correct, expect, innovate, workspace
from chowki.kernels.modes import MODE_WIDTH, SPACE, SPACE_TURNING, advance

POLAR, RATE, POSITION, VELOCITY = 7, 15, 16, 32
ORIGIN = np.array([100.0, -50.0, 20.0])


def turned(angle):
    c, s = math.cos(angle), math.sin(angle)
    return np.array([[c, s, 0.0], [-s, c, 0.0], [0.0, 0.0, 1.0]])


def predicted(x, p, dt, q, size=SPACE):
    mode, n = np.zeros((1, MODE_WIDTH)), len(size)
    mode[0, 2:4] = q
    out_x, out_p, f, fp = np.empty(n), np.empty((n, n)), np.empty((n, n)), np.empty((n, n))
    advance(size, (mode, np.zeros((1, 1)), 0.0), 0, dt, x, p, out_x, out_p, f, fp)
    return out_x, out_p


def update(x, p, dt, bits, values, variances, q=0.0, timing=0.0, origin=ORIGIN, axes=None,
           size=SPACE):  # fmt: skip
    """Predict to a plot unless it is late, and take it in."""
    n, work = len(size), workspace(size)
    out_x, out_p = np.empty(n), np.empty((n, n))
    axes = np.eye(3) if axes is None else axes
    if dt > 0.0:
        x, p = predicted(x, p, dt, q, size)
    m, wide, squared, log_det = innovate(
        size, x, p, min(dt, 0.0), bits, values, variances, origin, axes, q, timing, work
    )
    correct(size, m, wide, x, p, work, out_x, out_p)
    return out_x, out_p, squared, log_det


@pytest.mark.parametrize("bits", [1, 2, 3, 6, POLAR, RATE, POSITION, POSITION | VELOCITY])
def test_jacobian_equals_numeric_differentiation(bits):
    x = np.array([4000.0, 7000.0, 900.0, 30.0, -20.0, 4.0])
    axes, z, jac = turned(0.3), np.empty(10), np.zeros((10, 6))
    expect(bits, ORIGIN, axes, x, z, jac)
    for k in range(6):
        step = 1e-3
        up, down, scratch = np.empty(10), np.empty(10), np.zeros((10, 6))
        expect(bits, ORIGIN, axes, x + step * np.eye(6)[k], up, scratch)
        expect(bits, ORIGIN, axes, x - step * np.eye(6)[k], down, scratch)
        for slot in range(10):
            if slot < 4 and not bits & (1 << slot):
                continue
            if slot < 4 or bits & (POSITION | VELOCITY):
                numeric = (up[slot] - down[slot]) / (2.0 * step)
                assert jac[slot, k] == pytest.approx(numeric, rel=1e-5, abs=1e-9)


def test_a_position_update_is_the_textbook_kalman_filter():
    rng = np.random.default_rng(1)
    a = rng.standard_normal((6, 6))
    p, x = a @ a.T * 100.0, rng.standard_normal(6) * 100.0
    z, r = np.array([50.0, -30.0, 10.0]), np.array([25.0, 36.0, 49.0])
    values, variances = np.zeros(10), np.ones(10)
    values[4:7], variances[4:7] = z, r
    got_x, got_p, squared, log_det = update(x, p, 0.0, POSITION, values, variances)
    h = np.eye(6)[:3]
    s = h @ p @ h.T + np.diag(r)
    k = p @ h.T @ np.linalg.inv(s)
    np.testing.assert_allclose(got_x, x + k @ (z - h @ x), rtol=1e-10)
    np.testing.assert_allclose(got_p, (np.eye(6) - k @ h) @ p, rtol=1e-8, atol=1e-8)
    assert squared == pytest.approx((z - h @ x) @ np.linalg.solve(s, z - h @ x))
    assert log_det == pytest.approx(np.linalg.slogdet(s)[1])


@pytest.mark.parametrize(("ratio", "alpha", "beta"), [(0.02, 0.1812, 0.0181), (1.0, None, None)])
def test_the_steady_gain_is_that_of_the_alpha_beta_filter(ratio, alpha, beta):
    period, sigma = 2.0, 30.0
    root = (4.0 + ratio - math.sqrt(8.0 * ratio + ratio**2)) / 4.0
    want_alpha = 1.0 - root**2
    want_beta = 2.0 * (2.0 - want_alpha) - 4.0 * math.sqrt(1.0 - want_alpha)
    noise = (ratio * sigma / period**2) ** 2
    f = np.eye(6)
    f[:3, 3:] = period * np.eye(3)
    block = np.array([[period**4 / 4, period**3 / 2], [period**3 / 2, period**2]])
    q = noise * np.kron(block, np.eye(3))
    p, values, variances = np.eye(6) * 1e4, np.zeros(10), np.full(10, sigma**2)
    for _ in range(400):
        p = f @ p @ f.T + q
        got, p, _, _ = update(np.zeros(6), p, 0.0, POSITION, values + 1.0, variances)
    assert got[0] == pytest.approx(want_alpha, rel=1e-6)
    assert got[3] * period == pytest.approx(want_beta, rel=1e-6)
    if alpha is not None:
        assert got[0] == pytest.approx(alpha, abs=5e-5)
        assert got[3] * period == pytest.approx(beta, abs=5e-5)


@pytest.mark.parametrize("bits", [1, 2, 3, 7, 15, POSITION, POSITION | VELOCITY])
def test_a_turn_rate_is_corrected_by_what_goes_with_it(bits):
    """The seventh state, measured by nothing, moves through its covariance alone.

    The spread is small against the distance: what is measured is straight over it.
    """
    rng = np.random.default_rng(bits)
    scale = np.array([8.0, 8.0, 6.0, 3.0, 3.0, 2.0, 0.05])
    a = rng.standard_normal((7, 7)) * scale[:, None]
    p = a @ a.T + np.diag(1e-2 * scale**2)
    x = np.array([4000.0, 7000.0, 900.0, 30.0, -20.0, 4.0, 0.03])
    z, jac = np.empty(10), np.zeros((10, 6))
    expect(bits, ORIGIN, np.eye(3), x, z, jac)
    m = [slot for slot in range(4) if bits & (1 << slot)]
    m += [slot for slot in range(4, 10) if bits & (POSITION if slot < 7 else VELOCITY)]
    sigma = np.array([30.0, 3e-3, 3e-3, 1.0, 20.0, 20.0, 20.0, 2.0, 2.0, 2.0])
    values = z + sigma * rng.standard_normal(10)
    got_x, got_p, squared, log_det = update(x, p, 0.0, bits, values, sigma**2, size=SPACE_TURNING)
    h = np.zeros((len(m), 7))
    h[:, :6] = jac[m]
    s = h @ p @ h.T + np.diag(sigma[m] ** 2)
    gain, y = p @ h.T @ np.linalg.inv(s), (values - z)[m]
    np.testing.assert_allclose(got_x, x + gain @ y, rtol=1e-8)
    apart = (got_p - (p - gain @ s @ gain.T)) / np.outer(np.sqrt(np.diag(p)), np.sqrt(np.diag(p)))
    assert np.abs(apart).max() < 1e-9
    assert squared == pytest.approx(y @ np.linalg.solve(s, y), rel=1e-9)
    assert log_det == pytest.approx(np.linalg.slogdet(s)[1], rel=1e-9)


def test_an_unknown_clock_widens_along_the_flight_path():
    x, p = np.array([4000.0, 7000.0, 900.0, 30.0, -20.0, 4.0]), np.diag([400.0] * 3 + [9.0] * 3)
    values, variances = np.zeros(10), np.full(10, 100.0)
    values[4:7] = x[:3] + np.array([12.0, -7.0, 5.0])
    _, _, squared, log_det = update(x, p, 0.0, POSITION, values, variances, timing=0.5)
    s = 500.0 * np.eye(3) + 0.25 * np.outer(x[3:], x[3:])
    y = values[4:7] - x[:3]
    assert squared == pytest.approx(y @ np.linalg.solve(s, y), rel=1e-12)
    assert log_det == pytest.approx(np.linalg.slogdet(s)[1], rel=1e-12)


def test_azimuth_wraps_at_north():
    x, p = np.array([-10.0, 5000.0, 100.0, 0, 0, 0]), np.eye(6) * 100.0
    values, variances = np.zeros(10), np.ones(10)
    values[:3] = 5001.0, 0.001, 0.02
    variances[:3] = 100.0, 1e-5, 1e-5
    _, _, squared, _ = update(x, p, 0.0, POLAR, values, variances, origin=np.zeros(3))
    assert squared < 5.0


def test_a_late_plot_leaves_the_track_at_its_time_and_counts_for_less():
    x, p = np.array([0.0, 9000.0, 500.0, 30.0, 0.0, 0.0]), np.diag([400.0] * 3 + [25.0] * 3)
    values, variances = np.zeros(10), np.full(10, 400.0)
    values[4:7] = [-150.0, 9000.0, 500.0]
    _, timely, _, _ = update(x, p, 0.0, POSITION, values, variances, q=4.0)
    moved, late, squared, _ = update(x, p, -5.0, POSITION, values, variances, q=4.0)
    assert squared == pytest.approx(0.0, abs=1e-12)
    np.testing.assert_allclose(moved, x)
    assert np.trace(late[:3, :3]) > np.trace(timely[:3, :3])
    assert np.trace(late[:3, :3]) < np.trace(p[:3, :3])


@pytest.mark.parametrize("size", [SPACE, SPACE_TURNING])
@settings(max_examples=60, deadline=None)
@given(
    st.integers(0, 2**32 - 1),
    st.sampled_from([1, 2, 3, 6, 7, 15, POSITION, POSITION | VELOCITY]),
    st.floats(-10.0, 20.0),
)
def test_covariance_stays_symmetric_and_positive(size, seed, bits, dt):
    rng, n = np.random.default_rng(seed), len(size)
    a = rng.standard_normal((n, n)) * rng.uniform(0.1, 1000.0, n)[:, None]
    p = a @ a.T + np.eye(n)
    x = rng.standard_normal(n) * np.array([2e4, 2e4, 1e3, 50.0, 50.0, 5.0, 0.1])[:n]
    values, variances = rng.standard_normal(10), np.full(10, 10.0 ** rng.uniform(-4, 4))
    out_x, out_p, squared, _ = update(
        x, p, dt, bits, values, variances, q=4.0, timing=0.1, size=size
    )
    assert np.array_equal(out_p, out_p.T)
    assert np.linalg.eigvalsh(out_p).min() >= -1e-9 * np.trace(out_p)
    assert np.isfinite(out_x).all()
    assert squared >= 0.0


def test_nees_of_a_single_target_lies_in_its_band():
    from scipy.stats import chi2

    rng = np.random.default_rng(7)
    q, sigma, runs, steps = 2.0, np.array([20.0, 0.002, 0.003]), 60, 40
    total = 0.0
    block = np.linalg.cholesky(np.kron(np.array([[1 / 3, 0.5], [0.5, 1.0]]), np.eye(3)) * q)
    for _ in range(runs):
        p = np.diag([1e4, 1e4, 1e4, 100.0, 100.0, 25.0])
        truth = np.array([9e3, 1.2e4, 1.5e3, 30.0, -10.0, 0.0])
        x = truth + np.sqrt(np.diag(p)) * rng.standard_normal(6)
        for _ in range(steps):
            truth = truth.copy()
            truth[:3] += truth[3:]
            truth += block @ rng.standard_normal(6)
            z, jac = np.empty(10), np.zeros((10, 6))
            expect(POLAR, ORIGIN, np.eye(3), truth, z, jac)
            values, variances = z.copy(), np.ones(10)
            values[:3] += sigma * rng.standard_normal(3)
            variances[:3] = sigma**2
            x, p, _, _ = update(x, p, 1.0, POLAR, values, variances, q=q)
        error = x - truth
        total += error @ np.linalg.solve(p, error)
    low, high = chi2.ppf([0.0005, 0.9995], 6 * runs)
    assert low < total < high
