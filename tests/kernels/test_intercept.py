"""Intercepts, held to the collision triangle, to numeric integration and to ranges."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from chowki.kernels.geodesy import station_frame
from chowki.kernels.intercept import intercept_time, reach

FRAME = station_frame(math.radians(31.0), math.radians(74.0), 200.0)
coordinate = st.floats(-20_000, 20_000)
pace = st.floats(-150, 150)


def reached(motion, site=(0.0, 0.0, 0.0), latest_s=1e3, height_m=300.0, **figures):
    given_figures = {"least": 100.0, "most": 8_000.0, "high": 3_000.0, "speed": 300.0, "wait": 5.0}
    row = np.array([list((given_figures | figures).values())])
    return reach(
        np.array([motion]),
        np.array([height_m]),
        np.array([latest_s]),
        np.array([[0.0, 0.0, 0.8, 0.0, 0.0, 0.0, 0.2]]),
        np.array([site]),
        row,
        np.array([[0.5, 0.5, 0.5, 0.5, 0.5, 0.5, 0.0]]),
        FRAME,
    )


@given(coordinate, coordinate, st.floats(50, 5_000), pace, pace, st.floats(-10, 10))
def test_round_and_track_meet_where_the_triangle_closes(x, y, z, vx, vy, vz):
    time_s = intercept_time(x, y, z, vx, vy, vz, 300.0)
    assert time_s > 0.0
    away = math.dist((x + vx * time_s, y + vy * time_s, z + vz * time_s), (0, 0, 0))
    assert away == pytest.approx(300.0 * time_s, rel=1e-9)


@given(coordinate, coordinate, st.floats(50, 5_000), pace, pace, st.floats(5, 140))
def test_it_is_the_earliest_meeting_found_by_stepping_through_time(x, y, z, vx, vy, speed):
    assume(math.hypot(vx, vy) > 1.0)
    time_s = intercept_time(x, y, z, vx, vy, 0.0, speed)
    steps = np.linspace(0.0, 2_000.0, 40_001)
    gap = np.sqrt((x + vx * steps) ** 2 + (y + vy * steps) ** 2 + z * z) - speed * steps
    closed = np.flatnonzero(gap <= 0.0)
    if len(closed):
        assert time_s == pytest.approx(steps[closed[0]], abs=0.06)
    elif not math.isnan(time_s):
        # the round may touch the track between two steps, or after the last one
        assert time_s > 1_999.0 or np.abs(gap).min() < 0.05 * (speed + math.hypot(vx, vy))


def test_a_slow_round_never_catches_a_receding_track():
    assert math.isnan(intercept_time(1_000.0, 0.0, 0.0, 60.0, 0.0, 0.0, 50.0))


def test_a_jammer_takes_no_time():
    assert intercept_time(1_000.0, 0.0, 0.0, 60.0, 0.0, 0.0, math.inf) == 0.0


def test_equal_speeds_meet_when_closing():
    assert intercept_time(1_000.0, 0.0, 0.0, -50.0, 0.0, 0.0, 50.0) == pytest.approx(10.0)


def test_the_track_flies_on_during_the_reaction():
    pairs, numbers = reached([-6_000.0, 0.0, 300.0, 50.0, 0.0, 0.0])
    assert pairs.tolist() == [[0, 0]]
    delay = numbers[0, 0]
    assert numbers[0, 1] == pytest.approx(-6_000.0 + 50.0 * delay)
    assert math.dist(numbers[0, 1:4], (0, 0, 0)) == pytest.approx(300.0 * (delay - 5.0))
    assert numbers[0, 5] == pytest.approx(0.4)


@pytest.mark.parametrize(
    "figures",
    [
        {"most": 3_000.0},
        {"least": 7_000.0},
        {"high": 100.0},
        {"latest_s": 3.0},
        {"height_m": math.nan},
        {"site": (60_000.0, 0.0, 0.0)},
    ],
)
def test_out_of_range_height_or_time_is_out_of_reach(figures):
    assert len(reached([-6_000.0, 0.0, 300.0, 50.0, 0.0, 0.0], **figures)[0]) == 0


def test_a_diving_track_is_not_met_below_ground():
    assert len(reached([-6_000.0, 0.0, 300.0, 50.0, 0.0, -20.0])[0]) == 0
