import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from chowki.kernels.geodesy import station_frame, vertical_and_height
from chowki.kernels.height import settle, settle_all
from chowki.kernels.modes import SPACE_TURNING, combine

FRAME = station_frame(np.radians(31.0), np.radians(74.0), 0.0)
LIMIT = 250.0**2


def state_of(rng, sd_up):
    a = rng.standard_normal((7, 7)) * np.array([200, 200, sd_up, 8, 8, 3, 0.05])[:, None]
    x = np.append(rng.uniform([-2e5, -2e5, 0, -60, -60, -3], [2e5, 2e5, 4e3, 60, 60, 3]), 0.01)
    return x, a @ a.T


@settings(max_examples=60)
@given(st.integers(0, 2**32 - 1), st.floats(1.0, 5e3))
def test_it_is_a_kalman_update_with_the_height_known_beforehand(seed, sd_up):
    x, p = state_of(np.random.default_rng(seed), sd_up)
    ux, uy, uz, above = vertical_and_height(FRAME, x[0], x[1], x[2])
    h = np.array([ux, uy, uz, 0.0, 0.0, 0.0, 0.0])
    variance = h @ p @ h
    after_x, after_p = x.copy(), p.copy()
    changed = settle(SPACE_TURNING, FRAME, 300.0, LIMIT, after_x, after_p, np.empty(7))
    if variance <= 1.05 * LIMIT:
        assert not changed
        np.testing.assert_array_equal(after_x, x)
        np.testing.assert_array_equal(after_p, p)
        return
    noise = 1.0 / (1.0 / LIMIT - 1.0 / variance)
    gain = p @ h / (variance + noise)
    np.testing.assert_allclose(after_x, x + gain * (300.0 - above), rtol=1e-9, atol=1e-9)
    want = p - np.outer(gain, h @ p)
    np.testing.assert_allclose(after_p, want, rtol=1e-6, atol=1e-6 * np.abs(p).max())
    assert h @ after_p @ h == pytest.approx(LIMIT, rel=1e-6)
    assert np.linalg.eigvalsh(after_p).min() > -1e-9 * np.abs(p).max()


def test_only_fresh_modes_of_the_rows_in_question_are_written():
    rng = np.random.default_rng(3)
    modes = [[state_of(rng, 3e3) for _ in range(3)] for _ in range(4)]
    mode_x = np.array([[x for x, _ in track] for track in modes])
    mode_p = np.array([[p for _, p in track] for track in modes])
    mode_mu = np.tile([0.7, 0.3, 0.0], (4, 1))
    state, covariance = np.zeros((4, 6)), np.zeros((4, 6, 6))
    for i in range(4):
        combine(SPACE_TURNING, mode_x[i], mode_p[i], mode_mu[i], state[i], covariance[i])
    rows = (
        state, covariance, mode_x, mode_p, mode_mu, np.zeros(4), np.ones(4), np.arange(4),
    )  # fmt: skip
    before = [column.copy() for column in rows]
    rcs = np.array([-15.0, -15.0, np.nan, -15.0])
    levels = (500.0, 250.0, 3_200.0, 3_000.0)
    settle_all(SPACE_TURNING, rows, np.array([1, 2, 3]), 2, rcs, -3.0, FRAME, levels)
    for column, old in zip(rows, before, strict=True):
        np.testing.assert_array_equal(column[:2], old[:2])
    for i, (height, sd) in ((2, (3_200.0, 3_000.0)), (3, (500.0, 250.0))):
        for m in range(2):
            x, p = before[2][i, m].copy(), before[3][i, m].copy()
            settle(SPACE_TURNING, FRAME, height, sd * sd, x, p, np.empty(7))
            np.testing.assert_allclose(mode_x[i, m], x)
            np.testing.assert_allclose(mode_p[i, m], p)
        np.testing.assert_array_equal(mode_x[i, 2], before[2][i, 2])
        mean, spread = np.empty(6), np.empty((6, 6))
        combine(SPACE_TURNING, mode_x[i], mode_p[i], mode_mu[i], mean, spread)
        np.testing.assert_allclose(state[i], mean)
        np.testing.assert_allclose(covariance[i], spread)
