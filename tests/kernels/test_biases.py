import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.integrate import quad
from scipy.stats import norm

from chowki.kernels.biases import (
    JUMPED,
    LIMITS,
    OUTLYING,
    USED,
    absorb,
    jump_ratio,
    spaced,
    update,
)
from chowki.kernels.registration import surprise

AXES = np.stack([np.eye(3)] * 2)
ORIGIN = np.zeros((2, 3))
# A radar of ranges, azimuths and elevations, and a sensor of positions.
PRIOR = np.array([[1e4, 1e-5, 1e-5, 0.0], [0.0, 0.0, 0.0, 0.0]])
SIGMA2 = np.array([[400.0, 1e-6, 1e-6], [100.0, 100.0, 100.0]])
LIMIT = np.array([1.0, 0.3, 3.7, 5.0, 6.0, 14.0, 4.0])


@settings(max_examples=50, deadline=None)
@given(st.integers(1, 4), st.integers(0, 2**32 - 1))
def test_an_update_is_the_textbook_kalman_update(d, seed):
    rng = np.random.default_rng(seed)
    m = d + 3
    root = rng.standard_normal((m, m))
    p, b = root @ root.T + 0.1 * np.eye(m), rng.standard_normal(m)
    states = np.sort(rng.permutation(m)[:d])
    h, y = rng.standard_normal((d + 2, d)), rng.standard_normal(d + 2)
    told = np.zeros((d + 1, d + 1))
    told[:d, :d], told[:d, d], told[d, d] = h.T @ h, h.T @ y, y @ y
    full = np.zeros((d + 2, m))
    full[:, states] = h
    gain = p @ full.T @ np.linalg.inv(full @ p @ full.T + np.eye(d + 2))
    want_b, want_p = b + gain @ y, (np.eye(m) - gain @ full) @ p
    root_, inner, w = np.empty((d, d)), np.empty((d, d)), np.empty(d)
    surprise(told, np.ascontiguousarray(p[np.ix_(states, states)]), root_, inner, w)
    update(states, root_, inner, w, b, p)
    np.testing.assert_allclose(b, want_b, rtol=1e-7, atol=1e-8)
    np.testing.assert_allclose(p, want_p, rtol=1e-6, atol=1e-8)
    np.testing.assert_array_equal(p, p.T)


@pytest.mark.parametrize(("h", "a", "j"), [(3.0, 2.0, 1.5), (-20.0, 4.0, 9.0), (0.1, 7.0, 0.2)])
def test_the_ratio_of_a_jump_is_averaged_over_its_size(h, a, j):
    """Ln of the integral of exp(h x - a x^2 / 2) N(x; 0, j), by quadrature."""
    sd = np.sqrt(j)
    centre = h / (a + 1.0 / j)
    want = np.log(
        quad(lambda x: np.exp(h * x - 0.5 * a * x * x) * norm.pdf(x, 0.0, sd),
             centre - 10.0 * sd, centre + 10.0 * sd, points=[centre], limit=200)[0]
    )  # fmt: skip
    pull, weight = np.array([h, 0.0, 0.0, 0.0]), np.zeros((4, 4))
    weight[0, 0] = a
    assert jump_ratio(pull, weight, np.array([j, 0.0, 0.0, 1.0])) == pytest.approx(want, rel=1e-6)
    assert jump_ratio(pull, weight, np.zeros(4)) == 0.0


@settings(max_examples=60, deadline=None)
@given(st.lists(st.tuples(st.integers(0, 2), st.integers(0, 1), st.floats(0, 30)), max_size=30))
def test_plots_that_are_kept_lie_apart(plots):
    plots = sorted(plots)
    track, row = (np.array([p[k] for p in plots], dtype=np.int64) for k in (0, 1))
    time_s = np.array([p[2] for p in plots])
    kept = spaced(track, row, time_s, 3.0)
    assert len(kept) == len(plots)
    for key in {p[:2] for p in plots}:
        mine = (track == key[0]) & (row == key[1])
        assert np.all(np.diff(time_s[mine & kept]) >= 3.0)
        assert kept[mine][0]
        for t in time_s[mine & ~kept]:
            assert np.any((time_s[mine & kept] <= t) & (t - time_s[mine & kept] < 3.0))


def windows(rng, count, bias, noise=1.0):
    """Windows of five plots each of both sensors, of straight flights."""
    times, rows, bits, values, variances, about = [], [], [], [], [], []
    for _ in range(count):
        x = np.array([*rng.uniform(-3e4, 3e4, 2), 4e3, *rng.uniform(-150, 150, 2), 0.0])
        about.append(x + rng.standard_normal(6) * [80, 80, 80, 5, 5, 2])
        for k in range(10):
            t, s = 1.5 * k - 6.75, k % 2
            e, n, u = x[:3] + t * x[3:]
            ground = np.hypot(e, n)
            polar = np.array([np.hypot(ground, u), np.arctan2(e, n), np.arctan2(u, ground)])
            z = polar + bias if s == 0 else np.array([e, n, u])
            times.append(t)
            rows.append(s)
            bits.append(7 if s == 0 else 16)
            values.append(z + noise * np.sqrt(SIGMA2[s]) * rng.standard_normal(3))
            variances.append(SIGMA2[s])
    window = (np.array(times), np.array(rows), np.array(bits), np.array(values),
              np.array(variances))  # fmt: skip
    return np.arange(0, 10 * count + 1, 10), window, np.array(about)


def taken(parts, bias, covariance, doubts):
    starts, window, about = parts
    sensors = (ORIGIN, AXES, bias, PRIOR)
    height = np.full(len(about), 500.0)
    return absorb(starts, window, sensors, about, height, covariance, doubts, LIMIT)


def fresh():
    doubts = (np.zeros((2, 4)), np.zeros((2, 4, 4)), np.zeros(2))
    return np.zeros((2, 4)), np.diag(PRIOR.ravel()), doubts


def test_windows_find_a_bias_and_say_how_well():
    rng, true = np.random.default_rng(1), np.array([70.0, -4e-3, 2e-3])
    bias, covariance, doubts = fresh()
    outcome, _, squared, freedom = taken(windows(rng, 40, true), bias, covariance, doubts)
    assert np.all(outcome == USED)
    sd = np.sqrt(np.diag(covariance)[:3])
    assert np.all(np.abs(bias[0, :3] - true) < 4.0 * sd)
    assert np.all(sd < np.array([8.0, 4e-4, 4e-4]))
    assert squared.sum() / freedom.sum() == pytest.approx(1.0, abs=0.2)
    assert np.all(bias[1] == 0.0)


def test_a_jump_is_named_once_and_followed():
    rng = np.random.default_rng(2)
    bias, covariance, doubts = fresh()
    taken(windows(rng, 40, np.array([70.0, 0.0, 0.0])), bias, covariance, doubts)
    after = np.array([70.0, 5e-3, 0.0])
    outcome, named, _, _ = taken(windows(rng, 40, after), bias, covariance, doubts)
    hits = np.flatnonzero(outcome == JUMPED)
    assert len(hits) == 1
    assert hits[0] <= 2 * (14.0 + 8.0) / 6.0  # each says 6 at most, from -8 to 14
    assert named[hits[0]] == 0
    sd = np.sqrt(np.diag(covariance)[:3])
    assert np.all(np.abs(bias[0, :3] - after) < 4.0 * sd)


def test_what_is_no_straight_flight_is_left_out():
    rng = np.random.default_rng(3)
    bias, covariance, doubts = fresh()
    outcome, _, _, _ = taken(windows(rng, 5, np.zeros(3), noise=8.0), bias, covariance, doubts)
    assert np.all(outcome == OUTLYING)
    assert np.all(bias == 0.0)
    np.testing.assert_array_equal(covariance, np.diag(PRIOR.ravel()))


def test_limits_are_as_many_as_the_kernel_reads():
    assert len(LIMIT) == LIMITS
