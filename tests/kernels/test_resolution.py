import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from chowki.kernels import resolution as r
from chowki.kernels.filter import P_TIME, P_VALUE, P_WIDTH
from chowki.kernels.measure import spherical

ORIGIN, AXES = np.array([100.0, -50.0, 20.0]), np.eye(3)
POLAR, BEARING = 7, 2


def test_the_cell_is_what_the_stated_accuracy_comes_from():
    """sigma_R = cell / sqrt(2 S), sigma_azimuth = width / (1.6 sqrt(2 S))."""
    cell_m, width = 30.0, math.radians(1.5)
    snr = math.log(1e-6) / math.log(0.8) - 1.0
    share = 1.0 / math.sqrt(2.0 * snr)
    got = r.cell_of(share * cell_m, share / 1.6 * width, snr)
    assert got == pytest.approx((cell_m, width))


def sky(seed, n=30, m=25):
    rng = np.random.default_rng(seed)
    state = rng.uniform([-2e4, -2e4, 0, -60, -60, -3], [2e4, 2e4, 2e3, 60, 60, 3], (n, 6))
    time_s, existence = rng.uniform(90.0, 100.0, n), rng.uniform(0.0, 1.0, n)
    plots = np.zeros((m, P_WIDTH))
    for row in plots:
        i, row[P_TIME] = rng.integers(n), rng.uniform(98.0, 104.0)
        at = state[i, :3] + (row[P_TIME] - time_s[i]) * state[i, 3:] + rng.normal(0, 150.0, 3)
        row[P_VALUE : P_VALUE + 3] = spherical(ORIGIN, AXES, *at)
    a = rng.standard_normal((n, 6, 6)) * np.array([60, 60, 60, 4, 4, 2.0])[:, None]
    return state, a @ a.transpose(0, 2, 1), time_s, existence, plots


@settings(max_examples=40)
@given(st.integers(0, 2**32 - 1))
def test_mates_are_those_of_all_couples(seed):
    state, covariance, time_s, existence, plots = sky(seed)
    rows, cell = np.arange(3, 30, 2), (200.0, 0.03)
    got = r.cell_mates(
        state, covariance, time_s, existence, rows, plots, np.full(len(plots), POLAR), ORIGIN, AXES,
        101.0, 3.0, cell,
    )  # fmt: skip
    want = []
    for j, row in enumerate(plots):
        for k, i in enumerate(rows):
            at = state[i, :3] + (row[P_TIME] - time_s[i]) * state[i, 3:]
            slant, azimuth, _ = spherical(ORIGIN, AXES, *at)
            off = (azimuth - row[P_VALUE + 1] + math.pi) % (2 * math.pi) - math.pi
            dt = 101.0 - time_s[i]
            f = np.hstack([np.eye(3), dt * np.eye(3)])
            spread, line = f @ covariance[i] @ f.T, f @ state[i] - ORIGIN
            away = spherical(ORIGIN, AXES, *(f @ state[i]))[0]
            line[2] = 0.0
            u = line / np.linalg.norm(line)
            w = np.array([-u[1], u[0], 0.0])
            along, across = math.sqrt(u @ spread @ u), math.sqrt(w @ spread @ w)
            least = cell[0] + min(2 * along, 8 * cell[0])
            turn = cell[1] + min(2 * across / away, 2 * cell[1])
            if existence[i] >= r.EXISTS and abs(slant - row[P_VALUE]) <= least:
                want += [(k, j)] if abs(off) <= turn else []
    assert sorted(zip(*(part.tolist() for part in got), strict=True)) == sorted(want)
    assert np.all(np.diff(got[1]) >= 0)
    none = r.cell_mates(
        state, covariance, time_s, existence, rows, plots, np.full(len(plots), BEARING), ORIGIN,
        AXES, 101.0, 3.0, cell,
    )  # fmt: skip
    assert len(none[0]) == 0


def test_tracks_that_share_a_plot_are_not_missed_and_do_not_contest():
    mates = np.array([0, 2, 1, 3, 4]), np.array([0, 0, 1, 2, 2])
    chance = np.tile([0.9, 0.8, 0.7], (5, 1))
    contests = r.shadow(mates, chance)
    np.testing.assert_array_equal(chance[:, 2], [0.0, 0.7, 0.0, 0.0, 0.0])
    np.testing.assert_array_equal(chance[:, 0], 0.9)
    np.testing.assert_array_equal(contests[:, 0], [0.0, 0.9, 0.0, 0.0, 0.0])
    np.testing.assert_array_equal(contests[:, 1:], chance[:, 1:])


def test_a_plot_beside_a_track_founds_none_unless_that_track_caused_another():
    existence = np.array([0.9, 0.8])
    mates = np.array([0, 1, 0]), np.array([0, 1, 2])
    free = np.array([0.7, 1.0, 1.0, 0.4])
    pairs = np.array([0, 2, 2]), np.array([0, 2]), np.array([0.3, 0.65])
    out = r.unexplained(mates, existence, pairs, free)
    np.testing.assert_allclose(out[0], 0.7 * (1.0 - 0.9 * 0.35))
    np.testing.assert_allclose(out[1], 1.0 - 0.8)
    np.testing.assert_allclose(out[2], 1.0 - 0.9 * 0.7)
    assert out[3] == free[3]
