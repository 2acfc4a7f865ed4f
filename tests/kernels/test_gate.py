import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.linalg import expm

from chowki.kernels import visibility as v
from chowki.kernels.bernoulli import update
from chowki.kernels.cells import sort_into_cells, span
from chowki.kernels.filter import (
    P_LOG_C,
    P_TIME,
    P_VALUE,
    P_VARIANCE,
    P_WIDTH,
    PLANE_VARIANCE,
    PLANE_WIDTH,
)
from chowki.kernels.gate import MODES_FROM, candidates, extent
from chowki.kernels.geodesy import MEAN_RADIUS_M, station_frame
from chowki.kernels.kalman import innovate, workspace
from chowki.kernels.measure import spherical
from chowki.kernels.modes import (
    PLANE,
    PLANE_TURNING,
    SPACE,
    SPACE_TURNING,
    advance,
    combine,
)
from chowki.kernels.reach import chances, in_reach
from chowki.picture.motions import interacting, straight

GATES = np.array([0.0, 12.1, 15.2, 17.7, 20.0, 22.1, 24.1, 26.0, 27.9, 29.7, 31.4])
FRAME = station_frame(np.radians(31.0), np.radians(74.0), 0.0)
POLAR, FLAT, BEARING, POSITION = 7, 3, 2, 16
SEEDS = st.integers(0, 2**32 - 1)
TIMING_S = 0.1
IMM = interacting(
    (4.0, 0.3), (8.0, 0.3), (0.5, 0.3), 0.08, 0.02, 2.0, (60.0, 15.0, 60.0), 1.0 / MEAN_RADIUS_M
)


def figures(**more):
    look = np.full(v.L_WIDTH, np.nan)
    look[: v.L_DETECTION] = 0.0, 2e5, 0.0, 2 * math.pi, -0.5 * math.pi, 0.5 * math.pi
    look[v.L_DETECTION : v.L_SNR] = 0.9, 0.95
    look[v.L_LOG_FALSE_ALARM] = math.log(1e-6)
    look[v.L_MISS : v.L_WIDTH] = 1.0, 0.0, 0.3, 0.05, 4.0 / 3.0, 1000.0, 0.0, 300.0
    for name, value in more.items():
        look[getattr(v, name)] = value
    return look


def view_of(q=4.0, timing_s=TIMING_S, gates=GATES):
    return np.zeros(3), np.eye(3), gates, np.array([q, timing_s])


def rows_of(state, covariance, times, existence=0.7):
    """Tracks of one mode."""
    n, d = state.shape
    mode_x, mode_p = state.reshape(n, 1, d).copy(), covariance.reshape(n, 1, d, d).copy()
    alive = np.full(n, existence)
    return state, covariance, mode_x, mode_p, np.ones((n, 1)), times, alive, np.arange(n)


def tracks(rng, n):
    state = rng.uniform([-4e4, -4e4, 0, -90, -90, -5], [4e4, 4e4, 3e3, 90, 90, 5], (n, 6))
    a = rng.standard_normal((n, 6, 6)) * np.array([80, 80, 80, 10, 10, 3.0])[:, None]
    covariance = a @ a.transpose(0, 2, 1) + np.eye(6)
    return rows_of(state, covariance, rng.uniform(90.0, 101.0, n))


def plots_near(rng, rows, m, bits):
    state, times = rows[0], rows[5]
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


def compared(size, motion, mode, x, p, dt, row, bits, gates=GATES, view=None):
    """Return ln N of a plot under one mode by prediction and comparison, -inf outside the gate."""
    n, origin, axes = len(size), np.zeros(3), np.eye(3)
    q, timing_s = (view or view_of())[3]
    if dt > 0.0:
        out_x, out_p = np.empty(n), np.empty((n, n))
        advance(size, motion, mode, dt, x, p, out_x, out_p, np.empty((n, n)), np.empty((n, n)))
        x, p = out_x, out_p
    m, _, squared, log_det = innovate(
        size, x, p, min(dt, 0.0), int(bits), row[P_VALUE:P_VARIANCE].copy(),
        row[P_VARIANCE:P_WIDTH].copy(), origin, axes, q, timing_s, workspace(size),
    )  # fmt: skip
    if not squared <= gates[m]:
        return -math.inf
    return -0.5 * (squared + log_det + m * math.log(2 * math.pi))


def by_brute_force(motion, rows, plots, bits):
    state, covariance, times, found = rows[0], rows[1], rows[5], {}
    for i in range(len(state)):
        for j, row in enumerate(plots):
            dt = float(row[P_TIME] - times[i])
            log_n = compared(SPACE, motion, 0, state[i], covariance[i], dt, row, bits[j])
            if log_n > -math.inf:
                found[i, j] = log_n
    return found


@settings(max_examples=60, deadline=None)
@given(SEEDS, st.sampled_from([POLAR, FLAT, BEARING, POSITION]))
def test_the_grid_finds_every_pair_that_brute_force_finds(seed, bits):
    rng = np.random.default_rng(seed)
    rows, look = tracks(rng, 25), figures()
    motion = straight(4.0, 0.5, 1.0 / MEAN_RADIUS_M)
    plots, slots = plots_near(rng, rows, 30, bits)
    state, covariance, _, _, _, times, existence, _ = rows
    middle_s, _ = extent(plots, 97.0, 103.0)
    close = in_reach(state, covariance, times, middle_s, bits, np.zeros(3), look[v.L_RANGE_MAX])
    silent = np.full(len(state), np.nan)
    scene = (np.zeros(3), np.eye(3), FRAME, np.empty(0), np.empty(0), look)
    standing = (times, silent, silent, np.full((len(state), 8), -1))
    chance = chances(
        state, covariance, times, existence, standing, close, scene, 1, middle_s, 103.0
    )
    starts, pair_plot, weight = candidates(
        SPACE, motion, rows, close, chance, plots, slots, bits, view_of(), 97.0, 103.0
    )
    owner = np.repeat(close, np.diff(starts))
    want = by_brute_force(motion, rows, plots, slots)
    assert set(zip(owner.tolist(), pair_plot.tolist(), strict=True)) == set(want)
    row_of = {int(i): k for k, i in enumerate(close)}
    for i, j, w in zip(owner, pair_plot, weight, strict=True):
        now, pair, miss = chance[row_of[int(i)]]
        assert now == pytest.approx(0.7 * math.exp((times[i] - 103.0) / 300.0), rel=1e-12)
        expected = now * max(miss, 0.05) * math.exp(want[int(i), int(j)] + 10.0)
        assert pair == max(miss, 0.05)
        assert w == pytest.approx(expected, rel=1e-6)


def flat_tracks(rng, n, at_s):
    state = rng.uniform([-3e3, -3e3, -60, -60], [3e3, 3e3, 60, 60], (n, 4))
    a = rng.standard_normal((n, 4, 4)) * np.array([60, 60, 8.0, 8.0])[:, None]
    return rows_of(state, a @ a.transpose(0, 2, 1) + np.eye(4), at_s - rng.uniform(-2.0, 6.0, n))


def flat_plots(rng, rows, m, at_s, apart_s=0.0):
    plots = np.zeros((m, PLANE_WIDTH))
    d = rows[0].shape[1] // 2
    for row in plots:
        i = rng.integers(len(rows[0]))
        row[P_TIME] = at_s + rng.uniform(-1.0, 1.0) * apart_s
        row[P_LOG_C] = rng.uniform(-14.0, -9.0)
        there = rows[0][i, :d] + rows[0][i, d:] * (row[P_TIME] - rows[5][i])
        row[P_VALUE : P_VALUE + 2] = there[:2] + rng.normal(0.0, 150.0, 2)
        row[PLANE_VARIANCE:] = rng.uniform(100.0, 2e3, 2)
    return plots


def textbook(x, p, dt, row, q, gate):
    """ln N of a position in the plane by matrices, -inf outside the gate."""
    late, ahead = min(dt, 0.0), max(dt, 0.0)
    f, h = np.eye(4), np.zeros((2, 4))
    f[:2, 2:], h[:, :2], h[:, 2:] = ahead * np.eye(2), np.eye(2), late * np.eye(2)
    block = np.array([[ahead**3 / 3, ahead**2 / 2], [ahead**2 / 2, ahead]])
    p = f @ p @ f.T + q * np.kron(block, np.eye(2))
    s = h @ p @ h.T + np.diag(row[PLANE_VARIANCE:] - late**3 * q / 3.0)
    y = row[P_VALUE : P_VALUE + 2] - h @ f @ x
    squared = y @ np.linalg.solve(s, y)
    if squared > gate:
        return -math.inf
    return -0.5 * (squared + np.linalg.slogdet(s)[1]) - math.log(2 * math.pi)


@settings(max_examples=60)
@given(SEEDS, st.sampled_from([0.0, 1.5]), st.integers(0, 40))
def test_in_the_plane_the_pairs_are_those_of_all_couples(seed, apart_s, m):
    rng, at_s, q = np.random.default_rng(seed), 50.0, 2.0
    rows = flat_tracks(rng, 30, at_s)
    plots = flat_plots(rng, rows, m, at_s, apart_s)
    chance = rng.uniform(0.05, 1.0, (30, 3))
    chosen = np.flatnonzero(rng.random(30) < 0.8)
    starts, pair_plot, weight = candidates(
        PLANE, straight(q, q), rows, chosen, chance[chosen], plots, np.zeros(m, np.int64), 0,
        view_of(q, 0.0), at_s, at_s,
    )  # fmt: skip
    want = {}
    for k, i in enumerate(chosen):
        for j, row in enumerate(plots):
            dt = row[P_TIME] - rows[5][i]
            log_n = textbook(rows[0][i], rows[1][i], dt, row, q, GATES[2])
            if log_n > -math.inf:
                want[k, j] = chance[i, 0] * chance[i, 1] * math.exp(log_n - row[P_LOG_C])
    owner = np.repeat(np.arange(len(chosen)), np.diff(starts))
    got = dict(zip(zip(owner.tolist(), pair_plot.tolist(), strict=True), weight, strict=True))
    assert got.keys() == want.keys()
    for pair, w in want.items():
        assert got[pair] == pytest.approx(w, rel=1e-9)


def mixed_tracks(rng, size, motion, n, at_s, steps=4):
    """Tracks whose modes have lived through a few updates: quiet, turning and hovering."""
    d, s = len(size) // 2, len(size)
    low = [-2e4] * d + [-150.0] * min(d, 2) + [-5.0] * (d - 2)
    low[2:d] = [0.0] * (d - 2)
    state = rng.uniform(low, -np.array(low) + 1.0, (n, 2 * d))
    x, p, mu = np.zeros((n, 3, s)), np.zeros((n, 3, s, s)), np.zeros((n, 3))
    x[:, 0, : 2 * d] = state
    p[:, 0, : 2 * d, : 2 * d] = np.diag([900.0] * d + [400.0] * min(d, 2) + [16.0] * (d - 2))
    mu[:, 0] = 1.0
    start_s, rate = at_s - 2.0 * steps - 2.0, rng.uniform(-0.1, 0.1, n)
    rows = (state, np.zeros((n, 2 * d, 2 * d)), x, p, mu, np.full(n, start_s), np.full(n, 0.9),
            np.arange(n))  # fmt: skip
    for i in range(n):
        combine(size, x[i], p[i], mu[i], rows[0][i], rows[1][i])
    truth = state.copy()
    chance = np.tile([0.95, 0.9, 0.9], (n, 1))
    for k in range(1, steps + 1):
        c, e = np.cos(2.0 * rate), np.sin(2.0 * rate)
        vx, vy = truth[:, d].copy(), truth[:, d + 1].copy()
        truth[:, :d] += 2.0 * truth[:, d:]
        truth[:, d], truth[:, d + 1] = c * vx - e * vy, e * vx + c * vy
        plots = np.zeros((n, PLANE_WIDTH if d == 2 else P_WIDTH))
        plots[:, P_TIME] = start_s + 2.0 * k
        at, spread = (P_VALUE, PLANE_VARIANCE) if d == 2 else (P_VALUE + 4, P_VARIANCE + 4)
        plots[:, at : at + d] = truth[:, :d] + 20.0 * rng.standard_normal((n, d))
        plots[:, spread : spread + d] = 400.0
        found = (np.arange(n + 1), np.arange(n), np.full(n, 0.97), np.full(n, 0.03))
        update(
            size, motion, rows, np.arange(n), chance, found, plots, np.full(n, POSITION), view_of(),
            np.zeros(n, np.int64), -1,
        )  # fmt: skip
    return rows


def imm_by_hand(size, motion, rows, i, dt):
    """Predicted modes of a track over dt > 0 (Bar-Shalom and others 2001, 11.6.6)."""
    x, p, mu = rows[2][i], rows[3][i], rows[4][i]
    n, pi = len(size), expm(motion[1] * dt)
    c, modes = mu @ pi, []
    for j in range(3):
        w = pi[:, j] * mu / c[j]
        mean = w @ x
        spread = sum(w[k] * (p[k] + np.outer(x[k] - mean, x[k] - mean)) for k in range(3))
        out_x, out_p, f = np.empty(n), np.empty((n, n)), np.empty((2, n, n))
        advance(size, motion, j, dt, mean, spread, out_x, out_p, f[0], f[1])
        modes.append((c[j], out_x, out_p))
    return modes


def all_couples(size, motion, rows, plots, bits, view):
    """Density of each plot under all modes of each track that have it in their gate."""
    want = {}
    for i in range(len(rows[0])):
        ahead = {}
        for j, row in enumerate(plots):
            dt = float(row[P_TIME] - rows[5][i])
            if dt not in ahead and dt > 0.0:
                ahead[dt] = imm_by_hand(size, motion, rows, i, dt)
            modes = ahead.get(dt) or list(zip(rows[4][i], rows[2][i], rows[3][i], strict=True))
            total = 0.0
            for mu, x, p in modes:
                if len(size) < 6:
                    q = view[3][0]
                    log_n = textbook(x[:4], p[:4, :4], min(dt, 0.0), row, q, GATES[2])
                else:
                    log_n = compared(size, motion, 0, x, p, min(dt, 0.0), row, bits[j], view=view)
                total += mu * math.exp(log_n)
            if total > 0.0:
                want[i, j] = 0.95 * 0.8 * total * math.exp(-row[P_LOG_C])
    return want


@pytest.mark.parametrize("bits", [0, POSITION, POLAR, FLAT, BEARING])
@pytest.mark.parametrize("apart_s", [0.0, 3.0])
@pytest.mark.parametrize("ahead_s", [0.5, 4.0])
def test_with_several_modes_the_pairs_are_those_of_all_couples(bits, apart_s, ahead_s):
    """Quiet, turning and hovering at once; a plot counts when any mode has it in its gate."""
    size = PLANE_TURNING if bits == 0 else SPACE_TURNING
    for seed in range(3):
        rng, at_s = np.random.default_rng([seed, bits]), 100.0
        rows = mixed_tracks(rng, size, IMM, 8, at_s)
        when = at_s - 2.0 + ahead_s
        if bits == 0:
            plots = flat_plots(rng, rows, 24, when, apart_s)
        else:
            plots, _ = plots_near(rng, rows, 24, bits)
            plots[:, P_TIME] = when + apart_s * rng.uniform(-1.0, 1.0, 24)
        # half of the plots lie where a mode takes a target, not where the track as a whole goes
        around_modes(rng, size, rows, plots)
        slots = np.full(24, bits, dtype=np.int64)
        view = view_of(4.0, 0.0 if bits == 0 else TIMING_S)
        chance = np.tile([0.95, 0.8, 0.8], (8, 1))
        assert chance[0, 0] > MODES_FROM
        starts, pair_plot, weight = candidates(
            size, IMM, rows, np.arange(8), chance, plots, slots, bits, view, when - apart_s,
            when + apart_s,
        )  # fmt: skip
        want = all_couples(size, IMM, rows, plots, slots, view)
        owner = np.repeat(np.arange(8), np.diff(starts))
        got = dict(zip(zip(owner.tolist(), pair_plot.tolist(), strict=True), weight, strict=True))
        assert got.keys() == want.keys()
        for pair, w in want.items():
            assert got[pair] == pytest.approx(w, rel=1e-6)


def around_modes(rng, size, rows, plots):
    """Move every other plot to where one mode of a track takes it."""
    d = len(size) // 2
    for row in plots[::2]:
        i, j = rng.integers(len(rows[0])), rng.integers(3)
        dt = float(row[P_TIME] - rows[5][i])
        there = rows[2][i, j, :d] + dt * rows[2][i, j, d : 2 * d]
        if dt > 0.0:
            _, x, p = imm_by_hand(size, IMM, rows, i, dt)[j]
            there = rng.multivariate_normal(x[:d], p[:d, :d])
        if d == 2:
            row[P_VALUE : P_VALUE + 2] = there
        else:
            row[P_VALUE : P_VALUE + 3] = spherical(np.zeros(3), np.eye(3), *there)
            row[P_VALUE + 4 : P_VALUE + 7] = there


def test_an_unlikely_track_does_not_change_its_mode():
    rng = np.random.default_rng(3)
    rows = mixed_tracks(rng, PLANE_TURNING, IMM, 4, 100.0)
    rows[4][:] = 1.0, 0.0, 0.0
    plots = flat_plots(rng, rows, 12, 103.0)
    plots[:, P_VALUE : P_VALUE + 2] = rows[2][0, 0, :2] + 5.0 * rows[2][0, 0, 2:4]
    bits, far = np.zeros(12, np.int64), view_of(4.0, 0.0, np.full(11, 1e9))
    for now, alone in ((MODES_FROM, True), (MODES_FROM + 1e-9, False)):
        chance = np.tile([now, 1.0, 1.0], (4, 1))
        starts, _, weight = candidates(
            PLANE_TURNING, IMM, rows, np.arange(4), chance, plots, bits, 0, far, 103.0, 103.0
        )
        q, x, p = IMM[0][0, 2], rows[2][0, 0, :4], rows[3][0, 0, :4, :4]
        want = math.exp(textbook(x, p, 5.0, plots[0], q, 1e9) - plots[0, P_LOG_C]) * now
        assert starts[1] == 12
        assert (weight[0] == pytest.approx(want, rel=1e-9)) == alone


@settings(max_examples=60)
@given(SEEDS, st.integers(0, 60), st.sampled_from([0.0, 2.0 * math.pi]))
def test_cells_hold_each_point_once_and_where_it_lies(seed, n, period):
    rng = np.random.default_rng(seed)
    a, b = rng.uniform(0.0, 2.0 * math.pi, n), rng.uniform(-5e3, 5e3, n)
    if seed % 3 == 0:
        b[:] = 7.0
    grid, sides, starts, points = sort_into_cells(a, b, period)
    assert sorted(points.tolist()) == list(range(n))
    assert starts[-1] == n
    for cell in range(len(starts) - 1):
        ia, ib = divmod(cell, int(sides[1]))
        for j in points[starts[cell] : starts[cell + 1]]:
            assert grid[0] + ia * grid[1] <= a[j] + 1e-9
            assert a[j] <= grid[0] + (ia + 1) * grid[1] + 1e-9
            assert grid[2] + ib * grid[3] <= b[j] + 1e-9
            assert b[j] <= grid[2] + (ib + 1) * grid[3] + 1e-9


@settings(max_examples=100)
@given(st.floats(-9.0, 9.0), st.floats(0.0, 9.0), st.integers(1, 30), st.booleans())
def test_a_span_covers_every_cell_that_the_interval_touches(centre, half, side, round_):
    period = 2.0 * math.pi if round_ else 0.0
    origin, size = (0.0, period / side) if round_ else (-4.0, 8.0 / side)
    first, count = span(centre % period if round_ else centre, half, origin, size, side, period)
    cells = {(first + k) % side for k in range(count)}
    assert len(cells) == max(count, 0)
    for point in np.linspace(centre - half, centre + half, 101):
        if round_:
            assert int(point % period / size) % side in cells
        elif origin <= point < origin + side * size:
            assert int((point - origin) / size) in cells


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
