"""Which place a path means: laws against SciPy, calibration by simulation, and turns."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.special import i0e
from scipy.stats import vonmises

from chowki.core.chance import generator
from chowki.kernels.intent import course_density, intend, log_bessel

# Spread of a straight course, share of straight ones, share of any among the others,
# concentration, error share, slowest; distance scale, weight of none, detour scale, memory, reach.
COURSE = np.array([math.radians(8.0), 0.4, 0.15, 3.0, 0.0, 1e-3])
PATH = np.array([15_000.0, 0.03, 1_800.0, 5_000.0, 150_000.0])
RADIUS_M = 1.0


def weigh(tracks, places_m, steps=0.0, memory=None, course=COURSE, path=PATH, radius_m=RADIUS_M):
    tracks = np.atleast_2d(np.asarray(tracks, dtype=float))
    places_m = np.atleast_2d(np.asarray(places_m, dtype=float))
    n, p = len(tracks), len(places_m)
    progress, flown = memory or (np.zeros((n, p)), np.zeros(n))
    axes = np.broadcast_to(np.eye(3), (p, 3, 3)).copy()
    radii = np.full(p, radius_m)
    step = np.full(n, steps)
    return intend(tracks, step, progress, flown, places_m, axes, radii, course, path)


def at(x, y, speed, course_rad):
    return (x, y, 0.0, speed * math.cos(course_rad), speed * math.sin(course_rad), 0.0, 50.0, 2.0)


@given(st.floats(0.0, 500.0))
def test_log_bessel_is_that_of_scipy(x):
    assert log_bessel(x) == pytest.approx(math.log(i0e(x)) + x, abs=1e-6)


def test_the_course_density_integrates_to_one():
    off = np.linspace(0.0, math.pi, 40_001)
    density = [course_density(a, 0.0, *COURSE[:4], log_bessel(COURSE[3])) for a in off]
    assert 2.0 * np.trapezoid(density, off) == pytest.approx(1.0, abs=1e-6)


@given(st.floats(0.0, math.pi))
def test_courses_by_waypoints_are_those_of_scipy(off):
    density = course_density(off, 0.0, 0.1, 0.0, 0.0, 3.0, log_bessel(3.0))
    assert density == pytest.approx(vonmises(3.0).pdf(off), rel=1e-5)


def test_probabilities_are_right_as_often_as_they_say():
    """A population drawn from the stated model: first a leg, then the course of the next."""
    draws = generator(3, "test.intent")
    places = np.array([[30e3, 0, 0], [40e3, 12e3, 0], [15e3, -20e3, 0], [50e3, -9e3, 0]], float)
    n, leg_m, step_s = 40_000, 300.0, 10.0
    here = np.zeros(2)
    gap = np.hypot(*(places[:, :2] - here).T) - RADIUS_M
    prior = np.append(np.exp(-gap / PATH[0]), PATH[1])
    meant = draws.choice(5, n, p=prior / prior.sum())
    bearing = np.arctan2(places[:, 1], places[:, 0])
    aimed = bearing[np.minimum(meant, 3)]
    # the first leg is short beside the way, and none of it is forgotten
    path = PATH.copy()
    path[2], path[3] = 150.0, 1e12
    first = aimed + draws.vonmises(0.0, leg_m / path[2], n)
    kind = draws.random(n)
    straight = kind < COURSE[1]
    anyhow = ~straight & (draws.random(n) < COURSE[2])
    second = aimed + np.where(
        straight, COURSE[0] * draws.standard_normal(n), draws.vonmises(0.0, COURSE[3], n)
    )
    free = draws.uniform(-math.pi, math.pi, (2, n))
    first = np.where(meant == 4, free[0], first)
    second = np.where((meant == 4) | anyhow, free[1], second)
    memory = np.zeros((n, 4)), np.zeros(n)
    weigh([at(0, 0, leg_m / step_s, a) for a in first], places, step_s, memory, path=path)
    said = weigh([at(0, 0, 40.0, a) for a in second], places, 0.0, memory, path=path)
    true = meant[:, None] == np.arange(4)
    for low in np.arange(0.0, 1.0, 0.1):
        inside = (said >= low) & (said < low + 0.1)
        if inside.sum() > 500:
            error = 4.0 * math.sqrt(0.25 / inside.sum())
            assert true[inside].mean() == pytest.approx(said[inside].mean(), abs=error + 0.002)
    none = 1.0 - said.sum(axis=1)
    assert none.mean() == pytest.approx((meant == 4).mean(), abs=0.01)


def fly(legs, places_m, start=(0.0, 0.0), speed=40.0, dt=1.0, **how):
    """Return the probabilities at each second of a flight: (course in degrees, seconds)."""
    places_m = np.asarray(places_m, dtype=float)
    memory = np.zeros((1, len(places_m))), np.zeros(1)
    x, y = start
    said = []
    for degrees, seconds in legs:
        course = math.radians(degrees)
        for _ in range(int(seconds / dt)):
            x, y = x + speed * dt * math.cos(course), y + speed * dt * math.sin(course)
            said.append(weigh(at(x, y, speed, course), places_m, dt, memory, **how)[0].copy())
    return np.array(said)


def test_a_straight_flight_makes_its_place_sure():
    said = fly([(0.0, 400)], [[20e3, 0, 0], [10e3, 12e3, 0], [0, -15e3, 0]], radius_m=1_000.0)
    assert said[-1, 0] > 0.98
    assert said[300, 0] > said[30, 0] > said[0, 0] - 0.05


def test_a_feint_of_a_minute_is_seen_through_within_a_minute():
    # 30 km from two places 60 degrees apart, straight at one for a minute, then at the other
    a = [30e3, 0, 0]
    b = [30e3 * math.cos(math.pi / 3), 30e3 * math.sin(math.pi / 3), 0]
    turn = math.degrees(math.atan2(b[1], b[0] - 2_400.0))
    said = fly([(0.0, 60), (turn, 120)], [a, b])
    assert said[59, 0] > 0.9
    assert (said[60 + 45 :, 1] > 0.8).all()
    assert said[-1, 1] > 0.95


def test_a_waypoint_off_the_way_does_not_lose_the_place():
    # 25 degrees off for 3 minutes, then straight; the other place lies 50 degrees off the first
    far = [25e3, 0, 0]
    other = [25e3 * math.cos(math.radians(50.0)), 25e3 * math.sin(math.radians(50.0)), 0]
    x, y = 7_200 * math.cos(math.radians(20.0)), 7_200 * math.sin(math.radians(20.0))
    back = math.degrees(math.atan2(-y, far[0] - x))
    said = fly([(20.0, 180), (back, 60)], [far, other])
    assert (said[30:, 0] > said[30:, 1]).all()
    assert said[-1, 0] > 0.9


def test_a_place_flown_past_is_given_up():
    said = fly([(0.0, 400)], [[8e3, 4e3, 0], [30e3, 0, 0]])
    assert said[100, 0] > 0.1
    assert said[-1, 0] < 0.05
    assert said[-1, 1] > 0.9


def test_steps_half_as_long_say_the_same():
    legs = [(0.0, 60), (30.0, 60)]
    places = [[20e3, 0, 0], [10e3, 12e3, 0]]
    assert fly(legs, places)[-1] == pytest.approx(fly(legs, places, dt=0.5)[-1], abs=0.01)


def test_a_hovering_or_unseen_course_leaves_the_distances():
    places = [[5e3, 0, 0], [-9e3, 0, 0]]
    still = weigh((0, 0, 0, 0, 0, 0, 50.0, 2.0), places)[0]
    blind = weigh((0, 0, 0, np.nan, np.nan, np.nan, 50.0, np.nan), places)[0]
    weight = np.append(np.exp(-(np.array([5e3, 9e3]) - RADIUS_M) / PATH[0]), PATH[1])
    assert still == pytest.approx(weight[:2] / weight.sum(), rel=1e-9)
    assert blind.tolist() == still.tolist()


def test_an_unknown_position_means_no_place_and_a_place_out_of_reach_is_none():
    assert weigh((np.nan, 0, 0, 50, 0, 0, 50.0, 2.0), [5e3, 0, 0]).tolist() == [[0.0]]
    assert weigh(at(0, 0, 50.0, 0.0), [151e3, 0, 0]).tolist() == [[0.0]]


flights = st.lists(
    st.tuples(st.floats(-5e4, 5e4), st.floats(-5e4, 5e4), st.floats(0, 90), st.floats(-3.2, 3.2)),
    min_size=1,
    max_size=4,
)
grounds = st.lists(st.tuples(*[st.floats(-9e4, 9e4)] * 2), min_size=2, max_size=6)


@given(flights, grounds, st.randoms(use_true_random=False))
def test_the_order_of_tracks_and_places_does_not_matter(tracks, places, chance):
    rows = [at(*track) for track in tracks]
    places_m = np.array([(x, y, 0.0) for x, y in places])
    memory = np.zeros((len(rows), len(places_m))), np.zeros(len(rows))
    weigh(rows, places_m, 3.0, memory)
    said = weigh(rows, places_m, 1.0, memory)
    some, other = list(range(len(rows))), list(range(len(places_m)))
    chance.shuffle(some)
    chance.shuffle(other)
    turned = np.array(rows)[some]
    memory = np.zeros(said.shape), np.zeros(len(rows))
    weigh(turned, places_m[other], 3.0, memory)
    again = weigh(turned, places_m[other], 1.0, memory)
    assert again == pytest.approx(said[some][:, other], rel=1e-9, abs=1e-300)
    assert (said.sum(axis=1) < 1.0 + 1e-12).all()
    assert (said >= 0.0).all()
