"""Filed routes in space, time and pace; distances flown by who goes somewhere and who wanders."""

import math

import numpy as np
import pytest
from scipy.integrate import quad

from chowki.kernels.geodesy import station_frame
from chowki.kernels.identity import flown_scores, route_fit

FRAME = station_frame(math.radians(31.0), math.radians(74.0), 0.0)
# a departure: 3 minutes at 100 m/s to the east, from 100 m to 2,800 m, from time 0 on
STARTS = np.array([0, 2])
POINTS = np.array([[0.0, 0.0, 100.0], [18_000.0, 0.0, 2_800.0]])
TIMES, WIDTH = np.array([0.0, 180.0]), np.array([2_000.0])
GOES, WANDERS = 0, 1
WAYS = np.array([[20.0, 45.0, 0.8, 600.0, 1e6], [6.0, 24.0, 0.05, 200.0, 10e3]])


def fit(at_s=90.0, east=9_000.0, north=0.0, up=1_450.0, going=(100.0, 0.0, 15.0), slack=900.0):
    state = np.array([[east, north, up, *going]])
    return route_fit(FRAME, state, np.array([slack]), at_s, STARTS, POINTS, TIMES, WIDTH, 300.0)[0]


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
            np.array([0.0, 1_818.0]), WIDTH, 300.0,
        )  # fmt: skip
        assert got[0] == wanted


@pytest.mark.parametrize("age_s", [60.0, 400.0, 1_200.0])
@pytest.mark.parametrize("who", [GOES, WANDERS])
def test_distances_flown_are_a_density(age_s, who):
    def density(flown_m):
        one = (np.array([v]) for v in (flown_m, age_s, 200.0))
        return math.exp(flown_scores(*one, WAYS)[0, who])

    far = 1.2 * 45.0 * age_s + 2_000.0
    total = quad(density, -2_000.0, far, limit=400, points=[0.0, 6.0 * age_s, 24.0 * age_s])[0]
    # the floor of 1e-6 a metre that keeps a logarithm finite comes on top
    assert total == pytest.approx(1.0, abs=2.1e-6 * (far + 2_000.0))


def test_who_went_far_in_time_goes_somewhere_and_who_stayed_wanders():
    flown = np.array([16_000.0, 2_000.0])
    scores = flown_scores(flown, np.full(2, 600.0), np.full(2, 800.0), WAYS)
    assert scores[0, GOES] - scores[0, WANDERS] > 2.0
    assert scores[1, WANDERS] - scores[1, GOES] > 2.0


def test_the_first_seconds_say_little():
    scores = flown_scores(np.array([250.0]), np.array([10.0]), np.array([800.0]), WAYS)
    assert abs(scores[0, GOES] - scores[0, WANDERS]) < 0.7
