"""Jammed drones fall, fly back or hover, in the shares stated; the world flies them so."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pytest
from scipy import stats

from chowki.core.places import Ground, Place, Station, Theatre
from chowki.core.records import Fate, ObjectClass
from chowki.kernels.geodesy import heights_above_ellipsoid
from chowki.world.jamming import (
    FALL_MPS,
    LANDING_MPS,
    SHARES,
    Response,
    new_course,
    rerouted,
    response_of,
)
from chowki.world.movers import Movers, frame_of
from chowki.world.population import Flight, targets_of, to_station
from chowki.world.sensors.standpoint import terrain_of

START_S = 1_000_000.0
STATION = Station("test", 28.0, 74.0, 0.0, START_S, 600.0)
THEATRE = Theatre(STATION, ground=Ground(200.0), simulated=True)
FRAME, TERRAIN = frame_of(STATION), terrain_of(THEATRE.ground)
GOAL_M = to_station(THEATRE, *np.array([[28.0], [74.3], [200.0]]))[0]
GOAL = Place(0, "town", "", "civil", 28.0, 74.3, GOAL_M, 2_000.0, 0, 1.0)


def flight(number, **changes):
    plain = Flight(
        number=number, object_class=ObjectClass.FIXED_WING_DRONE,
        points=((28.0, 74.0 + 0.01 * number, 300.0), (28.0, 74.1, 300.0), (28.0, 74.3, 300.0)),
        departure_s=START_S, speed_mps=40.0, climb_mps=3.0, turn_radps=0.3, rcs_m2=0.01, size_m=1.0,
        goal=GOAL, reaches=True, attacking=True,
    )  # fmt: skip
    return replace(plain, **changes)


def jam(response, hovers_s=60.0, after=60, until=900):
    """Jam the second of three drones; return the movers at the end and its path since."""
    movers = Movers(targets_of([flight(k) for k in range(3)], THEATRE), STATION)
    for _ in range(after):
        movers.step()
    row, t = 1, movers.targets
    first = int(t.route[row])
    course = new_course(
        response, hovers_s, movers.position_m[row].copy(), movers.velocity_mps[row].copy(),
        t.waypoint_m[first].copy(), float(t.waypoint_height_m[first]), FRAME, TERRAIN,
    )  # fmt: skip
    comes_down = response is not Response.RETURNS
    movers.divert(row, rerouted(t, row, course), comes_down=comes_down)
    path = [movers.position_m[row].copy()]
    for _ in range(until):
        movers.step()
        path.append(movers.position_m[row].copy())
        if movers.fate[row] != Fate.FLYING:
            break
    others = Movers(targets_of([flight(k) for k in range(3)], THEATRE), STATION)
    while others.time_s < movers.time_s:
        others.step()
    for one in (0, 2):
        np.testing.assert_array_equal(movers.position_m[one], others.position_m[one])
        assert movers.fate[one] == others.fate[one]
    return movers, np.array(path)


def above(path):
    return heights_above_ellipsoid(FRAME, np.ascontiguousarray(path)) - 200.0


def test_who_falls_is_down_in_seconds_and_counts_as_brought_down():
    movers, path = jam(Response.FALLS)
    assert movers.fate[1] == Fate.INTERCEPTED
    assert len(path) - 1 == pytest.approx(300.0 / FALL_MPS, abs=3.0)
    assert above(path)[-1] < 2.5 * FALL_MPS
    assert (np.diff(above(path)) < 0.0).all()


def test_who_returns_flies_back_to_where_it_departed_and_ends_there():
    movers, path = jam(Response.RETURNS)
    assert movers.fate[1] == Fate.ENDED
    home = to_station(THEATRE, *np.array([[28.0], [74.01], [500.0]]))[0]
    assert np.linalg.norm(path[-1] - home) < 150.0
    assert len(path) - 1 == pytest.approx(60.0, abs=25.0)


def test_who_hovers_stays_about_there_for_its_time_and_lands():
    movers, path = jam(Response.HOVERS, hovers_s=80.0)
    assert movers.fate[1] == Fate.INTERCEPTED
    height = above(path)
    assert np.ptp(height[:75]) < 5.0
    assert np.linalg.norm(path[75] - path[0]) < 100.0
    assert len(path) - 1 == pytest.approx(80.0 + 300.0 / LANDING_MPS, abs=10.0)
    assert height[-1] < 15.0


@pytest.mark.parametrize("response", list(Response))
def test_none_of_them_reaches_its_place_any_more(response):
    movers, _ = jam(response, after=610, until=900)
    assert movers.fate[1] != Fate.REACHED_PLACE


@pytest.mark.parametrize("kind", [ObjectClass.MULTIROTOR, ObjectClass.LOITERING_MUNITION])
def test_the_shares_are_those_stated(kind):
    n = 4_000
    drawn = [response_of(3, target, int(kind))[0] for target in range(n)]
    counts = np.bincount(drawn, minlength=3)
    assert stats.chisquare(counts, n * SHARES[int(kind)]).pvalue > 1e-4
    assert SHARES.sum(axis=1) == pytest.approx(np.ones(len(ObjectClass)))
    assert response_of(3, 17, int(kind)) == response_of(3, 17, int(kind))


def test_the_ground_below_counts():
    hill = TERRAIN._replace(constant_m=250.0)
    here = to_station(THEATRE, *np.array([[28.0], [74.05], [500.0]]))[0]
    pace = np.array([40.0, 0.0, 0.0])
    low = new_course(Response.FALLS, 0.0, here, pace, here, 500.0, FRAME, TERRAIN)
    high = new_course(Response.FALLS, 0.0, here, pace, here, 500.0, FRAME, hill)
    assert low.height_m[-1] == pytest.approx(200.0)
    assert high.height_m[-1] == pytest.approx(250.0)
    assert math.dist(low.waypoint_m[0], low.waypoint_m[1]) > math.dist(
        high.waypoint_m[0], high.waypoint_m[1]
    )
