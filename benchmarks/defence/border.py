"""The border judged by other means than the rules: PROJ's coordinates, and winding numbers."""

from __future__ import annotations

from functools import cache

import numpy as np
import pyproj

from chowki.core.places import Station, Theatre
from chowki.core.table import F64


@cache
def _topocentric(lat_deg: float, lon_deg: float, height_m: float) -> pyproj.Transformer:
    return pyproj.Transformer.from_pipeline(
        "+proj=pipeline +step +proj=unitconvert +xy_in=deg +xy_out=rad +step +proj=cart "
        f"+ellps=WGS84 +step +proj=topocentric +ellps=WGS84 +lon_0={lon_deg} +lat_0={lat_deg} "
        f"+h_0={height_m}"
    )


def geodetic(station: Station, points_m: F64) -> F64:
    """Return longitude, latitude (deg) and height (m) of station-frame points, shape (n, 3)."""
    frame = _topocentric(station.lat_deg, station.lon_deg, station.height_m)
    east, north, up = np.atleast_2d(points_m).T
    return np.column_stack(frame.transform(east, north, up, direction="INVERSE"))


def inside(theatre: Theatre, points_m: F64) -> np.ndarray:
    """Return which points lie on the defended side; all of them without a border."""
    if not len(theatre.border_lat_deg):
        return np.ones(len(points_m), dtype=np.bool_)
    lon, lat, _ = geodetic(theatre.station, points_m).T
    angle = np.arctan2(theatre.border_lat_deg - lat[:, None], theatre.border_lon_deg - lon[:, None])
    turns = np.diff(np.column_stack((angle, angle[:, :1])), axis=1)
    whole = ((turns + np.pi) % (2.0 * np.pi) - np.pi).sum(axis=1)
    return np.abs(whole) > np.pi


def over_border(
    theatre: Theatre, site: int, point_m: F64, pace_mps: F64, fall_s: float
) -> tuple[bool, bool]:
    """Return whether a round flies over the border, and whether its debris may fall there.

    Parameters
    ----------
    theatre : Theatre
        With its border and sites.
    site : int
        Index of the site.
    point_m, pace_mps : F64
        Shape (3,): the intercept, and the velocity of the track.
    fall_s : float
        Longest fall of debris.
    """
    battery = theatre.sites[site]
    flight = np.linspace(0.0, 1.0, 30)[:, None] * (point_m - battery.position_m)
    crosses = np.isfinite(battery.round_speed_mps) and not bool(
        inside(theatre, battery.position_m + flight).all()
    )
    along = point_m + np.linspace(0.0, 1.0, 5)[:, None] * fall_s * pace_mps
    turn = np.linspace(0.0, 2.0 * np.pi, 12, endpoint=False)
    ring = np.column_stack((np.cos(turn), np.sin(turn), np.zeros(12)))
    footprint = (along[:, None, :] + battery.debris_radius_m * ring[None, :, :]).reshape(-1, 3)
    return bool(crosses), not bool(inside(theatre, footprint).all())
