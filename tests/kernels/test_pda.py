import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from chowki.kernels.associate import belief_propagation
from chowki.kernels.bernoulli import NEGLIGIBLE, update
from chowki.kernels.filter import P_BIRTH, P_LOG_C, P_TIME, P_VALUE, PLANE_VARIANCE, PLANE_WIDTH
from chowki.kernels.gate import candidates
from chowki.kernels.modes import PLANE
from chowki.kernels.pda import alike, pda_candidates, pda_update
from chowki.picture.motions import straight

SEEDS = st.integers(0, 2**32 - 1)
AT_S, Q = 1_000.0, 1.5


class Scene:
    """Tracks on a few square kilometres, and plots of one time and one noise."""

    def __init__(self, seed, tracks=40, plots=60, gate=16.0, side_m=4e3, spread=60.0):
        rng = np.random.default_rng(seed)
        state = rng.uniform([0, 0, -60, -60], [side_m, side_m, 60, 60], (tracks, 4))
        a = rng.standard_normal((tracks, 4, 4)) * np.array([spread, spread, 9.0, 9.0])[:, None]
        covariance = a @ a.transpose(0, 2, 1) + np.diag([1.0, 1.0, 0.1, 0.1])
        times = AT_S - rng.choice([0.0, 1.0, 1.0, 3.7], tracks)
        existence = rng.uniform(0.0, 1.0, tracks)
        self.n, self.gate, self.rng = tracks, gate, rng
        self.rows = (
            state, covariance, state.reshape(-1, 1, 4).copy(),
            covariance.reshape(-1, 1, 4, 4).copy(), np.ones((tracks, 1)), times, existence,
            np.arange(tracks),
        )  # fmt: skip
        self.chance = np.stack([existence, *rng.uniform(0.3, 1.0, (2, tracks))], axis=1)
        self.plots = np.full((plots, PLANE_WIDTH), np.nan)
        self.plots[:, P_TIME], self.plots[:, P_BIRTH] = AT_S, 0.5
        self.plots[:, P_LOG_C] = rng.uniform(-15.0, -9.0, plots)
        self.plots[:, PLANE_VARIANCE:] = rng.uniform(50.0, 2e3, 2)
        near = rng.integers(tracks, size=plots)
        there = state[near, :2] + (AT_S - times[near])[:, None] * state[near, 2:]
        there += 120.0 * rng.standard_normal((plots, 2))
        stray = rng.random(plots) < 0.3
        there[stray] = rng.uniform(-side_m, 2.0 * side_m, (stray.sum(), 2))
        self.plots[:, P_VALUE : P_VALUE + 2] = there

    def view(self):
        return np.zeros(3), np.eye(3), np.full(11, self.gate), np.array([Q, 0.0])

    def gated(self):
        return candidates(
            PLANE, straight(Q, Q), self.rows, np.arange(self.n), self.chance, self.plots,
            np.zeros(len(self.plots), np.int64), 0, self.view(), AT_S, AT_S,
        )  # fmt: skip

    def quickly_gated(self):
        return pda_candidates(
            self.rows[0], self.rows[1], self.rows[5], self.chance, self.plots, Q, self.gate
        )

    def updated(self, pairs, skipped):
        """Return state, covariance, time and existence by both ways."""
        rows = tuple(c.copy() for c in self.rows)
        update(
            PLANE, straight(Q, Q), rows, np.arange(self.n), self.chance, pairs, self.plots,
            np.zeros(len(self.plots), np.int64), self.view(), skipped, -1,
        )  # fmt: skip
        quick = tuple(self.rows[c].copy() for c in (0, 1, 5, 6))
        pda_update(*quick, self.chance, pairs, self.plots, Q, skipped)
        return tuple(rows[c] for c in (0, 1, 5, 6)), quick


def sorted_pairs(starts, pair_plot, weight):
    row = np.repeat(np.arange(len(starts) - 1), np.diff(starts))
    order = np.lexsort((pair_plot, row))
    return row[order], pair_plot[order], weight[order]


def same(slow, quick):
    """Within 1e-9 of each other, relative to the standard deviations."""
    sd = np.sqrt(np.diagonal(slow[1], axis1=1, axis2=2))
    assert (np.abs(quick[0] - slow[0]) <= 1e-9 * sd).all()
    assert (np.abs(quick[1] - slow[1]) <= 1e-9 * sd[:, :, None] * sd[:, None]).all()
    np.testing.assert_array_equal(quick[2], slow[2])
    np.testing.assert_allclose(quick[3], slow[3], rtol=1e-12)


@settings(max_examples=60)
@given(SEEDS, st.integers(0, 60), st.integers(1, 300), st.sampled_from([0.5, 9.0, 18.4]))
def test_pairs_are_those_of_the_general_way(seed, tracks, plots, gate):
    scene = Scene(seed, tracks=max(tracks, 1), plots=plots, gate=gate)
    slow, quick = sorted_pairs(*scene.gated()), sorted_pairs(*scene.quickly_gated())
    np.testing.assert_array_equal(quick[0], slow[0])
    np.testing.assert_array_equal(quick[1], slow[1])
    np.testing.assert_allclose(quick[2], slow[2], rtol=1e-9)


@settings(max_examples=60)
@given(SEEDS, st.integers(1, 200), st.sampled_from([9.0, 18.4]))
def test_updates_are_those_of_the_general_way(seed, plots, gate):
    scene = Scene(seed, plots=plots, gate=gate)
    starts, pair_plot, weight = scene.gated()
    missed = 1.0 - scene.chance[:, 0] * scene.chance[:, 2]
    share, lost, _ = belief_propagation(starts, pair_plot, weight, missed, plots)
    skipped = (scene.rng.random(scene.n) < 0.2).astype(np.int64)
    slow, quick = scene.updated((starts, pair_plot, share, lost), skipped)
    same(slow, quick)
    aside = skipped > 0
    for column, before in zip(quick, (scene.rows[c] for c in (0, 1, 5, 6)), strict=True):
        np.testing.assert_array_equal(column[aside], before[aside])
    assert np.array_equal(quick[1], quick[1].transpose(0, 2, 1))
    assert np.linalg.eigvalsh(quick[1]).min() > 0.0


@settings(max_examples=40)
@given(SEEDS)
def test_any_shares_are_taken_alike(seed):
    """Shares below and above what is negligible, sure misses and sure plots."""
    scene = Scene(seed, tracks=12, plots=30, gate=1e4)
    starts, pair_plot, _ = scene.gated()
    assert np.diff(starts).max() > 10
    share, lost = np.zeros(len(pair_plot)), np.ones(scene.n)
    for i in range(scene.n):
        mine = slice(starts[i], starts[i + 1])
        few = int(np.diff(starts)[i]) + 1
        drawn = scene.rng.dirichlet(np.full(few, scene.rng.choice([0.02, 0.1, 1.0])))
        share[mine], lost[i] = drawn[1:], drawn[0]
    share[starts[0] : starts[1]] = 0.3 * NEGLIGIBLE  # found all together, none of them counts
    slow, quick = scene.updated((starts, pair_plot, share, lost), np.zeros(12, np.int64))
    same(slow, quick)


def test_no_candidate_leaves_the_state_and_lowers_existence():
    scene = Scene(7)
    scene.plots[:, P_VALUE] += 1e6
    starts, pair_plot, weight = scene.quickly_gated()
    assert len(pair_plot) == len(weight) == 0
    pairs = (starts, pair_plot, weight, np.ones(scene.n))
    slow, quick = scene.updated(pairs, np.zeros(scene.n, np.int64))
    for column, before, general in zip(
        quick, (scene.rows[c] for c in (0, 1, 5)), slow, strict=False
    ):
        np.testing.assert_array_equal(column, before)
        np.testing.assert_array_equal(column, general)
    now, miss = scene.chance[:, 0], scene.chance[:, 2]
    np.testing.assert_allclose(quick[3], now * (1.0 - miss) / (1.0 - now * miss), rtol=1e-12)


@pytest.mark.parametrize("axis", [0, 1])
@pytest.mark.parametrize("step_m", [0.0, 1e-9, 1e-3])
def test_plots_in_a_line_and_tracks_far_from_it(axis, step_m):
    """Cells as thin as rounding allows: what lies outside the grid is outside, not elsewhere."""
    scene = Scene(8, tracks=30, plots=9)
    scene.plots[:, P_VALUE + axis] = 2e3 + step_m * (np.arange(9) % 2)
    scene.rows[0][:10, axis] = [-1e7, 1e7, 2e3, 2e3, 5e4, -5e4, 1e6, -1e6, 2e3, 2.1e3]
    scene.rows[2][:, 0] = scene.rows[0]
    slow, quick = sorted_pairs(*scene.gated()), sorted_pairs(*scene.quickly_gated())
    np.testing.assert_array_equal(quick[1], slow[1])
    np.testing.assert_allclose(quick[2], slow[2], rtol=1e-9)


def test_the_quick_way_is_for_plots_of_one_time_and_noise():
    plots = Scene(9).plots
    assert alike(plots, AT_S)
    assert not alike(plots, AT_S + 1.0)
    assert not alike(plots[:0], AT_S)
    for column in (P_TIME, PLANE_VARIANCE, PLANE_VARIANCE + 1):
        other = plots.copy()
        other[3, column] += 0.5
        assert not alike(other, AT_S)


def test_one_plot_and_one_track_by_hand():
    """A miss of 0.2 and a plot of 0.8: Bar-Shalom, Daum and Huang 2009, eq. 33 to 45."""
    state, covariance = np.array([[0.0, 0.0, 0.0, 0.0]]), np.diag([300.0, 300.0, 25.0, 25.0])[None]
    plots = np.array([[AT_S, 0.0, 0.5, np.nan, 20.0, 0.0, 100.0, 100.0]])
    times, existence = np.array([AT_S]), np.array([0.9])
    chance = np.array([[0.9, 0.5, 0.5]])
    left = 0.2 * 0.45 / 0.55
    pairs = (np.array([0, 1]), np.array([0]), np.array([0.8]), np.array([0.2]))
    pda_update(state, covariance, times, existence, chance, pairs, plots, Q, np.zeros(1, np.int64))
    w = 0.8 / (0.8 + left)
    assert existence[0] == pytest.approx(0.8 + left)
    np.testing.assert_allclose(state, [[w * 15.0, 0.0, 0.0, 0.0]], atol=1e-12)
    x = (1 - w) * 300.0 + w * 75.0 + w * (1 - w) * 15.0**2
    np.testing.assert_allclose(np.diag(covariance[0])[:2], [x, (1 - w) * 300.0 + w * 75.0])
    assert math.isclose(covariance[0, 2, 2], 25.0)
