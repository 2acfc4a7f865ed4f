"""Debris, no-fire volumes and border clearance, held to closed forms and to other ways."""

from __future__ import annotations

import itertools
import math

import numpy as np
import pyproj
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.integrate import solve_ivp

from chowki.core.chance import generator
from chowki.kernels.geodesy import enu_to_geodetic, geodetic_to_enu, station_frame
from chowki.kernels.restraint import (
    GRAVITY_MPS2,
    border_clearance,
    border_crossed,
    casualty_probability,
    fall_harm,
    fall_time,
    no_fire,
    scattered_density,
    volume_entered,
)

FRAME = station_frame(math.radians(31.0), math.radians(74.0), 200.0)
UP = np.array([0.0, 0.0, 1.0])


def test_fall_times_are_the_textbook_examples():
    assert fall_time(300.0, math.inf) == pytest.approx(7.82, abs=5e-3)
    assert fall_time(300.0, 30.0) == pytest.approx(12.12, abs=5e-3)
    assert fall_time(0.0, 30.0) == 0.0
    assert fall_time(1e6, 30.0) == pytest.approx(1e6 / 30.0, rel=1e-3)


def test_the_fall_agrees_with_an_integration_of_the_motion():
    def rates(_, state):
        return [state[1], GRAVITY_MPS2 * (1.0 - (state[1] / 30.0) ** 2)]

    def ground(_, state):
        return state[0] - 450.0

    ground.terminal = True
    fallen = solve_ivp(rates, (0.0, 60.0), [0.0, 0.0], events=ground, rtol=1e-10, atol=1e-10)
    assert fall_time(450.0, 30.0) == pytest.approx(fallen.t_events[0][0], rel=1e-7)


def test_casualty_probability_is_the_textbook_example():
    assert casualty_probability(5_000e-6, 12.0) == pytest.approx(0.0582, abs=5e-5)


def test_mean_density_under_an_ellipse_agrees_with_scattered_debris():
    population, core = 200_000.0, 5_000e-6
    draws = generator(3, "test.debris")
    along = 2_500.0 + 400.0 * draws.standard_normal(400_000)
    across = -1_000.0 + 150.0 * draws.standard_normal(400_000)
    spread = population / (2.0 * math.pi * core)
    sampled = np.mean(core * np.exp(-0.5 * (along**2 + across**2) / spread))
    exact = scattered_density(2_500.0, -1_000.0, 800.0, 300.0, population, core)
    assert exact == pytest.approx(sampled, rel=5e-3)


def test_a_town_of_any_size_has_the_density_of_its_heart_at_most():
    assert scattered_density(0.0, 0.0, 1.0, 1.0, 1e6, 5e-3) == pytest.approx(5e-3, rel=1e-3)
    assert scattered_density(0.0, 0.0, 500.0, 500.0, 0.0, 5e-3) == 0.0


def harm(point_m, throw_m, population):
    return fall_harm(
        np.array([point_m]),
        np.array([throw_m]),
        np.array([100.0]),
        np.zeros((1, 3)),
        np.eye(3)[None],
        np.array([population]),
        5_000e-6,
        400e-6,
        12.0,
    )[0]


def test_harm_counts_where_debris_is_thrown_to_and_not_where_it_starts():
    over_fields = harm((-9_000.0, 0.0, 300.0), (0.0, 0.0, 0.0), 100_000.0)
    assert over_fields == pytest.approx(1.0 - math.exp(-400e-6 * 12.0), rel=1e-3)
    toward = harm((-3_000.0, 0.0, 300.0), (3_000.0, 0.0, 0.0), 100_000.0)
    away = harm((-3_000.0, 0.0, 300.0), (-3_000.0, 0.0, 0.0), 100_000.0)
    assert toward > 5.0 * away


offset = st.floats(-30_000, 30_000)
speed = st.floats(-300, 300)


@given(
    st.tuples(offset, offset, st.floats(-3_000, 3_000)),
    st.tuples(speed, speed, st.floats(-30, 30)),
    st.floats(100, 10_000),
    st.floats(50, 2_000),
    st.floats(50, 2_000),
    st.floats(0, 60),
    st.floats(0, 60),
)
@settings(max_examples=300)
def test_a_volume_is_entered_when_a_sampled_path_is_inside(
    relative, rate, lateral, below, above, start, span
):
    times = np.linspace(start, start + span, 2_001)
    path = np.array(relative)[None, :] + times[:, None] * np.array(rate)[None, :]

    def inside(slack):
        side = np.hypot(path[:, 0], path[:, 1]) <= lateral + slack
        return bool((side & (path[:, 2] >= -below - slack) & (path[:, 2] <= above + slack)).any())

    entered = volume_entered(
        np.array(relative), np.array(rate), UP, lateral, below, above, start, start + span
    )
    if inside(-1e-6):
        assert entered
    step = math.dist(rate, (0, 0, 0)) * span / 2_000.0
    if not inside(step + 1e-6):
        assert not entered


def fire(craft, *, target=(-5_000.0, 0.0, 300.0, 50.0, 0.0, 0.0), margin=(2_000.0, 500.0)):
    point = np.array([[-4_000.0, 0.0, 300.0]])
    return bool(
        no_fire(
            np.zeros((1, 3)),
            np.array([5.0]),
            np.array([target]),
            point,
            np.array([20.0]),
            np.array([12.0]),
            np.array([700.0]),
            np.ones(1),
            3.0,
            np.array([craft]),
            np.array([margin]),
            FRAME,
        )[0]
    )


@pytest.mark.parametrize(
    ("craft", "entered"),
    [
        ((-4_000.0, 1_500.0, 600.0, 0.0, 0.0, 0.0), True),  # beside the intercept
        ((-4_000.0, 9_000.0, 600.0, 0.0, 0.0, 0.0), False),  # far to the side
        ((-4_000.0, 1_500.0, 9_000.0, 0.0, 0.0, 0.0), False),  # far above
        ((-4_000.0, 9_000.0, 600.0, 0.0, -400.0, 0.0), True),  # comes by during the flight
        ((-4_000.0, 9_000.0, 600.0, 0.0, 400.0, 0.0), False),  # the same, receding
        ((-4_000.0, 5_500.0, 20.0, 0.0, -100.0, 0.0), True),  # below, while debris falls
        ((0.0, 1_900.0, 100.0, 0.0, 0.0, 0.0), True),  # beside the launching site
        ((-6_500.0, 1_000.0, 300.0, 0.0, 0.0, 0.0), True),  # beside the track now
    ],
)
def test_no_fire_volumes_move_with_their_aircraft(craft, entered):
    assert fire(craft) is entered


def test_border_clearance_agrees_with_geodesics_to_points_along_the_border():
    corners = np.array([(30.0, 73.0), (30.4, 75.0), (32.0, 75.2), (31.8, 73.6)])
    closed = np.vstack((corners, corners[:1]))
    share = np.linspace(0.0, 1.0, 4_001)[:, None]
    edges = [a + share * (b - a) for a, b in itertools.pairwise(closed)]
    line = np.vstack(edges)
    geod = pyproj.Geod(ellps="WGS84")
    points = np.array([(30.9, 74.0), (30.21, 73.9), (31.79, 74.6), (29.9, 74.0), (32.1, 74.4)])
    enu = geodetic_to_enu(FRAME, *np.radians(points.T.copy()), np.full(len(points), 300.0))
    clearance = border_clearance(FRAME, enu, *np.radians(corners.T.copy()))
    assert (clearance > 0.0).tolist() == [True, True, True, False, False]
    for (lat, lon), found in zip(points, clearance, strict=True):
        n = len(line)
        _, _, metres = geod.inv(np.full(n, lon), np.full(n, lat), line[:, 1], line[:, 0])
        assert abs(found) == pytest.approx(metres.min(), rel=0.01, abs=60.0)


def _winds(lat, lon, corners):
    """Return whether a polygon winds round each of some points."""
    angle = np.arctan2(corners[:, 0] - lat[:, None], corners[:, 1] - lon[:, None])
    turns = np.diff(np.column_stack((angle, angle[:, :1])), axis=1)
    return np.abs(((turns + math.pi) % (2.0 * math.pi) - math.pi).sum(axis=1)) > math.pi


@given(st.integers(0, 2**32))
@settings(max_examples=60, deadline=None)
def test_paths_that_leave_a_polygon_are_found(seed):
    """Against winding numbers of points along each path; a near miss of either is left out."""
    draws = generator(seed, "test.paths")
    corners = 9
    turn = (np.arange(corners) + draws.uniform(0.0, 0.9, corners)) * 2.0 * math.pi / corners
    reach = draws.uniform(0.03, 0.3, corners)
    polygon = np.column_stack((31.0 + reach * np.sin(turn), 74.0 + reach * np.cos(turn)))
    start, end = draws.uniform(-2e4, 2e4, (2, 40, 3))
    start[:, 2], end[:, 2] = 0.0, 500.0
    crossed = border_crossed(FRAME, start, end, *np.radians(polygon.T.copy()))
    for k in range(40):
        path = start[k] + np.linspace(0.0, 1.0, 1_500)[:, None] * (end[k] - start[k])
        lat, lon, _ = np.degrees(enu_to_geodetic(FRAME, path)).T
        seen = ~_winds(lat, lon, polygon)
        if seen.all() or not seen.any() or 3 < seen.sum() < 1_497:
            share = seen.mean()
            depth = border_clearance(FRAME, path[::50], *np.radians(polygon.T.copy()))
            if share == 0.0 and depth.min() < 60.0:
                continue
            assert crossed[k] == (share > 0.0)


def test_without_a_border_no_path_leaves():
    assert not border_crossed(
        FRAME, np.zeros((2, 3)), np.ones((2, 3)) * 1e5, np.empty(0), np.empty(0)
    ).any()


def test_without_a_border_everything_is_inside():
    assert border_clearance(FRAME, np.zeros((2, 3)), np.empty(0), np.empty(0)).tolist() == [
        math.inf,
        math.inf,
    ]


def test_points_round_trip_through_the_frame():
    back = enu_to_geodetic(FRAME, np.zeros((1, 3)))[0]
    assert np.degrees(back[:2]) == pytest.approx([31.0, 74.0])
