"""Truth moves by its limits: held to arithmetic and to pyproj's geodesics."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pyproj
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from chowki.core.places import Ground, Place, Station, Theatre
from chowki.core.records import Fate, ObjectClass
from chowki.kernels.geodesy import enu_to_geodetic, heights_above_ellipsoid, station_frame
from chowki.kernels.movers import turn_towards
from chowki.world.movers import Movers, capture_distance_m
from chowki.world.population import Flight, number, targets_of

START_S = 1_000_000.0
STATION = Station("test", 28.0, 74.0, 0.0, START_S, 600.0)
THEATRE = Theatre(STATION)
FRAME = station_frame(math.radians(28.0), math.radians(74.0), 0.0)
GEOD = pyproj.Geod(ellps="WGS84")


def flight(points, **changes) -> Flight:
    given = {
        "number": 1, "object_class": ObjectClass.DECOY, "points": tuple(points),
        "departure_s": START_S, "speed_mps": 40.0, "climb_mps": 3.0,
        "turn_radps": math.radians(10.0), "rcs_m2": 0.01, "size_m": 1.0,
    }  # fmt: skip
    return Flight(**{**given, **changes})


def movers(*flights: Flight, theatre: Theatre = THEATRE) -> Movers:
    return Movers(targets_of(flights, theatre), theatre.station)


def geodetic(position_m):
    return enu_to_geodetic(FRAME, np.ascontiguousarray(position_m).reshape(-1, 3))


def place(lat, lon, radius_m=1000.0) -> Place:
    at = targets_of([flight([(lat, lon, 0.0)])], THEATRE).waypoint_m[0]
    return Place(0, "P", "", "civil", lat, lon, at, radius_m, 0, 1.0)


def test_a_straight_leg_is_a_geodesic_at_constant_height():
    """120 km east at 40 m/s: held to Karney's geodesic, which the local vertical must follow."""
    mover = movers(flight([(28.0, 74.0, 300.0), (28.0, 75.4, 300.0)]))
    for _ in range(3000):
        mover.step()
    lat, lon, height = geodetic(mover.position_m)[0]
    _, _, flown = GEOD.inv(74.0, 28.0, math.degrees(lon), math.degrees(lat))
    assert height == pytest.approx(300.0, abs=0.5)
    # The first second is the departure; speed is at 300 m, distance at 0 m.
    assert flown == pytest.approx(3000 * 40.0 / (1 + 300.0 / 6.371e6), rel=2e-4)


def test_speed_along_the_ground_and_climb_keep_their_limits():
    mover = movers(
        flight([(28.0, 74.0, 100.0), (28.0, 74.05, 500.0), (28.03, 74.02, 80.0)], climb_mps=2.5)
    )
    heights = [heights_above_ellipsoid(FRAME, mover.position_m)[0]]
    for _ in range(150):
        before = mover.position_m.copy()
        mover.step()
        heights.append(heights_above_ellipsoid(FRAME, mover.position_m)[0])
        flown = np.linalg.norm(mover.position_m - before)
        assert math.sqrt(40.0**2 + 2.5**2) + 1e-6 >= flown >= 40.0 - 1e-6
    climbed = np.abs(np.diff(heights))
    assert climbed.max() <= 2.5 + 1e-3
    assert climbed.max() > 2.4


def test_turns_keep_their_limit():
    mover = movers(flight([(28.0, 74.0, 100.0), (28.0, 74.02, 100.0), (28.02, 74.0, 100.0)]))
    turned = []
    for _ in range(120):
        before = mover.velocity_mps[0].copy()
        mover.step()
        after = mover.velocity_mps[0]
        cosine = before @ after / np.linalg.norm(before) / np.linalg.norm(after)
        turned.append(math.degrees(math.acos(min(1.0, cosine))))
    assert max(turned) == pytest.approx(10.0, abs=0.1)


@settings(max_examples=60, deadline=None)
@given(
    st.floats(0.0, 2.0 * math.pi), st.floats(0.0, 2.0 * math.pi), st.floats(0.01, math.pi - 0.01)
)
def test_a_turn_is_the_smaller_of_limit_and_need(now, wanted, limit):
    heading = np.array([math.sin(now), math.cos(now), 0.0])
    turn_towards(
        heading, 0.0, 0.0, 1.0, (math.sin(wanted), math.cos(wanted), 0.0),
        math.cos(limit), math.sin(limit),
    )  # fmt: skip
    need = abs((wanted - now + math.pi) % (2.0 * math.pi) - math.pi)
    made = math.acos(np.clip(heading @ [math.sin(now), math.cos(now), 0.0], -1.0, 1.0))
    assert np.linalg.norm(heading) == pytest.approx(1.0)
    assert made == pytest.approx(min(need, limit), abs=1e-6)


def test_departure_flight_and_end():
    mover = movers(flight([(28.0, 74.0, 100.0), (28.0, 74.01, 100.0)], departure_s=START_S + 5))
    fates = []
    for _ in range(60):
        fates.append(int(mover.fate[0]))
        mover.step()
    assert fates[:5] == [Fate.WAITING] * 5
    assert fates[5] == Fate.FLYING
    assert fates[-1] == Fate.ENDED
    assert len(mover.aloft().target) == 0
    assert mover.truth().fate.tolist() == [Fate.ENDED]


def test_a_leaker_reaches_its_place_within_the_radius_and_no_other():
    aim, other = place(28.0, 74.03), place(28.0, 74.015)
    way = [(28.0, 74.0, 100.0), (28.0, 74.03, 100.0)]
    mover = movers(flight(way, goal=aim, reaches=True), flight(way, number=2, goal=other))
    for _ in range(100):
        mover.step()
    assert mover.fate.tolist() == [Fate.REACHED_PLACE, Fate.ENDED]
    lat, lon, _ = np.degrees(geodetic(mover.position_m)[0])
    _, _, left = GEOD.inv(lon, lat, 74.03, 28.0)
    assert 960.0 <= left <= 1000.5


def test_an_intercepted_target_flies_no_more():
    way = [(28.0, 74.0, 100.0), (28.0, 74.2, 100.0)]
    mover = movers(flight(way), flight(way, number=7))
    mover.step()
    mover.intercept(np.array([7]))
    assert mover.aloft().target.tolist() == [1]
    where = mover.position_m[1].copy()
    mover.step()
    assert mover.truth().fate.tolist() == [Fate.FLYING, Fate.INTERCEPTED]
    assert (mover.position_m[1] == where).all()


def test_a_target_that_ended_is_not_intercepted_afterwards():
    mover = movers(flight([(28.0, 74.0, 100.0), (28.0, 74.001, 100.0)]))
    for _ in range(10):
        mover.step()
    mover.intercept(np.array([1]))
    assert mover.truth().fate.tolist() == [Fate.ENDED]


def test_rounds_are_flown_for_ever_near_home():
    ring = [(28.0 + 0.01 * math.cos(a), 74.0 + 0.01 * math.sin(a), 60.0) for a in range(6)]
    mover = movers(flight(ring, loops=True, speed_mps=15.0, departure_s=-np.inf))
    for _ in range(3000):
        mover.step()
    assert mover.fate[0] == Fate.FLYING
    assert np.linalg.norm(mover.position_m[0]) < 3000.0


@settings(max_examples=40, deadline=None)
@given(st.floats(1.0, 80.0), st.floats(2.0, 60.0), st.integers(0, 1000))
def test_no_target_circles_a_waypoint_for_ever(speed, turn_deg, seed):
    """Every route ends: the capture distance is the turning radius or more."""
    chance = np.random.Generator(np.random.Philox(seed))
    reach = 4.0 * float(
        capture_distance_m(np.array([speed]), np.array([math.radians(turn_deg)]))[0]
    )
    way = [
        (28.0 + reach / 111e3 * u, 74.0 + reach / 98e3 * v, 100.0)
        for u, v in chance.uniform(-1.0, 1.0, (4, 2))
    ]
    mover = movers(flight(way, speed_mps=speed, turn_radps=math.radians(turn_deg)))
    for _ in range(int(60.0 * reach / speed) + 60):
        mover.step()
        if mover.fate[0] == Fate.ENDED:
            return
    raise AssertionError("still flying")


def test_heights_are_above_the_ground_grid():
    grid = Ground(
        0.0,
        np.array([27.0, 29.0]),
        np.array([73.0, 75.0]),
        np.array([[0.0, 1000.0], [0.0, 1000.0]]),
    )
    targets = targets_of([flight([(28.0, 74.0, 100.0)])], replace(THEATRE, ground=grid))
    assert targets.waypoint_height_m[0] == pytest.approx(600.0)
    assert geodetic(targets.waypoint_m)[0, 2] == pytest.approx(600.0, abs=1e-3)


def test_numbers_are_blocks_and_twice_the_same_is_refused():
    assert number(1, 0, 5) != number(1, 5, 0)
    with pytest.raises(ValueError, match="same number"):
        targets_of([flight([(28.0, 74.0, 0.0)]), flight([(28.0, 74.0, 0.0)])], THEATRE)
