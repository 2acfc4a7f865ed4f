from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from pyproj import Geod

from chowki.kernels import geodesy, measure

FRAME = geodesy.station_frame(math.radians(29.0), math.radians(72.0), 0.0)
offsets = st.floats(-200_000.0, 200_000.0)


def sensor_at(lat_deg: float, lon_deg: float) -> tuple[np.ndarray, np.ndarray]:
    lat, lon = math.radians(lat_deg), math.radians(lon_deg)
    origin = geodesy.geodetic_to_enu(FRAME, np.array([lat]), np.array([lon]), np.zeros(1))[0]
    axes = np.ascontiguousarray(geodesy.axes_at(lat, lon) @ FRAME[:3].T)
    return origin, axes


@given(offsets, offsets, st.floats(-5_000.0, 20_000.0))
def test_position_of_inverts_spherical(e: float, n: float, u: float) -> None:
    assume(math.hypot(e, n) > 1.0)
    origin, axes = sensor_at(33.0, 74.0)
    position = origin + axes.T @ np.array([e, n, u])
    measured = measure.spherical(origin, axes, *position)
    assert measure.position_of(origin, axes, *measured) == pytest.approx(position, abs=1e-6)
    assert measured[0] == pytest.approx(math.sqrt(e * e + n * n + u * u))


@given(st.floats(0.0, 359.9), st.floats(1_000.0, 300_000.0))
def test_azimuth_is_that_of_the_geodesic(azimuth_deg: float, distance_m: float) -> None:
    """A sensor's azimuth is from its own north; the geodesic leaves in that direction."""
    origin, axes = sensor_at(33.0, 74.0)
    lon, lat, _ = Geod(ellps="WGS84").fwd(74.0, 33.0, azimuth_deg, distance_m)
    point = geodesy.geodetic_to_enu(FRAME, np.radians([lat]), np.radians([lon]), np.zeros(1))[0]
    _, azimuth, elevation = measure.spherical(origin, axes, *point)
    difference = measure.wrap(azimuth - math.radians(azimuth_deg))
    assert abs(difference) < 1e-6 + 1e-7 * distance_m / 1_000.0
    assert elevation == pytest.approx(-distance_m / (2 * 6_371_000.0), rel=0.01)


@given(offsets, offsets, st.floats(0.0, 9_000.0), st.floats(-300, 300), st.floats(-300, 300))
def test_range_rate_is_the_derivative_of_range(
    e: float, n: float, u: float, ve: float, vn: float
) -> None:
    assume(math.hypot(e, n) > 1_000.0)
    origin = np.zeros(3)
    step = 1e-3  # the central difference errs by r''' step^2 / 6, here below 2e-5 m/s
    ahead = math.dist((e + step * ve, n + step * vn, u), origin)
    behind = math.dist((e - step * ve, n - step * vn, u), origin)
    rate = measure.range_rate(origin, e, n, u, ve, vn, 0.0)
    assert rate == pytest.approx((ahead - behind) / (2 * step), abs=2e-5)


@given(st.floats(-50.0, 50.0))
def test_wrap(angle: float) -> None:
    wrapped = measure.wrap(angle)
    assert -math.pi <= wrapped < math.pi
    assert math.cos(wrapped - angle) == pytest.approx(1.0)
