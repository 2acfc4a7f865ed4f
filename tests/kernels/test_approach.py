"""Closest approach, time to go and which place is meant, held to closed forms and to chance."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from chowki.core.chance import generator
from chowki.kernels.approach import (
    approach,
    closest_approach,
    detour_ahead,
    misses,
    time_to_go,
)

DETOUR = np.array([0.005, 0.45])


def rows(tracks, places_m, probability=0.8, radius_m=1_000.0, threshold=0.01):
    tracks = np.atleast_2d(np.asarray(tracks, dtype=float))
    places_m = np.atleast_2d(np.asarray(places_m, dtype=float))
    axes = np.broadcast_to(np.eye(3), (len(places_m), 3, 3)).copy()
    radii = np.full(len(places_m), radius_m)
    likely = np.full((len(tracks), len(places_m)), probability)
    pace = np.column_stack((np.linalg.norm(tracks[:, 3:6], axis=1), tracks[:, 7]))
    return approach(tracks, pace, likely, places_m, axes, radii, DETOUR, 3.0, 3_600.0, threshold)


def test_closest_approach_is_the_textbook_example():
    time_s, distance_m = closest_approach(10_000.0, 4_000.0, -50.0, -10.0)
    assert time_s == pytest.approx(207.692, abs=5e-4)
    assert distance_m == pytest.approx(1_961.16, abs=5e-3)


@given(
    x=st.floats(-1e5, 1e5),
    y=st.floats(-1e5, 1e5),
    vx=st.floats(-80, 80),
    vy=st.floats(-80, 80),
)
def test_no_sampled_time_comes_nearer_than_the_closest_approach(x, y, vx, vy):
    time_s, distance_m = closest_approach(x, y, vx, vy)
    assert time_s >= 0.0
    at = np.linspace(0.0, 2.0 * min(time_s, 1e6) + 100.0, 1_001)
    assert np.hypot(x + vx * at, y + vy * at).min() >= distance_m * (1.0 - 1e-9) - 1e-6
    if time_s < 1e6:
        reached = math.hypot(x + vx * time_s, y + vy * time_s)
        assert reached == pytest.approx(distance_m, rel=1e-6, abs=1e-3)


def test_a_hovering_track_is_closest_now():
    assert closest_approach(3_000.0, 4_000.0, 0.0, 0.0) == (0.0, 5_000.0)


@pytest.mark.parametrize(("distance_m", "sd_m"), [(30_000.0, 200.0), (8_000.0, 300.0)])
@pytest.mark.parametrize("detour", [0.0, 0.01, 0.1, 0.3])
def test_nine_of_ten_arrivals_fall_into_the_interval_of_time_to_go(distance_m, sd_m, detour):
    speed_mps, sd_speed = 45.0, 2.0
    expected, low, high = time_to_go(distance_m, detour, speed_mps, sd_m, sd_speed, 1e9)
    draws = generator(1, "test.time-to-go")
    way = distance_m + sd_m * draws.standard_normal(40_000)
    speed = speed_mps + sd_speed * draws.standard_normal(40_000)
    arrival = way * (1.0 + detour * draws.standard_exponential(40_000)) / speed
    inside = np.mean((low <= arrival) & (arrival <= high))
    assert 0.88 <= inside <= 0.92
    assert expected == pytest.approx(arrival.mean(), rel=0.01)
    assert low < expected < high


def test_a_turn_to_come_takes_longer_the_further_off_the_course():
    off = np.linspace(0.0, math.pi, 50)
    mean = [detour_ahead(a, 0.01, 0.5) for a in off]
    assert mean[0] == 0.01
    assert (np.diff(mean) > 0.0).all()
    # flying on for a small share u of the way g, then straight: u g + |way left| - g
    share, angle = 1e-4, math.radians(40.0)
    left = math.sqrt(1.0 + share**2 - 2.0 * share * math.cos(angle))
    assert detour_ahead(angle, 0.0, share) == pytest.approx(share + left - 1.0, rel=1e-3)


def test_the_row_of_a_straight_flight_is_worked_out_by_hand():
    pairs, numbers = rows(
        [0.0, 0.0, 300.0, 50.0, 0.0, 0.0, 50.0, 2.0], [[20_000.0, 3_000.0, 0.0]], probability=0.7
    )
    assert pairs.tolist() == [[0, 0]]
    gap = math.hypot(20_000.0, 3_000.0) - 1_000.0
    detour = 0.005 + 0.45 * (1.0 - math.cos(math.atan2(3_000.0, 20_000.0)))
    assert numbers[0, 0] == 0.7
    assert numbers[0, 1] == pytest.approx(gap * (1.0 + detour) / 50.0)
    assert numbers[0, 4] == pytest.approx(math.hypot(20_000.0, 3_000.0))
    assert numbers[0, 5] == pytest.approx(3_000.0)
    assert numbers[0, 6] == pytest.approx(400.0)


def test_what_is_improbable_or_unknown_makes_no_row():
    sound = [-9_000.0, 0.0, 0.0, 50.0, 0.0, 0.0, 50.0, 2.0]
    assert len(rows(sound, [0.0, 0.0, 0.0], probability=0.009)[0]) == 0
    assert len(rows(sound, [0.0, 0.0, 0.0], probability=np.nan)[0]) == 0


def test_a_track_of_unknown_velocity_is_closest_now():
    blind = [-3_000.0, 4_000.0, 0.0, np.nan, np.nan, np.nan, 50.0, 2.0]
    _, numbers = rows(blind, [0.0, 0.0, 0.0])
    assert numbers[0, 4:].tolist() == [5_000.0, 5_000.0, 0.0]
    assert not np.isnan(misses(np.array([blind]), *_place())).any()


def test_misses_are_gaps_to_the_edge_now_and_at_the_closest_approach():
    track = [-20_000.0, 3_000.0, 0.0, 50.0, 0.0, 0.0, 50.0, 2.0]
    gaps = misses(np.array([track, [np.nan, *track[1:]]]), *_place())
    assert gaps[0, 0].tolist() == pytest.approx([math.hypot(20_000.0, 3_000.0) - 1_000.0, 2_000.0])
    assert np.isinf(gaps[1]).all()


def _place():
    return np.zeros((1, 3)), np.eye(3)[None], np.array([1_000.0])


@given(
    st.lists(
        st.tuples(*[st.floats(-2e5, 2e5)] * 2, *[st.floats(-90, 90)] * 2, st.floats(0, 1e4)),
        min_size=1,
        max_size=5,
    ),
    st.lists(st.tuples(*[st.floats(-2e5, 2e5)] * 2), min_size=1, max_size=6),
)
def test_no_number_is_nan_and_every_interval_holds_its_mean(tracks, places):
    _, numbers = rows(
        [(x, y, 100.0, vx, vy, 0.0, sd, 2.0) for x, y, vx, vy, sd in tracks],
        [(x, y, 0.0) for x, y in places],
    )
    assert len(numbers) == len(tracks) * len(places)
    assert np.isfinite(numbers).all()
    assert (numbers[:, 2] <= numbers[:, 1]).all()
    assert (numbers[:, 1] <= numbers[:, 3]).all()
    assert (numbers[:, 5] <= numbers[:, 4] * (1 + 1e-9)).all()
