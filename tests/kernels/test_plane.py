import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import multivariate_normal, norm

from chowki.kernels.filter import P_BIRTH, P_LOG_C, P_VALUE, PLANE_VARIANCE, PLANE_WIDTH
from chowki.kernels.plane import plane_births, plane_chance, plane_report, weigh_births

SEEDS = st.integers(0, 2**32 - 1)
WIDE = (np.zeros(3), np.eye(3), np.full(11, 1e9), np.array([1.0, 0.0]))
H = np.eye(4)[:2]
NOWHERE = (np.empty(0), np.empty((0, 4)), np.empty((0, 4, 4)))


def plots_at(positions, variance=400.0):
    plots = np.full((len(positions), PLANE_WIDTH), np.nan)
    plots[:, 0] = 5.0
    plots[:, P_VALUE : P_VALUE + 2] = positions
    plots[:, PLANE_VARIANCE:] = variance
    return plots


def undetected(seed, gaussians=3, density=2e-7):
    rng = np.random.default_rng(seed)
    a = rng.standard_normal((gaussians, 4, 4)) * np.array([150.0, 150.0, 12.0, 12.0])[:, None]
    mean = rng.uniform(-800.0, 800.0, (gaussians, 4)) * np.array([1.0, 1.0, 0.03, 0.03])
    return density, 25.0, rng.uniform(0.01, 2.0, gaussians), mean, a @ a.transpose(0, 2, 1)


def densities(plot, nowhere):
    """Expected undetected targets a square metre by Gaussian, and those of the area."""
    density, _, number, mean, covariance = nowhere
    spread = np.diag(plot[PLANE_VARIANCE:])
    at = plot[P_VALUE : P_VALUE + 2]
    return density, np.array([
        number[g] * multivariate_normal(mean[g, :2], covariance[g, :2, :2] + spread).pdf(at)
        for g in range(len(number))
    ])  # fmt: skip


@settings(max_examples=50)
@given(SEEDS, st.integers(0, 3), st.sampled_from([0.0, 3e-7]), st.floats(1e-9, 1e-4))
def test_a_plot_is_clutter_or_an_undetected_target(seed, gaussians, density, clutter):
    rng = np.random.default_rng(seed)
    plots = plots_at(rng.uniform(-1e3, 1e3, (6, 2)), rng.uniform(50.0, 900.0, (6, 2)))
    nowhere = undetected(seed, gaussians, density)
    weigh_births(plots, nowhere, clutter, 0.8)
    for plot in plots:
        even, some = densities(plot, nowhere)
        b = 0.8 * (even + some.sum())
        assert plot[P_LOG_C] == pytest.approx(math.log(clutter + b), rel=1e-9)
        assert plot[P_BIRTH] == pytest.approx(b / (clutter + b), rel=1e-9, abs=1e-300)


@settings(max_examples=50)
@given(SEEDS, st.integers(0, 3), st.sampled_from([0.0, 3e-7]))
def test_a_new_track_is_the_moment_match_of_where_it_may_have_come_from(seed, gaussians, density):
    """Its own update for each Gaussian; the plot at rest, with the speed told, for the area."""
    rng = np.random.default_rng(seed)
    plots = plots_at(rng.uniform(-1e3, 1e3, (6, 2)), rng.uniform(50.0, 900.0, (6, 2)))
    nowhere = undetected(seed, gaussians, density if gaussians else 3e-7)
    weigh_births(plots, nowhere, 1e-7, 0.8)
    free = rng.uniform(0.0, 1.0, 6)
    chosen, existence, state, spread = plane_births(plots, free, nowhere, WIDE, 1e-5)
    want = plots[:, P_BIRTH] * free
    np.testing.assert_array_equal(chosen, np.flatnonzero(want >= 1e-5))
    np.testing.assert_array_equal(existence, want[chosen])
    for b, j in enumerate(chosen):
        even, some = densities(plots[j], nowhere)
        at, r = plots[j, P_VALUE : P_VALUE + 2], np.diag(plots[j, PLANE_VARIANCE:])
        parts = [(even, np.append(at, [0.0, 0.0]), np.diag([*np.diag(r), 625.0, 625.0]))]
        for g, weight in enumerate(some):
            m, p = nowhere[3][g], nowhere[4][g]
            gain = p @ H.T @ np.linalg.inv(H @ p @ H.T + r)
            parts.append((weight, m + gain @ (at - H @ m), p - gain @ H @ p))
        w = np.array([part[0] for part in parts]) / sum(part[0] for part in parts)
        mean = sum(v * part[1] for v, part in zip(w, parts, strict=True))
        match = sum(
            v * (part[2] + np.outer(part[1] - mean, part[1] - mean))
            for v, part in zip(w, parts, strict=True)
        )
        sd = np.sqrt(np.diag(match))
        assert (np.abs(state[b] - mean) < 1e-8 * sd).all()
        assert (np.abs(spread[b] - match) < 1e-8 * np.outer(sd, sd)).all()


def test_no_track_is_started_where_plots_have_other_causes():
    plots = plots_at([[0.0, 0.0], [10.0, 0.0]])
    weigh_births(plots, (1e-6, 30.0, *NOWHERE), 1e-6, 0.9)
    assert plots[0, P_BIRTH] == pytest.approx(0.9 / 1.9)
    chosen, existence, _, _ = plane_births(
        plots, np.array([1.0, 1e-4]), (1e-6, 30.0, *NOWHERE), WIDE, 1e-3
    )
    assert chosen.tolist() == [0]
    assert existence.tolist() == [plots[0, P_BIRTH]]


def rows_of(state, covariance, times, existence):
    n = len(state)
    return (state, covariance, state[:, None], covariance[:, None], np.ones((n, 1)), times,
            existence, np.arange(n))  # fmt: skip


def drawn(seed, n=20, reach=2e3):
    rng = np.random.default_rng(seed)
    state = rng.uniform([-reach, -reach, -50, -50], [reach, reach, 50, 50], (n, 4))
    a = rng.standard_normal((n, 4, 4)) * np.array([60.0, 60.0, 6.0, 6.0])[:, None]
    covariance = a @ a.transpose(0, 2, 1)
    return rows_of(state, covariance, rng.uniform(90.0, 100.0, n), rng.uniform(0.1, 1.0, n))


@settings(max_examples=40)
@given(SEEDS, st.sampled_from([0.0, 0.2, 1.0]))
def test_existence_fades_outside_the_area(seed, edge):
    rows = drawn(seed)
    area = np.array([-1e3, -1.2e3, 1.1e3, 1e3])
    got = plane_chance(rows, 102.0, 0.95, 0.85, area, edge)
    for i in range(20):
        dt, inside = 102.0 - rows[5][i], 1.0
        f = np.eye(4)
        f[:2, 2:] = dt * np.eye(2)
        x, p = f @ rows[0][i], f @ rows[1][i] @ f.T
        for a in range(2):
            nearest = min(x[a] - area[a], area[2 + a] - x[a])
            inside *= norm.cdf(nearest / math.sqrt(p[a, a]))
        want = 0.95 * rows[6][i] * max(inside, edge)  # beyond six deviations: all or nothing
        assert got[i, 0] == pytest.approx(want, rel=1e-8, abs=2e-9)
        seen = 0.85 * inside if edge == 1.0 else 0.85  # what survives outside is not looked for
        assert got[i, 2] == pytest.approx(seen, rel=1e-8, abs=2e-9)
        assert got[i, 1] == max(got[i, 2], 1e-3)


def test_without_an_area_nothing_fades():
    rows = drawn(1)
    endless = np.array([-np.inf, -np.inf, np.inf, np.inf])
    got = plane_chance(rows, 102.0, 0.9, 0.5, endless, 0.2)
    np.testing.assert_allclose(got[:, 0], 0.9 * rows[6])


def test_a_report_is_the_prediction_to_its_time():
    rows, q, told = drawn(2), 3.0, np.array([4, 0, 19])
    got = plane_report(rows, told, 103.0, q)
    for k, i in enumerate(told):
        dt, f = 103.0 - rows[5][i], np.eye(4)
        f[:2, 2:] = dt * np.eye(2)
        x, p = f @ rows[0][i], f @ rows[1][i] @ f.T
        noise = q * dt**3 / 3.0
        want = [*x, p[0, 0] + noise, p[0, 1], p[1, 1] + noise]
        np.testing.assert_allclose(got[:, k], want, rtol=1e-12)
    assert plane_report(rows, told[:0], 103.0, q).shape == (7, 0)
