"""Line of sight against its closed form, masks and grids against what they say."""

from __future__ import annotations

import math

import numpy as np
import pytest
from scipy.interpolate import RegularGridInterpolator

from chowki.kernels.geodesy import (
    MEAN_RADIUS_M,
    axes_at,
    geodetic_to_ecef,
    geodetic_to_enu,
    station_frame,
    vertical_and_height,
)
from chowki.kernels.terrain import (
    Terrain,
    Vantage,
    add_coverage,
    ground_height,
    ground_heights,
    horizon_range,
    line_of_sight,
    lines_of_sight,
    mask_elevation,
)

LAT, LON = math.radians(32.0), math.radians(74.5)
NONE = np.empty(0)


def flat(height_m=0.0, factor=4.0 / 3.0):
    return Terrain(height_m, factor, NONE, NONE, np.empty((0, 0)))


def eye(height_m, mask=((), ())):
    frame = station_frame(LAT, LON, 0.0)
    position = np.array([0.0, 0.0, height_m])
    return Vantage(position, np.eye(3), frame, float(height_m), *map(np.array, mask))


def over(frame, north_m, height_m):
    """Return the position at an arc length north of the origin and a height."""
    return geodetic_to_enu(
        frame, np.array([LAT + north_m / 6_360_000.0]), np.array([LON]), np.array([height_m])
    )[0]


def test_horizon_of_the_textbook():
    both = horizon_range(20.0, 4.0 / 3.0) + horizon_range(100.0, 4.0 / 3.0)
    assert both == pytest.approx(59_650.0, abs=10.0)
    rule_of_thumb = 4.12 * (math.sqrt(20.0) + math.sqrt(100.0))
    assert rule_of_thumb == pytest.approx(59.63, abs=0.01)
    assert both / 1000.0 == pytest.approx(rule_of_thumb, rel=1e-3)


@pytest.mark.parametrize("factor", [1.0, 4.0 / 3.0, 1.6])
@pytest.mark.parametrize(("h1", "h2"), [(20.0, 100.0), (5.0, 500.0), (300.0, 11_000.0)])
def test_sight_ends_where_both_horizons_meet(factor, h1, h2):
    """The boundary of the function itself, found by bisection, is the closed form's."""
    seen_from = eye(h1)
    low, high = 1e3, 900e3
    for _ in range(50):
        middle = 0.5 * (low + high)
        point = over(seen_from.frame, middle, h2)
        seen = line_of_sight(seen_from, flat(factor=factor), *point)
        low, high = (middle, high) if seen else (low, middle)
    slant = float(np.linalg.norm(over(seen_from.frame, low, h2) - seen_from.position_m))
    k_r = factor * MEAN_RADIUS_M
    tangents = math.sqrt(2 * k_r * h1 + h1**2) + math.sqrt(2 * k_r * h2 + h2**2)
    assert slant == pytest.approx(tangents, rel=1e-6)


def test_without_refraction_sight_is_plain_geometry():
    """With a factor of one, the segment clears the ellipsoid or it does not: no formula shared."""
    seen_from = eye(25.0)
    for north_m in np.linspace(20e3, 90e3, 60):
        point = over(seen_from.frame, north_m, 120.0)
        ray = point - seen_from.position_m
        along = seen_from.position_m + np.linspace(0.0, 1.0, 800)[:, None] * ray
        clearance = min(vertical_and_height(seen_from.frame, *p)[3] for p in along)
        if abs(clearance) > 3.0:  # sphere of mean radius against ellipsoid: metres
            assert line_of_sight(seen_from, flat(factor=1.0), *point) == (clearance > 0)


def test_nothing_under_the_ground_is_seen():
    seen_from = eye(320.0)
    below, above = over(seen_from.frame, 5e3, 299.0), over(seen_from.frame, 5e3, 301.0)
    assert not line_of_sight(seen_from, flat(300.0), *below)
    assert line_of_sight(seen_from, flat(300.0), *above)


def test_mask_is_straight_between_its_points_and_closes_round_north():
    azimuth = np.radians([90.0, 270.0])
    elevation = np.radians([1.0, 3.0])
    for asked, wanted in ((90, 1), (180, 2), (270, 3), (0, 2), (315, 2.5), (45, 1.5)):
        found = mask_elevation(azimuth, elevation, math.radians(asked))
        assert math.degrees(found) == pytest.approx(wanted)
    assert mask_elevation(NONE, NONE, 1.0) == -0.5 * math.pi
    assert mask_elevation(np.array([1.0]), np.array([0.2]), 4.0) == pytest.approx(0.2)


def test_mask_hides_what_stands_below_it():
    hidden_north = eye(20.0, ([0.0, 1.0, 5.0], [0.05, 0.0, 0.0]))
    open_all_round = eye(20.0)
    point = over(hidden_north.frame, 10e3, 300.0)
    high = over(hidden_north.frame, 10e3, 700.0)
    assert line_of_sight(open_all_round, flat(), *point)
    assert not line_of_sight(hidden_north, flat(), *point)
    assert line_of_sight(hidden_north, flat(), *high)


def test_ground_is_bilinear_as_scipy_has_it():
    rng = np.random.Generator(np.random.Philox(3))
    lat, lon = np.linspace(0.5, 0.6, 7), np.linspace(1.2, 1.4, 9)
    height = rng.uniform(0, 3000, (7, 9))
    terrain = Terrain(250.0, 4.0 / 3.0, lat, lon, height)
    points = rng.uniform([0.5, 1.2], [0.6, 1.4], (200, 2))
    wanted = RegularGridInterpolator((lat, lon), height)(points)
    found = ground_heights(terrain, points[:, 0].copy(), points[:, 1].copy())
    np.testing.assert_allclose(found, wanted, rtol=1e-10)
    assert ground_height(terrain, lat[0], lon[0]) == height[0, 0]
    assert ground_height(terrain, lat[-1], lon[-1]) == pytest.approx(height[-1, -1])
    for outside in ((0.49, 1.3), (0.61, 1.3), (0.55, 1.19), (0.55, 1.41)):
        assert ground_height(terrain, *outside) == 250.0


def grid(ridge_m=0.0, base_m=0.0):
    lat = LAT + np.linspace(-0.02, 0.03, 201)
    lon = LON + np.linspace(-0.02, 0.02, 101)
    height = np.full((201, 101), base_m)
    height[np.abs(lat - (LAT + 10e3 / 6_360_000.0)) < 1.5e-4] += ridge_m
    return Terrain(base_m, 4.0 / 3.0, lat, lon, height)


def test_a_flat_grid_sees_what_a_constant_sees():
    seen_from = eye(120.0)
    for north_m in np.linspace(5e3, 110e3, 50):
        for height_m in (150.0, 400.0):
            closed = horizon_range(20.0, 4 / 3) + horizon_range(height_m - 100.0, 4 / 3)
            if abs(closed - north_m) > 1_500.0:  # half a cell of the grid
                point = over(seen_from.frame, north_m, height_m)
                constant = line_of_sight(seen_from, flat(100.0), *point)
                assert line_of_sight(seen_from, grid(base_m=100.0), *point) == constant


def test_a_ridge_hides_the_valley_behind_it():
    seen_from = eye(20.0)
    behind, above = over(seen_from.frame, 20e3, 200.0), over(seen_from.frame, 20e3, 900.0)
    before = over(seen_from.frame, 8e3, 200.0)
    assert line_of_sight(seen_from, grid(), *behind)
    assert not line_of_sight(seen_from, grid(ridge_m=400.0), *behind)
    assert line_of_sight(seen_from, grid(ridge_m=400.0), *above)
    assert line_of_sight(seen_from, grid(ridge_m=400.0), *before)


def test_sight_is_mutual():
    rng = np.random.Generator(np.random.Philox(5))
    terrain = grid(ridge_m=300.0)
    there = eye(20.0)
    for _ in range(40):
        north_m, height_m = rng.uniform(12e3, 60e3), rng.uniform(30, 1500)
        point = over(there.frame, north_m, height_m)
        lat = LAT + north_m / 6_360_000.0
        axes = axes_at(lat, LON) @ there.frame[:3].T
        back = Vantage(point, axes, there.frame, height_m, NONE, NONE)
        assert geodetic_to_ecef(lat, LON, height_m)[0] > 0
        assert line_of_sight(there, terrain, *point) == line_of_sight(
            back, terrain, *there.position_m
        )


def test_coverage_counts_sensors_that_see_a_point():
    one = eye(20.0)
    points = np.array([over(one.frame, north_m, 120.0) for north_m in (5e3, 30e3, 58e3, 66e3)])
    limits = np.array([1e3, 60e3, -0.5, 1.5])
    count = np.zeros(4, dtype=np.int64)
    add_coverage(count, one, flat(), limits, points)
    assert count.tolist() == [1, 1, 1, 0]
    add_coverage(count, eye(20.0, ([0.0], [0.2])), flat(), limits, points)
    assert count.tolist() == [1, 1, 1, 0]
    add_coverage(count, one, flat(), np.array([10e3, 40e3, -0.5, 1.5]), points)
    assert count.tolist() == [1, 2, 1, 0]
    assert lines_of_sight(one, flat(), points).tolist() == [True, True, True, False]
