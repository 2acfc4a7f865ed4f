import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from chowki.kernels import visibility as v
from chowki.kernels.filter import P_RCS, P_TIME, P_WIDTH
from chowki.kernels.geodesy import station_frame
from chowki.kernels.reach import OWN_SCANS, RCS_MEMORY, chances, credit, in_reach, met
from chowki.kernels.visibility import detection_probability

SEEDS = st.integers(0, 2**32 - 1)
FRAME = station_frame(np.radians(31.0), np.radians(74.0), 0.0)
ORIGIN = np.array([500.0, -200.0, 20.0])
POLAR, POSITION = 7, 16


def figures(**more):
    look = np.full(v.L_WIDTH, np.nan)
    look[: v.L_DETECTION] = 0.0, 8e4, 0.5, 4.0, -0.5 * math.pi, 0.5 * math.pi
    look[v.L_DETECTION : v.L_SNR] = 0.9, 0.95
    look[v.L_LOG_FALSE_ALARM] = math.log(1e-6)
    look[v.L_MISS : v.L_WIDTH] = 0.85, 0.0, 0.3, 0.05, 4.0 / 3.0, 60.0, 0.0, 300.0
    for name, value in more.items():
        look[getattr(v, name)] = value
    return look


def scene(look):
    return ORIGIN, np.eye(3), FRAME, np.array([0.0, 3.0]), np.array([0.01, 0.03]), look


def tracks(seed, n=40, reach=1.2e5):
    rng = np.random.default_rng(seed)
    state = rng.uniform([-reach, -reach, 0, -90, -90, -5], [reach, reach, 6e3, 90, 90, 5], (n, 6))
    a = rng.standard_normal((n, 6, 6)) * np.array([90, 90, 80, 10, 10, 3.0])[:, None]
    times = rng.uniform(80.0, 101.0, n)
    return state, a @ a.transpose(0, 2, 1), times, rng.uniform(0.1, 1.0, n)


@settings(max_examples=40)
@given(SEEDS)
def test_no_track_that_may_be_seen_is_out_of_reach(seed):
    state, covariance, times, _ = tracks(seed)
    got = in_reach(state, covariance, times, 101.0, POLAR, ORIGIN, 8e4)
    dt = 101.0 - times
    away = np.linalg.norm((state[:, :2] + dt[:, None] * state[:, 3:5]) - ORIGIN[:2], axis=1)
    p = covariance
    spread = p[:, 0, 0] + p[:, 1, 1] + dt**2 * (p[:, 3, 3] + p[:, 4, 4])
    np.testing.assert_array_equal(got, np.flatnonzero(away <= 8.5e4 + 6.0 * np.sqrt(spread)))
    every = in_reach(state, covariance, times, 101.0, POSITION, ORIGIN, 8e4)
    np.testing.assert_array_equal(every, np.arange(len(state)))


def weighed(seed, look, answered_s=None, seen_before=True):
    state, covariance, times, existence = tracks(seed)
    rng = np.random.default_rng(seed + 1)
    rcs = np.where(rng.random(40) < 0.5, np.nan, rng.uniform(-20.0, 20.0, 40))
    answered = np.full(40, np.nan) if answered_s is None else answered_s
    alive_s, rows = rng.uniform(60.0, 120.0, 40), np.sort(rng.permutation(40)[:25])
    bits = np.full((40, 8), 1 << 5 if seen_before else 0, dtype=np.int64)  # the sensor's: 37
    got = chances(
        state, covariance, times, existence, (alive_s, rcs, answered, bits), rows, scene(look), 37,
        100.0, 104.0,
    )  # fmt: skip
    seen = np.empty(25)
    for k, i in enumerate(rows):
        dt = 100.0 - times[i]
        there = np.concatenate([state[i, :3] + dt * state[i, 3:], state[i, 3:]])
        seen[k] = detection_probability(
            there, covariance[i], rcs[i], ORIGIN, np.eye(3), FRAME, look, *scene(look)[3:5]
        )
    alive = np.exp(np.minimum(alive_s[rows] - 104.0, 0.0) / 300.0)
    return got, seen, existence[rows] * alive, rows


@pytest.mark.parametrize("seed", range(4))
def test_existence_fades_since_it_was_last_told_and_detection_is_that_of_the_look(seed):
    got, seen, now, _ = weighed(seed, figures(L_SNR=30.0, L_REFERENCE_RANGE=4e4))
    assert (seen == 0.0).any()
    assert len(np.unique(seen)) > 2
    np.testing.assert_allclose(got[:, 0], now, rtol=1e-12)
    np.testing.assert_allclose(got[:, 1], np.maximum(seen, 0.05), rtol=1e-12)
    np.testing.assert_allclose(got[:, 2], 0.85 * seen, rtol=1e-12)


def test_a_sensor_that_never_saw_a_track_misses_it_only_where_it_is_in_sight_beyond_doubt():
    look = figures(L_SNR=30.0, L_REFERENCE_RANGE=4e4)
    known, seen, _, rows = weighed(2, look)
    got, _, _, _ = weighed(2, look, seen_before=False)
    np.testing.assert_array_equal(got[:, :2], known[:, :2])
    state, covariance, times, _ = tracks(2)
    for k, i in enumerate(rows):
        there = np.concatenate([state[i, :3] + (100.0 - times[i]) * state[i, 3:], state[i, 3:]])
        visible, shown = v.sight(there, covariance[i], np.nan, scene(look)[:5], look)
        if seen[k] == 0.0:
            assert visible * shown == got[k, 2] == 0.0
            continue
        share = max(0.0, (visible - 0.9) / 0.1)
        assert got[k, 2] == pytest.approx(known[k, 2] * share, rel=1e-9, abs=1e-15)
    assert (got[:, 2] < known[:, 2]).any()
    assert (got[:, 2] > 0.0).any()


def test_a_canceller_hides_what_flies_across():
    look = figures(L_SNR=30.0, L_REFERENCE_RANGE=4e4, L_REFERENCE_DBSM=0.0, L_CANCELLED=6.0)
    calm = np.diag([100.0, 100.0, 100.0, 0.01, 0.01, 0.01])
    place = np.array([ORIGIN[0] + 3e4, ORIGIN[1], ORIGIN[2] + 3e3])
    chance = {}
    for name, velocity in {
        "in": (-40.0, 0, 0),
        "across": (0, 40.0, 0),
        "slow": (-3.0, 0, 0),
    }.items():
        x = np.concatenate([place, velocity])
        chance[name] = v.sight(x, calm, 0.0, scene(look)[:5], look)[1]
    rate = 3.0 * 3e4 / math.hypot(3e4, 3e3)
    left = (rate * rate + 0.01) / 36.0
    slant = math.hypot(3e4, 3e3)
    assert chance["slow"] == pytest.approx(v.strength(slant * left**-0.25, 0.0, look), rel=1e-6)
    assert chance["in"] == pytest.approx(v.strength(slant, 0.0, look))
    assert chance["across"] < 1e-3 < chance["slow"] < chance["in"]
    unsure = np.diag([100.0, 100.0, 100.0, 900.0, 900.0, 900.0])
    x = np.concatenate([place, (0, 40.0, 0)])
    assert v.sight(x, unsure, 0.0, scene(look)[:5], look)[1] == chance["in"]


def test_a_track_that_never_answered_is_not_missed_by_a_cooperative_sensor():
    answered = np.where(np.arange(40) % 2 == 0, 90.0, np.nan)
    got, seen, _, rows = weighed(1, figures(L_COOPERATIVE=1.0), answered)
    silent = rows % 2 == 1
    assert (seen[silent] > 0.1).any()
    np.testing.assert_array_equal(got[silent, 2], 0.0)
    np.testing.assert_allclose(got[silent, 1], np.maximum(0.3 * seen[silent], 0.05))
    np.testing.assert_allclose(got[~silent, 1], np.maximum(seen[~silent], 0.05))
    np.testing.assert_allclose(got[~silent, 2], 0.85 * seen[~silent])


def test_a_look_tells_of_tracks_near_a_plot_or_expected_or_in_clusters():
    rows = np.array([3, 5, 8, 9, 12])
    chance = np.array(
        [[0.9, 0.9, 0.8], [0.9, 0.05, 0.0], [0.9, 0.05, 0.0], [0.0, 0.05, 0.0], [0.5, 0.05, 0.0]]
    )
    pairs = (np.array([0, 0, 2, 2, 2, 3]), np.array([1, 4, 4]), np.ones(3))
    left, seen, starts = met(rows, chance, pairs)
    assert left.tolist() == [3, 5, 9, 12]
    np.testing.assert_array_equal(seen, chance[[0, 1, 3, 4]])
    assert starts.tolist() == [0, 0, 2, 2, 3]
    nothing = met(rows[:0], chance[:0], (np.zeros(1, np.int64), np.empty(0, np.int64), np.ones(0)))
    assert [len(part) for part in nothing] == [0, 0, 1]


def histories(n=4):
    nothing, none = np.full(n, np.nan), np.zeros(n, np.int64)
    return (
        np.full(n, 50.0), none.copy(), nothing.copy(), np.zeros(n), nothing.copy(),
        np.zeros((n, 8), np.int64), np.tile(9 - np.arange(OWN_SCANS), (n, 1)), nothing.copy(),
        np.zeros(n),
    )  # fmt: skip


def credited(
    history, cause, sure=None, rcs=np.nan, sensor=37, cooperative=False, existence=0.95, expected=()
):
    cause = np.array(cause)
    plots = np.full((len(cause), P_WIDTH), np.nan)
    plots[:, P_TIME], plots[:, P_RCS] = 60.0 + np.arange(len(cause)), rcs
    sure = np.full(len(cause), 0.8) if sure is None else np.array(sure)
    standing = (np.full(4, 55.0), np.full(4, existence), np.full(4, 61.0))
    credit(
        history, standing, np.array([0, 1, 3]), np.array(expected, float), cause, sure, plots,
        sensor, 12, cooperative, 64.0, 0.9, 2,
    )  # fmt: skip
    return standing[0]


def test_a_sure_plot_is_credited_to_its_track():
    history = histories()
    alive = credited(history, [-1, 2, 0, -1])
    updated_s, updates, rcs, _, answered, sensors, own, confirmed, _ = history
    assert updated_s.tolist() == [62.0, 50.0, 61.0, 50.0]
    assert updates.tolist() == [1, 0, 1, 0]
    before = [9 - k for k in range(OWN_SCANS)]
    assert own[0].tolist() == [12, *before[:-1]]
    assert own[1].tolist() == before
    assert (sensors[[0, 2], 1] == 1 << 5).all()
    assert sensors.sum() == 2 << 5
    assert np.isnan(answered).all()
    assert np.isnan(rcs).all()
    assert np.isnan(confirmed).all()
    assert alive.tolist() == [64.0, 64.0, 55.0, 64.0]


def test_a_report_is_an_answer_and_an_older_plot_does_not_set_time_back():
    history = histories()
    history[0][1] = 70.0
    credited(history, [1], cooperative=True)
    assert history[4][1] == 60.0
    assert history[0][1] == 70.0


def test_a_track_is_confirmed_once_it_is_sure_and_was_seen_twice():
    history = histories()
    for existence, confirmed in ((0.95, False), (0.85, False), (0.95, True)):
        credited(history, [0], existence=existence)
        assert np.isfinite(history[7][0]) == confirmed
    assert history[7][0] == 61.0
    assert np.isnan(history[7][1:]).all()


def test_the_radar_cross_section_is_a_mean_with_a_memory():
    history, rng = histories(), np.random.default_rng(0)
    seen = rng.normal(3.0, 2.0, 20)
    for value in seen:
        credited(history, [0], sure=[1.0], rcs=value)
    assert history[2][0] == pytest.approx(seen.mean())
    for _ in range(400):
        credited(history, [0], sure=[1.0], rcs=-10.0)
    assert history[3][0] == RCS_MEMORY
    assert history[2][0] == pytest.approx(-10.0, abs=0.01)


def test_radar_detections_that_were_expected_add_up_until_one_comes():
    history = histories()
    for _ in range(3):
        credited(history, [1], expected=[0.5, 0.9, 0.0])
    assert history[8].tolist() == [1.5, 0.0, 0.0, 0.0]
    credited(history, [0], cooperative=True)
    assert history[8][0] == 1.5
    credited(history, [-1], expected=[0.25, 0.75, 0.5])
    assert history[8].tolist() == [1.75, 0.75, 0.0, 0.5]
