import importlib
import math
import sys
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.spatial.transform import Rotation

from chowki.kernels import birth, slots
from chowki.kernels import filter as plots_of
from chowki.kernels.filter import likelihood, updated
from chowki.kernels.geodesy import MEAN_RADIUS_M
from chowki.kernels.kalman import correct, expect, innovate, workspace
from chowki.kernels.modes import PLANE_TURNING, SPACE, SPACE_TURNING
from chowki.kernels.turning import turned

RUNS = 150
SEEDS = st.integers(0, 2**32 - 1)
ORIGIN = np.array([100.0, -50.0, 20.0])


def benchmark(name):
    """Return a module of the tracker's benchmark; its modules import each other by bare name."""
    folder = str(Path(__file__).parents[2] / "benchmarks" / "tracker")
    sys.path.insert(0, folder)
    try:
        return importlib.import_module(name)
    finally:
        sys.path.remove(folder)


consistency, cases = benchmark("consistency"), benchmark("consistency_cases")
strain = benchmark("strain")
# Plots after which NEES and NIS are judged: the third, and at one third, two thirds and the end.
CASES = [(model, kind) for model in cases.MODELS for kind in cases.KINDS]
CURVED = list(cases.curved())


def judged(case, runs):
    """Return NEES and NIS, means over runs, beside their bands, at several times."""
    out, n = consistency.simulate(case, runs), 2 * case.dimensions
    at = [2, len(out.nees) // 3, 2 * len(out.nees) // 3, len(out.nees) - 1]
    nees = [(out.nees[k].mean(), consistency.band(n, runs)) for k in at]
    nis = [(out.nis[k].mean(), consistency.band(out.freedom[k], runs)) for k in at]
    return nees, nis


@pytest.mark.parametrize(("model", "kind"), CASES)
def test_nees_and_nis_lie_in_their_bands(model, kind):
    nees, nis = judged(cases.case(model, kind), RUNS)
    for mean, (low, high) in nees + nis:
        assert low < mean < high


@pytest.mark.parametrize("name", CURVED)
def test_nees_lies_in_its_band_where_measurements_bend(name):
    nees, _ = judged(cases.curved()[name], RUNS)
    for mean, (low, high) in nees:
        assert low < mean < high


@pytest.mark.parametrize("name", [name for name in CURVED if "0.5 degrees" not in name])
def test_there_a_plain_extended_filter_is_too_sure(name):
    case = cases.curved()[name]
    nees = consistency.plain(case, RUNS)
    _, high = consistency.band(6, RUNS)
    assert nees[2].mean() > high


@pytest.mark.parametrize("kind", [kind for kind in cases.KINDS if "late" not in kind])
def test_the_error_in_straight_flight_is_near_the_bound(kind):
    case = cases.calm(kind)
    out = consistency.simulate(case, 400)
    bound = consistency.bound_m(case, out)
    for k in (7, 15, 23):
        rms = math.sqrt(np.mean(np.square(out.error_m[k])))
        # with one number that dominates, the rms of 400 runs is known to 3.5 %
        assert rms <= 1.1 * bound[k] * (1.0 + 2.0 * 0.035)


def test_the_first_state_of_a_track_holds_its_target():
    """Truth drawn as a plot and a height prior allow: NEES of position in its band."""
    rng, runs = np.random.default_rng(3), 2000
    sigma = np.array([30.0, math.radians(1.5), math.radians(1.5)])
    for bits, height_sd in ((7, 0.0), (3, 2500.0)):
        squared = []
        for _ in range(runs):
            slant, azimuth = 60e3, rng.uniform(0.0, 2.0 * math.pi)
            elevation = math.radians(3.0)
            state, covariance = founded([slant, azimuth, elevation], sigma, bits, height_sd)
            r = slant + sigma[0] * rng.standard_normal()
            a = azimuth + sigma[1] * rng.standard_normal()
            up = r * math.sin(elevation + sigma[2] * rng.standard_normal())
            if bits == 3:
                up = 3000.0 + height_sd * rng.standard_normal()
            ground = math.sqrt(r * r - up * up)
            off = np.array([ground * math.sin(a), ground * math.cos(a), up]) - state[:3]
            squared.append(off @ np.linalg.solve(covariance[:3, :3], off))
        # the density bends, so that NEES is no chi-square: its own spread makes the band
        error = np.std(squared) / math.sqrt(runs)
        assert abs(np.mean(squared) - 3.0) < 3.3 * error


def founded(values, sigma, bits, height_sd):
    """Return state and covariance of a track that one polar plot founds, on flat ground."""
    plots = np.ones((1, plots_of.P_WIDTH))
    plots[0, plots_of.P_VALUE : plots_of.P_VALUE + 3] = values
    plots[0, plots_of.P_VARIANCE : plots_of.P_VARIANCE + 3] = sigma**2
    look, prior = np.zeros(21), np.zeros(birth.B_WIDTH)
    look[birth.L_EARTH_FACTOR] = math.inf
    prior[:] = (-99.0, 30.0, 30.0, 4.0, 3000.0, height_sd, 3000.0, height_sd, 0.1)
    view = (np.zeros(3), np.eye(3), np.full(11, 20.0), np.zeros(2))
    _, _, state, covariance = birth.births(plots, np.array([bits]), np.ones(1), look, view, prior)
    return state[0], covariance[0]


def test_the_first_state_has_the_moments_of_all_that_its_plot_allows():
    rng, n = np.random.default_rng(4), 400_000
    sigma = np.array([200.0, 0.12, 0.08])
    values = np.array([8000.0, 0.7, 0.3])
    state, covariance = founded(values, sigma, 7, 0.0)
    r, a, e = (values + sigma * rng.standard_normal((n, 3))).T
    drawn = np.stack([r * np.cos(e) * np.sin(a), r * np.cos(e) * np.cos(a), r * np.sin(e)])
    deviation = np.sqrt(np.diag(np.cov(drawn)))
    assert np.abs((state[:3] - drawn.mean(axis=1)) / deviation).max() < 5.0 / math.sqrt(n)
    apart = (covariance[:3, :3] - np.cov(drawn)) / np.outer(deviation, deviation)
    assert np.abs(apart).max() < 0.01
    named = np.array([*(8000.0 * math.cos(0.3) * np.array([math.sin(0.7), math.cos(0.7)]))])
    assert np.linalg.norm(named) - np.linalg.norm(state[:2]) > 50.0  # the arc's middle lies inside


def test_a_height_prior_over_curved_ground_falls_with_it():
    plots, look = np.ones((1, plots_of.P_WIDTH)), np.zeros(21)
    plots[0, plots_of.P_VALUE : plots_of.P_VALUE + 2] = 150e3, 0.0
    plots[0, plots_of.P_VARIANCE : plots_of.P_VARIANCE + 2] = 100.0, 1e-8
    look[birth.L_EARTH_FACTOR], look[birth.L_SENSOR_HEIGHT] = 4.0 / 3.0, 200.0
    prior = np.array([-99.0, 30.0, 30.0, 4.0, 9000.0, 300.0, 9000.0, 300.0, 0.1])
    view = (np.zeros(3), np.eye(3), np.full(11, 20.0), np.zeros(2))
    _, _, state, covariance = birth.births(plots, np.array([3]), np.ones(1), look, view, prior)
    assert state[0, 2] == pytest.approx(9000.0 - 200.0 - 150e3**2 / (2.0 * MEAN_RADIUS_M), abs=1.0)
    assert math.sqrt(covariance[0, 2, 2]) == pytest.approx(300.0, rel=1e-6)


def axes_of(seed):
    return Rotation.random(random_state=seed).as_matrix()


@settings(max_examples=40)
@given(SEEDS, st.integers(0, 3))
def test_curvatures_equal_numeric_second_differences(seed, slot):
    rng, axes = np.random.default_rng(seed), axes_of(seed % 1000)
    x = rng.standard_normal(6) * np.array([9e3, 9e3, 3e3, 80.0, 80.0, 10.0])
    x[:3] += np.sign(x[:3]) * 2000.0
    directions, hess = np.empty((3, 3)), np.empty((6, 6))
    ground, rise = slots.triad(ORIGIN, axes, x, directions)
    n = slots.bend(slot, directions, ground, rise, x, hess, np.empty(3), np.empty(3))

    def gradient(at):
        z, jac = np.empty(10), np.zeros((10, 6))
        expect(15, ORIGIN, axes, at, z, jac)
        return jac[slot]

    turn = np.zeros((6, 6))
    turn[:3, :3] = turn[3:, 3:] = directions
    step = np.array([1.0] * 3 + [0.1] * 3)
    want = np.empty((6, 6))
    for k in range(6):
        move = step[k] * turn[k]
        want[k] = turn @ (gradient(x + move) - gradient(x - move)) / (2.0 * step[k])
    assert n == (6 if slot == 3 else 3)
    scale = np.abs(want).max()
    np.testing.assert_allclose(hess[:n, :n], want[:n, :n], atol=1e-4 * scale)
    np.testing.assert_allclose(want[n:], 0.0, atol=1e-6 * scale)


def test_a_quadratic_value_has_the_mean_and_variance_that_its_curvature_adds():
    rng = np.random.default_rng(5)
    a, root = rng.standard_normal((3, 3)), rng.standard_normal((3, 3))
    hess, c = a + a.T, root @ root.T
    x = rng.multivariate_normal(np.zeros(3), c, 2_000_000)
    value = 0.5 * np.einsum("ni,ij,nj->n", x, hess, x)
    mean, variance = slots.second_moments(3, hess, c, np.empty((3, 3)))
    assert mean == pytest.approx(value.mean(), abs=5.0 * value.std() / math.sqrt(len(x)))
    assert variance == pytest.approx(value.var(), rel=0.02)


@settings(max_examples=60)
@given(SEEDS)
def test_what_may_not_bend_does_not(seed):
    """The cheap bound is never below the share of noise that curvature really adds."""
    rng, axes = np.random.default_rng(seed), axes_of(seed % 997)
    a = rng.standard_normal((6, 6)) * 10.0 ** rng.uniform(-1.0, 3.0, 6)[:, None]
    p = a @ a.T
    x = rng.standard_normal(6) * np.array([2e4, 2e4, 5e3, 90.0, 90.0, 9.0])
    z, jac, directions, hess = np.empty(10), np.zeros((10, 6)), np.empty((3, 3)), np.empty((6, 6))
    expect(15, ORIGIN, axes, x, z, jac)
    ground, rise = slots.triad(ORIGIN, axes, x, directions)
    turned_p, spare = np.empty((6, 6)), np.empty((6, 6))
    slots.seen_from(directions, p, turned_p, spare)
    for slot in range(4):
        n = slots.bend(slot, directions, ground, rise, x, hess, np.empty(3), np.empty(3))
        _, added = slots.second_moments(n, hess, turned_p, spare)
        variances = np.full(10, added / 1.01)
        assert slots.could_bend(1 << slot, p, x, z, jac, variances, 0.25)


@pytest.mark.parametrize("bits", [1, 2, 3, 6, 7, 15])
def test_a_state_as_sure_as_a_track_is_updated_as_by_textbook(bits):
    rng, x = np.random.default_rng(bits), np.array([9e3, 1.2e4, 900.0, 40.0, -30.0, 2.0])
    scale = np.array([20.0] * 3 + [3.0] * 3)
    a = rng.standard_normal((6, 6)) * scale[:, None]
    p, sigma = a @ a.T + np.diag(scale**2), np.array([30.0, 4e-3, 4e-3, 1.0])
    z, jac = np.empty(10), np.zeros((10, 6))
    expect(bits, ORIGIN, np.eye(3), x, z, jac)
    measured = [k for k in range(4) if bits & (1 << k)]
    values, variances = z.copy(), np.ones(10)
    values[:4] += sigma * rng.standard_normal(4)
    variances[:4] = sigma**2
    work, got_x, got_p = workspace(SPACE), np.empty(6), np.empty((6, 6))
    m, wide, _, _ = innovate(
        SPACE, x, p, 0.0, bits, values, variances, ORIGIN, np.eye(3), 0.0, 0.0, work
    )
    correct(SPACE, m, wide, x, p, work, got_x, got_p)
    h, r = jac[measured], np.diag(sigma[measured] ** 2)
    gain = p @ h.T @ np.linalg.inv(h @ p @ h.T + r)
    left = np.eye(6) - gain @ h
    np.testing.assert_allclose(got_x, x + gain @ (values - z)[measured], rtol=1e-10)
    np.testing.assert_allclose(got_p, left @ p @ left.T + gain @ r @ gain.T, rtol=1e-8, atol=1e-8)


@pytest.mark.parametrize("size", [PLANE_TURNING, SPACE_TURNING])
@pytest.mark.parametrize("rate", [0.0, 0.15])
def test_a_turn_of_uncertain_rate_has_the_moments_of_many_turns(size, rate):
    rng, n, d, dt_s, draws = np.random.default_rng(6), len(size), len(size) // 2, 4.0, 400_000
    up = np.array([0.0, 0.0, 1.0]) if d == 2 else np.array([0.1, 0.2, math.sqrt(0.95)])
    scale = np.array([30.0] * d + [5.0] * d + [0.05])
    a = 0.4 * rng.standard_normal((n, n)) * scale[:, None]
    p = a @ a.T + np.diag((0.3 * scale) ** 2)
    x = np.concatenate([1e3 * rng.standard_normal(d), 60.0 * rng.standard_normal(d), [rate]])
    drawn = rng.multivariate_normal(x, p, draws)
    v, w = np.zeros((draws, 3)), drawn[:, -1]
    v[:, :d] = drawn[:, d : 2 * d]
    after = Rotation.from_rotvec((w * dt_s)[:, None] * up).apply(v)
    moved = dt_s * (v @ up)[:, None] * up + np.cross(up, v - after) / w[:, None]
    want = np.concatenate([drawn[:, :d] + moved[:, :d], after[:, :d], w[:, None]], axis=1)
    got_x, got_p, f, fp = np.empty(n), np.empty((n, n)), np.empty((n, n)), np.empty((n, n))
    turned(size, tuple(up), dt_s, x, p, got_x, got_p, f, fp)
    deviation = want.std(axis=0)
    assert np.abs((got_x - want.mean(axis=0)) / deviation).max() < 0.01
    assert np.abs((got_p - np.cov(want.T)) / np.outer(deviation, deviation)).max() < 0.015


def test_no_covariance_ceases_to_be_positive():
    steps = strain.strained(20_000, seed=5)
    assert steps.broken == []
    assert steps.updates > 19_000
    assert steps.least > 0.0


def test_position_and_radar_updates_agree_where_both_are_sure():
    """A polar plot far surer than the state and the position it names leave the same state."""
    x, p = np.array([9e3, 1.2e4, 900.0, 40.0, -30.0, 2.0]), np.diag([1e4] * 3 + [400.0] * 3)
    true = x[:3] + np.array([80.0, -120.0, 60.0])
    off = true - ORIGIN
    row = np.ones(plots_of.P_WIDTH)
    slant = np.linalg.norm(off)
    row[4:7] = slant, math.atan2(off[0], off[1]), math.asin(off[2] / slant)
    row[8:11] = true
    row[14:17] = 1e-2, 1e-12, 1e-12
    row[18:21] = 1e-2
    view = (ORIGIN, np.eye(3), np.full(11, 1e9), np.zeros(2))
    found = []
    for bits in (7, 16):
        work, out_x, out_p = workspace(SPACE), np.empty(6), np.empty((6, 6))
        _, m, wide = likelihood(SPACE, x, p, 0.0, row, bits, view, work)
        updated(SPACE, m, wide, x, p, 0.0, view, work, out_x, out_p)
        found.append(out_x)
    np.testing.assert_allclose(found[0], found[1], atol=0.3)
