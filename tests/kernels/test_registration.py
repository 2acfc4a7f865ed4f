import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.integrate import quad
from scipy.stats import multivariate_normal

from chowki.kernels.biases import places_of
from chowki.kernels.registration import (
    CLIMB_SD_MPS,
    HORIZONTAL_SD_M,
    SPEED_SD_MPS,
    information,
    seen,
    surprise,
)

POLAR, FLAT, PLACED = 7, 3, 16
PSD = np.array([4.0, 0.3])


def turned(angle):
    c, s = math.cos(angle), math.sin(angle)
    return np.array([[c, s, 0.0], [-s, c, 0.0], [0.0, 0.0, 1.0]])


ORIGIN = np.array([[0.0, 0.0, 10.0], [20e3, -5e3, 0.0], [0.0, 0.0, 0.0]])
AXES = np.stack([np.eye(3), turned(0.2), np.eye(3)])
PRIOR = np.array([[1e4, 1e-5, 1e-5, 1e-2], [1e4, 1e-5, 0.0, 1e-2], [0.0, 0.0, 0.0, 1e-2]])
BITS = (POLAR, FLAT, PLACED)
SIGMA2 = np.array([[900.0, 1e-6, 2e-6], [3600.0, 4e-6, 0.0], [225.0, 225.0, 225.0]])
X = np.array([15e3, 12e3, 4e3, 120.0, -90.0, 3.0])


def measured(sensor, x):
    """What a sensor measures of a position: textbook trigonometry, no kernel."""
    if BITS[sensor] == PLACED:
        return x[:3]
    e, n, u = AXES[sensor] @ (x[:3] - ORIGIN[sensor])
    ground = np.hypot(e, n)
    out = [np.hypot(ground, u), np.arctan2(e, n), np.arctan2(u, ground)]
    return np.array(out[: 3 if BITS[sensor] == POLAR else 2])


def window(rng, rows, times, bias):
    values, variances = np.zeros((len(rows), 3)), np.ones((len(rows), 3))
    for i, (s, t) in enumerate(zip(rows, times, strict=True)):
        x = X.copy()
        x[:3] += (t - bias[s, 3]) * X[3:]
        z = measured(s, x)
        if BITS[s] != PLACED:
            z = z + bias[s, : len(z)]
        values[i, : len(z)] = z + np.sqrt(SIGMA2[s, : len(z)]) * rng.standard_normal(len(z))
        variances[i] = SIGMA2[s]
    bits = np.array([BITS[s] for s in rows])
    return np.array(times), np.array(rows), bits, values, variances


def brute_force(parts, states, bias, about, height_sd):
    """The same by stacking, numeric derivatives and dense linear algebra."""
    times, rows, _, values, variances = parts

    def residual(theta):
        x, b = theta[:6], bias.ravel().copy()
        b[states] += theta[6:]
        b, out = b.reshape(-1, 4), []
        for s, t, z in zip(rows, times, values, strict=True):
            at = x.copy()
            at[:3] += (t - b[s, 3]) * x[3:]
            h = measured(s, at)
            if BITS[s] != PLACED:
                h = h + b[s, : len(h)]
            y = z[: len(h)] - h
            if BITS[s] != PLACED:
                y[1] = (y[1] + np.pi) % (2 * np.pi) - np.pi
            out.append(y)
        return np.concatenate(out)

    def jacobian(theta):
        columns = []
        for k in range(len(theta)):
            step = 1e-3 if k < 6 else (1e-3, 1e-7, 1e-7, 1e-5)[states[k - 6] % 4]
            up, down = theta.copy(), theta.copy()
            up[k] += step
            down[k] -= step
            columns.append((residual(down) - residual(up)) / (2.0 * step))
        return np.stack(columns, axis=1)

    theta = np.concatenate([about, np.zeros(len(states))])
    prior = np.diag([1 / HORIZONTAL_SD_M**2] * 2 + [1 / height_sd**2]
                    + [1 / SPEED_SD_MPS**2] * 2 + [1 / CLIMB_SD_MPS**2])  # fmt: skip
    for _ in range(2):
        jac = jacobian(theta)
        seconds, gradients, n = [], [], 0
        for s, t in zip(rows, times, strict=True):
            m = len(measured(s, X))
            seconds += [t - bias[s, 3]] * m
            gradients += list(jac[n : n + m, :3])
            n += m
        r = np.concatenate([variances[i][: len(measured(s, X))] for i, s in enumerate(rows)])
        q = np.diag([PSD[0], PSD[0], PSD[1]])
        cov = np.diag(r)
        for a in range(n):
            for b in range(n):
                ta, tb = seconds[a], seconds[b]
                if ta * tb > 0.0:
                    lo, hi = sorted((abs(ta), abs(tb)))
                    cov[a, b] += gradients[a] @ q @ gradients[b] * lo**2 * (3 * hi - lo) / 6.0
        weight = np.linalg.inv(cov)
        y = residual(theta)
        full = jac.T @ weight @ jac
        full[:6, :6] += prior
        vector = jac.T @ weight @ y
        vector[:6] += prior @ (about - theta[:6])
        total = y @ weight @ y + (about - theta[:6]) @ prior @ (about - theta[:6])
        step = np.linalg.solve(full[:6, :6], vector[:6])
        told = full[6:, 6:] - full[6:, :6] @ np.linalg.solve(full[:6, :6], full[:6, 6:])
        left = vector[6:] - full[6:, :6] @ step
        corner = total - vector[:6] @ step
        theta[:6] += step
    return told, left, corner


@pytest.mark.parametrize(
    ("rows", "times"),
    [
        ((0, 2, 0, 2, 0), (-6.0, -5.0, -2.0, 1.0, 6.5)),
        ((0, 1, 0, 1, 0, 1), (-7.0, -6.0, -3.0, 3.0, 1.0, 7.0)),
        ((1, 2, 1, 2), (-6.0, -3.0, 4.0, 6.0)),
    ],
)
def test_information_equals_dense_algebra_with_numeric_derivatives(rows, times):
    rng = np.random.default_rng(3)
    bias = np.array([[40.0, 2e-3, -1e-3, 0.05], [-30.0, -1e-3, 0.0, -0.08], [0.0, 0.0, 0.0, 0.02]])
    parts = window(rng, rows, times, np.zeros((3, 4)))
    states, place = places_of(parts, PRIOR)
    about = X + np.array([200.0, -150.0, 100.0, 8.0, -6.0, 1.0])
    sensors = (ORIGIN, AXES, bias, PRIOR)
    told, freedom = information(parts, sensors, place, len(states), about, 800.0, PSD)
    want, left, corner = brute_force(parts, states, bias, about, 800.0)
    scale = np.sqrt(np.diag(want))
    np.testing.assert_allclose(told[:-1, :-1] / np.outer(scale, scale),
                               want / np.outer(scale, scale), atol=2e-6)  # fmt: skip
    np.testing.assert_allclose(told[:-1, -1] / scale, left / scale, rtol=1e-3, atol=1e-4)
    assert told[-1, -1] == pytest.approx(corner, rel=1e-3)
    assert freedom == sum(len(measured(s, X)) for s in rows) - 6


def test_a_window_of_exact_plots_gives_back_its_relative_bias():
    """Without noise, against a sensor of positions, the estimate is the bias that was put in."""
    bias = np.array([[60.0, 3e-3, 2e-3, 0.0], [0.0] * 4, [0.0] * 4])
    rows, times = (0, 2) * 5, np.linspace(-7.0, 7.0, 10)
    parts = list(window(np.random.default_rng(0), rows, times, bias))
    for i, (s, t) in enumerate(zip(rows, times, strict=True)):
        x = X.copy()
        x[:3] += t * X[3:]
        z = measured(s, x)
        parts[3][i] = z + (bias[s, :3] if s == 0 else 0.0)
    prior = PRIOR.copy()
    prior[:, 3] = 0.0
    states, place = places_of(tuple(parts), prior)
    sensors = (ORIGIN, AXES, np.zeros((3, 4)), prior)
    told, _ = information(tuple(parts), sensors, place, len(states), X, 800.0, PSD)
    got = np.linalg.solve(told[:-1, :-1], told[:-1, -1])
    np.testing.assert_allclose(got, bias.ravel()[states], rtol=2e-3)
    assert told[-1, -1] - told[:-1, -1] @ got == pytest.approx(0.0, abs=1e-3)


def test_places_name_each_bias_once_and_leave_out_those_without_a_prior():
    parts = window(np.random.default_rng(0), (1, 0, 1), (0.0, 1.0, 2.0), np.zeros((3, 4)))
    states, place = places_of(parts, PRIOR)
    assert list(states) == [0, 1, 2, 3, 4, 5, 7]
    assert list(place[0]) == [4, 5, -1, 6]
    assert list(place[1]) == [0, 1, 2, 3]
    np.testing.assert_array_equal(place[0], place[2])


@pytest.mark.parametrize("bits", [1, 2, 3, 7, 16])
def test_gradients_equal_numeric_differentiation(bits):
    slot, z, g = np.empty(3, dtype=np.int64), np.empty(3), np.empty((3, 3))
    m = seen(bits, ORIGIN[1], AXES[1], X[:3], slot, z, g)
    up, down, scratch = np.empty(3), np.empty(3), np.empty((3, 3))
    for k in range(3):
        step = np.zeros(3)
        step[k] = 1e-2
        seen(bits, ORIGIN[1], AXES[1], X[:3] + step, slot, up, scratch)
        seen(bits, ORIGIN[1], AXES[1], X[:3] - step, slot, down, scratch)
        np.testing.assert_allclose(g[:m, k], (up - down)[:m] / 2e-2, rtol=1e-5, atol=1e-10)


@pytest.mark.parametrize(("a", "b"), [(2.0, 5.0), (-3.0, -3.0), (-4.0, 1.0)])
def test_the_noise_of_motion_is_the_integral_of_white_acceleration(a, b):
    """A window of one sensor of positions shows it: covariance less R over the density."""
    from chowki.kernels.registration import shared_noise

    near = min(abs(a), abs(b))
    want = quad(lambda u: (abs(a) - u) * (abs(b) - u), 0.0, near)[0] if a * b > 0.0 else 0.0
    assert shared_noise(a, b) == pytest.approx(want)


@settings(max_examples=50, deadline=None)
@given(st.integers(1, 6), st.integers(0, 2**32 - 1))
def test_surprise_is_the_likelihood_of_the_innovation(d, seed):
    """-1/2 (NIS + ln det) differs from ln N(nu; 0, S) by what does not depend on P."""
    rng = np.random.default_rng(seed)
    h, root = rng.standard_normal((d + 3, d)), rng.standard_normal((d, d))
    y = rng.standard_normal(d + 3)
    told = np.zeros((d + 1, d + 1))
    told[:d, :d], told[:d, d], told[d, d] = h.T @ h, h.T @ y, y @ y
    found = []
    for scale in (0.5, 3.0):
        p = scale * (root @ root.T + np.eye(d))
        squared, log_det = surprise(told, p, np.empty((d, d)), np.empty((d, d)), np.empty(d))
        spread = h @ p @ h.T + np.eye(d + 3)
        assert squared == pytest.approx(y @ np.linalg.solve(spread, y), rel=1e-8)
        assert log_det == pytest.approx(np.linalg.slogdet(spread)[1], rel=1e-8)
        likelihood = multivariate_normal(np.zeros(d + 3), spread).logpdf(y)
        found.append(likelihood + 0.5 * (squared + log_det))
    assert found[0] == pytest.approx(found[1])
