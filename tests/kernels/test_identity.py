"""Filed routes in space, time and pace."""

import math

import numpy as np
import pytest

from chowki.kernels.geodesy import heights_above_ellipsoid, station_frame
from chowki.kernels.identity import route_fit

FRAME = station_frame(math.radians(31.0), math.radians(74.0), 0.0)
# a departure: 3 minutes at 100 m/s to the east, from 100 m to 2,800 m, from time 0 on
STARTS = np.array([0, 2])
POINTS = np.array([[0.0, 0.0, 100.0], [18_000.0, 0.0, 2_800.0]])
TIMES, WIDTH = np.array([0.0, 180.0]), np.array([2_000.0])
HEIGHTS = heights_above_ellipsoid(FRAME, POINTS)


def fit(at_s=90.0, east=9_000.0, north=0.0, up=1_450.0, going=(100.0, 0.0, 15.0), slack=900.0):
    state = np.array([[east, north, up, *going]])
    return route_fit(
        FRAME, state, np.array([slack]), at_s, STARTS, POINTS, HEIGHTS, TIMES, WIDTH, 300.0
    )[0]


def test_who_flies_the_route_fits():
    assert fit() == 0


@pytest.mark.parametrize(
    "off",
    [
        {"north": 2_500.0},
        {"up": 300.0},
        {"up": 4_000.0},
        {"at_s": 500.0},
        {"going": (-100.0, 0.0, 0.0)},
        {"going": (30.0, 0.0, 0.0)},
        {"going": (10.0, 95.0, 0.0)},
        {"going": (230.0, 0.0, 0.0)},
    ],
    ids=["aside", "below", "above", "late", "opposite", "slow", "across", "fast"],
)
def test_a_route_has_height_time_way_and_pace(off):
    assert fit(**off) == -1


def test_what_is_not_known_in_height_may_fit():
    assert fit(up=300.0, slack=10_000.0) == 0


def test_heights_of_a_route_are_not_those_of_the_chord():
    # level at 10,000 m over 400 km: at the middle the chord lies 3.1 km lower
    ends = []
    for east in (-200_000.0, 200_000.0):
        drop = east**2 / (2.0 * 6_371_000.0)
        ends.append([east, 0.0, 10_000.0 - drop])
    level = np.array([[0.0, 0.0, 10_000.0, 220.0, 0.0, 0.0]])
    chord = level - [[0.0, 0.0, 3_139.0, 0.0, 0.0, 0.0]]
    for state, wanted in ((level, 0), (chord, -1)):
        got = route_fit(
            FRAME, state, np.array([900.0]), 909.0, STARTS, np.array(ends),
            heights_above_ellipsoid(FRAME, np.array(ends)), np.array([0.0, 1_818.0]), WIDTH, 300.0,
        )  # fmt: skip
        assert got[0] == wanted
