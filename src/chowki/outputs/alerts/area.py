"""The area of a message as CAP writes it: polygons and circles in degrees."""

from __future__ import annotations

import numpy as np

from chowki.core.cells import PER_DEGREE, cell_corner
from chowki.core.places import Place
from chowki.core.table import F64

EARTH_RADIUS_M = 6_371_008.8  # mean radius of WGS 84
MARGIN_M = 3_000.0  # people this far from a place are told too: what falls, falls beside it
CORNERS = 24


def warned_radius_m(place: Place) -> float:
    """Return how far from a place people are told, metres."""
    return place.radius_m + MARGIN_M


def circle(place: Place) -> str:
    """Return a place's warned area as CAP's ``lat,lon radius`` with the radius in kilometres."""
    return f"{place.lat_deg:.5f},{place.lon_deg:.5f} {warned_radius_m(place) / 1000.0:.3f}"


def polygon_of_place(place: Place) -> str:
    """Return a place's warned area as a polygon that holds the whole circle."""
    around_m = warned_radius_m(place) / np.cos(np.pi / CORNERS)
    lat, lon = around(place.lat_deg, place.lon_deg, around_m, CORNERS)
    return polygon(lat, lon)


def polygon_of_cell(cell: int) -> str:
    """Return a cell's outline as a polygon."""
    lat, lon = cell_corner(np.array([cell]))
    wide = 1.0 / PER_DEGREE
    corners = np.array([(0.0, 0.0), (0.0, wide), (wide, wide), (wide, 0.0)])
    return polygon(lat + corners[:, 0], lon + corners[:, 1])


def bounds(cell: int) -> str:
    """Return a cell's bounds in words.

    Examples
    --------
    >>> bounds(1095672)
    '31.6-31.8 N, 74.4-74.6 E'
    """
    lat, lon = (float(angle[0]) for angle in cell_corner(np.array([cell])))
    wide = 1.0 / PER_DEGREE
    return f"{_span(lat, wide, 'N', 'S')}, {_span(lon, wide, 'E', 'W')}"


def polygon(lat_deg: F64, lon_deg: F64) -> str:
    """Return corners as CAP's polygon: ``lat,lon lat,lon ...``, the first one again at the end."""
    pairs = [f"{lat:.5f},{lon:.5f}" for lat, lon in zip(lat_deg, lon_deg, strict=True)]
    return " ".join([*pairs, pairs[0]])


def around(lat_deg: float, lon_deg: float, radius_m: float, corners: int) -> tuple[F64, F64]:
    """Return points at one distance round a position, by the sphere's direct problem, degrees."""
    bearing = np.linspace(0.0, 2.0 * np.pi, corners, endpoint=False)
    turn, lat = radius_m / EARTH_RADIUS_M, np.radians(lat_deg)
    sine = np.sin(lat) * np.cos(turn) + np.cos(lat) * np.sin(turn) * np.cos(bearing)
    east = np.sin(bearing) * np.sin(turn) * np.cos(lat)
    north = np.cos(turn) - np.sin(lat) * sine
    return np.degrees(np.arcsin(sine)), lon_deg + np.degrees(np.arctan2(east, north))


def _span(low: float, wide: float, positive: str, negative: str) -> str:
    if low < -0.5 * wide:
        return f"{abs(low + wide):.1f}-{abs(low):.1f} {negative}"
    return f"{abs(low):.1f}-{low + wide:.1f} {positive}"
