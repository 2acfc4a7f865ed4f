"""What the stated sensors could see: range, horizon, mask and ground; no chance in it."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from chowki.core.places import Measures, Sensor, Theatre
from chowki.core.table import I64
from chowki.kernels.geodesy import station_frame, vertical_and_height
from chowki.kernels.terrain import Terrain, Vantage, lines_of_sight
from chowki.outputs.evidence import F64

# A small drone (Skolnik 2001, "Introduction to Radar Systems", table 2.2: bird 0.01 m2), and from
# which probability of detection on a place is covered.
SMALL_DRONE_M2, COVERED = 0.03, 0.5
FALSE_ALARM = 1e-6
PLOTS = Measures.RANGE | Measures.AZIMUTH


def within_reach(theatre: Theatre, position_m: F64, rcs_m2: float | F64 = SMALL_DRONE_M2) -> Any:
    """Return which positions a positioning sensor covers, shape (n,).

    That is one that measures range and azimuth, needs no cue, and detects a target there with a
    probability of at least one half.

    Parameters
    ----------
    theatre : Theatre
        Sensors as stated, and the ground.
    position_m : F64
        Station frame, shape (n, 3).
    rcs_m2 : float or F64
        Mean radar cross-section of the target, of all or of each.
    """
    return covering(theatre, position_m, rcs_m2)[0].any(axis=1)


def covering(
    theatre: Theatre, position_m: F64, rcs_m2: float | F64 = SMALL_DRONE_M2
) -> tuple[Any, I64]:
    """Return which sensor covers which position, shape (n, s), and the sensors' numbers (s,).

    Parameters
    ----------
    theatre, position_m, rcs_m2
        As in ``within_reach``.
    """
    station = theatre.station
    frame = station_frame(
        np.radians(station.lat_deg), np.radians(station.lon_deg), station.height_m
    )
    terrain, rcs = _terrain(theatre), np.broadcast_to(rcs_m2, len(position_m))
    sensors = [s for s in theatre.sensors if not s.cued and s.measures & PLOTS == PLOTS]
    seen = np.zeros((len(position_m), len(sensors)), np.bool_)
    for column, sensor in enumerate(sensors):
        rows = np.flatnonzero(detection(sensor, position_m, rcs) >= COVERED)
        if len(rows):
            seen[rows, column] = lines_of_sight(
                _vantage(sensor, frame), terrain, np.ascontiguousarray(position_m[rows])
            )
    return seen, np.array([sensor.number for sensor in sensors], dtype=np.int64)


def detection(sensor: Sensor, position_m: F64, rcs_m2: F64) -> F64:
    """Return the stated probability of detection in free sight, shape (n,).

    For a radar the signal-to-noise ratio S falls with the fourth power of range from the reference
    target on, and a Swerling 1 target is detected with Pfa^(1 / (1 + S)) (Skolnik 2001, eq. 1.7
    and 2.43 ff.); 0 outside the sensor's volume.
    """
    apart = (position_m - sensor.position_m) @ sensor.axes.T
    slant = np.maximum(np.linalg.norm(apart, axis=1), 1.0)
    elevation, v = np.arcsin(np.clip(apart[:, 2] / slant, -1.0, 1.0)), sensor.volume
    inside = (slant >= v.range_min_m) & (slant <= v.range_max_m)
    inside &= (elevation >= v.elevation_min_rad) & (elevation <= v.elevation_max_rad)
    stated = sensor.detection_probability
    if not (np.isfinite(sensor.reference_range_m) and 0.0 < stated < 1.0):
        return np.where(inside, stated, 0.0)
    snr = math.log(FALSE_ALARM) / math.log(stated) - 1.0
    share = rcs_m2 / sensor.reference_rcs_m2 if np.isfinite(sensor.reference_rcs_m2) else 1.0
    ratio = share * (sensor.reference_range_m / slant) ** 4
    return np.where(inside, np.exp(math.log(FALSE_ALARM) / (1.0 + snr * ratio)), 0.0)


def _terrain(theatre: Theatre) -> Terrain:
    ground = theatre.ground
    return Terrain(
        float(ground.constant_m),
        float(ground.refraction_factor),
        np.ascontiguousarray(np.radians(ground.lat_deg)),
        np.ascontiguousarray(np.radians(ground.lon_deg)),
        np.ascontiguousarray(ground.height_m, np.float64),
    )


def _vantage(sensor: Sensor, frame: F64) -> Vantage:
    east, north, up = (float(axis) for axis in sensor.position_m)
    return Vantage(
        np.ascontiguousarray(sensor.position_m, np.float64),
        np.ascontiguousarray(sensor.axes, np.float64),
        frame,
        float(vertical_and_height(frame, east, north, up)[3]),
        np.ascontiguousarray(sensor.horizon_azimuth_rad, np.float64),
        np.ascontiguousarray(sensor.horizon_elevation_rad, np.float64),
    )
