import math

import numpy as np
import pytest

from chowki.kernels.shift import agreed, common_shift, nearest, shift_signs

ORIGIN, AXES = np.array([1e3, -2e3, 10.0]), np.eye(3)
VARIANCE = np.array([400.0, 1e-6, 2e-6, 1e-4])
PSD = np.array([4.0, 0.3])
GLASS = (ORIGIN, AXES, VARIANCE, PSD)


def polar(position):
    d = position - ORIGIN
    ground = np.hypot(d[:, 0], d[:, 1])
    return np.column_stack((np.hypot(ground, d[:, 2]), np.arctan2(d[:, 0], d[:, 1]),
                            np.arctan2(d[:, 2], ground)))  # fmt: skip


def scene(rng, n=12, spread=30.0):
    state = np.column_stack((rng.uniform(-4e4, 4e4, (n, 2)), rng.uniform(2e3, 8e3, n),
                             rng.uniform(-200, 200, (n, 2)), np.zeros(n)))  # fmt: skip
    covariance = np.tile(np.diag([spread**2] * 3 + [9.0] * 3), (n, 1, 1))
    return np.zeros(n), state, covariance


def looked(rng, aloft, at_s=2.0, bias=(0.0, 0.0, 0.0, 0.0), noise=1.0):
    time_s, state, covariance = aloft
    n = len(time_s)
    truth = state + noise * np.sqrt(np.diagonal(covariance, axis1=1, axis2=2)) * (
        rng.standard_normal((n, 6))
    )
    values = polar(truth[:, :3] + at_s * truth[:, 3:])
    values += np.array(bias[:3]) + noise * np.sqrt(VARIANCE[:3]) * rng.standard_normal((n, 3))
    return np.column_stack((np.full(n, at_s + bias[3]), values))


def test_a_common_shift_equals_dense_algebra():
    rng = np.random.default_rng(0)
    aloft = scene(rng, 3)
    plots = looked(rng, aloft, bias=(80.0, 0.0, 0.0, 0.0))
    h, a, used = common_shift(plots, np.arange(3), 7, GLASS, aloft)
    want_h, want_a = np.zeros(4), np.zeros(4)
    for k in range(3):
        x, p = aloft[1][k], aloft[2][k]
        dt = plots[k, 0]
        f = np.hstack([np.eye(3), dt * np.eye(3)])
        at = f @ x
        jac = np.empty((3, 3))
        for c in range(3):
            step = 0.1 * np.eye(3)[c]
            jac[:, c] = ((polar((at + step)[None]) - polar((at - step)[None])) / 0.2)[0]
        j = np.hstack([np.eye(3), (-jac @ x[3:])[:, None]])
        spread = jac @ (f @ p @ f.T + np.diag([4.0, 4.0, 0.3]) * dt**3 / 3) @ jac.T
        spread += np.diag(VARIANCE[:3]) + VARIANCE[3] * np.outer(j[:, 3], j[:, 3])
        y = plots[k, 1:] - polar(at[None])[0]
        y[1] = (y[1] + np.pi) % (2 * np.pi) - np.pi
        want_h += j.T @ np.linalg.solve(spread, y)
        want_a += np.diag(j.T @ np.linalg.solve(spread, j))
    assert used == 3
    np.testing.assert_allclose(h, want_h, rtol=1e-5)
    np.testing.assert_allclose(a, want_a, rtol=1e-5)


def test_without_a_shift_it_is_a_standard_normal():
    rng, us = np.random.default_rng(1), []
    for _ in range(400):
        aloft = scene(rng)
        h, a, _ = common_shift(looked(rng, aloft), np.arange(12), 7, GLASS, aloft)
        us.append(h / np.sqrt(a))
    us = np.array(us)
    assert np.all(np.abs(us.mean(axis=0)) < 4.0 / math.sqrt(400))
    assert np.all(np.abs(us.var(axis=0) - 1.0) < 4.0 * math.sqrt(2.0 / 400))


@pytest.mark.parametrize(
    ("which", "size"), [(0, 400.0), (0, -700.0), (1, 0.01), (1, -0.02), (3, 3.0)]
)
def test_pairs_agree_on_a_jump_out_of_the_gates_in_spite_of_strangers(which, size):
    rng = np.random.default_rng(2)
    aloft = scene(rng, 15)
    bias = np.zeros(4)
    bias[which] = size
    plots = looked(rng, aloft, bias=bias)
    strangers = np.column_stack((np.full(4, 2.0), rng.uniform(5e3, 5e4, 4),
                                 rng.uniform(-3, 3, 4), rng.uniform(0, 0.2, 4)))  # fmt: skip
    plots = np.concatenate([plots, strangers])
    rows = nearest(plots, np.arange(15), 7, GLASS, aloft, 2_000.0)
    h, a, agree = agreed(plots, rows, 7, GLASS, aloft, 16.0)
    assert agree >= 8
    assert list(np.flatnonzero(a)) == [which]
    sd = 1.0 / math.sqrt(a[which])
    assert abs(h[which] / a[which] - size) < 5.0 * sd + 0.02 * abs(size)


def test_nobody_agrees_where_nothing_is_in_common():
    rng = np.random.default_rng(3)
    aloft = scene(rng, 10)
    plots = looked(rng, aloft)
    plots[:, 1] += rng.uniform(-1.5e3, 1.5e3, 10)
    rows = nearest(plots, np.arange(10), 7, GLASS, aloft, 2_000.0)
    assert agreed(plots, rows, 7, GLASS, aloft, 16.0)[2] <= 4


def test_the_nearest_is_within_reach_or_nobody():
    aloft = scene(np.random.default_rng(4), 6)
    plots = looked(np.random.default_rng(4), aloft, noise=0.0)
    np.testing.assert_array_equal(nearest(plots, np.arange(6), 7, GLASS, aloft, 100.0),
                                  np.arange(6))  # fmt: skip
    assert np.all(nearest(plots, np.empty(0, dtype=np.int64), 7, GLASS, aloft, 1e9) == -1)
    plots[:, 1] += 3e3
    assert np.all(nearest(plots, np.arange(1), 7, GLASS, aloft, 100.0) == -1)


def test_a_jump_of_the_shift_shows_and_a_standing_one_does_not():
    """A shift that was always there (sensors that do not agree) is what is learned."""
    rng, wrong = np.random.default_rng(5), 0
    memory, a = np.zeros((4, 4)), np.array([1.0, 1e6, 1e6, 1e3])
    standing = np.array([2.0, -3.0, 0.0, 1.0])
    for _ in range(1000):
        h = np.sqrt(a) * (standing + 1.2 * rng.standard_normal(4))
        worst, _ = shift_signs(memory, h, a, 7.0, 4.5, 10)
        wrong += worst >= 0
    assert wrong <= 1
    worst, _ = shift_signs(
        memory, np.sqrt(a) * (standing + np.array([0, 12.0, 0, 0])), a, 7.0, 4.5, 10
    )
    assert worst == 1
    memory[:, 3] = 0.0
    six = np.sqrt(a) * (standing + np.array([7.0, 0, 0, 0]))
    assert shift_signs(memory, six, a, 7.0, 4.5, 10)[0] == -1
    assert shift_signs(memory, six, a, 7.0, 4.5, 10) == (0, 2)
