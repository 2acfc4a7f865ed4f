import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from chowki.kernels import visibility as v
from chowki.kernels.gate import P_LOG_C, P_TIME, P_VALUE, P_VARIANCE, P_WIDTH, candidates
from chowki.kernels.geodesy import station_frame
from chowki.kernels.kalman import innovate, workspace
from chowki.kernels.measure import spherical

GATES = np.array([0.0, 12.1, 15.2, 17.7, 20.0, 22.1, 24.1, 26.0, 27.9, 29.7, 31.4])
FRAME = station_frame(np.radians(31.0), np.radians(74.0), 0.0)
POLAR, FLAT, BEARING, POSITION = 7, 3, 2, 16


def figures(**more):
    look = np.full(v.L_WIDTH, np.nan)
    look[: v.L_DETECTION] = 0.0, 2e5, 0.0, 2 * math.pi, -0.5 * math.pi, 0.5 * math.pi
    look[v.L_DETECTION : v.L_SNR] = 0.9, 0.95
    look[v.L_LOG_FALSE_ALARM] = math.log(1e-6)
    look[v.L_MISS : v.L_WIDTH] = (
        1.0, 0.0, 0.3, 0.05, 4.0 / 3.0, 1000.0, 0.0, 4.0, 0.5, 300.0, 0.1
    )  # fmt: skip
    for name, value in more.items():
        look[getattr(v, name)] = value
    return look


def scene(look):
    return np.zeros(3), np.eye(3), FRAME, np.empty(0), np.empty(0), look, GATES


def tracks(rng, n):
    state = rng.uniform([-4e4, -4e4, 0, -90, -90, -5], [4e4, 4e4, 3e3, 90, 90, 5], (n, 6))
    a = rng.standard_normal((n, 6, 6)) * np.array([80, 80, 80, 10, 10, 3.0])[:, None]
    covariance = a @ a.transpose(0, 2, 1) + np.eye(6)
    times = rng.uniform(90.0, 101.0, n)
    ones = np.ones(n)
    return state, covariance, times, 0.7 * ones, times, np.nan * ones, np.nan * ones


def plots_near(rng, kinematics, m, bits):
    state, _, times = kinematics[:3]
    plots = np.zeros((m, P_WIDTH))
    for row in plots:
        i = rng.integers(len(state))
        row[P_TIME] = rng.uniform(97.0, 103.0)
        at = state[i, :3] + state[i, 3:] * (row[P_TIME] - times[i]) + rng.normal(0, 200.0, 3)
        row[P_VALUE : P_VALUE + 3] = spherical(np.zeros(3), np.eye(3), *at)
        row[P_VALUE + 4 : P_VALUE + 7] = at
        row[P_VARIANCE : P_VARIANCE + 3] = 900.0, 4e-6, 4e-6
        row[P_VARIANCE + 4 : P_VARIANCE + 7] = 900.0
        row[P_LOG_C] = -10.0
    return plots, np.full(m, bits, dtype=np.int64)


def by_brute_force(kinematics, plots, bits, look):
    state, covariance, times = kinematics[:3]
    found, work = {}, workspace()
    for i in range(len(state)):
        for j, row in enumerate(plots):
            m, _, squared, log_det = innovate(
                state[i], covariance[i], row[P_TIME] - times[i], bits[j],
                row[P_VALUE:P_VARIANCE].copy(), row[P_VARIANCE:P_LOG_C].copy(), np.zeros(3),
                np.eye(3), look[v.L_Q_HORIZONTAL], look[v.L_Q_VERTICAL], look[v.L_TIMING], work,
            )  # fmt: skip
            if squared <= GATES[m]:
                found[i, j] = -0.5 * (squared + log_det + m * math.log(2 * math.pi))
    return found


@settings(max_examples=60, deadline=None)
@given(st.integers(0, 2**32 - 1), st.sampled_from([POLAR, FLAT, BEARING, POSITION]))
def test_the_grid_finds_every_pair_that_brute_force_finds(seed, bits):
    rng = np.random.default_rng(seed)
    kinematics, look = tracks(rng, 25), figures()
    plots, slots = plots_near(rng, kinematics, 30, bits)
    rows, starts, pair_plot, weight, missed, now = candidates(
        kinematics, plots, slots, bits, scene(look), 97.0, 103.0
    )
    owner = np.repeat(rows, np.diff(starts))
    want = by_brute_force(kinematics, plots, slots, look)
    assert set(zip(owner.tolist(), pair_plot.tolist(), strict=True)) == set(want)
    seen = {int(i): (1.0 - m) / r for i, m, r in zip(rows, missed, now, strict=True)}
    for i, j, w in zip(owner, pair_plot, weight, strict=True):
        r = now[np.flatnonzero(rows == i)[0]]
        expected = r * max(seen[int(i)], 0.05) * math.exp(want[int(i), int(j)] + 10.0)
        assert w == pytest.approx(expected, rel=1e-6)


def chance(x, look, sd=1.0, mask=((), ())):
    p = np.eye(6) * sd**2
    return v.detection_probability(
        np.array([*x, 0.0, 0.0, 0.0]), p, np.nan, np.zeros(3), np.eye(3), FRAME, look,
        np.array(mask[0], dtype=float), np.array(mask[1], dtype=float),
    )  # fmt: skip


def test_nothing_is_seen_outside_the_volume():
    look = figures(L_RANGE_MIN=500.0, L_RANGE_MAX=30e3, L_AZIMUTH_FROM=0.0, L_AZIMUTH_SPAN=1.0)
    inside = [20e3 * math.sin(0.5), 20e3 * math.cos(0.5), 900.0]
    assert chance(inside, look) == pytest.approx(0.9)
    assert chance([-20e3, 0.0, 900.0], look) == 0.0
    assert chance([0.2 * 1000, 300.0, 100.0], look) == 0.0
    assert chance([31e3 * math.sin(0.5), 31e3 * math.cos(0.5), 900.0], look) == 0.0


def test_the_horizon_is_that_of_the_refracting_earth():
    look = figures(L_SENSOR_HEIGHT=20.0)
    distance = 59_630.0
    needed = v.above_horizon(100.0, 1.0, distance, look)
    assert needed == pytest.approx(0.5, abs=0.35)
    assert v.above_horizon(100.0, 1.0, distance - 1500.0, look) > 0.999
    assert v.above_horizon(100.0, 1.0, distance + 1500.0, look) < 0.001


@pytest.mark.parametrize(("snr_db", "want"), [(10, 0.2848), (13, 0.5172), (16, 0.7128)])
def test_swerling_1_has_the_published_values(snr_db, want):
    assert v.swerling_1(10 ** (snr_db / 10), math.log(1e-6), 1.0) == pytest.approx(want, abs=1e-3)


def test_a_radar_sees_less_far_away_and_of_small_things():
    snr = math.log(1e-6) / math.log(0.8) - 1.0
    look = figures(L_SNR=snr, L_REFERENCE_RANGE=40e3, L_REFERENCE_DBSM=0.0)
    assert v.strength(40e3, np.nan, look) == pytest.approx(0.8)
    assert v.strength(40e3, -12.0412, look) == pytest.approx(v.strength(80e3, 0.0, look), rel=1e-4)
    assert v.strength(1e3, 0.0, look) == 0.95


def test_the_mask_hides_what_is_below_it():
    look = figures()
    mask = ([0.0, math.pi], [0.1, 0.1])
    assert chance([0.0, 10e3, 500.0], look, mask=mask) == 0.0
    assert chance([0.0, 10e3, 1500.0], look, mask=mask) == pytest.approx(0.9, rel=1e-3)
