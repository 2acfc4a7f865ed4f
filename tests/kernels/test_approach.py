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
    heading_likelihood,
    time_to_go,
)

FIGURES = (150_000.0, 80_000.0, math.radians(20.0), 0.1, 1.0, 0.15, 3.0, 3_600.0, 0.01)


def weigh(tracks, places_m, relevance=1.0, radius_m=1_000.0, figures=FIGURES):
    tracks = np.atleast_2d(np.asarray(tracks, dtype=float))
    places_m = np.atleast_2d(np.asarray(places_m, dtype=float))
    axes = np.broadcast_to(np.eye(3), (len(places_m), 3, 3)).copy()
    radii = np.full(len(places_m), radius_m)
    return approach(tracks, np.full(len(tracks), relevance), places_m, axes, radii, *figures)


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
def test_nine_of_ten_arrivals_fall_into_the_interval_of_time_to_go(distance_m, sd_m):
    radius_m, speed_mps, sd_velocity, spread = 1_000.0, 45.0, 3.0, 0.15
    gap = distance_m - radius_m
    sd_speed = math.hypot(sd_velocity, spread * speed_mps)
    expected, low, high = time_to_go(gap, speed_mps, sd_m, sd_speed, 1e9)
    draws = generator(1, "test.time-to-go")
    true_gap = gap + sd_m * draws.standard_normal(40_000)
    true_speed = speed_mps + sd_velocity * draws.standard_normal(40_000)
    true_speed *= np.exp(spread * draws.standard_normal(40_000))
    arrival = true_gap / true_speed
    inside = np.mean((low <= arrival) & (arrival <= high))
    assert 0.88 <= inside <= 0.92
    assert expected == pytest.approx(gap / speed_mps)
    assert low < expected < high


def test_a_heading_that_says_nothing_is_uniform():
    assert heading_likelihood(0.3, 0.0, 5.0, 0.35, 0.1) == pytest.approx(1.0 / (2.0 * math.pi))


def test_heading_likelihood_is_a_density():
    off = np.linspace(0.0, math.pi, 20_001)
    density = [heading_likelihood(a, 40.0, 2.0, math.radians(20.0), 0.1) for a in off]
    assert 2.0 * np.trapezoid(density, off) == pytest.approx(1.0, abs=1e-6)


def test_the_place_ahead_is_meant_and_not_the_one_behind():
    pairs, numbers = weigh(
        [0.0, 0.0, 300.0, 50.0, 0.0, 0.0, 50.0, 2.0],
        [[20_000.0, 0.0, 0.0], [-20_000.0, 0.0, 0.0]],
    )
    probability = dict(zip(pairs[:, 1].tolist(), numbers[:, 0].tolist(), strict=True))
    assert probability[0] > 0.7
    assert probability.get(1, 0.0) < 0.1
    assert numbers[0, 1] == pytest.approx(19_000.0 / 50.0)
    assert numbers[0, 4] == pytest.approx(20_000.0)


def test_two_equal_places_share_alike():
    _, numbers = weigh(
        [0.0, 0.0, 0.0, 50.0, 0.0, 0.0, 50.0, 2.0],
        [[20_000.0, 3_000.0, 0.0], [20_000.0, -3_000.0, 0.0]],
    )
    assert numbers[0, 0] == pytest.approx(numbers[1, 0], rel=1e-12)


@given(
    st.lists(
        st.tuples(*[st.floats(-2e5, 2e5)] * 2, *[st.floats(-90, 90)] * 2, st.floats(0, 1e4)),
        min_size=1,
        max_size=5,
    ),
    st.lists(st.tuples(*[st.floats(-2e5, 2e5)] * 2), min_size=1, max_size=6),
)
def test_probabilities_stay_below_relevance_and_nothing_is_nan(tracks, places):
    rows = [(x, y, 100.0, vx, vy, 0.0, sd, 2.0) for x, y, vx, vy, sd in tracks]
    places_m = [(x, y, 0.0) for x, y in places]
    pairs, numbers = weigh(rows, places_m, relevance=0.8)
    assert np.isfinite(numbers).all()
    total = np.bincount(pairs[:, 0], numbers[:, 0], minlength=len(rows))
    assert (total < 0.8).all()
    assert (numbers[:, 2] <= numbers[:, 1]).all()
    assert (numbers[:, 1] <= numbers[:, 3]).all()
    assert (numbers[:, 5] <= numbers[:, 4] * (1 + 1e-9)).all()


def test_a_track_of_unknown_position_or_relevance_makes_no_row():
    blind = [np.nan, 0.0, 0.0, 50.0, 0.0, 0.0, 50.0, 2.0]
    assert len(weigh(blind, [0.0, 0.0, 0.0])[0]) == 0
    sound = [-9_000.0, 0.0, 0.0, 50.0, 0.0, 0.0, 50.0, 2.0]
    assert len(weigh(sound, [0.0, 0.0, 0.0], relevance=np.nan)[0]) == 0
