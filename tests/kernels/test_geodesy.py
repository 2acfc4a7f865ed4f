from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pyproj import Geod, Transformer

from chowki.kernels import geodesy

TO_ECEF = Transformer.from_crs("EPSG:4979", "EPSG:4978", always_xy=True)
FRAME = geodesy.station_frame(math.radians(29.0), math.radians(72.0), 150.0)

latitudes = st.floats(-89.9, 89.9)
longitudes = st.floats(-180.0, 180.0)
heights = st.floats(-500.0, 100_000.0)


@given(latitudes, longitudes, heights)
def test_ecef_equals_proj(lat_deg: float, lon_deg: float, height_m: float) -> None:
    ours = geodesy.geodetic_to_ecef(math.radians(lat_deg), math.radians(lon_deg), height_m)
    assert ours == pytest.approx(TO_ECEF.transform(lon_deg, lat_deg, height_m), abs=1e-6)


@given(latitudes, longitudes, heights)
def test_geodetic_of_ecef_is_the_way_back(lat_deg: float, lon_deg: float, height_m: float) -> None:
    lat, lon, height = geodesy.ecef_to_geodetic(*TO_ECEF.transform(lon_deg, lat_deg, height_m))
    assert math.degrees(lat) == pytest.approx(lat_deg, abs=1e-9)
    assert math.cos(lon - math.radians(lon_deg)) == pytest.approx(1.0, abs=1e-12)
    assert height == pytest.approx(height_m, abs=1e-5)


@given(st.floats(20.0, 38.0), st.floats(64.0, 80.0), st.floats(0.0, 12_000.0))
def test_the_station_frame_is_rigid(lat_deg: float, lon_deg: float, height_m: float) -> None:
    """Distances in the frame are chords through space, at any distance from the origin."""
    other = (34.209, 74.343, 1_600.0)
    columns = np.radians([[lat_deg, other[0]], [lon_deg, other[1]]])
    enu = geodesy.geodetic_to_enu(FRAME, columns[0], columns[1], np.array([height_m, other[2]]))
    chord = np.subtract(
        TO_ECEF.transform(lon_deg, lat_deg, height_m),
        TO_ECEF.transform(other[1], other[0], other[2]),
    )
    assert np.linalg.norm(enu[0] - enu[1]) == pytest.approx(np.linalg.norm(chord), abs=1e-5)
    back = geodesy.enu_to_geodetic(FRAME, enu)
    assert np.degrees(back[0, :2]) == pytest.approx([lat_deg, lon_deg], abs=1e-9)
    assert back[0, 2] == pytest.approx(height_m, abs=1e-5)


@given(st.floats(20.0, 38.0), st.floats(64.0, 80.0), st.floats(-200.0, 20_000.0))
def test_height_without_trigonometry(lat_deg: float, lon_deg: float, height_m: float) -> None:
    lat, lon = math.radians(lat_deg), math.radians(lon_deg)
    e, n, u = geodesy.geodetic_to_enu(
        FRAME, np.array([lat]), np.array([lon]), np.array([height_m])
    )[0]
    *vertical, height = geodesy.vertical_and_height(FRAME, e, n, u)
    exact = FRAME[:3] @ geodesy.axes_at(lat, lon)[2]
    assert height == pytest.approx(height_m, abs=0.01)
    assert np.linalg.norm(np.array(vertical) - exact) < 2e-5


def test_up_is_not_height_far_from_the_origin() -> None:
    """600 km away the tangent plane lies about 28 km above the ground (d^2 / 2R)."""
    lon, lat, _ = Geod(ellps="WGS84").fwd(72.0, 29.0, 0.0, 600_000.0)
    place = geodesy.geodetic_to_enu(FRAME, np.radians([lat]), np.radians([lon]), np.array([150.0]))[
        0
    ]
    assert place[2] == pytest.approx(-(600_000.0**2) / (2 * 6_371_000.0), rel=0.01)
    assert geodesy.heights_above_ellipsoid(FRAME, place[None])[0] == pytest.approx(150.0, abs=0.01)


def test_inside_polygon() -> None:
    corners = np.radians([[0.0, 0.0], [0.0, 10.0], [10.0, 10.0], [5.0, 5.0], [10.0, 0.0]])
    points = np.radians([[2.0, 5.0], [8.0, 5.0], [-1.0, 5.0], [7.0, 9.0], [2.0, 11.0]])
    inside = geodesy.inside_polygon(
        points[:, 0].copy(), points[:, 1].copy(), corners[:, 0].copy(), corners[:, 1].copy()
    )
    assert inside.tolist() == [True, False, False, True, False]


def test_an_empty_polygon_holds_nothing() -> None:
    nothing = np.empty(0)
    assert not geodesy.inside_polygon(np.zeros(1), np.zeros(1), nothing, nothing).any()
